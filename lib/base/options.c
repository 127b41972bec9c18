/* The option table, and all that is read from it: defaults, validation, setting by name, description. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* strtod_l: numbers are read alike whatever locale the host has set */
#endif
#include "base/options.h"

#include <errno.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/numeric.h"
#include "base/sized.h"

LFMI_ASSERT_SIZED(lfm_model_options, init_scale);
LFMI_ASSERT_SIZED(lfm_train_options, cancel);
LFMI_ASSERT_SIZED(lfm_progress, reserved);
LFMI_ASSERT_SIZED(lfm_option, type);

typedef struct option_row {
    lfm_option public;
    size_t offset;
} option_row;

#define ROW(group_, struct_, field_, type_, default_, min_, max_, choices_, help_)                     \
    {{.size = sizeof(lfm_option), .name = #field_, .help = help_, .default_text = default_,            \
      .choices = choices_, .minimum = min_, .maximum = max_, .group = group_, .type = type_},          \
     offsetof(struct_, field_)}
#define MODEL(field, type, text, min, max, choices, help)                                              \
    ROW(LFM_OPTIONS_MODEL, lfm_model_options, field, type, text, min, max, choices, help)
#define TRAIN(field, type, text, min, max, choices, help)                                              \
    ROW(LFM_OPTIONS_TRAIN, lfm_train_options, field, type, text, min, max, choices, help)
#define INTEGER LFM_OPTION_INTEGER
#define REAL LFM_OPTION_REAL
#define SWITCH LFM_OPTION_SWITCH
#define CHOICE LFM_OPTION_CHOICE

static const option_row table[] = {
    MODEL(components, INTEGER, "64", 1, 65536, NULL, "Numbers in an embedding, d"),
    MODEL(optimiser, CHOICE, "adagrad", 0, 2, "adagrad|adagrad-rowwise|adadelta",
          "How a gradient becomes a step"),
    MODEL(seed, LFM_OPTION_UNSIGNED, "1", 0, 18446744073709551615.0, NULL,
          "Seed of the initial embeddings, the epochs' order and the draws"),
    MODEL(init_scale, REAL, "0", 0, 1e6, NULL,
          "Half-width of the uniform initial embeddings; 0 means 0.5 / d"),

    TRAIN(loss, CHOICE, "warp", 0, 3, "logistic|bpr|warp|warp-kos", "What is minimised"),
    TRAIN(epochs, INTEGER, "20", 0, 1000000, NULL, "Passes over the interactions"),
    TRAIN(learning_rate, REAL, "0.05", 0, 1e6, NULL, "Step size of both Adagrads"),
    TRAIN(schedule, CHOICE, "constant", 0, 2, "constant|linear|cosine",
          "How the learning rate falls over the model's epochs"),
    TRAIN(schedule_epochs, INTEGER, "0", 0, 1000000, NULL,
          "The epoch at which the linear and the cosine schedule reach 0"),
    TRAIN(regularisation, CHOICE, "l2", 0, 1, "l2|lightfm",
          "L2 in the gradient, or LightFM's lazy scaling for alphas tuned with it"),
    TRAIN(order, CHOICE, "shuffled", 0, 1, "shuffled|stored",
          "Order in which an epoch visits the interactions"),
    TRAIN(user_alpha, REAL, "0", 0, 1e6, NULL, "Regularisation of user features"),
    TRAIN(item_alpha, REAL, "0", 0, 1e6, NULL, "Regularisation of item features"),
    TRAIN(rho, REAL, "0.95", 0, 1, NULL, "Decay of Adadelta"),
    TRAIN(epsilon, REAL, "1e-6", 1e-30, 1, NULL, "Constant of Adadelta"),
    TRAIN(max_sampled, INTEGER, "10", 1, 1000000, NULL,
          "Negatives drawn per positive by WARP and k-OS WARP, at most"),
    TRAIN(max_draws, INTEGER, "100", 1, 1000000, NULL,
          "Draws of BPR until a negative is found that the user does not know, at most"),
    TRAIN(margin, REAL, "1", 0, 1e6, NULL,
          "A negative violates when it scores above the positive less this (WARP, k-OS WARP)"),
    TRAIN(negative_power, REAL, "-1", -1, 1, NULL,
          "Negatives are drawn in proportion to popularity^this, 0 to 1; -1 means 1 for BPR, else 0"),
    TRAIN(graded, SWITCH, "false", 0, 1, NULL,
          "BPR also takes known items of a smaller value as negatives"),
    TRAIN(kos_k, INTEGER, "5", 1, 1000, NULL,
          "k-OS WARP steps on the k-th best of the drawn positives"),
    TRAIN(kos_n, INTEGER, "10", 1, 1000, NULL, "Positives that k-OS WARP draws"),
    TRAIN(kos_known, SWITCH, "false", 0, 1, NULL,
          "k-OS WARP takes every known item for a positive, explicit negatives too, as LightFM does"),
    TRAIN(threads, INTEGER, "0", 0, 4096, NULL,
          "Threads; 0 means what the process may use, 1 makes results repeat bit for bit"),
    TRAIN(rollback, SWITCH, "false", 0, 1, NULL,
          "After divergence go back to the last completed epoch (needs the model's memory twice)"),
    TRAIN(draw_seed, LFM_OPTION_UNSIGNED, "0", 0, 18446744073709551615.0, NULL,
          "Seed of this call's order and draws; 0 means the model's seed and count of epochs"),
};
enum { TABLE_ROWS = sizeof table / sizeof *table };

