/* Fold-in: what a row depends on and what not, that it learns, starts, known items, errors. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "check.h"
#include "tap.h"

enum { GROUPS = 4, USERS = 120, ITEMS = 80, D = 8, LIKES = 12, NEW = 40, LOSSES = 4 };

/* Users like most items of their group (id mod GROUPS) and a few of others. */
static lfm_interactions *make_likes(uint64_t seed, int32_t n_rows, int32_t n_columns, int with_values)
{
    test_random random = {seed};
    test_entries e = {.n = (int64_t)n_rows * LIKES, .n_users = n_rows, .n_items = n_columns};
    e.users = take((size_t)e.n, sizeof *e.users);
    e.items = take((size_t)e.n, sizeof *e.items);
    e.values = take((size_t)e.n, sizeof *e.values);
    for (int64_t i = 0; i < e.n; i++) {
        const int32_t row = (int32_t)(i % n_rows); /* rows interleaved */
        const bool own = random_below(&random, 10) > 0;
        const int32_t group = own ? row % GROUPS : random_below(&random, GROUPS);
        e.users[i] = row;
        e.items[i] = group + GROUPS * random_below(&random, n_columns / GROUPS);
        e.values[i] = with_values && !own ? -1.0f : 1.0f;
    }
    if (with_values)
        entries_add_weights(&e, seed);
    lfm_interactions *m = entries_build(NULL, &e);
    entries_free(&e);
    return m;
}

static lfm_scorer *make_scorer(lfm_interactions *likes, int32_t loss)
{
    lfm_model *model = build_model(NULL, USERS, ITEMS, D, 0, 3);
    lfm_train_options options;
    lfm_train_options_init(&options);
    options.loss = loss;
    options.epochs = 30;
    options.threads = 1;
    REQUIRE_OK(lfm_model_fit_partial(model, likes, NULL, NULL, &options));
    lfm_scorer *scorer = NULL;
    REQUIRE_OK(lfm_scorer_create(model, NULL, NULL, NULL, &scorer));
    lfm_model_free(model);
    return scorer;
}

/* Rows `from`, `from` + step, … of a matrix as rows 0, 1, … */
static lfm_interactions *take_rows(const lfm_interactions *m, int32_t from, int32_t step)
{
    const int64_t n = lfm_interactions_n_entries(m);
    int32_t *rows = take((size_t)n, sizeof *rows), *columns = take((size_t)n, sizeof *columns);
    float *values = take((size_t)n, sizeof *values), *weights = take((size_t)n, sizeof *weights);
    test_entries e = {.n_users = (lfm_interactions_n_users(m) - from + step - 1) / step,
                      .n_items = lfm_interactions_n_items(m),
                      .users = rows,
                      .items = columns,
                      .values = values,
                      .weights = weights};
    for (int64_t i = 0; i < n; i++) {
        const int32_t row = lfm_interactions_users(m)[i];
        if (row < from || (row - from) % step != 0)
            continue;
        rows[e.n] = (row - from) / step;
        columns[e.n] = lfm_interactions_items(m)[i];
        values[e.n] = lfm_interactions_values(m)[i];
        weights[e.n++] = lfm_interactions_weights(m)[i];
    }
    lfm_interactions *out = entries_build(NULL, &e);
    entries_free(&e);
    return out;
}

static lfm_fold_in_options options_of(int32_t side, int32_t loss)
{
    lfm_fold_in_options options;
    lfm_fold_in_options_init(&options);
    options.side = side;
    options.loss = loss;
    return options;
}

