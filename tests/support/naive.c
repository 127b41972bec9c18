/* The model's mathematics, spelled out. */
#include "naive.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"

static double *copy_array(const lfm_model *model, int32_t side, int32_t array)
{
    int64_t n;
    float *values = model_copy(model, side, array, &n);
    double *copy = take((size_t)n, sizeof *copy);
    for (int64_t i = 0; i < n; i++)
        copy[i] = (double)values[i];
    free(values);
    return copy;
}

naive_model *naive_from(const lfm_model *model, const lfm_features *user_features,
                        const lfm_features *item_features, const lfm_train_options *options)
{
    naive_model *naive = take(1, sizeof *naive);
    lfm_model_options own = {.size = sizeof own};
    (void)lfm_model_get_options(model, &own);
    naive->d = lfm_model_components(model);
    naive->optimiser = own.optimiser;
    naive->regularisation = options->regularisation;
    naive->eta = options->learning_rate;
    naive->rho = options->rho;
    naive->epsilon = options->epsilon;
    for (int32_t s = LFM_USER; s <= LFM_ITEM; s++) {
        naive_side *side = &naive->side[s];
        side->n_features = lfm_model_n_features(model, s);
        for (int32_t part = 0; part < 2; part++) {
            side->theta[part] = copy_array(model, s, LFM_EMBEDDINGS + part);
            side->g[part] = copy_array(model, s, LFM_EMBEDDING_GRADIENTS + part);
            side->m[part] = copy_array(model, s, LFM_EMBEDDING_MOMENTUM + part);
        }
        if (own.optimiser == LFM_OPTIMISER_ADAGRAD_ROWWISE) {
            side->row_g = side->g[0];
            side->g[0] = NULL;
        }
        side->alpha = s == LFM_USER ? options->user_alpha : options->item_alpha;
        side->scale = 1;
        side->features = s == LFM_USER ? user_features : item_features;
    }
    return naive;
}

void naive_free(naive_model *naive)
{
    for (int32_t s = LFM_USER; s <= LFM_ITEM; s++) {
        for (int32_t part = 0; part < 2; part++) {
            free(naive->side[s].theta[part]);
            free(naive->side[s].g[part]);
            free(naive->side[s].m[part]);
        }
        free(naive->side[s].row_g);
    }
    free(naive);
}

/* A row's features, the identity included. */
static int64_t features_of(const naive_side *side, const int32_t *row, const int32_t **columns,
                           const float **values)
{
    *columns = row;
    *values = NULL;
    return side->features != NULL ? lfm_features_row(side->features, *row, columns, values) : 1;
}

void naive_represent(const naive_model *naive, int32_t s, int32_t row, double *vector, double *bias)
{
    const naive_side *side = &naive->side[s];
    const int32_t *columns;
    const float *values;
    const int64_t n = features_of(side, &row, &columns, &values);
    for (int32_t e = 0; e < naive->d; e++)
        vector[e] = 0;
    *bias = 0;
    for (int64_t i = 0; i < n; i++) {
        const double x = values != NULL ? (double)values[i] : 1.0;
        for (int32_t e = 0; e < naive->d; e++)
            vector[e] += side->scale * x * side->theta[0][(int64_t)columns[i] * naive->d + e];
        *bias += side->scale * x * side->theta[1][columns[i]];
    }
}

double naive_score(const naive_model *naive, int32_t user, int32_t item)
{
    double *p = take((size_t)naive->d * 2, sizeof *p), *q = p + naive->d, b_u, b_i, score = 0;
    naive_represent(naive, LFM_USER, user, p, &b_u);
    naive_represent(naive, LFM_ITEM, item, q, &b_i);
    for (int32_t e = 0; e < naive->d; e++)
        score += p[e] * q[e];
    free(p);
    return score + b_u + b_i;
}

/* The step of one number; returns its local rate. */
static double step_element(const naive_model *naive, double alpha, double h, double *theta, double *g,
                           double *m)
{
    double rate;
    if (naive->regularisation == LFM_REGULARISATION_L2)
        h += alpha * *theta;
    if (naive->optimiser == LFM_OPTIMISER_ADADELTA) {
        *g = naive->rho * *g + (1 - naive->rho) * h * h;
        rate = sqrt(*m + naive->epsilon) / sqrt(*g + naive->epsilon);
        *m = naive->rho * *m + (1 - naive->rho) * (rate * h) * (rate * h);
        *theta -= rate * h;
    } else {
        rate = naive->eta / sqrt(*g);
        *theta -= rate * h;
        *g += h * h;
    }
    if (naive->regularisation == LFM_REGULARISATION_LIGHTFM)
        *theta *= 1 + alpha * rate;
    return rate;
}

/* An embedding with one G for its row. */
static double step_row(const naive_model *naive, naive_side *side, int32_t feature,
                       const double *gradient, double x)
{
    double *theta = side->theta[0] + (int64_t)feature * naive->d, *g = &side->row_g[feature];
    const double rate = naive->eta / sqrt(*g);
    double squares = 0;
    for (int32_t e = 0; e < naive->d; e++) {
        double h = x * gradient[e];
        if (naive->regularisation == LFM_REGULARISATION_L2)
            h += side->alpha * theta[e];
        squares += h * h;
        theta[e] -= rate * h;
        if (naive->regularisation == LFM_REGULARISATION_LIGHTFM)
            theta[e] *= 1 + side->alpha * rate;
    }
    *g += squares / naive->d;
    return rate * naive->d;
}

