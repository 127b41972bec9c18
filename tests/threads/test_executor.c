/* A host's own executor, of every allowed kind: each index runs once and the library works. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "planted.h"
#include "tap.h"

enum { IN_ORDER, REVERSED, THREADED, REFUSING, N_KINDS };

typedef struct host {
    int kind;
    atomic_int runs, tasks, logged;
} host;

typedef struct share {
    uint32_t begin, end;
    void (*task)(uint32_t i, void *arg);
    void *arg;
} share;

static void *run_share(void *arg)
{
    const share *s = arg;
    for (uint32_t i = s->begin; i < s->end; i++)
        s->task(i, s->arg);
    return NULL;
}

static int execute(uint32_t n, void (*task)(uint32_t i, void *arg), void *arg, void *user_data)
{
    host *h = user_data;
    atomic_fetch_add(&h->runs, 1);
    if (h->kind == REFUSING)
        return 1;
    atomic_fetch_add(&h->tasks, (int)n);
    if (h->kind == THREADED) {
        share halves[2] = {{0, n / 2, task, arg}, {n / 2, n, task, arg}};
        pthread_t thread;
        const bool started = pthread_create(&thread, NULL, run_share, &halves[0]) == 0;
        run_share(&halves[1]);
        if (started)
            pthread_join(thread, NULL);
        else
            run_share(&halves[0]);
        return 0;
    }
    for (uint32_t i = 0; i < n; i++)
        task(h->kind == IN_ORDER ? i : n - 1 - i, arg);
    return 0;
}

static void log_line(int32_t level, const char *message, void *user_data)
{
    host *h = user_data;
    if (level == LFM_LOG_WARNING && strstr(message, "refused") != NULL)
        atomic_fetch_add(&h->logged, 1);
}

static lfm_context *host_context(host *h)
{
    lfm_context_options options;
    lfm_context_options_init(&options);
    options.executor = execute;
    options.executor_user_data = h;
    options.log = log_line;
    options.log_user_data = h;
    lfm_context *context = NULL;
    REQUIRE_OK(lfm_context_create(&options, &context));
    return context;
}

static void test_training(void)
{
    for (int kind = 0; kind < N_KINDS; kind++) {
        host h = {.kind = kind};
        lfm_context *context = host_context(&h);
        lfm_interactions *interactions = planted_make(context);
        for (int32_t loss = 0; loss < 4; loss++) {
            const double quality = planted_quality(context, interactions, loss, 0, 3);
            check_report(quality > planted_floor, false, __FILE__, __LINE__, "kind %d, loss %d: AUC %g", kind,
                         loss, quality);
        }
        CHECK(h.runs > 12);
        CHECK((h.logged > 0) == (kind == REFUSING));
        lfm_interactions_free(interactions);
        lfm_context_free(context);
    }
}

/* Ranks, metrics and lists do not depend on who runs the tasks. */
static uint64_t infer(lfm_context *context, int32_t threads)
{
    lfm_model *model = build_model(context, PLANTED_USERS, PLANTED_ITEMS, 12, 0, 3);
    model_fill(model, 4, 1);
    lfm_interactions *interactions = planted_make(context);
    lfm_scorer *scorer = NULL;
    lfm_scorer_options scoring;
    lfm_scorer_options_init(&scoring);
    scoring.threads = threads;
    REQUIRE_OK(lfm_scorer_create(model, NULL, NULL, &scoring, &scorer));
    lfm_infer_options options;
    lfm_infer_options_init(&options);
    options.threads = threads;
    lfm_recommend_options recommend;
    lfm_recommend_options_init(&recommend);
    recommend.threads = threads;
    int32_t *ranks = take(PLANTED_ENTRIES, sizeof *ranks);
    CHECK_OK(lfm_rank(scorer, interactions, NULL, ranks, &options));
    uint64_t hash = hash_bytes(HASH_START, ranks, PLANTED_ENTRIES * sizeof *ranks);
    free(ranks);
    int32_t users[PLANTED_USERS], *items = take((size_t)PLANTED_USERS * 7, sizeof *items);
    for (int32_t i = 0; i < PLANTED_USERS; i++)
        users[i] = i;
    float *scores = take((size_t)PLANTED_USERS * 7, sizeof *scores);
    CHECK_OK(lfm_recommend(scorer, PLANTED_USERS, users, 7, interactions, items, scores, &recommend));
    hash = hash_bytes(hash, items, (size_t)PLANTED_USERS * 7 * sizeof *items);
    hash = hash_bytes(hash, scores, (size_t)PLANTED_USERS * 7 * sizeof *scores);
    const lfm_metric metrics[] = {{LFM_METRIC_AUC, 0}, {LFM_METRIC_PRECISION, 5}};
    lfm_metric_result results[2] = {{.size = sizeof *results}};
    lfm_evaluate_options how;
    lfm_evaluate_options_init(&how);
    how.threads = threads;
    how.bootstrap = 10;
    CHECK_OK(lfm_evaluate(scorer, interactions, metrics, 2, &how, results, NULL));
    hash = hash_bytes(hash, results, sizeof results);
    free(items);
    free(scores);
    lfm_scorer_free(scorer);
    lfm_interactions_free(interactions);
    lfm_model_free(model);
    return hash;
}

