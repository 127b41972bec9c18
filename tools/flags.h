/* The arguments of the commands that handle model files: one file, and a few options. */
#ifndef LFM_TOOL_FLAGS_H
#define LFM_TOOL_FLAGS_H

#include <stdbool.h>

/* An option: --NAME VALUE or --NAME=VALUE, or a switch. */
typedef struct flag {
    const char *name;   /* NULL ends a table */
    const char **value; /* receives the text; NULL: a switch */
    bool *on;           /* of a switch */
} flag;

/* Read the arguments after a command's name. what: what the file is, for messages: "model". *help becomes true
 * when only the help is wanted. Returns an exit code. */
int flags_parse(int argc, char **argv, const flag *flags, const char *what, const char **file, bool *help);

/* Print a command's help on standard output. Returns an exit code. */
int flags_help(const char *text);

#endif
