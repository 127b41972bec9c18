/* liblfm: the trainable model: its life, its training, its parameters. */
#ifndef LFM_MODEL_H
#define LFM_MODEL_H

#include "lfm/features.h"
#include "lfm/interactions.h"
#include "lfm/options.h"

LFM_BEGIN_DECLS

/* An embedding of d components and a bias per user feature and per item feature, with the optimiser's
 * state. A user's representation p_u is the weighted sum of its features' embeddings, its bias b_u
 * that of their biases, and likewise q_i and b_i of an item; the score is p_u . q_i + b_u + b_i
 * (Kula 2015, arXiv:1507.08439). A training call has the model to itself: another call on it meanwhile
 * returns LFM_ERROR_BUSY. Any number of threads may read it when none trains. */
typedef struct lfm_model lfm_model;

/* Create a model with fresh parameters.
 *
 * n_user_features, n_item_features: >= 0: the widths of the feature matrices it will be trained with,
 * or the numbers of users and items where there are none. options: NULL for the defaults.
 * context: NULL for the defaults. out: receives one reference.
 * Errors: ARGUMENT, OPTION, MEMORY (the message says how many bytes). Thread-safe.
 * Cost: about 8 (d + 4) bytes per feature with Adagrad; the initial embeddings are drawn by the first call that
 * needs them. Since 0.1. */
LFM_API lfm_status lfm_model_create(lfm_context *context, int32_t n_user_features,
                                    int32_t n_item_features, const lfm_model_options *options,
                                    lfm_model **out);

/* Add a reference and return the model (NULL gives NULL). Thread-safe. Since 0.1. */
LFM_API lfm_model *lfm_model_ref(lfm_model *model);

/* Drop a reference; the last one frees. NULL is a no-op. Thread-safe. Since 0.1. */
LFM_API void lfm_model_free(lfm_model *model);

/* Start anew: initial parameters from the model's own options, state and epoch count as at creation.
 * Errors: ARGUMENT (NULL), BUSY. Since 0.1. */
LFM_API lfm_status lfm_model_reset(lfm_model *model);

/* Train for options->epochs more epochs, going on exactly where the last call ended.
 *
 * interactions: the training set. Its n_users and n_items must not exceed the rows of the feature
 * matrices or, where those are NULL, the model's numbers of features.
 * user_features, item_features: NULL means the identity; else n_features must be the model's. Items
 * that only the feature matrix knows are drawn as negatives too.
 * options: NULL for the defaults; may differ from call to call.
 * Whatever fails before the first step changes nothing. On one thread the result depends on the data,
 * the options and the seed only, bit for bit, and 5 + 5 epochs equal 10.
 * Errors: ARGUMENT, OPTION, SHAPE, MEMORY, BUSY; CANCELLED (the steps done are kept, the epoch is not
 * counted); DIVERGED (names epoch, side and feature; with options->rollback the model is back at its
 * last completed epoch, else it answers only free, reset and reading until it is reset).
 * Cost: 6 bytes per entry for the index, kept with the interactions (8 with `graded`; 4 more where they
 * came from CSR), and
 * 2 (d + 2) bytes per item while WARP or k-OS WARP trains.
 * Since 0.1. */
LFM_API lfm_status lfm_model_fit_partial(lfm_model *model, lfm_interactions *interactions,
                                         const lfm_features *user_features,
                                         const lfm_features *item_features,
                                         const lfm_train_options *options);

/* Return the epochs completed since creation or reset; 0 for NULL. Thread-safe. Since 0.1. */
LFM_API int64_t lfm_model_epochs(const lfm_model *model);

/* Return d; 0 for NULL. Thread-safe. Since 0.1. */
LFM_API int32_t lfm_model_components(const lfm_model *model);

/* Copy the options the model was made with into *options, options->size bytes at most.
 * Errors: ARGUMENT, OPTION (size). Thread-safe. Since 0.1. */
LFM_API lfm_status lfm_model_get_options(const lfm_model *model, lfm_model_options *options);

/* Which half of the model. */
enum { LFM_USER = 0, LFM_ITEM = 1 };

/* Which of its arrays, one row per feature: theta of the embeddings (d columns) and biases (1 column);
 * the optimiser's G ("gradients") and M ("momentum") of each. Row-wise Adagrad has one embedding
 * gradient per row. */
enum {
    LFM_EMBEDDINGS = 0,
    LFM_BIASES = 1,
    LFM_EMBEDDING_GRADIENTS = 2,
    LFM_BIAS_GRADIENTS = 3,
    LFM_EMBEDDING_MOMENTUM = 4,
    LFM_BIAS_MOMENTUM = 5
};

