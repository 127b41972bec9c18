/* Representations, and the elementary updates that one step is made of. */
#include "train/sgd.h"

/* LightFM's regularisation blows parameters up until their side's scale is worked in. Within this bound their
 * products and squares stay finite, so that even alphas far too large end in a poor model, not in none. */
static float bounded(float x)
{
    const float most = 1e15f;
    return x > most ? most : x < -most ? -most : x;
}

lfmi_representation lfmi_add_up(const lfmi_worker *worker, int32_t side, int32_t row, float *scratch)
{
    const lfmi_sgd *sgd = worker->sgd;
    const lfm_model *model = sgd->fit->model;
    float bias = lfmi_represent(model, sgd->kernels, side, sgd->fit->features[side], row, scratch);
    if (sgd->lazy) {
        const float scale = (float)worker->scale[side];
        for (int32_t e = 0; e < model->layout.d; e++)
            scratch[e] = bounded(scratch[e] * scale);
        bias = bounded(bias * scale);
    }
    return (lfmi_representation){row, bias, scratch};
}

void lfmi_score_group(const lfmi_worker *worker, const lfmi_chooser *chooser, const int32_t *items, float *scores)
{
    const lfmi_sgd *sgd = worker->sgd;
    if (sgd->heads.codes == NULL) {
        for (int i = 0; i < LFMI_GROUP; i++) {
            const lfmi_representation item = lfmi_representation_of(worker, LFM_ITEM, items[i], worker->negative);
            scores[i] = lfmi_score(worker, &chooser->user, &item);
        }
        return;
    }
    const int8_t *codes[LFMI_GROUP];
    int32_t dots[LFMI_GROUP];
    for (int i = 0; i < LFMI_GROUP; i++)
        codes[i] = lfmi_codes(sgd, items[i]);
    sgd->kernels->dot_codes(chooser->codes, codes, sgd->heads.n, dots);
    for (int i = 0; i < LFMI_GROUP; i++) {
        const lfmi_head *head = &sgd->heads.items[items[i]];
        scores[i] = (float)dots[i] * (chooser->scale * head->scale) + (chooser->user.bias + head->bias);
    }
}

void lfmi_represent_choosers(lfmi_worker *worker, const lfmi_sample *samples, int32_t n, lfmi_chooser *choosers)
{
    const lfmi_sgd *sgd = worker->sgd;
    for (int32_t i = 0; i < n; i++) {
        int8_t *codes = worker->batch_codes + i * worker->vector;
        const lfmi_representation user =
            lfmi_representation_of(worker, LFM_USER, samples[i].user, worker->batch_users + i * worker->vector);
        choosers[i] = (lfmi_chooser){.user = user, .codes = codes};
        if (sgd->heads.codes != NULL)
            choosers[i].scale = sgd->kernels->encode(codes, user.vector, sgd->fit->model->layout.d);
    }
}

void lfmi_refresh_head(const lfmi_sgd *sgd, int32_t item)
{
    const lfm_model *model = sgd->fit->model;
    const float *theta = lfmi_row(&model->sides[LFM_ITEM], &model->layout, item);
    sgd->heads.items[item].scale = sgd->kernels->encode(lfmi_codes(sgd, item), theta, model->layout.d);
    sgd->heads.items[item].bias = theta[model->layout.bias];
}

/* Update all features of a user or an item with the gradient c * vector of its representation and
 * c of its bias. Returns the sum of the local rates; adds to *n the elements updated. */
static double update_row(const lfmi_sgd *sgd, int32_t side, int32_t row, const float *vector, float c, int64_t *n)
{
    const lfm_model *model = sgd->fit->model;
    const lfmi_layout *y = &model->layout;
    const lfm_features *features = sgd->fit->features[side];
    const lfmi_feature_row entries = features != NULL ? lfmi_features_row(features, row)
                                                      : (lfmi_feature_row){.columns = &row, .n = 1};
    double rates = 0;
    for (int64_t i = 0; i < entries.n; i++) {
        const float x = entries.values != NULL ? entries.values[i] : 1.0f;
        rates += (double)sgd->update[side](y, &sgd->rates[side],
                                           lfmi_row(&model->sides[side], y, entries.columns[i]), vector, c, x);
    }
    *n += entries.n * (y->d + 1);
    return rates;
}

/* LightFM's lazy regularisation: both sides' scales grow with the mean local rate of the step. */
static void grow_scales(lfmi_worker *worker, double rates, int64_t n)
{
    if (!worker->sgd->lazy || n == 0)
        return;
    for (int32_t side = 0; side < LFMI_SIDES; side++)
        worker->scale[side] *= 1.0 + (double)worker->sgd->rates[side].alpha * (rates / (double)n);
}

void lfmi_step_pointwise(lfmi_worker *worker, const lfmi_representation *user, const lfmi_representation *item, float g)
{
    const lfmi_sgd *sgd = worker->sgd;
    const int32_t d = sgd->fit->model->layout.d;
    int64_t n = 0;
    for (int32_t e = 0; e < d; e++) /* the item's representation as it is before its own update */
        worker->gradient[e] = item->vector[e];
    double rates = update_row(sgd, LFM_ITEM, item->row, user->vector, g, &n);
    rates += update_row(sgd, LFM_USER, user->row, worker->gradient, g, &n);
    grow_scales(worker, rates, n);
}

/* The same by the fast kernel: both sides direct, nothing regularised. */
static void step_pair(const lfmi_sgd *sgd, int32_t user, int32_t positive, int32_t negative, float g)
{
    const lfm_model *model = sgd->fit->model;
    const lfmi_layout *y = &model->layout;
    sgd->pair(y, &sgd->rates[LFM_ITEM], lfmi_row(&model->sides[LFM_USER], y, user),
              lfmi_row(&model->sides[LFM_ITEM], y, positive), lfmi_row(&model->sides[LFM_ITEM], y, negative), g);
}

void lfmi_step_pairwise(lfmi_worker *worker, const lfmi_representation *user, const lfmi_representation *positive,
                        const lfmi_representation *negative, float g)
{
    const lfmi_sgd *sgd = worker->sgd;
    if (sgd->pair != NULL) {
        step_pair(sgd, user->row, positive->row, negative->row, g);
    } else {
        int64_t n = 0;
        sgd->kernels->subtract(worker->gradient, negative->vector, positive->vector, sgd->fit->model->layout.d);
        double rates = update_row(sgd, LFM_ITEM, positive->row, user->vector, -g, &n);
        rates += update_row(sgd, LFM_ITEM, negative->row, user->vector, g, &n);
        rates += update_row(sgd, LFM_USER, user->row, worker->gradient, g, &n);
        grow_scales(worker, rates, n);
    }
    if (sgd->heads.codes != NULL && sgd->direct[LFM_ITEM]) {
        lfmi_refresh_head(sgd, positive->row);
        lfmi_refresh_head(sgd, negative->row);
    }
}

void lfmi_step_chosen(lfmi_worker *worker, lfmi_sample *sample)
{
    const lfmi_representation user = lfmi_representation_of(worker, LFM_USER, sample->user, worker->user);
    const lfmi_representation positive = lfmi_representation_of(worker, LFM_ITEM, sample->positive, worker->positive);
    const lfmi_representation negative = lfmi_representation_of(worker, LFM_ITEM, sample->negative, worker->negative);
    lfmi_step_pairwise(worker, &user, &positive, &negative, sample->g);
}
