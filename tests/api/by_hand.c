/* Metrics by their definitions. */
#include "by_hand.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

enum { MOST_POSITIVES = 256 };

static int is_candidate(const by_hand *h, int32_t user, int32_t item)
{
    if (h->exclude != NULL && world_has(h->exclude, user, item, 0))
        return 0;
    return h->candidates == NULL || world_has(h->candidates, user, item, 0) ||
           world_has(&h->w->test, user, item, 1);
}

static float score_of(const by_hand *h, int32_t user, int32_t item)
{
    return h->w->scores[(int64_t)user * h->w->n_items + item];
}

int32_t by_hand_rank(const by_hand *h, int32_t user, int32_t item)
{
    int32_t rank = 0;
    for (int32_t other = 0; other < h->w->n_items; other++)
        rank += other != item && is_candidate(h, user, other) &&
                score_of(h, user, other) >= score_of(h, user, item);
    return rank;
}

int32_t *by_hand_popularity(const world *w, const test_entries *of)
{
    int32_t *popularity = take((size_t)w->n_items, sizeof *popularity);
    for (int32_t item = 0; item < w->n_items; item++) {
        popularity[item] = 0;
        for (int32_t user = 0; user < of->n_users; user++)
            popularity[item] += world_has(of, user, item, 1);
    }
    return popularity;
}

int32_t by_hand_segment(const by_hand *h, int32_t item)
{
    int64_t more_popular = 0;
    for (int32_t other = 0; other < h->w->n_items; other++)
        more_popular += h->popularity[other] > h->popularity[item];
    return (int32_t)(more_popular * h->segments / h->w->n_items);
}

typedef struct positive {
    int32_t item, rank, place; /* place: how many of all the user's positives come before */
    double gain;
} positive;

static int by_rank(const void *a, const void *b)
{
    const positive *x = a, *y = b;
    return (x->rank > y->rank) - (x->rank < y->rank);
}

static int by_gain(const void *a, const void *b)
{
    const positive *x = a, *y = b;
    return (x->gain < y->gain) - (x->gain > y->gain);
}

static double value_of(const test_entries *test, int32_t user, int32_t item)
{
    double largest = -INFINITY;
    for (int64_t i = 0; i < test->n; i++) {
        if (test->users[i] == user && test->items[i] == item)
            largest = fmax(largest, test->values != NULL ? (double)test->values[i] : 1.0);
    }
    return largest;
}

/* The user's test positives that are in a segment (-1: all), best rank first. */
static int find_positives(const by_hand *h, int32_t user, int32_t segment, positive *out)
{
    int n_all = 0, n = 0;
    for (int32_t item = 0; item < h->w->n_items; item++) {
        if (!world_has(&h->w->test, user, item, 1))
            continue;
        REQUIRE(n_all < MOST_POSITIVES);
        out[n_all++] = (positive){.item = item,
                                  .rank = by_hand_rank(h, user, item),
                                  .gain = pow(2, value_of(&h->w->test, user, item)) - 1};
    }
    qsort(out, (size_t)n_all, sizeof *out, by_rank);
    for (int t = 0; t < n_all; t++) {
        out[t].place = t;
        if (segment < 0 || by_hand_segment(h, out[t].item) == segment)
            out[n++] = out[t];
    }
    return n;
}

static double from_ranks(const lfm_metric *m, const positive *p, int n, int n_negatives)
{
    const int k = m->k, most = n < k ? n : k;
    double sum = 0, ideal = 0, hits = 0;
    positive best[MOST_POSITIVES];
    memcpy(best, p, (size_t)n * sizeof *p);
    qsort(best, (size_t)n, sizeof *best, by_gain);
    if (m->metric == LFM_METRIC_AUC) {
        for (int t = 0; t < n; t++)
            sum += 1 - fmax(0, p[t].rank - p[t].place) / n_negatives;
        return n > 0 && n_negatives > 0 ? sum / n : 0.5;
    }
    if (m->metric == LFM_METRIC_RECIPROCAL_RANK)
        return n > 0 ? 1.0 / (p[0].rank + 1) : 0;
    for (int t = 0; t < n; t++) {
        if (p[t].rank >= k)
            continue;
        hits++;
        if (m->metric == LFM_METRIC_NDCG)
            sum += 1 / log2(p[t].rank + 2.0);
        if (m->metric == LFM_METRIC_NDCG_GRADED)
            sum += p[t].gain / log2(p[t].rank + 2.0);
        if (m->metric == LFM_METRIC_AVERAGE_PRECISION)
            sum += (t + 1.0) / (p[t].rank + 1.0);
    }
    for (int t = 0; t < most; t++)
        ideal += (m->metric == LFM_METRIC_NDCG ? 1 : best[t].gain) / log2(t + 2.0);
    switch (m->metric) {
    case LFM_METRIC_PRECISION: return hits / k;
    case LFM_METRIC_RECALL: return n > 0 ? hits / n : 0;
    case LFM_METRIC_HIT_RATE: return hits > 0;
    case LFM_METRIC_AVERAGE_PRECISION: return n > 0 ? sum / most : 0;
    default: return n > 0 ? sum / ideal : 0;
    }
}

