/* The checksum of model files: XXH3, 64 bits, seed 0. */
#ifndef LFMI_CHECKSUM_H
#define LFMI_CHECKSUM_H

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/status.h"

typedef XXH3_state_t lfmi_checksum;

static inline void lfmi_checksum_begin(lfmi_checksum *sum) { (void)XXH3_64bits_reset(sum); }
static inline void lfmi_checksum_add(lfmi_checksum *sum, const void *data, size_t size)
{
    (void)XXH3_64bits_update(sum, data, size);
}
static inline uint64_t lfmi_checksum_end(const lfmi_checksum *sum) { return XXH3_64bits_digest(sum); }

/* As a sink. */
static inline lfm_status lfmi_checksum_put(void *sum, const void *data, size_t size)
{
    lfmi_checksum_add(sum, data, size);
    return LFM_OK;
}

#endif
