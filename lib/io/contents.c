/* What a model file holds: gathered from a model or a scorer, and from what the caller puts beside it. */
#include "io/contents.h"

#include <stdio.h>

#include "ids/ids.h"
#include "lfm/version.h"

const char *const lfmi_parameter_names[LFMI_SIDES][LFMI_ARRAYS] = {
    {"user_embeddings", "user_biases", "user_embedding_gradients", "user_bias_gradients", "user_embedding_momentum",
     "user_bias_momentum"},
    {"item_embeddings", "item_biases", "item_embedding_gradients", "item_bias_gradients", "item_embedding_momentum",
     "item_bias_momentum"}};
const char *const lfmi_representation_names[LFMI_SIDES] = {"user_representations", "item_representations"};
const char *const lfmi_representation_bias_names[LFMI_SIDES] = {"user_representation_biases",
                                                                "item_representation_biases"};
const char *const lfmi_feature_names[LFMI_SIDES][LFMI_FEATURE_ARRAYS] = {
    {"user_features_offsets", "user_features_columns", "user_features_values"},
    {"item_features_offsets", "item_features_columns", "item_features_values"}};

const char *const lfmi_ids_names[LFMI_SPACES][LFMI_IDS_ARRAYS] = {
    {"user_ids", "user_ids_offsets", "user_ids_table"},
    {"item_ids", "item_ids_offsets", "item_ids_table"},
    {"user_feature_ids", "user_feature_ids_offsets", "user_feature_ids_table"},
    {"item_feature_ids", "item_feature_ids_offsets", "item_feature_ids_table"}};
const char *const lfmi_ids_start_names[LFMI_SIDES] = {"user_feature_ids_start", "item_feature_ids_start"};

static const char *const side_names[LFMI_SIDES] = {"user", "item"};

const char *lfmi_scan_name(int32_t kind)
{
    static const char *const names[LFMI_N_SCANS] = {
        [LFMI_SCAN_FLOAT] = "float32-1", [LFMI_SCAN_HALF] = "half-1", [LFMI_SCAN_INT8] = "int8-1"};
    return names[kind];
}

bool lfmi_has_components(const lfm_model *model, int32_t array)
{
    return array == LFM_EMBEDDINGS || array == LFM_EMBEDDING_MOMENTUM ||
           (array == LFM_EMBEDDING_GRADIENTS && model->options.optimiser != LFM_OPTIMISER_ADAGRAD_ROWWISE);
}

/* Tell all options of a group. */
static lfm_status tell_options(lfmi_plan *plan, int32_t group, const void *options)
{
    lfm_option option = {.size = sizeof option};
    for (int32_t i = 0; lfm_option_at(group, i, &option) == LFM_OK; i++) {
        char key[64], text[LFM_OPTION_TEXT_SIZE];
        const bool model = group == LFM_OPTIONS_MODEL;
        (void)snprintf(key, sizeof key, "%s.%s", model ? "model" : "train", option.name);
        LFMI_TRY(model ? lfm_model_options_get(options, option.name, text, sizeof text)
                       : lfm_train_options_get(options, option.name, text, sizeof text));
        LFMI_TRY(lfmi_plan_tell(plan, key, text));
    }
    lfmi_clear_message();
    return LFM_OK;
}

static lfm_status tell_kind(lfmi_plan *plan, const char *kind, int32_t d)
{
    LFMI_TRY(lfmi_plan_tell(plan, "format", "liblfm"));
    LFMI_TRY(lfmi_plan_tell_number(plan, "format_version", LFMI_FORMAT_VERSION));
    LFMI_TRY(lfmi_plan_tell(plan, "library_version", LFM_VERSION_STRING));
    LFMI_TRY(lfmi_plan_tell(plan, "kind", kind));
    return lfmi_plan_tell_number(plan, "components", d);
}

static lfm_status tell_rest(lfmi_plan *plan, const lfm_save_options *options)
{
    if (options->train != NULL)
        LFMI_TRY(tell_options(plan, LFM_OPTIONS_TRAIN, options->train));
    for (int64_t i = 0; i < options->n_notes; i++) {
        const char *key = options->notes[2 * i], *value = options->notes[2 * i + 1];
        if (key == NULL || value == NULL)
            return lfmi_fail(LFM_ERROR_ARGUMENT, "lfm_save_options: note %lld is NULL", (long long)i);
        char whole[128];
        if ((size_t)snprintf(whole, sizeof whole, "note.%s", key) >= sizeof whole)
            return lfmi_fail(LFM_ERROR_ARGUMENT, "lfm_save_options: the key of note %lld is longer than 122 bytes",
                             (long long)i);
        LFMI_TRY(lfmi_plan_tell(plan, whole, value));
    }
    return LFM_OK;
}

