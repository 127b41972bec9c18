/* Negatives are drawn in proportion to popularity to a power. */
#include "train/sampler.h"

#include <math.h>
#include <stdlib.h>

#include "build.h"
#include "check.h"
#include "chi_square.h"
#include "tap.h"

enum { ITEMS = 12, N = 500, DRAWS = 240000 };

static void check_power(double power, int32_t n_items)
{
    test_entries e = entries_random(2, N, 20, ITEMS, 2, 0);
    for (int64_t i = 0; i < e.n; i++)
        e.items[i] = e.items[i] == 5 ? 4 : e.items[i]; /* item 5 is stored nowhere */
    lfm_interactions *m = entries_build(NULL, &e);
    double popularity[ITEMS + 4] = {0}, expected[ITEMS + 4], sum = 0;
    for (int64_t i = 0; i < e.n; i++)
        popularity[e.items[i]] += 1;
    for (int32_t i = 0; i < n_items; i++) {
        expected[i] = power == 0 ? 1 : popularity[i] > 0 ? pow(popularity[i], power) : 0;
        sum += expected[i];
    }
    for (int32_t i = 0; i < n_items; i++)
        expected[i] *= DRAWS / sum;
    lfmi_sampler sampler;
    REQUIRE_OK(lfmi_sampler_new(m, n_items, power, &sampler));
    int64_t counts[ITEMS + 4] = {0};
    for (uint64_t i = 0; i < DRAWS; i++) {
        lfmi_stream stream = lfmi_stream_of(3, i);
        const int32_t item = lfmi_draw(&sampler, &stream);
        REQUIRE(item >= 0 && item < n_items);
        counts[item]++;
    }
    const double z = chi_square_z(counts, expected, n_items);
    check_report(z < 4, false, __FILE__, __LINE__, "power %g, %d items: z = %g", power, n_items, z);
    lfmi_sampler_free(m->context, &sampler);
    lfm_interactions_free(m);
    entries_free(&e);
}

static void test_powers(void)
{
    static const double powers[] = {0, 0.01, 0.5, 0.75, 0.999, 1};
    for (int i = 0; i < 6; i++) {
        check_power(powers[i], ITEMS);
        check_power(powers[i], ITEMS + 3); /* items that only a feature matrix knows */
    }
}

/* Extreme popularity: one item with nearly all, thousands with one each. */
static void test_skewed(void)
{
    enum { MANY = 3000, HEAD = 90000 };
    test_entries e = entries_random(2, HEAD + MANY - 1, 10, MANY, 0, 0);
    for (int64_t i = 0; i < e.n; i++)
        e.items[i] = i < HEAD ? 0 : (int32_t)(i - HEAD + 1);
    lfm_interactions *m = entries_build(NULL, &e);
    lfmi_sampler sampler;
    REQUIRE_OK(lfmi_sampler_new(m, MANY, 0.5, &sampler));
    int64_t head = 0;
    for (uint64_t i = 0; i < DRAWS; i++) {
        lfmi_stream stream = lfmi_stream_of(3, i);
        head += lfmi_draw(&sampler, &stream) == 0;
    }
    const double p = 300.0 / (300 + MANY - 1), z = ((double)head - DRAWS * p) / sqrt(DRAWS * p * (1 - p));
    check_report(fabs(z) < 4, false, __FILE__, __LINE__, "head: z = %g", z);
    /* Every cell of the table leads to an item, and the shares add up exactly enough. */
    double *share = take(MANY, sizeof *share);
    for (int32_t i = 0; i < MANY; i++) {
        const lfmi_alias *cell = &sampler.table[i];
        REQUIRE(cell->alias >= 0 && cell->alias < MANY);
        const double keep = (double)cell->keep / 4294967296.0;
        share[i] += keep;
        share[cell->alias] += 1 - keep;
    }
    for (int32_t i = 1; i < MANY; i++)
        CHECK_CLOSE(share[i], MANY * 1.0 / (300 + MANY - 1), 1e-6, 0);
    CHECK_CLOSE(share[0], MANY * 300.0 / (300 + MANY - 1), 1e-6, 0);
    free(share);
    lfmi_sampler_free(m->context, &sampler);
    lfm_interactions_free(m);
    entries_free(&e);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"powers of popularity", test_powers},
        {"one item with nearly all", test_skewed},
    };
    return TAP_MAIN("sampler", tests, argc, argv);
}
