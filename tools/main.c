/* The `lfm` command: finds out which command is wanted. */
#include <stdio.h>
#include <string.h>

#include "answering.h"
#include "common.h"
#include "fit.h"
#include "lfm/lfm.h"
#include "model_files.h"
#include "synth.h"

static void print_help(FILE *to)
{
    fputs("lfm: hybrid recommenders on files\n"
          "\n"
          "  lfm fit FILE [options]        train on interactions, show the learning curve, save the model\n"
          "  lfm recommend FILE [options]  train, or take a saved model (--model), and list items for users\n"
          "  lfm similar FILE [options]    the same, and list items for tags, tags for items, ...\n"
          "  lfm explain FILE [options]    the same, and take scores apart\n"
          "  lfm evaluate FILE [options]   the same, and measure on a test set\n"
          "  lfm info MODEL [options]      tell what a model file holds\n"
          "  lfm export MODEL [options]    write a model file for NumPy, word2vec, spreadsheets\n"
          "  lfm import NPZ [options]      make a model file of a LightFM model\n"
          "  lfm synth DIR [options]       make example data\n"
          "  lfm COMMAND --help            list a command's options\n"
          "  lfm --help                    print this\n"
          "  lfm --version                 print the version\n",
          to);
}

int main(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "";
    if (strcmp(command, "fit") == 0)
        return fit_main(argc - 2, argv + 2);
    if (strcmp(command, "recommend") == 0)
        return recommend_main(argc - 2, argv + 2);
    if (strcmp(command, "similar") == 0)
        return similar_main(argc - 2, argv + 2);
    if (strcmp(command, "explain") == 0)
        return explain_main(argc - 2, argv + 2);
    if (strcmp(command, "evaluate") == 0)
        return evaluate_main(argc - 2, argv + 2);
    if (strcmp(command, "info") == 0)
        return info_main(argc - 2, argv + 2);
    if (strcmp(command, "export") == 0)
        return export_main(argc - 2, argv + 2);
    if (strcmp(command, "import") == 0)
        return import_main(argc - 2, argv + 2);
    if (strcmp(command, "synth") == 0)
        return synth_main(argc - 1, argv + 1);
    if (strcmp(command, "--help") == 0 || strcmp(command, "-h") == 0 ||
        strcmp(command, "help") == 0)
        print_help(stdout);
    else if (strcmp(command, "--version") == 0)
        printf("lfm %s\n", lfm_version());
    else {
        if (command[0] == '\0')
            fputs("lfm: no command is given: see `lfm --help`\n", stderr);
        else
            fprintf(stderr, "lfm: unknown command '%s': see `lfm --help`\n", command);
        return EXIT_USAGE;
    }
    if (fflush(stdout) == 0)
        return EXIT_FINE;
    perror("lfm: cannot write standard output");
    return EXIT_FAILED;
}
