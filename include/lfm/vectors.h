/* liblfm: vectors for libraries of nearest-neighbour search, whose order is that of the scores. */
#ifndef LFM_VECTORS_H
#define LFM_VECTORS_H

#include "lfm/scorer.h"

LFM_BEGIN_DECLS

/* What search the vectors are for. q and b are representation and bias of an item (or item feature), p
 * the representation of a user (or user feature). The user's own bias is left out of all: it adds the same
 * to all of a user's scores s and changes no ranking.
 *
 * form            items                                   users                s - b_u is
 * INNER_PRODUCT   (q, b)                                  (p, 1)               x . y
 * L2              (q, b, sqrt(M^2 - |q|^2 - b^2))         (p, 1, 0)            (M^2 + |y|^2 - |x - y|^2) / 2
 * COSINE          (q, b, sqrt(M^2 - |q|^2 - b^2)) / M     (p, 1, 0) / |(p, 1)|  x . y M |(p, 1)|
 *
 * where x is the item's vector, y the user's and M at least the largest |(q, b)|: one more component gives
 * all items the length M, and the nearest item is the one of the highest score (Bachrach et al. 2014,
 * doi:10.1145/2645710.2645741). A vector p of the caller's own is transformed like a user's. */
enum { LFM_VECTORS_INNER_PRODUCT = 0, LFM_VECTORS_L2 = 1, LFM_VECTORS_COSINE = 2 };

/* Return the components of the vectors of a form: d + 1 or d + 2; 0 for NULL or no such form. Thread-safe.
 * Since 0.1. */
LFM_API int32_t lfm_vectors_components(const lfm_scorer *scorer, int32_t form);

/* Compute M: the largest |(q, b)| of a space of items or item features.
 * norm: receives it. options: NULL for the defaults. Take a larger M when items are to be added to an
 * index later. Errors: ARGUMENT (NULL; not LFM_SPACE_ITEM or LFM_SPACE_ITEM_FEATURE), OPTION, CANCELLED.
 * Thread-safe. Since 0.1. */
LFM_API lfm_status lfm_vectors_norm(const lfm_scorer *scorer, int32_t space, double *norm,
                                    const lfm_infer_options *options);

/* Write the vectors of the rows first .. first + n - 1 of a space. Spaces of items and item features give
 * what is searched, those of users and user features what is searched for.
 * form: LFM_VECTORS_…. norm: M for items in the forms L2 and COSINE; 0: lfm_vectors_norm() of the space.
 * It plays no part elsewhere.
 * vectors: room for n x lfm_vectors_components() floats, row by row.
 * Errors: ARGUMENT (NULL, no such space or form; a norm that is negative or not finite), DATA (rows out of
 * range; a row longer than the norm: names it), OPTION, CANCELLED (a part may be filled). Thread-safe.
 * Since 0.1. */
LFM_API lfm_status lfm_vectors_export(const lfm_scorer *scorer, int32_t space, int32_t form, double norm,
                                      int32_t first, int32_t n, float *vectors,
                                      const lfm_infer_options *options);

LFM_END_DECLS

#endif
