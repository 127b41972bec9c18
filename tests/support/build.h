/* Short ways to the objects that tests work on. All of them end the test when they cannot. */
#ifndef TEST_BUILD_H
#define TEST_BUILD_H

#include <stddef.h>
#include <stdint.h>

#include "lfm/lfm.h"

/* A random number generator of the tests' own: SplitMix64. */
typedef struct test_random {
    uint64_t state;
} test_random;
uint64_t random_next(test_random *random);
/* In [0, bound), good enough for test data. */
int32_t random_below(test_random *random, int32_t bound);
/* In [-1, 1), a multiple of 2^-23, the same on every machine. */
float random_signed(test_random *random);

/* Entries in arrays that a test owns. */
typedef struct test_entries {
    int64_t n;
    int32_t n_users, n_items;
    int32_t *users, *items;
    float *values, *weights; /* NULL: none */
    int64_t *timestamps;     /* NULL: none */
} test_entries;

/* n random entries with values +1 and, for about `negatives` of 8, -1 (0: no values array). With
 * distinct = 1 no pair is repeated; n must then be at most half of all pairs. */
test_entries entries_random(uint64_t seed, int64_t n, int32_t n_users, int32_t n_items, int negatives,
                            int distinct);
void entries_add_weights(test_entries *entries, uint64_t seed);
void entries_add_timestamps(test_entries *entries, uint64_t seed, int32_t n_different);
void entries_free(test_entries *entries);

/* Interactions that copy the entries, made in `context`. */
lfm_interactions *entries_build(lfm_context *context, const test_entries *entries);

/* Interactions of n entries in stored order; values may be NULL. */
lfm_interactions *build_interactions(int64_t n, int32_t n_users, int32_t n_items,
                                     const int32_t *users, const int32_t *items,
                                     const float *values);

/* Random features: rows x columns, up to `most` a row with weights in (0, 1]; some rows empty. */
lfm_features *build_random_features(lfm_context *context, uint64_t seed, int32_t n_rows,
                                    int32_t n_columns, int32_t most);

/* A model of `components`, an optimiser and a seed. */
lfm_model *build_model(lfm_context *context, int32_t n_user_features, int32_t n_item_features,
                       int32_t components, int32_t optimiser, uint64_t seed);

/* A copy of an array of a model, to be freed; its count in *n unless that is NULL. */
float *model_copy(const lfm_model *model, int32_t side, int32_t array, int64_t *n);

/* A hash of all parameters and optimiser state and the count of epochs: equal models, equal hashes. */
uint64_t model_hash(const lfm_model *model);

/* FNV-1a over bytes, going on from `hash`; begin with HASH_START. */
#define HASH_START UINT64_C(0xCBF29CE484222325)
uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t n);

/* Fill all embeddings and biases with multiples of 2^-10 below `width` in size. */
void model_fill(lfm_model *model, uint64_t seed, float width);

/* malloc that ends the process when there is no memory. */
void *take(size_t count, size_t item_size);

#endif
