/* liblfm: ranking metrics on held-out interactions. */
#ifndef LFM_EVALUATE_H
#define LFM_EVALUATE_H

#include "lfm/recommend.h"

LFM_BEGIN_DECLS

/* A user's test positives are the distinct pairs of the test set with a value above 0; r_0 <= r_1 <= …
 * are their ranks (lfm_rank(): 0 is best, ties count against), n is how many there are, negatives are all
 * other candidates. The first eight are computed from these, for each user:
 *
 * precision@k           #(r_t < k) / k
 * recall@k              #(r_t < k) / n
 * auc                   mean over t of 1 - max(0, r_t - t) / #negatives; 0.5 when a class is empty
 * mrr                   1 / (r_0 + 1)
 * hit@k                 1 if r_0 < k, else 0
 * ndcg@k                DCG / the largest DCG that n positives can have; DCG = sum over r_t < k of
 *                       gain_t / log2(r_t + 2), gain 1
 * ndcg-graded@k         the same with gain 2^value - 1, value the largest of the pair's
 * map@k                 sum over r_t < k of (t + 1) / (r_t + 1), divided by min(k, n)
 *
 * The others are of the user's list, the k best candidates as lfm_recommend() lists them:
 *
 * coverage@k            distinct items in the lists of all users counted / items of the scorer
 * popularity@k          mean popularity of the list's items (see lfm_evaluate_options); 0 if it is empty
 * similarity@k          mean cosine over all pairs of the list's items; 0 below two items */
enum {
    LFM_METRIC_PRECISION = 0,
    LFM_METRIC_RECALL = 1,
    LFM_METRIC_AUC = 2,
    LFM_METRIC_RECIPROCAL_RANK = 3,
    LFM_METRIC_HIT_RATE = 4,
    LFM_METRIC_NDCG = 5,
    LFM_METRIC_NDCG_GRADED = 6,
    LFM_METRIC_AVERAGE_PRECISION = 7,
    LFM_METRIC_COVERAGE = 8,
    LFM_METRIC_POPULARITY = 9,
    LFM_METRIC_SIMILARITY = 10
};

typedef struct lfm_metric {
    int32_t metric; /* LFM_METRIC_… */
    int32_t k;      /* >= 1; unused by auc and mrr */
} lfm_metric;

/* Return a metric's name without its k, as above ("precision", "auc"); NULL where there is no such metric,
 * so that counting up from 0 lists them. Thread-safe. Since 0.1. */
LFM_API const char *lfm_metric_name(int32_t metric);

/* Return 1 when a metric has a k, else 0. Thread-safe. Since 0.1. */
LFM_API int32_t lfm_metric_has_k(int32_t metric);

/* Read a metric from text, "precision@10" or "auc"; one without k gets k = 0. Errors: ARGUMENT (NULL),
 * OPTION (no such metric, k missing, out of range or not wanted; the message lists what there is).
 * Thread-safe. Since 0.1. */
LFM_API lfm_status lfm_metric_parse(const char *text, lfm_metric *metric);

/* Write a metric as text that lfm_metric_parse() reads, with its closing NUL, into `size` bytes; 40 are
 * enough for all. Errors: ARGUMENT (NULL, no such metric, k below 1, too small). Thread-safe. Since 0.1. */
LFM_API lfm_status lfm_metric_format(const lfm_metric *metric, char *text, size_t size);

/* How to evaluate. Initialise with lfm_evaluate_options_init(). */
typedef struct lfm_evaluate_options {
    size_t size;                  /* set by the initialiser */
    lfm_interactions *exclude;    /* NULL, or interactions (the training set) whose items, of any sign, are
                                   * no candidates for their users */
    lfm_interactions *candidates; /* NULL: all items are candidates; else a user's are the items stored
                                   * for the user, of any sign, and the user's test positives, less
                                   * what is excluded */
    lfm_interactions *popularity; /* an item's popularity is the number of users with a positive of it in
                                   * here; NULL: in `exclude` */
    int32_t keep_empty;           /* 1: users without test positives count too, with 0 (AUC 0.5); 0
                                   * (default): they are skipped */
    int32_t check_overlap;        /* 1 (default): a test positive that is excluded too is an error; 0: it is
                                   * ranked among the items that are not excluded */
    int32_t segments;             /* popularity segments, 0 (default) .. 100: see lfm_evaluate() */
    int32_t bootstrap;            /* resamples for the interval, 0 (default: no interval) .. 1000000 */
    double confidence;            /* of the interval, in (0, 1), default 0.95 */
    uint64_t seed;                /* of the resamples, default 1 */
    int32_t threads;              /* 0: what the process may use */
    int32_t reserved;             /* 0 */
    const lfm_cancel *cancel;     /* NULL: none */
} lfm_evaluate_options;

