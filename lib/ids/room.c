/* Room for more ids: arrays that grow, the table made anew, borrowed arrays copied and checked. */
#include "ids/ids.h"

#include <limits.h>

#include "base/prefetch.h"
#include "ids/search.h"

enum { FIRST_ROOM = 24, FIRST_SLOTS = 32, FIRST_BYTES = 256, TOGETHER = 64 };

/* At least what is needed, and half as much again as there was. */
static int64_t next_room(int64_t room, int64_t needed, int64_t first)
{
    const int64_t larger = room == 0 ? first : room + room / 2;
    return larger > needed ? larger : needed;
}

static lfm_status reserve_bytes(lfm_ids *ids, int64_t more)
{
    int64_t needed;
    if (__builtin_add_overflow(ids->parts.n_bytes, more, &needed) || needed > INT64_MAX / 4)
        return lfmi_fail(LFM_ERROR_MEMORY, "no memory for ids of %lld more bytes", (long long)more);
    if (needed <= ids->bytes_room && ids->bytes != NULL)
        return LFM_OK;
    const int64_t room = next_room(ids->bytes_room, needed, FIRST_BYTES);
    void *bytes = ids->bytes;
    LFMI_TRY(lfmi_enlarge(ids->context, &bytes, 1, ids->parts.n_bytes, ids->bytes_room, room, "the bytes of ids"));
    ids->parts.bytes = ids->bytes = bytes;
    ids->bytes_room = room;
    return LFM_OK;
}

static lfm_status reserve_entries(lfm_ids *ids, int64_t needed)
{
    const bool texts = ids->parts.kind == LFM_IDS_TEXT;
    if (needed <= ids->room && (texts ? ids->offsets : ids->numbers) != NULL)
        return LFM_OK;
    const int64_t room = next_room(ids->room, needed, FIRST_ROOM);
    void *array = texts ? ids->offsets : ids->numbers;
    const int64_t ends = texts; /* one more offset than there are texts */
    const int64_t used = array != NULL ? ids->parts.n + ends : 0;
    LFMI_TRY(lfmi_enlarge(ids->context, &array, sizeof(int64_t), used, ids->room + ends, room + ends,
                     texts ? "the offsets of ids" : "ids"));
    if (texts) {
        ids->parts.offsets = ids->offsets = array;
        if (used == 0)
            ids->offsets[0] = 0;
    } else {
        ids->parts.numbers = ids->numbers = array;
    }
    ids->room = room;
    return LFM_OK;
}

int64_t lfmi_ids_slots(int64_t n)
{
    int64_t n_slots = FIRST_SLOTS;
    while (n > n_slots / 4 * 3) /* a quarter stays empty, so that searches stay short */
        n_slots *= 2;
    return n_slots;
}

void lfmi_ids_fill_table(const lfmi_ids_parts *parts, int64_t n_slots, int32_t *table, uint8_t *tags)
{
    const int64_t mask = n_slots - 1;
    memset(table, 0xFF, (size_t)n_slots * sizeof *table);
    if (tags != NULL)
        memset(tags, 0, (size_t)n_slots);
    uint64_t hashes[TOGETHER];
    for (int32_t first = 0; first < parts->n; first += TOGETHER) {
        const int32_t n = parts->n - first < TOGETHER ? parts->n - first : (int32_t)TOGETHER;
        for (int32_t i = 0; i < n; i++) {
            lfmi_key key;
            (void)lfmi_ids_key(parts, first + i, &key);
            hashes[i] = lfmi_ids_hash(parts, &key);
            lfmi_prefetch(&table[hashes[i] & mask]);
            if (tags != NULL)
                lfmi_prefetch(&tags[hashes[i] & mask]);
        }
        for (int32_t i = 0; i < n; i++) {
            int64_t at = (int64_t)(hashes[i] & (uint64_t)mask);
            while (table[at] >= 0)
                at = (at + 1) & mask;
            table[at] = first + i;
            if (tags != NULL)
                tags[at] = lfmi_ids_tag(hashes[i]);
        }
    }
}

