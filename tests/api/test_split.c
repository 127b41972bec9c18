/* Splits: sizes, whole pairs, everything travels along, and a choice that depends on pairs and seed. */
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "check.h"
#include "tap.h"

enum { USERS = 40, ITEMS = 50, N = 900 };

static test_entries make_entries(int distinct)
{
    test_entries e = entries_random(5, N, USERS, ITEMS, 2, distinct);
    entries_add_weights(&e, 6);
    entries_add_timestamps(&e, 7, 100);
    return e;
}

static lfm_split_options options_of(int32_t method)
{
    lfm_split_options options;
    lfm_split_options_init(&options);
    options.method = method;
    return options;
}

/* Both sides together are the whole, each in the old order and each entry complete, and no pair is on
 * both. in_test[i] receives where entry i went. */
static void check_division(const test_entries *e, const lfm_interactions *train,
                           const lfm_interactions *test, bool *in_test)
{
    const lfm_interactions *sides[2] = {train, test};
    int64_t at[2] = {0, 0};
    REQUIRE(lfm_interactions_n_entries(train) + lfm_interactions_n_entries(test) == e->n);
    for (int s = 0; s < 2; s++) {
        CHECK_INTEGER(lfm_interactions_n_users(sides[s]), e->n_users);
        CHECK_INTEGER(lfm_interactions_n_items(sides[s]), e->n_items);
    }
    signed char *side_of = take((size_t)e->n_users * (size_t)e->n_items, 1);
    for (int64_t i = 0; i < e->n; i++) {
        int s = 0;
        for (; s < 2; s++) {
            const lfm_interactions *m = sides[s];
            const int64_t j = at[s];
            if (j < lfm_interactions_n_entries(m) && lfm_interactions_users(m)[j] == e->users[i] &&
                lfm_interactions_items(m)[j] == e->items[i] &&
                lfm_interactions_values(m)[j] == e->values[i] &&
                lfm_interactions_weights(m)[j] == e->weights[i] &&
                lfm_interactions_timestamps(m)[j] == e->timestamps[i])
                break;
        }
        check_report(s < 2, true, __FILE__, __LINE__, "entry %lld is lost", (long long)i);
        at[s]++;
        in_test[i] = s == 1;
        signed char *side = &side_of[e->users[i] * e->n_items + e->items[i]];
        CHECK(*side == 0 || *side == s + 1);
        *side = (signed char)(s + 1);
    }
    free(side_of);
}

/* Split; in_test receives where each entry went. */
static void split(const test_entries *e, const lfm_split_options *options, bool *in_test)
{
    lfm_interactions *m = entries_build(NULL, e), *train = NULL, *test = NULL;
    REQUIRE_OK(lfm_interactions_split(m, options, &train, &test));
    lfm_interactions_free(m);
    check_division(e, train, test, in_test);
    lfm_interactions_free(train);
    lfm_interactions_free(test);
}

/* The same entries in another order. place[i]: where entry i of `e` stands in the result. */
static test_entries shuffled(const test_entries *e, uint64_t seed, int64_t *place)
{
    test_random random = {seed};
    test_entries s = make_entries(0);
    for (int64_t i = 0; i < e->n; i++)
        place[i] = i;
    for (int64_t i = e->n - 1; i > 0; i--) {
        const int64_t j = random_below(&random, (int32_t)i + 1), swap = place[i];
        place[i] = place[j];
        place[j] = swap;
    }
    for (int64_t i = 0; i < e->n; i++) {
        s.users[place[i]] = e->users[i];
        s.items[place[i]] = e->items[i];
        s.values[place[i]] = e->values[i];
        s.weights[place[i]] = e->weights[i];
        s.timestamps[place[i]] = e->timestamps[i];
    }
    return s;
}

static int64_t count_true(const bool *in, int64_t n)
{
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++)
        count += in[i];
    return count;
}

static void test_random_split(void)
{
    static const double fractions[] = {0, 0.1, 0.2, 0.5, 0.9, 1};
    test_entries e = make_entries(1);
    bool in_test[N], again[N];
    for (int i = 0; i < 6; i++) {
        lfm_split_options options = options_of(LFM_SPLIT_RANDOM);
        options.fraction = fractions[i];
        split(&e, &options, in_test);
        CHECK_INTEGER(count_true(in_test, N), (int64_t)(fractions[i] * N + 0.5));
        split(&e, &options, again);
        CHECK(memcmp(in_test, again, sizeof in_test) == 0);
        options.seed = 2;
        split(&e, &options, again);
        CHECK((memcmp(in_test, again, sizeof in_test) == 0) == (fractions[i] == 0 || fractions[i] == 1));
    }
    entries_free(&e);
}

