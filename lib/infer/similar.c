/* The rows of a space that are most like given rows or vectors. */
#include "infer/similar_call.h"

#include <float.h>
#include <math.h>

#include "base/numeric.h"
#include "base/sized.h"
#include "infer/blocks.h"
#include "infer/top.h"

LFMI_ASSERT_SIZED(lfm_similar_options, reserved);

/* A block of targets stays in cache while a block of queries goes over it. */
enum { QUERIES = 16, TARGETS = 256 };

/* What a task works with. */
typedef struct scratch {
    float *queries; /* QUERIES x stride; of length 1 where cosines are asked for */
    lfmi_top tops[QUERIES];
    float values[TARGETS];  /* of one query */
    float inverse[TARGETS]; /* 1 / length of each target; 0: to be computed in double */
} scratch;

/* A call, and its tasks. */
typedef struct block_call {
    lfmi_similar_call *call;
    scratch *tasks;
} block_call;

void lfm_similar_options_init_sized(lfm_similar_options *options, size_t size)
{
    lfmi_sized_init(options, size, NULL, sizeof *options);
}

/* A dot product in double, whose range the squares of any float32 fit. */
static double wide_dot(const float *a, const float *b, int32_t n)
{
    double sum = 0;
    for (int32_t e = 0; e < n; e++)
        sum += (double)a[e] * (double)b[e];
    return sum;
}

static float narrow(double x)
{
    return (float)(x > (double)FLT_MAX ? (double)FLT_MAX : (x < -(double)FLT_MAX ? -(double)FLT_MAX : x));
}

/* A query of length 1 overflows nowhere. */
void lfmi_similar_query(const lfmi_similar_call *call, int64_t i, float *to)
{
    const int32_t d = call->scorer->d;
    const float *from = call->vectors != NULL ? call->vectors + i * d
                                              : lfmi_vector(call->scorer, call->query_space, call->queries[i]);
    double length = 1;
    if (call->options.measure == LFM_SIMILARITY_COSINE)
        length = sqrt(wide_dot(from, from, d));
    for (int32_t e = 0; e < d; e++)
        to[e] = length > 0 ? (float)((double)from[e] / length) : 0.0f;
}

/* Lengths whose squares are far from the ends of float32's range; others are left to doubles. */
float lfmi_similar_inverse(const lfmi_similar_call *call, int32_t row)
{
    const float least = 1e-30f, most = 1e30f;
    const lfm_scorer *scorer = call->scorer;
    const float *target = lfmi_vector(scorer, call->target_space, row);
    const float square = scorer->kernels->dot(target, target, scorer->d, 0.0f);
    return square > least && square < most ? (float)(1.0 / sqrt((double)square)) : 0.0f;
}

static float cosine(const lfm_scorer *scorer, const float *query, const float *target, float inverse)
{
    double value;
    if (inverse > 0) {
        value = (double)(scorer->kernels->dot(query, target, scorer->d, 0.0f) * inverse);
    } else {
        const double length = sqrt(wide_dot(target, target, scorer->d));
        value = length > 0 ? wide_dot(query, target, scorer->d) / length : 0;
    }
    return (float)(value > 1 ? 1 : (value < -1 ? -1 : value));
}

static float dot_product(const lfm_scorer *scorer, const float *query, const float *target)
{
    const float value = scorer->kernels->dot(query, target, scorer->d, 0.0f);
    return lfmi_is_finite(value) ? value : narrow(wide_dot(query, target, scorer->d));
}

float lfmi_similarity(const lfmi_similar_call *call, const float *query, int32_t row, float inverse)
{
    const float *target = lfmi_vector(call->scorer, call->target_space, row);
    return call->options.measure == LFM_SIMILARITY_COSINE ? cosine(call->scorer, query, target, inverse)
                                                          : dot_product(call->scorer, query, target);
}

