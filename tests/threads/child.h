/* Running a piece of a test in a child process, with a time limit. */
#ifndef TEST_CHILD_H
#define TEST_CHILD_H

/* What came of a child: its exit status, or -signal; -1000 when it had to be stopped after `seconds`. */
int child_run(int (*body)(void *arg), void *arg, int seconds);

#endif
