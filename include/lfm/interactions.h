/* liblfm: who interacted with what. An immutable, checked, shareable sparse matrix of users x items. */
#ifndef LFM_INTERACTIONS_H
#define LFM_INTERACTIONS_H

#include "lfm/array.h"

LFM_BEGIN_DECLS

/* Stored entries (user, item, value[, weight][, timestamp]). A value above 0 is a positive, any other
 * an explicit negative; only the sign matters to training, except for `graded`. */
typedef struct lfm_interactions lfm_interactions;

/* How caller's arrays are taken over. Initialise with lfm_interactions_options_init(). */
typedef struct lfm_interactions_options {
    size_t size;            /* set by the initialiser */
    int32_t duplicates;     /* LFM_DUPLICATES_…, default keep. sum: values and weights (where given) are added up, the
                             * timestamp is the latest; last: the entry stored last survives whole.
                             * Both store what is left by user, then item */
    int32_t borrow;         /* 1: the arrays may be used where they lie (see below); default 0: copy */
    lfm_array weights;      /* float32 or float64, finite and >= 0, one per entry; none: ones */
    lfm_array timestamps;   /* int64, one per entry, any unit; none: unknown */
    lfm_release_fn release; /* NULL: none; else called exactly once */
    void *release_user_data;
    const lfm_cancel *cancel; /* NULL: none */
} lfm_interactions_options;

LFM_API void lfm_interactions_options_init_sized(lfm_interactions_options *options, size_t size);
#define lfm_interactions_options_init(options)                                                         \
    lfm_interactions_options_init_sized((options), sizeof *(options))

/* Create interactions from coordinate (COO) or row-wise (CSR) arrays.
 *
 * context: NULL for the defaults. options: NULL for the defaults. out: receives one reference.
 * Borrowing: with borrow = 1, int32 ids, int32 or int64 offsets, float32 values and weights and int64
 * timestamps are used where they lie; they must then not change until release is called. Arrays of
 * other types, and the policies sum and last, are copied. release runs once: before this call returns
 * when nothing is borrowed or the call fails (but not when the options struct states a nonsensical
 * size), else on the thread that drops the last reference.
 * No entries, no rows and no columns are legal.
 * Errors: ARGUMENT (NULL, a negative size, an array missing or of a wrong type), OPTION (struct size,
 * policy), DATA (id out of range, offsets not ascending from 0 to n_entries, NaN or infinity, negative
 * weight, a duplicate under reject; names row, column and value), CANCELLED, MEMORY.
 * Cost: one pass; copies take 12 bytes per entry (weights 4 and timestamps 8 more). Thread-safe.
 * Since 0.1. */
LFM_API lfm_status lfm_interactions_from_coo(lfm_context *context, const lfm_coo *coo,
                                             const lfm_interactions_options *options,
                                             lfm_interactions **out);
LFM_API lfm_status lfm_interactions_from_csr(lfm_context *context, const lfm_csr *csr,
                                             const lfm_interactions_options *options,
                                             lfm_interactions **out);

/* Add a reference and return the object (NULL gives NULL). Thread-safe. Since 0.1. */
LFM_API lfm_interactions *lfm_interactions_ref(lfm_interactions *interactions);

/* Drop a reference; the last one frees. NULL is a no-op. Thread-safe. Since 0.1. */
LFM_API void lfm_interactions_free(lfm_interactions *interactions);

/* Return the number of users (rows), items (columns), stored entries; 0 for NULL. Thread-safe.
 * Since 0.1. */
LFM_API int32_t lfm_interactions_n_users(const lfm_interactions *interactions);
LFM_API int32_t lfm_interactions_n_items(const lfm_interactions *interactions);
LFM_API int64_t lfm_interactions_n_entries(const lfm_interactions *interactions);

/* Return the entries in stored order, n_entries of each; valid as long as the object. NULL: values and
 * weights are all ones, timestamps unknown. Thread-safe. Since 0.1. */
LFM_API const int32_t *lfm_interactions_users(const lfm_interactions *interactions);
LFM_API const int32_t *lfm_interactions_items(const lfm_interactions *interactions);
LFM_API const float *lfm_interactions_values(const lfm_interactions *interactions);
LFM_API const float *lfm_interactions_weights(const lfm_interactions *interactions);
LFM_API const int64_t *lfm_interactions_timestamps(const lfm_interactions *interactions);

LFM_END_DECLS

#endif
