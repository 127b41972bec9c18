/* Names from files, used where they lie. */
#include <string.h>

#include "ids/ids.h"
#include "io/load.h"

static lfm_status find_parts(const lfm_file *file, const char *const *names, lfmi_ids_parts *parts)
{
    const lfmi_stored *ids = lfmi_header_find(&file->header, names[LFMI_IDS]), *tensor;
    const bool text = strcmp(ids->dtype, "U8") == 0;
    LFMI_TRY(lfmi_file_need(file, names[LFMI_IDS], text ? "U8" : "I64", 1, -1, -1, &ids));
    *parts = (lfmi_ids_parts){.kind = text ? LFM_IDS_TEXT : LFM_IDS_NUMBER};
    int64_t n = ids->shape[0];
    if (text) {
        LFMI_TRY(lfmi_file_need(file, names[LFMI_IDS_OFFSETS], "I64", 1, -1, -1, &tensor));
        n = tensor->shape[0] - 1;
        parts->bytes = lfmi_file_data(file, ids);
        parts->n_bytes = ids->n_bytes;
        parts->offsets = lfmi_file_data(file, tensor);
    } else {
        parts->numbers = lfmi_file_data(file, ids);
    }
    if (n < 0 || n > INT32_MAX)
        return lfmi_fail(LFM_ERROR_FORMAT, "%s: tensor %s has %lld ids", file->name, names[LFMI_IDS], (long long)n);
    parts->n = (int32_t)n;
    LFMI_TRY(lfmi_file_need(file, names[LFMI_IDS_TABLE], "I32", 1, -1, -1, &tensor));
    parts->table = lfmi_file_data(file, tensor);
    parts->n_slots = tensor->shape[0];
    if (parts->n_slots < 1 || (parts->n_slots & (parts->n_slots - 1)) != 0 || n > parts->n_slots / 4 * 3)
        return lfmi_fail(LFM_ERROR_FORMAT, "%s: tensor %s has %lld slots for %lld ids; must be a power of two, a "
                                           "quarter of it empty",
                         file->name, names[LFMI_IDS_TABLE], (long long)parts->n_slots, (long long)n);
    return LFM_OK;
}

lfm_status lfm_file_ids(lfm_file *file, int32_t space, lfm_ids **out)
{
    lfmi_clear_message();
    LFMI_REQUIRE(file);
    LFMI_REQUIRE(out);
    if (space < 0 || space >= LFMI_SPACES)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "there is no space number %d: LFM_SPACE_USER, …", space);
    const char *const *names = lfmi_ids_names[space];
    if (lfmi_header_find(&file->header, names[LFMI_IDS]) == NULL) {
        *out = NULL;
        return LFM_OK;
    }
    lfmi_ids_parts parts;
    LFMI_TRY(find_parts(file, names, &parts));
    return lfmi_ids_borrow(file->context, &parts, lfmi_file_release, lfm_file_ref(file), out);
}

int32_t lfm_file_ids_start(const lfm_file *file, int32_t space)
{
    if (file == NULL || space < LFM_SPACE_USER_FEATURE || space >= LFMI_SPACES)
        return 0;
    const int64_t start = lfmi_header_number(&file->header, lfmi_ids_start_names[space - 2]);
    return start > 0 && start <= INT32_MAX ? (int32_t)start : 0;
}
