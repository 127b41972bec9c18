/* The k best of a stream. */
#include "infer/top.h"

lfm_status lfmi_top_new(lfm_context *context, int32_t k, lfmi_top *top)
{
    *top = (lfmi_top){.k = k};
    return LFMI_NEW_ARRAY(context, k, "the best", &top->heap);
}

void lfmi_top_free(lfm_context *context, lfmi_top *top) { LFMI_FREE_ARRAY(context, top->heap, top->k); }

/* Let a candidate sink from the root of the first n until all below it are better. */
static void sink(lfmi_candidate *heap, int32_t n, lfmi_candidate candidate)
{
    int64_t at = 0;
    for (int64_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && lfmi_is_better(heap[child], heap[child + 1]))
            child++;
        if (!lfmi_is_better(candidate, heap[child]))
            break;
        heap[at] = heap[child];
    }
    heap[at] = candidate;
}

void lfmi_top_push(lfmi_top *top, lfmi_candidate candidate)
{
    if (top->n == top->k) {
        sink(top->heap, top->n, candidate);
        return;
    }
    int32_t at = top->n++;
    for (int32_t parent; at > 0; at = parent) {
        parent = (at - 1) / 2;
        if (!lfmi_is_better(top->heap[parent], candidate))
            break;
        top->heap[at] = top->heap[parent];
    }
    top->heap[at] = candidate;
}

void lfmi_top_write(lfmi_top *top, int32_t *ids, float *scores)
{
    for (int32_t i = top->n; i < top->k; i++) {
        ids[i] = -1;
        if (scores != NULL)
            scores[i] = -__builtin_inff();
    }
    while (top->n > 0) {
        const lfmi_candidate worst = top->heap[0];
        top->n--;
        if (top->n > 0)
            sink(top->heap, top->n, top->heap[top->n]);
        ids[top->n] = worst.id;
        if (scores != NULL)
            scores[top->n] = worst.score;
    }
}
