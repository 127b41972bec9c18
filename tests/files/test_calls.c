/* The calls around model files: buffers and callbacks, metadata and tensors, busy models, cancelling. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "tap.h"
#include "world.h"

static world small(void) { return world_make(&(world_kind){.d = 3, .features = true, .seen = true}); }

static void test_memory(void)
{
    world w = small();
    buffer wanted = world_checkpoint(&w);
    const lfm_save_options options = world_options(&w);
    lfm_memory memory = {.used = 0};
    REQUIRE_OK(lfm_model_write(w.model, lfm_memory_write, &memory, &options));
    CHECK_INTEGER(memory.used, wanted.n);
    memory = (lfm_memory){.data = take((size_t)wanted.n, 1), .capacity = wanted.n};
    REQUIRE_OK(lfm_model_write(w.model, lfm_memory_write, &memory, &options));
    CHECK_INTEGER(memory.used, wanted.n);
    CHECK(memcmp(memory.data, wanted.data, (size_t)wanted.n) == 0);
    memory.used = 0;
    memory.capacity--;
    CHECK_FAILS(lfm_model_write(w.model, lfm_memory_write, &memory, &options), LFM_ERROR_FILE, "returned -1");
    free(memory.data);
    buffer_free(&wanted);
    world_free(&w);
}

typedef struct failing_writer {
    int calls, fail_at;
    size_t longest;
} failing_writer;

static int32_t write_or_fail(const void *data, size_t size, void *user_data)
{
    (void)data;
    failing_writer *writer = user_data;
    writer->longest = size > writer->longest ? size : writer->longest;
    return ++writer->calls == writer->fail_at ? 7 : 0;
}

static void test_failing_writes(void)
{
    world w = small();
    const lfm_save_options options = world_options(&w);
    failing_writer writer = {.calls = 0};
    REQUIRE_OK(lfm_scorer_write(w.scorer, write_or_fail, &writer, &options));
    const int n = writer.calls;
    CHECK(n > 5 && writer.longest <= 1 << 20);
    for (int at = 1; at <= n; at++) {
        writer = (failing_writer){.fail_at = at};
        CHECK_FAILS(lfm_scorer_write(w.scorer, write_or_fail, &writer, &options), LFM_ERROR_FILE,
                    "callback returned 7");
        CHECK_INTEGER(writer.calls, at);
    }
    world_free(&w);
}

typedef struct reader {
    const buffer *from;
    int64_t at, most, calls, fail_at, answer;
} reader;

static int64_t read_some(void *data, size_t size, void *user_data)
{
    reader *r = user_data;
    if (++r->calls == r->fail_at)
        return r->answer;
    int64_t n = r->from->n - r->at;
    n = n > (int64_t)size ? (int64_t)size : n;
    n = r->most > 0 && n > r->most ? r->most : n;
    memcpy(data, r->from->data + r->at, (size_t)n);
    r->at += n;
    return n;
}

static void test_reading(void)
{
    world w = small();
    buffer b = world_inference(&w, w.scorer, LFM_PRECISION_FLOAT32);
    const uint64_t wanted = all_answers(w.scorer, w.f, w.seen, w.test, true);
    static const int64_t steps[] = {0, 1, 7, 4096};
    for (int i = 0; i < 4; i++) {
        reader r = {.from = &b, .most = steps[i]};
        lfm_file *file = NULL;
        lfm_scorer *scorer = NULL;
        REQUIRE_OK(lfm_file_read(NULL, read_some, &r, NULL, &file));
        REQUIRE_OK(lfm_file_scorer(file, NULL, &scorer));
        CHECK(all_answers(scorer, w.f, w.seen, w.test, true) == wanted);
        lfm_scorer_free(scorer);
        lfm_file_free(file);
    }
    const int64_t calls = b.n / 1000 + 2;
    for (int64_t at = 1; at <= calls; at++) {
        reader r = {.from = &b, .most = 1000, .fail_at = at, .answer = at % 2 == 0 ? -5 : INT64_MAX};
        lfm_file *file = NULL;
        CHECK_FAILS(lfm_file_read(NULL, read_some, &r, NULL, &file), LFM_ERROR_FILE, "read callback returned");
        CHECK(file == NULL);
    }
    buffer_free(&b);
    world_free(&w);
}

static void count_release(void *user_data) { ++*(int *)user_data; }

static void test_releases(void)
{
    world w = small();
    buffer b = world_inference(&w, w.scorer, LFM_PRECISION_FLOAT32);
    unsigned char *block = NULL;
    REQUIRE(posix_memalign((void **)&block, 64, (size_t)b.n + 64) == 0);
    for (int offset = 0; offset < 2; offset++) {
        for (int copy = 0; copy < 2; copy++) {
            memcpy(block + offset * 4, b.data, (size_t)b.n);
            int released = 0;
            lfm_file_options options;
            lfm_file_options_init(&options);
            options.copy = copy;
            options.check = 1;
            lfm_file *file = NULL;
            REQUIRE_OK(lfm_file_from_memory(NULL, block + offset * 4, b.n, count_release, &released, &options, &file));
            const bool kept = offset == 0 && copy == 0;
            CHECK_INTEGER(released, !kept);
            lfm_tensor tensor = {.size = sizeof tensor};
            CHECK_OK(lfm_file_tensor(file, "item_scan", &tensor));
            const unsigned char *at = tensor.data;
            CHECK((at >= block && at < block + b.n) == kept);
            lfm_scorer *scorer = NULL;
            lfm_features *features = NULL;
            lfm_interactions *seen = NULL;
            CHECK_OK(lfm_file_scorer(file, NULL, &scorer));
            CHECK_OK(lfm_file_features(file, LFM_USER, &features));
            CHECK_OK(lfm_file_seen(file, &seen));
            CHECK(lfm_file_ref(file) == file);
            lfm_file_free(file);
            lfm_file_free(file);
            lfm_scorer_free(scorer);
            lfm_features_free(features);
            CHECK_INTEGER(released, !kept);
            lfm_interactions_free(seen);
            CHECK_INTEGER(released, 1);
        }
    }
    int released = 0;
    lfm_file *file = NULL;
    memcpy(block, b.data, (size_t)b.n);
    CHECK_FAILS(lfm_file_from_memory(NULL, block, 20, count_release, &released, NULL, &file), LFM_ERROR_FORMAT,
                "cut off");
    CHECK_INTEGER(released, 1);
    CHECK_FAILS(lfm_file_from_memory(NULL, block, -1, count_release, &released, NULL, &file), LFM_ERROR_ARGUMENT, "-1");
    CHECK_INTEGER(released, 2);
    CHECK_FAILS(lfm_file_from_memory(NULL, NULL, 0, count_release, &released, NULL, &file), LFM_ERROR_ARGUMENT, "data");
    CHECK_INTEGER(released, 3);
    CHECK(file == NULL);
    free(block);
    buffer_free(&b);
    world_free(&w);
}

static void test_metadata(void)
{
    world w = small();
    static const char *const notes[] = {"who", "us", "when", "now"};
    lfm_save_options options = world_options(&w);
    options.notes = notes;
    options.n_notes = 2;
    buffer b = {0};
    REQUIRE_OK(lfm_model_write(w.model, buffer_write, &b, &options));
    lfm_file *file = buffer_open(&b);
    static const char *const wanted[][2] = {{"format", "liblfm"},      {"format_version", "1"},
                                            {"kind", "checkpoint"},    {"library_version", LFM_VERSION_STRING},
                                            {"components", "3"},       {"epochs", "3"},
                                            {"model.components", "3"}, {"model.seed", "7"},
                                            {"note.who", "us"},        {"note.when", "now"}};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        const char *value = lfm_file_metadata(file, wanted[i][0]);
        CHECK(value != NULL && strcmp(value, wanted[i][1]) == 0);
    }
    CHECK(lfm_file_metadata(file, "train.loss") == NULL);
    CHECK(lfm_file_metadata(NULL, "format") == NULL && lfm_file_metadata(file, NULL) == NULL);
    const char *key = NULL, *value = NULL;
    CHECK_FAILS(lfm_file_metadata_at(file, lfm_file_n_metadata(file), &key, &value), LFM_ERROR_ARGUMENT, "no metadata");
    CHECK_FAILS(lfm_file_metadata_at(file, -1, &key, &value), LFM_ERROR_ARGUMENT, "number -1");
    CHECK(key == NULL && value == NULL);
    REQUIRE_OK(lfm_file_metadata_at(file, 0, &key, &value));
    CHECK(strcmp(key, "header_checksum") == 0 && strlen(value) == 16);
    CHECK_INTEGER(lfm_file_n_metadata(NULL), 0);
    CHECK_INTEGER(lfm_file_n_tensors(NULL), 0);
    CHECK_INTEGER(lfm_file_kind(NULL), -1);
    lfm_file_free(file);
    buffer_free(&b);
    world_free(&w);
}

static void test_tensors(void)
{
    world w = small();
    buffer b = world_checkpoint(&w);
    lfm_file *file = buffer_open(&b);
    lfm_tensor tensor = {.size = sizeof tensor};
    REQUIRE_OK(lfm_file_tensor(file, "item_embeddings", &tensor));
    CHECK(strcmp(tensor.name, "item_embeddings") == 0 && strcmp(tensor.dtype, "F32") == 0);
    CHECK_INTEGER(tensor.n_dims, 2);
    CHECK_INTEGER(tensor.shape[0], ITEM_FEATURES);
    CHECK_INTEGER(tensor.shape[1], 3);
    CHECK_INTEGER(tensor.n_bytes, ITEM_FEATURES * 3 * 4);
    float *own = model_copy(w.model, LFM_ITEM, LFM_EMBEDDINGS, NULL);
    CHECK(memcmp(own, tensor.data, (size_t)tensor.n_bytes) == 0);
    free(own);
    const lfm_tensor before = tensor;
    CHECK_FAILS(lfm_file_tensor(file, "item_scan", &tensor), LFM_ERROR_ARGUMENT, "item_scan");
    CHECK_FAILS(lfm_file_tensor_at(file, -1, &tensor), LFM_ERROR_ARGUMENT, "number -1");
    CHECK_FAILS(lfm_file_tensor_at(file, lfm_file_n_tensors(file), &tensor), LFM_ERROR_ARGUMENT, "no tensor number");
    CHECK(memcmp(&before, &tensor, sizeof tensor) == 0);
    tensor.size = 3;
    CHECK_FAILS(lfm_file_tensor_at(file, 0, &tensor), LFM_ERROR_OPTION, "lfm_tensor");
    /* Every tensor begins on a multiple of its numbers' size, those whose size is one on a multiple of 64. */
    for (int32_t i = 0; i < lfm_file_n_tensors(file); i++) {
        tensor = (lfm_tensor){.size = sizeof tensor};
        REQUIRE_OK(lfm_file_tensor_at(file, i, &tensor));
        const uintptr_t number = strcmp(tensor.dtype, "I64") == 0 ? 8 : 4;
        CHECK((uintptr_t)tensor.data % (tensor.n_bytes % 64 == 0 ? 64 : number) == 0);
    }
    lfm_file_free(file);
    buffer_free(&b);
    world_free(&w);
}

