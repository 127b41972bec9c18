/* Rows of delimited text, handed one by one to a function; knows nothing of what the columns mean. */
#ifndef LFM_TOOL_READER_H
#define LFM_TOOL_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress;

/* How a file is written down. */
typedef struct text_format {
    char separator; /* 0: by the file's name */
    char quote;     /* QUOTE_BY_SEPARATOR, QUOTE_NONE or the character */
    bool header;    /* the first line names the columns */
    bool skip_bad;  /* count malformed lines instead of stopping at them */
} text_format;

/* NUL never reaches the parser, so as a quote character it means that there is none. */
enum { QUOTE_NONE = '\0', QUOTE_BY_SEPARATOR = '\1' };

/* A column that is wanted, and where it stands. */
typedef struct column {
    const char *role;   /* what it is: "user"; with a header and no choice at all, its name too */
    const char *chosen; /* the user's choice, a number from 1 or a name of the header; NULL: none */
    int32_t position;   /* without a choice, counted from 1; 0: absent */
    bool required;      /* else it may be missing from the whole file */
} column;

enum { MOST_COLUMNS = 8 };

typedef struct field {
    const char *text; /* NULL: the file has no such column */
    size_t length;
} field;

typedef struct row {
    field fields[MOST_COLUMNS]; /* one for each column asked for, in order; valid during the call */
    const char *problem;        /* of a bad row: what is wrong, */
    field culprit;              /* and with what */
} row;

enum { ROW_OK, ROW_BAD, ROW_FATAL /* the handler has printed why */ };

/* Take a row: return ROW_..., with problem and culprit set for ROW_BAD. */
typedef int (*row_handler)(row *row, void *user_data);

typedef struct read_totals {
    int64_t rows; /* that the handler took */
    int64_t bad;  /* that were skipped */
} read_totals;

/* Read a whole file; "-" is standard input. columns: n of them, the required first. progress may be
 * NULL. A malformed line ends the reading with "FILE:LINE: what is wrong (the text)", unless
 * format->skip_bad. A file without any row is an error. Returns an exit code. */
int read_rows(const char *path, const text_format *format, const column *columns, int32_t n_columns,
              row_handler handler, void *user_data, struct progress *progress, read_totals *totals);

#endif
