/* A file about to be written: its metadata and tensors, the order they stand in, its bytes. */
#ifndef LFMI_PLAN_H
#define LFMI_PLAN_H

#include <jansson.h>

#include "io/sink.h"

enum { LFMI_MOST_PARTS = 48 };

/* A tensor in memory: n_rows rows of row_bytes each, `stride` bytes apart. */
typedef struct lfmi_part {
    const char *name, *dtype;
    int64_t shape[2];
    int32_t n_dims;
    bool to_half; /* rows of float32 that are written as float16 */
    const void *data;
    int64_t n_rows, row_bytes, stride;
    int64_t begin, n_bytes; /* in the file's data */
} lfmi_part;

typedef struct lfmi_plan {
    lfm_context *context;
    const lfm_cancel *cancel;
    lfmi_part parts[LFMI_MOST_PARTS];
    int32_t n_parts;
    json_t *metadata;
    char *header; /* what goes before the data, its length included */
    size_t header_bytes, header_capacity;
} lfmi_plan;

lfm_status lfmi_plan_new(lfm_context *context, const lfm_cancel *cancel, lfmi_plan *plan);
void lfmi_plan_free(lfmi_plan *plan);

/* Add an entry to the metadata. Errors: ARGUMENT (not UTF-8, a key that is there), MEMORY. */
lfm_status lfmi_plan_tell(lfmi_plan *plan, const char *key, const char *value);
lfm_status lfmi_plan_tell_number(lfmi_plan *plan, const char *key, int64_t value);

/* Add a list of n values, or a matrix whose rows lie `stride` bytes apart. Names and data must live on. */
void lfmi_plan_list(lfmi_plan *plan, const char *name, const char *dtype, const void *data, int64_t n);
void lfmi_plan_matrix(lfmi_plan *plan, const char *name, const char *dtype, const void *data, int64_t n_rows,
                      int64_t n_columns, int64_t stride);

/* The same of float32, written as float16 when `half` is set; a list when `columns` is 0. */
void lfmi_plan_reals(lfmi_plan *plan, const char *name, bool half, const float *data, int64_t n_rows,
                     int64_t n_columns, int64_t stride);

/* Write the file. Errors: the sink's, DATA (a number beyond float16), CANCELLED, MEMORY. */
lfm_status lfmi_plan_write(lfmi_plan *plan, const lfmi_sink *sink);

/* The bytes of one number of a type; 0 for an unknown type. */
int64_t lfmi_dtype_bytes(const char *dtype);

/* The header's checksum stands in the header itself, after the first occurrence of this text: 16 hexadecimal
 * digits, which count as zeros when it is computed. */
#define LFMI_HEADER_CHECKSUM "\"header_checksum\":\""
enum {
    LFMI_CHECKSUM_DIGITS = 16,
    LFMI_ALIGNMENT = 64,
    LFMI_MOST_HEADER_BYTES = 16 << 20, /* the layout allows 100 MB; ours has some kB */
};
#define LFMI_NO_CHECKSUM "0000000000000000"
void lfmi_checksum_text(uint64_t checksum, char text[LFMI_CHECKSUM_DIGITS + 1]);

/* The checksum of a header whose digits stand at `at`. */
uint64_t lfmi_header_checksum(const char *header, size_t length, size_t at);

#endif
