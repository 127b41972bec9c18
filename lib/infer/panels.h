/* Items packed for scanning, all of a scorer's or some of them. */
#ifndef LFMI_PANELS_H
#define LFMI_PANELS_H

#include "base/context.h"
#include "simd/kernels.h"

/* Items in panels of 16, as lfmi_scan reads them; the last panel is filled up with items that score NaN,
 * which reach no threshold. */
typedef struct lfmi_panels {
    int32_t n_items, d;
    int32_t kind;       /* LFMI_SCAN_FLOAT or LFMI_SCAN_HALF */
    const int32_t *ids; /* ascending, the caller's; NULL: item i is item i */
    void *data;
    bool is_borrowed; /* data lies in a file */
    float norm, bias, error; /* the largest norm and |bias|, and norm of what half precision leaves out */
} lfmi_panels;

static inline int64_t lfmi_panel_bytes(int32_t d, int32_t kind)
{
    const int64_t number = kind == LFMI_SCAN_HALF ? (int64_t)sizeof(uint16_t) : (int64_t)sizeof(float);
    return LFMI_LANES * ((int64_t)sizeof(float) + (int64_t)d * number);
}
static inline int64_t lfmi_n_panels(int32_t n_items) { return ((int64_t)n_items + LFMI_LANES - 1) / LFMI_LANES; }
static inline const void *lfmi_panel(const lfmi_panels *panels, int64_t panel)
{
    return (const char *)panels->data + panel * lfmi_panel_bytes(panels->d, panels->kind);
}
static inline int32_t lfmi_panels_id(const lfmi_panels *panels, int32_t place)
{
    return panels->ids != NULL ? panels->ids[place] : place;
}

/* Pack n_items rows of `vectors` (d numbers each, `stride` apart) and their biases: those named by ids,
 * or the first. Runs on `threads`. */
lfm_status lfmi_panels_new(lfm_context *context, int32_t kind, const float *vectors, const float *biases,
                           int32_t d, int32_t stride, const int32_t *ids, int32_t n_items,
                           int32_t threads, lfmi_panels *panels);
void lfmi_panels_free(lfm_context *context, lfmi_panels *panels);

#endif
