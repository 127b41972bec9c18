/* Kernels in plain C that becomes vectors of whatever the file is compiled for. */
#include "base/order.h"

static void permute(const lfmi_order *order, int64_t begin, int32_t n, int64_t *entries)
{
    enum { BLOCK = 64 };
    for (int32_t done = 0; done < n; done += BLOCK) {
        const int32_t size = n - done < BLOCK ? n - done : BLOCK;
        uint32_t passed[BLOCK];
        const bool quick = order->narrow && !order->stored && size == BLOCK;
        for (uint32_t i = 0; i < BLOCK && quick; i++)
            passed[i] = lfmi_order_pass(order, (uint32_t)(begin + done) + i);
        for (int32_t i = 0; i < size; i++) {
            const bool once = quick && passed[i] < order->n;
            entries[done + i] = once ? passed[i] : lfmi_order_at(order, begin + done + i);
        }
    }
}

/* 16 whole numbers, which GCC and Clang turn into what vectors there are. */
typedef int32_t whole_lanes __attribute__((vector_size(LFMI_LANES * sizeof(int32_t))));

/* Make numbers that are ordered as the floats are whose bits they have. */
#define ORDERED(bits) ((bits) ^ ((bits) >> 31 & INT32_MAX))

static int32_t find_ranked(const float *scores, int32_t n, int32_t rank)
{
    const whole_lanes lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    for (int32_t base = 0; base < n; base += LFMI_LANES) {
        whole_lanes keys, before = {0}; /* how many come before each of 16 */
        memcpy(&keys, scores + base, sizeof keys);
        keys = ORDERED(keys);
        for (int32_t j = 0; j < n; j++) {
            int32_t key;
            memcpy(&key, &scores[j], sizeof key);
            key = ORDERED(key);
            before -= (key > keys) | ((key == keys) & (j < lane + base));
        }
        const whole_lanes fits = (before == rank) & (lane + base < n);
        int32_t at[LFMI_LANES], found = -1;
        memcpy(at, &fits, sizeof at);
        for (int32_t i = 0; i < LFMI_LANES; i++)
            found = at[i] != 0 ? base + i : found;
        if (found >= 0)
            return found;
    }
    return 0;
}
