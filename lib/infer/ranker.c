/* Ranks of target items, for many users in one pass.
 *
 * The targets of a user are sorted by score. A candidate then reaches the lowest few of them, and it is
 * enough to count the candidates by how many they reach. Items that are not candidates, few as they are,
 * are counted with the rest and taken off at the end. So many scores are near some target that panels in less than
 * float32 would have most of them scored twice: items are then packed in float32 as they are needed. */
#include "infer/ranker.h"

#include "base/sort.h"

/* Up to so many targets each score is compared with each target; beyond, its place is searched. */
enum { FEW_TARGETS = 12 };

lfm_status lfmi_ranker_new(const lfm_scorer *scorer, int64_t max_targets, lfmi_ranker *ranker)
{
    enum { USUAL_TARGETS = 64 * LFMI_PASS_USERS };
    lfm_context *context = scorer->context;
    *ranker = (lfmi_ranker){.context = context, .room = max_targets > USUAL_TARGETS ? max_targets : USUAL_TARGETS};
    const bool is_float = scorer->items.kind == LFMI_SCAN_FLOAT;
    ranker->unpacked = lfmi_panels_unpacked(&scorer->items);
    LFMI_TRY(lfmi_pass_new(scorer, is_float ? &scorer->items : &ranker->unpacked, &ranker->pass));
    LFMI_TRY(LFMI_NEW_ARRAY(context, ranker->room, "targets", &ranker->scores));
    LFMI_TRY(LFMI_NEW_ARRAY(context, ranker->room, "targets", &ranker->low));
    LFMI_TRY(LFMI_NEW_ARRAY(context, ranker->room, "targets", &ranker->high));
    LFMI_TRY(LFMI_NEW_ARRAY(context, ranker->room + LFMI_PASS_USERS, "targets", &ranker->counts));
    LFMI_TRY(LFMI_NEW_ARRAY(context, ranker->room, "targets", &ranker->keys));
    return LFMI_NEW_ARRAY(context, LFMI_CHUNK, "targets", &ranker->places);
}

void lfmi_ranker_free(lfmi_ranker *ranker)
{
    if (ranker->context == NULL)
        return;
    lfm_context *context = ranker->context;
    lfmi_pass_free(&ranker->pass);
    LFMI_FREE_ARRAY(context, ranker->scores, ranker->room);
    LFMI_FREE_ARRAY(context, ranker->low, ranker->room);
    LFMI_FREE_ARRAY(context, ranker->high, ranker->room);
    LFMI_FREE_ARRAY(context, ranker->counts, ranker->room + LFMI_PASS_USERS);
    LFMI_FREE_ARRAY(context, ranker->keys, ranker->room);
    LFMI_FREE_ARRAY(context, ranker->places, LFMI_CHUNK);
}

/* How many of the ascending numbers are <= score; 0 for NaN. */
static int64_t count_up_to(const float *numbers, int64_t n, float score)
{
    int64_t low = 0;
    while (n > 0) {
        const int64_t half = n / 2;
        const bool right = numbers[low + half] <= score;
        low += right ? half + 1 : 0;
        n = right ? n - half - 1 : half;
    }
    return low;
}

