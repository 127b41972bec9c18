/* Models: creation, parameters and state by view and copy, what each optimiser has, bad input. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "check.h"
#include "tap.h"

enum { USERS = 4, ITEMS = 6, D = 5 };

static bool has_state(int32_t optimiser, int32_t array)
{
    return array < LFM_EMBEDDING_MOMENTUM || optimiser == LFM_OPTIMISER_ADADELTA;
}

static int32_t columns_of(int32_t optimiser, int32_t array)
{
    if (array % 2 == 1)
        return 1;
    return array == LFM_EMBEDDING_GRADIENTS && optimiser == LFM_OPTIMISER_ADAGRAD_ROWWISE ? 1 : D;
}

static void test_fresh(void)
{
    for (int32_t optimiser = 0; optimiser < 3; optimiser++) {
        lfm_model *model = build_model(NULL, USERS, ITEMS, D, optimiser, 3);
        CHECK(lfm_model_n_features(model, LFM_USER) == USERS && lfm_model_n_features(model, LFM_ITEM) == ITEMS);
        CHECK(lfm_model_components(model) == D && lfm_model_epochs(model) == 0);
        for (int32_t side = 0; side < 2; side++) {
            for (int32_t array = 0; array < 6; array++) {
                CHECK_INTEGER(lfm_model_columns(model, array), columns_of(optimiser, array));
                int64_t n;
                float *values = model_copy(model, side, array, &n);
                bool as_expected = true, all_same = true;
                for (int64_t i = 0; i < n; i++) {
                    const float v = values[i];
                    all_same = all_same && v == values[0];
                    if (array == LFM_EMBEDDINGS)
                        as_expected = as_expected && v > -0.5f / D && v < 0.5f / D;
                    else if (array == LFM_EMBEDDING_GRADIENTS || array == LFM_BIAS_GRADIENTS)
                        as_expected = as_expected && v == (optimiser == LFM_OPTIMISER_ADADELTA ? 0.0f : 1.0f);
                    else
                        as_expected = as_expected && v == 0;
                }
                CHECK(as_expected);
                CHECK(all_same == (array != LFM_EMBEDDINGS));
                free(values);
            }
        }
        lfm_model_free(model);
    }
}

/* Uniform in (-s, s): extremes near the ends, mean near 0, users and items and seeds unlike. */
static void test_initial_width(void)
{
    lfm_model_options options;
    lfm_model_options_init(&options);
    options.components = 100;
    options.init_scale = 3;
    lfm_model *model = NULL;
    REQUIRE_OK(lfm_model_create(NULL, 300, 300, &options, &model));
    int64_t n;
    float *users = model_copy(model, LFM_USER, LFM_EMBEDDINGS, &n);
    float *items = model_copy(model, LFM_ITEM, LFM_EMBEDDINGS, &n);
    double sum = 0, squares = 0, product = 0;
    float low = 0, high = 0;
    for (int64_t i = 0; i < n; i++) {
        low = users[i] < low ? users[i] : low;
        high = users[i] > high ? users[i] : high;
        sum += (double)users[i];
        squares += (double)users[i] * (double)users[i];
        product += (double)users[i] * (double)items[i];
    }
    CHECK(low > -3.0f && low < -2.99f && high < 3.0f && high > 2.99f);
    CHECK_CLOSE(sum / (double)n, 0, 0, 0.05);
    CHECK_CLOSE(squares / (double)n, 3, 0.02, 0);
    CHECK_CLOSE(product / (double)n, 0, 0, 0.1);
    free(users);
    free(items);
    lfm_model_free(model);
}

