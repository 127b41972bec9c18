/* Decimal numbers from text, strictly: nothing before, nothing after, no nan, no inf, no hex. */
#ifndef LFM_TOOL_NUMBER_H
#define LFM_TOOL_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* [+-]digits[.digits][e[+-]digits], correctly rounded; false also when it overflows. */
bool parse_real(const char *text, size_t length, double *value);

/* As parse_real(), the fraction dropped; exact unless an exponent is given. */
bool parse_time(const char *text, size_t length, int64_t *value);

/* Digits only, from minimum to maximum. */
bool parse_count(const char *text, size_t length, int64_t minimum, int64_t maximum, int64_t *value);

#endif
