/* Products of codes on AVX2, which AVX-512 without VNNI has no reason to do otherwise: 16 codes fill a
 * register once they are widened to 16 bits. */
#include <immintrin.h>
#include <stdint.h>

typedef __m256i VC;
typedef __m256i VI;

static inline VC vc_load(const int8_t *p) { return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)p)); }
static inline VI vi_zero(void) { return _mm256_setzero_si256(); }
static inline VI vi_add_products(VI sum, VC a, VC b) { return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b)); }
static inline void vi_sum_group(const VI sums[4], int32_t *out)
{
    const __m256i two = _mm256_hadd_epi32(_mm256_hadd_epi32(sums[0], sums[1]), _mm256_hadd_epi32(sums[2], sums[3]));
    const __m128i one = _mm_add_epi32(_mm256_castsi256_si128(two), _mm256_extracti128_si256(two, 1));
    _mm_storeu_si128((__m128i *)(void *)out, one);
}

#if !defined(WITH_VNNI)
/* Scanning: two products of a byte and a code of at most 63 fit 16 bits. */
typedef struct VS {
    __m256i low, high;
} VS;
typedef VS VB;

static inline VS vs_set(int32_t x) { return (VS){_mm256_set1_epi32(x), _mm256_set1_epi32(x)}; }
static inline VB vb_load(const uint8_t *p)
{
    const __m256i *from = (const __m256i *)(const void *)p;
    return (VB){_mm256_loadu_si256(from), _mm256_loadu_si256(from + 1)};
}
static inline __m256i add_fours(__m256i sum, __m256i bytes, __m256i codes)
{
    return _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(bytes, codes), _mm256_set1_epi16(1)));
}
static inline VS vs_add_products(VS s, VB b, int32_t user)
{
    const __m256i codes = _mm256_set1_epi32(user);
    return (VS){add_fours(s.low, b.low, codes), add_fours(s.high, b.high, codes)};
}
#define CODES_USERS 4
#define CODES_PANELS 1
#define MOST_CODE 63
#endif
