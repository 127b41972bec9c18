/* The arguments of the commands that handle model files: one file, and a few options. */
#include "flags.h"

#include <stdio.h>
#include <string.h>

#include "common.h"

static const flag *find_flag(const flag *flags, const char *name, size_t length)
{
    for (; flags->name != NULL; flags++) {
        if (strlen(flags->name) == length && strncmp(flags->name, name, length) == 0)
            return flags;
    }
    return NULL;
}

/* Take --NAME[=VALUE] at argv[*at], and the word behind it where that is its value. */
static int take_flag(int argc, char **argv, int *at, const flag *flags)
{
    const char *name = argv[*at] + 2, *glued = strchr(name, '=');
    const flag *found = find_flag(flags, name, glued != NULL ? (size_t)(glued - name) : strlen(name));
    if (found == NULL)
        return fail_usage("unknown option %s: see `lfm %s --help`", argv[*at], command_name());
    if (found->value == NULL) {
        if (glued != NULL)
            return fail_usage("--%s is a switch and takes no value", found->name);
        *found->on = true;
        return EXIT_FINE;
    }
    const char *value = glued != NULL ? glued + 1 : *at + 1 < argc ? argv[++*at] : "";
    if (value[0] == '\0')
        return fail_usage("--%s needs a value", found->name);
    *found->value = value;
    return EXIT_FINE;
}

int flags_parse(int argc, char **argv, const flag *flags, const char *what, const char **file, bool *help)
{
    bool only_names = false; /* after -- */
    *help = false;
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        if (!only_names && strcmp(word, "--") == 0) {
            only_names = true;
        } else if (!only_names && (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)) {
            *help = true;
            return EXIT_FINE;
        } else if (!only_names && strncmp(word, "--", 2) == 0) {
            const int code = take_flag(argc, argv, &i, flags);
            if (code != EXIT_FINE)
                return code;
        } else if (!only_names && word[0] == '-' && word[1] != '\0') {
            return fail_usage("unknown option %s: options begin with two dashes", word);
        } else if (*file != NULL) {
            return fail_usage("unexpected argument '%s': the %s is %s already", word, what, *file);
        } else {
            *file = word;
        }
    }
    if (*file == NULL || **file == '\0')
        return fail_usage("no %s is given: see `lfm %s --help`", what, command_name());
    return EXIT_FINE;
}

int flags_help(const char *text)
{
    fputs(text, stdout);
    return fflush(stdout) == 0 ? EXIT_FINE : fail("cannot write standard output");
}
