/* Training goes on exactly where it ended, repeats bit for bit, and depends on its seed. */
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "check.h"
#include "tap.h"

enum { N_USERS = 50, N_ITEMS = 70, N_FEATURES = 30 };

/* What a run works on. */
typedef struct setting {
    lfm_interactions *interactions;
    lfm_features *features[2];
} setting;

static setting make_setting(bool features)
{
    test_entries entries = entries_random(1, 1200, N_USERS, N_ITEMS, 2, 0);
    entries_add_weights(&entries, 2);
    setting s = {.interactions = entries_build(NULL, &entries)};
    entries_free(&entries);
    if (features) {
        s.features[0] = build_random_features(NULL, 3, N_USERS, N_FEATURES, 4);
        s.features[1] = build_random_features(NULL, 4, N_ITEMS, N_FEATURES, 4);
    }
    return s;
}

static void free_setting(setting *s)
{
    lfm_interactions_free(s->interactions);
    lfm_features_free(s->features[0]);
    lfm_features_free(s->features[1]);
}

static lfm_train_options options_of(int32_t loss, int32_t epochs)
{
    lfm_train_options options;
    lfm_train_options_init(&options);
    options.loss = loss;
    options.epochs = epochs;
    options.threads = 1;
    return options;
}

static lfm_model *model_for(const setting *s, int32_t optimiser, uint64_t seed)
{
    const bool features = s->features[0] != NULL;
    return build_model(NULL, features ? N_FEATURES : N_USERS, features ? N_FEATURES : N_ITEMS, 9,
                       optimiser, seed);
}

/* Train in calls of the given numbers of epochs (ending with 0) and hash the outcome. */
static uint64_t train(const setting *s, int32_t optimiser, uint64_t seed, lfm_train_options options,
                      const int32_t *epochs)
{
    lfm_model *model = model_for(s, optimiser, seed);
    int64_t total = 0;
    for (; *epochs > 0; epochs++) {
        options.epochs = *epochs;
        CHECK_OK(lfm_model_fit_partial(model, s->interactions, s->features[0], s->features[1],
                                       &options));
        total += *epochs;
        CHECK_INTEGER(lfm_model_epochs(model), total);
    }
    const uint64_t hash = model_hash(model);
    lfm_model_free(model);
    return hash;
}

static void check_resume(int32_t loss, int32_t optimiser, int32_t schedule, int32_t regularisation,
                         double alpha)
{
    static const int32_t ten[] = {10, 0}, parts[] = {5, 5, 0}, bits[] = {1, 7, 2, 0};
    for (int features = 0; features < 2; features++) {
        setting s = make_setting(features != 0);
        lfm_train_options options = options_of(loss, 10);
        options.schedule = schedule;
        options.schedule_epochs = 12;
        options.regularisation = regularisation;
        options.user_alpha = options.item_alpha = alpha;
        const uint64_t whole = train(&s, optimiser, 5, options, ten);
        check_report(train(&s, optimiser, 5, options, parts) == whole, false, __FILE__, __LINE__,
                     "loss %d, optimiser %d, schedule %d, regularisation %d: 5 + 5 are not 10", loss,
                     optimiser, schedule, regularisation);
        CHECK(train(&s, optimiser, 5, options, bits) == whole);
        CHECK(train(&s, optimiser, 5, options, ten) == whole);
        CHECK(train(&s, optimiser, 6, options, ten) != whole);
        free_setting(&s);
    }
}

static void test_resume_losses(void)
{
    for (int32_t loss = LFM_LOSS_LOGISTIC; loss <= LFM_LOSS_WARP_KOS; loss++) {
        for (int32_t optimiser = 0; optimiser < 3; optimiser++)
            check_resume(loss, optimiser, LFM_SCHEDULE_CONSTANT, LFM_REGULARISATION_L2, 0);
    }
}

static void test_resume_schedules(void)
{
    for (int32_t schedule = LFM_SCHEDULE_LINEAR; schedule <= LFM_SCHEDULE_COSINE; schedule++) {
        for (int32_t optimiser = 0; optimiser < 2; optimiser++)
            check_resume(LFM_LOSS_WARP, optimiser, schedule, LFM_REGULARISATION_L2, 0);
    }
}

