/* Rows for kernels to work on, between canaries. */
#ifndef TEST_GUARDED_H
#define TEST_GUARDED_H

#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "check.h"

enum { CANARY = 32 };

static inline float canary(void)
{
    const uint32_t bits = UINT32_C(0x7FC0ABCD); /* a NaN: whatever reads it shows it */
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* n floats between canaries, on a cache line. */
typedef struct guarded {
    float *block, *data;
    int32_t n;
} guarded;

static inline guarded guarded_new(int32_t n)
{
    guarded g = {.n = n};
    void *block = NULL;
    REQUIRE(posix_memalign(&block, 64, ((size_t)n + 2 * CANARY) * sizeof(float)) == 0);
    g.block = block;
    g.data = g.block + CANARY;
    for (int32_t i = 0; i < n + 2 * CANARY; i++)
        g.block[i] = canary();
    return g;
}

static inline bool guarded_intact(const guarded *g)
{
    const float c = canary();
    for (int i = 0; i < CANARY; i++) {
        if (memcmp(&g->block[i], &c, sizeof c) != 0 || memcmp(&g->data[g->n + i], &c, sizeof c) != 0)
            return false;
    }
    return true;
}

static inline void fill(guarded *g, uint64_t seed)
{
    test_random random = {seed};
    for (int32_t i = 0; i < g->n; i++)
        g->data[i] = random_signed(&random) * (i % 7 == 0 ? 100.0f : 1.0f);
}

#endif
