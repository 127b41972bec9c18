/* lfm explain: train on files, take scores apart. */
#include <stdlib.h>

#include "answering.h"
#include "answers.h"
#include "common.h"
#include "interrupt.h"
#include "json_values.h"
#include "names.h"
#include "session.h"

typedef struct explain_work {
    int32_t *users, *items;
    lfm_contribution *parts; /* k */
} explain_work;

/* A score of a user and an item, with the largest of its parts. */
typedef struct explained {
    const dataset *data;
    const char *user, *item, *title;
    lfm_explanation sum;
    const lfm_contribution *parts;
} explained;

static int prepare(session *s, void *own)
{
    explain_work *work = own;
    const name_list *users = &s->args->asked[LFM_SPACE_USER];
    int code = names_find(&work->users, "user", "user", users, s->data.users);
    if (code == EXIT_FINE)
        code = names_check_users("user", users, work->users, &s->data);
    if (code == EXIT_FINE)
        code = names_find(&work->items, "item", "item", &s->args->asked[LFM_SPACE_ITEM], s->data.items);
    work->parts = malloc((size_t)s->args->k * sizeof *work->parts);
    return code == EXIT_FINE && work->parts == NULL ? fail_memory() : code;
}

/* What a side of a part is called; NULL: it is the other side's bias. An indicator is its user or item
 * itself. */
static const char *side_name(const explained *e, int32_t space, int32_t feature, bool *itself)
{
    *itself = false;
    return feature < 0 ? NULL : space_row_name(e->data, space, feature, itself);
}

static void text_side(FILE *text, const char *name, bool itself)
{
    fprintf(text, itself ? "(%s)" : "%s", name);
}

static void tell(FILE *text, const explained *e)
{
    fprintf(text, "\nScore of user %s and item %s%s%s: %.5f\n", e->user, e->item,
            e->title != NULL ? "  " : "", e->title != NULL ? e->title : "", e->sum.score);
    for (int32_t i = 0; i < e->sum.n_listed; i++) {
        const lfm_contribution *part = &e->parts[i];
        bool user_itself, item_itself;
        const char *user = side_name(e, LFM_SPACE_USER_FEATURE, part->user_feature, &user_itself);
        const char *item = side_name(e, LFM_SPACE_ITEM_FEATURE, part->item_feature, &item_itself);
        fprintf(text, "%10.5f  ", part->value);
        if (user != NULL)
            text_side(text, user, user_itself);
        fputs(user == NULL || item == NULL ? (user == NULL ? "bias of " : ": bias") : " x ", text);
        if (item != NULL)
            text_side(text, item, item_itself);
        fputc('\n', text);
    }
    if (e->sum.n_listed < e->sum.n_parts)
        fprintf(text, "%10.5f  the other %lld parts\n", e->sum.remainder,
                (long long)(e->sum.n_parts - e->sum.n_listed));
}

static void csv_row(FILE *csv, const explained *e, const char *part, const char *user, const char *item,
                    double value)
{
    csv_text(csv, "", e->user);
    csv_text(csv, ",", e->item);
    csv_text(csv, ",", part);
    csv_text(csv, ",", user != NULL ? user : "");
    csv_text(csv, ",", item != NULL ? item : "");
    fprintf(csv, ",%.15g\n", value);
}

static void csv_rows(FILE *csv, const explained *e)
{
    csv_row(csv, e, "score", NULL, NULL, e->sum.score);
    for (int32_t i = 0; i < e->sum.n_listed; i++) {
        const lfm_contribution *part = &e->parts[i];
        bool itself;
        const char *user = side_name(e, LFM_SPACE_USER_FEATURE, part->user_feature, &itself);
        const char *item = side_name(e, LFM_SPACE_ITEM_FEATURE, part->item_feature, &itself);
        csv_row(csv, e, user == NULL || item == NULL ? "bias" : "pair", user, item, part->value);
    }
    csv_row(csv, e, "rest", NULL, NULL, e->sum.remainder);
}

