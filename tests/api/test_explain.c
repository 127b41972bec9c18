/* Scores taken apart, against all parts computed and sorted by hand. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "check.h"
#include "tap.h"

enum { USERS = 12, ITEMS = 14, USER_FEATURES = 7, ITEM_FEATURES = 9, MOST = 200 };

typedef struct world {
    lfm_model *model;
    lfm_features *f[2];
    lfm_scorer *scorer;
    float *embeddings[2], *biases[2];
    int32_t d;
} world;

/* with: bit 0: user features, bit 1: item features. Rows of the features repeat columns now and then. */
static world make(uint64_t seed, int32_t d, int with)
{
    world w = {.d = d};
    w.f[0] = with & 1 ? build_random_features(NULL, seed + 2, USERS, USER_FEATURES, 6) : NULL;
    w.f[1] = with & 2 ? build_random_features(NULL, seed + 3, ITEMS, ITEM_FEATURES, 7) : NULL;
    w.model = build_model(NULL, with & 1 ? USER_FEATURES : USERS, with & 2 ? ITEM_FEATURES : ITEMS, d, 0, seed);
    model_fill(w.model, seed + 1, 1);
    for (int32_t side = 0; side < 2; side++) {
        w.embeddings[side] = model_copy(w.model, side, LFM_EMBEDDINGS, NULL);
        w.biases[side] = model_copy(w.model, side, LFM_BIASES, NULL);
    }
    REQUIRE_OK(lfm_scorer_create(w.model, w.f[0], w.f[1], NULL, &w.scorer));
    return w;
}

static void world_free(world *w)
{
    for (int side = 0; side < 2; side++) {
        free(w->embeddings[side]);
        free(w->biases[side]);
        lfm_features_free(w->f[side]);
    }
    lfm_scorer_free(w->scorer);
    lfm_model_free(w->model);
}

/* The weight of each feature in a row, dense; has: whether it is stored. Returns the stored entries. */
static int64_t dense_row(const lfm_features *f, int32_t row, int32_t n_features, double *x, bool *has)
{
    for (int32_t c = 0; c < n_features; c++) {
        x[c] = 0;
        has[c] = false;
    }
    const int32_t *columns = &row;
    const float *values = NULL;
    const int64_t n = f != NULL ? lfm_features_row(f, row, &columns, &values) : 1;
    for (int64_t i = 0; i < n; i++) {
        x[columns[i]] += values != NULL ? (double)values[i] : 1;
        has[columns[i]] = true;
    }
    return n;
}

static int first(const void *a, const void *b)
{
    const lfm_contribution *x = a, *y = b;
    if (fabs(x->value) != fabs(y->value))
        return fabs(x->value) > fabs(y->value) ? -1 : 1;
    if (x->user_feature != y->user_feature)
        return x->user_feature < y->user_feature ? -1 : 1;
    return (x->item_feature > y->item_feature) - (x->item_feature < y->item_feature);
}

/* All parts in the order of the list. *sizes receives the sum of |x_j x_i e_jc e_ic| and |x b|. */
static int all_parts(const world *w, const lfm_features *const *f, int32_t user, int32_t item, lfm_contribution *out,
                     double *sizes, int64_t *entries)
{
    double x[2][16];
    bool has[2][16];
    int n = 0;
    const int32_t rows[2] = {user, item};
    *sizes = 0;
    *entries = 0;
    for (int32_t side = 0; side < 2; side++) {
        const int32_t width = lfm_model_n_features(w->model, side);
        *entries += dense_row(f[side], rows[side], width, x[side], has[side]);
        for (int32_t c = 0; c < width; c++) {
            if (!has[side][c])
                continue;
            const double value = x[side][c] * (double)w->biases[side][c];
            out[n++] = (lfm_contribution){value, side == 0 ? c : -1, side == 0 ? -1 : c};
            *sizes += fabs(value);
        }
    }
    for (int32_t j = 0; j < lfm_model_n_features(w->model, 0); j++) {
        for (int32_t i = 0; i < lfm_model_n_features(w->model, 1); i++) {
            if (!has[0][j] || !has[1][i])
                continue;
            double dot = 0;
            for (int32_t c = 0; c < w->d; c++) {
                const double product =
                    (double)w->embeddings[0][j * w->d + c] * (double)w->embeddings[1][i * w->d + c];
                dot += product;
                *sizes += fabs(x[0][j] * x[1][i] * product);
            }
            out[n++] = (lfm_contribution){x[0][j] * x[1][i] * dot, j, i};
        }
    }
    qsort(out, (size_t)n, sizeof *out, first);
    return n;
}

