/* Folded-in users (or items) beside the same ones trained with everyone else, and the time that folding in takes.
 *
 *     fold-in DATA_FOLDER SET [--side item] [--loss warp] [--components 32] [--seeds 3] [--threads N]
 *             [--most 5] [--epochs 10,20] [--rate 0.05,0.1] [--alpha 0,0.01] [--start mean,zero,random,items]
 *     fold-in --time
 *
 * The first trains a model on everyone and one without a random tenth of the users (items), folds those in by each
 * combination of the lists given, and prints both models' metrics over them. The second times one user of 50
 * interactions with a scorer of random numbers. Without the folder it says SKIPPED (exit 77). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dataset.h"
#include "parts.h"

enum { SKIPPED = 77, MOST = 8, MOST_GRID = 256 };

typedef struct settings {
    const char *loss;
    int side, components, seeds, threads, most; /* most: positives of a row folded in, the first; 0: all it has */
    double epochs[MOST], rates[MOST], alphas[MOST];
    const char *starts[MOST];
    int n_epochs, n_rates, n_alphas, n_starts;
} settings;

static lfm_model *train(const settings *s, int seed, lfm_interactions *data)
{
    lfm_model_options model_options;
    lfm_model_options_init(&model_options);
    model_options.components = s->components;
    model_options.seed = (uint64_t)seed;
    lfm_train_options options;
    lfm_train_options_init(&options);
    require(lfm_train_options_set(&options, "loss", s->loss));
    options.threads = s->threads;
    lfm_model *model;
    require(
        lfm_model_create(NULL, lfm_interactions_n_users(data), lfm_interactions_n_items(data), &model_options, &model));
    require(lfm_model_fit_partial(model, data, NULL, NULL, &options));
    return model;
}

static lfm_embeddings rows_of(const lfm_scorer *scorer, int32_t space)
{
    lfm_view vectors = {.size = sizeof vectors}, biases = {.size = sizeof biases};
    require(lfm_scorer_representations(scorer, space, &vectors));
    require(lfm_scorer_biases(scorer, space, &biases));
    lfm_embeddings e;
    lfm_embeddings_init(&e);
    e.vectors = vectors.data;
    e.biases = biases.data;
    e.stride = vectors.stride;
    e.n_rows = (int32_t)vectors.rows;
    e.n_components = (int32_t)vectors.columns;
    return e;
}

/* Starting points other than the default. */
static float *make_start(const char *name, const lfm_scorer *scorer, const lfm_interactions *rows, int32_t space)
{
    const int32_t d = lfm_scorer_components(scorer), n = lfm_interactions_n_users(rows);
    float *start = must(calloc((size_t)n * (size_t)d, sizeof *start));
    if (strcmp(name, "random") == 0) {
        for (int64_t i = 0; i < (int64_t)n * d; i++)
            start[i] = ((float)rand() / (float)RAND_MAX - 0.5f) / (float)d;
    }
    if (strcmp(name, "items") == 0) { /* the mean of what the row likes */
        const lfm_embeddings others = rows_of(scorer, space);
        int32_t *count = must(calloc((size_t)n, sizeof *count));
        const float *values = lfm_interactions_values(rows);
        for (int pass = 0; pass < 2; pass++) {
            for (int64_t i = 0; i < lfm_interactions_n_entries(rows); i++) {
                const int32_t row = lfm_interactions_users(rows)[i];
                if (values != NULL && !(values[i] > 0))
                    continue;
                if (pass == 0) {
                    count[row]++;
                    continue;
                }
                const float *other = others.vectors + lfm_interactions_items(rows)[i] * (others.stride / 4);
                for (int32_t e = 0; e < d; e++)
                    start[(int64_t)row * d + e] += other[e] / (float)count[row];
            }
        }
        free(count);
    }
    return start;
}

/* What the cut of one seed gives: a scorer to fold in to, the rows, and what to measure them with. */
typedef struct cut {
    lfm_scorer *known;                /* without the new ones */
    lfm_interactions *rows, *train;   /* to fold in; what the known ones were trained on */
    lfm_interactions *test, *exclude; /* users x items */
    lfm_interactions *whole_test;     /* new items: the test of all items; else NULL */
    int32_t bounds[2];
} cut;

