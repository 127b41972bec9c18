/* Names given on the command line, and the rows of the model's spaces that they stand for. */
#ifndef LFM_TOOL_NAMES_H
#define LFM_TOOL_NAMES_H

#include "args.h"
#include "dataset.h"

/* Find the numbers of names in a table; unknown ones are an error that names the option. *numbers
 * receives an array to free(). Returns an exit code. */
int names_find(int32_t **numbers, const char *option, const char *what, const name_list *names,
               const lfm_ids *table);

/* Refuse users without training data and without features: their representation is chance. */
int names_check_users(const char *option, const name_list *names, const int32_t *numbers,
                      const dataset *data);

/* The rows of a space (LFM_SPACE_...): features named in a file stand behind the indicators of
 * --identity; without a file there are indicators only. */
const lfm_ids *space_names_of(const dataset *data, int32_t space);
int32_t space_indicators(const dataset *data, int32_t space);

/* The name of a row; *is_indicator: it is a user or item itself, as a feature. */
const char *space_row_name(const dataset *data, int32_t space, int32_t number, bool *is_indicator);

#endif
