/* The pass over all items for a block of users. */
#include "infer/pass.h"

#include <math.h>

float lfmi_round_down(double x)
{
    const float rounded = (float)x;
    return (double)rounded > x ? nextafterf(rounded, -__builtin_inff()) : rounded;
}
float lfmi_round_up(double x) { return -lfmi_round_down(-x); }

static int64_t code_bytes(const lfmi_pass *pass) { return lfmi_code_groups(pass->panels->d) * LFMI_CODES; }
static int64_t packed_numbers(const lfmi_pass *pass)
{
    return LFMI_CHUNK_PANELS * (lfmi_panel_bytes(pass->panels->d, LFMI_SCAN_FLOAT) / (int64_t)sizeof(float));
}

lfm_status lfmi_pass_new(const lfm_scorer *scorer, const lfmi_panels *panels, lfmi_pass *pass)
{
    lfm_context *context = scorer->context;
    *pass = (lfmi_pass){.scorer = scorer, .panels = panels};
    LFMI_TRY(LFMI_NEW_ARRAY(context, (int64_t)LFMI_PASS_USERS * scorer->d, "users to scan", &pass->interleaved));
    LFMI_TRY(LFMI_NEW_ARRAY(context, LFMI_SCAN_USERS * LFMI_CHUNK, "scanned scores", &pass->scores));
    if (panels->kind == LFMI_SCAN_INT8)
        LFMI_TRY(LFMI_NEW_ARRAY(context, LFMI_PASS_USERS * code_bytes(pass), "users to scan", &pass->codes));
    if (panels->data == NULL)
        LFMI_TRY(LFMI_NEW_ARRAY(context, packed_numbers(pass), "items to scan", &pass->packed));
    return LFMI_NEW_ARRAY(context, LFMI_SCAN_USERS * LFMI_CHUNK_PANELS, "scanned scores", &pass->hits);
}

void lfmi_pass_free(lfmi_pass *pass)
{
    if (pass->scorer == NULL)
        return;
    lfm_context *context = pass->scorer->context;
    LFMI_FREE_ARRAY(context, pass->interleaved, (int64_t)LFMI_PASS_USERS * pass->scorer->d);
    LFMI_FREE_ARRAY(context, pass->scores, LFMI_SCAN_USERS * LFMI_CHUNK);
    LFMI_FREE_ARRAY(context, pass->codes, LFMI_PASS_USERS * code_bytes(pass));
    LFMI_FREE_ARRAY(context, pass->packed, packed_numbers(pass));
    LFMI_FREE_ARRAY(context, pass->hits, LFMI_SCAN_USERS * LFMI_CHUNK_PANELS);
}

/* How far a scanned score may be from the exact one. Both are sums of d products and two biases, each
 * term passing at most d + 4 roundings: each is within gamma = m u / (1 - m u), m = d + 4, of the true
 * sum, relative to the sum of the sizes of the terms (Higham, Accuracy and Stability of Numerical
 * Algorithms, section 3.1), which is at most |b_u| + |b_i| + |p| |q| (Cauchy-Schwarz). Underflow costs
 * at most half the smallest number a product. Half precision changes the true sum by p . (q - half q).
 * What could overflow, or is so long that there is no gamma, is scored exactly.
 *
 * Codes change the true sum by p' . (q - q') + (p - p') . q at most, which is at most the product of the margins
 * (LFMI_USER_SHARE). A scan of codes adds that product, and the rest of the bound to the user's bias: so its
 * scores are never below the exact ones, and the better an item is coded the closer they are. */
static void set_bound(const lfmi_pass *pass, lfmi_pass_user *user, const lfmi_coded *coded)
{
    enum { MOST_TERMS = 1 << 22 };
    const double roundoff = 0x1p-24, smallest = 0x1p-149, largest = 1e37, slack = 1 + 1e-6;
    const lfmi_panels *panels = pass->panels;
    const bool is_coded = panels->kind == LFMI_SCAN_INT8;
    double squares = 0;
    for (int32_t e = 0; e < panels->d; e++)
        squares += (double)user->vector[e] * (double)user->vector[e];
    const double norm = sqrt(squares);
    /* a scan of codes rounds a dozen times at most after the exact sum */
    const double terms = (double)panels->d + (is_coded ? 12 : 4) + (double)panels->roundings;
    double left_out = norm * (double)panels->error, underflow = 2 * terms * smallest;
    if (is_coded) {
        const double least = coded->left_out / LFMI_USER_SHARE;
        user->margin = lfmi_round_up((coded->coded_norm > least ? coded->coded_norm : least) * slack);
        left_out = (double)user->margin * (double)panels->margin;
        underflow += 128.0 * 128.0 * (double)panels->d * smallest; /* of the scales' product, times the sum */
    }
    const double size = fabs((double)user->bias) + (double)panels->bias + norm * (double)panels->norm + left_out;
    user->is_exact = panels->d > MOST_TERMS || !(size < largest);
    const double gamma = terms * roundoff / (1 - terms * roundoff);
    const double rounding = (2 * gamma * size + underflow) * slack;
    if (is_coded)
        user->start_bias = lfmi_round_up((double)user->bias + rounding);
    user->bound = user->is_exact ? 0 : ((is_coded ? 2 : 1) * left_out + (is_coded ? 3 : 1) * rounding) * slack;
}

