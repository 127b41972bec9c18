/* What a model file tells of itself. */
#include "file_facts.h"

#include <string.h>

#include "common.h"

/* Rows of a tensor; -1 when there is none. */
static int64_t rows_of(const lfm_file *file, const char *name)
{
    lfm_tensor tensor = {.size = sizeof tensor};
    return lfm_file_tensor(file, name, &tensor) == LFM_OK && tensor.n_dims > 0 ? tensor.shape[0] : -1;
}

/* Users and items have rows of their own, or a feature matrix, or are features. */
static void count_rows(file_facts *facts)
{
    static const char *const names[2][4] = {
        {"user_embeddings", "user_representations", "user_features_offsets", "user_features_columns"},
        {"item_embeddings", "item_representations", "item_features_offsets", "item_features_columns"}};
    for (int32_t side = 0; side < 2; side++) {
        const int64_t features = rows_of(facts->file, names[side][0]), own = rows_of(facts->file, names[side][1]),
                      offsets = rows_of(facts->file, names[side][2]);
        facts->rows[LFM_SPACE_USER_FEATURE + side] = features;
        facts->rows[side] = own >= 0 ? own : offsets >= 1 ? offsets - 1 : features;
        facts->feature_entries[side] = rows_of(facts->file, names[side][3]);
    }
    facts->seen = rows_of(facts->file, "seen_items");
}

int file_facts_gather(file_facts *facts, lfm_file *file, const char *path)
{
    *facts = (file_facts){
        .file = file, .path = path, .rows = {-1, -1, -1, -1}, .feature_entries = {-1, -1}, .seen = -1};
    for (int32_t i = 0; i < lfm_file_n_tensors(file); i++) {
        lfm_tensor tensor = {.size = sizeof tensor};
        if (lfm_file_tensor_at(file, i, &tensor) != LFM_OK)
            return fail_library();
        facts->n_bytes += tensor.n_bytes;
    }
    if (lfm_file_kind(file) < 0)
        return EXIT_FINE;
    count_rows(facts);
    for (int32_t space = 0; space < FACTS_SPACES; space++) {
        if (lfm_file_ids(file, space, &facts->ids[space]) != LFM_OK)
            return fail_library();
    }
    return EXIT_FINE;
}

void file_facts_free(file_facts *facts)
{
    for (int32_t space = 0; space < FACTS_SPACES; space++)
        lfm_ids_free(facts->ids[space]);
    lfm_file_free(facts->file);
    *facts = (file_facts){.file = NULL};
}

/* Load a checkpoint's model, an inference file's scorer, and what lies beside. */
static lfm_status load_all(lfm_file *file)
{
    lfm_model *model = NULL;
    lfm_scorer *scorer = NULL;
    lfm_interactions *seen = NULL;
    lfm_features *features[2] = {NULL, NULL};
    lfm_status status = lfm_file_kind(file) == LFM_FILE_CHECKPOINT ? lfm_file_model(file, &model)
                                                                   : lfm_file_scorer(file, NULL, &scorer);
    for (int32_t side = 0; side < 2 && status == LFM_OK; side++)
        status = lfm_file_features(file, side, &features[side]);
    if (status == LFM_OK)
        status = lfm_file_seen(file, &seen);
    lfm_train_options train;
    lfm_train_options_init(&train);
    if (status == LFM_OK)
        status = lfm_file_train_options(file, &train);
    lfm_model_free(model);
    lfm_scorer_free(scorer);
    lfm_interactions_free(seen);
    lfm_features_free(features[LFM_USER]);
    lfm_features_free(features[LFM_ITEM]);
    return status;
}

int file_facts_check(file_facts *facts)
{
    if (lfm_file_check(facts->file, NULL) != LFM_OK)
        return fail_library();
    if (lfm_file_kind(facts->file) >= 0 && load_all(facts->file) != LFM_OK)
        return fail_library();
    facts->is_checked = true;
    return EXIT_FINE;
}

const char *file_facts_kind(const file_facts *facts)
{
    switch (lfm_file_kind(facts->file)) {
    case LFM_FILE_CHECKPOINT: return "checkpoint";
    case LFM_FILE_INFERENCE: return "inference";
    default: return "safetensors";
    }
}

bool file_facts_cover(const char *key)
{
    static const char *const keys[] = {"format", "format_version", "library_version", "kind", "components", "epochs"};
    lfm_option option;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (strcmp(keys[i], key) == 0)
            return true;
    }
    return file_facts_option(key, &option);
}

bool file_facts_option(const char *key, lfm_option *option)
{
    static const char *const groups[] = {[LFM_OPTIONS_MODEL] = "model.", [LFM_OPTIONS_TRAIN] = "train."};
    for (int32_t group = 0; group < 2; group++) {
        const size_t n = strlen(groups[group]);
        *option = (lfm_option){.size = sizeof *option};
        for (int32_t i = 0; strncmp(key, groups[group], n) == 0 && lfm_option_at(group, i, option) == LFM_OK; i++) {
            if (strcmp(key + n, option->name) == 0)
                return true;
        }
    }
    return false;
}
