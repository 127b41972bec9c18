/* Whatever bytes are taken for a model file: it is refused, or everything can be asked of what it holds. Under
 * libFuzzer (tests/fuzz/fuzz.sh), and over a small corpus in the tests (replay.c). */
#include "fuzz.h"

#include <string.h>

#include "world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { MOST_BYTES = 1 << 16 };
    if (size <= MOST_BYTES)
        (void)try_everything(data, (int64_t)size);
    return 0;
}
