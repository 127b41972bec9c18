/* The pass over all items for a block of users. */
#include "infer/pass.h"

#include <math.h>

float lfmi_round_down(double x)
{
    const float rounded = (float)x;
    return (double)rounded > x ? nextafterf(rounded, -__builtin_inff()) : rounded;
}
float lfmi_round_up(double x) { return -lfmi_round_down(-x); }

lfm_status lfmi_pass_new(const lfm_scorer *scorer, const lfmi_panels *panels, lfmi_pass *pass)
{
    lfm_context *context = scorer->context;
    *pass = (lfmi_pass){.scorer = scorer, .panels = panels};
    LFMI_TRY(LFMI_NEW_ARRAY(context, (int64_t)LFMI_PASS_USERS * scorer->d, "users to scan", &pass->interleaved));
    LFMI_TRY(LFMI_NEW_ARRAY(context, LFMI_SCAN_USERS * LFMI_CHUNK, "scanned scores", &pass->scores));
    return LFMI_NEW_ARRAY(context, LFMI_SCAN_USERS * LFMI_CHUNK_PANELS, "scanned scores", &pass->hits);
}

void lfmi_pass_free(lfmi_pass *pass)
{
    if (pass->scorer == NULL)
        return;
    lfm_context *context = pass->scorer->context;
    LFMI_FREE_ARRAY(context, pass->interleaved, (int64_t)LFMI_PASS_USERS * pass->scorer->d);
    LFMI_FREE_ARRAY(context, pass->scores, LFMI_SCAN_USERS * LFMI_CHUNK);
    LFMI_FREE_ARRAY(context, pass->hits, LFMI_SCAN_USERS * LFMI_CHUNK_PANELS);
}

/* How far a scanned score may be from the exact one. Both are sums of d products and two biases, each
 * term passing at most d + 4 roundings: each is within gamma = m u / (1 - m u), m = d + 4, of the true
 * sum, relative to the sum of the sizes of the terms (Higham, Accuracy and Stability of Numerical
 * Algorithms, section 3.1), which is at most |b_u| + |b_i| + |p| |q| (Cauchy-Schwarz). Underflow costs
 * at most half the smallest number a product. Half precision changes the true sum by p . (q - half q).
 * What could overflow, or is so long that there is no gamma, is scored exactly. */
static void set_bound(const lfmi_pass *pass, lfmi_pass_user *user)
{
    enum { MOST_TERMS = 1 << 22 };
    const double roundoff = 0x1p-24, smallest = 0x1p-149, largest = 1e37, slack = 1 + 1e-6;
    const lfmi_panels *panels = pass->panels;
    double squares = 0;
    for (int32_t e = 0; e < panels->d; e++)
        squares += (double)user->vector[e] * (double)user->vector[e];
    const double norm = sqrt(squares), left_out = norm * (double)panels->error, terms = (double)panels->d + 4;
    const double size = fabs((double)user->bias) + (double)panels->bias + norm * (double)panels->norm + left_out;
    user->is_exact = panels->d > MOST_TERMS || !(size < largest);
    const double gamma = terms * roundoff / (1 - terms * roundoff);
    user->bound = user->is_exact ? 0 : (2 * gamma * size + left_out + 2 * terms * smallest) * slack;
}

void lfmi_pass_add(lfmi_pass *pass, const float *vector, float bias)
{
    lfmi_pass_user *user = &pass->users[pass->n_users++];
    *user = (lfmi_pass_user){.vector = vector, .bias = bias, .threshold = -__builtin_inff()};
    set_bound(pass, user);
}

/* Interleave the users of each group; the last is filled up with zeros. */
static void interleave(lfmi_pass *pass)
{
    const int32_t d = pass->panels->d;
    for (int32_t first = 0; first < pass->n_users; first += LFMI_SCAN_USERS) {
        float *group = pass->interleaved + (int64_t)first * d;
        for (int32_t u = 0; u < LFMI_SCAN_USERS; u++) {
            const float *vector = first + u < pass->n_users ? pass->users[first + u].vector : NULL;
            for (int32_t e = 0; e < d; e++)
                group[(int64_t)e * LFMI_SCAN_USERS + u] = vector != NULL ? vector[e] : 0.0f;
        }
    }
}

