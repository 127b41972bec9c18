/* The metrics, one function each. The definitions stand in lfm/evaluate.h. */
#include "eval/metrics.h"

#include <stddef.h>

static int64_t hits(const lfmi_user_ranks *user, int32_t k)
{
    int64_t n = 0;
    while (n < user->n && user->ranks[n] < k)
        n++;
    return n;
}

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
        const int64_t above = user->ranks[t] - t; /* negatives ranked above, ties against the positive */
        sum += 1.0 - (double)(above > 0 ? above : 0) / (double)user->n_negatives;
    }
    return sum / (double)user->n;
}

static double reciprocal_rank(const lfmi_user_ranks *user, int32_t k)
{
    (void)k;
    return user->n > 0 ? 1.0 / (user->ranks[0] + 1.0) : 0.0;
}

static const lfmi_metric_row rows[] = {
    [LFM_METRIC_PRECISION] = {"precision", 1, precision},
    [LFM_METRIC_RECALL] = {"recall", 1, recall},
    [LFM_METRIC_AUC] = {"auc", 0, auc},
    [LFM_METRIC_RECIPROCAL_RANK] = {"reciprocal rank", 0, reciprocal_rank},
};

const lfmi_metric_row *lfmi_metric_find(int32_t metric)
{
    return metric >= 0 && metric < (int32_t)(sizeof rows / sizeof *rows) ? &rows[metric] : NULL;
}
