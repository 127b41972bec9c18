/* Setting up the draws of negatives. */
#include "train/sampler.h"

#include "base/numeric.h"

/* Fill the alias table from weights whose sum is n (Vose 1991). stack has room for n items. */
static void fill_alias(lfmi_alias *table, double *weight, int32_t *stack, int32_t n)
{
    const double whole = 4294967296.0;
    int32_t n_small = 0, n_large = 0; /* small from the bottom of the stack, large from its top */
    for (int32_t i = 0; i < n; i++) {
        if (weight[i] < 1.0)
            stack[n_small++] = i;
        else
            stack[n - ++n_large] = i;
    }
    while (n_small > 0 && n_large > 0) {
        const int32_t small = stack[--n_small], large = stack[n - n_large];
        table[small] = (lfmi_alias){(uint32_t)(weight[small] * whole), large};
        weight[large] -= 1.0 - weight[small];
        if (weight[large] < 1.0) {
            n_large--;
            stack[n_small++] = large;
        }
    }
    /* What is left is 1 up to rounding: keep it always, by being its own alias. */
    for (int32_t i = 0; i < n_small; i++)
        table[stack[i]] = (lfmi_alias){UINT32_MAX, stack[i]};
    for (int32_t i = 0; i < n_large; i++)
        table[stack[n - 1 - i]] = (lfmi_alias){UINT32_MAX, stack[n - 1 - i]};
}

static lfm_status new_alias(const lfm_interactions *m, double power, lfmi_sampler *sampler)
{
    const int32_t n = sampler->n_items;
    double *weight = NULL;
    int32_t *stack = NULL;
    lfm_status status = LFMI_NEW_ZEROED(m->context, n, "popularity", &weight);
    if (status == LFM_OK)
        status = LFMI_NEW_ARRAY(m->context, n, "popularity", &stack);
    if (status == LFM_OK)
        status = LFMI_NEW_ARRAY(m->context, n, "the table negatives are drawn from", &sampler->table);
    if (status == LFM_OK) {
        double sum = 0;
        for (int64_t entry = 0; entry < m->n_entries; entry++)
            weight[lfmi_items(m)[entry]] += 1.0;
        for (int32_t i = 0; i < n; i++) {
            weight[i] = weight[i] > 0 ? lfmi_exp(power * lfmi_log(weight[i])) : 0;
            sum += weight[i];
        }
        for (int32_t i = 0; i < n; i++)
            weight[i] *= n / sum;
        fill_alias(sampler->table, weight, stack, n);
    }
    LFMI_FREE_ARRAY(m->context, weight, n);
    LFMI_FREE_ARRAY(m->context, stack, n);
    return status;
}

lfm_status lfmi_sampler_new(const lfm_interactions *m, int32_t n_items, double power, lfmi_sampler *sampler)
{
    *sampler = (lfmi_sampler){.n_items = n_items};
    return power == 0 || m->n_entries == 0 ? LFM_OK : new_alias(m, power, sampler);
}

void lfmi_sampler_free(lfm_context *context, lfmi_sampler *sampler)
{
    LFMI_FREE_ARRAY(context, sampler->table, sampler->n_items);
    *sampler = (lfmi_sampler){0};
}
