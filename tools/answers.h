/* What the commands answer, as text for people, CSV or lines of JSON. */
#ifndef LFM_TOOL_ANSWERS_H
#define LFM_TOOL_ANSWERS_H

#include "args.h"
#include "dataset.h"
#include "output.h"

typedef struct answers {
    output text; /* wanted where neither of the others is */
    output csv, json;
} answers;

/* Open what is wanted and say, in the text, what has been read. Returns an exit code. */
int answers_open(answers *to, const arguments *args, const dataset *data);

/* Write out what is buffered. Returns false when nothing that is written arrives any more. */
bool answers_flush(answers *to);

/* Close; EXIT_FAILED when anything could not be written. */
int answers_close(answers *to);

/* Write a line of fields. The first is preceded by nothing, the others by a comma; texts are quoted
 * where they have to be. */
void csv_text(FILE *csv, const char *before, const char *text);

/* One of a list: a name, a title (NULL: none) and a score. */
typedef struct answer_entry {
    const char *name, *title;
    double score;
} answer_entry;

/* How lists are called. */
typedef struct list_style {
    const char *heading; /* "Recommended for user" */
    const char *query;   /* the name of the column, and in JSON, of whom or what a list is for: "user" */
    const char *list;    /* in JSON: "items" */
    const char *entry;   /* "item" */
    const char *score;   /* "score" */
    bool titles;
} list_style;

/* Begin the CSV file of lists. */
void answers_begin_lists(answers *to, const list_style *style);

/* Write a list of n. */
void answers_list(answers *to, const list_style *style, const char *query, const answer_entry *entries,
                  int32_t n);

#endif