/* Strike out, as NaN, the targets of a block that query i must not get. */
static void strike_out(const lfmi_similar_call *call, int64_t i, int32_t begin, int32_t end, float *values)
{
    const int32_t row = lfmi_similar_own_row(call, i);
    if (call->query_space == call->target_space && call->options.include_self == 0 && row >= begin && row < end)
        values[row - begin] = __builtin_nanf("");
    const int32_t *columns = NULL;
    const int64_t n = lfm_features_row(call->options.known, row, &columns, NULL);
    for (int64_t at = 0; at < n; at++) {
        if (columns[at] >= begin && columns[at] < end)
            values[columns[at] - begin] = __builtin_nanf("");
    }
    for (int32_t target = begin; call->excluded != NULL && target < end; target++) {
        if (call->excluded[target])
            values[target - begin] = __builtin_nanf("");
    }
}

/* Offer the targets [begin, end) to query number i, the `place`-th of its block. */
static void compare(const lfmi_similar_call *call, scratch *s, int64_t i, int32_t place, int32_t begin, int32_t end)
{
    const float *query = s->queries + (int64_t)place * call->scorer->stride;
    for (int32_t row = begin; row < end; row++)
        s->values[row - begin] = lfmi_similarity(call, query, row, s->inverse[row - begin]);
    strike_out(call, i, begin, end, s->values);
    for (int32_t row = begin; row < end; row++) {
        const float value = s->values[row - begin];
        if (value == value)
            lfmi_top_offer(&s->tops[place], value, row);
    }
}

static void write_list(const lfmi_similar_call *call, lfmi_top *top, int64_t i)
{
    int32_t *rows = call->rows + i * call->k;
    float *similarities = call->similarities != NULL ? call->similarities + i * call->k : NULL;
    lfmi_top_write(top, rows, similarities);
    for (int32_t at = call->most; at < call->k; at++) {
        rows[at] = -1;
        if (similarities != NULL)
            similarities[at] = -__builtin_inff();
    }
}

static void serve_queries(int64_t first, int64_t last, uint32_t task, void *arg)
{
    const block_call *blocks = arg;
    const lfmi_similar_call *call = blocks->call;
    scratch *s = &blocks->tasks[task];
    for (int64_t i = first; i < last; i++) {
        lfmi_similar_query(call, i, s->queries + (i - first) * call->scorer->stride);
        s->tops[i - first].n = 0;
    }
    for (int32_t begin = call->options.first_row; begin < call->end_row;) {
        const int32_t end = begin < call->end_row - TARGETS ? begin + TARGETS : call->end_row;
        if (lfm_cancel_is_set(call->options.cancel))
            return;
        for (int32_t row = begin; row < end; row++)
            s->inverse[row - begin] =
                call->options.measure == LFM_SIMILARITY_COSINE ? lfmi_similar_inverse(call, row) : 0;
        for (int64_t i = first; i < last; i++)
            compare(call, s, i, (int32_t)(i - first), begin, end);
        begin = end;
    }
    for (int64_t i = first; i < last; i++)
        write_list(call, &s->tops[i - first], i);
}

/* ---- Checks ---- */

static lfm_status check_options(lfmi_similar_call *call)
{
    const lfm_similar_options *o = &call->options;
    const int32_t n_rows = call->scorer->spaces[call->target_space].n_rows;
    if (o->measure != LFM_SIMILARITY_COSINE && o->measure != LFM_SIMILARITY_DOT)
        return lfmi_fail(LFM_ERROR_OPTION, "lfm_similar_options: there is no measure number %d", o->measure);
    if (o->threads < 0)
        return lfmi_fail(LFM_ERROR_OPTION, "lfm_similar_options: threads is %d, must be 0 or more", o->threads);
    call->end_row = o->end_row == 0 ? n_rows : o->end_row;
    if (o->first_row < 0 || call->end_row > n_rows || o->first_row > call->end_row)
        return lfmi_fail(LFM_ERROR_OPTION,
                         "lfm_similar_options: first_row %d and end_row %d are no range of the %d rows of the "
                         "target space",
                         o->first_row, o->end_row, n_rows);
    if (o->n_exclude < 0 || (o->n_exclude > 0 && o->exclude == NULL))
        return lfmi_fail(LFM_ERROR_ARGUMENT, "lfm_similar_options: exclude is NULL, or n_exclude, %lld, below 0",
                         (long long)o->n_exclude);
    for (int64_t i = 0; i < o->n_exclude; i++) {
        if ((uint32_t)o->exclude[i] >= (uint32_t)n_rows)
            return lfmi_fail(LFM_ERROR_DATA, "lfm_similar_options: exclude[%lld] is %d, outside [0, %d)",
                             (long long)i, o->exclude[i], n_rows);
    }
    if (lfm_features_n_features(o->known) > n_rows)
        return lfmi_fail(LFM_ERROR_SHAPE, "lfm_similar_options: known has %d columns, the target space only %d rows",
                         lfm_features_n_features(o->known), n_rows);
    return LFM_OK;
}

