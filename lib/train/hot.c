/* Features that very many users or items have, in copies. */
#include "train/hot.h"

#include "matrix/features.h"

/* A feature is hot that more than one row in SHARE has. Where those are more than MOST, more rows must have it: if
 * they are all alike, none is. */
enum { SHARE = 14, MOST = 64 };

static int32_t count_above(const int32_t *counts, int32_t n, int64_t least)
{
    int32_t found = 0;
    for (int32_t feature = 0; feature < n; feature++)
        found += counts[feature] >= least;
    return found;
}

/* Count the rows of each feature. */
static lfm_status count(lfm_context *context, const lfm_features *features, int32_t n, int32_t **out)
{
    LFMI_TRY(LFMI_NEW_ZEROED(context, n, "features that many have", out));
    for (int32_t row = 0; row < features->n_rows; row++) {
        const lfmi_feature_row entries = lfmi_features_row(features, row);
        for (int64_t i = 0; i < entries.n; i++)
            (*out)[entries.columns[i]]++;
    }
    return LFM_OK;
}

static lfm_status fill(lfm_context *context, const int32_t *counts, int64_t least, lfmi_hot *hot)
{
    LFMI_TRY(LFMI_NEW_ARRAY(context, hot->n, "features that many have", &hot->features));
    LFMI_TRY(LFMI_NEW_ARRAY(context, hot->n_features, "features that many have", &hot->places));
    int16_t n = 0;
    for (int32_t feature = 0; feature < hot->n_features; feature++) {
        hot->places[feature] = -1;
        if (counts[feature] >= least) {
            hot->features[n] = feature;
            hot->places[feature] = n++;
        }
    }
    return LFMI_NEW_ARRAY(context, hot->size * hot->n_copies, "copies of features that many have", &hot->copies);
}

lfm_status lfmi_hot_new(const lfm_model *model, int32_t side, const lfm_features *features, int32_t n_copies,
                        lfmi_hot *out)
{
    int32_t *counts = NULL;
    *out = (lfmi_hot){.n_features = model->sides[side].n_features,
                      .n_copies = n_copies,
                      .table = &model->sides[side],
                      .layout = &model->layout,
                      .merging = ATOMIC_FLAG_INIT};
    LFMI_TRY(count(model->context, features, out->n_features, &counts));
    int64_t least = features->n_rows / SHARE + 1;
    while ((out->n = count_above(counts, out->n_features, least)) > MOST)
        least += least / 2 + 1;
    out->size = 2 * (int64_t)out->n * model->layout.stride;
    const lfm_status status = out->n > 0 ? fill(model->context, counts, least, out) : LFM_OK;
    LFMI_FREE_ARRAY(model->context, counts, out->n_features);
    return status;
}

void lfmi_hot_free(lfm_context *context, lfmi_hot *hot)
{
    LFMI_FREE_ARRAY(context, hot->features, hot->n);
    LFMI_FREE_ARRAY(context, hot->places, hot->n_features);
    LFMI_FREE_ARRAY(context, hot->copies, hot->size * hot->n_copies);
    *hot = (lfmi_hot){0};
}

void lfmi_hot_load(lfmi_hot *hot, int32_t worker)
{
    if (hot->n == 0)
        return;
    const int32_t stride = hot->layout->stride;
    for (int32_t i = 0; i < hot->n; i++) {
        const float *shared = lfmi_row(hot->table, hot->layout, hot->features[i]);
        float *own = hot->copies + worker * hot->size + (int64_t)i * stride, *base = own + hot->size / 2;
        for (int32_t e = 0; e < stride; e++)
            own[e] = base[e] = shared[e];
    }
}

void lfmi_hot_merge(lfmi_hot *hot, int32_t worker)
{
    if (hot->n == 0 || atomic_flag_test_and_set_explicit(&hot->merging, memory_order_acquire))
        return;
    const int32_t stride = hot->layout->stride;
    for (int32_t i = 0; i < hot->n; i++) {
        float *shared = lfmi_row(hot->table, hot->layout, hot->features[i]);
        float *own = hot->copies + worker * hot->size + (int64_t)i * stride, *base = own + hot->size / 2;
        for (int32_t e = 0; e < stride; e++)
            own[e] = base[e] = shared[e] += own[e] - base[e];
    }
    atomic_flag_clear_explicit(&hot->merging, memory_order_release);
}
