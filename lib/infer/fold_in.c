/* lfm_fold_in: checks, what all rows share, and the results. How a row is trained does not live here. */
#include "infer/fold_in.h"

#include <string.h>

#include "base/numeric.h"
#include "base/sized.h"
#include "infer/blocks.h"
#include "infer/embeddings.h"
#include "parallel/parallel.h"

LFMI_ASSERT_SIZED(lfm_fold_in_options, threads);

static const lfm_fold_in_options defaults = {.size = sizeof(lfm_fold_in_options),
                                             .seed = 1,
                                             .learning_rate = 0.05,
                                             .margin = 1,
                                             .loss = LFM_LOSS_WARP,
                                             .epochs = 30,
                                             .max_sampled = 10,
                                             .max_draws = 100,
                                             .kos_k = 5,
                                             .kos_n = 10};

void lfm_fold_in_options_init_sized(lfm_fold_in_options *options, size_t size)
{
    lfmi_sized_init(options, size, &defaults, sizeof defaults);
}

static lfm_status check_integer(const char *name, int32_t value, int32_t least, int32_t most)
{
    if (value >= least && value <= most)
        return LFM_OK;
    return lfmi_fail(LFM_ERROR_OPTION, "lfm_fold_in_options: %s is %d, must be in [%d, %d]", name, value, least, most);
}

static lfm_status check_real(const char *name, double value)
{
    const double most = 1e6;
    if (value >= 0 && value <= most)
        return LFM_OK;
    return lfmi_fail(LFM_ERROR_OPTION, "lfm_fold_in_options: %s is %g, must be in [0, %g]", name, value, most);
}

static lfm_status read_options(lfm_fold_in_options *known, const lfm_fold_in_options *given)
{
    enum { MILLION = 1000000, THOUSAND = 1000 };
    *known = defaults;
    if (given != NULL)
        LFMI_TRY(lfmi_sized_read(known, sizeof *known, given, "lfm_fold_in_options"));
    LFMI_TRY(check_integer("side", known->side, LFM_USER, LFM_ITEM));
    LFMI_TRY(check_integer("loss", known->loss, LFM_LOSS_LOGISTIC, LFM_LOSS_WARP_KOS));
    LFMI_TRY(check_integer("epochs", known->epochs, 0, MILLION));
    LFMI_TRY(check_integer("max_sampled", known->max_sampled, 1, MILLION));
    LFMI_TRY(check_integer("max_draws", known->max_draws, 1, MILLION));
    LFMI_TRY(check_integer("kos_k", known->kos_k, 1, THOUSAND));
    LFMI_TRY(check_integer("kos_n", known->kos_n, 1, THOUSAND));
    LFMI_TRY(check_integer("threads", known->threads, 0, LFMI_MOST_THREADS));
    LFMI_TRY(check_real("learning_rate", known->learning_rate));
    LFMI_TRY(check_real("alpha", known->alpha));
    LFMI_TRY(check_real("margin", known->margin));
    if (known->side == LFM_ITEM && known->loss == LFM_LOSS_WARP_KOS)
        return lfmi_fail(LFM_ERROR_UNSUPPORTED,
                         "k-OS WARP steps on other items than the one visited: fold in items with "
                         "LFM_LOSS_WARP");
    return LFM_OK;
}

/* One call. */
typedef struct fold_task {
    lfmi_fold fold;
    lfm_embeddings start; /* size 0: none given */
    char *vectors;        /* bytes, for the stride's sake */
    int64_t stride;
    float *biases;
    lfmi_fold_scratch *scratch; /* one a task */
    atomic_int first_bad;       /* the smallest row that is not finite; INT32_MAX: none */
} fold_task;
enum { BLOCK_ROWS = 8 };

static lfm_status check_shapes(fold_task *t, int64_t stride)
{
    const lfmi_fold *fold = &t->fold;
    const lfm_scorer *scorer = fold->scorer;
    const lfm_interactions *rows = fold->interactions;
    const bool is_user = fold->options.side == LFM_USER;
    const int32_t n_others = scorer->spaces[is_user ? LFM_SPACE_ITEM : LFM_SPACE_USER].n_rows;
    const int64_t packed = scorer->d * (int64_t)sizeof(float);
    if (rows->n_items > n_others)
        return lfmi_fail(LFM_ERROR_SHAPE, "lfm_fold_in: the interactions have %d columns, but the scorer has %d %ss",
                         rows->n_items, n_others, is_user ? "item" : "user");
    t->stride = stride != 0 ? stride : packed;
    if (t->stride < packed || t->stride % (int64_t)sizeof(float) != 0)
        return lfmi_fail(LFM_ERROR_ARGUMENT,
                         "lfm_fold_in: stride is %lld bytes, must be a multiple of 4 and at least %lld",
                         (long long)stride, (long long)packed);
    LFMI_TRY(lfmi_scorer_check_reach(scorer, fold->training, "the option training"));
    if (fold->options.start == NULL)
        return LFM_OK;
    LFMI_TRY(lfmi_embeddings_read(&t->start, fold->options.start, "the start"));
    if (t->start.n_rows != rows->n_users || t->start.n_components != scorer->d)
        return lfmi_fail(LFM_ERROR_SHAPE, "lfm_fold_in: the start has %d rows of %d components, not %d of %d",
                         t->start.n_rows, t->start.n_components, rows->n_users, scorer->d);
    return LFM_OK;
}