static lfm_status check_call(lfmi_similar_call *call, int64_t n, const lfm_similar_options *options)
{
    const bool bad_space = call->query_space >= LFMI_SPACES || call->query_space < (call->vectors != NULL ? -1 : 0) ||
                           call->target_space < 0 || call->target_space >= LFMI_SPACES;
    if (bad_space)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "lfm_similar: spaces %d and %d must be LFM_SPACE_…", call->query_space,
                         call->target_space);
    const lfmi_space *spaces = call->scorer->spaces;
    if (spaces[call->target_space].vectors == NULL ||
        (call->query_space >= 0 && spaces[call->query_space].vectors == NULL))
        return lfmi_fail(LFM_ERROR_ARGUMENT, "lfm_similar: the scorer holds no rows of space %d",
                         spaces[call->target_space].vectors == NULL ? call->target_space : call->query_space);
    if (n < 0 || call->k < 1)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "lfm_similar: n is %lld, must be >= 0; k is %d, must be >= 1",
                         (long long)n, call->k);
    call->options.size = sizeof call->options;
    if (options != NULL)
        LFMI_TRY(lfmi_sized_read(&call->options, sizeof call->options, options, "lfm_similar_options"));
    LFMI_TRY(lfmi_reserved_check(call->options.reserved, "lfm_similar_options"));
    return check_options(call);
}

static lfm_status check_queries(const lfmi_similar_call *call, int64_t n)
{
    const int32_t n_rows = call->scorer->spaces[call->query_space].n_rows;
    for (int64_t i = 0; i < n; i++) {
        if ((uint32_t)call->queries[i] >= (uint32_t)n_rows)
            return lfmi_fail(LFM_ERROR_DATA, "lfm_similar: queries[%lld] is %d, outside [0, %d)", (long long)i,
                             call->queries[i], n_rows);
    }
    return LFM_OK;
}

static lfm_status check_vectors(const lfmi_similar_call *call, int64_t n)
{
    const int32_t d = call->scorer->d;
    for (int64_t at = 0; at < n * d; at++) {
        if (!lfmi_is_finite(call->vectors[at]))
            return lfmi_fail(LFM_ERROR_DATA, "lfm_similar_to_vectors: vector %lld, component %lld is not finite",
                             (long long)(at / d), (long long)(at % d));
    }
    return LFM_OK;
}

/* ---- Memory ---- */

static lfm_status make_scratch(const block_call *blocks, int32_t tasks)
{
    const lfmi_similar_call *call = blocks->call;
    lfm_context *context = call->scorer->context;
    for (int32_t t = 0; t < tasks; t++) {
        scratch *s = &blocks->tasks[t];
        LFMI_TRY(LFMI_NEW_ARRAY(context, (int64_t)QUERIES * call->scorer->stride, "the queries", &s->queries));
        for (int i = 0; i < QUERIES; i++)
            LFMI_TRY(lfmi_top_new(context, call->most, &s->tops[i]));
    }
    return LFM_OK;
}

