/* Rows as codes of 8 bits. */
#include "infer/codes.h"

#include <math.h>

lfmi_coded lfmi_encode(const float *row, int32_t d, int32_t most, uint8_t *bytes, int32_t step, int32_t offset)
{
    float largest = 0;
    for (int32_t e = 0; e < d; e++)
        largest = fabsf(row[e]) > largest ? fabsf(row[e]) : largest;
    const bool is_zero = largest <= LFMI_CODE_LEAST;
    lfmi_coded coded = {.scale = is_zero ? 0.0f : largest / (float)most};
    const float inverse = is_zero ? 0.0f : (float)most / largest;
    double norm = 0, coded_norm = 0, left_out = 0;
    for (int32_t e = 0; e < d; e++) {
        const int8_t code = lfmi_code(row[e], inverse);
        bytes[(int64_t)(e / LFMI_CODES) * step + e % LFMI_CODES] = (uint8_t)(code + offset);
        const double exact = (double)row[e], stands_for = (double)coded.scale * (double)code;
        coded.sum += code;
        norm += exact * exact;
        coded_norm += stands_for * stands_for;
        left_out += (exact - stands_for) * (exact - stands_for);
    }
    for (int32_t e = d; e % LFMI_CODES != 0; e++)
        bytes[(int64_t)(e / LFMI_CODES) * step + e % LFMI_CODES] = (uint8_t)offset;
    coded.norm = sqrt(norm);
    coded.coded_norm = sqrt(coded_norm);
    coded.left_out = sqrt(left_out);
    return coded;
}
