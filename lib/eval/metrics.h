/* Metrics of one user, from the ranks of the test positives. */
#ifndef LFMI_METRICS_H
#define LFMI_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "lfm/evaluate.h"

/* What a metric is computed from: the test positives, or those of one segment. */
typedef struct lfmi_user_ranks {
    const int32_t *ranks;  /* ascending */
    const int32_t *places; /* each one's place among all of the user's positives; NULL: 0, 1, … */
    const double *gains;   /* of each; NULL: not asked for */
    const double *ideal;   /* the gains, the largest first */
    int64_t n;             /* how many */
    int64_t n_negatives;   /* candidates that are no test positives */
} lfmi_user_ranks;

/* A row per LFM_METRIC_…; a new metric is a function and a row. */
typedef struct lfmi_metric_row {
    const char *name;
    bool uses_k;
    double (*compute)(const lfmi_user_ranks *user, int32_t k); /* NULL: computed from lists */
} lfmi_metric_row;

/* Return the row of a metric, NULL when there is none. */
const lfmi_metric_row *lfmi_metric_find(int32_t metric);

/* 2^value - 1 for 0 < value <= LFMI_MOST_VALUE; exact where the value is a whole number below 53. */
double lfmi_gain(float value);
#define LFMI_MOST_VALUE 1000.0f

#endif
