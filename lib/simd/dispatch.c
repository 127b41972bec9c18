/* Choosing the kernels: the last row of the table whose instructions this processor has. */
#include "simd/kernels.h"

typedef struct variant {
    const lfmi_kernels *kernels;
    bool (*runs_here)(void);
} variant;

static bool always(void) { return true; }

static const variant variants[] = {
    {&lfmi_kernels_portable, always},
};

const lfmi_kernels *lfmi_kernels_select(void)
{
    int best = 0;
    for (int i = 1; i < (int)(sizeof variants / sizeof *variants); i++) {
        if (variants[i].runs_here())
            best = i;
    }
    return variants[best].kernels;
}
