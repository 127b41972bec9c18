/* Work in blocks that tasks take in turn. */
#ifndef LFMI_BLOCKS_H
#define LFMI_BLOCKS_H

#include "base/context.h"

/* Work on [0, n) in blocks: work(begin, end, task, arg). */
typedef struct lfmi_blocks {
    int64_t n, block;
    const lfm_cancel *cancel;
    atomic_int_least64_t next;
    void (*work)(int64_t begin, int64_t end, uint32_t task, void *arg);
    void *arg;
} lfmi_blocks;

/* How many tasks a call should use for n things in blocks: no more than there are blocks. */
int32_t lfmi_tasks(const lfm_context *context, int32_t threads, int64_t n, int64_t block);

/* Run to the end with `tasks` tasks, or until cancelled: returns CANCELLED then. */
lfm_status lfmi_blocks_run(const lfm_context *context, lfmi_blocks *blocks, int32_t tasks);

#endif
