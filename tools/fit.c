/* lfm fit: train on files, evaluate, list. */
#include "fit.h"

#include <stdio.h>

#include "args.h"
#include "common.h"
#include "dataset.h"
#include "evaluation.h"
#include "interrupt.h"
#include "lists.h"
#include "output.h"
#include "progress.h"
#include "report.h"
#include "titles.h"

/* Training between two evaluations, for the progress line. */
typedef struct stretch {
    progress *shown;
    int64_t epochs;        /* of the whole run */
    double seconds_before; /* of training, in earlier stretches */
} stretch;

static int32_t show_training(lfm_progress *at, void *user_data)
{
    const stretch *now = user_data;
    const double per_epoch = (double)at->samples_total;
    const double done =
        (double)at->epoch * per_epoch + (at->epoch_ended != 0 ? 0 : (double)at->samples);
    const double seconds = now->seconds_before + at->seconds;
    const double rate = seconds > 0 ? done / seconds : 0;
    const double left = (double)now->epochs * per_epoch - done;
    progress_training(now->shown, at, now->epochs, rate, rate > 0 ? left / rate : 0);
    return 0;
}

/* The epoch of the next evaluation. */
static int64_t next_stop(int64_t epoch, int64_t epochs, int32_t every)
{
    if (every == 0 || epoch / every * every + every > epochs)
        return epochs;
    return epoch / every * every + every;
}

static int evaluate_and_report(report *to, const lfm_model *model, run_end *state, progress *shown)
{
    evaluation point = {
        .epoch = state->epochs, .partial = state->partial, .seconds = state->seconds};
    progress_word(shown, interrupted() ? "evaluating ... (Ctrl-C ends at once)" : "evaluating ...");
    const int code = evaluate(&point, model, to->data, to->args);
    progress_clear(shown);
    state->unmeasured = interrupted() && ((!to->args->no_train_metrics && !point.train.present) ||
                                          (to->data->test != NULL && !point.test.present));
    if (code == EXIT_FINE)
        report_evaluation(to, &point);
    return code;
}

/* Train up to an epoch. Returns EXIT_FAILED when the model is of no more use. */
static int train_until(lfm_model *model, report *to, int64_t epoch, run_end *state, progress *shown)
{
    const dataset *data = to->data;
    lfm_train_options options = to->args->options.train;
    stretch now = {shown, options.epochs, state->seconds};
    options.epochs = (int32_t)(epoch - state->epochs);
    options.cancel = interrupt_flag();
    options.progress = shown->on_terminal ? show_training : NULL;
    options.progress_user_data = &now;
    const double started = now_seconds();
    const lfm_status status = lfm_model_fit_partial(model, data->train, data->user_side.matrix,
                                                    data->item_side.matrix, &options);
    state->seconds += now_seconds() - started;
    state->epochs = lfm_model_epochs(model);
    progress_clear(shown);
    state->partial = status == LFM_ERROR_CANCELLED;
    state->diverged = status == LFM_ERROR_DIVERGED;
    if (status == LFM_OK || state->partial)
        return EXIT_FINE;
    fail_library();
    return state->diverged && options.rollback != 0 ? EXIT_FINE : EXIT_FAILED;
}

/* The learning curve. A stretch of training, an evaluation, and so on: as training goes on exactly
 * where it stopped, the stretches make the same model as one long call. */
static int train(lfm_model *model, report *to, run_end *state, progress *shown)
{
    const int64_t epochs = to->args->options.train.epochs;
    int code = EXIT_FINE;
    do {
        if (epochs > 0)
            code = train_until(model, to, next_stop(state->epochs, epochs, to->args->every), state,
                               shown);
        if (code == EXIT_FINE)
            code = evaluate_and_report(to, model, state, shown);
    } while (code == EXIT_FINE && state->epochs < epochs && !interrupted() && !state->diverged &&
             report_is_heard(to));
    state->interrupted = interrupted();
    return code;
}

static int train_and_report(const fit_args *args, const dataset *data, lfm_context *context,
                            lists *wanted, const titles *names, progress *shown)
{
    lfm_model *model = NULL;
    report to;
    run_end state = {.epochs = 0};
    int code = EXIT_FINE;
    if (lfm_model_create(context, dataset_width(&data->user_side, &data->users),
                         dataset_width(&data->item_side, &data->items), &args->options.model,
                         &model) != LFM_OK)
        return fail_library();
    code = report_open(&to, args, data);
    if (code == EXIT_FINE) {
        report_begin(&to);
        code = train(model, &to, &state, shown);
        if (code == EXIT_FINE)
            code = lists_fill(wanted, model, args, data);
        if (code == EXIT_FINE)
            report_end(&to, &state, wanted, names);
    }
    lfm_model_free(model);
    const int written = report_close(&to);
    if (code != EXIT_FINE || written != EXIT_FINE || state.diverged)
        return EXIT_FAILED;
    return interrupted() ? EXIT_INTERRUPTED : EXIT_FINE;
}

static int read_and_train(const fit_args *args, lfm_context *context)
{
    dataset data = {.read = {.n = 0}};
    lists wanted = {.kinds[0].items = NULL};
    titles names = {.of_item = NULL};
    progress shown;
    progress_init(&shown);
    int code = output_check(args->csv);
    if (code == EXIT_FINE)
        code = output_check(args->json);
    if (code == EXIT_FINE)
        code = dataset_load(&data, args, context, &shown);
    if (code == EXIT_FINE)
        code = evaluation_check(&data, args);
    if (code == EXIT_FINE)
        code = lists_resolve(&wanted, args, &data);
    if (code == EXIT_FINE)
        code = titles_read(&names, args, &data.items, &shown, &data.bad_lines);
    if (code == EXIT_FINE)
        code = train_and_report(args, &data, context, &wanted, &names, &shown);
    if (interrupted())
        code = EXIT_INTERRUPTED;
    titles_free(&names);
    lists_free(&wanted);
    dataset_free(&data);
    return code;
}

static void on_log(int32_t level, const char *message, void *user_data)
{
    (void)user_data;
    if (level == LFM_LOG_WARNING)
        note("%s", message);
}

static int run(const fit_args *args)
{
    lfm_context_options options;
    lfm_context *context = NULL;
    lfm_context_options_init(&options);
    options.log = on_log;
    if (lfm_context_create(&options, &context) != LFM_OK)
        return fail_library();
    int code = EXIT_FAILED;
    if (interrupt_install())
        code = read_and_train(args, context);
    else
        fail("cannot listen for Ctrl-C");
    interrupt_remove();
    lfm_context_free(context);
    return code;
}

int fit_main(int argc, char **argv)
{
    fit_args args;
    int code = args_parse(&args, argc, argv);
    if (code == EXIT_FINE && args.help) {
        args_help(stdout);
        if (fflush(stdout) != 0)
            code = fail("cannot write standard output");
    } else if (code == EXIT_FINE) {
        code = run(&args);
    }
    args_free(&args);
    return code;
}
