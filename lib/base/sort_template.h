/* One introsort of LFMI_SORT_TYPE by LFMI_SORT_LESS, named LFMI_SORT_NAME; included by sort.c only. */
#define LFMI_SORT_JOIN2(a, b) a##b
#define LFMI_SORT_JOIN(a, b) LFMI_SORT_JOIN2(a, b)
#define INSERTION_SORT LFMI_SORT_JOIN(LFMI_SORT_NAME, _insertion)
#define SIFT_DOWN LFMI_SORT_JOIN(LFMI_SORT_NAME, _sift_down)
#define HEAP_SORT LFMI_SORT_JOIN(LFMI_SORT_NAME, _heap)
#define INTRO_SORT LFMI_SORT_JOIN(LFMI_SORT_NAME, _intro)

static void INSERTION_SORT(LFMI_SORT_TYPE *values, int64_t n)
{
    for (int64_t i = 1; i < n; i++) {
        const LFMI_SORT_TYPE value = values[i];
        int64_t j = i;
        for (; j > 0 && LFMI_SORT_LESS(value, values[j - 1]); j--)
            values[j] = values[j - 1];
        values[j] = value;
    }
}

static void SIFT_DOWN(LFMI_SORT_TYPE *values, int64_t root, int64_t n)
{
    const LFMI_SORT_TYPE value = values[root];
    for (int64_t child; (child = 2 * root + 1) < n; root = child) {
        if (child + 1 < n && LFMI_SORT_LESS(values[child], values[child + 1]))
            child++;
        if (!LFMI_SORT_LESS(value, values[child]))
            break;
        values[root] = values[child];
    }
    values[root] = value;
}

static void HEAP_SORT(LFMI_SORT_TYPE *values, int64_t n)
{
    for (int64_t root = n / 2 - 1; root >= 0; root--)
        SIFT_DOWN(values, root, n);
    for (int64_t end = n - 1; end > 0; end--) {
        const LFMI_SORT_TYPE largest = values[0];
        values[0] = values[end];
        values[end] = largest;
        SIFT_DOWN(values, 0, end);
    }
}

static void INTRO_SORT(LFMI_SORT_TYPE *values, int64_t n, int depth)
{
    enum { SHORT_RUN = 24 };
    while (n > SHORT_RUN) {
        if (depth-- == 0) {
            HEAP_SORT(values, n);
            return;
        }
        const LFMI_SORT_TYPE a = values[0], b = values[n / 2], c = values[n - 1];
        const int ordered = LFMI_SORT_LESS(a, b);
        const LFMI_SORT_TYPE low = ordered ? a : b, high = ordered ? b : a;
        const LFMI_SORT_TYPE pivot =
            LFMI_SORT_LESS(c, low) ? low : (LFMI_SORT_LESS(high, c) ? high : c);
        int64_t i = 0, j = n - 1;
        while (i <= j) {
            while (LFMI_SORT_LESS(values[i], pivot))
                i++;
            while (LFMI_SORT_LESS(pivot, values[j]))
                j--;
            if (i <= j) {
                const LFMI_SORT_TYPE swap = values[i];
                values[i++] = values[j];
                values[j--] = swap;
            }
        }
        /* Recurse into the shorter part, so that the stack stays logarithmic. */
        if (j + 1 < n - i) {
            INTRO_SORT(values, j + 1, depth);
            values += i;
            n -= i;
        } else {
            INTRO_SORT(values + i, n - i, depth);
            n = j + 1;
        }
    }
    INSERTION_SORT(values, n);
}

void LFMI_SORT_NAME(LFMI_SORT_TYPE *values, int64_t n)
{
    int depth = 2;
    for (int64_t rest = n; rest > 1; rest >>= 1)
        depth += 2;
    INTRO_SORT(values, n, depth);
}

#undef LFMI_SORT_JOIN2
#undef LFMI_SORT_JOIN
#undef INSERTION_SORT
#undef SIFT_DOWN
#undef HEAP_SORT
#undef INTRO_SORT
#undef LFMI_SORT_TYPE
#undef LFMI_SORT_NAME
#undef LFMI_SORT_LESS
