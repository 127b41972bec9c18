/* Choosing the kernels: the last row of the table whose instructions this processor has. A new
 * instruction set is a file, a row here and a line in lib/meson.build. */
#include "simd/kernels.h"

typedef struct variant {
    const lfmi_kernels *kernels;
    int32_t cpu; /* LFM_CPU_… */
    bool (*runs_here)(void);
} variant;

static bool always(void) { return true; }

#if defined(LFMI_X86)
extern const lfmi_kernels lfmi_kernels_avx2, lfmi_kernels_avx512, lfmi_kernels_avx512_vnni;
static bool has_avx2(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
static bool has_avx512(void) { return __builtin_cpu_supports("avx512f"); }
static bool has_avx512_vnni(void)
{
    return has_avx512() && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
}
#endif
#if defined(LFMI_ARM64)
extern const lfmi_kernels lfmi_kernels_neon;
#endif

static const variant variants[] = {
    {&lfmi_kernels_portable, LFM_CPU_PORTABLE, always},
#if defined(LFMI_X86)
    {&lfmi_kernels_avx2, LFM_CPU_AVX2, has_avx2},
    {&lfmi_kernels_avx512, LFM_CPU_AVX512, has_avx512},
    {&lfmi_kernels_avx512_vnni, LFM_CPU_AVX512, has_avx512_vnni},
#endif
#if defined(LFMI_ARM64)
    {&lfmi_kernels_neon, LFM_CPU_NEON, always},
#endif
};
enum { N_VARIANTS = sizeof variants / sizeof *variants };

const lfmi_kernels *lfmi_kernels_select(const lfm_context *context)
{
    const int32_t mask = context->options.cpu_mask;
    int best = 0;
    for (int i = 1; i < N_VARIANTS; i++) {
        if ((mask == 0 || (mask & variants[i].cpu) != 0) && variants[i].runs_here())
            best = i;
    }
    return variants[best].kernels;
}

const lfmi_kernels *lfmi_kernels_at(int i)
{
    for (int at = 0; at < N_VARIANTS; at++) {
        if (variants[at].runs_here() && i-- == 0)
            return variants[at].kernels;
    }
    return NULL;
}
