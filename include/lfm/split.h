/* liblfm: splitting interactions into train and test, and dropping rare users and items. */
#ifndef LFM_SPLIT_H
#define LFM_SPLIT_H

#include "lfm/interactions.h"

LFM_BEGIN_DECLS

enum {
    LFM_SPLIT_RANDOM = 0,    /* a fraction of all pairs */
    LFM_SPLIT_LEAVE_OUT = 1, /* k positives of each of a fraction of the users */
    LFM_SPLIT_LAST = 2       /* the k latest positives of each user */
};

/* How to split. Initialise with lfm_split_options_init(). Whatever the method, all copies of a
 * repeated (user, item) pair go to one side, both sides keep the dimensions of the whole, and values,
 * weights and timestamps travel with their entries. */
typedef struct lfm_split_options {
    size_t size;          /* set by the initialiser */
    int32_t method;       /* LFM_SPLIT_…, default random */
    int32_t k;            /* leave-out and last: positive pairs per user, >= 1, default 5 */
    double fraction;      /* random: share of the entries that go to test, in [0, 1], default 0.2;
                           * met exactly but for rounding and repeated pairs */
    double user_fraction; /* leave-out: share of the eligible users, in [0, 1], default 0.2; eligible
                           * are users with at least 2 k positive pairs */
    uint64_t seed;        /* random and leave-out, default 1 */
    const lfm_cancel *cancel; /* NULL: none */
} lfm_split_options;

LFM_API void lfm_split_options_init_sized(lfm_split_options *options, size_t size);
#define lfm_split_options_init(options) lfm_split_options_init_sized((options), sizeof *(options))

/* Split interactions in two. The choice depends on the pairs and the seed only, not on their order.
 *
 * last: users with fewer than k + 1 positive pairs stay in train; of equal timestamps the entry stored
 * later is the later one; a repeated pair counts with its latest copy.
 * options: NULL for the defaults. train, test: each receives one reference.
 * Errors: ARGUMENT (NULL), OPTION (out of bounds; last without timestamps), CANCELLED, MEMORY.
 * Cost: up to 8 bytes per entry beside the results. Thread-safe. Since 0.1. */
LFM_API lfm_status lfm_interactions_split(lfm_interactions *interactions,
                                          const lfm_split_options *options, lfm_interactions **train,
                                          lfm_interactions **test);

/* Drop users with fewer than min_user and items with fewer than min_item distinct pairs (of any sign),
 * again and again until all that are left have enough, and renumber what is left without gaps, in the
 * old order.
 *
 * min_user, min_item: >= 0; 0 keeps users, respectively items, without any entry and 1 drops them.
 * user_ids, item_ids: NULL or room for n_users and n_items numbers; receive the old ids of the users
 * and items that are left. out: receives one reference; its dimensions are the numbers of those left.
 * Errors: ARGUMENT, MEMORY. Thread-safe. Since 0.1. */
LFM_API lfm_status lfm_interactions_threshold(lfm_interactions *interactions, int32_t min_user,
                                              int32_t min_item, int32_t *user_ids, int32_t *item_ids,
                                              lfm_interactions **out);

LFM_END_DECLS

#endif
