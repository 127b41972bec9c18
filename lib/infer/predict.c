/* Scores of pairs. */
#include "infer/blocks.h"
#include "infer/scorer.h"
#include "parallel/parallel.h"

enum { PAIRS_PER_BLOCK = 4096 };

typedef struct predict_task {
    const lfm_scorer *scorer;
    const int32_t *users, *items;
    float *scores;
} predict_task;

static void predict_block(int64_t begin, int64_t end, uint32_t task, void *arg)
{
    (void)task;
    const predict_task *predict = arg;
    for (int64_t i = begin; i < end; i++)
        predict->scores[i] = lfmi_score_pair(predict->scorer, predict->users[i], predict->items[i]);
}

static lfm_status check_ids(const char *what, const int32_t *ids, int64_t n, int32_t bound)
{
    for (int64_t i = 0; i < n; i++) {
        if ((uint32_t)ids[i] >= (uint32_t)bound)
            return lfmi_fail(LFM_ERROR_DATA, "lfm_predict: %s[%lld] is %d, outside [0, %d)", what, (long long)i, ids[i],
                             bound);
    }
    return LFM_OK;
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
    LFMI_TRY(check_ids("users", users, n, scorer->spaces[LFM_SPACE_USER].n_rows));
    LFMI_TRY(check_ids("items", items, n, scorer->spaces[LFM_SPACE_ITEM].n_rows));
    predict_task predict = {scorer, users, items, scores};
    lfmi_blocks blocks = {.n = n, .block = PAIRS_PER_BLOCK, .cancel = known.cancel, .work = predict_block, .arg = &predict};
    return lfmi_blocks_run(scorer->context, &blocks, lfmi_tasks(scorer->context, known.threads, n, PAIRS_PER_BLOCK));
}
