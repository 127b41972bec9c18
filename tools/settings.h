/* The library's model and training options by name, as its option table lists them. */
#ifndef LFM_TOOL_SETTINGS_H
#define LFM_TOOL_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "lfm/options.h"

enum { MOST_SETTINGS = 128 };

typedef struct settings {
    lfm_model_options model;
    lfm_train_options train;
    const char
        *text[MOST_SETTINGS]; /* by the index of settings_option(); NULL: the default holds */
} settings;

void settings_init(settings *all);

/* Describe option `index` of both groups together; false at the end. */
bool settings_option(int32_t index, lfm_option *out);

/* Find an option by its name on the command line ("learning-rate"); -1 when there is none. */
int32_t settings_find(const char *name, lfm_option *out);

/* Set it. Returns an exit code. text must live as long as the settings. */
int settings_set(settings *all, int32_t index, const char *text);

/* What an option is set to, as text. */
const char *settings_text(const settings *all, int32_t index, const lfm_option *option);

/* The option's name on the command line. */
enum { SETTING_NAME_SIZE = 64 };
const char *settings_dashed(const char *name, char out[SETTING_NAME_SIZE]);

/* Check all that can be checked together, and fill in what follows from other options. */
int settings_finish(settings *all);

#endif
