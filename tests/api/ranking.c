/* What the ranking tests share. */
#include "ranking.h"

#include <stdlib.h>

#include "check.h"

int world_has(const test_entries *entries, int32_t user, int32_t item, int positives_only)
{
    for (int64_t i = 0; i < entries->n; i++) {
        if (entries->users[i] == user && entries->items[i] == item &&
            (!positives_only || entries->values == NULL || entries->values[i] > 0))
            return 1;
    }
    return 0;
}

int32_t world_rank(const world *w, const test_entries *exclude, int32_t user, int32_t item)
{
    const float *scores = w->scores + (int64_t)user * w->n_items;
    int32_t rank = 0;
    for (int32_t other = 0; other < w->n_items; other++) {
        if (other != item && scores[other] >= scores[item] &&
            (exclude == NULL || !world_has(exclude, user, other, 0)))
            rank++;
    }
    return rank;
}

/* Move test entries that train holds too to some other item of the user. */
static void separate(world *w)
{
    for (int64_t i = 0; i < w->test.n; i++) {
        while (world_has(&w->train, w->test.users[i], w->test.items[i], 0))
            w->test.items[i] = (w->test.items[i] + 1) % w->n_items;
    }
}

world world_make(uint64_t seed, int32_t n_users, int32_t n_items, int ties, int disjoint)
{
    world w = {.n_users = n_users, .n_items = n_items};
    lfm_model *model = build_model(NULL, n_users, n_items, 6, LFM_OPTIMISER_ADAGRAD, seed);
    model_fill(model, seed, 1);
    if (ties) {
        for (int32_t side = 0; side < 2; side++) {
            for (int32_t array = LFM_EMBEDDINGS; array <= LFM_BIASES; array++) {
                int64_t n;
                float *values = model_copy(model, side, array, &n);
                for (int64_t i = 0; i < n; i++)
                    values[i] = (float)(int)(values[i] * 2.0f) * 0.5f;
                REQUIRE_OK(lfm_model_set(model, side, array, values, n));
                free(values);
            }
        }
    }
    REQUIRE_OK(lfm_scorer_create(model, NULL, NULL, NULL, &w.scorer));
    lfm_model_free(model);
    const int64_t pairs = (int64_t)n_users * n_items;
    w.scores = take((size_t)pairs, sizeof *w.scores);
    int32_t *users = take((size_t)pairs, sizeof *users), *items = take((size_t)pairs, sizeof *items);
    for (int64_t i = 0; i < pairs; i++) {
        users[i] = (int32_t)(i / n_items);
        items[i] = (int32_t)(i % n_items);
    }
    REQUIRE_OK(lfm_predict(w.scorer, pairs, users, items, w.scores, NULL));
    free(users);
    free(items);
    /* The last users have no test entries, the first no training entries. */
    w.test = entries_random(seed + 1, pairs / 8, n_users - n_users / 4, n_items, 2, 0);
    w.train = entries_random(seed + 2, pairs / 6, n_users, n_items, 3, 0);
    for (int64_t i = 0; i < w.train.n; i++)
        w.train.users[i] = w.train.users[i] == 0 ? 1 : w.train.users[i];
    if (disjoint)
        separate(&w);
    w.test_set = entries_build(NULL, &w.test);
    w.train_set = entries_build(NULL, &w.train);
    return w;
}

void world_free(world *w)
{
    lfm_scorer_free(w->scorer);
    lfm_interactions_free(w->test_set);
    lfm_interactions_free(w->train_set);
    entries_free(&w->test);
    entries_free(&w->train);
    free(w->scores);
}
