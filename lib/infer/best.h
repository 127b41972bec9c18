/* The k best items of a user, out of a pass. */
#ifndef LFMI_BEST_H
#define LFMI_BEST_H

#include "infer/pass.h"

/* Items that may be among the k best, each as a key: scanned score and id in one number that sorts by
 * larger score and then by smaller id. When there is no more room, those that cannot be are dropped. */
typedef struct lfmi_best {
    int64_t *keys;
    int32_t k, n, room;
    int32_t n_exact; /* so many keys, the first, hold exact scores already; only from panels of codes */
} lfmi_best;

/* How many keys a list for the k best of n items has room for. */
int32_t lfmi_best_room(int32_t k, int32_t n_items);

/* Offer an item whose scanned score has reached the user's threshold; raises the threshold now and then. */
void lfmi_best_offer(lfmi_best *best, lfmi_pass *pass, int32_t user, float score, int32_t item);

/* Write the k best, best first, and fill up with -1 and -infinity; scores may be NULL. */
void lfmi_best_write(lfmi_best *best, lfmi_pass *pass, int32_t user, int32_t *ids, float *scores);

#endif
