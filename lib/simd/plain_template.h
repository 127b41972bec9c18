/* Kernels in plain C that becomes vectors of whatever the file is compiled for. */
#include "base/order.h"
#include "base/random.h"

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

/* The product of the lower halves of 64-bit numbers, the second of which has no upper half. */
#if !defined(LOWER_TIMES)
#define LOWER_TIMES(a, b) (((a) & UINT32_MAX) * (b))
#endif

/* Make numbers that are ordered as the floats are whose bits they have. */
#define ORDERED(bits) ((bits) ^ ((bits) >> 31 & INT32_MAX))

#if !defined(EQUAL_LANES)
static inline uint32_t equal_lanes(const whole_part *v, int32_t x)
{
    uint32_t bits = 0;
    for (int32_t i = 0; i < PART; i++)
        bits |= (uint32_t)((*v)[i] == x) << i;
    return bits;
}
#define EQUAL_LANES(v, x) equal_lanes(&(v), x)
#endif

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
        const uint32_t found = EQUAL_LANES(before, rank) & (n - base < PART ? (1u << (n - base)) - 1 : UINT32_MAX);
        if (found != 0)
            return base + __builtin_ctz(found);
    }
    return 0;
}

/* LFMI_STREAMS numbers of 64 bits. */
typedef uint64_t streams_part __attribute__((vector_size(LFMI_STREAMS * sizeof(uint64_t))));

static void draw_pairs(uint64_t *streams, const uint64_t *bounds, int32_t (*out)[2])
{
    const uint64_t lower = UINT32_MAX;
    uint64_t before[LFMI_STREAMS], again[LFMI_STREAMS];
    streams_part x, bound;
    memcpy(before, streams, sizeof before);
    memcpy(&x, streams, sizeof x);
    memcpy(&bound, bounds, sizeof bound);
    x += LFMI_GOLDEN;
    memcpy(streams, &x, sizeof x);
    LFMI_MIX(x);
    const streams_part first = LOWER_TIMES(x, bound), second = LOWER_TIMES(x >> 32, bound);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    const streams_part pairs = (first & ~lower) | second >> 32;
#else
    const streams_part pairs = first >> 32 | (second & ~lower);
#endif
    memcpy(out, &pairs, sizeof pairs);
    const streams_part rejected = (streams_part)((first & lower) < bound) | (streams_part)((second & lower) < bound);
    memcpy(again, &rejected, sizeof again);
    uint64_t any = 0;
    for (int i = 0; i < LFMI_STREAMS; i++)
        any |= again[i];
    for (int i = 0; i < LFMI_STREAMS && any != 0; i++) {
        if (again[i] == 0)
            continue;
        lfmi_stream stream = {before[i]};
        lfmi_bounded_pair(&stream, (uint32_t)bounds[i], out[i]);
        streams[i] = stream.state;
    }
}
