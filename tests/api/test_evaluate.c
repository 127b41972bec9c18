/* Metrics against the definitions in lfm/evaluate.h, counted by hand from predicted scores. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "ranking.h"
#include "tap.h"

enum { N_METRICS = 9 };
static const lfm_metric metrics[N_METRICS] = {
    {LFM_METRIC_PRECISION, 1},  {LFM_METRIC_PRECISION, 5}, {LFM_METRIC_PRECISION, 1000},
    {LFM_METRIC_RECALL, 1},     {LFM_METRIC_RECALL, 5},    {LFM_METRIC_RECALL, 1000},
    {LFM_METRIC_AUC, 0},        {LFM_METRIC_RECIPROCAL_RANK, 0}, {LFM_METRIC_AUC, -3}};

static int compare(const void *a, const void *b)
{
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* One user's metric by its definition. ranks are sorted. */
static double by_hand(const lfm_metric *m, const int32_t *ranks, int n, int n_negatives)
{
    int hits = 0;
    double sum = 0;
    for (int t = 0; t < n; t++) {
        hits += ranks[t] < m->k;
        sum += 1 - (ranks[t] > t ? (double)(ranks[t] - t) : 0) / n_negatives;
    }
    switch (m->metric) {
    case LFM_METRIC_PRECISION: return (double)hits / m->k;
    case LFM_METRIC_RECALL: return n > 0 ? (double)hits / n : 0;
    case LFM_METRIC_AUC: return n > 0 && n_negatives > 0 ? sum / n : 0.5;
    default: return n > 0 ? 1.0 / (ranks[0] + 1) : 0;
    }
}

static void check_world(const world *w, const test_entries *exclude, lfm_interactions *exclude_set,
                        int32_t check_overlap, int32_t keep_empty, int32_t threads)
{
    const int32_t n_users = w->test.n_users;
    double *per_user = take((size_t)n_users * N_METRICS, sizeof *per_user);
    double means[N_METRICS], sums[N_METRICS] = {0};
    int64_t counted = -1, wanted_counted = 0;
    lfm_infer_options options;
    lfm_infer_options_init(&options);
    options.threads = threads;
    options.check_overlap = check_overlap;
    CHECK_OK(lfm_evaluate(w->scorer, w->test_set, exclude_set, metrics, N_METRICS, keep_empty, &options,
                          means, &counted, per_user));
    for (int32_t user = 0; user < n_users; user++) {
        int32_t ranks[64];
        int n = 0, n_negatives = 0;
        for (int32_t item = 0; item < w->n_items; item++) {
            if (world_has(&w->test, user, item, 1))
                ranks[n++] = world_rank(w, exclude, user, item);
            else
                n_negatives += exclude == NULL || !world_has(exclude, user, item, 0);
        }
        qsort(ranks, (size_t)n, sizeof *ranks, compare);
        wanted_counted += n > 0 || keep_empty;
        for (int m = 0; m < N_METRICS; m++) {
            const double got = per_user[user * N_METRICS + m];
            if (n == 0 && !keep_empty) {
                CHECK(isnan(got));
                continue;
            }
            const double wanted = by_hand(&metrics[m], ranks, n, n_negatives);
            CHECK_CLOSE(got, wanted, 1e-14, 1e-15);
            sums[m] += wanted;
        }
    }
    CHECK_INTEGER(counted, wanted_counted);
    for (int m = 0; m < N_METRICS; m++)
        CHECK_CLOSE(means[m], sums[m] / (double)wanted_counted, 1e-13, 1e-15);
    free(per_user);
}

static void test_metrics(void)
{
    for (int ties = 0; ties < 2; ties++) {
        world w = world_make(50, 24, 30, ties, 1);
        for (int32_t keep_empty = 0; keep_empty < 2; keep_empty++) {
            check_world(&w, NULL, NULL, 1, keep_empty, 1);
            check_world(&w, &w.train, w.train_set, 1, keep_empty, 1);
            check_world(&w, &w.train, w.train_set, 1, keep_empty, 3);
        }
        world_free(&w);
    }
}

static void test_overlapping(void)
{
    world w = world_make(60, 24, 30, 1, 0);
    check_world(&w, &w.train, w.train_set, 0, 0, 1);
    double mean[N_METRICS] = {-1};
    int64_t counted = -1;
    CHECK_FAILS(lfm_evaluate(w.scorer, w.test_set, w.train_set, metrics, N_METRICS, 0, NULL, mean,
                             &counted, NULL), LFM_ERROR_OVERLAP, "item");
    CHECK(mean[0] == -1 && counted == -1);
    world_free(&w);
}

