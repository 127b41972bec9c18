/* Every loss's step is its derivative: one step from parameters with G = G0 moves each parameter by
 * -rate / sqrt(G0) times the numeric derivative of the loss, which is computed in double. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "check.h"
#include "tap.h"

enum { D = 7, N_USERS = 3, USER = 1, FEATURES = 6 };

/* What one step is checked on. Items: `positive` is stored with a weight, all other items share one
 * row of features, so that whichever is drawn the step is the same. */
typedef struct scene {
    int32_t loss, optimiser;
    int32_t n_items;
    float value, weight;
    lfm_features *user_features, *item_features;
    lfm_interactions *interactions;
    double *theta[2]; /* per side: FEATURES x (D + 1), the bias last */
    double rank_weight; /* g's fixed part, for the WARPs */
} scene;

static lfm_features *features_of(int32_t n_rows, const int32_t *offsets, const int32_t *columns,
                                 const float *values)
{
    lfm_csr csr;
    lfm_csr_init(&csr);
    csr.n_rows = n_rows;
    csr.n_columns = FEATURES;
    csr.n_entries = offsets[n_rows];
    csr.offsets = lfm_int32(offsets);
    csr.columns = lfm_int32(columns);
    csr.values = lfm_float32(values);
    lfm_features *features = NULL;
    REQUIRE_OK(lfm_features_from_csr(NULL, &csr, NULL, &features));
    return features;
}

static void make_features(scene *s)
{
    static const int32_t user_offsets[] = {0, 1, 4, 5}, user_columns[] = {0, 1, 2, 3, 4};
    static const float user_values[] = {1, 0.5f, -1.25f, 2, 1};
    s->user_features = features_of(N_USERS, user_offsets, user_columns, user_values);
    int32_t *offsets = take((size_t)s->n_items + 1, sizeof *offsets);
    int32_t *columns = take((size_t)s->n_items * 2, sizeof *columns);
    float *values = take((size_t)s->n_items * 2, sizeof *values);
    for (int32_t item = 0; item < s->n_items; item++) {
        columns[2 * item] = item == 0 ? 0 : 2;
        columns[2 * item + 1] = item == 0 ? 1 : 3;
        values[2 * item] = item == 0 ? 0.75f : -0.5f;
        values[2 * item + 1] = item == 0 ? 1.5f : 1.0f;
        offsets[item + 1] = 2 * item + 2;
    }
    s->item_features = features_of(s->n_items, offsets, columns, values);
    free(offsets);
    free(columns);
    free(values);
}

static void make_interactions(scene *s)
{
    const int32_t user = USER, item = 0;
    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_entries = 1;
    coo.n_rows = N_USERS;
    coo.n_columns = s->n_items;
    coo.rows = lfm_int32(&user);
    coo.columns = lfm_int32(&item);
    coo.values = lfm_float32(&s->value);
    lfm_interactions_options options;
    lfm_interactions_options_init(&options);
    options.weights = lfm_float32(&s->weight);
    REQUIRE_OK(lfm_interactions_from_coo(NULL, &coo, &options, &s->interactions));
}

/* The score of USER and an item in double from s->theta. */
static double score(const scene *s, int32_t item)
{
    double vectors[2][D + 1] = {{0}};
    for (int32_t side = 0; side < 2; side++) {
        const int32_t *columns;
        const float *values;
        const int64_t n = lfm_features_row(side == LFM_USER ? s->user_features : s->item_features,
                                           side == LFM_USER ? USER : item, &columns, &values);
        for (int64_t i = 0; i < n; i++) {
            for (int e = 0; e <= D; e++)
                vectors[side][e] += (double)values[i] * s->theta[side][columns[i] * (D + 1) + e];
        }
    }
    double sum = vectors[0][D] + vectors[1][D];
    for (int e = 0; e < D; e++)
        sum += vectors[0][e] * vectors[1][e];
    return sum;
}

/* The loss whose derivative the step is. b_u's part of a pairwise step is checked apart. */
static double loss(const scene *s)
{
    const double positive = score(s, 0), weight = (double)s->weight;
    if (s->loss == LFM_LOSS_LOGISTIC)
        return weight * log(1 + exp(s->value > 0 ? -positive : positive));
    const double negative = score(s, 1);
    if (s->loss == LFM_LOSS_BPR)
        return weight * log(1 + exp(negative - positive));
    const double factor = weight * s->rank_weight;
    return (factor > 10 ? 10 : factor) * (1 - positive + negative);
}

