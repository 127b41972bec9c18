/* The inside of the SGD trainer that losses see: samples, workers, representations, steps. */
#ifndef LFMI_SGD_H
#define LFMI_SGD_H

#include "base/numeric.h"
#include "base/random.h"
#include "train/order.h"
#include "train/sampler.h"
#include "train/trainer.h"

/* One stored interaction whose turn it is. */
typedef struct lfmi_sample {
    int64_t position; /* in the epoch's order */
    int32_t user, item;
    float weight, value;
} lfmi_sample;

struct lfmi_loss;

/* Constant during an epoch, shared by all workers. */
typedef struct lfmi_sgd {
    const lfmi_fit *fit;
    const lfmi_kernels *kernels;
    const struct lfmi_loss *loss;
    const lfmi_index *index; /* NULL where the loss has no use for it */
    lfmi_sampler sampler;
    lfmi_order order;
    uint64_t draw_key; /* of the epoch */
    lfmi_rates rates[LFMI_SIDES];
    lfmi_update_fn update[LFMI_SIDES];
    bool visits_negatives;     /* explicit ones */
    bool lazy;                 /* LightFM's regularisation is on */
    double scale[LFMI_SIDES];  /* that stored parameters are to be multiplied with; 1 unless lazy */
    float *rank_weights;       /* WARP: by the draw that violated; max_sampled + 1 */
    struct lfmi_worker *workers;
    int32_t n_workers, n_made;
} lfmi_sgd;

/* The weighted sum of features that a user or an item is, and its bias. */
typedef struct lfmi_representation {
    int32_t row;
    float bias;
    const float *vector; /* d numbers: scratch or, under the identity, the parameters themselves */
} lfmi_representation;

/* The state of one thread's share of a segment. On cache lines of its own. */
typedef struct lfmi_worker {
    _Alignas(LFMI_CACHE_LINE) const lfmi_sgd *sgd;
    lfmi_tally tally;
    double scale[LFMI_SIDES];
    float *user, *positive, *negative, *gradient; /* scratch, d numbers each */
    float *candidate_scores;                      /* k-OS: kos_n */
    int32_t *candidate_items;
    float *scratch; /* that all of these point into */
} lfmi_worker;

/* A loss: which interactions it visits and what it does with one. */
typedef struct lfmi_loss {
    /* Whether explicit negatives are visited too. */
    bool (*visits_negatives)(const lfm_train_options *options);
    bool needs_index;
    double negative_power; /* of its own, when the option leaves it open */
    void (*visit)(lfmi_worker *worker, const lfmi_sample *sample);
} lfmi_loss;

/* The answer of a loss that visits positives only. */
static inline bool lfmi_visits_positives(const lfm_train_options *options)
{
    (void)options;
    return false;
}

extern const lfmi_loss lfmi_loss_logistic, lfmi_loss_bpr, lfmi_loss_warp, lfmi_loss_warp_kos;

/* Represent a user or an item; `scratch` is where the sum goes, if one is needed. */
lfmi_representation lfmi_representation_of(const lfmi_worker *worker, int32_t side, int32_t row,
                                           float *scratch);

static inline float lfmi_score(const lfmi_worker *worker, const lfmi_representation *user,
                               const lfmi_representation *item)
{
    const lfmi_sgd *sgd = worker->sgd;
    return sgd->kernels->dot(user->vector, item->vector, sgd->fit->model->layout.d, user->bias + item->bias);
}

/* The draws that belong to a sample. */
static inline lfmi_stream lfmi_draws_of(const lfmi_worker *worker, const lfmi_sample *sample)
{
    return lfmi_stream_of(worker->sgd->draw_key, (uint64_t)sample->position);
}

/* Step on one pair, gradient g: the logistic loss. */
void lfmi_step_pointwise(lfmi_worker *worker, const lfmi_representation *user,
                         const lfmi_representation *item, float g);

/* Step on a positive and a negative of one user, gradient g. */
void lfmi_step_pairwise(lfmi_worker *worker, const lfmi_representation *user,
                        const lfmi_representation *positive, const lfmi_representation *negative, float g);

/* WARP from a given positive on: draw until a negative violates, and step on it. */
void lfmi_warp_step(lfmi_worker *worker, const lfmi_sample *sample, lfmi_stream *draws,
                    const lfmi_representation *user, const lfmi_representation *positive);

/* Losses that cost a logarithm are measured at one visit in so many. */
enum { LFMI_MEASURE_EVERY = 16 };
static inline void lfmi_measure(lfmi_worker *worker, const lfmi_sample *sample, double margin)
{
    if (sample->position % LFMI_MEASURE_EVERY != 0)
        return;
    worker->tally.measured++; /* ln(1 + exp(-margin)), the logistic loss of a margin */
    worker->tally.loss += sample->weight * lfmi_log(1.0 + lfmi_exp(-margin));
}

#endif
