/* Values of JSON from the command's own. */
#include "json_values.h"

#include <stdlib.h>
#include <string.h>

#include "number.h"
#include "unicode.h"

char *json_utf8(const char *text)
{
    static const char replacement[] = "\xEF\xBF\xBD";
    const size_t n = strlen(text);
    char *clean = malloc(n * (sizeof replacement - 1) + 1), *out = clean;
    if (clean == NULL)
        return NULL;
    for (size_t at = 0; at < n;) {
        const size_t length = utf8_length((const unsigned char *)text + at, n - at);
        const size_t written = length > 0 ? length : sizeof replacement - 1;
        memcpy(out, length > 0 ? text + at : replacement, written);
        out += written;
        at += length > 0 ? length : 1;
    }
    *out = '\0';
    return clean;
}

json_t *json_text(const char *text)
{
    char *clean = json_utf8(text);
    json_t *value = clean != NULL ? json_string(clean) : NULL;
    free(clean);
    return value;
}

json_t *json_setting(const lfm_option *option, const char *text)
{
    int64_t whole;
    double real;
    if (option->type == LFM_OPTION_SWITCH)
        return json_boolean(strcmp(text, "true") == 0 || strcmp(text, "1") == 0 ||
                            strcmp(text, "yes") == 0 || strcmp(text, "on") == 0);
    if (option->type == LFM_OPTION_REAL && parse_real(text, strlen(text), &real))
        return json_real(real);
    if (option->type != LFM_OPTION_CHOICE && option->type != LFM_OPTION_REAL &&
        parse_time(text, strlen(text), &whole))
        return json_integer(whole);
    return json_text(text);
}

bool json_put(json_t *object, const char *name, json_t *value)
{
    return json_object_set_new(object, name, value) == 0;
}

bool json_put_count(json_t *object, const char *name, int64_t n)
{
    return json_put(object, name, json_integer(n));
}

bool json_write_line(FILE *to, json_t *object, bool complete)
{
    enum { DIGITS = 15 };
    if (complete) {
        /* Whether it could be written shows when the file is flushed. */
        json_dumpf(object, to, JSON_COMPACT | JSON_REAL_PRECISION(DIGITS));
        fputc('\n', to);
    }
    json_decref(object);
    return complete;
}
