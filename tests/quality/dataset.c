/* Reading MovieLens and CrossValidated as binarised interactions with item features. */
#include "dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Grown arrays of one file's interactions. */
typedef struct pairs {
    int32_t *users, *items;
    float *values;
    int64_t n, capacity;
} pairs;

static void *must(void *block)
{
    if (block == NULL) {
        fprintf(stderr, "out of memory\n");
        exit(1);
    }
    return block;
}

static void pairs_add(pairs *p, int32_t user, int32_t item, float value)
{
    if (p->n == p->capacity) {
        p->capacity = p->capacity > 0 ? 2 * p->capacity : 1 << 16;
        p->users = must(realloc(p->users, (size_t)p->capacity * sizeof *p->users));
        p->items = must(realloc(p->items, (size_t)p->capacity * sizeof *p->items));
        p->values = must(realloc(p->values, (size_t)p->capacity * sizeof *p->values));
    }
    p->users[p->n] = user;
    p->items[p->n] = item;
    p->values[p->n++] = value;
}

static void pairs_free(pairs *p)
{
    free(p->users);
    free(p->items);
    free(p->values);
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

/* The rows of a set. Negatives of its test part are neither trained on nor looked for, but their users and items are
 * there: the figures are over all items that were rated. */
enum { TRAINED, TESTED, LEFT_OUT, N_LISTS };
typedef struct rows {
    pairs lists[N_LISTS];
} rows;

/* Where the rows of a file go: train, test, or by a hash of the pair. */
typedef enum side { TRAIN, TEST, BY_HASH } side;

/* One row in five goes to test: zlib's CRC of "user<TAB>item", as the reference figures define it. */
static bool hash_says_test(const char *line)
{
    const char *end = strchr(strchr(line, '\t') + 1, '\t');
    const size_t n = end != NULL ? (size_t)(end - line) : strcspn(line, "\n");
    return crc32(0, (const unsigned char *)line, (unsigned)n) % 10 < 2;
}

static void add_row(const char *line, side to, bool ratings, rows *out)
{
    char *at;
    const int32_t user = (int32_t)strtol(line, &at, 10), item = (int32_t)strtol(at, &at, 10);
    const double value = strtod(at, NULL);
    const float label = ratings ? (value >= 4 ? 1.0f : -1.0f) : 1.0f;
    const bool is_test = to == TEST || (to == BY_HASH && hash_says_test(line));
    pairs_add(&out->lists[!is_test ? TRAINED : label > 0 ? TESTED : LEFT_OUT], user, item, label);
}

static bool read_rows(const char *folder, const char *set, const char *file, side to, bool ratings, rows *out)
{
    gzFile in = open_file(folder, set, file);
    if (in == NULL)
        return false;
    char line[512];
    while (gzgets(in, line, sizeof line) != NULL)
        add_row(line, to, ratings, out);
    gzclose(in);
    return true;
}

/* Feature names in the order of their first appearance. */
typedef struct names {
    char (*name)[64];
    int32_t n;
    int32_t slots[1 << 13]; /* open addressing; 0: free, else index + 1 */
} names;

static int32_t name_index(names *known, const char *name)
{
    const uint32_t mask = (1 << 13) - 1;
    uint32_t slot = (uint32_t)crc32(0, (const unsigned char *)name, (unsigned)strlen(name)) & mask;
    for (; known->slots[slot] != 0; slot = (slot + 1) & mask) {
        if (strcmp(known->name[known->slots[slot] - 1], name) == 0)
            return known->slots[slot] - 1;
    }
    known->name = must(realloc(known->name, (size_t)(known->n + 1) * sizeof *known->name));
    snprintf(known->name[known->n], sizeof known->name[0], "%s", name);
    known->slots[slot] = ++known->n;
    return known->n - 1;
}

/* Read item features whose name begins with `prefix`; identity: prepend an indicator per item. */
static bool read_features(const char *folder, const char *set, const char *prefix, bool identity,
                          const int32_t *item_number, int32_t n_ids, dataset *out)
{
    gzFile in = open_file(folder, set, "item_features.tsv.gz");
    if (in == NULL)
        return false;
    pairs entries = {0};
    static names known;
    memset(&known, 0, sizeof known);
    char line[512], name[128];
    int32_t item;
    while (gzgets(in, line, sizeof line) != NULL) {
        if (sscanf(line, "%d\t%127[^\t]", &item, name) != 2 || strncmp(name, prefix, strlen(prefix)) != 0 ||
            item >= n_ids)
            continue;
        const int32_t row = item_number != NULL ? item_number[item] : item;
        if (row >= 0)
            pairs_add(&entries, row, name_index(&known, name), 1.0f);
    }
    gzclose(in);
    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_entries = entries.n;
    coo.n_rows = out->n_items;
    coo.n_columns = known.n;
    coo.rows = lfm_int32(entries.users);
    coo.columns = lfm_int32(entries.items);
    lfm_features_options options;
    lfm_features_options_init(&options);
    options.identity = identity;
    const bool ok = lfm_features_from_coo(NULL, &coo, &options, &out->item_features) == LFM_OK;
    pairs_free(&entries);
    free(known.name);
    return ok;
}

static bool make_interactions(const pairs *p, const dataset *data, lfm_interactions **out)
{
    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_entries = p->n;
    coo.n_rows = data->n_users;
    coo.n_columns = data->n_items;
    coo.rows = lfm_int32(p->users);
    coo.columns = lfm_int32(p->items);
    coo.values = lfm_float32(p->values);
    return lfm_interactions_from_coo(NULL, &coo, NULL, out) == LFM_OK;
}

static void find_dimensions(const rows *from, dataset *data)
{
    data->n_users = data->n_items = 0;
    for (int list = 0; list < N_LISTS; list++) {
        const pairs *p = &from->lists[list];
        for (int64_t i = 0; i < p->n; i++) {
            data->n_users = p->users[i] >= data->n_users ? p->users[i] + 1 : data->n_users;
            data->n_items = p->items[i] >= data->n_items ? p->items[i] + 1 : data->n_items;
        }
    }
}

/* MovieLens numbers its items from 1 with gaps. Renumber ids by first appearance; number[id] is the new one, -1 for
 * those that do not appear. */
static int32_t *renumber(rows *of, bool items, int32_t n)
{
    int32_t *number = must(malloc((size_t)(n + 1) * sizeof *number)), next = 0;
    for (int32_t i = 0; i < n; i++)
        number[i] = -1;
    for (int list = 0; list < N_LISTS; list++) {
        const pairs *p = &of->lists[list];
        int32_t *ids = items ? p->items : p->users;
        for (int64_t i = 0; i < p->n; i++) {
            if (number[ids[i]] < 0)
                number[ids[i]] = next++;
            ids[i] = number[ids[i]];
        }
    }
    return number;
}

bool dataset_read(const char *folder, const char *name, dataset *out)
{
    enum { CROSSVALIDATED_ITEMS = 72360 };
    rows all = {0};
    bool ok;
    *out = (dataset){0};
    const bool genres = strstr(name, "+genres") != NULL;
    const bool movielens = strncmp(name, "ml-", 3) == 0;
    const char *set = strncmp(name, "ml-100k", 7) == 0 ? "ml-100k"
                      : movielens                      ? "ml-1m"
                                                       : "stackexchange-crossvalidated";
    if (strcmp(set, "ml-1m") == 0) {
        ok = read_rows(folder, set, "interactions.tsv.gz", BY_HASH, true, &all);
    } else {
        ok = read_rows(folder, set, "train.tsv.gz", TRAIN, movielens, &all) &&
             read_rows(folder, set, "test.tsv.gz", TEST, movielens, &all);
    }
    find_dimensions(&all, out);
    int32_t *item_number = NULL;
    const int32_t n_ids = movielens ? out->n_items : CROSSVALIDATED_ITEMS;
    if (movielens) {
        item_number = renumber(&all, true, out->n_items);
        free(renumber(&all, false, out->n_users));
        find_dimensions(&all, out);
    } else {
        out->n_items = CROSSVALIDATED_ITEMS;
    }
    ok = ok && make_interactions(&all.lists[TRAINED], out, &out->train) &&
         make_interactions(&all.lists[TESTED], out, &out->test);
    for (int list = 0; list < N_LISTS; list++)
        pairs_free(&all.lists[list]);
    if (ok && genres)
        ok = read_features(folder, set, "genre:", true, item_number, n_ids, out);
    if (ok && strstr(name, "tags only") != NULL)
        ok = read_features(folder, set, "tag:", false, item_number, n_ids, out);
    free(item_number);
    if (!ok)
        dataset_free(out);
    return ok;
}

void dataset_free(dataset *data)
{
    lfm_interactions_free(data->train);
    lfm_interactions_free(data->test);
    lfm_features_free(data->item_features);
    *data = (dataset){0};
}
