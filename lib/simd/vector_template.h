/* The kernels in terms of 16-lane vectors. An instruction set's file defines the type V and these
 * operations, the name KERNELS, and includes this file:
 *
 *     v_load(p), v_store(p, v)                 16 floats, any alignment
 *     v_load_part(p, n), v_store_part(p, v, n) the first n < 16; the other lanes load as +0
 *     v_set(x), v_first(x)                     x in all lanes, in lane 0 (+0 in the others)
 *     v_add, v_sub, v_mul
 *     v_inverse_sqrt_estimate(v)               MAGIC - (bits >> 1) in every lane
 *     v_sum(v)                                 the fixed tree
 *     v_max_size(m, v), v_max(m)               larger of m and |v| by lanes; the largest lane
 *     v_store_low_bytes(p, v)                  the lowest byte of every lane
 *
 * and for codes the types VC, 16 of them, and VI, sums of products, with vc_load(p), vi_zero(),
 * vi_add_products(sum, a, b) and vi_sum_group(sums, out) for LFMI_GROUP of them; also those of
 * scan_template.h and codes_template.h. */
#include "lfm/options.h"
#include "simd/kernels.h"

#define INLINE static inline __attribute__((always_inline))

INLINE V v_inverse_sqrt(V x)
{
    const V half = v_mul(v_set(0.5f), x), three_halves = v_set(1.5f);
    V y = v_inverse_sqrt_estimate(x);
    y = v_mul(y, v_sub(three_halves, v_mul(v_mul(half, y), y)));
    y = v_mul(y, v_sub(three_halves, v_mul(v_mul(half, y), y)));
    return v_mul(y, v_sub(three_halves, v_mul(v_mul(half, y), y)));
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

static float encode(int8_t *codes, const float *x, int32_t n)
{
    const int32_t whole = WHOLE(n);
    V sizes = v_set(0.0f);
    for (int32_t e = 0; e < whole; e += LFMI_LANES)
        sizes = v_max_size(sizes, v_load(x + e));
    if (whole < n)
        sizes = v_max_size(sizes, v_load_part(x + whole, n - whole));
    const float largest = v_max(sizes);
    const V inverse = v_set(lfmi_inverse_scale(largest)), magic = v_set(LFMI_CODE_MAGIC);
    for (int32_t e = 0; e < whole; e += LFMI_LANES)
        v_store_low_bytes(codes + e, v_add(v_mul(v_load(x + e), inverse), magic));
    if (whole < n)
        v_store_low_bytes(codes + whole, v_add(v_mul(v_load_part(x + whole, n - whole), inverse), magic));
    return lfmi_code_scale(largest);
}

static void dot_codes(const int8_t *a, const int8_t *const b[LFMI_GROUP], int32_t n, int32_t *out)
{
    VI sums[LFMI_GROUP];
    for (int i = 0; i < LFMI_GROUP; i++)
        sums[i] = vi_zero();
    for (int32_t e = 0; e < n; e += LFMI_LANES) {
        const VC x = vc_load(a + e);
        for (int i = 0; i < LFMI_GROUP; i++)
            sums[i] = vi_add_products(sums[i], x, vc_load(b[i] + e));
    }
    vi_sum_group(sums, out);
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
        *rate = v_mul(v_mul(m, v_inverse_sqrt(m)), v_inverse_sqrt(v_add(at.g, epsilon)));
        const V delta = v_mul(*rate, h);
        at.m = v_add(v_mul(rho, at.m), v_mul(rest, v_mul(delta, delta)));
        at.theta = v_sub(at.theta, delta);
    } else {
        *rate = v_mul(v_set(r->eta), v_inverse_sqrt(at.g));
        at.theta = v_sub(at.theta, v_mul(*rate, h));
        at.g = v_add(at.g, v_mul(h, h));
    }
    if (regularisation == LFMI_LAZY)
        at.theta = v_mul(at.theta, v_add(v_set(1.0f), v_mul(v_set(r->alpha), *rate)));
    return at;
}

