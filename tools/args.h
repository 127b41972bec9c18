/* The command line of the commands that train. */
#ifndef LFM_TOOL_ARGS_H
#define LFM_TOOL_ARGS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lfm/evaluate.h"
#include "lfm/split.h"
#include "reader.h"
#include "settings.h"

/* Names given as NAME,... ; they lie in argv. */
typedef struct name_list {
    char **names;
    size_t capacity;
    int32_t n;
} name_list;

/* The kinds of things that a scorer has rows of, by LFM_SPACE_.... */
enum { N_SPACE_NAMES = 4 };
extern const char *const space_names[N_SPACE_NAMES];

enum { ROLE_USER, ROLE_ITEM, ROLE_VALUE, ROLE_WEIGHT, ROLE_TIME, N_ROLES };
enum { FEATURE_ID, FEATURE_NAME, FEATURE_TYPE, FEATURE_VALUE, FEATURE_WEIGHT, N_FEATURE_ROLES };

/* What is said of one side's features. */
typedef struct feature_args {
    const char *file;
    const char *columns[N_FEATURE_ROLES]; /* by FEATURE_..., NULL: not chosen */
    text_format format;
    bool identity;
    bool normalise;
    bool all; /* ids of the file that no interaction names count too */
} feature_args;

/* What is measured: these, and then what --metrics adds. */
enum { PRECISION, RECALL, AUC, RECIPROCAL_RANK, N_USUAL_METRICS, MOST_METRICS = 32 };
enum { METRIC_NAME_SIZE = 40 };

/* The commands, as bits of a set. */
enum {
    COMMAND_FIT = 1,
    COMMAND_RECOMMEND = 2,
    COMMAND_SIMILAR = 4,
    COMMAND_EXPLAIN = 8,
    COMMAND_EVALUATE = 16,
    COMMANDS = COMMAND_FIT | COMMAND_RECOMMEND | COMMAND_SIMILAR | COMMAND_EXPLAIN | COMMAND_EVALUATE
};

typedef struct arguments {
    int command; /* COMMAND_... */
    const char *interactions, *test, *titles, *csv, *json;
    const char *model;                 /* answer from this file, without training */
    const char *resume;                /* go on with the model of this file */
    const char *save, *save_inference; /* write these */
    const char *train;                 /* with model: what users know, in place of what the file says */
    const char *columns[N_ROLES]; /* by ROLE_... */
    text_format format, titles_format;
    feature_args users, items;
    bool has_positive_min;
    double positive_min;
    int32_t min_user, min_item;
    int32_t duplicates;
    const char *split_text; /* NULL: no split */
    lfm_split_options split;
    bool allow_overlap, no_train_metrics;
    int32_t every, k, top;
    lfm_metric metrics[MOST_METRICS];
    char metric_names[MOST_METRICS][METRIC_NAME_SIZE];
    int32_t n_metrics;
    name_list recommend_for, similar_to, similar_to_feature;
    /* of the other commands */
    const char *exclude, *exclude_items;
    bool seen;                      /* list what is in the training data too */
    name_list asked[N_SPACE_NAMES]; /* by LFM_SPACE_...: the names to find similar things for */
    int32_t all_of, to;             /* LFM_SPACE_...; -1: not said */
    int32_t measure;                /* LFM_SIMILARITY_... */
    const char *candidates, *per_user;
    int32_t segments, bootstrap;
    double confidence; /* 0: the library's default */
    settings options;
    char feature_separator; /* 0: that of the interactions' format */
    bool help;              /* only the help is wanted */
} arguments;

/* Read the arguments after a command's name. Splits lists within argv. Returns an exit code. */
int args_parse(arguments *args, int command, int argc, char **argv);

void args_free(arguments *args);

/* One option of the commands' own; the model's and training's stand in the library's table. */
typedef struct own_option {
    int commands; /* that have it */
    const char *name;
    const char *argument; /* NULL: a switch */
    const char *help;
    int id;
} own_option;

/* Return option `index`, NULL at the end. A row without a name is a heading. */
const own_option *args_option(int32_t index);

/* Print what a command says under --help. */
void args_help(FILE *to, int command);

enum {
    OPTION_TEST, OPTION_SPLIT, OPTION_SPLIT_SEED, OPTION_ALLOW_OVERLAP, OPTION_POSITIVE_MIN,
    OPTION_MIN_COUNT, OPTION_DUPLICATES, OPTION_SEP, OPTION_QUOTE, OPTION_HEADER, OPTION_COLUMNS,
    OPTION_SKIP_BAD, OPTION_ITEM_FEATURES, OPTION_USER_FEATURES, OPTION_ITEM_FEATURE_COLUMNS,
    OPTION_USER_FEATURE_COLUMNS, OPTION_FEATURE_SEP, OPTION_IDENTITY, OPTION_NORMALISE,
    OPTION_ALL_ITEMS, OPTION_ALL_USERS, OPTION_EVERY, OPTION_K, OPTION_METRICS,
    OPTION_NO_TRAIN_METRICS, OPTION_CSV,
    OPTION_JSON, OPTION_RECOMMEND_FOR, OPTION_SIMILAR_TO, OPTION_SIMILAR_TO_FEATURE, OPTION_TOP,
    OPTION_TITLES, OPTION_HELP, OPTION_FOR, OPTION_EXCLUDE, OPTION_SEEN, OPTION_USER, OPTION_ITEM,
    OPTION_USER_FEATURE, OPTION_ITEM_FEATURE, OPTION_ALL, OPTION_TO, OPTION_MEASURE, OPTION_CANDIDATES,
    OPTION_PER_USER, OPTION_SEGMENTS, OPTION_BOOTSTRAP, OPTION_CONFIDENCE, OPTION_MODEL, OPTION_RESUME,
    OPTION_SAVE, OPTION_SAVE_INFERENCE, OPTION_TRAIN, OPTION_EXCLUDE_ITEMS
};

#endif