/* Neither threads nor the other rows nor a row's number matter; the seed does. */
static void test_what_counts(void)
{
    lfm_interactions *likes = make_likes(1, USERS, ITEMS, 1);
    for (int bits = 0; bits < 2 * LOSSES; bits++) {
        const int32_t side = bits % 2, loss = bits / 2;
        if (side == LFM_ITEM && loss == LFM_LOSS_WARP_KOS)
            continue;
        lfm_scorer *scorer = make_scorer(likes, loss);
        lfm_interactions *rows = make_likes(2, NEW, side == LFM_USER ? ITEMS : USERS, 1);
        lfm_fold_in_options options = options_of(side, loss);
        options.training = likes;
        options.threads = 1;
        float wanted[NEW * D], got[NEW * D], biases[NEW], again[NEW];
        REQUIRE_OK(lfm_fold_in(scorer, rows, wanted, 0, biases, &options));
        for (int32_t threads = 0; threads < 4; threads++) {
            options.threads = threads;
            CHECK_OK(lfm_fold_in(scorer, rows, got, 0, again, &options));
            CHECK(memcmp(got, wanted, sizeof got) == 0 && memcmp(again, biases, sizeof again) == 0);
        }
        for (int32_t step = 1; step < NEW; step += 13) {
            lfm_interactions *some = take_rows(rows, 5, step);
            REQUIRE_OK(lfm_fold_in(scorer, some, got, 0, again, &options));
            for (int32_t row = 0; row < lfm_interactions_n_users(some); row++)
                CHECK(memcmp(got + row * D, wanted + (5 + row * step) * D, D * sizeof *got) == 0 &&
                      again[row] == biases[5 + row * step]);
            lfm_interactions_free(some);
        }
        options.seed = 2;
        REQUIRE_OK(lfm_fold_in(scorer, rows, got, 0, NULL, &options));
        CHECK(memcmp(got, wanted, sizeof got) != 0);
        lfm_interactions_free(rows);
        lfm_scorer_free(scorer);
    }
    lfm_interactions_free(likes);
}

/* The share of pairs of an item of the row's group and one of another that are in the right order. */
static double group_auc(const float *vector, float bias, const lfm_scorer *scorer, int32_t space, int32_t group)
{
    lfm_view vectors = {.size = sizeof vectors}, biases = {.size = sizeof biases};
    REQUIRE_OK(lfm_scorer_representations(scorer, space, &vectors));
    REQUIRE_OK(lfm_scorer_biases(scorer, space, &biases));
    double scores[USERS], right = 0, n = 0;
    for (int32_t r = 0; r < vectors.rows; r++) {
        scores[r] = (double)bias;
        if (space == LFM_SPACE_ITEM)
            scores[r] += (double)biases.data[r * biases.stride / 4];
        for (int32_t e = 0; e < D; e++)
            scores[r] += (double)vector[e] * (double)vectors.data[r * vectors.stride / 4 + e];
    }
    for (int32_t a = group; a < vectors.rows; a += GROUPS) {
        for (int32_t b = 0; b < vectors.rows; b++) {
            if (b % GROUPS == group)
                continue;
            right += scores[a] > scores[b];
            n++;
        }
    }
    return right / n;
}

/* New users rank the items of their group first, new items the users of theirs. */
static void test_learns(void)
{
    for (int bits = 0; bits < 2 * LOSSES; bits++) {
        const int32_t side = bits % 2, loss = bits / 2;
        if (side == LFM_ITEM && loss == LFM_LOSS_WARP_KOS)
            continue;
        const int values = loss == LFM_LOSS_LOGISTIC; /* it learns nothing without negatives */
        lfm_interactions *likes = make_likes(1, USERS, ITEMS, values);
        lfm_scorer *scorer = make_scorer(likes, loss);
        lfm_interactions *rows = make_likes(2, NEW, side == LFM_USER ? ITEMS : USERS, values);
        lfm_fold_in_options options = options_of(side, loss);
        options.training = likes;
        float folded[NEW * D], biases[NEW], start[NEW * D], start_biases[NEW];
        REQUIRE_OK(lfm_fold_in(scorer, rows, folded, 0, biases, &options));
        options.epochs = 0;
        REQUIRE_OK(lfm_fold_in(scorer, rows, start, 0, start_biases, &options));
        double before = 0, after = 0;
        const int32_t space = side == LFM_USER ? LFM_SPACE_ITEM : LFM_SPACE_USER;
        for (int32_t row = 0; row < NEW; row++) {
            before += group_auc(start + row * D, start_biases[row], scorer, space, row % GROUPS) / NEW;
            after += group_auc(folded + row * D, biases[row], scorer, space, row % GROUPS) / NEW;
        }
        const double wanted = loss == LFM_LOSS_LOGISTIC ? 0.7 : 0.85;
        check_report(after > wanted && after > before + 0.15, false, __FILE__, __LINE__,
                     "side %d, loss %d: AUC %.3f, then %.3f", side, loss, before, after);
        lfm_interactions_free(rows);
        lfm_scorer_free(scorer);
        lfm_interactions_free(likes);
    }
}

