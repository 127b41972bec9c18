/* The header of a safetensors file: read, with nothing in it trusted. */
#ifndef LFMI_HEADER_H
#define LFMI_HEADER_H

#include <jansson.h>

#include "base/context.h"
#include "lfm/file.h"

/* A tensor as the header describes it. */
typedef struct lfmi_stored {
    const char *name, *dtype; /* in the JSON */
    int64_t shape[LFM_TENSOR_DIMS];
    int32_t n_dims;
    int64_t begin, n_bytes; /* in the data */
} lfmi_stored;

/* An entry of the metadata; both in the JSON. */
typedef struct lfmi_entry {
    const char *key, *value;
} lfmi_entry;

typedef struct lfmi_header {
    json_t *json;
    lfmi_entry *metadata; /* in the order of the file */
    int32_t n_metadata;
    lfmi_stored *tensors; /* in the order of the data */
    int32_t n_tensors, n_room;
    int64_t data; /* where the data begins */
} lfmi_header;

/* Read the header of a file of n_bytes. name: of the file, for messages. Errors: FORMAT, MEMORY. */
lfm_status lfmi_header_read(lfm_context *context, const char *name, const void *bytes, int64_t n_bytes,
                            lfmi_header *header);
void lfmi_header_free(lfm_context *context, lfmi_header *header);

/* Find a tensor; NULL when there is none. */
const lfmi_stored *lfmi_header_find(const lfmi_header *header, const char *name);

/* Look up the metadata; NULL when there is no such key. */
const char *lfmi_header_metadata(const lfmi_header *header, const char *key);

/* Read a whole number from the metadata; -1 when it is not there or none. */
int64_t lfmi_header_number(const lfmi_header *header, const char *key);

#endif
