/* Names given on the command line, and the rows of the model's spaces that they stand for. */
#include "names.h"

#include <stdlib.h>
#include <string.h>

#include "common.h"

/* Tell which names are unknown, the first few of them. */
static int unknown_names(const char *option, const char *what, const name_list *names,
                         const int32_t *numbers)
{
    enum { SHOWN = 5 };
    char list[SHOWN * (EXCERPT_SIZE + 4) + 1] = "", shown[EXCERPT_SIZE];
    int32_t n = 0;
    for (int32_t i = 0; i < names->n; i++) {
        if (numbers[i] >= 0)
            continue;
        if (n++ < SHOWN) {
            strcat(list, n == 1 ? "'" : ", '");
            strcat(list, excerpt(names->names[i], strlen(names->names[i]), shown));
            strcat(list, "'");
        }
    }
    return fail("--%s: the data knows no %s %s%s", option, what, list, n > SHOWN ? ", ..." : "");
}

int names_find(int32_t **numbers, const char *option, const char *what, const name_list *names,
               const lfm_ids *table)
{
    bool all_known = true;
    int32_t *found = malloc(((size_t)names->n + 1) * sizeof *found);
    *numbers = found;
    if (found == NULL)
        return fail_memory();
    for (int32_t i = 0; i < names->n; i++) {
        found[i] = lfm_ids_find(table, names->names[i], strlen(names->names[i]));
        all_known &= found[i] >= 0;
    }
    return all_known ? EXIT_FINE : unknown_names(option, what, names, found);
}

int names_check_users(const char *option, const name_list *names, const int32_t *numbers,
                      const dataset *data)
{
    const feature_side *side = &data->user_side;
    const int64_t entries = lfm_interactions_n_entries(data->train);
    const int32_t *users = lfm_interactions_users(data->train);
    for (int32_t i = 0; i < names->n && !data->unknown_training; i++) {
        const int32_t user = numbers[i];
        bool known = side->matrix != NULL &&
                     lfm_features_row(side->matrix, user, NULL, NULL) > (side->identity ? 1 : 0);
        for (int64_t e = 0; e < entries && !known; e++)
            known = users[e] == user;
        if (!known)
            return fail("--%s: user '%s' has neither training data nor features", option,
                        names->names[i]);
    }
    return EXIT_FINE;
}

const lfm_ids *space_names_of(const dataset *data, int32_t space)
{
    switch (space) {
    case LFM_SPACE_USER: return data->users;
    case LFM_SPACE_ITEM: return data->items;
    case LFM_SPACE_USER_FEATURE: return data->user_side.names;
    default: return data->item_side.names;
    }
}

int32_t space_indicators(const dataset *data, int32_t space)
{
    if (space < LFM_SPACE_USER_FEATURE)
        return 0;
    return space == LFM_SPACE_USER_FEATURE ? data->user_side.start : data->item_side.start;
}

const char *space_row_name(const dataset *data, int32_t space, int32_t number, bool *is_indicator)
{
    const int32_t indicators = space_indicators(data, space);
    const lfm_ids *names = space_names_of(data, space);
    const int32_t named = lfm_ids_count(names);
    *is_indicator = number < indicators || number >= indicators + named;
    if (!*is_indicator)
        return lfm_ids_text(names, number - indicators, NULL);
    /* The indicator of row r, from `indicators` on, stands at r + named. */
    return lfm_ids_text(space == LFM_SPACE_USER_FEATURE ? data->users : data->items,
                        number < indicators ? number : number - named, NULL);
}
