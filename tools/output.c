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

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* Make the path of the folder that a file lies in; false, with errno, when it is too long. */
static bool folder_of(const char *path, char folder[PATH_MAX])
{
    const size_t length = (size_t)(base_name(path) - path);
    if (length + sizeof "." > PATH_MAX) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(folder, path, length);
    memcpy(folder + length, ".", sizeof ".");
    return true;
}

static bool is_same(const struct stat *one, const struct stat *other)
{
    return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

int output_check(const char *path)
{
    if (path == NULL || strcmp(path, "-") == 0)
        return EXIT_FINE;
    char folder[PATH_MAX];
    struct stat status;
    bool good = false;
    if (stat(path, &status) != 0)
        good = folder_of(path, folder) && access(folder, W_OK | X_OK) == 0;
    else if (S_ISDIR(status.st_mode))
        errno = EISDIR;
    else
        good = access(path, W_OK) == 0;
    return good ? EXIT_FINE : fail("cannot write %s: %s", path, strerror(errno));
}

bool output_is_input(const char *path, const char *input)
{
    struct stat one, other;
    if (path == NULL || input == NULL || strcmp(path, "-") == 0 || stat(path, &one) != 0)
        return false;
    const int found = strcmp(input, "-") == 0 ? fstat(STDIN_FILENO, &other) : stat(input, &other);
    return found == 0 && S_ISREG(one.st_mode) && is_same(&one, &other);
}

bool outputs_are_same(const char *a, const char *b)
{
    struct stat one, other;
    char folder[PATH_MAX];
    if (a == NULL || b == NULL)
        return false;
    if (strcmp(a, b) == 0)
        return true;
    if (strcmp(a, "-") == 0 || strcmp(b, "-") == 0)
        return false;
    const bool exists = stat(a, &one) == 0;
    if (exists != (stat(b, &other) == 0))
        return false;
    if (exists)
        return S_ISREG(one.st_mode) && is_same(&one, &other);
    return strcmp(base_name(a), base_name(b)) == 0 && folder_of(a, folder) &&
           stat(folder, &one) == 0 && folder_of(b, folder) && stat(folder, &other) == 0 &&
           is_same(&one, &other);
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
