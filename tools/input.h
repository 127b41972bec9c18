/* Lines of a text file, plain or gzip, or of standard input. */
#ifndef LFM_TOOL_INPUT_H
#define LFM_TOOL_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

typedef struct input {
    gzFile file;
    const char *name; /* for messages */
    char *buffer;
    size_t capacity, start, end; /* buffer[start .. end) waits to be handed out */
    int64_t line;                /* number of the line handed out last, from 1 */
    int64_t file_size;           /* bytes on the disk, 0 when not known */
    bool at_end;
} input;

/* Open a file; "-" is standard input. Returns EXIT_FINE or prints what is wrong; close in any case. */
int input_open(input *in, const char *path);

/* Hand out the next line with its '\n' (the last one may lack it); valid until the next call. *line
 * is NULL at the end. Refuses binary files, truncated and corrupt gzip. Returns an exit code. */
int input_line(input *in, char **line, size_t *length);

/* How much of the file has been read, from 0 to 1; 0 when its size is not known. */
double input_share(const input *in);

void input_close(input *in);

#endif
