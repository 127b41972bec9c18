/* liblfm: hybrid recommenders. This header includes all others and tells the story.
 *
 *     lfm_interactions *likes;             who liked what, from your own arrays
 *     lfm_coo coo;
 *     lfm_coo_init(&coo);
 *     coo.n_rows = n_users, coo.n_columns = n_items, coo.n_entries = n;
 *     coo.rows = lfm_int32(users), coo.columns = lfm_int32(items);
 *     lfm_interactions_from_coo(NULL, &coo, NULL, &likes);
 *
 *     lfm_model *model;                    an embedding per user and item feature
 *     lfm_model_create(NULL, n_users, n_items, NULL, &model);
 *
 *     lfm_train_options options;           WARP, 20 epochs
 *     lfm_train_options_init(&options);
 *     lfm_model_fit_partial(model, likes, NULL, NULL, &options);
 *
 *     lfm_scorer *scorer;                  a frozen copy that answers
 *     lfm_scorer_create(model, NULL, NULL, NULL, &scorer);
 *     lfm_recommend(scorer, 1, &user, 10, likes, top, scores, NULL);
 *
 *     lfm_scorer_free(scorer);             in any order
 *     lfm_model_free(model);
 *     lfm_interactions_free(likes);
 *
 * Simple: interactions.h, model.h, scorer.h, recommend.h, evaluate.h, file.h. Then: dataset.h and ids.h (names
 * instead of numbers), split.h, features.h, options.h, similar.h, explain.h, fold_in.h. Advanced: vectors.h,
 * context.h. Every function that can fail returns an
 * lfm_status; lfm_last_message() says what was wrong and where. Objects are reference-counted and may
 * be freed in any order. */
#ifndef LFM_LFM_H
#define LFM_LFM_H

#include "lfm/array.h"
#include "lfm/context.h"
#include "lfm/dataset.h"
#include "lfm/evaluate.h"
#include "lfm/explain.h"
#include "lfm/features.h"
#include "lfm/file.h"
#include "lfm/fold_in.h"
#include "lfm/ids.h"
#include "lfm/interactions.h"
#include "lfm/model.h"
#include "lfm/options.h"
#include "lfm/recommend.h"
#include "lfm/scorer.h"
#include "lfm/similar.h"
#include "lfm/split.h"
#include "lfm/status.h"
#include "lfm/vectors.h"
#include "lfm/version.h"

#endif