static void test_set_and_get(void)
{
    for (int32_t optimiser = 0; optimiser < 3; optimiser++) {
        lfm_model *model = build_model(NULL, USERS, ITEMS, D, optimiser, 3);
        test_random random = {5};
        float *sent[2][6];
        for (int32_t side = 0; side < 2; side++) {
            for (int32_t array = 0; array < 6; array++) {
                const int64_t n = (int64_t)(side == 0 ? USERS : ITEMS) * columns_of(optimiser, array);
                float *values = sent[side][array] = take((size_t)n, sizeof *values);
                for (int64_t i = 0; i < n; i++)
                    values[i] = array < 2 ? random_signed(&random) : random_signed(&random) + 1.0f;
                const uint64_t before = model_hash(model);
                if (has_state(optimiser, array)) {
                    CHECK_OK(lfm_model_set(model, side, array, values, n));
                    CHECK(model_hash(model) != before);
                } else {
                    CHECK_FAILS(lfm_model_set(model, side, array, values, n), LFM_ERROR_UNSUPPORTED, "momentum");
                    CHECK(model_hash(model) == before);
                    memset(values, 0, (size_t)n * sizeof *values); /* reads as zeros */
                }
            }
        }
        for (int32_t side = 0; side < 2; side++) {
            for (int32_t array = 0; array < 6; array++) {
                int64_t n;
                float *got = model_copy(model, side, array, &n);
                CHECK(memcmp(got, sent[side][array], (size_t)n * sizeof *got) == 0);
                lfm_view view = {.size = sizeof view};
                lfm_view_mut mut = {.size = sizeof mut};
                if (has_state(optimiser, array)) {
                    REQUIRE_OK(lfm_model_view(model, side, array, &view));
                    REQUIRE_OK(lfm_model_view_mut(model, side, array, &mut));
                    CHECK(view.data == mut.data && view.rows == (side == 0 ? USERS : ITEMS) &&
                          view.columns == columns_of(optimiser, array) && view.stride == mut.stride);
                    for (int64_t row = 0; row < view.rows; row++) {
                        const float *at = (const float *)(const void *)((const char *)view.data + row * view.stride);
                        CHECK(memcmp(at, got + row * view.columns, (size_t)view.columns * sizeof *at) == 0);
                    }
                } else {
                    CHECK_FAILS(lfm_model_view(model, side, array, &view), LFM_ERROR_UNSUPPORTED, "momentum");
                    CHECK_STATUS(lfm_model_view_mut(model, side, array, &mut), LFM_ERROR_UNSUPPORTED);
                    CHECK(view.data == NULL && mut.data == NULL);
                }
                free(got);
                free(sent[side][array]);
            }
        }
        lfm_model_free(model);
    }
}

/* What is written through a view is what training and scoring use. */
static void test_written_view(void)
{
    lfm_model *model = build_model(NULL, USERS, ITEMS, D, 0, 3);
    lfm_view_mut mut = {.size = sizeof mut};
    REQUIRE_OK(lfm_model_view_mut(model, LFM_ITEM, LFM_BIASES, &mut));
    for (int64_t row = 0; row < mut.rows; row++)
        *(float *)(void *)((char *)mut.data + row * mut.stride) = (float)row;
    float *biases = model_copy(model, LFM_ITEM, LFM_BIASES, NULL);
    for (int i = 0; i < ITEMS; i++)
        CHECK_CLOSE(biases[i], i, 0, 0);
    lfm_scorer *scorer = NULL;
    REQUIRE_OK(lfm_scorer_create(model, NULL, NULL, NULL, &scorer));
    const int32_t user = 0;
    int32_t best;
    CHECK_OK(lfm_recommend(scorer, 1, &user, 1, NULL, &best, NULL, NULL));
    CHECK_INTEGER(best, ITEMS - 1);
    lfm_scorer_free(scorer);
    free(biases);
    lfm_model_free(model);
}

