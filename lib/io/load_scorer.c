/* Scorers from files: mapped where they lie, copied from half precision, or made from a checkpoint. */
#include <string.h>

#include "base/numeric.h"
#include "io/half.h"
#include "io/load.h"

/* Where a space's rows stand in the file. */
typedef struct stored_space {
    const char *vectors_name, *biases_name;
    const lfmi_stored *vectors, *biases;
    bool half;
} stored_space;

static lfm_status find_space(const lfm_file *file, const char *vectors, const char *biases, int32_t d,
                             stored_space *space)
{
    *space = (stored_space){.vectors_name = vectors, .biases_name = biases};
    const lfmi_stored *found = lfmi_header_find(&file->header, vectors);
    if (found == NULL)
        return LFM_OK;
    space->half = strcmp(found->dtype, "F16") == 0;
    const char *dtype = space->half ? "F16" : "F32";
    int32_t rows;
    LFMI_TRY(lfmi_stored_rows(file, vectors, &rows));
    LFMI_TRY(lfmi_file_need(file, vectors, dtype, 2, rows, d, &space->vectors));
    return lfmi_file_need(file, biases, dtype, 1, rows, -1, &space->biases);
}

/* Find the spaces of a side; without a feature matrix its representations may be the features' own. */
static lfm_status find_side(const lfm_file *file, int32_t side, int32_t d, stored_space spaces[LFMI_SPACES])
{
    LFMI_TRY(find_space(file, lfmi_representation_names[side], lfmi_representation_bias_names[side], d,
                        &spaces[side]));
    LFMI_TRY(find_space(file, lfmi_parameter_names[side][LFM_EMBEDDINGS], lfmi_parameter_names[side][LFM_BIASES], d,
                        &spaces[side + 2]));
    const bool has_features =
        lfmi_header_find(&file->header, lfmi_feature_names[side][LFMI_FEATURE_OFFSETS]) != NULL;
    if (spaces[side].vectors == NULL && !has_features)
        spaces[side] = spaces[side + 2];
    if (spaces[side].vectors == NULL)
        return lfmi_fail(LFM_ERROR_FORMAT, "%s: tensor %s is missing", file->name, lfmi_representation_names[side]);
    return LFM_OK;
}

static lfm_status widen(lfm_context *context, const lfm_file *file, const lfmi_stored *tensor, const char *name,
                        int64_t rows, int64_t columns, int64_t stride, float **out)
{
    LFMI_TRY(LFMI_NEW_ZEROED(context, rows * stride, "representations", out));
    const uint16_t *from = lfmi_file_data(file, tensor);
    for (int64_t row = 0; row < rows; row++) {
        for (int64_t e = 0; e < columns; e++) {
            const float value = lfmi_from_float16(*from++);
            if (!lfmi_is_finite(value))
                return lfmi_fail(LFM_ERROR_DATA, "%s: tensor %s, row %lld, column %lld is not finite", file->name, name,
                                 (long long)row, (long long)e);
            (*out)[row * stride + e] = value;
        }
    }
    return LFM_OK;
}

static lfm_status take_space(lfm_scorer *scorer, lfm_file *file, const stored_space *from, lfmi_space *to)
{
    if (from->vectors == NULL)
        return LFM_OK;
    const int32_t n_rows = (int32_t)from->vectors->shape[0];
    if (!from->half) {
        to->vectors = (float *)(uintptr_t)lfmi_file_data(file, from->vectors);
        to->biases = (float *)(uintptr_t)lfmi_file_data(file, from->biases);
        to->n_rows = n_rows;
        return LFM_OK;
    }
    to->n_rows = n_rows;
    LFMI_TRY(widen(scorer->context, file, from->vectors, from->vectors_name, n_rows, scorer->d, scorer->stride,
                   &to->vectors));
    return widen(scorer->context, file, from->biases, from->biases_name, n_rows, 1, 1, &to->biases);
}

