/* What the commands answer, as text for people, CSV or lines of JSON. */
#include "answers.h"

#include <string.h>

#include "common.h"
#include "json_values.h"
#include "report.h"

int answers_open(answers *to, const arguments *args, const dataset *data)
{
    memset(to, 0, sizeof *to);
    int code = output_open(&to->csv, args->csv);
    if (code == EXIT_FINE && outputs_are_same(args->csv, args->json)) /* by a link to what is new */
        code = fail("--csv and --json name the same file");
    if (code == EXIT_FINE)
        code = output_open(&to->json, args->json);
    if (code == EXIT_FINE && args->csv == NULL && args->json == NULL) {
        output_use(&to->text, stdout, "standard output");
        report_data(stdout, data, args);
    }
    return code;
}

bool answers_flush(answers *to)
{
    output_flush(&to->text);
    output_flush(&to->csv);
    output_flush(&to->json);
    return to->text.file != NULL || to->csv.file != NULL || to->json.file != NULL;
}

int answers_close(answers *to)
{
    output_close(&to->text);
    output_close(&to->csv);
    output_close(&to->json);
    return to->text.failed || to->csv.failed || to->json.failed ? EXIT_FAILED : EXIT_FINE;
}

void csv_text(FILE *csv, const char *before, const char *text)
{
    fputs(before, csv);
    if (strpbrk(text, ",\"\r\n") == NULL) {
        fputs(text, csv);
        return;
    }
    fputc('"', csv);
    for (; *text != '\0'; text++) {
        if (*text == '"')
            fputc('"', csv);
        fputc(*text, csv);
    }
    fputc('"', csv);
}

void answers_begin_lists(answers *to, const list_style *style)
{
    if (to->csv.file != NULL)
        fprintf(to->csv.file, "%s,%s,rank,%s%s\n", style->query, style->entry, style->score,
                style->titles ? ",title" : "");
}

static void text_list(FILE *text, const list_style *style, const char *query,
                      const answer_entry *entries, int32_t n)
{
    fprintf(text, "\n%s %s:\n", style->heading, query);
    for (int32_t i = 0; i < n; i++) {
        const char *title = entries[i].title;
        fprintf(text, "%4d  %9.5f  %s%s%s\n", (int)i + 1, entries[i].score, entries[i].name,
                title != NULL ? "  " : "", title != NULL ? title : "");
    }
}

static void csv_list(FILE *csv, const list_style *style, const char *query,
                     const answer_entry *entries, int32_t n)
{
    for (int32_t i = 0; i < n; i++) {
        csv_text(csv, "", query);
        csv_text(csv, ",", entries[i].name);
        fprintf(csv, ",%d,%.9g", (int)i + 1, entries[i].score);
        if (style->titles)
            csv_text(csv, ",", entries[i].title != NULL ? entries[i].title : "");
        fputc('\n', csv);
    }
}

static bool json_list(FILE *json, const list_style *style, const char *query,
                      const answer_entry *entries, int32_t n)
{
    json_t *line = json_object(), *list = json_array();
    bool good = line != NULL && json_put(line, style->query, json_text(query));
    for (int32_t i = 0; i < n && good; i++) {
        json_t *entry = json_object();
        good = entry != NULL && json_put(entry, style->entry, json_text(entries[i].name)) &&
               (entries[i].title == NULL || json_put(entry, "title", json_text(entries[i].title))) &&
               json_put(entry, style->score, json_real(entries[i].score));
        good = json_array_append_new(list, entry) == 0 && good;
    }
    good = json_put(line, style->list, list) && good;
    return json_write_line(json, line, good);
}

void answers_list(answers *to, const list_style *style, const char *query, const answer_entry *entries,
                  int32_t n)
{
    if (to->text.file != NULL)
        text_list(to->text.file, style, query, entries, n);
    if (to->csv.file != NULL)
        csv_list(to->csv.file, style, query, entries, n);
    if (to->json.file != NULL && !json_list(to->json.file, style, query, entries, n)) {
        fail_memory();
        to->json.failed = true;
    }
}
