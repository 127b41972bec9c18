/* Representations, the elementary updates that one step is made of, and the steps of a batch with what they fetch. */
#include "train/sgd.h"

/* LightFM's regularisation blows parameters up until their side's scale is worked in. Within this bound their
 * products and squares stay finite, so that even alphas far too large end in a poor model, not in none. */
static float bounded(float x)
{
    const float most = 1e15f;
    return x > most ? most : x < -most ? -most : x;
}

/* Add to a representation how the worker's copies of hot features differ from the parameters; returns the same of the
 * bias. */
static float add_changes(const lfmi_worker *worker, int32_t side, int32_t row, float *representation)
{
    const lfmi_sgd *sgd = worker->sgd;
    const lfm_model *model = sgd->fit->model;
    const lfmi_feature_row entries = lfmi_features_row(sgd->fit->features[side], row);
    float bias = 0;
    for (int64_t i = 0; i < entries.n; i++) {
        const float *own = lfmi_hot_row(&sgd->hot[side], worker->number, entries.columns[i]);
        if (own == NULL)
            continue;
        const float x = entries.values != NULL ? entries.values[i] : 1.0f;
        const float *shared = lfmi_row(&model->sides[side], &model->layout, entries.columns[i]);
        sgd->kernels->add_scaled(representation, own, x, model->layout.d);
        sgd->kernels->add_scaled(representation, shared, -x, model->layout.d);
        bias += x * (own[model->layout.bias] - shared[model->layout.bias]);
    }
    return bias;
}

lfmi_representation lfmi_add_up(const lfmi_worker *worker, int32_t side, int32_t row, float *scratch)
{
    const lfmi_sgd *sgd = worker->sgd;
    const lfm_model *model = sgd->fit->model;
    float bias = lfmi_represent(model, sgd->kernels, side, sgd->fit->features[side], row, scratch);
    if (sgd->hot[side].places != NULL)
        bias += add_changes(worker, side, row, scratch);
    if (sgd->lazy) {
        const double most = 1e30; /* within a segment it may grow beyond a float, and 0 * inf is no number */
        const float scale = (float)(worker->scale[side] < most ? worker->scale[side] : most);
        for (int32_t e = 0; e < model->layout.d; e++)
            scratch[e] = bounded(scratch[e] * scale);
        bias = bounded(bias * scale);
    }
    return (lfmi_representation){row, bias, scratch};
}

uint32_t lfmi_score_slowly(lfmi_worker *worker, const lfmi_representation *user, int32_t at)
{
    lfmi_round *round = &worker->round;
    uint32_t above = 0;
    for (int i = 0; i < LFMI_GROUP; i++) {
        const lfmi_representation item = lfmi_representation_of(worker, LFM_ITEM, round->items[at][i], worker->negative);
        round->scores[at][i] = lfmi_score(worker, user, &item);
        above |= (uint32_t)(round->scores[at][i] > round->thresholds[at]) << i;
    }
    return above;
}

void lfmi_represent_users(lfmi_worker *worker, const lfmi_sample *samples, int32_t n, lfmi_representation *users)
{
    const lfmi_sgd *sgd = worker->sgd;
    lfmi_round *round = &worker->round;
    for (int32_t i = 0; i < n; i++) {
        int8_t *codes = worker->batch_codes + i * worker->vector;
        users[i] = lfmi_representation_of(worker, LFM_USER, samples[i].user, worker->batch_users + i * worker->vector);
        round->codes[i] = codes;
        round->biases[i] = users[i].bias;
        if (sgd->heads.codes != NULL)
            round->scales[i] = sgd->kernels->encode(codes, users[i].vector, sgd->fit->model->layout.d);
    }
}

void lfmi_set_head(const lfmi_sgd *sgd, const lfmi_representation *item)
{
    *lfmi_head_of(&sgd->heads, item->row) = (lfmi_head){
        sgd->kernels->encode(lfmi_codes_of(&sgd->heads, item->row), item->vector, sgd->fit->model->layout.d), item->bias};
}

/* Bring the head of an item up to date. */
static void refresh_head(lfmi_worker *worker, int32_t item)
{
    const lfmi_representation r = lfmi_representation_of(worker, LFM_ITEM, item, worker->negative);
    lfmi_set_head(worker->sgd, &r);
}

