/* liblfm: what is known about users or items. An immutable sparse matrix of rows x features. */
#ifndef LFM_FEATURES_H
#define LFM_FEATURES_H

#include "lfm/array.h"

LFM_BEGIN_DECLS

/* Row r (a user or an item) is the sum of its features, each times its weight (the stored value). A
 * row without features is legal: its representation is zero. Where a feature matrix may be given,
 * NULL means the identity: one feature of weight 1 for each user or item. A matrix that is given means
 * exactly its features; to keep one indicator per row beside the tags, set `identity`. */
typedef struct lfm_features lfm_features;

/* How caller's arrays are taken over. Initialise with lfm_features_options_init(). */
typedef struct lfm_features_options {
    size_t size;            /* set by the initialiser */
    int32_t duplicates;     /* LFM_DUPLICATES_…, default keep */
    int32_t borrow;         /* 1: the arrays may be used where they lie; default 0: copy */
    int32_t identity;       /* 1: prepend indicator columns of weight 1, one for each row; the column c
                             * given becomes column (number of indicators) + c */
    int32_t normalise;      /* 1: divide each row by its sum of absolute weights (L1), the indicator
                             * included; an all-zero row stays as it is */
    int32_t identity_columns; /* with identity: how many indicators; 0: n_rows. Rows from there on have
                             * none, unless identity_rest is set: so a matrix with rows that training
                             * did not know keeps the width of the one it was trained with */
    int32_t identity_rest;  /* with identity: 1: rows from identity_columns on have an indicator too, behind the
                             * columns given: row r has the column n_columns + r. So what a model has grown
                             * by stands behind what it was trained with */
    lfm_release_fn release; /* NULL: none; else called exactly once */
    void *release_user_data;
    const lfm_cancel *cancel; /* NULL: none */
} lfm_features_options;

LFM_API void lfm_features_options_init_sized(lfm_features_options *options, size_t size);
#define lfm_features_options_init(options) lfm_features_options_init_sized((options), sizeof *(options))

/* Create features from coordinate (COO) or row-wise (CSR) arrays.
 *
 * context, options: NULL for the defaults. out: receives one reference. Borrowing and release as in
 * lfm_interactions_from_coo(); only CSR arrays can be borrowed, and only without identity, normalise,
 * sum and last. Errors: ARGUMENT, OPTION, DATA, CANCELLED, MEMORY, as there; SHAPE when the indicators
 * and n_columns together do not fit int32. Thread-safe. Since 0.1. */
LFM_API lfm_status lfm_features_from_coo(lfm_context *context, const lfm_coo *coo,
                                         const lfm_features_options *options, lfm_features **out);
LFM_API lfm_status lfm_features_from_csr(lfm_context *context, const lfm_csr *csr,
                                         const lfm_features_options *options, lfm_features **out);

/* Add a reference and return the object (NULL gives NULL). Thread-safe. Since 0.1. */
LFM_API lfm_features *lfm_features_ref(lfm_features *features);

/* Drop a reference; the last one frees. NULL is a no-op. Thread-safe. Since 0.1. */
LFM_API void lfm_features_free(lfm_features *features);

/* Return the number of rows (users or items), of features (columns, identity included), of stored
 * entries (identity included); 0 for NULL. Thread-safe. Since 0.1. */
LFM_API int32_t lfm_features_n_rows(const lfm_features *features);
LFM_API int32_t lfm_features_n_features(const lfm_features *features);
LFM_API int64_t lfm_features_n_entries(const lfm_features *features);

/* Return how many entries row `row` has and, where columns and values are not NULL, point them at its
 * features and weights (*values becomes NULL when all are ones). 0 for NULL or a row out of range.
 * The pointers are valid as long as the object. Thread-safe. Since 0.1. */
LFM_API int64_t lfm_features_row(const lfm_features *features, int32_t row, const int32_t **columns,
                                 const float **values);

LFM_END_DECLS

#endif
