/* The best items, against sorting by hand. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "ranking.h"
#include "tap.h"

typedef struct scored {
    double score;
    int32_t id;
} scored;

static int better(const void *a, const void *b)
{
    const scored *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

static void check_lists(const world *w, int32_t k, const test_entries *exclude,
                        lfm_interactions *exclude_set, int32_t threads, bool with_scores)
{
    const int32_t n = w->n_users;
    int32_t *users = take((size_t)n, sizeof *users);
    int32_t *items = take((size_t)n * (size_t)k, sizeof *items);
    float *scores = take((size_t)n * (size_t)k, sizeof *scores);
    for (int32_t i = 0; i < n; i++)
        users[i] = n - 1 - i;
    lfm_recommend_options options;
    lfm_recommend_options_init(&options);
    options.threads = threads;
    CHECK_OK(lfm_recommend(w->scorer, n, users, k, exclude_set, items, with_scores ? scores : NULL,
                           &options));
    for (int32_t i = 0; i < n; i++) {
        scored *all = take((size_t)w->n_items, sizeof *all);
        int32_t left = 0;
        for (int32_t item = 0; item < w->n_items; item++) {
            if (exclude == NULL || !world_has(exclude, users[i], item, 0))
                all[left++] = (scored){(double)w->scores[users[i] * w->n_items + item], item};
        }
        qsort(all, (size_t)left, sizeof *all, better);
        for (int32_t at = 0; at < k; at++) {
            CHECK_INTEGER(items[i * k + at], at < left ? all[at].id : -1);
            if (with_scores)
                CHECK_CLOSE(scores[i * k + at], at < left ? all[at].score : -INFINITY, 0, 0);
        }
        free(all);
    }
    free(users);
    free(items);
    free(scores);
}

static void test_lists(void)
{
    for (int ties = 0; ties < 2; ties++) {
        world w = world_make(80, 21, 33, ties, 0);
        static const int32_t ks[] = {1, 2, 10, 32, 33};
        for (int i = 0; i < 5; i++) {
            check_lists(&w, ks[i], NULL, NULL, 1, true);
            check_lists(&w, ks[i], &w.train, w.train_set, 1, true);
            check_lists(&w, ks[i], &w.train, w.train_set, 3, i % 2);
        }
        world_free(&w);
    }
}

/* One user, the same user twice, a user beyond the exclusion's rows. */
static void test_users(void)
{
    world w = world_make(81, 10, 12, 0, 0);
    static const int32_t users[] = {9, 9}, user_0[] = {0}, item_0[] = {0};
    lfm_interactions *small = build_interactions(1, 1, 1, user_0, item_0, NULL);
    int32_t twice[2 * 5], once[5];
    CHECK_OK(lfm_recommend(w.scorer, 2, users, 5, small, twice, NULL, NULL));
    CHECK_OK(lfm_recommend(w.scorer, 1, users, 5, NULL, once, NULL, NULL));
    CHECK(memcmp(twice, once, sizeof once) == 0 && memcmp(twice + 5, once, sizeof once) == 0);
    CHECK_OK(lfm_recommend(w.scorer, 0, NULL, 5, NULL, NULL, NULL, NULL));
    lfm_interactions_free(small);
    world_free(&w);
}

/* Nothing is left: -1 and minus infinity throughout. */
static void test_all_excluded(void)
{
    world w = world_make(82, 3, 4, 0, 0);
    static const int32_t users[] = {1, 1, 1, 1}, items[] = {0, 1, 2, 3};
    static const float values[] = {1, -1, 1, -1};
    lfm_interactions *all = build_interactions(4, 3, 4, users, items, values);
    const int32_t user = 1;
    int32_t got[4] = {5, 5, 5, 5};
    float scores[4] = {0};
    CHECK_OK(lfm_recommend(w.scorer, 1, &user, 4, all, got, scores, NULL));
    for (int i = 0; i < 4; i++)
        CHECK(got[i] == -1 && scores[i] == -INFINITY);
    lfm_interactions_free(all);
    world_free(&w);
}

static void test_bad_input(void)
{
    world w = world_make(83, 10, 12, 0, 0);
    const int32_t user = 0, high[] = {0, 10}, low = -1;
    int32_t items[24] = {-9};
    float scores[24] = {-9};
    lfm_interactions *wide = build_interactions(0, 10, 13, NULL, NULL, NULL);
#define RECOMMEND(scorer, n, users, k, exclude, items)                                                 \
    lfm_recommend(scorer, n, users, k, exclude, items, scores, NULL)
    CHECK_FAILS(RECOMMEND(NULL, 1, &user, 1, NULL, items), LFM_ERROR_ARGUMENT, "scorer");
    CHECK_FAILS(RECOMMEND(w.scorer, 11, NULL, 1, NULL, items), LFM_ERROR_DATA, "only 10 users");
    CHECK_FAILS(RECOMMEND(w.scorer, 1, &user, 1, NULL, NULL), LFM_ERROR_ARGUMENT, "items");
    CHECK_FAILS(RECOMMEND(w.scorer, -1, &user, 1, NULL, items), LFM_ERROR_ARGUMENT, "-1");
    CHECK_FAILS(RECOMMEND(w.scorer, 1, &user, 0, NULL, items), LFM_ERROR_ARGUMENT, "k is 0");
    CHECK_FAILS(RECOMMEND(w.scorer, 1, &user, 13, NULL, items), LFM_ERROR_ARGUMENT, "k is 13");
    CHECK_FAILS(RECOMMEND(w.scorer, 2, high, 1, NULL, items), LFM_ERROR_DATA, "users[1] is 10");
    CHECK_FAILS(RECOMMEND(w.scorer, 1, &low, 1, NULL, items), LFM_ERROR_DATA, "users[0] is -1");
    CHECK_FAILS(RECOMMEND(w.scorer, 1, &user, 1, wide, items), LFM_ERROR_SHAPE, "13");
    lfm_cancel *cancel = NULL;
    REQUIRE_OK(lfm_cancel_create(NULL, &cancel));
    lfm_cancel_set(cancel);
    lfm_recommend_options options;
    lfm_recommend_options_init(&options);
    options.cancel = cancel;
    CHECK_STATUS(lfm_recommend(w.scorer, 1, &user, 2, NULL, items, scores, &options),
                 LFM_ERROR_CANCELLED);
    CHECK(items[0] == -9 && scores[0] == -9);
    lfm_cancel_free(cancel);
    lfm_interactions_free(wide);
    world_free(&w);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"lists of the best, with ties, exclusion, several threads", test_lists},
        {"one user, a user twice, users beyond the exclusion", test_users},
        {"everything excluded", test_all_excluded},
        {"bad input", test_bad_input},
    };
    return TAP_MAIN("recommend", tests, argc, argv);
}
