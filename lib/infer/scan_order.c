/* The order in which a scorer's items are scanned: by bias and length. */
#include "infer/scan_order.h"

#include <math.h>

#include "base/sort.h"
#include "infer/keys.h"

static double square(const float *row, int32_t d)
{
    double sum = 0;
    for (int32_t e = 0; e < d; e++)
        sum += (double)row[e] * (double)row[e];
    return sum;
}

/* The length of a usual user's representation. */
static double usual_length(const lfm_scorer *scorer)
{
    enum { MOST_ASKED = 1000 };
    const int32_t n = scorer->spaces[LFM_SPACE_USER].n_rows, step = n / MOST_ASKED + 1;
    double sum = 0;
    int32_t asked = 0;
    for (int64_t user = 0; user < n; user += step, asked++)
        sum += sqrt(square(lfmi_vector(scorer, LFM_SPACE_USER, (int32_t)user), scorer->d));
    return asked > 0 ? sum / asked : 0;
}

lfm_status lfmi_scan_order(lfm_scorer *scorer)
{
    const double usual_cosine = 0.4; /* between a user and the best items, more or less */
    const lfmi_space *items = &scorer->spaces[LFM_SPACE_ITEM];
    LFMI_TRY(LFMI_NEW_ARRAY(scorer->context, items->n_rows, "the order of the items", &scorer->order));
    int64_t *keys;
    LFMI_TRY(LFMI_NEW_ARRAY(scorer->context, items->n_rows, "the order of the items", &keys));
    const double weight = usual_cosine * usual_length(scorer);
    for (int32_t item = 0; item < items->n_rows; item++) {
        const double length = sqrt(square(lfmi_vector(scorer, LFM_SPACE_ITEM, item), scorer->d));
        const double promise = (double)items->biases[item] + weight * length;
        keys[item] = lfmi_key((float)-promise, INT32_MAX - item);
    }
    lfmi_sort_int64(keys, items->n_rows);
    for (int32_t at = 0; at < items->n_rows; at++)
        scorer->order[at] = INT32_MAX - lfmi_key_id(keys[at]);
    LFMI_FREE_ARRAY(scorer->context, keys, items->n_rows);
    return LFM_OK;
}
