/* Options: defaults, bounds, names, and structs of other sizes than ours. */
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "check.h"
#include "tap.h"

/* The option called `name`. */
static lfm_option find(int32_t group, const char *name)
{
    lfm_option option = {.size = sizeof option};
    for (int32_t i = 0; lfm_option_at(group, i, &option) == LFM_OK; i++) {
        if (strcmp(option.name, name) == 0)
            return option;
    }
    check_report(false, true, __FILE__, __LINE__, "no option %s", name);
    return option;
}

/* Every option of the structs is in the table, by name, and takes effect where it should. */
static void test_table(void)
{
    static const char *const model[] = {"components", "optimiser", "seed", "init_scale"};
    static const char *const train[] = {
        "loss",       "epochs",   "learning_rate", "schedule", "schedule_epochs", "regularisation",
        "order",      "user_alpha", "item_alpha",  "rho",      "epsilon",         "max_sampled",
        "max_draws",  "margin",   "negative_power", "graded",  "kos_k",           "kos_n",
        "threads",    "rollback"};
    for (int i = 0; i < 4; i++)
        CHECK(find(LFM_OPTIONS_MODEL, model[i]).group == LFM_OPTIONS_MODEL);
    for (int i = 0; i < 20; i++)
        CHECK(find(LFM_OPTIONS_TRAIN, train[i]).group == LFM_OPTIONS_TRAIN);
    for (int32_t group = 0; group < 2; group++) {
        lfm_option option = {.size = sizeof option};
        int32_t n = 0;
        for (; lfm_option_at(group, n, &option) == LFM_OK; n++) {
            const size_t length = strlen(option.help);
            CHECK(length > 10 && option.help[length - 1] != '.');
            CHECK((option.type == LFM_OPTION_CHOICE) == (option.choices != NULL));
            CHECK(option.size == sizeof option && option.minimum <= option.maximum);
            lfm_model_options m;
            lfm_train_options t;
            lfm_model_options_init(&m);
            lfm_train_options_init(&t);
            CHECK_OK(group == LFM_OPTIONS_MODEL ? lfm_model_options_set(&m, option.name, option.default_text)
                                                : lfm_train_options_set(&t, option.name, option.default_text));
        }
        CHECK(n >= (group == LFM_OPTIONS_MODEL ? 4 : 20));
        CHECK_STATUS(lfm_option_at(group, n, &option), LFM_ERROR_ARGUMENT);
        CHECK_STATUS(lfm_option_at(group, -1, &option), LFM_ERROR_ARGUMENT);
    }
    lfm_option option = {.size = 2};
    CHECK_STATUS(lfm_option_at(0, 0, NULL), LFM_ERROR_ARGUMENT);
    CHECK_STATUS(lfm_option_at(0, 0, &option), LFM_ERROR_OPTION);
    option.size = sizeof option;
    CHECK_STATUS(lfm_option_at(7, 0, &option), LFM_ERROR_ARGUMENT);
    CHECK(option.name == NULL);
}

static void test_defaults(void)
{
    lfm_model_options m;
    lfm_train_options t;
    lfm_model_options_init(&m);
    lfm_train_options_init(&t);
    CHECK(m.size == sizeof m && t.size == sizeof t);
    CHECK(m.components == 64 && m.optimiser == LFM_OPTIMISER_ADAGRAD && m.seed == 1 && m.init_scale == 0);
    CHECK(t.loss == LFM_LOSS_WARP && t.epochs == 20 && t.learning_rate == 0.05 && t.max_sampled == 10 &&
          t.margin == 1 && t.negative_power == -1 && t.rho == 0.95 && t.epsilon == 1e-6 && t.kos_k == 5 &&
          t.kos_n == 10 && t.threads == 0 && t.rollback == 0 && t.user_alpha == 0 && t.item_alpha == 0 &&
          t.draw_seed == 0);
    CHECK(t.progress == NULL && t.cancel == NULL && t.progress_user_data == NULL);
    lfm_infer_options infer;
    lfm_infer_options_init(&infer);
    CHECK(infer.check_overlap == 1 && infer.threads == 0 && infer.cancel == NULL);
    lfm_split_options s;
    lfm_split_options_init(&s);
    CHECK(s.k == 5 && s.fraction == 0.2 && s.user_fraction == 0.2 && s.seed == 1 && s.method == 0);
}

