/* Short ways to datasets and what stands in them. */
#ifndef TEST_NAMED_H
#define TEST_NAMED_H

#include <string.h>

#include "check.h"

static inline lfm_dataset *make(void)
{
    lfm_dataset *d = NULL;
    REQUIRE_OK(lfm_dataset_create(NULL, NULL, &d));
    return d;
}

static inline lfm_dataset *make_with(int32_t kind, int32_t identity, int32_t shared_names)
{
    lfm_dataset_options options;
    lfm_dataset_options_init(&options);
    CHECK(options.user_identity == 1 && options.item_identity == 1 && options.user_ids == LFM_IDS_TEXT);
    options.user_ids = options.item_ids = kind;
    options.user_identity = options.item_identity = identity;
    options.shared_names = shared_names;
    lfm_dataset *d = NULL;
    REQUIRE_OK(lfm_dataset_create(NULL, &options, &d));
    return d;
}

static inline lfm_named_entries entries_of(int64_t n, const char *const *rows, const char *const *columns)
{
    lfm_named_entries entries;
    lfm_named_entries_init(&entries);
    CHECK(entries.unknown_rows == LFM_UNKNOWN_ERROR && entries.unknown_columns == LFM_UNKNOWN_ERROR);
    entries.n_entries = n;
    entries.rows = lfm_strings(rows);
    entries.columns = lfm_strings(columns);
    return entries;
}

static inline void add_strings(lfm_dataset *d, int32_t space, int64_t n, const char *const *names)
{
    CHECK_OK(lfm_dataset_add_ids(d, space, n, lfm_strings(names), NULL));
}

static inline int32_t index_of(const lfm_dataset *d, int32_t space, const char *name)
{
    return lfm_ids_find(lfm_dataset_ids(d, space), name, strlen(name));
}

static inline int32_t count(const lfm_dataset *d, int32_t space) { return lfm_ids_count(lfm_dataset_ids(d, space)); }

/* The weight of a feature of a row by name, the sum where it stands there more than once. */
static inline double weight_of(const lfm_dataset *d, const lfm_features *f, int32_t side, const char *row,
                               const char *feature)
{
    const int32_t r = index_of(d, side, row), c = index_of(d, side + LFM_SPACE_USER_FEATURE, feature);
    const int32_t *columns = NULL;
    const float *values = NULL;
    double sum = 0;
    const int64_t n = lfm_features_row(f, r, &columns, &values);
    for (int64_t i = 0; i < n; i++)
        sum += columns[i] == c ? (values != NULL ? (double)values[i] : 1.0) : 0;
    return sum;
}

static inline lfm_features *build(const lfm_dataset *d, int32_t side, int32_t normalise, int32_t duplicates)
{
    lfm_dataset_build_options options;
    lfm_dataset_build_options_init(&options);
    CHECK(options.normalise == 1 && options.duplicates == LFM_DUPLICATES_KEEP);
    options.normalise = normalise;
    options.duplicates = duplicates;
    lfm_features *f = NULL;
    REQUIRE_OK(lfm_dataset_features(d, side, &options, &f));
    CHECK(lfm_features_n_rows(f) == count(d, side) &&
          lfm_features_n_features(f) == count(d, side + LFM_SPACE_USER_FEATURE));
    return f;
}

#endif
