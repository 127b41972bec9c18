/* Where negatives come from. A loss asks for draws; how they are distributed is decided here. */
#ifndef LFMI_SAMPLER_H
#define LFMI_SAMPLER_H

#include "base/random.h"
#include "matrix/interactions.h"

typedef enum lfmi_sampler_kind {
    LFMI_SAMPLE_UNIFORM,  /* every item alike */
    LFMI_SAMPLE_ENTRIES,  /* the item of a random stored entry: in proportion to popularity */
    LFMI_SAMPLE_ALIAS     /* in proportion to popularity^power, by an alias table */
} lfmi_sampler_kind;

typedef struct lfmi_alias {
    uint32_t keep; /* below this 32-bit draw the item itself, else its alias */
    int32_t alias;
} lfmi_alias;

typedef struct lfmi_sampler {
    lfmi_sampler_kind kind;
    int32_t n_items;
    int64_t n_entries;
    const int32_t *items; /* of the stored entries */
    lfmi_alias *table;    /* n_items */
} lfmi_sampler;

/* Set up draws from n_items items in proportion to (stored entries of the item)^power. */
lfm_status lfmi_sampler_new(const lfm_interactions *interactions, int32_t n_items, double power,
                            lfmi_sampler *sampler);
void lfmi_sampler_free(lfm_context *context, lfmi_sampler *sampler);

/* Draw an item, known to the user or not. There must be one to draw. */
static inline int32_t lfmi_draw(const lfmi_sampler *sampler, lfmi_stream *stream)
{
    if (sampler->kind == LFMI_SAMPLE_UNIFORM)
        return (int32_t)lfmi_bounded(stream, (uint64_t)sampler->n_items);
    if (sampler->kind == LFMI_SAMPLE_ENTRIES)
        return sampler->items[lfmi_bounded(stream, (uint64_t)sampler->n_entries)];
    const int32_t item = (int32_t)lfmi_bounded(stream, (uint64_t)sampler->n_items);
    const lfmi_alias *cell = &sampler->table[item];
    return (uint32_t)(lfmi_next(stream) >> 32) < cell->keep ? item : cell->alias;
}

#endif
