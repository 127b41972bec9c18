/* Timing the kernels: test-unit-kernels --bench. */
#ifndef BENCH_KERNELS_H
#define BENCH_KERNELS_H

/* Print nanoseconds for each kernel, length and variant that this processor runs, and how many times faster
 * than the portable one that is. Returns what main() should return. */
int bench_kernels(void);

#endif