/* With repeated pairs the share is met as far as whole pairs allow. */
static void test_random_copies(void)
{
    test_entries e = make_entries(0);
    bool in_test[N];
    lfm_split_options options = options_of(LFM_SPLIT_RANDOM);
    split(&e, &options, in_test);
    const int64_t n = count_true(in_test, N);
    CHECK(n >= 180 && n <= 186);
    CHECK_CLOSE(options.fraction, 0.2, 0, 0);
    entries_free(&e);
}

/* The choice is the same whatever the order of the entries. */
static void test_order(void)
{
    test_entries e = make_entries(0);
    int64_t place[N];
    test_entries s = shuffled(&e, 3, place);
    for (int32_t method = LFM_SPLIT_RANDOM; method <= LFM_SPLIT_LEAVE_OUT; method++) {
        lfm_split_options options = options_of(method);
        options.user_fraction = 0.5;
        options.k = 3;
        bool one[N], other[N];
        split(&e, &options, one);
        split(&s, &options, other);
        int differ = 0;
        for (int64_t i = 0; i < N; i++)
            differ += one[i] != other[place[i]];
        CHECK_INTEGER(differ, 0);
        CHECK(count_true(one, N) > 20);
    }
    entries_free(&e);
    entries_free(&s);
}

/* The distinct positive items of a user; in[item] says whether one went to test. */
static int32_t positives_of(const test_entries *e, int32_t user, const bool *in_test, int32_t *n_test)
{
    char seen[ITEMS] = {0};
    for (int64_t i = 0; i < e->n; i++) {
        if (e->users[i] == user && e->values[i] > 0)
            seen[e->items[i]] |= in_test[i] ? 2 : 1;
    }
    int32_t n = 0;
    *n_test = 0;
    for (int32_t item = 0; item < ITEMS; item++) {
        n += seen[item] != 0;
        *n_test += seen[item] == 2;
    }
    return n;
}

static void test_leave_out(void)
{
    test_entries e = make_entries(0);
    for (int32_t k = 1; k <= 8; k += 2) {
        lfm_split_options options = options_of(LFM_SPLIT_LEAVE_OUT);
        options.k = k;
        options.user_fraction = 0.3;
        bool in_test[N];
        split(&e, &options, in_test);
        int64_t eligible = 0, chosen = 0;
        for (int32_t user = 0; user < USERS; user++) {
            int32_t n_test;
            const int32_t n = positives_of(&e, user, in_test, &n_test);
            eligible += n >= 2 * k;
            chosen += n_test > 0;
            CHECK(n_test == 0 || (n_test == k && n >= 2 * k));
        }
        CHECK_INTEGER(chosen, (int64_t)(0.3 * (double)eligible + 0.5));
        CHECK(eligible > 0);
    }
    /* Nothing goes to test but pairs with a positive copy. */
    lfm_split_options options = options_of(LFM_SPLIT_LEAVE_OUT);
    options.user_fraction = 1;
    bool in_test[N];
    split(&e, &options, in_test);
    for (int64_t i = 0; i < N; i++) {
        bool positive = false;
        for (int64_t j = 0; j < N; j++)
            positive = positive || (e.users[j] == e.users[i] && e.items[j] == e.items[i] && e.values[j] > 0);
        CHECK(!in_test[i] || positive);
    }
    entries_free(&e);
}

/* Which pairs are last, by hand: again and again the latest positive entry whose item is not yet in. */
static void test_last(void)
{
    test_entries e = make_entries(0);
    for (int32_t k = 1; k <= 12; k += 3) {
        lfm_split_options options = options_of(LFM_SPLIT_LAST);
        options.k = k;
        bool in_test[N], none[N] = {false};
        split(&e, &options, in_test);
        for (int32_t user = 0; user < USERS; user++) {
            bool chosen[ITEMS] = {false};
            int32_t dummy;
            for (int32_t i = 0; i < k && positives_of(&e, user, none, &dummy) > k; i++) {
                int64_t best = -1;
                for (int64_t j = 0; j < N; j++) {
                    if (e.users[j] == user && e.values[j] > 0 && !chosen[e.items[j]] &&
                        (best < 0 || e.timestamps[j] >= e.timestamps[best]))
                        best = j;
                }
                chosen[e.items[best]] = true;
            }
            for (int64_t j = 0; j < N; j++) {
                if (e.users[j] == user)
                    CHECK(in_test[j] == chosen[e.items[j]]);
            }
        }
    }
    entries_free(&e);
}

