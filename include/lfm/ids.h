/* liblfm: users, items and features by name: ids, and the dense indices that matrices and models work with. */
#ifndef LFM_IDS_H
#define LFM_IDS_H

#include <stddef.h>
#include <stdint.h>

#include "lfm/context.h"

LFM_BEGIN_DECLS

/* A map between ids and the indices 0, 1, 2, … in the order of first appearance. An id is a text (bytes with a
 * length; UTF-8 by custom, but any bytes may stand in it, and none at all) or an int64 number.
 * Adding has the object to itself: no other call may use it meanwhile. Any number of threads may make
 * the calls that take it as const. An index, once given, stays.
 * Memory: a text takes its bytes and 9 more, a number 8, and either 6 to 14 for finding it; arrays grow by
 * half, so up to half of the bytes may be room for more. */
typedef struct lfm_ids lfm_ids;

enum { LFM_IDS_TEXT = 0, LFM_IDS_NUMBER = 1 };

/* Where a call finds many ids. */
enum {
    LFM_NAMES_NONE = 0,
    LFM_NAMES_STRINGS = 1, /* an array of NUL-terminated strings */
    LFM_NAMES_TEXTS = 2,   /* texts in one block, as in Arrow: text i is bytes offsets[i] .. offsets[i + 1] - 1 */
    LFM_NAMES_NUMBERS = 3  /* an array of int64 */
};

/* Ids in the caller's arrays. Make one with the functions below. Texts go with ids of the kind LFM_IDS_TEXT,
 * numbers with LFM_IDS_NUMBER. */
typedef struct lfm_names {
    const void *data;
    const int64_t *offsets; /* of LFM_NAMES_TEXTS, one more than there are texts; ascending, not below 0 */
    int32_t form;           /* LFM_NAMES_… */
    int32_t reserved;
} lfm_names;

static inline lfm_names lfm_names_of(const void *data, const int64_t *offsets, int32_t form)
{
    lfm_names names;
    names.data = data;
    names.offsets = offsets;
    names.form = form;
    names.reserved = 0;
    return names;
}
static inline lfm_names lfm_strings(const char *const *strings)
{
    return lfm_names_of(strings, NULL, LFM_NAMES_STRINGS);
}
static inline lfm_names lfm_texts(const void *bytes, const int64_t *offsets)
{
    return lfm_names_of(bytes, offsets, LFM_NAMES_TEXTS);
}
static inline lfm_names lfm_numbers(const int64_t *numbers)
{
    return lfm_names_of(numbers, NULL, LFM_NAMES_NUMBERS);
}

/* Create an empty map. context: NULL for the defaults. kind: LFM_IDS_TEXT or LFM_IDS_NUMBER. out: receives one
 * reference. Errors: ARGUMENT, MEMORY. Thread-safe. Since 0.1. */
LFM_API lfm_status lfm_ids_create(lfm_context *context, int32_t kind, lfm_ids **out);

/* Add a reference and return the object (NULL gives NULL). Thread-safe. Since 0.1. */
LFM_API lfm_ids *lfm_ids_ref(lfm_ids *ids);

/* Drop a reference; the last one frees. NULL is a no-op. Thread-safe. Since 0.1. */
LFM_API void lfm_ids_free(lfm_ids *ids);

/* Return how many ids there are (0 for NULL), and of which kind (LFM_IDS_TEXT for NULL). Since 0.1. */
LFM_API int32_t lfm_ids_count(const lfm_ids *ids);
LFM_API int32_t lfm_ids_kind(const lfm_ids *ids);

/* Find an id, or add it with the next index. text: `length` bytes, NULL when there are none; not
 * from lfm_ids_text() of the same ids. index: receives
 * the index; may be NULL.
 * Errors: ARGUMENT (NULL, the other kind), DATA (2^31 - 1 ids are there already), MEMORY. Nothing has changed
 * then. Since 0.1. */
LFM_API lfm_status lfm_ids_add(lfm_ids *ids, const char *text, size_t length, int32_t *index);
LFM_API lfm_status lfm_ids_add_number(lfm_ids *ids, int64_t number, int32_t *index);

/* Find or add n ids in order; the indices are those of adding one after another, but for maps that do not fit
 * the processor's caches it is several times faster: many ids are looked up at once.
 *
 * n: >= 0. names: n of them. indices: receives n; may be NULL.
 * Errors: ARGUMENT (NULL, n below 0, the other kind), DATA (a NULL string, offsets that descend or begin below
 * 0: names the entry; too many ids), MEMORY. No id has been added then. Cost: for n above 256, with indices,
 * 4 bytes each while it runs. Since 0.1. */
LFM_API lfm_status lfm_ids_add_all(lfm_ids *ids, int64_t n, lfm_names names, int32_t *indices);

/* Return the index of an id; -1 when there is none, for NULL and for the other kind. Thread-safe among const
 * calls. Since 0.1. */
LFM_API int32_t lfm_ids_find(const lfm_ids *ids, const char *text, size_t length);
LFM_API int32_t lfm_ids_find_number(const lfm_ids *ids, int64_t number);

/* Find n ids at once, as fast as lfm_ids_add_all(). indices: receives n, -1 for those that there are not.
 * Errors: ARGUMENT, DATA, as there. Thread-safe among const calls. Since 0.1. */
LFM_API lfm_status lfm_ids_find_all(const lfm_ids *ids, int64_t n, lfm_names names, int32_t *indices);

/* Return the text of an index, which a NUL follows, and its length without that (length may be NULL); valid
 * until the next add or the last free. "" and 0 for an index out of range, NULL, or ids that are numbers.
 * Thread-safe among const calls. Since 0.1. */
LFM_API const char *lfm_ids_text(const lfm_ids *ids, int32_t index, size_t *length);

/* Return the number of an index; 0 for one out of range, NULL, or ids that are texts. Thread-safe among const
 * calls. Since 0.1. */
LFM_API int64_t lfm_ids_number(const lfm_ids *ids, int32_t index);

LFM_END_DECLS

#endif
