/* Reading the numbers of a JSON object. Whatever is missing ends the test. */
#ifndef TEST_JSON_ARRAYS_H
#define TEST_JSON_ARRAYS_H

#include <jansson.h>
#include <stdint.h>

/* The array `name` of an object as floats, int32s or doubles (null becomes NaN); NULL when the member
 * is null. Freed by the caller. *n receives the count. */
float *json_floats(const json_t *object, const char *name, int64_t *n);
int32_t *json_int32s(const json_t *object, const char *name, int64_t *n);
double *json_doubles(const json_t *object, const char *name, int64_t *n);

double json_number(const json_t *object, const char *name);
const char *json_text(const json_t *object, const char *name);
const json_t *json_member(const json_t *object, const char *name);

/* Load REAL_DATA/parity/`name`; marks the test as skipped and returns NULL when it is not there. */
json_t *json_load_parity(const char *name);

#endif
