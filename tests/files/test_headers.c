/* Headers made by hand, each wrong in its own way. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "tap.h"
#include "world.h"

/* A file of a header's text and `n_data` bytes of data; every other length than the text's own: as stated. */
static lfm_status try_length(const char *text, uint64_t length, int64_t n_data, lfm_file **file)
{
    buffer b = {0};
    unsigned char bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(length >> (8 * i));
    buffer_write(bytes, sizeof bytes, &b);
    buffer_write(text, strlen(text), &b);
    char *data = take((size_t)n_data, 1);
    if (n_data > 0)
        buffer_write(data, (size_t)n_data, &b);
    free(data);
    const lfm_status status = buffer_try(&b, NULL, file);
    (void)try_everything(b.data, b.n); /* leaves a message of its own */
    lfm_file *again = NULL;
    (void)buffer_try(&b, NULL, &again);
    lfm_file_free(again);
    buffer_free(&b);
    return status;
}

static lfm_status try_text(const char *text, int64_t n_data, lfm_file **file)
{
    return try_length(text, strlen(text), n_data, file);
}

/* Headers that are refused when the file is opened, the data that goes with them, and what is said. */
static const struct {
    const char *text;
    int64_t n_data;
    const char *why;
} wrong[] = {
    {"[]", 0, "does not begin with a header"},
    {"{", 0, "does not begin with a header"},
    {" {}", 0, "does not begin with a header"},
    {"{]", 0, "its header, byte"},
    {"{} {}", 0, "its header, byte"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}", 4, "its header, byte"},
    {"{\"a\":3}", 0, "unknown type: a"},
    {"{\"a\":{}}", 0, "unknown type: a"},
    {"{\"a\":{\"dtype\":3,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "unknown type: a"},
    {"{\"a\":{\"dtype\":\"F33\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "unknown type: a"},
    {"{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "bad shape: a"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":1,\"data_offsets\":[0,4]}}", 4, "bad shape: a"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4, "bad shape: a"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]}}", 4, "bad shape: a"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[\"1\"],\"data_offsets\":[0,4]}}", 4, "bad shape: a"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,4]}}", 4, "bad shape: a"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[9223372036854775807,9223372036854775807],\"data_offsets\":[0,4]}}", 4,
     "shape is too large: a"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904],\"data_offsets\":[0,0]}}", 0, "shape is too large: a"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[92233720368547758070],\"data_offsets\":[0,4]}}", 4, "its header, byte"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2147483648,2147483648],\"data_offsets\":[0,4]}}", 4, "shape is too large"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, "its shape makes 8 bytes, its offsets 4"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "bad offsets: a"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4]}}", 4, "bad offsets: a"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}", 8, "bad offsets: a"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,4]}}", 8, "bad offsets: a"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}}", 8, "bad offsets: a"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 3, "cut off: tensor a ends at byte 4"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[9223372036854775803,9223372036854775807]}}", 8,
     "cut off"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 5, "5 bytes of data, but the tensors have 4"},
    {"{}", 1, "1 bytes of data, but the tensors have 0"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8, "a gap before a tensor: a"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
     "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
     8, "tensors overlap: b"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
     "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
     4, "tensors overlap: b"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},"
     "\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}",
     0, "duplicate"},
    {"{\"__metadata__\":3}", 0, "its metadata is no object"},
    {"{\"__metadata__\":{\"a\":3}}", 0, "metadata that is no string: a"},
    {"{\"__metadata__\":{\"a\":\"1\",\"a\":\"1\"}}", 0, "duplicate"},
    {"{\"__metadata__\":{\"a\":\"\xFF\"}}", 0, "its header, byte"},
    {"{\"__metadata__\":{\"a\":\"x\\u0000y\"}}", 0, "its header, byte"},
    {"{\"__metadata__\":{\"header_checksum\":\"0123456789abcdef\"}}", 0, "checksum of its header is"},
    {"{\"__metadata__\":{\"header_checksum\":\"12\"}}", 0, "checksum of its header is"},
    {"{\"__metadata__\":{\"header_checksum\" : \"0123456789abcdef\"}}", 0, "nowhere"},
    {"{\"__metadata__\":{\"library_version\":\"0.1.0\"}}", 0, "checksum of its header is missing"},
    {"{\"__metadata__\":{\"format\":\"liblfm\",\"format_version\":\"2\"}}", 0, "written in version 2 of the format"},
    {"{\"__metadata__\":{\"format\":\"liblfm\",\"format_version\":\"0\"}}", 0, "format_version is no version"},
    {"{\"__metadata__\":{\"format\":\"liblfm\",\"format_version\":\"1x\"}}", 0, "format_version is no version"},
    {"{\"__metadata__\":{\"format\":\"liblfm\",\"format_version\":\"99999999999999999999\"}}", 0, "is no version"},
    {"{\"__metadata__\":{\"format\":\"liblfm\"}}", 0, "format_version is no version"},
};

