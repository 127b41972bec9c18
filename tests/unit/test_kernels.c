/* The kernels: the documented order of sums bit for bit, updates against the formulas in double, no
 * byte touched outside, every variant alike. With --bench: how long they take. */
#include "simd/kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench_kernels.h"
#include "check.h"
#include "guarded.h"
#include "lfm/options.h"
#include "model/model.h"
#include "tap.h"

enum { MOST = 130 };

/* Volatile, so that no compiler sums in another order or width. */
static float dot_by_rule(const float *a, const float *b, int32_t n, float start)
{
    volatile float lanes[LFMI_LANES] = {0};
    lanes[0] = start;
    for (int32_t e = 0; e < n; e++) {
        volatile float product = a[e] * b[e];
        lanes[e % LFMI_LANES] = lanes[e % LFMI_LANES] + product;
    }
    for (int half = LFMI_LANES / 2; half > 0; half /= 2) {
        for (int l = 0; l < half; l++)
            lanes[l] = lanes[l] + lanes[l + half];
    }
    return lanes[0];
}

static void test_dot(void)
{
    const lfmi_kernels *k;
    for (int which = 0; (k = lfmi_kernels_at(which)) != NULL; which++) {
        for (int32_t n = 1; n <= MOST; n++) {
            for (int start = 0; start < 2; start++) {
                guarded a = guarded_new(n), b = guarded_new(n);
                fill(&a, (uint64_t)n);
                fill(&b, (uint64_t)n + 1000);
                const float from = start ? 0.3f : 0.0f;
                const float got = k->dot(a.data, b.data, n, from), wanted = dot_by_rule(a.data, b.data, n, from);
                check_report(memcmp(&got, &wanted, sizeof got) == 0, false, __FILE__, __LINE__,
                             "%s: dot of %d is %.9g, wanted %.9g", k->name, n, (double)got, (double)wanted);
                CHECK(guarded_intact(&a) && guarded_intact(&b));
                free(a.block);
                free(b.block);
            }
        }
    }
}

/* Sums of rows: as adding them one after another, by 1 or other numbers, and of none. */
static void test_add_up(void)
{
    enum { ROWS = 7, PICKED = 5 };
    static const int32_t columns[PICKED] = {3, 0, 6, 3, 5};
    static const float values[PICKED] = {0.5f, -1.25f, 0, 3, 0.1f};
    const lfmi_kernels *k;
    for (int which = 0; (k = lfmi_kernels_at(which)) != NULL; which++) {
        for (int32_t d = 1; d <= MOST; d++) {
            const lfmi_layout y = lfmi_layout_of(d, LFM_OPTIMISER_ADAGRAD);
            guarded rows = guarded_new(ROWS * y.stride), out = guarded_new(d);
            fill(&rows, (uint64_t)d);
            bool good = true;
            for (int32_t n = 0; n <= PICKED; n++) {
                const float *x = n % 2 == 0 ? values : NULL;
                float wanted[MOST + 1] = {0};
                for (int32_t i = 0; i < n; i++) {
                    for (int32_t e = 0; e <= d; e++) { /* the bias comes behind the embedding */
                        volatile float product = rows.data[columns[i] * y.stride + e] * (x != NULL ? x[i] : 1);
                        wanted[e] += product;
                    }
                }
                const float bias = k->add_up(&y, rows.data, columns, x, n, out.data);
                good = good && memcmp(out.data, wanted, (size_t)d * sizeof *wanted) == 0 && bias == wanted[d];
            }
            check_report(good && guarded_intact(&out), false, __FILE__, __LINE__, "%s: sum of rows of %d", k->name, d);
            free(rows.block);
            free(out.block);
        }
    }
}

