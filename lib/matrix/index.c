/* The index of interactions: which items each user knows, sorted. */
#include "base/sort.h"
#include "matrix/interactions.h"

/* What one look through the entries tells of them. */
typedef struct entry_survey {
    bool has_negatives;
    bool is_sorted; /* by user, then item, and all positive: the items are the index as they stand */
} entry_survey;

static lfm_status survey_entries(const lfm_interactions *m, const lfm_cancel *cancel, entry_survey *survey)
{
    const int32_t *users = lfmi_users(m), *items = lfmi_items(m);
    *survey = (entry_survey){false, true};
    for (int64_t entry = 0; entry < m->n_entries; entry++) {
        if (entry % LFMI_ENTRIES_PER_LOOK == 0)
            LFMI_TRY(lfmi_poll(cancel));
        survey->has_negatives = survey->has_negatives || !lfmi_is_positive(m, entry);
        survey->is_sorted = survey->is_sorted &&
                            (entry == 0 || users[entry - 1] < users[entry] ||
                             (users[entry - 1] == users[entry] && items[entry - 1] <= items[entry]));
    }
    survey->is_sorted = survey->is_sorted && !survey->has_negatives;
    return LFM_OK;
}

/* Count each user's entries, and its negatives where there are any. */
static lfm_status count_entries(const lfm_interactions *m, const lfm_cancel *cancel, lfmi_index *index,
                                bool has_negatives)
{
    const int32_t *users = lfmi_users(m);
    for (int64_t entry = 0; entry < m->n_entries; entry++) {
        if (entry % LFMI_ENTRIES_PER_LOOK == 0)
            LFMI_TRY(lfmi_poll(cancel));
        index->offsets[users[entry] + 1]++;
        if (has_negatives && !lfmi_is_positive(m, entry))
            index->negatives[users[entry]]++;
    }
    return LFM_OK;
}

/* Put the items where they belong. next_positive[u] and negatives[u] are the next free places of u's two
 * lists, and at last their ends; a user's positives come first. */
static lfm_status scatter_items(const lfm_interactions *m, const lfm_cancel *cancel, lfmi_index *index,
                                int32_t *sorted, bool has_negatives)
{
    const int32_t *users = lfmi_users(m), *items = lfmi_items(m);
    int64_t *next_positive = index->offsets + 1;
    int64_t start = 0;
    for (int32_t user = 0; user < m->n_users; user++) {
        const int64_t count = next_positive[user];
        next_positive[user] = start;
        if (has_negatives)
            index->negatives[user] = start + count - index->negatives[user];
        start += count;
    }
    for (int64_t entry = 0; entry < m->n_entries; entry++) {
        if (entry % LFMI_ENTRIES_PER_LOOK == 0)
            LFMI_TRY(lfmi_poll(cancel));
        const int32_t user = users[entry];
        int64_t *next = lfmi_is_positive(m, entry) ? &next_positive[user] : &index->negatives[user];
        sorted[(*next)++] = items[entry];
    }
    for (int32_t user = 0; has_negatives && user < m->n_users; user++) {
        const int64_t end = index->negatives[user];
        index->negatives[user] = next_positive[user];
        next_positive[user] = end;
    }
    return LFM_OK;
}

static lfm_status sort_items(const lfm_interactions *m, const lfm_cancel *cancel, const lfmi_index *index,
                             int32_t *sorted)
{
    int64_t looked = 0;
    for (int32_t user = 0; user < m->n_users; user++) {
        const int64_t begin = index->offsets[user], middle = index->negatives[user], end = index->offsets[user + 1];
        if (begin - looked >= LFMI_ENTRIES_PER_LOOK) {
            LFMI_TRY(lfmi_poll(cancel));
            looked = begin;
        }
        lfmi_sort_int32(sorted + begin, middle - begin);
        lfmi_sort_int32(sorted + middle, end - middle);
    }
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

static lfm_status make_index(lfm_interactions *m, const lfm_cancel *cancel, lfmi_index *index)
{
    lfm_context *context = m->context;
    entry_survey survey;
    LFMI_TRY(survey_entries(m, cancel, &survey));
    index->n_item_words = ((int64_t)m->n_items + 15) / 16;
    LFMI_TRY(LFMI_NEW_ZEROED(context, (int64_t)m->n_users + 1, "the index of users", &index->offsets));
    if (survey.has_negatives)
        LFMI_TRY(LFMI_NEW_ZEROED(context, m->n_users, "the index of negatives", &index->negatives));
    LFMI_TRY(count_entries(m, cancel, index, survey.has_negatives));
    if (survey.is_sorted) {
        index->items = lfmi_items(m);
        for (int32_t user = 0; user < m->n_users; user++)
            index->offsets[user + 1] += index->offsets[user];
    } else {
        int32_t *sorted;
        LFMI_TRY(LFMI_NEW_ARRAY(context, m->n_entries, "the index of items", &sorted));
        index->items = sorted;
        LFMI_TRY(scatter_items(m, cancel, index, sorted, survey.has_negatives));
    }
    if (!survey.has_negatives)
        index->negatives = index->offsets + 1;
    if (!survey.is_sorted)
        LFMI_TRY(sort_items(m, cancel, index, (int32_t *)(uintptr_t)index->items));
    index->is_made = true;
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

static lfm_status fill_signature(const lfm_interactions *m, const lfm_cancel *cancel, uint16_t *signature)
{
    const lfmi_index *index = &m->index;
    int64_t looked = 0;
    for (int32_t user = 0; user < m->n_users; user++) {
        if (index->offsets[user] - looked >= LFMI_ENTRIES_PER_LOOK) {
            LFMI_TRY(lfmi_poll(cancel));
            looked = index->offsets[user];
        }
        for (int64_t at = index->offsets[user]; at < index->offsets[user + 1]; at++) {
            const lfmi_signature_place place = lfmi_signature_of(index, user, index->items[at]);
            signature[place.word] |= (uint16_t)place.bits;
        }
    }
    return LFM_OK;
}

static lfm_status make_signature(lfm_interactions *m, const lfm_cancel *cancel)
{
    uint16_t *signature;
    LFMI_TRY(LFMI_NEW_ZEROED(m->context, m->n_entries, "the signatures of users", &signature));
    const lfm_status status = fill_signature(m, cancel, signature);
    if (status == LFM_OK)
        m->index.signature = signature;
    else
        LFMI_FREE_ARRAY(m->context, signature, m->n_entries);
    return status;
}

lfm_status lfmi_interactions_index(lfm_interactions *m, int with, const lfm_cancel *cancel, const lfmi_index **out)
{
    lfm_status status = LFM_OK;
    pthread_mutex_lock(&m->index_lock);
    if (!m->index.is_made) {
        status = make_index(m, cancel, &m->index);
        if (status != LFM_OK)
            lfmi_index_free(m);
    }
    if (status == LFM_OK && (with & LFMI_INDEX_VALUES) && m->index.values == NULL)
        status = make_values(m, cancel);
    if (status == LFM_OK && (with & LFMI_INDEX_SIGNATURE) && m->index.signature == NULL)
        status = make_signature(m, cancel);
    pthread_mutex_unlock(&m->index_lock);
    *out = &m->index;
    return status;
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
