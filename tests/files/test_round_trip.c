/* What is saved comes back: the same bytes when saved again, the same training, the same answers. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "tap.h"
#include "world.h"

static const int32_t widths[] = {1, 3, 16, 64};
enum { WIDTHS = sizeof widths / sizeof *widths };

/* Every kind of world. */
static bool next_kind(int *at, world_kind *kind)
{
    const int i = (*at)++;
    *kind = (world_kind){.d = widths[i % WIDTHS],
                         .optimiser = i / WIDTHS % 3,
                         .precision = i / (WIDTHS * 3) % 3,
                         .features = i / (WIDTHS * 9) % 2,
                         .seen = i / (WIDTHS * 18) % 2,
                         .names = i % 3};
    return i < WIDTHS * 36;
}

/* Save what was loaded once more: model, features, seen, names, training options and notes. */
static buffer save_again(lfm_file *file, lfm_model *model, lfm_scorer *scorer, int32_t precision,
                         const lfm_train_options *train, const char *const *notes, int64_t n_notes)
{
    lfm_save_options options;
    lfm_save_options_init(&options);
    lfm_features *f[2] = {NULL, NULL};
    lfm_interactions *seen = NULL;
    CHECK_OK(lfm_file_features(file, LFM_USER, &f[0]));
    CHECK_OK(lfm_file_features(file, LFM_ITEM, &f[1]));
    CHECK_OK(lfm_file_seen(file, &seen));
    lfm_train_options loaded;
    lfm_train_options_init(&loaded);
    CHECK_OK(lfm_file_train_options(file, &loaded));
    options.user_features = f[0];
    options.item_features = f[1];
    options.seen = seen;
    options.precision = precision;
    options.train = train != NULL ? &loaded : NULL;
    options.notes = notes;
    options.n_notes = n_notes;
    lfm_ids *ids[4] = {NULL, NULL, NULL, NULL};
    for (int32_t space = 0; space < 4; space++) {
        CHECK_OK(lfm_file_ids(file, space, &ids[space]));
        options.ids[space] = ids[space];
        if (space >= 2)
            options.feature_ids_start[space - 2] = lfm_file_ids_start(file, space);
    }
    buffer b = {0};
    if (model != NULL)
        CHECK_OK(lfm_model_write(model, buffer_write, &b, &options));
    else
        CHECK_OK(lfm_scorer_write(scorer, buffer_write, &b, &options));
    for (int32_t space = 0; space < 4; space++)
        lfm_ids_free(ids[space]);
    lfm_features_free(f[0]);
    lfm_features_free(f[1]);
    lfm_interactions_free(seen);
    return b;
}

static void check_names(lfm_file *file, const world *w)
{
    for (int32_t space = 0; space < 4; space++) {
        lfm_ids *ids = NULL;
        REQUIRE_OK(lfm_file_ids(file, space, &ids));
        CHECK((ids != NULL) == (w->ids[space] != NULL));
        CHECK(names_equal(ids, w->ids[space]));
        CHECK_INTEGER(lfm_file_ids_start(file, space), space >= 2 ? w->ids_start[space - 2] : 0);
        lfm_ids_free(ids);
    }
    (void)file_names_answers(file, true);
}

static void check_checkpoint(const world *w, const lfm_train_options *train, const char *const *notes, int64_t n_notes)
{
    lfm_save_options options = world_options(w);
    options.train = train;
    options.notes = notes;
    options.n_notes = n_notes;
    buffer first = {0};
    REQUIRE_OK(lfm_model_write(w->model, buffer_write, &first, &options));
    lfm_file *file = buffer_open(&first);
    CHECK_INTEGER(lfm_file_kind(file), LFM_FILE_CHECKPOINT);
    CHECK_OK(lfm_file_check(file, NULL));
    check_names(file, w);
    lfm_model *model = NULL;
    REQUIRE_OK(lfm_file_model(file, &model));
    CHECK(model_hash(model) == model_hash(w->model));
    buffer again = save_again(file, model, NULL, 0, train, notes, n_notes);
    CHECK(buffers_equal(&first, &again));
    world_train(w, model, 2);
    buffer_free(&again);
    buffer_free(&first);
    lfm_file_free(file);
    lfm_model_free(model);
}

