/* UTF-8 and the four bytes a character that NumPy keeps texts in. */
#include "unicode.h"

size_t utf8_length(const unsigned char *text, size_t left)
{
    const unsigned char first = text[0];
    const size_t length = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first >= 0x80 && (first < 0xC2 || first > 0xF4 || length > left))
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xC0) != 0x80)
            return 0;
    }
    /* Overlong forms, surrogates, beyond U+10FFFF. */
    if ((first == 0xE0 && text[1] < 0xA0) || (first == 0xED && text[1] > 0x9F) ||
        (first == 0xF0 && text[1] < 0x90) || (first == 0xF4 && text[1] > 0x8F))
        return 0;
    return length;
}

int64_t utf8_count(const char *text, size_t length)
{
    int64_t n = 0;
    for (size_t at = 0; at < length; n++) {
        const size_t bytes = utf8_length((const unsigned char *)text + at, length - at);
        if (bytes == 0)
            return -1;
        at += bytes;
    }
    return n;
}

void utf8_to_utf32(const char *text, size_t length, unsigned char *out)
{
    static const unsigned char masks[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    const unsigned char *c = (const unsigned char *)text;
    for (size_t at = 0; at < length; out += 4) {
        const size_t bytes = utf8_length(c + at, length - at);
        uint32_t character = c[at] & masks[bytes];
        for (size_t i = 1; i < bytes; i++)
            character = character << 6 | (c[at + i] & 0x3F);
        for (int i = 0; i < 4; i++)
            out[i] = (unsigned char)(character >> (8 * i) & 0xFF);
        at += bytes;
    }
}

size_t utf8_put(uint32_t character, char out[4])
{
    if (character < 0x80) {
        out[0] = (char)character;
        return 1;
    }
    if (character > 0x10FFFF || (character >= 0xD800 && character < 0xE000))
        return 0;
    const size_t n = character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    static const unsigned char leads[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = n - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (character & 0x3F));
        character >>= 6;
    }
    out[0] = (char)(leads[n] | character);
    return n;
}
