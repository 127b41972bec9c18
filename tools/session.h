/* A run of a command that reads data and trains on it: what they all begin and end with. */
#ifndef LFM_TOOL_SESSION_H
#define LFM_TOOL_SESSION_H

#include "args.h"
#include "dataset.h"
#include "titles.h"
#include "training.h"

typedef struct session {
    arguments *args;
    lfm_context *context;
    dataset data;
    titles names;
    progress shown;
    lfm_file *file;   /* of --model or --resume; NULL: none */
    lfm_model *model; /* NULL with --model */
    int64_t epochs;   /* to be reached */
    training_state state;
} session;

/* What a command does of its own. Both return an exit code. */
typedef struct command_work {
    const char *name;
    int command; /* COMMAND_... */
    int (*prepare)(session *s, void *own); /* the data is read: find in it what is asked for */
    int (*answer)(session *s, void *own);  /* the model is made: train it and answer */
} command_work;

/* Run a command from its arguments to its exit code. own: handed to its functions. */
int session_main(const command_work *work, void *own, int argc, char **argv);

/* Train for all epochs and freeze the model, or take it from the file of --model. Returns an exit code,
 * EXIT_INTERRUPTED included. */
int session_train(session *s, lfm_scorer **scorer);

#endif
