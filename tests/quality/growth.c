/* Models that grow beside models trained from scratch: how good they are for old and for new users, and how long
 * that takes.
 *
 *     growth DATA_FOLDER ml-1m|ml-100k|stackexchange-crossvalidated [--by time] [--components 32] [--seeds 3]
 *            [--threads N] [--epochs 20] [--new 5] [--all 3]
 *
 * By chance (the default) a random tenth of users and items is new; by time what comes after the first 80 % of the
 * interactions, up to 90 %; the test is the rest. A model learns the old for --epochs, is resized, learns the new
 * data alone for --new epochs, then everything for --all. Without the folder it says SKIPPED (exit 77). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dataset.h"
#include "parts.h"
#include "timeline.h"

enum { SKIPPED = 77, OLD_USERS = 0, NEW_USERS = 1, NEW_ITEMS = 2, N_GROUPS = 3, N_SOURCES = 100 };

typedef struct settings {
    int components, seeds, threads, epochs, new_epochs, all_epochs;
} settings;

/* What a model learns first, what comes later, and the test. */
typedef struct stage {
    lfm_interactions *old, *later, *both, *test, *new_item_test;
    const lfm_features *old_features, *features, *serving; /* of items; NULL: none */
    int32_t old_users, old_items, n_users, n_items;
    int32_t old_width, width; /* item features */
} stage;

/* The ways to go on, the first being from scratch. */
typedef struct way {
    const char *name;
    int32_t mean, state, later, all; /* later, all: 1: as in the settings, 0: not at all */
} way;
static const way ways[] = {
    {"from scratch", 0, 0, 0, 0},
    {"fresh rows", 0, LFM_STATE_FRESH, 1, 1},
    {"mean rows, fresh state", 1, LFM_STATE_FRESH, 1, 1},
    {"mean rows, mean state", 1, LFM_STATE_MEAN, 1, 1},
    {"fresh rows, new data only", 0, LFM_STATE_FRESH, 1, 0},
    {"fresh rows, all data only", 0, LFM_STATE_FRESH, 0, 1},
};
enum { N_WAYS = sizeof ways / sizeof *ways };

static void fit(const settings *s, lfm_model *model, lfm_interactions *data, const lfm_features *features, int epochs)
{
    lfm_train_options options;
    lfm_train_options_init(&options);
    options.epochs = epochs;
    options.threads = s->threads;
    require(lfm_model_fit_partial(model, data, NULL, features, &options));
}

static lfm_model *make_model(const settings *s, int seed, int32_t users, int32_t items)
{
    lfm_model_options options;
    lfm_model_options_init(&options);
    options.components = s->components;
    options.seed = (uint64_t)seed;
    lfm_model *model;
    require(lfm_model_create(NULL, users, items, &options, &model));
    return model;
}

/* Each of n_new rows the mean of some of the n_old, evenly spread. */
static lfm_features *mean_sources(int32_t n_new, int32_t n_old, int32_t width)
{
    int32_t *rows = must(malloc((size_t)n_new * N_SOURCES * sizeof *rows + 1));
    int32_t *columns = must(malloc((size_t)n_new * N_SOURCES * sizeof *columns + 1));
    for (int64_t i = 0; i < (int64_t)n_new * N_SOURCES; i++) {
        rows[i] = (int32_t)(i / N_SOURCES);
        columns[i] = (int32_t)(i % N_SOURCES * n_old / N_SOURCES);
    }
    return features_of(rows, columns, (int64_t)n_new * N_SOURCES, n_new, width);
}

static void grow(const settings *s, const stage *t, lfm_model *model, const way *how)
{
    lfm_resize_options options;
    lfm_resize_options_init(&options);
    options.state = how->state;
    lfm_features *users = NULL, *items = NULL;
    if (how->mean) {
        options.user_sources = users = mean_sources(t->n_users - t->old_users, t->old_users, t->old_users);
        if (t->features == NULL) /* an indicator beside tags is what the tags do not say: nothing, at first */
            options.item_sources = items = mean_sources(t->width - t->old_width, t->old_items, t->old_width);
    }
    require(lfm_model_resize(model, t->n_users, t->width, &options));
    lfm_features_free(users);
    lfm_features_free(items);
    if (how->later)
        fit(s, model, t->later, t->features, s->new_epochs);
    if (how->all)
        fit(s, model, t->both, t->features, s->all_epochs);
}

static void measure(const stage *t, lfm_model *model, figures out[N_GROUPS])
{
    lfm_scorer *scorer;
    require(lfm_scorer_create(model, NULL, t->serving, NULL, &scorer));
    const int32_t bounds[3] = {0, t->old_users, t->n_users}, all[2] = {0, t->n_users};
    figures_of(scorer, t->test, t->both, bounds, 2, out);
    if (t->new_item_test != NULL)
        figures_of(scorer, t->new_item_test, t->both, all, 1, &out[NEW_ITEMS]);
    lfm_scorer_free(scorer);
}

typedef struct sums {
    figures groups[N_WAYS][N_GROUPS];
    double taken[N_WAYS];
} sums;

