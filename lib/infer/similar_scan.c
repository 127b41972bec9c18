/* Similar rows for many queries at once: a pass over all targets in panels. */
#include <math.h>

#include "infer/best.h"
#include "infer/blocks.h"
#include "infer/similar_call.h"

enum { LEAST_QUERIES = 2 * LFMI_SCAN_USERS, LEAST_TARGETS = 256, PANELS_PER_BLOCK = 32 };

typedef struct scan_scratch {
    lfmi_pass pass;
    lfmi_best best[LFMI_PASS_USERS];
    float *queries; /* LFMI_PASS_USERS x stride */
    int64_t *keys;
    int64_t first; /* the query that is user 0 of the pass */
} scan_scratch;

typedef struct scan_task {
    const lfmi_similar_call *call;
    lfmi_panels panels; /* of the targets: scaled to length 1 where the measure is the cosine */
    float *inverses;    /* of the targets; cosine only */
    int32_t room;
    int64_t width;
    atomic_int odd; /* a target whose cosine takes doubles */
    scan_scratch *scratch;
} scan_task;

static bool is_cosine(const scan_task *scan) { return scan->call->options.measure == LFM_SIMILARITY_COSINE; }

static const float *target_of(const scan_task *scan, int32_t place)
{
    return lfmi_vector(scan->call->scorer, scan->call->target_space, scan->call->options.first_row + place);
}

static double length_of(const float *row, int32_t d)
{
    double sum = 0;
    for (int32_t e = 0; e < d; e++)
        sum += (double)row[e] * (double)row[e];
    return sqrt(sum);
}

/* Put a target into lane l of a panel. */
static void pack_target(scan_task *scan, float *panel, int l, int32_t place)
{
    const int32_t d = scan->panels.d;
    const float *row = target_of(scan, place);
    float scale = 1;
    if (is_cosine(scan)) {
        scale = lfmi_similar_inverse(scan->call, scan->call->options.first_row + place);
        scan->inverses[place] = scale;
        for (int32_t e = 0; e < d && !(scale > 0); e++) {
            if (row[e] < 0 || row[e] > 0) /* zeros have cosine 0, by any way */
                atomic_store(&scan->odd, 1);
        }
    }
    panel[l] = 0;
    for (int64_t e = 0; e < d; e++)
        panel[(e + 1) * LFMI_LANES + l] = row[e] * scale;
}

static void pack_targets(int64_t begin, int64_t end, uint32_t task, void *arg)
{
    (void)task;
    scan_task *scan = arg;
    const int64_t numbers = lfmi_panel_bytes(scan->panels.d, LFMI_SCAN_FLOAT) / (int64_t)sizeof(float);
    for (int64_t p = begin; p < end; p++) {
        float *panel = (float *)scan->panels.data + p * numbers;
        for (int l = 0; l < LFMI_LANES; l++) {
            const int64_t place = p * LFMI_LANES + l;
            if (place < scan->panels.n_items) {
                pack_target(scan, panel, l, (int32_t)place);
                continue;
            }
            panel[l] = __builtin_nanf("");
            for (int64_t e = 0; e < scan->panels.d; e++)
                panel[(e + 1) * LFMI_LANES + l] = 0;
        }
    }
}

static lfm_status pack(scan_task *scan, int32_t threads)
{
    const lfmi_similar_call *call = scan->call;
    lfm_context *context = call->scorer->context;
    const int32_t d = call->scorer->d, n = call->end_row - call->options.first_row;
    scan->panels = (lfmi_panels){.n_items = n, .d = d, .kind = LFMI_SCAN_FLOAT};
    const int64_t n_panels = lfmi_n_panels(n);
    LFMI_TRY(lfmi_allocate(context, n_panels, (size_t)lfmi_panel_bytes(d, LFMI_SCAN_FLOAT), "rows to compare",
                           &scan->panels.data));
    if (is_cosine(scan))
        LFMI_TRY(LFMI_NEW_ARRAY(context, n, "rows to compare", &scan->inverses));
    lfmi_blocks blocks = {.n = n_panels, .block = PANELS_PER_BLOCK, .work = pack_targets, .arg = scan};
    LFMI_TRY(lfmi_blocks_run(context, &blocks, lfmi_tasks(context, threads, n_panels, PANELS_PER_BLOCK)));
    double longest = 0;
    for (int32_t place = 0; place < n && !is_cosine(scan); place++) {
        const double length = length_of(target_of(scan, place), d);
        longest = length > longest ? length : longest;
    }
    /* Cosines come from targets that are scaled before the sum, exact ones are scaled after it and cut off at
     * 1: within twice as many roundings of the sum as both together, and some, of each other. */
    scan->panels.norm = is_cosine(scan) ? 1.001f : lfmi_round_up(longest * (1 + 1e-6));
    scan->panels.roundings = is_cosine(scan) ? 3 * d + 64 : 0;
    return LFM_OK;
}

static float exact_similarity(const lfmi_pass *pass, int32_t user, int32_t place)
{
    const scan_task *scan = pass->exact_arg;
    return lfmi_similarity(scan->call, pass->users[user].vector, scan->call->options.first_row + place,
                           scan->inverses != NULL ? scan->inverses[place] : 0);
}

static bool is_struck_out(const lfmi_similar_call *call, int64_t i, int32_t target)
{
    const int32_t own = lfmi_similar_own_row(call, i);
    if (call->query_space == call->target_space && call->options.include_self == 0 && own == target)
        return true;
    if (call->excluded != NULL && call->excluded[target])
        return true;
    const int32_t *columns = NULL;
    const int64_t n = lfm_features_row(call->options.known, own, &columns, NULL);
    for (int64_t at = 0; at < n; at++) {
        if (columns[at] == target)
            return true;
    }
    return false;
}

