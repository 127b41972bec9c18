/* What a model file tells of itself, for people and as JSON. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "file_facts.h"
#include "json_values.h"

static const char *const space_keys[FACTS_SPACES] = {"users", "items", "user_features", "item_features"};
static const char *const space_titles[FACTS_SPACES] = {"users", "items", "user features", "item features"};

static const char *value_of(const file_facts *facts, const char *key)
{
    const char *value = lfm_file_metadata(facts->file, key);
    return value != NULL ? value : "?";
}

/* Any file may hold any text: nothing of it reaches a terminal as it is. */
static void print_safely(FILE *to, const char *text)
{
    for (; *text != '\0'; text++) {
        const unsigned char c = (unsigned char)text[0];
        const bool is_c1 = c == 0xC2 && ((unsigned char)text[1] & 0xE0) == 0x80;
        (void)fputc(c < 0x20 || c == 0x7F || is_c1 ? '?' : c, to);
        text += is_c1;
    }
}

static void print_space(FILE *to, const file_facts *facts, int32_t space)
{
    (void)fprintf(to, "  %-16s", space_titles[space]);
    if (facts->rows[space] < 0) {
        (void)fputs("not in the file\n", to);
        return;
    }
    (void)fprintf(to, "%" PRId64, facts->rows[space]);
    if (facts->ids[space] != NULL)
        (void)fprintf(to, ", %d %s", lfm_ids_count(facts->ids[space]),
                      lfm_ids_kind(facts->ids[space]) == LFM_IDS_TEXT ? "names" : "numbers as names");
    else
        (void)fputs(", without names", to);
    const int32_t start = lfm_file_ids_start(facts->file, space);
    if (start > 0)
        (void)fprintf(to, " behind %d indicators", start);
    if (space < LFM_SPACE_USER_FEATURE) {
        if (facts->feature_entries[space] >= 0)
            (void)fprintf(to, ", a feature matrix of %" PRId64 " entries", facts->feature_entries[space]);
    }
    (void)fputc('\n', to);
}

static void print_metadata(FILE *to, const file_facts *facts, bool options)
{
    bool any = false;
    for (int32_t i = 0; i < lfm_file_n_metadata(facts->file); i++) {
        const char *key, *value;
        lfm_option option;
        if (lfm_file_metadata_at(facts->file, i, &key, &value) != LFM_OK)
            continue;
        const bool is_ours = lfm_file_kind(facts->file) >= 0;
        if (options ? !is_ours || !file_facts_option(key, &option) : is_ours && file_facts_cover(key))
            continue;
        if (!any)
            (void)fprintf(to, "\n%s\n", options ? "Options" : "Other metadata");
        any = true;
        (void)fputs("  ", to);
        print_safely(to, key);
        (void)fprintf(to, "%*s ", strlen(key) < 27 ? (int)(27 - strlen(key)) : 0, "");
        print_safely(to, value);
        (void)fputc('\n', to);
    }
}

static void print_tensors(FILE *to, const file_facts *facts)
{
    const int32_t n = lfm_file_n_tensors(facts->file);
    (void)fprintf(to, "\nTensors: %d, %" PRId64 " bytes\n", n, facts->n_bytes);
    for (int32_t i = 0; i < n; i++) {
        lfm_tensor tensor = {.size = sizeof tensor};
        char shape[LFM_TENSOR_DIMS * 24] = "";
        int length = 0;
        if (lfm_file_tensor_at(facts->file, i, &tensor) != LFM_OK)
            continue;
        for (int32_t d = 0; d < tensor.n_dims; d++)
            length += snprintf(shape + length, sizeof shape - (size_t)length, "%s%" PRId64, d > 0 ? " x " : "",
                               tensor.shape[d]);
        (void)fputs("  ", to);
        print_safely(to, tensor.name);
        (void)fprintf(to, "%*s %-4s %-18s %" PRId64 " bytes\n",
                      strlen(tensor.name) < 27 ? (int)(27 - strlen(tensor.name)) : 0, "", tensor.dtype,
                      length > 0 ? shape : "one number", tensor.n_bytes);
    }
}

void file_facts_print(FILE *to, const file_facts *facts)
{
    print_safely(to, facts->path);
    if (lfm_file_kind(facts->file) < 0) {
        (void)fputs(": a safetensors file, no model of liblfm\n", to);
    } else {
        const bool answers = lfm_file_kind(facts->file) == LFM_FILE_INFERENCE;
        (void)fprintf(to, ": %s of liblfm ", answers ? "inference file" : "checkpoint");
        print_safely(to, value_of(facts, "library_version"));
        (void)fputs(", format ", to);
        print_safely(to, value_of(facts, "format_version"));
        (void)fputs("\n  components      ", to);
        print_safely(to, value_of(facts, "components"));
        if (lfm_file_metadata(facts->file, "epochs") != NULL) {
            (void)fputs("\n  epochs          ", to);
            print_safely(to, value_of(facts, "epochs"));
        }
        (void)fputc('\n', to);
        for (int32_t space = 0; space < FACTS_SPACES; space++)
            print_space(to, facts, space);
        if (facts->seen >= 0)
            (void)fprintf(to, "  %-16s%" PRId64 " pairs\n", "seen", facts->seen);
    }
    print_metadata(to, facts, true);
    print_metadata(to, facts, false);
    print_tensors(to, facts);
    if (facts->is_checked)
        (void)fprintf(to, "\nChecked: the checksum is right%s\n",
                      lfm_file_kind(facts->file) >= 0 ? ", and all of it loads" : "");
}

