/* Where the bytes of a file go: callbacks and buffers. */
#include "io/sink.h"

#include <string.h>

lfm_status lfmi_fail_errno(int error, const char *doing, const char *path)
{
    char reason[128];
    if (strerror_r(error, reason, sizeof reason) != 0)
        return lfmi_fail(LFM_ERROR_FILE, "cannot %s %s: error %d", doing, path, error);
    return lfmi_fail(LFM_ERROR_FILE, "cannot %s %s: %s", doing, path, reason);
}

lfm_status lfmi_callback_put(void *self, const void *data, size_t size)
{
    lfmi_callback_sink *sink = self;
    const int32_t answer = sink->write(data, size, sink->user_data);
    if (answer != 0)
        return lfmi_fail(LFM_ERROR_FILE, "the write callback returned %d for the %zu bytes from byte %lld on", answer,
                         size, (long long)sink->written);
    lfmi_clear_message(); /* of calls that the callback made */
    sink->written += (int64_t)size;
    return LFM_OK;
}

int32_t lfm_memory_write(const void *data, size_t size, void *memory)
{
    lfm_memory *to = memory;
    if (to->data != NULL) {
        if (to->used < 0 || to->used > to->capacity || (uint64_t)size > (uint64_t)(to->capacity - to->used))
            return -1;
        memcpy(to->data + to->used, data, size);
    }
    to->used += (int64_t)size;
    return 0;
}
