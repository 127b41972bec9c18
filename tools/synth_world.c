/* lfm synth: the planted world: topics that users prefer, items belong to and tags speak of;
 * popular and rare items; active and quiet users. Users are made one by one and written as they are
 * made, so memory grows with the items only. All arithmetic is on integers: a seed gives the same
 * bytes on every machine. */
#include "synth_world.h"

#include <stdlib.h>

enum {
    TEST_LEAST_LIKES = 10, /* users with fewer are never test users */
    TEST_PERCENT = 20,     /* of the others */
    FAVOURITES_MAX = 8,    /* topics that one user prefers */
    TAGS_MAX = 11,         /* of one item */
    POPULAR_TRIES = 8,     /* draws by popularity before a user's topics count as worn out */
    TOPIC_TRIES = 24,      /* draws within topics before any item will do */
    ACTIVITY_OCTAVES = 21, /* activity levels: halvings of the share of users … */
    ACTIVITY_STEPS = 16,   /* … and steps within each */
    ACTIVITY_LEVELS = ACTIVITY_OCTAVES * ACTIVITY_STEPS,
    SCALE_BITS = 16 /* fixed point of likes per activity */
};

/* What the independent streams of random numbers are for. */
enum { DRAW_ITEM_TOPIC = 1, DRAW_ITEM_ORDER, DRAW_TAGS, DRAW_ACTIVITY, DRAW_TEST, DRAW_LIKES };

struct synth_world {
    synth_sizes n;
    uint32_t topics;
    uint32_t general;      /* tags 0 .. general - 1 belong to no topic */
    uint32_t *topic_start; /* topics + 1 positions in items */
    uint32_t *items;       /* by topic; within one the most popular first */
    uint32_t *liked_by;    /* by item: the last user who liked it, plus 1 */
    uint32_t most_likes;   /* of one user */
    uint64_t scale;        /* likes per activity, fixed point */
    uint64_t spare;        /* likes that rounding left over, given to the first users that can */
};

/* ---- Random numbers ---- */

/* SplitMix64 (Steele, Lea, Flood 2014): a counter and a mixing function. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static uint64_t stream_of(const synth_world *w, uint64_t purpose, uint64_t index)
{
    return mix(mix(w->n.seed + purpose * UINT64_C(0xd1342543de82ef95)) + index);
}

static uint64_t draw(uint64_t *stream)
{
    *stream += UINT64_C(0x9e3779b97f4a7c15);
    return mix(*stream);
}

/* Map 32 random bits to [0, n), evenly. */
static uint32_t evenly(uint64_t bits, uint32_t n)
{
    return (uint32_t)(((bits & UINT32_MAX) * n) >> 32);
}

/* Map 32 random bits to a rank in [0, n) by a power law: rank = n u^2, so rank r has a share that
 * falls with r^(-1/2). */
static uint32_t by_rank(uint64_t bits, uint32_t n)
{
    uint64_t u = bits & UINT32_MAX;
    return evenly((u * u) >> 32, n);
}

/* The same, steeper: rank = n u^3, shares fall with r^(-2/3). */
static uint32_t by_rank_steep(uint64_t bits, uint32_t n)
{
    uint64_t u = bits & UINT32_MAX;
    return evenly((((u * u) >> 32) * u) >> 32, n);
}

static uint64_t square_root(uint64_t x)
{
    uint64_t root = 0;
    for (uint64_t bit = UINT64_C(1) << 31; bit != 0; bit >>= 1) {
        uint64_t tried = root | bit;
        if (tried * tried <= x)
            root = tried;
    }
    return root;
}

/* ---- Items and their tags ---- */

/* Topics with small numbers have up to three times as many items, and friends, as those with large
 * ones: topic = T (u + u^2) / 2. */
static uint32_t draw_topic(const synth_world *w, uint64_t bits)
{
    uint64_t u = bits & UINT32_MAX;
    return evenly((u + ((u * u) >> 32)) / 2, w->topics);
}

