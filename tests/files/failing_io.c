/* System calls that fail on purpose. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* RTLD_NEXT */
#endif
#include "failing_io.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

const char *const io_names[IO_KINDS] = {"open", "openat", "write", "fsync", "close", "fchmod", "fchown", "renameat"};
failing_io io;

/* The C library's own. (A function's address does not fit a void pointer in ISO C: hence the copy.) */
static void find(const char *name, void *function)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (found == NULL)
        abort();
    memcpy(function, &found, sizeof found);
}

static int fails(int kind)
{
    if (!io.armed || ++io.calls[kind] != io.fail_at || kind != io.kind)
        return 0;
    errno = io.error;
    return 1;
}

EXPORT int open(const char *path, int flags, ...)
{
    int (*next)(const char *, int, ...);
    find("open", &next);
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return fails(IO_OPEN) ? -1 : next(path, flags, mode);
}

EXPORT int openat(int folder, const char *path, int flags, ...)
{
    int (*next)(int, const char *, int, ...);
    find("openat", &next);
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return fails(IO_OPENAT) ? -1 : next(folder, path, flags, mode);
}

EXPORT ssize_t write(int file, const void *data, size_t size)
{
    ssize_t (*next)(int, const void *, size_t);
    find("write", &next);
    if (fails(IO_WRITE))
        return io.error == 0 ? 0 : -1;
    return next(file, data, io.armed && io.shortest > 0 && size > (size_t)io.shortest ? (size_t)io.shortest : size);
}

EXPORT int fsync(int file)
{
    int (*next)(int);
    find("fsync", &next);
    return fails(IO_FSYNC) ? -1 : next(file);
}

/* A failed close has closed all the same, as on Linux. */
EXPORT int close(int file)
{
    int (*next)(int);
    find("close", &next);
    const int answer = next(file);
    return fails(IO_CLOSE) ? -1 : answer;
}

EXPORT int fchmod(int file, mode_t mode)
{
    int (*next)(int, mode_t);
    find("fchmod", &next);
    return fails(IO_FCHMOD) ? -1 : next(file, mode);
}

EXPORT int fchown(int file, uid_t user, gid_t group)
{
    int (*next)(int, uid_t, gid_t);
    find("fchown", &next);
    return fails(IO_FCHOWN) ? -1 : next(file, user, group);
}

EXPORT int renameat(int from, const char *old, int to, const char *new)
{
    int (*next)(int, const char *, int, const char *);
    find("renameat", &next);
    return fails(IO_RENAMEAT) ? -1 : next(from, old, to, new);
}