static void test_bad_parameters(void)
{
    lfm_model *model = build_model(NULL, USERS, ITEMS, D, LFM_OPTIMISER_ADADELTA, 3);
    const uint64_t fresh = model_hash(model);
    float values[ITEMS * D];
    for (int i = 0; i < ITEMS * D; i++)
        values[i] = 0.5f;
    const int64_t n = ITEMS * D;
    CHECK_FAILS(lfm_model_set(NULL, LFM_ITEM, 0, values, n), LFM_ERROR_ARGUMENT, "model");
    CHECK_FAILS(lfm_model_set(model, LFM_ITEM, 0, NULL, n), LFM_ERROR_ARGUMENT, "values");
    CHECK_FAILS(lfm_model_set(model, 2, 0, values, n), LFM_ERROR_ARGUMENT, "side");
    CHECK_FAILS(lfm_model_set(model, -1, 0, values, n), LFM_ERROR_ARGUMENT, "side");
    CHECK_FAILS(lfm_model_set(model, LFM_ITEM, 6, values, n), LFM_ERROR_ARGUMENT, "array");
    CHECK_FAILS(lfm_model_set(model, LFM_ITEM, -1, values, n), LFM_ERROR_ARGUMENT, "array");
    CHECK_FAILS(lfm_model_set(model, LFM_ITEM, 0, values, n - 1), LFM_ERROR_SHAPE, "6 x 5 = 30");
    CHECK_FAILS(lfm_model_set(model, LFM_USER, 0, values, n), LFM_ERROR_SHAPE, "user embeddings");
    CHECK_FAILS(lfm_model_set(model, LFM_ITEM, LFM_BIASES, values, -1), LFM_ERROR_SHAPE, "-1");
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    for (int i = 0; i < 3; i++) {
        for (int32_t array = 0; array < 6; array++) {
            const int32_t columns = array % 2 == 0 ? D : 1;
            values[2 * columns] = bad[i];
            CHECK_FAILS(lfm_model_set(model, LFM_ITEM, array, values, (int64_t)ITEMS * columns), LFM_ERROR_DATA,
                        "row 2, column 0");
            values[2 * columns] = 0.5f;
        }
    }
    for (int32_t array = LFM_EMBEDDING_GRADIENTS; array < 6; array++) {
        const int32_t columns = array % 2 == 0 ? D : 1;
        values[3 * columns] = -1e-20f;
        CHECK_FAILS(lfm_model_set(model, LFM_ITEM, array, values, (int64_t)ITEMS * columns), LFM_ERROR_DATA,
                    "negative");
        values[3 * columns] = 0.5f;
    }
    CHECK(model_hash(model) == fresh);
    values[0] = 77;
    CHECK_STATUS(lfm_model_get(NULL, LFM_ITEM, 0, values, n), LFM_ERROR_ARGUMENT);
    CHECK_STATUS(lfm_model_get(model, LFM_ITEM, 0, NULL, n), LFM_ERROR_ARGUMENT);
    CHECK_STATUS(lfm_model_get(model, 5, 0, values, n), LFM_ERROR_ARGUMENT);
    CHECK_STATUS(lfm_model_get(model, LFM_ITEM, 99, values, n), LFM_ERROR_ARGUMENT);
    CHECK_STATUS(lfm_model_get(model, LFM_ITEM, 0, values, n + 1), LFM_ERROR_SHAPE);
    CHECK(values[0] == 77);
    lfm_view view = {.size = sizeof view}, tiny = {.size = 1};
    lfm_view_mut mut = {.size = sizeof mut};
    CHECK_STATUS(lfm_model_view(NULL, 0, 0, &view), LFM_ERROR_ARGUMENT);
    CHECK_STATUS(lfm_model_view(model, 0, 0, NULL), LFM_ERROR_ARGUMENT);
    CHECK_STATUS(lfm_model_view(model, 2, 0, &view), LFM_ERROR_ARGUMENT);
    CHECK_STATUS(lfm_model_view(model, 0, 0, &tiny), LFM_ERROR_OPTION);
    CHECK_STATUS(lfm_model_view_mut(NULL, 0, 0, &mut), LFM_ERROR_ARGUMENT);
    CHECK_STATUS(lfm_model_view_mut(model, 0, 0, NULL), LFM_ERROR_ARGUMENT);
    CHECK_STATUS(lfm_model_view_mut(model, 0, 6, &mut), LFM_ERROR_ARGUMENT);
    mut.size = 7;
    CHECK_STATUS(lfm_model_view_mut(model, 0, 0, &mut), LFM_ERROR_OPTION);
    CHECK(view.data == NULL && mut.data == NULL && tiny.data == NULL);
    lfm_model_options options = {.size = 4};
    CHECK_STATUS(lfm_model_get_options(NULL, &options), LFM_ERROR_ARGUMENT);
    CHECK_STATUS(lfm_model_get_options(model, NULL), LFM_ERROR_ARGUMENT);
    CHECK_STATUS(lfm_model_get_options(model, &options), LFM_ERROR_OPTION);
    CHECK_STATUS(lfm_model_reset(NULL), LFM_ERROR_ARGUMENT);
    CHECK(lfm_model_n_features(NULL, 0) == 0 && lfm_model_n_features(model, 2) == 0 &&
          lfm_model_columns(NULL, 0) == 0 && lfm_model_columns(model, 6) == 0 && lfm_model_epochs(NULL) == 0 &&
          lfm_model_components(NULL) == 0 && lfm_model_ref(NULL) == NULL);
    lfm_model_free(NULL);
    lfm_model_free(model);
}

