/* lfm fit: train on files, evaluate, list. */
#include "fit.h"

#include "common.h"
#include "evaluation.h"
#include "interrupt.h"
#include "lists.h"
#include "model_file.h"
#include "report.h"
#include "session.h"

/* The epoch of the next evaluation. */
static int64_t next_stop(int64_t epoch, int64_t epochs, int32_t every)
{
    if (every == 0 || epoch / every * every + every > epochs)
        return epochs;
    return epoch / every * every + every;
}

static int evaluate_and_report(report *to, session *s)
{
    training_state *state = &s->state;
    evaluation point = {
        .epoch = state->epochs, .partial = state->partial, .seconds = state->seconds};
    progress_word(&s->shown, interrupted() ? "evaluating ... (Ctrl-C ends at once)" : "evaluating ...");
    const int code = evaluate(&point, s->model, &s->data, s->args);
    progress_clear(&s->shown);
    state->unmeasured = interrupted() && ((!s->args->no_train_metrics && !point.train.present) ||
                                          (s->data.test != NULL && !point.test.present));
    if (code == EXIT_FINE)
        report_evaluation(to, &point);
    return code;
}

/* The learning curve. A stretch of training, an evaluation, and so on: as training goes on exactly
 * where it stopped, the stretches make the same model as one long call. */
static int train(report *to, session *s)
{
    training_state *state = &s->state;
    int code = EXIT_FINE;
    do {
        if (state->epochs < s->epochs)
            code = train_until(s->model, s->args, &s->data, next_stop(state->epochs, s->epochs, s->args->every),
                               s->epochs, state, &s->shown);
        /* What has been learnt is safe before anything else is done with it. */
        if (code == EXIT_FINE && !state->diverged)
            code = model_file_save(s->model, s->args, &s->data);
        if (code == EXIT_FINE)
            code = evaluate_and_report(to, s);
    } while (code == EXIT_FINE && state->epochs < s->epochs && !interrupted() && !state->diverged &&
             report_is_heard(to));
    state->interrupted = interrupted();
    return code;
}

static int prepare(session *s, void *wanted)
{
    const int code = evaluation_check(&s->data, s->args);
    return code != EXIT_FINE ? code : lists_resolve(wanted, s->args, &s->data);
}

static int train_and_report(session *s, void *wanted)
{
    report to;
    int code = report_open(&to, s->args, &s->data);
    if (code == EXIT_FINE) {
        report_begin(&to);
        code = train(&to, s);
        if (code == EXIT_FINE)
            code = lists_fill(wanted, s->model, s->args, &s->data);
        if (code == EXIT_FINE)
            report_end(&to, &s->state, wanted, &s->names);
    }
    const int written = report_close(&to);
    if (code != EXIT_FINE || written != EXIT_FINE || s->state.diverged)
        return EXIT_FAILED;
    return EXIT_FINE;
}

int fit_main(int argc, char **argv)
{
    static const command_work fit = {"fit", COMMAND_FIT, prepare, train_and_report};
    lists wanted = {.kinds[0].items = NULL};
    const int code = session_main(&fit, &wanted, argc, argv);
    lists_free(&wanted);
    return code;
}
