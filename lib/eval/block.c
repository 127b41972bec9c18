/* Ranks and lists of a block of users: one pass over the items for all of them. */
#include <string.h>

#include "eval/evaluation.h"

static int64_t count_positives(const lfmi_eval_scratch *s, int64_t i) { return s->starts[i + 1] - s->starts[i]; }

static void rank_among_all(const lfmi_evaluation *e, lfmi_eval_scratch *s, const int32_t *users, int64_t n)
{
    lfmi_rank_user with_positives[LFMI_PASS_USERS];
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++) {
        if (count_positives(s, i) > 0)
            with_positives[count++] = (lfmi_rank_user){users[i], s->positives + s->starts[i], count_positives(s, i),
                                                       s->ranks + s->starts[i]};
    }
    lfmi_rank_block(&s->ranker, with_positives, count, e->exclude, e->exclude_index, e->options.cancel);
}

/* The lists of a block of users in the making. */
typedef struct list_visit {
    const lfmi_evaluation *e;
    const int32_t *users;
    lfmi_best best[LFMI_PASS_USERS];
} list_visit;

static void take_hits(lfmi_pass *pass, const lfmi_chunk *chunk, void *arg)
{
    list_visit *visit = arg;
    const int32_t user = visit->users[chunk->user];
    for (int32_t p = 0; p * LFMI_LANES < chunk->n; p += 4) {
        for (uint64_t hits = lfmi_chunk_hits(chunk, p); hits != 0; hits &= hits - 1) {
            const int32_t at = p * LFMI_LANES + __builtin_ctzll(hits);
            const int32_t item = lfmi_panels_id(pass->panels, chunk->first + at);
            if (chunk->scores[at] >= pass->users[chunk->user].threshold && !lfmi_is_excluded(visit->e, user, item))
                lfmi_best_offer(&visit->best[chunk->user], pass, chunk->user, chunk->scores[at], item);
        }
    }
}

static void list_among_all(const lfmi_evaluation *e, lfmi_eval_scratch *s, const int32_t *users, int64_t n)
{
    lfmi_pass *pass = &s->ranker.pass;
    const int32_t room = lfmi_best_room(e->list_length, e->n_items);
    list_visit visit = {.e = e, .users = users};
    for (int32_t i = 0; i < n; i++) {
        visit.best[i] = (lfmi_best){.keys = s->keys + (int64_t)i * room, .k = e->list_length, .room = room};
        lfmi_pass_add(pass, lfmi_vector(e->scorer, LFM_SPACE_USER, users[i]),
                      e->scorer->spaces[LFM_SPACE_USER].biases[users[i]]);
    }
    lfmi_pass_run(pass, e->options.cancel, take_hits, &visit);
    for (int32_t i = 0; i < n; i++)
        lfmi_best_write(&visit.best[i], pass, i, s->lists + (int64_t)i * e->list_length, NULL);
}

/* The list of one user out of the given candidates. */
static void list_among_given(lfmi_eval_scratch *s, int32_t *list)
{
    for (int64_t i = 0; i < s->pool.n; i++) {
        if (s->pool.scores[i] == s->pool.scores[i])
            lfmi_top_offer(&s->top, s->pool.scores[i], s->pool.items[i]);
    }
    lfmi_top_write(&s->top, list, NULL);
}

/* Take a user's ranks from those of the stored entries: the positives' in the order of their items. */
static void take_given_ranks(const lfmi_evaluation *e, int32_t user, int32_t *ranks)
{
    const int64_t *order = e->grouping.order;
    const int64_t end = e->grouping.groups[user + 1];
    int64_t n = 0;
    for (int64_t at = e->grouping.groups[user]; at < end;) {
        const int32_t item = lfmi_items(e->test)[order[at]];
        int32_t rank = INT32_MAX;
        bool is_positive = false;
        for (; at < end && lfmi_items(e->test)[order[at]] == item; at++) {
            is_positive = is_positive || lfmi_is_positive(e->test, order[at]);
            if (lfmi_is_positive(e->test, order[at]) && e->given_ranks[order[at]] < rank)
                rank = e->given_ranks[order[at]];
        }
        if (is_positive)
            ranks[n++] = rank;
    }
}

void lfmi_eval_rank_block(const lfmi_evaluation *e, lfmi_eval_scratch *s, const int32_t *users, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        const int32_t *positives = s->positives + s->starts[i];
        int32_t *ranks = s->ranks + s->starts[i];
        const int64_t count = count_positives(s, i);
        s->n_negatives[i] = e->candidates != NULL ? lfmi_pool_fill(e, users[i], positives, count, &s->pool)
                                                  : lfmi_count_negatives(e, users[i], positives, count);
        if (e->scorer == NULL)
            take_given_ranks(e, users[i], ranks);
        else if (e->candidates != NULL)
            lfmi_pool_rank(e, users[i], positives, count, &s->pool, ranks);
        if (e->candidates != NULL && e->list_length > 0)
            list_among_given(s, s->lists + i * e->list_length);
    }
    if (e->scorer != NULL && e->candidates == NULL) {
        rank_among_all(e, s, users, n);
        if (e->list_length > 0)
            list_among_all(e, s, users, n);
    }
}

