/* Files that name items, one a line. */
#ifndef LFM_TOOL_ITEM_FILE_H
#define LFM_TOOL_ITEM_FILE_H

#include "args.h"
#include "dataset.h"
#include "progress.h"

/* Items of the data by number, in the order of the file. Zero-initialise; a file that was read has numbers. */
typedef struct item_list {
    int32_t *numbers;
    int64_t n;
    size_t capacity;
} item_list;

/* Read the items of a file, written as one of titles is but without these; path: NULL for none. Items that the data
 * do not have are passed over. Returns an exit code. */
int item_file_read(item_list *list, const char *path, const arguments *args, dataset *data, progress *shown);

void item_list_free(item_list *list);

#endif
