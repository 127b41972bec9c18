/* For whom to recommend: users by id, by representation or by features. */
#ifndef LFMI_QUERIES_H
#define LFMI_QUERIES_H

#include "infer/embeddings.h"
#include "infer/scorer.h"

/* n users, of which one of these: ids (NULL: 0, 1, …), embeddings, features. */
typedef struct lfmi_queries {
    const lfm_scorer *scorer;
    int64_t n;
    const int32_t *ids;
    const lfm_embeddings *embeddings;
    const lfm_features *features;
} lfmi_queries;

/* Check that the ids are users of the scorer; `call` and `what` name them in messages. NULL stands for
 * 0 .. n - 1. */
lfm_status lfmi_check_ids(const char *call, const char *what, const int32_t *ids, int64_t n, int32_t bound);

/* Check that users given by features can be represented. */
lfm_status lfmi_queries_check_features(const lfmi_queries *queries);

/* The representation and bias of query i. Where it has to be added up that happens in room, d numbers. */
const float *lfmi_query_vector(const lfmi_queries *queries, int64_t i, float *room, float *bias);

/* The row of a matrix to exclude that belongs to query i. */
static inline int32_t lfmi_query_row(const lfmi_queries *queries, int64_t i)
{
    return queries->ids != NULL ? queries->ids[i] : (int32_t)i;
}

#endif
