/* The model: rows of parameters and optimiser state per feature, and who may touch them when. */
#ifndef LFMI_MODEL_H
#define LFMI_MODEL_H

#include <pthread.h>

#include "lfm/model.h"
#include "matrix/features.h"
#include "simd/kernels.h"

enum { LFMI_SIDES = 2 };

/* The rows of one side (LFM_USER or LFM_ITEM). */
typedef struct lfmi_table {
    float *rows;
    int32_t n_features;
} lfmi_table;

/* Who has the model: nobody or some readers (0 or more), or one writer. */
enum { LFMI_WRITER = -1 };

struct lfm_model {
    lfmi_refcount references;
    lfm_context *context;
    lfm_model_options options;
    lfmi_layout layout;
    lfmi_table sides[LFMI_SIDES];
    atomic_int_least64_t epochs; /* completed */
    bool diverged;               /* until reset */
    atomic_int undrawn;          /* bit `side`: nothing has been written into its rows since creation */
    pthread_mutex_t drawing;     /* readers may come to that together */
    atomic_int users;            /* readers, or LFMI_WRITER */
    atomic_bool at_border;       /* the writer stands at an epoch's border: its own thread may read */
    pthread_t writer;            /* valid while at_border */
};

/* Take and give back the right to change the model, or to read it. Both see to it that there are initial
 * numbers: these are drawn when the model is first used and not at creation, since what is loaded or set
 * would overwrite them; by a writer on `threads` threads. Errors: BUSY. */
lfm_status lfmi_model_lock(lfm_model *model, int32_t threads);
/* The same, without drawing. */
lfm_status lfmi_model_lock_undrawn(lfm_model *model);
void lfmi_model_unlock(lfm_model *model);
lfm_status lfmi_model_read_lock(const lfm_model *model);
void lfmi_model_read_unlock(const lfm_model *model);

/* Let the thread that trains read the model while its callback runs, and stop that. */
void lfmi_model_enter_border(lfm_model *model);
void lfmi_model_leave_border(lfm_model *model);

/* The status of a model that has diverged: DIVERGED with a message, else LFM_OK. */
lfm_status lfmi_model_check_usable(const lfm_model *model);

static inline float *lfmi_row(const lfmi_table *table, const lfmi_layout *layout, int32_t feature)
{
    return table->rows + (int64_t)feature * layout->stride;
}

/* Compute where an optimiser's rows have what. */
lfmi_layout lfmi_layout_of(int32_t components, int32_t optimiser);

/* Set the initial parameters and state of the features [begin, end) of a side. Each number depends on
 * the seed, the side, the feature and the component only. */
void lfmi_model_initialise(lfm_model *model, int32_t side, int32_t begin, int32_t end);

/* Whether a side's rows hold nothing yet; and to note that they do. */
static inline bool lfmi_model_is_undrawn(const lfm_model *model, int32_t side)
{
    return (atomic_load((atomic_int *)(uintptr_t)&model->undrawn) >> side & 1) != 0;
}
static inline void lfmi_model_set_drawn(lfm_model *model, int32_t side)
{
    atomic_fetch_and(&model->undrawn, ~(1 << side));
}

/* Set a feature's row to a fresh one's, but for the embedding, which becomes 0. */
void lfmi_model_clear_row(const lfm_model *model, float *row);

/* The array called `array` of a side within its rows; columns is 0 where the optimiser has none. */
typedef struct lfmi_span {
    int32_t offset, columns;
} lfmi_span;
lfmi_span lfmi_model_span(const lfm_model *model, int32_t array);

/* Check that a feature matrix (NULL: the identity) fits a side and covers n_rows rows. */
lfm_status lfmi_model_check_features(const lfm_model *model, int32_t side, const lfm_features *features,
                                     int32_t n_rows);

/* Add up a row of a feature matrix: representation (d numbers) and bias. */
float lfmi_represent(const lfm_model *model, const lfmi_kernels *kernels, int32_t side,
                     const lfm_features *features, int32_t row, float *representation);

/* Find a parameter or state that is not finite: its feature, or -1. */
int32_t lfmi_model_find_bad(const lfm_model *model, int32_t side, int32_t threads);

#endif
