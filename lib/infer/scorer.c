/* Making scorers, and access to what they hold. */
#include "infer/scorer.h"

#include "base/numeric.h"
#include "base/sized.h"
#include "infer/blocks.h"
#include "infer/scan_order.h"
#include "parallel/parallel.h"

LFMI_ASSERT_SIZED(lfm_infer_options, cancel);
LFMI_ASSERT_SIZED(lfm_scorer_options, reserved);

static const lfm_infer_options infer_defaults = {.size = sizeof(lfm_infer_options), .check_overlap = 1};

void lfm_infer_options_init_sized(lfm_infer_options *options, size_t size)
{
    lfmi_sized_init(options, size, &infer_defaults, sizeof infer_defaults);
}

lfm_status lfmi_infer_options_read(lfm_infer_options *known, const lfm_infer_options *given)
{
    *known = infer_defaults;
    if (given != NULL)
        LFMI_TRY(lfmi_sized_read(known, sizeof *known, given, "lfm_infer_options"));
    if (known->threads < 0)
        return lfmi_fail(LFM_ERROR_OPTION, "lfm_infer_options: threads is %d, must be 0 or more", known->threads);
    return LFM_OK;
}

static const lfm_scorer_options scorer_defaults = {.size = sizeof(lfm_scorer_options), .keep_features = 1};

void lfm_scorer_options_init_sized(lfm_scorer_options *options, size_t size)
{
    lfmi_sized_init(options, size, &scorer_defaults, sizeof scorer_defaults);
}

lfm_status lfmi_scorer_options_read(lfm_scorer_options *known, const lfm_scorer_options *given)
{
    *known = scorer_defaults;
    if (given != NULL)
        LFMI_TRY(lfmi_sized_read(known, sizeof *known, given, "lfm_scorer_options"));
    LFMI_TRY(lfmi_reserved_check(known->reserved, "lfm_scorer_options"));
    if (known->threads < 0)
        return lfmi_fail(LFM_ERROR_OPTION, "lfm_scorer_options: threads is %d, must be 0 or more", known->threads);
    if (known->precision < LFM_PRECISION_FLOAT32 || known->precision > LFM_PRECISION_INT8)
        return lfmi_fail(LFM_ERROR_OPTION, "lfm_scorer_options: there is no precision number %d", known->precision);
    return LFM_OK;
}

lfm_status lfmi_scorer_check_reach(const lfm_scorer *scorer, const lfm_interactions *interactions, const char *what)
{
    if (interactions == NULL)
        return LFM_OK;
    const int32_t n_users = scorer->spaces[LFM_SPACE_USER].n_rows, n_items = scorer->spaces[LFM_SPACE_ITEM].n_rows;
    if (interactions->n_users > n_users || interactions->n_items > n_items)
        return lfmi_fail(LFM_ERROR_SHAPE, "%s has %d users and %d items, the scorer only %d and %d", what,
                         interactions->n_users, interactions->n_items, n_users, n_items);
    return LFM_OK;
}

lfm_status lfmi_scorer_new(lfm_context *context, int32_t d, lfm_scorer **out)
{
    lfm_scorer *scorer;
    LFMI_TRY(LFMI_NEW_ZEROED(context, 1, "a scorer", &scorer));
    lfmi_ref_init(&scorer->references);
    scorer->context = lfm_context_ref(context);
    scorer->kernels = lfmi_kernels_select(context);
    scorer->d = d;
    scorer->stride = (d + LFMI_LANES - 1) / LFMI_LANES * LFMI_LANES;
    *out = scorer;
    return LFM_OK;
}

/* The mean of a side: of at most SAMPLE rows, evenly spread, since more would not change it much. */
static void take_mean(const lfm_scorer *scorer, int32_t space, double *mean)
{
    enum { SAMPLE = 1 << 14 };
    const lfmi_space *from = &scorer->spaces[space];
    const int32_t step = from->n_rows / SAMPLE + 1;
    int32_t n = 0;
    for (int64_t row = 0; row < from->n_rows; row += step, n++) {
        const float *vector = lfmi_vector(scorer, space, (int32_t)row);
        for (int32_t e = 0; e < scorer->d; e++)
            mean[e] += (double)vector[e];
        mean[scorer->d] += (double)from->biases[row];
    }
    for (int32_t e = 0; e <= scorer->d && n > 0; e++)
        mean[e] /= n;
}

lfm_status lfmi_scorer_average(lfm_scorer *scorer, const double *means)
{
    const int64_t n = LFMI_SIDES * ((int64_t)scorer->d + 1);
    LFMI_TRY(LFMI_NEW_ZEROED(scorer->context, n, "means", &scorer->means));
    if (means != NULL) {
        memcpy(scorer->means, means, (size_t)n * sizeof *means);
        return LFM_OK;
    }
    fenv_t environment;
    lfmi_float_enter(&environment);
    for (int32_t side = 0; side < LFMI_SIDES; side++)
        take_mean(scorer, side, scorer->means + side * ((int64_t)scorer->d + 1));
    lfmi_float_leave(&environment);
    return LFM_OK;
}

