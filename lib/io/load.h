/* What loading shares. */
#ifndef LFMI_LOAD_H
#define LFMI_LOAD_H

#include "io/contents.h"
#include "io/file.h"

/* The number of rows of a list or matrix that may be missing (then -1). Errors: FORMAT (more than INT32_MAX). */
lfm_status lfmi_stored_rows(const lfm_file *file, const char *name, int32_t *rows);

/* The model options that a file's metadata states. Errors: FORMAT. */
lfm_status lfmi_load_model_options(const lfm_file *file, lfm_model_options *options);

/* The count of epochs that a file states; -1 when it states none. Errors: FORMAT (not a number, or too large). */
lfm_status lfmi_load_epochs(const lfm_file *file, int64_t *epochs);

/* A scorer of an inference file. */
lfm_status lfmi_load_scorer(lfm_file *file, const lfm_scorer_options *options, lfm_scorer **out);

#endif
