/* A model in a service: one thread trains while others answer from scorers made at its epochs' borders; and
 * contexts with allocators of their own side by side, files included. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "counting.h"
#include "planted.h"
#include "tap.h"

enum { READERS = 3, EPOCHS = 12, K = 7, COMPONENTS = 16 };

/* A scorer with what it answered before anybody else knew it. */
typedef struct published {
    lfm_scorer *scorer;
    int32_t items[PLANTED_USERS][K];
    float scores[PLANTED_USERS][K];
} published;

static struct {
    pthread_mutex_t lock;
    pthread_cond_t answered;
    published of_epoch[EPOCHS];
    int current;                 /* number of the epoch that answers; -1 before the first */
    int answers[EPOCHS][READERS];
    bool ending;
    atomic_int wrong;
    lfm_interactions *interactions;
} site = {.lock = PTHREAD_MUTEX_INITIALIZER, .answered = PTHREAD_COND_INITIALIZER};

static void *answer(void *arg)
{
    const int reader = (int)(uintptr_t)arg;
    test_random random = {(uint64_t)reader};
    for (;;) {
        pthread_mutex_lock(&site.lock);
        const int number = site.current;
        lfm_scorer *scorer = number < 0 ? NULL : lfm_scorer_ref(site.of_epoch[number].scorer);
        const bool ending = site.ending;
        pthread_mutex_unlock(&site.lock);
        if (ending) {
            lfm_scorer_free(scorer);
            return NULL;
        }
        if (scorer == NULL)
            continue;
        const int32_t user = random_below(&random, PLANTED_USERS);
        int32_t items[K];
        float scores[K];
        const bool good = lfm_recommend(scorer, 1, &user, K, site.interactions, items, scores, NULL) == LFM_OK &&
                          memcmp(items, site.of_epoch[number].items[user], sizeof items) == 0 &&
                          memcmp(scores, site.of_epoch[number].scores[user], sizeof scores) == 0;
        lfm_scorer_free(scorer);
        atomic_fetch_add(&site.wrong, !good);
        pthread_mutex_lock(&site.lock);
        site.answers[number][reader]++;
        pthread_cond_signal(&site.answered);
        pthread_mutex_unlock(&site.lock);
    }
}

/* At an epoch's border: a new scorer takes the place of the last, and training goes on when all readers have
 * asked it once. */
static int32_t publish(lfm_progress *progress, void *user_data)
{
    const lfm_model *model = user_data;
    if (!progress->epoch_ended)
        return 0;
    const int number = (int)progress->epoch - 1;
    published *next = &site.of_epoch[number];
    int32_t users[PLANTED_USERS];
    for (int32_t i = 0; i < PLANTED_USERS; i++)
        users[i] = i;
    if (lfm_scorer_create(model, NULL, NULL, NULL, &next->scorer) != LFM_OK ||
        lfm_recommend(next->scorer, PLANTED_USERS, users, K, site.interactions, &next->items[0][0],
                      &next->scores[0][0], NULL) != LFM_OK) {
        atomic_fetch_add(&site.wrong, 1);
        return 1;
    }
    pthread_mutex_lock(&site.lock);
    lfm_scorer *last = site.current < 0 ? NULL : site.of_epoch[site.current].scorer;
    site.current = number;
    for (int reader = 0; reader < READERS; reader++) {
        while (site.answers[number][reader] == 0)
            pthread_cond_wait(&site.answered, &site.lock);
    }
    pthread_mutex_unlock(&site.lock);
    lfm_scorer_free(last); /* readers may still hold it */
    return 0;
}

static lfm_train_options training(int32_t threads)
{
    lfm_train_options options;
    lfm_train_options_init(&options);
    options.epochs = EPOCHS;
    options.threads = threads;
    return options;
}

static void test_train_and_answer(int32_t threads)
{
    site.interactions = planted_make(NULL);
    site.current = -1;
    site.ending = false;
    site.wrong = 0;
    memset(site.answers, 0, sizeof site.answers);
    lfm_model *model = build_model(NULL, PLANTED_USERS, PLANTED_ITEMS, COMPONENTS, 0, 1);
    lfm_train_options options = training(threads);
    options.progress = publish;
    options.progress_user_data = model;
    pthread_t readers[READERS];
    for (int i = 0; i < READERS; i++)
        REQUIRE(pthread_create(&readers[i], NULL, answer, (void *)(uintptr_t)i) == 0);
    CHECK_OK(lfm_model_fit_partial(model, site.interactions, NULL, NULL, &options));
    pthread_mutex_lock(&site.lock);
    site.ending = true;
    pthread_mutex_unlock(&site.lock);
    for (int i = 0; i < READERS; i++)
        pthread_join(readers[i], NULL);
    CHECK_INTEGER(site.wrong, 0);
    CHECK_INTEGER(site.current, EPOCHS - 1);

    lfm_scorer *last = site.of_epoch[EPOCHS - 1].scorer;
    const lfm_metric auc = {LFM_METRIC_AUC, 0};
    lfm_metric_result result = {.size = sizeof result};
    CHECK_OK(lfm_evaluate(last, site.interactions, &auc, 1, NULL, &result, NULL));
    CHECK(result.mean > planted_floor);
    lfm_scorer_free(last);
    if (threads == 1) { /* the bits of training alone */
        lfm_model *alone = build_model(NULL, PLANTED_USERS, PLANTED_ITEMS, COMPONENTS, 0, 1);
        options = training(1);
        CHECK_OK(lfm_model_fit_partial(alone, site.interactions, NULL, NULL, &options));
        CHECK(model_hash(alone) == model_hash(model));
        lfm_model_free(alone);
    }
    lfm_model_free(model);
    lfm_interactions_free(site.interactions);
}

