/* Open model files: mapped, read or in memory; their metadata and tensors. */
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sized.h"
#include "io/checksum.h"
#include "io/machine.h"
#include "io/plan.h"

LFMI_ASSERT_SIZED(lfm_file_options, cancel);
LFMI_ASSERT_SIZED(lfm_tensor, reserved);

static const lfm_file_options defaults = {.size = sizeof(lfm_file_options)};

void lfm_file_options_init_sized(lfm_file_options *options, size_t size)
{
    lfmi_sized_init(options, size, &defaults, sizeof defaults);
}

static void free_file(lfm_file *file)
{
    lfm_context *context = file->context;
    lfmi_header_free(context, &file->header);
    if (file->is_mapped)
        (void)munmap((void *)(uintptr_t)file->bytes, (size_t)file->n_bytes);
    else if (file->is_owned)
        lfmi_deallocate(context, file->bytes, file->room, 1);
    lfmi_release(file->release, file->release_user_data);
    LFMI_FREE_ARRAY(context, file->name, file->name_room);
    LFMI_FREE_ARRAY(context, file, 1);
    lfm_context_free(context);
}

lfm_file *lfm_file_ref(lfm_file *file)
{
    if (file != NULL)
        lfmi_ref_add(&file->references);
    return file;
}

void lfm_file_free(lfm_file *file)
{
    if (file != NULL && lfmi_ref_drop(&file->references))
        free_file(file);
}

void lfmi_file_release(void *file) { lfm_file_free(file); }

static lfm_status new_file(lfm_context *context, const char *name, const lfm_file_options *options,
                           lfm_file_options *known, lfm_file **out)
{
    *known = defaults;
    if (options != NULL)
        LFMI_TRY(lfmi_sized_read(known, sizeof *known, options, "lfm_file_options"));
    LFMI_TRY(lfmi_check_machine());
    lfm_context *held = lfmi_context_hold(context);
    lfm_file *file;
    const char *dots, *shown = lfmi_end_of_path(name, &dots);
    const size_t n_dots = strlen(dots), n_shown = strlen(shown);
    const int64_t room = (int64_t)(n_dots + n_shown) + 1;
    lfm_status status = LFMI_NEW_ZEROED(held, 1, "an open file", &file);
    if (status != LFM_OK) {
        lfm_context_free(held);
        return status;
    }
    lfmi_ref_init(&file->references);
    file->context = held;
    status = LFMI_NEW_ARRAY(held, room, "the name of a file", &file->name);
    if (status != LFM_OK) {
        free_file(file);
        return status;
    }
    file->name_room = room;
    memcpy(file->name, dots, n_dots);
    memcpy(file->name + n_dots, shown, n_shown + 1);
    *out = file;
    return LFM_OK;
}

/* Read the header, and the data when its checksum is asked for; hand the file over or free it. */
static lfm_status finish(lfm_file *file, const lfm_file_options *options, lfm_status status, lfm_file **out)
{
    if (status == LFM_OK)
        status = lfmi_header_read(file->context, file->name, file->bytes, file->n_bytes, &file->header);
    if (status == LFM_OK && options->check)
        status = lfm_file_check(file, options->cancel);
    if (status == LFM_OK)
        *out = file;
    else
        lfm_file_free(file);
    return status;
}

/* Make room for `wanted` bytes in place of what is there, of which `used` are kept. */
static lfm_status grow(lfm_file *file, int64_t used, int64_t wanted)
{
    unsigned char *larger;
    LFMI_TRY(LFMI_NEW_ARRAY(file->context, wanted, "the contents of a file", &larger));
    if (used > 0)
        memcpy(larger, file->bytes, (size_t)used);
    if (file->is_owned)
        lfmi_deallocate(file->context, file->bytes, file->room, 1);
    file->bytes = larger;
    file->room = wanted;
    file->is_owned = true;
    return LFM_OK;
}

/* Read to the end of a source of about `expected` bytes; 0: nobody knows. */
static lfm_status read_all(lfm_file *file, lfm_read_fn read_more, void *user_data, int64_t expected,
                           const lfm_cancel *cancel)
{
    int64_t used = 0;
    LFMI_TRY(grow(file, 0, expected > 0 && expected < INT64_MAX ? expected + 1 : LFMI_BLOCK_BYTES));
    for (;;) {
        if (used == file->room)
            LFMI_TRY(grow(file, used, file->room / 2 * 3 + LFMI_BLOCK_BYTES));
        LFMI_TRY(lfmi_poll(cancel));
        const int64_t room = file->room - used < LFMI_BLOCK_BYTES ? file->room - used : LFMI_BLOCK_BYTES;
        const int64_t got = read_more((unsigned char *)(uintptr_t)file->bytes + used, (size_t)room, user_data);
        lfmi_clear_message(); /* of calls that the callback made */
        if (got < 0 || got > room)
            return lfmi_fail(LFM_ERROR_FILE, "reading %s: the read callback returned %lld at byte %lld", file->name,
                             (long long)got, (long long)used);
        if (got == 0)
            break;
        used += got;
    }
    file->n_bytes = used;
    return LFM_OK;
}

