/* A score taken apart into what pairs of features and biases add to it. */
#include "lfm/explain.h"

#include "base/numeric.h"
#include "base/sized.h"
#include "base/sort.h"
#include "infer/scorer.h"

_Static_assert(sizeof(lfm_contribution) == 16, "lfm_contribution has padding");
LFMI_ASSERT_SIZED(lfm_explanation, predicted);

/* The different features of a row, ascending, and what they weigh. */
typedef struct side_row {
    lfmi_feature_row entries;
    int32_t own; /* the one entry of the identity */
    lfmi_cell *cells; /* entries.n: key is the feature, tie the place of its first entry */
    double *weights;  /* of the n different ones */
    int64_t n;
} side_row;

/* The parts kept so far: a heap with the smallest at its root. */
typedef struct part_list {
    lfm_contribution *heap;
    int64_t n, most;
    double score, remainder;
} part_list;

static double magnitude(double x) { return x < 0 ? -x : x; }

/* Whether a comes before b in the list. */
static bool comes_first(const lfm_contribution *a, const lfm_contribution *b)
{
    const double x = magnitude(a->value), y = magnitude(b->value);
    if (x != y)
        return x > y;
    if (a->user_feature != b->user_feature)
        return a->user_feature < b->user_feature;
    return a->item_feature < b->item_feature;
}

static void sink(lfm_contribution *heap, int64_t n, lfm_contribution part)
{
    int64_t at = 0;
    for (int64_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && comes_first(&heap[child], &heap[child + 1]))
            child++;
        if (!comes_first(&part, &heap[child]))
            break;
        heap[at] = heap[child];
    }
    heap[at] = part;
}

static void rise(lfm_contribution *heap, int64_t at, lfm_contribution part)
{
    for (int64_t parent; at > 0; at = parent) {
        parent = (at - 1) / 2;
        if (!comes_first(&heap[parent], &part))
            break;
        heap[at] = heap[parent];
    }
    heap[at] = part;
}

static void add_part(part_list *list, double value, int32_t user_feature, int32_t item_feature)
{
    const lfm_contribution part = {value, user_feature, item_feature};
    list->score += value;
    if (list->n < list->most) {
        rise(list->heap, list->n, part);
        list->n++;
    } else if (comes_first(&part, &list->heap[0])) {
        list->remainder += list->heap[0].value;
        sink(list->heap, list->n, part);
    } else {
        list->remainder += value;
    }
}

/* Empty the heap into the caller's array, from the last place to the first. */
static void write_parts(part_list *list, int32_t k, lfm_contribution *out)
{
    for (int64_t at = list->n; at < k; at++)
        out[at] = (lfm_contribution){0, -1, -1};
    while (list->n > 0) {
        const lfm_contribution smallest = list->heap[0];
        list->n--;
        if (list->n > 0)
            sink(list->heap, list->n, list->heap[list->n]);
        out[list->n] = smallest;
    }
}

/* ---- Rows ---- */

static lfm_status check_side(const lfm_scorer *scorer, int32_t side, const lfm_features *features, int32_t row)
{
    static const char *const names[LFMI_SIDES] = {[LFM_USER] = "user", [LFM_ITEM] = "item"};
    const int32_t n_features = scorer->spaces[LFM_SPACE_USER_FEATURE + side].n_rows;
    if (n_features == 0)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "lfm_explain: the scorer holds no %s features", names[side]);
    const int32_t n_rows = features != NULL ? features->n_rows : n_features;
    if (features != NULL && features->n_features != n_features)
        return lfmi_fail(LFM_ERROR_SHAPE, "lfm_explain: the %s feature matrix has %d features, the scorer %d",
                         names[side], features->n_features, n_features);
    if ((uint32_t)row >= (uint32_t)n_rows)
        return lfmi_fail(LFM_ERROR_DATA, "lfm_explain: %s is %d, outside [0, %d)", names[side], row, n_rows);
    return LFM_OK;
}

/* Sort a row's entries and add up those of the same feature. */
static lfm_status take_row(lfm_context *context, const lfm_features *features, int32_t row, side_row *out)
{
    out->own = row;
    out->entries = features != NULL ? lfmi_features_row(features, row) : (lfmi_feature_row){.columns = &out->own, .n = 1};
    const lfmi_feature_row *entries = &out->entries;
    LFMI_TRY(LFMI_NEW_ARRAY(context, entries->n, "the features of a row", &out->cells));
    LFMI_TRY(LFMI_NEW_ARRAY(context, entries->n, "the weights of a row", &out->weights));
    for (int64_t i = 0; i < entries->n; i++)
        out->cells[i] = (lfmi_cell){entries->columns[i], i};
    lfmi_sort_cells(out->cells, entries->n);
    for (int64_t i = 0; i < entries->n; i++) {
        const double x = entries->values != NULL ? (double)entries->values[out->cells[i].tie] : 1.0;
        if (out->n > 0 && out->cells[out->n - 1].key == out->cells[i].key) {
            out->weights[out->n - 1] += x;
        } else {
            out->cells[out->n] = out->cells[i];
            out->weights[out->n++] = x;
        }
    }
    return LFM_OK;
}

static void free_row(lfm_context *context, side_row *row)
{
    LFMI_FREE_ARRAY(context, row->cells, row->entries.n);
    LFMI_FREE_ARRAY(context, row->weights, row->entries.n);
}

/* ---- The score ---- */

