/* Which items may be recommended to anyone. */
#ifndef LFMI_ALLOWED_H
#define LFMI_ALLOWED_H

#include "infer/scorer.h"

/* The items to scan, and a byte per item that says whether it may be listed (NULL: what is scanned may). */
typedef struct lfmi_allowed {
    lfm_context *context;
    const lfmi_panels *panels; /* the scorer's, or `some` */
    lfmi_panels some;
    uint8_t *bytes;
    int32_t *ids; /* of `some` */
    int32_t n_items, n_ids;
} lfmi_allowed;

/* Take the lists and the mask of the options together. */
lfm_status lfmi_allowed_new(const lfm_scorer *scorer, const lfm_recommend_options *options, int32_t threads,
                            lfmi_allowed *allowed);
void lfmi_allowed_free(lfmi_allowed *allowed);

#endif
