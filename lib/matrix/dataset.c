/* Datasets: life, ids, the columns of indicators and of named features. */
#include "matrix/dataset.h"

#include <stdio.h>

#include "base/sized.h"

LFMI_ASSERT_SIZED(lfm_dataset_options, reserved);

void lfm_dataset_options_init_sized(lfm_dataset_options *options, size_t size)
{
    const lfm_dataset_options known = {.size = sizeof known, .user_identity = 1, .item_identity = 1};
    lfmi_sized_init(options, size, &known, sizeof known);
}

static lfm_status make_side(lfm_context *context, lfmi_dataset_side *side, const char *what, int32_t kind,
                            bool identity, bool shared_names)
{
    side->what = what;
    side->identity = identity;
    side->shared_names = shared_names;
    LFMI_TRY(lfm_ids_create(context, kind, &side->ids));
    return lfm_ids_create(context, LFM_IDS_TEXT, &side->features);
}

lfm_status lfm_dataset_create(lfm_context *context, const lfm_dataset_options *given, lfm_dataset **out)
{
    lfmi_clear_message();
    LFMI_REQUIRE(out);
    lfm_dataset_options options;
    lfm_dataset_options_init(&options);
    if (given != NULL)
        LFMI_TRY(lfmi_sized_read(&options, sizeof options, given, "lfm_dataset_options"));
    LFMI_TRY(lfmi_reserved_check(options.reserved, "lfm_dataset_options"));
    const int32_t kinds[] = {options.user_ids, options.item_ids};
    for (int s = 0; s < 2; s++) {
        if (kinds[s] != LFM_IDS_TEXT && kinds[s] != LFM_IDS_NUMBER)
            return lfmi_fail(LFM_ERROR_OPTION, "lfm_dataset_options: %s_ids is %d, which is no kind of ids",
                             s == LFM_USER ? "user" : "item", kinds[s]);
    }
    lfm_context *held = lfmi_context_hold(context);
    lfm_dataset *d;
    lfm_status status = LFMI_NEW_ZEROED(held, 1, "a dataset", &d);
    if (status != LFM_OK) {
        lfm_context_free(held);
        return status;
    }
    lfmi_ref_init(&d->references);
    d->context = held;
    const bool shared = options.shared_names != 0;
    status = make_side(held, &d->sides[LFM_USER], "user", options.user_ids, options.user_identity != 0, shared);
    if (status == LFM_OK)
        status = make_side(held, &d->sides[LFM_ITEM], "item", options.item_ids, options.item_identity != 0, shared);
    if (status == LFM_OK)
        *out = d;
    else
        lfm_dataset_free(d);
    return status;
}

lfm_dataset *lfm_dataset_ref(lfm_dataset *dataset)
{
    if (dataset != NULL)
        lfmi_ref_add(&dataset->references);
    return dataset;
}

void lfm_dataset_free(lfm_dataset *d)
{
    if (d == NULL || !lfmi_ref_drop(&d->references))
        return;
    lfm_context *context = d->context;
    for (int s = 0; s < 2; s++) {
        lfmi_dataset_side *side = &d->sides[s];
        lfm_ids_free(side->ids);
        lfm_ids_free(side->features);
        LFMI_FREE_ARRAY(context, side->indicators, side->rows_room);
        LFMI_FREE_ARRAY(context, side->is_indicator, side->columns_room);
        lfmi_store_free(context, &side->entries);
    }
    lfmi_store_free(context, &d->interactions);
    LFMI_FREE_ARRAY(context, d, 1);
    lfm_context_free(context);
}

const lfm_ids *lfm_dataset_ids(const lfm_dataset *d, int32_t space)
{
    if (d == NULL)
        return NULL;
    switch (space) {
    case LFM_SPACE_USER: return d->sides[LFM_USER].ids;
    case LFM_SPACE_ITEM: return d->sides[LFM_ITEM].ids;
    case LFM_SPACE_USER_FEATURE: return d->sides[LFM_USER].features;
    case LFM_SPACE_ITEM_FEATURE: return d->sides[LFM_ITEM].features;
    default: return NULL;
    }
}

