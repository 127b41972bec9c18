/* The logistic loss: every stored interaction is a yes (value above 0) or a no. */
#include "train/sgd.h"

static void prepare(lfmi_worker *worker, lfmi_sample *sample)
{
    lfmi_prefetch_user(worker->sgd, sample->user);
    lfmi_prefetch_state(worker->sgd, LFM_USER, sample->user);
    lfmi_prefetch_item(worker->sgd, sample->item);
    lfmi_prefetch_features(worker->sgd, LFM_ITEM, sample->item);
}

static void step(lfmi_worker *worker, lfmi_sample *sample)
{
    const lfmi_representation user = lfmi_representation_of(worker, LFM_USER, sample->user, worker->user);
    const lfmi_representation item = lfmi_representation_of(worker, LFM_ITEM, sample->item, worker->positive);
    const double score = (double)lfmi_score(worker, &user, &item);
    const double y = sample->value > 0 ? 1.0 : 0.0;
    lfmi_measure(worker, sample, y > 0 ? score : -score);
    lfmi_step_pointwise(worker, &user, &item, (float)(sample->weight * (lfmi_sigmoid(score) - y)));
}

static bool visits_negatives(const lfm_train_options *options)
{
    (void)options;
    return true;
}

const lfmi_loss lfmi_loss_logistic = {
    .visits_negatives = visits_negatives, .index_with = -1, .prepare = prepare, .step = step};
