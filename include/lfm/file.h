/* liblfm: model files: saving, mapping, loading. docs/model-format.md specifies what is in them. */
#ifndef LFM_FILE_H
#define LFM_FILE_H

#include "lfm/ids.h"
#include "lfm/scorer.h"

LFM_BEGIN_DECLS

/* Two kinds of file, both in the safetensors layout, so that other languages open them with the
 * libraries they have. A checkpoint holds what training needs to go on bit for bit: parameters,
 * optimiser state, options and the count of epochs. An inference file holds what answering needs:
 * the representations of users and items, the embeddings of features and the items laid out for
 * scanning; it is mapped and used where it lies. */
enum { LFM_FILE_CHECKPOINT = 0, LFM_FILE_INFERENCE = 1 };

/* What goes into a file beside the model. Initialise with lfm_save_options_init(). */
typedef struct lfm_save_options {
    size_t size;                           /* set by the initialiser */
    const lfm_features *user_features;     /* the feature matrices it was trained with; NULL: the identity */
    const lfm_features *item_features;
    lfm_interactions *seen;                /* what each user knows, to be left out; NULL: nothing */
    const lfm_ids *ids[4];                 /* by LFM_SPACE_…: the names of users, items, user features and item
                                            * features, at most as many as there are of them; NULL: none */
    int32_t feature_ids_start[2];          /* by side: the feature (column) that the first name of ids[2], ids[3]
                                            * belongs to: the number of indicators before the named ones */
    const lfm_train_options *train;        /* how it was trained, to be read by whoever goes on; NULL: not said */
    const char *const *notes;              /* own entries for the metadata: key, value, key, value, …; UTF-8 */
    int64_t n_notes;                       /* pairs in `notes` */
    int32_t precision;                     /* of an inference file: LFM_PRECISION_HALF stores representations and
                                            * embeddings as float16, half the size, three digits; loading
                                            * such a file copies it. Default FLOAT32 */
    int32_t reserved;                      /* 0 */
    const lfm_cancel *cancel;              /* NULL: none */
} lfm_save_options;

LFM_API void lfm_save_options_init_sized(lfm_save_options *options, size_t size);
#define lfm_save_options_init(options) lfm_save_options_init_sized((options), sizeof *(options))

/* Write a checkpoint of a model, or an inference file of a scorer, to a path.
 *
 * The file is written beside the path, flushed to the disk and then renamed, and the folder is flushed:
 * whatever happens at whatever moment, the path names the old file or the new one, whole. A symbolic
 * link is followed; what is no ordinary file (a pipe) is written to directly. The new file takes over the
 * permissions of the old one and, where that is allowed, its owner. A process that is killed meanwhile can
 * leave a file called .NAME.X.tmp behind, X being 16 hexadecimal digits at random, which does no harm.
 * The feature matrices of an inference file are as wide as the feature embeddings that the scorer keeps.
 * options: NULL for the defaults. The same contents always make the same bytes.
 * Errors: ARGUMENT (notes that are not UTF-8, repeat a key or are too many: the header has at most 16 MB),
 * OPTION, SHAPE (features, seen or ids that do not fit the model or scorer), DATA (a number beyond half
 * precision: names array and row), FILE (names path and reason), UNSUPPORTED (a scorer of more than 65536
 * components; a big-endian machine), BUSY, DIVERGED, CANCELLED, MEMORY.
 * Memory: 4 bytes per entry of `seen` and 8 per user with it, 8 per row of a feature matrix, up to 11 per name,
 * 1 MB. Since 0.1. */
LFM_API lfm_status lfm_model_save(const lfm_model *model, const char *path, const lfm_save_options *options);
LFM_API lfm_status lfm_scorer_save(const lfm_scorer *scorer, const char *path, const lfm_save_options *options);

/* Takes the next `size` bytes of a file. Returns 0, or non-zero to give up. Must return. */
typedef int32_t (*lfm_write_fn)(const void *data, size_t size, void *user_data);

/* The same, written through a callback, in blocks of at most 1 MB. Errors: as above; FILE when the callback
 * gives up. Since 0.1. */
