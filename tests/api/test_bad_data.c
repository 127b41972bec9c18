/* Bad arrays: a clear error that names the place, no object, release called once, nothing leaked. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "check.h"
#include "counting.h"
#include "tap.h"

enum { N = 4, ROWS = 3, COLUMNS = 5 };

/* Arrays of every type, and which of them a matrix is made from. */
typedef struct arrays {
    int32_t rows32[N], columns32[N], offsets32[ROWS + 1];
    int64_t rows64[N], columns64[N], offsets64[ROWS + 1];
    float values32[N], weights32[N];
    double values64[N], weights64[N];
} arrays;

typedef struct form {
    bool csr, features, wide_ids, wide_offsets, wide_reals;
    int32_t duplicates, borrow;
} form;

static const form base_forms[] = {{.csr = false}, {.csr = true}};

static arrays good_arrays(void)
{
    arrays a = {.rows32 = {0, 1, 1, 2},
                .columns32 = {4, 0, 3, 2},
                .offsets32 = {0, 1, 3, 4},
                .values32 = {1, -1, 0, 2},
                .weights32 = {1, 2, 3, 4}};
    for (int i = 0; i < N; i++) {
        a.rows64[i] = a.rows32[i];
        a.columns64[i] = a.columns32[i];
        a.offsets64[i] = a.offsets32[i];
        a.values64[i] = (double)a.values32[i];
        a.weights64[i] = (double)a.weights32[i];
    }
    return a;
}

static void count_release(void *user_data) { ++*(int *)user_data; }

/* Make the matrix of a form; *object receives it (interactions or features). */
static lfm_status make(const form *f, const arrays *a, lfm_context *context, int *released, void **object)
{
    lfm_coo coo;
    lfm_csr csr;
    lfm_coo_init(&coo);
    lfm_csr_init(&csr);
    coo.n_entries = csr.n_entries = N;
    coo.n_rows = csr.n_rows = ROWS;
    coo.n_columns = csr.n_columns = COLUMNS;
    coo.rows = f->wide_ids ? lfm_int64(a->rows64) : lfm_int32(a->rows32);
    coo.columns = csr.columns = f->wide_ids ? lfm_int64(a->columns64) : lfm_int32(a->columns32);
    csr.offsets = f->wide_offsets ? lfm_int64(a->offsets64) : lfm_int32(a->offsets32);
    coo.values = csr.values = f->wide_reals ? lfm_float64(a->values64) : lfm_float32(a->values32);
    if (f->features) {
        lfm_features_options options;
        lfm_features_options_init(&options);
        options.duplicates = f->duplicates;
        options.borrow = f->borrow;
        options.release = count_release;
        options.release_user_data = released;
        return f->csr ? lfm_features_from_csr(context, &csr, &options, (lfm_features **)object)
                      : lfm_features_from_coo(context, &coo, &options, (lfm_features **)object);
    }
    lfm_interactions_options options;
    lfm_interactions_options_init(&options);
    options.duplicates = f->duplicates;
    options.borrow = f->borrow;
    options.release = count_release;
    options.release_user_data = released;
    options.weights = f->wide_reals ? lfm_float64(a->weights64) : lfm_float32(a->weights32);
    return f->csr ? lfm_interactions_from_csr(context, &csr, &options, (lfm_interactions **)object)
                  : lfm_interactions_from_coo(context, &coo, &options, (lfm_interactions **)object);
}

/* The arrays are refused in every form that `applies`, with a message that has all `parts`. */
static void check_bad(const arrays *a, int form_of, bool to_features, const char *const parts[3])
{
    counting counts = {0};
    lfm_context *context = counting_context(&counts, NULL, NULL);
    const long long live = counts.live;
    for (int bits = 0; bits < 256; bits++) {
        form f = base_forms[bits & 1];
        f.features = bits & 2;
        f.wide_ids = bits & 4;
        f.wide_offsets = bits & 8;
        f.wide_reals = bits & 16;
        f.borrow = (bits & 32) != 0;
        f.duplicates = bits >> 6;
        if ((form_of == 0 && f.csr) || (form_of == 1 && !f.csr) || (f.features && !to_features))
            continue;
        void *object = NULL;
        int released = 0;
        const bool refused = CHECK_STATUS(make(&f, a, context, &released, &object), LFM_ERROR_DATA);
        for (int i = 0; refused && i < 3 && parts[i] != NULL; i++)
            CHECK_MESSAGE(parts[i]);
        CHECK(object == NULL);
        CHECK_INTEGER(released, 1);
        CHECK_INTEGER(counts.live, live);
    }
    CHECK_INTEGER(counts.errors, 0);
    lfm_context_free(context);
    CHECK_INTEGER(counts.live, 0);
}

static void test_good(void)
{
    const arrays a = good_arrays();
    for (int bits = 0; bits < 256; bits++) {
        const form f = {bits & 1, bits & 2, bits & 4, bits & 8, bits & 16, bits >> 6, (bits & 32) != 0};
        void *object = NULL;
        int released = 0;
        CHECK_OK(make(&f, &a, NULL, &released, &object));
        if (f.features)
            lfm_features_free(object);
        else
            lfm_interactions_free(object);
        CHECK_INTEGER(released, 1);
    }
}

