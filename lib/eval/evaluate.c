/* lfm_evaluate and lfm_evaluate_ranks: checking, then every user's metrics, then their means. */
#include <string.h>

#include "base/numeric.h"
#include "base/sized.h"
#include "eval/evaluation.h"
#include "infer/overlap.h"

LFMI_ASSERT_SIZED(lfm_evaluate_options, cancel);
LFMI_ASSERT_SIZED(lfm_metric_result, high);

enum { MOST_SEGMENTS = 100, MOST_RESAMPLES = 1000000 };

static const lfm_evaluate_options defaults = {
    .size = sizeof(lfm_evaluate_options), .check_overlap = 1, .confidence = 0.95, .seed = 1};

void lfm_evaluate_options_init_sized(lfm_evaluate_options *options, size_t size)
{
    lfmi_sized_init(options, size, &defaults, sizeof defaults);
}

static lfm_status bad_option(const char *name, double value, const char *bounds)
{
    return lfmi_fail(LFM_ERROR_OPTION, "lfm_evaluate_options: %s is %g, must be %s", name, value, bounds);
}

static lfm_status read_options(lfm_evaluate_options *known, const lfm_evaluate_options *given)
{
    *known = defaults;
    if (given != NULL)
        LFMI_TRY(lfmi_sized_read(known, sizeof *known, given, "lfm_evaluate_options"));
    if (known->threads < 0)
        return bad_option("threads", known->threads, "0 or more");
    if (known->segments < 0 || known->segments > MOST_SEGMENTS)
        return bad_option("segments", known->segments, "in [0, 100]");
    if (known->bootstrap < 0 || known->bootstrap > MOST_RESAMPLES)
        return bad_option("bootstrap", known->bootstrap, "in [0, 1000000]");
    if (!(known->confidence > 0 && known->confidence < 1))
        return bad_option("confidence", known->confidence, "in (0, 1)");
    return lfmi_reserved_check(known->reserved, "lfm_evaluate_options");
}

static lfm_status check_metrics(const lfm_metric *metrics, int32_t n)
{
    if (n < 1)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "n_metrics is %d, must be 1 or more", n);
    for (int32_t i = 0; i < n; i++) {
        const lfmi_metric_row *row = lfmi_metric_find(metrics[i].metric);
        if (row == NULL)
            return lfmi_fail(LFM_ERROR_ARGUMENT, "metrics[%d]: there is no metric number %d", i, metrics[i].metric);
        if (row->uses_k && metrics[i].k < 1)
            return lfmi_fail(LFM_ERROR_ARGUMENT, "metrics[%d]: k of %s is %d, must be 1 or more", i, row->name,
                             metrics[i].k);
    }
    return LFM_OK;
}

static lfm_status check_results(const lfm_metric_result *results)
{
    enum { MOST = 4096 };
    const size_t size = results[0].size;
    if (size < sizeof size + sizeof(int64_t) || size > MOST || size % sizeof(int64_t) != 0)
        return lfmi_fail(LFM_ERROR_OPTION, "lfm_metric_result: the size field of the first result is %zu: set it to "
                                           "sizeof(lfm_metric_result)",
                         size);
    return LFM_OK;
}

/* Take over what is given to both calls. */
static lfm_status begin(lfmi_evaluation *e, lfm_interactions *test, const lfm_metric *metrics, int32_t n_metrics,
                        const lfm_evaluate_options *options, const lfm_metric_result *results)
{
    LFMI_TRY(read_options(&e->options, options));
    LFMI_TRY(check_metrics(metrics, n_metrics));
    LFMI_TRY(check_results(results));
    const int64_t n_results = (int64_t)n_metrics * (1 + e->options.segments);
    if (n_results > INT32_MAX)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "n_metrics is %d, and there are %d segments: too many results", n_metrics,
                         e->options.segments);
    e->test = test;
    e->exclude = e->options.exclude;
    e->candidates = e->options.candidates;
    e->metrics = metrics;
    e->n_metrics = n_metrics;
    e->n_results = (int32_t)n_results;
    return LFM_OK;
}

static lfm_status check_reach(const lfmi_evaluation *e, const lfm_interactions *interactions, const char *what)
{
    if (interactions == NULL)
        return LFM_OK;
    if (e->scorer != NULL)
        return lfmi_scorer_check_reach(e->scorer, interactions, what);
    if (interactions->n_items > e->n_items)
        return lfmi_fail(LFM_ERROR_SHAPE, "%s has %d items, but only %d were ranked", what, interactions->n_items,
                         e->n_items);
    return LFM_OK;
}