static void set_parameters(scene *s, lfm_model *model, double scale, float g0)
{
    test_random random = {11};
    for (int32_t side = 0; side < 2; side++) {
        float embeddings[FEATURES * D], biases[FEATURES], state[FEATURES * D];
        s->theta[side] = take(FEATURES * (D + 1), sizeof(double));
        for (int f = 0; f < FEATURES; f++) {
            for (int e = 0; e < D; e++) {
                embeddings[f * D + e] = random_signed(&random) * (float)scale;
                s->theta[side][f * (D + 1) + e] = (double)embeddings[f * D + e];
            }
            biases[f] = random_signed(&random) * 0.25f;
            s->theta[side][f * (D + 1) + D] = (double)biases[f];
        }
        for (int i = 0; i < FEATURES * D; i++)
            state[i] = g0;
        CHECK_OK(lfm_model_set(model, side, LFM_EMBEDDINGS, embeddings, FEATURES * D));
        CHECK_OK(lfm_model_set(model, side, LFM_BIASES, biases, FEATURES));
        CHECK_OK(lfm_model_set(model, side, LFM_EMBEDDING_GRADIENTS, state,
                               s->optimiser == LFM_OPTIMISER_ADAGRAD_ROWWISE ? FEATURES : FEATURES * D));
        CHECK_OK(lfm_model_set(model, side, LFM_BIAS_GRADIENTS, state, FEATURES));
    }
}

/* The derivative of the loss by one parameter. */
static double derivative(const scene *s, int32_t side, int at)
{
    const double width = 1e-5, before = s->theta[side][at];
    s->theta[side][at] = before + width;
    const double above = loss(s);
    s->theta[side][at] = before - width;
    const double below = loss(s);
    s->theta[side][at] = before;
    return (above - below) / (2 * width);
}

/* LightFM's b_u: the derivative by the positive's score, negated, though it cancels in the loss. */
static double user_bias_gradient(const scene *s, double feature_weight)
{
    const double margin = score(s, 0) - score(s, 1), w = (double)s->weight * s->rank_weight;
    const double g = s->loss == LFM_LOSS_BPR ? (double)s->weight * (1 - 1 / (1 + exp(-margin)))
                                             : (w > 10 ? 10 : w);
    return feature_weight * g;
}

static void check_step(const scene *s, const lfm_model *model, double rate, float g0)
{
    int moved = 0;
    for (int32_t side = 0; side < 2; side++) {
        float *embeddings = model_copy(model, side, LFM_EMBEDDINGS, NULL);
        float *biases = model_copy(model, side, LFM_BIASES, NULL);
        for (int f = 0; f < FEATURES; f++) {
            for (int e = 0; e <= D; e++) {
                const int at = f * (D + 1) + e;
                const double after = (double)(e < D ? embeddings[f * D + e] : biases[f]);
                const double step = (s->theta[side][at] - after) * sqrt((double)g0) / rate;
                double wanted = derivative(s, side, at);
                if (side == LFM_USER && e == D && s->loss != LFM_LOSS_LOGISTIC && f >= 1 && f <= 3)
                    wanted = user_bias_gradient(s, f == 1 ? 0.5 : f == 2 ? -1.25 : 2);
                const double off = fabs(step - wanted);
                check_report(off <= 2e-3 * (1e-1 + fabs(wanted)), false, __FILE__, __LINE__,
                             "loss %d, side %d, feature %d, element %d: stepped by %.7g, the derivative "
                             "is %.7g", s->loss, side, f, e, step, wanted);
                moved += after != s->theta[side][at];
            }
        }
        free(embeddings);
        free(biases);
    }
    CHECK(moved >= 30);
}

/* Build a scene, take one step, compare. Returns whether a step was taken. */
static void run_scene(scene s, double scale)
{
    const double rate = 0x1p-8;
    const float g0 = 4.0f;
    make_features(&s);
    make_interactions(&s);
    lfm_model *model = build_model(NULL, FEATURES, FEATURES, D, s.optimiser, 1);
    set_parameters(&s, model, scale, g0);
    lfm_train_options options;
    lfm_train_options_init(&options);
    options.loss = s.loss;
    options.epochs = 1;
    options.learning_rate = rate;
    options.order = LFM_ORDER_STORED;
    options.threads = 1;
    options.margin = 1e6; /* every draw violates */
    options.max_draws = 1000;
    options.negative_power = 0;
    CHECK_OK(lfm_model_fit_partial(model, s.interactions, s.user_features, s.item_features, &options));
    check_step(&s, model, rate, g0);
    for (int side = 0; side < 2; side++)
        free(s.theta[side]);
    lfm_model_free(model);
    lfm_interactions_free(s.interactions);
    lfm_features_free(s.user_features);
    lfm_features_free(s.item_features);
}

