/* Files being written: every error is noticed, told once and remembered. */
#include "output.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common.h"

int output_open(output *out, const char *path)
{
    memset(out, 0, sizeof *out);
    if (path == NULL)
        return EXIT_FINE;
    if (strcmp(path, "-") == 0) {
        output_use(out, stdout, "standard output");
        return EXIT_FINE;
    }
    out->name = path;
    out->file = fopen(path, "wb");
    return out->file != NULL ? EXIT_FINE : fail("cannot write %s: %s", path, strerror(errno));
}

int output_check(const char *path)
{
    if (path == NULL || strcmp(path, "-") == 0)
        return EXIT_FINE;
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    const size_t length = slash != NULL ? (size_t)(slash - path) + 1 : 0;
    if (length >= sizeof folder - 1)
        return fail("cannot write %s: the name is too long", path);
    memcpy(folder, path, length);
    memcpy(folder + length, ".", sizeof ".");
    if (access(path, F_OK) == 0 ? access(path, W_OK) == 0 : access(folder, W_OK) == 0)
        return EXIT_FINE;
    return fail("cannot write %s: %s", path, strerror(errno));
}

bool is_same_file(const char *a, const char *b)
{
    struct stat one, other;
    if (a == NULL || b == NULL || strcmp(a, "-") == 0 || strcmp(b, "-") == 0)
        return false;
    if (strcmp(a, b) == 0)
        return true;
    return stat(a, &one) == 0 && stat(b, &other) == 0 && S_ISREG(one.st_mode) && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}

void output_use(output *out, FILE *file, const char *name)
{
    *out = (output){.file = file, .name = name, .is_standard = true};
}

static void write_failed(output *out)
{
    fail("cannot write %s: %s", out->name, errno != 0 ? strerror(errno) : "error");
    out->failed = true;
}

void output_flush(output *out)
{
    if (out->file == NULL)
        return;
    errno = 0;
    if (fflush(out->file) == 0 && !ferror(out->file))
        return;
    write_failed(out);
    if (!out->is_standard)
        fclose(out->file);
    out->file = NULL;
}

void output_close(output *out)
{
    output_flush(out);
    if (out->file == NULL || out->is_standard)
        return;
    errno = 0;
    if (fclose(out->file) != 0)
        write_failed(out);
    out->file = NULL;
}
