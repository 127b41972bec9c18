/* Contexts, cancel flags, messages, reference counts in any order, and the float environment. */
#include <fenv.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "check.h"
#include "counting.h"
#include "tap.h"

static void test_context(void)
{
    lfm_context *context = NULL;
    lfm_context_options options;
    lfm_context_options_init(&options);
    CHECK_OK(lfm_context_create(NULL, &context));
    lfm_context_free(context);
    context = NULL;
    CHECK_FAILS(lfm_context_create(&options, NULL), LFM_ERROR_ARGUMENT, "out");
    counting counts = {0};
    counting_install(&counts, &options);
    options.deallocate = NULL;
    CHECK_FAILS(lfm_context_create(&options, &context), LFM_ERROR_ARGUMENT, "together");
    counting_install(&counts, &options);
    options.allocate = NULL;
    CHECK_FAILS(lfm_context_create(&options, &context), LFM_ERROR_ARGUMENT, "together");
    counting_install(&counts, &options);
    options.threads = -1;
    CHECK_FAILS(lfm_context_create(&options, &context), LFM_ERROR_OPTION, "threads");
    options.threads = 0;
    counts.fail_at = 1;
    CHECK_STATUS(lfm_context_create(&options, &context), LFM_ERROR_MEMORY);
    CHECK(context == NULL && counts.live == 0);
    CHECK(lfm_context_ref(NULL) == NULL);
    lfm_context_free(NULL);
}

static void test_cancel(void)
{
    lfm_cancel *cancel = NULL;
    CHECK_FAILS(lfm_cancel_create(NULL, NULL), LFM_ERROR_ARGUMENT, "out");
    CHECK_OK(lfm_cancel_create(NULL, &cancel));
    CHECK_INTEGER(lfm_cancel_is_set(cancel), 0);
    lfm_cancel_set(cancel);
    CHECK_INTEGER(lfm_cancel_is_set(cancel), 1);
    lfm_cancel *again = lfm_cancel_ref(cancel);
    lfm_cancel_free(cancel);
    CHECK_INTEGER(lfm_cancel_is_set(again), 1);
    lfm_cancel_reset(again);
    CHECK_INTEGER(lfm_cancel_is_set(again), 0);
    (void)lfm_model_reset(NULL);
    lfm_cancel_set(again); /* leaves the message alone */
    CHECK_MESSAGE("model");
    lfm_cancel_free(again);
    CHECK(lfm_cancel_is_set(NULL) == 0 && lfm_cancel_ref(NULL) == NULL);
    lfm_cancel_set(NULL);
    lfm_cancel_reset(NULL);
    lfm_cancel_free(NULL);
}

static void test_statuses(void)
{
    static const char *const names[] = {
        "LFM_OK",           "LFM_ERROR_ARGUMENT",  "LFM_ERROR_MEMORY",   "LFM_ERROR_DATA",
        "LFM_ERROR_SHAPE",  "LFM_ERROR_OPTION",    "LFM_ERROR_BUSY",     "LFM_ERROR_CANCELLED",
        "LFM_ERROR_DIVERGED", "LFM_ERROR_OVERLAP", "LFM_ERROR_UNSUPPORTED",
        "LFM_ERROR_FILE",   "LFM_ERROR_FORMAT"};
    for (int i = 0; i < 13; i++)
        CHECK(strcmp(lfm_status_name(-i), names[i]) == 0);
    CHECK(strcmp(lfm_status_name(1), "unknown status") == 0);
    CHECK(strcmp(lfm_status_name(-13), "unknown status") == 0);
    CHECK(strcmp(lfm_version(), LFM_VERSION_STRING) == 0);
}

/* Each thread has its own message, and a success clears it. */
static void *fail_elsewhere(void *arg)
{
    bool *good = arg;
    *good = lfm_last_message()[0] == '\0' && lfm_cancel_create(NULL, NULL) == LFM_ERROR_ARGUMENT &&
            strstr(lfm_last_message(), "lfm_cancel_create") != NULL;
    return NULL;
}

