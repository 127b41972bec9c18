/* Interactions and features added to a dataset by name. */
#include "base/numeric.h"
#include "base/sized.h"
#include "matrix/dataset.h"
#include "matrix/entries.h"

LFMI_ASSERT_SIZED(lfm_named_entries, unknown_columns);

void lfm_named_entries_init_sized(lfm_named_entries *entries, size_t size)
{
    lfmi_sized_init(entries, size, NULL, sizeof *entries);
}

/* ---- Arrays that grow ---- */

enum { N_ARRAYS = 5 };

typedef struct array_slot {
    void *data;
    size_t item_size;
    bool wanted;
} array_slot;

static void free_arrays(lfm_context *context, array_slot arrays[N_ARRAYS], int64_t room)
{
    for (int i = 0; i < N_ARRAYS; i++)
        lfmi_deallocate(context, arrays[i].data, room, arrays[i].item_size);
}

static void list_arrays(const lfmi_store *store, array_slot arrays[N_ARRAYS])
{
    arrays[0] = (array_slot){store->rows, sizeof *store->rows, true};
    arrays[1] = (array_slot){store->columns, sizeof *store->columns, true};
    arrays[2] = (array_slot){store->values, sizeof *store->values, store->values != NULL};
    arrays[3] = (array_slot){store->weights, sizeof *store->weights, store->weights != NULL};
    arrays[4] = (array_slot){store->timestamps, sizeof *store->timestamps, store->timestamps != NULL};
}

void lfmi_store_free(lfm_context *context, lfmi_store *store)
{
    array_slot arrays[N_ARRAYS];
    list_arrays(store, arrays);
    free_arrays(context, arrays, store->room);
    *store = (lfmi_store){0};
}

static void fill_with_ones(float *to, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        to[i] = 1;
}

lfm_status lfmi_store_reserve(lfm_context *context, lfmi_store *store, int64_t n, bool values, bool weights,
                              bool timestamps)
{
    array_slot old[N_ARRAYS], fresh[N_ARRAYS];
    list_arrays(store, old);
    const bool wanted[N_ARRAYS] = {true, true, values, weights, timestamps};
    bool complete = n <= store->room - store->n;
    for (int i = 0; i < N_ARRAYS; i++) {
        fresh[i] = (array_slot){NULL, old[i].item_size, old[i].wanted || wanted[i]};
        complete = complete && (!fresh[i].wanted || old[i].data != NULL);
    }
    if (complete)
        return LFM_OK;
    if (n > INT64_MAX / 16 - store->n)
        return lfmi_fail(LFM_ERROR_MEMORY, "no memory for %lld more entries", (long long)n);
    int64_t room = store->room;
    if (n > room - store->n)
        room = room + room / 2 > store->n + n ? room + room / 2 : store->n + n;
    for (int i = 0; i < N_ARRAYS; i++) {
        lfm_status status = LFM_OK;
        if (fresh[i].wanted)
            status = lfmi_allocate(context, room, fresh[i].item_size, "the entries of a dataset", &fresh[i].data);
        if (status != LFM_OK) {
            free_arrays(context, fresh, room);
            return status;
        }
    }
    for (int i = 0; i < N_ARRAYS; i++) {
        if (old[i].data != NULL && store->n > 0)
            memcpy(fresh[i].data, old[i].data, (size_t)store->n * old[i].item_size);
        else if (fresh[i].wanted && (i == 2 || i == 3))
            fill_with_ones(fresh[i].data, store->n);
    }
    free_arrays(context, old, store->room);
    store->rows = fresh[0].data;
    store->columns = fresh[1].data;
    store->values = fresh[2].data;
    store->weights = fresh[3].data;
    store->timestamps = fresh[4].data;
    store->room = room;
    return LFM_OK;
}

/* ---- One call ---- */

/* What a call adds, and where. */
typedef struct addition {
    const char *call;
    lfm_named_entries given;
    lfmi_dataset_side *row_side;    /* whose ids are the rows */
    lfmi_dataset_side *column_side; /* whose ids, or features, are the columns */
    bool features;
    lfmi_store *store;
    int32_t *rows, *columns; /* of the new entries, behind those that the store has */
} addition;

/* Fail with a message that names the entry whole. */
static lfm_status bad_entry(const addition *a, int64_t i, const char *what, double number, const char *complaint)
{
    char row[LFMI_SHOWN], column[LFMI_SHOWN];
    return lfmi_fail(LFM_ERROR_DATA, "%s: entry %lld (%s %s, %s %s): the %s %g %s", a->call, (long long)i,
                     a->row_side->what, lfmi_names_show(&a->given.rows, i, row),
                     a->features ? "feature" : a->column_side->what, lfmi_names_show(&a->given.columns, i, column),
                     what, number, complaint);
}

