/* The inside of the SGD trainer that losses see: samples, workers, representations, steps. */
#ifndef LFMI_SGD_H
#define LFMI_SGD_H

#include "base/numeric.h"
#include "base/order.h"
#include "base/prefetch.h"
#include "base/random.h"
#include "train/hot.h"
#include "train/runs.h"
#include "train/sampler.h"
#include "train/trainer.h"

/* Samples whose negatives are chosen together at most, before any of them is stepped on: the memory that one
 * waits for comes while the others are worked on. */
enum { LFMI_BATCH = LFMI_ROUND };

/* One stored interaction whose turn it is, and what its loss has chosen for it. */
typedef struct lfmi_sample {
    int64_t position; /* in the epoch's order */
    int32_t user, item;
    float weight, value;
    lfmi_stream draws;         /* BPR: where its draws go on */
    int32_t positive;          /* what is stepped on: the item, or k-OS WARP's choice */
    int32_t negative;          /* -1: none was found, no step; behind the positive */
    float g;                   /* the gradient, where choosing settles it */
    int32_t drawn;             /* BPR: the last candidate */
} lfmi_sample;

struct lfmi_loss;

/* Constant during an epoch, shared by all workers. */
typedef struct lfmi_sgd {
    const lfmi_fit *fit;
    const lfmi_kernels *kernels;
    const struct lfmi_loss *loss;
    const lfmi_index *index; /* NULL where neither loss nor order has a use for it */
    lfmi_sampler sampler;
    lfmi_order order;     /* where there are no runs */
    lfmi_runs runs;
    lfmi_hot hot[LFMI_SIDES]; /* where several workers have features */
    int64_t first_epoch; /* of this call, in the model's count */
    uint64_t draw_key;   /* of the epoch */
    lfmi_rates rates[LFMI_SIDES];
    lfmi_update_fn update[LFMI_SIDES];
    lfmi_step_fn fused;        /* the step in one kernel, where that applies; else NULL */
    lfmi_features_fn fused_features; /* the same with features */
    int32_t batch;             /* samples that are chosen for together; results depend on it */
    bool visits_negatives;     /* explicit ones */
    bool lazy;                 /* LightFM's regularisation is on */
    bool direct[LFMI_SIDES];   /* a representation is the parameters themselves: identity, not lazy */
    bool far[LFMI_SIDES];      /* rows of parameters are so many that they do not stay in the processor's cache; the
                                * kernels of whole steps fetch them anyway */
    bool far_features[LFMI_SIDES]; /* the same of the entries of feature matrices */
    bool far_heads;                /* the same of heads */
    double scale[LFMI_SIDES];  /* that stored parameters are to be multiplied with; 1 unless lazy */
    float *rank_weights;       /* WARP: by the draw that violated; max_sampled + 1 */
    lfmi_heads heads;          /* what candidates are mostly scored by, so that looking through ten of them touches ten
                                * cache lines or so. Only choosing reads them. Made at an epoch's start; steps keep
                                * them up to date (see step.c); no codes: candidates are represented one by one */
    int64_t refresh_interval;  /* positions of all workers between two refreshes */
    int64_t segment;           /* positions, at most, until the workers' scales are put together */
    struct lfmi_worker *workers;
    int32_t n_workers, n_made;
} lfmi_sgd;

/* The weighted sum of features that a user or an item is, and its bias. */
typedef struct lfmi_representation {
    int32_t row;
    float bias;
    const float *vector; /* d numbers: scratch or, under the identity, the parameters themselves */
} lfmi_representation;

/* Rows that are queued to be fetched, and marks of rows that a stretch of samples uses. */
enum { LFMI_AHEAD = 64, LFMI_MARKS = 1024 };

/* The state of one thread's share of a segment. On cache lines of its own. */
typedef struct lfmi_worker {
    _Alignas(LFMI_CACHE_LINE) const lfmi_sgd *sgd;
    int32_t number; /* among the workers */
    lfmi_tally tally;
    int64_t n_stepped; /* in this epoch */
    double scale[LFMI_SIDES];
    int64_t until_refresh; /* positions until its items' heads are refreshed */
    float *user, *positive, *negative, *gradient; /* scratch, d numbers each */
    float *batch_users;                           /* scratch, LFMI_BATCH of them */
    int8_t *batch_codes;                          /* of the same */
    int64_t vector;                               /* floats from one scratch vector to the next */
    lfmi_round round;                             /* WARP: users of a batch and candidates, then candidates of the next */
    uint64_t streams[LFMI_BATCH];                 /* WARP: where their draws go on */
    int32_t n_taken;                              /* k-OS: samples of the next batch whose positives are drawn */
    float *candidate_scores;                      /* k-OS: LFMI_BATCH times max_candidates */
    int32_t *candidate_items;                     /* the same */
    int32_t max_candidates;                       /* kos_n, rounded up to whole groups of lanes */
    float *scratch; /* that the vectors point into */
    const float *ahead[LFMI_AHEAD]; /* rows that the next step goes through: fetched by the updates of this one */
    int32_t n_ahead, fetched;
    uint32_t stretch, marks[LFMI_SIDES][LFMI_MARKS]; /* of the last stretch that used a row: see step.c */
} lfmi_worker;