static void test_vectors(void)
{
    const lfmi_kernels *k;
    for (int which = 0; (k = lfmi_kernels_at(which)) != NULL; which++) {
        for (int32_t n = 1; n <= MOST; n++) {
            guarded x = guarded_new(n), y = guarded_new(n), z = guarded_new(n);
            fill(&x, (uint64_t)n);
            fill(&y, (uint64_t)n + 7);
            float before[MOST];
            memcpy(before, y.data, (size_t)n * sizeof *before);
            k->add_scaled(y.data, x.data, 0.3f, n);
            k->subtract(z.data, x.data, before, n);
            bool good = true;
            for (int32_t e = 0; e < n; e++) {
                volatile float product = x.data[e] * 0.3f;
                volatile float sum = before[e] + product, difference = x.data[e] - before[e];
                good = good && y.data[e] == sum && z.data[e] == difference;
            }
            check_report(good, false, __FILE__, __LINE__, "%s: vectors of %d", k->name, n);
            CHECK(guarded_intact(&x) && guarded_intact(&y) && guarded_intact(&z));
            free(x.block);
            free(y.block);
            free(z.block);
        }
    }
}

typedef struct numbers {
    double theta, g, m;
} numbers;

/* One element by the formula; returns its local rate. */
static double by_formula(int optimiser, int regularisation, const lfmi_rates *r, numbers *at, double h)
{
    double rate;
    if (regularisation == LFMI_L2)
        h += (double)r->alpha * at->theta;
    if (optimiser == LFM_OPTIMISER_ADADELTA) {
        at->g = (double)r->rho * at->g + (double)r->one_minus_rho * h * h;
        rate = sqrt(at->m + (double)r->epsilon) / sqrt(at->g + (double)r->epsilon);
        at->m = (double)r->rho * at->m + (double)r->one_minus_rho * (rate * h) * (rate * h);
        at->theta -= rate * h;
    } else {
        rate = (double)r->eta / sqrt(at->g);
        at->theta -= rate * h;
        at->g += h * h;
    }
    if (regularisation == LFMI_LAZY)
        at->theta *= 1 + (double)r->alpha * rate;
    return rate;
}

/* The embedding with one G: theta by its old value, then G grows by the mean of h^2. */
static double row_by_formula(int regularisation, const lfmi_rates *r, double *theta, double *g,
                             const float *v, double c, double x, int32_t d)
{
    const double rate = (double)r->eta / sqrt(*g);
    double squares = 0;
    for (int32_t e = 0; e < d; e++) {
        double h = x * c * (double)v[e];
        if (regularisation == LFMI_L2)
            h += (double)r->alpha * theta[e];
        squares += h * h;
        theta[e] -= rate * h;
        if (regularisation == LFMI_LAZY)
            theta[e] *= 1 + (double)r->alpha * rate;
    }
    *g += squares / d;
    return rate * d;
}

static bool near(float got, double wanted)
{
    return fabs((double)got - wanted) <= 4e-6 * (1 + fabs(wanted));
}

