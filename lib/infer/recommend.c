/* The k best items for users. */
#include "base/sized.h"
#include "infer/allowed.h"
#include "infer/best.h"
#include "infer/blocks.h"
#include "infer/queries.h"
#include "infer/top.h"
#include "parallel/parallel.h"

LFMI_ASSERT_SIZED(lfm_recommend_options, reserved);

static const lfm_recommend_options recommend_defaults = {.size = sizeof(lfm_recommend_options)};

void lfm_recommend_options_init_sized(lfm_recommend_options *options, size_t size)
{
    lfmi_sized_init(options, size, &recommend_defaults, sizeof recommend_defaults);
}

/* A bit for each of a user's excluded items, by hash: most items are told at once to be none of them. */
enum { FILTER_BITS = 2048 };
typedef struct filter {
    uint64_t words[FILTER_BITS / 64];
} filter;

static inline uint32_t filter_place(int32_t item) { return (uint32_t)item * UINT32_C(0x9E3779B1) >> 21; }
static inline void filter_add(filter *f, int32_t item)
{
    const uint32_t place = filter_place(item);
    f->words[place / 64] |= UINT64_C(1) << place % 64;
}
static inline bool filter_may_hold(const filter *f, int32_t item)
{
    const uint32_t place = filter_place(item);
    return (f->words[place / 64] >> place % 64 & 1) != 0;
}

/* What one task needs of its own. */
typedef struct recommend_scratch {
    lfmi_pass pass;
    lfmi_best best[LFMI_PASS_USERS];
    int32_t rows[LFMI_PASS_USERS]; /* of the matrix to exclude; -1: none */
    filter filters[LFMI_PASS_USERS];
    int64_t *keys;
    float *vectors; /* users that are sums of features */
} recommend_scratch;

typedef struct recommend_task {
    const lfm_scorer *scorer;
    lfmi_queries queries;
    lfmi_allowed allowed;
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

static bool is_excluded(const recommend_task *r, const recommend_scratch *s, int32_t at, int32_t item)
{
    if (r->allowed.bytes != NULL && r->allowed.bytes[item] == 0)
        return true;
    return s->rows[at] >= 0 && filter_may_hold(&s->filters[at], item) &&
           lfmi_is_known(r->exclude_index, s->rows[at], item);
}

static void take_hits(lfmi_pass *pass, const lfmi_chunk *chunk, void *arg)
{
    const recommend_visit *visit = arg;
    lfmi_best *best = &visit->scratch->best[chunk->user];
    const lfmi_pass_user *user = &pass->users[chunk->user];
    for (int32_t p = 0; p * LFMI_LANES < chunk->n; p += 4) {
        for (uint64_t hits = lfmi_chunk_hits(chunk, p); hits != 0; hits &= hits - 1) {
            const int32_t at = p * LFMI_LANES + __builtin_ctzll(hits);
            const int32_t item = lfmi_panels_id(pass->panels, chunk->first + at);
            if (chunk->scores[at] >= user->threshold && !is_excluded(visit->task, visit->scratch, chunk->user, item))
                lfmi_best_offer(best, pass, chunk->user, chunk->scores[at], item);
        }
    }
}

static void begin_user(const recommend_task *r, recommend_scratch *s, int64_t query, int32_t at)
{
    float bias;
    const float *vector = lfmi_query_vector(&r->queries, query, s->vectors + (int64_t)at * r->scorer->d, &bias);
    lfmi_pass_add(&s->pass, vector, bias);
    s->best[at] = (lfmi_best){.keys = s->keys + (int64_t)at * r->room, .k = r->k, .room = r->room};
    s->rows[at] = -1;
    const int32_t row = lfmi_query_row(&r->queries, query);
    if (r->exclude == NULL || row >= r->exclude->n_users)
        return;
    s->rows[at] = row;
    s->filters[at] = (filter){{0}};
    for (int64_t i = r->exclude_index->offsets[row]; i < r->exclude_index->offsets[row + 1]; i++)
        filter_add(&s->filters[at], r->exclude_index->items[i]);
}

static void recommend_users(int64_t begin, int64_t end, uint32_t task, void *arg)
{
    const recommend_task *r = arg;
    recommend_scratch *s = &r->scratch[task];
    for (int64_t i = begin; i < end; i++)
        begin_user(r, s, i, (int32_t)(i - begin));
    recommend_visit visit = {r, s};
    lfmi_pass_run(&s->pass, r->cancel, take_hits, &visit);
    for (int64_t i = begin; i < end && !lfm_cancel_is_set(r->cancel); i++)
        lfmi_best_write(&s->best[i - begin], &s->pass, (int32_t)(i - begin), r->items + i * r->k,
                        r->scores != NULL ? r->scores + i * r->k : NULL);
}

static int64_t vectors_of_task(const recommend_task *r)
{
    return r->queries.features != NULL ? r->width * r->scorer->d : 0;
}

static lfm_status new_scratch(const recommend_task *r, recommend_scratch *s)
{
    lfm_context *context = r->scorer->context;
    LFMI_TRY(lfmi_pass_new(r->scorer, r->allowed.panels, &s->pass));
    LFMI_TRY(LFMI_NEW_ARRAY(context, vectors_of_task(r), "users", &s->vectors));
    return LFMI_NEW_ARRAY(context, r->width * r->room, "the best items", &s->keys);
}

static lfm_status run(recommend_task *r, int32_t threads)
{
    enum { MOST_KEYS = 1 << 20 }; /* of a task, unless k alone is as large */
    lfm_context *context = r->scorer->context;
    const int64_t n = r->queries.n;
    r->room = lfmi_best_room(r->k, r->allowed.panels->n_items);
    const int64_t most = MOST_KEYS / r->room;
    const int32_t tasks = lfmi_tasks(context, threads, n, LFMI_SCAN_USERS);
    r->width = lfmi_pass_width(n, tasks, most < 1 ? 1 : most);
    lfm_status status = LFMI_NEW_ZEROED(context, tasks, "the best items", &r->scratch);
    for (int32_t i = 0; i < tasks && status == LFM_OK; i++)
        status = new_scratch(r, &r->scratch[i]);
    if (status == LFM_OK) {
        lfmi_blocks blocks = {.n = n, .block = r->width, .cancel = r->cancel, .work = recommend_users, .arg = r};
        status = lfmi_blocks_run(context, &blocks, tasks);
    }
    for (int32_t i = 0; r->scratch != NULL && i < tasks; i++) {
        lfmi_pass_free(&r->scratch[i].pass);
        LFMI_FREE_ARRAY(context, r->scratch[i].vectors, vectors_of_task(r));
        LFMI_FREE_ARRAY(context, r->scratch[i].keys, r->width * r->room);
    }
    LFMI_FREE_ARRAY(context, r->scratch, tasks);
    return status;
}

/* All three calls, once their users are known to be good. */
static lfm_status recommend(const char *call, const lfmi_queries *queries, int32_t k, lfm_interactions *exclude,
                            int32_t *items, float *scores, const lfm_recommend_options *options)
{
    const lfm_scorer *scorer = queries->scorer;
    lfm_recommend_options known = recommend_defaults;
    if (options != NULL)
        LFMI_TRY(lfmi_sized_read(&known, sizeof known, options, "lfm_recommend_options"));
    LFMI_TRY(lfmi_reserved_check(known.reserved, "lfm_recommend_options"));
    if (known.threads < 0)
        return lfmi_fail(LFM_ERROR_OPTION, "lfm_recommend_options: threads is %d, must be 0 or more", known.threads);
    if (k < 1 || k > scorer->items.n_items)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "%s: k is %d, must be in [1, %d]", call, k, scorer->items.n_items);
    if (items == NULL && queries->n > 0)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "%s: items must not be NULL", call);
    recommend_task r = {.scorer = scorer,
                        .queries = *queries,
                        .exclude = exclude,
                        .cancel = known.cancel,
                        .k = k,
                        .items = items,
                        .scores = scores};
    lfm_status status = lfmi_allowed_new(scorer, &known, queries->n == 1 ? 1 : known.threads, &r.allowed);
    if (status == LFM_OK && exclude != NULL && queries->n > 0)
        status = lfmi_interactions_index(exclude, 0, known.cancel, &r.exclude_index);
    if (status == LFM_OK && queries->n > 0)
        status = run(&r, known.threads);
    lfmi_allowed_free(&r.allowed);
    return status;
}

