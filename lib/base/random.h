/* Counter-based random numbers: every number is a function of a key and a counter, so that results
 * depend neither on threads nor on the order in which they are asked for. The mixer is the finaliser
 * of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014). */
#ifndef LFMI_RANDOM_H
#define LFMI_RANDOM_H

#include <stdint.h>

#define LFMI_GOLDEN UINT64_C(0x9E3779B97F4A7C15)

/* For a number or a vector of them. */
#define LFMI_MIX(x)                                          \
    ((x) = ((x) ^ ((x) >> 30)) * UINT64_C(0xBF58476D1CE4E5B9), \
     (x) = ((x) ^ ((x) >> 27)) * UINT64_C(0x94D049BB133111EB), \
     (x) = (x) ^ ((x) >> 31))
static inline uint64_t lfmi_mix(uint64_t x)
{
    LFMI_MIX(x);
    return x;
}

/* Derive a key from a key and a number: the root of an independent stream for each number. */
static inline uint64_t lfmi_key(uint64_t key, uint64_t number)
{
    return lfmi_mix(lfmi_mix(key + LFMI_GOLDEN) ^ (number * UINT64_C(0xD1342543DE82EF95)));
}

/* A stream of numbers: the n-th is a function of its key and n. */
typedef struct lfmi_stream {
    uint64_t state;
} lfmi_stream;

static inline lfmi_stream lfmi_stream_of(uint64_t key, uint64_t position)
{
    return (lfmi_stream){lfmi_key(key, position)};
}

static inline uint64_t lfmi_next(lfmi_stream *stream)
{
    stream->state += LFMI_GOLDEN;
    return lfmi_mix(stream->state);
}

__extension__ typedef unsigned __int128 lfmi_uint128;

/* Draw from [0, bound) without bias (Lemire 2019, arXiv:1805.10941). bound > 0. */
static inline uint64_t lfmi_bounded(lfmi_stream *stream, uint64_t bound)
{
    lfmi_uint128 product = (lfmi_uint128)lfmi_next(stream) * bound;
    if (__builtin_expect((uint64_t)product < bound, 0)) {
        const uint64_t threshold = (0 - bound) % bound;
        while ((uint64_t)product < threshold)
            product = (lfmi_uint128)lfmi_next(stream) * bound;
    }
    return (uint64_t)(product >> 64);
}

/* Draw two numbers from [0, bound) without bias, 0 < bound < 2^31, at the price of one. */
static inline void lfmi_bounded_pair(lfmi_stream *stream, uint32_t bound, int32_t out[2])
{
    const uint64_t bits = lfmi_next(stream);
    uint64_t products[2] = {(bits & UINT32_MAX) * bound, (bits >> 32) * bound};
    for (int i = 0; i < 2; i++) {
        if (__builtin_expect((uint32_t)products[i] < bound, 0)) {
            const uint32_t threshold = (0 - bound) % bound;
            while ((uint32_t)products[i] < threshold)
                products[i] = (lfmi_next(stream) >> 32) * bound;
        }
        out[i] = (int32_t)(products[i] >> 32);
    }
}

/* Turn a number into one uniform in [0, 1), a multiple of 2^-53. */
static inline double lfmi_unit(uint64_t x) { return (double)(x >> 11) * 0x1p-53; }

#endif