static bool is_negative_power(const option_row *row)
{
    return row->offset == offsetof(lfm_train_options, negative_power) &&
           row->public.group == LFM_OPTIONS_TRAIN;
}

/* Find the number of a choice's name; -1 when it is none. */
static int32_t choice_number(const char *choices, const char *name)
{
    const size_t length = strlen(name);
    int32_t number = 0;
    for (const char *at = choices;; number++) {
        const size_t n = strcspn(at, "|");
        if (n == length && memcmp(at, name, n) == 0)
            return number;
        if (at[n] == '\0')
            return -1;
        at += n + 1;
    }
}

static lfm_status out_of_bounds(const option_row *row, double value)
{
    const lfm_option *o = &row->public;
    if (o->choices != NULL)
        return lfmi_fail(LFM_ERROR_OPTION, "option %s: there is no choice number %.0f: choose %s", o->name,
                         value, o->choices);
    return lfmi_fail(LFM_ERROR_OPTION, "option %s: %.10g is outside [%.10g, %.10g]", o->name, value,
                     o->minimum, o->maximum);
}

/* Check one option of a struct against its row. */
static lfm_status check_row(const option_row *row, const void *options)
{
    const char *field = (const char *)options + row->offset;
    double value;
    if (row->public.type == LFM_OPTION_UNSIGNED)
        return LFM_OK;
    if (row->public.type == LFM_OPTION_REAL) {
        memcpy(&value, field, sizeof value);
    } else {
        int32_t integer;
        memcpy(&integer, field, sizeof integer);
        value = integer;
    }
    if (!(value >= row->public.minimum && value <= row->public.maximum))
        return out_of_bounds(row, value);
    if (is_negative_power(row) && value < 0 && value != -1)
        return lfmi_fail(LFM_ERROR_OPTION, "option negative_power: %.10g is neither -1 nor in [0, 1]",
                         value);
    return LFM_OK;
}

/* Read a number strictly, in the C locale. */
static bool read_real(const char *text, double *value)
{
    locale_t c_locale = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
    if (c_locale == (locale_t)0)
        return false;
    char *end;
    *value = strtod_l(text, &end, c_locale);
    freelocale(c_locale);
    return end != text && *end == '\0' && lfmi_is_finite_double(*value);
}

static bool read_switch(const char *text, int32_t *value)
{
    static const char *const yes[] = {"true", "1", "yes", "on"}, *const no[] = {"false", "0", "no", "off"};
    for (int i = 0; i < 4; i++) {
        if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
            *value = strcmp(text, yes[i]) == 0;
            return true;
        }
    }
    return false;
}

/* Set one option of a struct from text; nothing changes unless it is valid. */
static lfm_status set_row(const option_row *row, void *options, const char *text)
{
    const lfm_option *o = &row->public;
    char *field = (char *)options + row->offset;
    if (o->type == LFM_OPTION_UNSIGNED) {
        char *end;
        errno = 0;
        const uint64_t value = strtoull(text, &end, 10);
        if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0)
            return lfmi_fail(LFM_ERROR_OPTION,
                             "option %s: '%.40s' is not a whole number from 0 to 2^64 - 1", o->name, text);
        memcpy(field, &value, sizeof value);
        return LFM_OK;
    }
    union {
        double real;
        int32_t integer;
    } value, before;
    const size_t bytes = o->type == LFM_OPTION_REAL ? sizeof value.real : sizeof value.integer;
    if (o->type == LFM_OPTION_CHOICE) {
        value.integer = choice_number(o->choices, text);
        if (value.integer < 0)
            return lfmi_fail(LFM_ERROR_OPTION, "option %s: '%.40s' is none of %s", o->name, text,
                             o->choices);
    } else if (o->type == LFM_OPTION_SWITCH) {
        if (!read_switch(text, &value.integer))
            return lfmi_fail(LFM_ERROR_OPTION, "option %s: '%.40s' is neither true nor false", o->name,
                             text);
    } else {
        double real;
        if (!read_real(text, &real))
            return lfmi_fail(LFM_ERROR_OPTION, "option %s: '%.40s' is not a number", o->name, text);
        if (!(real >= o->minimum && real <= o->maximum))
            return out_of_bounds(row, real);
        if (o->type == LFM_OPTION_REAL) {
            value.real = real;
        } else {
            value.integer = (int32_t)real;
            if (value.integer != real)
                return lfmi_fail(LFM_ERROR_OPTION, "option %s: '%.40s' is not a whole number", o->name,
                                 text);
        }
    }
    memcpy(&before, field, bytes);
    memcpy(field, &value, bytes);
    const lfm_status status = check_row(row, options);
    if (status != LFM_OK)
        memcpy(field, &before, bytes);
    return status;
}