/* ---- Busy and cancelled ---- */

typedef struct meddler {
    world *w;
    int calls, busy;
} meddler;

static int32_t meddle(const void *data, size_t size, void *user_data)
{
    (void)data;
    (void)size;
    meddler *m = user_data;
    m->calls++;
    m->busy += lfm_model_fit_partial(m->w->model, m->w->train, m->w->f[0], m->w->f[1], NULL) == LFM_ERROR_BUSY &&
               lfm_model_reset(m->w->model) == LFM_ERROR_BUSY;
    return 0;
}

typedef struct saver {
    world *w;
    int ended, saved, busy;
} saver;

static int32_t save_at_end(lfm_progress *progress, void *user_data)
{
    saver *s = user_data;
    buffer b = {0};
    const lfm_save_options options = world_options(s->w);
    const lfm_status status = lfm_model_write(s->w->model, buffer_write, &b, &options);
    s->ended += progress->epoch_ended;
    s->saved += progress->epoch_ended && status == LFM_OK;
    s->busy += !progress->epoch_ended && status == LFM_ERROR_BUSY;
    if (status == LFM_OK) {
        lfm_file *file = buffer_open(&b);
        lfm_model *model = NULL;
        CHECK_OK(lfm_file_model(file, &model));
        CHECK_INTEGER(lfm_model_epochs(model), progress->epoch);
        lfm_model_free(model);
        lfm_file_free(file);
    }
    buffer_free(&b);
    return 0;
}

