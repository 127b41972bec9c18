/* Scores of all items for a user, and the ranks of some of them. */

#include "base/numeric.h"
#include "base/sort.h"
#include "infer/overlap.h"
#include "infer/scorer.h"
#include "parallel/parallel.h"

void lfmi_score_all(const lfm_scorer *scorer, int32_t user, const lfm_interactions *exclude,
                    const lfmi_index *exclude_index, float *scores)
{
    const int32_t n_items = scorer->spaces[LFM_SPACE_ITEM].n_rows;
    for (int32_t item = 0; item < n_items; item++)
        scores[item] = lfmi_score_pair(scorer, user, item);
    if (exclude == NULL || user >= exclude->n_users)
        return;
    for (int64_t at = exclude_index->offsets[user]; at < exclude_index->offsets[user + 1]; at++)
        scores[exclude_index->items[at]] = __builtin_nanf("");
}

lfm_status lfmi_ranker_new(lfm_context *context, int32_t n_items, int64_t max_targets, lfmi_ranker *ranker)
{
    *ranker = (lfmi_ranker){.n_items = n_items, .max_targets = max_targets};
    LFMI_TRY(LFMI_NEW_ARRAY(context, n_items, "the scores of a user", &ranker->scores));
    LFMI_TRY(LFMI_NEW_ARRAY(context, max_targets, "the targets of a user", &ranker->keys));
    LFMI_TRY(LFMI_NEW_ARRAY(context, max_targets, "the targets of a user", &ranker->targets));
    return LFMI_NEW_ARRAY(context, max_targets + 1, "the ranks of a user", &ranker->counts);
}

void lfmi_ranker_free(lfm_context *context, lfmi_ranker *ranker)
{
    LFMI_FREE_ARRAY(context, ranker->scores, ranker->n_items);
    LFMI_FREE_ARRAY(context, ranker->keys, ranker->max_targets);
    LFMI_FREE_ARRAY(context, ranker->targets, ranker->max_targets);
    LFMI_FREE_ARRAY(context, ranker->counts, ranker->max_targets + 1);
}

/* How many of the sorted targets are <= score. */
static int64_t count_reached(const float *targets, int64_t n, float score)
{
    int64_t low = 0;
    while (n > 0) {
        const int64_t half = n / 2;
        const bool right = targets[low + half] <= score;
        low += right ? half + 1 : 0;
        n = right ? n - half - 1 : half;
    }
    return low;
}

/* Order-preserving map of finite floats to integers, so that they sort as integers. */
static int32_t float_key(float x)
{
    union {
        float f;
        int32_t i;
    } bits = {.f = x + 0.0f}; /* -0 becomes +0: both are the same score */
    return bits.i >= 0 ? bits.i : (int32_t)(INT32_MIN - (int64_t)bits.i);
}

static float key_float(int32_t key)
{
    union {
        int32_t i;
        float f;
    } bits = {.i = key >= 0 ? key : (int32_t)(INT32_MIN - (int64_t)key)};
    return bits.f;
}

void lfmi_rank_targets(const lfm_scorer *scorer, lfmi_ranker *ranker, int32_t user, const lfm_interactions *exclude,
                       const lfmi_index *exclude_index, const int32_t *items, int64_t n, int32_t *ranks)
{
    lfmi_score_all(scorer, user, exclude, exclude_index, ranker->scores);
    /* Sort the targets' scores; then each candidate reaches a run of them from the lowest on. */
    int32_t *keys = ranker->keys;
    for (int64_t i = 0; i < n; i++)
        keys[i] = float_key(lfmi_score_pair(scorer, user, items[i]));
    lfmi_sort_int32(keys, n);
    for (int64_t i = 0; i < n; i++)
        ranker->targets[i] = key_float(keys[i]);
    for (int64_t i = 0; i <= n; i++)
        ranker->counts[i] = 0;
    const float lowest = n > 0 ? ranker->targets[0] : 0;
    for (int32_t item = 0; item < ranker->n_items; item++) {
        if (ranker->scores[item] >= lowest)
            ranker->counts[count_reached(ranker->targets, n, ranker->scores[item])]++;
    }
    /* counts[c] candidates reach exactly the c lowest; those that reach target t are the sum over c > t. */
    for (int64_t i = n - 1; i >= 0; i--)
        ranker->counts[i] += ranker->counts[i + 1];
    for (int64_t i = 0; i < n; i++) {
        const float own = lfmi_score_pair(scorer, user, items[i]);
        const int64_t at = count_reached(ranker->targets, n, own) - 1;
        const bool is_candidate = ranker->scores[items[i]] == own;
        /* A score that overflowed to NaN ranks last. */
        ranks[i] = own == own ? (int32_t)(ranker->counts[at + 1] - is_candidate) : ranker->n_items - 1;
    }
}

