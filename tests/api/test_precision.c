/* However a scorer holds its items, the answers are the same bits: recommendations, ranks and metrics from panels in
 * half precision and in codes against those from float32, on data that codes are worst for. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "check.h"
#include "tap.h"

enum { USERS = 41, ITEMS = 1100, SEEN = 3000, HELD_OUT = 400 };
enum { GAUSS, TRAINED, WIDE, ONE_LARGE, SUBNORMAL, EQUAL, ZEROS, HUGE_ONES, MIXED, N_KINDS };

static float usual(test_random *random)
{
    return random_signed(random) + random_signed(random) + random_signed(random);
}

/* Component e of a row. */
static float number(int kind, int32_t row, int32_t e, test_random *random)
{
    const float x = usual(random);
    switch (kind) {
    case WIDE: return x * ldexpf(1, random_below(random, 30) - 15); /* elements of all sizes */
    case ONE_LARGE: return e == row % 3 ? 1000 * x : x;             /* which leaves the others few codes */
    case SUBNORMAL: return x * 1e-41f;
    case EQUAL: return 0.37f;
    case ZEROS: return row % 4 != 0 ? x : 0;
    case HUGE_ONES: return 1e18f * x; /* some scores overflow, or are too large for bounds */
    case MIXED: return row % 50 == 0 ? 1e15f * x : (row % 50 == 1 ? 1e-35f * x : x); /* in panels together */
    default: return x;
    }
}

typedef struct rows {
    float *vectors, *biases;
    lfm_embeddings embeddings;
} rows;

static rows make_rows(int kind, int32_t n, int32_t d, uint64_t seed)
{
    rows r = {.vectors = take((size_t)n * (size_t)d, sizeof(float)), .biases = take((size_t)n, sizeof(float))};
    test_random random = {seed};
    for (int32_t row = 0; row < n; row++) {
        for (int32_t e = 0; e < d; e++)
            r.vectors[row * d + e] = number(kind, row, e, &random);
        r.biases[row] = kind == HUGE_ONES || kind == EQUAL ? 0 : number(kind, row, -1, &random);
    }
    lfm_embeddings_init(&r.embeddings);
    r.embeddings.vectors = r.vectors;
    r.embeddings.biases = r.biases;
    r.embeddings.n_rows = n;
    r.embeddings.n_components = d;
    return r;
}

static void free_rows(rows *r)
{
    free(r->vectors);
    free(r->biases);
}

typedef struct world {
    lfm_scorer *scorers[3]; /* by precision */
    lfm_interactions *seen, *held_out;
} world;

static void add_scorers(world *w, int kind, int32_t d, lfm_context *context)
{
    rows users = make_rows(kind, USERS, d, 1), items = make_rows(kind, ITEMS, d, 2);
    lfm_model *model = build_model(context, USERS, ITEMS, d, LFM_OPTIMISER_ADAGRAD, 3);
    if (kind == TRAINED) {
        lfm_train_options how;
        lfm_train_options_init(&how);
        how.epochs = 20;
        REQUIRE_OK(lfm_model_fit_partial(model, w->seen, NULL, NULL, &how));
    }
    for (int32_t precision = 0; precision < 3; precision++) {
        lfm_scorer_options making;
        lfm_scorer_options_init(&making);
        making.precision = precision;
        if (kind == TRAINED)
            REQUIRE_OK(lfm_scorer_create(model, NULL, NULL, &making, &w->scorers[precision]));
        else
            REQUIRE_OK(lfm_scorer_from_embeddings(context, &users.embeddings, &items.embeddings, &making,
                                                  &w->scorers[precision]));
    }
    lfm_model_free(model);
    free_rows(&users);
    free_rows(&items);
}

static world make_world(int kind, int32_t d, int32_t cpu_mask)
{
    world w;
    lfm_context_options where;
    lfm_context_options_init(&where);
    where.cpu_mask = cpu_mask;
    lfm_context *context;
    REQUIRE_OK(lfm_context_create(&where, &context));
    test_entries seen = entries_random(5, SEEN, USERS, ITEMS, 2, 1), held_out = entries_random(6, HELD_OUT, USERS, ITEMS, 1, 1);
    w.seen = entries_build(context, &seen);
    w.held_out = entries_build(context, &held_out);
    entries_free(&seen);
    entries_free(&held_out);
    add_scorers(&w, kind, d, context);
    lfm_context_free(context);
    return w;
}

static void free_world(world *w)
{
    for (int i = 0; i < 3; i++)
        lfm_scorer_free(w->scorers[i]);
    lfm_interactions_free(w->seen);
    lfm_interactions_free(w->held_out);
}