static void test_messages(void)
{
    (void)lfm_model_reset(NULL);
    CHECK_MESSAGE("lfm_model_reset");
    bool good = false;
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, fail_elsewhere, &good) == 0);
    pthread_join(thread, NULL);
    CHECK(good);
    CHECK_MESSAGE("lfm_model_reset");
    lfm_context *context = NULL;
    CHECK_OK(lfm_context_create(NULL, &context));
    CHECK(lfm_last_message()[0] == '\0');
    lfm_context_free(context);
    /* A long name does not break the message. */
    char name[5000];
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = '\0';
    lfm_train_options options;
    lfm_train_options_init(&options);
    CHECK_FAILS(lfm_train_options_set(&options, name, "1"), LFM_ERROR_OPTION, "xxx");
    CHECK(strlen(lfm_last_message()) < 1000);
}

/* What training makes goes back to the allocator it came from, be the model of another than the interactions. */
static void test_two_contexts(void)
{
    enum { USERS = 9000, N = 20000 };
    counting counts[2] = {{0}, {0}};
    lfm_context *contexts[2];
    for (int i = 0; i < 2; i++)
        contexts[i] = counting_context(&counts[i], NULL, NULL);
    test_entries e = entries_random(1, N, USERS, 9, 0, 0);
    lfm_interactions *interactions = entries_build(contexts[0], &e);
    entries_free(&e);
    for (int32_t loss = 0; loss < 4; loss++) {
        lfm_model *model = build_model(contexts[1], USERS, 9, 4, 0, 1);
        lfm_train_options options;
        lfm_train_options_init(&options);
        options.loss = loss;
        options.epochs = 1;
        options.threads = 2;
        CHECK_OK(lfm_model_fit_partial(model, interactions, NULL, NULL, &options));
        lfm_model_free(model);
    }
    lfm_interactions_free(interactions);
    for (int i = 0; i < 2; i++) {
        lfm_context_free(contexts[i]);
        CHECK(atomic_load(&counts[i].live) == 0 && atomic_load(&counts[i].errors) == 0);
    }
}

/* All objects of one context, freed in every rotation of their order. */
static void test_lifetimes(void)
{
    enum { OBJECTS = 7 };
    for (int first = 0; first < OBJECTS; first++) {
        for (int direction = -1; direction <= 1; direction += 2) {
            counting counts = {0};
            lfm_context *context = counting_context(&counts, NULL, NULL);
            lfm_cancel *cancel = NULL;
            REQUIRE_OK(lfm_cancel_create(context, &cancel));
            test_entries e = entries_random(1, 60, 8, 9, 2, 0);
            lfm_interactions *interactions = entries_build(context, &e);
            entries_free(&e);
            lfm_features *f = build_random_features(context, 1, 9, 5, 3);
            lfm_model *model = build_model(context, 8, 5, 4, 0, 1);
            CHECK_OK(lfm_model_fit_partial(model, interactions, NULL, f, NULL));
            lfm_scorer *scorer = NULL;
            REQUIRE_OK(lfm_scorer_create(model, NULL, f, NULL, &scorer));
            lfm_interactions *train = NULL, *test = NULL;
            REQUIRE_OK(lfm_interactions_split(interactions, NULL, &train, &test));
            lfm_interactions_free(train);
            for (int i = 0; i < OBJECTS; i++) {
                switch ((first + direction * i + OBJECTS) % OBJECTS) {
                case 0: lfm_context_free(context); break;
                case 1: lfm_cancel_free(cancel); break;
                case 2: lfm_interactions_free(interactions); break;
                case 3: lfm_features_free(f); break;
                case 4: lfm_model_free(model); break;
                case 5: lfm_scorer_free(scorer); break;
                default: lfm_interactions_free(test); break;
                }
            }
            CHECK_INTEGER(counts.live, 0);
            CHECK_INTEGER(counts.live_bytes, 0);
            CHECK_INTEGER(counts.errors, 0);
        }
    }
}

