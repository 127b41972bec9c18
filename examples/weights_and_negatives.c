/* More than likes: weights for how sure an interaction is, explicit negatives with the logistic
 * loss and with WARP, and BPR that knows that five clicks are more than one. */
#include "example_data.h"

/* Entries as they grow: user, item, value, weight. */
enum { MAX_ENTRIES = N_USERS * 64 };
typedef struct entries {
    int32_t users[MAX_ENTRIES], items[MAX_ENTRIES];
    float values[MAX_ENTRIES], weights[MAX_ENTRIES];
    int64_t n;
} entries;

static void add(entries *e, int32_t user, int32_t item, float value, float weight)
{
    e->users[e->n] = user;
    e->items[e->n] = item;
    e->values[e->n] = value;
    e->weights[e->n++] = weight;
}

static lfm_interactions *take_over(const entries *e, bool with_weights)
{
    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_rows = N_USERS;
    coo.n_columns = N_ITEMS;
    coo.n_entries = e->n;
    coo.rows = lfm_int32(e->users);
    coo.columns = lfm_int32(e->items);
    coo.values = lfm_float32(e->values);
    lfm_interactions_options options;
    lfm_interactions_options_init(&options);
    if (with_weights)
        options.weights = lfm_float32(e->weights);
    lfm_interactions *interactions;
    check(lfm_interactions_from_coo(NULL, &coo, &options, &interactions), "interactions");
    return interactions;
}

static lfm_scorer *train(lfm_interactions *interactions, lfm_train_options *options)
{
    lfm_model_options model_options;
    lfm_model_options_init(&model_options);
    model_options.components = 16;
    lfm_model *model;
    check(lfm_model_create(NULL, N_USERS, N_ITEMS, &model_options, &model), "model");
    options->threads = 1;
    check(lfm_model_fit_partial(model, interactions, NULL, NULL, options), "training");
    lfm_scorer *scorer;
    check(lfm_scorer_create(model, NULL, NULL, NULL, &scorer), "scorer");
    lfm_model_free(model); /* the scorer does not need it */
    return scorer;
}

/* The share of (user, better item, worse item) whose better item has the higher score: 0.5 is
 * chance. Asks for all users: two items of each one's better topic against two of the worse. */
static double share_in_order(const lfm_scorer *scorer, int32_t better, int32_t worse)
{
    enum { PER_USER = 4 };
    random_state random = {99};
    int32_t n_in_order = 0;
    for (int32_t user = 0; user < N_USERS; user++) {
        const int32_t taste = taste_of_user(user);
        int32_t items[PER_USER];
        float scores[PER_USER];
        const int32_t users[PER_USER] = {user, user, user, user};
        for (int i = 0; i < PER_USER; i++)
            items[i] = random_item_of(&random, (taste + (i < 2 ? better : worse)) % N_TOPICS);
        check(lfm_predict(scorer, PER_USER, users, items, scores, NULL), "predict");
        n_in_order += (scores[0] > scores[2]) + (scores[1] > scores[3]);
    }
    return n_in_order / (2.0 * N_USERS);
}

/* Purchases weigh 1, accidental views 0.05. Everyone bought things of one topic and strayed into
 * the next as often; only the weights tell which is which. */
static void weighted_likes(void)
{
    static entries e;
    random_state random = {4};
    for (int32_t user = 0; user < N_USERS; user++) {
        for (int i = 0; i < 12; i++) {
            add(&e, user, random_item_of(&random, taste_of_user(user)), 1, 1);
            add(&e, user, random_item_of(&random, (taste_of_user(user) + 1) % N_TOPICS), 1, 0.05f);
        }
    }
    double share[2];
    for (int with_weights = 0; with_weights < 2; with_weights++) {
        lfm_interactions *interactions = take_over(&e, with_weights != 0);
        lfm_train_options options;
        lfm_train_options_init(&options);
        lfm_scorer *scorer = train(interactions, &options);
        share[with_weights] = share_in_order(scorer, 0, 1);
        lfm_scorer_free(scorer);
        lfm_interactions_free(interactions);
    }
    printf("bought above viewed by accident: %.2f without weights, %.2f with\n", share[0],
           share[1]);
    expect(share[1] > 0.9 && share[1] > share[0] + 0.2, "weights tell purchases from accidents");
}