/* Without the training set a new item meets only those who want it, and rises for all. */
static void test_items_as_negatives(void)
{
    for (int32_t loss = LFM_LOSS_BPR; loss <= LFM_LOSS_WARP; loss++) {
        lfm_interactions *likes = make_likes(1, USERS, ITEMS, 0), *rows = make_likes(2, NEW, USERS, 0);
        lfm_scorer *scorer = make_scorer(likes, loss);
        lfm_fold_in_options options = options_of(LFM_ITEM, loss);
        float vectors[NEW * D], alone[NEW], among[NEW];
        REQUIRE_OK(lfm_fold_in(scorer, rows, vectors, 0, alone, &options));
        options.training = likes;
        REQUIRE_OK(lfm_fold_in(scorer, rows, vectors, 0, among, &options));
        double sum = 0;
        for (int i = 0; i < NEW; i++)
            sum += (double)(alone[i] - among[i]);
        check_report(sum / NEW > 0.1, false, __FILE__, __LINE__, "loss %d: the bias falls by %g", loss, sum / NEW);
        lfm_interactions_free(rows);
        lfm_interactions_free(likes);
        lfm_scorer_free(scorer);
    }
}

/* A row with nothing to step on has its start: the mean of all users, or what was given. */
static void test_starts(void)
{
    lfm_interactions *likes = make_likes(1, USERS, ITEMS, 1);
    lfm_scorer *scorer = make_scorer(likes, LFM_LOSS_WARP);
    static const int32_t row[3] = {1, 2, 2}, column[3] = {3, 4, 5};
    static const float values[3] = {-1, 0, 1}; /* of row 2 the positive weighs nothing */
    test_entries e = {.n = 3, .n_users = 3, .n_items = ITEMS};
    float weights[3] = {1, 1, 0};
    e.users = (int32_t *)(uintptr_t)row;
    e.items = (int32_t *)(uintptr_t)column;
    e.values = (float *)(uintptr_t)values;
    e.weights = weights;
    lfm_interactions *rows = entries_build(NULL, &e);
    for (int32_t side = 0; side < 2; side++) {
        for (int32_t loss = LFM_LOSS_BPR; loss < LOSSES; loss++) {
            if (side == LFM_ITEM && loss == LFM_LOSS_WARP_KOS)
                continue;
            lfm_fold_in_options options = options_of(side, loss);
            float got[3 * D], biases[3], given[3 * (D + 1)], given_biases[3] = {1, 2, 3};
            REQUIRE_OK(lfm_fold_in(scorer, rows, got, 0, biases, &options));
            lfm_view vectors = {.size = sizeof vectors}, b = {.size = sizeof b};
            REQUIRE_OK(lfm_scorer_representations(scorer, side, &vectors));
            REQUIRE_OK(lfm_scorer_biases(scorer, side, &b));
            for (int32_t r = 0; r < 3; r++) {
                for (int32_t column_ = 0; column_ <= D; column_++) {
                    double mean = 0;
                    for (int64_t i = 0; i < vectors.rows; i++)
                        mean += (double)(column_ < D ? vectors.data[i * vectors.stride / 4 + column_] : b.data[i]);
                    CHECK_CLOSE(column_ < D ? got[r * D + column_] : biases[r], mean / (double)vectors.rows, 1e-5,
                                1e-6);
                }
            }
            for (int i = 0; i < 3 * (D + 1); i++)
                given[i] = (float)i / 8;
            lfm_embeddings start;
            lfm_embeddings_init(&start);
            start.vectors = given;
            start.biases = given_biases;
            start.stride = (D + 1) * sizeof(float);
            start.n_rows = 3;
            start.n_components = D;
            options.start = &start;
            float wide[3 * (D + 3)];
            memset(wide, 0, sizeof wide);
            REQUIRE_OK(lfm_fold_in(scorer, rows, wide, (D + 3) * sizeof(float), biases, &options));
            for (int32_t r = 0; r < 3; r++)
                CHECK(memcmp(wide + r * (D + 3), given + r * (D + 1), D * sizeof *given) == 0 &&
                      wide[r * (D + 3) + D] == 0 && biases[r] == given_biases[r]);
            start.biases = NULL;
            REQUIRE_OK(lfm_fold_in(scorer, rows, wide, 0, biases, &options));
            CHECK(biases[0] == 0 && biases[2] == 0);
        }
    }
    lfm_interactions_free(rows);
    lfm_interactions_free(likes);
    lfm_scorer_free(scorer);
}

