/* Vectors whose nearest neighbours are the items of the highest scores. */
#include "lfm/vectors.h"

#include <math.h>

#include "base/numeric.h"
#include "infer/blocks.h"
#include "infer/scorer.h"

enum { ROWS_PER_BLOCK = 1024 };

typedef struct vectors_task {
    const lfm_scorer *scorer;
    int32_t space, form, first, width;
    double norm;
    float *out;
    double *longest;      /* squares, one per block; NULL: not asked for */
    atomic_int first_bad; /* the first row longer than the norm; INT32_MAX: none */
} vectors_task;

static bool is_query(int32_t space) { return space == LFM_SPACE_USER || space == LFM_SPACE_USER_FEATURE; }

/* The square of |(q, b)|, or of |(p, 1)|. */
static double square_of(const lfm_scorer *scorer, int32_t space, int32_t row)
{
    const float *vector = lfmi_vector(scorer, space, row);
    const double last = is_query(space) ? 1.0 : (double)scorer->spaces[space].biases[row];
    double sum = last * last;
    for (int32_t e = 0; e < scorer->d; e++)
        sum += (double)vector[e] * (double)vector[e];
    return sum;
}

static void find_longest(int64_t begin, int64_t end, uint32_t task, void *arg)
{
    (void)task;
    const vectors_task *t = arg;
    double longest = 0;
    for (int64_t row = begin; row < end; row++) {
        const double square = square_of(t->scorer, t->space, (int32_t)row);
        longest = square > longest ? square : longest;
    }
    t->longest[begin / ROWS_PER_BLOCK] = longest;
}

/* The transformed row: its numbers times `scale`, then the component that brings it to its length. */
static void write_row(const vectors_task *t, int32_t row, float *out)
{
    const lfm_scorer *scorer = t->scorer;
    const float *vector = lfmi_vector(scorer, t->space, row);
    const bool query = is_query(t->space);
    const float last = query ? 1.0f : scorer->spaces[t->space].biases[row];
    const double square = t->form == LFM_VECTORS_INNER_PRODUCT ? 0 : square_of(scorer, t->space, row);
    const double length = query ? sqrt(square) : t->norm;
    const double divisor = t->form == LFM_VECTORS_COSINE && length > 0 ? length : 1;
    for (int32_t e = 0; e < scorer->d; e++)
        out[e] = (float)((double)vector[e] / divisor);
    out[scorer->d] = (float)((double)last / divisor);
    if (t->form == LFM_VECTORS_INNER_PRODUCT)
        return;
    const double missing = query ? 0 : length * length - square;
    out[scorer->d + 1] = (float)(missing > 0 ? sqrt(missing) / divisor : 0);
    if (t->form == LFM_VECTORS_COSINE && length == 0) /* all items are zero: the same unit vector */
        out[scorer->d + 1] = 1.0f;
}

static void write_rows(int64_t begin, int64_t end, uint32_t task, void *arg)
{
    (void)task;
    vectors_task *t = arg;
    for (int64_t i = begin; i < end; i++)
        write_row(t, t->first + (int32_t)i, t->out + i * t->width);
}

static void find_too_long(int64_t begin, int64_t end, uint32_t task, void *arg)
{
    (void)task;
    vectors_task *t = arg;
    for (int64_t i = begin; i < end; i++) {
        const int row = t->first + (int)i;
        if (sqrt(square_of(t->scorer, t->space, row)) <= t->norm)
            continue;
        int first = atomic_load(&t->first_bad);
        while (row < first && !atomic_compare_exchange_weak(&t->first_bad, &first, row))
            continue;
    }
}

static lfm_status run_blocks(vectors_task *t, int64_t n, void (*work)(int64_t, int64_t, uint32_t, void *),
                             const lfm_infer_options *options)
{
    lfm_context *context = t->scorer->context;
    lfmi_blocks blocks = {.n = n, .block = ROWS_PER_BLOCK, .cancel = options->cancel, .work = work, .arg = t};
    return lfmi_blocks_run(context, &blocks, lfmi_tasks(context, options->threads, n, ROWS_PER_BLOCK));
}