static uint32_t topic_of_item(const synth_world *w, uint32_t item)
{
    return draw_topic(w, stream_of(w, DRAW_ITEM_TOPIC, item) >> 32);
}

/* List the items by topic and, within one, in a random order, which is their popularity's. */
static void arrange_items(synth_world *w)
{
    uint32_t n_items = (uint32_t)w->n.items;
    uint32_t *start = w->topic_start;
    for (uint32_t item = 0; item < n_items; item++)
        start[topic_of_item(w, item) + 1]++;
    for (uint32_t t = 0; t < w->topics; t++)
        start[t + 1] += start[t];
    for (uint32_t item = 0; item < n_items; item++)
        w->items[start[topic_of_item(w, item)]++] = item;
    for (uint32_t t = w->topics; t > 0; t--) /* the filling moved each start to the next one's */
        start[t] = start[t - 1];
    start[0] = 0;

    uint64_t stream = stream_of(w, DRAW_ITEM_ORDER, 0);
    for (uint32_t t = 0; t < w->topics; t++) {
        uint32_t *items = w->items + start[t];
        for (uint32_t n = start[t + 1] - start[t]; n > 1; n--) {
            uint32_t other = evenly(draw(&stream) >> 32, n);
            uint32_t kept = items[n - 1];
            items[n - 1] = items[other];
            items[other] = kept;
        }
    }
}

/* The first tag of a topic; that of topic `topics` is the number of tags. */
static uint32_t first_tag(const synth_world *w, uint32_t topic)
{
    uint64_t special = w->n.tags - w->general;
    return w->general + (uint32_t)(special * topic / w->topics);
}

static uint32_t topic_of_tag(const synth_world *w, uint32_t tag)
{
    uint64_t special = w->n.tags - w->general;
    uint32_t topic = (uint32_t)((uint64_t)(tag - w->general) * w->topics / special);
    while (tag >= first_tag(w, topic + 1)) /* the quotient above may be one too small */
        topic++;
    return topic;
}

static uint32_t draw_tag(const synth_world *w, uint32_t topic, int first, uint64_t *stream)
{
    uint64_t bits = draw(stream);
    uint32_t from = first_tag(w, topic), to = first_tag(w, topic + 1);
    uint32_t kind = (uint32_t)(bits % 100);
    if (!first && kind >= 90) { /* of any topic */
        from = w->general;
        to = (uint32_t)w->n.tags;
        return from + evenly(bits >> 32, to - from);
    }
    if (!first && kind >= 75 && w->general > 0) {
        from = 0;
        to = w->general;
    }
    return from + by_rank_steep(bits >> 32, to - from);
}

uint64_t synth_world_write_tags(const synth_world *w, synth_output *out)
{
    uint64_t lines = 0;
    uint32_t n_items = w->n.tags > 0 ? (uint32_t)w->n.items : 0;
    for (uint32_t item = 0; item < n_items && out->error == 0; item++) {
        uint64_t stream = stream_of(w, DRAW_TAGS, item);
        uint64_t bits = draw(&stream);
        uint32_t wanted = 2 + (uint32_t)((bits >> 32) % 5 / 4);
        for (int i = 0; i < 8; i++)
            wanted += (uint32_t)(bits >> i & 1);
        uint32_t topic = topic_of_item(w, item);
        uint32_t tags[TAGS_MAX];
        uint32_t n = 0;
        for (int tries = 0; n < wanted && tries < 4 * TAGS_MAX; tries++) {
            uint32_t tag = draw_tag(w, topic, n == 0, &stream);
            uint32_t same = 0;
            while (same < n && tags[same] != tag)
                same++;
            if (same < n)
                continue;
            tags[n++] = tag;
            char *at = synth_output_line(out);
            *at++ = 'i';
            at = synth_put_number(at, item + 1);
            if (tag < w->general) {
                at = synth_put_text(at, "\tgeneral-tag", 12);
            } else {
                at = synth_put_text(at, "\ttopic", 6);
                at = synth_put_number(at, topic_of_tag(w, tag) + 1);
                at = synth_put_text(at, "-tag", 4);
            }
            at = synth_put_number(at, tag + 1);
            at = synth_put_text(at, "\t1\n", 3);
            synth_output_took(out, at);
        }
        lines += n;
    }
    return lines;
}

