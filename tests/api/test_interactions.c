/* Interactions from every form and type are the same object; duplicates, borrowing, release. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "check.h"
#include "tap.h"

/* The same entries, ordered by user (so that CSR can hold them), in every type. */
enum { N = 8, USERS = 5, ITEMS = 6 };
static const int32_t users32[N] = {0, 0, 1, 3, 3, 3, 4, 4}, items32[N] = {2, 0, 5, 1, 1, 4, 3, 0};
static const int64_t users64[N] = {0, 0, 1, 3, 3, 3, 4, 4}, items64[N] = {2, 0, 5, 1, 1, 4, 3, 0};
static const int32_t offsets32[] = {0, 2, 3, 3, 6, 8};
static const int64_t offsets64[] = {0, 2, 3, 3, 6, 8};
static const float values32[N] = {1, -1, 0.5f, 2, -3, 0, 1, 7}, weights32[N] = {1, 2, 0, 4, 5, 6, 7, 8};
static const double values64[N] = {1, -1, 0.5, 2, -3, 0, 1, 7}, weights64[N] = {1, 2, 0, 4, 5, 6, 7, 8};
static const int64_t times[N] = {10, 20, 30, 40, 50, 60, 70, INT64_MAX};

static lfm_array ids(bool wide, const int32_t *narrow, const int64_t *broad)
{
    return wide ? lfm_int64(broad) : lfm_int32(narrow);
}
static lfm_array reals(int kind, const float *narrow, const double *broad)
{
    return kind == 0 ? lfm_none() : kind == 1 ? lfm_float32(narrow) : lfm_float64(broad);
}

static lfm_coo coo_of(bool wide_rows, bool wide_columns, int values)
{
    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_entries = N;
    coo.n_rows = USERS;
    coo.n_columns = ITEMS;
    coo.rows = ids(wide_rows, users32, users64);
    coo.columns = ids(wide_columns, items32, items64);
    coo.values = reals(values, values32, values64);
    return coo;
}

static lfm_csr csr_of(bool wide_offsets, bool wide_columns, int values)
{
    lfm_csr csr;
    lfm_csr_init(&csr);
    csr.n_entries = N;
    csr.n_rows = USERS;
    csr.n_columns = ITEMS;
    csr.offsets = ids(wide_offsets, offsets32, offsets64);
    csr.columns = ids(wide_columns, items32, items64);
    csr.values = reals(values, values32, values64);
    return csr;
}

static void count_release(void *user_data) { ++*(int *)user_data; }

static lfm_interactions_options options_of(int weights, bool timestamps, int32_t borrow, int *released)
{
    lfm_interactions_options options;
    lfm_interactions_options_init(&options);
    options.weights = reals(weights, weights32, weights64);
    options.timestamps = timestamps ? lfm_int64(times) : lfm_none();
    options.borrow = borrow;
    options.release = count_release;
    options.release_user_data = released;
    return options;
}

static void check_all(const lfm_interactions *m, int values, int weights, bool timestamps)
{
    CHECK_INTEGER(lfm_interactions_n_users(m), USERS);
    CHECK_INTEGER(lfm_interactions_n_items(m), ITEMS);
    REQUIRE(lfm_interactions_n_entries(m) == N);
    CHECK(memcmp(lfm_interactions_users(m), users32, sizeof users32) == 0);
    CHECK(memcmp(lfm_interactions_items(m), items32, sizeof items32) == 0);
    if (values == 0)
        CHECK(lfm_interactions_values(m) == NULL);
    else
        CHECK(memcmp(lfm_interactions_values(m), values32, sizeof values32) == 0);
    if (weights == 0)
        CHECK(lfm_interactions_weights(m) == NULL);
    else
        CHECK(memcmp(lfm_interactions_weights(m), weights32, sizeof weights32) == 0);
    if (!timestamps)
        CHECK(lfm_interactions_timestamps(m) == NULL);
    else
        CHECK(memcmp(lfm_interactions_timestamps(m), times, sizeof times) == 0);
}

/* Every combination of form, id types, value type, weight type, timestamps, borrowing. */
static void test_types(void)
{
    for (int bits = 0; bits < 2 * 2 * 2 * 2 * 2 * 9; bits++) {
        const bool csr_form = bits & 1, wide_a = bits & 2, wide_b = bits & 4, timestamps = bits & 8;
        const int32_t borrow = (bits & 16) != 0;
        const int values = bits / 32 % 3, weights = bits / 96;
        const lfm_coo coo = coo_of(wide_a, wide_b, values);
        const lfm_csr csr = csr_of(wide_a, wide_b, values);
        int released = 0;
        const lfm_interactions_options options = options_of(weights, timestamps, borrow, &released);
        lfm_interactions *m = NULL;
        REQUIRE_OK(csr_form ? lfm_interactions_from_csr(NULL, &csr, &options, &m)
                            : lfm_interactions_from_coo(NULL, &coo, &options, &m));
        check_all(m, values, weights, timestamps);
        const bool borrows = borrow && ((!csr_form && !wide_a) || !wide_b || values == 1 ||
                                        weights == 1 || timestamps);
        CHECK_INTEGER(released, borrows ? 0 : 1);
        if (borrow && !wide_b)
            CHECK(lfm_interactions_items(m) == items32);
        if (!borrow)
            CHECK(lfm_interactions_items(m) != items32);
        lfm_interactions_free(lfm_interactions_ref(m));
        CHECK_INTEGER(released, borrows ? 0 : 1);
        lfm_interactions_free(m);
        CHECK_INTEGER(released, 1);
    }
}

