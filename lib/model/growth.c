/* lfm_model_resize: features added behind those that a model has. */
#include <string.h>

#include "base/numeric.h"
#include "base/sized.h"
#include "model/model.h"

LFMI_ASSERT_SIZED(lfm_resize_options, reserved);

static const char *const side_names[LFMI_SIDES] = {"user", "item"};

void lfm_resize_options_init_sized(lfm_resize_options *options, size_t size)
{
    lfmi_sized_init(options, size, NULL, sizeof *options);
}

/* What one side grows by. */
typedef struct growth {
    int32_t n_old, n_new;        /* features now, and then */
    const lfm_features *sources; /* NULL: none */
    float *rows;                 /* the new table; NULL: the side stays as it is */
} growth;

static float weight_of(const lfmi_feature_row *entries, int64_t i)
{
    return entries->values != NULL ? entries->values[i] : 1.0f;
}

/* Check the sources of the r-th new feature. */
static lfm_status check_sources(const growth *g, const char *name, int32_t r)
{
    const lfmi_feature_row entries = lfmi_features_row(g->sources, r);
    double sum = 0;
    for (int64_t i = 0; i < entries.n; i++) {
        if (entries.columns[i] >= g->n_old)
            return lfmi_fail(LFM_ERROR_DATA,
                             "the sources of new %s features: row %d names feature %d, but the model has "
                             "only %d",
                             name, r, entries.columns[i], g->n_old);
        const float weight = weight_of(&entries, i);
        if (weight < 0)
            return lfmi_fail(LFM_ERROR_DATA,
                             "the sources of new %s features: row %d, feature %d: the weight %g is negative", name, r,
                             entries.columns[i], (double)weight);
        sum += (double)weight;
    }
    if (entries.n > 0 && sum == 0)
        return lfmi_fail(LFM_ERROR_DATA,
                         "the sources of new %s features: the weights of row %d are all 0: they have no mean", name, r);
    return LFM_OK;
}

static lfm_status check_side(const growth *g, int32_t side)
{
    const char *name = side_names[side];
    if (g->n_new < g->n_old)
        return lfmi_fail(LFM_ERROR_SHAPE, "lfm_model_resize: the model has %d %s features and cannot shrink to %d",
                         g->n_old, name, g->n_new);
    if (g->sources == NULL)
        return LFM_OK;
    if (g->sources->n_rows != g->n_new - g->n_old)
        return lfmi_fail(LFM_ERROR_SHAPE, "the sources of new %s features have %d rows, but there are %d new features",
                         name, g->sources->n_rows, g->n_new - g->n_old);
    for (int32_t r = 0; r < g->sources->n_rows; r++)
        LFMI_TRY(check_sources(g, name, r));
    return LFM_OK;
}

/* Overwrite `columns` numbers of a feature, from `offset` on, with the mean of its sources'. */
static void take_mean(const lfm_model *model, int32_t side, lfmi_span span, const lfmi_feature_row *entries, float *row)
{
    double weights = 0;
    for (int64_t i = 0; i < entries->n; i++)
        weights += (double)weight_of(entries, i);
    for (int32_t e = span.offset; e < span.offset + span.columns; e++) {
        double sum = 0;
        for (int64_t i = 0; i < entries->n; i++)
            sum += (double)weight_of(entries, i) *
                   (double)lfmi_row(&model->sides[side], &model->layout, entries->columns[i])[e];
        row[e] = (float)(sum / weights);
    }
}

/* Fill in the new features of a side that has its new table. */
static void begin_features(lfm_model *model, int32_t side, const growth *g, int32_t state)
{
    lfmi_model_initialise(model, side, g->n_old, g->n_new);
    for (int32_t r = 0; g->sources != NULL && r < g->sources->n_rows; r++) {
        const lfmi_feature_row entries = lfmi_features_row(g->sources, r);
        float *row = lfmi_row(&model->sides[side], &model->layout, g->n_old + r);
        const int32_t last = state == LFM_STATE_MEAN ? LFM_BIAS_MOMENTUM : LFM_BIASES;
        for (int32_t array = LFM_EMBEDDINGS; array <= last && entries.n > 0; array++)
            take_mean(model, side, lfmi_model_span(model, array), &entries, row);
    }
}

static lfm_status resize_locked(lfm_model *model, growth growths[LFMI_SIDES], int32_t state)
{
    const int64_t stride = model->layout.stride;
    LFMI_TRY(lfmi_model_check_usable(model));
    for (int32_t side = 0; side < LFMI_SIDES; side++) {
        growths[side].n_old = model->sides[side].n_features;
        LFMI_TRY(check_side(&growths[side], side));
    }
    lfm_status status = LFM_OK;
    for (int32_t side = 0; side < LFMI_SIDES && status == LFM_OK; side++) {
        growth *g = &growths[side];
        if (g->n_new > g->n_old)
            status = LFMI_NEW_ARRAY(
                model->context, g->n_new * stride,
                side == LFM_USER ? "the user features' parameters" : "the item features' parameters", &g->rows);
    }
    fenv_t environment;
    lfmi_float_enter(&environment);
    for (int32_t side = 0; side < LFMI_SIDES; side++) {
        const growth *g = &growths[side];
        lfmi_table *table = &model->sides[side];
        if (g->rows == NULL)
            continue;
        if (status != LFM_OK) {
            LFMI_FREE_ARRAY(model->context, g->rows, g->n_new * stride);
            continue;
        }
        memcpy(g->rows, table->rows, (size_t)(g->n_old * stride) * sizeof *g->rows);
        LFMI_FREE_ARRAY(model->context, table->rows, g->n_old * stride);
        *table = (lfmi_table){g->rows, g->n_new};
        begin_features(model, side, g, state);
    }
    lfmi_float_leave(&environment);
    return status;
}

lfm_status lfm_model_resize(lfm_model *model, int32_t n_user_features, int32_t n_item_features,
                            const lfm_resize_options *options)
{
    lfmi_clear_message();
    LFMI_REQUIRE(model);
    if (n_user_features < 0 || n_item_features < 0)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "lfm_model_resize: n_user_features %d and n_item_features %d must be >= 0",
                         n_user_features, n_item_features);
    lfm_resize_options known = {.size = sizeof known};
    if (options != NULL)
        LFMI_TRY(lfmi_sized_read(&known, sizeof known, options, "lfm_resize_options"));
    LFMI_TRY(lfmi_reserved_check(known.reserved, "lfm_resize_options"));
    if (known.state != LFM_STATE_FRESH && known.state != LFM_STATE_MEAN)
        return lfmi_fail(LFM_ERROR_OPTION, "lfm_resize_options: there is no state number %d", known.state);
    growth growths[LFMI_SIDES] = {[LFM_USER] = {.n_new = n_user_features, .sources = known.user_sources},
                                  [LFM_ITEM] = {.n_new = n_item_features, .sources = known.item_sources}};
    LFMI_TRY(lfmi_model_lock(model, 1));
    const lfm_status status = resize_locked(model, growths, known.state);
    lfmi_model_unlock(model);
    return status;
}
