/* A dataset as its files see it. */
#ifndef LFMI_DATASET_H
#define LFMI_DATASET_H

#include "ids/ids.h"
#include "lfm/dataset.h"

/* Entries in arrays that grow. NULL: values and weights are all ones, timestamps unknown. */
typedef struct lfmi_store {
    int64_t n, room;
    int32_t *rows, *columns;
    float *values, *weights;
    int64_t *timestamps;
} lfmi_store;

/* Users or items, and their features. */
typedef struct lfmi_dataset_side {
    const char *what;      /* "user" */
    lfm_ids *ids;          /* rows */
    lfm_ids *features;     /* columns, indicators included; texts */
    bool identity, shared_names;
    int32_t *indicators;   /* with identity: the column of each row's indicator */
    uint8_t *is_indicator; /* with identity: 1 for columns that are one; asked only where names are not shared */
    int64_t rows_room, columns_room;
    lfmi_store entries;
} lfmi_dataset_side;

struct lfm_dataset {
    lfmi_refcount references;
    lfm_context *context;
    lfmi_dataset_side sides[2]; /* LFM_USER, LFM_ITEM */
    lfmi_store interactions;
};

/* Make room for n more entries; an array that is wanted and was not there comes to be, filled with ones (timestamps:
 * only where there are no entries yet). Errors: MEMORY. Nothing has changed then. */
lfm_status lfmi_store_reserve(lfm_context *context, lfmi_store *store, int64_t n, bool values, bool weights,
                              bool timestamps);
void lfmi_store_free(lfm_context *context, lfmi_store *store);

/* Add rows and their indicators, or columns; names are checked. only_where, indices: as lfmi_ids_add_names(), but
 * indices are never NULL. `call` begins messages. When they fail all is as before. Errors: DATA, MEMORY. */
lfm_status lfmi_dataset_add_rows(lfm_context *context, lfmi_dataset_side *side, int64_t n, const lfm_names *names,
                                 const int32_t *only_where, int32_t *indices, const char *call);
lfm_status lfmi_dataset_add_columns(lfm_context *context, lfmi_dataset_side *side, int64_t n, const lfm_names *names,
                                    const int32_t *only_where, int32_t *indices, const char *call);

/* Refuse the first name that is an indicator's. Errors: DATA. */
lfm_status lfmi_dataset_check_columns(const lfmi_dataset_side *side, int64_t n, const lfm_names *names,
                                      const int32_t *indices, const char *call);

/* Forget the rows and columns from these on. */
void lfmi_dataset_truncate(lfmi_dataset_side *side, int32_t n_rows, int32_t n_columns);

static inline bool lfmi_is_side(int32_t side) { return side == LFM_USER || side == LFM_ITEM; }

#endif