lfm_status lfm_recommend(const lfm_scorer *scorer, int64_t n, const int32_t *users, int32_t k,
                         lfm_interactions *exclude, int32_t *items, float *scores,
                         const lfm_recommend_options *options)
{
    lfmi_clear_message();
    LFMI_REQUIRE(scorer);
    if (n < 0)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "lfm_recommend: n is %lld, must be 0 or more", (long long)n);
    LFMI_TRY(lfmi_check_ids("lfm_recommend", "users", users, n, scorer->spaces[LFM_SPACE_USER].n_rows));
    LFMI_TRY(lfmi_scorer_check_reach(scorer, exclude, "the set to exclude"));
    const lfmi_queries queries = {.scorer = scorer, .n = n, .ids = users};
    return recommend("lfm_recommend", &queries, k, exclude, items, scores, options);
}

/* Check that the items of a matrix to exclude are items of the scorer; its rows belong to the queries. */
static lfm_status check_items(const lfm_scorer *scorer, const lfm_interactions *exclude)
{
    if (exclude != NULL && exclude->n_items > scorer->items.n_items)
        return lfmi_fail(LFM_ERROR_SHAPE, "the set to exclude has %d items, the scorer only %d", exclude->n_items,
                         scorer->items.n_items);
    return LFM_OK;
}

lfm_status lfm_recommend_vectors(const lfm_scorer *scorer, const lfm_embeddings *users, int32_t k,
                                 lfm_interactions *exclude, int32_t *items, float *scores,
                                 const lfm_recommend_options *options)
{
    lfmi_clear_message();
    LFMI_REQUIRE(scorer);
    LFMI_REQUIRE(users);
    lfm_embeddings known;
    LFMI_TRY(lfmi_embeddings_read(&known, users, "users"));
    if (known.n_components != scorer->d)
        return lfmi_fail(LFM_ERROR_SHAPE, "lfm_recommend_vectors: the users have %d components, the scorer %d",
                         known.n_components, scorer->d);
    LFMI_TRY(check_items(scorer, exclude));
    const lfmi_queries queries = {.scorer = scorer, .n = known.n_rows, .embeddings = &known};
    return recommend("lfm_recommend_vectors", &queries, k, exclude, items, scores, options);
}

lfm_status lfm_recommend_features(const lfm_scorer *scorer, const lfm_features *users, int32_t k,
                                  lfm_interactions *exclude, int32_t *items, float *scores,
                                  const lfm_recommend_options *options)
{
    lfmi_clear_message();
    LFMI_REQUIRE(scorer);
    LFMI_REQUIRE(users);
    const lfmi_queries queries = {.scorer = scorer, .n = users->n_rows, .features = users};
    LFMI_TRY(lfmi_queries_check_features(&queries));
    LFMI_TRY(check_items(scorer, exclude));
    return recommend("lfm_recommend_features", &queries, k, exclude, items, scores, options);
}
