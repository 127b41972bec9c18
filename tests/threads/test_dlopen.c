/* Load the shared library, train on two threads, unload it, a thousand times: no crash, no growth.
 * LFM_ROUNDS in the environment sets another number. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CUnit/CUnit.h>

#include "lfm/lfm.h"
#include "sanitized.h"
#include "tap.h"

enum { N = 1024 };

/* The functions used, found anew each time. */
static void *find(void *library, const char *name)
{
    void *function = dlsym(library, name);
    if (function == NULL)
        printf("# %s is missing\n", name);
    return function;
}
#define LOAD(library, name)                                                                            \
    __typeof__(name) *do_##name;                                                                       \
    *(void **)&do_##name = find((library), #name)

static long resident_kilobytes(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long size = 0, resident = 0;
    if (file == NULL)
        return -1;
    if (fscanf(file, "%ld %ld", &size, &resident) != 2)
        resident = -1;
    fclose(file);
    return resident < 0 ? -1 : resident * (sysconf(_SC_PAGESIZE) / 1024);
}

/* One round; 0 when all went well. */
static int one_round(const int32_t *users, const int32_t *items)
{
    void *library = dlopen(LFM_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        printf("# %s\n", dlerror());
        return 1;
    }
    LOAD(library, lfm_interactions_from_coo);
    LOAD(library, lfm_interactions_free);
    LOAD(library, lfm_coo_init_sized);
    LOAD(library, lfm_train_options_init_sized);
    LOAD(library, lfm_model_create);
    LOAD(library, lfm_model_fit_partial);
    LOAD(library, lfm_model_free);
    lfm_coo coo;
    do_lfm_coo_init_sized(&coo, sizeof coo);
    coo.n_entries = N;
    coo.n_rows = coo.n_columns = 64;
    coo.rows = lfm_int32(users);
    coo.columns = lfm_int32(items);
    lfm_interactions *interactions = NULL;
    lfm_model *model = NULL;
    lfm_train_options options;
    do_lfm_train_options_init_sized(&options, sizeof options);
    options.threads = 2;
    options.epochs = 2;
    const int bad = do_lfm_interactions_from_coo(NULL, &coo, NULL, &interactions) != LFM_OK ||
                    do_lfm_model_create(NULL, 64, 64, NULL, &model) != LFM_OK ||
                    do_lfm_model_fit_partial(model, interactions, NULL, NULL, &options) != LFM_OK;
    do_lfm_model_free(model);
    do_lfm_interactions_free(interactions);
    return dlclose(library) != 0 || bad;
}

static void test_rounds(void)
{
    int32_t users[N], items[N];
    for (int32_t i = 0; i < N; i++) {
        users[i] = i % 64;
        items[i] = i * 7 % 61;
    }
    const char *text = getenv("LFM_ROUNDS");
    const int rounds = text != NULL ? atoi(text) : 1000;
    int bad = 0;
    long early = 0;
    for (int round = 0; round < rounds; round++) {
        bad += one_round(users, items);
        if (round == rounds / 10)
            early = resident_kilobytes();
    }
    const long grown = resident_kilobytes() - early;
    tap_note("%d rounds, resident size grew by %ld kB after the first tenth", rounds, grown);
    CU_ASSERT_EQUAL(bad, 0);
    CU_ASSERT(grown < 1024 || TEST_SANITIZED);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {{"load, train, unload", test_rounds}};
    return TAP_MAIN("threads-dlopen", tests, argc, argv);
}
