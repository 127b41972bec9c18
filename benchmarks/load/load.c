/* From opening an inference file to its first answer.
 *
 *     load make PATH USERS ITEMS D    write a file of random numbers
 *     load forget PATH                have the system drop the file from its cache
 *     load answer PATH [hold]         open, recommend, print times and memory; hold: until standard input ends
 */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE
#endif
#include <fcntl.h>
#include <lfm/lfm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static void check(lfm_status status)
{
    if (status == LFM_OK)
        return;
    fprintf(stderr, "load: %s\n", lfm_last_message());
    exit(1);
}

/* MB of a line of /proc/self/smaps_rollup. */
static double memory(const char *name)
{
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    char line[200];
    double kb = 0;
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0)
            kb = atof(line + strlen(name));
    }
    if (file != NULL)
        fclose(file);
    return kb / 1024;
}

static void randomise(lfm_embeddings *e, int32_t n_rows, int32_t d, uint64_t *state)
{
    lfm_embeddings_init(e);
    float *numbers = malloc((size_t)n_rows * (size_t)d * sizeof *numbers);
    if (numbers == NULL)
        exit(1);
    for (int64_t i = 0; i < (int64_t)n_rows * d; i++) {
        *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        numbers[i] = (float)(*state >> 40) * 0x1p-23f - 1.0f;
    }
    e->vectors = numbers;
    e->n_rows = n_rows;
    e->n_components = d;
}

static int make(const char *path, int32_t n_users, int32_t n_items, int32_t d)
{
    lfm_embeddings users, items;
    uint64_t state = 1;
    randomise(&users, n_users, d, &state);
    randomise(&items, n_items, d, &state);
    lfm_scorer *scorer = NULL;
    check(lfm_scorer_from_embeddings(NULL, &users, &items, NULL, &scorer));
    free((void *)(uintptr_t)users.vectors);
    free((void *)(uintptr_t)items.vectors);
    const double begin = now();
    check(lfm_scorer_save(scorer, path, NULL));
    printf("saved in %.0f ms\n", now() - begin);
    lfm_scorer_free(scorer);
    return 0;
}

static int forget(const char *path)
{
    const int file = open(path, O_RDONLY);
    const int failed = file < 0 || fsync(file) != 0 || posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) != 0;
    if (file >= 0)
        close(file);
    return failed;
}

static int answer(const char *path, int hold)
{
    const double begin = now();
    lfm_file *file = NULL;
    check(lfm_file_open(NULL, path, NULL, &file));
    const double opened = now();
    lfm_scorer *scorer = NULL;
    check(lfm_file_scorer(file, NULL, &scorer));
    const double loaded = now();
    int32_t items[10];
    const int32_t first = lfm_scorer_n_rows(scorer, LFM_SPACE_USER) / 2, second = first + 1;
    check(lfm_recommend(scorer, 1, &first, 10, NULL, items, NULL, NULL));
    const double answered = now();
    check(lfm_recommend(scorer, 1, &second, 10, NULL, items, NULL, NULL));
    const double again = now();
    printf("open %.2f, scorer %.2f, first answer %.1f, in all %.1f ms; second answer %.1f ms; RSS %.0f MB, "
           "PSS %.0f MB, of its own %.1f MB\n",
           opened - begin, loaded - opened, answered - loaded, answered - begin, again - answered, memory("Rss:"),
           memory("Pss:"), memory("Private_Dirty:"));
    fflush(stdout);
    while (hold && getchar() != EOF)
        continue;
    lfm_scorer_free(scorer);
    lfm_file_free(file);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 6 && strcmp(argv[1], "make") == 0)
        return make(argv[2], atoi(argv[3]), atoi(argv[4]), atoi(argv[5]));
    if (argc == 3 && strcmp(argv[1], "forget") == 0)
        return forget(argv[2]);
    if (argc >= 3 && strcmp(argv[1], "answer") == 0)
        return answer(argv[2], argc > 3);
    return 2;
}
