/* Damaged files: cut at every length, every byte of the header changed, bits of the data turned over. What cannot
 * be told from a good file may answer nonsense; nothing ever crashes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "tap.h"
#include "world.h"

static int64_t data_of(const buffer *b)
{
    uint64_t length = 0;
    memcpy(&length, b->data, sizeof length);
    return 8 + (int64_t)length;
}

/* The files that are damaged. */
typedef struct samples {
    world w[3];
    buffer files[6];
} samples;
enum { N_FILES = 6, N_WORLDS = 3 };

static samples samples_make(void)
{
    samples s = {.w = {world_make(&(world_kind){.d = 3, .features = true, .seen = true, .names = NAMES_TEXT}),
                       world_make(&(world_kind){.d = 5, .precision = LFM_PRECISION_HALF, .names = NAMES_NUMBER}),
                       world_make(&(world_kind){.d = 4, .precision = LFM_PRECISION_INT8, .seen = true})}};
    s.files[0] = world_checkpoint(&s.w[0]);
    s.files[1] = world_inference(&s.w[0], s.w[0].scorer, LFM_PRECISION_FLOAT32);
    s.files[2] = world_inference(&s.w[1], s.w[1].scorer, LFM_PRECISION_FLOAT32);
    s.files[3] = world_inference(&s.w[0], s.w[0].scorer, LFM_PRECISION_HALF);
    s.files[4] = world_checkpoint(&s.w[1]);
    s.files[5] = world_inference(&s.w[2], s.w[2].scorer, LFM_PRECISION_FLOAT32);
    return s;
}

static void samples_free(samples *s)
{
    for (int i = 0; i < N_FILES; i++)
        buffer_free(&s->files[i]);
    for (int i = 0; i < N_WORLDS; i++)
        world_free(&s->w[i]);
}

static void test_cut(void)
{
    samples s = samples_make();
    for (int i = 0; i < N_FILES; i++) {
        for (int64_t n = 0; n < s.files[i].n; n++)
            CHECK(!try_everything(s.files[i].data, n));
        CHECK(try_everything(s.files[i].data, s.files[i].n));
    }
    samples_free(&s);
}

static void test_header_bytes(void)
{
    static const unsigned char changes[] = {0x01, 0x20, 0xFF};
    samples s = samples_make();
    for (int i = 0; i < N_FILES; i++) {
        buffer *b = &s.files[i];
        for (int64_t at = 0; at < data_of(b); at++) {
            for (size_t c = 0; c < sizeof changes; c++) {
                b->data[at] ^= changes[c];
                CHECK(!try_everything(b->data, b->n));
                b->data[at] ^= changes[c];
            }
        }
    }
    samples_free(&s);
}

/* Every changed bit of the data is told by the check. */
static void test_checksum(void)
{
    samples s = samples_make();
    for (int i = 0; i < N_FILES; i++) {
        buffer *b = &s.files[i];
        lfm_file_options options;
        lfm_file_options_init(&options);
        options.check = 1;
        for (int64_t at = data_of(b); at < b->n; at++) {
            b->data[at] ^= (unsigned char)(1 << at % 8);
            lfm_file *file = NULL;
            CHECK_FAILS(buffer_try(b, &options, &file), LFM_ERROR_FORMAT, "damaged: the checksum of its data is");
            b->data[at] ^= (unsigned char)(1 << at % 8);
        }
    }
    /* A checkpoint is checked when it is loaded. */
    s.files[0].data[s.files[0].n - 1] ^= 1;
    lfm_file *file = buffer_open(&s.files[0]);
    lfm_model *model = NULL;
    CHECK_FAILS(lfm_file_model(file, &model), LFM_ERROR_FORMAT, "checksum of its data");
    CHECK(model == NULL);
    lfm_file_free(file);
    samples_free(&s);
}

/* Without a checksum the numbers themselves are looked at. */
static void forget_checksums(buffer *b)
{
    static const char *const names[] = {"\"header_checksum\"", "\"data_checksum\"", "\"library_version\""};
    for (int i = 0; i < 3; i++) {
        for (int64_t at = 0; at < data_of(b); at++) {
            if (memcmp(b->data + at, names[i], strlen(names[i])) == 0)
                b->data[at + 1] = 'x';
        }
    }
}

static void test_turned_bits(void)
{
    samples s = samples_make();
    test_random random = {11};
    for (int i = 0; i < N_FILES; i++) {
        buffer *b = &s.files[i];
        forget_checksums(b);
        const int32_t n_data = (int32_t)(b->n - data_of(b));
        for (int round = 0; round < 100; round++) {
            buffer c = {0};
            buffer_write(b->data, (size_t)b->n, &c);
            for (int k = round % 8 == 0 ? 200 : 1 + round % 5; k > 0; k--)
                c.data[data_of(b) + random_below(&random, n_data)] ^= (unsigned char)(1u << random_below(&random, 8));
            CHECK(try_everything(c.data, c.n));
            buffer_free(&c);
        }
    }
    samples_free(&s);
}

/* Where a tensor of a file lies in its bytes. */
static int64_t place_of(const buffer *b, const lfm_file *file, const lfm_tensor *tensor)
{
    lfm_tensor first = {.size = sizeof first};
    REQUIRE_OK(lfm_file_tensor_at(file, 0, &first));
    return data_of(b) + ((const char *)tensor->data - (const char *)first.data);
}

