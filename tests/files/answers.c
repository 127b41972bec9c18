/* Asking a scorer everything that it can be asked. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "world.h"

enum { K = 5 };

typedef struct asking {
    const lfm_scorer *scorer;
    lfm_features *const *f;
    lfm_interactions *seen, *test;
    bool strict;
    uint64_t hash;
} asking;

/* Whether a call answered; a strict asking insists. */
static bool answered(const asking *a, lfm_status status)
{
    if (a->strict)
        CHECK_STATUS(status, LFM_OK);
    return status == LFM_OK;
}

static void add(asking *a, const void *values, size_t n) { a->hash = hash_bytes(a->hash, values, n); }

static void ask_lists(asking *a, int32_t n_users, int32_t n_items)
{
    const int32_t k = n_items < K ? n_items : K;
    if (k < 1 || n_users < 1)
        return;
    int32_t *items = take((size_t)n_users * (size_t)k, sizeof *items);
    float *scores = take((size_t)n_users * (size_t)k, sizeof *scores);
    uint8_t *mask = take((size_t)n_items, 1);
    for (int32_t i = 0; i < n_items; i++)
        mask[i] = i % 5 != 3;
    for (int way = 0; way < 6; way++) {
        lfm_recommend_options options;
        lfm_recommend_options_init(&options);
        options.item_mask = way / 2 == 1 ? mask : NULL;
        options.n_item_mask = way / 2 == 1 ? n_items : 0;
        const int32_t first = 0;
        options.candidates = way / 2 == 2 ? &first : NULL;
        options.n_candidates = way / 2 == 2;
        lfm_interactions *exclude = way % 2 == 1 ? a->seen : NULL;
        if (answered(a, lfm_recommend(a->scorer, n_users, NULL, k, exclude, items, scores, &options))) {
            add(a, items, (size_t)n_users * (size_t)k * sizeof *items);
            add(a, scores, (size_t)n_users * (size_t)k * sizeof *scores);
            for (int64_t at = 0; at < (int64_t)n_users * k; at++)
                CHECK(items[at] >= -1 && items[at] < n_items);
        }
        for (int32_t user = 0; user < n_users && user < 3; user++) {
            if (answered(a, lfm_recommend(a->scorer, 1, &user, k, exclude, items, scores, &options)))
                add(a, items, (size_t)k * sizeof *items);
        }
    }
    if (a->f[0] != NULL) {
        const int64_t n = lfm_features_n_rows(a->f[0]);
        if (n <= n_users && answered(a, lfm_recommend_features(a->scorer, a->f[0], k, NULL, items, scores, NULL)))
            add(a, items, (size_t)n * (size_t)k * sizeof *items);
    }
    free(items);
    free(scores);
    free(mask);
}

static void ask_similar(asking *a)
{
    for (int32_t from = 0; from < 4; from++) {
        for (int32_t to = 0; to < 4; to++) {
            const int32_t n = lfm_scorer_n_rows(a->scorer, from);
            const int32_t queries[2] = {0, n - 1};
            int32_t rows[2 * K];
            float likeness[2 * K];
            if (n < 1 || lfm_scorer_n_rows(a->scorer, to) < 1)
                continue;
            if (answered(a, lfm_similar(a->scorer, from, 2, queries, to, K, rows, likeness, NULL))) {
                add(a, rows, sizeof rows);
                add(a, likeness, sizeof likeness);
            }
        }
    }
}

static void ask_metrics(asking *a)
{
    static const lfm_metric metrics[] = {{LFM_METRIC_NDCG, K},       {LFM_METRIC_AUC, 0},
                                         {LFM_METRIC_AVERAGE_PRECISION, K}, {LFM_METRIC_COVERAGE, K},
                                         {LFM_METRIC_SIMILARITY, K}, {LFM_METRIC_RECIPROCAL_RANK, 0}};
    enum { N = sizeof metrics / sizeof *metrics };
    lfm_metric_result results[N];
    for (int i = 0; i < N; i++)
        results[i].size = sizeof *results;
    lfm_evaluate_options options;
    lfm_evaluate_options_init(&options);
    options.exclude = a->seen;
    options.check_overlap = 0;
    options.bootstrap = 20;
    if (answered(a, lfm_evaluate(a->scorer, a->test, metrics, N, &options, results, NULL))) {
        for (int i = 0; i < N; i++)
            add(a, &results[i].mean, sizeof results[i].mean);
    }
    const int64_t n = lfm_interactions_n_entries(a->test);
    int32_t *ranks = take((size_t)n, sizeof *ranks);
    lfm_infer_options how;
    lfm_infer_options_init(&how);
    how.check_overlap = 0;
    if (answered(a, lfm_rank(a->scorer, a->test, a->seen, ranks, &how))) {
        add(a, ranks, (size_t)n * sizeof *ranks);
        for (int64_t i = 0; i < n; i++)
            CHECK(ranks[i] >= 0 && ranks[i] < lfm_scorer_n_rows(a->scorer, LFM_SPACE_ITEM));
    }
    free(ranks);
}

