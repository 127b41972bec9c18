/* k-th order statistic WARP (Weston, Yee, Weiss 2013: Learning to rank recommendations with the k-order
 * statistic loss): step on the k-th best of some of the user's positives instead of on the one visited. */
#include "train/sgd.h"

/* The items that positives are drawn from. */
typedef struct positives {
    const int32_t *items;
    int64_t n;
    int32_t n_drawn;
} positives;

static positives positives_of(const lfmi_sgd *sgd, int32_t user)
{
    const lfm_train_options *options = &sgd->fit->options;
    const int64_t first = sgd->index->offsets[user];
    const int64_t end = options->kos_known ? sgd->index->offsets[user + 1] : sgd->index->negatives[user];
    return (positives){sgd->index->items + first, end - first,
                       end - first < options->kos_n ? (int32_t)(end - first) : options->kos_n};
}

/* Codes that every step keeps up to date will do to choose a positive too; refreshed ones are too old:
 * what was stepped on just now would go on looking low. */
static bool scored_by_codes(const lfmi_sgd *sgd) { return sgd->heads.codes != NULL && sgd->direct[LFM_ITEM]; }

/* Where the drawn positives of sample i of a batch and their scores stand. */
static int32_t *items_of(const lfmi_worker *worker, int32_t i)
{
    return worker->candidate_items + (int64_t)i * worker->max_candidates;
}
static float *scores_of(const lfmi_worker *worker, int32_t i)
{
    return worker->candidate_scores + (int64_t)i * worker->max_candidates;
}

/* Draw which of their positives the users of the next batch are tried with. */
static void draw(lfmi_worker *worker, const lfmi_sample *samples, int32_t n)
{
    const uint64_t key = worker->sgd->draw_key;
    int32_t n_drawn[LFMI_BATCH], most = 0;
    uint64_t bounds[LFMI_BATCH], after[LFMI_BATCH];
    for (int32_t i = 0; i < LFMI_BATCH; i++)
        bounds[i] = 1; /* of streams that nobody uses */
    for (int32_t i = 0; i < n; i++) {
        const positives from = positives_of(worker->sgd, samples[i].user);
        after[i] = worker->streams[i] = lfmi_stream_of(key, (uint64_t)samples[i].position).state;
        bounds[i] = (uint64_t)(from.n < INT32_MAX ? from.n : INT32_MAX); /* of more, the first so many */
        n_drawn[i] = from.n_drawn;
        most = n_drawn[i] > most ? n_drawn[i] : most;
    }
    /* All streams go on until the last has what it needs; where one stood when it had, is what counts. */
    for (int32_t drawn = 0; drawn < most; drawn += 2) {
        int32_t pairs[LFMI_BATCH][2];
        for (int32_t i = 0; i < n; i += LFMI_STREAMS)
            worker->sgd->kernels->draw_pairs(worker->streams + i, bounds + i, pairs + i);
        for (int32_t i = 0; i < n; i++) {
            if (drawn >= n_drawn[i])
                continue;
            memcpy(items_of(worker, i) + drawn, pairs[i], sizeof pairs[i]);
            after[i] = worker->streams[i];
        }
    }
    memcpy(worker->streams, after, (size_t)n * sizeof *after);
    worker->n_taken = 0;
}

/* Take the drawn positives of a sample and fetch what they are scored by. */
static void take_positives(lfmi_worker *worker, const lfmi_sample *sample, int32_t at)
{
    const lfmi_sgd *sgd = worker->sgd;
    const positives from = positives_of(sgd, sample->user);
    const bool by_codes = scored_by_codes(sgd);
    int32_t *items = items_of(worker, at);
    for (int32_t k = 0; k < from.n_drawn; k++) {
        items[k] = from.items[items[k]];
        if (by_codes)
            lfmi_prefetch_head(&sgd->heads, items[k]);
        else
            lfmi_prefetch_item_head(sgd, items[k]);
    }
}

/* Fetch where the drawn positives of a sample stand; take those of an earlier one. */
static void prepare(lfmi_worker *worker, lfmi_sample *sample, int32_t at)
{
    enum { LATER = 4 };
    const positives from = positives_of(worker->sgd, sample->user);
    const int32_t *places = items_of(worker, at);
    for (int32_t k = 0; k < from.n_drawn; k++)
        lfmi_prefetch(&from.items[places[k]]);
    for (; worker->n_taken + LATER <= at; worker->n_taken++)
        take_positives(worker, sample - (at - worker->n_taken), worker->n_taken);
}

