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

/* The logistic function 1 / (1 + exp(-x)). */
static inline double lfmi_sigmoid(double x) { return 1.0 / (1.0 + lfmi_exp(-x)); }

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
