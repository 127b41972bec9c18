/* Contexts, cancel flags, and the allocation that goes through them. */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE /* madvise */
#endif
#include "base/context.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/sized.h"

/* Scattered reads on small pages cost an address look-up each: what fills huge pages lies on them, where
 * the system has some to give. A rest that would leave much of one empty stays on small pages. */
enum { HUGE_PAGE = 2 << 20, LARGE_REST = HUGE_PAGE / 8 * 7 };

static void *default_allocate(size_t size, size_t alignment, void *user_data)
{
    (void)user_data;
    void *block = NULL;
    if (size % HUGE_PAGE >= LARGE_REST)
        size += HUGE_PAGE - size % HUGE_PAGE;
    if (posix_memalign(&block, size >= HUGE_PAGE ? HUGE_PAGE : alignment, size) != 0)
        return NULL;
#ifdef MADV_HUGEPAGE
    if (size >= HUGE_PAGE)
        (void)madvise(block, size - size % HUGE_PAGE, MADV_HUGEPAGE);
#endif
    return block;
}

static void default_deallocate(void *block, size_t size, void *user_data)
{
    (void)size;
    (void)user_data;
    free(block);
}

/* Shared by every object that was made with NULL; its count starts at 1 and so never reaches 0. */
static lfm_context default_context = {
    .references = 1,
    .options = {.size = sizeof(lfm_context_options),
                .allocate = default_allocate,
                .deallocate = default_deallocate},
};

void lfm_context_options_init_sized(lfm_context_options *options, size_t size)
{
    lfmi_sized_init(options, size, NULL, sizeof *options);
}

lfm_status lfm_context_create(const lfm_context_options *options, lfm_context **out)
{
    lfmi_clear_message();
    LFMI_REQUIRE(out);
    lfm_context_options known = {.size = sizeof known};
    if (options != NULL)
        LFMI_TRY(lfmi_sized_read(&known, sizeof known, options, "lfm_context_options"));
    if ((known.allocate == NULL) != (known.deallocate == NULL))
        return lfmi_fail(LFM_ERROR_ARGUMENT,
                         "lfm_context_create: allocate and deallocate must be given together");
    if (known.threads < 0)
        return lfmi_fail(LFM_ERROR_OPTION, "lfm_context_create: threads is %d, must be 0 or more",
                         known.threads);
    if (known.allocate == NULL) {
        known.allocate = default_allocate;
        known.deallocate = default_deallocate;
    }
    lfm_context *context =
        known.allocate(sizeof *context, LFMI_CACHE_LINE, known.allocate_user_data);
    if (context == NULL)
        return lfmi_fail(LFM_ERROR_MEMORY, "no memory for a context");
    lfmi_ref_init(&context->references);
    context->options = known;
    *out = context;
    return LFM_OK;
}

lfm_context *lfm_context_ref(lfm_context *context)
{
    if (context != NULL)
        lfmi_ref_add(&context->references);
    return context;
}

void lfm_context_free(lfm_context *context)
{
    if (context == NULL || !lfmi_ref_drop(&context->references))
        return;
    lfm_context_options options = context->options;
    options.deallocate(context, sizeof *context, options.allocate_user_data);
}

lfm_context *lfmi_context_hold(lfm_context *context)
{
    return lfm_context_ref(context != NULL ? context : &default_context);
}

/* The bytes of an array, or 0 when they do not fit size_t. */
static size_t array_bytes(int64_t count, size_t item_size)
{
    size_t bytes;
    if (count < 0 || (uint64_t)count > SIZE_MAX / 2 ||
        __builtin_mul_overflow((size_t)count, item_size, &bytes) || bytes > SIZE_MAX / 2)
        return 0;
    return bytes == 0 ? LFMI_CACHE_LINE : bytes;
}

lfm_status lfmi_allocate(lfm_context *context, int64_t count, size_t item_size, const char *what,
                         void **out)
{
    const lfm_context_options *host = &context->options;
    const size_t bytes = array_bytes(count, item_size);
    *out = bytes == 0 ? NULL : host->allocate(bytes, LFMI_CACHE_LINE, host->allocate_user_data);
    if (*out == NULL)
        return lfmi_fail(LFM_ERROR_MEMORY, "no memory for %s: %lld x %zu bytes", what,
                         (long long)count, item_size);
    return LFM_OK;
}

lfm_status lfmi_allocate_zeroed(lfm_context *context, int64_t count, size_t item_size,
                                const char *what, void **out)
{
    LFMI_TRY(lfmi_allocate(context, count, item_size, what, out));
    memset(*out, 0, array_bytes(count, item_size));
    return LFM_OK;
}

void lfmi_deallocate(lfm_context *context, const void *block, int64_t count, size_t item_size)
{
    if (block == NULL)
        return;
    const lfm_context_options *host = &context->options;
    host->deallocate((void *)(uintptr_t)block, array_bytes(count, item_size),
                     host->allocate_user_data);
}

void lfmi_log_line(const lfm_context *context, int32_t level, const char *format, ...)
{
    if (context->options.log == NULL)
        return;
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    context->options.log(level, line, context->options.log_user_data);
}

lfm_status lfm_cancel_create(lfm_context *context, lfm_cancel **out)
{
    lfmi_clear_message();
    LFMI_REQUIRE(out);
    lfm_context *held = lfmi_context_hold(context);
    lfm_cancel *cancel;
    lfm_status status = LFMI_NEW_ARRAY(held, 1, "a cancel flag", &cancel);
    if (status != LFM_OK) {
        lfm_context_free(held);
        return status;
    }
    lfmi_ref_init(&cancel->references);
    cancel->context = held;
    atomic_init(&cancel->set, 0);
    *out = cancel;
    return LFM_OK;
}

lfm_cancel *lfm_cancel_ref(lfm_cancel *cancel)
{
    if (cancel != NULL)
        lfmi_ref_add(&cancel->references);
    return cancel;
}

void lfm_cancel_free(lfm_cancel *cancel)
{
    if (cancel == NULL || !lfmi_ref_drop(&cancel->references))
        return;
    lfm_context *context = cancel->context;
    LFMI_FREE_ARRAY(context, cancel, 1);
    lfm_context_free(context);
}

void lfm_cancel_set(lfm_cancel *cancel)
{
    if (cancel != NULL)
        atomic_store_explicit(&cancel->set, 1, memory_order_relaxed);
}

void lfm_cancel_reset(lfm_cancel *cancel)
{
    if (cancel != NULL)
        atomic_store_explicit(&cancel->set, 0, memory_order_relaxed);
}

int32_t lfm_cancel_is_set(const lfm_cancel *cancel)
{
    return cancel != NULL && atomic_load_explicit(&cancel->set, memory_order_relaxed) != 0;
}

lfm_status lfmi_enlarge(lfm_context *context, void **array, size_t item_size, int64_t used, int64_t old_room,
                        int64_t room, const char *what)
{
    void *larger;
    LFMI_TRY(lfmi_allocate(context, room, item_size, what, &larger));
    if (used > 0)
        memcpy(larger, *array, (size_t)used * item_size);
    lfmi_deallocate(context, *array, old_room, item_size);
    *array = larger;
    return LFM_OK;
}

lfm_status lfmi_poll(const lfm_cancel *cancel)
{
    return lfm_cancel_is_set(cancel) ? lfmi_fail(LFM_ERROR_CANCELLED, "the call was cancelled") : LFM_OK;
}
