/* Features: creation from caller's arrays, identity columns, normalisation, life, access. */
#include "matrix/features.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/numeric.h"
#include "base/sized.h"

LFMI_ASSERT_SIZED(lfm_features_options, cancel);

void lfm_features_options_init_sized(lfm_features_options *options, size_t size)
{
    lfmi_sized_init(options, size, NULL, sizeof *options);
}

lfm_features *lfm_features_ref(lfm_features *features)
{
    if (features != NULL)
        lfmi_ref_add(&features->references);
    return features;
}

void lfm_features_free(lfm_features *f)
{
    if (f == NULL || !lfmi_ref_drop(&f->references))
        return;
    lfm_context *context = f->context;
    lfmi_array_free(context, &f->offsets);
    lfmi_array_free(context, &f->columns);
    lfmi_array_free(context, &f->values);
    lfmi_release(f->release, f->release_user_data);
    LFMI_FREE_ARRAY(context, f, 1);
    lfm_context_free(context);
}

/* Use or copy a CSR input that needs no change. */
static lfm_status take_csr(const lfmi_input *input, bool borrow, lfm_features *f)
{
    lfm_context *context = f->context;
    const int64_t n = input->n_entries;
    const int32_t offset_type = borrow ? input->offsets.type : (int32_t)LFM_INT64;
    LFMI_TRY(lfmi_array_take(context, &input->offsets, (int64_t)input->n_rows + 1, offset_type, borrow,
                             "offsets of features", &f->offsets));
    LFMI_TRY(lfmi_array_take(context, &input->columns, n, LFM_INT32, borrow, "columns of features", &f->columns));
    return lfmi_array_take(context, &input->values, n, LFM_FLOAT32, borrow, "weights of features", &f->values);
}

/* The places where a copy is being written. */
typedef struct copy_target {
    int64_t *offsets;
    int32_t *columns;
    float *values; /* NULL: all ones, nothing to write */
} copy_target;

static void put(copy_target *target, int64_t to, int32_t column, double value)
{
    target->columns[to] = column;
    if (target->values != NULL)
        target->values[to] = (float)value;
}

static void normalise_row(copy_target *target, int64_t begin, int64_t end)
{
    double sum = 0;
    for (int64_t i = begin; i < end; i++)
        sum += fabs((double)target->values[i]);
    for (int64_t i = begin; i < end && sum > 0; i++)
        target->values[i] = (float)(target->values[i] / sum);
}

/* Indicator columns, and how many rows have one. */
static int32_t n_indicators(const lfm_features_options *options, const lfmi_input *input)
{
    if (!options->identity)
        return 0;
    return options->identity_columns > 0 ? options->identity_columns : input->n_rows;
}

/* Indicators behind the given columns, of the rows that have none before them. */
static int32_t n_rest(const lfm_features_options *options, const lfmi_input *input)
{
    const int32_t before = n_indicators(options, input);
    return options->identity && options->identity_rest && before < input->n_rows ? input->n_rows - before : 0;
}

/* Write the merged or kept entries of one row; return the place after the last, or -1 on overflow. */
static int64_t copy_row(const lfmi_input *input, const lfmi_grouping *grouping,
                        const lfm_features_options *options, int32_t row, int64_t to, copy_target *target)
{
    const int32_t shift = n_indicators(options, input);
    const int64_t row_end = grouping->groups[row + 1];
    for (int64_t at = grouping->groups[row]; at < row_end; to++) {
        const int64_t end = options->duplicates == LFM_DUPLICATES_KEEP ||
                                    options->duplicates == LFM_DUPLICATES_REJECT
                                ? at + 1
                                : lfmi_run_end(input, grouping, at, row_end);
        double value = 0;
        for (int64_t i = options->duplicates == LFM_DUPLICATES_LAST ? end - 1 : at; i < end; i++)
            value += input->values.data != NULL ? lfmi_real_at(&input->values, grouping->order[i]) : 1.0;
        if (!lfmi_is_finite((float)value))
            return -1;
        put(target, to, shift + (int32_t)lfmi_integer_at(&input->columns, grouping->order[at]), value);
        at = end;
    }
    return to;
}

/* Make our own CSR: grouped by row, merged, with identity columns, normalised. */
static lfm_status build_csr(const lfmi_input *input, const lfmi_grouping *grouping,
                            const lfm_features_options *options, lfm_features *f)
{
    const bool merges = options->duplicates == LFM_DUPLICATES_SUM || options->duplicates == LFM_DUPLICATES_LAST;
    int64_t n = merges ? lfmi_count_distinct(input, grouping) : input->n_entries;
    const int32_t indicators = n_indicators(options, input), rest = n_rest(options, input);
    n += indicators < input->n_rows ? indicators + rest : input->n_rows;
    copy_target target = {0};
    lfm_context *context = f->context;
    LFMI_TRY(lfmi_array_new(context, LFM_INT64, (int64_t)input->n_rows + 1, "offsets of features", &f->offsets,
                            &target.offsets));
    LFMI_TRY(lfmi_array_new(context, LFM_INT32, n, "columns of features", &f->columns, &target.columns));
    if (input->values.data != NULL || options->normalise || options->duplicates == LFM_DUPLICATES_SUM)
        LFMI_TRY(lfmi_array_new(context, LFM_FLOAT32, n, "weights of features", &f->values, &target.values));
    f->n_entries = n;
    int64_t to = 0;
    int64_t looked = 0;
    for (int32_t row = 0; row < input->n_rows; row++) {
        const int64_t begin = to;
        if (begin - looked >= LFMI_ENTRIES_PER_LOOK) {
            LFMI_TRY(lfmi_poll(input->cancel));
            looked = begin;
        }
        target.offsets[row] = begin;
        if (row < indicators)
            put(&target, to++, row, 1.0);
        else if (rest > 0)
            put(&target, to++, input->n_columns + row, 1.0);
        to = copy_row(input, grouping, options, row, to, &target);
        if (to < 0)
            return lfmi_fail(LFM_ERROR_DATA, "%s: row %d: the sum of a repeated weight is not a finite float32",
                             input->what, row);
        if (options->normalise)
            normalise_row(&target, begin, to);
    }
    target.offsets[input->n_rows] = to;
    return LFM_OK;
}

