/* The values of the command's own options, from text into struct arguments. */
#include "option_values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "number.h"

enum { NAMED_FILES = 3 };

const char *const space_names[N_SPACE_NAMES] = {"user", "item", "user-feature", "item-feature"};

static int bad_value(const own_option *option, const char *value, const char *expected)
{
    return fail_usage("--%s: '%s' is not %s", option->name, value, expected);
}

/* Cut the next part off a comma-separated list; "\," is a comma within a part. NULL at the end. */
static char *next_part(char **list)
{
    char *part = *list, *out = part, *at = part;
    if (part == NULL)
        return NULL;
    while (*at != '\0' && *at != ',') {
        if (at[0] == '\\' && (at[1] == ',' || at[1] == '\\'))
            at++;
        *out++ = *at++;
    }
    *list = *at == ',' ? at + 1 : NULL;
    *out = '\0';
    return part;
}

static int parse_names(const own_option *option, char *value, name_list *list)
{
    for (char *name; (name = next_part(&value)) != NULL;) {
        char **names = grow_array(list->names, &list->capacity, (size_t)list->n + 1, sizeof *names);
        if (names == NULL)
            return fail_memory();
        list->names = names;
        if (name[0] == '\0')
            return fail_usage("--%s: an empty name in the list", option->name);
        names[list->n++] = name;
    }
    return EXIT_FINE;
}

/* Read "role=value,..." into values[] by the place of the role among `roles`. */
static int parse_roles(const own_option *option, char *list, const char *const *roles,
                       int32_t n_roles, const char **values)
{
    for (char *part; (part = next_part(&list)) != NULL;) {
        char *equals = strchr(part, '=');
        int32_t role = 0;
        if (equals == NULL || equals[1] == '\0')
            return bad_value(option, part, "of the form ROLE=VALUE");
        *equals = '\0';
        while (role < n_roles && strcmp(roles[role], part) != 0)
            role++;
        if (role == n_roles) {
            char known[EXCERPT_SIZE] = "";
            for (int32_t i = 0; i < n_roles; i++) {
                strcat(known, i == 0 ? "" : i + 1 == n_roles ? " or " : ", ");
                strcat(known, roles[i]);
            }
            return bad_value(option, part, known);
        }
        values[role] = equals + 1;
    }
    return EXIT_FINE;
}

/* Read a list of names out of a few into switches. */
static int parse_set(const own_option *option, char *list, const char *const *names,
                     int32_t n_names, bool *set)
{
    for (char *part; (part = next_part(&list)) != NULL;) {
        int32_t i = 0;
        while (i < n_names && strcmp(names[i], part) != 0)
            i++;
        if (i == n_names) {
            char known[EXCERPT_SIZE] = "";
            for (int32_t j = 0; j < n_names; j++) {
                strcat(known, j == 0 ? "" : " or ");
                strcat(known, names[j]);
            }
            return bad_value(option, part, known);
        }
        set[i] = true;
    }
    return EXIT_FINE;
}

/* Read one of a few names; its place among them. */
static int parse_choice(const own_option *option, const char *value, const char *const *names,
                        int32_t n_names, int32_t *out)
{
    char known[EXCERPT_SIZE] = "";
    for (int32_t i = 0; i < n_names; i++) {
        if (strcmp(value, names[i]) == 0) {
            *out = i;
            return EXIT_FINE;
        }
        strcat(known, i == 0 ? "" : i + 1 == n_names ? " or " : ", ");
        strcat(known, names[i]);
    }
    return bad_value(option, value, known);
}

static int parse_int32(const own_option *option, const char *value, int32_t minimum, int32_t *out)
{
    int64_t number;
    if (!parse_count(value, strlen(value), minimum, INT32_MAX - 1, &number))
        return bad_value(option, value,
                         minimum > 0 ? "a whole number from 1" : "a whole number from 0");
    *out = (int32_t)number;
    return EXIT_FINE;
}

/* A count that the library bounds; better told before training. */
static int parse_up_to(const own_option *option, const char *value, int32_t most, int32_t *out)
{
    char expected[EXCERPT_SIZE];
    int64_t number;
    snprintf(expected, sizeof expected, "a whole number from 0 to %d", (int)most);
    if (!parse_count(value, strlen(value), 0, most, &number))
        return bad_value(option, value, expected);
    *out = (int32_t)number;
    return EXIT_FINE;
}

static int parse_character(const own_option *option, const char *value, char *out)
{
    static const struct {
        const char *name;
        char character;
    } named[] = {{"\\t", '\t'}, {"tab", '\t'}, {"comma", ','}, {"bar", '|'}, {"space", ' '}};
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        if (strcmp(value, named[i].name) == 0) {
            *out = named[i].character;
            return EXIT_FINE;
        }
    }
    const unsigned char c = (unsigned char)value[0];
    if (c == '\0' || value[1] != '\0' || c >= 0x80 || c == '\n' || c == '\r' ||
        c <= QUOTE_BY_SEPARATOR)
        return bad_value(option, value, "one ASCII character, tab or \\t");
    *out = value[0];
    return EXIT_FINE;
}

