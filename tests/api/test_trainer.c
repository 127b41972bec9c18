/* Training against a plain double-precision reading of the mathematics: features with any weights,
 * shared ones, both regularisations, all optimisers. */
#include <stdlib.h>

#include "build.h"
#include "check.h"
#include "naive.h"
#include "tap.h"

enum { N_USERS = 12, N_ITEMS = 15, USER_FEATURES = 8, ITEM_FEATURES = 9, N = 120, EPOCHS = 3 };

typedef struct variant {
    int32_t optimiser, regularisation;
    double user_alpha, item_alpha;
    bool features;
    double tolerance;
} variant;

static lfm_train_options options_of(const variant *v, int32_t loss)
{
    lfm_train_options options;
    lfm_train_options_init(&options);
    options.loss = loss;
    options.order = LFM_ORDER_STORED;
    options.threads = 1;
    options.epochs = EPOCHS;
    options.regularisation = v->regularisation;
    options.user_alpha = v->user_alpha;
    options.item_alpha = v->item_alpha;
    options.max_draws = 1000000;
    return options;
}

static void check_logistic(const variant *v)
{
    test_entries entries = entries_random(3, N, N_USERS, N_ITEMS, 3, 0);
    entries_add_weights(&entries, 4);
    lfm_interactions *interactions = entries_build(NULL, &entries);
    lfm_features *f[2] = {NULL, NULL};
    if (v->features) {
        f[0] = build_random_features(NULL, 5, N_USERS, USER_FEATURES, 4);
        f[1] = build_random_features(NULL, 6, N_ITEMS, ITEM_FEATURES, 5);
    }
    lfm_model *model = build_model(NULL, v->features ? USER_FEATURES : N_USERS,
                                   v->features ? ITEM_FEATURES : N_ITEMS, 18, v->optimiser, 1);
    model_fill(model, 9, 0.5f);
    const lfm_train_options options = options_of(v, LFM_LOSS_LOGISTIC);
    naive_model *naive = naive_from(model, f[0], f[1], &options);
    CHECK_OK(lfm_model_fit_partial(model, interactions, f[0], f[1], &options));
    CHECK(naive_distance(naive, model) > 1e-2);
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        for (int64_t i = 0; i < entries.n; i++)
            naive_logistic(naive, entries.users[i], entries.items[i], entries.values[i] > 0,
                           (double)entries.weights[i]);
        naive_end_epoch(naive);
    }
    const double distance = naive_distance(naive, model);
    check_report(distance < v->tolerance, false, __FILE__, __LINE__,
                 "logistic, optimiser %d, regularisation %d, features %d: off by %g", v->optimiser,
                 v->regularisation, v->features, distance);
    naive_free(naive);
    lfm_model_free(model);
    lfm_features_free(f[0]);
    lfm_features_free(f[1]);
    lfm_interactions_free(interactions);
    entries_free(&entries);
}

/* Every user knows all items but one (its own number modulo N_ITEMS), so that BPR's negative is forced;
 * that item is stored for others, so that popularity finds it. */
static void check_bpr(const variant *v)
{
    int32_t users[N_USERS * N_ITEMS], items[N_USERS * N_ITEMS];
    float values[N_USERS * N_ITEMS], weights[N_USERS * N_ITEMS];
    int64_t n = 0;
    for (int32_t user = 0; user < N_USERS; user++) {
        for (int32_t item = 0; item < N_ITEMS; item++) {
            if (item == user % N_ITEMS)
                continue;
            users[n] = user;
            items[n] = item;
            values[n] = (user + item) % 3 == 0 ? -1.0f : 1.0f;
            weights[n++] = (float)(1 + (user * 7 + item) % 5) * 0.5f;
        }
    }
    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_entries = n;
    coo.n_rows = N_USERS;
    coo.n_columns = N_ITEMS;
    coo.rows = lfm_int32(users);
    coo.columns = lfm_int32(items);
    coo.values = lfm_float32(values);
    lfm_interactions_options how;
    lfm_interactions_options_init(&how);
    how.weights = lfm_float32(weights);
    lfm_interactions *interactions = NULL;
    REQUIRE_OK(lfm_interactions_from_coo(NULL, &coo, &how, &interactions));
    lfm_features *f[2] = {NULL, NULL};
    if (v->features) {
        f[0] = build_random_features(NULL, 5, N_USERS, USER_FEATURES, 4);
        f[1] = build_random_features(NULL, 6, N_ITEMS, ITEM_FEATURES, 5);
    }
    lfm_model *model = build_model(NULL, v->features ? USER_FEATURES : N_USERS,
                                   v->features ? ITEM_FEATURES : N_ITEMS, 18, v->optimiser, 1);
    model_fill(model, 9, 0.5f);
    const lfm_train_options options = options_of(v, LFM_LOSS_BPR);
    naive_model *naive = naive_from(model, f[0], f[1], &options);
    CHECK_OK(lfm_model_fit_partial(model, interactions, f[0], f[1], &options));
    CHECK(naive_distance(naive, model) > 1e-2);
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        for (int64_t i = 0; i < n; i++) {
            if (values[i] > 0)
                naive_bpr(naive, users[i], items[i], users[i] % N_ITEMS, (double)weights[i]);
        }
        naive_end_epoch(naive);
    }
    const double distance = naive_distance(naive, model);
    check_report(distance < v->tolerance, false, __FILE__, __LINE__,
                 "bpr, optimiser %d, regularisation %d, features %d: off by %g", v->optimiser,
                 v->regularisation, v->features, distance);
    naive_free(naive);
    lfm_model_free(model);
    lfm_features_free(f[0]);
    lfm_features_free(f[1]);
    lfm_interactions_free(interactions);
}

