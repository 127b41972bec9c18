/* The headers of NumPy's .npy files (format versions 1.0 to 3.0). */
#ifndef LFM_TOOL_NPY_H
#define LFM_TOOL_NPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NPY_DIMS = 8 };

typedef struct npy_header {
    char kind;          /* of dtype: f i u b, U (Unicode, 4 bytes a character), S (bytes) */
    bool is_big_endian;
    bool is_fortran;    /* the first index runs fastest */
    int32_t n_dims;
    int64_t shape[NPY_DIMS];
    int64_t item_bytes;
    int64_t n_items;    /* the product of the shape */
    int64_t data_at;    /* bytes of the file before the data */
} npy_header;

/* The bytes that tell how long a header is. */
enum { NPY_START_BYTES = 12 };

/* Look at the first NPY_START_BYTES of a file: *bytes becomes data_at. Returns NULL, or what is wrong. */
const char *npy_start(const unsigned char start[NPY_START_BYTES], int64_t *bytes);

/* Read a header of header->data_at bytes, as npy_start() told. Returns NULL, or what is wrong. */
const char *npy_parse(const unsigned char *text, int64_t data_at, npy_header *header);

/* Write the header of a C-ordered array; descr as NumPy writes it ("<f4"). Returns its bytes. */
enum { NPY_HEADER_BYTES = 320 };
size_t npy_write(char out[NPY_HEADER_BYTES], const char *descr, int32_t n_dims, const int64_t *shape);

#endif
