/* Every instruction set gives the bits of the portable kernels: training, scores, similar things. A set
 * that this processor lacks falls back to what it has, which gives the same bits too. */
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "check.h"
#include "tap.h"

enum { N_USERS = 40, N_ITEMS = 90, N_FEATURES = 35, N_MASKS = 5 };
static const int32_t masks[N_MASKS] = {LFM_CPU_PORTABLE, LFM_CPU_AVX2, LFM_CPU_AVX512, LFM_CPU_NEON, 0};

static lfm_context *context_of(int32_t mask)
{
    lfm_context_options options;
    lfm_context_options_init(&options);
    options.cpu_mask = mask;
    lfm_context *context = NULL;
    REQUIRE_OK(lfm_context_create(&options, &context));
    return context;
}

/* What a run is made of. */
typedef struct variant {
    int32_t loss, optimiser, regularisation, components;
    bool features;
    double alpha, negative_power;
} variant;

static uint64_t run(int32_t mask, const variant *v)
{
    lfm_context *context = context_of(mask);
    test_entries e = entries_random(21, 900, N_USERS, N_ITEMS, 2, 0);
    entries_add_weights(&e, 3);
    lfm_interactions *interactions = entries_build(context, &e);
    lfm_features *f[2] = {NULL, NULL};
    if (v->features) {
        f[0] = build_random_features(context, 4, N_USERS, N_FEATURES, 3);
        f[1] = build_random_features(context, 5, N_ITEMS, N_FEATURES, 4);
    }
    lfm_model *model = build_model(context, v->features ? N_FEATURES : N_USERS,
                                   v->features ? N_FEATURES : N_ITEMS, v->components, v->optimiser, 6);
    lfm_train_options options;
    lfm_train_options_init(&options);
    options.loss = v->loss;
    options.regularisation = v->regularisation;
    options.user_alpha = options.item_alpha = v->alpha;
    options.negative_power = v->negative_power;
    options.epochs = 2;
    options.threads = 1;
    CHECK_OK(lfm_model_fit_partial(model, interactions, f[0], f[1], &options));
    uint64_t hash = model_hash(model);
    lfm_scorer *scorer = NULL;
    REQUIRE_OK(lfm_scorer_create(model, f[0], f[1], NULL, &scorer));
    int32_t users[N_USERS], items[N_USERS * 9];
    float scores[N_USERS * 9];
    for (int32_t i = 0; i < N_USERS; i++)
        users[i] = i;
    CHECK_OK(lfm_recommend(scorer, N_USERS, users, 9, interactions, items, scores, NULL));
    hash = hash_bytes(hash_bytes(hash, items, sizeof items), scores, sizeof scores);
    CHECK_OK(lfm_similar(scorer, LFM_SPACE_USER, N_USERS, users, LFM_SPACE_ITEM, 9, items, scores, NULL));
    hash = hash_bytes(hash_bytes(hash, items, sizeof items), scores, sizeof scores);
    lfm_scorer_free(scorer);
    lfm_model_free(model);
    lfm_features_free(f[0]);
    lfm_features_free(f[1]);
    lfm_interactions_free(interactions);
    entries_free(&e);
    lfm_context_free(context);
    return hash;
}

static void check_variant(const variant *v)
{
    const uint64_t wanted = run(masks[0], v);
    for (int i = 1; i < N_MASKS; i++)
        check_report(run(masks[i], v) == wanted, false, __FILE__, __LINE__,
                     "mask %d: loss %d, optimiser %d, regularisation %d, d = %d, features %d", masks[i], v->loss,
                     v->optimiser, v->regularisation, v->components, v->features);
}

/* All losses and optimisers, with and without features, at widths around those of vectors. */
static void test_widths(void)
{
    static const int32_t widths[] = {1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 130};
    for (int32_t loss = 0; loss < 4; loss++) {
        for (int w = 0; w < 16; w++) {
            const variant v = {loss, (loss + w) % 3, 0, widths[w], w % 2 == 1, 0, -1};
            check_variant(&v);
        }
    }
}

static void test_optimisers(void)
{
    for (int32_t loss = 0; loss < 4; loss++) {
        for (int32_t optimiser = 0; optimiser < 3; optimiser++) {
            for (int kind = 0; kind < 6; kind++) {
                const variant v = {loss, optimiser, kind % 2, 20, kind >= 3, kind % 3 == 0 ? 0 : 1e-3,
                                   kind == 5 ? 0.5 : -1};
                check_variant(&v);
            }
        }
    }
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"widths around those of vectors", test_widths},
        {"optimisers and regularisations", test_optimisers},
    };
    return TAP_MAIN("variants", tests, argc, argv);
}
