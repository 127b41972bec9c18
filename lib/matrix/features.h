/* Features as the library sees them: rows of (feature, weight). */
#ifndef LFMI_FEATURES_H
#define LFMI_FEATURES_H

#include "lfm/features.h"
#include "matrix/entries.h"

struct lfm_features {
    lfmi_refcount references;
    lfm_context *context;
    int32_t n_rows, n_features;
    int64_t n_entries;
    lfmi_array offsets; /* int32 or int64 */
    lfmi_array columns; /* int32 */
    lfmi_array values;  /* float32, or none: all ones */
    lfm_release_fn release;
    void *release_user_data;
};

static inline int64_t lfmi_features_offset(const lfm_features *f, int64_t row)
{
    return f->offsets.type == LFM_INT32 ? ((const int32_t *)f->offsets.data)[row]
                                        : ((const int64_t *)f->offsets.data)[row];
}

/* A row's entries. */
typedef struct lfmi_feature_row {
    const int32_t *columns;
    const float *values; /* NULL: ones */
    int64_t n;
} lfmi_feature_row;

static inline lfmi_feature_row lfmi_features_row(const lfm_features *f, int32_t row)
{
    const int64_t begin = lfmi_features_offset(f, row);
    const float *values = f->values.data;
    return (lfmi_feature_row){(const int32_t *)f->columns.data + begin, values != NULL ? values + begin : NULL,
                              lfmi_features_offset(f, (int64_t)row + 1) - begin};
}

#endif
