/* The k best items of a user, out of a pass. */
#include "infer/best.h"

#include "base/prefetch.h"
#include "base/sort.h"
#include "infer/keys.h"

int32_t lfmi_best_room(int32_t k, int32_t n_items)
{
    enum { SPARE = 40 };
    const int64_t room = (int64_t)k + (k > SPARE ? k : SPARE);
    return (int32_t)(room < n_items ? room : n_items) + 1;
}

/* Reorder the keys so that the k largest come first, the k-th of them at k - 1. */
static void select_largest(int64_t *keys, int32_t n, int32_t k)
{
    int32_t low = 0, high = n - 1;
    while (low < high) {
        const int64_t a = keys[low], b = keys[low + (high - low) / 2], c = keys[high];
        const int64_t small = a < b ? a : b, large = a < b ? b : a;
        const int64_t pivot = c < small ? small : (c > large ? large : c);
        int32_t i = low, j = high;
        while (i <= j) {
            while (keys[i] > pivot)
                i++;
            while (keys[j] < pivot)
                j--;
            if (i <= j) {
                const int64_t swap = keys[i];
                keys[i++] = keys[j];
                keys[j--] = swap;
            }
        }
        if (k - 1 <= j)
            high = j;
        else if (k - 1 >= i)
            low = i;
        else
            return;
    }
}

/* Keep the k largest keys only, the smallest of them last. */
static void keep_largest(lfmi_best *best)
{
    if (best->n >= best->k) {
        select_largest(best->keys, best->n, best->k);
        best->n = best->k;
    }
}

/* Replace the scanned scores of keys[begin .. end - 1] by exact ones, close up behind keys[kept - 1], and return
 * how many are kept then: an item that scores NaN is no candidate. */
static int32_t settle_some(const lfmi_best *best, const lfmi_pass *pass, int32_t user, int32_t begin, int32_t end,
                           int32_t kept)
{
    for (int32_t i = begin; i < end; i++) {
        const int32_t id = lfmi_key_id(best->keys[i]);
        const float score = lfmi_pass_exact(pass, user, id);
        if (score == score)
            best->keys[kept++] = lfmi_key(score, id);
    }
    return kept;
}
static void settle(lfmi_best *best, const lfmi_pass *pass, int32_t user)
{
    best->n = settle_some(best, pass, user, 0, best->n, 0);
}

/* Ask for the representations of items that are about to be scored. */
static void fetch(const lfmi_best *best, const lfmi_pass *pass, int32_t begin, int32_t end)
{
    enum { LINE = LFMI_CACHE_LINE / sizeof(float), MOST_LINES = 8 };
    const int32_t d = pass->scorer->d < MOST_LINES * LINE ? pass->scorer->d : MOST_LINES * LINE;
    for (int32_t i = begin; i < end; i++) {
        const float *row = lfmi_vector(pass->scorer, LFM_SPACE_ITEM, lfmi_key_id(best->keys[i]));
        for (int32_t e = 0; e < d; e += LINE)
            lfmi_prefetch(row + e);
    }
}

/* Where scanned scores are never below the exact ones: score the most promising exactly, then all that reach the
 * k-th best of these. What is left are the k best so far, exactly. */
static void refine(lfmi_best *best, lfmi_pass *pass, int32_t user)
{
    const int32_t first = best->n_exact, n = best->n;
    const int32_t promising = n - first < best->k ? n : first + best->k;
    if (promising < n)
        select_largest(best->keys + first, n - first, best->k);
    fetch(best, pass, first, promising);
    best->n = settle_some(best, pass, user, first, promising, first);
    const bool is_full = best->n >= best->k;
    keep_largest(best);
    const float least = is_full ? lfmi_key_score(best->keys[best->k - 1]) : -__builtin_inff();
    for (int32_t i = promising; i < n; i++) {
        if (lfmi_key_score(best->keys[i]) >= least)
            best->n = settle_some(best, pass, user, i, i + 1, best->n);
    }
    if (best->n > best->k || !is_full)
        keep_largest(best);
    best->n_exact = best->n;
    if (best->n >= best->k && lfmi_key_score(best->keys[best->k - 1]) > pass->users[user].threshold)
        pass->users[user].threshold = lfmi_key_score(best->keys[best->k - 1]);
}

/* Drop what is certainly not among the k best. With v the k-th largest scanned score, k items have an
 * exact score of v - bound at least; what scanned below v - 2 bound is exactly below that. */
static void drop(lfmi_best *best, lfmi_pass *pass, int32_t user)
{
    if (best->n < best->k)
        return;
    select_largest(best->keys, best->n, best->k);
    const double kth = (double)lfmi_key_score(best->keys[best->k - 1]);
    const float least = lfmi_round_down(kth - 2 * pass->users[user].bound);
    int32_t kept = best->k;
    for (int32_t i = best->k; i < best->n; i++) {
        if (lfmi_key_score(best->keys[i]) >= least)
            best->keys[kept++] = best->keys[i];
    }
    best->n = kept;
    if (least > pass->users[user].threshold)
        pass->users[user].threshold = least;
}

void lfmi_best_offer(lfmi_best *best, lfmi_pass *pass, int32_t user, float score, int32_t item)
{
    best->keys[best->n++] = lfmi_key(score, item);
    if (best->n < best->room)
        return;
    if (pass->panels->kind == LFMI_SCAN_INT8) {
        refine(best, pass, user);
        return;
    }
    drop(best, pass, user);
    if (best->n <= best->k + (best->room - best->k) / 2)
        return;
    /* So many within the bound of each other, equal ones most likely: exact scores and ids decide. */
    settle(best, pass, user);
    keep_largest(best);
}

static void sort_descending(int64_t *keys, int32_t n)
{
    lfmi_sort_int64(keys, n);
    for (int32_t i = 0, j = n - 1; i < j; i++, j--) {
        const int64_t swap = keys[i];
        keys[i] = keys[j];
        keys[j] = swap;
    }
}

void lfmi_best_write(lfmi_best *best, lfmi_pass *pass, int32_t user, int32_t *ids, float *scores)
{
    if (pass->panels->kind == LFMI_SCAN_INT8) {
        refine(best, pass, user);
    } else {
        drop(best, pass, user);
        settle(best, pass, user);
        keep_largest(best);
    }
    sort_descending(best->keys, best->n);
    for (int32_t i = 0; i < best->k; i++) {
        const bool is_there = i < best->n;
        ids[i] = is_there ? lfmi_key_id(best->keys[i]) : -1;
        if (scores != NULL)
            scores[i] = is_there ? lfmi_key_score(best->keys[i]) : -__builtin_inff();
    }
    best->n = best->n_exact = 0;
}
