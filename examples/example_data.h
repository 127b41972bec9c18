/* What the examples share: a small planted world, and two ways to stop when something is off.
 *
 * The world: items belong to one topic each, users have a taste for one, and most of what a user
 * likes is of that topic. A model that learns finds this out; the examples check that it does. */
#ifndef EXAMPLE_DATA_H
#define EXAMPLE_DATA_H

#include <lfm/lfm.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    N_USERS = 400,
    N_ITEMS = 240,
    N_TOPICS = 8,
    LIKES_PER_USER = 20,
    N_LIKES = N_USERS * LIKES_PER_USER,
    TOPICAL_PERCENT = 85 /* of a user's likes are of the user's topic, the others of any */
};

static const char *const topic_names[N_TOPICS] = {"vehicles", "animals", "buildings", "furniture",
                                                  "plants",   "people",  "ships",     "food"};

static inline int32_t topic_of_item(int32_t item) { return item % N_TOPICS; }
static inline int32_t taste_of_user(int32_t user) { return user % N_TOPICS; }

/* End the program when a library call has failed. The library's message says what and where. */
static inline void check(lfm_status status, const char *what)
{
    if (status == LFM_OK)
        return;
    fprintf(stderr, "%s: %s: %s\n", what, lfm_status_name(status), lfm_last_message());
    exit(EXIT_FAILURE);
}

/* End the program when a result is not what the planted world promises. */
static inline void expect(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "not as expected: %s\n", what);
    exit(EXIT_FAILURE);
}

/* A tiny generator of random numbers, the same on every machine (SplitMix64). */
typedef struct random_state {
    uint64_t state;
} random_state;

static inline int32_t random_below(random_state *random, int32_t bound)
{
    uint64_t x = random->state += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (int32_t)(((x ^ (x >> 31)) >> 33) % (uint64_t)bound);
}

static inline int32_t random_item_of(random_state *random, int32_t topic)
{
    return topic + N_TOPICS * random_below(random, N_ITEMS / N_TOPICS);
}

/* Fill users and items, N_LIKES numbers each, with who likes what; no pair comes twice. */
static inline void make_likes(random_state *random, int32_t *users, int32_t *items)
{
    int32_t n = 0;
    for (int32_t user = 0; user < N_USERS; user++) {
        bool is_taken[N_ITEMS] = {false};
        while (n < (user + 1) * LIKES_PER_USER) {
            const bool is_topical = random_below(random, 100) < TOPICAL_PERCENT;
            const int32_t item = is_topical ? random_item_of(random, taste_of_user(user))
                                            : random_below(random, N_ITEMS);
            if (is_taken[item])
                continue;
            is_taken[item] = true;
            users[n] = user;
            items[n++] = item;
        }
    }
}

/* The same as interactions. What the calls do is explained in quickstart.c. */
static inline lfm_interactions *make_interactions(random_state *random)
{
    static int32_t users[N_LIKES], items[N_LIKES];
    make_likes(random, users, items);
    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_rows = N_USERS;
    coo.n_columns = N_ITEMS;
    coo.n_entries = N_LIKES;
    coo.rows = lfm_int32(users);
    coo.columns = lfm_int32(items);
    lfm_interactions *likes;
    check(lfm_interactions_from_coo(NULL, &coo, NULL, &likes), "interactions");
    return likes;
}

#endif
