/* Feature files in long form: id, name[, weight], or id, type, value[, weight]. */
#include "feature_file.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "number.h"

/* The columns of both forms, in the order they are asked for. */
enum { PLACE_ID, PLACE_NAME /* or the type */, PLACE_VALUE };

typedef struct feature_reader {
    feature_entries *entries;
    const feature_args *features;
    lfm_ids *rows, *names;
    bool typed; /* the form with type and value */
    int32_t weight_place;
    char *name; /* type:value put together */
    size_t name_capacity;
} feature_reader;

static int no_memory(void)
{
    fail_memory();
    return ROW_FATAL;
}

static bool reserve(feature_entries *entries)
{
    enum { FIRST_CAPACITY = 1024 };
    if ((size_t)entries->n < entries->capacity)
        return true;
    const size_t capacity = entries->capacity == 0 ? (size_t)FIRST_CAPACITY : entries->capacity * 2;
    int32_t *rows = realloc(entries->rows, capacity * sizeof *rows);
    if (rows != NULL)
        entries->rows = rows;
    int32_t *columns = realloc(entries->columns, capacity * sizeof *columns);
    if (columns != NULL)
        entries->columns = columns;
    float *weights = realloc(entries->weights, capacity * sizeof *weights);
    if (weights != NULL)
        entries->weights = weights;
    if (rows == NULL || columns == NULL || weights == NULL)
        return false;
    entries->capacity = capacity;
    return true;
}

/* Put the feature's name together; text is NULL when there is no memory. */
static field name_of(feature_reader *reader, const row *taken)
{
    const field first = taken->fields[PLACE_NAME], second = taken->fields[PLACE_VALUE];
    if (!reader->typed)
        return first;
    const size_t length = first.length + 1 + second.length;
    char *name = grow_array(reader->name, &reader->name_capacity, length, 1);
    if (name == NULL)
        return (field){NULL, 0};
    reader->name = name;
    memcpy(name, first.text, first.length);
    name[first.length] = ':';
    memcpy(name + first.length + 1, second.text, second.length);
    return (field){name, length};
}

static int bad(row *taken, const char *problem, int32_t place)
{
    taken->problem = problem;
    taken->culprit = taken->fields[place];
    return ROW_BAD;
}

static int take_feature(row *taken, void *user_data)
{
    feature_reader *reader = user_data;
    feature_entries *entries = reader->entries;
    const field id = taken->fields[PLACE_ID], weight = taken->fields[reader->weight_place];
    double number = 1;
    if (id.length == 0)
        return bad(taken, "the id is empty", PLACE_ID);
    if (taken->fields[PLACE_NAME].length == 0)
        return bad(taken, reader->typed ? "the type is empty" : "the feature's name is empty",
                   PLACE_NAME);
    if (weight.text != NULL &&
        (!parse_real(weight.text, weight.length, &number) || fabs(number) > (double)FLT_MAX))
        return bad(taken, "the weight is not a finite number", reader->weight_place);
    int32_t row_number, name_number;
    if (!reader->features->all)
        row_number = lfm_ids_find(reader->rows, id.text, id.length);
    else if (lfm_ids_add(reader->rows, id.text, id.length, &row_number) != LFM_OK)
        return no_memory();
    if (row_number < 0) {
        entries->ignored++;
        return ROW_OK;
    }
    const field name = name_of(reader, taken);
    if (name.text == NULL || !reserve(entries) ||
        lfm_ids_add(reader->names, name.text, name.length, &name_number) != LFM_OK)
        return no_memory();
    entries->rows[entries->n] = row_number;
    entries->columns[entries->n] = name_number;
    entries->weights[entries->n] = (float)number;
    entries->n++;
    return ROW_OK;
}

int feature_file_read(feature_entries *entries, const feature_args *features, lfm_ids *rows, lfm_ids *names,
                      progress *shown, read_totals *totals)
{
    const char *const *chosen = features->columns;
    const bool typed = chosen[FEATURE_TYPE] != NULL;
    const column id = {"id", chosen[FEATURE_ID], 1, true};
    const column weight = {"weight", chosen[FEATURE_WEIGHT], typed ? 0 : 3,
                           chosen[FEATURE_WEIGHT] != NULL};
    const column named[] = {id, {"name", chosen[FEATURE_NAME], 2, true}, weight};
    const column with_type[] = {id,
                                {"type", chosen[FEATURE_TYPE], 2, true},
                                {"value", chosen[FEATURE_VALUE], 3, true},
                                weight};
    feature_reader reader = {.entries = entries,
                             .features = features,
                             .rows = rows,
                             .names = names,
                             .typed = typed,
                             .weight_place = typed ? 3 : 2};
    const int code = read_rows(features->file, &features->format, typed ? with_type : named,
                               reader.weight_place + 1, take_feature, &reader, shown, totals);
    free(reader.name);
    return code;
}

void feature_entries_free(feature_entries *entries)
{
    free(entries->rows);
    free(entries->columns);
    free(entries->weights);
    memset(entries, 0, sizeof *entries);
}
