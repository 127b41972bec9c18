/* Where the codes and heads of all items stand. */
#include "train/sgd.h"

/* Rows of codes with their heads are powers of two or whole cache lines long, so that none touches more lines than it
 * must. Heads stand apart from codes that fill their lines. */
lfm_status lfmi_heads_new(lfm_context *context, int32_t d, int64_t n_items, lfmi_heads *heads)
{
    const int32_t head = (int32_t)sizeof(lfmi_head);
    heads->n = (d + LFMI_LANES - 1) / LFMI_LANES * LFMI_LANES;
    const bool apart = heads->n % LFMI_CACHE_LINE == 0;
    const int32_t needed = heads->n + (apart ? 0 : head);
    heads->stride = LFMI_LANES;
    while (heads->stride < needed && heads->stride < LFMI_CACHE_LINE)
        heads->stride *= 2;
    if (heads->stride < needed)
        heads->stride = (needed + LFMI_CACHE_LINE - 1) / LFMI_CACHE_LINE * LFMI_CACHE_LINE;
    heads->head_stride = apart ? head : heads->stride;
    heads->size = n_items * (heads->stride + (apart ? head : 0));
    LFMI_TRY(LFMI_NEW_ARRAY(context, heads->size, "the heads of all items", &heads->codes));
    heads->heads = heads->codes + (apart ? n_items * heads->stride : heads->n);
    return LFM_OK;
}
