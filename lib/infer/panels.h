/* Items packed for scanning, all of a scorer's or some of them. */
#ifndef LFMI_PANELS_H
#define LFMI_PANELS_H

#include "base/context.h"
#include "infer/codes.h"

/* Items in panels of 16, as lfmi_scan reads them; the last panel is filled up with items that score NaN,
 * which reach no threshold. */
typedef struct lfmi_panels {
    int32_t n_items, d;
    int32_t kind;       /* LFMI_SCAN_FLOAT, … */
    const int32_t *ids; /* the caller's, in any order; NULL: item i is item i */
    void *data;         /* NULL: packed as they are read, lfmi_panels_pack() */
    bool is_borrowed;   /* data lies in a file */
    float norm, bias;   /* the largest norm and |bias| */
    float error;        /* HALF: the largest norm of what it leaves out */
    float margin;       /* INT8: the largest margin of an item */
    int32_t roundings;  /* of exact scores, beyond those of a sum of d products and two biases */
} lfmi_panels;

/* Where items and users are codes, scores are uncertain by |p'| |q - q'| + |p - p'| |q|, with p' and q' what the
 * codes stand for. So that one product does, an item's margin is |q - q'| + LFMI_USER_SHARE |q|, and a user's the
 * least number that makes the product enough; they differ little where |p - p'| is LFMI_USER_SHARE |p'|. */
#define LFMI_USER_SHARE 0.00625

static inline int64_t lfmi_panel_bytes(int32_t d, int32_t kind)
{
    const int64_t number = kind == LFMI_SCAN_HALF ? (int64_t)sizeof(uint16_t) : (int64_t)sizeof(float);
    if (kind == LFMI_SCAN_INT8)
        return LFMI_PANEL_HEAD * (int64_t)sizeof(float) + lfmi_code_groups(d) * LFMI_CODES * LFMI_LANES;
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
/* All items of panels, in float32, without data. */
static inline lfmi_panels lfmi_panels_unpacked(const lfmi_panels *panels)
{
    return (lfmi_panels){.n_items = panels->n_items,
                         .d = panels->d,
                         .kind = LFMI_SCAN_FLOAT,
                         .ids = panels->ids,
                         .norm = panels->norm,
                         .bias = panels->bias};
}
/* Pack n panels in float32 from number `first` on, in `data`. */
void lfmi_panels_pack(const lfmi_panels *panels, const float *vectors, const float *biases, int32_t stride, int64_t first,
                      int32_t n, float *data);
void lfmi_panels_free(lfm_context *context, lfmi_panels *panels);

#endif