static void check_update(const lfmi_kernels *k, int optimiser, int regularisation, int32_t d)
{
    const lfmi_layout y = lfmi_layout_of(d, optimiser);
    const lfmi_rates rates = {.eta = 0.05f, .rho = 0.95f, .one_minus_rho = 0.05f, .epsilon = 1e-6f, .alpha = 0.01f};
    guarded row = guarded_new(y.stride), v = guarded_new(d);
    fill(&v, (uint64_t)d);
    test_random random = {(uint64_t)d * 31};
    for (int32_t e = 0; e < y.stride; e++)
        row.data[e] = random_signed(&random) + 1.5f; /* states are positive */
    for (int32_t e = 0; e <= d; e++)
        row.data[e] -= 1.5f;
    float before[4 * MOST];
    memcpy(before, row.data, (size_t)y.stride * sizeof *before);
    const float c = -0.7f, x = 1.25f;
    const float sum = k->update[optimiser][regularisation](&y, &rates, row.data, v.data, c, x, row.data);
    /* The same in double. */
    bool good = true;
    bool *expected_to_change = take((size_t)y.stride, sizeof *expected_to_change);
    double wanted_sum = 0, theta[MOST], row_g = (double)before[y.g];
    for (int32_t e = 0; e < d; e++)
        theta[e] = (double)before[e];
    if (optimiser == LFM_OPTIMISER_ADAGRAD_ROWWISE) {
        wanted_sum = row_by_formula(regularisation, &rates, theta, &row_g, v.data, (double)c, (double)x, d);
        good = good && near(row.data[y.g], row_g);
        expected_to_change[y.g] = true;
    }
    for (int32_t e = 0; e < d; e++) {
        if (optimiser != LFM_OPTIMISER_ADAGRAD_ROWWISE) {
            numbers at = {theta[e], (double)before[y.g + e], y.m ? (double)before[y.m + e] : 0};
            wanted_sum += by_formula(optimiser, regularisation, &rates, &at, (double)x * (double)c * (double)v.data[e]);
            theta[e] = at.theta;
            good = good && near(row.data[y.g + e], at.g) && (!y.m || near(row.data[y.m + e], at.m));
            expected_to_change[y.g + e] = true;
            if (y.m)
                expected_to_change[y.m + e] = true;
        }
        good = good && near(row.data[e], theta[e]);
        expected_to_change[e] = true;
    }
    const bool adadelta = optimiser == LFM_OPTIMISER_ADADELTA;
    numbers bias = {(double)before[y.bias], (double)before[y.bias_g], adadelta ? (double)before[y.bias_m] : 0};
    wanted_sum += by_formula(optimiser, regularisation, &rates, &bias, (double)x * (double)c);
    good = good && near(row.data[y.bias], bias.theta) && near(row.data[y.bias_g], bias.g) &&
           (!adadelta || near(row.data[y.bias_m], bias.m));
    expected_to_change[y.bias] = expected_to_change[y.bias_g] = true;
    expected_to_change[y.bias_m] = expected_to_change[y.bias_m] || adadelta;
    good = good && (regularisation == LFMI_LAZY ? fabs((double)sum - wanted_sum) <= 1e-4 * wanted_sum : sum == 0);
    for (int32_t e = 0; e < y.stride; e++)
        good = good && (expected_to_change[e] || memcmp(&row.data[e], &before[e], sizeof(float)) == 0);
    check_report(good, false, __FILE__, __LINE__, "%s: optimiser %d, regularisation %d, d = %d", k->name, optimiser,
                 regularisation, d);
    CHECK(guarded_intact(&row) && guarded_intact(&v));
    free(expected_to_change);
    free(row.block);
    free(v.block);
}

static void test_updates(void)
{
    const lfmi_kernels *k;
    for (int which = 0; (k = lfmi_kernels_at(which)) != NULL; which++) {
        for (int optimiser = 0; optimiser < LFMI_N_OPTIMISERS; optimiser++) {
            for (int regularisation = 0; regularisation < LFMI_N_REGULARISATIONS; regularisation++) {
                for (int32_t d = 1; d <= MOST; d++)
                    check_update(k, optimiser, regularisation, d);
            }
        }
    }
}

/* A row with random parameters and positive state, the same for the same seed. */
static guarded row_new(const lfmi_layout *y, uint64_t seed)
{
    guarded row = guarded_new(y->stride);
    test_random random = {seed};
    for (int32_t e = 0; e < y->stride; e++)
        row.data[e] = e <= y->d ? random_signed(&random) : 1.0f + random_signed(&random) * 0.5f;
    return row;
}

static bool rows_equal(const guarded *a, const guarded *b)
{
    return memcmp(a->data, b->data, (size_t)a->n * sizeof(float)) == 0 && guarded_intact(a) && guarded_intact(b);
}

