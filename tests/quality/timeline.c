/* Reading data sets in the order of time. */
#include "timeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "parts.h"

enum { MOST_IDS = 1 << 17, MOST_TAGS = 4096 };

typedef struct event {
    double time;
    int64_t line;
    int32_t user, item;
    float value;
} event;

static int by_time(const void *a, const void *b)
{
    const event *x = a, *y = b;
    return x->time != y->time ? (x->time > y->time) - (x->time < y->time) : (x->line > y->line) - (x->line < y->line);
}

static gzFile open_file(const char *folder, const char *set, const char *file)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s/%s", folder, set, file);
    gzFile in = gzopen(path, "rb");
    if (in == NULL)
        fprintf(stderr, "cannot open %s\n", path);
    return in;
}

static event *read_events(const char *folder, const char *set, bool ratings, int64_t *n)
{
    gzFile in = open_file(folder, set, "interactions.tsv.gz");
    if (in == NULL)
        return NULL;
    int64_t capacity = 1 << 16;
    event *events = must(malloc((size_t)capacity * sizeof *events));
    char line[512];
    *n = 0;
    while (gzgets(in, line, sizeof line) != NULL) {
        if (*n == capacity)
            events = must(realloc(events, (size_t)(capacity *= 2) * sizeof *events));
        char *at;
        event *e = &events[*n];
        e->user = (int32_t)strtol(line, &at, 10);
        e->item = (int32_t)strtol(at, &at, 10);
        const double value = strtod(at, &at);
        e->value = ratings ? (value >= 4 ? 1.0f : -1.0f) : 1.0f;
        e->time = strtod(at, NULL);
        e->line = (*n)++;
    }
    gzclose(in);
    qsort(events, (size_t)*n, sizeof *events, by_time);
    return events;
}

/* The events begin .. end - 1 as interactions; `positives`: those of users below n_users only. */
static lfm_interactions *take(const event *events, int64_t begin, int64_t end, int32_t n_users, int32_t n_items,
                              bool positives)
{
    const int64_t n = end - begin;
    int32_t *users = must(malloc((size_t)(n + 1) * sizeof *users)),
            *items = must(malloc((size_t)(n + 1) * sizeof *items));
    float *values = must(malloc((size_t)(n + 1) * sizeof *values));
    int64_t kept = 0;
    for (int64_t i = begin; i < end; i++) {
        if (positives && (events[i].user >= n_users || !(events[i].value > 0)))
            continue;
        users[kept] = events[i].user;
        items[kept] = events[i].item;
        values[kept++] = events[i].value;
    }
    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_entries = kept;
    coo.n_rows = n_users;
    coo.n_columns = n_items;
    coo.rows = lfm_int32(users);
    coo.columns = lfm_int32(items);
    coo.values = lfm_float32(values);
    lfm_interactions *out;
    require(lfm_interactions_from_coo(NULL, &coo, NULL, &out));
    free(users);
    free(items);
    free(values);
    return out;
}

/* Tags as (item, tag) pairs. */
typedef struct tag_list {
    int32_t *items, *tags;
    int64_t n;
    int32_t n_tags;
} tag_list;

static bool read_tags(const char *folder, const char *set, const int32_t *item_number, tag_list *list)
{
    gzFile in = open_file(folder, set, "item_features.tsv.gz");
    if (in == NULL)
        return false;
    static char names[MOST_TAGS][64];
    char line[512], name[64];
    int32_t item;
    int64_t capacity = 0;
    while (gzgets(in, line, sizeof line) != NULL) {
        if (sscanf(line, "%d\t%63[^\t]", &item, name) != 2 || item >= MOST_IDS || item_number[item] < 0)
            continue;
        int32_t tag = 0;
        while (tag < list->n_tags && strcmp(names[tag], name) != 0)
            tag++;
        if (tag == list->n_tags && tag < MOST_TAGS)
            strcpy(names[list->n_tags++], name);
        if (list->n == capacity) {
            capacity = capacity > 0 ? 2 * capacity : 1 << 16;
            list->items = must(realloc(list->items, (size_t)capacity * sizeof *list->items));
            list->tags = must(realloc(list->tags, (size_t)capacity * sizeof *list->tags));
        }
        list->items[list->n] = item_number[item];
        list->tags[list->n++] = tag;
    }
    gzclose(in);
    return true;
}

