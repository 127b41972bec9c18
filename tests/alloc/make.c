/* What is made from arrays and names: matrices, features, parts of them, models. */
#include <string.h>

#include "scenario.h"

static void count_release(void *user_data) { ++*(int *)user_data; }

static lfm_coo coo_of(const test_entries *e)
{
    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_entries = e->n;
    coo.n_rows = e->n_users;
    coo.n_columns = e->n_items;
    coo.rows = lfm_int32(e->users);
    coo.columns = lfm_int32(e->items);
    coo.values = lfm_float32(e->values);
    return coo;
}

/* Matrices in all ways that allocate differently. */
lfm_status scenario_matrices(scenario *s)
{
    const test_entries *e = s->entries;
    lfm_coo coo = coo_of(e);
    int64_t users64[N], items64[N];
    for (int i = 0; i < N; i++) {
        users64[i] = e->users[i];
        items64[i] = e->items[i];
    }
    lfm_interactions_options how;
    lfm_interactions_options_init(&how);
    how.weights = lfm_float32(e->weights);
    how.timestamps = lfm_int64(e->timestamps);
    STEP(lfm_interactions_from_coo(s->context, &coo, &how, &s->whole));
    how.release = count_release;
    how.release_user_data = &s->released;
    for (int32_t policy = 0; policy < 3; policy++) {
        for (int wide = 0; wide < 2; wide++) {
            how.duplicates = policy;
            how.borrow = !wide;
            coo.rows = wide ? lfm_int64(users64) : lfm_int32(e->users);
            coo.columns = wide ? lfm_int64(items64) : lfm_int32(e->items);
            s->borrowed++;
            lfm_interactions *m = NULL;
            const lfm_status status = lfm_interactions_from_coo(s->context, &coo, &how, &m);
            s->untouched = s->untouched && (status == LFM_OK || m == NULL);
            lfm_interactions_free(m);
            STEP(status);
        }
    }
    return LFM_OK;
}

lfm_status scenario_features(scenario *s)
{
    const test_entries *e = s->entries;
    lfm_coo coo = coo_of(e);
    int32_t columns[N];
    for (int i = 0; i < N; i++)
        columns[i] = e->items[i] % FEATURES;
    coo.columns = lfm_int32(columns);
    coo.n_columns = FEATURES;
    for (int32_t bits = 0; bits < 12; bits++) {
        lfm_features_options how;
        lfm_features_options_init(&how);
        how.identity = bits & 1;
        how.normalise = (bits & 2) != 0;
        how.duplicates = bits >> 2;
        how.release = count_release;
        how.release_user_data = &s->released;
        s->borrowed++;
        lfm_features *f = NULL;
        const lfm_status status = lfm_features_from_coo(s->context, &coo, &how, &f);
        s->untouched = s->untouched && (status == LFM_OK || f == NULL);
        if (bits == 0)
            s->f[0] = f;
        else
            lfm_features_free(f);
        STEP(status);
    }
    static const int32_t offsets[ITEMS + 1] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    static const int32_t columns_of_items[ITEMS] = {0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 1, 2};
    lfm_csr csr;
    lfm_csr_init(&csr);
    csr.n_entries = csr.n_rows = ITEMS;
    csr.n_columns = FEATURES;
    csr.offsets = lfm_int32(offsets);
    csr.columns = lfm_int32(columns_of_items);
    lfm_features_options reject;
    lfm_features_options_init(&reject);
    reject.duplicates = LFM_DUPLICATES_REJECT;
    return lfm_features_from_csr(s->context, &csr, &reject, &s->f[1]);
}

lfm_status scenario_split(scenario *s)
{
    for (int32_t method = 0; method < 3; method++) {
        lfm_split_options how;
        lfm_split_options_init(&how);
        how.method = method;
        how.k = 2;
        how.user_fraction = 0.5;
        lfm_interactions *train = NULL, *test = NULL;
        const lfm_status status = lfm_interactions_split(s->whole, &how, &train, &test);
        s->untouched = s->untouched && (status == LFM_OK || (train == NULL && test == NULL)) &&
                       (status == LFM_OK) == (lfm_last_message()[0] == '\0');
        if (method == 0) {
            s->train = train;
            s->test = test;
        } else {
            lfm_interactions_free(train);
            lfm_interactions_free(test);
        }
        STEP(status);
    }
    int32_t user_ids[USERS] = {-7}, item_ids[ITEMS] = {-7};
    const lfm_status status = lfm_interactions_threshold(s->whole, 3, 2, user_ids, item_ids, &s->left);
    s->untouched = s->untouched && (status == LFM_OK || (user_ids[0] == -7 && item_ids[0] == -7 && s->left == NULL));
    return status;
}

