/* How far counts are from what was expected. */
#ifndef TEST_CHI_SQUARE_H
#define TEST_CHI_SQUARE_H

#include <math.h>
#include <stdint.h>

/* The chi-square statistic of n counts against their expectations (0 expected: must be 0 counted, else
 * infinity), turned into a standard normal number by Wilson and Hilferty's cube root. */
static inline double chi_square_z(const int64_t *counts, const double *expected, int n)
{
    double sum = 0, k = -1;
    for (int i = 0; i < n; i++) {
        if (expected[i] == 0) {
            if (counts[i] != 0)
                return INFINITY;
            continue;
        }
        const double off = (double)counts[i] - expected[i];
        sum += off * off / expected[i];
        k += 1;
    }
    if (k <= 0)
        return sum > 1e-9 ? INFINITY : 0;
    return (cbrt(sum / k) - (1 - 2 / (9 * k))) / sqrt(2 / (9 * k));
}

#endif
