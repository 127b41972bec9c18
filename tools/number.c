/* Decimal numbers from text, strictly. */
#include "number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* The command never calls setlocale(), so strtod() reads the C locale's numbers. */
static bool parse_real_slowly(const char *text, size_t length, double *value)
{
    char copy[512];
    if (length >= sizeof copy)
        return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    *value = strtod(copy, NULL);
    return isfinite(*value);
}

bool parse_real(const char *text, size_t length, double *value)
{
    /* A mantissa below 2^53 times or over a power of ten up to 10^22 is rounded once, hence correctly
     * (Clinger 1990). */
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    enum {
        EXACT_POWERS = sizeof powers / sizeof *powers,
        EXACT_DIGITS = 15,
        LARGEST_EXPONENT = 9999
    };
    const char *at = text, *const end = text + length;
    const bool negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    uint64_t mantissa = 0;
    int32_t digits = 0, fraction = 0, exponent = 0;
    bool any = false;
    for (; at < end && is_digit(*at); at++, any = true) {
        mantissa = mantissa * 10 + (uint64_t)(*at - '0');
        digits += mantissa != 0;
    }
    if (at < end && *at == '.') {
        for (at++; at < end && is_digit(*at); at++, any = true) {
            mantissa = mantissa * 10 + (uint64_t)(*at - '0');
            digits += mantissa != 0;
            fraction++;
        }
    }
    if (!any)
        return false;
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        const bool down = at < end && *at == '-';
        if (at < end && (*at == '-' || *at == '+'))
            at++;
        if (at == end)
            return false;
        for (; at < end && is_digit(*at); at++) {
            if (exponent <= LARGEST_EXPONENT)
                exponent = exponent * 10 + (*at - '0');
        }
        exponent = down ? -exponent : exponent;
    }
    if (at != end)
        return false;
    exponent -= fraction;
    if (digits > EXACT_DIGITS || exponent <= -EXACT_POWERS || exponent >= EXACT_POWERS)
        return parse_real_slowly(text, length, value);
    const double whole = (double)mantissa;
    const double magnitude = exponent < 0 ? whole / powers[-exponent] : whole * powers[exponent];
    *value = negative ? -magnitude : magnitude;
    return true;
}

bool parse_time(const char *text, size_t length, int64_t *value)
{
    const char *at = text, *const end = text + length;
    const bool negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    const char *const first = at;
    int64_t whole = 0;
    for (; at < end && is_digit(*at); at++) {
        const int64_t digit = *at - '0';
        if (whole > (INT64_MAX - digit) / 10)
            return false;
        whole = whole * 10 + digit;
    }
    const bool any = at > first;
    if (at < end && *at == '.') {
        for (at++; at < end && is_digit(*at); at++)
            continue;
    }
    if (any && at == end) {
        *value = negative ? -whole : whole;
        return true;
    }
    static const double limit = 9223372036854775808.0; /* 2^63 */
    double real;
    if (!parse_real(text, length, &real) || !(real > -limit && real < limit))
        return false;
    *value = (int64_t)real;
    return true;
}

bool parse_count(const char *text, size_t length, int64_t minimum, int64_t maximum, int64_t *value)
{
    enum { MOST_DIGITS = 18 };
    int64_t whole = 0;
    if (length == 0 || length > MOST_DIGITS)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (!is_digit(text[i]))
            return false;
        whole = whole * 10 + (text[i] - '0');
    }
    *value = whole;
    return whole >= minimum && whole <= maximum;
}
