/* lfm evaluate: train on files, measure on a test set. */
#include <math.h>
#include <stdlib.h>

#include "answering.h"
#include "answers.h"
#include "common.h"
#include "evaluation.h"
#include "interrupt.h"
#include "json_values.h"
#include "session.h"

typedef struct evaluate_work {
    lfm_interactions *candidates; /* NULL: all items */
    lfm_metric_result *results;   /* metrics x (1 + segments) */
    double *per_user;             /* users x that; NULL: not wanted */
    int32_t n_results;
    output users; /* the file of --per-user */
} evaluate_work;

static int prepare(session *s, void *own)
{
    evaluate_work *work = own;
    if (lfm_interactions_n_entries(s->data.test) == 0)
        return fail("the test set has no positives of users with training data: nothing to evaluate on");
    int code = evaluation_check(&s->data, s->args);
    if (code != EXIT_FINE || s->args->candidates == NULL)
        return code;
    pairs known = {.n = 0};
    code = dataset_read_known(&known, s->args->candidates, s->args, &s->data, &s->shown);
    if (code == EXIT_FINE)
        code = dataset_make_known(&known, &s->data, s->context, &work->candidates);
    pairs_free(&known);
    return code;
}

static int measure(evaluate_work *work, session *s, const lfm_scorer *scorer)
{
    const arguments *args = s->args;
    work->n_results = args->n_metrics * (1 + args->segments);
    work->results = calloc((size_t)work->n_results, sizeof *work->results);
    if (args->per_user != NULL)
        work->per_user = calloc((size_t)lfm_ids_count(s->data.users) * (size_t)work->n_results, sizeof *work->per_user);
    if (work->results == NULL || (args->per_user != NULL && work->per_user == NULL))
        return fail_memory();
    work->results[0].size = sizeof *work->results;
    lfm_evaluate_options options;
    lfm_evaluate_options_init(&options);
    options.exclude = options.popularity = s->data.train;
    options.candidates = work->candidates;
    options.check_overlap = !args->allow_overlap;
    options.segments = args->segments;
    options.bootstrap = args->bootstrap;
    options.confidence = args->confidence > 0 ? args->confidence : options.confidence;
    options.threads = args->options.train.threads;
    options.cancel = interrupt_flag();
    progress_word(&s->shown, "evaluating ...");
    const lfm_status status = lfm_evaluate(scorer, s->data.test, args->metrics, args->n_metrics, &options,
                                           work->results, work->per_user);
    progress_clear(&s->shown);
    if (status != LFM_OK)
        return status == LFM_ERROR_CANCELLED ? EXIT_INTERRUPTED : fail_library();
    return EXIT_FINE;
}

/* ---- Text ---- */

static void text_number(FILE *text, double x)
{
    if (isnan(x))
        fprintf(text, "  %10s", "-");
    else
        fprintf(text, "  %10.5f", x);
}

static void tell(FILE *text, const evaluate_work *work, const arguments *args)
{
    for (int32_t segment = 0; segment <= args->segments; segment++) {
        if (segment > 0)
            fprintf(text, "\nsegment %d of %d%s\n", (int)segment, (int)args->segments,
                    segment == 1 ? ": the most popular items" : "");
        else
            fputc('\n', text);
        fprintf(text, "%-18s%12s%12s", "metric", "mean", "std. error");
        if (args->bootstrap > 0)
            fprintf(text, "%12s%12s", "low", "high");
        fprintf(text, "%9s\n", "users");
        for (int32_t m = 0; m < args->n_metrics; m++) {
            const lfm_metric_result *result = &work->results[segment * args->n_metrics + m];
            fprintf(text, "%-18s", args->metric_names[m]);
            text_number(text, result->mean);
            text_number(text, result->standard_error);
            if (args->bootstrap > 0) {
                text_number(text, result->low);
                text_number(text, result->high);
            }
            fprintf(text, "%9lld\n", (long long)result->n_users);
        }
    }
}

/* ---- CSV ---- */

static void csv_number(FILE *csv, double x)
{
    fputc(',', csv);
    if (!isnan(x))
        fprintf(csv, "%.15g", x);
}

