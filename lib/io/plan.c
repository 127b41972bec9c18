/* A file about to be written. Every tensor's bytes are gathered twice, for the checksum in the header and to be
 * written, so that nothing has to be held or changed afterwards. */
#include "io/plan.h"

#include <stdio.h>
#include <string.h>

#include "io/checksum.h"
#include "io/half.h"

lfm_status lfmi_plan_new(lfm_context *context, const lfm_cancel *cancel, lfmi_plan *plan)
{
    *plan = (lfmi_plan){.context = context, .cancel = cancel, .metadata = json_object()};
    if (plan->metadata == NULL)
        return lfmi_fail(LFM_ERROR_MEMORY, "no memory for the metadata of a file");
    /* Filled in at last. */
    LFMI_TRY(lfmi_plan_tell(plan, "header_checksum", LFMI_NO_CHECKSUM));
    return lfmi_plan_tell(plan, "data_checksum", LFMI_NO_CHECKSUM);
}

void lfmi_plan_free(lfmi_plan *plan)
{
    json_decref(plan->metadata);
    lfmi_deallocate(plan->context, plan->header, (int64_t)plan->header_capacity, 1);
}

lfm_status lfmi_plan_tell(lfmi_plan *plan, const char *key, const char *value)
{
    if (json_object_get(plan->metadata, key) != NULL)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "the metadata of a file has '%.40s' twice", key);
    json_t *text = json_string(value);
    if (text == NULL || json_object_set_new(plan->metadata, key, text) != 0)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "the metadata of a file: '%.40s' or its value is not UTF-8 (or there is "
                                             "no memory)",
                         key);
    return LFM_OK;
}

lfm_status lfmi_plan_tell_number(lfmi_plan *plan, const char *key, int64_t value)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%lld", (long long)value);
    return lfmi_plan_tell(plan, key, text);
}

int64_t lfmi_dtype_bytes(const char *dtype)
{
    static const struct {
        const char *name;
        int64_t bytes;
    } known[] = {{"F32", 4}, {"F16", 2}, {"I32", 4}, {"I64", 8}, {"U8", 1}, {"BF16", 2}, {"F64", 8}, {"I8", 1},
                 {"I16", 2}, {"U16", 2}, {"U32", 4}, {"U64", 8}, {"F8_E4M3", 1}, {"F8_E5M2", 1}, {"F8_E8M0", 1},
                 {"C64", 8}, {"BOOL", 1}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(known[i].name, dtype) == 0)
            return known[i].bytes;
    }
    return 0;
}

void lfmi_plan_list(lfmi_plan *plan, const char *name, const char *dtype, const void *data, int64_t n)
{
    const int64_t bytes = lfmi_dtype_bytes(dtype);
    plan->parts[plan->n_parts++] = (lfmi_part){.name = name,
                                               .dtype = dtype,
                                               .shape = {n},
                                               .n_dims = 1,
                                               .data = data,
                                               .n_rows = n,
                                               .row_bytes = bytes,
                                               .stride = bytes,
                                               .n_bytes = n * bytes};
}

void lfmi_plan_matrix(lfmi_plan *plan, const char *name, const char *dtype, const void *data, int64_t n_rows,
                      int64_t n_columns, int64_t stride)
{
    const int64_t bytes = n_columns * lfmi_dtype_bytes(dtype);
    plan->parts[plan->n_parts++] = (lfmi_part){.name = name,
                                               .dtype = dtype,
                                               .shape = {n_rows, n_columns},
                                               .n_dims = 2,
                                               .data = data,
                                               .n_rows = n_rows,
                                               .row_bytes = bytes,
                                               .stride = stride,
                                               .n_bytes = n_rows * bytes};
}

void lfmi_plan_reals(lfmi_plan *plan, const char *name, bool half, const float *data, int64_t n_rows,
                     int64_t n_columns, int64_t stride)
{
    lfmi_plan_matrix(plan, name, "F32", data, n_rows, n_columns > 0 ? n_columns : 1, stride);
    lfmi_part *part = &plan->parts[plan->n_parts - 1];
    part->n_dims = n_columns > 0 ? 2 : 1;
    if (half) {
        part->dtype = "F16";
        part->to_half = true;
        part->n_bytes /= 2;
    }
}

/* How large a power of two divides a length; at most the alignment of all that matters. */
static int64_t roundness(int64_t n_bytes)
{
    int64_t power = LFMI_ALIGNMENT;
    while (n_bytes % power != 0)
        power /= 2;
    return power;
}

