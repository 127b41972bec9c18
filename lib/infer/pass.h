/* The pass over all items for a block of users, which recommending, ranking and evaluating are made of.
 *
 * Items stream by in chunks; for each chunk and user a visitor gets the scanned scores, which come
 * within the user's bound of the exact ones, and which of them reach the user's threshold; where none
 * does, it is not called. What depends on more than the bound allows the visitor decides by
 * lfmi_pass_exact(). So results are those of exact scores, bit for bit, at the price of the scan. */
#ifndef LFMI_PASS_H
#define LFMI_PASS_H

#include "infer/panels.h"
#include "infer/scorer.h"

enum {
    LFMI_CHUNK_PANELS = 16,
    LFMI_CHUNK = LFMI_CHUNK_PANELS * LFMI_LANES, /* items, at most */
    LFMI_PASS_USERS = 4 * LFMI_SCAN_USERS,       /* the most users of a pass */
};

typedef struct lfmi_pass_user {
    const float *vector; /* d numbers */
    float bias;
    float threshold; /* lower scores are of no interest; a visitor may raise it */
    double bound;    /* |scanned - exact| is at most this; 0: the scores are the exact ones. From panels of
                      * codes: scanned - exact lies between 0 and this, and is mostly far less */
    bool is_exact;
    /* With panels of codes: */
    float scale, margin, start_bias;
    int32_t start;
} lfmi_pass_user;

/* The exact score of users[user] and an item by its id in the panels. */
typedef struct lfmi_pass lfmi_pass;
typedef float (*lfmi_exact_fn)(const lfmi_pass *pass, int32_t user, int32_t item);

struct lfmi_pass {
    const lfm_scorer *scorer;
    const lfmi_panels *panels;
    int32_t n_users;
    lfmi_pass_user users[LFMI_PASS_USERS];
    float *interleaved, *scores;
    uint16_t *hits;
    uint8_t *codes; /* of each user, with panels of codes */
    float *packed;  /* a chunk, where the panels have no data */
    lfmi_exact_fn exact; /* NULL: the scorer's items, lfmi_score() */
    const void *exact_arg;
};

/* What a visitor gets: the scores of users[user] with the items at places first .. first + n - 1 of the
 * panels, padded with NaN to a multiple of 16; bit l of hits[p] belongs to score 16 p + l. */
typedef struct lfmi_chunk {
    int32_t user, first, n;
    const float *scores;
    const uint16_t *hits;
} lfmi_chunk;
/* The hits of four panels from `panel` on: bit i is that of score 16 panel + i. */
static inline uint64_t lfmi_chunk_hits(const lfmi_chunk *chunk, int32_t panel)
{
    const int32_t left = (chunk->n + LFMI_LANES - 1) / LFMI_LANES - panel;
    uint64_t hits = 0;
    for (int32_t p = 0; p < left && p < 4; p++)
        hits |= (uint64_t)chunk->hits[panel + p] << (LFMI_LANES * p);
    return hits;
}
typedef void (*lfmi_visit_fn)(lfmi_pass *pass, const lfmi_chunk *chunk, void *arg);

/* panels: outlive the pass. Those without data are packed in float32, chunk by chunk, as the items stream by: for
 * a group of users and more. */
lfm_status lfmi_pass_new(const lfm_scorer *scorer, const lfmi_panels *panels, lfmi_pass *pass);
void lfmi_pass_free(lfmi_pass *pass);

/* Add a user to the pass, with a threshold of -infinity. */
void lfmi_pass_add(lfmi_pass *pass, const float *vector, float bias);

/* Stream all items by, until cancelled, and begin anew: the next user added is the first, until then the
 * users can still be asked about. */
void lfmi_pass_run(lfmi_pass *pass, const lfm_cancel *cancel, lfmi_visit_fn visit, void *arg);

/* The exact score of a user and an item (its id). */
static inline float lfmi_pass_exact(const lfmi_pass *pass, int32_t user, int32_t item)
{
    if (pass->exact != NULL)
        return pass->exact(pass, user, item);
    return lfmi_score(pass->scorer, pass->users[user].vector, pass->users[user].bias, item);
}

/* The largest float that is not above x, and the smallest that is not below. */
float lfmi_round_down(double x);
float lfmi_round_up(double x);

/* How many users of n one pass should take, so that each of `tasks` tasks has several; at most `most`. */
int64_t lfmi_pass_width(int64_t n, int32_t tasks, int64_t most);

#endif
