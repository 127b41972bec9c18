/* Interactions: creation from caller's arrays, life, access. */
#include "matrix/interactions.h"

#include "base/numeric.h"
#include "base/sized.h"

LFMI_ASSERT_SIZED(lfm_interactions_options, cancel);

void lfm_interactions_options_init_sized(lfm_interactions_options *options, size_t size)
{
    lfmi_sized_init(options, size, NULL, sizeof *options);
}

static lfm_status new_interactions(lfm_context *context, int32_t n_users, int32_t n_items,
                                   int64_t n_entries, lfm_interactions **out)
{
    lfm_interactions *m;
    LFMI_TRY(LFMI_NEW_ZEROED(context, 1, "interactions", &m));
    lfmi_ref_init(&m->references);
    m->context = lfm_context_ref(context);
    m->n_users = n_users;
    m->n_items = n_items;
    m->n_entries = n_entries;
    pthread_mutex_init(&m->index_lock, NULL);
    *out = m;
    return LFM_OK;
}

lfm_interactions *lfm_interactions_ref(lfm_interactions *interactions)
{
    if (interactions != NULL)
        lfmi_ref_add(&interactions->references);
    return interactions;
}

void lfm_interactions_free(lfm_interactions *m)
{
    if (m == NULL || !lfmi_ref_drop(&m->references))
        return;
    lfm_context *context = m->context;
    lfmi_index_free(m);
    lfmi_array_free(context, &m->users);
    lfmi_array_free(context, &m->items);
    lfmi_array_free(context, &m->values);
    lfmi_array_free(context, &m->weights);
    lfmi_array_free(context, &m->timestamps);
    lfmi_release(m->release, m->release_user_data);
    pthread_mutex_destroy(&m->index_lock);
    LFMI_FREE_ARRAY(context, m, 1);
    lfm_context_free(context);
}

/* Merge the copies of entries order[at] .. order[end - 1] into place `to`. */
static lfm_status merge_run(const lfmi_input *input, const lfm_interactions_options *options,
                            const lfmi_grouping *grouping, int64_t at, int64_t end, int64_t to,
                            int32_t row, lfm_interactions *m)
{
    const int64_t *order = grouping->order;
    const bool sum = options->duplicates == LFM_DUPLICATES_SUM;
    double value = 0, weight = 0;
    int64_t timestamp = INT64_MIN;
    for (int64_t i = sum ? at : end - 1; i < end; i++) {
        const int64_t entry = order[i];
        value += input->values.data != NULL ? lfmi_real_at(&input->values, entry) : 1.0;
        weight += options->weights.data != NULL ? lfmi_real_at(&options->weights, entry) : 0.0;
        const int64_t time =
            options->timestamps.data != NULL ? lfmi_integer_at(&options->timestamps, entry) : INT64_MIN;
        timestamp = time > timestamp ? time : timestamp;
    }
    const int32_t column = (int32_t)lfmi_integer_at(&input->columns, order[at]);
    if (!lfmi_is_finite((float)value) || !lfmi_is_finite((float)weight))
        return lfmi_fail(LFM_ERROR_DATA,
                         "%s: row %d, column %d: the sum of its copies is not a finite float32",
                         input->what, row, column);
    ((int32_t *)(uintptr_t)m->users.data)[to] = row;
    ((int32_t *)(uintptr_t)m->items.data)[to] = column;
    if (m->values.data != NULL)
        ((float *)(uintptr_t)m->values.data)[to] = (float)value;
    if (m->weights.data != NULL)
        ((float *)(uintptr_t)m->weights.data)[to] = (float)weight;
    if (m->timestamps.data != NULL)
        ((int64_t *)(uintptr_t)m->timestamps.data)[to] = timestamp;
    return LFM_OK;
}

/* Allocate the owned arrays of m->n_entries entries. */
static lfm_status allocate_entries(lfm_interactions *m, bool values, bool weights, bool timestamps)
{
    void *data;
    const int64_t n = m->n_entries;
    LFMI_TRY(lfmi_array_new(m->context, LFM_INT32, n, "users of interactions", &m->users, &data));
    LFMI_TRY(lfmi_array_new(m->context, LFM_INT32, n, "items of interactions", &m->items, &data));
    if (values)
        LFMI_TRY(lfmi_array_new(m->context, LFM_FLOAT32, n, "values of interactions", &m->values, &data));
    if (weights)
        LFMI_TRY(lfmi_array_new(m->context, LFM_FLOAT32, n, "weights of interactions", &m->weights, &data));
    if (timestamps)
        LFMI_TRY(lfmi_array_new(m->context, LFM_INT64, n, "timestamps of interactions", &m->timestamps, &data));
    return LFM_OK;
}

