/* The door to threads: nothing outside this folder knows OpenMP. */
#ifndef LFMI_PARALLEL_H
#define LFMI_PARALLEL_H

#include <stdint.h>

#include "base/context.h"

/* No call uses more; the option table has the same bound. */
enum { LFMI_MOST_THREADS = 4096 };

typedef void (*lfmi_task_fn)(uint32_t index, void *arg);

/* Return how many threads a call should use: `requested`, or what the process may use when that is 0,
 * limited by the context; 1 in a forked child of a process that had threads. At least 1. */
int32_t lfmi_threads(const lfm_context *context, int32_t requested);

/* Run task(i, arg) for each i in [0, n), each exactly once, on at most `threads` threads or on the
 * host's executor, and return when all have ended. With threads = 1 (and then whatever the executor)
 * they run here, one after another. Fewer threads than asked for may be had: tasks never wait for
 * each other. Tasks run in the default floating-point environment. */
void lfmi_parallel_run(const lfm_context *context, int32_t threads, uint32_t n, lfmi_task_fn task,
                       void *arg);

/* Return the processors the process may use: its affinity mask, cut down by its cgroup's quota. */
int32_t lfmi_available_processors(void);

#endif
