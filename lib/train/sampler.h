/* Where negatives come from. A loss asks for draws; how they are distributed is decided here. */
#ifndef LFMI_SAMPLER_H
#define LFMI_SAMPLER_H

#include "base/prefetch.h"
#include "base/random.h"
#include "matrix/interactions.h"

typedef struct lfmi_alias {
    uint32_t keep; /* below this 32-bit draw the item itself, else its alias */
    int32_t alias;
} lfmi_alias;

typedef struct lfmi_sampler {
    int32_t n_items;
    lfmi_alias *table; /* n_items; NULL: every item alike */
} lfmi_sampler;

/* Set up draws from n_items items in proportion to (stored entries of the item)^power; with power 1 an
 * item is drawn as often as by taking the item of a random stored entry. */
lfm_status lfmi_sampler_new(const lfm_interactions *interactions, int32_t n_items, double power,
                            lfmi_sampler *sampler);
void lfmi_sampler_free(lfm_context *context, lfmi_sampler *sampler);

/* Draw an item, known to the user or not, in two steps: where to look, which is fetched, and what stands there. There
 * must be an item to draw. */
static inline int32_t lfmi_begin_draw(const lfmi_sampler *sampler, lfmi_stream *stream)
{
    const int32_t cell = (int32_t)lfmi_bounded(stream, (uint64_t)sampler->n_items);
    if (sampler->table != NULL)
        lfmi_prefetch(&sampler->table[cell]);
    return cell;
}
static inline int32_t lfmi_end_draw(const lfmi_sampler *sampler, lfmi_stream *stream, int32_t cell)
{
    if (sampler->table == NULL)
        return cell;
    const lfmi_alias at = sampler->table[cell];
    const int32_t other = -((uint32_t)(lfmi_next(stream) >> 32) >= at.keep); /* a branch would be a coin's toss */
    return (cell & ~other) | (at.alias & other);
}
static inline int32_t lfmi_draw(const lfmi_sampler *sampler, lfmi_stream *stream)
{
    return lfmi_end_draw(sampler, stream, lfmi_begin_draw(sampler, stream));
}

#endif