static void fold(const settings *s, const cut *c, int epochs, double rate, double alpha, const char *start,
                 figures out[2])
{
    const int32_t d = lfm_scorer_components(c->known), n = lfm_interactions_n_users(c->rows);
    float *vectors = must(malloc((size_t)n * (size_t)d * sizeof *vectors)),
          *biases = must(malloc((size_t)n * sizeof *biases));
    lfm_train_options loss;
    lfm_train_options_init(&loss);
    require(lfm_train_options_set(&loss, "loss", s->loss));
    lfm_fold_in_options options;
    lfm_fold_in_options_init(&options);
    options.loss = loss.loss;
    options.side = s->side;
    options.threads = s->threads;
    options.training = c->train;
    options.alpha = alpha;
    options.epochs = epochs;
    options.learning_rate = rate;
    float *from = NULL;
    lfm_embeddings given;
    if (strcmp(start, "mean") != 0) {
        from = make_start(start, c->known, c->rows, s->side == LFM_USER ? LFM_SPACE_ITEM : LFM_SPACE_USER);
        lfm_embeddings_init(&given);
        given.vectors = from;
        given.n_rows = n;
        given.n_components = d;
        options.start = &given;
    }
    require(lfm_fold_in(c->known, c->rows, vectors, 0, biases, &options));
    lfm_embeddings folded, users = rows_of(c->known, LFM_SPACE_USER), items = rows_of(c->known, LFM_SPACE_ITEM);
    lfm_embeddings_init(&folded);
    folded.vectors = vectors;
    folded.biases = biases;
    folded.n_rows = n;
    folded.n_components = d;
    float *all = NULL, *all_biases = NULL;
    if (s->side == LFM_USER) {
        users = folded;
    } else { /* the new items behind the others */
        all = must(malloc((size_t)(items.n_rows + n) * (size_t)d * sizeof *all));
        all_biases = must(malloc((size_t)(items.n_rows + n) * sizeof *all_biases));
        for (int32_t i = 0; i < items.n_rows + n; i++) {
            const bool is_new = i >= items.n_rows;
            const float *vector =
                is_new ? vectors + (int64_t)(i - items.n_rows) * d : items.vectors + i * (items.stride / 4);
            memcpy(all + (int64_t)i * d, vector, (size_t)d * sizeof *all);
            all_biases[i] = is_new ? biases[i - items.n_rows] : items.biases[i];
        }
        items.n_rows += n;
        items.vectors = all;
        items.biases = all_biases;
        items.stride = 0;
    }
    lfm_scorer *scorer;
    require(lfm_scorer_from_embeddings(NULL, &users, &items, NULL, &scorer));
    figures_of(scorer, c->test, c->exclude, c->bounds, 1, &out[0]);
    if (c->whole_test != NULL)
        figures_of(scorer, c->whole_test, c->exclude, c->bounds, 1, &out[1]);
    lfm_scorer_free(scorer);
    free(from);
    free(vectors);
    free(biases);
    free(all);
    free(all_biases);
}

/* The first `most` positives of each row. */
static lfm_interactions *shorten(const lfm_interactions *rows, int most)
{
    const int64_t n = lfm_interactions_n_entries(rows);
    int32_t *users = must(malloc((size_t)(n + 1) * sizeof *users)),
            *items = must(malloc((size_t)(n + 1) * sizeof *items));
    int32_t *count = must(calloc((size_t)lfm_interactions_n_users(rows) + 1, sizeof *count));
    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_rows = lfm_interactions_n_users(rows);
    coo.n_columns = lfm_interactions_n_items(rows);
    for (int64_t i = 0; i < n; i++) {
        const int32_t row = lfm_interactions_users(rows)[i];
        if (!(lfm_interactions_values(rows)[i] > 0) || count[row]++ >= most)
            continue;
        users[coo.n_entries] = row;
        items[coo.n_entries++] = lfm_interactions_items(rows)[i];
    }
    coo.rows = lfm_int32(users);
    coo.columns = lfm_int32(items);
    lfm_interactions *out;
    require(lfm_interactions_from_coo(NULL, &coo, NULL, &out));
    free(users);
    free(items);
    free(count);
    return out;
}