static void check_pair(const world *w, const lfm_features *const *f, int32_t user, int32_t item, int32_t k,
                       const float *predicted)
{
    lfm_contribution wanted[MOST], got[MOST];
    double sizes;
    int64_t entries;
    const int n = all_parts(w, f, user, item, wanted, &sizes, &entries);
    lfm_explanation why = {.size = sizeof why};
    REQUIRE_OK(lfm_explain(w->scorer, f[0], f[1], user, item, k, got, &why, NULL));
    CHECK_INTEGER(why.n_parts, n);
    CHECK_INTEGER(why.n_listed, k < n ? k : n);
    double sum = 0, listed = 0;
    for (int i = 0; i < n; i++)
        sum += wanted[i].value;
    for (int i = 0; i < k; i++) {
        if (i >= n) {
            CHECK(got[i].value == 0 && got[i].user_feature == -1 && got[i].item_feature == -1);
            continue;
        }
        CHECK_INTEGER(got[i].user_feature, wanted[i].user_feature);
        CHECK_INTEGER(got[i].item_feature, wanted[i].item_feature);
        CHECK_CLOSE(got[i].value, wanted[i].value, 1e-14, 0);
        listed += got[i].value;
    }
    CHECK_CLOSE(why.score, sum, 0, 1e-14 * sizes);
    CHECK_CLOSE(listed + why.remainder, why.score, 0, 1e-14 * sizes);
    CHECK(k < n || why.remainder == 0);
    CHECK_CLOSE(why.predicted, why.score, 0, ((double)entries + w->d / 16.0 + 8) * ldexp(sizes, -24));
    if (predicted != NULL)
        CHECK(memcmp(&why.predicted, predicted, sizeof *predicted) == 0);
}

static void test_parts(void)
{
    static const int32_t ds[] = {1, 5, 16, 33}, ks[] = {1, 3, 8, 150};
    for (int with = 0; with < 4; with++) {
        for (int i = 0; i < 4; i++) {
            world w = make((uint64_t)(10 * i + with), ds[i], with);
            for (int32_t user = 0; user < USERS; user++) {
                for (int32_t item = user % 3; item < ITEMS; item += 3) {
                    float score;
                    REQUIRE_OK(lfm_predict(w.scorer, 1, &user, &item, &score, NULL));
                    check_pair(&w, (const lfm_features *const *)w.f, user, item, ks[(user + item) % 4], &score);
                }
            }
            world_free(&w);
        }
    }
}

/* Users and items that the scorer does not hold: what another scorer says of them. */
static void test_cold(void)
{
    world w = make(50, 12, 3);
    const lfm_features *others[2] = {build_random_features(NULL, 51, 5, USER_FEATURES, 5),
                                     build_random_features(NULL, 52, 40, ITEM_FEATURES, 6)};
    lfm_scorer *cold = NULL;
    REQUIRE_OK(lfm_scorer_create(w.model, others[0], others[1], NULL, &cold));
    for (int32_t user = 0; user < 5; user++) {
        for (int32_t item = 0; item < 40; item++) {
            float score;
            REQUIRE_OK(lfm_predict(cold, 1, &user, &item, &score, NULL));
            check_pair(&w, others, user, item, 4, &score);
        }
    }
    /* NULL beside a scorer made with a matrix: the indicator of a feature, here every user feature's. */
    const lfm_features *none[2] = {NULL, others[1]};
    for (int32_t feature = 0; feature < USER_FEATURES; feature++)
        check_pair(&w, none, feature, 39, 4, NULL);
    lfm_scorer_free(cold);
    lfm_features_free((lfm_features *)(uintptr_t)others[0]);
    lfm_features_free((lfm_features *)(uintptr_t)others[1]);
    world_free(&w);
}

