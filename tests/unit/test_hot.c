/* Copies of hot features: which features are hot, and that nothing is lost or counted twice when they are put together. */
#include "train/hot.h"

#include "build.h"
#include "check.h"
#include "tap.h"

enum { ROWS = 280, COLUMNS = 300, D = 5, WORKERS = 3 };

/* Each row has a feature of its own, feature 280 every one, 281 every tenth, 282 every fifteenth. */
static lfm_features *features_new(void)
{
    int32_t rows[3 * ROWS], columns[3 * ROWS];
    int64_t n = 0;
    for (int32_t row = 0; row < ROWS; row++) {
        rows[n] = row, columns[n++] = row;
        rows[n] = row, columns[n++] = 280;
        if (row % 10 == 0)
            rows[n] = row, columns[n++] = 281;
        if (row % 15 == 0)
            rows[n] = row, columns[n++] = 282;
    }
    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_entries = n;
    coo.n_rows = ROWS;
    coo.n_columns = COLUMNS;
    coo.rows = lfm_int32(rows);
    coo.columns = lfm_int32(columns);
    lfm_features *features = NULL;
    REQUIRE_OK(lfm_features_from_coo(NULL, &coo, NULL, &features));
    return features;
}

static void test_found(void)
{
    lfm_features *features = features_new();
    lfm_model *model = build_model(NULL, 1, COLUMNS, D, LFM_OPTIMISER_ADAGRAD, 1);
    lfmi_hot hot;
    REQUIRE_OK(lfmi_hot_new(model, LFM_ITEM, features, WORKERS, &hot));
    CHECK(hot.n == 2 && hot.features[0] == 280 && hot.features[1] == 281);
    CHECK(lfmi_hot_row(&hot, 0, 282) == NULL && lfmi_hot_row(&hot, 0, 3) == NULL);
    CHECK(lfmi_hot_row(&hot, 1, 281) != NULL && lfmi_hot_row(&hot, 1, 281) != lfmi_hot_row(&hot, 2, 281));
    lfmi_hot_free(model->context, &hot);
    lfm_model_free(model);
    lfm_features_free(features);
}

static void test_merged(void)
{
    lfm_features *features = features_new();
    lfm_model *model = build_model(NULL, 1, COLUMNS, D, LFM_OPTIMISER_ADAGRAD, 1);
    lfmi_hot hot;
    REQUIRE_OK(lfmi_hot_new(model, LFM_ITEM, features, WORKERS, &hot));
    float *shared = lfmi_row(&model->sides[LFM_ITEM], &model->layout, 280), before = shared[2] = 1.5f;
    for (int32_t worker = 0; worker < WORKERS; worker++)
        lfmi_hot_load(&hot, worker);
    for (int round = 0; round < 4; round++) {
        for (int32_t worker = 0; worker < WORKERS; worker++)
            lfmi_hot_row(&hot, worker, 280)[2] += (float)(1 << worker);
        for (int32_t worker = 0; worker < WORKERS; worker++)
            lfmi_hot_merge(&hot, (worker + round) % WORKERS);
    }
    CHECK_CLOSE(shared[2], before + 4 * (1 + 2 + 4), 0, 0);
    for (int32_t worker = 0; worker < WORKERS; worker++)
        lfmi_hot_merge(&hot, worker); /* nothing is left to add, everybody learns of all */
    CHECK_CLOSE(shared[2], before + 4 * (1 + 2 + 4), 0, 0);
    for (int32_t worker = 0; worker < WORKERS; worker++)
        CHECK_CLOSE(lfmi_hot_row(&hot, worker, 280)[2], shared[2], 0, 0);
    /* While another merges, a worker goes on with what it has. */
    lfmi_hot_row(&hot, 1, 280)[2] += 8;
    (void)atomic_flag_test_and_set(&hot.merging);
    lfmi_hot_merge(&hot, 1);
    CHECK_CLOSE(shared[2], before + 28, 0, 0);
    atomic_flag_clear(&hot.merging);
    lfmi_hot_merge(&hot, 1);
    CHECK_CLOSE(shared[2], before + 36, 0, 0);
    lfmi_hot_free(model->context, &hot);
    lfm_model_free(model);
    lfm_features_free(features);
}

int main(int argc, char **argv)
{
    static const tap_test tests[] = {{"which features are hot", test_found}, {"changes put together", test_merged}};
    return TAP_MAIN("hot", tests, argc, argv);
}
