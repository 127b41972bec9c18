/* Strings numbered from 0 in the order of their first appearance: users, items, features, titles. */
#ifndef LFM_TOOL_IDS_H
#define LFM_TOOL_IDS_H

#include <stddef.h>
#include <stdint.h>

/* All bytes in one block, each id followed by a NUL; found through an open-addressing table. An id
 * costs its bytes and about 20 more. Any bytes but NUL may stand in an id. Zero-initialise. */
typedef struct ids {
    char *bytes;
    size_t bytes_capacity;
    size_t *starts; /* n + 1 of them */
    size_t starts_capacity;
    struct id_slot *slots;
    size_t n_slots; /* a power of two, or 0 */
    int32_t n;
} ids;

/* A string to be numbered. */
typedef struct ids_query {
    const char *text;
    size_t length;
    int32_t number; /* the answer */
    uint32_t hash;
} ids_query;

enum { IDS_NONE = -1, IDS_NO_MEMORY = -2, IDS_TOO_MANY = -3 };

/* Return the number of a string, IDS_NONE when it has none. */
int32_t ids_find(const ids *table, const char *text, size_t length);

/* Return the number of a string, a new one if need be; IDS_NO_MEMORY, IDS_TOO_MANY (2^31 - 2). */
int32_t ids_intern(ids *table, const char *text, size_t length);

/* Number many strings in order, the same as ids_intern() on each; several times faster when the table
 * is larger than the caches. Returns 0, IDS_NO_MEMORY or IDS_TOO_MANY. */
int32_t ids_intern_all(ids *table, ids_query *queries, int32_t n);

/* Return the text of a number, NUL-terminated; valid until the next ids_intern(). */
const char *ids_text(const ids *table, int32_t number);
size_t ids_length(const ids *table, int32_t number);

void ids_free(ids *table);

#endif
