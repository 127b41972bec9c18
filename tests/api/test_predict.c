/* Scores of pairs straight from embeddings: the bits that a scorer gives, and what is refused. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "check.h"
#include "tap.h"

enum { USERS = 40, ITEMS = 90, PAIRS = 10000 };

typedef struct world {
    int32_t d, pad; /* pad: unused floats between rows */
    float *vectors[2], *biases[2];
    int32_t *ids[2];
} world;

static world make(int32_t d, int32_t pad)
{
    static const int32_t rows[2] = {USERS, ITEMS};
    world w = {.d = d, .pad = pad};
    test_random random = {(uint64_t)d};
    for (int side = 0; side < 2; side++) {
        const size_t n = (size_t)rows[side] * (size_t)(d + pad);
        w.vectors[side] = take(n, sizeof(float));
        w.biases[side] = take((size_t)rows[side], sizeof(float));
        w.ids[side] = take(PAIRS, sizeof(int32_t));
        for (size_t i = 0; i < n; i++)
            w.vectors[side][i] = (float)random_below(&random, 2000) / 1000 - 1;
        for (int32_t i = 0; i < rows[side]; i++)
            w.biases[side][i] = (float)random_below(&random, 2000) / 1000 - 1;
        for (int32_t i = 0; i < PAIRS; i++)
            w.ids[side][i] = random_below(&random, rows[side]);
    }
    return w;
}

static void world_free(world *w)
{
    for (int side = 0; side < 2; side++) {
        free(w->vectors[side]);
        free(w->biases[side]);
        free(w->ids[side]);
    }
}

static lfm_embeddings embeddings_of(const world *w, int side, bool biases)
{
    lfm_embeddings e;
    lfm_embeddings_init(&e);
    e.vectors = w->vectors[side];
    e.biases = biases ? w->biases[side] : NULL;
    e.stride = w->pad > 0 ? (int64_t)(w->d + w->pad) * (int64_t)sizeof(float) : 0;
    e.n_rows = side == 0 ? USERS : ITEMS;
    e.n_components = w->d;
    return e;
}

static void test_scorers_bits(void)
{
    static const int32_t components[] = {1, 15, 16, 64, 70};
    for (size_t c = 0; c < sizeof components / sizeof *components; c++) {
        for (int32_t pad = 0; pad <= 3; pad += 3) {
            world w = make(components[c], pad);
            const lfm_embeddings users = embeddings_of(&w, 0, true), items = embeddings_of(&w, 1, pad == 0);
            lfm_scorer *scorer = NULL;
            REQUIRE_OK(lfm_scorer_from_embeddings(NULL, &users, &items, NULL, &scorer));
            float *expected = take(PAIRS, sizeof *expected), *scores = take(PAIRS, sizeof *scores);
            REQUIRE_OK(lfm_predict(scorer, PAIRS, w.ids[0], w.ids[1], expected, NULL));
            for (int32_t threads = 1; threads <= 3; threads += 2) {
                lfm_infer_options options;
                lfm_infer_options_init(&options);
                options.threads = threads;
                memset(scores, 0, PAIRS * sizeof *scores);
                CHECK_OK(lfm_predict_embeddings(NULL, &users, &items, PAIRS, w.ids[0], w.ids[1], scores, &options));
                CHECK(memcmp(scores, expected, PAIRS * sizeof *scores) == 0);
            }
            free(expected);
            free(scores);
            lfm_scorer_free(scorer);
            world_free(&w);
        }
    }
}

/* What is not named is not looked at, and what is not finite comes out as it is. */
static void test_not_finite(void)
{
    world w = make(7, 0);
    const lfm_embeddings users = embeddings_of(&w, 0, true), items = embeddings_of(&w, 1, true);
    const int32_t pairs[2][2] = {{3, 4}, {5, 5}};
    float scores[2];
    w.vectors[0][3 * 7] = NAN;
    CHECK_OK(lfm_predict_embeddings(NULL, &users, &items, 2, pairs[0], pairs[1], scores, NULL));
    CHECK(isnan(scores[0]) && isfinite(scores[1]));
    world_free(&w);
}

static void test_refused(void)
{
    world w = make(5, 0);
    const lfm_embeddings users = embeddings_of(&w, 0, true), items = embeddings_of(&w, 1, true);
    lfm_embeddings bad = users;
    float scores[PAIRS] = {-9};
    int32_t *u = w.ids[0], *i = w.ids[1];
#define REFUSED(status, part, users_, items_, n_, u_, i_, scores_)                                     \
    CHECK_FAILS(lfm_predict_embeddings(NULL, users_, items_, n_, u_, i_, scores_, NULL), status, part)
    REFUSED(LFM_ERROR_ARGUMENT, "users", NULL, &items, 1, u, i, scores);
    REFUSED(LFM_ERROR_ARGUMENT, "items", &users, NULL, 1, u, i, scores);
    REFUSED(LFM_ERROR_ARGUMENT, "n is -1", &users, &items, -1, u, i, scores);
    REFUSED(LFM_ERROR_ARGUMENT, "user_ids", &users, &items, 1, NULL, i, scores);
    REFUSED(LFM_ERROR_ARGUMENT, "item_ids", &users, &items, 1, u, NULL, scores);
    REFUSED(LFM_ERROR_ARGUMENT, "scores", &users, &items, 1, u, i, NULL);
    CHECK_OK(lfm_predict_embeddings(NULL, &users, &items, 0, NULL, NULL, NULL, NULL));
    bad.n_components = 4;
    REFUSED(LFM_ERROR_SHAPE, "4 components", &bad, &items, 1, u, i, scores);
    bad = users;
    bad.stride = 19;
    REFUSED(LFM_ERROR_ARGUMENT, "stride is 19", &bad, &items, 1, u, i, scores);
    i[77] = ITEMS;
    REFUSED(LFM_ERROR_DATA, "item_ids", &users, &items, PAIRS, u, i, scores);
    i[77] = 0;
    u[78] = -1;
    REFUSED(LFM_ERROR_DATA, "user_ids", &users, &items, PAIRS, u, i, scores);
    u[78] = 0;
    CHECK(scores[0] == -9);
    lfm_infer_options options;
    lfm_infer_options_init(&options);
    options.threads = -1;
    CHECK_FAILS(lfm_predict_embeddings(NULL, &users, &items, 1, u, i, scores, &options), LFM_ERROR_OPTION, "threads");
    options.threads = 1;
    lfm_cancel *cancel = NULL;
    REQUIRE_OK(lfm_cancel_create(NULL, &cancel));
    lfm_cancel_set(cancel);
    options.cancel = cancel;
    CHECK_STATUS(lfm_predict_embeddings(NULL, &users, &items, PAIRS, u, i, scores, &options), LFM_ERROR_CANCELLED);
    lfm_cancel_free(cancel);
    world_free(&w);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"the bits of a scorer, any stride and number of threads", test_scorers_bits},
        {"numbers that are not finite", test_not_finite},
        {"what is refused", test_refused},
    };
    return TAP_MAIN("predict", tests, argc, argv);
}
