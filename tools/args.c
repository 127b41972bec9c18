/* The command line of the commands that train: finds the options and checks them together. */
#include "args.h"

#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "lfm/scorer.h"
#include "option_values.h"
#include "output.h"

enum { DEFAULT_EVERY = 5, DEFAULT_K = 10, NAME_LENGTH = 48 };

static void set_defaults(arguments *args, int command)
{
    memset(args, 0, sizeof *args);
    args->command = command;
    args->all_of = args->to = -1;
    args->no_train_metrics = command == COMMAND_EVALUATE;
    args->format.quote = args->titles_format.quote = QUOTE_BY_SEPARATOR;
    args->users.format.quote = args->items.format.quote = QUOTE_BY_SEPARATOR;
    args->every = DEFAULT_EVERY;
    args->k = DEFAULT_K;
    args->n_metrics = N_USUAL_METRICS;
    lfm_split_options_init(&args->split);
    settings_init(&args->options);
}

/* The least number of letters to put in, take out or change to make a of b (Levenshtein 1966). */
static int edit_distance(const char *a, const char *b)
{
    int cost[NAME_LENGTH + 1];
    const int length_a = (int)strlen(a), length_b = (int)strlen(b);
    if (length_a > NAME_LENGTH || length_b > NAME_LENGTH)
        return 2 * NAME_LENGTH;
    for (int j = 0; j <= length_b; j++)
        cost[j] = j;
    for (int i = 1; i <= length_a; i++) {
        int diagonal = cost[0];
        cost[0] = i;
        for (int j = 1; j <= length_b; j++) {
            int best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = cost[j];
            best = cost[j] + 1 < best ? cost[j] + 1 : best;
            cost[j] = cost[j - 1] + 1 < best ? cost[j - 1] + 1 : best;
        }
    }
    return cost[length_b];
}

static int unknown_option(const arguments *args, const char *name)
{
    char nearest[SETTING_NAME_SIZE] = "", dashed[SETTING_NAME_SIZE], shown[EXCERPT_SIZE];
    int best = 2 + (int)strlen(name) / 4;
    const own_option *own;
    for (int32_t i = 0; (own = args_option(i)) != NULL; i++) {
        if (own->name == NULL || (own->commands & args->command) == 0)
            continue;
        const int distance = edit_distance(name, own->name);
        if (distance < best) {
            best = distance;
            settings_dashed(own->name, nearest);
        }
    }
    lfm_option setting;
    for (int32_t i = 0; settings_option(i, &setting); i++) {
        const int distance = edit_distance(name, settings_dashed(setting.name, dashed));
        if (distance < best) {
            best = distance;
            settings_dashed(setting.name, nearest);
        }
    }
    excerpt(name, strlen(name), shown);
    if (nearest[0] != '\0')
        return fail_usage("unknown option --%s: did you mean --%s?", shown, nearest);
    return fail_usage("unknown option --%s: see `lfm %s --help`", shown, command_name());
}

static const own_option *find_own(const arguments *args, const char *name)
{
    const own_option *own;
    for (int32_t i = 0; (own = args_option(i)) != NULL; i++) {
        if (own->name != NULL && (own->commands & args->command) != 0 && strcmp(own->name, name) == 0)
            return own;
    }
    return NULL;
}

/* Return the value of an option that must have one: what follows '=', or the next argument. */
static char *take_value(const char *name, char *glued, int argc, char **argv, int *at)
{
    if (glued != NULL)
        return glued;
    if (*at + 1 < argc && strncmp(argv[*at + 1], "--", 2) != 0)
        return argv[++*at];
    fail_usage("--%s needs a value", name);
    return NULL;
}

static int parse_own(arguments *args, const own_option *own, char *glued, int argc, char **argv,
                     int *at)
{
    if (own->argument != NULL && own->argument[0] != '[') {
        char *value = take_value(own->name, glued, argc, argv, at);
        return value == NULL ? EXIT_USAGE : option_set(args, own, value);
    }
    if (own->argument == NULL && glued != NULL) {
        if (strcmp(glued, "true") == 0)
            glued = NULL;
        else if (strcmp(glued, "false") != 0)
            return fail_usage("--%s is a switch: '%s' is neither true nor false", own->name, glued);
    }
    return option_set(args, own, glued);
}

/* Read one option, "--name", "--name=value" or "--name value". */
static int parse_option(arguments *args, int argc, char **argv, int *at)
{
    char *name = argv[*at] + 2, *glued = strchr(name, '=');
    if (glued != NULL)
        *glued++ = '\0';
    const own_option *own = find_own(args, name);
    if (own != NULL)
        return parse_own(args, own, glued, argc, argv, at);
    lfm_option setting;
    const int32_t index = settings_find(name, &setting);
    if (index < 0)
        return unknown_option(args, name);
    const char *value = glued;
    if (setting.type != LFM_OPTION_SWITCH)
        value = take_value(name, glued, argc, argv, at);
    else if (glued == NULL)
        value = "true";
    return value == NULL ? EXIT_USAGE : settings_set(&args->options, index, value);
}

