// SPDX-License-Identifier: GPL-2.0-only
/*
 * Completions: taken out of the ring, believed or not, handed to their commands. By the
 * interrupt, by whoever submits the next command, and by the watch.
 */
#include <linux/interrupt.h>

#include "coffer.h"

/* The card sent nonsense: count it, do not believe it, and reset the card if it goes on. */
static void coffer_queue_nonsense(struct coffer_queue *q, const struct coffer_done *done,
				  const char *what)
{
	dev_warn_ratelimited(&q->cd->dev, "queue %u: tag %08x: completion with %s\n",
			     q->id, done->tag, what);
	if (++q->bad == COFFER_BAD_MAX)
		coffer_reset_request(q->cd, q->epoch, COFFER_WHY_PROTOCOL);
}

/* errno of a completion; may set the verdict that an abort stands for. */
static int coffer_queue_judge(struct coffer_queue *q, const struct coffer_call *call,
			      struct coffer_done *done)
{
	switch (done->status) {
	case COFFER_TS_OK:
		if (done->reply_len > call->reply.len) {
			coffer_queue_nonsense(q, done, "a reply longer than its room");
			return -EIO;
		}
		if (call->timed_out && done->verdict == (u32)COFFER_ST_CANCEL)
			return -ETIMEDOUT;
		return 0;
	case COFFER_TS_ABORTED:
		done->reply_len = 0;
		done->verdict = (u32)COFFER_ST_CANCEL;
		if (call->timed_out)
			return -ETIMEDOUT;
		return READ_ONCE(call->cancelled) ? 0 : -EIO;
	case COFFER_TS_BUSY:
		return -EBUSY;
	case COFFER_TS_BAD_FIELD:
	case COFFER_TS_BAD_LENGTH:
	case COFFER_TS_DMA_REQ:
	case COFFER_TS_DMA_REPLY:
	case COFFER_TS_FW_DOWN:
		return -EIO;
	default:
		coffer_queue_nonsense(q, done, "an unknown status");
		return -EIO;
	}
}

static void coffer_queue_complete(struct coffer_queue *q, struct coffer_done *done)
{
	unsigned int slot = COFFER_TAG_INDEX(done->tag);
	struct coffer_call *call;
	int error;

	if (slot >= coffer_queue_slots(q) || !q->slots[slot].call ||
	    q->slots[slot].gen != COFFER_TAG_GEN(done->tag)) {
		q->stats.errors++;
		coffer_queue_nonsense(q, done, "an unknown tag");
		return;
	}
	call = q->slots[slot].call;
	error = coffer_queue_judge(q, call, done);
	if (error)
		q->stats.errors++;
	if (done->status == COFFER_TS_FW_DOWN)
		coffer_reset_request(q->cd, q->epoch, COFFER_WHY_FATAL);
	coffer_slot_free(q, call, error, error ? 0 : done->verdict,
			 error ? 0 : done->reply_len);
}

/* Take all that has come back, and tell the card so. Return: number of completions. */
unsigned int coffer_queue_reap_locked(struct coffer_queue *q)
{
	struct coffer_done done;
	unsigned int found = 0, told;

	/* A hostile card could feed us for ever: at most one ring full at a time. */
	do {
		told = found;
		while (q->live && found < q->entries && coffer_ring_peek(q, &done)) {
			found++;
			coffer_ring_pop(q);
			coffer_queue_complete(q, &done);
		}
		if (found != told)
			coffer_ring_taken(q);
	} while (found != told && q->shadow);
	q->taken += found;
	return found;
}

/* Completions have freed slots. */
void coffer_queue_wake(struct coffer_queue *q)
{
	if (wq_has_sleeper(&q->slot_wait))
		wake_up_all(&q->slot_wait);
}

/*
 * Look for completions whose interrupt got lost, and ring in case a doorbell did. Return: whether
 * there were any.
 */
bool coffer_queue_reap(struct coffer_queue *q)
{
	unsigned int found;
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	found = coffer_queue_reap_locked(q);
	if (q->live && q->busy)
		coffer_ring_bell(q);
	q->stats.lost += found;
	spin_unlock_irqrestore(&q->lock, flags);
	if (found)
		coffer_queue_wake(q);
	return found;
}

/*
 * The answer to one of the commands of this queue has been taken, and its caller goes. If it was
 * the last that would have come by, the card has to tell of those that are still out.
 */
void coffer_queue_left(struct coffer_queue *q)
{
	unsigned int found = 0;
	unsigned long flags;

	if (!atomic_dec_and_test(&q->leaving))
		return;
	spin_lock_irqsave(&q->lock, flags);
	if (q->live && q->shadow && q->busy) {
		coffer_ring_await(q);
		found = coffer_queue_reap_locked(q);
	}
	spin_unlock_irqrestore(&q->lock, flags);
	if (found)
		coffer_queue_wake(q);
}

irqreturn_t coffer_queue_irq(int irq, void *data)
{
	struct coffer_queue *q = data;
	unsigned int asked, found;
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	asked = q->pace.asked;
	found = coffer_queue_reap_locked(q);
	if (found) {
		q->stats.interrupts++;
		coffer_ring_learn(q, asked, found);
	} else {
		q->stats.empty++;	/* somebody else has brought them home already */
	}
	spin_unlock_irqrestore(&q->lock, flags);
	if (!found)
		return IRQ_NONE;
	coffer_queue_wake(q);
	return IRQ_HANDLED;
}
