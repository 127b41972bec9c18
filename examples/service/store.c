/* Swapping models under load. A request holds the model it began with; a reload makes the next one in a thread of
 * its own, exchanges a pointer, waits for the last request that holds the old one and frees that itself: no
 * request ever waits for a load, nor for unmapping a file. */
#include "store.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct store {
    const char *path;
    bool check;
    lfm_context *context;
    lfm_cancel *cancel; /* ends a load when the service ends */
    pthread_t thread;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t work;  /* a reload is wanted, or the end is near */
    pthread_cond_t idle;  /* a request gave a model back */
    bool wanted, ending;
    serving *current;
    store_state state;
};

static void log_line(int32_t level, const char *message, void *user_data)
{
    (void)level;
    (void)user_data;
    fprintf(stderr, "lfm-service: %s\n", message);
}

static double milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return 1e3 * (double)now.tv_sec + 1e-6 * (double)now.tv_nsec;
}

static serving *load(store *s, char *why, size_t why_size)
{
    const double began = milliseconds();
    serving *loaded = serving_load(s->context, s->path, s->check, s->cancel, why, why_size);
    if (loaded != NULL)
        fprintf(stderr, "lfm-service: loaded %s: %d users, %d items, %d components, in %.0f ms\n", s->path,
                loaded->users.n_rows, loaded->items.n_rows, lfm_scorer_components(loaded->scorer),
                milliseconds() - began);
    return loaded;
}

/* Called with the lock held, which is let go meanwhile. */
static void reload(store *s)
{
    char why[1024];
    pthread_mutex_unlock(&s->lock);
    serving *loaded = load(s, why, sizeof why);
    if (loaded == NULL && !lfm_cancel_is_set(s->cancel))
        fprintf(stderr, "lfm-service: not reloaded, the model from before goes on: %s\n", why);
    pthread_mutex_lock(&s->lock);
    if (loaded == NULL) {
        s->state.failures++;
        return;
    }
    serving *old = s->current;
    s->current = loaded;
    s->state.loads++;
    while (old->in_use > 0)
        pthread_cond_wait(&s->idle, &s->lock);
    pthread_mutex_unlock(&s->lock);
    serving_free(old);
    pthread_mutex_lock(&s->lock);
}

static void *run(void *arg)
{
    store *s = arg;
    pthread_mutex_lock(&s->lock);
    while (!s->ending) {
        if (s->wanted) {
            s->wanted = false;
            reload(s);
        } else {
            pthread_cond_wait(&s->work, &s->lock);
        }
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

store *store_open(const char *path, bool check)
{
    store *s = calloc(1, sizeof *s);
    if (s == NULL) {
        fprintf(stderr, "lfm-service: no memory\n");
        return NULL;
    }
    s->path = path;
    s->check = check;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->work, NULL);
    pthread_cond_init(&s->idle, NULL);
    lfm_context_options options;
    lfm_context_options_init(&options);
    options.log = log_line;
    options.threads = 1; /* a reload leaves the other processors to the requests */
    char why[1024] = "";
    if (lfm_context_create(&options, &s->context) != LFM_OK || lfm_cancel_create(s->context, &s->cancel) != LFM_OK)
        snprintf(why, sizeof why, "%s", lfm_last_message());
    else if ((s->current = load(s, why, sizeof why)) != NULL && pthread_create(&s->thread, NULL, run, s) != 0)
        snprintf(why, sizeof why, "no thread can be started");
    if (why[0] == '\0') {
        s->state.loads = 1;
        return s;
    }
    fprintf(stderr, "lfm-service: %s\n", why);
    serving_free(s->current);
    lfm_cancel_free(s->cancel);
    lfm_context_free(s->context);
    free(s);
    return NULL;
}

void store_close(store *s)
{
    lfm_cancel_set(s->cancel);
    pthread_mutex_lock(&s->lock);
    s->ending = true;
    pthread_cond_signal(&s->work);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    serving_free(s->current);
    lfm_cancel_free(s->cancel);
    lfm_context_free(s->context);
    pthread_cond_destroy(&s->work);
    pthread_cond_destroy(&s->idle);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

void store_reload(store *s)
{
    pthread_mutex_lock(&s->lock);
    s->wanted = true;
    pthread_cond_signal(&s->work);
    pthread_mutex_unlock(&s->lock);
}

serving *store_take(store *s)
{
    pthread_mutex_lock(&s->lock);
    serving *taken = s->current;
    taken->in_use++;
    pthread_mutex_unlock(&s->lock);
    return taken;
}

void store_give_back(store *s, serving *taken)
{
    pthread_mutex_lock(&s->lock);
    if (--taken->in_use == 0 && taken != s->current)
        pthread_cond_signal(&s->idle);
    pthread_mutex_unlock(&s->lock);
}

store_state store_look(store *s)
{
    pthread_mutex_lock(&s->lock);
    const store_state state = s->state;
    pthread_mutex_unlock(&s->lock);
    return state;
}
