/* liblfm: typed pointers to the caller's arrays, and the two sparse forms they come in. */
#ifndef LFM_ARRAY_H
#define LFM_ARRAY_H

#include <stddef.h>
#include <stdint.h>

#include "lfm/context.h"

LFM_BEGIN_DECLS

enum { LFM_NONE = 0, LFM_INT32 = 1, LFM_INT64 = 2, LFM_FLOAT32 = 3, LFM_FLOAT64 = 4 };

/* A pointer together with the type of what it points at. Make one with the functions below, so that
 * the compiler checks the type. {NULL, LFM_NONE} means that there is no such array. */
typedef struct lfm_array {
    const void *data;
    int32_t type; /* LFM_INT32, … */
    int32_t reserved;
} lfm_array;

static inline lfm_array lfm_array_of(const void *data, int32_t type)
{
    lfm_array a;
    a.data = data;
    a.type = data != NULL ? type : (int32_t)LFM_NONE;
    a.reserved = 0;
    return a;
}
static inline lfm_array lfm_none(void) { return lfm_array_of(NULL, LFM_NONE); }
static inline lfm_array lfm_int32(const int32_t *data) { return lfm_array_of(data, LFM_INT32); }
static inline lfm_array lfm_int64(const int64_t *data) { return lfm_array_of(data, LFM_INT64); }
static inline lfm_array lfm_float32(const float *data) { return lfm_array_of(data, LFM_FLOAT32); }
static inline lfm_array lfm_float64(const double *data) { return lfm_array_of(data, LFM_FLOAT64); }

/* A sparse matrix as parallel arrays of n_entries rows, columns and values, in any order.
 * For interactions rows are users and columns items; for features rows are users (or items) and
 * columns features. Initialise with lfm_coo_init(). */
typedef struct lfm_coo {
    size_t size;        /* set by the initialiser */
    int64_t n_entries;  /* >= 0 */
    int32_t n_rows;     /* >= 0 */
    int32_t n_columns;  /* >= 0 */
    lfm_array rows;     /* int32 or int64, in [0, n_rows) */
    lfm_array columns;  /* int32 or int64, in [0, n_columns) */
    lfm_array values;   /* float32 or float64, finite; none: all ones */
} lfm_coo;

/* A sparse matrix by rows: the columns and values of row r stand at offsets[r] .. offsets[r + 1] - 1.
 * The number of entries is offsets[n_rows]. Initialise with lfm_csr_init(). */
typedef struct lfm_csr {
    size_t size;        /* set by the initialiser */
    int64_t n_entries;  /* >= 0; must equal offsets[n_rows] */
    int32_t n_rows;     /* >= 0 */
    int32_t n_columns;  /* >= 0 */
    lfm_array offsets;  /* int32 or int64, n_rows + 1 of them, ascending from 0 */
    lfm_array columns;  /* int32 or int64, in [0, n_columns), in any order within a row */
    lfm_array values;   /* float32 or float64, finite; none: all ones */
} lfm_csr;

/* Fill the first `size` bytes with zeros and set the size. Call them through the macros. Since 0.1. */
LFM_API void lfm_coo_init_sized(lfm_coo *coo, size_t size);
LFM_API void lfm_csr_init_sized(lfm_csr *csr, size_t size);
#define lfm_coo_init(coo) lfm_coo_init_sized((coo), sizeof *(coo))
#define lfm_csr_init(csr) lfm_csr_init_sized((csr), sizeof *(csr))

/* What to do with several entries of one (row, column): keep all; merge into their sum; keep the one
 * stored last; refuse. */
enum {
    LFM_DUPLICATES_KEEP = 0,
    LFM_DUPLICATES_SUM = 1,
    LFM_DUPLICATES_LAST = 2,
    LFM_DUPLICATES_REJECT = 3
};

/* Tells the caller that borrowed arrays are no longer used. */
typedef void (*lfm_release_fn)(void *user_data);

LFM_END_DECLS

#endif
