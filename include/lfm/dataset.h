/* liblfm: interactions and features by name. A builder that numbers users, items and features and makes matrices. */
#ifndef LFM_DATASET_H
#define LFM_DATASET_H

#include "lfm/features.h"
#include "lfm/ids.h"
#include "lfm/interactions.h"
#include "lfm/model.h"
#include "lfm/similar.h"

LFM_BEGIN_DECLS

/* Four maps from ids to indices (users, items, user features, item features), the interactions and the features of
 * users and items that were added under those ids, and the matrices made of them, as often as wanted. It grows: more
 * users, items, features and entries may be added after matrices were made; those made later have more rows and
 * columns.
 *
 * **Columns.** With identity, each user (item) is a feature of its own, its indicator, under its own id among the
 * features of its side; a number stands there as decimal text. Features get their columns in the order of first
 * appearance, an indicator when its user or item is added. So a column, once given, never moves: a model trained on
 * the matrices of yesterday stays right after lfm_model_resize() to the columns of today, though new users'
 * indicators then stand behind the tags. (Numbering all indicators first, as lfm_features_options.identity does,
 * would shift every tag with each new user.) The columns of indicators are told by lfm_dataset_indicator().
 *
 * A model for the matrices has lfm_ids_count(lfm_dataset_ids(dataset, LFM_SPACE_USER_FEATURE)) user features and as
 * many item features as LFM_SPACE_ITEM_FEATURE has ids.
 *
 * Calls that add or clear have the object to themselves: no other call may use it meanwhile. Any number of threads
 * may make the calls that take it as const. */
typedef struct lfm_dataset lfm_dataset;

/* What a dataset is made with. Initialise with lfm_dataset_options_init(). */
typedef struct lfm_dataset_options {
    size_t size;           /* set by the initialiser */
    int32_t user_ids;      /* LFM_IDS_TEXT (default) or LFM_IDS_NUMBER; names of features are always texts */
    int32_t item_ids;      /* likewise */
    int32_t user_identity; /* 1 (default): each user is a feature of its own; 0: only the features added */
    int32_t item_identity; /* likewise */
    int32_t shared_names;  /* what when, with identity, a feature is named like a user (item): 0 (default): refused,
                            * since a tag "1984" and an item "1984" would share one column by mistake; 1: they do,
                            * as in LightFM: a way to make one user the feature of another */
    int32_t reserved;      /* 0 */
} lfm_dataset_options;

LFM_API void lfm_dataset_options_init_sized(lfm_dataset_options *options, size_t size);
#define lfm_dataset_options_init(options) lfm_dataset_options_init_sized((options), sizeof *(options))

/* Create an empty dataset. context, options: NULL for the defaults. out: receives one reference.
 * Errors: ARGUMENT, OPTION, MEMORY. Thread-safe. Since 0.1. */
LFM_API lfm_status lfm_dataset_create(lfm_context *context, const lfm_dataset_options *options, lfm_dataset **out);

/* Add a reference and return the object (NULL gives NULL). Thread-safe. Since 0.1. */
LFM_API lfm_dataset *lfm_dataset_ref(lfm_dataset *dataset);

/* Drop a reference; the last one frees. NULL is a no-op. Thread-safe. Since 0.1. */
LFM_API void lfm_dataset_free(lfm_dataset *dataset);

/* Add users, items or names of features; those that are there already stay as they are.
 *
 * space: LFM_SPACE_USER, LFM_SPACE_ITEM, LFM_SPACE_USER_FEATURE or LFM_SPACE_ITEM_FEATURE. n, names: as in
 * lfm_ids_add_all(). indices: receives n indices: rows of users or items, columns of features; may be NULL.
 * A single one: `lfm_dataset_add_ids(dataset, LFM_SPACE_USER, 1, lfm_strings(&name), &index)`.
 * Errors: ARGUMENT, DATA (as lfm_ids_add_all(); a feature named like a user or item, see shared_names: names the
 * entry and the id), MEMORY. Nothing has been added then. Cost: 4 bytes per entry while it runs. Since 0.1. */
LFM_API lfm_status lfm_dataset_add_ids(lfm_dataset *dataset, int32_t space, int64_t n, lfm_names names,
                                       int32_t *indices);

/* Return the ids of a space (LFM_SPACE_…), valid as long as the dataset; NULL for NULL or no such space. Users' and
 * items' indices are the rows, features' the columns of the matrices. Thread-safe among const calls. Since 0.1. */
LFM_API const lfm_ids *lfm_dataset_ids(const lfm_dataset *dataset, int32_t space);

/* Return the column of a user's (side LFM_USER) or item's (LFM_ITEM) indicator; -1 without identity, for NULL and for
 * no such row. Thread-safe among const calls. Since 0.1. */
LFM_API int32_t lfm_dataset_indicator(const lfm_dataset *dataset, int32_t side, int32_t row);

/* What becomes of an entry whose name is unknown: an error that names it; the entry is left out; the name is added. */
enum { LFM_UNKNOWN_ERROR = 0, LFM_UNKNOWN_SKIP = 1, LFM_UNKNOWN_ADD = 2 };

