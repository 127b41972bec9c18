/* The bits that training gives on one thread, for every loss, optimiser and regularisation: the same in
 * every build of a version (gcc, clang, -O0, -O3, with and without OpenMP, on every CPU). When a
 * version changes them on purpose, `test-parity-golden --print > tests/parity/golden.h` writes the new
 * ones, and CHANGELOG says so. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "check.h"
#include "tap.h"

typedef struct golden {
    const char *name;
    uint64_t hash;      /* of all parameters and state */
    uint32_t values[4]; /* bits of a user's and an item's first embedding, and their biases */
} golden;

#include "golden.h"

typedef struct golden_case {
    const char *name;
    const char *loss, *optimiser, *regularisation, *schedule;
    int32_t components;
    int32_t features; /* of a user, at most; of an item half as many again */
    bool weights;
    double alpha, negative_power;
    bool many_users; /* so many that an epoch's order is in runs */
} golden_case;

static const golden_case cases[] = {
    {"logistic", "logistic", "adagrad", "l2", "constant", 16, 0, false, 0, -1, false},
    {"logistic-runs", "logistic", "adagrad", "l2", "constant", 16, 0, false, 0, -1, true},
    {"bpr", "bpr", "adagrad", "l2", "constant", 16, 0, false, 0, -1, false},
    {"bpr-runs", "bpr", "adagrad", "l2", "constant", 16, 0, false, 0, -1, true},
    {"warp", "warp", "adagrad", "l2", "constant", 16, 0, false, 0, -1, false},
    {"warp-runs", "warp", "adagrad", "l2", "constant", 16, 0, false, 0, -1, true},
    {"warp-kos", "warp-kos", "adagrad", "l2", "constant", 16, 0, false, 0, -1, false},
    {"warp-kos-runs", "warp-kos", "adagrad", "l2", "constant", 16, 0, false, 0, -1, true},
    {"logistic-rowwise-l2", "logistic", "adagrad-rowwise", "l2", "constant", 33, 4, true, 0.01, -1, false},
    {"bpr-adadelta-power", "bpr", "adadelta", "l2", "linear", 7, 4, true, 0.01, 0.5, false},
    {"warp-features", "warp", "adagrad", "l2", "cosine", 64, 4, true, 0, -1, false},
    {"warp-many-features", "warp", "adagrad", "l2", "constant", 20, 120, false, 0, -1, false}, /* some too many for a kernel */
    {"warp-rowwise-lightfm", "warp", "adagrad-rowwise", "lightfm", "linear", 5, 4, false, 0.001, -1, false},
    {"warp-kos-adadelta-lightfm", "warp-kos", "adadelta", "lightfm", "constant", 17, 4, true, 0.002,
     -1, false},
    {"bpr-lightfm", "bpr", "adagrad", "lightfm", "cosine", 100, 0, true, 0.001, -1, false},
};
enum { N_CASES = sizeof cases / sizeof *cases, N_USERS = 60, N_ITEMS = 80, N_FEATURES = 40, MANY_USERS = 8000 };

static uint32_t bits_of(const lfm_model *model, int32_t side, int32_t array)
{
    float *values = model_copy(model, side, array, NULL);
    uint32_t bits;
    memcpy(&bits, &values[lfm_model_columns(model, array) * 3], sizeof bits);
    free(values);
    return bits;
}

