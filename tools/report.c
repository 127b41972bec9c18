/* What people read of a run, and the CSV file. The JSON lines are made in json_report.c. */
#include "report.h"

#include <string.h>

#include "common.h"

int report_open(report *to, const arguments *args, const dataset *data)
{
    *to = (report){.args = args, .data = data};
    int code = output_open(&to->csv, args->csv);
    if (code == EXIT_FINE && outputs_are_same(args->csv, args->json)) /* by a link to what is new */
        code = fail("--csv and --json name the same file");
    if (code == EXIT_FINE)
        code = output_open(&to->json, args->json);
    const bool taken = to->csv.file == stdout || to->json.file == stdout;
    output_use(&to->text, taken ? stderr : stdout, taken ? "standard error" : "standard output");
    return code;
}

static bool has_test(const report *to) { return to->data->test != NULL; }

static bool has_train(const report *to) { return !to->args->no_train_metrics; }

/* A word with its number: "1 item", "2 items". */
static const char *plural(int64_t n) { return n == 1 ? "" : "s"; }

static void tell_features(FILE *text, const feature_side *side, const feature_args *features,
                          const char *what, int32_t rows)
{
    if (side->matrix == NULL)
        return;
    fprintf(text, "%s features: %d in %s, ", what, (int)lfm_ids_count(side->names), features->file);
    if (side->identity)
        fprintf(text, "and one for each %s", what);
    else
        fprintf(text, "none for each %s (--identity %s adds it)", what, what);
    if (side->ignored > 0)
        fprintf(text, "; %lld line%s of ids without interactions ignored", (long long)side->ignored,
                plural(side->ignored));
    if (side->bare_rows > 0)
        fprintf(text, "; %d of %d %ss have none", (int)side->bare_rows, (int)rows, what);
    fputc('\n', text);
}

static void tell_test(FILE *text, const dataset *data, const arguments *args)
{
    if (args->test == NULL && args->split_text == NULL)
        return;
    const int64_t pairs_kept = lfm_interactions_n_entries(data->test);
    fprintf(text, "test: %lld positive%s of %d user%s", (long long)pairs_kept, plural(pairs_kept),
            (int)(data->test_users - data->test_users_skipped),
            plural(data->test_users - data->test_users_skipped));
    if (data->test_users_skipped > 0)
        fprintf(text, "; %d of %d test users have no training data: skipped",
                (int)data->test_users_skipped, (int)data->test_users);
    if (data->test_pairs_dropped > 0)
        fprintf(text, "; %lld pair%s of users and items that --min-count dropped",
                (long long)data->test_pairs_dropped, plural(data->test_pairs_dropped));
    fputc('\n', text);
}

void report_data(FILE *text, const dataset *data, const arguments *args)
{
    const int64_t n = lfm_interactions_n_entries(data->train);
    if (args->model != NULL) {
        fprintf(text, "model: %s, %d user%s, %d item%s\n", args->model, (int)lfm_ids_count(data->users),
                plural(lfm_ids_count(data->users)), (int)lfm_ids_count(data->items),
                plural(lfm_ids_count(data->items)));
        tell_test(text, data, args);
        return;
    }
    fprintf(text, "training: %lld interaction%s (%lld positive) of %d user%s and %d item%s\n",
            (long long)n, plural(n), (long long)data->train_positives, (int)data->train_users,
            plural(data->train_users), (int)data->train_items, plural(data->train_items));
    if (lfm_ids_count(data->items) > data->train_items)
        fprintf(text, "candidates: %d items, %d of them not in training\n", (int)lfm_ids_count(data->items),
                (int)(lfm_ids_count(data->items) - data->train_items));
    tell_features(text, &data->user_side, &args->users, "user", lfm_ids_count(data->users));
    tell_features(text, &data->item_side, &args->items, "item", lfm_ids_count(data->items));
    tell_test(text, data, args);
    if (data->bad_lines > 0)
        fprintf(text, "%lld malformed line%s skipped\n", (long long)data->bad_lines,
                plural(data->bad_lines));
}

enum { COLUMN_TITLE_SIZE = METRIC_NAME_SIZE + 8 };

/* The metrics that the table has room for: precision, AUC, and what was asked for besides. */
static bool is_in_table(int32_t metric) { return metric != RECALL && metric != RECIPROCAL_RANK; }

static const char *column_title(const arguments *args, const char *set, int32_t metric,
                                char out[COLUMN_TITLE_SIZE])
{
    snprintf(out, COLUMN_TITLE_SIZE, "%s %s", set,
             metric == AUC ? "AUC" : args->metric_names[metric]);
    return out;
}

static void begin_set(FILE *text, const arguments *args, const char *set)
{
    char title[COLUMN_TITLE_SIZE];
    for (int32_t m = 0; m < args->n_metrics; m++) {
        if (is_in_table(m))
            fprintf(text, "  %s", column_title(args, set, m, title));
    }
}

