/* SPDX-License-Identifier: BSD-3-Clause */
/* Control-C in the shell. */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

#include <stdbool.h>

struct cli;

/*
 * From now on control-C ends the running command, not the program. Commands that have a handler of
 * their own (clone, monitor, those that wait for a PED) keep it. 0 or -errno.
 */
int interrupt_begin(struct cli *cli);
void interrupt_end(void);
/* A command begins or is over. */
void interrupt_command(bool running);
/* Was there one since the last command began? */
bool interrupt_seen(void);

/* Around every change of cli->sessions. */
void interrupt_lock(void);
void interrupt_unlock(void);

#endif /* CLI_INTERRUPT_H */
