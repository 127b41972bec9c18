/* Interactions as they stand in a file. */
#include "pairs.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "number.h"

enum { BATCH = 256 };

/* Texts that have no numbers yet, in one block. */
typedef struct waiting_texts {
    char *bytes;
    size_t capacity;
    int64_t offsets[BATCH + 1];
} waiting_texts;

typedef struct pairs_reader {
    pairs *all;
    const char *path;
    const arguments *args;
    lfm_ids *users, *items;
    bool needs_time;
    bool all_ones;
    /* Rows whose users and items have no numbers yet: the last n_waiting of `all`. */
    waiting_texts waiting_users, waiting_items;
    int32_t n_waiting;
} pairs_reader;

static int bad(row *taken, const char *problem, int32_t column_index)
{
    taken->problem = problem;
    taken->culprit = taken->fields[column_index];
    return ROW_BAD;
}

static bool grow_one(void **array, size_t capacity, size_t element_size)
{
    void *grown = realloc(*array, capacity * element_size);
    if (grown == NULL)
        return false;
    *array = grown;
    return true;
}

/* Make room for one more in each array that is in use. */
static bool reserve(pairs *all, bool values, bool weights, bool times)
{
    enum { FIRST_CAPACITY = 1024 };
    if ((size_t)all->n < all->capacity)
        return true;
    const size_t capacity = all->capacity == 0 ? (size_t)FIRST_CAPACITY : all->capacity * 2;
    void *arrays[] = {all->users, all->items, all->values, all->weights, all->times};
    const bool used[] = {true, true, values, weights, times};
    const size_t sizes[] = {sizeof *all->users, sizeof *all->items, sizeof *all->values,
                            sizeof *all->weights, sizeof *all->times};
    bool good = true;
    for (int i = 0; i < 5 && good; i++)
        good = !used[i] || grow_one(&arrays[i], capacity, sizes[i]);
    all->users = arrays[0];
    all->items = arrays[1];
    all->values = arrays[2];
    all->weights = arrays[3];
    all->times = arrays[4];
    if (good)
        all->capacity = capacity;
    return good;
}

/* Read a value; one that float cannot hold keeps its sign. */
static bool read_value(const pairs_reader *reader, const field *text, float *value)
{
    double number;
    if (!parse_real(text->text, text->length, &number) || fabs(number) > (double)FLT_MAX)
        return false;
    if (reader->args->has_positive_min)
        *value = number >= reader->args->positive_min ? 1.0f : -1.0f;
    else if (number > 0 && number < (double)FLT_MIN)
        *value = FLT_MIN;
    else
        *value = (float)number;
    return true;
}

static bool read_weight(const field *text, float *weight)
{
    double number;
    if (!parse_real(text->text, text->length, &number) || number < 0 || number > (double)FLT_MAX)
        return false;
    *weight = (float)number;
    return true;
}

static int number_side(lfm_ids *all, const waiting_texts *texts, int32_t n, int32_t *numbers,
                       const pairs_reader *reader, const char *what)
{
    switch (lfm_ids_add_all(all, n, lfm_texts(texts->bytes, texts->offsets), numbers)) {
    case LFM_OK: return EXIT_FINE;
    case LFM_ERROR_MEMORY: return fail_memory();
    default: return fail("%s: more than 2^31 - 1 %s", reader->path, what);
    }
}

/* Give the users and items that wait their numbers. */
static int number_waiting(pairs_reader *reader)
{
    const int32_t n = reader->n_waiting;
    const int64_t first = reader->all->n - n;
    reader->n_waiting = 0;
    if (n == 0)
        return EXIT_FINE;
    const int code = number_side(reader->users, &reader->waiting_users, n, reader->all->users + first,
                                 reader, "users");
    return code != EXIT_FINE ? code
                             : number_side(reader->items, &reader->waiting_items, n,
                                           reader->all->items + first, reader, "items");
}

static bool keep_text(waiting_texts *texts, int32_t n, const field *text)
{
    enum { FIRST_CAPACITY = 1 << 13 };
    const size_t begin = (size_t)texts->offsets[n], end = begin + text->length;
    if (end > texts->capacity || texts->bytes == NULL) {
        char *bytes = grow_array(texts->bytes, &texts->capacity,
                                 end > FIRST_CAPACITY ? end : (size_t)FIRST_CAPACITY, sizeof *bytes);
        if (bytes == NULL)
            return false;
        texts->bytes = bytes;
    }
    memcpy(texts->bytes + begin, text->text, text->length);
    texts->offsets[n + 1] = (int64_t)end;
    return true;
}

/* Keep a user and an item until there are enough to look up together. */
static int wait_for_numbers(pairs_reader *reader, const field *user, const field *item)
{
    const int code = reader->n_waiting == BATCH ? number_waiting(reader) : EXIT_FINE;
    if (code != EXIT_FINE)
        return code;
    return keep_text(&reader->waiting_users, reader->n_waiting, user) &&
                   keep_text(&reader->waiting_items, reader->n_waiting, item)
               ? EXIT_FINE
               : fail_memory();
}

