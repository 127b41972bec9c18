/* The tensors of a model file as NumPy's arrays, and a folder of .npy files. */
#include "export_arrays.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common.h"
#include "replacement.h"
#include "unicode.h"

/* NumPy's type for a tensor's, NULL when it has none. */
static const char *descr_of(const char *dtype)
{
    static const char *const types[][2] = {{"F32", "<f4"}, {"F16", "<f2"}, {"F64", "<f8"}, {"I8", "|i1"},
                                           {"I16", "<i2"}, {"I32", "<i4"}, {"I64", "<i8"}, {"U8", "|u1"},
                                           {"U16", "<u2"}, {"U32", "<u4"}, {"U64", "<u8"}, {"BOOL", "|b1"}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcmp(types[i][0], dtype) == 0)
            return types[i][1];
    }
    return NULL;
}

/* The names of a space's tensors: its ids, where each begins, the table to find them by, and in the metadata. */
static const struct {
    const char *ids, *offsets, *table, *start;
} spaces[] = {
    [LFM_SPACE_USER] = {"user_ids", "user_ids_offsets", "user_ids_table", NULL},
    [LFM_SPACE_ITEM] = {"item_ids", "item_ids_offsets", "item_ids_table", NULL},
    [LFM_SPACE_USER_FEATURE] = {"user_feature_ids", "user_feature_ids_offsets", "user_feature_ids_table",
                                "user_feature_ids_start"},
    [LFM_SPACE_ITEM_FEATURE] = {"item_feature_ids", "item_feature_ids_offsets", "item_feature_ids_table",
                                "item_feature_ids_start"},
};
enum { N_SPACES = sizeof spaces / sizeof *spaces };

static bool is_of_liblfm_alone(const char *name)
{
    bool is = strcmp(name, "item_scan") == 0 || strcmp(name, "item_scan_bounds") == 0;
    for (int32_t space = 0; space < N_SPACES; space++)
        is = is || strcmp(name, spaces[space].table) == 0;
    return is;
}

/* The widest text, in characters of UTF-8 or, when not all are UTF-8, in bytes (*is_utf8 tells); all bytes. */
static int64_t widest(const lfm_ids *ids, bool *is_utf8, int64_t *n_bytes)
{
    int64_t most[2] = {1, 1};
    *is_utf8 = true;
    *n_bytes = 0;
    for (int32_t i = 0; i < lfm_ids_count(ids); i++) {
        size_t length;
        const char *text = lfm_ids_text(ids, i, &length);
        const int64_t characters = utf8_count(text, length);
        *is_utf8 = *is_utf8 && characters >= 0;
        most[0] = characters > most[0] ? characters : most[0];
        most[1] = (int64_t)length > most[1] ? (int64_t)length : most[1];
        *n_bytes += (int64_t)length;
    }
    return *is_utf8 ? most[0] : most[1];
}

/* Texts as NumPy keeps them, all of one width. *made stays false where that would take far more room than the
 * texts themselves: then they are left as they lie. */
static int put_texts(npy_array *array, const lfm_ids *ids, bool *made)
{
    enum { SPARE = 64 << 20, MOST_TIMES = 32 };
    bool is_utf8;
    int64_t n_bytes;
    const int64_t width = widest(ids, &is_utf8, &n_bytes), n = lfm_ids_count(ids);
    const int64_t item = is_utf8 ? 4 * width : width;
    *made = n == 0 || item <= (SPARE + MOST_TIMES * n_bytes) / n;
    if (!*made) {
        note("%s: names of up to %lld characters are left as bytes, with the place where each begins", array->name,
             (long long)width);
        return EXIT_FINE;
    }
    char *data = calloc((size_t)(n > 0 ? n * item : 1), 1);
    if (data == NULL)
        return fail_memory();
    array->data = array->made = data;
    array->n_bytes = n * item;
    for (int32_t i = 0; i < (int32_t)n; i++) {
        size_t length;
        const char *text = lfm_ids_text(ids, i, &length);
        if (is_utf8)
            utf8_to_utf32(text, length, (unsigned char *)data + i * item);
        else
            memcpy(data + i * item, text, length);
    }
    char descr[24];
    (void)snprintf(descr, sizeof descr, is_utf8 ? "<U%lld" : "|S%lld", (long long)width);
    array->header_bytes = npy_write(array->header, descr, 1, &n);
    return EXIT_FINE;
}