/* Count a step, and bring heads up to date. A negative's always: what has just been pushed down must not look as high as
 * before; `negative` is what the step has left of it, NULL: to be found. A positive's, which has become a little less likely
 * to be chosen as a negative, at every fourth step if it is its own parameters, else not before the next epoch: threads wait
 * for what another has just written. But k-OS WARP chooses positives by them. */
static void follow_step(lfmi_worker *worker, const lfmi_sample *sample, const lfmi_representation *negative)
{
    enum { POSITIVES = 4 };
    const lfmi_sgd *sgd = worker->sgd;
    const bool with_positive = worker->n_stepped++ % POSITIVES == 0 || sgd->loss == &lfmi_loss_warp_kos;
    worker->tally.steps++;
    if (sgd->heads.codes == NULL)
        return;
    if (negative != NULL)
        lfmi_set_head(sgd, negative);
    else
        refresh_head(worker, sample->negative);
    if (with_positive && sgd->direct[LFM_ITEM])
        refresh_head(worker, sample->positive);
}

/* The row of a feature that a worker steps on. */
static float *own_row(const lfmi_worker *worker, int32_t side, int32_t feature)
{
    const lfm_model *model = worker->sgd->fit->model;
    float *copy = lfmi_hot_row(&worker->sgd->hot[side], worker->number, feature);
    return copy != NULL ? copy : lfmi_row(&model->sides[side], &model->layout, feature);
}

/* Update all features of a user or an item with the gradient c * vector of its representation and
 * c of its bias. Returns the sum of the local rates; adds to *n the elements updated. */
