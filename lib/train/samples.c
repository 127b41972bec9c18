/* From positions in an epoch's order to samples. */
#include "train/sgd.h"

static int32_t fetch_entries(const lfmi_sgd *sgd, int64_t begin, int32_t n, lfmi_sample *samples)
{
    const lfm_interactions *m = sgd->fit->interactions;
    const int32_t *users = lfmi_users(m), *items = lfmi_items(m);
    const float *values = lfmi_values(m), *weights = lfmi_weights(m);
    int64_t entries[LFMI_RUNS_BLOCK];
    sgd->kernels->permute(&sgd->order, begin, n, entries);
    for (int32_t i = 0; i < n; i++) {
        lfmi_prefetch(&users[entries[i]]);
        lfmi_prefetch(&items[entries[i]]);
        if (values != NULL)
            lfmi_prefetch(&values[entries[i]]);
        if (weights != NULL)
            lfmi_prefetch(&weights[entries[i]]);
    }
    int32_t kept = 0;
    for (int32_t i = 0; i < n; i++) {
        const int64_t entry = entries[i];
        const float value = values != NULL ? values[entry] : 1.0f;
        samples[kept] = (lfmi_sample){.position = begin + i,
                                      .user = users[entry],
                                      .item = items[entry],
                                      .positive = items[entry],
                                      .weight = weights != NULL ? weights[entry] : 1.0f,
                                      .value = value};
        if (sgd->index != NULL)
            lfmi_prefetch(&sgd->index->offsets[users[entry]]);
        if (sgd->loss->begin != NULL)
            sgd->loss->begin(sgd, &samples[kept]);
        kept += value > 0 || sgd->visits_negatives;
    }
    return kept;
}

static int32_t fetch_from_runs(const lfmi_sgd *sgd, int64_t begin, int32_t n, lfmi_sample *samples)
{
    const lfmi_index *index = sgd->index;
    int32_t users[LFMI_RUNS_BLOCK];
    int64_t entries[LFMI_RUNS_BLOCK];
    lfmi_runs_fetch(&sgd->runs, begin, n, users, entries);
    for (int32_t i = 0; i < n; i++)
        lfmi_prefetch(&index->items[entries[i]]);
    int32_t kept = 0;
    for (int32_t i = 0; i < n; i++) {
        const int32_t item = index->items[entries[i]];
        const bool positive = entries[i] < index->negatives[users[i]];
        samples[kept] = (lfmi_sample){.position = begin + i,
                                      .user = users[i],
                                      .item = item,
                                      .positive = item,
                                      .weight = 1.0f,
                                      .value = positive ? 1.0f : -1.0f};
        if (sgd->loss->begin != NULL)
            sgd->loss->begin(sgd, &samples[kept]);
        kept += positive || sgd->visits_negatives;
    }
    return kept;
}

int32_t lfmi_fetch_samples(const lfmi_sgd *sgd, int64_t begin, int32_t n, lfmi_sample *samples)
{
    return sgd->runs.index != NULL ? fetch_from_runs(sgd, begin, n, samples) : fetch_entries(sgd, begin, n, samples);
}
