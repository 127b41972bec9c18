/* The kernels in terms of 16-lane vectors. An instruction set's file defines the type V and these
 * operations, the name KERNELS, and includes this file:
 *
 *     v_load(p), v_store(p, v)                 16 floats, any alignment
 *     v_load_part(p, n), v_store_part(p, v, n) the first n < 16; the other lanes load as +0
 *     v_keep(v, old, n)                        the first n < 16 lanes of v, the others of old
 *     v_set(x), v_first(x)                     x in all lanes, in lane 0 (+0 in the others)
 *     v_add, v_sub, v_mul
 *     v_inverse_sqrt_estimate(v)               MAGIC - (bits >> 1) in every lane
 *     v_sum(v)                                 the fixed tree
 *     v_max_size(m, v), v_max(m)               larger of m and |v| by lanes; the largest lane
 *     v_store_low_bytes(p, v)                  the lowest byte of every lane
 *     v_store_low_bytes_of_four(p, v)          of four vectors, lane by lane, the lowest bytes of each
 *
 * and for codes the types VC, VC_CODES of them, and VI, sums of products, with vc_load(p, n), where no more than n
 * are there, vi_start(user, n), vi_add_products(sum, user, item) and vi_score(sums, round, at, heads) for LFMI_GROUP of
 * them, which returns a bit for each score above the threshold; also those of scan_template.h and codes_template.h. */
#include "base/prefetch.h"
#include "lfm/options.h"
#include "simd/kernels.h"

#define INLINE static inline __attribute__((always_inline))

/* The factors of lfmi_over_sqrt()'s last step, and the function with them. */
typedef struct over_sqrt {
    V last, last_x;
} over_sqrt;
INLINE over_sqrt over_sqrt_of(V a) { return (over_sqrt){v_mul(v_set(LFMI_SQRT_SECOND), a), v_mul(v_set(LFMI_SQRT_SECOND_X), a)}; }
INLINE V v_over_sqrt(over_sqrt a, V x)
{
    V y = v_inverse_sqrt_estimate(x);
    y = v_mul(y, v_sub(v_set(LFMI_SQRT_FIRST), v_mul(v_mul(v_mul(v_set(LFMI_SQRT_FIRST_X), x), y), y)));
    return v_mul(y, v_sub(a.last, v_mul(v_mul(v_mul(a.last_x, x), y), y)));
}

/* Whole vectors of a row of n, then the part that is left. */
#define WHOLE(n) ((n) & ~(LFMI_LANES - 1))

static float dot(const float *a, const float *b, int32_t n, float start)
{
    V sum = v_first(start);
    const int32_t whole = WHOLE(n);
    for (int32_t e = 0; e < whole; e += LFMI_LANES)
        sum = v_add(sum, v_mul(v_load(a + e), v_load(b + e)));
    if (whole < n)
        sum = v_add(sum, v_mul(v_load_part(a + whole, n - whole), v_load_part(b + whole, n - whole)));
    return v_sum(sum);
}

/* What numbers are encoded with. */
typedef struct code_scale {
    float scale;
    V inverse;
} code_scale;
INLINE code_scale code_scale_of(V sizes)
{
    const float largest = v_max(sizes);
    return (code_scale){lfmi_code_scale(largest), v_set(lfmi_inverse_scale(largest))};
}
INLINE V v_code(V x, code_scale s) { return v_add(v_mul(x, s.inverse), v_set(LFMI_CODE_MAGIC)); }

/* The first n numbers, whole vectors of them. */
INLINE void encode_whole(int8_t *codes, const float *x, int32_t n, code_scale s)
{
    int32_t e = 0;
    for (; e + LFMI_INTERLEAVED <= n; e += LFMI_INTERLEAVED) {
        V parts[4];
#pragma GCC unroll 4
        for (int k = 0; k < 4; k++)
            parts[k] = v_code(v_load(x + e + k * LFMI_LANES), s);
        v_store_low_bytes_of_four(codes + e, parts);
    }
    for (; e < n; e += LFMI_LANES)
        v_store_low_bytes(codes + e, v_code(v_load(x + e), s));
}

