/* The lists asked for: items for users, items like items, items like features. */
#include "lists.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "names.h"

static int resolve(list_kind *kind, const char *option, const char *what, const name_list *names,
                   const lfm_ids *table)
{
    kind->names = names;
    return names_find(&kind->numbers, option, what, names, table);
}

int lists_resolve(lists *all, const arguments *args, const dataset *data)
{
    list_kind *kinds = all->kinds;
    kinds[LIST_RECOMMENDED] = (list_kind){
        .heading = "Recommended for user", .json_name = "recommended", .score_name = "score"};
    kinds[LIST_SIMILAR] =
        (list_kind){.heading = "Similar to item", .json_name = "similar", .score_name = "cosine"};
    kinds[LIST_FEATURE] = (list_kind){
        .heading = "Similar to feature", .json_name = "similar_to_feature", .score_name = "cosine"};
    int code = resolve(&kinds[LIST_RECOMMENDED], "recommend-for", "user", &args->recommend_for,
                       data->users);
    if (code == EXIT_FINE)
        code = resolve(&kinds[LIST_SIMILAR], "similar-to", "item", &args->similar_to, data->items);
    if (code == EXIT_FINE)
        code = resolve(&kinds[LIST_FEATURE], "similar-to-feature", "item feature",
                       &args->similar_to_feature, data->item_side.names);
    return code != EXIT_FINE ? code
                             : names_check_users("recommend-for", &args->recommend_for,
                                                 kinds[LIST_RECOMMENDED].numbers, data);
}

/* Ask for similar items of each name. `shift` is what comes before the names in the query's space. */
static lfm_status fill_similar(list_kind *kind, const lfm_scorer *scorer, int32_t space,
                               int32_t shift, int32_t threads)
{
    lfm_similar_options options;
    lfm_similar_options_init(&options);
    options.threads = threads;
    for (int32_t i = 0; i < kind->names->n; i++)
        kind->numbers[i] += shift;
    return lfm_similar(scorer, space, kind->names->n, kind->numbers, LFM_SPACE_ITEM, kind->length,
                       kind->items, kind->scores, &options);
}

static bool make_room(list_kind *kind, int32_t length)
{
    const size_t n = (size_t)kind->names->n * (size_t)length + 1;
    kind->length = length;
    kind->items = malloc(n * sizeof *kind->items);
    kind->scores = malloc(n * sizeof *kind->scores);
    return kind->items != NULL && kind->scores != NULL;
}

int lists_fill(lists *all, const lfm_model *model, const arguments *args, const dataset *data)
{
    list_kind *recommended = &all->kinds[LIST_RECOMMENDED];
    const int32_t length = args->top < lfm_ids_count(data->items) ? args->top : lfm_ids_count(data->items);
    bool any = false;
    for (int i = 0; i < N_LIST_KINDS; i++) {
        any |= all->kinds[i].names->n > 0;
        if (!make_room(&all->kinds[i], length))
            return fail_memory();
    }
    if (!any)
        return EXIT_FINE;
    lfm_scorer *scorer = NULL;
    const int32_t threads = args->options.train.threads;
    lfm_scorer_options how;
    lfm_scorer_options_init(&how);
    lfm_recommend_options recommend;
    lfm_recommend_options_init(&recommend);
    how.threads = recommend.threads = threads;
    lfm_status status = lfm_scorer_create(model, data->user_side.matrix, data->item_side.matrix, &how, &scorer);
    if (status == LFM_OK && recommended->names->n > 0)
        status = lfm_recommend(scorer, recommended->names->n, recommended->numbers, length,
                               data->train, recommended->items, recommended->scores, &recommend);
    if (status == LFM_OK)
        status = fill_similar(&all->kinds[LIST_SIMILAR], scorer, LFM_SPACE_ITEM, 0, threads);
    if (status == LFM_OK)
        status = fill_similar(&all->kinds[LIST_FEATURE], scorer, LFM_SPACE_ITEM_FEATURE,
                              data->item_side.matrix != NULL ? data->item_side.start : 0, threads);
    const int code = status == LFM_OK ? EXIT_FINE : fail_library();
    lfm_scorer_free(scorer);
    return code;
}

void lists_free(lists *all)
{
    for (int i = 0; i < N_LIST_KINDS; i++) {
        free(all->kinds[i].numbers);
        free(all->kinds[i].items);
        free(all->kinds[i].scores);
    }
    memset(all, 0, sizeof *all);
}
