/* lfm synth: the planted world that likes and tags are drawn from. */
#ifndef LFM_TOOLS_SYNTH_WORLD_H
#define LFM_TOOLS_SYNTH_WORLD_H

#include "synth_output.h"

/* Users and items fit int32 and are 1 or more; interactions are at most half of users x items. */
typedef struct synth_sizes {
    uint64_t users, items, interactions, tags, seed;
} synth_sizes;

enum { SYNTH_HELD_OUT = 5 };

typedef struct synth_world synth_world;

/* Returns NULL when there is no memory: 8 bytes per item. */
synth_world *synth_world_create(const synth_sizes *sizes);
void synth_world_free(synth_world *world);

/* Write lines "item tag 1": 2 to 11 different tags per item, 6.2 on average (fewer when there are
 * too few tags); the first is of the item's own topic. Returns the number of lines. */
uint64_t synth_world_write_tags(const synth_world *world, synth_output *out);

/* Write lines "user item": all likes, of one user after the other. Of the users with at least 10
 * likes, one in five has SYNTH_HELD_OUT of them written to `test` instead. Call it once. Returns
 * how many went to test. */
uint64_t synth_world_write_likes(synth_world *world, synth_output *train, synth_output *test);

#endif
