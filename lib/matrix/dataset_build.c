/* Matrices made of a dataset. */
#include "base/sized.h"
#include "matrix/dataset.h"

LFMI_ASSERT_SIZED(lfm_dataset_build_options, cancel);

void lfm_dataset_build_options_init_sized(lfm_dataset_build_options *options, size_t size)
{
    const lfm_dataset_build_options known = {.size = sizeof known, .normalise = 1};
    lfmi_sized_init(options, size, &known, sizeof known);
}

static lfm_status read_options(lfm_dataset_build_options *known, const lfm_dataset_build_options *given)
{
    lfm_dataset_build_options_init(known);
    return given != NULL ? lfmi_sized_read(known, sizeof *known, given, "lfm_dataset_build_options") : LFM_OK;
}

lfm_status lfm_dataset_interactions(const lfm_dataset *d, const lfm_dataset_build_options *given,
                                    lfm_interactions **out)
{
    lfmi_clear_message();
    LFMI_REQUIRE(d);
    LFMI_REQUIRE(out);
    lfm_dataset_build_options known;
    LFMI_TRY(read_options(&known, given));
    static const int32_t none;
    const lfmi_store *store = &d->interactions;
    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_entries = store->n;
    coo.n_rows = lfm_ids_count(d->sides[LFM_USER].ids);
    coo.n_columns = lfm_ids_count(d->sides[LFM_ITEM].ids);
    coo.rows = lfm_int32(store->n > 0 ? store->rows : &none);
    coo.columns = lfm_int32(store->n > 0 ? store->columns : &none);
    coo.values = lfm_float32(store->values);
    lfm_interactions_options options;
    lfm_interactions_options_init(&options);
    options.duplicates = known.duplicates;
    options.weights = lfm_float32(store->weights);
    options.timestamps = lfm_int64(store->timestamps);
    options.cancel = known.cancel;
    return lfm_interactions_from_coo(d->context, &coo, &options, out);
}

/* The entries of a side, its indicators before them, in arrays of their own. */
static lfm_status with_indicators(lfm_context *context, const lfmi_dataset_side *side, lfmi_store *all)
{
    const lfmi_store *named = &side->entries;
    const int64_t n_rows = lfm_ids_count(side->ids);
    LFMI_TRY(lfmi_store_reserve(context, all, n_rows + named->n, named->values != NULL, false, false));
    for (int64_t r = 0; r < n_rows; r++) {
        all->rows[r] = (int32_t)r;
        all->columns[r] = side->indicators[r];
        if (all->values != NULL)
            all->values[r] = 1;
    }
    if (named->n > 0) {
        memcpy(all->rows + n_rows, named->rows, (size_t)named->n * sizeof *named->rows);
        memcpy(all->columns + n_rows, named->columns, (size_t)named->n * sizeof *named->columns);
        if (all->values != NULL)
            memcpy(all->values + n_rows, named->values, (size_t)named->n * sizeof *named->values);
    }
    all->n = n_rows + named->n;
    return LFM_OK;
}

lfm_status lfm_dataset_features(const lfm_dataset *d, int32_t side_number, const lfm_dataset_build_options *given,
                                lfm_features **out)
{
    lfmi_clear_message();
    LFMI_REQUIRE(d);
    LFMI_REQUIRE(out);
    if (!lfmi_is_side(side_number))
        return lfmi_fail(LFM_ERROR_ARGUMENT, "lfm_dataset_features: there is no side number %d", side_number);
    const lfmi_dataset_side *side = &d->sides[side_number];
    lfm_dataset_build_options known;
    LFMI_TRY(read_options(&known, given));
    static const int32_t none;
    lfmi_store all = {0};
    const lfmi_store *store = &side->entries;
    if (side->identity) {
        LFMI_TRY(with_indicators(d->context, side, &all));
        store = &all;
    }
    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_entries = store->n;
    coo.n_rows = lfm_ids_count(side->ids);
    coo.n_columns = lfm_ids_count(side->features);
    coo.rows = lfm_int32(store->n > 0 ? store->rows : &none);
    coo.columns = lfm_int32(store->n > 0 ? store->columns : &none);
    coo.values = lfm_float32(store->values);
    lfm_features_options options;
    lfm_features_options_init(&options);
    options.duplicates = known.duplicates;
    options.normalise = known.normalise;
    options.cancel = known.cancel;
    const lfm_status status = lfm_features_from_coo(d->context, &coo, &options, out);
    lfmi_store_free(d->context, &all);
    return status;
}
