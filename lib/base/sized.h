/* Structs that begin with their own size, so that old callers and new libraries fit each other. */
#ifndef LFMI_SIZED_H
#define LFMI_SIZED_H

#include <stddef.h>

#include "base/status.h"

/* Fill the caller's struct, `size` bytes long, with `defaults` (known_size bytes; NULL: zeros), as far
 * as both reach, zeros beyond, and set its size. Does nothing for NULL or a size below size_t's. */
void lfmi_sized_init(void *target, size_t size, const void *defaults, size_t known_size);

/* Copy the caller's struct over `known`, which already holds the defaults and is known_size long. A
 * shorter struct leaves the defaults of what it lacks; a longer one must have only zeros in the tail
 * that this library does not know. When it has not, the known part is copied all the same, so that a
 * release callback in it can be honoured. Errors: OPTION. */
lfm_status lfmi_sized_read(void *known, size_t known_size, const void *given, const char *name);

/* Refuse a reserved field that is set: what it will mean some day this library would ignore. Errors: OPTION. */
lfm_status lfmi_reserved_check(int32_t reserved, const char *name);

/* Copy `known` into the caller's struct, at most the size that it states, and leave that as it is.
 * Errors: OPTION when the stated size is below size_t's. */
lfm_status lfmi_sized_write(void *given, const void *known, size_t known_size, const char *name);

/* Assert that a struct has no padding at its end; 32-bit targets may pad around size_t. */
#define LFMI_ASSERT_SIZED(type, last_field)                                                            \
    _Static_assert(sizeof(size_t) != 8 || sizeof(type) == offsetof(type, last_field) +                 \
                                                              sizeof(((type *)0)->last_field),         \
                   #type " has padding at its end");                                                   \
    _Static_assert(offsetof(type, size) == 0, #type " does not begin with its size")

#endif
