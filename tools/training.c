/* Training as far as a command wants, with its progress shown. */
#include "training.h"

#include "common.h"
#include "interrupt.h"

/* Training between two evaluations, for the progress line. */
typedef struct stretch {
    progress *shown;
    int64_t epochs;        /* at the end of the whole run */
    int64_t first;         /* at its beginning */
    double seconds_before; /* of training, in earlier stretches */
} stretch;

static int32_t show_training(lfm_progress *at, void *user_data)
{
    const stretch *now = user_data;
    const double per_epoch = (double)at->samples_total;
    const double done =
        (double)at->epoch * per_epoch + (at->epoch_ended != 0 ? 0 : (double)at->samples);
    const double seconds = now->seconds_before + at->seconds;
    const double rate = seconds > 0 ? (done - (double)now->first * per_epoch) / seconds : 0;
    const double left = (double)now->epochs * per_epoch - done;
    progress_training(now->shown, at, now->epochs, rate, rate > 0 ? left / rate : 0);
    return 0;
}

int training_model(lfm_model **model, const arguments *args, const dataset *data, lfm_context *context)
{
    const lfm_status status = lfm_model_create(context, dataset_width(&data->user_side, data->users),
                                               dataset_width(&data->item_side, data->items),
                                               &args->options.model, model);
    return status == LFM_OK ? EXIT_FINE : fail_library();
}

int train_until(lfm_model *model, const arguments *args, const dataset *data, int64_t epoch,
                int64_t last, training_state *state, progress *shown)
{
    lfm_train_options options = args->options.train;
    stretch now = {shown, last, state->first, state->seconds};
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