/* Overwrite a user's scanned scores with the exact ones. */
static void score_exactly(const lfmi_pass *pass, int32_t user, int32_t first, int32_t n, float *scores, uint16_t *hits)
{
    for (int32_t p = 0; p * LFMI_LANES < n; p++) {
        hits[p] = 0;
        for (int l = 0; l < LFMI_LANES && p * LFMI_LANES + l < n; l++) {
            const int32_t at = p * LFMI_LANES + l;
            scores[at] = lfmi_pass_exact(pass, user, lfmi_panels_id(pass->panels, first + at));
            if (scores[at] >= pass->users[user].threshold)
                hits[p] |= (uint16_t)(1u << l);
        }
    }
}

/* The items that fill up the last panel reach nothing, whatever a damaged file has in their place. */
static void strike_out_padding(int32_t n_items, int32_t n_panels, float *scores, uint16_t *hits)
{
    if (n_items == n_panels * LFMI_LANES)
        return;
    for (int32_t at = n_items; at < n_panels * LFMI_LANES; at++)
        scores[at] = __builtin_nanf("");
    hits[n_panels - 1] &= (uint16_t)((1u << n_items % LFMI_LANES) - 1);
}

/* A chunk of items for `n` users from `begin` on: a group, or a single user. */
static void run_chunk(lfmi_pass *pass, int32_t begin, int32_t n, bool single, int32_t panel, int32_t n_panels,
                      lfmi_visit_fn visit, void *arg)
{
    const lfmi_panels *panels = pass->panels;
    float biases[LFMI_SCAN_USERS] = {0}, thresholds[LFMI_SCAN_USERS];
    for (int32_t u = 0; u < LFMI_SCAN_USERS; u++) {
        thresholds[u] = u < n ? pass->users[begin + u].threshold : __builtin_inff();
        biases[u] = u < n ? pass->users[begin + u].bias : 0.0f;
    }
    const lfmi_scan scan = {.users = single ? pass->users[begin].vector
                                            : pass->interleaved + (int64_t)begin * panels->d,
                            .biases = biases,
                            .thresholds = thresholds,
                            .items = lfmi_panel(panels, panel),
                            .d = panels->d,
                            .n_panels = n_panels,
                            .scores = pass->scores,
                            .hits = pass->hits};
    const lfmi_kernels *kernels = pass->scorer->kernels;
    (single ? kernels->scan_user : kernels->scan_users)[panels->kind](&scan);
    const int32_t first = panel * LFMI_LANES, left = panels->n_items - first;
    const int32_t n_items = left < n_panels * LFMI_LANES ? left : n_panels * LFMI_LANES;
    for (int32_t u = 0; u < n; u++) {
        float *scores = pass->scores + u * n_panels * LFMI_LANES;
        uint16_t *hits = pass->hits + u * n_panels;
        if (pass->users[begin + u].is_exact)
            score_exactly(pass, begin + u, first, n_items, scores, hits);
        if (panels->is_borrowed)
            strike_out_padding(n_items, n_panels, scores, hits);
        const lfmi_chunk chunk = {.user = begin + u, .first = first, .n = n_items, .scores = scores, .hits = hits};
        visit(pass, &chunk, arg);
    }
}

void lfmi_pass_run(lfmi_pass *pass, const lfm_cancel *cancel, lfmi_visit_fn visit, void *arg)
{
    enum { FEW = 3 }; /* so few are faster one by one */
    const bool single = pass->n_users <= FEW;
    const int32_t step = single ? 1 : LFMI_SCAN_USERS;
    const int32_t n_panels = (int32_t)lfmi_n_panels(pass->panels->n_items);
    if (!single)
        interleave(pass);
    for (int32_t panel = 0; panel < n_panels && !lfm_cancel_is_set(cancel); panel += LFMI_CHUNK_PANELS) {
        const int32_t left = n_panels - panel, panels = left < LFMI_CHUNK_PANELS ? left : LFMI_CHUNK_PANELS;
        for (int32_t begin = 0; begin < pass->n_users; begin += step) {
            const int32_t rest = pass->n_users - begin;
            run_chunk(pass, begin, rest < step ? rest : step, single, panel, panels, visit, arg);
        }
    }
    pass->n_users = 0;
}

int64_t lfmi_pass_width(int64_t n, int32_t tasks, int64_t most)
{
    enum { PASSES_PER_TASK = 4 };
    const int64_t share = n / ((int64_t)tasks * PASSES_PER_TASK);
    int64_t width = share / LFMI_SCAN_USERS * LFMI_SCAN_USERS;
    if (width < LFMI_SCAN_USERS)
        width = LFMI_SCAN_USERS;
    if (width > LFMI_PASS_USERS)
        width = LFMI_PASS_USERS;
    return width < most ? width : most;
}