/* Ranking of stored entries: users in blocks, each task with its own ranker. */
typedef struct rank_task {
    const lfm_scorer *scorer;
    const lfm_interactions *test, *exclude;
    const lfmi_index *exclude_index;
    const lfmi_grouping *grouping;
    lfmi_ranker *rankers;
    int32_t *items, *sorted_ranks; /* by place in the grouping */
    int32_t *ranks;                /* by entry */
} rank_task;

static void rank_users(int64_t begin, int64_t end, uint32_t task, void *arg)
{
    const rank_task *rank = arg;
    for (int64_t user = begin; user < end; user++) {
        const int64_t first = rank->grouping->groups[user], n = rank->grouping->groups[user + 1] - first;
        if (n == 0)
            continue;
        for (int64_t at = first; at < first + n; at++)
            rank->items[at] = lfmi_items(rank->test)[rank->grouping->order[at]];
        lfmi_rank_targets(rank->scorer, &rank->rankers[task], (int32_t)user, rank->exclude, rank->exclude_index,
                          rank->items + first, n, rank->sorted_ranks + first);
    }
}

static lfm_status rank_grouped(rank_task *rank, const lfm_infer_options *options)
{
    lfm_context *context = rank->scorer->context;
    const lfm_interactions *test = rank->test;
    const int32_t tasks = lfmi_tasks(context, options->threads, test->n_users, lfmi_users_per_block(rank->scorer));
    int64_t longest = 0;
    for (int32_t user = 0; user < test->n_users; user++) {
        const int64_t n = rank->grouping->groups[user + 1] - rank->grouping->groups[user];
        longest = n > longest ? n : longest;
    }
    lfm_status status = LFMI_NEW_ZEROED(context, tasks, "rankers", &rank->rankers);
    if (status == LFM_OK)
        status = LFMI_NEW_ARRAY(context, test->n_entries, "items to rank", &rank->items);
    if (status == LFM_OK)
        status = LFMI_NEW_ARRAY(context, test->n_entries, "ranks", &rank->sorted_ranks);
    for (int32_t i = 0; i < tasks && status == LFM_OK; i++)
        status = lfmi_ranker_new(context, rank->scorer->spaces[LFM_SPACE_ITEM].n_rows, longest, &rank->rankers[i]);
    if (status == LFM_OK) {
        lfmi_blocks blocks = {.n = test->n_users,
                              .block = lfmi_users_per_block(rank->scorer),
                              .cancel = options->cancel,
                              .work = rank_users,
                              .arg = rank};
        status = lfmi_blocks_run(context, &blocks, tasks);
    }
    for (int64_t at = 0; at < test->n_entries && status == LFM_OK; at++)
        rank->ranks[rank->grouping->order[at]] = rank->sorted_ranks[at];
    for (int32_t i = 0; rank->rankers != NULL && i < tasks; i++)
        lfmi_ranker_free(context, &rank->rankers[i]);
    LFMI_FREE_ARRAY(context, rank->rankers, tasks);
    LFMI_FREE_ARRAY(context, rank->items, test->n_entries);
    LFMI_FREE_ARRAY(context, rank->sorted_ranks, test->n_entries);
    return status;
}

lfm_status lfm_rank(const lfm_scorer *scorer, lfm_interactions *test, lfm_interactions *exclude, int32_t *ranks,
                    const lfm_infer_options *options)
{
    lfmi_clear_message();
    LFMI_REQUIRE(scorer);
    LFMI_REQUIRE(test);
    LFMI_REQUIRE(ranks);
    lfm_infer_options known;
    LFMI_TRY(lfmi_infer_options_read(&known, options));
    LFMI_TRY(lfmi_scorer_check_reach(scorer, test, "the test set"));
    LFMI_TRY(lfmi_scorer_check_reach(scorer, exclude, "the set to exclude"));
    rank_task rank = {.scorer = scorer, .test = test, .exclude = exclude, .ranks = ranks};
    if (exclude != NULL) {
        LFMI_TRY(lfmi_interactions_index(exclude, 0, known.cancel, &rank.exclude_index));
        if (known.check_overlap)
            LFMI_TRY(lfmi_refuse_overlap(test, exclude, false, known.cancel));
    }
    const lfmi_input input = {.what = "the test set",
                              .n_entries = test->n_entries,
                              .n_rows = test->n_users,
                              .n_columns = test->n_items,
                              .rows = lfm_int32(lfmi_users(test)),
                              .columns = lfm_int32(lfmi_items(test)),
                              .cancel = known.cancel};
    lfmi_grouping grouping;
    LFMI_TRY(lfmi_group(scorer->context, &input, &grouping));
    rank.grouping = &grouping;
    fenv_t environment;
    lfmi_float_enter(&environment);
    const lfm_status status = rank_grouped(&rank, &known);
    lfmi_float_leave(&environment);
    lfmi_grouping_free(scorer->context, &grouping);
    return status;
}