static int64_t n_candidates(const lfmi_fold *fold)
{
    return fold->options.loss == LFM_LOSS_WARP_KOS ? fold->options.kos_n : 0;
}

/* Group the entries by row, in stored order. */
static lfm_status group_entries(lfmi_fold *fold)
{
    const lfm_interactions *m = fold->interactions;
    lfm_context *context = fold->scorer->context;
    int64_t *next;
    LFMI_TRY(LFMI_NEW_ARRAY(context, m->n_entries, "entries by row", &fold->entries));
    LFMI_TRY(LFMI_NEW_ARRAY(context, m->n_users, "entries by row", &next));
    memcpy(next, fold->index->offsets, (size_t)m->n_users * sizeof *next);
    for (int64_t entry = 0; entry < m->n_entries; entry++)
        fold->entries[next[lfmi_users(m)[entry]]++] = entry;
    LFMI_FREE_ARRAY(context, next, m->n_users);
    return LFM_OK;
}

static lfm_status prepare_fold(lfmi_fold *fold)
{
    const lfm_fold_in_options *o = &fold->options;
    const lfm_scorer *scorer = fold->scorer;
    const bool is_item = o->side == LFM_ITEM, draws = o->loss != LFM_LOSS_LOGISTIC;
    const int64_t n_items = (int64_t)scorer->spaces[LFM_SPACE_ITEM].n_rows + is_item; /* the new one among them */
    LFMI_TRY(lfmi_interactions_index((lfm_interactions *)(uintptr_t)fold->interactions,
                                     draws && !is_item ? LFMI_INDEX_SIGNATURE : 0, o->cancel, &fold->index));
    if (is_item && draws && fold->training != NULL)
        LFMI_TRY(lfmi_interactions_index(o->training, LFMI_INDEX_SIGNATURE, o->cancel, &fold->training_index));
    LFMI_TRY(group_entries(fold));
    fold->layout = lfmi_layout_of(scorer->d, LFM_OPTIMISER_ADAGRAD);
    fold->rates = (lfmi_rates){.eta = (float)o->learning_rate, .alpha = (float)o->alpha};
    fold->update = scorer->kernels->update[LFM_OPTIMISER_ADAGRAD][o->alpha > 0 ? LFMI_L2 : LFMI_PLAIN];
    LFMI_TRY(LFMI_NEW_ARRAY(scorer->context, (int64_t)o->max_sampled + 1, "WARP's weights", &fold->rank_weights));
    for (int32_t draw = 1; draw <= o->max_sampled; draw++) {
        const int64_t rank = (n_items - 1) / draw;
        fold->rank_weights[draw] = (float)lfmi_log(rank > 1 ? (double)rank : 1.0);
    }
    return LFM_OK;
}

static lfm_status new_scratch(const lfmi_fold *fold, lfmi_fold_scratch *s)
{
    lfm_context *context = fold->scorer->context;
    LFMI_TRY(LFMI_NEW_ARRAY(context, fold->layout.stride, "a row to fold in", &s->row));
    LFMI_TRY(LFMI_NEW_ARRAY(context, fold->scorer->stride, "a row to fold in", &s->gradient));
    LFMI_TRY(LFMI_NEW_ARRAY(context, n_candidates(fold), "positives", &s->scores));
    return LFMI_NEW_ARRAY(context, n_candidates(fold), "positives", &s->drawn);
}

static void free_scratch(const lfmi_fold *fold, lfmi_fold_scratch *s)
{
    lfm_context *context = fold->scorer->context;
    LFMI_FREE_ARRAY(context, s->row, fold->layout.stride);
    LFMI_FREE_ARRAY(context, s->gradient, fold->scorer->stride);
    LFMI_FREE_ARRAY(context, s->scores, n_candidates(fold));
    LFMI_FREE_ARRAY(context, s->drawn, n_candidates(fold));
}

