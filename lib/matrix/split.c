/* Splitting interactions: at random, k per user, the last k. */
#include "lfm/split.h"

#include "base/numeric.h"
#include "base/random.h"
#include "base/sized.h"
#include "base/sort.h"
#include "matrix/interactions.h"

LFMI_ASSERT_SIZED(lfm_split_options, cancel);

static const lfm_split_options defaults = {
    .size = sizeof(lfm_split_options), .k = 5, .fraction = 0.2, .user_fraction = 0.2, .seed = 1};

void lfm_split_options_init_sized(lfm_split_options *options, size_t size)
{
    lfmi_sized_init(options, size, &defaults, sizeof defaults);
}

/* Numbers that tell apart the streams drawn from one seed. */
enum { STREAM_PAIRS = 1, STREAM_USERS = 2 };

/* A pair's place in the random order of all pairs: depends on the seed and the ids only. */
static uint64_t pair_hash(uint64_t seed, int32_t user, int32_t item)
{
    return lfmi_key(lfmi_key(seed, STREAM_PAIRS), ((uint64_t)(uint32_t)user << 32) | (uint32_t)item);
}

/* Items that go to test, per user: sorted runs in one array. */
typedef struct chosen_items {
    int64_t *offsets; /* n_users + 1 */
    int32_t *items;
    int64_t capacity;
} chosen_items;

static lfm_status chosen_new(const lfm_interactions *m, int64_t capacity, chosen_items *chosen)
{
    *chosen = (chosen_items){.capacity = capacity};
    LFMI_TRY(LFMI_NEW_ZEROED(m->context, (int64_t)m->n_users + 1, "a split", &chosen->offsets));
    return LFMI_NEW_ARRAY(m->context, capacity, "a split", &chosen->items);
}

static void chosen_free(const lfm_interactions *m, chosen_items *chosen)
{
    LFMI_FREE_ARRAY(m->context, chosen->offsets, (int64_t)m->n_users + 1);
    LFMI_FREE_ARRAY(m->context, chosen->items, chosen->capacity);
}

/* Where an entry goes: decided by its pair. */
typedef struct divider {
    uint64_t seed, threshold;   /* random: pairs whose hash is below go to test */
    const chosen_items *chosen; /* else */
    const lfm_cancel *cancel;
} divider;

static bool goes_to_test(const divider *d, int32_t user, int32_t item)
{
    if (d->chosen == NULL)
        return pair_hash(d->seed, user, item) < d->threshold;
    const int64_t begin = d->chosen->offsets[user];
    return lfmi_sorted_has(d->chosen->items + begin, d->chosen->offsets[user + 1] - begin, item);
}

static lfm_status divide(const lfm_interactions *m, const divider *d, lfm_interactions **train,
                         lfm_interactions **test)
{
    int64_t n_test = 0;
    for (int64_t entry = 0; entry < m->n_entries; entry++) {
        if (entry % LFMI_ENTRIES_PER_LOOK == 0)
            LFMI_TRY(lfmi_poll(d->cancel));
        n_test += goes_to_test(d, lfmi_users(m)[entry], lfmi_items(m)[entry]);
    }
    lfm_interactions *sides[2] = {NULL, NULL};
    LFMI_TRY(lfmi_interactions_new_like(m, m->n_users, m->n_items, m->n_entries - n_test, &sides[0]));
    lfm_status status = lfmi_interactions_new_like(m, m->n_users, m->n_items, n_test, &sides[1]);
    int64_t filled[2] = {0, 0};
    for (int64_t entry = 0; entry < m->n_entries && status == LFM_OK; entry++) {
        if (entry % LFMI_ENTRIES_PER_LOOK == 0)
            status = lfmi_poll(d->cancel);
        const int32_t user = lfmi_users(m)[entry], item = lfmi_items(m)[entry];
        const int side = goes_to_test(d, user, item);
        lfmi_interactions_copy_entry(sides[side], filled[side]++, m, entry, user, item);
    }
    if (status != LFM_OK) {
        lfm_interactions_free(sides[0]);
        lfm_interactions_free(sides[1]);
        return status;
    }
    *train = sides[0];
    *test = sides[1];
    return LFM_OK;
}

/* Find the smallest threshold with at least `wanted` entries whose hash is below it, 16 bits a pass. */
static lfm_status hash_threshold(const lfm_interactions *m, const lfm_split_options *o, int64_t wanted,
                                 int64_t *histogram, uint64_t *threshold)
{
    enum { DIGIT_BITS = 16, DIGITS = 1 << DIGIT_BITS };
    uint64_t prefix = 0;
    *threshold = 0;
    if (wanted <= 0)
        return LFM_OK;
    for (int shift = 64 - DIGIT_BITS; shift >= 0; shift -= DIGIT_BITS) {
        for (int i = 0; i < DIGITS; i++)
            histogram[i] = 0;
        for (int64_t entry = 0; entry < m->n_entries; entry++) {
            if (entry % LFMI_ENTRIES_PER_LOOK == 0)
                LFMI_TRY(lfmi_poll(o->cancel));
            const uint64_t hash = pair_hash(o->seed, lfmi_users(m)[entry], lfmi_items(m)[entry]);
            if (shift == 64 - DIGIT_BITS || hash >> (shift + DIGIT_BITS) == prefix)
                histogram[(hash >> shift) & (DIGITS - 1)]++;
        }
        int digit = 0;
        while (digit < DIGITS - 1 && wanted > histogram[digit])
            wanted -= histogram[digit++];
        prefix = prefix << DIGIT_BITS | (uint64_t)digit;
    }
    *threshold = prefix == UINT64_MAX ? prefix : prefix + 1;
    return LFM_OK;
}

