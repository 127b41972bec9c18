/* Growth: what stays bit for bit, what new features begin as, training afterwards, errors. */
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "check.h"
#include "counting.h"
#include "tap.h"

enum { USERS = 8, ITEMS = 10, MORE_USERS = 11, MORE_ITEMS = 14, D = 5, N = 30, ARRAYS = 6 };

static lfm_interactions *make_data(uint64_t seed, int32_t n_users, int32_t n_items)
{
    test_entries e = entries_random(seed, N, n_users, n_items, 2, 1);
    lfm_interactions *m = entries_build(NULL, &e);
    entries_free(&e);
    return m;
}

static lfm_status train(lfm_model *model, lfm_interactions *data, int32_t loss)
{
    lfm_train_options options;
    lfm_train_options_init(&options);
    options.loss = loss;
    options.epochs = 3;
    options.threads = 1;
    return lfm_model_fit_partial(model, data, NULL, NULL, &options);
}

/* Whether rows begin .. end - 1 of an array are the same numbers in two models. */
static bool same_rows(const lfm_model *a, const lfm_model *b, int32_t side, int32_t array, int32_t begin, int32_t end)
{
    const int32_t columns = lfm_model_columns(a, array);
    float *x = model_copy(a, side, array, NULL), *y = model_copy(b, side, array, NULL);
    const bool same =
        memcmp(x + begin * columns, y + begin * columns, (size_t)((end - begin) * columns) * sizeof *x) == 0;
    free(x);
    free(y);
    return same;
}

static bool same_features(const lfm_model *a, const lfm_model *b, int32_t side, int32_t begin, int32_t end)
{
    bool same = true;
    for (int32_t array = 0; array < ARRAYS; array++)
        same = same && same_rows(a, b, side, array, begin, end);
    return same;
}

/* A model that was larger from the start and has learnt the same has, bit for bit, what a grown one has: the old
 * rows with their state, and new ones as at creation. It then learns on alike. */
static void test_like_larger(void)
{
    for (int32_t optimiser = 0; optimiser < 3; optimiser++) {
        for (int32_t loss = 0; loss < 4; loss++) {
            lfm_interactions *first = make_data(1, USERS, ITEMS), *then = make_data(2, MORE_USERS, MORE_ITEMS);
            lfm_model *large = build_model(NULL, MORE_USERS, MORE_ITEMS, D, optimiser, 7);
            lfm_model *grown = build_model(NULL, USERS, ITEMS, D, optimiser, 7);
            lfm_model *before = build_model(NULL, USERS, ITEMS, D, optimiser, 7);
            REQUIRE_OK(train(large, first, loss));
            REQUIRE_OK(train(grown, first, loss));
            REQUIRE_OK(train(before, first, loss));
            CHECK_FAILS(train(grown, then, loss), LFM_ERROR_SHAPE, "users");
            CHECK_OK(lfm_model_resize(grown, MORE_USERS, MORE_ITEMS, NULL));
            CHECK(lfm_last_message()[0] == '\0');
            CHECK_INTEGER(lfm_model_n_features(grown, LFM_USER), MORE_USERS);
            CHECK_INTEGER(lfm_model_n_features(grown, LFM_ITEM), MORE_ITEMS);
            CHECK_INTEGER(lfm_model_epochs(grown), 3);
            CHECK(same_features(grown, before, LFM_USER, 0, USERS) && same_features(grown, before, LFM_ITEM, 0, ITEMS));
            CHECK(model_hash(grown) == model_hash(large));
            CHECK_OK(train(large, then, loss));
            CHECK_OK(train(grown, then, loss));
            CHECK(model_hash(grown) == model_hash(large));
            CHECK(!same_features(grown, before, LFM_USER, 0, USERS));
            lfm_model_free(large);
            lfm_model_free(grown);
            lfm_model_free(before);
            lfm_interactions_free(first);
            lfm_interactions_free(then);
        }
    }
}

