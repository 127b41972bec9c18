/* Weighted approximate-rank pairwise loss (Weston, Bengio, Usunier 2011: WSABIE): draw negatives until
 * one violates the margin; the sooner, the worse the positive's rank and the larger the step. */
#include "train/sgd.h"

/* Larger gradients are cut off here, as in LightFM. */
static const float max_gradient = 10.0f;

/* Candidates of each place of a round, two by two. */
typedef struct candidates {
    int32_t pairs[LFMI_GROUP / 2][LFMI_ROUND][2];
} candidates;

static void draw_next(lfmi_worker *worker, int32_t n, candidates *next)
{
    const lfmi_sampler *sampler = &worker->sgd->sampler;
    if (sampler->table != NULL) {
        for (int32_t i = 0; i < n; i++) {
            lfmi_stream draws = {worker->streams[i]};
            for (int k = 0; k < LFMI_GROUP; k++)
                next->pairs[k / 2][i][k % 2] = lfmi_draw(sampler, &draws);
            worker->streams[i] = draws.state;
        }
        return;
    }
    uint64_t bounds[LFMI_ROUND];
    for (int32_t i = 0; i < LFMI_ROUND; i++)
        bounds[i] = (uint64_t)sampler->n_items;
    for (int32_t pair = 0; pair < LFMI_GROUP / 2; pair++)
        for (int32_t i = 0; i < n; i += LFMI_STREAMS)
            worker->sgd->kernels->draw_pairs(worker->streams + i, bounds, next->pairs[pair] + i);
}

/* Fetch what the candidates of a place are scored by. */
static void prefetch_candidates(const lfmi_sgd *sgd, const candidates *next, int32_t at)
{
    const lfmi_heads heads = sgd->heads; /* a copy, which no store can change */
    for (int k = 0; k < LFMI_GROUP; k++)
        lfmi_prefetch_head(&heads, next->pairs[k / 2][at][k % 2]);
}

/* Give place `to` the candidates of place `from`. */
static void give(lfmi_round *round, int32_t to, const candidates *next, int32_t from)
{
    for (int k = 0; k < LFMI_GROUP; k++)
        round->items[to][k] = next->pairs[k / 2][from][k % 2];
}

void lfmi_warp_draw(lfmi_worker *worker, int32_t n)
{
    candidates next;
    draw_next(worker, n, &next);
    for (int32_t i = 0; i < n; i++)
        give(&worker->round, i, &next, i);
}

void lfmi_warp_prefetch(const lfmi_worker *worker, int32_t at)
{
    const lfmi_heads heads = worker->sgd->heads;
    for (int k = 0; k < LFMI_GROUP && worker->sgd->far_heads; k++)
        lfmi_prefetch_head(&heads, worker->round.items[at][k]);
}

/* The candidates of a round: of those samples of a batch that have not found theirs yet. */
typedef struct open_samples {
    int32_t samples[LFMI_BATCH];
    int32_t n;
    int32_t n_drawn; /* before this round, the same for each */
} open_samples;

/* Score the candidates; returns which violate, LFMI_GROUP bits for each open sample. */
static uint64_t find_violating(lfmi_worker *worker, const lfmi_representation *users, const open_samples *open)
{
    const lfmi_sgd *sgd = worker->sgd;
    const int32_t left = sgd->fit->options.max_sampled - open->n_drawn;
    uint64_t above = 0;
    if (sgd->heads.codes != NULL)
        above = sgd->kernels->score_round(&sgd->heads, &worker->round, open->n);
    for (int32_t i = 0; i < open->n && sgd->heads.codes == NULL; i++)
        above |= (uint64_t)lfmi_score_slowly(worker, &users[open->samples[i]], i) << (i * LFMI_GROUP);
    const uint64_t each_first = 0x1111111111111111u;
    return left < LFMI_GROUP ? above & each_first * ((1u << left) - 1) : above;
}

/* Take the first violating candidate that the user does not know. Returns false when there is none. */
static bool take_violating(lfmi_worker *worker, lfmi_sample *sample, const lfmi_round *round, int32_t at,
                           uint32_t violating, const lfmi_signature_place *first, int32_t n_drawn)
{
    const lfmi_sgd *sgd = worker->sgd;
    int which = __builtin_ctz(violating);
    if (lfmi_may_know(sgd->index, first)) {
        while (lfmi_knows(sgd->index, sample->user, round->items[at][which])) {
            violating &= violating - 1;
            if (violating == 0)
                return false;
            which = __builtin_ctz(violating);
        }
    }
    const float g = sample->weight * sgd->rank_weights[n_drawn + which + 1];
    sample->negative = round->items[at][which];
    sample->g = g > max_gradient ? max_gradient : g;
    worker->tally.draws += n_drawn + which + 1;
    worker->tally.loss += (double)sample->g * (double)(round->scores[at][which] - round->thresholds[at]);
    lfmi_prefetch_features(sgd, LFM_ITEM, sample->negative);
    return true;
}