typedef struct descriptor {
    int file, error;
} descriptor;

static int64_t read_descriptor(void *data, size_t size, void *user_data)
{
    descriptor *from = user_data;
    ssize_t got;
    do
        got = read(from->file, data, size);
    while (got < 0 && errno == EINTR);
    from->error = got < 0 ? errno : 0;
    return (int64_t)got;
}

static lfm_status map_or_read(lfm_file *file, int opened, const lfm_file_options *options)
{
    struct stat about;
    if (fstat(opened, &about) != 0)
        return lfmi_fail_errno(errno, "open", file->name);
    if (S_ISDIR(about.st_mode))
        return lfmi_fail_errno(EISDIR, "open", file->name);
    const bool regular = S_ISREG(about.st_mode);
    if (regular && (uint64_t)about.st_size > SIZE_MAX)
        return lfmi_fail(LFM_ERROR_MEMORY, "%s: %lld bytes do not fit the address space", file->name,
                         (long long)about.st_size);
    if (regular && about.st_size > 0 && !options->copy) {
        void *mapped = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_SHARED, opened, 0);
        if (mapped != MAP_FAILED) {
            file->bytes = mapped;
            file->n_bytes = (int64_t)about.st_size;
            file->is_mapped = true;
            return LFM_OK;
        }
        if (errno != ENODEV)
            return lfmi_fail_errno(errno, "map", file->name);
    }
    descriptor from = {opened, 0};
    const int64_t expected = regular ? (int64_t)about.st_size : 0;
    const lfm_status status = read_all(file, read_descriptor, &from, expected, options->cancel);
    return from.error != 0 ? lfmi_fail_errno(from.error, "read", file->name) : status;
}

lfm_status lfm_file_open(lfm_context *context, const char *path, const lfm_file_options *options, lfm_file **out)
{
    lfmi_clear_message();
    LFMI_REQUIRE(path);
    LFMI_REQUIRE(out);
    lfm_file_options known;
    lfm_file *file;
    LFMI_TRY(new_file(context, path, options, &known, &file));
    const int opened = open(path, O_RDONLY | O_CLOEXEC);
    lfm_status status;
    if (opened < 0) {
        status = lfmi_fail_errno(errno, "open", path);
    } else {
        status = map_or_read(file, opened, &known);
        (void)close(opened);
    }
    return finish(file, &known, status, out);
}

static lfm_status from_memory(lfm_context *context, const void *data, int64_t n_bytes, lfm_release_fn release,
                              void *user_data, const lfm_file_options *options, lfm_file **out, bool *kept)
{
    LFMI_REQUIRE(data);
    LFMI_REQUIRE(out);
    if (n_bytes < 0)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "lfm_file_from_memory: n_bytes is %lld", (long long)n_bytes);
    lfm_file_options known;
    lfm_file *file;
    LFMI_TRY(new_file(context, "the file in memory", options, &known, &file));
    file->n_bytes = n_bytes;
    lfm_status status = LFM_OK;
    if (known.copy || (uintptr_t)data % LFMI_ALIGNMENT != 0) {
        unsigned char *copy;
        status = LFMI_NEW_ARRAY(file->context, n_bytes, "a copy of a file", &copy);
        if (status == LFM_OK) {
            memcpy(copy, data, (size_t)n_bytes);
            file->bytes = copy;
            file->room = n_bytes;
            file->is_owned = true;
        }
    } else {
        file->bytes = data;
        file->release = release;
        file->release_user_data = user_data;
        *kept = true;
    }
    return finish(file, &known, status, out);
}

lfm_status lfm_file_from_memory(lfm_context *context, const void *data, int64_t n_bytes, lfm_release_fn release,
                                void *user_data, const lfm_file_options *options, lfm_file **out)
{
    lfmi_clear_message();
    bool kept = false;
    const lfm_status status = from_memory(context, data, n_bytes, release, user_data, options, out, &kept);
    if (!kept)
        lfmi_release(release, user_data);
    return status;
}

lfm_status lfm_file_read(lfm_context *context, lfm_read_fn read_more, void *user_data,
                         const lfm_file_options *options, lfm_file **out)
{
    lfmi_clear_message();
    LFMI_REQUIRE(read_more);
    LFMI_REQUIRE(out);
    lfm_file_options known;
    lfm_file *file;
    LFMI_TRY(new_file(context, "the file being read", options, &known, &file));
    return finish(file, &known, read_all(file, read_more, user_data, 0, known.cancel), out);
}

int32_t lfm_file_kind(const lfm_file *file)
{
    const char *format = file != NULL ? lfmi_header_metadata(&file->header, "format") : NULL;
    const char *kind = file != NULL ? lfmi_header_metadata(&file->header, "kind") : NULL;
    if (format == NULL || kind == NULL || strcmp(format, "liblfm") != 0)
        return -1;
    if (strcmp(kind, "checkpoint") == 0)
        return LFM_FILE_CHECKPOINT;
    return strcmp(kind, "inference") == 0 ? LFM_FILE_INFERENCE : -1;
}

