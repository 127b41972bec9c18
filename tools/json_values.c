/* Values of JSON from the command's own. */
#include "json_values.h"

#include <stdlib.h>
#include <string.h>

/* Length of the UTF-8 character that `text` begins with, 0 when it is none. */
static size_t character_length(const unsigned char *text, size_t left)
{
    const unsigned char first = text[0];
    const size_t length = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first >= 0x80 && (first < 0xC2 || first > 0xF4 || length > left))
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xC0) != 0x80)
            return 0;
    }
    /* Overlong forms, surrogates, beyond U+10FFFF. */
    if ((first == 0xE0 && text[1] < 0xA0) || (first == 0xED && text[1] > 0x9F) ||
        (first == 0xF0 && text[1] < 0x90) || (first == 0xF4 && text[1] > 0x8F))
        return 0;
    return length;
}

char *json_utf8(const char *text)
{
    static const char replacement[] = "\xEF\xBF\xBD";
    const size_t n = strlen(text);
    char *clean = malloc(n * (sizeof replacement - 1) + 1), *out = clean;
    if (clean == NULL)
        return NULL;
    for (size_t at = 0; at < n;) {
        const size_t length = character_length((const unsigned char *)text + at, n - at);
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
