/* Rows as codes of 8 bits, and how far they are from what they stand for. */
#ifndef LFMI_CODES_H
#define LFMI_CODES_H

#include <stdbool.h>

#include "simd/kernels.h"

/* A row in codes: a code times the scale stands for an element. */
typedef struct lfmi_coded {
    int32_t sum;                       /* of the codes */
    double norm, coded_norm, left_out; /* of the row, of what the codes stand for, of the difference */
} lfmi_coded;

/* The size of the largest element. */
float lfmi_largest(const float *row, int32_t d);

/* The scale for rows whose largest element is that, with codes of at most `most` in size. */
static inline float lfmi_scale_for(float largest, int32_t most)
{
    return largest > LFMI_CODE_LEAST ? largest / (float)most : 0.0f;
}

/* Encode a row of d numbers. The four codes of components 4 g .. 4 g + 3 go to bytes[g * step] and after, with
 * `offset` added; behind the last component codes are 0. */
lfmi_coded lfmi_encode(const float *row, int32_t d, float scale, uint8_t *bytes, int32_t step, int32_t offset);

/* The groups of four that d components take. */
static inline int64_t lfmi_code_groups(int32_t d) { return ((int64_t)d + LFMI_CODES - 1) / LFMI_CODES; }

#endif
