/* Feature files in long form: a line for each feature of a user or item. */
#ifndef LFM_TOOL_FEATURE_FILE_H
#define LFM_TOOL_FEATURE_FILE_H

#include <stdint.h>

#include "args.h"
#include "lfm/ids.h"
#include "progress.h"

/* Parallel arrays of the lines that count. Zero-initialise. */
typedef struct feature_entries {
    int64_t n;
    int32_t *rows, *columns;
    float *weights;
    size_t capacity;
    int64_t ignored; /* lines of ids that occur in no interaction */
} feature_entries;

/* Read a side's file. ids: its users or items, to which new ones are added with features->all.
 * names: receives the features' names. Returns an exit code. */
int feature_file_read(feature_entries *entries, const feature_args *features, lfm_ids *rows, lfm_ids *names,
                      progress *shown, read_totals *totals);

void feature_entries_free(feature_entries *entries);

#endif
