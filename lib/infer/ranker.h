/* Ranks of target items, for many users in one pass. */
#ifndef LFMI_RANKER_H
#define LFMI_RANKER_H

#include "infer/pass.h"

/* A user's targets and where their ranks go. Items may repeat, in any order, and be excluded. */
typedef struct lfmi_rank_user {
    int32_t user;
    const int32_t *items;
    int64_t n;
    int32_t *ranks;
} lfmi_rank_user;

/* A target: its exact score, and between which scanned scores it takes an exact one to tell. */
typedef struct lfmi_targets {
    float *scores, *low, *high; /* ascending: low <= scores <= high */
    int64_t *counts;            /* see ranker.c */
    int32_t n;
} lfmi_targets;

/* Work space of a task: for LFMI_PASS_USERS users and `room` targets, together. */
typedef struct lfmi_ranker {
    lfm_context *context;
    lfmi_panels unpacked; /* the items in float32 where the scorer's panels are less */
    lfmi_pass pass;
    lfmi_targets targets[LFMI_PASS_USERS];
    float *scores, *low, *high;
    int64_t *counts;
    int32_t *keys;   /* of the targets of one user: sort as the scores do */
    int32_t *places; /* of the scores of a chunk */
    int64_t room;
} lfmi_ranker;

/* max_targets: the most targets of any user. The ranker must not be moved. */
lfm_status lfmi_ranker_new(const lfm_scorer *scorer, int64_t max_targets, lfmi_ranker *ranker);
void lfmi_ranker_free(lfmi_ranker *ranker);

/* Rank the targets of n users (any number; some 48 at once are fast): ranks[i] is the number of other
 * candidates that score at least as high as items[i]. Candidates are all items but those that `exclude`
 * (NULL: nothing) knows for the user. A target whose score is NaN ranks last. When cancelled, the ranks
 * are unspecified. */
void lfmi_rank_block(lfmi_ranker *ranker, const lfmi_rank_user *users, int64_t n, const lfm_interactions *exclude,
                     const lfmi_index *exclude_index, const lfm_cancel *cancel);

#endif
