/* The hash of ids, and ids in arrays that nobody vouches for: as good as our own when they are right, harmless when
 * they are not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "check.h"
#include "counting.h"
#include "ids/hash.h"
#include "ids/ids.h"
#include "tap.h"

/* The figures of CPython 3.11, hash(bytes) with PYTHONHASHSEED=0, and of the reference implementation. */
static void test_hash(void)
{
    static const struct {
        const char *text;
        size_t length;
        uint64_t hash;
    } known[] = {
        {"", 0, UINT64_C(0xD1FBA762150C532C)},
        {"\0", 1, UINT64_C(0x68A914128E01E473)},
        {"a", 1, UINT64_C(0x407448D2B89B1813)},
        {"abc", 3, UINT64_C(0xC03BC3A0042630F2)},
        {"a\0b", 3, UINT64_C(0xDC6E953A4A09CB85)},
        {"user 17", 7, UINT64_C(0x6723B865B934C911)},
        {"12345678", 8, UINT64_C(0x3489982430560A87)},
        {"a rather longer id, of 3 words", 30, UINT64_C(0x04799A2F0A05B69C)},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        CHECK(lfmi_ids_hash_text(known[i].text, known[i].length) == known[i].hash);
    CHECK(lfmi_ids_hash_text(NULL, 0) == known[0].hash);
    CHECK(lfmi_ids_hash_number(42) == UINT64_C(0x7B3E724B36EBDF51));
    CHECK(lfmi_ids_hash_number(-1) == UINT64_C(0x2F205BE2FEC8E38D));
}

enum { N = 300 };

/* Ids of a kind; text i is i letters and a number, the first one empty. */
static lfm_ids *make(int32_t kind)
{
    lfm_ids *ids = NULL;
    REQUIRE_OK(lfm_ids_create(NULL, kind, &ids));
    for (int i = 0; i < N; i++) {
        char text[64] = "";
        const int n = i == 0 ? 0 : sprintf(text, "%.*s%d", i % 20, "abcdefghijklmnopqrstuvwxyz", i);
        if (kind == LFM_IDS_TEXT)
            REQUIRE_OK(lfm_ids_add(ids, text, (size_t)n, NULL));
        else
            REQUIRE_OK(lfm_ids_add_number(ids, (int64_t)i * i - 50, NULL));
    }
    CHECK_INTEGER(lfm_ids_count(ids), N);
    return ids;
}

/* Arrays in blocks of their exact size, so that a sanitizer sees each byte beyond. */
typedef struct arrays {
    lfmi_ids_parts parts;
    void *blocks[4];
    size_t sizes[4];
} arrays;

static void *copy_of(const void *from, size_t size)
{
    void *to = malloc(size > 0 ? size : 1);
    REQUIRE(to != NULL);
    if (size > 0)
        memcpy(to, from, size);
    return to;
}

static arrays arrays_of(const lfm_ids *ids)
{
    arrays a;
    lfmi_ids_parts_of(ids, &a.parts);
    const bool texts = a.parts.kind == LFM_IDS_TEXT;
    const size_t n = (size_t)a.parts.n;
    const void *from[] = {a.parts.table, texts ? (const void *)a.parts.offsets : a.parts.numbers, a.parts.bytes};
    a.sizes[0] = (size_t)a.parts.n_slots * sizeof(int32_t);
    a.sizes[1] = (n + texts) * sizeof(int64_t);
    a.sizes[2] = (size_t)a.parts.n_bytes;
    for (int i = 0; i < 3; i++)
        a.blocks[i] = copy_of(from[i], a.sizes[i]);
    a.parts.table = a.blocks[0];
    if (texts)
        a.parts.offsets = a.blocks[1];
    else
        a.parts.numbers = a.blocks[1];
    a.parts.bytes = texts ? a.blocks[2] : NULL;
    return a;
}

static void arrays_free(arrays *a)
{
    for (int i = 0; i < 3; i++)
        free(a->blocks[i]);
}

static void count(void *user_data) { ++*(int *)user_data; }

static lfm_ids *borrow(const arrays *a, int *released)
{
    lfm_ids *ids = NULL;
    REQUIRE_OK(lfmi_ids_borrow(NULL, &a->parts, count, released, &ids));
    CHECK_INTEGER(*released, 0);
    return ids;
}

/* The same ids at the same indices, in every way of asking. */
static bool are_equal(const lfm_ids *a, const lfm_ids *b)
{
    bool equal = lfm_ids_count(a) == lfm_ids_count(b) && lfm_ids_kind(a) == lfm_ids_kind(b);
    for (int32_t i = 0; equal && i < lfm_ids_count(a); i++) {
        size_t length, other;
        const char *text = lfm_ids_text(a, i, &length);
        const int64_t number = lfm_ids_number(a, i);
        equal = memcmp(text, lfm_ids_text(b, i, &other), length + 1) == 0 && length == other &&
                number == lfm_ids_number(b, i);
        equal = equal && (lfm_ids_kind(a) == LFM_IDS_TEXT ? lfm_ids_find(b, text, length)
                                                          : lfm_ids_find_number(b, number)) == i;
    }
    return equal;
}

static void test_borrowed(void)
{
    for (int32_t kind = 0; kind < 2; kind++) {
        lfm_ids *ids = make(kind);
        arrays a = arrays_of(ids);
        int released = 0;
        lfm_ids *borrowed = borrow(&a, &released);
        CHECK(are_equal(ids, borrowed));
        CHECK(lfm_ids_find(borrowed, "none", 4) == -1 && lfm_ids_find_number(borrowed, 7777) == -1);
        lfmi_ids_parts parts;
        lfmi_ids_parts_of(borrowed, &parts);
        CHECK(parts.table == a.parts.table && parts.offsets == a.parts.offsets);
        lfm_ids_free(borrowed);
        CHECK_INTEGER(released, 1);

        /* The first add copies; the arrays may then go. */
        released = 0;
        borrowed = borrow(&a, &released);
        int32_t index = -7;
        if (kind == LFM_IDS_TEXT)
            CHECK_OK(lfm_ids_add(borrowed, "one more", 8, &index));
        else
            CHECK_OK(lfm_ids_add_number(borrowed, -12345, &index));
        CHECK_INTEGER(index, N);
        CHECK_INTEGER(released, 1);
        arrays_free(&a);
        if (kind == LFM_IDS_TEXT)
            CHECK_OK(lfm_ids_add(ids, "one more", 8, &index));
        else
            CHECK_OK(lfm_ids_add_number(ids, -12345, &index));
        CHECK(are_equal(ids, borrowed));
        /* Equal ids make equal tables, however they came to be. */
        lfmi_ids_parts other;
        lfmi_ids_parts_of(borrowed, &parts);
        lfmi_ids_parts_of(ids, &other);
        CHECK(parts.n_slots == other.n_slots &&
              memcmp(parts.table, other.table, (size_t)parts.n_slots * sizeof *parts.table) == 0);
        lfm_ids_free(borrowed);
        lfm_ids_free(ids);
        CHECK_INTEGER(released, 1);
    }
}

static void test_empty(void)
{
    for (int32_t kind = 0; kind < 2; kind++) {
        lfm_ids *ids = NULL;
        REQUIRE_OK(lfm_ids_create(NULL, kind, &ids));
        arrays a = arrays_of(ids);
        CHECK(a.parts.n == 0 && a.parts.n_bytes == 0 && a.parts.n_slots > 0);
        int released = 0;
        lfm_ids *borrowed = borrow(&a, &released);
        CHECK(lfm_ids_find(borrowed, "", 0) == -1 && lfm_ids_find_number(borrowed, 0) == -1);
        CHECK(lfm_ids_add(borrowed, "", 0, NULL) == (kind == LFM_IDS_TEXT ? LFM_OK : LFM_ERROR_ARGUMENT));
        lfm_ids_free(borrowed);
        CHECK_INTEGER(released, 1);
        arrays_free(&a);
        lfm_ids_free(ids);
    }
}

/* What can be told without looking through the arrays is refused at once. */
static void test_refused(void)
{
    lfm_ids *ids = make(LFM_IDS_TEXT), *out = NULL;
    arrays a = arrays_of(ids);
    lfmi_ids_parts bad[13];
    for (int i = 0; i < 13; i++)
        bad[i] = a.parts;
    bad[0].kind = 2;
    bad[1].n = -1;
    bad[2].n_slots = 0;
    bad[3].n_slots--;
    bad[4].n_slots = 256; /* below n */
    bad[5].n_bytes = -1;
    bad[6].table = NULL;
    bad[7].offsets = NULL;
    bad[8].bytes = NULL;
    bad[9].offsets = (const int64_t *)((const char *)a.blocks[1] + 4);
    bad[10].n_bytes = INT64_MAX;
    bad[11].n_slots = INT64_MIN;
    bad[12].n = (int32_t)(bad[12].n_slots / 4 * 3 + 1); /* too full */
    for (int i = 0; i < 13; i++) {
        int released = 0;
        CHECK_STATUS(lfmi_ids_borrow(NULL, &bad[i], count, &released, &out), LFM_ERROR_DATA);
        CHECK(released == 1 && out == NULL);
    }
    counting counts = {0};
    lfm_context *context = counting_context(&counts, NULL, NULL);
    counts.fail_at = counts.calls + 1;
    int released = 0;
    CHECK_STATUS(lfmi_ids_borrow(context, &a.parts, count, &released, &out), LFM_ERROR_MEMORY);
    CHECK(released == 1 && out == NULL);
    lfm_context_free(context);
    CHECK(counts.live == 0);
    arrays_free(&a);
    lfm_ids_free(ids);
}

/* The copy of the first add may fail: the ids are then borrowed still. */
static void test_no_memory(void)
{
    for (int32_t kind = 0; kind < 2; kind++) {
        lfm_ids *ids = make(kind);
        arrays a = arrays_of(ids);
        bool succeeded = false;
        for (int at = 1; at < 20 && !succeeded; at++) {
            counting counts = {0};
            int released = 0;
            lfm_context *context = counting_context(&counts, NULL, NULL);
            lfm_ids *borrowed = NULL;
            REQUIRE_OK(lfmi_ids_borrow(context, &a.parts, count, &released, &borrowed));
            counts.fail_at = counts.calls + at;
            const lfm_status status = kind == LFM_IDS_TEXT ? lfm_ids_add(borrowed, "new", 3, NULL)
                                                           : lfm_ids_add_number(borrowed, -777, NULL);
            succeeded = status == LFM_OK;
            CHECK(succeeded || (status == LFM_ERROR_MEMORY && are_equal(borrowed, ids)));
            lfm_ids_free(borrowed);
            lfm_context_free(context);
            CHECK(released == 1 && counts.live == 0 && counts.errors == 0);
        }
        CHECK(succeeded);
        arrays_free(&a);
        lfm_ids_free(ids);
    }
}

/* Ask everything of ids whose answers may be wrong; the sum keeps the compiler from leaving it out. */
static uint64_t ask_all(const lfm_ids *ids, const lfm_ids *original)
{
    uint64_t sum = 0;
    int32_t found[N];
    for (int32_t i = -1; i <= N; i++) {
        size_t length;
        const char *text = lfm_ids_text(ids, i, &length);
        for (size_t c = 0; c <= length; c++)
            sum += (unsigned char)text[c];
        sum += (uint64_t)lfm_ids_number(ids, i);
        size_t wanted;
        text = lfm_ids_text(original, i, &wanted);
        const int64_t number = lfm_ids_number(original, i);
        const int32_t single = lfm_ids_kind(ids) == LFM_IDS_TEXT ? lfm_ids_find(ids, text, wanted)
                                                                 : lfm_ids_find_number(ids, number);
        CHECK(single >= -1 && single < N);
        sum += (uint64_t)single;
    }
    static const char *const strings[] = {"", "a", "ab2", "none"};
    static const int64_t numbers[] = {-50, -49, -46, 1};
    const bool texts = lfm_ids_kind(ids) == LFM_IDS_TEXT;
    CHECK_OK(lfm_ids_find_all(ids, 4, texts ? lfm_strings(strings) : lfm_numbers(numbers), found));
    return sum + (uint64_t)found[0];
}

/* After a change to the arrays everything can be asked, and adding either refuses or has found all as it was. */
static int try_corrupt(const arrays *a, const lfm_ids *original)
{
    int released = 0;
    lfm_ids *ids = borrow(a, &released);
    volatile uint64_t sum = ask_all(ids, original);
    (void)sum;
    int32_t index = -7;
    const bool texts = a->parts.kind == LFM_IDS_TEXT;
    const lfm_status status = texts ? lfm_ids_add(ids, "never before", 12, &index)
                                    : lfm_ids_add_number(ids, -9999999, &index);
    CHECK(status == LFM_OK ? index == N && released == 1 : status == LFM_ERROR_DATA && index == -7 && released == 0);
    if (status != LFM_OK)
        CHECK_MESSAGE("corrupt");
    sum = ask_all(ids, original);
    lfm_ids_free(ids);
    CHECK_INTEGER(released, 1);
    return status != LFM_OK;
}

static void test_bit_flips(void)
{
    test_random random = {5};
    for (int32_t kind = 0; kind < 2; kind++) {
        lfm_ids *original = make(kind);
        int refused = 0;
        for (int round = 0; round < 600; round++) {
            arrays a = arrays_of(original);
            const int flips = 1 + random_below(&random, round % 3 == 0 ? 40 : 1);
            for (int i = 0; i < flips; i++) {
                const int which = kind == LFM_IDS_TEXT ? round % 3 : round % 2;
                const int32_t bit = random_below(&random, (int32_t)a.sizes[which] * 8);
                ((unsigned char *)a.blocks[which])[bit / 8] ^= (unsigned char)(1 << bit % 8);
            }
            refused += try_corrupt(&a, original);
            arrays_free(&a);
        }
        tap_note("%d of 600 refused", refused);
        CHECK(refused > 300);
        lfm_ids_free(original);
    }
}

/* Whole arrays of nonsense: a table without an empty slot, of one index, of numbers out of range; offsets likewise. */
static void test_nonsense(void)
{
    static const int32_t indices[] = {0, N - 1, N, INT32_MAX, INT32_MIN, -2, -1};
    static const int64_t offsets[] = {0, -1, INT64_MAX, INT64_MIN, 1, 100000};
    for (int32_t kind = 0; kind < 2; kind++) {
        lfm_ids *original = make(kind);
        for (size_t v = 0; v < sizeof indices / sizeof *indices; v++) {
            arrays a = arrays_of(original);
            for (int64_t i = 0; i < a.parts.n_slots; i++)
                ((int32_t *)a.blocks[0])[i] = indices[v];
            CHECK_INTEGER(try_corrupt(&a, original), 1);
            arrays_free(&a);
        }
        for (size_t v = 0; v < sizeof offsets / sizeof *offsets && kind == LFM_IDS_TEXT; v++) {
            arrays a = arrays_of(original);
            for (int64_t i = 0; i <= N; i++)
                ((int64_t *)a.blocks[1])[i] = offsets[v];
            CHECK_INTEGER(try_corrupt(&a, original), 1);
            arrays_free(&a);
        }
        lfm_ids_free(original);
    }
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"the hash", test_hash},
        {"borrowed ids are like others", test_borrowed},
        {"empty ones", test_empty},
        {"sizes and addresses that cannot be", test_refused},
        {"no memory for the copy", test_no_memory},
        {"flipped bits", test_bit_flips},
        {"arrays of nonsense", test_nonsense},
    };
    return TAP_MAIN("ids borrowed", tests, argc, argv);
}
