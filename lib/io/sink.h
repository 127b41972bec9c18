/* Where the bytes of a file go. */
#ifndef LFMI_SINK_H
#define LFMI_SINK_H

#include "base/context.h"
#include "lfm/file.h"

enum { LFMI_BLOCK_BYTES = 1 << 20 };

typedef struct lfmi_sink {
    lfm_status (*put)(void *self, const void *data, size_t size);
    void *self;
} lfmi_sink;

/* A sink that hands on to a caller's callback. */
typedef struct lfmi_callback_sink {
    lfm_write_fn write;
    void *user_data;
    int64_t written;
} lfmi_callback_sink;
lfm_status lfmi_callback_put(void *callback_sink, const void *data, size_t size);

/* The part of a path that a message has room for: its end, after dots where something is left out. */
const char *lfmi_end_of_path(const char *path, const char **dots);

/* FILE, with what the system says about an error number. */
lfm_status lfmi_fail_errno(int error, const char *doing, const char *path);

#endif
