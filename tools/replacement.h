/* A file that is written beside the one it replaces, and takes its place when it is whole. */
#ifndef LFM_TOOL_REPLACEMENT_H
#define LFM_TOOL_REPLACEMENT_H

#include <stdbool.h>
#include <stdio.h>

typedef struct replacement {
    const char *name; /* for messages */
    char *path;       /* what is replaced: where a symbolic link leads */
    char *temporary;  /* NULL: written to directly */
    FILE *file;
    bool is_standard; /* standard output */
} replacement;

/* Begin one; "-" is standard output. What exists and is no ordinary file (a pipe) is written to directly.
 * Returns an exit code; replacement_end() in any case. */
int replacement_open(replacement *out, const char *path);

/* Write all that is buffered to the disk and close. Returns an exit code. */
int replacement_close(replacement *out);

/* Give it its name, after replacement_close(). Returns an exit code. */
int replacement_publish(replacement *out);

/* Close and remove what has not been published. */
void replacement_end(replacement *out);

#endif
