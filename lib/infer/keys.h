/* A score and an id as one number: descending numbers are descending scores and then ascending ids. */
#ifndef LFMI_KEYS_H
#define LFMI_KEYS_H

#include <stdint.h>
#include <string.h>

static inline int64_t lfmi_key(float score, int32_t id)
{
    int32_t bits;
    const float positive_zero = score + 0.0f; /* -0 and +0 are the same score */
    memcpy(&bits, &positive_zero, sizeof bits);
    const int64_t ordered = bits >= 0 ? bits : INT32_MIN - (int64_t)bits;
    return ordered * (INT64_C(1) << 32) + (INT32_MAX - id);
}
static inline int32_t lfmi_key_id(int64_t key) { return (int32_t)(INT32_MAX - (key & INT64_C(0xFFFFFFFF))); }
static inline float lfmi_key_score(int64_t key)
{
    const int64_t ordered = (key - (key & INT64_C(0xFFFFFFFF))) / (INT64_C(1) << 32);
    const int32_t bits = (int32_t)(ordered >= 0 ? ordered : INT32_MIN - ordered);
    float score;
    memcpy(&score, &bits, sizeof score);
    return score;
}

#endif
