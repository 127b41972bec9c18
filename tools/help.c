/* The options of the commands, their own and the library's, and the help that lists them. */
#include <stdio.h>
#include <string.h>

#include "args.h"

enum {
    FIT = COMMAND_FIT,
    RECOMMEND = COMMAND_RECOMMEND,
    SIMILAR = COMMAND_SIMILAR,
    EXPLAIN = COMMAND_EXPLAIN,
    EVALUATE = COMMAND_EVALUATE,
    OTHERS = COMMANDS & ~COMMAND_FIT,
    LISTING = RECOMMEND | SIMILAR | EXPLAIN,
    ALL = COMMANDS
};

static const own_option options[] = {
    {OTHERS, NULL, NULL, "Without training", 0},
    {OTHERS, "model", "MODEL", "Answer from a file that lfm fit has saved, of either kind, in place of training on FILE",
     OPTION_MODEL},
    {EVALUATE, "train", "FILE", "With --model: what users know, in place of what the model file says", OPTION_TRAIN},
    {FIT, NULL, NULL, "Model files", 0},
    {FIT, "save", "MODEL", "Write a checkpoint, to answer from or go on with: at each evaluation and at the end",
     OPTION_SAVE},
    {FIT, "save-inference", "MODEL", "Write a file to answer from: smaller, and ready at once", OPTION_SAVE_INFERENCE},
    {FIT, "resume", "MODEL", "Go on with a checkpoint for --epochs more; its options hold unless others are given; new "
                             "users, items and features are taken in", OPTION_RESUME},
    {FIT | EVALUATE, NULL, NULL, "Test set and preparation", 0},
    {FIT | EVALUATE, "test", "FILE", "Held-out interactions, written like FILE", OPTION_TEST},
    {FIT | EVALUATE, "split", "HOW", "Hold out part of FILE: random:FRACTION, leave:K:USER_FRACTION (K positives of "
                     "each of a fraction of the users) or last:K (the K latest positives of each user)",
     OPTION_SPLIT},
    {FIT | EVALUATE, "split-seed", "N", "Seed of the split (default 1)", OPTION_SPLIT_SEED},
    {FIT | EVALUATE, "allow-overlap", NULL, "Go on when test positives are in the training set too", OPTION_ALLOW_OVERLAP},
    {LISTING, NULL, NULL, "Preparation", 0},
    {ALL, "positive-min", "V", "A value of V or more is a positive, a lower one a negative; default: the sign "
                          "of the value", OPTION_POSITIVE_MIN},
    {ALL, "min-count", "user=N,item=N", "Drop users and items with fewer training interactions, until all "
                                   "have enough", OPTION_MIN_COUNT},
    {ALL, "duplicates", "POLICY", "Repeated pairs: keep, sum, last or reject (default keep)", OPTION_DUPLICATES},

    {ALL, NULL, NULL, "Files: delimited text, plain or gzip; - is standard input", 0},
    {ALL, "sep", "C", "Separator: a character, tab or \\t; default by name: .csv comma, .psv bar, else tab",
     OPTION_SEP},
    {ALL, "quote", "C", "Quote character, or none; default \" where the separator is a comma, else none",
     OPTION_QUOTE},
    {ALL, "header", "[=LIST]", "The first line names the columns; LIST of interactions, features, titles "
                          "limits that to some files (default all)", OPTION_HEADER},
    {ALL, "columns", "ROLE=COLUMN,...", "Where user, item, value, weight and time stand: numbers from 1, or "
                                   "names with --header; default user=1,item=2[,value=3[,time=4]]",
     OPTION_COLUMNS},
    {ALL, "skip-bad", NULL, "Count and skip malformed lines instead of stopping", OPTION_SKIP_BAD},

    {ALL, NULL, NULL, "Features", 0},
    {ALL, "item-features", "FILE", "Lines of item, feature name[, weight]", OPTION_ITEM_FEATURES},
    {ALL, "user-features", "FILE", "Lines of user, feature name[, weight]", OPTION_USER_FEATURES},
    {ALL, "item-feature-columns", "ROLE=COLUMN,...", "Where id, name and weight stand, or id, type, value and "
                                                "weight: the name is then type:value",
     OPTION_ITEM_FEATURE_COLUMNS},
    {ALL, "user-feature-columns", "ROLE=COLUMN,...", "The same of the user features", OPTION_USER_FEATURE_COLUMNS},
    {ALL, "feature-sep", "C", "Separator of feature and title files, where not that of --sep", OPTION_FEATURE_SEP},
    {ALL, "identity", "user,item", "Keep an indicator per user or item beside the features of a file",
     OPTION_IDENTITY},
    {ALL, "normalise", "user,item", "Divide the weights of a user's or item's features by their sum",
     OPTION_NORMALISE},
    {ALL, "all-items", NULL, "Items that only the feature file knows are candidates too", OPTION_ALL_ITEMS},
    {ALL, "all-users", NULL, "Users that only the feature file knows can be recommended for", OPTION_ALL_USERS},

    {RECOMMEND, NULL, NULL, "What to list", 0},
    {RECOMMEND, "for", "USER,...", "Users to list items for (default: all)", OPTION_FOR},
    {RECOMMEND, "k", "N", "Items to list for each (default 10)", OPTION_K},
    {RECOMMEND, "exclude", "FILE", "Lines of user, item, written like FILE: not to be listed either, beside the "
                                   "training data", OPTION_EXCLUDE},
    {RECOMMEND, "candidates", "FILE", "An item a line: list none but these", OPTION_CANDIDATES},
    {RECOMMEND, "exclude-items", "FILE", "An item a line: list none of these for anyone", OPTION_EXCLUDE_ITEMS},
    {RECOMMEND, "seen", NULL, "List items of a user's training data too", OPTION_SEEN},

    {SIMILAR, NULL, NULL, "What to list: one of the first five", 0},
    {SIMILAR, "item", "ITEM,...", "What is like items", OPTION_ITEM},
    {SIMILAR, "user", "USER,...", "What is like users", OPTION_USER},
    {SIMILAR, "item-feature", "NAME,...", "What is like item features", OPTION_ITEM_FEATURE},
    {SIMILAR, "user-feature", "NAME,...", "What is like user features", OPTION_USER_FEATURE},
    {SIMILAR, "all", "KIND", "What is like each item, user, item-feature or user-feature", OPTION_ALL},
    {SIMILAR, "to", "KIND", "What to list: item, user, item-feature or user-feature; default: items for items and "
                            "item features, else users", OPTION_TO},
    {SIMILAR, "k", "N", "Length of the lists (default 10)", OPTION_K},
    {SIMILAR, "measure", "NAME", "cosine or dot (default cosine)", OPTION_MEASURE},
    {SIMILAR, "seen", NULL, "List features that the item or user has, too", OPTION_SEEN},

    {EXPLAIN, NULL, NULL, "What to explain", 0},
    {EXPLAIN, "user", "USER,...", "Whose scores", OPTION_USER},
    {EXPLAIN, "item", "ITEM,...", "Of which items: each with each user", OPTION_ITEM},
    {EXPLAIN, "k", "N", "Parts to list, the largest first (default 10)", OPTION_K},

    {EVALUATE, NULL, NULL, "What to measure", 0},
    {EVALUATE, "k", "N", "Length of the lists that precision and recall look at (default 10)", OPTION_K},
    {EVALUATE, "metrics", "NAME,...", "These too, beside precision, recall, auc and mrr: precision@K, recall@K, hit@K, "
                                      "ndcg@K, ndcg-graded@K, map@K, coverage@K, popularity@K, similarity@K",
     OPTION_METRICS},
    {EVALUATE, "candidates", "FILE", "Lines of user, item, written like FILE: rank a user's test items among these "
                                     "only", OPTION_CANDIDATES},
    {EVALUATE, "segments", "N", "Also by the popularity of the test items, in N segments, the head first",
     OPTION_SEGMENTS},
    {EVALUATE, "bootstrap", "N", "Intervals from N resamples of the users", OPTION_BOOTSTRAP},
    {EVALUATE, "confidence", "X", "Confidence of the intervals (default 0.95)", OPTION_CONFIDENCE},

    {OTHERS, NULL, NULL, "Output: text, or else", 0},
    {OTHERS, "csv", "FILE", "Write CSV; - is standard output", OPTION_CSV},
    {OTHERS, "json", "FILE", "Write one JSON object a line; - is standard output", OPTION_JSON},
    {EVALUATE, "per-user", "FILE", "Write each user's values as CSV, whatever else is written", OPTION_PER_USER},

    {FIT, NULL, NULL, "Report", 0},
    {FIT, "every", "N", "Evaluate every N epochs and at the end; 0: only at the end (default 5)", OPTION_EVERY},
    {FIT, "k", "N", "Length of the lists that precision and recall look at (default 10)", OPTION_K},
    {FIT, "metrics", "NAME,...", "Report these too: precision@K, recall@K, auc, mrr, hit@K, ndcg@K, ndcg-graded@K, "
                                 "map@K, coverage@K, popularity@K, similarity@K", OPTION_METRICS},
    {FIT, "no-train-metrics", NULL, "Do not evaluate on the training set", OPTION_NO_TRAIN_METRICS},
    {FIT, "csv", "FILE", "Write the learning curve as CSV", OPTION_CSV},
    {FIT, "json", "FILE", "Write one JSON object a line: the curve, then a summary with the lists; - is "
                     "standard output", OPTION_JSON},
    {FIT, "recommend-for", "USER,...", "List items for users, without those of their training data",
     OPTION_RECOMMEND_FOR},
    {FIT, "similar-to", "ITEM,...", "List the items most similar to items", OPTION_SIMILAR_TO},
    {FIT, "similar-to-feature", "NAME,...", "List the items most similar to item features",
     OPTION_SIMILAR_TO_FEATURE},
    {FIT, "top", "N", "Length of these lists (default: that of --k)", OPTION_TOP},
    {ALL & ~EVALUATE, "titles", "FILE", "Lines of item, title: titles to print beside the items", OPTION_TITLES},
    {ALL, "help", NULL, "Print this", OPTION_HELP},
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
    static const char *const placeholders[] = {"N", "N", "X", NULL, "NAME"};
    char name[SETTING_NAME_SIZE], help[512];
    if (option->type == LFM_OPTION_CHOICE)
        snprintf(help, sizeof help, "%s: %s (default %s)", option->help, option->choices,
                 option->default_text);
    else
        snprintf(help, sizeof help, "%s (default %s)", option->help, option->default_text);
    print_option(to, settings_dashed(option->name, name), placeholders[option->type], help);
}