/* No values, weights or timestamps: neither have the sides. Nothing: nothing. */
static void test_bare(void)
{
    test_entries e = entries_random(5, 300, USERS, ITEMS, 0, 1);
    lfm_interactions *m = entries_build(NULL, &e), *train = NULL, *test = NULL;
    REQUIRE_OK(lfm_interactions_split(m, NULL, &train, &test));
    CHECK_INTEGER(lfm_interactions_n_entries(test), 60);
    CHECK(lfm_interactions_values(test) == NULL && lfm_interactions_weights(train) == NULL &&
          lfm_interactions_timestamps(test) == NULL);
    lfm_interactions_free(train);
    lfm_interactions_free(test);
    lfm_interactions_free(m);
    for (int form = 0; form < 2; form++) {
        m = form == 0 ? build_interactions(0, 0, 0, NULL, NULL, NULL)
                      : build_interactions(0, 4, 3, NULL, NULL, NULL);
        for (int32_t method = 0; method < 3; method++) {
            const lfm_split_options options = options_of(method);
            train = test = NULL;
            CHECK_OK(lfm_interactions_split(m, &options, &train, &test));
            CHECK(train != NULL && test != NULL && lfm_interactions_n_entries(train) == 0 &&
                  lfm_interactions_n_users(test) == lfm_interactions_n_users(m));
            /* And what came of it can be split and thresholded again. */
            lfm_interactions *a = NULL, *b = NULL, *c = NULL;
            CHECK_OK(lfm_interactions_split(train, &options, &a, &b));
            CHECK_OK(lfm_interactions_threshold(test, 1, 1, NULL, NULL, &c));
            lfm_interactions_free(a);
            lfm_interactions_free(b);
            lfm_interactions_free(c);
            lfm_interactions_free(train);
            lfm_interactions_free(test);
        }
        lfm_interactions_free(m);
    }
    entries_free(&e);
}

static void test_bad(void)
{
    test_entries e = make_entries(0);
    lfm_interactions *m = entries_build(NULL, &e), *train = NULL, *test = NULL;
    lfm_split_options options = options_of(LFM_SPLIT_RANDOM);
    CHECK_FAILS(lfm_interactions_split(NULL, &options, &train, &test), LFM_ERROR_ARGUMENT, "interactions");
    CHECK_FAILS(lfm_interactions_split(m, &options, NULL, &test), LFM_ERROR_ARGUMENT, "train");
    CHECK_FAILS(lfm_interactions_split(m, &options, &train, NULL), LFM_ERROR_ARGUMENT, "test");
    static const double bad[] = {-0.1, 1.1, 1e300, -1e300};
    for (int i = 0; i < 4; i++) {
        options = options_of(LFM_SPLIT_RANDOM);
        options.fraction = bad[i];
        CHECK_FAILS(lfm_interactions_split(m, &options, &train, &test), LFM_ERROR_OPTION, "fraction");
        options = options_of(LFM_SPLIT_LEAVE_OUT);
        options.user_fraction = bad[i];
        CHECK_FAILS(lfm_interactions_split(m, &options, &train, &test), LFM_ERROR_OPTION, "user_fraction");
    }
    options = options_of(LFM_SPLIT_RANDOM);
    options.fraction = 0.0 / (options.fraction - options.fraction);
    CHECK_STATUS(lfm_interactions_split(m, &options, &train, &test), LFM_ERROR_OPTION);
    options = options_of(LFM_SPLIT_LAST);
    options.k = 0;
    CHECK_FAILS(lfm_interactions_split(m, &options, &train, &test), LFM_ERROR_OPTION, "k 0");
    options = options_of(3);
    CHECK_FAILS(lfm_interactions_split(m, &options, &train, &test), LFM_ERROR_OPTION, "3");
    options = options_of(-1);
    CHECK_STATUS(lfm_interactions_split(m, &options, &train, &test), LFM_ERROR_OPTION);
    options.size = 4;
    CHECK_STATUS(lfm_interactions_split(m, &options, &train, &test), LFM_ERROR_OPTION);
    lfm_interactions_free(m);
    free(e.timestamps);
    e.timestamps = NULL;
    m = entries_build(NULL, &e);
    options = options_of(LFM_SPLIT_LAST);
    CHECK_FAILS(lfm_interactions_split(m, &options, &train, &test), LFM_ERROR_OPTION, "timestamps");
    CHECK(train == NULL && test == NULL);
    lfm_interactions_free(m);
    entries_free(&e);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"a random share of pairs", test_random_split},
        {"repeated pairs go to one side", test_random_copies},
        {"the order of entries does not matter", test_order},
        {"k of a share of the users", test_leave_out},
        {"the last k of each user", test_last},
        {"bare and empty interactions", test_bare},
        {"bad input", test_bad},
    };
    return TAP_MAIN("split", tests, argc, argv);
}