/* Places of a round that positives of samples are scored in. */
typedef struct places {
    lfmi_round round;
    float *scores[LFMI_ROUND]; /* where they go */
    int32_t n;
} places;

static void score_places(const lfmi_sgd *sgd, places *p)
{
    sgd->kernels->score_round(&sgd->heads, &p->round, p->n);
    for (int32_t i = 0; i < p->n; i++)
        memcpy(p->scores[i], p->round.scores[i], sizeof p->round.scores[i]);
    p->n = 0;
}

/* Score the drawn positives of a batch. */
static void score_positives(lfmi_worker *worker, const lfmi_representation *users, int32_t n, const int32_t *n_drawn)
{
    const lfmi_round *batch = &worker->round;
    places p = {.n = 0};
    for (int32_t i = 0; i < n; i++) {
        int32_t *items = items_of(worker, i);
        for (int32_t at = 0; at < n_drawn[i] && !scored_by_codes(worker->sgd); at++) {
            const lfmi_representation positive = lfmi_representation_of(worker, LFM_ITEM, items[at], worker->positive);
            scores_of(worker, i)[at] = lfmi_score(worker, &users[i], &positive);
        }
        for (int32_t at = 0; at < n_drawn[i] && scored_by_codes(worker->sgd); at += LFMI_GROUP) {
            for (int32_t k = n_drawn[i]; k < at + LFMI_GROUP; k++)
                items[k] = items[0];
            p.round.codes[p.n] = batch->codes[i];
            p.round.scales[p.n] = batch->scales[i];
            p.round.biases[p.n] = batch->biases[i];
            p.round.thresholds[p.n] = 0;
            memcpy(p.round.items[p.n], items + at, sizeof p.round.items[p.n]);
            p.scores[p.n++] = scores_of(worker, i) + at;
            if (p.n == LFMI_ROUND)
                score_places(worker->sgd, &p);
        }
    }
    if (p.n > 0)
        score_places(worker->sgd, &p);
}

/* Return the k-th best of the n drawn positives (of equal ones the one drawn first). */
static int32_t choose_positive(const lfmi_worker *worker, int32_t sample, int32_t n)
{
    float *scores = scores_of(worker, sample);
    const int32_t k = worker->sgd->fit->options.kos_k;
    for (int32_t i = n; i % LFMI_LANES != 0; i++) /* what it need not look at, but does */
        scores[i] = 0;
    return items_of(worker, sample)[worker->sgd->kernels->find_ranked(scores, n, (k < n ? k : n) - 1)];
}

static void choose(lfmi_worker *worker, lfmi_sample *samples, int32_t n)
{
    lfmi_representation users[LFMI_BATCH];
    int32_t n_drawn[LFMI_BATCH];
    for (; worker->n_taken < n; worker->n_taken++)
        take_positives(worker, &samples[worker->n_taken], worker->n_taken);
    for (int32_t i = 0; i < n; i++)
        n_drawn[i] = positives_of(worker->sgd, samples[i].user).n_drawn;
    lfmi_represent_users(worker, samples, n, users);
    score_positives(worker, users, n, n_drawn);
    lfmi_warp_draw(worker, n);
    for (int32_t i = 0; i < n; i++) {
        samples[i].positive = choose_positive(worker, i, n_drawn[i]);
        lfmi_prefetch_item_head(worker->sgd, samples[i].positive);
        lfmi_prefetch_features(worker->sgd, LFM_ITEM, samples[i].positive);
        lfmi_warp_prefetch(worker, i);
    }
    lfmi_warp_choose(worker, samples, users, n);
}

static bool visits_negatives(const lfm_train_options *options) { return options->kos_known != 0; }

const lfmi_loss lfmi_loss_warp_kos = {.visits_negatives = visits_negatives,
                                      .batch = 16,
                                      .batch_with_features = 4,
                                      .index_with = LFMI_INDEX_SIGNATURE,
                                      .scores_candidates = true,
                                      .n_prepared = 1,
                                      .draw = draw,
                                      .prepare = prepare,
                                      .choose = choose};
