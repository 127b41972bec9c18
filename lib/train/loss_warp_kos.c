/* k-th order statistic WARP (Weston, Yee, Weiss 2013: Learning to rank recommendations with the k-order
 * statistic loss): step on the k-th best of some of the user's positives instead of on the one visited. */
#include "train/sgd.h"

/* Draw positives of the user, keep them sorted by score, best first (equal ones in the order drawn). */
static int32_t draw_positives(lfmi_worker *worker, const lfmi_sample *sample, lfmi_stream *draws,
                              const lfmi_representation *user)
{
    const lfmi_sgd *sgd = worker->sgd;
    const int64_t first = sgd->index->offsets[sample->user];
    const int64_t end = sgd->fit->options.kos_known ? sgd->index->offsets[sample->user + 1]
                                                    : sgd->index->negatives[sample->user];
    const int64_t n_positives = end - first;
    const int32_t *positives = sgd->index->items + first;
    const int32_t wanted = sgd->fit->options.kos_n;
    const int32_t n = n_positives < wanted ? (int32_t)n_positives : wanted;
    for (int32_t drawn = 0; drawn < n; drawn++) {
        const int32_t item = positives[lfmi_bounded(draws, (uint64_t)n_positives)];
        const lfmi_representation positive = lfmi_representation_of(worker, LFM_ITEM, item, worker->positive);
        const float score = lfmi_score(worker, user, &positive);
        int32_t at = drawn;
        for (; at > 0 && worker->candidate_scores[at - 1] < score; at--) {
            worker->candidate_scores[at] = worker->candidate_scores[at - 1];
            worker->candidate_items[at] = worker->candidate_items[at - 1];
        }
        worker->candidate_scores[at] = score;
        worker->candidate_items[at] = item;
    }
    return n;
}

static void visit(lfmi_worker *worker, const lfmi_sample *sample)
{
    lfmi_stream draws = lfmi_draws_of(worker, sample);
    const lfmi_representation user = lfmi_representation_of(worker, LFM_USER, sample->user, worker->user);
    const int32_t drawn = draw_positives(worker, sample, &draws, &user);
    const int32_t k = worker->sgd->fit->options.kos_k;
    const int32_t item = worker->candidate_items[(k < drawn ? k : drawn) - 1];
    const lfmi_representation positive = lfmi_representation_of(worker, LFM_ITEM, item, worker->positive);
    lfmi_warp_step(worker, sample, &draws, &user, &positive);
}

static bool visits_negatives(const lfm_train_options *options) { return options->kos_known != 0; }

const lfmi_loss lfmi_loss_warp_kos = {.visits_negatives = visits_negatives, .needs_index = true, .visit = visit};
