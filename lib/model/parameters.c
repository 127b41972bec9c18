/* Access to parameters and optimiser state: views, copies; and representations made from them. */
#include <stdio.h>
#include <string.h>

#include "base/numeric.h"
#include "base/sized.h"
#include "model/model.h"
#include "parallel/parallel.h"

static const char *const side_names[LFMI_SIDES] = {"user", "item"};
static const char *const array_names[] = {"embeddings",     "biases",
                                          "embedding_gradients", "bias_gradients",
                                          "embedding_momentum",  "bias_momentum"};
enum { N_ARRAYS = sizeof array_names / sizeof *array_names };

static lfm_status check_names(int32_t side, int32_t array)
{
    if (side < 0 || side >= LFMI_SIDES)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "there is no side number %d: LFM_USER or LFM_ITEM", side);
    if (array < 0 || array >= N_ARRAYS)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "there is no array number %d: LFM_EMBEDDINGS, …", array);
    return LFM_OK;
}

static lfm_status no_such_state(int32_t array)
{
    return lfmi_fail(LFM_ERROR_UNSUPPORTED, "the model's optimiser has no %s", array_names[array]);
}

static lfm_status view(const lfm_model *model, int32_t side, int32_t array, lfm_view_mut *out)
{
    LFMI_TRY(check_names(side, array));
    const lfmi_span span = lfmi_model_span(model, array);
    if (span.columns == 0)
        return no_such_state(array);
    *out = (lfm_view_mut){.size = sizeof *out,
                          .data = model->sides[side].rows + span.offset,
                          .rows = model->sides[side].n_features,
                          .columns = span.columns,
                          .stride = model->layout.stride * (int64_t)sizeof(float)};
    return LFM_OK;
}

_Static_assert(sizeof(lfm_view) == sizeof(lfm_view_mut), "both views are alike");
LFMI_ASSERT_SIZED(lfm_view, stride);

lfm_status lfm_model_view(const lfm_model *model, int32_t side, int32_t array, lfm_view *out)
{
    lfmi_clear_message();
    LFMI_REQUIRE(model);
    LFMI_REQUIRE(out);
    LFMI_TRY(lfmi_model_read_lock(model));
    lfm_view_mut known;
    lfm_status status = view(model, side, array, &known);
    lfmi_model_read_unlock(model);
    return status != LFM_OK ? status : lfmi_sized_write(out, &known, sizeof known, "lfm_view");
}

lfm_status lfm_model_view_mut(lfm_model *model, int32_t side, int32_t array, lfm_view_mut *out)
{
    lfmi_clear_message();
    LFMI_REQUIRE(model);
    LFMI_REQUIRE(out);
    LFMI_TRY(lfmi_model_lock(model, 1));
    lfm_view_mut known;
    lfm_status status = lfmi_model_check_usable(model);
    if (status == LFM_OK)
        status = view(model, side, array, &known);
    lfmi_model_unlock(model);
    return status != LFM_OK ? status : lfmi_sized_write(out, &known, sizeof known, "lfm_view_mut");
}

/* Check side, array and count of a dense copy; *columns receives its width. */
static lfm_status check_copy(const lfm_model *model, int32_t side, int32_t array, int64_t n_values,
                             int32_t *columns)
{
    LFMI_TRY(check_names(side, array));
    *columns = lfm_model_columns(model, array);
    const int64_t wanted = (int64_t)model->sides[side].n_features * *columns;
    if (n_values != wanted)
        return lfmi_fail(LFM_ERROR_SHAPE, "%s %s are %d x %d = %lld numbers, not %lld", side_names[side],
                         array_names[array], model->sides[side].n_features, *columns, (long long)wanted,
                         (long long)n_values);
    return LFM_OK;
}

lfm_status lfm_model_get(const lfm_model *model, int32_t side, int32_t array, float *values, int64_t n_values)
{
    lfmi_clear_message();
    LFMI_REQUIRE(model);
    LFMI_REQUIRE(values);
    LFMI_TRY(lfmi_model_read_lock(model));
    int32_t columns;
    const lfm_status status = check_copy(model, side, array, n_values, &columns);
    if (status == LFM_OK) {
        const lfmi_span span = lfmi_model_span(model, array);
        const size_t bytes = (size_t)columns * sizeof *values;
        for (int32_t feature = 0; feature < model->sides[side].n_features; feature++) {
            const float *row = lfmi_row(&model->sides[side], &model->layout, feature) + span.offset;
            if (span.columns > 0)
                memcpy(values, row, bytes);
            else
                memset(values, 0, bytes);
            values += columns;
        }
    }
    lfmi_model_read_unlock(model);
    return status;
}

/* What an array may hold. Adagrad divides by the root of its state: that must be above 0; Adadelta's may be 0. */
typedef struct bounds {
    bool is_state, may_be_zero;
} bounds;

static bool fits(float value, bounds b)
{
    return lfmi_is_finite(value) && (!b.is_state || value > 0 || (b.may_be_zero && value == 0));
}

static lfm_status check_values(const lfm_model *model, int32_t side, int32_t array, const float *values, int64_t n)
{
    enum { AT_ONCE = 1024 };
    const int32_t columns = lfm_model_columns(model, array);
    const bounds b = {.is_state = array >= LFM_EMBEDDING_GRADIENTS,
                      .may_be_zero = model->options.optimiser == LFM_OPTIMISER_ADADELTA};
    for (int64_t begin = 0; begin < n; begin += AT_ONCE) {
        const int64_t end = n - begin < AT_ONCE ? n : begin + AT_ONCE;
        int bad = 0; /* no branch: this vectorises */
        for (int64_t i = begin; i < end; i++)
            bad |= !fits(values[i], b);
        if (!bad)
            continue;
        int64_t i = begin;
        while (fits(values[i], b))
            i++;
        return lfmi_fail(LFM_ERROR_DATA, "%s %s, row %lld, column %lld: %g is %s", side_names[side],
                         array_names[array], (long long)(i / columns), (long long)(i % columns), (double)values[i],
                         !lfmi_is_finite(values[i]) ? "not finite"
                         : b.may_be_zero            ? "negative"
                                                    : "not above 0, as Adagrad needs");
    }
    return LFM_OK;
}

