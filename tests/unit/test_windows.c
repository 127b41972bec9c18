/* Windows: an epoch visits every interaction once, whoever fetches which stretch of it, few users at a time, and in
 * another order each time. */
#include "train/windows.h"

#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "check.h"
#include "tap.h"

enum { ROW = 4096 }; /* bytes of a row: 256 users make a window */

typedef struct world {
    test_entries entries;
    lfm_interactions *m;
    const lfmi_index *index;
    lfmi_windows windows;
} world;

static world world_new(uint64_t seed, int64_t n, int32_t n_users, int negatives)
{
    world w = {.entries = entries_random(seed, n, n_users, 50, negatives, 0)};
    w.m = entries_build(NULL, &w.entries);
    REQUIRE_OK(lfmi_interactions_index(w.m, 0, NULL, &w.index));
    REQUIRE_OK(lfmi_windows_new(w.m, w.index, lfmi_kernels_at(0), ROW, &w.windows));
    return w;
}

static void world_free(world *w)
{
    lfmi_windows_free(w->m->context, &w->windows);
    lfm_interactions_free(w->m);
    entries_free(&w->entries);
}

/* Fetch [begin, end) in pieces of `step` into seen (by entry: how often) and order (by position: which). */
static void fetch(const world *w, int64_t begin, int64_t end, int32_t step, int32_t *seen, int64_t *order)
{
    lfmi_window window;
    REQUIRE_OK(lfmi_window_new(w->m->context, &w->windows, &window));
    int32_t *users = take((size_t)step, sizeof *users);
    bool good = true;
    for (int64_t at = begin; at < end; at += step) {
        const int32_t n = (int32_t)(end - at < step ? end - at : step);
        lfmi_windows_fetch(&w->windows, &window, at, n, users, order + at);
        for (int32_t i = 0; i < n; i++) {
            const int64_t entry = order[at + i];
            good = good && entry >= w->index->offsets[users[i]] && entry < w->index->offsets[users[i] + 1];
            seen[entry]++;
        }
    }
    CHECK(good);
    free(users);
    lfmi_window_free(w->m->context, &w->windows, &window);
}

static bool all_once(const int32_t *seen, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (seen[i] != 1)
            return false;
    }
    return true;
}

static void check_world(uint64_t seed, int64_t n, int32_t n_users, int negatives)
{
    world w = world_new(seed, n, n_users, negatives);
    CHECK(w.windows.most_users == 256);
    int64_t *orders[3], cut = n / 3 + 1;
    for (int e = 0; e < 3; e++) {
        int32_t *seen = take((size_t)n, sizeof *seen);
        orders[e] = take((size_t)n, sizeof *orders[e]);
        memset(seen, 0, (size_t)n * sizeof *seen);
        lfmi_windows_begin_epoch(&w.windows, e == 2 ? 100 : 100 + (uint64_t)e); /* the third as the first */
        CHECK(w.windows.n >= n_users / 256 && w.windows.n <= w.windows.room);
        CHECK(w.windows.starts[w.windows.n * LFMI_ROUNDS] == n && w.windows.places[w.windows.n] == n_users);
        for (int32_t i = 0; i < w.windows.n; i++)
            CHECK(w.windows.places[i + 1] - w.windows.places[i] <= 256 &&
                  w.windows.lengths[i] <= w.windows.most_entries);
        fetch(&w, 0, cut, e == 0 ? 256 : 100, seen, orders[e]);
        fetch(&w, cut, n, e == 0 ? 256 : 7, seen, orders[e]);
        CHECK(all_once(seen, n));
        free(seen);
    }
    CHECK(memcmp(orders[0], orders[2], (size_t)n * sizeof *orders[0]) == 0);
    int64_t same = 0;
    for (int64_t i = 0; i < n; i++)
        same += orders[0][i] == orders[1][i];
    CHECK(same < n / 100 + 10);
    for (int e = 0; e < 3; e++)
        free(orders[e]);
    world_free(&w);
}

static void test_complete(void)
{
    check_world(1, 20000, 3000, 0);
    check_world(2, 20000, 300, 3);
    check_world(3, 500, 5000, 0); /* most users have nothing */
}

/* One user has half of everything: the window it is in holds it, others stay small. */
static void test_long_user(void)
{
    enum { N = 20000, USERS = 1000 };
    world w = {.entries = entries_random(5, N, USERS, 50, 0, 0)};
    for (int32_t i = 0; i < N / 2; i++)
        w.entries.users[i] = 77;
    w.m = entries_build(NULL, &w.entries);
    REQUIRE_OK(lfmi_interactions_index(w.m, 0, NULL, &w.index));
    REQUIRE_OK(lfmi_windows_new(w.m, w.index, lfmi_kernels_at(0), ROW, &w.windows));
    CHECK(w.windows.most_entries >= w.index->offsets[78] - w.index->offsets[77]);
    for (uint64_t key = 0; key < 20; key++) {
        int32_t *seen = take(N, sizeof *seen);
        int64_t *order = take(N, sizeof *order);
        memset(seen, 0, N * sizeof *seen);
        lfmi_windows_begin_epoch(&w.windows, key);
        CHECK(w.windows.n <= w.windows.room);
        fetch(&w, 0, N, 256, seen, order);
        CHECK(all_once(seen, N));
        free(seen);
        free(order);
    }
    world_free(&w);
}

static void test_none(void)
{
    world w = world_new(4, 1000, 256, 0);
    CHECK(w.windows.most_users == 0);
    lfmi_windows_begin_epoch(&w.windows, 1); /* nothing to do */
    world_free(&w);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"every interaction once", test_complete}, {"a user with very many", test_long_user}, {"few users", test_none}};
    return TAP_MAIN("windows", tests, argc, argv);
}