static float encode(int8_t *codes, const float *x, int32_t n)
{
    const int32_t whole = WHOLE(n);
    V sizes = v_set(0.0f);
    for (int32_t e = 0; e < whole; e += LFMI_LANES)
        sizes = v_max_size(sizes, v_load(x + e));
    const V last = whole < n ? v_load_part(x + whole, n - whole) : v_set(0.0f);
    const code_scale s = code_scale_of(v_max_size(sizes, last));
    encode_whole(codes, x, whole, s);
    if (whole < n)
        v_store_low_bytes(codes + whole, v_code(last, s));
    return s.scale;
}

/* The scores of one user, from n codes. */
INLINE uint32_t score_group(const lfmi_heads *heads, lfmi_round *round, int32_t at, int32_t n)
{
    const int8_t *codes[LFMI_GROUP];
    const lfmi_head *each[LFMI_GROUP];
#pragma GCC unroll 4
    for (int i = 0; i < LFMI_GROUP; i++) {
        int32_t item = round->items[at][i];
        /* one by one: they have just been stored so, and a vector of them would wait for that */
        __asm__("" : "+r"(item));
        codes[i] = lfmi_codes_of(heads, item);
        each[i] = lfmi_head_of(heads, item);
    }
    const VI start = vi_start(round->codes[at], n);
    VI sums[LFMI_GROUP] = {start, start, start, start};
    for (int32_t e = 0; e < n; e += VC_CODES) {
        const VC x = vc_load(round->codes[at] + e, n - e);
#pragma GCC unroll 4
        for (int i = 0; i < LFMI_GROUP; i++)
            sums[i] = vi_add_products(sums[i], x, vc_load(codes[i] + e, n - e));
    }
    return vi_score(sums, round, at, each);
}

INLINE uint64_t score_users(const lfmi_heads *heads, lfmi_round *round, int32_t n_users, int32_t n)
{
    const lfmi_heads own = *heads; /* a copy, which no store can change */
    uint64_t above = 0;
    for (int32_t i = 0; i < n_users; i++)
        above |= (uint64_t)score_group(&own, round, i, n) << (i * LFMI_GROUP);
    return above;
}

static uint64_t score_round(const lfmi_heads *heads, lfmi_round *round, int32_t n)
{
    switch (heads->n) { /* the usual ones without loops */
    case 16: return score_users(heads, round, n, 16);
    case 32: return score_users(heads, round, n, 32);
    case 64: return score_users(heads, round, n, 64);
    case 128: return score_users(heads, round, n, 128);
    default: return score_users(heads, round, n, heads->n);
    }
}

/* n_vectors whole vectors from element e on, or one of `part` elements, held in registers over all rows. */
INLINE void add_up_at(const lfmi_layout *y, const float *rows, const int32_t *columns, const float *values, int64_t n,
                      float *out, int32_t e, int n_vectors, int32_t part)
{
    V sums[4] = {v_set(0.0f), v_set(0.0f), v_set(0.0f), v_set(0.0f)};
    for (int64_t i = 0; i < n; i++) {
        const float *row = rows + (int64_t)columns[i] * y->stride + e;
        const V x = v_set(values != NULL ? values[i] : 1.0f);
        for (int k = 0; k < n_vectors; k++)
            sums[k] = v_add(sums[k], v_mul(part > 0 ? v_load_part(row, part) : v_load(row + k * LFMI_LANES), x));
    }
    for (int k = 0; k < n_vectors; k++) {
        if (part > 0)
            v_store_part(out + e, sums[k], part);
        else
            v_store(out + e + k * LFMI_LANES, sums[k]);
    }
}

static float add_up(const lfmi_layout *y, const float *rows, const int32_t *columns, const float *values, int64_t n,
                    float *out)
{
    const int32_t whole = WHOLE(y->d), part = y->d - whole;
    int32_t e = 0;
    for (; e + 4 * LFMI_LANES <= whole; e += 4 * LFMI_LANES)
        add_up_at(y, rows, columns, values, n, out, e, 4, 0);
    for (; e < whole; e += LFMI_LANES)
        add_up_at(y, rows, columns, values, n, out, e, 1, 0);
    if (part > 0)
        add_up_at(y, rows, columns, values, n, out, e, 1, part);
    float bias = 0.0f;
    for (int64_t i = 0; i < n; i++)
        bias += rows[(int64_t)columns[i] * y->stride + y->bias] * (values != NULL ? values[i] : 1.0f);
    return bias;
}

