/* Weighted approximate-rank pairwise loss (Weston, Bengio, Usunier 2011: WSABIE): draw negatives until
 * one violates the margin; the sooner, the worse the positive's rank and the larger the step. */
#include "train/sgd.h"

/* Larger gradients are cut off here, as in LightFM. */
static const float max_gradient = 10.0f;

void lfmi_warp_step(lfmi_worker *worker, const lfmi_sample *sample, lfmi_stream *draws,
                    const lfmi_representation *user, const lfmi_representation *positive)
{
    const lfmi_sgd *sgd = worker->sgd;
    const lfm_train_options *options = &sgd->fit->options;
    const float threshold = lfmi_score(worker, user, positive) - (float)options->margin;
    worker->tally.measured++;
    for (int32_t draw = 1; draw <= options->max_sampled; draw++) {
        const int32_t item = lfmi_draw(&sgd->sampler, draws);
        worker->tally.draws++;
        const lfmi_representation negative = lfmi_representation_of(worker, LFM_ITEM, item, worker->negative);
        const float score = lfmi_score(worker, user, &negative);
        if (!(score > threshold) || lfmi_is_known(sgd->index, sample->user, item))
            continue;
        float g = sample->weight * sgd->rank_weights[draw];
        g = g > max_gradient ? max_gradient : g;
        worker->tally.steps++;
        worker->tally.loss += (double)g * (double)(score - threshold);
        lfmi_step_pairwise(worker, user, positive, &negative, g);
        return;
    }
}

static void visit(lfmi_worker *worker, const lfmi_sample *sample)
{
    lfmi_stream draws = lfmi_draws_of(worker, sample);
    const lfmi_representation user = lfmi_representation_of(worker, LFM_USER, sample->user, worker->user);
    const lfmi_representation positive = lfmi_representation_of(worker, LFM_ITEM, sample->item, worker->positive);
    lfmi_warp_step(worker, sample, &draws, &user, &positive);
}

const lfmi_loss lfmi_loss_warp = {.visits_negatives = lfmi_visits_positives, .needs_index = true, .visit = visit};
