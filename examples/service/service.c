/* lfm-service: recommendations over HTTP from a model file. README.md says how it is used. */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http.h"

enum { USAGE = 2, MAX_PORT = 65535, MAX_THREADS = 256 };

static const char usage[] = "usage: lfm-service MODEL [--listen ADDRESS] [--port N] [--threads N] [--no-check]\n";

typedef struct settings {
    const char *model, *address;
    int port, threads;
    bool check;
} settings;

static bool number(const char *text, int least, int most, int *out)
{
    char *end;
    const long value = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || value < least || value > most)
        return false;
    *out = (int)value;
    return true;
}

/* False after a line on stderr. */
static bool read_settings(settings *s, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i], *value = argv[i + 1];
        const bool takes_value =
            strcmp(word, "--listen") == 0 || strcmp(word, "--port") == 0 || strcmp(word, "--threads") == 0;
        if (takes_value && value == NULL) {
            fprintf(stderr, "lfm-service: %s needs a value\n", word);
            return false;
        }
        bool good = true;
        if (strcmp(word, "--listen") == 0)
            s->address = value;
        else if (strcmp(word, "--port") == 0)
            good = number(value, 0, MAX_PORT, &s->port);
        else if (strcmp(word, "--threads") == 0)
            good = number(value, 1, MAX_THREADS, &s->threads);
        else if (strcmp(word, "--no-check") == 0)
            s->check = false;
        else if (word[0] == '-' || s->model != NULL) {
            fprintf(stderr, "lfm-service: unexpected %s\n%s", word, usage);
            return false;
        } else
            s->model = word;
        if (!good) {
            fprintf(stderr, "lfm-service: %s cannot be %s\n", word, value);
            return false;
        }
        i += takes_value;
    }
    if (s->model == NULL)
        fputs(usage, stderr);
    return s->model != NULL;
}

/* Signals are waited for, not handled; threads inherit that. Not even one that the parent ignored is lost. */
static sigset_t take_signals(void)
{
    static const int all[] = {SIGHUP, SIGINT, SIGTERM};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        signal(all[i], SIG_DFL);
        sigaddset(&set, all[i]);
    }
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    return set;
}

int main(int argc, char **argv)
{
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    settings s = {.address = "127.0.0.1", .port = 8080, .check = true};
    s.threads = processors < 1 ? 1 : processors > MAX_THREADS ? MAX_THREADS : (int)processors;
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return EXIT_SUCCESS;
    }
    if (!read_settings(&s, argc, argv))
        return USAGE;
    const sigset_t signals = take_signals();
    json_object_seed(0); /* before threads do it at once */

    store *models = store_open(s.model, s.check);
    if (models == NULL)
        return EXIT_FAILURE;
    int port = 0;
    const int listening = http_listen(s.address, s.port, &port);
    http *server = listening < 0 ? NULL : http_start(models, listening, s.threads);
    if (server == NULL) {
        store_close(models);
        return EXIT_FAILURE;
    }
    const char *form = strchr(s.address, ':') == NULL ? "listening on http://%s:%d\n" : "listening on http://[%s]:%d\n";
    printf(form, s.address, port);
    fflush(stdout);

    int which = 0;
    while (sigwait(&signals, &which) == 0 && which == SIGHUP)
        store_reload(models);
    http_stop(server);
    store_close(models);
    return EXIT_SUCCESS;
}
