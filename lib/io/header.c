/* The header of a safetensors file. Every length, offset, type and shape is checked before anything uses it. */
#include "io/header.h"

#include <stdlib.h>
#include <string.h>

#include "io/contents.h"
#include "lfm/version.h"

enum {
    LENGTH_BYTES = 8,
    MOST_ENTRIES = 100000, /* tensors, or metadata */
};

static const char *const metadata_key = "__metadata__";

static lfm_status bad(const char *file, const char *what, const char *which)
{
    return lfmi_fail(LFM_ERROR_FORMAT, "%s: %s%s%.80s", file, what, which[0] != '\0' ? ": " : "", which);
}

/* Find the header's length; what follows it is the text. */
static lfm_status read_length(const char *file, const unsigned char *bytes, int64_t n_bytes, int64_t *length)
{
    if (n_bytes < LENGTH_BYTES)
        return lfmi_fail(LFM_ERROR_FORMAT, "%s: not a safetensors file: it has only %lld bytes", file,
                         (long long)n_bytes);
    uint64_t stated = 0;
    for (int i = 0; i < LENGTH_BYTES; i++)
        stated |= (uint64_t)bytes[i] << (8 * i);
    if (stated < 2 || (n_bytes > LENGTH_BYTES && bytes[LENGTH_BYTES] != '{'))
        return bad(file, "not a safetensors file: it does not begin with a header", "");
    if (stated > LFMI_MOST_HEADER_BYTES)
        return lfmi_fail(LFM_ERROR_FORMAT, "%s: its header would have %llu bytes; at most %d are read", file,
                         (unsigned long long)stated, LFMI_MOST_HEADER_BYTES);
    if (stated > (uint64_t)(n_bytes - LENGTH_BYTES))
        return lfmi_fail(LFM_ERROR_FORMAT, "%s: cut off in its header: %llu bytes are stated, %lld are there", file,
                         (unsigned long long)stated, (long long)(n_bytes - LENGTH_BYTES));
    *length = (int64_t)stated;
    return LFM_OK;
}

/* The whole numbers of an array; how many, or -1. */
static int32_t read_numbers(const json_t *array, int32_t most, int64_t *out)
{
    if (!json_is_array(array) || json_array_size(array) > (size_t)most)
        return -1;
    const int32_t n = (int32_t)json_array_size(array);
    for (int32_t i = 0; i < n; i++) {
        const json_t *number = json_array_get(array, (size_t)i);
        if (!json_is_integer(number) || json_integer_value(number) < 0)
            return -1;
        out[i] = (int64_t)json_integer_value(number);
    }
    return n;
}

static lfm_status read_tensor(const char *file, const char *name, const json_t *json, int64_t n_data,
                              lfmi_stored *out)
{
    *out = (lfmi_stored){.name = name, .dtype = json_string_value(json_object_get(json, "dtype"))};
    if (out->dtype == NULL || lfmi_dtype_bytes(out->dtype) == 0)
        return bad(file, "a tensor of an unknown type", name);
    out->n_dims = read_numbers(json_object_get(json, "shape"), LFM_TENSOR_DIMS, out->shape);
    if (out->n_dims < 0)
        return bad(file, "a tensor of a bad shape", name);
    int64_t offsets[2];
    if (read_numbers(json_object_get(json, "data_offsets"), 2, offsets) != 2 || offsets[0] > offsets[1])
        return bad(file, "a tensor of bad offsets", name);
    if (offsets[1] > n_data)
        return lfmi_fail(LFM_ERROR_FORMAT, "%s: cut off: tensor %.80s ends at byte %lld of the data, %lld are there",
                         file, name, (long long)offsets[1], (long long)n_data);
    out->begin = offsets[0];
    out->n_bytes = offsets[1] - offsets[0];
    int64_t bytes = lfmi_dtype_bytes(out->dtype);
    for (int32_t i = 0; i < out->n_dims; i++) {
        if (__builtin_mul_overflow(bytes, out->shape[i], &bytes))
            return bad(file, "a tensor whose shape is too large", name);
    }
    if (bytes != out->n_bytes)
        return lfmi_fail(LFM_ERROR_FORMAT, "%s: tensor %.80s: its shape makes %lld bytes, its offsets %lld", file, name,
                         (long long)bytes, (long long)out->n_bytes);
    return LFM_OK;
}

