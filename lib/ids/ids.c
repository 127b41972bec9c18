/* Ids: life, access, single searches, how they are shown in messages. */
#include "ids/ids.h"

#include <stdio.h>

void lfmi_ids_parts_of(const lfm_ids *ids, lfmi_ids_parts *out) { *out = ids->parts; }

lfm_status lfm_ids_create(lfm_context *context, int32_t kind, lfm_ids **out)
{
    lfmi_clear_message();
    LFMI_REQUIRE(out);
    if (kind != LFM_IDS_TEXT && kind != LFM_IDS_NUMBER)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "lfm_ids_create: there is no kind number %d", kind);
    lfm_context *held = lfmi_context_hold(context);
    lfm_ids *ids;
    lfm_status status = LFMI_NEW_ZEROED(held, 1, "ids", &ids);
    if (status != LFM_OK) {
        lfm_context_free(held);
        return status;
    }
    lfmi_ref_init(&ids->references);
    ids->context = held;
    ids->parts.kind = kind;
    status = lfmi_ids_reserve(ids, 0, 0);
    if (status == LFM_OK)
        *out = ids;
    else
        lfm_ids_free(ids);
    return status;
}

lfm_ids *lfm_ids_ref(lfm_ids *ids)
{
    if (ids != NULL)
        lfmi_ref_add(&ids->references);
    return ids;
}

void lfm_ids_free(lfm_ids *ids)
{
    if (ids == NULL || !lfmi_ref_drop(&ids->references))
        return;
    lfm_context *context = ids->context;
    LFMI_FREE_ARRAY(context, ids->bytes, ids->bytes_room);
    LFMI_FREE_ARRAY(context, ids->offsets, ids->room + 1);
    LFMI_FREE_ARRAY(context, ids->numbers, ids->room);
    if (ids->tags != NULL) {
        LFMI_FREE_ARRAY(context, ids->table, ids->parts.n_slots);
        LFMI_FREE_ARRAY(context, ids->tags, ids->parts.n_slots);
    }
    if (ids->release != NULL)
        ids->release(ids->release_user_data);
    LFMI_FREE_ARRAY(context, ids, 1);
    lfm_context_free(context);
}

int32_t lfm_ids_count(const lfm_ids *ids) { return ids != NULL ? ids->parts.n : 0; }
int32_t lfm_ids_kind(const lfm_ids *ids) { return ids != NULL ? ids->parts.kind : (int32_t)LFM_IDS_TEXT; }

bool lfmi_ids_key(const lfmi_ids_parts *parts, int32_t index, lfmi_key *key)
{
    *key = (lfmi_key){0};
    if (parts->kind == LFM_IDS_NUMBER) {
        key->number = parts->numbers[index];
        return true;
    }
    const int64_t begin = parts->offsets[index], end = parts->offsets[index + 1];
    if (begin < 0 || end <= begin || end > parts->n_bytes || ((const char *)parts->bytes)[end - 1] != '\0')
        return false;
    key->text = (const char *)parts->bytes + begin;
    key->length = (size_t)(end - begin - 1);
    return true;
}

const char *lfm_ids_text(const lfm_ids *ids, int32_t index, size_t *length)
{
    lfmi_key key = {.text = NULL};
    const bool found = ids != NULL && ids->parts.kind == LFM_IDS_TEXT && index >= 0 && index < ids->parts.n &&
                       lfmi_ids_key(&ids->parts, index, &key);
    if (length != NULL)
        *length = found ? key.length : 0;
    return found ? key.text : "";
}

int64_t lfm_ids_number(const lfm_ids *ids, int32_t index)
{
    if (ids == NULL || ids->parts.kind != LFM_IDS_NUMBER || index < 0 || index >= ids->parts.n)
        return 0;
    return ids->parts.numbers[index];
}

int32_t lfm_ids_find(const lfm_ids *ids, const char *text, size_t length)
{
    if (ids == NULL || ids->parts.kind != LFM_IDS_TEXT || (text == NULL && length > 0) || length > INT64_MAX)
        return -1;
    const int64_t offsets[2] = {0, (int64_t)length};
    const lfm_names names = lfm_texts(text != NULL ? text : "", offsets);
    int32_t index;
    lfmi_ids_find_names(ids, 1, &names, &index);
    return index;
}

