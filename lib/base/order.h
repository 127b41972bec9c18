/* An epoch's order: a pseudo-random permutation that is computed, not stored, so that it takes no memory
 * and any position can be asked for from any thread. */
#ifndef LFMI_ORDER_H
#define LFMI_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"

enum { LFMI_ORDER_ROUNDS = 6 };

/* Numbers below n are written as high * 2^low_bits + low with high < n_high, and go through a Feistel
 * network of six rounds (Luby, Rackoff 1988) whose halves are updated by addition modulo n_high and by xor. What
 * lands at n or above goes through again ("cycle walking"; Black, Rogaway 2002): seldom, since n_high is
 * the least that covers n. */
typedef struct lfmi_order {
    uint64_t n;
    uint32_t n_high, low_mask, low_bits;
    bool narrow; /* n < 2^32: halves are of 16 bits, and 32 bits do for all of it */
    bool stored; /* the identity: stored order */
    uint32_t keys[LFMI_ORDER_ROUNDS];
} lfmi_order;

/* Set up the order of n entries that a key stands for. */
static inline lfmi_order lfmi_order_of(uint64_t key, int64_t n, bool stored)
{
    lfmi_order order = {.n = (uint64_t)n, .stored = stored};
    uint32_t bits = 0;
    while (bits < 62 && (order.n >> bits) > 0)
        bits++;
    order.low_bits = bits / 2;
    order.low_mask = (UINT32_C(1) << order.low_bits) - 1;
    order.n_high = (uint32_t)((order.n + order.low_mask) >> order.low_bits);
    order.narrow = bits <= 32;
    for (int i = 0; i < LFMI_ORDER_ROUNDS; i++)
        order.keys[i] = (uint32_t)lfmi_key(key, (uint64_t)i);
    return order;
}

/* A round's function: a mixer of 32 bits (Wellons 2018: lowbias32). */
static inline uint32_t lfmi_order_mix(uint32_t x)
{
    x = (x ^ x >> 16) * UINT32_C(0x7FEB352D);
    x = (x ^ x >> 15) * UINT32_C(0x846CA68B);
    return x ^ x >> 16;
}

/* Once through the network, for a narrow order: in 32 bits and without a branch, so that loops of it become vectors. */
static inline uint32_t lfmi_order_pass(const lfmi_order *order, uint32_t x)
{
    uint32_t high = x >> order->low_bits, low = x & order->low_mask;
    for (int round = 0; round < LFMI_ORDER_ROUNDS; round += 2) {
        high += (lfmi_order_mix(low ^ order->keys[round]) >> 16) * order->n_high >> 16;
        high -= high >= order->n_high ? order->n_high : 0;
        low ^= lfmi_order_mix(high ^ order->keys[round + 1]) & order->low_mask;
    }
    return high << order->low_bits | low;
}

static inline uint64_t lfmi_order_pass_wide(const lfmi_order *order, uint64_t x)
{
    uint64_t high = x >> order->low_bits;
    uint32_t low = (uint32_t)x & order->low_mask;
    for (int round = 0; round < LFMI_ORDER_ROUNDS; round += 2) {
        high += (uint64_t)lfmi_order_mix(low ^ order->keys[round]) * order->n_high >> 32;
        high -= high >= order->n_high ? order->n_high : 0;
        low ^= lfmi_order_mix((uint32_t)high ^ order->keys[round + 1]) & order->low_mask;
    }
    return high << order->low_bits | low;
}

/* Return the entry at a position of the order. */
static inline int64_t lfmi_order_at(const lfmi_order *order, int64_t position)
{
    uint64_t x = (uint64_t)position;
    if (order->stored)
        return position;
    do
        x = order->narrow ? lfmi_order_pass(order, (uint32_t)x) : lfmi_order_pass_wide(order, x);
    while (x >= order->n);
    return (int64_t)x;
}

#endif
