/* UTF-8 and the four bytes a character, little-endian or big, that NumPy keeps texts in. */
#ifndef LFM_TOOL_UNICODE_H
#define LFM_TOOL_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the UTF-8 character that `left` bytes begin with, 0 when it is none. */
size_t utf8_length(const unsigned char *text, size_t left);

/* Characters of a text; -1 when it is no UTF-8. */
int64_t utf8_count(const char *text, size_t length);

/* Write the characters of a valid text, four bytes each, little-endian. */
void utf8_to_utf32(const char *text, size_t length, unsigned char *out);

/* Write a character as UTF-8, at most four bytes; returns how many, 0 when there is no such character. */
size_t utf8_put(uint32_t character, char out[4]);

#endif