static lfm_status add_features(lfmi_contents *contents, int32_t side, const lfm_features *features)
{
    if (features == NULL)
        return LFM_OK;
    lfmi_plan *plan = &contents->plan;
    const int64_t n = (int64_t)features->n_rows + 1;
    const int64_t *offsets = features->offsets.data;
    if (features->offsets.type != LFM_INT64) {
        LFMI_TRY(LFMI_NEW_ARRAY(plan->context, n, "offsets of features", &contents->feature_offsets[side]));
        contents->n_feature_rows[side] = n;
        for (int64_t row = 0; row < n; row++)
            contents->feature_offsets[side][row] = lfmi_features_offset(features, row);
        offsets = contents->feature_offsets[side];
    }
    const char *const *names = lfmi_feature_names[side];
    lfmi_plan_list(plan, names[LFMI_FEATURE_OFFSETS], "I64", offsets, n);
    lfmi_plan_list(plan, names[LFMI_FEATURE_COLUMNS], "I32", features->columns.data, features->n_entries);
    if (features->values.data != NULL)
        lfmi_plan_list(plan, names[LFMI_FEATURE_VALUES], "F32", features->values.data, features->n_entries);
    return LFM_OK;
}

/* The distinct items of each user, whatever their sign. */
static lfm_status add_seen(lfmi_contents *contents, lfm_interactions *seen, int32_t n_users, int32_t n_items,
                           const lfm_cancel *cancel)
{
    if (seen == NULL)
        return LFM_OK;
    if (seen->n_users > n_users || seen->n_items > n_items)
        return lfmi_fail(LFM_ERROR_SHAPE, "seen has %d users and %d items, the model only %d and %d", seen->n_users,
                         seen->n_items, n_users, n_items);
    lfmi_plan *plan = &contents->plan;
    const lfmi_index *index;
    LFMI_TRY(lfmi_interactions_index(seen, 0, cancel, &index));
    LFMI_TRY(LFMI_NEW_ARRAY(plan->context, (int64_t)n_users + 1, "the seen items", &contents->seen_offsets));
    contents->n_seen_users = (int64_t)n_users + 1;
    LFMI_TRY(LFMI_NEW_ARRAY(plan->context, seen->n_entries, "the seen items", &contents->seen_items));
    contents->n_seen_room = seen->n_entries;
    for (int32_t user = 0; user < n_users; user++) {
        contents->seen_offsets[user] = contents->n_seen;
        if (user < seen->n_users)
            contents->n_seen += lfmi_distinct_items(index, user, false, contents->seen_items + contents->n_seen);
    }
    contents->seen_offsets[n_users] = contents->n_seen;
    lfmi_plan_list(plan, LFMI_SEEN_OFFSETS, "I64", contents->seen_offsets, contents->n_seen_users);
    lfmi_plan_list(plan, LFMI_SEEN_ITEMS, "I32", contents->seen_items, contents->n_seen);
    return LFM_OK;
}

/* The smallest table: how ids came in, a few or many at once, may have left a larger one, and the same names are to
 * make the same bytes. */
static lfm_status add_ids_table(lfmi_contents *contents, int32_t space, const lfmi_ids_parts *parts)
{
    lfmi_plan *plan = &contents->plan;
    const int64_t n_slots = lfmi_ids_slots(parts->n);
    const int32_t *table = parts->table;
    if (n_slots < parts->n_slots) {
        LFMI_TRY(LFMI_NEW_ARRAY(plan->context, n_slots, "the table of ids", &contents->ids_tables[space]));
        contents->n_slots[space] = n_slots;
        lfmi_ids_fill_table(parts, n_slots, contents->ids_tables[space], NULL);
        table = contents->ids_tables[space];
    }
    lfmi_plan_list(plan, lfmi_ids_names[space][LFMI_IDS_TABLE], "I32", table,
                   n_slots < parts->n_slots ? n_slots : parts->n_slots);
    return LFM_OK;
}

