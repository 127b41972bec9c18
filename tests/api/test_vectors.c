/* Vectors for nearest-neighbour search: the formulas, and that the nearest is the best. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "check.h"
#include "tap.h"

enum { USERS = 30, ITEMS = 2100, USER_FEATURES = 9, ITEM_FEATURES = 40 };

typedef struct world {
    lfm_model *model;
    lfm_features *f[2];
    lfm_scorer *scorer;
    int32_t d;
} world;

static world make(uint64_t seed, int32_t d)
{
    world w = {.d = d, .model = build_model(NULL, USER_FEATURES, ITEM_FEATURES, d, 0, seed)};
    model_fill(w.model, seed + 1, 1);
    w.f[0] = build_random_features(NULL, seed + 2, USERS, USER_FEATURES, 3);
    w.f[1] = build_random_features(NULL, seed + 3, ITEMS, ITEM_FEATURES, 5);
    REQUIRE_OK(lfm_scorer_create(w.model, w.f[0], w.f[1], NULL, &w.scorer));
    return w;
}

static void world_free(world *w)
{
    lfm_scorer_free(w->scorer);
    lfm_features_free(w->f[0]);
    lfm_features_free(w->f[1]);
    lfm_model_free(w->model);
}

static const float *row_of(const lfm_view *view, int64_t row)
{
    return (const float *)(const void *)((const char *)view->data + row * view->stride);
}

static float *export_all(const world *w, int32_t space, int32_t form, double norm)
{
    const int32_t n = lfm_scorer_n_rows(w->scorer, space), width = lfm_vectors_components(w->scorer, form);
    float *vectors = take((size_t)n * (size_t)width, sizeof *vectors);
    REQUIRE_OK(lfm_vectors_export(w->scorer, space, form, norm, 0, n, vectors, NULL));
    return vectors;
}

static double longest(const world *w, int32_t space)
{
    lfm_view vectors = {.size = sizeof vectors}, biases = {.size = sizeof biases};
    REQUIRE_OK(lfm_scorer_representations(w->scorer, space, &vectors));
    REQUIRE_OK(lfm_scorer_biases(w->scorer, space, &biases));
    double most = 0;
    for (int64_t row = 0; row < vectors.rows; row++) {
        double square = pow((double)*row_of(&biases, row), 2);
        for (int64_t e = 0; e < vectors.columns; e++)
            square += pow((double)row_of(&vectors, row)[e], 2);
        most = square > most ? square : most;
    }
    return sqrt(most);
}

/* Each number of each form by its formula. */
static void test_formulas(void)
{
    static const int32_t ds[] = {1, 7, 16};
    for (int i = 0; i < 12; i++) {
        const int32_t space = i % 4, query = space % 2 == 0;
        world w = make((uint64_t)i, ds[i / 4]);
        lfm_view vectors = {.size = sizeof vectors}, biases = {.size = sizeof biases};
        REQUIRE_OK(lfm_scorer_representations(w.scorer, space, &vectors));
        REQUIRE_OK(lfm_scorer_biases(w.scorer, space, &biases));
        double norm = 0;
        if (!query) {
            REQUIRE_OK(lfm_vectors_norm(w.scorer, space, &norm, NULL));
            CHECK_CLOSE(norm, longest(&w, space), 1e-14, 0);
        }
        for (int32_t form = 0; form < 3; form++) {
            const double m = norm * (form == 2 ? 1.5 : 1);
            float *got = export_all(&w, space, form, m);
            const int32_t width = w.d + (form > 0) + 1;
            CHECK_INTEGER(lfm_vectors_components(w.scorer, form), width);
            for (int64_t row = 0; row < vectors.rows; row++) {
                const double last = query ? 1 : (double)*row_of(&biases, row);
                double square = last * last;
                for (int32_t e = 0; e < w.d; e++)
                    square += pow((double)row_of(&vectors, row)[e], 2);
                const double divisor = form < 2 ? 1 : (query ? sqrt(square) : m);
                const float *x = got + row * width;
                for (int32_t e = 0; e < w.d; e++)
                    CHECK_CLOSE(x[e], (double)row_of(&vectors, row)[e] / divisor, 1e-7, 0);
                CHECK_CLOSE(x[w.d], last / divisor, 1e-7, 0);
                if (form > 0)
                    CHECK_CLOSE(x[w.d + 1], query ? 0 : sqrt(fabs(m * m - square)) / divisor, 1e-6, 1e-7 * m / divisor);
            }
            free(got);
        }
        world_free(&w);
    }
}

/* For every user the order of distances, and of cosines, is that of scores; the documented formulas give
 * the scores back. */