static void test_resume_regularisation(void)
{
    for (int32_t regularisation = 0; regularisation < 2; regularisation++) {
        for (int32_t loss = LFM_LOSS_LOGISTIC; loss <= LFM_LOSS_WARP_KOS; loss++)
            check_resume(loss, loss % 3, LFM_SCHEDULE_CONSTANT, regularisation, 0.001);
    }
}

/* A scheduled rate takes effect: three schedules, three outcomes; past its end nothing moves. */
static void test_schedules_differ(void)
{
    static const int32_t four[] = {4, 0};
    setting s = make_setting(false);
    uint64_t hashes[3];
    for (int32_t schedule = 0; schedule < 3; schedule++) {
        lfm_train_options options = options_of(LFM_LOSS_BPR, 4);
        options.schedule = schedule;
        options.schedule_epochs = 4;
        hashes[schedule] = train(&s, 0, 5, options, four);
    }
    CHECK(hashes[0] != hashes[1] && hashes[1] != hashes[2] && hashes[0] != hashes[2]);
    lfm_model *model = model_for(&s, 0, 5);
    lfm_train_options options = options_of(LFM_LOSS_LOGISTIC, 2);
    options.schedule = LFM_SCHEDULE_LINEAR;
    options.schedule_epochs = 2;
    CHECK_OK(lfm_model_fit_partial(model, s.interactions, NULL, NULL, &options));
    float *before = model_copy(model, LFM_ITEM, LFM_EMBEDDINGS, NULL);
    options.epochs = 1;
    CHECK_OK(lfm_model_fit_partial(model, s.interactions, NULL, NULL, &options));
    float *after = model_copy(model, LFM_ITEM, LFM_EMBEDDINGS, NULL);
    CHECK(memcmp(before, after, sizeof *before * N_ITEMS * 9) == 0);
    CHECK_INTEGER(lfm_model_epochs(model), 3);
    free(before);
    free(after);
    lfm_model_free(model);
    free_setting(&s);
}

/* The linear schedule's rate at epoch e of n is rate (1 - e / n), the cosine's rate (1 + cos) / 2. */
typedef struct rates {
    double seen[8];
    int n;
} rates;
static int32_t note_rate(lfm_progress *progress, void *user_data)
{
    rates *r = user_data;
    if (progress->epoch_ended && r->n < 8)
        r->seen[r->n++] = progress->learning_rate;
    return 0;
}

static void test_schedule_rates(void)
{
    setting s = make_setting(false);
    static const double linear[] = {0.8, 0.6, 0.4, 0.2, 0, 0};
    static const double cosine[] = {0.8, 0.682842712474619, 0.4, 0.117157287525381, 0, 0};
    for (int32_t schedule = LFM_SCHEDULE_LINEAR; schedule <= LFM_SCHEDULE_COSINE; schedule++) {
        lfm_model *model = model_for(&s, 0, 5);
        rates r = {.n = 0};
        lfm_train_options options = options_of(LFM_LOSS_WARP, 3);
        options.learning_rate = 0.8;
        options.schedule = schedule;
        options.schedule_epochs = 4;
        options.progress = note_rate;
        options.progress_user_data = &r;
        CHECK_OK(lfm_model_fit_partial(model, s.interactions, NULL, NULL, &options));
        CHECK_OK(lfm_model_fit_partial(model, s.interactions, NULL, NULL, &options));
        CHECK_INTEGER(r.n, 6);
        for (int i = 0; i < r.n; i++)
            CHECK_CLOSE(r.seen[i], (schedule == LFM_SCHEDULE_LINEAR ? linear : cosine)[i], 1e-12, 1e-15);
        lfm_model_free(model);
    }
    free_setting(&s);
}

/* The order is fresh in each epoch and shuffled differs from stored. */
static void test_orders(void)
{
    static const int32_t two[] = {2, 0};
    setting s = make_setting(false);
    lfm_train_options options = options_of(LFM_LOSS_LOGISTIC, 2);
    const uint64_t shuffled = train(&s, 0, 5, options, two);
    options.order = LFM_ORDER_STORED;
    CHECK(train(&s, 0, 5, options, two) != shuffled);
    free_setting(&s);
}

