/* A run of a command that reads data and trains on it: what they all begin and end with. */
#include "session.h"

#include <stdio.h>

#include "common.h"
#include "interrupt.h"
#include "model_file.h"
#include "output.h"

int session_train(session *s, lfm_scorer **scorer)
{
    lfm_scorer_options how;
    lfm_scorer_options_init(&how);
    how.threads = s->args->options.train.threads;
    if (s->model == NULL) {
        /* An inference file is used as it lies. */
        const bool lies = lfm_file_kind(s->file) == LFM_FILE_INFERENCE;
        return lfm_file_scorer(s->file, lies ? NULL : &how, scorer) == LFM_OK ? EXIT_FINE : fail_library();
    }
    int code = EXIT_FINE;
    if (s->state.epochs < s->epochs)
        code = train_until(s->model, s->args, &s->data, s->epochs, s->epochs, &s->state, &s->shown);
    if (code == EXIT_FINE && s->state.diverged)
        return EXIT_FAILED;
    if (code == EXIT_FINE && interrupted())
        return EXIT_INTERRUPTED;
    if (code == EXIT_FINE &&
        lfm_scorer_create(s->model, s->data.user_side.matrix, s->data.item_side.matrix, &how, scorer) != LFM_OK)
        return fail_library();
    return code;
}

static int check_outputs(const arguments *args)
{
    const char *const paths[] = {args->csv, args->json, args->per_user, args->save, args->save_inference};
    int code = EXIT_FINE;
    for (size_t i = 0; i < sizeof paths / sizeof *paths && code == EXIT_FINE; i++)
        code = output_check(paths[i]);
    return code;
}

static int read_data(session *s)
{
    arguments *args = s->args;
    const char *path = args->model != NULL ? args->model : args->resume;
    int code = path != NULL ? model_file_open(&s->file, path, args->resume != NULL, s->context) : EXIT_FINE;
    if (code == EXIT_FINE && args->resume != NULL) {
        if (lfm_file_kind(s->file) != LFM_FILE_CHECKPOINT)
            return fail("--resume: %s is no checkpoint; lfm fit --save makes them", path);
        code = model_file_options(s->file, &args->options);
    }
    if (code != EXIT_FINE)
        return code;
    return args->model != NULL ? dataset_from_model(&s->data, args, s->file, s->context, &s->shown)
                               : dataset_load(&s->data, args, s->file, s->context, &s->shown);
}

static int make_model(session *s)
{
    if (s->args->model != NULL)
        return EXIT_FINE;
    const int code = s->file != NULL ? model_file_model(&s->model, s->file, &s->data)
                                     : training_model(&s->model, s->args, &s->data, s->context);
    if (code == EXIT_FINE) {
        s->state.epochs = s->state.first = lfm_model_epochs(s->model);
        s->epochs = s->state.epochs + s->args->options.train.epochs;
    }
    return code;
}

static int read_and_answer(session *s, const command_work *work, void *own)
{
    const arguments *args = s->args;
    int code = check_outputs(args);
    if (code == EXIT_FINE)
        code = read_data(s);
    if (code == EXIT_FINE)
        code = work->prepare(s, own);
    if (code == EXIT_FINE)
        code = titles_read(&s->names, args, s->data.items, &s->shown, &s->data.bad_lines);
    if (code == EXIT_FINE)
        code = make_model(s);
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

static int run(arguments *args, const command_work *work, void *own)
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
    lfm_file_free(s.file);
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