LFM_API lfm_status lfm_model_write(const lfm_model *model, lfm_write_fn write, void *user_data,
                                   const lfm_save_options *options);
LFM_API lfm_status lfm_scorer_write(const lfm_scorer *scorer, lfm_write_fn write, void *user_data,
                                    const lfm_save_options *options);

/* A buffer to write to: hand lfm_memory_write as the callback and a pointer to one of these as its user
 * data. With data = NULL nothing is stored and `used` tells how large the buffer has to be. */
typedef struct lfm_memory {
    unsigned char *data;
    int64_t capacity;
    int64_t used; /* set to 0 before */
} lfm_memory;
LFM_API int32_t lfm_memory_write(const void *data, size_t size, void *memory);

/* An open file: its header checked, its tensors where they lie. Immutable; any number of threads may use
 * it. What is made from it holds what it needs, so a file may be freed at any time. */
typedef struct lfm_file lfm_file;

/* How a file is opened. Initialise with lfm_file_options_init(). */
typedef struct lfm_file_options {
    size_t size;   /* set by the initialiser */
    int32_t copy;  /* 1: read the file into memory; default 0: map it, read-only and shared */
    int32_t check; /* 1: compare the checksum of all tensors, which reads them all; default 0 */
    const lfm_cancel *cancel; /* NULL: none */
} lfm_file_options;

LFM_API void lfm_file_options_init_sized(lfm_file_options *options, size_t size);
#define lfm_file_options_init(options) lfm_file_options_init_sized((options), sizeof *(options))

/* Open a file of either kind, or any other safetensors file (lfm_file_kind() is then -1).
 *
 * Its header is checked in full, checksum included: sizes, types, shapes, offsets, version. The numbers in
 * the tensors are not looked at until they are used. A mapped file must not be written into or cut
 * meanwhile; lfm_…_save() replaces files and never does that. context, options: NULL for the defaults.
 * Errors: ARGUMENT, OPTION, FILE (names path and reason), FORMAT (names path, place and what is wrong),
 * UNSUPPORTED (a big-endian machine), CANCELLED, MEMORY. Thread-safe. Since 0.1. */
LFM_API lfm_status lfm_file_open(lfm_context *context, const char *path, const lfm_file_options *options,
                                 lfm_file **out);

/* The same from a block of memory, used where it lies (copied when it does not begin on a multiple of 64
 * bytes or options->copy is set). release: NULL, or called exactly once with user_data when the block is
 * no longer used: before the call returns when it was copied or the call fails. Errors: as above. Since 0.1. */
LFM_API lfm_status lfm_file_from_memory(lfm_context *context, const void *data, int64_t n_bytes,
                                        lfm_release_fn release, void *user_data,
                                        const lfm_file_options *options, lfm_file **out);

/* Fills in up to `size` bytes. Returns how many, 0 at the end, less than 0 to give up. Must return. */
typedef int64_t (*lfm_read_fn)(void *data, size_t size, void *user_data);

/* The same through a callback, read into memory. Errors: as above. Since 0.1. */
LFM_API lfm_status lfm_file_read(lfm_context *context, lfm_read_fn read, void *user_data,
                                 const lfm_file_options *options, lfm_file **out);

/* Add a reference and return the file (NULL gives NULL); drop one, the last frees. Thread-safe. Since 0.1. */
LFM_API lfm_file *lfm_file_ref(lfm_file *file);
LFM_API void lfm_file_free(lfm_file *file);

/* Return LFM_FILE_CHECKPOINT, LFM_FILE_INFERENCE, or -1 for another safetensors file and NULL. */
LFM_API int32_t lfm_file_kind(const lfm_file *file);

/* Compare the checksum of all tensors. Errors: FORMAT, UNSUPPORTED (the file has none), CANCELLED. Reads the
 * whole file. Thread-safe. Since 0.1. */
LFM_API lfm_status lfm_file_check(const lfm_file *file, const lfm_cancel *cancel);

/* Look up the metadata: the value of a key, or NULL; entry number `index`, in the order of the file. Errors:
 * ARGUMENT (no such entry). Strings live as long as the file. Thread-safe. Since 0.1. */
