/* In place of model files in a library that was built without them (-Dfiles=disabled). */
#include "base/sized.h"
#include "lfm/file.h"
#include "matrix/entries.h"

static const lfm_save_options save_defaults = {.size = sizeof(lfm_save_options)};
static const lfm_file_options file_defaults = {.size = sizeof(lfm_file_options)};

static lfm_status absent(void)
{
    lfmi_clear_message();
    return lfmi_fail(LFM_ERROR_UNSUPPORTED, "this library was built without model files (-Dfiles=disabled)");
}

void lfm_save_options_init_sized(lfm_save_options *options, size_t size)
{
    lfmi_sized_init(options, size, &save_defaults, sizeof save_defaults);
}

void lfm_file_options_init_sized(lfm_file_options *options, size_t size)
{
    lfmi_sized_init(options, size, &file_defaults, sizeof file_defaults);
}

#define UNUSED(name) name __attribute__((unused))

lfm_status lfm_model_save(const lfm_model *UNUSED(model), const char *UNUSED(path),
                          const lfm_save_options *UNUSED(options))
{
    return absent();
}
lfm_status lfm_scorer_save(const lfm_scorer *UNUSED(scorer), const char *UNUSED(path),
                           const lfm_save_options *UNUSED(options))
{
    return absent();
}
lfm_status lfm_model_write(const lfm_model *UNUSED(model), lfm_write_fn UNUSED(write), void *UNUSED(user_data),
                           const lfm_save_options *UNUSED(options))
{
    return absent();
}
lfm_status lfm_scorer_write(const lfm_scorer *UNUSED(scorer), lfm_write_fn UNUSED(write), void *UNUSED(user_data),
                            const lfm_save_options *UNUSED(options))
{
    return absent();
}
int32_t lfm_memory_write(const void *UNUSED(data), size_t UNUSED(size), void *UNUSED(memory)) { return -1; }

lfm_status lfm_file_open(lfm_context *UNUSED(context), const char *UNUSED(path),
                         const lfm_file_options *UNUSED(options), lfm_file **UNUSED(out))
{
    return absent();
}
lfm_status lfm_file_from_memory(lfm_context *UNUSED(context), const void *UNUSED(data), int64_t UNUSED(n_bytes),
                                lfm_release_fn release, void *user_data, const lfm_file_options *UNUSED(options),
                                lfm_file **UNUSED(out))
{
    lfmi_release(release, user_data);
    return absent();
}
lfm_status lfm_file_read(lfm_context *UNUSED(context), lfm_read_fn UNUSED(read), void *UNUSED(user_data),
                         const lfm_file_options *UNUSED(options), lfm_file **UNUSED(out))
{
    return absent();
}

/* There are no files, so these are only ever asked about NULL. */
lfm_file *lfm_file_ref(lfm_file *file) { return file; }
void lfm_file_free(lfm_file *UNUSED(file)) {}
int32_t lfm_file_kind(const lfm_file *UNUSED(file)) { return -1; }
const char *lfm_file_metadata(const lfm_file *UNUSED(file), const char *UNUSED(key)) { return NULL; }
int32_t lfm_file_n_metadata(const lfm_file *UNUSED(file)) { return 0; }
int32_t lfm_file_n_tensors(const lfm_file *UNUSED(file)) { return 0; }
int32_t lfm_file_ids_start(const lfm_file *UNUSED(file), int32_t UNUSED(space)) { return 0; }
lfm_status lfm_file_check(const lfm_file *UNUSED(file), const lfm_cancel *UNUSED(cancel)) { return absent(); }
lfm_status lfm_file_metadata_at(const lfm_file *UNUSED(file), int32_t UNUSED(index), const char **UNUSED(key),
                                const char **UNUSED(value))
{
    return absent();
}
lfm_status lfm_file_tensor_at(const lfm_file *UNUSED(file), int32_t UNUSED(index), lfm_tensor *UNUSED(out))
{
    return absent();
}
lfm_status lfm_file_tensor(const lfm_file *UNUSED(file), const char *UNUSED(name), lfm_tensor *UNUSED(out))
{
    return absent();
}
lfm_status lfm_file_model(const lfm_file *UNUSED(file), lfm_model **UNUSED(out)) { return absent(); }
lfm_status lfm_file_scorer(lfm_file *UNUSED(file), const lfm_scorer_options *UNUSED(options),
                           lfm_scorer **UNUSED(out))
{
    return absent();
}
lfm_status lfm_file_features(lfm_file *UNUSED(file), int32_t UNUSED(side), lfm_features **UNUSED(out))
{
    return absent();
}
lfm_status lfm_file_seen(lfm_file *UNUSED(file), lfm_interactions **UNUSED(out)) { return absent(); }
lfm_status lfm_file_ids(lfm_file *UNUSED(file), int32_t UNUSED(space), lfm_ids **UNUSED(out)) { return absent(); }
lfm_status lfm_file_train_options(const lfm_file *UNUSED(file), lfm_train_options *UNUSED(options))
{
    return absent();
}
