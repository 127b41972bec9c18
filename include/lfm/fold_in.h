/* liblfm: fold-in: representations of users and items that training did not know, from their interactions. */
#ifndef LFM_FOLD_IN_H
#define LFM_FOLD_IN_H

#include "lfm/scorer.h"

LFM_BEGIN_DECLS

/* How users or items are folded in. Initialise with lfm_fold_in_options_init(). */
typedef struct lfm_fold_in_options {
    size_t size;                 /* set by the initialiser */
    const lfm_embeddings *start; /* where each row starts from, for instance the sum of its features: as many rows
                                  * as the interactions have. NULL: the mean of the scorer's users (or items) */
    lfm_interactions *training;  /* NULL, or what the scorer's users are known to have interacted with: BPR draws
                                  * its negatives from it, and items need it (see below) */
    const lfm_cancel *cancel;    /* NULL: none */
    uint64_t seed;               /* default 1 */
    double learning_rate;        /* of Adagrad, 0 .. 1e6, default 0.05 */
    double alpha;                /* L2 regularisation, 0 .. 1e6, default 0 */
    double margin;               /* as in lfm_train_options, 0 .. 1e6, default 1 */
    int32_t side;                /* LFM_USER (default): rows are new users, columns the scorer's items; LFM_ITEM: rows
                                  * are new items, columns the scorer's users */
    int32_t loss;                /* LFM_LOSS_…, default WARP; best the one that the model was trained with */
    int32_t epochs;              /* passes over a row's interactions, 0 .. 1,000,000, default 30 */
    int32_t max_sampled;         /* as in lfm_train_options, 1 .. 1,000,000, default 10 */
    int32_t max_draws;           /* as there, 1 .. 1,000,000, default 100 */
    int32_t kos_k;               /* as there, 1 .. 1000, default 5 */
    int32_t kos_n;               /* as there, 1 .. 1000, default 10 */
    int32_t threads;             /* 0: what the process may use; for few rows it means 1 */
} lfm_fold_in_options;

LFM_API void lfm_fold_in_options_init_sized(lfm_fold_in_options *options, size_t size);
#define lfm_fold_in_options_init(options) lfm_fold_in_options_init_sized((options), sizeof *(options))

/* Find representations for new users (or items) from their interactions alone, everything else frozen: the
 * steps of training itself (the same losses, values, weights and draws, Adagrad per element) on the new row only.
 * lfm_recommend_vectors() takes the result.
 *
 * interactions: a row for each new user (or, with side = LFM_ITEM, for each new item), as stored in training: a
 * value above 0 is a positive, others are explicit negatives, which the logistic loss steps on and which are never
 * drawn. A row without anything to step on gets its start.
 * vectors: room for a row of d numbers each. stride: bytes from row to row, a multiple of 4; 0: rows lie one after
 * another. biases: room for a number each; NULL: not wanted (a user's changes no ranking).
 * options: NULL for the defaults.
 * What a row gets depends on the scorer, its own interactions in their stored order, its start and the options
 * alone: not on its number, the other rows or threads.
 * Items: without `training` a new item only ever meets users who want it, and is drawn to the top for many who do
 * not; with it, it is stepped on as a negative as often as training would do, and the items that a user knows
 * are no negatives. BPR draws uniformly without `training`. k-OS WARP, which steps on other items than the one
 * visited, folds in no items: take WARP.
 * Errors: ARGUMENT (NULL; a stride that is too small or no multiple of 4), OPTION, SHAPE (interactions or training
 * reach beyond the scorer; a start of other rows or components), DATA (a start that is not finite), UNSUPPORTED
 * (items by k-OS WARP), DIVERGED (names the row: too large a rate or weight), CANCELLED, MEMORY; after the
 * last three a part may be filled. Thread-safe.
 * Cost: some 10 scores a positive and epoch; an item by WARP with `training` also (entries of training) x max_sampled /
 * items x 10 an epoch, at most. Memory: 14 bytes per entry, of which 6 are kept with the interactions.
 * Since 0.1. */
LFM_API lfm_status lfm_fold_in(const lfm_scorer *scorer, lfm_interactions *interactions, float *vectors,
                               int64_t stride, float *biases, const lfm_fold_in_options *options);

LFM_END_DECLS

#endif