/* Rows 0 .. n_rows - 1, indicators for the first `indicated` of them in the layout that growth leaves. */
static lfm_features *make_tags(const tag_list *list, int32_t n_rows, int32_t old_items, int32_t indicated)
{
    int32_t *rows = must(malloc((size_t)(list->n + n_rows) * sizeof *rows));
    int32_t *columns = must(malloc((size_t)(list->n + n_rows) * sizeof *columns));
    int64_t n = 0;
    for (int64_t i = 0; i < list->n; i++) {
        if (list->items[i] >= n_rows)
            continue;
        rows[n] = list->items[i];
        columns[n++] = old_items + list->tags[i];
    }
    for (int32_t row = 0; row < n_rows && row < indicated; row++) {
        rows[n] = row;
        columns[n++] = row < old_items ? row : list->n_tags + row;
    }
    return features_of(rows, columns, n, n_rows, indicated + list->n_tags);
}

bool timeline_read(const char *folder, const char *set, double old_end, double later_end, timeline *out)
{
    const bool ratings = strncmp(set, "ml-", 3) == 0;
    int64_t n;
    event *events = read_events(folder, set, ratings, &n);
    *out = (timeline){0};
    if (events == NULL)
        return false;
    const int64_t first = (int64_t)(old_end * (double)n), second = (int64_t)(later_end * (double)n);
    int32_t *numbers[2] = {must(malloc(MOST_IDS * sizeof(int32_t))), must(malloc(MOST_IDS * sizeof(int32_t)))};
    int32_t next[2] = {0, 0};
    memset(numbers[0], -1, MOST_IDS * sizeof(int32_t));
    memset(numbers[1], -1, MOST_IDS * sizeof(int32_t));
    for (int64_t i = 0; i < n; i++) {
        int32_t *ids[2] = {&events[i].user, &events[i].item};
        for (int side = 0; side < 2; side++) {
            int32_t *number = &numbers[side][*ids[side] % MOST_IDS];
            *number = *number >= 0 ? *number : next[side]++;
            *ids[side] = *number;
        }
        if (i == first - 1) {
            out->old_users = next[0];
            out->old_items = next[1];
        }
        if (i == second - 1) {
            out->n_users = next[0];
            out->n_items = next[1];
        }
    }
    out->all_items = next[1];
    bool ok = true;
    if (!ratings) {
        tag_list list = {0};
        ok = read_tags(folder, set, numbers[1], &list);
        if (ok) {
            out->old_tags = make_tags(&list, out->old_items, out->old_items, out->old_items);
            out->tags = make_tags(&list, out->n_items, out->old_items, out->n_items);
            out->all_tags = make_tags(&list, out->all_items, out->old_items, out->n_items);
        }
        free(list.items);
        free(list.tags);
    }
    out->old = take(events, 0, first, out->old_users, out->old_items, false);
    out->later = take(events, first, second, out->n_users, out->n_items, false);
    out->both = take(events, 0, second, out->n_users, out->n_items, false);
    out->test = take(events, second, n, out->n_users, out->all_items, true);
    if (out->all_tags == NULL) { /* items without anything known are no candidates */
        const part known = {.n_users = out->n_users, .n_items = out->n_items};
        lfm_interactions *test = part_take(out->test, &known);
        lfm_interactions_free(out->test);
        out->test = test;
    }
    free(numbers[0]);
    free(numbers[1]);
    free(events);
    return ok;
}

void timeline_free(timeline *t)
{
    lfm_interactions_free(t->old);
    lfm_interactions_free(t->later);
    lfm_interactions_free(t->both);
    lfm_interactions_free(t->test);
    lfm_features_free(t->old_tags);
    lfm_features_free(t->tags);
    lfm_features_free(t->all_tags);
}