static void test_busy(void)
{
    world w = small();
    const uint64_t before = model_hash(w.model);
    meddler m = {.w = &w};
    const lfm_save_options options = world_options(&w);
    REQUIRE_OK(lfm_model_write(w.model, meddle, &m, &options));
    CHECK(m.calls > 5 && m.busy == m.calls);
    CHECK(model_hash(w.model) == before);
    saver s = {.w = &w};
    lfm_train_options train;
    lfm_train_options_init(&train);
    train.epochs = 3;
    train.threads = 1;
    train.progress = save_at_end;
    train.progress_user_data = &s;
    REQUIRE_OK(lfm_model_fit_partial(w.model, w.train, w.f[0], w.f[1], &train));
    CHECK(s.ended == 3 && s.saved == 3);
    world_free(&w);
}

static void test_diverged(void)
{
    world w = small();
    lfm_view_mut biases = {.size = sizeof biases};
    REQUIRE_OK(lfm_model_view_mut(w.model, LFM_ITEM, LFM_BIASES, &biases));
    biases.data[0] = 1e38f;
    lfm_train_options train;
    lfm_train_options_init(&train);
    train.learning_rate = 1e6;
    train.threads = 1;
    train.loss = LFM_LOSS_LOGISTIC;
    train.item_alpha = 1e6;
    REQUIRE(lfm_model_fit_partial(w.model, w.train, w.f[0], w.f[1], &train) == LFM_ERROR_DIVERGED);
    buffer b = {0};
    CHECK_STATUS(lfm_model_write(w.model, buffer_write, &b, NULL), LFM_ERROR_DIVERGED);
    CHECK_INTEGER(b.n, 0);
    world_free(&w);
}

