/* Recommending on catalogues of many chunks: who may be listed, by exclusion, lists and masks; users by
 * id, by vector, by features; all against a plain sort of lfm_predict()'s scores, which themselves are
 * checked against sums in double. */
#include <stdio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "check.h"
#include "tap.h"

enum { USERS = 61, ITEMS = 1000, D = 19 };

/* How representations are chosen. */
enum { PLAIN, TIED, EQUAL, NEAR, HUGE_ONES, N_KINDS };

typedef struct shop {
    lfm_scorer *scorer;
    float *vectors[2], *biases[2];
    float *scores; /* USERS x ITEMS */
    test_entries seen;
    lfm_interactions *seen_set;
    bool *is_seen;
} shop;

static float number(int kind, test_random *random)
{
    switch (kind) {
    case TIED: return (float)random_below(random, 3) - 1;
    case EQUAL: return 0.37f;
    case NEAR: return 1 + 1e-6f * random_signed(random); /* all scores within rounding of each other */
    case HUGE_ONES: return 1e19f * random_signed(random); /* scores overflow */
    default: return random_signed(random);
    }
}

static lfm_embeddings side_of(const shop *s, int side, int32_t n)
{
    lfm_embeddings e;
    lfm_embeddings_init(&e);
    e.vectors = s->vectors[side];
    e.biases = s->biases[side];
    e.n_rows = n;
    e.n_components = D;
    return e;
}

static shop shop_open(int kind, int32_t precision, int32_t cpu_mask)
{
    shop s = {0};
    test_random random = {(uint64_t)kind + 5};
    static const int32_t rows[2] = {USERS, ITEMS};
    for (int side = 0; side < 2; side++) {
        s.vectors[side] = take((size_t)rows[side] * D, sizeof(float));
        s.biases[side] = take((size_t)rows[side], sizeof(float));
        for (int32_t i = 0; i < rows[side] * D; i++)
            s.vectors[side][i] = number(kind, &random);
        for (int32_t i = 0; i < rows[side]; i++)
            s.biases[side][i] = kind == HUGE_ONES ? 0 : number(kind, &random);
    }
    lfm_context_options where;
    lfm_context_options_init(&where);
    where.cpu_mask = cpu_mask;
    lfm_context *context = NULL;
    REQUIRE_OK(lfm_context_create(&where, &context));
    lfm_scorer_options how;
    lfm_scorer_options_init(&how);
    how.precision = precision;
    const lfm_embeddings users = side_of(&s, 0, USERS), items = side_of(&s, 1, ITEMS);
    REQUIRE_OK(lfm_scorer_from_embeddings(context, &users, &items, &how, &s.scorer));
    lfm_context_free(context);
    s.scores = take((size_t)USERS * ITEMS, sizeof(float));
    REQUIRE_OK(lfm_predict_block(s.scorer, USERS, NULL, ITEMS, NULL, s.scores, 0, NULL));
    s.seen = entries_random(9, 4000, USERS, ITEMS, 2, 0);
    s.seen_set = entries_build(NULL, &s.seen);
    s.is_seen = take((size_t)USERS * ITEMS, sizeof(bool));
    for (int64_t i = 0; i < s.seen.n; i++)
        s.is_seen[s.seen.users[i] * ITEMS + s.seen.items[i]] = true;
    return s;
}

static void shop_close(shop *s)
{
    lfm_scorer_free(s->scorer);
    lfm_interactions_free(s->seen_set);
    entries_free(&s->seen);
    for (int side = 0; side < 2; side++) {
        free(s->vectors[side]);
        free(s->biases[side]);
    }
    free(s->scores);
    free(s->is_seen);
}

