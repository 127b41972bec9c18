/* The index of interactions: which items each user knows, sorted. */
#include <stdatomic.h>

#include "base/sort.h"
#include "matrix/interactions.h"
#include "parallel/parallel.h"

/* The making of an index, shared out between threads. What comes of it does not depend on their number. */
typedef struct making {
    const lfm_interactions *m;
    const lfm_cancel *cancel;
    lfmi_index *index;
    int32_t threads;
    bool by_sign;      /* there are negatives: each user has two lists */
    int64_t n_lists;
    int64_t *counters; /* a row of n_lists numbers for each of n_parts runs of entries */
    int32_t n_parts;
    int32_t *sorted;
    uint16_t *signature;
    atomic_bool has_negatives, is_unsorted, stopped;
} making;

/* Tasks that go through entries, or through the lists of users, take about so many entries each. */
enum { ENTRIES_PER_TASK = 1 << 16 };

/* Whether the call is cancelled; then the other tasks end too. */
static bool is_stopped(making *work)
{
    if (lfm_cancel_is_set(work->cancel))
        atomic_store_explicit(&work->stopped, true, memory_order_relaxed);
    return atomic_load_explicit(&work->stopped, memory_order_relaxed);
}

static lfm_status run_tasks(making *work, uint32_t n, lfmi_task_fn task)
{
    lfmi_parallel_run(work->m->context, work->threads, n, task, work);
    return atomic_load_explicit(&work->stopped, memory_order_relaxed)
               ? lfmi_fail(LFM_ERROR_CANCELLED, "the call was cancelled")
               : LFM_OK;
}

static uint32_t entry_tasks(const making *work) { return (uint32_t)(work->m->n_entries / ENTRIES_PER_TASK) + 1; }

/* What a look through the entries tells of them: whether there are negatives, and whether all are positive and
 * stand by user, then item, so that the items are the index as they stand. */
static void survey_entries(uint32_t task, void *arg)
{
    making *work = arg;
    const lfm_interactions *m = work->m;
    const int32_t *users = lfmi_users(m), *items = lfmi_items(m);
    const int64_t begin = (int64_t)task * ENTRIES_PER_TASK;
    const int64_t end = m->n_entries - begin < ENTRIES_PER_TASK ? m->n_entries : begin + ENTRIES_PER_TASK;
    bool has_negatives = false, is_sorted = true;
    if (is_stopped(work))
        return;
    for (int64_t entry = begin; entry < end; entry++) {
        has_negatives = has_negatives || !lfmi_is_positive(m, entry);
        is_sorted = is_sorted && (entry == 0 || users[entry - 1] < users[entry] ||
                                  (users[entry - 1] == users[entry] && items[entry - 1] <= items[entry]));
    }
    if (has_negatives)
        atomic_store_explicit(&work->has_negatives, true, memory_order_relaxed);
    if (!is_sorted || has_negatives)
        atomic_store_explicit(&work->is_unsorted, true, memory_order_relaxed);
}

/* An entry's list: its user, or one of two for each user, the positives' first. */
static int64_t list_of(const making *work, int64_t entry)
{
    const int64_t user = lfmi_users(work->m)[entry];
    return work->by_sign ? 2 * user + !lfmi_is_positive(work->m, entry) : user;
}

static int64_t part_begin(const making *work, uint32_t part)
{
    const int64_t n = work->m->n_entries, n_parts = work->n_parts;
    return n / n_parts * part + n % n_parts * part / n_parts;
}

/* Count the entries of each list in one part. */
static void count_part(uint32_t part, void *arg)
{
    making *work = arg;
    int64_t *counts = work->counters + part * work->n_lists;
    const int64_t begin = part_begin(work, part), end = part_begin(work, part + 1);
    for (int64_t entry = begin; entry < end; entry++) {
        if ((entry - begin) % LFMI_ENTRIES_PER_LOOK == 0 && is_stopped(work))
            return;
        counts[list_of(work, entry)]++;
    }
}

/* From counts to each part's first place in each list, and the index's offsets. */
static void place_lists(making *work)
{
    lfmi_index *index = work->index;
    int64_t place = 0;
    for (int64_t list = 0; list < work->n_lists; list++) {
        if (!work->by_sign)
            index->offsets[list] = place;
        else if (list % 2 == 0)
            index->offsets[list / 2] = place;
        else
            index->negatives[list / 2] = place;
        for (int32_t part = 0; part < work->n_parts; part++) {
            int64_t *counter = &work->counters[part * work->n_lists + list];
            const int64_t count = *counter;
            *counter = place;
            place += count;
        }
    }
    index->offsets[work->m->n_users] = place;
}

