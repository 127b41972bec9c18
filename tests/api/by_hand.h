/* Metrics by their definitions in lfm/evaluate.h, in double, by counting over all items. */
#ifndef TEST_BY_HAND_H
#define TEST_BY_HAND_H

#include "ranking.h"

/* What to evaluate and how. */
typedef struct by_hand {
    const world *w;
    const test_entries *exclude, *candidates; /* NULL: none; all */
    const int32_t *popularity;                /* of each item, or NULL */
    int32_t segments, keep_empty;
    const lfm_metric *metrics;
    int32_t n_metrics;
} by_hand;

/* The number of users with a positive of each item; free() it. */
int32_t *by_hand_popularity(const world *w, const test_entries *of);

/* The segment of an item. */
int32_t by_hand_segment(const by_hand *h, int32_t item);

/* Fill in users of test x n_metrics x (1 + segments) values, NaN where a user does not count, and the
 * means; coverage has a mean alone. */
void by_hand_evaluate(const by_hand *h, double *values, double *means);

/* The rank of an item among a user's candidates. */
int32_t by_hand_rank(const by_hand *h, int32_t user, int32_t item);

#endif