typedef struct scan_visit {
    const scan_task *scan;
    scan_scratch *scratch;
} scan_visit;

static void take_hits(lfmi_pass *pass, const lfmi_chunk *chunk, void *arg)
{
    const scan_visit *visit = arg;
    const lfmi_similar_call *call = visit->scan->call;
    lfmi_best *best = &visit->scratch->best[chunk->user];
    for (int32_t p = 0; p * LFMI_LANES < chunk->n; p += 4) {
        for (uint64_t hits = lfmi_chunk_hits(chunk, p); hits != 0; hits &= hits - 1) {
            const int32_t at = p * LFMI_LANES + __builtin_ctzll(hits), place = chunk->first + at;
            if (chunk->scores[at] >= pass->users[chunk->user].threshold &&
                !is_struck_out(call, visit->scratch->first + chunk->user, call->options.first_row + place))
                lfmi_best_offer(best, pass, chunk->user, chunk->scores[at], place);
        }
    }
}

/* Write a list; similarities are computed once more, since a list does not tell -0 from 0. */
static void write_list(const scan_task *scan, scan_scratch *s, int32_t user)
{
    const lfmi_similar_call *call = scan->call;
    int32_t *rows = call->rows + (s->first + user) * call->k;
    float *similarities = call->similarities != NULL ? call->similarities + (s->first + user) * call->k : NULL;
    lfmi_best_write(&s->best[user], &s->pass, user, rows, NULL);
    for (int32_t at = 0; at < call->k; at++) {
        const bool is_there = at < call->most && rows[at] >= 0;
        const int32_t place = is_there ? rows[at] : -1;
        rows[at] = is_there ? call->options.first_row + place : -1;
        if (similarities != NULL)
            similarities[at] = is_there ? exact_similarity(&s->pass, user, place) : -__builtin_inff();
    }
}

static void serve(int64_t begin, int64_t end, uint32_t task, void *arg)
{
    const scan_task *scan = arg;
    const lfmi_similar_call *call = scan->call;
    scan_scratch *s = &scan->scratch[task];
    s->first = begin;
    for (int64_t i = begin; i < end; i++) {
        float *query = s->queries + (i - begin) * call->scorer->stride;
        lfmi_similar_query(call, i, query);
        lfmi_pass_add(&s->pass, query, 0);
        s->best[i - begin] =
            (lfmi_best){.keys = s->keys + (i - begin) * scan->room, .k = call->most, .room = scan->room};
    }
    scan_visit visit = {scan, s};
    lfmi_pass_run(&s->pass, call->options.cancel, take_hits, &visit);
    for (int64_t i = begin; i < end && !lfm_cancel_is_set(call->options.cancel); i++)
        write_list(scan, s, (int32_t)(i - begin));
}

static lfm_status new_scratch(scan_task *scan, scan_scratch *s)
{
    const lfm_scorer *scorer = scan->call->scorer;
    LFMI_TRY(lfmi_pass_new(scorer, &scan->panels, &s->pass));
    s->pass.exact = exact_similarity;
    s->pass.exact_arg = scan;
    LFMI_TRY(LFMI_NEW_ARRAY(scorer->context, scan->width * scorer->stride, "the queries", &s->queries));
    return LFMI_NEW_ARRAY(scorer->context, scan->width * scan->room, "the most similar", &s->keys);
}

static lfm_status run(scan_task *scan, int64_t n)
{
    enum { MOST_KEYS = 1 << 20 }; /* of a task, unless a list alone is as long */
    const lfmi_similar_call *call = scan->call;
    lfm_context *context = call->scorer->context;
    scan->room = lfmi_best_room(call->most, scan->panels.n_items);
    const int64_t most = MOST_KEYS / scan->room;
    const int32_t tasks = lfmi_tasks(context, call->options.threads, n, LFMI_SCAN_USERS);
    scan->width = lfmi_pass_width(n, tasks, most < 1 ? 1 : most);
    lfm_status status = LFMI_NEW_ZEROED(context, tasks, "the work space of similar rows", &scan->scratch);
    for (int32_t i = 0; i < tasks && status == LFM_OK; i++)
        status = new_scratch(scan, &scan->scratch[i]);
    if (status == LFM_OK) {
        lfmi_blocks blocks = {
            .n = n, .block = scan->width, .cancel = call->options.cancel, .work = serve, .arg = scan};
        status = lfmi_blocks_run(context, &blocks, tasks);
    }
    for (int32_t i = 0; scan->scratch != NULL && i < tasks; i++) {
        lfmi_pass_free(&scan->scratch[i].pass);
        LFMI_FREE_ARRAY(context, scan->scratch[i].queries, scan->width * call->scorer->stride);
        LFMI_FREE_ARRAY(context, scan->scratch[i].keys, scan->width * scan->room);
    }
    LFMI_FREE_ARRAY(context, scan->scratch, tasks);
    return status;
}

lfm_status lfmi_similar_scan(const lfmi_similar_call *call, int64_t n, bool *done)
{
    *done = false;
    if (n < LEAST_QUERIES || call->end_row - call->options.first_row < LEAST_TARGETS)
        return LFM_OK;
    scan_task scan = {.call = call};
    atomic_init(&scan.odd, 0);
    lfm_status status = pack(&scan, call->options.threads);
    if (status == LFM_OK && atomic_load(&scan.odd) == 0) {
        *done = true;
        status = run(&scan, n);
    }
    LFMI_FREE_ARRAY(call->scorer->context, scan.inverses, scan.panels.n_items);
    lfmi_panels_free(call->scorer->context, &scan.panels);
    return status;
}
