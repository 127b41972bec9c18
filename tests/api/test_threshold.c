/* Dropping rare users and items, against doing it entry by entry. */
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "check.h"
#include "tap.h"

enum { USERS = 30, ITEMS = 40 };

/* The distinct partners left of each user and item. */
static void count(const test_entries *e, const bool *users, const bool *items, int *of_user, int *of_item)
{
    static char seen[USERS][ITEMS];
    memset(seen, 0, sizeof seen);
    memset(of_user, 0, USERS * sizeof *of_user);
    memset(of_item, 0, ITEMS * sizeof *of_item);
    for (int64_t i = 0; i < e->n; i++) {
        const int32_t user = e->users[i], item = e->items[i];
        if (!users[user] || !items[item] || seen[user][item])
            continue;
        seen[user][item] = 1;
        of_user[user]++;
        of_item[item]++;
    }
}

static void check_threshold(const test_entries *e, int32_t min_user, int32_t min_item)
{
    bool users[USERS], items[ITEMS], dropped = true;
    int of_user[USERS], of_item[ITEMS];
    memset(users, true, sizeof users);
    memset(items, true, sizeof items);
    while (dropped) {
        dropped = false;
        count(e, users, items, of_user, of_item);
        for (int i = 0; i < USERS; i++)
            dropped = dropped || (users[i] && of_user[i] < min_user);
        for (int i = 0; i < USERS; i++)
            users[i] = users[i] && of_user[i] >= min_user;
        count(e, users, items, of_user, of_item);
        for (int i = 0; i < ITEMS; i++)
            dropped = dropped || (items[i] && of_item[i] < min_item);
        for (int i = 0; i < ITEMS; i++)
            items[i] = items[i] && of_item[i] >= min_item;
    }
    lfm_interactions *m = entries_build(NULL, e), *left = NULL;
    int32_t user_ids[USERS], item_ids[ITEMS];
    memset(user_ids, -1, sizeof user_ids);
    memset(item_ids, -1, sizeof item_ids);
    CHECK_OK(lfm_interactions_threshold(m, min_user, min_item, user_ids, item_ids, &left));
    int32_t n_users = 0, n_items = 0, new_user[USERS], new_item[ITEMS];
    for (int i = 0; i < USERS; i++) {
        new_user[i] = users[i] ? n_users : -1;
        if (users[i])
            CHECK_INTEGER(user_ids[n_users++], i);
    }
    for (int i = 0; i < ITEMS; i++) {
        new_item[i] = items[i] ? n_items : -1;
        if (items[i])
            CHECK_INTEGER(item_ids[n_items++], i);
    }
    CHECK_INTEGER(lfm_interactions_n_users(left), n_users);
    CHECK_INTEGER(lfm_interactions_n_items(left), n_items);
    CHECK(n_users == USERS || user_ids[n_users] == -1);
    int64_t at = 0;
    for (int64_t i = 0; i < e->n; i++) {
        if (new_user[e->users[i]] < 0 || new_item[e->items[i]] < 0)
            continue;
        REQUIRE(at < lfm_interactions_n_entries(left));
        CHECK_INTEGER(lfm_interactions_users(left)[at], new_user[e->users[i]]);
        CHECK_INTEGER(lfm_interactions_items(left)[at], new_item[e->items[i]]);
        CHECK(lfm_interactions_values(left)[at] == e->values[i] &&
              lfm_interactions_weights(left)[at] == e->weights[i] &&
              lfm_interactions_timestamps(left)[at] == e->timestamps[i]);
        at++;
    }
    CHECK_INTEGER(lfm_interactions_n_entries(left), at);
    lfm_interactions_free(left);
    lfm_interactions_free(m);
}

static void test_counts(void)
{
    for (uint64_t seed = 1; seed <= 4; seed++) {
        test_entries e = entries_random(seed, 250, USERS, ITEMS, 3, 0);
        entries_add_weights(&e, 1);
        entries_add_timestamps(&e, 2, 50);
        for (int32_t min_user = 0; min_user < 12; min_user += 2) {
            for (int32_t min_item = 0; min_item < 9; min_item++)
                check_threshold(&e, min_user, min_item);
        }
        check_threshold(&e, 1, 1);
        check_threshold(&e, 1000, 0);
        check_threshold(&e, 0, INT32_MAX);
        entries_free(&e);
    }
}

/* 0 keeps those without entries, 1 drops them. */
static void test_zero_and_one(void)
{
    static const int32_t users[] = {1}, items[] = {2};
    lfm_interactions *m = build_interactions(1, 3, 4, users, items, NULL), *left = NULL;
    CHECK_OK(lfm_interactions_threshold(m, 0, 0, NULL, NULL, &left));
    CHECK(lfm_interactions_n_users(left) == 3 && lfm_interactions_n_items(left) == 4);
    lfm_interactions_free(left);
    CHECK_OK(lfm_interactions_threshold(m, 1, 0, NULL, NULL, &left));
    CHECK(lfm_interactions_n_users(left) == 1 && lfm_interactions_n_items(left) == 4);
    lfm_interactions_free(left);
    CHECK_OK(lfm_interactions_threshold(m, 0, 1, NULL, NULL, &left));
    CHECK(lfm_interactions_n_users(left) == 3 && lfm_interactions_n_items(left) == 1 &&
          lfm_interactions_n_entries(left) == 1);
    lfm_interactions_free(left);
    lfm_interactions_free(m);
}

static void test_bad(void)
{
    lfm_interactions *m = build_interactions(0, 3, 4, NULL, NULL, NULL), *left = NULL;
    int32_t ids[4] = {-9, -9, -9, -9};
    CHECK_FAILS(lfm_interactions_threshold(NULL, 1, 1, ids, ids, &left), LFM_ERROR_ARGUMENT, "interactions");
    CHECK_FAILS(lfm_interactions_threshold(m, 1, 1, ids, ids, NULL), LFM_ERROR_ARGUMENT, "out");
    CHECK_FAILS(lfm_interactions_threshold(m, -1, 1, ids, ids, &left), LFM_ERROR_ARGUMENT, "-1");
    CHECK_FAILS(lfm_interactions_threshold(m, 1, -2, ids, ids, &left), LFM_ERROR_ARGUMENT, "-2");
    CHECK(left == NULL && ids[0] == -9);
    lfm_interactions_free(m);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"what is left, again and again", test_counts},
        {"0 keeps, 1 drops what has no entries", test_zero_and_one},
        {"bad input", test_bad},
    };
    return TAP_MAIN("threshold", tests, argc, argv);
}