static lfm_status predict(const lfm_scorer *scorer, const side_row *sides, float *score)
{
    const int64_t n = 2 * (int64_t)scorer->stride;
    float *vectors;
    LFMI_TRY(LFMI_NEW_ARRAY(scorer->context, n, "representations", &vectors));
    const float of_user = lfmi_scorer_represent(scorer, LFM_SPACE_USER_FEATURE, &sides[LFM_USER].entries, vectors);
    const float of_item =
        lfmi_scorer_represent(scorer, LFM_SPACE_ITEM_FEATURE, &sides[LFM_ITEM].entries, vectors + scorer->stride);
    *score = scorer->kernels->dot(vectors, vectors + scorer->stride, scorer->d, of_user + of_item);
    LFMI_FREE_ARRAY(scorer->context, vectors, n);
    return LFM_OK;
}

static void add_biases(const lfm_scorer *scorer, const side_row *row, int32_t side, part_list *list)
{
    const float *biases = scorer->spaces[LFM_SPACE_USER_FEATURE + side].biases;
    for (int64_t i = 0; i < row->n; i++) {
        const int32_t feature = (int32_t)row->cells[i].key;
        const double value = row->weights[i] * (double)biases[feature];
        add_part(list, value, side == LFM_USER ? feature : -1, side == LFM_USER ? -1 : feature);
    }
}

static lfm_status add_pairs(const lfm_scorer *scorer, const side_row *sides, const lfm_cancel *cancel,
                            part_list *list)
{
    enum { PAIRS_PER_LOOK = 4096 };
    int64_t n = 0;
    const side_row *users = &sides[LFM_USER], *items = &sides[LFM_ITEM];
    for (int64_t u = 0; u < users->n; u++) {
        const int32_t user_feature = (int32_t)users->cells[u].key;
        const float *from = lfmi_vector(scorer, LFM_SPACE_USER_FEATURE, user_feature);
        for (int64_t i = 0; i < items->n; i++) {
            if (n++ % PAIRS_PER_LOOK == 0)
                LFMI_TRY(lfmi_poll(cancel));
            const int32_t item_feature = (int32_t)items->cells[i].key;
            const float *to = lfmi_vector(scorer, LFM_SPACE_ITEM_FEATURE, item_feature);
            double dot = 0;
            for (int32_t e = 0; e < scorer->d; e++)
                dot += (double)from[e] * (double)to[e];
            add_part(list, users->weights[u] * items->weights[i] * dot, user_feature, item_feature);
        }
    }
    return LFM_OK;
}

static lfm_status take_apart(const lfm_scorer *scorer, const side_row *sides, const lfm_cancel *cancel,
                             part_list *list)
{
    add_biases(scorer, &sides[LFM_USER], LFM_USER, list);
    add_biases(scorer, &sides[LFM_ITEM], LFM_ITEM, list);
    return add_pairs(scorer, sides, cancel, list);
}

static lfm_status explain(const lfm_scorer *scorer, side_row *sides, int32_t k, lfm_contribution *contributions,
                          lfm_explanation *explanation, const lfm_cancel *cancel)
{
    const int64_t n_users = sides[LFM_USER].n, n_items = sides[LFM_ITEM].n;
    const int64_t n_parts = n_users * n_items + n_users + n_items;
    part_list list = {.most = k < n_parts ? k : n_parts};
    lfm_explanation known = {.size = sizeof known, .n_parts = n_parts, .n_listed = (int32_t)list.most};
    LFMI_TRY(LFMI_NEW_ARRAY(scorer->context, list.most, "the largest parts of a score", &list.heap));
    lfm_status status = predict(scorer, sides, &known.predicted);
    if (status == LFM_OK)
        status = take_apart(scorer, sides, cancel, &list);
    known.score = list.score;
    known.remainder = list.remainder;
    if (status == LFM_OK && explanation != NULL)
        status = lfmi_sized_write(explanation, &known, sizeof known, "lfm_explanation");
    if (status == LFM_OK)
        write_parts(&list, k, contributions);
    LFMI_FREE_ARRAY(scorer->context, list.heap, known.n_listed);
    return status;
}

lfm_status lfm_explain(const lfm_scorer *scorer, const lfm_features *user_features,
                       const lfm_features *item_features, int32_t user, int32_t item, int32_t k,
                       lfm_contribution *contributions, lfm_explanation *explanation,
                       const lfm_infer_options *options)
{
    lfmi_clear_message();
    LFMI_REQUIRE(scorer);
    LFMI_REQUIRE(contributions);
    if (k < 1)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "lfm_explain: k is %d, must be 1 or more", k);
    lfm_infer_options known;
    LFMI_TRY(lfmi_infer_options_read(&known, options));
    LFMI_TRY(check_side(scorer, LFM_USER, user_features, user));
    LFMI_TRY(check_side(scorer, LFM_ITEM, item_features, item));
    fenv_t environment;
    lfmi_float_enter(&environment);
    side_row sides[LFMI_SIDES] = {{.n = 0}, {.n = 0}};
    lfm_status status = take_row(scorer->context, user_features, user, &sides[LFM_USER]);
    if (status == LFM_OK)
        status = take_row(scorer->context, item_features, item, &sides[LFM_ITEM]);
    if (status == LFM_OK)
        status = explain(scorer, sides, k, contributions, explanation, known.cancel);
    free_row(scorer->context, &sides[LFM_USER]);
    free_row(scorer->context, &sides[LFM_ITEM]);
    lfmi_float_leave(&environment);
    return status;
}
