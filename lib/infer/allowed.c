/* Which items may be recommended to anyone. */
#include "infer/allowed.h"

#include "infer/queries.h"

static lfm_status check(const lfm_scorer *scorer, const lfm_recommend_options *o)
{
    const char *call = "lfm_recommend_options";
    const int32_t n_items = scorer->items.n_items;
    if (o->n_candidates < 0 || o->n_exclude_items < 0)
        return lfmi_fail(LFM_ERROR_OPTION, "%s: n_candidates is %lld, n_exclude_items %lld: must be 0 or more", call,
                         (long long)o->n_candidates, (long long)o->n_exclude_items);
    if (o->candidates == NULL && o->n_candidates > 0)
        return lfmi_fail(LFM_ERROR_OPTION, "%s: candidates is NULL, n_candidates is not 0", call);
    if (o->exclude_items == NULL && o->n_exclude_items > 0)
        return lfmi_fail(LFM_ERROR_OPTION, "%s: exclude_items is NULL, n_exclude_items is not 0", call);
    if (o->candidates != NULL)
        LFMI_TRY(lfmi_check_ids(call, "candidates", o->candidates, o->n_candidates, n_items));
    if (o->exclude_items != NULL)
        LFMI_TRY(lfmi_check_ids(call, "exclude_items", o->exclude_items, o->n_exclude_items, n_items));
    if (o->item_mask != NULL ? o->n_item_mask != n_items : o->n_item_mask != 0)
        return lfmi_fail(LFM_ERROR_SHAPE, "%s: item_mask has %lld bytes, the scorer has %d items", call,
                         (long long)o->n_item_mask, n_items);
    return LFM_OK;
}

/* Fill the bytes and return how many items are left. */
static int32_t fill(const lfm_recommend_options *o, uint8_t *bytes, int32_t n_items)
{
    int32_t left = 0;
    memset(bytes, o->candidates == NULL, (size_t)n_items);
    for (int64_t i = 0; o->candidates != NULL && i < o->n_candidates; i++)
        bytes[o->candidates[i]] = 1;
    for (int64_t i = 0; i < o->n_exclude_items; i++)
        bytes[o->exclude_items[i]] = 0;
    for (int32_t item = 0; item < n_items; item++) {
        if (o->item_mask != NULL && o->item_mask[item] == 0)
            bytes[item] = 0;
        left += bytes[item];
    }
    return left;
}

/* Pack the items that are left, so that only these are scanned. */
static lfm_status pack(const lfm_scorer *scorer, lfmi_allowed *allowed, int32_t n, int32_t threads)
{
    LFMI_TRY(LFMI_NEW_ARRAY(allowed->context, n, "the candidates", &allowed->ids));
    allowed->n_ids = n;
    for (int32_t item = 0, at = 0; at < n; item++) {
        if (allowed->bytes[item])
            allowed->ids[at++] = item;
    }
    const lfmi_space *items = &scorer->spaces[LFM_SPACE_ITEM];
    LFMI_TRY(lfmi_panels_new(allowed->context, scorer->items.kind, items->vectors, items->biases, scorer->d,
                             scorer->stride, allowed->ids, n, threads, &allowed->some));
    allowed->panels = &allowed->some;
    LFMI_FREE_ARRAY(allowed->context, allowed->bytes, allowed->n_items);
    allowed->bytes = NULL;
    return LFM_OK;
}

lfm_status lfmi_allowed_new(const lfm_scorer *scorer, const lfm_recommend_options *options, int32_t threads,
                            lfmi_allowed *allowed)
{
    *allowed = (lfmi_allowed){.context = scorer->context, .panels = &scorer->items, .n_items = scorer->items.n_items};
    LFMI_TRY(check(scorer, options));
    if (options->candidates == NULL && options->n_exclude_items == 0 && options->item_mask == NULL)
        return LFM_OK;
    LFMI_TRY(LFMI_NEW_ARRAY(scorer->context, allowed->n_items, "the candidates", &allowed->bytes));
    const int32_t left = fill(options, allowed->bytes, allowed->n_items);
    return left < allowed->n_items / 2 ? pack(scorer, allowed, left, threads) : LFM_OK;
}

void lfmi_allowed_free(lfmi_allowed *allowed)
{
    LFMI_FREE_ARRAY(allowed->context, allowed->bytes, allowed->n_items);
    LFMI_FREE_ARRAY(allowed->context, allowed->ids, allowed->n_ids);
    lfmi_panels_free(allowed->context, &allowed->some);
}
