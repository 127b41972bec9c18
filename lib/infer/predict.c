/* Scores of pairs, and of users with items, every one with every one. */
#include "infer/blocks.h"
#include "infer/queries.h"
#include "parallel/parallel.h"

enum { PAIRS_PER_BLOCK = 4096 };

typedef struct predict_task {
    const lfm_scorer *scorer;
    const int32_t *users, *items;
    float *scores;
} predict_task;

static void predict_pairs(int64_t begin, int64_t end, uint32_t task, void *arg)
{
    (void)task;
    const predict_task *predict = arg;
    for (int64_t i = begin; i < end; i++)
        predict->scores[i] = lfmi_score_pair(predict->scorer, predict->users[i], predict->items[i]);
}

lfm_status lfm_predict(const lfm_scorer *scorer, int64_t n, const int32_t *users, const int32_t *items, float *scores,
                       const lfm_infer_options *options)
{
    lfmi_clear_message();
    LFMI_REQUIRE(scorer);
    if (n < 0)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "lfm_predict: n is %lld, must be 0 or more", (long long)n);
    lfm_infer_options known;
    LFMI_TRY(lfmi_infer_options_read(&known, options));
    if (n == 0)
        return LFM_OK;
    LFMI_REQUIRE(users);
    LFMI_REQUIRE(items);
    LFMI_REQUIRE(scores);
    LFMI_TRY(lfmi_check_ids("lfm_predict", "users", users, n, scorer->spaces[LFM_SPACE_USER].n_rows));
    LFMI_TRY(lfmi_check_ids("lfm_predict", "items", items, n, scorer->spaces[LFM_SPACE_ITEM].n_rows));
    predict_task predict = {scorer, users, items, scores};
    lfmi_blocks blocks = {.n = n, .block = PAIRS_PER_BLOCK, .cancel = known.cancel, .work = predict_pairs, .arg = &predict};
    return lfmi_blocks_run(scorer->context, &blocks, lfmi_tasks(scorer->context, known.threads, n, PAIRS_PER_BLOCK));
}

typedef struct embeddings_task {
    const lfmi_kernels *kernels;
    const lfm_embeddings *users, *items;
    const int32_t *user_ids, *item_ids;
    float *scores;
} embeddings_task;

static void predict_rows(int64_t begin, int64_t end, uint32_t task, void *arg)
{
    (void)task;
    const embeddings_task *t = arg;
    for (int64_t i = begin; i < end; i++) {
        const int32_t user = t->user_ids[i], item = t->item_ids[i];
        const float user_bias = t->users->biases != NULL ? t->users->biases[user] : 0;
        const float item_bias = t->items->biases != NULL ? t->items->biases[item] : 0;
        t->scores[i] = t->kernels->dot(lfmi_embeddings_row(t->users, user), lfmi_embeddings_row(t->items, item),
                                       t->users->n_components, user_bias + item_bias);
    }
}

lfm_status lfm_predict_embeddings(lfm_context *context, const lfm_embeddings *users, const lfm_embeddings *items,
                                  int64_t n, const int32_t *user_ids, const int32_t *item_ids, float *scores,
                                  const lfm_infer_options *options)
{
    lfmi_clear_message();
    LFMI_REQUIRE(users);
    LFMI_REQUIRE(items);
    if (n < 0)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "lfm_predict_embeddings: n is %lld, must be 0 or more", (long long)n);
    lfm_infer_options known;
    LFMI_TRY(lfmi_infer_options_read(&known, options));
    lfm_embeddings known_users, known_items;
    LFMI_TRY(lfmi_embeddings_read_unchecked(&known_users, users, "users"));
    LFMI_TRY(lfmi_embeddings_read_unchecked(&known_items, items, "items"));
    LFMI_TRY(lfmi_embeddings_check_alike(&known_users, &known_items));
    if (n == 0)
        return LFM_OK;
    LFMI_REQUIRE(user_ids);
    LFMI_REQUIRE(item_ids);
    LFMI_REQUIRE(scores);
    LFMI_TRY(lfmi_check_ids("lfm_predict_embeddings", "user_ids", user_ids, n, known_users.n_rows));
    LFMI_TRY(lfmi_check_ids("lfm_predict_embeddings", "item_ids", item_ids, n, known_items.n_rows));
    lfm_context *held = lfmi_context_hold(context);
    embeddings_task t = {lfmi_kernels_select(held), &known_users, &known_items, user_ids, item_ids, scores};
    lfmi_blocks blocks = {.n = n, .block = PAIRS_PER_BLOCK, .cancel = known.cancel, .work = predict_rows, .arg = &t};
    const lfm_status status = lfmi_blocks_run(held, &blocks, lfmi_tasks(held, known.threads, n, PAIRS_PER_BLOCK));
    lfm_context_free(held);
    return status;
}

