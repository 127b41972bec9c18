/* The hash of ids. Model files hold tables that it made: it must never change. */
#ifndef LFMI_IDS_HASH_H
#define LFMI_IDS_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* SipHash-1-3 (Aumasson and Bernstein 2012, one round a word, three at the end) under the key of 16 zero bytes,
 * over the id's bytes; a number is its 8 bytes, little-endian. It is what Rust's DefaultHasher and, with
 * PYTHONHASHSEED=0, CPython 3.11's hash(bytes) compute. The key is no secret, since files hold the tables: who
 * wants to can still find ids that begin at the same slot by trying, but cannot write down collisions. */

static inline uint64_t lfmi_ids_word(const unsigned char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* The last `n` < 8 bytes as a little-endian number. */
static inline uint64_t lfmi_ids_tail(const unsigned char *bytes, size_t n)
{
    uint64_t word = 0;
    for (size_t i = 0; i < n; i++)
        word |= (uint64_t)bytes[i] << (8 * i);
    return word;
}

typedef struct lfmi_sip {
    uint64_t v0, v1, v2, v3;
} lfmi_sip;

static inline uint64_t lfmi_rotate(uint64_t x, int bits) { return x << bits | x >> (64 - bits); }

static inline void lfmi_sip_round(lfmi_sip *s)
{
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = lfmi_rotate(s->v1, 13) ^ s->v0;
    s->v3 = lfmi_rotate(s->v3, 16) ^ s->v2;
    s->v0 = lfmi_rotate(s->v0, 32) + s->v3;
    s->v2 += s->v1;
    s->v3 = lfmi_rotate(s->v3, 21) ^ s->v0;
    s->v1 = lfmi_rotate(s->v1, 17) ^ s->v2;
    s->v2 = lfmi_rotate(s->v2, 32);
}

static inline void lfmi_sip_word(lfmi_sip *s, uint64_t word)
{
    s->v3 ^= word;
    lfmi_sip_round(s);
    s->v0 ^= word;
}

static inline lfmi_sip lfmi_sip_begin(void)
{
    return (lfmi_sip){UINT64_C(0x736F6D6570736575), UINT64_C(0x646F72616E646F6D),
                      UINT64_C(0x6C7967656E657261), UINT64_C(0x7465646279746573)};
}

static inline uint64_t lfmi_sip_end(lfmi_sip *s, size_t length, uint64_t tail)
{
    lfmi_sip_word(s, (uint64_t)length << 56 | tail);
    s->v2 ^= 0xFF;
    for (int i = 0; i < 3; i++)
        lfmi_sip_round(s);
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

static inline uint64_t lfmi_ids_hash_text(const char *text, size_t length)
{
    const unsigned char *bytes = (const unsigned char *)text;
    lfmi_sip s = lfmi_sip_begin();
    size_t at = 0;
    for (; length - at >= sizeof(uint64_t); at += sizeof(uint64_t))
        lfmi_sip_word(&s, lfmi_ids_word(bytes + at));
    const size_t left = length - at;
    /* Where there are 8 bytes, the last ones are read whole, without a loop over the rest. */
    const uint64_t tail = left == 0 ? 0
                          : length >= sizeof(uint64_t)
                              ? lfmi_ids_word(bytes + length - sizeof(uint64_t)) >> (8 * (sizeof(uint64_t) - left))
                              : lfmi_ids_tail(bytes, left);
    return lfmi_sip_end(&s, length, tail);
}

static inline uint64_t lfmi_ids_hash_number(int64_t number)
{
    lfmi_sip s = lfmi_sip_begin();
    lfmi_sip_word(&s, (uint64_t)number);
    return lfmi_sip_end(&s, sizeof number, 0);
}

#endif