static void test_inference(void)
{
    const uint64_t wanted = infer(NULL, 1);
    CHECK(infer(NULL, 3) == wanted);
    for (int kind = 0; kind < N_KINDS; kind++) {
        host h = {.kind = kind};
        lfm_context *context = host_context(&h);
        CHECK(infer(context, 5) == wanted);
        CHECK(h.runs >= 3);
        lfm_context_free(context);
    }
}

/* One thread never goes through the executor, and gives the bits of one thread. */
static void test_one_thread(void)
{
    uint64_t hashes[2];
    for (int with = 0; with < 2; with++) {
        host h = {.kind = REVERSED};
        lfm_context *context = with ? host_context(&h) : NULL;
        lfm_interactions *interactions = planted_make(context);
        lfm_model *model = build_model(context, PLANTED_USERS, PLANTED_ITEMS, 8, 0, 1);
        lfm_train_options options;
        lfm_train_options_init(&options);
        options.threads = 1;
        options.epochs = 2;
        CHECK_OK(lfm_model_fit_partial(model, interactions, NULL, NULL, &options));
        hashes[with] = model_hash(model);
        CHECK_INTEGER(h.runs, 0);
        lfm_model_free(model);
        lfm_interactions_free(interactions);
        lfm_context_free(context);
    }
    CHECK(hashes[0] == hashes[1]);
}

/* The context's limit of threads holds for every call. */
static atomic_int largest;
static int note_largest(uint32_t n, void (*task)(uint32_t i, void *arg), void *arg, void *user_data)
{
    (void)user_data;
    if ((int)n > largest)
        largest = (int)n;
    for (uint32_t i = 0; i < n; i++)
        task(i, arg);
    return 0;
}

static void test_limit(void)
{
    lfm_context_options options;
    lfm_context_options_init(&options);
    options.executor = note_largest;
    options.threads = 2;
    lfm_context *context = NULL;
    REQUIRE_OK(lfm_context_create(&options, &context));
    largest = 0;
    lfm_interactions *interactions = planted_make(context);
    CHECK(planted_quality(context, interactions, LFM_LOSS_WARP, 0, 16) > planted_floor);
    CHECK_INTEGER(largest, 2);
    lfm_interactions_free(interactions);
    lfm_context_free(context);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"training on every kind of executor", test_training},
        {"inference on every kind of executor", test_inference},
        {"one thread", test_one_thread},
        {"the context's limit", test_limit},
    };
    return TAP_MAIN("threads-executor", tests, argc, argv);
}
