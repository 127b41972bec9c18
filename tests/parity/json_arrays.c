/* Reading the numbers of a JSON object. */
#include "json_arrays.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "build.h"
#include "check.h"
#include "tap.h"

const json_t *json_member(const json_t *object, const char *name)
{
    const json_t *member = json_object_get(object, name);
    check_report(member != NULL, true, __FILE__, __LINE__, "there is no member %s", name);
    return member;
}

double json_number(const json_t *object, const char *name)
{
    return json_number_value(json_member(object, name));
}

const char *json_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_member(object, name));
    check_report(text != NULL, true, __FILE__, __LINE__, "%s is no text", name);
    return text;
}

double *json_doubles(const json_t *object, const char *name, int64_t *n)
{
    const json_t *array = json_member(object, name);
    if (json_is_null(array))
        return NULL;
    *n = (int64_t)json_array_size(array);
    double *numbers = take((size_t)*n, sizeof *numbers);
    for (int64_t i = 0; i < *n; i++) {
        const json_t *number = json_array_get(array, (size_t)i);
        numbers[i] = json_is_null(number) ? (double)NAN : json_number_value(number);
    }
    return numbers;
}

float *json_floats(const json_t *object, const char *name, int64_t *n)
{
    double *numbers = json_doubles(object, name, n);
    if (numbers == NULL)
        return NULL;
    float *floats = take((size_t)*n, sizeof *floats);
    for (int64_t i = 0; i < *n; i++)
        floats[i] = (float)numbers[i];
    free(numbers);
    return floats;
}

int32_t *json_int32s(const json_t *object, const char *name, int64_t *n)
{
    double *numbers = json_doubles(object, name, n);
    if (numbers == NULL)
        return NULL;
    int32_t *integers = take((size_t)*n, sizeof *integers);
    for (int64_t i = 0; i < *n; i++)
        integers[i] = (int32_t)numbers[i];
    free(numbers);
    return integers;
}

json_t *json_load_parity(const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/parity/%s", REAL_DATA, name);
    if (access(path, R_OK) != 0) {
        tap_skip("%s is not here", path);
        return NULL;
    }
    json_error_t error;
    json_t *root = json_load_file(path, 0, &error);
    check_report(root != NULL, true, __FILE__, __LINE__, "%s:%d: %s", path, error.line, error.text);
    return root;
}