static void check_inference(const world *w, int32_t precision, const lfm_train_options *train,
                            const char *const *notes, int64_t n_notes)
{
    lfm_save_options options = world_options(w);
    options.train = train;
    options.notes = notes;
    options.n_notes = n_notes;
    options.precision = precision;
    buffer first = {0};
    REQUIRE_OK(lfm_scorer_write(w->scorer, buffer_write, &first, &options));
    lfm_file *file = buffer_open(&first);
    CHECK_INTEGER(lfm_file_kind(file), LFM_FILE_INFERENCE);
    CHECK_OK(lfm_file_check(file, NULL));
    check_names(file, w);
    lfm_scorer *scorer = NULL;
    REQUIRE_OK(lfm_file_scorer(file, NULL, &scorer));
    buffer again = save_again(file, NULL, scorer, precision, train, notes, n_notes);
    CHECK(buffers_equal(&first, &again));
    lfm_features *f[2] = {NULL, NULL};
    lfm_interactions *seen = NULL;
    CHECK_OK(lfm_file_features(file, LFM_USER, &f[0]));
    CHECK_OK(lfm_file_features(file, LFM_ITEM, &f[1]));
    CHECK_OK(lfm_file_seen(file, &seen));
    lfm_file_free(file); /* what was made from it goes on */
    const uint64_t answers = all_answers(scorer, f, seen, w->test, true);
    if (precision == LFM_PRECISION_FLOAT32)
        CHECK(answers == all_answers(w->scorer, w->f, w->seen, w->test, true));
    buffer_free(&again);
    buffer_free(&first);
    lfm_scorer_free(scorer);
    lfm_features_free(f[0]);
    lfm_features_free(f[1]);
    lfm_interactions_free(seen);
}

static void test_all_kinds(void)
{
    static const char *const notes[] = {"data", "likes of March", "quoted \"header_checksum\":\"",
                                        "\\ \xC3\xA9 \n \x01", "", ""};
    lfm_train_options train;
    lfm_train_options_init(&train);
    train.loss = LFM_LOSS_WARP_KOS;
    train.learning_rate = 0.1;
    train.rho = 1.0 / 3;
    world_kind kind;
    int n = 0;
    while (next_kind(&n, &kind)) {
        world w = world_make(&kind);
        const bool told = n % 3 == 0;
        check_checkpoint(&w, told ? &train : NULL, told ? notes : NULL, told ? 3 : 0);
        check_inference(&w, LFM_PRECISION_FLOAT32, told ? &train : NULL, told ? notes : NULL, told ? 3 : 0);
        check_inference(&w, LFM_PRECISION_HALF, told ? &train : NULL, told ? notes : NULL, told ? 3 : 0);
        world_free(&w);
    }
}

static void test_resume(void)
{
    for (int32_t optimiser = 0; optimiser < 3; optimiser++) {
        for (int32_t loss = 0; loss < 4; loss++) {
            const world_kind kind = {.d = 5 + loss, .optimiser = optimiser, .features = loss % 2 == 1, .seen = true};
            world w = world_make(&kind);
            lfm_train_options options;
            lfm_train_options_init(&options);
            options.loss = loss;
            options.threads = 1;
            options.schedule = LFM_SCHEDULE_COSINE;
            options.schedule_epochs = 20;
            options.item_alpha = 1e-3;
            options.regularisation = optimiser == 1 ? LFM_REGULARISATION_LIGHTFM : LFM_REGULARISATION_L2;
            options.epochs = 5;
            REQUIRE_OK(lfm_model_reset(w.model));
            REQUIRE_OK(lfm_model_fit_partial(w.model, w.train, w.f[0], w.f[1], &options));
            buffer b = world_checkpoint(&w);
            lfm_file *file = buffer_open(&b);
            lfm_model *model = NULL;
            REQUIRE_OK(lfm_file_model(file, &model));
            lfm_features *f[2] = {NULL, NULL};
            REQUIRE_OK(lfm_file_features(file, LFM_USER, &f[0]));
            REQUIRE_OK(lfm_file_features(file, LFM_ITEM, &f[1]));
            CHECK_INTEGER(lfm_model_epochs(model), 5);
            REQUIRE_OK(lfm_model_fit_partial(model, w.train, f[0], f[1], &options));
            REQUIRE_OK(lfm_model_reset(w.model));
            options.epochs = 10;
            REQUIRE_OK(lfm_model_fit_partial(w.model, w.train, w.f[0], w.f[1], &options));
            CHECK(model_hash(model) == model_hash(w.model));
            REQUIRE_OK(lfm_model_reset(model)); /* the options came along, the seed too */
            REQUIRE_OK(lfm_model_fit_partial(model, w.train, f[0], f[1], &options));
            CHECK(model_hash(model) == model_hash(w.model));
            buffer_free(&b);
            lfm_file_free(file);
            lfm_features_free(f[0]);
            lfm_features_free(f[1]);
            lfm_model_free(model);
            world_free(&w);
        }
    }
}

