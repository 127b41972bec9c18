/* liblfm: what is like what: items like an item, items for a tag, tags for an item, users like a user. */
#ifndef LFM_SIMILAR_H
#define LFM_SIMILAR_H

#include "lfm/scorer.h"

LFM_BEGIN_DECLS

/* How alike two rows are: the cosine of their representations or their dot product; biases are left out
 * of both. */
enum { LFM_SIMILARITY_COSINE = 0, LFM_SIMILARITY_DOT = 1 };

/* How similar rows are looked for. Initialise with lfm_similar_options_init(). */
typedef struct lfm_similar_options {
    size_t size;             /* set by the initialiser */
    int32_t measure;         /* LFM_SIMILARITY_…, default cosine */
    int32_t include_self;    /* 1: where both spaces are the same a row may be listed as like itself;
                              * default 0: it is left out */
    int32_t first_row;       /* only the rows first_row .. end_row - 1 of the target space are listed; */
    int32_t end_row;         /* 0: up to its end. To leave out the indicator columns of `identity`,
                              * begin at their number */
    const int32_t *exclude;  /* n_exclude rows of the target space that are never listed */
    int64_t n_exclude;
    const lfm_features *known; /* NULL, or for each query what it has already, and what is therefore
                                * left out for it: the columns that row q stores, whatever their
                                * weight, are rows of the target space. q is the query's row or, where
                                * queries are vectors, their place. To suggest tags that an item lacks:
                                * the item feature matrix. Rows beyond the matrix have nothing */
    const lfm_cancel *cancel; /* NULL: none */
    int32_t threads;          /* 0: what the process may use; a single query runs on one */
    int32_t reserved;         /* 0 */
} lfm_similar_options;

LFM_API void lfm_similar_options_init_sized(lfm_similar_options *options, size_t size);
#define lfm_similar_options_init(options) lfm_similar_options_init_sized((options), sizeof *(options))

/* List, for each of n rows of `query_space`, the k rows of `target_space` most like it, best first, ties
 * by smaller id.
 * queries: n row numbers, in any order, repeats allowed. k: 1 or more. rows, similarities: room for
 * n x k each (similarities may be NULL); where fewer than k rows are left, the rest is filled with -1 and
 * -infinity. A zero representation has cosine 0 to everything. Cosines lie in [-1, 1] and are exact to
 * (d / 8 + 8) 2^-24, dot products to (d / 16 + 8) 2^-24 |a| |b|, whatever the size of the numbers; both
 * are the same bits on any number of threads.
 * options: NULL for the defaults.
 * Errors: ARGUMENT (NULL, n below 0, k below 1, no such space, or one that the
 * scorer was made without: keep_features), OPTION (measure, threads, row range),
 * DATA (a query or an excluded row out of range: names its place), SHAPE (`known` wider than the target
 * space), CANCELLED (a part of the output may be filled), MEMORY. Memory: about 8 KB and 16 x (4 d + 8 k)
 * bytes per thread, and a byte per target row with `exclude`. From 24 queries and 256 target rows on, several
 * times as fast, 4 (d + 2) bytes per target row and, per thread, 45 KB and 48 x (8 d + 16 k) bytes.
 * Thread-safe. Since 0.1. */
LFM_API lfm_status lfm_similar(const lfm_scorer *scorer, int32_t query_space, int64_t n,
                               const int32_t *queries, int32_t target_space, int32_t k, int32_t *rows,
                               float *similarities, const lfm_similar_options *options);

/* The same for n vectors of the caller's own, say a mean of representations or one made outside.
 * vectors: n x d floats, row by row. d: must be the scorer's. include_self plays no part.
 * Errors: as above; SHAPE also for d, DATA also for a number that is not finite (names its place).
 * Thread-safe. Since 0.1. */
LFM_API lfm_status lfm_similar_to_vectors(const lfm_scorer *scorer, int64_t n, int32_t d,
                                          const float *vectors, int32_t target_space, int32_t k,
                                          int32_t *rows, float *similarities,
                                          const lfm_similar_options *options);

LFM_END_DECLS

#endif