static void run_seed(const settings *s, const stage *t, int seed, sums *out)
{
    for (int w = 0; w < N_WAYS; w++) {
        lfm_model *model;
        double start;
        if (w == 0) {
            start = seconds();
            model = make_model(s, seed, t->n_users, t->width);
            fit(s, model, t->both, t->features, s->epochs);
        } else {
            model = make_model(s, seed, t->old_users, t->old_width);
            fit(s, model, t->old, t->old_features, s->epochs);
            start = seconds();
            grow(s, t, model, &ways[w]);
        }
        out->taken[w] += seconds() - start;
        figures f[N_GROUPS] = {0};
        measure(t, model, f);
        for (int g = 0; g < N_GROUPS; g++)
            figures_add(&out->groups[w][g], &f[g]);
        lfm_model_free(model);
    }
}

static void print_sums(const settings *s, const sums *all, bool has_new_items)
{
    static const char *const groups[N_GROUPS] = {"old users", "new users", "new items"};
    for (int w = 0; w < N_WAYS; w++) {
        printf("%s: %.2f s\n", ways[w].name, all->taken[w] / s->seeds);
        for (int g = 0; g < N_GROUPS - !has_new_items; g++)
            figures_print(groups[g], &all->groups[w][g], s->seeds);
    }
}

static bool run_by_chance(const settings *s, const char *folder, const char *set)
{
    dataset data;
    if (!dataset_read(folder, set, &data))
        return false;
    static sums all;
    const int32_t n_users = data.n_users, n_items = data.n_items, old_users = n_users - n_users / 10,
                  old_items = n_items - n_items / 10;
    for (int seed = 1; seed <= s->seeds; seed++) {
        int32_t *user_number = numbers_random((uint64_t)seed + 200, n_users);
        int32_t *item_number = numbers_random((uint64_t)seed + 300, n_items);
        const part everything = {
            .user_number = user_number, .item_number = item_number, .n_users = n_users, .n_items = n_items};
        part old = everything, later = everything, new_items = everything;
        old.n_users = old_users;
        old.n_items = old_items;
        later.first_user = old_users;
        later.first_item = old_items;
        new_items.first_user = n_users;
        new_items.first_item = old_items;
        stage t = {.old = part_take(data.train, &old),
                   .later = part_take(data.train, &later),
                   .both = part_take(data.train, &everything),
                   .test = part_take(data.test, &everything),
                   .new_item_test = part_take(data.test, &new_items),
                   .old_users = old_users,
                   .old_items = old_items,
                   .n_users = n_users,
                   .n_items = n_items,
                   .old_width = old_items,
                   .width = n_items};
        run_seed(s, &t, seed, &all);
        lfm_interactions_free(t.old);
        lfm_interactions_free(t.later);
        lfm_interactions_free(t.both);
        lfm_interactions_free(t.test);
        lfm_interactions_free(t.new_item_test);
        free(user_number);
        free(item_number);
    }
    print_sums(s, &all, true);
    dataset_free(&data);
    return true;
}

static bool run_by_time(const settings *s, const char *folder, const char *set)
{
    timeline line;
    if (!timeline_read(folder, set, 0.8, 0.9, &line))
        return false;
    static sums all;
    const stage t = {.old = line.old,
                     .later = line.later,
                     .both = line.both,
                     .test = line.test,
                     .old_features = line.old_tags,
                     .features = line.tags,
                     .serving = line.all_tags,
                     .old_users = line.old_users,
                     .old_items = line.old_items,
                     .n_users = line.n_users,
                     .n_items = line.n_items,
                     .old_width = line.tags != NULL ? lfm_features_n_features(line.old_tags) : line.old_items,
                     .width = line.tags != NULL ? lfm_features_n_features(line.tags) : line.n_items};
    printf("%d users, %d of them old; %d items, %d of them old\n", t.n_users, t.old_users, t.n_items, t.old_items);
    for (int seed = 1; seed <= s->seeds; seed++)
        run_seed(s, &t, seed, &all);
    print_sums(s, &all, false);
    timeline_free(&line);
    return true;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: growth DATA_FOLDER SET [--by time] [--seeds N] [--epochs N] [--new N] [--all N] …\n");
        return 2;
    }
    settings s = {.components = 32, .seeds = 3, .threads = 1, .epochs = 20, .new_epochs = 5, .all_epochs = 3};
    bool by_time = false;
    const struct {
        const char *name;
        int *value;
    } numbers[] = {{"--components", &s.components}, {"--seeds", &s.seeds},    {"--threads", &s.threads},
                   {"--epochs", &s.epochs},         {"--new", &s.new_epochs}, {"--all", &s.all_epochs}};
    for (int i = 3; i + 1 < argc; i += 2) {
        by_time = by_time || (strcmp(argv[i], "--by") == 0 && strcmp(argv[i + 1], "time") == 0);
        for (int j = 0; j < (int)(sizeof numbers / sizeof *numbers); j++) {
            if (strcmp(argv[i], numbers[j].name) == 0)
                *numbers[j].value = atoi(argv[i + 1]);
        }
    }
    if (access(argv[1], R_OK) != 0) {
        printf("SKIPPED: the data are not here\n");
        return SKIPPED;
    }
    printf("%s by %s, WARP, d = %d, %d epochs, then %d of the new data and %d of all, %d seeds\n", argv[2],
           by_time ? "time" : "chance", s.components, s.epochs, s.new_epochs, s.all_epochs, s.seeds);
    return (by_time ? run_by_time : run_by_chance)(&s, argv[1], argv[2]) ? 0 : 1;
}