/* A scorer of a checkpoint answers as one of the model itself. */
static void test_scorer_of_checkpoint(void)
{
    for (int features = 0; features < 2; features++) {
        world w = world_make(&(world_kind){.d = 7, .features = features, .seen = true});
        buffer b = world_checkpoint(&w);
        lfm_file *file = buffer_open(&b);
        lfm_scorer *scorer = NULL;
        REQUIRE_OK(lfm_file_scorer(file, NULL, &scorer));
        CHECK(all_answers(scorer, w.f, w.seen, w.test, true) == all_answers(w.scorer, w.f, w.seen, w.test, true));
        lfm_scorer_free(scorer);
        lfm_file_free(file);
        buffer_free(&b);
        world_free(&w);
    }
}

/* Another precision of scanning than the file's, another choice of what to keep. */
static void test_other_precision(void)
{
    for (int32_t stored = 0; stored < 3; stored++) {
        world w = world_make(&(world_kind){.d = 19, .precision = stored, .features = true, .seen = true});
        const uint64_t wanted = all_answers(w.scorer, w.f, w.seen, w.test, true);
        buffer b = world_inference(&w, w.scorer, LFM_PRECISION_FLOAT32);
        lfm_file *file = buffer_open(&b);
        for (int32_t asked = 0; asked < 3; asked++) {
            lfm_scorer_options options;
            lfm_scorer_options_init(&options);
            options.precision = asked;
            lfm_scorer *scorer = NULL;
            REQUIRE_OK(lfm_file_scorer(file, &options, &scorer));
            CHECK(all_answers(scorer, w.f, w.seen, w.test, true) == wanted);
            lfm_scorer_free(scorer);
        }
        lfm_file_free(file);
        buffer_free(&b);
        world_free(&w);
    }
}

static void test_empty(void)
{
    for (int features = 0; features < 2; features++) {
        lfm_csr csr;
        lfm_csr_init(&csr);
        const int64_t zero = 0;
        csr.offsets = lfm_int64(&zero);
        lfm_features *f[2] = {NULL, NULL};
        for (int side = 0; features == 1 && side < 2; side++)
            REQUIRE_OK(lfm_features_from_csr(NULL, &csr, NULL, &f[side]));
        lfm_model *model = build_model(NULL, 0, 0, 4, 0, 1);
        lfm_scorer *scorer = NULL;
        REQUIRE_OK(lfm_scorer_create(model, f[0], f[1], NULL, &scorer));
        lfm_save_options options;
        lfm_save_options_init(&options);
        options.user_features = f[0];
        options.item_features = f[1];
        buffer b[2] = {{0}, {0}};
        REQUIRE_OK(lfm_model_write(model, buffer_write, &b[0], &options));
        REQUIRE_OK(lfm_scorer_write(scorer, buffer_write, &b[1], &options));
        for (int i = 0; i < 2; i++) {
            lfm_file *file = buffer_open(&b[i]);
            lfm_scorer *loaded = NULL;
            CHECK_OK(lfm_file_scorer(file, NULL, &loaded));
            CHECK_INTEGER(lfm_scorer_n_rows(loaded, LFM_SPACE_ITEM), 0);
            lfm_features *again = NULL;
            CHECK_OK(lfm_file_features(file, LFM_ITEM, &again));
            CHECK((again != NULL) == (features == 1));
            lfm_features_free(again);
            lfm_scorer_free(loaded);
            lfm_file_free(file);
            buffer_free(&b[i]);
        }
        lfm_scorer_free(scorer);
        lfm_model_free(model);
        lfm_features_free(f[0]);
        lfm_features_free(f[1]);
    }
}

