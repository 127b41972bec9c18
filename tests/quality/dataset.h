/* Real data sets as the quality tests use them: read from gzip-compressed tab-separated files. */
#ifndef QUALITY_DATASET_H
#define QUALITY_DATASET_H

#include <stdbool.h>

#include <lfm/lfm.h>

typedef struct dataset {
    lfm_interactions *train, *test;
    lfm_features *item_features; /* NULL: the identity */
    int32_t n_users, n_items;
} dataset;

/* Read a set by its name in the table of reference figures, such as "ml-100k+genres", from the folder
 * that holds one folder per set. Returns false, with a line on stderr, when a file cannot be read. */
bool dataset_read(const char *folder, const char *name, dataset *out);
void dataset_free(dataset *data);

#endif
