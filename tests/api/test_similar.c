/* The most similar rows, against cosines and dot products in double and sorting by hand. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "check.h"
#include "tap.h"

enum { USERS = 40, ITEMS = 300, USER_FEATURES = 11, ITEM_FEATURES = 35 };

/* A scorer with features on both sides; items repeat their features, so that there are ties. */
typedef struct world {
    lfm_model *model;
    lfm_features *f[2];
    lfm_scorer *scorer;
} world;

static world make(uint64_t seed, int32_t d)
{
    world w = {.model = build_model(NULL, USER_FEATURES, ITEM_FEATURES, d, 0, seed)};
    model_fill(w.model, seed + 1, 1);
    w.f[0] = build_random_features(NULL, seed + 2, USERS, USER_FEATURES, 2);
    w.f[1] = build_random_features(NULL, seed + 3, ITEMS, ITEM_FEATURES, 2);
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

/* What a query in double has with each row of a space; `scale` receives |q| |t|. */
static double *measure_all(const lfm_scorer *scorer, const float *q, int32_t target_space, int32_t measure,
                           double **scale)
{
    lfm_view to = {.size = sizeof to};
    REQUIRE_OK(lfm_scorer_representations(scorer, target_space, &to));
    double *values = take((size_t)to.rows, sizeof *values);
    *scale = take((size_t)to.rows, sizeof **scale);
    for (int64_t row = 0; row < to.rows; row++) {
        const float *t = row_of(&to, row);
        double dot = 0, qq = 0, tt = 0;
        for (int64_t e = 0; e < to.columns; e++) {
            dot += (double)q[e] * (double)t[e];
            qq += (double)q[e] * (double)q[e];
            tt += (double)t[e] * (double)t[e];
        }
        (*scale)[row] = sqrt(qq) * sqrt(tt);
        values[row] = measure == LFM_SIMILARITY_DOT ? dot : ((*scale)[row] > 0 ? dot / (*scale)[row] : 0);
    }
    return values;
}

/* Whether the options let query q (a row, or -1) have `row`. */
static bool may_have(const lfm_similar_options *o, bool same_space, int32_t q, int32_t row)
{
    if (row < o->first_row || (o->end_row != 0 && row >= o->end_row))
        return false;
    if (same_space && !o->include_self && row == q)
        return false;
    for (int64_t i = 0; i < o->n_exclude; i++) {
        if (o->exclude[i] == row)
            return false;
    }
    const int32_t *columns;
    const int64_t n = lfm_features_row(o->known, q, &columns, NULL);
    for (int64_t i = 0; i < n; i++) {
        if (columns[i] == row)
            return false;
    }
    return true;
}

/* A list is right: the values are the measure's, in order, each row once and allowed, and nothing that was
 * left out is better than its last. */
static void check_list(const lfm_scorer *scorer, const float *q, int32_t number, bool same_space,
                       int32_t target_space, int32_t k, const int32_t *rows, const float *values,
                       const lfm_similar_options *o)
{
    const int32_t n = lfm_scorer_n_rows(scorer, target_space), d = lfm_scorer_components(scorer);
    double *scale, *wanted = measure_all(scorer, q, target_space, o->measure, &scale);
    const double bound = ldexp(o->measure == LFM_SIMILARITY_DOT ? d / 16.0 + 8 : d / 8.0 + 8, -24);
    bool *seen = take((size_t)n, sizeof *seen);
    memset(seen, 0, (size_t)n * sizeof *seen);
    int32_t left = 0;
    for (int32_t row = 0; row < n; row++)
        left += may_have(o, same_space, number, row);
    for (int32_t at = 0; at < k; at++) {
        if (at >= left) {
            CHECK(rows[at] == -1 && values[at] == -INFINITY);
            continue;
        }
        const int32_t row = rows[at];
        REQUIRE(row >= 0 && row < n && !seen[row] && may_have(o, same_space, number, row));
        const double tolerance = o->measure == LFM_SIMILARITY_DOT ? bound * scale[row] : bound;
        CHECK_CLOSE(values[at], wanted[row], 0, tolerance);
        CHECK(o->measure == LFM_SIMILARITY_DOT || (values[at] >= -1 && values[at] <= 1));
        CHECK(at == 0 || values[at] < values[at - 1] || (values[at] == values[at - 1] && row > rows[at - 1]));
        seen[row] = true;
    }
    for (int32_t row = 0; row < n && k <= left; row++) {
        const double tolerance = o->measure == LFM_SIMILARITY_DOT ? bound * scale[row] : bound;
        CHECK(seen[row] || !may_have(o, same_space, number, row) || wanted[row] <= (double)values[k - 1] + tolerance);
    }
    free(seen);
    free(wanted);
    free(scale);
}

/* All rows of a space as queries, in descending order, the first of them twice. */
static void check_space(const lfm_scorer *scorer, int32_t from, int32_t to, int32_t k, const lfm_similar_options *o)
{
    const int32_t n = lfm_scorer_n_rows(scorer, from) + 1;
    int32_t *queries = take((size_t)n, sizeof *queries);
    for (int32_t i = 0; i < n; i++)
        queries[i] = i < n - 1 ? n - 2 - i : n - 2;
    int32_t *rows = take((size_t)n * (size_t)k, sizeof *rows);
    float *values = take((size_t)n * (size_t)k, sizeof *values);
    CHECK_OK(lfm_similar(scorer, from, n, queries, to, k, rows, values, o));
    lfm_view view = {.size = sizeof view};
    REQUIRE_OK(lfm_scorer_representations(scorer, from, &view));
    for (int32_t i = 0; i < n; i++)
        check_list(scorer, row_of(&view, queries[i]), queries[i], from == to, to, k, rows + (int64_t)i * k,
                   values + (int64_t)i * k, o);
    int32_t *alone = take((size_t)n * (size_t)k, sizeof *alone);
    CHECK_OK(lfm_similar(scorer, from, n, queries, to, k, alone, NULL, o));
    CHECK(memcmp(alone, rows, (size_t)n * (size_t)k * sizeof *rows) == 0);
    free(alone);
    free(rows);
    free(values);
    free(queries);
}

static void test_spaces(void)
{
    static const int32_t ds[] = {1, 5, 16, 37}, ks[] = {1, 7, 400};
    for (int i = 0; i < 4; i++) {
        world w = make((uint64_t)(10 * i + 1), ds[i]);
        for (int32_t spaces = 0; spaces < 16; spaces++) {
            lfm_similar_options o;
            lfm_similar_options_init(&o);
            o.measure = (i + spaces) % 2;
            o.threads = 1 + spaces % 3;
            check_space(w.scorer, spaces / 4, spaces % 4, ks[spaces % 3], &o);
        }
        world_free(&w);
    }
}

/* What is left out: rows of a list, columns of a matrix, the ends of the space; or the query is kept. */
static void test_left_out(void)
{
    world w = make(60, 6);
    static const int32_t list[] = {7, 3, 299, 7, 33};
    lfm_features *known = build_random_features(NULL, 61, ITEMS - 20, ITEM_FEATURES, 9);
    for (int bits = 0; bits < 32; bits++) {
        lfm_similar_options o;
        lfm_similar_options_init(&o);
        o.measure = bits & 1;
        o.include_self = bits >> 1 & 1;
        o.known = bits & 4 ? known : NULL;
        o.exclude = bits & 8 ? list : NULL;
        o.n_exclude = bits & 8 ? 5 : 0;
        o.first_row = bits & 16 ? 4 : 0;
        o.end_row = bits & 16 ? 280 : 0;
        check_space(w.scorer, LFM_SPACE_ITEM, LFM_SPACE_ITEM, 20, &o);
        o.n_exclude = bits & 8 ? 2 : 0;
        o.end_row = bits & 16 ? 30 : 0;
        check_space(w.scorer, LFM_SPACE_ITEM, LFM_SPACE_ITEM_FEATURE, 30, &o);
    }
    /* Tags for an item that it lacks. */
    lfm_similar_options o;
    lfm_similar_options_init(&o);
    o.known = w.f[LFM_ITEM];
    check_space(w.scorer, LFM_SPACE_ITEM, LFM_SPACE_ITEM_FEATURE, ITEM_FEATURES, &o);
    /* Nothing is left. */
    o.first_row = o.end_row = 5;
    check_space(w.scorer, LFM_SPACE_ITEM, LFM_SPACE_ITEM_FEATURE, 3, &o);
    int32_t all[ITEM_FEATURES];
    for (int32_t i = 0; i < ITEM_FEATURES; i++)
        all[i] = i;
    o.first_row = o.end_row = 0;
    o.exclude = all;
    o.n_exclude = ITEM_FEATURES;
    check_space(w.scorer, LFM_SPACE_USER, LFM_SPACE_ITEM_FEATURE, 3, &o);
    lfm_features_free(known);
    world_free(&w);
}

/* The same bits however many threads and however the queries are grouped; equal rows tie by id. */
static void test_same_bits(void)
{
    enum { K = 9 };
    world w = make(70, 21);
    int32_t queries[ITEMS], rows[2][ITEMS * K], one[K];
    float values[2][ITEMS * K], value[K];
    for (int32_t i = 0; i < ITEMS; i++)
        queries[i] = i;
    for (int32_t measure = 0; measure < 2; measure++) {
        lfm_similar_options o;
        lfm_similar_options_init(&o);
        o.measure = measure;
        for (int t = 0; t < 2; t++) {
            o.threads = t == 0 ? 1 : 3;
            CHECK_OK(lfm_similar(w.scorer, LFM_SPACE_ITEM, ITEMS, queries, LFM_SPACE_ITEM, K, rows[t], values[t], &o));
        }
        CHECK(memcmp(rows[0], rows[1], sizeof rows[0]) == 0 && memcmp(values[0], values[1], sizeof values[0]) == 0);
        for (int32_t i = 0; i < ITEMS; i += 7) {
            CHECK_OK(lfm_similar(w.scorer, LFM_SPACE_ITEM, 1, &i, LFM_SPACE_ITEM, K, one, value, &o));
            CHECK(memcmp(one, rows[0] + i * K, sizeof one) == 0 && memcmp(value, values[0] + i * K, sizeof value) == 0);
        }
    }
    world_free(&w);
}

/* Vectors: a row's own gives the row's list; a mean; places in `known`. */
static void test_vectors(void)
{
    enum { K = 12, D = 13, N = 20 };
    world w = make(80, D);
    lfm_view view = {.size = sizeof view};
    REQUIRE_OK(lfm_scorer_representations(w.scorer, LFM_SPACE_ITEM, &view));
    float vectors[N * D];
    int32_t queries[N], rows[2][N * K];
    float values[2][N * K];
    for (int i = 0; i < N; i++) {
        queries[i] = i;
        memcpy(vectors + i * D, row_of(&view, i), D * sizeof *vectors);
    }
    lfm_similar_options o;
    lfm_similar_options_init(&o);
    o.include_self = 1;
    o.known = w.f[LFM_ITEM]; /* as far as its columns are items: some of them */
    for (int32_t measure = 0; measure < 2; measure++) {
        o.measure = measure;
        CHECK_OK(lfm_similar(w.scorer, LFM_SPACE_ITEM, N, queries, LFM_SPACE_ITEM, K, rows[0], values[0], &o));
        CHECK_OK(lfm_similar_to_vectors(w.scorer, N, D, vectors, LFM_SPACE_ITEM, K, rows[1], values[1], &o));
        CHECK(memcmp(rows[0], rows[1], sizeof rows[0]) == 0 && memcmp(values[0], values[1], sizeof values[0]) == 0);
    }
    o.known = NULL;
    for (int e = 0; e < D; e++)
        vectors[e] = 0.5f * (vectors[D + e] + vectors[2 * D + e]);
    CHECK_OK(lfm_similar_to_vectors(w.scorer, 1, D, vectors, LFM_SPACE_USER, K, rows[0], values[0], &o));
    check_list(w.scorer, vectors, -1, false, LFM_SPACE_USER, K, rows[0], values[0], &o);
    CHECK_OK(lfm_similar_to_vectors(w.scorer, 0, D, vectors, LFM_SPACE_USER, K, NULL, NULL, NULL));
    CHECK_OK(lfm_similar(w.scorer, LFM_SPACE_USER, 0, NULL, LFM_SPACE_USER, K, NULL, NULL, NULL));
    world_free(&w);
}

/* A cosine of small and of large vectors is still a cosine; a dot product never overflows to NaN. */
static void test_scale(void)
{
    static const float sizes[] = {1e-42f, 1e-18f, 1e-3f, 1, 1e18f, 1e38f};
    for (int i = 0; i < 6; i++) {
        lfm_model *model = build_model(NULL, 1, 4, 2, 0, 2);
        const float s = sizes[i];
        const float items[] = {s, 0, s, s, 0, -s, 2 * s, 0.5f * s};
        CHECK_OK(lfm_model_set(model, LFM_ITEM, LFM_EMBEDDINGS, items, 8));
        lfm_scorer *scorer = NULL;
        REQUIRE_OK(lfm_scorer_create(model, NULL, NULL, NULL, &scorer));
        const int32_t query = 0;
        int32_t rows[3];
        float cosines[3];
        CHECK_OK(lfm_similar(scorer, LFM_SPACE_ITEM, 1, &query, LFM_SPACE_ITEM, 3, rows, cosines, NULL));
        check_report(rows[0] == 3 && rows[1] == 1 && rows[2] == 2, false, __FILE__, __LINE__,
                     "size %g: rows %d %d %d", (double)s, rows[0], rows[1], rows[2]);
        const double tolerance = i == 0 ? 1e-3 : 1e-6; /* 1e-42 has three digits itself */
        CHECK_CLOSE(cosines[0], 0.970142500145332, tolerance, 0);
        CHECK_CLOSE(cosines[1], 0.707106781186548, tolerance, 0);
        CHECK_CLOSE(cosines[2], 0, 0, 1e-6);
        lfm_similar_options o;
        lfm_similar_options_init(&o);
        o.measure = LFM_SIMILARITY_DOT;
        CHECK_OK(lfm_similar(scorer, LFM_SPACE_ITEM, 1, &query, LFM_SPACE_ITEM, 3, rows, cosines, &o));
        CHECK(isfinite(cosines[0]) && isfinite(cosines[1]) && isfinite(cosines[2]));
        if (i >= 1 && i <= 4)
            CHECK(rows[0] == 3 && rows[1] == 1 && rows[2] == 2);
        if (i == 5) /* both beyond float32: equal at its end */
            CHECK(rows[0] == 1 && rows[1] == 3 && cosines[0] == FLT_MAX && cosines[1] == FLT_MAX);
        lfm_scorer_free(scorer);
        lfm_model_free(model);
    }
}

/* Zero rows and zero queries: cosine 0, in the order of their ids. */
static void test_zero(void)
{
    lfm_model *model = build_model(NULL, 2, 3, 4, 0, 2);
    float zero[12] = {0};
    CHECK_OK(lfm_model_set(model, LFM_ITEM, LFM_EMBEDDINGS, zero, 12));
    CHECK_OK(lfm_model_set(model, LFM_USER, LFM_EMBEDDINGS, (float[8]){1, 2, 3, 4}, 8));
    lfm_scorer *scorer = NULL;
    REQUIRE_OK(lfm_scorer_create(model, NULL, NULL, NULL, &scorer));
    for (int32_t measure = 0; measure < 2; measure++) {
        lfm_similar_options o;
        lfm_similar_options_init(&o);
        o.measure = measure;
        static const int32_t users[] = {0, 1};
        int32_t rows[6];
        float values[6];
        CHECK_OK(lfm_similar(scorer, LFM_SPACE_USER, 2, users, LFM_SPACE_ITEM, 3, rows, values, &o));
        for (int i = 0; i < 6; i++)
            CHECK(rows[i] == i % 3 && values[i] == 0);
    }
    lfm_scorer_free(scorer);
    lfm_model_free(model);
}

/* A scorer made without features has none to compare. */
static void test_without_features(void)
{
    lfm_model *model = build_model(NULL, 3, 4, 5, 0, 2);
    lfm_scorer_options how;
    lfm_scorer_options_init(&how);
    how.keep_features = 0;
    lfm_scorer *scorer = NULL;
    REQUIRE_OK(lfm_scorer_create(model, NULL, NULL, &how, &scorer));
    const int32_t query = 1;
    int32_t row = -7;
    CHECK_FAILS(lfm_similar(scorer, LFM_SPACE_ITEM, 1, &query, LFM_SPACE_ITEM_FEATURE, 1, &row, NULL, NULL),
                LFM_ERROR_ARGUMENT, "holds no rows of space 3");
    CHECK_FAILS(lfm_similar(scorer, LFM_SPACE_USER_FEATURE, 1, &query, LFM_SPACE_ITEM, 1, &row, NULL, NULL),
                LFM_ERROR_ARGUMENT, "holds no rows of space 2");
    CHECK_OK(lfm_similar(scorer, LFM_SPACE_ITEM, 1, &query, LFM_SPACE_ITEM, 1, &row, NULL, NULL));
    CHECK(row >= 0);
    lfm_scorer_free(scorer);
    lfm_model_free(model);
}

/* Component e of a row. */
static float many_number(int kind, int32_t row, int32_t e, test_random *random)
{
    const float x = random_signed(random);
    switch (kind) {
    case 1: return row % 5 == 0 ? 0 : x;                              /* rows of zeros */
    case 2: return (float)(int32_t)(x * 2);                           /* ties; dot products of 0 and -0 */
    case 3: return x * 1e18f;                                         /* too large to bound a dot product */
    case 4: return x * 1e-22f;                                        /* lengths in double */
    case 5: return 1 + 1e-7f * x;                                     /* all alike */
    case 6: return e == row % 3 ? 1e4f : x * (row % 2 ? 1e-3f : 1);   /* of all lengths */
    default: return x;
    }
}

/* Many queries at once, with whatever is to be left out, give the bits of each alone. */
static void test_many(void)
{
    enum { ROWS = 700, QUERIES = 60, D = 21, KINDS = 7 };
    float *vectors = take(ROWS * D, sizeof *vectors), *values = take(QUERIES * ROWS, sizeof *values);
    int32_t *rows = take(QUERIES * ROWS, sizeof *rows), queries[QUERIES], excluded[] = {3, 77, 78, 500};
    lfm_features *known = build_random_features(NULL, 4, ROWS, ROWS, 9);
    for (int kind = 0; kind < KINDS; kind++) {
        test_random random = {(uint64_t)kind};
        for (int32_t i = 0; i < ROWS * D; i++)
            vectors[i] = many_number(kind, i / D, i % D, &random);
        lfm_embeddings side;
        lfm_embeddings_init(&side);
        side.vectors = vectors;
        side.n_rows = ROWS;
        side.n_components = D;
        lfm_scorer *scorer = NULL;
        REQUIRE_OK(lfm_scorer_from_embeddings(NULL, &side, &side, NULL, &scorer));
        for (int way = 0; way < 12; way++) {
            static const int32_t ks[] = {1, 10, ROWS};
            const int32_t k = ks[way % 3];
            lfm_similar_options o;
            lfm_similar_options_init(&o);
            o.measure = way % 2 ? LFM_SIMILARITY_DOT : LFM_SIMILARITY_COSINE;
            o.include_self = way / 6;
            o.known = way / 3 % 2 ? known : NULL;
            o.exclude = excluded;
            o.n_exclude = way / 3 % 2 ? 4 : 0;
            o.first_row = way >= 6 ? 30 : 0;
            o.end_row = way >= 6 ? 650 : 0;
            for (int32_t q = 0; q < QUERIES; q++)
                queries[q] = q * 11;
            CHECK_OK(lfm_similar(scorer, LFM_SPACE_ITEM, QUERIES, queries, LFM_SPACE_ITEM, k, rows, values, &o));
            int32_t alone[ROWS], wrong = 0;
            float value[ROWS];
            for (int32_t q = 0; q < QUERIES; q++) {
                CHECK_OK(lfm_similar(scorer, LFM_SPACE_ITEM, 1, &queries[q], LFM_SPACE_ITEM, k, alone, value, &o));
                wrong += memcmp(alone, rows + q * k, (size_t)k * sizeof *alone) != 0 ||
                         memcmp(value, values + q * k, (size_t)k * sizeof *value) != 0;
            }
            check_report(wrong == 0, false, __FILE__, __LINE__, "kind %d, way %d: %d lists differ", kind, way, wrong);
        }
        lfm_scorer_free(scorer);
    }
    lfm_features_free(known);
    free(vectors);
    free(values);
    free(rows);
}

static void test_bad_input(void)
{
    world w = make(90, 3);
    const int32_t query = 0, high[] = {0, ITEMS}, low = -2;
    int32_t rows[24] = {-9};
    float values[24] = {-9};
#define SIMILAR(scorer, from, n, queries, to, k, rows, options)                                        \
    lfm_similar(scorer, from, n, queries, to, k, rows, values, options)
    CHECK_FAILS(SIMILAR(NULL, 1, 1, &query, 1, 1, rows, NULL), LFM_ERROR_ARGUMENT, "scorer");
    CHECK_FAILS(SIMILAR(w.scorer, 1, 1, NULL, 1, 1, rows, NULL), LFM_ERROR_ARGUMENT, "queries");
    CHECK_FAILS(SIMILAR(w.scorer, 1, 1, &query, 1, 1, NULL, NULL), LFM_ERROR_ARGUMENT, "rows");
    CHECK_FAILS(SIMILAR(w.scorer, 4, 1, &query, 1, 1, rows, NULL), LFM_ERROR_ARGUMENT, "4");
    CHECK_FAILS(SIMILAR(w.scorer, -1, 1, &query, 1, 1, rows, NULL), LFM_ERROR_ARGUMENT, "-1");
    CHECK_FAILS(SIMILAR(w.scorer, 1, 1, &query, -1, 1, rows, NULL), LFM_ERROR_ARGUMENT, "-1");
    CHECK_FAILS(SIMILAR(w.scorer, 1, -1, &query, 1, 1, rows, NULL), LFM_ERROR_ARGUMENT, "n is -1");
    CHECK_FAILS(SIMILAR(w.scorer, 1, 1, &query, 1, 0, rows, NULL), LFM_ERROR_ARGUMENT, "k is 0");
    CHECK_FAILS(SIMILAR(w.scorer, 1, 2, high, 1, 1, rows, NULL), LFM_ERROR_DATA, "queries[1] is 300");
    CHECK_FAILS(SIMILAR(w.scorer, 1, 1, &low, 1, 1, rows, NULL), LFM_ERROR_DATA, "queries[0] is -2");
#define WITH(field, value, status, part)                                                               \
    do {                                                                                               \
        lfm_similar_options o;                                                                         \
        lfm_similar_options_init(&o);                                                                  \
        o.field = value;                                                                               \
        CHECK_FAILS(SIMILAR(w.scorer, 1, 1, &query, 3, 2, rows, &o), status, part);                    \
    } while (0)
    WITH(size, 3, LFM_ERROR_OPTION, "lfm_similar_options");
    WITH(measure, 2, LFM_ERROR_OPTION, "measure number 2");
    WITH(measure, -1, LFM_ERROR_OPTION, "measure number -1");
    WITH(threads, -1, LFM_ERROR_OPTION, "threads is -1");
    WITH(first_row, -1, LFM_ERROR_OPTION, "first_row -1");
    WITH(first_row, ITEM_FEATURES + 1, LFM_ERROR_OPTION, "first_row 36");
    WITH(end_row, ITEM_FEATURES + 1, LFM_ERROR_OPTION, "end_row 36");
    WITH(end_row, -1, LFM_ERROR_OPTION, "end_row -1");
    WITH(n_exclude, 1, LFM_ERROR_ARGUMENT, "exclude");
    WITH(n_exclude, -1, LFM_ERROR_ARGUMENT, "-1");
    lfm_features *wide = build_random_features(NULL, 1, 2, ITEM_FEATURES + 1, 2);
    WITH(known, wide, LFM_ERROR_SHAPE, "known has 36 columns");
    lfm_similar_options o;
    lfm_similar_options_init(&o);
    o.exclude = (int32_t[]){3, ITEM_FEATURES};
    o.n_exclude = 2;
    CHECK_FAILS(SIMILAR(w.scorer, 1, 1, &query, 3, 1, rows, &o), LFM_ERROR_DATA, "exclude[1] is 35");
    o.n_exclude = 0;
    lfm_cancel *cancel = NULL;
    REQUIRE_OK(lfm_cancel_create(NULL, &cancel));
    lfm_cancel_set(cancel);
    o.cancel = cancel;
    CHECK_STATUS(SIMILAR(w.scorer, 1, 1, &query, 3, 1, rows, &o), LFM_ERROR_CANCELLED);
    const float vectors[] = {1, 2, 3, 4, INFINITY, 6, NAN, 2, 3};
#define VECTORS(scorer, n, d, vectors, to, rows) lfm_similar_to_vectors(scorer, n, d, vectors, to, 1, rows, NULL, NULL)
    CHECK_FAILS(VECTORS(NULL, 1, 3, vectors, 1, rows), LFM_ERROR_ARGUMENT, "scorer");
    CHECK_FAILS(VECTORS(w.scorer, 1, 3, NULL, 1, rows), LFM_ERROR_ARGUMENT, "vectors");
    CHECK_FAILS(VECTORS(w.scorer, 1, 3, vectors, 1, NULL), LFM_ERROR_ARGUMENT, "rows");
    CHECK_FAILS(VECTORS(w.scorer, 1, 3, vectors, 4, rows), LFM_ERROR_ARGUMENT, "4");
    CHECK_FAILS(VECTORS(w.scorer, 1, 2, vectors, 1, rows), LFM_ERROR_SHAPE, "have 2 components, the scorer 3");
    CHECK_FAILS(VECTORS(w.scorer, 3, 3, vectors, 1, rows), LFM_ERROR_DATA, "vector 1, component 1");
    CHECK_FAILS(VECTORS(w.scorer, 1, 3, vectors + 6, 1, rows), LFM_ERROR_DATA, "vector 0, component 0");
    CHECK(rows[0] == -9 && values[0] == -9);
    lfm_cancel_free(cancel);
    lfm_features_free(wide);
    world_free(&w);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"similar rows between all spaces, cosine and dot", test_spaces},
        {"rows that are left out", test_left_out},
        {"any number of threads and queries at once gives the same bits", test_same_bits},
        {"vectors as queries", test_vectors},
        {"similar rows of any size", test_scale},
        {"zero rows and zero queries", test_zero},
        {"similar, without features", test_without_features},
        {"many queries at once and each alone", test_many},
        {"similar rows, bad input", test_bad_input},
    };
    return TAP_MAIN("similar", tests, argc, argv);
}