/* Load, step and store n <= 16 elements at e. */
INLINE V step_at(int optimiser, int regularisation, const lfmi_layout *y, const lfmi_rates *r, float *row, int32_t e,
                 V h, int32_t n)
{
    const bool whole = n == LFMI_LANES, momentum = optimiser == LFM_OPTIMISER_ADADELTA;
    float *theta = row + e, *g = row + y->g + e, *m = row + y->m + e;
    V rate;
    vector_element at = {whole ? v_load(theta) : v_load_part(theta, n), v_load(g), momentum ? v_load(m) : v_set(0.0f)};
    at = vector_step(optimiser, regularisation, at, h, r, &rate);
    if (whole)
        v_store(theta, at.theta);
    else
        v_store_part(theta, at.theta, n);
    if (whole) {
        v_store(g, at.g);
    } else {
        v_store_part(g, at.g, n);
    }
    if (momentum && whole)
        v_store(m, at.m);
    if (momentum && !whole)
        v_store_part(m, at.m, n);
    return rate;
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

INLINE float update_elements(int optimiser, int regularisation, const lfmi_layout *y, const lfmi_rates *r, float *row,
                             const float *v, float c, float x)
{
    const V cs = v_set(c), xs = v_set(x);
    V rates = v_set(0.0f);
    const int32_t whole = WHOLE(y->d), part = y->d - whole;
    for (int32_t e = 0; e < whole; e += LFMI_LANES) {
        const V rate = step_at(optimiser, regularisation, y, r, row, e, v_mul(xs, v_mul(cs, v_load(v + e))), LFMI_LANES);
        if (regularisation == LFMI_LAZY)
            rates = v_add(rates, rate);
    }
    if (part > 0) {
        V rate = step_at(optimiser, regularisation, y, r, row, whole,
                         v_mul(xs, v_mul(cs, v_load_part(v + whole, part))), part);
        if (regularisation == LFMI_LAZY) { /* lanes beyond the part add nothing */
            float kept[LFMI_LANES];
            v_store(kept, rate);
            rates = v_add(rates, v_load_part(kept, part));
        }
    }
    return regularisation == LFMI_LAZY ? v_sum(rates) : 0.0f;
}

INLINE float update_rowwise(int regularisation, const lfmi_layout *y, const lfmi_rates *r, float *row, const float *v,
                            float c, float x)
{
    const float rate = r->eta * lfmi_inverse_sqrt(row[y->g]);
    const V cs = v_set(c), xs = v_set(x), rates = v_set(rate), alpha = v_set(r->alpha);
    const V shrink = v_set(1.0f + r->alpha * rate);
    V squares = v_set(0.0f);
    const int32_t d = y->d;
    for (int32_t e = 0; e < d; e += LFMI_LANES) {
        const int32_t n = d - e < LFMI_LANES ? d - e : LFMI_LANES;
        const bool whole = n == LFMI_LANES;
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
                    const float *v, float c, float x)
{
    const float rates = optimiser == LFM_OPTIMISER_ADAGRAD_ROWWISE
                            ? update_rowwise(regularisation, y, r, row, v, c, x)
                            : update_elements(optimiser, regularisation, y, r, row, v, c, x);
    float rate;
    step_bias(optimiser, regularisation, y, r, row, x * c, &rate);
    return regularisation == LFMI_LAZY ? rates + rate : 0.0f;
}

#define UPDATE(name, optimiser, regularisation)                                                        \
    static float name(const lfmi_layout *layout, const lfmi_rates *rates, float *row, const float *v,  \
                      float c, float x)                                                                \
    {                                                                                                  \
        return update(optimiser, regularisation, layout, rates, row, v, c, x);                         \
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

/* The three updates of a pairwise step, n <= 16 components at e. */
INLINE void pair_at(int optimiser, const lfmi_layout *y, const lfmi_rates *r, float *user, float *positive,
                    float *negative, V plus, V minus, int32_t e, int32_t n)
{
    const bool whole = n == LFMI_LANES;
    const V p = whole ? v_load(user + e) : v_load_part(user + e, n);
    const V i = whole ? v_load(positive + e) : v_load_part(positive + e, n);
    const V j = whole ? v_load(negative + e) : v_load_part(negative + e, n);
    step_at(optimiser, LFMI_PLAIN, y, r, positive, e, v_mul(minus, p), n);
    step_at(optimiser, LFMI_PLAIN, y, r, negative, e, v_mul(plus, p), n);
    step_at(optimiser, LFMI_PLAIN, y, r, user, e, v_mul(plus, v_sub(j, i)), n);
}

INLINE void pair(int optimiser, const lfmi_layout *y, const lfmi_rates *r, float *user, float *positive, float *negative,
                 float g)
{
    const V plus = v_set(g), minus = v_set(-g);
    const int32_t whole = WHOLE(y->d), part = y->d - whole;
    for (int32_t e = 0; e < whole; e += LFMI_LANES)
        pair_at(optimiser, y, r, user, positive, negative, plus, minus, e, LFMI_LANES);
    if (part > 0)
        pair_at(optimiser, y, r, user, positive, negative, plus, minus, whole, part);
    float rate;
    step_bias(optimiser, LFMI_PLAIN, y, r, positive, -g, &rate);
    step_bias(optimiser, LFMI_PLAIN, y, r, negative, g, &rate);
    step_bias(optimiser, LFMI_PLAIN, y, r, user, g, &rate);
}

#define PAIR(name, optimiser)                                                                          \
    static void name(const lfmi_layout *layout, const lfmi_rates *rates, float *user, float *positive, \
                     float *negative, float g)                                                         \
    {                                                                                                  \
        pair(optimiser, layout, rates, user, positive, negative, g);                                   \
    }
PAIR(pair_adagrad, LFM_OPTIMISER_ADAGRAD)
PAIR(pair_adadelta, LFM_OPTIMISER_ADADELTA)

#include "simd/scan_template.h"
#include "simd/codes_template.h"

const lfmi_kernels KERNELS = {
    .name = KERNELS_NAME,
    .dot = dot,
    .encode = encode,
    .dot_codes = dot_codes,
    .add_scaled = add_scaled,
    .subtract = subtract,
    .update = {[LFM_OPTIMISER_ADAGRAD] = {adagrad_plain, adagrad_l2, adagrad_lazy},
               [LFM_OPTIMISER_ADAGRAD_ROWWISE] = {rowwise_plain, rowwise_l2, rowwise_lazy},
               [LFM_OPTIMISER_ADADELTA] = {adadelta_plain, adadelta_l2, adadelta_lazy}},
    .pair = {[LFM_OPTIMISER_ADAGRAD] = pair_adagrad, [LFM_OPTIMISER_ADADELTA] = pair_adadelta},
    .scan_users = {scan_users, scan_users_half, scan_users_codes},
    .scan_user = {scan_user, scan_user_half, scan_user_codes},
    .most_code = MOST_CODE,
    .count_reached = count_reached,
    .find_places = find_places,
};
