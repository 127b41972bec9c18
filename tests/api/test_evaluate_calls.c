/* Evaluation as a call: intervals, sizes of structs, names of metrics, and every error. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "ranking.h"
#include "tap.h"

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The interval is near that of as many resamples drawn by another generator, holds the mean, and is a function
 * of the seed alone. */
static void test_bootstrap(void)
{
    enum { RESAMPLES = 4000, USERS = 60, MOST = 400 };
    test_entries e = entries_random(5, 240, USERS, 30, 2, 0);
    lfm_interactions *test = entries_build(NULL, &e);
    int32_t *ranks = take((size_t)e.n, sizeof *ranks);
    test_random random = {7};
    for (int64_t i = 0; i < e.n; i++)
        ranks[i] = random_below(&random, 30);
    static const lfm_metric metrics[] = {{LFM_METRIC_RECALL, 10}, {LFM_METRIC_AUC, 0}};
    double per_user[2 * USERS], counted[MOST], means[RESAMPLES];
    lfm_metric_result r[2] = {{.size = sizeof *r}}, again[2] = {{.size = sizeof *r}}, other[2] = {{.size = sizeof *r}};
    lfm_evaluate_options how;
    lfm_evaluate_options_init(&how);
    how.bootstrap = RESAMPLES;
    how.confidence = 0.9;
    how.threads = 1;
    CHECK_OK(lfm_evaluate_ranks(test, ranks, 30, metrics, 2, &how, r, per_user));
    for (int m = 0; m < 2; m++) {
        int n = 0;
        for (int user = 0; user < USERS; user++) {
            if (!isnan(per_user[2 * user + m]))
                counted[n++] = per_user[2 * user + m];
        }
        for (int b = 0; b < RESAMPLES; b++) {
            means[b] = 0;
            for (int i = 0; i < n; i++)
                means[b] += counted[random_below(&random, n)] / n;
        }
        qsort(means, RESAMPLES, sizeof *means, compare_doubles);
        /* A percentile of 4000 resamples is off by some 3 % of the standard error. */
        CHECK_CLOSE(r[m].low, means[RESAMPLES / 20], 0, 0.15 * r[m].standard_error);
        CHECK_CLOSE(r[m].high, means[RESAMPLES - RESAMPLES / 20], 0, 0.15 * r[m].standard_error);
        CHECK(r[m].low < r[m].mean && r[m].mean < r[m].high);
    }
    how.threads = 3;
    CHECK_OK(lfm_evaluate_ranks(test, ranks, 30, metrics, 2, &how, again, NULL));
    CHECK(memcmp(r, again, sizeof r) == 0);
    how.seed = 2;
    CHECK_OK(lfm_evaluate_ranks(test, ranks, 30, metrics, 2, &how, other, NULL));
    CHECK(other[0].mean == r[0].mean && other[0].low != r[0].low);
    how.confidence = 0.5;
    CHECK_OK(lfm_evaluate_ranks(test, ranks, 30, metrics, 2, &how, again, NULL));
    CHECK(again[0].low > other[0].low && again[0].high < other[0].high);
    /* One resample is one mean; segments without users have no interval. */
    how.bootstrap = 1;
    how.segments = 100;
    how.popularity = test;
    lfm_metric_result *all = take(202, sizeof *all);
    all[0].size = sizeof *all;
    CHECK_OK(lfm_evaluate_ranks(test, ranks, 30, metrics, 2, &how, all, NULL));
    int empty = 0;
    for (int i = 0; i < 202; i++) {
        CHECK(all[i].low == all[i].high || (isnan(all[i].low) && isnan(all[i].high)));
        CHECK(all[i].n_users > 0 || isnan(all[i].low));
        empty += all[i].n_users == 0;
    }
    CHECK(empty > 0);
    free(all);
    free(ranks);
    lfm_interactions_free(test);
    entries_free(&e);
}

