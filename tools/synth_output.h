/* lfm synth: a file written through a large buffer, under a temporary name until it is whole. */
#ifndef LFM_TOOLS_SYNTH_OUTPUT_H
#define LFM_TOOLS_SYNTH_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

enum { SYNTH_LINE_BYTES = 80 }; /* no line is longer */

typedef struct synth_output {
    char *path, *temporary;
    char *buffer;
    size_t used;
    int file;  /* -1: not open */
    int error; /* errno of the first failure, else 0 */
} synth_output;

/* Print one line "lfm synth: …" to standard error. */
void synth_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Create DIRECTORY/NAME.partial. `out` must be zeros but for file = -1. Returns 0; -1 after having
 * complained. Whatever it returns, call synth_output_end(). */
int synth_output_open(synth_output *out, const char *directory, const char *name);

/* Return where the next line goes; at least SYNTH_LINE_BYTES are free there. */
char *synth_output_line(synth_output *out);

/* Take over the line that ends before `end`. */
void synth_output_took(synth_output *out, const char *end);

/* Write what is left and close. Returns 0 when all is in the file; -1 after having complained. */
int synth_output_close(synth_output *out);

/* Give the file its own name. Returns 0; -1 after having complained. */
int synth_output_publish(synth_output *out);

/* Free, and remove the temporary file if it is still there. */
void synth_output_end(synth_output *out);

/* Append text or a decimal number at `at`; return the position after it. */
char *synth_put_text(char *at, const char *text, size_t length);
char *synth_put_number(char *at, uint32_t number);

#endif
