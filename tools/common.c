/* What every part of the command shares: messages, the clock, growing arrays. */
#include "common.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lfm/lfm.h"

static const char *name_of_command = "fit";

void command_name_set(const char *name) { name_of_command = name; }

const char *command_name(void) { return name_of_command; }

/* Names of files and arguments may hold what a terminal obeys, U+0080 to U+009F in UTF-8 too. */
static void disarm(char *text)
{
    for (; *text != '\0'; text++) {
        const unsigned char c = (unsigned char)text[0];
        if (c == 0xC2 && ((unsigned char)text[1] & 0xE0) == 0x80)
            *text++ = '?';
        else if (c >= 0x20 && c != 0x7F)
            continue;
        *text = '?';
    }
}

static void print_line(const char *kind, const char *format, va_list arguments)
{
    char line[2 * PATH_MAX];
    vsnprintf(line, sizeof line, format, arguments);
    disarm(line);
    /* A progress line may stand there. */
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    fprintf(stderr, "lfm %s: %s%s\n", name_of_command, kind, line);
}

int fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_line("", format, arguments);
    va_end(arguments);
    return EXIT_FAILED;
}

int fail_usage(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_line("", format, arguments);
    va_end(arguments);
    return EXIT_USAGE;
}

int fail_memory(void) { return fail("out of memory"); }

int fail_library(void) { return fail("%s", lfm_last_message()); }

void note(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_line("note: ", format, arguments);
    va_end(arguments);
}

double now_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

void *grow_array(void *array, size_t *capacity, size_t needed, size_t element_size)
{
    enum { SMALLEST = 64 };
    if (needed <= *capacity && array != NULL)
        return array;
    size_t wanted = *capacity < SMALLEST / 2 ? SMALLEST : *capacity * 2;
    if (wanted < needed)
        wanted = needed;
    if (wanted > SIZE_MAX / 2 / element_size)
        return NULL;
    void *grown = realloc(array, wanted * element_size);
    if (grown != NULL)
        *capacity = wanted;
    return grown;
}

const char *excerpt(const char *text, size_t length, char out[EXCERPT_SIZE])
{
    static const char dots[] = "...";
    const size_t room = EXCERPT_SIZE - sizeof dots;
    size_t n = length;
    if (n > room) {
        n = room;
        while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80)
            n--;
    }
    for (size_t i = 0; i < n; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (c == '\t')
            out[i] = ' ';
        else
            out[i] = c < 0x20 || c == 0x7F ? '?' : text[i];
    }
    memcpy(out + n, dots, sizeof dots);
    if (n == length)
        out[n] = '\0';
    return out;
}
