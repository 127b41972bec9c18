/* Training that leaves the finite numbers says where, and either goes back or locks the model. */
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "check.h"
#include "tap.h"

enum { N = 40 };

static lfm_interactions *set_with_weight(float weight)
{
    test_entries entries = entries_random(1, 600, N, N, 2, 0);
    entries_add_weights(&entries, 2);
    for (int64_t i = 0; i < entries.n; i++)
        entries.weights[i] *= weight;
    lfm_interactions *interactions = entries_build(NULL, &entries);
    entries_free(&entries);
    return interactions;
}

static lfm_train_options wild_options(int32_t rollback)
{
    lfm_train_options options;
    lfm_train_options_init(&options);
    options.loss = LFM_LOSS_LOGISTIC;
    options.epochs = 20;
    options.threads = 1;
    options.rollback = rollback;
    return options;
}

/* Weights so large that h^2 overflows. */
static void test_locked_until_reset(void)
{
    for (int32_t loss = 0; loss < 2; loss++) {
        lfm_interactions *wild = set_with_weight(1e30f), *tame = set_with_weight(1);
        lfm_model *model = build_model(NULL, N, N, 8, 0, 1);
        const uint64_t fresh = model_hash(model);
        lfm_train_options options = wild_options(0);
        options.loss = loss;
        CHECK_FAILS(lfm_model_fit_partial(model, wild, NULL, NULL, &options), LFM_ERROR_DIVERGED,
                    "epoch 1:");
        CHECK(strstr(lfm_last_message(), "user feature") != NULL ||
              strstr(lfm_last_message(), "item feature") != NULL);
        CHECK(strstr(lfm_last_message(), "learning_rate") != NULL);
        CHECK_INTEGER(lfm_model_epochs(model), 0);
        /* Only reading, reset and free. */
        lfm_view view = {.size = sizeof view};
        lfm_view_mut mut = {.size = sizeof mut};
        float values[N];
        lfm_scorer *scorer = NULL;
        CHECK_OK(lfm_model_view(model, LFM_USER, LFM_EMBEDDINGS, &view));
        CHECK_OK(lfm_model_get(model, LFM_USER, LFM_BIASES, values, N));
        memset(values, 0, sizeof values);
        CHECK_FAILS(lfm_model_view_mut(model, LFM_USER, LFM_BIASES, &mut), LFM_ERROR_DIVERGED, "reset");
        CHECK_STATUS(lfm_model_set(model, LFM_USER, LFM_BIASES, values, N), LFM_ERROR_DIVERGED);
        CHECK_STATUS(lfm_scorer_create(model, NULL, NULL, NULL, &scorer), LFM_ERROR_DIVERGED);
        CHECK_STATUS(lfm_model_fit_partial(model, tame, NULL, NULL, &options), LFM_ERROR_DIVERGED);
        CHECK(scorer == NULL && mut.data == NULL);
        CHECK_OK(lfm_model_reset(model));
        CHECK(model_hash(model) == fresh);
        options.epochs = 1;
        CHECK_OK(lfm_model_fit_partial(model, tame, NULL, NULL, &options));
        lfm_model_free(model);
        lfm_interactions_free(wild);
        lfm_interactions_free(tame);
    }
}

static void check_rollback(int32_t optimiser, int32_t threads)
{
    lfm_interactions *wild = set_with_weight(1e30f), *tame = set_with_weight(1);
    lfm_model *model = build_model(NULL, N, N, 8, optimiser, 1);
    lfm_train_options options = wild_options(1);
    options.threads = threads;
    options.epochs = 3;
    CHECK_OK(lfm_model_fit_partial(model, tame, NULL, NULL, &options));
    const uint64_t good = model_hash(model);
    CHECK_FAILS(lfm_model_fit_partial(model, wild, NULL, NULL, &options), LFM_ERROR_DIVERGED,
                "epoch 4:");
    CHECK(strstr(lfm_last_message(), "last completed epoch") != NULL);
    CHECK(model_hash(model) == good);
    CHECK_INTEGER(lfm_model_epochs(model), 3);
    CHECK_OK(lfm_model_fit_partial(model, tame, NULL, NULL, &options));
    CHECK_INTEGER(lfm_model_epochs(model), 6);
    lfm_model_free(model);
    lfm_interactions_free(wild);
    lfm_interactions_free(tame);
}

