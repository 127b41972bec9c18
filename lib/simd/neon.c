/* The kernels on 64-bit Arm (NEON): four registers hold the 16 lanes. */
#include <arm_neon.h>
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
        vsubq_s32(vdupq_n_s32(0x5F3759DF), vshrq_n_s32(vreinterpretq_s32_f32(x.q[i]), 1)))
    return EACH(ESTIMATE);
}
static inline float v_sum(V v)
{
    const float32x4_t four = vaddq_f32(vaddq_f32(v.q[0], v.q[2]), vaddq_f32(v.q[1], v.q[3]));
    const float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
    return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
}

static inline void v_sum_group(const V v[4], float *out)
{
    for (int i = 0; i < 4; i++)
        out[i] = v_sum(v[i]);
}
static inline V v_load_half(const uint16_t *p)
{
#define LOAD_HALF(i) vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p + 4 * (i)), 16))
    return EACH(LOAD_HALF);
}
static inline void v_store_half(uint16_t *p, V v)
{
    for (int i = 0; i < 4; i++)
        vst1_u16(p + 4 * i, vshrn_n_u32(vaddq_u32(vreinterpretq_u32_f32(v.q[i]), vdupq_n_u32(0x8000)), 16));
}
#define KERNELS lfmi_kernels_neon
#define KERNELS_NAME "neon"
#include "simd/vector_template.h"
