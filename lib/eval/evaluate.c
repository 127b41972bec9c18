/* lfm_evaluate: every user's metrics in one pass, then their means. */
#include "base/numeric.h"
#include "base/sort.h"
#include "eval/metrics.h"
#include "infer/blocks.h"
#include "infer/overlap.h"
#include "infer/ranker.h"
#include "parallel/parallel.h"

enum { LEAST_ROOM = 64 * LFMI_PASS_USERS }; /* positives that a task takes together */

/* What one task needs of its own. */
typedef struct evaluate_scratch {
    lfmi_ranker ranker;
    int32_t *positives, *ranks;
} evaluate_scratch;

typedef struct evaluation {
    const lfm_scorer *scorer;
    const lfm_interactions *test, *exclude;
    const lfmi_index *test_index, *exclude_index;
    const lfm_metric *metrics;
    int32_t n_metrics;
    int32_t keep_empty;
    const lfm_cancel *cancel;
    int64_t longest; /* entries of any test user */
    int64_t room;    /* for positives at once */
    evaluate_scratch *scratch;
    double *values; /* users x metrics; NaN: not counted */
} evaluation;

/* Candidates that are no test positives: all items less the excluded and the positives. */
static int64_t count_negatives(const evaluation *e, int32_t user, const int32_t *positives, int64_t n)
{
    int64_t taken = n;
    if (e->exclude != NULL && user < e->exclude->n_users) {
        const lfmi_index *x = e->exclude_index;
        /* Distinct excluded items that are no positives; an item may stand in both of a user's lists. */
        const int64_t middle = x->negatives[user], end = x->offsets[user + 1];
        for (int64_t at = x->offsets[user]; at < end; at++) {
            const int32_t item = x->items[at];
            const bool repeated = (at > x->offsets[user] && at != middle && x->items[at - 1] == item) ||
                                  (at >= middle && lfmi_is_positive_pair(x, user, item));
            taken += !repeated && !lfmi_sorted_has(positives, n, item);
        }
    }
    return e->scorer->spaces[LFM_SPACE_ITEM].n_rows - taken;
}

/* One user's metrics from its ranks. */
static void compute_metrics(const evaluation *e, const lfmi_rank_user *user)
{
    lfmi_user_ranks ranks = {user->ranks, user->n, 0};
    if (user->n > 0) {
        lfmi_sort_int32(user->ranks, user->n);
        ranks.n_negatives = count_negatives(e, user->user, user->items, user->n);
    }
    double *values = e->values + (int64_t)user->user * e->n_metrics;
    for (int32_t i = 0; i < e->n_metrics; i++)
        values[i] = user->n > 0 || e->keep_empty
                        ? lfmi_metric_find(e->metrics[i].metric)->compute(&ranks, e->metrics[i].k)
                        : __builtin_nan("");
}

static void evaluate_users(int64_t begin, int64_t end, uint32_t task, void *arg)
{
    const evaluation *e = arg;
    evaluate_scratch *s = &e->scratch[task];
    lfmi_rank_user users[LFMI_PASS_USERS];
    int64_t gathered = 0, taken = 0;
    for (int64_t u = begin; u < end; u++) {
        lfmi_rank_user *user = &users[gathered];
        *user = (lfmi_rank_user){(int32_t)u, s->positives + taken, 0, s->ranks + taken};
        user->n = lfmi_distinct_items(e->test_index, (int32_t)u, true, s->positives + taken);
        taken += user->n;
        gathered += user->n > 0;
        if (user->n == 0)
            compute_metrics(e, user);
        const bool is_full = gathered == LFMI_PASS_USERS || e->room - taken < e->longest;
        if ((is_full || u + 1 == end) && gathered > 0) {
            lfmi_rank_block(&s->ranker, users, gathered, e->exclude, e->exclude_index, e->cancel);
            for (int64_t i = 0; i < gathered && !lfm_cancel_is_set(e->cancel); i++)
                compute_metrics(e, &users[i]);
            gathered = taken = 0;
        }
    }
}

static void average(const evaluation *e, double *means, int64_t *n_counted)
{
    int64_t counted = 0;
    for (int32_t i = 0; i < e->n_metrics; i++) {
        double sum = 0;
        counted = 0;
        for (int64_t user = 0; user < e->test->n_users; user++) {
            const double value = e->values[user * e->n_metrics + i];
            if (value == value) {
                sum += value;
                counted++;
            }
        }
        means[i] = counted > 0 ? sum / (double)counted : 0.0;
    }
    if (n_counted != NULL)
        *n_counted = counted;
}

