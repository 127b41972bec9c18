/* The headers of NumPy's .npy files: a magic, a version, a length, and a Python dictionary as text.
 * numpy.lib.format describes them. */
#include "npy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char magic[] = "\x93NUMPY";
enum { MAGIC_BYTES = sizeof magic - 1, LONGEST_HEADER = 1 << 16, ALIGNMENT = 64 };

const char *npy_start(const unsigned char start[NPY_START_BYTES], int64_t *bytes)
{
    if (memcmp(start, magic, MAGIC_BYTES) != 0)
        return "it is no .npy array";
    const unsigned major = start[MAGIC_BYTES];
    if (major < 1 || major > 3)
        return "its .npy version is not 1, 2 or 3";
    const unsigned char *length = start + MAGIC_BYTES + 2;
    int64_t n = length[0] | length[1] << 8;
    if (major > 1)
        n |= (int64_t)length[2] << 16 | (int64_t)length[3] << 24;
    if (n > LONGEST_HEADER)
        return "its header is too long";
    *bytes = MAGIC_BYTES + 2 + (major == 1 ? 2 : 4) + n;
    return NULL;
}

/* What is left of the dictionary. */
typedef struct cursor {
    const char *at, *end;
} cursor;

static void skip_blanks(cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' || *c->at == '\t'))
        c->at++;
}

static bool take(cursor *c, char wanted)
{
    skip_blanks(c);
    if (c->at == c->end || *c->at != wanted)
        return false;
    c->at++;
    return true;
}

static bool take_word(cursor *c, const char *word)
{
    const size_t n = strlen(word);
    skip_blanks(c);
    if ((size_t)(c->end - c->at) < n || memcmp(c->at, word, n) != 0)
        return false;
    c->at += n;
    return true;
}

/* A string in either kind of quotes, without escapes. */
static bool take_string(cursor *c, char *out, size_t size)
{
    const char quote = take(c, '\'') ? '\'' : take(c, '"') ? '"' : '\0';
    size_t n = 0;
    if (quote == '\0')
        return false;
    for (; c->at < c->end && *c->at != quote; c->at++) {
        if (n + 1 >= size || *c->at == '\\' || *c->at == '\0')
            return false;
        out[n++] = *c->at;
    }
    out[n] = '\0';
    return take(c, quote);
}

static bool take_number(cursor *c, int64_t *value)
{
    skip_blanks(c);
    const char *begin = c->at;
    int64_t n = 0;
    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
        if (n > (INT64_MAX - 9) / 10)
            return false;
        n = n * 10 + (*c->at - '0');
    }
    *value = n;
    return c->at > begin;
}

/* [<>=|]kind and bytes. */
static const char *parse_descr(cursor *c, npy_header *header)
{
    char text[24];
    skip_blanks(c);
    if (c->at < c->end && *c->at == '[')
        return "it is an array of records, not of numbers or texts";
    if (!take_string(c, text, sizeof text))
        return "its header has no readable descr";
    if (text[0] == '\0' || strchr("<>=|", text[0]) == NULL || text[1] == '\0')
        return "its header has no readable descr";
    header->is_big_endian = text[0] == '>';
    header->kind = text[1];
    if (text[1] == 'O')
        return "it is an array of Python objects: save it as numbers or, of names, with dtype=str";
    cursor digits = {text + 2, text + strlen(text)};
    if (strchr("fiubUS", text[1]) == NULL || !take_number(&digits, &header->item_bytes) || digits.at != digits.end)
        return "its type is none of float, integer, unsigned, bool, U and S";
    if (text[1] == 'U') {
        if (header->item_bytes > INT64_MAX / 4)
            return "its items are too large";
        header->item_bytes *= 4;
    } else if (text[1] != 'S' && header->item_bytes != 1 && header->item_bytes != 2 && header->item_bytes != 4 &&
               header->item_bytes != 8) {
        return "its numbers are not of 1, 2, 4 or 8 bytes";
    }
    return NULL;
}

