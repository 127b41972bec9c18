/* Features that very many users or items have. Threads that step on the same few rows all the time would only pass
 * their cache lines to and fro; so each worker has copies of its own, and now and then adds what it has changed to the
 * parameters. */
#ifndef LFMI_HOT_H
#define LFMI_HOT_H

#include <stdatomic.h>

#include "model/model.h"

/* The hot features of a side, and the copies of n_copies workers. */
typedef struct lfmi_hot {
    int32_t n, n_features, n_copies;
    int32_t *features; /* n */
    int16_t *places;   /* n_features: where among the hot, -1: nowhere; NULL: none is hot */
    float *copies;     /* for each worker n rows as it has changed them, and n as they were */
    int64_t size;      /* floats of a worker */
    const lfmi_table *table;
    const lfmi_layout *layout;
    _Alignas(LFMI_CACHE_LINE) atomic_flag merging; /* on a line of its own: the rest is only read */
} lfmi_hot;

/* Find the hot features of a side and make copies for n_copies workers. */
lfm_status lfmi_hot_new(const lfm_model *model, int32_t side, const lfm_features *features, int32_t n_copies,
                        lfmi_hot *out);
void lfmi_hot_free(lfm_context *context, lfmi_hot *hot);

/* Copy the parameters as they are. */
void lfmi_hot_load(lfmi_hot *hot, int32_t worker);

/* Add what a worker has changed to the parameters, and copy those anew. Does nothing while another does the same:
 * there will be another time, and one worker after another may be asked when all have ended. */
void lfmi_hot_merge(lfmi_hot *hot, int32_t worker);

/* A worker's copy of a feature's row; NULL where it is not hot. */
static inline float *lfmi_hot_row(const lfmi_hot *hot, int32_t worker, int32_t feature)
{
    if (hot->places == NULL || hot->places[feature] < 0)
        return NULL;
    return hot->copies + worker * hot->size + (int64_t)hot->places[feature] * hot->layout->stride;
}

#endif