static void test_columns(void)
{
    static const int32_t bad[] = {-1, COLUMNS, INT32_MAX, INT32_MIN};
    for (int i = 0; i < 4; i++) {
        for (int at = 0; at < N; at++) {
            arrays a = good_arrays();
            a.columns32[at] = bad[i];
            a.columns64[at] = bad[i];
            char entry[32], column[32];
            snprintf(entry, sizeof entry, "entry %d (row %d", at, a.rows32[at]);
            snprintf(column, sizeof column, "column %d", bad[i]);
            check_bad(&a, 2, true, (const char *const[]){entry, column, "[0, 5)"});
        }
    }
}

static void test_rows(void)
{
    static const int32_t bad[] = {-1, ROWS, INT32_MAX, INT32_MIN};
    for (int i = 0; i < 4; i++) {
        arrays a = good_arrays();
        a.rows32[2] = bad[i];
        a.rows64[2] = bad[i];
        char row[32];
        snprintf(row, sizeof row, "entry 2 (row %d", bad[i]);
        check_bad(&a, 0, true, (const char *const[]){row, "column 3", "[0, 3)"});
    }
}

/* Ids whose low 32 bits are good. */
static void test_wide_ids(void)
{
    arrays a = good_arrays();
    a.columns64[1] += INT64_C(1) << 32;
    const form forms[] = {{.wide_ids = true}, {.wide_ids = true, .csr = true},
                          {.wide_ids = true, .features = true}};
    for (int i = 0; i < 3; i++) {
        void *object = NULL;
        int released = 0;
        CHECK_FAILS(make(&forms[i], &a, NULL, &released, &object), LFM_ERROR_DATA, "4294967296");
        CHECK(object == NULL && released == 1);
    }
    a = good_arrays();
    a.rows64[3] = INT64_MIN;
    void *object = NULL;
    int released = 0;
    CHECK_FAILS(make(&forms[0], &a, NULL, &released, &object), LFM_ERROR_DATA, "-9223372036854775808");
}

static void test_offsets(void)
{
    static const struct {
        int32_t offsets[ROWS + 1];
        const char *part, *other;
    } bad[] = {{{0, 3, 1, 4}, "row 1", "from 3 to 1"},  {{1, 1, 3, 4}, "first offset", "1"},
               {{0, 1, 3, 3}, "last offset", "3"},      {{0, 1, 3, 5}, "last offset", "5"},
               {{-1, 1, 3, 4}, "first offset", "-1"},   {{0, -1, 3, 4}, "row 0", "-1"},
               {{0, 1, 9, 4}, "row 2", "from 9 to 4"}};
    for (int i = 0; i < 7; i++) {
        arrays a = good_arrays();
        for (int row = 0; row <= ROWS; row++)
            a.offsets32[row] = (int32_t)(a.offsets64[row] = bad[i].offsets[row]);
        check_bad(&a, 1, true, (const char *const[]){bad[i].part, bad[i].other, NULL});
    }
}

static void test_values(void)
{
    static const double bad[] = {NAN, INFINITY, -INFINITY};
    static const char *const names[] = {"nan", "inf", "-inf"};
    for (int i = 0; i < 3; i++) {
        arrays a = good_arrays();
        a.values32[2] = (float)bad[i];
        a.values64[2] = bad[i];
        check_bad(&a, 2, true, (const char *const[]){"entry 2 (row 1, column 3", names[i], "finite"});
        a = good_arrays();
        a.weights32[3] = (float)bad[i];
        a.weights64[3] = bad[i];
        check_bad(&a, 2, false, (const char *const[]){"entry 3 (row 2, column 2", names[i], "weight"});
    }
    arrays a = good_arrays();
    a.weights64[0] = a.weights32[0] = -0.5f;
    check_bad(&a, 2, false, (const char *const[]){"entry 0 (row 0, column 4", "-0.5", "weight"});
}

/* A double beyond float32. */
static void test_large_doubles(void)
{
    arrays a = good_arrays();
    a.values64[1] = 1e39;
    for (int features = 0; features < 2; features++) {
        const form f = {.wide_reals = true, .features = features != 0};
        void *object = NULL;
        int released = 0;
        CHECK_FAILS(make(&f, &a, NULL, &released, &object), LFM_ERROR_DATA, "1e+39");
        CHECK(object == NULL && released == 1);
    }
}

/* What is wrong with the call itself: status, a word of the message; release runs all the same. */
#define CHECK_CALL(change, status, part)                                                               \
    do {                                                                                               \
        lfm_coo coo = good_coo;                                                                        \
        lfm_interactions_options options = good_options;                                               \
        lfm_interactions *out = NULL;                                                                  \
        int released = 0;                                                                              \
        options.release_user_data = &released;                                                         \
        change;                                                                                        \
        CHECK_FAILS(lfm_interactions_from_coo(NULL, &coo, &options, &out), status, part);              \
        CHECK(out == NULL && released == 1);                                                           \
    } while (0)

