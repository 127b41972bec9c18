/* liblfm: a frozen model that answers: scores, ranks, recommendations. */
#ifndef LFM_SCORER_H
#define LFM_SCORER_H

#include "lfm/model.h"

LFM_BEGIN_DECLS

/* The representations and biases of all users and items, and a copy of the feature embeddings.
 * Immutable, independent of the model it was made from, shared by any number of threads without a
 * lock. */
typedef struct lfm_scorer lfm_scorer;

/* Freeze a model: between training calls or, from the progress callback, at an epoch's border.
 *
 * user_features, item_features: as in training (NULL: the identity); any number of rows, so users and
 * items that training did not know are scored by their features.
 * threads: 0: what the process may use. out: receives one reference.
 * Errors: ARGUMENT, SHAPE (width other than the model's), DATA (a representation that is not finite),
 * BUSY, DIVERGED, MEMORY. Since 0.1. */
LFM_API lfm_status lfm_scorer_create(const lfm_model *model, const lfm_features *user_features,
                                     const lfm_features *item_features, int32_t threads,
                                     lfm_scorer **out);

/* Add a reference and return the scorer (NULL gives NULL). Thread-safe. Since 0.1. */
LFM_API lfm_scorer *lfm_scorer_ref(lfm_scorer *scorer);

/* Drop a reference; the last one frees. NULL is a no-op. Thread-safe. Since 0.1. */
LFM_API void lfm_scorer_free(lfm_scorer *scorer);

/* What a scorer holds rows of. */
enum {
    LFM_SPACE_USER = 0,
    LFM_SPACE_ITEM = 1,
    LFM_SPACE_USER_FEATURE = 2,
    LFM_SPACE_ITEM_FEATURE = 3
};

/* Return d, respectively the number of rows of a space; 0 for NULL or no such space. Thread-safe.
 * Since 0.1. */
LFM_API int32_t lfm_scorer_components(const lfm_scorer *scorer);
LFM_API int32_t lfm_scorer_n_rows(const lfm_scorer *scorer, int32_t space);

/* Look at the representations of a space, or at its biases (columns = 1). out: receives a view that is
 * valid as long as the scorer; set out->size first. Errors: ARGUMENT, OPTION (size). Thread-safe. Since 0.1. */
LFM_API lfm_status lfm_scorer_representations(const lfm_scorer *scorer, int32_t space, lfm_view *out);
LFM_API lfm_status lfm_scorer_biases(const lfm_scorer *scorer, int32_t space, lfm_view *out);

/* How the calls below run. Initialise with lfm_infer_options_init(). */
typedef struct lfm_infer_options {
    size_t size;              /* set by the initialiser */
    int32_t threads;          /* 0: what the process may use; in a call for one user it means 1 */
    int32_t check_overlap;    /* rank, evaluate: 1 (default): a test pair that is excluded too is an
                               * error; 0: such pairs are ranked among the items that are not excluded */
    const lfm_cancel *cancel; /* NULL: none */
} lfm_infer_options;

LFM_API void lfm_infer_options_init_sized(lfm_infer_options *options, size_t size);
#define lfm_infer_options_init(options) lfm_infer_options_init_sized((options), sizeof *(options))

/* Score n (user, item) pairs.
 * users, items: n ids each. scores: room for n floats: p_u . q_i + b_u + b_i. options: NULL for the
 * defaults. Errors: ARGUMENT (NULL; n below 0), OPTION, DATA (an id out of range: names its place),
 * CANCELLED.
 * Thread-safe. Since 0.1. */
LFM_API lfm_status lfm_predict(const lfm_scorer *scorer, int64_t n, const int32_t *users,
                               const int32_t *items, float *scores, const lfm_infer_options *options);

/* Rank every stored entry of `test` among all items: the number of other candidates scored at least as
 * high, so 0 is best and ties are pessimistic.
 * exclude: NULL, or interactions (the training set) whose items are not candidates for their users.
 * ranks: room for one number per entry of test, in its stored order.
 * Errors: ARGUMENT, OPTION, SHAPE (more users or items than the scorer), OVERLAP (an entry of any sign
 * that is excluded too; names the pair), CANCELLED, MEMORY. Memory: threads x items floats, 24 bytes per
 * test entry. Thread-safe. Since 0.1. */
LFM_API lfm_status lfm_rank(const lfm_scorer *scorer, lfm_interactions *test, lfm_interactions *exclude,
                            int32_t *ranks, const lfm_infer_options *options);

/* List the k best items for each of n users, best first, ties by smaller id.
 * users: n ids. exclude: NULL, or interactions whose items are left out for their users.
 * items, scores: room for n x k each (scores may be NULL); where fewer than k items are left, the rest
 * is filled with -1 and -infinity. k: 1 .. the number of items.
 * Errors: ARGUMENT, OPTION, DATA (user out of range), SHAPE, CANCELLED, MEMORY. Thread-safe. Since 0.1. */
LFM_API lfm_status lfm_recommend(const lfm_scorer *scorer, int64_t n, const int32_t *users, int32_t k,
                                 lfm_interactions *exclude, int32_t *items, float *scores,
                                 const lfm_infer_options *options);

LFM_END_DECLS

#endif