enum { USERS_PER_BLOCK = 16, ITEMS_PER_LOOK = 1024 };

typedef struct block_task {
    const lfm_scorer *scorer;
    const int32_t *users, *items;
    int64_t n_items, stride;
    const lfm_cancel *cancel;
    float *scores;
} block_task;

/* A few users with all items, an item while it is in cache. */
static void predict_users(int64_t begin, int64_t end, uint32_t task, void *arg)
{
    (void)task;
    const block_task *b = arg;
    for (int64_t i = 0; i < b->n_items; i++) {
        if (i % ITEMS_PER_LOOK == 0 && lfm_cancel_is_set(b->cancel))
            return;
        const int32_t item = b->items != NULL ? b->items[i] : (int32_t)i;
        for (int64_t u = begin; u < end; u++) {
            const int32_t user = b->users != NULL ? b->users[u] : (int32_t)u;
            float *row = (float *)(void *)((char *)b->scores + u * b->stride);
            row[i] = lfmi_score_pair(b->scorer, user, item);
        }
    }
}

lfm_status lfm_predict_block(const lfm_scorer *scorer, int64_t n_users, const int32_t *users, int64_t n_items,
                             const int32_t *items, float *scores, int64_t stride, const lfm_infer_options *options)
{
    lfmi_clear_message();
    LFMI_REQUIRE(scorer);
    if (n_users < 0 || n_items < 0)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "lfm_predict_block: n_users is %lld, n_items %lld: must be 0 or more",
                         (long long)n_users, (long long)n_items);
    lfm_infer_options known;
    LFMI_TRY(lfmi_infer_options_read(&known, options));
    LFMI_TRY(lfmi_check_ids("lfm_predict_block", "users", users, n_users, scorer->spaces[LFM_SPACE_USER].n_rows));
    LFMI_TRY(lfmi_check_ids("lfm_predict_block", "items", items, n_items, scorer->spaces[LFM_SPACE_ITEM].n_rows));
    if (n_users == 0 || n_items == 0)
        return LFM_OK;
    LFMI_REQUIRE(scores);
    const int64_t packed = n_items > INT64_MAX / 8 ? INT64_MAX : n_items * (int64_t)sizeof(float);
    if (stride != 0 && (stride < packed || stride % (int64_t)sizeof(float) != 0))
        return lfmi_fail(LFM_ERROR_ARGUMENT,
                         "lfm_predict_block: stride is %lld bytes, must be 0 or a multiple of 4 and at least %lld",
                         (long long)stride, (long long)packed);
    block_task b = {scorer, users, items, n_items, stride != 0 ? stride : packed, known.cancel, scores};
    lfmi_blocks blocks = {
        .n = n_users, .block = USERS_PER_BLOCK, .cancel = known.cancel, .work = predict_users, .arg = &b};
    return lfmi_blocks_run(scorer->context, &blocks,
                           lfmi_tasks(scorer->context, known.threads, n_users, USERS_PER_BLOCK));
}
