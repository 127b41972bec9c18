/* How far reading and training are, on standard error when that is a terminal. */
#ifndef LFM_TOOL_PROGRESS_H
#define LFM_TOOL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "lfm/options.h"

typedef struct progress {
    bool on_terminal;
    bool line_shown;
    double shown_at; /* seconds; the line is renewed a few times a second */
} progress;

void progress_init(progress *p);

/* Show that `lines` lines of a file have been read since `started`; share: of the file, 0 not known. */
void progress_reading(progress *p, const char *name, int64_t lines, double share, double started);

/* Show where training stands: `epochs` in all, of which the model has done at->epoch; `rest_seconds`
 * of the work that is left. */
void progress_training(progress *p, const lfm_progress *at, int64_t epochs,
                       double samples_per_second, double seconds_left);

/* Show a word about what is being done. */
void progress_word(progress *p, const char *word);

/* Take the line away, before anything else is printed. */
void progress_clear(progress *p);

#endif
