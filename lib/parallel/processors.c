/* How many processors the process may use: affinity and cgroup quota. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* sched_getaffinity */
#endif
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parallel/parallel.h"

enum { PATH_BYTES = 512, TEXT_BYTES = 1024 };

static int32_t affinity_count(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return CPU_COUNT(&set) > 0 ? CPU_COUNT(&set) : 1;
    const long online = sysconf(_SC_NPROCESSORS_ONLN); /* more processors than cpu_set_t holds */
    return online > 0 ? (int32_t)online : 1;
}

/* Read a small file whole; false when it is not there. */
static bool read_text(const char *path, char text[TEXT_BYTES])
{
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    const ssize_t n = read(file, text, TEXT_BYTES - 1);
    close(file);
    if (n < 0)
        return false;
    text[n] = '\0';
    return true;
}

/* The whole processors that a quota per period amounts to, at least 1; limit when there is none. */
static int32_t quota_processors(long long quota, long long period, int32_t limit)
{
    if (quota <= 0 || period <= 0)
        return limit;
    const long long whole = (quota + period - 1) / period;
    return whole < limit ? (int32_t)whole : limit;
}

/* Apply the quota of the cgroup at `path` below `mount`, in the form of its version. */
static int32_t apply_quota(const char *mount, const char *path, int version, int32_t limit)
{
    char name[PATH_BYTES], text[TEXT_BYTES];
    if (version == 2) {
        snprintf(name, sizeof name, "%s%s/cpu.max", mount, path);
        if (!read_text(name, text) || strncmp(text, "max", 3) == 0)
            return limit;
        char *rest;
        const long long quota = strtoll(text, &rest, 10);
        return quota_processors(quota, strtoll(rest, NULL, 10), limit);
    }
    snprintf(name, sizeof name, "%s%s/cpu.cfs_quota_us", mount, path);
    if (!read_text(name, text))
        return limit;
    const long long quota = strtoll(text, NULL, 10);
    snprintf(name, sizeof name, "%s%s/cpu.cfs_period_us", mount, path);
    return read_text(name, text) ? quota_processors(quota, strtoll(text, NULL, 10), limit) : limit;
}

/* Walk from the process's cgroup up to the root: every ancestor's quota holds too. */
static int32_t walk_up(const char *mount, char *path, int version, int32_t limit)
{
    for (;;) {
        limit = apply_quota(mount, path, version, limit);
        char *slash = strrchr(path, '/');
        if (slash == NULL || path[0] == '\0')
            return limit;
        *slash = '\0';
    }
}

static int32_t cgroup_limit(int32_t limit)
{
    char text[TEXT_BYTES];
    if (!read_text("/proc/self/cgroup", text))
        return limit;
    char *state = NULL;
    for (char *line = strtok_r(text, "\n", &state); line != NULL; line = strtok_r(NULL, "\n", &state)) {
        char *controllers = strchr(line, ':');
        char *path = controllers != NULL ? strchr(controllers + 1, ':') : NULL;
        if (path == NULL)
            continue;
        *path++ = '\0';
        controllers++;
        if (controllers[0] == '\0')
            limit = walk_up("/sys/fs/cgroup", path, 2, limit);
        else if (strcmp(controllers, "cpu") == 0 || strncmp(controllers, "cpu,", 4) == 0 ||
                 strstr(controllers, ",cpu,") != NULL)
            limit = walk_up("/sys/fs/cgroup/cpu", path, 1, limit);
    }
    return limit;
}

int32_t lfmi_available_processors(void) { return cgroup_limit(affinity_count()); }
