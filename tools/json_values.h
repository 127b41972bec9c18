/* Values of JSON from the command's own. */
#ifndef LFM_TOOL_JSON_VALUES_H
#define LFM_TOOL_JSON_VALUES_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lfm/options.h"

/* JSON is UTF-8, ids may be anything: bytes that are no UTF-8 become U+FFFD. NULL when there is no
 * memory. free() the copy. */
char *json_utf8(const char *text);
json_t *json_text(const char *text);

/* The value of an option, from its text, as JSON's own types; a whole number beyond int64 stays text. */
json_t *json_setting(const lfm_option *option, const char *text);

/* Put a value, of which the reference is taken, under a name. NULL means that memory ran out. Returns
 * false when there is none. */
bool json_put(json_t *object, const char *name, json_t *value);
bool json_put_count(json_t *object, const char *name, int64_t n);

/* Write a line, if the object is complete, and drop the object. Returns `complete`. */
bool json_write_line(FILE *to, json_t *object, bool complete);

#endif
