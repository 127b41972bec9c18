/* Steering training from its callback and from outside: progress, stopping, cancelling, rates, and who
 * may do what to the model meanwhile. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "build.h"
#include "check.h"
#include "tap.h"

enum { N_USERS = 50, N_ITEMS = 70 };

static lfm_interactions *small_set(void)
{
    test_entries entries = entries_random(1, 1200, N_USERS, N_ITEMS, 2, 0);
    lfm_interactions *interactions = entries_build(NULL, &entries);
    entries_free(&entries);
    return interactions;
}

/* Large enough for several calls of the callback within an epoch. */
static lfm_interactions *large_set(void)
{
    test_entries entries = entries_random(1, 400000, 2000, 3000, 0, 0);
    lfm_interactions *interactions = entries_build(NULL, &entries);
    entries_free(&entries);
    return interactions;
}

static lfm_model *small_model(void) { return build_model(NULL, N_USERS, N_ITEMS, 8, 0, 3); }

static lfm_train_options options_with(lfm_progress_fn progress, void *user_data)
{
    lfm_train_options options;
    lfm_train_options_init(&options);
    options.epochs = 4;
    options.threads = 1;
    options.progress = progress;
    options.progress_user_data = user_data;
    return options;
}

/* What a callback saw and shall do. */
typedef struct witness {
    lfm_model *model;
    lfm_interactions *interactions;
    lfm_cancel *cancel;
    int calls, ended, stop_at;
    double rate_to_set;
    lfm_progress last;
    bool plausible;
    lfm_status statuses[16];
    pthread_t thread;
} witness;

static int32_t watch(lfm_progress *p, void *user_data)
{
    witness *w = user_data;
    w->calls++;
    const bool fields = p->size == sizeof *p && p->samples >= 0 && p->samples <= p->samples_total &&
                        p->seconds >= w->last.seconds && p->loss >= 0 && p->violation_rate >= 0 &&
                        p->violation_rate <= 1 && p->mean_draws >= 0 && p->epoch <= p->epochs &&
                        p->epoch == lfm_model_epochs(w->model) && p->learning_rate >= 0 &&
                        (p->epoch_ended == 0 || p->samples == p->samples_total) &&
                        (p->epoch_ended == 0 || p->epoch == w->last.epoch + 1 || w->calls == 1 ||
                         w->last.epoch_ended == 0) &&
                        pthread_equal(w->thread, pthread_self());
    w->plausible = w->plausible && fields;
    w->last = *p;
    if (!p->epoch_ended)
        return 0;
    w->ended++;
    return w->stop_at > 0 && w->ended == w->stop_at;
}

static void test_progress(void)
{
    lfm_interactions *interactions = small_set();
    for (int32_t loss = 0; loss < 4; loss++) {
        witness w = {.model = small_model(), .plausible = true, .thread = pthread_self()};
        lfm_train_options options = options_with(watch, &w);
        options.loss = loss;
        CHECK_OK(lfm_model_fit_partial(w.model, interactions, NULL, NULL, &options));
        CHECK(w.plausible);
        CHECK_INTEGER(w.calls, 4);
        CHECK_INTEGER(w.ended, 4);
        CHECK_INTEGER(w.last.epoch, 4);
        CHECK_INTEGER(w.last.epochs, 4);
        CHECK_INTEGER(w.last.samples_total, 1200);
        CHECK(w.last.loss > 0 && w.last.loss < 20);
        CHECK_CLOSE(w.last.learning_rate, 0.05, 0, 0);
        if (loss == LFM_LOSS_LOGISTIC) {
            CHECK_CLOSE(w.last.violation_rate, 1.0, 0, 0);
            CHECK_CLOSE(w.last.mean_draws, 0.0, 0, 0);
        } else {
            CHECK(w.last.violation_rate > 0.1);
            CHECK(w.last.mean_draws >= (loss == LFM_LOSS_BPR ? 1.0 : w.last.violation_rate));
            CHECK(w.last.mean_draws <= (loss == LFM_LOSS_BPR ? 100.0 : 10.0));
        }
        /* The next call counts on. */
        w.last = (lfm_progress){.epoch = 4};
        w.calls = 0;
        CHECK_OK(lfm_model_fit_partial(w.model, interactions, NULL, NULL, &options));
        CHECK_INTEGER(w.last.epoch, 8);
        CHECK_INTEGER(w.last.epochs, 8);
        lfm_model_free(w.model);
    }
    lfm_interactions_free(interactions);
}

