/* Ids: indices in order of first appearance, both kinds, all forms of names, growth, what goes wrong. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "check.h"
#include "counting.h"
#include "tap.h"

static lfm_ids *make(lfm_context *context, int32_t kind)
{
    lfm_ids *ids = NULL;
    REQUIRE_OK(lfm_ids_create(context, kind, &ids));
    return ids;
}

static int32_t add(lfm_ids *ids, const char *text, size_t length)
{
    int32_t index = -7;
    CHECK_OK(lfm_ids_add(ids, text, length, &index));
    return index;
}

static bool is_text(const lfm_ids *ids, int32_t index, const char *text, size_t wanted)
{
    size_t length = 77;
    const char *got = lfm_ids_text(ids, index, &length);
    return length == wanted && memcmp(got, text, wanted) == 0 && got[length] == '\0';
}

static void test_texts(void)
{
    lfm_ids *ids = make(NULL, LFM_IDS_TEXT);
    CHECK_INTEGER(lfm_ids_kind(ids), LFM_IDS_TEXT);
    CHECK_INTEGER(lfm_ids_count(ids), 0);
    CHECK_INTEGER(lfm_ids_find(ids, "a", 1), -1);
    CHECK_INTEGER(lfm_ids_find(ids, NULL, 0), -1);
    CHECK_INTEGER(add(ids, "b", 1), 0);
    CHECK_INTEGER(add(ids, "a", 1), 1);
    CHECK_INTEGER(add(ids, "b", 1), 0);
    CHECK_INTEGER(add(ids, "", 0), 2);
    CHECK_INTEGER(add(ids, NULL, 0), 2);
    CHECK_INTEGER(add(ids, "\0", 1), 3);
    CHECK_INTEGER(add(ids, "a\0b", 3), 4);
    CHECK_INTEGER(add(ids, "a\0c", 3), 5);
    CHECK_INTEGER(add(ids, "a\0b", 3), 4);
    CHECK_INTEGER(add(ids, "b\0", 2), 6);
    CHECK_INTEGER(add(ids, "\xC3\xA4\xFF", 3), 7);
    CHECK_INTEGER(lfm_ids_count(ids), 8);
    CHECK(is_text(ids, 0, "b", 1) && is_text(ids, 2, "", 0) && is_text(ids, 3, "\0", 1) &&
          is_text(ids, 4, "a\0b", 3) && is_text(ids, 6, "b\0", 2) && is_text(ids, 7, "\xC3\xA4\xFF", 3));
    CHECK_INTEGER(lfm_ids_find(ids, "a\0c", 3), 5);
    CHECK_INTEGER(lfm_ids_find(ids, "a\0d", 3), -1);
    CHECK_INTEGER(lfm_ids_find(ids, NULL, 0), 2);
    /* Out of range and of the other kind. */
    CHECK(is_text(ids, -1, "", 0) && is_text(ids, 8, "", 0) && is_text(NULL, 0, "", 0));
    CHECK(lfm_ids_text(ids, 0, NULL)[0] == 'b');
    CHECK(lfm_ids_number(ids, 0) == 0 && lfm_ids_find_number(ids, 0) == -1);
    CHECK(lfm_ids_count(NULL) == 0 && lfm_ids_find(NULL, "a", 1) == -1 && lfm_ids_find_number(NULL, 1) == -1);
    lfm_ids *again = lfm_ids_ref(ids);
    lfm_ids_free(ids);
    CHECK_INTEGER(lfm_ids_find(again, "a", 1), 1);
    lfm_ids_free(again);
    lfm_ids_free(NULL);
    CHECK(lfm_ids_ref(NULL) == NULL);
}

