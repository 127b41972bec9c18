/* The stored entries of a sparse matrix: the caller's arrays checked once and copied or borrowed, and
 * entries grouped by row. What the entries mean (interactions, features) lives elsewhere. */
#ifndef LFMI_ENTRIES_H
#define LFMI_ENTRIES_H

#include "base/context.h"
#include "lfm/array.h"

/* An array that is ours (owned) or the caller's. data is NULL where there is none. */
typedef struct lfmi_array {
    const void *data;
    int64_t count;
    int32_t type; /* LFM_INT32, … */
    bool owned;
} lfmi_array;

/* The bytes of one element of a type. */
size_t lfmi_item_size(int32_t type);

/* Allocate an owned array of `count` elements; *data receives where they may be written. */
lfm_status lfmi_array_new(lfm_context *context, int32_t type, int64_t count, const char *what,
                          lfmi_array *array, void *data_out);
void lfmi_array_free(lfm_context *context, lfmi_array *array);

/* Read element i of a caller's integer or real array of either width. */
static inline int64_t lfmi_integer_at(const lfm_array *array, int64_t i)
{
    return array->type == LFM_INT32 ? ((const int32_t *)array->data)[i] : ((const int64_t *)array->data)[i];
}
static inline double lfmi_real_at(const lfm_array *array, int64_t i)
{
    return array->type == LFM_FLOAT32 ? (double)((const float *)array->data)[i]
                                      : ((const double *)array->data)[i];
}

/* Entries as they came from the caller, checked, still in the caller's arrays. Either rows (COO) or
 * offsets (CSR) is set. */
typedef struct lfmi_input {
    const char *what; /* "interactions", for messages */
    int64_t n_entries;
    int32_t n_rows, n_columns;
    lfm_array rows, offsets, columns, values;
    const lfm_cancel *cancel; /* looked at after every pass over the entries, or so many of them */
} lfmi_input;
enum { LFMI_ENTRIES_PER_LOOK = 1 << 20 };

/* Check the caller's struct and every id, offset and value. Errors: ARGUMENT, OPTION, DATA, CANCELLED. */
lfm_status lfmi_input_from_coo(const lfm_coo *coo, const char *what, const lfm_cancel *cancel, lfmi_input *input);
lfm_status lfmi_input_from_csr(const lfm_csr *csr, const char *what, const lfm_cancel *cancel, lfmi_input *input);

/* Check a further array of one real number per entry: finite and not negative. */
lfm_status lfmi_input_check_weights(const lfmi_input *input, const lfm_array *weights);

/* Borrow a checked array if its type is `type` and borrow is set, else copy it converted. No data: an
 * array without data. */
lfm_status lfmi_array_take(lfm_context *context, const lfm_array *given, int64_t count, int32_t type,
                           bool borrow, const char *what, lfmi_array *array);

/* The row of each entry of a CSR input as an owned int32 array. */
lfm_status lfmi_input_expand_rows(lfm_context *context, const lfmi_input *input, lfmi_array *rows);

/* Entry numbers grouped by row and, within a row, sorted by (column, entry number).
 * groups: n_rows + 1 offsets; order: n_entries entry numbers; both owned by the caller. Takes 8 bytes per
 * entry beside the arrays of the longest row. */
typedef struct lfmi_grouping {
    int64_t *groups;
    int64_t *order;
    int64_t n_entries;
    int32_t n_rows;
} lfmi_grouping;
lfm_status lfmi_group(lfm_context *context, const lfmi_input *input, lfmi_grouping *grouping);
void lfmi_grouping_free(lfm_context *context, lfmi_grouping *grouping);

/* The end of the run of entries that share the column of the entry at order[at], within its row. */
int64_t lfmi_run_end(const lfmi_input *input, const lfmi_grouping *grouping, int64_t at,
                     int64_t row_end);

/* Refuse the first duplicate: DATA, naming row, column and both entries. */
lfm_status lfmi_reject_duplicates(const lfmi_input *input, const lfmi_grouping *grouping);

/* Count the distinct (row, column) pairs. */
int64_t lfmi_count_distinct(const lfmi_input *input, const lfmi_grouping *grouping);

/* A caller's release callback, run once. */
static inline void lfmi_release(lfm_release_fn release, void *user_data)
{
    if (release != NULL)
        release(user_data);
}

#endif