static void test_rollback(void)
{
    for (int32_t optimiser = 0; optimiser < 3; optimiser++)
        check_rollback(optimiser, 1);
    check_rollback(0, 2);
}

/* A rate of 10^6 sends a model off after some epochs or not at all, but never unnoticed. */
static void test_large_rate(void)
{
    for (int32_t loss = 0; loss < 4; loss++) {
        lfm_interactions *tame = set_with_weight(1);
        lfm_model *model = build_model(NULL, N, N, 8, 0, 1);
        lfm_train_options options = wild_options(0);
        options.loss = loss;
        options.learning_rate = 1e6;
        options.epochs = 30;
        const lfm_status status = lfm_model_fit_partial(model, tame, NULL, NULL, &options);
        CHECK(status == LFM_OK || status == LFM_ERROR_DIVERGED);
        bool finite = true;
        for (int32_t side = 0; side < 2; side++) {
            int64_t n;
            float *values = model_copy(model, side, LFM_EMBEDDINGS, &n);
            for (int64_t i = 0; i < n; i++)
                finite = finite && values[i] - values[i] == 0;
            free(values);
        }
        CHECK(finite || status == LFM_ERROR_DIVERGED);
        lfm_model_free(model);
        lfm_interactions_free(tame);
    }
}

/* The feature named is the one that is bad: only user 7 has a huge weight. */
static void test_names_the_feature(void)
{
    const int32_t users[] = {3, 7}, items[] = {5, 6};
    const float weights[] = {1, 3e38f};
    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_entries = 2;
    coo.n_rows = coo.n_columns = 10;
    coo.rows = lfm_int32(users);
    coo.columns = lfm_int32(items);
    lfm_interactions_options how;
    lfm_interactions_options_init(&how);
    how.weights = lfm_float32(weights);
    lfm_interactions *interactions = NULL;
    REQUIRE_OK(lfm_interactions_from_coo(NULL, &coo, &how, &interactions));
    lfm_model *model = build_model(NULL, 10, 10, 4, 0, 1);
    lfm_train_options options = wild_options(0);
    CHECK_FAILS(lfm_model_fit_partial(model, interactions, NULL, NULL, &options), LFM_ERROR_DIVERGED,
                "user feature 7 ");
    lfm_model_free(model);
    lfm_interactions_free(interactions);
}

/* One after another, whatever the build: so several workers take turns on a segment. */
static int run_in_turn(uint32_t n, void (*task)(uint32_t i, void *arg), void *arg, void *user_data)
{
    (void)user_data;
    for (uint32_t i = 0; i < n; i++)
        task(i, arg);
    return 0;
}

static lfm_context *context_in_turn(void)
{
    lfm_context_options options;
    lfm_context_options_init(&options);
    options.executor = run_in_turn;
    lfm_context *context = NULL;
    REQUIRE_OK(lfm_context_create(&options, &context));
    return context;
}

/* LightFM's scales of several workers can overflow before they are worked in: divergence, not inf. */
static void test_scale_overflow(void)
{
    lfm_context *context = context_in_turn();
    for (int32_t rollback = 0; rollback < 2; rollback++) {
        lfm_interactions *tame = set_with_weight(1);
        lfm_model *model = build_model(context, N, N, 8, 0, 1);
        const uint64_t fresh = model_hash(model);
        lfm_train_options options = wild_options(rollback);
        options.threads = 2;
        options.epochs = 1;
        options.regularisation = LFM_REGULARISATION_LIGHTFM;
        options.user_alpha = options.item_alpha = 1e6;
        options.learning_rate = 1e6;
        const lfm_status status = lfm_model_fit_partial(model, tame, NULL, NULL, &options);
        CHECK(status == LFM_OK || status == LFM_ERROR_DIVERGED);
        int64_t n;
        float *values = model_copy(model, LFM_ITEM, LFM_EMBEDDINGS, &n);
        bool finite = true;
        for (int64_t i = 0; i < n; i++)
            finite = finite && values[i] - values[i] == 0;
        CHECK(finite || (status == LFM_ERROR_DIVERGED && !rollback));
        if (rollback && status == LFM_ERROR_DIVERGED)
            CHECK(model_hash(model) == fresh);
        free(values);
        lfm_model_free(model);
        lfm_interactions_free(tame);
    }
    lfm_context_free(context);
}

