/* Scorers: what they hold, that they are independent of their model, and the scores of pairs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "check.h"
#include "naive.h"
#include "tap.h"

enum { N_USERS = 9, N_ITEMS = 13, USER_FEATURES = 7, ITEM_FEATURES = 8, D = 21 };

typedef struct setting {
    lfm_model *model;
    lfm_features *features[2];
    lfm_scorer *scorer;
} setting;

static setting make_setting(bool user_features, bool item_features)
{
    setting s = {.model = build_model(NULL, user_features ? USER_FEATURES : N_USERS,
                                      item_features ? ITEM_FEATURES : N_ITEMS, D, 0, 4)};
    model_fill(s.model, 5, 1);
    if (user_features)
        s.features[0] = build_random_features(NULL, 1, N_USERS, USER_FEATURES, 4);
    if (item_features)
        s.features[1] = build_random_features(NULL, 2, N_ITEMS, ITEM_FEATURES, 5);
    REQUIRE_OK(lfm_scorer_create(s.model, s.features[0], s.features[1], NULL, &s.scorer));
    return s;
}

static void free_setting(setting *s)
{
    lfm_scorer_free(s->scorer);
    lfm_model_free(s->model);
    lfm_features_free(s->features[0]);
    lfm_features_free(s->features[1]);
}

static const float *row_of(const lfm_view *view, int64_t row)
{
    return (const float *)(const void *)((const char *)view->data + row * view->stride);
}

static void check_pairs(const setting *s)
{
    lfm_train_options options;
    lfm_train_options_init(&options);
    naive_model *naive = naive_from(s->model, s->features[0], s->features[1], &options);
    for (int32_t user = 0; user < N_USERS; user++) {
        for (int32_t item = 0; item < N_ITEMS; item++) {
            float score = NAN;
            CHECK_OK(lfm_predict(s->scorer, 1, &user, &item, &score, NULL));
            CHECK_CLOSE(score, naive_score(naive, user, item), 1e-5, 1e-5);
        }
    }
    naive_free(naive);
}

static void test_pairs(void)
{
    for (int which = 0; which < 4; which++) {
        setting s = make_setting(which & 1, which & 2);
        check_pairs(&s);
        free_setting(&s);
    }
}

static void test_spaces(void)
{
    for (int which = 0; which < 4; which++) {
        setting s = make_setting(which & 1, which & 2);
        CHECK_INTEGER(lfm_scorer_components(s.scorer), D);
        lfm_train_options options;
        lfm_train_options_init(&options);
        naive_model *naive = naive_from(s.model, s.features[0], s.features[1], &options);
        for (int32_t space = 0; space < 4; space++) {
            const int32_t side = space % 2;
            const int32_t rows = space < 2 ? (side == 0 ? N_USERS : N_ITEMS)
                                           : lfm_model_n_features(s.model, side);
            CHECK_INTEGER(lfm_scorer_n_rows(s.scorer, space), rows);
            lfm_view vectors = {.size = sizeof vectors}, biases = {.size = sizeof biases};
            REQUIRE_OK(lfm_scorer_representations(s.scorer, space, &vectors));
            REQUIRE_OK(lfm_scorer_biases(s.scorer, space, &biases));
            CHECK(vectors.rows == rows && vectors.columns == D && biases.rows == rows &&
                  biases.columns == 1 && vectors.size == sizeof vectors);
            if (space >= 2)
                naive->side[side].features = NULL;
            for (int32_t row = 0; row < rows; row++) {
                double wanted[D], bias;
                naive_represent(naive, side, row, wanted, &bias);
                for (int e = 0; e < D; e++)
                    CHECK_CLOSE(row_of(&vectors, row)[e], wanted[e], 1e-6, 1e-6);
                CHECK_CLOSE(*row_of(&biases, row), bias, 1e-6, 1e-6);
            }
        }
        naive_free(naive);
        free_setting(&s);
    }
}

/* Training, resetting and freeing the model and the features leaves a scorer as it was. */
static void test_independent(void)
{
    setting s = make_setting(true, true);
    int32_t users[N_ITEMS], items[N_ITEMS];
    for (int32_t i = 0; i < N_ITEMS; i++) {
        users[i] = i % N_USERS;
        items[i] = i;
    }
    float before[N_ITEMS], after[N_ITEMS];
    CHECK_OK(lfm_predict(s.scorer, N_ITEMS, users, items, before, NULL));
    test_entries entries = entries_random(1, 60, N_USERS, N_ITEMS, 2, 0);
    lfm_interactions *interactions = entries_build(NULL, &entries);
    CHECK_OK(lfm_model_fit_partial(s.model, interactions, s.features[0], s.features[1], NULL));
    CHECK_OK(lfm_predict(s.scorer, N_ITEMS, users, items, after, NULL));
    CHECK(memcmp(before, after, sizeof before) == 0);
    lfm_scorer *later = NULL;
    REQUIRE_OK(lfm_scorer_create(s.model, s.features[0], s.features[1], NULL, &later));
    CHECK_OK(lfm_predict(later, N_ITEMS, users, items, after, NULL));
    CHECK(memcmp(before, after, sizeof before) != 0);
    lfm_scorer_free(later);
    lfm_model_free(s.model);
    lfm_features_free(s.features[0]);
    lfm_features_free(s.features[1]);
    CHECK_OK(lfm_predict(s.scorer, N_ITEMS, users, items, after, NULL));
    CHECK(memcmp(before, after, sizeof before) == 0);
    lfm_scorer *second = lfm_scorer_ref(s.scorer);
    lfm_scorer_free(s.scorer);
    CHECK_OK(lfm_predict(second, N_ITEMS, users, items, after, NULL));
    CHECK(memcmp(before, after, sizeof before) == 0);
    lfm_scorer_free(second);
    lfm_interactions_free(interactions);
    entries_free(&entries);
}

