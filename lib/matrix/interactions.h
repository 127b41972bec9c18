/* Interactions as the library sees them, and the index that training and ranking look things up in. */
#ifndef LFMI_INTERACTIONS_H
#define LFMI_INTERACTIONS_H

#include <pthread.h>

#include "lfm/interactions.h"
#include "matrix/entries.h"

/* Which items each user knows: user u's positives stand sorted at items[offsets[u]] ..
 * items[negatives[u] - 1], the explicit negatives sorted from there to items[offsets[u + 1] - 1].
 * Duplicates are kept. 4 bytes per entry. */
typedef struct lfmi_index {
    int64_t *offsets;   /* n_users + 1 */
    int64_t *negatives; /* n_users; is offsets + 1 when no value is negative */
    const int32_t *items; /* n_entries; the interactions' own where they are sorted like this */
    float *values;      /* n_entries, or NULL until asked for: the largest value of the pair, at the
                         * first of its places */
    uint16_t *signature; /* n_entries, or NULL until asked for: see lfmi_signature_of() */
    int64_t n_item_words; /* words of a signature that hold a bit per item */
    bool is_made;
} lfmi_index;

/* What else an index should have. */
enum { LFMI_INDEX_VALUES = 1, LFMI_INDEX_SIGNATURE = 2 };

struct lfm_interactions {
    lfmi_refcount references;
    lfm_context *context;
    int32_t n_users, n_items;
    int64_t n_entries;
    lfmi_array users, items, values, weights, timestamps;
    lfm_release_fn release;
    void *release_user_data;
    pthread_mutex_t index_lock; /* guards the making of the index, which is then immutable */
    lfmi_index index;
};

/* The users, items, … of the entries in stored order. */
static inline const int32_t *lfmi_users(const lfm_interactions *m) { return m->users.data; }
static inline const int32_t *lfmi_items(const lfm_interactions *m) { return m->items.data; }
static inline const float *lfmi_values(const lfm_interactions *m) { return m->values.data; }
static inline const float *lfmi_weights(const lfm_interactions *m) { return m->weights.data; }
static inline const int64_t *lfmi_timestamps(const lfm_interactions *m) { return m->timestamps.data; }
static inline bool lfmi_is_positive(const lfm_interactions *m, int64_t entry)
{
    return m->values.data == NULL || ((const float *)m->values.data)[entry] > 0;
}

/* Create interactions that own `n_entries` unset entries, with the optional arrays that `like` has. */
lfm_status lfmi_interactions_new_like(const lfm_interactions *like, int32_t n_users, int32_t n_items,
                                      int64_t n_entries, lfm_interactions **out);

/* Copy entry `from` of `source` to place `to` of new interactions of the same arrays. */
void lfmi_interactions_copy_entry(lfm_interactions *target, int64_t to, const lfm_interactions *source,
                                  int64_t from, int32_t user, int32_t item);

/* Make the index, or what it still lacks of LFMI_INDEX_…, and lend it. cancel may be NULL. Threads make it
 * sooner, never another. */
lfm_status lfmi_interactions_index_on(lfm_interactions *interactions, int with, int32_t threads,
                                      const lfm_cancel *cancel, const lfmi_index **out);
/* The same on this thread. */
lfm_status lfmi_interactions_index(lfm_interactions *interactions, int with, const lfm_cancel *cancel,
                                   const lfmi_index **out);
void lfmi_index_free(lfm_interactions *interactions);