/* Cut the data, train both models; *whole receives the figures of the one that knows everyone. */
static cut make_cut(const settings *s, int seed, const dataset *data, figures whole[2])
{
    const int32_t n_users = data->n_users, n_items = data->n_items;
    const bool is_user = s->side == LFM_USER;
    const int32_t n = is_user ? n_users : n_items, known = n - n / 10;
    int32_t *number = numbers_random((uint64_t)seed + 100, n);
    const int32_t *user_number = is_user ? number : NULL, *item_number = is_user ? NULL : number;
    const part everything = {
        .user_number = user_number, .item_number = item_number, .n_users = n_users, .n_items = n_items};
    part old = everything, rows = everything, test = everything;
    *(is_user ? &old.n_users : &old.n_items) = known;
    *(is_user ? &rows.shift_users : &rows.shift_items) = known;
    rows.transposed = !is_user;
    test.first_user = is_user ? known : n_users;
    test.first_item = is_user ? n_items : known;
    lfm_interactions *all = part_take(data->train, &everything), *all_test = part_take(data->test, &test);
    cut c = {.train = part_take(data->train, &old), .rows = part_take(data->train, &rows)};
    lfm_model *model = train(s, seed, all), *small = train(s, seed, c.train);
    lfm_scorer *scorer;
    require(lfm_scorer_create(model, NULL, NULL, NULL, &scorer));
    require(lfm_scorer_create(small, NULL, NULL, NULL, &c.known));
    const int32_t bounds[2] = {is_user ? known : 0, n_users};
    figures_of(scorer, all_test, all, bounds, 1, &whole[0]);
    if (is_user) {
        test.shift_users = known;
        c.test = part_take(data->test, &test);
        c.exclude = lfm_interactions_ref(c.rows);
        c.bounds[1] = n_users - known;
        lfm_interactions_free(all);
        lfm_interactions_free(all_test);
    } else {
        c.test = all_test;
        c.whole_test = part_take(data->test, &everything);
        figures_of(scorer, c.whole_test, all, bounds, 1, &whole[1]);
        c.exclude = all;
        c.bounds[1] = n_users;
    }
    if (s->most > 0) { /* what is left out of the row stays out of the candidates */
        lfm_interactions *all_of_it = c.rows;
        c.rows = shorten(all_of_it, s->most);
        lfm_interactions_free(all_of_it);
    }
    lfm_scorer_free(scorer);
    lfm_model_free(model);
    lfm_model_free(small);
    free(number);
    return c;
}

static void cut_free(cut *c)
{
    lfm_scorer_free(c->known);
    lfm_interactions_free(c->rows);
    lfm_interactions_free(c->train);
    lfm_interactions_free(c->test);
    lfm_interactions_free(c->exclude);
    lfm_interactions_free(c->whole_test);
}

/* One combination of the lists given. */
typedef struct choice {
    int epochs;
    double rate, alpha;
    const char *start;
} choice;

/* Options that were not given are the library's own. */
static choice choice_at(const settings *s, int i)
{
    return (choice){(int)s->epochs[i % s->n_epochs], s->rates[i / s->n_epochs % s->n_rates],
                    s->alphas[i / s->n_epochs / s->n_rates % s->n_alphas],
                    s->starts[i / s->n_epochs / s->n_rates / s->n_alphas]};
}

static void compare(const settings *s, const dataset *data)
{
    const int wanted = s->n_epochs * s->n_rates * s->n_alphas * s->n_starts,
              n = wanted < MOST_GRID ? wanted : MOST_GRID;
    static figures sums[MOST_GRID][2];
    figures whole_sum[2] = {0};
    for (int seed = 1; seed <= s->seeds; seed++) {
        figures whole[2] = {0};
        cut c = make_cut(s, seed, data, whole);
        figures_add(&whole_sum[0], &whole[0]);
        figures_add(&whole_sum[1], &whole[1]);
        for (int i = 0; i < n; i++) {
            const choice how = choice_at(s, i);
            figures f[2] = {0};
            fold(s, &c, how.epochs, how.rate, how.alpha, how.start, f);
            figures_add(&sums[i][0], &f[0]);
            figures_add(&sums[i][1], &f[1]);
        }
        cut_free(&c);
    }
    for (int of_all = 0; of_all < 1 + (s->side == LFM_ITEM); of_all++) {
        printf(of_all ? "all items:\n" : "the new:\n");
        figures_print("trained with everyone", &whole_sum[of_all], s->seeds);
        for (int i = 0; i < n; i++) {
            char what[96];
            const choice how = choice_at(s, i);
            snprintf(what, sizeof what, "%+.1f %% %d epochs, rate %g, %s",
                     100 * (sums[i][of_all].ndcg / whole_sum[of_all].ndcg - 1), how.epochs, how.rate, how.start);
            figures_print(what, &sums[i][of_all], s->seeds);
        }
    }
}

