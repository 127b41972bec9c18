/* Feature matrices: types, identity, normalisation, duplicates, borrowing, empty rows. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "check.h"
#include "tap.h"

enum { N = 6, ROWS = 4, COLUMNS = 5 };
static const int32_t rows32[N] = {2, 0, 2, 3, 0, 2}, columns32[N] = {1, 4, 1, 0, 2, 3};
static const int64_t rows64[N] = {2, 0, 2, 3, 0, 2}, columns64[N] = {1, 4, 1, 0, 2, 3};
static const float values32[N] = {0.5f, -1, 1.5f, 0, 3, 2};
static const double values64[N] = {0.5, -1, 1.5, 0, 3, 2};
/* The same by rows. */
static const int32_t offsets32[] = {0, 2, 2, 5, 6}, csr_columns[N] = {4, 2, 1, 1, 3, 0};
static const int64_t offsets64[] = {0, 2, 2, 5, 6};
static const float csr_values[N] = {-1, 3, 0.5f, 1.5f, 2, 0};

static lfm_coo coo_of(bool wide_ids, int values)
{
    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_entries = N;
    coo.n_rows = ROWS;
    coo.n_columns = COLUMNS;
    coo.rows = wide_ids ? lfm_int64(rows64) : lfm_int32(rows32);
    coo.columns = wide_ids ? lfm_int64(columns64) : lfm_int32(columns32);
    coo.values = values == 0 ? lfm_none() : values == 1 ? lfm_float32(values32) : lfm_float64(values64);
    return coo;
}

static lfm_csr csr_of(bool wide_offsets)
{
    lfm_csr csr;
    lfm_csr_init(&csr);
    csr.n_entries = N;
    csr.n_rows = ROWS;
    csr.n_columns = COLUMNS;
    csr.offsets = wide_offsets ? lfm_int64(offsets64) : lfm_int32(offsets32);
    csr.columns = lfm_int32(csr_columns);
    csr.values = lfm_float32(csr_values);
    return csr;
}

/* Check a row's entries, whatever their order. */
static void check_row(const lfm_features *f, int32_t row, int n, const int32_t *columns, const float *values)
{
    const int32_t *got_columns = NULL;
    const float *got_values = NULL;
    REQUIRE(lfm_features_row(f, row, &got_columns, &got_values) == n);
    bool used[16] = {false};
    for (int i = 0; i < n; i++) {
        bool found = false;
        for (int j = 0; j < n && !found; j++) {
            const float value = got_values != NULL ? got_values[j] : 1.0f;
            found = !used[j] && got_columns[j] == columns[i] && fabsf(value - values[i]) <= 1e-7f;
            used[j] = used[j] || found;
        }
        check_report(found, false, __FILE__, __LINE__, "row %d lacks column %d, weight %g", row,
                     columns[i], (double)values[i]);
    }
}

#define LIST(...) __VA_ARGS__
#define CHECK_ROW(f, row, n, columns, values)                                                          \
    check_row(f, row, n, (const int32_t[]){columns}, (const float[]){values})

static void check_plain(const lfm_features *f)
{
    CHECK(lfm_features_n_rows(f) == ROWS && lfm_features_n_features(f) == COLUMNS &&
          lfm_features_n_entries(f) == N);
    CHECK_ROW(f, 0, 2, LIST(4, 2), LIST(-1, 3));
    CHECK_INTEGER(lfm_features_row(f, 1, NULL, NULL), 0);
    CHECK_ROW(f, 2, 3, LIST(1, 1, 3), LIST(0.5f, 1.5f, 2));
    CHECK_ROW(f, 3, 1, LIST(0), LIST(0));
}

static void test_forms(void)
{
    for (int wide = 0; wide < 2; wide++) {
        for (int values = 1; values < 3; values++) {
            const lfm_coo coo = coo_of(wide != 0, values);
            lfm_features *f = NULL;
            REQUIRE_OK(lfm_features_from_coo(NULL, &coo, NULL, &f));
            check_plain(f);
            lfm_features_free(f);
        }
        const lfm_csr csr = csr_of(wide != 0);
        lfm_features *f = NULL;
        REQUIRE_OK(lfm_features_from_csr(NULL, &csr, NULL, &f));
        check_plain(f);
        lfm_features_free(f);
    }
    const lfm_coo ones = coo_of(false, 0);
    lfm_features *f = NULL;
    REQUIRE_OK(lfm_features_from_coo(NULL, &ones, NULL, &f));
    CHECK_ROW(f, 2, 3, LIST(1, 1, 3), LIST(1, 1, 1));
    const float *values = csr_values;
    lfm_features_row(f, 2, NULL, &values);
    CHECK(values == NULL);
    lfm_features_free(f);
}