lfm_status lfm_file_check(const lfm_file *file, const lfm_cancel *cancel)
{
    lfmi_clear_message();
    LFMI_REQUIRE(file);
    const char *stated = lfmi_header_metadata(&file->header, "data_checksum");
    if (stated == NULL)
        return lfmi_fail(LFM_ERROR_UNSUPPORTED, "%s states no checksum of its data", file->name);
    lfmi_checksum sum;
    lfmi_checksum_begin(&sum);
    for (int64_t at = file->header.data; at < file->n_bytes; at += LFMI_BLOCK_BYTES) {
        const int64_t rest = file->n_bytes - at;
        LFMI_TRY(lfmi_poll(cancel));
        lfmi_checksum_add(&sum, file->bytes + at, (size_t)(rest < LFMI_BLOCK_BYTES ? rest : LFMI_BLOCK_BYTES));
    }
    char digits[LFMI_CHECKSUM_DIGITS + 1];
    lfmi_checksum_text(lfmi_checksum_end(&sum), digits);
    if (strcmp(digits, stated) != 0)
        return lfmi_fail(LFM_ERROR_FORMAT, "%s: damaged: the checksum of its data is %s, stated is %.20s", file->name,
                         digits, stated);
    return LFM_OK;
}

const char *lfm_file_metadata(const lfm_file *file, const char *key)
{
    return file != NULL && key != NULL ? lfmi_header_metadata(&file->header, key) : NULL;
}

int32_t lfm_file_n_metadata(const lfm_file *file) { return file != NULL ? file->header.n_metadata : 0; }

lfm_status lfm_file_metadata_at(const lfm_file *file, int32_t index, const char **key, const char **value)
{
    lfmi_clear_message();
    LFMI_REQUIRE(file);
    LFMI_REQUIRE(key);
    LFMI_REQUIRE(value);
    if (index < 0 || index >= file->header.n_metadata)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "%s has no metadata number %d", file->name, index);
    *key = file->header.metadata[index].key;
    *value = file->header.metadata[index].value;
    return LFM_OK;
}

int32_t lfm_file_n_tensors(const lfm_file *file) { return file != NULL ? file->header.n_tensors : 0; }

static lfm_status describe(const lfm_file *file, const lfmi_stored *tensor, lfm_tensor *out)
{
    lfm_tensor known = {.size = sizeof known,
                        .name = tensor->name,
                        .dtype = tensor->dtype,
                        .data = lfmi_file_data(file, tensor),
                        .n_bytes = tensor->n_bytes,
                        .n_dims = tensor->n_dims};
    memcpy(known.shape, tensor->shape, sizeof known.shape);
    return lfmi_sized_write(out, &known, sizeof known, "lfm_tensor");
}

lfm_status lfm_file_tensor_at(const lfm_file *file, int32_t index, lfm_tensor *out)
{
    lfmi_clear_message();
    LFMI_REQUIRE(file);
    LFMI_REQUIRE(out);
    if (index < 0 || index >= file->header.n_tensors)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "%s has no tensor number %d", file->name, index);
    return describe(file, &file->header.tensors[index], out);
}

lfm_status lfm_file_tensor(const lfm_file *file, const char *name, lfm_tensor *out)
{
    lfmi_clear_message();
    LFMI_REQUIRE(file);
    LFMI_REQUIRE(name);
    LFMI_REQUIRE(out);
    const lfmi_stored *tensor = lfmi_header_find(&file->header, name);
    if (tensor == NULL)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "%s has no tensor %.80s", file->name, name);
    return describe(file, tensor, out);
}

lfm_status lfmi_file_need(const lfm_file *file, const char *name, const char *dtype, int32_t n_dims, int64_t rows,
                          int64_t columns, const lfmi_stored **out)
{
    const lfmi_stored *tensor = lfmi_header_find(&file->header, name);
    if (tensor == NULL)
        return lfmi_fail(LFM_ERROR_FORMAT, "%s: tensor %s is missing", file->name, name);
    if (strcmp(tensor->dtype, dtype) != 0)
        return lfmi_fail(LFM_ERROR_FORMAT, "%s: tensor %s is of type %s, must be %s", file->name, name, tensor->dtype,
                         dtype);
    if ((uintptr_t)lfmi_file_data(file, tensor) % (uintptr_t)lfmi_dtype_bytes(dtype) != 0)
        return lfmi_fail(LFM_ERROR_FORMAT, "%s: tensor %s is not aligned to its type", file->name, name);
    const int64_t wanted[2] = {rows, columns};
    bool good = tensor->n_dims == n_dims;
    for (int32_t i = 0; good && i < n_dims; i++)
        good = wanted[i] >= 0 ? tensor->shape[i] == wanted[i] : true;
    if (!good)
        return lfmi_fail(LFM_ERROR_FORMAT,
                         "%s: tensor %s has %d dimensions, the first %lld x %lld; expected %lld%s%lld (-1: any)",
                         file->name, name, tensor->n_dims, (long long)tensor->shape[0], (long long)tensor->shape[1],
                         (long long)rows, n_dims > 1 ? " x " : ", columns ", (long long)columns);
    *out = tensor;
    return LFM_OK;
}
