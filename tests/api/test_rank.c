/* Ranks and the check for overlap, against counting by hand. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "ranking.h"
#include "tap.h"

static void check_ranks(const world *w, const test_entries *exclude, lfm_interactions *exclude_set,
                        int32_t check_overlap, int32_t threads)
{
    int32_t *ranks = take((size_t)w->test.n, sizeof *ranks);
    memset(ranks, 0x7f, (size_t)w->test.n * sizeof *ranks);
    lfm_infer_options options;
    lfm_infer_options_init(&options);
    options.threads = threads;
    options.check_overlap = check_overlap;
    CHECK_OK(lfm_rank(w->scorer, w->test_set, exclude_set, ranks, &options));
    for (int64_t i = 0; i < w->test.n; i++)
        CHECK_INTEGER(ranks[i], world_rank(w, exclude, w->test.users[i], w->test.items[i]));
    free(ranks);
}

static void test_ranks(void)
{
    for (int ties = 0; ties < 2; ties++) {
        world w = world_make(10, 20, 30, ties, 1);
        for (int32_t threads = 1; threads <= 3; threads += 2) {
            check_ranks(&w, NULL, NULL, 1, threads);
            check_ranks(&w, &w.train, w.train_set, 1, threads);
        }
        world_free(&w);
    }
}

/* Test pairs that are excluded too are ranked among those that are not. */
static void test_overlapping(void)
{
    for (int ties = 0; ties < 2; ties++) {
        world w = world_make(20, 20, 30, ties, 0);
        check_ranks(&w, &w.train, w.train_set, 0, 1);
        int32_t *ranks = take((size_t)w.test.n, sizeof *ranks);
        memset(ranks, 0x7f, (size_t)w.test.n * sizeof *ranks);
        CHECK_FAILS(lfm_rank(w.scorer, w.test_set, w.train_set, ranks, NULL), LFM_ERROR_OVERLAP, "user");
        CHECK(ranks[0] == 0x7f7f7f7f && ranks[w.test.n - 1] == 0x7f7f7f7f);
        free(ranks);
        world_free(&w);
    }
}

/* The item itself is always a candidate beside which ties count; excluding all others leaves 0. */
static void test_extremes(void)
{
    lfm_model *model = build_model(NULL, 2, 5, 3, 0, 1);
    static const float zeros[15] = {0};
    CHECK_OK(lfm_model_set(model, LFM_ITEM, LFM_EMBEDDINGS, zeros, 15));
    lfm_scorer *scorer = NULL;
    REQUIRE_OK(lfm_scorer_create(model, NULL, NULL, NULL, &scorer));
    static const int32_t user[] = {1}, item[] = {3};
    static const int32_t others[] = {0, 1, 2, 4}, ones[] = {1, 1, 1, 1};
    lfm_interactions *test = build_interactions(1, 2, 5, user, item, NULL);
    lfm_interactions *exclude = build_interactions(4, 2, 5, ones, others, NULL);
    int32_t rank = -1;
    CHECK_OK(lfm_rank(scorer, test, NULL, &rank, NULL));
    CHECK_INTEGER(rank, 4);
    CHECK_OK(lfm_rank(scorer, test, exclude, &rank, NULL));
    CHECK_INTEGER(rank, 0);
    lfm_interactions_free(test);
    lfm_interactions_free(exclude);
    lfm_scorer_free(scorer);
    lfm_model_free(model);
}

/* Nothing to rank, from empty arrays and from none, and sets smaller than the scorer. */
static void test_empty(void)
{
    world w = world_make(30, 10, 12, 0, 1);
    int32_t rank = -7;
    lfm_interactions *none = build_interactions(0, 10, 12, NULL, NULL, NULL);
    lfm_interactions *nobody = build_interactions(0, 0, 0, NULL, NULL, NULL);
    CHECK_OK(lfm_rank(w.scorer, none, NULL, &rank, NULL));
    CHECK_OK(lfm_rank(w.scorer, nobody, none, &rank, NULL));
    CHECK_OK(lfm_rank(w.scorer, none, w.train_set, &rank, NULL));
    CHECK_INTEGER(rank, -7);
    static const int32_t user[] = {2}, item[] = {1};
    lfm_interactions *small = build_interactions(1, 3, 2, user, item, NULL);
    CHECK_OK(lfm_rank(w.scorer, small, nobody, &rank, NULL));
    CHECK_INTEGER(rank, world_rank(&w, NULL, 2, 1));
    lfm_interactions_free(small);
    lfm_interactions_free(none);
    lfm_interactions_free(nobody);
    world_free(&w);
}

