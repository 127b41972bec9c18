/* The metrics, one function each. The definitions stand in lfm/evaluate.h. */
#include "eval/metrics.h"

#include <math.h>
#include <stddef.h>

#include "base/numeric.h"

static int64_t hits(const lfmi_user_ranks *user, int32_t k)
{
    int64_t n = 0;
    while (n < user->n && user->ranks[n] < k)
        n++;
    return n;
}

/* As many positives as there can be among the first k. */
static int64_t most_hits(const lfmi_user_ranks *user, int32_t k) { return user->n < k ? user->n : k; }

static double precision(const lfmi_user_ranks *user, int32_t k) { return (double)hits(user, k) / k; }

static double recall(const lfmi_user_ranks *user, int32_t k)
{
    return user->n > 0 ? (double)hits(user, k) / (double)user->n : 0.0;
}

static double auc(const lfmi_user_ranks *user, int32_t k)
{
    (void)k;
    if (user->n == 0 || user->n_negatives <= 0)
        return 0.5;
    double sum = 0;
    for (int64_t t = 0; t < user->n; t++) {
        const int64_t place = user->places != NULL ? user->places[t] : t;
        const int64_t above = user->ranks[t] - place; /* negatives ranked above, ties against the positive */
        sum += 1.0 - (double)(above > 0 ? above : 0) / (double)user->n_negatives;
    }
    return sum / (double)user->n;
}

static double reciprocal_rank(const lfmi_user_ranks *user, int32_t k)
{
    (void)k;
    return user->n > 0 ? 1.0 / (user->ranks[0] + 1.0) : 0.0;
}

static double hit_rate(const lfmi_user_ranks *user, int32_t k) { return hits(user, k) > 0 ? 1.0 : 0.0; }

/* The base of the logarithm cancels: natural ones do. */
static double discounted(double gain, int64_t rank) { return gain / lfmi_log((double)rank + 2.0); }

static double ndcg(const lfmi_user_ranks *user, int32_t k)
{
    const int64_t n = hits(user, k), n_most = most_hits(user, k);
    double sum = 0, most = 0;
    for (int64_t t = 0; t < n; t++)
        sum += discounted(1.0, user->ranks[t]);
    for (int64_t t = 0; t < n_most; t++)
        most += discounted(1.0, t);
    return most > 0 ? sum / most : 0.0;
}

static double ndcg_graded(const lfmi_user_ranks *user, int32_t k)
{
    const int64_t n = hits(user, k), n_most = most_hits(user, k);
    double sum = 0, most = 0;
    for (int64_t t = 0; t < n; t++)
        sum += discounted(user->gains[t], user->ranks[t]);
    for (int64_t t = 0; t < n_most; t++)
        most += discounted(user->ideal[t], t);
    return most > 0 ? sum / most : 0.0;
}

static double average_precision(const lfmi_user_ranks *user, int32_t k)
{
    const int64_t n = hits(user, k);
    double sum = 0;
    for (int64_t t = 0; t < n; t++)
        sum += ((double)t + 1.0) / ((double)user->ranks[t] + 1.0);
    return user->n > 0 ? sum / (double)most_hits(user, k) : 0.0;
}

static const lfmi_metric_row rows[] = {
    [LFM_METRIC_PRECISION] = {"precision", true, precision},
    [LFM_METRIC_RECALL] = {"recall", true, recall},
    [LFM_METRIC_AUC] = {"auc", false, auc},
    [LFM_METRIC_RECIPROCAL_RANK] = {"mrr", false, reciprocal_rank},
    [LFM_METRIC_HIT_RATE] = {"hit", true, hit_rate},
    [LFM_METRIC_NDCG] = {"ndcg", true, ndcg},
    [LFM_METRIC_NDCG_GRADED] = {"ndcg-graded", true, ndcg_graded},
    [LFM_METRIC_AVERAGE_PRECISION] = {"map", true, average_precision},
    [LFM_METRIC_COVERAGE] = {"coverage", true, NULL},
    [LFM_METRIC_POPULARITY] = {"popularity", true, NULL},
    [LFM_METRIC_SIMILARITY] = {"similarity", true, NULL},
};

const lfmi_metric_row *lfmi_metric_find(int32_t metric)
{
    return metric >= 0 && metric < (int32_t)(sizeof rows / sizeof *rows) ? &rows[metric] : NULL;
}

double lfmi_gain(float value)
{
    static const double ln2 = 0.693147180559945309417;
    const double whole = floor((double)value), rest = (double)value - whole;
    return ldexp(rest > 0 ? lfmi_exp(rest * ln2) : 1.0, (int)whole) - 1.0;
}
