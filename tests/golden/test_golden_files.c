/* Model files of every version of the format, loaded ever after.
 *
 *     test_golden_files FOLDER             load them
 *     test_golden_files --write FOLDER     write those of the present version, and print what `expected` must say
 *
 * When the version of the format rises, its files are written and added to the list; those that are there stay. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "tap.h"
#include "world.h"

enum { K = 4, USERS_ASKED = 3 };

typedef struct golden {
    const char *name;
    int32_t kind;
    int64_t epochs;
    int32_t items[USERS_ASKED][K];
    float scores[USERS_ASKED][K];
    uint64_t model; /* model_hash() of a checkpoint after one more epoch; 0: of none */
    uint64_t names; /* of all spaces, and what is found by them */
} golden;

static const golden expected[] = {
#include "expected.h"
};

static const char *folder;

static void ask(const lfm_scorer *scorer, lfm_interactions *seen, golden *out)
{
    const int32_t users[USERS_ASKED] = {0, 7, 22};
    REQUIRE_OK(lfm_recommend(scorer, USERS_ASKED, users, K, seen, out->items[0], out->scores[0], NULL));
}

static void train_on(lfm_file *file, golden *out)
{
    lfm_model *model = NULL;
    lfm_features *f[2] = {NULL, NULL};
    REQUIRE_OK(lfm_file_model(file, &model));
    REQUIRE_OK(lfm_file_features(file, LFM_USER, &f[0]));
    REQUIRE_OK(lfm_file_features(file, LFM_ITEM, &f[1]));
    lfm_interactions *seen = NULL;
    REQUIRE_OK(lfm_file_seen(file, &seen));
    lfm_train_options options;
    lfm_train_options_init(&options);
    REQUIRE_OK(lfm_file_train_options(file, &options));
    REQUIRE_OK(lfm_model_fit_partial(model, seen, f[0], f[1], &options));
    out->model = model_hash(model);
    lfm_interactions_free(seen);
    lfm_features_free(f[0]);
    lfm_features_free(f[1]);
    lfm_model_free(model);
}

static golden look_at(const char *name)
{
    golden found = {.name = name};
    char *path = path_in(folder, name);
    lfm_file *file = NULL;
    lfm_scorer *scorer = NULL;
    lfm_interactions *seen = NULL;
    lfm_file_options options;
    lfm_file_options_init(&options);
    options.check = 1;
    REQUIRE_OK(lfm_file_open(NULL, path, &options, &file));
    REQUIRE_OK(lfm_file_scorer(file, NULL, &scorer));
    REQUIRE_OK(lfm_file_seen(file, &seen));
    found.kind = lfm_file_kind(file);
    const char *epochs = lfm_file_metadata(file, "epochs");
    found.epochs = epochs != NULL ? atoll(epochs) : -1;
    ask(scorer, seen, &found);
    found.names = file_names_answers(file, true);
    if (found.kind == LFM_FILE_CHECKPOINT)
        train_on(file, &found);
    lfm_interactions_free(seen);
    lfm_scorer_free(scorer);
    lfm_file_free(file);
    free(path);
    return found;
}

static void test_all(void)
{
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const golden *wanted = &expected[i];
        const golden found = look_at(wanted->name);
        tap_note("%s", wanted->name);
        CHECK_INTEGER(found.kind, wanted->kind);
        CHECK_INTEGER(found.epochs, wanted->epochs);
        CHECK(memcmp(found.items, wanted->items, sizeof found.items) == 0);
        CHECK(memcmp(found.scores, wanted->scores, sizeof found.scores) == 0);
        /* Changes with what training draws: then this is the number to write down. */
        check_report(found.model == wanted->model, false, __FILE__, __LINE__, "trained on: UINT64_C(0x%016llx)",
                     (unsigned long long)found.model);
        CHECK(found.names == wanted->names);
    }
}

static void print_golden(const golden *g)
{
    printf("{\"%s\", %d, %lld, {", g->name, g->kind, (long long)g->epochs);
    for (int user = 0; user < USERS_ASKED; user++) {
        printf("%s{", user > 0 ? ", " : "");
        for (int i = 0; i < K; i++)
            printf("%s%d", i > 0 ? ", " : "", g->items[user][i]);
        printf("}");
    }
    printf("},\n {");
    for (int user = 0; user < USERS_ASKED; user++) {
        printf("%s{", user > 0 ? ", " : "");
        for (int i = 0; i < K; i++)
            printf("%s%af", i > 0 ? ", " : "", (double)g->scores[user][i]);
        printf("}");
    }
    printf("},\n UINT64_C(0x%016llx), UINT64_C(0x%016llx)},\n", (unsigned long long)g->model,
           (unsigned long long)g->names);
}

/* Save one file of the present version and print what it holds. */
static void write_one(const world *w, const char *name, int32_t kind, int32_t precision)
{
    static const char *const notes[] = {"made for", "the tests"};
    lfm_train_options train;
    lfm_train_options_init(&train);
    train.loss = LFM_LOSS_BPR;
    train.epochs = 1;
    train.threads = 1;
    lfm_save_options options = world_options(w);
    options.train = &train;
    options.notes = notes;
    options.n_notes = 1;
    options.precision = precision;
    char *path = path_in(folder, name);
    CHECK_OK(kind == LFM_FILE_CHECKPOINT ? lfm_model_save(w->model, path, &options)
                                         : lfm_scorer_save(w->scorer, path, &options));
    free(path);
    const golden found = look_at(name);
    print_golden(&found);
}

static void write_all(void)
{
    world w = world_make(&(world_kind){.d = 4, .features = true, .seen = true, .names = NAMES_TEXT});
    write_one(&w, "v1-checkpoint.lfm", LFM_FILE_CHECKPOINT, LFM_PRECISION_FLOAT32);
    write_one(&w, "v1-inference.lfm", LFM_FILE_INFERENCE, LFM_PRECISION_FLOAT32);
    write_one(&w, "v1-half.lfm", LFM_FILE_INFERENCE, LFM_PRECISION_HALF);
    world_free(&w);
    w = world_make(&(world_kind){.d = 3, .names = NAMES_NUMBER});
    write_one(&w, "v1-numbers.lfm", LFM_FILE_INFERENCE, LFM_PRECISION_FLOAT32);
    world_free(&w);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {{"every version's files", test_all}};
    folder = argc > 1 ? argv[argc - 1] : ".";
    if (argc > 2 && strcmp(argv[1], "--write") == 0) {
        write_all();
        return 0;
    }
    return TAP_MAIN("golden files", tests, 1, argv);
}
