/* Fold-in as the library sees it: what a call holds, and what one row takes. */
#ifndef LFMI_FOLD_IN_H
#define LFMI_FOLD_IN_H

#include "infer/scorer.h"
#include "lfm/fold_in.h"

/* Constant while a call runs. */
typedef struct lfmi_fold {
    const lfm_scorer *scorer;
    lfm_fold_in_options options;
    const lfm_interactions *interactions, *training; /* training may be NULL */
    const lfmi_index *index, *training_index;
    int64_t *entries;   /* entry numbers row by row, in stored order; index->offsets says where a row begins */
    lfmi_layout layout; /* of the row that moves: Adagrad's */
    lfmi_rates rates;
    lfmi_update_fn update;
    float *rank_weights; /* WARP: ln of the rank that so many draws tell of; [0] unused */
} lfmi_fold;

/* What a task needs of its own. */
typedef struct lfmi_fold_scratch {
    float *row;      /* what moves: embedding, bias, state, as in a model */
    float *gradient; /* d numbers */
    float *scores;   /* k-OS: of the drawn positives */
    int32_t *drawn;  /* k-OS: the drawn positives */
} lfmi_fold_scratch;

/* Train the row in the scratch, which holds its start, on the interactions of row `row`; returns early when
 * the call is cancelled. */
void lfmi_fold_row(const lfmi_fold *fold, int32_t row, lfmi_fold_scratch *scratch);

#endif
