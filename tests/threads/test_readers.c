/* Many threads on the same constant objects: one scorer, one set of interactions, one context. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "planted.h"
#include "tap.h"

enum { THREADS = 8, ROUNDS = 40, K = 9 };

static lfm_scorer *scorer;
static lfm_interactions *interactions;
static int32_t wanted_items[PLANTED_USERS][K];
static float wanted_scores[PLANTED_USERS][K];
static int32_t wanted_ranks[PLANTED_ENTRIES];
static atomic_int wrong;

static void *read_scorer(void *arg)
{
    test_random random = {(uint64_t)(uintptr_t)arg};
    for (int round = 0; round < ROUNDS; round++) {
        const int32_t user = random_below(&random, PLANTED_USERS);
        int32_t items[K], users[K], rows[3];
        float scores[K], again[K];
        lfm_scorer *mine = lfm_scorer_ref(scorer);
        lfm_interactions *excluded = lfm_interactions_ref(interactions);
        int32_t several[20 * K], ranks[PLANTED_ENTRIES] = {0};
        bool good = lfm_recommend(mine, 20, NULL, K, excluded, several, NULL, NULL) == LFM_OK;
        good = good && memcmp(several, wanted_items, sizeof several) == 0;
        if (round % 10 == 0) {
            good = good && lfm_rank(mine, excluded, NULL, ranks, NULL) == LFM_OK;
            good = good && memcmp(ranks, wanted_ranks, sizeof ranks) == 0;
        }
        good = good && lfm_recommend(mine, 1, &user, K, excluded, items, scores, NULL) == LFM_OK;
        good = good && memcmp(items, wanted_items[user], sizeof items) == 0 &&
               memcmp(scores, wanted_scores[user], sizeof scores) == 0;
        for (int i = 0; i < K; i++)
            users[i] = user;
        good = good && lfm_predict(mine, K, users, items, again, NULL) == LFM_OK &&
               memcmp(scores, again, sizeof scores) == 0;
        const int32_t query = user % PLANTED_ITEMS;
        good = good && lfm_similar(mine, LFM_SPACE_ITEM, 1, &query, LFM_SPACE_ITEM, 3, rows, again, NULL) == LFM_OK;
        /* A failure of this thread does not show in another's message. */
        good = good && lfm_predict(mine, 1, users, users, NULL, NULL) == LFM_ERROR_ARGUMENT &&
               strstr(lfm_last_message(), "scores") != NULL;
        lfm_interactions_free(excluded);
        lfm_scorer_free(mine);
        atomic_fetch_add(&wrong, !good);
    }
    return NULL;
}

static void run_threads(void *(*body)(void *))
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, body, (void *)(uintptr_t)(i + 1)) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static void read_in(int32_t precision)
{
    interactions = planted_make(NULL);
    lfm_scorer_options making;
    lfm_scorer_options_init(&making);
    making.precision = precision;
    lfm_model *model = build_model(NULL, PLANTED_USERS, PLANTED_ITEMS, 11, 0, 1);
    model_fill(model, 2, 1);
    REQUIRE_OK(lfm_scorer_create(model, NULL, NULL, &making, &scorer));
    lfm_model_free(model);
    int32_t users[PLANTED_USERS];
    for (int32_t i = 0; i < PLANTED_USERS; i++)
        users[i] = i;
    /* The expected lists come from a copy, so that the threads are the first to need the index. */
    lfm_interactions *copy = planted_make(NULL);
    CHECK_OK(lfm_recommend(scorer, PLANTED_USERS, users, K, copy, &wanted_items[0][0], &wanted_scores[0][0], NULL));
    REQUIRE(lfm_interactions_n_entries(copy) <= PLANTED_ENTRIES);
    CHECK_OK(lfm_rank(scorer, copy, NULL, wanted_ranks, NULL));
    lfm_interactions_free(copy);
    wrong = 0;
    run_threads(read_scorer);
    CHECK_INTEGER(wrong, 0);
    lfm_scorer_free(scorer);
    lfm_interactions_free(interactions);
}

static void test_readers(void)
{
    for (int32_t precision = LFM_PRECISION_FLOAT32; precision <= LFM_PRECISION_INT8; precision++)
        read_in(precision);
}

static uint64_t hash_of(const lfm_model *model)
{
    lfm_view view = {.size = sizeof view};
    uint64_t hash = HASH_START;
    for (int32_t side = 0; side < 2; side++) {
        if (lfm_model_view(model, side, LFM_EMBEDDINGS, &view) == LFM_OK)
            hash = hash_bytes(hash, view.data, (size_t)(view.rows * view.stride));
    }
    return hash;
}

