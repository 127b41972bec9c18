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
#include <unistd.h>

enum { MOST_TRIES = 1000 };

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* Split the real path (links followed) into folder and name, and open the folder. */
static lfm_status open_folder(lfmi_replacement *r)
{
    char whole[PATH_MAX];
    const size_t length = strlen(r->path);
    if (length == 0 || length >= sizeof whole)
        return lfmi_fail_errno(length == 0 ? ENOENT : ENAMETOOLONG, "write", r->path);
    if (realpath(r->path, whole) == NULL)
        memcpy(whole, r->path, length + 1);
    const char *name = base_name(whole);
    if (name[0] == '\0')
        return lfmi_fail_errno(EISDIR, "write", r->path);
    memcpy(r->target, name, strlen(name) + 1);
    whole[name - whole] = '\0';
    r->folder = open(whole[0] != '\0' ? whole : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return r->folder >= 0 ? LFM_OK : lfmi_fail_errno(errno, "write", r->path);
}

static lfm_status create_temporary(lfmi_replacement *r, const struct stat *old)
{
    for (int i = 0; i < MOST_TRIES; i++) {
        (void)snprintf(r->temporary, sizeof r->temporary, ".%.200s.%ld-%d.tmp", r->target, (long)getpid(), i);
        r->file = openat(r->folder, r->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (r->file >= 0 || errno != EEXIST)
            break;
    }
    if (r->file < 0) {
        r->temporary[0] = '\0';
        return lfmi_fail_errno(errno, "create a file beside", r->path);
    }
    if (old != NULL && fchmod(r->file, old->st_mode & 07777) != 0)
        return lfmi_fail_errno(errno, "give the old file's permissions to", r->path);
    return LFM_OK;
}

static lfm_status begin(lfmi_replacement *r)
{
    LFMI_TRY(open_folder(r));
    struct stat old;
    if (fstatat(r->folder, r->target, &old, 0) != 0)
        return create_temporary(r, NULL);
    if (S_ISDIR(old.st_mode))
        return lfmi_fail_errno(EISDIR, "write", r->path);
    if (faccessat(r->folder, r->target, W_OK, 0) != 0)
        return lfmi_fail_errno(errno, "write", r->path);
    if (S_ISREG(old.st_mode))
        return create_temporary(r, &old);
    r->direct = true;
    r->file = openat(r->folder, r->target, O_WRONLY | O_CLOEXEC);
    return r->file >= 0 ? LFM_OK : lfmi_fail_errno(errno, "write", r->path);
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