static void test_bad_creation(void)
{
    lfm_model *model = NULL;
    CHECK_FAILS(lfm_model_create(NULL, 2, 2, NULL, NULL), LFM_ERROR_ARGUMENT, "out");
    CHECK_FAILS(lfm_model_create(NULL, -1, 2, NULL, &model), LFM_ERROR_ARGUMENT, "-1");
    CHECK_FAILS(lfm_model_create(NULL, 2, -5, NULL, &model), LFM_ERROR_ARGUMENT, "-5");
    CHECK(model == NULL);
    CHECK_OK(lfm_model_create(NULL, 0, 0, NULL, &model)); /* nobody yet */
    lfm_scorer *scorer = NULL;
    CHECK_OK(lfm_scorer_create(model, NULL, NULL, NULL, &scorer));
    lfm_scorer_free(scorer);
    lfm_model_free(model);
}

/* Feature matrices and interactions that do not fit: SHAPE, nothing changed. */
static void test_bad_shapes(void)
{
    lfm_model *model = build_model(NULL, USERS, ITEMS, D, 0, 3);
    const uint64_t fresh = model_hash(model);
    static const int32_t zero[] = {0};
    lfm_interactions *fits = build_interactions(1, USERS, ITEMS, zero, zero, NULL);
    lfm_interactions *tall = build_interactions(1, USERS + 1, ITEMS, zero, zero, NULL);
    lfm_interactions *wide = build_interactions(1, USERS, ITEMS + 1, zero, zero, NULL);
    lfm_features *user_short = build_random_features(NULL, 1, USERS - 1, USERS, 2);
    lfm_features *user_wide = build_random_features(NULL, 1, USERS, USERS + 1, 2);
    lfm_features *item_short = build_random_features(NULL, 1, ITEMS - 1, ITEMS, 2);
    lfm_features *item_narrow = build_random_features(NULL, 1, ITEMS, ITEMS - 1, 2);
    lfm_features *more_rows = build_random_features(NULL, 1, ITEMS + 3, ITEMS, 2);
    CHECK_FAILS(lfm_model_fit_partial(NULL, fits, NULL, NULL, NULL), LFM_ERROR_ARGUMENT, "model");
    CHECK_FAILS(lfm_model_fit_partial(model, NULL, NULL, NULL, NULL), LFM_ERROR_ARGUMENT, "interactions");
    CHECK_FAILS(lfm_model_fit_partial(model, tall, NULL, NULL, NULL), LFM_ERROR_SHAPE, "5 users");
    CHECK_FAILS(lfm_model_fit_partial(model, wide, NULL, NULL, NULL), LFM_ERROR_SHAPE, "7 items");
    CHECK_FAILS(lfm_model_fit_partial(model, fits, user_short, NULL, NULL), LFM_ERROR_SHAPE, "3 rows");
    CHECK_FAILS(lfm_model_fit_partial(model, fits, user_wide, NULL, NULL), LFM_ERROR_SHAPE, "5 features");
    CHECK_FAILS(lfm_model_fit_partial(model, fits, NULL, item_short, NULL), LFM_ERROR_SHAPE, "5 rows");
    CHECK_FAILS(lfm_model_fit_partial(model, fits, NULL, item_narrow, NULL), LFM_ERROR_SHAPE, "5 features");
    CHECK(model_hash(model) == fresh);
    CHECK_OK(lfm_model_fit_partial(model, fits, NULL, more_rows, NULL));
    /* Still free for others: no lock was left behind. */
    CHECK_OK(lfm_model_reset(model));
    CHECK(model_hash(model) == fresh);
    lfm_features *all[] = {user_short, user_wide, item_short, item_narrow, more_rows};
    for (int i = 0; i < 5; i++)
        lfm_features_free(all[i]);
    lfm_interactions_free(fits);
    lfm_interactions_free(tall);
    lfm_interactions_free(wide);
    lfm_model_free(model);
}

