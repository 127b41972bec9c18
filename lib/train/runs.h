/* An epoch's order in runs: a few interactions of one user, one after another, in random order, several runs side by
 * side. What a user's interactions read of the user is fetched once in a run and is in the cache until its end; and
 * since a run is short, no user's interactions crowd in one part of an epoch. */
#ifndef LFMI_RUNS_H
#define LFMI_RUNS_H

#include "base/order.h"
#include "matrix/interactions.h"
#include "simd/kernels.h"

/* Interactions in a run, runs side by side at most, positions fetched at once at most. Constants, since results depend on
 * them. */
enum { LFMI_RUN = 8, LFMI_MOST_ABREAST = 16, LFMI_RUNS_BLOCK = 256 };

/* The index' entries, LFMI_RUN by LFMI_RUN; what is left makes a shorter run, an epoch's last. Which of a user's
 * interactions stands at which of its places, another key decides each epoch. */
typedef struct lfmi_runs {
    const lfmi_index *index; /* NULL: there are no runs */
    const lfmi_kernels *kernels;
    int64_t n, n_entries; /* runs of full length; entries */
    int32_t abreast;      /* runs side by side */
    int32_t *owners;      /* n + 1: the user of a run's first entry */
    lfmi_order order;     /* of this epoch's runs */
    uint64_t key;
} lfmi_runs;

/* Set up runs; none where a user has more than LFMI_LONGEST_USER interactions. The index must live longer. */
enum { LFMI_LONGEST_USER = 1 << 30 };
lfm_status lfmi_runs_new(const lfm_interactions *m, const lfmi_index *index, const lfmi_kernels *kernels,
                         int32_t abreast, lfmi_runs *out);
void lfmi_runs_free(lfm_context *context, lfmi_runs *runs);

/* Begin an epoch, whose order is a key's. */
void lfmi_runs_begin_epoch(lfmi_runs *runs, uint64_t key);

/* Write the users of n <= LFMI_RUNS_BLOCK positions from `begin` on, and where in the index their interactions stand.
 * From any thread. */
void lfmi_runs_fetch(const lfmi_runs *runs, int64_t begin, int32_t n, int32_t *users, int64_t *entries);

#endif
