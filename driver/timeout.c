// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens when a command takes too long. Each rung is tried once, and the last one ends:
 *
 *  1. Is the card there?               all-ones: reset, which finds that it is gone
 *  2. Did it give up?                  FATAL, or READY is gone (somebody reset the card behind
 *                                      our back): reset
 *  3. Did we miss an interrupt?        look at the completion ring, and ring the doorbell: the
 *                                      card may have missed that (without being late, too,
 *                                      once for each quarter of a second without an answer)
 *  4. Abort the command.               the card has COFFER_GRACE to give it back
 *  5. Tell the waiter ETIMEDOUT.       the slot stays in quarantine
 *  6. Reset the card.                  not before the command's own time-out of the table: a
 *                                      caller with a short one must not log everybody out
 *  7. FAILED, after COFFER_RESETS_MAX resets in COFFER_RESETS_WINDOW (ctrl.c).
 *
 * Rungs 1 and 2 do not wait for that: they are looked at as long as commands are out, so that a
 * card that was pulled is noticed at once.
 */
#include "coffer.h"
#include "trace.h"

/* Is one of the commands that are out late? */
static bool coffer_watch_late(struct coffer_queue *q)
{
	unsigned int i;
	bool late = false;

	spin_lock_irq(&q->lock);
	for (i = 0; q->live && q->busy && i < q->entries - 1; i++) {
		struct coffer_call *call = q->slots[i].call;

		late |= call && time_after_eq(jiffies, call->soft);
	}
	spin_unlock_irq(&q->lock);
	return late;
}

/* Rungs 1 and 2. ctrl_mutex keeps the registers in place; if it is taken, a reset is running. */
static bool coffer_watch_broken(struct coffer_dev *cd)
{
	u32 status;

	if (!mutex_trylock(&cd->ctrl_mutex))
		return false;
	status = cd->state == COFFER_DEV_LIVE ? coffer_read(cd, COFFER_REG_STATUS) :
						 COFFER_STATUS_READY;
	mutex_unlock(&cd->ctrl_mutex);
	return status == U32_MAX || !(status & COFFER_STATUS_READY) ||
	       status & (COFFER_STATUS_FATAL | COFFER_STATUS_FW_DOWN);
}

/*
 * Four times a second: did the card overlook what we did not ring for? Only one that lies in its
 * shadow does. Rings once when nothing has come back since the last look.
 */
static void coffer_watch_nudge(struct coffer_queue *q)
{
	spin_lock_irq(&q->lock);
	if (q->taken != q->watched) {
		q->watched = q->taken;
		q->nudged = false;
	} else if (q->live && q->busy && q->shadow && !q->nudged) {
		q->nudged = true;
		q->stats.nudges++;
		coffer_ring_bell(q);
	}
	spin_unlock_irq(&q->lock);
}

static void coffer_watch_overdue(struct coffer_queue *q, struct coffer_call *call, bool *reset)
{
	u16 gen = q->slots[call->slot].gen;

	if (!call->timed_out) {
		call->timed_out = true;
		trace_coffer_late(q->cd->id, q->id, call, gen, COFFER_LATE_ABORT);
		dev_warn_ratelimited(&q->cd->dev, "queue %u: %s took too long, aborting it\n",
				     q->id, call->row->name);
		coffer_queue_abort_locked(q, call);
		return;
	}
	if (!call->released && time_after_eq(jiffies, call->soft + COFFER_GRACE)) {
		trace_coffer_late(q->cd->id, q->id, call, gen, COFFER_LATE_GIVE_UP);
		call->released = true;	/* the slot stays in quarantine */
		call->error = -ETIMEDOUT;
		call->end(call);
	}
	if (time_after_eq(jiffies, call->hard)) {
		trace_coffer_late(q->cd->id, q->id, call, gen, COFFER_LATE_RESET);
		*reset = true;
	}
}

/*
 * Take the next step with every command whose time is up. *reset is set when only a reset can
 * help. Return: number of commands that are out.
 */
static unsigned int coffer_watch_expire(struct coffer_queue *q, bool *reset)
{
	unsigned int i, busy;

	spin_lock_irq(&q->lock);
	for (i = 0; q->busy && i < coffer_queue_slots(q); i++) {
		struct coffer_call *call = q->slots[i].call;

		if (call && time_after_eq(jiffies, call->soft))
			coffer_watch_overdue(q, call, reset);
	}
	busy = q->busy;
	spin_unlock_irq(&q->lock);
	return busy;
}

void coffer_watch_work(struct work_struct *work)
{
	struct coffer_dev *cd = container_of(to_delayed_work(work), struct coffer_dev, watch_work);
	unsigned int i, busy = 0;
	u64 epoch = READ_ONCE(cd->epoch);	/* before the look: what is seen may be older */
	bool late = false, reset = false;

	if (coffer_watch_broken(cd)) {
		coffer_reset_request(cd, epoch, COFFER_WHY_FATAL);
		late = true;
	}
	for (i = 0; i < cd->queues; i++)
		late |= coffer_watch_late(&cd->queue[i]);
	for (i = 0; i < cd->queues; i++) {
		coffer_watch_nudge(&cd->queue[i]);
		if (late)
			coffer_queue_reap(&cd->queue[i]);
		busy += coffer_watch_expire(&cd->queue[i], &reset);
	}
	if (reset)
		coffer_reset_request(cd, epoch, COFFER_WHY_TIMEOUT);
	/* The reset may have to wait for a lock that a waiter holds: its time goes on. */
	if (busy)
		coffer_watch_arm(cd);
}
