/* Runs of an epoch's order. */
#include "train/runs.h"

#include "base/prefetch.h"
#include "base/random.h"

/* Runs that a block may touch: whole ones and, before and behind them, a group that stands side by side. */
enum { MOST_RUNS = LFMI_RUNS_BLOCK / LFMI_RUN + 2 * LFMI_MOST_ABREAST };

lfm_status lfmi_runs_new(const lfm_interactions *m, const lfmi_index *index, const lfmi_kernels *kernels,
                         int32_t abreast, lfmi_runs *out)
{
    *out = (lfmi_runs){0};
    if (lfmi_longest_user(m, index) > LFMI_LONGEST_USER)
        return LFM_OK;
    const int64_t n = m->n_entries / LFMI_RUN;
    LFMI_TRY(LFMI_NEW_ARRAY(m->context, n + 1, "an epoch's order", &out->owners));
    int64_t run = 0;
    for (int32_t user = 0; user < m->n_users; user++) {
        for (; run <= n && run * LFMI_RUN < index->offsets[user + 1]; run++)
            out->owners[run] = user;
    }
    out->index = index;
    out->kernels = kernels;
    out->n = n;
    out->abreast = abreast;
    out->n_entries = m->n_entries;
    return LFM_OK;
}

void lfmi_runs_free(lfm_context *context, lfmi_runs *runs)
{
    LFMI_FREE_ARRAY(context, runs->owners, runs->n + 1);
    *runs = (lfmi_runs){0};
}

void lfmi_runs_begin_epoch(lfmi_runs *runs, uint64_t key)
{
    runs->key = key;
    runs->order = lfmi_order_of(lfmi_key(key, UINT64_MAX), runs->n, false);
}

/* A user's n interactions in another order each epoch: place i has interaction (start + i * stride) mod n. Primes
 * larger than any n make every one of these a permutation. */
static uint64_t stride_of(uint64_t key, uint64_t n)
{
    static const uint32_t primes[] = {1093750043, 1144230019, 1198765417, 1257143969, 1317906529, 1380164923, 1443112577,
                                      1507331303, 1572864031, 1640531551, 1709834531, 1780123481, 1851777841, 1924560017,
                                      1998244399, 2147483647};
    return primes[key % (sizeof primes / sizeof *primes)] % n;
}

/* Write the n <= LFMI_RUN interactions of a run to every width-th place. */
static void expand(const lfmi_runs *r, int64_t run, int32_t n, int32_t width, int32_t *users, int64_t *entries)
{
    const int64_t *offsets = r->index->offsets;
    int32_t user = r->owners[run];
    int64_t place = run * LFMI_RUN;
    for (const int64_t end = place + n; place < end;) {
        while (place >= offsets[user + 1])
            user++;
        const int64_t begin = offsets[user], rest = end < offsets[user + 1] ? end : offsets[user + 1];
        const uint64_t length = (uint64_t)(offsets[user + 1] - begin), key = lfmi_key(r->key, (uint64_t)user);
        const uint64_t stride = stride_of(key, length);
        uint64_t at = ((key >> 33) + (uint64_t)(place - begin) * stride) % length;
        for (; place < rest; place++, users += width, entries += width) {
            *users = user;
            *entries = begin + (int64_t)at;
            at += stride;
            at -= at >= length ? length : 0;
        }
    }
}

void lfmi_runs_fetch(const lfmi_runs *r, int64_t begin, int32_t n, int32_t *users, int64_t *entries)
{
    int64_t runs[MOST_RUNS];
    int32_t own_users[MOST_RUNS * LFMI_RUN + LFMI_RUN];
    int64_t own_entries[MOST_RUNS * LFMI_RUN + LFMI_RUN];
    const int32_t abreast = r->abreast, places = LFMI_RUN * abreast; /* of runs side by side */
    const int64_t first = begin / places * abreast;
    const int64_t last = (begin + n + places - 1) / places * abreast;
    const int32_t n_full = (int32_t)((last < r->n ? last : r->n) - first);
    const int32_t n_last = begin + n > r->n * LFMI_RUN ? (int32_t)(r->n_entries % LFMI_RUN) : 0;
    r->kernels->permute(&r->order, first, n_full, runs);
    for (int32_t i = 0; i < n_full; i++)
        lfmi_prefetch(&r->owners[runs[i]]);
    for (int32_t i = 0; i < n_full; i++)
        lfmi_prefetch(&r->index->offsets[r->owners[runs[i]]]);
    for (int32_t i = 0; i < n_full; i++) {
        const int32_t group = i / abreast * abreast, at = group * LFMI_RUN + i - group;
        const int32_t width = n_full - group < abreast ? n_full - group : abreast;
        expand(r, runs[i], LFMI_RUN, width, own_users + at, own_entries + at);
    }
    if (n_last > 0)
        expand(r, r->n, n_last, 1, own_users + n_full * LFMI_RUN, own_entries + n_full * LFMI_RUN);
    const int64_t skipped = begin - first * LFMI_RUN;
    memcpy(users, own_users + skipped, (size_t)n * sizeof *users);
    memcpy(entries, own_entries + skipped, (size_t)n * sizeof *entries);
}
