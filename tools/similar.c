/* lfm similar: train on files, list what is alike. */
#include <stdlib.h>

#include "answering.h"
#include "answers.h"
#include "common.h"
#include "interrupt.h"
#include "names.h"
#include "session.h"

enum { QUERIES_AT_ONCE = 1024 };

typedef struct similar_work {
    int32_t from, to; /* LFM_SPACE_... */
    int32_t *queries; /* rows of `from` */
    int32_t n;
} similar_work;

static int prepare(session *s, void *own)
{
    similar_work *work = own;
    const arguments *args = s->args;
    work->from = args->all_of;
    for (int32_t space = 0; space < N_SPACE_NAMES; space++) {
        if (args->asked[space].n > 0)
            work->from = space;
    }
    const bool of_items = work->from == LFM_SPACE_ITEM || work->from == LFM_SPACE_ITEM_FEATURE;
    work->to = args->to >= 0 ? args->to : (of_items ? LFM_SPACE_ITEM : LFM_SPACE_USER);

    const lfm_ids *table = space_names_of(&s->data, work->from);
    const int32_t both[] = {work->from, work->to};
    for (int i = 0; i < 2; i++) {
        if (args->model != NULL && both[i] >= LFM_SPACE_USER_FEATURE &&
            lfm_ids_count(space_names_of(&s->data, both[i])) == 0)
            return fail("%s has no %ss", args->model, space_names[both[i]]);
    }
    const name_list *asked = &args->asked[work->from];
    const int32_t shift = space_indicators(&s->data, work->from);
    work->n = args->all_of >= 0 ? lfm_ids_count(table) : asked->n;
    if (args->all_of < 0) {
        const char *name = space_names[work->from];
        const int code = names_find(&work->queries, name, name, asked, table);
        if (code != EXIT_FINE)
            return code;
    } else {
        work->queries = malloc(((size_t)work->n + 1) * sizeof *work->queries);
        if (work->queries == NULL)
            return fail_memory();
        for (int32_t i = 0; i < work->n; i++)
            work->queries[i] = i;
    }
    for (int32_t i = 0; i < work->n; i++)
        work->queries[i] += shift;
    return EXIT_FINE;
}

/* What is asked of the library: named features only and, of these, only what the query lacks. */
static lfm_similar_options options_of(const similar_work *work, const session *s)
{
    lfm_similar_options options;
    lfm_similar_options_init(&options);
    options.measure = s->args->measure;
    options.threads = s->args->options.train.threads;
    options.cancel = interrupt_flag();
    options.first_row = space_indicators(&s->data, work->to);
    if (work->to >= LFM_SPACE_USER_FEATURE)
        options.end_row = options.first_row + lfm_ids_count(space_names_of(&s->data, work->to));
    if (!s->args->seen && work->from == LFM_SPACE_USER && work->to == LFM_SPACE_USER_FEATURE)
        options.known = s->data.user_side.matrix;
    if (!s->args->seen && work->from == LFM_SPACE_ITEM && work->to == LFM_SPACE_ITEM_FEATURE)
        options.known = s->data.item_side.matrix;
    return options;
}

static int list_block(const similar_work *work, const session *s, const lfm_scorer *scorer,
                      const list_style *style, int32_t first, int32_t k, int32_t *rows,
                      float *similarities, answer_entry *entries, answers *to)
{
    const int32_t left = work->n - first, n = left < QUERIES_AT_ONCE ? left : QUERIES_AT_ONCE;
    const lfm_similar_options options = options_of(work, s);
    const lfm_status status = lfm_similar(scorer, work->from, n, work->queries + first, work->to, k,
                                          rows, similarities, &options);
    if (status != LFM_OK)
        return status == LFM_ERROR_CANCELLED ? EXIT_INTERRUPTED : fail_library();
    bool indicator;
    for (int32_t q = 0; q < n; q++) {
        const int32_t *list = rows + (int64_t)q * k;
        int32_t length = 0;
        for (; length < k && list[length] >= 0; length++) {
            const int32_t found = list[length];
            entries[length] = (answer_entry){
                space_row_name(&s->data, work->to, found, &indicator),
                work->to == LFM_SPACE_ITEM ? titles_of(&s->names, found) : NULL,
                (double)similarities[(int64_t)q * k + length]};
        }
        answers_list(to, style,
                     space_row_name(&s->data, work->from, work->queries[first + q], &indicator),
                     entries, length);
    }
    return answers_flush(to) ? EXIT_FINE : EXIT_FAILED;
}

static int list_all(const similar_work *work, const session *s, const lfm_scorer *scorer, answers *to)
{
    const list_style style = {
        "Similar to", "query", "similar", "similar",
        s->args->measure == LFM_SIMILARITY_DOT ? "dot" : "cosine",
        s->args->titles != NULL && work->to == LFM_SPACE_ITEM};
    const int32_t n_rows = lfm_scorer_n_rows(scorer, work->to);
    const int32_t k = s->args->k < n_rows ? s->args->k : n_rows;
    const size_t room = (size_t)QUERIES_AT_ONCE * (size_t)k + 1;
    int32_t *rows = malloc(room * sizeof *rows);
    float *similarities = malloc(room * sizeof *similarities);
    answer_entry *entries = malloc(((size_t)k + 1) * sizeof *entries);
    int code =
        rows != NULL && similarities != NULL && entries != NULL ? EXIT_FINE : fail_memory();
    answers_begin_lists(to, &style);
    for (int32_t first = 0; first < work->n && code == EXIT_FINE; first += QUERIES_AT_ONCE)
        code = list_block(work, s, scorer, &style, first, k, rows, similarities, entries, to);
    free(rows);
    free(similarities);
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

int similar_main(int argc, char **argv)
{
    static const command_work similar = {"similar", COMMAND_SIMILAR, prepare, answer};
    similar_work work = {.queries = NULL};
    const int code = session_main(&similar, &work, argc, argv);
    free(work.queries);
    return code;
}
