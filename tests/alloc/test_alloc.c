/* Every allocation of a scenario that touches every call fails once: the call says MEMORY, leaves its
 * outputs alone, leaks nothing, and the same scenario then succeeds. */
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "check.h"
#include "counting.h"
#include "tap.h"

enum { USERS = 12, ITEMS = 15, FEATURES = 6, N = 90, K = 4 };

/* One scenario: steps that fill these in until one fails. */
typedef struct scenario {
    const test_entries *entries;
    lfm_context *context;
    lfm_cancel *cancel;
    lfm_interactions *whole, *train, *test, *left, *other;
    lfm_features *f[2];
    lfm_model *model;
    lfm_scorer *scorer;
    bool untouched; /* a failed call left its outputs alone */
    int released, borrowed;
} scenario;

static void count_release(void *user_data) { ++*(int *)user_data; }

static lfm_coo coo_of(const test_entries *e)
{
    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_entries = e->n;
    coo.n_rows = e->n_users;
    coo.n_columns = e->n_items;
    coo.rows = lfm_int32(e->users);
    coo.columns = lfm_int32(e->items);
    coo.values = lfm_float32(e->values);
    return coo;
}

#define STEP(call)                                                                                     \
    do {                                                                                               \
        const lfm_status step_status = (call);                                                         \
        if (step_status != LFM_OK)                                                                     \
            return step_status;                                                                        \
    } while (0)

/* Matrices in all ways that allocate differently. */
static lfm_status make_matrices(scenario *s)
{
    const test_entries *e = s->entries;
    lfm_coo coo = coo_of(e);
    int64_t users64[N], items64[N];
    for (int i = 0; i < N; i++) {
        users64[i] = e->users[i];
        items64[i] = e->items[i];
    }
    lfm_interactions_options how;
    lfm_interactions_options_init(&how);
    how.weights = lfm_float32(e->weights);
    how.timestamps = lfm_int64(e->timestamps);
    STEP(lfm_interactions_from_coo(s->context, &coo, &how, &s->whole));
    how.release = count_release;
    how.release_user_data = &s->released;
    for (int32_t policy = 0; policy < 3; policy++) {
        for (int wide = 0; wide < 2; wide++) {
            how.duplicates = policy;
            how.borrow = !wide;
            coo.rows = wide ? lfm_int64(users64) : lfm_int32(e->users);
            coo.columns = wide ? lfm_int64(items64) : lfm_int32(e->items);
            s->borrowed++;
            lfm_interactions *m = NULL;
            const lfm_status status = lfm_interactions_from_coo(s->context, &coo, &how, &m);
            s->untouched = s->untouched && (status == LFM_OK || m == NULL);
            lfm_interactions_free(m);
            STEP(status);
        }
    }
    return LFM_OK;
}

static lfm_status make_features(scenario *s)
{
    const test_entries *e = s->entries;
    lfm_coo coo = coo_of(e);
    int32_t columns[N];
    for (int i = 0; i < N; i++)
        columns[i] = e->items[i] % FEATURES;
    coo.columns = lfm_int32(columns);
    coo.n_columns = FEATURES;
    for (int32_t bits = 0; bits < 12; bits++) {
        lfm_features_options how;
        lfm_features_options_init(&how);
        how.identity = bits & 1;
        how.normalise = (bits & 2) != 0;
        how.duplicates = bits >> 2;
        how.release = count_release;
        how.release_user_data = &s->released;
        s->borrowed++;
        lfm_features *f = NULL;
        const lfm_status status = lfm_features_from_coo(s->context, &coo, &how, &f);
        s->untouched = s->untouched && (status == LFM_OK || f == NULL);
        if (bits == 0)
            s->f[0] = f;
        else
            lfm_features_free(f);
        STEP(status);
    }
    static const int32_t offsets[ITEMS + 1] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    static const int32_t columns_of_items[ITEMS] = {0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 1, 2};
    lfm_csr csr;
    lfm_csr_init(&csr);
    csr.n_entries = csr.n_rows = ITEMS;
    csr.n_columns = FEATURES;
    csr.offsets = lfm_int32(offsets);
    csr.columns = lfm_int32(columns_of_items);
    lfm_features_options reject;
    lfm_features_options_init(&reject);
    reject.duplicates = LFM_DUPLICATES_REJECT;
    return lfm_features_from_csr(s->context, &csr, &reject, &s->f[1]);
}