/* Go on with those places of a round that have a bit, closed up, and with their next candidates. */
static void keep_open(lfmi_worker *worker, open_samples *open, uint32_t places, const candidates *next)
{
    lfmi_round *round = &worker->round;
    int32_t n = 0;
    for (; places != 0; places &= places - 1, n++) {
        const int32_t from = __builtin_ctz(places);
        open->samples[n] = open->samples[from];
        worker->streams[n] = worker->streams[from];
        round->codes[n] = round->codes[from];
        round->scales[n] = round->scales[from];
        round->biases[n] = round->biases[from];
        round->thresholds[n] = round->thresholds[from];
        give(round, n, next, from);
    }
    open->n = n;
    open->n_drawn += LFMI_GROUP;
}

/* One round: afterwards those samples are open that have found nothing in it. What is seen decides branches that cannot
 * be foreseen, so they are gone through in lists, and while one waits for memory there are others to look at. */
static void go_round(lfmi_worker *worker, lfmi_sample *samples, const lfmi_representation *users, open_samples *open)
{
    const lfmi_sgd *sgd = worker->sgd;
    const uint64_t violating = find_violating(worker, users, open);
    const uint32_t group = (1u << LFMI_GROUP) - 1;
    lfmi_round *round = &worker->round;
    const bool is_last = open->n_drawn + LFMI_GROUP >= sgd->fit->options.max_sampled;
    const bool prefetches = !is_last && sgd->far_heads;
    candidates next;
    if (!is_last)
        draw_next(worker, open->n, &next);
    uint32_t without = 0; /* a bit for each place that has found nothing */
    int32_t with[LFMI_BATCH], n_with = 0;
    for (int32_t i = 0; i < open->n; i++) {
        const uint32_t none = (violating >> (i * LFMI_GROUP) & group) == 0;
        with[n_with] = i;
        n_with += !none;
        without |= none << i;
    }
    lfmi_signature_place places[LFMI_BATCH];
    for (int32_t i = 0; i < n_with; i++) {
        const int32_t at = with[i];
        const int first = __builtin_ctzll(violating >> (at * LFMI_GROUP));
        places[i] = lfmi_known_place(sgd->index, samples[open->samples[at]].user, round->items[at][first]);
        lfmi_prefetch(&sgd->index->signature[places[i].word]);
    }
    uint32_t ahead = prefetches ? without : 0;
    for (int32_t i = 0; i < n_with; i++) {
        const int32_t at = with[i];
        if (ahead != 0) {
            prefetch_candidates(sgd, &next, __builtin_ctz(ahead));
            ahead &= ahead - 1;
        }
        if (take_violating(worker, &samples[open->samples[at]], round, at, (uint32_t)(violating >> (at * LFMI_GROUP)) & group,
                           &places[i], open->n_drawn))
            continue;
        if (prefetches)
            prefetch_candidates(sgd, &next, at);
        without |= 1u << at;
    }
    for (; ahead != 0; ahead &= ahead - 1)
        prefetch_candidates(sgd, &next, __builtin_ctz(ahead));
    if (is_last) {
        worker->tally.draws += (int64_t)__builtin_popcount(without) * sgd->fit->options.max_sampled;
        without = 0;
    }
    keep_open(worker, open, without, &next);
}

void lfmi_warp_choose(lfmi_worker *worker, lfmi_sample *samples, const lfmi_representation *users, int32_t n)
{
    const float margin = (float)worker->sgd->fit->options.margin;
    open_samples open = {.n = n};
    worker->tally.measured += n;
    for (int32_t i = 0; i < n; i++) {
        const lfmi_representation positive =
            lfmi_representation_of(worker, LFM_ITEM, samples[i].positive, worker->positive);
        worker->round.thresholds[i] = lfmi_score(worker, &users[i], &positive) - margin;
        samples[i].negative = -1;
        open.samples[i] = i;
    }
    while (open.n > 0)
        go_round(worker, samples, users, &open);
}

static void draw(lfmi_worker *worker, const lfmi_sample *samples, int32_t n)
{
    const uint64_t key = worker->sgd->draw_key;
    for (int32_t i = 0; i < n; i++)
        worker->streams[i] = lfmi_stream_of(key, (uint64_t)samples[i].position).state;
    lfmi_warp_draw(worker, n);
}

static void prepare(lfmi_worker *worker, lfmi_sample *sample, int32_t at)
{
    const lfmi_heads *heads = &worker->sgd->heads;
    lfmi_warp_prefetch(worker, at);
    if (worker->sgd->far_heads)
        lfmi_prefetch_head(heads, sample->positive);
}

static void choose(lfmi_worker *worker, lfmi_sample *samples, int32_t n)
{
    lfmi_representation users[LFMI_BATCH];
    lfmi_represent_users(worker, samples, n, users);
    lfmi_warp_choose(worker, samples, users, n);
}

const lfmi_loss lfmi_loss_warp = {.visits_negatives = lfmi_visits_positives,
                                  .batch = 16,
                                  .batch_with_features = 8,
                                  .index_with = LFMI_INDEX_SIGNATURE,
                                  .scores_candidates = true,
                                  .n_prepared = 2,
                                  .draw = draw,
                                  .prepare = prepare,
                                  .choose = choose};