static void fill_defaults(int32_t group, void *options)
{
    for (int i = 0; i < TABLE_ROWS; i++) {
        if (table[i].public.group == group)
            (void)set_row(&table[i], options, table[i].public.default_text);
    }
}

static lfm_status check_group(int32_t group, const void *options)
{
    for (int i = 0; i < TABLE_ROWS; i++) {
        if (table[i].public.group == group)
            LFMI_TRY(check_row(&table[i], options));
    }
    return LFM_OK;
}

/* Where an option's field ends in its struct. */
static size_t field_end(const option_row *row)
{
    const bool wide = row->public.type == LFM_OPTION_UNSIGNED || row->public.type == LFM_OPTION_REAL;
    return row->offset + (wide ? sizeof(uint64_t) : sizeof(int32_t));
}

static const option_row *find_row(int32_t group, const char *name)
{
    for (int i = 0; i < TABLE_ROWS; i++) {
        if (table[i].public.group == group && strcmp(table[i].public.name, name) == 0)
            return &table[i];
    }
    return NULL;
}

static lfm_status no_such_option(int32_t group, const char *name)
{
    char names[384];
    size_t used = 0;
    for (int i = 0; i < TABLE_ROWS; i++) {
        if (table[i].public.group == group && used < sizeof names)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "",
                                     table[i].public.name);
    }
    return lfmi_fail(LFM_ERROR_OPTION, "there is no option '%.40s'; there are: %s", name, names);
}

/* The fewest digits that are read back as the same number, with a point whatever the locale has. */
static void write_real(double value, char text[LFM_OPTION_TEXT_SIZE])
{
    for (int digits = 1; digits <= 17; digits++) {
        char local[LFM_OPTION_TEXT_SIZE];
        (void)snprintf(local, sizeof local, "%.*g", digits, value);
        size_t to = 0;
        for (size_t i = 0; local[i] != '\0'; i++) {
            if (strchr("0123456789+-e", local[i]) != NULL)
                text[to++] = local[i];
            else if (to == 0 || text[to - 1] != '.')
                text[to++] = '.';
        }
        text[to] = '\0';
        double back;
        if (read_real(text, &back) && back == value)
            return;
    }
}

static void row_text(const option_row *row, const void *options, char text[LFM_OPTION_TEXT_SIZE])
{
    const char *field = (const char *)options + row->offset;
    if (row->public.type == LFM_OPTION_UNSIGNED) {
        uint64_t value;
        memcpy(&value, field, sizeof value);
        (void)snprintf(text, LFM_OPTION_TEXT_SIZE, "%llu", (unsigned long long)value);
        return;
    }
    if (row->public.type == LFM_OPTION_REAL) {
        double value;
        memcpy(&value, field, sizeof value);
        write_real(value, text);
        return;
    }
    int32_t value;
    memcpy(&value, field, sizeof value);
    if (row->public.type == LFM_OPTION_CHOICE) {
        const char *at = row->public.choices;
        for (int32_t i = 0; i < value; i++)
            at += strcspn(at, "|") + 1;
        (void)snprintf(text, LFM_OPTION_TEXT_SIZE, "%.*s", (int)strcspn(at, "|"), at);
    } else if (row->public.type == LFM_OPTION_SWITCH) {
        (void)snprintf(text, LFM_OPTION_TEXT_SIZE, "%s", value ? "true" : "false");
    } else {
        (void)snprintf(text, LFM_OPTION_TEXT_SIZE, "%d", value);
    }
}

static lfm_status get_by_name(int32_t group, const char *struct_name, const void *options, void *known,
                              size_t known_size, const char *name, char *text, size_t size)
{
    LFMI_TRY(lfmi_sized_read(known, known_size, options, struct_name));
    const option_row *row = find_row(group, name);
    if (row == NULL)
        return no_such_option(group, name);
    LFMI_TRY(check_row(row, known));
    char whole[LFM_OPTION_TEXT_SIZE];
    row_text(row, known, whole);
    if (strlen(whole) >= size)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "option %s: its text has %zu bytes, there is room for %zu", name,
                         strlen(whole) + 1, size);
    memcpy(text, whole, strlen(whole) + 1);
    return LFM_OK;
}

