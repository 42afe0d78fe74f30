/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The TAB key of the interactive shell.
 */
#ifndef CLI_SHELL_TAB_H
#define CLI_SHELL_TAB_H

#include <histedit.h>

#include "complete.h"

/* Complete the word at the cursor, or list what it may be. Returns CC_*. */
unsigned char shell_tab(EditLine *el, struct cli_lookup *lookup);

#endif /* CLI_SHELL_TAB_H */
