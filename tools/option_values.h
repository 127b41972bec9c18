/* The values of the command's own options. */
#ifndef LFM_TOOL_OPTION_VALUES_H
#define LFM_TOOL_OPTION_VALUES_H

#include "args.h"

/* Set an option from its text, which may be split in place; NULL for a switch that is on and "false"
 * for one that is off. Prints what is wrong with the text. Returns an exit code. */
int option_set(arguments *args, const own_option *option, char *value);

#endif
