/* Data with a planted structure. */
#include "planted.h"

#include <stdlib.h>

const double planted_floor = 0.90;

lfm_interactions *planted_make(lfm_context *context)
{
    test_entries e = entries_random(17, PLANTED_ENTRIES, PLANTED_USERS, PLANTED_ITEMS, 1, 0);
    for (int64_t i = 0; i < e.n; i++) {
        const int32_t group = e.users[i] % PLANTED_GROUPS;
        /* Positives move to an item of the user's group, negatives to one of the next. */
        const int32_t wanted = e.values[i] > 0 ? group : (group + 1) % PLANTED_GROUPS;
        e.items[i] = e.items[i] / PLANTED_GROUPS * PLANTED_GROUPS + wanted;
        e.items[i] = e.items[i] < PLANTED_ITEMS ? e.items[i] : wanted;
    }
    lfm_interactions *interactions = entries_build(context, &e);
    entries_free(&e);
    return interactions;
}

double planted_quality(lfm_context *context, lfm_interactions *interactions, int32_t loss,
                       int32_t optimiser, int32_t threads)
{
    lfm_model_options how;
    lfm_model_options_init(&how);
    how.components = 16;
    how.optimiser = optimiser;
    lfm_model *model = NULL;
    lfm_scorer *scorer = NULL;
    lfm_train_options options;
    lfm_train_options_init(&options);
    options.loss = loss;
    options.threads = threads;
    options.epochs = loss == LFM_LOSS_LOGISTIC || optimiser == LFM_OPTIMISER_ADADELTA ? 40 : 12;
    lfm_scorer_options scoring;
    lfm_scorer_options_init(&scoring);
    scoring.threads = threads;
    lfm_evaluate_options how_to_evaluate;
    lfm_evaluate_options_init(&how_to_evaluate);
    how_to_evaluate.threads = threads;
    const lfm_metric auc = {LFM_METRIC_AUC, 0};
    lfm_metric_result result = {.size = sizeof result, .mean = -1};
    if (lfm_model_create(context, PLANTED_USERS, PLANTED_ITEMS, &how, &model) == LFM_OK &&
        lfm_model_fit_partial(model, interactions, NULL, NULL, &options) == LFM_OK &&
        lfm_scorer_create(model, NULL, NULL, &scoring, &scorer) == LFM_OK &&
        lfm_evaluate(scorer, interactions, &auc, 1, &how_to_evaluate, &result, NULL) != LFM_OK)
        result.mean = -1;
    lfm_scorer_free(scorer);
    lfm_model_free(model);
    return result.mean;
}
