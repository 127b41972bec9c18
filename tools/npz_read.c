/* The arrays of an .npz: a zip of .npy files. */
#include "npz_read.h"

#include <zip.h>

#include <stdlib.h>
#include <string.h>

#include "common.h"

static int problem_of(const npz_array *array, const char *problem)
{
    return fail("%s: %s: %s", array->path, array->name, problem);
}

int npz_open(npz *file, const char *path)
{
    int error = 0;
    *file = (npz){.path = path};
    file->archive = zip_open(path, ZIP_RDONLY, &error);
    if (file->archive != NULL)
        return EXIT_FINE;
    zip_error_t what;
    zip_error_init_with_code(&what, error);
    const int code = fail("%s: it cannot be read as an .npz: %s", path, zip_error_strerror(&what));
    zip_error_fini(&what);
    return code;
}

void npz_close(npz *file)
{
    if (file->archive != NULL)
        zip_discard(file->archive);
    file->archive = NULL;
}

/* Read exactly `size` bytes. */
static int read_bytes(const npz_array *array, zip_file_t *from, void *to, int64_t size)
{
    enum { MOST_AT_ONCE = 1 << 30 };
    char *at = to;
    while (size > 0) {
        const zip_int64_t n = zip_fread(from, at, (zip_uint64_t)(size < MOST_AT_ONCE ? size : MOST_AT_ONCE));
        if (n < 0)
            return problem_of(array, zip_file_strerror(from));
        if (n == 0)
            return problem_of(array, "it is cut short");
        at += n;
        size -= n;
    }
    return EXIT_FINE;
}

static int read_header(npz_array *array, zip_file_t *from, int64_t size)
{
    unsigned char start[NPY_START_BYTES];
    int64_t header_bytes;
    if (size < NPY_START_BYTES)
        return problem_of(array, "it is no .npy array");
    int code = read_bytes(array, from, start, sizeof start);
    if (code != EXIT_FINE)
        return code;
    const char *problem = npy_start(start, &header_bytes);
    if (problem == NULL && (header_bytes > size || header_bytes < NPY_START_BYTES))
        problem = "its header is cut short";
    if (problem != NULL)
        return problem_of(array, problem);
    unsigned char *text = malloc((size_t)header_bytes);
    if (text == NULL)
        return fail_memory();
    memcpy(text, start, sizeof start);
    code = read_bytes(array, from, text + sizeof start, header_bytes - NPY_START_BYTES);
    problem = code == EXIT_FINE ? npy_parse(text, header_bytes, &array->header) : NULL;
    free(text);
    return problem != NULL ? problem_of(array, problem) : code;
}

static int read_data(npz_array *array, zip_file_t *from, int64_t size)
{
    const npy_header *header = &array->header;
    const int64_t wanted = header->n_items * header->item_bytes;
    char shape[SHAPE_SIZE];
    if (wanted != size - header->data_at)
        return fail("%s: %s: an array of %s takes %lld bytes, the file has %lld", array->path, array->name,
                    npz_shape(array, shape), (long long)wanted, (long long)(size - header->data_at));
    array->data = malloc((size_t)wanted + 1);
    if (array->data == NULL)
        return fail("%s: %s: no memory for %lld bytes", array->path, array->name, (long long)wanted);
    const int code = read_bytes(array, from, array->data, wanted);
    if (code != EXIT_FINE)
        return code;
    /* Its checksum is compared at the end. */
    unsigned char more;
    const zip_int64_t n = zip_fread(from, &more, 1);
    if (n == 0)
        return EXIT_FINE;
    return problem_of(array, n < 0 ? zip_file_strerror(from) : "more follows than its header says");
}

/* What an entry claims to hold is read only when its packed size can hold it: no small file fills the memory. */
static int check_entry(const npz_array *array, const zip_stat_t *entry)
{
    enum { MOST_TIMES = 1040, SPARE = 1 << 16 }; /* deflate packs 1032 bytes into one at most */
    const zip_uint64_t needed = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
    if ((entry->valid & needed) != needed)
        return problem_of(array, "the zip does not tell its size");
    if (entry->comp_method != ZIP_CM_STORE && entry->comp_method != ZIP_CM_DEFLATE)
        return problem_of(array, "it is packed in another way than NumPy does");
    if (entry->size > INT64_MAX / 2 || entry->size / MOST_TIMES > entry->comp_size + SPARE ||
        (entry->comp_method == ZIP_CM_STORE && entry->size != entry->comp_size))
        return problem_of(array, "the zip tells a wrong size");
    return EXIT_FINE;
}

int npz_read(npz *file, const char *name, npz_array *array)
{
    *array = (npz_array){.path = file->path, .name = name};
    char entry_name[100];
    zip_stat_t entry;
    (void)snprintf(entry_name, sizeof entry_name, "%s.npy", name);
    zip_stat_init(&entry);
    const zip_int64_t index = zip_name_locate(file->archive, entry_name, ZIP_FL_ENC_GUESS);
    if (index < 0)
        return EXIT_FINE;
    if (zip_stat_index(file->archive, (zip_uint64_t)index, 0, &entry) != 0)
        return problem_of(array, zip_strerror(file->archive));
    int code = check_entry(array, &entry);
    if (code != EXIT_FINE)
        return code;
    zip_file_t *from = zip_fopen_index(file->archive, (zip_uint64_t)index, 0);
    if (from == NULL)
        return problem_of(array, zip_strerror(file->archive));
    code = read_header(array, from, (int64_t)entry.size);
    if (code == EXIT_FINE)
        code = read_data(array, from, (int64_t)entry.size);
    zip_fclose(from);
    if (code != EXIT_FINE) {
        free(array->data);
        array->data = NULL;
    }
    return code;
}