static void test_bad_input(void)
{
    world w = world_make(40, 10, 12, 0, 1);
    int32_t *ranks = take((size_t)w.test.n, sizeof *ranks);
    ranks[0] = -7;
    lfm_interactions *wide = build_interactions(0, 10, 13, NULL, NULL, NULL);
    lfm_interactions *tall = build_interactions(0, 11, 12, NULL, NULL, NULL);
    CHECK_FAILS(lfm_rank(NULL, w.test_set, NULL, ranks, NULL), LFM_ERROR_ARGUMENT, "scorer");
    CHECK_FAILS(lfm_rank(w.scorer, NULL, NULL, ranks, NULL), LFM_ERROR_ARGUMENT, "test");
    CHECK_FAILS(lfm_rank(w.scorer, w.test_set, NULL, NULL, NULL), LFM_ERROR_ARGUMENT, "ranks");
    CHECK_FAILS(lfm_rank(w.scorer, wide, NULL, ranks, NULL), LFM_ERROR_SHAPE, "13");
    CHECK_FAILS(lfm_rank(w.scorer, tall, NULL, ranks, NULL), LFM_ERROR_SHAPE, "11");
    CHECK_FAILS(lfm_rank(w.scorer, w.test_set, wide, ranks, NULL), LFM_ERROR_SHAPE, "exclude");
    lfm_cancel *cancel = NULL;
    REQUIRE_OK(lfm_cancel_create(NULL, &cancel));
    lfm_cancel_set(cancel);
    lfm_infer_options options;
    lfm_infer_options_init(&options);
    options.cancel = cancel;
    CHECK_STATUS(lfm_rank(w.scorer, w.test_set, NULL, ranks, &options), LFM_ERROR_CANCELLED);
    options.cancel = NULL;
    options.threads = -3;
    CHECK_STATUS(lfm_rank(w.scorer, w.test_set, NULL, ranks, &options), LFM_ERROR_OPTION);
    CHECK_INTEGER(ranks[0], -7);
    lfm_cancel_free(cancel);
    lfm_interactions_free(wide);
    lfm_interactions_free(tall);
    free(ranks);
    world_free(&w);
}

static void test_overlap(void)
{
    static const int32_t users[] = {0, 1, 2, 2}, items[] = {1, 2, 0, 3};
    static const float values[] = {1, -1, 1, 1}, negative[] = {-1, -1, -1, -1};
    lfm_interactions *test = build_interactions(4, 3, 4, users, items, values);
    static const int32_t a_users[] = {0, 2}, a_items[] = {2, 3};
    lfm_interactions *one = build_interactions(2, 3, 4, a_users, a_items, negative);
    lfm_interactions *none = build_interactions(1, 3, 4, a_users, a_items, NULL);
    static const int32_t n_users[] = {1}, n_items[] = {2};
    lfm_interactions *of_negative = build_interactions(1, 3, 4, n_users, n_items, NULL);
    int32_t found = -1, user = -1, item = -1;
    CHECK_OK(lfm_find_overlap(test, one, &found, &user, &item));
    CHECK(found == 1 && user == 2 && item == 3);
    CHECK_OK(lfm_find_overlap(test, one, &found, NULL, NULL));
    user = item = -5;
    CHECK_OK(lfm_find_overlap(test, none, &found, &user, &item));
    CHECK(found == 0 && user == -5 && item == -5);
    CHECK_OK(lfm_find_overlap(test, of_negative, &found, &user, &item));
    CHECK_INTEGER(found, 0);
    found = -1;
    CHECK_FAILS(lfm_find_overlap(NULL, one, &found, NULL, NULL), LFM_ERROR_ARGUMENT, "test");
    CHECK_FAILS(lfm_find_overlap(test, NULL, &found, NULL, NULL), LFM_ERROR_ARGUMENT, "train");
    CHECK_FAILS(lfm_find_overlap(test, one, NULL, NULL, NULL), LFM_ERROR_ARGUMENT, "found");
    CHECK_INTEGER(found, -1);
    lfm_interactions_free(test);
    lfm_interactions_free(one);
    lfm_interactions_free(none);
    lfm_interactions_free(of_negative);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"ranks with and without ties and exclusion", test_ranks},
        {"test pairs that are excluded", test_overlapping},
        {"all tied, all others excluded", test_extremes},
        {"nothing to rank, smaller sets", test_empty},
        {"bad input", test_bad_input},
        {"finding overlap", test_overlap},
    };
    return TAP_MAIN("rank", tests, argc, argv);
}