LFM_API void lfm_evaluate_options_init_sized(lfm_evaluate_options *options, size_t size);
#define lfm_evaluate_options_init(options) lfm_evaluate_options_init_sized((options), sizeof *(options))

/* What is known of a metric over the users that count. */
typedef struct lfm_metric_result {
    size_t size;           /* in the first of an array: set to sizeof(lfm_metric_result) before the call */
    int64_t n_users;       /* how many count */
    double mean;           /* over them; NaN where none counts */
    double standard_error; /* of the mean: standard deviation (n - 1) / sqrt(n); NaN below two users */
    double low, high;      /* the interval; NaN without bootstrap */
} lfm_metric_result;

/* Compute metrics over all users with at least one test positive, in one pass.
 *
 * test: its users and items must not exceed the scorer's. metrics, n_metrics: what to compute, 1 or more.
 * options: NULL for the defaults.
 * results: room for n_metrics x (1 + segments): the metrics over all, then over segment 0 and so on. Set
 * results[0].size: that is how far apart they lie (a multiple of 8); every size is set to it.
 * per_user: NULL, or room for (users of test) x n_metrics x (1 + segments) numbers, row by row in the order
 * of the results; NaN where a user does not count.
 *
 * Segments: items are ordered by popularity, the largest first. An item that p items are more popular
 * than is in segment floor(p x segments / items): 0 is the head, the last one the tail, and items of
 * equal popularity stay together (a segment may be empty). A metric over a segment takes the positives
 * in it for the user's only ones; ranks stay what they are. Only in auc t still counts all
 * positives ranked before, so that negatives are the same for all. Users with a positive in the segment
 * count. Coverage over a segment is the share of its items; popularity and similarity have no segments
 * (mean NaN, n_users 0).
 *
 * The interval is the percentile interval of means over `bootstrap` resamples of the users that count,
 * drawn with replacement; a function of seed and users alone. Coverage, which is no mean, has neither
 * interval nor standard error.
 *
 * Errors: ARGUMENT, OPTION (a bound; popularity wanted, and none given), SHAPE, OVERLAP (names the pair),
 * DATA (no user counts; ndcg-graded: a value above 1000), CANCELLED, MEMORY. Sums in double, in a fixed
 * order: the same for any number of threads. Memory: users x results doubles, and as lfm_rank().
 * Thread-safe. Since 0.1. */
LFM_API lfm_status lfm_evaluate(const lfm_scorer *scorer, lfm_interactions *test, const lfm_metric *metrics,
                                int32_t n_metrics, const lfm_evaluate_options *options,
                                lfm_metric_result *results, double *per_user);

/* Compute the same from ranks: to the bit what lfm_evaluate() gives for the scores they come from.
 *
 * ranks: one per entry of test, in its stored order, as lfm_rank() gives them; those of explicit negatives are
 * not looked at, and a repeated pair has the smallest of its ranks. n_items: how many items were ranked
 * before any were excluded.
 * options: what was excluded, and the candidates if not all, count for the negatives of auc.
 * Errors: as lfm_evaluate(); ARGUMENT also for a metric of lists; DATA also for a rank outside
 * [0, n_items). Memory: 8 bytes per entry of test, users x results doubles. Thread-safe. Since 0.1. */
LFM_API lfm_status lfm_evaluate_ranks(lfm_interactions *test, const int32_t *ranks, int32_t n_items,
                                      const lfm_metric *metrics, int32_t n_metrics,
                                      const lfm_evaluate_options *options, lfm_metric_result *results,
                                      double *per_user);

/* Find a pair that is a positive of `test` and stored in `train`.
 * user, item: NULL, or receive its ids. found: receives 1 or 0. Errors: ARGUMENT, MEMORY. Thread-safe.
 * Since 0.1. */
LFM_API lfm_status lfm_find_overlap(lfm_interactions *test, lfm_interactions *train, int32_t *found,
                                    int32_t *user, int32_t *item);

LFM_END_DECLS

#endif