static lfm_status check_numbers(const addition *a, const lfm_array *array, const char *what, bool may_be_negative)
{
    if (array->data == NULL)
        return LFM_OK;
    if (array->type != LFM_FLOAT32 && array->type != LFM_FLOAT64)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "%s: the %ss must be float32 or float64, their type is number %d", a->call,
                         what, array->type);
    for (int64_t i = 0; i < a->given.n_entries; i++) {
        const double number = lfmi_real_at(array, i);
        if (!lfmi_is_finite((float)number))
            return bad_entry(a, i, what, number, "is not a finite float32");
        if (number < 0 && !may_be_negative)
            return bad_entry(a, i, what, number, "is below 0");
    }
    return LFM_OK;
}

static lfm_status check(const addition *a)
{
    const lfm_named_entries *given = &a->given;
    const int32_t policies[] = {given->unknown_rows, given->unknown_columns};
    for (int i = 0; i < 2; i++) {
        if (policies[i] < LFM_UNKNOWN_ERROR || policies[i] > LFM_UNKNOWN_ADD)
            return lfmi_fail(LFM_ERROR_OPTION, "%s: there is no policy number %d for unknown %s", a->call, policies[i],
                             i == 0 ? "rows" : "columns");
    }
    LFMI_TRY(lfmi_names_check(&given->rows, given->n_entries, lfm_ids_kind(a->row_side->ids), a->call, "rows"));
    const int32_t kind = a->features ? (int32_t)LFM_IDS_TEXT : lfm_ids_kind(a->column_side->ids);
    LFMI_TRY(lfmi_names_check(&given->columns, given->n_entries, kind, a->call, "columns"));
    if (a->features && (given->weights.data != NULL || given->timestamps.data != NULL))
        return lfmi_fail(LFM_ERROR_ARGUMENT, "%s: features have values, but neither weights nor timestamps", a->call);
    LFMI_TRY(check_numbers(a, &given->values, a->features ? "weight" : "value", true));
    LFMI_TRY(check_numbers(a, &given->weights, "weight", false));
    if (given->timestamps.data != NULL && given->timestamps.type != LFM_INT64)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "%s: the timestamps must be int64, their type is number %d", a->call,
                         given->timestamps.type);
    if (a->store->n > 0 && given->n_entries > 0 && (given->timestamps.data != NULL) != (a->store->timestamps != NULL))
        return lfmi_fail(LFM_ERROR_ARGUMENT, "%s: the entries so far have %s timestamps, these have %s", a->call,
                         a->store->timestamps != NULL ? "" : "no", a->store->timestamps != NULL ? "none" : "some");
    return LFM_OK;
}

/* Mark entries that are left out by -1 in rows and columns; refuse unknown names. */
static lfm_status judge_unknown(const addition *a)
{
    const lfm_named_entries *given = &a->given;
    const bool rows_found = given->unknown_rows != LFM_UNKNOWN_ADD;
    const bool columns_found = given->unknown_columns != LFM_UNKNOWN_ADD;
    for (int64_t i = 0; i < given->n_entries; i++) {
        const bool no_row = rows_found && a->rows[i] < 0, no_column = columns_found && a->columns[i] < 0;
        if ((no_row && given->unknown_rows == LFM_UNKNOWN_SKIP) ||
            (no_column && given->unknown_columns == LFM_UNKNOWN_SKIP)) {
            a->rows[i] = a->columns[i] = -1;
        } else if (no_row || no_column) {
            char shown[LFMI_SHOWN];
            const char *what = no_row ? a->row_side->what : a->column_side->what;
            return lfmi_fail(LFM_ERROR_DATA, "%s: entry %lld: there is no %s%s %s", a->call, (long long)i, what,
                             a->features && !no_row ? " feature" : "",
                             lfmi_names_show(no_row ? &given->rows : &given->columns, i, shown));
        }
    }
    return LFM_OK;
}

/* Add the names that may be added, for entries that are not left out. */
static lfm_status add_names(lfm_context *context, const addition *a)
{
    const lfm_named_entries *given = &a->given;
    const bool add_rows = given->unknown_rows == LFM_UNKNOWN_ADD;
    const bool add_columns = given->unknown_columns == LFM_UNKNOWN_ADD;
    if (add_rows)
        LFMI_TRY(lfmi_dataset_add_rows(context, a->row_side, given->n_entries, &given->rows,
                                       add_columns ? NULL : a->columns, a->rows, a->call));
    if (!add_columns)
        return LFM_OK;
    const int32_t *where = add_rows ? NULL : a->rows;
    return a->features ? lfmi_dataset_add_columns(context, a->column_side, given->n_entries, &given->columns, where,
                                                  a->columns, a->call)
                       : lfmi_dataset_add_rows(context, a->column_side, given->n_entries, &given->columns, where,
                                               a->columns, a->call);
}

