/* The k best of a stream of (score, id): larger scores first, equal ones by smaller id. */
#ifndef LFMI_TOP_H
#define LFMI_TOP_H

#include "base/context.h"

typedef struct lfmi_candidate {
    float score;
    int32_t id;
} lfmi_candidate;

/* A heap with the worst of the kept at its root. */
typedef struct lfmi_top {
    lfmi_candidate *heap;
    int32_t k, n;
} lfmi_top;

lfm_status lfmi_top_new(lfm_context *context, int32_t k, lfmi_top *top);
void lfmi_top_free(lfm_context *context, lfmi_top *top);

/* Whether a comes before b. */
static inline bool lfmi_is_better(lfmi_candidate a, lfmi_candidate b)
{
    return a.score > b.score || (a.score == b.score && a.id < b.id);
}

void lfmi_top_push(lfmi_top *top, lfmi_candidate candidate);
static inline void lfmi_top_offer(lfmi_top *top, float score, int32_t id)
{
    const lfmi_candidate candidate = {score, id};
    if (top->n < top->k || lfmi_is_better(candidate, top->heap[0]))
        lfmi_top_push(top, candidate);
}

/* Write the kept, best first, and fill up to k with -1 and -infinity; scores may be NULL. Empties it. */
void lfmi_top_write(lfmi_top *top, int32_t *ids, float *scores);

#endif