/* Of four items one is liked, the others known: there is no negative, so no ranking loss steps. */
static void test_known_items(void)
{
    enum { ALL = 4 };
    static const float vectors[2 * ALL] = {0.125f, 0.25f, 0.375f, 0.5f, 0.625f, 0.75f, 0.875f, 1};
    lfm_embeddings four;
    lfm_embeddings_init(&four);
    four.vectors = vectors;
    four.n_rows = ALL;
    four.n_components = 2;
    lfm_scorer *scorer = NULL;
    REQUIRE_OK(lfm_scorer_from_embeddings(NULL, &four, &four, NULL, &scorer));
    static const int32_t rows[ALL] = {0}, columns[ALL] = {0, 1, 2, 3};
    static const float values[ALL] = {1, -1, -1, 0};
    for (int32_t n = 1; n <= ALL; n++) {
        lfm_interactions *m = build_interactions(n, 1, ALL, rows, columns, values);
        for (int32_t loss = 0; loss < LOSSES; loss++) {
            lfm_fold_in_options options = options_of(LFM_USER, loss);
            float got[2];
            REQUIRE_OK(lfm_fold_in(scorer, m, got, 0, NULL, &options));
            const bool moved = got[0] != 0.5f || got[1] != 0.625f;
            CHECK(moved == (n < ALL || loss == LFM_LOSS_LOGISTIC));
        }
        lfm_interactions_free(m);
    }
    lfm_scorer_free(scorer);
}

