/* Fold-in of one row: the losses of lib/train on a single representation, all others being frozen. */
#include "base/numeric.h"
#include "base/random.h"
#include "infer/fold_in.h"
#include "base/order.h"
#include "base/prefetch.h"

/* Numbers that tell apart the streams drawn from the seed. */
enum { STREAM_ORDER = 24, STREAM_DRAWS = 25, STREAM_RIVALS = 26 };

/* Interactions fetched ahead of the one that is stepped on. */
enum { AHEAD = 4 };

/* Interactions of one epoch between two looks at the flag to cancel. */
enum { LOOK = 4096 };

/* As in lib/train/loss_warp.c. */
static const float max_gradient = 10.0f;

/* An interaction of the row, and what was drawn ahead for it. */
typedef struct visit {
    int32_t other; /* the item of a new user, the user of a new item */
    float weight, value;
    lfmi_stream draws;
    int32_t drawn[LFMI_GROUP];
} visit;

/* The row being folded in, with its scratch at hand. */
typedef struct moving {
    const lfmi_fold *fold;
    lfmi_fold_scratch *scratch;
    int32_t row;
} moving;

static int32_t n_items(const lfmi_fold *fold) { return fold->scorer->spaces[LFM_SPACE_ITEM].n_rows; }

/* The space that the row's interactions lead to. */
static int32_t other_space(const lfmi_fold *fold)
{
    return fold->options.side == LFM_USER ? LFM_SPACE_ITEM : LFM_SPACE_USER;
}

/* The score of the moving row with a row of the other side. */
static float score(const moving *m, int32_t other)
{
    const lfmi_fold *fold = m->fold;
    const lfmi_space *space = &fold->scorer->spaces[other_space(fold)];
    const float *row = m->scratch->row;
    return fold->scorer->kernels->dot(row, space->vectors + (int64_t)other * fold->scorer->stride, fold->scorer->d,
                                      row[fold->layout.bias] + space->biases[other]);
}

/* One elementary update of the moving row: c * vector, and c for its bias. */
static void update(const moving *m, const float *vector, float c)
{
    const lfmi_fold *fold = m->fold;
    (void)fold->update(&fold->layout, &fold->rates, m->scratch->row, vector, c, 1.0f, m->scratch->row);
}

/* Move a user by the gradient of a positive and a negative. */
static void step_user(const moving *m, int32_t positive, int32_t negative, float g)
{
    const lfm_scorer *scorer = m->fold->scorer;
    scorer->kernels->subtract(m->scratch->gradient, lfmi_vector(scorer, LFM_SPACE_ITEM, negative),
                              lfmi_vector(scorer, LFM_SPACE_ITEM, positive), scorer->d);
    update(m, m->scratch->gradient, g);
}

/* Whether a user of the scorer is known to have met an item, as far as we were told. */
static bool user_knows(const lfmi_fold *fold, int32_t user, int32_t item)
{
    return fold->training != NULL && user < fold->training->n_users && item < fold->training->n_items &&
           lfmi_knows(fold->training_index, user, item);
}

/* Draw an item for BPR: that of a random interaction, or any. */
static int32_t draw_popular(const lfmi_fold *fold, lfmi_stream *draws)
{
    if (fold->training == NULL || fold->training->n_entries == 0)
        return (int32_t)lfmi_bounded(draws, (uint64_t)n_items(fold));
    return lfmi_items(fold->training)[lfmi_bounded(draws, (uint64_t)fold->training->n_entries)];
}

static void prefetch(const lfm_scorer *scorer, int32_t space, int32_t row)
{
    const float *vector = lfmi_vector(scorer, space, row);
    for (int32_t e = 0; e < scorer->stride; e += LFMI_LANES)
        lfmi_prefetch(vector + e);
    lfmi_prefetch(&scorer->spaces[space].biases[row]);
}

/* Draw the next candidates of WARP and fetch them. */
static void draw_candidates(const lfmi_fold *fold, visit *v)
{
    lfmi_bounded_pair(&v->draws, (uint32_t)n_items(fold), v->drawn);
    lfmi_bounded_pair(&v->draws, (uint32_t)n_items(fold), v->drawn + 2);
    for (int i = 0; i < LFMI_GROUP; i++)
        prefetch(fold->scorer, LFM_SPACE_ITEM, v->drawn[i]);
}

