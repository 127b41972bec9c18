/* exp, log and cos from additions, multiplications and divisions in a fixed order (IEEE 754 double,
 * -ffp-contract=off), by the textbook range reductions: Muller, Elementary Functions, ch. 11. */
#include "base/numeric.h"

/* ln 2 in two parts; the first has 32 trailing zero bits, so that k * LN2_HIGH is exact. */
#define LN2_HIGH 6.93147180369123816490e-01
#define LN2_LOW 1.90821492927058770002e-10
#define INVERSE_LN2 1.44269504088896338700e+00

static double power_of_two(int exponent)
{
    const uint64_t bits = (uint64_t)(exponent + 1023) << 52;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

double lfmi_exp(double x)
{
    if (x != x)
        return x;
    if (x > 708.0)
        x = 708.0;
    if (x < -708.0)
        x = -708.0;
    /* x = k ln 2 + r, |r| <= ln 2 / 2; the Taylor series of exp(r) to degree 13 is exact to 2^-56. */
    const double scaled = x * INVERSE_LN2;
    const int k = (int)(scaled + (scaled < 0 ? -0.5 : 0.5));
    const double r = (x - k * LN2_HIGH) - k * LN2_LOW;
    /* Even and odd powers are summed apart: two short chains instead of a long one. */
    static const double even[] = {1.0 / 479001600, 1.0 / 3628800, 1.0 / 40320, 1.0 / 720, 1.0 / 24, 0.5};
    static const double odd[] = {1.0 / 6227020800, 1.0 / 39916800, 1.0 / 362880, 1.0 / 5040, 1.0 / 120, 1.0 / 6};
    const double r2 = r * r;
    double even_sum = even[0], odd_sum = odd[0];
    for (int i = 1; i < (int)(sizeof even / sizeof *even); i++) {
        even_sum = even_sum * r2 + even[i];
        odd_sum = odd_sum * r2 + odd[i];
    }
    return ((even_sum + odd_sum * r) * r2 + r + 1.0) * power_of_two(k);
}

double lfmi_log(double x)
{
    /* x = m 2^k with m in [sqrt(1/2), sqrt(2)); ln m = 2 atanh(f), f = (m - 1) / (m + 1). */
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int k = (int)(bits >> 52) - 1023;
    bits = (bits & UINT64_C(0x000FFFFFFFFFFFFF)) | UINT64_C(0x3FF0000000000000);
    double m;
    memcpy(&m, &bits, sizeof m);
    if (m > 1.41421356237309504880) {
        m *= 0.5;
        k++;
    }
    const double f = (m - 1.0) / (m + 1.0);
    const double f2 = f * f;
    double sum = 0.0;
    for (int odd = 23; odd >= 3; odd -= 2) /* |f| < 0.1716: the next term is below 2^-64 */
        sum = (sum + 1.0 / odd) * f2;
    return k * LN2_HIGH + (2.0 * f + (2.0 * f * sum + k * LN2_LOW));
}

double lfmi_cos(double x)
{
    /* cos x = -cos(pi - x) brings x to [0, pi / 2]; Taylor to degree 22 is exact there to 2^-60. */
    static const double pi = 3.14159265358979323846;
    const double sign = x > pi / 2 ? -1.0 : 1.0;
    const double y = x > pi / 2 ? pi - x : x;
    const double y2 = y * y;
    double sum = 1.0;
    for (int even = 22; even >= 2; even -= 2)
        sum = 1.0 - sum * y2 / (even * (even - 1));
    return sign * sum;
}
