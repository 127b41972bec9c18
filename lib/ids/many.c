/* Finding and adding many ids at once. */
#include <limits.h>

#include "ids/ids.h"
#include "base/prefetch.h"
#include "ids/search.h"

/* A search waits for a slot, for where the id's text begins and for the text. So many are made together: each pass
 * asks for what the next one needs, so that the waits of all of them overlap. */
enum { TOGETHER = 256 };

static bool passed_over(const int32_t *only_where, int64_t i) { return only_where != NULL && only_where[i] < 0; }

/* Bring a search to the slot of its id or the empty one where it belongs, as far as the tags can tell. */
static void walk_tags(const lfm_ids *ids, lfmi_key *key)
{
    const int64_t mask = ids->parts.n_slots - 1;
    const uint8_t tag = lfmi_ids_tag(key->hash);
    int64_t at = key->slot;
    while (ids->tags[at] != 0 && ids->tags[at] != tag)
        at = (at + 1) & mask;
    key->slot = at;
}

/* Ask for what a comparison with the id in a slot reads first. */
static void ask_for_entry(const lfmi_ids_parts *parts, int32_t index)
{
    if (index < 0 || index >= parts->n)
        return;
    if (parts->kind == LFM_IDS_NUMBER)
        lfmi_prefetch(&parts->numbers[index]);
    else
        lfmi_prefetch(&parts->offsets[index]);
}

static void ask_for_text(const lfmi_ids_parts *parts, int32_t index)
{
    if (index < 0 || index >= parts->n)
        return;
    const int64_t begin = parts->offsets[index];
    if (begin >= 0 && begin < parts->n_bytes)
        lfmi_prefetch((const char *)parts->bytes + begin);
}

/* Read and hash up to TOGETHER names and bring what their searches read towards the processor. */
static void approach(const lfm_ids *ids, int64_t first, int32_t n, const lfm_names *names, lfmi_key *keys)
{
    const lfmi_ids_parts *parts = &ids->parts;
    const uint64_t mask = (uint64_t)parts->n_slots - 1;
    for (int32_t i = 0; i < n; i++) {
        lfmi_names_key(names, first + i, &keys[i]);
        keys[i].hash = lfmi_ids_hash(parts, &keys[i]);
        keys[i].slot = (int64_t)(keys[i].hash & mask);
        if (ids->tags != NULL)
            lfmi_prefetch(&ids->tags[keys[i].slot]);
        lfmi_prefetch(&parts->table[keys[i].slot]);
    }
    for (int32_t i = 0; i < n; i++) {
        if (ids->tags != NULL)
            walk_tags(ids, &keys[i]);
        ask_for_entry(parts, parts->table[keys[i].slot]);
    }
    for (int32_t i = 0; i < n && parts->kind == LFM_IDS_TEXT; i++)
        ask_for_text(parts, parts->table[keys[i].slot]);
}

/* End a search in our own table: the index, or -1 with the slot where the id belongs. */
static int32_t arrive(const lfm_ids *ids, lfmi_key *key)
{
    const int64_t mask = ids->parts.n_slots - 1;
    for (;; key->slot = (key->slot + 1) & mask) {
        walk_tags(ids, key);
        if (ids->tags[key->slot] == 0)
            return -1;
        const int32_t index = ids->table[key->slot];
        if (lfmi_ids_is(&ids->parts, index, key))
            return index;
    }
}

void lfmi_ids_find_names(const lfm_ids *ids, int64_t n, const lfm_names *names, int32_t *indices)
{
    lfmi_key keys[TOGETHER];
    for (int64_t first = 0; first < n; first += TOGETHER) {
        const int32_t few = n - first < TOGETHER ? (int32_t)(n - first) : (int32_t)TOGETHER;
        approach(ids, first, few, names, keys);
        for (int32_t i = 0; i < few; i++)
            indices[first + i] = ids->tags != NULL ? arrive(ids, &keys[i])
                                                   : lfmi_ids_search_borrowed(&ids->parts, &keys[i]);
    }
}

/* Append the id of a key in the empty slot that its search met; there is room. */
static int32_t append(lfm_ids *ids, const lfmi_key *key)
{
    const int32_t index = ids->parts.n;
    if (ids->parts.kind == LFM_IDS_NUMBER) {
        ids->numbers[index] = key->number;
    } else {
        char *to = ids->bytes + ids->parts.n_bytes;
        if (key->length > 0)
            memcpy(to, key->text, key->length);
        to[key->length] = '\0';
        ids->parts.n_bytes += (int64_t)key->length + 1;
        ids->offsets[index + 1] = ids->parts.n_bytes;
    }
    ids->table[key->slot] = index;
    ids->tags[key->slot] = lfmi_ids_tag(key->hash);
    ids->parts.n = index + 1;
    return index;
}

