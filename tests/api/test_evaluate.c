/* Metrics against their definitions, counted by hand from predicted scores. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "by_hand.h"
#include "check.h"
#include "tap.h"

enum { N_METRICS = 31, N_OF_RANKS = 22, SEGMENTS = 3, N_RESULTS = N_METRICS * (1 + SEGMENTS) };
static const lfm_metric metrics[N_METRICS] = {
    {LFM_METRIC_PRECISION, 1},    {LFM_METRIC_PRECISION, 5},         {LFM_METRIC_PRECISION, 1000},
    {LFM_METRIC_RECALL, 1},       {LFM_METRIC_RECALL, 5},            {LFM_METRIC_RECALL, INT32_MAX},
    {LFM_METRIC_AUC, 0},          {LFM_METRIC_RECIPROCAL_RANK, 0},   {LFM_METRIC_AUC, -3},
    {LFM_METRIC_HIT_RATE, 1},     {LFM_METRIC_HIT_RATE, 4},          {LFM_METRIC_HIT_RATE, 1000},
    {LFM_METRIC_NDCG, 1},         {LFM_METRIC_NDCG, 4},              {LFM_METRIC_NDCG, 1000},
    {LFM_METRIC_NDCG_GRADED, 1},  {LFM_METRIC_NDCG_GRADED, 4},       {LFM_METRIC_NDCG_GRADED, 1000},
    {LFM_METRIC_AVERAGE_PRECISION, 1}, {LFM_METRIC_AVERAGE_PRECISION, 4}, {LFM_METRIC_AVERAGE_PRECISION, 1000},
    {LFM_METRIC_AVERAGE_PRECISION, INT32_MAX},
    {LFM_METRIC_COVERAGE, 1},     {LFM_METRIC_COVERAGE, 3},          {LFM_METRIC_COVERAGE, INT32_MAX},
    {LFM_METRIC_POPULARITY, 1},   {LFM_METRIC_POPULARITY, 4},        {LFM_METRIC_POPULARITY, 1000},
    {LFM_METRIC_SIMILARITY, 1},   {LFM_METRIC_SIMILARITY, 5},        {LFM_METRIC_SIMILARITY, 1000}};

/* Whether two results, or values, are the same to the bit. */
static int same_results(const lfm_metric_result *a, const lfm_metric_result *b, int n)
{
    return memcmp(a, b, (size_t)n * sizeof *a) == 0;
}

/* The values that a metric has, as a mean and a standard error. */
static void check_result(const lfm_metric_result *got, const double *values, int32_t n_users, int32_t n_results,
                         int32_t r, double mean)
{
    double squares = 0;
    int n = 0;
    for (int32_t user = 0; user < n_users; user++) {
        const double value = values[user * n_results + r];
        n += !isnan(value);
        squares += isnan(value) ? 0 : (value - mean) * (value - mean);
    }
    CHECK_INTEGER(got->n_users, n);
    CHECK(n > 0 || (isnan(got->mean) && isnan(got->low) && isnan(got->high)));
    if (n > 0)
        CHECK_CLOSE(got->mean, mean, 1e-12, 1e-14);
    if (n > 1)
        CHECK_CLOSE(got->standard_error, sqrt(squares / (n - 1) / n), 1e-9, 1e-12);
    else
        CHECK(isnan(got->standard_error));
    CHECK(isnan(got->low) && isnan(got->high));
}

