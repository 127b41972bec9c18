/* Names in model files: what cannot be saved, what files of others must hold, what damaged ones answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "tap.h"
#include "world.h"

static const int32_t starts_of_kinds[] = {LFM_IDS_TEXT, LFM_IDS_NUMBER};

/* Save both kinds of file; they agree on what is wrong. */
static lfm_status try_save(const world *w, const lfm_save_options *options, const char *why)
{
    buffer b = {0};
    const lfm_status status = lfm_model_write(w->model, buffer_write, &b, options);
    if (why != NULL) {
        CHECK_MESSAGE(why);
        CHECK_FAILS(lfm_scorer_write(w->scorer, buffer_write, &b, options), status, why);
        CHECK_INTEGER(b.n, 0);
    }
    buffer_free(&b);
    return status;
}

static void test_not_saved(void)
{
    for (int features = 0; features < 2; features++) {
        world w = world_make(&(world_kind){.d = 3, .features = features});
        const int32_t rows[4] = {USERS, ITEMS, lfm_model_n_features(w.model, 0), lfm_model_n_features(w.model, 1)};
        static const char *const what[4] = {"users", "items", "user features", "item features"};
        for (int32_t space = 0; space < 4; space++) {
            for (int kind = 0; kind < 2; kind++) {
                char why[100];
                lfm_ids *many = names_make(starts_of_kinds[kind], rows[space] + 1);
                lfm_ids *all = names_make(starts_of_kinds[kind], rows[space]);
                lfm_ids *none = names_make(starts_of_kinds[kind], 0);
                lfm_save_options options = world_options(&w);
                options.ids[space] = many;
                snprintf(why, sizeof why, "%d ids from row 0 on, but there are only %d %s", rows[space] + 1,
                         rows[space], what[space]);
                CHECK_STATUS(try_save(&w, &options, why), LFM_ERROR_SHAPE);
                options.ids[space] = all;
                CHECK_STATUS(try_save(&w, &options, NULL), LFM_OK);
                for (int i = 0; i < 3 && space >= 2; i++) {
                    const int32_t bad[] = {1, -1, INT32_MAX};
                    options.feature_ids_start[space - 2] = bad[i];
                    snprintf(why, sizeof why, "ids from row %d on", bad[i]);
                    CHECK_STATUS(try_save(&w, &options, why), LFM_ERROR_SHAPE);
                }
                options.ids[space] = none;
                if (space >= 2)
                    options.feature_ids_start[space - 2] = rows[space];
                CHECK_STATUS(try_save(&w, &options, NULL), LFM_OK);
                if (space >= 2) {
                    options.feature_ids_start[space - 2] = rows[space] + 1;
                    CHECK_STATUS(try_save(&w, &options, "0 ids from row"), LFM_ERROR_SHAPE);
                }
                lfm_ids_free(many);
                lfm_ids_free(all);
                lfm_ids_free(none);
            }
        }
        world_free(&w);
    }
}

static void test_arguments(void)
{
    world w = world_make(&(world_kind){.d = 3, .names = NAMES_TEXT});
    buffer b = world_checkpoint(&w);
    lfm_file *file = buffer_open(&b);
    lfm_ids *ids = NULL;
    CHECK_FAILS(lfm_file_ids(NULL, 0, &ids), LFM_ERROR_ARGUMENT, "file");
    CHECK_FAILS(lfm_file_ids(file, 0, NULL), LFM_ERROR_ARGUMENT, "out");
    CHECK_FAILS(lfm_file_ids(file, -1, &ids), LFM_ERROR_ARGUMENT, "space number -1");
    CHECK_FAILS(lfm_file_ids(file, 4, &ids), LFM_ERROR_ARGUMENT, "space number 4");
    CHECK(ids == NULL);
    CHECK_INTEGER(lfm_file_ids_start(NULL, LFM_SPACE_USER_FEATURE), 0);
    CHECK_INTEGER(lfm_file_ids_start(file, LFM_SPACE_USER_FEATURE), 2);
    for (int32_t space = -1; space <= 4; space++)
        CHECK(space == LFM_SPACE_USER_FEATURE || lfm_file_ids_start(file, space) == 0);
    REQUIRE_OK(lfm_file_ids(file, LFM_SPACE_USER, &ids));
    lfm_file_free(file);
    CHECK(names_equal(ids, w.ids[0])); /* they hold the file */
    lfm_ids_free(ids);
    buffer_free(&b);
    world_free(&w);
}