static void ask_rest(asking *a, int32_t n_users, int32_t n_items)
{
    float *scores = take((size_t)n_users * (size_t)n_items, sizeof *scores);
    if (n_users > 0 && n_items > 0 &&
        answered(a, lfm_predict_block(a->scorer, n_users, NULL, n_items, NULL, scores, 0, NULL)))
        add(a, scores, (size_t)n_users * (size_t)n_items * sizeof *scores);
    free(scores);
    for (int32_t user = 0; user < n_users && user < 3 && n_items > 0; user++) {
        lfm_contribution parts[K];
        lfm_explanation why = {.size = sizeof why};
        if (answered(a, lfm_explain(a->scorer, a->f[0], a->f[1], user, n_items - 1, K, parts, &why, NULL))) {
            add(a, parts, sizeof parts);
            add(a, &why.score, sizeof why.score);
            add(a, &why.predicted, sizeof why.predicted);
        }
    }
    const int32_t width = lfm_vectors_components(a->scorer, LFM_VECTORS_COSINE);
    float *vectors = take((size_t)n_items * (size_t)width, sizeof *vectors);
    if (answered(a, lfm_vectors_export(a->scorer, LFM_SPACE_ITEM, LFM_VECTORS_COSINE, 0, 0, n_items, vectors, NULL)))
        add(a, vectors, (size_t)n_items * (size_t)width * sizeof *vectors);
    free(vectors);
}

/* New users who did what the test's users do; damaged means may lead them anywhere. */
static void ask_fold_in(asking *a)
{
    const int32_t n = lfm_interactions_n_users(a->test), d = lfm_scorer_components(a->scorer);
    float *vectors = take((size_t)n * (size_t)d, sizeof *vectors), *biases = take((size_t)n, sizeof *biases);
    for (int way = 0; way < 2; way++) {
        lfm_fold_in_options options;
        lfm_fold_in_options_init(&options);
        options.epochs = way; /* none: the means themselves */
        options.threads = 1;
        if (answered(a, lfm_fold_in(a->scorer, a->test, vectors, 0, biases, &options))) {
            add(a, vectors, (size_t)n * (size_t)d * sizeof *vectors);
            add(a, biases, (size_t)n * sizeof *biases);
        }
    }
    free(vectors);
    free(biases);
}

uint64_t all_answers(const lfm_scorer *scorer, lfm_features *const f[2], lfm_interactions *seen,
                     lfm_interactions *test, bool strict)
{
    asking a = {.scorer = scorer, .f = f, .seen = seen, .test = test, .strict = strict, .hash = HASH_START};
    const int32_t n_users = lfm_scorer_n_rows(scorer, LFM_SPACE_USER);
    const int32_t n_items = lfm_scorer_n_rows(scorer, LFM_SPACE_ITEM);
    ask_lists(&a, n_users, n_items);
    ask_similar(&a);
    if (test != NULL) {
        ask_metrics(&a);
        ask_fold_in(&a);
    }
    ask_rest(&a, n_users, n_items);
    return a.hash;
}

static void train_on(lfm_model *model, lfm_features *const f[2], lfm_interactions *seen)
{
    lfm_train_options options;
    lfm_train_options_init(&options);
    options.epochs = 1;
    options.threads = 1;
    if (seen != NULL)
        (void)lfm_model_fit_partial(model, seen, f[0], f[1], &options);
}

static void try_file(lfm_file *file)
{
    (void)lfm_file_check(file, NULL);
    for (int32_t i = 0; i < lfm_file_n_metadata(file); i++) {
        const char *key, *value;
        CHECK_OK(lfm_file_metadata_at(file, i, &key, &value));
        CHECK(lfm_file_metadata(file, key) == value);
    }
    uint64_t hash = HASH_START;
    for (int32_t i = 0; i < lfm_file_n_tensors(file); i++) {
        lfm_tensor tensor = {.size = sizeof tensor}, same = {.size = sizeof same};
        CHECK_OK(lfm_file_tensor_at(file, i, &tensor));
        CHECK_OK(lfm_file_tensor(file, tensor.name, &same));
        CHECK(same.data == tensor.data);
        hash = hash_bytes(hash, tensor.data, (size_t)tensor.n_bytes);
    }
    CHECK(lfm_file_n_tensors(file) == 0 || hash != 0);
    (void)file_names_answers(file, false);
    lfm_train_options options;
    lfm_train_options_init(&options);
    (void)lfm_file_train_options(file, &options);
    lfm_features *f[2] = {NULL, NULL};
    lfm_interactions *seen = NULL;
    (void)lfm_file_features(file, LFM_USER, &f[0]);
    (void)lfm_file_features(file, LFM_ITEM, &f[1]);
    (void)lfm_file_seen(file, &seen);
    lfm_model *model = NULL;
    if (lfm_file_model(file, &model) == LFM_OK)
        train_on(model, f, seen);
    for (int32_t precision = -1; precision <= LFM_PRECISION_INT8; precision++) {
        lfm_scorer_options how;
        lfm_scorer_options_init(&how);
        how.precision = precision;
        how.threads = 1;
        lfm_scorer *scorer = NULL;
        if (lfm_file_scorer(file, precision < 0 ? NULL : &how, &scorer) == LFM_OK) {
            buffer saved = {0};
            (void)all_answers(scorer, f, seen, seen, false);
            (void)lfm_scorer_write(scorer, buffer_write, &saved, NULL);
            buffer_free(&saved);
        }
        lfm_scorer_free(scorer);
    }
    lfm_model_free(model);
    lfm_features_free(f[0]);
    lfm_features_free(f[1]);
    lfm_interactions_free(seen);
}

bool try_everything(const unsigned char *data, int64_t n)
{
    const buffer bytes = {(unsigned char *)(uintptr_t)data, n, n};
    lfm_file *file = NULL;
    if (buffer_try(&bytes, NULL, &file) != LFM_OK) {
        CHECK(file == NULL && lfm_last_message()[0] != '\0');
        return false;
    }
    try_file(file);
    lfm_file_free(file);
    return true;
}