/* The bytes that up to TOGETHER names take when all are new; -1: more than can be counted. */
static int64_t bytes_of(const lfm_names *names, int64_t first, int32_t n)
{
    if (names->form == LFM_NAMES_NUMBERS)
        return 0;
    if (names->form != LFM_NAMES_STRINGS) {
        const int64_t bytes = names->offsets[first + n] - names->offsets[first];
        return bytes <= INT64_MAX - n ? bytes + n : -1;
    }
    int64_t bytes = 0;
    for (int32_t i = 0; i < n; i++)
        bytes += (int64_t)strlen(((const char *const *)names->data)[first + i]) + 1;
    return bytes;
}

static lfm_status add_few(lfm_ids *ids, int64_t first, int32_t n, const lfm_names *names, const int32_t *only_where,
                          int32_t *indices)
{
    lfmi_key keys[TOGETHER];
    const int64_t bytes = bytes_of(names, first, n);
    if (bytes < 0)
        return lfmi_fail(LFM_ERROR_MEMORY, "no memory for ids: their length does not fit 64 bits");
    LFMI_TRY(lfmi_ids_reserve(ids, n, bytes));
    approach(ids, first, n, names, keys);
    for (int32_t i = 0; i < n; i++) {
        int32_t index = -1;
        if (!passed_over(only_where, first + i)) {
            index = arrive(ids, &keys[i]);
            if (index < 0 && ids->parts.n == INT32_MAX)
                return lfmi_fail(LFM_ERROR_DATA, "there are 2^31 - 1 ids already; entry %lld would be one more",
                                 (long long)(first + i));
            if (index < 0)
                index = append(ids, &keys[i]);
        }
        if (indices != NULL)
            indices[first + i] = index;
    }
    return LFM_OK;
}

lfm_status lfmi_ids_add_names(lfm_ids *ids, int64_t n, const lfm_names *names, const int32_t *only_where,
                              int32_t *indices)
{
    const int32_t before = ids->parts.n;
    for (int64_t first = 0; first < n; first += TOGETHER) {
        const int32_t few = n - first < TOGETHER ? (int32_t)(n - first) : (int32_t)TOGETHER;
        const lfm_status status = add_few(ids, first, few, names, only_where, indices);
        if (status != LFM_OK) {
            lfmi_ids_truncate(ids, before);
            return status;
        }
    }
    return LFM_OK;
}

lfm_status lfm_ids_add_all(lfm_ids *ids, int64_t n, lfm_names names, int32_t *indices)
{
    lfmi_clear_message();
    LFMI_REQUIRE(ids);
    LFMI_TRY(lfmi_names_check(&names, n, ids->parts.kind, __func__, "names"));
    int32_t few[TOGETHER], *found = few;
    if (indices == NULL)
        found = NULL;
    else if (n > TOGETHER) /* the caller's array is written to only when all has gone well */
        LFMI_TRY(LFMI_NEW_ARRAY(ids->context, n, "indices", &found));
    const lfm_status status = lfmi_ids_add_names(ids, n, &names, NULL, found);
    if (status == LFM_OK && indices != NULL && n > 0)
        memcpy(indices, found, (size_t)n * sizeof *found);
    if (found != few)
        LFMI_FREE_ARRAY(ids->context, found, n);
    return status;
}

lfm_status lfm_ids_find_all(const lfm_ids *ids, int64_t n, lfm_names names, int32_t *indices)
{
    lfmi_clear_message();
    LFMI_REQUIRE(ids);
    LFMI_TRY(lfmi_names_check(&names, n, ids->parts.kind, __func__, "names"));
    if (n > 0)
        LFMI_REQUIRE(indices);
    lfmi_ids_find_names(ids, n, &names, indices);
    return LFM_OK;
}

static lfm_status add_one(lfm_ids *ids, const lfm_names *names, const char *call, int32_t *index)
{
    LFMI_TRY(lfmi_names_check(names, 1, ids->parts.kind, call, "the id"));
    int32_t found;
    LFMI_TRY(lfmi_ids_add_names(ids, 1, names, NULL, &found));
    if (index != NULL)
        *index = found;
    return LFM_OK;
}

lfm_status lfm_ids_add(lfm_ids *ids, const char *text, size_t length, int32_t *index)
{
    lfmi_clear_message();
    LFMI_REQUIRE(ids);
    if (text == NULL && length > 0)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "lfm_ids_add: text must not be NULL");
    if (length > INT64_MAX / 4)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "lfm_ids_add: the length %zu does not fit memory", length);
    const int64_t offsets[2] = {0, (int64_t)length};
    const lfm_names names = lfm_texts(text != NULL ? text : "", offsets);
    return add_one(ids, &names, __func__, index);
}

lfm_status lfm_ids_add_number(lfm_ids *ids, int64_t number, int32_t *index)
{
    lfmi_clear_message();
    LFMI_REQUIRE(ids);
    const lfm_names names = lfm_numbers(&number);
    return add_one(ids, &names, __func__, index);
}