static golden train(const golden_case *c)
{
    const int32_t n_users = c->many_users ? MANY_USERS : N_USERS, n_entries = c->many_users ? 20000 : 1500;
    test_entries entries = entries_random(7, n_entries, n_users, N_ITEMS, 2, 0);
    if (c->weights)
        entries_add_weights(&entries, 8);
    lfm_interactions *interactions = entries_build(NULL, &entries);
    lfm_features *features[2] = {NULL, NULL};
    if (c->features > 0) {
        features[0] = build_random_features(NULL, 9, N_USERS, N_FEATURES, c->features);
        features[1] = build_random_features(NULL, 10, N_ITEMS + 5, N_FEATURES, c->features + c->features / 2);
    }
    lfm_model_options model_options;
    lfm_model_options_init(&model_options);
    model_options.components = c->components;
    model_options.seed = 42;
    CHECK_OK(lfm_model_options_set(&model_options, "optimiser", c->optimiser));
    lfm_model *model = NULL;
    REQUIRE_OK(lfm_model_create(NULL, c->features > 0 ? N_FEATURES : n_users,
                                c->features > 0 ? N_FEATURES : N_ITEMS, &model_options, &model));
    lfm_train_options options;
    lfm_train_options_init(&options);
    CHECK_OK(lfm_train_options_set(&options, "loss", c->loss));
    CHECK_OK(lfm_train_options_set(&options, "regularisation", c->regularisation));
    CHECK_OK(lfm_train_options_set(&options, "schedule", c->schedule));
    options.schedule_epochs = 6;
    options.epochs = 3;
    options.threads = 1;
    options.user_alpha = c->alpha;
    options.item_alpha = 2 * c->alpha;
    options.negative_power = c->negative_power;
    CHECK_OK(lfm_model_fit_partial(model, interactions, features[0], features[1], &options));
    const golden result = {c->name,
                           model_hash(model),
                           {bits_of(model, LFM_USER, LFM_EMBEDDINGS), bits_of(model, LFM_ITEM, LFM_EMBEDDINGS),
                            bits_of(model, LFM_USER, LFM_BIASES), bits_of(model, LFM_ITEM, LFM_BIASES)}};
    lfm_model_free(model);
    lfm_features_free(features[0]);
    lfm_features_free(features[1]);
    lfm_interactions_free(interactions);
    entries_free(&entries);
    return result;
}

static void test_case(int i)
{
    const golden got = train(&cases[i]), *wanted = &goldens[i];
    CHECK(strcmp(wanted->name, cases[i].name) == 0);
    for (int v = 0; v < 4; v++)
        check_report(got.values[v] == wanted->values[v], false, __FILE__, __LINE__,
                     "%s: value %d is %08" PRIX32 ", wanted %08" PRIX32, got.name, v, got.values[v],
                     wanted->values[v]);
    check_report(got.hash == wanted->hash, false, __FILE__, __LINE__,
                 "%s: the hash is %016" PRIX64 ", wanted %016" PRIX64, got.name, got.hash, wanted->hash);
}

static void print_all(void)
{
    printf("/* Written by `test-parity-golden --print`; see test_golden.c. */\n");
    printf("static const golden goldens[] = {\n");
    for (int i = 0; i < N_CASES; i++) {
        const golden g = train(&cases[i]);
        printf("    {\"%s\", UINT64_C(0x%016" PRIX64 "),\n     {", g.name, g.hash);
        for (int v = 0; v < 4; v++)
            printf("%s0x%08" PRIX32, v > 0 ? ", " : "", g.values[v]);
        printf("}},\n");
    }
    printf("};\n");
}

#define CASE(i) static void test_##i(void) { test_case(i); }
CASE(0) CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12) CASE(13)
CASE(14)
_Static_assert(N_CASES == 15, "one line above per case");
_Static_assert(sizeof goldens / sizeof *goldens == N_CASES, "golden.h is of another version");

int main(int argc, char **argv)
{
    static void (*const runs[])(void) = {test_0, test_1, test_2, test_3, test_4, test_5, test_6,
                                         test_7, test_8, test_9, test_10, test_11, test_12, test_13,
                                         test_14};
    if (argc > 1 && strcmp(argv[1], "--print") == 0) {
        print_all();
        return 0;
    }
    tap_test tests[N_CASES];
    for (int i = 0; i < N_CASES; i++)
        tests[i] = (tap_test){cases[i].name, runs[i]};
    return TAP_MAIN("parity-golden", tests, argc, argv);
}
