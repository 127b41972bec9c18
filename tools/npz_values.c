/* The numbers and texts of NumPy's arrays. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "npz_read.h"
#include "unicode.h"

const char *npz_shape(const npz_array *array, char out[SHAPE_SIZE])
{
    int n = snprintf(out, SHAPE_SIZE, "%s", array->header.n_dims == 0 ? "a single value" : "");
    for (int32_t i = 0; i < array->header.n_dims; i++)
        n += snprintf(out + n, SHAPE_SIZE - (size_t)n, "%s%" PRId64, i > 0 ? " x " : "", array->header.shape[i]);
    return out;
}

/* Where an item stands, for messages: "row 3, column 4". */
static const char *place_of(const npz_array *array, int64_t index, char out[64])
{
    const npy_header *header = &array->header;
    if (header->n_dims == 2)
        (void)snprintf(out, 64, "row %" PRId64 ", column %" PRId64, index / header->shape[1], index % header->shape[1]);
    else
        (void)snprintf(out, 64, "entry %" PRId64, index);
    return out;
}

/* The item that stands at an index in C order. */
static const unsigned char *item_at(const npz_array *array, int64_t index)
{
    const npy_header *header = &array->header;
    int64_t at = index;
    if (header->is_fortran) {
        int64_t stride = header->n_items;
        at = 0;
        for (int32_t i = header->n_dims - 1; i >= 0; i--) {
            stride /= header->shape[i];
            at += index % header->shape[i] * stride;
            index /= header->shape[i];
        }
    }
    return array->data + at * header->item_bytes;
}

/* A number's bytes as an integer, whatever the machine's order. */
static uint64_t bits_of(const npz_array *array, const unsigned char *item)
{
    const int64_t n = array->header.item_bytes;
    uint64_t bits = 0;
    for (int64_t i = 0; i < n; i++)
        bits |= (uint64_t)item[array->header.is_big_endian ? n - 1 - i : i] << (8 * i);
    return bits;
}

static double float_of(uint64_t bits, int64_t item_bytes)
{
    if (item_bytes == sizeof(float)) {
        const uint32_t low = (uint32_t)bits;
        float value;
        memcpy(&value, &low, sizeof value);
        return (double)value;
    }
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* A whole number; false when it does not fit. */
static bool whole_of(const npz_array *array, const unsigned char *item, int64_t *value)
{
    const uint64_t bits = bits_of(array, item);
    const int64_t n = array->header.item_bytes;
    if (array->header.kind == 'i' && n < (int64_t)sizeof bits && (bits >> (8 * n - 1)) != 0)
        *value = (int64_t)(bits | ~UINT64_C(0) << (8 * n));
    else
        *value = (int64_t)bits;
    return array->header.kind == 'i' || bits <= INT64_MAX;
}

int npz_floats(const npz_array *array, bool whole, float **values)
{
    const npy_header *header = &array->header;
    const bool is_float = header->kind == 'f' && (header->item_bytes == 4 || header->item_bytes == 8);
    char place[64];
    if (!is_float && !(whole && strchr("iub", header->kind) != NULL))
        return fail("%s: %s: its numbers are not float32 or float64", array->path, array->name);
    *values = malloc((size_t)header->n_items * sizeof **values + 1);
    if (*values == NULL)
        return fail_memory();
    for (int64_t i = 0; i < header->n_items; i++) {
        const unsigned char *item = item_at(array, i);
        int64_t number = 0;
        if (!is_float && !whole_of(array, item, &number))
            number = INT64_MAX;
        const double value = is_float ? float_of(bits_of(array, item), header->item_bytes) : (double)number;
        (*values)[i] = (float)value;
        if (!isfinite((*values)[i]))
            return fail("%s: %s: %s is %g, no finite float32", array->path, array->name, place_of(array, i, place),
                        value);
    }
    return EXIT_FINE;
}

int npz_integers(const npz_array *array, int64_t **values)
{
    const npy_header *header = &array->header;
    char place[64];
    if (header->kind != 'i' && header->kind != 'u')
        return fail("%s: %s: it holds no integers", array->path, array->name);
    if (header->n_items > (INT64_MAX >> 4))
        return fail_memory();
    *values = malloc((size_t)header->n_items * sizeof **values + 1);
    if (*values == NULL)
        return fail_memory();
    for (int64_t i = 0; i < header->n_items; i++) {
        if (!whole_of(array, item_at(array, i), &(*values)[i]))
            return fail("%s: %s: %s is beyond int64", array->path, array->name, place_of(array, i, place));
    }
    return EXIT_FINE;
}

size_t npz_text_room(const npz_array *array) { return (size_t)array->header.item_bytes + 4; }

/* As NumPy has it, the NULs at the end are none of the text's. */
int npz_text(const npz_array *array, int64_t index, char *text, size_t *length)
{
    const unsigned char *item = item_at(array, index);
    const int64_t width = array->header.kind == 'U' ? 4 : 1;
    int64_t n = array->header.item_bytes / width;
    npz_array one = *array; /* to be read character by character */
    one.header.item_bytes = width;
    while (n > 0 && bits_of(&one, item + (n - 1) * width) == 0)
        n--;
    *length = 0;
    for (int64_t i = 0; i < n; i++) {
        const uint64_t character = bits_of(&one, item + i * width);
        if (character == 0)
            return fail("%s: %s: entry %" PRId64 " holds a NUL", array->path, array->name, index);
        if (width == 1) {
            text[(*length)++] = (char)character;
            continue;
        }
        const size_t bytes = utf8_put((uint32_t)character, text + *length);
        if (bytes == 0)
            return fail("%s: %s: entry %" PRId64 ", character %" PRId64 ": there is no character U+%04" PRIX64,
                        array->path, array->name, index, i, character);
        *length += bytes;
    }
    return EXIT_FINE;
}
