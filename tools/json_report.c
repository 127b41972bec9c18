/* The lines of the JSON file: one for each evaluated epoch, then a summary. */
#include <stdlib.h>
#include <string.h>

#include "json_values.h"
#include "report.h"

static bool put_metrics(json_t *object, const char *name, const metrics *set, const arguments *args)
{
    if (!set->present)
        return true;
    json_t *values = json_object();
    bool good = values != NULL;
    for (int32_t m = 0; m < args->n_metrics && good; m++)
        good = json_put(values, args->metric_names[m], json_real(set->means[m]));
    return json_put(object, name, values) && good;
}

bool json_evaluation(FILE *to, const evaluation *point, const arguments *args)
{
    json_t *line = json_object();
    bool good = line != NULL && json_put_count(line, "epoch", point->epoch) &&
                json_put(line, "seconds", json_real(point->seconds)) &&
                put_metrics(line, "train", &point->train, args) &&
                put_metrics(line, "test", &point->test, args);
    if (good && point->partial)
        good = json_put(line, "partial", json_true());
    return json_write_line(to, line, good);
}

static bool put_side(json_t *object, const char *name, const feature_side *side, int32_t rows)
{
    json_t *about = json_object();
    const bool good =
        about != NULL && json_put_count(about, "count", side->matrix != NULL ? lfm_ids_count(side->names) : 0) &&
        json_put(about, "identity", json_boolean(side->matrix == NULL || side->identity)) &&
        json_put_count(about, "rows", rows) && json_put_count(about, "rows_without", side->bare_rows);
    return json_put(object, name, about) && good;
}

static json_t *skipped_of(const dataset *data)
{
    json_t *skipped = json_object();
    if (skipped != NULL &&
        !(json_put_count(skipped, "malformed_lines", data->bad_lines) &&
          json_put_count(skipped, "test_users_without_training", data->test_users_skipped) &&
          json_put_count(skipped, "test_interactions_dropped", data->test_pairs_dropped) &&
          json_put_count(skipped, "user_feature_lines_without_user", data->user_side.ignored) &&
          json_put_count(skipped, "item_feature_lines_without_item", data->item_side.ignored))) {
        json_decref(skipped);
        return NULL;
    }
    return skipped;
}

static json_t *trained_on(const dataset *data, const arguments *args)
{
    json_t *about = json_object();
    bool good = about != NULL && json_put(about, "file", json_text(args->interactions)) &&
                json_put_count(about, "users", lfm_ids_count(data->users)) &&
                json_put_count(about, "items", lfm_ids_count(data->items)) &&
                json_put_count(about, "users_in_training", data->train_users) &&
                json_put_count(about, "items_in_training", data->train_items) &&
                json_put_count(about, "interactions", lfm_interactions_n_entries(data->train)) &&
                json_put_count(about, "positives", data->train_positives) &&
                json_put_count(about, "test_users", data->test_users - data->test_users_skipped) &&
                json_put_count(about, "test_interactions", lfm_interactions_n_entries(data->test)) &&
                put_side(about, "user_features", &data->user_side, lfm_ids_count(data->users)) &&
                put_side(about, "item_features", &data->item_side, lfm_ids_count(data->items)) &&
                json_put(about, "skipped", skipped_of(data));
    if (!good) {
        json_decref(about);
        return NULL;
    }
    return about;
}

static json_t *options_of(const arguments *args)
{
    json_t *object = json_object();
    lfm_option option;
    bool good = object != NULL;
    for (int32_t i = 0; good && settings_option(i, &option); i++)
        good = json_put(object, option.name,
                   json_setting(&option, settings_text(&args->options, i, &option)));
    if (good && args->has_positive_min)
        good = json_put(object, "positive_min", json_real(args->positive_min));
    if (good && args->test != NULL)
        good = json_put(object, "test", json_text(args->test));
    if (good && args->split_text != NULL)
        good = json_put(object, "split", json_text(args->split_text)) &&
               json_put_count(object, "split_seed", (int64_t)args->split.seed);
    good = good && json_put_count(object, "min_count_user", args->min_user) &&
           json_put_count(object, "min_count_item", args->min_item) && json_put_count(object, "k", args->k);
    if (!good) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static json_t *list_of(const list_kind *kind, int32_t query, const lfm_ids *items, const titles *names)
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
        good = entry != NULL && json_put(entry, "item", json_text(lfm_ids_text(items, item, NULL))) &&
               (title == NULL || json_put(entry, "title", json_text(title))) &&
               json_put(entry, kind->score_name, json_real((double)kind->scores[at]));
        good = json_array_append_new(list, entry) == 0 && good;
    }
    if (!good) {
        json_decref(list);
        return NULL;
    }
    return list;
}

static bool put_kind(json_t *object, const list_kind *kind, const lfm_ids *items, const titles *names)
{
    if (kind->names->n == 0 || kind->items == NULL)
        return true;
    json_t *by_name = json_object();
    bool good = by_name != NULL;
    for (int32_t i = 0; i < kind->names->n && good; i++) {
        char *name = json_utf8(kind->names->names[i]);
        good = name != NULL && json_put(by_name, name, list_of(kind, i, items, names));
        free(name);
    }
    return json_put(object, kind->json_name, by_name) && good;
}

bool json_summary(FILE *to, const report *from, const training_state *end, const lists *all,
                  const titles *names)
{
    json_t *line = json_object();
    bool good = line != NULL && json_put(line, "trained_on", trained_on(from->data, from->args)) &&
                json_put(line, "options", options_of(from->args)) &&
                json_put_count(line, "epochs", end->epochs) &&
                json_put(line, "seconds", json_real(end->seconds)) &&
                json_put(line, "interrupted", json_boolean(end->interrupted)) &&
                json_put(line, "diverged", json_boolean(end->diverged));
    for (int kind = 0; kind < N_LIST_KINDS && good; kind++)
        good = put_kind(line, &all->kinds[kind], from->data->items, names);
    return json_write_line(to, line, good);
}
