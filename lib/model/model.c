/* The model's life: creation, initial parameters, reset, and the lock that keeps calls apart. */
#include "model/model.h"

#include "base/numeric.h"
#include "base/options.h"
#include "base/random.h"
#include "base/sized.h"
#include "parallel/parallel.h"

static int32_t round_up(int32_t n) { return (n + LFMI_LANES - 1) / LFMI_LANES * LFMI_LANES; }

lfmi_layout lfmi_layout_of(int32_t components, int32_t optimiser)
{
    lfmi_layout layout = {
        .d = components, .bias = components, .bias_g = components + 1, .bias_m = components + 2};
    const int32_t head = round_up(components + 4); /* embedding, bias, its G and M, the row-wise G */
    layout.g = optimiser == LFM_OPTIMISER_ADAGRAD_ROWWISE ? components + 3 : head;
    layout.m = optimiser == LFM_OPTIMISER_ADADELTA ? head + round_up(components) : 0;
    layout.stride = head + (optimiser == LFM_OPTIMISER_ADAGRAD_ROWWISE ? 0 : round_up(components)) +
                    (optimiser == LFM_OPTIMISER_ADADELTA ? round_up(components) : 0);
    return layout;
}

lfmi_span lfmi_model_span(const lfm_model *model, int32_t array)
{
    const lfmi_layout *y = &model->layout;
    const bool rowwise = model->options.optimiser == LFM_OPTIMISER_ADAGRAD_ROWWISE;
    switch (array) {
    case LFM_EMBEDDINGS: return (lfmi_span){0, y->d};
    case LFM_BIASES: return (lfmi_span){y->bias, 1};
    case LFM_EMBEDDING_GRADIENTS: return (lfmi_span){y->g, rowwise ? 1 : y->d};
    case LFM_BIAS_GRADIENTS: return (lfmi_span){y->bias_g, 1};
    case LFM_EMBEDDING_MOMENTUM: return (lfmi_span){y->m, y->m != 0 ? y->d : 0};
    case LFM_BIAS_MOMENTUM: return (lfmi_span){y->bias_m, y->m != 0 ? 1 : 0};
    default: return (lfmi_span){0, 0};
    }
}

void lfmi_model_clear_row(const lfm_model *model, float *row)
{
    const lfmi_layout *y = &model->layout;
    const float state = model->options.optimiser == LFM_OPTIMISER_ADADELTA ? 0.0f : 1.0f;
    const lfmi_span g = lfmi_model_span(model, LFM_EMBEDDING_GRADIENTS);
    for (int32_t e = 0; e < y->stride; e++)
        row[e] = 0.0f;
    for (int32_t e = 0; e < g.columns; e++)
        row[g.offset + e] = state;
    row[y->bias_g] = state;
}

void lfmi_model_initialise(lfm_model *model, int32_t side, int32_t begin, int32_t end)
{
    const lfmi_layout *y = &model->layout;
    const double width =
        2.0 * (model->options.init_scale > 0 ? model->options.init_scale : 0.5 / y->d);
    const uint64_t key = lfmi_key(model->options.seed, (uint64_t)side);
    fenv_t environment;
    lfmi_float_enter(&environment);
    for (int32_t feature = begin; feature < end; feature++) {
        float *row = lfmi_row(&model->sides[side], y, feature);
        lfmi_model_clear_row(model, row);
        lfmi_stream stream = lfmi_stream_of(key, (uint64_t)feature);
        for (int32_t e = 0; e < y->d; e++)
            row[e] = (float)((lfmi_unit(lfmi_next(&stream)) - 0.5) * width);
    }
    lfmi_float_leave(&environment);
}

/* Drawing a side in blocks of rows. */
enum { DRAWN_ROWS = 1024 };
typedef struct draw_task {
    lfm_model *model;
    int32_t side;
} draw_task;

static void draw_rows(uint32_t index, void *arg)
{
    const draw_task *task = arg;
    const int64_t begin = (int64_t)index * DRAWN_ROWS, n = task->model->sides[task->side].n_features;
    const int64_t end = begin + DRAWN_ROWS < n ? begin + DRAWN_ROWS : n;
    lfmi_model_initialise(task->model, task->side, (int32_t)begin, (int32_t)end);
}

/* Draw the sides whose rows hold nothing yet, for a reader or the one writer. */
static void draw(lfm_model *model, int32_t threads)
{
    if (atomic_load(&model->undrawn) == 0)
        return;
    pthread_mutex_lock(&model->drawing);
    for (int32_t side = 0; side < LFMI_SIDES; side++) {
        if (!lfmi_model_is_undrawn(model, side))
            continue;
        draw_task task = {model, side};
        const int64_t n = model->sides[side].n_features;
        lfmi_parallel_run(model->context, threads, (uint32_t)((n + DRAWN_ROWS - 1) / DRAWN_ROWS), draw_rows, &task);
        lfmi_model_set_drawn(model, side);
    }
    pthread_mutex_unlock(&model->drawing);
}

static void free_model(lfm_model *model)
{
    lfm_context *context = model->context;
    for (int32_t side = 0; side < LFMI_SIDES; side++)
        LFMI_FREE_ARRAY(context, model->sides[side].rows,
                        (int64_t)model->sides[side].n_features * model->layout.stride);
    pthread_mutex_destroy(&model->drawing);
    LFMI_FREE_ARRAY(context, model, 1);
    lfm_context_free(context);
}

