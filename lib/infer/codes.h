/* Rows as codes of 8 bits, and how far they are from what they stand for. */
#ifndef LFMI_CODES_H
#define LFMI_CODES_H

#include "simd/kernels.h"

/* A row in codes: code e times the scale stands for element e. */
typedef struct lfmi_coded {
    float scale;
    int32_t sum;     /* of the codes */
    double norm;     /* of the row, and of what the codes stand for, and of the difference of the two */
    double coded_norm, left_out;
} lfmi_coded;

/* Encode a row of d numbers in codes of at most `most` in size. The four codes of components 4 g .. 4 g + 3
 * go to bytes[g * step] and after, with `offset` added; behind the last component the codes are 0. */
lfmi_coded lfmi_encode(const float *row, int32_t d, int32_t most, uint8_t *bytes, int32_t step, int32_t offset);

/* The groups of four that d components take. */
static inline int64_t lfmi_code_groups(int32_t d) { return ((int64_t)d + LFMI_CODES - 1) / LFMI_CODES; }

#endif