static void begin_table(const report *to)
{
    FILE *text = to->text.file;
    fputs("\n epoch", text);
    if (has_train(to))
        begin_set(text, to->args, "train");
    if (has_test(to))
        begin_set(text, to->args, "test");
    fputs("  seconds\n", text);
}

static void begin_csv(FILE *csv, const arguments *args)
{
    fputs("epoch,seconds", csv);
    for (int set = 0; set < 2; set++) {
        for (int32_t m = 0; m < args->n_metrics; m++)
            fprintf(csv, ",%s_%s", set == 0 ? "train" : "test", args->metric_names[m]);
    }
    fputc('\n', csv);
}

void report_begin(report *to)
{
    if (to->text.file != NULL) {
        report_data(to->text.file, to->data, to->args);
        begin_table(to);
    }
    if (to->csv.file != NULL)
        begin_csv(to->csv.file, to->args);
    output_flush(&to->text);
    output_flush(&to->csv);
}

static void table_set(FILE *text, const metrics *set, const arguments *args, const char *name)
{
    char title[COLUMN_TITLE_SIZE];
    for (int32_t m = 0; m < args->n_metrics; m++) {
        if (!is_in_table(m))
            continue;
        const int width = (int)strlen(column_title(args, name, m, title));
        if (set->present)
            fprintf(text, "  %*.5f", width, set->means[m]);
        else
            fprintf(text, "  %*s", width, "-");
    }
}

static void table_row(const report *to, const evaluation *point)
{
    FILE *text = to->text.file;
    char epoch[32];
    snprintf(epoch, sizeof epoch, "%lld%s", (long long)point->epoch, point->partial ? "+" : "");
    fprintf(text, "%6s", epoch);
    if (has_train(to))
        table_set(text, &point->train, to->args, "train");
    if (has_test(to))
        table_set(text, &point->test, to->args, "test");
    fprintf(text, "  %7.2f\n", point->seconds);
}

static void csv_row(FILE *csv, const evaluation *point, int32_t n_metrics)
{
    const metrics *const sets[] = {&point->train, &point->test};
    fprintf(csv, "%lld,%.6f", (long long)point->epoch, point->seconds);
    for (int set = 0; set < 2; set++) {
        for (int32_t m = 0; m < n_metrics; m++) {
            if (sets[set]->present)
                fprintf(csv, ",%.15g", sets[set]->means[m]);
            else
                fputc(',', csv);
        }
    }
    fputc('\n', csv);
}

void report_evaluation(report *to, const evaluation *point)
{
    if (to->text.file != NULL)
        table_row(to, point);
    if (to->csv.file != NULL)
        csv_row(to->csv.file, point, to->args->n_metrics);
    if (to->json.file != NULL && !json_evaluation(to->json.file, point, to->args)) {
        fail_memory();
        to->json.failed = true;
    }
    output_flush(&to->text);
    output_flush(&to->csv);
    output_flush(&to->json);
}

static void tell_list(FILE *text, const list_kind *kind, int32_t query, const lfm_ids *items,
                      const titles *names)
{
    fprintf(text, "\n%s %s:\n", kind->heading, kind->names->names[query]);
    for (int32_t i = 0; i < kind->length; i++) {
        const size_t at = (size_t)query * (size_t)kind->length + (size_t)i;
        const int32_t item = kind->items[at];
        if (item < 0)
            break;
        const char *title = titles_of(names, item);
        fprintf(text, "%4d  %9.5f  %s%s%s\n", (int)i + 1, (double)kind->scores[at],
                lfm_ids_text(items, item, NULL), title != NULL ? "  " : "", title != NULL ? title : "");
    }
}

static void tell_end(const report *to, const training_state *end, const lists *all, const titles *names)
{
    FILE *text = to->text.file;
    fputs("Seconds are those of training, without reading and evaluation.\n", text);
    if (end->partial)
        fprintf(text, "Interrupted within epoch %lld: + marks the state reached.\n",
                (long long)end->epochs + 1);
    else if (end->interrupted)
        fputs("Interrupted.\n", text);
    if (end->unmeasured)
        fputs("Metrics shown as - were left out to end soon.\n", text);
    for (int kind = 0; kind < N_LIST_KINDS; kind++) {
        for (int32_t i = 0; i < all->kinds[kind].names->n && all->kinds[kind].items != NULL; i++)
            tell_list(text, &all->kinds[kind], i, to->data->items, names);
    }
}

void report_end(report *to, const training_state *end, const lists *all, const titles *names)
{
    if (to->text.file != NULL)
        tell_end(to, end, all, names);
    if (to->json.file != NULL && !json_summary(to->json.file, to, end, all, names)) {
        fail_memory();
        to->json.failed = true;
    }
    output_flush(&to->text);
    output_flush(&to->json);
}

bool report_is_heard(const report *to)
{
    return to->text.file != NULL || to->csv.file != NULL || to->json.file != NULL;
}

int report_close(report *to)
{
    output_close(&to->text);
    output_close(&to->csv);
    output_close(&to->json);
    return to->text.failed || to->csv.failed || to->json.failed ? EXIT_FAILED : EXIT_FINE;
}
