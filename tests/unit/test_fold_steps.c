/* Fold-in against the losses of docs/model.md in plain double precision, with the same draws. */
#include <math.h>
#include <stdlib.h>

#include "base/random.h"
#include "build.h"
#include "check.h"
#include "lfm/fold_in.h"
#include "tap.h"
#include "base/order.h"

enum { USERS = 30, ITEMS = 40, D = 7, ROWS = 6, N = 80, EPOCHS = 4 };
enum { STREAM_ORDER = 24, STREAM_DRAWS = 25 };

/* The row that moves. */
typedef struct naive_row {
    double p[D + 1], g[D + 1]; /* the bias last */
} naive_row;

/* What it is folded in to. */
typedef struct world {
    float users[USERS * D], items[ITEMS * D], user_biases[USERS], item_biases[ITEMS];
    lfm_fold_in_options options;
    lfm_interactions *rows;
} world;

static double dot(const double *p, const float *q)
{
    double sum = 0;
    for (int e = 0; e < D; e++)
        sum += p[e] * (double)q[e];
    return sum;
}

static double score_item(const world *w, const naive_row *r, int32_t item)
{
    return dot(r->p, w->items + item * D) + r->p[D] + (double)w->item_biases[item];
}
static double score_user(const world *w, const naive_row *r, int32_t user)
{
    return dot(r->p, w->users + user * D) + r->p[D] + (double)w->user_biases[user];
}
static double score_pair(const world *w, int32_t user, int32_t item)
{
    double p[D];
    for (int e = 0; e < D; e++)
        p[e] = (double)w->users[user * D + e];
    return dot(p, w->items + item * D) + (double)w->user_biases[user] + (double)w->item_biases[item];
}

/* Adagrad with gradient c * v (and c for the bias). */
static void move(const world *w, naive_row *r, const double *v, double c)
{
    for (int e = 0; e <= D; e++) {
        const double h = (e < D ? c * v[e] : c) + w->options.alpha * r->p[e];
        r->p[e] -= w->options.learning_rate * h / sqrt(r->g[e]);
        r->g[e] += h * h;
    }
}

static void move_by(const world *w, naive_row *r, const float *plus, const float *minus, double c)
{
    double v[D];
    for (int e = 0; e < D; e++)
        v[e] = (double)plus[e] - (minus != NULL ? (double)minus[e] : 0);
    move(w, r, v, c);
}

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

static bool row_knows(const world *w, int32_t row, int32_t other)
{
    for (int64_t i = 0; i < lfm_interactions_n_entries(w->rows); i++) {
        if (lfm_interactions_users(w->rows)[i] == row && lfm_interactions_items(w->rows)[i] == other)
            return true;
    }
    return false;
}

static void naive_warp(const world *w, naive_row *r, int32_t row, int32_t other, double weight, lfmi_stream draws)
{
    const bool is_user = w->options.side == LFM_USER;
    const double threshold = (is_user ? score_item(w, r, other) : score_user(w, r, other)) - w->options.margin;
    int32_t drawn[4];
    for (int32_t t = 1; t <= w->options.max_sampled; t++) {
        if (t % 4 == 1) {
            lfmi_bounded_pair(&draws, ITEMS, drawn);
            lfmi_bounded_pair(&draws, ITEMS, drawn + 2);
        }
        const int32_t item = drawn[(t - 1) % 4];
        const double s = is_user ? score_item(w, r, item) : score_pair(w, other, item);
        if (!(s > threshold) || (is_user && row_knows(w, row, item)))
            continue;
        const int rank = (ITEMS - is_user) / t;
        const double g = fmin(weight * log(rank > 1 ? rank : 1), 10);
        if (is_user)
            move_by(w, r, w->items + item * D, w->items + other * D, g);
        else
            move_by(w, r, w->users + other * D, NULL, -g);
        return;
    }
}

static void naive_bpr(const world *w, naive_row *r, int32_t row, int32_t other, double weight, lfmi_stream draws)
{
    const bool is_user = w->options.side == LFM_USER;
    int32_t item, n = 0;
    do
        item = (int32_t)lfmi_bounded(&draws, ITEMS);
    while (is_user && row_knows(w, row, item) && ++n < w->options.max_draws);
    if (n == w->options.max_draws)
        return;
    const double margin = is_user ? score_item(w, r, other) - score_item(w, r, item)
                                  : score_user(w, r, other) - score_pair(w, other, item);
    const double g = weight * (1 - sigmoid(margin));
    if (is_user)
        move_by(w, r, w->items + item * D, w->items + other * D, g);
    else
        move_by(w, r, w->users + other * D, NULL, -g);
}

