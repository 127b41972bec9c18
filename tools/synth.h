/* lfm synth: makes interaction data with planted structure. */
#ifndef LFM_TOOLS_SYNTH_H
#define LFM_TOOLS_SYNTH_H

/* Run `lfm synth`: argv[0] is "synth", the arguments follow. Returns the process's exit code:
 * 0 done, 1 could not write, 2 wrong arguments. */
int synth_main(int argc, char **argv);

#endif