/* Rows without features; parts of equal size in the order of their features; repeated entries. */
static void test_edges(void)
{
    world w = make(70, 4, 3);
    float ones[ITEM_FEATURES * 4];
    for (int i = 0; i < ITEM_FEATURES * 4; i++)
        ones[i] = i / 4 % 2 ? -0.5f : 0.5f;
    CHECK_OK(lfm_model_set(w.model, LFM_USER, LFM_EMBEDDINGS, ones, USER_FEATURES * 4));
    CHECK_OK(lfm_model_set(w.model, LFM_ITEM, LFM_EMBEDDINGS, ones, ITEM_FEATURES * 4));
    CHECK_OK(lfm_model_set(w.model, LFM_USER, LFM_BIASES, ones, USER_FEATURES));
    CHECK_OK(lfm_model_set(w.model, LFM_ITEM, LFM_BIASES, ones, ITEM_FEATURES));
    for (int32_t side = 0; side < 2; side++) {
        memcpy(w.embeddings[side], ones, (size_t)lfm_model_n_features(w.model, side) * 4 * sizeof *ones);
        memcpy(w.biases[side], ones, (size_t)lfm_model_n_features(w.model, side) * sizeof *ones);
    }
    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_rows = 2;
    coo.n_columns = USER_FEATURES;
    coo.n_entries = 6;
    coo.rows = lfm_int32((int32_t[]){0, 0, 0, 0, 0, 0});
    coo.columns = lfm_int32((int32_t[]){6, 1, 6, 0, 1, 6});
    coo.values = lfm_float32((float[]){1, 2, -2, 1, -1, 2}); /* 0, 1 and 6 weigh 1 each */
    lfm_features *users = NULL, *items = NULL;
    REQUIRE_OK(lfm_features_from_coo(NULL, &coo, NULL, &users));
    coo.n_columns = ITEM_FEATURES;
    REQUIRE_OK(lfm_features_from_coo(NULL, &coo, NULL, &items));
    lfm_scorer_free(w.scorer);
    w.scorer = NULL;
    REQUIRE_OK(lfm_scorer_create(w.model, users, items, NULL, &w.scorer));
    const lfm_features *f[2] = {users, items};
    for (int32_t k = 1; k < 20; k++) {
        check_pair(&w, f, 0, 0, k, NULL);
        check_pair(&w, f, 0, 1, k, NULL);
        check_pair(&w, f, 1, 1, k, NULL);
    }
    /* The explanation may be left out. */
    lfm_contribution part;
    CHECK_OK(lfm_explain(w.scorer, users, items, 0, 0, 1, &part, NULL, NULL));
    CHECK(part.value == 1 && part.user_feature == 0 && part.item_feature == 0);
    lfm_features_free(users);
    lfm_features_free(items);
    world_free(&w);
}

/* A scorer made without features has none to explain with. */
static void test_without_features(void)
{
    lfm_model *model = build_model(NULL, 3, 4, 5, 0, 2);
    lfm_scorer_options how;
    lfm_scorer_options_init(&how);
    how.keep_features = 0;
    lfm_scorer *scorer = NULL;
    REQUIRE_OK(lfm_scorer_create(model, NULL, NULL, &how, &scorer));
    lfm_contribution part;
    CHECK_FAILS(lfm_explain(scorer, NULL, NULL, 0, 0, 1, &part, NULL, NULL), LFM_ERROR_ARGUMENT, "holds no user features");
    lfm_scorer_free(scorer);
    lfm_model_free(model);
}

