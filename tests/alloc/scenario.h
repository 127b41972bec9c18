/* The scenario whose allocations fail: objects made, and everything asked of them. */
#ifndef TEST_ALLOC_SCENARIO_H
#define TEST_ALLOC_SCENARIO_H

#include <stdbool.h>

#include "build.h"

enum { USERS = 12, ITEMS = 15, FEATURES = 6, N = 90, K = 4 };

/* One scenario: steps that fill these in until one fails. */
typedef struct scenario {
    const test_entries *entries;
    lfm_context *context;
    lfm_cancel *cancel;
    lfm_interactions *whole, *train, *test, *left, *other;
    lfm_features *f[2];
    lfm_model *model;
    lfm_scorer *scorer;
    bool untouched; /* a failed call left its outputs alone */
    int released, borrowed;
} scenario;

#define STEP(call)                                                                                     \
    do {                                                                                               \
        const lfm_status step_status = (call);                                                         \
        if (step_status != LFM_OK)                                                                     \
            return step_status;                                                                        \
    } while (0)

/* Its steps, each filling in more of it, or asking more of it: the first failure is returned. */
lfm_status scenario_by_name(scenario *s);  /* ids, and matrices made by name */
lfm_status scenario_matrices(scenario *s); /* in all ways that allocate differently */
lfm_status scenario_features(scenario *s);
lfm_status scenario_split(scenario *s); /* and the threshold */
lfm_status scenario_train(scenario *s); /* models, of all losses and optimisers */
lfm_status scenario_infer(scenario *s); /* a scorer, and all its answers */

#endif
