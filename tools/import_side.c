/* One side of a model as an .npz holds it: parameters, optimiser state, features. */
#include "import_side.h"

#include <stdlib.h>
#include <string.h>

#include "common.h"

static const char *const array_names[2][IMPORT_ARRAYS] = {
    {"user_embeddings", "user_biases", "user_embedding_gradients", "user_bias_gradients", "user_embedding_momentum",
     "user_bias_momentum"},
    {"item_embeddings", "item_biases", "item_embedding_gradients", "item_bias_gradients", "item_embedding_momentum",
     "item_bias_momentum"},
};

/* The names of a sparse matrix's arrays: SciPy's, and those of model files. */
enum { INDPTR, INDICES, DATA, N_PARTS };
static const char *const feature_names[2][N_PARTS][2] = {
    {{"user_features_indptr", "user_features_offsets"},
     {"user_features_indices", "user_features_columns"},
     {"user_features_data", "user_features_values"}},
    {{"item_features_indptr", "item_features_offsets"},
     {"item_features_indices", "item_features_columns"},
     {"item_features_data", "item_features_values"}},
};

static int check_embeddings(import_side *side, const npz_array *array)
{
    enum { MOST_COMPONENTS = 65536 };
    char shape[SHAPE_SIZE];
    const npy_header *header = &array->header;
    if (header->n_dims != 2 || header->shape[0] > INT32_MAX || header->shape[1] < 1 ||
        header->shape[1] > MOST_COMPONENTS)
        return fail("%s: %s: its shape is %s, not features x components (1 to %d)", array->path, array->name,
                    npz_shape(array, shape), MOST_COMPONENTS);
    side->n_features = (int32_t)header->shape[0];
    side->components = (int32_t)header->shape[1];
    return EXIT_FINE;
}

/* Whether an array is a list of n numbers, lying or standing. */
static bool is_list(const npy_header *header, int64_t n)
{
    return header->n_dims >= 1 && header->n_dims <= 2 && header->shape[0] == n &&
           (header->n_dims == 1 || header->shape[1] == 1);
}

/* Compare an array's shape with that of the embeddings. */
static int check_like_embeddings(import_side *side, int32_t which, const npz_array *array)
{
    const npy_header *header = &array->header;
    const bool is_bias = which == LFM_BIASES || which == LFM_BIAS_GRADIENTS || which == LFM_BIAS_MOMENTUM;
    const bool fits =
        header->n_dims == 2 && header->shape[0] == side->n_features && header->shape[1] == side->components;
    char shape[SHAPE_SIZE];
    if (is_bias ? is_list(header, side->n_features) : fits)
        return EXIT_FINE;
    if (which == LFM_EMBEDDING_GRADIENTS && is_list(header, side->n_features)) {
        side->is_rowwise = true;
        return EXIT_FINE;
    }
    if (is_bias)
        return fail("%s: %s: its shape is %s, but %s_embeddings has %d rows", array->path, array->name,
                    npz_shape(array, shape), side->name, side->n_features);
    return fail("%s: %s: its shape is %s, but that of %s_embeddings is %d x %d", array->path, array->name,
                npz_shape(array, shape), side->name, side->n_features, side->components);
}

static int read_array(import_side *side, npz *file, int32_t which, const char *name)
{
    npz_array array;
    int code = npz_read(file, name, &array);
    if (code != EXIT_FINE)
        return code;
    if (array.data == NULL)
        return which <= LFM_BIASES ? fail("%s: it has no array %s", file->path, name) : EXIT_FINE;
    code = which == LFM_EMBEDDINGS ? check_embeddings(side, &array) : check_like_embeddings(side, which, &array);
    if (code == EXIT_FINE)
        code = npz_floats(&array, false, &side->values[which]);
    for (int64_t i = 0; code == EXIT_FINE && which >= LFM_EMBEDDING_GRADIENTS && i < array.header.n_items; i++) {
        const double value = (double)side->values[which][i];
        if (value < 0)
            code = fail("%s: %s: number %lld is %g, and may not be below 0", file->path, name, (long long)i, value);
        side->moves = side->moves || (which >= LFM_EMBEDDING_MOMENTUM && value > 0);
    }
    free(array.data);
    return code;
}

