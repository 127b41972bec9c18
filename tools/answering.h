/* The commands that train and then answer: lfm recommend, lfm similar, lfm explain, lfm
 * evaluate. */
#ifndef LFM_TOOL_ANSWERING_H
#define LFM_TOOL_ANSWERING_H

/* Run a command: the arguments after its name. Return the process's exit code. */
int recommend_main(int argc, char **argv);
int similar_main(int argc, char **argv);
int explain_main(int argc, char **argv);
int evaluate_main(int argc, char **argv);

#endif
