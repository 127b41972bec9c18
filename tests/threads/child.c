/* Running a piece of a test in a child process. */
#include "child.h"

#include <signal.h>
#include <stdio.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int child_run(int (*body)(void *arg), void *arg, int seconds)
{
    fflush(stdout);
    const pid_t child = fork();
    if (child < 0)
        return -1;
    if (child == 0)
        _exit(body(arg));
    int status = 0;
    for (int tick = 0; tick < seconds * 100; tick++) {
        const pid_t ended = waitpid(child, &status, WNOHANG);
        if (ended == child)
            return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
        const struct timespec pause = {0, 10 * 1000 * 1000};
        nanosleep(&pause, NULL);
    }
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return -1000;
}