/* Reset gives the model as it was created, and training from there gives the same again. */
static void test_reset(void)
{
    setting s = make_setting(true);
    for (int32_t optimiser = 0; optimiser < 3; optimiser++) {
        lfm_model *model = model_for(&s, optimiser, 77);
        const uint64_t fresh = model_hash(model);
        const lfm_train_options options = options_of(LFM_LOSS_WARP, 3);
        CHECK_OK(lfm_model_fit_partial(model, s.interactions, s.features[0], s.features[1], &options));
        const uint64_t trained = model_hash(model);
        CHECK(trained != fresh);
        CHECK_OK(lfm_model_reset(model));
        CHECK(model_hash(model) == fresh);
        CHECK_INTEGER(lfm_model_epochs(model), 0);
        CHECK_OK(lfm_model_fit_partial(model, s.interactions, s.features[0], s.features[1], &options));
        CHECK(model_hash(model) == trained);
        lfm_model_free(model);
    }
    free_setting(&s);
}

/* Nothing to train on and nothing to do are legal and leave parameters alone. */
static void test_nothing(void)
{
    setting s = make_setting(false);
    lfm_model *model = model_for(&s, 0, 1);
    const uint64_t fresh = model_hash(model);
    lfm_train_options options = options_of(LFM_LOSS_WARP, 0);
    CHECK_OK(lfm_model_fit_partial(model, s.interactions, NULL, NULL, &options));
    CHECK(model_hash(model) == fresh);
    float *before = model_copy(model, LFM_ITEM, LFM_EMBEDDINGS, NULL);
    lfm_interactions *empty = build_interactions(0, N_USERS, N_ITEMS, NULL, NULL, NULL);
    lfm_interactions *nobody = build_interactions(0, 0, 0, NULL, NULL, NULL);
    options.epochs = 1;
    for (int32_t loss = 0; loss < 4; loss++) {
        options.loss = loss;
        options.negative_power = loss == LFM_LOSS_WARP ? 0.5 : -1;
        CHECK_OK(lfm_model_fit_partial(model, empty, NULL, NULL, &options));
        CHECK_OK(lfm_model_fit_partial(model, nobody, NULL, NULL, &options));
    }
    CHECK_INTEGER(lfm_model_epochs(model), 8);
    float *after = model_copy(model, LFM_ITEM, LFM_EMBEDDINGS, NULL);
    CHECK(memcmp(before, after, sizeof *before * N_ITEMS * 9) == 0);
    free(before);
    free(after);
    lfm_interactions_free(empty);
    lfm_interactions_free(nobody);
    lfm_model_free(model);
    free_setting(&s);
}

/* Users who know everything have no negatives: the ranking losses leave them alone; so does one item. */
static void test_no_negatives(void)
{
    static const int32_t users[] = {0, 0, 0, 1}, items[] = {0, 1, 2, 1};
    static const float values[] = {1, 1, -1, 1};
    for (int32_t loss = LFM_LOSS_BPR; loss <= LFM_LOSS_WARP_KOS; loss++) {
        lfm_train_options options = options_of(loss, 30);
        lfm_model *model = build_model(NULL, 2, 3, 4, 0, 3);
        float *before = model_copy(model, LFM_USER, LFM_EMBEDDINGS, NULL);
        lfm_interactions *some = build_interactions(4, 2, 3, users, items, values);
        CHECK_OK(lfm_model_fit_partial(model, some, NULL, NULL, &options));
        float *after = model_copy(model, LFM_USER, LFM_EMBEDDINGS, NULL);
        CHECK(memcmp(before, after, 4 * sizeof *before) == 0);
        CHECK(memcmp(before + 4, after + 4, 4 * sizeof *before) != 0);
        lfm_interactions *one = build_interactions(1, 1, 1, users, items, NULL);
        lfm_model *tiny = build_model(NULL, 1, 1, 4, 0, 3);
        float *tiny_before = model_copy(tiny, LFM_ITEM, LFM_EMBEDDINGS, NULL);
        CHECK_OK(lfm_model_fit_partial(tiny, one, NULL, NULL, &options));
        float *tiny_after = model_copy(tiny, LFM_ITEM, LFM_EMBEDDINGS, NULL);
        CHECK(memcmp(tiny_before, tiny_after, 4 * sizeof *before) == 0);
        free(before);
        free(after);
        free(tiny_before);
        free(tiny_after);
        lfm_model_free(tiny);
        lfm_model_free(model);
        lfm_interactions_free(one);
        lfm_interactions_free(some);
    }
}

