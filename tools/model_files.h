/* The commands that handle model files: lfm info, lfm export, lfm import. */
#ifndef LFM_TOOL_MODEL_FILES_H
#define LFM_TOOL_MODEL_FILES_H

/* Run a command: the arguments after its name. Return the process's exit code. */
int info_main(int argc, char **argv);
int export_main(int argc, char **argv);
int import_main(int argc, char **argv);

#endif
