/* Short ways to the objects that tests work on. */
#include "build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

void *take(size_t count, size_t item_size)
{
    void *block = calloc(count > 0 ? count : 1, item_size);
    if (block == NULL) {
        fprintf(stderr, "the test itself has no memory\n");
        abort();
    }
    return block;
}

uint64_t random_next(test_random *random)
{
    random->state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t x = random->state;
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

int32_t random_below(test_random *random, int32_t bound)
{
    return (int32_t)((random_next(random) >> 32) * (uint64_t)bound >> 32);
}

float random_signed(test_random *random)
{
    return (float)(random_next(random) >> 40) * 0x1p-23f - 1.0f;
}

test_entries entries_random(uint64_t seed, int64_t n, int32_t n_users, int32_t n_items, int negatives,
                            int distinct)
{
    test_random random = {seed};
    test_entries entries = {.n = n, .n_users = n_users, .n_items = n_items};
    entries.users = take((size_t)n, sizeof(int32_t));
    entries.items = take((size_t)n, sizeof(int32_t));
    if (negatives > 0)
        entries.values = take((size_t)n, sizeof(float));
    char *seen = distinct ? take((size_t)n_users * (size_t)n_items, 1) : NULL;
    for (int64_t i = 0; i < n; i++) {
        int64_t pair;
        do {
            /* Low ids are more popular: the smaller of two draws. */
            const int32_t a = random_below(&random, n_items), b = random_below(&random, n_items);
            entries.users[i] = random_below(&random, n_users);
            entries.items[i] = a < b ? a : b;
            pair = (int64_t)entries.users[i] * n_items + entries.items[i];
        } while (distinct && seen[pair]);
        if (distinct)
            seen[pair] = 1;
        if (negatives > 0)
            entries.values[i] = random_below(&random, 8) < negatives ? -1.0f : 1.0f;
    }
    free(seen);
    return entries;
}

void entries_add_weights(test_entries *entries, uint64_t seed)
{
    test_random random = {seed};
    entries->weights = take((size_t)entries->n, sizeof(float));
    for (int64_t i = 0; i < entries->n; i++)
        entries->weights[i] = (float)(1 + random_below(&random, 16)) * 0.125f;
}

void entries_add_timestamps(test_entries *entries, uint64_t seed, int32_t n_different)
{
    test_random random = {seed};
    entries->timestamps = take((size_t)entries->n, sizeof(int64_t));
    for (int64_t i = 0; i < entries->n; i++)
        entries->timestamps[i] = INT64_C(1600000000000) + random_below(&random, n_different);
}

void entries_free(test_entries *entries)
{
    free(entries->users);
    free(entries->items);
    free(entries->values);
    free(entries->weights);
    free(entries->timestamps);
    *entries = (test_entries){0};
}

lfm_interactions *entries_build(lfm_context *context, const test_entries *entries)
{
    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_entries = entries->n;
    coo.n_rows = entries->n_users;
    coo.n_columns = entries->n_items;
    coo.rows = lfm_int32(entries->users);
    coo.columns = lfm_int32(entries->items);
    coo.values = lfm_float32(entries->values);
    lfm_interactions_options options;
    lfm_interactions_options_init(&options);
    options.weights = lfm_float32(entries->weights);
    options.timestamps = lfm_int64(entries->timestamps);
    lfm_interactions *interactions = NULL;
    REQUIRE_OK(lfm_interactions_from_coo(context, &coo, &options, &interactions));
    return interactions;
}

lfm_interactions *build_interactions(int64_t n, int32_t n_users, int32_t n_items,
                                     const int32_t *users, const int32_t *items,
                                     const float *values)
{
    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_entries = n;
    coo.n_rows = n_users;
    coo.n_columns = n_items;
    coo.rows = lfm_int32(users);
    coo.columns = lfm_int32(items);
    coo.values = lfm_float32(values);
    lfm_interactions *interactions = NULL;
    REQUIRE_OK(lfm_interactions_from_coo(NULL, &coo, NULL, &interactions));
    return interactions;
}

lfm_features *build_random_features(lfm_context *context, uint64_t seed, int32_t n_rows,
                                    int32_t n_columns, int32_t most)
{
    test_random random = {seed};
    int64_t *offsets = take((size_t)n_rows + 1, sizeof *offsets);
    int32_t *columns = take((size_t)n_rows * (size_t)most, sizeof *columns);
    float *values = take((size_t)n_rows * (size_t)most, sizeof *values);
    int64_t n = 0;
    for (int32_t row = 0; row < n_rows; row++) {
        const int32_t length = random_below(&random, most + 1);
        for (int32_t i = 0; i < length; i++, n++) {
            columns[n] = random_below(&random, n_columns);
            values[n] = (float)(1 + random_below(&random, 8)) * 0.125f;
        }
        offsets[row + 1] = n;
    }
    lfm_csr csr;
    lfm_csr_init(&csr);
    csr.n_entries = n;
    csr.n_rows = n_rows;
    csr.n_columns = n_columns;
    csr.offsets = lfm_int64(offsets);
    csr.columns = lfm_int32(columns);
    csr.values = lfm_float32(values);
    lfm_features *features = NULL;
    REQUIRE_OK(lfm_features_from_csr(context, &csr, NULL, &features));
    free(offsets);
    free(columns);
    free(values);
    return features;
}

lfm_model *build_model(lfm_context *context, int32_t n_user_features, int32_t n_item_features,
                       int32_t components, int32_t optimiser, uint64_t seed)
{
    lfm_model_options options;
    lfm_model_options_init(&options);
    options.components = components;
    options.optimiser = optimiser;
    options.seed = seed;
    lfm_model *model = NULL;
    REQUIRE_OK(lfm_model_create(context, n_user_features, n_item_features, &options, &model));
    return model;
}

float *model_copy(const lfm_model *model, int32_t side, int32_t array, int64_t *n)
{
    const int64_t count =
        (int64_t)lfm_model_n_features(model, side) * lfm_model_columns(model, array);
    float *values = take((size_t)count, sizeof *values);
    REQUIRE_OK(lfm_model_get(model, side, array, values, count));
    if (n != NULL)
        *n = count;
    return values;
}

uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t n)
{
    const unsigned char *byte = bytes;
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ byte[i]) * UINT64_C(0x100000001B3);
    return hash;
}

uint64_t model_hash(const lfm_model *model)
{
    const int64_t epochs = lfm_model_epochs(model);
    uint64_t hash = hash_bytes(HASH_START, &epochs, sizeof epochs);
    for (int32_t side = LFM_USER; side <= LFM_ITEM; side++) {
        for (int32_t array = LFM_EMBEDDINGS; array <= LFM_BIAS_MOMENTUM; array++) {
            int64_t n;
            float *values = model_copy(model, side, array, &n);
            hash = hash_bytes(hash, values, (size_t)n * sizeof *values);
            free(values);
        }
    }
    return hash;
}

void model_fill(lfm_model *model, uint64_t seed, float width)
{
    test_random random = {seed};
    for (int32_t side = LFM_USER; side <= LFM_ITEM; side++) {
        for (int32_t array = LFM_EMBEDDINGS; array <= LFM_BIASES; array++) {
            int64_t n;
            float *values = model_copy(model, side, array, &n);
            for (int64_t i = 0; i < n; i++)
                values[i] = (float)(random_below(&random, 2048) - 1024) * 0x1p-10f * width;
            REQUIRE_OK(lfm_model_set(model, side, array, values, n));
            free(values);
        }
    }
}
