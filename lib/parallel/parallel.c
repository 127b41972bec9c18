/* Running tasks on OpenMP's threads or on the host's executor.
 *
 * libgomp ends the process when it cannot start a thread and hangs in a forked child whose parent had
 * threads, the library's or the host's own. So before a region wider than the last on this thread, that
 * many threads are started and joined, and the region asks for what was had; and the child of a process
 * that had threads runs everything itself. */
#include "parallel/parallel.h"

#include <pthread.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/numeric.h"

#ifdef _OPENMP
/* The process whose regions started threads; 0 before the first. */
static atomic_int threaded_process;

/* The width of the last region that this thread opened: so many threads its pool still holds. libgomp
 * ends those that a narrower region does not need. */
static _Thread_local int32_t pool_width = 1;

/* Whether this process was forked from one that had more than one thread; and, in the parent between
 * the two handlers, whether it has. */
static atomic_bool forked_from_threads, forking_with_threads;

static void before_fork(void)
{
    enum { OWN_LINKS = 2, ONE_THREAD = 1 }; /* a folder's links: its own and one for each folder in it */
    struct stat tasks;
    const bool single = stat("/proc/self/task", &tasks) == 0 && tasks.st_nlink <= OWN_LINKS + ONE_THREAD;
    atomic_store_explicit(&forking_with_threads, !single, memory_order_relaxed);
}

static void after_fork_in_child(void)
{
    if (atomic_load_explicit(&forking_with_threads, memory_order_relaxed))
        atomic_store_explicit(&forked_from_threads, true, memory_order_relaxed);
}

/* A host may have had its own OpenMP regions and fork before the library's first call. */
__attribute__((constructor)) static void watch_forks(void)
{
    (void)pthread_atfork(before_fork, NULL, after_fork_in_child);
}

static bool is_forked_child(void)
{
    const int process = atomic_load_explicit(&threaded_process, memory_order_relaxed);
    return atomic_load_explicit(&forked_from_threads, memory_order_relaxed) ||
           (process != 0 && process != (int)getpid());
}
#endif

int32_t lfmi_threads(const lfm_context *context, int32_t requested)
{
#ifdef _OPENMP
    const bool has_threads = !is_forked_child();
#else
    const bool has_threads = false;
#endif
    if (!has_threads && context->options.executor == NULL)
        return 1;
    int32_t threads = requested > 0 ? requested : lfmi_available_processors();
    threads = threads < LFMI_MOST_THREADS ? threads : LFMI_MOST_THREADS;
    if (context->options.threads > 0 && threads > context->options.threads)
        threads = context->options.threads;
    return threads;
}

typedef struct run_state {
    lfmi_task_fn task;
    void *arg;
} run_state;

static void run_one(uint32_t index, void *arg)
{
    const run_state *run = arg;
    fenv_t saved;
    lfmi_float_enter(&saved);
    run->task(index, run->arg);
    lfmi_float_leave(&saved);
}

#ifdef _OPENMP

static void *wait_for_gate(void *gate)
{
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

/* Start threads - 1 threads, all alive at once, join them, and return how many can run with this one. */
static int32_t probe_threads(int32_t threads)
{
    pthread_t started[LFMI_MOST_THREADS - 1];
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    const int32_t wanted = threads - 1;
    int32_t had = 0;
    pthread_mutex_lock(&gate);
    while (had < wanted && pthread_create(&started[had], NULL, wait_for_gate, &gate) == 0)
        had++;
    pthread_mutex_unlock(&gate);
    for (int32_t i = 0; i < had; i++)
        pthread_join(started[i], NULL);
    return had + 1;
}

static void run_on_threads(const lfm_context *context, int32_t threads, uint32_t n, run_state *run)
{
    if (threads > 1 && is_forked_child())
        threads = 1;
    if (threads > pool_width) {
        const int32_t had = probe_threads(threads);
        if (had < threads)
            lfmi_log_line(context, LFM_LOG_WARNING, "only %d of %d threads could be started", had, threads);
        threads = had < threads ? had : threads;
    }
    if (threads > 1) {
        pool_width = threads;
        atomic_store_explicit(&threaded_process, (int)getpid(), memory_order_relaxed);
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
        for (int64_t i = 0; i < (int64_t)n; i++)
            run_one((uint32_t)i, run);
    } else {
        for (uint32_t i = 0; i < n; i++)
            run_one(i, run);
    }
}

#else

static void run_on_threads(const lfm_context *context, int32_t threads, uint32_t n, run_state *run)
{
    (void)context;
    (void)threads;
    for (uint32_t i = 0; i < n; i++)
        run_one(i, run);
}

#endif

void lfmi_parallel_run(const lfm_context *context, int32_t threads, uint32_t n, lfmi_task_fn task,
                       void *arg)
{
    run_state run = {task, arg};
    if (threads > 1 && n > 1 && context->options.executor != NULL) {
        if (context->options.executor(n, run_one, &run, context->options.executor_user_data) == 0)
            return;
        lfmi_log_line(context, LFM_LOG_WARNING, "the executor refused %u tasks: running them here", n);
        threads = 1;
    }
    run_on_threads(context, (uint32_t)threads < n ? threads : (int32_t)n, n, &run);
}