/* Results of another size: shorter ones of an older caller, longer ones of a newer. */
static void test_sizes(void)
{
    static const int32_t users[] = {0, 1}, items[] = {1, 2}, ranks[] = {0, 3};
    lfm_interactions *test = build_interactions(2, 2, 5, users, items, NULL);
    static const lfm_metric metrics[] = {{LFM_METRIC_PRECISION, 1}, {LFM_METRIC_HIT_RATE, 4}};
    struct {
        lfm_metric_result known;
        double more;
    } longer[2];
    struct {
        size_t size;
        int64_t n_users;
        double mean;
    } shorter[2];
    memset(longer, 0x77, sizeof longer);
    memset(shorter, 0x77, sizeof shorter);
    longer[0].known.size = sizeof *longer;
    shorter[0].size = sizeof *shorter;
    const double before = longer[0].more;
    CHECK_OK(lfm_evaluate_ranks(test, ranks, 5, metrics, 2, NULL, &longer[0].known, NULL));
    CHECK_OK(lfm_evaluate_ranks(test, ranks, 5, metrics, 2, NULL, (lfm_metric_result *)(void *)shorter, NULL));
    for (int i = 0; i < 2; i++) {
        CHECK(longer[i].known.mean == (i == 0 ? 0.5 : 1) && longer[i].known.size == sizeof *longer);
        CHECK(memcmp(&longer[i].more, &before, sizeof before) == 0);
        CHECK(shorter[i].mean == longer[i].known.mean && shorter[i].size == sizeof *shorter && shorter[i].n_users == 2);
    }
    static const size_t bad[] = {0, 8, 20, 8192, SIZE_MAX};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        lfm_metric_result result = {.size = bad[i], .mean = -1};
        CHECK_FAILS(lfm_evaluate_ranks(test, ranks, 5, metrics, 1, NULL, &result, NULL), LFM_ERROR_OPTION,
                    "lfm_metric_result");
        CHECK(result.mean == -1);
    }
    lfm_interactions_free(test);
}

