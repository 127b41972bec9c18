/* Ctrl-C: the first asks to stop and report, the second ends at once. */
#include "interrupt.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

/* Signal handlers can be told nothing, so their flags have to be here. */
static lfm_cancel *cancel, *patience;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    lfm_cancel_set(cancel);
    alarm(1);
}

static void on_alarm(int signal_number)
{
    (void)signal_number;
    lfm_cancel_set(patience);
}

bool interrupt_install(void)
{
    if (lfm_cancel_create(NULL, &cancel) != LFM_OK || lfm_cancel_create(NULL, &patience) != LFM_OK)
        return false;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    sigemptyset(&action.sa_mask);
    action.sa_handler = on_alarm;
    action.sa_flags = SA_RESTART; /* the report may be being written */
    if (sigaction(SIGALRM, &action, NULL) != 0)
        return false;
    action.sa_handler = on_interrupt;
    /* Without SA_RESTART, so that a read that waits for a terminal or a pipe ends too. */
    action.sa_flags = (int)SA_RESETHAND;
    return sigaction(SIGINT, &action, NULL) == 0;
}

void interrupt_remove(void)
{
    signal(SIGINT, SIG_DFL);
    signal(SIGALRM, SIG_DFL);
    alarm(0);
    lfm_cancel_free(cancel);
    lfm_cancel_free(patience);
    cancel = patience = NULL;
}

const lfm_cancel *interrupt_flag(void) { return cancel; }

const lfm_cancel *interrupt_patience(void) { return patience; }

bool interrupted(void) { return lfm_cancel_is_set(cancel) != 0; }
