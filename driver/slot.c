// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slots of a queue pair: what the card has, under which tag.
 *
 * A slot is a tag index; the generation that goes with it changes with every use, so that a
 * completion of an earlier use cannot end a later one. There is one slot less than there are
 * ring entries: rings can never overflow, and the card need not report how far it has read.
 */
#include <linux/dma-mapping.h>

#include "coffer.h"
#include "trace.h"

#define COFFER_SLOT_RESERVED	0

/* No open file may hold more than half of the slots that users can have. */
static bool coffer_queue_share_used(struct coffer_queue *q, struct coffer_file *file)
{
	return file && file->held[q->id] >= max(1u, (coffer_queue_slots(q) - 1) / 2);
}

/* Take a free slot: its number, or -EBUSY. */
int coffer_slot_take(struct coffer_queue *q, struct coffer_call *call)
{
	unsigned int users = coffer_queue_slots(q) - 1;
	unsigned int i, slot = COFFER_SLOT_RESERVED;

	if (!call->reserved) {
		if (coffer_queue_share_used(q, call->file))
			return -EBUSY;
		for (i = 0; i < users; i++) {
			slot = 1 + (q->next + i) % users;
			if (!q->slots[slot].call)
				break;
		}
		q->next = slot % users;
	}
	if (q->slots[slot].call)
		return -EBUSY;
	q->slots[slot].gen++;
	return slot;
}

/* Drop a reference in any context: a work item does what may sleep or take long. */
void coffer_call_put_irq(struct coffer_call *call)
{
	struct coffer_dev *cd = call->queue->cd;

	if (!refcount_dec_and_test(&call->refs))
		return;
	if (llist_add(&call->dead, &cd->dead_calls))
		queue_work(cd->wq, &cd->dead_work);
}

/* Free the slot of a command, unmap its buffers and tell its waiter. */
void coffer_slot_free(struct coffer_queue *q, struct coffer_call *call, int error,
		      u32 verdict, u32 reply_len)
{
	lockdep_assert_held(&q->lock);
	coffer_buf_unmap(q->cd, &call->req, DMA_TO_DEVICE);
	coffer_buf_unmap(q->cd, &call->reply, DMA_FROM_DEVICE);
	trace_coffer_complete(q->cd->id, q->id, call, q->slots[call->slot].gen, error, verdict,
			      reply_len);

	q->slots[call->slot].call = NULL;
	q->busy--;
	if (call->file)
		call->file->held[q->id]--;
	call->slot = -1;

	if (call->released) {	/* its waiter has its answer, and may be reading it; or is gone */
		coffer_call_put_irq(call);
		return;
	}
	call->error = error;
	call->verdict = verdict;
	call->reply_len = reply_len;
	/* Who waits for it, and not for others too, passes by soon and takes what is there. */
	if (q->shadow && error != -EBUSY && !call->joined) {
		call->leaving = true;
		atomic_inc(&q->leaving);
	}
	/*
	 * The slot's reference goes first, so that the waiter's is the last one and buffers are
	 * wiped in its context. The waiter cannot go away before end(): it waits for it, or, when
	 * killed, has marked the command as released.
	 */
	if (refcount_dec_and_test(&call->refs)) {
		refcount_set(&call->refs, 1);
		coffer_call_put_irq(call);
		return;
	}
	call->end(call);
}