static lfm_status split_and_threshold(scenario *s)
{
    for (int32_t method = 0; method < 3; method++) {
        lfm_split_options how;
        lfm_split_options_init(&how);
        how.method = method;
        how.k = 2;
        how.user_fraction = 0.5;
        lfm_interactions *train = NULL, *test = NULL;
        const lfm_status status = lfm_interactions_split(s->whole, &how, &train, &test);
        s->untouched = s->untouched && (status == LFM_OK || (train == NULL && test == NULL)) &&
                       (status == LFM_OK) == (lfm_last_message()[0] == '\0');
        if (method == 0) {
            s->train = train;
            s->test = test;
        } else {
            lfm_interactions_free(train);
            lfm_interactions_free(test);
        }
        STEP(status);
    }
    int32_t user_ids[USERS] = {-7}, item_ids[ITEMS] = {-7};
    const lfm_status status = lfm_interactions_threshold(s->whole, 3, 2, user_ids, item_ids, &s->left);
    s->untouched = s->untouched && (status == LFM_OK || (user_ids[0] == -7 && item_ids[0] == -7 && s->left == NULL));
    return status;
}

static lfm_status train_all(scenario *s)
{
    lfm_model_options how;
    lfm_model_options_init(&how);
    how.components = 5;
    for (int32_t loss = 0; loss < 4; loss++) {
        for (int32_t features = 0; features < 2; features++) {
            how.optimiser = (loss + features) % 3;
            lfm_model *model = NULL;
            lfm_status status = lfm_model_create(s->context, features ? FEATURES : USERS, features ? FEATURES : ITEMS,
                                                 &how, &model);
            s->untouched = s->untouched && (status == LFM_OK || model == NULL);
            STEP(status);
            lfm_train_options options;
            lfm_train_options_init(&options);
            options.loss = loss;
            options.epochs = 2;
            options.threads = 1 + features;
            options.rollback = features;
            options.graded = loss == LFM_LOSS_BPR;
            options.negative_power = loss == LFM_LOSS_LOGISTIC ? -1 : loss == LFM_LOSS_WARP ? 0.5 : 1;
            options.cancel = s->cancel;
            /* A copy without an index, so that its making can fail here too. */
            const lfm_coo coo = coo_of(s->entries);
            lfm_interactions *m = NULL;
            status = lfm_interactions_from_coo(s->context, &coo, NULL, &m);
            if (status == LFM_OK) {
                const uint64_t before = model_hash(model);
                status = lfm_model_fit_partial(model, m, features ? s->f[0] : NULL, features ? s->f[1] : NULL,
                                               &options);
                if (status != LFM_OK) /* nothing was trained */
                    s->untouched = s->untouched && lfm_last_message()[0] != '\0' && model_hash(model) == before;
            }
            lfm_interactions_free(m);
            if (loss == LFM_LOSS_WARP && features == 1 && status == LFM_OK)
                s->model = model;
            else
                lfm_model_free(model);
            STEP(status);
        }
    }
    return LFM_OK;
}

/* The model grows by a feature on each side, then new rows are folded in on each side. */
static lfm_status grow(scenario *s)
{
    const uint64_t before = model_hash(s->model);
    const lfm_status status = lfm_model_resize(s->model, FEATURES + 1, FEATURES + 1, NULL);
    s->untouched = s->untouched && (status == LFM_OK || model_hash(s->model) == before);
    return status;
}