static lfm_status make_table(lfm_ids *ids, int64_t n_slots)
{
    lfm_context *context = ids->context;
    int32_t *table;
    uint8_t *tags;
    LFMI_TRY(LFMI_NEW_ARRAY(context, n_slots, "the table of ids", &table));
    const lfm_status status = LFMI_NEW_ARRAY(context, n_slots, "the table of ids", &tags);
    if (status != LFM_OK) {
        LFMI_FREE_ARRAY(context, table, n_slots);
        return status;
    }
    lfmi_ids_fill_table(&ids->parts, n_slots, table, tags);
    if (ids->tags != NULL) {
        LFMI_FREE_ARRAY(context, ids->table, ids->parts.n_slots);
        LFMI_FREE_ARRAY(context, ids->tags, ids->parts.n_slots);
    }
    ids->parts.table = ids->table = table;
    ids->tags = tags;
    ids->parts.n_slots = n_slots;
    return LFM_OK;
}

/* A borrowed id is found by its own table. */
static lfm_status check_borrowed(const lfm_ids *ids)
{
    const lfmi_ids_parts *parts = &ids->parts;
    int64_t end = 0;
    for (int32_t i = 0; i < parts->n; i++) {
        lfmi_key key;
        const bool good = lfmi_ids_key(parts, i, &key) && (parts->kind == LFM_IDS_NUMBER || parts->offsets[i] == end);
        if (!good)
            return lfmi_fail(LFM_ERROR_DATA, "the ids of the file are corrupt: text %d is not where it should be", i);
        end += (int64_t)key.length + 1;
        key.hash = lfmi_ids_hash(parts, &key);
        if (lfmi_ids_search_borrowed(parts, &key) != i)
            return lfmi_fail(LFM_ERROR_DATA, "the ids of the file are corrupt: its table does not find id %d", i);
    }
    if (parts->kind == LFM_IDS_TEXT && (parts->offsets[0] != 0 || end != parts->n_bytes))
        return lfmi_fail(LFM_ERROR_DATA, "the ids of the file are corrupt: the texts end at byte %lld of %lld",
                         (long long)end, (long long)parts->n_bytes);
    return LFM_OK;
}

/* Make arrays of our own of the borrowed ones. */
static lfm_status copy_borrowed(lfm_ids *ids)
{
    LFMI_TRY(check_borrowed(ids));
    lfm_ids copy = {.context = ids->context, .parts = {.kind = ids->parts.kind}};
    const int32_t n = ids->parts.n;
    const bool texts = ids->parts.kind == LFM_IDS_TEXT;
    lfm_status status = reserve_entries(&copy, n);
    if (status == LFM_OK && texts)
        status = reserve_bytes(&copy, ids->parts.n_bytes);
    if (status == LFM_OK) {
        if (texts) {
            memcpy(copy.offsets, ids->parts.offsets, ((size_t)n + 1) * sizeof *copy.offsets);
            if (ids->parts.n_bytes > 0)
                memcpy(copy.bytes, ids->parts.bytes, (size_t)ids->parts.n_bytes);
            copy.parts.n_bytes = ids->parts.n_bytes;
        } else if (n > 0) {
            memcpy(copy.numbers, ids->parts.numbers, (size_t)n * sizeof *copy.numbers);
        }
        copy.parts.n = n;
        status = make_table(&copy, lfmi_ids_slots(n)); /* a file's may be larger than need be */
    }
    if (status != LFM_OK) {
        LFMI_FREE_ARRAY(copy.context, copy.bytes, copy.bytes_room);
        LFMI_FREE_ARRAY(copy.context, copy.offsets, copy.room + 1);
        LFMI_FREE_ARRAY(copy.context, copy.numbers, copy.room);
        return status;
    }
    ids->parts = copy.parts;
    ids->bytes = copy.bytes;
    ids->offsets = copy.offsets;
    ids->numbers = copy.numbers;
    ids->table = copy.table;
    ids->tags = copy.tags;
    ids->bytes_room = copy.bytes_room;
    ids->room = copy.room;
    const lfm_release_fn release = ids->release;
    ids->release = NULL;
    if (release != NULL)
        release(ids->release_user_data);
    return LFM_OK;
}