lfm_status lfm_model_create(lfm_context *context, int32_t n_user_features, int32_t n_item_features,
                            const lfm_model_options *options, lfm_model **out)
{
    lfmi_clear_message();
    LFMI_REQUIRE(out);
    if (n_user_features < 0 || n_item_features < 0)
        return lfmi_fail(LFM_ERROR_ARGUMENT,
                         "lfm_model_create: n_user_features %d and n_item_features %d must be >= 0",
                         n_user_features, n_item_features);
    lfm_model_options known;
    LFMI_TRY(lfmi_model_options_read(&known, options));
    lfm_context *held = lfmi_context_hold(context);
    lfm_model *model;
    lfm_status status = LFMI_NEW_ZEROED(held, 1, "a model", &model);
    if (status != LFM_OK) {
        lfm_context_free(held);
        return status;
    }
    lfmi_ref_init(&model->references);
    pthread_mutex_init(&model->drawing, NULL);
    atomic_init(&model->undrawn, 1 << LFM_USER | 1 << LFM_ITEM);
    model->context = held;
    model->options = known;
    model->layout = lfmi_layout_of(known.components, known.optimiser);
    const int32_t n_features[LFMI_SIDES] = {n_user_features, n_item_features};
    for (int32_t side = 0; side < LFMI_SIDES && status == LFM_OK; side++) {
        lfmi_table *table = &model->sides[side];
        status = LFMI_NEW_ARRAY(held, (int64_t)n_features[side] * model->layout.stride,
                                side == LFM_USER ? "the user features' parameters"
                                                 : "the item features' parameters",
                                &table->rows);
        table->n_features = table->rows != NULL ? n_features[side] : 0;
    }
    if (status != LFM_OK) {
        free_model(model);
        return status;
    }
    *out = model;
    return LFM_OK;
}

lfm_model *lfm_model_ref(lfm_model *model)
{
    if (model != NULL)
        lfmi_ref_add(&model->references);
    return model;
}

void lfm_model_free(lfm_model *model)
{
    if (model != NULL && lfmi_ref_drop(&model->references))
        free_model(model);
}

lfm_status lfm_model_reset(lfm_model *model)
{
    lfmi_clear_message();
    LFMI_REQUIRE(model);
    LFMI_TRY(lfmi_model_lock_undrawn(model));
    for (int32_t side = 0; side < LFMI_SIDES; side++) { /* now: there may be views */
        lfmi_model_initialise(model, side, 0, model->sides[side].n_features);
        lfmi_model_set_drawn(model, side);
    }
    atomic_store(&model->epochs, 0);
    model->diverged = false;
    lfmi_model_unlock(model);
    return LFM_OK;
}

static lfm_status busy(void)
{
    return lfmi_fail(LFM_ERROR_BUSY, "the model is in use by another call (or by the training call whose "
                                     "callback this is)");
}

lfm_status lfmi_model_lock_undrawn(lfm_model *model)
{
    int nobody = 0;
    return atomic_compare_exchange_strong(&model->users, &nobody, LFMI_WRITER) ? LFM_OK : busy();
}

lfm_status lfmi_model_lock(lfm_model *model, int32_t threads)
{
    LFMI_TRY(lfmi_model_lock_undrawn(model));
    draw(model, threads);
    return LFM_OK;
}

void lfmi_model_unlock(lfm_model *model) { atomic_store(&model->users, 0); }

/* Whether this thread is the one that trains, standing at an epoch's border. */
static bool is_at_border(const lfm_model *model)
{
    return atomic_load(&model->at_border) && pthread_equal(model->writer, pthread_self());
}

lfm_status lfmi_model_read_lock(const lfm_model *model)
{
    if (is_at_border(model))
        return LFM_OK;
    atomic_int *users = (atomic_int *)(uintptr_t)&model->users;
    int readers = atomic_load(users);
    while (readers >= 0) {
        if (atomic_compare_exchange_weak(users, &readers, readers + 1)) {
            draw((lfm_model *)(uintptr_t)model, 1);
            return LFM_OK;
        }
    }
    return busy();
}

void lfmi_model_read_unlock(const lfm_model *model)
{
    if (!is_at_border(model))
        atomic_fetch_sub((atomic_int *)(uintptr_t)&model->users, 1);
}

void lfmi_model_enter_border(lfm_model *model)
{
    model->writer = pthread_self();
    atomic_store(&model->at_border, true);
}

void lfmi_model_leave_border(lfm_model *model) { atomic_store(&model->at_border, false); }

lfm_status lfmi_model_check_usable(const lfm_model *model)
{
    if (!model->diverged)
        return LFM_OK;
    return lfmi_fail(LFM_ERROR_DIVERGED,
                     "the model diverged in an earlier training call: reset it, then train with a smaller "
                     "learning rate, or with the option rollback");
}

int64_t lfm_model_epochs(const lfm_model *model)
{
    return model != NULL ? (int64_t)atomic_load((atomic_int_least64_t *)(uintptr_t)&model->epochs) : 0;
}

int32_t lfm_model_components(const lfm_model *model) { return model != NULL ? model->layout.d : 0; }

lfm_status lfm_model_get_options(const lfm_model *model, lfm_model_options *options)
{
    lfmi_clear_message();
    LFMI_REQUIRE(model);
    LFMI_REQUIRE(options);
    return lfmi_sized_write(options, &model->options, sizeof model->options, "lfm_model_options");
}

int32_t lfm_model_n_features(const lfm_model *model, int32_t side)
{
    return model != NULL && side >= 0 && side < LFMI_SIDES ? model->sides[side].n_features : 0;
}

int32_t lfm_model_columns(const lfm_model *model, int32_t array)
{
    if (model == NULL)
        return 0;
    switch (array) {
    case LFM_EMBEDDINGS:
    case LFM_EMBEDDING_MOMENTUM: return model->layout.d;
    case LFM_EMBEDDING_GRADIENTS: return lfmi_model_span(model, array).columns;
    case LFM_BIASES:
    case LFM_BIAS_GRADIENTS:
    case LFM_BIAS_MOMENTUM: return 1;
    default: return 0;
    }
}
