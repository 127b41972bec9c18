/* The arithmetic on rows of parameters, as a table of functions that an instruction set fills in.
 *
 * All variants give the same bits. Sums run over 16 virtual lanes: lane l adds the elements l, l + 16,
 * l + 32, … in this order, starting from +0 (lane 0 from a given number), and the lanes are then added as a fixed tree, l + 8, l + 4,
 * l + 2, l + 1. Products and sums are rounded separately (no fused multiply-add), and a / sqrt(x) is
 * computed as in lfmi_over_sqrt(). */
#ifndef LFMI_KERNELS_H
#define LFMI_KERNELS_H

#include <stdint.h>
#include <string.h>

#include "base/context.h"

enum { LFMI_LANES = 16 };

struct lfmi_order; /* base/order.h */

/* Where things stand in the row of a feature, in floats from its start. A row begins on a cache line:
 * the embedding, then bias, its G, its M and the row-wise G; then, each on a line of its own start, the
 * embedding's G and M, as far as the optimiser has them. A score reads only the first part. */
typedef struct lfmi_layout {
    int32_t d;
    int32_t stride;
    int32_t bias, bias_g, bias_m;
    int32_t g; /* d numbers, or one with row-wise Adagrad; 0: none */
    int32_t m; /* 0: none */
} lfmi_layout;

/* The constants of an epoch's updates on one side. */
typedef struct lfmi_rates {
    float eta;
    float rho, one_minus_rho, epsilon; /* Adadelta */
    float alpha;                       /* regularisation */
} lfmi_rates;

/* One elementary update of a feature's row: h = x * (c * v[e]) for the embedding, x * c for the bias,
 * then the optimiser's step. Returns the sum of the local rates over the d + 1 elements where the
 * regularisation asks for it, else 0. While it computes it fetches the row of a later update (its own, if there is
 * none): memory takes a line now and then, but not a row at once without making the processor wait. */
typedef float (*lfmi_update_fn)(const lfmi_layout *layout, const lfmi_rates *rates, float *row,
                                const float *v, float c, float x, const float *later);

/* A step where user and items are one feature of weight 1 each and nothing regularises: its updates at once.
 * While it computes it fetches as many rows of a later step, less the user's: of its own, if there is none. */
enum { LFMI_PAIR = 3, LFMI_POINT = 2 }; /* user, positive and negative; user and item */
typedef void (*lfmi_step_fn)(const lfmi_layout *layout, const lfmi_rates *rates, float *const *rows,
                             float *const *later, float g);

/* The rows of a user's or an item's features. */
typedef struct lfmi_feature_rows {
    float *const *rows;
    const float *const *later; /* as many of a later step, to be fetched meanwhile; NULL, like those of the other lists: none */
    const float *values;       /* the features' weights; NULL: ones */
    int32_t n;
} lfmi_feature_rows;

/* The step of a user (of whose representation `user` is the vector), a positive and a negative with features: LFMI_PAIR
 * lists, rates by side. Updates the features of the positive one after another, then the negative's, then the user's.
 * Returns the negative's bias, and in `after` its d numbers, as the step leaves them (a row that is listed twice: as its first
 * update leaves it, then as the second does). The user's vector may be a row. */
typedef float (*lfmi_features_fn)(const lfmi_layout *layout, const lfmi_rates *rates, const lfmi_feature_rows *lists,
                                  const float *user, float g, float *after);

/* Regularisation as the kernels know it: none (alpha is 0), in the gradient, LightFM's lazy form. */
enum { LFMI_PLAIN = 0, LFMI_L2 = 1, LFMI_LAZY = 2, LFMI_N_REGULARISATIONS = 3 };
enum { LFMI_N_OPTIMISERS = 3 };

/* Scores are asked for in groups of this many. */
enum { LFMI_GROUP = 4 };

/* Scanning items for many users at once finds the few that may be among the best; exact scores are then
 * asked for those alone. So a scan is free to sum in the order that is fastest and with fused
 * multiply-adds: its scores differ between variants, within the bound that lfmi_pass computes. Users come
 * in groups of LFMI_SCAN_USERS, interleaved (component after component, users beside each other), items in
 * panels: 16 biases, then component after component 16 items beside each other, float32 or half; codes see
 * below. */
enum { LFMI_SCAN_USERS = 12, LFMI_SCAN_PANELS = 4 };
enum { LFMI_SCAN_FLOAT = 0, LFMI_SCAN_HALF = 1, LFMI_SCAN_INT8 = 2, LFMI_N_SCANS = 3 }; /* what panels hold */
typedef struct lfmi_scan {
    const float *users, *biases, *thresholds;
    const void *items;
    int32_t d, n_panels;
    float *scores;  /* users x n_panels x 16 */
    uint16_t *hits; /* users x n_panels: bit l is set when the score of item l reaches the user's threshold */
    /* With codes, in place of users: */
    const int8_t *codes;
    const float *scales, *margins;
    const int32_t *starts;
} lfmi_scan;

