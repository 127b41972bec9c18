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
enum { STREAM_ORDER = 16, STREAM_DRAWS = 17, STREAM_RUNS = 18 };

enum { BLOCK = LFMI_RUNS_BLOCK, VECTORS_PER_WORKER = 4 + LFMI_BATCH + LFMI_BATCH / 4 };

/* A scale that has grown beyond this is worked into the parameters. */
static const double max_scale = 1e6;

/* Positions per worker in an epoch's first segment with such scales: see adapt_segment(). */
enum { FIRST_SEGMENT = 16 };

/* Room for the candidates of k-OS WARP, in whole vectors. */
static int64_t max_candidates(const lfmi_sgd *sgd)
{
    return (sgd->fit->options.kos_n + LFMI_LANES - 1) / LFMI_LANES * LFMI_LANES + LFMI_LANES;
}

static void destroy(void *state)
{
    lfmi_sgd *sgd = state;
    if (sgd == NULL)
        return;
    lfm_context *context = sgd->fit->model->context;
    const int64_t d = sgd->fit->model->layout.d, candidates = max_candidates(sgd);
    for (int32_t i = 0; sgd->workers != NULL && i < sgd->n_made; i++) {
        LFMI_FREE_ARRAY(context, sgd->workers[i].scratch, VECTORS_PER_WORKER * (d + LFMI_LANES));
        LFMI_FREE_ARRAY(context, sgd->workers[i].candidate_scores, LFMI_BATCH * candidates);
        LFMI_FREE_ARRAY(context, sgd->workers[i].candidate_items, LFMI_BATCH * candidates);
    }
    LFMI_FREE_ARRAY(context, sgd->workers, sgd->n_workers);
    LFMI_FREE_ARRAY(context, sgd->rank_weights, (int64_t)sgd->fit->options.max_sampled + 1);
    LFMI_FREE_ARRAY(context, sgd->heads.codes, sgd->heads.size);
    lfmi_runs_free(sgd->fit->interactions->context, &sgd->runs);
    for (int32_t side = 0; side < LFMI_SIDES; side++)
        lfmi_hot_free(context, &sgd->hot[side]);
    lfmi_sampler_free(sgd->fit->interactions->context, &sgd->sampler);
    LFMI_FREE_ARRAY(context, sgd, 1);
}