/* Users and items that training never saw are scored by their features; empty rows by nothing. */
static void test_cold(void)
{
    setting s = make_setting(true, true);
    static const int32_t offsets[] = {0, 0, 1}, columns[] = {3};
    lfm_csr csr;
    lfm_csr_init(&csr);
    csr.n_rows = 2;
    csr.n_columns = USER_FEATURES;
    csr.n_entries = 1;
    csr.offsets = lfm_int32(offsets);
    csr.columns = lfm_int32(columns);
    lfm_features *strangers = NULL;
    REQUIRE_OK(lfm_features_from_csr(NULL, &csr, NULL, &strangers));
    lfm_scorer *scorer = NULL;
    REQUIRE_OK(lfm_scorer_create(s.model, strangers, s.features[1], NULL, &scorer));
    CHECK_INTEGER(lfm_scorer_n_rows(scorer, LFM_SPACE_USER), 2);
    CHECK_INTEGER(lfm_scorer_n_rows(scorer, LFM_SPACE_USER_FEATURE), USER_FEATURES);
    lfm_view biases = {.size = sizeof biases};
    REQUIRE_OK(lfm_scorer_biases(scorer, LFM_SPACE_ITEM, &biases));
    for (int32_t item = 0; item < N_ITEMS; item++) {
        const int32_t nobody = 0;
        float score = NAN;
        CHECK_OK(lfm_predict(scorer, 1, &nobody, &item, &score, NULL));
        CHECK_CLOSE(score, *row_of(&biases, item), 0, 0);
    }
    lfm_scorer_free(scorer);
    lfm_features_free(strangers);
    free_setting(&s);
}

/* Many pairs on many threads are the pairs one by one. */
static void test_many_pairs(void)
{
    enum { N = 20000 };
    setting s = make_setting(false, false);
    int32_t *users = take(N, sizeof *users), *items = take(N, sizeof *items);
    float *one = take(N, sizeof *one), *several = take(N, sizeof *several);
    test_random random = {1};
    for (int i = 0; i < N; i++) {
        users[i] = random_below(&random, N_USERS);
        items[i] = random_below(&random, N_ITEMS);
    }
    lfm_infer_options options;
    lfm_infer_options_init(&options);
    options.threads = 1;
    CHECK_OK(lfm_predict(s.scorer, N, users, items, one, &options));
    options.threads = 3;
    CHECK_OK(lfm_predict(s.scorer, N, users, items, several, &options));
    CHECK(memcmp(one, several, N * sizeof *one) == 0);
    lfm_cancel *cancel = NULL;
    REQUIRE_OK(lfm_cancel_create(NULL, &cancel));
    lfm_cancel_set(cancel);
    options.cancel = cancel;
    memset(several, 0x55, N * sizeof *several);
    CHECK_STATUS(lfm_predict(s.scorer, N, users, items, several, &options), LFM_ERROR_CANCELLED);
    unsigned char untouched = 0x55;
    for (size_t i = 0; i < N * sizeof *several; i++)
        untouched = ((unsigned char *)several)[i] != 0x55 ? 0 : untouched;
    CHECK(untouched == 0x55);
    lfm_cancel_free(cancel);
    free(users);
    free(items);
    free(one);
    free(several);
    free_setting(&s);
}