/* The layout allows no gaps. So the roundest lengths stand first: then each begins at a multiple of its
 * own roundness, which is at least the size of its numbers. Equally round ones stay in their order. */
static void place_parts(lfmi_plan *plan)
{
    for (int32_t i = 1; i < plan->n_parts; i++) {
        const lfmi_part part = plan->parts[i];
        int32_t to = i;
        for (; to > 0 && roundness(plan->parts[to - 1].n_bytes) < roundness(part.n_bytes); to--)
            plan->parts[to] = plan->parts[to - 1];
        plan->parts[to] = part;
    }
    int64_t at = 0;
    for (int32_t i = 0; i < plan->n_parts; i++) {
        plan->parts[i].begin = at;
        at += plan->parts[i].n_bytes;
    }
}

/* Put a row of a part at `to`; false when a number does not fit. */
static bool gather_row(const lfmi_part *part, const char *row, char *to)
{
    if (!part->to_half) {
        memcpy(to, row, (size_t)part->row_bytes);
        return true;
    }
    const float *from = (const float *)(const void *)row;
    uint16_t *halves = (uint16_t *)(void *)to;
    bool fits = true;
    for (int64_t e = 0; e < part->row_bytes / (int64_t)sizeof(float); e++) {
        halves[e] = lfmi_to_float16(from[e]);
        fits = fits && (halves[e] & 0x7C00u) != 0x7C00u;
    }
    return fits;
}

static lfm_status emit_part(const lfmi_plan *plan, const lfmi_part *part, char *block, const lfmi_sink *sink)
{
    const char *data = part->data;
    if (part->stride == part->row_bytes && !part->to_half) {
        for (int64_t at = 0; at < part->n_bytes; at += LFMI_BLOCK_BYTES) {
            const int64_t rest = part->n_bytes - at;
            LFMI_TRY(lfmi_poll(plan->cancel));
            LFMI_TRY(sink->put(sink->self, data + at, (size_t)(rest < LFMI_BLOCK_BYTES ? rest : LFMI_BLOCK_BYTES)));
        }
        return LFM_OK;
    }
    const int64_t row_bytes = part->to_half ? part->row_bytes / 2 : part->row_bytes;
    const int64_t rows_per_block = row_bytes > 0 ? LFMI_BLOCK_BYTES / row_bytes : 1; /* d is at most 65536 */
    for (int64_t row = 0; row < part->n_rows; row += rows_per_block) {
        const int64_t n = part->n_rows - row < rows_per_block ? part->n_rows - row : rows_per_block;
        LFMI_TRY(lfmi_poll(plan->cancel));
        for (int64_t i = 0; i < n; i++) {
            if (!gather_row(part, data + (row + i) * part->stride, block + i * row_bytes))
                return lfmi_fail(LFM_ERROR_DATA, "%s, row %lld: a number is beyond the range of half precision",
                                 part->name, (long long)(row + i));
        }
        LFMI_TRY(sink->put(sink->self, block, (size_t)(n * row_bytes)));
    }
    return LFM_OK;
}

static lfm_status emit_parts(const lfmi_plan *plan, char *block, const lfmi_sink *sink)
{
    for (int32_t i = 0; i < plan->n_parts; i++) {
        if (plan->parts[i].n_bytes > 0)
            LFMI_TRY(emit_part(plan, &plan->parts[i], block, sink));
    }
    return LFM_OK;
}

static json_t *describe_part(const lfmi_part *part)
{
    json_t *shape = part->n_dims == 1 ? json_pack("[I]", (json_int_t)part->shape[0])
                                      : json_pack("[I,I]", (json_int_t)part->shape[0], (json_int_t)part->shape[1]);
    return json_pack("{s:s,s:o,s:[I,I]}", "dtype", part->dtype, "shape", shape, "data_offsets",
                     (json_int_t)part->begin, (json_int_t)(part->begin + part->n_bytes));
}

static json_t *describe(const lfmi_plan *plan)
{
    json_t *all = json_object();
    bool good = all != NULL && json_object_set(all, "__metadata__", plan->metadata) == 0;
    for (int32_t i = 0; good && i < plan->n_parts; i++)
        good = json_object_set_new(all, plan->parts[i].name, describe_part(&plan->parts[i])) == 0;
    if (good)
        return all;
    json_decref(all);
    return NULL;
}

