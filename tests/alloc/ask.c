/* What is asked of scorers. */
#include "scenario.h"

static lfm_status fold(scenario *s, const lfm_scorer *scorer)
{
    enum { COMPONENTS = 5 };
    for (int32_t bits = 0; bits < 4; bits++) {
        static const int32_t columns[3] = {0, 1, 2};
        lfm_coo coo;
        lfm_coo_init(&coo);
        coo.n_entries = coo.n_rows = coo.n_columns = 3;
        coo.rows = coo.columns = lfm_int32(columns);
        lfm_interactions *rows = NULL;
        STEP(lfm_interactions_from_coo(s->context, &coo, NULL, &rows));
        lfm_fold_in_options how;
        lfm_fold_in_options_init(&how);
        how.side = bits & 1;
        how.loss = bits & 2 ? LFM_LOSS_WARP : how.side == LFM_USER ? LFM_LOSS_WARP_KOS : LFM_LOSS_BPR;
        how.training = s->train;
        float vectors[3 * COMPONENTS] = {-7};
        const lfm_status status = lfm_fold_in(scorer, rows, vectors, 0, NULL, &how);
        lfm_interactions_free(rows);
        s->untouched = s->untouched && (status == LFM_OK || vectors[0] == -7);
        STEP(status);
    }
    return LFM_OK;
}

/* A scorer of embeddings, its items in less than float32, and what is asked of it: a recommendation for a vector,
 * ranks. */