static void run_weights(scene s)
{
    static const float weights[] = {1, 0.25f, 3};
    for (int w = 0; w < 3; w++) {
        for (int32_t optimiser = 0; optimiser < 2; optimiser++) {
            s.weight = weights[w];
            s.optimiser = optimiser;
            run_scene(s, 0.5);
            run_scene(s, 1.5);
        }
    }
}

static void test_logistic(void)
{
    run_weights((scene){.loss = LFM_LOSS_LOGISTIC, .n_items = 2, .value = 1});
    run_weights((scene){.loss = LFM_LOSS_LOGISTIC, .n_items = 2, .value = -1});
    run_weights((scene){.loss = LFM_LOSS_LOGISTIC, .n_items = 2, .value = 0});
    run_weights((scene){.loss = LFM_LOSS_LOGISTIC, .n_items = 2, .value = 4.5f});
}

static void test_bpr(void)
{
    run_weights((scene){.loss = LFM_LOSS_BPR, .n_items = 2, .value = 1});
    run_weights((scene){.loss = LFM_LOSS_BPR, .n_items = 40, .value = 1});
}

/* The one known item is drawn with chance 1 / 5000, so the first draw violates and the rank is 4999;
 * g is cut off at 10, which weight 3 reaches. */
static void test_warp(void)
{
    enum { ITEMS = 5000 };
    run_weights((scene){.loss = LFM_LOSS_WARP, .n_items = ITEMS, .value = 1,
                        .rank_weight = log(ITEMS - 1)});
    run_weights((scene){.loss = LFM_LOSS_WARP_KOS, .n_items = ITEMS, .value = 1,
                        .rank_weight = log(ITEMS - 1)});
}

/* One draw among three items, of which one is known: no step, or one of ln 2. */
static void test_warp_few(void)
{
    int stepped = 0;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        static const int32_t users[] = {0}, items[] = {0};
        lfm_interactions *one = build_interactions(1, 1, 3, users, items, NULL);
        lfm_model *model = build_model(NULL, 1, 3, 2, 0, seed);
        float *before = model_copy(model, LFM_ITEM, LFM_BIASES, NULL);
        lfm_train_options options;
        lfm_train_options_init(&options);
        options.epochs = 1;
        options.threads = 1;
        options.margin = 1e6;
        options.max_sampled = 1;
        options.learning_rate = 0.5;
        CHECK_OK(lfm_model_fit_partial(model, one, NULL, NULL, &options));
        float *after = model_copy(model, LFM_ITEM, LFM_BIASES, NULL);
        const double g = (double)after[0] - (double)before[0];
        if (g != 0) {
            stepped++;
            CHECK_CLOSE(g, 0.5 * log(2), 1e-6, 0);
            CHECK((after[1] != 0) != (after[2] != 0));
            CHECK_CLOSE(after[1] + after[2], -g, 1e-6, 0);
        }
        free(before);
        free(after);
        lfm_model_free(model);
        lfm_interactions_free(one);
    }
    /* The known item is drawn in a third of the cases, and then there is no step. */
    CHECK(stepped >= 15 && stepped <= 37);
}

/* The rank weight falls with the draw that violates: ln(floor((I - 1) / t)). One item is unknown. */
static void test_warp_ranks(void)
{
    enum { ITEMS = 12, DRAWS = 8, RUNS = 600 };
    int32_t users[ITEMS - 1] = {0}, items[ITEMS - 1];
    for (int32_t i = 0; i < ITEMS - 1; i++)
        items[i] = i;
    float values[ITEMS - 1] = {1}; /* the others are known as explicit negatives */
    lfm_interactions *known = build_interactions(ITEMS - 1, 1, ITEMS, users, items, values);
    int seen[DRAWS + 1] = {0}, none = 0;
    for (uint64_t seed = 1; seed <= RUNS; seed++) {
        lfm_model *model = build_model(NULL, 1, ITEMS, 2, 0, seed);
        lfm_train_options options;
        lfm_train_options_init(&options);
        options.epochs = 1;
        options.threads = 1;
        options.margin = 1e6;
        options.max_sampled = DRAWS;
        options.learning_rate = 1;
        CHECK_OK(lfm_model_fit_partial(model, known, NULL, NULL, &options));
        float *biases = model_copy(model, LFM_ITEM, LFM_BIASES, NULL);
        CHECK_CLOSE(biases[ITEMS - 1], -(double)biases[0], 0, 0);
        bool explained = biases[0] == 0;
        none += biases[0] == 0;
        for (int t = 1; t <= DRAWS; t++) {
            const double g = log((double)((ITEMS - 1) / t > 1 ? (ITEMS - 1) / t : 1));
            if (g > 0 && fabs((double)biases[0] - g) < 1e-6 * (1 + g)) {
                explained = true;
                seen[t]++;
            }
        }
        CHECK(explained);
        free(biases);
        lfm_model_free(model);
    }
    /* t is geometric with chance 1/12: 50 of 600 at t = 1, 300 never in 8 draws or with weight 0. */
    CHECK(seen[1] > 25 && seen[1] < 85);
    CHECK(seen[2] > 20 && seen[3] > 15);
    CHECK(none > 300 && none < 480);
    lfm_interactions_free(known);
}