/* Scorers that no model stands behind, or that keep no features. */
static void test_other_scorers(void)
{
    test_random random = {3};
    float vectors[ITEMS * 6], biases[ITEMS];
    for (int i = 0; i < ITEMS * 6; i++)
        vectors[i] = random_signed(&random);
    for (int i = 0; i < ITEMS; i++)
        biases[i] = random_signed(&random);
    lfm_embeddings users, items;
    lfm_embeddings_init(&users);
    lfm_embeddings_init(&items);
    users.vectors = items.vectors = vectors;
    users.n_rows = USERS;
    items.n_rows = ITEMS;
    users.n_components = items.n_components = 6;
    items.biases = biases;
    lfm_scorer *scorer = NULL, *loaded = NULL;
    REQUIRE_OK(lfm_scorer_from_embeddings(NULL, &users, &items, NULL, &scorer));
    buffer b = {0}, again = {0};
    REQUIRE_OK(lfm_scorer_write(scorer, buffer_write, &b, NULL));
    lfm_file *file = buffer_open(&b);
    CHECK(lfm_file_metadata(file, "epochs") == NULL);
    REQUIRE_OK(lfm_file_scorer(file, NULL, &loaded));
    REQUIRE_OK(lfm_scorer_write(loaded, buffer_write, &again, NULL));
    CHECK(buffers_equal(&b, &again));
    CHECK_INTEGER(lfm_scorer_n_rows(loaded, LFM_SPACE_USER_FEATURE), 0);
    lfm_features *const none[2] = {NULL, NULL};
    CHECK(all_answers(scorer, none, NULL, NULL, false) == all_answers(loaded, none, NULL, NULL, false));
    lfm_scorer_free(scorer);
    lfm_scorer_free(loaded);
    lfm_file_free(file);
    buffer_free(&b);
    buffer_free(&again);
}

/* Half precision: three digits, and nothing else lost. */
static void test_half(void)
{
    world w = world_make(&(world_kind){.d = 16, .features = true, .seen = true});
    buffer whole = world_inference(&w, w.scorer, LFM_PRECISION_FLOAT32);
    buffer half = world_inference(&w, w.scorer, LFM_PRECISION_HALF);
    CHECK(half.n < whole.n);
    lfm_file *file = buffer_open(&half);
    lfm_scorer *scorer = NULL;
    REQUIRE_OK(lfm_file_scorer(file, NULL, &scorer));
    for (int32_t space = 0; space < 4; space++) {
        lfm_view a = {.size = sizeof a}, b = {.size = sizeof b};
        REQUIRE_OK(lfm_scorer_representations(w.scorer, space, &a));
        REQUIRE_OK(lfm_scorer_representations(scorer, space, &b));
        CHECK_INTEGER(b.rows, a.rows);
        for (int64_t row = 0; row < a.rows; row++) {
            const float *x = (const float *)(const void *)((const char *)a.data + row * a.stride);
            const float *y = (const float *)(const void *)((const char *)b.data + row * b.stride);
            for (int64_t e = 0; e < a.columns; e++)
                CHECK(fabsf(x[e] - y[e]) <= fmaxf(fabsf(x[e]) * 0x1p-11f, 0x1p-25f));
        }
    }
    lfm_scorer_free(scorer);
    lfm_file_free(file);
    buffer_free(&whole);
    buffer_free(&half);
    world_free(&w);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"save, load, save: the same bytes and answers, of every kind", test_all_kinds},
        {"resumed training is training at a stretch", test_resume},
        {"a scorer of a checkpoint", test_scorer_of_checkpoint},
        {"a scan of another precision", test_other_precision},
        {"models of no users and items", test_empty},
        {"scorers without a model", test_other_scorers},
        {"half precision", test_half},
    };
    return TAP_MAIN("round trip", tests, argc, argv);
}
