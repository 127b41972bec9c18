/* The lists asked for: items for users, items like items, items like features. */
#ifndef LFM_TOOL_LISTS_H
#define LFM_TOOL_LISTS_H

#include "args.h"
#include "dataset.h"

/* One kind of list for a number of names. */
typedef struct list_kind {
    const char *heading;    /* "Recommended for user" */
    const char *json_name;  /* "recommended" */
    const char *score_name; /* "score" or "cosine" */
    const name_list *names;
    int32_t *numbers; /* of the names */
    int32_t length;   /* of each list */
    int32_t *items;   /* names x length, best first; -1 where a list ends earlier */
    float *scores;
} list_kind;

enum { LIST_RECOMMENDED, LIST_SIMILAR, LIST_FEATURE, N_LIST_KINDS };

/* Zero-initialise. */
typedef struct lists {
    list_kind kinds[N_LIST_KINDS];
} lists;

/* Find the names in the data; unknown ones are an error. Returns an exit code. */
int lists_resolve(lists *all, const arguments *args, const dataset *data);

/* Fill the lists from a trained model. Returns an exit code. */
int lists_fill(lists *all, const lfm_model *model, const arguments *args, const dataset *data);

void lists_free(lists *all);

#endif
