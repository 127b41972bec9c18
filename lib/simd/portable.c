/* The reference kernels: plain C, written so that a compiler can use whatever vectors it may. */
#include "base/prefetch.h"
#include "lfm/model.h"
#include "lfm/options.h"
#include "simd/kernels.h"

static float sum_lanes(const float lanes[LFMI_LANES])
{
    float l[LFMI_LANES];
    for (int i = 0; i < LFMI_LANES; i++)
        l[i] = lanes[i];
    for (int half = LFMI_LANES / 2; half > 0; half /= 2) {
        for (int i = 0; i < half; i++)
            l[i] += l[i + half];
    }
    return l[0];
}

static float dot(const float *a, const float *b, int32_t n, float start)
{
    float lanes[LFMI_LANES] = {start};
    int32_t e = 0;
    for (; e + LFMI_LANES <= n; e += LFMI_LANES) {
        for (int l = 0; l < LFMI_LANES; l++)
            lanes[l] += a[e + l] * b[e + l];
    }
    for (int l = 0; e + l < n; l++)
        lanes[l] += a[e + l] * b[e + l];
    return sum_lanes(lanes);
}

static float encode(int8_t *codes, const float *x, int32_t n)
{
    float largest = 0;
    for (int32_t e = 0; e < n; e++) {
        const float size = __builtin_fabsf(x[e]);
        largest = size > largest ? size : largest;
    }
    const float inverse = lfmi_inverse_scale(largest);
    for (int32_t e = 0; e < n; e++)
        codes[lfmi_place_of_code(e, n)] = lfmi_code(x[e], inverse);
    for (int32_t e = n; e % LFMI_LANES != 0; e++)
        codes[e] = 0;
    return lfmi_code_scale(largest);
}

static uint64_t score_round(const lfmi_heads *heads, lfmi_round *round, int32_t n)
{
    uint64_t above = 0;
    for (int32_t i = 0; i < n; i++) {
        for (int k = 0; k < LFMI_GROUP; k++) {
            const int8_t *codes = lfmi_codes_of(heads, round->items[i][k]);
            const lfmi_head *head = lfmi_head_of(heads, round->items[i][k]);
            int32_t sum = 0;
            for (int32_t e = 0; e < heads->n; e++)
                sum += round->codes[i][e] * codes[e];
            const float score = (float)sum * (round->scales[i] * head->scale) + (round->biases[i] + head->bias);
            round->scores[i][k] = score;
            above |= (uint64_t)(score > round->thresholds[i]) << (i * LFMI_GROUP + k);
        }
    }
    return above;
}

static float add_up(const lfmi_layout *layout, const float *rows, const int32_t *columns, const float *values, int64_t n,
                    float *restrict out)
{
    float bias = 0;
    for (int32_t e = 0; e < layout->d; e++)
        out[e] = 0;
    for (int64_t i = 0; i < n; i++) {
        const float *row = rows + (int64_t)columns[i] * layout->stride;
        const float x = values != NULL ? values[i] : 1.0f;
        for (int32_t e = 0; e < layout->d; e++)
            out[e] += row[e] * x;
        bias += row[layout->bias] * x;
    }
    return bias;
}

static void add_scaled(float *y, const float *x, float a, int32_t n)
{
    for (int32_t e = 0; e < n; e++)
        y[e] += x[e] * a;
}

static void subtract(float *y, const float *a, const float *b, int32_t n)
{
    for (int32_t e = 0; e < n; e++)
        y[e] = a[e] - b[e];
}

static inline lfmi_element step(int optimiser, int regularisation, lfmi_element at, float h, const lfmi_rates *r, float *rate)
{
    if (regularisation == LFMI_L2)
        h += r->alpha * at.theta;
    at = optimiser == LFM_OPTIMISER_ADADELTA ? lfmi_step_adadelta(at, h, r, rate) : lfmi_step_adagrad(at, h, r, rate);
    if (regularisation == LFMI_LAZY)
        at.theta *= 1.0f + r->alpha * *rate;
    return at;
}