/* Put a row's start into the scratch, with fresh state. */
static void begin_row(const fold_task *t, int32_t row, float *to)
{
    const lfmi_fold *fold = &t->fold;
    const lfmi_layout *y = &fold->layout;
    const double *mean = fold->scorer->means + fold->options.side * ((int64_t)y->d + 1);
    const bool given = fold->options.start != NULL;
    for (int32_t e = 0; e < y->stride; e++)
        to[e] = 0.0f;
    for (int32_t e = 0; e < y->d; e++) {
        to[e] = given ? lfmi_embeddings_row(&t->start, row)[e] : (float)mean[e];
        to[y->g + e] = 1.0f;
    }
    if (!given)
        to[y->bias] = (float)mean[y->d];
    else if (t->start.biases != NULL)
        to[y->bias] = t->start.biases[row];
    to[y->bias_g] = 1.0f;
}

static void fold_rows(int64_t begin, int64_t end, uint32_t task, void *arg)
{
    fold_task *t = arg;
    const lfmi_layout *y = &t->fold.layout;
    lfmi_fold_scratch *s = &t->scratch[task];
    for (int64_t row = begin; row < end; row++) {
        begin_row(t, (int32_t)row, s->row);
        lfmi_fold_row(&t->fold, (int32_t)row, s);
        bool finite = lfmi_is_finite(s->row[y->bias]);
        for (int32_t e = 0; e < y->d; e++)
            finite = finite && lfmi_is_finite(s->row[e]);
        memcpy(t->vectors + row * t->stride, s->row, (size_t)y->d * sizeof(float));
        if (t->biases != NULL)
            t->biases[row] = s->row[y->bias];
        int first = atomic_load(&t->first_bad);
        while (!finite && (int)row < first && !atomic_compare_exchange_weak(&t->first_bad, &first, (int)row))
            continue;
    }
}

static lfm_status run(fold_task *t)
{
    lfmi_fold *fold = &t->fold;
    lfm_context *context = fold->scorer->context;
    const int32_t n = fold->interactions->n_users;
    const int32_t tasks = lfmi_tasks(context, fold->options.threads, n, BLOCK_ROWS);
    lfm_status status = prepare_fold(fold);
    if (status == LFM_OK)
        status = LFMI_NEW_ZEROED(context, tasks, "rows to fold in", &t->scratch);
    for (int32_t i = 0; i < tasks && status == LFM_OK; i++)
        status = new_scratch(fold, &t->scratch[i]);
    if (status == LFM_OK) {
        lfmi_blocks blocks = {.n = n, .block = BLOCK_ROWS, .cancel = fold->options.cancel, .work = fold_rows, .arg = t};
        status = lfmi_blocks_run(context, &blocks, tasks);
    }
    for (int32_t i = 0; t->scratch != NULL && i < tasks; i++)
        free_scratch(fold, &t->scratch[i]);
    LFMI_FREE_ARRAY(context, t->scratch, tasks);
    LFMI_FREE_ARRAY(context, fold->rank_weights, (int64_t)fold->options.max_sampled + 1);
    LFMI_FREE_ARRAY(context, fold->entries, fold->interactions->n_entries);
    if (status == LFM_OK && atomic_load(&t->first_bad) != INT32_MAX)
        return lfmi_fail(LFM_ERROR_DIVERGED,
                         "lfm_fold_in: row %d is not finite any more; try a smaller learning_rate (it "
                         "was %g) or smaller weights",
                         atomic_load(&t->first_bad), fold->options.learning_rate);
    return status;
}

lfm_status lfm_fold_in(const lfm_scorer *scorer, lfm_interactions *interactions, float *vectors, int64_t stride,
                       float *biases, const lfm_fold_in_options *options)
{
    lfmi_clear_message();
    LFMI_REQUIRE(scorer);
    LFMI_REQUIRE(interactions);
    fold_task t = {
        .fold = {.scorer = scorer, .interactions = interactions}, .vectors = (char *)vectors, .biases = biases};
    atomic_init(&t.first_bad, INT32_MAX);
    LFMI_TRY(read_options(&t.fold.options, options));
    t.fold.training = t.fold.options.training;
    LFMI_TRY(check_shapes(&t, stride));
    if (interactions->n_users == 0)
        return LFM_OK;
    LFMI_REQUIRE(vectors);
    fenv_t environment;
    lfmi_float_enter(&environment);
    const lfm_status status = run(&t);
    lfmi_float_leave(&environment);
    return status;
}
