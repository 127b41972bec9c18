/* lfm_model_fit_partial: the epoch driver. Checks, progress, cancelling, divergence and rollback live
 * here; how a stretch of an epoch is trained does not. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/numeric.h"
#include "base/options.h"
#include "parallel/parallel.h"
#include "train/trainer.h"

/* Positions per thread between two looks at the clock: some 10 ms to 100 ms of work. */
enum { SEGMENT = 1 << 15 };

/* Seconds between two calls of the progress callback within an epoch. */
static const double progress_interval = 0.2;

/* The state of the epoch loop. */
typedef struct loop {
    const lfmi_fit *fit;
    const lfmi_trainer *trainer;
    void *state;
    int64_t target;         /* the model's epoch count when all is done */
    double start, reported; /* seconds */
    double own_rate;        /* set by the callback; negative: the schedule's */
    bool stop;
    float *snapshot[LFMI_SIDES];
} loop;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double scheduled_rate(const lfm_train_options *o, int64_t epoch)
{
    if (o->schedule == LFM_SCHEDULE_CONSTANT)
        return o->learning_rate;
    const double done = epoch < o->schedule_epochs ? (double)epoch / o->schedule_epochs : 1.0;
    const double factor =
        o->schedule == LFM_SCHEDULE_LINEAR ? 1.0 - done : 0.5 * (1.0 + lfmi_cos(3.14159265358979323846 * done));
    return o->learning_rate * factor;
}

static int64_t side_floats(const lfm_model *model, int32_t side)
{
    return (int64_t)model->sides[side].n_features * model->layout.stride;
}

static void copy_sides(const loop *l, bool back)
{
    for (int32_t side = 0; side < LFMI_SIDES; side++) {
        float *rows = l->fit->model->sides[side].rows, *snapshot = l->snapshot[side];
        if (snapshot != NULL)
            memcpy(back ? rows : snapshot, back ? snapshot : rows,
                   (size_t)side_floats(l->fit->model, side) * sizeof *rows);
    }
}

/* Tell the callback how far things are; take over its wishes. */
static void report(loop *l, int64_t samples, double rate, const lfmi_tally *tally, bool epoch_ended)
{
    const lfm_train_options *o = &l->fit->options;
    if (o->progress == NULL)
        return;
    const double time = now();
    if (!epoch_ended && time - l->reported < progress_interval)
        return;
    l->reported = time;
    const double visits = tally->visits > 0 ? (double)tally->visits : 1.0;
    lfm_progress progress = {.size = sizeof progress,
                             .epoch = lfm_model_epochs(l->fit->model),
                             .epochs = l->target,
                             .samples = samples,
                             .samples_total = l->fit->interactions->n_entries,
                             .seconds = time - l->start,
                             .loss = tally->measured > 0 ? tally->loss / (double)tally->measured : 0,
                             .violation_rate = (double)tally->steps / visits,
                             .mean_draws = (double)tally->draws / visits,
                             .learning_rate = rate,
                             .epoch_ended = epoch_ended};
    if (epoch_ended)
        lfmi_model_enter_border(l->fit->model);
    const int32_t stop = o->progress(&progress, o->progress_user_data);
    if (epoch_ended)
        lfmi_model_leave_border(l->fit->model);
    l->stop = stop != 0;
    if (progress.learning_rate != rate && progress.learning_rate >= 0 &&
        lfmi_is_finite((float)progress.learning_rate))
        l->own_rate = progress.learning_rate;
}

/* Find a parameter that is not finite any more and describe it; false when there is none. */
static bool describe_bad(const lfmi_fit *fit, char *place, size_t size)
{
    for (int32_t side = 0; side < LFMI_SIDES; side++) {
        const int32_t feature = lfmi_model_find_bad(fit->model, side, fit->threads);
        if (feature < 0)
            continue;
        snprintf(place, size, "a parameter of %s feature %d", side == LFM_USER ? "user" : "item", feature);
        return true;
    }
    return false;
}

static lfm_status diverged(loop *l, const char *what, double rate)
{
    lfm_model *model = l->fit->model;
    char place[96];
    const bool bad = describe_bad(l->fit, place, sizeof place);
    if (!bad && what == NULL)
        return LFM_OK;
    const bool rollback = l->fit->options.rollback != 0;
    const long long epoch = (long long)lfm_model_epochs(model);
    if (rollback)
        copy_sides(l, true);
    model->diverged = !rollback;
    return lfmi_fail(LFM_ERROR_DIVERGED,
                     "training diverged in epoch %lld: %s is not finite any more; try a smaller learning_rate (it was "
                     "%g), smaller weights or normalised feature rows; %s",
                     epoch + 1, bad ? place : what, rate,
                     rollback ? "the model is back at its last completed epoch" : "the model must be reset");
}

