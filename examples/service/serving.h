/* What answers: one model file, opened and made ready. Immutable while it answers. */
#ifndef SERVICE_SERVING_H
#define SERVICE_SERVING_H

#include <stdbool.h>
#include <stdint.h>

#include "names.h"

typedef struct serving {
    lfm_scorer *scorer;
    lfm_interactions *seen; /* what each user is not shown again; NULL: nothing */
    names users, items;
    /* Kept by the store, under its lock. */
    int64_t in_use; /* requests that hold it */
} serving;

/* Open and warm up a file. check: compare its checksum. NULL: `why` says why not. */
serving *serving_load(lfm_context *context, const char *path, bool check, const lfm_cancel *cancel, char *why,
                      size_t why_size);
void serving_free(serving *s);

#endif
