/* A child of a process that trained on several threads trains and predicts, and does not hang. */
#include <dlfcn.h>
#include <stdlib.h>

#include "check.h"
#include "child.h"
#include "planted.h"
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

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"a child of a host that used OpenMP itself", test_host_threads},
        {"a child of a parallel parent", test_child},
        {"a child of a child", test_grandchild},
    };
    return TAP_MAIN("threads-fork", tests, argc, argv);
}