/* Update all features of a row; adds up rates and counts elements. */
static void update_row(naive_model *naive, int32_t s, int32_t row, const double *gradient,
                       double bias_gradient, double *rates, double *n_elements)
{
    naive_side *side = &naive->side[s];
    const int32_t *columns;
    const float *values;
    const int64_t n = features_of(side, &row, &columns, &values);
    for (int64_t i = 0; i < n; i++) {
        const int32_t feature = columns[i];
        const double x = values != NULL ? (double)values[i] : 1.0;
        if (side->row_g != NULL) {
            *rates += step_row(naive, side, feature, gradient, x);
        } else {
            for (int32_t e = 0; e < naive->d; e++) {
                const int64_t at = (int64_t)feature * naive->d + e;
                *rates += step_element(naive, side->alpha, x * gradient[e], &side->theta[0][at],
                                       &side->g[0][at], &side->m[0][at]);
            }
        }
        *rates += step_element(naive, side->alpha, x * bias_gradient, &side->theta[1][feature],
                               &side->g[1][feature], &side->m[1][feature]);
        *n_elements += naive->d + 1;
    }
}

static void divide_by_scale(naive_model *naive, naive_side *side)
{
    for (int64_t i = 0; i < (int64_t)side->n_features * naive->d; i++)
        side->theta[0][i] /= side->scale;
    for (int32_t i = 0; i < side->n_features; i++)
        side->theta[1][i] /= side->scale;
    side->scale = 1;
}

static void grow_scales(naive_model *naive, double rates, double n)
{
    if (naive->regularisation != LFM_REGULARISATION_LIGHTFM || n == 0)
        return;
    for (int32_t s = 0; s < 2; s++) {
        naive_side *side = &naive->side[s];
        side->scale *= 1 + side->alpha * (rates / n);
        if (side->scale > 1e6)
            divide_by_scale(naive, side);
    }
}

void naive_end_epoch(naive_model *naive)
{
    for (int32_t s = 0; s < 2; s++) {
        if (naive->side[s].scale != 1)
            divide_by_scale(naive, &naive->side[s]);
    }
}

void naive_logistic(naive_model *naive, int32_t user, int32_t item, double y, double weight)
{
    const int32_t d = naive->d;
    double *p = take((size_t)d * 2, sizeof *p), *q = p + d, b, rates = 0, n = 0;
    const double g = weight * (1 / (1 + exp(-naive_score(naive, user, item))) - y);
    naive_represent(naive, LFM_USER, user, p, &b);
    naive_represent(naive, LFM_ITEM, item, q, &b);
    for (int32_t e = 0; e < d; e++) {
        p[e] *= g;
        q[e] *= g;
    }
    update_row(naive, LFM_ITEM, item, p, g, &rates, &n);
    update_row(naive, LFM_USER, user, q, g, &rates, &n);
    grow_scales(naive, rates, n);
    free(p);
}

void naive_pairwise(naive_model *naive, int32_t user, int32_t positive, int32_t negative, double g)
{
    const int32_t d = naive->d;
    double *p = take((size_t)d * 4, sizeof *p), *q_i = p + d, *q_j = q_i + d, *h = q_j + d;
    double b, rates = 0, n = 0;
    naive_represent(naive, LFM_USER, user, p, &b);
    naive_represent(naive, LFM_ITEM, positive, q_i, &b);
    naive_represent(naive, LFM_ITEM, negative, q_j, &b);
    for (int32_t e = 0; e < d; e++)
        h[e] = -g * p[e];
    update_row(naive, LFM_ITEM, positive, h, -g, &rates, &n);
    for (int32_t e = 0; e < d; e++)
        h[e] = g * p[e];
    update_row(naive, LFM_ITEM, negative, h, g, &rates, &n);
    for (int32_t e = 0; e < d; e++)
        h[e] = g * (q_j[e] - q_i[e]);
    update_row(naive, LFM_USER, user, h, g, &rates, &n);
    grow_scales(naive, rates, n);
    free(p);
}

void naive_bpr(naive_model *naive, int32_t user, int32_t positive, int32_t negative, double weight)
{
    const double margin = naive_score(naive, user, positive) - naive_score(naive, user, negative);
    naive_pairwise(naive, user, positive, negative, weight * (1 - 1 / (1 + exp(-margin))));
}

static double array_distance(const lfm_model *model, int32_t side, int32_t array, const double *naive)
{
    int64_t n;
    float *ours = model_copy(model, side, array, &n);
    double largest = 0;
    for (int64_t i = 0; i < n; i++) {
        const double off = fabs((double)ours[i] - naive[i]) / (1e-2 + fabs(naive[i]));
        largest = off > largest || !(off == off) ? off : largest;
    }
    free(ours);
    return largest;
}

double naive_distance(const naive_model *naive, const lfm_model *model)
{
    double largest = 0;
    for (int32_t s = 0; s < 2; s++) {
        const naive_side *side = &naive->side[s];
        const double *arrays[] = {side->theta[0],
                                  side->theta[1],
                                  side->row_g != NULL ? side->row_g : side->g[0],
                                  side->g[1],
                                  side->m[0],
                                  side->m[1]};
        for (int32_t array = LFM_EMBEDDINGS; array <= LFM_BIAS_MOMENTUM; array++) {
            const double off = array_distance(model, s, array, arrays[array]);
            largest = off > largest || !(off == off) ? off : largest;
        }
    }
    return largest;
}