/* Order-preserving map of floats to integers, so that they sort as integers. */
static int32_t float_key(float x)
{
    int32_t bits;
    const float positive_zero = x + 0.0f; /* -0 becomes +0: both are the same score */
    memcpy(&bits, &positive_zero, sizeof bits);
    return bits >= 0 ? bits : (int32_t)(INT32_MIN - (int64_t)bits);
}
static float key_float(int32_t key)
{
    const int32_t bits = key >= 0 ? key : (int32_t)(INT32_MIN - (int64_t)key);
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Score and sort the targets of a user; those that score NaN are left out. */
static void set_targets(lfmi_ranker *ranker, int32_t at, const lfmi_rank_user *from)
{
    lfmi_targets *targets = &ranker->targets[at];
    lfmi_pass_user *user = &ranker->pass.users[at];
    targets->n = 0;
    for (int64_t i = 0; i < from->n; i++) {
        const float score = lfmi_pass_exact(&ranker->pass, at, from->items[i]);
        if (score == score)
            ranker->keys[targets->n++] = float_key(score);
    }
    lfmi_sort_int32(ranker->keys, targets->n);
    for (int32_t i = 0; i < targets->n; i++) {
        const float score = key_float(ranker->keys[i]);
        targets->scores[i] = score;
        targets->low[i] = user->is_exact ? score : lfmi_round_down((double)score - user->bound);
        targets->high[i] = user->is_exact ? score : lfmi_round_up((double)score + user->bound);
    }
    for (int32_t i = 0; i <= targets->n; i++)
        targets->counts[i] = 0;
    user->threshold = targets->n > 0 ? targets->low[0] : __builtin_inff();
}

/* Count a chunk's items for few targets: counts[i] of those that reach target i. */
static void compare_each(lfmi_ranker *ranker, lfmi_targets *targets, const lfmi_chunk *chunk)
{
    const lfmi_kernels *kernels = ranker->pass.scorer->kernels;
    const int32_t padded = (chunk->n + LFMI_LANES - 1) / LFMI_LANES * LFMI_LANES;
    int32_t low[FEW_TARGETS] = {0}, high[FEW_TARGETS] = {0};
    kernels->count_reached(chunk->scores, padded, targets->low, targets->n, low);
    kernels->count_reached(chunk->scores, padded, targets->high, targets->n, high);
    for (int32_t t = 0; t < targets->n; t++) {
        targets->counts[t] += high[t];
        for (int32_t i = 0, left = low[t] - high[t]; left > 0; i++) {
            if (!(chunk->scores[i] >= targets->low[t]) || chunk->scores[i] >= targets->high[t])
                continue;
            left--;
            const int32_t item = lfmi_panels_id(ranker->pass.panels, chunk->first + i);
            targets->counts[t] += lfmi_pass_exact(&ranker->pass, chunk->user, item) >= targets->scores[t];
        }
    }
}

/* Count a chunk's items for many targets: counts[c] of those that reach exactly the c lowest. */
static void search_places(lfmi_ranker *ranker, lfmi_targets *targets, const lfmi_chunk *chunk)
{
    const lfmi_kernels *kernels = ranker->pass.scorer->kernels;
    const int32_t padded = (chunk->n + LFMI_LANES - 1) / LFMI_LANES * LFMI_LANES;
    int32_t *places = ranker->places;
    kernels->find_places(chunk->scores, padded, targets->low, targets->n, places);
    for (int32_t i = 0; i < chunk->n; i++) {
        int64_t place = places[i];
        if (place > 0 && chunk->scores[i] < targets->high[place - 1]) {
            const int32_t item = lfmi_panels_id(ranker->pass.panels, chunk->first + i);
            place = count_up_to(targets->scores, targets->n, lfmi_pass_exact(&ranker->pass, chunk->user, item));
        }
        targets->counts[place]++;
    }
}

static void count_chunk(lfmi_pass *pass, const lfmi_chunk *chunk, void *arg)
{
    (void)pass;
    lfmi_ranker *ranker = arg;
    lfmi_targets *targets = &ranker->targets[chunk->user];
    uint32_t any = 0;
    for (int32_t p = 0; p * LFMI_LANES < chunk->n; p++)
        any |= chunk->hits[p];
    if (any == 0)
        return;
    if (targets->n <= FEW_TARGETS)
        compare_each(ranker, targets, chunk);
    else
        search_places(ranker, targets, chunk);
}

/* Take the excluded items of a user off the counts. */
static void take_off_excluded(lfmi_ranker *ranker, int32_t at, int32_t user, const lfmi_index *index)
{
    lfmi_targets *targets = &ranker->targets[at];
    const int64_t begin = index->offsets[user], middle = index->negatives[user], end = index->offsets[user + 1];
    for (int64_t x = begin; x < end; x++) {
        const int32_t item = index->items[x];
        const bool repeated = (x > begin && x != middle && index->items[x - 1] == item) ||
                              (x >= middle && lfmi_is_positive_pair(index, user, item));
        if (repeated)
            continue;
        const int64_t reached = count_up_to(targets->scores, targets->n, lfmi_pass_exact(&ranker->pass, at, item));
        if (targets->n > FEW_TARGETS)
            targets->counts[reached]--;
        for (int64_t t = 0; targets->n <= FEW_TARGETS && t < reached; t++)
            targets->counts[t]--;
    }
}

static void write_ranks(lfmi_ranker *ranker, int32_t at, const lfmi_rank_user *to, const lfm_interactions *exclude,
                        const lfmi_index *exclude_index)
{
    lfmi_targets *targets = &ranker->targets[at];
    const bool excludes = exclude != NULL && to->user < exclude->n_users;
    if (excludes)
        take_off_excluded(ranker, at, to->user, exclude_index);
    if (targets->n > FEW_TARGETS) { /* from those that reach exactly c to those that reach the t-th */
        for (int64_t i = targets->n - 1; i >= 0; i--)
            targets->counts[i] += targets->counts[i + 1];
        for (int32_t i = 0; i < targets->n; i++)
            targets->counts[i] = targets->counts[i + 1];
    }
    for (int64_t i = 0; i < to->n; i++) {
        const float own = lfmi_pass_exact(&ranker->pass, at, to->items[i]);
        if (!(own == own)) {
            to->ranks[i] = ranker->pass.panels->n_items - 1;
            continue;
        }
        const int64_t place = count_up_to(targets->scores, targets->n, own) - 1;
        const bool is_candidate = !excludes || !lfmi_is_known(exclude_index, to->user, to->items[i]);
        const int64_t rank = targets->counts[place] - is_candidate, last = ranker->pass.panels->n_items - 1;
        to->ranks[i] = (int32_t)(rank < 0 ? 0 : (rank > last ? last : rank)); /* a damaged file's may be beyond */
    }
}

/* Rank as many users as there is room for; returns how many. */
static int64_t rank_some(lfmi_ranker *ranker, const lfmi_rank_user *users, int64_t n, const lfm_interactions *exclude,
                         const lfmi_index *exclude_index, const lfm_cancel *cancel)
{
    lfmi_pass *pass = &ranker->pass;
    const lfm_scorer *scorer = pass->scorer;
    int64_t taken = 0;
    int32_t count = 0;
    for (; count < n && count < LFMI_PASS_USERS && taken + users[count].n <= ranker->room; count++) {
        const lfmi_rank_user *user = &users[count];
        ranker->targets[count] = (lfmi_targets){.scores = ranker->scores + taken,
                                                .low = ranker->low + taken,
                                                .high = ranker->high + taken,
                                                .counts = ranker->counts + taken + count};
        taken += user->n;
        lfmi_pass_add(pass, lfmi_vector(scorer, LFM_SPACE_USER, user->user),
                      scorer->spaces[LFM_SPACE_USER].biases[user->user]);
        set_targets(ranker, count, user);
    }
    lfmi_pass_run(pass, cancel, count_chunk, ranker);
    for (int32_t i = 0; i < count; i++)
        write_ranks(ranker, i, &users[i], exclude, exclude_index);
    return count;
}

void lfmi_rank_block(lfmi_ranker *ranker, const lfmi_rank_user *users, int64_t n, const lfm_interactions *exclude,
                     const lfmi_index *exclude_index, const lfm_cancel *cancel)
{
    for (int64_t done = 0; done < n && !lfm_cancel_is_set(cancel);)
        done += rank_some(ranker, users + done, n - done, exclude, exclude_index, cancel);
}