/* The embedding's part, per element state; optimiser and regularisation are constants after inlining. */
static inline float update_elements(int optimiser, int regularisation, const lfmi_layout *y, const lfmi_rates *r,
                                    float *restrict row, const float *restrict v, float c, float x)
{
    float *theta = row, *g = row + y->g;
    float *m = optimiser == LFM_OPTIMISER_ADADELTA ? row + y->m : NULL;
    float lanes[LFMI_LANES] = {0};
    for (int32_t e = 0; e < y->d; e++) {
        float rate;
        lfmi_element at = {theta[e], g[e], m != NULL ? m[e] : 0};
        at = step(optimiser, regularisation, at, x * (c * v[e]), r, &rate);
        theta[e] = at.theta;
        g[e] = at.g;
        if (m != NULL)
            m[e] = at.m;
        if (regularisation == LFMI_LAZY)
            lanes[e % LFMI_LANES] += rate;
    }
    return regularisation == LFMI_LAZY ? sum_lanes(lanes) : 0;
}

/* The embedding's part with one G for the row: G grows by the mean of h^2. */
static inline float update_rowwise(int regularisation, const lfmi_layout *y, const lfmi_rates *r,
                                   float *restrict row, const float *restrict v, float c, float x)
{
    const float rate = lfmi_over_sqrt(r->eta, row[y->g]);
    float lanes[LFMI_LANES] = {0};
    for (int32_t e = 0; e < y->d; e++) {
        float h = x * (c * v[e]);
        if (regularisation == LFMI_L2)
            h += r->alpha * row[e];
        row[e] -= rate * h;
        if (regularisation == LFMI_LAZY)
            row[e] *= 1.0f + r->alpha * rate;
        lanes[e % LFMI_LANES] += h * h;
    }
    row[y->g] += sum_lanes(lanes) / (float)y->d;
    return regularisation == LFMI_LAZY ? rate * (float)y->d : 0;
}

static inline float update(int optimiser, int regularisation, const lfmi_layout *y, const lfmi_rates *r, float *row,
                           const float *v, float c, float x)
{
    const float rates = optimiser == LFM_OPTIMISER_ADAGRAD_ROWWISE
                            ? update_rowwise(regularisation, y, r, row, v, c, x)
                            : update_elements(optimiser, regularisation, y, r, row, v, c, x);
    float rate;
    lfmi_element at = {row[y->bias], row[y->bias_g], row[y->bias_m]};
    at = step(optimiser, regularisation, at, x * c, r, &rate);
    row[y->bias] = at.theta;
    row[y->bias_g] = at.g;
    if (optimiser == LFM_OPTIMISER_ADADELTA)
        row[y->bias_m] = at.m;
    return regularisation == LFMI_LAZY ? rates + rate : 0;
}