/* A variant's updates give the reference's bits, step after step. */
static void compare_updates(const lfmi_kernels *k, int optimiser, int regularisation, int32_t d)
{
    const lfmi_kernels *both[2] = {&lfmi_kernels_portable, k};
    const lfmi_layout y = lfmi_layout_of(d, optimiser);
    const lfmi_rates rates = {0.05f, 0.95f, 0.05f, 1e-6f, 0.01f};
    guarded rows[2] = {row_new(&y, 5), row_new(&y, 5)}, v = guarded_new(d);
    fill(&v, (uint64_t)d);
    float sums[2] = {0, 0};
    for (int i = 0; i < 2; i++) {
        for (int step = 0; step < 5; step++)
            sums[i] += both[i]->update[optimiser][regularisation](&y, &rates, rows[i].data, v.data,
                                                                 0.1f * (float)step, 0.5f, rows[i].data);
    }
    check_report(rows_equal(&rows[0], &rows[1]) && memcmp(&sums[0], &sums[1], sizeof(float)) == 0, false, __FILE__,
                 __LINE__, "%s: optimiser %d, regularisation %d, d = %d", k->name, optimiser, regularisation, d);
    CHECK(guarded_intact(&v));
    free(rows[0].block);
    free(rows[1].block);
    free(v.block);
}

/* The fused steps are three and two updates of the reference. */
static void compare_pair(const lfmi_kernels *k, int optimiser, int32_t d)
{
    if (k->pair[optimiser] == NULL)
        return;
    const lfmi_layout y = lfmi_layout_of(d, optimiser);
    const lfmi_rates rates = {0.05f, 0.95f, 0.05f, 1e-6f, 0};
    const lfmi_update_fn update = lfmi_kernels_portable.update[optimiser][LFMI_PLAIN];
    guarded rows[2][3];
    float difference[MOST];
    for (int i = 0; i < 2; i++) {
        for (int r = 0; r < 3; r++)
            rows[i][r] = row_new(&y, (uint64_t)(r + 1));
    }
    for (int step = 0; step < 5; step++) {
        const float g = 0.3f * (float)(step + 1);
        float *user = rows[0][0].data, *positive = rows[0][1].data, *negative = rows[0][2].data;
        lfmi_kernels_portable.subtract(difference, negative, positive, d);
        update(&y, &rates, positive, user, -g, 1.0f, user);
        update(&y, &rates, negative, user, g, 1.0f, user);
        update(&y, &rates, user, difference, g, 1.0f, user);
        float *const each[LFMI_PAIR] = {rows[1][0].data, rows[1][1].data, rows[1][2].data};
        k->pair[optimiser](&y, &rates, each, each, g);
        for (int32_t e = 0; e < d; e++) /* the item as it was */
            difference[e] = positive[e];
        update(&y, &rates, positive, user, g, 1.0f, user);
        update(&y, &rates, user, difference, g, 1.0f, user);
        k->point[optimiser](&y, &rates, each, each, g);
    }
    for (int r = 0; r < 3; r++) {
        check_report(rows_equal(&rows[0][r], &rows[1][r]), false, __FILE__, __LINE__, "%s: steps, optimiser %d, d = %d, row %d",
                     k->name, optimiser, d, r);
        free(rows[0][r].block);
        free(rows[1][r].block);
    }
}

enum { FEATURES = 8, MOST_LISTED = 6 };

/* The weighted sum of rows, element by element. */
static void sum_listed(const lfmi_feature_rows *list, int32_t n, float *out)
{
    for (int32_t e = 0; e < n; e++) {
        out[e] = 0;
        for (int32_t i = 0; i < list->n; i++)
            out[e] += list->rows[i][e] * (list->values != NULL ? list->values[i] : 1.0f);
    }
}

static void update_listed(lfmi_update_fn update, const lfmi_layout *y, const lfmi_rates *r, const lfmi_feature_rows *list,
                          const float *v, float c)
{
    for (int32_t i = 0; i < list->n; i++)
        update(y, r, list->rows[i], v, c, list->values != NULL ? list->values[i] : 1.0f, list->rows[i]);
}

/* A step on features is sums and updates of the reference. Lists are of 0 to 6 rows that share some, the user's is its own
 * parameters or a sum. */
