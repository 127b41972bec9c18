/* How long a cache line that one processor has written takes to reach another: two threads, on the first two processors
 * that the process may use, answer each other; prints nanoseconds, one way, the median of batches. On large machines
 * it tells whether the two share a cache (30 or so), are on different parts of a chip (100) or on different chips (200);
 * in a virtual machine that may change. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { BATCHES = 41, TURNS = 500, ALL_TURNS = BATCHES * TURNS };

static _Alignas(64) atomic_int turn;
static int processors[2];
static double times[BATCHES + 1]; /* at the beginnings of batches, and at the end */

/* The first two processors that the process may use; returns how many there are. */
static int find_processors(void)
{
    cpu_set_t set;
    int n = 0;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 0;
    for (int i = 0; i < CPU_SETSIZE && n < 2; i++) {
        if (CPU_ISSET(i, &set))
            processors[n++] = i;
    }
    return n;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void *answer(void *arg)
{
    const int which = *(int *)arg;
    cpu_set_t own;
    CPU_ZERO(&own);
    CPU_SET(processors[which], &own);
    sched_setaffinity(0, sizeof own, &own);
    for (int i = which; i < 2 * ALL_TURNS; i += 2) {
        if (i % (2 * TURNS) == 0)
            times[i / (2 * TURNS)] = now();
        while (atomic_load_explicit(&turn, memory_order_acquire) != i)
            continue;
        atomic_store_explicit(&turn, i + 1, memory_order_release);
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[2];
    int which[2] = {0, 1};
    if (find_processors() < 2) {
        fputs("line: needs two processors\n", stderr);
        return 1;
    }
    for (int i = 0; i < 2; i++) {
        if (pthread_create(&threads[i], NULL, answer, &which[i]) != 0)
            return 1;
    }
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    times[BATCHES] = now();
    for (int i = 0; i < BATCHES; i++)
        times[i] = (times[i + 1] - times[i]) / (2.0 * TURNS);
    qsort(times, BATCHES, sizeof *times, compare);
    printf("%.0f\n", times[BATCHES / 2]);
    return 0;
}
