/* Any legal combination of options, shapes and data trains, twice alike on one thread, and leaves a model
 * that answers. Meant for sanitizers and valgrind. LFM_ROUNDS in the environment sets how many. */
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "check.h"
#include "tap.h"

/* One combination. */
typedef struct any {
    int32_t n_users, n_items, components, optimiser;
    lfm_interactions *interactions;
    lfm_features *f[2];
    lfm_train_options options;
} any;

static double one_of(test_random *random, const double *choices, int n)
{
    return choices[random_below(random, n)];
}

static any draw(test_random *random)
{
    static const double powers[] = {-1, 0, 0.5, 1}, alphas[] = {0, 0, 1e-4, 0.01}, margins[] = {0, 1, 100};
    any a = {.n_users = 1 + random_below(random, 30),
             .n_items = 1 + random_below(random, 40),
             .components = 1 + random_below(random, 70),
             .optimiser = random_below(random, 3)};
    const int64_t n = random_below(random, 4) == 0 ? random_below(random, 4) : random_below(random, 700);
    test_entries e = entries_random(random_next(random), n, a.n_users, a.n_items, random_below(random, 9), 0);
    for (int64_t i = 0; e.values != NULL && i < n; i++)
        e.values[i] *= (float)random_below(random, 4);
    if (random_below(random, 2))
        entries_add_weights(&e, random_next(random));
    a.interactions = entries_build(NULL, &e);
    entries_free(&e);
    if (random_below(random, 2))
        a.f[0] = build_random_features(NULL, random_next(random), a.n_users + random_below(random, 3),
                                       1 + random_below(random, 20), 1 + random_below(random, 6));
    if (random_below(random, 2))
        a.f[1] = build_random_features(NULL, random_next(random), a.n_items + random_below(random, 20),
                                       1 + random_below(random, 20), 1 + random_below(random, 6));
    lfm_train_options *o = &a.options;
    lfm_train_options_init(o);
    o->loss = random_below(random, 4);
    o->epochs = 1 + random_below(random, 3);
    o->learning_rate = 0.02;
    o->schedule = random_below(random, 3);
    o->schedule_epochs = 1 + random_below(random, 4);
    o->regularisation = random_below(random, 2);
    o->order = random_below(random, 2);
    o->user_alpha = one_of(random, alphas, 4);
    o->item_alpha = one_of(random, alphas, 4);
    o->max_sampled = 1 + random_below(random, 30);
    o->max_draws = 1 + random_below(random, 30);
    o->margin = one_of(random, margins, 3);
    o->negative_power = one_of(random, powers, 4);
    o->graded = random_below(random, 2);
    o->kos_k = 1 + random_below(random, 12);
    o->kos_n = 1 + random_below(random, 40);
    o->kos_known = random_below(random, 2);
    o->rollback = random_below(random, 2);
    return a;
}

static lfm_model *train(const any *a, int32_t threads)
{
    lfm_model *model =
        build_model(NULL, a->f[0] != NULL ? lfm_features_n_features(a->f[0]) : a->n_users,
                    a->f[1] != NULL ? lfm_features_n_features(a->f[1]) : a->n_items, a->components, a->optimiser, 3);
    lfm_train_options options = a->options;
    options.threads = threads;
    const lfm_status status = lfm_model_fit_partial(model, a->interactions, a->f[0], a->f[1], &options);
    check_report(status == LFM_OK, false, __FILE__, __LINE__, "%s", lfm_last_message());
    return model;
}

static void check_answers(int round, const any *a, const lfm_model *model)
{
    lfm_scorer *scorer = NULL;
    REQUIRE_OK(lfm_scorer_create(model, a->f[0], a->f[1], NULL, &scorer));
    const int64_t n = lfm_interactions_n_entries(a->interactions);
    int32_t *ranks = take((size_t)n, sizeof *ranks);
    CHECK_OK(lfm_rank(scorer, a->interactions, NULL, ranks, NULL));
    const lfm_metric auc = {LFM_METRIC_AUC, 0};
    lfm_metric_result result = {.size = sizeof result};
    lfm_evaluate_options how;
    lfm_evaluate_options_init(&how);
    how.keep_empty = 1;
    CHECK_OK(lfm_evaluate(scorer, a->interactions, &auc, 1, &how, &result, NULL));
    const double mean = result.mean;
    /* Where test positives tie, the definition goes below 0. */
    check_report(mean > -1e3 && mean <= 1, false, __FILE__, __LINE__, "round %d: AUC %g", round, mean);
    const int32_t user = a->n_users - 1, k = lfm_scorer_n_rows(scorer, LFM_SPACE_ITEM);
    int32_t *items = take((size_t)k, sizeof *items);
    CHECK_OK(lfm_recommend(scorer, 1, &user, k, a->interactions, items, NULL, NULL));
    free(items);
    free(ranks);
    lfm_scorer_free(scorer);
}

static void test_any(void)
{
    const char *text = getenv("LFM_ROUNDS");
    const int rounds = text != NULL ? atoi(text) : 300;
    for (int round = 0; round < rounds; round++) {
        test_random random = {(uint64_t)round};
        any a = draw(&random);
        lfm_model *once = train(&a, 1), *again = train(&a, 1), *several = train(&a, 3);
        check_report(model_hash(once) == model_hash(again), false, __FILE__, __LINE__, "round %d is not repeated",
                     round);
        check_answers(round, &a, once);
        check_answers(round, &a, several);
        lfm_model_free(once);
        lfm_model_free(again);
        lfm_model_free(several);
        lfm_features_free(a.f[0]);
        lfm_features_free(a.f[1]);
        lfm_interactions_free(a.interactions);
    }
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {{"any combination of options, shapes and data", test_any}};
    return TAP_MAIN("any", tests, argc, argv);
}
