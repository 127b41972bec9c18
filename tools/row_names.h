/* What the rows of a model file's spaces are called. */
#ifndef LFM_TOOL_ROW_NAMES_H
#define LFM_TOOL_ROW_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lfm/file.h"

enum { ROW_NAMES_SPACES = 4 };
extern const char *const row_space_names[ROW_NAMES_SPACES]; /* by LFM_SPACE_…: "user", …, "item-feature" */

typedef struct row_names {
    lfm_ids *ids;    /* NULL: none */
    lfm_ids *owners; /* of a space of features: the users or items that the indicators before the named ones are */
    int32_t start;   /* the row of the first id: the number of indicators */
} row_names;

/* Load the names of a space (LFM_SPACE_…). Returns an exit code; row_names_free() in any case. */
int row_names_load(row_names *names, lfm_file *file, int32_t space);
void row_names_free(row_names *names);

/* The name of a row: its id, or its number in `digits`. *is_indicator: it is the name of the user or item whose
 * indicator the row is. */
enum { ROW_DIGITS = 24 };
const char *row_name(const row_names *names, int32_t row, char digits[ROW_DIGITS], size_t *length,
                     bool *is_indicator);

#endif
