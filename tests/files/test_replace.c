/* Saving to paths of all sorts, and opening them. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "tap.h"
#include "world.h"

static world small(void) { return world_make(&(world_kind){.d = 3, .features = true, .seen = true}); }

static int mode_of(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 ? (int)(about.st_mode & 07777) : -1;
}

static bool holds(const char *path, const buffer *wanted)
{
    buffer now = read_path(path);
    const bool same = buffers_equal(&now, wanted);
    buffer_free(&now);
    return same;
}

static void test_modes(void)
{
    world w = small();
    buffer wanted = world_checkpoint(&w);
    const lfm_save_options options = world_options(&w);
    char *folder = folder_make(), *path = path_in(folder, "model");
    const mode_t mask = umask(027);
    REQUIRE_OK(lfm_model_save(w.model, path, &options));
    CHECK_INTEGER(mode_of(path), 0640);
    static const mode_t modes[] = {0600, 0644, 0666};
    for (int i = 0; i < 3; i++) {
        REQUIRE(chmod(path, modes[i]) == 0);
        REQUIRE_OK(lfm_model_save(w.model, path, &options));
        CHECK_INTEGER(mode_of(path), modes[i]);
        CHECK(holds(path, &wanted));
        CHECK_INTEGER(folder_count(folder), 1);
    }
    (void)umask(mask);
    folder_remove(folder);
    free(path);
    buffer_free(&wanted);
    world_free(&w);
}

static void test_links(void)
{
    world w = small();
    buffer wanted = world_checkpoint(&w), other = {0};
    const lfm_save_options options = world_options(&w);
    char *folder = folder_make(), *target = path_in(folder, "target"), *link = path_in(folder, "link");
    char *second = path_in(folder, "second");
    REQUIRE(symlink("target", link) == 0 && symlink(link, second) == 0);
    struct stat about;
    for (int there = 0; there < 2; there++) { /* a link to nothing makes the file it names */
        REQUIRE_OK(lfm_model_save(w.model, second, &options));
        CHECK(holds(target, &wanted));
        CHECK(lstat(link, &about) == 0 && S_ISLNK(about.st_mode));
        CHECK(lstat(second, &about) == 0 && S_ISLNK(about.st_mode));
        CHECK_INTEGER(folder_count(folder), 3);
    }
    REQUIRE(unlink(target) == 0 && symlink("second", target) == 0);
    CHECK_FAILS(lfm_model_save(w.model, link, &options), LFM_ERROR_FILE, strerror(ELOOP));
    /* Relative paths. */
    char here[4096];
    REQUIRE(getcwd(here, sizeof here) != NULL && chdir(folder) == 0);
    CHECK_OK(lfm_model_save(w.model, "relative", &options));
    CHECK_OK(lfm_model_save(w.model, "./relative", &options));
    REQUIRE(chdir(here) == 0);
    char *relative = path_in(folder, "relative");
    CHECK(holds(relative, &wanted));
    folder_remove(folder);
    free(target);
    free(link);
    free(second);
    free(relative);
    buffer_free(&wanted);
    buffer_free(&other);
    world_free(&w);
}

/* What killed processes have left behind, all of one number as in a container, is never in the way. */
static void test_left_behind(void)
{
    enum { LEFT = 1001 };
    world w = small();
    char *folder = folder_make(), *path = path_in(folder, "model");
    for (int i = 0; i < LEFT; i++) {
        char name[64];
        snprintf(name, sizeof name, ".model.%ld-%d.tmp", (long)getpid(), i);
        char *left = path_in(folder, name);
        FILE *file = fopen(left, "wb");
        REQUIRE(file != NULL && fclose(file) == 0);
        free(left);
    }
    CHECK_OK(lfm_model_save(w.model, path, NULL));
    CHECK_INTEGER(folder_count(folder), LEFT + 1);
    folder_remove(folder);
    free(path);
    world_free(&w);
}

