/* Ranks of stored entries. */
#include "base/numeric.h"
#include "infer/blocks.h"
#include "infer/overlap.h"
#include "infer/ranker.h"
#include "parallel/parallel.h"

/* Users with entries, some to a pass, each task with its own ranker. */
typedef struct rank_task {
    const lfm_scorer *scorer;
    const lfm_interactions *test, *exclude;
    const lfmi_index *exclude_index;
    const lfmi_grouping *grouping;
    const lfm_cancel *cancel;
    lfmi_ranker *rankers;
    int32_t *users; /* those with entries */
    int64_t n_users;
    int64_t longest;               /* entries of any user */
    int32_t *items, *sorted_ranks; /* by place in the grouping */
    int32_t *ranks;                /* by entry */
} rank_task;

static void rank_users(int64_t begin, int64_t end, uint32_t task, void *arg)
{
    const rank_task *rank = arg;
    lfmi_rank_user users[LFMI_PASS_USERS];
    for (int64_t i = begin; i < end; i++) {
        const int32_t user = rank->users[i];
        const int64_t first = rank->grouping->groups[user], n = rank->grouping->groups[user + 1] - first;
        for (int64_t at = first; at < first + n; at++)
            rank->items[at] = lfmi_items(rank->test)[rank->grouping->order[at]];
        users[i - begin] = (lfmi_rank_user){user, rank->items + first, n, rank->sorted_ranks + first};
    }
    lfmi_rank_block(&rank->rankers[task], users, end - begin, rank->exclude, rank->exclude_index, rank->cancel);
}

/* List the users that have entries. */
static lfm_status list_users(rank_task *rank)
{
    LFMI_TRY(LFMI_NEW_ARRAY(rank->scorer->context, rank->test->n_users, "users to rank for", &rank->users));
    for (int32_t user = 0; user < rank->test->n_users; user++) {
        const int64_t n = rank->grouping->groups[user + 1] - rank->grouping->groups[user];
        if (n > 0)
            rank->users[rank->n_users++] = user;
        rank->longest = n > rank->longest ? n : rank->longest;
    }
    return LFM_OK;
}

static lfm_status rank_grouped(rank_task *rank, const lfm_infer_options *options)
{
    lfm_context *context = rank->scorer->context;
    const lfm_interactions *test = rank->test;
    int32_t tasks = 0;
    lfm_status status = list_users(rank);
    if (status == LFM_OK)
        status = LFMI_NEW_ARRAY(context, test->n_entries, "items to rank", &rank->items);
    if (status == LFM_OK)
        status = LFMI_NEW_ARRAY(context, test->n_entries, "ranks", &rank->sorted_ranks);
    if (status == LFM_OK) {
        tasks = lfmi_tasks(context, options->threads, rank->n_users, LFMI_SCAN_USERS);
        status = LFMI_NEW_ZEROED(context, tasks, "rankers", &rank->rankers);
    }
    for (int32_t i = 0; i < tasks && status == LFM_OK; i++)
        status = lfmi_ranker_new(rank->scorer, rank->longest, &rank->rankers[i]);
    if (status == LFM_OK) {
        lfmi_blocks blocks = {.n = rank->n_users,
                              .block = lfmi_pass_width(rank->n_users, tasks, LFMI_PASS_USERS),
                              .cancel = options->cancel,
                              .work = rank_users,
                              .arg = rank};
        status = lfmi_blocks_run(context, &blocks, tasks);
    }
    for (int64_t at = 0; at < test->n_entries && status == LFM_OK; at++)
        rank->ranks[rank->grouping->order[at]] = rank->sorted_ranks[at];
    for (int32_t i = 0; rank->rankers != NULL && i < tasks; i++)
        lfmi_ranker_free(&rank->rankers[i]);
    LFMI_FREE_ARRAY(context, rank->rankers, tasks);
    LFMI_FREE_ARRAY(context, rank->users, test->n_users);
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
    rank_task rank = {.scorer = scorer, .test = test, .exclude = exclude, .cancel = known.cancel, .ranks = ranks};
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
