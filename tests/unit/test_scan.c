/* Scanning: every variant's scores are within the bound that a pass states, on either side of which
 * nothing is missed; counts and places; nothing read or written outside. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "check.h"
#include "infer/pass.h"
#include "tap.h"

enum { CANARY = 32, MOST_D = 70 };
static const float mark = -12345.0f;

static float *guarded_new(size_t n)
{
    float *block = aligned_alloc(64, (n + 2 * CANARY + 15) / 16 * 64);
    REQUIRE(block != NULL);
    for (size_t i = 0; i < n + 2 * CANARY; i++)
        block[i] = mark;
    return block + CANARY;
}
static bool guarded_free(float *data, size_t n)
{
    bool intact = true;
    for (size_t i = 0; i < CANARY; i++)
        intact = intact && data[n + i] == mark && data[-1 - (ptrdiff_t)i] == mark;
    free(data - CANARY);
    return intact;
}

/* A scorer of random users and items; panels of all items. */
static lfm_scorer *random_scorer(int32_t n_users, int32_t n_items, int32_t d, float size, int32_t precision)
{
    test_random random = {(uint64_t)d * 77 + (uint64_t)n_items};
    float *vectors[2], *biases[2];
    lfm_embeddings sides[2];
    const int32_t rows[2] = {n_users, n_items};
    for (int s = 0; s < 2; s++) {
        vectors[s] = take((size_t)rows[s] * (size_t)d, sizeof(float));
        biases[s] = take((size_t)rows[s], sizeof(float));
        for (int64_t i = 0; i < (int64_t)rows[s] * d; i++)
            vectors[s][i] = size * random_signed(&random);
        for (int32_t i = 0; i < rows[s]; i++)
            biases[s][i] = size * random_signed(&random);
        lfm_embeddings_init(&sides[s]);
        sides[s].vectors = vectors[s];
        sides[s].biases = biases[s];
        sides[s].n_rows = rows[s];
        sides[s].n_components = d;
    }
    lfm_scorer_options how;
    lfm_scorer_options_init(&how);
    how.precision = precision;
    lfm_scorer *scorer = NULL;
    REQUIRE_OK(lfm_scorer_from_embeddings(NULL, &sides[0], &sides[1], &how, &scorer));
    for (int s = 0; s < 2; s++) {
        free(vectors[s]);
        free(biases[s]);
    }
    return scorer;
}

/* How far a scanned score is from the exact one, as a share of the bound, at most. Users with odd numbers have
 * a threshold of 0: what of theirs reaches it exactly must have been a hit. */
typedef struct watched {
    double most;
    int64_t seen, hits;
    bool good;
} watched;

static void watch(lfmi_pass *pass, const lfmi_chunk *chunk, void *arg)
{
    watched *w = arg;
    const lfmi_pass_user *user = &pass->users[chunk->user];
    for (int32_t i = 0; i < chunk->n; i++) {
        const float exact = lfmi_pass_exact(pass, chunk->user, lfmi_panels_id(pass->panels, chunk->first + i));
        const bool same = memcmp(&exact, &chunk->scores[i], sizeof exact) == 0; /* overflown ones too */
        const double off = same ? 0 : fabs((double)chunk->scores[i] - (double)exact);
        const bool is_above = pass->panels->kind != LFMI_SCAN_INT8 || chunk->scores[i] >= exact || exact != exact;
        w->good = w->good && off <= user->bound && is_above;
        w->most = user->bound > 0 && off / user->bound > w->most ? off / user->bound : w->most;
        const bool hit = (chunk->hits[i / 16] >> (i % 16) & 1) != 0;
        w->good = w->good && hit == (chunk->scores[i] >= user->threshold);
        w->seen += chunk->user % 2 == 0;
        w->hits += chunk->user % 2 != 0 && hit && (double)exact >= 0;
    }
    for (int32_t i = chunk->n; i % 16 != 0; i++) /* the filling up scores NaN */
        w->good = w->good && chunk->scores[i] != chunk->scores[i] && !(chunk->hits[i / 16] >> (i % 16) & 1);
}

