/* Names and indices: from the ids that are saved with the model or, without any, digits. */
#include "names.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_NUMBER = 20 };

lfm_status names_load(names *n, lfm_file *file, int32_t space, int32_t n_rows)
{
    n->n_rows = n_rows;
    return lfm_file_ids(file, space, &n->ids);
}

void names_free(names *n) { lfm_ids_free(n->ids); }

int32_t names_count(const names *n)
{
    if (n->ids == NULL)
        return n->n_rows;
    const int32_t count = lfm_ids_count(n->ids);
    return count < n->n_rows ? count : n->n_rows;
}

/* A whole number as JSON would write it: no sign but a minus, no leading zeros or blanks. */
static bool parse_number(const char *text, size_t length, int64_t *number)
{
    char copy[LONGEST_NUMBER + 1];
    const size_t sign = length > 0 && text[0] == '-';
    if (length <= sign || length > LONGEST_NUMBER || strspn(text + sign, "0123456789") < length - sign)
        return false;
    if (text[sign] == '0' && length > 1)
        return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    errno = 0;
    *number = strtoll(copy, NULL, 10);
    return errno == 0;
}

int32_t names_find(const names *n, const char *text, size_t length)
{
    int64_t number;
    int32_t index = -1;
    if (n->ids != NULL && lfm_ids_kind(n->ids) == LFM_IDS_TEXT)
        index = lfm_ids_find(n->ids, text, length);
    else if (!parse_number(text, length, &number))
        return -1;
    else if (n->ids != NULL)
        index = lfm_ids_find_number(n->ids, number);
    else if (number >= 0 && number < n->n_rows)
        index = (int32_t)number;
    /* A damaged file may name rows that the model does not have. */
    return index < n->n_rows ? index : -1;
}

json_t *names_json(const names *n, int32_t index)
{
    if (n->ids == NULL) {
        char digits[LONGEST_NUMBER + 1];
        const int length = snprintf(digits, sizeof digits, "%d", index);
        return json_stringn(digits, (size_t)length);
    }
    if (lfm_ids_kind(n->ids) == LFM_IDS_NUMBER)
        return json_integer(lfm_ids_number(n->ids, index));
    size_t length;
    const char *text = lfm_ids_text(n->ids, index, &length);
    return text_json(text, length);
}

json_t *text_json(const char *text, size_t length)
{
    json_t *json = json_stringn(text, length);
    if (json != NULL)
        return json;
    char *copy = malloc(length + 1);
    if (copy == NULL)
        return NULL;
    for (size_t i = 0; i < length; i++)
        copy[i] = (unsigned char)text[i] < 0x80 ? text[i] : '?';
    json = json_stringn(copy, length);
    free(copy);
    return json;
}
