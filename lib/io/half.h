/* IEEE half precision (float16), as model files store it on request. */
#ifndef LFMI_HALF_H
#define LFMI_HALF_H

#include <stdint.h>
#include <string.h>

/* Round to nearest, ties to even; 65520 and above become infinity. */
static inline uint16_t lfmi_to_float16(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    const uint32_t sign = bits >> 16 & 0x8000u;
    bits &= 0x7FFFFFFFu;
    if (bits > 0x7F800000u)
        return (uint16_t)(sign | 0x7E00u);
    if (bits >= 0x477FF000u)
        return (uint16_t)(sign | 0x7C00u);
    if (bits >= 0x38800000u) {
        bits += 0x0FFFu + (bits >> 13 & 1u);
        return (uint16_t)(sign | (bits - 0x38000000u) >> 13);
    }
    /* Below 2^-14 the numbers are whole multiples of 2^-24: shift with the rounding done by hand. */
    const uint32_t exponent = bits >> 23;
    if (exponent < 102)
        return (uint16_t)sign;
    const uint32_t mantissa = (bits & 0x7FFFFFu) | 0x800000u, shift = 126 - exponent;
    const uint32_t half = 1u << (shift - 1), rest = mantissa & ((1u << shift) - 1);
    uint32_t rounded = mantissa >> shift;
    rounded += rest > half || (rest == half && (rounded & 1u));
    return (uint16_t)(sign | rounded);
}

static inline float lfmi_from_float16(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000u) << 16, exponent = half >> 10 & 0x1Fu, mantissa = half & 0x3FFu;
    float value;
    if (exponent == 0) {
        value = (float)mantissa * (1.0f / 16777216.0f);
        return sign != 0 ? -value : value;
    }
    const uint32_t bits = sign | (exponent == 31 ? 0x7F800000u : (exponent + 112) << 23) | mantissa << 13;
    memcpy(&value, &bits, sizeof value);
    return value;
}

#endif
