/* Every allocation of a scenario that touches every call fails once: the call says MEMORY, leaves its
 * outputs alone, leaks nothing, and the same scenario then succeeds. */
#include "check.h"
#include "counting.h"
#include "scenario.h"
#include "tap.h"

/* The model grows by a feature on each side. */
static lfm_status grow(scenario *s)
{
    const uint64_t before = model_hash(s->model);
    const lfm_status status = lfm_model_resize(s->model, FEATURES + 1, FEATURES + 1, NULL);
    s->untouched = s->untouched && (status == LFM_OK || model_hash(s->model) == before);
    return status;
}

static lfm_status run_steps(scenario *s)
{
    STEP(lfm_cancel_create(s->context, &s->cancel));
    STEP(scenario_by_name(s));
    STEP(scenario_matrices(s));
    STEP(scenario_features(s));
    STEP(scenario_split(s));
    STEP(scenario_train(s));
    STEP(scenario_infer(s));
    return grow(s);
}

/* The whole scenario on an allocator; everything is freed again. */
static lfm_status run_scenario(const test_entries *entries, counting *counts, bool *tidy)
{
    lfm_context_options options;
    lfm_context_options_init(&options);
    counting_install(counts, &options);
    scenario s = {.entries = entries, .untouched = true};
    lfm_status status = lfm_context_create(&options, &s.context);
    if (status == LFM_OK)
        status = run_steps(&s);
    lfm_context_free(s.context);
    lfm_cancel_free(s.cancel);
    lfm_interactions_free(s.whole);
    lfm_interactions_free(s.train);
    lfm_interactions_free(s.test);
    lfm_interactions_free(s.left);
    lfm_features_free(s.f[0]);
    lfm_features_free(s.f[1]);
    lfm_model_free(s.model);
    lfm_scorer_free(s.scorer);
    *tidy = s.untouched && s.released == s.borrowed && counts->live == 0 && counts->live_bytes == 0 &&
            counts->errors == 0;
    return status;
}

static test_entries make_entries(void)
{
    test_entries e = entries_random(3, N, USERS, ITEMS, 2, 0);
    entries_add_weights(&e, 4);
    entries_add_timestamps(&e, 5, 30);
    return e;
}

static void sweep(int fail_all_after)
{
    test_entries e = make_entries();
    counting all = {0};
    bool tidy;
    CHECK_OK(run_scenario(&e, &all, &tidy));
    CHECK(tidy);
    const long long n = all.calls;
    tap_note("%lld allocations", n);
    CHECK(n > 150);
    for (long long at = 1; at <= n; at++) {
        counting counts = {.fail_at = at, .fail_all_after = fail_all_after};
        const lfm_status status = run_scenario(&e, &counts, &tidy);
        check_report(status == LFM_ERROR_MEMORY && tidy, false, __FILE__, __LINE__,
                     "allocation %lld: %s, live %lld, errors %lld, tidy %d", at, lfm_status_name(status),
                     (long long)counts.live, (long long)counts.errors, tidy);
    }
    counting last = {0};
    CHECK_OK(run_scenario(&e, &last, &tidy));
    CHECK(tidy && last.calls == n);
    entries_free(&e);
}

/* The same objects serve another try, with the same outcome as if nothing had failed. */
static void test_again(void)
{
    test_entries e = make_entries();
    uint64_t wanted = 0;
    for (long long at = 0; at < 40; at++) {
        counting counts = {0};
        lfm_context *context = counting_context(&counts, NULL, NULL);
        lfm_interactions *m = entries_build(context, &e);
        lfm_model *model = build_model(context, USERS, ITEMS, 6, 0, 2);
        lfm_train_options options;
        lfm_train_options_init(&options);
        options.loss = LFM_LOSS_BPR;
        options.graded = 1;
        options.rollback = 1;
        options.negative_power = 0.5;
        options.threads = 1;
        options.epochs = 3;
        counts.fail_at = at > 0 ? counts.calls + at : 0;
        lfm_status status = lfm_model_fit_partial(model, m, NULL, NULL, &options);
        CHECK(status == LFM_OK || (at > 0 && status == LFM_ERROR_MEMORY));
        counts.fail_at = 0;
        if (status != LFM_OK)
            CHECK_OK(lfm_model_fit_partial(model, m, NULL, NULL, &options));
        if (at == 0)
            wanted = model_hash(model);
        CHECK(model_hash(model) == wanted);
        lfm_model_free(model);
        lfm_interactions_free(m);
        lfm_context_free(context);
        CHECK(counts.live == 0 && counts.errors == 0);
        if (at > 0 && status == LFM_OK)
            break;
        CHECK(at < 39);
    }
    entries_free(&e);
}

static void test_one(void) { sweep(0); }
static void test_all_after(void) { sweep(1); }

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"each allocation fails once", test_one},
        {"what failed can be repeated", test_again},
        {"each allocation and all after it fail", test_all_after},
    };
    return TAP_MAIN("alloc", tests, argc, argv);
}