/* Return the number of features of a side; 0 for NULL or no such side. Thread-safe. Since 0.1. */
LFM_API int32_t lfm_model_n_features(const lfm_model *model, int32_t side);

/* Return the columns of an array: d, or 1; 0 for NULL or no such array. Thread-safe. Since 0.1. */
LFM_API int32_t lfm_model_columns(const lfm_model *model, int32_t array);

/* A view of parameters where they lie: row r starts at (const char *)data + r * stride. Set `size` to
 * sizeof the struct before the call: `lfm_view view = {sizeof view};` */
typedef struct lfm_view {
    size_t size;
    const float *data;
    int64_t rows;
    int64_t columns;
    int64_t stride; /* bytes from one row to the next */
} lfm_view;
typedef struct lfm_view_mut {
    size_t size;
    float *data;
    int64_t rows;
    int64_t columns;
    int64_t stride;
} lfm_view_mut;

/* Look at an array where it lies. side: LFM_USER or LFM_ITEM. array: LFM_EMBEDDINGS, …. out: receives
 * the view; valid until the model is resized, loaded into or freed, readable while no thread trains
 * the model; the _mut form may also be written to then.
 * Errors: ARGUMENT, OPTION (out->size), BUSY, UNSUPPORTED (the optimiser has no such state); DIVERGED
 * (_mut only).
 * Since 0.1. */
LFM_API lfm_status lfm_model_view(const lfm_model *model, int32_t side, int32_t array, lfm_view *out);
LFM_API lfm_status lfm_model_view_mut(lfm_model *model, int32_t side, int32_t array, lfm_view_mut *out);

/* Copy an array out (lfm_model_get) or in (lfm_model_set), dense and row by row.
 * values: n_features x columns floats; n_values: how many there are, checked. State that the optimiser
 * does not have reads as zeros.
 * Errors: ARGUMENT, SHAPE (n_values), BUSY; lfm_model_set also DATA (NaN or infinity: names row and
 * column; a gradient or momentum state below 0, or 0 with an Adagrad, which divides by it), UNSUPPORTED (no such state), DIVERGED.
 * Since 0.1. */
LFM_API lfm_status lfm_model_get(const lfm_model *model, int32_t side, int32_t array, float *values,
                                 int64_t n_values);
LFM_API lfm_status lfm_model_set(lfm_model *model, int32_t side, int32_t array, const float *values,
                                 int64_t n_values);

/* What new features begin with. */
enum { LFM_STATE_FRESH = 0, LFM_STATE_MEAN = 1 };

/* How a model grows. Initialise with lfm_resize_options_init(). */
typedef struct lfm_resize_options {
    size_t size; /* set by the initialiser */
    /* Row r: what the r-th new feature of that side begins as, the mean of the features named, each with its
     * weight (>= 0, their sum > 0); an empty row begins with the initial numbers. As many rows as there are
     * new features; sources are features that the model had before. NULL: all begin with the initial
     * numbers. */
    const lfm_features *user_sources;
    const lfm_features *item_sources;
    int32_t state;    /* of features that begin as a mean: LFM_STATE_FRESH (default): as at creation, so that
                       * they move as fast as new ones do; LFM_STATE_MEAN: their sources' mean, so that they
                       * move as slowly as their sources */
    int32_t reserved; /* 0 */
} lfm_resize_options;

LFM_API void lfm_resize_options_init_sized(lfm_resize_options *options, size_t size);
#define lfm_resize_options_init(options) lfm_resize_options_init_sized((options), sizeof *(options))

/* Add features behind those that the model has, so that it can be trained with new users and items.
 *
 * n_user_features, n_item_features: how many there are to be, at least as many as now. Parameters and state of
 * the old features stay as they are, bit for bit; new ones begin as options say, and else with the very
 * numbers that a model created at this size has. The count of epochs stays. Views become invalid; scorers do
 * not know of the new features. options: NULL for the defaults.
 * Whatever fails changes nothing. Errors: ARGUMENT, OPTION, SHAPE (fewer features than now; sources with
 * another number of rows than there are new features), DATA (a source that the model does not have, weights
 * that have no mean: names them), BUSY, DIVERGED, MEMORY.
 * Cost: a copy of each side that grows, both of which are held for a moment. Since 0.1. */
LFM_API lfm_status lfm_model_resize(lfm_model *model, int32_t n_user_features, int32_t n_item_features,
                                    const lfm_resize_options *options);

LFM_END_DECLS

#endif