/* k-OS WARP visits explicit negatives, and draws them as positives, only with kos_known. */
static void test_kos_known(void)
{
    static const int32_t users[] = {0, 0}, items[] = {0, 1};
    static const float values[] = {-1, -1};
    lfm_interactions *negatives = build_interactions(2, 1, 5, users, items, values);
    for (int32_t known = 0; known < 2; known++) {
        lfm_model *model = build_model(NULL, 1, 5, 3, 0, 1);
        lfm_train_options options;
        lfm_train_options_init(&options);
        options.loss = LFM_LOSS_WARP_KOS;
        options.kos_known = known;
        options.epochs = 20;
        options.threads = 1;
        CHECK_OK(lfm_model_fit_partial(model, negatives, NULL, NULL, &options));
        float *biases = model_copy(model, LFM_ITEM, LFM_BIASES, NULL);
        if (known)
            CHECK(biases[0] > 0 && biases[1] > 0 && biases[2] + biases[3] + biases[4] < 0);
        else
            CHECK(biases[0] == 0 && biases[1] == 0 && biases[2] == 0 && biases[3] == 0 && biases[4] == 0);
        free(biases);
        lfm_model_free(model);
    }
    lfm_interactions_free(negatives);
}

/* The k-th best of the drawn positives is what moves: with many draws of two items of which one is far
 * better, k = 1 steps on it and a large k on the other. */
static void test_kos_order(void)
{
    enum { POSITIVES = 9 };
    int32_t users[POSITIVES] = {0}, items[POSITIVES];
    for (int32_t i = 0; i < POSITIVES; i++)
        items[i] = i;
    lfm_interactions *m = build_interactions(POSITIVES, 1, 60, users, items, NULL);
    for (int32_t k = 1; k <= POSITIVES; k += POSITIVES - 1) {
        lfm_model *model = build_model(NULL, 1, 60, 2, 0, 1);
        float biases[60] = {0};
        for (int32_t i = 0; i < POSITIVES; i++)
            biases[i] = (float)(i + 1); /* the higher the item, the better */
        CHECK_OK(lfm_model_set(model, LFM_ITEM, LFM_BIASES, biases, 60));
        lfm_train_options options;
        lfm_train_options_init(&options);
        options.loss = LFM_LOSS_WARP_KOS;
        options.kos_k = k;
        options.kos_n = POSITIVES;
        options.margin = 1e6;
        options.epochs = 1;
        options.threads = 1;
        options.learning_rate = 1e-4;
        CHECK_OK(lfm_model_fit_partial(model, m, NULL, NULL, &options));
        float *after = model_copy(model, LFM_ITEM, LFM_BIASES, NULL);
        /* 9 draws from 9: the best drawn is one of the last few nearly always, the worst of the first. */
        double low = 0, high = 0;
        for (int32_t i = 0; i < POSITIVES; i++)
            *(i < POSITIVES / 2 ? &low : &high) += (double)(after[i] - biases[i]);
        CHECK(k == 1 ? high > 0 && low < high / 4 : low > 0 && high < low / 4);
        free(after);
        lfm_model_free(model);
    }
    lfm_interactions_free(m);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"logistic", test_logistic},
        {"BPR with forced negatives", test_bpr},
        {"WARP and k-OS WARP with a known rank, clipped at 10", test_warp},
        {"WARP among three items", test_warp_few},
        {"WARP's weight by draw", test_warp_ranks},
        {"k-OS WARP and explicit negatives", test_kos_known},
        {"k-OS WARP steps on the k-th best", test_kos_order},
    };
    return TAP_MAIN("gradients", tests, argc, argv);
}
