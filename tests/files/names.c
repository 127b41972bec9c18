/* Names for the tests of model files: made, compared, asked for. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "world.h"

static void add_text(lfm_ids *ids, const char *text, size_t length) { REQUIRE_OK(lfm_ids_add(ids, text, length, NULL)); }

lfm_ids *names_make(int32_t kind, int32_t n)
{
    lfm_ids *ids = NULL;
    REQUIRE_OK(lfm_ids_create(NULL, kind, &ids));
    for (int32_t i = 0; i < n; i++) {
        char text[400];
        int length = snprintf(text, sizeof text, "name %" PRId32, i);
        if (kind == LFM_IDS_NUMBER) {
            const int64_t odd[] = {INT64_MIN, 0, INT64_MAX, -1};
            REQUIRE_OK(lfm_ids_add_number(ids, i < 4 ? odd[i] : i * INT64_C(1000003), NULL));
            continue;
        }
        switch (i) {
        case 1: length = 0; break;
        case 2: length = snprintf(text, sizeof text, "%*d", 300, i); break;
        case 3: text[2] = '\0'; break;
        case 4: text[0] = '\xFF'; break;
        case 5: length = snprintf(text, sizeof text, "caf\xC3\xA9"); break;
        default: break;
        }
        add_text(ids, text, (size_t)length);
    }
    CHECK_INTEGER(lfm_ids_count(ids), n);
    return ids;
}

bool names_equal(const lfm_ids *a, const lfm_ids *b)
{
    bool same = lfm_ids_kind(a) == lfm_ids_kind(b) && lfm_ids_count(a) == lfm_ids_count(b);
    for (int32_t i = 0; same && i < lfm_ids_count(a); i++) {
        size_t length = 0, other = 0;
        const char *text = lfm_ids_text(a, i, &length), *twin = lfm_ids_text(b, i, &other);
        if (lfm_ids_kind(a) == LFM_IDS_TEXT)
            same = length == other && memcmp(text, twin, length + 1) == 0 && lfm_ids_find(a, twin, length) == i &&
                   lfm_ids_find(b, text, length) == i;
        else
            same = lfm_ids_number(a, i) == lfm_ids_number(b, i) && lfm_ids_find_number(a, lfm_ids_number(b, i)) == i &&
                   lfm_ids_find_number(b, lfm_ids_number(a, i)) == i;
    }
    return same;
}

uint64_t names_answers(const lfm_ids *ids, bool trusted)
{
    uint64_t hash = HASH_START;
    if (ids == NULL)
        return hash;
    const int32_t n = lfm_ids_count(ids), kind = lfm_ids_kind(ids);
    for (int32_t i = -1; i <= n; i++) {
        size_t length = 0;
        const char *text = lfm_ids_text(ids, i, &length);
        const int64_t number = lfm_ids_number(ids, i);
        int32_t found = -1, together = -1;
        const int64_t ends[2] = {0, (int64_t)length};
        CHECK(text[length] == '\0');
        if (kind == LFM_IDS_TEXT) {
            found = lfm_ids_find(ids, text, length);
            CHECK_OK(lfm_ids_find_all(ids, 1, lfm_texts(text, ends), &together));
        } else {
            found = lfm_ids_find_number(ids, number);
            CHECK_OK(lfm_ids_find_all(ids, 1, lfm_numbers(&number), &together));
        }
        CHECK(found >= -1 && found < n && together == found);
        if (trusted && i >= 0 && i < n)
            CHECK_INTEGER(found, i);
        hash = hash_bytes(hash, text, length);
        hash = hash_bytes(hash, &number, sizeof number);
        hash = hash_bytes(hash, &found, sizeof found);
    }
    const int32_t unknown = kind == LFM_IDS_TEXT ? lfm_ids_find(ids, "nobody", 6) : lfm_ids_find_number(ids, 77);
    CHECK(trusted ? unknown == -1 : unknown >= -1 && unknown < n);
    return hash;
}

uint64_t file_names_answers(lfm_file *file, bool trusted)
{
    uint64_t hash = HASH_START;
    for (int32_t space = 0; space < 4; space++) {
        lfm_ids *ids = NULL;
        const lfm_status status = lfm_file_ids(file, space, &ids);
        CHECK(status == LFM_OK || (!trusted && ids == NULL));
        const int32_t start = lfm_file_ids_start(file, space);
        const uint64_t answers = names_answers(ids, trusted);
        hash = hash_bytes(hash, &start, sizeof start);
        hash = hash_bytes(hash, &answers, sizeof answers);
        const int32_t n = lfm_ids_count(ids);
        int32_t at = -1;
        /* The first add looks through them: damaged ones are told of and stay as they are. */
        const lfm_status added = ids == NULL                              ? LFM_OK
                                 : lfm_ids_kind(ids) == LFM_IDS_TEXT ? lfm_ids_add(ids, "somebody", 8, &at)
                                                                      : lfm_ids_add_number(ids, 78, &at);
        CHECK(added == LFM_OK || (!trusted && added == LFM_ERROR_DATA));
        if (added == LFM_OK && ids != NULL)
            (void)names_answers(ids, true); /* what passed the check is sound */
        else
            CHECK_INTEGER(lfm_ids_count(ids), n);
        CHECK(!trusted || ids == NULL || at == n);
        lfm_ids_free(ids);
    }
    return hash;
}
