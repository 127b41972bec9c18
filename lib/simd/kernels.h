/* The arithmetic on rows of parameters, as a table of functions that an instruction set fills in.
 *
 * All variants give the same bits. Sums run over 16 virtual lanes: lane l adds the elements l, l + 16,
 * l + 32, … in this order, starting from +0 (lane 0 from a given number), and the lanes are then added as a fixed tree, l + 8, l + 4,
 * l + 2, l + 1. Products and sums are rounded separately (no fused multiply-add). */
#ifndef LFMI_KERNELS_H
#define LFMI_KERNELS_H

#include <stdint.h>

#include "base/context.h"

enum { LFMI_LANES = 16 };

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

/* One elementary update of a feature's row: h = x * (c * v[e]) for the embedding, x * c_bias for the
 * bias, then the optimiser's step. Returns the sum of the local rates over the d + 1 elements where the
 * regularisation asks for it, else 0. */
typedef float (*lfmi_update_fn)(const lfmi_layout *layout, const lfmi_rates *rates, float *row,
                                const float *v, float c, float c_bias, float x);

/* Regularisation as the kernels know it: none (alpha is 0), in the gradient, LightFM's lazy form. */
enum { LFMI_PLAIN = 0, LFMI_L2 = 1, LFMI_LAZY = 2, LFMI_N_REGULARISATIONS = 3 };
enum { LFMI_N_OPTIMISERS = 3 };

typedef struct lfmi_kernels {
    const char *name;
    /* start + a . b over n elements. A score starts from the biases, as in LightFM: scores that tie
     * there tie here. */
    float (*dot)(const float *a, const float *b, int32_t n, float start);
    /* y += x * a over n elements */
    void (*add_scaled)(float *y, const float *x, float a, int32_t n);
    /* y = a - b over n elements */
    void (*subtract)(float *y, const float *a, const float *b, int32_t n);
    lfmi_update_fn update[LFMI_N_OPTIMISERS][LFMI_N_REGULARISATIONS];
} lfmi_kernels;

/* The variant that this processor runs best; the same pointer every time. */
const lfmi_kernels *lfmi_kernels_select(void);

/* The reference, which every variant is checked against. */
extern const lfmi_kernels lfmi_kernels_portable;

#endif
