/* Precision and AUC on real data against the reference's figures, as z-scores.
 *
 *     quality DATA_FOLDER FIGURES.tsv [--seeds N] [--threads N] [--only TEXT] [--floor Z] [--kos-known 0]
 *
 * prints one line for every row of the figures (those whose set, loss and schedule contain TEXT): our
 * means over the seeds, and z = (our mean - theirs) / (their deviation * sqrt(1 / seeds + 1 / theirs)).
 * The reference's k-OS WARP takes explicit negatives for positives, so its rows are compared with the
 * option kos_known; --kos-known 0 shows what the default makes of them.
 * With --floor the program fails when a z is below it. Without the folder it says SKIPPED (exit 77). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dataset.h"

enum { SKIPPED = 77, N_METRICS = 2 };
static const char *const metric_names[N_METRICS] = {"precision@10", "AUC"};

/* One row of the figures. */
typedef struct figure {
    char set[64], loss[16], schedule[16];
    int components, epochs, seeds;
    double learning_rate, mean[N_METRICS], deviation[N_METRICS];
} figure;

typedef struct settings {
    int seeds, threads, kos_known;
    const char *only;
    double floor;
} settings;

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void require(lfm_status status)
{
    if (status != LFM_OK) {
        fprintf(stderr, "%s: %s\n", lfm_status_name(status), lfm_last_message());
        exit(1);
    }
}

static bool parse_figure(char *line, figure *f)
{
    char *field[11], *state = NULL;
    int n = 0;
    for (char *at = strtok_r(line, "\t\n", &state); at != NULL && n < 11; at = strtok_r(NULL, "\t\n", &state))
        field[n++] = at;
    if (n < 11)
        return false;
    snprintf(f->set, sizeof f->set, "%s", field[0]);
    snprintf(f->loss, sizeof f->loss, "%s", field[1]);
    snprintf(f->schedule, sizeof f->schedule, "%s", field[2]);
    f->components = atoi(field[3]);
    f->epochs = atoi(field[4]);
    f->learning_rate = strtod(field[5], NULL);
    f->seeds = atoi(field[6]);
    for (int m = 0; m < N_METRICS; m++) {
        f->mean[m] = strtod(field[7 + 2 * m], NULL);
        f->deviation[m] = strtod(field[8 + 2 * m], NULL);
    }
    return f->components > 0; /* not the heading */
}

/* Train and evaluate once; returns the training seconds. */
static double run_once(const figure *f, const dataset *data, int seed, const settings *s, double *values)
{
    lfm_model_options model_options;
    lfm_model_options_init(&model_options);
    model_options.components = f->components;
    model_options.seed = (uint64_t)seed;
    require(lfm_model_options_set(&model_options, "optimiser", f->schedule));
    lfm_train_options train_options;
    lfm_train_options_init(&train_options);
    train_options.epochs = f->epochs;
    train_options.learning_rate = f->learning_rate;
    train_options.threads = s->threads;
    require(lfm_train_options_set(&train_options, "loss", f->loss));
    train_options.kos_known = s->kos_known;
    const char *alpha = strstr(f->set, "item_alpha ");
    if (alpha != NULL && strtod(alpha + 11, NULL) > 0) {
        train_options.item_alpha = strtod(alpha + 11, NULL);
        train_options.regularisation = LFM_REGULARISATION_LIGHTFM;
    }
    lfm_model *model;
    const int32_t width = data->item_features != NULL ? lfm_features_n_features(data->item_features) : data->n_items;
    require(lfm_model_create(NULL, data->n_users, width, &model_options, &model));
    const double start = seconds();
    require(lfm_model_fit_partial(model, data->train, NULL, data->item_features, &train_options));
    const double taken = seconds() - start;
    lfm_scorer *scorer;
    require(lfm_scorer_create(model, NULL, data->item_features, NULL, &scorer));
    const lfm_metric metrics[N_METRICS] = {{LFM_METRIC_PRECISION, 10}, {LFM_METRIC_AUC, 0}};
    lfm_metric_result results[N_METRICS] = {{.size = sizeof *results}};
    lfm_evaluate_options how;
    lfm_evaluate_options_init(&how);
    how.exclude = data->train;
    how.check_overlap = 0; /* the published split of CrossValidated shares five pairs */
    require(lfm_evaluate(scorer, data->test, metrics, N_METRICS, &how, results, NULL));
    for (int m = 0; m < N_METRICS; m++)
        values[m] = results[m].mean;
    lfm_scorer_free(scorer);
    lfm_model_free(model);
    return taken;
}