static void check_order(const world *w, int32_t form)
{
    const double norm = longest(w, LFM_SPACE_ITEM);
    const int32_t width = lfm_vectors_components(w->scorer, form);
    float *items = export_all(w, LFM_SPACE_ITEM, form, 0), *users = export_all(w, LFM_SPACE_USER, form, 0);
    lfm_view biases = {.size = sizeof biases}, p = {.size = sizeof p};
    REQUIRE_OK(lfm_scorer_biases(w->scorer, LFM_SPACE_USER, &biases));
    REQUIRE_OK(lfm_scorer_representations(w->scorer, LFM_SPACE_USER, &p));
    for (int32_t user = 0; user < USERS; user++) {
        const float *y = users + user * width;
        double square = 1, best = -INFINITY;
        for (int32_t e = 0; e < w->d; e++)
            square += pow((double)row_of(&p, user)[e], 2);
        int32_t nearest = -1;
        for (int32_t item = 0; item < ITEMS; item++) {
            const float *x = items + (int64_t)item * width;
            double dot = 0, xx = 0, yy = 0, apart = 0, closeness;
            for (int32_t e = 0; e < width; e++) {
                dot += (double)x[e] * (double)y[e];
                xx += (double)x[e] * (double)x[e];
                yy += (double)y[e] * (double)y[e];
                apart += pow((double)x[e] - (double)y[e], 2);
            }
            double score = dot;
            closeness = dot;
            if (form == LFM_VECTORS_L2) {
                score = (norm * norm + square - apart) / 2;
                closeness = -apart;
            } else if (form == LFM_VECTORS_COSINE) {
                CHECK_CLOSE(xx, 1, 1e-6, 0);
                CHECK_CLOSE(yy, 1, 1e-6, 0);
                score = dot * norm * sqrt(square);
                closeness = dot / sqrt(xx * yy);
            }
            float real;
            REQUIRE_OK(lfm_predict(w->scorer, 1, &user, &item, &real, NULL));
            CHECK_CLOSE(score + (double)*row_of(&biases, user), real, 0, 1e-6 * (norm * norm + square));
            if (closeness > best) {
                best = closeness;
                nearest = item;
            }
        }
        int32_t top;
        float scores[2];
        REQUIRE_OK(lfm_recommend(w->scorer, 1, &user, 1, NULL, &top, scores, NULL));
        REQUIRE_OK(lfm_predict(w->scorer, 1, &user, &nearest, &scores[1], NULL));
        CHECK_CLOSE(scores[1], scores[0], 0, 2e-6 * (norm * norm + square));
    }
    free(items);
    free(users);
}

static void test_order(void)
{
    for (int32_t form = 0; form < 3; form++) {
        world w = make((uint64_t)(20 + form), 11);
        check_order(&w, form);
        world_free(&w);
    }
}

/* Blocks of rows and any number of threads give the same bits. */
static void test_blocks(void)
{
    world w = make(30, 5);
    enum { AT = 1500, N = 300, WIDTH = 7 };
    for (int32_t form = 1; form < 3; form++) {
        float *all = export_all(&w, LFM_SPACE_ITEM, form, 0);
        float *some = take(ITEMS * WIDTH, sizeof *some);
        lfm_infer_options options;
        lfm_infer_options_init(&options);
        options.threads = 3;
        double norm = 0;
        CHECK_OK(lfm_vectors_norm(w.scorer, LFM_SPACE_ITEM, &norm, &options));
        CHECK_OK(lfm_vectors_export(w.scorer, LFM_SPACE_ITEM, form, norm, 0, ITEMS, some, &options));
        CHECK(memcmp(some, all, ITEMS * WIDTH * sizeof *all) == 0);
        CHECK_OK(lfm_vectors_export(w.scorer, LFM_SPACE_ITEM, form, 0, AT, N, some, &options));
        CHECK(memcmp(some, all + AT * WIDTH, N * WIDTH * sizeof *all) == 0);
        CHECK_OK(lfm_vectors_export(w.scorer, LFM_SPACE_ITEM, form, 0, ITEMS, 0, NULL, NULL));
        free(all);
        free(some);
    }
    world_free(&w);
}

/* All items zero: cosine's are one unit vector, no division by zero. */
static void test_zero(void)
{
    lfm_model *model = build_model(NULL, 1, 2, 2, 0, 1);
    CHECK_OK(lfm_model_set(model, LFM_ITEM, LFM_EMBEDDINGS, (float[4]){0, 0, 0, 0}, 4));
    lfm_scorer *scorer = NULL;
    REQUIRE_OK(lfm_scorer_create(model, NULL, NULL, NULL, &scorer));
    double norm = -1;
    CHECK_OK(lfm_vectors_norm(scorer, LFM_SPACE_ITEM, &norm, NULL));
    CHECK(norm == 0);
    for (int32_t form = 0; form < 3; form++) {
        float got[8];
        const int32_t width = lfm_vectors_components(scorer, form);
        CHECK_OK(lfm_vectors_export(scorer, LFM_SPACE_ITEM, form, 0, 0, 2, got, NULL));
        for (int32_t i = 0; i < 2 * width; i++)
            CHECK(got[i] == (form == LFM_VECTORS_COSINE && i % width == 3 ? 1 : 0));
    }
    lfm_scorer_free(scorer);
    lfm_model_free(model);
}