/* Metrics from ranks are the metrics from scores, to the bit. */
static void check_from_ranks(const by_hand *h, lfm_evaluate_options how, const lfm_metric_result *results,
                             const double *per_user)
{
    const world *w = h->w;
    const int32_t n_segments = 1 + how.segments, n_users = w->test.n_users;
    int32_t *ranks = take((size_t)w->test.n, sizeof *ranks);
    if (h->candidates == NULL) {
        lfm_infer_options options;
        lfm_infer_options_init(&options);
        options.check_overlap = 0;
        REQUIRE_OK(lfm_rank(w->scorer, w->test_set, how.exclude, ranks, &options));
    } else {
        for (int64_t i = 0; i < w->test.n; i++)
            ranks[i] = by_hand_rank(h, w->test.users[i], w->test.items[i]);
    }
    lfm_metric_result from_ranks[N_OF_RANKS * (1 + SEGMENTS)] = {{.size = sizeof *from_ranks}};
    double *of_users = take((size_t)n_users * N_OF_RANKS * (1 + SEGMENTS), sizeof *of_users);
    CHECK_OK(lfm_evaluate_ranks(w->test_set, ranks, w->n_items, metrics, N_OF_RANKS, &how, from_ranks, of_users));
    for (int32_t s = 0; s < n_segments; s++) {
        CHECK(same_results(from_ranks + s * N_OF_RANKS, results + s * N_METRICS, N_OF_RANKS));
        for (int32_t user = 0; user < n_users; user++)
            CHECK(memcmp(of_users + (user * n_segments + s) * N_OF_RANKS,
                         per_user + (user * n_segments + s) * N_METRICS, N_OF_RANKS * sizeof *per_user) == 0);
    }
    free(of_users);
    free(ranks);
}

static void check_world(const by_hand *h, lfm_interactions *exclude, lfm_interactions *candidates,
                        int32_t check_overlap, int32_t threads)
{
    const world *w = h->w;
    const int32_t n_users = w->test.n_users, n_results = N_METRICS * (1 + h->segments);
    double *values = take((size_t)n_users * N_RESULTS, sizeof *values), *wanted = take((size_t)n_users * N_RESULTS, 8);
    double means[N_RESULTS];
    by_hand_evaluate(h, wanted, means);
    lfm_evaluate_options how;
    lfm_evaluate_options_init(&how);
    how.exclude = exclude;
    how.candidates = candidates;
    how.popularity = w->train_set;
    how.check_overlap = check_overlap;
    how.keep_empty = h->keep_empty;
    how.segments = h->segments;
    how.threads = threads;
    lfm_metric_result results[N_RESULTS] = {{.size = sizeof *results}};
    CHECK_OK(lfm_evaluate(w->scorer, w->test_set, metrics, N_METRICS, &how, results, values));
    for (int64_t i = 0; i < (int64_t)n_users * n_results; i++)
        check_report(isnan(wanted[i]) ? isnan(values[i]) : fabs(values[i] - wanted[i]) <= 1e-13 + 1e-12 * fabs(wanted[i]),
                     false, __FILE__, __LINE__, "user %d, %s@%d in segment %d: %.17g, wanted %.17g",
                     (int)(i / n_results), lfm_metric_name(metrics[i % N_METRICS].metric), metrics[i % N_METRICS].k,
                     (int)(i % n_results / N_METRICS) - 1, values[i], wanted[i]);
    for (int32_t r = 0; r < n_results; r++) {
        CHECK(results[r].size == sizeof *results);
        if (metrics[r % N_METRICS].metric != LFM_METRIC_COVERAGE) {
            check_result(&results[r], wanted, n_users, n_results, r, means[r]);
            continue;
        }
        CHECK(isnan(means[r]) ? isnan(results[r].mean) : fabs(results[r].mean - means[r]) < 1e-15);
        CHECK(isnan(results[r].standard_error) && isnan(results[r].low) && isnan(results[r].high));
        CHECK_INTEGER(results[r].n_users, results[0].n_users);
    }
    check_from_ranks(h, how, results, values);
    free(wanted);
    free(values);
}

/* A world whose test set has values from 0.25 to 6. */
static world graded_world(uint64_t seed, int ties, int disjoint)
{
    world w = world_make(seed, 24, 30, ties, disjoint);
    for (int64_t i = 0; i < w.test.n; i++)
        w.test.values[i] *= 0.25f * (float)(1 + i * 7 % 24);
    lfm_interactions_free(w.test_set);
    w.test_set = entries_build(NULL, &w.test);
    return w;
}

