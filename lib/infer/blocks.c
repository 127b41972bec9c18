/* Work in blocks that tasks take in turn, so that no task waits for another and each has scratch of its
 * own. */
#include "infer/blocks.h"

#include "parallel/parallel.h"

static void take_blocks(uint32_t task, void *arg)
{
    lfmi_blocks *blocks = arg;
    while (!lfm_cancel_is_set(blocks->cancel)) {
        const int64_t begin = atomic_fetch_add(&blocks->next, blocks->block);
        if (begin >= blocks->n)
            return;
        const int64_t end = begin + blocks->block < blocks->n ? begin + blocks->block : blocks->n;
        blocks->work(begin, end, task, blocks->arg);
    }
}

int32_t lfmi_tasks(const lfm_context *context, int32_t threads, int64_t n, int64_t block)
{
    const int64_t n_blocks = (n + block - 1) / block;
    const int32_t tasks = n_blocks > 1 ? lfmi_threads(context, threads) : 1;
    return tasks < n_blocks ? tasks : (int32_t)(n_blocks > 1 ? n_blocks : 1);
}

lfm_status lfmi_blocks_run(const lfm_context *context, lfmi_blocks *blocks, int32_t tasks)
{
    atomic_init(&blocks->next, 0);
    lfmi_parallel_run(context, tasks, (uint32_t)tasks, take_blocks, blocks);
    return lfmi_poll(blocks->cancel);
}
