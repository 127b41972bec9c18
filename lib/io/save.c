/* Writing model files: to a path, through a callback. */
#include "base/sized.h"
#include "io/contents.h"
#include "io/machine.h"
#include "io/replace.h"

LFMI_ASSERT_SIZED(lfm_save_options, cancel);

static const lfm_save_options defaults = {.size = sizeof(lfm_save_options)};

void lfm_save_options_init_sized(lfm_save_options *options, size_t size)
{
    lfmi_sized_init(options, size, &defaults, sizeof defaults);
}

static lfm_status read_options(lfm_save_options *known, const lfm_save_options *given)
{
    *known = defaults;
    if (given != NULL)
        LFMI_TRY(lfmi_sized_read(known, sizeof *known, given, "lfm_save_options"));
    LFMI_TRY(lfmi_reserved_check(known->reserved, "lfm_save_options"));
    if (known->precision != LFM_PRECISION_FLOAT32 && known->precision != LFM_PRECISION_HALF)
        return lfmi_fail(LFM_ERROR_OPTION, "lfm_save_options: there is no precision number %d", known->precision);
    if (known->n_notes < 0 || (known->n_notes > 0 && known->notes == NULL))
        return lfmi_fail(LFM_ERROR_OPTION, "lfm_save_options: notes is %s, n_notes is %lld",
                         known->notes == NULL ? "NULL" : "given", (long long)known->n_notes);
    return lfmi_check_machine();
}

/* What is to be saved: one of the two. */
typedef struct source {
    const lfm_model *model;
    const lfm_scorer *scorer;
} source;

static lfm_status gather_and_write(const source *from, const lfm_save_options *options, const lfmi_sink *sink)
{
    lfmi_contents contents = {0};
    lfm_status status = from->model != NULL ? lfmi_contents_of_model(from->model, options, &contents)
                                            : lfmi_contents_of_scorer(from->scorer, options, &contents);
    if (status == LFM_OK)
        status = lfmi_plan_write(&contents.plan, sink);
    lfmi_contents_free(&contents);
    return status;
}

static lfm_status write_locked(const source *from, const lfm_save_options *options, const lfmi_sink *sink)
{
    if (from->model == NULL)
        return gather_and_write(from, options, sink);
    LFMI_TRY(lfmi_model_read_lock(from->model));
    lfm_status status = lfmi_model_check_usable(from->model);
    if (status == LFM_OK && options->precision != LFM_PRECISION_FLOAT32)
        status = lfmi_fail(LFM_ERROR_OPTION, "lfm_save_options: a checkpoint has float32 precision only");
    if (status == LFM_OK)
        status = gather_and_write(from, options, sink);
    lfmi_model_read_unlock(from->model);
    return status;
}

static lfm_status save(const source *from, const char *path, const lfm_save_options *options)
{
    LFMI_REQUIRE(path);
    lfm_save_options known;
    LFMI_TRY(read_options(&known, options));
    lfmi_replacement replacement;
    LFMI_TRY(lfmi_replace_begin(path, &replacement));
    const lfmi_sink sink = {lfmi_replace_put, &replacement};
    const lfm_status status = write_locked(from, &known, &sink);
    if (status == LFM_OK)
        return lfmi_replace_commit(&replacement);
    lfmi_replace_abandon(&replacement);
    return status;
}

static lfm_status write_out(const source *from, lfm_write_fn write, void *user_data, const lfm_save_options *options)
{
    LFMI_REQUIRE(write);
    lfm_save_options known;
    LFMI_TRY(read_options(&known, options));
    lfmi_callback_sink callback = {.write = write, .user_data = user_data};
    const lfmi_sink sink = {lfmi_callback_put, &callback};
    return write_locked(from, &known, &sink);
}

lfm_status lfm_model_save(const lfm_model *model, const char *path, const lfm_save_options *options)
{
    lfmi_clear_message();
    LFMI_REQUIRE(model);
    return save(&(source){.model = model}, path, options);
}

lfm_status lfm_scorer_save(const lfm_scorer *scorer, const char *path, const lfm_save_options *options)
{
    lfmi_clear_message();
    LFMI_REQUIRE(scorer);
    return save(&(source){.scorer = scorer}, path, options);
}

lfm_status lfm_model_write(const lfm_model *model, lfm_write_fn write, void *user_data,
                           const lfm_save_options *options)
{
    lfmi_clear_message();
    LFMI_REQUIRE(model);
    return write_out(&(source){.model = model}, write, user_data, options);
}

lfm_status lfm_scorer_write(const lfm_scorer *scorer, lfm_write_fn write, void *user_data,
                            const lfm_save_options *options)
{
    lfmi_clear_message();
    LFMI_REQUIRE(scorer);
    return write_out(&(source){.scorer = scorer}, write, user_data, options);
}
