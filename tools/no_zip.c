/* What needs libzip, where this program was built without. */
#include "common.h"
#include "export_arrays.h"
#include "model_files.h"

int import_main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    command_name_set("import");
    return fail("this lfm was built without libzip, which reads .npz files");
}

int npy_arrays_to_npz(const npy_array *arrays, int32_t n, const char *path)
{
    (void)arrays;
    (void)n;
    return fail("cannot write %s: this lfm was built without libzip, which makes .npz files; --format npy needs none",
                path);
}
