/* Titles to print beside items. */
#include "titles.h"

#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "reader.h"

typedef struct title_reader {
    titles *all;
    const lfm_ids *items;
} title_reader;

static int take_title(row *taken, void *user_data)
{
    title_reader *reader = user_data;
    const field id = taken->fields[0], title = taken->fields[1];
    const int32_t item = lfm_ids_find(reader->items, id.text, id.length);
    if (item < 0 || title.length == 0)
        return ROW_OK;
    if (lfm_ids_add(reader->all->texts, title.text, title.length, &reader->all->of_item[item]) != LFM_OK) {
        fail_memory();
        return ROW_FATAL;
    }
    return ROW_OK;
}

int titles_read(titles *all, const arguments *args, const lfm_ids *items, progress *shown,
                int64_t *bad_lines)
{
    static const column columns[] = {{"id", NULL, 1, true}, {"title", NULL, 2, true}};
    if (args->titles == NULL)
        return EXIT_FINE;
    all->of_item = malloc(((size_t)lfm_ids_count(items) + 1) * sizeof *all->of_item);
    if (all->of_item == NULL || lfm_ids_create(NULL, LFM_IDS_TEXT, &all->texts) != LFM_OK)
        return fail_memory();
    for (int32_t i = 0; i < lfm_ids_count(items); i++)
        all->of_item[i] = -1;
    title_reader reader = {all, items};
    read_totals totals;
    const int code = read_rows(args->titles, &args->titles_format, columns, 2, take_title, &reader,
                               shown, &totals);
    *bad_lines += totals.bad;
    return code;
}

const char *titles_of(const titles *all, int32_t item)
{
    if (all->of_item == NULL || all->of_item[item] < 0)
        return NULL;
    return lfm_ids_text(all->texts, all->of_item[item], NULL);
}

void titles_free(titles *all)
{
    lfm_ids_free(all->texts);
    free(all->of_item);
    memset(all, 0, sizeof *all);
}
