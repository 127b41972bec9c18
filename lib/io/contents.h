/* What a model file holds, by name: the one list that saving and loading share. */
#ifndef LFMI_CONTENTS_H
#define LFMI_CONTENTS_H

#include "infer/scorer.h"
#include "io/plan.h"

#define LFMI_FORMAT_VERSION 1
enum { LFMI_MOST_COMPONENTS = 65536 }; /* as many as a model may have */

/* The names of tensors, by side (LFM_USER, LFM_ITEM) and, of parameters, by array (LFM_EMBEDDINGS, …). */
enum { LFMI_ARRAYS = 6 };
extern const char *const lfmi_parameter_names[LFMI_SIDES][LFMI_ARRAYS];
extern const char *const lfmi_representation_names[LFMI_SIDES], *const lfmi_representation_bias_names[LFMI_SIDES];
enum { LFMI_FEATURE_OFFSETS, LFMI_FEATURE_COLUMNS, LFMI_FEATURE_VALUES, LFMI_FEATURE_ARRAYS };
extern const char *const lfmi_feature_names[LFMI_SIDES][LFMI_FEATURE_ARRAYS];
/* By space: the names' bytes (or numbers), where each begins, the table to find them by. */
enum { LFMI_IDS, LFMI_IDS_OFFSETS, LFMI_IDS_TABLE, LFMI_IDS_ARRAYS };
extern const char *const lfmi_ids_names[LFMI_SPACES][LFMI_IDS_ARRAYS];
extern const char *const lfmi_ids_start_names[LFMI_SIDES]; /* in the metadata */
#define LFMI_SEEN_OFFSETS "seen_offsets"
#define LFMI_SEEN_ITEMS "seen_items"
#define LFMI_MEANS "side_means"
#define LFMI_ITEM_SCAN "item_scan"
#define LFMI_ITEM_SCAN_ORDER "item_scan_order"
#define LFMI_ITEM_SCAN_BOUNDS "item_scan_bounds" /* norm, bias, error, margin */
enum { LFMI_BOUNDS = 4 };

/* How items are laid out for scanning; another version's layout goes by another name and is not used. */
const char *lfmi_scan_name(int32_t kind);

/* Whether an array is a matrix with a column per component, in the file. */
bool lfmi_has_components(const lfm_model *model, int32_t array);

/* What is gathered for a file and has to live until it is written. Zero-initialise. */
typedef struct lfmi_contents {
    lfmi_plan plan;
    int64_t *feature_offsets[LFMI_SIDES];
    int64_t n_feature_rows[LFMI_SIDES];
    int64_t *seen_offsets;
    int32_t *seen_items;
    int64_t n_seen_users, n_seen, n_seen_room;
    int32_t *ids_tables[LFMI_SPACES];
    int64_t n_slots[LFMI_SPACES];
    float scan_bounds[LFMI_BOUNDS];
} lfmi_contents;

/* Gather a checkpoint or an inference file. The caller frees the contents, whatever is returned. */
lfm_status lfmi_contents_of_model(const lfm_model *model, const lfm_save_options *options, lfmi_contents *contents);
lfm_status lfmi_contents_of_scorer(const lfm_scorer *scorer, const lfm_save_options *options,
                                   lfmi_contents *contents);
void lfmi_contents_free(lfmi_contents *contents);

#endif
