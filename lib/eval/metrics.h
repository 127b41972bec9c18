/* Metrics of one user, from the ranks of the test positives. */
#ifndef LFMI_METRICS_H
#define LFMI_METRICS_H

#include <stdint.h>

#include "lfm/evaluate.h"

/* What a metric is computed from. */
typedef struct lfmi_user_ranks {
    const int32_t *ranks; /* of the test positives, ascending */
    int64_t n;            /* how many */
    int64_t n_negatives;  /* candidates that are no test positives */
} lfmi_user_ranks;

/* A row per LFM_METRIC_…; a new metric is a function and a row. */
typedef struct lfmi_metric_row {
    const char *name;
    int uses_k;
    double (*compute)(const lfmi_user_ranks *user, int32_t k);
} lfmi_metric_row;

/* Return the row of a metric, NULL when there is none. */
const lfmi_metric_row *lfmi_metric_find(int32_t metric);

#endif
