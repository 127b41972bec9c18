/* What people and programs read of a run: the table, the CSV and JSON files, the lists. */
#ifndef LFM_TOOL_REPORT_H
#define LFM_TOOL_REPORT_H

#include "args.h"
#include "dataset.h"
#include "evaluation.h"
#include "lists.h"
#include "output.h"
#include "titles.h"
#include "training.h"

typedef struct report {
    const arguments *args;
    const dataset *data;
    output text; /* for people: standard output, or standard error when JSON or CSV goes there */
    output csv, json;
} report;

/* Open the files. Returns an exit code. */
int report_open(report *to, const arguments *args, const dataset *data);

/* Tell what has been read. */
void report_data(FILE *text, const dataset *data, const arguments *args);

/* The same, and begin the table. */
void report_begin(report *to);

void report_evaluation(report *to, const evaluation *point);

void report_end(report *to, const training_state *end, const lists *all, const titles *names);

/* Whether anything that is written still arrives somewhere. */
bool report_is_heard(const report *to);

/* Close the files; EXIT_FAILED when anything could not be written. */
int report_close(report *to);

/* json_report.c: the lines of the JSON file; false when there is no memory. */
bool json_evaluation(FILE *to, const evaluation *point, const arguments *args);
bool json_summary(FILE *to, const report *from, const training_state *end, const lists *all,
                  const titles *names);

#endif