/* What is borrowed is used where it lies, the caller's arrays read-only and as they were. */
static void test_borrowed_training(void)
{
    lfm_coo coo = coo_of(false, false, 1);
    int released = 0;
    lfm_interactions_options options = options_of(1, false, 1, &released);
    lfm_interactions *m = NULL, *copy = NULL;
    REQUIRE_OK(lfm_interactions_from_coo(NULL, &coo, &options, &m));
    options.borrow = 0;
    REQUIRE_OK(lfm_interactions_from_coo(NULL, &coo, &options, &copy));
    CHECK_INTEGER(released, 1);
    for (int32_t loss = 0; loss < 4; loss++) {
        lfm_model *a = build_model(NULL, USERS, ITEMS, 4, 0, 1), *b = build_model(NULL, USERS, ITEMS, 4, 0, 1);
        lfm_train_options train;
        lfm_train_options_init(&train);
        train.loss = loss;
        train.threads = 1;
        CHECK_OK(lfm_model_fit_partial(a, m, NULL, NULL, &train));
        CHECK_OK(lfm_model_fit_partial(b, copy, NULL, NULL, &train));
        CHECK(model_hash(a) == model_hash(b));
        lfm_model_free(a);
        lfm_model_free(b);
    }
    check_all(m, 1, 1, false);
    lfm_interactions_free(copy);
    lfm_interactions_free(m);
    CHECK_INTEGER(released, 2);
}

/* Duplicates: (3, 1) and (4, 0) and (0, 2) come several times, out of order. */
enum { D = 8 };
static const int32_t d_users[D] = {3, 0, 4, 3, 0, 4, 3, 1}, d_items[D] = {1, 2, 0, 1, 2, 0, 1, 1};
static const float d_values[D] = {1, 2, 4, 8, -16, 32, -64, 128}, d_weights[D] = {1, 2, 3, 4, 5, 6, 7, 8};
static const int64_t d_times[D] = {9, 2, 5, 7, 3, 6, 8, 1};

static lfm_status merge(int32_t policy, bool values, bool weights, bool timestamps, int *released,
                        lfm_interactions **out)
{
    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_entries = D;
    coo.n_rows = USERS;
    coo.n_columns = ITEMS;
    coo.rows = lfm_int32(d_users);
    coo.columns = lfm_int32(d_items);
    if (values)
        coo.values = lfm_float32(d_values);
    lfm_interactions_options options;
    lfm_interactions_options_init(&options);
    options.duplicates = policy;
    options.borrow = 1;
    options.release = count_release;
    options.release_user_data = released;
    if (weights)
        options.weights = lfm_float32(d_weights);
    if (timestamps)
        options.timestamps = lfm_int64(d_times);
    return lfm_interactions_from_coo(NULL, &coo, &options, out);
}

static void check_merged(int32_t policy, const float *wanted_values, const float *wanted_weights,
                         const int64_t *wanted_times)
{
    static const int32_t wanted_users[] = {0, 1, 3, 4}, wanted_items[] = {2, 1, 1, 0};
    int released = 0;
    lfm_interactions *m = NULL;
    REQUIRE_OK(merge(policy, true, true, true, &released, &m));
    CHECK_INTEGER(released, 1);
    REQUIRE(lfm_interactions_n_entries(m) == 4);
    for (int i = 0; i < 4; i++) {
        CHECK_INTEGER(lfm_interactions_users(m)[i], wanted_users[i]);
        CHECK_INTEGER(lfm_interactions_items(m)[i], wanted_items[i]);
        CHECK_CLOSE(lfm_interactions_values(m)[i], wanted_values[i], 0, 0);
        CHECK_CLOSE(lfm_interactions_weights(m)[i], wanted_weights[i], 0, 0);
        CHECK_INTEGER(lfm_interactions_timestamps(m)[i], wanted_times[i]);
    }
    lfm_interactions_free(m);
    CHECK_INTEGER(released, 1);
}

static void test_sum(void)
{
    check_merged(LFM_DUPLICATES_SUM, (const float[]){-14, 128, -55, 36}, (const float[]){7, 8, 12, 9},
                 (const int64_t[]){3, 1, 9, 6});
    /* Ones are counted. */
    lfm_interactions *m = NULL;
    int released = 0;
    REQUIRE_OK(merge(LFM_DUPLICATES_SUM, false, false, false, &released, &m));
    static const float counts[] = {2, 1, 3, 2};
    CHECK(memcmp(lfm_interactions_values(m), counts, sizeof counts) == 0);
    CHECK(lfm_interactions_timestamps(m) == NULL);
    lfm_interactions_free(m);
}