static lfm_features *make(int32_t duplicates, int32_t identity, int32_t normalise, int values)
{
    const lfm_coo coo = coo_of(false, values);
    lfm_features_options options;
    lfm_features_options_init(&options);
    options.duplicates = duplicates;
    options.identity = identity;
    options.normalise = normalise;
    lfm_features *f = NULL;
    REQUIRE_OK(lfm_features_from_coo(NULL, &coo, &options, &f));
    return f;
}

static void test_identity(void)
{
    for (int values = 0; values < 2; values++) {
        lfm_features *f = make(LFM_DUPLICATES_KEEP, 1, 0, values);
        CHECK(lfm_features_n_rows(f) == ROWS && lfm_features_n_features(f) == ROWS + COLUMNS &&
              lfm_features_n_entries(f) == ROWS + N);
        if (values) {
            CHECK_ROW(f, 0, 3, LIST(0, 8, 6), LIST(1, -1, 3));
            CHECK_ROW(f, 2, 4, LIST(2, 5, 5, 7), LIST(1, 0.5f, 1.5f, 2));
        } else {
            CHECK_ROW(f, 2, 4, LIST(2, 5, 5, 7), LIST(1, 1, 1, 1));
        }
        CHECK_ROW(f, 1, 1, LIST(1), LIST(1));
        lfm_features_free(f);
    }
}

/* Fewer or more indicators than rows: the rows beyond have none, the given columns move by their number. */
static void test_identity_columns(void)
{
    static const int32_t counts[] = {1, 2, 4, 7};
    for (int i = 0; i < 4; i++) {
        const int32_t n = counts[i], with = n < ROWS ? n : ROWS;
        const lfm_coo coo = coo_of(false, 1);
        lfm_features_options options;
        lfm_features_options_init(&options);
        options.identity = 1;
        options.identity_columns = n;
        lfm_features *f = NULL;
        REQUIRE_OK(lfm_features_from_coo(NULL, &coo, &options, &f));
        CHECK(lfm_features_n_rows(f) == ROWS && lfm_features_n_features(f) == n + COLUMNS &&
              lfm_features_n_entries(f) == with + N);
        CHECK_ROW(f, 0, 3, LIST(0, n + 4, n + 2), LIST(1, -1, 3));
        CHECK_INTEGER(lfm_features_row(f, 1, NULL, NULL), n > 1 ? 1 : 0);
        if (n > 2)
            CHECK_ROW(f, 2, 4, LIST(2, n + 1, n + 1, n + 3), LIST(1, 0.5f, 1.5f, 2));
        else
            CHECK_ROW(f, 2, 3, LIST(n + 1, n + 1, n + 3), LIST(0.5f, 1.5f, 2));
        lfm_features_free(f);
    }
    const lfm_coo coo = coo_of(false, 1);
    lfm_features_options options;
    lfm_features_options_init(&options);
    options.identity = 1;
    options.identity_columns = -1;
    lfm_features *f = NULL;
    CHECK_FAILS(lfm_features_from_coo(NULL, &coo, &options, &f), LFM_ERROR_OPTION, "identity_columns");
    options.identity_columns = INT32_MAX - COLUMNS + 1;
    CHECK_FAILS(lfm_features_from_coo(NULL, &coo, &options, &f), LFM_ERROR_SHAPE, "identity");
    CHECK(f == NULL);
}

/* Rows without an indicator before the given columns get one behind them. */
static void test_identity_rest(void)
{
    for (int32_t n = 1; n < 6; n++) {
        const int32_t rest = n < ROWS ? ROWS - n : 0;
        const lfm_coo coo = coo_of(false, 1);
        lfm_features_options options;
        lfm_features_options_init(&options);
        options.identity = 1;
        options.identity_columns = n;
        options.identity_rest = 1;
        lfm_features *f = NULL;
        REQUIRE_OK(lfm_features_from_coo(NULL, &coo, &options, &f));
        CHECK(lfm_features_n_rows(f) == ROWS && lfm_features_n_features(f) == n + COLUMNS + rest &&
              lfm_features_n_entries(f) == ROWS + N);
        CHECK_ROW(f, 0, 3, LIST(0, n + 4, n + 2), LIST(1, -1, 3));
        CHECK_ROW(f, 1, 1, LIST(n > 1 ? 1 : COLUMNS + 1), LIST(1));
        CHECK_ROW(f, 2, 4, LIST(n > 2 ? 2 : COLUMNS + 2, n + 1, n + 1, n + 3), LIST(1, 0.5f, 1.5f, 2));
        lfm_features_free(f);
    }
}