static void test_bad_paths(void)
{
    world w = small();
    char *folder = folder_make(), *none = path_in(folder, "none/model"), *slash = path_in(folder, "new/");
    char *under = path_in(folder, "file/model"), *file = path_in(folder, "file");
    char *longest = take(5001, 1);
    memset(longest, 'a', 5000);
    CHECK_FAILS(lfm_model_save(w.model, folder, NULL), LFM_ERROR_FILE, strerror(EISDIR));
    CHECK_FAILS(lfm_model_save(w.model, none, NULL), LFM_ERROR_FILE, none);
    CHECK_MESSAGE(strerror(ENOENT));
    CHECK_FAILS(lfm_model_save(w.model, slash, NULL), LFM_ERROR_FILE, strerror(EISDIR));
    CHECK_FAILS(lfm_model_save(w.model, "", NULL), LFM_ERROR_FILE, strerror(ENOENT));
    CHECK_FAILS(lfm_model_save(w.model, longest, NULL), LFM_ERROR_FILE, strerror(ENAMETOOLONG));
    lfm_file *opened = NULL;
    CHECK_FAILS(lfm_file_open(NULL, longest, NULL, &opened), LFM_ERROR_FILE, strerror(ENAMETOOLONG));
    CHECK_INTEGER(folder_count(folder), 0);
    REQUIRE_OK(lfm_model_save(w.model, file, NULL));
    CHECK_FAILS(lfm_model_save(w.model, under, NULL), LFM_ERROR_FILE, strerror(ENOTDIR));
    CHECK_INTEGER(folder_count(folder), 1);
    folder_remove(folder);
    free(none);
    free(slash);
    free(under);
    free(file);
    free(longest);
    world_free(&w);
}

/* Run `work` in a child, as an ordinary user when this one is root; returns its answer. */
static int in_child(int (*work)(const world *w, const char *folder), const world *w, const char *folder)
{
    const pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
            _exit(99);
        _exit(work(w, folder));
    }
    int status = 0;
    if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return 98;
    return WEXITSTATUS(status);
}

static bool fails_with(lfm_status status, int error)
{
    return status == LFM_ERROR_FILE && strstr(lfm_last_message(), strerror(error)) != NULL;
}

static int save_without_leave(const world *w, const char *folder)
{
    char *file = path_in(folder, "private"), *new = path_in(folder, "new");
    const int bad = !fails_with(lfm_model_save(w->model, file, NULL), EACCES) +
                    2 * !fails_with(lfm_model_save(w->model, new, NULL), EACCES);
    lfm_file *opened = NULL;
    return bad + 4 * !fails_with(lfm_file_open(NULL, file, NULL, &opened), EACCES);
}

static void test_permission(void)
{
    world w = small();
    char *folder = folder_make(), *file = path_in(folder, "private");
    REQUIRE_OK(lfm_model_save(w.model, file, NULL));
    buffer before = read_path(file);
    REQUIRE(chmod(file, 0) == 0 && chmod(folder, 0555) == 0);
    const int answer = in_child(save_without_leave, &w, folder);
    REQUIRE(chmod(folder, 0755) == 0 && chmod(file, 0600) == 0);
    if (answer == 99)
        tap_skip("root that cannot become an ordinary user");
    CHECK(answer == 0 || answer == 99);
    CHECK(holds(file, &before));
    CHECK_INTEGER(folder_count(folder), 1);
    buffer_free(&before);
    folder_remove(folder);
    free(file);
    world_free(&w);
}

static int save_with_little_room(const world *w, const char *folder)
{
    char *file = path_in(folder, "model");
    const lfm_save_options options = world_options(w);
    const struct rlimit limit = {2000, 2000};
    if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR || setrlimit(RLIMIT_FSIZE, &limit) != 0)
        return 97;
    return !fails_with(lfm_model_save(w->model, file, &options), EFBIG);
}

static void test_limit(void)
{
    world w = small();
    char *folder = folder_make(), *file = path_in(folder, "model");
    REQUIRE_OK(lfm_model_save(w.model, file, NULL));
    buffer before = read_path(file);
    REQUIRE(chmod(folder, 0777) == 0 && chmod(file, 0666) == 0);
    CHECK_INTEGER(in_child(save_with_little_room, &w, folder), 0);
    CHECK(holds(file, &before));
    CHECK_INTEGER(folder_count(folder), 1);
    buffer_free(&before);
    folder_remove(folder);
    free(file);
    world_free(&w);
}

