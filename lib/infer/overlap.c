/* Finding test pairs that are in the training set too. */
#include "infer/overlap.h"

#include "lfm/evaluate.h"

lfm_status lfmi_find_overlap(lfm_interactions *test, lfm_interactions *train, bool positives_only,
                             const lfm_cancel *cancel, bool *found,
                             int32_t *user, int32_t *item)
{
    const lfmi_index *in_test, *in_train;
    LFMI_TRY(lfmi_interactions_index(test, 0, cancel, &in_test));
    LFMI_TRY(lfmi_interactions_index(train, 0, cancel, &in_train));
    *found = false;
    for (int32_t u = 0; u < test->n_users && u < train->n_users; u++) {
        const int64_t end = positives_only ? in_test->negatives[u] : in_test->offsets[u + 1];
        for (int64_t at = in_test->offsets[u]; at < end; at++) {
            if (lfmi_is_known(in_train, u, in_test->items[at])) {
                *found = true;
                *user = u;
                *item = in_test->items[at];
                return LFM_OK;
            }
        }
    }
    return LFM_OK;
}

lfm_status lfmi_refuse_overlap(lfm_interactions *test, lfm_interactions *train, bool positives_only,
                                const lfm_cancel *cancel)
{
    bool found;
    int32_t user, item;
    LFMI_TRY(lfmi_find_overlap(test, train, positives_only, cancel, &found, &user, &item));
    if (found)
        return lfmi_fail(LFM_ERROR_OVERLAP, "user %d, item %d is in the test set and among the excluded: results would "
                                            "be wrong without notice (check_overlap = 0 allows it)",
                         user, item);
    return LFM_OK;
}

lfm_status lfm_find_overlap(lfm_interactions *test, lfm_interactions *train, int32_t *found, int32_t *user,
                            int32_t *item)
{
    lfmi_clear_message();
    LFMI_REQUIRE(test);
    LFMI_REQUIRE(train);
    LFMI_REQUIRE(found);
    bool is_found;
    int32_t u = -1, i = -1;
    LFMI_TRY(lfmi_find_overlap(test, train, true, NULL, &is_found, &u, &i));
    *found = is_found;
    if (is_found && user != NULL)
        *user = u;
    if (is_found && item != NULL)
        *item = i;
    return LFM_OK;
}