/* How a command is called, what it does, and an example. */
static const struct {
    int command;
    const char *usage, *example;
} commands[] = {
    {FIT, "lfm fit FILE [options]: train on the interactions in FILE and report",
     "lfm fit likes.tsv --item-features tags.tsv --identity item --split random:0.2"},
    {RECOMMEND, "lfm recommend FILE|--model MODEL [options]: train on the interactions in FILE, or take a saved model, and "
     "list items for users",
     "lfm recommend likes.tsv --k 20 --csv lists.csv"},
    {SIMILAR, "lfm similar FILE|--model MODEL [options]: train on the interactions in FILE, or take a saved model, and "
     "list what is alike",
     "lfm similar likes.tsv --item-features tags.tsv --identity item --item i1 --to item-feature"},
    {EXPLAIN, "lfm explain FILE|--model MODEL [options]: train on the interactions in FILE, or take a saved model, and "
     "take scores apart",
     "lfm explain likes.tsv --item-features tags.tsv --identity item --user u1 --item i1,i2"},
    {EVALUATE, "lfm evaluate FILE|--model MODEL [options]: train on the interactions in FILE, or take a saved model, and "
     "measure how well users are served",
     "lfm evaluate likes.tsv --split leave:5:0.2 --metrics ndcg@10,coverage@10 --bootstrap 1000 --segments 3"},
};

void args_help(FILE *to, int command)
{
    size_t which = 0;
    while (commands[which].command != command)
        which++;
    fprintf(to,
            "%s\n"
            "\n"
            "FILE holds a line for each interaction: user, item[, value[, time]]. A value above 0 is a\n"
            "positive, any other a negative; without values all are positive. Ids are any text.\n",
            commands[which].usage);
    for (const own_option *option = options; option < options + sizeof options / sizeof *options;
         option++) {
        if ((option->commands & command) == 0)
            continue;
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
    fprintf(to,
            "\nlinear and cosine schedules end with the run unless --schedule-epochs says otherwise.\n"
            "Ctrl-C stops %s; a second one ends at once. Exit codes: 0 done, 1 failed,\n"
            "2 wrong arguments, 130 interrupted.\n"
            "\n"
            "Example: %s\n",
            command == FIT ? "training and reports" : "the command", commands[which].example);
}
