/* What every part of the command shares: exit codes, messages, the clock, growing arrays. */
#ifndef LFM_TOOL_COMMON_H
#define LFM_TOOL_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EXIT_FINE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_INTERRUPTED = 130 };

#if defined(__GNUC__) || defined(__clang__)
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#else
#define PRINTF_LIKE(text, first)
#endif

/* The word after "lfm", as messages name it. It must live on. */
void command_name_set(const char *name);
const char *command_name(void);

/* Print "lfm COMMAND: ..." as one line on standard error and return EXIT_FAILED, so that a caller can
 * return it in the same breath. fail_usage() returns EXIT_USAGE. */
int fail(const char *format, ...) PRINTF_LIKE(1, 2);
int fail_usage(const char *format, ...) PRINTF_LIKE(1, 2);
int fail_memory(void);

/* Tell what the library's last call complained about. */
int fail_library(void);

/* Print "lfm COMMAND: note: ..." on standard error. */
void note(const char *format, ...) PRINTF_LIKE(1, 2);

/* Seconds of a clock that never runs backwards. */
double now_seconds(void);

/* Make room for `needed` elements of a malloc'ed array, at least doubling it. Return the array, NULL
 * when there is no memory (the old array stays valid). */
void *grow_array(void *array, size_t *capacity, size_t needed, size_t element_size);

/* Show text of any length and content in a message: shortened, control characters as '?', never cut
 * inside a UTF-8 character. */
enum { EXCERPT_SIZE = 72 };
const char *excerpt(const char *text, size_t length, char out[EXCERPT_SIZE]);

#endif
