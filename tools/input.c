/* Lines of a text file, plain or gzip: zlib's gz functions read both. */
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common.h"
#include "interrupt.h"

enum { CHUNK = 1 << 20, LONGEST_LINE = 1 << 30, GZIP_BUFFER = 1 << 18 };

int input_open(input *in, const char *path)
{
    memset(in, 0, sizeof *in);
    const bool is_stdin = strcmp(path, "-") == 0;
    in->name = is_stdin ? "(stdin)" : path;
    const int descriptor = is_stdin ? dup(STDIN_FILENO) : open(path, O_RDONLY);
    if (descriptor < 0)
        return fail("cannot open %s: %s", in->name, strerror(errno));
    struct stat status = {.st_mode = 0};
    if (fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode)) {
        close(descriptor);
        return fail("cannot read %s: it is a directory", in->name);
    }
    if (S_ISREG(status.st_mode))
        in->file_size = (int64_t)status.st_size;
    in->file = gzdopen(descriptor, "rb");
    if (in->file == NULL) {
        close(descriptor);
        return fail_memory();
    }
    gzbuffer(in->file, GZIP_BUFFER);
    in->capacity = CHUNK;
    in->buffer = malloc(in->capacity);
    return in->buffer != NULL ? EXIT_FINE : fail_memory();
}

static int64_t count_lines(const char *from, const char *to)
{
    int64_t n = 0;
    while (from < to && (from = memchr(from, '\n', (size_t)(to - from))) != NULL) {
        from++;
        n++;
    }
    return n;
}

static int refuse_binary(const input *in, const char *nul)
{
    const unsigned char *head = (const unsigned char *)in->buffer + in->start;
    const bool utf16 =
        in->line == 0 && in->end - in->start >= 2 &&
        ((head[0] == 0xFF && head[1] == 0xFE) || (head[0] == 0xFE && head[1] == 0xFF));
    return fail("%s:%lld: %s", in->name,
                (long long)(in->line + 1 + count_lines(in->buffer + in->start, nul)),
                utf16 ? "the file is UTF-16: convert it to UTF-8"
                      : "a NUL byte: this is a binary file, not delimited text");
}

static int read_failed(const input *in)
{
    if (interrupted()) {
        fail("interrupted while reading %s", in->name);
        return EXIT_INTERRUPTED;
    }
    int code;
    const int system_error = errno;
    const char *reason = gzerror(in->file, &code);
    if (code == Z_BUF_ERROR)
        return fail(
            "%s: the gzip file is truncated (after line %lld)", in->name,
            (long long)(in->line + count_lines(in->buffer + in->start, in->buffer + in->end)));
    if (code == Z_ERRNO)
        return fail("cannot read %s: %s", in->name, strerror(system_error));
    return fail("%s: the gzip file is corrupt: %s (after line %lld)", in->name, reason,
                (long long)(in->line + count_lines(in->buffer + in->start, in->buffer + in->end)));
}

/* Add a chunk to what waits. */
static int refill(input *in)
{
    const size_t waiting = in->end - in->start;
    if (in->start > 0)
        memmove(in->buffer, in->buffer + in->start, waiting);
    in->start = 0;
    in->end = waiting;
    if (in->capacity - waiting < CHUNK / 2) {
        if (waiting > LONGEST_LINE)
            return fail("%s:%lld: the line is longer than 1 GiB", in->name,
                        (long long)in->line + 1);
        char *buffer = grow_array(in->buffer, &in->capacity, in->capacity * 2, 1);
        if (buffer == NULL)
            return fail_memory();
        in->buffer = buffer;
    }
    const size_t room = in->capacity - waiting;
    errno = 0;
    const int n = gzread(in->file, in->buffer + waiting, (unsigned)(room < CHUNK ? room : CHUNK));
    int code = Z_OK;
    if (n >= 0)
        gzerror(in->file, &code);
    if (n < 0 || (n == 0 && code != Z_OK && code != Z_STREAM_END) || interrupted())
        return read_failed(in);
    in->end += (size_t)n;
    in->at_end = n == 0;
    const char *nul = memchr(in->buffer + waiting, '\0', (size_t)n);
    return nul == NULL ? EXIT_FINE : refuse_binary(in, nul);
}

/* A UTF-8 byte-order mark opens some files; it is no part of the first id. */
static void skip_byte_order_mark(input *in)
{
    static const char mark[] = "\xEF\xBB\xBF";
    enum { MARK_LENGTH = sizeof mark - 1 };
    if (in->end - in->start >= MARK_LENGTH &&
        memcmp(in->buffer + in->start, mark, MARK_LENGTH) == 0)
        in->start += MARK_LENGTH;
}

int input_line(input *in, char **line, size_t *length)
{
    size_t searched = 0;
    for (;;) {
        char *from = in->buffer + in->start;
        const size_t waiting = in->end - in->start;
        const char *newline =
            searched < waiting ? memchr(from + searched, '\n', waiting - searched) : NULL;
        if (newline == NULL && !in->at_end) {
            searched = waiting;
            const int code = refill(in);
            if (code != EXIT_FINE)
                return code;
            continue;
        }
        if (in->line == 0) {
            const size_t before = in->start;
            skip_byte_order_mark(in);
            from += in->start - before;
        }
        *length = newline != NULL ? (size_t)(newline + 1 - from) : in->end - in->start;
        *line = *length > 0 ? from : NULL;
        in->start += *length;
        in->line += *length > 0;
        return EXIT_FINE;
    }
}

double input_share(const input *in)
{
    if (in->file_size <= 0)
        return 0;
    const double share = (double)gzoffset(in->file) / (double)in->file_size;
    return share < 0 ? 0 : share > 1 ? 1 : share;
}

void input_close(input *in)
{
    if (in->file != NULL)
        gzclose(in->file);
    free(in->buffer);
    memset(in, 0, sizeof *in);
}
