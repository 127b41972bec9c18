/* All that training and evaluation work on, made from the files and the options. */
#ifndef LFM_TOOL_DATASET_H
#define LFM_TOOL_DATASET_H

#include "args.h"
#include "common.h"
#include "feature_file.h"
#include "lfm/lfm.h"
#include "pairs.h"
#include "progress.h"

/* One side's features. */
typedef struct feature_side {
    lfm_ids *names; /* NULL: no file */
    lfm_features *matrix; /* NULL: the identity */
    bool identity;        /* each user or item has an indicator beside the named features */
    int32_t start;        /* how many indicators stand before the named features; those of further rows, as far as
                           * there are any, stand behind. Without a matrix: all */
    bool resumed;         /* start and the first known_names names are those of a model that is gone on with */
    bool grown;           /* that has indicators behind its names already */
    int32_t known_names;
    int64_t ignored;      /* lines of ids that occur in no interaction */
    int32_t bare_rows;    /* users or items without any feature */
} feature_side;

/* Zero-initialise. */
typedef struct dataset {
    lfm_ids *users, *items;
    lfm_interactions *train;
    lfm_interactions *test; /* positives of users with training data; NULL: none */
    feature_side user_side, item_side;
    pairs read; /* the training file; `train` may borrow its arrays */

    bool unknown_training; /* of a model file that does not say what has been seen */
    int64_t bad_lines; /* skipped, of all files */
    int64_t train_positives;
    int32_t train_users, train_items; /* that occur in training */
    int32_t test_users;               /* with a test positive, the skipped included */
    int32_t test_users_skipped;       /* of them without training data */
    int64_t test_pairs_dropped;       /* whose user or item --min-count dropped */
} dataset;

/* Read everything and check that it fits together. resume: NULL, or the file whose model is gone on with.
 * Returns an exit code. */
int dataset_load(dataset *data, const arguments *args, lfm_file *resume, lfm_context *context, progress *shown);

/* The same from a model file, without training data but what the file says of it. */
int dataset_from_model(dataset *data, const arguments *args, lfm_file *file, lfm_context *context, progress *shown);

/* Append the pairs of a file, written like the interactions, whose user and item the data knows; values
 * say nothing. Returns an exit code. */
int dataset_read_known(pairs *all, const char *path, const arguments *args, dataset *data,
                       progress *shown);

/* Make interactions of such pairs. Returns an exit code. */
int dataset_make_known(const pairs *known, const dataset *data, lfm_context *context,
                       lfm_interactions **out);

/* Number of columns of a side's feature matrix: what the model must have. */
int32_t dataset_width(const feature_side *side, const lfm_ids *rows);

/* Find the id of a number of one map in another; -1 when it is not there. */
int32_t same_id(const lfm_ids *from, const lfm_ids *to, int32_t number);

/* Show an id in a message, as excerpt() does. */
const char *show_id(const lfm_ids *ids, int32_t number, char out[EXCERPT_SIZE]);

void dataset_free(dataset *data);

#endif
