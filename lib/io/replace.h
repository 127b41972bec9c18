/* Replacing a file whole: at every moment its path names the old contents or the new. */
#ifndef LFMI_REPLACE_H
#define LFMI_REPLACE_H

#include <limits.h>

#include "io/sink.h"

typedef struct lfmi_replacement {
    const char *path;           /* as the caller names it */
    char target[PATH_MAX];      /* its name in the folder, links followed */
    char temporary[NAME_MAX + 1];
    int folder, file;           /* descriptors; -1: none */
    bool direct;                /* what the path names is no ordinary file: written to as it is */
} lfmi_replacement;

/* Begin; every begun replacement is ended by exactly one of the two ends. Errors: FILE. */
lfm_status lfmi_replace_begin(const char *path, lfmi_replacement *r);
lfm_status lfmi_replace_put(void *replacement, const void *data, size_t size);
lfm_status lfmi_replace_commit(lfmi_replacement *r);
void lfmi_replace_abandon(lfmi_replacement *r);

#endif