static void test_refused(void)
{
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        lfm_file *file = NULL;
        CHECK_FAILS(try_text(wrong[i].text, wrong[i].n_data, &file), LFM_ERROR_FORMAT, wrong[i].why);
        CHECK(file == NULL);
    }
}

static void test_lengths(void)
{
    static const struct {
        uint64_t length;
        const char *why;
    } lengths[] = {{0, "does not begin"},         {1, "does not begin"},        {3, "cut off in its header"},
                   {UINT64_C(1) << 24, "cut off"}, {(UINT64_C(1) << 24) + 1, "at most 16777216"},
                   {UINT64_C(1) << 63, "at most"}, {UINT64_MAX, "at most"}};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        lfm_file *file = NULL;
        CHECK_FAILS(try_length("{}", lengths[i].length, 0, &file), LFM_ERROR_FORMAT, lengths[i].why);
    }
    static const unsigned char few[8] = {2, 0, 0, 0, 0, 0, 0, 0};
    for (int64_t n = 0; n <= 8; n++) {
        const buffer b = {(unsigned char *)(uintptr_t)few, n, n};
        lfm_file *file = NULL;
        CHECK_FAILS(buffer_try(&b, NULL, &file), LFM_ERROR_FORMAT, n < 8 ? "bytes" : "cut off in its header");
    }
}

/* Text of `n` times `part` between two others. */
static char *repeat(const char *before, const char *part, int n, const char *after)
{
    char *text = take(strlen(before) + strlen(part) * (size_t)n + strlen(after) + 1, 1);
    char *to = text + sprintf(text, "%s", before);
    for (int i = 0; i < n; i++)
        to += sprintf(to, "%s", part);
    sprintf(to, "%s", after);
    return text;
}

static void test_deep(void)
{
    static const char *const parts[] = {"[", "{\"a\":"};
    for (int i = 0; i < 2; i++) {
        char *text = repeat("{\"a\":", parts[i], 1000000, "");
        lfm_file *file = NULL;
        CHECK_FAILS(try_text(text, 0, &file), LFM_ERROR_FORMAT, "depth");
        free(text);
    }
}

/* A great many entries cost no more than their number. */
static void test_many(void)
{
    enum { N = 100000 };
    char *text = take(N * 64, 1), *to = text;
    to += sprintf(to, "{\"__metadata__\":{\"format\":\"liblfm\",\"format_version\":\"1\",\"kind\":\"checkpoint\"");
    for (int i = 3; i < N; i++)
        to += sprintf(to, ",\"model.%d\":\"\"", i);
    sprintf(to, "}}");
    lfm_file *file = NULL;
    CHECK_OK(try_text(text, 0, &file));
    CHECK_INTEGER(lfm_file_n_metadata(file), N);
    lfm_file_free(file);
    file = NULL;
    sprintf(to, ",\"one more\":\"\"}}");
    CHECK_FAILS(try_text(text, 0, &file), LFM_ERROR_FORMAT, "more metadata");
    to = text + sprintf(text, "{\"t0\":{}");
    for (int i = 1; i <= N; i++)
        to += sprintf(to, ",\"t%d\":{}", i);
    sprintf(to, "}");
    CHECK_FAILS(try_text(text, 0, &file), LFM_ERROR_FORMAT, "more tensors");
    free(text);
}

/* Files of others are opened, but hold no model. */
static void test_of_others(void)
{
    static const struct {
        const char *text;
        int64_t n_data;
        int32_t n_tensors;
    } right[] = {
        {"{}", 0, 0},
        {"{}   \n\t", 0, 0},
        {"{\"__metadata__\":{}}", 0, 0},
        {"{\"a\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[0,8]}}", 8, 1},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[0,9223372036854775807],\"data_offsets\":[0,0]}}", 0, 1},
        {"{\"b\":{\"dtype\":\"BF16\",\"shape\":[1,1,1,1,1,1,1,3],\"data_offsets\":[1,7]},"
         "\"a\":{\"dtype\":\"BOOL\",\"shape\":[1],\"data_offsets\":[0,1],\"more\":[{}]}}",
         7, 2},
    };
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        lfm_file *file = NULL;
        CHECK_OK(try_text(right[i].text, right[i].n_data, &file));
        CHECK_INTEGER(lfm_file_n_tensors(file), right[i].n_tensors);
        CHECK_INTEGER(lfm_file_kind(file), -1);
        lfm_model *model = NULL;
        lfm_scorer *scorer = NULL;
        lfm_features *features = NULL;
        lfm_interactions *seen = NULL;
        CHECK_FAILS(lfm_file_model(file, &model), LFM_ERROR_UNSUPPORTED, "no checkpoint");
        CHECK_FAILS(lfm_file_scorer(file, NULL, &scorer), LFM_ERROR_UNSUPPORTED, "no model of liblfm");
        CHECK_FAILS(lfm_file_check(file, NULL), LFM_ERROR_UNSUPPORTED, "states no checksum");
        CHECK_OK(lfm_file_features(file, LFM_USER, &features));
        CHECK_OK(lfm_file_seen(file, &seen));
        CHECK(model == NULL && scorer == NULL && features == NULL && seen == NULL);
        lfm_file_free(file);
    }
}

