/* Datasets: ids and columns in order of first appearance, unknown names, growth, and what LightFM's Dataset makes of
 * the same calls. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "check.h"
#include "named.h"
#include "tap.h"

/* What LightFM 1.17 makes of: fit(['a','b'], ['x','y','z'], item_features=['red','blue']), build_item_features([('x',
 * ['red']), ('y', {'blue': 3})]), fit_partial(items=['w'], item_features=['red','green']): the mapping of item features
 * is x 0, y 1, z 2, red 3, blue 4, w 5, green 6. */
static void test_lightfm(void)
{
    static const char *const users[] = {"a", "b"}, *const items[] = {"x", "y", "z"}, *const tags[] = {"red", "blue"};
    static const char *const rows[] = {"x", "y"}, *const new_items[] = {"y", "w"}, *const new_tags[] = {"red", "green"};
    static const double weights[] = {1, 3};
    lfm_dataset *d = make();
    add_strings(d, LFM_SPACE_USER, 2, users);
    add_strings(d, LFM_SPACE_ITEM, 3, items);
    add_strings(d, LFM_SPACE_ITEM_FEATURE, 2, tags);
    lfm_named_entries entries = entries_of(2, rows, tags);
    entries.values = lfm_float64(weights);
    int64_t skipped = -7;
    CHECK_OK(lfm_dataset_add_features(d, LFM_ITEM, &entries, &skipped));
    CHECK(skipped == 0 && lfm_dataset_n_features(d, LFM_ITEM) == 2 && lfm_dataset_n_features(d, LFM_USER) == 0);
    lfm_features *f = build(d, LFM_ITEM, 1, LFM_DUPLICATES_KEEP);
    CHECK_INTEGER(lfm_features_n_entries(f), 5);
    CHECK_CLOSE(weight_of(d, f, LFM_ITEM, "x", "x"), 0.5, 0, 0);
    CHECK_CLOSE(weight_of(d, f, LFM_ITEM, "x", "red"), 0.5, 0, 0);
    CHECK_CLOSE(weight_of(d, f, LFM_ITEM, "y", "y"), 0.25, 0, 0);
    CHECK_CLOSE(weight_of(d, f, LFM_ITEM, "y", "blue"), 0.75, 0, 0);
    CHECK_CLOSE(weight_of(d, f, LFM_ITEM, "z", "z"), 1, 0, 0);
    lfm_features_free(f);

    add_strings(d, LFM_SPACE_ITEM, 2, new_items);
    add_strings(d, LFM_SPACE_ITEM_FEATURE, 2, new_tags);
    static const char *const wanted[] = {"x", "y", "z", "red", "blue", "w", "green"};
    CHECK_INTEGER(count(d, LFM_SPACE_ITEM_FEATURE), 7);
    for (int32_t c = 0; c < 7; c++)
        CHECK_INTEGER(index_of(d, LFM_SPACE_ITEM_FEATURE, wanted[c]), c);
    CHECK(lfm_dataset_indicator(d, LFM_ITEM, 0) == 0 && lfm_dataset_indicator(d, LFM_ITEM, 2) == 2 &&
          lfm_dataset_indicator(d, LFM_ITEM, 3) == 5);
    CHECK(lfm_dataset_indicator(d, LFM_ITEM, 4) == -1 && lfm_dataset_indicator(d, LFM_ITEM, -1) == -1 &&
          lfm_dataset_indicator(d, 2, 0) == -1 && lfm_dataset_indicator(NULL, 0, 0) == -1);
    f = build(d, LFM_ITEM, 0, LFM_DUPLICATES_KEEP);
    CHECK(weight_of(d, f, LFM_ITEM, "w", "w") == 1 && weight_of(d, f, LFM_ITEM, "y", "blue") == 3 &&
          weight_of(d, f, LFM_ITEM, "w", "green") == 0 && lfm_features_n_entries(f) == 6);
    lfm_features_free(f);
    lfm_dataset_clear_features(d, LFM_ITEM);
    CHECK_INTEGER(lfm_dataset_n_features(d, LFM_ITEM), 0);
    f = build(d, LFM_ITEM, 1, LFM_DUPLICATES_KEEP);
    CHECK(weight_of(d, f, LFM_ITEM, "y", "y") == 1 && lfm_features_n_entries(f) == 4);
    lfm_features_free(f);
    f = build(d, LFM_USER, 1, LFM_DUPLICATES_KEEP);
    CHECK(lfm_features_n_entries(f) == 2 && weight_of(d, f, LFM_USER, "b", "b") == 1);
    lfm_features_free(f);
    lfm_dataset_free(d);
}

