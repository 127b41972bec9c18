/* Random numbers: bounded draws without bias, independent streams, known first numbers. */
#include "base/random.h"

#include <stdlib.h>

#include "build.h"
#include "check.h"
#include "chi_square.h"
#include "tap.h"

/* The published sequence of SplitMix64 seeded with 1234567. */
static void test_known(void)
{
    static const uint64_t wanted[] = {UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
                                      UINT64_C(9817491932198370423), UINT64_C(4593380528125082431),
                                      UINT64_C(16408922859458223821)};
    lfmi_stream stream = {1234567};
    for (int i = 0; i < 5; i++)
        CHECK(lfmi_next(&stream) == wanted[i]);
}

static void test_bounded(void)
{
    static const uint64_t bounds[] = {1, 2, 3, 5, 7, 10, 64, 100, 257};
    for (int b = 0; b < 9; b++) {
        const int bound = (int)bounds[b];
        int64_t counts[257] = {0};
        double expected[257];
        const int64_t n = 2000 * bound;
        lfmi_stream stream = lfmi_stream_of(7, bounds[b]);
        for (int64_t i = 0; i < n; i++) {
            const uint64_t x = lfmi_bounded(&stream, bounds[b]);
            REQUIRE(x < bounds[b]);
            counts[x]++;
        }
        for (int i = 0; i < bound; i++)
            expected[i] = 2000;
        const double z = chi_square_z(counts, expected, bound);
        check_report(z < 4, false, __FILE__, __LINE__, "bound %d: z = %g", bound, z);
    }
}

/* With a bound of 3/4 2^64 a draw without rejection would hit the lowest third of values twice as
 * often; counted by thirds. */
static void test_unbiased(void)
{
    const uint64_t bound = (UINT64_C(3) << 62);
    int64_t counts[3] = {0};
    const double expected[3] = {100000, 100000, 100000};
    lfmi_stream stream = lfmi_stream_of(1, 2);
    for (int i = 0; i < 300000; i++) {
        const uint64_t x = lfmi_bounded(&stream, bound);
        REQUIRE(x < bound);
        counts[x % 3]++;
    }
    CHECK(chi_square_z(counts, expected, 3) < 4);
    lfmi_stream largest = lfmi_stream_of(1, 3);
    CHECK(lfmi_bounded(&largest, UINT64_MAX) < UINT64_MAX);
}

/* First numbers of neighbouring streams are as independent as numbers of one stream. */
static void test_streams(void)
{
    enum { BINS = 64, N = 64000 };
    for (int which = 0; which < 3; which++) {
        int64_t counts[BINS] = {0}, pairs[BINS] = {0};
        double expected[BINS];
        uint64_t before = 0;
        for (uint64_t i = 0; i < N; i++) {
            lfmi_stream stream = which == 0   ? lfmi_stream_of(5, i)
                                 : which == 1 ? lfmi_stream_of(i, 5)
                                              : lfmi_stream_of(lfmi_key(5, i), 0);
            const uint64_t x = lfmi_next(&stream);
            counts[x % BINS]++;
            pairs[(x >> 32 ^ before >> 32) % BINS]++;
            before = x;
        }
        for (int i = 0; i < BINS; i++)
            expected[i] = (double)N / BINS;
        CHECK(chi_square_z(counts, expected, BINS) < 4);
        CHECK(chi_square_z(pairs, expected, BINS) < 4);
    }
}

static void test_unit_interval(void)
{
    CHECK(lfmi_unit(0) == 0 && lfmi_unit(UINT64_MAX) < 1 && lfmi_unit(UINT64_MAX) > 0.9999999999999998);
    double sum = 0, squares = 0;
    lfmi_stream stream = lfmi_stream_of(9, 9);
    for (int i = 0; i < 100000; i++) {
        const double x = lfmi_unit(lfmi_next(&stream));
        sum += x;
        squares += x * x;
    }
    CHECK_CLOSE(sum / 100000, 0.5, 0, 0.005);
    CHECK_CLOSE(squares / 100000, 1.0 / 3, 0, 0.005);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"the published sequence", test_known},     {"bounded draws are uniform", test_bounded},
        {"large bounds are unbiased", test_unbiased}, {"neighbouring streams", test_streams},
        {"the unit interval", test_unit_interval},
    };
    return TAP_MAIN("random", tests, argc, argv);
}
