/* What the tests of model files share. */
#include "world.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

int32_t buffer_write(const void *data, size_t size, void *user_data)
{
    buffer *to = user_data;
    if (to->n + (int64_t)size > to->room) {
        to->room = 2 * to->room + (int64_t)size;
        unsigned char *larger = take((size_t)to->room, 1);
        if (to->n > 0)
            memcpy(larger, to->data, (size_t)to->n);
        free(to->data);
        to->data = larger;
    }
    memcpy(to->data + to->n, data, size);
    to->n += (int64_t)size;
    return 0;
}

lfm_context *one_thread(void)
{
    lfm_context_options options;
    lfm_context_options_init(&options);
    options.threads = 1;
    lfm_context *context = NULL;
    REQUIRE_OK(lfm_context_create(&options, &context));
    return context;
}

void buffer_free(buffer *b)
{
    free(b->data);
    *b = (buffer){0};
}

bool buffers_equal(const buffer *a, const buffer *b)
{
    return a->n == b->n && a->n > 0 && memcmp(a->data, b->data, (size_t)a->n) == 0;
}

void world_train(const world *w, lfm_model *model, int32_t epochs)
{
    lfm_train_options options;
    lfm_train_options_init(&options);
    options.epochs = epochs;
    options.threads = 1;
    REQUIRE_OK(lfm_model_fit_partial(model, w->train, w->f[0], w->f[1], &options));
}

world world_make(const world_kind *kind)
{
    world w = {.d = kind->d};
    lfm_context *context = one_thread();
    w.model = build_model(context, kind->features ? USER_FEATURES : USERS, kind->features ? ITEM_FEATURES : ITEMS,
                          kind->d, kind->optimiser, 7);
    lfm_context_free(context);
    for (int side = 0; kind->features && side < 2; side++)
        w.f[side] = build_random_features(NULL, 3 + (uint64_t)side, side == 0 ? USERS : ITEMS,
                                          side == 0 ? USER_FEATURES : ITEM_FEATURES, 4);
    test_entries entries = entries_random(5, 150, USERS, ITEMS, 1, 0);
    w.train = entries_build(NULL, &entries);
    entries_free(&entries);
    entries = entries_random(6, 60, USERS, ITEMS, 0, 1);
    w.test = entries_build(NULL, &entries);
    entries_free(&entries);
    w.seen = kind->seen ? lfm_interactions_ref(w.train) : NULL;
    for (int side = 0; kind->names != NAMES_NONE && side < 2; side++) {
        const int32_t of = kind->names == NAMES_TEXT ? LFM_IDS_TEXT : LFM_IDS_NUMBER;
        const int32_t n_features = lfm_model_n_features(w.model, side);
        w.ids[side] = names_make(of, side == 0 ? USERS : ITEMS - 2);
        w.ids_start[side] = side == 0 ? 2 : 0;
        w.ids[side + 2] = names_make(of, n_features - (side == 0 ? 2 : 1));
    }
    world_train(&w, w.model, 3);
    lfm_scorer_options options;
    lfm_scorer_options_init(&options);
    options.precision = kind->precision;
    REQUIRE_OK(lfm_scorer_create(w.model, w.f[0], w.f[1], &options, &w.scorer));
    return w;
}

void world_free(world *w)
{
    lfm_scorer_free(w->scorer);
    lfm_model_free(w->model);
    lfm_features_free(w->f[0]);
    lfm_features_free(w->f[1]);
    lfm_interactions_free(w->train);
    lfm_interactions_free(w->seen);
    lfm_interactions_free(w->test);
    for (int space = 0; space < 4; space++)
        lfm_ids_free(w->ids[space]);
}

lfm_save_options world_options(const world *w)
{
    lfm_save_options options;
    lfm_save_options_init(&options);
    options.user_features = w->f[0];
    options.item_features = w->f[1];
    options.seen = w->seen;
    for (int space = 0; space < 4; space++)
        options.ids[space] = w->ids[space];
    memcpy(options.feature_ids_start, w->ids_start, sizeof w->ids_start);
    return options;
}

buffer world_checkpoint(const world *w)
{
    const lfm_save_options options = world_options(w);
    buffer b = {0};
    REQUIRE_OK(lfm_model_write(w->model, buffer_write, &b, &options));
    return b;
}

buffer world_inference(const world *w, const lfm_scorer *scorer, int32_t precision)
{
    lfm_save_options options = world_options(w);
    options.precision = precision;
    buffer b = {0};
    REQUIRE_OK(lfm_scorer_write(scorer, buffer_write, &b, &options));
    return b;
}

lfm_status buffer_try(const buffer *b, const lfm_file_options *options, lfm_file **out)
{
    void *copy = NULL;
    if (posix_memalign(&copy, 64, b->n > 0 ? (size_t)b->n : 1) != 0)
        abort();
    if (b->n > 0)
        memcpy(copy, b->data, (size_t)b->n);
    lfm_context *context = one_thread();
    const lfm_status status = lfm_file_from_memory(context, copy, b->n, free, copy, options, out);
    lfm_context_free(context);
    return status;
}

lfm_file *buffer_open(const buffer *b)
{
    lfm_file *file = NULL;
    REQUIRE_OK(buffer_try(b, NULL, &file));
    return file;
}

char *folder_make(void)
{
    const char *above = getenv("TMPDIR");
    char *folder = take(256, 1);
    snprintf(folder, 256, "%s/lfm-files-XXXXXX", above != NULL && strlen(above) < 200 ? above : "/tmp");
    REQUIRE(mkdtemp(folder) != NULL);
    return folder;
}

char *path_in(const char *folder, const char *name)
{
    char *path = take(strlen(folder) + strlen(name) + 2, 1);
    sprintf(path, "%s/%s", folder, name);
    return path;
}

int folder_count(const char *folder)
{
    DIR *opened = opendir(folder);
    int n = 0;
    for (struct dirent *at; opened != NULL && (at = readdir(opened)) != NULL;)
        n += strcmp(at->d_name, ".") != 0 && strcmp(at->d_name, "..") != 0;
    if (opened != NULL)
        closedir(opened);
    return n;
}

void folder_remove(char *folder)
{
    DIR *opened = opendir(folder);
    for (struct dirent *at; opened != NULL && (at = readdir(opened)) != NULL;) {
        char *path = path_in(folder, at->d_name);
        if (at->d_name[0] != '.' || strlen(at->d_name) > 2)
            (void)remove(path);
        free(path);
    }
    if (opened != NULL)
        closedir(opened);
    (void)rmdir(folder);
    free(folder);
}

buffer read_path(const char *path)
{
    buffer b = {0};
    FILE *file = fopen(path, "rb");
    if (!REQUIRE(file != NULL))
        return b;
    char block[4096];
    for (size_t got; (got = fread(block, 1, sizeof block, file)) > 0;)
        buffer_write(block, got, &b);
    fclose(file);
    return b;
}
