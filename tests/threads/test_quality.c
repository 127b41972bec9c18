/* Two to four threads learn what one learns. */
#include "check.h"
#include "planted.h"
#include "tap.h"

static void check_optimiser(int32_t optimiser)
{
    lfm_interactions *interactions = planted_make(NULL);
    for (int32_t loss = 0; loss < 4; loss++) {
        const double alone = planted_quality(NULL, interactions, loss, optimiser, 1);
        check_report(alone > planted_floor, false, __FILE__, __LINE__, "loss %d alone: AUC %g", loss, alone);
        for (int32_t threads = 2; threads <= 4; threads++) {
            const double together = planted_quality(NULL, interactions, loss, optimiser, threads);
            check_report(together > planted_floor && together > alone - 0.03, false, __FILE__, __LINE__,
                         "loss %d, %d threads: AUC %g, alone %g", loss, threads, together, alone);
        }
    }
    lfm_interactions_free(interactions);
}

static void test_adagrad(void) { check_optimiser(LFM_OPTIMISER_ADAGRAD); }
static void test_rowwise(void) { check_optimiser(LFM_OPTIMISER_ADAGRAD_ROWWISE); }
static void test_adadelta(void) { check_optimiser(LFM_OPTIMISER_ADADELTA); }

/* More threads than work, and as many as the option allows. */
static void test_many(void)
{
    static const int32_t users[] = {0, 1}, items[] = {0, 1};
    lfm_interactions *tiny = build_interactions(2, 2, 3, users, items, NULL);
    lfm_model *model = build_model(NULL, 2, 3, 4, 0, 1);
    lfm_train_options options;
    lfm_train_options_init(&options);
    options.threads = 4096;
    CHECK_OK(lfm_model_fit_partial(model, tiny, NULL, NULL, &options));
    lfm_scorer *scorer = NULL;
    lfm_scorer_options scoring;
    lfm_scorer_options_init(&scoring);
    scoring.threads = 64;
    CHECK_OK(lfm_scorer_create(model, NULL, NULL, &scoring, &scorer));
    lfm_infer_options infer;
    lfm_infer_options_init(&infer);
    infer.threads = 64;
    int32_t ranks[2];
    CHECK_OK(lfm_rank(scorer, tiny, NULL, ranks, &infer));
    lfm_scorer_free(scorer);
    lfm_model_free(model);
    lfm_interactions_free(tiny);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"all losses with Adagrad", test_adagrad},
        {"all losses with row-wise Adagrad", test_rowwise},
        {"all losses with Adadelta", test_adadelta},
        {"more threads than work", test_many},
    };
    return TAP_MAIN("threads-quality", tests, argc, argv);
}