/* Several models train on one set at once: each is what it would be alone. */
static uint64_t wanted_hash[2];

static uint64_t train_alone(lfm_interactions *m, int graded)
{
    lfm_model_options how;
    lfm_model_options_init(&how);
    how.components = 6;
    lfm_model *model = NULL;
    lfm_train_options options;
    lfm_train_options_init(&options);
    options.loss = graded ? LFM_LOSS_BPR : LFM_LOSS_WARP;
    options.graded = graded;
    options.threads = 1;
    options.epochs = 1;
    if (lfm_model_create(NULL, PLANTED_USERS, PLANTED_ITEMS, &how, &model) != LFM_OK ||
        lfm_model_fit_partial(model, m, NULL, NULL, &options) != LFM_OK)
        return 0;
    const uint64_t hash = hash_of(model);
    lfm_model_free(model);
    return hash;
}

static void *train_on_shared(void *arg)
{
    const int graded = (int)((uintptr_t)arg % 2);
    atomic_fetch_add(&wrong, train_alone(interactions, graded) != wanted_hash[graded]);
    return NULL;
}

static void test_shared_interactions(void)
{
    lfm_interactions *copy = planted_make(NULL);
    for (int graded = 0; graded < 2; graded++)
        wanted_hash[graded] = train_alone(copy, graded);
    lfm_interactions_free(copy);
    wrong = 0;
    for (int round = 0; round < 5; round++) {
        interactions = planted_make(NULL);
        run_threads(train_on_shared);
        lfm_interactions_free(interactions);
    }
    CHECK_INTEGER(wrong, 0);
    CHECK(wanted_hash[0] != 0 && wanted_hash[1] != 0);
}

/* A model that nobody has used yet draws its initial numbers once, for all who look at them. */
static lfm_model *unused;
static void *look(void *arg)
{
    (void)arg;
    atomic_fetch_add(&wrong, hash_of(unused) != wanted_hash[0]);
    return NULL;
}

static void test_first_readers(void)
{
    wrong = 0;
    for (int round = 0; round < 20; round++) {
        lfm_model *model = build_model(NULL, PLANTED_USERS, PLANTED_ITEMS, 64, 0, (uint64_t)round);
        wanted_hash[0] = hash_of(model);
        lfm_model_free(model);
        unused = build_model(NULL, PLANTED_USERS, PLANTED_ITEMS, 64, 0, (uint64_t)round);
        run_threads(look);
        lfm_model_free(unused);
    }
    CHECK_INTEGER(wrong, 0);
}

/* Several threads, each with parallel regions of its own. */
static void *train_in_parallel(void *arg)
{
    (void)arg;
    const double quality = planted_quality(NULL, interactions, LFM_LOSS_WARP, 0, 2);
    atomic_fetch_add(&wrong, !(quality > planted_floor));
    return NULL;
}

static void test_parallel_callers(void)
{
    interactions = planted_make(NULL);
    wrong = 0;
    run_threads(train_in_parallel);
    CHECK_INTEGER(wrong, 0);
    lfm_interactions_free(interactions);
}

/* The last reference may be dropped by any thread. */
static atomic_int released;
static void count_release(void *user_data)
{
    (void)user_data;
    atomic_fetch_add(&released, 1);
}

static void *ref_and_free(void *arg)
{
    (void)arg;
    for (int i = 0; i < 2000; i++)
        lfm_interactions_free(lfm_interactions_ref(interactions));
    lfm_interactions_free(interactions);
    return NULL;
}

static void test_references(void)
{
    static const int32_t ids[1] = {0};
    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_entries = coo.n_rows = coo.n_columns = 1;
    coo.rows = coo.columns = lfm_int32(ids);
    lfm_interactions_options options;
    lfm_interactions_options_init(&options);
    options.borrow = 1;
    options.release = count_release;
    REQUIRE_OK(lfm_interactions_from_coo(NULL, &coo, &options, &interactions));
    for (int i = 1; i < THREADS; i++)
        lfm_interactions_ref(interactions);
    run_threads(ref_and_free);
    CHECK_INTEGER(released, 1);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"concurrent readers of one scorer", test_readers},
        {"concurrent training on one set", test_shared_interactions},
        {"the first readers of a model", test_first_readers},
        {"concurrent callers of parallel regions", test_parallel_callers},
        {"references dropped by any thread", test_references},
    };
    return TAP_MAIN("threads-readers", tests, argc, argv);
}