static int take_pair(row *taken, void *user_data)
{
    pairs_reader *reader = user_data;
    pairs *all = reader->all;
    const field *fields = taken->fields;
    const bool has_value = fields[ROLE_VALUE].text != NULL;
    const bool has_weight = fields[ROLE_WEIGHT].text != NULL;
    float value = 1, weight = 1;
    int64_t time = 0;
    if (fields[ROLE_USER].length == 0)
        return bad(taken, "the user is empty", ROLE_USER);
    if (fields[ROLE_ITEM].length == 0)
        return bad(taken, "the item is empty", ROLE_ITEM);
    if (has_value && !read_value(reader, &fields[ROLE_VALUE], &value))
        return bad(taken, "the value is not a finite number", ROLE_VALUE);
    if (has_weight && !read_weight(&fields[ROLE_WEIGHT], &weight))
        return bad(taken, "the weight is not a finite number of 0 or more", ROLE_WEIGHT);
    if (fields[ROLE_TIME].text != NULL &&
        !parse_time(fields[ROLE_TIME].text, fields[ROLE_TIME].length, &time))
        return bad(taken, "the time is not a number that fits 64 bits", ROLE_TIME);
    if (!has_value && reader->args->has_positive_min) {
        fail("%s has no column of values, which --positive-min needs", reader->path);
        return ROW_FATAL;
    }
    if (fields[ROLE_TIME].text == NULL && reader->needs_time) {
        fail("%s has no column of times, which --split last needs", reader->path);
        return ROW_FATAL;
    }
    if (wait_for_numbers(reader, &fields[ROLE_USER], &fields[ROLE_ITEM]) != EXIT_FINE)
        return ROW_FATAL;
    if (!reserve(all, has_value, has_weight, reader->needs_time)) {
        fail_memory();
        return ROW_FATAL;
    }
    if (all->values != NULL)
        all->values[all->n] = value;
    if (all->weights != NULL)
        all->weights[all->n] = weight;
    if (all->times != NULL)
        all->times[all->n] = time;
    all->n++;
    reader->n_waiting++;
    reader->all_ones &= value == 1;
    return ROW_OK;
}

int pairs_read(pairs *all, const char *path, const arguments *args, bool with_details, lfm_ids *users,
               lfm_ids *items, progress *shown, read_totals *totals)
{
    column columns[N_ROLES] = {
        [ROLE_USER] = {"user", NULL, 1, true},    [ROLE_ITEM] = {"item", NULL, 2, true},
        [ROLE_VALUE] = {"value", NULL, 3, false}, [ROLE_WEIGHT] = {"weight", NULL, 0, false},
        [ROLE_TIME] = {"time", NULL, 4, false},
    };
    bool any_chosen = false;
    for (int i = 0; i < N_ROLES; i++)
        any_chosen |= args->columns[i] != NULL;
    pairs_reader reader = {.all = all,
                           .path = strcmp(path, "-") == 0 ? "(stdin)" : path,
                           .args = args,
                           .users = users,
                           .items = items,
                           .all_ones = true};
    reader.needs_time =
        with_details && args->split_text != NULL && args->split.method == LFM_SPLIT_LAST;
    for (int i = 0; i < N_ROLES; i++) {
        columns[i].chosen = args->columns[i];
        if (any_chosen && i > ROLE_ITEM)
            columns[i].position = 0;
    }
    if (!with_details)
        columns[ROLE_WEIGHT] = (column){"weight", NULL, 0, false};
    /* Times that nobody uses are not read, so they may be anything. */
    if (!reader.needs_time)
        columns[ROLE_TIME] = (column){"time", NULL, 0, false};
    int code = read_rows(path, &args->format, columns, N_ROLES, take_pair, &reader, shown, totals);
    if (code == EXIT_FINE)
        code = number_waiting(&reader);
    free(reader.waiting_users.bytes);
    free(reader.waiting_items.bytes);
    if (code == EXIT_FINE && reader.all_ones) {
        free(all->values);
        all->values = NULL;
    }
    return code;
}

bool pairs_of(pairs *all, const lfm_interactions *from)
{
    const int64_t n = lfm_interactions_n_entries(from);
    const float *values = lfm_interactions_values(from), *weights = lfm_interactions_weights(from);
    const int64_t *times = lfm_interactions_timestamps(from);
    for (int64_t e = 0; e < n; e++) {
        if (!reserve(all, values != NULL, weights != NULL, times != NULL))
            return false;
        all->users[e] = lfm_interactions_users(from)[e];
        all->items[e] = lfm_interactions_items(from)[e];
        if (all->values != NULL)
            all->values[e] = values != NULL ? values[e] : 1;
        if (weights != NULL)
            all->weights[e] = weights[e];
        if (times != NULL)
            all->times[e] = times[e];
        all->n++;
    }
    return true;
}

bool pairs_append(pairs *all, int32_t user, int32_t item, float value)
{
    if (!reserve(all, true, false, false))
        return false;
    all->users[all->n] = user;
    all->items[all->n] = item;
    all->values[all->n++] = value;
    return true;
}

void pairs_free(pairs *all)
{
    free(all->users);
    free(all->items);
    free(all->values);
    free(all->weights);
    free(all->times);
    memset(all, 0, sizeof *all);
}
