/* Model files for programs that do not know the library, and what the library finds in theirs.
 *
 *     sample checkpoint|inference|half PATH    write one, with names
 *     sample numbers PATH                      write an inference file whose names are numbers
 *     sample tensors PATH                      list the tensors: name, type, shape
 *     sample recommend PATH K                  the K best items of every user with their scores
 *     sample names PATH                        all names in hexadecimal, or the numbers, after where they were found
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "world.h"

static int write_file(const char *kind, const char *path)
{
    static const char *const notes[] = {"from", "a sample \xE2\x9C\x93"};
    const int32_t names = strcmp(kind, "numbers") == 0 ? NAMES_NUMBER : NAMES_TEXT;
    world w = world_make(&(world_kind){.d = 5, .features = true, .seen = true, .names = names});
    lfm_save_options options = world_options(&w);
    options.notes = notes;
    options.n_notes = 1;
    options.precision = strcmp(kind, "half") == 0 ? LFM_PRECISION_HALF : LFM_PRECISION_FLOAT32;
    if (strcmp(kind, "checkpoint") == 0)
        CHECK_OK(lfm_model_save(w.model, path, &options));
    else
        CHECK_OK(lfm_scorer_save(w.scorer, path, &options));
    world_free(&w);
    return 0;
}

static void list_tensors(const lfm_file *file)
{
    for (int32_t i = 0; i < lfm_file_n_tensors(file); i++) {
        lfm_tensor tensor = {.size = sizeof tensor};
        CHECK_OK(lfm_file_tensor_at(file, i, &tensor));
        printf("%s %s", tensor.name, tensor.dtype);
        for (int32_t dim = 0; dim < tensor.n_dims; dim++)
            printf(" %lld", (long long)tensor.shape[dim]);
        printf("\n");
    }
}

static void list_names(lfm_file *file)
{
    static const char *const spaces[] = {"user", "item", "user_feature", "item_feature"};
    for (int32_t space = 0; space < 4; space++) {
        lfm_ids *ids = NULL;
        CHECK_OK(lfm_file_ids(file, space, &ids));
        const int32_t start = lfm_file_ids_start(file, space);
        for (int32_t i = 0; i < lfm_ids_count(ids); i++) {
            size_t length;
            const char *text = lfm_ids_text(ids, i, &length);
            const int64_t number = lfm_ids_number(ids, i);
            const bool is_text = lfm_ids_kind(ids) == LFM_IDS_TEXT;
            const int32_t found = is_text ? lfm_ids_find(ids, text, length) : lfm_ids_find_number(ids, number);
            printf("%s %d ", spaces[space], found + start);
            for (size_t at = 0; at < length; at++)
                printf("%02x", (unsigned)(unsigned char)text[at]);
            if (is_text)
                printf("\n");
            else
                printf("%lld\n", (long long)number);
        }
        lfm_ids_free(ids);
    }
}

static void recommend(lfm_file *file, int32_t k)
{
    lfm_scorer *scorer = NULL;
    lfm_interactions *seen = NULL;
    CHECK_OK(lfm_file_scorer(file, NULL, &scorer));
    CHECK_OK(lfm_file_seen(file, &seen));
    int32_t *items = take((size_t)k, sizeof *items);
    float *scores = take((size_t)k, sizeof *scores);
    for (int32_t user = 0; user < lfm_scorer_n_rows(scorer, LFM_SPACE_USER); user++) {
        CHECK_OK(lfm_recommend(scorer, 1, &user, k, seen, items, scores, NULL));
        for (int32_t i = 0; i < k; i++)
            printf("%s%d:%.9g", i > 0 ? " " : "", items[i], (double)scores[i]);
        printf("\n");
    }
    free(items);
    free(scores);
    lfm_scorer_free(scorer);
    lfm_interactions_free(seen);
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    const bool lists = strcmp(argv[1], "tensors") == 0, names = strcmp(argv[1], "names") == 0;
    if (!lists && !names && strcmp(argv[1], "recommend") != 0)
        return write_file(argv[1], argv[2]);
    lfm_file *file = NULL;
    lfm_file_options options;
    lfm_file_options_init(&options);
    if (lfm_file_open(NULL, argv[2], &options, &file) != LFM_OK) {
        fprintf(stderr, "%s\n", lfm_last_message());
        return 1;
    }
    if (lists)
        list_tensors(file);
    else if (names)
        list_names(file);
    else
        recommend(file, argc > 3 ? atoi(argv[3]) : 5);
    lfm_file_free(file);
    return 0;
}