/* Our means for a row, and its z-scores. Returns the smallest. */
static double measure(const figure *f, const dataset *data, const settings *s, double z[N_METRICS])
{
    double sum[N_METRICS] = {0}, taken = 0;
    for (int seed = 1; seed <= s->seeds; seed++) {
        double values[N_METRICS];
        taken += run_once(f, data, seed, s, values);
        for (int m = 0; m < N_METRICS; m++)
            sum[m] += values[m];
    }
    printf("%s, %s, %s, d = %d, %d epochs, %d thread%s:", f->set, f->loss, f->schedule, f->components, f->epochs,
           s->threads, s->threads == 1 ? "" : "s");
    double smallest = INFINITY;
    for (int m = 0; m < N_METRICS; m++) {
        const double mean = sum[m] / s->seeds;
        z[m] = (mean - f->mean[m]) / (f->deviation[m] * sqrt(1.0 / s->seeds + 1.0 / f->seeds));
        smallest = z[m] < smallest ? z[m] : smallest;
        printf(" %s %.5f (reference %.5f, z %+.2f)%s", metric_names[m], mean, f->mean[m], z[m],
               m + 1 < N_METRICS ? "," : "");
    }
    printf(", %.2f s a training\n", taken / s->seeds);
    fflush(stdout);
    return smallest;
}

static bool wanted(const figure *f, const char *only)
{
    char whole[128];
    snprintf(whole, sizeof whole, "%s, %s, %s", f->set, f->loss, f->schedule);
    return only == NULL || strstr(whole, only) != NULL;
}

/* Rows share data sets: keep the last one read. */
static bool read_if_new(const char *folder, const char *set, char *have, size_t size, dataset *data)
{
    if (strcmp(set, have) == 0)
        return true;
    dataset_free(data);
    snprintf(have, size, "%s", set);
    return dataset_read(folder, set, data);
}

static settings parse_settings(int argc, char **argv)
{
    settings s = {.seeds = 10, .threads = 1, .kos_known = 1, .floor = -INFINITY};
    for (int i = 3; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--seeds") == 0)
            s.seeds = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--threads") == 0)
            s.threads = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--kos-known") == 0)
            s.kos_known = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--only") == 0)
            s.only = argv[i + 1];
        else if (strcmp(argv[i], "--floor") == 0)
            s.floor = strtod(argv[i + 1], NULL);
    }
    return s;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: quality DATA_FOLDER FIGURES.tsv [--seeds N] [--threads N] [--only TEXT] [--floor Z]\n");
        return 2;
    }
    FILE *figures = fopen(argv[2], "r");
    if (figures == NULL || access(argv[1], R_OK) != 0) {
        printf("SKIPPED: the data or the reference figures are not here\n");
        if (figures != NULL)
            fclose(figures);
        return SKIPPED;
    }
    const settings s = parse_settings(argc, argv);
    char line[512], have[64] = "";
    dataset data = {0};
    double smallest = INFINITY, sum = 0;
    int n = 0;
    while (fgets(line, sizeof line, figures) != NULL) {
        figure f;
        if (!parse_figure(line, &f) || !wanted(&f, s.only))
            continue;
        if (!read_if_new(argv[1], f.set, have, sizeof have, &data)) {
            fclose(figures);
            return 1;
        }
        double z[N_METRICS];
        const double low = measure(&f, &data, &s, z);
        smallest = low < smallest ? low : smallest;
        for (int m = 0; m < N_METRICS; m++, n++)
            sum += z[m];
    }
    fclose(figures);
    dataset_free(&data);
    printf("%d z-scores: smallest %+.2f, mean %+.2f\n", n, smallest, n > 0 ? sum / n : 0.0);
    if (n == 0 || smallest < s.floor) {
        printf("FAILED: a z-score is below %.1f\n", s.floor);
        return 1;
    }
    return 0;
}