void lfmi_pass_add(lfmi_pass *pass, const float *vector, float bias)
{
    const lfmi_panels *panels = pass->panels;
    lfmi_pass_user *user = &pass->users[pass->n_users];
    *user = (lfmi_pass_user){.vector = vector, .bias = bias, .threshold = -__builtin_inff()};
    lfmi_coded coded = {0};
    if (panels->kind == LFMI_SCAN_INT8) {
        user->scale = lfmi_scale_for(lfmi_largest(vector, panels->d), pass->scorer->kernels->most_code);
        coded = lfmi_encode(vector, panels->d, user->scale, pass->codes + pass->n_users * code_bytes(pass), LFMI_CODES,
                            0);
        user->start = -LFMI_CODE_OFFSET * coded.sum;
    }
    pass->n_users++;
    set_bound(pass, user, &coded);
}

/* What a scan reads of a user: d floats, or codes by fours, which are as wide. */
static const char *scanned_row(const lfmi_pass *pass, int32_t user)
{
    return pass->codes != NULL ? (const char *)pass->codes + user * code_bytes(pass)
                               : (const char *)pass->users[user].vector;
}
static int64_t scanned_numbers(const lfmi_pass *pass)
{
    return pass->codes != NULL ? lfmi_code_groups(pass->panels->d) : pass->panels->d;
}

/* Interleave the users of each group; the last is filled up with zeros. */
static void interleave(lfmi_pass *pass)
{
    const int64_t n = scanned_numbers(pass);
    for (int32_t first = 0; first < pass->n_users; first += LFMI_SCAN_USERS) {
        float *group = pass->interleaved + first * n;
        for (int32_t u = 0; u < LFMI_SCAN_USERS; u++) {
            const char *row = first + u < pass->n_users ? scanned_row(pass, first + u) : NULL;
            for (int64_t e = 0; e < n; e++) {
                char *to = (char *)(group + e * LFMI_SCAN_USERS + u);
                if (row != NULL)
                    memcpy(to, row + e * (int64_t)sizeof(float), sizeof(float));
                else
                    memset(to, 0, sizeof(float));
            }
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

/* Whether any of n panels was hit. */
static bool any_hit(const uint16_t *hits, int32_t n)
{
    uint64_t any = 0, four;
    int32_t p = 0;
    for (; p + 4 <= n; p += 4) {
        memcpy(&four, hits + p, sizeof four);
        any |= four;
    }
    for (; p < n; p++)
        any |= hits[p];
    return any != 0;
}

/* A chunk of items for `n` users from `begin` on: a group, or a single user. */
static void run_chunk(lfmi_pass *pass, int32_t begin, int32_t n, bool single, const void *items, int32_t panel,
                      int32_t n_panels, lfmi_visit_fn visit, void *arg)
{
    const lfmi_panels *panels = pass->panels;
    float biases[LFMI_LANES] = {0}, scales[LFMI_LANES] = {0}, margins[LFMI_LANES] = {0};
    float thresholds[LFMI_SCAN_USERS];
    int32_t starts[LFMI_SCAN_USERS] = {0};
    for (int32_t u = 0; u < LFMI_SCAN_USERS; u++)
        thresholds[u] = __builtin_inff();
    for (int32_t u = 0; u < n; u++) {
        const lfmi_pass_user *user = &pass->users[begin + u];
        thresholds[u] = user->threshold;
        biases[u] = pass->codes != NULL ? user->start_bias : user->bias;
        scales[u] = user->scale;
        margins[u] = user->margin;
        starts[u] = user->start;
    }
    const float *group = pass->interleaved + begin * scanned_numbers(pass);
    const void *users = single ? (const void *)scanned_row(pass, begin) : group;
    const lfmi_scan scan = {.users = users,
                            .biases = biases,
                            .thresholds = thresholds,
                            .items = items,
                            .d = panels->d,
                            .n_panels = n_panels,
                            .scores = pass->scores,
                            .hits = pass->hits,
                            .codes = users,
                            .scales = scales,
                            .margins = margins,
                            .starts = starts};
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
        if (!any_hit(hits, n_panels))
            continue;
        const lfmi_chunk chunk = {.user = begin + u, .first = first, .n = n_items, .scores = scores, .hits = hits};
        visit(pass, &chunk, arg);
    }
}

/* Pack a chunk of panels that have no data. */
static const void *pack_chunk(lfmi_pass *pass, int32_t panel, int32_t n_panels)
{
    const lfmi_space *items = &pass->scorer->spaces[LFM_SPACE_ITEM];
    lfmi_panels_pack(pass->panels, items->vectors, items->biases, pass->scorer->stride, panel, n_panels, pass->packed);
    return pass->packed;
}

/* Chunks are small at first, when thresholds are low and rise fast. */
static int32_t chunk_panels(int32_t panel, int32_t n_panels)
{
    enum { FIRST = 4 };
    const int32_t wanted = panel == 0 ? FIRST : LFMI_CHUNK_PANELS, left = n_panels - panel;
    return left < wanted ? left : wanted;
}

void lfmi_pass_run(lfmi_pass *pass, const lfm_cancel *cancel, lfmi_visit_fn visit, void *arg)
{
    enum { FEW = 3 }; /* so few are faster one by one */
    const bool single = pass->n_users <= FEW;
    const int32_t step = single ? 1 : LFMI_SCAN_USERS;
    const int32_t n_panels = (int32_t)lfmi_n_panels(pass->panels->n_items);
    if (!single)
        interleave(pass);
    for (int32_t panel = 0; panel < n_panels && !lfm_cancel_is_set(cancel);) {
        const int32_t panels = chunk_panels(panel, n_panels);
        const void *items = pass->packed != NULL ? pack_chunk(pass, panel, panels) : lfmi_panel(pass->panels, panel);
        for (int32_t begin = 0; begin < pass->n_users; begin += step) {
            const int32_t rest = pass->n_users - begin;
            run_chunk(pass, begin, rest < step ? rest : step, single, items, panel, panels, visit, arg);
        }
        panel += panels;
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