static lfm_status check_shapes(const lfmi_evaluation *e)
{
    LFMI_TRY(check_reach(e, e->test, "the test set"));
    LFMI_TRY(check_reach(e, e->exclude, "the set to exclude"));
    LFMI_TRY(check_reach(e, e->candidates, "the set of candidates"));
    return check_reach(e, e->options.popularity, "the set that popularity is counted in");
}

/* See what the metrics ask for beside ranks. */
static lfm_status look_at_metrics(lfmi_evaluation *e, bool *wants_popularity, bool *wants_coverage)
{
    *wants_popularity = e->options.segments > 0;
    *wants_coverage = false;
    for (int32_t i = 0; i < e->n_metrics; i++) {
        const int32_t metric = e->metrics[i].metric, k = e->metrics[i].k;
        const lfmi_metric_row *row = lfmi_metric_find(metric);
        e->is_graded = e->is_graded || metric == LFM_METRIC_NDCG_GRADED;
        *wants_popularity = *wants_popularity || metric == LFM_METRIC_POPULARITY;
        *wants_coverage = *wants_coverage || metric == LFM_METRIC_COVERAGE;
        e->wants_similarity = e->wants_similarity || metric == LFM_METRIC_SIMILARITY;
        if (row->compute != NULL)
            continue;
        if (e->scorer == NULL)
            return lfmi_fail(LFM_ERROR_ARGUMENT, "metrics[%d]: %s is one of lists, and ranks alone are given", i,
                             row->name);
        const int32_t length = k < e->n_items ? k : e->n_items;
        e->list_length = length > e->list_length ? length : e->list_length;
    }
    return LFM_OK;
}

/* Gains must not overflow. */
static lfm_status check_values(const lfmi_evaluation *e)
{
    for (int64_t entry = 0; entry < e->test->n_entries && lfmi_values(e->test) != NULL; entry++) {
        if (lfmi_values(e->test)[entry] > LFMI_MOST_VALUE)
            return lfmi_fail(LFM_ERROR_DATA, "ndcg-graded: entry %lld (user %d, item %d) has the value %g: 2^value is out "
                                             "of range beyond %g",
                             (long long)entry, lfmi_users(e->test)[entry], lfmi_items(e->test)[entry],
                             (double)lfmi_values(e->test)[entry], (double)LFMI_MOST_VALUE);
    }
    return LFM_OK;
}

static lfm_status make_indices(lfmi_evaluation *e)
{
    const lfm_cancel *cancel = e->options.cancel;
    LFMI_TRY(lfmi_interactions_index(e->test, e->is_graded ? LFMI_INDEX_VALUES : 0, cancel, &e->test_index));
    if (e->exclude != NULL)
        LFMI_TRY(lfmi_interactions_index(e->exclude, 0, cancel, &e->exclude_index));
    if (e->exclude != NULL && e->options.check_overlap)
        LFMI_TRY(lfmi_refuse_overlap(e->test, e->exclude, true, cancel));
    if (e->candidates != NULL)
        LFMI_TRY(lfmi_interactions_index(e->candidates, 0, cancel, &e->candidate_index));
    return LFM_OK;
}

/* List the users that count. */
static lfm_status count_users(lfmi_evaluation *e)
{
    LFMI_TRY(LFMI_NEW_ARRAY(e->context, e->test->n_users, "the users that count", &e->counted));
    for (int32_t user = 0; user < e->test->n_users; user++) {
        if (e->options.keep_empty || lfmi_count_positives(e->test_index, user) > 0)
            e->counted[e->n_counted++] = user;
    }
    if (e->n_counted == 0)
        return lfmi_fail(LFM_ERROR_DATA, "the test set has no positive of any of its %d users: there is nothing to "
                                         "evaluate",
                         e->test->n_users);
    return LFM_OK;
}

static lfm_status prepare(lfmi_evaluation *e)
{
    bool wants_popularity, wants_coverage;
    LFMI_TRY(look_at_metrics(e, &wants_popularity, &wants_coverage));
    lfm_interactions *of = e->options.popularity != NULL ? e->options.popularity : e->exclude;
    if (wants_popularity && of == NULL)
        return lfmi_fail(LFM_ERROR_OPTION, "popularity is wanted, and there is nothing to count it in: set popularity "
                                           "in lfm_evaluate_options");
    LFMI_TRY(check_shapes(e));
    if (e->is_graded)
        LFMI_TRY(check_values(e));
    LFMI_TRY(make_indices(e));
    LFMI_TRY(count_users(e));
    if (wants_popularity)
        LFMI_TRY(lfmi_eval_popularity(e, of));
    if (wants_coverage) {
        LFMI_TRY(LFMI_NEW_ARRAY(e->context, e->n_items, "the coverage of items", &e->places));
        for (int32_t item = 0; item < e->n_items; item++)
            atomic_init(&e->places[item].best, INT32_MAX);
    }
    return LFMI_NEW_ARRAY(e->context, (int64_t)e->test->n_users * e->n_results, "the metrics of all users", &e->values);
}

