/* Replacing a file whole: written beside it, flushed, renamed, and the folder flushed. */
#ifndef _XOPEN_SOURCE
#define _XOPEN_SOURCE 700 /* realpath */
#endif
#include "io/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/random.h"

enum { MOST_TRIES = 100 };

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* Put the path of the file to write into `whole`: symbolic links followed, to a file that is not there yet too.
 * Returns 0, or the system's error number. */
static int follow_links(const char *path, char whole[PATH_MAX])
{
    enum { MOST_LINKS = 40 };
    const size_t length = strlen(path);
    if (length == 0 || length >= PATH_MAX)
        return length == 0 ? ENOENT : ENAMETOOLONG;
    if (realpath(path, whole) != NULL)
        return 0;
    memcpy(whole, path, length + 1);
    for (int i = 0; i < MOST_LINKS; i++) {
        char aim[PATH_MAX];
        const ssize_t got = readlink(whole, aim, sizeof aim);
        if (got < 0) /* no link, or nothing: what is wrong with it will show */
            return 0;
        char *name = aim[0] == '/' ? whole : (char *)(uintptr_t)base_name(whole);
        if (got >= (ssize_t)(PATH_MAX - (name - whole)))
            return ENAMETOOLONG;
        memcpy(name, aim, (size_t)got);
        name[got] = '\0';
    }
    return ELOOP;
}

/* Split the path into folder and name, and open the folder. */
static lfm_status open_folder(lfmi_replacement *r)
{
    char whole[PATH_MAX];
    const int error = follow_links(r->path, whole);
    if (error != 0)
        return lfmi_fail_errno(error, "write", r->path);
    const char *name = base_name(whole);
    if (name[0] == '\0')
        return lfmi_fail_errno(EISDIR, "write", r->path);
    memcpy(r->target, name, strlen(name) + 1);
    whole[name - whole] = '\0';
    r->folder = open(whole[0] != '\0' ? whole : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return r->folder >= 0 ? LFM_OK : lfmi_fail_errno(errno, "write", r->path);
}

/* Numbers that no other process or thread comes upon, nor one that was killed: the names that those left behind
 * must not be in the way, also where every process has the same number, as in containers. */
static lfmi_stream numbers_of_names(const lfmi_replacement *r)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    const uint64_t key = lfmi_key((uint64_t)now.tv_sec, (uint64_t)now.tv_nsec);
    return lfmi_stream_of(lfmi_key(key, (uint64_t)getpid()), (uint64_t)(uintptr_t)r);
}

static lfm_status create_temporary(lfmi_replacement *r, const struct stat *old)
{
    lfmi_stream numbers = numbers_of_names(r);
    for (int i = 0; i < MOST_TRIES; i++) {
        (void)snprintf(r->temporary, sizeof r->temporary, ".%.200s.%016llx.tmp", r->target,
                       (unsigned long long)lfmi_next(&numbers));
        r->file = openat(r->folder, r->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, old != NULL ? 0600 : 0666);
        if (r->file >= 0 || errno != EEXIST)
            break;
    }
    if (r->file < 0) {
        r->temporary[0] = '\0';
        return lfmi_fail_errno(errno, "create a file beside", r->path);
    }
    if (old == NULL)
        return LFM_OK;
    /* Whoever writes in another's stead leaves the file with its owner, so far as that is allowed. */
    if (fchown(r->file, old->st_uid, old->st_gid) != 0)
        errno = 0;
    if (fchmod(r->file, old->st_mode & 0777) != 0)
        return lfmi_fail_errno(errno, "give the old file's permissions to", r->path);
    return LFM_OK;
}

static lfm_status begin(lfmi_replacement *r)
{
    struct stat old;
    const bool is_there = stat(r->path, &old) == 0;
    if (is_there && S_ISDIR(old.st_mode))
        return lfmi_fail_errno(EISDIR, "write", r->path);
    if (is_there && !S_ISREG(old.st_mode)) {
        r->direct = true;
        r->file = open(r->path, O_WRONLY | O_CLOEXEC);
        return r->file >= 0 ? LFM_OK : lfmi_fail_errno(errno, "write", r->path);
    }
    LFMI_TRY(open_folder(r));
    if (is_there && faccessat(r->folder, r->target, W_OK, 0) != 0)
        return lfmi_fail_errno(errno, "write", r->path);
    return create_temporary(r, is_there ? &old : NULL);
}

lfm_status lfmi_replace_begin(const char *path, lfmi_replacement *r)
{
    *r = (lfmi_replacement){.path = path, .folder = -1, .file = -1};
    const lfm_status status = begin(r);
    if (status != LFM_OK)
        lfmi_replace_abandon(r);
    return status;
}

lfm_status lfmi_replace_put(void *replacement, const void *data, size_t size)
{
    lfmi_replacement *r = replacement;
    const char *from = data;
    while (size > 0) {
        const ssize_t written = write(r->file, from, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return lfmi_fail_errno(written < 0 ? errno : ENOSPC, "write", r->path);
        from += written;
        size -= (size_t)written;
    }
    return LFM_OK;
}

/* Pipes and some folders cannot be flushed: that is no failure. */
static bool flush(int descriptor)
{
    while (fsync(descriptor) != 0) {
        if (errno != EINTR)
            return errno == EINVAL || errno == ENOTSUP;
    }
    return true;
}

lfm_status lfmi_replace_commit(lfmi_replacement *r)
{
    lfm_status status = flush(r->file) ? LFM_OK : lfmi_fail_errno(errno, "flush", r->path);
    const int file = r->file;
    r->file = -1;
    if (close(file) != 0 && errno != EINTR && status == LFM_OK)
        status = lfmi_fail_errno(errno, "write", r->path);
    if (status == LFM_OK && !r->direct) {
        if (renameat(r->folder, r->temporary, r->folder, r->target) != 0)
            status = lfmi_fail_errno(errno, "replace", r->path);
        else
            r->temporary[0] = '\0';
        if (status == LFM_OK && !flush(r->folder))
            status = lfmi_fail_errno(errno, "flush the folder of", r->path);
    }
    lfmi_replace_abandon(r);
    return status;
}

void lfmi_replace_abandon(lfmi_replacement *r)
{
    if (r->file >= 0)
        (void)close(r->file);
    if (r->temporary[0] != '\0')
        (void)unlinkat(r->folder, r->temporary, 0);
    if (r->folder >= 0)
        (void)close(r->folder);
    r->file = r->folder = -1;
    r->temporary[0] = '\0';
}