static void test_one_thread(void) { test_train_and_answer(1); }
static void test_two_threads(void) { test_train_and_answer(2); }

/* A life from data to answers out of a file, on a context of its own. */
typedef struct life {
    int number;
    lfm_context *context;
    counting counts;
    lfm_interactions *interactions;
    lfm_ids *ids;
    lfm_model *model;
    lfm_scorer *scorer, *mapped;
    lfm_file *file;
    char path[64];
    bool good;
} life;

#define STEP(call)                                                                                     \
    do {                                                                                               \
        if ((call) != LFM_OK)                                                                          \
            return;                                                                                    \
    } while (0)

static void begin(life *l)
{
    static const char *const names[] = {"one", "two", "three"};
    l->good = false;
    snprintf(l->path, sizeof l->path, "test-life-%ld-%d.lfm", (long)getpid(), l->number);
    l->interactions = planted_make(l->context);
    l->model = build_model(l->context, PLANTED_USERS, PLANTED_ITEMS, COMPONENTS, 0, (uint64_t)l->number);
    STEP(lfm_ids_create(l->context, LFM_IDS_TEXT, &l->ids));
    STEP(lfm_ids_add_all(l->ids, 3, lfm_strings(names), NULL));
    l->good = true;
}

/* `other` may be the same life: objects of two contexts meet in one call. */
static void live(life *l, const life *other)
{
    const bool began_well = l->good && other->good;
    l->good = false;
    lfm_train_options options = training(2);
    options.epochs = 2;
    STEP(lfm_model_fit_partial(l->model, other->interactions, NULL, NULL, &options));
    STEP(lfm_scorer_create(l->model, NULL, NULL, NULL, &l->scorer));
    lfm_save_options saving;
    lfm_save_options_init(&saving);
    saving.seen = other->interactions;
    saving.ids[LFM_SPACE_USER] = other->ids;
    STEP(lfm_scorer_save(l->scorer, l->path, &saving));
    STEP(lfm_file_open(l->context, l->path, NULL, &l->file));
    STEP(lfm_file_scorer(l->file, NULL, &l->mapped));
    lfm_interactions *seen = NULL;
    lfm_ids *ids = NULL;
    STEP(lfm_file_seen(l->file, &seen));
    lfm_status status = lfm_file_ids(l->file, LFM_SPACE_USER, &ids);
    const bool named = status == LFM_OK && lfm_ids_find(ids, "three", 5) == 2;
    l->good = began_well && named;
    for (int32_t user = 0; user < PLANTED_USERS; user += 7) {
        int32_t items[2][K];
        status = lfm_recommend(l->scorer, 1, &user, K, other->interactions, items[0], NULL, NULL);
        if (status == LFM_OK)
            status = lfm_recommend(l->mapped, 1, &user, K, seen, items[1], NULL, NULL);
        l->good = l->good && status == LFM_OK && memcmp(items[0], items[1], sizeof items[0]) == 0;
    }
    lfm_interactions_free(seen);
    lfm_ids_free(ids);
}

static void end(life *l)
{
    lfm_context_free(l->context);
    lfm_file_free(l->file);
    lfm_model_free(l->model);
    lfm_scorer_free(l->mapped);
    lfm_interactions_free(l->interactions);
    lfm_ids_free(l->ids);
    lfm_scorer_free(l->scorer);
    remove(l->path);
}

/* Every block went back to the allocator it came from. */
static void check_counts(const life *l)
{
    CHECK(l->good);
    CHECK(l->counts.calls > 20);
    CHECK_INTEGER(l->counts.live, 0);
    CHECK_INTEGER(l->counts.live_bytes, 0);
    CHECK_INTEGER(l->counts.errors, 0);
}

static void test_contexts_meet(void)
{
    life lives[2];
    memset(lives, 0, sizeof lives);
    for (int i = 0; i < 2; i++) {
        lives[i].number = i;
        lives[i].context = counting_context(&lives[i].counts, NULL, NULL);
        begin(&lives[i]);
    }
    live(&lives[0], &lives[1]);
    live(&lives[1], &lives[0]);
    const long long before = lives[1].counts.live;
    end(&lives[0]);
    /* What one context made is freed without touching the other, whatever met in between. */
    CHECK_INTEGER(lives[1].counts.live, before);
    CHECK_INTEGER(lives[0].counts.live, 0);
    end(&lives[1]);
    check_counts(&lives[0]);
    check_counts(&lives[1]);
}

static void *live_alone(void *arg)
{
    life *l = arg;
    begin(l);
    live(l, l);
    end(l);
    return NULL;
}

static void test_contexts_at_once(void)
{
    life lives[READERS];
    memset(lives, 0, sizeof lives);
    pthread_t threads[READERS];
    for (int i = 0; i < READERS; i++) {
        lives[i].number = i;
        lives[i].context = counting_context(&lives[i].counts, NULL, NULL);
        REQUIRE(pthread_create(&threads[i], NULL, live_alone, &lives[i]) == 0);
    }
    for (int i = 0; i < READERS; i++) {
        pthread_join(threads[i], NULL);
        check_counts(&lives[i]);
    }
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"others answer while one thread trains", test_one_thread},
        {"others answer while two threads train", test_two_threads},
        {"two allocators, objects of both in one call", test_contexts_meet},
        {"three allocators at once", test_contexts_at_once},
    };
    return TAP_MAIN("threads-life", tests, argc, argv);
}
