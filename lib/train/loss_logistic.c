/* The logistic loss: every stored interaction is a yes (value above 0) or a no. */
#include "train/sgd.h"

static float gradient(lfmi_worker *worker, const lfmi_sample *sample, const lfmi_representation *user,
                      const lfmi_representation *item, const lfmi_representation *none)
{
    (void)none;
    const double likely = lfmi_sigmoid((double)lfmi_score(worker, user, item));
    const double y = sample->value > 0 ? 1.0 : 0.0;
    lfmi_measure(worker, sample, y > 0 ? likely : 1.0 - likely);
    return (float)(sample->weight * (likely - y));
}

static bool visits_negatives(const lfm_train_options *options)
{
    (void)options;
    return true;
}

const lfmi_loss lfmi_loss_logistic = {.visits_negatives = visits_negatives,
                                      .batch = 8,
                                      .batch_with_features = 8,
                                      .pointwise = true,
                                      .n_prepared = 2,
                                      .gradient = gradient};
