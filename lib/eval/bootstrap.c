/* The bootstrap: means over resampled users, and their percentiles (Efron 1979). */
#include <string.h>

#include "base/random.h"
#include "eval/evaluation.h"
#include "infer/blocks.h"

enum { DRAWS_PER_LOOK = 1 << 14 };

typedef struct resampling {
    const lfmi_evaluation *e;
    uint64_t key;
    double *sums;    /* tasks x n_results */
    int64_t *counts; /* tasks x n_results */
    double *means;   /* n_results x resamples; NaN: no user drawn counts */
} resampling;

/* One resample is a function of the seed and its number. */
static void resample(int64_t begin, int64_t end, uint32_t task, void *arg)
{
    const resampling *r = arg;
    const lfmi_evaluation *e = r->e;
    double *sums = r->sums + (int64_t)task * e->n_results;
    int64_t *counts = r->counts + (int64_t)task * e->n_results;
    for (int64_t b = begin; b < end; b++) {
        lfmi_stream stream = lfmi_stream_of(r->key, (uint64_t)b);
        memset(sums, 0, (size_t)e->n_results * sizeof *sums);
        memset(counts, 0, (size_t)e->n_results * sizeof *counts);
        for (int64_t i = 0; i < e->n_counted; i++) {
            if (i % DRAWS_PER_LOOK == 0 && lfm_cancel_is_set(e->options.cancel))
                return;
            const int32_t user = e->counted[lfmi_bounded(&stream, (uint64_t)e->n_counted)];
            const double *values = e->values + (int64_t)user * e->n_results;
            for (int32_t j = 0; j < e->n_results; j++) {
                const bool counts_here = values[j] == values[j];
                sums[j] += counts_here ? values[j] : 0.0;
                counts[j] += counts_here;
            }
        }
        for (int32_t j = 0; j < e->n_results; j++)
            r->means[(int64_t)j * e->options.bootstrap + b] =
                counts[j] > 0 ? sums[j] / (double)counts[j] : __builtin_nan("");
    }
}

/* A double as an integer that sorts as it does, and back. */
static int64_t key_of(double x)
{
    const double y = x + 0.0;
    int64_t bits;
    memcpy(&bits, &y, sizeof bits);
    return bits >= 0 ? bits : bits ^ INT64_MAX;
}
static double of_key(int64_t key)
{
    const int64_t bits = key >= 0 ? key : key ^ INT64_MAX;
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The value below which a share of the n sorted ones lies, between two of them in proportion. */
static double percentile(const int64_t *sorted, int64_t n, double share)
{
    const double place = share * (double)(n - 1);
    const int64_t below = (int64_t)place < n - 1 ? (int64_t)place : n - 1;
    const double low = of_key(sorted[below]), high = of_key(sorted[below + 1 < n ? below + 1 : below]);
    return low + (place - (double)below) * (high - low);
}

static void find_bounds(const resampling *r, int64_t *keys, double *low, double *high)
{
    const lfmi_evaluation *e = r->e;
    const double tail = (1.0 - e->options.confidence) / 2.0;
    for (int32_t j = 0; j < e->n_results; j++) {
        const double *means = r->means + (int64_t)j * e->options.bootstrap;
        int64_t n = 0;
        for (int32_t b = 0; b < e->options.bootstrap; b++) {
            if (means[b] == means[b])
                keys[n++] = key_of(means[b]);
        }
        lfmi_sort_int64(keys, n);
        low[j] = n > 0 ? percentile(keys, n, tail) : __builtin_nan("");
        high[j] = n > 0 ? percentile(keys, n, 1.0 - tail) : __builtin_nan("");
    }
}

static lfm_status run(resampling *r, int32_t tasks, int64_t **keys)
{
    const lfmi_evaluation *e = r->e;
    LFMI_TRY(LFMI_NEW_ARRAY(e->context, (int64_t)tasks * e->n_results, "resamples", &r->sums));
    LFMI_TRY(LFMI_NEW_ARRAY(e->context, (int64_t)tasks * e->n_results, "resamples", &r->counts));
    LFMI_TRY(LFMI_NEW_ARRAY(e->context, (int64_t)e->n_results * e->options.bootstrap, "resamples", &r->means));
    LFMI_TRY(LFMI_NEW_ARRAY(e->context, e->options.bootstrap, "resamples", keys));
    lfmi_blocks blocks = {
        .n = e->options.bootstrap, .block = 1, .cancel = e->options.cancel, .work = resample, .arg = r};
    return lfmi_blocks_run(e->context, &blocks, tasks);
}

lfm_status lfmi_eval_bootstrap(const lfmi_evaluation *e, double *low, double *high)
{
    const int32_t tasks = lfmi_tasks(e->context, e->options.threads, e->options.bootstrap, 1);
    resampling r = {.e = e, .key = lfmi_key(e->options.seed, LFMI_GOLDEN)};
    int64_t *keys = NULL;
    const lfm_status status = run(&r, tasks, &keys);
    if (status == LFM_OK)
        find_bounds(&r, keys, low, high);
    LFMI_FREE_ARRAY(e->context, r.sums, (int64_t)tasks * e->n_results);
    LFMI_FREE_ARRAY(e->context, r.counts, (int64_t)tasks * e->n_results);
    LFMI_FREE_ARRAY(e->context, r.means, (int64_t)e->n_results * e->options.bootstrap);
    LFMI_FREE_ARRAY(e->context, keys, e->options.bootstrap);
    return status;
}