static void test_bad_input(void)
{
    world w = make(40, 3);
    double norm = -9;
    float *out = take(ITEMS * 5, sizeof *out);
    out[0] = -9;
    CHECK(lfm_vectors_components(NULL, 0) == 0 && lfm_vectors_components(w.scorer, -1) == 0 &&
          lfm_vectors_components(w.scorer, 3) == 0);
    CHECK_FAILS(lfm_vectors_norm(NULL, 1, &norm, NULL), LFM_ERROR_ARGUMENT, "scorer");
    CHECK_FAILS(lfm_vectors_norm(w.scorer, 1, NULL, NULL), LFM_ERROR_ARGUMENT, "norm");
    CHECK_FAILS(lfm_vectors_norm(w.scorer, 0, &norm, NULL), LFM_ERROR_ARGUMENT, "space 0");
    CHECK_FAILS(lfm_vectors_norm(w.scorer, 5, &norm, NULL), LFM_ERROR_ARGUMENT, "space 5");
#define EXPORT(scorer, space, form, norm, first, n, out)                                               \
    lfm_vectors_export(scorer, space, form, norm, first, n, out, NULL)
    CHECK_FAILS(EXPORT(NULL, 1, 0, 0, 0, 1, out), LFM_ERROR_ARGUMENT, "scorer");
    CHECK_FAILS(EXPORT(w.scorer, 1, 0, 0, 0, 1, NULL), LFM_ERROR_ARGUMENT, "vectors");
    CHECK_FAILS(EXPORT(w.scorer, 4, 0, 0, 0, 1, out), LFM_ERROR_ARGUMENT, "space number 4");
    CHECK_FAILS(EXPORT(w.scorer, 1, 3, 0, 0, 1, out), LFM_ERROR_ARGUMENT, "form number 3");
    CHECK_FAILS(EXPORT(w.scorer, 1, 1, -1, 0, 1, out), LFM_ERROR_ARGUMENT, "norm is -1");
    CHECK_FAILS(EXPORT(w.scorer, 1, 1, NAN, 0, 1, out), LFM_ERROR_ARGUMENT, "norm");
    CHECK_FAILS(EXPORT(w.scorer, 1, 1, INFINITY, 0, 1, out), LFM_ERROR_ARGUMENT, "norm");
    CHECK_FAILS(EXPORT(w.scorer, 1, 1, 0, -1, 1, out), LFM_ERROR_DATA, "from -1");
    CHECK_FAILS(EXPORT(w.scorer, 1, 1, 0, 0, -1, out), LFM_ERROR_DATA, "-1 rows");
    CHECK_FAILS(EXPORT(w.scorer, 1, 1, 0, ITEMS, 1, out), LFM_ERROR_DATA, "[0, 2100)");
    CHECK_FAILS(EXPORT(w.scorer, 1, 1, 0, 1, INT32_MAX, out), LFM_ERROR_DATA, "[0, 2100)");
    REQUIRE_OK(lfm_vectors_norm(w.scorer, 1, &norm, NULL));
    CHECK_FAILS(EXPORT(w.scorer, 1, 1, norm * 0.999, 0, ITEMS, out), LFM_ERROR_DATA, "more than the norm");
    CHECK_FAILS(EXPORT(w.scorer, 1, 2, 1e-9, 4, 1, out), LFM_ERROR_DATA, "row 4 has the length");
    CHECK(out[0] == -9);
    lfm_cancel *cancel = NULL;
    REQUIRE_OK(lfm_cancel_create(NULL, &cancel));
    lfm_cancel_set(cancel);
    lfm_infer_options options;
    lfm_infer_options_init(&options);
    options.cancel = cancel;
    CHECK_STATUS(lfm_vectors_norm(w.scorer, 1, &norm, &options), LFM_ERROR_CANCELLED);
    CHECK_STATUS(lfm_vectors_export(w.scorer, 1, 0, 0, 0, ITEMS, out, &options), LFM_ERROR_CANCELLED);
    options.threads = -1;
    CHECK_FAILS(lfm_vectors_norm(w.scorer, 1, &norm, &options), LFM_ERROR_OPTION, "threads");
    CHECK_FAILS(lfm_vectors_export(w.scorer, 1, 0, 0, 0, ITEMS, out, &options), LFM_ERROR_OPTION, "threads");
    lfm_cancel_free(cancel);
    free(out);
    world_free(&w);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"the formulas of all forms", test_formulas},
        {"the nearest is the one of the highest score", test_order},
        {"blocks of rows, several threads", test_blocks},
        {"items that are zero", test_zero},
        {"vectors, bad input", test_bad_input},
    };
    return TAP_MAIN("vectors", tests, argc, argv);
}
