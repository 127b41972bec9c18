/* The context as the library sees it: memory, log, thread limit, executor; and reference counts. */
#ifndef LFMI_CONTEXT_H
#define LFMI_CONTEXT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "lfm/context.h"

typedef atomic_int_fast32_t lfmi_refcount;

struct lfm_context {
    lfmi_refcount references;
    lfm_context_options options; /* allocate and deallocate never NULL */
};

struct lfm_cancel {
    lfmi_refcount references;
    lfm_context *context;
    atomic_int set;
};

enum { LFMI_CACHE_LINE = 64 };

static inline void lfmi_ref_init(lfmi_refcount *count) { atomic_init(count, 1); }
static inline void lfmi_ref_add(lfmi_refcount *count)
{
    atomic_fetch_add_explicit(count, 1, memory_order_relaxed);
}
/* Return true when that was the last reference: the caller frees then. */
static inline bool lfmi_ref_drop(lfmi_refcount *count)
{
    return atomic_fetch_sub_explicit(count, 1, memory_order_acq_rel) == 1;
}

/* Return `context` with a reference added, or a reference to the default context when it is NULL. */
lfm_context *lfmi_context_hold(lfm_context *context);

/* Allocate count * item_size bytes, aligned to a cache line, zeroed by the _zeroed form. 0 bytes give
 * a block of one line. Set *out to NULL on failure; `what` names the thing in the message. */
lfm_status lfmi_allocate(lfm_context *context, int64_t count, size_t item_size, const char *what,
                         void **out);
lfm_status lfmi_allocate_zeroed(lfm_context *context, int64_t count, size_t item_size,
                                const char *what, void **out);

/* Take back what the functions above gave, told the same count and item size. NULL is a no-op. */
void lfmi_deallocate(lfm_context *context, const void *block, int64_t count, size_t item_size);

/* Replace an array of old_room items by one of `room` that begins with the first `used` of them. On failure the
 * old one stays. Errors: MEMORY. */
lfm_status lfmi_enlarge(lfm_context *context, void **array, size_t item_size, int64_t used, int64_t old_room,
                        int64_t room, const char *what);

/* CANCELLED with a message when the flag is set, else LFM_OK. NULL is never set. */
lfm_status lfmi_poll(const lfm_cancel *cancel);

/* Hand a line to the context's log callback, if there is one. */
void lfmi_log_line(const lfm_context *context, int32_t level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Allocate an array of `count` elements of the type that `pointer` points to. */
#define LFMI_NEW_ARRAY(context, count, what, pointer)                                                  \
    lfmi_allocate((context), (count), sizeof **(pointer), (what), (void **)(pointer))
#define LFMI_NEW_ZEROED(context, count, what, pointer)                                                 \
    lfmi_allocate_zeroed((context), (count), sizeof **(pointer), (what), (void **)(pointer))
#define LFMI_FREE_ARRAY(context, pointer, count)                                                       \
    lfmi_deallocate((context), (pointer), (count), sizeof *(pointer))

#endif