/* Each logistic step counts: with rate 0 the loss at embeddings 0 is ln 2 and stays there. */
static void test_loss_estimate(void)
{
    lfm_interactions *interactions = small_set();
    for (int32_t loss = LFM_LOSS_LOGISTIC; loss <= LFM_LOSS_BPR; loss++) {
        witness w = {.model = small_model(), .plausible = true, .thread = pthread_self()};
        float zeros[N_ITEMS * 8] = {0};
        CHECK_OK(lfm_model_set(w.model, LFM_ITEM, LFM_EMBEDDINGS, zeros, N_ITEMS * 8));
        lfm_train_options options = options_with(watch, &w);
        options.loss = loss;
        options.learning_rate = 0;
        CHECK_OK(lfm_model_fit_partial(w.model, interactions, NULL, NULL, &options));
        CHECK_CLOSE(w.last.loss, 0.693147180559945, 1e-6, 0);
        lfm_model_free(w.model);
    }
    lfm_interactions_free(interactions);
}

/* Stopping at an epoch's end is a success, and what was trained is what fewer epochs give. */
static void test_stop_at_end(void)
{
    lfm_interactions *interactions = small_set();
    witness w = {.model = small_model(), .plausible = true, .stop_at = 2, .thread = pthread_self()};
    lfm_train_options options = options_with(watch, &w);
    CHECK_OK(lfm_model_fit_partial(w.model, interactions, NULL, NULL, &options));
    CHECK_INTEGER(lfm_model_epochs(w.model), 2);
    CHECK_INTEGER(w.calls, 2);
    lfm_model *other = small_model();
    options.epochs = 2;
    options.progress = NULL;
    CHECK_OK(lfm_model_fit_partial(other, interactions, NULL, NULL, &options));
    CHECK(model_hash(other) == model_hash(w.model));
    options.epochs = 2;
    CHECK_OK(lfm_model_fit_partial(w.model, interactions, NULL, NULL, &options));
    CHECK_INTEGER(lfm_model_epochs(w.model), 4);
    lfm_model_free(other);
    lfm_model_free(w.model);
    lfm_interactions_free(interactions);
}

static int32_t stop_in_the_middle(lfm_progress *p, void *user_data)
{
    witness *w = user_data;
    w->calls++;
    w->ended += p->epoch_ended;
    if (p->epoch_ended)
        return 0;
    lfm_view view = {.size = sizeof view};
    w->statuses[0] = lfm_model_view(w->model, LFM_USER, LFM_BIASES, &view);
    w->last = *p;
    return 1;
}

static void test_stop_in_the_middle(void)
{
    lfm_interactions *interactions = large_set();
    witness w = {.model = build_model(NULL, 2000, 3000, 512, 0, 3)};
    lfm_train_options options = options_with(stop_in_the_middle, &w);
    options.epochs = 50;
    CHECK_FAILS(lfm_model_fit_partial(w.model, interactions, NULL, NULL, &options),
                LFM_ERROR_CANCELLED, "epoch");
    CHECK_INTEGER(lfm_model_epochs(w.model), w.ended);
    CHECK(w.last.samples > 0 && w.last.samples < w.last.samples_total);
    CHECK_INTEGER(w.statuses[0], LFM_ERROR_BUSY); /* not at a border */
    options.progress = NULL;
    options.epochs = 1;
    CHECK_OK(lfm_model_fit_partial(w.model, interactions, NULL, NULL, &options));
    CHECK_INTEGER(lfm_model_epochs(w.model), w.ended + 1);
    lfm_model_free(w.model);
    lfm_interactions_free(interactions);
}

static void test_cancelled_before(void)
{
    lfm_interactions *interactions = small_set();
    lfm_model *model = small_model();
    lfm_cancel *cancel = NULL;
    REQUIRE_OK(lfm_cancel_create(NULL, &cancel));
    lfm_train_options options = options_with(NULL, NULL);
    options.cancel = cancel;
    const uint64_t fresh = model_hash(model);
    lfm_cancel_set(cancel);
    CHECK_FAILS(lfm_model_fit_partial(model, interactions, NULL, NULL, &options), LFM_ERROR_CANCELLED,
                "cancelled");
    CHECK(model_hash(model) == fresh);
    lfm_cancel_reset(cancel);
    CHECK_OK(lfm_model_fit_partial(model, interactions, NULL, NULL, &options));
    CHECK_INTEGER(lfm_model_epochs(model), 4);
    lfm_cancel_free(cancel);
    lfm_model_free(model);
    lfm_interactions_free(interactions);
}

static int32_t cancel_at_end(lfm_progress *p, void *user_data)
{
    witness *w = user_data;
    if (p->epoch_ended && p->epoch == 2)
        lfm_cancel_set(w->cancel);
    return 0;
}

