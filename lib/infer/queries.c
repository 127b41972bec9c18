/* For whom to recommend. */
#include "infer/queries.h"

#include "base/numeric.h"

lfm_status lfmi_check_ids(const char *call, const char *what, const int32_t *ids, int64_t n, int32_t bound)
{
    if (ids == NULL && n > bound)
        return lfmi_fail(LFM_ERROR_DATA, "%s: there are only %d %s, not %lld", call, bound, what, (long long)n);
    for (int64_t i = 0; ids != NULL && i < n; i++) {
        if ((uint32_t)ids[i] >= (uint32_t)bound)
            return lfmi_fail(LFM_ERROR_DATA, "%s: %s[%lld] is %d, outside [0, %d)", call, what, (long long)i, ids[i],
                             bound);
    }
    return LFM_OK;
}

static float represent(const lfmi_queries *queries, int64_t row, float *vector)
{
    const lfmi_feature_row entries = lfmi_features_row(queries->features, (int32_t)row);
    return lfmi_scorer_represent(queries->scorer, LFM_SPACE_USER_FEATURE, &entries, vector);
}

lfm_status lfmi_queries_check_features(const lfmi_queries *queries)
{
    const lfm_scorer *scorer = queries->scorer;
    const int32_t width = scorer->spaces[LFM_SPACE_USER_FEATURE].n_rows;
    if (width == 0)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "lfm_recommend_features: the scorer holds no features");
    if (queries->features->n_features != width)
        return lfmi_fail(LFM_ERROR_SHAPE, "lfm_recommend_features: the matrix has %d features, the scorer %d user "
                                          "features",
                         queries->features->n_features, width);
    float *vector;
    LFMI_TRY(LFMI_NEW_ARRAY(scorer->context, scorer->d, "a user", &vector));
    fenv_t environment;
    lfmi_float_enter(&environment);
    int64_t bad = -1;
    for (int64_t row = 0; row < queries->n && bad < 0; row++) {
        bool finite = lfmi_is_finite(represent(queries, row, vector));
        for (int32_t e = 0; e < scorer->d; e++)
            finite = finite && lfmi_is_finite(vector[e]);
        bad = finite ? -1 : row;
    }
    lfmi_float_leave(&environment);
    LFMI_FREE_ARRAY(scorer->context, vector, scorer->d);
    if (bad >= 0)
        return lfmi_fail(LFM_ERROR_DATA, "lfm_recommend_features: the representation of row %lld is not finite",
                         (long long)bad);
    return LFM_OK;
}

const float *lfmi_query_vector(const lfmi_queries *queries, int64_t i, float *room, float *bias)
{
    if (queries->features != NULL) {
        *bias = represent(queries, i, room);
        return room;
    }
    if (queries->embeddings != NULL) {
        *bias = queries->embeddings->biases != NULL ? queries->embeddings->biases[i] : 0.0f;
        return lfmi_embeddings_row(queries->embeddings, i);
    }
    const int32_t user = lfmi_query_row(queries, i);
    *bias = queries->scorer->spaces[LFM_SPACE_USER].biases[user];
    return lfmi_vector(queries->scorer, LFM_SPACE_USER, user);
}