static lfm_status add_ids(lfmi_contents *contents, int32_t space, const lfm_ids *ids, int32_t start, int32_t n_rows)
{
    lfmi_plan *plan = &contents->plan;
    static const char *const what[LFMI_SPACES] = {"users", "items", "user features", "item features"};
    if (ids == NULL)
        return LFM_OK;
    if (start < 0 || start > n_rows || lfm_ids_count(ids) > n_rows - start)
        return lfmi_fail(LFM_ERROR_SHAPE, "lfm_save_options: %d ids from row %d on, but there are only %d %s",
                         lfm_ids_count(ids), start, n_rows, what[space]);
    lfmi_ids_parts parts;
    lfmi_ids_parts_of(ids, &parts);
    const char *const *names = lfmi_ids_names[space];
    if (parts.kind == LFM_IDS_TEXT) {
        lfmi_plan_list(plan, names[LFMI_IDS], "U8", parts.bytes, parts.n_bytes);
        lfmi_plan_list(plan, names[LFMI_IDS_OFFSETS], "I64", parts.offsets, (int64_t)parts.n + 1);
    } else {
        lfmi_plan_list(plan, names[LFMI_IDS], "I64", parts.numbers, parts.n);
    }
    LFMI_TRY(add_ids_table(contents, space, &parts));
    return space >= 2 ? lfmi_plan_tell_number(plan, lfmi_ids_start_names[space - 2], start) : LFM_OK;
}

/* What both kinds hold beside the model: n_rows users, items, user features and item features. */
static lfm_status add_rest(lfmi_contents *contents, const lfm_save_options *options, const int32_t n_rows[LFMI_SPACES])
{
    LFMI_TRY(tell_rest(&contents->plan, options));
    for (int32_t space = 0; space < LFMI_SPACES; space++)
        LFMI_TRY(add_ids(contents, space, options->ids[space],
                         space >= 2 ? options->feature_ids_start[space - 2] : 0, n_rows[space]));
    LFMI_TRY(add_features(contents, LFM_USER, options->user_features));
    LFMI_TRY(add_features(contents, LFM_ITEM, options->item_features));
    return add_seen(contents, options->seen, n_rows[LFM_USER], n_rows[LFM_ITEM], options->cancel);
}

static void add_parameters(lfmi_plan *plan, const lfm_model *model, int32_t side)
{
    const lfmi_table *table = &model->sides[side];
    for (int32_t array = 0; array < LFMI_ARRAYS; array++) {
        const lfmi_span span = lfmi_model_span(model, array);
        if (span.columns > 0)
            lfmi_plan_reals(plan, lfmi_parameter_names[side][array], false, table->rows + span.offset,
                            table->n_features, lfmi_has_components(model, array) ? span.columns : 0,
                            model->layout.stride * (int64_t)sizeof(float));
    }
}

lfm_status lfmi_contents_of_model(const lfm_model *model, const lfm_save_options *options, lfmi_contents *contents)
{
    lfmi_plan *plan = &contents->plan;
    LFMI_TRY(lfmi_plan_new(model->context, options->cancel, plan));
    const lfm_features *features[LFMI_SIDES] = {[LFM_USER] = options->user_features,
                                                [LFM_ITEM] = options->item_features};
    int32_t n_rows[LFMI_SPACES];
    for (int32_t side = 0; side < LFMI_SIDES; side++) {
        LFMI_TRY(lfmi_model_check_features(model, side, features[side], 0));
        n_rows[side + 2] = model->sides[side].n_features;
        n_rows[side] = features[side] != NULL ? features[side]->n_rows : model->sides[side].n_features;
        add_parameters(plan, model, side);
    }
    LFMI_TRY(tell_kind(plan, "checkpoint", model->layout.d));
    LFMI_TRY(lfmi_plan_tell_number(plan, "epochs", lfm_model_epochs(model)));
    LFMI_TRY(tell_options(plan, LFM_OPTIONS_MODEL, &model->options));
    return add_rest(contents, options, n_rows);
}

static void add_space(lfmi_plan *plan, const lfm_scorer *scorer, int32_t space, bool half, const char *vectors,
                      const char *biases)
{
    const lfmi_space *from = &scorer->spaces[space];
    lfmi_plan_reals(plan, vectors, half, from->vectors, from->n_rows, scorer->d,
                    scorer->stride * (int64_t)sizeof(float));
    lfmi_plan_reals(plan, biases, half, from->biases, from->n_rows, 0, sizeof(float));
}

static lfm_status check_scorer_features(const lfm_scorer *scorer, int32_t side, const lfm_features *features)
{
    if (features == NULL)
        return LFM_OK;
    const int32_t n_rows = scorer->spaces[side].n_rows, n_features = scorer->spaces[side + 2].n_rows;
    if (features->n_rows != n_rows || features->n_features != n_features)
        return lfmi_fail(LFM_ERROR_SHAPE, "the %s feature matrix is %d x %d; the scorer has %d %ss and holds %d %s "
                                          "features",
                         side_names[side], features->n_rows, features->n_features, n_rows, side_names[side], n_features,
                         side_names[side]);
    return LFM_OK;
}

