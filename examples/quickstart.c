/* Quickstart: from two arrays of ids to recommendations.
 *
 *     cc -std=c11 quickstart.c $(pkg-config --cflags --libs lfm) -o quickstart
 *
 * Take over who liked what, hold a fifth back, train, see what training was good for, recommend. */
#include "example_data.h"

enum { TOP = 10 };

/* Print and return which share of the first ten places held-back likes take, the users' mean. */
static double precision(const lfm_model *model, lfm_interactions *train, lfm_interactions *test,
                        const char *when)
{
    /* A scorer is a frozen copy of the model. NULL, NULL: users and items have no features but
     * themselves. The model may go on learning; the scorer stays as it is. */
    lfm_scorer *scorer;
    check(lfm_scorer_create(model, NULL, NULL, NULL, &scorer), "scorer");

    /* Items of the training set are no candidates: a user is not shown again what is known. */
    const lfm_metric metrics[] = {{LFM_METRIC_PRECISION, TOP}, {LFM_METRIC_AUC, 0}};
    lfm_metric_result results[2] = {{.size = sizeof results[0]}};
    lfm_evaluate_options options;
    lfm_evaluate_options_init(&options);
    options.exclude = train;
    check(lfm_evaluate(scorer, test, metrics, 2, &options, results, NULL), "evaluate");
    lfm_scorer_free(scorer);
    printf("%-16s precision@%d %.3f (+- %.3f)   AUC %.3f\n", when, TOP, results[0].mean,
           results[0].standard_error, results[1].mean);
    return results[0].mean;
}

int main(void)
{
    /* 1. The data: entry n says that users[n] liked items[n]. Ids count from 0. */
    static int32_t users[N_LIKES], items[N_LIKES];
    random_state random = {1};
    make_likes(&random, users, items);

    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_rows = N_USERS;
    coo.n_columns = N_ITEMS;
    coo.n_entries = N_LIKES;
    coo.rows = lfm_int32(users);
    coo.columns = lfm_int32(items);
    lfm_interactions *likes;
    check(lfm_interactions_from_coo(NULL, &coo, NULL, &likes), "interactions");

    /* 2. Hold a fifth of the likes back, to measure with. */
    lfm_interactions *train, *test;
    check(lfm_interactions_split(likes, NULL, &train, &test), "split");

    /* 3. A model of 16 numbers per user and per item. */
    lfm_model_options model_options;
    lfm_model_options_init(&model_options);
    model_options.components = 16;
    lfm_model *model;
    check(lfm_model_create(NULL, N_USERS, N_ITEMS, &model_options, &model), "model");

    /* 4. Train. WARP is the default loss; one thread makes the result repeat bit for bit. */
    lfm_train_options options;
    lfm_train_options_init(&options);
    options.epochs = 20;
    options.threads = 1;
    const double before = precision(model, train, test, "before training:");
    check(lfm_model_fit_partial(model, train, NULL, NULL, &options), "training");
    const double after = precision(model, train, test, "after training:");
    expect(after > 0.15 && after > 5 * before, "training finds what was held back");

    /* 5. Recommend: the best items for users 0 and 3 that they do not know yet. */
    lfm_scorer *scorer;
    check(lfm_scorer_create(model, NULL, NULL, NULL, &scorer), "scorer");
    const int32_t asked[] = {0, 3};
    int32_t best[2 * TOP];
    float scores[2 * TOP];
    check(lfm_recommend(scorer, 2, asked, TOP, train, best, scores, NULL), "recommend");
    for (int u = 0; u < 2; u++) {
        const int32_t taste = taste_of_user(asked[u]);
        int32_t n_of_taste = 0;
        printf("user %d, who likes %s:\n", asked[u], topic_names[taste]);
        for (int place = 0; place < TOP; place++) {
            const int32_t item = best[u * TOP + place];
            printf("  item %3d (%s)  %.2f\n", item, topic_names[topic_of_item(item)],
                   (double)scores[u * TOP + place]);
            n_of_taste += topic_of_item(item) == taste;
        }
        expect(n_of_taste >= 7, "most recommendations are of the user's taste");
    }

    /* 6. Objects hold what they need: they may be freed in any order. */
    lfm_interactions_free(likes);
    lfm_interactions_free(train);
    lfm_interactions_free(test);
    lfm_model_free(model);
    lfm_scorer_free(scorer);
    return EXIT_SUCCESS;
}
