/* Strings numbered from 0 in the order of their first appearance. */
#include "ids.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"

#if defined(__GNUC__) || defined(__clang__)
#define PREFETCH(address) __builtin_prefetch(address)
#else
#define PREFETCH(address) ((void)(address))
#endif

/* The hash beside the number spares most looks at the text. */
typedef struct id_slot {
    uint32_t hash;
    int32_t number; /* 1 more than it is; 0: empty */
} id_slot;

enum { MOST_IDS = INT32_MAX - 1, FIRST_SLOTS = 1024 };

static uint64_t mix(uint64_t h, uint64_t word)
{
    h = (h ^ word) * UINT64_C(0x9E3779B97F4A7C15);
    return h ^ (h >> 29);
}

static uint32_t hash_of(const char *text, size_t length)
{
    uint64_t h = length, word;
    for (; length >= sizeof word; text += sizeof word, length -= sizeof word) {
        memcpy(&word, text, sizeof word);
        h = mix(h, word);
    }
    word = 0;
    for (size_t i = 0; i < length; i++)
        word = word << 8 | (unsigned char)text[i];
    h = mix(mix(h, word), 0);
    return (uint32_t)(h >> 32);
}

static bool is_text(const ids *table, int32_t number, const char *text, size_t length)
{
    return ids_length(table, number) == length &&
           memcmp(ids_text(table, number), text, length) == 0;
}

/* Return the slot of a string, or the empty one where it belongs. */
static id_slot *slot_of(const ids *table, uint32_t hash, const char *text, size_t length)
{
    const size_t mask = table->n_slots - 1;
    size_t at = hash & mask;
    for (;; at = (at + 1) & mask) {
        id_slot *slot = &table->slots[at];
        if (slot->number == 0 ||
            (slot->hash == hash && is_text(table, slot->number - 1, text, length)))
            return slot;
    }
}

static bool grow_slots(ids *table)
{
    const size_t n = table->n_slots == 0 ? (size_t)FIRST_SLOTS : table->n_slots * 2;
    id_slot *slots = calloc(n, sizeof *slots);
    if (slots == NULL)
        return false;
    for (size_t i = 0; i < table->n_slots; i++) {
        const id_slot old = table->slots[i];
        if (old.number == 0)
            continue;
        size_t at = old.hash & (n - 1);
        while (slots[at].number != 0)
            at = (at + 1) & (n - 1);
        slots[at] = old;
    }
    free(table->slots);
    table->slots = slots;
    table->n_slots = n;
    return true;
}

static bool append(ids *table, const char *text, size_t length)
{
    size_t *starts = grow_array(table->starts, &table->starts_capacity, (size_t)table->n + 2,
                                sizeof *table->starts);
    if (starts == NULL)
        return false;
    table->starts = starts;
    if (table->n == 0)
        starts[0] = 0;
    const size_t start = starts[table->n];
    if (length > SIZE_MAX / 4 - start)
        return false;
    char *bytes = grow_array(table->bytes, &table->bytes_capacity, start + length + 1, 1);
    if (bytes == NULL)
        return false;
    table->bytes = bytes;
    memcpy(bytes + start, text, length);
    bytes[start + length] = '\0';
    starts[table->n + 1] = start + length + 1;
    table->n++;
    return true;
}

int32_t ids_find(const ids *table, const char *text, size_t length)
{
    if (table->n_slots == 0)
        return IDS_NONE;
    const id_slot *slot = slot_of(table, hash_of(text, length), text, length);
    return slot->number == 0 ? (int32_t)IDS_NONE : slot->number - 1;
}

/* Make room for n more, at most three quarters full so that searches stay short. */
static bool make_room(ids *table, int32_t n)
{
    while ((size_t)table->n + (size_t)n > table->n_slots / 4 * 3) {
        if (!grow_slots(table))
            return false;
    }
    return true;
}

static int32_t intern(ids *table, uint32_t hash, const char *text, size_t length)
{
    id_slot *slot = slot_of(table, hash, text, length);
    if (slot->number == 0) {
        if (table->n == MOST_IDS)
            return IDS_TOO_MANY;
        if (!append(table, text, length))
            return IDS_NO_MEMORY;
        slot->hash = hash;
        slot->number = table->n;
    }
    return slot->number - 1;
}

int32_t ids_intern(ids *table, const char *text, size_t length)
{
    return make_room(table, 1) ? intern(table, hash_of(text, length), text, length)
                               : (int32_t)IDS_NO_MEMORY;
}

int32_t ids_intern_all(ids *table, ids_query *queries, int32_t n)
{
    if (!make_room(table, n))
        return IDS_NO_MEMORY;
    /* A search waits for a slot, for where its text starts and for the text. Each pass asks for what
     * the next one needs, so that the waits of all searches overlap. */
    const size_t mask = table->n_slots - 1;
    for (int32_t i = 0; i < n; i++) {
        queries[i].hash = hash_of(queries[i].text, queries[i].length);
        PREFETCH(&table->slots[queries[i].hash & mask]);
    }
    for (int32_t i = 0; i < n; i++) {
        queries[i].number = table->slots[queries[i].hash & mask].number;
        if (queries[i].number != 0)
            PREFETCH(&table->starts[queries[i].number - 1]);
    }
    for (int32_t i = 0; i < n; i++) {
        if (queries[i].number != 0)
            PREFETCH(ids_text(table, queries[i].number - 1));
    }
    for (int32_t i = 0; i < n; i++) {
        queries[i].number = intern(table, queries[i].hash, queries[i].text, queries[i].length);
        if (queries[i].number < 0)
            return queries[i].number;
    }
    return 0;
}

const char *ids_text(const ids *table, int32_t number)
{
    return table->bytes + table->starts[number];
}

size_t ids_length(const ids *table, int32_t number)
{
    return table->starts[number + 1] - table->starts[number] - 1;
}

void ids_free(ids *table)
{
    free(table->bytes);
    free(table->starts);
    free(table->slots);
    memset(table, 0, sizeof *table);
}