static void test_numbers(void)
{
    static const int64_t numbers[] = {5, -1, 0, INT64_MAX, INT64_MIN, 5, 0, INT64_C(1) << 32};
    static const int32_t wanted[] = {0, 1, 2, 3, 4, 0, 2, 5};
    lfm_ids *ids = make(NULL, LFM_IDS_NUMBER);
    CHECK_INTEGER(lfm_ids_kind(ids), LFM_IDS_NUMBER);
    for (int i = 0; i < 8; i++) {
        int32_t index = -7;
        CHECK_OK(lfm_ids_add_number(ids, numbers[i], &index));
        CHECK_INTEGER(index, wanted[i]);
        CHECK(lfm_ids_number(ids, index) == numbers[i]);
        CHECK_INTEGER(lfm_ids_find_number(ids, numbers[i]), wanted[i]);
    }
    CHECK_INTEGER(lfm_ids_count(ids), 6);
    CHECK_INTEGER(lfm_ids_find_number(ids, 6), -1);
    CHECK(lfm_ids_number(ids, 6) == 0 && lfm_ids_number(ids, -1) == 0 && is_text(ids, 0, "", 0));
    CHECK_INTEGER(lfm_ids_find(ids, "5", 1), -1);
    int32_t found[8];
    CHECK_OK(lfm_ids_find_all(ids, 8, lfm_numbers(numbers), found));
    CHECK(memcmp(found, wanted, sizeof found) == 0);
    lfm_ids_free(ids);
}

/* The forms give the same indices, and the same as one by one. */
static void test_forms(void)
{
    static const char *const strings[] = {"x", "", "yy", "x", "zzz", "", "w"};
    static const int64_t offsets[] = {2, 3, 3, 5, 6, 9, 9, 10};
    static const int32_t wanted[] = {0, 1, 2, 0, 3, 1, 4};
    int32_t indices[7], found[7];
    lfm_ids *ids = make(NULL, LFM_IDS_TEXT);
    CHECK_OK(lfm_ids_add_all(ids, 7, lfm_strings(strings), indices));
    CHECK(memcmp(indices, wanted, sizeof wanted) == 0);
    CHECK_OK(lfm_ids_find_all(ids, 7, lfm_texts("..xyyxzzzw", offsets), found));
    CHECK(memcmp(found, wanted, sizeof wanted) == 0);
    lfm_ids *other = make(NULL, LFM_IDS_TEXT);
    CHECK_OK(lfm_ids_add_all(other, 7, lfm_texts("..xyyxzzzw", offsets), NULL));
    CHECK_OK(lfm_ids_find_all(other, 7, lfm_strings(strings), found));
    CHECK(memcmp(found, wanted, sizeof wanted) == 0);
    CHECK_OK(lfm_ids_add_all(other, 0, lfm_texts(NULL, NULL), NULL));
    CHECK_OK(lfm_ids_add_all(other, 0, lfm_names_of(NULL, NULL, LFM_NAMES_NONE), NULL));
    CHECK_OK(lfm_ids_find_all(other, 0, lfm_strings(NULL), NULL));
    static const int64_t nothing[] = {0, 0, 0};
    CHECK_OK(lfm_ids_find_all(other, 2, lfm_texts(NULL, nothing), found));
    CHECK(found[0] == 1 && found[1] == 1);
    CHECK_INTEGER(lfm_ids_count(other), 5);
    lfm_ids_free(ids);
    lfm_ids_free(other);
}

