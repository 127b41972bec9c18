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
    atomic_uint norm, bias, error;
} pack_task;

static void keep_largest(atomic_uint *largest, double value)
{
    float rounded = (float)value;
    if ((double)rounded < value)
        rounded = nextafterf(rounded, __builtin_inff());
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
static void pack_row(pack_task *pack, char *panel, int l, int32_t item)
{
    const lfmi_panels *panels = pack->panels;
    const float *row = pack->vectors + (int64_t)item * pack->stride;
    ((float *)(void *)panel)[l] = pack->biases[item];
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
    keep_largest(&pack->bias, fabs((double)pack->biases[item]));
    keep_largest(&pack->error, sqrt(error));
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
        for (int l = 0; l < LFMI_LANES; l++) {
            const int64_t place = p * LFMI_LANES + l;
            if (place < panels->n_items)
                pack_row(pack, panel, l, lfmi_panels_id(panels, (int32_t)place));
            else
                ((float *)(void *)panel)[l] = __builtin_nanf("");
        }
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
    lfmi_blocks blocks = {.n = n, .block = PANELS_PER_BLOCK, .work = pack_panels, .arg = &pack};
    LFMI_TRY(lfmi_blocks_run(context, &blocks, lfmi_tasks(context, threads, n, PANELS_PER_BLOCK)));
    panels->norm = largest_of(&pack.norm);
    panels->bias = largest_of(&pack.bias);
    panels->error = largest_of(&pack.error);
    return LFM_OK;
}

void lfmi_panels_free(lfm_context *context, lfmi_panels *panels)
{
    if (!panels->is_borrowed)
        lfmi_deallocate(context, panels->data, lfmi_n_panels(panels->n_items),
                        (size_t)lfmi_panel_bytes(panels->d, panels->kind));
    *panels = (lfmi_panels){0};
}
