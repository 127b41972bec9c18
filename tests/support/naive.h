/* The mathematics of docs/model.md in plain double-precision C, one feature and one element after
 * another, to check the library against. No random choice: negatives are handed in. */
#ifndef TEST_NAIVE_H
#define TEST_NAIVE_H

#include <stdint.h>

#include "lfm/lfm.h"

typedef struct naive_side {
    int32_t n_features;
    double *theta[2], *g[2], *m[2]; /* [0]: embeddings (n x d), [1]: biases */
    double *row_g;                  /* row-wise Adagrad's, one per feature */
    double alpha, scale;
    const lfm_features *features; /* NULL: the identity */
} naive_side;

typedef struct naive_model {
    int32_t d, optimiser, regularisation;
    double eta, rho, epsilon;
    naive_side side[2]; /* LFM_USER, LFM_ITEM */
} naive_model;

/* Copy a model's parameters and state; options as training will have them. */
naive_model *naive_from(const lfm_model *model, const lfm_features *user_features,
                        const lfm_features *item_features, const lfm_train_options *options);
void naive_free(naive_model *naive);

/* p_u or q_i and its bias, scale included. vector: room for d numbers. */
void naive_represent(const naive_model *naive, int32_t side, int32_t row, double *vector, double *bias);
double naive_score(const naive_model *naive, int32_t user, int32_t item);

/* One step each. */
void naive_logistic(naive_model *naive, int32_t user, int32_t item, double y, double weight);
void naive_bpr(naive_model *naive, int32_t user, int32_t positive, int32_t negative, double weight);
void naive_pairwise(naive_model *naive, int32_t user, int32_t positive, int32_t negative, double g);
void naive_end_epoch(naive_model *naive);

/* The largest |ours - naive| / (absolute + |naive|) over all parameters and state that both have. */
double naive_distance(const naive_model *naive, const lfm_model *model);

#endif