static void test_metrics(void)
{
    for (int ties = 0; ties < 2; ties++) {
        world w = graded_world(50, ties, 1);
        int32_t *popularity = by_hand_popularity(&w, &w.train);
        for (int32_t keep_empty = 0; keep_empty < 2; keep_empty++) {
            by_hand h = {.w = &w, .popularity = popularity, .keep_empty = keep_empty, .metrics = metrics, .n_metrics = N_METRICS};
            check_world(&h, NULL, NULL, 1, 1);
            h.exclude = &w.train;
            check_world(&h, w.train_set, NULL, 1, 1);
            check_world(&h, w.train_set, NULL, 1, 3);
            h.segments = SEGMENTS;
            check_world(&h, w.train_set, NULL, 1, 2);
        }
        free(popularity);
        world_free(&w);
    }
}

/* Candidates: few, some of them excluded, test positives among them or not, users without any. */
static void test_candidates(void)
{
    for (int ties = 0; ties < 2; ties++) {
        world w = graded_world(54, ties, 0);
        int32_t *popularity = by_hand_popularity(&w, &w.train);
        test_entries few = entries_random(91, 60, 20, 29, 3, 0);
        lfm_interactions *candidates = entries_build(NULL, &few);
        for (int32_t keep_empty = 0; keep_empty < 2; keep_empty++) {
            by_hand h = {.w = &w, .candidates = &few, .popularity = popularity, .segments = SEGMENTS,
                         .keep_empty = keep_empty, .metrics = metrics, .n_metrics = N_METRICS};
            check_world(&h, NULL, candidates, 0, 2);
            h.exclude = &w.train;
            h.segments = 0;
            check_world(&h, w.train_set, candidates, 0, 1);
        }
        lfm_interactions_free(candidates);
        entries_free(&few);
        free(popularity);
        world_free(&w);
    }
}

static void test_overlapping(void)
{
    world w = graded_world(60, 1, 0);
    int32_t *popularity = by_hand_popularity(&w, &w.train);
    const by_hand h = {.w = &w, .exclude = &w.train, .popularity = popularity, .segments = SEGMENTS, .metrics = metrics, .n_metrics = N_METRICS};
    check_world(&h, w.train_set, NULL, 0, 1);
    lfm_metric_result result = {.size = sizeof result, .mean = -1};
    lfm_evaluate_options how;
    lfm_evaluate_options_init(&how);
    how.exclude = w.train_set;
    CHECK_FAILS(lfm_evaluate(w.scorer, w.test_set, metrics, 1, &how, &result, NULL), LFM_ERROR_OVERLAP, "item");
    int32_t *ranks = take((size_t)w.test.n, sizeof *ranks);
    memset(ranks, 0, (size_t)w.test.n * sizeof *ranks);
    CHECK_FAILS(lfm_evaluate_ranks(w.test_set, ranks, w.n_items, metrics, 1, &how, &result, NULL), LFM_ERROR_OVERLAP,
                "item");
    CHECK(result.mean == -1);
    free(ranks);
    free(popularity);
    world_free(&w);
}

/* Items of one popularity are in one segment; the popularity of what is excluded serves when no other is given. */
static void test_segments(void)
{
    static const int32_t users[] = {0, 1, 2, 0, 1, 2}, items[] = {0, 0, 0, 1, 2, 3};
    lfm_interactions *train = build_interactions(6, 4, 8, users, items, NULL);
    static const int32_t test_users[] = {3, 3, 3, 2}, test_items[] = {0, 1, 7, 1};
    lfm_interactions *test = build_interactions(4, 4, 8, test_users, test_items, NULL);
    static const int32_t ranks[] = {0, 3, 1, 2};
    static const lfm_metric recall = {LFM_METRIC_RECALL, 2};
    lfm_metric_result results[5] = {{.size = sizeof *results}};
    lfm_evaluate_options how;
    lfm_evaluate_options_init(&how);
    how.exclude = train;
    how.segments = 4;
    /* Item 0 leads: segment 0. Items 1 to 3 come after one item: floor(1 x 4 / 8) = 0. Items 4 to 7 after four: 2. */
    CHECK_OK(lfm_evaluate_ranks(test, ranks, 8, &recall, 1, &how, results, NULL));
    CHECK_CLOSE(results[0].mean, (2.0 / 3 + 0) / 2, 1e-15, 0);
    CHECK_CLOSE(results[1].mean, (0.5 + 0) / 2, 1e-15, 0);
    CHECK_INTEGER(results[1].n_users, 2);
    CHECK(results[2].n_users == 0 && isnan(results[2].mean) && results[4].n_users == 0);
    CHECK(results[3].n_users == 1 && results[3].mean == 1 && isnan(results[3].standard_error));
    how.segments = 1; /* one segment is the whole */
    CHECK_OK(lfm_evaluate_ranks(test, ranks, 8, &recall, 1, &how, results, NULL));
    CHECK(same_results(results, results + 1, 1));
    lfm_interactions_free(test);
    lfm_interactions_free(train);
}