/* An indicator stands under "user" or "item", a named feature under "user_feature" or "item_feature". */
static bool put_side(json_t *entry, const explained *e, int32_t space, int32_t feature)
{
    bool itself;
    const char *name = side_name(e, space, feature, &itself);
    const bool of_user = space == LFM_SPACE_USER_FEATURE;
    const char *key = itself ? (of_user ? "user" : "item") : (of_user ? "user_feature" : "item_feature");
    return name == NULL || json_put(entry, key, json_text(name));
}

static bool json_score(FILE *json, const explained *e)
{
    json_t *line = json_object(), *parts = json_array();
    bool good = line != NULL && json_put(line, "user", json_text(e->user)) &&
                json_put(line, "item", json_text(e->item)) &&
                (e->title == NULL || json_put(line, "title", json_text(e->title))) &&
                json_put(line, "score", json_real(e->sum.score));
    for (int32_t i = 0; i < e->sum.n_listed && good; i++) {
        json_t *entry = json_object();
        good = entry != NULL &&
               put_side(entry, e, LFM_SPACE_USER_FEATURE, e->parts[i].user_feature) &&
               put_side(entry, e, LFM_SPACE_ITEM_FEATURE, e->parts[i].item_feature) &&
               json_put(entry, "value", json_real(e->parts[i].value));
        good = json_array_append_new(parts, entry) == 0 && good;
    }
    good = json_put(line, "parts", parts) && good;
    good = good && json_put(line, "rest", json_real(e->sum.remainder)) &&
           json_put_count(line, "n_parts", e->sum.n_parts);
    return json_write_line(json, line, good);
}

static int explain_one(const explain_work *work, const session *s, const lfm_scorer *scorer, int32_t u,
                       int32_t i, answers *to)
{
    explained e = {.data = &s->data,
                   .user = lfm_ids_text(s->data.users, work->users[u], NULL),
                   .item = lfm_ids_text(s->data.items, work->items[i], NULL),
                   .title = titles_of(&s->names, work->items[i]),
                   .sum = {.size = sizeof e.sum},
                   .parts = work->parts};
    lfm_infer_options options;
    lfm_infer_options_init(&options);
    options.cancel = interrupt_flag();
    const lfm_status status =
        lfm_explain(scorer, s->data.user_side.matrix, s->data.item_side.matrix, work->users[u],
                    work->items[i], s->args->k, work->parts, &e.sum, &options);
    if (status != LFM_OK)
        return status == LFM_ERROR_CANCELLED ? EXIT_INTERRUPTED : fail_library();
    if (to->text.file != NULL)
        tell(to->text.file, &e);
    if (to->csv.file != NULL)
        csv_rows(to->csv.file, &e);
    if (to->json.file != NULL && !json_score(to->json.file, &e))
        return fail_memory();
    return answers_flush(to) ? EXIT_FINE : EXIT_FAILED;
}

static int answer(session *s, void *own)
{
    const explain_work *work = own;
    const int32_t n_users = s->args->asked[LFM_SPACE_USER].n, n_items = s->args->asked[LFM_SPACE_ITEM].n;
    lfm_scorer *scorer = NULL;
    int code = session_train(s, &scorer);
    if (code != EXIT_FINE)
        return code;
    answers to;
    code = answers_open(&to, s->args, &s->data);
    if (code == EXIT_FINE && to.csv.file != NULL)
        fputs("user,item,part,user_feature,item_feature,value\n", to.csv.file);
    for (int32_t u = 0; u < n_users && code == EXIT_FINE; u++) {
        for (int32_t i = 0; i < n_items && code == EXIT_FINE; i++)
            code = explain_one(work, s, scorer, u, i, &to);
    }
    lfm_scorer_free(scorer);
    const int written = answers_close(&to);
    return code != EXIT_FINE ? code : written;
}

int explain_main(int argc, char **argv)
{
    static const command_work explain = {"explain", COMMAND_EXPLAIN, prepare, answer};
    explain_work work = {.users = NULL};
    const int code = session_main(&explain, &work, argc, argv);
    free(work.users);
    free(work.items);
    free(work.parts);
    return code;
}