/* Set numbers just inside and outside of their bounds, by struct. */
static void test_bounds(void)
{
    test_entries e = entries_random(1, 20, 5, 6, 0, 0);
    lfm_interactions *interactions = entries_build(NULL, &e);
    lfm_model *model = build_model(NULL, 5, 6, 3, 0, 1);
    const uint64_t fresh = model_hash(model);
    lfm_option option = {.size = sizeof option};
    for (int32_t i = 0; lfm_option_at(LFM_OPTIONS_TRAIN, i, &option) == LFM_OK; i++) {
        for (int end = 0; end < 2; end++) {
            char text[64];
            const double bound = end == 0 ? option.minimum : option.maximum;
            const double off = option.type == LFM_OPTION_REAL ? (end == 0 ? -1e-3 : 1 + fabs(bound)) : 1;
            lfm_train_options t;
            lfm_train_options_init(&t);
            if (option.type == LFM_OPTION_INTEGER || option.type == LFM_OPTION_REAL) {
                snprintf(text, sizeof text, "%.17g", bound);
                CHECK_OK(lfm_train_options_set(&t, option.name, text));
            }
            snprintf(text, sizeof text, "%.17g", end == 0 ? bound - fabs(off) : bound + fabs(off));
            CHECK_FAILS(lfm_train_options_set(&t, option.name, text), LFM_ERROR_OPTION, option.name);
        }
    }
#define BAD_TRAIN(field, value, part)                                                                  \
    do {                                                                                               \
        lfm_train_options t;                                                                           \
        lfm_train_options_init(&t);                                                                    \
        t.field = value;                                                                               \
        CHECK_FAILS(lfm_model_fit_partial(model, interactions, NULL, NULL, &t), LFM_ERROR_OPTION, part); \
    } while (0)
    BAD_TRAIN(loss, 4, "loss");
    BAD_TRAIN(loss, -1, "warp");
    BAD_TRAIN(epochs, -1, "epochs");
    BAD_TRAIN(learning_rate, -0.1, "learning_rate");
    BAD_TRAIN(learning_rate, (double)NAN, "learning_rate");
    BAD_TRAIN(learning_rate, (double)INFINITY, "learning_rate");
    BAD_TRAIN(schedule, 3, "schedule");
    BAD_TRAIN(schedule, LFM_SCHEDULE_COSINE, "schedule_epochs");
    BAD_TRAIN(schedule_epochs, -1, "schedule_epochs");
    BAD_TRAIN(regularisation, 2, "regularisation");
    BAD_TRAIN(order, 2, "order");
    BAD_TRAIN(user_alpha, -1e-9, "user_alpha");
    BAD_TRAIN(item_alpha, (double)NAN, "item_alpha");
    BAD_TRAIN(rho, 1.1, "rho");
    BAD_TRAIN(epsilon, 0.0, "epsilon");
    BAD_TRAIN(max_sampled, 0, "max_sampled");
    BAD_TRAIN(max_draws, 0, "max_draws");
    BAD_TRAIN(margin, -1.0, "margin");
    BAD_TRAIN(negative_power, 1.5, "negative_power");
    BAD_TRAIN(negative_power, -0.5, "negative_power");
    BAD_TRAIN(graded, 2, "graded");
    BAD_TRAIN(kos_k, 0, "kos_k");
    BAD_TRAIN(kos_n, 0, "kos_n");
    BAD_TRAIN(kos_known, 2, "kos_known");
    BAD_TRAIN(threads, -1, "threads");
    BAD_TRAIN(rollback, 7, "rollback");
    BAD_TRAIN(size, 5, "size");
    CHECK(model_hash(model) == fresh);
    lfm_model *made = NULL;
#define BAD_MODEL(field, value, part)                                                                  \
    do {                                                                                               \
        lfm_model_options m;                                                                           \
        lfm_model_options_init(&m);                                                                    \
        m.field = value;                                                                               \
        CHECK_FAILS(lfm_model_create(NULL, 2, 2, &m, &made), LFM_ERROR_OPTION, part);                  \
    } while (0)
    BAD_MODEL(components, 0, "components");
    BAD_MODEL(components, -64, "components");
    BAD_MODEL(components, 65537, "components");
    BAD_MODEL(optimiser, 3, "adadelta");
    BAD_MODEL(init_scale, -1.0, "init_scale");
    BAD_MODEL(init_scale, (double)NAN, "init_scale");
    CHECK(made == NULL);
    lfm_model_free(model);
    lfm_interactions_free(interactions);
    entries_free(&e);
}