static void test_bad_input(void)
{
    world w = make(80, 3, 3);
    lfm_contribution parts[3] = {{-9, 0, 0}};
    lfm_explanation why = {.size = sizeof why, .score = -9};
    lfm_features *wide = build_random_features(NULL, 1, USERS, ITEM_FEATURES + 1, 3);
#define EXPLAIN(scorer, uf, itf, user, item, k, parts)                                                 \
    lfm_explain(scorer, uf, itf, user, item, k, parts, &why, NULL)
    CHECK_FAILS(EXPLAIN(NULL, w.f[0], w.f[1], 0, 0, 3, parts), LFM_ERROR_ARGUMENT, "scorer");
    CHECK_FAILS(EXPLAIN(w.scorer, w.f[0], w.f[1], 0, 0, 3, NULL), LFM_ERROR_ARGUMENT, "contributions");
    CHECK_FAILS(EXPLAIN(w.scorer, w.f[0], w.f[1], 0, 0, 0, parts), LFM_ERROR_ARGUMENT, "k is 0");
    CHECK_FAILS(EXPLAIN(w.scorer, wide, w.f[1], 0, 0, 3, parts), LFM_ERROR_SHAPE,
                "user feature matrix has 10 features, the scorer 7");
    CHECK_FAILS(EXPLAIN(w.scorer, w.f[0], wide, 0, 0, 3, parts), LFM_ERROR_SHAPE,
                "item feature matrix has 10 features, the scorer 9");
    CHECK_FAILS(EXPLAIN(w.scorer, w.f[0], w.f[1], USERS, 0, 3, parts), LFM_ERROR_DATA, "user is 12, outside [0, 12)");
    CHECK_FAILS(EXPLAIN(w.scorer, w.f[0], w.f[1], -1, 0, 3, parts), LFM_ERROR_DATA, "user is -1");
    CHECK_FAILS(EXPLAIN(w.scorer, w.f[0], w.f[1], 0, ITEMS, 3, parts), LFM_ERROR_DATA, "item is 14, outside [0, 14)");
    CHECK_FAILS(EXPLAIN(w.scorer, NULL, w.f[1], USER_FEATURES, 0, 3, parts), LFM_ERROR_DATA, "user is 7");
    CHECK_FAILS(EXPLAIN(w.scorer, w.f[0], NULL, 0, ITEM_FEATURES, 3, parts), LFM_ERROR_DATA, "item is 9");
    lfm_explanation no_size = {.size = 1};
    CHECK_FAILS(lfm_explain(w.scorer, w.f[0], w.f[1], 0, 0, 3, parts, &no_size, NULL), LFM_ERROR_OPTION,
                "lfm_explanation");
    lfm_infer_options options;
    lfm_infer_options_init(&options);
    options.threads = -1;
    CHECK_FAILS(lfm_explain(w.scorer, w.f[0], w.f[1], 0, 0, 3, parts, &why, &options), LFM_ERROR_OPTION, "threads");
    options.threads = 0;
    lfm_cancel *cancel = NULL;
    REQUIRE_OK(lfm_cancel_create(NULL, &cancel));
    lfm_cancel_set(cancel);
    options.cancel = cancel;
    CHECK_STATUS(lfm_explain(w.scorer, NULL, NULL, 0, 0, 3, parts, &why, &options), LFM_ERROR_CANCELLED);
    CHECK(parts[0].value == -9 && why.score == -9);
    lfm_cancel_free(cancel);
    lfm_features_free(wide);
    world_free(&w);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"all parts of a score", test_parts},
        {"users and items that the scorer does not hold", test_cold},
        {"rows without features, equal parts, repeated entries", test_edges},
        {"explain, without features", test_without_features},
        {"explain, bad input", test_bad_input},
    };
    return TAP_MAIN("explain", tests, argc, argv);
}
