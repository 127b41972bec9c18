/* Ctrl-C: the first asks to stop and report, the second ends at once. */
#include "interrupt.h"

#include <signal.h>
#include <string.h>

/* A signal handler can be told nothing, so its flag has to be here. */
static lfm_cancel *cancel;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    lfm_cancel_set(cancel);
}

bool interrupt_install(void)
{
    if (lfm_cancel_create(NULL, &cancel) != LFM_OK)
        return false;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_interrupt;
    sigemptyset(&action.sa_mask);
    /* Without SA_RESTART, so that a read that waits for a terminal or a pipe ends too. */
    action.sa_flags = (int)SA_RESETHAND;
    return sigaction(SIGINT, &action, NULL) == 0;
}

void interrupt_remove(void)
{
    signal(SIGINT, SIG_DFL);
    lfm_cancel_free(cancel);
    cancel = NULL;
}

const lfm_cancel *interrupt_flag(void) { return cancel; }

bool interrupted(void) { return lfm_cancel_is_set(cancel) != 0; }