static lfm_status split_random(const lfm_interactions *m, const lfm_split_options *o, lfm_interactions **train,
                               lfm_interactions **test)
{
    enum { HISTOGRAM = 1 << 16 };
    int64_t *histogram;
    LFMI_TRY(LFMI_NEW_ARRAY(m->context, HISTOGRAM, "a split", &histogram));
    const int64_t wanted = (int64_t)((double)m->n_entries * o->fraction + 0.5);
    divider d = {.seed = o->seed, .cancel = o->cancel};
    const lfm_status status = hash_threshold(m, o, wanted, histogram, &d.threshold);
    LFMI_FREE_ARRAY(m->context, histogram, HISTOGRAM);
    return status == LFM_OK ? divide(m, &d, train, test) : status;
}

/* Sort by hash, so that the first k cells are a random choice of k. */
static int64_t hash_key(uint64_t hash) { return (int64_t)(hash >> 1); }

/* Choose the users that give k pairs to test: in[user] becomes true for them. */
static int64_t choose_users(const lfm_interactions *m, const lfm_split_options *o, const lfmi_index *index,
                            int32_t *scratch, lfmi_cell *cells, bool *in)
{
    int64_t eligible = 0;
    for (int32_t user = 0; user < m->n_users; user++) {
        in[user] = false;
        if (lfmi_distinct_items(index, user, true, scratch) >= 2 * (int64_t)o->k)
            cells[eligible++] = (lfmi_cell){hash_key(lfmi_key(lfmi_key(o->seed, STREAM_USERS), (uint64_t)user)), user};
    }
    lfmi_sort_cells(cells, eligible);
    const int64_t wanted = (int64_t)((double)eligible * o->user_fraction + 0.5);
    for (int64_t i = 0; i < wanted; i++)
        in[cells[i].tie] = true;
    return wanted;
}

/* Scratch of the two methods that go user by user. */
typedef struct user_scratch {
    int64_t longest;
    int64_t n_cells;
    int32_t *items;
    lfmi_cell *cells;
    bool *in;
} user_scratch;

static lfm_status scratch_new(const lfm_interactions *m, const lfmi_index *index, user_scratch *s)
{
    *s = (user_scratch){.longest = lfmi_longest_user(m, index)};
    s->n_cells = s->longest > m->n_users ? s->longest : m->n_users;
    LFMI_TRY(LFMI_NEW_ARRAY(m->context, s->longest, "a split", &s->items));
    LFMI_TRY(LFMI_NEW_ARRAY(m->context, s->n_cells, "a split", &s->cells));
    return LFMI_NEW_ARRAY(m->context, m->n_users, "a split", &s->in);
}

static void scratch_free(const lfm_interactions *m, user_scratch *s)
{
    LFMI_FREE_ARRAY(m->context, s->items, s->longest);
    LFMI_FREE_ARRAY(m->context, s->cells, s->n_cells);
    LFMI_FREE_ARRAY(m->context, s->in, m->n_users);
}

/* Append the chosen items of one user, sorted. */
static void chosen_append(chosen_items *chosen, int32_t user, const lfmi_cell *cells, int64_t n)
{
    int32_t *items = chosen->items + chosen->offsets[user];
    for (int64_t i = 0; i < n; i++)
        items[i] = (int32_t)cells[i].tie;
    lfmi_sort_int32(items, n);
    chosen->offsets[user + 1] = chosen->offsets[user] + n;
}

static void choose_leave_out(const lfm_interactions *m, const lfm_split_options *o, const lfmi_index *index,
                             const user_scratch *s, chosen_items *chosen)
{
    for (int32_t user = 0; user < m->n_users; user++) {
        chosen->offsets[user + 1] = chosen->offsets[user];
        if (!s->in[user])
            continue;
        const int64_t n = lfmi_distinct_items(index, user, true, s->items);
        for (int64_t i = 0; i < n; i++)
            s->cells[i] = (lfmi_cell){hash_key(pair_hash(o->seed, user, s->items[i])), s->items[i]};
        lfmi_sort_cells(s->cells, n);
        chosen_append(chosen, user, s->cells, o->k);
    }
}