/* Users who know every item of the interactions still have negatives: the items that only the feature
 * matrix knows. All of those are drawn, and none of the known. */
static void test_feature_items(void)
{
    enum { U = 6, KNOWN = 3, ALL = 90 };
    int32_t users[U * KNOWN], items[U * KNOWN], offsets[ALL + 1], columns[ALL];
    float values[U * KNOWN];
    for (int32_t i = 0; i < U * KNOWN; i++) {
        users[i] = i / KNOWN;
        items[i] = i % KNOWN;
        values[i] = users[i] == U - 1 ? -1 : 1; /* the last user is never stepped on */
    }
    for (int32_t i = 0; i <= ALL; i++)
        offsets[i] = i;
    for (int32_t i = 0; i < ALL; i++)
        columns[i] = i;
    lfm_csr csr;
    lfm_csr_init(&csr);
    csr.n_entries = csr.n_rows = csr.n_columns = ALL;
    csr.offsets = lfm_int32(offsets);
    csr.columns = lfm_int32(columns);
    lfm_features *f = NULL;
    REQUIRE_OK(lfm_features_from_csr(NULL, &csr, NULL, &f));
    for (int32_t loss = LFM_LOSS_BPR; loss <= LFM_LOSS_WARP_KOS; loss++) {
        lfm_interactions *m = build_interactions(U * KNOWN, U, KNOWN, users, items, values);
        lfm_model *model = build_model(NULL, U, ALL, 4, 0, 3);
        lfm_train_options options = options_of(loss, 60);
        options.negative_power = 0;
        options.margin = 1e6;
        CHECK_OK(lfm_model_fit_partial(model, m, NULL, f, &options));
        float *biases = model_copy(model, LFM_ITEM, LFM_BIASES, NULL);
        int up = 0, down = 0;
        for (int32_t i = 0; i < KNOWN; i++)
            up += biases[i] > 0;
        for (int32_t i = KNOWN; i < ALL; i++)
            down += biases[i] < 0;
        CHECK(down == ALL - KNOWN);
        CHECK(up == KNOWN);
        free(biases);
        lfm_model_free(model);
        lfm_interactions_free(m);
    }
    lfm_features_free(f);
}

/* Options that a loss has no use for change nothing. */
static void test_idle_options(void)
{
    static const int32_t two[] = {2, 0};
    setting s = make_setting(false);
    for (int32_t loss = 0; loss < 4; loss++) {
        /* A fresh set each time: what an earlier call left in its index does not help. */
        setting fresh = make_setting(false);
        lfm_train_options plain = options_of(loss, 2), idle = plain;
        if (loss != LFM_LOSS_BPR) {
            idle.graded = 1;
            idle.max_draws = 1;
        }
        if (loss != LFM_LOSS_WARP_KOS) {
            idle.kos_k = 1;
            idle.kos_n = 1000;
            idle.kos_known = 1;
        }
        if (loss < LFM_LOSS_WARP) {
            idle.max_sampled = 1;
            idle.margin = 0;
        }
        idle.rho = 0.5;
        idle.epsilon = 1e-3;
        idle.schedule_epochs = 3;
        idle.rollback = 1;
        CHECK(train(&fresh, 0, 5, idle, two) == train(&s, 0, 5, plain, two));
        free_setting(&fresh);
    }
    free_setting(&s);
}