static void test_errors(void)
{
    lfm_interactions *likes = make_likes(1, USERS, ITEMS, 1), *rows = make_likes(2, NEW, ITEMS, 1),
                     *wide = make_likes(2, NEW, ITEMS + GROUPS, 1),
                     *none = build_interactions(0, 0, 3, NULL, NULL, NULL);
    lfm_scorer *scorer = make_scorer(likes, LFM_LOSS_WARP);
    float out[NEW * D] = {-7};
    lfm_fold_in_options o = options_of(LFM_USER, LFM_LOSS_WARP);
    CHECK(o.size == sizeof o && o.seed == 1 && o.epochs > 0 && o.margin == 1 && o.start == NULL && o.training == NULL);
    CHECK_FAILS(lfm_fold_in(NULL, rows, out, 0, NULL, NULL), LFM_ERROR_ARGUMENT, "scorer");
    CHECK_FAILS(lfm_fold_in(scorer, NULL, out, 0, NULL, NULL), LFM_ERROR_ARGUMENT, "interactions");
    CHECK_FAILS(lfm_fold_in(scorer, rows, NULL, 0, NULL, NULL), LFM_ERROR_ARGUMENT, "vectors");
    CHECK_OK(lfm_fold_in(scorer, none, NULL, 0, NULL, NULL));
    CHECK_FAILS(lfm_fold_in(scorer, rows, out, 4 * D - 4, NULL, NULL), LFM_ERROR_ARGUMENT, "stride is 28 bytes");
    CHECK_FAILS(lfm_fold_in(scorer, rows, out, 4 * D + 2, NULL, NULL), LFM_ERROR_ARGUMENT, "stride");
    CHECK_FAILS(lfm_fold_in(scorer, wide, out, 0, NULL, NULL), LFM_ERROR_SHAPE,
                "84 columns, but the scorer has 80 items");
    o.training = wide;
    CHECK_FAILS(lfm_fold_in(scorer, rows, out, 0, NULL, &o), LFM_ERROR_SHAPE, "training");
#define WRONG(field, value, status, part)                                                                              \
    do {                                                                                                               \
        o = options_of(LFM_USER, LFM_LOSS_WARP);                                                                       \
        o.field = (value);                                                                                             \
        CHECK_FAILS(lfm_fold_in(scorer, rows, out, 0, NULL, &o), status, part);                                        \
    } while (0)
    WRONG(size, 2, LFM_ERROR_OPTION, "lfm_fold_in_options");
    WRONG(side, 2, LFM_ERROR_OPTION, "side is 2");
    WRONG(side, -1, LFM_ERROR_OPTION, "side is -1");
    WRONG(loss, 4, LFM_ERROR_OPTION, "loss is 4");
    WRONG(epochs, -1, LFM_ERROR_OPTION, "epochs is -1");
    WRONG(max_sampled, 0, LFM_ERROR_OPTION, "max_sampled is 0");
    WRONG(max_draws, 0, LFM_ERROR_OPTION, "max_draws is 0");
    WRONG(kos_k, 0, LFM_ERROR_OPTION, "kos_k is 0");
    WRONG(kos_n, 1001, LFM_ERROR_OPTION, "kos_n is 1001");
    WRONG(threads, -1, LFM_ERROR_OPTION, "threads is -1");
    WRONG(learning_rate, -1, LFM_ERROR_OPTION, "learning_rate is -1");
    WRONG(learning_rate, (double)NAN, LFM_ERROR_OPTION, "learning_rate");
    WRONG(alpha, (double)INFINITY, LFM_ERROR_OPTION, "alpha is inf");
    WRONG(margin, -0.5, LFM_ERROR_OPTION, "margin is -0.5");
    o = options_of(LFM_ITEM, LFM_LOSS_WARP_KOS);
    CHECK_FAILS(lfm_fold_in(scorer, rows, out, 0, NULL, &o), LFM_ERROR_UNSUPPORTED, "LFM_LOSS_WARP");
    static float numbers[NEW * (D + 1)];
    lfm_embeddings start;
    lfm_embeddings_init(&start);
    start.vectors = numbers;
    start.n_rows = NEW;
    start.n_components = D + 1;
    WRONG(start, &start, LFM_ERROR_SHAPE, "40 rows of 9 components, not 40 of 8");
    start.n_components = D;
    start.n_rows = NEW - 1;
    WRONG(start, &start, LFM_ERROR_SHAPE, "39 rows");
    start.n_rows = NEW;
    numbers[2 * D + 3] = NAN;
    WRONG(start, &start, LFM_ERROR_DATA, "row 2, column 3");
    lfm_cancel *cancel = NULL;
    REQUIRE_OK(lfm_cancel_create(NULL, &cancel));
    lfm_cancel_set(cancel);
    WRONG(cancel, cancel, LFM_ERROR_CANCELLED, "cancel");
    CHECK(out[0] == -7);
    lfm_cancel_free(cancel);
    lfm_interactions_free(likes);
    lfm_interactions_free(rows);
    lfm_interactions_free(wide);
    lfm_interactions_free(none);
    lfm_scorer_free(scorer);
}

/* Weights that overflow; the first such row is named. */
static void test_diverges(void)
{
    lfm_interactions *likes = make_likes(1, USERS, ITEMS, 1);
    lfm_scorer *scorer = make_scorer(likes, LFM_LOSS_WARP);
    static const int32_t rows[2] = {0, 2}, columns[2] = {1, 2};
    float weights[2] = {1, 1e38f}, ones[2] = {1, 1}, out[3 * D];
    test_entries e = {.n = 2,
                      .n_users = 3,
                      .n_items = ITEMS,
                      .users = (int32_t *)(uintptr_t)rows,
                      .items = (int32_t *)(uintptr_t)columns,
                      .values = ones,
                      .weights = weights};
    lfm_interactions *m = entries_build(NULL, &e);
    lfm_fold_in_options o = options_of(LFM_USER, LFM_LOSS_LOGISTIC);
    o.learning_rate = 1e6;
    CHECK_FAILS(lfm_fold_in(scorer, m, out, 0, NULL, &o), LFM_ERROR_DIVERGED, "row 2");
    lfm_interactions_free(m);
    lfm_interactions_free(likes);
    lfm_scorer_free(scorer);
}