static void test_normalise(void)
{
    lfm_features *f = make(LFM_DUPLICATES_KEEP, 0, 1, 1);
    CHECK_ROW(f, 0, 2, LIST(4, 2), LIST(-0.25f, 0.75f));
    CHECK_INTEGER(lfm_features_row(f, 1, NULL, NULL), 0);
    CHECK_ROW(f, 2, 3, LIST(1, 1, 3), LIST(0.125f, 0.375f, 0.5f));
    CHECK_ROW(f, 3, 1, LIST(0), LIST(0)); /* an all-zero row stays */
    lfm_features_free(f);
    f = make(LFM_DUPLICATES_KEEP, 1, 1, 1);
    CHECK_ROW(f, 0, 3, LIST(0, 8, 6), LIST(0.2f, -0.2f, 0.6f));
    CHECK_ROW(f, 1, 1, LIST(1), LIST(1));
    CHECK_ROW(f, 3, 2, LIST(3, 4), LIST(1, 0));
    lfm_features_free(f);
    f = make(LFM_DUPLICATES_KEEP, 0, 1, 0);
    CHECK_ROW(f, 2, 3, LIST(1, 1, 3), LIST(1 / 3.0f, 1 / 3.0f, 1 / 3.0f));
    lfm_features_free(f);
}

static void test_duplicates(void)
{
    lfm_features *f = make(LFM_DUPLICATES_SUM, 0, 0, 1);
    CHECK_INTEGER(lfm_features_n_entries(f), N - 1);
    CHECK_ROW(f, 2, 2, LIST(1, 3), LIST(2, 2));
    lfm_features_free(f);
    f = make(LFM_DUPLICATES_SUM, 1, 1, 0);
    CHECK_ROW(f, 2, 3, LIST(2, 5, 7), LIST(0.25f, 0.5f, 0.25f));
    lfm_features_free(f);
    f = make(LFM_DUPLICATES_LAST, 0, 0, 1);
    CHECK_INTEGER(lfm_features_n_entries(f), N - 1);
    CHECK_ROW(f, 2, 2, LIST(1, 3), LIST(1.5f, 2));
    lfm_features_free(f);
    f = make(LFM_DUPLICATES_LAST, 0, 0, 0);
    CHECK_ROW(f, 2, 2, LIST(1, 3), LIST(1, 1));
    lfm_features_free(f);
    const lfm_coo coo = coo_of(false, 1);
    lfm_features_options options;
    lfm_features_options_init(&options);
    options.duplicates = LFM_DUPLICATES_REJECT;
    f = NULL;
    CHECK_FAILS(lfm_features_from_coo(NULL, &coo, &options, &f), LFM_ERROR_DATA, "row 2, column 1");
    CHECK(f == NULL);
}

static void count_release(void *user_data) { ++*(int *)user_data; }

/* Which calls borrow, and that release runs once in all of them. */
static void test_borrowing(void)
{
    for (int bits = 0; bits < 2 * 2 * 2 * 4; bits++) {
        const int32_t identity = bits & 1, normalise = (bits & 2) != 0, duplicates = bits >> 3;
        const bool wide = bits & 4;
        const lfm_csr csr = csr_of(wide);
        int released = 0;
        lfm_features_options options;
        lfm_features_options_init(&options);
        options.borrow = 1;
        options.identity = identity;
        options.normalise = normalise;
        options.duplicates = duplicates;
        options.release = count_release;
        options.release_user_data = &released;
        lfm_features *f = NULL;
        const lfm_status status = lfm_features_from_csr(NULL, &csr, &options, &f);
        CHECK_INTEGER(status, duplicates == LFM_DUPLICATES_REJECT ? LFM_ERROR_DATA : LFM_OK);
        const bool borrows = !identity && !normalise && duplicates == LFM_DUPLICATES_KEEP;
        CHECK_INTEGER(released, borrows ? 0 : 1);
        if (borrows) {
            const int32_t *columns;
            lfm_features_row(f, 0, &columns, NULL);
            CHECK(columns == csr_columns);
            check_plain(f);
        }
        lfm_features *again = lfm_features_ref(f);
        lfm_features_free(f);
        CHECK_INTEGER(released, borrows ? 0 : 1);
        lfm_features_free(again);
        CHECK_INTEGER(released, 1);
    }
    /* Without duplicates, reject borrows. */
    static const int32_t offsets[] = {0, 1}, column[] = {2};
    lfm_csr csr;
    lfm_csr_init(&csr);
    csr.n_rows = 1;
    csr.n_columns = 3;
    csr.n_entries = 1;
    csr.offsets = lfm_int32(offsets);
    csr.columns = lfm_int32(column);
    lfm_features_options options;
    lfm_features_options_init(&options);
    options.borrow = 1;
    options.duplicates = LFM_DUPLICATES_REJECT;
    lfm_features *f = NULL;
    REQUIRE_OK(lfm_features_from_csr(NULL, &csr, &options, &f));
    const int32_t *columns;
    lfm_features_row(f, 0, &columns, NULL);
    CHECK(columns == column);
    lfm_features_free(f);
}