/* Entries by name, in the caller's arrays. Initialise with lfm_named_entries_init(). */
typedef struct lfm_named_entries {
    size_t size;             /* set by the initialiser */
    int64_t n_entries;       /* >= 0 */
    lfm_names rows;          /* users; of features: users or items */
    lfm_names columns;       /* items; of features: their names */
    lfm_array values;        /* float32 or float64, finite: values of interactions, weights of features; none: ones */
    lfm_array weights;       /* float32 or float64, finite and >= 0, of interactions only; none: ones */
    lfm_array timestamps;    /* int64, of interactions only, any unit; none: unknown */
    int32_t unknown_rows;    /* LFM_UNKNOWN_…, default error */
    int32_t unknown_columns; /* likewise */
} lfm_named_entries;

LFM_API void lfm_named_entries_init_sized(lfm_named_entries *entries, size_t size);
#define lfm_named_entries_init(entries) lfm_named_entries_init_sized((entries), sizeof *(entries))

/* Add interactions: who did what.
 *
 * n_skipped: receives how many entries were left out for a name that is unknown; may be NULL. A name is not added for
 * an entry that is left out. Timestamps must be given in every call or in none; values and weights are ones where
 * they were not given.
 * Errors: ARGUMENT (NULL, a negative size, an array of a wrong type, timestamps now and not before or the reverse),
 * OPTION (struct size, policy), DATA (an unknown name; a value or weight that is NaN, infinite or, of weights, below
 * 0; a name as in lfm_dataset_add_ids(): names the entry, the user and the item), MEMORY. Nothing has been added then.
 * Cost: 8 bytes per entry, 4 more for values and for weights, 8 for timestamps, where given; arrays grow by half.
 * Since 0.1. */
LFM_API lfm_status lfm_dataset_add_interactions(lfm_dataset *dataset, const lfm_named_entries *entries,
                                                int64_t *n_skipped);

/* Add features of users (side LFM_USER) or items (LFM_ITEM), each with the weight in values. Where both rows and
 * columns are added, the call's new rows get their indicators before its new features get their columns. The
 * indicator itself is not added here: matrices have it by identity. Errors and cost as
 * lfm_dataset_add_interactions(). Since 0.1. */
LFM_API lfm_status lfm_dataset_add_features(lfm_dataset *dataset, int32_t side, const lfm_named_entries *entries,
                                            int64_t *n_skipped);

/* Forget the interactions, or the features that users or items have; all ids, rows and columns stay. So one dataset
 * makes the interactions of training, then those of a test, on the same rows and columns. NULL and no such side
 * are no-ops. Since 0.1. */
LFM_API void lfm_dataset_clear_interactions(lfm_dataset *dataset);
LFM_API void lfm_dataset_clear_features(lfm_dataset *dataset, int32_t side);

/* Return how many interactions there are, how many features users or items have been given; 0 for NULL and no such
 * side. Thread-safe among const calls. Since 0.1. */
LFM_API int64_t lfm_dataset_n_interactions(const lfm_dataset *dataset);
LFM_API int64_t lfm_dataset_n_features(const lfm_dataset *dataset, int32_t side);

/* How matrices are made. Initialise with lfm_dataset_build_options_init(). */
typedef struct lfm_dataset_build_options {
    size_t size;        /* set by the initialiser */
    int32_t duplicates; /* LFM_DUPLICATES_…, default keep */
    int32_t normalise;  /* of features: 1 (default): divide each row by its sum of absolute weights (L1), the
                         * indicator included; a row without features stays empty */
    const lfm_cancel *cancel; /* NULL: none */
} lfm_dataset_build_options;

LFM_API void lfm_dataset_build_options_init_sized(lfm_dataset_build_options *options, size_t size);
#define lfm_dataset_build_options_init(options) lfm_dataset_build_options_init_sized((options), sizeof *(options))

/* Make interactions of what has been added, users x items, in the order in which it was added.
 * options: NULL for the defaults. out: receives one reference; it holds copies, so the dataset may grow or go.
 * Errors: ARGUMENT, OPTION, DATA (a duplicate under reject, named by row and column: indices of lfm_dataset_ids()),
 * CANCELLED, MEMORY. Thread-safe among const calls. Since 0.1. */
LFM_API lfm_status lfm_dataset_interactions(const lfm_dataset *dataset, const lfm_dataset_build_options *options,
                                            lfm_interactions **out);

/* Make the feature matrix of users (side LFM_USER) or items (LFM_ITEM): a row for each, a column for each feature,
 * indicators of weight 1 included with identity. Where nothing but indicators has been added, it is the identity, and
 * NULL in its place means the same to training and scoring and is faster. Otherwise as
 * lfm_dataset_interactions(). Cost: up to 20 bytes per entry while it runs. Since 0.1. */
LFM_API lfm_status lfm_dataset_features(const lfm_dataset *dataset, int32_t side,
                                        const lfm_dataset_build_options *options, lfm_features **out);

LFM_END_DECLS

#endif
