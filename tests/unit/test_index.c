/* The index of interactions against looking through all entries. */
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "check.h"
#include "matrix/interactions.h"
#include "tap.h"

static bool has(const test_entries *e, int32_t user, int32_t item, int sign)
{
    for (int64_t i = 0; i < e->n; i++) {
        const bool positive = e->values == NULL || e->values[i] > 0;
        if (e->users[i] == user && e->items[i] == item && (sign == 0 || positive == (sign > 0)))
            return true;
    }
    return false;
}

static float largest_value(const test_entries *e, int32_t user, int32_t item, bool positive)
{
    float largest = -1e30f;
    for (int64_t i = 0; i < e->n; i++) {
        const float value = e->values != NULL ? e->values[i] : 1.0f;
        if (e->users[i] == user && e->items[i] == item && (value > 0) == positive && value > largest)
            largest = value;
    }
    return largest;
}

static void check_index(const test_entries *e)
{
    lfm_interactions *m = entries_build(NULL, e);
    const lfmi_index *index = NULL;
    REQUIRE_OK(lfmi_interactions_index(m, LFMI_INDEX_SIGNATURE, NULL, &index));
    CHECK(index->values == NULL);
    const lfmi_index *again = NULL;
    REQUIRE_OK(lfmi_interactions_index(m, LFMI_INDEX_VALUES, NULL, &again));
    CHECK(again == index && index->values != NULL);
    CHECK(index->offsets[0] == 0 && index->offsets[e->n_users] == e->n);
    int64_t longest = 0;
    int32_t *distinct = take((size_t)e->n, sizeof *distinct);
    for (int32_t user = 0; user < e->n_users; user++) {
        const int64_t begin = index->offsets[user], middle = index->negatives[user], end = index->offsets[user + 1];
        REQUIRE(begin <= middle && middle <= end);
        longest = end - begin > longest ? end - begin : longest;
        for (int64_t at = begin; at < end; at++) {
            CHECK(has(e, user, index->items[at], at < middle ? 1 : -1));
            CHECK(at == begin || at == middle || index->items[at - 1] <= index->items[at]);
            const bool first = at == begin || at == middle || index->items[at - 1] != index->items[at];
            if (first)
                CHECK(index->values[at] == largest_value(e, user, index->items[at], at < middle));
        }
        int64_t positives = 0;
        for (int64_t i = 0; i < e->n; i++)
            positives += e->users[i] == user && (e->values == NULL || e->values[i] > 0);
        CHECK_INTEGER(lfmi_count_positives(index, user), positives);
        for (int positives_only = 0; positives_only < 2; positives_only++) {
            const int64_t n = lfmi_distinct_items(index, user, positives_only != 0, distinct);
            int64_t at = 0;
            for (int32_t item = 0; item < e->n_items; item++) {
                if (has(e, user, item, positives_only)) {
                    REQUIRE(at < n);
                    CHECK_INTEGER(distinct[at++], item);
                }
            }
            CHECK_INTEGER(n, at);
        }
        for (int32_t item = 0; item < e->n_items; item++) {
            CHECK(lfmi_is_known(index, user, item) == has(e, user, item, 0));
            CHECK(lfmi_is_positive_pair(index, user, item) == has(e, user, item, 1));
        }
    }
    CHECK_INTEGER(lfmi_longest_user(m, index), longest);
    free(distinct);
    lfm_interactions_free(m);
}

static void test_random_sets(void)
{
    for (uint64_t seed = 1; seed <= 4; seed++) {
        for (int negatives = 0; negatives <= 8; negatives += 2) {
            test_entries e = entries_random(seed, 200, 14, 12, negatives, 0);
            for (int64_t i = 0; e.values != NULL && i < e.n; i++)
                e.values[i] *= (float)(i % 5); /* values that differ, zeros among them */
            check_index(&e);
            entries_free(&e);
        }
    }
}

static void test_small_sets(void)
{
    test_entries none = entries_random(1, 0, 5, 6, 1, 0), nobody = entries_random(1, 0, 0, 0, 0, 0),
                 one = entries_random(1, 1, 3, 2, 1, 0);
    check_index(&none);
    check_index(&nobody);
    check_index(&one);
    entries_free(&none);
    entries_free(&nobody);
    entries_free(&one);
}

static void test_lower_bound(void)
{
    static const int32_t sorted[] = {1, 3, 3, 3, 8, 9};
    static const int64_t wanted[] = {0, 0, 1, 1, 4, 4, 4, 4, 4, 5, 6, 6};
    for (int32_t item = 0; item < 12; item++) {
        CHECK_INTEGER(lfmi_lower_bound(sorted, 6, item), wanted[item]);
        CHECK(lfmi_sorted_has(sorted, 6, item) == (item == 1 || item == 3 || item == 8 || item == 9));
    }
    CHECK(!lfmi_sorted_has(sorted, 0, 1));
}

/* Interactions of so many entries that several tasks share them; every tenth user has none, and some many. */
static test_entries large_entries(bool grouped, int negatives)
{
    enum { N = 300000, USERS = 3000, ITEMS = 700 };
    test_entries e = entries_random(5, N, USERS, ITEMS, negatives, 0);
    for (int64_t i = 0; i < N; i++) {
        const int32_t user = grouped ? (int32_t)(i * USERS / N) : e.users[i];
        e.users[i] = i % 7 == 0 && !grouped ? 11 : user - (user % 10 == 0 && user > 0);
    }
    return e;
}

