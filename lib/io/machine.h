/* Model files are little-endian, and used where they lie. */
#ifndef LFMI_MACHINE_H
#define LFMI_MACHINE_H

#include "base/status.h"

static inline lfm_status lfmi_check_machine(void)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return LFM_OK;
#else
    return lfmi_fail(LFM_ERROR_UNSUPPORTED, "model files are little-endian, this machine is not");
#endif
}

#endif
