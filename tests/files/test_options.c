/* The options that are saved with a model, and what cannot be saved. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "tap.h"
#include "world.h"

static world small(void) { return world_make(&(world_kind){.d = 3, .features = true, .seen = true}); }

/* All options, every one off its default, in numbers that take all digits. */
static void set_all(int32_t group, void *options, int round)
{
    lfm_option option = {.size = sizeof option};
    for (int32_t i = 0; lfm_option_at(group, i, &option) == LFM_OK; i++) {
        char text[64];
        const double span = option.maximum > 1e6 ? 1e6 : option.maximum;
        const double low = option.minimum < 0 ? 0 : option.minimum, value = low + (span - low) / (3.0 + round);
        if (option.type == LFM_OPTION_SWITCH)
            snprintf(text, sizeof text, "%s", round % 2 == 0 ? "true" : "false");
        else if (option.type == LFM_OPTION_CHOICE)
            snprintf(text, sizeof text, "%.*s", (int)strcspn(option.choices, "|"), option.choices);
        else if (option.type == LFM_OPTION_UNSIGNED)
            snprintf(text, sizeof text, "%s", round == 0 ? "18446744073709551615" : "9007199254740993");
        else if (option.type == LFM_OPTION_INTEGER)
            snprintf(text, sizeof text, "%.0f", value < 300 ? value : 200.0 + round);
        else
            snprintf(text, sizeof text, "%.17g", value);
        for (char *comma = text; (comma = strchr(comma, ',')) != NULL;)
            *comma = '.';
        CHECK_OK(group == LFM_OPTIONS_MODEL ? lfm_model_options_set(options, option.name, text)
                                            : lfm_train_options_set(options, option.name, text));
    }
}

static void round_trip_options(void)
{
    for (int round = 0; round < 3; round++) {
        lfm_model_options mine, loaded;
        lfm_train_options train, loaded_train;
        lfm_model_options_init(&mine);
        lfm_train_options_init(&train);
        set_all(LFM_OPTIONS_MODEL, &mine, round);
        set_all(LFM_OPTIONS_TRAIN, &train, round);
        lfm_model *model = NULL, *again = NULL;
        REQUIRE_OK(lfm_model_create(NULL, 3, 4, &mine, &model));
        lfm_save_options options;
        lfm_save_options_init(&options);
        options.train = &train;
        buffer b = {0};
        REQUIRE_OK(lfm_model_write(model, buffer_write, &b, &options));
        lfm_file *file = buffer_open(&b);
        REQUIRE_OK(lfm_file_model(file, &again));
        lfm_model_options_init(&loaded);
        REQUIRE_OK(lfm_model_get_options(again, &loaded));
        CHECK(memcmp(&mine, &loaded, sizeof mine) == 0);
        lfm_train_options_init(&loaded_train);
        REQUIRE_OK(lfm_file_train_options(file, &loaded_train));
        CHECK(memcmp(&train, &loaded_train, sizeof train) == 0);
        CHECK(model_hash(model) == model_hash(again));
        lfm_file_free(file);
        buffer_free(&b);
        lfm_model_free(model);
        lfm_model_free(again);
    }
}

static void test_options(void) { round_trip_options(); }

/* Make a German locale for this process, where the means are there. */
static void test_comma(void)
{
    char *folder = folder_make(), command[400];
    snprintf(command, sizeof command, "localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8 >/dev/null 2>&1", folder);
    if (system(command) == 0)
        setenv("LOCPATH", folder, 1);
    if (setlocale(LC_ALL, "de_DE.UTF-8") != NULL && localeconv()->decimal_point[0] == ',')
        round_trip_options();
    else
        tap_skip("there is no locale with a decimal comma");
    setlocale(LC_ALL, "C");
    unsetenv("LOCPATH");
    snprintf(command, sizeof command, "rm -r %s", folder);
    CHECK(system(command) == 0);
    free(folder);
}