static double update_row(lfmi_worker *worker, int32_t side, int32_t row, const float *vector, float c, int64_t *n)
{
    const lfmi_sgd *sgd = worker->sgd;
    const lfm_model *model = sgd->fit->model;
    const lfmi_layout *y = &model->layout;
    const lfm_features *features = sgd->fit->features[side];
    const lfmi_feature_row entries = features != NULL ? lfmi_features_row(features, row)
                                                      : (lfmi_feature_row){.columns = &row, .n = 1};
    double rates = 0;
    for (int64_t i = 0; i < entries.n; i++) {
        const float x = entries.values != NULL ? entries.values[i] : 1.0f;
        float *own = own_row(worker, side, entries.columns[i]);
        const float *later = worker->fetched < worker->n_ahead ? worker->ahead[worker->fetched++] : own;
        rates += (double)sgd->update[side](y, &sgd->rates[side], own, vector, c, x, later);
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

static void step_pointwise(lfmi_worker *worker, const lfmi_representation *user, const lfmi_representation *item,
                           float g)
{
    const lfmi_sgd *sgd = worker->sgd;
    const int32_t d = sgd->fit->model->layout.d;
    int64_t n = 0;
    for (int32_t e = 0; e < d; e++) /* the item's representation as it is before its own update */
        worker->gradient[e] = item->vector[e];
    double rates = update_row(worker, LFM_ITEM, item->row, user->vector, g, &n);
    rates += update_row(worker, LFM_USER, user->row, worker->gradient, g, &n);
    grow_scales(worker, rates, n);
}

static void step_pairwise(lfmi_worker *worker, const lfmi_representation *user, const lfmi_representation *positive,
                          const lfmi_representation *negative, float g)
{
    const lfmi_sgd *sgd = worker->sgd;
    int64_t n = 0;
    sgd->kernels->subtract(worker->gradient, negative->vector, positive->vector, sgd->fit->model->layout.d);
    double rates = update_row(worker, LFM_ITEM, positive->row, user->vector, -g, &n);
    rates += update_row(worker, LFM_ITEM, negative->row, user->vector, g, &n);
    rates += update_row(worker, LFM_USER, user->row, worker->gradient, g, &n);
    grow_scales(worker, rates, n);
}

/* A step in elementary updates, each of all features of a user or an item. */
static void step_by_updates(lfmi_worker *worker, lfmi_sample *s)
{
    const lfmi_loss *loss = worker->sgd->loss;
    const lfmi_representation user = lfmi_representation_of(worker, LFM_USER, s->user, worker->user);
    const lfmi_representation positive = lfmi_representation_of(worker, LFM_ITEM, s->positive, worker->positive);
    if (loss->pointwise) {
        step_pointwise(worker, &user, &positive, loss->gradient(worker, s, &user, &positive, NULL));
        return;
    }
    const lfmi_representation negative = lfmi_representation_of(worker, LFM_ITEM, s->negative, worker->negative);
    const float g = loss->gradient != NULL ? loss->gradient(worker, s, &user, &positive, &negative) : s->g;
    step_pairwise(worker, &user, &positive, &negative, g);
}

/* The rows of a user's or an item's features, of each list at most LFMI_AHEAD. */
typedef struct rows_of_step {
    float *rows[LFMI_PAIR][LFMI_AHEAD];
    const float *later[LFMI_PAIR][LFMI_AHEAD];
    lfmi_feature_rows lists[LFMI_PAIR];
} rows_of_step;

/* List the rows of a user or an item as `which` of a step, with rows that have been queued or, where there are no more,
 * its own to be fetched. Returns false where there are too many. */
static bool list_rows(lfmi_worker *worker, rows_of_step *step, int which, int32_t side, int32_t row)
{
    const lfmi_sgd *sgd = worker->sgd;
    const lfm_features *features = sgd->fit->features[side];
    const lfmi_feature_row entries = features != NULL ? lfmi_features_row(features, row)
                                                      : (lfmi_feature_row){.columns = &row, .n = 1};
    const bool far = sgd->far[LFM_USER] || sgd->far[LFM_ITEM];
    if (entries.n > LFMI_AHEAD)
        return false;
    for (int64_t i = 0; i < entries.n; i++) {
        float *own = own_row(worker, side, entries.columns[i]);
        step->rows[which][i] = own;
        if (far)
            step->later[which][i] = worker->fetched < worker->n_ahead ? worker->ahead[worker->fetched++] : own;
    }
    step->lists[which] = (lfmi_feature_rows){.rows = step->rows[which],
                                             .later = far ? step->later[which] : NULL,
                                             .values = entries.values,
                                             .n = (int32_t)entries.n};
    return true;
}

static void step(lfmi_worker *worker, lfmi_sample *s)
{
    const lfmi_sgd *sgd = worker->sgd;
    rows_of_step rows;
    if (sgd->fused_features == NULL || !list_rows(worker, &rows, 1, LFM_ITEM, s->positive) ||
        !list_rows(worker, &rows, 2, LFM_ITEM, s->negative) || !list_rows(worker, &rows, 0, LFM_USER, s->user)) {
        worker->fetched = 0; /* what a list took is fetched by the updates */
        step_by_updates(worker, s);
        follow_step(worker, s, NULL);
        return;
    }
    const lfmi_representation user = lfmi_representation_of(worker, LFM_USER, s->user, worker->user);
    const float bias = sgd->fused_features(&sgd->fit->model->layout, sgd->rates, rows.lists, user.vector, s->g,
                                           worker->negative);
    follow_step(worker, s, &(lfmi_representation){s->negative, bias, worker->negative});
}

/* A row that may be fetched: none for a side with features. */
static float *row_of(const lfmi_sgd *sgd, int32_t side, int32_t row)
{
    const lfm_model *model = sgd->fit->model;
    return sgd->fit->features[side] == NULL ? lfmi_row(&model->sides[side], &model->layout, row) : NULL;
}

void lfmi_prefetch_row(const lfmi_sgd *sgd, int32_t side, int32_t row)
{
    const float *from = row_of(sgd, side, row);
    if (from != NULL && sgd->far[side])
        lfmi_prefetch_to_step(sgd, from);
}

void lfmi_prefetch_features_of(const lfmi_sgd *sgd, const lfmi_sample *sample)
{
    lfmi_prefetch_features(sgd, LFM_USER, sample->user);
    lfmi_prefetch_features(sgd, LFM_ITEM, sample->item);
}

void lfmi_prefetch_rows(const lfmi_sgd *sgd, const lfmi_sample *sample)
{
    const int32_t n = sgd->loss->n_prepared, head = sgd->fit->model->layout.bias + 1;
    lfmi_prefetch_row(sgd, LFM_USER, sample->user);
    lfmi_prefetch_feature_rows(sgd, LFM_USER, sample->user, head);
    if (n > 1) {
        lfmi_prefetch_row(sgd, LFM_ITEM, sample->positive);
        lfmi_prefetch_feature_rows(sgd, LFM_ITEM, sample->positive, head);
    }
    if (n > 2)
        lfmi_prefetch_row(sgd, LFM_ITEM, sample->negative);
}

/* The item that a sample takes as its negative; its positive, if there is none. */
static int32_t negative_of(const lfmi_sample *sample)
{
    return sample->negative >= 0 ? sample->negative : sample->positive;
}

/* Mark a row as used in the present stretch of samples; returns 1 if it was, or another with the same mark. */
static int mark(lfmi_worker *worker, int32_t side, int32_t row)
{
    uint32_t *at = &worker->marks[side][(uint32_t)row % LFMI_MARKS];
    const int used = *at == worker->stretch;
    *at = worker->stretch;
    return used;
}

/* The end of a stretch of samples from `begin` on that share no row: as long as none of them has been stepped on, the
 * scores of all are what they are when its turn comes. Where a stretch is cut makes no difference to what is computed. */
static int32_t end_of_stretch(lfmi_worker *worker, const lfmi_sample *samples, int32_t begin, int32_t end)
{
    const bool pairs = !worker->sgd->loss->pointwise;
    worker->stretch++;
    for (int32_t i = begin; i < end; i++) {
        const lfmi_sample *s = &samples[i];
        if (s->negative < 0)
            continue;
        int shared = mark(worker, LFM_USER, s->user) | mark(worker, LFM_ITEM, s->positive);
        if (pairs)
            shared |= mark(worker, LFM_ITEM, s->negative);
        if (shared != 0)
            return i > begin ? i : begin + 1;
    }
    return end;
}

/* The gradient of a sample whose representations are parameters themselves. */
static float gradient_of(lfmi_worker *worker, const lfmi_sample *s)
{
    const lfmi_representation user = lfmi_representation_of(worker, LFM_USER, s->user, NULL);
    const lfmi_representation positive = lfmi_representation_of(worker, LFM_ITEM, s->positive, NULL);
    if (worker->sgd->loss->pointwise)
        return worker->sgd->loss->gradient(worker, s, &user, &positive, NULL);
    const lfmi_representation negative = lfmi_representation_of(worker, LFM_ITEM, s->negative, NULL);
    return worker->sgd->loss->gradient(worker, s, &user, &positive, &negative);
}

/* Settle the gradients of the samples [begin, end), and fetch the users of as many of the next batch. */
static void settle(lfmi_worker *worker, lfmi_sample *samples, int32_t begin, int32_t end, int32_t n)
{
    const int32_t batch = worker->sgd->batch;
    for (int32_t i = begin; i < end; i++) {
        if (i + batch < n)
            lfmi_prefetch_row(worker->sgd, LFM_USER, samples[i + batch].user);
        if (samples[i].negative >= 0)
            samples[i].g = gradient_of(worker, &samples[i]);
    }
}

/* Steps in one kernel each. While one is computed, rows of items are fetched: of samples of the next batch, or those
 * that choosing has just settled. Steps come one after another, whichever samples have none: that is not foreseen. */
static void step_fused(lfmi_worker *worker, lfmi_sample *samples, int32_t begin, int32_t size, int32_t n)
{
    enum { SOON = 2 }; /* steps from fetching to stepping */
    const lfmi_sgd *sgd = worker->sgd;
    const lfmi_loss *loss = sgd->loss;
    const lfmi_layout *layout = &sgd->fit->model->layout;
    const int32_t end = begin + size;
    int32_t chosen[LFMI_BATCH + SOON], n_chosen = 0;
    for (int32_t i = begin; i < end; i++) {
        chosen[n_chosen] = i;
        n_chosen += samples[i].negative >= 0;
    }
    for (int32_t i = 0; i < SOON; i++) /* where there is none, one that is there */
        chosen[n_chosen + i] = begin;
    for (int32_t j = 0; j < SOON && loss->n_prepared < LFMI_PAIR && !loss->pointwise; j++)
        lfmi_prefetch_row(sgd, LFM_ITEM, negative_of(&samples[chosen[j]]));
    int32_t settled = loss->gradient != NULL ? begin : end;
    if (end < n)
        lfmi_draw_ahead(worker, samples + end, n - end < sgd->batch ? n - end : sgd->batch);
    for (int32_t j = 0; j < size; j++) {
        const lfmi_sample *next = &samples[begin + j];
        if (end + j < n) {
            next = &samples[end + j];
            lfmi_prepare(worker, &samples[end + j], j);
            if (loss->gradient == NULL)
                lfmi_prefetch_row(sgd, LFM_USER, next->user);
        }
        const lfmi_sample *soon = &samples[chosen[j < n_chosen ? j + SOON : n_chosen]];
        float *const later[LFMI_PAIR - 1] = {row_of(sgd, LFM_ITEM, (loss->n_prepared > 1 ? next : soon)->positive),
                                             row_of(sgd, LFM_ITEM, negative_of(loss->n_prepared == LFMI_PAIR ? next : soon))};
        if (j >= n_chosen) {
            lfmi_prefetch_to_step(sgd, later[0]);
            continue;
        }
        lfmi_sample *s = &samples[chosen[j]];
        if (chosen[j] >= settled) {
            const int32_t from = settled;
            settled = end_of_stretch(worker, samples, chosen[j], end);
            settle(worker, samples, from, settled, n);
        }
        float *const rows[LFMI_PAIR] = {row_of(sgd, LFM_USER, s->user), row_of(sgd, LFM_ITEM, s->positive),
                                        row_of(sgd, LFM_ITEM, s->negative)};
        sgd->fused(layout, &sgd->rates[LFM_ITEM], rows, later, s->g);
        follow_step(worker, s, NULL);
    }
}

/* Remember the rows of a user or an item, to be fetched. */
static void queue_rows(lfmi_worker *worker, int32_t side, int32_t row)
{
    const lfmi_sgd *sgd = worker->sgd;
    if (!sgd->far[side])
        return;
    const lfm_features *features = sgd->fit->features[side];
    const lfmi_feature_row entries = features != NULL ? lfmi_features_row(features, row)
                                                      : (lfmi_feature_row){.columns = &row, .n = 1};
    for (int64_t i = 0; i < entries.n && worker->n_ahead < LFMI_AHEAD; i++)
        worker->ahead[worker->n_ahead++] = own_row(worker, side, entries.columns[i]);
}

/* Fetch what is left of the last step's queue; then queue the rows that a chosen sample will be stepped on with. */
static void queue_chosen(lfmi_worker *worker, const lfmi_sample *sample)
{
    const lfmi_sgd *sgd = worker->sgd;
    while (worker->fetched < worker->n_ahead)
        lfmi_prefetch_to_step(sgd, worker->ahead[worker->fetched++]);
    worker->n_ahead = worker->fetched = 0;
    if (sample == NULL || sample->negative < 0)
        return;
    queue_rows(worker, LFM_USER, sample->user);
    queue_rows(worker, LFM_ITEM, sample->positive);
    if (!sgd->loss->pointwise)
        queue_rows(worker, LFM_ITEM, sample->negative);
}

void lfmi_step_batch(lfmi_worker *worker, lfmi_sample *samples, int32_t begin, int32_t size, int32_t n)
{
    const lfmi_sgd *sgd = worker->sgd;
    if (sgd->fused != NULL) {
        step_fused(worker, samples, begin, size, n);
        return;
    }
    const int32_t end = begin + size, batch = sgd->batch;
    const bool far = sgd->far[LFM_USER] || sgd->far[LFM_ITEM];
    const bool far_features = sgd->far_features[LFM_USER] || sgd->far_features[LFM_ITEM];
    if (end < n)
        lfmi_draw_ahead(worker, samples + end, n - end < sgd->batch ? n - end : sgd->batch);
    if (far)
        queue_chosen(worker, &samples[begin]);
    for (int32_t i = begin; i < end; i++) {
        if (i + 2 * batch < n && far_features)
            lfmi_prefetch_features_of(sgd, &samples[i + 2 * batch]);
        if (i + batch < n) {
            lfmi_prepare(worker, &samples[i + batch], i - begin);
            if (far)
                lfmi_prefetch_rows(sgd, &samples[i + batch]);
        }
        if (far)
            queue_chosen(worker, i + 1 < end ? &samples[i + 1] : NULL);
        if (samples[i].negative < 0)
            continue;
        step(worker, &samples[i]);
        if (sgd->lazy)
            lfmi_check_scales(worker);
    }
}
