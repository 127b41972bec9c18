/* What the files of lib/eval share: an evaluation under way. */
#ifndef LFMI_EVALUATION_H
#define LFMI_EVALUATION_H

#include "base/sort.h"
#include "eval/metrics.h"
#include "infer/best.h"
#include "infer/ranker.h"
#include "infer/top.h"

/* The best place that an item has in any list so far; INT32_MAX: it is in none. */
typedef struct lfmi_place {
    atomic_int best;
} lfmi_place;

typedef struct lfmi_evaluation {
    lfm_context *context;
    lfm_evaluate_options options;
    const lfm_scorer *scorer; /* NULL: the ranks are given */
    int32_t n_items;
    lfm_interactions *test, *exclude, *candidates;
    const lfmi_index *test_index, *exclude_index, *candidate_index;
    const int32_t *given_ranks; /* by entry of test */
    lfmi_grouping grouping;     /* of test, where the ranks are given */
    const lfm_metric *metrics;
    int32_t n_metrics;
    int32_t n_results;      /* metrics x (1 + segments) */
    bool is_graded;         /* gains are wanted */
    bool wants_similarity;
    int32_t list_length;    /* of the longest list wanted; 0: none */
    int32_t *popularity;    /* n_items; NULL: not wanted */
    int32_t *segment_of;    /* n_items; NULL: no segments */
    lfmi_place *places;     /* n_items; NULL: coverage is not wanted */
    double *values;         /* users of test x n_results; NaN: does not count */
    int32_t *counted;       /* the users that count, ascending */
    int64_t n_counted;
} lfmi_evaluation;

/* Scores and ranks of a pool of candidates. */
typedef struct lfmi_pool {
    int32_t *items; /* ascending, distinct */
    float *scores;
    int32_t *keys; /* of the scores, sorted */
    int64_t n, room;
} lfmi_pool;

/* A task's work space. */
typedef struct lfmi_eval_scratch {
    lfmi_ranker ranker; /* among all items */
    int64_t *keys;      /* of the best of a block's users: lists among all items */
    lfmi_pool pool;     /* where candidates are given */
    lfmi_top top;
    /* of the users of a block: */
    int32_t *positives, *ranks; /* one user's after another's, by ascending item */
    int64_t *starts;            /* where each user's begin, and where the last one's end */
    int64_t *n_negatives;
    int32_t *lists; /* users x list_length, filled up with -1 */
    /* of one user: */
    lfmi_cell *by_rank, *by_gain; /* (rank or less by larger value; place among the positives) */
    double *positive_gains;       /* by ascending item */
    int32_t *sorted, *places;     /* of one segment, as in lfmi_user_ranks */
    double *gains, *ideal;
    double *list_sum;  /* d numbers; NULL: similarity is not wanted */
    double *pair_sums; /* list_length: sum of the cosines of all pairs among the first i + 1 */
} lfmi_eval_scratch;

/* Room for one task: the users of a block, the most entries of a user and of a block, the most candidates of a
 * user, and the keys of a list in the making. */
typedef struct lfmi_eval_room {
    int64_t block, longest, block_entries, pool;
    int32_t keys;
} lfmi_eval_room;
lfm_status lfmi_eval_scratch_new(const lfmi_evaluation *e, const lfmi_eval_room *room, lfmi_eval_scratch *s);
void lfmi_eval_scratch_free(const lfmi_evaluation *e, const lfmi_eval_room *room, lfmi_eval_scratch *s);

/* Find ranks, lists and numbers of negatives of n users, whose positives stand in the scratch. Cancelled, it may
 * leave ranks as they are. */
void lfmi_eval_rank_block(const lfmi_evaluation *e, lfmi_eval_scratch *s, const int32_t *users, int64_t n);

/* Fill e->values for all users. Errors: CANCELLED, MEMORY. */
lfm_status lfmi_eval_users(lfmi_evaluation *e);

static inline bool lfmi_is_excluded(const lfmi_evaluation *e, int32_t user, int32_t item)
{
    return e->exclude != NULL && user < e->exclude->n_users && lfmi_is_known(e->exclude_index, user, item);
}

/* Candidates of a user that are no test positives (`n` items, ascending), when all items are candidates. */
int64_t lfmi_count_negatives(const lfmi_evaluation *e, int32_t user, const int32_t *positives, int64_t n);

/* Where candidates are given: fill the pool with those of a user, and return how many are no positives. */
int64_t lfmi_pool_fill(const lfmi_evaluation *e, int32_t user, const int32_t *positives, int64_t n,
                       lfmi_pool *pool);
/* Score the pool, and rank the positives in it. */
void lfmi_pool_rank(const lfmi_evaluation *e, int32_t user, const int32_t *positives, int64_t n,
                    lfmi_pool *pool, int32_t *ranks);

/* Count each item's popularity, and part the items into segments. Errors: CANCELLED, MEMORY. */
lfm_status lfmi_eval_popularity(lfmi_evaluation *e, lfm_interactions *of);

/* Fill in the metrics of a user's list. */
void lfmi_eval_list(const lfmi_evaluation *e, lfmi_eval_scratch *s, const int32_t *list, double *values);
/* Coverage@k over a segment, -1: over all. */
double lfmi_eval_coverage(const lfmi_evaluation *e, int32_t k, int32_t segment);

/* Turn e->values into results: mean, standard error, interval. Errors: CANCELLED, MEMORY; nothing is
 * written then. */
lfm_status lfmi_eval_summarise(const lfmi_evaluation *e, lfm_metric_result *results);

/* low and high of all results by resampling users; n_results each. Errors: CANCELLED, MEMORY. */
lfm_status lfmi_eval_bootstrap(const lfmi_evaluation *e, double *low, double *high);

#endif
