/* Test pairs that are in the training set too. */
#ifndef LFMI_OVERLAP_H
#define LFMI_OVERLAP_H

#include "matrix/interactions.h"

/* Find the first pair of `test` (positives_only: with a value above 0) that `train` stores. */
lfm_status lfmi_find_overlap(lfm_interactions *test, lfm_interactions *train, bool positives_only,
                             const lfm_cancel *cancel, bool *found, int32_t *user, int32_t *item);

/* Fail with OVERLAP, naming the pair, when there is one. */
lfm_status lfmi_refuse_overlap(lfm_interactions *test, lfm_interactions *train, bool positives_only,
                                const lfm_cancel *cancel);

#endif
