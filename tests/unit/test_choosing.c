/* The kernels that choosing goes by: codes and their scores, draws. Every variant gives the same. */
#include <math.h>

#include "base/random.h"
#include "guarded.h"
#include "simd/kernels.h"
#include "tap.h"

enum { MOST = 130 };

/* Codes by the definition. */
static float encode_by_rule(int8_t *codes, const float *x, int32_t n)
{
    float largest = 0;
    for (int32_t e = 0; e < n; e++)
        largest = fabsf(x[e]) > largest ? fabsf(x[e]) : largest;
    for (int32_t e = 0; e < n; e++)
        codes[lfmi_place_of_code(e, n)] =
            largest > LFMI_CODE_LEAST ? (int8_t)nearbyintf(x[e] * (127.0f / largest)) : 0;
    return largest > LFMI_CODE_LEAST ? largest * (1.0f / 127.0f) : 0.0f;
}

/* Rows that may go wrong: ordinary ones, zeros, one large element, subnormals, all of one size. */
static void fill_worst(guarded *x, int kind, uint64_t seed)
{
    fill(x, seed);
    for (int32_t e = 0; e < x->n; e++) {
        if (kind == 1)
            x->data[e] = 0;
        if (kind == 2 && e == x->n / 2)
            x->data[e] = -3e37f;
        if (kind == 3)
            x->data[e] *= 1e-38f;
        if (kind == 4)
            x->data[e] = x->data[e] < 0 ? -0.3f : 0.3f;
    }
}

/* Score a round of so many users against the definition: each has codes, a scale, a bias and a threshold of his own, the
 * last the score of one of his items, which is not above it. What stands behind the users is not touched. */
static bool round_is_right(const lfmi_kernels *k, const lfmi_heads *heads, int32_t users)
{
    enum { ITEMS = 5 };
    lfmi_round round;
    memset(&round, 0x5A, sizeof round);
    float wanted[LFMI_ROUND][LFMI_GROUP];
    for (int32_t i = 0; i < users; i++) {
        round.codes[i] = lfmi_codes_of(heads, i % ITEMS);
        round.scales[i] = 0.7f - 0.1f * (float)i;
        round.biases[i] = 0.25f * (float)i;
        for (int32_t g = 0; g < LFMI_GROUP; g++) {
            const int32_t item = round.items[i][g] = (3 * i + 2 * g + 1) % ITEMS;
            const lfmi_head *head = lfmi_head_of(heads, item);
            int32_t sum = 0;
            for (int32_t e = 0; e < heads->n; e++)
                sum += round.codes[i][e] * lfmi_codes_of(heads, item)[e];
            wanted[i][g] = (float)sum * (round.scales[i] * head->scale) + (round.biases[i] + head->bias);
        }
        round.thresholds[i] = wanted[i][i % LFMI_GROUP];
    }
    const lfmi_round before = round;
    const uint64_t above = k->score_round(heads, &round, users);
    bool good = users == LFMI_ROUND || above >> (users * LFMI_GROUP) == 0;
    for (int32_t i = 0; i < users; i++) {
        good = good && memcmp(round.scores[i], wanted[i], sizeof wanted[i]) == 0;
        for (int32_t g = 0; g < LFMI_GROUP; g++)
            good = good && (above >> (i * LFMI_GROUP + g) & 1) == (wanted[i][g] > round.thresholds[i]);
    }
    const size_t there = (size_t)users * sizeof round.scores[0];
    return good && memcmp((const char *)before.scores + there, (const char *)round.scores + there,
                          sizeof round.scores - there) == 0;
}

/* Codes: every variant makes the same, pads with zeros, and sums their products exactly, whatever the
 * alignment. */
static void test_codes(void)
{
    enum { KINDS = 5, PADDED = MOST + LFMI_LANES };
    const lfmi_kernels *k;
    for (int which = 0; (k = lfmi_kernels_at(which)) != NULL; which++) {
        for (int32_t n = 1; n <= MOST; n++) {
            const int32_t padded = (n + LFMI_LANES - 1) / LFMI_LANES * LFMI_LANES;
            int8_t codes[KINDS][PADDED + 1], wanted[PADDED] = {0}; /* an odd length: any alignment */
            bool good = true;
            for (int kind = 0; kind < KINDS; kind++) {
                guarded x = guarded_new(n);
                fill_worst(&x, kind, (uint64_t)(n + kind));
                int8_t *row = codes[kind];
                memset(codes[kind], 0x5A, sizeof codes[kind]);
                const float scale = k->encode(row, x.data, n), wanted_scale = encode_by_rule(wanted, x.data, n);
                good = good && memcmp(&scale, &wanted_scale, sizeof scale) == 0;
                good = good && memcmp(row, wanted, (size_t)padded) == 0 && row[padded] == 0x5A;
                CHECK(guarded_intact(&x));
                free(x.block);
            }
            lfmi_head each[KINDS] = {{1, 1}, {0.03f, 0.5f}, {1.7f, -3}, {0, 0}, {1e-9f, 1e9f}};
            const lfmi_heads heads = {codes[0], (int8_t *)each, padded, sizeof codes[0], sizeof each[0], 0};
            for (int32_t users = 1; users <= LFMI_ROUND; users++)
                good = good && round_is_right(k, &heads, users);
            check_report(good, false, __FILE__, __LINE__, "%s: codes of %d", k->name, n);
        }
    }
}

/* Draws of all streams are those of each alone, also where some are rejected: bounds just above 2^30 reject a quarter. */
static void test_draw_pairs(void)
{
    static const uint64_t kinds[] = {1, 2, 26000, (1u << 30) + 1, INT32_MAX};
    const lfmi_kernels *k;
    for (int which = 0; (k = lfmi_kernels_at(which)) != NULL; which++) {
        bool good = true;
        uint64_t streams[LFMI_STREAMS], bounds[LFMI_STREAMS];
        lfmi_stream each[LFMI_STREAMS];
        for (int i = 0; i < LFMI_STREAMS; i++)
            each[i] = lfmi_stream_of(7, (uint64_t)i);
        for (int i = 0; i < LFMI_STREAMS; i++)
            streams[i] = each[i].state;
        for (int round = 0; round < 1000; round++) {
            int32_t out[LFMI_STREAMS][2], wanted[2];
            for (int i = 0; i < LFMI_STREAMS; i++)
                bounds[i] = kinds[(i + round) % (int)(sizeof kinds / sizeof *kinds)];
            k->draw_pairs(streams, bounds, out);
            for (int i = 0; i < LFMI_STREAMS; i++) {
                lfmi_bounded_pair(&each[i], (uint32_t)bounds[i], wanted);
                good = good && memcmp(out[i], wanted, sizeof wanted) == 0 && streams[i] == each[i].state;
            }
        }
        check_report(good, false, __FILE__, __LINE__, "%s: draws", k->name);
    }
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {{"codes", test_codes}, {"draws", test_draw_pairs}};
    return TAP_MAIN("choosing", tests, argc, argv);
}