/* A loss: which interactions it visits and what it does with one. */
typedef struct lfmi_loss {
    /* Whether explicit negatives are visited too. */
    bool (*visits_negatives)(const lfm_train_options *options);
    int index_with; /* what the index should have, LFMI_INDEX_… */
    bool scores_candidates; /* looks for a negative by score: needs the heads */
    double negative_power; /* of its own, when the option leaves it open */
    bool pointwise;        /* steps on a user and an item, without a negative */
    int32_t batch;         /* samples that are chosen for together; fewer of them with features, which many step on */
    int32_t batch_with_features;
    int32_t n_prepared;    /* rows that are known once a sample is prepared: user, positive, negative, in this order */
    /* Begin the draws of a sample of the next block. NULL: there is nothing to begin. */
    void (*begin)(const lfmi_sgd *sgd, lfmi_sample *sample);
    /* Draw ahead for the next batch. NULL: nothing. */
    void (*draw)(lfmi_worker *worker, const lfmi_sample *samples, int32_t n);
    /* Fetch what choosing will read beside these rows, some samples before it does: for sample `at` of the next batch.
     * NULL: nothing. */
    void (*prepare)(lfmi_worker *worker, lfmi_sample *sample, int32_t at);
    /* Choose positive, negative and, where it does not depend on scores, the gradient, for a batch. NULL:
     * there is nothing to choose. */
    void (*choose)(lfmi_worker *worker, lfmi_sample *samples, int32_t n);
    /* The gradient, from the scores as they are before the step; `negative` is NULL if pointwise. NULL: choosing
     * has settled it. */
    float (*gradient)(lfmi_worker *worker, const lfmi_sample *sample, const lfmi_representation *user,
                      const lfmi_representation *positive, const lfmi_representation *negative);
} lfmi_loss;

/* The answer of a loss that visits positives only. */
static inline bool lfmi_visits_positives(const lfm_train_options *options)
{
    (void)options;
    return false;
}

extern const lfmi_loss lfmi_loss_logistic, lfmi_loss_bpr, lfmi_loss_warp, lfmi_loss_warp_kos;

/* Make room for the heads of all items; heads->codes is freed with heads->size. */
lfm_status lfmi_heads_new(lfm_context *context, int32_t d, int64_t n_items, lfmi_heads *heads);

/* Fetch the samples at n <= LFMI_RUNS_BLOCK positions from `begin` on, all at once, so that their scattered reads overlap:
 * those that the loss visits. Returns how many these are. */
int32_t lfmi_fetch_samples(const lfmi_sgd *sgd, int64_t begin, int32_t n, lfmi_sample *samples);

/* Add up the features of a user or an item in `scratch`. */
lfmi_representation lfmi_add_up(const lfmi_worker *worker, int32_t side, int32_t row, float *scratch);

/* Represent a user or an item; `scratch` is where the sum goes, if one is needed. */
static inline lfmi_representation lfmi_representation_of(const lfmi_worker *worker, int32_t side, int32_t row,
                                                         float *scratch)
{
    const lfmi_sgd *sgd = worker->sgd;
    if (!sgd->direct[side])
        return lfmi_add_up(worker, side, row, scratch);
    const lfm_model *model = sgd->fit->model;
    const float *theta = lfmi_row(&model->sides[side], &model->layout, row);
    return (lfmi_representation){row, theta[model->layout.bias], theta};
}

static inline float lfmi_score(const lfmi_worker *worker, const lfmi_representation *user,
                               const lfmi_representation *item)
{
    const lfmi_sgd *sgd = worker->sgd;
    return sgd->kernels->dot(user->vector, item->vector, sgd->fit->model->layout.d, user->bias + item->bias);
}

/* Score the LFMI_GROUP candidates of place `at` in the worker's round one by one; returns which are above the threshold,
 * a bit each. */
uint32_t lfmi_score_slowly(lfmi_worker *worker, const lfmi_representation *user, int32_t at);

/* Begin the draws that belong to a sample. */
static inline void lfmi_begin_draws(const lfmi_sgd *sgd, lfmi_sample *sample)
{
    sample->draws = lfmi_stream_of(sgd->draw_key, (uint64_t)sample->position);
}

static inline void lfmi_prefetch_floats(const float *from, int32_t n)
{
    for (int32_t e = 0; e < n; e += LFMI_LANES)
        lfmi_prefetch(from + e);
}

/* Fetch a row of parameters, to be stepped on. */
static inline void lfmi_prefetch_to_step(const lfmi_sgd *sgd, const float *row)
{
    for (int32_t e = 0; e < sgd->fit->model->layout.stride; e += LFMI_LANES)
        lfmi_prefetch_to_write(row + e);
}