static void test_names(void)
{
    static const char *const names[] = {"precision", "recall", "auc", "mrr", "hit", "ndcg", "ndcg-graded", "map",
                                        "coverage", "popularity", "similarity"};
    char text[40];
    lfm_metric m = {7, 7};
    int32_t n = 0;
    for (; lfm_metric_name(n) != NULL; n++) {
        CHECK(n < 11 && strcmp(lfm_metric_name(n), names[n]) == 0);
        for (int i = 0; i < 2; i++) {
            const lfm_metric wanted = {n, lfm_metric_has_k(n) == 0 ? 0 : i == 0 ? 1 : INT32_MAX};
            CHECK_OK(lfm_metric_format(&wanted, text, sizeof text));
            CHECK_OK(lfm_metric_parse(text, &m));
            CHECK(m.metric == wanted.metric && m.k == wanted.k);
        }
    }
    CHECK_INTEGER(n, 11);
    CHECK(lfm_metric_name(-1) == NULL && lfm_metric_has_k(-1) == 0 && lfm_metric_has_k(99) == 0);
    CHECK(lfm_metric_has_k(LFM_METRIC_NDCG) == 1 && lfm_metric_has_k(LFM_METRIC_AUC) == 0);
    m = (lfm_metric){LFM_METRIC_NDCG_GRADED, 10};
    CHECK_OK(lfm_metric_format(&m, text, sizeof "ndcg-graded@10"));
    CHECK(strcmp(text, "ndcg-graded@10") == 0);
    strcpy(text, "as it was");
    CHECK_FAILS(lfm_metric_format(&m, text, sizeof "ndcg-graded@10" - 1), LFM_ERROR_ARGUMENT, "14 bytes");
    CHECK_FAILS(lfm_metric_format(NULL, text, 9), LFM_ERROR_ARGUMENT, "metric");
    CHECK_FAILS(lfm_metric_format(&m, NULL, 9), LFM_ERROR_ARGUMENT, "text");
    m.k = 0;
    CHECK_FAILS(lfm_metric_format(&m, text, 40), LFM_ERROR_ARGUMENT, "k of ndcg-graded is 0");
    m.metric = 99;
    CHECK_FAILS(lfm_metric_format(&m, text, 40), LFM_ERROR_ARGUMENT, "99");
    CHECK(strcmp(text, "as it was") == 0);
    static const struct {
        const char *text, *message;
    } bad[] = {{"", "map@K"}, {"precisio@3", "precision@K"}, {"Precision@3", "is no metric"}, {"precision", "@K"},
               {"precision@", "@K"}, {"recall@0", "from 1"}, {"recall@-1", "from 1"}, {"recall@3x", "from 1"},
               {"recall@ 3", "from 1"}, {"map@2147483648", "from 1"}, {"map@99999999999999999999", "from 1"},
               {"auc@10", "no K"}, {"auc@", "no K"}, {"ndcg@3@4", "from 1"}, {"@5", "is no metric"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_FAILS(lfm_metric_parse(bad[i].text, &m), LFM_ERROR_OPTION, bad[i].message);
    CHECK_FAILS(lfm_metric_parse(NULL, &m), LFM_ERROR_ARGUMENT, "text");
    CHECK_FAILS(lfm_metric_parse("auc", NULL), LFM_ERROR_ARGUMENT, "metric");
    CHECK(m.metric == 99);
}

static const lfm_metric one[] = {{LFM_METRIC_PRECISION, 3}};

/* Both calls fail alike, and leave results alone. */
static void both_fail(const world *w, const lfm_metric *metrics, int32_t n, const lfm_evaluate_options *how,
                      lfm_status status, const char *message)
{
    double per_user[100] = {-1};
    lfm_metric_result result[8] = {{.size = sizeof *result, .mean = -1}};
    int32_t *ranks = take((size_t)w->test.n, sizeof *ranks);
    memset(ranks, 0, (size_t)w->test.n * sizeof *ranks);
    CHECK_FAILS(lfm_evaluate(w->scorer, w->test_set, metrics, n, how, result, per_user), status, message);
    CHECK_FAILS(lfm_evaluate_ranks(w->test_set, ranks, w->n_items, metrics, n, how, result, per_user), status, message);
    CHECK(result[0].mean == -1 && per_user[0] == -1);
    free(ranks);
}

static void test_bad_metrics(void)
{
    world w = world_make(70, 10, 12, 0, 1);
    static const lfm_metric none[] = {{LFM_METRIC_AUC, 0}, {77, 1}}, zero[] = {{LFM_METRIC_RECALL, 0}},
                            minus[] = {{-1, 1}}, negative[] = {{LFM_METRIC_PRECISION, -2}},
                            coverage[] = {{LFM_METRIC_COVERAGE, 0}}, popularity[] = {{LFM_METRIC_POPULARITY, 3}},
                            graded[] = {{LFM_METRIC_NDCG_GRADED, 3}};
    both_fail(&w, NULL, 1, NULL, LFM_ERROR_ARGUMENT, "metrics");
    both_fail(&w, one, 0, NULL, LFM_ERROR_ARGUMENT, "n_metrics");
    both_fail(&w, none, 2, NULL, LFM_ERROR_ARGUMENT, "metrics[1]");
    both_fail(&w, minus, 1, NULL, LFM_ERROR_ARGUMENT, "metrics[0]");
    both_fail(&w, zero, 1, NULL, LFM_ERROR_ARGUMENT, "recall");
    both_fail(&w, negative, 1, NULL, LFM_ERROR_ARGUMENT, "-2");
    both_fail(&w, coverage, 1, NULL, LFM_ERROR_ARGUMENT, "coverage");
    lfm_metric_result result = {.size = sizeof result};
    CHECK_FAILS(lfm_evaluate(w.scorer, w.test_set, popularity, 1, NULL, &result, NULL), LFM_ERROR_OPTION, "popularity");
    static const int32_t list_metrics[] = {LFM_METRIC_COVERAGE, LFM_METRIC_POPULARITY, LFM_METRIC_SIMILARITY};
    int32_t *ranks = take((size_t)w.test.n, sizeof *ranks);
    memset(ranks, 0, (size_t)w.test.n * sizeof *ranks);
    for (int i = 0; i < 3; i++) {
        const lfm_metric of_lists[] = {one[0], {list_metrics[i], 3}};
        CHECK_FAILS(lfm_evaluate_ranks(w.test_set, ranks, 12, of_lists, 2, NULL, &result, NULL), LFM_ERROR_ARGUMENT,
                    "metrics[1]");
    }
    free(ranks);
    w.test.values[2] = 1001;
    lfm_interactions_free(w.test_set);
    w.test_set = entries_build(NULL, &w.test);
    both_fail(&w, graded, 1, NULL, LFM_ERROR_DATA, "entry 2 ");
    world_free(&w);
}

static void test_bad_options(void)
{
    world w = world_make(71, 10, 12, 0, 1);
    lfm_evaluate_options how;
#define REFUSED(field, value, message)                                                                 \
    do {                                                                                               \
        lfm_evaluate_options_init(&how);                                                               \
        how.field = (value);                                                                           \
        both_fail(&w, one, 1, &how, LFM_ERROR_OPTION, message);                                        \
    } while (0)
    REFUSED(threads, -1, "threads");
    REFUSED(segments, -1, "segments");
    REFUSED(segments, 101, "segments");
    REFUSED(segments, 2, "popularity");
    REFUSED(bootstrap, -1, "bootstrap");
    REFUSED(bootstrap, 1000001, "bootstrap");
    REFUSED(confidence, 0, "confidence");
    REFUSED(confidence, 1, "confidence");
    REFUSED(confidence, (double)NAN, "confidence");
    REFUSED(reserved, 1, "reserved");
    REFUSED(size, 3, "lfm_evaluate_options");
    lfm_evaluate_options_init(&how);
    CHECK(how.size == sizeof how && how.check_overlap == 1 && how.confidence == 0.95 && how.seed == 1 &&
          how.bootstrap == 0 && how.exclude == NULL);
    lfm_interactions *wide = build_interactions(0, 10, 13, NULL, NULL, NULL);
    lfm_interactions *tall = build_interactions(0, 11, 12, NULL, NULL, NULL);
    for (int i = 0; i < 4; i++) {
        lfm_evaluate_options_init(&how);
        how.exclude = i == 0 ? wide : NULL;
        how.candidates = i == 1 ? wide : NULL;
        how.popularity = i == 2 ? wide : NULL;
        how.segments = i == 2;
        if (i < 3)
            both_fail(&w, one, 1, &how, LFM_ERROR_SHAPE, "13");
    }
    lfm_metric_result r = {.size = sizeof r, .mean = -1};
    CHECK_FAILS(lfm_evaluate(w.scorer, wide, one, 1, NULL, &r, NULL), LFM_ERROR_SHAPE, "13");
    CHECK_FAILS(lfm_evaluate(w.scorer, tall, one, 1, NULL, &r, NULL), LFM_ERROR_SHAPE, "11");
    CHECK_FAILS(lfm_evaluate_ranks(w.test_set, (const int32_t[]){0}, 11, one, 1, NULL, &r, NULL), LFM_ERROR_SHAPE, "11");
    CHECK(r.mean == -1);
    lfm_interactions_free(tall);
    lfm_interactions_free(wide);
    world_free(&w);
}

static void test_bad_input(void)
{
    world w = world_make(72, 10, 12, 0, 1);
    lfm_metric_result r = {.size = sizeof r, .mean = -1};
    static const int32_t users[] = {0, 0, 1}, items[] = {1, 2, 2};
    static const float values[] = {1, -1, 1};
    lfm_interactions *test = build_interactions(3, 2, 3, users, items, values);
    static const int32_t below[] = {-1, 0, 0}, above[] = {0, 0, 3}, fine[] = {2, -5, 0};
    CHECK_FAILS(lfm_evaluate(NULL, w.test_set, one, 1, NULL, &r, NULL), LFM_ERROR_ARGUMENT, "scorer");
    CHECK_FAILS(lfm_evaluate(w.scorer, NULL, one, 1, NULL, &r, NULL), LFM_ERROR_ARGUMENT, "test");
    CHECK_FAILS(lfm_evaluate(w.scorer, w.test_set, one, 1, NULL, NULL, NULL), LFM_ERROR_ARGUMENT, "results");
    CHECK_FAILS(lfm_evaluate_ranks(NULL, fine, 3, one, 1, NULL, &r, NULL), LFM_ERROR_ARGUMENT, "test");
    CHECK_FAILS(lfm_evaluate_ranks(test, NULL, 3, one, 1, NULL, &r, NULL), LFM_ERROR_ARGUMENT, "ranks");
    CHECK_FAILS(lfm_evaluate_ranks(test, fine, 3, one, 1, NULL, NULL, NULL), LFM_ERROR_ARGUMENT, "results");
    CHECK_FAILS(lfm_evaluate_ranks(test, fine, -1, one, 1, NULL, &r, NULL), LFM_ERROR_ARGUMENT, "n_items");
    CHECK_FAILS(lfm_evaluate_ranks(test, below, 3, one, 1, NULL, &r, NULL), LFM_ERROR_DATA, "ranks[0] is -1");
    CHECK_FAILS(lfm_evaluate_ranks(test, above, 3, one, 1, NULL, &r, NULL), LFM_ERROR_DATA, "ranks[2] is 3");
    CHECK(r.mean == -1);
    CHECK_OK(lfm_evaluate_ranks(test, fine, 3, one, 1, NULL, &r, NULL)); /* an explicit negative's is not looked at */
    CHECK_CLOSE(r.mean, 1.0 / 3, 1e-15, 0);
    lfm_interactions_free(test);
    /* A repeated pair has the smallest rank of its positives. */
    static const int32_t same[] = {0, 0, 0, 0}, repeated[] = {1, 1, 1, 2}, ranks[] = {2, 1, 0, 2};
    static const float signs[] = {1, 1, -1, 1};
    static const lfm_metric mrr = {LFM_METRIC_RECIPROCAL_RANK, 0};
    test = build_interactions(4, 1, 3, same, repeated, signs);
    CHECK_OK(lfm_evaluate_ranks(test, ranks, 3, &mrr, 1, NULL, &r, NULL));
    CHECK(r.mean == 0.5);
    lfm_interactions_free(test);
    world_free(&w);
}

static void test_cancel(void)
{
    world w = world_make(73, 10, 12, 0, 1);
    lfm_cancel *cancel = NULL;
    REQUIRE_OK(lfm_cancel_create(NULL, &cancel));
    lfm_evaluate_options how;
    lfm_evaluate_options_init(&how);
    how.cancel = cancel;
    how.bootstrap = 100;
    lfm_metric_result r = {.size = sizeof r};
    CHECK_OK(lfm_evaluate(w.scorer, w.test_set, one, 1, &how, &r, NULL));
    lfm_cancel_set(cancel);
    both_fail(&w, one, 1, &how, LFM_ERROR_CANCELLED, "cancelled");
    lfm_cancel_free(cancel);
    world_free(&w);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"bootstrap intervals", test_bootstrap},
        {"results of other sizes", test_sizes},
        {"names of metrics", test_names},
        {"bad metrics", test_bad_metrics},
        {"bad options", test_bad_options},
        {"bad input", test_bad_input},
        {"cancelling", test_cancel},
    };
    return TAP_MAIN("evaluate-calls", tests, argc, argv);
}