static float warp_gradient(const lfmi_fold *fold, float weight, int32_t draw)
{
    const float g = weight * fold->rank_weights[draw];
    return g < max_gradient ? g : max_gradient;
}

/* Find the first candidate that scores above the threshold and is not known; -1: none. *draw receives how many
 * were drawn by then. For a new item, `user` is the one whose items are drawn. */
static int32_t find_violating(const moving *m, visit *v, int32_t user, float threshold, int32_t most, int32_t *draw)
{
    const lfmi_fold *fold = m->fold;
    const bool is_user = fold->options.side == LFM_USER;
    for (int32_t n_drawn = 0; n_drawn < most; n_drawn += LFMI_GROUP) {
        float scores[LFMI_GROUP];
        int32_t drawn[LFMI_GROUP];
        for (int i = 0; i < LFMI_GROUP; i++) {
            drawn[i] = v->drawn[i];
            scores[i] = is_user ? score(m, drawn[i]) : lfmi_score_pair(fold->scorer, user, drawn[i]);
        }
        for (int i = 0; i < LFMI_GROUP && n_drawn + i < most; i++) {
            if (!(scores[i] > threshold) ||
                (is_user ? lfmi_knows(fold->index, m->row, drawn[i]) : user_knows(fold, user, drawn[i])))
                continue;
            *draw = n_drawn + i + 1;
            return drawn[i];
        }
        if (n_drawn + LFMI_GROUP < most)
            draw_candidates(fold, v);
    }
    return -1;
}

/* WARP of a new user from a chosen positive on, and of a new item as the positive of a user. */
static void warp(const moving *m, visit *v, int32_t positive)
{
    const lfmi_fold *fold = m->fold;
    const bool is_user = fold->options.side == LFM_USER;
    const float threshold = score(m, is_user ? positive : v->other) - (float)fold->options.margin;
    int32_t draw;
    const int32_t negative = find_violating(m, v, is_user ? -1 : v->other, threshold, fold->options.max_sampled, &draw);
    if (negative < 0)
        return;
    const float g = warp_gradient(fold, v->weight, draw);
    if (is_user)
        step_user(m, positive, negative, g);
    else
        update(m, lfmi_vector(fold->scorer, LFM_SPACE_USER, v->other), -g);
}

/* Draw an interaction of the training set in which the new item would be a negative: a positive of a user who
 * does not know it. False: this one is none. */
static bool draw_rival(const moving *m, lfmi_stream *draws, int32_t *user, int32_t *positive, float *weight)
{
    const lfm_interactions *training = m->fold->training;
    const int64_t entry = (int64_t)lfmi_bounded(draws, (uint64_t)training->n_entries);
    *user = lfmi_users(training)[entry];
    *positive = lfmi_items(training)[entry];
    *weight = lfmi_weights(training) != NULL ? lfmi_weights(training)[entry] : 1.0f;
    return lfmi_is_positive(training, entry) && !lfmi_is_known(m->fold->index, m->row, *user);
}

/* Whether WARP, visiting that interaction, comes to the new item as its draw number `draw` and steps on it. */
static void warp_as_negative(const moving *m, visit *v)
{
    const lfmi_fold *fold = m->fold;
    int32_t user, positive, before;
    float weight;
    if (!draw_rival(m, &v->draws, &user, &positive, &weight))
        return;
    const float threshold = lfmi_score_pair(fold->scorer, user, positive) - (float)fold->options.margin;
    const int32_t draw = 1 + (int32_t)lfmi_bounded(&v->draws, (uint64_t)fold->options.max_sampled);
    if (!(score(m, user) > threshold))
        return;
    draw_candidates(fold, v);
    if (find_violating(m, v, user, threshold, draw - 1, &before) < 0)
        update(m, lfmi_vector(fold->scorer, LFM_SPACE_USER, user), warp_gradient(fold, weight, draw));
}

