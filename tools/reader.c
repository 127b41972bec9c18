/* Rows of delimited text by libcsv, fed line by line so that line numbers are exact. */
#include "reader.h"

#include <csv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "input.h"
#include "number.h"
#include "progress.h"

enum { LONGEST_RECORD = 1 << 30, LAST_COLUMN = 100000, LINES_BETWEEN_PROGRESS = 1 << 15 };

/* Reading under way. A row is kept as the texts of its wanted columns, one after another. */
typedef struct reading {
    const text_format *format;
    const column *columns;
    int32_t n_columns;
    int32_t position[MOST_COLUMNS]; /* of each column in the file, from 0; -1: absent */
    bool settled;                   /* which optional columns the file has is known */
    bool in_header;
    bool by_role; /* the header may name the columns by their roles */
    bool found[MOST_COLUMNS];

    int8_t
        *slot_of; /* by position in the file, below n_watched: where its text goes; -1: nowhere */
    int32_t n_watched;
    struct {
        size_t start, length;
    } slots[MOST_COLUMNS];
    char separator, quote;
    char *text;
    size_t text_length, text_capacity;
    int32_t n_fields; /* of the row so far */

    input in;
    int64_t row_line;     /* where the row began */
    const char *row_head; /* the row's first line, */
    size_t row_head_length;
    char kept_head[EXCERPT_SIZE * 2]; /* of which this stays when the next line is read */
    size_t row_length;                /* bytes fed since the row began */
    bool row_open;                    /* a quoted field goes on in the next line */

    row_handler handler;
    void *user_data;
    read_totals totals;
    int code; /* EXIT_FINE until something ends the reading */
} reading;

static char separator_by_name(const char *path)
{
    static const char *const endings[] = {".csv", ".csv.gz", ".psv", ".psv.gz"};
    static const char separators[] = {',', ',', '|', '|'};
    const size_t length = strlen(path);
    for (size_t i = 0; i < sizeof separators; i++) {
        const size_t n = strlen(endings[i]);
        if (length >= n && strcmp(path + length - n, endings[i]) == 0)
            return separators[i];
    }
    return '\t';
}

/* Tell what is wrong with the row, or count it. */
static void bad_row(reading *r, const char *problem, field culprit)
{
    if (r->format->skip_bad && !r->in_header) {
        r->totals.bad++;
        return;
    }
    char shown[EXCERPT_SIZE];
    r->code = fail("%s:%lld: %s (\"%s\")", r->in.name, (long long)r->row_line, problem,
                   excerpt(culprit.text, culprit.length, shown));
}

static void bad_row_as_a_whole(reading *r, const char *problem)
{
    bad_row(r, problem, (field){r->row_head, r->row_head_length});
}

/* Set up which positions are kept. */
static int watch(reading *r)
{
    int32_t last = -1;
    for (int32_t c = 0; c < r->n_columns; c++)
        last = r->position[c] > last ? r->position[c] : last;
    free(r->slot_of);
    r->n_watched = last + 1;
    r->slot_of = malloc((size_t)last + 2);
    if (r->slot_of == NULL)
        return fail_memory();
    memset(r->slot_of, -1, (size_t)last + 2);
    for (int32_t c = 0; c < r->n_columns; c++) {
        const int32_t at = r->position[c];
        if (at < 0)
            continue;
        const column *before = r->slot_of[at] >= 0 ? &r->columns[r->slot_of[at]] : NULL;
        if (before != NULL && before->required && r->columns[c].required)
            return fail_usage("%s and %s are the same column, %d", before->role, r->columns[c].role,
                              (int)at + 1);
        if (before == NULL)
            r->slot_of[at] = (int8_t)c;
    }
    return EXIT_FINE;
}

/* Find out where the columns stand, as far as that can be said before the file is open. */
static int locate_columns(reading *r)
{
    bool any_chosen = false;
    for (int32_t c = 0; c < r->n_columns; c++) {
        const column *wanted = &r->columns[c];
        int64_t number;
        r->position[c] = wanted->position - 1;
        if (wanted->chosen == NULL)
            continue;
        any_chosen = true;
        if (parse_count(wanted->chosen, strlen(wanted->chosen), 1, LAST_COLUMN, &number))
            r->position[c] = (int32_t)number - 1;
        else if (r->format->header)
            r->position[c] = -1;
        else if (wanted->chosen[strspn(wanted->chosen, "0123456789")] == '\0')
            return fail_usage("column %s=%s: the number is too %s: columns count from 1 to %d",
                              wanted->role, wanted->chosen,
                              strspn(wanted->chosen, "0") == strlen(wanted->chosen) ? "small"
                                                                                    : "large",
                              (int)LAST_COLUMN);
        else
            return fail_usage(
                "column %s=%s: names of columns need --header; without it use a number "
                "from 1",
                wanted->role, wanted->chosen);
    }
    r->by_role = !any_chosen;
    return watch(r);
}

