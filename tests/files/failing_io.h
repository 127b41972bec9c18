/* System calls of the library that fail when they are told to. The program that links this exports the calls, so
 * that the shared library finds them before the C library's. */
#ifndef TEST_FILES_FAILING_IO_H
#define TEST_FILES_FAILING_IO_H

enum { IO_OPEN, IO_OPENAT, IO_WRITE, IO_FSYNC, IO_CLOSE, IO_FCHMOD, IO_FCHOWN, IO_RENAMEAT, IO_KINDS };
extern const char *const io_names[IO_KINDS];

typedef struct failing_io {
    int armed;             /* else all goes through, uncounted */
    int calls[IO_KINDS];   /* so far */
    int kind, fail_at;     /* the call that fails, counted from 1; 0: none */
    int error;             /* with this number; 0: writes return 0 */
    int shortest;          /* not 0: at most so many bytes are written at once */
} failing_io;
extern failing_io io;

#endif
