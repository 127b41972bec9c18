/* New users and items after training. A visitor comes: fold in from a few likes, recommend at once. Later the
 * model itself grows by what has come, and learns it without starting anew. */
#include "example_data.h"

enum {
    TOP = 5,
    VISITOR_LIKES = 10,
    NEW_USERS = 40,
    NEW_ITEMS = 16, /* two a topic */
    ALL_USERS = N_USERS + NEW_USERS,
    ALL_ITEMS = N_ITEMS + NEW_ITEMS,
    LIKES_OF_NEW_USERS = 12,
    LIKES_OF_NEW_ITEMS = 15,
    N_NEW = NEW_USERS * LIKES_OF_NEW_USERS + NEW_ITEMS * LIKES_OF_NEW_ITEMS
};

static lfm_interactions *interactions_of(int64_t n, int32_t n_users, int32_t n_items, const int32_t *users,
                                         const int32_t *items)
{
    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_rows = n_users;
    coo.n_columns = n_items;
    coo.n_entries = n;
    coo.rows = lfm_int32(users);
    coo.columns = lfm_int32(items);
    lfm_interactions *out;
    check(lfm_interactions_from_coo(NULL, &coo, NULL, &out), "interactions");
    return out;
}

/* How many of the best items are of a topic. */
static int count_topical(const int32_t *items, int32_t topic)
{
    int n = 0;
    for (int i = 0; i < TOP; i++)
        n += topic_of_item(items[i]) == topic;
    return n;
}

/* A visitor with a few likes: the scorer stays as it is, only the visitor's own numbers are found. */
static void meet_visitor(const lfm_scorer *scorer, lfm_interactions *likes, random_state *random)
{
    const int32_t ships = 6;
    int32_t rows[VISITOR_LIKES] = {0}, items[VISITOR_LIKES], found[TOP];
    for (int i = 0; i < VISITOR_LIKES; i++)
        items[i] = random_item_of(random, ships);
    lfm_interactions *visits = interactions_of(VISITOR_LIKES, 1, N_ITEMS, rows, items);

    float *vector = malloc((size_t)lfm_scorer_components(scorer) * sizeof *vector), bias;
    expect(vector != NULL, "memory");
    lfm_fold_in_options options;
    lfm_fold_in_options_init(&options); /* WARP, as the model was trained */
    options.training = likes;           /* users do without; items and BPR want it */
    check(lfm_fold_in(scorer, visits, vector, 0, &bias, &options), "fold-in");

    lfm_embeddings visitor;
    lfm_embeddings_init(&visitor);
    visitor.vectors = vector;
    visitor.biases = &bias;
    visitor.n_rows = 1;
    visitor.n_components = lfm_scorer_components(scorer);
    check(lfm_recommend_vectors(scorer, &visitor, TOP, visits, found, NULL, NULL), "recommend");
    printf("a visitor who likes ships gets:");
    for (int i = 0; i < TOP; i++)
        printf(" %d (%s)", found[i], topic_names[topic_of_item(found[i])]);
    printf("\n");
    expect(count_topical(found, ships) >= TOP - 1, "a visitor gets what the likes tell");
    free(vector);
    lfm_interactions_free(visits);
}

/* What has come since: new users with their likes, and old users who like new items. */
static int64_t make_new_likes(random_state *random, int32_t *users, int32_t *items)
{
    int64_t n = 0;
    for (int32_t user = N_USERS; user < ALL_USERS; user++) {
        for (int i = 0; i < LIKES_OF_NEW_USERS; i++) {
            users[n] = user;
            items[n++] = random_item_of(random, taste_of_user(user));
        }
    }
    for (int32_t item = N_ITEMS; item < ALL_ITEMS; item++) {
        for (int i = 0; i < LIKES_OF_NEW_ITEMS; i++) {
            users[n] = topic_of_item(item) + N_TOPICS * random_below(random, N_USERS / N_TOPICS);
            items[n++] = item;
        }
    }
    return n;
}

int main(void)
{
    static int32_t users[N_LIKES + N_NEW], items[N_LIKES + N_NEW];
    random_state random = {3};
    make_likes(&random, users, items);
    lfm_interactions *likes = interactions_of(N_LIKES, N_USERS, N_ITEMS, users, items);

    lfm_model_options model_options;
    lfm_model_options_init(&model_options);
    model_options.components = 16;
    lfm_model *model;
    check(lfm_model_create(NULL, N_USERS, N_ITEMS, &model_options, &model), "model");
    lfm_train_options options;
    lfm_train_options_init(&options);
    options.threads = 1;
    check(lfm_model_fit_partial(model, likes, NULL, NULL, &options), "training");
    lfm_scorer *scorer;
    check(lfm_scorer_create(model, NULL, NULL, NULL, &scorer), "scorer");
    meet_visitor(scorer, likes, &random);

    /* Time passes. The new likes stand behind the old ones in the same arrays; ids of new users and items go on
     * where the old ones end. */
    const int64_t n_new = make_new_likes(&random, users + N_LIKES, items + N_LIKES);
    lfm_interactions *new_likes = interactions_of(n_new, ALL_USERS, ALL_ITEMS, users + N_LIKES, items + N_LIKES);
    lfm_interactions *all_likes = interactions_of(N_LIKES + n_new, ALL_USERS, ALL_ITEMS, users, items);
    check(lfm_model_resize(model, ALL_USERS, ALL_ITEMS, NULL), "growth");
    options.epochs = 5;
    check(lfm_model_fit_partial(model, new_likes, NULL, NULL, &options), "training on what is new");
    options.epochs = 3; /* that alone would forget the old: so a little of everything */
    check(lfm_model_fit_partial(model, all_likes, NULL, NULL, &options), "training on everything");

    lfm_scorer *grown;
    check(lfm_scorer_create(model, NULL, NULL, NULL, &grown), "scorer");
    lfm_scorer_free(scorer); /* a service answers from the old one until here */
    int topical = 0, new_items = 0;
    for (int32_t user = 0; user < ALL_USERS; user++) {
        int32_t found[TOP];
        check(lfm_recommend(grown, 1, &user, TOP, all_likes, found, NULL, NULL), "recommend");
        topical += user >= N_USERS ? count_topical(found, taste_of_user(user)) : 0;
        for (int i = 0; i < TOP; i++)
            new_items += found[i] >= N_ITEMS && topic_of_item(found[i]) == taste_of_user(user);
    }
    printf("of the best %d of %d new users %d are of their taste; new items stand in %d lists\n", TOP, NEW_USERS,
           topical, new_items);
    expect(topical > NEW_USERS * TOP * 9 / 10, "new users are known now");
    expect(new_items > ALL_USERS / 40, "new items are found by those who like their topic");

    lfm_scorer_free(grown);
    lfm_interactions_free(all_likes);
    lfm_interactions_free(new_likes);
    lfm_model_free(model);
    lfm_interactions_free(likes);
    return EXIT_SUCCESS;
}
