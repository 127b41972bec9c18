/* Ids as the library sees them: the arrays that model files hold, and growing that can be taken back. */
#ifndef LFMI_IDS_H
#define LFMI_IDS_H

#include <stdbool.h>
#include <string.h>

#include "base/context.h"
#include "lfm/array.h"
#include "lfm/ids.h"

/* The arrays, in memory and in a file alike. Text i is the bytes offsets[i] .. offsets[i + 1] - 2; a NUL stands at
 * offsets[i + 1] - 1; offsets[0] is 0, offsets[n] is n_bytes.
 *
 * The table is searched from slot hash % n_slots (ids/hash.h) on, slot by slot and around its end, until the index
 * of the id or -1 is met. At least one slot in four is -1. The ids lie in it as if they had been put in in the order
 * of their indices, so that equal ids and n_slots make equal tables. */
typedef struct lfmi_ids_parts {
    int32_t kind; /* LFM_IDS_TEXT, LFM_IDS_NUMBER */
    int32_t n;
    const void *bytes;
    int64_t n_bytes;
    const int64_t *offsets; /* n + 1; NULL for numbers */
    const int64_t *numbers; /* NULL for text */
    const int32_t *table;   /* n_slots indices, -1: empty */
    int64_t n_slots;        /* a power of two */
} lfmi_ids_parts;

/* Look at the arrays; valid until the next add or the last free. */
void lfmi_ids_parts_of(const lfm_ids *ids, lfmi_ids_parts *out);

/* Use arrays where they lie, in a mapped file say, without looking through them. They are not trusted: whatever they
 * hold, a search ends, in n_slots steps at most, and nothing outside of them is read; an id is then unknown or empty.
 * They must not change. The first add copies them and checks them whole (DATA when they are wrong).
 * release: NULL or called once: by the first add that succeeds, by the last free, or before this returns with an
 * error (ARGUMENT, DATA: a size or an address that cannot be right, MEMORY). */
lfm_status lfmi_ids_borrow(lfm_context *context, const lfmi_ids_parts *parts, lfm_release_fn release, void *user_data,
                           lfm_ids **out);

struct lfm_ids {
    lfmi_refcount references;
    lfm_context *context;
    lfmi_ids_parts parts; /* what is read: our own arrays below, or borrowed ones */
    /* Our own arrays; all NULL while the parts are borrowed. */
    char *bytes;
    int64_t *offsets, *numbers;
    int32_t *table;
    uint8_t *tags; /* a byte of the hash for each slot, 0: empty. Spares most looks at ids that are others */
    int64_t bytes_room, room; /* of bytes; of numbers, of offsets less one */
    lfm_release_fn release;
    void *release_user_data;
};

/* One id that is looked for. */
typedef struct lfmi_key {
    const char *text; /* or number */
    size_t length;
    int64_t number;
    uint64_t hash;
    int64_t slot; /* where the search stands */
} lfmi_key;

/* What lfm_names cannot say: texts in one block that a NUL follows each, as in lfmi_ids_parts. */
enum { LFMI_NAMES_TERMINATED = 1000 };

/* Check the form and every string and offset. `what` names the array, `call` the function in messages.
 * Errors: ARGUMENT, DATA. */
lfm_status lfmi_names_check(const lfm_names *names, int64_t n, int32_t kind, const char *call, const char *what);

/* Read name i of a checked array; the hash is not made yet. */
static inline void lfmi_names_key(const lfm_names *names, int64_t i, lfmi_key *key)
{
    *key = (lfmi_key){0};
    if (names->form == LFM_NAMES_NUMBERS) {
        key->number = ((const int64_t *)names->data)[i];
    } else if (names->form == LFM_NAMES_STRINGS) {
        key->text = ((const char *const *)names->data)[i];
        key->length = strlen(key->text);
    } else {
        const int64_t begin = names->offsets[i];
        const int64_t end = names->offsets[i + 1] - (names->form == LFMI_NAMES_TERMINATED);
        key->length = (size_t)(end - begin);
        key->text = key->length > 0 ? (const char *)names->data + begin : NULL;
    }
}

/* Show an id in a message: a text in quotes, shortened, with control characters as '?'; or a number. */
enum { LFMI_SHOWN = 80 };
const char *lfmi_names_show(const lfm_names *names, int64_t i, char out[LFMI_SHOWN]);
const char *lfmi_ids_show(const lfm_ids *ids, int32_t index, char out[LFMI_SHOWN]);

/* The same calls as the public ones, on checked names. only_where: NULL, or entries below 0 in it are passed over and
 * get -1. lfmi_ids_add_names() may have written to indices when it fails; the ids are then as before.
 * Errors: DATA (too many ids; or borrowed arrays that are wrong), MEMORY. */
lfm_status lfmi_ids_add_names(lfm_ids *ids, int64_t n, const lfm_names *names, const int32_t *only_where,
                              int32_t *indices);
void lfmi_ids_find_names(const lfm_ids *ids, int64_t n, const lfm_names *names, int32_t *indices);

/* Forget all ids from index n on. */
void lfmi_ids_truncate(lfm_ids *ids, int32_t n);

/* Make room for so many more ids and bytes, in arrays of our own. Errors: DATA, MEMORY. */
lfm_status lfmi_ids_reserve(lfm_ids *ids, int64_t n, int64_t n_bytes);

/* The slots of the smallest table for n ids, a power of two; one may be larger, where room was made for more. */
int64_t lfmi_ids_slots(int64_t n);

/* Put all ids into a table of so many slots, in order; tags may be NULL. */
void lfmi_ids_fill_table(const lfmi_ids_parts *parts, int64_t n_slots, int32_t *table, uint8_t *tags);

/* Make the key of an id that there is. False when borrowed offsets are wrong. */
bool lfmi_ids_key(const lfmi_ids_parts *parts, int32_t index, lfmi_key *key);

/* ---- Searching ---- */

static inline uint8_t lfmi_ids_tag(uint64_t hash)
{
    const uint8_t tag = (uint8_t)(hash >> 56);
    return tag == 0 ? 1 : tag;
}

static inline bool lfmi_ids_is(const lfmi_ids_parts *parts, int32_t index, const lfmi_key *key)
{
    if (parts->kind == LFM_IDS_NUMBER)
        return parts->numbers[index] == key->number;
    const int64_t begin = parts->offsets[index], end = parts->offsets[index + 1];
    if (begin < 0 || end <= begin || end > parts->n_bytes || (uint64_t)(end - begin - 1) != key->length)
        return false;
    return key->length == 0 || memcmp((const char *)parts->bytes + begin, key->text, key->length) == 0;
}

#endif