static int put_tensor(npy_array *array, const lfm_tensor *tensor, const char *path)
{
    const char *descr = descr_of(tensor->dtype);
    if (tensor->name[0] == '\0' || tensor->name[0] == '.' || strchr(tensor->name, '/') != NULL)
        return fail("%s: tensor '%s': such a name cannot be a file's", path, tensor->name);
    if (descr == NULL)
        return fail("%s: tensor %s: NumPy has no %s", path, tensor->name, tensor->dtype);
    array->name = tensor->name;
    array->data = tensor->data;
    array->n_bytes = tensor->n_bytes;
    array->header_bytes = npy_write(array->header, descr, tensor->n_dims, tensor->shape);
    return EXIT_FINE;
}

/* Which space's texts a tensor begins, or the offsets of which: -1: none. */
static int32_t space_of_texts(lfm_file *file, const char *name, bool *is_offsets)
{
    lfm_tensor offsets = {.size = sizeof offsets};
    for (int32_t space = 0; space < N_SPACES; space++) {
        *is_offsets = strcmp(name, spaces[space].offsets) == 0;
        if (*is_offsets ||
            (strcmp(name, spaces[space].ids) == 0 && lfm_file_tensor(file, spaces[space].offsets, &offsets) == LFM_OK))
            return space;
    }
    return -1;
}

int npy_arrays_gather(lfm_file *file, const char *path, npy_array **arrays, int32_t *n)
{
    const int32_t n_tensors = lfm_file_n_tensors(file);
    const bool is_ours = lfm_file_kind(file) >= 0;
    *n = 0;
    *arrays = calloc((size_t)n_tensors + N_SPACES, sizeof **arrays);
    if (*arrays == NULL)
        return fail_memory();
    bool whole[N_SPACES] = {false}; /* the texts of a space have become one array */
    int code = EXIT_FINE;
    /* The ids first: their offsets are needed only where those did not. */
    for (int pass = 0; pass < 2; pass++) {
        for (int32_t i = 0; i < n_tensors; i++) {
            lfm_tensor tensor = {.size = sizeof tensor};
            bool is_offsets = false;
            if (lfm_file_tensor_at(file, i, &tensor) != LFM_OK)
                return fail_library();
            if (is_ours && is_of_liblfm_alone(tensor.name))
                continue;
            const int32_t space = is_ours ? space_of_texts(file, tensor.name, &is_offsets) : -1;
            if (is_offsets != (pass == 1) || (is_offsets && whole[space]))
                continue;
            npy_array *array = &(*arrays)[(*n)++];
            code = put_tensor(array, &tensor, path);
            if (code == EXIT_FINE && space >= 0 && !is_offsets) {
                lfm_ids *ids = NULL;
                if (lfm_file_ids(file, space, &ids) != LFM_OK)
                    return fail_library();
                code = put_texts(array, ids, &whole[space]);
                lfm_ids_free(ids);
            }
            if (code != EXIT_FINE)
                return code;
        }
    }
    for (int32_t space = LFM_SPACE_USER_FEATURE; is_ours && space < N_SPACES; space++) {
        const int64_t start = lfm_file_ids_start(file, space);
        if (start == 0)
            continue;
        npy_array *array = &(*arrays)[(*n)++];
        *array = (npy_array){.name = spaces[space].start, .n_bytes = sizeof array->number, .number = start};
        array->data = &array->number;
        array->header_bytes = npy_write(array->header, "<i8", 0, NULL);
    }
    return EXIT_FINE;
}

void npy_arrays_free(npy_array *arrays, int32_t n)
{
    for (int32_t i = 0; i < n; i++)
        free(arrays[i].made);
    free(arrays);
}

static int write_array(const npy_array *array, const char *folder, replacement *out)
{
    const size_t size = strlen(folder) + strlen(array->name) + sizeof "/.npy";
    char *path = malloc(size);
    if (path == NULL)
        return fail_memory();
    (void)snprintf(path, size, "%s/%s.npy", folder, array->name);
    int code = replacement_open(out, path);
    if (code == EXIT_FINE) {
        (void)fwrite(array->header, 1, array->header_bytes, out->file);
        if (array->n_bytes > 0)
            (void)fwrite(array->data, 1, (size_t)array->n_bytes, out->file);
        code = replacement_close(out);
    }
    out->name = folder; /* the path ends here */
    free(path);
    return code;
}

int npy_arrays_to_folder(const npy_array *arrays, int32_t n, const char *path)
{
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        return fail("cannot create the folder %s: %s", path, strerror(errno));
    replacement *files = calloc((size_t)n + 1, sizeof *files);
    if (files == NULL)
        return fail_memory();
    int code = EXIT_FINE;
    for (int32_t i = 0; i < n && code == EXIT_FINE; i++)
        code = write_array(&arrays[i], path, &files[i]);
    for (int32_t i = 0; i < n && code == EXIT_FINE; i++)
        code = replacement_publish(&files[i]);
    for (int32_t i = 0; i < n; i++)
        replacement_end(&files[i]);
    free(files);
    return code;
}
