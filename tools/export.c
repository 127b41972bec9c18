/* lfm export: what is in a model file, for other programs. */
#include <signal.h>
#include <string.h>

#include "common.h"
#include "export_arrays.h"
#include "export_text.h"
#include "flags.h"
#include "model_files.h"
#include "output.h"
#include "replacement.h"
#include "row_names.h"

static const char help_text[] =
    "lfm export MODEL --output PATH --format FORMAT [options]: write a model file for other programs\n"
    "\n"
    "  --output PATH     What to write, replaced when it is whole; - is standard output (csv, word2vec)\n"
    "  --format FORMAT   npz       all tensors in one file for numpy.load()\n"
    "                    npy       the same as PATH/NAME.npy, a file for each\n"
    "                    csv       id,bias,e1,...: the representations of one kind of thing\n"
    "                    word2vec  the text form of word2vec: names and representations, without biases\n"
    "  --of KIND         csv, word2vec: item (default), user, item-feature or user-feature\n"
    "  --help            Print this\n";

enum { FORMAT_NPZ, FORMAT_NPY, FORMAT_CSV, FORMAT_WORD2VEC, N_FORMATS };
static const char *const format_names[N_FORMATS] = {"npz", "npy", "csv", "word2vec"};

static int find_name(const char *const *names, int n, const char *wanted)
{
    for (int i = 0; i < n; i++) {
        if (strcmp(names[i], wanted) == 0)
            return i;
    }
    return -1;
}

static int write_arrays(lfm_file *file, const char *path, int format, const char *to)
{
    npy_array *arrays = NULL;
    int32_t n = 0;
    int code = npy_arrays_gather(file, path, &arrays, &n);
    if (code == EXIT_FINE)
        code = format == FORMAT_NPZ ? npy_arrays_to_npz(arrays, n, to) : npy_arrays_to_folder(arrays, n, to);
    npy_arrays_free(arrays, n);
    return code;
}

static int write_text(lfm_file *file, int format, int32_t space, const char *to)
{
    replacement out;
    int code = replacement_open(&out, to);
    if (code == EXIT_FINE)
        code = format == FORMAT_CSV ? export_csv(out.file, file, space) : export_word2vec(out.file, file, space);
    if (code == EXIT_FINE)
        code = replacement_close(&out);
    if (code == EXIT_FINE)
        code = replacement_publish(&out);
    replacement_end(&out);
    return code;
}

int export_main(int argc, char **argv)
{
    const char *path = NULL, *to = NULL, *format_name = NULL, *of = NULL;
    bool help;
    const flag flags[] = {
        {"output", &to, NULL}, {"format", &format_name, NULL}, {"of", &of, NULL}, {NULL, NULL, NULL}};
    command_name_set("export");
    int code = flags_parse(argc, argv, flags, "model", &path, &help);
    if (code != EXIT_FINE)
        return code;
    if (help)
        return flags_help(help_text);
    if (to == NULL || format_name == NULL)
        return fail_usage("--%s is missing: see `lfm export --help`", to == NULL ? "output" : "format");
    const int format = find_name(format_names, N_FORMATS, format_name);
    if (format < 0)
        return fail_usage("--format: '%s' is none of npz, npy, csv and word2vec", format_name);
    const bool is_text = format == FORMAT_CSV || format == FORMAT_WORD2VEC;
    const int space = of == NULL ? LFM_SPACE_ITEM : find_name(row_space_names, ROW_NAMES_SPACES, of);
    if (space < 0)
        return fail_usage("--of: '%s' is none of user, item, user-feature and item-feature", of);
    if (!is_text && of != NULL)
        return fail_usage("--of goes with csv and word2vec: %s holds everything", format_name);
    if (!is_text && strcmp(to, "-") == 0)
        return fail_usage("standard output is for csv and word2vec");
    if (output_is_input(to, path))
        return fail_usage("--output would overwrite the input %s", path);
    (void)signal(SIGXFSZ, SIG_IGN); /* a limit of file sizes is to be an error of writing like any other */
    lfm_file *file = NULL;
    if (lfm_file_open(NULL, path, NULL, &file) != LFM_OK)
        return fail_library();
    code = is_text ? write_text(file, format, space, to) : write_arrays(file, path, format, to);
    lfm_file_free(file);
    return code;
}