static void test_interactions(void)
{
    static const char *const users[] = {"u", "v", "u", "w"}, *const items[] = {"x", "x", "y", "x"};
    static const float values[] = {1, -1, 2, 3};
    static const double weights[] = {0.5, 0, 2, 1};
    static const int64_t times[] = {10, 20, 30, 40};
    lfm_dataset *d = make();
    lfm_named_entries entries = entries_of(4, users, items);
    entries.unknown_rows = entries.unknown_columns = LFM_UNKNOWN_ADD;
    CHECK_OK(lfm_dataset_add_interactions(d, &entries, NULL));
    CHECK(count(d, LFM_SPACE_USER) == 3 && count(d, LFM_SPACE_ITEM) == 2 && lfm_dataset_n_interactions(d) == 4);
    lfm_interactions *m = NULL;
    REQUIRE_OK(lfm_dataset_interactions(d, NULL, &m));
    CHECK(lfm_interactions_n_users(m) == 3 && lfm_interactions_n_items(m) == 2 && lfm_interactions_n_entries(m) == 4);
    CHECK(lfm_interactions_values(m) == NULL && lfm_interactions_weights(m) == NULL);
    static const int32_t rows[] = {0, 1, 0, 2}, columns[] = {0, 0, 1, 0};
    CHECK(memcmp(lfm_interactions_users(m), rows, sizeof rows) == 0 &&
          memcmp(lfm_interactions_items(m), columns, sizeof columns) == 0);
    lfm_interactions_free(m);

    /* Values and weights from now on: ones before. */
    entries.values = lfm_float32(values);
    entries.weights = lfm_float64(weights);
    CHECK_OK(lfm_dataset_add_interactions(d, &entries, NULL));
    REQUIRE_OK(lfm_dataset_interactions(d, NULL, &m));
    CHECK_INTEGER(lfm_interactions_n_entries(m), 8);
    static const float all_values[] = {1, 1, 1, 1, 1, -1, 2, 3}, all_weights[] = {1, 1, 1, 1, 0.5f, 0, 2, 1};
    CHECK(memcmp(lfm_interactions_values(m), all_values, sizeof all_values) == 0 &&
          memcmp(lfm_interactions_weights(m), all_weights, sizeof all_weights) == 0);
    lfm_interactions_free(m);
    m = NULL;
    lfm_dataset_build_options options;
    lfm_dataset_build_options_init(&options);
    options.duplicates = LFM_DUPLICATES_REJECT;
    CHECK_FAILS(lfm_dataset_interactions(d, &options, &m), LFM_ERROR_DATA, "row 0");
    CHECK(m == NULL);
    options.duplicates = LFM_DUPLICATES_SUM;
    REQUIRE_OK(lfm_dataset_interactions(d, &options, &m));
    CHECK_INTEGER(lfm_interactions_n_entries(m), 4);
    lfm_interactions_free(m);

    /* Timestamps: all or none. Clearing begins anew, on the same ids. */
    entries.timestamps = lfm_int64(times);
    CHECK_FAILS(lfm_dataset_add_interactions(d, &entries, NULL), LFM_ERROR_ARGUMENT, "no timestamps");
    lfm_dataset_clear_interactions(d);
    CHECK_INTEGER(lfm_dataset_n_interactions(d), 0);
    CHECK_OK(lfm_dataset_add_interactions(d, &entries, NULL));
    entries.timestamps = lfm_none();
    CHECK_FAILS(lfm_dataset_add_interactions(d, &entries, NULL), LFM_ERROR_ARGUMENT, "none");
    REQUIRE_OK(lfm_dataset_interactions(d, NULL, &m));
    CHECK(memcmp(lfm_interactions_timestamps(m), times, sizeof times) == 0 && lfm_interactions_n_users(m) == 3);
    lfm_interactions_free(m);
    /* Entries with timestamps none of which was kept do not bind. */
    lfm_dataset_clear_interactions(d);
    static const char *const nobody[] = {"?", "?", "?", "?"};
    entries.timestamps = lfm_int64(times);
    entries.rows = lfm_strings(nobody);
    entries.unknown_rows = LFM_UNKNOWN_SKIP;
    int64_t skipped = -7;
    CHECK_OK(lfm_dataset_add_interactions(d, &entries, &skipped));
    CHECK_INTEGER(skipped, 4);
    entries.timestamps = lfm_none();
    entries.rows = lfm_strings(users);
    CHECK_OK(lfm_dataset_add_interactions(d, &entries, &skipped));
    CHECK(skipped == 0 && lfm_dataset_n_interactions(d) == 4);
    lfm_dataset_free(d);
}