static lfm_status set_by_name(int32_t group, const char *struct_name, void *options, void *known,
                              size_t known_size, const char *name, const char *value)
{
    size_t stated_size;
    memcpy(&stated_size, options, sizeof stated_size);
    LFMI_TRY(lfmi_sized_read(known, known_size, options, struct_name));
    const option_row *row = find_row(group, name);
    if (row == NULL)
        return no_such_option(group, name);
    LFMI_TRY(set_row(row, known, value));
    if (field_end(row) > stated_size)
        return lfmi_fail(LFM_ERROR_OPTION, "option %s: the caller's %s, of %zu bytes, has no room for it", name,
                         struct_name, stated_size);
    return lfmi_sized_write(options, known, known_size, struct_name);
}

void lfm_model_options_init_sized(lfm_model_options *options, size_t size)
{
    lfm_model_options known = {.size = sizeof known};
    fill_defaults(LFM_OPTIONS_MODEL, &known);
    lfmi_sized_init(options, size, &known, sizeof known);
}

void lfm_train_options_init_sized(lfm_train_options *options, size_t size)
{
    lfm_train_options known = {.size = sizeof known};
    fill_defaults(LFM_OPTIONS_TRAIN, &known);
    lfmi_sized_init(options, size, &known, sizeof known);
}

lfm_status lfm_model_options_set(lfm_model_options *options, const char *name, const char *value)
{
    lfmi_clear_message();
    LFMI_REQUIRE(options);
    LFMI_REQUIRE(name);
    LFMI_REQUIRE(value);
    lfm_model_options known;
    lfm_model_options_init(&known);
    return set_by_name(LFM_OPTIONS_MODEL, "lfm_model_options", options, &known, sizeof known, name, value);
}

lfm_status lfm_train_options_set(lfm_train_options *options, const char *name, const char *value)
{
    lfmi_clear_message();
    LFMI_REQUIRE(options);
    LFMI_REQUIRE(name);
    LFMI_REQUIRE(value);
    lfm_train_options known;
    lfm_train_options_init(&known);
    return set_by_name(LFM_OPTIONS_TRAIN, "lfm_train_options", options, &known, sizeof known, name, value);
}

lfm_status lfm_model_options_get(const lfm_model_options *options, const char *name, char *text, size_t size)
{
    lfmi_clear_message();
    LFMI_REQUIRE(options);
    LFMI_REQUIRE(name);
    LFMI_REQUIRE(text);
    lfm_model_options known;
    lfm_model_options_init(&known);
    return get_by_name(LFM_OPTIONS_MODEL, "lfm_model_options", options, &known, sizeof known, name, text, size);
}

lfm_status lfm_train_options_get(const lfm_train_options *options, const char *name, char *text, size_t size)
{
    lfmi_clear_message();
    LFMI_REQUIRE(options);
    LFMI_REQUIRE(name);
    LFMI_REQUIRE(text);
    lfm_train_options known;
    lfm_train_options_init(&known);
    return get_by_name(LFM_OPTIONS_TRAIN, "lfm_train_options", options, &known, sizeof known, name, text, size);
}

lfm_status lfmi_model_options_read(lfm_model_options *known, const lfm_model_options *given)
{
    lfm_model_options_init(known);
    if (given != NULL)
        LFMI_TRY(lfmi_sized_read(known, sizeof *known, given, "lfm_model_options"));
    return check_group(LFM_OPTIONS_MODEL, known);
}

lfm_status lfmi_train_options_read(lfm_train_options *known, const lfm_train_options *given)
{
    lfm_train_options_init(known);
    if (given != NULL)
        LFMI_TRY(lfmi_sized_read(known, sizeof *known, given, "lfm_train_options"));
    LFMI_TRY(check_group(LFM_OPTIONS_TRAIN, known));
    if (known->schedule != LFM_SCHEDULE_CONSTANT && known->schedule_epochs < 1)
        return lfmi_fail(LFM_ERROR_OPTION,
                         "option schedule_epochs: the linear and cosine schedules need it to be 1 or more");
    return LFM_OK;
}

lfm_status lfm_option_at(int32_t group, int32_t index, lfm_option *out)
{
    lfmi_clear_message();
    LFMI_REQUIRE(out);
    int32_t seen = 0;
    for (int i = 0; i < TABLE_ROWS && index >= 0; i++) {
        if (table[i].public.group == group && seen++ == index)
            return lfmi_sized_write(out, &table[i].public, sizeof table[i].public, "lfm_option");
    }
    return lfmi_fail(LFM_ERROR_ARGUMENT, "lfm_option_at: there is no option number %d in group %d", index,
                     group);
}