static bool is_name(const reading *r, int32_t c)
{
    int64_t number;
    const char *chosen = r->columns[c].chosen;
    return chosen != NULL && !parse_count(chosen, strlen(chosen), 1, LAST_COLUMN, &number);
}

/* One name of the header. */
static void match_header(reading *r, const char *name, size_t length)
{
    for (int32_t c = 0; c < r->n_columns; c++) {
        const char *wanted = is_name(r, c) ? r->columns[c].chosen
                             : r->by_role  ? r->columns[c].role
                                           : NULL;
        if (wanted != NULL && !r->found[c] && strlen(wanted) == length &&
            memcmp(wanted, name, length) == 0) {
            r->found[c] = true;
            if (!r->by_role)
                r->position[c] = r->n_fields;
            else
                r->slots[c].start = (size_t)r->n_fields; /* until it is known whether to use it */
        }
    }
}

static void end_header(reading *r)
{
    bool all_by_role = r->by_role;
    for (int32_t c = 0; c < r->n_columns; c++) {
        all_by_role &= r->found[c] || !r->columns[c].required;
        if (is_name(r, c) && !r->found[c]) {
            char shown[EXCERPT_SIZE];
            r->code = fail("%s:%lld: the header has no column '%s' (\"%s\")", r->in.name,
                           (long long)r->row_line, r->columns[c].chosen,
                           excerpt(r->row_head, r->row_head_length, shown));
            return;
        }
    }
    if (all_by_role) {
        for (int32_t c = 0; c < r->n_columns; c++)
            r->position[c] = r->found[c] ? (int32_t)r->slots[c].start : -1;
    }
    r->code = watch(r);
}

/* The first good row tells which of the optional columns, that nobody asked for, the file has. */
static void settle(reading *r)
{
    for (int32_t c = 0; c < r->n_columns; c++) {
        if (!r->columns[c].required && r->columns[c].chosen == NULL &&
            r->position[c] >= r->n_fields)
            r->position[c] = -1;
    }
}

static bool has_all_columns(reading *r)
{
    for (int32_t c = 0; c < r->n_columns; c++) {
        if (r->position[c] < r->n_fields)
            continue;
        char problem[160];
        snprintf(problem, sizeof problem, "column %d (%s) is missing: the line has %d column%s",
                 (int)r->position[c] + 1, r->columns[c].role, (int)r->n_fields,
                 r->n_fields == 1 ? "" : "s");
        bad_row_as_a_whole(r, problem);
        return false;
    }
    return true;
}

/* Hand the row to the handler; false when it is a bad one. */
static bool hand_over(reading *r)
{
    row taken;
    if (!has_all_columns(r))
        return false;
    for (int32_t c = 0; c < r->n_columns; c++) {
        if (r->position[c] < 0) {
            taken.fields[c] = (field){NULL, 0};
            continue;
        }
        const int8_t slot = r->slot_of[r->position[c]];
        taken.fields[c] = (field){r->text + r->slots[slot].start, r->slots[slot].length};
    }
    switch (r->handler(&taken, r->user_data)) {
    case ROW_OK:
        r->totals.rows++;
        return true;
    case ROW_BAD:
        bad_row(r, taken.problem, taken.culprit);
        return false;
    default:
        r->code = EXIT_FAILED;
        return true;
    }
}

static void take_row(reading *r)
{
    if (r->settled) {
        hand_over(r);
        return;
    }
    int32_t before[MOST_COLUMNS];
    memcpy(before, r->position, sizeof before);
    settle(r);
    r->settled = hand_over(r);
    if (!r->settled)
        memcpy(r->position, before, sizeof before);
}

static void on_field(void *text, size_t length, void *user_data)
{
    reading *r = user_data;
    const int32_t at = r->n_fields;
    if (r->in_header) {
        match_header(r, text, length);
    } else if (at < r->n_watched && r->slot_of[at] >= 0) {
        if (r->text_length + length + 1 > r->text_capacity) {
            char *grown =
                grow_array(r->text, &r->text_capacity, r->text_length + length + 1, sizeof *grown);
            if (grown == NULL) {
                if (r->code == EXIT_FINE)
                    r->code = fail_memory();
                return;
            }
            r->text = grown;
        }
        if (length > 0)
            memcpy(r->text + r->text_length, text, length);
        r->slots[r->slot_of[at]].start = r->text_length;
        r->slots[r->slot_of[at]].length = length;
        r->text_length += length;
    }
    if (r->n_fields < INT32_MAX)
        r->n_fields++;
}

static void on_row(int terminator, void *user_data)
{
    (void)terminator;
    reading *r = user_data;
    if (r->code == EXIT_FINE) {
        if (r->in_header)
            end_header(r);
        else
            take_row(r);
    }
    r->in_header = false;
    r->row_open = false;
    r->n_fields = 0;
    r->text_length = 0;
}

/* Blanks belong to the fields: libcsv would strip them. */
static int never_space(unsigned char c)
{
    (void)c;
    return 0;
}

