/* Sorting of every shape of input. */
#include "base/sort.h"

#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "check.h"
#include "tap.h"

enum { SHAPES = 9 };

static int32_t shape(int which, int64_t i, int64_t n, test_random *random)
{
    switch (which) {
    case 0: return (int32_t)i;
    case 1: return (int32_t)(n - i);
    case 2: return 7;
    case 3: return random_below(random, INT32_MAX) - INT32_MAX / 2;
    case 4: return random_below(random, 3);
    case 5: return i < n / 2 ? (int32_t)i : (int32_t)(n - i); /* organ pipe */
    case 6: return (int32_t)(i % 2 ? i : -i);
    case 7: return i % 3 == 0 ? INT32_MIN : INT32_MAX;
    default: return (int32_t)(i % 17 * 1000 + i / 17);
    }
}

static int compare(const void *a, const void *b)
{
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static const int64_t sizes[] = {0, 1, 2, 3, 10, 23, 24, 25, 26, 100, 1000, 4097, 50000};

static void test_int32(void)
{
    test_random random = {1};
    for (int which = 0; which < SHAPES; which++) {
        for (int s = 0; s < 13; s++) {
            const int64_t n = sizes[s];
            int32_t *values = take((size_t)n + 2, sizeof *values), *wanted = take((size_t)n, sizeof *wanted);
            values[0] = values[n + 1] = 12345; /* canaries */
            for (int64_t i = 0; i < n; i++)
                wanted[i] = values[i + 1] = shape(which, i, n, &random);
            qsort(wanted, (size_t)n, sizeof *wanted, compare);
            lfmi_sort_int32(values + 1, n);
            CHECK(memcmp(values + 1, wanted, (size_t)n * sizeof *wanted) == 0);
            CHECK(values[0] == 12345 && values[n + 1] == 12345);
            free(values);
            free(wanted);
        }
    }
}

static int compare_cells(const void *a, const void *b)
{
    const lfmi_cell *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->tie > y->tie) - (x->tie < y->tie);
}

static void test_cells(void)
{
    test_random random = {2};
    for (int which = 0; which < SHAPES; which++) {
        for (int s = 0; s < 13; s++) {
            const int64_t n = sizes[s];
            lfmi_cell *cells = take((size_t)n, sizeof *cells), *wanted = take((size_t)n, sizeof *wanted);
            for (int64_t i = 0; i < n; i++)
                wanted[i] = cells[i] = (lfmi_cell){(int64_t)shape(which, i, n, &random) * (1 << 20),
                                                   random_below(&random, 5) == 0 ? INT64_MIN + i : -i};
            qsort(wanted, (size_t)n, sizeof *wanted, compare_cells);
            lfmi_sort_cells(cells, n);
            bool same = true;
            for (int64_t i = 0; i < n; i++)
                same = same && cells[i].key == wanted[i].key && cells[i].tie == wanted[i].tie;
            CHECK(same);
            free(cells);
            free(wanted);
        }
    }
}

/* Input that sends a median-of-three quicksort to quadratic time (Musser's killer sequence): the
 * heapsort steps in, and a million numbers are sorted all the same. */
static void test_killer(void)
{
    enum { N = 1 << 20 };
    int32_t *values = take(N, sizeof *values);
    for (int32_t i = 0; i < N / 2; i++) {
        values[i] = i % 2 == 0 ? i + 1 : N / 2 + i + (i % 4 == 1 ? 0 : 1);
        values[N / 2 + i] = 2 * (i + 1);
    }
    lfmi_sort_int32(values, N);
    bool ascending = true;
    for (int64_t i = 1; i < N; i++)
        ascending = ascending && values[i - 1] <= values[i];
    CHECK(ascending);
    free(values);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"integers of every shape", test_int32},
        {"cells with ties", test_cells},
        {"a quicksort killer", test_killer},
    };
    return TAP_MAIN("sort", tests, argc, argv);
}
