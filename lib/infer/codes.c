/* Rows as codes of 8 bits. */
#include "infer/codes.h"

#include <math.h>

float lfmi_largest(const float *row, int32_t d)
{
    float largest = 0;
    for (int32_t e = 0; e < d; e++)
        largest = fabsf(row[e]) > largest ? fabsf(row[e]) : largest;
    return largest;
}

lfmi_coded lfmi_encode(const float *row, int32_t d, float scale, uint8_t *bytes, int32_t step, int32_t offset)
{
    const float inverse = scale > 0 ? 1.0f / scale : 0.0f;
    lfmi_coded coded = {0};
    for (int32_t e = 0; e < d; e++) {
        const int8_t code = lfmi_code(row[e], inverse);
        bytes[(int64_t)(e / LFMI_CODES) * step + e % LFMI_CODES] = (uint8_t)(code + offset);
        const double exact = (double)row[e], stands_for = (double)scale * (double)code;
        coded.sum += code;
        coded.norm += exact * exact;
        coded.coded_norm += stands_for * stands_for;
        coded.left_out += (exact - stands_for) * (exact - stands_for);
    }
    for (int32_t e = d; e % LFMI_CODES != 0; e++)
        bytes[(int64_t)(e / LFMI_CODES) * step + e % LFMI_CODES] = (uint8_t)offset;
    coded.norm = sqrt(coded.norm);
    coded.coded_norm = sqrt(coded.coded_norm);
    coded.left_out = sqrt(coded.left_out);
    return coded;
}