/* The result goes straight into recommending, and finds what the user's group likes. */
static void test_recommended(void)
{
    lfm_interactions *likes = make_likes(1, USERS, ITEMS, 0), *rows = make_likes(2, NEW, ITEMS, 0);
    lfm_scorer *scorer = make_scorer(likes, LFM_LOSS_WARP);
    float vectors[NEW * D], biases[NEW];
    REQUIRE_OK(lfm_fold_in(scorer, rows, vectors, 0, biases, NULL));
    lfm_embeddings users;
    lfm_embeddings_init(&users);
    users.vectors = vectors;
    users.biases = biases;
    users.n_rows = NEW;
    users.n_components = D;
    int32_t items[NEW * 5];
    REQUIRE_OK(lfm_recommend_vectors(scorer, &users, 5, rows, items, NULL, NULL));
    int right = 0;
    for (int32_t i = 0; i < NEW * 5; i++)
        right += items[i] % GROUPS == i / 5 % GROUPS;
    check_report(right > NEW * 5 * 8 / 10, false, __FILE__, __LINE__, "%d of %d", right, NEW * 5);
    lfm_interactions_free(rows);
    lfm_interactions_free(likes);
    lfm_scorer_free(scorer);
}

/* Every instruction set gives the same bits. */
static void test_instruction_sets(void)
{
    static const int32_t masks[] = {LFM_CPU_PORTABLE, LFM_CPU_AVX2, LFM_CPU_AVX512, LFM_CPU_NEON};
    enum { WIDE = 21 };
    static float users[USERS * WIDE], items[ITEMS * WIDE];
    test_random random = {9};
    for (int i = 0; i < ITEMS * WIDE; i++)
        items[i] = random_signed(&random);
    for (int i = 0; i < USERS * WIDE; i++)
        users[i] = random_signed(&random);
    lfm_embeddings of_users, of_items;
    lfm_embeddings_init(&of_users);
    of_users.vectors = users;
    of_users.n_rows = USERS;
    of_users.n_components = WIDE;
    of_items = of_users;
    of_items.vectors = items;
    of_items.n_rows = ITEMS;
    lfm_interactions *rows = make_likes(2, NEW, ITEMS, 1);
    float wanted[NEW * WIDE];
    for (int i = 0; i < 4; i++) {
        lfm_context_options options;
        lfm_context_options_init(&options);
        options.cpu_mask = masks[i];
        lfm_context *context = NULL;
        lfm_scorer *scorer = NULL;
        REQUIRE_OK(lfm_context_create(&options, &context));
        REQUIRE_OK(lfm_scorer_from_embeddings(context, &of_users, &of_items, NULL, &scorer));
        float got[NEW * WIDE];
        REQUIRE_OK(lfm_fold_in(scorer, rows, got, 0, NULL, NULL));
        if (i == 0)
            memcpy(wanted, got, sizeof got);
        CHECK(memcmp(got, wanted, sizeof got) == 0);
        lfm_scorer_free(scorer);
        lfm_context_free(context);
    }
    lfm_interactions_free(rows);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"threads, companions and row numbers do not count", test_what_counts},
        {"it learns", test_learns},
        {"new items are negatives too", test_items_as_negatives},
        {"starts", test_starts},
        {"known items are no negatives", test_known_items},
        {"what is wrong is said", test_errors},
        {"divergence", test_diverges},
        {"folded in and recommended to", test_recommended},
        {"all instruction sets agree", test_instruction_sets},
    };
    return TAP_MAIN("fold-in", tests, argc, argv);
}
