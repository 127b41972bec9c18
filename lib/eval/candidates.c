/* Which items compete: counting them, and ranking within a given set of candidates. */
#include <string.h>

#include "eval/evaluation.h"

int64_t lfmi_count_negatives(const lfmi_evaluation *e, int32_t user, const int32_t *positives, int64_t n)
{
    int64_t taken = n;
    if (e->exclude != NULL && user < e->exclude->n_users) {
        const lfmi_index *x = e->exclude_index;
        /* Distinct excluded items that are no positives; an item may stand in both of a user's lists. */
        const int64_t middle = x->negatives[user], end = x->offsets[user + 1];
        for (int64_t at = x->offsets[user]; at < end; at++) {
            const int32_t item = x->items[at];
            const bool repeated = (at > x->offsets[user] && at != middle && x->items[at - 1] == item) ||
                                  (at >= middle && lfmi_is_positive_pair(x, user, item));
            taken += !repeated && !lfmi_sorted_has(positives, n, item);
        }
    }
    return e->n_items - taken;
}

int64_t lfmi_pool_fill(const lfmi_evaluation *e, int32_t user, const int32_t *positives, int64_t n,
                       lfmi_pool *pool)
{
    /* The given candidates stand at the end of the pool's room, and what is left of them and the positives
     * is merged to its beginning: it never catches up with what is still to be read. */
    int32_t *given = pool->items + n;
    const int64_t n_given =
        user < e->candidates->n_users ? lfmi_distinct_items(e->candidate_index, user, false, given) : 0;
    int64_t g = 0, p = 0, n_negatives = 0;
    pool->n = 0;
    while (g < n_given || p < n) {
        const bool is_positive = g >= n_given || (p < n && positives[p] <= given[g]);
        const int32_t item = is_positive ? positives[p++] : given[g];
        if (g < n_given && given[g] == item)
            g++;
        if (lfmi_is_excluded(e, user, item))
            continue;
        pool->items[pool->n++] = item;
        n_negatives += !is_positive;
    }
    return n_negatives;
}

/* Map finite and infinite floats to integers that sort as they do; -0 and +0 are the same score. */
static int32_t key_of(float x)
{
    const float y = x + 0.0f;
    int32_t bits;
    memcpy(&bits, &y, sizeof bits);
    return bits >= 0 ? bits : (int32_t)(INT32_MIN - (int64_t)bits);
}

void lfmi_pool_rank(const lfmi_evaluation *e, int32_t user, const int32_t *positives, int64_t n,
                    lfmi_pool *pool, int32_t *ranks)
{
    int64_t n_keys = 0;
    for (int64_t i = 0; i < pool->n; i++) {
        pool->scores[i] = lfmi_score_pair(e->scorer, user, pool->items[i]);
        if (pool->scores[i] == pool->scores[i]) /* a score that overflowed to NaN reaches nothing */
            pool->keys[n_keys++] = key_of(pool->scores[i]);
    }
    lfmi_sort_int32(pool->keys, n_keys);
    for (int64_t i = 0; i < n; i++) {
        const float own = lfmi_score_pair(e->scorer, user, positives[i]);
        const int64_t itself = lfmi_sorted_has(pool->items, pool->n, positives[i]);
        const int64_t reached = own == own ? n_keys - lfmi_lower_bound(pool->keys, n_keys, key_of(own)) : pool->n;
        ranks[i] = (int32_t)(reached - itself);
    }
}