static lfm_status fold(scenario *s, const lfm_scorer *scorer)
{
    enum { COMPONENTS = 5 };
    for (int32_t bits = 0; bits < 4; bits++) {
        static const int32_t columns[3] = {0, 1, 2};
        lfm_coo coo;
        lfm_coo_init(&coo);
        coo.n_entries = coo.n_rows = coo.n_columns = 3;
        coo.rows = coo.columns = lfm_int32(columns);
        lfm_interactions *rows = NULL;
        STEP(lfm_interactions_from_coo(s->context, &coo, NULL, &rows));
        lfm_fold_in_options how;
        lfm_fold_in_options_init(&how);
        how.side = bits & 1;
        how.loss = bits & 2 ? LFM_LOSS_WARP : how.side == LFM_USER ? LFM_LOSS_WARP_KOS : LFM_LOSS_BPR;
        how.training = s->train;
        float vectors[3 * COMPONENTS] = {-7};
        const lfm_status status = lfm_fold_in(scorer, rows, vectors, 0, NULL, &how);
        lfm_interactions_free(rows);
        s->untouched = s->untouched && (status == LFM_OK || vectors[0] == -7);
        STEP(status);
    }
    return LFM_OK;
}

/* A scorer of embeddings, its items in less than float32, and what is asked of it: a recommendation for a vector,
 * ranks. */
