/* Files being written: every error is noticed, told once and remembered. */
#include "output.h"

#include <errno.h>
#include <string.h>

#include "common.h"

int output_open(output *out, const char *path)
{
    memset(out, 0, sizeof *out);
    if (path == NULL)
        return EXIT_FINE;
    if (strcmp(path, "-") == 0) {
        output_use(out, stdout, "standard output");
        return EXIT_FINE;
    }
    out->name = path;
    out->file = fopen(path, "wb");
    return out->file != NULL ? EXIT_FINE : fail("cannot write %s: %s", path, strerror(errno));
}

void output_use(output *out, FILE *file, const char *name)
{
    *out = (output){.file = file, .name = name, .is_standard = true};
}

static void write_failed(output *out)
{
    fail("cannot write %s: %s", out->name, errno != 0 ? strerror(errno) : "error");
    out->failed = true;
}

void output_flush(output *out)
{
    if (out->file == NULL)
        return;
    errno = 0;
    if (fflush(out->file) == 0 && !ferror(out->file))
        return;
    write_failed(out);
    if (!out->is_standard)
        fclose(out->file);
    out->file = NULL;
}

void output_close(output *out)
{
    output_flush(out);
    if (out->file == NULL || out->is_standard)
        return;
    errno = 0;
    if (fclose(out->file) != 0)
        write_failed(out);
    out->file = NULL;
}
