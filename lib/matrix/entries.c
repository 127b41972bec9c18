/* Checking and taking over the caller's sparse arrays. */
#include "matrix/entries.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/numeric.h"
#include "base/sized.h"

LFMI_ASSERT_SIZED(lfm_coo, values);
LFMI_ASSERT_SIZED(lfm_csr, values);

void lfm_coo_init_sized(lfm_coo *coo, size_t size) { lfmi_sized_init(coo, size, NULL, sizeof *coo); }
void lfm_csr_init_sized(lfm_csr *csr, size_t size) { lfmi_sized_init(csr, size, NULL, sizeof *csr); }

size_t lfmi_item_size(int32_t type) { return type == LFM_INT32 || type == LFM_FLOAT32 ? 4 : 8; }

lfm_status lfmi_array_new(lfm_context *context, int32_t type, int64_t count, const char *what,
                          lfmi_array *array, void *data_out)
{
    void *data;
    LFMI_TRY(lfmi_allocate(context, count, lfmi_item_size(type), what, &data));
    *array = (lfmi_array){data, count, type, true};
    memcpy(data_out, &data, sizeof data);
    return LFM_OK;
}

void lfmi_array_free(lfm_context *context, lfmi_array *array)
{
    if (array->owned)
        lfmi_deallocate(context, array->data, array->count, lfmi_item_size(array->type));
    *array = (lfmi_array){0};
}

