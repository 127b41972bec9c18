/* The lines of the JSON file: one for each evaluated epoch, then a summary. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"
#include "report.h"

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

/* JSON is UTF-8, ids may be anything: bytes that are no UTF-8 become U+FFFD. free() the result. */
static char *utf8_of(const char *text)
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

static json_t *text_of(const char *text)
{
    char *clean = utf8_of(text);
    json_t *value = clean != NULL ? json_string(clean) : NULL;
    free(clean);
    return value;
}

/* Put a value, of which the reference is taken, under a name. NULL means that memory ran out. */
static bool put(json_t *object, const char *name, json_t *value)
{
    return json_object_set_new(object, name, value) == 0;
}

static bool put_count(json_t *object, const char *name, int64_t n)
{
    return put(object, name, json_integer(n));
}

/* Write a line and drop the object. */
static bool write_line(FILE *to, json_t *object, bool complete)
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

static bool put_metrics(json_t *object, const char *name, const metrics *set, const fit_args *args)
{
    if (!set->present)
        return true;
    json_t *values = json_object();
    bool good = values != NULL;
    for (int32_t m = 0; m < args->n_metrics && good; m++)
        good = put(values, args->metric_names[m], json_real(set->means[m]));
    return put(object, name, values) && good;
}

bool json_evaluation(FILE *to, const evaluation *point, const fit_args *args)
{
    json_t *line = json_object();
    bool good = line != NULL && put_count(line, "epoch", point->epoch) &&
                put(line, "seconds", json_real(point->seconds)) &&
                put_metrics(line, "train", &point->train, args) &&
                put_metrics(line, "test", &point->test, args);
    if (good && point->partial)
        good = put(line, "partial", json_true());
    return write_line(to, line, good);
}

static bool put_side(json_t *object, const char *name, const feature_side *side, int32_t rows)
{
    json_t *about = json_object();
    const bool good =
        about != NULL && put_count(about, "count", side->matrix != NULL ? side->names.n : 0) &&
        put(about, "identity", json_boolean(side->matrix == NULL || side->identity)) &&
        put_count(about, "rows", rows) && put_count(about, "rows_without", side->bare_rows);
    return put(object, name, about) && good;
}

static json_t *skipped_of(const dataset *data)
{
    json_t *skipped = json_object();
    if (skipped != NULL &&
        !(put_count(skipped, "malformed_lines", data->bad_lines) &&
          put_count(skipped, "test_users_without_training", data->test_users_skipped) &&
          put_count(skipped, "test_interactions_dropped", data->test_pairs_dropped) &&
          put_count(skipped, "user_feature_lines_without_user", data->user_side.ignored) &&
          put_count(skipped, "item_feature_lines_without_item", data->item_side.ignored))) {
        json_decref(skipped);
        return NULL;
    }
    return skipped;
}

static json_t *trained_on(const dataset *data, const fit_args *args)
{
    json_t *about = json_object();
    bool good = about != NULL && put(about, "file", text_of(args->interactions)) &&
                put_count(about, "users", data->users.n) &&
                put_count(about, "items", data->items.n) &&
                put_count(about, "users_in_training", data->train_users) &&
                put_count(about, "items_in_training", data->train_items) &&
                put_count(about, "interactions", lfm_interactions_n_entries(data->train)) &&
                put_count(about, "positives", data->train_positives) &&
                put_count(about, "test_users", data->test_users - data->test_users_skipped) &&
                put_count(about, "test_interactions", lfm_interactions_n_entries(data->test)) &&
                put_side(about, "user_features", &data->user_side, data->users.n) &&
                put_side(about, "item_features", &data->item_side, data->items.n) &&
                put(about, "skipped", skipped_of(data));
    if (!good) {
        json_decref(about);
        return NULL;
    }
    return about;
}

/* The value of an option as JSON's own types; a whole number beyond int64 stays text. */
static json_t *setting_of(const lfm_option *option, const char *text)
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
    return text_of(text);
}

static json_t *options_of(const fit_args *args)
{
    json_t *object = json_object();
    lfm_option option;
    bool good = object != NULL;
    for (int32_t i = 0; good && settings_option(i, &option); i++)
        good = put(object, option.name,
                   setting_of(&option, settings_text(&args->options, i, &option)));
    if (good && args->has_positive_min)
        good = put(object, "positive_min", json_real(args->positive_min));
    if (good && args->test != NULL)
        good = put(object, "test", text_of(args->test));
    if (good && args->split_text != NULL)
        good = put(object, "split", text_of(args->split_text)) &&
               put_count(object, "split_seed", (int64_t)args->split.seed);
    good = good && put_count(object, "min_count_user", args->min_user) &&
           put_count(object, "min_count_item", args->min_item) && put_count(object, "k", args->k);
    if (!good) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static json_t *list_of(const list_kind *kind, int32_t query, const ids *items, const titles *names)
{
    json_t *list = json_array();
    bool good = list != NULL;
    for (int32_t i = 0; i < kind->length && good; i++) {
        const size_t at = (size_t)query * (size_t)kind->length + (size_t)i;
        const int32_t item = kind->items[at];
        if (item < 0)
            break;
        const char *title = titles_of(names, item);
        json_t *entry = json_object();
        good = entry != NULL && put(entry, "item", text_of(ids_text(items, item))) &&
               (title == NULL || put(entry, "title", text_of(title))) &&
               put(entry, kind->score_name, json_real((double)kind->scores[at]));
        good = json_array_append_new(list, entry) == 0 && good;
    }
    if (!good) {
        json_decref(list);
        return NULL;
    }
    return list;
}

static bool put_kind(json_t *object, const list_kind *kind, const ids *items, const titles *names)
{
    if (kind->names->n == 0 || kind->items == NULL)
        return true;
    json_t *by_name = json_object();
    bool good = by_name != NULL;
    for (int32_t i = 0; i < kind->names->n && good; i++) {
        char *name = utf8_of(kind->names->names[i]);
        good = name != NULL && put(by_name, name, list_of(kind, i, items, names));
        free(name);
    }
    return put(object, kind->json_name, by_name) && good;
}

bool json_summary(FILE *to, const report *from, const run_end *end, const lists *all,
                  const titles *names)
{
    json_t *line = json_object();
    bool good = line != NULL && put(line, "trained_on", trained_on(from->data, from->args)) &&
                put(line, "options", options_of(from->args)) &&
                put_count(line, "epochs", end->epochs) &&
                put(line, "seconds", json_real(end->seconds)) &&
                put(line, "interrupted", json_boolean(end->interrupted)) &&
                put(line, "diverged", json_boolean(end->diverged));
    for (int kind = 0; kind < N_LIST_KINDS && good; kind++)
        good = put_kind(line, &all->kinds[kind], &from->data->items, names);
    return write_line(to, line, good);
}