static void check_numbers(void)
{
    lfm_train_options t;
    lfm_model_options m;
    lfm_train_options_init(&t);
    lfm_model_options_init(&m);
    CHECK(t.learning_rate == 0.05 && t.rho == 0.95 && t.epsilon == 1e-6);
    CHECK_OK(lfm_train_options_set(&t, "learning_rate", "0.125"));
    CHECK_OK(lfm_train_options_set(&t, "item_alpha", "1.5e-3"));
    CHECK_OK(lfm_train_options_set(&t, "epochs", "7"));
    CHECK_OK(lfm_train_options_set(&t, "loss", "warp-kos"));
    CHECK_OK(lfm_train_options_set(&t, "schedule", "cosine"));
    CHECK_OK(lfm_train_options_set(&t, "rollback", "yes"));
    CHECK_OK(lfm_train_options_set(&t, "graded", "true"));
    CHECK_OK(lfm_train_options_set(&t, "negative_power", "-1"));
    CHECK_OK(lfm_model_options_set(&m, "seed", "18446744073709551615"));
    CHECK_OK(lfm_model_options_set(&m, "components", "33"));
    CHECK(t.learning_rate == 0.125 && t.item_alpha == 1.5e-3 && t.epochs == 7 &&
          t.loss == LFM_LOSS_WARP_KOS && t.schedule == LFM_SCHEDULE_COSINE && t.rollback == 1 &&
          t.graded == 1 && t.negative_power == -1 && m.seed == UINT64_MAX && m.components == 33);
    /* What is refused changes nothing. */
    static const char *const bad_reals[] = {"", "x", "0,125", "0.1x", "nan", "inf", "1e400", "--1", "1 "};
    for (int i = 0; i < 9; i++)
        CHECK_FAILS(lfm_train_options_set(&t, "learning_rate", bad_reals[i]), LFM_ERROR_OPTION,
                    "learning_rate");
    static const char *const bad_integers[] = {"", "1.5", "x", "1e99", "-1", "99999999999"};
    for (int i = 0; i < 6; i++)
        CHECK_FAILS(lfm_train_options_set(&t, "epochs", bad_integers[i]), LFM_ERROR_OPTION, "epochs");
    static const char *const bad_seeds[] = {"", "-1", "1.0", "18446744073709551616", " 1", "0x10"};
    for (int i = 0; i < 6; i++)
        CHECK_FAILS(lfm_model_options_set(&m, "seed", bad_seeds[i]), LFM_ERROR_OPTION, "seed");
    static const char *const bad_losses[] = {"", "WARP", "warp-", "war", "2", "logistic|bpr"};
    for (int i = 0; i < 6; i++)
        CHECK_FAILS(lfm_train_options_set(&t, "loss", bad_losses[i]), LFM_ERROR_OPTION,
                    "logistic|bpr|warp|warp-kos");
    CHECK_FAILS(lfm_train_options_set(&t, "graded", "maybe"), LFM_ERROR_OPTION, "graded");
    CHECK_FAILS(lfm_train_options_set(&t, "components", "3"), LFM_ERROR_OPTION, "learning_rate");
    CHECK_FAILS(lfm_model_options_set(&m, "loss", "warp"), LFM_ERROR_OPTION, "components");
    CHECK_FAILS(lfm_model_options_set(&m, "", "warp"), LFM_ERROR_OPTION, "there are");
    CHECK(t.learning_rate == 0.125 && t.epochs == 7 && m.seed == UINT64_MAX &&
          t.loss == LFM_LOSS_WARP_KOS && t.graded == 1);
    CHECK_STATUS(lfm_train_options_set(NULL, "loss", "warp"), LFM_ERROR_ARGUMENT);
    CHECK_STATUS(lfm_train_options_set(&t, NULL, "warp"), LFM_ERROR_ARGUMENT);
    CHECK_STATUS(lfm_train_options_set(&t, "loss", NULL), LFM_ERROR_ARGUMENT);
    CHECK_STATUS(lfm_model_options_set(NULL, "seed", "1"), LFM_ERROR_ARGUMENT);
    CHECK_STATUS(lfm_model_options_set(&m, NULL, "1"), LFM_ERROR_ARGUMENT);
    CHECK_STATUS(lfm_model_options_set(&m, "seed", NULL), LFM_ERROR_ARGUMENT);
}

