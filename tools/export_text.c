/* The representations of a space as text: CSV, and the text form of word2vec. */
#include "export_text.h"

#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "row_names.h"

/* What is written: the rows of a space and their names. */
typedef struct source {
    lfm_scorer *scorer;
    lfm_view vectors, biases;
    row_names names;
} source;

static void close_source(source *from)
{
    row_names_free(&from->names);
    lfm_scorer_free(from->scorer);
}

static int open_source(source *from, lfm_file *file, int32_t space)
{
    *from = (source){.vectors.size = sizeof from->vectors, .biases.size = sizeof from->biases};
    if (lfm_file_scorer(file, NULL, &from->scorer) != LFM_OK ||
        lfm_scorer_representations(from->scorer, space, &from->vectors) != LFM_OK ||
        lfm_scorer_biases(from->scorer, space, &from->biases) != LFM_OK)
        return fail_library();
    if (space >= LFM_SPACE_USER_FEATURE && from->vectors.data == NULL)
        return fail("the file holds no %ss", row_space_names[space]);
    return row_names_load(&from->names, file, space);
}

static const float *row_of(const lfm_view *view, int64_t row)
{
    return (const float *)(const void *)((const char *)view->data + row * view->stride);
}

/* Nine digits bring a float back exactly. The command never calls setlocale(), so the point is a point. */
static void put_real(FILE *to, char before, float value) { (void)fprintf(to, "%c%.9g", before, (double)value); }

/* Quoted where it holds what means something in CSV (RFC 4180). */
static void put_field(FILE *to, const char *text, size_t length, bool in_parentheses)
{
    bool plain = length > 0 && text[0] != ' ' && text[length - 1] != ' ';
    for (size_t i = 0; i < length; i++)
        plain = plain && strchr("\",\r\n", text[i]) == NULL;
    const char *before = plain ? "" : "\"";
    (void)fprintf(to, "%s%s", before, in_parentheses ? "(" : "");
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '"')
            (void)fputc('"', to);
        (void)fputc(text[i], to);
    }
    (void)fprintf(to, "%s%s", in_parentheses ? ")" : "", before);
}

static int write_csv(FILE *to, const source *from)
{
    (void)fputs("id,bias", to);
    for (int64_t e = 1; e <= from->vectors.columns; e++)
        (void)fprintf(to, ",e%lld", (long long)e);
    (void)fputc('\n', to);
    for (int64_t row = 0; row < from->vectors.rows && !ferror(to); row++) {
        char digits[ROW_DIGITS];
        size_t length;
        bool is_indicator;
        const char *name = row_name(&from->names, (int32_t)row, digits, &length, &is_indicator);
        put_field(to, name, length, is_indicator);
        put_real(to, ',', row_of(&from->biases, row)[0]);
        for (int64_t e = 0; e < from->vectors.columns; e++)
            put_real(to, ',', row_of(&from->vectors, row)[e]);
        (void)fputc('\n', to);
    }
    return EXIT_FINE;
}

int export_csv(FILE *to, lfm_file *file, int32_t space)
{
    source from;
    int code = open_source(&from, file, space);
    if (code == EXIT_FINE)
        code = write_csv(to, &from);
    close_source(&from);
    return code;
}

/* Bytes of the white space that text begins with, as Python's str.split() and C's isspace() see it; 0: none. */
static size_t blank_length(const char *text, size_t left)
{
    const unsigned char *c = (const unsigned char *)text;
    if (c[0] == ' ' || (c[0] >= '\t' && c[0] <= '\r') || (c[0] >= 0x1C && c[0] <= 0x1F) || c[0] == '\0')
        return 1;
    if (left >= 2 && c[0] == 0xC2 && (c[1] == 0x85 || c[1] == 0xA0))
        return 2;
    if (left < 3)
        return 0;
    const bool is_blank = (c[0] == 0xE1 && c[1] == 0x9A && c[2] == 0x80) || /* U+1680 */
                          (c[0] == 0xE2 && c[1] == 0x80 &&                  /* U+2000-200A, 2028, 2029, 202F */
                           (c[2] <= 0x8A || c[2] == 0xA8 || c[2] == 0xA9 || c[2] == 0xAF)) ||
                          (c[0] == 0xE2 && c[1] == 0x81 && c[2] == 0x9F) || /* U+205F */
                          (c[0] == 0xE3 && c[1] == 0x80 && c[2] == 0x80);   /* U+3000 */
    return is_blank ? 3 : 0;
}

/* Names without white space, all different. */
typedef struct words {
    char *text; /* the one made last */
    size_t capacity, length;
    lfm_ids *used;
    int32_t *changed; /* by row: the index of the changed name among `used`; -1: it stays as it is */
    int64_t n_changed;
} words;

