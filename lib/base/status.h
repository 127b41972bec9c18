/* Setting the thread's message. What the codes mean stands in lfm/status.h. */
#ifndef LFMI_STATUS_H
#define LFMI_STATUS_H

#include "lfm/status.h"

/* Record a formatted message for lfm_last_message() and return `status`. */
lfm_status lfmi_fail(lfm_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Forget the last message: the first act of every public call that can fail, so that a message never
 * outlives the call it belongs to. */
void lfmi_clear_message(void);

/* Leave the enclosing function with the status of `call` unless it is LFM_OK. */
#define LFMI_TRY(call)                                                                                 \
    do {                                                                                               \
        lfm_status lfmi_try_status = (call);                                                           \
        if (lfmi_try_status != LFM_OK)                                                                 \
            return lfmi_try_status;                                                                    \
    } while (0)

/* Leave the enclosing public function when an argument that must be given is NULL. */
#define LFMI_REQUIRE(argument)                                                                         \
    do {                                                                                               \
        if ((argument) == NULL)                                                                        \
            return lfmi_fail(LFM_ERROR_ARGUMENT, "%s: %s must not be NULL", __func__, #argument);      \
    } while (0)

#endif