static void test_by_name(void) { check_numbers(); }

static char made_locale[64];

/* Make a German locale in a folder of our own, where none is installed but its source is. */
static void make_locale(void)
{
    char folder[] = "/tmp/lfm-locale-XXXXXX", command[256];
    if (mkdtemp(folder) == NULL)
        return;
    snprintf(command, sizeof command, "localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8 >/dev/null 2>&1", folder);
    if (system(command) == 0)
        setenv("LOCPATH", folder, 1);
    snprintf(made_locale, sizeof made_locale, "%s", folder);
}

static void remove_locale(void)
{
    char command[256];
    unsetenv("LOCPATH");
    if (made_locale[0] == '\0')
        return;
    snprintf(command, sizeof command, "rm -r '%s'", made_locale);
    if (system(command) != 0)
        tap_note("%s is left behind", made_locale);
}

/* A host whose decimal point is a comma. */
static void test_foreign_locale(void)
{
    make_locale();
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8", "fr_FR.utf8",
                                        "es_ES.UTF-8"};
    for (int i = 0; i < 6; i++) {
        if (setlocale(LC_ALL, names[i]) == NULL)
            continue;
        char text[16];
        snprintf(text, sizeof text, "%.1f", 0.5);
        check_numbers();
        CHECK(strcmp(text, "0,5") == 0);
        CHECK(strcmp(setlocale(LC_ALL, NULL), names[i]) == 0);
        setlocale(LC_ALL, "C");
        remove_locale();
        return;
    }
    remove_locale();
    tap_skip("no locale with a decimal comma is installed");
}

/* Older, shorter structs are completed with defaults; newer, longer ones must have zero tails. */
static void test_sizes(void)
{
    struct {
        lfm_model_options known;
        uint64_t tail[2];
    } longer;
    memset(&longer, 0xAA, sizeof longer);
    lfm_model_options_init_sized(&longer.known, sizeof longer);
    CHECK(longer.known.size == sizeof longer && longer.tail[0] == 0 && longer.tail[1] == 0 &&
          longer.known.components == 64);
    lfm_model *model = NULL;
    CHECK_OK(lfm_model_create(NULL, 2, 2, &longer.known, &model));
    CHECK_OK(lfm_model_options_set(&longer.known, "components", "5"));
    CHECK(longer.known.size == sizeof longer && longer.known.components == 5);
    lfm_model_free(model);
    model = NULL;
    longer.tail[1] = 1;
    CHECK_FAILS(lfm_model_create(NULL, 2, 2, &longer.known, &model), LFM_ERROR_OPTION, "older");
    CHECK_STATUS(lfm_model_options_set(&longer.known, "components", "6"), LFM_ERROR_OPTION);
    CHECK(model == NULL && longer.known.components == 5);
    /* A caller that knows of size and components only. */
    lfm_model_options brief;
    memset(&brief, 0xAA, sizeof brief);
    const size_t known = offsetof(lfm_model_options, optimiser);
    lfm_model_options_init_sized(&brief, known);
    CHECK(brief.size == known && brief.components == 64 && (uint32_t)brief.optimiser == 0xAAAAAAAAu);
    brief.components = 7;
    CHECK_OK(lfm_model_create(NULL, 2, 2, &brief, &model));
    lfm_model_options full = {.size = sizeof full};
    CHECK_OK(lfm_model_get_options(model, &full));
    CHECK(full.components == 7 && full.optimiser == 0 && full.seed == 1 && full.size == sizeof full);
    CHECK_OK(lfm_model_options_set(&brief, "components", "8"));
    CHECK(brief.components == 8 && (uint32_t)brief.optimiser == 0xAAAAAAAAu);
    /* An option that the caller's struct has no room for cannot be set in silence. */
    CHECK_FAILS(lfm_model_options_set(&brief, "seed", "3"), LFM_ERROR_OPTION, "seed");
    memset(&full, 0xAA, sizeof full);
    full.size = known;
    CHECK_OK(lfm_model_get_options(model, &full));
    CHECK(full.components == 7 && (uint32_t)full.optimiser == 0xAAAAAAAAu && full.size == known);
    lfm_model_free(model);
    lfm_model_options_init_sized(NULL, sizeof full);
    lfm_model_options_init_sized(&full, 3);
    CHECK(full.components == 7);
}