/* Put a row's name into w->text; *is_plain: it needed no change. */
static int make_word(words *w, const source *from, int64_t row, bool *is_plain)
{
    char digits[ROW_DIGITS];
    size_t n;
    bool is_indicator;
    const char *name = row_name(&from->names, (int32_t)row, digits, &n, &is_indicator);
    enum { ROOM = 48 }; /* for parentheses, and what tells two names apart */
    char *grown = grow_array(w->text, &w->capacity, n + ROOM, 1);
    if (grown == NULL)
        return fail_memory();
    w->text = grown;
    char *out = w->text;
    *is_plain = n > 0;
    if (is_indicator)
        *out++ = '(';
    for (size_t at = 0; at < n;) {
        const size_t blank = blank_length(name + at, n - at);
        *out++ = blank > 0 ? '_' : name[at];
        *is_plain = *is_plain && blank == 0;
        at += blank > 0 ? blank : 1;
    }
    if (n == 0)
        *out++ = '_';
    if (is_indicator)
        *out++ = ')';
    w->length = (size_t)(out - w->text);
    return EXIT_FINE;
}

/* Find a name that no row has: the one in w->text, or with the row's number behind it. */
static int add_changed(words *w, int64_t row)
{
    const size_t length = w->length;
    for (int64_t round = 0;; round++) {
        const int32_t fresh = lfm_ids_count(w->used);
        if (lfm_ids_add(w->used, w->text, w->length, &w->changed[row]) != LFM_OK)
            return fail_library();
        if (w->changed[row] == fresh)
            return EXIT_FINE;
        w->length = length + (size_t)(round == 0 ? snprintf(w->text + length, 38, "_%lld", (long long)row)
                                                 : snprintf(w->text + length, 38, "_%lld_%lld", (long long)row,
                                                            (long long)round));
    }
}

static int make_words(words *w, const source *from)
{
    const int64_t n = from->vectors.rows;
    w->changed = malloc((size_t)(n > 0 ? n : 1) * sizeof *w->changed);
    if (w->changed == NULL)
        return fail_memory();
    if (lfm_ids_create(NULL, LFM_IDS_TEXT, &w->used) != LFM_OK)
        return fail_library();
    /* Who needs no change keeps its name; a row without an id may still be called like another. */
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t row = 0; row < n; row++) {
            if (pass == 1 && w->changed[row] < 0)
                continue;
            bool is_plain;
            int code = make_word(w, from, row, &is_plain);
            if (code != EXIT_FINE)
                return code;
            if (pass == 0) {
                const int32_t fresh = lfm_ids_count(w->used);
                int32_t index = fresh;
                if (is_plain && lfm_ids_add(w->used, w->text, w->length, &index) != LFM_OK)
                    return fail_library();
                w->changed[row] = is_plain && index == fresh ? -1 : 0;
                continue;
            }
            code = add_changed(w, row);
            if (code != EXIT_FINE)
                return code;
            w->n_changed++;
        }
    }
    return EXIT_FINE;
}

static int write_word2vec(FILE *to, const source *from, words *w)
{
    int code = make_words(w, from);
    if (code != EXIT_FINE)
        return code;
    (void)fprintf(to, "%lld %lld\n", (long long)from->vectors.rows, (long long)from->vectors.columns);
    for (int64_t row = 0; row < from->vectors.rows && !ferror(to); row++) {
        if (w->changed[row] >= 0) {
            size_t length;
            const char *text = lfm_ids_text(w->used, w->changed[row], &length);
            (void)fwrite(text, 1, length, to);
        } else {
            bool is_plain;
            code = make_word(w, from, row, &is_plain);
            if (code != EXIT_FINE)
                return code;
            (void)fwrite(w->text, 1, w->length, to);
        }
        for (int64_t e = 0; e < from->vectors.columns; e++)
            put_real(to, ' ', row_of(&from->vectors, row)[e]);
        (void)fputc('\n', to);
    }
    if (w->n_changed > 0)
        note("%lld name%s had to change: white space became '_', and the row's number tells equal ones apart",
             (long long)w->n_changed, w->n_changed == 1 ? "" : "s");
    return EXIT_FINE;
}

int export_word2vec(FILE *to, lfm_file *file, int32_t space)
{
    source from;
    words w = {.text = NULL};
    int code = open_source(&from, file, space);
    if (code == EXIT_FINE)
        code = write_word2vec(to, &from, &w);
    lfm_ids_free(w.used);
    free(w.changed);
    free(w.text);
    close_source(&from);
    return code;
}