/* One side, neither, sides without features, step by step. */
static void test_sides(void)
{
    for (int32_t optimiser = 0; optimiser < 3; optimiser++) {
        lfm_model *model = build_model(NULL, 0, 0, D, optimiser, 7), *wanted = build_model(NULL, 3, 2, D, optimiser, 7);
        CHECK_OK(lfm_model_resize(model, 0, 0, NULL));
        CHECK_OK(lfm_model_resize(model, 0, 2, NULL));
        CHECK(lfm_model_n_features(model, LFM_USER) == 0 && lfm_model_n_features(model, LFM_ITEM) == 2);
        CHECK_OK(lfm_model_resize(model, 1, 2, NULL));
        CHECK_OK(lfm_model_resize(model, 3, 2, NULL));
        CHECK(model_hash(model) == model_hash(wanted));
        CHECK_OK(lfm_model_reset(model));
        CHECK(model_hash(model) == model_hash(wanted));
        lfm_model_free(model);
        lfm_model_free(wanted);
    }
}

/* Sources of three new features: two old ones weighted, none, one. */
static lfm_features *make_sources(int32_t n_rows, int32_t width, int32_t source, float weight)
{
    static const int32_t rows[] = {0, 0, 2};
    const int32_t columns[] = {source, 4, 3};
    const float weights[] = {weight, 0.5f, 3};
    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_entries = 3;
    coo.n_rows = n_rows;
    coo.n_columns = width;
    coo.rows = lfm_int32(rows);
    coo.columns = lfm_int32(columns);
    coo.values = lfm_float32(weights);
    lfm_features *f = NULL;
    REQUIRE_OK(lfm_features_from_coo(NULL, &coo, NULL, &f));
    return f;
}

static void test_means(void)
{
    lfm_interactions *data = make_data(1, USERS, ITEMS);
    lfm_features *sources = make_sources(3, USERS, 1, 1.5f);
    for (int bits = 0; bits < 12; bits++) {
        const int32_t optimiser = bits / 4, side = bits & 1, state = bits >> 1 & 1;
        const int32_t n = side == LFM_USER ? USERS : ITEMS;
        lfm_model *model = build_model(NULL, USERS, ITEMS, D, optimiser, 7),
                  *fresh = build_model(NULL, n + 3, n + 3, D, optimiser, 7);
        REQUIRE_OK(train(model, data, LFM_LOSS_WARP));
        lfm_resize_options options;
        lfm_resize_options_init(&options);
        *(side == LFM_USER ? &options.user_sources : &options.item_sources) = sources;
        options.state = state;
        REQUIRE_OK(
            lfm_model_resize(model, side == LFM_USER ? n + 3 : USERS, side == LFM_USER ? ITEMS : n + 3, &options));
        for (int32_t array = 0; array < ARRAYS; array++) {
            const int32_t columns = lfm_model_columns(model, array);
            float *got = model_copy(model, side, array, NULL), *initial = model_copy(fresh, side, array, NULL);
            const bool is_mean = array <= LFM_BIASES || state == LFM_STATE_MEAN;
            for (int32_t e = 0; e < columns; e++) {
                const double mean = (1.5 * (double)got[1 * columns + e] + 0.5 * (double)got[4 * columns + e]) / 2.0;
                CHECK_CLOSE(got[n * columns + e], is_mean ? mean : (double)initial[n * columns + e], 1e-6, 1e-9);
                CHECK(got[(n + 1) * columns + e] == initial[(n + 1) * columns + e]);
                CHECK(got[(n + 2) * columns + e] == (is_mean ? got[3 * columns + e] : initial[(n + 2) * columns + e]));
            }
            free(got);
            free(initial);
        }
        lfm_model_free(model);
        lfm_model_free(fresh);
    }
    lfm_features_free(sources);
    lfm_interactions_free(data);
}