static void test_refused(void)
{
    world w = small();
    lfm_save_options options = world_options(&w);
    buffer b = {0};
    CHECK_FAILS(lfm_model_write(NULL, buffer_write, &b, NULL), LFM_ERROR_ARGUMENT, "model");
    CHECK_FAILS(lfm_model_write(w.model, NULL, &b, NULL), LFM_ERROR_ARGUMENT, "write");
    CHECK_FAILS(lfm_scorer_write(NULL, buffer_write, &b, NULL), LFM_ERROR_ARGUMENT, "scorer");
    CHECK_FAILS(lfm_model_save(w.model, NULL, NULL), LFM_ERROR_ARGUMENT, "path");
    CHECK_FAILS(lfm_scorer_save(NULL, "x", NULL), LFM_ERROR_ARGUMENT, "scorer");
    options.size = 4;
    CHECK_FAILS(lfm_model_write(w.model, buffer_write, &b, &options), LFM_ERROR_OPTION, "lfm_save_options");
    options = world_options(&w);
    options.reserved = 1;
    CHECK_FAILS(lfm_model_write(w.model, buffer_write, &b, &options), LFM_ERROR_OPTION, "reserved is 1");
    options = world_options(&w);
    options.precision = LFM_PRECISION_HALF;
    CHECK_FAILS(lfm_model_write(w.model, buffer_write, &b, &options), LFM_ERROR_OPTION, "float32");
    options.precision = 9;
    CHECK_FAILS(lfm_scorer_write(w.scorer, buffer_write, &b, &options), LFM_ERROR_OPTION, "precision number 9");
    options = world_options(&w);
    options.user_features = w.f[1];
    CHECK_FAILS(lfm_model_write(w.model, buffer_write, &b, &options), LFM_ERROR_SHAPE, "");
    CHECK_FAILS(lfm_scorer_write(w.scorer, buffer_write, &b, &options), LFM_ERROR_SHAPE, "user feature matrix");
    options = world_options(&w);
    test_entries many = entries_random(1, 10, USERS + 1, ITEMS, 0, 0);
    options.seen = entries_build(NULL, &many);
    CHECK_FAILS(lfm_scorer_write(w.scorer, buffer_write, &b, &options), LFM_ERROR_SHAPE, "24 users");
    lfm_interactions_free(options.seen);
    entries_free(&many);
    static const char *const bad[][4] = {
        {"a", NULL, "", ""}, {NULL, "a", "", ""}, {"a", "\xFF", "", ""}, {"\xC3", "a", "", ""}, {"a", "1", "a", "2"}};
    static const char *const why[] = {"NULL", "NULL", "UTF-8", "UTF-8", "twice"};
    for (int i = 0; i < 5; i++) {
        options = world_options(&w);
        options.notes = bad[i];
        options.n_notes = i == 4 ? 2 : 1;
        CHECK_FAILS(lfm_model_write(w.model, buffer_write, &b, &options), LFM_ERROR_ARGUMENT, why[i]);
    }
    options.n_notes = -1;
    CHECK_FAILS(lfm_model_write(w.model, buffer_write, &b, &options), LFM_ERROR_OPTION, "n_notes is -1");
    options.notes = NULL;
    options.n_notes = 1;
    CHECK_FAILS(lfm_model_write(w.model, buffer_write, &b, &options), LFM_ERROR_OPTION, "notes is NULL");
    char *huge = take((16 << 20) + 10, 1);
    memset(huge, 'a', 16 << 20);
    const char *const too_much[2] = {"a", huge};
    options.notes = too_much;
    CHECK_FAILS(lfm_model_write(w.model, buffer_write, &b, &options), LFM_ERROR_ARGUMENT, "too many notes");
    huge[200] = '\0';
    const char *const long_key[2] = {huge, ""};
    options.notes = long_key;
    CHECK_FAILS(lfm_model_write(w.model, buffer_write, &b, &options), LFM_ERROR_ARGUMENT, "122 bytes");
    free(huge);
    lfm_train_options train;
    lfm_train_options_init(&train);
    train.loss = 77;
    options = world_options(&w);
    options.train = &train;
    CHECK_FAILS(lfm_model_write(w.model, buffer_write, &b, &options), LFM_ERROR_OPTION, "loss");
    CHECK_INTEGER(b.n, 0);
    buffer_free(&b);
    world_free(&w);
}

static void test_no_features_kept(void)
{
    world w = small();
    lfm_scorer_options how;
    lfm_scorer_options_init(&how);
    how.keep_features = 0;
    lfm_scorer *scorer = NULL;
    REQUIRE_OK(lfm_scorer_create(w.model, w.f[0], w.f[1], &how, &scorer));
    const lfm_save_options options = world_options(&w);
    buffer b = {0};
    CHECK_FAILS(lfm_scorer_write(scorer, buffer_write, &b, &options), LFM_ERROR_SHAPE, "holds 0 user features");
    REQUIRE_OK(lfm_scorer_write(scorer, buffer_write, &b, NULL));
    lfm_file *file = buffer_open(&b);
    lfm_scorer *loaded = NULL;
    REQUIRE_OK(lfm_file_scorer(file, NULL, &loaded));
    CHECK(all_answers(loaded, w.f, w.seen, w.test, false) == all_answers(scorer, w.f, w.seen, w.test, false));
    lfm_features *none = w.f[0];
    CHECK_OK(lfm_file_features(file, LFM_USER, &none));
    CHECK(none == NULL);
    lfm_model *model = NULL;
    CHECK_FAILS(lfm_file_model(file, &model), LFM_ERROR_UNSUPPORTED, "no checkpoint");
    CHECK_FAILS(lfm_file_features(file, 2, &none), LFM_ERROR_ARGUMENT, "side number 2");
    lfm_file_free(file);
    lfm_scorer_free(scorer);
    lfm_scorer_free(loaded);
    buffer_free(&b);
    world_free(&w);
}

static void test_too_large_for_half(void)
{
    world w = small();
    lfm_view_mut biases = {.size = sizeof biases};
    REQUIRE_OK(lfm_model_view_mut(w.model, LFM_ITEM, LFM_BIASES, &biases));
    ((float *)(void *)((char *)biases.data + 2 * biases.stride))[0] = 65520;
    lfm_scorer *scorer = NULL;
    REQUIRE_OK(lfm_scorer_create(w.model, w.f[0], w.f[1], NULL, &scorer));
    lfm_save_options options = world_options(&w);
    options.precision = LFM_PRECISION_HALF;
    buffer b = {0};
    CHECK_FAILS(lfm_scorer_write(scorer, buffer_write, &b, &options), LFM_ERROR_DATA, "item_biases, row 2");
    CHECK_INTEGER(b.n, 0);
    lfm_scorer_free(scorer);
    world_free(&w);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"every option comes back", test_options},
        {"in a locale with a decimal comma too", test_comma},
        {"what cannot be saved", test_refused},
        {"a scorer that keeps no features", test_no_features_kept},
        {"a number beyond half precision", test_too_large_for_half},
    };
    return TAP_MAIN("options", tests, argc, argv);
}