static void test_bad(void)
{
    static const char *const strings[] = {"a", "b", NULL};
    static const int64_t down[] = {0, 2, 1, 3}, below[] = {-1, 0, 1};
    static const int64_t numbers[] = {1, 2, 3};
    int32_t indices[3] = {-7, -7, -7};
    lfm_ids *ids = NULL, *numbered = make(NULL, LFM_IDS_NUMBER);
    CHECK_FAILS(lfm_ids_create(NULL, 2, &ids), LFM_ERROR_ARGUMENT, "kind number 2");
    CHECK_FAILS(lfm_ids_create(NULL, LFM_IDS_TEXT, NULL), LFM_ERROR_ARGUMENT, "out");
    ids = make(NULL, LFM_IDS_TEXT);
    CHECK_FAILS(lfm_ids_add(NULL, "a", 1, indices), LFM_ERROR_ARGUMENT, "ids");
    CHECK_FAILS(lfm_ids_add(ids, NULL, 1, indices), LFM_ERROR_ARGUMENT, "text");
    CHECK_FAILS(lfm_ids_add(ids, "a", SIZE_MAX, indices), LFM_ERROR_ARGUMENT, "length");
    CHECK_FAILS(lfm_ids_add_number(ids, 1, indices), LFM_ERROR_ARGUMENT, "numbers");
    CHECK_FAILS(lfm_ids_add(numbered, "a", 1, indices), LFM_ERROR_ARGUMENT, "texts");
    CHECK_FAILS(lfm_ids_add_all(NULL, 1, lfm_strings(strings), indices), LFM_ERROR_ARGUMENT, "ids");
    CHECK_FAILS(lfm_ids_add_all(ids, -1, lfm_strings(strings), indices), LFM_ERROR_ARGUMENT, "-1");
    CHECK_FAILS(lfm_ids_add_all(ids, 3, lfm_strings(strings), indices), LFM_ERROR_DATA, "entry 2 of names is NULL");
    CHECK_FAILS(lfm_ids_add_all(ids, 3, lfm_texts("abc", down), indices), LFM_ERROR_DATA, "entry 1 of names ends");
    CHECK_FAILS(lfm_ids_add_all(ids, 2, lfm_texts("abc", below), indices), LFM_ERROR_DATA, "first offset");
    CHECK_FAILS(lfm_ids_add_all(ids, 2, lfm_texts(NULL, down), indices), LFM_ERROR_DATA, "entry 1");
    CHECK_FAILS(lfm_ids_add_all(ids, 1, lfm_texts(NULL, down), indices), LFM_ERROR_ARGUMENT, "bytes");
    CHECK_FAILS(lfm_ids_add_all(ids, 1, lfm_texts("a", NULL), indices), LFM_ERROR_ARGUMENT, "NULL");
    CHECK_FAILS(lfm_ids_add_all(ids, 3, lfm_numbers(numbers), indices), LFM_ERROR_ARGUMENT, "numbers");
    CHECK_FAILS(lfm_ids_add_all(numbered, 2, lfm_strings(strings), indices), LFM_ERROR_ARGUMENT, "texts");
    CHECK_FAILS(lfm_ids_add_all(ids, 1, lfm_names_of(numbers, NULL, 9), indices), LFM_ERROR_ARGUMENT, "form number 9");
    CHECK_FAILS(lfm_ids_add_all(ids, 1, lfm_names_of(numbers, NULL, 1000), indices), LFM_ERROR_ARGUMENT, "form");
    CHECK_FAILS(lfm_ids_find_all(ids, 2, lfm_strings(strings), NULL), LFM_ERROR_ARGUMENT, "indices");
    CHECK_FAILS(lfm_ids_find_all(ids, 3, lfm_strings(strings), indices), LFM_ERROR_DATA, "entry 2");
    CHECK_FAILS(lfm_ids_find_all(NULL, 3, lfm_strings(strings), indices), LFM_ERROR_ARGUMENT, "ids");
    CHECK(lfm_ids_count(ids) == 0 && lfm_ids_count(numbered) == 0);
    CHECK(indices[0] == -7 && indices[1] == -7 && indices[2] == -7);
    lfm_ids_free(ids);
    lfm_ids_free(numbered);
}

/* Names "0", "37", …: a permutation of 0 .. n - 1, so that the i-th name is new. */
static int64_t name_of(int64_t i, int64_t n) { return i * 37 % n; }