/* ---- Users ---- */

/* A user's activity level: level 16 c + s stands for the share u = 2^-(c + 1) (1 + s / 16). */
static uint32_t activity_level(const synth_world *w, uint32_t user)
{
    uint64_t bits = stream_of(w, DRAW_ACTIVITY, user);
    uint32_t octave = 0;
    while (octave < ACTIVITY_OCTAVES - 1 && (bits >> (63 - octave) & 1) == 0)
        octave++;
    return octave * ACTIVITY_STEPS + (uint32_t)(bits % ACTIVITY_STEPS);
}

/* 8 u^(-3/4) - 4: a shifted Pareto law of exponent 4/3; its mean is 7 times its least and 3 times
 * its median. From 4 to 2^19. */
static uint64_t activity(uint32_t level)
{
    uint64_t octave = level / ACTIVITY_STEPS, step = level % ACTIVITY_STEPS;
    uint64_t u = (ACTIVITY_STEPS + step) << (27 - octave);
    return (UINT64_C(1) << 35) / square_root(u * square_root(u << 32)) - 4;
}

static uint64_t likes_at(const synth_world *w, uint64_t scale, uint64_t active)
{
    uint64_t likes = scale * active >> SCALE_BITS;
    return likes < w->most_likes ? likes : w->most_likes;
}

/* Find how many likes go with an activity, so that all users together have as many as asked for. */
static void plan_activity(synth_world *w)
{
    uint64_t users_at[ACTIVITY_LEVELS] = {0};
    for (uint32_t user = 0; user < (uint32_t)w->n.users; user++)
        users_at[activity_level(w, user)]++;

    /* An eighth of the items is a lot to like; more only where the average asks for it. */
    uint64_t items = w->n.items;
    uint64_t most = 4 * (w->n.interactions / w->n.users + 1);
    most = most > items / 8 ? most : items / 8;
    most = most < items - items / 4 ? most : items - items / 4;
    w->most_likes = (uint32_t)most;

    uint64_t low = 0, high = (most << SCALE_BITS) / 4 + 1; /* at high everybody has the most */
    uint64_t total_low = 0;
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2, total = 0;
        for (uint32_t level = 0; level < ACTIVITY_LEVELS; level++)
            total += users_at[level] * likes_at(w, middle, activity(level));
        if (total <= w->n.interactions) {
            low = middle;
            total_low = total;
        } else {
            high = middle;
        }
    }
    w->scale = low;
    w->spare = w->n.interactions - total_low;
}

static uint32_t take_likes(synth_world *w, uint64_t active)
{
    uint64_t likes = likes_at(w, w->scale, active);
    uint64_t more = likes_at(w, w->scale + 1, active) - likes;
    more = more < w->spare ? more : w->spare;
    w->spare -= more;
    return (uint32_t)(likes + more);
}

/* An item that this user (number plus 1) did not like yet. */
static uint32_t draw_item(synth_world *w, const uint32_t *favourites, uint32_t n_favourites,
                          uint32_t user, uint64_t *stream)
{
    for (int tries = 0;; tries++) {
        uint64_t bits = draw(stream);
        uint32_t item;
        if (tries < TOPIC_TRIES) {
            uint64_t choice = (bits & 0xffffff) << 8; /* 24 bits as a fraction of 32 */
            int stray = (bits >> 24 & 15) < 2;        /* one like in 8 is outside the favourites */
            uint32_t topic =
                stray ? evenly(choice, w->topics) : favourites[by_rank(choice, n_favourites)];
            uint32_t start = w->topic_start[topic];
            uint32_t n = w->topic_start[topic + 1] - start;
            if (n == 0)
                continue;
            uint64_t rank = bits >> 32;
            item = w->items[start +
                            (tries < POPULAR_TRIES ? by_rank_steep(rank, n) : evenly(rank, n))];
        } else {
            item = evenly(bits >> 32, (uint32_t)w->n.items);
        }
        if (w->liked_by[item] != user) {
            w->liked_by[item] = user;
            return item;
        }
    }
}

