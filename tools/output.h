/* Files being written: every error is noticed, told once and remembered. */
#ifndef LFM_TOOL_OUTPUT_H
#define LFM_TOOL_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

typedef struct output {
    FILE *file; /* NULL: not wanted, or failed */
    const char *name;
    bool is_standard; /* not ours to close */
    bool failed;
} output;

/* Look whether a path can be written, without touching it. NULL and "-" can. Returns an exit code. */
int output_check(const char *path);

/* Whether writing to a path would overwrite an input; "-" as such is standard input. NULL: none. */
bool output_is_input(const char *path, const char *input);

/* Whether two outputs are one, also when neither exists yet. NULL: no file. */
bool outputs_are_same(const char *a, const char *b);

/* Open path for writing; NULL: none is wanted, "-": standard output. Returns an exit code. */
int output_open(output *out, const char *path);

/* Write to a stream that is open already. */
void output_use(output *out, FILE *file, const char *name);

/* Write out what is buffered and look whether all went well. */
void output_flush(output *out);

/* Flush and close; the disk may turn out to be full only here. */
void output_close(output *out);

#endif
