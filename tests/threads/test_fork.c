/* A child of a process that trained on several threads trains and predicts, and does not hang. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "child.h"
#include "planted.h"
#include "sanitized.h"
#include "tap.h"

static lfm_interactions *interactions;

/* 0 when training and ranking in this process work. */
static int train_here(void *arg)
{
    const int32_t threads = *(const int32_t *)arg;
    return planted_quality(NULL, interactions, LFM_LOSS_WARP, 0, threads) > planted_floor ? 0 : 3;
}

static void test_child(void)
{
    interactions = planted_make(NULL);
    static const int32_t counts[] = {1, 2, 4, 0};
    CHECK(planted_quality(NULL, interactions, LFM_LOSS_WARP, 0, 3) > planted_floor);
    for (int i = 0; i < 4; i++)
        CHECK_INTEGER(child_run(train_here, (void *)(uintptr_t)&counts[i], 60), 0);
    /* The parent goes on as before. */
    CHECK(planted_quality(NULL, interactions, LFM_LOSS_WARP, 0, 3) > planted_floor);
    lfm_interactions_free(interactions);
}

static int train_in_grandchild(void *arg)
{
    return child_run(train_here, arg, 50) == 0 && train_here(arg) == 0 ? 0 : 4;
}

static void test_grandchild(void)
{
    interactions = planted_make(NULL);
    int32_t threads = 2;
    CHECK(planted_quality(NULL, interactions, LFM_LOSS_WARP, 0, 2) > planted_floor);
    CHECK_INTEGER(child_run(train_in_grandchild, &threads, 60), 0);
    lfm_interactions_free(interactions);
}

/* The host itself used OpenMP's threads before it forked; the library had not yet. */
static void nothing(void *arg) { (void)arg; }

static int host_then_child(void *arg)
{
    typedef void (*parallel_fn)(void (*fn)(void *), void *data, unsigned threads, unsigned flags);
    void *gomp = dlopen("libgomp.so.1", RTLD_NOW);
    if (gomp == NULL)
        return 77;
    parallel_fn parallel;
    *(void **)&parallel = dlsym(gomp, "GOMP_parallel");
    if (parallel == NULL)
        return 77;
    parallel(nothing, NULL, 3, 0);
    return child_run(train_here, arg, 5) == 0 ? 0 : 5;
}

static void test_host_threads(void)
{
    interactions = planted_make(NULL);
    int32_t threads = 2;
    /* In a child of its own, so that this process's regions do not count. */
    const int result = child_run(host_then_child, &threads, 60);
    if (result == 77)
        tap_skip("no libgomp");
    else
        CHECK_INTEGER(result, 0);
    lfm_interactions_free(interactions);
}

/* A server that forks its workers after training, as Python's do: they answer from what they inherited, at once,
 * and train on by themselves. */
enum { WORKERS = 3, K = 5 };

static lfm_status answers_hash(const lfm_scorer *scorer, uint64_t *hash)
{
    int32_t users[PLANTED_USERS], items[PLANTED_USERS * K];
    for (int32_t i = 0; i < PLANTED_USERS; i++)
        users[i] = i;
    lfm_recommend_options options;
    lfm_recommend_options_init(&options);
    options.threads = 2;
    const lfm_status status = lfm_recommend(scorer, PLANTED_USERS, users, K, interactions, items, NULL, &options);
    *hash = hash_bytes(HASH_START, items, sizeof items);
    return status;
}

static int work_as_child(lfm_model *model, const lfm_scorer *scorer, uint64_t wanted)
{
    uint64_t hash;
    if (answers_hash(scorer, &hash) != LFM_OK || hash != wanted)
        return 6;
    lfm_train_options options;
    lfm_train_options_init(&options);
    options.epochs = 3;
    options.threads = 2;
    lfm_scorer *own = NULL;
    if (lfm_model_fit_partial(model, interactions, NULL, NULL, &options) != LFM_OK ||
        lfm_scorer_create(model, NULL, NULL, NULL, &own) != LFM_OK || answers_hash(own, &hash) != LFM_OK)
        return 7;
    lfm_scorer_free(own);
    lfm_model_free(model);
    return hash != wanted ? 0 : 8; /* it has learnt on */
}

static void test_workers(void)
{
    interactions = planted_make(NULL);
    lfm_model *model = build_model(NULL, PLANTED_USERS, PLANTED_ITEMS, 16, 0, 1);
    lfm_train_options options;
    lfm_train_options_init(&options);
    options.epochs = 3;
    options.threads = 2;
    REQUIRE_OK(lfm_model_fit_partial(model, interactions, NULL, NULL, &options));
    lfm_scorer *scorer = NULL;
    REQUIRE_OK(lfm_scorer_create(model, NULL, NULL, NULL, &scorer));
    uint64_t wanted, again;
    CHECK_OK(answers_hash(scorer, &wanted));
    pid_t workers[WORKERS];
    for (int i = 0; i < WORKERS; i++) {
        workers[i] = fork();
        REQUIRE(workers[i] >= 0);
        if (workers[i] == 0) {
            alarm(60); /* one that hangs is ended */
            _exit(work_as_child(model, scorer, wanted));
        }
    }
    CHECK_OK(lfm_model_fit_partial(model, interactions, NULL, NULL, &options));
    for (int i = 0; i < WORKERS; i++) {
        int status = -1;
        REQUIRE(waitpid(workers[i], &status, 0) == workers[i]);
        check_report(WIFEXITED(status) && WEXITSTATUS(status) == 0, false, __FILE__, __LINE__, "worker %d: status %#x",
                     i, (unsigned)status);
    }
    CHECK_OK(answers_hash(scorer, &again));
    CHECK(again == wanted);
    lfm_scorer_free(scorer);
    lfm_model_free(model);
    lfm_interactions_free(interactions);
}

/* Another thread of the parent is in the midst of training at the moment of the fork. */
static atomic_bool enough;
static atomic_int rounds;

static void *train_on(void *arg)
{
    int *result = arg;
    while (!enough) {
        int32_t threads = 2;
        *result |= train_here(&threads);
        atomic_fetch_add(&rounds, 1);
    }
    return NULL;
}

static void test_fork_meanwhile(void)
{
    if (TEST_SANITIZED) {
        tap_skip("the sanitizer's own allocator does not survive a fork under threads");
        return;
    }
    interactions = planted_make(NULL);
    pthread_t thread;
    int result = 0;
    enough = false;
    REQUIRE(pthread_create(&thread, NULL, train_on, &result) == 0);
    for (int i = 0; i < 6; i++) {
        const int before = rounds;
        int32_t threads = 1 + i % 3;
        CHECK_INTEGER(child_run(train_here, &threads, 60), 0);
        while (rounds == before)
            nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
    enough = true;
    pthread_join(thread, NULL);
    CHECK_INTEGER(result, 0);
    lfm_interactions_free(interactions);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"a child of a host that used OpenMP itself", test_host_threads},
        {"a child of a parallel parent", test_child},
        {"a child of a child", test_grandchild},
        {"workers of a server that trained", test_workers},
        {"a child of a parent that is training", test_fork_meanwhile},
    };
    return TAP_MAIN("threads-fork", tests, argc, argv);
}
