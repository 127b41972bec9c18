/* Timing the kernels, all input in the nearest cache: the best of several runs. Calls take turns on a few
 * rows, as in training: one that reads what the call before it wrote would wait for that. */
#include "bench_kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/order.h"
#include "build.h"
#include "check.h"
#include "infer/panels.h"
#include "model/model.h"

enum { MOST = 128, PANELS = 8, THRESHOLDS = 8, RUNS = 9, TURNS = 8 };
static const double run_seconds = 2e-4;

/* What all calls work on; a run starts from fresh rows. rows: those whose turn it is. */
typedef struct bench {
    const lfmi_kernels *k;
    int32_t n;
    int first, second; /* which of a table of kernels */
    float *rows[3], *blocks[3], *panels, *scores;
    int8_t codes[LFMI_GROUP + 1][MOST];
    int8_t user_codes[LFMI_SCAN_USERS * (MOST + LFMI_CODES)];
    uint16_t hits[LFMI_SCAN_USERS * PANELS];
    int32_t counts[MOST];
    volatile float kept; /* results, so that no call is left out */
} bench;

static void call_dot(bench *b) { b->kept = b->k->dot(b->rows[0], b->rows[1], b->n, 0.5f); }
static void call_encode(bench *b) { b->kept = b->k->encode(b->codes[0], b->rows[0], b->n); }
static void call_add_scaled(bench *b) { b->k->add_scaled(b->rows[0], b->rows[1], 0.01f, b->n); }
static void call_subtract(bench *b) { b->k->subtract(b->rows[0], b->rows[1], b->rows[2], b->n); }

static int32_t padded(int32_t n) { return (n + LFMI_LANES - 1) / LFMI_LANES * LFMI_LANES; }

/* A round of all users. */
static void call_score_round(bench *b)
{
    static lfmi_head head = {0.01f, 0.1f}; /* of all */
    const lfmi_heads heads = {b->codes[0], (int8_t *)&head, padded(b->n), sizeof b->codes[0], 0, 0};
    static lfmi_round round;
    for (int i = 0; i < LFMI_ROUND; i++) {
        round.codes[i] = b->codes[0];
        for (int k = 0; k < LFMI_GROUP; k++)
            round.items[i][k] = k + 1;
    }
    b->kept = (float)b->k->score_round(&heads, &round, LFMI_ROUND);
}

static void call_draw_pairs(bench *b)
{
    uint64_t streams[LFMI_STREAMS] = {1, 2, 3, 4, 5, 6, 7, 8}, bounds[LFMI_STREAMS];
    int32_t out[LFMI_STREAMS][2];
    for (int i = 0; i < LFMI_STREAMS; i++)
        bounds[i] = (uint64_t)b->n;
    b->k->draw_pairs(streams, bounds, out);
    b->kept = (float)out[0][0];
}

static void call_permute(bench *b)
{
    const lfmi_order order = lfmi_order_of(1, 1000003, false);
    int64_t entries[MOST];
    b->k->permute(&order, 0, b->n, entries);
    b->kept = (float)entries[0];
}

static const lfmi_rates rates = {.eta = 0.05f, .rho = 0.95f, .one_minus_rho = 0.05f, .epsilon = 1e-6f, .alpha = 1e-5f};

static void call_update(bench *b)
{
    const lfmi_layout layout = lfmi_layout_of(b->n, b->first);
    b->kept = b->k->update[b->first][b->second](&layout, &rates, b->rows[0], b->rows[1], 0.1f, 1.0f, b->rows[2]);
}

/* The whole step, in one kernel where there is one. */
static void call_pair(bench *b)
{
    const lfmi_layout layout = lfmi_layout_of(b->n, b->first);
    float *user = b->rows[0], *positive = b->rows[1], *negative = b->rows[2], difference[MOST];
    if (b->k->pair[b->first] != NULL) {
        b->k->pair[b->first](&layout, &rates, b->rows, b->rows + 1, 0.1f);
        return;
    }
    const lfmi_update_fn update = b->k->update[b->first][LFMI_PLAIN];
    b->k->subtract(difference, negative, positive, b->n);
    b->kept = update(&layout, &rates, positive, user, -0.1f, 1.0f, user);
    b->kept = update(&layout, &rates, negative, user, 0.1f, 1.0f, user);
    b->kept = update(&layout, &rates, user, difference, 0.1f, 1.0f, user);
}