static lfm_status take_merged(const lfmi_input *input, const lfm_interactions_options *options,
                              const lfmi_grouping *grouping, lfm_interactions *m)
{
    m->n_entries = lfmi_count_distinct(input, grouping);
    LFMI_TRY(allocate_entries(m, input->values.data != NULL || options->duplicates == LFM_DUPLICATES_SUM,
                              options->weights.data != NULL, options->timestamps.data != NULL));
    int64_t to = 0;
    int64_t looked = 0;
    for (int32_t row = 0; row < input->n_rows; row++) {
        const int64_t row_end = grouping->groups[row + 1];
        if (row_end - looked >= LFMI_ENTRIES_PER_LOOK) {
            LFMI_TRY(lfmi_poll(input->cancel));
            looked = row_end;
        }
        for (int64_t at = grouping->groups[row]; at < row_end; to++) {
            const int64_t end = lfmi_run_end(input, grouping, at, row_end);
            LFMI_TRY(merge_run(input, options, grouping, at, end, to, row, m));
            at = end;
        }
    }
    return LFM_OK;
}

static lfm_status take_as_is(const lfmi_input *input, const lfm_interactions_options *options,
                             lfm_interactions *m)
{
    lfm_context *context = m->context;
    const int64_t n = input->n_entries;
    const bool borrow = options->borrow != 0;
    if (input->rows.data != NULL || n == 0)
        LFMI_TRY(lfmi_array_take(context, &input->rows, n, LFM_INT32, borrow, "users of interactions", &m->users));
    else
        LFMI_TRY(lfmi_input_expand_rows(context, input, &m->users));
    LFMI_TRY(lfmi_poll(input->cancel));
    LFMI_TRY(lfmi_array_take(context, &input->columns, n, LFM_INT32, borrow, "items of interactions", &m->items));
    LFMI_TRY(lfmi_poll(input->cancel));
    LFMI_TRY(lfmi_array_take(context, &input->values, n, LFM_FLOAT32, borrow, "values of interactions", &m->values));
    LFMI_TRY(lfmi_array_take(context, &options->weights, n, LFM_FLOAT32, borrow, "weights of interactions", &m->weights));
    return lfmi_array_take(context, &options->timestamps, n, LFM_INT64, borrow, "timestamps of interactions",
                           &m->timestamps);
}

static bool borrows_anything(const lfm_interactions *m)
{
    const lfmi_array *arrays[] = {&m->users, &m->items, &m->values, &m->weights, &m->timestamps};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        if (arrays[i]->data != NULL && !arrays[i]->owned)
            return true;
    }
    return false;
}

static lfm_status build(lfm_context *context, const lfmi_input *input,
                        const lfm_interactions_options *options, lfm_interactions **out)
{
    LFMI_TRY(lfmi_input_check_weights(input, &options->weights));
    if (options->timestamps.data != NULL && options->timestamps.type != LFM_INT64)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "interactions: timestamps must be int64, their type is number %d",
                         options->timestamps.type);
    lfm_interactions *m;
    LFMI_TRY(new_interactions(context, input->n_rows, input->n_columns, input->n_entries, &m));
    lfm_status status = LFM_OK;
    if (options->duplicates == LFM_DUPLICATES_KEEP) {
        status = take_as_is(input, options, m);
    } else {
        lfmi_grouping grouping;
        status = lfmi_group(context, input, &grouping);
        if (status == LFM_OK && options->duplicates == LFM_DUPLICATES_REJECT) {
            status = lfmi_reject_duplicates(input, &grouping);
            lfmi_grouping_free(context, &grouping);
            if (status == LFM_OK)
                status = take_as_is(input, options, m);
        } else if (status == LFM_OK) {
            status = take_merged(input, options, &grouping, m);
            lfmi_grouping_free(context, &grouping);
        }
    }
    if (status != LFM_OK) {
        lfm_interactions_free(m);
        return status;
    }
    *out = m;
    return LFM_OK;
}

