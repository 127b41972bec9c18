/* Datasets: what is refused, in which words, and that nothing has changed then. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "build.h"
#include "check.h"
#include "counting.h"
#include "named.h"
#include "tap.h"

static void test_messages(void)
{
    static const char *const users[] = {"ann", "bob"}, *const items[] = {"x", "y\n"};
    static const char *const strangers[] = {"ann", "a stranger with a name that is so long that no line should hold "
                                                   "the whole of it, really"};
    static const float values[] = {1, NAN}, negative[] = {1, -2};
    static const double huge[] = {1, 1e300};
    lfm_dataset *d = make();
    add_strings(d, LFM_SPACE_USER, 2, users);
    add_strings(d, LFM_SPACE_ITEM, 2, items);
    lfm_named_entries entries = entries_of(2, strangers, items);
    CHECK_FAILS(lfm_dataset_add_interactions(d, &entries, NULL), LFM_ERROR_DATA,
                "entry 1: there is no user 'a stranger");
    CHECK(strlen(lfm_last_message()) < 200);
    entries = entries_of(2, users, users);
    CHECK_FAILS(lfm_dataset_add_interactions(d, &entries, NULL), LFM_ERROR_DATA, "entry 0: there is no item 'ann'");
    CHECK_FAILS(lfm_dataset_add_features(d, LFM_ITEM, &entries, NULL), LFM_ERROR_DATA, "there is no item 'ann'");
    entries = entries_of(2, items, strangers);
    CHECK_FAILS(lfm_dataset_add_features(d, LFM_ITEM, &entries, NULL), LFM_ERROR_DATA,
                "entry 0: there is no item feature 'ann'");
    entries = entries_of(2, users, items);
    entries.values = lfm_float32(values);
    CHECK_FAILS(lfm_dataset_add_interactions(d, &entries, NULL), LFM_ERROR_DATA,
                "entry 1 (user 'bob', item 'y?'): the value nan is not a finite float32");
    entries.values = lfm_float64(huge);
    CHECK_FAILS(lfm_dataset_add_interactions(d, &entries, NULL), LFM_ERROR_DATA, "1e+300");
    entries.values = lfm_none();
    entries.weights = lfm_float32(negative);
    CHECK_FAILS(lfm_dataset_add_interactions(d, &entries, NULL), LFM_ERROR_DATA, "the weight -2 is below 0");
    CHECK_FAILS(lfm_dataset_add_features(d, LFM_USER, &entries, NULL), LFM_ERROR_ARGUMENT, "weights");
    entries.weights = lfm_int32((const int32_t *)(const void *)negative);
    CHECK_FAILS(lfm_dataset_add_interactions(d, &entries, NULL), LFM_ERROR_ARGUMENT, "float32 or float64");
    entries.weights = lfm_none();
    entries.timestamps = lfm_float64(huge);
    CHECK_FAILS(lfm_dataset_add_interactions(d, &entries, NULL), LFM_ERROR_ARGUMENT, "int64");
    entries.timestamps = lfm_none();
    entries.unknown_columns = 3;
    CHECK_FAILS(lfm_dataset_add_interactions(d, &entries, NULL), LFM_ERROR_OPTION, "unknown columns");
    entries.unknown_columns = 0;
    entries.n_entries = -1;
    CHECK_FAILS(lfm_dataset_add_interactions(d, &entries, NULL), LFM_ERROR_ARGUMENT, "-1");
    entries.size = 1;
    CHECK_FAILS(lfm_dataset_add_interactions(d, &entries, NULL), LFM_ERROR_OPTION, "lfm_named_entries");
    CHECK_FAILS(lfm_dataset_add_interactions(d, NULL, NULL), LFM_ERROR_ARGUMENT, "entries");
    CHECK_FAILS(lfm_dataset_add_interactions(NULL, &entries, NULL), LFM_ERROR_ARGUMENT, "NULL");
    CHECK_FAILS(lfm_dataset_add_features(d, 2, &entries, NULL), LFM_ERROR_ARGUMENT, "side number 2");
    CHECK_FAILS(lfm_dataset_add_ids(d, 4, 2, lfm_strings(users), NULL), LFM_ERROR_ARGUMENT, "space number 4");
    CHECK_FAILS(lfm_dataset_add_ids(d, 0, 2, lfm_strings(NULL), NULL), LFM_ERROR_ARGUMENT, "names");
    CHECK_FAILS(lfm_dataset_add_ids(d, 0, -2, lfm_strings(users), NULL), LFM_ERROR_ARGUMENT, "-2");
    lfm_features *f = NULL;
    CHECK_FAILS(lfm_dataset_features(d, 2, NULL, &f), LFM_ERROR_ARGUMENT, "side number 2");
    CHECK_FAILS(lfm_dataset_features(d, 0, NULL, NULL), LFM_ERROR_ARGUMENT, "out");
    CHECK_FAILS(lfm_dataset_interactions(d, NULL, NULL), LFM_ERROR_ARGUMENT, "out");
    lfm_dataset_options options;
    lfm_dataset_options_init(&options);
    options.item_ids = 7;
    lfm_dataset *none = NULL;
    CHECK_FAILS(lfm_dataset_create(NULL, &options, &none), LFM_ERROR_OPTION, "item_ids is 7");
    CHECK_FAILS(lfm_dataset_create(NULL, NULL, NULL), LFM_ERROR_ARGUMENT, "out");
    CHECK(none == NULL && f == NULL && lfm_dataset_n_interactions(d) == 0 && count(d, LFM_SPACE_USER) == 2);
    CHECK(lfm_dataset_ids(d, 4) == NULL && lfm_dataset_ids(NULL, 0) == NULL);
    CHECK(lfm_dataset_n_interactions(NULL) == 0 && lfm_dataset_n_features(NULL, 0) == 0);
    lfm_dataset_clear_features(d, 9);
    lfm_dataset_clear_interactions(NULL);
    lfm_dataset *again = lfm_dataset_ref(d);
    lfm_dataset_free(d);
    CHECK_INTEGER(count(again, LFM_SPACE_USER), 2);
    lfm_dataset_free(again);
    lfm_dataset_free(NULL);
}

/* A feature named like an item. */
static void test_shared_names(void)
{
    static const char *const items[] = {"1984", "2001"}, *const tags[] = {"novel", "1984"};
    static const char *const later[] = {"x", "novel"};
    lfm_dataset *d = make();
    add_strings(d, LFM_SPACE_ITEM, 2, items);
    CHECK_FAILS(lfm_dataset_add_ids(d, LFM_SPACE_ITEM_FEATURE, 2, lfm_strings(tags), NULL), LFM_ERROR_DATA,
                "entry 1: the feature '1984'");
    CHECK_INTEGER(count(d, LFM_SPACE_ITEM_FEATURE), 2);
    lfm_named_entries entries = entries_of(2, items, tags);
    for (int32_t policy = LFM_UNKNOWN_SKIP; policy <= LFM_UNKNOWN_ADD; policy++) {
        entries.unknown_columns = policy;
        CHECK_FAILS(lfm_dataset_add_features(d, LFM_ITEM, &entries, NULL), LFM_ERROR_DATA,
                    "entry 1: the feature '1984'");
    }
    CHECK(count(d, LFM_SPACE_ITEM_FEATURE) == 2 && lfm_dataset_n_features(d, LFM_ITEM) == 0);
    add_strings(d, LFM_SPACE_ITEM_FEATURE, 1, tags);
    int32_t indices[2] = {-7, -7};
    CHECK_FAILS(lfm_dataset_add_ids(d, LFM_SPACE_ITEM, 2, lfm_strings(later), indices), LFM_ERROR_DATA,
                "entry 1: the new item 'novel'");
    CHECK(count(d, LFM_SPACE_ITEM) == 2 && count(d, LFM_SPACE_ITEM_FEATURE) == 3 && indices[0] == -7);
    /* Users' features are another map. */
    add_strings(d, LFM_SPACE_USER_FEATURE, 2, items);
    lfm_dataset_free(d);

    d = make_with(LFM_IDS_TEXT, 1, 1);
    add_strings(d, LFM_SPACE_ITEM, 2, items);
    entries.unknown_columns = LFM_UNKNOWN_ADD;
    CHECK_OK(lfm_dataset_add_features(d, LFM_ITEM, &entries, NULL));
    CHECK_OK(lfm_dataset_add_ids(d, LFM_SPACE_ITEM, 2, lfm_strings(later), indices));
    CHECK(indices[0] == 2 && indices[1] == 3 && lfm_dataset_indicator(d, LFM_ITEM, 3) == 2 &&
          lfm_dataset_indicator(d, LFM_ITEM, 2) == 3 && count(d, LFM_SPACE_ITEM_FEATURE) == 4);
    lfm_features *f = build(d, LFM_ITEM, 0, LFM_DUPLICATES_KEEP);
    CHECK(weight_of(d, f, LFM_ITEM, "2001", "1984") == 1 && weight_of(d, f, LFM_ITEM, "2001", "2001") == 1 &&
          weight_of(d, f, LFM_ITEM, "1984", "novel") == 1 && weight_of(d, f, LFM_ITEM, "novel", "novel") == 1);
    lfm_features_free(f);
    lfm_dataset_free(d);

    /* Without identity nothing is shared. */
    d = make_with(LFM_IDS_TEXT, 0, 0);
    add_strings(d, LFM_SPACE_ITEM, 2, items);
    CHECK_OK(lfm_dataset_add_features(d, LFM_ITEM, &entries, NULL));
    CHECK(count(d, LFM_SPACE_ITEM_FEATURE) == 2 && lfm_dataset_indicator(d, LFM_ITEM, 0) == -1);
    f = build(d, LFM_ITEM, 0, LFM_DUPLICATES_KEEP);
    CHECK_INTEGER(lfm_features_n_entries(f), 2);
    lfm_features_free(f);
    f = build(d, LFM_USER, 1, LFM_DUPLICATES_KEEP);
    CHECK(lfm_features_n_rows(f) == 0 && lfm_features_n_features(f) == 0);
    lfm_features_free(f);
    lfm_dataset_free(d);
}