LFM_API const char *lfm_file_metadata(const lfm_file *file, const char *key);
LFM_API int32_t lfm_file_n_metadata(const lfm_file *file);
LFM_API lfm_status lfm_file_metadata_at(const lfm_file *file, int32_t index, const char **key,
                                        const char **value);

/* A tensor where it lies: dense, row-major, little-endian. In files that liblfm wrote it begins on a multiple of
 * the size of its numbers; in those of others it need not. */
enum { LFM_TENSOR_DIMS = 8 };
typedef struct lfm_tensor {
    size_t size;       /* set to sizeof(lfm_tensor) before the call */
    const char *name;  /* live as long as the file, as data does */
    const char *dtype; /* as safetensors calls it: F32, F16, I32, I64, U8, … */
    const void *data;
    int64_t n_bytes;
    int64_t shape[LFM_TENSOR_DIMS];
    int32_t n_dims;
    int32_t reserved;
} lfm_tensor;

/* Look at a tensor by its place in the file, or by its name. Errors: ARGUMENT (no such tensor), OPTION
 * (out->size). Thread-safe. Since 0.1. */
LFM_API int32_t lfm_file_n_tensors(const lfm_file *file);
LFM_API lfm_status lfm_file_tensor_at(const lfm_file *file, int32_t index, lfm_tensor *out);
LFM_API lfm_status lfm_file_tensor(const lfm_file *file, const char *name, lfm_tensor *out);

/* Load a checkpoint: a model that goes on exactly where the saved one stood. The tensors' checksum is compared.
 * out: receives one reference. Errors: ARGUMENT, FORMAT, DATA (a number that cannot be: names array, row and
 * column), UNSUPPORTED (not a checkpoint), MEMORY. Since 0.1. */
LFM_API lfm_status lfm_file_model(const lfm_file *file, lfm_model **out);

/* Load a scorer. Of an inference file: it uses the mapped tensors where they lie, in no time; their numbers
 * are not looked at, so a damaged file (lfm_file_check() tells) may answer nonsense, and never crashes.
 * A half-precision file is copied and checked. Of a checkpoint: as lfm_scorer_create() with the file's feature
 * matrices. options: NULL for the defaults; for an inference file threads only count when something has to be
 * made, and precision other than the file's makes the items for scanning anew.
 * Errors: ARGUMENT, OPTION, FORMAT, DATA, UNSUPPORTED (another kind of file), MEMORY. Since 0.1. */
LFM_API lfm_status lfm_file_scorer(lfm_file *file, const lfm_scorer_options *options, lfm_scorer **out);

/* Load the feature matrix of a side (LFM_USER or LFM_ITEM), or what each user has seen. *out becomes NULL
 * where the file has none: the identity, or nothing. The arrays are checked and used where they lie.
 * Errors: ARGUMENT, FORMAT, DATA (names row and column), MEMORY. Since 0.1. */
LFM_API lfm_status lfm_file_features(lfm_file *file, int32_t side, lfm_features **out);
LFM_API lfm_status lfm_file_seen(lfm_file *file, lfm_interactions **out);

/* Load the names of a space (LFM_SPACE_…); *out becomes NULL where the file has none. They are used where they
 * lie and not looked at before they are asked for: a damaged file gives unknown or empty names, adding to them
 * copies and checks them. lfm_file_ids_start(): the row of the space that the first name belongs to, as it was
 * saved; 0 for users, items and files without names. Errors: ARGUMENT, FORMAT, MEMORY. Thread-safe. Since 0.1. */
LFM_API lfm_status lfm_file_ids(lfm_file *file, int32_t space, lfm_ids **out);
LFM_API int32_t lfm_file_ids_start(const lfm_file *file, int32_t space);

/* Set the training options that the file records on top of *options. Errors: ARGUMENT, FORMAT (a value that
 * this version does not know). Since 0.1. */
LFM_API lfm_status lfm_file_train_options(const lfm_file *file, lfm_train_options *options);

LFM_END_DECLS

#endif