static lfm_status resolve(lfm_context *context, const addition *a)
{
    const lfm_named_entries *given = &a->given;
    if (given->unknown_rows != LFM_UNKNOWN_ADD)
        lfmi_ids_find_names(a->row_side->ids, given->n_entries, &given->rows, a->rows);
    if (given->unknown_columns != LFM_UNKNOWN_ADD)
        lfmi_ids_find_names(a->features ? a->column_side->features : a->column_side->ids, given->n_entries,
                            &given->columns, a->columns);
    /* Where a name is to be added it has no index yet: entries are left out by the other's. */
    for (int64_t i = 0; i < given->n_entries; i++) {
        if (given->unknown_rows == LFM_UNKNOWN_ADD)
            a->rows[i] = 0;
        if (given->unknown_columns == LFM_UNKNOWN_ADD)
            a->columns[i] = 0;
    }
    LFMI_TRY(judge_unknown(a));
    LFMI_TRY(add_names(context, a));
    if (!a->features)
        return LFM_OK;
    return lfmi_dataset_check_columns(a->column_side, given->n_entries, &given->columns, a->columns, a->call);
}

/* Keep the entries that are not left out. */
static int64_t keep(const addition *a)
{
    const lfm_named_entries *given = &a->given;
    lfmi_store *store = a->store;
    int64_t to = store->n;
    for (int64_t i = 0; i < given->n_entries; i++) {
        if (a->rows[i] < 0 || a->columns[i] < 0)
            continue;
        store->rows[to] = a->rows[i];
        store->columns[to] = a->columns[i];
        if (store->values != NULL)
            store->values[to] = given->values.data != NULL ? (float)lfmi_real_at(&given->values, i) : 1;
        if (store->weights != NULL)
            store->weights[to] = given->weights.data != NULL ? (float)lfmi_real_at(&given->weights, i) : 1;
        if (store->timestamps != NULL)
            store->timestamps[to] = lfmi_integer_at(&given->timestamps, i);
        to++;
    }
    const int64_t skipped = given->n_entries - (to - store->n);
    store->n = to;
    return skipped;
}

static lfm_status add_entries(lfm_dataset *d, addition *a, const lfm_named_entries *given, int64_t *n_skipped)
{
    a->given = (lfm_named_entries){.size = sizeof a->given};
    LFMI_TRY(lfmi_sized_read(&a->given, sizeof a->given, given, "lfm_named_entries"));
    given = &a->given;
    LFMI_TRY(check(a));
    if (a->store->n == 0 && a->store->timestamps != NULL && given->timestamps.data == NULL)
        lfmi_store_free(d->context, a->store); /* of entries with timestamps none was kept */
    if (given->n_entries > 0)
        LFMI_TRY(lfmi_store_reserve(d->context, a->store, given->n_entries, given->values.data != NULL,
                                    given->weights.data != NULL, given->timestamps.data != NULL));
    int32_t before[2][2];
    for (int s = 0; s < 2; s++) {
        before[s][0] = lfm_ids_count(d->sides[s].ids);
        before[s][1] = lfm_ids_count(d->sides[s].features);
    }
    a->rows = given->n_entries > 0 ? a->store->rows + a->store->n : NULL;
    a->columns = given->n_entries > 0 ? a->store->columns + a->store->n : NULL;
    const lfm_status status = resolve(d->context, a);
    if (status != LFM_OK) {
        for (int s = 0; s < 2; s++)
            lfmi_dataset_truncate(&d->sides[s], before[s][0], before[s][1]);
        return status;
    }
    fenv_t environment;
    lfmi_float_enter(&environment); /* float64 is rounded */
    const int64_t skipped = keep(a);
    lfmi_float_leave(&environment);
    if (n_skipped != NULL)
        *n_skipped = skipped;
    return LFM_OK;
}

lfm_status lfm_dataset_add_interactions(lfm_dataset *d, const lfm_named_entries *entries, int64_t *n_skipped)
{
    lfmi_clear_message();
    LFMI_REQUIRE(d);
    LFMI_REQUIRE(entries);
    addition a = {.call = __func__,
                  .row_side = &d->sides[LFM_USER],
                  .column_side = &d->sides[LFM_ITEM],
                  .store = &d->interactions};
    return add_entries(d, &a, entries, n_skipped);
}

lfm_status lfm_dataset_add_features(lfm_dataset *d, int32_t side, const lfm_named_entries *entries,
                                    int64_t *n_skipped)
{
    lfmi_clear_message();
    LFMI_REQUIRE(d);
    LFMI_REQUIRE(entries);
    if (!lfmi_is_side(side))
        return lfmi_fail(LFM_ERROR_ARGUMENT, "lfm_dataset_add_features: there is no side number %d", side);
    addition a = {.call = __func__,
                  .row_side = &d->sides[side],
                  .column_side = &d->sides[side],
                  .features = true,
                  .store = &d->sides[side].entries};
    return add_entries(d, &a, entries, n_skipped);
}

void lfm_dataset_clear_interactions(lfm_dataset *d)
{
    if (d != NULL)
        lfmi_store_free(d->context, &d->interactions);
}

void lfm_dataset_clear_features(lfm_dataset *d, int32_t side)
{
    if (d != NULL && lfmi_is_side(side))
        lfmi_store_free(d->context, &d->sides[side].entries);
}

int64_t lfm_dataset_n_interactions(const lfm_dataset *d) { return d != NULL ? d->interactions.n : 0; }

int64_t lfm_dataset_n_features(const lfm_dataset *d, int32_t side)
{
    return d != NULL && lfmi_is_side(side) ? d->sides[side].entries.n : 0;
}
