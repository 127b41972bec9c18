/* liblfm: ranking metrics on held-out interactions. */
#ifndef LFM_EVALUATE_H
#define LFM_EVALUATE_H

#include "lfm/scorer.h"

LFM_BEGIN_DECLS

/* With r_0 <= r_1 <= ... the ranks of a user's test positives (lfm_rank()):
 * precision@k = #(r_t < k) / k; recall@k = #(r_t < k) / #positives; AUC = mean over t of
 * 1 - max(0, r_t - t) / #negatives, 0.5 when a class is empty; reciprocal rank = 1 / (r_0 + 1).
 * Test positives are pairs with a value above 0, each counted once; every other candidate is a
 * negative. */
enum { LFM_METRIC_PRECISION = 0, LFM_METRIC_RECALL = 1, LFM_METRIC_AUC = 2, LFM_METRIC_RECIPROCAL_RANK = 3 };

typedef struct lfm_metric {
    int32_t metric; /* LFM_METRIC_… */
    int32_t k;      /* >= 1 for precision and recall; unused by the others */
} lfm_metric;

/* Compute metrics for every user with at least one test positive, in one pass.
 *
 * test: its users and items must not exceed the scorer's. exclude: NULL, or the training set.
 * metrics, n_metrics: what to compute, 1 or more.
 * keep_empty: 1: users without test positives count too, with 0 (AUC 0.5); 0: they are skipped.
 * options: NULL for the defaults. means: room for n_metrics: the mean over the users counted, 0 when
 * there is none. n_counted: NULL, or receives how many there were.
 * per_user: NULL, or room for (users of test) x n_metrics, row by row; skipped users get NaN.
 * Errors: ARGUMENT, OPTION, SHAPE, OVERLAP (a test positive that is excluded too; names the pair),
 * CANCELLED, MEMORY. Sums in double. Memory: threads x items floats, users x n_metrics doubles. Thread-safe. Since 0.1. */
LFM_API lfm_status lfm_evaluate(const lfm_scorer *scorer, lfm_interactions *test,
                                lfm_interactions *exclude, const lfm_metric *metrics, int32_t n_metrics,
                                int32_t keep_empty, const lfm_infer_options *options, double *means,
                                int64_t *n_counted, double *per_user);

/* Find a pair that is a positive of `test` and stored in `train`.
 * user, item: NULL, or receive its ids. found: receives 1 or 0. Errors: ARGUMENT, MEMORY. Thread-safe.
 * Since 0.1. */
LFM_API lfm_status lfm_find_overlap(lfm_interactions *test, lfm_interactions *train, int32_t *found,
                                    int32_t *user, int32_t *item);

LFM_END_DECLS

#endif