static void test_last(void)
{
    check_merged(LFM_DUPLICATES_LAST, (const float[]){-16, 128, -64, 32}, (const float[]){5, 8, 7, 6},
                 (const int64_t[]){3, 1, 8, 6});
}

static void test_keep_and_reject(void)
{
    int released = 0;
    lfm_interactions *m = NULL;
    REQUIRE_OK(merge(LFM_DUPLICATES_KEEP, true, true, true, &released, &m));
    CHECK(lfm_interactions_n_entries(m) == D && lfm_interactions_users(m) == d_users);
    lfm_interactions_free(m);
    CHECK_INTEGER(released, 1);
    m = NULL;
    CHECK_FAILS(merge(LFM_DUPLICATES_REJECT, true, true, true, &released, &m), LFM_ERROR_DATA,
                "row 0, column 2 is stored twice");
    CHECK(m == NULL);
    CHECK_INTEGER(released, 2);
    /* Without duplicates reject borrows like keep. */
    lfm_coo coo = coo_of(false, false, 1);
    coo.n_entries = 4;
    lfm_interactions_options options = options_of(0, false, 1, &released);
    options.duplicates = LFM_DUPLICATES_REJECT;
    REQUIRE_OK(lfm_interactions_from_coo(NULL, &coo, &options, &m));
    CHECK(lfm_interactions_users(m) == users32 && released == 2);
    lfm_interactions_free(m);
    CHECK_INTEGER(released, 3);
}

/* All policies on nothing at all, from empty arrays and from none. */
static void test_empty(void)
{
    static const int32_t zero[1] = {0};
    for (int32_t policy = 0; policy < 4; policy++) {
        for (int form = 0; form < 3; form++) {
            lfm_coo coo;
            lfm_csr csr;
            lfm_coo_init(&coo);
            lfm_csr_init(&csr);
            coo.rows = coo.columns = form == 1 ? lfm_int32(zero) : lfm_none();
            csr.offsets = lfm_int32(zero);
            int released = 0;
            lfm_interactions_options options = options_of(0, false, form == 1, &released);
            options.duplicates = policy;
            lfm_interactions *m = NULL;
            CHECK_OK(form == 2 ? lfm_interactions_from_csr(NULL, &csr, &options, &m)
                               : lfm_interactions_from_coo(NULL, &coo, &options, &m));
            CHECK(m != NULL && lfm_interactions_n_entries(m) == 0);
            lfm_interactions_free(m);
            CHECK_INTEGER(released, 1);
        }
    }
}

/* A sum that overflows float32 is refused and names the pair. */
static void test_sum_overflow(void)
{
    static const int32_t row[] = {2, 2}, column[] = {4, 4};
    static const float huge[] = {3e38f, 3e38f}, one[] = {1, 1};
    for (int which = 0; which < 2; which++) {
        lfm_coo coo;
        lfm_coo_init(&coo);
        coo.n_entries = 2;
        coo.n_rows = coo.n_columns = 5;
        coo.rows = lfm_int32(row);
        coo.columns = lfm_int32(column);
        coo.values = lfm_float32(which == 0 ? huge : one);
        int released = 0;
        lfm_interactions_options options = options_of(0, false, 0, &released);
        options.duplicates = LFM_DUPLICATES_SUM;
        options.weights = lfm_float32(which == 1 ? huge : one);
        lfm_interactions *m = NULL;
        CHECK_FAILS(lfm_interactions_from_coo(NULL, &coo, &options, &m), LFM_ERROR_DATA,
                    "row 2, column 4");
        CHECK(m == NULL && released == 1);
    }
}

/* Release comes after the last use, and may use the library itself. */
typedef struct chain {
    int calls;
    lfm_interactions *next;
} chain;
static void free_next(void *user_data)
{
    chain *c = user_data;
    c->calls++;
    lfm_interactions_free(c->next);
    c->next = NULL;
}

static void test_release_chain(void)
{
    chain c = {0, NULL};
    int released = 0;
    lfm_coo coo = coo_of(false, false, 1);
    lfm_interactions_options options = options_of(0, false, 1, &released);
    REQUIRE_OK(lfm_interactions_from_coo(NULL, &coo, &options, &c.next));
    options.release = free_next;
    options.release_user_data = &c;
    lfm_interactions *m = NULL;
    REQUIRE_OK(lfm_interactions_from_coo(NULL, &coo, &options, &m));
    lfm_interactions *again = lfm_interactions_ref(m);
    CHECK(again == m);
    lfm_interactions_free(m);
    CHECK(c.calls == 0 && released == 0);
    lfm_interactions_free(again);
    CHECK(c.calls == 1 && released == 1);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"all forms and types give the same", test_types},
        {"borrowed and copied train alike", test_borrowed_training},
        {"duplicates are summed", test_sum},
        {"the last duplicate survives whole", test_last},
        {"duplicates are kept or rejected", test_keep_and_reject},
        {"nothing at all, under all policies", test_empty},
        {"an overflowing sum", test_sum_overflow},
        {"releasing one from another's callback", test_release_chain},
    };
    return TAP_MAIN("interactions", tests, argc, argv);
}