/* Fetch what an item is scored by as a candidate. There must be heads. */
static inline void lfmi_prefetch_head(const lfmi_heads *heads, int32_t item)
{
    const int8_t *codes = lfmi_codes_of(heads, item);
    lfmi_prefetch(codes);
    for (int32_t e = LFMI_CACHE_LINE; e < heads->stride; e += LFMI_CACHE_LINE)
        lfmi_prefetch(codes + e);
    if (heads->head_stride != heads->stride)
        lfmi_prefetch(lfmi_head_of(heads, item));
}
/* Fetch what scoring an item reads. */
static inline void lfmi_prefetch_item_head(const lfmi_sgd *sgd, int32_t item)
{
    const lfm_model *model = sgd->fit->model;
    if (sgd->fit->features[LFM_ITEM] == NULL && sgd->far[LFM_ITEM])
        lfmi_prefetch_floats(lfmi_row(&model->sides[LFM_ITEM], &model->layout, item), model->layout.d + 1);
}

/* Fetch the word that lfmi_knows() will look at. */
static inline void lfmi_prefetch_known(const lfmi_sgd *sgd, int32_t user, int32_t item)
{
    if (sgd->index->signature != NULL)
        lfmi_prefetch(&sgd->index->signature[lfmi_known_place(sgd->index, user, item).word]);
}

/* Fetch the features of a user or an item, then, when those have come, n floats of each one's row. */
static inline void lfmi_prefetch_features(const lfmi_sgd *sgd, int32_t side, int32_t row)
{
    const lfm_features *f = sgd->fit->features[side];
    if (!sgd->far_features[side])
        return;
    const lfmi_feature_row entries = lfmi_features_row(f, row);
    lfmi_prefetch(entries.columns);
    if (entries.values != NULL)
        lfmi_prefetch(entries.values);
}
static inline void lfmi_prefetch_feature_rows(const lfmi_sgd *sgd, int32_t side, int32_t row, int32_t n)
{
    enum { MOST = 16 };
    const lfm_features *f = sgd->fit->features[side];
    if (f == NULL || !sgd->far[side])
        return;
    const lfm_model *model = sgd->fit->model;
    const lfmi_feature_row entries = lfmi_features_row(f, row);
    for (int64_t i = 0; i < entries.n && i < MOST; i++)
        lfmi_prefetch_floats(lfmi_row(&model->sides[side], &model->layout, entries.columns[i]), n);
}

/* Bring an item's head up to date with what the item is. */
void lfmi_set_head(const lfmi_sgd *sgd, const lfmi_representation *item);

/* Step on the chosen samples [begin, begin + size) of a block of n, and prepare as many of the next batch. */
void lfmi_step_batch(lfmi_worker *worker, lfmi_sample *samples, int32_t begin, int32_t size, int32_t n);

/* LightFM's scales: with one worker a scale that has grown too far is worked into the parameters at once. */
void lfmi_check_scales(lfmi_worker *worker);

/* Fetch a row of a side without features, to be stepped on. */
void lfmi_prefetch_row(const lfmi_sgd *sgd, int32_t side, int32_t row);

/* Fetch which features a sample's user and item have. */
void lfmi_prefetch_features_of(const lfmi_sgd *sgd, const lfmi_sample *sample);

/* Draw ahead for a batch, and prepare one of its samples for choosing. */
static inline void lfmi_draw_ahead(lfmi_worker *worker, const lfmi_sample *samples, int32_t n)
{
    if (worker->sgd->loss->draw != NULL)
        worker->sgd->loss->draw(worker, samples, n);
}
static inline void lfmi_prepare(lfmi_worker *worker, lfmi_sample *sample, int32_t at)
{
    if (worker->sgd->loss->prepare != NULL)
        worker->sgd->loss->prepare(worker, sample, at);
}

/* Fetch the rows that a prepared sample is known to need. */
void lfmi_prefetch_rows(const lfmi_sgd *sgd, const lfmi_sample *sample);

/* WARP: draw the next candidates of the first n places in the worker's round; fetch what those of one are scored by;
 * choose from them on, positives being chosen. */
void lfmi_warp_draw(lfmi_worker *worker, int32_t n);
void lfmi_warp_prefetch(const lfmi_worker *worker, int32_t at);
void lfmi_warp_choose(lfmi_worker *worker, lfmi_sample *samples, const lfmi_representation *users, int32_t n);

/* Represent the users of a batch for choosing, in the worker's round also by codes, where there are heads. */
void lfmi_represent_users(lfmi_worker *worker, const lfmi_sample *samples, int32_t n, lfmi_representation *users);

/* Losses that cost a logarithm are measured at one visit in so many: -ln of what the model holds likely. */
enum { LFMI_MEASURE_EVERY = 16 };
static inline void lfmi_measure(lfmi_worker *worker, const lfmi_sample *sample, double likely)
{
    const double least = 1e-300;
    if (sample->position % LFMI_MEASURE_EVERY != 0)
        return;
    worker->tally.measured++;
    worker->tally.loss -= sample->weight * lfmi_log(likely < least ? least : likely);
}

#endif
