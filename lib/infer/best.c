/* The k best items of a user, out of a pass. */
#include "infer/best.h"

#include "base/sort.h"

/* Score and id as one number: descending numbers are descending scores and then ascending ids. */
static int64_t key_of(float score, int32_t id)
{
    int32_t bits;
    const float positive_zero = score + 0.0f; /* -0 and +0 are the same score */
    memcpy(&bits, &positive_zero, sizeof bits);
    const int64_t ordered = bits >= 0 ? bits : INT32_MIN - (int64_t)bits;
    return ordered * (INT64_C(1) << 32) + (INT32_MAX - id);
}
static int32_t key_id(int64_t key) { return (int32_t)(INT32_MAX - (key & INT64_C(0xFFFFFFFF))); }
static float key_score(int64_t key)
{
    const int64_t ordered = (key - (key & INT64_C(0xFFFFFFFF))) / (INT64_C(1) << 32);
    const int32_t bits = (int32_t)(ordered >= 0 ? ordered : INT32_MIN - ordered);
    float score;
    memcpy(&score, &bits, sizeof score);
    return score;
}

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

/* Replace scanned scores by exact ones; an item that scores NaN is no candidate. */
static void settle(lfmi_best *best, const lfmi_pass *pass, int32_t user)
{
    int32_t kept = 0;
    for (int32_t i = 0; i < best->n; i++) {
        const int32_t id = key_id(best->keys[i]);
        const float score = lfmi_pass_exact(pass, user, id);
        if (score == score)
            best->keys[kept++] = key_of(score, id);
    }
    best->n = kept;
}

/* Drop what is certainly not among the k best. With v the k-th largest scanned score, k items have an
 * exact score of v - bound at least; what scanned below v - 2 bound is exactly below that. */
static void drop(lfmi_best *best, lfmi_pass *pass, int32_t user)
{
    if (best->n < best->k)
        return;
    select_largest(best->keys, best->n, best->k);
    const double kth = (double)key_score(best->keys[best->k - 1]);
    const float least = lfmi_round_down(kth - 2 * pass->users[user].bound);
    int32_t kept = best->k;
    for (int32_t i = best->k; i < best->n; i++) {
        if (key_score(best->keys[i]) >= least)
            best->keys[kept++] = best->keys[i];
    }
    best->n = kept;
    if (least > pass->users[user].threshold)
        pass->users[user].threshold = least;
}

void lfmi_best_offer(lfmi_best *best, lfmi_pass *pass, int32_t user, float score, int32_t item)
{
    best->keys[best->n++] = key_of(score, item);
    if (best->n < best->room)
        return;
    drop(best, pass, user);
    if (best->n <= best->k + (best->room - best->k) / 2)
        return;
    /* So many within the bound of each other, equal ones most likely: exact scores and ids decide. */
    settle(best, pass, user);
    if (best->n > best->k) {
        select_largest(best->keys, best->n, best->k);
        best->n = best->k;
    }
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
    drop(best, pass, user);
    settle(best, pass, user);
    if (best->n > best->k) {
        select_largest(best->keys, best->n, best->k);
        best->n = best->k;
    }
    sort_descending(best->keys, best->n);
    for (int32_t i = 0; i < best->k; i++) {
        const bool is_there = i < best->n;
        ids[i] = is_there ? key_id(best->keys[i]) : -1;
        if (scores != NULL)
            scores[i] = is_there ? key_score(best->keys[i]) : -__builtin_inff();
    }
    best->n = 0;
}
