/* Sorting in place, without memory of its own. */
#ifndef LFMI_SORT_H
#define LFMI_SORT_H

#include <stdint.h>

/* Something to sort by a key and, where keys are equal, by a second number. */
typedef struct lfmi_cell {
    int64_t key;
    int64_t tie;
} lfmi_cell;

/* Sort ascending, cells by (key, tie). O(n log n) always. */
void lfmi_sort_int32(int32_t *values, int64_t n);
void lfmi_sort_int64(int64_t *values, int64_t n);
void lfmi_sort_cells(lfmi_cell *cells, int64_t n);

#endif
