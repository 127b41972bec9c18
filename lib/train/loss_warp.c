/* Weighted approximate-rank pairwise loss (Weston, Bengio, Usunier 2011: WSABIE): draw negatives until
 * one violates the margin; the sooner, the worse the positive's rank and the larger the step. */
#include "train/sgd.h"

/* Larger gradients are cut off here, as in LightFM. */
static const float max_gradient = 10.0f;

void lfmi_warp_prepare(lfmi_worker *worker, lfmi_sample *sample)
{
    const lfmi_sgd *sgd = worker->sgd;
    const lfmi_heads heads = sgd->heads; /* a copy, which no store can change */
    lfmi_draw_four(&sgd->sampler, &sample->draws, sample->drawn);
    for (int i = 0; i < LFMI_GROUP && heads.codes != NULL; i++)
        lfmi_prefetch_head(&heads, sample->drawn[i]);
}

/* Mark those of the candidates drawn last that violate: that are above the threshold. Fetch whether the first is
 * known. */
static void mark_violating(const lfmi_sgd *sgd, lfmi_sample *sample, uint32_t above)
{
    const int32_t left = sgd->fit->options.max_sampled - sample->n_drawn;
    sample->violating = left < LFMI_GROUP ? above & ((1u << left) - 1) : above;
    /* Without a branch: of no violation the last candidate is fetched, for nothing. */
    lfmi_prefetch_known(sgd, sample->user, sample->drawn[__builtin_ctz(sample->violating | 1u << (LFMI_GROUP - 1))]);
}

/* Take the first violating candidate that the user does not know. Returns false when more must be drawn. */
static bool take_violating(lfmi_worker *worker, lfmi_sample *sample, const float *scores)
{
    const lfmi_sgd *sgd = worker->sgd;
    const int32_t max_sampled = sgd->fit->options.max_sampled;
    for (uint32_t violating = sample->violating; violating != 0; violating &= violating - 1) {
        const int at = __builtin_ctz(violating);
        if (lfmi_knows(sgd->index, sample->user, sample->drawn[at]))
            continue;
        const float g = sample->weight * sgd->rank_weights[sample->n_drawn + at + 1];
        sample->negative = sample->drawn[at];
        sample->g = g > max_gradient ? max_gradient : g;
        worker->tally.draws += sample->n_drawn + at + 1;
        worker->tally.loss += (double)sample->g * (double)(scores[at] - sample->threshold);
        lfmi_prefetch_features(sgd, LFM_ITEM, sample->negative);
        return true;
    }
    sample->n_drawn += LFMI_GROUP;
    if (sample->n_drawn < max_sampled)
        return false;
    worker->tally.draws += max_sampled;
    return true;
}

void lfmi_warp_choose(lfmi_worker *worker, lfmi_sample *samples, const lfmi_chooser *choosers, int32_t n)
{
    int32_t open[LFMI_BATCH], n_open = n;
    for (int32_t i = 0; i < n; i++)
        open[i] = i;
    const float margin = (float)worker->sgd->fit->options.margin;
    worker->tally.measured += n;
    for (int32_t i = 0; i < n; i++) {
        lfmi_sample *s = &samples[i];
        const lfmi_representation positive = lfmi_representation_of(worker, LFM_ITEM, s->positive, worker->positive);
        s->threshold = lfmi_score(worker, &choosers[i].user, &positive) - margin;
        s->n_drawn = 0;
        s->negative = -1;
    }
    /* A group of candidates of each sample that is still open, then the next. All are scored before any
     * is looked at: what is seen decides a branch that cannot be foreseen, and that waits for the score. */
    while (n_open > 0) {
        float scores[LFMI_BATCH][LFMI_GROUP];
        int32_t still = 0;
        for (int32_t i = 0; i < n_open; i++) {
            lfmi_sample *s = &samples[open[i]];
            const uint32_t above =
                lfmi_score_group(worker, &choosers[open[i]], s->drawn, s->threshold, scores[i]);
            mark_violating(worker->sgd, s, above);
        }
        for (int32_t i = 0; i < n_open; i++) {
            lfmi_sample *s = &samples[open[i]];
            if (take_violating(worker, s, scores[i]))
                continue;
            lfmi_warp_prepare(worker, s);
            open[still++] = open[i];
        }
        n_open = still;
    }
}

static void prepare(lfmi_worker *worker, lfmi_sample *sample)
{
    lfmi_begin_draws(worker->sgd, sample);
    lfmi_warp_prepare(worker, sample);
}

static void choose(lfmi_worker *worker, lfmi_sample *samples, int32_t n)
{
    lfmi_chooser choosers[LFMI_BATCH];
    lfmi_represent_choosers(worker, samples, n, choosers);
    lfmi_warp_choose(worker, samples, choosers, n);
}

const lfmi_loss lfmi_loss_warp = {.visits_negatives = lfmi_visits_positives,
                                  .index_with = LFMI_INDEX_SIGNATURE,
                                  .scores_candidates = true,
                                  .n_prepared = 2,
                                  .prepare = prepare,
                                  .choose = choose};
