/* The kernels on AVX-512 F, alone or (avx512_vnni.c) with VNNI: one register holds the 16 lanes. */
#include "simd/codes_x86.h"

typedef __m512 V;

#define EQUAL_LANES(v, x) _mm512_cmpeq_epi32_mask((__m512i)(v), _mm512_set1_epi32(x))
#define LOWER_TIMES(a, b) ((streams_part)_mm512_mul_epu32((__m512i)(a), (__m512i)(b)))

static inline __mmask16 first(int32_t n) { return (__mmask16)((1u << n) - 1u); }
static inline V v_load(const float *p) { return _mm512_loadu_ps(p); }
static inline void v_store(float *p, V v) { _mm512_storeu_ps(p, v); }
static inline V v_load_part(const float *p, int32_t n) { return _mm512_maskz_loadu_ps(first(n), p); }
static inline void v_store_part(float *p, V v, int32_t n) { _mm512_mask_storeu_ps(p, first(n), v); }
static inline V v_keep(V v, V old, int32_t n) { return _mm512_mask_mov_ps(old, first(n), v); }
static inline V v_set(float x) { return _mm512_set1_ps(x); }
static inline V v_first(float x) { return _mm512_maskz_mov_ps(1, _mm512_set1_ps(x)); }
static inline V v_add(V a, V b) { return _mm512_add_ps(a, b); }
static inline V v_sub(V a, V b) { return _mm512_sub_ps(a, b); }
static inline V v_mul(V a, V b) { return _mm512_mul_ps(a, b); }

static inline V v_fused(V a, V b, V c) { return _mm512_fmadd_ps(a, b, c); }
static inline uint32_t v_reached(V v, V t) { return _mm512_cmp_ps_mask(v, t, _CMP_GE_OQ); }
#define SCAN_USERS 12
#define SCAN_PANELS 2

static inline V v_inverse_sqrt_estimate(V x)
{
    const __m512i half = _mm512_srai_epi32(_mm512_castps_si512(x), 1);
    return _mm512_castsi512_ps(_mm512_sub_epi32(_mm512_set1_epi32(LFMI_SQRT_MAGIC), half));
}

static inline float v_sum(V v)
{
    const __m256 high = _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(v), 1));
    const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(v), high);
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}

static inline V v_from_half(__m256i half)
{
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
}
static inline V v_load_half(const uint16_t *p) { return v_from_half(_mm256_loadu_si256((const __m256i *)(const void *)p)); }
static inline V v_max_size(V m, V v) { return _mm512_max_ps(m, _mm512_abs_ps(v)); }
static inline float v_max(V m) { return _mm512_reduce_max_ps(m); }
static inline void v_store_low_bytes(int8_t *p, V v)
{
    _mm_storeu_si128((__m128i *)(void *)p, _mm512_cvtepi32_epi8(_mm512_castps_si512(v)));
}
static inline __m512i choose_bits(int32_t mask, __m512i yes, __m512i no)
{
    return _mm512_ternarylogic_epi32(_mm512_set1_epi32(mask), yes, no, 0xCA);
}
static inline void v_store_low_bytes_of_four(int8_t *p, const V v[4])
{
    const __m512i second = _mm512_slli_epi32(_mm512_castps_si512(v[1]), 8);
    const __m512i third = _mm512_slli_epi32(_mm512_castps_si512(v[2]), 16);
    const __m512i fourth = _mm512_slli_epi32(_mm512_castps_si512(v[3]), 24);
    const __m512i low = choose_bits(0xFF, _mm512_castps_si512(v[0]), second);
    _mm512_storeu_si512(p, choose_bits(0xFFFF, low, choose_bits(0xFFFFFF, third, fourth)));
}

#if defined(WITH_VNNI)
/* An instruction adds up four products in each lane, of bytes without a sign and codes with one. So 128 is added to
 * one of two codes, and 128 times the other is taken back. */
typedef __m256i VC;
typedef __m256i VI;
#define VC_CODES 32
static inline VC vc_load(const int8_t *p, int32_t n)
{
    if (n >= VC_CODES)
        return _mm256_loadu_si256((const __m256i *)(const void *)p);
    return _mm256_zextsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)p));
}
static inline VI vi_start(const int8_t *user, int32_t n)
{
    __m256i sum = _mm256_setzero_si256();
    for (int32_t e = 0; e < n; e += VC_CODES)
        sum = _mm256_dpbusd_epi32(sum, _mm256_set1_epi8((char)LFMI_CODE_OFFSET), vc_load(user + e, n - e));
    return _mm256_sub_epi32(_mm256_setzero_si256(), sum);
}
static inline VI vi_add_products(VI sum, VC user, VC item)
{
    return _mm256_dpbusd_epi32(sum, _mm256_xor_si256(item, _mm256_set1_epi8((char)LFMI_CODE_OFFSET)), user);
}

/* Scanning: sums by lanes. */
typedef __m512i VS;
typedef __m512i VB;
static inline VS vs_set(int32_t x) { return _mm512_set1_epi32(x); }
static inline VB vb_load(const uint8_t *p) { return _mm512_loadu_si512(p); }
/* _mm512_dpbusd_epi32(), but of that GCC 12 copies every sum and spills the half of them. */
static inline VS vs_add_products(VS s, VB b, int32_t user)
{
    const __m512i codes = _mm512_set1_epi32(user);
    __asm__("vpdpbusd %2, %1, %0" : "+v"(s) : "v"(b), "v"(codes));
    return s;
}
static inline V v_from_sums(VS s) { return _mm512_cvtepi32_ps(s); }
#define CODES_USERS 12
#define CODES_PANELS 2
#define MOST_CODE 127
#define KERNELS lfmi_kernels_avx512_vnni
#define KERNELS_NAME "avx512-vnni"
#else
static inline V v_from_sums(VS s)
{
    return _mm512_cvtepi32_ps(_mm512_inserti64x4(_mm512_castsi256_si512(s.low), s.high, 1));
}
#define KERNELS lfmi_kernels_avx512
#define KERNELS_NAME "avx512"
#endif
#include "simd/vector_template.h"