static void test_calls(void)
{
    const arrays a = good_arrays();
    lfm_coo good_coo;
    lfm_coo_init(&good_coo);
    good_coo.n_entries = N;
    good_coo.n_rows = ROWS;
    good_coo.n_columns = COLUMNS;
    good_coo.rows = lfm_int32(a.rows32);
    good_coo.columns = lfm_int32(a.columns32);
    lfm_interactions_options good_options;
    lfm_interactions_options_init(&good_options);
    good_options.release = count_release;
    CHECK_CALL(coo.n_entries = -1, LFM_ERROR_ARGUMENT, "-1");
    CHECK_CALL(coo.n_rows = -2, LFM_ERROR_ARGUMENT, "-2");
    CHECK_CALL(coo.n_columns = -3, LFM_ERROR_ARGUMENT, "-3");
    CHECK_CALL(coo.rows = lfm_none(), LFM_ERROR_ARGUMENT, "rows");
    CHECK_CALL(coo.columns = lfm_none(), LFM_ERROR_ARGUMENT, "columns");
    CHECK_CALL(coo.rows.type = LFM_FLOAT32, LFM_ERROR_ARGUMENT, "rows");
    CHECK_CALL(coo.rows.type = LFM_NONE, LFM_ERROR_ARGUMENT, "rows");
    CHECK_CALL(coo.columns.type = 17, LFM_ERROR_ARGUMENT, "17");
    CHECK_CALL(coo.values = lfm_int32(a.rows32), LFM_ERROR_ARGUMENT, "values");
    CHECK_CALL(coo.size = 1, LFM_ERROR_OPTION, "lfm_coo");
    CHECK_CALL(options.duplicates = 4, LFM_ERROR_OPTION, "4");
    CHECK_CALL(options.duplicates = -1, LFM_ERROR_OPTION, "-1");
    CHECK_CALL(options.weights = lfm_int64(a.rows64), LFM_ERROR_ARGUMENT, "weights");
    CHECK_CALL(options.timestamps = lfm_int32(a.rows32), LFM_ERROR_ARGUMENT, "timestamps");
    /* NULL where it may not be. */
    int released = 0;
    lfm_interactions *out = NULL;
    lfm_interactions_options options = good_options;
    options.release_user_data = &released;
    CHECK_STATUS(lfm_interactions_from_coo(NULL, NULL, &options, &out), LFM_ERROR_ARGUMENT);
    CHECK_STATUS(lfm_interactions_from_coo(NULL, &good_coo, &options, NULL), LFM_ERROR_ARGUMENT);
    CHECK_STATUS(lfm_interactions_from_csr(NULL, NULL, &options, &out), LFM_ERROR_ARGUMENT);
    CHECK(out == NULL && released == 3);
    lfm_csr csr;
    lfm_csr_init(&csr);
    csr.n_rows = 1;
    CHECK_FAILS(lfm_interactions_from_csr(NULL, &csr, &options, &out), LFM_ERROR_ARGUMENT, "offsets");
    CHECK(lfm_interactions_ref(NULL) == NULL && lfm_interactions_n_entries(NULL) == 0 &&
          lfm_interactions_n_users(NULL) == 0 && lfm_interactions_n_items(NULL) == 0 &&
          lfm_interactions_users(NULL) == NULL && lfm_interactions_items(NULL) == NULL &&
          lfm_interactions_values(NULL) == NULL && lfm_interactions_weights(NULL) == NULL &&
          lfm_interactions_timestamps(NULL) == NULL);
    lfm_interactions_free(NULL);
}

/* Sizes that no memory holds are MEMORY, before anything is read. */
static void test_too_large(void)
{
    static const int32_t zero[1] = {0};
    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_rows = coo.n_columns = INT32_MAX;
    coo.rows = coo.columns = lfm_int32(zero);
    lfm_interactions *m = NULL;
    CHECK_OK(lfm_interactions_from_coo(NULL, &coo, NULL, &m));
    lfm_model *model = NULL;
    lfm_model_options options;
    lfm_model_options_init(&options);
    options.components = 65536;
    CHECK_FAILS(lfm_model_create(NULL, INT32_MAX, INT32_MAX, &options, &model), LFM_ERROR_MEMORY,
                "bytes");
    CHECK(model == NULL);
    lfm_interactions_free(m);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"good arrays in every form", test_good},
        {"columns outside", test_columns},
        {"rows outside", test_rows},
        {"ids beyond 32 bits", test_wide_ids},
        {"offsets", test_offsets},
        {"NaN, infinite and negative numbers", test_values},
        {"doubles beyond float32", test_large_doubles},
        {"calls", test_calls},
        {"more than memory", test_too_large},
    };
    return TAP_MAIN("bad-data", tests, argc, argv);
}