static void csv_results(FILE *csv, const evaluate_work *work, const arguments *args)
{
    fputs("segment,metric,mean,standard_error,low,high,users\n", csv);
    for (int32_t i = 0; i < work->n_results; i++) {
        const lfm_metric_result *result = &work->results[i];
        if (i < args->n_metrics)
            fputs("all", csv);
        else
            fprintf(csv, "%d", (int)(i / args->n_metrics));
        fprintf(csv, ",%s", args->metric_names[i % args->n_metrics]);
        csv_number(csv, result->mean);
        csv_number(csv, result->standard_error);
        csv_number(csv, result->low);
        csv_number(csv, result->high);
        fprintf(csv, ",%lld\n", (long long)result->n_users);
    }
}

/* A line for each user that counts; a metric over a segment is called "2:recall@10". */
static void csv_users(FILE *csv, const evaluate_work *work, const session *s)
{
    const arguments *args = s->args;
    fputs("user", csv);
    for (int32_t i = 0; i < work->n_results; i++) {
        if (i < args->n_metrics)
            fprintf(csv, ",%s", args->metric_names[i]);
        else
            fprintf(csv, ",%d:%s", (int)(i / args->n_metrics), args->metric_names[i % args->n_metrics]);
    }
    fputc('\n', csv);
    for (int32_t user = 0; user < lfm_ids_count(s->data.users); user++) {
        const double *values = work->per_user + (int64_t)user * work->n_results;
        int32_t at = 0;
        while (at < work->n_results && isnan(values[at]))
            at++;
        if (at == work->n_results)
            continue;
        csv_text(csv, "", lfm_ids_text(s->data.users, user, NULL));
        for (int32_t i = 0; i < work->n_results; i++)
            csv_number(csv, values[i]);
        fputc('\n', csv);
    }
}

/* ---- JSON ---- */

static bool put_number(json_t *object, const char *name, double x)
{
    return isnan(x) || json_put(object, name, json_real(x));
}

/* A number that there is not (an interval without --bootstrap) is left out. */
static bool json_result(FILE *json, const lfm_metric_result *result, const char *metric, int32_t segment)
{
    json_t *line = json_object();
    const bool good = line != NULL && json_put(line, "metric", json_text(metric)) &&
                      (segment == 0 || json_put_count(line, "segment", segment)) &&
                      put_number(line, "mean", result->mean) &&
                      put_number(line, "standard_error", result->standard_error) &&
                      put_number(line, "low", result->low) && put_number(line, "high", result->high) &&
                      json_put_count(line, "users", result->n_users);
    return json_write_line(json, line, good);
}

static int write_results(evaluate_work *work, const session *s, answers *to)
{
    const arguments *args = s->args;
    if (to->text.file != NULL)
        tell(to->text.file, work, args);
    if (to->csv.file != NULL)
        csv_results(to->csv.file, work, args);
    for (int32_t i = 0; i < work->n_results && to->json.file != NULL; i++) {
        if (!json_result(to->json.file, &work->results[i], args->metric_names[i % args->n_metrics],
                         i / args->n_metrics))
            return fail_memory();
    }
    int code = output_open(&work->users, args->per_user);
    if (work->users.file != NULL)
        csv_users(work->users.file, work, s);
    output_close(&work->users);
    if (work->users.failed)
        code = EXIT_FAILED;
    return answers_flush(to) ? code : EXIT_FAILED;
}

static int answer(session *s, void *own)
{
    lfm_scorer *scorer = NULL;
    int code = session_train(s, &scorer);
    if (code == EXIT_FINE)
        code = measure(own, s, scorer);
    lfm_scorer_free(scorer);
    if (code != EXIT_FINE)
        return code;
    answers to;
    code = answers_open(&to, s->args, &s->data);
    if (code == EXIT_FINE)
        code = write_results(own, s, &to);
    const int written = answers_close(&to);
    return code != EXIT_FINE ? code : written;
}

int evaluate_main(int argc, char **argv)
{
    static const command_work evaluate = {"evaluate", COMMAND_EVALUATE, prepare, answer};
    evaluate_work work = {.results = NULL};
    const int code = session_main(&evaluate, &work, argc, argv);
    lfm_interactions_free(work.candidates);
    free(work.results);
    free(work.per_user);
    return code;
}
