/* The library's model and training options by name, as its option table lists them. */
#include "settings.h"

#include <stdio.h>
#include <string.h>

#include "common.h"

void settings_init(settings *all)
{
    memset(all, 0, sizeof *all);
    lfm_model_options_init(&all->model);
    lfm_train_options_init(&all->train);
}

static int32_t count_group(int32_t group)
{
    lfm_option option = {.size = sizeof option};
    int32_t n = 0;
    while (lfm_option_at(group, n, &option) == LFM_OK)
        n++;
    return n;
}

bool settings_option(int32_t index, lfm_option *out)
{
    if (index >= MOST_SETTINGS)
        return false;
    out->size = sizeof *out;
    if (lfm_option_at(LFM_OPTIONS_MODEL, index, out) == LFM_OK)
        return true;
    return lfm_option_at(LFM_OPTIONS_TRAIN, index - count_group(LFM_OPTIONS_MODEL), out) == LFM_OK;
}

const char *settings_dashed(const char *name, char out[SETTING_NAME_SIZE])
{
    snprintf(out, SETTING_NAME_SIZE, "%s", name);
    for (char *c = out; *c != '\0'; c++) {
        if (*c == '_')
            *c = '-';
    }
    return out;
}

int32_t settings_find(const char *name, lfm_option *out)
{
    char dashed[SETTING_NAME_SIZE];
    for (int32_t i = 0; settings_option(i, out); i++) {
        if (strcmp(settings_dashed(out->name, dashed), name) == 0)
            return i;
    }
    return -1;
}

int settings_set(settings *all, int32_t index, const char *text)
{
    lfm_option option;
    if (!settings_option(index, &option))
        return fail_usage("there is no option number %d", (int)index);
    const lfm_status status = option.group == LFM_OPTIONS_MODEL
                                  ? lfm_model_options_set(&all->model, option.name, text)
                                  : lfm_train_options_set(&all->train, option.name, text);
    if (status != LFM_OK)
        return fail_usage("%s", lfm_last_message());
    all->text[index] = text;
    return EXIT_FINE;
}

const char *settings_text(const settings *all, int32_t index, const lfm_option *option)
{
    return all->text[index] != NULL ? all->text[index] : option->default_text;
}

int settings_finish(settings *all)
{
    /* A falling rate that is not told where to end ends with the run. */
    lfm_option schedule, end, epochs;
    const int32_t end_index = settings_find("schedule-epochs", &end);
    const int32_t epochs_index = settings_find("epochs", &epochs);
    if (all->train.schedule != LFM_SCHEDULE_CONSTANT && all->train.schedule_epochs == 0 &&
        settings_find("schedule", &schedule) >= 0 && end_index >= 0 && epochs_index >= 0)
        return settings_set(all, end_index, settings_text(all, epochs_index, &epochs));
    return EXIT_FINE;
}
