/* The option table: the one place that knows every option's name, type, default, bounds and help. */
#ifndef LFMI_OPTIONS_H
#define LFMI_OPTIONS_H

#include "base/status.h"
#include "lfm/options.h"

/* Take over a caller's options (NULL: the defaults), complete them, check them against the table. */
lfm_status lfmi_model_options_read(lfm_model_options *known, const lfm_model_options *given);
lfm_status lfmi_train_options_read(lfm_train_options *known, const lfm_train_options *given);

#endif
