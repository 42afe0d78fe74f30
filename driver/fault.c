// SPDX-License-Identifier: GPL-2.0-only
/* Asking for a reset: whoever sees the card fail says why, ctrl.c does it. */
#include "coffer.h"
#include "trace.h"

const char * const coffer_why_names[] = {
	[COFFER_WHY_TIMEOUT]	= "a command timed out",
	[COFFER_WHY_FATAL]	= "the card reported a fatal error",
	[COFFER_WHY_PROTOCOL]	= "the card broke the protocol",
	[COFFER_WHY_USER]	= "asked for",
	[COFFER_WHY_PCI]	= "PCI reset or bus error",
	[COFFER_WHY_POWER]	= "power state",
	[COFFER_WHY_RESTART]	= "the card's firmware restarted",
};

/**
 * coffer_reset_request - ask for a reset because of a fault, in any context
 * @cd: the card
 * @epoch: in which the fault was seen; a reset that came since then has mended it
 * @why: for the log
 */
void coffer_reset_request(struct coffer_dev *cd, u64 epoch, enum coffer_why why)
{
	unsigned long flags;

	trace_coffer_fault(cd->id, why, epoch);
	spin_lock_irqsave(&cd->state_lock, flags);
	if (epoch >= cd->reset_epoch) {
		cd->reset_epoch = epoch;
		cd->reset_why = why;
	}
	/* A caller without a lock may be late: the work's queue is there until the card goes. */
	if (cd->state != COFFER_DEV_REMOVING && cd->state != COFFER_DEV_DEAD)
		queue_work(cd->wq, &cd->reset_work);
	spin_unlock_irqrestore(&cd->state_lock, flags);
}
