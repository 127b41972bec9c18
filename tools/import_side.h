/* One side of a model as an .npz holds it: parameters, optimiser state, features, names. */
#ifndef LFM_TOOL_IMPORT_SIDE_H
#define LFM_TOOL_IMPORT_SIDE_H

#include "lfm/lfm.h"
#include "npz_read.h"

enum { IMPORT_ARRAYS = 6 };

typedef struct import_side {
    const char *name;             /* "user", "item" */
    float *values[IMPORT_ARRAYS]; /* by LFM_EMBEDDINGS, …; NULL: not in the file */
    bool is_rowwise;              /* one embedding gradient per row */
    bool moves;                   /* some momentum is not zero */
    int32_t n_features, components;
    int32_t n_rows;         /* users or items */
    lfm_features *features; /* NULL: the identity */
    lfm_ids *ids, *feature_ids;
    int32_t feature_ids_start; /* the feature of the first name */
} import_side;

/* Read the side LFM_USER or LFM_ITEM. Returns an exit code; import_side_free() in any case. */
int import_side_read(import_side *side, npz *file, int32_t which);
void import_side_free(import_side *side);

/* import_names.c: read the names, after all else. Returns an exit code. */
int import_names_read(import_side *side, npz *file, int32_t which);

#endif
