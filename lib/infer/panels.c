/* Packing items for scanning. */
#include "infer/panels.h"

#include <math.h>

#include "infer/blocks.h"

enum { PANELS_PER_BLOCK = 32 };

typedef struct pack_task {
    lfmi_panels *panels;
    const float *vectors, *biases;
    int32_t stride;
    /* Bits of the largest so far: numbers of no sign sort as their bits do. */
    atomic_uint norm, bias, error, margin;
} pack_task;

static float round_up(double value)
{
    const float rounded = (float)value;
    return (double)rounded < value ? nextafterf(rounded, __builtin_inff()) : rounded;
}

static void keep_largest(atomic_uint *largest, double value)
{
    const float rounded = round_up(value);
    unsigned bits, seen = atomic_load(largest);
    memcpy(&bits, &rounded, sizeof bits);
    while (bits > seen && !atomic_compare_exchange_weak(largest, &seen, bits))
        continue;
}

static float largest_of(atomic_uint *largest)
{
    const unsigned bits = atomic_load(largest);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Put a row into lane l of a panel. */
static void pack_numbers(pack_task *pack, char *panel, int l, int32_t item)
{
    const lfmi_panels *panels = pack->panels;
    const float *row = pack->vectors + (int64_t)item * pack->stride;
    char *numbers = panel + LFMI_LANES * sizeof(float);
    double norm = 0, error = 0;
    for (int32_t e = 0; e < panels->d; e++) {
        const int64_t at = (int64_t)e * LFMI_LANES + l;
        float kept = row[e];
        if (panels->kind == LFMI_SCAN_HALF) {
            const uint16_t half = lfmi_to_half(row[e]);
            ((uint16_t *)(void *)numbers)[at] = half;
            kept = lfmi_from_half(half);
        } else {
            ((float *)(void *)numbers)[at] = kept;
        }
        const double left_out = (double)row[e] - (double)kept;
        norm += (double)row[e] * (double)row[e];
        error += left_out * left_out;
    }
    keep_largest(&pack->norm, sqrt(norm));
    keep_largest(&pack->error, sqrt(error));
}

/* Put the n rows from place `first` on into a panel of codes; slack covers the rounding of the sums here. */
static void pack_codes(pack_task *pack, char *panel, int64_t first, int n)
{
    const double slack = 1 + 1e-6;
    const lfmi_panels *panels = pack->panels;
    float *head = (float *)(void *)panel;
    uint8_t *bytes = (uint8_t *)panel + LFMI_PANEL_HEAD * sizeof(float);
    const float *rows[LFMI_LANES];
    float largest = 0;
    for (int l = 0; l < n; l++) {
        rows[l] = pack->vectors + (int64_t)lfmi_panels_id(panels, (int32_t)(first + l)) * pack->stride;
        const float size = lfmi_largest(rows[l], panels->d);
        largest = size > largest ? size : largest;
    }
    head[0] = lfmi_scale_for(largest, 127);
    double margin = 0;
    for (int l = 0; l < n; l++) {
        const lfmi_coded coded = lfmi_encode(rows[l], panels->d, head[0], bytes + LFMI_CODES * l,
                                             LFMI_CODES * LFMI_LANES, LFMI_CODE_OFFSET);
        const double own = (coded.left_out + LFMI_USER_SHARE * coded.norm) * slack;
        margin = own > margin ? own : margin;
        keep_largest(&pack->norm, coded.norm);
    }
    head[1] = round_up(margin);
    keep_largest(&pack->margin, margin);
}

static void pack_panels(int64_t begin, int64_t end, uint32_t task, void *arg)
{
    (void)task;
    pack_task *pack = arg;
    const lfmi_panels *panels = pack->panels;
    const int64_t bytes = lfmi_panel_bytes(panels->d, panels->kind);
    for (int64_t p = begin; p < end; p++) {
        char *panel = (char *)panels->data + p * bytes;
        memset(panel, 0, (size_t)bytes);
        const int64_t first = p * LFMI_LANES, left = panels->n_items - first;
        const int n = (int)(left < LFMI_LANES ? left : LFMI_LANES);
        float *biases = (float *)(void *)panel + (panels->kind == LFMI_SCAN_INT8 ? LFMI_LANES : 0);
        for (int l = 0; l < LFMI_LANES; l++) {
            biases[l] = l < n ? pack->biases[lfmi_panels_id(panels, (int32_t)(first + l))] : __builtin_nanf("");
            if (l < n)
                keep_largest(&pack->bias, fabs((double)biases[l]));
        }
        if (panels->kind == LFMI_SCAN_INT8)
            pack_codes(pack, panel, first, n);
        for (int l = 0; l < n && panels->kind != LFMI_SCAN_INT8; l++)
            pack_numbers(pack, panel, l, lfmi_panels_id(panels, (int32_t)(first + l)));
    }
}

lfm_status lfmi_panels_new(lfm_context *context, int32_t kind, const float *vectors, const float *biases,
                           int32_t d, int32_t stride, const int32_t *ids, int32_t n_items,
                           int32_t threads, lfmi_panels *panels)
{
    *panels = (lfmi_panels){.n_items = n_items, .d = d, .kind = kind, .ids = ids};
    const int64_t n = lfmi_n_panels(n_items);
    LFMI_TRY(lfmi_allocate(context, n, (size_t)lfmi_panel_bytes(d, kind), "items to scan", &panels->data));
    pack_task pack = {.panels = panels, .vectors = vectors, .biases = biases, .stride = stride};
    atomic_init(&pack.norm, 0);
    atomic_init(&pack.bias, 0);
    atomic_init(&pack.error, 0);
    atomic_init(&pack.margin, 0);
    lfmi_blocks blocks = {.n = n, .block = PANELS_PER_BLOCK, .work = pack_panels, .arg = &pack};
    LFMI_TRY(lfmi_blocks_run(context, &blocks, lfmi_tasks(context, threads, n, PANELS_PER_BLOCK)));
    panels->norm = largest_of(&pack.norm);
    panels->bias = largest_of(&pack.bias);
    panels->error = largest_of(&pack.error);
    panels->margin = largest_of(&pack.margin);
    return LFM_OK;
}

void lfmi_panels_pack(const lfmi_panels *panels, const float *vectors, const float *biases, int32_t stride, int64_t first,
                      int32_t n, float *data)
{
    for (int32_t p = 0; p < n; p++) {
        float *panel = data + p * (lfmi_panel_bytes(panels->d, LFMI_SCAN_FLOAT) / (int64_t)sizeof(float));
        for (int l = 0; l < LFMI_LANES; l++) {
            const int64_t place = (first + p) * LFMI_LANES + l;
            const bool is_there = place < panels->n_items;
            const int32_t item = is_there ? lfmi_panels_id(panels, (int32_t)place) : 0;
            const float *row = vectors + (int64_t)item * stride;
            panel[l] = is_there ? biases[item] : __builtin_nanf("");
            for (int64_t e = 0; e < panels->d; e++)
                panel[(e + 1) * LFMI_LANES + l] = row[e];
        }
    }
}

void lfmi_panels_free(lfm_context *context, lfmi_panels *panels)
{
    if (!panels->is_borrowed)
        lfmi_deallocate(context, panels->data, lfmi_n_panels(panels->n_items),
                        (size_t)lfmi_panel_bytes(panels->d, panels->kind));
    *panels = (lfmi_panels){0};
}