static bool parse_fraction(const char *text, double *out)
{
    return parse_real(text, strlen(text), out) && *out >= 0 && *out <= 1;
}

static int parse_split(const own_option *option, const char *value, arguments *args)
{
    lfm_split_options *split = &args->split;
    const char *first = strchr(value, ':');
    bool good = false;
    int64_t k = 1;
    if (first != NULL)
        first++;
    if (strncmp(value, "random:", strlen("random:")) == 0) {
        split->method = LFM_SPLIT_RANDOM;
        good = parse_fraction(first, &split->fraction);
    } else if (strncmp(value, "leave:", strlen("leave:")) == 0) {
        const char *second = strchr(first, ':');
        split->method = LFM_SPLIT_LEAVE_OUT;
        good = second != NULL && parse_fraction(second + 1, &split->user_fraction) &&
               parse_count(first, (size_t)(second - first), 1, INT32_MAX / 2, &k);
    } else if (strncmp(value, "last:", strlen("last:")) == 0) {
        split->method = LFM_SPLIT_LAST;
        good = parse_count(first, strlen(first), 1, INT32_MAX / 2, &k);
    }
    split->k = (int32_t)k;
    args->split_text = value;
    return good ? EXIT_FINE
                : bad_value(option, value, "random:FRACTION, leave:K:USER_FRACTION or last:K");
}

static int parse_min_count(const own_option *option, char *value, arguments *args)
{
    static const char *const roles[] = {"user", "item"};
    const char *counts[2] = {NULL, NULL};
    int code = parse_roles(option, value, roles, 2, counts);
    if (code == EXIT_FINE && counts[0] != NULL)
        code = parse_int32(option, counts[0], 0, &args->min_user);
    if (code == EXIT_FINE && counts[1] != NULL)
        code = parse_int32(option, counts[1], 0, &args->min_item);
    return code;
}

static int parse_header(const own_option *option, char *value, arguments *args)
{
    static const char *const files[NAMED_FILES] = {"interactions", "features", "titles"};
    bool set[NAMED_FILES] = {value == NULL, value == NULL, value == NULL};
    const int code = parse_set(option, value, files, NAMED_FILES, set);
    args->format.header |= set[0];
    args->users.format.header |= set[1];
    args->items.format.header |= set[1];
    args->titles_format.header |= set[2];
    return code;
}

static int parse_sides(const own_option *option, char *value, bool *user, bool *item)
{
    static const char *const sides[] = {"user", "item"};
    bool set[2] = {false, false};
    const int code = parse_set(option, value, sides, 2, set);
    *user |= set[0];
    *item |= set[1];
    return code;
}

static int parse_quote(const own_option *option, const char *value, arguments *args)
{
    char quote = QUOTE_NONE;
    if (strcmp(value, "none") != 0) {
        const int code = parse_character(option, value, &quote);
        if (code != EXIT_FINE)
            return code;
    }
    args->format.quote = args->users.format.quote = args->items.format.quote = quote;
    args->titles_format.quote = quote;
    return EXIT_FINE;
}

static int parse_feature_columns(const own_option *option, char *value, feature_args *features)
{
    static const char *const roles[N_FEATURE_ROLES] = {"id", "name", "type", "value", "weight"};
    const int code = parse_roles(option, value, roles, N_FEATURE_ROLES, features->columns);
    const bool name = features->columns[FEATURE_NAME] != NULL;
    const bool type = features->columns[FEATURE_TYPE] != NULL;
    const bool type_value = features->columns[FEATURE_VALUE] != NULL;
    if (code == EXIT_FINE && (type != type_value || (name && type)))
        return fail_usage("--%s: give either name, or type and value", option->name);
    return code;
}

static int parse_metrics(char *value, arguments *args)
{
    for (char *name; (name = next_part(&value)) != NULL;) {
        if (args->n_metrics == MOST_METRICS)
            return fail_usage("--metrics: more than %d metrics", MOST_METRICS - N_USUAL_METRICS);
        if (lfm_metric_parse(name, &args->metrics[args->n_metrics]) != LFM_OK)
            return fail_usage("--metrics: %s", lfm_last_message());
        args->n_metrics++;
    }
    return EXIT_FINE;
}

