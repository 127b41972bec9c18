/* The kernels on AVX-512 F with VNNI, which scans of codes use; all else is as without. */
#define WITH_VNNI
#include "simd/avx512.c"
