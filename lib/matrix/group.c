/* Entries grouped by row and sorted by column within it: what finding duplicates needs. */
#include "base/sort.h"
#include "matrix/entries.h"

/* Fill groups (counting sort by row) and order (entry numbers, ascending within a row). */
static void scatter_entries(const lfmi_input *input, lfmi_grouping *grouping)
{
    int64_t *groups = grouping->groups;
    if (input->offsets.data != NULL) { /* without entries there may be neither rows nor offsets */
        for (int64_t row = 0; row <= input->n_rows; row++)
            groups[row] = lfmi_integer_at(&input->offsets, row);
        for (int64_t entry = 0; entry < input->n_entries; entry++)
            grouping->order[entry] = entry;
        return;
    }
    /* groups[row + 1] first counts, then is where the next entry of the row goes, at last its end. */
    for (int64_t entry = 0; entry < input->n_entries; entry++)
        groups[lfmi_integer_at(&input->rows, entry) + 1]++;
    int64_t start = 0;
    for (int64_t row = 0; row < input->n_rows; row++) {
        const int64_t count = groups[row + 1];
        groups[row + 1] = start;
        start += count;
    }
    for (int64_t entry = 0; entry < input->n_entries; entry++)
        grouping->order[groups[lfmi_integer_at(&input->rows, entry) + 1]++] = entry;
}

static int64_t longest_row(const lfmi_grouping *grouping)
{
    int64_t longest = 0;
    for (int64_t row = 0; row < grouping->n_rows; row++) {
        const int64_t length = grouping->groups[row + 1] - grouping->groups[row];
        longest = length > longest ? length : longest;
    }
    return longest;
}

/* Sort each row's entries by column; cells has room for the longest row. */
static lfm_status sort_rows(const lfmi_input *input, lfmi_grouping *grouping, lfmi_cell *cells)
{
    int64_t looked = 0;
    for (int64_t row = 0; row < input->n_rows; row++) {
        int64_t *order = grouping->order + grouping->groups[row];
        const int64_t length = grouping->groups[row + 1] - grouping->groups[row];
        if (grouping->groups[row] - looked >= LFMI_ENTRIES_PER_LOOK) {
            LFMI_TRY(lfmi_poll(input->cancel));
            looked = grouping->groups[row];
        }
        for (int64_t i = 0; i < length; i++)
            cells[i] = (lfmi_cell){lfmi_integer_at(&input->columns, order[i]), order[i]};
        lfmi_sort_cells(cells, length);
        for (int64_t i = 0; i < length; i++)
            order[i] = cells[i].tie;
    }
    return LFM_OK;
}

lfm_status lfmi_group(lfm_context *context, const lfmi_input *input, lfmi_grouping *grouping)
{
    *grouping = (lfmi_grouping){.n_entries = input->n_entries, .n_rows = input->n_rows};
    lfmi_cell *cells = NULL;
    int64_t longest = 0;
    lfm_status status = LFMI_NEW_ZEROED(context, (int64_t)input->n_rows + 1, "grouping by row", &grouping->groups);
    if (status == LFM_OK)
        status = LFMI_NEW_ARRAY(context, input->n_entries, "grouping by row", &grouping->order);
    if (status == LFM_OK) {
        scatter_entries(input, grouping);
        longest = longest_row(grouping);
        status = LFMI_NEW_ARRAY(context, longest, "sorting a row", &cells);
    }
    if (status == LFM_OK)
        status = sort_rows(input, grouping, cells);
    LFMI_FREE_ARRAY(context, cells, longest);
    if (status != LFM_OK)
        lfmi_grouping_free(context, grouping);
    return status;
}

void lfmi_grouping_free(lfm_context *context, lfmi_grouping *grouping)
{
    LFMI_FREE_ARRAY(context, grouping->groups, (int64_t)grouping->n_rows + 1);
    LFMI_FREE_ARRAY(context, grouping->order, grouping->n_entries);
    *grouping = (lfmi_grouping){0};
}

int64_t lfmi_run_end(const lfmi_input *input, const lfmi_grouping *grouping, int64_t at, int64_t row_end)
{
    const int64_t column = lfmi_integer_at(&input->columns, grouping->order[at]);
    int64_t end = at + 1;
    while (end < row_end && lfmi_integer_at(&input->columns, grouping->order[end]) == column)
        end++;
    return end;
}

lfm_status lfmi_reject_duplicates(const lfmi_input *input, const lfmi_grouping *grouping)
{
    for (int64_t row = 0; row < input->n_rows; row++) {
        const int64_t row_end = grouping->groups[row + 1];
        for (int64_t at = grouping->groups[row]; at < row_end; at++) {
            if (lfmi_run_end(input, grouping, at, row_end) == at + 1)
                continue;
            return lfmi_fail(LFM_ERROR_DATA, "%s: row %lld, column %lld is stored twice: entries %lld and %lld",
                             input->what, (long long)row,
                             (long long)lfmi_integer_at(&input->columns, grouping->order[at]),
                             (long long)grouping->order[at], (long long)grouping->order[at + 1]);
        }
    }
    return LFM_OK;
}

int64_t lfmi_count_distinct(const lfmi_input *input, const lfmi_grouping *grouping)
{
    int64_t distinct = 0;
    for (int64_t row = 0; row < input->n_rows; row++) {
        const int64_t row_end = grouping->groups[row + 1];
        for (int64_t at = grouping->groups[row]; at < row_end; distinct++)
            at = lfmi_run_end(input, grouping, at, row_end);
    }
    return distinct;
}
