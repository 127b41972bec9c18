/* Scanning codes. Beside the operations of scan_template.h it needs, from the instruction set's file:
 *
 *     VS, VB                    16 sums of 32 bits; the codes of 16 items, four of each
 *     vs_set(x), vb_load(p)     p: 64 bytes without sign, any alignment
 *     vs_add_products(s, b, u)  the products with the four codes, in the bytes of u, added up
 *     v_from_sums(s)            as floats
 *     CODES_USERS, CODES_PANELS as SCAN_USERS and SCAN_PANELS
 *     MOST_CODE                 the largest size of a user's code that loses nothing */

INLINE const uint8_t *codes_panel_at(const lfmi_scan *s, int32_t panel)
{
    const size_t groups = ((size_t)s->d + LFMI_CODES - 1) / LFMI_CODES;
    const size_t bytes = LFMI_PANEL_HEAD * sizeof(float) + groups * LFMI_CODES * LFMI_LANES;
    return (const uint8_t *)s->items + (size_t)panel * bytes;
}

/* Scores of `users` of the `width` users that are interleaved, from `first` on, with `panels` panels. */
INLINE void scan_codes(const lfmi_scan *s, int width, int first, int users, int32_t panel, int panels)
{
    VS sum[LFMI_SCAN_USERS][LFMI_SCAN_PANELS];
    VB x[LFMI_SCAN_PANELS];
    const uint8_t *from[LFMI_SCAN_PANELS];
    float scales[LFMI_SCAN_PANELS][LFMI_LANES], starts[LFMI_SCAN_PANELS][LFMI_LANES];
#pragma GCC unroll 4
    for (int p = 0; p < panels; p++) {
        const float *head = (const float *)(const void *)codes_panel_at(s, panel + p);
        v_store(scales[p], v_mul(v_load(s->scales), v_set(head[0])));
        v_store(starts[p], v_fused(v_load(s->margins), v_set(head[1]), v_load(s->biases)));
        /* read from memory below, where a broadcast is free, not picked from registers, where it is not */
        __asm__("" : "+m"(scales[p]), "+m"(starts[p]));
        from[p] = codes_panel_at(s, panel + p) + LFMI_PANEL_HEAD * sizeof(float);
#pragma GCC unroll 12
        for (int u = 0; u < users; u++)
            sum[u][p] = vs_set(s->starts[first + u]);
    }
    const int8_t *user = s->codes + LFMI_CODES * first;
    for (int32_t e = 0; e < s->d; e += LFMI_CODES, user += LFMI_CODES * width) {
#pragma GCC unroll 4
        for (int p = 0; p < panels; p++)
            x[p] = vb_load(from[p] + (ptrdiff_t)e * LFMI_LANES);
#pragma GCC unroll 12
        for (int u = 0; u < users; u++) {
            int32_t codes;
            memcpy(&codes, user + LFMI_CODES * u, sizeof codes);
#pragma GCC unroll 4
            for (int p = 0; p < panels; p++)
                sum[u][p] = vs_add_products(sum[u][p], x[p], codes);
        }
    }
    /* locals, which no store below can change */
    const size_t n_panels = (size_t)s->n_panels, place = (size_t)first * n_panels + (size_t)panel;
    const float *thresholds = s->thresholds + first;
    float *scores = s->scores + place * LFMI_LANES;
    uint16_t *hits = s->hits + place;
#pragma GCC unroll 4
    for (int p = 0; p < panels; p++) {
        const V biases = v_load((const float *)(const void *)codes_panel_at(s, panel + p) + LFMI_LANES);
#pragma GCC unroll 12
        for (int u = 0; u < users; u++) {
            const V product = v_fused(v_from_sums(sum[u][p]), v_set(scales[p][first + u]), biases);
            const V score = v_add(product, v_set(starts[p][first + u]));
            const size_t at = (size_t)u * n_panels + (size_t)p;
            v_store(scores + at * LFMI_LANES, score);
            hits[at] = (uint16_t)v_reached(score, v_set(thresholds[u]));
        }
    }
}

static void scan_users_codes(const lfmi_scan *s)
{
    int32_t panel = 0;
    for (; panel + CODES_PANELS <= s->n_panels; panel += CODES_PANELS) {
        for (int first = 0; first < LFMI_SCAN_USERS; first += CODES_USERS)
            scan_codes(s, LFMI_SCAN_USERS, first, CODES_USERS, panel, CODES_PANELS);
    }
    for (; panel < s->n_panels; panel++) {
        for (int first = 0; first < LFMI_SCAN_USERS; first += CODES_USERS)
            scan_codes(s, LFMI_SCAN_USERS, first, CODES_USERS, panel, 1);
    }
}

static void scan_user_codes(const lfmi_scan *s)
{
    int32_t panel = 0;
    for (; panel + LFMI_SCAN_PANELS <= s->n_panels; panel += LFMI_SCAN_PANELS)
        scan_codes(s, 1, 0, 1, panel, LFMI_SCAN_PANELS);
    for (; panel < s->n_panels; panel++)
        scan_codes(s, 1, 0, 1, panel, 1);
}