/* Whether the order names items only: it is what leads from the scan to them. */
static bool is_order(const int32_t *order, int32_t n)
{
    bool good = true;
    for (int32_t at = 0; at < n; at++)
        good &= (uint32_t)order[at] < (uint32_t)n;
    return good;
}

/* Whether a tensor of the scan is there, of this type and so many bytes, and aligned. */
static const void *scan_part(const lfm_file *file, const char *name, const char *dtype, int64_t n_bytes)
{
    const lfmi_stored *part = lfmi_header_find(&file->header, name);
    if (part == NULL || strcmp(part->dtype, dtype) != 0 || part->n_bytes != n_bytes ||
        (uintptr_t)lfmi_file_data(file, part) % sizeof(float) != 0)
        return NULL;
    return lfmi_file_data(file, part);
}

/* Use the file's items for scanning if they are of the wanted kind and as this version lays them out. */
static bool take_scan(lfm_scorer *scorer, const lfm_file *file, int32_t kind)
{
    const char *name = lfmi_header_metadata(&file->header, "scan");
    const int32_t n_items = scorer->spaces[LFM_SPACE_ITEM].n_rows;
    const void *scan = scan_part(file, LFMI_ITEM_SCAN, "U8", lfmi_n_panels(n_items) * lfmi_panel_bytes(scorer->d, kind));
    const void *bounds = scan_part(file, LFMI_ITEM_SCAN_BOUNDS, "F32", LFMI_BOUNDS * (int64_t)sizeof(float));
    const int32_t *order = scan_part(file, LFMI_ITEM_SCAN_ORDER, "I32", n_items * (int64_t)sizeof(int32_t));
    if (name == NULL || strcmp(name, lfmi_scan_name(kind)) != 0 || scan == NULL || bounds == NULL || order == NULL ||
        !is_order(order, n_items))
        return false;
    float values[LFMI_BOUNDS];
    memcpy(values, bounds, sizeof values);
    for (int i = 0; i < LFMI_BOUNDS; i++) {
        if (!lfmi_is_finite(values[i]) || values[i] < 0)
            return false;
    }
    scorer->order = (int32_t *)(uintptr_t)order;
    scorer->items = (lfmi_panels){.n_items = n_items,
                                  .d = scorer->d,
                                  .kind = kind,
                                  .ids = order,
                                  .data = (void *)(uintptr_t)scan,
                                  .norm = values[0],
                                  .bias = values[1],
                                  .error = values[2],
                                  .margin = values[3],
                                  .is_borrowed = true};
    return true;
}

/* The precision that the file's items for scanning have, also where they cannot be used. */
static int32_t stored_precision(const lfm_file *file, int32_t d)
{
    const char *name = lfmi_header_metadata(&file->header, "scan");
    for (int32_t precision = LFM_PRECISION_FLOAT32; name != NULL && precision <= LFM_PRECISION_INT8; precision++) {
        if (strcmp(name, lfmi_scan_name(lfmi_scan_kind(precision, d))) == 0)
            return precision;
    }
    return LFM_PRECISION_FLOAT32;
}

static lfm_status fill(lfm_scorer *scorer, lfm_file *file, stored_space spaces[LFMI_SPACES],
                       const lfm_scorer_options *options)
{
    for (int32_t s = 0; s < LFMI_SPACES; s++) {
        if (s >= 2 && spaces[s].vectors != NULL && spaces[s].vectors == spaces[s - 2].vectors)
            scorer->spaces[s] = scorer->spaces[s - 2];
        else
            LFMI_TRY(take_space(scorer, file, &spaces[s], &scorer->spaces[s]));
    }
    if (scorer->release != NULL && lfmi_header_find(&file->header, LFMI_MEANS) != NULL) {
        const lfmi_stored *means;
        LFMI_TRY(lfmi_file_need(file, LFMI_MEANS, "F64", 2, LFMI_SIDES, (int64_t)scorer->d + 1, &means));
        LFMI_TRY(lfmi_scorer_average(scorer, lfmi_file_data(file, means)));
    }
    if (!take_scan(scorer, file, lfmi_scan_kind(options->precision, scorer->d)))
        return lfmi_scorer_pack(scorer, options);
    return scorer->means != NULL ? LFM_OK : lfmi_scorer_average(scorer, NULL);
}

