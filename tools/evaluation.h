/* One point of the learning curve. */
#ifndef LFM_TOOL_EVALUATION_H
#define LFM_TOOL_EVALUATION_H

#include "args.h"
#include "dataset.h"

typedef struct metrics {
    bool present;
    double means[MOST_METRICS]; /* over the users with a positive */
} metrics;

typedef struct evaluation {
    int64_t epoch;
    bool partial;   /* some steps of the next epoch are done too: training was interrupted */
    double seconds; /* of training so far, evaluation not included */
    metrics train, test;
} evaluation;

/* Check, before training, that the metrics can be computed on the data. Returns an exit code. */
int evaluation_check(const dataset *data, const arguments *args);

/* Evaluate a model on its training set and, when there is one, on the test set. Returns an exit code. */
int evaluate(evaluation *out, const lfm_model *model, const dataset *data, const arguments *args);

#endif