/* Users who have everything, or nothing but negatives, in the test set; no users at all. */
static void test_extremes(void)
{
    static const int32_t users[] = {0, 0, 0, 1}, items[] = {0, 1, 2, 1};
    static const float values[] = {1, 1, 1, -1};
    lfm_interactions *test = build_interactions(4, 3, 3, users, items, values);
    lfm_model *model = build_model(NULL, 3, 3, 4, 0, 9);
    lfm_scorer *scorer = NULL;
    REQUIRE_OK(lfm_scorer_create(model, NULL, NULL, NULL, &scorer));
    lfm_metric_result results[N_METRICS] = {{.size = sizeof *results}};
    double per_user[3 * N_METRICS];
    lfm_evaluate_options how;
    lfm_evaluate_options_init(&how);
    how.popularity = test;
    CHECK_OK(lfm_evaluate(scorer, test, metrics, N_METRICS, &how, results, per_user));
    CHECK(results[0].n_users == 1 && results[0].mean == 1);
    CHECK_CLOSE(results[1].mean, 0.6, 1e-15, 0);
    CHECK(results[5].mean == 1 && results[6].mean == 0.5);
    CHECK(results[14].mean == 1 && results[17].mean == 1 && results[20].mean == 1); /* exactly */
    CHECK(isnan(per_user[N_METRICS]) && isnan(per_user[2 * N_METRICS]));
    how.keep_empty = 1;
    CHECK_OK(lfm_evaluate(scorer, test, metrics, N_METRICS, &how, results, NULL));
    CHECK_INTEGER(results[0].n_users, 3);
    CHECK(results[6].mean == 0.5);
    CHECK_CLOSE(results[7].mean, 1.0 / 3, 1e-15, 0);
    lfm_interactions *nobody = build_interactions(0, 0, 0, NULL, NULL, NULL);
    lfm_interactions *nothing = build_interactions(0, 3, 3, NULL, NULL, NULL);
    CHECK_OK(lfm_evaluate(scorer, nothing, metrics, N_METRICS, &how, results, per_user));
    CHECK(results[0].mean == 0 && results[6].mean == 0.5 && results[0].n_users == 3);
    results[0].mean = per_user[0] = -1;
    CHECK_FAILS(lfm_evaluate(scorer, nobody, metrics, N_METRICS, &how, results, per_user), LFM_ERROR_DATA, "no positive");
    how.keep_empty = 0;
    CHECK_FAILS(lfm_evaluate(scorer, nothing, metrics, N_METRICS, &how, results, per_user), LFM_ERROR_DATA, "no positive");
    CHECK_FAILS(lfm_evaluate_ranks(nothing, (const int32_t[]){0}, 3, metrics, 1, NULL, results, per_user),
                LFM_ERROR_DATA, "no positive");
    CHECK(results[0].mean == -1 && per_user[0] == -1);
    lfm_interactions_free(nothing);
    lfm_interactions_free(nobody);
    lfm_interactions_free(test);
    lfm_scorer_free(scorer);
    lfm_model_free(model);
}

