/* What a model file tells of itself, gathered to be reported. */
#ifndef LFM_TOOL_FILE_FACTS_H
#define LFM_TOOL_FILE_FACTS_H

#include <stdbool.h>
#include <stdio.h>

#include "lfm/file.h"

enum { FACTS_SPACES = 4 };

typedef struct file_facts {
    lfm_file *file;
    const char *path;
    int64_t rows[FACTS_SPACES];      /* by LFM_SPACE_…; -1: not in the file */
    lfm_ids *ids[FACTS_SPACES];      /* NULL: none */
    int64_t feature_entries[2];      /* by side; -1: no matrix */
    int64_t seen;                    /* pairs; -1: none */
    int64_t n_bytes;                 /* of all tensors */
    bool is_checked;
} file_facts;

/* Gather the facts of an open file. Returns an exit code; file_facts_free() in any case. */
int file_facts_gather(file_facts *facts, lfm_file *file, const char *path);
void file_facts_free(file_facts *facts);

/* Compare the checksum and load what there is. Returns an exit code. */
int file_facts_check(file_facts *facts);

/* What of the metadata the facts tell already. */
bool file_facts_cover(const char *key);

/* Find the option that a key of the metadata ("train.loss") sets; false: none. */
bool file_facts_option(const char *key, lfm_option *option);

/* The kind of file in a word. */
const char *file_facts_kind(const file_facts *facts);

/* info_report.c: write them for people, and as a line of JSON (false when there is no memory). */
void file_facts_print(FILE *to, const file_facts *facts);
bool file_facts_json(FILE *to, const file_facts *facts);

#endif
