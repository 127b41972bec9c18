/* Loading checkpoints, and the options, features and interactions that files of both kinds hold. */
#include "io/load.h"

#include <string.h>

#include "base/sized.h"

lfm_status lfmi_stored_rows(const lfm_file *file, const char *name, int32_t *rows)
{
    const lfmi_stored *tensor = lfmi_header_find(&file->header, name);
    *rows = -1;
    if (tensor == NULL)
        return LFM_OK;
    if (tensor->n_dims < 1 || tensor->shape[0] > INT32_MAX)
        return lfmi_fail(LFM_ERROR_FORMAT, "%s: tensor %s has %lld rows, beyond what a model has", file->name, name,
                         (long long)tensor->shape[0]);
    *rows = (int32_t)tensor->shape[0];
    return LFM_OK;
}

/* Set what the metadata calls PREFIX.NAME. */
static lfm_status load_options(const lfm_file *file, const char *prefix, lfm_model_options *model,
                               lfm_train_options *train)
{
    const size_t length = strlen(prefix);
    for (int32_t i = 0; i < file->header.n_metadata; i++) {
        const char *key = file->header.metadata[i].key, *value = file->header.metadata[i].value;
        if (strncmp(key, prefix, length) != 0)
            continue;
        const lfm_status status = model != NULL ? lfm_model_options_set(model, key + length, value)
                                                : lfm_train_options_set(train, key + length, value);
        if (status != LFM_OK) {
            char reason[200];
            strncpy(reason, lfm_last_message(), sizeof reason - 1);
            reason[sizeof reason - 1] = '\0';
            return lfmi_fail(LFM_ERROR_FORMAT, "%s: %s", file->name, reason);
        }
    }
    return LFM_OK;
}

lfm_status lfmi_load_model_options(const lfm_file *file, lfm_model_options *options)
{
    lfm_model_options_init(options);
    return load_options(file, "model.", options, NULL);
}

lfm_status lfm_file_train_options(const lfm_file *file, lfm_train_options *options)
{
    lfmi_clear_message();
    LFMI_REQUIRE(file);
    LFMI_REQUIRE(options);
    lfm_train_options known;
    lfm_train_options_init(&known);
    LFMI_TRY(lfmi_sized_read(&known, sizeof known, options, "lfm_train_options"));
    LFMI_TRY(load_options(file, "train.", NULL, &known));
    return lfmi_sized_write(options, &known, sizeof known, "lfm_train_options");
}

lfm_status lfmi_load_epochs(const lfm_file *file, int64_t *epochs)
{
    enum { MOST_EPOCHS = INT32_MAX }; /* so that many more can be added */
    *epochs = -1;
    if (lfmi_header_metadata(&file->header, "epochs") == NULL)
        return LFM_OK;
    *epochs = lfmi_header_number(&file->header, "epochs");
    if (*epochs < 0 || *epochs > MOST_EPOCHS)
        return lfmi_fail(LFM_ERROR_FORMAT, "%s: its metadata epochs is no number in [0, %d]", file->name, MOST_EPOCHS);
    return LFM_OK;
}

static lfm_status load_array(const lfm_file *file, lfm_model *model, int32_t side, int32_t array)
{
    if (lfmi_model_span(model, array).columns == 0)
        return LFM_OK;
    const bool matrix = lfmi_has_components(model, array);
    const int64_t rows = model->sides[side].n_features, columns = matrix ? model->layout.d : 1;
    const lfmi_stored *tensor;
    LFMI_TRY(lfmi_file_need(file, lfmi_parameter_names[side][array], "F32", matrix ? 2 : 1, rows, columns, &tensor));
    return lfm_model_set(model, side, array, lfmi_file_data(file, tensor), rows * columns);
}

static lfm_status fill_model(const lfm_file *file, lfm_model *model)
{
    int64_t epochs;
    LFMI_TRY(lfmi_load_epochs(file, &epochs));
    if (epochs < 0)
        return lfmi_fail(LFM_ERROR_FORMAT, "%s: its metadata epochs is missing", file->name);
    for (int32_t side = 0; side < LFMI_SIDES; side++) {
        for (int32_t array = 0; array < LFMI_ARRAYS; array++)
            LFMI_TRY(load_array(file, model, side, array));
    }
    atomic_store(&model->epochs, epochs);
    return LFM_OK;
}

lfm_status lfm_file_model(const lfm_file *file, lfm_model **out)
{
    lfmi_clear_message();
    LFMI_REQUIRE(file);
    LFMI_REQUIRE(out);
    if (lfm_file_kind(file) != LFM_FILE_CHECKPOINT)
        return lfmi_fail(LFM_ERROR_UNSUPPORTED, "%s is no checkpoint", file->name);
    lfm_model_options options;
    LFMI_TRY(lfmi_load_model_options(file, &options));
    int32_t n_features[LFMI_SIDES];
    for (int32_t side = 0; side < LFMI_SIDES; side++) {
        const lfmi_stored *tensor;
        LFMI_TRY(lfmi_stored_rows(file, lfmi_parameter_names[side][LFM_EMBEDDINGS], &n_features[side]));
        LFMI_TRY(lfmi_file_need(file, lfmi_parameter_names[side][LFM_EMBEDDINGS], "F32", 2, n_features[side],
                                options.components, &tensor));
    }
    if (lfmi_header_metadata(&file->header, "data_checksum") != NULL)
        LFMI_TRY(lfm_file_check(file, NULL));
    lfm_model *model;
    LFMI_TRY(lfm_model_create(file->context, n_features[LFM_USER], n_features[LFM_ITEM], &options, &model));
    const lfm_status status = fill_model(file, model);
    if (status == LFM_OK)
        *out = model;
    else
        lfm_model_free(model);
    return status;
}