/* Users who have everything, or nothing but negatives, in the test set. */
static void test_extremes(void)
{
    static const int32_t users[] = {0, 0, 0, 1}, items[] = {0, 1, 2, 1};
    static const float values[] = {1, 1, 1, -1};
    lfm_interactions *test = build_interactions(4, 3, 3, users, items, values);
    lfm_model *model = build_model(NULL, 3, 3, 4, 0, 9);
    lfm_scorer *scorer = NULL;
    REQUIRE_OK(lfm_scorer_create(model, NULL, NULL, 1, &scorer));
    double means[N_METRICS], per_user[3 * N_METRICS];
    int64_t counted = 0;
    CHECK_OK(lfm_evaluate(scorer, test, NULL, metrics, N_METRICS, 0, NULL, means, &counted, per_user));
    CHECK_INTEGER(counted, 1);
    CHECK_CLOSE(means[0], 1, 0, 0);
    CHECK_CLOSE(means[1], 0.6, 1e-15, 0);
    CHECK_CLOSE(means[5], 1, 0, 0);
    CHECK_CLOSE(means[6], 0.5, 0, 0);
    CHECK(isnan(per_user[N_METRICS]) && isnan(per_user[2 * N_METRICS]));
    CHECK_OK(lfm_evaluate(scorer, test, NULL, metrics, N_METRICS, 1, NULL, means, &counted, NULL));
    CHECK_INTEGER(counted, 3);
    CHECK_CLOSE(means[6], 0.5, 0, 0);
    CHECK_CLOSE(means[7], 1.0 / 3, 1e-15, 0);
    lfm_interactions *nobody = build_interactions(0, 0, 0, NULL, NULL, NULL);
    lfm_interactions *nothing = build_interactions(0, 3, 3, NULL, NULL, NULL);
    CHECK_OK(lfm_evaluate(scorer, nobody, NULL, metrics, N_METRICS, 1, NULL, means, &counted, per_user));
    CHECK(counted == 0 && means[0] == 0 && means[6] == 0);
    CHECK_OK(lfm_evaluate(scorer, nothing, test, metrics, N_METRICS, 0, NULL, means, NULL, per_user));
    CHECK(means[0] == 0 && means[6] == 0);
    lfm_interactions_free(nothing);
    lfm_interactions_free(nobody);
    lfm_interactions_free(test);
    lfm_scorer_free(scorer);
    lfm_model_free(model);
}

static void test_bad_input(void)
{
    world w = world_make(70, 10, 12, 0, 1);
    double means[N_METRICS] = {-1}, per_user[10 * N_METRICS] = {-1};
    int64_t counted = -1;
    lfm_interactions *wide = build_interactions(0, 10, 13, NULL, NULL, NULL);
    const lfm_metric none[] = {{LFM_METRIC_AUC, 0}, {77, 1}}, zero[] = {{LFM_METRIC_RECALL, 0}},
                     minus[] = {{-1, 1}}, negative[] = {{LFM_METRIC_PRECISION, -2}};
#define EVALUATE(scorer, test, exclude, metrics, n, means)                                             \
    lfm_evaluate(scorer, test, exclude, metrics, n, 0, NULL, means, &counted, per_user)
    CHECK_FAILS(EVALUATE(NULL, w.test_set, NULL, metrics, 1, means), LFM_ERROR_ARGUMENT, "scorer");
    CHECK_FAILS(EVALUATE(w.scorer, NULL, NULL, metrics, 1, means), LFM_ERROR_ARGUMENT, "test");
    CHECK_FAILS(EVALUATE(w.scorer, w.test_set, NULL, NULL, 1, means), LFM_ERROR_ARGUMENT, "metrics");
    CHECK_FAILS(EVALUATE(w.scorer, w.test_set, NULL, metrics, 1, NULL), LFM_ERROR_ARGUMENT, "means");
    CHECK_FAILS(EVALUATE(w.scorer, w.test_set, NULL, metrics, 0, means), LFM_ERROR_ARGUMENT, "n_metrics");
    CHECK_FAILS(EVALUATE(w.scorer, w.test_set, NULL, none, 2, means), LFM_ERROR_ARGUMENT, "metrics[1]");
    CHECK_FAILS(EVALUATE(w.scorer, w.test_set, NULL, minus, 1, means), LFM_ERROR_ARGUMENT, "metrics[0]");
    CHECK_FAILS(EVALUATE(w.scorer, w.test_set, NULL, zero, 1, means), LFM_ERROR_ARGUMENT, "recall");
    CHECK_FAILS(EVALUATE(w.scorer, w.test_set, NULL, negative, 1, means), LFM_ERROR_ARGUMENT, "-2");
    CHECK_FAILS(EVALUATE(w.scorer, wide, NULL, metrics, 1, means), LFM_ERROR_SHAPE, "13");
    CHECK_FAILS(EVALUATE(w.scorer, w.test_set, wide, metrics, 1, means), LFM_ERROR_SHAPE, "13");
    lfm_cancel *cancel = NULL;
    REQUIRE_OK(lfm_cancel_create(NULL, &cancel));
    lfm_cancel_set(cancel);
    lfm_infer_options options;
    lfm_infer_options_init(&options);
    options.cancel = cancel;
    CHECK_STATUS(lfm_evaluate(w.scorer, w.test_set, NULL, metrics, 1, 0, &options, means, &counted,
                              per_user), LFM_ERROR_CANCELLED);
    CHECK(means[0] == -1 && counted == -1 && per_user[0] == -1);
    lfm_cancel_free(cancel);
    lfm_interactions_free(wide);
    world_free(&w);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"metrics by definition", test_metrics},
        {"test pairs that are excluded", test_overlapping},
        {"users with all, with only negatives, with nothing", test_extremes},
        {"bad input", test_bad_input},
    };
    return TAP_MAIN("evaluate", tests, argc, argv);
}
