/* liblfm: a frozen model that answers. */
#ifndef LFM_SCORER_H
#define LFM_SCORER_H

#include "lfm/model.h"

LFM_BEGIN_DECLS

/* The representations and biases of all users and items, and a copy of the feature embeddings.
 * Immutable, independent of the model it was made from, shared by any number of threads without a
 * lock. */
typedef struct lfm_scorer lfm_scorer;

/* How a scorer holds a second copy of the items, the one that they are searched in. Whatever it is, the
 * results are the exact ones, bit for bit: what a search finds is scored again in float32.
 * HALF (bfloat16) takes half the memory and, where only a user or two are asked about at a time, half the time.
 * INT8 (codes of 8 bits) takes little more than a quarter of the memory; with AVX-512 VNNI half the time, with AVX2
 * three quarters of it, and a quarter where only a user or two are asked about; on other processors more time.
 * Ranks, and metrics that are computed from them, take up to twice as long with either: they depend on all scores
 * and so have float32 made from the other copy as they go. */
enum { LFM_PRECISION_FLOAT32 = 0, LFM_PRECISION_HALF = 1, LFM_PRECISION_INT8 = 2 };

/* How a scorer is made. Initialise with lfm_scorer_options_init(). */
typedef struct lfm_scorer_options {
    size_t size;           /* set by the initialiser */
    int32_t threads;       /* 0: what the process may use */
    int32_t keep_features; /* 1 (default): hold the embeddings and biases of features too, for similar
                            * things, explanations and users known by features alone; 0: the spaces of
                            * features have no rows */
    int32_t precision;     /* LFM_PRECISION_…, default FLOAT32 */
    int32_t reserved;      /* 0 */
} lfm_scorer_options;

LFM_API void lfm_scorer_options_init_sized(lfm_scorer_options *options, size_t size);
#define lfm_scorer_options_init(options) lfm_scorer_options_init_sized((options), sizeof *(options))

/* Freeze a model: between training calls or, from the progress callback, at an epoch's border.
 *
 * user_features, item_features: as in training (NULL: the identity); any number of rows, so users and
 * items that training did not know are scored by their features.
 * options: NULL for the defaults. out: receives one reference.
 * Errors: ARGUMENT, OPTION, SHAPE (width other than the model's), DATA (a representation that is not
 * finite), BUSY, DIVERGED, MEMORY. Memory: 4 (d + 1) bytes per row of every space, d rounded up to 16, and
 * for each item again 4 (d + 2) bytes (HALF: 2 (d + 4), INT8: d + 12, d rounded up to 4). Since 0.1. */
LFM_API lfm_status lfm_scorer_create(const lfm_model *model, const lfm_features *user_features,
                                     const lfm_features *item_features,
                                     const lfm_scorer_options *options, lfm_scorer **out);

/* Representations and biases in the caller's own arrays. Initialise with lfm_embeddings_init(). */
typedef struct lfm_embeddings {
    size_t size;          /* set by the initialiser */
    const float *vectors; /* n_rows x n_components, finite */
    const float *biases;  /* n_rows, finite; NULL: all 0 */
    int64_t stride;       /* bytes from row to row of vectors, a multiple of 4; 0: rows lie one after
                           * another */
    int32_t n_rows;       /* >= 0 */
    int32_t n_components; /* >= 1 */
} lfm_embeddings;

LFM_API void lfm_embeddings_init_sized(lfm_embeddings *embeddings, size_t size);
#define lfm_embeddings_init(embeddings) lfm_embeddings_init_sized((embeddings), sizeof *(embeddings))

/* Make a scorer from embeddings that come from elsewhere; they are copied. It has no feature spaces.
 *
 * context, options: NULL for the defaults. out: receives one reference.
 * Errors: ARGUMENT (NULL; a count below 0; a stride that is too small or no multiple of 4), OPTION, SHAPE
 * (users and items of different numbers of components), DATA (a number that is not finite: names side,
 * row and column), MEMORY. Memory: as above. Thread-safe. Since 0.1. */
LFM_API lfm_status lfm_scorer_from_embeddings(lfm_context *context, const lfm_embeddings *users,
                                              const lfm_embeddings *items,
                                              const lfm_scorer_options *options, lfm_scorer **out);

/* Add a reference and return the scorer (NULL gives NULL). Thread-safe. Since 0.1. */
LFM_API lfm_scorer *lfm_scorer_ref(lfm_scorer *scorer);

/* Drop a reference; the last one frees. NULL is a no-op. Thread-safe. Since 0.1. */
LFM_API void lfm_scorer_free(lfm_scorer *scorer);

/* What a scorer holds rows of. */
enum {
    LFM_SPACE_USER = 0,
    LFM_SPACE_ITEM = 1,
    LFM_SPACE_USER_FEATURE = 2,
    LFM_SPACE_ITEM_FEATURE = 3
};

/* Return d, respectively the number of rows of a space; 0 for NULL or no such space. Thread-safe.
 * Since 0.1. */
LFM_API int32_t lfm_scorer_components(const lfm_scorer *scorer);
LFM_API int32_t lfm_scorer_n_rows(const lfm_scorer *scorer, int32_t space);

/* Look at the representations of a space, or at its biases (columns = 1). out: receives a view that is
 * valid as long as the scorer; set out->size first. Errors: ARGUMENT, OPTION (size). Thread-safe. Since 0.1. */
LFM_API lfm_status lfm_scorer_representations(const lfm_scorer *scorer, int32_t space, lfm_view *out);
LFM_API lfm_status lfm_scorer_biases(const lfm_scorer *scorer, int32_t space, lfm_view *out);

/* How the calls that ask a scorer run. Initialise with lfm_infer_options_init(). */
typedef struct lfm_infer_options {
    size_t size;              /* set by the initialiser */
    int32_t threads;          /* 0: what the process may use; in a call for one user it means 1 */
    int32_t check_overlap;    /* lfm_rank(): 1 (default): a test pair that is excluded too is an
                               * error; 0: such pairs are ranked among the items that are not excluded */
    const lfm_cancel *cancel; /* NULL: none */
} lfm_infer_options;

LFM_API void lfm_infer_options_init_sized(lfm_infer_options *options, size_t size);
#define lfm_infer_options_init(options) lfm_infer_options_init_sized((options), sizeof *(options))


LFM_END_DECLS

#endif