/* Copy checked values into the rows of a side. */
static void copy_in(lfm_model *model, int32_t side, int32_t array, const float *values)
{
    const lfmi_span span = lfmi_model_span(model, array);
    const int32_t n_features = model->sides[side].n_features;
    const bool undrawn = lfmi_model_is_undrawn(model, side);
    const bool replaces = undrawn && array == LFM_EMBEDDINGS; /* what would be drawn */
    if (undrawn && !replaces)
        lfmi_model_initialise(model, side, 0, n_features);
    for (int32_t feature = 0; feature < n_features; feature++) {
        float *row = lfmi_row(&model->sides[side], &model->layout, feature);
        if (replaces)
            lfmi_model_clear_row(model, row);
        memcpy(row + span.offset, values, (size_t)span.columns * sizeof *values);
        values += span.columns;
    }
    lfmi_model_set_drawn(model, side);
}

lfm_status lfm_model_set(lfm_model *model, int32_t side, int32_t array, const float *values, int64_t n_values)
{
    lfmi_clear_message();
    LFMI_REQUIRE(model);
    LFMI_REQUIRE(values);
    LFMI_TRY(lfmi_model_lock_undrawn(model));
    int32_t columns = 0;
    lfm_status status = lfmi_model_check_usable(model);
    if (status == LFM_OK)
        status = check_copy(model, side, array, n_values, &columns);
    if (status == LFM_OK && lfmi_model_span(model, array).columns == 0)
        status = no_such_state(array);
    if (status == LFM_OK)
        status = check_values(model, side, array, values, n_values);
    if (status == LFM_OK)
        copy_in(model, side, array, values);
    lfmi_model_unlock(model);
    return status;
}

lfm_status lfmi_model_check_features(const lfm_model *model, int32_t side, const lfm_features *features,
                                     int32_t n_rows)
{
    const char *name = side_names[side];
    const int32_t width = model->sides[side].n_features;
    if (features == NULL) {
        if (n_rows > width)
            return lfmi_fail(LFM_ERROR_SHAPE, "the interactions have %d %ss, but the model has %d %s features "
                                              "and no feature matrix was given",
                             n_rows, name, width, name);
        return LFM_OK;
    }
    if (features->n_features != width)
        return lfmi_fail(LFM_ERROR_SHAPE, "the %s feature matrix has %d features, but the model has %d", name,
                         features->n_features, width);
    if (features->n_rows < n_rows)
        return lfmi_fail(LFM_ERROR_SHAPE, "the %s feature matrix has %d rows, fewer than the %d %ss of the "
                                          "interactions",
                         name, features->n_rows, n_rows, name);
    return LFM_OK;
}

float lfmi_represent(const lfm_model *model, const lfmi_kernels *kernels, int32_t side,
                     const lfm_features *features, int32_t row, float *representation)
{
    const lfmi_feature_row entries = features != NULL ? lfmi_features_row(features, row)
                                                      : (lfmi_feature_row){.columns = &row, .n = 1};
    return kernels->add_up(&model->layout, model->sides[side].rows, entries.columns, entries.values, entries.n,
                           representation);
}

/* Scanning a side for numbers that are not finite, in blocks of rows. */
enum { SCAN_ROWS = 4096 };
typedef struct scan_task {
    const lfm_model *model;
    int32_t side;
    atomic_int first_bad; /* the smallest feature found so far, INT32_MAX: none */
} scan_task;

static void scan_rows(uint32_t index, void *arg)
{
    scan_task *scan = arg;
    const lfmi_layout *y = &scan->model->layout;
    const lfmi_table *table = &scan->model->sides[scan->side];
    const int64_t begin = (int64_t)index * SCAN_ROWS;
    const int64_t end = begin + SCAN_ROWS < table->n_features ? begin + SCAN_ROWS : table->n_features;
    for (int64_t feature = begin; feature < end; feature++) {
        const float *row = lfmi_row(table, y, (int32_t)feature);
        /* x * 0 is 0 for finite x and NaN otherwise: a sum that vectorises. */
        float zero[LFMI_LANES] = {0};
        for (int32_t e = 0; e < y->stride; e += LFMI_LANES) {
            for (int l = 0; l < LFMI_LANES; l++)
                zero[l] += row[e + l] * 0.0f;
        }
        int bad = 0;
        for (int l = 0; l < LFMI_LANES; l++)
            bad |= !(zero[l] == 0.0f);
        if (!bad)
            continue;
        int first = atomic_load(&scan->first_bad);
        while ((int)feature < first && !atomic_compare_exchange_weak(&scan->first_bad, &first, (int)feature))
            continue;
        return;
    }
}

int32_t lfmi_model_find_bad(const lfm_model *model, int32_t side, int32_t threads)
{
    scan_task scan = {.model = model, .side = side};
    atomic_init(&scan.first_bad, INT32_MAX);
    const int64_t n = model->sides[side].n_features;
    lfmi_parallel_run(model->context, threads, (uint32_t)((n + SCAN_ROWS - 1) / SCAN_ROWS), scan_rows, &scan);
    const int32_t found = atomic_load(&scan.first_bad);
    return found == INT32_MAX ? -1 : found;
}