/* Put the items of a part where they belong. */
static void scatter_part(uint32_t part, void *arg)
{
    making *work = arg;
    const int32_t *items = lfmi_items(work->m);
    int64_t *next = work->counters + part * work->n_lists;
    const int64_t begin = part_begin(work, part), end = part_begin(work, part + 1);
    for (int64_t entry = begin; entry < end; entry++) {
        if ((entry - begin) % LFMI_ENTRIES_PER_LOOK == 0 && is_stopped(work))
            return;
        work->sorted[next[list_of(work, entry)]++] = items[entry];
    }
}

/* The users whose lists begin in a task's run of places. */
static void users_of(const making *work, uint32_t task, int32_t *begin, int32_t *end)
{
    const int64_t *offsets = work->index->offsets;
    int32_t *bounds[2] = {begin, end};
    for (uint32_t i = 0; i < 2; i++) {
        const int64_t place = (int64_t)(task + i) * ENTRIES_PER_TASK;
        int32_t low = 0, high = work->m->n_users;
        while (low < high) {
            const int32_t middle = low + (high - low) / 2;
            if (offsets[middle] < place)
                low = middle + 1;
            else
                high = middle;
        }
        *bounds[i] = low;
    }
}

static void sort_lists(uint32_t task, void *arg)
{
    making *work = arg;
    const lfmi_index *index = work->index;
    int32_t begin, end;
    users_of(work, task, &begin, &end);
    for (int32_t user = begin; user < end && !is_stopped(work); user++) {
        const int64_t first = index->offsets[user], middle = index->negatives[user];
        lfmi_sort_int32(work->sorted + first, middle - first);
        lfmi_sort_int32(work->sorted + middle, index->offsets[user + 1] - middle);
    }
}

/* A part for each thread, as long as a part is worth a task and all counters stay below 4 bytes per entry. */
static int32_t choose_parts(const making *work)
{
    const int64_t by_memory = work->m->n_entries / (2 * (work->n_lists + 1)), by_work = entry_tasks(work);
    const int64_t most = by_memory < by_work ? by_memory : by_work;
    return most < 1 ? 1 : (work->threads < most ? work->threads : (int32_t)most);
}

/* Count, place and scatter the entries; items and sorted are NULL where the caller's items will do. */
static lfm_status fill_lists(making *work)
{
    LFMI_TRY(run_tasks(work, (uint32_t)work->n_parts, count_part));
    place_lists(work);
    if (work->sorted == NULL)
        return LFM_OK;
    return run_tasks(work, (uint32_t)work->n_parts, scatter_part);
}

static lfm_status make_index(making *work)
{
    const lfm_interactions *m = work->m;
    lfm_context *context = m->context;
    lfmi_index *index = work->index;
    LFMI_TRY(run_tasks(work, entry_tasks(work), survey_entries));
    work->by_sign = atomic_load_explicit(&work->has_negatives, memory_order_relaxed);
    work->n_lists = (int64_t)m->n_users * (work->by_sign ? 2 : 1);
    work->n_parts = choose_parts(work);
    index->n_item_words = ((int64_t)m->n_items + 15) / 16;
    LFMI_TRY(LFMI_NEW_ARRAY(context, (int64_t)m->n_users + 1, "the index of users", &index->offsets));
    if (work->by_sign)
        LFMI_TRY(LFMI_NEW_ARRAY(context, m->n_users, "the index of negatives", &index->negatives));
    else
        index->negatives = index->offsets + 1;
    if (atomic_load_explicit(&work->is_unsorted, memory_order_relaxed)) {
        LFMI_TRY(LFMI_NEW_ARRAY(context, m->n_entries, "the index of items", &work->sorted));
        index->items = work->sorted;
    } else {
        index->items = lfmi_items(m);
    }
    const int64_t n_counters = work->n_parts * work->n_lists;
    LFMI_TRY(LFMI_NEW_ZEROED(context, n_counters, "counts of each user's entries", &work->counters));
    const lfm_status status = fill_lists(work);
    LFMI_FREE_ARRAY(context, work->counters, n_counters);
    LFMI_TRY(status);
    if (work->sorted != NULL)
        LFMI_TRY(run_tasks(work, entry_tasks(work), sort_lists));
    index->is_made = true;
    return LFM_OK;
}

static lfm_status fill_values(const lfm_interactions *m, const lfm_cancel *cancel, const lfmi_index *index,
                              float *largest)
{
    for (int64_t i = 0; i < m->n_entries; i++)
        largest[i] = -__builtin_inff();
    for (int64_t entry = 0; entry < m->n_entries; entry++) {
        if (entry % LFMI_ENTRIES_PER_LOOK == 0)
            LFMI_TRY(lfmi_poll(cancel));
        const int32_t user = lfmi_users(m)[entry];
        const bool positive = lfmi_is_positive(m, entry);
        const int64_t begin = positive ? index->offsets[user] : index->negatives[user];
        const int64_t end = positive ? index->negatives[user] : index->offsets[user + 1];
        const int64_t at = begin + lfmi_lower_bound(index->items + begin, end - begin, lfmi_items(m)[entry]);
        const float value = m->values.data != NULL ? lfmi_values(m)[entry] : 1.0f;
        largest[at] = value > largest[at] ? value : largest[at];
    }
    return LFM_OK;
}

