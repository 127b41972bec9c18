/* Ranks and metrics of given embeddings are LightFM's; a user whose metric LightFM leaves undefined (no
 * test item) counts as 0. */
#include <math.h>
#include <stdlib.h>

#include "build.h"
#include "check.h"
#include "json_arrays.h"
#include "tap.h"

static lfm_interactions *load_csr(const json_t *c, const char *name)
{
    const json_t *given = json_member(c, name);
    if (json_is_null(given))
        return NULL;
    int64_t n;
    int32_t *offsets = json_int32s(given, "indptr", &n), *columns = json_int32s(given, "indices", &n);
    float *values = json_floats(given, "data", &n);
    lfm_csr csr;
    lfm_csr_init(&csr);
    csr.n_rows = (int32_t)json_number(given, "rows");
    csr.n_columns = (int32_t)json_number(given, "cols");
    csr.n_entries = n;
    csr.offsets = lfm_int32(offsets);
    csr.columns = lfm_int32(columns);
    csr.values = lfm_float32(values);
    lfm_interactions *interactions = NULL;
    REQUIRE_OK(lfm_interactions_from_csr(NULL, &csr, NULL, &interactions));
    free(offsets);
    free(columns);
    free(values);
    return interactions;
}

static lfm_scorer *load_scorer(const json_t *c)
{
    lfm_model *model = build_model(NULL, (int32_t)json_number(c, "n_users"),
                                   (int32_t)json_number(c, "n_items"),
                                   (int32_t)json_number(c, "components"), LFM_OPTIMISER_ADAGRAD, 1);
    static const struct {
        const char *name;
        int32_t side, array;
    } arrays[] = {{"user_embeddings", LFM_USER, LFM_EMBEDDINGS},
                  {"item_embeddings", LFM_ITEM, LFM_EMBEDDINGS},
                  {"user_biases", LFM_USER, LFM_BIASES},
                  {"item_biases", LFM_ITEM, LFM_BIASES}};
    for (int i = 0; i < 4; i++) {
        int64_t n;
        float *values = json_floats(c, arrays[i].name, &n);
        REQUIRE_OK(lfm_model_set(model, arrays[i].side, arrays[i].array, values, n));
        free(values);
    }
    lfm_scorer *scorer = NULL;
    REQUIRE_OK(lfm_scorer_create(model, NULL, NULL, NULL, &scorer));
    lfm_model_free(model);
    return scorer;
}

static void compare_ranks(const json_t *c, const lfm_scorer *scorer, lfm_interactions *test,
                          lfm_interactions *train, int32_t threads)
{
    int64_t n;
    int32_t *wanted = json_int32s(json_member(c, "ranks"), "ranks", &n);
    REQUIRE(n == lfm_interactions_n_entries(test));
    int32_t *ranks = take((size_t)n, sizeof *ranks);
    lfm_infer_options options;
    lfm_infer_options_init(&options);
    options.threads = threads;
    CHECK_OK(lfm_rank(scorer, test, train, ranks, &options));
    for (int64_t i = 0; i < n; i++)
        CHECK_INTEGER(ranks[i], wanted[i]);
    free(ranks);
    free(wanted);
}

static void compare_metrics(const json_t *c, const lfm_scorer *scorer, lfm_interactions *test,
                            lfm_interactions *train, int32_t threads)
{
    enum { N = 4 };
    static const lfm_metric metrics[N] = {{LFM_METRIC_PRECISION, 3},
                                          {LFM_METRIC_RECALL, 3},
                                          {LFM_METRIC_AUC, 0},
                                          {LFM_METRIC_RECIPROCAL_RANK, 0}};
    static const char *const names[N] = {"precision_at_3", "recall_at_3", "auc", "reciprocal_rank"};
    const int32_t n_users = lfm_interactions_n_users(test);
    double *per_user = take((size_t)n_users * N, sizeof *per_user);
    lfm_metric_result results[N] = {{.size = sizeof *results}};
    lfm_evaluate_options options;
    lfm_evaluate_options_init(&options);
    options.exclude = train;
    options.keep_empty = 1;
    options.threads = threads;
    CHECK_OK(lfm_evaluate(scorer, test, metrics, N, &options, results, per_user));
    for (int m = 0; m < N; m++) {
        int64_t n;
        double *wanted = json_doubles(c, names[m], &n);
        CHECK_INTEGER(n, n_users);
        double sum = 0;
        for (int32_t user = 0; user < n_users; user++) {
            const double value = isnan(wanted[user]) ? 0.0 : wanted[user];
            CHECK_CLOSE(per_user[user * N + m], value, 1e-5, 1e-6);
            sum += per_user[user * N + m];
        }
        CHECK_INTEGER(results[m].n_users, n_users);
        CHECK_CLOSE(results[m].mean, sum / n_users, 1e-12, 0);
        free(wanted);
    }
    free(per_user);
}

static void run_all(bool ranks, int32_t threads)
{
    json_t *root = json_load_parity("metrics.json");
    if (root == NULL)
        return;
    const json_t *cases = json_member(root, "cases");
    CHECK(json_array_size(cases) >= 6);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *c = json_array_get(cases, i);
        lfm_scorer *scorer = load_scorer(c);
        lfm_interactions *test = load_csr(c, "test"), *train = load_csr(c, "train");
        if (ranks)
            compare_ranks(c, scorer, test, train, threads);
        else
            compare_metrics(c, scorer, test, train, threads);
        lfm_interactions_free(test);
        lfm_interactions_free(train);
        lfm_scorer_free(scorer);
    }
    json_decref(root);
}

static void test_ranks(void) { run_all(true, 1); }
static void test_ranks_threads(void) { run_all(true, 3); }
static void test_metrics(void) { run_all(false, 1); }
static void test_metrics_threads(void) { run_all(false, 3); }

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"ranks equal LightFM's", test_ranks},
        {"ranks on three threads equal LightFM's", test_ranks_threads},
        {"metrics equal LightFM's", test_metrics},
        {"metrics on three threads equal LightFM's", test_metrics_threads},
    };
    return TAP_MAIN("parity-metrics", tests, argc, argv);
}
