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

/* Where the candidates of sample i of a batch stand. */
static int32_t *candidates_of(const lfmi_worker *worker, int32_t i)
{
    return worker->candidate_items + (int64_t)i * worker->max_candidates;
}

/* Fetch the user's items, or the first of very many. */
static void prepare(lfmi_worker *worker, lfmi_sample *sample)
{
    enum { ITEMS = LFMI_CACHE_LINE / sizeof(int32_t), MOST = 4 * ITEMS };
    const lfmi_index *index = worker->sgd->index;
    const int64_t begin = index->offsets[sample->user], end = index->offsets[sample->user + 1];
    lfmi_begin_draws(worker->sgd, sample);
    for (int64_t at = begin; at < end + ITEMS && at < begin + MOST; at += ITEMS)
        __builtin_prefetch(&index->items[at]);
}

/* Codes that every step keeps up to date will do to choose a positive too; refreshed ones are too old:
 * what was stepped on just now would go on looking low. */
static bool scored_by_codes(const lfmi_sgd *sgd) { return sgd->heads.codes != NULL && sgd->direct[LFM_ITEM]; }

/* Draw positives of the user and fetch what they are scored by. */
static void draw_positives(lfmi_worker *worker, lfmi_sample *sample, int32_t *items)
{
    const lfmi_sgd *sgd = worker->sgd;
    const positives from = positives_of(sgd, sample->user);
    for (int32_t drawn = 0; drawn < from.n_drawn; drawn += 2) {
        int32_t at[2];
        if (from.n <= INT32_MAX) {
            lfmi_bounded_pair(&sample->draws, (uint32_t)from.n, at);
            items[drawn] = from.items[at[0]];
            items[drawn + 1] = from.items[at[1]];
        } else {
            items[drawn] = from.items[lfmi_bounded(&sample->draws, (uint64_t)from.n)];
            items[drawn + 1] = from.items[lfmi_bounded(&sample->draws, (uint64_t)from.n)];
        }
        if (scored_by_codes(sgd)) {
            lfmi_prefetch_head(&sgd->heads, items[drawn]);
            lfmi_prefetch_head(&sgd->heads, items[drawn + 1]);
        } else {
            lfmi_prefetch_item_head(sgd, items[drawn]);
            lfmi_prefetch_item_head(sgd, items[drawn + 1]);
        }
    }
    sample->n_drawn = from.n_drawn;
}

/* Score the drawn positives. */
static void score_positives(lfmi_worker *worker, int32_t *items, int32_t n, const lfmi_chooser *chooser)
{
    float *scores = worker->candidate_scores;
    if (scored_by_codes(worker->sgd)) {
        for (int32_t i = n; i % LFMI_GROUP != 0; i++)
            items[i] = items[0];
        for (int32_t i = 0; i < n; i += LFMI_GROUP)
            lfmi_score_group(worker, chooser, items + i, 0, scores + i);
        return;
    }
    for (int32_t i = 0; i < n; i++) {
        const lfmi_representation positive = lfmi_representation_of(worker, LFM_ITEM, items[i], worker->positive);
        scores[i] = lfmi_score(worker, &chooser->user, &positive);
    }
}

/* Return the k-th best of the drawn positives (of equal ones the one drawn first). */
static int32_t choose_positive(lfmi_worker *worker, const lfmi_sample *sample, int32_t *items,
                               const lfmi_chooser *chooser)
{
    float *scores = worker->candidate_scores;
    const int32_t n = sample->n_drawn, k = worker->sgd->fit->options.kos_k;
    score_positives(worker, items, n, chooser);
    for (int32_t i = n; i % LFMI_LANES != 0; i++) /* what it need not look at, but does */
        scores[i] = 0;
    return items[worker->sgd->kernels->find_ranked(scores, n, (k < n ? k : n) - 1)];
}

static void choose(lfmi_worker *worker, lfmi_sample *samples, int32_t n)
{
    lfmi_chooser choosers[LFMI_BATCH];
    for (int32_t i = 0; i < n; i++)
        draw_positives(worker, &samples[i], candidates_of(worker, i));
    lfmi_represent_choosers(worker, samples, n, choosers);
    for (int32_t i = 0; i < n; i++) {
        lfmi_sample *s = &samples[i];
        s->positive = choose_positive(worker, s, candidates_of(worker, i), &choosers[i]);
        lfmi_prefetch_item_head(worker->sgd, s->positive);
        lfmi_prefetch_features(worker->sgd, LFM_ITEM, s->positive);
        lfmi_warp_prepare(worker, s);
    }
    lfmi_warp_choose(worker, samples, choosers, n);
}

static bool visits_negatives(const lfm_train_options *options) { return options->kos_known != 0; }

const lfmi_loss lfmi_loss_warp_kos = {.visits_negatives = visits_negatives,
                                      .index_with = LFMI_INDEX_SIGNATURE,
                                      .scores_candidates = true,
                                      .n_prepared = 1,
                                      .prepare = prepare,
                                      .choose = choose};
