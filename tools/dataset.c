/* All that training and evaluation work on, made from the files and the options. */
#include "dataset.h"

#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "model_file.h"
#include "testset.h"

/* Make interactions of the training file's pairs, in their own memory where the policy allows. */
static int store_pairs(const dataset *data, const arguments *args, lfm_context *context,
                       lfm_interactions **out)
{
    const pairs *read = &data->read;
    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_entries = read->n;
    coo.n_rows = lfm_ids_count(data->users);
    coo.n_columns = lfm_ids_count(data->items);
    coo.rows = lfm_int32(read->users);
    coo.columns = lfm_int32(read->items);
    coo.values = lfm_float32(read->values);
    lfm_interactions_options options;
    lfm_interactions_options_init(&options);
    options.duplicates = args->duplicates;
    options.borrow = 1;
    options.weights = lfm_float32(read->weights);
    options.timestamps = lfm_int64(read->times);
    return lfm_interactions_from_coo(context, &coo, &options, out) == LFM_OK ? EXIT_FINE
                                                                             : EXIT_FAILED;
}

static int by_number(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Name a repeated pair by its ids; the library knows numbers only. */
static int refuse_duplicate(const dataset *data)
{
    int64_t *keys = malloc(((size_t)data->read.n + 1) * sizeof *keys);
    if (keys == NULL)
        return fail_memory();
    for (int64_t e = 0; e < data->read.n; e++)
        keys[e] = (int64_t)data->read.users[e] << 32 | data->read.items[e];
    qsort(keys, (size_t)data->read.n, sizeof *keys, by_number);
    int64_t e = 1;
    while (e < data->read.n && keys[e] != keys[e - 1])
        e++;
    const bool found = e < data->read.n;
    const int32_t user = found ? (int32_t)(keys[e] >> 32) : 0;
    const int32_t item = found ? (int32_t)(keys[e] & INT32_MAX) : 0;
    free(keys);
    if (!found)
        return fail_library();
    char shown_user[EXCERPT_SIZE], shown_item[EXCERPT_SIZE];
    show_id(data->users, user, shown_user);
    show_id(data->items, item, shown_item);
    return fail("user '%s' and item '%s' stand in the training file more than once", shown_user,
                shown_item);
}

static int make_interactions(const dataset *data, const arguments *args, lfm_context *context,
                             lfm_interactions **out)
{
    const int code = store_pairs(data, args, context, out);
    if (code == EXIT_FINE)
        return EXIT_FINE;
    return args->duplicates == LFM_DUPLICATES_REJECT ? refuse_duplicate(data) : fail_library();
}

/* Make ids of those listed, renumbered in that order. */
static bool keep_ids(lfm_context *context, const lfm_ids *all, const int32_t *numbers, int32_t n, lfm_ids **kept)
{
    bool good = lfm_ids_create(context, LFM_IDS_TEXT, kept) == LFM_OK;
    for (int32_t i = 0; i < n && good; i++) {
        size_t length;
        const char *text = lfm_ids_text(all, numbers[i], &length);
        good = lfm_ids_add(*kept, text, length, NULL) == LFM_OK;
    }
    return good;
}

/* Drop rare users and items from the training data. users, items: receive the ids from before. */
static int threshold(dataset *data, const arguments *args, lfm_context *context, lfm_ids **users,
                     lfm_ids **items)
{
    lfm_interactions *whole = NULL;
    int32_t *user_numbers = malloc(((size_t)lfm_ids_count(data->users) + 1) * sizeof *user_numbers);
    int32_t *item_numbers = malloc(((size_t)lfm_ids_count(data->items) + 1) * sizeof *item_numbers);
    int code = EXIT_FAILED;
    if (user_numbers == NULL || item_numbers == NULL) {
        fail_memory();
        goto done;
    }
    code = make_interactions(data, args, context, &whole);
    if (code != EXIT_FINE)
        goto done;
    if (lfm_interactions_threshold(whole, args->min_user, args->min_item, user_numbers,
                                   item_numbers, &data->train) != LFM_OK) {
        code = fail_library();
        goto done;
    }
    *users = data->users;
    *items = data->items;
    data->users = data->items = NULL;
    if (!keep_ids(context, *users, user_numbers, lfm_interactions_n_users(data->train), &data->users) ||
        !keep_ids(context, *items, item_numbers, lfm_interactions_n_items(data->train), &data->items))
        code = fail_memory();
    else if (lfm_interactions_n_entries(data->train) == 0)
        code = fail("--min-count leaves no interactions");
done:
    lfm_interactions_free(whole);
    free(user_numbers);
    free(item_numbers);
    if (data->train != NULL)
        pairs_free(&data->read);
    return code;
}

int32_t dataset_width(const feature_side *side, const lfm_ids *rows)
{
    return side->matrix != NULL ? lfm_features_n_features(side->matrix) : lfm_ids_count(rows);
}

static int make_matrix(feature_side *side, const feature_args *features, const lfm_ids *rows,
                       const feature_entries *entries, lfm_context *context)
{
    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_entries = entries->n;
    coo.n_rows = lfm_ids_count(rows);
    coo.n_columns = lfm_ids_count(side->names);
    coo.rows = lfm_int32(entries->rows);
    coo.columns = lfm_int32(entries->columns);
    coo.values = lfm_float32(entries->weights);
    lfm_features_options options;
    lfm_features_options_init(&options);
    if (side->resumed && side->grown && lfm_ids_count(side->names) > side->known_names)
        return fail("%s has features that the model does not know, which has already grown by users or items of "
                    "--identity: train anew", features->file);
    if (!side->resumed)
        side->start = features->identity ? lfm_ids_count(rows) : 0;
    options.identity = features->identity;
    options.identity_columns = side->start;
    options.identity_rest = features->identity;
    options.normalise = features->normalise;
    if (lfm_features_from_coo(context, &coo, &options, &side->matrix) != LFM_OK)
        return fail_library();
    side->identity = features->identity;
    side->ignored = entries->ignored;
    for (int32_t r = 0; r < lfm_ids_count(rows); r++)
        side->bare_rows += lfm_features_row(side->matrix, r, NULL, NULL) == 0;
    return EXIT_FINE;
}

static int read_features(dataset *data, feature_side *side, const feature_args *features, lfm_ids *rows,
                         lfm_context *context, progress *shown)
{
    feature_entries entries = {.n = 0};
    read_totals totals;
    if (features->file == NULL) {
        side->start = lfm_ids_count(rows);
        return EXIT_FINE;
    }
    if (side->names == NULL && lfm_ids_create(context, LFM_IDS_TEXT, &side->names) != LFM_OK)
        return fail_memory();
    int code = feature_file_read(&entries, features, rows, side->names, shown, &totals);
    data->bad_lines += totals.bad;
    if (code == EXIT_FINE && entries.n == 0)
        code = fail("%s: none of its ids occurs in an interaction", features->file);
    if (code == EXIT_FINE)
        code = make_matrix(side, features, rows, &entries, context);
    feature_entries_free(&entries);
    return code;
}

static int split(dataset *data, const arguments *args, lfm_context *context)
{
    lfm_interactions *whole = data->train, *half = NULL;
    data->train = NULL;
    int code = EXIT_FINE;
    if (lfm_interactions_split(whole, &args->split, &data->train, &half) != LFM_OK)
        code = fail_library();
    lfm_interactions_free(whole);
    pairs_free(&data->read);
    if (code == EXIT_FINE && lfm_interactions_n_entries(data->train) == 0)
        code = fail("--split leaves no interactions to train on");
    if (code == EXIT_FINE && lfm_interactions_n_entries(half) == 0)
        note("--split leaves no interactions to test on");
    if (code == EXIT_FINE)
        code = testset_from_split(data, context, half);
    lfm_interactions_free(half);
    return code;
}

static int count_train(dataset *data)
{
    const int64_t n = lfm_interactions_n_entries(data->train);
    const int32_t *users = lfm_interactions_users(data->train);
    const int32_t *items = lfm_interactions_items(data->train);
    const float *values = lfm_interactions_values(data->train);
    bool *user_seen = calloc((size_t)lfm_ids_count(data->users) + 1, sizeof *user_seen);
    bool *item_seen = calloc((size_t)lfm_ids_count(data->items) + 1, sizeof *item_seen);
    const bool enough_memory = user_seen != NULL && item_seen != NULL;
    for (int64_t e = 0; e < n && enough_memory; e++) {
        data->train_positives += values == NULL || values[e] > 0;
        data->train_users += !user_seen[users[e]];
        data->train_items += !item_seen[items[e]];
        user_seen[users[e]] = item_seen[items[e]] = true;
    }
    free(user_seen);
    free(item_seen);
    return enough_memory ? EXIT_FINE : fail_memory();
}

int32_t same_id(const lfm_ids *from, const lfm_ids *to, int32_t number)
{
    size_t length;
    const char *text = lfm_ids_text(from, number, &length);
    return from == to ? number : lfm_ids_find(to, text, length);
}

const char *show_id(const lfm_ids *ids, int32_t number, char out[EXCERPT_SIZE])
{
    size_t length;
    const char *text = lfm_ids_text(ids, number, &length);
    return excerpt(text, length, out);
}

int dataset_load(dataset *data, const arguments *args, lfm_file *resume, lfm_context *context, progress *shown)
{
    pairs held_out = {.n = 0};
    lfm_ids *old_users = NULL, *old_items = NULL;
    read_totals totals;
    const bool thresholded = args->min_user > 0 || args->min_item > 0;
    if (lfm_ids_create(context, LFM_IDS_TEXT, &data->users) != LFM_OK ||
        lfm_ids_create(context, LFM_IDS_TEXT, &data->items) != LFM_OK)
        return fail_memory();
    int code = pairs_read(&data->read, args->interactions, args, true, data->users, data->items,
                          shown, &totals);
    data->bad_lines += totals.bad;
    if (code == EXIT_FINE && args->test != NULL) {
        code = pairs_read(&held_out, args->test, args, false, data->users, data->items, shown,
                          &totals);
        data->bad_lines += totals.bad;
    }
    if (code == EXIT_FINE && thresholded)
        code = threshold(data, args, context, &old_users, &old_items);
    if (code == EXIT_FINE && resume != NULL)
        code = model_file_adopt(data, resume, args, context, &old_users, &old_items);
    if (code == EXIT_FINE)
        code = read_features(data, &data->user_side, &args->users, data->users, context, shown);
    if (code == EXIT_FINE)
        code = read_features(data, &data->item_side, &args->items, data->items, context, shown);
    if (code == EXIT_FINE && data->train == NULL)
        code = make_interactions(data, args, context, &data->train);
    if (code == EXIT_FINE && args->split_text != NULL)
        code = split(data, args, context);
    if (code == EXIT_FINE && args->test != NULL)
        code = testset_make(data, context, &held_out, old_users != NULL ? old_users : data->users,
                            old_items != NULL ? old_items : data->items);
    if (code == EXIT_FINE && !args->allow_overlap)
        code = testset_check_overlap(data);
    if (code == EXIT_FINE)
        code = count_train(data);
    pairs_free(&held_out);
    lfm_ids_free(old_users);
    lfm_ids_free(old_items);
    return code;
}

/* What users know, from --train in place of what the model file says. */
static int replace_training(dataset *data, const arguments *args, lfm_context *context, progress *shown)
{
    pairs known = {.n = 0};
    lfm_interactions_free(data->train);
    data->train = NULL;
    data->unknown_training = false;
    int code = dataset_read_known(&known, args->train, args, data, shown);
    if (code == EXIT_FINE)
        code = dataset_make_known(&known, data, context, &data->train);
    pairs_free(&known);
    return code;
}

int dataset_from_model(dataset *data, const arguments *args, lfm_file *file, lfm_context *context, progress *shown)
{
    pairs held_out = {.n = 0};
    lfm_ids *users = NULL, *items = NULL;
    read_totals totals = {.bad = 0};
    int code = model_file_data(data, file, context);
    if (code == EXIT_FINE && args->train != NULL)
        code = replace_training(data, args, context, shown);
    if (code == EXIT_FINE && args->test != NULL) {
        if (lfm_ids_create(context, LFM_IDS_TEXT, &users) != LFM_OK ||
            lfm_ids_create(context, LFM_IDS_TEXT, &items) != LFM_OK)
            code = fail_memory();
        else
            code = pairs_read(&held_out, args->test, args, false, users, items, shown, &totals);
        data->bad_lines += totals.bad;
        if (code == EXIT_FINE)
            code = testset_make(data, context, &held_out, users, items);
    }
    if (code == EXIT_FINE && !args->allow_overlap)
        code = testset_check_overlap(data);
    if (code == EXIT_FINE)
        code = count_train(data);
    pairs_free(&held_out);
    lfm_ids_free(users);
    lfm_ids_free(items);
    return code;
}

int dataset_read_known(pairs *all, const char *path, const arguments *args, dataset *data,
                       progress *shown)
{
    pairs read = {.n = 0};
    lfm_ids *users = NULL, *items = NULL;
    read_totals totals = {.bad = 0};
    arguments plain = *args;
    plain.has_positive_min = false; /* which needs values */
    int code = EXIT_FINE;
    if (lfm_ids_create(NULL, LFM_IDS_TEXT, &users) != LFM_OK || lfm_ids_create(NULL, LFM_IDS_TEXT, &items) != LFM_OK)
        code = fail_memory();
    else
        code = pairs_read(&read, path, &plain, false, users, items, shown, &totals);
    data->bad_lines += totals.bad;
    for (int64_t e = 0; e < read.n && code == EXIT_FINE; e++) {
        const int32_t user = same_id(users, data->users, read.users[e]);
        const int32_t item = same_id(items, data->items, read.items[e]);
        if (user >= 0 && item >= 0 && !pairs_append(all, user, item, 1))
            code = fail_memory();
    }
    pairs_free(&read);
    lfm_ids_free(users);
    lfm_ids_free(items);
    return code;
}

int dataset_make_known(const pairs *known, const dataset *data, lfm_context *context,
                       lfm_interactions **out)
{
    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_entries = known->n;
    coo.n_rows = lfm_ids_count(data->users);
    coo.n_columns = lfm_ids_count(data->items);
    coo.rows = lfm_int32(known->users);
    coo.columns = lfm_int32(known->items);
    return lfm_interactions_from_coo(context, &coo, NULL, out) == LFM_OK ? EXIT_FINE : fail_library();
}

void dataset_free(dataset *data)
{
    lfm_interactions_free(data->train);
    lfm_interactions_free(data->test);
    lfm_features_free(data->user_side.matrix);
    lfm_features_free(data->item_side.matrix);
    lfm_ids_free(data->user_side.names);
    lfm_ids_free(data->item_side.names);
    lfm_ids_free(data->users);
    lfm_ids_free(data->items);
    pairs_free(&data->read);
    memset(data, 0, sizeof *data);
}
