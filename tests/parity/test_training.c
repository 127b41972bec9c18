/* Training without random choices gives LightFM's numbers: parameters, state and scores. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "check.h"
#include "json_arrays.h"
#include "tap.h"

enum { N_ARRAYS = 6 };
static const char *const side_names[] = {"user", "item"};
static const char *const array_names[N_ARRAYS] = {"embeddings",          "biases",
                                                  "embedding_gradients", "bias_gradients",
                                                  "embedding_momentum",  "bias_momentum"};

static lfm_features *load_features(const json_t *c, const char *name, int32_t *n_features)
{
    const json_t *given = json_member(c, name);
    if (json_is_null(given))
        return NULL;
    int64_t n;
    int32_t *offsets = json_int32s(given, "indptr", &n);
    int32_t *columns = json_int32s(given, "indices", &n);
    float *values = json_floats(given, "data", &n);
    lfm_csr csr;
    lfm_csr_init(&csr);
    csr.n_rows = (int32_t)json_number(given, "rows");
    csr.n_columns = *n_features = (int32_t)json_number(given, "cols");
    csr.n_entries = n;
    csr.offsets = lfm_int32(offsets);
    csr.columns = lfm_int32(columns);
    csr.values = lfm_float32(values);
    lfm_features *features = NULL;
    REQUIRE_OK(lfm_features_from_csr(NULL, &csr, NULL, &features));
    free(offsets);
    free(columns);
    free(values);
    return features;
}

static lfm_interactions *load_interactions(const json_t *c, bool borrow, void **to_free)
{
    int64_t n;
    int32_t *users = json_int32s(c, "users", &n), *items = json_int32s(c, "items", &n);
    float *values = json_floats(c, "values", &n), *weights = json_floats(c, "weights", &n);
    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_entries = n;
    coo.n_rows = (int32_t)json_number(c, "n_users");
    coo.n_columns = (int32_t)json_number(c, "n_items");
    coo.rows = lfm_int32(users);
    coo.columns = lfm_int32(items);
    coo.values = lfm_float32(values);
    lfm_interactions_options options;
    lfm_interactions_options_init(&options);
    options.weights = lfm_float32(weights);
    options.borrow = borrow;
    lfm_interactions *interactions = NULL;
    REQUIRE_OK(lfm_interactions_from_coo(NULL, &coo, &options, &interactions));
    void *arrays[4] = {users, items, values, weights};
    memcpy(to_free, arrays, sizeof arrays);
    return interactions;
}

static bool has_array(const lfm_model *model, int32_t array)
{
    lfm_view view = {.size = sizeof view};
    return lfm_model_view(model, LFM_USER, array, &view) == LFM_OK;
}

static void set_initial(lfm_model *model, const json_t *c)
{
    for (int32_t side = 0; side < 2; side++) {
        const json_t *initial = json_member(json_member(c, "initial"), side_names[side]);
        for (int32_t array = 0; array < N_ARRAYS; array++) {
            if (!has_array(model, array))
                continue;
            int64_t n;
            float *values = json_floats(initial, array_names[array], &n);
            REQUIRE_OK(lfm_model_set(model, side, array, values, n));
            free(values);
        }
    }
}

static void compare_final(const lfm_model *model, const json_t *c)
{
    const char *name = json_text(c, "name");
    for (int32_t side = 0; side < 2; side++) {
        const json_t *final = json_member(json_member(c, "final"), side_names[side]);
        for (int32_t array = 0; array < N_ARRAYS; array++) {
            if (!has_array(model, array))
                continue;
            int64_t n, n_wanted;
            float *ours = model_copy(model, side, array, &n);
            double *wanted = json_doubles(final, array_names[array], &n_wanted);
            CHECK_INTEGER(n, n_wanted);
            for (int64_t i = 0; i < n && n == n_wanted; i++) {
                const double off = fabs((double)ours[i] - wanted[i]);
                check_report(off <= 1e-6 || off <= 1e-5 * fabs(wanted[i]), false, __FILE__, __LINE__,
                             "%s: %s %s[%lld] is %.9g, LightFM has %.9g", name, side_names[side],
                             array_names[array], (long long)i, (double)ours[i], wanted[i]);
            }
            free(ours);
            free(wanted);
        }
    }
}

static void compare_scores(const lfm_model *model, const json_t *c, const lfm_features *user_features,
                           const lfm_features *item_features)
{
    const json_t *predict = json_member(c, "predict");
    int64_t n;
    int32_t *users = json_int32s(predict, "users", &n), *items = json_int32s(predict, "items", &n);
    double *wanted = json_doubles(predict, "scores", &n);
    float *scores = take((size_t)n, sizeof *scores);
    lfm_scorer *scorer = NULL;
    REQUIRE_OK(lfm_scorer_create(model, user_features, item_features, NULL, &scorer));
    CHECK_OK(lfm_predict(scorer, n, users, items, scores, NULL));
    for (int64_t i = 0; i < n; i++)
        CHECK_CLOSE(scores[i], wanted[i], 1e-5, 1e-6);
    lfm_scorer_free(scorer);
    free(users);
    free(items);
    free(wanted);
    free(scores);
}

static void run_case(const json_t *c, bool borrow)
{
    int32_t n_features[2] = {(int32_t)json_number(c, "n_users"), (int32_t)json_number(c, "n_items")};
    lfm_features *user_features = load_features(c, "user_features", &n_features[0]);
    lfm_features *item_features = load_features(c, "item_features", &n_features[1]);
    void *arrays[4];
    lfm_interactions *interactions = load_interactions(c, borrow, arrays);
    const bool adadelta = strcmp(json_text(c, "schedule"), "adadelta") == 0;
    lfm_model *model =
        build_model(NULL, n_features[0], n_features[1], (int32_t)json_number(c, "components"),
                    adadelta ? LFM_OPTIMISER_ADADELTA : LFM_OPTIMISER_ADAGRAD, 1);
    set_initial(model, c);
    lfm_train_options options;
    lfm_train_options_init(&options);
    CHECK_OK(lfm_train_options_set(&options, "loss", json_text(c, "loss")));
    options.epochs = (int32_t)json_number(c, "epochs");
    options.learning_rate = json_number(c, "learning_rate");
    options.rho = json_number(c, "rho");
    options.epsilon = json_number(c, "epsilon");
    options.order = LFM_ORDER_STORED;
    options.threads = 1;
    options.user_alpha = json_number(c, "user_alpha");
    options.item_alpha = json_number(c, "item_alpha");
    if (strcmp(json_text(c, "regularisation"), "lightfm") == 0)
        options.regularisation = LFM_REGULARISATION_LIGHTFM;
    options.max_draws = 10000; /* the one unknown item is found in the end */
    CHECK_OK(lfm_model_fit_partial(model, interactions, user_features, item_features, &options));
    compare_final(model, c);
    compare_scores(model, c, user_features, item_features);
    lfm_model_free(model);
    lfm_interactions_free(interactions);
    lfm_features_free(user_features);
    lfm_features_free(item_features);
    for (int i = 0; i < 4; i++)
        free(arrays[i]);
}

static void run_all(const char *part, bool borrow)
{
    json_t *root = json_load_parity("training.json");
    if (root == NULL)
        return;
    const json_t *cases = json_member(root, "cases");
    int ran = 0;
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *c = json_array_get(cases, i);
        if (strstr(json_text(c, "name"), part) != NULL) {
            run_case(c, borrow);
            ran++;
        }
    }
    CHECK(ran >= 5);
    json_decref(root);
}

static void test_logistic(void) { run_all("logistic", false); }
static void test_bpr(void) { run_all("bpr", false); }
static void test_regularisation(void) { run_all("lightfm-regularisation", false); }
static void test_borrowed(void) { run_all("", true); }

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"logistic cases equal LightFM's", test_logistic},
        {"BPR cases with a forced negative equal LightFM's", test_bpr},
        {"cases with LightFM's regularisation equal LightFM's", test_regularisation},
        {"all cases from borrowed arrays", test_borrowed},
    };
    return TAP_MAIN("parity-training", tests, argc, argv);
}
