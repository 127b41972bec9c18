/* exp, log and cos against the C library's long double; finiteness; the float environment. */
#include "base/numeric.h"

#include <math.h>
#include <stdlib.h>

#include "build.h"
#include "check.h"
#include "tap.h"

static double relative_off(double got, long double wanted)
{
    return (double)(fabsl((long double)got - wanted) / fabsl(wanted));
}

static void test_exp(void)
{
    double worst = 0;
    for (int i = -708000; i <= 708000; i += 7) {
        const double x = i * 1e-3 + 1e-7;
        if (fabs(x) > 708)
            continue;
        const double off = relative_off(lfmi_exp(x), expl((long double)x));
        worst = off > worst ? off : worst;
    }
    for (int i = 0; i <= 3000; i++) { /* small ones, both signs */
        const double x = ldexp(i % 2 ? 1.37 : -1.37, -i / 60);
        const double off = relative_off(lfmi_exp(x), expl((long double)x));
        worst = off > worst ? off : worst;
    }
    check_report(worst < 1e-15, false, __FILE__, __LINE__, "exp: relative error %g", worst);
    CHECK(lfmi_exp(0) == 1 && lfmi_exp(-0.0) == 1);
    CHECK(lfmi_exp(1e300) == lfmi_exp(708) && lfmi_exp(-1e300) == lfmi_exp(-708));
    CHECK(lfmi_exp((double)INFINITY) == lfmi_exp(708) && isnan(lfmi_exp((double)NAN)));
    CHECK(lfmi_exp(708) < (double)INFINITY && lfmi_exp(-708) > 0);
}

static void test_log(void)
{
    double worst = 0;
    test_random random = {3};
    for (int i = 0; i < 400000; i++) {
        const double mantissa = 1.0 + (double)(random_next(&random) >> 12) * 0x1p-52;
        const double x = ldexp(mantissa, random_below(&random, 2045) - 1022);
        const double off = relative_off(lfmi_log(x), logl((long double)x));
        worst = off > worst ? off : worst;
    }
    for (int i = 1; i < 100000; i++) { /* around 1, where the result is small */
        const double x = 1 + (i - 50000) * 1e-6;
        if (x == 1)
            continue;
        const double off = relative_off(lfmi_log(x), logl((long double)x));
        worst = off > worst ? off : worst;
    }
    for (int i = 1; i < 200000; i++) { /* WARP's ranks */
        const double off = i == 1 ? lfmi_log(1) : relative_off(lfmi_log(i), logl((long double)i));
        worst = off > worst ? off : worst;
    }
    check_report(worst < 1e-15, false, __FILE__, __LINE__, "log: relative error %g", worst);
    CHECK(lfmi_log(1) == 0);
}

static void test_cos(void)
{
    const double pi = 3.14159265358979323846;
    double worst = 0;
    for (int i = 0; i <= 200000; i++) {
        const double x = pi * i / 200000;
        const double off = (double)fabsl((long double)lfmi_cos(x) - cosl((long double)x));
        worst = off > worst ? off : worst;
    }
    check_report(worst < 1e-15, false, __FILE__, __LINE__, "cos: absolute error %g", worst);
    CHECK(lfmi_cos(0) == 1 && lfmi_cos(pi) == -1);
}

static void test_sigmoid(void)
{
    CHECK(lfmi_sigmoid(0) == 0.5);
    for (int i = -60; i <= 60; i++)
        CHECK_CLOSE(lfmi_sigmoid(0.37 * i), 1 / (1 + exp(-0.37 * i)), 1e-8, 0);
    CHECK(lfmi_sigmoid(1e9) == 1 && lfmi_sigmoid(-1e9) >= 0 && lfmi_sigmoid(-1e9) < 1e-300);
}

static void test_finite(void)
{
    static const float finite[] = {0, -0.0f, 1, -1, 3.4e38f, -3.4e38f, 1e-45f, 1e-38f};
    for (int i = 0; i < 8; i++)
        CHECK(lfmi_is_finite(finite[i]) && lfmi_is_finite_double((double)finite[i]));
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    for (int i = 0; i < 3; i++)
        CHECK(!lfmi_is_finite(bad[i]) && !lfmi_is_finite_double((double)bad[i]));
    CHECK(lfmi_is_finite_double(1e300) && !lfmi_is_finite((float)1e300));
}

static void test_environment(void)
{
    fenv_t saved;
    volatile float tiny = 1e-38f, third = 3, one = 1;
    fesetround(FE_UPWARD);
    const float up = one / third;
    lfmi_float_enter(&saved);
    const float nearest = one / third;
    const volatile float denormal = tiny / 16; /* not flushed */
    lfmi_float_leave(&saved);
    const int mode = fegetround();
    fesetround(FE_TONEAREST);
    CHECK(mode == FE_UPWARD);
    CHECK(up == nearest || up > nearest);
    CHECK(nearest == 1.0f / 3);
    CHECK(denormal > 0);
#if defined(__SSE__)
    /* Flush-to-zero and denormals-are-zero as a host might have set them. */
    const unsigned before = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(before | 0x8040u);
    const bool has_it = (__builtin_ia32_stmxcsr() & 0x8040u) == 0x8040u; /* not under valgrind */
    lfmi_float_enter(&saved);
    const volatile float kept = tiny / 16;
    lfmi_float_leave(&saved);
    const unsigned after = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(before);
    CHECK(kept > 0);
    CHECK(!has_it || (after & 0x8040u) == 0x8040u);
#endif
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"exp", test_exp},         {"log", test_log},       {"cos", test_cos},
        {"sigmoid", test_sigmoid}, {"finiteness", test_finite}, {"the float environment", test_environment},
    };
    return TAP_MAIN("numeric", tests, argc, argv);
}