lfm_status lfmi_load_scorer(lfm_file *file, const lfm_scorer_options *options, lfm_scorer **out)
{
    lfm_scorer_options known;
    LFMI_TRY(lfmi_scorer_options_read(&known, options));
    const int64_t d = lfmi_header_number(&file->header, "components");
    if (d < 1 || d > LFMI_MOST_COMPONENTS)
        return lfmi_fail(LFM_ERROR_FORMAT, "%s: its metadata components is missing or outside [1, %d]", file->name,
                         LFMI_MOST_COMPONENTS);
    stored_space spaces[LFMI_SPACES];
    for (int32_t side = 0; side < LFMI_SIDES; side++)
        LFMI_TRY(find_side(file, side, (int32_t)d, spaces));
    const bool half = spaces[LFM_USER].half;
    for (int32_t s = 0; s < LFMI_SPACES; s++) {
        if (spaces[s].vectors != NULL && spaces[s].half != half)
            return lfmi_fail(LFM_ERROR_FORMAT, "%s: tensor %s is of another precision than the others", file->name,
                             spaces[s].vectors_name);
    }
    lfm_model_options model_options;
    LFMI_TRY(lfmi_load_model_options(file, &model_options));
    int64_t epochs;
    LFMI_TRY(lfmi_load_epochs(file, &epochs));
    if (epochs >= 0 && model_options.components != d)
        return lfmi_fail(LFM_ERROR_FORMAT, "%s: its metadata says components %lld and model.components %d", file->name,
                         (long long)d, model_options.components);
    lfm_scorer *scorer = NULL;
    LFMI_TRY(lfmi_scorer_new(file->context, (int32_t)d, &scorer));
    if (!half) {
        scorer->stride = (int32_t)d;
        scorer->release = lfmi_file_release;
        scorer->release_user_data = lfm_file_ref(file);
    }
    if (options == NULL)
        known.precision = stored_precision(file, (int32_t)d);
    scorer->epochs = epochs;
    scorer->has_model = epochs >= 0;
    scorer->model_options = model_options;
    const lfm_status status = fill(scorer, file, spaces, &known);
    if (status == LFM_OK)
        *out = scorer;
    else
        lfm_scorer_free(scorer);
    return status;
}

static lfm_status from_checkpoint(lfm_file *file, const lfm_scorer_options *options, lfm_scorer **out)
{
    lfm_model *model = NULL;
    lfm_features *features[LFMI_SIDES] = {NULL, NULL};
    lfm_status status = lfm_file_model(file, &model);
    for (int32_t side = 0; side < LFMI_SIDES && status == LFM_OK; side++)
        status = lfm_file_features(file, side, &features[side]);
    if (status == LFM_OK)
        status = lfm_scorer_create(model, features[LFM_USER], features[LFM_ITEM], options, out);
    lfm_features_free(features[LFM_USER]);
    lfm_features_free(features[LFM_ITEM]);
    lfm_model_free(model);
    return status;
}

lfm_status lfm_file_scorer(lfm_file *file, const lfm_scorer_options *options, lfm_scorer **out)
{
    lfmi_clear_message();
    LFMI_REQUIRE(file);
    LFMI_REQUIRE(out);
    switch (lfm_file_kind(file)) {
    case LFM_FILE_CHECKPOINT: return from_checkpoint(file, options, out);
    case LFM_FILE_INFERENCE: return lfmi_load_scorer(file, options, out);
    default: return lfmi_fail(LFM_ERROR_UNSUPPORTED, "%s holds no model of liblfm", file->name);
    }
}
