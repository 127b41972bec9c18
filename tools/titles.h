/* Titles to print beside items. */
#ifndef LFM_TOOL_TITLES_H
#define LFM_TOOL_TITLES_H

#include "args.h"
#include "lfm/ids.h"
#include "progress.h"

/* Zero-initialise. */
typedef struct titles {
    lfm_ids *texts;
    int32_t *of_item; /* number of the text, -1: none; NULL: no titles at all */
} titles;

/* Read the file of titles, if there is one. Returns an exit code. */
int titles_read(titles *all, const arguments *args, const lfm_ids *items, progress *shown,
                int64_t *bad_lines);

/* Return an item's title, NULL when it has none. */
const char *titles_of(const titles *all, int32_t item);

void titles_free(titles *all);

#endif
