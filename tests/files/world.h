/* What the tests of model files share: models to save, buffers to save to, and all that a scorer answers. */
#ifndef TEST_FILES_WORLD_H
#define TEST_FILES_WORLD_H

#include <stdbool.h>

#include "build.h"

/* A buffer that grows: user data of buffer_write(), a lfm_write_fn. */
typedef struct buffer {
    unsigned char *data;
    int64_t n, room;
} buffer;
int32_t buffer_write(const void *data, size_t size, void *buffer);
void buffer_free(buffer *buffer);
bool buffers_equal(const buffer *a, const buffer *b);

/* A context whose calls run on one thread: the tests make very many of them. */
lfm_context *one_thread(void);

/* A trained model of 23 users and 37 items, so that the last items to scan are filled up, and all beside it. */
enum { USERS = 23, ITEMS = 37, USER_FEATURES = 9, ITEM_FEATURES = 11 };
typedef struct world {
    int32_t d;
    lfm_model *model;
    lfm_scorer *scorer;
    lfm_features *f[2];             /* NULL: the identity */
    lfm_interactions *train, *seen; /* seen: train, or NULL */
    lfm_interactions *test;
    lfm_ids *ids[4];      /* by space; NULL: none. Not all items and features have names */
    int32_t ids_start[2]; /* of features */
} world;
enum { NAMES_NONE, NAMES_TEXT, NAMES_NUMBER };
typedef struct world_kind {
    int32_t d, optimiser, precision;
    bool features, seen;
    int32_t names;
} world_kind;
world world_make(const world_kind *kind);
void world_free(world *w);

/* Train for some more epochs of WARP on one thread. */
void world_train(const world *w, lfm_model *model, int32_t epochs);

/* Options that save all of a world. */
lfm_save_options world_options(const world *w);

/* The bytes of its checkpoint, and of the inference file of a scorer. */
buffer world_checkpoint(const world *w);
buffer world_inference(const world *w, const lfm_scorer *scorer, int32_t precision);

/* Open a buffer's file; it is copied, so that reading beyond its end shows. */
lfm_file *buffer_open(const buffer *b);
lfm_status buffer_try(const buffer *b, const lfm_file_options *options, lfm_file **out);

/* Ask a scorer everything and return a hash of the answers. strict: all must be answered; else what is refused is
 * left out. */
uint64_t all_answers(const lfm_scorer *scorer, lfm_features *const f[2], lfm_interactions *seen,
                     lfm_interactions *test, bool strict);

/* n names of a kind, none like another: empty, with a NUL in it, long, not UTF-8; or small, huge and negative. */
lfm_ids *names_make(int32_t kind, int32_t n);

/* Whether two have the same names, each found in both at its index. */
bool names_equal(const lfm_ids *a, const lfm_ids *b);

/* Ask names everything and return a hash of the answers. trusted: each name must be found at its index. */
uint64_t names_answers(const lfm_ids *ids, bool trusted);

/* The same of the names in all spaces of a file, and where they start. Adds to them in the end, too. */
uint64_t file_names_answers(lfm_file *file, bool trusted);

/* Load and ask whatever a file may hold; nothing may crash. Returns whether it could be opened. */
bool try_everything(const unsigned char *data, int64_t n);

/* A new empty folder, and a path in it (both to be freed); the folder's removal with all files in it. */
char *folder_make(void);
char *path_in(const char *folder, const char *name);
int folder_count(const char *folder);
void folder_remove(char *folder);
buffer read_path(const char *path);

#endif