/* Append text to the header: what json_dump_callback() wants. */
static int append(const char *text, size_t size, void *arg)
{
    lfmi_plan *plan = arg;
    if (plan->header_capacity - plan->header_bytes < size) {
        const size_t wanted = 2 * (plan->header_capacity + size) + 4096;
        char *larger;
        if (lfmi_allocate(plan->context, (int64_t)wanted, 1, "the header of a file", (void **)&larger) != LFM_OK)
            return -1;
        if (plan->header_bytes > 0)
            memcpy(larger, plan->header, plan->header_bytes);
        lfmi_deallocate(plan->context, plan->header, (int64_t)plan->header_capacity, 1);
        plan->header = larger;
        plan->header_capacity = wanted;
    }
    memcpy(plan->header + plan->header_bytes, text, size);
    plan->header_bytes += size;
    return 0;
}

void lfmi_checksum_text(uint64_t checksum, char text[LFMI_CHECKSUM_DIGITS + 1])
{
    (void)snprintf(text, LFMI_CHECKSUM_DIGITS + 1, "%016llx", (unsigned long long)checksum);
}

uint64_t lfmi_header_checksum(const char *header, size_t length, size_t at)
{
    lfmi_checksum sum;
    lfmi_checksum_begin(&sum);
    lfmi_checksum_add(&sum, header, at);
    lfmi_checksum_add(&sum, LFMI_NO_CHECKSUM, LFMI_CHECKSUM_DIGITS);
    lfmi_checksum_add(&sum, header + at + LFMI_CHECKSUM_DIGITS, length - at - LFMI_CHECKSUM_DIGITS);
    return lfmi_checksum_end(&sum);
}

static lfm_status make_header(lfmi_plan *plan)
{
    static const char spaces[LFMI_ALIGNMENT + 1] = "                                                                ";
    const size_t before = sizeof(uint64_t);
    json_t *all = describe(plan);
    bool good = all != NULL && append(spaces, before, plan) == 0 &&
                json_dump_callback(all, append, plan, JSON_COMPACT) == 0;
    json_decref(all);
    const size_t beyond = plan->header_bytes % LFMI_ALIGNMENT;
    good = good && (beyond == 0 || append(spaces, LFMI_ALIGNMENT - beyond, plan) == 0);
    if (!good)
        return lfmi_fail(LFM_ERROR_MEMORY, "no memory for the header of a file");
    const uint64_t length = plan->header_bytes - before;
    if (length > LFMI_MOST_HEADER_BYTES)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "the header of the file would have %llu bytes, of which at most %d can be "
                                             "read: too many notes",
                         (unsigned long long)length, LFMI_MOST_HEADER_BYTES);
    for (size_t i = 0; i < before; i++)
        plan->header[i] = (char)(unsigned char)(length >> (8 * i));
    /* The key comes first in the metadata, so its first occurrence is it. */
    char *text = plan->header + before;
    for (size_t at = 0; at + sizeof LFMI_HEADER_CHECKSUM + LFMI_CHECKSUM_DIGITS < length; at++) {
        if (memcmp(text + at, LFMI_HEADER_CHECKSUM, sizeof LFMI_HEADER_CHECKSUM - 1) != 0)
            continue;
        at += sizeof LFMI_HEADER_CHECKSUM - 1;
        char digits[LFMI_CHECKSUM_DIGITS + 1];
        lfmi_checksum_text(lfmi_header_checksum(text, length, at), digits);
        memcpy(text + at, digits, LFMI_CHECKSUM_DIGITS);
        break;
    }
    return LFM_OK;
}

static lfm_status write_parts(lfmi_plan *plan, char *block, const lfmi_sink *sink)
{
    lfmi_checksum sum;
    lfmi_checksum_begin(&sum);
    const lfmi_sink summing = {lfmi_checksum_put, &sum};
    LFMI_TRY(emit_parts(plan, block, &summing));
    char digits[LFMI_CHECKSUM_DIGITS + 1];
    lfmi_checksum_text(lfmi_checksum_end(&sum), digits);
    json_t *text = json_object_get(plan->metadata, "data_checksum");
    if (json_string_set(text, digits) != 0)
        return lfmi_fail(LFM_ERROR_MEMORY, "no memory for the metadata of a file");
    LFMI_TRY(make_header(plan));
    LFMI_TRY(sink->put(sink->self, plan->header, plan->header_bytes));
    return emit_parts(plan, block, sink);
}

lfm_status lfmi_plan_write(lfmi_plan *plan, const lfmi_sink *sink)
{
    place_parts(plan);
    char *block;
    LFMI_TRY(LFMI_NEW_ARRAY(plan->context, LFMI_BLOCK_BYTES, "a block of a file", &block));
    const lfm_status status = write_parts(plan, block, sink);
    LFMI_FREE_ARRAY(plan->context, block, LFMI_BLOCK_BYTES);
    return status;
}