/* With a draw_seed a call's draws depend on that seed and on the call's own epochs, not on the model's. */
static void test_draw_seed(void)
{
    static const int32_t one[] = {1, 0}, two[] = {2, 0}, apart[] = {1, 1, 0};
    setting s = make_setting(false);
    for (int32_t loss = 0; loss <= LFM_LOSS_WARP_KOS; loss++) {
        lfm_train_options own = options_of(loss, 2), seven = own, eight = own;
        seven.draw_seed = 7;
        eight.draw_seed = 8;
        CHECK(train(&s, 0, 5, seven, two) == train(&s, 0, 5, seven, two));
        CHECK(train(&s, 0, 5, seven, two) != train(&s, 0, 5, eight, two));
        CHECK(train(&s, 0, 5, seven, two) != train(&s, 0, 5, own, two));
        /* Each call begins its epochs anew, so two calls repeat the first epoch's draws. */
        CHECK(train(&s, 0, 5, seven, apart) != train(&s, 0, 5, seven, two));
        /* The seed of the model itself, on a fresh model, is that seed. */
        eight.draw_seed = 5;
        CHECK(train(&s, 0, 5, eight, one) == train(&s, 0, 5, own, one));
        /* What the model went through before plays no part: its parameters do. */
        lfm_model *trained = model_for(&s, 0, 5), *copied = model_for(&s, 0, 6);
        CHECK_OK(lfm_model_fit_partial(trained, s.interactions, NULL, NULL, &own));
        for (int32_t side = 0; side < 2; side++) {
            for (int32_t array = LFM_EMBEDDINGS; array <= LFM_BIAS_GRADIENTS; array++) {
                int64_t n;
                float *values = model_copy(trained, side, array, &n);
                CHECK_OK(lfm_model_set(copied, side, array, values, n));
                free(values);
            }
        }
        CHECK_OK(lfm_model_fit_partial(trained, s.interactions, NULL, NULL, &seven));
        CHECK_OK(lfm_model_fit_partial(copied, s.interactions, NULL, NULL, &seven));
        for (int32_t side = 0; side < 2; side++) {
            int64_t n;
            float *a = model_copy(trained, side, LFM_EMBEDDINGS, &n), *b = model_copy(copied, side, LFM_EMBEDDINGS, &n);
            CHECK(memcmp(a, b, (size_t)n * sizeof *a) == 0);
            free(a);
            free(b);
        }
        lfm_model_free(trained);
        lfm_model_free(copied);
    }
    free_setting(&s);
}

/* Graded BPR: known items of a smaller value are negatives, of a larger or equal one never. */
static void test_graded(void)
{
    static const int32_t users[] = {0, 0, 0, 0}, items[] = {0, 1, 2, 3};
    static const float values[] = {1, 2, 3, -1};
    lfm_interactions *all_known = build_interactions(4, 1, 4, users, items, values);
    for (int32_t graded = 0; graded < 2; graded++) {
        lfm_model *model = build_model(NULL, 1, 4, 3, 0, 3);
        lfm_train_options options = options_of(LFM_LOSS_BPR, 40);
        options.graded = graded;
        CHECK_OK(lfm_model_fit_partial(model, all_known, NULL, NULL, &options));
        float *biases = model_copy(model, LFM_ITEM, LFM_BIASES, NULL);
        if (graded) {
            CHECK(biases[3] < biases[0] && biases[0] < biases[1] && biases[1] < biases[2]);
            CHECK(biases[2] > 0 && biases[3] < 0);
        } else {
            CHECK(biases[0] == 0 && biases[1] == 0 && biases[2] == 0 && biases[3] == 0);
        }
        free(biases);
        lfm_model_free(model);
    }
    lfm_interactions_free(all_known);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"5 + 5 epochs are 10: losses and optimisers", test_resume_losses},
        {"5 + 5 epochs are 10: schedules", test_resume_schedules},
        {"5 + 5 epochs are 10: both regularisations", test_resume_regularisation},
        {"schedules take effect and end at 0", test_schedules_differ},
        {"scheduled rates are the formula's", test_schedule_rates},
        {"shuffled and stored order differ", test_orders},
        {"reset starts anew", test_reset},
        {"no entries and no epochs train nothing", test_nothing},
        {"no negatives left, no step", test_no_negatives},
        {"items that only the feature matrix knows", test_feature_items},
        {"options of other losses are idle", test_idle_options},
        {"draws by a seed of the call's own", test_draw_seed},
        {"graded BPR", test_graded},
    };
    return TAP_MAIN("fit", tests, argc, argv);
}
