/* The kernels of whole steps, on what vector_template.h defines: each element of each row is loaded, updated and
 * stored once, and the same parts of the later step's rows are fetched meanwhile. */

/* The updates of the n <= 16 elements at e. */
INLINE void pair_at(int optimiser, const lfmi_layout *y, const lfmi_rates *r, float *const *rows, float *const *later,
                    V plus, V minus, int32_t e, int32_t n)
{
    const V user = v_load(rows[0] + e), positive = v_load(rows[1] + e);
    const V negative = v_load(rows[2] + e);
    fetch_at(optimiser, y, later[0], e);
    fetch_at(optimiser, y, later[1], e);
    step_at(optimiser, LFMI_PLAIN, y, r, rows[1], e, v_mul(minus, user), n);
    step_at(optimiser, LFMI_PLAIN, y, r, rows[2], e, v_mul(plus, user), n);
    step_at(optimiser, LFMI_PLAIN, y, r, rows[0], e, v_mul(plus, v_sub(negative, positive)), n);
}

INLINE void point_at(int optimiser, const lfmi_layout *y, const lfmi_rates *r, float *const *rows, float *const *later,
                     V plus, int32_t e, int32_t n)
{
    const V user = v_load(rows[0] + e), item = v_load(rows[1] + e);
    fetch_at(optimiser, y, later[0], e);
    step_at(optimiser, LFMI_PLAIN, y, r, rows[1], e, v_mul(plus, user), n);
    step_at(optimiser, LFMI_PLAIN, y, r, rows[0], e, v_mul(plus, item), n);
}

INLINE void pair(int optimiser, const lfmi_layout *y, const lfmi_rates *r, float *const *rows, float *const *later,
                 float g)
{
    const V plus = v_set(g), minus = v_set(-g);
    const lfmi_layout own_layout = *y; /* copies, which no store can change */
    const lfmi_rates own_rates = *r;
    float *const own_rows[] = {rows[0], rows[1], rows[2]}, *const own_later[] = {later[0], later[1]};
    y = &own_layout, r = &own_rates, rows = own_rows, later = own_later;
    const int32_t whole = WHOLE(y->d), part = y->d - whole;
    for (int32_t e = 0; e < whole; e += LFMI_LANES)
        pair_at(optimiser, y, r, rows, later, plus, minus, e, LFMI_LANES);
    if (part > 0)
        pair_at(optimiser, y, r, rows, later, plus, minus, whole, part);
    for (int i = 0; i < LFMI_PAIR - 1; i++)
        __builtin_prefetch(later[i] + y->bias, 1);
    float rate;
    step_bias(optimiser, LFMI_PLAIN, y, r, rows[1], -g, &rate);
    step_bias(optimiser, LFMI_PLAIN, y, r, rows[2], g, &rate);
    step_bias(optimiser, LFMI_PLAIN, y, r, rows[0], g, &rate);
}

INLINE void point(int optimiser, const lfmi_layout *y, const lfmi_rates *r, float *const *rows, float *const *later,
                  float g)
{
    const V plus = v_set(g);
    const lfmi_layout own_layout = *y;
    const lfmi_rates own_rates = *r;
    float *const own_rows[] = {rows[0], rows[1]}, *const own_later[] = {later[0]};
    y = &own_layout, r = &own_rates, rows = own_rows, later = own_later;
    const int32_t whole = WHOLE(y->d), part = y->d - whole;
    for (int32_t e = 0; e < whole; e += LFMI_LANES)
        point_at(optimiser, y, r, rows, later, plus, e, LFMI_LANES);
    if (part > 0)
        point_at(optimiser, y, r, rows, later, plus, whole, part);
    for (int i = 0; i < LFMI_POINT - 1; i++)
        __builtin_prefetch(later[i] + y->bias, 1);
    float rate;
    step_bias(optimiser, LFMI_PLAIN, y, r, rows[1], g, &rate);
    step_bias(optimiser, LFMI_PLAIN, y, r, rows[0], g, &rate);
}

#define STEP(name, kind, optimiser)                                                                              \
    static void name(const lfmi_layout *layout, const lfmi_rates *rates, float *const *rows, float *const *later, \
                     float g)                                                                                    \
    {                                                                                                            \
        kind(optimiser, layout, rates, rows, later, g);                                                          \
    }
STEP(pair_adagrad, pair, LFM_OPTIMISER_ADAGRAD)
STEP(pair_adadelta, pair, LFM_OPTIMISER_ADADELTA)
STEP(point_adagrad, point, LFM_OPTIMISER_ADAGRAD)
STEP(point_adadelta, point, LFM_OPTIMISER_ADADELTA)