/* ---- Files made by hand ---- */

/* Bytes of a few tensors, one after another. */
typedef struct parts {
    unsigned char bytes[256];
    int64_t n;
} parts;

static void put(parts *p, const void *data, size_t size)
{
    REQUIRE(p->n + (int64_t)size <= (int64_t)sizeof p->bytes);
    memcpy(p->bytes + p->n, data, size);
    p->n += (int64_t)size;
}

static lfm_file *open_by_hand(const char *header, const parts *data)
{
    buffer b = {0};
    char text[1024];
    /* The data begin on a multiple of 8. */
    const int length = snprintf(text, sizeof text, "%s%*s", header, (int)(8 - strlen(header) % 8), "");
    const unsigned char bytes[8] = {(unsigned char)(length & 255), (unsigned char)(length >> 8)};
    buffer_write(bytes, sizeof bytes, &b);
    buffer_write(text, (size_t)length, &b);
    buffer_write(data->bytes, (size_t)data->n, &b);
    lfm_file *file = buffer_open(&b);
    buffer_free(&b);
    return file;
}

#define OFFSETS "\"user_ids_offsets\":{\"dtype\":\"I64\",\"shape\":[3],\"data_offsets\":[0,24]}"
#define IDS "\"user_ids\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[24,32]}"
#define TABLE "\"user_ids_table\":{\"dtype\":\"I32\",\"shape\":[4],\"data_offsets\":[32,48]}"
#define NUMBERS "\"user_ids\":{\"dtype\":\"I64\",\"shape\":[4],\"data_offsets\":[0,32]}"

/* Two names of three bytes, or four numbers; the same bytes for all. */
static parts usual(const int64_t offsets[3], const int32_t table[4])
{
    parts p = {.n = 0};
    put(&p, offsets, 3 * sizeof *offsets);
    put(&p, "abc\0xyz", 8);
    put(&p, table, 4 * sizeof *table);
    return p;
}