static void add_scaled(float *y, const float *x, float a, int32_t n)
{
    const V factor = v_set(a);
    const int32_t whole = WHOLE(n), part = n - whole;
    for (int32_t e = 0; e < whole; e += LFMI_LANES)
        v_store(y + e, v_add(v_load(y + e), v_mul(v_load(x + e), factor)));
    if (part > 0)
        v_store_part(y + whole, v_add(v_load_part(y + whole, part), v_mul(v_load_part(x + whole, part), factor)), part);
}

static void subtract(float *y, const float *a, const float *b, int32_t n)
{
    const int32_t whole = WHOLE(n), part = n - whole;
    for (int32_t e = 0; e < whole; e += LFMI_LANES)
        v_store(y + e, v_sub(v_load(a + e), v_load(b + e)));
    if (part > 0)
        v_store_part(y + whole, v_sub(v_load_part(a + whole, part), v_load_part(b + whole, part)), part);
}

/* The step of 16 elements; the same arithmetic as lfmi_step_adagrad() and lfmi_step_adadelta(). */
typedef struct vector_element {
    V theta, g, m;
} vector_element;

INLINE vector_element vector_step(int optimiser, int regularisation, vector_element at, V h, const lfmi_rates *r,
                                  V *rate)
{
    if (regularisation == LFMI_L2)
        h = v_add(h, v_mul(v_set(r->alpha), at.theta));
    if (optimiser == LFM_OPTIMISER_ADADELTA) {
        const V rho = v_set(r->rho), rest = v_set(r->one_minus_rho), epsilon = v_set(r->epsilon);
        at.g = v_add(v_mul(rho, at.g), v_mul(rest, v_mul(h, h)));
        const V m = v_add(at.m, epsilon);
        const over_sqrt one = over_sqrt_of(v_set(1.0f));
        *rate = v_mul(v_mul(m, v_over_sqrt(one, m)), v_over_sqrt(one, v_add(at.g, epsilon)));
        const V delta = v_mul(*rate, h);
        at.m = v_add(v_mul(rho, at.m), v_mul(rest, v_mul(delta, delta)));
        at.theta = v_sub(at.theta, delta);
    } else {
        *rate = v_over_sqrt(over_sqrt_of(v_set(r->eta)), at.g);
        at.theta = v_sub(at.theta, v_mul(*rate, h));
        at.g = v_add(at.g, v_mul(h, h));
    }
    if (regularisation == LFMI_LAZY)
        at.theta = v_mul(at.theta, v_add(v_set(1.0f), v_mul(v_set(r->alpha), *rate)));
    return at;
}

/* Load, step and store n <= 16 elements at e. Rows have whole vectors at each of their parts: a part is stored with
 * what stands behind it, since what a masked store wrote the next load would have to wait for. */
typedef struct stepped {
    V theta, rate;
} stepped;
INLINE stepped step_at(int optimiser, int regularisation, const lfmi_layout *y, const lfmi_rates *r, float *row, int32_t e,
                       V h, int32_t n)
{
    const bool momentum = optimiser == LFM_OPTIMISER_ADADELTA;
    float *theta = row + e, *g = row + y->g + e, *m = row + y->m + e;
    const vector_element old = {v_load(theta), v_load(g), momentum ? v_load(m) : v_set(0.0f)};
    V rate;
    vector_element at = vector_step(optimiser, regularisation, old, h, r, &rate);
    if (n < LFMI_LANES)
        at = (vector_element){v_keep(at.theta, old.theta, n), v_keep(at.g, old.g, n), v_keep(at.m, old.m, n)};
    v_store(theta, at.theta);
    v_store(g, at.g);
    if (momentum)
        v_store(m, at.m);
    return (stepped){at.theta, rate};
}

