/* Every system call of a save fails once: the error names path and reason, the old file is whole, nothing is left
 * behind. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "failing_io.h"
#include "tap.h"
#include "world.h"

typedef struct scene {
    world w;
    char *folder, *path;
    buffer before, after; /* the old file's bytes and the new one's */
} scene;

static scene scene_make(void)
{
    scene s = {.w = world_make(&(world_kind){.d = 3, .features = true, .seen = true}), .folder = folder_make()};
    s.path = path_in(s.folder, "model.lfm");
    REQUIRE_OK(lfm_model_save(s.w.model, s.path, NULL));
    s.before = read_path(s.path);
    s.after = world_checkpoint(&s.w);
    return s;
}

static void scene_free(scene *s)
{
    buffer_free(&s->before);
    buffer_free(&s->after);
    folder_remove(s->folder);
    free(s->path);
    world_free(&s->w);
}

static lfm_status save(const scene *s, failing_io how)
{
    const lfm_save_options options = world_options(&s->w);
    how.armed = 1;
    io = how;
    const lfm_status status = lfm_model_save(s->w.model, s->path, &options);
    io.armed = 0;
    return status;
}

/* What is at the path, and put the old file back. */
static bool is_now(const scene *s, const buffer *wanted)
{
    buffer now = read_path(s->path);
    const bool same = buffers_equal(&now, wanted);
    buffer_free(&now);
    REQUIRE_OK(lfm_model_save(s->w.model, s->path, NULL));
    return same;
}

static int open_descriptors(void) { return folder_count("/proc/self/fd"); }

static void test_each_call(void)
{
    static const int errors[] = {ENOSPC, EIO, EDQUOT};
    scene s = scene_make();
    CHECK_OK(save(&s, (failing_io){0}));
    const failing_io all = io;
    CHECK(is_now(&s, &s.after));
    const int descriptors = open_descriptors();
    for (int kind = 0; kind < IO_KINDS; kind++) {
        tap_note("%d calls of %s", all.calls[kind], io_names[kind]);
        CHECK(all.calls[kind] >= 1);
        for (int at = 1; at <= all.calls[kind]; at++) {
            for (int e = 0; e < 3; e++) {
                const lfm_status status = save(&s, (failing_io){.kind = kind, .fail_at = at, .error = errors[e]});
                /* Another's file may become one's own, and closing the folder changes nothing any more. */
                if (kind == IO_FCHOWN || (kind == IO_CLOSE && at == 2)) {
                    CHECK_STATUS(status, LFM_OK);
                    CHECK(is_now(&s, &s.after));
                    continue;
                }
                CHECK_FAILS(status, LFM_ERROR_FILE, s.path);
                CHECK_MESSAGE(strerror(errors[e]));
                /* The folder is flushed when the new file is in its place. */
                CHECK(is_now(&s, kind == IO_FSYNC && at == 2 ? &s.after : &s.before));
                CHECK_INTEGER(folder_count(s.folder), 1);
                CHECK_INTEGER(open_descriptors(), descriptors);
            }
        }
    }
    CHECK_INTEGER(all.calls[IO_FSYNC], 2);
    CHECK_INTEGER(all.calls[IO_CLOSE], 2);
    scene_free(&s);
}

static void test_writes(void)
{
    scene s = scene_make();
    static const int lengths[] = {1, 7, 1000};
    for (int i = 0; i < 3; i++) {
        CHECK_OK(save(&s, (failing_io){.shortest = lengths[i]}));
        CHECK(is_now(&s, &s.after));
    }
    CHECK_OK(save(&s, (failing_io){.shortest = 100}));
    const int n = io.calls[IO_WRITE];
    CHECK(n > 50 && is_now(&s, &s.after));
    for (int at = 1; at <= n; at++) {
        CHECK_FAILS(save(&s, (failing_io){.shortest = 100, .kind = IO_WRITE, .fail_at = at, .error = ENOSPC}),
                    LFM_ERROR_FILE, "No space left on device");
        CHECK(is_now(&s, &s.before));
        CHECK_INTEGER(folder_count(s.folder), 1);
    }
    CHECK_FAILS(save(&s, (failing_io){.kind = IO_WRITE, .fail_at = 2}), LFM_ERROR_FILE, "No space left on device");
    CHECK(is_now(&s, &s.before));
    scene_free(&s);
}

static void test_harmless(void)
{
    scene s = scene_make();
    static const struct {
        int kind, error;
    } harmless[] = {{IO_WRITE, EINTR}, {IO_FSYNC, EINTR}, {IO_FSYNC, EINVAL}, {IO_CLOSE, EINTR}, {IO_OPENAT, EEXIST}};
    for (int i = 0; i < 5; i++) {
        for (int at = 1; at <= 2; at++) {
            CHECK_OK(save(&s, (failing_io){.kind = harmless[i].kind, .fail_at = at, .error = harmless[i].error}));
            CHECK_INTEGER(folder_count(s.folder), 1);
            CHECK(is_now(&s, &s.after));
        }
    }
    scene_free(&s);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"each system call fails once", test_each_call},
        {"short writes, each failing", test_writes},
        {"interruptions, and a name that is taken", test_harmless},
    };
    return TAP_MAIN("failing io", tests, argc, argv);
}
