/* The SGD trainer: an epoch's order cut into segments, each shared out between workers that write to
 * nothing in common but parameter rows (HOGWILD: Niu et al. 2011, arXiv:1106.5730). */
#include "train/sgd.h"

#include "parallel/parallel.h"

/* A row of the loss table per LFM_LOSS_…; a new loss is a file and a row. */
static const lfmi_loss *const losses[] = {
    [LFM_LOSS_LOGISTIC] = &lfmi_loss_logistic,
    [LFM_LOSS_BPR] = &lfmi_loss_bpr,
    [LFM_LOSS_WARP] = &lfmi_loss_warp,
    [LFM_LOSS_WARP_KOS] = &lfmi_loss_warp_kos,
};

/* Numbers that tell apart the streams drawn from the model's seed in training. */
enum { STREAM_ORDER = 16, STREAM_DRAWS = 17 };

/* Samples are fetched in blocks, so that the scattered reads of a block overlap. */
enum { BLOCK = 256, PREFETCH_AHEAD = 4, VECTORS_PER_WORKER = 4 };

/* A scale that has grown beyond this is worked into the parameters. */
static const double max_scale = 1e6;

static void destroy(void *state)
{
    lfmi_sgd *sgd = state;
    if (sgd == NULL)
        return;
    lfm_context *context = sgd->fit->model->context;
    const int64_t d = sgd->fit->model->layout.d, kos_n = sgd->fit->options.kos_n;
    for (int32_t i = 0; sgd->workers != NULL && i < sgd->n_made; i++) {
        LFMI_FREE_ARRAY(context, sgd->workers[i].scratch, VECTORS_PER_WORKER * (d + LFMI_LANES));
        LFMI_FREE_ARRAY(context, sgd->workers[i].candidate_scores, kos_n);
        LFMI_FREE_ARRAY(context, sgd->workers[i].candidate_items, kos_n);
    }
    LFMI_FREE_ARRAY(context, sgd->workers, sgd->n_workers);
    LFMI_FREE_ARRAY(context, sgd->rank_weights, (int64_t)sgd->fit->options.max_sampled + 1);
    lfmi_sampler_free(context, &sgd->sampler);
    LFMI_FREE_ARRAY(context, sgd, 1);
}

static lfm_status make_workers(lfmi_sgd *sgd)
{
    lfm_context *context = sgd->fit->model->context;
    const int64_t d = sgd->fit->model->layout.d, kos_n = sgd->fit->options.kos_n;
    const int64_t vector = (d + LFMI_LANES - 1) / LFMI_LANES * LFMI_LANES;
    LFMI_TRY(LFMI_NEW_ZEROED(context, sgd->n_workers, "training threads", &sgd->workers));
    for (; sgd->n_made < sgd->n_workers; sgd->n_made++) {
        lfmi_worker *w = &sgd->workers[sgd->n_made];
        w->sgd = sgd;
        LFMI_TRY(LFMI_NEW_ARRAY(context, VECTORS_PER_WORKER * (d + LFMI_LANES), "a training thread", &w->scratch));
        w->user = w->scratch;
        w->positive = w->user + vector;
        w->negative = w->positive + vector;
        w->gradient = w->negative + vector;
        lfm_status status = LFMI_NEW_ARRAY(context, kos_n, "a training thread", &w->candidate_scores);
        if (status == LFM_OK)
            status = LFMI_NEW_ARRAY(context, kos_n, "a training thread", &w->candidate_items);
        if (status != LFM_OK) {
            sgd->n_made++; /* destroy() frees what this one has */
            return status;
        }
    }
    return LFM_OK;
}

static lfm_status make_rank_weights(lfmi_sgd *sgd)
{
    const int32_t max_sampled = sgd->fit->options.max_sampled;
    LFMI_TRY(LFMI_NEW_ARRAY(sgd->fit->model->context, (int64_t)max_sampled + 1, "WARP's weights", &sgd->rank_weights));
    sgd->rank_weights[0] = 0;
    for (int32_t draw = 1; draw <= max_sampled; draw++) {
        const int32_t rank = (sgd->fit->n_items - 1) / draw;
        sgd->rank_weights[draw] = (float)lfmi_log(rank > 1 ? rank : 1);
    }
    return LFM_OK;
}