/* One pass over the interactions. */
static lfm_status run_epoch(loop *l)
{
    lfm_model *model = l->fit->model;
    const lfm_train_options *o = &l->fit->options;
    const int64_t epoch = lfm_model_epochs(model), n = l->fit->interactions->n_entries;
    const double rate = l->own_rate >= 0 ? l->own_rate : scheduled_rate(o, epoch);
    const int64_t step = (int64_t)SEGMENT * l->fit->threads;
    lfmi_tally tally = {0};
    copy_sides(l, false);
    l->trainer->begin_epoch(l->state, epoch, rate);
    bool cancelled = lfm_cancel_is_set(o->cancel) != 0;
    bool finite = true;
    int64_t done = 0;
    while (done < n && !cancelled && finite) {
        const int64_t end = n - done < step ? n : done + step;
        l->trainer->run(l->state, done, end, &tally);
        done = end;
        /* A loss may overflow while all parameters are finite: that is no reason to end. */
        char place[96];
        finite = lfmi_is_finite_double(tally.loss) || !describe_bad(l->fit, place, sizeof place);
        if (done < n && finite)
            report(l, done, rate, &tally, false);
        cancelled = lfm_cancel_is_set(o->cancel) != 0 || l->stop;
    }
    const char *what = l->trainer->end_epoch(l->state);
    LFMI_TRY(diverged(l, what, rate));
    if (cancelled)
        return lfmi_fail(LFM_ERROR_CANCELLED, "training was cancelled in epoch %lld, which is not counted",
                         (long long)epoch + 1);
    atomic_fetch_add(&model->epochs, 1);
    report(l, n, rate, &tally, true);
    return LFM_OK;
}

static lfm_status run_epochs(loop *l)
{
    lfm_model *model = l->fit->model;
    const lfm_train_options *o = &l->fit->options;
    l->start = l->reported = now();
    l->target = lfm_model_epochs(model) + o->epochs;
    if (o->epochs == 0)
        return LFM_OK;
    LFMI_TRY(l->trainer->create(l->fit, &l->state));
    lfm_status status = LFM_OK;
    for (int32_t side = 0; side < LFMI_SIDES && o->rollback && status == LFM_OK; side++)
        status = LFMI_NEW_ARRAY(model->context, side_floats(model, side), "the snapshot that rollback needs",
                                &l->snapshot[side]);
    while (status == LFM_OK && !l->stop && lfm_model_epochs(model) < l->target)
        status = run_epoch(l);
    for (int32_t side = 0; side < LFMI_SIDES; side++)
        LFMI_FREE_ARRAY(model->context, l->snapshot[side], side_floats(model, side));
    l->trainer->destroy(l->state);
    return status;
}

/* The checks that need the model to hold still, then the work. */
static lfm_status fit_locked(lfmi_fit *fit)
{
    lfm_model *model = fit->model;
    const lfm_interactions *m = fit->interactions;
    LFMI_TRY(lfmi_model_check_usable(model));
    LFMI_TRY(lfmi_model_check_features(model, LFM_USER, fit->features[LFM_USER], m->n_users));
    LFMI_TRY(lfmi_model_check_features(model, LFM_ITEM, fit->features[LFM_ITEM], m->n_items));
    fit->n_items = fit->features[LFM_ITEM] != NULL ? fit->features[LFM_ITEM]->n_rows : m->n_items;
    loop l = {.fit = fit, .trainer = &lfmi_trainer_sgd, .own_rate = -1};
    fenv_t environment;
    lfmi_float_enter(&environment);
    const lfm_status status = run_epochs(&l);
    lfmi_float_leave(&environment);
    return status;
}

lfm_status lfm_model_fit_partial(lfm_model *model, lfm_interactions *interactions, const lfm_features *user_features,
                                 const lfm_features *item_features, const lfm_train_options *options)
{
    lfmi_clear_message();
    LFMI_REQUIRE(model);
    LFMI_REQUIRE(interactions);
    lfmi_fit fit = {.model = model,
                    .interactions = interactions,
                    .features = {[LFM_USER] = user_features, [LFM_ITEM] = item_features}};
    LFMI_TRY(lfmi_train_options_read(&fit.options, options));
    fit.threads = lfmi_threads(model->context, fit.options.threads);
    LFMI_TRY(lfmi_model_lock(model, fit.threads));
    /* The callback may drop the caller's references; ours keep everything alive until the end. */
    lfm_model_ref(model);
    lfm_interactions_ref(interactions);
    lfm_features *held[LFMI_SIDES] = {lfm_features_ref((lfm_features *)(uintptr_t)user_features),
                                      lfm_features_ref((lfm_features *)(uintptr_t)item_features)};
    const lfm_status status = fit_locked(&fit);
    if (status == LFM_OK)
        lfmi_clear_message(); /* what calls from the callback may have left */
    lfmi_model_unlock(model);
    lfm_features_free(held[LFM_ITEM]);
    lfm_features_free(held[LFM_USER]);
    lfm_interactions_free(interactions);
    lfm_model_free(model);
    return status;
}