static void free_scratch(const block_call *blocks, int32_t tasks)
{
    const lfmi_similar_call *call = blocks->call;
    lfm_context *context = call->scorer->context;
    for (int32_t t = 0; blocks->tasks != NULL && t < tasks; t++) {
        scratch *s = &blocks->tasks[t];
        LFMI_FREE_ARRAY(context, s->queries, (int64_t)QUERIES * call->scorer->stride);
        for (int i = 0; i < QUERIES; i++)
            lfmi_top_free(context, &s->tops[i]);
    }
    LFMI_FREE_ARRAY(context, blocks->tasks, tasks);
}

static lfm_status mark_excluded(lfmi_similar_call *call)
{
    if (call->options.n_exclude == 0)
        return LFM_OK;
    const int32_t n_rows = call->scorer->spaces[call->target_space].n_rows;
    LFMI_TRY(LFMI_NEW_ZEROED(call->scorer->context, n_rows, "the rows to exclude", &call->excluded));
    for (int64_t i = 0; i < call->options.n_exclude; i++)
        call->excluded[call->options.exclude[i]] = 1;
    return LFM_OK;
}

/* Compare every query with every target. */
static lfm_status run_blocks(lfmi_similar_call *call, int64_t n)
{
    lfm_context *context = call->scorer->context;
    block_call blocks = {.call = call};
    const int32_t tasks = lfmi_tasks(context, call->options.threads, n, QUERIES);
    lfm_status status = LFMI_NEW_ZEROED(context, tasks, "the work space of similar rows", &blocks.tasks);
    if (status == LFM_OK)
        status = make_scratch(&blocks, tasks);
    if (status == LFM_OK) {
        lfmi_blocks shared = {
            .n = n, .block = QUERIES, .cancel = call->options.cancel, .work = serve_queries, .arg = &blocks};
        status = lfmi_blocks_run(context, &shared, tasks);
    }
    free_scratch(&blocks, tasks);
    return status;
}

static lfm_status run(lfmi_similar_call *call, int64_t n)
{
    const int32_t range = call->end_row - call->options.first_row;
    call->most = call->k < range ? call->k : range;
    lfm_status status = mark_excluded(call);
    bool done = false;
    if (status == LFM_OK)
        status = lfmi_similar_scan(call, n, &done);
    if (status == LFM_OK && !done)
        status = run_blocks(call, n);
    LFMI_FREE_ARRAY(call->scorer->context, call->excluded, call->scorer->spaces[call->target_space].n_rows);
    return status;
}

lfm_status lfm_similar(const lfm_scorer *scorer, int32_t query_space, int64_t n, const int32_t *queries,
                       int32_t target_space, int32_t k, int32_t *rows, float *similarities,
                       const lfm_similar_options *options)
{
    lfmi_clear_message();
    LFMI_REQUIRE(scorer);
    lfmi_similar_call call = {.scorer = scorer,
                         .query_space = query_space,
                         .queries = queries,
                         .target_space = target_space,
                         .k = k,
                         .rows = rows,
                         .similarities = similarities};
    LFMI_TRY(check_call(&call, n, options));
    if (n == 0)
        return LFM_OK;
    LFMI_REQUIRE(queries);
    LFMI_REQUIRE(rows);
    LFMI_TRY(check_queries(&call, n));
    return run(&call, n);
}

lfm_status lfm_similar_to_vectors(const lfm_scorer *scorer, int64_t n, int32_t d, const float *vectors,
                                  int32_t target_space, int32_t k, int32_t *rows, float *similarities,
                                  const lfm_similar_options *options)
{
    lfmi_clear_message();
    LFMI_REQUIRE(scorer);
    LFMI_REQUIRE(vectors);
    lfmi_similar_call call = {.scorer = scorer,
                         .query_space = -1,
                         .vectors = vectors,
                         .target_space = target_space,
                         .k = k,
                         .rows = rows,
                         .similarities = similarities};
    LFMI_TRY(check_call(&call, n, options));
    if (d != scorer->d)
        return lfmi_fail(LFM_ERROR_SHAPE, "lfm_similar_to_vectors: the vectors have %d components, the scorer %d", d,
                         scorer->d);
    if (n == 0)
        return LFM_OK;
    LFMI_REQUIRE(rows);
    LFMI_TRY(check_vectors(&call, n));
    return run(&call, n);
}