static void check_bound(const lfmi_kernels *k, int32_t n_users, int32_t n_items, int32_t d, float size, int32_t precision)
{
    lfm_scorer *scorer = random_scorer(n_users, n_items, d, size, precision);
    scorer->kernels = k;
    lfmi_pass pass;
    REQUIRE_OK(lfmi_pass_new(scorer, &scorer->items, &pass));
    for (int32_t u = 0; u < n_users; u++) {
        lfmi_pass_add(&pass, lfmi_vector(scorer, LFM_SPACE_USER, u), scorer->spaces[LFM_SPACE_USER].biases[u]);
        pass.users[u].threshold = u % 2 ? 0.0f : -__builtin_inff();
    }
    watched w = {.good = true};
    lfmi_pass_run(&pass, NULL, watch, &w);
    int64_t wanted = 0; /* whose scan falls short of 0 by less than the bound may be missed, but not from codes */
    for (int32_t u = 1; u < n_users; u += 2) {
        const double least = precision == LFM_PRECISION_INT8 ? 0 : pass.users[u].bound;
        for (int32_t i = 0; i < n_items; i++)
            wanted += (double)lfmi_pass_exact(&pass, u, i) >= least;
    }
    const bool all = w.seen == (int64_t)((n_users + 1) / 2) * n_items && w.hits >= wanted;
    check_report(w.good && all && pass.n_users == 0, false, __FILE__, __LINE__,
                 "%s: %d users, %d items, d = %d, size %g, precision %d: %g of the bound", k->name, n_users, n_items, d,
                 (double)size, precision, w.most);
    lfmi_pass_free(&pass);
    lfm_scorer_free(scorer);
}

static void test_bound(void)
{
    const lfmi_kernels *k;
    for (int which = 0; (k = lfmi_kernels_at(which)) != NULL; which++) {
        for (int32_t precision = 0; precision < 3; precision++) {
            for (int32_t d = 1; d <= MOST_D; d++)
                check_bound(k, 1 + d % 48, 1 + d * 5, d, 1, precision);
            static const float sizes[] = {1e-30f, 1e-21f, 1e-3f, 1e12f, 1e17f, 1e19f};
            for (int i = 0; i < 6; i++) {
                check_bound(k, 13, 300, 17, sizes[i], precision);
                check_bound(k, 2, 300, 64, sizes[i], precision);
            }
        }
    }
}

/* The kernels alone, on panels between canaries, scores against a plain sum. */
static void test_kernels(void)
{
    enum { PANELS = 7 };
    const lfmi_kernels *k;
    for (int which = 0; (k = lfmi_kernels_at(which)) != NULL; which++) {
        for (int32_t d = 1; d <= MOST_D; d += d < 20 ? 1 : 9) {
            for (int kind = 0; kind < 4; kind++) {
                const bool single = kind % 2 != 0, half = kind >= 2;
                const size_t width = single ? 1 : LFMI_SCAN_USERS;
                const size_t panel = (size_t)lfmi_panel_bytes(d, half) / sizeof(float);
                const size_t n_items = PANELS * panel, n_users = (size_t)d * width, n_scores = width * PANELS * 16;
                float *items = guarded_new(n_items), *users = guarded_new(n_users), *scores = guarded_new(n_scores);
                float *hits = guarded_new(width * PANELS / 2 + 1); /* halves of floats */
                float biases[LFMI_SCAN_USERS], thresholds[LFMI_SCAN_USERS];
                test_random random = {(uint64_t)d};
                for (size_t i = 0; i < n_users; i++)
                    users[i] = (float)random_below(&random, 16) - 8;
                for (size_t i = 0; i < LFMI_SCAN_USERS; i++) {
                    biases[i] = (float)random_below(&random, 9);
                    thresholds[i] = (float)random_below(&random, 99) - 50;
                }
                for (size_t i = 0; i < n_items; i++) {
                    const uint16_t pair[2] = {lfmi_to_half((float)random_below(&random, 9) - 4),
                                              lfmi_to_half((float)random_below(&random, 9) - 4)};
                    if (half && i % panel >= 16)
                        memcpy(&items[i], pair, sizeof pair);
                    else
                        items[i] = (float)random_below(&random, 9) - 4;
                }
                const lfmi_scan scan = {.users = users,
                                        .biases = biases,
                                        .thresholds = thresholds,
                                        .items = items,
                                        .d = d,
                                        .n_panels = PANELS,
                                        .scores = scores,
                                        .hits = (uint16_t *)(void *)hits};
                (single ? k->scan_user : k->scan_users)[half](&scan);
                bool good = true;
                for (size_t u = 0; u < width; u++) {
                    for (size_t i = 0; i < PANELS * 16; i++) {
                        const float *from = items + i / 16 * panel;
                        float wanted = biases[u] + from[i % 16]; /* small integers: every order is exact */
                        for (size_t e = 0; e < (size_t)d; e++) {
                            const uint16_t *halves = (const uint16_t *)(const void *)(from + 16);
                            const float x = half ? lfmi_from_half(halves[e * 16 + i % 16]) : from[16 + e * 16 + i % 16];
                            wanted += users[e * width + u] * x;
                        }
                        const bool hit = (scan.hits[u * PANELS + i / 16] >> (i % 16) & 1) != 0;
                        good = good && scores[u * PANELS * 16 + i] == wanted && hit == (wanted >= thresholds[u]);
                    }
                }
                check_report(good, false, __FILE__, __LINE__, "%s: d = %d, kind %d", k->name, d, kind);
                CHECK(guarded_free(items, n_items) && guarded_free(users, n_users) && guarded_free(scores, n_scores) &&
                      guarded_free(hits, width * PANELS / 2 + 1));
            }
        }
    }
}

