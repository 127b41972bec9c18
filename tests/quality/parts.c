/* Data sets cut into parts, and metrics over ranges of users. */
#include "parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

void require(lfm_status status)
{
    if (status == LFM_OK)
        return;
    fprintf(stderr, "%s: %s\n", lfm_status_name(status), lfm_last_message());
    exit(1);
}

void *must(void *block)
{
    if (block == NULL) {
        fprintf(stderr, "out of memory\n");
        exit(1);
    }
    return block;
}

double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint64_t next_random(uint64_t *state) /* SplitMix64 */
{
    uint64_t x = *state += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

lfm_features *features_of(int32_t *rows, int32_t *columns, int64_t n, int32_t n_rows, int32_t n_columns)
{
    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_entries = n;
    coo.n_rows = n_rows;
    coo.n_columns = n_columns;
    coo.rows = lfm_int32(rows);
    coo.columns = lfm_int32(columns);
    lfm_features *out;
    require(lfm_features_from_coo(NULL, &coo, NULL, &out));
    free(rows);
    free(columns);
    return out;
}

int32_t *numbers_random(uint64_t seed, int32_t n)
{
    int32_t *number = must(malloc((size_t)n * sizeof *number));
    for (int32_t i = 0; i < n; i++) {
        const int32_t j = (int32_t)(next_random(&seed) % (uint64_t)(i + 1));
        number[i] = number[j];
        number[j] = i;
    }
    return number;
}

lfm_interactions *part_take(const lfm_interactions *from, const part *how)
{
    const int64_t n = lfm_interactions_n_entries(from);
    const int32_t *users = lfm_interactions_users(from), *items = lfm_interactions_items(from);
    const float *values = lfm_interactions_values(from);
    int32_t *rows = must(malloc((size_t)(n + 1) * sizeof *rows)),
            *columns = must(malloc((size_t)(n + 1) * sizeof *rows));
    float *kept = must(malloc((size_t)(n + 1) * sizeof *kept));
    int64_t m = 0;
    for (int64_t i = 0; i < n; i++) {
        const int32_t user = how->user_number != NULL ? how->user_number[users[i]] : users[i];
        const int32_t item = how->item_number != NULL ? how->item_number[items[i]] : items[i];
        if (user < 0 || item < 0 || user >= how->n_users || item >= how->n_items ||
            (user < how->first_user && item < how->first_item))
            continue;
        rows[m] = user - how->shift_users;
        columns[m] = item - how->shift_items;
        if (rows[m] >= 0 && columns[m] >= 0)
            kept[m++] = values != NULL ? values[i] : 1.0f;
    }
    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_entries = m;
    coo.n_rows = (how->transposed ? how->n_items - how->shift_items : how->n_users - how->shift_users);
    coo.n_columns = (how->transposed ? how->n_users - how->shift_users : how->n_items - how->shift_items);
    coo.rows = lfm_int32(how->transposed ? columns : rows);
    coo.columns = lfm_int32(how->transposed ? rows : columns);
    coo.values = lfm_float32(kept);
    lfm_interactions *out;
    require(lfm_interactions_from_coo(NULL, &coo, NULL, &out));
    free(rows);
    free(columns);
    free(kept);
    return out;
}

void figures_of(const lfm_scorer *scorer, lfm_interactions *test, lfm_interactions *exclude, const int32_t *bounds,
                int n, figures *out)
{
    enum { N_METRICS = 3 };
    const lfm_metric metrics[N_METRICS] = {{LFM_METRIC_PRECISION, 10}, {LFM_METRIC_NDCG, 10}, {LFM_METRIC_AUC, 0}};
    lfm_metric_result results[N_METRICS] = {{.size = sizeof *results}};
    lfm_evaluate_options how;
    lfm_evaluate_options_init(&how);
    how.exclude = exclude;
    how.check_overlap = 0;
    double *per_user = must(malloc((size_t)lfm_interactions_n_users(test) * N_METRICS * sizeof *per_user));
    require(lfm_evaluate(scorer, test, metrics, N_METRICS, &how, results, per_user));
    for (int range = 0; range < n; range++) {
        figures f = {0};
        for (int32_t user = bounds[range]; user < bounds[range + 1]; user++) {
            const double *of = per_user + (int64_t)user * N_METRICS;
            if (isnan(of[0]))
                continue;
            f.precision += of[0];
            f.ndcg += of[1];
            f.auc += of[2];
            f.n_users++;
        }
        const double count = f.n_users > 0 ? (double)f.n_users : 1.0;
        out[range] = (figures){f.precision / count, f.ndcg / count, f.auc / count, f.n_users};
    }
    free(per_user);
}

void figures_add(figures *out, const figures *in)
{
    out->precision += in->precision;
    out->ndcg += in->ndcg;
    out->auc += in->auc;
    out->n_users += in->n_users;
}

void figures_print(const char *what, const figures *sum, int seeds)
{
    printf("  %-34s precision@10 %.4f  NDCG@10 %.4f  AUC %.4f  (%.0f users)\n", what, sum->precision / seeds,
           sum->ndcg / seeds, sum->auc / seeds, (double)sum->n_users / seeds);
}
