/* Arrays as one .npz: a zip of .npy files, stored as they are. */
#include <zip.h>

#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "export_arrays.h"
#include "replacement.h"

static int add_array(zip_t *archive, const npy_array *array, const char *path)
{
    enum { FIRST_DAY = 1 << 5 | 1 }; /* 1 January 1980: the same arrays make the same file */
    zip_buffer_fragment_t parts[2] = {
        {(zip_uint8_t *)(uintptr_t)array->header, array->header_bytes},
        {(zip_uint8_t *)(uintptr_t)array->data, (zip_uint64_t)array->n_bytes},
    };
    char *name = malloc(strlen(array->name) + sizeof ".npy");
    if (name == NULL)
        return fail_memory();
    strcpy(name, array->name);
    strcat(name, ".npy");
    zip_source_t *source = zip_source_buffer_fragment(archive, parts, array->n_bytes > 0 ? 2 : 1, 0);
    const zip_int64_t index =
        source != NULL ? zip_file_add(archive, name, source, ZIP_FL_ENC_UTF_8) : -1;
    free(name);
    if (index < 0) {
        zip_source_free(source);
        return fail("cannot write %s: %s: %s", path, array->name, zip_strerror(archive));
    }
    if (zip_set_file_compression(archive, (zip_uint64_t)index, ZIP_CM_STORE, 0) != 0 ||
        zip_file_set_dostime(archive, (zip_uint64_t)index, 0, FIRST_DAY, 0) != 0)
        return fail("cannot write %s: %s: %s", path, array->name, zip_strerror(archive));
    return EXIT_FINE;
}

static int write_zip(const npy_array *arrays, int32_t n, const replacement *out)
{
    int error = 0;
    zip_t *archive = zip_open(out->temporary, ZIP_CREATE | ZIP_TRUNCATE, &error);
    if (archive == NULL) {
        zip_error_t what;
        zip_error_init_with_code(&what, error);
        const int code = fail("cannot write %s: %s", out->name, zip_error_strerror(&what));
        zip_error_fini(&what);
        return code;
    }
    int code = EXIT_FINE;
    for (int32_t i = 0; i < n && code == EXIT_FINE; i++)
        code = add_array(archive, &arrays[i], out->name);
    if (code == EXIT_FINE && zip_close(archive) == 0)
        return EXIT_FINE;
    if (code == EXIT_FINE)
        code = fail("cannot write %s: %s", out->name, zip_strerror(archive));
    zip_discard(archive);
    return code;
}

int npy_arrays_to_npz(const npy_array *arrays, int32_t n, const char *path)
{
    replacement out;
    int code = replacement_open(&out, path);
    if (code == EXIT_FINE && out.temporary == NULL)
        code = fail("cannot write %s: an .npz has to be an ordinary file", path);
    /* What is written to is the file of this name, which libzip makes anew. */
    if (code == EXIT_FINE)
        code = write_zip(arrays, n, &out);
    if (code == EXIT_FINE) {
        FILE *made = fopen(out.temporary, "rb+");
        if (made == NULL)
            code = fail("cannot write %s", path);
        else {
            (void)fclose(out.file);
            out.file = made;
            code = replacement_close(&out);
        }
    }
    if (code == EXIT_FINE)
        code = replacement_publish(&out);
    replacement_end(&out);
    return code;
}