/* Every struct that the library reads: nonsense sizes and set tails are refused, zero tails taken. */
#define CHECK_STRUCT(type, init, call)                                                                 \
    do {                                                                                               \
        struct {                                                                                       \
            type o;                                                                                    \
            uint64_t tail;                                                                             \
        } x;                                                                                           \
        init(&x.o, sizeof x);                                                                          \
        CHECK_OK(call);                                                                                \
        x.tail = 9;                                                                                    \
        CHECK_FAILS(call, LFM_ERROR_OPTION, #type);                                                    \
        x.o.size = 0;                                                                                  \
        CHECK_FAILS(call, LFM_ERROR_OPTION, #type);                                                    \
        x.o.size = SIZE_MAX;                                                                           \
        CHECK_FAILS(call, LFM_ERROR_OPTION, #type);                                                    \
    } while (0)

static lfm_status free_context(lfm_status status, lfm_context **c) { lfm_context_free(*c); *c = NULL; return status; }
static lfm_status free_interactions(lfm_status status, lfm_interactions **m)
{
    lfm_interactions_free(*m);
    *m = NULL;
    return status;
}
static lfm_status free_features(lfm_status status, lfm_features **f)
{
    lfm_features_free(*f);
    *f = NULL;
    return status;
}

static void test_all_structs(void)
{
    lfm_context *c = NULL;
    lfm_interactions *m = NULL, *m2 = NULL, *empty = build_interactions(0, 2, 2, NULL, NULL, NULL);
    lfm_features *f = NULL;
    lfm_model *model = build_model(NULL, 2, 2, 3, 0, 1);
    lfm_scorer *scorer = NULL;
    REQUIRE_OK(lfm_scorer_create(model, NULL, NULL, NULL, &scorer));
    static const int32_t zeros[] = {0, 0, 0};
    lfm_coo coo;
    lfm_coo_init(&coo);
    lfm_csr csr;
    lfm_csr_init(&csr);
    csr.offsets = lfm_int32(zeros);
    CHECK_STRUCT(lfm_context_options, lfm_context_options_init_sized,
                 free_context(lfm_context_create(&x.o, &c), &c));
    CHECK_STRUCT(lfm_coo, lfm_coo_init_sized,
                 free_interactions(lfm_interactions_from_coo(NULL, &x.o, NULL, &m), &m));
    CHECK_STRUCT(lfm_interactions_options, lfm_interactions_options_init_sized,
                 free_interactions(lfm_interactions_from_coo(NULL, &coo, &x.o, &m), &m));
    CHECK_STRUCT(lfm_features_options, lfm_features_options_init_sized,
                 free_features(lfm_features_from_csr(NULL, &csr, &x.o, &f), &f));
    CHECK_STRUCT(lfm_split_options, lfm_split_options_init_sized,
                 (free_interactions(LFM_OK, &m2), free_interactions(lfm_interactions_split(empty, &x.o, &m, &m2), &m)));
    CHECK_STRUCT(lfm_train_options, lfm_train_options_init_sized,
                 lfm_model_fit_partial(model, empty, NULL, NULL, &x.o));
    CHECK_STRUCT(lfm_infer_options, lfm_infer_options_init_sized,
                 lfm_rank(scorer, empty, NULL, (int32_t *)(uintptr_t)zeros, &x.o));
    lfm_interactions_free(m2);
    lfm_interactions_free(empty);
    lfm_scorer_free(scorer);
    lfm_model_free(model);
}

/* What a later version may give a meaning is refused, as an unknown tail is. */
static void test_reserved(void)
{
    lfm_model *model = build_model(NULL, 2, 3, 2, 0, 1);
    lfm_scorer *scorer = NULL, *no_scorer = NULL;
    lfm_dataset *no_dataset = NULL;
    int32_t zero = 0, row;
    REQUIRE_OK(lfm_scorer_create(model, NULL, NULL, NULL, &scorer));
    lfm_recommend_options recommend;
    lfm_recommend_options_init(&recommend);
    recommend.reserved = 1;
    CHECK_FAILS(lfm_recommend(scorer, 1, &zero, 1, NULL, &row, NULL, &recommend), LFM_ERROR_OPTION,
                "lfm_recommend_options: reserved is 1");
    lfm_similar_options similar;
    lfm_similar_options_init(&similar);
    similar.reserved = 2;
    CHECK_FAILS(lfm_similar(scorer, LFM_SPACE_ITEM, 1, &zero, LFM_SPACE_ITEM, 1, &row, NULL, &similar),
                LFM_ERROR_OPTION, "lfm_similar_options: reserved is 2");
    lfm_scorer_options how;
    lfm_scorer_options_init(&how);
    how.reserved = -1;
    CHECK_FAILS(lfm_scorer_create(model, NULL, NULL, &how, &no_scorer), LFM_ERROR_OPTION,
                "lfm_scorer_options: reserved is -1");
    lfm_resize_options resize;
    lfm_resize_options_init(&resize);
    resize.reserved = 1;
    CHECK_FAILS(lfm_model_resize(model, 5, 5, &resize), LFM_ERROR_OPTION, "lfm_resize_options: reserved is 1");
    CHECK_INTEGER(lfm_model_n_features(model, LFM_USER), 2);
    lfm_dataset_options dataset;
    lfm_dataset_options_init(&dataset);
    dataset.reserved = 1;
    CHECK_FAILS(lfm_dataset_create(NULL, &dataset, &no_dataset), LFM_ERROR_OPTION,
                "lfm_dataset_options: reserved is 1");
    CHECK(no_scorer == NULL && no_dataset == NULL);
    lfm_scorer_free(scorer);
    lfm_model_free(model);
}

/* A refused options struct still gets its release called: the caller counts on it. */
static void count_release(void *user_data) { ++*(int *)user_data; }

static void test_release_of_refused(void)
{
    struct {
        lfm_interactions_options o;
        uint64_t tail;
    } x;
    lfm_interactions_options_init_sized(&x.o, sizeof x);
    int released = 0;
    x.o.release = count_release;
    x.o.release_user_data = &released;
    x.tail = 1;
    lfm_coo coo;
    lfm_coo_init(&coo);
    lfm_interactions *m = NULL;
    CHECK_STATUS(lfm_interactions_from_coo(NULL, &coo, &x.o, &m), LFM_ERROR_OPTION);
    CHECK_INTEGER(released, 1);
    CHECK(m == NULL);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"the table", test_table},
        {"defaults", test_defaults},
        {"bounds", test_bounds},
        {"by name", test_by_name},
        {"by name under a foreign locale", test_foreign_locale},
        {"structs of other sizes", test_sizes},
        {"every struct's size and tail", test_all_structs},
        {"reserved fields", test_reserved},
        {"release of a refused struct", test_release_of_refused},
    };
    return TAP_MAIN("options", tests, argc, argv);
}
