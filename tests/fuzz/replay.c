/* Replay a corpus through the fuzz target:      replay FOLDER
 * Write its seeds, files that state no checksum: replay --write FOLDER */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fuzz.h"
#include "world.h"

/* A file that states no checksum stays readable when its bytes are changed. */
static void forget_checksums(buffer *b)
{
    static const char *const names[] = {"\"header_checksum\"", "\"data_checksum\"", "\"library_version\""};
    for (int i = 0; i < 3; i++) {
        for (int64_t at = 0; at + 20 < b->n; at++) {
            if (memcmp(b->data + at, names[i], strlen(names[i])) == 0)
                b->data[at + 1] = 'x';
        }
    }
}

static void write_seed(const char *folder, const char *name, buffer *b)
{
    char *path = path_in(folder, name);
    forget_checksums(b);
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL && fwrite(b->data, 1, (size_t)b->n, file) == (size_t)b->n);
    CHECK(fclose(file) == 0);
    free(path);
    buffer_free(b);
}

static int write_seeds(const char *folder)
{
    world w = world_make(&(world_kind){.d = 1, .features = true, .seen = true, .names = NAMES_TEXT});
    world half = world_make(&(world_kind){
        .d = 2, .optimiser = LFM_OPTIMISER_ADADELTA, .precision = LFM_PRECISION_HALF, .names = NAMES_NUMBER});
    world int8 = world_make(&(world_kind){.d = 3, .precision = LFM_PRECISION_INT8, .seen = true});
    buffer b = world_checkpoint(&w);
    write_seed(folder, "checkpoint", &b);
    b = world_inference(&w, w.scorer, LFM_PRECISION_FLOAT32);
    write_seed(folder, "inference", &b);
    b = world_inference(&w, w.scorer, LFM_PRECISION_HALF);
    write_seed(folder, "inference-half", &b);
    b = world_inference(&half, half.scorer, LFM_PRECISION_FLOAT32);
    write_seed(folder, "inference-half-scan", &b);
    b = world_checkpoint(&half);
    write_seed(folder, "checkpoint-adadelta", &b);
    b = world_inference(&int8, int8.scorer, LFM_PRECISION_FLOAT32);
    write_seed(folder, "inference-int8-scan", &b);
    world_free(&w);
    world_free(&half);
    world_free(&int8);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--write") == 0)
        return write_seeds(argv[2]);
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    if (folder == NULL)
        return 2;
    int n = 0;
    for (struct dirent *at; (at = readdir(folder)) != NULL;) {
        if (at->d_name[0] == '.')
            continue;
        char *path = path_in(argv[1], at->d_name);
        buffer b = read_path(path);
        (void)LLVMFuzzerTestOneInput(b.data, (size_t)b.n);
        printf("ok %d %s\n", ++n, at->d_name);
        buffer_free(&b);
        free(path);
    }
    closedir(folder);
    printf("1..%d\n", n);
    return n < 6;
}
