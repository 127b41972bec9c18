/* The memory budget: beyond the caller's arrays, parameters and optimiser state, a training process
 * holds at its peak at most 12 bytes per stored interaction when it borrows and 24 when it copies;
 * weights 4 more. Measured as the peak resident size of a child process that makes the input and
 * trains, less that of one that only makes the input. `--entries N` measures at another size. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "build.h"
#include "check.h"
#include "sanitized.h"
#include "tap.h"

enum { COMPONENTS = 8, SLACK_KILOBYTES = 3072 };
static int64_t n_entries = 1000000;
static const char *program;

/* What a child does with its input. */
typedef struct plan {
    const char *name;
    bool csr, wide, weights; /* wide: int64 ids and float64 numbers */
    int32_t borrow, duplicates, loss, graded;
    double budget; /* bytes per entry */
} plan;

static const plan plans[] = {
    {"borrowed COO, WARP", false, false, false, 1, LFM_DUPLICATES_KEEP, LFM_LOSS_WARP, 0, 12},
    {"borrowed COO, logistic", false, false, false, 1, LFM_DUPLICATES_KEEP, LFM_LOSS_LOGISTIC, 0, 12},
    {"borrowed COO, graded BPR", false, false, false, 1, LFM_DUPLICATES_KEEP, LFM_LOSS_BPR, 1, 12},
    {"borrowed COO with weights, WARP", false, false, true, 1, LFM_DUPLICATES_KEEP, LFM_LOSS_WARP, 0, 12},
    {"borrowed CSR, WARP", true, false, false, 1, LFM_DUPLICATES_KEEP, LFM_LOSS_WARP, 0, 12},
    {"borrowed CSR, graded BPR", true, false, false, 1, LFM_DUPLICATES_KEEP, LFM_LOSS_BPR, 1, 12},
    {"copied COO, WARP", false, false, false, 0, LFM_DUPLICATES_KEEP, LFM_LOSS_WARP, 0, 24},
    {"copied COO with weights, k-OS WARP", false, false, true, 0, LFM_DUPLICATES_KEEP, LFM_LOSS_WARP_KOS, 0, 28},
    {"copied CSR, graded BPR", true, false, false, 0, LFM_DUPLICATES_KEEP, LFM_LOSS_BPR, 1, 24},
    {"copied wide COO with weights, WARP", false, true, true, 1, LFM_DUPLICATES_KEEP, LFM_LOSS_WARP, 0, 28},
    {"summed COO, WARP", false, false, false, 1, LFM_DUPLICATES_SUM, LFM_LOSS_WARP, 0, 24},
    {"last of COO with weights, BPR", false, false, true, 1, LFM_DUPLICATES_LAST, LFM_LOSS_BPR, 0, 28},
};
enum { N_PLANS = sizeof plans / sizeof *plans };

static long status_kilobytes(const char *field)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    long value = -1;
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, field, strlen(field)) == 0)
            value = strtol(line + strlen(field) + 1, NULL, 10);
    }
    if (file != NULL)
        fclose(file);
    return value;
}

/* The input: arrays of n entries, no pair twice in a row, ordered by user so that CSR can hold them. */
typedef struct input {
    int32_t n_users, n_items;
    void *rows, *offsets, *columns, *values, *weights;
} input;

static void put_integer(void *array, bool wide, int64_t i, int64_t value)
{
    if (wide)
        ((int64_t *)array)[i] = value;
    else
        ((int32_t *)array)[i] = (int32_t)value;
}

static void put_real(void *array, bool wide, int64_t i, double value)
{
    if (wide)
        ((double *)array)[i] = value;
    else
        ((float *)array)[i] = (float)value;
}

static input make_input(const plan *p, int64_t n)
{
    const size_t width = p->wide ? 8 : 4;
    input in = {.n_users = (int32_t)(n / 100 + 1), .n_items = (int32_t)(n / 400 + 100)};
    if (p->csr)
        in.offsets = take((size_t)in.n_users + 1, width);
    else
        in.rows = take((size_t)n, width);
    in.columns = take((size_t)n, width);
    in.values = take((size_t)n, width);
    in.weights = p->weights ? take((size_t)n, width) : NULL;
    for (int64_t i = 0; i < n; i++) {
        const int64_t user = i / 100;
        if (p->csr)
            put_integer(in.offsets, p->wide, user + 1, i + 1);
        else
            put_integer(in.rows, p->wide, i, user);
        put_integer(in.columns, p->wide, i, (user * 31 + i * 7) % in.n_items);
        put_real(in.values, p->wide, i, i % 10 == 0 ? -1 : 1);
        if (p->weights)
            put_real(in.weights, p->wide, i, 1);
    }
    for (int64_t user = (n + 99) / 100; p->csr && user < in.n_users; user++)
        put_integer(in.offsets, p->wide, user + 1, n);
    return in;
}

static lfm_array integers(const void *data, bool wide)
{
    return lfm_array_of(data, wide ? LFM_INT64 : LFM_INT32);
}
static lfm_array reals(const void *data, bool wide)
{
    return lfm_array_of(data, wide ? LFM_FLOAT64 : LFM_FLOAT32);
}

