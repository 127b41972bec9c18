/* Runs: an epoch visits every interaction once, whoever fetches which part of it, a few of a user close together, and in
 * another order each time. */
#include "train/runs.h"

#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "check.h"
#include "tap.h"

static int32_t abreast; /* runs side by side */

typedef struct world {
    test_entries entries;
    lfm_interactions *m;
    const lfmi_index *index;
    lfmi_runs runs;
} world;

static world world_of(test_entries entries)
{
    world w = {.entries = entries};
    w.m = entries_build(NULL, &w.entries);
    REQUIRE_OK(lfmi_interactions_index(w.m, 0, NULL, &w.index));
    REQUIRE_OK(lfmi_runs_new(w.m, w.index, lfmi_kernels_at(0), abreast, &w.runs));
    return w;
}

static void world_free(world *w)
{
    lfmi_runs_free(w->m->context, &w->runs);
    lfm_interactions_free(w->m);
    entries_free(&w->entries);
}

/* Fetch [begin, end) in pieces of `step` into seen (by entry: how often) and order (by position: which). */
static void fetch(const world *w, int64_t begin, int64_t end, int32_t step, int32_t *seen, int64_t *order)
{
    int32_t *users = take((size_t)step, sizeof *users);
    bool good = true;
    for (int64_t at = begin; at < end; at += step) {
        const int32_t n = (int32_t)(end - at < step ? end - at : step);
        lfmi_runs_fetch(&w->runs, at, n, users, order + at);
        for (int32_t i = 0; i < n; i++) {
            const int64_t entry = order[at + i];
            good = good && entry >= w->index->offsets[users[i]] && entry < w->index->offsets[users[i] + 1];
            seen[entry]++;
        }
    }
    CHECK(good);
    free(users);
}

static bool all_once(const int32_t *seen, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (seen[i] != 1)
            return false;
    }
    return true;
}

/* Three epochs, the third with the first one's key but in pieces of other sizes. */
static void check_world(world *w)
{
    const int64_t n = w->entries.n, cut = n / 3 + (n > 1);
    int64_t *orders[3];
    for (int e = 0; e < 3; e++) {
        int32_t *seen = take((size_t)n, sizeof *seen);
        orders[e] = take((size_t)n, sizeof *orders[e]);
        memset(seen, 0, (size_t)n * sizeof *seen);
        lfmi_runs_begin_epoch(&w->runs, 100 + (uint64_t)(e % 2));
        fetch(w, 0, cut, e == 0 ? LFMI_RUNS_BLOCK : 100, seen, orders[e]);
        fetch(w, cut, n, e == 0 ? LFMI_RUNS_BLOCK : 7, seen, orders[e]);
        CHECK(all_once(seen, n));
        free(seen);
    }
    CHECK(memcmp(orders[0], orders[2], (size_t)n * sizeof *orders[0]) == 0);
    int64_t same = 0;
    for (int64_t i = 0; i < n; i++)
        same += orders[0][i] == orders[1][i];
    CHECK(same < n / 50 + 10 || n < 500); /* few runs may stand where they stood */
    for (int e = 0; e < 3; e++)
        free(orders[e]);
}

static void check_random(uint64_t seed, int64_t n, int32_t n_users, int negatives)
{
    world w = world_of(entries_random(seed, n, n_users, 50, negatives, 0));
    check_world(&w);
    world_free(&w);
}

static void test_complete(void)
{
    check_random(1, 20000, 3000, 0);
    check_random(2, 20000, 300, 3);
    check_random(3, 500, 5000, 0); /* most users have nothing */
    for (int64_t n = 1; n < 200; n++) /* groups and runs of every length at the end */
        check_random(10 + (uint64_t)n, n, 20, 0);
    check_random(4, 3000, 1, 0); /* a single user */
}

/* One user has half of everything. */
static void test_long_user(void)
{
    enum { N = 20000, USERS = 1000 };
    test_entries entries = entries_random(5, N, USERS, 50, 0, 0);
    for (int32_t i = 0; i < N / 2; i++)
        entries.users[i] = 77;
    world w = world_of(entries);
    check_world(&w);
    world_free(&w);
}

/* Whom a position belongs to, the position as many further on as runs stand side by side belongs to as well, in most
 * cases: what runs are for. And what comes together in one epoch does not in the next. */
static void test_close_together(void)
{
    enum { N = 64 * LFMI_RUN * LFMI_MOST_ABREAST, USERS = 64 };
    world w = world_of(entries_random(6, N, USERS, 500, 0, 0));
    int64_t orders[2][N], together = 0, neighbours = 0;
    int32_t users[2][N], *runs_of = take(N, sizeof *runs_of);
    for (int e = 0; e < 2; e++) {
        lfmi_runs_begin_epoch(&w.runs, (uint64_t)e);
        for (int64_t at = 0; at < N; at += LFMI_RUNS_BLOCK)
            lfmi_runs_fetch(&w.runs, at, LFMI_RUNS_BLOCK, users[e] + at, orders[e] + at);
    }
    for (int64_t i = 0; i + abreast < N; i++)
        neighbours += users[0][i] == users[0][i + abreast];
    CHECK(neighbours > N * 8 / 10);
    for (int64_t i = 0; i < N; i++)
        runs_of[orders[0][i]] = (int32_t)(i / (LFMI_RUN * abreast) * abreast + i % abreast);
    for (int64_t i = 0; i + abreast < N; i++) {
        if (i % (LFMI_RUN * abreast) < (LFMI_RUN - 1) * abreast)
            together += runs_of[orders[1][i]] == runs_of[orders[1][i + abreast]];
    }
    CHECK(together < N / 4);
    free(runs_of);
    world_free(&w);
}

static void test_eight(void)
{
    abreast = 8;
    test_complete();
    test_long_user();
    test_close_together();
}

static void test_sixteen(void)
{
    abreast = LFMI_MOST_ABREAST;
    test_complete();
    test_long_user();
    test_close_together();
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {{"eight side by side", test_eight}, {"sixteen side by side", test_sixteen}};
    return TAP_MAIN("runs", tests, argc, argv);
}