/* Panels of codes (INT8): the panel's scale and margin and, LFMI_LANES floats from the start, 16 biases; then,
 * four components after four, the four codes of each of 16 items, 128 added to each, so that they have no sign;
 * bytes behind the last component may be anything. Users have their codes by fours, zeros behind the last,
 * interleaved by fours. The score is
 *
 *     (start + sum of byte times code) * (scale * panel's scale) + item's bias + (bias + margin * panel's margin)
 *
 * where the user's start, -128 times the sum of the codes, takes the 128 back. Sums of products are exact,
 * d being at most LFMI_MOST_CODES; the rest may be rounded in any way. There is room for LFMI_LANES users' scales,
 * margins and biases, whatever their number. */
enum { LFMI_CODES = 4, LFMI_CODE_OFFSET = 128, LFMI_MOST_CODES = 65536, LFMI_PANEL_HEAD = 2 * LFMI_LANES };

/* What codes are to be multiplied with, and the bias. */
typedef struct lfmi_head {
    float scale, bias;
} lfmi_head;

/* The codes and heads of all items. */
typedef struct lfmi_heads {
    int8_t *codes, *heads;       /* a head stands behind its codes where that takes no further cache line */
    int32_t n;                   /* codes of a row, in whole groups of lanes */
    int32_t stride, head_stride; /* from row to row */
    int64_t size;                /* bytes of all */
} lfmi_heads;

static inline int8_t *lfmi_codes_of(const lfmi_heads *heads, int32_t item)
{
    return heads->codes + (int64_t)item * heads->stride;
}
static inline lfmi_head *lfmi_head_of(const lfmi_heads *heads, int32_t item)
{
    return (lfmi_head *)(void *)(heads->heads + (int64_t)item * heads->head_stride);
}

/* LFMI_GROUP items for each of some users, to be scored by codes. */
enum { LFMI_ROUND = 16, LFMI_STREAMS = 8 };
typedef struct lfmi_round {
    const int8_t *codes[LFMI_ROUND]; /* of the users, with their scales and biases */
    float scales[LFMI_ROUND], biases[LFMI_ROUND], thresholds[LFMI_ROUND];
    int32_t items[LFMI_ROUND][LFMI_GROUP];
    float scores[LFMI_ROUND][LFMI_GROUP];
} lfmi_round;

typedef struct lfmi_kernels {
    const char *name;
    /* start + a . b over n elements. A score starts from the biases, as in LightFM: scores that tie
     * there tie here. */
    float (*dot)(const float *a, const float *b, int32_t n, float start);
    /* codes = x in 8 bits, n elements, then zeros up to a multiple of LFMI_LANES. Returns the scale that
     * codes are to be multiplied with. */
    float (*encode)(int8_t *codes, const float *x, int32_t n);
    /* score = (user's codes . item's codes) * (user's scale * item's scale) + (user's bias + item's bias) for the first
     * n > 0 users of a round. Returns which are above the user's threshold, LFMI_GROUP bits for each user. */
    uint64_t (*score_round)(const lfmi_heads *heads, lfmi_round *round, int32_t n);
    /* out[i] = lfmi_bounded_pair() of stream i, below bounds[i], of LFMI_STREAMS. 0 < bounds < 2^31. */
    void (*draw_pairs)(uint64_t *streams, const uint64_t *bounds, int32_t (*out)[2]);
    /* out = the sum of values[i] * row columns[i] over the first layout->d elements of n rows, added in this order to 0;
     * values NULL: ones. Returns the same sum of their biases. */
    float (*add_up)(const lfmi_layout *layout, const float *rows, const int32_t *columns, const float *values, int64_t n,
                    float *out);
    /* y += x * a over n elements */
    void (*add_scaled)(float *y, const float *x, float a, int32_t n);
    /* y = a - b over n elements */
    void (*subtract)(float *y, const float *a, const float *b, int32_t n);
    lfmi_update_fn update[LFMI_N_OPTIMISERS][LFMI_N_REGULARISATIONS];
    /* LFMI_PAIR rows: the pairwise step; LFMI_POINT rows: the logistic one. NULL: there is none, use update */
    lfmi_step_fn pair[LFMI_N_OPTIMISERS], point[LFMI_N_OPTIMISERS];
    /* NULL: there is none, use update */
    lfmi_features_fn features[LFMI_N_OPTIMISERS][LFMI_N_REGULARISATIONS];
    /* entries[i] = lfmi_order_at(order, begin + i) for n of them */
    void (*permute)(const struct lfmi_order *order, int64_t begin, int32_t n, int64_t *entries);
    /* which of n scores has `rank` before it: larger ones (ordered by their bits, so also what is no number), and
     * equal ones that stand before it. There are more numbers, any, up to a multiple of LFMI_LANES. */
    int32_t (*find_ranked)(const float *scores, int32_t n, int32_t rank);
    /* a group of users, and a single user, against panels */
    void (*scan_users[LFMI_N_SCANS])(const lfmi_scan *scan);
    void (*scan_user[LFMI_N_SCANS])(const lfmi_scan *scan);
    int32_t most_code; /* the largest size of users' codes that scans take */
    /* counts[t] += how many of n scores are >= thresholds[t]; n is a multiple of 16 */
    void (*count_reached)(const float *scores, int32_t n, const float *thresholds, int32_t n_thresholds,
                          int32_t *counts);
    /* places[i] = how many of the n_sorted >= 1 ascending numbers are <= scores[i]; n is a multiple of 16 */
    void (*find_places)(const float *scores, int32_t n, const float *sorted, int32_t n_sorted, int32_t *places);
} lfmi_kernels;

