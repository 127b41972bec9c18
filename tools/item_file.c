/* Files that name items, one a line. */
#include "item_file.h"

#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "reader.h"

typedef struct item_reader {
    item_list *list;
    const lfm_ids *items;
} item_reader;

static int take_item(row *taken, void *user_data)
{
    item_reader *reader = user_data;
    item_list *list = reader->list;
    const int32_t item = lfm_ids_find(reader->items, taken->fields[0].text, taken->fields[0].length);
    if (item < 0)
        return ROW_OK;
    int32_t *grown = grow_array(list->numbers, &list->capacity, (size_t)list->n + 1, sizeof *list->numbers);
    if (grown == NULL) {
        fail_memory();
        return ROW_FATAL;
    }
    list->numbers = grown;
    list->numbers[list->n++] = item;
    return ROW_OK;
}

int item_file_read(item_list *list, const char *path, const arguments *args, dataset *data, progress *shown)
{
    static const column columns[] = {{"id", NULL, 1, true}};
    if (path == NULL)
        return EXIT_FINE;
    item_reader reader = {list, data->items};
    read_totals totals = {0, 0};
    const int code = read_rows(path, &args->titles_format, columns, 1, take_item, &reader, shown, &totals);
    data->bad_lines += totals.bad;
    return code;
}

void item_list_free(item_list *list)
{
    free(list->numbers);
    memset(list, 0, sizeof *list);
}
