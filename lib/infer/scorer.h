/* The scorer as the library sees it. */
#ifndef LFMI_SCORER_H
#define LFMI_SCORER_H

#include "infer/panels.h"
#include "lfm/recommend.h"
#include "matrix/interactions.h"
#include "model/model.h"

enum { LFMI_SPACES = 4 };

/* The rows of one space: representations and biases. */
typedef struct lfmi_space {
    int32_t n_rows;
    float *vectors; /* n_rows x stride */
    float *biases;
} lfmi_space;

struct lfm_scorer {
    lfmi_refcount references;
    lfm_context *context;
    const lfmi_kernels *kernels;
    int32_t d, stride;
    lfmi_space spaces[LFMI_SPACES];
    int32_t *order;    /* of the items, as they are scanned */
    lfmi_panels items; /* all items, packed for scanning in this order */
    lfm_release_fn release; /* not NULL: the spaces lie in a file, which this lets go */
    void *release_user_data;
    bool has_model; /* what it was made from, as far as that is known */
    int64_t epochs;
    lfm_model_options model_options;
    double *means;     /* of all users, then of all items: d components and the bias */
};

/* How the items of a scorer of LFM_PRECISION_... are packed. */
static inline int32_t lfmi_scan_kind(int32_t precision, int32_t d)
{
    if (precision == LFM_PRECISION_HALF)
        return LFMI_SCAN_HALF;
    return precision == LFM_PRECISION_INT8 && d <= LFMI_MOST_CODES ? LFMI_SCAN_INT8 : LFMI_SCAN_FLOAT;
}

static inline const float *lfmi_vector(const lfm_scorer *scorer, int32_t space, int32_t row)
{
    return scorer->spaces[space].vectors + (int64_t)row * scorer->stride;
}

/* The exact score of a user's representation and bias with an item. Everything that scores goes through
 * here in the end, so that all agree to the bit. */
static inline float lfmi_score(const lfm_scorer *scorer, const float *vector, float bias, int32_t item)
{
    return scorer->kernels->dot(vector, lfmi_vector(scorer, LFM_SPACE_ITEM, item), scorer->d,
                                bias + scorer->spaces[LFM_SPACE_ITEM].biases[item]);
}
static inline float lfmi_score_pair(const lfm_scorer *scorer, int32_t user, int32_t item)
{
    return lfmi_score(scorer, lfmi_vector(scorer, LFM_SPACE_USER, user),
                      scorer->spaces[LFM_SPACE_USER].biases[user], item);
}

/* The representation (d numbers) and bias of a row of features, summed as lfmi_represent() does: the same bits.
 * space: LFM_SPACE_USER_FEATURE or LFM_SPACE_ITEM_FEATURE. */
float lfmi_scorer_represent(const lfm_scorer *scorer, int32_t space, const lfmi_feature_row *entries, float *vector);

/* A scorer of d components without rows, and the last steps of filling it: the means, copied or (NULL) computed,
 * and packing its items, which does the first too where it has not been done. */
lfm_status lfmi_scorer_new(lfm_context *context, int32_t d, lfm_scorer **out);
lfm_status lfmi_scorer_average(lfm_scorer *scorer, const double *means);
lfm_status lfmi_scorer_pack(lfm_scorer *scorer, const lfm_scorer_options *options);

/* Take over the caller's options (NULL: the defaults). */
lfm_status lfmi_scorer_options_read(lfm_scorer_options *known, const lfm_scorer_options *given);
lfm_status lfmi_infer_options_read(lfm_infer_options *known, const lfm_infer_options *given);

/* Check that interactions do not reach beyond the scorer's users and items. */
lfm_status lfmi_scorer_check_reach(const lfm_scorer *scorer, const lfm_interactions *interactions,
                                   const char *what);

#endif
