/* Representations in the caller's own arrays, checked. */
#ifndef LFMI_EMBEDDINGS_H
#define LFMI_EMBEDDINGS_H

#include "lfm/recommend.h"

/* Take over the caller's struct and check all of it; `what` ("users") names it in messages. A stride of 0
 * becomes that of packed rows. */
lfm_status lfmi_embeddings_read(lfm_embeddings *known, const lfm_embeddings *given, const char *what);

/* The same without a look at the numbers. */
lfm_status lfmi_embeddings_read_unchecked(lfm_embeddings *known, const lfm_embeddings *given, const char *what);

/* Check that both have the same number of components. */
lfm_status lfmi_embeddings_check_alike(const lfm_embeddings *users, const lfm_embeddings *items);

static inline const float *lfmi_embeddings_row(const lfm_embeddings *embeddings, int64_t row)
{
    return (const float *)(const void *)((const char *)embeddings->vectors + row * embeddings->stride);
}

#endif