int32_t lfm_ids_find_number(const lfm_ids *ids, int64_t number)
{
    if (ids == NULL || ids->parts.kind != LFM_IDS_NUMBER)
        return -1;
    const lfm_names names = lfm_numbers(&number);
    int32_t index;
    lfmi_ids_find_names(ids, 1, &names, &index);
    return index;
}

/* ---- Names ---- */

lfm_status lfmi_names_check(const lfm_names *names, int64_t n, int32_t kind, const char *call, const char *what)
{
    if (n < 0)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "%s: there are %lld %s, must be 0 or more", call, (long long)n, what);
    if (n == 0)
        return LFM_OK;
    const bool texts = names->form == LFM_NAMES_TEXTS;
    if (names->form == LFM_NAMES_NONE || (texts ? names->offsets == NULL : names->data == NULL))
        return lfmi_fail(LFM_ERROR_ARGUMENT, "%s: %s must not be NULL", call, what);
    if (names->form < LFM_NAMES_STRINGS || names->form > LFM_NAMES_NUMBERS)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "%s: %s have the form number %d, which there is not", call, what,
                         names->form);
    if ((names->form == LFM_NAMES_NUMBERS) != (kind == LFM_IDS_NUMBER))
        return lfmi_fail(LFM_ERROR_ARGUMENT, "%s: %s are %s, but the ids are %s", call, what,
                         names->form == LFM_NAMES_NUMBERS ? "numbers" : "texts",
                         kind == LFM_IDS_NUMBER ? "numbers" : "texts");
    if (texts && names->offsets[0] < 0)
        return lfmi_fail(LFM_ERROR_DATA, "%s: the first offset of %s is %lld, must be 0 or more", call, what,
                         (long long)names->offsets[0]);
    for (int64_t i = 0; texts && i < n; i++) {
        if (names->offsets[i + 1] < names->offsets[i])
            return lfmi_fail(LFM_ERROR_DATA, "%s: entry %lld of %s ends at offset %lld, before its begin at %lld", call,
                             (long long)i, what, (long long)names->offsets[i + 1], (long long)names->offsets[i]);
    }
    if (texts && names->data == NULL && names->offsets[n] > names->offsets[0])
        return lfmi_fail(LFM_ERROR_ARGUMENT, "%s: the bytes of %s must not be NULL", call, what);
    for (int64_t i = 0; names->form == LFM_NAMES_STRINGS && i < n; i++) {
        if (((const char *const *)names->data)[i] == NULL)
            return lfmi_fail(LFM_ERROR_DATA, "%s: entry %lld of %s is NULL", call, (long long)i, what);
    }
    return LFM_OK;
}

static const char *show(const lfmi_key *key, bool number, char out[LFMI_SHOWN])
{
    static const char dots[] = "...'";
    const size_t room = LFMI_SHOWN - sizeof dots - 1;
    if (number) {
        snprintf(out, LFMI_SHOWN, "%lld", (long long)key->number);
        return out;
    }
    size_t n = key->length;
    if (n > room) {
        n = room;
        while (n > 0 && ((unsigned char)key->text[n] & 0xC0) == 0x80) /* not within a character of UTF-8 */
            n--;
    }
    out[0] = '\'';
    for (size_t i = 0; i < n; i++) {
        const unsigned char c = (unsigned char)key->text[i];
        out[1 + i] = c < 0x20 || c == 0x7F ? '?' : key->text[i];
    }
    memcpy(out + 1 + n, n < key->length ? dots : dots + 3, n < key->length ? sizeof dots : sizeof dots - 3);
    return out;
}

const char *lfmi_names_show(const lfm_names *names, int64_t i, char out[LFMI_SHOWN])
{
    lfmi_key key;
    lfmi_names_key(names, i, &key);
    return show(&key, names->form == LFM_NAMES_NUMBERS, out);
}

const char *lfmi_ids_show(const lfm_ids *ids, int32_t index, char out[LFMI_SHOWN])
{
    lfmi_key key;
    if (!lfmi_ids_key(&ids->parts, index, &key))
        key = (lfmi_key){0};
    return show(&key, ids->parts.kind == LFM_IDS_NUMBER, out);
}