/* Whatever rounding the caller has: the same bits, and the caller's rounding afterwards. */
static uint64_t all_results(void)
{
    test_entries e = entries_random(1, 600, 30, 40, 2, 0);
    entries_add_weights(&e, 2);
    for (int64_t i = 0; i < e.n; i++)
        e.weights[i] = (float)(i % 5) * 0.125f; /* exact in every rounding mode */
    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_entries = e.n;
    coo.n_rows = e.n_users;
    coo.n_columns = e.n_items;
    coo.rows = lfm_int32(e.users);
    coo.columns = lfm_int32(e.items);
    double *values = take((size_t)e.n, sizeof *values);
    for (int64_t i = 0; i < e.n; i++)
        values[i] = (double)(i % 7 - 1) / 4096 + 0x1p-40 * (double)i;
    coo.values = lfm_float64(values);
    lfm_interactions_options how;
    lfm_interactions_options_init(&how);
    how.duplicates = LFM_DUPLICATES_SUM;
    how.weights = lfm_float32(e.weights);
    lfm_interactions *m = NULL, *train = NULL, *test = NULL;
    REQUIRE_OK(lfm_interactions_from_coo(NULL, &coo, &how, &m));
    const size_t n = (size_t)lfm_interactions_n_entries(m) * sizeof(float);
    uint64_t hash = hash_bytes(HASH_START, lfm_interactions_values(m), n);
    hash = hash_bytes(hash, lfm_interactions_weights(m), n);
    REQUIRE_OK(lfm_interactions_split(m, NULL, &train, &test));
    hash = hash_bytes(hash, lfm_interactions_items(test), (size_t)lfm_interactions_n_entries(test) * 4);
    lfm_features_options f_how;
    lfm_features_options_init(&f_how);
    f_how.normalise = f_how.identity = 1;
    lfm_features *f = NULL;
    REQUIRE_OK(lfm_features_from_coo(NULL, &coo, &f_how, &f));
    for (int32_t row = 0; row < 30; row++) {
        const float *weights;
        const int64_t length = lfm_features_row(f, row, NULL, &weights);
        hash = hash_bytes(hash, weights, (size_t)length * sizeof *weights);
    }
    for (int32_t loss = 0; loss < 4; loss++) {
        lfm_model *model = build_model(NULL, 30 + 40, 40, 17, loss % 3, 5);
        lfm_train_options options;
        lfm_train_options_init(&options);
        options.loss = loss;
        options.threads = 1;
        options.epochs = 2;
        options.negative_power = 0.5;
        options.regularisation = loss % 2;
        options.user_alpha = 1e-3;
        CHECK_OK(lfm_model_fit_partial(model, train, f, NULL, &options));
        hash = hash_bytes(hash, &(uint64_t){model_hash(model)}, sizeof(uint64_t));
        lfm_scorer *scorer = NULL;
        REQUIRE_OK(lfm_scorer_create(model, f, NULL, NULL, &scorer));
        const int32_t user = 3;
        int32_t items[40];
        float scores[40];
        CHECK_OK(lfm_recommend(scorer, 1, &user, 40, NULL, items, scores, NULL));
        hash = hash_bytes(hash, scores, sizeof scores);
        CHECK_OK(lfm_similar(scorer, LFM_SPACE_ITEM, 1, &user, LFM_SPACE_ITEM, 39, items, scores, NULL));
        hash = hash_bytes(hash, scores, 39 * sizeof *scores);
        const lfm_metric metric = {LFM_METRIC_AUC, 0};
        lfm_metric_result result = {.size = sizeof result};
        lfm_evaluate_options evaluation;
        lfm_evaluate_options_init(&evaluation);
        evaluation.exclude = train;
        evaluation.bootstrap = 20;
        CHECK_OK(lfm_evaluate(scorer, test, &metric, 1, &evaluation, &result, NULL));
        hash = hash_bytes(hash, &result, sizeof result);
        lfm_scorer_free(scorer);
        lfm_model_free(model);
    }
    lfm_features_free(f);
    lfm_interactions_free(train);
    lfm_interactions_free(test);
    lfm_interactions_free(m);
    free(values);
    entries_free(&e);
    return hash;
}