/* 2^20 ids, grown in bulk with everything twice, read back; the other map gets them one by one. */
static void test_many(void)
{
    enum { N = 1 << 20, TEXT = 12 };
    char *bytes = take(2 * N, TEXT);
    int64_t *offsets = take(2 * N + 1, sizeof *offsets), *numbers = take(2 * N, sizeof *numbers);
    int32_t *indices = take(2 * N, sizeof *indices);
    offsets[0] = 0;
    for (int64_t i = 0; i < 2 * N; i++) {
        numbers[i] = name_of(i / 2, N);
        offsets[i + 1] = offsets[i] + sprintf(bytes + offsets[i], "u%lld", (long long)numbers[i]);
    }
    for (int kind = 0; kind < 2; kind++) {
        lfm_ids *all = make(NULL, kind), *single = make(NULL, kind);
        const lfm_names names = kind == LFM_IDS_TEXT ? lfm_texts(bytes, offsets) : lfm_numbers(numbers);
        REQUIRE_OK(lfm_ids_add_all(all, 2 * N, names, indices));
        CHECK_INTEGER(lfm_ids_count(all), N);
        int64_t wrong = 0;
        for (int64_t i = 0; i < 2 * N; i++) {
            int32_t index = -7;
            const char *text = bytes + offsets[i];
            const size_t length = (size_t)(offsets[i + 1] - offsets[i]);
            if (kind == LFM_IDS_TEXT)
                wrong += lfm_ids_add(single, text, length, &index) != LFM_OK || !is_text(all, index, text, length);
            else
                wrong += lfm_ids_add_number(single, numbers[i], &index) != LFM_OK ||
                         lfm_ids_number(all, index) != numbers[i];
            wrong += index != i / 2 || indices[i] != index;
        }
        CHECK_INTEGER(wrong, 0);
        memset(indices, 0, N * sizeof *indices);
        CHECK_OK(lfm_ids_find_all(all, 2 * N, names, indices));
        for (int64_t i = 0; i < 2 * N; i++)
            wrong += indices[i] != i / 2;
        CHECK_INTEGER(wrong, 0);
        CHECK_INTEGER(kind == LFM_IDS_TEXT ? lfm_ids_find(all, "u1048576", 8) : lfm_ids_find_number(all, N), -1);
        lfm_ids_free(all);
        lfm_ids_free(single);
    }
    free(bytes);
    free(offsets);
    free(numbers);
    free(indices);
}

/* Random texts of few letters, many alike, against a search through a list. */
static void test_letters(void)
{
    enum { N = 3000, LONGEST = 40 };
    test_random random = {11};
    static char texts[N][LONGEST];
    static size_t lengths[N];
    static int32_t firsts[N];
    int32_t n_distinct = 0, known[N];
    lfm_ids *ids = make(NULL, LFM_IDS_TEXT);
    for (int i = 0; i < N; i++) {
        lengths[i] = (size_t)random_below(&random, random_below(&random, LONGEST) + 1);
        for (size_t c = 0; c < lengths[i]; c++)
            texts[i][c] = (char)(random_below(&random, 8) == 0 ? random_below(&random, 3) : 'a');
        firsts[i] = -1;
        for (int32_t k = 0; k < n_distinct && firsts[i] < 0; k++) {
            const int32_t j = known[k];
            if (lengths[j] == lengths[i] && memcmp(texts[j], texts[i], lengths[i]) == 0)
                firsts[i] = k;
        }
        CHECK(lfm_ids_find(ids, texts[i], lengths[i]) == firsts[i]);
        if (firsts[i] < 0) {
            known[n_distinct] = i;
            firsts[i] = n_distinct++;
        }
        CHECK_INTEGER(add(ids, texts[i], lengths[i]), firsts[i]);
    }
    CHECK_INTEGER(lfm_ids_count(ids), n_distinct);
    CHECK(n_distinct > 200 && n_distinct < N);
    lfm_ids_free(ids);
}

