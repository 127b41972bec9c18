/* Data with a structure that any sane training finds: users like the items of their group. */
#ifndef TEST_PLANTED_H
#define TEST_PLANTED_H

#include "build.h"

enum { PLANTED_USERS = 400, PLANTED_ITEMS = 300, PLANTED_GROUPS = 6, PLANTED_ENTRIES = 12000 };

lfm_interactions *planted_make(lfm_context *context);

/* Train a fresh model and return its AUC on its own training set; -1 when a call fails. */
double planted_quality(lfm_context *context, lfm_interactions *interactions, int32_t loss,
                       int32_t optimiser, int32_t threads);

/* The lowest AUC that counts as having learnt. */
extern const double planted_floor;

#endif