/* The k best candidates, equal ones by smaller id. */
static int32_t make_list(const by_hand *h, int32_t user, int32_t k, int32_t *list)
{
    int32_t n = 0;
    char *taken = take((size_t)h->w->n_items, 1);
    memset(taken, 0, (size_t)h->w->n_items);
    for (; n < k; n++) {
        int32_t best = -1;
        for (int32_t item = 0; item < h->w->n_items; item++) {
            if (!taken[item] && is_candidate(h, user, item) &&
                (best < 0 || score_of(h, user, item) > score_of(h, user, best)))
                best = item;
        }
        if (best < 0)
            break;
        taken[best] = 1;
        list[n] = best;
    }
    free(taken);
    return n;
}

static double cosine(const by_hand *h, int32_t a, int32_t b)
{
    lfm_view view = {.size = sizeof view};
    REQUIRE_OK(lfm_scorer_representations(h->w->scorer, LFM_SPACE_ITEM, &view));
    const float *x = (const float *)((const char *)view.data + a * view.stride);
    const float *y = (const float *)((const char *)view.data + b * view.stride);
    double dot = 0, xx = 0, yy = 0;
    for (int32_t c = 0; c < view.columns; c++) {
        dot += (double)x[c] * (double)y[c];
        xx += (double)x[c] * (double)x[c];
        yy += (double)y[c] * (double)y[c];
    }
    return xx > 0 && yy > 0 ? dot / sqrt(xx) / sqrt(yy) : 0;
}

static double from_list(const by_hand *h, const lfm_metric *m, const int32_t *list, int32_t n)
{
    double sum = 0;
    if (m->metric == LFM_METRIC_POPULARITY) {
        for (int32_t i = 0; i < n; i++)
            sum += h->popularity[list[i]];
        return n > 0 ? sum / n : 0;
    }
    for (int32_t i = 0; i < n; i++) {
        for (int32_t j = 0; j < i; j++)
            sum += cosine(h, list[i], list[j]);
    }
    return n > 1 ? sum / (n * (n - 1) / 2.0) : 0;
}

static double coverage(const by_hand *h, int32_t k, int32_t segment)
{
    int32_t *list = take((size_t)h->w->n_items, sizeof *list), all = 0, covered = 0;
    char *seen = take((size_t)h->w->n_items, 1);
    positive positives[MOST_POSITIVES];
    memset(seen, 0, (size_t)h->w->n_items);
    for (int32_t user = 0; user < h->w->test.n_users; user++) {
        if (find_positives(h, user, -1, positives) == 0 && !h->keep_empty)
            continue;
        const int32_t n = make_list(h, user, k < h->w->n_items ? k : h->w->n_items, list);
        for (int32_t i = 0; i < n; i++)
            seen[list[i]] = 1;
    }
    for (int32_t item = 0; item < h->w->n_items; item++) {
        if (segment < 0 || by_hand_segment(h, item) == segment) {
            all++;
            covered += seen[item];
        }
    }
    free(seen);
    free(list);
    return all > 0 ? (double)covered / all : (double)NAN;
}

static void evaluate_user(const by_hand *h, int32_t user, double *values)
{
    int32_t *list = take((size_t)h->w->n_items, sizeof *list), n_negatives = 0;
    positive p[MOST_POSITIVES];
    const int n_all = find_positives(h, user, -1, p);
    for (int32_t item = 0; item < h->w->n_items; item++)
        n_negatives += is_candidate(h, user, item) && !world_has(&h->w->test, user, item, 1);
    for (int32_t segment = -1; segment < h->segments; segment++) {
        const int n = find_positives(h, user, segment, p);
        for (int32_t i = 0; i < h->n_metrics; i++, values++) {
            const lfm_metric *m = &h->metrics[i];
            *values = (double)NAN;
            if (m->metric < LFM_METRIC_COVERAGE && (n > 0 || h->keep_empty))
                *values = from_ranks(m, p, n, n_negatives);
            if (m->metric > LFM_METRIC_COVERAGE && segment < 0 && (n_all > 0 || h->keep_empty))
                *values = from_list(h, m, list,
                                    make_list(h, user, m->k < h->w->n_items ? m->k : h->w->n_items, list));
        }
    }
    free(list);
}

void by_hand_evaluate(const by_hand *h, double *values, double *means)
{
    const int32_t n_results = h->n_metrics * (1 + h->segments), n_users = h->w->test.n_users;
    for (int32_t user = 0; user < n_users; user++)
        evaluate_user(h, user, values + user * n_results);
    for (int32_t r = 0; r < n_results; r++) {
        double sum = 0;
        int n = 0;
        for (int32_t user = 0; user < n_users; user++) {
            const double value = values[user * n_results + r];
            n += !isnan(value);
            sum += isnan(value) ? 0 : value;
        }
        const lfm_metric *m = &h->metrics[r % h->n_metrics];
        means[r] = m->metric == LFM_METRIC_COVERAGE ? coverage(h, m->k, r / h->n_metrics - 1) : sum / n;
    }
}