/* Whatever the number of threads, the index is the same to the byte. */
static void check_threads(const test_entries *e)
{
    lfm_interactions *one = entries_build(NULL, e);
    const lfmi_index *wanted = NULL;
    REQUIRE_OK(lfmi_interactions_index(one, LFMI_INDEX_SIGNATURE | LFMI_INDEX_VALUES, NULL, &wanted));
    static const int32_t threads[] = {2, 3, 8, 100};
    for (int i = 0; i < 4; i++) {
        lfm_interactions *m = entries_build(NULL, e);
        const lfmi_index *got = NULL;
        REQUIRE_OK(lfmi_interactions_index_on(m, LFMI_INDEX_SIGNATURE | LFMI_INDEX_VALUES, threads[i], NULL, &got));
        const size_t n = (size_t)e->n, n_users = (size_t)e->n_users;
        const bool same = memcmp(got->offsets, wanted->offsets, (n_users + 1) * sizeof *got->offsets) == 0 &&
                          memcmp(got->negatives, wanted->negatives, n_users * sizeof *got->negatives) == 0 &&
                          memcmp(got->items, wanted->items, n * sizeof *got->items) == 0 &&
                          memcmp(got->values, wanted->values, n * sizeof *got->values) == 0 &&
                          memcmp(got->signature, wanted->signature, n * sizeof *got->signature) == 0;
        check_report(same, false, __FILE__, __LINE__, "%d threads make another index than one", threads[i]);
        lfm_interactions_free(m);
    }
    bool ascending = true, complete = true;
    for (int32_t user = 0; user < e->n_users; user++) {
        const int64_t end = wanted->offsets[user + 1];
        complete = complete && wanted->offsets[user] <= wanted->negatives[user] && wanted->negatives[user] <= end;
        for (int64_t at = wanted->offsets[user] + 1; at < end; at++)
            ascending = ascending && (at == wanted->negatives[user] || wanted->items[at - 1] <= wanted->items[at]);
    }
    for (int64_t i = 0; i < e->n; i++) {
        const bool positive = e->values == NULL || e->values[i] > 0;
        complete = complete && lfmi_knows(wanted, e->users[i], e->items[i]) &&
                   (!positive || lfmi_is_positive_pair(wanted, e->users[i], e->items[i]));
    }
    CHECK(ascending && complete && wanted->offsets[e->n_users] == e->n);
    lfm_interactions_free(one);
}

static int compare_pairs(const void *a, const void *b)
{
    const int32_t *x = a, *y = b;
    return x[0] != y[0] ? (x[0] > y[0]) - (x[0] < y[0]) : (x[1] > y[1]) - (x[1] < y[1]);
}

static void test_threads(void)
{
    for (int kind = 0; kind < 4; kind++) {
        test_entries e = large_entries(kind % 2 != 0, kind < 2 ? 0 : 3);
        check_threads(&e);
        entries_free(&e);
    }
    /* Sorted already: the items are used as they stand. */
    test_entries e = large_entries(true, 0);
    int32_t *pairs = take((size_t)e.n, 2 * sizeof *pairs);
    for (int64_t i = 0; i < e.n; i++) {
        pairs[2 * i] = e.users[i];
        pairs[2 * i + 1] = e.items[i];
    }
    qsort(pairs, (size_t)e.n, 2 * sizeof *pairs, compare_pairs);
    for (int64_t i = 0; i < e.n; i++) {
        e.users[i] = pairs[2 * i];
        e.items[i] = pairs[2 * i + 1];
    }
    check_threads(&e);
    lfm_interactions *m = entries_build(NULL, &e);
    const lfmi_index *index = NULL;
    REQUIRE_OK(lfmi_interactions_index_on(m, 0, 2, NULL, &index));
    CHECK(index->items == lfmi_items(m));
    lfm_interactions_free(m);
    free(pairs);
    entries_free(&e);
}

/* A cancelled call leaves nothing, and the next one makes the index. */
static void test_cancel(void)
{
    test_entries e = large_entries(false, 1);
    lfm_interactions *m = entries_build(NULL, &e);
    lfm_cancel *cancel = NULL;
    REQUIRE_OK(lfm_cancel_create(NULL, &cancel));
    const lfmi_index *index = NULL;
    for (int32_t threads = 1; threads <= 2; threads++) {
        lfm_cancel_set(cancel);
        CHECK_FAILS(lfmi_interactions_index_on(m, 0, threads, cancel, &index), LFM_ERROR_CANCELLED, "cancelled");
        CHECK(!m->index.is_made && m->index.offsets == NULL);
    }
    lfm_cancel_reset(cancel);
    CHECK(lfmi_interactions_index_on(m, 0, 2, cancel, &index) == LFM_OK && index->offsets[e.n_users] == e.n);
    lfm_cancel_set(cancel);
    CHECK(lfmi_interactions_index_on(m, LFMI_INDEX_SIGNATURE, 2, cancel, &index) == LFM_ERROR_CANCELLED);
    CHECK(m->index.is_made && m->index.signature == NULL);
    lfm_cancel_free(cancel);
    lfm_interactions_free(m);
    entries_free(&e);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"random sets", test_random_sets},
        {"empty and tiny sets", test_small_sets},
        {"lower bounds", test_lower_bound},
        {"any number of threads", test_threads},
        {"cancelled", test_cancel},
    };
    return TAP_MAIN("index", tests, argc, argv);
}
