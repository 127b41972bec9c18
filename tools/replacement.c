/* A file that is written beside the one it replaces, and takes its place when it is whole. */
#ifndef _XOPEN_SOURCE
#define _XOPEN_SOURCE 700 /* realpath */
#endif
#include "replacement.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common.h"

static int cannot_write(const replacement *out)
{
    return fail("cannot write %s: %s", out->name, errno != 0 ? strerror(errno) : "error");
}

/* FOLDER/NAME becomes FOLDER/.NAME.PID.tmp, also where NAME is as long as names can be. */
static char *beside(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    const size_t size = strlen(path) + sizeof "..00000000000000000000.tmp";
    char *made = malloc(size);
    if (made != NULL)
        (void)snprintf(made, size, "%.*s.%.200s.%ld.tmp", (int)(name - path), path, name, (long)getpid());
    return made;
}

static int open_beside(replacement *out, const struct stat *old)
{
    out->temporary = beside(out->path);
    if (out->temporary == NULL)
        return fail_memory();
    /* What another process of this number has left behind is in the way. */
    (void)unlink(out->temporary);
    const int file = open(out->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file < 0) {
        const int code = cannot_write(out);
        free(out->temporary); /* not ours to remove */
        out->temporary = NULL;
        return code;
    }
    if (old != NULL)
        (void)fchmod(file, old->st_mode & 0777); /* its permissions, as far as we may */
    out->file = fdopen(file, "wb");
    if (out->file != NULL)
        return EXIT_FINE;
    close(file);
    return fail_memory();
}

int replacement_open(replacement *out, const char *path)
{
    *out = (replacement){.name = path};
    if (strcmp(path, "-") == 0) {
        *out = (replacement){.name = "standard output", .file = stdout, .is_standard = true};
        return EXIT_FINE;
    }
    struct stat old;
    const bool exists = stat(path, &old) == 0;
    out->path = exists ? realpath(path, NULL) : strdup(path);
    if (out->path == NULL)
        return errno == ENOMEM ? fail_memory() : cannot_write(out);
    if (!exists || S_ISREG(old.st_mode)) {
        /* Read-only files are not replaced, although the folder would let us. */
        if (exists && access(path, W_OK) != 0)
            return cannot_write(out);
        return open_beside(out, exists ? &old : NULL);
    }
    out->file = fopen(out->path, "wb");
    return out->file != NULL ? EXIT_FINE : cannot_write(out);
}

int replacement_close(replacement *out)
{
    FILE *file = out->file;
    out->file = NULL;
    errno = 0;
    bool good = fflush(file) == 0 && !ferror(file);
    if (good && out->temporary != NULL)
        good = fsync(fileno(file)) == 0;
    const int error = errno;
    if (!out->is_standard && fclose(file) != 0 && good)
        good = false;
    else
        errno = error;
    return good ? EXIT_FINE : cannot_write(out);
}

/* The name is on the disk when its folder is. A file system that cannot do that is not told of. */
static void flush_folder(const char *path)
{
    char *folder = strdup(path);
    if (folder == NULL)
        return;
    char *slash = strrchr(folder, '/');
    if (slash != NULL)
        slash[slash == folder] = '\0';
    const int file = open(slash != NULL ? folder : ".", O_RDONLY | O_CLOEXEC);
    if (file >= 0) {
        (void)fsync(file);
        close(file);
    }
    free(folder);
}

int replacement_publish(replacement *out)
{
    if (out->temporary == NULL)
        return EXIT_FINE;
    if (rename(out->temporary, out->path) != 0)
        return cannot_write(out);
    free(out->temporary); /* nothing is left to remove */
    out->temporary = NULL;
    flush_folder(out->path);
    return EXIT_FINE;
}

void replacement_end(replacement *out)
{
    if (out->file != NULL && !out->is_standard)
        (void)fclose(out->file);
    if (out->temporary != NULL)
        (void)unlink(out->temporary);
    free(out->temporary);
    free(out->path);
    *out = (replacement){.name = out->name};
}