static void choose_updates(lfmi_sgd *sgd)
{
    const lfm_train_options *o = &sgd->fit->options;
    const double alphas[LFMI_SIDES] = {o->user_alpha, o->item_alpha};
    sgd->lazy = o->regularisation == LFM_REGULARISATION_LIGHTFM && (alphas[0] > 0 || alphas[1] > 0);
    for (int32_t side = 0; side < LFMI_SIDES; side++) {
        sgd->scale[side] = 1.0;
        sgd->rates[side] = (lfmi_rates){.rho = (float)o->rho,
                                        .one_minus_rho = (float)(1.0 - o->rho),
                                        .epsilon = (float)o->epsilon,
                                        .alpha = (float)alphas[side]};
        const int kind = sgd->lazy ? LFMI_LAZY : (alphas[side] > 0 ? LFMI_L2 : LFMI_PLAIN);
        sgd->update[side] = sgd->kernels->update[sgd->fit->model->options.optimiser][kind];
    }
}

static lfm_status fill(lfmi_sgd *sgd)
{
    const lfmi_fit *fit = sgd->fit;
    if (sgd->loss->needs_index) {
        const double power =
            fit->options.negative_power < 0 ? sgd->loss->negative_power : fit->options.negative_power;
        LFMI_TRY(lfmi_interactions_index(fit->interactions, fit->options.graded != 0, &sgd->index));
        LFMI_TRY(lfmi_sampler_new(fit->interactions, fit->n_items, power, &sgd->sampler));
    }
    LFMI_TRY(make_rank_weights(sgd));
    return make_workers(sgd);
}

static lfm_status create(const lfmi_fit *fit, void **state)
{
    lfmi_sgd *sgd;
    LFMI_TRY(LFMI_NEW_ZEROED(fit->model->context, 1, "a training call", &sgd));
    sgd->fit = fit;
    sgd->kernels = lfmi_kernels_select();
    sgd->loss = losses[fit->options.loss];
    sgd->visits_negatives = sgd->loss->visits_negatives(&fit->options);
    const int64_t blocks = fit->interactions->n_entries / BLOCK + 1;
    sgd->n_workers = fit->threads < blocks ? fit->threads : (int32_t)blocks;
    choose_updates(sgd);
    const lfm_status status = fill(sgd);
    if (status != LFM_OK) {
        destroy(sgd);
        return status;
    }
    *state = sgd;
    return LFM_OK;
}

static void begin_epoch(void *state, int64_t epoch, double learning_rate)
{
    lfmi_sgd *sgd = state;
    const uint64_t seed = sgd->fit->model->options.seed;
    sgd->order = lfmi_order_of(lfmi_key(lfmi_key(seed, STREAM_ORDER), (uint64_t)epoch),
                               sgd->fit->interactions->n_entries, sgd->fit->options.order == LFM_ORDER_STORED);
    sgd->draw_key = lfmi_key(lfmi_key(seed, STREAM_DRAWS), (uint64_t)epoch);
    for (int32_t side = 0; side < LFMI_SIDES; side++)
        sgd->rates[side].eta = (float)learning_rate;
}

/* Fetch the samples at positions [begin, begin + n) that the loss visits; return how many those are. */
static int32_t fetch_block(const lfmi_sgd *sgd, int64_t begin, int32_t n, lfmi_sample *samples)
{
    const lfm_interactions *m = sgd->fit->interactions;
    const int32_t *users = lfmi_users(m), *items = lfmi_items(m);
    const float *values = lfmi_values(m), *weights = lfmi_weights(m);
    int64_t entries[BLOCK];
    for (int32_t i = 0; i < n; i++)
        entries[i] = lfmi_order_at(&sgd->order, begin + i);
    int32_t kept = 0;
    for (int32_t i = 0; i < n; i++) {
        const int64_t entry = entries[i];
        const float value = values != NULL ? values[entry] : 1.0f;
        samples[kept] = (lfmi_sample){.position = begin + i,
                                      .user = users[entry],
                                      .item = items[entry],
                                      .weight = weights != NULL ? weights[entry] : 1.0f,
                                      .value = value};
        kept += value > 0 || sgd->visits_negatives;
    }
    return kept;
}

static inline void prefetch_row(const lfmi_sgd *sgd, int32_t side, int32_t row)
{
    if (sgd->fit->features[side] != NULL)
        return;
    const lfm_model *model = sgd->fit->model;
    const float *theta = lfmi_row(&model->sides[side], &model->layout, row);
    for (int32_t e = 0; e < model->layout.stride; e += LFMI_LANES)
        __builtin_prefetch(theta + e);
}

