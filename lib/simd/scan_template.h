/* Scanning items for users: the part of vector_template.h that ranking runs on. Beside the operations
 * named there it needs, from the instruction set's file:
 *
 *     v_fused(a, b, c)      a * b + c, rounded once or twice: only ever used to choose
 *     v_reached(v, t)       bit l is set when lane l of v is >= that of t
 *     SCAN_USERS            users whose sums fit the registers beside each other: a divisor of
 *                           LFMI_SCAN_USERS
 *     SCAN_PANELS           and panels */

/* Panel number `panel` of items, as lfmi_panels has it. */
INLINE const float *panel_at(const lfmi_scan *s, int half, int32_t panel)
{
    const size_t row = half ? LFMI_LANES * sizeof(uint16_t) : LFMI_LANES * sizeof(float);
    const size_t bytes = LFMI_LANES * sizeof(float) + (size_t)s->d * row;
    return (const float *)(const void *)((const char *)s->items + (size_t)panel * bytes);
}

/* Scores of `users` of the `width` users that are interleaved, from `first` on, with `panels` panels. */
INLINE void scan_part(const lfmi_scan *s, int half, int width, int first, int users, int32_t panel, int panels)
{
    V sum[LFMI_SCAN_USERS][LFMI_SCAN_PANELS], x[LFMI_SCAN_PANELS];
    const float *from[LFMI_SCAN_PANELS];
#pragma GCC unroll 4
    for (int p = 0; p < panels; p++) {
        from[p] = panel_at(s, half, panel + p);
#pragma GCC unroll 12
        for (int u = 0; u < users; u++)
            sum[u][p] = v_add(v_set(s->biases[first + u]), v_load(from[p]));
        from[p] += LFMI_LANES;
    }
    const float *user = s->users + first;
    for (int32_t e = 0; e < s->d; e++, user += width) {
#pragma GCC unroll 4
        for (int p = 0; p < panels; p++) {
            x[p] = half ? v_load_half((const uint16_t *)(const void *)from[p]) : v_load(from[p]);
            from[p] += half ? LFMI_LANES / 2 : LFMI_LANES;
        }
#pragma GCC unroll 12
        for (int u = 0; u < users; u++) {
            const V y = v_set(user[u]);
#pragma GCC unroll 4
            for (int p = 0; p < panels; p++)
                sum[u][p] = v_fused(y, x[p], sum[u][p]);
        }
    }
    /* locals, which no store below can change */
    const size_t n_panels = (size_t)s->n_panels, place = (size_t)first * n_panels + (size_t)panel;
    const float *thresholds = s->thresholds + first;
    float *scores = s->scores + place * LFMI_LANES;
    uint16_t *hits = s->hits + place;
#pragma GCC unroll 12
    for (int u = 0; u < users; u++) {
        const V threshold = v_set(thresholds[u]);
#pragma GCC unroll 4
        for (int p = 0; p < panels; p++) {
            const size_t at = (size_t)u * n_panels + (size_t)p;
            v_store(scores + at * LFMI_LANES, sum[u][p]);
            hits[at] = (uint16_t)v_reached(sum[u][p], threshold);
        }
    }
}

INLINE void scan_group(const lfmi_scan *s, int half)
{
    int32_t panel = 0;
    for (; panel + SCAN_PANELS <= s->n_panels; panel += SCAN_PANELS) {
        for (int first = 0; first < LFMI_SCAN_USERS; first += SCAN_USERS)
            scan_part(s, half, LFMI_SCAN_USERS, first, SCAN_USERS, panel, SCAN_PANELS);
    }
    for (; panel < s->n_panels; panel++) {
        for (int first = 0; first < LFMI_SCAN_USERS; first += SCAN_USERS)
            scan_part(s, half, LFMI_SCAN_USERS, first, SCAN_USERS, panel, 1);
    }
}

INLINE void scan_single(const lfmi_scan *s, int half)
{
    int32_t panel = 0;
    for (; panel + LFMI_SCAN_PANELS <= s->n_panels; panel += LFMI_SCAN_PANELS)
        scan_part(s, half, 1, 0, 1, panel, LFMI_SCAN_PANELS);
    for (; panel < s->n_panels; panel++)
        scan_part(s, half, 1, 0, 1, panel, 1);
}

static void scan_users(const lfmi_scan *s) { scan_group(s, 0); }
static void scan_users_half(const lfmi_scan *s) { scan_group(s, 1); }
static void scan_user(const lfmi_scan *s) { scan_single(s, 0); }
static void scan_user_half(const lfmi_scan *s) { scan_single(s, 1); }

static void count_reached(const float *scores, int32_t n, const float *thresholds, int32_t n_thresholds,
                          int32_t *counts)
{
    for (int32_t t = 0; t < n_thresholds; t++) {
        const V threshold = v_set(thresholds[t]);
        int32_t count = 0;
        for (int32_t i = 0; i < n; i += LFMI_LANES)
            count += __builtin_popcount(v_reached(v_load(scores + i), threshold));
        counts[t] += count;
    }
}

/* 16 searches at once, in step: where a search goes on depends on the number of places only. */
static void find_places(const float *scores, int32_t n, const float *sorted, int32_t n_sorted, int32_t *places)
{
    for (int32_t i = 0; i < n; i += LFMI_LANES) {
        int32_t at[LFMI_LANES] = {0};
        for (int32_t rest = n_sorted; rest > 1; rest -= rest / 2) {
            const int32_t half = rest / 2;
            for (int l = 0; l < LFMI_LANES; l++)
                at[l] += sorted[at[l] + half - 1] <= scores[i + l] ? half : 0;
        }
        for (int l = 0; l < LFMI_LANES; l++)
            places[i + l] = at[l] + (sorted[at[l]] <= scores[i + l]);
    }
}
