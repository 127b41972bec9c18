/* Small parts: the k best of a stream, metrics, structs with sizes, processors, tasks. */
#include "infer/top.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sized.h"
#include "build.h"
#include "check.h"
#include "eval/metrics.h"
#include "parallel/parallel.h"
#include "tap.h"

static int compare(const void *a, const void *b)
{
    const lfmi_candidate *x = a, *y = b;
    return lfmi_is_better(*x, *y) ? -1 : lfmi_is_better(*y, *x) ? 1 : 0;
}

static void test_streams(void)
{
    lfm_context *context = NULL;
    REQUIRE_OK(lfm_context_create(NULL, &context));
    test_random random = {4};
    static const int32_t ks[] = {1, 2, 3, 7, 50, 300};
    for (int round = 0; round < 60; round++) {
        const int32_t k = ks[round % 6], n = random_below(&random, 250), levels = round % 2 ? 5 : 100000;
        lfmi_candidate all[250];
        lfmi_top top;
        REQUIRE_OK(lfmi_top_new(context, k, &top));
        for (int twice = 0; twice < 2; twice++) { /* the second use starts empty */
            for (int32_t i = 0; i < n; i++) {
                all[i] = (lfmi_candidate){(float)(random_below(&random, levels) - levels / 2), (i * 37 + 5) % 251};
                if (random_below(&random, 20) == 0)
                    all[i].score = -INFINITY;
                lfmi_top_offer(&top, all[i].score, all[i].id);
            }
            int32_t ids[300];
            float scores[300];
            lfmi_top_write(&top, ids, twice ? NULL : scores);
            qsort(all, (size_t)n, sizeof *all, compare);
            for (int32_t i = 0; i < k; i++) {
                CHECK_INTEGER(ids[i], i < n ? all[i].id : -1);
                if (!twice)
                    CHECK(scores[i] == (i < n ? all[i].score : -INFINITY));
            }
        }
        lfmi_top_free(context, &top);
    }
    lfm_context_free(context);
}

static void test_metrics(void)
{
    static const int32_t ranks[] = {0, 2, 2, 9};
    const lfmi_user_ranks user = {.ranks = ranks, .n = 4, .n_negatives = 20}, nobody = {.ranks = ranks, .n_negatives = 20},
                          all = {.ranks = ranks, .n = 4};
    const lfmi_metric_row *precision = lfmi_metric_find(LFM_METRIC_PRECISION);
    const lfmi_metric_row *recall = lfmi_metric_find(LFM_METRIC_RECALL), *auc = lfmi_metric_find(LFM_METRIC_AUC);
    const lfmi_metric_row *reciprocal = lfmi_metric_find(LFM_METRIC_RECIPROCAL_RANK);
    CHECK_CLOSE(precision->compute(&user, 2), 0.5, 0, 0);
    CHECK_CLOSE(precision->compute(&user, 3), 1, 0, 0);
    CHECK_CLOSE(recall->compute(&user, 9), 0.75, 0, 0);
    CHECK_CLOSE(recall->compute(&user, 10), 1, 0, 0);
    CHECK_CLOSE(auc->compute(&user, 0), (1 + 0.95 + 1 + 0.7) / 4, 1e-15, 0);
    CHECK_CLOSE(reciprocal->compute(&user, 0), 1, 0, 0);
    CHECK_CLOSE(auc->compute(&nobody, 0), 0.5, 0, 0);
    CHECK_CLOSE(auc->compute(&all, 0), 0.5, 0, 0);
    CHECK(precision->compute(&nobody, 3) == 0 && recall->compute(&nobody, 3) == 0 &&
          reciprocal->compute(&nobody, 3) == 0);
    /* Gains are exact for whole numbers; a single hit's discount is 1 / log2(rank + 2). */
    CHECK(lfmi_gain(1) == 1 && lfmi_gain(5) == 31 && lfmi_gain(52) == 0x1p52 - 1 && isfinite(lfmi_gain(LFMI_MOST_VALUE)));
    for (float value = 0.0078125f; value < 40; value *= 1.7f)
        CHECK_CLOSE(lfmi_gain(value), pow(2, (double)value) - 1, 1e-13, 0);
    const int32_t one_rank[] = {5};
    const lfmi_user_ranks one = {.ranks = one_rank, .n = 1, .n_negatives = 20};
    CHECK_CLOSE(lfmi_metric_find(LFM_METRIC_NDCG)->compute(&one, 6), 1 / log2(7), 1e-15, 0);
    CHECK(lfmi_metric_find(LFM_METRIC_NDCG)->compute(&one, 5) == 0);
    CHECK(lfmi_metric_find(-1) == NULL && lfmi_metric_find(1000) == NULL);
}

