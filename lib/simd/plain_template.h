/* Kernels in plain C that becomes vectors of whatever the file is compiled for. */
#include "base/order.h"

static void permute(const lfmi_order *order, int64_t begin, int32_t n, int64_t *entries)
{
    enum { BLOCK = 64 };
    for (int32_t done = 0; done < n; done += BLOCK) {
        const int32_t size = n - done < BLOCK ? n - done : BLOCK;
        uint32_t passed[BLOCK];
        const bool quick = order->narrow && !order->stored;
        for (uint32_t i = 0; i < BLOCK && quick; i++)
            passed[i] = lfmi_order_pass(order, (uint32_t)(begin + done) + i);
        for (int32_t i = 0; i < size; i++) {
            const bool once = quick && passed[i] < order->n;
            entries[done + i] = once ? passed[i] : lfmi_order_at(order, begin + done + i);
        }
    }
}

/* Whole numbers, as many as a register of the instruction set holds. */
#if defined(__AVX512F__)
enum { PART = 16 };
#elif defined(__AVX2__)
enum { PART = 8 };
#else
enum { PART = 4 };
#endif
typedef int32_t whole_part __attribute__((vector_size(PART * sizeof(int32_t))));

/* Make numbers that are ordered as the floats are whose bits they have. */
#define ORDERED(bits) ((bits) ^ ((bits) >> 31 & INT32_MAX))

static int32_t find_ranked(const float *scores, int32_t n, int32_t rank)
{
    int32_t lanes[PART];
    whole_part lane;
    for (int32_t i = 0; i < PART; i++)
        lanes[i] = i;
    memcpy(&lane, lanes, sizeof lane);
    for (int32_t base = 0; base < n; base += PART) {
        whole_part keys, before = {0}; /* how many come before each */
        memcpy(&keys, scores + base, sizeof keys);
        keys = ORDERED(keys);
        for (int32_t j = 0; j < n; j++) {
            int32_t key;
            memcpy(&key, &scores[j], sizeof key);
            key = ORDERED(key);
            before -= (key > keys) | ((key == keys) & (j < lane + base));
        }
        memcpy(lanes, &before, sizeof lanes);
        int32_t found = -1;
        for (int32_t i = 0; i < PART; i++)
            found = lanes[i] == rank && base + i < n ? base + i : found;
        if (found >= 0)
            return found;
    }
    return 0;
}