lfm_status lfmi_scorer_pack(lfm_scorer *scorer, const lfm_scorer_options *options)
{
    if (scorer->means == NULL)
        LFMI_TRY(lfmi_scorer_average(scorer, NULL));
    const lfmi_space *items = &scorer->spaces[LFM_SPACE_ITEM];
    LFMI_TRY(lfmi_scan_order(scorer));
    return lfmi_panels_new(scorer->context, lfmi_scan_kind(options->precision, scorer->d), items->vectors,
                           items->biases, scorer->d, scorer->stride, scorer->order, items->n_rows, options->threads,
                           &scorer->items);
}

float lfmi_scorer_represent(const lfm_scorer *scorer, int32_t space, const lfmi_feature_row *entries, float *vector)
{
    float bias = 0.0f;
    for (int32_t e = 0; e < scorer->d; e++)
        vector[e] = 0.0f;
    for (int64_t i = 0; i < entries->n; i++) {
        const float x = entries->values != NULL ? entries->values[i] : 1.0f;
        scorer->kernels->add_scaled(vector, lfmi_vector(scorer, space, entries->columns[i]), x, scorer->d);
        bias += scorer->spaces[space].biases[entries->columns[i]] * x;
    }
    return bias;
}

static void free_scorer(lfm_scorer *scorer)
{
    lfm_context *context = scorer->context;
    for (int32_t s = 0; s < LFMI_SPACES && scorer->release == NULL; s++) {
        const bool shared = s >= 2 && scorer->spaces[s].vectors == scorer->spaces[s - 2].vectors;
        if (shared)
            continue;
        LFMI_FREE_ARRAY(context, scorer->spaces[s].vectors, (int64_t)scorer->spaces[s].n_rows * scorer->stride);
        LFMI_FREE_ARRAY(context, scorer->spaces[s].biases, scorer->spaces[s].n_rows);
    }
    if (!scorer->items.is_borrowed)
        LFMI_FREE_ARRAY(context, scorer->order, scorer->spaces[LFM_SPACE_ITEM].n_rows);
    lfmi_panels_free(context, &scorer->items);
    lfmi_release(scorer->release, scorer->release_user_data);
    LFMI_FREE_ARRAY(context, scorer->means, LFMI_SIDES * ((int64_t)scorer->d + 1));
    LFMI_FREE_ARRAY(context, scorer, 1);
    lfm_context_free(context);
}

/* Filling the rows of a space, in blocks. */
typedef struct fill_task {
    const lfm_model *model;
    const lfm_features *features;
    lfm_scorer *scorer;
    int32_t side;
    lfmi_space *space;
    atomic_int first_bad; /* the smallest row that is not finite; INT32_MAX: none */
} fill_task;
enum { FILL_ROWS = 512 };

static bool row_is_finite(const float *vector, int32_t d, float bias)
{
    bool finite = lfmi_is_finite(bias);
    for (int32_t e = 0; e < d; e++)
        finite = finite && lfmi_is_finite(vector[e]);
    return finite;
}

static void fill_rows(int64_t begin, int64_t end, uint32_t task, void *arg)
{
    (void)task;
    fill_task *fill = arg;
    lfm_scorer *scorer = fill->scorer;
    for (int64_t row = begin; row < end; row++) {
        float *vector = fill->space->vectors + row * scorer->stride;
        fill->space->biases[row] =
            lfmi_represent(fill->model, scorer->kernels, fill->side, fill->features, (int32_t)row, vector);
        for (int32_t e = scorer->d; e < scorer->stride; e++)
            vector[e] = 0.0f;
        if (row_is_finite(vector, scorer->d, fill->space->biases[row]))
            continue;
        int first = atomic_load(&fill->first_bad);
        while ((int)row < first && !atomic_compare_exchange_weak(&fill->first_bad, &first, (int)row))
            continue;
    }
}

