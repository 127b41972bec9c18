/* Model files: what the command reads from them and writes to them. */
#include "model_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "interrupt.h"

int model_file_open(lfm_file **file, const char *path, bool check, lfm_context *context)
{
    lfm_file_options options;
    lfm_file_options_init(&options);
    options.cancel = interrupt_flag();
    if (lfm_file_open(context, path, &options, file) != LFM_OK)
        return interrupted() ? EXIT_INTERRUPTED : fail_library();
    if (lfm_file_kind(*file) < 0)
        return fail("%s holds no model of liblfm", path);
    /* Files that other programs wrote may go without. */
    if (check && lfm_file_metadata(*file, "data_checksum") != NULL &&
        lfm_file_check(*file, interrupt_flag()) != LFM_OK)
        return interrupted() ? EXIT_INTERRUPTED : fail_library();
    return EXIT_FINE;
}

/* The names of a space as texts; ids that are numbers become their digits. Where there are none, the digits of the
 * n_rows rows, or with n_rows < 0 NULL. */
static int load_names(lfm_file *file, int32_t space, int32_t n_rows, lfm_context *context, lfm_ids **out)
{
    lfm_ids *stored = NULL;
    if (lfm_file_ids(file, space, &stored) != LFM_OK)
        return fail_library();
    if (stored == NULL ? n_rows < 0 : lfm_ids_kind(stored) == LFM_IDS_TEXT) {
        *out = stored;
        return EXIT_FINE;
    }
    const int32_t n = stored != NULL ? lfm_ids_count(stored) : n_rows;
    lfm_status status = lfm_ids_create(context, LFM_IDS_TEXT, out);
    for (int32_t i = 0; i < n && status == LFM_OK; i++) {
        char text[24];
        const int64_t number = stored != NULL ? lfm_ids_number(stored, i) : i;
        const int length = snprintf(text, sizeof text, "%lld", (long long)number);
        status = lfm_ids_add(*out, text, (size_t)length, NULL);
    }
    lfm_ids_free(stored);
    if (status != LFM_OK)
        return fail_library();
    return lfm_ids_count(*out) == n ? EXIT_FINE : fail("the model file is damaged: it has an id twice");
}

/* How many rows a tensor of the file has; 0 when there is none. */
static int32_t stored_rows(const lfm_file *file, const char *name, int32_t less)
{
    lfm_tensor tensor = {.size = sizeof tensor};
    if (lfm_file_tensor(file, name, &tensor) != LFM_OK || tensor.n_dims < 1)
        return 0;
    return tensor.shape[0] > INT32_MAX || tensor.shape[0] < less ? 0 : (int32_t)tensor.shape[0] - less;
}

/* Users or items of the model: rows of its feature matrix, else of its representations or embeddings. */
static int32_t count_rows(const lfm_file *file, int32_t side, const lfm_features *matrix)
{
    if (matrix != NULL)
        return lfm_features_n_rows(matrix);
    const int32_t n = stored_rows(file, side == LFM_USER ? "user_representations" : "item_representations", 0);
    return n > 0 ? n : stored_rows(file, side == LFM_USER ? "user_embeddings" : "item_embeddings", 0);
}

static int load_side(lfm_file *file, int32_t side, lfm_context *context, feature_side *to, lfm_ids **ids)
{
    if (lfm_file_features(file, side, &to->matrix) != LFM_OK)
        return fail_library();
    const int32_t n_rows = count_rows(file, side, to->matrix);
    int code = load_names(file, side, n_rows, context, ids);
    if (code != EXIT_FINE)
        return code;
    to->start = to->matrix != NULL ? lfm_file_ids_start(file, side + 2) : n_rows;
    to->identity = to->matrix != NULL && to->start > 0;
    return to->matrix == NULL
               ? EXIT_FINE
               : load_names(file, side + 2, lfm_features_n_features(to->matrix) - to->start, context, &to->names);
}

/* Interactions of no user with no item, where the file does not say what has been seen. */
static int load_seen(dataset *data, lfm_file *file, lfm_context *context)
{
    if (lfm_file_seen(file, &data->train) != LFM_OK)
        return fail_library();
    if (data->train != NULL)
        return EXIT_FINE;
    data->unknown_training = true;
    const pairs none = {.n = 0};
    return dataset_make_known(&none, data, context, &data->train);
}

