/* The k best items for users, and the k most similar rows of a space. */
#include <math.h>

#include "base/numeric.h"
#include "infer/scorer.h"
#include "infer/top.h"
#include "parallel/parallel.h"

typedef struct recommend_task {
    const lfm_scorer *scorer;
    const int32_t *users;
    const lfm_interactions *exclude;
    const lfmi_index *exclude_index;
    int32_t k;
    int32_t *items;
    float *scores;
    float *all_scores; /* tasks x n_items */
    lfmi_top *tops;    /* tasks */
} recommend_task;

static void recommend_users(int64_t begin, int64_t end, uint32_t task, void *arg)
{
    const recommend_task *r = arg;
    const int32_t n_items = r->scorer->spaces[LFM_SPACE_ITEM].n_rows;
    float *scores = r->all_scores + (int64_t)task * n_items;
    lfmi_top *top = &r->tops[task];
    for (int64_t i = begin; i < end; i++) {
        lfmi_score_all(r->scorer, r->users[i], r->exclude, r->exclude_index, scores);
        top->n = 0;
        for (int32_t item = 0; item < n_items; item++) {
            if (scores[item] == scores[item])
                lfmi_top_offer(top, scores[item], item);
        }
        lfmi_top_write(top, r->items + i * r->k, r->scores != NULL ? r->scores + i * r->k : NULL);
    }
}

static lfm_status recommend(recommend_task *r, int64_t n, const lfm_infer_options *options)
{
    lfm_context *context = r->scorer->context;
    const int32_t n_items = r->scorer->spaces[LFM_SPACE_ITEM].n_rows;
    const int32_t tasks = lfmi_tasks(context, options->threads, n, lfmi_users_per_block(r->scorer));
    lfm_status status = LFMI_NEW_ARRAY(context, (int64_t)tasks * n_items, "the scores of users", &r->all_scores);
    if (status == LFM_OK)
        status = LFMI_NEW_ZEROED(context, tasks, "the best items", &r->tops);
    for (int32_t i = 0; i < tasks && status == LFM_OK; i++)
        status = lfmi_top_new(context, r->k, &r->tops[i]);
    if (status == LFM_OK) {
        lfmi_blocks blocks = {.n = n,
                              .block = lfmi_users_per_block(r->scorer),
                              .cancel = options->cancel,
                              .work = recommend_users,
                              .arg = r};
        status = lfmi_blocks_run(context, &blocks, tasks);
    }
    for (int32_t i = 0; r->tops != NULL && i < tasks; i++)
        lfmi_top_free(context, &r->tops[i]);
    LFMI_FREE_ARRAY(context, r->tops, tasks);
    LFMI_FREE_ARRAY(context, r->all_scores, (int64_t)tasks * n_items);
    return status;
}

lfm_status lfm_recommend(const lfm_scorer *scorer, int64_t n, const int32_t *users, int32_t k,
                         lfm_interactions *exclude, int32_t *items, float *scores, const lfm_infer_options *options)
{
    lfmi_clear_message();
    LFMI_REQUIRE(scorer);
    lfm_infer_options known;
    LFMI_TRY(lfmi_infer_options_read(&known, options));
    const int32_t n_items = scorer->spaces[LFM_SPACE_ITEM].n_rows, n_users = scorer->spaces[LFM_SPACE_USER].n_rows;
    if (n < 0 || k < 1 || k > n_items)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "lfm_recommend: n is %lld, must be >= 0; k is %d, must be in [1, %d]",
                         (long long)n, k, n_items);
    LFMI_TRY(lfmi_scorer_check_reach(scorer, exclude, "the set to exclude"));
    if (n == 0)
        return LFM_OK;
    LFMI_REQUIRE(users);
    LFMI_REQUIRE(items);
    for (int64_t i = 0; i < n; i++) {
        if ((uint32_t)users[i] >= (uint32_t)n_users)
            return lfmi_fail(LFM_ERROR_DATA, "lfm_recommend: users[%lld] is %d, outside [0, %d)", (long long)i,
                             users[i], n_users);
    }
    recommend_task r = {
        .scorer = scorer, .users = users, .exclude = exclude, .k = k, .items = items, .scores = scores};
    if (exclude != NULL)
        LFMI_TRY(lfmi_interactions_index(exclude, 0, known.cancel, &r.exclude_index));
    return recommend(&r, n, &known);
}

/* A dot product in double, whose range the squares of any float32 fit. */
static double wide_dot(const float *a, const float *b, int32_t n)
{
    double sum = 0;
    for (int32_t e = 0; e < n; e++)
        sum += (double)a[e] * (double)b[e];
    return sum;
}

enum { ROWS_PER_LOOK = 4096 }; /* between two looks at the cancel flag */

lfm_status lfm_similar(const lfm_scorer *scorer, int32_t query_space, int32_t query, int32_t target_space, int32_t k,
                       int32_t *rows, float *cosines, const lfm_infer_options *options)
{
    lfmi_clear_message();
    LFMI_REQUIRE(scorer);
    LFMI_REQUIRE(rows);
    lfm_infer_options known;
    LFMI_TRY(lfmi_infer_options_read(&known, options));
    if (query_space < 0 || query_space >= LFMI_SPACES || target_space < 0 || target_space >= LFMI_SPACES || k < 1)
        return lfmi_fail(LFM_ERROR_ARGUMENT,
                         "lfm_similar: spaces %d and %d must be LFM_SPACE_… and k, which is %d, at least 1",
                         query_space, target_space, k);
    if ((uint32_t)query >= (uint32_t)scorer->spaces[query_space].n_rows)
        return lfmi_fail(LFM_ERROR_DATA, "lfm_similar: the query %d is outside [0, %d)", query,
                         scorer->spaces[query_space].n_rows);
    lfmi_top top;
    LFMI_TRY(lfmi_top_new(scorer->context, k, &top));
    fenv_t environment;
    lfmi_float_enter(&environment);
    const float *vector = lfmi_vector(scorer, query_space, query);
    const double norm = sqrt(wide_dot(vector, vector, scorer->d));
    const int32_t n_rows = scorer->spaces[target_space].n_rows;
    bool cancelled = false;
    for (int32_t row = 0; row < n_rows && !cancelled; row++) {
        if (row % ROWS_PER_LOOK == 0)
            cancelled = lfm_cancel_is_set(known.cancel) != 0;
        if (row == query && query_space == target_space)
            continue;
        const float *other = lfmi_vector(scorer, target_space, row);
        const double norms = norm * sqrt(wide_dot(other, other, scorer->d));
        const double dot = wide_dot(vector, other, scorer->d);
        lfmi_top_offer(&top, norms > 0 ? (float)(dot / norms) : 0.0f, row);
    }
    if (!cancelled)
        lfmi_top_write(&top, rows, cosines);
    lfmi_float_leave(&environment);
    lfmi_top_free(scorer->context, &top);
    return cancelled ? lfmi_fail(LFM_ERROR_CANCELLED, "the call was cancelled") : LFM_OK;
}