static lfm_status build(const lfmi_input *input, const lfm_features_options *options, lfm_features *f)
{
    lfm_context *context = f->context;
    const int64_t indicators = (int64_t)n_indicators(options, input) + n_rest(options, input);
    if (indicators + input->n_columns > INT32_MAX)
        return lfmi_fail(LFM_ERROR_SHAPE, "%s: identity has %lld indicators beside %d columns: the sum must fit int32",
                         input->what, (long long)indicators, input->n_columns);
    f->n_rows = input->n_rows;
    f->n_features = input->n_columns + (int32_t)indicators;
    f->n_entries = input->n_entries;
    const bool as_is = input->rows.data == NULL && input->offsets.data != NULL && !options->identity &&
                       !options->normalise;
    if (as_is && options->duplicates == LFM_DUPLICATES_KEEP)
        return take_csr(input, options->borrow != 0, f);
    lfmi_grouping grouping;
    LFMI_TRY(lfmi_group(context, input, &grouping));
    lfm_status status = LFM_OK;
    if (options->duplicates == LFM_DUPLICATES_REJECT)
        status = lfmi_reject_duplicates(input, &grouping);
    if (status == LFM_OK)
        status = as_is && options->duplicates == LFM_DUPLICATES_REJECT
                     ? take_csr(input, options->borrow != 0, f)
                     : build_csr(input, &grouping, options, f);
    lfmi_grouping_free(context, &grouping);
    return status;
}

static lfm_status create(lfm_context *context, const lfm_coo *coo, const lfm_csr *csr,
                         const lfm_features_options *given, lfm_features **out)
{
    lfm_features_options options = {.size = sizeof options};
    lfm_status status = LFM_OK;
    if (given != NULL)
        status = lfmi_sized_read(&options, sizeof options, given, "lfm_features_options");
    fenv_t environment;
    lfmi_float_enter(&environment); /* sums of duplicates and of rows */
    lfm_context *held = lfmi_context_hold(context);
    lfm_features *f = NULL;
    lfmi_input input;
    if (status == LFM_OK && ((coo == NULL && csr == NULL) || out == NULL))
        status = lfmi_fail(LFM_ERROR_ARGUMENT, "features: the matrix and out must not be NULL");
    if (status == LFM_OK && (options.duplicates < LFM_DUPLICATES_KEEP || options.duplicates > LFM_DUPLICATES_REJECT))
        status = lfmi_fail(LFM_ERROR_OPTION, "features: there is no duplicate policy number %d", options.duplicates);
    if (status == LFM_OK && options.identity_columns < 0)
        status = lfmi_fail(LFM_ERROR_OPTION, "features: identity_columns is %d, must be 0 or more", options.identity_columns);
    if (status == LFM_OK)
        status = coo != NULL ? lfmi_input_from_coo(coo, "features", options.cancel, &input)
                             : lfmi_input_from_csr(csr, "features", options.cancel, &input);
    if (status == LFM_OK)
        status = LFMI_NEW_ZEROED(held, 1, "features", &f);
    if (status == LFM_OK) {
        lfmi_ref_init(&f->references);
        f->context = lfm_context_ref(held);
        status = build(&input, &options, f);
    }
    lfmi_float_leave(&environment);
    lfm_context_free(held);
    if (status == LFM_OK && (!f->offsets.owned || (f->columns.data != NULL && !f->columns.owned) ||
                             (f->values.data != NULL && !f->values.owned))) {
        f->release = options.release;
        f->release_user_data = options.release_user_data;
    } else {
        lfmi_release(options.release, options.release_user_data);
    }
    if (status == LFM_OK)
        *out = f;
    else
        lfm_features_free(f);
    return status;
}

lfm_status lfm_features_from_coo(lfm_context *context, const lfm_coo *coo, const lfm_features_options *options,
                                 lfm_features **out)
{
    lfmi_clear_message();
    return create(context, coo, NULL, options, out);
}

lfm_status lfm_features_from_csr(lfm_context *context, const lfm_csr *csr, const lfm_features_options *options,
                                 lfm_features **out)
{
    lfmi_clear_message();
    return create(context, NULL, csr, options, out);
}

int32_t lfm_features_n_rows(const lfm_features *f) { return f != NULL ? f->n_rows : 0; }
int32_t lfm_features_n_features(const lfm_features *f) { return f != NULL ? f->n_features : 0; }
int64_t lfm_features_n_entries(const lfm_features *f) { return f != NULL ? f->n_entries : 0; }

int64_t lfm_features_row(const lfm_features *f, int32_t row, const int32_t **columns, const float **values)
{
    if (f == NULL || row < 0 || row >= f->n_rows)
        return 0;
    const lfmi_feature_row entries = lfmi_features_row(f, row);
    if (columns != NULL)
        *columns = entries.columns;
    if (values != NULL)
        *values = entries.values;
    return entries.n;
}
