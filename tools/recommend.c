/* lfm recommend: train on files, list items for users. */
#include <stdlib.h>
#include <string.h>

#include "answering.h"
#include "answers.h"
#include "common.h"
#include "interrupt.h"
#include "item_file.h"
#include "names.h"
#include "session.h"

/* Lists are made and written for so many users at a time. */
enum { USERS_AT_ONCE = 1024 };

typedef struct recommend_work {
    int32_t *users; /* numbers */
    int32_t n_users;
    lfm_interactions *left_out; /* not to be listed; NULL: nothing */
    item_list candidates, excluded;
} recommend_work;

static int find_users(recommend_work *work, const session *s)
{
    const name_list *asked = &s->args->recommend_for;
    work->n_users = asked->n > 0 ? asked->n : lfm_ids_count(s->data.users);
    if (asked->n > 0) {
        const int code = names_find(&work->users, "for", "user", asked, s->data.users);
        return code != EXIT_FINE ? code : names_check_users("for", asked, work->users, &s->data);
    }
    work->users = malloc(((size_t)work->n_users + 1) * sizeof *work->users);
    if (work->users == NULL)
        return fail_memory();
    for (int32_t u = 0; u < work->n_users; u++)
        work->users[u] = u;
    return EXIT_FINE;
}

static int make_left_out(recommend_work *work, session *s)
{
    const dataset *data = &s->data;
    const int64_t n = s->args->seen ? 0 : lfm_interactions_n_entries(data->train);
    const int32_t *users = lfm_interactions_users(data->train);
    const int32_t *items = lfm_interactions_items(data->train);
    pairs all = {.n = 0};
    bool enough_memory = true;
    for (int64_t e = 0; e < n && enough_memory; e++)
        enough_memory = pairs_append(&all, users[e], items[e], 1);
    int code = enough_memory ? dataset_read_known(&all, s->args->exclude, s->args, &s->data, &s->shown)
                             : fail_memory();
    if (code == EXIT_FINE)
        code = dataset_make_known(&all, data, s->context, &work->left_out);
    pairs_free(&all);
    return code;
}

static int prepare(session *s, void *own)
{
    recommend_work *work = own;
    int code = find_users(work, s);
    if (code == EXIT_FINE)
        code = item_file_read(&work->candidates, s->args->candidates, s->args, &s->data, &s->shown);
    if (code == EXIT_FINE && s->args->candidates != NULL && work->candidates.n == 0)
        code = fail("%s: none of its items is in the data", s->args->candidates);
    if (code == EXIT_FINE)
        code = item_file_read(&work->excluded, s->args->exclude_items, s->args, &s->data, &s->shown);
    if (code != EXIT_FINE)
        return code;
    if (s->args->exclude != NULL)
        return make_left_out(work, s);
    if (!s->args->seen)
        work->left_out = lfm_interactions_ref(s->data.train);
    return EXIT_FINE;
}

/* A block of users: list, then write. */
static int list_block(const recommend_work *work, const session *s, const lfm_scorer *scorer,
                      const list_style *style, int32_t first, int32_t k, int32_t *items, float *scores,
                      answer_entry *entries, answers *to)
{
    const int32_t left = work->n_users - first, n = left < USERS_AT_ONCE ? left : USERS_AT_ONCE;
    lfm_recommend_options options;
    lfm_recommend_options_init(&options);
    options.threads = s->args->options.train.threads;
    options.cancel = interrupt_flag();
    options.candidates = work->candidates.numbers;
    options.n_candidates = work->candidates.n;
    options.exclude_items = work->excluded.numbers;
    options.n_exclude_items = work->excluded.n;
    const lfm_status status = lfm_recommend(scorer, n, work->users + first, k, work->left_out, items,
                                            scores, &options);
    if (status != LFM_OK)
        return status == LFM_ERROR_CANCELLED ? EXIT_INTERRUPTED : fail_library();
    for (int32_t u = 0; u < n; u++) {
        const int32_t *list = items + (int64_t)u * k;
        int32_t length = 0;
        for (; length < k && list[length] >= 0; length++)
            entries[length] = (answer_entry){lfm_ids_text(s->data.items, list[length], NULL),
                                             titles_of(&s->names, list[length]),
                                             (double)scores[(int64_t)u * k + length]};
        answers_list(to, style, lfm_ids_text(s->data.users, work->users[first + u], NULL), entries, length);
    }
    return answers_flush(to) ? EXIT_FINE : EXIT_FAILED;
}

static int list_all(const recommend_work *work, const session *s, const lfm_scorer *scorer, answers *to)
{
    const list_style style = {"Recommended for user", "user", "items", "item", "score",
                              s->args->titles != NULL};
    const int32_t k = s->args->k < lfm_ids_count(s->data.items) ? s->args->k : lfm_ids_count(s->data.items);
    const size_t room = (size_t)USERS_AT_ONCE * (size_t)k;
    int32_t *items = malloc(room * sizeof *items);
    float *scores = malloc(room * sizeof *scores);
    answer_entry *entries = malloc((size_t)k * sizeof *entries);
    int code = items != NULL && scores != NULL && entries != NULL ? EXIT_FINE : fail_memory();
    answers_begin_lists(to, &style);
    for (int32_t first = 0; first < work->n_users && code == EXIT_FINE; first += USERS_AT_ONCE)
        code = list_block(work, s, scorer, &style, first, k, items, scores, entries, to);
    free(items);
    free(scores);
    free(entries);
    return code;
}

static int answer(session *s, void *own)
{
    lfm_scorer *scorer = NULL;
    int code = session_train(s, &scorer);
    if (code != EXIT_FINE)
        return code;
    answers to;
    code = answers_open(&to, s->args, &s->data);
    if (code == EXIT_FINE)
        code = list_all(own, s, scorer, &to);
    lfm_scorer_free(scorer);
    const int written = answers_close(&to);
    return code != EXIT_FINE ? code : written;
}

int recommend_main(int argc, char **argv)
{
    static const command_work recommend = {"recommend", COMMAND_RECOMMEND, prepare, answer};
    recommend_work work = {.users = NULL};
    const int code = session_main(&recommend, &work, argc, argv);
    lfm_interactions_free(work.left_out);
    item_list_free(&work.candidates);
    item_list_free(&work.excluded);
    free(work.users);
    return code;
}
