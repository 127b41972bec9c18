/* Training as far as a command wants, with its progress shown. */
#ifndef LFM_TOOL_TRAINING_H
#define LFM_TOOL_TRAINING_H

#include "args.h"
#include "dataset.h"

/* How far training has come, and how it ended. */
typedef struct training_state {
    int64_t epochs; /* completed by the model */
    int64_t first;  /* of them before this run */
    double seconds; /* of training */
    bool partial;   /* some steps of the next epoch are done too */
    bool interrupted, diverged;
    bool unmeasured; /* an interrupt has cut the last evaluation short */
} training_state;

/* Make a model for the data. Returns an exit code. */
int training_model(lfm_model **model, const arguments *args, const dataset *data, lfm_context *context);

/* Train up to an epoch, on the way to `last`. Returns EXIT_FAILED when the model is of no more use. */
int train_until(lfm_model *model, const arguments *args, const dataset *data, int64_t epoch,
                int64_t last, training_state *state, progress *shown);

#endif
