/* lfm synth: a file written through a large buffer, under a temporary name until it is whole. */
#include "synth_output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUFFER_BYTES = 1 << 20 };

void synth_complain(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("lfm synth: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

static char *join(const char *directory, const char *name, const char *ending)
{
    size_t length = strlen(directory) + strlen(name) + strlen(ending) + 2;
    char *path = malloc(length);
    if (path != NULL)
        snprintf(path, length, "%s/%s%s", directory, name, ending);
    return path;
}

int synth_output_open(synth_output *out, const char *directory, const char *name)
{
    out->path = join(directory, name, "");
    out->temporary = join(directory, name, ".partial");
    out->buffer = malloc(BUFFER_BYTES);
    if (out->path == NULL || out->temporary == NULL || out->buffer == NULL) {
        synth_complain("out of memory");
        return -1;
    }
    out->file = open(out->temporary, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (out->file < 0) {
        synth_complain("cannot create %s: %s", out->temporary, strerror(errno));
        return -1;
    }
    return 0;
}

static void flush(synth_output *out)
{
    size_t done = 0;
    while (done < out->used && out->error == 0) {
        ssize_t n = write(out->file, out->buffer + done, out->used - done);
        if (n >= 0)
            done += (size_t)n;
        else if (errno != EINTR)
            out->error = errno;
    }
    out->used = 0;
}

char *synth_output_line(synth_output *out)
{
    if (out->used > BUFFER_BYTES - SYNTH_LINE_BYTES)
        flush(out);
    return out->buffer + out->used;
}

void synth_output_took(synth_output *out, const char *end)
{
    out->used = (size_t)(end - out->buffer);
}

int synth_output_close(synth_output *out)
{
    flush(out);
    if (close(out->file) != 0 && out->error == 0)
        out->error = errno;
    out->file = -1;
    if (out->error == 0)
        return 0;
    synth_complain("cannot write %s: %s", out->path, strerror(out->error));
    return -1;
}

int synth_output_publish(synth_output *out)
{
    if (rename(out->temporary, out->path) != 0) {
        synth_complain("cannot rename %s to %s: %s", out->temporary, out->path, strerror(errno));
        return -1;
    }
    free(out->temporary); /* nothing is left to remove */
    out->temporary = NULL;
    return 0;
}

void synth_output_end(synth_output *out)
{
    int opened = out->file >= 0 || out->buffer != NULL;
    if (out->file >= 0)
        close(out->file);
    if (opened && out->temporary != NULL)
        unlink(out->temporary);
    free(out->buffer);
    free(out->temporary);
    free(out->path);
}

char *synth_put_text(char *at, const char *text, size_t length)
{
    memcpy(at, text, length);
    return at + length;
}

char *synth_put_number(char *at, uint32_t number)
{
    char digits[10];
    size_t n = sizeof digits;
    do {
        digits[--n] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    return synth_put_text(at, digits + n, sizeof digits - n);
}
