/* Products of codes on AVX2, which AVX-512 without VNNI has no reason to do otherwise. */
#include <immintrin.h>
#include <stdint.h>

#include "simd/kernels.h"

/* Two heads beside each other. */
static inline __m128 two_heads(const lfmi_head *first, const lfmi_head *second)
{
    const double *low = (const double *)(const void *)first, *high = (const double *)(const void *)second;
    return _mm_castpd_ps(_mm_loadh_pd(_mm_load_sd(low), high));
}

static inline uint32_t vi_score(const __m256i sums[4], lfmi_round *round, int32_t at, const lfmi_head *const *heads)
{
    const __m256i two = _mm256_hadd_epi32(_mm256_hadd_epi32(sums[0], sums[1]), _mm256_hadd_epi32(sums[2], sums[3]));
    const __m128i products = _mm_add_epi32(_mm256_castsi256_si128(two), _mm256_extracti128_si256(two, 1));
    const __m128 low = two_heads(heads[0], heads[1]), high = two_heads(heads[2], heads[3]);
    const __m128 scales = _mm_mul_ps(_mm_set1_ps(round->scales[at]), _mm_shuffle_ps(low, high, _MM_SHUFFLE(2, 0, 2, 0)));
    const __m128 biases = _mm_add_ps(_mm_set1_ps(round->biases[at]), _mm_shuffle_ps(low, high, _MM_SHUFFLE(3, 1, 3, 1)));
    const __m128 all = _mm_add_ps(_mm_mul_ps(_mm_cvtepi32_ps(products), scales), biases);
    _mm_storeu_ps(round->scores[at], all);
    return (uint32_t)_mm_movemask_ps(_mm_cmpgt_ps(all, _mm_set1_ps(round->thresholds[at])));
}

#if !defined(WITH_VNNI)
/* 16 codes fill a register once they are widened to 16 bits. */
typedef __m256i VC;
typedef __m256i VI;

#define VC_CODES 16
static inline VC vc_load(const int8_t *p, int32_t n)
{
    (void)n; /* a multiple of 16 */
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)p));
}
static inline VI vi_start(const int8_t *user, int32_t n)
{
    (void)user, (void)n;
    return _mm256_setzero_si256();
}
static inline VI vi_add_products(VI sum, VC a, VC b) { return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b)); }
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
