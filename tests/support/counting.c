/* An allocator that counts and checks. Each block lies between a header and a guard. */
#include "counting.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"

enum { HEADER = 64, GUARD = 64, FRESH = 0xA5, STALE = 0x5A };
static const uint64_t magic = UINT64_C(0x1F2E3D4C5B6A7988);

typedef struct header {
    uint64_t magic;
    uint64_t size;
} header;

static void *counted_allocate(size_t size, size_t alignment, void *user_data)
{
    counting *counts = user_data;
    const long long call = atomic_fetch_add(&counts->calls, 1) + 1;
    if (size == 0 || alignment > 64 || (alignment & (alignment - 1)) != 0)
        atomic_fetch_add(&counts->errors, 1);
    if (counts->fail_at > 0 &&
        (call == counts->fail_at || (counts->fail_all_after && call > counts->fail_at)))
        return NULL;
    if (size > SIZE_MAX / 4)
        return NULL;
    void *raw = NULL;
    if (posix_memalign(&raw, 64, HEADER + size + GUARD) != 0)
        return NULL;
    unsigned char *block = (unsigned char *)raw + HEADER;
    const header head = {magic, size};
    memcpy(raw, &head, sizeof head);
    memset(block, FRESH, size + GUARD); /* so that nobody relies on zeros */
    atomic_fetch_add(&counts->live, 1);
    atomic_fetch_add(&counts->live_bytes, (long long)size);
    return block;
}

static void counted_deallocate(void *block, size_t size, void *user_data)
{
    counting *counts = user_data;
    unsigned char *raw = (unsigned char *)block - HEADER;
    header head;
    memcpy(&head, raw, sizeof head);
    int bad = head.magic != magic || head.size != size;
    for (int i = 0; !bad && i < GUARD; i++)
        bad = ((unsigned char *)block)[size + (size_t)i] != FRESH;
    if (bad)
        atomic_fetch_add(&counts->errors, 1);
    atomic_fetch_sub(&counts->live, 1);
    atomic_fetch_sub(&counts->live_bytes, (long long)head.size);
    memset(raw, STALE, HEADER + (bad ? 0 : size));
    free(raw);
}

void counting_install(counting *counts, lfm_context_options *options)
{
    options->allocate = counted_allocate;
    options->deallocate = counted_deallocate;
    options->allocate_user_data = counts;
}

lfm_context *counting_context(counting *counts, lfm_log_fn log, void *log_user_data)
{
    lfm_context_options options;
    lfm_context_options_init(&options);
    counting_install(counts, &options);
    options.log = log;
    options.log_user_data = log_user_data;
    lfm_context *context = NULL;
    REQUIRE_OK(lfm_context_create(&options, &context));
    return context;
}
