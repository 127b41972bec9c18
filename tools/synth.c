/* lfm synth: the command: its options, their bounds, and the three files it leaves. */
#include "synth.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "synth_world.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* In this order they get their names: when the first is there, so are the others. */
enum { TEST, FEATURES, INTERACTIONS, N_FILES };

static const char *const file_names[N_FILES] = {"test.tsv", "item-features.tsv",
                                                "interactions.tsv"};

static const char usage[] =
    "usage: lfm synth DIR [--users N] [--items N] [--interactions N] [--tags N] [--seed S]\n"
    "\n"
    "Makes data shaped like a site of 3-D models and writes it to DIR:\n"
    "  interactions.tsv   user, item: what to train on\n"
    "  test.tsv           user, item: 5 held-out likes of every fifth user with 10 likes or more\n"
    "  item-features.tsv  item, tag, 1: about 6 tags per item\n"
    "\n"
    "  --users N          users u1, u2, … (15000)\n"
    "  --items N          items i1, i2, … (26000)\n"
    "  --interactions N   likes, held-out ones included; at most half of users x items (550000)\n"
    "  --tags N           tags named by their topic, as topic12-tag345, or general-tag6 (20000)\n"
    "  --seed S           the same seed and sizes give the same files on every machine (1)\n";

typedef struct size_option {
    const char *name;
    uint64_t *value;
    uint64_t least, most;
} size_option;

/* Returns 0 and the number when the text is one of [least, most], written in digits only. */
static int parse_number(const char *text, const size_option *option)
{
    uint64_t number = 0;
    if (*text == '\0')
        return -1;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return -1;
        uint64_t digit = (uint64_t)(*text - '0');
        if (number > (UINT64_MAX - digit) / 10)
            return -1;
        number = number * 10 + digit;
    }
    if (number < option->least || number > option->most)
        return -1;
    *option->value = number;
    return 0;
}

static const size_option *find_option(const size_option *options, const char *argument)
{
    for (; options->name != NULL; options++) {
        size_t length = strlen(options->name);
        if (strncmp(argument, options->name, length) == 0 &&
            (argument[length] == '\0' || argument[length] == '='))
            return options;
    }
    return NULL;
}

static int parse_arguments(int argc, char **argv, const size_option *options,
                           const char **directory)
{
    int only_names = 0; /* after "--" */
    for (int i = 1; i < argc; i++) {
        const char *argument = argv[i];
        if (!only_names && strcmp(argument, "--") == 0) {
            only_names = 1;
            continue;
        }
        if (only_names || argument[0] != '-') {
            if (*directory != NULL) {
                synth_complain("one directory, please, not %s and %s", *directory, argument);
                return -1;
            }
            *directory = argument;
            continue;
        }
        const size_option *option = find_option(options, argument);
        if (option == NULL) {
            synth_complain("unknown option %s (lfm synth --help lists them)", argument);
            return -1;
        }
        const char *text = strchr(argument, '=');
        text = text != NULL ? text + 1 : argv[++i];
        if (text == NULL || parse_number(text, option) != 0) {
            synth_complain("%s needs a whole number from %" PRIu64 " to %" PRIu64 "%s%s",
                           option->name, option->least, option->most, text != NULL ? ", not " : "",
                           text != NULL ? text : "");
            return -1;
        }
    }
    if (*directory == NULL || **directory == '\0') {
        synth_complain("name a directory to write to (lfm synth --help explains)");
        return -1;
    }
    return 0;
}

static int check_sizes(const synth_sizes *sizes)
{
    uint64_t most = sizes->users * sizes->items / 2;
    if (sizes->interactions <= most)
        return 0;
    synth_complain("%" PRIu64 " interactions are more than half of %" PRIu64 " users x %" PRIu64
                   " items; %" PRIu64 " are possible",
                   sizes->interactions, sizes->users, sizes->items, most);
    return -1;
}

static int write_files(synth_world *world, const synth_sizes *sizes, const char *directory,
                       synth_output *files)
{
    if (mkdir(directory, 0777) != 0 && errno != EEXIST) {
        synth_complain("cannot create %s: %s", directory, strerror(errno));
        return -1;
    }
    for (int i = 0; i < N_FILES; i++)
        if (synth_output_open(&files[i], directory, file_names[i]) != 0)
            return -1;

    uint64_t held_out = synth_world_write_likes(world, &files[INTERACTIONS], &files[TEST]);
    uint64_t tags = 0;
    if (files[INTERACTIONS].error == 0 && files[TEST].error == 0)
        tags = synth_world_write_tags(world, &files[FEATURES]);
    int failed = 0;
    for (int i = 0; i < N_FILES && !failed; i++)
        failed = files[i].error != 0 && synth_output_close(&files[i]) != 0;
    for (int i = 0; i < N_FILES && !failed; i++)
        failed = synth_output_close(&files[i]) != 0;
    if (failed)
        return -1;

    /* An older set must not be seen mixed with this one. */
    if (unlink(files[INTERACTIONS].path) != 0 && errno != ENOENT) {
        synth_complain("cannot replace %s: %s", files[INTERACTIONS].path, strerror(errno));
        return -1;
    }
    for (int i = 0; i < N_FILES; i++)
        if (synth_output_publish(&files[i]) != 0)
            return -1;

    printf("%s: %" PRIu64 " likes (training)\n", files[INTERACTIONS].path,
           sizes->interactions - held_out);
    printf("%s: %" PRIu64 " likes of %" PRIu64 " users (held out)\n", files[TEST].path, held_out,
           held_out / SYNTH_HELD_OUT);
    printf("%s: %" PRIu64 " tags of %" PRIu64 " items\n", files[FEATURES].path, tags, sizes->items);
    if (fflush(stdout) != 0) {
        synth_complain("cannot write to standard output: %s", strerror(errno));
        return -1;
    }
    return 0;
}

int synth_main(int argc, char **argv)
{
    synth_sizes sizes = {
        .users = 15000, .items = 26000, .interactions = 550000, .tags = 20000, .seed = 1};
    const size_option options[] = {{"--users", &sizes.users, 1, INT32_MAX},
                                   {"--items", &sizes.items, 1, INT32_MAX},
                                   {"--interactions", &sizes.interactions, 0, INT64_MAX},
                                   {"--tags", &sizes.tags, 0, INT32_MAX},
                                   {"--seed", &sizes.seed, 0, UINT64_MAX},
                                   {NULL, NULL, 0, 0}};
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return fputs(usage, stdout) < 0 || fflush(stdout) != 0 ? EXIT_FAILED : EXIT_DONE;

    const char *directory = NULL;
    if (parse_arguments(argc, argv, options, &directory) != 0 || check_sizes(&sizes) != 0)
        return EXIT_USAGE;

    signal(SIGXFSZ, SIG_IGN); /* a file size limit is to be an error of write() like any other */
    synth_world *world = synth_world_create(&sizes);
    if (world == NULL) {
        synth_complain("out of memory (%" PRIu64 " items need %" PRIu64 " bytes)", sizes.items,
                       8 * sizes.items);
        return EXIT_FAILED;
    }
    synth_output files[N_FILES];
    for (int i = 0; i < N_FILES; i++)
        files[i] = (synth_output){.file = -1};
    int status = write_files(world, &sizes, directory, files) == 0 ? EXIT_DONE : EXIT_FAILED;
    for (int i = 0; i < N_FILES; i++)
        synth_output_end(&files[i]);
    synth_world_free(world);
    return status;
}
