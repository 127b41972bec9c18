/* Interactions as they stand in a file: numbers of users and items, values, weights, times. */
#ifndef LFM_TOOL_PAIRS_H
#define LFM_TOOL_PAIRS_H

#include <stdbool.h>
#include <stdint.h>

#include "args.h"
#include "lfm/ids.h"
#include "lfm/interactions.h"
#include "progress.h"

/* Parallel arrays. Zero-initialise. */
typedef struct pairs {
    int64_t n;
    int32_t *users, *items;
    float *values;  /* NULL: all are 1 */
    float *weights; /* NULL: all are 1 */
    int64_t *times; /* NULL: unknown */
    size_t capacity;
} pairs;

/* Read a file of interactions and number its users and items. with_details: weights and, where the
 * split asks for them, times too. Returns an exit code. */
int pairs_read(pairs *all, const char *path, const arguments *args, bool with_details, lfm_ids *users,
               lfm_ids *items, progress *shown, read_totals *totals);

/* Take the entries of interactions. Returns false when there is no memory. */
bool pairs_of(pairs *all, const lfm_interactions *from);

/* Append one without weight and time. Returns false when there is no memory. */
bool pairs_append(pairs *all, int32_t user, int32_t item, float value);

void pairs_free(pairs *all);

#endif