static int32_t write_and_cancel(const void *data, size_t size, void *cancel)
{
    (void)data;
    (void)size;
    lfm_cancel_set(cancel);
    return 0;
}

static void test_cancel(void)
{
    world w = small();
    buffer b = world_checkpoint(&w);
    lfm_cancel *cancel = NULL;
    REQUIRE_OK(lfm_cancel_create(NULL, &cancel));
    lfm_save_options options = world_options(&w);
    options.cancel = cancel;
    CHECK_FAILS(lfm_model_write(w.model, write_and_cancel, cancel, &options), LFM_ERROR_CANCELLED, "cancel");
    CHECK_FAILS(lfm_scorer_write(w.scorer, buffer_write, &b, &options), LFM_ERROR_CANCELLED, "cancel");
    char *folder = folder_make();
    char *path = path_in(folder, "model");
    CHECK_FAILS(lfm_model_save(w.model, path, &options), LFM_ERROR_CANCELLED, "cancel");
    CHECK_INTEGER(folder_count(folder), 0);
    lfm_file_options how;
    lfm_file_options_init(&how);
    how.cancel = cancel;
    how.check = 1;
    lfm_file *file = NULL;
    CHECK_FAILS(buffer_try(&b, &how, &file), LFM_ERROR_CANCELLED, "cancel");
    reader r = {.from = &b};
    CHECK_FAILS(lfm_file_read(NULL, read_some, &r, &how, &file), LFM_ERROR_CANCELLED, "cancel");
    CHECK(file == NULL);
    file = buffer_open(&b);
    CHECK_FAILS(lfm_file_check(file, cancel), LFM_ERROR_CANCELLED, "cancel");
    lfm_file_free(file);
    lfm_cancel_free(cancel);
    folder_remove(folder);
    free(path);
    buffer_free(&b);
    world_free(&w);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"to and from memory", test_memory},
        {"a write callback that gives up at any call", test_failing_writes},
        {"read callbacks: short reads, giving up at any call", test_reading},
        {"memory is released exactly once", test_releases},
        {"metadata", test_metadata},
        {"tensors", test_tensors},
        {"the model is busy while it is saved", test_busy},
        {"a diverged model is not saved", test_diverged},
        {"cancelling", test_cancel},
    };
    return TAP_MAIN("calls", tests, argc, argv);
}