static void test_bad_input(void)
{
    setting s = make_setting(true, true);
    lfm_scorer *out = NULL;
    lfm_features *wide = build_random_features(NULL, 3, N_USERS, USER_FEATURES + ITEM_FEATURES, 3);
    CHECK_FAILS(lfm_scorer_create(NULL, NULL, NULL, NULL, &out), LFM_ERROR_ARGUMENT, "model");
    CHECK_FAILS(lfm_scorer_create(s.model, NULL, NULL, NULL, NULL), LFM_ERROR_ARGUMENT, "out");
    CHECK_FAILS(lfm_scorer_create(s.model, wide, s.features[1], NULL, &out), LFM_ERROR_SHAPE, "user");
    CHECK_FAILS(lfm_scorer_create(s.model, s.features[0], wide, NULL, &out), LFM_ERROR_SHAPE, "item");
    lfm_scorer_options how;
    lfm_scorer_options_init(&how);
    how.threads = -1;
    CHECK_FAILS(lfm_scorer_create(s.model, s.features[0], s.features[1], &how, &out), LFM_ERROR_OPTION, "threads is -1");
    how.threads = 1;
    how.precision = 3;
    CHECK_FAILS(lfm_scorer_create(s.model, s.features[0], s.features[1], &how, &out), LFM_ERROR_OPTION, "precision");
    CHECK(out == NULL);
    lfm_view view = {.size = sizeof view}, small = {.size = 3};
    CHECK_STATUS(lfm_scorer_representations(NULL, 0, &view), LFM_ERROR_ARGUMENT);
    CHECK_STATUS(lfm_scorer_representations(s.scorer, 0, NULL), LFM_ERROR_ARGUMENT);
    CHECK_FAILS(lfm_scorer_representations(s.scorer, 4, &view), LFM_ERROR_ARGUMENT, "space");
    CHECK_FAILS(lfm_scorer_biases(s.scorer, -1, &view), LFM_ERROR_ARGUMENT, "space");
    CHECK_STATUS(lfm_scorer_biases(s.scorer, 0, &small), LFM_ERROR_OPTION);
    CHECK(view.data == NULL && small.size == 3);
    CHECK_INTEGER(lfm_scorer_n_rows(NULL, 0) + lfm_scorer_n_rows(s.scorer, 4) +
                      lfm_scorer_n_rows(s.scorer, -1) + lfm_scorer_components(NULL), 0);
    const int32_t good[] = {0, 1}, high[] = {0, N_USERS}, low[] = {-1, 0}, item_high[] = {0, N_ITEMS};
    float scores[2] = {7, 7};
    CHECK_STATUS(lfm_predict(NULL, 2, good, good, scores, NULL), LFM_ERROR_ARGUMENT);
    CHECK_FAILS(lfm_predict(s.scorer, 2, NULL, good, scores, NULL), LFM_ERROR_ARGUMENT, "users");
    CHECK_FAILS(lfm_predict(s.scorer, 2, good, NULL, scores, NULL), LFM_ERROR_ARGUMENT, "items");
    CHECK_FAILS(lfm_predict(s.scorer, 2, good, good, NULL, NULL), LFM_ERROR_ARGUMENT, "scores");
    CHECK_FAILS(lfm_predict(s.scorer, -1, good, good, scores, NULL), LFM_ERROR_ARGUMENT, "-1");
    CHECK_FAILS(lfm_predict(s.scorer, 2, high, good, scores, NULL), LFM_ERROR_DATA, "users[1] is 9");
    CHECK_FAILS(lfm_predict(s.scorer, 2, low, good, scores, NULL), LFM_ERROR_DATA, "users[0] is -1");
    CHECK_FAILS(lfm_predict(s.scorer, 2, good, item_high, scores, NULL), LFM_ERROR_DATA,
                "items[1] is 13");
    lfm_infer_options options;
    lfm_infer_options_init(&options);
    options.threads = -1;
    CHECK_FAILS(lfm_predict(s.scorer, 2, good, good, scores, &options), LFM_ERROR_OPTION, "threads");
    options.threads = 1;
    options.size = 2;
    CHECK_STATUS(lfm_predict(s.scorer, 2, good, good, scores, &options), LFM_ERROR_OPTION);
    CHECK(scores[0] == 7 && scores[1] == 7);
    CHECK_OK(lfm_predict(s.scorer, 0, NULL, NULL, NULL, NULL));
    CHECK(lfm_scorer_ref(NULL) == NULL);
    lfm_scorer_free(NULL);
    lfm_features_free(wide);
    free_setting(&s);
}

/* A representation that overflows is refused with its place. */
static void test_overflow(void)
{
    static const int32_t offsets[] = {0, 1, 3}, columns[] = {0, 0, 1};
    static const float values[] = {1, 1, 1};
    lfm_csr csr;
    lfm_csr_init(&csr);
    csr.n_rows = 2;
    csr.n_columns = 2;
    csr.n_entries = 3;
    csr.offsets = lfm_int32(offsets);
    csr.columns = lfm_int32(columns);
    csr.values = lfm_float32(values);
    lfm_features *f = NULL;
    REQUIRE_OK(lfm_features_from_csr(NULL, &csr, NULL, &f));
    lfm_model *model = build_model(NULL, 2, 2, 1, 0, 1);
    static const float huge[] = {3e38f, 3e38f};
    CHECK_OK(lfm_model_set(model, LFM_ITEM, LFM_EMBEDDINGS, huge, 2));
    lfm_scorer *scorer = NULL;
    CHECK_FAILS(lfm_scorer_create(model, NULL, f, NULL, &scorer), LFM_ERROR_DATA, "item 1 ");
    CHECK(scorer == NULL);
    CHECK_OK(lfm_scorer_create(model, f, NULL, NULL, &scorer));
    lfm_scorer_free(scorer);
    lfm_model_free(model);
    lfm_features_free(f);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"scores of pairs are the plain double sum", test_pairs},
        {"the four spaces", test_spaces},
        {"a scorer is independent of its model", test_independent},
        {"new users and empty rows", test_cold},
        {"many pairs, several threads, cancelling", test_many_pairs},
        {"bad input", test_bad_input},
        {"an overflowing representation", test_overflow},
    };
    return TAP_MAIN("scorer", tests, argc, argv);
}