/* Each tensor by itself, so that small ones are not spared: names and their tables, orders, means, scans. */
static void test_turned_bits_of_each(void)
{
    samples s = samples_make();
    test_random random = {12};
    for (int i = 0; i < N_FILES; i++) {
        buffer *b = &s.files[i];
        forget_checksums(b);
        lfm_file *file = buffer_open(b);
        for (int32_t t = 0; t < lfm_file_n_tensors(file); t++) {
            lfm_tensor tensor = {.size = sizeof tensor};
            REQUIRE_OK(lfm_file_tensor_at(file, t, &tensor));
            const int64_t begin = place_of(b, file, &tensor);
            for (int round = 0; round < 8 && tensor.n_bytes > 0; round++) {
                buffer c = {0};
                buffer_write(b->data, (size_t)b->n, &c);
                for (int k = round % 4 == 0 ? (int)tensor.n_bytes : 1 + round % 5; k > 0; k--)
                    c.data[begin + random_below(&random, (int32_t)tensor.n_bytes)] ^=
                        (unsigned char)(1u << random_below(&random, 8));
                CHECK(try_everything(c.data, c.n));
                buffer_free(&c);
            }
        }
        lfm_file_free(file);
    }
    samples_free(&s);
}

/* Whole tensors of numbers that no healthy file has, one tensor at a time and all at once. */
static void test_odd_numbers(void)
{
    const float odd[] = {NAN, INFINITY, -INFINITY, 3.4e38f, -3.4e38f, 1e-45f, -0.0f, 1e20f, 0.0f};
    static const uint64_t patterns[] = {0, UINT64_MAX, UINT64_C(0x8000000080000000), UINT64_C(0x7FFFFFFF7FFFFFFF),
                                        UINT64_C(0x7C007C007C007C00)};
    enum { ODD = sizeof odd / sizeof *odd, PATTERNS = sizeof patterns / sizeof *patterns };
    samples s = samples_make();
    for (int i = 0; i < N_FILES; i++) {
        buffer *b = &s.files[i];
        forget_checksums(b);
        lfm_file *file = buffer_open(b);
        const int32_t n = lfm_file_n_tensors(file);
        lfm_tensor last = {.size = sizeof last};
        REQUIRE_OK(lfm_file_tensor_at(file, 0, &last));
        const unsigned char *data = last.data;
        for (int32_t t = 0; t <= n; t++) {
            lfm_tensor tensor = {.size = sizeof tensor};
            int64_t begin = 0, n_bytes = b->n - data_of(b);
            if (t < n) {
                REQUIRE_OK(lfm_file_tensor_at(file, t, &tensor));
                begin = (const unsigned char *)tensor.data - data;
                n_bytes = tensor.n_bytes;
            }
            for (int o = 0; o < ODD + PATTERNS; o++) {
                buffer c = {0};
                buffer_write(b->data, (size_t)b->n, &c);
                unsigned char *to = c.data + data_of(b) + begin;
                const size_t size = o < ODD ? sizeof(float) : sizeof(uint64_t);
                for (int64_t at = 0; at + (int64_t)size <= n_bytes; at += (int64_t)size)
                    memcpy(to + at, o < ODD ? (const void *)&odd[o] : (const void *)&patterns[o - ODD], size);
                CHECK(try_everything(c.data, c.n));
                buffer_free(&c);
            }
        }
        lfm_file_free(file);
    }
    samples_free(&s);
}

/* What a damaged list of features or of seen items says. */
static void test_bad_lists(void)
{
    static const struct {
        const char *tensor;
        int64_t at; /* byte */
        unsigned char value;
        const char *why;
    } bad[] = {{"user_features_offsets", 0, 1, "offset"},    {"user_features_offsets", 15, 0x80, "offset"},
               {"user_features_columns", 3, 0x80, "column"}, {"item_features_columns", 1, 1, "column"},
               {"item_features_values", 3, 0x7F, "value"},   {"seen_offsets", 8, 0xF0, "offset"},
               {"seen_items", 4 + 3, 0x7F, "column"}};
    samples s = samples_make();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        buffer c = {0};
        buffer_write(s.files[1].data, (size_t)s.files[1].n, &c);
        lfm_file *file = buffer_open(&c);
        lfm_tensor tensor = {.size = sizeof tensor}, first = {.size = sizeof first};
        REQUIRE_OK(lfm_file_tensor(file, bad[i].tensor, &tensor));
        REQUIRE_OK(lfm_file_tensor_at(file, 0, &first));
        unsigned char *to = c.data + data_of(&c) + ((const char *)tensor.data - (const char *)first.data);
        lfm_file_free(file);
        to[bad[i].at] = bad[i].value;
        if (strstr(bad[i].tensor, "values") != NULL)
            to[bad[i].at - 1] = 0x80; /* infinity */
        file = buffer_open(&c);
        lfm_features *f = NULL;
        lfm_interactions *seen = NULL;
        if (bad[i].tensor[0] == 's')
            CHECK_FAILS(lfm_file_seen(file, &seen), LFM_ERROR_DATA, bad[i].why);
        else
            CHECK_FAILS(lfm_file_features(file, bad[i].tensor[0] == 'u' ? LFM_USER : LFM_ITEM, &f), LFM_ERROR_DATA,
                        bad[i].why);
        CHECK(f == NULL && seen == NULL);
        lfm_file_free(file);
        buffer_free(&c);
    }
    samples_free(&s);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"cut at every length", test_cut},
        {"every byte of the header changed", test_header_bytes},
        {"every byte of the data changed is told by the check", test_checksum},
        {"bits turned over in the data", test_turned_bits},
        {"bits turned over in each tensor", test_turned_bits_of_each},
        {"numbers that no healthy file has", test_odd_numbers},
        {"damaged features and seen items", test_bad_lists},
    };
    return TAP_MAIN("damaged", tests, argc, argv);
}
