/* What the ranking tests share: a scorer with ties, scores of all pairs, plain ranks. */
#ifndef TEST_RANKING_H
#define TEST_RANKING_H

#include "build.h"

/* Everything in plain view. */
typedef struct world {
    int32_t n_users, n_items;
    lfm_scorer *scorer;
    float *scores; /* n_users x n_items, from lfm_predict() */
    test_entries test, train;
    lfm_interactions *test_set, *train_set;
} world;

/* ties: embeddings of few different values. disjoint: test and train share no pair. Test and train have
 * explicit negatives and repeated pairs. */
world world_make(uint64_t seed, int32_t n_users, int32_t n_items, int ties, int disjoint);
void world_free(world *w);

/* Whether entries hold the pair; positives_only: with a value above 0. */
int world_has(const test_entries *entries, int32_t user, int32_t item, int positives_only);

/* The number of other items, not excluded (NULL: nothing is), that score at least as high. */
int32_t world_rank(const world *w, const test_entries *exclude, int32_t user, int32_t item);

#endif
