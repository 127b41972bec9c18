/* Between libmicrohttpd and the answers. */
#include "http.h"

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "answers.h"

enum {
    LONGEST_TARGET = 4096,       /* of path and parameters together, in bytes */
    LONGEST_BODY = 65536,        /* that is read and thrown away: nothing here takes one */
    CONNECTION_MEMORY = 32768,   /* for the head of a request */
    IDLE_SECONDS = 60,
    DRAIN_MILLISECONDS = 1500,
    KEPT_FILES = 64,             /* descriptors for other things than connections */
    MOST_CONNECTIONS = 65536
};

struct http {
    store *store;
    struct MHD_Daemon *daemon;
    int listening;
    atomic_int connections;
    atomic_bool draining;
};

/* What is known of a request: libmicrohttpd keeps one of these pointers with it. */
static char begun, too_long, too_long_begun;

/* The first to see a request, before it is taken apart. */
static void *look_at_target(void *arg, const char *target, struct MHD_Connection *connection)
{
    (void)arg;
    (void)connection;
    return strlen(target) > LONGEST_TARGET ? &too_long : NULL;
}

static void count_connections(void *arg, struct MHD_Connection *connection, void **state,
                              enum MHD_ConnectionNotificationCode code)
{
    http *h = arg;
    (void)connection;
    (void)state;
    atomic_fetch_add(&h->connections, code == MHD_CONNECTION_NOTIFY_STARTED ? 1 : -1);
}

static enum MHD_Result take_parameter(void *arg, enum MHD_ValueKind kind, const char *name, size_t name_length,
                                      const char *value, size_t value_length)
{
    query *q = arg;
    (void)kind;
    if (q->n < MAX_PARAMETERS)
        q->parameters[q->n] = (parameter){name, value, name_length, value_length};
    q->n++;
    return MHD_YES;
}

static enum MHD_Result respond(http *h, struct MHD_Connection *connection, answer a)
{
    static char no_memory[] = "{\"error\":\"no memory\",\"status\":500}";
    struct MHD_Response *response =
        a.body == NULL
            ? MHD_create_response_from_buffer(sizeof no_memory - 1, no_memory, MHD_RESPMEM_PERSISTENT)
            : MHD_create_response_from_buffer(a.length, a.body, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        free(a.body);
        return MHD_NO;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (a.status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    if (atomic_load(&h->draining))
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    const enum MHD_Result result = MHD_queue_response(connection, a.status, response);
    MHD_destroy_response(response);
    return result;
}

static answer answer_request(http *h, struct MHD_Connection *connection, const char *path, const char *method,
                             bool is_too_long)
{
    if (is_too_long)
        return answer_error(MHD_HTTP_URI_TOO_LONG, "path and parameters have more than %d bytes", LONGEST_TARGET);
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return answer_error(MHD_HTTP_METHOD_NOT_ALLOWED, "method %.20s is not allowed; there are GET and HEAD", method);
    query q = {.n = 0};
    MHD_get_connection_values_n(connection, MHD_GET_ARGUMENT_KIND, take_parameter, &q);
    return answer_query(h->store, path, &q);
}

/* Called when a request's head has come, for each piece of a body, and at its end. Answering at the end keeps the
 * connection open for the next request. */
static enum MHD_Result handle(void *arg, struct MHD_Connection *connection, const char *path, const char *method,
                              const char *version, const char *body, size_t *body_length, void **state)
{
    http *h = arg;
    (void)version;
    (void)body;
    if (*state == NULL || *state == &too_long) {
        *state = *state == NULL ? &begun : &too_long_begun;
        const char *length =
            MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
        if (length == NULL || strtoull(length, NULL, 10) <= LONGEST_BODY)
            return MHD_YES;
        return respond(h, connection,
                       answer_error(MHD_HTTP_CONTENT_TOO_LARGE, "a body of more than %d bytes", LONGEST_BODY));
    }
    if (*body_length > 0) {
        *body_length = 0;
        return MHD_YES;
    }
    return respond(h, connection, answer_request(h, connection, path, method, *state == &too_long_begun));
}

/* As many connections as the process may have files. */
static unsigned connection_limit(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return 1024 - KEPT_FILES;
    const rlim_t most = MOST_CONNECTIONS + KEPT_FILES;
    files.rlim_cur = files.rlim_max != RLIM_INFINITY && files.rlim_max < most ? files.rlim_max : most;
    if (setrlimit(RLIMIT_NOFILE, &files) != 0)
        getrlimit(RLIMIT_NOFILE, &files);
    return files.rlim_cur > 2 * KEPT_FILES ? (unsigned)files.rlim_cur - KEPT_FILES : KEPT_FILES;
}

http *http_start(store *models, int listening, int threads)
{
    http *h = calloc(1, sizeof *h);
    if (h == NULL) {
        fprintf(stderr, "lfm-service: no memory\n");
        close(listening);
        return NULL;
    }
    h->store = models;
    h->listening = listening;
    /* poll, not epoll: a pool that epolls has been seen, seldom and under load, to leave a connection unanswered. */
    const unsigned flags =
        MHD_USE_POLL | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC | MHD_USE_ERROR_LOG;
    const unsigned limit = connection_limit(), least = (unsigned)threads; /* of the pool: one each */
    const unsigned most = limit > least ? limit : least;
    /* A pool of one is no pool. */
    struct MHD_OptionItem pool[] = {{MHD_OPTION_THREAD_POOL_SIZE, threads, NULL}, {MHD_OPTION_END, 0, NULL}};
    h->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, handle, h, MHD_OPTION_ARRAY, threads > 1 ? pool : pool + 1,
        MHD_OPTION_LISTEN_SOCKET, listening, MHD_OPTION_CONNECTION_LIMIT, most,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)IDLE_SECONDS, MHD_OPTION_URI_LOG_CALLBACK, look_at_target, NULL, MHD_OPTION_NOTIFY_CONNECTION,
        count_connections, h, MHD_OPTION_END);
    if (h->daemon != NULL)
        return h;
    fprintf(stderr, "lfm-service: the HTTP server does not start\n");
    close(listening);
    free(h);
    return NULL;
}

void http_stop(http *h)
{
    /* From here on every answer ends its connection. Those on which nothing comes are closed in the end. */
    atomic_store(&h->draining, true);
    MHD_quiesce_daemon(h->daemon);
    close(h->listening);
    const struct timespec pause = {0, 10 * 1000 * 1000};
    for (int waited = 0; waited < DRAIN_MILLISECONDS && atomic_load(&h->connections) > 0; waited += 10)
        nanosleep(&pause, NULL);
    MHD_stop_daemon(h->daemon);
    free(h);
}
