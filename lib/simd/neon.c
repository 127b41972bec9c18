/* The kernels on 64-bit Arm (NEON): four registers hold the 16 lanes. */
#include <arm_neon.h>

#include "simd/kernels.h"
#include <stdint.h>
#include <string.h>

typedef struct V {
    float32x4_t q[4];
} V;

#define EACH(expression) ((V){{(expression(0)), (expression(1)), (expression(2)), (expression(3))}})

static inline V v_load(const float *p)
{
#define LOAD(i) vld1q_f32(p + 4 * (i))
    return EACH(LOAD);
}
static inline void v_store(float *p, V v)
{
    for (int i = 0; i < 4; i++)
        vst1q_f32(p + 4 * i, v.q[i]);
}
static inline V v_load_part(const float *p, int32_t n)
{
    float all[16] = {0};
    memcpy(all, p, (size_t)n * sizeof *p);
    return v_load(all);
}
static inline void v_store_part(float *p, V v, int32_t n)
{
    float all[16];
    v_store(all, v);
    memcpy(p, all, (size_t)n * sizeof *p);
}
static inline V v_keep(V v, V old, int32_t n)
{
    float all[16];
    v_store(all, old);
    v_store_part(all, v, n);
    return v_load(all);
}
static inline V v_set(float x)
{
#define SET(i) vdupq_n_f32(x)
    return EACH(SET);
}
static inline V v_first(float x)
{
    V v = v_set(0.0f);
    v.q[0] = vsetq_lane_f32(x, v.q[0], 0);
    return v;
}
static inline V v_add(V a, V b)
{
#define ADD(i) vaddq_f32(a.q[i], b.q[i])
    return EACH(ADD);
}
static inline V v_sub(V a, V b)
{
#define SUB(i) vsubq_f32(a.q[i], b.q[i])
    return EACH(SUB);
}
static inline V v_mul(V a, V b)
{
#define MUL(i) vmulq_f32(a.q[i], b.q[i])
    return EACH(MUL);
}
static inline V v_fused(V a, V b, V c)
{
#define FUSED(i) vfmaq_f32(c.q[i], a.q[i], b.q[i])
    return EACH(FUSED);
}
static inline uint32_t v_reached(V v, V t)
{
    const uint32x4_t bits = {1, 2, 4, 8};
    uint32_t reached = 0;
    for (int i = 0; i < 4; i++)
        reached |= vaddvq_u32(vandq_u32(vcgeq_f32(v.q[i], t.q[i]), bits)) << (4 * i);
    return reached;
}
#define SCAN_USERS 6
#define SCAN_PANELS 1

static inline V v_inverse_sqrt_estimate(V x)
{
#define ESTIMATE(i)                                                                                    \
    vreinterpretq_f32_s32(                                                                             \
        vsubq_s32(vdupq_n_s32(LFMI_SQRT_MAGIC), vshrq_n_s32(vreinterpretq_s32_f32(x.q[i]), 1)))
    return EACH(ESTIMATE);
}
static inline float v_sum(V v)
{
    const float32x4_t four = vaddq_f32(vaddq_f32(v.q[0], v.q[2]), vaddq_f32(v.q[1], v.q[3]));
    const float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
    return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
}

static inline V v_load_half(const uint16_t *p)
{
#define LOAD_HALF(i) vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p + 4 * (i)), 16))
    return EACH(LOAD_HALF);
}
static inline V v_max_size(V m, V v)
{
#define MAX_SIZE(i) vmaxq_f32(m.q[i], vabsq_f32(v.q[i]))
    return EACH(MAX_SIZE);
}
static inline float v_max(V m)
{
    return vmaxvq_f32(vmaxq_f32(vmaxq_f32(m.q[0], m.q[1]), vmaxq_f32(m.q[2], m.q[3])));
}
static inline void v_store_low_bytes(int8_t *p, V v)
{
    int16x4_t words[4];
    for (int i = 0; i < 4; i++)
        words[i] = vmovn_s32(vreinterpretq_s32_f32(v.q[i]));
    vst1_s8(p, vmovn_s16(vcombine_s16(words[0], words[1])));
    vst1_s8(p + 8, vmovn_s16(vcombine_s16(words[2], words[3])));
}
static inline void v_store_low_bytes_of_four(int8_t *p, const V v[4])
{
    for (int i = 0; i < 4; i++) {
        uint32x4_t bytes = vreinterpretq_u32_f32(v[0].q[i]);
        bytes = vsliq_n_u32(bytes, vreinterpretq_u32_f32(v[1].q[i]), 8);
        bytes = vsliq_n_u32(bytes, vreinterpretq_u32_f32(v[2].q[i]), 16);
        bytes = vsliq_n_u32(bytes, vreinterpretq_u32_f32(v[3].q[i]), 24);
        vst1q_s8(p + 16 * i, vreinterpretq_s8_u32(bytes));
    }
}

typedef int8x16_t VC;
typedef int32x4_t VI;
#define VC_CODES 16
static inline VC vc_load(const int8_t *p, int32_t n)
{
    (void)n; /* a multiple of 16 */
    return vld1q_s8(p);
}
static inline VI vi_start(const int8_t *user, int32_t n)
{
    (void)user, (void)n;
    return vdupq_n_s32(0);
}
static inline VI vi_add_products(VI sum, VC a, VC b)
{
    /* two products of codes fit 16 bits */
    const int16x8_t low = vmull_s8(vget_low_s8(a), vget_low_s8(b));
    return vpadalq_s16(sum, vmlal_s8(low, vget_high_s8(a), vget_high_s8(b)));
}
static inline uint32_t vi_score(const VI sums[4], lfmi_round *round, int32_t at, const lfmi_head *const *heads)
{
    uint32_t above = 0;
    for (int i = 0; i < 4; i++) {
        const float score = (float)vaddvq_s32(sums[i]) * (round->scales[at] * heads[i]->scale) +
                            (round->biases[at] + heads[i]->bias);
        round->scores[at][i] = score;
        above |= (uint32_t)(score > round->thresholds[at]) << i;
    }
    return above;
}

#include "simd/codes_plain.h"
static inline V v_from_sums(VS s)
{
#define FROM_SUMS(i) vcvtq_f32_s32(vld1q_s32(s.lane + 4 * (i)))
    return EACH(FROM_SUMS);
}
#define KERNELS lfmi_kernels_neon
#define KERNELS_NAME "neon"
#include "simd/vector_template.h"
