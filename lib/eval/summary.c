/* Means over users and what is known of their error. */
#include <math.h>
#include <string.h>

#include "eval/evaluation.h"

static double value_at(const lfmi_evaluation *e, int64_t i, int32_t result)
{
    return e->values[(int64_t)e->counted[i] * e->n_results + result];
}

/* A mean and its standard error, in two passes. */
static void average(const lfmi_evaluation *e, int32_t result, lfm_metric_result *to)
{
    double sum = 0, squares = 0;
    int64_t n = 0;
    for (int64_t i = 0; i < e->n_counted; i++) {
        const double value = value_at(e, i, result);
        if (value == value) {
            sum += value;
            n++;
        }
    }
    to->n_users = n;
    if (n == 0)
        return;
    to->mean = sum / (double)n;
    for (int64_t i = 0; i < e->n_counted; i++) {
        const double off = value_at(e, i, result) - to->mean;
        if (off == off)
            squares += off * off;
    }
    if (n > 1)
        to->standard_error = sqrt(squares / (double)(n - 1) / (double)n);
}

static void write_results(const lfmi_evaluation *e, const double *low, const double *high, lfm_metric_result *results)
{
    const size_t stride = results[0].size;
    const double none = __builtin_nan("");
    for (int32_t r = 0; r < e->n_results; r++) {
        const lfm_metric *metric = &e->metrics[r % e->n_metrics];
        lfm_metric_result known = {sizeof known, 0, none, none, none, none};
        average(e, r, &known);
        if (metric->metric == LFM_METRIC_COVERAGE) {
            known.mean = lfmi_eval_coverage(e, metric->k, r / e->n_metrics - 1);
            known.n_users = e->n_counted;
        } else if (low != NULL) {
            known.low = low[r];
            known.high = high[r];
        }
        char *to = (char *)results + (size_t)r * stride;
        memcpy(to, &known, stride < sizeof known ? stride : sizeof known);
        memcpy(to, &stride, sizeof stride);
    }
}

lfm_status lfmi_eval_summarise(const lfmi_evaluation *e, lfm_metric_result *results)
{
    if (e->options.bootstrap == 0) {
        write_results(e, NULL, NULL, results);
        return LFM_OK;
    }
    double *bounds;
    LFMI_TRY(LFMI_NEW_ARRAY(e->context, 2 * (int64_t)e->n_results, "intervals", &bounds));
    const lfm_status status = lfmi_eval_bootstrap(e, bounds, bounds + e->n_results);
    if (status == LFM_OK)
        write_results(e, bounds, bounds + e->n_results, results);
    LFMI_FREE_ARRAY(e->context, bounds, 2 * (int64_t)e->n_results);
    return status;
}