INLINE void step_bias(int optimiser, int regularisation, const lfmi_layout *y, const lfmi_rates *r, float *row, float h,
                      float *rate)
{
    lfmi_element at = {row[y->bias], row[y->bias_g], row[y->bias_m]};
    if (regularisation == LFMI_L2)
        h += r->alpha * at.theta;
    at = optimiser == LFM_OPTIMISER_ADADELTA ? lfmi_step_adadelta(at, h, r, rate) : lfmi_step_adagrad(at, h, r, rate);
    if (regularisation == LFMI_LAZY)
        at.theta *= 1.0f + r->alpha * *rate;
    row[y->bias] = at.theta;
    row[y->bias_g] = at.g;
    if (optimiser == LFM_OPTIMISER_ADADELTA)
        row[y->bias_m] = at.m;
}

/* Fetch what updating the elements at e reads of a row. */
INLINE void fetch_at(int optimiser, const lfmi_layout *y, const float *later, int32_t e)
{
    lfmi_prefetch_to_write(later + e);
    if (optimiser != LFM_OPTIMISER_ADAGRAD_ROWWISE)
        lfmi_prefetch_to_write(later + y->g + e);
    if (optimiser == LFM_OPTIMISER_ADADELTA)
        lfmi_prefetch_to_write(later + y->m + e);
}

INLINE float update_elements(int optimiser, int regularisation, const lfmi_layout *y, const lfmi_rates *r, float *row,
                             const float *v, float c, float x, const float *later)
{
    const V cs = v_set(c), xs = v_set(x);
    V rates = v_set(0.0f);
    const int32_t whole = WHOLE(y->d), part = y->d - whole;
    for (int32_t e = 0; e < whole; e += LFMI_LANES) {
        fetch_at(optimiser, y, later, e);
        const V rate = step_at(optimiser, regularisation, y, r, row, e, v_mul(xs, v_mul(cs, v_load(v + e))),
                               LFMI_LANES).rate;
        if (regularisation == LFMI_LAZY)
            rates = v_add(rates, rate);
    }
    if (part > 0) {
        fetch_at(optimiser, y, later, whole);
        V rate = step_at(optimiser, regularisation, y, r, row, whole,
                         v_mul(xs, v_mul(cs, v_load_part(v + whole, part))), part).rate;
        if (regularisation == LFMI_LAZY) { /* lanes beyond the part add nothing */
            float kept[LFMI_LANES];
            v_store(kept, rate);
            rates = v_add(rates, v_load_part(kept, part));
        }
    }
    return regularisation == LFMI_LAZY ? v_sum(rates) : 0.0f;
}

INLINE float update_rowwise(int regularisation, const lfmi_layout *y, const lfmi_rates *r, float *row, const float *v,
                            float c, float x, const float *later)
{
    const float rate = lfmi_over_sqrt(r->eta, row[y->g]);
    const V cs = v_set(c), xs = v_set(x), rates = v_set(rate), alpha = v_set(r->alpha);
    const V shrink = v_set(1.0f + r->alpha * rate);
    V squares = v_set(0.0f);
    const int32_t d = y->d;
    for (int32_t e = 0; e < d; e += LFMI_LANES) {
        const int32_t n = d - e < LFMI_LANES ? d - e : LFMI_LANES;
        const bool whole = n == LFMI_LANES;
        fetch_at(LFM_OPTIMISER_ADAGRAD_ROWWISE, y, later, e);
        V theta = whole ? v_load(row + e) : v_load_part(row + e, n);
        V h = v_mul(xs, v_mul(cs, whole ? v_load(v + e) : v_load_part(v + e, n)));
        if (regularisation == LFMI_L2)
            h = v_add(h, v_mul(alpha, theta));
        theta = v_sub(theta, v_mul(rates, h));
        if (regularisation == LFMI_LAZY)
            theta = v_mul(theta, shrink);
        squares = v_add(squares, v_mul(h, h));
        if (whole)
            v_store(row + e, theta);
        else
            v_store_part(row + e, theta, n);
    }
    row[y->g] += v_sum(squares) / (float)d;
    return regularisation == LFMI_LAZY ? rate * (float)d : 0.0f;
}

