/* Opening a model file and making it ready for its first request. */
#include "serving.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Answer once, so that no request has to: it makes the index of what users have seen, which the library
 * otherwise makes when first asked, finds out whether that fits the model, and reads the items into memory. */
static lfm_status warm_up(const serving *s)
{
    if (lfm_scorer_n_rows(s->scorer, LFM_SPACE_USER) == 0)
        return LFM_OK;
    const int32_t first = 0;
    int32_t item;
    lfm_status status = lfm_recommend(s->scorer, 1, &first, 1, s->seen, &item, NULL, NULL);
    if (status == LFM_OK)
        status = lfm_similar(s->scorer, LFM_SPACE_ITEM, 1, &first, LFM_SPACE_ITEM, 1, &item, NULL, NULL);
    return status;
}

static lfm_status fill(serving *s, lfm_file *file)
{
    /* Without options an inference file is used as it lies. */
    lfm_status status = lfm_file_scorer(file, NULL, &s->scorer);
    if (status == LFM_OK)
        status = lfm_file_seen(file, &s->seen);
    if (status == LFM_OK)
        status = names_load(&s->users, file, LFM_SPACE_USER, lfm_scorer_n_rows(s->scorer, LFM_SPACE_USER));
    if (status == LFM_OK)
        status = names_load(&s->items, file, LFM_SPACE_ITEM, lfm_scorer_n_rows(s->scorer, LFM_SPACE_ITEM));
    return status;
}

serving *serving_load(lfm_context *context, const char *path, bool check, const lfm_cancel *cancel, char *why,
                      size_t why_size)
{
    serving *s = calloc(1, sizeof *s);
    if (s == NULL) {
        snprintf(why, why_size, "no memory");
        return NULL;
    }
    lfm_file_options options;
    lfm_file_options_init(&options);
    options.check = check;
    options.cancel = cancel;
    lfm_file *file = NULL;
    lfm_status status = lfm_file_open(context, path, &options, &file);
    if (status == LFM_OK)
        status = fill(s, file);
    lfm_file_free(file);
    const char *reason = NULL;
    if (status == LFM_OK && s->items.n_rows == 0)
        reason = "it has no items";
    else if (status == LFM_OK && names_count(&s->items) < s->items.n_rows)
        reason = "some of its items have no names";
    else if (status == LFM_OK)
        status = warm_up(s);
    if (status == LFM_OK && reason == NULL)
        return s;
    if (reason != NULL)
        snprintf(why, why_size, "%s: %s", path, reason);
    else
        snprintf(why, why_size, "%s", lfm_last_message());
    serving_free(s);
    return NULL;
}

void serving_free(serving *s)
{
    if (s == NULL)
        return;
    lfm_scorer_free(s->scorer);
    lfm_interactions_free(s->seen);
    names_free(&s->users);
    names_free(&s->items);
    free(s);
}