/* One user of 50 interactions. */
static void time_one(void)
{
    enum { N_ITEMS = 26000, D = 64, N = 50, TIMES = 400 };
    float *numbers = must(malloc(sizeof(float) * N_ITEMS * D)), vector[D], bias;
    for (int i = 0; i < N_ITEMS * D; i++)
        numbers[i] = ((float)rand() / (float)RAND_MAX - 0.5f) * 0.6f;
    lfm_embeddings rows;
    lfm_embeddings_init(&rows);
    rows.vectors = numbers;
    rows.n_rows = N_ITEMS;
    rows.n_components = D;
    lfm_scorer *scorer;
    require(lfm_scorer_from_embeddings(NULL, &rows, &rows, NULL, &scorer));
    for (int32_t loss = 0; loss < 4; loss++) {
        double best = 1e9, sum = 0;
        for (int i = 0; i < TIMES; i++) {
            int32_t users[N] = {0}, items[N];
            for (int j = 0; j < N; j++)
                items[j] = (int32_t)((double)rand() / ((double)RAND_MAX + 1) * N_ITEMS);
            lfm_coo coo;
            lfm_coo_init(&coo);
            coo.n_entries = N;
            coo.n_rows = 1;
            coo.n_columns = N_ITEMS;
            coo.rows = lfm_int32(users);
            coo.columns = lfm_int32(items);
            lfm_fold_in_options options;
            lfm_fold_in_options_init(&options);
            options.loss = loss;
            const double start = seconds();
            lfm_interactions *one;
            require(lfm_interactions_from_coo(NULL, &coo, NULL, &one));
            require(lfm_fold_in(scorer, one, vector, 0, &bias, &options));
            const double taken = seconds() - start;
            lfm_interactions_free(one);
            best = taken < best ? taken : best;
            sum += taken;
        }
        printf("loss %d: a user of %d interactions, d = %d, %d items: %.3f ms on average, %.3f ms at best\n", loss, N,
               D, N_ITEMS, 1e3 * sum / TIMES, 1e3 * best);
    }
    lfm_scorer_free(scorer);
    free(numbers);
}

static int read_list(char *text, double *out)
{
    int n = 0;
    for (char *at = text; n < MOST && *at != '\0'; at += *at == ',')
        out[n++] = strtod(at, &at);
    return n;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--time") == 0) {
        time_one();
        return 0;
    }
    if (argc < 3) {
        fprintf(stderr, "usage: fold-in DATA_FOLDER SET [options], or fold-in --time\n");
        return 2;
    }
    settings s = {.loss = "warp",
                  .components = 32,
                  .seeds = 3,
                  .threads = 1,
                  .starts = {"mean"},
                  .n_epochs = 1,
                  .n_rates = 1,
                  .n_alphas = 1,
                  .n_starts = 1};
    lfm_fold_in_options defaults;
    lfm_fold_in_options_init(&defaults);
    s.epochs[0] = defaults.epochs;
    s.rates[0] = defaults.learning_rate;
    s.alphas[0] = defaults.alpha;
    for (int i = 3; i + 1 < argc; i += 2) {
        char *value = argv[i + 1];
        if (strcmp(argv[i], "--side") == 0)
            s.side = strcmp(value, "item") == 0 ? LFM_ITEM : LFM_USER;
        else if (strcmp(argv[i], "--loss") == 0)
            s.loss = value;
        else if (strcmp(argv[i], "--components") == 0)
            s.components = atoi(value);
        else if (strcmp(argv[i], "--seeds") == 0)
            s.seeds = atoi(value);
        else if (strcmp(argv[i], "--threads") == 0)
            s.threads = atoi(value);
        else if (strcmp(argv[i], "--most") == 0)
            s.most = atoi(value);
        else if (strcmp(argv[i], "--epochs") == 0)
            s.n_epochs = read_list(value, s.epochs);
        else if (strcmp(argv[i], "--rate") == 0)
            s.n_rates = read_list(value, s.rates);
        else if (strcmp(argv[i], "--alpha") == 0)
            s.n_alphas = read_list(value, s.alphas);
        else if (strcmp(argv[i], "--start") == 0)
            for (s.n_starts = 0, value = strtok(value, ","); value != NULL && s.n_starts < MOST;
                 value = strtok(NULL, ","))
                s.starts[s.n_starts++] = value;
    }
    if (access(argv[1], R_OK) != 0) {
        printf("SKIPPED: the data are not here\n");
        return SKIPPED;
    }
    dataset data;
    if (!dataset_read(argv[1], argv[2], &data))
        return 1;
    printf("%s, %s, d = %d, %d seeds, new %s:\n", argv[2], s.loss, s.components, s.seeds, s.side ? "items" : "users");
    compare(&s, &data);
    dataset_free(&data);
    return 0;
}