lfm_status scenario_train(scenario *s)
{
    lfm_model_options how;
    lfm_model_options_init(&how);
    how.components = 5;
    for (int32_t loss = 0; loss < 4; loss++) {
        for (int32_t features = 0; features < 2; features++) {
            how.optimiser = (loss + features) % 3;
            lfm_model *model = NULL;
            lfm_status status = lfm_model_create(s->context, features ? FEATURES : USERS, features ? FEATURES : ITEMS,
                                                 &how, &model);
            s->untouched = s->untouched && (status == LFM_OK || model == NULL);
            STEP(status);
            lfm_train_options options;
            lfm_train_options_init(&options);
            options.loss = loss;
            options.epochs = 2;
            options.threads = 1 + features;
            options.rollback = features;
            options.graded = loss == LFM_LOSS_BPR;
            options.negative_power = loss == LFM_LOSS_LOGISTIC ? -1 : loss == LFM_LOSS_WARP ? 0.5 : 1;
            options.cancel = s->cancel;
            /* A copy without an index, so that its making can fail here too. */
            const lfm_coo coo = coo_of(s->entries);
            lfm_interactions *m = NULL;
            status = lfm_interactions_from_coo(s->context, &coo, NULL, &m);
            if (status == LFM_OK) {
                const uint64_t before = model_hash(model);
                status = lfm_model_fit_partial(model, m, features ? s->f[0] : NULL, features ? s->f[1] : NULL,
                                               &options);
                if (status != LFM_OK) /* nothing was trained */
                    s->untouched = s->untouched && lfm_last_message()[0] != '\0' && model_hash(model) == before;
            }
            lfm_interactions_free(m);
            if (loss == LFM_LOSS_WARP && features == 1 && status == LFM_OK)
                s->model = model;
            else
                lfm_model_free(model);
            STEP(status);
        }
    }
    return LFM_OK;
}

/* Ids, and matrices made by name. */
static lfm_status name_things(lfm_ids *ids, lfm_dataset *d, bool *untouched)
{
    static const char *const rows[] = {"a", "b", "c"}, *const columns[] = {"x", "y", "x"};
    static const float values[] = {1, 2, 3};
    lfm_named_entries entries;
    lfm_named_entries_init(&entries);
    entries.n_entries = 3;
    entries.rows = lfm_strings(rows);
    entries.columns = lfm_strings(columns);
    entries.values = lfm_float32(values);
    entries.unknown_rows = entries.unknown_columns = LFM_UNKNOWN_ADD;
    int32_t indices[N] = {-7};
    char bytes[N * 3];
    int64_t offsets[N + 1] = {0};
    for (int i = 0; i < N; i++) {
        memcpy(bytes + 3 * i, (const char[]){'i', (char)('0' + i / 10), (char)('0' + i % 10)}, 3);
        offsets[i + 1] = 3 * i + 3;
    }
    lfm_status status = lfm_ids_add_all(ids, N, lfm_texts(bytes, offsets), indices);
    *untouched = status == LFM_OK || (lfm_ids_count(ids) == 0 && indices[0] == -7);
    STEP(status);
    status = lfm_dataset_add_ids(d, LFM_SPACE_USER, N, lfm_texts(bytes, offsets), indices);
    *untouched = status == LFM_OK || lfm_ids_count(lfm_dataset_ids(d, LFM_SPACE_USER_FEATURE)) == 0;
    STEP(status);
    STEP(lfm_dataset_add_interactions(d, &entries, NULL));
    STEP(lfm_dataset_add_features(d, LFM_USER, &entries, NULL));
    lfm_interactions *m = NULL;
    status = lfm_dataset_interactions(d, NULL, &m);
    *untouched = (status == LFM_OK) == (m != NULL);
    lfm_interactions_free(m);
    STEP(status);
    lfm_features *f = NULL;
    status = lfm_dataset_features(d, LFM_USER, NULL, &f);
    *untouched = (status == LFM_OK) == (f != NULL);
    lfm_features_free(f);
    return status;
}

lfm_status scenario_by_name(scenario *s)
{
    lfm_ids *ids = NULL;
    lfm_dataset *d = NULL;
    bool untouched = true;
    lfm_status status = lfm_ids_create(s->context, LFM_IDS_TEXT, &ids);
    if (status == LFM_OK)
        status = lfm_dataset_create(s->context, NULL, &d);
    if (status == LFM_OK)
        status = name_things(ids, d, &untouched);
    s->untouched = s->untouched && untouched;
    lfm_ids_free(ids);
    lfm_dataset_free(d);
    return status;
}
