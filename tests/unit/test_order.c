/* The epoch's order is a permutation of every size, and places are uniform over keys. */
#include "base/order.h"

#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "check.h"
#include "chi_square.h"
#include "simd/kernels.h"
#include "tap.h"

static bool is_permutation(uint64_t key, int64_t n)
{
    char *seen = take((size_t)n, 1);
    const lfmi_order order = lfmi_order_of(key, n, false);
    bool good = true;
    for (int64_t i = 0; i < n && good; i++) {
        const int64_t at = lfmi_order_at(&order, i);
        good = at >= 0 && at < n && !seen[at];
        if (good)
            seen[at] = 1;
    }
    free(seen);
    return good;
}

static void test_permutations(void)
{
    for (int64_t n = 0; n <= 50; n++) {
        for (uint64_t key = 0; key < 50; key++)
            CHECK(is_permutation(key, n));
    }
    static const int64_t primes[] = {53, 97, 101, 127, 251, 257, 509, 521, 1009, 4099, 65537, 99991};
    for (int i = 0; i < 12; i++)
        CHECK(is_permutation(3, primes[i]) && is_permutation(UINT64_MAX, primes[i]));
    for (int bits = 6; bits <= 17; bits++) {
        for (int64_t off = -1; off <= 1; off++)
            CHECK(is_permutation((uint64_t)bits, (INT64_C(1) << bits) + off));
    }
    CHECK(is_permutation(1, 1000000));
}

static void test_stored(void)
{
    const lfmi_order order = lfmi_order_of(5, 1000, true);
    bool same = true;
    for (int64_t i = 0; i < 1000; i++)
        same = same && lfmi_order_at(&order, i) == i;
    CHECK(same);
}

/* Where a place lands, over many keys, is uniform; and where the next one lands is roughly so: three
 * rounds mix a handful of numbers only so well, which training does not notice. */
static void test_uniform(void)
{
    for (int64_t n = 2; n <= 9; n++) {
        for (int64_t place = 0; place < n; place++) {
            int64_t counts[9] = {0}, next[9] = {0};
            double expected[9], worst_next = 0;
            const int keys = 4000;
            for (int key = 0; key < keys; key++) {
                const lfmi_order order = lfmi_order_of(lfmi_key(11, (uint64_t)key), n, false);
                const int64_t at = lfmi_order_at(&order, place);
                counts[at]++;
                next[(lfmi_order_at(&order, (place + 1) % n) - at + n) % n]++;
            }
            for (int64_t i = 0; i < n; i++) {
                expected[i] = (double)keys / (double)n;
                const double off = i == 0 ? (double)next[0] : (double)next[i] * (double)(n - 1) / keys - 1;
                worst_next = fabs(off) > worst_next ? fabs(off) : worst_next;
            }
            const double z = chi_square_z(counts, expected, (int)n);
            check_report(z < 4.5, false, __FILE__, __LINE__, "n %d, place %d: z = %g", (int)n, (int)place, z);
            check_report(worst_next < 0.5, false, __FILE__, __LINE__, "n %d, after place %d: off by %g", (int)n,
                         (int)place, worst_next);
        }
    }
}

/* Neighbours in the order are not neighbours in store: half of all steps go more than n / 4 away. */
static void test_scattered(void)
{
    enum { N = 100000 };
    for (uint64_t key = 1; key < 4; key++) {
        const lfmi_order order = lfmi_order_of(key, N, false);
        int64_t far = 0, up = 0, before = lfmi_order_at(&order, 0), fixed = 0;
        for (int64_t i = 1; i < N; i++) {
            const int64_t at = lfmi_order_at(&order, i), off = at > before ? at - before : before - at;
            far += off > N / 4;
            up += at > before;
            fixed += at == i;
            before = at;
        }
        CHECK_CLOSE((double)far / N, 0.5625, 0, 0.02);
        CHECK_CLOSE((double)up / N, 0.5, 0, 0.02);
        CHECK(fixed < 12);
    }
}

/* More entries than 32 bits count: still inside, and different places differ. */
static void test_huge(void)
{
    static const int64_t sizes[] = {(INT64_C(1) << 31) + 1, (INT64_C(1) << 33) - 7, INT64_C(1) << 45};
    for (int s = 0; s < 3; s++) {
        const lfmi_order order = lfmi_order_of(9, sizes[s], false);
        int64_t low = INT64_MAX, high = 0, before = -1;
        for (int64_t i = 0; i < 5000; i++) {
            const int64_t at = lfmi_order_at(&order, sizes[s] - 1 - i);
            REQUIRE(at >= 0 && at < sizes[s] && at != before);
            low = at < low ? at : low;
            high = at > high ? at : high;
            before = at;
        }
        CHECK(low < sizes[s] / 100 && high > sizes[s] / 100 * 99);
    }
}

/* Many positions at once are what one by one they are, whatever the order, begin and number. */
static void test_permute(void)
{
    enum { LONGEST = 300 };
    static const int64_t sizes[] = {1, 2, 63, 1000, 65536, 100003, INT64_C(1) << 31, INT64_C(1) << 32, INT64_C(1) << 40};
    const lfmi_kernels *k;
    for (int which = 0; (k = lfmi_kernels_at(which)) != NULL; which++) {
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            bool good = true;
            for (int32_t n = 0; n <= LONGEST && n <= sizes[s]; n += 7) {
                const lfmi_order order = lfmi_order_of((uint64_t)n, sizes[s], n % 5 == 4);
                const int64_t begin = (sizes[s] - n) / (n % 3 + 1);
                int64_t entries[LONGEST + 1];
                entries[n] = -7;
                k->permute(&order, begin, n, entries);
                for (int32_t i = 0; i < n; i++)
                    good = good && entries[i] == lfmi_order_at(&order, begin + i);
                good = good && entries[n] == -7;
            }
            check_report(good, false, __FILE__, __LINE__, "%s: order of %lld", k->name, (long long)sizes[s]);
        }
    }
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"a permutation of every size", test_permutations}, {"stored order", test_stored},
        {"places are uniform over keys", test_uniform},     {"neighbours are scattered", test_scattered},
        {"more than 32 bits of entries", test_huge}, {"many positions at once", test_permute},
    };
    return TAP_MAIN("order", tests, argc, argv);
}