/* The k-th best of some of the user's positives (of equal ones the one drawn first). */
static int32_t kth_positive(const moving *m, visit *v)
{
    const lfmi_fold *fold = m->fold;
    const int32_t *positives = fold->index->items + fold->index->offsets[m->row];
    const int64_t n_positives = lfmi_count_positives(fold->index, m->row);
    const int32_t n = n_positives < fold->options.kos_n ? (int32_t)n_positives : fold->options.kos_n;
    const int32_t k = fold->options.kos_k < n ? fold->options.kos_k : n;
    float *scores = m->scratch->scores;
    int32_t *drawn = m->scratch->drawn;
    for (int32_t i = 0; i < n; i++) {
        const int32_t item = positives[lfmi_bounded(&v->draws, (uint64_t)n_positives)];
        const float s = score(m, item);
        int32_t at = i; /* kept sorted, best first */
        for (; at > 0 && s > scores[at - 1]; at--) {
            scores[at] = scores[at - 1];
            drawn[at] = drawn[at - 1];
        }
        scores[at] = s;
        drawn[at] = item;
    }
    return drawn[k - 1];
}

static void bpr_user(const moving *m, visit *v)
{
    const lfmi_fold *fold = m->fold;
    int32_t negative = v->drawn[0], draws = 1;
    while (lfmi_knows(fold->index, m->row, negative) && ++draws <= fold->options.max_draws)
        negative = draw_popular(fold, &v->draws);
    if (draws > fold->options.max_draws)
        return;
    const double margin = (double)(score(m, v->other) - score(m, negative));
    step_user(m, v->other, negative, (float)((double)v->weight * (1.0 - lfmi_sigmoid(margin))));
}

/* A new item as the positive of a user. */
static void bpr_item(const moving *m, visit *v)
{
    const lfmi_fold *fold = m->fold;
    int32_t negative = v->drawn[0], draws = 1;
    while (user_knows(fold, v->other, negative) && ++draws <= fold->options.max_draws)
        negative = draw_popular(fold, &v->draws);
    if (draws > fold->options.max_draws)
        return;
    const double margin = (double)(score(m, v->other) - lfmi_score_pair(fold->scorer, v->other, negative));
    update(m, lfmi_vector(fold->scorer, LFM_SPACE_USER, v->other),
           -(float)((double)v->weight * (1.0 - lfmi_sigmoid(margin))));
}

/* A new item as the negative of an interaction of the training set. Training draws until it finds one that the
 * user does not know: as often as that takes, the new item had a chance. */
static void bpr_as_negative(const moving *m, visit *v)
{
    const lfmi_fold *fold = m->fold;
    int32_t user, positive, chances = 1;
    float weight;
    if (!draw_rival(m, &v->draws, &user, &positive, &weight))
        return;
    while (chances < fold->options.max_draws && user_knows(fold, user, draw_popular(fold, &v->draws)))
        chances++;
    const double margin = (double)(lfmi_score_pair(fold->scorer, user, positive) - score(m, user));
    update(m, lfmi_vector(fold->scorer, LFM_SPACE_USER, user),
           (float)(chances * (double)weight * (1.0 - lfmi_sigmoid(margin))));
}

static void logistic(const moving *m, const visit *v)
{
    const double y = v->value > 0 ? 1.0 : 0.0;
    const float g = (float)((double)v->weight * (lfmi_sigmoid((double)score(m, v->other)) - y));
    update(m, lfmi_vector(m->fold->scorer, other_space(m->fold), v->other), g);
}

/* Take up the interaction at a position of the epoch's order, draw for it and fetch what it will read. */
static visit prepare(const lfmi_fold *fold, int32_t row, const lfmi_order *order, uint64_t draw_key, int64_t position)
{
    const lfm_interactions *i = fold->interactions;
    const int64_t entry = fold->entries[fold->index->offsets[row] + lfmi_order_at(order, position)];
    visit v = {.other = lfmi_items(i)[entry],
               .weight = lfmi_weights(i) != NULL ? lfmi_weights(i)[entry] : 1.0f,
               .value = lfmi_values(i) != NULL ? lfmi_values(i)[entry] : 1.0f,
               .draws = lfmi_stream_of(draw_key, (uint64_t)position)};
    prefetch(fold->scorer, other_space(fold), v.other);
    if (fold->options.loss == LFM_LOSS_WARP)
        draw_candidates(fold, &v);
    if (fold->options.loss == LFM_LOSS_BPR) {
        v.drawn[0] = draw_popular(fold, &v.draws);
        prefetch(fold->scorer, LFM_SPACE_ITEM, v.drawn[0]);
    }
    return v;
}