/* Codes are the elements of a row divided by a scale, the largest of them over 127, and rounded to
 * nearest, ties to even. Products of codes add up exactly, in any order. Scores from codes are off by a
 * hundredth or so of what a score varies by; they only ever choose what is stepped on. */
#define LFMI_CODE_MAX 127.0f
#define LFMI_CODE_LEAST 1e-30f /* rows without a larger element are all zeros */
#define LFMI_CODE_MAGIC 12582912.0f /* 3 * 2^22: added to a small number it leaves the nearest integer in the low bits */

/* Where the code of element e of n stands: of each whole LFMI_INTERLEAVED elements those LFMI_LANES apart stand beside
 * each other, which vectors do without shuffling; products add up to the same in any order. */
enum { LFMI_INTERLEAVED = 4 * LFMI_LANES };
static inline int32_t lfmi_place_of_code(int32_t e, int32_t n)
{
    const int32_t at = e % LFMI_INTERLEAVED, group = e - at;
    return group + LFMI_INTERLEAVED <= n ? group + at % LFMI_LANES * 4 + at / LFMI_LANES : e;
}

static inline int8_t lfmi_code(float x, float inverse_scale)
{
    const float shifted = x * inverse_scale + LFMI_CODE_MAGIC;
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    return (int8_t)(uint8_t)bits;
}
/* 1 / scale for a row whose largest element is `largest`. */
static inline float lfmi_inverse_scale(float largest)
{
    return largest > LFMI_CODE_LEAST ? LFMI_CODE_MAX / largest : 0.0f;
}
static inline float lfmi_code_scale(float largest)
{
    return largest > LFMI_CODE_LEAST ? largest * (1.0f / LFMI_CODE_MAX) : 0.0f;
}

/* Half precision is the upper half of a float32 (bfloat16), rounded to nearest, ties away from zero: as
 * wide a range, three significant digits. Only ever used to choose. */
static inline uint16_t lfmi_to_half(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (uint16_t)((bits + 0x8000u) >> 16);
}
static inline float lfmi_from_half(uint16_t half)
{
    const uint32_t bits = (uint32_t)half << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* a / sqrt(x) for x > 0: an estimate from the bits of x, then two Newton steps, y (3/2 - x/2 y y), with the factors
 * that make the largest error least (for the first: Kadlec 2010); relative error below 7e-7. The processor's
 * divider and square root take three to five times as long and would bound the speed of training; its
 * reciprocal estimates differ between makers. */
#define LFMI_SQRT_MAGIC 0x5F1FFFF9
#define LFMI_SQRT_FIRST 1.6819143f
#define LFMI_SQRT_FIRST_X 0.70395225f
#define LFMI_SQRT_SECOND 1.5000004f
#define LFMI_SQRT_SECOND_X 0.5f
static inline float lfmi_over_sqrt(float a, float x)
{
    int32_t bits;
    float y;
    memcpy(&bits, &x, sizeof bits);
    bits = LFMI_SQRT_MAGIC - (bits >> 1);
    memcpy(&y, &bits, sizeof y);
    y = y * (LFMI_SQRT_FIRST - LFMI_SQRT_FIRST_X * x * y * y);
    return y * (LFMI_SQRT_SECOND * a - LFMI_SQRT_SECOND_X * a * x * y * y);
}

/* The step of one element, the same in every variant. *rate receives the local rate. */
typedef struct lfmi_element {
    float theta, g, m;
} lfmi_element;

static inline lfmi_element lfmi_step_adagrad(lfmi_element at, float h, const lfmi_rates *r, float *rate)
{
    *rate = lfmi_over_sqrt(r->eta, at.g);
    at.theta -= *rate * h;
    at.g += h * h;
    return at;
}

static inline lfmi_element lfmi_step_adadelta(lfmi_element at, float h, const lfmi_rates *r, float *rate)
{
    at.g = r->rho * at.g + r->one_minus_rho * (h * h);
    const float m = at.m + r->epsilon;
    *rate = m * lfmi_over_sqrt(1.0f, m) * lfmi_over_sqrt(1.0f, at.g + r->epsilon);
    const float delta = *rate * h;
    at.m = r->rho * at.m + r->one_minus_rho * (delta * delta);
    at.theta -= delta;
    return at;
}

/* The variant that this processor runs best among those that the context allows. */
const lfmi_kernels *lfmi_kernels_select(const lfm_context *context);

/* Variant number i of those that this processor runs, the portable first; NULL beyond the last. */
const lfmi_kernels *lfmi_kernels_at(int i);

/* The reference, which every variant is checked against. */
extern const lfmi_kernels lfmi_kernels_portable;

#endif
