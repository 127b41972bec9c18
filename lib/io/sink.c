/* Where the bytes of a file go: callbacks and buffers. */
#include "io/sink.h"

#include <string.h>

const char *lfmi_end_of_path(const char *path, const char **dots)
{
    enum { MOST_SHOWN = 300 };
    const size_t length = strlen(path);
    *dots = length > MOST_SHOWN ? "…" : "";
    const char *shown = length > MOST_SHOWN ? path + (length - MOST_SHOWN) : path;
    while (((unsigned char)*shown & 0xC0) == 0x80) /* not in the middle of a character */
        shown++;
    return shown;
}

lfm_status lfmi_fail_errno(int error, const char *doing, const char *path)
{
    char reason[128];
    const char *dots = "", *shown = lfmi_end_of_path(path, &dots);
    if (strerror_r(error, reason, sizeof reason) != 0)
        return lfmi_fail(LFM_ERROR_FILE, "cannot %s %s%s: error %d", doing, dots, shown, error);
    return lfmi_fail(LFM_ERROR_FILE, "cannot %s %s%s: %s", doing, dots, shown, reason);
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
