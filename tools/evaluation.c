/* One point of the learning curve. */
#include "evaluation.h"

#include "common.h"
#include "interrupt.h"

static lfm_status measure(metrics *out, const lfm_scorer *scorer, lfm_interactions *set,
                          const dataset *data, const fit_args *args, const lfm_cancel *cancel)
{
    lfm_metric_result results[MOST_METRICS] = {{.size = sizeof results[0]}};
    lfm_evaluate_options options;
    lfm_evaluate_options_init(&options);
    options.exclude = set != data->train ? data->train : NULL;
    options.popularity = data->train;
    options.threads = args->options.train.threads;
    options.check_overlap = !args->allow_overlap;
    options.cancel = cancel;
    const lfm_status status =
        lfm_evaluate(scorer, set, args->metrics, args->n_metrics, &options, results, NULL);
    out->present = status == LFM_OK;
    for (int32_t i = 0; i < args->n_metrics; i++)
        out->means[i] = results[i].mean;
    return status;
}

int evaluate(evaluation *out, const lfm_model *model, const dataset *data, const fit_args *args)
{
    lfm_scorer *scorer = NULL;
    lfm_status status = lfm_scorer_create(model, data->user_side.matrix, data->item_side.matrix,
                                          args->options.train.threads, &scorer);
    /* Metrics may take long. After a Ctrl-C those of the training set are done without, if there are
     * others, and all that take more than a second. */
    if (status == LFM_OK && !args->no_train_metrics && data->train_positives > 0)
        status = measure(&out->train, scorer, data->train, data, args,
                         data->test != NULL ? interrupt_flag() : interrupt_patience());
    if ((status == LFM_OK || status == LFM_ERROR_CANCELLED) && data->test != NULL &&
        lfm_interactions_n_entries(data->test) > 0) /* all of them positives */
        status = measure(&out->test, scorer, data->test, data, args, interrupt_patience());
    const int code = status == LFM_OK || status == LFM_ERROR_CANCELLED ? EXIT_FINE : fail_library();
    lfm_scorer_free(scorer);
    return code;
}
