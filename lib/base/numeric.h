/* Our own exp, log and cos: the same bits whatever the C library and CPU; and the float environment. */
#ifndef LFMI_NUMERIC_H
#define LFMI_NUMERIC_H

#include <fenv.h>
#include <stdint.h>
#include <string.h>

/* exp(x), relative error below 1e-15. x is clamped to [-708, 708]; NaN stays NaN. */
double lfmi_exp(double x);

/* ln(x) for finite x > 0 (normal numbers), relative error below 1e-15. */
double lfmi_log(double x);

/* cos(x) for x in [0, pi], absolute error below 1e-15. */
double lfmi_cos(double x);

/* The logistic function 1 / (1 + exp(-x)), relative error below 1e-8: gradients are float32. NaN stays NaN. */
static inline double lfmi_sigmoid(double x)
{
    const double shift = 6755399441055744.0; /* 1.5 * 2^52: adding it rounds to a whole number, in the low bits */
    const double y = x < -700.0 ? 700.0 : x > 700.0 ? -700.0 : -x;
    const double shifted = y * 1.44269504088896338700 + shift; /* y = k ln 2 + r, |r| <= ln 2 / 2 */
    const double r = y - (shifted - shift) * 6.93147180559945309417e-01, r2 = r * r, r4 = r2 * r2;
    /* The Taylor series of exp(r) to degree 7, in pairs: short chains. */
    const double low = 1.0 + r + (0.5 + r * (1.0 / 6)) * r2;
    const double high = 1.0 / 24 + r * (1.0 / 120) + (1.0 / 720 + r * (1.0 / 5040)) * r2;
    uint64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 1023) << 52; /* 2^k */
    double power;
    memcpy(&power, &bits, sizeof power);
    return 1.0 / (1.0 + (low + high * r4) * power);
}

/* Whether a float is neither NaN nor infinite, by its bits: no compiler option can fold it away. */
static inline int lfmi_is_finite(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (bits & UINT32_C(0x7F800000)) != UINT32_C(0x7F800000);
}
static inline int lfmi_is_finite_double(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (bits & UINT64_C(0x7FF0000000000000)) != UINT64_C(0x7FF0000000000000);
}

/* Numeric work runs between these two on every thread: default rounding, no flush-to-zero, and then the
 * caller's environment again. */
static inline void lfmi_float_enter(fenv_t *saved)
{
    fegetenv(saved);
    fesetenv(FE_DFL_ENV);
}
static inline void lfmi_float_leave(const fenv_t *saved) { fesetenv(saved); }

#endif
