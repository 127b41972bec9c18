/* Data sets in the order of time, cut into what comes first, what comes later, and a test. */
#ifndef QUALITY_TIMELINE_H
#define QUALITY_TIMELINE_H

#include <stdbool.h>

#include <lfm/lfm.h>

/* Users and items are numbered by their first appearance: what is new stands behind what is old. */
typedef struct timeline {
    lfm_interactions *old, *later, *both;     /* the first, the next and both parts; both have the dimensions of both */
    lfm_interactions *test;                   /* positives of the last part, of users seen before */
    int32_t old_users, old_items;             /* of the first part */
    int32_t n_users, n_items;                 /* of the first two */
    int32_t all_items;                        /* of all three */
    lfm_features *old_tags, *tags, *all_tags; /* NULL without tags. [indicators of old items][tags][indicators of new
                                               * ones]: rows for the items of the first, the first two and all parts */
} timeline;

/* Read a set ("ml-100k" or "stackexchange-crossvalidated"); the parts end at these shares of all interactions. */
bool timeline_read(const char *folder, const char *set, double old_end, double later_end, timeline *out);
void timeline_free(timeline *t);

#endif
