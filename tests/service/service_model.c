/* What the tests of the service need of the library: model files, and the right answers.
 *
 *     service-model make FILE SEED text|number|none checkpoint|inference
 *     service-model recommend FILE K             a line for each user: items and scores
 *     service-model similar FILE K               a line for each item: items and cosines */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "lfm/lfm.h"

enum { USERS = 50, ITEMS = 80, LIKES = 600, COMPONENTS = 8 };

static void check(lfm_status status, const char *what)
{
    if (status == LFM_OK)
        return;
    fprintf(stderr, "service-model: %s: %s\n", what, lfm_last_message());
    exit(EXIT_FAILURE);
}

/* The names of n rows, different ones for users and items; some hold what JSON and URLs must escape. */
static lfm_ids *make_ids(const char *kind, const char *prefix, int32_t n)
{
    static const char *const odd[] = {"a b&c=d", "\"quoted\\\"", "\xC3\xA9t\xC3\xA9/%20", "<100%>+?#", "bad \xFF byte"};
    if (strcmp(kind, "none") == 0)
        return NULL;
    const int number = strcmp(kind, "number") == 0;
    lfm_ids *ids;
    check(lfm_ids_create(NULL, number ? LFM_IDS_NUMBER : LFM_IDS_TEXT, &ids), "ids");
    for (int32_t i = 0; i < n; i++) {
        char text[64];
        const int32_t from_end = n - 1 - i;
        const int length = from_end < 5 ? snprintf(text, sizeof text, "%s%s", prefix, odd[from_end])
                                        : snprintf(text, sizeof text, "%s%d", prefix, i + 1);
        if (number)
            check(lfm_ids_add_number(ids, (int64_t)(i - 3) * 10000000000, NULL), "number");
        else
            check(lfm_ids_add(ids, text, (size_t)length, NULL), "text");
    }
    return ids;
}

/* Write a model with what its users have seen, then free all of them. */
static void save(const char *path, lfm_model *model, lfm_interactions *seen, const char *names, int checkpoint)
{
    lfm_save_options options;
    lfm_save_options_init(&options);
    options.seen = seen;
    lfm_ids *users = make_ids(names, "u", lfm_interactions_n_users(seen));
    lfm_ids *items = make_ids(names, "i", lfm_interactions_n_items(seen));
    options.ids[LFM_SPACE_USER] = users;
    options.ids[LFM_SPACE_ITEM] = items;
    if (checkpoint) {
        check(lfm_model_save(model, path, &options), "save");
    } else {
        lfm_scorer *scorer;
        check(lfm_scorer_create(model, NULL, NULL, NULL, &scorer), "scorer");
        check(lfm_scorer_save(scorer, path, &options), "save");
        lfm_scorer_free(scorer);
    }
    lfm_ids_free(users);
    lfm_ids_free(items);
    lfm_model_free(model);
    lfm_interactions_free(seen);
}

static void make(const char *path, uint64_t seed, const char *names, int checkpoint)
{
    test_entries e = entries_random(1, LIKES, USERS, ITEMS, 0, 1);
    lfm_interactions *seen = entries_build(NULL, &e);
    entries_free(&e);
    lfm_model *model = build_model(NULL, USERS, ITEMS, COMPONENTS, 0, seed);
    model_fill(model, seed, 1);
    save(path, model, seen, names, checkpoint);
}

static void answer(const char *path, int similar, int32_t k)
{
    lfm_file *file;
    lfm_scorer *scorer;
    lfm_interactions *seen;
    check(lfm_file_open(NULL, path, NULL, &file), "open");
    check(lfm_file_scorer(file, NULL, &scorer), "scorer");
    check(lfm_file_seen(file, &seen), "seen");
    lfm_file_free(file);
    int32_t *items = take((size_t)k, sizeof *items);
    float *values = take((size_t)k, sizeof *values);
    const int32_t n = lfm_scorer_n_rows(scorer, similar ? LFM_SPACE_ITEM : LFM_SPACE_USER);
    for (int32_t row = 0; row < n; row++) {
        if (similar)
            check(lfm_similar(scorer, LFM_SPACE_ITEM, 1, &row, LFM_SPACE_ITEM, k, items, values, NULL), "similar");
        else
            check(lfm_recommend(scorer, 1, &row, k, seen, items, values, NULL), "recommend");
        for (int32_t i = 0; i < k && items[i] >= 0; i++)
            printf("%s%d %.9g", i > 0 ? " " : "", items[i], (double)values[i]);
        printf("\n");
    }
    free(items);
    free(values);
    lfm_scorer_free(scorer);
    lfm_interactions_free(seen);
}

int main(int argc, char **argv)
{
    const char *what = argc > 3 ? argv[1] : "";
    if (argc == 6 && strcmp(what, "make") == 0)
        make(argv[2], strtoull(argv[3], NULL, 10), argv[4], strcmp(argv[5], "checkpoint") == 0);
    else if (argc == 4 && (strcmp(what, "recommend") == 0 || strcmp(what, "similar") == 0))
        answer(argv[2], what[0] == 's', (int32_t)strtol(argv[3], NULL, 10));
    else
        return EXIT_FAILURE;
    return EXIT_SUCCESS;
}