static void step(const moving *m, visit *v)
{
    const lfmi_fold *fold = m->fold;
    if (fold->options.loss == LFM_LOSS_LOGISTIC) {
        logistic(m, v);
    } else if (fold->options.loss == LFM_LOSS_BPR) {
        if (fold->options.side == LFM_USER)
            bpr_user(m, v);
        else
            bpr_item(m, v);
    } else {
        int32_t positive = v->other;
        if (fold->options.loss == LFM_LOSS_WARP_KOS) {
            positive = kth_positive(m, v);
            draw_candidates(fold, v);
        }
        warp(m, v, positive);
    }
}

/* Step on a new item as a negative: the share of an epoch's steps that falls to one of its positives. */
static void step_as_negative(const moving *m, uint64_t key, double n_steps, int64_t positive, int64_t n_positives)
{
    const double share = n_steps / (double)n_positives;
    const int64_t begin = (int64_t)(share * (double)positive), end = (int64_t)(share * (double)(positive + 1));
    for (int64_t i = begin; i < end; i++) {
        visit v = {.draws = lfmi_stream_of(key, (uint64_t)i)};
        if (m->fold->options.loss == LFM_LOSS_BPR)
            bpr_as_negative(m, &v);
        else
            warp_as_negative(m, &v);
    }
}

/* How often an epoch of training would draw a new item of n interactions as a negative, known or not: of WARP's
 * draws, which are max_sampled a visit, it has a share as any item; of BPR's, one a visit, one like its popularity. */
static double expected_draws(const lfmi_fold *fold, int64_t n)
{
    if (fold->options.side == LFM_USER || fold->options.loss == LFM_LOSS_LOGISTIC || fold->training == NULL ||
        fold->training->n_entries == 0)
        return 0;
    return fold->options.loss == LFM_LOSS_BPR
               ? (double)n
               : (double)fold->training->n_entries * fold->options.max_sampled / ((double)n_items(fold) + 1);
}

void lfmi_fold_row(const lfmi_fold *fold, int32_t row, lfmi_fold_scratch *scratch)
{
    const moving m = {fold, scratch, row};
    const int64_t n = fold->index->offsets[row + 1] - fold->index->offsets[row];
    const int64_t n_positives = lfmi_count_positives(fold->index, row);
    const bool visits_negatives = fold->options.loss == LFM_LOSS_LOGISTIC;
    const double as_negative = expected_draws(fold, n);
    if (n_items(fold) == 0 && !visits_negatives) /* nothing that could be a negative */
        return;
    for (int32_t epoch = 0; epoch < fold->options.epochs && !lfm_cancel_is_set(fold->options.cancel); epoch++) {
        const uint64_t seed = fold->options.seed;
        const lfmi_order order = lfmi_order_of(lfmi_key(lfmi_key(seed, STREAM_ORDER), (uint64_t)epoch), n, false);
        const uint64_t draw_key = lfmi_key(lfmi_key(seed, STREAM_DRAWS), (uint64_t)epoch);
        const uint64_t rival_key = lfmi_key(lfmi_key(seed, STREAM_RIVALS), (uint64_t)epoch);
        visit visits[AHEAD];
        int64_t positive = 0;
        for (int64_t at = 0; at < n && at < AHEAD; at++)
            visits[at] = prepare(fold, row, &order, draw_key, at);
        for (int64_t at = 0; at < n; at++) {
            if (at % LOOK == LOOK - 1 && lfm_cancel_is_set(fold->options.cancel))
                return;
            visit v = visits[at % AHEAD];
            if (at + AHEAD < n)
                visits[at % AHEAD] = prepare(fold, row, &order, draw_key, at + AHEAD);
            if (!visits_negatives && !(v.value > 0))
                continue;
            step(&m, &v);
            if (as_negative > 0)
                step_as_negative(&m, rival_key, as_negative, positive++, n_positives);
        }
    }
}