static lfm_status make_values(lfm_interactions *m, const lfm_cancel *cancel)
{
    float *values;
    LFMI_TRY(LFMI_NEW_ARRAY(m->context, m->n_entries, "the index of values", &values));
    const lfm_status status = fill_values(m, cancel, &m->index, values);
    if (status == LFM_OK)
        m->index.values = values;
    else
        LFMI_FREE_ARRAY(m->context, values, m->n_entries);
    return status;
}

static void fill_signature(uint32_t task, void *arg)
{
    making *work = arg;
    const lfmi_index *index = work->index;
    int32_t begin, end;
    users_of(work, task, &begin, &end);
    for (int32_t user = begin; user < end && !is_stopped(work); user++) {
        for (int64_t at = index->offsets[user]; at < index->offsets[user + 1]; at++) {
            const lfmi_signature_place place = lfmi_signature_of(index, user, index->items[at]);
            work->signature[place.word] |= (uint16_t)place.bits;
        }
    }
}

static lfm_status make_signature(making *work)
{
    const lfm_interactions *m = work->m;
    LFMI_TRY(LFMI_NEW_ZEROED(m->context, m->n_entries, "the signatures of users", &work->signature));
    const lfm_status status = run_tasks(work, entry_tasks(work), fill_signature);
    if (status == LFM_OK)
        work->index->signature = work->signature;
    else
        LFMI_FREE_ARRAY(m->context, work->signature, m->n_entries);
    return status;
}

lfm_status lfmi_interactions_index_on(lfm_interactions *m, int with, int32_t threads, const lfm_cancel *cancel,
                                      const lfmi_index **out)
{
    lfm_status status = LFM_OK;
    /* A host's executor may be waiting for the lock that is held here. */
    making work = {.m = m, .cancel = cancel, .index = &m->index,
                   .threads = m->context->options.executor == NULL ? threads : 1};
    pthread_mutex_lock(&m->index_lock);
    if (!m->index.is_made) {
        status = make_index(&work);
        if (status != LFM_OK)
            lfmi_index_free(m);
    }
    if (status == LFM_OK && (with & LFMI_INDEX_VALUES) && m->index.values == NULL)
        status = make_values(m, cancel);
    if (status == LFM_OK && (with & LFMI_INDEX_SIGNATURE) && m->index.signature == NULL)
        status = make_signature(&work);
    pthread_mutex_unlock(&m->index_lock);
    *out = &m->index;
    return status;
}

lfm_status lfmi_interactions_index(lfm_interactions *m, int with, const lfm_cancel *cancel, const lfmi_index **out)
{
    return lfmi_interactions_index_on(m, with, 1, cancel, out);
}

void lfmi_index_free(lfm_interactions *m)
{
    lfmi_index *index = &m->index;
    if (index->offsets != NULL && index->negatives != index->offsets + 1)
        LFMI_FREE_ARRAY(m->context, index->negatives, m->n_users);
    if (index->items != lfmi_items(m))
        LFMI_FREE_ARRAY(m->context, index->items, m->n_entries);
    LFMI_FREE_ARRAY(m->context, index->offsets, (int64_t)m->n_users + 1);
    LFMI_FREE_ARRAY(m->context, index->values, m->n_entries);
    LFMI_FREE_ARRAY(m->context, index->signature, m->n_entries);
    *index = (lfmi_index){0};
}

int64_t lfmi_distinct_items(const lfmi_index *index, int32_t user, bool positives_only, int32_t *out)
{
    int64_t p = index->offsets[user], n = index->negatives[user], count = 0;
    const int64_t p_end = n, n_end = positives_only ? n : index->offsets[user + 1];
    while (p < p_end || n < n_end) {
        const bool take_positive = n >= n_end || (p < p_end && index->items[p] <= index->items[n]);
        const int32_t item = index->items[take_positive ? p++ : n++];
        if (count == 0 || out[count - 1] != item)
            out[count++] = item;
    }
    return count;
}

int64_t lfmi_longest_user(const lfm_interactions *m, const lfmi_index *index)
{
    int64_t longest = 0;
    for (int32_t user = 0; user < m->n_users; user++) {
        const int64_t length = index->offsets[user + 1] - index->offsets[user];
        longest = length > longest ? length : longest;
    }
    return longest;
}