int model_file_data(dataset *data, lfm_file *file, lfm_context *context)
{
    int code = load_side(file, LFM_USER, context, &data->user_side, &data->users);
    if (code == EXIT_FINE)
        code = load_side(file, LFM_ITEM, context, &data->item_side, &data->items);
    return code == EXIT_FINE ? load_seen(data, file, context) : code;
}

/* ---- Going on with a model ---- */

/* Number the ids of a table in the model's, new ones behind. */
static int map_ids(const lfm_ids *from, lfm_ids *to, int32_t **map)
{
    const int32_t n = lfm_ids_count(from);
    *map = malloc(((size_t)n + 1) * sizeof **map);
    if (*map == NULL)
        return fail_memory();
    for (int32_t i = 0; i < n; i++) {
        size_t length;
        const char *text = lfm_ids_text(from, i, &length);
        if (lfm_ids_add(to, text, length, &(*map)[i]) != LFM_OK)
            return fail_library();
    }
    return EXIT_FINE;
}

/* Put the model's table in place of the data's, which becomes the old one unless there is one already. */
static void replace_table(lfm_ids **table, lfm_ids *models, lfm_ids **old)
{
    if (*old == NULL)
        *old = *table;
    else
        lfm_ids_free(*table);
    *table = models;
}

static int adopt_numbers(dataset *data, lfm_ids *users, lfm_ids *items)
{
    int32_t *user_map = NULL, *item_map = NULL;
    int code = map_ids(data->users, users, &user_map);
    if (code == EXIT_FINE)
        code = map_ids(data->items, items, &item_map);
    /* After --min-count the training data is interactions already: back to pairs, to be numbered anew. */
    if (code == EXIT_FINE && data->train != NULL) {
        if (!pairs_of(&data->read, data->train))
            code = fail_memory();
        lfm_interactions_free(data->train);
        data->train = NULL;
    }
    for (int64_t e = 0; code == EXIT_FINE && e < data->read.n; e++) {
        data->read.users[e] = user_map[data->read.users[e]];
        data->read.items[e] = item_map[data->read.items[e]];
    }
    free(user_map);
    free(item_map);
    return code;
}

/* Take over the feature names of a side; the file must have been written for the same kind of features. */
static int adopt_features(lfm_file *file, int32_t side, const feature_args *features, lfm_context *context,
                          feature_side *to)
{
    static const char *const names[] = {"user", "item"};
    lfm_features *matrix = NULL;
    if (lfm_file_features(file, side, &matrix) != LFM_OK)
        return fail_library();
    const bool has_matrix = matrix != NULL;
    const int32_t width = has_matrix ? lfm_features_n_features(matrix) : 0;
    lfm_features_free(matrix);
    if (has_matrix != (features->file != NULL))
        return fail("--resume: the model was trained %s --%s-features", has_matrix ? "with" : "without", names[side]);
    if (!has_matrix)
        return EXIT_FINE;
    to->start = lfm_file_ids_start(file, side + 2);
    to->resumed = true;
    if ((to->start > 0) != features->identity)
        return fail("--resume: the model was trained %s --identity %s", to->start > 0 ? "with" : "without",
                    names[side]);
    const int code = load_names(file, side + 2, -1, context, &to->names);
    if (code != EXIT_FINE)
        return code;
    if (to->names == NULL)
        return fail("--resume: the file does not say what the %s features are called", names[side]);
    to->known_names = lfm_ids_count(to->names);
    to->grown = width > to->start + to->known_names;
    return EXIT_FINE;
}

/* The names of all users or items: one without would be taken for the next new one. */
static int load_all_names(lfm_file *file, int32_t side, const char *path, lfm_context *context, lfm_ids **out)
{
    static const char *const what[] = {"users", "items"};
    lfm_features *matrix = NULL;
    if (lfm_file_features(file, side, &matrix) != LFM_OK)
        return fail_library();
    const int32_t n_rows = count_rows(file, side, matrix);
    lfm_features_free(matrix);
    const int code = load_names(file, side, -1, context, out);
    if (code != EXIT_FINE)
        return code;
    if (*out == NULL)
        return fail("--resume: %s does not say what its users and items are called", path);
    if (lfm_ids_count(*out) != n_rows)
        return fail("--resume: %s says what %d of its %d %s are called", path, (int)lfm_ids_count(*out), (int)n_rows,
                    what[side]);
    return EXIT_FINE;
}