static const char *parse_shape(cursor *c, npy_header *header)
{
    if (!take(c, '('))
        return "its header has no readable shape";
    header->n_items = 1;
    while (!take(c, ')')) {
        int64_t n;
        if (header->n_dims == NPY_DIMS)
            return "it has more than 8 dimensions";
        if (!take_number(c, &n))
            return "its header has no readable shape";
        (void)take_word(c, "L"); /* as Python 2 wrote them */
        header->shape[header->n_dims++] = n;
        if (n != 0 && header->n_items > INT64_MAX / n)
            return "its shape is too large";
        header->n_items *= n;
        if (!take(c, ',') && (skip_blanks(c), c->at == c->end || *c->at != ')'))
            return "its header has no readable shape";
    }
    return NULL;
}

const char *npy_parse(const unsigned char *text, int64_t data_at, npy_header *header)
{
    enum { DESCR = 1, ORDER = 2, SHAPE = 4, ALL = 7 };
    static const char unreadable[] = "its header is no readable dictionary";
    *header = (npy_header){.data_at = data_at};
    cursor c = {(const char *)text + MAGIC_BYTES + 2 + (text[MAGIC_BYTES] == 1 ? 2 : 4), (const char *)text + data_at};
    unsigned seen = 0;
    if (!take(&c, '{'))
        return unreadable;
    while (!take(&c, '}')) {
        char key[24];
        const char *problem = NULL;
        if (!take_string(&c, key, sizeof key) || !take(&c, ':'))
            return unreadable;
        const unsigned part = strcmp(key, "descr") == 0           ? DESCR
                              : strcmp(key, "fortran_order") == 0 ? ORDER
                              : strcmp(key, "shape") == 0         ? SHAPE
                                                                  : 0;
        if (part == 0 || (seen & part) != 0)
            return unreadable;
        seen |= part;
        if (part == DESCR)
            problem = parse_descr(&c, header);
        else if (part == SHAPE)
            problem = parse_shape(&c, header);
        else if (take_word(&c, "True"))
            header->is_fortran = true;
        else if (!take_word(&c, "False"))
            return unreadable;
        if (problem != NULL)
            return problem;
        if (!take(&c, ',') && (skip_blanks(&c), c.at == c.end || *c.at != '}'))
            return unreadable;
    }
    skip_blanks(&c);
    if (seen != ALL || c.at != c.end)
        return unreadable;
    if (header->item_bytes != 0 && header->n_items > INT64_MAX / header->item_bytes)
        return "its shape is too large";
    return NULL;
}

size_t npy_write(char out[NPY_HEADER_BYTES], const char *descr, int32_t n_dims, const int64_t *shape)
{
    enum { BEFORE = MAGIC_BYTES + 4 };
    char dictionary[NPY_HEADER_BYTES - ALIGNMENT];
    int n = snprintf(dictionary, sizeof dictionary, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr);
    for (int32_t i = 0; i < n_dims; i++)
        n += snprintf(dictionary + n, sizeof dictionary - (size_t)n, "%s%" PRId64, i > 0 ? ", " : "", shape[i]);
    n += snprintf(dictionary + n, sizeof dictionary - (size_t)n, "%s), }", n_dims == 1 ? "," : "");
    const size_t whole = ((size_t)BEFORE + (size_t)n + 1 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    const size_t length = whole - BEFORE;
    memcpy(out, magic, MAGIC_BYTES);
    out[MAGIC_BYTES] = 1;
    out[MAGIC_BYTES + 1] = 0;
    out[MAGIC_BYTES + 2] = (char)(length & 0xFF);
    out[MAGIC_BYTES + 3] = (char)(length >> 8);
    memcpy(out + BEFORE, dictionary, (size_t)n);
    memset(out + BEFORE + n, ' ', length - (size_t)n - 1);
    out[whole - 1] = '\n';
    return whole;
}