/* The common way of both constructors: one of coo and csr is given. */
static lfm_status create(lfm_context *context, const lfm_coo *coo, const lfm_csr *csr,
                         const lfm_interactions_options *given, lfm_interactions **out)
{
    lfm_interactions_options options = {.size = sizeof options};
    lfm_status status = LFM_OK;
    if (given != NULL)
        status = lfmi_sized_read(&options, sizeof options, given, "lfm_interactions_options");
    fenv_t environment;
    lfmi_float_enter(&environment); /* sums of duplicates and of rows */
    lfm_context *held = lfmi_context_hold(context);
    lfmi_input input;
    lfm_interactions *m = NULL;
    if (status == LFM_OK && ((coo == NULL && csr == NULL) || out == NULL))
        status = lfmi_fail(LFM_ERROR_ARGUMENT, "interactions: the matrix and out must not be NULL");
    if (status == LFM_OK && (options.duplicates < LFM_DUPLICATES_KEEP || options.duplicates > LFM_DUPLICATES_REJECT))
        status = lfmi_fail(LFM_ERROR_OPTION, "interactions: there is no duplicate policy number %d",
                           options.duplicates);
    if (status == LFM_OK)
        status = coo != NULL ? lfmi_input_from_coo(coo, "interactions", options.cancel, &input)
                             : lfmi_input_from_csr(csr, "interactions", options.cancel, &input);
    if (status == LFM_OK)
        status = build(held, &input, &options, &m);
    lfmi_float_leave(&environment);
    lfm_context_free(held);
    if (status == LFM_OK && borrows_anything(m)) {
        m->release = options.release;
        m->release_user_data = options.release_user_data;
    } else {
        lfmi_release(options.release, options.release_user_data);
    }
    if (status == LFM_OK)
        *out = m;
    return status;
}

lfm_status lfm_interactions_from_coo(lfm_context *context, const lfm_coo *coo,
                                     const lfm_interactions_options *options, lfm_interactions **out)
{
    lfmi_clear_message();
    return create(context, coo, NULL, options, out);
}

lfm_status lfm_interactions_from_csr(lfm_context *context, const lfm_csr *csr,
                                     const lfm_interactions_options *options, lfm_interactions **out)
{
    lfmi_clear_message();
    return create(context, NULL, csr, options, out);
}

lfm_status lfmi_interactions_new_like(const lfm_interactions *like, int32_t n_users, int32_t n_items,
                                      int64_t n_entries, lfm_interactions **out)
{
    lfm_interactions *m;
    LFMI_TRY(new_interactions(like->context, n_users, n_items, n_entries, &m));
    const lfm_status status =
        allocate_entries(m, like->values.data != NULL, like->weights.data != NULL, like->timestamps.data != NULL);
    if (status != LFM_OK) {
        lfm_interactions_free(m);
        return status;
    }
    *out = m;
    return LFM_OK;
}

void lfmi_interactions_copy_entry(lfm_interactions *target, int64_t to, const lfm_interactions *source,
                                  int64_t from, int32_t user, int32_t item)
{
    ((int32_t *)(uintptr_t)target->users.data)[to] = user;
    ((int32_t *)(uintptr_t)target->items.data)[to] = item;
    if (source->values.data != NULL)
        ((float *)(uintptr_t)target->values.data)[to] = lfmi_values(source)[from];
    if (source->weights.data != NULL)
        ((float *)(uintptr_t)target->weights.data)[to] = lfmi_weights(source)[from];
    if (source->timestamps.data != NULL)
        ((int64_t *)(uintptr_t)target->timestamps.data)[to] = lfmi_timestamps(source)[from];
}

int32_t lfm_interactions_n_users(const lfm_interactions *m) { return m != NULL ? m->n_users : 0; }
int32_t lfm_interactions_n_items(const lfm_interactions *m) { return m != NULL ? m->n_items : 0; }
int64_t lfm_interactions_n_entries(const lfm_interactions *m) { return m != NULL ? m->n_entries : 0; }
const int32_t *lfm_interactions_users(const lfm_interactions *m) { return m != NULL ? lfmi_users(m) : NULL; }
const int32_t *lfm_interactions_items(const lfm_interactions *m) { return m != NULL ? lfmi_items(m) : NULL; }
const float *lfm_interactions_values(const lfm_interactions *m) { return m != NULL ? lfmi_values(m) : NULL; }
const float *lfm_interactions_weights(const lfm_interactions *m) { return m != NULL ? lfmi_weights(m) : NULL; }
const int64_t *lfm_interactions_timestamps(const lfm_interactions *m)
{
    return m != NULL ? lfmi_timestamps(m) : NULL;
}
