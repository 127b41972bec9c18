/* How popular items are, and the segments that this parts them into. */
#include "eval/evaluation.h"

/* Users with a positive, for each item. */
static lfm_status count_users(const lfm_interactions *of, const lfmi_index *index, const lfm_cancel *cancel,
                              int32_t *counts)
{
    int64_t looked = 0;
    for (int32_t user = 0; user < of->n_users; user++) {
        const int64_t begin = index->offsets[user], end = index->negatives[user];
        if (begin - looked >= LFMI_ENTRIES_PER_LOOK) {
            LFMI_TRY(lfmi_poll(cancel));
            looked = begin;
        }
        for (int64_t at = begin; at < end; at++)
            counts[index->items[at]] += at == begin || index->items[at - 1] != index->items[at];
    }
    return LFM_OK;
}

static lfm_status part_items(lfmi_evaluation *e)
{
    lfmi_cell *cells;
    LFMI_TRY(LFMI_NEW_ARRAY(e->context, e->n_items, "items by popularity", &cells));
    for (int32_t item = 0; item < e->n_items; item++)
        cells[item] = (lfmi_cell){-(int64_t)e->popularity[item], item};
    lfmi_sort_cells(cells, e->n_items);
    for (int64_t at = 0, first = 0; at < e->n_items; at++) {
        if (cells[at].key != cells[first].key)
            first = at;
        e->segment_of[cells[at].tie] = (int32_t)(first * e->options.segments / e->n_items);
    }
    LFMI_FREE_ARRAY(e->context, cells, e->n_items);
    return LFM_OK;
}

lfm_status lfmi_eval_popularity(lfmi_evaluation *e, lfm_interactions *of)
{
    const lfmi_index *index;
    LFMI_TRY(lfmi_interactions_index(of, 0, e->options.cancel, &index));
    LFMI_TRY(LFMI_NEW_ZEROED(e->context, e->n_items, "the popularity of items", &e->popularity));
    LFMI_TRY(count_users(of, index, e->options.cancel, e->popularity));
    if (e->options.segments == 0)
        return LFM_OK;
    LFMI_TRY(LFMI_NEW_ARRAY(e->context, e->n_items, "the segments of items", &e->segment_of));
    return part_items(e);
}
