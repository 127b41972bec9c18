/* What people and programs read of a run: the table, the CSV and JSON files, the lists. */
#ifndef LFM_TOOL_REPORT_H
#define LFM_TOOL_REPORT_H

#include "args.h"
#include "dataset.h"
#include "evaluation.h"
#include "lists.h"
#include "output.h"
#include "titles.h"

typedef struct report {
    const fit_args *args;
    const dataset *data;
    output text; /* for people: standard output, or standard error when JSON or CSV goes there */
    output csv, json;
} report;

/* How the run ended. */
typedef struct run_end {
    int64_t epochs; /* completed */
    double seconds; /* of training */
    bool partial;   /* some steps of the next epoch are done too */
    bool interrupted, diverged;
    bool unmeasured; /* an interrupt has cut the last evaluation short */
} run_end;

/* Open the files. Returns an exit code. */
int report_open(report *to, const fit_args *args, const dataset *data);

/* Tell what has been read, and begin the table. */
void report_begin(report *to);

void report_evaluation(report *to, const evaluation *point);

void report_end(report *to, const run_end *end, const lists *all, const titles *names);

/* Whether anything that is written still arrives somewhere. */
bool report_is_heard(const report *to);

/* Close the files; EXIT_FAILED when anything could not be written. */
int report_close(report *to);

/* json_report.c: the lines of the JSON file; false when there is no memory. */
bool json_evaluation(FILE *to, const evaluation *point, const fit_args *args);
bool json_summary(FILE *to, const report *from, const run_end *end, const lists *all,
                  const titles *names);

#endif