/* Everything that can be wrong changes nothing. */
static void test_errors(void)
{
    lfm_model *model = build_model(NULL, USERS, ITEMS, D, 0, 7);
    const uint64_t before = model_hash(model);
    CHECK_FAILS(lfm_model_resize(NULL, USERS, ITEMS, NULL), LFM_ERROR_ARGUMENT, "model");
    CHECK_FAILS(lfm_model_resize(model, -1, ITEMS, NULL), LFM_ERROR_ARGUMENT, "-1");
    CHECK_FAILS(lfm_model_resize(model, USERS, -1, NULL), LFM_ERROR_ARGUMENT, "-1");
    CHECK_FAILS(lfm_model_resize(model, USERS - 1, ITEMS + 1, NULL), LFM_ERROR_SHAPE,
                "user features and cannot shrink to 7");
    CHECK_FAILS(lfm_model_resize(model, USERS + 1, ITEMS - 1, NULL), LFM_ERROR_SHAPE,
                "item features and cannot shrink to 9");
    lfm_resize_options options;
    lfm_resize_options_init(&options);
    CHECK(options.size == sizeof options && options.user_sources == NULL && options.item_sources == NULL &&
          options.state == LFM_STATE_FRESH);
    options.state = 2;
    CHECK_FAILS(lfm_model_resize(model, USERS + 3, ITEMS, &options), LFM_ERROR_OPTION, "state number 2");
    options.state = 0;
    options.size = 3;
    CHECK_FAILS(lfm_model_resize(model, USERS + 3, ITEMS, &options), LFM_ERROR_OPTION, "lfm_resize_options");
    lfm_resize_options_init(&options);
    const struct {
        int32_t rows, width, source;
        float weight;
        lfm_status status;
        const char *part;
    } wrong[] = {
        {4, USERS, 1, 1, LFM_ERROR_SHAPE, "have 4 rows, but there are 3 new"},
        {3, ITEMS, USERS, 1, LFM_ERROR_DATA, "row 0 names feature 8, but the model has only 8"},
        {3, USERS, 2, -1, LFM_ERROR_DATA, "row 0, feature 2: the weight -1 is negative"},
    };
    for (int i = 0; i < 3; i++) {
        lfm_features *sources = make_sources(wrong[i].rows, wrong[i].width, wrong[i].source, wrong[i].weight);
        options.user_sources = sources;
        CHECK_FAILS(lfm_model_resize(model, USERS + 3, ITEMS + 1, &options), wrong[i].status, wrong[i].part);
        lfm_features_free(sources);
    }
    const int32_t row = 0, column = 5;
    const float zero = 0;
    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_entries = coo.n_rows = 1;
    coo.n_columns = ITEMS;
    coo.rows = lfm_int32(&row);
    coo.columns = lfm_int32(&column);
    coo.values = lfm_float32(&zero);
    lfm_features *none = NULL;
    REQUIRE_OK(lfm_features_from_coo(NULL, &coo, NULL, &none));
    options.user_sources = NULL;
    options.item_sources = none;
    CHECK_FAILS(lfm_model_resize(model, USERS, ITEMS + 1, &options), LFM_ERROR_DATA, "the weights of row 0 are all 0");
    CHECK_FAILS(lfm_model_resize(model, USERS, ITEMS, &options), LFM_ERROR_SHAPE, "item features have 1 rows");
    lfm_features_free(none);
    CHECK(model_hash(model) == before);
    lfm_model_free(model);
}

typedef struct witness {
    lfm_model *model;
    int n;
    lfm_status status;
} witness;

static int32_t try_to_grow(lfm_progress *progress, void *user_data)
{
    witness *w = user_data;
    (void)progress;
    w->status = lfm_model_resize(w->model, USERS + 1, ITEMS + 1, NULL);
    w->n++;
    return 0;
}

static void test_busy_and_diverged(void)
{
    lfm_model *model = build_model(NULL, USERS, ITEMS, D, 0, 7);
    lfm_interactions *data = make_data(1, USERS, ITEMS);
    witness w = {.model = model};
    lfm_train_options options;
    lfm_train_options_init(&options);
    options.epochs = 2;
    options.threads = 1;
    options.progress = try_to_grow;
    options.progress_user_data = &w;
    CHECK_OK(lfm_model_fit_partial(model, data, NULL, NULL, &options));
    CHECK(w.n == 2 && w.status == LFM_ERROR_BUSY && lfm_model_n_features(model, LFM_USER) == USERS);
    options.progress = NULL;
    options.loss = LFM_LOSS_LOGISTIC;
    for (int32_t side = 0; side < 2; side++) { /* a product of these is not finite */
        int64_t n;
        float *huge = model_copy(model, side, LFM_EMBEDDINGS, &n);
        for (int64_t i = 0; i < n; i++)
            huge[i] = 3e38f;
        REQUIRE_OK(lfm_model_set(model, side, LFM_EMBEDDINGS, huge, n));
        free(huge);
    }
    CHECK_STATUS(lfm_model_fit_partial(model, data, NULL, NULL, &options), LFM_ERROR_DIVERGED);
    CHECK_FAILS(lfm_model_resize(model, USERS + 1, ITEMS, NULL), LFM_ERROR_DIVERGED, "reset");
    CHECK_INTEGER(lfm_model_n_features(model, LFM_USER), USERS);
    lfm_interactions_free(data);
    lfm_model_free(model);
}

