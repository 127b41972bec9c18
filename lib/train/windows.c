/* Windows of an epoch's order. */
#include "train/windows.h"

#include "base/random.h"

/* Bytes of users' rows in a window, half of a common second-level cache, and its interactions, which may be no fewer
 * than any user's. Constants, since results depend on them. */
enum { WINDOW_SIZE = 1 << 20, WINDOW_ENTRIES = 1 << 17, BLOCK = 256 };

lfm_status lfmi_windows_new(const lfm_interactions *m, const lfmi_index *index, const lfmi_kernels *kernels,
                            int64_t row_size, lfmi_windows *out)
{
    int64_t most = WINDOW_SIZE / row_size;
    most = most > UINT16_MAX ? UINT16_MAX : most < BLOCK ? BLOCK : most;
    *out = (lfmi_windows){0};
    if (m->n_users <= most || lfmi_longest_user(m, index) > WINDOW_ENTRIES)
        return LFM_OK;
    const int64_t entries = WINDOW_ENTRIES;
    /* Any two windows that follow one another have more than the users or the entries of one. */
    const int64_t room = 2 * (m->n_users / most + m->n_entries / entries) + 5;
    *out = (lfmi_windows){.index = index,
                          .kernels = kernels,
                          .n_users = m->n_users,
                          .most_users = (int32_t)most,
                          .most_entries = entries,
                          .room = (int32_t)(room < m->n_users ? room : m->n_users)};
    LFMI_TRY(LFMI_NEW_ARRAY(m->context, (int64_t)out->room + 1, "an epoch's order", &out->places));
    LFMI_TRY(LFMI_NEW_ARRAY(m->context, out->room, "an epoch's order", &out->lengths));
    return LFMI_NEW_ARRAY(m->context, (int64_t)out->room * LFMI_ROUNDS + 1, "an epoch's order", &out->starts);
}

void lfmi_windows_free(lfm_context *context, lfmi_windows *windows)
{
    LFMI_FREE_ARRAY(context, windows->places, (int64_t)windows->room + 1);
    LFMI_FREE_ARRAY(context, windows->lengths, windows->room);
    LFMI_FREE_ARRAY(context, windows->starts, (int64_t)windows->room * LFMI_ROUNDS + 1);
    *windows = (lfmi_windows){0};
}

lfm_status lfmi_window_new(lfm_context *context, const lfmi_windows *windows, lfmi_window *out)
{
    *out = (lfmi_window){0};
    if (windows->most_users == 0)
        return LFM_OK;
    LFMI_TRY(LFMI_NEW_ARRAY(context, windows->most_users, "an epoch's order", &out->users));
    LFMI_TRY(LFMI_NEW_ARRAY(context, windows->most_users, "an epoch's order", &out->shifts));
    return LFMI_NEW_ARRAY(context, windows->most_entries, "an epoch's order", &out->owners);
}

void lfmi_window_free(lfm_context *context, const lfmi_windows *windows, lfmi_window *window)
{
    LFMI_FREE_ARRAY(context, window->users, windows->most_users);
    LFMI_FREE_ARRAY(context, window->shifts, windows->most_users);
    LFMI_FREE_ARRAY(context, window->owners, windows->most_entries);
    *window = (lfmi_window){0};
}

/* The users at n <= BLOCK places of their order, and their offsets on the way. */
static void users_at(const lfmi_windows *w, int64_t place, int32_t n, int64_t *users)
{
    w->kernels->permute(&w->users, place, n, users);
    for (int32_t i = 0; i < n; i++)
        __builtin_prefetch(&w->index->offsets[users[i]]);
}

/* A stretch: its window and what part of it. Rounds begin at different windows, so that workers that are in different
 * rounds are among different users. */
