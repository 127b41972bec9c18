/* A run of a command that reads data and trains on it: what they all begin and end with. */
#include "session.h"

#include <stdio.h>

#include "common.h"
#include "interrupt.h"
#include "output.h"

int session_train(session *s, lfm_scorer **scorer)
{
    const int64_t epochs = s->args->options.train.epochs;
    lfm_scorer_options how;
    lfm_scorer_options_init(&how);
    how.threads = s->args->options.train.threads;
    int code = EXIT_FINE;
    if (epochs > 0)
        code = train_until(s->model, s->args, &s->data, epochs, &s->state, &s->shown);
    if (code == EXIT_FINE && s->state.diverged)
        return EXIT_FAILED;
    if (code == EXIT_FINE && interrupted())
        return EXIT_INTERRUPTED;
    if (code == EXIT_FINE &&
        lfm_scorer_create(s->model, s->data.user_side.matrix, s->data.item_side.matrix, &how, scorer) != LFM_OK)
        return fail_library();
    return code;
}

static int read_and_answer(session *s, const command_work *work, void *own)
{
    const arguments *args = s->args;
    int code = output_check(args->csv);
    if (code == EXIT_FINE)
        code = output_check(args->json);
    if (code == EXIT_FINE)
        code = output_check(args->per_user);
    if (code == EXIT_FINE)
        code = dataset_load(&s->data, args, s->context, &s->shown);
    if (code == EXIT_FINE)
        code = work->prepare(s, own);
    if (code == EXIT_FINE)
        code = titles_read(&s->names, args, s->data.items, &s->shown, &s->data.bad_lines);
    if (code == EXIT_FINE)
        code = training_model(&s->model, args, &s->data, s->context);
    if (code == EXIT_FINE)
        code = work->answer(s, own);
    return code;
}

static void on_log(int32_t level, const char *message, void *user_data)
{
    (void)user_data;
    if (level == LFM_LOG_WARNING)
        note("%s", message);
}

static int run(const arguments *args, const command_work *work, void *own)
{
    session s = {.args = args};
    lfm_context_options options;
    lfm_context_options_init(&options);
    options.log = on_log;
    progress_init(&s.shown);
    if (lfm_context_create(&options, &s.context) != LFM_OK)
        return fail_library();
    int code = EXIT_FAILED;
    if (interrupt_install())
        code = read_and_answer(&s, work, own);
    else
        fail("cannot listen for Ctrl-C");
    if (interrupted())
        code = EXIT_INTERRUPTED;
    lfm_model_free(s.model);
    titles_free(&s.names);
    dataset_free(&s.data);
    interrupt_remove();
    lfm_context_free(s.context);
    return code;
}

int session_main(const command_work *work, void *own, int argc, char **argv)
{
    arguments args;
    command_name_set(work->name);
    int code = args_parse(&args, work->command, argc, argv);
    if (code == EXIT_FINE && args.help) {
        args_help(stdout, work->command);
        if (fflush(stdout) != 0)
            code = fail("cannot write standard output");
    } else if (code == EXIT_FINE) {
        code = run(&args, work, own);
    }
    args_free(&args);
    return code;
}
