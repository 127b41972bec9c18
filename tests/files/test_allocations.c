/* Every allocation of saving, opening and loading fails once: MEMORY, nothing lost, outputs left alone. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "counting.h"
#include "tap.h"
#include "world.h"

typedef struct scenario {
    const buffer *files; /* checkpoint, inference, half */
    const char *path;
    lfm_context *context;
    lfm_model *model;
    lfm_scorer *scorer;
    lfm_features *f[2];
    lfm_interactions *seen;
    lfm_ids *ids[4];
    bool untouched;
    int released, borrowed;
} scenario;

static void count_release(void *user_data) { ++*(int *)user_data; }

#define STEP(call)                                                                                                     \
    do {                                                                                                               \
        const lfm_status step_status = (call);                                                                         \
        if (step_status != LFM_OK)                                                                                     \
            return step_status;                                                                                        \
    } while (0)

typedef struct reader {
    const buffer *from;
    int64_t at;
} reader;

static int64_t read_some(void *data, size_t size, void *user_data)
{
    reader *r = user_data;
    const int64_t left = r->from->n - r->at, n = left < (int64_t)size ? left : (int64_t)size;
    memcpy(data, r->from->data + r->at, (size_t)n);
    r->at += n;
    return n;
}

static lfm_status load(scenario *s, lfm_file *file)
{
    if (s->model == NULL && lfm_file_kind(file) == LFM_FILE_CHECKPOINT)
        STEP(lfm_file_model(file, &s->model));
    for (int side = 0; side < 2; side++) {
        lfm_features_free(s->f[side]);
        s->f[side] = NULL;
        STEP(lfm_file_features(file, side, &s->f[side]));
    }
    lfm_interactions_free(s->seen);
    s->seen = NULL;
    STEP(lfm_file_seen(file, &s->seen));
    for (int32_t space = 0; space < 4; space++) {
        lfm_ids_free(s->ids[space]);
        s->ids[space] = NULL;
        STEP(lfm_file_ids(file, space, &s->ids[space]));
    }
    STEP(lfm_ids_add(s->ids[3], "somebody", 8, NULL)); /* copies what was borrowed */
    lfm_scorer_options options;
    lfm_scorer_options_init(&options);
    options.precision = LFM_PRECISION_HALF;
    options.threads = 1;
    for (int i = 0; i < 2; i++) {
        lfm_scorer *scorer = NULL;
        const lfm_status status = lfm_file_scorer(file, i == 0 ? NULL : &options, &scorer);
        s->untouched = s->untouched && (status == LFM_OK || scorer == NULL);
        lfm_scorer_free(s->scorer);
        s->scorer = scorer;
        STEP(status);
    }
    return LFM_OK;
}

static lfm_status open_and_load(scenario *s, int which, int way)
{
    lfm_file_options options;
    lfm_file_options_init(&options);
    options.check = 1;
    options.copy = way == 1;
    reader r = {.from = &s->files[which]};
    lfm_file *file = NULL;
    lfm_status status;
    if (way == 2) {
        status = lfm_file_read(s->context, read_some, &r, &options, &file);
    } else {
        s->borrowed++;
        status = lfm_file_from_memory(s->context, s->files[which].data, s->files[which].n, count_release, &s->released,
                                      &options, &file);
    }
    s->untouched = s->untouched && (status == LFM_OK || file == NULL);
    if (status == LFM_OK)
        status = load(s, file);
    lfm_file_free(file);
    return status;
}

static lfm_status run_steps(scenario *s)
{
    static const char *const notes[] = {"a", "b"};
    for (int which = 0; which < 3; which++)
        STEP(open_and_load(s, which, which));
    lfm_save_options options;
    lfm_save_options_init(&options);
    options.user_features = s->f[0];
    options.item_features = s->f[1];
    options.seen = s->seen;
    for (int space = 0; space < 4; space++)
        options.ids[space] = s->ids[space];
    options.notes = notes;
    options.n_notes = 1;
    buffer b = {0};
    lfm_status status = lfm_model_write(s->model, buffer_write, &b, &options);
    if (status == LFM_OK)
        status = lfm_scorer_write(s->scorer, buffer_write, &b, &options);
    buffer_free(&b);
    STEP(status);
    return lfm_model_save(s->model, s->path, &options);
}

static lfm_status run(scenario *s, counting *counts, bool *tidy)
{
    lfm_context_options options;
    lfm_context_options_init(&options);
    options.threads = 1;
    counting_install(counts, &options);
    s->untouched = true;
    lfm_status status = lfm_context_create(&options, &s->context);
    if (status == LFM_OK)
        status = run_steps(s);
    lfm_context_free(s->context);
    lfm_model_free(s->model);
    lfm_scorer_free(s->scorer);
    lfm_features_free(s->f[0]);
    lfm_features_free(s->f[1]);
    lfm_interactions_free(s->seen);
    for (int space = 0; space < 4; space++)
        lfm_ids_free(s->ids[space]);
    *tidy = s->untouched && s->released == s->borrowed && counts->live == 0 && counts->live_bytes == 0 &&
            counts->errors == 0;
    return status;
}

static void test_each(void)
{
    world w = world_make(&(world_kind){.d = 3, .features = true, .seen = true, .names = NAMES_TEXT});
    buffer files[3] = {world_checkpoint(&w), world_inference(&w, w.scorer, LFM_PRECISION_FLOAT32),
                       world_inference(&w, w.scorer, LFM_PRECISION_HALF)};
    char *folder = folder_make(), *path = path_in(folder, "model");
    for (int after = 0; after < 2; after++) {
        long long n = 1;
        for (long long at = 0; at <= n; at++) {
            counting counts = {.fail_at = at, .fail_all_after = after};
            bool tidy;
            scenario s = {.files = files, .path = path};
            const lfm_status status = run(&s, &counts, &tidy);
            if (at == 0)
                n = counts.calls;
            check_report(status == (at == 0 ? LFM_OK : LFM_ERROR_MEMORY) && tidy, false, __FILE__, __LINE__,
                         "allocation %lld: %s, live %lld, errors %lld, tidy %d", at, lfm_status_name(status),
                         (long long)counts.live, (long long)counts.errors, tidy);
            CHECK(folder_count(folder) <= 1);
        }
        tap_note("%lld allocations", n);
        CHECK(n > 60);
    }
    folder_remove(folder);
    free(path);
    for (int i = 0; i < 3; i++)
        buffer_free(&files[i]);
    world_free(&w);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {{"each allocation fails, alone and with all after it", test_each}};
    return TAP_MAIN("allocations", tests, argc, argv);
}