lfm_status lfmi_ids_reserve(lfm_ids *ids, int64_t n, int64_t n_bytes)
{
    if (ids->tags == NULL && ids->parts.table != NULL)
        LFMI_TRY(copy_borrowed(ids));
    const int64_t needed = ids->parts.n + n;
    LFMI_TRY(reserve_entries(ids, needed));
    if (ids->parts.kind == LFM_IDS_TEXT)
        LFMI_TRY(reserve_bytes(ids, n_bytes));
    const int64_t n_slots = lfmi_ids_slots(needed);
    return ids->tags != NULL && n_slots <= ids->parts.n_slots ? LFM_OK : make_table(ids, n_slots);
}

void lfmi_ids_truncate(lfm_ids *ids, int32_t n)
{
    const int64_t mask = ids->parts.n_slots - 1;
    /* Taking out the last one that was put in leaves the table as it was before. */
    while (ids->parts.n > n) {
        const int32_t last = ids->parts.n - 1;
        lfmi_key key;
        (void)lfmi_ids_key(&ids->parts, last, &key);
        int64_t at = (int64_t)(lfmi_ids_hash(&ids->parts, &key) & (uint64_t)mask);
        while (ids->table[at] != last)
            at = (at + 1) & mask;
        ids->table[at] = -1;
        ids->tags[at] = 0;
        ids->parts.n = last;
        if (ids->parts.kind == LFM_IDS_TEXT)
            ids->parts.n_bytes = ids->offsets[last];
    }
}

lfm_status lfmi_ids_borrow(lfm_context *context, const lfmi_ids_parts *parts, lfm_release_fn release, void *user_data,
                           lfm_ids **out)
{
    const bool texts = parts->kind == LFM_IDS_TEXT;
    const int64_t *entries = texts ? parts->offsets : parts->numbers;
    const uintptr_t misaligned = (uintptr_t)entries % sizeof(int64_t) | (uintptr_t)parts->table % sizeof(int32_t);
    lfm_status status = LFM_OK;
    if (parts->kind != LFM_IDS_TEXT && parts->kind != LFM_IDS_NUMBER)
        status = lfmi_fail(LFM_ERROR_DATA, "ids: there is no kind number %d", parts->kind);
    else if (parts->n < 0 || parts->n_slots <= 0 || parts->n > parts->n_slots / 4 * 3 || (parts->n_slots & (parts->n_slots - 1)) != 0 ||
             parts->n_bytes < 0 || parts->n_bytes > INT64_MAX / 4)
        status = lfmi_fail(LFM_ERROR_DATA, "ids: %d of %lld bytes in a table of %lld slots cannot be", parts->n,
                           (long long)parts->n_bytes, (long long)parts->n_slots);
    else if (parts->table == NULL || (entries == NULL && (texts || parts->n > 0)) ||
             (texts && parts->bytes == NULL && parts->n_bytes > 0) || misaligned != 0)
        status = lfmi_fail(LFM_ERROR_DATA, "ids: an array is missing or not aligned");
    lfm_context *held = lfmi_context_hold(context);
    lfm_ids *ids = NULL;
    if (status == LFM_OK)
        status = LFMI_NEW_ZEROED(held, 1, "ids", &ids);
    if (status != LFM_OK) {
        lfm_context_free(held);
        if (release != NULL)
            release(user_data);
        return status;
    }
    lfmi_ref_init(&ids->references);
    ids->context = held;
    ids->parts = *parts;
    ids->release = release;
    ids->release_user_data = user_data;
    *out = ids;
    return LFM_OK;
}
