/* A program that saves again and again is killed at random moments: the file is always one of the versions that it
 * saved, whole, and what it leaves behind does no harm. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "tap.h"
#include "world.h"

enum { KILLS = 200, VERSIONS = 3, D = 512 };

static void save_for_ever(lfm_model *const models[VERSIONS], const char *path)
{
    for (int i = 0;; i++) {
        if (lfm_model_save(models[i % VERSIONS], path, NULL) != LFM_OK)
            _exit(1);
    }
}

static void test_kill(void)
{
    lfm_model *models[VERSIONS];
    buffer versions[VERSIONS] = {{0}, {0}, {0}};
    char *folder = folder_make(), *path = path_in(folder, "model.lfm");
    for (int i = 0; i < VERSIONS; i++) {
        models[i] = build_model(NULL, 100, 100 + 50 * i, D, 0, (uint64_t)i);
        REQUIRE_OK(lfm_model_write(models[i], buffer_write, &versions[i], NULL));
    }
    REQUIRE_OK(lfm_model_save(models[0], path, NULL));
    test_random random = {(uint64_t)time(NULL)};
    int seen[VERSIONS] = {0}, left = 0, broken = 0;
    for (int kill_number = 0; kill_number < KILLS; kill_number++) {
        const pid_t child = fork();
        if (child == 0)
            save_for_ever(models, path);
        REQUIRE(child > 0);
        const struct timespec moment = {.tv_nsec = 1000000 + random_below(&random, 40000000)};
        (void)nanosleep(&moment, NULL);
        CHECK(kill(child, SIGKILL) == 0);
        int status = 0;
        CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
        buffer now = read_path(path);
        int which = 0;
        while (which < VERSIONS && !buffers_equal(&now, &versions[which]))
            which++;
        buffer_free(&now);
        if (which < VERSIONS)
            seen[which]++;
        else
            broken++;
        left = folder_count(folder) - 1;
    }
    CHECK_INTEGER(broken, 0);
    tap_note("the versions were found %d, %d and %d times; %d temporary files were left", seen[0], seen[1], seen[2],
             left);
    CHECK(seen[0] > 0 && seen[1] > 0 && seen[2] > 0 && left > 0);
    REQUIRE_OK(lfm_model_save(models[1], path, NULL));
    buffer now = read_path(path);
    CHECK(buffers_equal(&now, &versions[1]));
    CHECK_INTEGER(folder_count(folder) - 1, left);
    buffer_free(&now);
    folder_remove(folder);
    free(path);
    for (int i = 0; i < VERSIONS; i++) {
        buffer_free(&versions[i]);
        lfm_model_free(models[i]);
    }
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {{"200 kills", test_kill}};
    return TAP_MAIN("kill", tests, argc, argv);
}