int option_set(arguments *args, const own_option *option, char *value)
{
    static const char *const roles[N_ROLES] = {"user", "item", "value", "weight", "time"};
    static const char *const policies[] = {"keep", "sum", "last", "reject"};
    static const char *const measures[] = {"cosine", "dot"};
    switch (option->id) {
    case OPTION_TEST:
        args->test = value;
        return EXIT_FINE;
    case OPTION_SPLIT:
        return parse_split(option, value, args);
    case OPTION_SPLIT_SEED: {
        int64_t seed;
        if (!parse_count(value, strlen(value), 0, INT64_MAX, &seed))
            return bad_value(option, value, "a whole number of at most 18 digits");
        args->split.seed = (uint64_t)seed;
        return EXIT_FINE;
    }
    case OPTION_ALLOW_OVERLAP:
        args->allow_overlap = value == NULL;
        return EXIT_FINE;
    case OPTION_POSITIVE_MIN:
        args->has_positive_min = true;
        return parse_real(value, strlen(value), &args->positive_min)
                   ? EXIT_FINE
                   : bad_value(option, value, "a number");
    case OPTION_MIN_COUNT:
        return parse_min_count(option, value, args);
    case OPTION_DUPLICATES:
        return parse_choice(option, value, policies, 4, &args->duplicates);
    case OPTION_SEP:
        return parse_character(option, value, &args->format.separator);
    case OPTION_FEATURE_SEP:
        return parse_character(option, value, &args->feature_separator);
    case OPTION_QUOTE:
        return parse_quote(option, value, args);
    case OPTION_HEADER:
        return parse_header(option, value, args);
    case OPTION_COLUMNS:
        return parse_roles(option, value, roles, N_ROLES, args->columns);
    case OPTION_SKIP_BAD:
        args->format.skip_bad = value == NULL;
        return EXIT_FINE;
    case OPTION_ITEM_FEATURES:
        args->items.file = value;
        return EXIT_FINE;
    case OPTION_USER_FEATURES:
        args->users.file = value;
        return EXIT_FINE;
    case OPTION_ITEM_FEATURE_COLUMNS:
        return parse_feature_columns(option, value, &args->items);
    case OPTION_USER_FEATURE_COLUMNS:
        return parse_feature_columns(option, value, &args->users);
    case OPTION_IDENTITY:
        return parse_sides(option, value, &args->users.identity, &args->items.identity);
    case OPTION_NORMALISE:
        return parse_sides(option, value, &args->users.normalise, &args->items.normalise);
    case OPTION_ALL_ITEMS:
        args->items.all = value == NULL;
        return EXIT_FINE;
    case OPTION_ALL_USERS:
        args->users.all = value == NULL;
        return EXIT_FINE;
    case OPTION_EVERY:
        return parse_int32(option, value, 0, &args->every);
    case OPTION_K:
        return parse_int32(option, value, 1, &args->k);
    case OPTION_METRICS:
        return parse_metrics(value, args);
    case OPTION_NO_TRAIN_METRICS:
        args->no_train_metrics = value == NULL;
        return EXIT_FINE;
    case OPTION_CSV:
        args->csv = value;
        return EXIT_FINE;
    case OPTION_JSON:
        args->json = value;
        return EXIT_FINE;
    case OPTION_RECOMMEND_FOR:
        return parse_names(option, value, &args->recommend_for);
    case OPTION_SIMILAR_TO:
        return parse_names(option, value, &args->similar_to);
    case OPTION_SIMILAR_TO_FEATURE:
        return parse_names(option, value, &args->similar_to_feature);
    case OPTION_TOP:
        return parse_int32(option, value, 1, &args->top);
    case OPTION_FOR:
        return parse_names(option, value, &args->recommend_for);
    case OPTION_EXCLUDE:
        args->exclude = value;
        return EXIT_FINE;
    case OPTION_EXCLUDE_ITEMS:
        args->exclude_items = value;
        return EXIT_FINE;
    case OPTION_SEEN:
        args->seen = value == NULL;
        return EXIT_FINE;
    case OPTION_USER:
    case OPTION_ITEM:
    case OPTION_USER_FEATURE:
    case OPTION_ITEM_FEATURE:
        return parse_names(option, value, &args->asked[option->id - OPTION_USER]);
    case OPTION_ALL:
        return parse_choice(option, value, space_names, N_SPACE_NAMES, &args->all_of);
    case OPTION_TO:
        return parse_choice(option, value, space_names, N_SPACE_NAMES, &args->to);
    case OPTION_MEASURE:
        return parse_choice(option, value, measures, 2, &args->measure);
    case OPTION_CANDIDATES:
        args->candidates = value;
        return EXIT_FINE;
    case OPTION_PER_USER:
        args->per_user = value;
        return EXIT_FINE;
    case OPTION_SEGMENTS:
        return parse_up_to(option, value, 100, &args->segments);
    case OPTION_BOOTSTRAP:
        return parse_up_to(option, value, 1000000, &args->bootstrap);
    case OPTION_CONFIDENCE:
        return parse_real(value, strlen(value), &args->confidence) && args->confidence > 0 &&
                       args->confidence < 1
                   ? EXIT_FINE
                   : bad_value(option, value, "a number between 0 and 1");
    case OPTION_MODEL:
        args->model = value;
        return EXIT_FINE;
    case OPTION_RESUME:
        args->resume = value;
        return EXIT_FINE;
    case OPTION_SAVE:
        args->save = value;
        return EXIT_FINE;
    case OPTION_SAVE_INFERENCE:
        args->save_inference = value;
        return EXIT_FINE;
    case OPTION_TRAIN:
        args->train = value;
        return EXIT_FINE;
    case OPTION_TITLES:
        args->titles = value;
        return EXIT_FINE;
    default:
        args->help = value == NULL;
        return EXIT_FINE;
    }
}