/* Every pair of policies against what it should do, entry by entry. */
static void test_unknown(void)
{
    enum { N = 6 };
    static const char *const rows[N] = {"r0", "new1", "r1", "new2", "r0", "new1"};
    static const char *const columns[N] = {"c0", "c1", "other1", "other2", "other1", "c0"};
    static const char *const known_rows[] = {"r0", "r1"}, *const known_columns[] = {"c0", "c1"};
    for (int32_t features = 0; features < 2; features++) {
        for (int32_t policies = 0; policies < 9; policies++) {
            const int32_t for_rows = policies / 3, for_columns = policies % 3;
            lfm_dataset *d = make();
            const int32_t row_space = features ? LFM_SPACE_ITEM : LFM_SPACE_USER;
            const int32_t column_space = features ? LFM_SPACE_ITEM_FEATURE : LFM_SPACE_ITEM;
            add_strings(d, row_space, 2, known_rows);
            add_strings(d, column_space, 2, known_columns);
            const int32_t before = count(d, column_space);
            lfm_named_entries entries = entries_of(N, rows, columns);
            entries.unknown_rows = for_rows;
            entries.unknown_columns = for_columns;
            int64_t skipped = -7, wanted = 0;
            const lfm_status status = features ? lfm_dataset_add_features(d, LFM_ITEM, &entries, &skipped)
                                               : lfm_dataset_add_interactions(d, &entries, &skipped);
            bool fails = false;
            bool row_added[2] = {false, false}, column_added[2] = {false, false};
            for (int i = 0; i < N; i++) {
                const bool no_row = rows[i][0] == 'n', no_column = columns[i][0] == 'o';
                const bool skips = (no_row && for_rows == LFM_UNKNOWN_SKIP) ||
                                   (no_column && for_columns == LFM_UNKNOWN_SKIP);
                wanted += skips;
                fails = fails || (!skips && ((no_row && for_rows == LFM_UNKNOWN_ERROR) ||
                                             (no_column && for_columns == LFM_UNKNOWN_ERROR)));
                if (!skips && no_row)
                    row_added[rows[i][3] - '1'] = true;
                if (!skips && no_column)
                    column_added[columns[i][5] - '1'] = true;
            }
            const int64_t stored = features ? lfm_dataset_n_features(d, LFM_ITEM) : lfm_dataset_n_interactions(d);
            const int32_t n_rows = row_added[0] + row_added[1], n_columns = column_added[0] + column_added[1];
            if (fails) {
                CHECK_INTEGER(status, LFM_ERROR_DATA);
                CHECK_MESSAGE("there is no");
                CHECK(skipped == -7 && stored == 0 && count(d, row_space) == 2 && count(d, column_space) == before);
            } else {
                CHECK_INTEGER(status, LFM_OK);
                CHECK(skipped == wanted && stored == N - wanted);
                CHECK_INTEGER(count(d, row_space), 2 + n_rows);
                CHECK_INTEGER(count(d, column_space), before + n_columns + (features ? n_rows : 0));
            }
            lfm_dataset_free(d);
        }
    }
}