/* Represent n_rows rows of a side in a space of the scorer. */
static lfm_status fill_space(lfm_scorer *scorer, int32_t space, const lfm_model *model, int32_t side,
                             const lfm_features *features, int32_t n_rows, int32_t threads)
{
    lfmi_space *to = &scorer->spaces[space];
    LFMI_TRY(LFMI_NEW_ARRAY(scorer->context, (int64_t)n_rows * scorer->stride, "representations", &to->vectors));
    to->n_rows = n_rows;
    LFMI_TRY(LFMI_NEW_ARRAY(scorer->context, n_rows, "biases", &to->biases));
    fill_task fill = {.model = model, .features = features, .scorer = scorer, .side = side, .space = to};
    atomic_init(&fill.first_bad, INT32_MAX);
    lfmi_blocks blocks = {.n = n_rows, .block = FILL_ROWS, .work = fill_rows, .arg = &fill};
    LFMI_TRY(lfmi_blocks_run(scorer->context, &blocks, lfmi_tasks(scorer->context, threads, n_rows, FILL_ROWS)));
    if (atomic_load(&fill.first_bad) != INT32_MAX)
        return lfmi_fail(LFM_ERROR_DATA, "the representation of %s%s %d is not finite",
                         side == LFM_USER ? "user" : "item", space >= LFM_SPACE_USER_FEATURE ? " feature" : "",
                         atomic_load(&fill.first_bad));
    return LFM_OK;
}

static lfm_status fill_scorer(lfm_scorer *scorer, const lfm_model *model, const lfm_features *const *features,
                              const lfm_scorer_options *options)
{
    for (int32_t side = 0; side < LFMI_SIDES; side++) {
        const int32_t n_features = model->sides[side].n_features;
        LFMI_TRY(lfmi_model_check_features(model, side, features[side], 0));
        LFMI_TRY(fill_space(scorer, side, model, side, features[side],
                            features[side] != NULL ? features[side]->n_rows : n_features, options->threads));
        if (!options->keep_features)
            continue;
        if (features[side] == NULL)
            scorer->spaces[side + 2] = scorer->spaces[side];
        else
            LFMI_TRY(fill_space(scorer, side + 2, model, side, NULL, n_features, options->threads));
    }
    return lfmi_scorer_pack(scorer, options);
}

lfm_status lfm_scorer_create(const lfm_model *model, const lfm_features *user_features,
                             const lfm_features *item_features, const lfm_scorer_options *options, lfm_scorer **out)
{
    lfmi_clear_message();
    LFMI_REQUIRE(model);
    LFMI_REQUIRE(out);
    lfm_scorer_options known;
    LFMI_TRY(lfmi_scorer_options_read(&known, options));
    LFMI_TRY(lfmi_model_read_lock(model));
    const lfm_features *features[LFMI_SIDES] = {[LFM_USER] = user_features, [LFM_ITEM] = item_features};
    lfm_scorer *scorer = NULL;
    lfm_status status = lfmi_model_check_usable(model);
    if (status == LFM_OK)
        status = lfmi_scorer_new(model->context, model->layout.d, &scorer);
    if (status == LFM_OK) {
        scorer->has_model = true;
        scorer->epochs = lfm_model_epochs(model);
        scorer->model_options = model->options;
        status = fill_scorer(scorer, model, features, &known);
        if (status == LFM_OK)
            *out = scorer;
        else
            lfm_scorer_free(scorer);
    }
    lfmi_model_read_unlock(model);
    return status;
}

lfm_scorer *lfm_scorer_ref(lfm_scorer *scorer)
{
    if (scorer != NULL)
        lfmi_ref_add(&scorer->references);
    return scorer;
}

void lfm_scorer_free(lfm_scorer *scorer)
{
    if (scorer != NULL && lfmi_ref_drop(&scorer->references))
        free_scorer(scorer);
}

int32_t lfm_scorer_components(const lfm_scorer *scorer) { return scorer != NULL ? scorer->d : 0; }

int32_t lfm_scorer_n_rows(const lfm_scorer *scorer, int32_t space)
{
    return scorer != NULL && space >= 0 && space < LFMI_SPACES ? scorer->spaces[space].n_rows : 0;
}

static lfm_status view_space(const lfm_scorer *scorer, int32_t space, bool biases, lfm_view *out)
{
    LFMI_REQUIRE(scorer);
    LFMI_REQUIRE(out);
    if (space < 0 || space >= LFMI_SPACES)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "there is no space number %d: LFM_SPACE_USER, …", space);
    const lfmi_space *from = &scorer->spaces[space];
    const lfm_view known = {.size = sizeof known,
                            .data = biases ? from->biases : from->vectors,
                            .rows = from->n_rows,
                            .columns = biases ? 1 : scorer->d,
                            .stride = (biases ? 1 : scorer->stride) * (int64_t)sizeof(float)};
    return lfmi_sized_write(out, &known, sizeof known, "lfm_view");
}

lfm_status lfm_scorer_representations(const lfm_scorer *scorer, int32_t space, lfm_view *out)
{
    lfmi_clear_message();
    return view_space(scorer, space, false, out);
}

lfm_status lfm_scorer_biases(const lfm_scorer *scorer, int32_t space, lfm_view *out)
{
    lfmi_clear_message();
    return view_space(scorer, space, true, out);
}
