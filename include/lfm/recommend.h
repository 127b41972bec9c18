/* liblfm: scores, ranks and the best items, for one user, many or all. */
#ifndef LFM_RECOMMEND_H
#define LFM_RECOMMEND_H

#include "lfm/scorer.h"

LFM_BEGIN_DECLS

/* Score n (user, item) pairs.
 * users, items: n ids each. scores: room for n floats: p_u . q_i + b_u + b_i. options: NULL for the
 * defaults. Errors: ARGUMENT (NULL; n below 0), OPTION, DATA (an id out of range: names its place),
 * CANCELLED.
 * Thread-safe. Since 0.1. */
LFM_API lfm_status lfm_predict(const lfm_scorer *scorer, int64_t n, const int32_t *users,
                               const int32_t *items, float *scores, const lfm_infer_options *options);

/* Score n (user, item) pairs straight from embeddings that lie elsewhere: nothing is copied and no scorer
 * made, so a few pairs cost a few dot products.
 * context: NULL for the defaults. user_ids, item_ids: n rows of `users`, respectively of `items`. scores: room
 * for n floats, the bits that lfm_predict() gives for a scorer from the same embeddings. The embeddings
 * named are not checked for NaN and infinity: such scores are NaN or infinite.
 * options: NULL for the defaults.
 * Errors: ARGUMENT (NULL; n below 0; a stride that is too small or no multiple of 4), OPTION, SHAPE (users
 * and items of different numbers of components), DATA (an id out of range: names its place), CANCELLED (a
 * part may be filled). Thread-safe. Since 0.1. */
LFM_API lfm_status lfm_predict_embeddings(lfm_context *context, const lfm_embeddings *users,
                                          const lfm_embeddings *items, int64_t n, const int32_t *user_ids,
                                          const int32_t *item_ids, float *scores,
                                          const lfm_infer_options *options);

/* Score n_users users with n_items items, every one with every one.
 * users, items: ids, in any order, repeats allowed; NULL: 0, 1, … scores: row r belongs to users[r], its
 * column c to items[c]. stride: bytes from row to row, a multiple of 4; 0: rows lie one after another.
 * options: NULL for the defaults. The scores are those of lfm_predict(), bit for bit.
 * Errors: ARGUMENT (NULL; a count below 0; a stride that is too small or no multiple of 4), OPTION, DATA
 * (an id out of range: names its place; without ids, a count above the scorer's), CANCELLED (a part may
 * be filled). Thread-safe. Since 0.1. */
LFM_API lfm_status lfm_predict_block(const lfm_scorer *scorer, int64_t n_users, const int32_t *users,
                                     int64_t n_items, const int32_t *items, float *scores,
                                     int64_t stride, const lfm_infer_options *options);

/* Rank every stored entry of `test` among all items: the number of other candidates scored at least as
 * high, so 0 is best and ties are pessimistic.
 * exclude: NULL, or interactions (the training set) whose items are not candidates for their users.
 * ranks: room for one number per entry of test, in its stored order.
 * Errors: ARGUMENT, OPTION, SHAPE (more users or items than the scorer), OVERLAP (an entry of any sign
 * that is excluded too; names the pair), CANCELLED, MEMORY. Memory: 28 bytes per test entry, and per
 * thread some 200 bytes x d (1,300 where the scorer's precision is not FLOAT32) and 24 bytes per entry of
 * the longest user. Thread-safe. Since 0.1. */
LFM_API lfm_status lfm_rank(const lfm_scorer *scorer, lfm_interactions *test, lfm_interactions *exclude,
                            int32_t *ranks, const lfm_infer_options *options);

/* Which items may be recommended to anyone, and how the calls run. An item is a candidate when all that
 * is given allows it. Initialise with lfm_recommend_options_init(). */
typedef struct lfm_recommend_options {
    size_t size;                  /* set by the initialiser */
    const int32_t *candidates;    /* only these n_candidates items, in any order; NULL: all */
    int64_t n_candidates;
    const int32_t *exclude_items; /* none of these n_exclude_items items; NULL: none */
    int64_t n_exclude_items;
    const uint8_t *item_mask;     /* only items whose byte is not 0; NULL: all */
    int64_t n_item_mask;          /* with item_mask: its length, which must be the number of items */
    const lfm_cancel *cancel;     /* NULL: none */
    int32_t threads;              /* 0: what the process may use; for one user it means 1 */
    int32_t reserved;             /* 0 */
} lfm_recommend_options;

LFM_API void lfm_recommend_options_init_sized(lfm_recommend_options *options, size_t size);
#define lfm_recommend_options_init(options)                                                            \
    lfm_recommend_options_init_sized((options), sizeof *(options))

/* List the k best items for each of n users, best first, ties by smaller id.
 * users: n ids, in any order; NULL: the users 0 .. n - 1. k: 1 .. the number of items. exclude: NULL, or
 * interactions whose items (whatever their sign) are left out for their users.
 * items, scores: room for n x k each (scores may be NULL); where fewer than k items are left, the rest
 * is filled with -1 and -infinity. Scores are those of lfm_predict(), bit for bit; an item whose score is
 * NaN (overflow) is not listed. options: NULL for the defaults.
 * Errors: ARGUMENT (NULL; n below 0; k out of range), OPTION, DATA (a user or an item of the options out
 * of range: names its place), SHAPE (`exclude` reaches beyond the scorer; a mask of the wrong length),
 * CANCELLED (a part of the output may be filled), MEMORY. Memory: per thread some 250 bytes x d and for
 * each of up to 48 users 16 k + 650 bytes, or 16 bytes per item when that is less; never users x items.
 * With candidates, excluded items or a mask also a byte per item and, when less than half of the items are
 * left, 4 (d + 2) bytes for each of these. Thread-safe. Since 0.1. */
LFM_API lfm_status lfm_recommend(const lfm_scorer *scorer, int64_t n, const int32_t *users, int32_t k,
                                 lfm_interactions *exclude, int32_t *items, float *scores,
                                 const lfm_recommend_options *options);

/* The same for users given by representations and biases, one a row. Row r of `exclude` (NULL: nothing)
 * belongs to row r of `users`. Errors: as above; SHAPE also when `users` does not have the scorer's
 * number of components, DATA also for a number that is not finite (names its row and column).
 * Thread-safe. Since 0.1. */
LFM_API lfm_status lfm_recommend_vectors(const lfm_scorer *scorer, const lfm_embeddings *users, int32_t k,
                                         lfm_interactions *exclude, int32_t *items, float *scores,
                                         const lfm_recommend_options *options);

/* The same for users given by their features alone, one a row, whether training knew them or not: as if
 * the scorer had been made with this matrix. Row r of `exclude` (NULL: nothing) belongs to row r of
 * `users`. Errors: as above; ARGUMENT also for a scorer without features (keep_features = 0, or made from
 * embeddings), SHAPE also when the matrix does not have the model's number of user features, DATA also
 * for a representation that is not finite (names its row). Thread-safe. Since 0.1. */
LFM_API lfm_status lfm_recommend_features(const lfm_scorer *scorer, const lfm_features *users, int32_t k,
                                          lfm_interactions *exclude, int32_t *items, float *scores,
                                          const lfm_recommend_options *options);

LFM_END_DECLS

#endif
