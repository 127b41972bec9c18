/* One point of the learning curve. */
#include "evaluation.h"

#include "common.h"
#include "interrupt.h"

static lfm_status measure(metrics *out, const lfm_scorer *scorer, lfm_interactions *set,
                          const dataset *data, const arguments *args, const lfm_cancel *cancel)
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

/* The largest value of a set; ones where there are no values. */
static double largest_value(const lfm_interactions *set)
{
    const float *values = lfm_interactions_values(set);
    double largest = 1;
    for (int64_t i = 0; values != NULL && i < lfm_interactions_n_entries(set); i++)
        largest = (double)values[i] > largest ? (double)values[i] : largest;
    return largest;
}

int evaluation_check(const dataset *data, const arguments *args)
{
    enum { MOST_VALUE = 1000 }; /* see lfm/evaluate.h */
    for (int32_t m = 0; m < args->n_metrics; m++) {
        if (args->metrics[m].metric != LFM_METRIC_NDCG_GRADED)
            continue;
        const double train = args->no_train_metrics ? 0 : largest_value(data->train);
        const double test = data->test != NULL ? largest_value(data->test) : 0;
        const double largest = train > test ? train : test;
        if (largest > MOST_VALUE)
            return fail("%s: the gain of a value of %g, 2^value - 1, is out of range: at most %d",
                        args->metric_names[m], largest, MOST_VALUE);
    }
    return EXIT_FINE;
}

int evaluate(evaluation *out, const lfm_model *model, const dataset *data, const arguments *args)
{
    lfm_scorer *scorer = NULL;
    lfm_scorer_options how;
    lfm_scorer_options_init(&how);
    how.threads = args->options.train.threads;
    lfm_status status = lfm_scorer_create(model, data->user_side.matrix, data->item_side.matrix, &how, &scorer);
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