static void compare_lists(const world *w, int kind, int32_t d, int32_t n, int32_t k, bool some, bool without_seen)
{
    int32_t candidates[ITEMS / 3];
    for (int32_t i = 0; i < ITEMS / 3; i++)
        candidates[i] = i * 3;
    lfm_recommend_options how;
    lfm_recommend_options_init(&how);
    how.threads = 1;
    how.candidates = some ? candidates : NULL;
    how.n_candidates = some ? ITEMS / 3 : 0;
    const size_t room = (size_t)n * (size_t)k;
    int32_t *ids[3];
    float *scores[3];
    for (int i = 0; i < 3; i++) {
        ids[i] = take(room, sizeof(int32_t));
        scores[i] = take(room, sizeof(float));
        CHECK_OK(lfm_recommend(w->scorers[i], n, NULL, k, without_seen ? w->seen : NULL, ids[i], scores[i], &how));
        check_report(memcmp(ids[i], ids[0], room * sizeof(int32_t)) == 0 &&
                         memcmp(scores[i], scores[0], room * sizeof(float)) == 0,
                     false, __FILE__, __LINE__, "kind %d, d = %d, precision %d, %d users, k = %d, candidates %d", kind, d,
                     i, n, k, some);
    }
    for (int i = 0; i < 3; i++) {
        free(ids[i]);
        free(scores[i]);
    }
}

static const int32_t sizes[] = {1, 19, 130};
static const int32_t masks[] = {0, LFM_CPU_PORTABLE, LFM_CPU_AVX2};

static void test_lists(void)
{
    static const int32_t ks[] = {1, 10, ITEMS};
    for (int m = 0; m < 3; m++) {
        for (int kind = 0; kind < N_KINDS; kind++) {
            for (int size = m == 0 ? 0 : 1; size < (m == 0 ? 3 : 2); size++) {
                world w = make_world(kind, sizes[size], masks[m]);
                for (int k = 0; k < 3; k++) {
                    compare_lists(&w, kind, sizes[size], USERS, ks[k], false, true);
                    compare_lists(&w, kind, sizes[size], USERS, ks[k], true, false);
                    compare_lists(&w, kind, sizes[size], 2, ks[k], false, false); /* one by one */
                }
                free_world(&w);
            }
        }
    }
}

static void test_ranks_and_metrics(void)
{
    enum { N_METRICS = 4 };
    static const lfm_metric metrics[N_METRICS] = {
        {LFM_METRIC_AUC, 0}, {LFM_METRIC_PRECISION, 10}, {LFM_METRIC_COVERAGE, 10}, {LFM_METRIC_SIMILARITY, 5}};
    for (int kind = 0; kind < N_KINDS; kind++) {
        world w = make_world(kind, 19, 0);
        int32_t ranks[3][HELD_OUT], few[3][2];
        lfm_metric_result results[3][N_METRICS];
        lfm_infer_options how;
        lfm_infer_options_init(&how);
        how.check_overlap = 0;
        lfm_evaluate_options evaluation;
        lfm_evaluate_options_init(&evaluation);
        evaluation.exclude = w.seen;
        evaluation.check_overlap = 0;
        const int32_t two_users[] = {4, 9}, two_items[] = {1, ITEMS - 1};
        lfm_interactions *two = build_interactions(2, USERS, ITEMS, two_users, two_items, NULL);
        for (int i = 0; i < 3; i++) {
            memset(results[i], 0, sizeof results[i]);
            for (int m = 0; m < N_METRICS; m++)
                results[i][m].size = sizeof results[i][m];
            CHECK_OK(lfm_rank(w.scorers[i], w.held_out, w.seen, ranks[i], &how));
            CHECK_OK(lfm_rank(w.scorers[i], two, NULL, few[i], &how));
            CHECK_OK(lfm_evaluate(w.scorers[i], w.held_out, metrics, N_METRICS, &evaluation, results[i], NULL));
            check_report(memcmp(ranks[i], ranks[0], sizeof ranks[0]) == 0 &&
                             memcmp(few[i], few[0], sizeof few[0]) == 0 &&
                             memcmp(results[i], results[0], sizeof results[0]) == 0,
                         false, __FILE__, __LINE__, "kind %d, precision %d", kind, i);
        }
        lfm_interactions_free(two);
        free_world(&w);
    }
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"lists do not depend on the precision", test_lists},
        {"ranks and metrics do not depend on the precision", test_ranks_and_metrics},
    };
    return TAP_MAIN("precision", tests, argc, argv);
}