/* The items as they are scanned, to be used where they lie. Half precision files are copied, and packed anew. */
static lfm_status add_scan(lfmi_contents *contents, const lfm_scorer *scorer)
{
    lfmi_plan *plan = &contents->plan;
    const lfmi_panels *panels = &scorer->items;
    const int64_t panel_bytes = lfmi_panel_bytes(panels->d, panels->kind);
    contents->scan_bounds[0] = panels->norm;
    contents->scan_bounds[1] = panels->bias;
    contents->scan_bounds[2] = panels->error;
    contents->scan_bounds[3] = panels->margin;
    lfmi_plan_matrix(plan, LFMI_ITEM_SCAN, "U8", panels->data, lfmi_n_panels(panels->n_items), panel_bytes,
                     panel_bytes);
    lfmi_plan_list(plan, LFMI_ITEM_SCAN_BOUNDS, "F32", contents->scan_bounds, LFMI_BOUNDS);
    lfmi_plan_list(plan, LFMI_ITEM_SCAN_ORDER, "I32", scorer->order, panels->n_items);
    return lfmi_plan_tell(plan, "scan", lfmi_scan_name(panels->kind));
}

lfm_status lfmi_contents_of_scorer(const lfm_scorer *scorer, const lfm_save_options *options, lfmi_contents *contents)
{
    lfmi_plan *plan = &contents->plan;
    LFMI_TRY(lfmi_plan_new(scorer->context, options->cancel, plan));
    const lfm_features *features[LFMI_SIDES] = {[LFM_USER] = options->user_features,
                                                [LFM_ITEM] = options->item_features};
    const bool half = options->precision == LFM_PRECISION_HALF;
    if (scorer->d > LFMI_MOST_COMPONENTS)
        return lfmi_fail(LFM_ERROR_UNSUPPORTED, "the scorer has %d components; a file has at most %d", scorer->d,
                         LFMI_MOST_COMPONENTS);
    LFMI_TRY(tell_kind(plan, "inference", scorer->d));
    if (scorer->has_model) {
        LFMI_TRY(lfmi_plan_tell_number(plan, "epochs", scorer->epochs));
        LFMI_TRY(tell_options(plan, LFM_OPTIONS_MODEL, &scorer->model_options));
    }
    int32_t n_rows[LFMI_SPACES];
    for (int32_t space = 0; space < LFMI_SPACES; space++)
        n_rows[space] = scorer->spaces[space].n_rows;
    for (int32_t side = 0; side < LFMI_SIDES; side++) {
        LFMI_TRY(check_scorer_features(scorer, side, features[side]));
        const lfmi_space *space = &scorer->spaces[side], *of_features = &scorer->spaces[side + 2];
        if (of_features->vectors != NULL)
            add_space(plan, scorer, side + 2, half, lfmi_parameter_names[side][LFM_EMBEDDINGS],
                      lfmi_parameter_names[side][LFM_BIASES]);
        if (space->vectors != of_features->vectors || space->n_rows != of_features->n_rows)
            add_space(plan, scorer, side, half, lfmi_representation_names[side], lfmi_representation_bias_names[side]);
    }
    if (!half) {
        lfmi_plan_matrix(plan, LFMI_MEANS, "F64", scorer->means, LFMI_SIDES, (int64_t)scorer->d + 1,
                         ((int64_t)scorer->d + 1) * (int64_t)sizeof(double));
        LFMI_TRY(add_scan(contents, scorer));
    }
    return add_rest(contents, options, n_rows);
}

void lfmi_contents_free(lfmi_contents *contents)
{
    lfm_context *context = contents->plan.context;
    for (int32_t side = 0; side < LFMI_SIDES; side++)
        LFMI_FREE_ARRAY(context, contents->feature_offsets[side], contents->n_feature_rows[side]);
    for (int32_t space = 0; space < LFMI_SPACES; space++)
        LFMI_FREE_ARRAY(context, contents->ids_tables[space], contents->n_slots[space]);
    LFMI_FREE_ARRAY(context, contents->seen_offsets, contents->n_seen_users);
    LFMI_FREE_ARRAY(context, contents->seen_items, contents->n_seen_room);
    lfmi_plan_free(&contents->plan);
}