/* Read one of a matrix's arrays under either name. */
static int read_part(npz *file, const char *const names[2], npz_array *array)
{
    char shape[SHAPE_SIZE];
    int code = npz_read(file, names[0], array);
    if (code == EXIT_FINE && array->data == NULL)
        code = npz_read(file, names[1], array);
    if (array->data == NULL)
        array->name = names[0];
    if (code == EXIT_FINE && array->data != NULL && array->header.n_dims != 1)
        code = fail("%s: %s: its shape is %s, not that of a list", file->path, array->name, npz_shape(array, shape));
    return code;
}

static int make_features(import_side *side, const npz_array parts[N_PARTS], const int64_t *offsets,
                         const int64_t *columns, const float *values)
{
    lfm_csr csr;
    lfm_csr_init(&csr);
    csr.n_rows = (int32_t)(parts[INDPTR].header.n_items - 1);
    csr.n_columns = side->n_features;
    csr.n_entries = parts[INDICES].header.n_items;
    csr.offsets = lfm_int64(offsets);
    csr.columns = lfm_int64(columns);
    csr.values = lfm_float32(values);
    if (offsets[csr.n_rows] != csr.n_entries)
        return fail("%s: %s ends with %lld, but %s has %lld entries", parts[INDPTR].path, parts[INDPTR].name,
                    (long long)offsets[csr.n_rows], parts[INDICES].name, (long long)csr.n_entries);
    if (lfm_features_from_csr(NULL, &csr, NULL, &side->features) != LFM_OK)
        return fail("%s: %s_features: %s", parts[INDPTR].path, side->name, lfm_last_message());
    return EXIT_FINE;
}

static int convert_features(import_side *side, const npz_array parts[N_PARTS])
{
    const npz_array *indptr = &parts[INDPTR], *indices = &parts[INDICES], *data = &parts[DATA];
    if (indptr->data == NULL || indices->data == NULL)
        return fail("%s: %s is missing", indptr->path, indptr->data == NULL ? indptr->name : indices->name);
    if (indptr->header.n_items < 1 || indptr->header.n_items > INT32_MAX)
        return fail("%s: %s: it has %lld entries, not one more than there are %ss", indptr->path, indptr->name,
                    (long long)indptr->header.n_items, side->name);
    if (data->data != NULL && data->header.n_items != indices->header.n_items)
        return fail("%s: %s has %lld entries, %s %lld", data->path, data->name, (long long)data->header.n_items,
                    indices->name, (long long)indices->header.n_items);
    int64_t *offsets = NULL, *columns = NULL;
    float *values = NULL;
    int code = npz_integers(indptr, &offsets);
    if (code == EXIT_FINE)
        code = npz_integers(indices, &columns);
    if (code == EXIT_FINE && data->data != NULL)
        code = npz_floats(data, true, &values);
    if (code == EXIT_FINE)
        code = make_features(side, parts, offsets, columns, values);
    free(offsets);
    free(columns);
    free(values);
    return code;
}

static int read_features(import_side *side, npz *file, int32_t which)
{
    npz_array parts[N_PARTS] = {{.data = NULL}, {.data = NULL}, {.data = NULL}};
    int code = EXIT_FINE;
    bool any = false;
    for (int part = 0; part < N_PARTS && code == EXIT_FINE; part++) {
        code = read_part(file, feature_names[which][part], &parts[part]);
        any = any || parts[part].data != NULL;
    }
    if (code == EXIT_FINE && any)
        code = convert_features(side, parts);
    for (int part = 0; part < N_PARTS; part++)
        free(parts[part].data);
    side->n_rows = side->features != NULL ? lfm_features_n_rows(side->features) : side->n_features;
    return code;
}

int import_side_read(import_side *side, npz *file, int32_t which)
{
    *side = (import_side){.name = which == LFM_USER ? "user" : "item"};
    int code = EXIT_FINE;
    for (int32_t array = 0; array < IMPORT_ARRAYS && code == EXIT_FINE; array++)
        code = read_array(side, file, array, array_names[which][array]);
    if (code == EXIT_FINE)
        code = read_features(side, file, which);
    return code == EXIT_FINE ? import_names_read(side, file, which) : code;
}

void import_side_free(import_side *side)
{
    for (int32_t array = 0; array < IMPORT_ARRAYS; array++)
        free(side->values[array]);
    lfm_features_free(side->features);
    lfm_ids_free(side->ids);
    lfm_ids_free(side->feature_ids);
    *side = (import_side){.name = NULL};
}
