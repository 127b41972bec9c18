/* What a stranger's program does with the installed library: train a little, rank a little. */
#include <lfm/lfm.h>
#include <stdio.h>
#include <string.h>

/* Four users, six items: users 0 and 1 like items 0 to 2, users 2 and 3 items 3 to 5. One pair of
 * each group is left for the model to find. */
static const int32_t users[] = {0, 0, 0, 1, 1, 2, 2, 2, 3, 3};
static const int32_t items[] = {0, 1, 2, 0, 1, 3, 4, 5, 3, 4};

static int failed(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, lfm_last_message());
    return 1;
}

int main(void)
{
    lfm_interactions *likes = NULL;
    lfm_model *model = NULL;
    lfm_scorer *scorer = NULL;
    const int32_t who = 1;
    int32_t best[2];

    if (strcmp(lfm_version(), LFM_VERSION_STRING) != 0) {
        fprintf(stderr, "headers %s, library %s\n", LFM_VERSION_STRING, lfm_version());
        return 1;
    }
    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_rows = 4;
    coo.n_columns = 6;
    coo.n_entries = sizeof users / sizeof users[0];
    coo.rows = lfm_int32(users);
    coo.columns = lfm_int32(items);
    if (lfm_interactions_from_coo(NULL, &coo, NULL, &likes) != LFM_OK)
        return failed("interactions");

    lfm_model_options model_options;
    lfm_model_options_init(&model_options);
    model_options.components = 8;
    lfm_train_options train_options;
    lfm_train_options_init(&train_options);
    train_options.epochs = 100;
    train_options.threads = 2;
    if (lfm_model_create(NULL, 4, 6, &model_options, &model) != LFM_OK ||
        lfm_model_fit_partial(model, likes, NULL, NULL, &train_options) != LFM_OK)
        return failed("training");
    if (lfm_scorer_create(model, NULL, NULL, NULL, &scorer) != LFM_OK ||
        lfm_recommend(scorer, 1, &who, 2, likes, best, NULL, NULL) != LFM_OK)
        return failed("recommending");
    if (best[0] != 2) {
        fprintf(stderr, "user 1 should like item 2, not %d\n", (int)best[0]);
        return 1;
    }
    /* The words for a failure travel too. */
    if (lfm_interactions_from_coo(NULL, NULL, NULL, &likes) != LFM_ERROR_ARGUMENT ||
        lfm_last_message()[0] == '\0')
        return failed("a NULL matrix was taken");

    lfm_model_free(model);
    lfm_interactions_free(likes);
    lfm_scorer_free(scorer);
    printf("liblfm %s works\n", lfm_version());
    return 0;
}
