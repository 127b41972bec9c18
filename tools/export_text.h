/* The representations of a space as text: CSV, and the text form of word2vec. */
#ifndef LFM_TOOL_EXPORT_TEXT_H
#define LFM_TOOL_EXPORT_TEXT_H

#include <stdio.h>

#include "lfm/file.h"

/* Write a space (LFM_SPACE_…) to a stream, whose errors the caller notices. Return an exit code. */
int export_csv(FILE *to, lfm_file *file, int32_t space);
int export_word2vec(FILE *to, lfm_file *file, int32_t space);

#endif
