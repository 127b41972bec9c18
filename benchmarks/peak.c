/* The processor's peak rate of multiply-adds on one thread, in 10^9 a second: independent chains of them in
 * registers and nothing else. Compiled for this very processor. */
#include <stdio.h>
#include <time.h>

enum { LANES = 16, CHAINS = 12 };
typedef float vector __attribute__((vector_size(LANES * sizeof(float))));

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(void)
{
    const long rounds = 20000000;
    double best = 0;
    float kept = 0;
    for (int rep = 0; rep < 3; rep++) {
        vector sums[CHAINS], a, b;
        for (int l = 0; l < LANES; l++)
            a[l] = 0.999f + 1e-6f * (float)l, b[l] = 1e-3f;
        for (int c = 0; c < CHAINS; c++)
            sums[c] = b * (float)c;
        const double begin = now();
        for (long round = 0; round < rounds; round++) {
            for (int c = 0; c < CHAINS; c++)
                sums[c] = sums[c] * a + b;
            __asm__ volatile("" : "+x"(a), "+x"(b)); /* no round is left out */
        }
        const double rate = (double)rounds * CHAINS * LANES / (now() - begin) / 1e9;
        best = rate > best ? rate : best;
        for (int c = 0; c < CHAINS; c++)
            kept += sums[c][0];
    }
    printf("%.1f\n", best);
    return kept == 42.0f;
}