static lfm_status new_ranks(const lfmi_evaluation *e, const lfmi_eval_room *room, lfmi_eval_scratch *s)
{
    static const char what[] = "an evaluation";
    lfm_context *context = e->context;
    LFMI_TRY(LFMI_NEW_ARRAY(context, room->block_entries, what, &s->positives));
    LFMI_TRY(LFMI_NEW_ARRAY(context, room->block_entries, what, &s->ranks));
    LFMI_TRY(LFMI_NEW_ARRAY(context, room->block + 1, what, &s->starts));
    LFMI_TRY(LFMI_NEW_ARRAY(context, room->block, what, &s->n_negatives));
    LFMI_TRY(LFMI_NEW_ARRAY(context, room->longest, what, &s->by_rank));
    LFMI_TRY(LFMI_NEW_ARRAY(context, room->longest, what, &s->sorted));
    LFMI_TRY(LFMI_NEW_ARRAY(context, room->longest, what, &s->places));
    if (!e->is_graded)
        return LFM_OK;
    LFMI_TRY(LFMI_NEW_ARRAY(context, room->longest, what, &s->by_gain));
    LFMI_TRY(LFMI_NEW_ARRAY(context, room->longest, what, &s->positive_gains));
    LFMI_TRY(LFMI_NEW_ARRAY(context, room->longest, what, &s->gains));
    return LFMI_NEW_ARRAY(context, room->longest, what, &s->ideal);
}

static lfm_status new_pass(const lfmi_evaluation *e, const lfmi_eval_room *room, lfmi_eval_scratch *s)
{
    static const char what[] = "an evaluation";
    lfm_context *context = e->context;
    if (e->candidates != NULL) {
        LFMI_TRY(LFMI_NEW_ARRAY(context, room->pool, "the candidates of a user", &s->pool.items));
        LFMI_TRY(LFMI_NEW_ARRAY(context, room->pool, "the candidates of a user", &s->pool.scores));
        LFMI_TRY(LFMI_NEW_ARRAY(context, room->pool, "the candidates of a user", &s->pool.keys));
    } else if (e->scorer != NULL) {
        LFMI_TRY(lfmi_ranker_new(e->scorer, room->longest, &s->ranker));
    }
    if (e->list_length == 0)
        return LFM_OK;
    if (e->candidates != NULL)
        LFMI_TRY(lfmi_top_new(context, e->list_length, &s->top));
    else
        LFMI_TRY(LFMI_NEW_ARRAY(context, room->block * room->keys, what, &s->keys));
    LFMI_TRY(LFMI_NEW_ARRAY(context, room->block * e->list_length, what, &s->lists));
    if (!e->wants_similarity)
        return LFM_OK;
    LFMI_TRY(LFMI_NEW_ARRAY(context, e->scorer->d, what, &s->list_sum));
    return LFMI_NEW_ARRAY(context, e->list_length, what, &s->pair_sums);
}

lfm_status lfmi_eval_scratch_new(const lfmi_evaluation *e, const lfmi_eval_room *room, lfmi_eval_scratch *s)
{
    memset(s, 0, sizeof *s);
    LFMI_TRY(new_ranks(e, room, s));
    return new_pass(e, room, s);
}

void lfmi_eval_scratch_free(const lfmi_evaluation *e, const lfmi_eval_room *room, lfmi_eval_scratch *s)
{
    lfm_context *context = e->context;
    LFMI_FREE_ARRAY(context, s->positives, room->block_entries);
    LFMI_FREE_ARRAY(context, s->ranks, room->block_entries);
    LFMI_FREE_ARRAY(context, s->starts, room->block + 1);
    LFMI_FREE_ARRAY(context, s->n_negatives, room->block);
    LFMI_FREE_ARRAY(context, s->by_rank, room->longest);
    LFMI_FREE_ARRAY(context, s->by_gain, room->longest);
    LFMI_FREE_ARRAY(context, s->sorted, room->longest);
    LFMI_FREE_ARRAY(context, s->places, room->longest);
    LFMI_FREE_ARRAY(context, s->positive_gains, room->longest);
    LFMI_FREE_ARRAY(context, s->gains, room->longest);
    LFMI_FREE_ARRAY(context, s->ideal, room->longest);
    LFMI_FREE_ARRAY(context, s->pool.items, room->pool);
    LFMI_FREE_ARRAY(context, s->pool.scores, room->pool);
    LFMI_FREE_ARRAY(context, s->pool.keys, room->pool);
    lfmi_ranker_free(&s->ranker);
    lfmi_top_free(context, &s->top);
    LFMI_FREE_ARRAY(context, s->keys, room->block * room->keys);
    LFMI_FREE_ARRAY(context, s->lists, room->block * e->list_length);
    LFMI_FREE_ARRAY(context, s->pair_sums, e->list_length);
    if (s->list_sum != NULL)
        LFMI_FREE_ARRAY(context, s->list_sum, e->scorer->d);
}
