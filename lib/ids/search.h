/* How an id is hashed and looked for in a table that may be corrupt. */
#ifndef LFMI_IDS_SEARCH_H
#define LFMI_IDS_SEARCH_H

#include "ids/hash.h"
#include "ids/ids.h"

static inline uint64_t lfmi_ids_hash(const lfmi_ids_parts *parts, const lfmi_key *key)
{
    return parts->kind == LFM_IDS_NUMBER ? lfmi_ids_hash_number(key->number)
                                         : lfmi_ids_hash_text(key->text, key->length);
}

/* Search a table that nobody vouches for; the key's hash is made. -1: unknown. */
static inline int32_t lfmi_ids_search_borrowed(const lfmi_ids_parts *parts, const lfmi_key *key)
{
    const int64_t mask = parts->n_slots - 1;
    int64_t at = (int64_t)(key->hash & (uint64_t)mask);
    for (int64_t step = 0; step <= mask; step++, at = (at + 1) & mask) {
        const int32_t index = parts->table[at];
        if (index == -1)
            return -1;
        if (index >= 0 && index < parts->n && lfmi_ids_is(parts, index, key))
            return index;
    }
    return -1;
}

#endif
