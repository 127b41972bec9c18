/* Dropping rare users and items until all that are left have enough. */
#include "lfm/split.h"
#include "matrix/interactions.h"

/* Who is left, and how many distinct pairs each has with those that are left. */
typedef struct survivors {
    int32_t *user_new, *item_new; /* new ids, -1: dropped */
    int64_t *item_count;
    int32_t *scratch; /* distinct items of a user */
    int64_t longest;
    int32_t n_users, n_items;
} survivors;

static lfm_status survivors_new(const lfm_interactions *m, const lfmi_index *index, survivors *s)
{
    *s = (survivors){.longest = lfmi_longest_user(m, index)};
    LFMI_TRY(LFMI_NEW_ZEROED(m->context, m->n_users, "thresholding", &s->user_new));
    LFMI_TRY(LFMI_NEW_ZEROED(m->context, m->n_items, "thresholding", &s->item_new));
    LFMI_TRY(LFMI_NEW_ARRAY(m->context, m->n_items, "thresholding", &s->item_count));
    return LFMI_NEW_ARRAY(m->context, s->longest, "thresholding", &s->scratch);
}

static void survivors_free(const lfm_interactions *m, survivors *s)
{
    LFMI_FREE_ARRAY(m->context, s->user_new, m->n_users);
    LFMI_FREE_ARRAY(m->context, s->item_new, m->n_items);
    LFMI_FREE_ARRAY(m->context, s->item_count, m->n_items);
    LFMI_FREE_ARRAY(m->context, s->scratch, s->longest);
}

/* One round: drop users, then items, that have too few. Return whether any was dropped. */
static bool drop_rare(const lfm_interactions *m, const lfmi_index *index, int32_t min_user, int32_t min_item,
                      survivors *s)
{
    bool dropped = false;
    for (int32_t item = 0; item < m->n_items; item++)
        s->item_count[item] = 0;
    for (int32_t user = 0; user < m->n_users; user++) {
        if (s->user_new[user] < 0)
            continue;
        const int64_t n = lfmi_distinct_items(index, user, false, s->scratch);
        int64_t alive = 0;
        for (int64_t i = 0; i < n; i++)
            alive += s->item_new[s->scratch[i]] >= 0;
        if (alive < min_user) {
            s->user_new[user] = -1;
            dropped = true;
            continue;
        }
        for (int64_t i = 0; i < n; i++)
            s->item_count[s->scratch[i]]++;
    }
    for (int32_t item = 0; item < m->n_items; item++) {
        if (s->item_new[item] >= 0 && s->item_count[item] < min_item) {
            s->item_new[item] = -1;
            dropped = true;
        }
    }
    return dropped;
}

/* Number those left; old_ids may be NULL. */
static int32_t renumber(int32_t *new_ids, int32_t n, int32_t *old_ids)
{
    int32_t left = 0;
    for (int32_t old = 0; old < n; old++) {
        if (new_ids[old] < 0)
            continue;
        if (old_ids != NULL)
            old_ids[left] = old;
        new_ids[old] = left++;
    }
    return left;
}

static lfm_status copy_survivors(const lfm_interactions *m, const survivors *s, lfm_interactions **out)
{
    int64_t n = 0;
    for (int64_t entry = 0; entry < m->n_entries; entry++)
        n += s->user_new[lfmi_users(m)[entry]] >= 0 && s->item_new[lfmi_items(m)[entry]] >= 0;
    lfm_interactions *left;
    LFMI_TRY(lfmi_interactions_new_like(m, s->n_users, s->n_items, n, &left));
    int64_t to = 0;
    for (int64_t entry = 0; entry < m->n_entries; entry++) {
        const int32_t user = s->user_new[lfmi_users(m)[entry]], item = s->item_new[lfmi_items(m)[entry]];
        if (user >= 0 && item >= 0)
            lfmi_interactions_copy_entry(left, to++, m, entry, user, item);
    }
    *out = left;
    return LFM_OK;
}

lfm_status lfm_interactions_threshold(lfm_interactions *interactions, int32_t min_user, int32_t min_item,
                                      int32_t *user_ids, int32_t *item_ids, lfm_interactions **out)
{
    lfmi_clear_message();
    LFMI_REQUIRE(interactions);
    LFMI_REQUIRE(out);
    if (min_user < 0 || min_item < 0)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "lfm_interactions_threshold: min_user %d and min_item %d must be >= 0",
                         min_user, min_item);
    const lfm_interactions *m = interactions;
    const lfmi_index *index;
    LFMI_TRY(lfmi_interactions_index(interactions, 0, NULL, &index));
    survivors s;
    lfm_status status = survivors_new(m, index, &s);
    if (status == LFM_OK) {
        while (drop_rare(m, index, min_user, min_item, &s))
            continue;
        /* The old ids are written only when nothing can fail any more. */
        s.n_users = renumber(s.user_new, m->n_users, NULL);
        s.n_items = renumber(s.item_new, m->n_items, NULL);
        status = copy_survivors(m, &s, out);
    }
    if (status == LFM_OK) {
        renumber(s.user_new, m->n_users, user_ids);
        renumber(s.item_new, m->n_items, item_ids);
    }
    survivors_free(m, &s);
    return status;
}