/* When memory runs out in the middle, nothing has been added and no index given. */
static void test_no_memory(void)
{
    enum { N = 5000, BEFORE = 700 };
    int64_t numbers[N];
    static char bytes[N * 4 + 8];
    static int64_t offsets[N + 1];
    int32_t *indices = take(N, sizeof *indices);
    for (int i = 0; i < N; i++) {
        numbers[i] = 3 * i;
        offsets[i + 1] = offsets[i] + sprintf(bytes + offsets[i], "%d", i % 1000 + (i < 4000 ? 0 : 1000) );
    }
    for (int kind = 0; kind < 2; kind++) {
        const lfm_names names = kind == LFM_IDS_TEXT ? lfm_texts(bytes, offsets) : lfm_numbers(numbers);
        bool succeeded = false;
        for (long long at = 1; !succeeded && at < 100; at++) {
            counting counts = {0};
            lfm_context *context = counting_context(&counts, NULL, NULL);
            lfm_ids *ids = make(context, kind);
            REQUIRE_OK(lfm_ids_add_all(ids, BEFORE, names, NULL));
            const int32_t before = lfm_ids_count(ids);
            counts.fail_at = counts.calls + at;
            for (int i = 0; i < N; i++)
                indices[i] = -7;
            const lfm_status status = lfm_ids_add_all(ids, N, names, indices);
            succeeded = status == LFM_OK;
            if (!succeeded) {
                CHECK_INTEGER(status, LFM_ERROR_MEMORY);
                CHECK_INTEGER(lfm_ids_count(ids), before);
                CHECK(indices[0] == -7 && indices[N - 1] == -7);
                counts.fail_at = 0;
                CHECK_OK(lfm_ids_find_all(ids, N, names, indices));
                for (int i = 0; i < N; i++)
                    CHECK(indices[i] < before && (i >= BEFORE || indices[i] >= 0));
                CHECK_OK(lfm_ids_add_all(ids, N, names, indices)); /* it goes on as if nothing had been */
            }
            int32_t *fresh = take(N, sizeof *fresh);
            lfm_ids *untroubled = make(NULL, kind);
            CHECK_OK(lfm_ids_add_all(untroubled, N, names, fresh));
            CHECK(memcmp(fresh, indices, N * sizeof *fresh) == 0);
            free(fresh);
            lfm_ids_free(untroubled);
            lfm_ids_free(ids);
            lfm_context_free(context);
            CHECK(counts.live == 0 && counts.errors == 0);
            CHECK(succeeded || at > 0);
        }
        CHECK(succeeded);
    }
    free(indices);
}

/* Millions of ids at little more than their bytes, as the host's allocator sees it. */
static void test_memory(void)
{
    enum { N = 500000, TEXT = 16 };
    char *bytes = take(N, TEXT);
    int64_t *offsets = take(N + 1, sizeof *offsets);
    offsets[0] = 0;
    for (int64_t i = 0; i < N; i++)
        offsets[i + 1] = offsets[i] + sprintf(bytes + offsets[i], "user%06lld", (long long)i);
    counting counts = {0};
    lfm_context *context = counting_context(&counts, NULL, NULL);
    lfm_ids *ids = make(context, LFM_IDS_TEXT);
    REQUIRE_OK(lfm_ids_add_all(ids, N, lfm_texts(bytes, offsets), NULL));
    const double each = (double)counts.live_bytes / N;
    tap_note("%.1f bytes an id of 10 bytes", each);
    CHECK(each <= 1.5 * (10 + 9) + 14);
    lfm_ids_free(ids);
    lfm_context_free(context);
    CHECK(counts.live == 0);
    free(bytes);
    free(offsets);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"texts of any bytes", test_texts},
        {"numbers", test_numbers},
        {"strings, texts in a block", test_forms},
        {"bad arguments change nothing", test_bad},
        {"a million, all at once and one by one", test_many},
        {"random texts against a list", test_letters},
        {"no memory in the middle", test_no_memory},
        {"memory", test_memory},
    };
    return TAP_MAIN("ids", tests, argc, argv);
}