static void compare_features(const lfmi_kernels *k, int optimiser, int regularisation, int32_t d, int32_t n)
{
    static const int32_t listed[LFMI_PAIR][MOST_LISTED] = {{6, 7, 7, 6, 7, 6}, {0, 3, 1, 2, 0, 4}, {3, 2, 1, 4, 5, 0}};
    static const float values[MOST_LISTED] = {1.0f, 0.5f, -2.0f, 0.25f, 0.0f, 3.0f};
    const lfmi_update_fn update = lfmi_kernels_portable.update[optimiser][regularisation];
    const lfmi_layout y = lfmi_layout_of(d, optimiser);
    const lfmi_rates rates[] = {{0.05f, 0.95f, 0.05f, 1e-6f, 0.01f}, {0.04f, 0.9f, 0.1f, 1e-6f, 0.02f}};
    guarded rows[2][FEATURES], after = guarded_new(d);
    float *each[2][LFMI_PAIR][MOST_LISTED], user[MOST], difference[MOST], sums[MOST + 1];
    lfmi_feature_rows lists[2][LFMI_PAIR];
    for (int which = 0; which < 2; which++) {
        for (int r = 0; r < FEATURES; r++)
            rows[which][r] = row_new(&y, (uint64_t)(r + 1));
        for (int l = 0; l < LFMI_PAIR; l++) {
            for (int i = 0; i < MOST_LISTED; i++)
                each[which][l][i] = rows[which][listed[l][i]].data;
            lists[which][l] = (lfmi_feature_rows){.rows = each[which][l],
                                                  .later = n % 3 == 0 ? NULL : (const float *const *)each[which][1],
                                                  .values = n % 2 == 0 ? NULL : values,
                                                  .n = l == 0 && n < 4 ? 1 : (n + l) % (MOST_LISTED + 1)};
        }
    }
    for (int step = 0; step < 3; step++) {
        const float g = 0.3f * (float)(step + 1);
        sum_listed(&lists[0][0], d, user);
        const bool alone = lists[1][0].n == 1; /* the row itself, which the step changes */
        const float bias = k->features[optimiser][regularisation](&y, rates, lists[1], alone ? lists[1][0].rows[0] : user, g,
                                                                  after.data);
        if (alone)
            memcpy(user, lists[0][0].rows[0], (size_t)d * sizeof *user);
        sum_listed(&lists[0][1], d, sums);
        sum_listed(&lists[0][2], d, difference);
        lfmi_kernels_portable.subtract(difference, difference, sums, d);
        update_listed(update, &y, &rates[LFM_ITEM], &lists[0][1], user, -g);
        update_listed(update, &y, &rates[LFM_ITEM], &lists[0][2], user, g);
        sum_listed(&lists[0][2], d + 1, sums); /* the bias stands behind */
        update_listed(update, &y, &rates[LFM_USER], &lists[0][0], difference, g);
        check_report(memcmp(after.data, sums, (size_t)d * sizeof *sums) == 0 && memcmp(&bias, &sums[d], sizeof bias) == 0, false,
                     __FILE__, __LINE__, "%s: sums of features, optimiser %d, regularisation %d, d = %d, n = %d", k->name,
                     optimiser, regularisation, d, n);
    }
    CHECK(guarded_intact(&after));
    free(after.block);
    for (int r = 0; r < FEATURES; r++) {
        check_report(rows_equal(&rows[0][r], &rows[1][r]), false, __FILE__, __LINE__,
                     "%s: features, optimiser %d, regularisation %d, d = %d, n = %d, row %d", k->name, optimiser, regularisation,
                     d, n, r);
        free(rows[0][r].block);
        free(rows[1][r].block);
    }
}

static void test_features(void)
{
    const lfmi_kernels *k;
    for (int which = 0; (k = lfmi_kernels_at(which)) != NULL; which++) {
        for (int optimiser = 0; optimiser < LFMI_N_OPTIMISERS; optimiser++) {
            for (int regularisation = 0; regularisation < LFMI_N_REGULARISATIONS; regularisation++) {
                for (int32_t d = 1; d <= MOST && k->features[optimiser][regularisation] != NULL; d++) {
                    for (int32_t n = 0; n <= MOST_LISTED; n++)
                        compare_features(k, optimiser, regularisation, d, n);
                }
            }
        }
    }
}