static int check_files(const arguments *args)
{
    const char *const files[] = {args->interactions, args->test, args->items.file, args->users.file,
                                 args->titles, args->exclude, args->candidates, args->exclude_items,
                                 args->train};
    enum { N_OUTPUTS = 5 };
    const char *const outputs[N_OUTPUTS] = {args->csv, args->json, args->per_user, args->save, args->save_inference};
    static const char *const names[N_OUTPUTS] = {"csv", "json", "per-user", "save", "save-inference"};
    int standard_inputs = 0;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        standard_inputs += files[i] != NULL && strcmp(files[i], "-") == 0;
        for (int out = 0; out < N_OUTPUTS; out++) {
            if (output_is_input(outputs[out], files[i]))
                return fail_usage("--%s would overwrite the input %s", names[out], outputs[out]);
        }
    }
    for (int out = 0; out < N_OUTPUTS; out++) {
        if (output_is_input(outputs[out], args->model) || (out != 3 && output_is_input(outputs[out], args->resume)))
            return fail_usage("--%s would overwrite the model %s", names[out], outputs[out]);
    }
    if (standard_inputs > 1)
        return fail_usage("only one file can be standard input");
    for (int out = 1; out < N_OUTPUTS; out++) {
        for (int other = 0; other < out; other++) {
            if (outputs_are_same(outputs[other], outputs[out]))
                return fail_usage("--%s and --%s name the same file", names[other], names[out]);
        }
    }
    return EXIT_FINE;
}

static int check_features(const arguments *args)
{
    const struct {
        const char *side;
        const feature_args *features;
    } sides[] = {{"item", &args->items}, {"user", &args->users}};
    for (int i = 0; i < 2; i++) {
        const feature_args *features = sides[i].features;
        if (features->file != NULL)
            continue;
        if (features->all)
            return fail_usage("--all-%ss needs --%s-features", sides[i].side, sides[i].side);
        for (int role = 0; role < N_FEATURE_ROLES; role++) {
            if (features->columns[role] != NULL)
                return fail_usage("--%s-feature-columns needs --%s-features", sides[i].side,
                                  sides[i].side);
        }
    }
    if (args->model != NULL)
        return EXIT_FINE;
    if (args->similar_to_feature.n > 0 && args->items.file == NULL)
        return fail_usage("--similar-to-feature needs --item-features");
    const int32_t spaces[] = {args->all_of, args->to};
    for (int i = 0; i < 2; i++) {
        if (spaces[i] == LFM_SPACE_ITEM_FEATURE && args->items.file == NULL)
            return fail_usage("--%s item-feature needs --item-features", i == 0 ? "all" : "to");
        if (spaces[i] == LFM_SPACE_USER_FEATURE && args->users.file == NULL)
            return fail_usage("--%s user-feature needs --user-features", i == 0 ? "all" : "to");
    }
    if (args->asked[LFM_SPACE_ITEM_FEATURE].n > 0 && args->items.file == NULL)
        return fail_usage("--item-feature needs --item-features");
    if (args->asked[LFM_SPACE_USER_FEATURE].n > 0 && args->users.file == NULL)
        return fail_usage("--user-feature needs --user-features");
    return EXIT_FINE;
}

/* With --model nothing is read that says how to train, and nothing is trained. */
static int check_model(const arguments *args)
{
    lfm_option option;
    char dashed[SETTING_NAME_SIZE];
    if (args->interactions != NULL)
        return fail_usage("--model answers without training: '%s' is not needed", args->interactions);
    if (args->split_text != NULL)
        return fail_usage("--model and --split exclude each other: what is held out must not have been trained on");
    if (args->users.file != NULL || args->items.file != NULL)
        return fail_usage("--model has its features with it: --%s-features is not needed",
                          args->users.file != NULL ? "user" : "item");
    if (args->min_user > 0 || args->min_item > 0)
        return fail_usage("--min-count prepares training, which --model does not do");
    for (int32_t i = 0; settings_option(i, &option); i++) {
        if (args->options.text[i] != NULL && strcmp(option.name, "threads") != 0)
            return fail_usage("--%s is an option of training, which --model does not do",
                              settings_dashed(option.name, dashed));
    }
    return EXIT_FINE;
}

