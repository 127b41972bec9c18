/* The options of `lfm fit`, the command's own and the library's, and the help that lists them. */
#include <stdio.h>
#include <string.h>

#include "args.h"

static const own_option options[] = {
    {NULL, NULL, "Test set and preparation", 0},
    {"test", "FILE", "Held-out interactions, written like FILE", OPTION_TEST},
    {"split", "HOW", "Hold out part of FILE: random:FRACTION, leave:K:USER_FRACTION (K positives of "
                     "each of a fraction of the users) or last:K (the K latest positives of each user)",
     OPTION_SPLIT},
    {"split-seed", "N", "Seed of the split (default 1)", OPTION_SPLIT_SEED},
    {"allow-overlap", NULL, "Go on when test positives are in the training set too", OPTION_ALLOW_OVERLAP},
    {"positive-min", "V", "A value of V or more is a positive, a lower one a negative; default: the sign "
                          "of the value", OPTION_POSITIVE_MIN},
    {"min-count", "user=N,item=N", "Drop users and items with fewer training interactions, until all "
                                   "have enough", OPTION_MIN_COUNT},
    {"duplicates", "POLICY", "Repeated pairs: keep, sum, last or reject (default keep)", OPTION_DUPLICATES},

    {NULL, NULL, "Files: delimited text, plain or gzip; - is standard input", 0},
    {"sep", "C", "Separator: a character, tab or \\t; default by name: .csv comma, .psv bar, else tab",
     OPTION_SEP},
    {"quote", "C", "Quote character, or none; default \" where the separator is a comma, else none",
     OPTION_QUOTE},
    {"header", "[=LIST]", "The first line names the columns; LIST of interactions, features, titles "
                          "limits that to some files (default all)", OPTION_HEADER},
    {"columns", "ROLE=COLUMN,...", "Where user, item, value, weight and time stand: numbers from 1, or "
                                   "names with --header; default user=1,item=2[,value=3[,time=4]]",
     OPTION_COLUMNS},
    {"skip-bad", NULL, "Count and skip malformed lines instead of stopping", OPTION_SKIP_BAD},

    {NULL, NULL, "Features", 0},
    {"item-features", "FILE", "Lines of item, feature name[, weight]", OPTION_ITEM_FEATURES},
    {"user-features", "FILE", "Lines of user, feature name[, weight]", OPTION_USER_FEATURES},
    {"item-feature-columns", "ROLE=COLUMN,...", "Where id, name and weight stand, or id, type, value and "
                                                "weight: the name is then type:value",
     OPTION_ITEM_FEATURE_COLUMNS},
    {"user-feature-columns", "ROLE=COLUMN,...", "The same of the user features", OPTION_USER_FEATURE_COLUMNS},
    {"feature-sep", "C", "Separator of feature and title files, where not that of --sep", OPTION_FEATURE_SEP},
    {"identity", "user,item", "Keep an indicator per user or item beside the features of a file",
     OPTION_IDENTITY},
    {"normalise", "user,item", "Divide the weights of a user's or item's features by their sum",
     OPTION_NORMALISE},
    {"all-items", NULL, "Items that only the feature file knows are candidates too", OPTION_ALL_ITEMS},
    {"all-users", NULL, "Users that only the feature file knows can be recommended for", OPTION_ALL_USERS},

    {NULL, NULL, "Report", 0},
    {"every", "N", "Evaluate every N epochs and at the end; 0: only at the end (default 5)", OPTION_EVERY},
    {"k", "N", "Length of the lists that precision and recall look at (default 10)", OPTION_K},
    {"metrics", "NAME,...", "Report these too: precision@K, recall@K, auc, mrr, hit@K, ndcg@K, ndcg-graded@K, "
                            "map@K, coverage@K, popularity@K, similarity@K", OPTION_METRICS},
    {"no-train-metrics", NULL, "Do not evaluate on the training set", OPTION_NO_TRAIN_METRICS},
    {"csv", "FILE", "Write the learning curve as CSV", OPTION_CSV},
    {"json", "FILE", "Write one JSON object a line: the curve, then a summary with the lists; - is "
                     "standard output", OPTION_JSON},
    {"recommend-for", "USER,...", "List items for users, without those of their training data",
     OPTION_RECOMMEND_FOR},
    {"similar-to", "ITEM,...", "List the items most similar to items", OPTION_SIMILAR_TO},
    {"similar-to-feature", "NAME,...", "List the items most similar to item features",
     OPTION_SIMILAR_TO_FEATURE},
    {"top", "N", "Length of these lists (default: that of --k)", OPTION_TOP},
    {"titles", "FILE", "Lines of item, title: titles to print beside the items", OPTION_TITLES},
    {"help", NULL, "Print this", OPTION_HELP},
};

