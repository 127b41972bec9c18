/* One point of the learning curve. */
#include "evaluation.h"

#include "common.h"
#include "interrupt.h"

static lfm_status measure(metrics *out, const lfm_scorer *scorer, lfm_interactions *test,
                          lfm_interactions *exclude, const fit_args *args, const lfm_cancel *cancel)
{
    const lfm_metric wanted[N_METRICS] = {[PRECISION] = {LFM_METRIC_PRECISION, args->k},
                                          [RECALL] = {LFM_METRIC_RECALL, args->k},
                                          [AUC] = {LFM_METRIC_AUC, 0},
                                          [RECIPROCAL_RANK] = {LFM_METRIC_RECIPROCAL_RANK, 0}};
    lfm_infer_options options;
    lfm_infer_options_init(&options);
    options.threads = args->options.train.threads;
    options.check_overlap = !args->allow_overlap;
    options.cancel = cancel;
    const lfm_status status = lfm_evaluate(scorer, test, exclude, wanted, N_METRICS, 0, &options,
                                           out->means, &out->users, NULL);
    out->present = status == LFM_OK;
    return status;
}

int evaluate(evaluation *out, const lfm_model *model, const dataset *data, const fit_args *args)
{
    lfm_scorer *scorer = NULL;
    lfm_status status = lfm_scorer_create(model, data->user_side.matrix, data->item_side.matrix,
                                          args->options.train.threads, &scorer);
    /* Metrics may take long. After a Ctrl-C those of the training set are done without, if there are
     * others, and all that take more than a second. */
    if (status == LFM_OK && !args->no_train_metrics)
        status = measure(&out->train, scorer, data->train, NULL, args,
                         data->test != NULL ? interrupt_flag() : interrupt_patience());
    if ((status == LFM_OK || status == LFM_ERROR_CANCELLED) && data->test != NULL)
        status = measure(&out->test, scorer, data->test, data->train, args, interrupt_patience());
    const int code = status == LFM_OK || status == LFM_ERROR_CANCELLED ? EXIT_FINE : fail_library();
    lfm_scorer_free(scorer);
    return code;
}