/* ---- Files of ours with one thing wrong: another header on the data ---- */

typedef struct changed {
    const char *from, *to, *why;
    lfm_status status;
} changed;

/* Replace `from` by `to` of the same length in a file's header, and drop the header's checksum. */
static buffer change(const buffer *b, const char *from, const char *to)
{
    static const char *const hidden[][2] = {{"\"header_checksum\"", "\"header_checksun\""},
                                            {"\"library_version\"", "\"library_versiom\""}};
    buffer out = {0};
    buffer_write(b->data, (size_t)b->n, &out);
    for (int i = 0; i < 3; i++) {
        const char *what = i < 2 ? hidden[i][0] : from, *with = i < 2 ? hidden[i][1] : to;
        REQUIRE(strlen(what) == strlen(with));
        unsigned char *at = out.data;
        while (at < out.data + out.n - strlen(what) && memcmp(at, what, strlen(what)) != 0)
            at++;
        REQUIRE(at < out.data + out.n - strlen(what));
        memcpy(at, with, strlen(with));
    }
    return out;
}

static lfm_status load_all(const buffer *b)
{
    lfm_file *file = NULL;
    lfm_status status = buffer_try(b, NULL, &file);
    lfm_model *model = NULL;
    lfm_scorer *scorer = NULL;
    lfm_features *f[2] = {NULL, NULL};
    lfm_interactions *seen = NULL;
    if (status == LFM_OK && lfm_file_kind(file) == LFM_FILE_CHECKPOINT)
        status = lfm_file_model(file, &model);
    if (status == LFM_OK)
        status = lfm_file_scorer(file, NULL, &scorer);
    for (int side = 0; side < 2 && status == LFM_OK; side++)
        status = lfm_file_features(file, side, &f[side]);
    if (status == LFM_OK)
        status = lfm_file_seen(file, &seen);
    lfm_interactions_free(seen);
    lfm_features_free(f[0]);
    lfm_features_free(f[1]);
    lfm_scorer_free(scorer);
    lfm_model_free(model);
    lfm_file_free(file);
    return status;
}

static void check_changes(const buffer *b, const changed *changes, int n)
{
    for (int i = 0; i < n; i++) {
        buffer c = change(b, changes[i].from, changes[i].to);
        if (!CHECK_FAILS(load_all(&c), changes[i].status, changes[i].why))
            tap_note("%s instead of %s", changes[i].to, changes[i].from);
        (void)try_everything(c.data, c.n);
        buffer_free(&c);
    }
}

