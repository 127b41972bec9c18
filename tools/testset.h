/* The test set: which held-out pairs count, and the check that none of them was trained on. */
#ifndef LFM_TOOL_TESTSET_H
#define LFM_TOOL_TESTSET_H

#include "dataset.h"

/* Make data->test of held-out pairs: the positives of users who have training data. The pairs' users
 * and items are those of the tables given (data's own, or the ones from before --min-count). */
int testset_make(dataset *data, lfm_context *context, const pairs *held_out, const lfm_ids *users,
                 const lfm_ids *items);

/* The same of the test half of a split, which has data's numbers. */
int testset_from_split(dataset *data, lfm_context *context, const lfm_interactions *half);

/* Refuse a test pair that is in the training set too. Returns an exit code. */
int testset_check_overlap(const dataset *data);

#endif
