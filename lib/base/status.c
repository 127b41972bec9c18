/* Status names and the thread-local message. */
#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>

enum { MESSAGE_BYTES = 512 };

static _Thread_local char last_message[MESSAGE_BYTES];

lfm_status lfmi_fail(lfm_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(last_message, sizeof last_message, format, arguments);
    va_end(arguments);
    return status;
}

void lfmi_clear_message(void) { last_message[0] = '\0'; }

const char *lfm_last_message(void) { return last_message; }

const char *lfm_status_name(lfm_status status)
{
    switch (status) {
    case LFM_OK: return "LFM_OK";
    case LFM_ERROR_ARGUMENT: return "LFM_ERROR_ARGUMENT";
    case LFM_ERROR_MEMORY: return "LFM_ERROR_MEMORY";
    case LFM_ERROR_DATA: return "LFM_ERROR_DATA";
    case LFM_ERROR_SHAPE: return "LFM_ERROR_SHAPE";
    case LFM_ERROR_OPTION: return "LFM_ERROR_OPTION";
    case LFM_ERROR_BUSY: return "LFM_ERROR_BUSY";
    case LFM_ERROR_CANCELLED: return "LFM_ERROR_CANCELLED";
    case LFM_ERROR_DIVERGED: return "LFM_ERROR_DIVERGED";
    case LFM_ERROR_OVERLAP: return "LFM_ERROR_OVERLAP";
    case LFM_ERROR_UNSUPPORTED: return "LFM_ERROR_UNSUPPORTED";
    case LFM_ERROR_FILE: return "LFM_ERROR_FILE";
    case LFM_ERROR_FORMAT: return "LFM_ERROR_FORMAT";
    default: return "unknown status";
    }
}