static void naive_fold(const world *w, int32_t row, naive_row *r)
{
    int64_t own[N];
    int64_t n = 0;
    for (int64_t i = 0; i < lfm_interactions_n_entries(w->rows); i++) {
        if (lfm_interactions_users(w->rows)[i] == row)
            own[n++] = i;
    }
    for (int e = 0; e <= D; e++)
        r->g[e] = 1;
    for (uint64_t epoch = 0; epoch < EPOCHS; epoch++) {
        const lfmi_order order = lfmi_order_of(lfmi_key(lfmi_key(w->options.seed, STREAM_ORDER), epoch), n, false);
        const uint64_t key = lfmi_key(lfmi_key(w->options.seed, STREAM_DRAWS), epoch);
        for (int64_t at = 0; at < n; at++) {
            const int64_t entry = own[lfmi_order_at(&order, at)];
            const int32_t other = lfm_interactions_items(w->rows)[entry];
            const double weight = (double)lfm_interactions_weights(w->rows)[entry];
            const bool positive = lfm_interactions_values(w->rows)[entry] > 0;
            const lfmi_stream draws = lfmi_stream_of(key, (uint64_t)at);
            if (w->options.loss == LFM_LOSS_LOGISTIC) {
                const bool is_user = w->options.side == LFM_USER;
                const double s = is_user ? score_item(w, r, other) : score_user(w, r, other);
                move_by(w, r, is_user ? w->items + other * D : w->users + other * D, NULL,
                        weight * (sigmoid(s) - positive));
            } else if (positive && w->options.loss == LFM_LOSS_WARP) {
                naive_warp(w, r, row, other, weight, draws);
            } else if (positive) {
                naive_bpr(w, r, row, other, weight, draws);
            }
        }
    }
}

static void fill(test_random *random, float *numbers, int n)
{
    for (int i = 0; i < n; i++)
        numbers[i] = random_signed(random);
}

static void check_loss(int32_t side, int32_t loss, double alpha)
{
    static world w;
    test_random random = {5};
    fill(&random, w.users, USERS * D);
    fill(&random, w.items, ITEMS * D);
    fill(&random, w.user_biases, USERS);
    fill(&random, w.item_biases, ITEMS);
    lfm_embeddings users, items, start;
    lfm_embeddings_init(&users);
    users.vectors = w.users;
    users.biases = w.user_biases;
    users.n_rows = USERS;
    users.n_components = D;
    items = start = users;
    items.vectors = w.items;
    items.biases = w.item_biases;
    items.n_rows = ITEMS;
    start.vectors = w.users + D; /* some numbers */
    start.n_rows = ROWS;
    test_entries e = entries_random(6, N, ROWS, side == LFM_USER ? ITEMS : USERS, 3, 1);
    entries_add_weights(&e, 7);
    w.rows = entries_build(NULL, &e);
    lfm_fold_in_options_init(&w.options);
    w.options.start = &start;
    w.options.side = side;
    w.options.loss = loss;
    w.options.epochs = EPOCHS;
    w.options.alpha = alpha;
    w.options.max_sampled = 7;
    w.options.learning_rate = 0.1;
    lfm_scorer *scorer = NULL;
    REQUIRE_OK(lfm_scorer_from_embeddings(NULL, &users, &items, NULL, &scorer));
    float vectors[ROWS * D], biases[ROWS];
    REQUIRE_OK(lfm_fold_in(scorer, w.rows, vectors, 0, biases, &w.options));
    double moved = 0;
    for (int32_t row = 0; row < ROWS; row++) {
        naive_row r = {{0}, {0}};
        for (int c = 0; c < D; c++)
            r.p[c] = (double)start.vectors[row * D + c];
        r.p[D] = (double)start.biases[row];
        naive_fold(&w, row, &r);
        for (int c = 0; c < D; c++) {
            CHECK_CLOSE(vectors[row * D + c], r.p[c], 1e-4, 1e-5);
            moved += fabs(r.p[c] - (double)start.vectors[row * D + c]);
        }
        CHECK_CLOSE(biases[row], r.p[D], 1e-4, 1e-5);
    }
    CHECK(moved > 1);
    lfm_scorer_free(scorer);
    lfm_interactions_free(w.rows);
    entries_free(&e);
}

static void test_logistic(void)
{
    check_loss(LFM_USER, LFM_LOSS_LOGISTIC, 0);
    check_loss(LFM_USER, LFM_LOSS_LOGISTIC, 0.1);
    check_loss(LFM_ITEM, LFM_LOSS_LOGISTIC, 0);
}
static void test_bpr(void)
{
    check_loss(LFM_USER, LFM_LOSS_BPR, 0);
    check_loss(LFM_ITEM, LFM_LOSS_BPR, 0);
}
static void test_warp(void)
{
    check_loss(LFM_USER, LFM_LOSS_WARP, 0);
    check_loss(LFM_USER, LFM_LOSS_WARP, 0.1);
    check_loss(LFM_ITEM, LFM_LOSS_WARP, 0);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {
        {"logistic", test_logistic},
        {"bpr", test_bpr},
        {"warp", test_warp},
    };
    return TAP_MAIN("fold-steps", tests, argc, argv);
}
