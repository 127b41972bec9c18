/* The kernel of a pairwise step on features, on what vector_template.h and step_template.h define: four vectors of all
 * rows at a time, so that sums and the user stay in registers. */

#include "lfm/model.h"

enum { FEATURES_VECTORS = 4 };

/* What all rows of such a step have in common. */
typedef struct features_step {
    int optimiser, regularisation;
    const lfmi_layout *layout;
    const lfmi_rates *rates;
    int32_t e;     /* the first element */
    int n_vectors; /* whole ones; or one, */
    int32_t part;  /* of so many elements */
} features_step;

INLINE V features_load(const features_step *s, const float *from, int k)
{
    return s->part > 0 ? v_load_part(from + s->e, s->part) : v_load(from + s->e + k * LFMI_LANES);
}
INLINE V features_value(const lfmi_feature_rows *list, int32_t i) { return v_set(list->values != NULL ? list->values[i] : 1.0f); }

INLINE void features_sum(const features_step *s, const lfmi_feature_rows *list, V *sums)
{
#pragma GCC unroll 4
    for (int k = 0; k < FEATURES_VECTORS; k++)
        sums[k] = v_set(0.0f);
    for (int32_t i = 0; i < list->n; i++) {
        const V x = features_value(list, i);
#pragma GCC unroll 4
        for (int k = 0; k < s->n_vectors; k++)
            sums[k] = v_add(sums[k], v_mul(features_load(s, list->rows[i], k), x));
    }
}

/* Update rows with the gradient c * v of their sum; `sums`, unless NULL, becomes that sum afterwards. */
INLINE void features_update(const features_step *s, int32_t side, const lfmi_feature_rows *list, V c, const V *v, V *sums)
{
    V cv[FEATURES_VECTORS];
#pragma GCC unroll 4
    for (int k = 0; k < s->n_vectors; k++) {
        cv[k] = v_mul(c, v[k]);
        if (sums != NULL)
            sums[k] = v_set(0.0f);
    }
    for (int32_t i = 0; i < list->n; i++) {
        const V x = features_value(list, i);
#pragma GCC unroll 4
        for (int k = 0; k < s->n_vectors; k++) {
            const int32_t at = s->e + k * LFMI_LANES;
            if (list->later != NULL)
                fetch_at(s->optimiser, s->layout, list->later[i], at);
            const V theta = step_at(s->optimiser, s->regularisation, s->layout, &s->rates[side], list->rows[i], at,
                                    v_mul(x, cv[k]), s->part > 0 ? s->part : LFMI_LANES).theta;
            if (sums != NULL)
                sums[k] = v_add(sums[k], v_mul(theta, x));
        }
    }
}

INLINE void features_at(const features_step *s, const lfmi_feature_rows *lists, const float *user, float g, float *after)
{
    V own[FEATURES_VECTORS], positive[FEATURES_VECTORS], negative[FEATURES_VECTORS], sums[FEATURES_VECTORS];
#pragma GCC unroll 4
    for (int k = 0; k < s->n_vectors; k++)
        own[k] = features_load(s, user, k);
    features_sum(s, &lists[1], positive);
    features_sum(s, &lists[2], negative);
    features_update(s, LFM_ITEM, &lists[1], v_set(-g), own, NULL);
    features_update(s, LFM_ITEM, &lists[2], v_set(g), own, sums);
#pragma GCC unroll 4
    for (int k = 0; k < s->n_vectors; k++) {
        negative[k] = v_sub(negative[k], positive[k]);
        if (s->part > 0)
            v_store_part(after + s->e, sums[k], s->part);
        else
            v_store(after + s->e + k * LFMI_LANES, sums[k]);
    }
    features_update(s, LFM_USER, &lists[0], v_set(g), negative, NULL);
}

/* Update biases with the gradient c of their sum; returns that sum afterwards. */
INLINE float features_biases(const features_step *s, int32_t side, const lfmi_feature_rows *list, float c)
{
    float sum = 0, rate;
    for (int32_t i = 0; i < list->n; i++) {
        const float x = list->values != NULL ? list->values[i] : 1.0f;
        if (list->later != NULL)
            lfmi_prefetch_to_write(list->later[i] + s->layout->bias);
        step_bias(s->optimiser, s->regularisation, s->layout, &s->rates[side], list->rows[i], x * c, &rate);
        sum += list->rows[i][s->layout->bias] * x;
    }
    return sum;
}

INLINE float features_all(int optimiser, int regularisation, const lfmi_layout *layout, const lfmi_rates *rates,
                          const lfmi_feature_rows *lists, const float *user, float g, float *after)
{
    const lfmi_layout own_layout = *layout; /* copies, which no store can change */
    const lfmi_rates own_rates[] = {rates[LFM_USER], rates[LFM_ITEM]};
    const int32_t whole = WHOLE(own_layout.d), part = own_layout.d - whole;
    enum { AT_ONCE = FEATURES_VECTORS * LFMI_LANES };
    features_step s = {optimiser, regularisation, &own_layout, own_rates, 0, FEATURES_VECTORS, 0};
    for (; s.e + AT_ONCE <= whole; s.e += AT_ONCE)
        features_at(&s, lists, user, g, after);
    s.n_vectors = 1;
    for (; s.e < whole; s.e += LFMI_LANES)
        features_at(&s, lists, user, g, after);
    s.part = part;
    if (part > 0)
        features_at(&s, lists, user, g, after);
    features_biases(&s, LFM_ITEM, &lists[1], -g);
    const float bias = features_biases(&s, LFM_ITEM, &lists[2], g);
    features_biases(&s, LFM_USER, &lists[0], g);
    return bias;
}

/* Apart for what is usual, weights of 1 with and without rows to fetch: it takes a sixth less time. */
INLINE float pair_features(int optimiser, int regularisation, const lfmi_layout *layout, const lfmi_rates *rates,
                           const lfmi_feature_rows *lists, const float *user, float g, float *after)
{
    lfmi_feature_rows own[LFMI_PAIR] = {lists[0], lists[1], lists[2]};
    const bool weighted = own[0].values != NULL || own[1].values != NULL || own[2].values != NULL;
    if (weighted || regularisation != LFMI_PLAIN || optimiser != LFM_OPTIMISER_ADAGRAD)
        return features_all(optimiser, regularisation, layout, rates, own, user, g, after);
    own[0].values = own[1].values = own[2].values = NULL;
    if (own[0].later != NULL)
        return features_all(optimiser, regularisation, layout, rates, own, user, g, after);
    own[0].later = own[1].later = own[2].later = NULL;
    return features_all(optimiser, regularisation, layout, rates, own, user, g, after);
}

#define FEATURES(name, optimiser, regularisation)                                                                    \
    static float name(const lfmi_layout *layout, const lfmi_rates *rates, const lfmi_feature_rows *lists,            \
                      const float *user, float g, float *after)                                                      \
    {                                                                                                                \
        return pair_features(optimiser, regularisation, layout, rates, lists, user, g, after);                       \
    }
FEATURES(features_adagrad_plain, LFM_OPTIMISER_ADAGRAD, LFMI_PLAIN)
FEATURES(features_adagrad_l2, LFM_OPTIMISER_ADAGRAD, LFMI_L2)
FEATURES(features_adadelta_plain, LFM_OPTIMISER_ADADELTA, LFMI_PLAIN)
FEATURES(features_adadelta_l2, LFM_OPTIMISER_ADADELTA, LFMI_L2)