INLINE float update(int optimiser, int regularisation, const lfmi_layout *y, const lfmi_rates *r, float *row,
                    const float *v, float c, float x, const float *later)
{
    const lfmi_layout own_layout = *y; /* copies, which no store can change */
    const lfmi_rates own_rates = *r;
    y = &own_layout, r = &own_rates;
    const float rates = optimiser == LFM_OPTIMISER_ADAGRAD_ROWWISE
                            ? update_rowwise(regularisation, y, r, row, v, c, x, later)
                            : update_elements(optimiser, regularisation, y, r, row, v, c, x, later);
    lfmi_prefetch_to_write(later + y->bias);
    float rate;
    step_bias(optimiser, regularisation, y, r, row, x * c, &rate);
    return regularisation == LFMI_LAZY ? rates + rate : 0.0f;
}

#define UPDATE(name, optimiser, regularisation)                                                        \
    static float name(const lfmi_layout *layout, const lfmi_rates *rates, float *row, const float *v,  \
                      float c, float x, const float *later)                                            \
    {                                                                                                  \
        return update(optimiser, regularisation, layout, rates, row, v, c, x, later);                  \
    }
UPDATE(adagrad_plain, LFM_OPTIMISER_ADAGRAD, LFMI_PLAIN)
UPDATE(adagrad_l2, LFM_OPTIMISER_ADAGRAD, LFMI_L2)
UPDATE(adagrad_lazy, LFM_OPTIMISER_ADAGRAD, LFMI_LAZY)
UPDATE(rowwise_plain, LFM_OPTIMISER_ADAGRAD_ROWWISE, LFMI_PLAIN)
UPDATE(rowwise_l2, LFM_OPTIMISER_ADAGRAD_ROWWISE, LFMI_L2)
UPDATE(rowwise_lazy, LFM_OPTIMISER_ADAGRAD_ROWWISE, LFMI_LAZY)
UPDATE(adadelta_plain, LFM_OPTIMISER_ADADELTA, LFMI_PLAIN)
UPDATE(adadelta_l2, LFM_OPTIMISER_ADADELTA, LFMI_L2)
UPDATE(adadelta_lazy, LFM_OPTIMISER_ADADELTA, LFMI_LAZY)

#include "simd/plain_template.h"
#include "simd/step_template.h"
#include "simd/features_template.h"
#include "simd/scan_template.h"
#include "simd/codes_template.h"

const lfmi_kernels KERNELS = {
    .name = KERNELS_NAME,
    .dot = dot,
    .encode = encode,
    .score_round = score_round,
    .draw_pairs = draw_pairs,
    .add_up = add_up,
    .add_scaled = add_scaled,
    .subtract = subtract,
    .permute = permute,
    .find_ranked = find_ranked,
    .update = {[LFM_OPTIMISER_ADAGRAD] = {adagrad_plain, adagrad_l2, adagrad_lazy},
               [LFM_OPTIMISER_ADAGRAD_ROWWISE] = {rowwise_plain, rowwise_l2, rowwise_lazy},
               [LFM_OPTIMISER_ADADELTA] = {adadelta_plain, adadelta_l2, adadelta_lazy}},
    .pair = {[LFM_OPTIMISER_ADAGRAD] = pair_adagrad, [LFM_OPTIMISER_ADADELTA] = pair_adadelta},
    .point = {[LFM_OPTIMISER_ADAGRAD] = point_adagrad, [LFM_OPTIMISER_ADADELTA] = point_adadelta},
    .features = {[LFM_OPTIMISER_ADAGRAD] = {features_adagrad_plain, features_adagrad_l2},
                 [LFM_OPTIMISER_ADADELTA] = {features_adadelta_plain, features_adadelta_l2}},
    .scan_users = {scan_users, scan_users_half, scan_users_codes},
    .scan_user = {scan_user, scan_user_half, scan_user_codes},
    .most_code = MOST_CODE,
    .count_reached = count_reached,
    .find_places = find_places,
};