/* Whether a sorted list holds an item; lower bound of an item in it. */
static inline int64_t lfmi_lower_bound(const int32_t *sorted, int64_t n, int32_t item)
{
    const int32_t *base = sorted;
    for (; n > 1; n -= n / 2) /* without a branch: it would be guessed wrong half of the time */
        base += (n / 2) & -(int64_t)(base[n / 2 - 1] < item);
    return base - sorted + (n > 0 && *base < item);
}
static inline bool lfmi_sorted_has(const int32_t *sorted, int64_t n, int32_t item)
{
    enum { SHORT = 32, REACH = 32 };
    int64_t begin = 0;
    if (n > SHORT && item >= sorted[0] && item <= sorted[n - 1]) {
        /* Ids spread evenly would put it here: mostly right, and then most cache lines stay untouched. */
        const double slope = (double)(n - 1) / ((double)sorted[n - 1] - (double)sorted[0] + 1.0);
        const int64_t guess = (int64_t)(slope * (double)(item - sorted[0]));
        const int64_t low = guess > REACH / 2 ? guess - REACH / 2 : 0;
        const int64_t high = low + REACH < n ? low + REACH : n;
        if (sorted[low] <= item && sorted[high - 1] >= item) {
            begin = low;
            n = high - low;
        }
    }
    const int64_t at = lfmi_lower_bound(sorted + begin, n, item);
    return at < n && sorted[begin + at] == item;
}
static inline int64_t lfmi_count_positives(const lfmi_index *index, int32_t user)
{
    return index->negatives[user] - index->offsets[user];
}
static inline bool lfmi_is_positive_pair(const lfmi_index *index, int32_t user, int32_t item)
{
    return lfmi_sorted_has(index->items + index->offsets[user], lfmi_count_positives(index, user), item);
}
static inline bool lfmi_is_known(const lfmi_index *index, int32_t user, int32_t item)
{
    const int64_t negatives = index->negatives[user];
    return lfmi_is_positive_pair(index, user, item) ||
           lfmi_sorted_has(index->items + negatives, index->offsets[user + 1] - negatives, item);
}

/* A user of n entries has a signature of n words of 16 bits, which answers whether an item is known in one
 * memory access, most of the time. When 16 n bits are enough for a bit per item, it is just that, and
 * exact. Else each known item sets three bits of a word (a blocked Bloom filter: wrong for an unknown
 * item in fifty or so). */
typedef struct lfmi_signature_place {
    int64_t word;
    uint32_t bits;
    bool exact;
} lfmi_signature_place;

static inline lfmi_signature_place lfmi_signature_of(const lfmi_index *index, int32_t user, int32_t item)
{
    const int64_t begin = index->offsets[user], n = index->offsets[user + 1] - begin;
    if (n >= index->n_item_words)
        return (lfmi_signature_place){begin + (item >> 4), UINT32_C(1) << (item & 15), true};
    const uint64_t hash = (uint64_t)(uint32_t)item * UINT64_C(0x9E3779B97F4A7C15);
    const uint32_t bits = UINT32_C(1) << (hash & 15) | UINT32_C(1) << (hash >> 8 & 15) | UINT32_C(1) << (hash >> 16 & 15);
    return (lfmi_signature_place){begin + (int64_t)((hash >> 32) * (uint64_t)n >> 32), bits, false};
}

/* Where the signature of a user who has entries tells of an item, also of one that is known to a feature matrix only. */
static inline lfmi_signature_place lfmi_known_place(const lfmi_index *index, int32_t user, int32_t item)
{
    if (item >> 4 >= index->n_item_words)
        return (lfmi_signature_place){index->offsets[user], UINT32_C(1) << 16, true}; /* in no word */
    return lfmi_signature_of(index, user, item);
}
static inline bool lfmi_may_know(const lfmi_index *index, const lfmi_signature_place *place)
{
    return (index->signature[place->word] & place->bits) == place->bits;
}

/* lfmi_is_known() for an index with a signature. */
static inline bool lfmi_knows(const lfmi_index *index, int32_t user, int32_t item)
{
    if (item >> 4 >= index->n_item_words)
        return false;
    const lfmi_signature_place place = lfmi_signature_of(index, user, item);
    return lfmi_may_know(index, &place) && (place.exact || lfmi_is_known(index, user, item));
}

/* Write the distinct items that a user knows, ascending, and return how many. `out` has room for all of
 * the user's entries. positives_only: leave out items that are explicit negatives only. */
int64_t lfmi_distinct_items(const lfmi_index *index, int32_t user, bool positives_only, int32_t *out);

/* The most entries of any user. */
int64_t lfmi_longest_user(const lfm_interactions *interactions, const lfmi_index *index);

#endif
