// SPDX-License-Identifier: GPL-2.0-only
/* Running a command: a slot, the card, the wait for its end. */
#include <linux/sched/signal.h>

#include "coffer.h"

#define COFFER_BUSY_WAIT	max(1, HZ / 100)

/* Hand it to the card, waiting for a slot unless told not to. */
static int coffer_call_submit(struct coffer_call *call, bool nonblock)
{
	struct coffer_queue *q = call->queue;
	int killed, rc = coffer_queue_submit(q, call);

	if (rc != -EBUSY || nonblock)
		return rc;
	killed = wait_event_killable(q->slot_wait,
				     (rc = coffer_queue_submit(q, call)) != -EBUSY);
	return killed ? -EINTR : rc;
}

/*
 * A killed waiter leaves; its command stays with the card and takes its buffers with it. The
 * driver's own commands are waited for to the end, which the time-out ladder brings: an owner
 * that was opened and forgotten would stay open.
 */
static int coffer_call_wait(struct coffer_call *call)
{
	if (call->row->flags & COFFER_CF_DRIVER) {
		wait_for_completion(&call->done);
		return 0;
	}
	return wait_for_completion_killable(&call->done) ? -EINTR : 0;
}

/**
 * coffer_call_run - carry out a command and wait for its end
 * @call: with payload, owner and epoch; may be run again when it did not work
 * @nonblock: do not wait for a slot
 *
 * Return: 0, and call->verdict and call->reply_len say what the card thinks of it; -ESTALE when a
 * reset came before it (run it again with a new owner), -EBUSY when there is no slot (@nonblock)
 * or the card's own queue is full, -EINTR when killed, and what coffer_queue_cancel() and
 * coffer_queue_judge() say.
 */
int coffer_call_run(struct coffer_call *call, bool nonblock)
{
	int rc = coffer_call_submit(call, nonblock);

	if (rc == -ECANCELED) {	/* by CANCEL, before the card saw it */
		call->verdict = (u32)COFFER_ST_CANCEL;
		call->reply_len = 0;
		return 0;
	}
	if (rc)
		return rc;
	if (coffer_call_wait(call)) {
		WRITE_ONCE(call->cancelled, true);
		coffer_queue_abort(call->queue, call);
		return -EINTR;
	}
	return call->error;
}

/**
 * coffer_call_pause - wait a little for the card's own queue to have room
 * @call: the card had none for it: -EBUSY
 * @until: 0 at the first attempt; kept by the caller from one to the next
 *
 * All attempts together get the time that one command may take.
 * Return: whether there is time for another attempt.
 */
bool coffer_call_pause(const struct coffer_call *call, unsigned long *until)
{
	u32 limit = call->row->timeout_ms;

	if (!*until)
		*until = (jiffies + msecs_to_jiffies(min(call->timeout_ms ?: limit, limit))) ?: 1;
	if (time_after_eq(jiffies, *until))
		return false;
	schedule_timeout_killable(COFFER_BUSY_WAIT);
	return true;
}