/* What belongs to a model for its life cannot be given anew. */
static int check_resume(const arguments *args)
{
    lfm_option option;
    char dashed[SETTING_NAME_SIZE];
    for (int32_t i = 0; settings_option(i, &option); i++) {
        if (args->options.text[i] != NULL && option.group == LFM_OPTIONS_MODEL)
            return fail_usage("--%s belongs to the model, which --resume takes as it is",
                              settings_dashed(option.name, dashed));
    }
    return EXIT_FINE;
}

static int check_together(arguments *args)
{
    if (args->train != NULL && args->model == NULL)
        return fail_usage("--train goes with --model");
    if (args->model != NULL || args->resume != NULL) {
        const int code = args->model != NULL ? check_model(args) : check_resume(args);
        if (code != EXIT_FINE)
            return code;
    }
    if (args->interactions == NULL && args->model == NULL)
        return fail_usage("no file of interactions is given: see `lfm %s --help`", command_name());
    if (args->test != NULL && args->split_text != NULL)
        return fail_usage("--test and --split exclude each other");
    if (args->command == COMMAND_EVALUATE && args->test == NULL && args->split_text == NULL)
        return fail_usage("evaluate on what? One of --test and --split (with --model: --test)");
    if (args->command == COMMAND_SIMILAR) {
        int kinds = args->all_of >= 0;
        for (int i = 0; i < N_SPACE_NAMES; i++)
            kinds += args->asked[i].n > 0;
        if (kinds != 1)
            return fail_usage("similar to what? One of --item, --user, --item-feature, --user-feature and --all");
    }
    if (args->command == COMMAND_EXPLAIN &&
        (args->asked[LFM_SPACE_USER].n == 0 || args->asked[LFM_SPACE_ITEM].n == 0))
        return fail_usage("whose score of what? Name --user and --item");
    const int code = check_files(args);
    return code != EXIT_FINE ? code : check_features(args);
}

/* Settle the usual metrics, drop those of --metrics that are there already, and name all. */
static int settle_metrics(arguments *args)
{
    const lfm_metric usual[N_USUAL_METRICS] = {[PRECISION] = {LFM_METRIC_PRECISION, args->k},
                                               [RECALL] = {LFM_METRIC_RECALL, args->k},
                                               [AUC] = {LFM_METRIC_AUC, 0},
                                               [RECIPROCAL_RANK] = {LFM_METRIC_RECIPROCAL_RANK, 0}};
    int32_t n = 0;
    memcpy(args->metrics, usual, sizeof usual);
    for (int32_t i = 0; i < args->n_metrics; i++) {
        const lfm_metric metric = args->metrics[i];
        int32_t same = 0;
        while (same < n &&
               (args->metrics[same].metric != metric.metric || args->metrics[same].k != metric.k))
            same++;
        if (same < n)
            continue;
        args->metrics[n] = metric;
        if (lfm_metric_format(&metric, args->metric_names[n++], METRIC_NAME_SIZE) != LFM_OK)
            return fail_library();
    }
    args->n_metrics = n;
    return EXIT_FINE;
}

/* Feature and title files are written like the interactions but for what is said of them alone. */
static void share_formats(arguments *args)
{
    text_format *const others[] = {&args->users.format, &args->items.format, &args->titles_format};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        others[i]->skip_bad = args->format.skip_bad;
        others[i]->separator =
            args->feature_separator != 0 ? args->feature_separator : args->format.separator;
    }
}

int args_parse(arguments *args, int command, int argc, char **argv)
{
    bool options_ended = false;
    set_defaults(args, command);
    for (int at = 0; at < argc; at++) {
        char *word = argv[at];
        if (!options_ended && strcmp(word, "--") == 0) {
            options_ended = true;
        } else if (!options_ended && strcmp(word, "-h") == 0) {
            args->help = true;
        } else if (!options_ended && strncmp(word, "--", 2) == 0) {
            const int code = parse_option(args, argc, argv, &at);
            if (code != EXIT_FINE)
                return code;
        } else if (!options_ended && word[0] == '-' && word[1] != '\0') {
            return fail_usage("unknown option %s: options begin with two dashes", word);
        } else if (args->interactions != NULL) {
            return fail_usage("unexpected argument '%s': the interactions are %s already", word,
                              args->interactions);
        } else {
            args->interactions = word;
        }
    }
    if (args->help)
        return EXIT_FINE;
    if (args->top == 0)
        args->top = args->k;
    share_formats(args);
    int code = check_together(args);
    if (code == EXIT_FINE)
        code = settle_metrics(args);
    return code != EXIT_FINE ? code : settings_finish(&args->options);
}

void args_free(arguments *args)
{
    free(args->recommend_for.names);
    free(args->similar_to.names);
    free(args->similar_to_feature.names);
    for (int i = 0; i < N_SPACE_NAMES; i++)
        free(args->asked[i].names);
}