static lfm_status take_norm(const lfm_scorer *scorer, int32_t space, double *norm, const lfm_infer_options *options)
{
    vectors_task t = {.scorer = scorer, .space = space};
    const int64_t n = scorer->spaces[space].n_rows, n_blocks = (n + ROWS_PER_BLOCK - 1) / ROWS_PER_BLOCK;
    LFMI_TRY(LFMI_NEW_ZEROED(scorer->context, n_blocks, "the lengths of vectors", &t.longest));
    const lfm_status status = run_blocks(&t, n, find_longest, options);
    double longest = 0;
    for (int64_t i = 0; i < n_blocks; i++)
        longest = t.longest[i] > longest ? t.longest[i] : longest;
    LFMI_FREE_ARRAY(scorer->context, t.longest, n_blocks);
    fenv_t environment;
    lfmi_float_enter(&environment);
    if (status == LFM_OK)
        *norm = sqrt(longest);
    lfmi_float_leave(&environment);
    return status;
}

int32_t lfm_vectors_components(const lfm_scorer *scorer, int32_t form)
{
    if (scorer == NULL || form < LFM_VECTORS_INNER_PRODUCT || form > LFM_VECTORS_COSINE)
        return 0;
    return scorer->d + (form == LFM_VECTORS_INNER_PRODUCT ? 1 : 2);
}

lfm_status lfm_vectors_norm(const lfm_scorer *scorer, int32_t space, double *norm, const lfm_infer_options *options)
{
    lfmi_clear_message();
    LFMI_REQUIRE(scorer);
    LFMI_REQUIRE(norm);
    if (space != LFM_SPACE_ITEM && space != LFM_SPACE_ITEM_FEATURE)
        return lfmi_fail(LFM_ERROR_ARGUMENT,
                         "lfm_vectors_norm: space %d must be LFM_SPACE_ITEM or LFM_SPACE_ITEM_FEATURE", space);
    lfm_infer_options known;
    LFMI_TRY(lfmi_infer_options_read(&known, options));
    return take_norm(scorer, space, norm, &known);
}

static lfm_status check_export(const vectors_task *t, int32_t n)
{
    if (t->space < 0 || t->space >= LFMI_SPACES)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "there is no space number %d: LFM_SPACE_USER, …", t->space);
    if (t->width == 0)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "there is no form number %d: LFM_VECTORS_INNER_PRODUCT, …", t->form);
    if (!lfmi_is_finite_double(t->norm) || t->norm < 0)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "lfm_vectors_export: norm is %g, must be finite and 0 or more", t->norm);
    const int32_t n_rows = t->scorer->spaces[t->space].n_rows;
    if (t->first < 0 || n < 0 || t->first > n_rows || n > n_rows - t->first)
        return lfmi_fail(LFM_ERROR_DATA, "lfm_vectors_export: %d rows from %d on are outside [0, %d)", n, t->first,
                         n_rows);
    return LFM_OK;
}

/* See that M is there and no row is longer. */
static lfm_status settle_norm(vectors_task *t, int32_t n, const lfm_infer_options *options)
{
    if (t->norm == 0)
        return take_norm(t->scorer, t->space, &t->norm, options);
    atomic_init(&t->first_bad, INT32_MAX);
    LFMI_TRY(run_blocks(t, n, find_too_long, options));
    const int32_t bad = atomic_load(&t->first_bad);
    if (bad != INT32_MAX)
        return lfmi_fail(LFM_ERROR_DATA, "lfm_vectors_export: row %d has the length %.9g, more than the norm %.9g", bad,
                         sqrt(square_of(t->scorer, t->space, bad)), t->norm);
    return LFM_OK;
}

lfm_status lfm_vectors_export(const lfm_scorer *scorer, int32_t space, int32_t form, double norm, int32_t first,
                              int32_t n, float *vectors, const lfm_infer_options *options)
{
    lfmi_clear_message();
    LFMI_REQUIRE(scorer);
    vectors_task t = {.scorer = scorer,
                      .space = space,
                      .form = form,
                      .first = first,
                      .width = lfm_vectors_components(scorer, form),
                      .norm = norm,
                      .out = vectors};
    LFMI_TRY(check_export(&t, n));
    lfm_infer_options known;
    LFMI_TRY(lfmi_infer_options_read(&known, options));
    if (n == 0)
        return LFM_OK;
    LFMI_REQUIRE(vectors);
    if (!is_query(space) && form != LFM_VECTORS_INNER_PRODUCT)
        LFMI_TRY(settle_norm(&t, n, &known));
    return run_blocks(&t, n, write_rows, &known);
}