static void test_wrong_tensors(void)
{
    static const struct {
        const char *header, *why;
    } wrong[] = {
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[24],\"data_offsets\":[0,24]}," IDS "," TABLE "}",
         "user_ids_offsets is missing"},
        {"{" OFFSETS "," IDS ",\"a\":{\"dtype\":\"I32\",\"shape\":[4],\"data_offsets\":[32,48]}}",
         "user_ids_table is missing"},
        {"{\"user_ids_offsets\":{\"dtype\":\"U64\",\"shape\":[3],\"data_offsets\":[0,24]}," IDS "," TABLE "}",
         "user_ids_offsets is of type U64, must be I64"},
        {"{" OFFSETS ",\"user_ids\":{\"dtype\":\"I8\",\"shape\":[8],\"data_offsets\":[24,32]}," TABLE "}",
         "user_ids is of type I8"},
        {"{" OFFSETS "," IDS ",\"user_ids_table\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[32,48]}}",
         "user_ids_table is of type F32, must be I32"},
        {"{" OFFSETS ",\"user_ids\":{\"dtype\":\"U8\",\"shape\":[2,4],\"data_offsets\":[24,32]}," TABLE "}",
         "user_ids has 2 dimensions"},
        {"{" OFFSETS "," IDS ",\"user_ids_table\":{\"dtype\":\"I32\",\"shape\":[2,2],\"data_offsets\":[32,48]}}",
         "user_ids_table has 2 dimensions"},
        {"{\"user_ids_offsets\":{\"dtype\":\"I64\",\"shape\":[0],\"data_offsets\":[0,0]},"
         "\"user_ids\":{\"dtype\":\"U8\",\"shape\":[32],\"data_offsets\":[0,32]}," TABLE "}",
         "has -1 ids"},
        {"{" OFFSETS "," IDS ",\"user_ids_table\":{\"dtype\":\"I32\",\"shape\":[3],\"data_offsets\":[32,44]},"
         "\"a\":{\"dtype\":\"I32\",\"shape\":[1],\"data_offsets\":[44,48]}}",
         "user_ids_table has 3 slots for 2 ids"},
        {"{" OFFSETS "," IDS ",\"user_ids_table\":{\"dtype\":\"I32\",\"shape\":[2],\"data_offsets\":[32,40]},"
         "\"a\":{\"dtype\":\"I32\",\"shape\":[2],\"data_offsets\":[40,48]}}",
         "user_ids_table has 2 slots for 2 ids"},
        {"{" OFFSETS "," IDS ",\"user_ids_table\":{\"dtype\":\"I32\",\"shape\":[0],\"data_offsets\":[32,32]},"
         "\"a\":{\"dtype\":\"I32\",\"shape\":[4],\"data_offsets\":[32,48]}}",
         "user_ids_table has 0 slots for 2 ids"},
        {"{" NUMBERS "," TABLE "}", "user_ids_table has 4 slots for 4 ids"},
        {"{" OFFSETS ",\"user_ids\":{\"dtype\":\"U8\",\"shape\":[9],\"data_offsets\":[24,33]},"
         "\"user_ids_table\":{\"dtype\":\"I32\",\"shape\":[2],\"data_offsets\":[33,41]},"
         "\"a\":{\"dtype\":\"U8\",\"shape\":[7],\"data_offsets\":[41,48]}}",
         "user_ids_table is not aligned"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
         "\"user_ids\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[4,12]},"
         "\"b\":{\"dtype\":\"U8\",\"shape\":[20],\"data_offsets\":[12,32]}," TABLE "}",
         "user_ids is not aligned"},
    };
    const parts p = usual((const int64_t[]){0, 4, 8}, (const int32_t[]){-1, -1, -1, -1});
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        lfm_file *file = open_by_hand(wrong[i].header, &p);
        lfm_ids *ids = NULL;
        CHECK_FAILS(lfm_file_ids(file, LFM_SPACE_USER, &ids), LFM_ERROR_FORMAT, wrong[i].why);
        CHECK(ids == NULL);
        CHECK_OK(lfm_file_ids(file, LFM_SPACE_ITEM, &ids)); /* the others are not concerned */
        CHECK(ids == NULL);
        (void)file_names_answers(file, false);
        lfm_file_free(file);
    }
}

/* What is wrong in the numbers is unknown or empty, and told of by the first add. */
static void test_damaged_numbers(void)
{
    static const struct {
        int64_t offsets[3];
        int32_t table[4];
        int32_t lengths[2]; /* of the two texts; 0: empty */
    } damaged[] = {
        {{0, 4, 8}, {-1, -1, -1, -1}, {3, 3}},
        {{0, 4, 8}, {7, 7, 7, 7}, {3, 3}},
        {{0, 4, 8}, {-2, INT32_MIN, INT32_MAX, 2}, {3, 3}},
        {{0, 4, 8}, {1, 1, 1, 1}, {3, 3}},
        {{4, 0, 8}, {0, 1, 0, 1}, {0, 7}},
        {{-4, 4, 8}, {0, 1, 0, 1}, {0, 3}},
        {{0, 4, 9}, {0, 1, 0, 1}, {3, 0}},
        {{0, 3, 8}, {0, 1, 0, 1}, {0, 4}},
        {{0, INT64_MAX, INT64_MIN}, {0, 1, 0, 1}, {0, 0}},
        {{INT64_MIN, INT64_MAX, 8}, {0, 1, 0, 1}, {0, 0}},
        {{0, 0, 0}, {0, 1, 0, 1}, {0, 0}},
    };
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        const parts p = usual(damaged[i].offsets, damaged[i].table);
        lfm_file *file = open_by_hand("{" OFFSETS "," IDS "," TABLE "}", &p);
        lfm_ids *ids = NULL;
        REQUIRE_OK(lfm_file_ids(file, LFM_SPACE_USER, &ids));
        CHECK_INTEGER(lfm_ids_count(ids), 2);
        for (int32_t at = 0; at < 2; at++) {
            size_t length = 99;
            const char *text = lfm_ids_text(ids, at, &length);
            CHECK_INTEGER(length, damaged[i].lengths[at]);
            CHECK(text[length] == '\0');
        }
        CHECK_INTEGER(lfm_ids_find(ids, "nobody", 6), -1);
        (void)names_answers(ids, false);
        CHECK_FAILS(lfm_ids_add(ids, "more", 4, NULL), LFM_ERROR_DATA, "corrupt");
        CHECK_INTEGER(lfm_ids_count(ids), 2);
        lfm_ids_free(ids);
        lfm_file_free(file);
    }
}