/* All items excluded: lists are empty, and a positive that is excluded too is first of none. */
static void test_nothing_left(void)
{
    static const int32_t users[] = {0, 0, 0}, items[] = {0, 1, 2};
    lfm_interactions *all = build_interactions(3, 1, 3, users, items, NULL);
    lfm_interactions *test = build_interactions(1, 1, 3, users, items, NULL);
    lfm_model *model = build_model(NULL, 1, 3, 4, 0, 9);
    lfm_scorer *scorer = NULL;
    REQUIRE_OK(lfm_scorer_create(model, NULL, NULL, NULL, &scorer));
    static const lfm_metric some[] = {{LFM_METRIC_COVERAGE, 2}, {LFM_METRIC_POPULARITY, 2}, {LFM_METRIC_SIMILARITY, 3},
                                      {LFM_METRIC_NDCG, 1}, {LFM_METRIC_AUC, 0}};
    lfm_evaluate_options how;
    lfm_evaluate_options_init(&how);
    how.exclude = all;
    how.check_overlap = 0;
    for (int given = 0; given < 2; given++) {
        lfm_metric_result r[5] = {{.size = sizeof *r}};
        how.candidates = given ? all : NULL;
        CHECK_OK(lfm_evaluate(scorer, test, some, 5, &how, r, NULL));
        CHECK(r[0].mean == 0 && r[1].mean == 0 && r[2].mean == 0 && r[3].mean == 1 && r[4].mean == 0.5);
    }
    lfm_scorer_free(scorer);
    lfm_model_free(model);
    lfm_interactions_free(all);
    lfm_interactions_free(test);
}

/* Many blocks of users: the same on any number of threads, and lists are those of lfm_recommend(). */
static void test_threads(void)
{
    enum { USERS = 160, ITEMS = 300, K = 7 };
    static const lfm_metric lists[] = {{LFM_METRIC_COVERAGE, K}, {LFM_METRIC_POPULARITY, K}};
    world w = world_make(80, USERS, ITEMS, 1, 0);
    lfm_evaluate_options how;
    lfm_evaluate_options_init(&how);
    how.exclude = w.train_set;
    how.check_overlap = 0;
    how.keep_empty = 1;
    how.segments = SEGMENTS;
    how.bootstrap = 20;
    lfm_metric_result results[2][N_RESULTS], r[2] = {{.size = sizeof *r}};
    double *per_user[2];
    const size_t n = (size_t)USERS * N_RESULTS;
    for (int i = 0; i < 2; i++)
        per_user[i] = take(n, sizeof **per_user);
    for (int32_t threads = 1; threads <= 7; threads += 3) {
        const int i = threads > 1;
        how.threads = threads;
        results[i][0].size = sizeof **results;
        CHECK_OK(lfm_evaluate(w.scorer, w.test_set, metrics, N_METRICS, &how, results[i], per_user[i]));
        CHECK(same_results(results[0], results[i], N_RESULTS));
        CHECK(memcmp(per_user[0], per_user[i], n * sizeof **per_user) == 0);
    }
    how.segments = 0;
    CHECK_OK(lfm_evaluate(w.scorer, w.test_set, lists, 2, &how, r, NULL));
    int32_t users[USERS], items[USERS * K], *popularity = by_hand_popularity(&w, &w.train), covered = 0;
    char seen[ITEMS] = {0};
    double sum = 0;
    const int32_t n_users = w.test.n_users;
    for (int32_t user = 0; user < n_users; user++)
        users[user] = user;
    REQUIRE_OK(lfm_recommend(w.scorer, n_users, users, K, w.train_set, items, NULL, NULL));
    for (int i = 0; i < n_users * K; i++) {
        sum += popularity[items[i]];
        covered += !seen[items[i]];
        seen[items[i]] = 1;
    }
    CHECK_CLOSE(r[0].mean, (double)covered / ITEMS, 1e-15, 0);
    CHECK_CLOSE(r[1].mean, sum / (n_users * K), 1e-13, 0);
    CHECK_INTEGER(r[0].n_users, n_users);
    free(popularity);
    free(per_user[0]);
    free(per_user[1]);
    world_free(&w);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"metrics by definition, from scores and from ranks", test_metrics},
        {"given candidates", test_candidates},
        {"test pairs that are excluded", test_overlapping},
        {"segments of popularity", test_segments},
        {"users with all, with only negatives, with nothing", test_extremes},
        {"all items excluded", test_nothing_left},
        {"many users, any number of threads", test_threads},
    };
    return TAP_MAIN("evaluate", tests, argc, argv);
}