static void test_memory(void)
{
    counting counts = {0};
    lfm_context *context = counting_context(&counts, NULL, NULL);
    lfm_model *model = build_model(context, USERS, ITEMS, D, 0, 7);
    const uint64_t before = model_hash(model);
    for (int at = 1; at <= 2; at++) {
        counts.fail_at = counts.calls + at;
        CHECK_FAILS(lfm_model_resize(model, MORE_USERS, MORE_ITEMS, NULL), LFM_ERROR_MEMORY, "features' parameters");
        CHECK(model_hash(model) == before);
    }
    counts.fail_at = 0;
    CHECK_OK(lfm_model_resize(model, MORE_USERS, MORE_ITEMS, NULL));
    lfm_model_free(model);
    lfm_context_free(context);
    CHECK(counts.live == 0 && counts.errors == 0);
}

/* [indicators][tags][indicators of new items]: what was trained keeps its columns. */
static void test_with_tags(void)
{
    enum { OLD = 4, NEW = 6, TAGS = 3 };
    static const int32_t rows[NEW] = {0, 1, 2, 3, 4, 5}, tags[NEW] = {0, 1, 2, 0, 1, 2};
    static const int32_t users[6] = {0, 0, 1, 1, 2, 2}, items[6] = {0, 3, 1, 0, 2, 1};
    lfm_features *of_old = NULL, *of_all = NULL;
    for (int all = 0; all < 2; all++) {
        lfm_coo coo;
        lfm_coo_init(&coo);
        coo.n_entries = coo.n_rows = all ? NEW : OLD;
        coo.n_columns = TAGS;
        coo.rows = lfm_int32(rows);
        coo.columns = lfm_int32(tags);
        lfm_features_options options;
        lfm_features_options_init(&options);
        options.identity = 1;
        options.identity_columns = OLD;
        options.identity_rest = 1;
        REQUIRE_OK(lfm_features_from_coo(NULL, &coo, &options, all ? &of_all : &of_old));
    }
    CHECK(lfm_features_n_features(of_old) == OLD + TAGS && lfm_features_n_features(of_all) == NEW + TAGS);
    lfm_interactions *data = build_interactions(6, 3, OLD, users, items, NULL);
    lfm_model *model = build_model(NULL, 3, OLD + TAGS, D, 0, 7);
    lfm_train_options options;
    lfm_train_options_init(&options);
    options.threads = 1;
    REQUIRE_OK(lfm_model_fit_partial(model, data, NULL, of_old, &options));
    lfm_scorer *before = NULL, *after = NULL;
    REQUIRE_OK(lfm_scorer_create(model, NULL, of_old, NULL, &before));
    REQUIRE_OK(lfm_model_resize(model, 3, lfm_features_n_features(of_all), NULL));
    REQUIRE_OK(lfm_scorer_create(model, NULL, of_all, NULL, &after));
    lfm_view old = {.size = sizeof old}, now = {.size = sizeof now};
    REQUIRE_OK(lfm_scorer_representations(before, LFM_SPACE_ITEM, &old));
    REQUIRE_OK(lfm_scorer_representations(after, LFM_SPACE_ITEM, &now));
    CHECK(old.rows == OLD && now.rows == NEW);
    for (int32_t item = 0; item < OLD; item++)
        CHECK(memcmp(old.data + item * old.stride / 4, now.data + item * now.stride / 4, D * sizeof(float)) == 0);
    CHECK_OK(lfm_model_fit_partial(model, data, NULL, of_all, &options));
    lfm_scorer_free(before);
    lfm_scorer_free(after);
    lfm_model_free(model);
    lfm_interactions_free(data);
    lfm_features_free(of_old);
    lfm_features_free(of_all);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"a grown model is a larger one that learnt the same", test_like_larger},
        {"one side, neither, sides without features", test_sides},
        {"new features from the mean of others", test_means},
        {"what is wrong changes nothing", test_errors},
        {"busy while it trains, and diverged", test_busy_and_diverged},
        {"no memory", test_memory},
        {"new indicators stand behind the tags", test_with_tags},
    };
    return TAP_MAIN("resize", tests, argc, argv);
}
