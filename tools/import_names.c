/* The names of users, items and features in an .npz. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "import_side.h"

static const struct {
    const char *ids, *feature_ids, *start;
} names_of[2] = {
    [LFM_USER] = {"user_ids", "user_feature_ids", "user_feature_ids_start"},
    [LFM_ITEM] = {"item_ids", "item_feature_ids", "item_feature_ids_start"},
};

static int refuse_repeated(const npz_array *array, int64_t index, int32_t first)
{
    return fail("%s: %s: entry %lld is the same as entry %d", array->path, array->name, (long long)index, first);
}

static int add_texts(const npz_array *array, lfm_ids *ids)
{
    char *text = malloc(npz_text_room(array));
    int code = text != NULL ? EXIT_FINE : fail_memory();
    for (int64_t i = 0; code == EXIT_FINE && i < array->header.n_items; i++) {
        size_t length;
        int32_t index;
        code = npz_text(array, i, text, &length);
        if (code == EXIT_FINE && lfm_ids_add(ids, text, length, &index) != LFM_OK)
            code = fail_library();
        if (code == EXIT_FINE && index != i)
            code = refuse_repeated(array, i, index);
    }
    free(text);
    return code;
}

/* Integers become their digits, as they stand in files of interactions. */
static int add_numbers(const npz_array *array, lfm_ids *ids)
{
    int64_t *numbers = NULL;
    int code = npz_integers(array, &numbers);
    for (int64_t i = 0; code == EXIT_FINE && i < array->header.n_items; i++) {
        int32_t index;
        char digits[24];
        const int length = snprintf(digits, sizeof digits, "%" PRId64, numbers[i]);
        if (lfm_ids_add(ids, digits, (size_t)length, &index) != LFM_OK)
            code = fail_library();
        else if (index != i)
            code = refuse_repeated(array, i, index);
    }
    free(numbers);
    return code;
}

/* Read a list of at most `most` names; *ids stays NULL where there is none. */
static int read_ids(npz *file, const char *name, int64_t most, const char *what, lfm_ids **ids)
{
    npz_array array;
    int code = npz_read(file, name, &array);
    if (code != EXIT_FINE || array.data == NULL)
        return code;
    const bool is_text = array.header.kind == 'U' || array.header.kind == 'S';
    char shape[SHAPE_SIZE];
    if (array.header.n_dims != 1)
        code = fail("%s: %s: its shape is %s, not that of a list", file->path, name, npz_shape(&array, shape));
    else if (!is_text && array.header.kind != 'i' && array.header.kind != 'u')
        code = fail("%s: %s: its entries are neither texts nor integers", file->path, name);
    else if (array.header.n_items > most)
        code = fail("%s: %s: it has %lld entries, but there are only %lld %s", file->path, name,
                    (long long)array.header.n_items, (long long)most, what);
    else if (lfm_ids_create(NULL, LFM_IDS_TEXT, ids) != LFM_OK)
        code = fail_library();
    else
        code = is_text ? add_texts(&array, *ids) : add_numbers(&array, *ids);
    free(array.data);
    return code;
}

static int read_start(npz *file, const char *name, int64_t *start)
{
    npz_array array;
    int64_t *value = NULL;
    int code = npz_read(file, name, &array);
    if (code != EXIT_FINE || array.data == NULL)
        return code;
    if (array.header.n_items != 1)
        code = fail("%s: %s: it is no single number", file->path, name);
    else
        code = npz_integers(&array, &value);
    if (code == EXIT_FINE)
        *start = *value;
    free(value);
    free(array.data);
    return code;
}

/* Whether the first names of features are those of the users or items, in order: then these are the indicators
 * that LightFM's Dataset puts there. */
static bool begin_with_owners(const import_side *side)
{
    const int32_t n = side->n_rows;
    if (lfm_ids_count(side->ids) != n || lfm_ids_count(side->feature_ids) < n)
        return false;
    for (int32_t i = 0; i < n; i++) {
        size_t length, other;
        const char *text = lfm_ids_text(side->ids, i, &length), *name = lfm_ids_text(side->feature_ids, i, &other);
        if (length != other || memcmp(text, name, length) != 0)
            return false;
    }
    return n > 0;
}

/* Keep the names from `first` on only. */
static int drop_first_names(import_side *side, int32_t first)
{
    lfm_ids *rest;
    const int32_t n = lfm_ids_count(side->feature_ids);
    if (lfm_ids_create(NULL, LFM_IDS_TEXT, &rest) != LFM_OK)
        return fail_library();
    int code = EXIT_FINE;
    for (int32_t i = first; i < n && code == EXIT_FINE; i++) {
        size_t length;
        const char *text = lfm_ids_text(side->feature_ids, i, &length);
        if (lfm_ids_add(rest, text, length, NULL) != LFM_OK)
            code = fail_library();
    }
    lfm_ids_free(side->feature_ids);
    side->feature_ids = rest;
    return code;
}

static int place_feature_names(import_side *side, npz *file, int32_t which)
{
    const int64_t n = lfm_ids_count(side->feature_ids);
    const char *name = names_of[which].feature_ids;
    int64_t start = -1;
    const int code = read_start(file, names_of[which].start, &start);
    if (code != EXIT_FINE)
        return code;
    if (start < 0 && n == side->n_features && begin_with_owners(side)) {
        if (n == side->n_rows) { /* nothing but indicators, which need no names of their own */
            lfm_ids_free(side->feature_ids);
            side->feature_ids = NULL;
            return EXIT_FINE;
        }
        side->feature_ids_start = side->n_rows;
        return drop_first_names(side, side->n_rows);
    }
    /* Told by the file: a model that has grown has features without a name behind the named ones. */
    if (start >= 0 && start <= side->n_features - n) {
        side->feature_ids_start = (int32_t)start;
        return EXIT_FINE;
    }
    if (start >= 0)
        return fail("%s: %s: %lld names from feature %lld on, but there are only %d features", file->path, name,
                    (long long)n, (long long)start, side->n_features);
    start = n == side->n_features ? 0 : side->n_rows;
    if (start + n != side->n_features)
        return fail("%s: %s: it has %lld entries, but there are %d features, or %lld behind those of the %d %ss",
                    file->path, name, (long long)n, side->n_features, (long long)side->n_features - side->n_rows,
                    side->n_rows, side->name);
    side->feature_ids_start = (int32_t)start;
    return EXIT_FINE;
}

int import_names_read(import_side *side, npz *file, int32_t which)
{
    static const char *const what[2] = {[LFM_USER] = "users", [LFM_ITEM] = "items"};
    int code = read_ids(file, names_of[which].ids, side->n_rows, what[which], &side->ids);
    if (code == EXIT_FINE && side->ids != NULL && lfm_ids_count(side->ids) != side->n_rows)
        code = fail("%s: %s: it has %d entries, but there are %d %s", file->path, names_of[which].ids,
                    lfm_ids_count(side->ids), side->n_rows, what[which]);
    if (code == EXIT_FINE)
        code = read_ids(file, names_of[which].feature_ids, side->n_features, "features", &side->feature_ids);
    return code == EXIT_FINE && side->feature_ids != NULL ? place_feature_names(side, file, which) : code;
}
