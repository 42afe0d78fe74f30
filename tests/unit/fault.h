/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Faults on purpose: while armed, the n-th call of the firmware that may fail does fail, be it
 * memory, the crypto library, nv or the store. The linker puts us in between (--wrap), so the
 * product knows nothing of it; what each call promises to say on failure is in fault.c.
 */
#ifndef FAULT_H
#define FAULT_H

#include <stdbool.h>
#include <stdint.h>

/* From the next call of fw_exec on; counts from 1. Calls of the test itself do not count. */
void fault_arm(unsigned int n);
/* Did it happen? Nothing fails any more. */
bool fault_disarm(void);
/* Calls of the test count too, while it is on: around what is no command. */
void fault_inside(bool on);
const char *fault_name(void);		/* of the call that failed last */
/* COFFER_FAULTS=all: a sweep that samples takes every one of them. */
bool fault_all(void);
unsigned long fault_total(void);	/* faults so far */
/* A verdict that a fault in a clone or an archive may have: crypto that fails proves nothing. */
bool fault_shows_as(uint32_t verdict);

#endif /* FAULT_H */
