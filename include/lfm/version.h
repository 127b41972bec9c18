/* liblfm: the version of the headers and of the library that is running. */
#ifndef LFM_VERSION_H
#define LFM_VERSION_H

#include "lfm/export.h"

/* Version of these headers. Before 1.0 the soname is liblfm.so.0.MINOR. */
#define LFM_VERSION_MAJOR 0
#define LFM_VERSION_MINOR 1
#define LFM_VERSION_PATCH 0
#define LFM_VERSION_STRING "0.1.0"

LFM_BEGIN_DECLS

/* Return the version of the running library, for example "0.1.0". Never NULL, never freed.
 * Thread-safe. Since 0.1. */
LFM_API const char *lfm_version(void);

LFM_END_DECLS

#endif