static void test_changed(void)
{
    static const changed of_checkpoint[] = {
        {"\"item_embeddings\"", "\"item_embeddingz\"", "item_embeddings is missing", LFM_ERROR_FORMAT},
        {"\"user_biases\"", "\"user_biasez\"", "user_biases is missing", LFM_ERROR_FORMAT},
        {"\"user_bias_gradients\"", "\"user_bias_gradientz\"", "user_bias_gradients is missing", LFM_ERROR_FORMAT},
        {"\"dtype\":\"F32\"", "\"dtype\":\"I32\"", "must be F32", LFM_ERROR_FORMAT},
        {"\"dtype\":\"I64\"", "\"dtype\":\"F64\"", "must be I64", LFM_ERROR_FORMAT},
        {"\"shape\":[9,4]", "\"shape\":[4,9]", "user_embedding", LFM_ERROR_FORMAT},
        {"\"shape\":[9,4]", "\"shape\":[36] ", "dimensions", LFM_ERROR_FORMAT},
        {"\"epochs\":\"3\"", "\"epochs\":\"x\"", "epochs is no number", LFM_ERROR_FORMAT},
        {"\"epochs\":\"3\"", "\"epochz\":\"3\"", "epochs is missing", LFM_ERROR_FORMAT},
        {"\"model.components\":\"4\"", "\"model.components\":\"5\"", "user_embeddings", LFM_ERROR_FORMAT},
        {"\"model.components\":\"4\"", "\"model.components\":\"x\"", "components", LFM_ERROR_FORMAT},
        {"\"model.components\":\"4\"", "\"model.componentz\":\"4\"", "componentz", LFM_ERROR_FORMAT},
        {"\"model.optimiser\":\"adagrad\"", "\"model.optimiser\":\"adabest\"", "adabest", LFM_ERROR_FORMAT},
        {"\"kind\":\"checkpoint\"", "\"kind\":\"checkpoinr\"", "no model of liblfm", LFM_ERROR_UNSUPPORTED},
        {"\"kind\":\"checkpoint\"", "\"kind\":\"inference\" ", "user_representations is missing", LFM_ERROR_FORMAT},
        {"\"seen_items\"", "\"seen_itemz\"", "seen_items is missing", LFM_ERROR_FORMAT},
        {"\"user_features_columns\"", "\"user_features_columnz\"", "user_features_columns is missing",
         LFM_ERROR_FORMAT},
    };
    static const changed of_inference[] = {
        {"\"components\":\"4\"", "\"components\":\"3\"", "expected 23 x 3", LFM_ERROR_FORMAT},
        {"\"components\":\"4\"", "\"components\":\"0\"", "outside [1, 65536]", LFM_ERROR_FORMAT},
        {"\"components\":\"4\"", "\"componentz\":\"4\"", "components is missing", LFM_ERROR_FORMAT},
        {"\"item_representation_biases\"", "\"item_representation_biasez\"", "is missing", LFM_ERROR_FORMAT},
        {"\"model.components\":\"4\"", "\"model.components\":\"8\"", "model.components 8", LFM_ERROR_FORMAT},
        {"\"epochs\":\"3\"", "\"epochs\":\"-\"", "epochs is no number", LFM_ERROR_FORMAT},
        {"\"shape\":[23,4]", "\"shape\":[4,23]", "user_representations", LFM_ERROR_FORMAT},
        {"\"user_embeddings\"", "\"user_embeddingz\"", "without user_embeddings", LFM_ERROR_FORMAT},
        {"\"item_features_values\":{\"dtype\":\"F32\"", "\"item_features_values\":{\"dtype\":\"I32\"", "must be F32",
         LFM_ERROR_FORMAT},
        {"\"side_means\":{\"dtype\":\"F64\"", "\"side_means\":{\"dtype\":\"I64\"", "must be F64", LFM_ERROR_FORMAT},
        {"\"side_means\":{\"dtype\":\"F64\",\"shape\":[2,5]", "\"side_means\":{\"dtype\":\"F64\",\"shape\":[5,2]",
         "expected 2 x 5", LFM_ERROR_FORMAT},
    };
    world w = world_make(&(world_kind){.d = 4, .features = true, .seen = true});
    buffer checkpoint = world_checkpoint(&w), inference = world_inference(&w, w.scorer, LFM_PRECISION_FLOAT32);
    check_changes(&checkpoint, of_checkpoint, sizeof of_checkpoint / sizeof *of_checkpoint);
    check_changes(&inference, of_inference, sizeof of_inference / sizeof *of_inference);
    /* Without the items for scanning or the means, or with those of another version, they are made anew. */
    static const char *const scans[][2] = {{"\"item_scan\"", "\"item_scam\""},
                                           {"\"item_scan_order\"", "\"item_scam_order\""},
                                           {"\"item_scan_order\":{\"dtype\":\"I32\"", "\"item_scan_order\":{\"dtype\":\"U32\""},
                                           {"\"side_means\"", "\"side_meanz\""},
                                           {"\"float32-1\"", "\"float32-2\""},
                                           {"\"item_scan_bounds\"", "\"item_scam_bounds\""}};
    const uint64_t wanted = all_answers(w.scorer, w.f, w.seen, w.test, true);
    for (size_t i = 0; i < sizeof scans / sizeof *scans; i++) {
        buffer c = change(&inference, scans[i][0], scans[i][1]);
        lfm_file *file = buffer_open(&c);
        lfm_scorer *scorer = NULL;
        REQUIRE_OK(lfm_file_scorer(file, NULL, &scorer));
        CHECK(all_answers(scorer, w.f, w.seen, w.test, true) == wanted);
        lfm_scorer_free(scorer);
        lfm_file_free(file);
        buffer_free(&c);
    }
    buffer_free(&checkpoint);
    buffer_free(&inference);
    world_free(&w);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"wrong headers", test_refused},
        {"wrong lengths", test_lengths},
        {"deep headers", test_deep},
        {"many entries", test_many},
        {"files of others", test_of_others},
        {"our files with something changed", test_changed},
    };
    return TAP_MAIN("headers", tests, argc, argv);
}