#define UPDATE(name, optimiser, regularisation)                                                        \
    static float name(const lfmi_layout *layout, const lfmi_rates *rates, float *row, const float *v,  \
                      float c, float x, const float *later)                                            \
    {                                                                                                  \
        lfmi_prefetch(later);                                                                          \
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

/* Element e of the rows of a list steps on with c; returns their sum afterwards. */
static inline float step_features_at(int optimiser, int regularisation, const lfmi_layout *y, const lfmi_rates *r,
                                     const lfmi_feature_rows *list, int32_t e, float c)
{
    float sum = 0, rate;
    for (int32_t i = 0; i < list->n; i++) {
        const float x = list->values != NULL ? list->values[i] : 1.0f;
        float *theta = list->rows[i] + e, *g = theta + y->g, *m = theta + y->m;
        const bool momentum = optimiser == LFM_OPTIMISER_ADADELTA;
        const lfmi_element at =
            step(optimiser, regularisation, (lfmi_element){*theta, *g, momentum ? *m : 0}, x * c, r, &rate);
        *theta = at.theta;
        *g = at.g;
        if (momentum)
            *m = at.m;
        sum += at.theta * x;
    }
    return sum;
}

static inline float sum_features_at(const lfmi_feature_rows *list, int32_t e)
{
    float sum = 0;
    for (int32_t i = 0; i < list->n; i++)
        sum += list->rows[i][e] * (list->values != NULL ? list->values[i] : 1.0f);
    return sum;
}

static inline float step_features(int optimiser, int regularisation, const lfmi_layout *y, const lfmi_rates *rates,
                                  const lfmi_feature_rows *lists, const float *user, float g, float *after)
{
    const lfmi_rates *users = &rates[LFM_USER], *items = &rates[LFM_ITEM];
    for (int32_t e = 0; e < y->d; e++) {
        const float own = user[e], difference = sum_features_at(&lists[2], e) - sum_features_at(&lists[1], e);
        step_features_at(optimiser, regularisation, y, items, &lists[1], e, -g * own);
        after[e] = step_features_at(optimiser, regularisation, y, items, &lists[2], e, g * own);
        step_features_at(optimiser, regularisation, y, users, &lists[0], e, g * difference);
    }
    /* of a row that begins with its bias */
    lfmi_layout biases = *y;
    biases.g = y->bias_g - y->bias;
    biases.m = y->bias_m - y->bias;
    step_features_at(optimiser, regularisation, &biases, items, &lists[1], y->bias, -g);
    const float bias = step_features_at(optimiser, regularisation, &biases, items, &lists[2], y->bias, g);
    step_features_at(optimiser, regularisation, &biases, users, &lists[0], y->bias, g);
    return bias;
}

#define FEATURES(name, optimiser, regularisation)                                                                    \
    static float name(const lfmi_layout *layout, const lfmi_rates *rates, const lfmi_feature_rows *lists,            \
                      const float *user, float g, float *after)                                                      \
    {                                                                                                                \
        return step_features(optimiser, regularisation, layout, rates, lists, user, g, after);                       \
    }
FEATURES(features_adagrad_plain, LFM_OPTIMISER_ADAGRAD, LFMI_PLAIN)
FEATURES(features_adagrad_l2, LFM_OPTIMISER_ADAGRAD, LFMI_L2)
FEATURES(features_adadelta_plain, LFM_OPTIMISER_ADADELTA, LFMI_PLAIN)
FEATURES(features_adadelta_l2, LFM_OPTIMISER_ADADELTA, LFMI_L2)

#include "simd/plain_template.h"

/* 16 lanes as plain C for the scan. */
typedef struct V {
    float lane[LFMI_LANES];
} V;
#define INLINE static inline __attribute__((always_inline))
#define EACH_LANE(expression)                                                                          \
    V out;                                                                                             \
    for (int l = 0; l < LFMI_LANES; l++)                                                               \
        out.lane[l] = (expression);                                                                    \
    return out
INLINE V v_load(const float *p) { EACH_LANE(p[l]); }
INLINE V v_load_half(const uint16_t *p) { EACH_LANE(lfmi_from_half(p[l])); }
INLINE V v_set(float x) { EACH_LANE(x); }
INLINE V v_add(V a, V b) { EACH_LANE(a.lane[l] + b.lane[l]); }
INLINE V v_mul(V a, V b) { EACH_LANE(a.lane[l] * b.lane[l]); }
INLINE V v_fused(V a, V b, V c) { EACH_LANE(a.lane[l] * b.lane[l] + c.lane[l]); }
INLINE void v_store(float *p, V v) { memcpy(p, v.lane, sizeof v.lane); }
INLINE uint32_t v_reached(V v, V t)
{
    uint32_t reached = 0;
    for (int l = 0; l < LFMI_LANES; l++)
        reached |= (uint32_t)(v.lane[l] >= t.lane[l]) << l;
    return reached;
}
#define SCAN_USERS 2
#define SCAN_PANELS 1
#include "simd/scan_template.h"

#include "simd/codes_plain.h"
INLINE V v_from_sums(VS s) { EACH_LANE((float)s.lane[l]); }
#include "simd/codes_template.h"

const lfmi_kernels lfmi_kernels_portable = {
    .name = "portable",
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
    .features = {[LFM_OPTIMISER_ADAGRAD] = {features_adagrad_plain, features_adagrad_l2},
                 [LFM_OPTIMISER_ADADELTA] = {features_adadelta_plain, features_adadelta_l2}},
    .scan_users = {scan_users, scan_users_half, scan_users_codes},
    .scan_user = {scan_user, scan_user_half, scan_user_codes},
    .most_code = MOST_CODE,
    .count_reached = count_reached,
    .find_places = find_places,
};
