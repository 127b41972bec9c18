/* A search for similar rows, as the files that do it see it. */
#ifndef LFMI_SIMILAR_CALL_H
#define LFMI_SIMILAR_CALL_H

#include "infer/scorer.h"
#include "lfm/similar.h"

typedef struct lfmi_similar_call {
    const lfm_scorer *scorer;
    lfm_similar_options options;
    int32_t query_space;    /* -1: vectors */
    const int32_t *queries; /* rows, or */
    const float *vectors;
    int32_t target_space, end_row, k;
    int32_t most;      /* what a list can hold */
    uint8_t *excluded; /* a byte per target row; NULL: none */
    int32_t *rows;
    float *similarities;
} lfmi_similar_call;

/* Copy query number i, scaled to length 1 where the measure is the cosine. */
void lfmi_similar_query(const lfmi_similar_call *call, int64_t i, float *to);

/* 1 / length of a target; 0 when its square is far from the middle of float32's range. */
float lfmi_similar_inverse(const lfmi_similar_call *call, int32_t row);

/* How alike a query, as copied, and a target are; inverse: the target's, for cosines. */
float lfmi_similarity(const lfmi_similar_call *call, const float *query, int32_t row, float inverse);

/* The row by which query number i is known to the options. */
static inline int32_t lfmi_similar_own_row(const lfmi_similar_call *call, int64_t i)
{
    return call->vectors != NULL ? (int32_t)i : call->queries[i];
}

/* Serve n queries by scanning the targets for many at a time: the same results. *done tells whether that could be
 * done: not for few queries or targets, or lengths at the ends of float32's range. Errors: CANCELLED, MEMORY. */
lfm_status lfmi_similar_scan(const lfmi_similar_call *call, int64_t n, bool *done);

#endif