/* Regularisation of LightFM's kind that is far too strong: the model that comes out is poor, but it is one, as
 * LightFM's is, whatever the loss and the number of threads. */
static void test_scales_of_several(void)
{
    lfm_context *context = context_in_turn();
    test_entries entries = entries_random(1, 60000, 300, 300, 2, 0);
    lfm_interactions *interactions = entries_build(NULL, &entries);
    entries_free(&entries);
    for (int32_t run = 0; run < 4 * 4 * 4; run++) {
        static const double alphas[] = {0.1, 0.3, 1, 100};
        const int32_t threads = 1 + run % 4, loss = run / 4 % 4;
        lfm_model *model = build_model(context, 300, 300, 8, 0, 1);
        lfm_train_options options = wild_options(0);
        options.learning_rate = 0.05;
        options.threads = threads;
        options.loss = loss;
        options.epochs = 2;
        options.regularisation = LFM_REGULARISATION_LIGHTFM;
        options.user_alpha = options.item_alpha = alphas[run / 16];
        check_report(lfm_model_fit_partial(model, interactions, NULL, NULL, &options) == LFM_OK, false,
                     __FILE__, __LINE__, "alpha %g, loss %d, %d threads: %s", alphas[run / 16], loss, threads,
                     lfm_last_message());
        lfm_model_free(model);
    }
    lfm_interactions_free(interactions);
    lfm_context_free(context);
}

/* Finite parameters whose scores overflow, met early in an epoch of several segments: the epoch is
 * either DIVERGED or whole, its last user trained as well, and never cut short in silence. */
static void test_overflowing_scores(void)
{
    enum { USERS = 200, ITEMS = 300, PER_USER = 500, D = 2 };
    test_entries entries = entries_random(1, USERS * PER_USER, USERS, ITEMS, 0, 0);
    for (int64_t i = 0; i < entries.n; i++) {
        entries.users[i] = (int32_t)(i / PER_USER);
        entries.items[i] %= ITEMS / 2; /* so that all users have negatives */
    }
    entries_add_weights(&entries, 1);
    for (int64_t i = 0; i < PER_USER; i++)
        entries.weights[i] = 1e-31f; /* so that their steps stay finite */
    lfm_interactions *interactions = entries_build(NULL, &entries);
    entries_free(&entries);
    lfm_model *model = build_model(NULL, USERS, ITEMS, D, 0, 1);
    int64_t n;
    float *users = model_copy(model, LFM_USER, LFM_EMBEDDINGS, &n);
    users[0] = users[1] = 1e30f;
    CHECK_OK(lfm_model_set(model, LFM_USER, LFM_EMBEDDINGS, users, n));
    float *items = model_copy(model, LFM_ITEM, LFM_EMBEDDINGS, &n);
    for (int i = ITEMS * D / 2; i < ITEMS * D; i++)
        items[i] = 1e9f;
    CHECK_OK(lfm_model_set(model, LFM_ITEM, LFM_EMBEDDINGS, items, n));
    free(items);
    lfm_train_options options = wild_options(0);
    options.loss = LFM_LOSS_WARP;
    options.order = LFM_ORDER_STORED;
    options.epochs = 1;
    const lfm_status status = lfm_model_fit_partial(model, interactions, NULL, NULL, &options);
    float *after = model_copy(model, LFM_USER, LFM_EMBEDDINGS, &n);
    CHECK(status == LFM_ERROR_DIVERGED || status == LFM_OK);
    CHECK(status == LFM_ERROR_DIVERGED || memcmp(users + n - D, after + n - D, D * sizeof *users) != 0);
    free(users);
    free(after);
    lfm_model_free(model);
    lfm_interactions_free(interactions);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"without rollback only reading and reset are left", test_locked_until_reset},
        {"with rollback the model is back at its last epoch", test_rollback},
        {"an absurd rate never goes unnoticed", test_large_rate},
        {"the message names the feature", test_names_the_feature},
        {"overflowing scales are divergence too", test_scale_overflow},
        {"strong LightFM regularisation on several threads", test_scales_of_several},
        {"overflowing scores never cut an epoch short", test_overflowing_scores},
    };
    return TAP_MAIN("diverge", tests, argc, argv);
}