static void call_point(bench *b)
{
    const lfmi_layout layout = lfmi_layout_of(b->n, b->first);
    if (b->k->point[b->first] != NULL) {
        b->k->point[b->first](&layout, &rates, b->rows, b->rows + 1, 0.1f);
        return;
    }
    b->kept = b->k->update[b->first][LFMI_PLAIN](&layout, &rates, b->rows[1], b->rows[0], 0.1f, 1.0f, b->rows[2]);
    b->kept = b->k->update[b->first][LFMI_PLAIN](&layout, &rates, b->rows[0], b->rows[2], 0.1f, 1.0f, b->rows[2]);
}

/* Two features of each item. */
static void call_features(bench *b)
{
    const lfmi_layout layout = lfmi_layout_of(b->n, b->first);
    const lfmi_rates both[] = {rates, rates};
    float *items[] = {b->rows[1], b->rows[2]}, after[MOST];
    const lfmi_feature_rows lists[LFMI_PAIR] = {{b->rows, NULL, NULL, 1}, {items, NULL, NULL, 2}, {items, NULL, NULL, 2}};
    b->kept = b->k->features[b->first][b->second](&layout, both, lists, b->rows[0], 0.1f, after);
}

static void call_scan(bench *b)
{
    static const int32_t starts[LFMI_LANES] = {0};
    const lfmi_scan scan = {.users = b->rows[0],
                            .biases = b->rows[1],
                            .thresholds = b->rows[2],
                            .items = b->panels,
                            .d = b->n,
                            .n_panels = PANELS,
                            .scores = b->scores,
                            .hits = b->hits,
                            .codes = b->user_codes,
                            .scales = b->rows[1],
                            .margins = b->rows[2],
                            .starts = starts};
    (b->first ? b->k->scan_user : b->k->scan_users)[b->second](&scan);
}

static void call_count_reached(bench *b)
{
    b->k->count_reached(b->scores, padded(b->n), b->rows[0], THRESHOLDS, b->counts);
}
static void call_find_places(bench *b)
{
    b->k->find_places(b->scores, padded(b->n), b->rows[2], MOST, b->counts);
}

typedef struct timed {
    const char *name;
    void (*call)(bench *b);
    int first, second;
} timed;

enum { ADAGRAD = LFM_OPTIMISER_ADAGRAD, ROWWISE = LFM_OPTIMISER_ADAGRAD_ROWWISE, ADADELTA = LFM_OPTIMISER_ADADELTA };
static const timed kernels[] = {
    {"dot", call_dot, 0, 0},
    {"add_scaled", call_add_scaled, 0, 0},
    {"subtract", call_subtract, 0, 0},
    {"encode", call_encode, 0, 0},
    {"score_round", call_score_round, 0, 0},
    {"draw_pairs", call_draw_pairs, 0, 0},
    {"permute", call_permute, 0, 0},
    {"update adagrad", call_update, ADAGRAD, LFMI_PLAIN},
    {"update adagrad l2", call_update, ADAGRAD, LFMI_L2},
    {"update adagrad lazy", call_update, ADAGRAD, LFMI_LAZY},
    {"update rowwise", call_update, ROWWISE, LFMI_PLAIN},
    {"update rowwise l2", call_update, ROWWISE, LFMI_L2},
    {"update rowwise lazy", call_update, ROWWISE, LFMI_LAZY},
    {"update adadelta", call_update, ADADELTA, LFMI_PLAIN},
    {"update adadelta l2", call_update, ADADELTA, LFMI_L2},
    {"update adadelta lazy", call_update, ADADELTA, LFMI_LAZY},
    {"pair adagrad", call_pair, ADAGRAD, 0},
    {"pair rowwise", call_pair, ROWWISE, 0},
    {"pair adadelta", call_pair, ADADELTA, 0},
    {"features adagrad", call_features, ADAGRAD, LFMI_PLAIN},
    {"features adagrad l2", call_features, ADAGRAD, LFMI_L2},
    {"features adadelta", call_features, ADADELTA, LFMI_PLAIN},
    {"point adagrad", call_point, ADAGRAD, 0},
    {"scan users", call_scan, 0, LFMI_SCAN_FLOAT},
    {"scan users half", call_scan, 0, LFMI_SCAN_HALF},
    {"scan users int8", call_scan, 0, LFMI_SCAN_INT8},
    {"scan user", call_scan, 1, LFMI_SCAN_FLOAT},
    {"scan user half", call_scan, 1, LFMI_SCAN_HALF},
    {"scan user int8", call_scan, 1, LFMI_SCAN_INT8},
    {"count_reached", call_count_reached, 0, 0},
    {"find_places", call_find_places, 0, 0},
};
enum { N_KERNELS = sizeof kernels / sizeof *kernels };
static const int32_t lengths[] = {10, 32, 64, 100, 128};

