/* The tensors of a model file as NumPy's arrays: a folder of .npy files, or one .npz. */
#ifndef LFM_TOOL_EXPORT_ARRAYS_H
#define LFM_TOOL_EXPORT_ARRAYS_H

#include "lfm/file.h"
#include "npy.h"

/* One array: a header, and data that lie in the model file or were made. */
typedef struct npy_array {
    const char *name; /* fit for a file name */
    const void *data;
    void *made; /* to free() */
    int64_t n_bytes;
    size_t header_bytes;
    char header[NPY_HEADER_BYTES];
    int64_t number; /* data of an array that is one number */
} npy_array;

/* Gather a file's tensors: all but those that only liblfm reads (the items for scanning, the tables of names);
 * names that are texts as one array of texts. Returns an exit code; npy_arrays_free() in any case. */
int npy_arrays_gather(lfm_file *file, const char *path, npy_array **arrays, int32_t *n);
void npy_arrays_free(npy_array *arrays, int32_t n);

/* Write the arrays as PATH/NAME.npy, or to one .npz. Return an exit code. */
int npy_arrays_to_folder(const npy_array *arrays, int32_t n, const char *path);
int npy_arrays_to_npz(const npy_array *arrays, int32_t n, const char *path);

#endif