static int by_place(const void *a, const void *b)
{
    const lfmi_stored *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    if (x->n_bytes != y->n_bytes)
        return x->n_bytes < y->n_bytes ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* The tensors must fill the data without gaps and overlaps. */
static lfm_status check_places(const char *file, const lfmi_header *header, int64_t n_data)
{
    int64_t at = 0;
    for (int32_t i = 0; i < header->n_tensors; i++) {
        const lfmi_stored *tensor = &header->tensors[i];
        if (tensor->begin != at)
            return bad(file, tensor->begin < at ? "tensors overlap" : "a gap before a tensor", tensor->name);
        at += tensor->n_bytes;
    }
    if (at != n_data)
        return lfmi_fail(LFM_ERROR_FORMAT, "%s: %lld bytes of data, but the tensors have %lld", file, (long long)n_data,
                         (long long)at);
    return LFM_OK;
}

static lfm_status read_metadata(lfm_context *context, const char *file, lfmi_header *header)
{
    json_t *metadata = json_object_get(header->json, metadata_key);
    if (metadata == NULL)
        return LFM_OK;
    if (!json_is_object(metadata))
        return bad(file, "its metadata is no object", "");
    if (json_object_size(metadata) > MOST_ENTRIES)
        return bad(file, "more metadata than is read", "");
    header->n_metadata = (int32_t)json_object_size(metadata);
    LFMI_TRY(LFMI_NEW_ARRAY(context, header->n_metadata, "the metadata of a file", &header->metadata));
    const char *key;
    json_t *value;
    int32_t n = 0;
    json_object_foreach(metadata, key, value)
    {
        if (!json_is_string(value))
            return bad(file, "metadata that is no string", key);
        header->metadata[n++] = (lfmi_entry){key, json_string_value(value)};
    }
    return LFM_OK;
}

/* Our own files carry a checksum of the header; others need none. */
static lfm_status check_checksum(const char *file, const lfmi_header *header, const char *text, int64_t length)
{
    const char *stated = lfmi_header_metadata(header, "header_checksum");
    if (stated == NULL) {
        if (lfmi_header_metadata(header, "library_version") != NULL)
            return bad(file, "damaged: the checksum of its header is missing", "");
        return LFM_OK;
    }
    const size_t key = sizeof LFMI_HEADER_CHECKSUM - 1;
    char digits[LFMI_CHECKSUM_DIGITS + 1] = "";
    for (int64_t at = 0; at + (int64_t)key + LFMI_CHECKSUM_DIGITS < length; at++) {
        if (memcmp(text + at, LFMI_HEADER_CHECKSUM, key) != 0)
            continue;
        const size_t place = (size_t)at + key;
        lfmi_checksum_text(lfmi_header_checksum(text, (size_t)length, place), digits);
        if (memcmp(digits, text + place, LFMI_CHECKSUM_DIGITS) == 0)
            return LFM_OK;
        break;
    }
    return lfmi_fail(LFM_ERROR_FORMAT, "%s: damaged: the checksum of its header is %s, stated is %.20s", file,
                     digits[0] != '\0' ? digits : "nowhere", stated);
}

static lfm_status check_version(const char *file, const lfmi_header *header)
{
    const char *format = lfmi_header_metadata(header, "format");
    if (format == NULL || strcmp(format, "liblfm") != 0)
        return LFM_OK;
    const int64_t version = lfmi_header_number(header, "format_version");
    if (version < 1)
        return bad(file, "its format_version is no version", "");
    if (version > LFMI_FORMAT_VERSION)
        return lfmi_fail(LFM_ERROR_FORMAT, "%s: written in version %lld of the format; this library (version %s) reads "
                                           "up to version %d",
                         file, (long long)version, LFM_VERSION_STRING, LFMI_FORMAT_VERSION);
    return LFM_OK;
}

static lfm_status read_tensors(lfm_context *context, const char *file, int64_t n_data, lfmi_header *header)
{
    if (json_object_size(header->json) > MOST_ENTRIES)
        return bad(file, "more tensors than a model has", "");
    LFMI_TRY(LFMI_NEW_ARRAY(context, (int64_t)json_object_size(header->json), "the tensors of a file",
                            &header->tensors));
    header->n_room = (int32_t)json_object_size(header->json);
    const char *name;
    json_t *value;
    json_object_foreach(header->json, name, value)
    {
        if (strcmp(name, metadata_key) != 0)
            LFMI_TRY(read_tensor(file, name, value, n_data, &header->tensors[header->n_tensors++]));
    }
    qsort(header->tensors, (size_t)header->n_tensors, sizeof *header->tensors, by_place);
    return check_places(file, header, n_data);
}

static lfm_status read_header(lfm_context *context, const char *file, const char *bytes, int64_t n_bytes,
                              lfmi_header *header)
{
    int64_t length = 0;
    LFMI_TRY(read_length(file, (const unsigned char *)bytes, n_bytes, &length));
    const char *text = bytes + LENGTH_BYTES;
    header->data = LENGTH_BYTES + length;
    json_error_t error;
    header->json = json_loadb(text, (size_t)length, JSON_REJECT_DUPLICATES, &error);
    if (header->json == NULL)
        return lfmi_fail(json_error_code(&error) == json_error_out_of_memory ? LFM_ERROR_MEMORY : LFM_ERROR_FORMAT,
                         "%s: its header, byte %d: %.100s", file, error.position, error.text);
    LFMI_TRY(read_metadata(context, file, header));
    LFMI_TRY(check_version(file, header));
    LFMI_TRY(check_checksum(file, header, text, length));
    return read_tensors(context, file, n_bytes - header->data, header);
}

lfm_status lfmi_header_read(lfm_context *context, const char *name, const void *bytes, int64_t n_bytes,
                            lfmi_header *header)
{
    *header = (lfmi_header){0};
    const lfm_status status = read_header(context, name, bytes, n_bytes, header);
    if (status != LFM_OK)
        lfmi_header_free(context, header);
    return status;
}

void lfmi_header_free(lfm_context *context, lfmi_header *header)
{
    LFMI_FREE_ARRAY(context, header->metadata, header->n_metadata);
    LFMI_FREE_ARRAY(context, header->tensors, header->n_room);
    json_decref(header->json);
    *header = (lfmi_header){0};
}

const lfmi_stored *lfmi_header_find(const lfmi_header *header, const char *name)
{
    for (int32_t i = 0; i < header->n_tensors; i++) {
        if (strcmp(header->tensors[i].name, name) == 0)
            return &header->tensors[i];
    }
    return NULL;
}

const char *lfmi_header_metadata(const lfmi_header *header, const char *key)
{
    return json_string_value(json_object_get(json_object_get(header->json, metadata_key), key));
}

int64_t lfmi_header_number(const lfmi_header *header, const char *key)
{
    const char *text = lfmi_header_metadata(header, key);
    if (text == NULL || text[0] < '0' || text[0] > '9')
        return -1;
    int64_t number = 0;
    for (; *text >= '0' && *text <= '9'; text++) {
        if (number > (INT64_MAX - 9) / 10)
            return -1;
        number = 10 * number + (*text - '0');
    }
    return *text == '\0' ? number : -1;
}