int32_t lfm_dataset_indicator(const lfm_dataset *d, int32_t side, int32_t row)
{
    if (d == NULL || !lfmi_is_side(side) || !d->sides[side].identity || row < 0 ||
        row >= lfm_ids_count(d->sides[side].ids))
        return -1;
    return d->sides[side].indicators[row];
}

/* ---- Columns ---- */

static lfm_status reserve(lfm_context *context, void **array, size_t item_size, int64_t used, int64_t *room,
                          int64_t needed)
{
    if (needed <= *room)
        return LFM_OK;
    const int64_t larger = *room + *room / 2 > needed ? *room + *room / 2 : needed;
    LFMI_TRY(lfmi_enlarge(context, array, item_size, used, *room, larger, "the columns of a dataset"));
    *room = larger;
    return LFM_OK;
}

/* Room to mark n more columns. Without identity nothing is marked. */
static lfm_status reserve_columns(lfm_context *context, lfmi_dataset_side *side, int64_t n)
{
    const int64_t used = lfm_ids_count(side->features);
    void *array = side->is_indicator;
    const lfm_status status = reserve(context, &array, 1, used, &side->columns_room, used + n);
    side->is_indicator = array;
    return status;
}

void lfmi_dataset_truncate(lfmi_dataset_side *side, int32_t n_rows, int32_t n_columns)
{
    lfmi_ids_truncate(side->ids, n_rows);
    lfmi_ids_truncate(side->features, n_columns);
}

/* Add the indicators of the rows from `first` on; side->indicators has room for them. */
static lfm_status add_indicators(lfmi_dataset_side *side, int32_t first)
{
    enum { TOGETHER = 256, DIGITS = 24 };
    const int32_t end = lfm_ids_count(side->ids);
    lfmi_ids_parts parts;
    lfmi_ids_parts_of(side->ids, &parts);
    if (parts.kind == LFM_IDS_TEXT) {
        const lfm_names names = lfm_names_of(parts.bytes, parts.offsets + first, LFMI_NAMES_TERMINATED);
        return lfmi_ids_add_names(side->features, end - first, &names, NULL, side->indicators + first);
    }
    for (; first < end; first += TOGETHER) {
        char digits[TOGETHER][DIGITS];
        const char *strings[TOGETHER];
        const int32_t n = end - first < TOGETHER ? end - first : (int32_t)TOGETHER;
        for (int32_t i = 0; i < n; i++) {
            snprintf(digits[i], DIGITS, "%lld", (long long)parts.numbers[first + i]);
            strings[i] = digits[i];
        }
        const lfm_names names = lfm_strings(strings);
        LFMI_TRY(lfmi_ids_add_names(side->features, n, &names, NULL, side->indicators + first));
    }
    return LFM_OK;
}

/* Mark the new indicators; a column that was there before belongs to a feature of that name. */
static lfm_status mark_indicators(lfmi_dataset_side *side, int32_t first, int32_t n_columns, int64_t n,
                                  const int32_t *indices, const char *call)
{
    const int32_t end = lfm_ids_count(side->ids);
    for (int32_t r = first; r < end && !side->shared_names; r++) {
        if (side->indicators[r] >= n_columns)
            continue;
        int64_t entry = 0;
        while (entry < n && indices[entry] != r)
            entry++;
        char shown[LFMI_SHOWN];
        return lfmi_fail(LFM_ERROR_DATA,
                         "%s: entry %lld: the new %s %s has the name of a feature of %ss, whose column would be its "
                         "indicator's too (shared_names allows it)",
                         call, (long long)entry, side->what, lfmi_ids_show(side->ids, r, shown), side->what);
    }
    for (int32_t r = first; r < end; r++)
        side->is_indicator[side->indicators[r]] = 1;
    return LFM_OK;
}

