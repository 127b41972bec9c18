/* Ctrl-C: the first asks to stop and report, the second ends at once. */
#ifndef LFM_TOOL_INTERRUPT_H
#define LFM_TOOL_INTERRUPT_H

#include <stdbool.h>

#include "lfm/context.h"

/* Listen for SIGINT from now on; false when there is no memory. */
bool interrupt_install(void);

/* Stop listening. */
void interrupt_remove(void);

/* The flag that the first SIGINT sets. */
const lfm_cancel *interrupt_flag(void);

/* A flag that is set a second after that: what the report still wants must end then. */
const lfm_cancel *interrupt_patience(void);

bool interrupted(void);

#endif