typedef struct stretch {
    int32_t window;
    int64_t begin, end; /* of the window's order */
} stretch;
static stretch stretch_at(const lfmi_windows *w, int64_t number)
{
    const int64_t round = number / w->n;
    const int32_t window = (int32_t)((number % w->n + round * w->n / LFMI_ROUNDS) % w->n);
    const int64_t length = w->lengths[window];
    return (stretch){window, length * round / LFMI_ROUNDS, length * (round + 1) / LFMI_ROUNDS};
}

void lfmi_windows_begin_epoch(lfmi_windows *w, uint64_t key)
{
    if (w->most_users == 0)
        return;
    w->epoch++;
    w->key = key;
    w->users = lfmi_order_of(lfmi_key(key, UINT64_MAX), w->n_users, false);
    w->n = 0;
    w->places[0] = 0;
    w->lengths[0] = 0;
    for (int64_t place = 0; place < w->n_users; place += BLOCK) {
        int64_t users[BLOCK];
        const int32_t n = w->n_users - place < BLOCK ? (int32_t)(w->n_users - place) : BLOCK;
        users_at(w, place, n, users);
        for (int32_t i = 0; i < n; i++) {
            const int64_t length = w->index->offsets[users[i] + 1] - w->index->offsets[users[i]];
            if (place + i - w->places[w->n] == w->most_users || w->lengths[w->n] + length > w->most_entries) {
                w->n++;
                w->places[w->n] = (int32_t)place + i;
                w->lengths[w->n] = 0;
            }
            w->lengths[w->n] += length;
        }
    }
    w->places[++w->n] = w->n_users;
    w->starts[0] = 0;
    for (int64_t i = 0; i < (int64_t)w->n * LFMI_ROUNDS; i++) {
        const stretch part = stretch_at(w, i);
        w->starts[i + 1] = w->starts[i] + part.end - part.begin;
    }
}

/* Go to the stretch that holds a position. */
static void enter(const lfmi_windows *w, lfmi_window *window, int64_t position)
{
    int64_t low = 0, high = (int64_t)w->n * LFMI_ROUNDS; /* starts[low] <= position < starts[high] */
    while (high - low > 1) {
        const int64_t middle = low + (high - low) / 2;
        if (w->starts[middle] <= position)
            low = middle;
        else
            high = middle;
    }
    const stretch part = stretch_at(w, low);
    window->epoch = w->epoch;
    window->begin = w->starts[low];
    window->end = w->starts[low + 1];
    window->done = part.begin;
    window->order = lfmi_order_of(lfmi_key(w->key, (uint64_t)part.window), w->lengths[part.window], false);
    const int32_t first = w->places[part.window], end = w->places[part.window + 1];
    int64_t at = 0;
    for (int64_t place = first; place < end; place += BLOCK) {
        int64_t users[BLOCK];
        const int32_t n = end - place < BLOCK ? (int32_t)(end - place) : BLOCK;
        users_at(w, place, n, users);
        for (int32_t i = 0; i < n; i++) {
            const int32_t local = (int32_t)place + i - first;
            const int64_t offset = w->index->offsets[users[i]], length = w->index->offsets[users[i] + 1] - offset;
            window->users[local] = (int32_t)users[i];
            window->shifts[local] = offset - at;
            for (int64_t k = 0; k < length; k++)
                window->owners[at + k] = (uint16_t)local;
            at += length;
        }
    }
}

void lfmi_windows_fetch(const lfmi_windows *w, lfmi_window *window, int64_t begin, int32_t n, int32_t *users,
                        int64_t *entries)
{
    for (int32_t done = 0; done < n;) {
        const int64_t at = begin + done;
        if (window->epoch != w->epoch || at < window->begin || at >= window->end)
            enter(w, window, at);
        const int32_t size = window->end - at < n - done ? (int32_t)(window->end - at) : n - done;
        w->kernels->permute(&window->order, window->done + at - window->begin, size, entries + done);
        for (int32_t i = done; i < done + size; i++) {
            const uint16_t owner = window->owners[entries[i]];
            users[i] = window->users[owner];
            entries[i] += window->shifts[owner];
        }
        done += size;
    }
}
