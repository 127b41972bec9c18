/* Sorting in place: quicksort with the median of three, insertion sort for short runs, and heapsort
 * where quicksort would go deep (Musser: Introspective Sorting, 1997). The C library's qsort would pay
 * a call for each comparison and may allocate behind the host's back. */
#include "base/sort.h"

#define LFMI_SORT_TYPE int32_t
#define LFMI_SORT_NAME lfmi_sort_int32
#define LFMI_SORT_LESS(a, b) ((a) < (b))
#include "base/sort_template.h"

#define LFMI_SORT_TYPE int64_t
#define LFMI_SORT_NAME lfmi_sort_int64
#define LFMI_SORT_LESS(a, b) ((a) < (b))
#include "base/sort_template.h"

#define LFMI_SORT_TYPE lfmi_cell
#define LFMI_SORT_NAME lfmi_sort_cells
#define LFMI_SORT_LESS(a, b) ((a).key < (b).key || ((a).key == (b).key && (a).tie < (b).tie))
#include "base/sort_template.h"