/* Thumbs up (value 1) for one topic, thumbs down (value -1) for the one after. */
static void votes_up_and_down(void)
{
    static entries e;
    random_state random = {5};
    for (int32_t user = 0; user < N_USERS; user++) {
        for (int i = 0; i < 12; i++) {
            add(&e, user, random_item_of(&random, taste_of_user(user)), 1, 1);
            add(&e, user, random_item_of(&random, (taste_of_user(user) + 1) % N_TOPICS), -1, 1);
        }
    }
    lfm_interactions *votes = take_over(&e, false);
    lfm_train_options options;
    lfm_train_options_init(&options);

    /* The logistic loss learns from both: it predicts whether a vote is up or down. */
    options.loss = LFM_LOSS_LOGISTIC;
    lfm_scorer *logistic = train(votes, &options);

    /* The ranking losses step on the ups only. A down is known to the user, so it is not drawn as a
     * negative either: WARP ranks the ups above what the user has not seen. */
    options.loss = LFM_LOSS_WARP;
    lfm_scorer *warp = train(votes, &options);

    const double down[2] = {share_in_order(logistic, 0, 1), share_in_order(warp, 0, 1)};
    const double unseen[2] = {share_in_order(logistic, 0, 4), share_in_order(warp, 0, 4)};
    printf("up above down:   logistic %.2f, WARP %.2f\n", down[0], down[1]);
    printf("up above unseen: logistic %.2f, WARP %.2f\n", unseen[0], unseen[1]);
    expect(down[0] > 0.9, "logistic tells up from down");
    expect(unseen[1] > 0.9, "WARP ranks ups above the unseen");

    /* Whatever the loss, lists leave out what the user has voted on, up or down. */
    const int32_t user = 0;
    int32_t best[N_ITEMS];
    check(lfm_recommend(warp, 1, &user, N_ITEMS, votes, best, NULL, NULL), "recommend");
    for (int i = 0; i < N_ITEMS && best[i] >= 0; i++) {
        for (int64_t entry = 0; entry < e.n; entry++)
            expect(e.users[entry] != user || e.items[entry] != best[i], "known items are left out");
    }
    lfm_scorer_free(warp);
    lfm_scorer_free(logistic);
    lfm_interactions_free(votes);
}

/* Values are counts of clicks: five on items of one topic, one on items of the next. Unseen items
 * are mostly drawn as negatives, so both kinds rise above those; graded also tells them apart. */
static void graded_clicks(void)
{
    static entries e;
    static float scores[MAX_ENTRIES];
    random_state random = {6};
    for (int32_t user = 0; user < N_USERS; user++) {
        for (int i = 0; i < 12; i++) {
            add(&e, user, random_item_of(&random, taste_of_user(user)), 5, 1);
            add(&e, user, random_item_of(&random, (taste_of_user(user) + 1) % N_TOPICS), 1, 1);
        }
    }
    lfm_interactions *clicks = take_over(&e, false);
    double share[2];
    for (int with_grades = 0; with_grades < 2; with_grades++) {
        lfm_train_options options;
        lfm_train_options_init(&options);
        options.loss = LFM_LOSS_BPR;
        options.graded = with_grades; /* 1: a known item of fewer clicks may be the negative, */
        options.epochs = 50;          /* but few draws fall on one: learning it takes longer */
        lfm_scorer *scorer = train(clicks, &options);
        check(lfm_predict(scorer, e.n, e.users, e.items, scores, NULL), "predict");
        int32_t n_in_order = 0; /* of the pairs (five clicks, one click) as they were added */
        for (int64_t entry = 0; entry < e.n; entry += 2)
            n_in_order += scores[entry] > scores[entry + 1];
        share[with_grades] = 2.0 * n_in_order / (double)e.n;
        lfm_scorer_free(scorer);
    }
    printf("five clicks above one: %.2f with plain BPR, %.2f graded\n", share[0], share[1]);
    expect(share[1] > 0.7 && share[1] > share[0] + 0.2, "graded BPR orders by clicks");
    lfm_interactions_free(clicks);
}

int main(void)
{
    weighted_likes();
    votes_up_and_down();
    graded_clicks();
    return EXIT_SUCCESS;
}
