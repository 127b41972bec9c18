/* Structs that begin with their own size. */
#include "base/sized.h"

#include <string.h>

#include "lfm/version.h"

/* The size field, read without presuming which struct it stands in. */
static size_t stated_size(const void *given)
{
    size_t size;
    memcpy(&size, given, sizeof size);
    return size;
}

void lfmi_sized_init(void *target, size_t size, const void *defaults, size_t known_size)
{
    if (target == NULL || size < sizeof size)
        return;
    memset(target, 0, size);
    if (defaults != NULL)
        memcpy(target, defaults, size < known_size ? size : known_size);
    memcpy(target, &size, sizeof size);
}

lfm_status lfmi_sized_read(void *known, size_t known_size, const void *given, const char *name)
{
    enum { SANE_SIZE = 1 << 16 }; /* an uninitialised struct states nonsense; do not read that far */
    const size_t size = stated_size(given);
    if (size < sizeof size || size > SANE_SIZE)
        return lfmi_fail(LFM_ERROR_OPTION,
                         "%s: its size field is %zu: initialise it with %s_init()", name, size, name);
    memcpy(known, given, size < known_size ? size : known_size);
    memcpy(known, &known_size, sizeof known_size);
    const unsigned char *bytes = given;
    for (size_t i = known_size; i < size; i++) {
        if (bytes[i] != 0)
            return lfmi_fail(LFM_ERROR_OPTION,
                             "%s: byte %zu is set, but this library (version %s) knows only %zu bytes "
                             "of it: it is older than the caller's headers",
                             name, i, lfm_version(), known_size);
    }
    return LFM_OK;
}

lfm_status lfmi_sized_write(void *given, const void *known, size_t known_size, const char *name)
{
    const size_t size = stated_size(given);
    if (size < sizeof size)
        return lfmi_fail(LFM_ERROR_OPTION, "%s: its size field is %zu: set it to sizeof(%s)", name,
                         size, name);
    memcpy(given, known, size < known_size ? size : known_size);
    memcpy(given, &size, sizeof size);
    return LFM_OK;
}

lfm_status lfmi_reserved_check(int32_t reserved, const char *name)
{
    if (reserved == 0)
        return LFM_OK;
    return lfmi_fail(LFM_ERROR_OPTION, "%s: reserved is %d, must be 0", name, reserved);
}
