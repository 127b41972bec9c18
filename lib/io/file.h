/* An open model file as the library sees it. */
#ifndef LFMI_FILE_H
#define LFMI_FILE_H

#include "io/header.h"
#include "matrix/entries.h"

struct lfm_file {
    lfmi_refcount references;
    lfm_context *context;
    char *name; /* for messages */
    int64_t name_room;
    const unsigned char *bytes;
    int64_t n_bytes, room; /* room: what was allocated for an owned one */
    bool is_mapped, is_owned; /* else it is the caller's, and released at last */
    lfm_release_fn release;
    void *release_user_data;
    lfmi_header header;
};

static inline const void *lfmi_file_data(const lfm_file *file, const lfmi_stored *tensor)
{
    return file->bytes + file->header.data + tensor->begin;
}

/* Find a tensor that must be there, of this type and shape (a shape of -1 takes any size, and at most
 * INT32_MAX; n_dims 1 or 2). Errors: FORMAT. */
lfm_status lfmi_file_need(const lfm_file *file, const char *name, const char *dtype, int32_t n_dims, int64_t rows,
                          int64_t columns, const lfmi_stored **out);

/* The release callback of what uses a file's bytes; its user data is a reference to the file. */
void lfmi_file_release(void *file);

#endif
