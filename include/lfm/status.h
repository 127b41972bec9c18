/* liblfm: status codes and the message that goes with them. */
#ifndef LFM_STATUS_H
#define LFM_STATUS_H

#include <stdint.h>

#include "lfm/export.h"

LFM_BEGIN_DECLS

/* What every function that can fail returns: LFM_OK (0) or one of the negative codes below. The
 * numbers never change. When a call fails, its outputs are untouched (but for the arrays of a
 * cancelled lfm_predict() or lfm_recommend(), which may be filled in part), and lfm_last_message() says
 * in one line what was wrong and where. */
typedef int32_t lfm_status;

enum {
    LFM_OK = 0,
    LFM_ERROR_ARGUMENT = -1,    /* a NULL where none is allowed, a number out of its range */
    LFM_ERROR_MEMORY = -2,      /* the allocator returned NULL, or a size does not fit size_t */
    LFM_ERROR_DATA = -3,        /* bad contents: an id out of range, bad offsets, NaN, a duplicate */
    LFM_ERROR_SHAPE = -4,       /* objects that do not fit each other: rows, columns, widths */
    LFM_ERROR_OPTION = -5,      /* an option out of bounds, an unknown name, a wrong struct size */
    LFM_ERROR_BUSY = -6,        /* another call is using the model, or a callback tried to */
    LFM_ERROR_CANCELLED = -7,   /* ended by lfm_cancel_set() or by the progress callback */
    LFM_ERROR_DIVERGED = -8,    /* training met a non-finite parameter, or did so earlier */
    LFM_ERROR_OVERLAP = -9,     /* test and excluded interactions share a pair */
    LFM_ERROR_UNSUPPORTED = -10, /* what was asked for does not exist, such as a missing state's view */
    LFM_ERROR_FILE = -11,       /* the system, or a callback, could not open, read or write something */
    LFM_ERROR_FORMAT = -12      /* not a model file, a damaged one, or one of a newer version */
};

/* Return the name of a status, for example "LFM_ERROR_SHAPE"; "unknown status" for other numbers.
 * Never NULL, never freed. Thread-safe. Since 0.1. */
LFM_API const char *lfm_status_name(lfm_status status);

/* Return the message of the last call on this thread that returned an lfm_status: one line without a
 * newline, or "" when that call succeeded. Never NULL; valid until the next such call of this thread. Thread-safe (each
 * thread has its own). Since 0.1. */
LFM_API const char *lfm_last_message(void);

LFM_END_DECLS

#endif