/* The number of features that a side's matrix refers to: that of the embeddings. */
static lfm_status load_width(const lfm_file *file, int32_t side, int32_t *width)
{
    LFMI_TRY(lfmi_stored_rows(file, lfmi_parameter_names[side][LFM_EMBEDDINGS], width));
    if (*width < 0)
        return lfmi_fail(LFM_ERROR_FORMAT, "%s: %s without %s", file->name,
                         lfmi_feature_names[side][LFMI_FEATURE_OFFSETS], lfmi_parameter_names[side][LFM_EMBEDDINGS]);
    return LFM_OK;
}

/* Offsets and columns of n_rows rows (-1: any number), as the file has them. */
static lfm_status load_rows(const lfm_file *file, const char *offsets, const char *columns, int32_t n_rows,
                            int32_t n_columns, lfm_csr *csr)
{
    const lfmi_stored *tensor;
    LFMI_TRY(lfmi_file_need(file, offsets, "I64", 1, n_rows < 0 ? -1 : (int64_t)n_rows + 1, -1, &tensor));
    if (tensor->shape[0] < 1 || tensor->shape[0] > INT32_MAX)
        return lfmi_fail(LFM_ERROR_FORMAT, "%s: tensor %s has %lld entries", file->name, offsets,
                         (long long)tensor->shape[0]);
    lfm_csr_init(csr);
    csr->n_rows = (int32_t)(tensor->shape[0] - 1);
    csr->n_columns = n_columns;
    csr->offsets = lfm_int64(lfmi_file_data(file, tensor));
    LFMI_TRY(lfmi_file_need(file, columns, "I32", 1, -1, -1, &tensor));
    csr->n_entries = tensor->shape[0];
    csr->columns = lfm_int32(lfmi_file_data(file, tensor));
    return LFM_OK;
}

lfm_status lfm_file_features(lfm_file *file, int32_t side, lfm_features **out)
{
    lfmi_clear_message();
    LFMI_REQUIRE(file);
    LFMI_REQUIRE(out);
    if (side != LFM_USER && side != LFM_ITEM)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "there is no side number %d: LFM_USER or LFM_ITEM", side);
    const char *const *names = lfmi_feature_names[side];
    if (lfmi_header_find(&file->header, names[LFMI_FEATURE_OFFSETS]) == NULL) {
        *out = NULL;
        return LFM_OK;
    }
    int32_t width, n_rows;
    LFMI_TRY(load_width(file, side, &width));
    LFMI_TRY(lfmi_stored_rows(file, lfmi_representation_names[side], &n_rows));
    lfm_csr csr;
    LFMI_TRY(load_rows(file, names[LFMI_FEATURE_OFFSETS], names[LFMI_FEATURE_COLUMNS], n_rows, width, &csr));
    if (lfmi_header_find(&file->header, names[LFMI_FEATURE_VALUES]) != NULL) {
        const lfmi_stored *values;
        LFMI_TRY(lfmi_file_need(file, names[LFMI_FEATURE_VALUES], "F32", 1, csr.n_entries, -1, &values));
        csr.values = lfm_float32(lfmi_file_data(file, values));
    }
    lfm_features_options options;
    lfm_features_options_init(&options);
    options.borrow = 1;
    options.release = lfmi_file_release;
    options.release_user_data = lfm_file_ref(file);
    return lfm_features_from_csr(file->context, &csr, &options, out);
}

/* Users or items of the model in a file: the rows of its representations, else of the feature matrix, else of
 * the embeddings. */
static lfm_status load_n_rows(const lfm_file *file, int32_t side, int32_t *n_rows)
{
    const lfmi_stored *offsets = lfmi_header_find(&file->header, lfmi_feature_names[side][LFMI_FEATURE_OFFSETS]);
    LFMI_TRY(lfmi_stored_rows(file, lfmi_representation_names[side], n_rows));
    if (*n_rows < 0 && offsets != NULL && offsets->n_dims == 1 && offsets->shape[0] >= 1 &&
        offsets->shape[0] <= INT32_MAX)
        *n_rows = (int32_t)(offsets->shape[0] - 1);
    else if (*n_rows < 0)
        LFMI_TRY(lfmi_stored_rows(file, lfmi_parameter_names[side][LFM_EMBEDDINGS], n_rows));
    if (*n_rows < 0)
        return lfmi_fail(LFM_ERROR_FORMAT, "%s: %s without %s", file->name, LFMI_SEEN_OFFSETS,
                         lfmi_representation_names[side]);
    return LFM_OK;
}

lfm_status lfm_file_seen(lfm_file *file, lfm_interactions **out)
{
    lfmi_clear_message();
    LFMI_REQUIRE(file);
    LFMI_REQUIRE(out);
    if (lfmi_header_find(&file->header, LFMI_SEEN_OFFSETS) == NULL) {
        *out = NULL;
        return LFM_OK;
    }
    int32_t n_users, n_items;
    LFMI_TRY(load_n_rows(file, LFM_USER, &n_users));
    LFMI_TRY(load_n_rows(file, LFM_ITEM, &n_items));
    lfm_csr csr;
    LFMI_TRY(load_rows(file, LFMI_SEEN_OFFSETS, LFMI_SEEN_ITEMS, n_users, n_items, &csr));
    lfm_interactions_options options;
    lfm_interactions_options_init(&options);
    options.borrow = 1;
    options.release = lfmi_file_release;
    options.release_user_data = lfm_file_ref(file);
    return lfm_interactions_from_csr(file->context, &csr, &options, out);
}
