/* The version of the running library. */
#include "lfm/version.h"

const char *lfm_version(void) { return LFM_VERSION_STRING; }
