/* An epoch's order for many users. Users in random order are cut into windows, of so many that their rows stay in the
 * processor's cache. A stretch goes through a part of a window's interactions, in random order, and then it is the
 * next window's turn, in LFMI_ROUNDS rounds: what items learn from some users must not grow old while others are
 * visited. */
#ifndef LFMI_WINDOWS_H
#define LFMI_WINDOWS_H

#include "base/order.h"
#include "matrix/interactions.h"
#include "simd/kernels.h"

enum { LFMI_ROUNDS = 8 };

/* How the users of an epoch are cut into windows. */
typedef struct lfmi_windows {
    const lfmi_index *index;
    const lfmi_kernels *kernels;
    int32_t n_users, most_users; /* most_users: of a window; 0: there are no windows */
    int64_t most_entries;        /* of a window */
    lfmi_order users;            /* of this epoch */
    uint64_t key;
    int32_t *places;  /* n + 1 places in the order of users */
    int64_t *lengths; /* n: interactions of a window */
    int64_t *starts;  /* LFMI_ROUNDS n + 1 positions, ascending: where a stretch begins */
    int32_t n, room;
    int64_t epoch; /* counts up; a window made in another epoch is not this one's */
} lfmi_windows;

/* The stretch that a worker is in, and its window: place i of the window's interactions belongs to users[owners[i]] and
 * stands in the index at i + shifts[owners[i]]. */
typedef struct lfmi_window {
    int64_t epoch, begin, end; /* positions of the stretch */
    int64_t done;              /* of the window's order, by the stretches before */
    lfmi_order order;
    int32_t *users;
    int64_t *shifts;
    uint16_t *owners;
} lfmi_window;

/* Set up windows of users whose rows have row_size bytes; none where one would hold them all, or not
 * even one user. The index must live
 * longer. */
lfm_status lfmi_windows_new(const lfm_interactions *m, const lfmi_index *index, const lfmi_kernels *kernels,
                            int64_t row_size, lfmi_windows *out);
void lfmi_windows_free(lfm_context *context, lfmi_windows *windows);
lfm_status lfmi_window_new(lfm_context *context, const lfmi_windows *windows, lfmi_window *out);
void lfmi_window_free(lfm_context *context, const lfmi_windows *windows, lfmi_window *window);

/* Cut anew, by a key. */
void lfmi_windows_begin_epoch(lfmi_windows *windows, uint64_t key);

/* Write the users of n positions from `begin` on, and where in the index their interactions stand. */
void lfmi_windows_fetch(const lfmi_windows *windows, lfmi_window *window, int64_t begin, int32_t n, int32_t *users,
                        int64_t *entries);

#endif
