/* The kernels on AVX2 with FMA, which scans use: two registers hold the 16 lanes. */
#include "simd/codes_x86.h"

typedef struct V {
    __m256 low, high;
} V;

static inline uint32_t equal_lanes_of(__m256i v, int32_t x)
{
    return (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(v, _mm256_set1_epi32(x))));
}
#define EQUAL_LANES(v, x) equal_lanes_of((__m256i)(v), x)

/* All bits set in the first n of 8 lanes. */
static inline __m256i first(int32_t n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

static inline V v_load(const float *p) { return (V){_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
static inline void v_store(float *p, V v)
{
    _mm256_storeu_ps(p, v.low);
    _mm256_storeu_ps(p + 8, v.high);
}
static inline V v_load_part(const float *p, int32_t n)
{
    return (V){_mm256_maskload_ps(p, first(n)), _mm256_maskload_ps(p + 8, first(n - 8))};
}
static inline void v_store_part(float *p, V v, int32_t n)
{
    _mm256_maskstore_ps(p, first(n), v.low);
    _mm256_maskstore_ps(p + 8, first(n - 8), v.high);
}
static inline V v_keep(V v, V old, int32_t n)
{
    const __m256 low = _mm256_castsi256_ps(first(n)), high = _mm256_castsi256_ps(first(n - 8));
    return (V){_mm256_blendv_ps(old.low, v.low, low), _mm256_blendv_ps(old.high, v.high, high)};
}
static inline V v_set(float x) { return (V){_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
static inline V v_first(float x)
{
    return (V){_mm256_setr_ps(x, 0, 0, 0, 0, 0, 0, 0), _mm256_setzero_ps()};
}
static inline V v_add(V a, V b) { return (V){_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)}; }
static inline V v_sub(V a, V b) { return (V){_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)}; }
static inline V v_mul(V a, V b) { return (V){_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)}; }

static inline V v_fused(V a, V b, V c)
{
    return (V){_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
}
static inline uint32_t v_reached(V v, V t)
{
    const int low = _mm256_movemask_ps(_mm256_cmp_ps(v.low, t.low, _CMP_GE_OQ));
    const int high = _mm256_movemask_ps(_mm256_cmp_ps(v.high, t.high, _CMP_GE_OQ));
    return (uint32_t)low | (uint32_t)high << 8;
}
#define SCAN_USERS 6
#define SCAN_PANELS 1

static inline __m256 estimate(__m256 x)
{
    const __m256i half = _mm256_srai_epi32(_mm256_castps_si256(x), 1);
    return _mm256_castsi256_ps(_mm256_sub_epi32(_mm256_set1_epi32(LFMI_SQRT_MAGIC), half));
}
static inline V v_inverse_sqrt_estimate(V x) { return (V){estimate(x.low), estimate(x.high)}; }

static inline float v_sum(V v)
{
    const __m256 eight = _mm256_add_ps(v.low, v.high);
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}

static inline __m256 from_half(__m128i half)
{
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(half), 16));
}
static inline V v_load_half(const uint16_t *p)
{
    const __m128i *from = (const __m128i *)(const void *)p;
    return (V){from_half(_mm_loadu_si128(from)), from_half(_mm_loadu_si128(from + 1))};
}
static inline V v_max_size(V m, V v)
{
    const __m256 sign = _mm256_set1_ps(-0.0f);
    return (V){_mm256_max_ps(m.low, _mm256_andnot_ps(sign, v.low)),
               _mm256_max_ps(m.high, _mm256_andnot_ps(sign, v.high))};
}
static inline float v_max(V m)
{
    const __m256 eight = _mm256_max_ps(m.low, m.high);
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps(two, two, 1)));
}
static inline void v_store_low_bytes(int8_t *p, V v)
{
    const __m256i byte = _mm256_set1_epi32(0xFF);
    const __m256i low = _mm256_and_si256(_mm256_castps_si256(v.low), byte);
    const __m256i high = _mm256_and_si256(_mm256_castps_si256(v.high), byte);
    /* packing goes by halves: quarters 0 2 1 3 */
    const __m256i words = _mm256_permute4x64_epi64(_mm256_packus_epi32(low, high), 0xD8);
    const __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    _mm_storeu_si128((__m128i *)(void *)p, bytes);
}
static inline __m256i four_low_bytes(__m256 a, __m256 b, __m256 c, __m256 d)
{
    const __m256i byte = _mm256_set1_epi32(0xFF);
    const __m256i first = _mm256_and_si256(_mm256_castps_si256(a), byte);
    const __m256i second = _mm256_slli_epi32(_mm256_and_si256(_mm256_castps_si256(b), byte), 8);
    const __m256i third = _mm256_slli_epi32(_mm256_and_si256(_mm256_castps_si256(c), byte), 16);
    const __m256i fourth = _mm256_slli_epi32(_mm256_castps_si256(d), 24);
    return _mm256_or_si256(_mm256_or_si256(first, second), _mm256_or_si256(third, fourth));
}
static inline void v_store_low_bytes_of_four(int8_t *p, const V v[4])
{
    __m256i *to = (__m256i *)(void *)p;
    _mm256_storeu_si256(to, four_low_bytes(v[0].low, v[1].low, v[2].low, v[3].low));
    _mm256_storeu_si256(to + 1, four_low_bytes(v[0].high, v[1].high, v[2].high, v[3].high));
}
static inline V v_from_sums(VS s) { return (V){_mm256_cvtepi32_ps(s.low), _mm256_cvtepi32_ps(s.high)}; }
#define KERNELS lfmi_kernels_avx2
#define KERNELS_NAME "avx2"
#include "simd/vector_template.h"