typedef struct scored {
    float score;
    int32_t id;
} scored;
static int better(const void *a, const void *b)
{
    const scored *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

/* Compare a list with the sorted scores of a user; allowed: a byte per item, NULL: all. */
static bool is_list(const shop *s, int32_t user, int32_t k, bool without_seen, const uint8_t *allowed,
                    const int32_t *items, const float *scores)
{
    scored all[ITEMS];
    int32_t left = 0;
    for (int32_t item = 0; item < ITEMS; item++) {
        const float score = s->scores[user * ITEMS + item];
        if (score == score && (allowed == NULL || allowed[item]) && !(without_seen && s->is_seen[user * ITEMS + item]))
            all[left++] = (scored){score, item};
    }
    qsort(all, (size_t)left, sizeof *all, better);
    for (int32_t at = 0; at < k; at++) {
        const scored wanted = at < left ? all[at] : (scored){-INFINITY, -1};
        if (items[at] != wanted.id || memcmp(&scores[at], &wanted.score, sizeof(float)) != 0)
            return false;
    }
    return true;
}

static void check_all(const shop *s, int32_t k, bool without_seen, const uint8_t *allowed,
                      const lfm_recommend_options *options, const char *what)
{
    int32_t *items = take((size_t)USERS * (size_t)k, sizeof *items);
    float *scores = take((size_t)USERS * (size_t)k, sizeof *scores);
    CHECK_OK(lfm_recommend(s->scorer, USERS, NULL, k, without_seen ? s->seen_set : NULL, items, scores, options));
    bool good = true;
    for (int32_t user = 0; user < USERS; user++)
        good = good && is_list(s, user, k, without_seen, allowed, items + user * k, scores + user * k);
    check_report(good, false, __FILE__, __LINE__, "%s, k = %d, seen left out: %d", what, k, without_seen);
    /* One at a time: the same. */
    for (int32_t user = 0; user < USERS; user += 20) {
        CHECK_OK(lfm_recommend(s->scorer, 1, &user, k, without_seen ? s->seen_set : NULL, items, scores, options));
        CHECK(is_list(s, user, k, without_seen, allowed, items, scores));
    }
    free(items);
    free(scores);
}

static void test_lists(void)
{
    static const int32_t ks[] = {1, 10, 100, ITEMS - 1, ITEMS};
    static const int32_t masks[] = {0, LFM_CPU_PORTABLE, LFM_CPU_AVX2};
    for (int m = 0; m < 3; m++) {
        for (int kind = 0; kind < N_KINDS; kind++) {
            for (int32_t precision = 0; precision < 3; precision++) {
                shop s = shop_open(kind, precision, masks[m]);
                char what[64];
                snprintf(what, sizeof what, "mask %d, kind %d, precision %d", masks[m], kind, precision);
                for (int i = m == 0 ? 0 : 1; i < (m == 0 ? 5 : 2); i++) {
                    check_all(&s, ks[i], false, NULL, NULL, what);
                    check_all(&s, ks[i], true, NULL, NULL, what);
                }
                shop_close(&s);
            }
        }
    }
}

/* The scores that everything here is compared with. */
static void test_scores(void)
{
    shop s = shop_open(PLAIN, 0, 0);
    for (int32_t user = 0; user < USERS; user++) {
        for (int32_t item = 0; item < ITEMS; item++) {
            double sum = (double)s.biases[0][user] + (double)s.biases[1][item];
            for (int32_t e = 0; e < D; e++)
                sum += (double)s.vectors[0][user * D + e] * (double)s.vectors[1][item * D + e];
            if (!CHECK_CLOSE(s.scores[user * ITEMS + item], sum, 1e-5, 1e-5))
                break;
        }
    }
    shop_close(&s);
}

static void test_candidates(void)
{
    for (int kind = 0; kind < 2; kind++) {
        shop s = shop_open(kind, kind, 0);
        for (int some = 0; some < 3; some++) { /* few, most, none of the items */
            uint8_t allowed[ITEMS], mask[ITEMS];
            int32_t candidates[2 * ITEMS], excluded[ITEMS];
            lfm_recommend_options o;
            lfm_recommend_options_init(&o);
            o.candidates = candidates;
            o.exclude_items = excluded;
            o.item_mask = mask;
            o.n_item_mask = ITEMS;
            for (int32_t item = ITEMS - 1; item >= 0; item--) { /* descending, and twice */
                const bool is_candidate = some == 0 ? item % 7 == 0 : (some == 1 && item % 9 != 0);
                const bool is_excluded = item % 5 == 0;
                mask[item] = (uint8_t)(item % 11 == 0 ? 0 : item % 200 + 1);
                allowed[item] = is_candidate && !is_excluded && mask[item] != 0;
                for (int twice = 0; is_candidate && twice < 2; twice++)
                    candidates[o.n_candidates++] = item;
                if (is_excluded)
                    excluded[o.n_exclude_items++] = item;
            }
            for (o.threads = 1; o.threads <= 3; o.threads += 2) {
                check_all(&s, 10, true, allowed, &o, "candidates, excluded and a mask");
                check_all(&s, 300, false, allowed, &o, "candidates, excluded and a mask");
            }
        }
        shop_close(&s);
    }
}

/* Users by vector, rows apart from each other, get what they get by id. */
static void test_vectors(void)
{
    enum { K = 12, APART = D + 5 };
    shop s = shop_open(PLAIN, 0, 0);
    float *wide = take((size_t)USERS * APART, sizeof *wide);
    for (int32_t i = 0; i < USERS * APART; i++)
        wide[i] = NAN;
    for (int32_t user = 0; user < USERS; user++)
        memcpy(wide + user * APART, s.vectors[0] + user * D, D * sizeof(float));
    lfm_embeddings users = side_of(&s, 0, USERS);
    users.vectors = wide;
    users.stride = APART * sizeof(float);
    int32_t *items = take((size_t)USERS * K, sizeof *items);
    float *scores = take((size_t)USERS * K, sizeof *scores);
    CHECK_OK(lfm_recommend_vectors(s.scorer, &users, K, s.seen_set, items, scores, NULL));
    for (int32_t user = 0; user < USERS; user++)
        CHECK(is_list(&s, user, K, true, NULL, items + user * K, scores + user * K));
    /* A scorer from rows apart is the same scorer; no biases are zeros. */
    const lfm_embeddings all_items = side_of(&s, 1, ITEMS);
    lfm_scorer *again = NULL;
    users.biases = NULL;
    REQUIRE_OK(lfm_scorer_from_embeddings(NULL, &users, &all_items, NULL, &again));
    float score;
    const int32_t user = 7, item = 999;
    CHECK_OK(lfm_predict(again, 1, &user, &item, &score, NULL));
    CHECK_CLOSE(score, (double)s.scores[user * ITEMS + item] - (double)s.biases[0][user], 1e-5, 1e-5);
    CHECK_INTEGER(lfm_scorer_n_rows(again, LFM_SPACE_USER), USERS);
    CHECK_INTEGER(lfm_scorer_n_rows(again, LFM_SPACE_USER_FEATURE), 0);
    CHECK_INTEGER(lfm_scorer_components(again), D);
    lfm_scorer_free(again);
    free(items);
    free(scores);
    free(wide);
    shop_close(&s);
}

/* Users by features alone get what a scorer made with these features gives them. */
static void test_features(void)
{
    enum { NEW = 30, WIDTH = 14, N_ITEMS = 200, K = 9 };
    lfm_model *model = build_model(NULL, WIDTH, N_ITEMS, 10, 0, 3);
    model_fill(model, 4, 1);
    lfm_features *known = build_random_features(NULL, 5, 20, WIDTH, 4), *strangers = build_random_features(NULL, 6, NEW, WIDTH, 4);
    lfm_scorer *scorer = NULL, *direct = NULL, *bare = NULL;
    REQUIRE_OK(lfm_scorer_create(model, known, NULL, NULL, &scorer));
    REQUIRE_OK(lfm_scorer_create(model, strangers, NULL, NULL, &direct));
    test_entries e = entries_random(3, 500, NEW, N_ITEMS, 0, 0);
    lfm_interactions *seen = entries_build(NULL, &e);
    int32_t items[2][NEW * K];
    float scores[2][NEW * K];
    lfm_recommend_options o;
    lfm_recommend_options_init(&o);
    for (o.threads = 1; o.threads < 4; o.threads++) {
        CHECK_OK(lfm_recommend(direct, NEW, NULL, K, seen, items[0], scores[0], NULL));
        CHECK_OK(lfm_recommend_features(scorer, strangers, K, seen, items[1], scores[1], &o));
        CHECK(memcmp(items[0], items[1], sizeof items[0]) == 0 && memcmp(scores[0], scores[1], sizeof scores[0]) == 0);
    }
    lfm_scorer_options how;
    lfm_scorer_options_init(&how);
    how.keep_features = 0;
    REQUIRE_OK(lfm_scorer_create(model, known, NULL, &how, &bare));
    for (int32_t space = LFM_SPACE_USER_FEATURE; space <= LFM_SPACE_ITEM_FEATURE; space++)
        CHECK_INTEGER(lfm_scorer_n_rows(bare, space), 0);
    items[0][0] = -9;
    CHECK_FAILS(lfm_recommend_features(bare, strangers, K, NULL, items[0], NULL, NULL), LFM_ERROR_ARGUMENT, "features");
    lfm_features *wide = build_random_features(NULL, 6, NEW, WIDTH + 1, 4);
    CHECK_FAILS(lfm_recommend_features(scorer, wide, K, NULL, items[0], NULL, NULL), LFM_ERROR_SHAPE, "15 features");
    CHECK_FAILS(lfm_recommend_features(scorer, NULL, K, NULL, items[0], NULL, NULL), LFM_ERROR_ARGUMENT, "users");
    CHECK_FAILS(lfm_recommend_features(NULL, wide, K, NULL, items[0], NULL, NULL), LFM_ERROR_ARGUMENT, "scorer");
    const int32_t offsets[] = {0, 0, 2}, columns[] = {1, 1};
    const float weights[] = {3e38f, 3e38f};
    lfm_csr csr;
    lfm_csr_init(&csr);
    csr.n_rows = 2, csr.n_columns = WIDTH, csr.n_entries = 2;
    csr.offsets = lfm_int32(offsets), csr.columns = lfm_int32(columns), csr.values = lfm_float32(weights);
    lfm_features *large = NULL;
    REQUIRE_OK(lfm_features_from_csr(NULL, &csr, NULL, &large));
    CHECK_FAILS(lfm_recommend_features(scorer, large, K, NULL, items[0], NULL, NULL), LFM_ERROR_DATA, "row 1 ");
    CHECK_INTEGER(items[0][0], -9);
    lfm_features_free(large);
    lfm_features_free(wide);
    lfm_features_free(known);
    lfm_features_free(strangers);
    lfm_scorer_free(scorer);
    lfm_scorer_free(direct);
    lfm_scorer_free(bare);
    lfm_interactions_free(seen);
    entries_free(&e);
    lfm_model_free(model);
}

static void test_blocks(void)
{
    enum { N = 5, M = 9, APART = M + 2 };
    shop s = shop_open(PLAIN, 0, 0);
    static const int32_t users[N] = {60, 0, 7, 7, 33}, items[M] = {999, 0, 1, 500, 500, 128, 127, 16, 3};
    float out[N * APART];
    lfm_infer_options how;
    lfm_infer_options_init(&how);
    for (how.threads = 1; how.threads < 4; how.threads += 2) {
        for (int i = 0; i < N * APART; i++)
            out[i] = -5;
        CHECK_OK(lfm_predict_block(s.scorer, N, users, M, items, out, APART * sizeof(float), &how));
        for (int u = 0; u < N; u++) {
            for (int i = 0; i < APART; i++) {
                const float wanted = i < M ? s.scores[users[u] * ITEMS + items[i]] : -5;
                CHECK(memcmp(&out[u * APART + i], &wanted, sizeof wanted) == 0);
            }
        }
    }
    CHECK_OK(lfm_predict_block(s.scorer, 0, NULL, M, items, NULL, 0, NULL));
    CHECK_OK(lfm_predict_block(s.scorer, N, users, 0, NULL, NULL, 0, NULL));
#define BLOCK(scorer, n, users, m, items, out, stride) lfm_predict_block(scorer, n, users, m, items, out, stride, NULL)
    const int32_t high[] = {0, ITEMS};
    out[0] = -5;
    CHECK_FAILS(BLOCK(NULL, N, users, M, items, out, 0), LFM_ERROR_ARGUMENT, "scorer");
    CHECK_FAILS(BLOCK(s.scorer, N, users, M, items, NULL, 0), LFM_ERROR_ARGUMENT, "scores");
    CHECK_FAILS(BLOCK(s.scorer, -1, users, M, items, out, 0), LFM_ERROR_ARGUMENT, "-1");
    CHECK_FAILS(BLOCK(s.scorer, 2, high, M, items, out, 0), LFM_ERROR_DATA, "users[1] is 1000");
    CHECK_FAILS(BLOCK(s.scorer, N, users, 2, high, out, 0), LFM_ERROR_DATA, "items[1] is 1000");
    CHECK_FAILS(BLOCK(s.scorer, USERS + 1, NULL, M, items, out, 0), LFM_ERROR_DATA, "only 61 users");
    CHECK_FAILS(BLOCK(s.scorer, N, users, M, items, out, M * 4 - 4), LFM_ERROR_ARGUMENT, "stride");
    CHECK_FAILS(BLOCK(s.scorer, N, users, M, items, out, M * 4 + 2), LFM_ERROR_ARGUMENT, "stride");
    CHECK(out[0] == -5);
    shop_close(&s);
}

static void test_bad_options(void)
{
    shop s = shop_open(PLAIN, 0, 0);
    const int32_t user = 1, high[] = {3, ITEMS}, low[] = {-1};
    const uint8_t mask[ITEMS] = {1};
    int32_t item = -9;
    const lfm_recommend_options good = {.size = sizeof good};
#define FAILS(status, part, ...)                                                                       \
    do {                                                                                               \
        lfm_recommend_options o = good;                                                                \
        __VA_ARGS__;                                                                                   \
        CHECK_FAILS(lfm_recommend(s.scorer, 1, &user, 1, NULL, &item, NULL, &o), status, part);        \
    } while (0)
    FAILS(LFM_ERROR_DATA, "candidates[1] is 1000", o.candidates = high, o.n_candidates = 2);
    FAILS(LFM_ERROR_DATA, "exclude_items[0] is -1", o.exclude_items = low, o.n_exclude_items = 1);
    FAILS(LFM_ERROR_OPTION, "candidates is NULL", o.n_candidates = 2);
    FAILS(LFM_ERROR_OPTION, "exclude_items is NULL", o.n_exclude_items = 2);
    FAILS(LFM_ERROR_OPTION, "-2", o.candidates = high, o.n_candidates = -2);
    FAILS(LFM_ERROR_OPTION, "threads is -1", o.threads = -1);
    FAILS(LFM_ERROR_OPTION, "size", o.size = 1);
    FAILS(LFM_ERROR_SHAPE, "999 bytes", o.item_mask = mask, o.n_item_mask = ITEMS - 1);
    FAILS(LFM_ERROR_SHAPE, "3 bytes", o.n_item_mask = 3);
    lfm_recommend_options o = good;
    o.candidates = low; /* a list without items */
    CHECK_OK(lfm_recommend(s.scorer, 1, &user, 1, NULL, &item, NULL, &o));
    CHECK_INTEGER(item, -1);
    lfm_recommend_options_init(&o);
    CHECK(o.size == sizeof o && o.candidates == NULL && o.item_mask == NULL && o.threads == 0 && o.cancel == NULL);
    shop_close(&s);
}

static void test_bad_embeddings(void)
{
    shop s = shop_open(PLAIN, 0, 0);
    const lfm_embeddings users = side_of(&s, 0, USERS), items = side_of(&s, 1, ITEMS);
    lfm_embeddings bad = users;
    lfm_scorer *out = NULL;
    int32_t item = -9;
#define BOTH(status, part)                                                                             \
    CHECK_FAILS(lfm_scorer_from_embeddings(NULL, &bad, &items, NULL, &out), status, part);             \
    CHECK_FAILS(lfm_recommend_vectors(s.scorer, &bad, 1, NULL, &item, NULL, NULL), status, part)
    bad.n_components = D - 1;
    BOTH(LFM_ERROR_SHAPE, "18");
    bad.n_components = 0;
    BOTH(LFM_ERROR_ARGUMENT, "n_components is 0");
    bad = users;
    bad.n_rows = -1;
    BOTH(LFM_ERROR_ARGUMENT, "n_rows is -1");
    bad = users;
    bad.stride = D * 4 - 4;
    BOTH(LFM_ERROR_ARGUMENT, "stride is 72");
    bad.stride = D * 4 + 1;
    BOTH(LFM_ERROR_ARGUMENT, "stride is 77");
    bad = users;
    bad.vectors = NULL;
    BOTH(LFM_ERROR_ARGUMENT, "vectors");
    bad = users;
    bad.size = 2;
    BOTH(LFM_ERROR_OPTION, "size");
    bad = users;
    s.vectors[0][3 * D + 4] = NAN;
    BOTH(LFM_ERROR_DATA, "row 3, column 4");
    s.vectors[0][3 * D + 4] = 0;
    s.biases[0][5] = INFINITY;
    BOTH(LFM_ERROR_DATA, "bias of row 5");
    s.biases[0][5] = 0;
    CHECK_FAILS(lfm_scorer_from_embeddings(NULL, NULL, &items, NULL, &out), LFM_ERROR_ARGUMENT, "users");
    CHECK_FAILS(lfm_scorer_from_embeddings(NULL, &users, NULL, NULL, &out), LFM_ERROR_ARGUMENT, "items");
    CHECK_FAILS(lfm_scorer_from_embeddings(NULL, &users, &items, NULL, NULL), LFM_ERROR_ARGUMENT, "out");
    CHECK_FAILS(lfm_recommend_vectors(s.scorer, NULL, 1, NULL, &item, NULL, NULL), LFM_ERROR_ARGUMENT, "users");
    lfm_interactions *wide = build_interactions(0, 1, ITEMS + 1, NULL, NULL, NULL);
    CHECK_FAILS(lfm_recommend_vectors(s.scorer, &users, 1, wide, &item, NULL, NULL), LFM_ERROR_SHAPE, "1001");
    CHECK(out == NULL && item == -9);
    /* Nobody and nothing. */
    bad = users;
    bad.n_rows = 0;
    bad.vectors = NULL;
    CHECK_OK(lfm_recommend_vectors(s.scorer, &bad, 1, NULL, NULL, NULL, NULL));
    CHECK_OK(lfm_scorer_from_embeddings(NULL, &bad, &bad, NULL, &out));
    CHECK_FAILS(lfm_recommend(out, 0, NULL, 1, NULL, NULL, NULL, NULL), LFM_ERROR_ARGUMENT, "k is 1");
    lfm_scorer_free(out);
    lfm_interactions_free(wide);
    shop_close(&s);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"scores against sums in double", test_scores},
        {"lists of any length, ties, near ties, overflow, every variant and precision", test_lists},
        {"candidates, excluded items and masks", test_candidates},
        {"users by vector", test_vectors},
        {"users by features alone", test_features},
        {"users x items", test_blocks},
        {"bad options", test_bad_options},
        {"bad embeddings", test_bad_embeddings},
    };
    return TAP_MAIN("candidates", tests, argc, argv);
}