static void check_variants(int32_t optimisers, int32_t regularisation, double user_alpha,
                           double item_alpha, double tolerance)
{
    for (int32_t optimiser = 0; optimiser < optimisers; optimiser++) {
        for (int features = 0; features < 2; features++) {
            const variant v = {optimiser, regularisation, user_alpha, item_alpha, features != 0, tolerance};
            check_logistic(&v);
            check_bpr(&v);
        }
    }
}

static void test_plain(void) { check_variants(3, LFM_REGULARISATION_L2, 0, 0, 1e-4); }
static void test_l2(void) { check_variants(3, LFM_REGULARISATION_L2, 0.02, 0.05, 1e-4); }
static void test_l2_one_side(void) { check_variants(3, LFM_REGULARISATION_L2, 0, 0.05, 1e-4); }
static void test_lightfm(void)
{
    check_variants(3, LFM_REGULARISATION_LIGHTFM, 0.01, 0.03, 1e-4);
}
static void test_lightfm_one_side(void)
{
    check_variants(3, LFM_REGULARISATION_LIGHTFM, 0.02, 0, 1e-4);
}
/* So strong that the scale passes 10^6 within an epoch; rounding errors grow with it. Adadelta would
 * leave the finite numbers. */
static void test_lightfm_strong(void)
{
    check_variants(2, LFM_REGULARISATION_LIGHTFM, 2, 5, 5e-3);
}

/* A user's and an item's feature in common: the same column twice in a row, and in i and j alike. */
static void test_shared(void)
{
    static const int32_t offsets[] = {0, 3, 5}, columns[] = {0, 1, 0, 1, 0};
    static const float values[] = {1, 0.5f, -0.25f, 2, 1};
    static const int32_t users[] = {0, 1}, items[] = {0, 1};
    lfm_csr csr;
    lfm_csr_init(&csr);
    csr.n_rows = 2;
    csr.n_columns = 2;
    csr.n_entries = 5;
    csr.offsets = lfm_int32(offsets);
    csr.columns = lfm_int32(columns);
    csr.values = lfm_float32(values);
    lfm_features *f = NULL;
    REQUIRE_OK(lfm_features_from_csr(NULL, &csr, NULL, &f));
    lfm_interactions *interactions = build_interactions(2, 2, 2, users, items, NULL);
    for (int32_t optimiser = 0; optimiser < 3; optimiser++) {
        const variant v = {optimiser, LFM_REGULARISATION_L2, 0.01, 0.02, true, 2e-5};
        lfm_model *model = build_model(NULL, 2, 2, 5, optimiser, 1);
        model_fill(model, 3, 1);
        lfm_train_options options = options_of(&v, LFM_LOSS_BPR);
        options.learning_rate = 0.5;
        naive_model *naive = naive_from(model, f, f, &options);
        CHECK_OK(lfm_model_fit_partial(model, interactions, f, f, &options));
        for (int epoch = 0; epoch < EPOCHS; epoch++) {
            naive_bpr(naive, 0, 0, 1, 1);
            naive_bpr(naive, 1, 1, 0, 1);
        }
        const double distance = naive_distance(naive, model);
        check_report(distance < v.tolerance, false, __FILE__, __LINE__, "optimiser %d: off by %g", optimiser, distance);
        naive_free(naive);
        lfm_model_free(model);
    }
    lfm_interactions_free(interactions);
    lfm_features_free(f);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"without regularisation", test_plain},
        {"L2", test_l2},
        {"L2 on one side", test_l2_one_side},
        {"LightFM's regularisation", test_lightfm},
        {"LightFM's regularisation on one side", test_lightfm_one_side},
        {"LightFM's regularisation so strong that scales overflow", test_lightfm_strong},
        {"features shared by the items of a step", test_shared},
    };
    return TAP_MAIN("trainer", tests, argc, argv);
}
