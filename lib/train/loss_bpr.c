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
    return !lfmi_is_known(sgd->index, sample->user, item);
}

static void visit(lfmi_worker *worker, const lfmi_sample *sample)
{
    const lfmi_sgd *sgd = worker->sgd;
    lfmi_stream draws = lfmi_draws_of(worker, sample);
    int32_t item = -1;
    for (int32_t draw = 0; draw < sgd->fit->options.max_draws && item < 0; draw++) {
        const int32_t drawn = lfmi_draw(&sgd->sampler, &draws);
        worker->tally.draws++;
        if (may_be_negative(sgd, sample, drawn))
            item = drawn;
    }
    if (item < 0)
        return;
    const lfmi_representation user = lfmi_representation_of(worker, LFM_USER, sample->user, worker->user);
    const lfmi_representation positive = lfmi_representation_of(worker, LFM_ITEM, sample->item, worker->positive);
    const lfmi_representation negative = lfmi_representation_of(worker, LFM_ITEM, item, worker->negative);
    const double margin =
        (double)(lfmi_score(worker, &user, &positive) - lfmi_score(worker, &user, &negative));
    worker->tally.steps++;
    lfmi_measure(worker, sample, margin);
    lfmi_step_pairwise(worker, &user, &positive, &negative, (float)(sample->weight * (1.0 - lfmi_sigmoid(margin))));
}

const lfmi_loss lfmi_loss_bpr = {
    .visits_negatives = lfmi_visits_positives, .needs_index = true, .negative_power = 1.0, .visit = visit};