/* Each allocation of growing calls fails in turn: nothing has changed, and the call can be made again. */
static void test_no_memory(void)
{
    enum { N = 700 };
    static char users[N][8], tags[N][8];
    static const char *user_names[N], *tag_names[N];
    static float values[N];
    for (int i = 0; i < N; i++) {
        sprintf(users[i], "u%d", i / 2);
        sprintf(tags[i], "t%d", i / 3);
        user_names[i] = users[i];
        tag_names[i] = tags[i];
        values[i] = (float)i;
    }
    for (int features = 0; features < 2; features++) {
        bool succeeded = false;
        int failures = 0;
        for (long long at = 1; at < 200 && !succeeded; at++) {
            counting counts = {0};
            lfm_context *context = counting_context(&counts, NULL, NULL);
            lfm_dataset *d = NULL;
            REQUIRE_OK(lfm_dataset_create(context, NULL, &d));
            lfm_named_entries entries = entries_of(40, user_names, tag_names);
            entries.unknown_rows = entries.unknown_columns = LFM_UNKNOWN_ADD;
            REQUIRE_OK(features ? lfm_dataset_add_features(d, LFM_USER, &entries, NULL)
                                : lfm_dataset_add_interactions(d, &entries, NULL));
            int32_t before[4];
            for (int32_t space = 0; space < 4; space++)
                before[space] = count(d, space);
            entries.n_entries = N;
            entries.values = lfm_float32(values);
            if (!features)
                entries.weights = lfm_float32(values);
            counts.fail_at = counts.calls + at;
            int64_t skipped = -7;
            const lfm_status status = features ? lfm_dataset_add_features(d, LFM_USER, &entries, &skipped)
                                               : lfm_dataset_add_interactions(d, &entries, &skipped);
            succeeded = status == LFM_OK;
            if (!succeeded) {
                failures++;
                CHECK(status == LFM_ERROR_MEMORY && skipped == -7);
                for (int32_t space = 0; space < 4; space++)
                    CHECK_INTEGER(count(d, space), before[space]);
                CHECK_INTEGER(features ? lfm_dataset_n_features(d, LFM_USER) : lfm_dataset_n_interactions(d), 40);
                CHECK_OK(features ? lfm_dataset_add_features(d, LFM_USER, &entries, &skipped)
                                  : lfm_dataset_add_interactions(d, &entries, &skipped));
            }
            CHECK_INTEGER(count(d, LFM_SPACE_USER), N / 2);
            for (int32_t r = 0; r < N / 2; r++)
                CHECK(index_of(d, LFM_SPACE_USER_FEATURE, user_names[2 * r]) == lfm_dataset_indicator(d, LFM_USER, r));
            lfm_dataset_free(d);
            lfm_context_free(context);
            CHECK(counts.live == 0 && counts.errors == 0);
        }
        tap_note("%d allocations", failures);
        CHECK(succeeded && failures > 5);
    }
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"messages", test_messages},
        {"features named like items", test_shared_names},
        {"no memory in the middle", test_no_memory},
    };
    return TAP_MAIN("dataset refused", tests, argc, argv);
}