/* The kernels for codes between canaries, the largest codes among them; sums, scales and margins such that every
 * step is exact. */
static void check_codes(const lfmi_kernels *k, int32_t d, bool single, bool worst)
{
    enum { PANELS = 7 };
    const size_t width = single ? 1 : LFMI_SCAN_USERS, groups = (size_t)lfmi_code_groups(d);
    const size_t panel = (size_t)lfmi_panel_bytes(d, LFMI_SCAN_INT8) / sizeof(float);
    const size_t n_items = PANELS * panel, n_users = groups * width, n_scores = width * PANELS * 16;
    float *items = guarded_new(n_items), *users = guarded_new(n_users), *scores = guarded_new(n_scores);
    float *hits = guarded_new(width * PANELS / 2 + 1);
    float biases[LFMI_LANES] = {0}, scales[LFMI_LANES] = {0}, margins[LFMI_LANES] = {0}, thresholds[LFMI_SCAN_USERS];
    int32_t starts[LFMI_SCAN_USERS] = {0};
    test_random random = {(uint64_t)d};
    uint8_t *bytes = (uint8_t *)items;
    int8_t *codes = (int8_t *)users;
    for (size_t i = 0; i < n_items; i++) {
        if (i % panel < LFMI_PANEL_HEAD)
            items[i] = i % panel == 0 ? 0.25f : (float)random_below(&random, 9) - 4;
        for (int b = 0; b < 4 && i % panel >= LFMI_PANEL_HEAD; b++)
            bytes[4 * i + (size_t)b] = (uint8_t)(worst ? 255 : 1 + random_below(&random, 255));
    }
    memset(codes, 0, n_users * LFMI_CODES);
    for (size_t u = 0; u < width; u++) {
        for (size_t e = 0; e < (size_t)d; e++) {
            const int32_t size = worst ? k->most_code : (int32_t)random_below(&random, k->most_code + 1);
            const int8_t code = (int8_t)(u % 2 ? -size : size);
            codes[(e / 4 * width + u) * 4 + e % 4] = code;
            starts[u] -= LFMI_CODE_OFFSET * code;
        }
    }
    for (size_t u = 0; u < LFMI_SCAN_USERS; u++) {
        biases[u] = (float)random_below(&random, 9);
        margins[u] = (float)random_below(&random, 9);
        scales[u] = 0.5f;
        thresholds[u] = (float)random_below(&random, 99) - 50;
    }
    const lfmi_scan scan = {.biases = biases,
                            .thresholds = thresholds,
                            .items = items,
                            .d = d,
                            .n_panels = PANELS,
                            .scores = scores,
                            .hits = (uint16_t *)(void *)hits,
                            .codes = codes,
                            .scales = scales,
                            .margins = margins,
                            .starts = starts};
    (single ? k->scan_user : k->scan_users)[LFMI_SCAN_INT8](&scan);
    bool good = true;
    for (size_t u = 0; u < width; u++) {
        for (size_t i = 0; i < PANELS * 16; i++) {
            const size_t head = i / 16 * panel, l = i % 16;
            int32_t sum = 0;
            for (size_t e = 0; e < (size_t)d; e++)
                sum += codes[(e / 4 * width + u) * 4 + e % 4] *
                       (bytes[4 * (head + LFMI_PANEL_HEAD) + e / 4 * 64 + 4 * l + e % 4] - LFMI_CODE_OFFSET);
            const float wanted = (float)sum * 0.125f + biases[u] + items[head + 16 + l] +
                                 margins[u] * items[head + 1];
            const bool hit = (scan.hits[u * PANELS + i / 16] >> l & 1) != 0;
            good = good && scores[u * PANELS * 16 + i] == wanted && hit == (wanted >= thresholds[u]);
        }
    }
    check_report(good, false, __FILE__, __LINE__, "%s: d = %d, single %d, worst %d", k->name, d, single, worst);
    CHECK(guarded_free(items, n_items) && guarded_free(users, n_users) && guarded_free(scores, n_scores) &&
          guarded_free(hits, width * PANELS / 2 + 1));
}