static lfm_status run(evaluation *e, const lfm_infer_options *options)
{
    enum { USERS_PER_BLOCK = 4 * LFMI_PASS_USERS };
    lfm_context *context = e->scorer->context;
    const int64_t n_users = e->test->n_users;
    const int32_t tasks = lfmi_tasks(context, options->threads, n_users, LFMI_SCAN_USERS);
    const int64_t share = n_users / tasks / 4 + 1;
    lfm_status status = LFMI_NEW_ZEROED(context, tasks, "an evaluation", &e->scratch);
    for (int32_t i = 0; i < tasks && status == LFM_OK; i++) {
        evaluate_scratch *s = &e->scratch[i];
        status = lfmi_ranker_new(e->scorer, e->longest, &s->ranker);
        if (status == LFM_OK)
            status = LFMI_NEW_ARRAY(context, e->room, "an evaluation", &s->positives);
        if (status == LFM_OK)
            status = LFMI_NEW_ARRAY(context, e->room, "an evaluation", &s->ranks);
    }
    if (status == LFM_OK) {
        lfmi_blocks blocks = {.n = n_users,
                              .block = share < USERS_PER_BLOCK ? share : USERS_PER_BLOCK,
                              .cancel = options->cancel,
                              .work = evaluate_users,
                              .arg = e};
        status = lfmi_blocks_run(context, &blocks, tasks);
    }
    for (int32_t i = 0; e->scratch != NULL && i < tasks; i++) {
        lfmi_ranker_free(&e->scratch[i].ranker);
        LFMI_FREE_ARRAY(context, e->scratch[i].positives, e->room);
        LFMI_FREE_ARRAY(context, e->scratch[i].ranks, e->room);
    }
    LFMI_FREE_ARRAY(context, e->scratch, tasks);
    return status;
}

static lfm_status check_metrics(const lfm_metric *metrics, int32_t n)
{
    if (n < 1)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "lfm_evaluate: n_metrics is %d, must be 1 or more", n);
    for (int32_t i = 0; i < n; i++) {
        const lfmi_metric_row *row = lfmi_metric_find(metrics[i].metric);
        if (row == NULL)
            return lfmi_fail(LFM_ERROR_ARGUMENT, "lfm_evaluate: metrics[%d]: there is no metric number %d", i,
                             metrics[i].metric);
        if (row->uses_k && metrics[i].k < 1)
            return lfmi_fail(LFM_ERROR_ARGUMENT, "lfm_evaluate: metrics[%d]: k of %s is %d, must be 1 or more", i,
                             row->name, metrics[i].k);
    }
    return LFM_OK;
}

lfm_status lfm_evaluate(const lfm_scorer *scorer, lfm_interactions *test, lfm_interactions *exclude,
                        const lfm_metric *metrics, int32_t n_metrics, int32_t keep_empty,
                        const lfm_infer_options *options, double *means, int64_t *n_counted, double *per_user)
{
    lfmi_clear_message();
    LFMI_REQUIRE(scorer);
    LFMI_REQUIRE(test);
    LFMI_REQUIRE(metrics);
    LFMI_REQUIRE(means);
    lfm_infer_options known;
    LFMI_TRY(lfmi_infer_options_read(&known, options));
    LFMI_TRY(check_metrics(metrics, n_metrics));
    LFMI_TRY(lfmi_scorer_check_reach(scorer, test, "the test set"));
    LFMI_TRY(lfmi_scorer_check_reach(scorer, exclude, "the set to exclude"));
    evaluation e = {.scorer = scorer,
                    .test = test,
                    .exclude = exclude,
                    .metrics = metrics,
                    .n_metrics = n_metrics,
                    .keep_empty = keep_empty,
                    .cancel = known.cancel};
    if (exclude != NULL) {
        LFMI_TRY(lfmi_interactions_index(exclude, 0, known.cancel, &e.exclude_index));
        if (known.check_overlap)
            LFMI_TRY(lfmi_refuse_overlap(test, exclude, true, known.cancel));
    }
    LFMI_TRY(lfmi_interactions_index(test, 0, known.cancel, &e.test_index));
    e.longest = lfmi_longest_user(test, e.test_index);
    e.room = e.longest > LEAST_ROOM / 2 ? 2 * e.longest : LEAST_ROOM;
    const int64_t n_values = (int64_t)test->n_users * n_metrics;
    LFMI_TRY(LFMI_NEW_ARRAY(scorer->context, n_values, "the metrics of all users", &e.values));
    fenv_t environment;
    lfmi_float_enter(&environment);
    const lfm_status status = run(&e, &known);
    if (status == LFM_OK) {
        average(&e, means, n_counted);
        for (int64_t i = 0; per_user != NULL && i < n_values; i++)
            per_user[i] = e.values[i];
    }
    lfmi_float_leave(&environment);
    LFMI_FREE_ARRAY(scorer->context, e.values, n_values);
    return status;
}