/* LightFM's scales, worked into the parameters. */
static void apply_scale(const lfmi_sgd *sgd, int32_t side, double scale)
{
    const lfm_model *model = sgd->fit->model;
    const float divisor = (float)scale;
    for (int32_t feature = 0; feature < model->sides[side].n_features; feature++) {
        float *theta = lfmi_row(&model->sides[side], &model->layout, feature);
        for (int32_t e = 0; e < model->layout.d; e++)
            theta[e] /= divisor;
        theta[model->layout.bias] /= divisor;
    }
}

typedef struct segment {
    lfmi_sgd *sgd;
    int64_t begin, end;
} segment;

/* One worker's share of a segment: a run of positions. */
static void run_share(uint32_t index, void *arg)
{
    const segment *part = arg;
    lfmi_sgd *sgd = part->sgd;
    lfmi_worker *worker = &sgd->workers[index];
    const int64_t length = part->end - part->begin, n = sgd->n_workers;
    const int64_t begin = part->begin + length / n * index + length % n * index / n;
    const int64_t end = part->begin + length / n * (index + 1) + length % n * (index + 1) / n;
    lfmi_sample samples[BLOCK];
    worker->tally = (lfmi_tally){0};
    for (int32_t side = 0; side < LFMI_SIDES; side++)
        worker->scale[side] = sgd->scale[side];
    for (int64_t at = begin; at < end && !lfm_cancel_is_set(sgd->fit->options.cancel); at += BLOCK) {
        const int32_t kept = fetch_block(sgd, at, (int32_t)(end - at < BLOCK ? end - at : BLOCK), samples);
        for (int32_t i = 0; i < kept && i < PREFETCH_AHEAD; i++) {
            prefetch_row(sgd, LFM_USER, samples[i].user);
            prefetch_row(sgd, LFM_ITEM, samples[i].item);
        }
        for (int32_t i = 0; i < kept; i++) {
            if (i + PREFETCH_AHEAD < kept) {
                prefetch_row(sgd, LFM_USER, samples[i + PREFETCH_AHEAD].user);
                prefetch_row(sgd, LFM_ITEM, samples[i + PREFETCH_AHEAD].item);
            }
            sgd->loss->visit(worker, &samples[i]);
            for (int32_t side = 0; sgd->n_workers == 1 && side < LFMI_SIDES; side++) {
                if (worker->scale[side] > max_scale) {
                    apply_scale(sgd, side, worker->scale[side]);
                    worker->scale[side] = sgd->scale[side] = 1.0;
                }
            }
        }
        worker->tally.visits += kept;
    }
}

static void run(void *state, int64_t begin, int64_t end, lfmi_tally *tally)
{
    lfmi_sgd *sgd = state;
    segment part = {sgd, begin, end};
    lfmi_parallel_run(sgd->fit->model->context, sgd->n_workers, (uint32_t)sgd->n_workers, run_share, &part);
    double scale[LFMI_SIDES] = {sgd->scale[0], sgd->scale[1]};
    for (int32_t i = 0; i < sgd->n_workers; i++) {
        const lfmi_worker *w = &sgd->workers[i];
        tally->visits += w->tally.visits;
        tally->steps += w->tally.steps;
        tally->draws += w->tally.draws;
        tally->measured += w->tally.measured;
        tally->loss += w->tally.loss;
        for (int32_t side = 0; side < LFMI_SIDES; side++)
            scale[side] *= w->scale[side] / sgd->scale[side];
    }
    for (int32_t side = 0; side < LFMI_SIDES; side++) {
        sgd->scale[side] = scale[side];
        if (scale[side] > max_scale && lfmi_is_finite((float)scale[side])) {
            apply_scale(sgd, side, scale[side]);
            sgd->scale[side] = 1.0;
        }
    }
}

static bool end_epoch(void *state, const char **what)
{
    lfmi_sgd *sgd = state;
    bool finite = true;
    for (int32_t side = 0; side < LFMI_SIDES; side++) {
        if (!lfmi_is_finite((float)sgd->scale[side])) {
            *what = side == LFM_USER ? "the regularisation scale of the user side (user_alpha is too large)"
                                     : "the regularisation scale of the item side (item_alpha is too large)";
            finite = false;
        } else if (sgd->scale[side] != 1.0) {
            apply_scale(sgd, side, sgd->scale[side]);
        }
        sgd->scale[side] = 1.0;
    }
    return finite;
}

const lfmi_trainer lfmi_trainer_sgd = {create, begin_epoch, run, end_epoch, destroy};