static void test_empty(void)
{
    for (int32_t policy = 0; policy < 4; policy++) {
        for (int bits = 0; bits < 4; bits++) {
            lfm_coo coo;
            lfm_coo_init(&coo);
            coo.n_rows = 3;
            lfm_features_options options;
            lfm_features_options_init(&options);
            options.duplicates = policy;
            options.identity = bits & 1;
            options.normalise = bits >> 1;
            lfm_features *f = NULL;
            CHECK_OK(lfm_features_from_coo(NULL, &coo, &options, &f));
            CHECK_INTEGER(lfm_features_n_entries(f), options.identity ? 3 : 0);
            CHECK_INTEGER(lfm_features_n_features(f), options.identity ? 3 : 0);
            CHECK_INTEGER(lfm_features_row(f, 2, NULL, NULL), options.identity);
            lfm_features_free(f);
        }
    }
}

static void test_bad(void)
{
    lfm_coo coo = coo_of(false, 1);
    lfm_features *f = NULL;
    lfm_features_options options;
    lfm_features_options_init(&options);
    CHECK_STATUS(lfm_features_from_coo(NULL, NULL, NULL, &f), LFM_ERROR_ARGUMENT);
    CHECK_STATUS(lfm_features_from_coo(NULL, &coo, NULL, NULL), LFM_ERROR_ARGUMENT);
    CHECK_STATUS(lfm_features_from_csr(NULL, NULL, NULL, &f), LFM_ERROR_ARGUMENT);
    options.duplicates = 9;
    CHECK_FAILS(lfm_features_from_coo(NULL, &coo, &options, &f), LFM_ERROR_OPTION, "9");
    options.duplicates = 0;
    options.size = 7;
    CHECK_FAILS(lfm_features_from_coo(NULL, &coo, &options, &f), LFM_ERROR_OPTION, "size");
    lfm_coo wide;
    lfm_coo_init(&wide);
    wide.n_rows = 1000;
    wide.n_columns = INT32_MAX - 999;
    lfm_features_options_init(&options);
    options.identity = 1;
    CHECK_FAILS(lfm_features_from_coo(NULL, &wide, &options, &f), LFM_ERROR_SHAPE, "identity");
    wide.n_columns--;
    CHECK(f == NULL);
    CHECK_OK(lfm_features_from_coo(NULL, &wide, &options, &f));
    CHECK_INTEGER(lfm_features_n_features(f), INT32_MAX);
    CHECK_INTEGER(lfm_features_row(f, -1, NULL, NULL) + lfm_features_row(f, 1000, NULL, NULL) +
                      lfm_features_row(NULL, 0, NULL, NULL), 0);
    CHECK(lfm_features_n_rows(NULL) == 0 && lfm_features_n_features(NULL) == 0 &&
          lfm_features_n_entries(NULL) == 0 && lfm_features_ref(NULL) == NULL);
    lfm_features_free(f);
    lfm_features_free(NULL);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"forms and types", test_forms},       {"identity columns", test_identity},
        {"any number of indicators", test_identity_columns},
        {"indicators behind the columns", test_identity_rest},
        {"normalised rows", test_normalise},   {"duplicates", test_duplicates},
        {"borrowing and release", test_borrowing}, {"no entries", test_empty},
        {"bad input", test_bad},
    };
    return TAP_MAIN("features", tests, argc, argv);
}
