/* What the epoch driver asks of a trainer, and what a trainer is given. SGD is the one there is. */
#ifndef LFMI_TRAINER_H
#define LFMI_TRAINER_H

#include "matrix/interactions.h"
#include "model/model.h"

/* What one fit call works on: constant while it runs. */
typedef struct lfmi_fit {
    lfm_model *model;
    lfm_interactions *interactions;
    const lfm_features *features[LFMI_SIDES]; /* NULL: the identity */
    lfm_train_options options;
    int32_t threads;
    int32_t n_items; /* that negatives come from */
} lfmi_fit;

/* What was done in a part of an epoch. */
typedef struct lfmi_tally {
    int64_t visits;    /* interactions of the kind that the loss steps on */
    int64_t steps;     /* of which led to a step */
    int64_t draws;     /* negatives drawn */
    int64_t measured;  /* visits whose loss went into the sum */
    double loss;       /* sum over the measured */
} lfmi_tally;

typedef struct lfmi_trainer {
    /* Make what training needs beside the model: indexes, scratch. */
    lfm_status (*create)(const lfmi_fit *fit, void **state);
    void (*begin_epoch)(void *state, int64_t epoch, double learning_rate);
    /* Visit the positions [begin, end) of the epoch's order and add to the tally. Returns early, with
     * what it has done, when the call's cancel flag is set. */
    void (*run)(void *state, int64_t begin, int64_t end, lfmi_tally *tally);
    /* Bring the parameters into their final form; also after an epoch that was broken off. Returns NULL,
     * or the name of what, beside the parameters, has left the finite numbers. */
    const char *(*end_epoch)(void *state);
    void (*destroy)(void *state);
} lfmi_trainer;

extern const lfmi_trainer lfmi_trainer_sgd;

#endif