static void test_float_environment(void)
{
    static const int modes[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    const uint64_t wanted = all_results();
    for (int i = 0; i < 3; i++) {
        fesetround(modes[i]);
        feclearexcept(FE_ALL_EXCEPT);
        const int before = fegetround();
        const uint64_t got = all_results();
        const int after = fegetround();
        fesetround(FE_TONEAREST);
        CHECK(before == modes[i] && after == modes[i]);
        check_report(got == wanted, false, __FILE__, __LINE__, "other bits under rounding mode %d", modes[i]);
    }
}

static void count_release(void *released) { ++*(int *)released; }

/* A flag that is set ends the making and the splitting of matrices: nothing made, nothing lost. */
static void test_cancelled_making(void)
{
    enum { N = 4 };
    static const int32_t users[N] = {0, 1, 1, 0}, items[N] = {0, 1, 2, 2};
    static const int32_t offsets[3] = {0, 2, 4};
    static const int64_t times[N] = {1, 2, 3, 4};
    lfm_cancel *cancel;
    REQUIRE_OK(lfm_cancel_create(NULL, &cancel));
    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_entries = N, coo.n_rows = 2, coo.n_columns = 3;
    coo.rows = lfm_int32(users), coo.columns = lfm_int32(items);
    lfm_csr csr;
    lfm_csr_init(&csr);
    csr.n_entries = N, csr.n_rows = 2, csr.n_columns = 3;
    csr.offsets = lfm_int32(offsets), csr.columns = lfm_int32(items);
    int released = 0;
    lfm_interactions_options options;
    lfm_interactions_options_init(&options);
    options.timestamps = lfm_int64(times);
    options.cancel = cancel;
    lfm_features_options feature_options;
    lfm_features_options_init(&feature_options);
    feature_options.cancel = cancel;
    lfm_interactions *whole, *made = NULL, *train = NULL, *test = NULL;
    lfm_features *features = NULL;
    REQUIRE_OK(lfm_interactions_from_coo(NULL, &coo, &options, &whole)); /* not set yet */
    lfm_cancel_set(cancel);
    options.borrow = 1;
    options.release = count_release;
    options.release_user_data = &released;
    for (int32_t policy = LFM_DUPLICATES_KEEP; policy <= LFM_DUPLICATES_REJECT; policy++) {
        options.duplicates = feature_options.duplicates = policy;
        CHECK_FAILS(lfm_interactions_from_coo(NULL, &coo, &options, &made), LFM_ERROR_CANCELLED, "cancelled");
        CHECK_FAILS(lfm_interactions_from_csr(NULL, &csr, &options, &made), LFM_ERROR_CANCELLED, "cancelled");
        CHECK_FAILS(lfm_features_from_coo(NULL, &coo, &feature_options, &features), LFM_ERROR_CANCELLED, "cancelled");
        CHECK_FAILS(lfm_features_from_csr(NULL, &csr, &feature_options, &features), LFM_ERROR_CANCELLED, "cancelled");
    }
    CHECK_INTEGER(released, 8);
    lfm_split_options split;
    lfm_split_options_init(&split);
    split.k = 1;
    split.cancel = cancel;
    for (split.method = LFM_SPLIT_RANDOM; split.method <= LFM_SPLIT_LAST; split.method++)
        CHECK_FAILS(lfm_interactions_split(whole, &split, &train, &test), LFM_ERROR_CANCELLED, "cancelled");
    CHECK(made == NULL && features == NULL && train == NULL && test == NULL);
    lfm_cancel_reset(cancel);
    split.method = LFM_SPLIT_LAST;
    CHECK_OK(lfm_interactions_split(whole, &split, &train, &test));
    lfm_interactions_free(train);
    lfm_interactions_free(test);
    lfm_interactions_free(whole);
    lfm_cancel_free(cancel);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"contexts", test_context},
        {"cancel flags", test_cancel},
        {"cancelled making of matrices", test_cancelled_making},
        {"status names and version", test_statuses},
        {"messages", test_messages},
        {"objects freed in any order", test_lifetimes},
        {"objects of two contexts", test_two_contexts},
        {"the caller's float environment", test_float_environment},
    };
    return TAP_MAIN("context", tests, argc, argv);
}