/* Write the likes of one user, SYNTH_HELD_OUT of a test user's to test. Returns how many these
 * were. */
static uint32_t write_user(synth_world *w, uint32_t user, synth_output *train, synth_output *test)
{
    uint32_t n_likes = take_likes(w, activity(activity_level(w, user)));
    uint32_t to_test = 0;
    if (n_likes >= TEST_LEAST_LIKES && stream_of(w, DRAW_TEST, user) % 100 < TEST_PERCENT)
        to_test = SYNTH_HELD_OUT;

    uint64_t stream = stream_of(w, DRAW_LIKES, user);
    uint32_t favourites[FAVOURITES_MAX];
    uint32_t n_favourites = 2;
    for (uint32_t n = n_likes; n >= 4 && n_favourites < FAVOURITES_MAX; n /= 8)
        n_favourites++;
    for (uint32_t i = 0; i < n_favourites; i++)
        favourites[i] = draw_topic(w, draw(&stream));

    char name[16];
    name[0] = 'u';
    size_t name_length = (size_t)(synth_put_number(name + 1, user + 1) - name);
    name[name_length++] = '\t';
    name[name_length++] = 'i';

    uint32_t left = to_test;
    for (uint32_t i = 0; i < n_likes; i++) {
        uint32_t item = draw_item(w, favourites, n_favourites, user + 1, &stream);
        synth_output *out = train;
        if (left > 0 && evenly(draw(&stream), n_likes - i) < left) { /* each like equally likely */
            out = test;
            left--;
        }
        char *at = synth_put_text(synth_output_line(out), name, name_length);
        at = synth_put_number(at, item + 1);
        *at++ = '\n';
        synth_output_took(out, at);
    }
    return to_test;
}

synth_world *synth_world_create(const synth_sizes *sizes)
{
    synth_world *w = calloc(1, sizeof *w);
    if (w == NULL)
        return NULL;
    w->n = *sizes;
    /* One tag in ten is general; the others are shared out evenly, so each topic needs one. */
    w->general = (uint32_t)(sizes->tags / 10);
    uint64_t topics = square_root(sizes->items) * 3 / 5;
    if (sizes->tags > 0 && topics > sizes->tags - w->general)
        topics = sizes->tags - w->general;
    w->topics = topics > 1 ? (uint32_t)topics : 1;

    w->topic_start = calloc((size_t)w->topics + 1, sizeof *w->topic_start);
    w->items = calloc(sizes->items, sizeof *w->items);
    w->liked_by = calloc(sizes->items, sizeof *w->liked_by);
    if (w->topic_start == NULL || w->items == NULL || w->liked_by == NULL) {
        synth_world_free(w);
        return NULL;
    }
    arrange_items(w);
    plan_activity(w);
    return w;
}

void synth_world_free(synth_world *w)
{
    if (w == NULL)
        return;
    free(w->liked_by);
    free(w->items);
    free(w->topic_start);
    free(w);
}

uint64_t synth_world_write_likes(synth_world *w, synth_output *train, synth_output *test)
{
    uint64_t held_out = 0;
    uint32_t n_users = (uint32_t)w->n.users;
    for (uint32_t user = 0; user < n_users && train->error == 0 && test->error == 0; user++)
        held_out += write_user(w, user, train, test);
    return held_out;
}