/* Find out by which characters the fields are told apart. */
static int choose_characters(reading *r, const char *path)
{
    r->separator = r->format->separator != 0 ? r->format->separator : separator_by_name(path);
    r->quote = r->format->quote;
    if (r->quote == QUOTE_BY_SEPARATOR)
        r->quote = r->separator == ',' ? '"' : (char)QUOTE_NONE;
    return r->quote != r->separator
               ? EXIT_FINE
               : fail_usage("%s: separator and quote are the same character", path);
}

static int start_parser(reading *r, struct csv_parser *parser)
{
    enum { PARSER_GROWTH = 1 << 16 };
    if (csv_init(parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
        return fail_memory();
    csv_set_delim(parser, (unsigned char)r->separator);
    csv_set_quote(parser, (unsigned char)r->quote);
    csv_set_space_func(parser, never_space);
    csv_set_blk_size(parser, PARSER_GROWTH);
    return EXIT_FINE;
}

static bool is_empty_line(const char *line, size_t length)
{
    return length == 0 || line[0] == '\n' || (length == 2 && line[0] == '\r' && line[1] == '\n') ||
           (length == 1 && line[0] == '\r');
}

static void begin_row(reading *r, const char *line, size_t length)
{
    r->row_line = r->in.line;
    while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r'))
        length--;
    r->row_head = line;
    r->row_head_length = length;
    r->row_length = 0;
    r->row_open = true;
}

/* The row goes on in the next line, which takes the first one's place. */
static void keep_head(reading *r)
{
    if (r->row_head == r->kept_head)
        return;
    if (r->row_head_length > sizeof r->kept_head)
        r->row_head_length = sizeof r->kept_head;
    memcpy(r->kept_head, r->row_head, r->row_head_length);
    r->row_head = r->kept_head;
}

static int parser_failed(reading *r, struct csv_parser *parser)
{
    if (csv_error(parser) != CSV_EPARSE)
        return fail_memory();
    bad_row_as_a_whole(r, "malformed quoting: a quote inside a field must be doubled and the field "
                          "quoted");
    r->n_fields = 0;
    r->text_length = 0;
    r->row_open = false;
    csv_free(parser);
    const int code = start_parser(r, parser);
    return r->code != EXIT_FINE ? r->code : code;
}

static int never_closed(const reading *r)
{
    return fail("%s:%lld: a quoted field is never closed (--quote none reads quotes as text)",
                r->in.name, (long long)r->row_line);
}

static int read_lines(reading *r, struct csv_parser *parser, progress *shown)
{
    const double started = now_seconds();
    for (;;) {
        char *line;
        size_t length;
        const int code = input_line(&r->in, &line, &length);
        if (code != EXIT_FINE)
            return code;
        if (line == NULL)
            break;
        if (shown != NULL && r->in.line % LINES_BETWEEN_PROGRESS == 0)
            progress_reading(shown, r->in.name, r->in.line, input_share(&r->in), started);
        if (!r->row_open) {
            if (is_empty_line(line, length))
                continue;
            begin_row(r, line, length);
        }
        r->row_length += length;
        if (r->row_length > LONGEST_RECORD)
            return never_closed(r);
        if (csv_parse(parser, line, length, on_field, on_row, r) != length && r->code == EXIT_FINE)
            r->code = parser_failed(r, parser);
        if (r->code != EXIT_FINE)
            return r->code;
        if (r->row_open)
            keep_head(r);
    }
    if (r->row_open && csv_fini(parser, on_field, on_row, r) != 0)
        return csv_error(parser) == CSV_EPARSE ? never_closed(r) : fail_memory();
    return r->code;
}

int read_rows(const char *path, const text_format *format, const column *columns, int32_t n_columns,
              row_handler handler, void *user_data, progress *shown, read_totals *totals)
{
    reading r = {.format = format,
                 .columns = columns,
                 .n_columns = n_columns,
                 .in_header = format->header,
                 .handler = handler,
                 .user_data = user_data};
    struct csv_parser parser;
    int code = locate_columns(&r);
    if (code == EXIT_FINE)
        code = choose_characters(&r, path);
    if (code == EXIT_FINE)
        code = input_open(&r.in, path);
    if (code == EXIT_FINE)
        code = start_parser(&r, &parser);
    if (code == EXIT_FINE) {
        code = read_lines(&r, &parser, shown);
        csv_free(&parser);
    }
    if (shown != NULL)
        progress_clear(shown);
    if (code == EXIT_FINE && r.totals.rows == 0) {
        if (r.in.line == 0)
            code = fail("%s is empty", r.in.name);
        else
            code =
                fail("%s holds no data: %lld line%s, of which %lld skipped as malformed", r.in.name,
                     (long long)r.in.line, r.in.line == 1 ? "" : "s", (long long)r.totals.bad);
    }
    *totals = r.totals;
    input_close(&r.in);
    free(r.slot_of);
    free(r.text);
    return code;
}
