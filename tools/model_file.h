/* Model files: written after training, trained on, and answered from. */
#ifndef LFM_TOOL_MODEL_FILE_H
#define LFM_TOOL_MODEL_FILE_H

#include "dataset.h"

/* Open a model file. check: compare the checksum of all that is in it, where it states one. Returns an exit code. */
int model_file_open(lfm_file **file, const char *path, bool check, lfm_context *context);

/* Fill the data from a model file: names, features, and what each user has seen as the training data.
 * Names that the file does not have are the numbers from 0. Returns an exit code. */
int model_file_data(dataset *data, lfm_file *file, lfm_context *context);

/* Renumber the training data that has been read, and take over the features' names, so that what the
 * file's model knows keeps its numbers and what is new comes behind. *old_users, *old_items receive the tables
 * from before unless they are there already. Returns an exit code. */
int model_file_adopt(dataset *data, lfm_file *file, const arguments *args, lfm_context *context,
                     lfm_ids **old_users, lfm_ids **old_items);

/* Load the model to train on, as large as the data asks for. Returns an exit code. */
int model_file_model(lfm_model **model, lfm_file *file, const dataset *data);

/* Set the training options that the file states and the command line does not. Returns an exit code. */
int model_file_options(const lfm_file *file, settings *options);

/* Write what --save and --save-inference ask for. Returns an exit code. */
int model_file_save(const lfm_model *model, const arguments *args, const dataset *data);

#endif
