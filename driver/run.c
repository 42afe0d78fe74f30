// SPDX-License-Identifier: GPL-2.0-only
/* Running a command: a slot, the card, the wait for its end. */
#include <linux/sched/signal.h>

#include "coffer.h"

/**
 * coffer_call_submit - hand a command to the card, waiting for a slot unless told not to
 * @call: with payload, owner and epoch
 * @nonblock: do not wait
 *
 * Return: as coffer_queue_submit(), -EBUSY only with @nonblock, or -ERESTARTSYS.
 */
int coffer_call_submit(struct coffer_call *call, bool nonblock)
{
	struct coffer_queue *q = call->queue;
	int interrupted, rc = coffer_queue_submit(q, call);

	if (rc != -EBUSY || nonblock)
		return rc;
	interrupted = wait_event_state(q->slot_wait, (rc = coffer_queue_submit(q, call)) != -EBUSY,
				       coffer_wait_mode());
	return interrupted ?: rc;
}

/**
 * coffer_call_cancel - end a command early, wherever it is
 * @call: whoever asks holds a reference, or keeps its waiter from going away
 *
 * Either the submission sees the flag, or the abort sees the slot.
 */
void coffer_call_cancel(struct coffer_call *call)
{
	WRITE_ONCE(call->cancelled, true);
	coffer_queue_abort(call->queue, call);
	wake_up_all(&call->queue->slot_wait);
}

/**
 * coffer_call_wait - wait for a command that the card has
 * @call: submitted
 *
 * A killed waiter leaves; its command stays with the card and takes its buffers with it. The
 * driver's own commands are waited for to the end, which the time-out ladder brings: an owner
 * that was opened and forgotten would stay open.
 *
 * Return: what became of it, or -EINTR when killed; then the card has been asked to end it.
 */
int coffer_call_wait(struct coffer_call *call)
{
	if (call->row->flags & COFFER_CF_DRIVER) {
		wait_for_completion(&call->done);
	} else if (wait_for_completion_killable(&call->done)) {
		coffer_queue_abandon(call->queue, call);
		return -EINTR;
	}
	return call->error;
}

/* The answer to a command that the card does not get: a verdict, and no reply. */
void coffer_call_refuse(struct coffer_call *call, u32 verdict)
{
	call->verdict = verdict;
	call->reply_len = 0;
}

/**
 * coffer_call_run - carry out a command and wait for its end
 * @call: with payload, owner and epoch; may be run again when it did not work
 * @nonblock: do not wait for a slot
 *
 * Return: 0, and call->verdict and call->reply_len say what the card thinks of it; -ESTALE when a
 * reset came before it (run it again with a new owner), -EBUSY when there is no slot (@nonblock)
 * or the card's own queue is full, -ERESTARTSYS when a signal came before it, -EINTR when killed,
 * and what coffer_queue_cancel() and coffer_queue_judge() say.
 */
int coffer_call_run(struct coffer_call *call, bool nonblock)
{
	int rc = coffer_call_submit(call, nonblock);

	if (rc == -ECANCELED) {	/* by CANCEL, before the card saw it */
		coffer_call_refuse(call, COFFER_ST_CANCEL);
		return 0;
	}
	return rc ?: coffer_call_wait(call);
}

/**
 * coffer_call_late - has a command tried for long enough?
 * @call: the card had no room for it: -EBUSY
 * @until: 0 at the first attempt; kept by the caller from one to the next
 *
 * All attempts together get the time that one command may take.
 */
bool coffer_call_late(const struct coffer_call *call, unsigned long *until)
{
	u32 limit = call->row->timeout_ms;

	if (!*until)
		*until = (jiffies + msecs_to_jiffies(min(call->timeout_ms ?: limit, limit))) ?: 1;
	return time_after_eq(jiffies, *until);
}

/* Let a reset or the card get on. */
void coffer_call_breathe(unsigned long ticks)
{
	set_current_state(coffer_wait_mode());
	schedule_timeout(ticks);
}

/* Wait a little for the card's own queue to have room. False: it took too long. */
bool coffer_call_pause(const struct coffer_call *call, unsigned long *until)
{
	if (coffer_call_late(call, until))
		return false;
	coffer_call_breathe(COFFER_BUSY_WAIT);
	return true;
}