static void test_alike(void)
{
    const lfmi_kernels *k;
    for (int which = 0; (k = lfmi_kernels_at(which)) != NULL; which++) {
        for (int optimiser = 0; optimiser < LFMI_N_OPTIMISERS; optimiser++) {
            for (int32_t d = 1; d <= MOST; d++) {
                for (int regularisation = 0; regularisation < LFMI_N_REGULARISATIONS; regularisation++)
                    compare_updates(k, optimiser, regularisation, d);
                compare_pair(k, optimiser, d);
            }
        }
    }
}

static void test_over_sqrt(void)
{
    double worst = 0;
    test_random random = {3};
    for (int i = 0; i < 1000000; i++) {
        const float x = ldexpf(1.0f + 0.999f * fabsf(random_signed(&random)), i % 240 - 120);
        const float a = 0.01f * (float)(i % 100 + 1);
        worst = fmax(worst, fabs((double)lfmi_over_sqrt(a, x) * sqrt((double)x) / (double)a - 1));
    }
    check_report(worst < 7e-7, false, __FILE__, __LINE__, "the worst relative error is %g", worst);
}

/* A mask leaves only what it names, and the portable kernels always. */
static void test_mask(void)
{
    const int32_t masks[] = {LFM_CPU_PORTABLE, LFM_CPU_AVX2, 0};
    const char *const allowed[] = {"portable", "portable avx2", "portable avx2 avx512 avx512-vnni neon"};
    for (int i = 0; i < 3; i++) {
        lfm_context_options options;
        lfm_context_options_init(&options);
        options.cpu_mask = masks[i];
        lfm_context *context;
        REQUIRE_OK(lfm_context_create(&options, &context));
        const char *name = lfmi_kernels_select(context)->name;
        CHECK(strstr(allowed[i], name) != NULL);
        lfm_context_free(context);
    }
}

/* A layout's parts lie apart, inside the stride, and begin where a line does. */
static void test_layout(void)
{
    for (int optimiser = 0; optimiser < LFMI_N_OPTIMISERS; optimiser++) {
        for (int32_t d = 1; d <= 300; d++) {
            const lfmi_layout y = lfmi_layout_of(d, optimiser);
            char *used = take((size_t)y.stride, 1);
            int overlaps = 0, outside = 0;
            const int32_t parts[][2] = {{0, d}, {y.bias, 1}, {y.bias_g, 1}, {y.bias_m, 1},
                                        {y.g, optimiser == LFM_OPTIMISER_ADAGRAD_ROWWISE ? 1 : d},
                                        {y.m, optimiser == LFM_OPTIMISER_ADADELTA ? d : 0}};
            for (int part = 0; part < 6; part++) {
                for (int32_t e = 0; e < parts[part][1]; e++) {
                    const int32_t at = parts[part][0] + e;
                    outside += at < 0 || at >= y.stride;
                    overlaps += at >= 0 && at < y.stride && used[at]++;
                }
            }
            CHECK(outside == 0 && overlaps == 0 && y.stride % LFMI_LANES == 0 && y.d == d);
            free(used);
        }
    }
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"dot, in the documented order", test_dot}, {"scaled sums and differences", test_vectors}, {"sums of rows", test_add_up},
        {"updates against the formulas", test_updates}, {"variants give the reference's bits", test_alike},
        {"steps on features are sums and updates", test_features},
        {"a / sqrt(x)", test_over_sqrt}, {"the context's mask", test_mask},
        {"layouts", test_layout},
    };
    if (argc > 1 && strcmp(argv[1], "--bench") == 0)
        return bench_kernels();
    return TAP_MAIN("kernels", tests, argc, argv);
}
