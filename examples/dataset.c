/* Names instead of numbers: a dataset takes likes and tags under the names that they have, makes the matrices, and
 * turns answers back into names. */
#include <string.h>

#include "example_data.h"

enum { NAME = 24, TOP = 5 };

static char user_names[N_USERS][NAME], item_names[N_ITEMS][NAME];

/* The topic that an item's name begins with: "ships 14". */
static bool is_of_topic(const char *item_name, int32_t topic)
{
    const size_t length = strlen(topic_names[topic]);
    return strncmp(item_name, topic_names[topic], length) == 0 && item_name[length] == ' ';
}

static void add_likes(lfm_dataset *dataset)
{
    static int32_t users[N_LIKES], items[N_LIKES];
    static const char *who[N_LIKES], *what[N_LIKES];
    random_state random = {3};
    make_likes(&random, users, items);
    for (int32_t i = 0; i < N_LIKES; i++) {
        who[i] = user_names[users[i]];
        what[i] = item_names[items[i]];
    }
    lfm_named_entries likes;
    lfm_named_entries_init(&likes);
    likes.n_entries = N_LIKES;
    likes.rows = lfm_strings(who);
    likes.columns = lfm_strings(what);
    likes.unknown_rows = LFM_UNKNOWN_ADD; /* whoever likes something is a user */
    likes.unknown_columns = LFM_UNKNOWN_ADD;
    check(lfm_dataset_add_interactions(dataset, &likes, NULL), "likes");
}

/* Every item is tagged with its topic. The last entry is about an item that nobody has heard of. */
static void add_tags(lfm_dataset *dataset)
{
    static const char *what[N_ITEMS + 1], *tags[N_ITEMS + 1];
    for (int32_t item = 0; item < N_ITEMS; item++) {
        what[item] = item_names[item];
        tags[item] = topic_names[topic_of_item(item)];
    }
    what[N_ITEMS] = "a deleted item";
    tags[N_ITEMS] = "obsolete";
    lfm_named_entries tagged;
    lfm_named_entries_init(&tagged);
    tagged.n_entries = N_ITEMS + 1;
    tagged.rows = lfm_strings(what);
    tagged.columns = lfm_strings(tags);

    /* Unknown names are an error that names them, unless the call says what else to do. */
    expect(lfm_dataset_add_features(dataset, LFM_ITEM, &tagged, NULL) == LFM_ERROR_DATA, "a name is refused");
    printf("refused: %s\n", lfm_last_message());
    tagged.unknown_rows = LFM_UNKNOWN_SKIP;   /* items without likes or tags of their own do not matter */
    tagged.unknown_columns = LFM_UNKNOWN_ADD; /* but every tag does */
    int64_t n_skipped;
    check(lfm_dataset_add_features(dataset, LFM_ITEM, &tagged, &n_skipped), "tags");
    expect(n_skipped == 1, "the deleted item is left out");
}

int main(void)
{
    for (int32_t user = 0; user < N_USERS; user++)
        snprintf(user_names[user], NAME, "user %d", (int)user);
    for (int32_t item = 0; item < N_ITEMS; item++)
        snprintf(item_names[item], NAME, "%s %d", topic_names[topic_of_item(item)], (int)item);

    lfm_dataset *dataset;
    check(lfm_dataset_create(NULL, NULL, &dataset), "dataset");
    add_likes(dataset);
    /* An item that nobody has liked yet: known by its name, and soon by its tag. */
    static const char *const fresh[] = {"ships, brand-new"}, *const ships[] = {"ships"};
    int32_t new_item;
    check(lfm_dataset_add_ids(dataset, LFM_SPACE_ITEM, 1, lfm_strings(fresh), &new_item), "a new item");
    add_tags(dataset);
    lfm_named_entries one;
    lfm_named_entries_init(&one);
    one.n_entries = 1;
    one.rows = lfm_strings(fresh);
    one.columns = lfm_strings(ships);
    check(lfm_dataset_add_features(dataset, LFM_ITEM, &one, NULL), "the new item's tag");

    /* Users have no features but themselves: NULL says so. Items have an indicator each and a tag. */
    lfm_interactions *likes;
    lfm_features *item_features;
    check(lfm_dataset_interactions(dataset, NULL, &likes), "interactions");
    check(lfm_dataset_features(dataset, LFM_ITEM, NULL, &item_features), "item features");
    const lfm_ids *users = lfm_dataset_ids(dataset, LFM_SPACE_USER);
    const lfm_ids *items = lfm_dataset_ids(dataset, LFM_SPACE_ITEM);
    const lfm_ids *features = lfm_dataset_ids(dataset, LFM_SPACE_ITEM_FEATURE);
    printf("%d users, %d items, %d features of items\n", (int)lfm_ids_count(users), (int)lfm_ids_count(items),
           (int)lfm_ids_count(features));
    expect(lfm_ids_count(features) == N_ITEMS + 1 + N_TOPICS, "an indicator for each item, and the tags");

    lfm_model *model;
    check(lfm_model_create(NULL, lfm_ids_count(users), lfm_ids_count(features), NULL, &model), "model");
    lfm_train_options options;
    lfm_train_options_init(&options);
    options.threads = 1;
    check(lfm_model_fit_partial(model, likes, NULL, item_features, &options), "training");
    lfm_scorer *scorer;
    check(lfm_scorer_create(model, NULL, item_features, NULL, &scorer), "scorer");

    /* From a name to a number, and from numbers to names. */
    const char *name = "user 6"; /* who has a taste for ships */
    const int32_t user = lfm_ids_find(users, name, strlen(name));
    int32_t best[TOP], n_ships = 0;
    check(lfm_recommend(scorer, 1, &user, TOP, likes, best, NULL, NULL), "recommend");
    printf("for %s:", name);
    for (int i = 0; i < TOP; i++) {
        const char *item = lfm_ids_text(items, best[i], NULL);
        printf(" [%s]", item);
        n_ships += is_of_topic(item, taste_of_user(6)) || best[i] == new_item;
    }
    printf("\n");
    expect(n_ships >= TOP - 1, "the names are those of the user's taste");

    const int32_t tag = lfm_ids_find(features, "ships", strlen("ships"));
    float closeness[TOP];
    check(lfm_similar(scorer, LFM_SPACE_ITEM_FEATURE, 1, &tag, LFM_SPACE_ITEM, TOP, best, closeness, NULL), "similar");
    printf("for the tag ships:");
    for (int i = 0; i < TOP; i++)
        printf(" [%s]", lfm_ids_text(items, best[i], NULL));
    printf("\n");
    expect(is_of_topic(lfm_ids_text(items, best[0], NULL), 6) || best[0] == new_item, "a tag finds its items");

    lfm_scorer_free(scorer);
    lfm_model_free(model);
    lfm_features_free(item_features);
    lfm_interactions_free(likes);
    lfm_dataset_free(dataset);
    return EXIT_SUCCESS;
}