/* Rows without features train and are scored as zero, by every loss. */
static void test_empty_rows(void)
{
    static const int32_t offsets[] = {0, 0, 1, 1, 2, 2, 3}, columns[] = {0, 1, 2};
    lfm_csr csr;
    lfm_csr_init(&csr);
    csr.n_rows = ITEMS;
    csr.n_columns = 3;
    csr.n_entries = 3;
    csr.offsets = lfm_int32(offsets);
    csr.columns = lfm_int32(columns);
    lfm_features *f = NULL;
    REQUIRE_OK(lfm_features_from_csr(NULL, &csr, NULL, &f));
    test_entries e = entries_random(1, 12, USERS, ITEMS, 2, 1);
    lfm_interactions *interactions = entries_build(NULL, &e);
    for (int32_t loss = 0; loss < 4; loss++) {
        for (int32_t regularisation = 0; regularisation < 2; regularisation++) {
            lfm_model *model = build_model(NULL, USERS, 3, D, 0, 3);
            lfm_train_options options;
            lfm_train_options_init(&options);
            options.loss = loss;
            options.regularisation = regularisation;
            options.item_alpha = 0.01;
            CHECK_OK(lfm_model_fit_partial(model, interactions, NULL, f, &options));
            lfm_scorer *scorer = NULL;
            REQUIRE_OK(lfm_scorer_create(model, NULL, f, NULL, &scorer));
            lfm_view view = {.size = sizeof view};
            REQUIRE_OK(lfm_scorer_representations(scorer, LFM_SPACE_ITEM, &view));
            for (int e_at = 0; e_at < D; e_at++)
                CHECK_CLOSE(view.data[e_at], 0, 0, 0);
            lfm_scorer_free(scorer);
            lfm_model_free(model);
        }
    }
    lfm_interactions_free(interactions);
    lfm_features_free(f);
    entries_free(&e);
}

/* Whatever is set first, the rest is as in a model that nobody has set anything in. */
static void test_set_before_all_else(void)
{
    for (int32_t optimiser = 0; optimiser < 3; optimiser++) {
        lfm_model *fresh = build_model(NULL, USERS, ITEMS, D, optimiser, 3);
        for (int32_t set = 0; set < 2 * 6; set++) {
            const int32_t set_side = set / 6, set_array = set % 6;
            if (!has_state(optimiser, set_array))
                continue;
            lfm_model *model = build_model(NULL, USERS, ITEMS, D, optimiser, 3);
            float given[ITEMS * D];
            const int64_t n_given = (int64_t)lfm_model_n_features(model, set_side) * columns_of(optimiser, set_array);
            for (int64_t i = 0; i < n_given; i++)
                given[i] = (float)(i + 1);
            given[n_given - 1] = NAN;
            CHECK_STATUS(lfm_model_set(model, set_side, set_array, given, n_given), LFM_ERROR_DATA);
            given[n_given - 1] = 7;
            CHECK_OK(lfm_model_set(model, set_side, set_array, given, n_given));
            for (int32_t other = 0; other < 2 * 6; other++) {
                int64_t n;
                float *found = model_copy(model, other / 6, other % 6, &n);
                float *wanted = model_copy(fresh, other / 6, other % 6, NULL);
                CHECK(memcmp(found, other == set ? given : wanted, (size_t)n * sizeof *found) == 0);
                free(found);
                free(wanted);
            }
            lfm_model_free(model);
        }
        lfm_model_free(fresh);
    }
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"fresh parameters and state", test_fresh},
        {"the initial width", test_initial_width},
        {"setting, copying, looking", test_set_and_get},
        {"setting before all else", test_set_before_all_else},
        {"what is written through a view counts", test_written_view},
        {"bad parameters", test_bad_parameters},
        {"bad creation", test_bad_creation},
        {"bad shapes", test_bad_shapes},
        {"rows without features", test_empty_rows},
    };
    return TAP_MAIN("model", tests, argc, argv);
}