typedef struct sample {
    size_t size;
    int32_t a, b;
    double c;
} sample;

static void test_sized(void)
{
    const sample defaults = {sizeof defaults, 1, 2, 3};
    struct {
        sample s;
        char tail[5];
    } longer;
    for (size_t size = sizeof(size_t); size <= sizeof(sample) + 5; size++) {
        memset(&longer, 0x77, sizeof longer);
        lfmi_sized_init(&longer, size, &defaults, sizeof defaults);
        CHECK(longer.s.size == size);
        const unsigned char *bytes = (const unsigned char *)&longer, *from = (const unsigned char *)&defaults;
        for (size_t i = sizeof(size_t); i < sizeof longer; i++) {
            const unsigned char wanted = i >= size ? 0x77 : i < sizeof defaults ? from[i] : 0;
            CHECK(bytes[i] == wanted);
        }
        /* Reading completes what is short, and writing stops at the caller's end. */
        sample known = {sizeof known, 10, 20, 30};
        CHECK_OK(lfmi_sized_read(&known, sizeof known, &longer, "sample"));
        CHECK(known.size == sizeof known);
        CHECK(known.a == (size >= 12 ? 1 : known.a) && (size >= 24 ? known.c == 3 : size > 16 || known.c == 30));
        memset(&longer, 0x77, sizeof longer);
        longer.s.size = size;
        CHECK_OK(lfmi_sized_write(&longer, &defaults, sizeof defaults, "sample"));
        for (size_t i = sizeof(size_t); i < sizeof longer; i++) {
            const unsigned char wanted = i >= size || i >= sizeof defaults ? 0x77 : from[i];
            CHECK(bytes[i] == wanted);
        }
        CHECK(longer.s.size == size);
    }
    /* A refused tail: what is known is copied all the same. */
    sample known = defaults;
    memset(&longer, 0, sizeof longer);
    longer.s.a = 55;
    longer.s.size = sizeof longer.s + 5;
    longer.tail[4] = 1;
    CHECK_FAILS(lfmi_sized_read(&known, sizeof known, &longer, "sample"), LFM_ERROR_OPTION, "byte 28");
    CHECK(known.a == 55 && known.c == 0 && known.size == sizeof known);
    longer.s.size = sizeof(size_t) - 1;
    CHECK_FAILS(lfmi_sized_read(&known, sizeof known, &longer, "sample"), LFM_ERROR_OPTION, "sample");
    CHECK_FAILS(lfmi_sized_write(&longer, &known, sizeof known, "sample"), LFM_ERROR_OPTION, "sample");
    CHECK(known.a == 55);
}

static void test_processors(void)
{
    const int32_t n = lfmi_available_processors();
    CHECK(n >= 1 && n <= sysconf(_SC_NPROCESSORS_CONF));
    lfm_context_options options;
    lfm_context_options_init(&options);
    options.threads = 1;
    lfm_context *one = NULL, *any = NULL;
    REQUIRE_OK(lfm_context_create(&options, &one));
    REQUIRE_OK(lfm_context_create(NULL, &any));
    CHECK_INTEGER(lfmi_threads(one, 0), 1);
    CHECK_INTEGER(lfmi_threads(one, 64), 1);
    CHECK(lfmi_threads(any, 0) >= 1 && lfmi_threads(any, 0) <= n);
    CHECK(lfmi_threads(any, 1) == 1);
    lfm_context_free(one);
    lfm_context_free(any);
}

static void mark(uint32_t index, void *arg) { ((int *)arg)[index]++; }

/* Each task runs exactly once, on any number of threads. */
static void test_parallel(void)
{
    lfm_context *context = NULL;
    REQUIRE_OK(lfm_context_create(NULL, &context));
    static const uint32_t counts[] = {0, 1, 2, 3, 17, 1000};
    for (int c = 0; c < 6; c++) {
        for (int32_t threads = 1; threads <= 5; threads++) {
            int marks[1000] = {0};
            lfmi_parallel_run(context, threads, counts[c], mark, marks);
            bool good = true;
            for (uint32_t i = 0; i < 1000; i++)
                good = good && marks[i] == (i < counts[c] ? 1 : 0);
            CHECK(good);
        }
    }
    lfm_context_free(context);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"the best of streams", test_streams}, {"metrics", test_metrics},
        {"structs with sizes", test_sized},    {"processors", test_processors},
        {"tasks run once", test_parallel},
    };
    return TAP_MAIN("small-parts", tests, argc, argv);
}
