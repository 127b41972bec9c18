/* Metrics of lists: how popular and how alike their items are, and how many items are in any. */
#include <math.h>

#include "eval/evaluation.h"

/* Sum up the cosines of all pairs among the first i items, for every i: an item's cosines to those before
 * it are one product, of its unit vector with the sum of theirs. */
static void sum_pairs(const lfmi_evaluation *e, lfmi_eval_scratch *s, const int32_t *list, int32_t n)
{
    const int32_t d = e->scorer->d;
    double sum = 0;
    for (int32_t c = 0; c < d; c++)
        s->list_sum[c] = 0;
    for (int32_t i = 0; i < n; i++) {
        const float *vector = lfmi_vector(e->scorer, LFM_SPACE_ITEM, list[i]);
        double square = 0, product = 0;
        for (int32_t c = 0; c < d; c++) {
            square += (double)vector[c] * (double)vector[c];
            product += (double)vector[c] * s->list_sum[c];
        }
        const double scale = square > 0 ? 1.0 / sqrt(square) : 0.0;
        for (int32_t c = 0; c < d; c++)
            s->list_sum[c] += scale * (double)vector[c];
        sum += scale * product;
        s->pair_sums[i] = sum;
    }
}

static double mean_popularity(const lfmi_evaluation *e, const int32_t *list, int32_t n)
{
    int64_t sum = 0;
    for (int32_t i = 0; i < n; i++)
        sum += e->popularity[list[i]];
    return n > 0 ? (double)sum / n : 0.0;
}

static double mean_cosine(const lfmi_eval_scratch *s, int32_t n)
{
    return n > 1 ? s->pair_sums[n - 1] / ((double)n * (double)(n - 1) / 2.0) : 0.0;
}

/* The smallest of all places: the same whatever the order in which tasks come. */
static void note_places(const lfmi_evaluation *e, const int32_t *list, int32_t n)
{
    for (int32_t place = 0; place < n; place++) {
        atomic_int *best = &e->places[list[place]].best;
        int known = atomic_load_explicit(best, memory_order_relaxed);
        while (place < known && !atomic_compare_exchange_weak_explicit(best, &known, place, memory_order_relaxed,
                                                                       memory_order_relaxed))
            continue;
    }
}

void lfmi_eval_list(const lfmi_evaluation *e, lfmi_eval_scratch *s, const int32_t *list, double *values)
{
    int32_t n = 0;
    while (n < e->list_length && list[n] >= 0)
        n++;
    if (s->pair_sums != NULL)
        sum_pairs(e, s, list, n);
    if (e->places != NULL)
        note_places(e, list, n);
    for (int32_t i = 0; i < e->n_metrics; i++) {
        const int32_t k = e->metrics[i].k < n ? e->metrics[i].k : n;
        if (e->metrics[i].metric == LFM_METRIC_POPULARITY)
            values[i] = mean_popularity(e, list, k);
        else if (e->metrics[i].metric == LFM_METRIC_SIMILARITY)
            values[i] = mean_cosine(s, k);
    }
}

double lfmi_eval_coverage(const lfmi_evaluation *e, int32_t k, int32_t segment)
{
    int64_t n = 0, covered = 0;
    for (int32_t item = 0; item < e->n_items; item++) {
        if (segment >= 0 && e->segment_of[item] != segment)
            continue;
        n++;
        covered += atomic_load_explicit(&e->places[item].best, memory_order_relaxed) < k;
    }
    return n > 0 ? (double)covered / (double)n : __builtin_nan("");
}
