/* The scorer as the library sees it, and the pass over all items that ranking is made of. */
#ifndef LFMI_SCORER_H
#define LFMI_SCORER_H

#include "lfm/scorer.h"
#include "matrix/interactions.h"
#include "model/model.h"

enum { LFMI_SPACES = 4 };

/* The rows of one space: representations and biases. */
typedef struct lfmi_space {
    int32_t n_rows;
    float *vectors; /* n_rows x stride */
    float *biases;
} lfmi_space;

struct lfm_scorer {
    lfmi_refcount references;
    lfm_context *context;
    const lfmi_kernels *kernels;
    int32_t d, stride;
    lfmi_space spaces[LFMI_SPACES];
};

static inline const float *lfmi_vector(const lfm_scorer *scorer, int32_t space, int32_t row)
{
    return scorer->spaces[space].vectors + (int64_t)row * scorer->stride;
}

/* The score of one pair: everything that scores goes through here, so that all agree to the bit. */
static inline float lfmi_score_pair(const lfm_scorer *scorer, int32_t user, int32_t item)
{
    return scorer->kernels->dot(
        lfmi_vector(scorer, LFM_SPACE_USER, user), lfmi_vector(scorer, LFM_SPACE_ITEM, item), scorer->d,
        scorer->spaces[LFM_SPACE_USER].biases[user] + scorer->spaces[LFM_SPACE_ITEM].biases[item]);
}

/* Score all items for a user; items that `exclude` (NULL: nothing) knows get NaN: no candidates. */
void lfmi_score_all(const lfm_scorer *scorer, int32_t user, const lfm_interactions *exclude,
                    const lfmi_index *exclude_index, float *scores);

/* Take over the caller's options (NULL: the defaults). */
lfm_status lfmi_infer_options_read(lfm_infer_options *known, const lfm_infer_options *given);

/* Check that interactions do not reach beyond the scorer's users and items. */
lfm_status lfmi_scorer_check_reach(const lfm_scorer *scorer, const lfm_interactions *interactions,
                                   const char *what);

/* Ranking of a user's target items. Work space for n_items scores and as many targets as any user has. */
typedef struct lfmi_ranker {
    float *scores;
    int32_t *keys;  /* of the targets: sort as the scores do */
    float *targets; /* their scores, sorted */
    int64_t *counts;
    int32_t n_items;
    int64_t max_targets;
} lfmi_ranker;
lfm_status lfmi_ranker_new(lfm_context *context, int32_t n_items, int64_t max_targets, lfmi_ranker *ranker);
void lfmi_ranker_free(lfm_context *context, lfmi_ranker *ranker);

/* Rank `n` target items of a user: ranks[i] is the number of other candidates that score at least as
 * high as items[i]. */
void lfmi_rank_targets(const lfm_scorer *scorer, lfmi_ranker *ranker, int32_t user,
                       const lfm_interactions *exclude, const lfmi_index *exclude_index, const int32_t *items,
                       int64_t n, int32_t *ranks);

/* Work on [0, n) in blocks that tasks take in turn: work(begin, end, task, arg). */
typedef struct lfmi_blocks {
    int64_t n, block;
    const lfm_cancel *cancel;
    atomic_int_least64_t next;
    void (*work)(int64_t begin, int64_t end, uint32_t task, void *arg);
    void *arg;
} lfmi_blocks;
/* How many tasks a call should use for n things in blocks: no more than there are blocks. */
int32_t lfmi_tasks(const lfm_context *context, int32_t threads, int64_t n, int64_t block);

/* Users per block, so that the cancel flag is looked at often enough whatever the size of the catalogue. */
int64_t lfmi_users_per_block(const lfm_scorer *scorer);
/* Run to the end with `tasks` tasks, or until cancelled: returns CANCELLED then. */
lfm_status lfmi_blocks_run(const lfm_context *context, lfmi_blocks *blocks, int32_t tasks);

#endif