static json_t *tensors_of(const file_facts *facts)
{
    json_t *list = json_array();
    bool good = list != NULL;
    for (int32_t i = 0; i < lfm_file_n_tensors(facts->file) && good; i++) {
        lfm_tensor tensor = {.size = sizeof tensor};
        if (lfm_file_tensor_at(facts->file, i, &tensor) != LFM_OK)
            continue;
        json_t *object = json_object(), *shape = json_array();
        for (int32_t d = 0; d < tensor.n_dims && good; d++)
            good = json_array_append_new(shape, json_integer(tensor.shape[d])) == 0;
        good = json_put(object, "name", json_text(tensor.name)) && good;
        good = good && json_put(object, "dtype", json_text(tensor.dtype));
        good = json_put(object, "shape", shape) && good;
        good = good && json_put_count(object, "bytes", tensor.n_bytes);
        good = json_array_append_new(list, object) == 0 && good;
    }
    if (!good) {
        json_decref(list);
        return NULL;
    }
    return list;
}

/* The options of a group, as JSON's own types, or all else of the metadata (group -1). */
static json_t *metadata_of(const file_facts *facts, int32_t group)
{
    json_t *object = json_object();
    bool good = object != NULL;
    for (int32_t i = 0; i < lfm_file_n_metadata(facts->file) && good; i++) {
        const char *key, *value;
        lfm_option option;
        if (lfm_file_metadata_at(facts->file, i, &key, &value) != LFM_OK)
            continue;
        const bool is_ours = lfm_file_kind(facts->file) >= 0;
        if (group >= 0 && is_ours && file_facts_option(key, &option) && option.group == group)
            good = json_put(object, option.name, json_setting(&option, value));
        else if (group < 0 && !(is_ours && file_facts_cover(key))) {
            char *clean = json_utf8(key);
            good = clean != NULL && json_put(object, clean, json_text(value));
            free(clean);
        }
    }
    if (!good) {
        json_decref(object);
        return NULL;
    }
    return object;
}

/* A number of the metadata. */
static bool put_number(json_t *object, const file_facts *facts, const char *key)
{
    const char *text = lfm_file_metadata(facts->file, key);
    char *end;
    if (text == NULL)
        return true;
    const long long number = strtoll(text, &end, 10);
    return json_put(object, key, *end == '\0' ? json_integer(number) : json_text(text));
}

static json_t *ids_of(const file_facts *facts)
{
    json_t *object = json_object();
    bool good = object != NULL;
    for (int32_t space = 0; space < FACTS_SPACES && good; space++) {
        if (facts->ids[space] == NULL)
            continue;
        json_t *about = json_object();
        good = json_put_count(about, "count", lfm_ids_count(facts->ids[space])) &&
               json_put(about, "kind",
                        json_string(lfm_ids_kind(facts->ids[space]) == LFM_IDS_TEXT ? "text" : "number"));
        if (good && space >= LFM_SPACE_USER_FEATURE)
            good = json_put_count(about, "start", lfm_file_ids_start(facts->file, space));
        good = json_put(object, space_keys[space], about) && good;
    }
    if (!good) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static bool put_model(json_t *line, const file_facts *facts)
{
    bool good = put_number(line, facts, "format_version") &&
                json_put(line, "library_version", json_text(value_of(facts, "library_version"))) &&
                put_number(line, facts, "components") && put_number(line, facts, "epochs");
    for (int32_t space = 0; space < FACTS_SPACES && good; space++) {
        if (facts->rows[space] >= 0)
            good = json_put_count(line, space_keys[space], facts->rows[space]);
    }
    static const char *const entries[2] = {"user_feature_entries", "item_feature_entries"};
    for (int32_t side = 0; side < 2 && good; side++) {
        if (facts->feature_entries[side] >= 0)
            good = json_put_count(line, entries[side], facts->feature_entries[side]);
    }
    if (good && facts->seen >= 0)
        good = json_put_count(line, "seen", facts->seen);
    return good && json_put(line, "ids", ids_of(facts)) &&
           json_put(line, "model_options", metadata_of(facts, LFM_OPTIONS_MODEL)) &&
           json_put(line, "train_options", metadata_of(facts, LFM_OPTIONS_TRAIN));
}

bool file_facts_json(FILE *to, const file_facts *facts)
{
    json_t *line = json_object();
    bool good = line != NULL && json_put(line, "file", json_text(facts->path)) &&
                json_put(line, "kind", json_string(file_facts_kind(facts)));
    if (good && lfm_file_kind(facts->file) >= 0)
        good = put_model(line, facts);
    good = good && json_put(line, "metadata", metadata_of(facts, -1)) &&
           json_put_count(line, "bytes", facts->n_bytes) && json_put(line, "tensors", tensors_of(facts)) &&
           json_put(line, "checked", json_boolean(facts->is_checked));
    return json_write_line(to, line, good);
}
