/* liblfm: what the host supplies (allocator, log, threads) and how it stops a long call. */
#ifndef LFM_CONTEXT_H
#define LFM_CONTEXT_H

#include <stddef.h>
#include <stdint.h>

#include "lfm/status.h"

LFM_BEGIN_DECLS

/* A context carries what a host wants to supply itself. It is immutable and may be shared by any
 * number of threads and objects; objects hold a reference to theirs. Wherever a context is asked for,
 * NULL means the defaults: the C library's allocator, no log, as many threads as the process may use. */
typedef struct lfm_context lfm_context;

/* Return a block of `size` > 0 bytes whose address is a multiple of `alignment` (a power of two,
 * 64 at most), or NULL. Called from any thread that calls the library. */
typedef void *(*lfm_allocate_fn)(size_t size, size_t alignment, void *user_data);

/* Take back a block that lfm_allocate_fn returned; `size` is the number it was asked for. */
typedef void (*lfm_deallocate_fn)(void *block, size_t size, void *user_data);

enum { LFM_LOG_WARNING = 1, LFM_LOG_INFO = 2 };

/* Receive one line (no newline) that the library has to tell, for example that fewer threads than
 * asked for could be had. Called on the thread that called the library. */
typedef void (*lfm_log_fn)(int32_t level, const char *message, void *user_data);

/* Run task(i, arg) for each i in [0, n) exactly once, in any order and concurrency (one after another
 * included), and return 0 when all have ended. Non-zero means that none ran; the library then runs
 * them itself, one after another. Tasks never wait for each other and start no other run. */
typedef int (*lfm_executor_fn)(uint32_t n, void (*task)(uint32_t i, void *arg), void *arg,
                               void *user_data);

/* Instruction sets with kernels of their own; LFM_CPU_PORTABLE alone: none of them. */
enum { LFM_CPU_AVX2 = 1, LFM_CPU_AVX512 = 2, LFM_CPU_NEON = 4, LFM_CPU_PORTABLE = 1 << 30 };

/* What a context is made from. Initialise with lfm_context_options_init(). */
typedef struct lfm_context_options {
    size_t size;                  /* set by the initialiser */
    lfm_allocate_fn allocate;     /* NULL: the C library's; else deallocate must be set too */
    lfm_deallocate_fn deallocate; /* NULL: the C library's */
    void *allocate_user_data;     /* handed to both */
    lfm_log_fn log;               /* NULL: nothing is logged */
    void *log_user_data;          /* handed to log */
    lfm_executor_fn executor;     /* NULL: the library's own threads */
    void *executor_user_data;     /* handed to executor */
    int32_t threads;              /* upper limit of threads in any call; 0: no limit but the process's */
    int32_t cpu_mask;             /* instruction sets that kernels may use, LFM_CPU_… added up; 0: all
                                   * that the processor has. Results do not depend on it */
} lfm_context_options;

/* Fill `options`, `size` bytes long, with the defaults. Does nothing when options is NULL or size is
 * below sizeof(size_t). Call it through the macro. Thread-safe. Since 0.1. */
LFM_API void lfm_context_options_init_sized(lfm_context_options *options, size_t size);
#define lfm_context_options_init(options) lfm_context_options_init_sized((options), sizeof *(options))

/* Create a context. options: NULL for the defaults. out: receives one reference.
 * Errors: ARGUMENT (out NULL, only one of allocate and deallocate), OPTION (wrong struct size, threads
 * below 0), MEMORY. Thread-safe. Since 0.1. */
LFM_API lfm_status lfm_context_create(const lfm_context_options *options, lfm_context **out);

/* Add a reference and return the context (NULL gives NULL). Thread-safe. Since 0.1. */
LFM_API lfm_context *lfm_context_ref(lfm_context *context);

/* Drop a reference; the last one frees. NULL is a no-op. Thread-safe. Since 0.1. */
LFM_API void lfm_context_free(lfm_context *context);

/* A flag that ends a long call early. Any thread and any signal handler may set it; every call that
 * accepts one looks at it at least every 100 ms. It stays set until lfm_cancel_reset(). */
typedef struct lfm_cancel lfm_cancel;

/* Create a flag that is not set. context may be NULL. Errors: ARGUMENT (out NULL), MEMORY.
 * Thread-safe. Since 0.1. */
LFM_API lfm_status lfm_cancel_create(lfm_context *context, lfm_cancel **out);

/* Add a reference and return the flag (NULL gives NULL). Thread-safe. Since 0.1. */
LFM_API lfm_cancel *lfm_cancel_ref(lfm_cancel *cancel);

/* Drop a reference; the last one frees. NULL is a no-op. Thread-safe. Since 0.1. */
LFM_API void lfm_cancel_free(lfm_cancel *cancel);

/* Ask the calls that were given this flag to end. NULL is a no-op. Async-signal-safe, thread-safe.
 * Leaves lfm_last_message() alone. Since 0.1. */
LFM_API void lfm_cancel_set(lfm_cancel *cancel);

/* Take the request back. NULL is a no-op. Async-signal-safe, thread-safe. Since 0.1. */
LFM_API void lfm_cancel_reset(lfm_cancel *cancel);

/* Return 1 when the flag is set, else 0 (NULL gives 0). Async-signal-safe, thread-safe. Since 0.1. */
LFM_API int32_t lfm_cancel_is_set(const lfm_cancel *cancel);

LFM_END_DECLS

#endif
