/* Data sets cut into what a model knows and what comes later, and metrics over ranges of users. */
#ifndef QUALITY_PARTS_H
#define QUALITY_PARTS_H

#include <lfm/lfm.h>

/* End the program when a call has failed. */
void require(lfm_status status);
void *must(void *block);
double seconds(void);

/* Features of weight 1 at n places; rows and columns are freed. */
lfm_features *features_of(int32_t *rows, int32_t *columns, int64_t n, int32_t n_rows, int32_t n_columns);

/* Number 0 .. n - 1 at random; the n_new last numbers are those of what is new. */
int32_t *numbers_random(uint64_t seed, int32_t n);

/* Which entries to take, and under which numbers (-1: none). Entries of a user below first_user with an item below
 * first_item are left out. */
typedef struct part {
    const int32_t *user_number, *item_number; /* by old id; NULL: as they are */
    int32_t n_users, n_items;                 /* entries with larger numbers are left out */
    int32_t first_user, first_item;
    int32_t shift_users, shift_items; /* taken off the numbers */
    int32_t transposed;
} part;
lfm_interactions *part_take(const lfm_interactions *from, const part *how);

/* Means over the users begin .. end - 1 that have test positives. */
typedef struct figures {
    double precision, ndcg, auc;
    int64_t n_users;
} figures;

/* Evaluate at once for n ranges: [bounds[i], bounds[i + 1]). */
void figures_of(const lfm_scorer *scorer, lfm_interactions *test, lfm_interactions *exclude, const int32_t *bounds,
                int n, figures *out);

/* out += in, for means over seeds; divide by the number of seeds at the end. */
void figures_add(figures *out, const figures *in);
void figures_print(const char *what, const figures *sum, int seeds);

#endif