/* Which row an entry belongs to: stored, or found in the offsets. */
static int64_t row_of_entry(const lfmi_input *input, int64_t entry)
{
    if (input->rows.data != NULL)
        return lfmi_integer_at(&input->rows, entry);
    int64_t low = 0, high = input->n_rows;
    while (high - low > 1) {
        const int64_t middle = low + (high - low) / 2;
        if (lfmi_integer_at(&input->offsets, middle) <= entry)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Fail with a message that names the entry whole. */
static lfm_status bad_entry(const lfmi_input *input, int64_t entry, const char *complaint)
{
    char value[48] = "";
    if (input->values.data != NULL)
        snprintf(value, sizeof value, ", value %g", lfmi_real_at(&input->values, entry));
    return lfmi_fail(LFM_ERROR_DATA, "%s: entry %lld (row %lld, column %lld%s): %s", input->what,
                     (long long)entry, (long long)row_of_entry(input, entry),
                     (long long)lfmi_integer_at(&input->columns, entry), value, complaint);
}

static lfm_status check_type(const char *what, const char *name, const lfm_array *array, bool integer,
                             bool required)
{
    if (array->data == NULL)
        return required ? lfmi_fail(LFM_ERROR_ARGUMENT, "%s: %s must not be NULL", what, name) : LFM_OK;
    if (integer ? array->type == LFM_INT32 || array->type == LFM_INT64
                : array->type == LFM_FLOAT32 || array->type == LFM_FLOAT64)
        return LFM_OK;
    return lfmi_fail(LFM_ERROR_ARGUMENT, "%s: %s must be %s, its type is number %d", what, name,
                     integer ? "int32 or int64" : "float32 or float64", array->type);
}

static lfm_status check_sizes(const lfmi_input *input)
{
    if (input->n_entries < 0 || input->n_rows < 0 || input->n_columns < 0)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "%s: n_entries %lld, n_rows %d and n_columns %d must be >= 0",
                         input->what, (long long)input->n_entries, input->n_rows, input->n_columns);
    return LFM_OK;
}

/* Find the first id outside [0, bound); -1 when there is none. */
static int64_t find_bad_id(const lfm_array *ids, int64_t n, int32_t bound)
{
    if (ids->type == LFM_INT32) {
        const int32_t *id = ids->data;
        for (int64_t i = 0; i < n; i++) {
            if ((uint32_t)id[i] >= (uint32_t)bound)
                return i;
        }
    } else {
        const int64_t *id = ids->data;
        for (int64_t i = 0; i < n; i++) {
            if ((uint64_t)id[i] >= (uint64_t)bound)
                return i;
        }
    }
    return -1;
}

/* Find the first number that is not a finite float32, or is below zero where that is not allowed. */
static int64_t find_bad_real(const lfm_array *reals, int64_t n, bool allow_negative)
{
    for (int64_t i = 0; i < n; i++) {
        const float value = (float)lfmi_real_at(reals, i);
        if (!lfmi_is_finite(value) || (!allow_negative && value < 0))
            return i;
    }
    return -1;
}

static lfm_status check_columns_and_values(const lfmi_input *input)
{
    LFMI_TRY(lfmi_poll(input->cancel));
    const int64_t column = find_bad_id(&input->columns, input->n_entries, input->n_columns);
    if (column >= 0) {
        char complaint[64];
        snprintf(complaint, sizeof complaint, "the column is outside [0, %d)", input->n_columns);
        return bad_entry(input, column, complaint);
    }
    LFMI_TRY(lfmi_poll(input->cancel));
    if (input->values.data == NULL)
        return LFM_OK;
    const int64_t value = find_bad_real(&input->values, input->n_entries, true);
    return value < 0 ? LFM_OK : bad_entry(input, value, "the value is not a finite float32");
}

lfm_status lfmi_input_from_coo(const lfm_coo *given, const char *what, const lfm_cancel *cancel, lfmi_input *input)
{
    lfm_coo coo = {.size = sizeof coo};
    LFMI_TRY(lfmi_sized_read(&coo, sizeof coo, given, "lfm_coo"));
    *input = (lfmi_input){.what = what,
                          .n_entries = coo.n_entries,
                          .n_rows = coo.n_rows,
                          .n_columns = coo.n_columns,
                          .rows = coo.rows,
                          .columns = coo.columns,
                          .values = coo.values,
                          .cancel = cancel};
    LFMI_TRY(check_sizes(input));
    LFMI_TRY(check_type(what, "rows", &coo.rows, true, coo.n_entries > 0));
    LFMI_TRY(check_type(what, "columns", &coo.columns, true, coo.n_entries > 0));
    LFMI_TRY(check_type(what, "values", &coo.values, false, false));
    const int64_t row = find_bad_id(&coo.rows, coo.n_entries, coo.n_rows);
    if (row >= 0) {
        char complaint[64];
        snprintf(complaint, sizeof complaint, "the row is outside [0, %d)", coo.n_rows);
        return bad_entry(input, row, complaint);
    }
    return check_columns_and_values(input);
}

lfm_status lfmi_input_from_csr(const lfm_csr *given, const char *what, const lfm_cancel *cancel, lfmi_input *input)
{
    lfm_csr csr = {.size = sizeof csr};
    LFMI_TRY(lfmi_sized_read(&csr, sizeof csr, given, "lfm_csr"));
    *input = (lfmi_input){.what = what,
                          .n_entries = csr.n_entries,
                          .n_rows = csr.n_rows,
                          .n_columns = csr.n_columns,
                          .offsets = csr.offsets,
                          .columns = csr.columns,
                          .values = csr.values,
                          .cancel = cancel};
    LFMI_TRY(check_sizes(input));
    LFMI_TRY(check_type(what, "offsets", &csr.offsets, true, true));
    LFMI_TRY(check_type(what, "columns", &csr.columns, true, csr.n_entries > 0));
    LFMI_TRY(check_type(what, "values", &csr.values, false, false));
    int64_t last = lfmi_integer_at(&csr.offsets, 0);
    if (last != 0)
        return lfmi_fail(LFM_ERROR_DATA, "%s: the first offset is %lld, must be 0", what, (long long)last);
    for (int32_t row = 0; row < csr.n_rows; row++) {
        const int64_t next = lfmi_integer_at(&csr.offsets, (int64_t)row + 1);
        if (next < last)
            return lfmi_fail(LFM_ERROR_DATA, "%s: row %d: its offsets go down from %lld to %lld", what, row,
                             (long long)last, (long long)next);
        last = next;
    }
    if (last != csr.n_entries)
        return lfmi_fail(LFM_ERROR_DATA, "%s: the last offset is %lld, must equal n_entries, %lld", what,
                         (long long)last, (long long)csr.n_entries);
    return check_columns_and_values(input);
}

lfm_status lfmi_input_check_weights(const lfmi_input *input, const lfm_array *weights)
{
    LFMI_TRY(check_type(input->what, "weights", weights, false, false));
    LFMI_TRY(lfmi_poll(input->cancel));
    if (weights->data == NULL)
        return LFM_OK;
    const int64_t entry = find_bad_real(weights, input->n_entries, false);
    if (entry < 0)
        return LFM_OK;
    char complaint[96];
    snprintf(complaint, sizeof complaint, "its weight %g is not a finite float32 of 0 or more",
             lfmi_real_at(weights, entry));
    return bad_entry(input, entry, complaint);
}

lfm_status lfmi_array_take(lfm_context *context, const lfm_array *given, int64_t count, int32_t type,
                           bool borrow, const char *what, lfmi_array *array)
{
    if (given->data == NULL) {
        *array = (lfmi_array){0};
        return LFM_OK;
    }
    if (borrow && given->type == type) {
        *array = (lfmi_array){given->data, count, type, false};
        return LFM_OK;
    }
    void *data;
    LFMI_TRY(lfmi_array_new(context, type, count, what, array, &data));
    if (given->type == type) {
        if (count > 0)
            memcpy(data, given->data, (size_t)count * lfmi_item_size(type));
    } else if (type == LFM_FLOAT32) {
        for (int64_t i = 0; i < count; i++)
            ((float *)data)[i] = (float)lfmi_real_at(given, i);
    } else if (type == LFM_INT32) {
        for (int64_t i = 0; i < count; i++)
            ((int32_t *)data)[i] = (int32_t)lfmi_integer_at(given, i);
    } else {
        for (int64_t i = 0; i < count; i++)
            ((int64_t *)data)[i] = lfmi_integer_at(given, i);
    }
    return LFM_OK;
}

lfm_status lfmi_input_expand_rows(lfm_context *context, const lfmi_input *input, lfmi_array *rows)
{
    int32_t *row_of;
    LFMI_TRY(lfmi_array_new(context, LFM_INT32, input->n_entries, "the rows of the entries", rows, &row_of));
    for (int32_t row = 0; row < input->n_rows; row++) {
        const int64_t end = lfmi_integer_at(&input->offsets, (int64_t)row + 1);
        for (int64_t entry = lfmi_integer_at(&input->offsets, row); entry < end; entry++)
            row_of[entry] = row;
    }
    return LFM_OK;
}
