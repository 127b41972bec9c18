/* The process may start no more threads: training goes on with those it has, and says so. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "check.h"
#include "child.h"
#include "planted.h"
#include "tap.h"

enum { NOBODY = 65534, NO_LIMIT = 77, NOT_LOGGED = 4, NOT_LEARNT = 3 };

static atomic_int warnings;
static lfm_interactions *interactions;

static void log_line(int32_t level, const char *message, void *user_data)
{
    (void)user_data;
    if (level == LFM_LOG_WARNING && strstr(message, "threads") != NULL)
        atomic_fetch_add(&warnings, 1);
}

static lfm_context *logging_context(void)
{
    lfm_context_options options;
    lfm_context_options_init(&options);
    options.log = log_line;
    lfm_context *context = NULL;
    return lfm_context_create(&options, &context) == LFM_OK ? context : NULL;
}

static void *nothing(void *arg) { return arg; }

/* Let this user have no thread more: the limit does not count for root. Whether that works is tried. */
static bool forbid_threads(void)
{
    const struct rlimit none = {1, 1};
    if (setrlimit(RLIMIT_NPROC, &none) != 0 || (geteuid() == 0 && setuid(NOBODY) != 0))
        return false;
    pthread_t thread;
    if (pthread_create(&thread, NULL, nothing, NULL) != 0)
        return true;
    pthread_join(thread, NULL);
    return false;
}

static bool learns(lfm_context *context, int32_t threads)
{
    return planted_quality(context, interactions, LFM_LOSS_WARP, 0, threads) > planted_floor;
}

/* No thread was started before. */
static int limited_from_the_start(void *arg)
{
    (void)arg;
    lfm_context *context = logging_context();
    if (!forbid_threads())
        return NO_LIMIT;
    if (!learns(context, 4))
        return NOT_LEARNT;
    return warnings > 0 || !HAVE_OPENMP ? 0 : NOT_LOGGED;
}

/* Threads were started before the limit was reached: `arg` is a list of widths, ended by 0. */
static int limited_later(void *arg)
{
    lfm_context *context = logging_context();
    for (const int32_t *threads = arg; *threads > 0; threads++) {
        if (!learns(context, *threads))
            return NOT_LEARNT;
    }
    if (!forbid_threads())
        return NO_LIMIT;
    return learns(context, 4) && learns(context, 3) && learns(context, 4) ? 0 : NOT_LEARNT;
}

/* Another thread of the process than the one that used threads before. */
static void *learn_in_thread(void *arg)
{
    int *result = arg;
    *result = learns(NULL, 3) ? 0 : NOT_LEARNT;
    if (*result == 0 && !forbid_threads())
        *result = NO_LIMIT;
    if (*result == 0 && !learns(NULL, 4))
        *result = NOT_LEARNT;
    return NULL;
}

static int limited_elsewhere(void *arg)
{
    (void)arg;
    int result = 9;
    pthread_t thread;
    if (!learns(NULL, 4) || pthread_create(&thread, NULL, learn_in_thread, &result) != 0)
        return NOT_LEARNT;
    pthread_join(thread, NULL);
    return result == 0 && !learns(NULL, 4) ? NOT_LEARNT : result;
}

/* Exactly three threads may be had; regions of two and three take turns many times. */
static int at_the_limit(void *arg)
{
    (void)arg;
    const struct rlimit three = {3, 3};
    if (geteuid() != 0 || setrlimit(RLIMIT_NPROC, &three) != 0 || setuid(NOBODY) != 0)
        return NO_LIMIT; /* other processes of an ordinary user would count too */
    lfm_model *model = NULL;
    lfm_train_options options;
    lfm_train_options_init(&options);
    options.epochs = 1;
    if (lfm_model_create(NULL, PLANTED_USERS, PLANTED_ITEMS, NULL, &model) != LFM_OK)
        return NOT_LEARNT;
    for (int round = 0; round < 400; round++) {
        options.threads = 2 + round % 3; /* 2, 3, 4 */
        if (lfm_model_fit_partial(model, interactions, NULL, NULL, &options) != LFM_OK)
            return NOT_LEARNT;
    }
    lfm_model_free(model);
    return 0;
}

static void run(int (*body)(void *), const int32_t *widths)
{
    interactions = planted_make(NULL);
    const int result = child_run(body, (void *)(uintptr_t)widths, 100);
    if (result == NO_LIMIT)
        tap_skip("this system does not limit threads by user");
    else
        CHECK_INTEGER(result, 0);
    lfm_interactions_free(interactions);
}

static void test_from_the_start(void) { run(limited_from_the_start, NULL); }
static void test_later(void) { run(limited_later, (const int32_t[]){4, 0}); }
static void test_after_fewer(void) { run(limited_later, (const int32_t[]){2, 0}); }
static void test_after_fewer_again(void) { run(limited_later, (const int32_t[]){4, 2, 0}); }
static void test_at_the_limit(void) { run(at_the_limit, NULL); }
static void test_elsewhere(void) { run(limited_elsewhere, NULL); }

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"reached before the first region", test_from_the_start},
        {"reached after a region as wide", test_later},
        {"reached after a narrower region", test_after_fewer},
        {"reached after a wide region and then a narrower one", test_after_fewer_again},
        {"regions as wide as the limit, again and again", test_at_the_limit},
        {"reached in another thread", test_elsewhere},
    };
    return TAP_MAIN("threads-limit", tests, argc, argv);
}
