/* The test set: which held-out pairs count, and the check that none of them was trained on. */
#include "testset.h"

#include <stdlib.h>
#include <string.h>

#include "common.h"

/* Bits, one a user. */
typedef struct user_marks {
    bool *trained, *tested;
} user_marks;

static bool mark_users(user_marks *marks, const dataset *data)
{
    const size_t n = (size_t)lfm_ids_count(data->users) + 1;
    marks->trained = calloc(n, sizeof *marks->trained);
    marks->tested = calloc(n, sizeof *marks->tested);
    if (marks->trained == NULL || marks->tested == NULL)
        return false;
    const int64_t entries = lfm_interactions_n_entries(data->train);
    const int32_t *users = lfm_interactions_users(data->train);
    for (int64_t e = 0; e < entries; e++)
        marks->trained[users[e]] = true;
    if (data->unknown_training)
        memset(marks->trained, true, n);
    return true;
}

static void count_users(dataset *data, const user_marks *marks)
{
    for (int32_t u = 0; u < lfm_ids_count(data->users); u++) {
        data->test_users += marks->tested[u];
        data->test_users_skipped += marks->tested[u] && !marks->trained[u];
    }
}

static int store(dataset *data, lfm_context *context, const pairs *kept)
{
    if (kept->n == 0)
        return EXIT_FINE;
    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_entries = kept->n;
    coo.n_rows = lfm_ids_count(data->users);
    coo.n_columns = lfm_ids_count(data->items);
    coo.rows = lfm_int32(kept->users);
    coo.columns = lfm_int32(kept->items);
    coo.values = lfm_float32(kept->values);
    return lfm_interactions_from_coo(context, &coo, NULL, &data->test) == LFM_OK ? EXIT_FINE
                                                                                 : fail_library();
}

static int keep_positives(dataset *data, lfm_context *context, int64_t n, const int32_t *pair_users,
                          const int32_t *pair_items, const float *values, const lfm_ids *users,
                          const lfm_ids *items)
{
    user_marks marks = {NULL, NULL};
    pairs kept = {.n = 0};
    bool enough_memory = mark_users(&marks, data);
    for (int64_t e = 0; e < n && enough_memory; e++) {
        const float value = values != NULL ? values[e] : 1;
        if (!(value > 0))
            continue;
        const int32_t user = same_id(users, data->users, pair_users[e]);
        const int32_t item = same_id(items, data->items, pair_items[e]);
        if (user < 0 || item < 0) {
            data->test_pairs_dropped++;
            continue;
        }
        marks.tested[user] = true;
        if (marks.trained[user])
            enough_memory = pairs_append(&kept, user, item, value);
    }
    int code = EXIT_FINE;
    if (enough_memory) {
        count_users(data, &marks);
        code = store(data, context, &kept);
    } else {
        code = fail_memory();
    }
    free(marks.trained);
    free(marks.tested);
    pairs_free(&kept);
    return code;
}

int testset_make(dataset *data, lfm_context *context, const pairs *held_out, const lfm_ids *users,
                 const lfm_ids *items)
{
    return keep_positives(data, context, held_out->n, held_out->users, held_out->items,
                          held_out->values, users, items);
}

int testset_from_split(dataset *data, lfm_context *context, const lfm_interactions *half)
{
    return keep_positives(data, context, lfm_interactions_n_entries(half),
                          lfm_interactions_users(half), lfm_interactions_items(half),
                          lfm_interactions_values(half), data->users, data->items);
}

int testset_check_overlap(const dataset *data)
{
    int32_t found, user, item;
    if (data->test == NULL)
        return EXIT_FINE;
    if (lfm_find_overlap(data->test, data->train, &found, &user, &item) != LFM_OK)
        return fail_library();
    if (found == 0)
        return EXIT_FINE;
    char shown_user[EXCERPT_SIZE], shown_item[EXCERPT_SIZE];
    show_id(data->users, user, shown_user);
    show_id(data->items, item, shown_item);
    return fail(
        "user '%s' and item '%s' are a test positive and in the training set too, which would "
        "falsify the metrics (--allow-overlap goes on anyway)",
        shown_user, shown_item);
}
