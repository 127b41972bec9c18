/* The names under which clients know users and items, and the indices that the library knows them by. */
#ifndef SERVICE_NAMES_H
#define SERVICE_NAMES_H

#include <jansson.h>

#include "lfm/lfm.h"

typedef struct names {
    lfm_ids *ids;   /* NULL: the file has no names, indices are written in digits */
    int32_t n_rows; /* users, or items, of the model */
} names;

/* Take the names of LFM_SPACE_USER or LFM_SPACE_ITEM over from a file. */
lfm_status names_load(names *n, lfm_file *file, int32_t space, int32_t n_rows);
void names_free(names *n);

/* How many rows have a name. */
int32_t names_count(const names *n);

/* The index of what a client wrote; -1 when there is no such name. */
int32_t names_find(const names *n, const char *text, size_t length);

/* A name as JSON: a string, or a number where ids are numbers. NULL when there is no memory. */
json_t *names_json(const names *n, int32_t index);

/* Any bytes as a JSON string; where they are not UTF-8, ? stands for each byte that is not ASCII. */
json_t *text_json(const char *text, size_t length);

#endif
