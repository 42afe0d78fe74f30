// SPDX-License-Identifier: GPL-2.0-only
/* The card's state machine, as a table. */
#include "coffer.h"
#include "trace.h"

#define TO(state) BIT(COFFER_DEV_##state)

/* Row: from. Bits: where it may go. */
static const u8 coffer_moves[] = {
	[COFFER_DEV_NEW]	= TO(BOOTING) | TO(REMOVING),
	[COFFER_DEV_BOOTING]	= TO(LIVE) | TO(FAILED) | TO(REMOVING) | TO(DEAD),
	[COFFER_DEV_LIVE]	= TO(RESETTING) | TO(REMOVING),
	[COFFER_DEV_RESETTING]	= TO(LIVE) | TO(FAILED) | TO(REMOVING) | TO(DEAD),
	[COFFER_DEV_FAILED]	= TO(RESETTING) | TO(REMOVING) | TO(DEAD),
	[COFFER_DEV_REMOVING]	= TO(DEAD),
	[COFFER_DEV_DEAD]	= 0,
};

static const struct coffer_state_info {
	const char	*name;
	int		error;	/* what a command gets; EAGAIN: it waits */
} coffer_states[] = {
	[COFFER_DEV_NEW]	= { "new",		-EAGAIN },
	[COFFER_DEV_BOOTING]	= { "booting",		-EAGAIN },
	[COFFER_DEV_LIVE]	= { "live",		0 },
	[COFFER_DEV_RESETTING]	= { "resetting",	-EAGAIN },
	[COFFER_DEV_FAILED]	= { "failed",		-EIO },
	[COFFER_DEV_REMOVING]	= { "removing",		-ENODEV },
	[COFFER_DEV_DEAD]	= { "dead",		-ENODEV },
};

const char *coffer_state_name(enum coffer_dev_state state)
{
	return coffer_states[state].name;
}

/**
 * coffer_set_state - the only place that changes a card's state
 * @cd: the card
 * @to: new state
 *
 * Return: whether the table allows the move; if not, nothing happened. Wakes everybody who
 * waits for the state, for a slot or for events, so that they look at the card again.
 */
bool coffer_set_state(struct coffer_dev *cd, enum coffer_dev_state to)
{
	enum coffer_dev_state from;
	unsigned long flags;
	unsigned int i;
	bool ok;

	spin_lock_irqsave(&cd->state_lock, flags);
	from = cd->state;
	ok = coffer_moves[from] & BIT(to);
	if (ok)
		WRITE_ONCE(cd->state, to);
	spin_unlock_irqrestore(&cd->state_lock, flags);
	if (!ok)
		return false;

	trace_coffer_state(cd->id, from, to);
	coffer_uevent_state(cd, from, to);
	wake_up_all(&cd->state_wait);
	wake_up_all(&cd->event_wait);
	for (i = 0; i < cd->queues; i++)
		wake_up_all(&cd->queue[i].slot_wait);
	return true;
}

/* What a command that comes now has to expect: 0, -EAGAIN (wait), -EIO or -ENODEV. */
int coffer_state_errno(struct coffer_dev *cd)
{
	return coffer_states[READ_ONCE(cd->state)].error;
}

/* The one question at every entry point: is there a card behind this descriptor? */
bool coffer_is_gone(struct coffer_dev *cd)
{
	return coffer_state_errno(cd) == -ENODEV;
}

/**
 * coffer_wait_mode - how to wait for the card while it does not have the command yet
 *
 * A signal may end such a wait, since the command can be given again. A worker of io_uring
 * cannot be sent one, only be stopped or killed, and stopping is no reason to give up.
 */
unsigned int coffer_wait_mode(void)
{
	return current->flags & PF_IO_WORKER ? TASK_KILLABLE : TASK_INTERRUPTIBLE;
}

/**
 * coffer_wait_live - wait for the end of a reset or of the start
 * @cd: the card
 * @nonblock: do not wait
 *
 * Return: 0 when the card takes commands, -EAGAIN (only with @nonblock), -ERESTARTSYS because of
 * a signal, -EIO when the card has failed, -ENODEV when it is gone.
 */
int coffer_wait_live(struct coffer_dev *cd, bool nonblock)
{
	int interrupted, rc = coffer_state_errno(cd);

	if (rc != -EAGAIN || nonblock)
		return rc;
	interrupted = wait_event_state(cd->state_wait, (rc = coffer_state_errno(cd)) != -EAGAIN,
				       coffer_wait_mode());
	return interrupted ?: rc;
}
