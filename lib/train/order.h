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
    uint64_t n_high, low_mask;
    uint32_t low_bits;
    bool stored; /* the identity: stored order */
    uint64_t keys[LFMI_ORDER_ROUNDS];
} lfmi_order;

/* Set up the order of n entries that a key stands for. */
static inline lfmi_order lfmi_order_of(uint64_t key, int64_t n, bool stored)
{
    lfmi_order order = {.n = (uint64_t)n, .stored = stored};
    uint32_t bits = 0;
    while (bits < 62 && (order.n >> bits) > 0)
        bits++;
    order.low_bits = bits / 2;
    order.low_mask = (UINT64_C(1) << order.low_bits) - 1;
    order.n_high = (order.n + order.low_mask) >> order.low_bits;
    for (int i = 0; i < LFMI_ORDER_ROUNDS; i++)
        order.keys[i] = lfmi_key(key, (uint64_t)i);
    return order;
}

/* Return the entry at a position of the order. */
static inline int64_t lfmi_order_at(const lfmi_order *order, int64_t position)
{
    uint64_t x = (uint64_t)position;
    if (order->stored)
        return position;
    do {
        uint64_t high = x >> order->low_bits, low = x & order->low_mask;
        for (int round = 0; round < LFMI_ORDER_ROUNDS; round += 2) {
            high += (lfmi_mix(low ^ order->keys[round]) >> 32) * order->n_high >> 32;
            high -= high >= order->n_high ? order->n_high : 0;
            low ^= lfmi_mix(high ^ order->keys[round + 1]) & order->low_mask;
        }
        x = high << order->low_bits | low;
    } while (x >= order->n);
    return (int64_t)x;
}

#endif
