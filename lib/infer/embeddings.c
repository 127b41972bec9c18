/* Scorers made from embeddings. */
#include "infer/embeddings.h"

#include "base/numeric.h"
#include "base/sized.h"
#include "infer/scorer.h"

LFMI_ASSERT_SIZED(lfm_embeddings, n_components);

static const lfm_embeddings defaults = {.size = sizeof(lfm_embeddings)};

void lfm_embeddings_init_sized(lfm_embeddings *embeddings, size_t size)
{
    lfmi_sized_init(embeddings, size, &defaults, sizeof defaults);
}

static lfm_status check_shape(lfm_embeddings *e, const char *what)
{
    if (e->n_rows < 0 || e->n_components < 1)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "the embeddings of %s: n_rows is %d, must be 0 or more; n_components is "
                                             "%d, must be 1 or more",
                         what, e->n_rows, e->n_components);
    const int64_t packed = (int64_t)e->n_components * (int64_t)sizeof(float);
    if (e->stride == 0)
        e->stride = packed;
    if (e->stride < packed || e->stride % (int64_t)sizeof(float) != 0)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "the embeddings of %s: stride is %lld bytes, must be a multiple of 4 and at "
                                             "least %lld",
                         what, (long long)e->stride, (long long)packed);
    if (e->n_rows > 0 && e->vectors == NULL)
        return lfmi_fail(LFM_ERROR_ARGUMENT, "the embeddings of %s: vectors must not be NULL", what);
    return LFM_OK;
}

lfm_status lfmi_embeddings_read_unchecked(lfm_embeddings *known, const lfm_embeddings *given, const char *what)
{
    *known = defaults;
    LFMI_TRY(lfmi_sized_read(known, sizeof *known, given, "lfm_embeddings"));
    return check_shape(known, what);
}

lfm_status lfmi_embeddings_read(lfm_embeddings *known, const lfm_embeddings *given, const char *what)
{
    LFMI_TRY(lfmi_embeddings_read_unchecked(known, given, what));
    for (int32_t row = 0; row < known->n_rows; row++) {
        const float *vector = lfmi_embeddings_row(known, row);
        for (int32_t e = 0; e < known->n_components; e++) {
            if (!lfmi_is_finite(vector[e]))
                return lfmi_fail(LFM_ERROR_DATA, "the embeddings of %s: row %d, column %d is %g", what, row, e,
                                 (double)vector[e]);
        }
        if (known->biases != NULL && !lfmi_is_finite(known->biases[row]))
            return lfmi_fail(LFM_ERROR_DATA, "the embeddings of %s: the bias of row %d is %g", what, row,
                             (double)known->biases[row]);
    }
    return LFM_OK;
}

lfm_status lfmi_embeddings_check_alike(const lfm_embeddings *users, const lfm_embeddings *items)
{
    if (users->n_components != items->n_components)
        return lfmi_fail(LFM_ERROR_SHAPE, "the embeddings of users have %d components, those of items %d",
                         users->n_components, items->n_components);
    return LFM_OK;
}

static lfm_status copy_rows(lfm_scorer *scorer, int32_t space, const lfm_embeddings *from)
{
    lfmi_space *to = &scorer->spaces[space];
    LFMI_TRY(LFMI_NEW_ZEROED(scorer->context, (int64_t)from->n_rows * scorer->stride, "representations", &to->vectors));
    to->n_rows = from->n_rows;
    LFMI_TRY(LFMI_NEW_ZEROED(scorer->context, from->n_rows, "biases", &to->biases));
    for (int32_t row = 0; row < from->n_rows; row++) {
        memcpy(to->vectors + (int64_t)row * scorer->stride, lfmi_embeddings_row(from, row),
               (size_t)scorer->d * sizeof(float));
        if (from->biases != NULL)
            to->biases[row] = from->biases[row];
    }
    return LFM_OK;
}

lfm_status lfm_scorer_from_embeddings(lfm_context *context, const lfm_embeddings *users, const lfm_embeddings *items,
                                      const lfm_scorer_options *options, lfm_scorer **out)
{
    lfmi_clear_message();
    LFMI_REQUIRE(users);
    LFMI_REQUIRE(items);
    LFMI_REQUIRE(out);
    lfm_scorer_options known;
    LFMI_TRY(lfmi_scorer_options_read(&known, options));
    lfm_embeddings known_users, known_items;
    LFMI_TRY(lfmi_embeddings_read(&known_users, users, "users"));
    LFMI_TRY(lfmi_embeddings_read(&known_items, items, "items"));
    LFMI_TRY(lfmi_embeddings_check_alike(&known_users, &known_items));
    lfm_context *held = lfmi_context_hold(context);
    lfm_scorer *scorer = NULL;
    lfm_status status = lfmi_scorer_new(held, known_items.n_components, &scorer);
    if (status == LFM_OK)
        status = copy_rows(scorer, LFM_SPACE_USER, &known_users);
    if (status == LFM_OK)
        status = copy_rows(scorer, LFM_SPACE_ITEM, &known_items);
    if (status == LFM_OK)
        status = lfmi_scorer_pack(scorer, &known);
    if (status == LFM_OK)
        *out = scorer;
    else
        lfm_scorer_free(scorer);
    lfm_context_free(held);
    return status;
}
