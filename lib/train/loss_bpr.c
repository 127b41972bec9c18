/* Bayesian personalised ranking (Rendle et al. 2009, arXiv:1205.2618): a positive should score above a
 * negative. */
#include "train/sgd.h"

/* The stored value of a pair: the largest of its copies; -infinity when the user does not know it. */
static float value_of_pair(const lfmi_index *index, int32_t user, int32_t item)
{
    const int64_t bounds[3] = {index->offsets[user], index->negatives[user], index->offsets[user + 1]};
    for (int part = 0; part < 2; part++) {
        const int64_t n = bounds[part + 1] - bounds[part];
        const int64_t at = lfmi_lower_bound(index->items + bounds[part], n, item);
        if (at < n && index->items[bounds[part] + at] == item)
            return index->values[bounds[part] + at];
    }
    return -__builtin_inff();
}

static bool may_be_negative(const lfmi_sgd *sgd, const lfmi_sample *sample, int32_t item)
{
    if (sgd->fit->options.graded)
        return value_of_pair(sgd->index, sample->user, item) < sample->value;
    return !lfmi_knows(sgd->index, sample->user, item);
}

static void begin(const lfmi_sgd *sgd, lfmi_sample *sample)
{
    lfmi_begin_draws(sgd, sample);
    sample->drawn = lfmi_begin_draw(&sgd->sampler, &sample->draws);
}

static void prepare(lfmi_worker *worker, lfmi_sample *sample, int32_t at)
{
    (void)at;
    const lfmi_sgd *sgd = worker->sgd;
    sample->drawn = lfmi_end_draw(&sgd->sampler, &sample->draws, sample->drawn);
    sample->negative = sample->drawn; /* unless choosing finds it known */
    if (!sgd->fit->options.graded) /* else the signature is not ours: another call may be making it */
        lfmi_prefetch_known(sgd, sample->user, sample->drawn);
    lfmi_prefetch_features(sgd, LFM_ITEM, sample->drawn);
}

/* Draw on where the first draw was known; -1 when max_draws brought none. */
static void choose(lfmi_worker *worker, lfmi_sample *samples, int32_t n)
{
    const lfmi_sgd *sgd = worker->sgd;
    for (int32_t i = 0; i < n; i++) {
        lfmi_sample *s = &samples[i];
        int32_t draws = 1;
        while (!may_be_negative(sgd, s, s->drawn) && ++draws <= sgd->fit->options.max_draws)
            s->drawn = lfmi_draw(&sgd->sampler, &s->draws);
        s->negative = draws <= sgd->fit->options.max_draws ? s->drawn : -1;
        worker->tally.draws += s->negative >= 0 ? draws : draws - 1;
    }
}

static float gradient(lfmi_worker *worker, const lfmi_sample *sample, const lfmi_representation *user,
                      const lfmi_representation *positive, const lfmi_representation *negative)
{
    const double margin = (double)(lfmi_score(worker, user, positive) - lfmi_score(worker, user, negative));
    const double likely = lfmi_sigmoid(margin);
    lfmi_measure(worker, sample, likely);
    return (float)(sample->weight * (1.0 - likely));
}

const lfmi_loss lfmi_loss_bpr = {.visits_negatives = lfmi_visits_positives,
                                 .batch = 8,
                                 .batch_with_features = 8,
                                 .index_with = LFMI_INDEX_SIGNATURE,
                                 .negative_power = 1.0,
                                 .n_prepared = 3,
                                 .begin = begin,
                                 .prepare = prepare,
                                 .choose = choose,
                                 .gradient = gradient};