static void free_evaluation(lfmi_evaluation *e)
{
    LFMI_FREE_ARRAY(e->context, e->values, (int64_t)e->test->n_users * e->n_results);
    LFMI_FREE_ARRAY(e->context, e->counted, e->test->n_users);
    LFMI_FREE_ARRAY(e->context, e->popularity, e->n_items);
    LFMI_FREE_ARRAY(e->context, e->segment_of, e->n_items);
    LFMI_FREE_ARRAY(e->context, e->places, e->n_items);
    lfmi_grouping_free(e->context, &e->grouping);
}

/* What both calls do once everything is prepared. */
static lfm_status run(lfmi_evaluation *e, lfm_metric_result *results, double *per_user)
{
    fenv_t environment;
    lfmi_float_enter(&environment);
    lfm_status status = lfmi_eval_users(e);
    if (status == LFM_OK)
        status = lfmi_eval_summarise(e, results);
    lfmi_float_leave(&environment);
    if (status == LFM_OK && per_user != NULL)
        memcpy(per_user, e->values, (size_t)e->test->n_users * (size_t)e->n_results * sizeof *per_user);
    return status;
}

lfm_status lfm_evaluate(const lfm_scorer *scorer, lfm_interactions *test, const lfm_metric *metrics, int32_t n_metrics,
                        const lfm_evaluate_options *options, lfm_metric_result *results, double *per_user)
{
    lfmi_clear_message();
    LFMI_REQUIRE(scorer);
    LFMI_REQUIRE(test);
    LFMI_REQUIRE(metrics);
    LFMI_REQUIRE(results);
    lfmi_evaluation e = {
        .context = scorer->context, .scorer = scorer, .n_items = scorer->spaces[LFM_SPACE_ITEM].n_rows};
    LFMI_TRY(begin(&e, test, metrics, n_metrics, options, results));
    lfm_status status = prepare(&e);
    if (status == LFM_OK)
        status = run(&e, results, per_user);
    free_evaluation(&e);
    return status;
}

/* Check the ranks of the positives and group the entries by user and item. */
static lfm_status take_ranks(lfmi_evaluation *e)
{
    const lfm_interactions *test = e->test;
    for (int64_t entry = 0; entry < test->n_entries; entry++) {
        if (lfmi_is_positive(test, entry) && (uint32_t)e->given_ranks[entry] >= (uint32_t)e->n_items)
            return lfmi_fail(LFM_ERROR_DATA, "ranks[%lld] is %d, outside [0, %d)", (long long)entry,
                             e->given_ranks[entry], e->n_items);
    }
    const lfmi_input input = {.what = "the test set",
                              .n_entries = test->n_entries,
                              .n_rows = test->n_users,
                              .n_columns = test->n_items,
                              .rows = lfm_int32(lfmi_users(test)),
                              .columns = lfm_int32(lfmi_items(test)),
                              .cancel = e->options.cancel};
    return lfmi_group(e->context, &input, &e->grouping);
}

lfm_status lfm_evaluate_ranks(lfm_interactions *test, const int32_t *ranks, int32_t n_items, const lfm_metric *metrics,
                              int32_t n_metrics, const lfm_evaluate_options *options, lfm_metric_result *results,
                              double *per_user)
{
    lfmi_clear_message();
    LFMI_REQUIRE(test);
    LFMI_REQUIRE(ranks);
    LFMI_REQUIRE(metrics);
    LFMI_REQUIRE(results);
    if (n_items < 0)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "lfm_evaluate_ranks: n_items is %d, must be 0 or more", n_items);
    lfmi_evaluation e = {.context = test->context, .n_items = n_items, .given_ranks = ranks};
    LFMI_TRY(begin(&e, test, metrics, n_metrics, options, results));
    lfm_status status = prepare(&e);
    if (status == LFM_OK)
        status = take_ranks(&e);
    if (status == LFM_OK)
        status = run(&e, results, per_user);
    free_evaluation(&e);
    return status;
}