static lfm_status embed_in(scenario *s, int32_t precision)
{
    static const float numbers[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    lfm_embeddings rows;
    lfm_embeddings_init(&rows);
    rows.vectors = numbers;
    rows.n_rows = 4;
    rows.n_components = 3;
    lfm_scorer_options how;
    lfm_scorer_options_init(&how);
    how.precision = precision;
    lfm_scorer *scorer = NULL;
    lfm_status status = lfm_scorer_from_embeddings(s->context, &rows, &rows, &how, &scorer);
    s->untouched = s->untouched && (status == LFM_OK || scorer == NULL);
    int32_t items[4] = {-7};
    if (status == LFM_OK)
        status = lfm_recommend_vectors(scorer, &rows, 1, NULL, items, NULL, NULL);
    s->untouched = s->untouched && (status == LFM_OK || items[0] == -7);
    const int32_t user = 1, item = 2;
    int32_t rank = -7;
    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_rows = coo.n_columns = 4;
    coo.n_entries = 1;
    coo.rows = lfm_int32(&user);
    coo.columns = lfm_int32(&item);
    lfm_interactions *test = NULL;
    if (status == LFM_OK)
        status = lfm_interactions_from_coo(s->context, &coo, NULL, &test);
    if (status == LFM_OK)
        status = lfm_rank(scorer, test, NULL, &rank, NULL);
    s->untouched = s->untouched && (status == LFM_OK || rank == -7);
    lfm_interactions_free(test);
    lfm_scorer_free(scorer);
    return status;
}

/* So many similar rows that they are scanned for. */
static lfm_status find_many(scenario *s)
{
    enum { ROWS = 256, QUERIES = 24 };
    float numbers[ROWS], cosines[QUERIES] = {-7};
    int32_t queries[QUERIES], rows[QUERIES];
    for (int32_t i = 0; i < ROWS; i++)
        numbers[i] = (float)i + 1;
    for (int32_t i = 0; i < QUERIES; i++)
        queries[i] = i;
    lfm_embeddings side;
    lfm_embeddings_init(&side);
    side.vectors = numbers;
    side.n_rows = ROWS;
    side.n_components = 1;
    lfm_scorer *scorer = NULL;
    lfm_status status = lfm_scorer_from_embeddings(s->context, &side, &side, NULL, &scorer);
    if (status == LFM_OK)
        status = lfm_similar(scorer, LFM_SPACE_ITEM, QUERIES, queries, LFM_SPACE_ITEM, 1, rows, cosines, NULL);
    s->untouched = s->untouched && (status == LFM_OK || cosines[0] == -7);
    lfm_scorer_free(scorer);
    return status;
}

static lfm_status embed(scenario *s)
{
    lfm_status status = embed_in(s, LFM_PRECISION_HALF);
    if (status == LFM_OK)
        status = embed_in(s, LFM_PRECISION_INT8);
    return status == LFM_OK ? find_many(s) : status;
}

lfm_status scenario_infer(scenario *s)
{
    lfm_scorer *scorer = NULL;
    lfm_scorer_options making;
    lfm_scorer_options_init(&making);
    making.threads = 2;
    lfm_status status = lfm_scorer_create(s->model, s->f[0], s->f[1], &making, &scorer);
    s->untouched = s->untouched && (status == LFM_OK || scorer == NULL);
    s->scorer = scorer;
    STEP(status);
    int32_t all_items[USERS] = {-7};
    int32_t ranks[N] = {-7}, items[2 * K] = {-7}, users[2] = {1, 2}, found = -7;
    float scores[2 * K] = {-7};
    const lfm_metric metrics[5] = {{LFM_METRIC_AUC, 0}, {LFM_METRIC_NDCG_GRADED, 3}, {LFM_METRIC_COVERAGE, 3},
                                   {LFM_METRIC_POPULARITY, 2}, {LFM_METRIC_SIMILARITY, 4}};
    lfm_metric_result results[15] = {{.size = sizeof *results, .mean = -7}};
    double per_user[15 * USERS] = {-7};
    lfm_evaluate_options evaluation;
    lfm_evaluate_options_init(&evaluation);
    evaluation.exclude = s->train;
    evaluation.segments = 2;
    evaluation.bootstrap = 3;
    evaluation.keep_empty = 1;
    evaluation.check_overlap = 0;
    evaluation.threads = 2;
    lfm_infer_options how;
    lfm_infer_options_init(&how);
    how.threads = 2;
    how.check_overlap = 0;
    STEP(lfm_predict(scorer, 2, users, users, scores, &how));
    scores[0] = -7;
    status = lfm_rank(scorer, s->test, s->train, ranks, &how);
    s->untouched = s->untouched && (status == LFM_OK || ranks[0] == -7);
    STEP(status);
    for (int given = 0; given < 2; given++) {
        evaluation.candidates = given ? s->whole : NULL;
        results[0].mean = per_user[0] = -7;
        status = lfm_evaluate(scorer, s->test, metrics, 5, &evaluation, results, per_user);
        s->untouched = s->untouched && (status == LFM_OK || (results[0].mean == -7 && per_user[0] == -7));
        STEP(status);
    }
    results[0].mean = per_user[0] = -7;
    status = lfm_evaluate_ranks(s->test, ranks, ITEMS, metrics, 2, &evaluation, results, per_user);
    s->untouched = s->untouched && (status == LFM_OK || (results[0].mean == -7 && per_user[0] == -7));
    STEP(status);
    lfm_recommend_options few;
    lfm_recommend_options_init(&few);
    few.threads = 2;
    few.candidates = users;
    few.n_candidates = 2;
    status = lfm_recommend(scorer, 2, users, K, s->train, items, scores, &few);
    s->untouched = s->untouched && (status == LFM_OK || (items[0] == -7 && scores[0] == -7));
    STEP(status);
    items[0] = -7;
    scores[0] = -7;
    status = lfm_recommend_features(scorer, s->f[0], 1, s->train, all_items, NULL, NULL);
    s->untouched = s->untouched && (status == LFM_OK || all_items[0] == -7);
    STEP(status);
    STEP(embed(s));
    STEP(fold(s, scorer));
    items[0] = -7;
    scores[0] = -7;
    static const int32_t excluded = 2;
    lfm_similar_options like;
    lfm_similar_options_init(&like);
    like.threads = 2;
    like.exclude = &excluded;
    like.n_exclude = 1;
    status = lfm_similar(scorer, LFM_SPACE_ITEM, 2, users, LFM_SPACE_USER_FEATURE, K, items, scores, &like);
    s->untouched = s->untouched && (status == LFM_OK || (items[0] == -7 && scores[0] == -7));
    STEP(status);
    lfm_contribution parts[K] = {{-7, 0, 0}};
    lfm_explanation why = {.size = sizeof why, .score = -7};
    status = lfm_explain(scorer, s->f[0], s->f[1], 1, 2, K, parts, &why, NULL);
    s->untouched = s->untouched && (status == LFM_OK || (parts[0].value == -7 && why.score == -7));
    STEP(status);
    float vectors[ITEMS * 7] = {-7};
    status = lfm_vectors_export(scorer, LFM_SPACE_ITEM, LFM_VECTORS_L2, 0, 0, ITEMS, vectors, &how);
    s->untouched = s->untouched && (status == LFM_OK || vectors[0] == -7);
    STEP(status);
    status = lfm_find_overlap(s->whole, s->left, &found, NULL, NULL);
    s->untouched = s->untouched && (status == LFM_OK || found == -7);
    STEP(status);
    return LFM_OK;
}
