/* Signals: one that ends training from its handler, and many that interrupt whatever the library does. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "planted.h"
#include "tap.h"

static lfm_cancel *cancel;
static volatile sig_atomic_t handled;
static struct timespec handled_at;

static void cancel_on_signal(int number)
{
    (void)number;
    if (handled++ == 0)
        clock_gettime(CLOCK_MONOTONIC, &handled_at);
    lfm_cancel_set(cancel);
}

/* Nothing is restarted: a call of the system that waits comes back with EINTR. */
static void on_alarm(void (*handler)(int), long first_us, long every_us)
{
    struct sigaction action = {.sa_handler = handler};
    struct itimerval timer = {{0, every_us}, {0, first_us}};
    sigemptyset(&action.sa_mask);
    handled = 0;
    if (first_us == 0)
        setitimer(ITIMER_REAL, &timer, NULL);
    sigaction(SIGALRM, &action, NULL);
    if (first_us != 0)
        setitimer(ITIMER_REAL, &timer, NULL);
}

static void no_alarms(void) { on_alarm(SIG_IGN, 0, 0); }

static double seconds_since(struct timespec then)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - then.tv_sec) + 1e-9 * (double)(now.tv_nsec - then.tv_nsec);
}

static void test_cancel(void)
{
    lfm_interactions *interactions = planted_make(NULL);
    for (int32_t threads = 1; threads <= 3; threads++) {
        REQUIRE_OK(lfm_cancel_create(NULL, &cancel));
        lfm_model *model = build_model(NULL, PLANTED_USERS, PLANTED_ITEMS, 16, 0, 1);
        lfm_train_options options;
        lfm_train_options_init(&options);
        options.epochs = 1000000;
        options.threads = threads;
        options.cancel = cancel;
        on_alarm(cancel_on_signal, 100000, 0);
        CHECK_FAILS(lfm_model_fit_partial(model, interactions, NULL, NULL, &options), LFM_ERROR_CANCELLED, "cancelled");
        const double late = seconds_since(handled_at);
        CHECK_INTEGER(handled, 1);
        check_report(late < 1, false, __FILE__, __LINE__, "%d threads: stopped %g s late", threads, late);
        /* The model stays usable. */
        lfm_cancel_reset(cancel);
        options.epochs = 1;
        CHECK_OK(lfm_model_fit_partial(model, interactions, NULL, NULL, &options));
        lfm_scorer *scorer = NULL;
        CHECK_OK(lfm_scorer_create(model, NULL, NULL, NULL, &scorer));
        lfm_scorer_free(scorer);
        lfm_model_free(model);
        lfm_cancel_free(cancel);
    }
    lfm_interactions_free(interactions);
}

/* Train, save, load and recommend; a hash of all answers, 0 when a call failed. */
static uint64_t work(lfm_interactions *interactions, const char *path)
{
    uint64_t hash = 0;
    lfm_model *model = build_model(NULL, PLANTED_USERS, PLANTED_ITEMS, 16, 0, 1);
    lfm_train_options options;
    lfm_train_options_init(&options);
    options.epochs = 5;
    options.threads = 1;
    lfm_scorer *scorer = NULL, *loaded = NULL;
    lfm_file *file = NULL;
    lfm_save_options saving;
    lfm_save_options_init(&saving);
    saving.seen = interactions;
    if (lfm_model_fit_partial(model, interactions, NULL, NULL, &options) == LFM_OK &&
        lfm_scorer_create(model, NULL, NULL, NULL, &scorer) == LFM_OK &&
        lfm_scorer_save(scorer, path, &saving) == LFM_OK && lfm_file_open(NULL, path, NULL, &file) == LFM_OK &&
        lfm_file_check(file, NULL) == LFM_OK && lfm_file_scorer(file, NULL, &loaded) == LFM_OK) {
        hash = model_hash(model);
        for (int32_t user = 0; user < PLANTED_USERS; user++) {
            int32_t items[5];
            if (lfm_recommend(loaded, 1, &user, 5, interactions, items, NULL, NULL) != LFM_OK)
                hash = 0;
            hash = hash == 0 ? 0 : hash_bytes(hash, items, sizeof items);
        }
    }
    lfm_file_free(file);
    lfm_scorer_free(scorer);
    lfm_scorer_free(loaded);
    lfm_model_free(model);
    return hash;
}

static void test_storm(void)
{
    char path[64];
    snprintf(path, sizeof path, "test-signals-%ld.lfm", (long)getpid());
    REQUIRE_OK(lfm_cancel_create(NULL, &cancel)); /* nobody looks at it */
    lfm_interactions *interactions = planted_make(NULL);
    const uint64_t wanted = work(interactions, path);
    CHECK(wanted != 0);
    on_alarm(cancel_on_signal, 200, 200);
    for (int round = 0; round < 20 || handled < 100; round++)
        CHECK(work(interactions, path) == wanted);
    const int n_signals = handled;
    no_alarms();
    CHECK(n_signals >= 100);
    /* A handler leaves the message of the call before alone. */
    CHECK_FAILS(lfm_model_reset(NULL), LFM_ERROR_ARGUMENT, "model");
    on_alarm(cancel_on_signal, 1, 0);
    while (handled == 0)
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    no_alarms();
    CHECK_MESSAGE("model");
    remove(path);
    lfm_interactions_free(interactions);
    lfm_cancel_free(cancel);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"a flag set by a signal handler", test_cancel},
        {"signals all the time", test_storm},
    };
    return TAP_MAIN("threads-signals", tests, argc, argv);
}
