/* Early stopping: look at a validation set after every epoch, lower the learning rate when it stops
 * getting better, end when that does not help, and keep the best state. Ctrl-C ends it, too. */
#include "example_data.h"

#include <signal.h>

/* Epochs without a new best after which the rate is halved, and after which training ends. */
enum { PATIENCE = 2, LAST_PATIENCE = 4 };

/* What the callback knows and finds out. */
typedef struct watcher {
    lfm_model *model;
    lfm_interactions *train, *validation;
    lfm_scorer *best_scorer; /* a frozen copy of the best state */
    double best;
    int64_t best_epoch;
    int epochs_since_best;
    int64_t interrupt_at; /* play Ctrl-C after this epoch; 0: never */
    lfm_status status;    /* of the library calls in the callback */
} watcher;

/* The share of the first ten places that held-back likes take. */
static lfm_status precision(const lfm_scorer *scorer, lfm_interactions *train,
                            lfm_interactions *validation, double *quality)
{
    const lfm_metric metric = {LFM_METRIC_PRECISION, 10};
    lfm_metric_result result = {.size = sizeof result};
    lfm_evaluate_options options;
    lfm_evaluate_options_init(&options);
    options.exclude = train;
    const lfm_status status =
        lfm_evaluate(scorer, validation, &metric, 1, &options, &result, NULL);
    *quality = result.mean;
    return status;
}

/* Evaluate at an epoch's border, where the model may be read; keep the scorer if it is the best. */
static lfm_status look(watcher *w, const lfm_progress *progress, double *quality)
{
    lfm_scorer *scorer;
    lfm_status status = lfm_scorer_create(w->model, NULL, NULL, NULL, &scorer);
    if (status != LFM_OK)
        return status;
    status = precision(scorer, w->train, w->validation, quality);
    if (status == LFM_OK && *quality > w->best) {
        lfm_scorer_free(w->best_scorer);
        w->best_scorer = lfm_scorer_ref(scorer);
        w->best = *quality;
        w->best_epoch = progress->epoch;
    }
    lfm_scorer_free(scorer);
    return status;
}

/* The library calls this at every epoch's end and, on big data, in between. */
static int32_t on_progress(lfm_progress *progress, void *user_data)
{
    watcher *w = user_data;
    if (!progress->epoch_ended)
        return 0;
    double quality;
    w->status = look(w, progress, &quality);
    if (w->status != LFM_OK)
        return 1; /* no exit, no longjmp here: stop, and let the caller of training see to it */
    printf("epoch %2d  rate %.3f  loss %.3f  violations %.2f  validation precision@10 %.4f%s\n",
           (int)progress->epoch, progress->learning_rate, progress->loss, progress->violation_rate,
           quality, w->best_epoch == progress->epoch ? "  best" : "");
    w->epochs_since_best = w->best_epoch == progress->epoch ? 0 : w->epochs_since_best + 1;
    if (w->epochs_since_best >= LAST_PATIENCE)
        return 1; /* non-zero at an epoch's end: training returns LFM_OK */
    if (w->epochs_since_best == PATIENCE)
        progress->learning_rate *= 0.5; /* holds for all epochs that follow in this call */
    if (progress->epoch == w->interrupt_at)
        raise(SIGINT);
    return 0;
}

/* Written before the handler is installed, read by it. */
static lfm_cancel *cancel;

static void on_interrupt(int signal_number)
{
    signal(signal_number, SIG_DFL); /* a second Ctrl-C ends the program at once */
    lfm_cancel_set(cancel);         /* allowed in a signal handler */
}

int main(void)
{
    random_state random = {3};
    lfm_interactions *likes = make_interactions(&random), *train, *validation;
    check(lfm_interactions_split(likes, NULL, &train, &validation), "split");

    lfm_model_options model_options;
    lfm_model_options_init(&model_options);
    model_options.components = 32;
    lfm_model *model;
    check(lfm_model_create(NULL, N_USERS, N_ITEMS, &model_options, &model), "model");

    check(lfm_cancel_create(NULL, &cancel), "cancel flag");
    signal(SIGINT, on_interrupt);

    watcher watch = {.model = model, .train = train, .validation = validation};
    lfm_train_options options;
    lfm_train_options_init(&options);
    options.epochs = 200; /* the callback will stop long before */
    options.learning_rate = 0.1;
    options.threads = 1;
    options.progress = on_progress;
    options.progress_user_data = &watch;
    options.cancel = cancel;

    lfm_status status = lfm_model_fit_partial(model, train, NULL, NULL, &options);
    check(watch.status, "evaluation during training");
    if (status == LFM_ERROR_CANCELLED) { /* a real Ctrl-C: go on with the best state there was */
        printf("interrupted in epoch %d\n", (int)lfm_model_epochs(model) + 1);
        return watch.best_scorer != NULL ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    check(status, "training");
    printf("stopped after %d epochs; the best was epoch %d with %.4f\n",
           (int)lfm_model_epochs(model), (int)watch.best_epoch, watch.best);
    expect(lfm_model_epochs(model) == watch.best_epoch + LAST_PATIENCE,
           "training ended by the callback");
    expect(watch.best > 0.15, "the best state finds the held-back likes");

    /* The kept scorer answers as the model did at its best, whatever the model learnt since. */
    double again;
    check(precision(watch.best_scorer, train, validation, &again), "evaluate");
    expect(again == watch.best, "the best state was kept");

    /* The same from the start, with a Ctrl-C that comes after epoch 2: the two epochs stay, the
     * third is not counted, and the model can be used and trained further. */
    lfm_scorer_free(watch.best_scorer);
    watch = (watcher){.model = model, .train = train, .validation = validation, .interrupt_at = 2};
    check(lfm_model_reset(model), "reset");
    status = lfm_model_fit_partial(model, train, NULL, NULL, &options);
    printf("after Ctrl-C: %s (%s)\n", lfm_status_name(status), lfm_last_message());
    expect(status == LFM_ERROR_CANCELLED && lfm_model_epochs(model) == 2, "Ctrl-C ends training");
    lfm_cancel_reset(cancel); /* else the next call would end at once */
    watch.interrupt_at = 0;
    options.epochs = 1;
    check(lfm_model_fit_partial(model, train, NULL, NULL, &options), "training after Ctrl-C");

    lfm_scorer_free(watch.best_scorer);
    lfm_cancel_free(cancel);
    lfm_model_free(model);
    lfm_interactions_free(validation);
    lfm_interactions_free(train);
    lfm_interactions_free(likes);
    return EXIT_SUCCESS;
}