int model_file_adopt(dataset *data, lfm_file *file, const arguments *args, lfm_context *context,
                     lfm_ids **old_users, lfm_ids **old_items)
{
    lfm_ids *users = NULL, *items = NULL;
    int code = load_all_names(file, LFM_USER, args->resume, context, &users);
    if (code == EXIT_FINE)
        code = load_all_names(file, LFM_ITEM, args->resume, context, &items);
    if (code == EXIT_FINE)
        code = adopt_numbers(data, users, items);
    if (code != EXIT_FINE) {
        lfm_ids_free(users);
        lfm_ids_free(items);
        return code;
    }
    replace_table(&data->users, users, old_users);
    replace_table(&data->items, items, old_items);
    code = adopt_features(file, LFM_USER, &args->users, context, &data->user_side);
    return code == EXIT_FINE ? adopt_features(file, LFM_ITEM, &args->items, context, &data->item_side) : code;
}

int model_file_model(lfm_model **model, lfm_file *file, const dataset *data)
{
    if (lfm_file_model(file, model) != LFM_OK)
        return fail_library();
    const int32_t users = dataset_width(&data->user_side, data->users);
    const int32_t items = dataset_width(&data->item_side, data->items);
    const int32_t more_users = users - lfm_model_n_features(*model, LFM_USER);
    const int32_t more_items = items - lfm_model_n_features(*model, LFM_ITEM);
    if (more_users == 0 && more_items == 0)
        return EXIT_FINE;
    if (lfm_model_resize(*model, users, items, NULL) != LFM_OK)
        return fail_library();
    note("the model grows by %d user and %d item embeddings", (int)more_users, (int)more_items);
    return EXIT_FINE;
}

int model_file_options(const lfm_file *file, settings *options)
{
    lfm_train_options stated = options->train;
    if (lfm_file_train_options(file, &stated) != LFM_OK)
        return fail_library();
    lfm_option option;
    for (int32_t i = 0; settings_option(i, &option); i++) {
        char text[LFM_OPTION_TEXT_SIZE];
        if (option.group != LFM_OPTIONS_TRAIN || options->text[i] != NULL || strcmp(option.name, "epochs") == 0 ||
            strcmp(option.name, "threads") == 0 || strcmp(option.name, "draw_seed") == 0) /* of one run */
            continue;
        if (lfm_train_options_get(&stated, option.name, text, sizeof text) != LFM_OK ||
            lfm_train_options_set(&options->train, option.name, text) != LFM_OK)
            return fail_library();
    }
    return EXIT_FINE;
}

/* ---- Saving ---- */

int model_file_save(const lfm_model *model, const arguments *args, const dataset *data)
{
    lfm_save_options options;
    lfm_save_options_init(&options);
    options.user_features = data->user_side.matrix;
    options.item_features = data->item_side.matrix;
    options.seen = data->train;
    options.ids[LFM_SPACE_USER] = data->users;
    options.ids[LFM_SPACE_ITEM] = data->items;
    if (data->user_side.matrix != NULL)
        options.ids[LFM_SPACE_USER_FEATURE] = data->user_side.names;
    if (data->item_side.matrix != NULL)
        options.ids[LFM_SPACE_ITEM_FEATURE] = data->item_side.names;
    options.feature_ids_start[LFM_USER] = data->user_side.matrix != NULL ? data->user_side.start : 0;
    options.feature_ids_start[LFM_ITEM] = data->item_side.matrix != NULL ? data->item_side.start : 0;
    options.train = &args->options.train;
    if (args->save != NULL && lfm_model_save(model, args->save, &options) != LFM_OK)
        return fail_library();
    if (args->save_inference == NULL)
        return EXIT_FINE;
    lfm_scorer *scorer = NULL;
    lfm_scorer_options how;
    lfm_scorer_options_init(&how);
    how.threads = args->options.train.threads;
    lfm_status status = lfm_scorer_create(model, data->user_side.matrix, data->item_side.matrix, &how, &scorer);
    if (status == LFM_OK)
        status = lfm_scorer_save(scorer, args->save_inference, &options);
    const int code = status == LFM_OK ? EXIT_FINE : fail_library();
    lfm_scorer_free(scorer);
    return code;
}
