/* The arrays of an .npz, by name. Nothing in the file is trusted. */
#ifndef LFM_TOOL_NPZ_READ_H
#define LFM_TOOL_NPZ_READ_H

#include "npy.h"

/* An open file. */
typedef struct npz {
    void *archive; /* libzip's */
    const char *path;
} npz;

/* One array as it stands in the file. */
typedef struct npz_array {
    const char *path, *name; /* for messages */
    unsigned char *data;     /* NULL: there is no such array; free() it */
    npy_header header;
} npz_array;

/* Open a file. Returns an exit code; npz_close() in any case. */
int npz_open(npz *file, const char *path);
void npz_close(npz *file);

/* Read an array, whose name must live as long; array->data is NULL when there is none. Returns an exit code. */
int npz_read(npz *file, const char *name, npz_array *array);

/* Show a shape: "3 x 4"; "a single value". */
enum { SHAPE_SIZE = 200 };
const char *npz_shape(const npz_array *array, char out[SHAPE_SIZE]);

/* Numbers in C order. *values: to free(). Floats must be finite, also as float32; of whole numbers and bools only
 * where `whole` allows them. Return an exit code. */
int npz_floats(const npz_array *array, bool whole, float **values);
int npz_integers(const npz_array *array, int64_t **values);

/* The text `index` of an array of the kind U or S, as UTF-8 (S: its bytes), without the NULs behind it. text has
 * room for npz_text_room(). Returns an exit code. */
size_t npz_text_room(const npz_array *array);
int npz_text(const npz_array *array, int64_t index, char *text, size_t *length);

#endif
