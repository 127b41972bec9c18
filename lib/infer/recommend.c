/* The k best items for users. */
#include "infer/best.h"
#include "infer/blocks.h"
#include "infer/top.h"
#include "parallel/parallel.h"

/* What one task needs of its own. */
typedef struct recommend_scratch {
    lfmi_pass pass;
    lfmi_best best[LFMI_PASS_USERS];
    int64_t next_positive[LFMI_PASS_USERS], next_negative[LFMI_PASS_USERS]; /* excluded items, in the index */
    int64_t begin;                                                          /* the pass's first user */
    int64_t *keys;
} recommend_scratch;

typedef struct recommend_task {
    const lfm_scorer *scorer;
    const int32_t *users;
    const lfm_interactions *exclude;
    const lfmi_index *exclude_index;
    const lfm_cancel *cancel;
    int32_t k, room;
    int64_t width; /* users of a pass */
    int32_t *items;
    float *scores;
    recommend_scratch *scratch; /* tasks */
} recommend_task;

typedef struct recommend_visit {
    const recommend_task *task;
    recommend_scratch *scratch;
} recommend_visit;

/* Whether the user's excluded items hold this one. Items come in ascending order: go on from the last. */
static bool is_excluded(const recommend_task *r, recommend_scratch *s, int32_t at, int32_t item)
{
    const int32_t user = r->users[s->begin + at];
    if (r->exclude == NULL || user >= r->exclude->n_users)
        return false;
    const lfmi_index *index = r->exclude_index;
    int64_t *p = &s->next_positive[at], *n = &s->next_negative[at];
    while (*p < index->negatives[user] && index->items[*p] < item)
        ++*p;
    while (*n < index->offsets[user + 1] && index->items[*n] < item)
        ++*n;
    return (*p < index->negatives[user] && index->items[*p] == item) ||
           (*n < index->offsets[user + 1] && index->items[*n] == item);
}

static void take_hits(lfmi_pass *pass, const lfmi_chunk *chunk, void *arg)
{
    const recommend_visit *visit = arg;
    lfmi_best *best = &visit->scratch->best[chunk->user];
    const lfmi_pass_user *user = &pass->users[chunk->user];
    for (int32_t p = 0; p * LFMI_LANES < chunk->n; p++) {
        for (uint32_t hits = chunk->hits[p]; hits != 0; hits &= hits - 1) {
            const int32_t at = p * LFMI_LANES + __builtin_ctz(hits);
            const int32_t item = lfmi_panels_id(pass->panels, chunk->first + at);
            if (chunk->scores[at] >= user->threshold && !is_excluded(visit->task, visit->scratch, chunk->user, item))
                lfmi_best_offer(best, pass, chunk->user, chunk->scores[at], item);
        }
    }
}

static void recommend_users(int64_t begin, int64_t end, uint32_t task, void *arg)
{
    const recommend_task *r = arg;
    const lfmi_space *space = &r->scorer->spaces[LFM_SPACE_USER];
    recommend_scratch *s = &r->scratch[task];
    s->begin = begin;
    for (int64_t i = begin; i < end; i++) {
        const int32_t user = r->users[i], at = (int32_t)(i - begin);
        lfmi_pass_add(&s->pass, lfmi_vector(r->scorer, LFM_SPACE_USER, user), space->biases[user]);
        s->best[at] = (lfmi_best){.keys = s->keys + (int64_t)at * r->room, .k = r->k, .room = r->room};
        if (r->exclude != NULL && user < r->exclude->n_users) {
            s->next_positive[at] = r->exclude_index->offsets[user];
            s->next_negative[at] = r->exclude_index->negatives[user];
        }
    }
    recommend_visit visit = {r, s};
    lfmi_pass_run(&s->pass, r->cancel, take_hits, &visit);
    for (int64_t i = begin; i < end && !lfm_cancel_is_set(r->cancel); i++)
        lfmi_best_write(&s->best[i - begin], &s->pass, (int32_t)(i - begin), r->items + i * r->k,
                        r->scores != NULL ? r->scores + i * r->k : NULL);
}

static lfm_status recommend(recommend_task *r, int64_t n, const lfm_infer_options *options)
{
    enum { MOST_KEYS = 1 << 20 }; /* of a task, unless k alone is as large */
    lfm_context *context = r->scorer->context;
    r->room = lfmi_best_room(r->k, r->scorer->items.n_items);
    const int64_t most = MOST_KEYS / r->room;
    const int32_t tasks = lfmi_tasks(context, options->threads, n, LFMI_SCAN_USERS);
    r->width = lfmi_pass_width(n, tasks, most < 1 ? 1 : most);
    lfm_status status = LFMI_NEW_ZEROED(context, tasks, "the best items", &r->scratch);
    for (int32_t i = 0; i < tasks && status == LFM_OK; i++) {
        status = lfmi_pass_new(r->scorer, &r->scorer->items, &r->scratch[i].pass);
        if (status == LFM_OK)
            status = LFMI_NEW_ARRAY(context, r->width * r->room, "the best items", &r->scratch[i].keys);
    }
    if (status == LFM_OK) {
        lfmi_blocks blocks = {
            .n = n, .block = r->width, .cancel = options->cancel, .work = recommend_users, .arg = r};
        status = lfmi_blocks_run(context, &blocks, tasks);
    }
    for (int32_t i = 0; r->scratch != NULL && i < tasks; i++) {
        lfmi_pass_free(&r->scratch[i].pass);
        LFMI_FREE_ARRAY(context, r->scratch[i].keys, r->width * r->room);
    }
    LFMI_FREE_ARRAY(context, r->scratch, tasks);
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
        .scorer = scorer, .users = users, .exclude = exclude, .cancel = known.cancel, .k = k, .items = items, .scores = scores};
    if (exclude != NULL)
        LFMI_TRY(lfmi_interactions_index(exclude, 0, known.cancel, &r.exclude_index));
    return recommend(&r, n, &known);
}