lfm_status lfmi_dataset_add_rows(lfm_context *context, lfmi_dataset_side *side, int64_t n, const lfm_names *names,
                                 const int32_t *only_where, int32_t *indices, const char *call)
{
    const int32_t before = lfm_ids_count(side->ids), n_columns = lfm_ids_count(side->features);
    LFMI_TRY(lfmi_ids_add_names(side->ids, n, names, only_where, indices));
    const int32_t after = lfm_ids_count(side->ids);
    if (!side->identity || after == before)
        return LFM_OK;
    void *indicators = side->indicators;
    lfm_status status =
        reserve(context, &indicators, sizeof *side->indicators, before, &side->rows_room, after);
    side->indicators = indicators;
    if (status == LFM_OK)
        status = reserve_columns(context, side, after - before);
    if (status == LFM_OK)
        status = add_indicators(side, before);
    if (status == LFM_OK) {
        memset(side->is_indicator + n_columns, 0, (size_t)(lfm_ids_count(side->features) - n_columns));
        status = mark_indicators(side, before, n_columns, n, indices, call);
    }
    if (status != LFM_OK)
        lfmi_dataset_truncate(side, before, n_columns);
    return status;
}

lfm_status lfmi_dataset_check_columns(const lfmi_dataset_side *side, int64_t n, const lfm_names *names,
                                      const int32_t *indices, const char *call)
{
    for (int64_t i = 0; i < n && side->identity && !side->shared_names; i++) {
        char shown[LFMI_SHOWN];
        if (indices[i] >= 0 && side->is_indicator[indices[i]])
            return lfmi_fail(LFM_ERROR_DATA,
                             "%s: entry %lld: the feature %s has the name of one of the %ss, whose indicator is the "
                             "same column (shared_names allows it)",
                             call, (long long)i, lfmi_names_show(names, i, shown), side->what);
    }
    return LFM_OK;
}

lfm_status lfmi_dataset_add_columns(lfm_context *context, lfmi_dataset_side *side, int64_t n, const lfm_names *names,
                                    const int32_t *only_where, int32_t *indices, const char *call)
{
    const int32_t before = lfm_ids_count(side->features);
    LFMI_TRY(lfmi_ids_add_names(side->features, n, names, only_where, indices));
    const int32_t after = lfm_ids_count(side->features);
    lfm_status status = LFM_OK;
    if (side->identity) {
        void *marks = side->is_indicator;
        status = reserve(context, &marks, 1, before, &side->columns_room, after);
        side->is_indicator = marks;
        if (status == LFM_OK && after > before)
            memset(side->is_indicator + before, 0, (size_t)(after - before));
        if (status == LFM_OK)
            status = lfmi_dataset_check_columns(side, n, names, indices, call);
    }
    if (status != LFM_OK)
        lfmi_ids_truncate(side->features, before);
    return status;
}

lfm_status lfm_dataset_add_ids(lfm_dataset *d, int32_t space, int64_t n, lfm_names names, int32_t *indices)
{
    lfmi_clear_message();
    LFMI_REQUIRE(d);
    const lfm_ids *ids = lfm_dataset_ids(d, space);
    if (ids == NULL)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "lfm_dataset_add_ids: there is no space number %d", space);
    LFMI_TRY(lfmi_names_check(&names, n, lfm_ids_kind(ids), __func__, "names"));
    const bool rows = space == LFM_SPACE_USER || space == LFM_SPACE_ITEM;
    const bool of_users = space == LFM_SPACE_USER || space == LFM_SPACE_USER_FEATURE;
    lfmi_dataset_side *side = &d->sides[of_users ? LFM_USER : LFM_ITEM];
    int32_t *found;
    LFMI_TRY(LFMI_NEW_ARRAY(d->context, n, "indices", &found));
    const lfm_status status =
        rows ? lfmi_dataset_add_rows(d->context, side, n, &names, NULL, found, __func__)
             : lfmi_dataset_add_columns(d->context, side, n, &names, NULL, found, __func__);
    if (status == LFM_OK && indices != NULL && n > 0)
        memcpy(indices, found, (size_t)n * sizeof *found);
    LFMI_FREE_ARRAY(d->context, found, n);
    return status;
}
