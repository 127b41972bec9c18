/* Features and cold start: items with tags, users with a stated interest; a brand-new item and a
 * new user scored by what is known about them; items for a tag; tags for an item. */
#include "example_data.h"

/* Tags: the topics, and some that have nothing to do with taste. */
enum { N_STYLES = 4, N_TAGS = N_TOPICS + N_STYLES, TOP = 5 };
static const char *const style_names[N_STYLES] = {"low-poly", "scanned", "rigged", "animated"};

/* The item whose owner forgot to name its topic. */
enum { UNTAGGED = 42 };

static const char *tag_name(int32_t tag)
{
    return tag < N_TOPICS ? topic_names[tag] : style_names[tag - N_TOPICS];
}

/* Pairs (row, feature) that grow one by one. */
typedef struct pairs {
    int32_t rows[4 * N_USERS], features[4 * N_USERS];
    int64_t n;
} pairs;

static void add(pairs *p, int32_t row, int32_t feature)
{
    p->rows[p->n] = row;
    p->features[p->n++] = feature;
}

static lfm_features *make_features(const pairs *p, int32_t n_rows, int32_t n_features,
                                   bool identity)
{
    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_rows = n_rows;
    coo.n_columns = n_features;
    coo.n_entries = p->n;
    coo.rows = lfm_int32(p->rows);
    coo.columns = lfm_int32(p->features);
    lfm_features_options options;
    lfm_features_options_init(&options);
    options.identity = identity;
    lfm_features *features;
    check(lfm_features_from_coo(NULL, &coo, &options, &features), "features");
    return features;
}

/* Features of n_known rows and one new row after them, in the columns that the model was trained
 * with: with `identity`, known row r has the indicator column r and the tag t stands in column
 * n_known + t. The new row has no indicator, for none was trained: its tags are all that is known
 * about it. */
static lfm_features *with_new_row(const pairs *tags, int32_t n_known, int32_t n_tags,
                                  int32_t new_tag)
{
    static pairs all;
    all.n = 0;
    for (int32_t row = 0; row < n_known; row++)
        add(&all, row, row);
    for (int64_t i = 0; i < tags->n; i++)
        add(&all, tags->rows[i], n_known + tags->features[i]);
    add(&all, n_known, n_known + new_tag);
    return make_features(&all, n_known + 1, n_known + n_tags, false);
}

int main(void)
{
    static pairs tags, interests;
    random_state random = {2};
    lfm_interactions *likes = make_interactions(&random);
    for (int32_t item = 0; item < N_ITEMS; item++) {
        if (item != UNTAGGED)
            add(&tags, item, topic_of_item(item));
        add(&tags, item, N_TOPICS + random_below(&random, N_STYLES));
    }
    for (int32_t user = 0; user < N_USERS; user++)
        add(&interests, user, taste_of_user(user));

    /* A feature matrix means exactly its features. Without `identity`, two items of the same tags
     * could not be told apart; with it, each also has an embedding of its own. */
    lfm_features *user_features = make_features(&interests, N_USERS, N_TOPICS, true);
    lfm_features *item_features = make_features(&tags, N_ITEMS, N_TAGS, true);

    lfm_model_options model_options;
    lfm_model_options_init(&model_options);
    model_options.components = 16;
    lfm_model *model; /* as wide as the matrices: indicators and tags */
    check(lfm_model_create(NULL, lfm_features_n_features(user_features),
                           lfm_features_n_features(item_features), &model_options, &model),
          "model");
    lfm_train_options options;
    lfm_train_options_init(&options);
    options.threads = 1;
    check(lfm_model_fit_partial(model, likes, user_features, item_features, &options), "training");

    /* The new item, tagged "ships", and the new user, interested in plants, come after training:
     * they need no more than a scorer made with feature matrices that have rows for them. (Had the
     * new item been in the training's matrix, it would have been drawn as everybody's negative.) */
    const int32_t ships = 6, plants = 4, new_item = N_ITEMS, new_user = N_USERS;
    lfm_features *serving_users = with_new_row(&interests, N_USERS, N_TOPICS, plants);
    lfm_features *serving_items = with_new_row(&tags, N_ITEMS, N_TAGS, ships);
    lfm_scorer *scorer;
    check(lfm_scorer_create(model, serving_users, serving_items, NULL, &scorer), "scorer");

    /* Who would like the new item? Mean score of those who like ships and of all others. */
    double sum[2] = {0, 0};
    for (int32_t user = 0; user < N_USERS; user++) {
        float score;
        check(lfm_predict(scorer, 1, &user, &new_item, &score, NULL), "predict");
        sum[taste_of_user(user) == ships] += (double)score;
    }
    const double friends = sum[1] * N_TOPICS / N_USERS;
    const double others = sum[0] * N_TOPICS / (N_USERS * (N_TOPICS - 1));
    printf("new item tagged ships: users of that taste score it %.2f, others %.2f\n", friends,
           others);
    expect(friends > others + 1, "a new item is found by its tag");

    int32_t found[TOP];
    float closeness[TOP];
    check(lfm_recommend(scorer, 1, &new_user, TOP, NULL, found, closeness, NULL), "recommend");
    printf("new user interested in plants:");
    for (int i = 0; i < TOP; i++) {
        printf(" item %d (%s)", found[i], topic_names[topic_of_item(found[i])]);
        expect(topic_of_item(found[i]) == plants, "a new user gets what is of interest");
    }

    /* Items for a tag: which representations point the same way as the tag's embedding? */
    const int32_t tag = N_ITEMS + ships;
    check(lfm_similar(scorer, LFM_SPACE_ITEM_FEATURE, 1, &tag, LFM_SPACE_ITEM, TOP, found, closeness,
                      NULL),
          "items for a tag");
    printf("\nitems for the tag ships:");
    for (int i = 0; i < TOP; i++) {
        printf(" %d (%.2f)", found[i], (double)closeness[i]);
        expect(found[i] == new_item || topic_of_item(found[i]) == ships, "a tag finds its items");
    }

    /* Tags for an item that it lacks. The indicators are item features too: the list begins behind
     * them. */
    lfm_similar_options tags_only;
    lfm_similar_options_init(&tags_only);
    tags_only.first_row = N_ITEMS;
    tags_only.known = serving_items;
    const int32_t untagged = UNTAGGED;
    int32_t suggested;
    check(lfm_similar(scorer, LFM_SPACE_ITEM, 1, &untagged, LFM_SPACE_ITEM_FEATURE, 1, &suggested,
                      NULL, &tags_only),
          "tags for an item");
    printf("\nitem %d lacks a topic; suggested: %s\n", UNTAGGED, tag_name(suggested - N_ITEMS));
    expect(suggested - N_ITEMS == topic_of_item(UNTAGGED), "the forgotten tag is suggested");

    lfm_scorer_free(scorer);
    lfm_features_free(serving_items);
    lfm_features_free(serving_users);
    lfm_model_free(model);
    lfm_features_free(item_features);
    lfm_features_free(user_features);
    lfm_interactions_free(likes);
    return EXIT_SUCCESS;
}
