/* The kernels of whole steps, on what vector_template.h defines: each element of each row is loaded, updated and
 * stored once, and the same parts of the later step's rows are fetched meanwhile. */

/* Four numbers beside each other, which processors of all makes have an instruction for. */
typedef float quad __attribute__((vector_size(16)));
typedef int32_t quad_bits __attribute__((vector_size(16)));

/* The biases of at most four rows at once: as lfmi_step_adagrad(). */
INLINE void step_biases(int optimiser, const lfmi_layout *y, const lfmi_rates *r, float *const *rows, int n, quad h)
{
    if (optimiser == LFM_OPTIMISER_ADADELTA) {
        for (int i = 0; i < n; i++) {
            float rate;
            step_bias(optimiser, LFMI_PLAIN, y, r, rows[i], h[i], &rate);
        }
        return;
    }
    quad theta = {0}, g = {1, 1, 1, 1}, over;
    quad_bits bits;
#pragma GCC unroll 4
    for (int i = 0; i < n; i++) { /* unrolled, lest they go through memory */
        theta[i] = rows[i][y->bias];
        g[i] = rows[i][y->bias_g];
    }
    memcpy(&bits, &g, sizeof bits);
    bits = LFMI_SQRT_MAGIC - (bits >> 1);
    memcpy(&over, &bits, sizeof over);
    over = over * (LFMI_SQRT_FIRST - LFMI_SQRT_FIRST_X * g * over * over);
    over = over * (LFMI_SQRT_SECOND * r->eta - LFMI_SQRT_SECOND_X * r->eta * g * over * over);
    theta -= over * h;
    g += h * h;
#pragma GCC unroll 4
    for (int i = 0; i < n; i++) {
        rows[i][y->bias] = theta[i];
        rows[i][y->bias_g] = g[i];
    }
}

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
        lfmi_prefetch_to_write(later[i] + y->bias);
    step_biases(optimiser, y, r, (float *const[]){rows[0], rows[2], rows[1]}, LFMI_PAIR, (quad){g, g, -g});
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
        lfmi_prefetch_to_write(later[i] + y->bias);
    step_biases(optimiser, y, r, rows, LFMI_POINT, (quad){g, g});
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