/* What is no ordinary file is written to as it is. */
static void test_devices(void)
{
    world w = small();
    if (access("/dev/full", W_OK) == 0)
        CHECK_FAILS(lfm_model_save(w.model, "/dev/full", NULL), LFM_ERROR_FILE, "/dev/full: No space left on device");
    CHECK_OK(lfm_model_save(w.model, "/dev/null", NULL));
    buffer wanted = world_checkpoint(&w);
    const lfm_save_options options = world_options(&w);
    char *folder = folder_make(), *path = path_in(folder, "pipe"), *other = path_in(folder, "copy");
    REQUIRE(mkfifo(path, 0600) == 0);
    for (int by_library = 0; by_library < 2; by_library++) {
        const pid_t child = fork();
        if (child == 0)
            _exit(lfm_model_save(w.model, path, &options) != LFM_OK);
        if (by_library) { /* opening reads what cannot be mapped */
            lfm_file *file = NULL;
            CHECK_OK(lfm_file_open(NULL, path, NULL, &file));
            CHECK_OK(lfm_file_check(file, NULL));
            lfm_file_free(file);
        } else {
            CHECK(holds(path, &wanted));
        }
        int status = 1;
        CHECK(waitpid(child, &status, 0) == child && status == 0);
    }
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    char by_number[40];
    snprintf(by_number, sizeof by_number, "/dev/fd/%d", ends[1]);
    const pid_t child = fork();
    if (child == 0) {
        (void)close(ends[0]);
        _exit(lfm_model_save(w.model, by_number, &options) != LFM_OK);
    }
    (void)close(ends[1]);
    buffer got = {0};
    char block[512];
    for (ssize_t n; (n = read(ends[0], block, sizeof block)) > 0;)
        buffer_write(block, (size_t)n, &got);
    (void)close(ends[0]);
    int status = 1;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(buffers_equal(&got, &wanted));
    buffer_free(&got);
    folder_remove(folder);
    free(path);
    free(other);
    buffer_free(&wanted);
    world_free(&w);
}

static void test_opening(void)
{
    world w = small();
    char *folder = folder_make(), *path = path_in(folder, "model"), *none = path_in(folder, "none");
    char *empty = path_in(folder, "empty");
    lfm_file *file = NULL;
    CHECK_FAILS(lfm_file_open(NULL, none, NULL, &file), LFM_ERROR_FILE, none);
    CHECK_MESSAGE(strerror(ENOENT));
    CHECK_FAILS(lfm_file_open(NULL, folder, NULL, &file), LFM_ERROR_FILE, strerror(EISDIR));
    CHECK_FAILS(lfm_file_open(NULL, NULL, NULL, &file), LFM_ERROR_ARGUMENT, "path");
    CHECK_FAILS(lfm_file_open(NULL, path, NULL, NULL), LFM_ERROR_ARGUMENT, "out");
    FILE *made = fopen(empty, "w");
    REQUIRE(made != NULL && fclose(made) == 0);
    CHECK_FAILS(lfm_file_open(NULL, empty, NULL, &file), LFM_ERROR_FORMAT, "only 0 bytes");
    CHECK_FAILS(lfm_file_open(NULL, "/dev/null", NULL, &file), LFM_ERROR_FORMAT, "only 0 bytes");
    lfm_file_options options;
    lfm_file_options_init(&options);
    options.size = 5;
    CHECK_FAILS(lfm_file_open(NULL, empty, &options, &file), LFM_ERROR_OPTION, "lfm_file_options");
    CHECK(file == NULL);
    const lfm_save_options saving = world_options(&w);
    REQUIRE_OK(lfm_scorer_save(w.scorer, path, &saving));
    const uint64_t wanted = all_answers(w.scorer, w.f, w.seen, w.test, true);
    for (int copy = 0; copy < 2; copy++) {
        lfm_file_options_init(&options);
        options.copy = copy;
        options.check = copy;
        lfm_scorer *scorer = NULL;
        REQUIRE_OK(lfm_file_open(NULL, path, &options, &file));
        REQUIRE_OK(lfm_file_scorer(file, NULL, &scorer));
        lfm_file_free(file);
        /* Whoever has a file open keeps it when it is replaced. */
        REQUIRE_OK(lfm_model_save(w.model, path, NULL));
        CHECK(all_answers(scorer, w.f, w.seen, w.test, true) == wanted);
        REQUIRE_OK(lfm_scorer_save(scorer, path, &saving));
        lfm_scorer_free(scorer);
    }
    CHECK_INTEGER(folder_count(folder), 2);
    folder_remove(folder);
    free(path);
    free(none);
    free(empty);
    world_free(&w);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"permissions are kept", test_modes},
        {"symbolic links are followed", test_links},
        {"temporary files that were left behind", test_left_behind},
        {"paths that cannot be written", test_bad_paths},
        {"no permission", test_permission},
        {"a limit on the size of files", test_limit},
        {"pipes and devices", test_devices},
        {"opening", test_opening},
    };
    return TAP_MAIN("replace", tests, argc, argv);
}