static lfm_interactions *take_over(const plan *p, const input *in, int64_t n)
{
    lfm_interactions_options how;
    lfm_interactions_options_init(&how);
    how.borrow = p->borrow;
    how.duplicates = p->duplicates;
    how.weights = reals(in->weights, p->wide);
    lfm_interactions *m = NULL;
    if (p->csr) {
        lfm_csr csr;
        lfm_csr_init(&csr);
        csr.n_entries = n;
        csr.n_rows = in->n_users;
        csr.n_columns = in->n_items;
        csr.offsets = integers(in->offsets, p->wide);
        csr.columns = integers(in->columns, p->wide);
        csr.values = reals(in->values, p->wide);
        REQUIRE_OK(lfm_interactions_from_csr(NULL, &csr, &how, &m));
    } else {
        lfm_coo coo;
        lfm_coo_init(&coo);
        coo.n_entries = n;
        coo.n_rows = in->n_users;
        coo.n_columns = in->n_items;
        coo.rows = integers(in->rows, p->wide);
        coo.columns = integers(in->columns, p->wide);
        coo.values = reals(in->values, p->wide);
        REQUIRE_OK(lfm_interactions_from_coo(NULL, &coo, &how, &m));
    }
    return m;
}

/* In the child: make the input, train or not, print the peak and the size of parameters and state. */
static int child_main(int which, bool trains, int64_t n)
{
    const plan *p = &plans[which];
    input in = make_input(p, n);
    double state = 0;
    if (trains) {
        lfm_interactions *m = take_over(p, &in, n);
        lfm_model *model = build_model(NULL, in.n_users, in.n_items, COMPONENTS, 0, 1);
        lfm_train_options options;
        lfm_train_options_init(&options);
        options.loss = p->loss;
        options.graded = p->graded;
        options.epochs = 1;
        REQUIRE_OK(lfm_model_fit_partial(model, m, NULL, NULL, &options));
        for (int32_t side = 0; side < 2; side++) {
            lfm_view view = {.size = sizeof view};
            REQUIRE_OK(lfm_model_view(model, side, LFM_EMBEDDINGS, &view));
            state += (double)view.rows * (double)view.stride;
        }
        lfm_model_free(model);
        lfm_interactions_free(m);
    }
    printf("%ld %.0f\n", status_kilobytes("VmHWM:"), state / 1024);
    return in.columns == NULL;
}

/* Start this program again as a child (a fresh process has a fresh peak). Returns its peak in kB. */
static double measure(int which, bool trains, double *state)
{
    char command[4096];
    snprintf(command, sizeof command, "'%s' --child %d %d %lld", program, which, trains, (long long)n_entries);
    FILE *pipe = popen(command, "r");
    double peak = -1;
    *state = 0;
    if (pipe != NULL && fscanf(pipe, "%lf %lf", &peak, state) != 2)
        peak = -1;
    if (pipe == NULL || pclose(pipe) != 0)
        peak = -1;
    return peak;
}

static void check_plan(int which)
{
    if (TEST_SANITIZED) {
        tap_skip("a sanitizer's memory would count too");
        return;
    }
    const plan *p = &plans[which];
    double state, none;
    const double with = measure(which, true, &state), without = measure(which, false, &none);
    REQUIRE(with > 0 && without > 0);
    const double beyond = with - without - state;
    tap_note("%-36s %5.2f bytes per entry beyond arrays and model (budget %g), %.0f MB in all", p->name,
             beyond * 1024 / (double)n_entries, p->budget, with / 1024);
    check_report(beyond <= p->budget * (double)n_entries / 1024 + SLACK_KILOBYTES, false, __FILE__, __LINE__,
                 "%s: %.0f kB beyond the arrays and the model's %.0f kB", p->name, beyond, state);
    /* The measurement itself: the input is resident. */
    CHECK(without * 1024 > (double)n_entries * (p->wide ? 24 : p->csr ? 8 : 12));
}

#define PLAN(i) static void test_##i(void) { check_plan(i); }
PLAN(0) PLAN(1) PLAN(2) PLAN(3) PLAN(4) PLAN(5) PLAN(6) PLAN(7) PLAN(8) PLAN(9) PLAN(10) PLAN(11)
_Static_assert(N_PLANS == 12, "one line above per plan");

int main(int argc, char **argv)
{
    static void (*const runs[])(void) = {test_0, test_1, test_2, test_3, test_4,  test_5,
                                         test_6, test_7, test_8, test_9, test_10, test_11};
    program = argv[0];
    if (argc > 4 && strcmp(argv[1], "--child") == 0)
        return child_main(atoi(argv[2]), atoi(argv[3]) != 0, atoll(argv[4]));
    if (argc > 2 && strcmp(argv[1], "--entries") == 0) {
        n_entries = atoll(argv[2]);
        argc = 1;
    }
    tap_test tests[N_PLANS];
    for (int i = 0; i < N_PLANS; i++)
        tests[i] = (tap_test){plans[i].name, runs[i]};
    return TAP_MAIN("memory", tests, argc, argv);
}