static void test_cancelled_by_callback(void)
{
    lfm_interactions *interactions = small_set();
    witness w = {.model = small_model()};
    REQUIRE_OK(lfm_cancel_create(NULL, &w.cancel));
    lfm_train_options options = options_with(cancel_at_end, &w);
    options.cancel = w.cancel;
    CHECK_STATUS(lfm_model_fit_partial(w.model, interactions, NULL, NULL, &options),
                 LFM_ERROR_CANCELLED);
    CHECK_INTEGER(lfm_model_epochs(w.model), 2);
    lfm_cancel_free(w.cancel);
    lfm_model_free(w.model);
    lfm_interactions_free(interactions);
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double set_at;

static void *cancel_soon(void *arg)
{
    const struct timespec pause = {0, 150 * 1000 * 1000};
    nanosleep(&pause, NULL);
    set_at = seconds();
    lfm_cancel_set(arg);
    return NULL;
}

static void test_cancelled_by_a_thread(void)
{
    lfm_interactions *interactions = large_set();
    for (int32_t threads = 1; threads <= 2; threads++) {
        lfm_model *model = build_model(NULL, 2000, 3000, 32, 0, 3);
        lfm_cancel *cancel = NULL;
        REQUIRE_OK(lfm_cancel_create(NULL, &cancel));
        lfm_train_options options = options_with(NULL, NULL);
        options.cancel = cancel;
        options.threads = threads;
        options.epochs = 100000;
        pthread_t thread;
        REQUIRE(pthread_create(&thread, NULL, cancel_soon, cancel) == 0);
        CHECK_STATUS(lfm_model_fit_partial(model, interactions, NULL, NULL, &options),
                     LFM_ERROR_CANCELLED);
        const double ended_at = seconds();
        pthread_join(thread, NULL);
        CHECK(ended_at - set_at < 1.0);
        /* The model stays usable. */
        lfm_cancel_reset(cancel);
        const int64_t epochs = lfm_model_epochs(model);
        options.epochs = 1;
        CHECK_OK(lfm_model_fit_partial(model, interactions, NULL, NULL, &options));
        CHECK_INTEGER(lfm_model_epochs(model), epochs + 1);
        lfm_cancel_free(cancel);
        lfm_model_free(model);
    }
    lfm_interactions_free(interactions);
}

static int32_t set_rate(lfm_progress *p, void *user_data)
{
    witness *w = user_data;
    w->last = *p;
    if (p->epoch_ended && p->epoch == 1)
        p->learning_rate = w->rate_to_set;
    return 0;
}

/* A rate of the callback holds for the epochs that follow in this call, and no longer. */
static void test_rate(void)
{
    lfm_interactions *interactions = small_set();
    witness w = {.model = small_model(), .rate_to_set = 0.01};
    lfm_train_options options = options_with(set_rate, &w);
    options.epochs = 3;
    CHECK_OK(lfm_model_fit_partial(w.model, interactions, NULL, NULL, &options));
    CHECK_CLOSE(w.last.learning_rate, 0.01, 0, 0);
    lfm_model *other = small_model();
    lfm_train_options by_hand = options_with(NULL, NULL);
    by_hand.epochs = 1;
    CHECK_OK(lfm_model_fit_partial(other, interactions, NULL, NULL, &by_hand));
    by_hand.epochs = 2;
    by_hand.learning_rate = 0.01;
    CHECK_OK(lfm_model_fit_partial(other, interactions, NULL, NULL, &by_hand));
    CHECK(model_hash(other) == model_hash(w.model));
    options.epochs = 1;
    CHECK_OK(lfm_model_fit_partial(w.model, interactions, NULL, NULL, &options));
    CHECK_CLOSE(w.last.learning_rate, 0.05, 0, 0);
    lfm_model_free(other);
    lfm_model_free(w.model);
    lfm_interactions_free(interactions);
}

/* At an epoch's border the callback may read, freeze and evaluate; whatever changes the model is busy. */
static int32_t read_and_try(lfm_progress *p, void *user_data)
{
    witness *w = user_data;
    if (!p->epoch_ended)
        return 0;
    lfm_view view = {.size = sizeof view};
    lfm_view_mut mut = {.size = sizeof mut};
    float biases[N_USERS];
    lfm_scorer *scorer = NULL;
    const lfm_metric metric = {LFM_METRIC_AUC, 0};
    lfm_metric_result auc = {.size = sizeof auc};
    lfm_status *s = w->statuses;
    s[0] = lfm_model_view(w->model, LFM_USER, LFM_BIASES, &view);
    s[1] = lfm_model_get(w->model, LFM_USER, LFM_BIASES, biases, N_USERS);
    s[2] = lfm_scorer_create(w->model, NULL, NULL, NULL, &scorer);
    s[3] = lfm_evaluate(scorer, w->interactions, &metric, 1, NULL, &auc, NULL);
    lfm_scorer_free(scorer);
    s[4] = lfm_model_view_mut(w->model, LFM_USER, LFM_BIASES, &mut);
    s[5] = lfm_model_set(w->model, LFM_USER, LFM_BIASES, biases, N_USERS);
    s[6] = lfm_model_reset(w->model);
    s[7] = lfm_model_fit_partial(w->model, w->interactions, NULL, NULL, NULL);
    w->plausible = auc.mean > 0.3 && auc.mean <= 1.0 && mut.data == NULL;
    w->calls++;
    return 0;
}

static void test_reading_in_callback(void)
{
    lfm_interactions *interactions = small_set();
    for (int32_t threads = 1; threads <= 2; threads++) {
        witness w = {.model = small_model(), .interactions = interactions};
        lfm_train_options options = options_with(read_and_try, &w);
        options.threads = threads;
        CHECK_OK(lfm_model_fit_partial(w.model, interactions, NULL, NULL, &options));
        CHECK_INTEGER(w.calls, 4);
        CHECK(w.plausible);
        for (int i = 0; i < 8; i++)
            CHECK_INTEGER(w.statuses[i], i < 4 ? LFM_OK : LFM_ERROR_BUSY);
        lfm_model *other = small_model();
        options.progress = NULL;
        CHECK_OK(lfm_model_fit_partial(other, interactions, NULL, NULL, &options));
        if (threads == 1)
            CHECK(model_hash(other) == model_hash(w.model));
        lfm_model_free(other);
        lfm_model_free(w.model);
    }
    lfm_interactions_free(interactions);
}

/* Another thread gets BUSY throughout, at a border too, and can read again afterwards. */
static void *try_everything(void *arg)
{
    witness *w = arg;
    lfm_view view = {.size = sizeof view};
    lfm_scorer *scorer = NULL;
    float biases[N_USERS] = {0};
    w->statuses[0] = lfm_model_view(w->model, LFM_USER, LFM_BIASES, &view);
    w->statuses[1] = lfm_model_get(w->model, LFM_USER, LFM_BIASES, biases, N_USERS);
    w->statuses[2] = lfm_model_set(w->model, LFM_USER, LFM_BIASES, biases, N_USERS);
    w->statuses[3] = lfm_scorer_create(w->model, NULL, NULL, NULL, &scorer);
    w->statuses[4] = lfm_model_reset(w->model);
    w->statuses[5] = lfm_model_fit_partial(w->model, w->interactions, NULL, NULL, NULL);
    w->plausible = view.data == NULL && scorer == NULL && strstr(lfm_last_message(), "in use") != NULL;
    return NULL;
}

static int32_t let_another_try(lfm_progress *p, void *user_data)
{
    witness *w = user_data;
    pthread_t thread;
    if (p->epoch_ended && pthread_create(&thread, NULL, try_everything, w) == 0) {
        pthread_join(thread, NULL);
        w->calls++;
    }
    return 0;
}

static void test_busy_elsewhere(void)
{
    lfm_interactions *interactions = small_set();
    witness w = {.model = small_model(), .interactions = interactions};
    lfm_train_options options = options_with(let_another_try, &w);
    options.epochs = 1;
    CHECK_OK(lfm_model_fit_partial(w.model, interactions, NULL, NULL, &options));
    CHECK_INTEGER(w.calls, 1);
    CHECK(w.plausible);
    for (int i = 0; i < 6; i++)
        CHECK_INTEGER(w.statuses[i], LFM_ERROR_BUSY);
    lfm_view view = {.size = sizeof view};
    CHECK_OK(lfm_model_view(w.model, LFM_USER, LFM_BIASES, &view));
    lfm_model_free(w.model);
    lfm_interactions_free(interactions);
}

/* The callback drops the caller's references to everything; the call ends well all the same. */
static int32_t drop_all(lfm_progress *p, void *user_data)
{
    witness *w = user_data;
    if (p->epoch_ended && p->epoch == 1) {
        lfm_model_free(w->model);
        lfm_interactions_free(w->interactions);
    }
    w->calls++;
    return 0;
}

static void test_freed_in_callback(void)
{
    witness w = {.model = small_model(), .interactions = small_set()};
    lfm_train_options options = options_with(drop_all, &w);
    CHECK_OK(lfm_model_fit_partial(w.model, w.interactions, NULL, NULL, &options));
    CHECK_INTEGER(w.calls, 4);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"progress is plausible for every loss", test_progress},
        {"the loss estimate of zero embeddings is ln 2", test_loss_estimate},
        {"stopping at an epoch's end", test_stop_at_end},
        {"stopping in the middle of an epoch", test_stop_in_the_middle},
        {"a flag set before changes nothing", test_cancelled_before},
        {"a flag set by the callback", test_cancelled_by_callback},
        {"a flag set by another thread stops within a second", test_cancelled_by_a_thread},
        {"the callback sets the rate", test_rate},
        {"the callback reads, freezes, evaluates, and may not change", test_reading_in_callback},
        {"other threads are told that the model is busy", test_busy_elsewhere},
        {"objects freed in the callback", test_freed_in_callback},
    };
    return TAP_MAIN("fit-control", tests, argc, argv);
}
