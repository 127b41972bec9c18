/* Every user's metrics, in blocks of users. */
#include <string.h>

#include "eval/evaluation.h"
#include "infer/blocks.h"

/* Write the distinct positives of n users. */
static void find_positives(const lfmi_evaluation *e, lfmi_eval_scratch *s, const int32_t *users, int64_t n)
{
    s->starts[0] = 0;
    for (int64_t i = 0; i < n; i++)
        s->starts[i + 1] =
            s->starts[i] + lfmi_distinct_items(e->test_index, users[i], true, s->positives + s->starts[i]);
}

/* Sort the places of a user's positives by rank and, where values matter, by value. Positive floats sort
 * as their bits do. */
static void sort_positives(const lfmi_evaluation *e, lfmi_eval_scratch *s, int32_t user, const int32_t *ranks,
                           int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        s->by_rank[i] = (lfmi_cell){ranks[i], i};
    lfmi_sort_cells(s->by_rank, n);
    if (!e->is_graded)
        return;
    const lfmi_index *index = e->test_index;
    int64_t i = 0;
    for (int64_t at = index->offsets[user]; i < n; at++) {
        if (at > index->offsets[user] && index->items[at] == index->items[at - 1])
            continue; /* the value stands at the first of a pair's places */
        int32_t bits;
        memcpy(&bits, &index->values[at], sizeof bits);
        s->positive_gains[i] = lfmi_gain(index->values[at]);
        s->by_gain[i] = (lfmi_cell){-(int64_t)bits, i};
        i++;
    }
    lfmi_sort_cells(s->by_gain, n);
}

/* Collect the positives that are in a segment (-1: all). */
static lfmi_user_ranks collect(const lfmi_evaluation *e, lfmi_eval_scratch *s, const int32_t *positives, int64_t n,
                               int32_t segment)
{
    lfmi_user_ranks user = {.ranks = s->sorted, .places = s->places, .gains = s->gains, .ideal = s->ideal};
    int64_t n_ideal = 0;
    for (int64_t t = 0; t < n; t++) {
        const int64_t at = s->by_rank[t].tie;
        if (segment < 0 || e->segment_of[positives[at]] == segment) {
            s->sorted[user.n] = (int32_t)s->by_rank[t].key;
            s->places[user.n] = (int32_t)t;
            if (e->is_graded)
                s->gains[user.n] = s->positive_gains[at];
            user.n++;
        }
        if (e->is_graded && (segment < 0 || e->segment_of[positives[s->by_gain[t].tie]] == segment))
            s->ideal[n_ideal++] = s->positive_gains[s->by_gain[t].tie];
    }
    return user;
}

static void compute(const lfmi_evaluation *e, lfmi_eval_scratch *s, int32_t user, int64_t in_block)
{
    const int64_t first = s->starts[in_block], n = s->starts[in_block + 1] - first;
    double *values = e->values + (int64_t)user * e->n_results;
    sort_positives(e, s, user, s->ranks + first, n);
    for (int32_t segment = -1; segment < e->options.segments; segment++, values += e->n_metrics) {
        lfmi_user_ranks ranks = collect(e, s, s->positives + first, n, segment);
        ranks.n_negatives = s->n_negatives[in_block];
        if (ranks.n == 0 && !e->options.keep_empty)
            continue;
        for (int32_t i = 0; i < e->n_metrics; i++) {
            const lfmi_metric_row *row = lfmi_metric_find(e->metrics[i].metric);
            if (row->compute != NULL)
                values[i] = row->compute(&ranks, e->metrics[i].k);
        }
        if (segment < 0 && e->list_length > 0)
            lfmi_eval_list(e, s, s->lists + in_block * e->list_length, values);
    }
}

typedef struct users_run {
    const lfmi_evaluation *e;
    lfmi_eval_scratch *scratch;
} users_run;

static void evaluate_users(int64_t begin, int64_t end, uint32_t task, void *arg)
{
    const users_run *run = arg;
    lfmi_eval_scratch *s = &run->scratch[task];
    const int32_t *users = run->e->counted + begin;
    find_positives(run->e, s, users, end - begin);
    lfmi_eval_rank_block(run->e, s, users, end - begin);
    for (int64_t i = 0; i < end - begin && !lfm_cancel_is_set(run->e->options.cancel); i++)
        compute(run->e, s, users[i], i);
}

/* The most entries that the users of a block have. */
static int64_t largest_block(const lfmi_evaluation *e, int64_t block)
{
    int64_t most = 0, entries = 0;
    for (int64_t i = 0; i < e->n_counted; i++) {
        const int32_t user = e->counted[i];
        entries = (i % block == 0 ? 0 : entries) + e->test_index->offsets[user + 1] - e->test_index->offsets[user];
        most = entries > most ? entries : most;
    }
    return most;
}

/* How many users a task takes at once: not so many that it takes long or much memory. */
static int64_t block_of(const lfmi_evaluation *e, const lfmi_eval_room *room, int32_t tasks)
{
    enum { MOST_CANDIDATES = 1 << 18, MOST_KEYS = 1 << 20 };
    int64_t most = LFMI_PASS_USERS;
    if (e->candidates != NULL)
        most = MOST_CANDIDATES / (room->pool + 1);
    else if (room->keys > 0)
        most = MOST_KEYS / room->keys;
    return lfmi_pass_width(e->n_counted, tasks, most < 1 ? 1 : most);
}

static lfm_status run_users(users_run *run, const lfmi_eval_room *room, int32_t tasks)
{
    const lfmi_evaluation *e = run->e;
    for (int32_t i = 0; i < tasks; i++)
        LFMI_TRY(lfmi_eval_scratch_new(e, room, &run->scratch[i]));
    lfmi_blocks blocks = {
        .n = e->n_counted, .block = room->block, .cancel = e->options.cancel, .work = evaluate_users, .arg = run};
    return lfmi_blocks_run(e->context, &blocks, tasks);
}

lfm_status lfmi_eval_users(lfmi_evaluation *e)
{
    for (int64_t i = 0; i < (int64_t)e->test->n_users * e->n_results; i++)
        e->values[i] = __builtin_nan("");
    const int32_t tasks = lfmi_tasks(e->context, e->options.threads, e->n_counted, LFMI_SCAN_USERS);
    lfmi_eval_room room = {.longest = lfmi_longest_user(e->test, e->test_index)};
    if (e->list_length > 0 && e->candidates == NULL)
        room.keys = lfmi_best_room(e->list_length, e->n_items);
    if (e->candidates != NULL)
        room.pool = room.longest + lfmi_longest_user(e->candidates, e->candidate_index);
    room.block = block_of(e, &room, tasks);
    room.block_entries = largest_block(e, room.block);
    users_run run = {.e = e};
    LFMI_TRY(LFMI_NEW_ZEROED(e->context, tasks, "an evaluation", &run.scratch));
    const lfm_status status = run_users(&run, &room, tasks);
    for (int32_t i = 0; i < tasks; i++)
        lfmi_eval_scratch_free(e, &room, &run.scratch[i]);
    LFMI_FREE_ARRAY(e->context, run.scratch, tasks);
    return status;
}
