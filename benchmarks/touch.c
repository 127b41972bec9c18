/* What a random row of a table costs: nanoseconds per row that is read, or read and written, with pages of
 * 4 kB and with huge ones, as the program comes to it and asked for AHEAD rows before (prefetched).
 *
 *     touch ROW_BYTES ROWS read|write THREADS
 *
 * prints four numbers: 4 kB pages, 4 kB pages prefetched, huge pages, huge pages prefetched. All threads
 * touch the same table at once; a number is what each of them waits for a row. */
#define _DEFAULT_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { AHEAD = 16, LINE = 64, MOST_THREADS = 64, HUGE_PAGE = 1 << 21, REPETITIONS = 3 };

typedef struct work {
    char *table;
    size_t row_bytes, n_rows, n_touched;
    int writes, prefetches;
    uint64_t seed;
    uint32_t sum;
} work;

/* SplitMix64, mapped to [0, n). */
static size_t draw(uint64_t *state, size_t n)
{
    uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (size_t)((unsigned __int128)(x ^ (x >> 31)) * n >> 64);
}

static void *touch(void *arg)
{
    work *w = arg;
    char *ahead[AHEAD];
    uint64_t state = w->seed;
    uint32_t sum = 0;
    for (size_t i = 0; i < w->n_touched + AHEAD; i++) {
        char *next = w->table + draw(&state, w->n_rows) * w->row_bytes;
        for (size_t at = 0; w->prefetches && at < w->row_bytes; at += LINE)
            __builtin_prefetch(next + at);
        uint32_t *row = (uint32_t *)(void *)ahead[i % AHEAD];
        ahead[i % AHEAD] = next;
        if (i < AHEAD)
            continue;
        if (w->writes) {
            for (size_t e = 0; e < w->row_bytes / sizeof *row; e++)
                row[e]++;
        } else {
            for (size_t e = 0; e < w->row_bytes / sizeof *row; e++)
                sum += row[e];
        }
    }
    w->sum = sum;
    return NULL;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The least of a few repetitions. */
static double measure(work like, int n_threads)
{
    double best = 1e30;
    for (int repetition = 0; repetition < REPETITIONS; repetition++) {
        pthread_t threads[MOST_THREADS];
        work works[MOST_THREADS];
        const double begin = now();
        for (int t = 0; t < n_threads; t++) {
            works[t] = like;
            works[t].seed = (uint64_t)(repetition * MOST_THREADS + t + 1) << 32;
            if (pthread_create(&threads[t], NULL, touch, &works[t]) != 0)
                exit(1);
        }
        for (int t = 0; t < n_threads; t++)
            pthread_join(threads[t], NULL);
        const double time = (now() - begin) * 1e9 / (double)like.n_touched;
        best = time < best ? time : best;
    }
    return best;
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
    work w = {.row_bytes = strtoull(argv[1], NULL, 10), .n_rows = strtoull(argv[2], NULL, 10),
              .writes = strcmp(argv[3], "write") == 0};
    const int n_threads = atoi(argv[4]);
    w.n_touched = ((size_t)1 << 30) / w.row_bytes; /* a GB */
    w.n_touched = w.n_touched < 4000000 ? w.n_touched : 4000000;
    const size_t size = (w.row_bytes * w.n_rows + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    if (w.row_bytes % sizeof(uint32_t) != 0 || w.n_rows == 0 || n_threads < 1 || n_threads > MOST_THREADS)
        return 2;
    for (int huge = 0; huge < 2; huge++) {
        char *block = mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (block == MAP_FAILED)
            return 1;
        w.table = block + (HUGE_PAGE - (uintptr_t)block % HUGE_PAGE) % HUGE_PAGE;
        madvise(w.table, size, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
        memset(w.table, 0, size);
        for (w.prefetches = 0; w.prefetches < 2; w.prefetches++)
            printf("%.2f%c", measure(w, n_threads), huge && w.prefetches ? '\n' : ' ');
        munmap(block, size + HUGE_PAGE);
    }
    return 0;
}