static void test_codes(void)
{
    const lfmi_kernels *k;
    for (int which = 0; (k = lfmi_kernels_at(which)) != NULL; which++) {
        for (int32_t d = 1; d <= MOST_D; d += d < 20 ? 1 : 9) {
            for (int kind = 0; kind < 4; kind++)
                check_codes(k, d, kind % 2 != 0, kind >= 2);
        }
    }
}

static void test_counts(void)
{
    enum { N = 128, MOST = 70 };
    const lfmi_kernels *k;
    for (int which = 0; (k = lfmi_kernels_at(which)) != NULL; which++) {
        for (int32_t n_sorted = 1; n_sorted <= MOST; n_sorted++) {
            float *scores = guarded_new(N), *sorted = guarded_new((size_t)n_sorted);
            int32_t counts[MOST] = {0}, places[N];
            test_random random = {(uint64_t)n_sorted};
            for (int32_t i = 0; i < N; i++)
                scores[i] = i % 11 == 0 ? NAN : (i % 13 == 0 ? -INFINITY : (float)random_below(&random, 2 * n_sorted));
            for (int32_t i = 0; i < n_sorted; i++)
                sorted[i] = (float)i + (i % 3 == 1 ? -1.0f : 0.0f); /* with ties */
            k->count_reached(scores, N, sorted, n_sorted, counts);
            k->find_places(scores, N, sorted, n_sorted, places);
            bool good = true;
            for (int32_t t = 0; t < n_sorted; t++) {
                int32_t wanted = 0;
                for (int32_t i = 0; i < N; i++)
                    wanted += scores[i] >= sorted[t];
                good = good && counts[t] == wanted;
            }
            for (int32_t i = 0; i < N; i++) {
                int32_t wanted = 0;
                for (int32_t t = 0; t < n_sorted; t++)
                    wanted += sorted[t] <= scores[i];
                good = good && places[i] == wanted;
            }
            check_report(good, false, __FILE__, __LINE__, "%s: %d", k->name, n_sorted);
            CHECK(guarded_free(scores, N) && guarded_free(sorted, (size_t)n_sorted));
        }
    }
}

static void test_rounding(void)
{
    static const double numbers[] = {0.1, -0.1, 1, 1e-50, -1e-50, 16777217.0, -16777217.0};
    for (int i = 0; i < 7; i++) {
        CHECK((double)lfmi_round_down(numbers[i]) <= numbers[i] && (double)lfmi_round_up(numbers[i]) >= numbers[i]);
        CHECK((double)nextafterf(lfmi_round_down(numbers[i]), INFINITY) > numbers[i]);
    }
    CHECK(lfmi_round_down(1.0) == 1.0f && lfmi_round_up(1.0) == 1.0f);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"scan kernels score what they should and nothing else", test_kernels},
        {"scan kernels for codes add up exactly", test_codes},
        {"scanned scores keep their bound", test_bound},
        {"counts and places", test_counts},
        {"rounding down and up", test_rounding},
    };
    return TAP_MAIN("scan", tests, argc, argv);
}