static lfm_status embed_in(scenario *s, int32_t precision)
{
    static const float numbers[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    lfm_embeddings rows;
    lfm_embeddings_init(&rows);
    rows.vectors = numbers;
    rows.n_rows = 4;
    rows.n_components = 3;
    lfm_scorer_options how;
    lfm_scorer_options_init(&how);
    how.precision = precision;
    lfm_scorer *scorer = NULL;
    lfm_status status = lfm_scorer_from_embeddings(s->context, &rows, &rows, &how, &scorer);
    s->untouched = s->untouched && (status == LFM_OK || scorer == NULL);
    int32_t items[4] = {-7};
    if (status == LFM_OK)
        status = lfm_recommend_vectors(scorer, &rows, 1, NULL, items, NULL, NULL);
    s->untouched = s->untouched && (status == LFM_OK || items[0] == -7);
    const int32_t user = 1, item = 2;
    int32_t rank = -7;
    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_rows = coo.n_columns = 4;
    coo.n_entries = 1;
    coo.rows = lfm_int32(&user);
    coo.columns = lfm_int32(&item);
    lfm_interactions *test = NULL;
    if (status == LFM_OK)
        status = lfm_interactions_from_coo(s->context, &coo, NULL, &test);
    if (status == LFM_OK)
        status = lfm_rank(scorer, test, NULL, &rank, NULL);
    s->untouched = s->untouched && (status == LFM_OK || rank == -7);
    lfm_interactions_free(test);
    lfm_scorer_free(scorer);
    return status;
}

/* So many similar rows that they are scanned for. */
static lfm_status find_many(scenario *s)
{
    enum { ROWS = 256, QUERIES = 24 };
    float numbers[ROWS], cosines[QUERIES] = {-7};
    int32_t queries[QUERIES], rows[QUERIES];
    for (int32_t i = 0; i < ROWS; i++)
        numbers[i] = (float)i + 1;
    for (int32_t i = 0; i < QUERIES; i++)
        queries[i] = i;
    lfm_embeddings side;
    lfm_embeddings_init(&side);
    side.vectors = numbers;
    side.n_rows = ROWS;
    side.n_components = 1;
    lfm_scorer *scorer = NULL;
    lfm_status status = lfm_scorer_from_embeddings(s->context, &side, &side, NULL, &scorer);
    if (status == LFM_OK)
        status = lfm_similar(scorer, LFM_SPACE_ITEM, QUERIES, queries, LFM_SPACE_ITEM, 1, rows, cosines, NULL);
    s->untouched = s->untouched && (status == LFM_OK || cosines[0] == -7);
    lfm_scorer_free(scorer);
    return status;
}

static lfm_status embed(scenario *s)
{
    lfm_status status = embed_in(s, LFM_PRECISION_HALF);
    if (status == LFM_OK)
        status = embed_in(s, LFM_PRECISION_INT8);
    return status == LFM_OK ? find_many(s) : status;
}

static lfm_status infer_all(scenario *s)
{
    lfm_scorer *scorer = NULL;
    lfm_scorer_options making;
    lfm_scorer_options_init(&making);
    making.threads = 2;
    lfm_status status = lfm_scorer_create(s->model, s->f[0], s->f[1], &making, &scorer);
    s->untouched = s->untouched && (status == LFM_OK || scorer == NULL);
    s->scorer = scorer;
    STEP(status);
    int32_t all_items[USERS] = {-7};
    int32_t ranks[N] = {-7}, items[2 * K] = {-7}, users[2] = {1, 2}, found = -7;
    float scores[2 * K] = {-7};
    const lfm_metric metrics[5] = {{LFM_METRIC_AUC, 0}, {LFM_METRIC_NDCG_GRADED, 3}, {LFM_METRIC_COVERAGE, 3},
                                   {LFM_METRIC_POPULARITY, 2}, {LFM_METRIC_SIMILARITY, 4}};
    lfm_metric_result results[15] = {{.size = sizeof *results, .mean = -7}};
    double per_user[15 * USERS] = {-7};
    lfm_evaluate_options evaluation;
    lfm_evaluate_options_init(&evaluation);
    evaluation.exclude = s->train;
    evaluation.segments = 2;
    evaluation.bootstrap = 3;
    evaluation.keep_empty = 1;
    evaluation.check_overlap = 0;
    evaluation.threads = 2;
    lfm_infer_options how;
    lfm_infer_options_init(&how);
    how.threads = 2;
    how.check_overlap = 0;
    STEP(lfm_predict(scorer, 2, users, users, scores, &how));
    scores[0] = -7;
    status = lfm_rank(scorer, s->test, s->train, ranks, &how);
    s->untouched = s->untouched && (status == LFM_OK || ranks[0] == -7);
    STEP(status);
    for (int given = 0; given < 2; given++) {
        evaluation.candidates = given ? s->whole : NULL;
        results[0].mean = per_user[0] = -7;
        status = lfm_evaluate(scorer, s->test, metrics, 5, &evaluation, results, per_user);
        s->untouched = s->untouched && (status == LFM_OK || (results[0].mean == -7 && per_user[0] == -7));
        STEP(status);
    }
    results[0].mean = per_user[0] = -7;
    status = lfm_evaluate_ranks(s->test, ranks, ITEMS, metrics, 2, &evaluation, results, per_user);
    s->untouched = s->untouched && (status == LFM_OK || (results[0].mean == -7 && per_user[0] == -7));
    STEP(status);
    lfm_recommend_options few;
    lfm_recommend_options_init(&few);
    few.threads = 2;
    few.candidates = users;
    few.n_candidates = 2;
    status = lfm_recommend(scorer, 2, users, K, s->train, items, scores, &few);
    s->untouched = s->untouched && (status == LFM_OK || (items[0] == -7 && scores[0] == -7));
    STEP(status);
    items[0] = -7;
    scores[0] = -7;
    status = lfm_recommend_features(scorer, s->f[0], 1, s->train, all_items, NULL, NULL);
    s->untouched = s->untouched && (status == LFM_OK || all_items[0] == -7);
    STEP(status);
    STEP(embed(s));
    STEP(fold(s, scorer));
    items[0] = -7;
    scores[0] = -7;
    static const int32_t excluded = 2;
    lfm_similar_options like;
    lfm_similar_options_init(&like);
    like.threads = 2;
    like.exclude = &excluded;
    like.n_exclude = 1;
    status = lfm_similar(scorer, LFM_SPACE_ITEM, 2, users, LFM_SPACE_USER_FEATURE, K, items, scores, &like);
    s->untouched = s->untouched && (status == LFM_OK || (items[0] == -7 && scores[0] == -7));
    STEP(status);
    lfm_contribution parts[K] = {{-7, 0, 0}};
    lfm_explanation why = {.size = sizeof why, .score = -7};
    status = lfm_explain(scorer, s->f[0], s->f[1], 1, 2, K, parts, &why, NULL);
    s->untouched = s->untouched && (status == LFM_OK || (parts[0].value == -7 && why.score == -7));
    STEP(status);
    float vectors[ITEMS * 7] = {-7};
    status = lfm_vectors_export(scorer, LFM_SPACE_ITEM, LFM_VECTORS_L2, 0, 0, ITEMS, vectors, &how);
    s->untouched = s->untouched && (status == LFM_OK || vectors[0] == -7);
    STEP(status);
    status = lfm_find_overlap(s->whole, s->left, &found, NULL, NULL);
    s->untouched = s->untouched && (status == LFM_OK || found == -7);
    STEP(status);
    return grow(s);
}

/* Ids, and matrices made by name. */
static lfm_status name_things(lfm_ids *ids, lfm_dataset *d, bool *untouched)
{
    static const char *const rows[] = {"a", "b", "c"}, *const columns[] = {"x", "y", "x"};
    static const float values[] = {1, 2, 3};
    lfm_named_entries entries;
    lfm_named_entries_init(&entries);
    entries.n_entries = 3;
    entries.rows = lfm_strings(rows);
    entries.columns = lfm_strings(columns);
    entries.values = lfm_float32(values);
    entries.unknown_rows = entries.unknown_columns = LFM_UNKNOWN_ADD;
    int32_t indices[N] = {-7};
    char bytes[N * 3];
    int64_t offsets[N + 1] = {0};
    for (int i = 0; i < N; i++) {
        memcpy(bytes + 3 * i, (const char[]){'i', (char)('0' + i / 10), (char)('0' + i % 10)}, 3);
        offsets[i + 1] = 3 * i + 3;
    }
    lfm_status status = lfm_ids_add_all(ids, N, lfm_texts(bytes, offsets), indices);
    *untouched = status == LFM_OK || (lfm_ids_count(ids) == 0 && indices[0] == -7);
    STEP(status);
    status = lfm_dataset_add_ids(d, LFM_SPACE_USER, N, lfm_texts(bytes, offsets), indices);
    *untouched = status == LFM_OK || lfm_ids_count(lfm_dataset_ids(d, LFM_SPACE_USER_FEATURE)) == 0;
    STEP(status);
    STEP(lfm_dataset_add_interactions(d, &entries, NULL));
    STEP(lfm_dataset_add_features(d, LFM_USER, &entries, NULL));
    lfm_interactions *m = NULL;
    status = lfm_dataset_interactions(d, NULL, &m);
    *untouched = (status == LFM_OK) == (m != NULL);
    lfm_interactions_free(m);
    STEP(status);
    lfm_features *f = NULL;
    status = lfm_dataset_features(d, LFM_USER, NULL, &f);
    *untouched = (status == LFM_OK) == (f != NULL);
    lfm_features_free(f);
    return status;
}

static lfm_status make_by_name(scenario *s)
{
    lfm_ids *ids = NULL;
    lfm_dataset *d = NULL;
    bool untouched = true;
    lfm_status status = lfm_ids_create(s->context, LFM_IDS_TEXT, &ids);
    if (status == LFM_OK)
        status = lfm_dataset_create(s->context, NULL, &d);
    if (status == LFM_OK)
        status = name_things(ids, d, &untouched);
    s->untouched = s->untouched && untouched;
    lfm_ids_free(ids);
    lfm_dataset_free(d);
    return status;
}

static lfm_status run_steps(scenario *s)
{
    STEP(lfm_cancel_create(s->context, &s->cancel));
    STEP(make_by_name(s));
    STEP(make_matrices(s));
    STEP(make_features(s));
    STEP(split_and_threshold(s));
    STEP(train_all(s));
    return infer_all(s);
}

/* The whole scenario on an allocator; everything is freed again. */
static lfm_status run_scenario(const test_entries *entries, counting *counts, bool *tidy)
{
    lfm_context_options options;
    lfm_context_options_init(&options);
    counting_install(counts, &options);
    scenario s = {.entries = entries, .untouched = true};
    lfm_status status = lfm_context_create(&options, &s.context);
    if (status == LFM_OK)
        status = run_steps(&s);
    lfm_context_free(s.context);
    lfm_cancel_free(s.cancel);
    lfm_interactions_free(s.whole);
    lfm_interactions_free(s.train);
    lfm_interactions_free(s.test);
    lfm_interactions_free(s.left);
    lfm_features_free(s.f[0]);
    lfm_features_free(s.f[1]);
    lfm_model_free(s.model);
    lfm_scorer_free(s.scorer);
    *tidy = s.untouched && s.released == s.borrowed && counts->live == 0 && counts->live_bytes == 0 &&
            counts->errors == 0;
    return status;
}

static test_entries make_entries(void)
{
    test_entries e = entries_random(3, N, USERS, ITEMS, 2, 0);
    entries_add_weights(&e, 4);
    entries_add_timestamps(&e, 5, 30);
    return e;
}

static void sweep(int fail_all_after)
{
    test_entries e = make_entries();
    counting all = {0};
    bool tidy;
    CHECK_OK(run_scenario(&e, &all, &tidy));
    CHECK(tidy);
    const long long n = all.calls;
    tap_note("%lld allocations", n);
    CHECK(n > 150);
    for (long long at = 1; at <= n; at++) {
        counting counts = {.fail_at = at, .fail_all_after = fail_all_after};
        const lfm_status status = run_scenario(&e, &counts, &tidy);
        check_report(status == LFM_ERROR_MEMORY && tidy, false, __FILE__, __LINE__,
                     "allocation %lld: %s, live %lld, errors %lld, tidy %d", at, lfm_status_name(status),
                     (long long)counts.live, (long long)counts.errors, tidy);
    }
    counting last = {0};
    CHECK_OK(run_scenario(&e, &last, &tidy));
    CHECK(tidy && last.calls == n);
    entries_free(&e);
}

/* The same objects serve another try, with the same outcome as if nothing had failed. */
static void test_again(void)
{
    test_entries e = make_entries();
    uint64_t wanted = 0;
    for (long long at = 0; at < 40; at++) {
        counting counts = {0};
        lfm_context *context = counting_context(&counts, NULL, NULL);
        lfm_interactions *m = entries_build(context, &e);
        lfm_model *model = build_model(context, USERS, ITEMS, 6, 0, 2);
        lfm_train_options options;
        lfm_train_options_init(&options);
        options.loss = LFM_LOSS_BPR;
        options.graded = 1;
        options.rollback = 1;
        options.negative_power = 0.5;
        options.threads = 1;
        options.epochs = 3;
        counts.fail_at = at > 0 ? counts.calls + at : 0;
        lfm_status status = lfm_model_fit_partial(model, m, NULL, NULL, &options);
        CHECK(status == LFM_OK || (at > 0 && status == LFM_ERROR_MEMORY));
        counts.fail_at = 0;
        if (status != LFM_OK)
            CHECK_OK(lfm_model_fit_partial(model, m, NULL, NULL, &options));
        if (at == 0)
            wanted = model_hash(model);
        CHECK(model_hash(model) == wanted);
        lfm_model_free(model);
        lfm_interactions_free(m);
        lfm_context_free(context);
        CHECK(counts.live == 0 && counts.errors == 0);
        if (at > 0 && status == LFM_OK)
            break;
        CHECK(at < 39);
    }
    entries_free(&e);
}

static void test_one(void) { sweep(0); }
static void test_all_after(void) { sweep(1); }

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"each allocation fails once", test_one},
        {"what failed can be repeated", test_again},
        {"each allocation and all after it fail", test_all_after},
    };
    return TAP_MAIN("alloc", tests, argc, argv);
}