/* A scan's users are the longest row; others take turns at places this far apart, at most. */
enum { ROW = LFMI_SCAN_USERS * MOST, APART = 3 * MOST + 64, BLOCK = ROW + TURNS * APART };

static int32_t apart(const bench *b) { return lfmi_layout_of(b->n, ADADELTA).stride; }

static float *aligned_floats(size_t n)
{
    float *block = aligned_alloc(64, (n * sizeof(float) + 63) / 64 * 64);
    REQUIRE(block != NULL);
    return block;
}

static void fill(bench *b)
{
    const size_t n_panels = (size_t)lfmi_panel_bytes(MOST, LFMI_SCAN_FLOAT) / sizeof(float) * PANELS;
    test_random random = {1};
    for (int r = 0; r < 3; r++)
        b->blocks[r] = aligned_floats(BLOCK);
    b->panels = aligned_floats(n_panels);
    b->scores = aligned_floats(LFMI_SCAN_USERS * PANELS * LFMI_LANES);
    for (size_t i = 0; i < n_panels; i++) {
        const uint16_t half = lfmi_to_half(random_signed(&random));
        const uint32_t both = (uint32_t)half << 16 | half; /* a number of that size either way */
        memcpy(&b->panels[i], &both, sizeof both);
    }
    for (size_t i = 0; i < LFMI_SCAN_USERS * PANELS * LFMI_LANES; i++)
        b->scores[i] = 1.5f + 0.5f * random_signed(&random);
    for (size_t i = 0; i < sizeof b->codes; i++)
        (&b->codes[0][0])[i] = (int8_t)(random_below(&random, 255) - 127);
}

static void empty(bench *b)
{
    for (int r = 0; r < 3; r++)
        free(b->blocks[r]);
    free(b->panels);
    free(b->scores);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Seconds of `calls` calls from fresh rows. */
static double run(bench *b, const timed *kernel, int64_t calls)
{
    const int32_t step = apart(b);
    for (int r = 0; r < 3; r++) {
        for (int32_t i = 0; i < BLOCK; i++)
            b->blocks[r][i] = 1.0f + (float)i / BLOCK; /* ascending, and good states of optimisers */
    }
    const double begin = now();
    for (int64_t i = 0; i < calls; i++) {
        for (int r = 0; r < 3; r++)
            b->rows[r] = b->blocks[r] + i % TURNS * step;
        kernel->call(b);
    }
    return now() - begin;
}

static double best_nanoseconds(bench *b, const timed *kernel)
{
    int64_t calls = 16;
    while (run(b, kernel, calls) < run_seconds)
        calls *= 2;
    double best = run(b, kernel, calls);
    for (int i = 1; i < RUNS; i++) {
        const double time = run(b, kernel, calls);
        best = time < best ? time : best;
    }
    return best * 1e9 / (double)calls;
}

int bench_kernels(void)
{
    static bench b;
    REQUIRE(lfmi_layout_of(MOST, ADADELTA).stride <= APART);
    fill(&b);
    printf("nanoseconds a call, and times faster than portable\n%-20s %4s", "kernel", "n");
    for (int which = 0; (b.k = lfmi_kernels_at(which)) != NULL; which++)
        printf(which == 0 ? " %9s" : " %17s", b.k->name);
    for (int i = 0; i < N_KERNELS; i++) {
        const timed *kernel = &kernels[i];
        for (size_t at = 0; at < sizeof lengths / sizeof *lengths; at++) {
            double portable = 0;
            b.n = lengths[at];
            b.first = kernel->first;
            b.second = kernel->second;
            printf("\n%-20s %4d", kernel->name, b.n);
            for (int which = 0; (b.k = lfmi_kernels_at(which)) != NULL; which++) {
                const double time = best_nanoseconds(&b, kernel);
                portable = which == 0 ? time : portable;
                printf(" %9.1f", time);
                if (which > 0)
                    printf(" (%5.1f)", portable / time);
            }
            fflush(stdout);
        }
    }
    putchar('\n');
    empty(&b);
    return 0;
}
