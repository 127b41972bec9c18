/* What the rows of a model file's spaces are called. */
#include "row_names.h"

#include <inttypes.h>
#include <stdio.h>

#include "common.h"

const char *const row_space_names[ROW_NAMES_SPACES] = {
    [LFM_SPACE_USER] = "user",
    [LFM_SPACE_ITEM] = "item",
    [LFM_SPACE_USER_FEATURE] = "user-feature",
    [LFM_SPACE_ITEM_FEATURE] = "item-feature",
};

/* Whether the features of a side are its users or items themselves. */
static bool is_identity(const lfm_file *file, int32_t side)
{
    static const char *const names[2][2] = {{"user_features_offsets", "user_representations"},
                                            {"item_features_offsets", "item_representations"}};
    lfm_tensor tensor = {.size = sizeof tensor};
    return lfm_file_tensor(file, names[side][0], &tensor) != LFM_OK &&
           lfm_file_tensor(file, names[side][1], &tensor) != LFM_OK;
}

int row_names_load(row_names *names, lfm_file *file, int32_t space)
{
    *names = (row_names){.start = lfm_file_ids_start(file, space)};
    if (lfm_file_ids(file, space, &names->ids) != LFM_OK)
        return fail_library();
    if (space < LFM_SPACE_USER_FEATURE)
        return EXIT_FINE;
    const int32_t side = space - LFM_SPACE_USER_FEATURE;
    if (lfm_file_ids(file, side, &names->owners) != LFM_OK)
        return fail_library();
    if (names->ids == NULL && names->owners != NULL && is_identity(file, side))
        names->start = INT32_MAX;
    return EXIT_FINE;
}

void row_names_free(row_names *names)
{
    lfm_ids_free(names->ids);
    lfm_ids_free(names->owners);
    *names = (row_names){.start = 0};
}

const char *row_name(const row_names *names, int32_t row, char digits[ROW_DIGITS], size_t *length,
                     bool *is_indicator)
{
    *is_indicator = row < names->start;
    const lfm_ids *ids = *is_indicator ? names->owners : names->ids;
    const int32_t index = *is_indicator ? row : row - names->start;
    const bool has_name = index < lfm_ids_count(ids);
    if (has_name && lfm_ids_kind(ids) == LFM_IDS_TEXT)
        return lfm_ids_text(ids, index, length);
    const int64_t number = has_name ? lfm_ids_number(ids, index) : row;
    *length = (size_t)snprintf(digits, ROW_DIGITS, "%" PRId64, number);
    return digits;
}