static lfm_status make_workers(lfmi_sgd *sgd)
{
    lfm_context *context = sgd->fit->model->context;
    const int64_t d = sgd->fit->model->layout.d, candidates = max_candidates(sgd);
    LFMI_TRY(LFMI_NEW_ZEROED(context, sgd->n_workers, "training threads", &sgd->workers));
    for (; sgd->n_made < sgd->n_workers; sgd->n_made++) {
        lfmi_worker *w = &sgd->workers[sgd->n_made];
        w->sgd = sgd;
        w->number = sgd->n_made;
        w->max_candidates = (int32_t)candidates;
        w->vector = (d + LFMI_LANES - 1) / LFMI_LANES * LFMI_LANES;
        LFMI_TRY(LFMI_NEW_ARRAY(context, VECTORS_PER_WORKER * (d + LFMI_LANES), "a training thread", &w->scratch));
        w->user = w->scratch;
        w->positive = w->user + w->vector;
        w->negative = w->positive + w->vector;
        w->gradient = w->negative + w->vector;
        w->batch_users = w->gradient + w->vector;
        w->batch_codes = (int8_t *)(w->batch_users + LFMI_BATCH * w->vector);
        lfm_status status = LFMI_NEW_ARRAY(context, LFMI_BATCH * candidates, "a training thread", &w->candidate_scores);
        if (status == LFM_OK)
            status = LFMI_NEW_ARRAY(context, LFMI_BATCH * candidates, "a training thread", &w->candidate_items);
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

static bool has_features(const lfmi_fit *fit)
{
    return fit->features[LFM_USER] != NULL || fit->features[LFM_ITEM] != NULL;
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
    const int32_t optimiser = sgd->fit->model->options.optimiser;
    const bool regularised = alphas[LFM_USER] > 0 || alphas[LFM_ITEM] > 0;
    const bool settled = sgd->loss->gradient == NULL && !sgd->loss->pointwise; /* before the step */
    if (has_features(sgd->fit) && settled && !sgd->lazy)
        sgd->fused_features = sgd->kernels->features[optimiser][regularised ? LFMI_L2 : LFMI_PLAIN];
    if (!has_features(sgd->fit) && !regularised)
        sgd->fused = sgd->loss->pointwise ? sgd->kernels->point[optimiser] : sgd->kernels->pair[optimiser];
}

/* How candidates are scored. Heads are made at an epoch's start and follow steps from there on (see step.c). Under LightFM's
 * scales, which all items grow with, they are also refreshed after as many samples as there are items. In a catalogue so
 * large for its interactions that an item of features would hardly be stepped on in an epoch, the features of each
 * candidate are added up instead. */
static lfm_status make_heads(lfmi_sgd *sgd)
{
    enum { FEWEST = 6, LEAST = 1024 };
    const lfm_model *model = sgd->fit->model;
    const int64_t n = sgd->fit->interactions->n_entries, n_items = sgd->fit->n_items;
    for (int32_t side = 0; side < LFMI_SIDES; side++)
        sgd->direct[side] = sgd->fit->features[side] == NULL && !sgd->lazy;
    sgd->refresh_interval = INT64_MAX;
    if (!sgd->loss->scores_candidates || (!sgd->direct[LFM_ITEM] && n_items > n / FEWEST))
        return LFM_OK;
    if (sgd->lazy)
        sgd->refresh_interval = n_items > LEAST ? n_items : LEAST;
    return lfmi_heads_new(model->context, model->layout.d, n_items, &sgd->heads);
}

/* What is so small that the processor's cache holds it needs no prefetching, which would only take time; of features no
 * more than a little, beside the rows that they name. */
static void choose_prefetching(lfmi_sgd *sgd)
{
    enum { CACHE = 1 << 20, A_LITTLE = CACHE / 8 }; /* bytes; results do not depend on them */
    const lfm_model *model = sgd->fit->model;
    for (int32_t side = 0; side < LFMI_SIDES; side++) {
        const int64_t row = model->layout.stride * (int64_t)sizeof(float);
        const lfm_features *features = sgd->fit->features[side];
        sgd->far[side] = model->sides[side].n_features * row > CACHE;
        sgd->far_features[side] = features != NULL && features->n_entries * (int64_t)sizeof(int32_t) > A_LITTLE;
    }
    sgd->far_heads = sgd->heads.size > CACHE;
}

/* Copies of hot features, which can be put together where states are sums: not of Adadelta's, nor under scales. */
static lfm_status make_hot(lfmi_sgd *sgd)
{
    const lfmi_fit *fit = sgd->fit;
    for (int32_t side = 0; side < LFMI_SIDES; side++) {
        if (sgd->n_workers > 1 && fit->features[side] != NULL && !sgd->lazy &&
            fit->model->options.optimiser != LFM_OPTIMISER_ADADELTA)
            LFMI_TRY(lfmi_hot_new(fit->model, side, fit->features[side], sgd->n_workers, &sgd->hot[side]));
    }
    return LFM_OK;
}

/* Whether any interaction weighs other than 1. */
static bool are_weighted(const lfm_interactions *m)
{
    const float *weights = lfmi_weights(m);
    for (int64_t entry = 0; weights != NULL && entry < m->n_entries; entry++) {
        if (weights[entry] != 1.0f)
            return true;
    }
    return false;
}

/* Runs serve where an interaction is no more than a user, an item and a sign: what the index knows of it. Weights of 1
 * are none, so that with and without them the same is learnt. Where users or items share features, that what a user
 * likes comes together costs precision; so it does a little where users are few, whose rows are in the cache anyway. */
static bool are_in_runs(const lfmi_fit *fit, bool graded)
{
    enum { CACHE = 1 << 20 }; /* bytes; a constant, since results depend on it */
    const int64_t row = fit->model->layout.stride * (int64_t)sizeof(float);
    return fit->options.order != LFM_ORDER_STORED && !graded && !has_features(fit) &&
           fit->interactions->n_users > CACHE / row && !are_weighted(fit->interactions);
}

static lfm_status make_order(lfmi_sgd *sgd)
{
    const lfmi_fit *fit = sgd->fit;
    const bool graded = fit->options.graded && sgd->loss == &lfmi_loss_bpr; /* others have no use for it */
    const bool in_runs = are_in_runs(fit, graded);
    const int with = graded ? LFMI_INDEX_VALUES : sgd->loss->index_with;
    if (in_runs || !sgd->loss->pointwise)
        LFMI_TRY(lfmi_interactions_index_on(fit->interactions, with, fit->threads, fit->options.cancel, &sgd->index));
    return in_runs ? lfmi_runs_new(fit->interactions, sgd->index, sgd->kernels, sgd->batch, &sgd->runs) : LFM_OK;
}

static lfm_status fill(lfmi_sgd *sgd)
{
    const lfmi_fit *fit = sgd->fit;
    const double power = fit->options.negative_power < 0 ? sgd->loss->negative_power : fit->options.negative_power;
    LFMI_TRY(make_order(sgd));
    if (!sgd->loss->pointwise)
        LFMI_TRY(lfmi_sampler_new(fit->interactions, fit->n_items, power, &sgd->sampler));
    LFMI_TRY(make_hot(sgd));
    LFMI_TRY(make_heads(sgd));
    if (sgd->loss->scores_candidates)
        LFMI_TRY(make_rank_weights(sgd));
    choose_prefetching(sgd);
    return make_workers(sgd);
}

static lfm_status create(const lfmi_fit *fit, void **state)
{
    lfmi_sgd *sgd;
    LFMI_TRY(LFMI_NEW_ZEROED(fit->model->context, 1, "a training call", &sgd));
    sgd->fit = fit;
    sgd->first_epoch = lfm_model_epochs(fit->model);
    sgd->kernels = lfmi_kernels_select(fit->model->context);
    sgd->loss = losses[fit->options.loss];
    sgd->batch = has_features(fit) ? sgd->loss->batch_with_features : sgd->loss->batch;
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
    const uint64_t own = sgd->fit->options.draw_seed;
    const uint64_t seed = own != 0 ? own : sgd->fit->model->options.seed;
    const uint64_t number = (uint64_t)(own != 0 ? epoch - sgd->first_epoch : epoch);
    sgd->order = lfmi_order_of(lfmi_key(lfmi_key(seed, STREAM_ORDER), number),
                               sgd->fit->interactions->n_entries, sgd->fit->options.order == LFM_ORDER_STORED);
    lfmi_runs_begin_epoch(&sgd->runs, lfmi_key(lfmi_key(seed, STREAM_RUNS), number));
    sgd->draw_key = lfmi_key(lfmi_key(seed, STREAM_DRAWS), number);
    for (int32_t i = 0; i < sgd->n_workers; i++)
        sgd->workers[i].n_stepped = 0;
    sgd->segment = sgd->lazy && sgd->n_workers > 1 ? (int64_t)FIRST_SEGMENT * sgd->n_workers : INT64_MAX;
    for (int32_t side = 0; side < LFMI_SIDES; side++)
        sgd->rates[side].eta = (float)learning_rate;
}

/* LightFM's scales, worked into the parameters. */
static void divide(const lfmi_sgd *sgd, int32_t side, float divisor)
{
    const lfm_model *model = sgd->fit->model;
    for (int32_t feature = 0; feature < model->sides[side].n_features; feature++) {
        float *theta = lfmi_row(&model->sides[side], &model->layout, feature);
        for (int32_t e = 0; e < model->layout.d; e++)
            theta[e] /= divisor;
        theta[model->layout.bias] /= divisor;
    }
}

static void apply_scale(const lfmi_sgd *sgd, int32_t side, double scale)
{
    const float most = 1e30f; /* several workers' growths together may exceed a float */
    for (; scale > (double)most; scale /= (double)most)
        divide(sgd, side, most);
    divide(sgd, side, (float)scale);
}

void lfmi_check_scales(lfmi_worker *worker)
{
    lfmi_sgd *sgd = (lfmi_sgd *)(uintptr_t)worker->sgd;
    for (int32_t side = 0; sgd->n_workers == 1 && side < LFMI_SIDES; side++) {
        if (worker->scale[side] > max_scale) {
            apply_scale(sgd, side, worker->scale[side]);
            worker->scale[side] = sgd->scale[side] = 1.0;
        }
    }
}

/* Train on the samples of a block, batch by batch. Between two steps a sample of the next batch is
 * prepared: what it fetches comes while the step is computed. */
static void run_block(lfmi_worker *worker, lfmi_sample *samples, int32_t n)
{
    const lfmi_sgd *sgd = worker->sgd;
    const lfmi_loss *loss = sgd->loss;
    const int32_t batch = sgd->batch;
    for (int32_t i = 0; i < n && i < 2 * batch; i++)
        lfmi_prefetch_features_of(sgd, &samples[i]);
    lfmi_draw_ahead(worker, samples, n < batch ? n : batch);
    for (int32_t i = 0; i < n && i < batch; i++) {
        lfmi_prepare(worker, &samples[i], i);
        lfmi_prefetch_rows(sgd, &samples[i]);
    }
    for (int32_t begin = 0; begin < n; begin += batch) {
        const int32_t size = n - begin < batch ? n - begin : batch;
        if (loss->choose != NULL)
            loss->choose(worker, samples + begin, size);
        lfmi_step_batch(worker, samples, begin, size, n);
    }
}

typedef struct segment {
    lfmi_sgd *sgd;
    int64_t begin, end;
} segment;

/* Bring the heads of a worker's share of the items up to date. */
static void refresh_share(uint32_t index, void *arg)
{
    lfmi_sgd *sgd = arg;
    const lfm_model *model = sgd->fit->model;
    const int64_t n = sgd->fit->n_items, begin = n * index / sgd->n_workers, end = n * (index + 1) / sgd->n_workers;
    enum { COLUMNS_AHEAD = 8, ROWS_AHEAD = 2 };
    for (int64_t item = begin; item < end; item++) {
        if (item + COLUMNS_AHEAD < end)
            lfmi_prefetch_features(sgd, LFM_ITEM, (int32_t)item + COLUMNS_AHEAD);
        if (item + ROWS_AHEAD < end)
            lfmi_prefetch_feature_rows(sgd, LFM_ITEM, (int32_t)item + ROWS_AHEAD, model->layout.bias + 1);
        const lfmi_representation r =
            lfmi_representation_of(&sgd->workers[index], LFM_ITEM, (int32_t)item, sgd->workers[index].positive);
        lfmi_set_head(sgd, &r);
    }
}

/* Where a worker stands in the epoch's order when all have done `done` of its n positions: each goes through a stretch of
 * its own. */
static int64_t place_of(const lfmi_sgd *sgd, uint32_t index, int64_t done)
{
    const int64_t n = sgd->fit->interactions->n_entries, workers = sgd->n_workers;
    const int64_t begin = n / workers * index + n % workers * index / workers;
    const int64_t end = n / workers * (index + 1) + n % workers * (index + 1) / workers;
    return begin + (int64_t)((lfmi_uint128)(end - begin) * (uint64_t)done / (uint64_t)n);
}

/* One worker's share of a segment. */
static void run_share(uint32_t index, void *arg)
{
    const segment *part = arg;
    lfmi_sgd *sgd = part->sgd;
    lfmi_worker *worker = &sgd->workers[index];
    const int64_t begin = place_of(sgd, index, part->begin), end = place_of(sgd, index, part->end);
    lfmi_sample samples[BLOCK];
    worker->tally = (lfmi_tally){0};
    for (int32_t side = 0; side < LFMI_SIDES; side++)
        worker->scale[side] = sgd->scale[side];
    for (int32_t side = 0; side < LFMI_SIDES; side++)
        lfmi_hot_load(&sgd->hot[side], worker->number);
    for (int64_t at = begin; at < end && !lfm_cancel_is_set(sgd->fit->options.cancel); at += BLOCK) {
        /* Each its own items, so that none waits for another. */
        if (sgd->heads.codes != NULL && worker->until_refresh <= 0) {
            refresh_share(index, sgd);
            worker->until_refresh = sgd->refresh_interval / sgd->n_workers;
        }
        const int32_t n = (int32_t)(end - at < BLOCK ? end - at : BLOCK);
        const int32_t kept = lfmi_fetch_samples(sgd, at, n, samples);
        run_block(worker, samples, kept);
        worker->tally.visits += kept;
        worker->until_refresh -= n;
        for (int32_t side = 0; side < LFMI_SIDES; side++)
            lfmi_hot_merge(&sgd->hot[side], worker->number);
    }
}

/* Several workers see each other's growth of the scales at a segment's end only. So with LightFM's
 * regularisation the first segments are short, and the next ones as long as the growth of the last allows. */
static void adapt_segment(lfmi_sgd *sgd, int64_t length, const double growth[LFMI_SIDES])
{
    const double most = growth[LFM_USER] > growth[LFM_ITEM] ? growth[LFM_USER] : growth[LFM_ITEM];
    const int64_t least = sgd->n_workers;
    if (most * most < max_scale / 1000) /* far from the bound, be it twice as long */
        sgd->segment = length < INT64_MAX / 2 ? 2 * length : length;
    else if (most > max_scale / 1000)
        sgd->segment = length / 2 > least ? length / 2 : least;
}

static void run_segment(lfmi_sgd *sgd, int64_t begin, int64_t end, lfmi_tally *tally)
{
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
        for (int32_t side = 0; side < LFMI_SIDES; side++)
            lfmi_hot_merge(&sgd->hot[side], i);
    }
    const double growth[LFMI_SIDES] = {scale[0] / sgd->scale[0], scale[1] / sgd->scale[1]};
    for (int32_t side = 0; side < LFMI_SIDES; side++) {
        sgd->scale[side] = scale[side];
        if (scale[side] > max_scale && lfmi_is_finite_double(scale[side])) {
            apply_scale(sgd, side, scale[side]);
            sgd->scale[side] = 1.0;
        }
    }
    if (sgd->lazy && sgd->n_workers > 1)
        adapt_segment(sgd, end - begin, growth);
}

static void run(void *state, int64_t begin, int64_t end, lfmi_tally *tally)
{
    lfmi_sgd *sgd = state;
    if (begin == 0 && sgd->heads.codes != NULL) {
        for (int32_t i = 0; i < sgd->n_workers; i++) {
            sgd->workers[i].scale[LFM_ITEM] = sgd->scale[LFM_ITEM];
            sgd->workers[i].until_refresh = sgd->refresh_interval / sgd->n_workers;
            for (int32_t side = 0; side < LFMI_SIDES; side++)
                lfmi_hot_load(&sgd->hot[side], i);
        }
        lfmi_parallel_run(sgd->fit->model->context, sgd->n_workers, (uint32_t)sgd->n_workers, refresh_share, sgd);
    }
    for (int64_t at = begin; at < end && !lfm_cancel_is_set(sgd->fit->options.cancel);) {
        const int64_t next = end - at > sgd->segment ? at + sgd->segment : end;
        run_segment(sgd, at, next, tally);
        at = next;
    }
}

static const char *end_epoch(void *state)
{
    lfmi_sgd *sgd = state;
    const char *what = NULL;
    for (int32_t side = 0; side < LFMI_SIDES; side++) {
        if (!lfmi_is_finite_double(sgd->scale[side]))
            what = side == LFM_USER ? "the regularisation scale of the user side (user_alpha is too large)"
                                    : "the regularisation scale of the item side (item_alpha is too large)";
        else if (sgd->scale[side] != 1.0)
            apply_scale(sgd, side, sgd->scale[side]);
        sgd->scale[side] = 1.0;
    }
    return what;
}

const lfmi_trainer lfmi_trainer_sgd = {create, begin_epoch, run, end_epoch, destroy};