static void test_starts(void)
{
    static const struct {
        const char *text;
        int32_t start;
    } starts[] = {{"0", 0},  {"17", 17}, {"2147483647", 2147483647}, {"2147483648", 0}, {"99999999999999999999", 0},
                  {"-1", 0}, {"x", 0},   {"", 0},                    {"1.5", 0}};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        char header[200];
        const parts none = {.n = 0};
        snprintf(header, sizeof header, "{\"__metadata__\":{\"item_feature_ids_start\":\"%s\"}}", starts[i].text);
        lfm_file *file = open_by_hand(header, &none);
        CHECK_INTEGER(lfm_file_ids_start(file, LFM_SPACE_ITEM_FEATURE), starts[i].start);
        CHECK_INTEGER(lfm_file_ids_start(file, LFM_SPACE_USER_FEATURE), 0);
        lfm_file_free(file);
    }
}

/* The bytes of a checkpoint with these names of item features. */
static buffer with_names(const lfm_model *model, const lfm_ids *ids)
{
    lfm_save_options options;
    lfm_save_options_init(&options);
    options.ids[LFM_SPACE_ITEM_FEATURE] = ids;
    buffer b = {0};
    REQUIRE_OK(lfm_model_write(model, buffer_write, &b, &options));
    return b;
}

/* However names came in, one by one or many at once, again and again: the same names make the same bytes. */
static void test_same_bytes(void)
{
    enum { MOST = 200 };
    lfm_model *model = build_model(NULL, 3, MOST, 2, 0, 1);
    for (int32_t n = 0; n <= MOST; n += 20) {
        char texts[MOST][8];
        const char *strings[MOST];
        lfm_ids *singly = NULL, *together = NULL, *loaded = NULL;
        REQUIRE_OK(lfm_ids_create(NULL, LFM_IDS_TEXT, &singly));
        REQUIRE_OK(lfm_ids_create(NULL, LFM_IDS_TEXT, &together));
        for (int32_t i = 0; i < n; i++) {
            const int length = snprintf(texts[i], sizeof texts[i], "n%d", (int)i);
            strings[i] = texts[i];
            REQUIRE_OK(lfm_ids_add(singly, texts[i], (size_t)length, NULL));
        }
        for (int time = 0; time < 2; time++)
            REQUIRE_OK(lfm_ids_add_all(together, n, lfm_strings(strings), NULL));
        buffer wanted = with_names(model, singly), got = with_names(model, together);
        CHECK(buffers_equal(&wanted, &got));
        lfm_file *file = buffer_open(&got);
        REQUIRE_OK(lfm_file_ids(file, LFM_SPACE_ITEM_FEATURE, &loaded));
        CHECK(names_equal(loaded, singly));
        lfm_file_free(file);
        lfm_ids_free(loaded);
        buffer_free(&wanted);
        buffer_free(&got);
        lfm_ids_free(singly);
        lfm_ids_free(together);
    }
    lfm_model_free(model);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"more names than rows, a start beyond them", test_not_saved},
        {"arguments, and names that outlive their file", test_arguments},
        {"tensors that cannot be names", test_wrong_tensors},
        {"damaged offsets and tables", test_damaged_numbers},
        {"where the names of features start", test_starts},
        {"the same names, the same bytes", test_same_bytes},
    };
    return TAP_MAIN("names", tests, argc, argv);
}
