/* lfm fit: train on files, evaluate, list. */
#ifndef LFM_TOOL_FIT_H
#define LFM_TOOL_FIT_H

/* Run `lfm fit`: the arguments after "fit". Returns the process's exit code. */
int fit_main(int argc, char **argv);

#endif