const own_option *args_option(int32_t index)
{
    return index < (int32_t)(sizeof options / sizeof *options) ? &options[index] : NULL;
}

enum { TEXT_COLUMN = 31, LINE_WIDTH = 100 };

/* Print text from TEXT_COLUMN on, broken at blanks. */
static void print_wrapped(FILE *to, const char *text)
{
    const int room = LINE_WIDTH - TEXT_COLUMN;
    while ((int)strlen(text) > room) {
        int n = room;
        while (n > 0 && text[n] != ' ')
            n--;
        n = n == 0 ? room : n;
        fprintf(to, "%.*s\n%*s", n, text, TEXT_COLUMN, "");
        text += n + (text[n] == ' ');
    }
    fprintf(to, "%s\n", text);
}

static void print_option(FILE *to, const char *name, const char *argument, const char *help)
{
    const bool glued = argument != NULL && argument[0] == '[';
    const int n = fprintf(to, "  --%s%s%s", name, argument == NULL || glued ? "" : " ",
                          argument == NULL ? "" : argument);
    if (n < TEXT_COLUMN)
        fprintf(to, "%*s", TEXT_COLUMN - n, "");
    else
        fprintf(to, "\n%*s", TEXT_COLUMN, "");
    print_wrapped(to, help);
}

static void print_setting(FILE *to, const lfm_option *option)
{
    static const char *const arguments[] = {"N", "N", "X", NULL, "NAME"};
    char name[SETTING_NAME_SIZE], help[512];
    if (option->type == LFM_OPTION_CHOICE)
        snprintf(help, sizeof help, "%s: %s (default %s)", option->help, option->choices,
                 option->default_text);
    else
        snprintf(help, sizeof help, "%s (default %s)", option->help, option->default_text);
    print_option(to, settings_dashed(option->name, name), arguments[option->type], help);
}

void args_help(FILE *to)
{
    fputs("lfm fit FILE [options]: train on the interactions in FILE and report\n"
          "\n"
          "FILE holds a line for each interaction: user, item[, value[, time]]. A value above 0 is a\n"
          "positive, any other a negative; without values all are positive. Ids are any text.\n",
          to);
    for (const own_option *option = options; option < options + sizeof options / sizeof *options;
         option++) {
        if (option->name == NULL)
            fprintf(to, "\n%s\n", option->help);
        else
            print_option(to, option->name, option->argument, option->help);
    }
    lfm_option option;
    int32_t group = -1;
    for (int32_t i = 0; settings_option(i, &option); i++) {
        if (option.group != group)
            fprintf(to, "\n%s\n", option.group == LFM_OPTIONS_MODEL ? "Model" : "Training");
        group = option.group;
        print_setting(to, &option);
    }
    fputs("\nlinear and cosine schedules end with the run unless --schedule-epochs says otherwise.\n"
          "Ctrl-C stops training and reports; a second one ends at once. Exit codes: 0 done, 1 failed,\n"
          "2 wrong arguments, 130 interrupted.\n"
          "\n"
          "Example: lfm fit likes.tsv --item-features tags.tsv --identity item --split random:0.2\n",
          to);
}