/* Numbers: more than are looked up together, so that indicators come in several parts. */
static void test_numbers(void)
{
    enum { N = 1000 };
    int64_t users[N], items[N];
    for (int i = 0; i < N; i++) {
        users[i] = (int64_t)i * 10000000019 - 5;
        items[i] = -i % 7;
    }
    lfm_dataset *d = make_with(LFM_IDS_NUMBER, 1, 0);
    lfm_named_entries entries;
    lfm_named_entries_init(&entries);
    entries.n_entries = N;
    entries.rows = lfm_numbers(users);
    entries.columns = lfm_numbers(items);
    entries.unknown_rows = entries.unknown_columns = LFM_UNKNOWN_ADD;
    CHECK_OK(lfm_dataset_add_interactions(d, &entries, NULL));
    CHECK(count(d, LFM_SPACE_USER) == N && count(d, LFM_SPACE_ITEM) == 7 && count(d, LFM_SPACE_USER_FEATURE) == N);
    for (int i = 0; i < N; i++) {
        CHECK_INTEGER(lfm_dataset_indicator(d, LFM_USER, i), i);
        CHECK(lfm_ids_number(lfm_dataset_ids(d, LFM_SPACE_USER), i) == users[i]);
        CHECK(strtoll(lfm_ids_text(lfm_dataset_ids(d, LFM_SPACE_USER_FEATURE), i, NULL), NULL, 10) == users[i]);
    }
    static const char *const tags[] = {"tag", "-3"};
    static const int64_t tagged[] = {-1, -2};
    entries.n_entries = 2;
    entries.rows = lfm_numbers(tagged);
    entries.columns = lfm_strings(tags);
    CHECK_FAILS(lfm_dataset_add_features(d, LFM_ITEM, &entries, NULL), LFM_ERROR_DATA, "the feature '-3'");
    entries.rows = lfm_strings(tags);
    CHECK_FAILS(lfm_dataset_add_features(d, LFM_ITEM, &entries, NULL), LFM_ERROR_ARGUMENT, "rows are texts");
    entries.rows = lfm_numbers(users);
    entries.unknown_rows = LFM_UNKNOWN_ERROR;
    CHECK_FAILS(lfm_dataset_add_features(d, LFM_ITEM, &entries, NULL), LFM_ERROR_DATA,
                "entry 1: there is no item 10000000014");
    entries.n_entries = 1;
    entries.rows = lfm_numbers(tagged);
    CHECK_OK(lfm_dataset_add_features(d, LFM_ITEM, &entries, NULL));
    CHECK_INTEGER(index_of(d, LFM_SPACE_ITEM_FEATURE, "tag"), 7);
    lfm_dataset_free(d);
}

/* Random calls in parts, against the same entries kept in a plain list; columns never move. */
static void test_growth(void)
{
    enum { PARTS = 40, MOST = 60, NAMES = 300 };
    test_random random = {17};
    static char names[NAMES][8], tags[NAMES][8];
    static int32_t first_column[NAMES];
    static double weights[NAMES][NAMES];
    for (int i = 0; i < NAMES; i++) {
        sprintf(names[i], "i%d", i);
        sprintf(tags[i], "t%d", i);
        first_column[i] = -1;
    }
    lfm_dataset *d = make();
    for (int part = 0; part < PARTS; part++) {
        const char *rows[MOST], *columns[MOST];
        float values[MOST];
        const int32_t n = random_below(&random, MOST);
        for (int32_t i = 0; i < n; i++) {
            const int32_t row = random_below(&random, (part + 1) * NAMES / PARTS);
            const int32_t tag = random_below(&random, (part + 1) * NAMES / PARTS);
            rows[i] = names[row];
            columns[i] = tags[tag];
            values[i] = random_signed(&random);
            weights[row][tag] += (double)values[i];
        }
        lfm_named_entries entries = entries_of(n, rows, columns);
        entries.values = lfm_float32(values);
        entries.unknown_rows = entries.unknown_columns = LFM_UNKNOWN_ADD;
        CHECK_OK(lfm_dataset_add_features(d, LFM_ITEM, &entries, NULL));
        for (int32_t r = 0; r < count(d, LFM_SPACE_ITEM); r++) {
            const int32_t column = lfm_dataset_indicator(d, LFM_ITEM, r);
            CHECK(first_column[r] < 0 || first_column[r] == column);
            first_column[r] = column;
            CHECK(strcmp(lfm_ids_text(lfm_dataset_ids(d, LFM_SPACE_ITEM), r, NULL),
                         lfm_ids_text(lfm_dataset_ids(d, LFM_SPACE_ITEM_FEATURE), column, NULL)) == 0);
        }
    }
    lfm_features *f = build(d, LFM_ITEM, 0, LFM_DUPLICATES_SUM);
    for (int r = 0; r < NAMES; r++) {
        if (index_of(d, LFM_SPACE_ITEM, names[r]) < 0)
            continue;
        CHECK(weight_of(d, f, LFM_ITEM, names[r], names[r]) == 1);
        for (int t = 0; t < NAMES; t++)
            CHECK_CLOSE(weight_of(d, f, LFM_ITEM, names[r], tags[t]), weights[r][t], 0, 1e-6);
    }
    lfm_features_free(f);
    lfm_dataset_free(d);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"columns and weights as LightFM's", test_lightfm},
        {"interactions", test_interactions},
        {"unknown names", test_unknown},
        {"numbers", test_numbers},
        {"growth", test_growth},
    };
    return TAP_MAIN("dataset", tests, argc, argv);
}