static lfm_status split_leave_out(lfm_interactions *m, const lfm_split_options *o, lfm_interactions **train,
                                  lfm_interactions **test)
{
    const lfmi_index *index;
    LFMI_TRY(lfmi_interactions_index(m, 0, o->cancel, &index));
    user_scratch scratch;
    chosen_items chosen = {0};
    lfm_status status = scratch_new(m, index, &scratch);
    if (status == LFM_OK) {
        const int64_t users = choose_users(m, o, index, scratch.items, scratch.cells, scratch.in);
        status = chosen_new(m, users * o->k, &chosen);
    }
    if (status == LFM_OK) {
        choose_leave_out(m, o, index, &scratch, &chosen);
        const divider d = {.chosen = &chosen, .cancel = o->cancel};
        status = divide(m, &d, train, test);
    }
    chosen_free(m, &chosen);
    scratch_free(m, &scratch);
    return status;
}

/* Keep the k latest distinct items of a user's positives; cells come as (time, entry). */
static int64_t keep_latest(const lfm_interactions *m, lfmi_cell *cells, int64_t n, int32_t k, int32_t *kept)
{
    int64_t n_kept = 0;
    lfmi_sort_cells(cells, n);
    for (int64_t i = n - 1; i >= 0 && n_kept < k; i--) {
        const int32_t item = lfmi_items(m)[cells[i].tie];
        bool seen = false;
        for (int64_t j = 0; j < n_kept && !seen; j++)
            seen = kept[j] == item;
        if (!seen)
            kept[n_kept++] = item;
    }
    return n_kept;
}

static void choose_last(const lfm_interactions *m, const lfm_split_options *o, const lfmi_index *index,
                        const lfmi_grouping *grouping, const user_scratch *s, chosen_items *chosen)
{
    for (int32_t user = 0; user < m->n_users; user++) {
        chosen->offsets[user + 1] = chosen->offsets[user];
        if (lfmi_distinct_items(index, user, true, s->items) <= o->k)
            continue;
        int64_t n = 0;
        for (int64_t at = grouping->groups[user]; at < grouping->groups[user + 1]; at++) {
            const int64_t entry = grouping->order[at];
            if (lfmi_is_positive(m, entry))
                s->cells[n++] = (lfmi_cell){lfmi_timestamps(m)[entry], entry};
        }
        const int64_t n_kept = keep_latest(m, s->cells, n, o->k, s->items);
        for (int64_t i = 0; i < n_kept; i++)
            s->cells[i].tie = s->items[i];
        chosen_append(chosen, user, s->cells, n_kept);
    }
}

static lfm_status split_last(lfm_interactions *m, const lfm_split_options *o, lfm_interactions **train,
                             lfm_interactions **test)
{
    if (m->timestamps.data == NULL && m->n_entries > 0)
        return lfmi_fail(LFM_ERROR_OPTION, "lfm_interactions_split: the method last needs timestamps");
    const lfmi_index *index;
    LFMI_TRY(lfmi_interactions_index(m, 0, o->cancel, &index));
    const lfmi_input input = {.what = "interactions",
                              .n_entries = m->n_entries,
                              .n_rows = m->n_users,
                              .n_columns = m->n_items,
                              .rows = lfm_int32(lfmi_users(m)),
                              .columns = lfm_int32(lfmi_items(m)),
                              .cancel = o->cancel};
    user_scratch scratch;
    chosen_items chosen = {0};
    lfmi_grouping grouping = {0};
    lfm_status status = scratch_new(m, index, &scratch);
    if (status == LFM_OK)
        status = lfmi_group(m->context, &input, &grouping);
    if (status == LFM_OK) {
        int64_t capacity = 0;
        for (int32_t user = 0; user < m->n_users; user++)
            capacity += lfmi_distinct_items(index, user, true, scratch.items) > o->k ? o->k : 0;
        status = chosen_new(m, capacity, &chosen);
    }
    if (status == LFM_OK) {
        choose_last(m, o, index, &grouping, &scratch, &chosen);
        const divider d = {.chosen = &chosen, .cancel = o->cancel};
        status = divide(m, &d, train, test);
    }
    chosen_free(m, &chosen);
    lfmi_grouping_free(m->context, &grouping);
    scratch_free(m, &scratch);
    return status;
}

lfm_status lfm_interactions_split(lfm_interactions *interactions, const lfm_split_options *options,
                                  lfm_interactions **train, lfm_interactions **test)
{
    lfmi_clear_message();
    LFMI_REQUIRE(interactions);
    LFMI_REQUIRE(train);
    LFMI_REQUIRE(test);
    lfm_split_options o = defaults;
    if (options != NULL)
        LFMI_TRY(lfmi_sized_read(&o, sizeof o, options, "lfm_split_options"));
    if (!(o.fraction >= 0 && o.fraction <= 1) || !(o.user_fraction >= 0 && o.user_fraction <= 1) || o.k < 1)
        return lfmi_fail(LFM_ERROR_OPTION,
                         "lfm_interactions_split: fraction %g and user_fraction %g must be in [0, 1], k %d at least 1",
                         o.fraction, o.user_fraction, o.k);
    switch (o.method) {
    case LFM_SPLIT_RANDOM: return split_random(interactions, &o, train, test);
    case LFM_SPLIT_LEAVE_OUT: return split_leave_out(interactions, &o, train, test);
    case LFM_SPLIT_LAST: return split_last(interactions, &o, train, test);
    default: return lfmi_fail(LFM_ERROR_OPTION, "lfm_interactions_split: there is no method number %d", o.method);
    }
}
