/* liblfm: why a score is what it is. */
#ifndef LFM_EXPLAIN_H
#define LFM_EXPLAIN_H

#include "lfm/scorer.h"

LFM_BEGIN_DECLS

/* One part of a score. A user's feature j of weight x_j and an item's feature i of weight x_i add
 * x_j x_i (e_j . e_i); a feature of weight x alone adds its bias, x b. Without a feature matrix the one
 * feature of a user or item is its own indicator, whose number is the user's or item's. */
typedef struct lfm_contribution {
    double value;
    int32_t user_feature; /* -1: this is the item feature's bias */
    int32_t item_feature; /* -1: this is the user feature's bias */
} lfm_contribution;

/* What all parts come to. Set `size` to sizeof the struct before the call. */
typedef struct lfm_explanation {
    size_t size;
    double score;     /* the sum of all parts, in double */
    double remainder; /* the sum of the parts that were not listed; 0 when all were */
    int64_t n_parts;  /* n_u n_i + n_u + n_i, n_u and n_i the numbers of different features */
    int32_t n_listed; /* the smaller of k and n_parts */
    float predicted;  /* the score in float32, the bits of lfm_predict() for these features */
} lfm_explanation;

/* Take the score of a user and an item apart into its parts, exactly, and list the k of the largest
 * absolute value, largest first, ties by smaller user feature, then smaller item feature.
 *
 * user_features, item_features: the matrices the scorer was made with (NULL: the identity), or others of
 * the same width: rows of users and items that the scorer does not hold. user, item: rows of them.
 * Entries that a row stores several times count as one feature of their sum.
 * contributions: room for k; what is beyond n_listed becomes -1, -1 and 0. explanation: may be NULL.
 * The values listed and the remainder add up to the score but for the rounding of doubles. `predicted`
 * differs from it by no more than (s + d / 16 + 8) 2^-24 times the sum of |x_j x_i e_jc e_ic| over all
 * pairs and components c and of |x b| over all biases, s being the number of entries of both rows.
 * options: NULL for the defaults; only cancel plays a part.
 * Errors: ARGUMENT (NULL, k below 1, a scorer made without keep_features), OPTION, DATA (user or item out
 * of range), SHAPE (width other than the
 * scorer's numbers of features), CANCELLED, MEMORY. Cost: n_u n_i d; memory: 16 bytes per part listed and
 * per entry of both rows. Thread-safe. Since 0.1. */
LFM_API lfm_status lfm_explain(const lfm_scorer *scorer, const lfm_features *user_features,
                               const lfm_features *item_features, int32_t user, int32_t item, int32_t k,
                               lfm_contribution *contributions, lfm_explanation *explanation,
                               const lfm_infer_options *options);

LFM_END_DECLS

#endif
