// SPDX-License-Identifier: GPL-2.0-only
/*
 * A queue pair: memory, start and stop, commands on their way in. Rings are in ring.c, what
 * comes back is in completion.c.
 */
#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/jiffies.h>
#include <linux/slab.h>

#include "coffer.h"
#include "trace.h"

#define COFFER_WATCH_PERIOD	(HZ / 4)

static size_t coffer_lists_size(const struct coffer_queue *q)
{
	return sizeof(struct coffer_seg) * 2 * COFFER_PAGES * q->entries;
}

/* ---- Memory --------------------------------------------------------------------------- */

/**
 * coffer_queue_init - allocate rings and slots
 * @q: zeroed
 * @cd: the card
 * @id: number of the queue pair
 * @entries: of both rings, a power of two from 4
 * @vector: MSI-X vector
 *
 * Return: 0 or -ENOMEM; coffer_queue_destroy() either way.
 */
int coffer_queue_init(struct coffer_queue *q, struct coffer_dev *cd, unsigned int id,
		      unsigned int entries, unsigned int vector)
{
	struct device *dev = &cd->pdev->dev;

	q->cd = cd;
	q->id = id;
	q->entries = entries;
	q->vector = vector;
	spin_lock_init(&q->lock);
	init_waitqueue_head(&q->slot_wait);
	if (coffer_ring_init(q))
		return -ENOMEM;
	q->lists = dma_alloc_coherent(dev, coffer_lists_size(q), &q->lists_dma, GFP_KERNEL);
	q->slots = kcalloc(coffer_queue_slots(q), sizeof(*q->slots), GFP_KERNEL);
	return q->lists && q->slots ? 0 : -ENOMEM;
}

void coffer_queue_destroy(struct coffer_queue *q)
{
	struct device *dev = &q->cd->pdev->dev;

	kfree(q->slots);
	if (q->lists)
		dma_free_coherent(dev, coffer_lists_size(q), q->lists, q->lists_dma);
	coffer_ring_destroy(q);
	q->slots = NULL;
	q->lists = NULL;
}

/* ---- Start and stop ------------------------------------------------------------------- */

/* Empty rings in their first pass, as the card will see them. It is down, and so is the queue. */
void coffer_queue_rewind(struct coffer_queue *q)
{
	spin_lock_irq(&q->lock);
	coffer_ring_rewind(q);
	q->bad = 0;
	spin_unlock_irq(&q->lock);
}

/* Let commands in. The card is READY and has these rings, which are empty. */
void coffer_queue_start(struct coffer_queue *q, u64 epoch)
{
	spin_lock_irq(&q->lock);
	q->epoch = epoch;
	q->live = true;
	spin_unlock_irq(&q->lock);
}

/* Let no new command in and touch no register any more. What is out stays out. */
void coffer_queue_stop(struct coffer_queue *q)
{
	spin_lock_irq(&q->lock);
	q->live = false;
	spin_unlock_irq(&q->lock);
}

/**
 * coffer_queue_cancel - end every command that is out
 * @q: stopped; the card cannot reach memory any more and its interrupts are off
 * @error: what their waiters get; a command whose time was up gets -ETIMEDOUT
 */
void coffer_queue_cancel(struct coffer_queue *q, int error)
{
	struct coffer_call *call;
	unsigned int i;

	spin_lock_irq(&q->lock);
	for (i = 0; i < coffer_queue_slots(q); i++) {
		call = q->slots[i].call;
		if (call)
			coffer_slot_free(q, call, call->timed_out ? -ETIMEDOUT : error, 0, 0);
	}
	spin_unlock_irq(&q->lock);
	wake_up_all(&q->slot_wait);
}

/* ---- Entries -------------------------------------------------------------------------- */

/* Fill in one direction of an entry; a list is needed from the second page on. */
static void coffer_queue_point(struct coffer_queue *q, const struct coffer_buf *buf,
			       unsigned int list, __le64 *addr, __le16 *segs)
{
	*segs = cpu_to_le16(buf->pages);
	if (!buf->pages)
		return;
	if (buf->pages == 1) {
		*addr = cpu_to_le64(buf->dma[0]);
		return;
	}
	coffer_buf_list(buf, q->lists + list * COFFER_PAGES);
	*addr = cpu_to_le64(q->lists_dma + list * COFFER_PAGES * sizeof(struct coffer_seg));
}

static void coffer_queue_write(struct coffer_queue *q, struct coffer_call *call)
{
	struct coffer_sqe *sqe = &q->sq[q->sq_tail];
	unsigned int slot = call->slot;

	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = cpu_to_le16(call->row->opcode);
	sqe->tag = cpu_to_le32(COFFER_TAG(slot, q->slots[slot].gen));
	sqe->owner = cpu_to_le64(call->owner);
	sqe->req_len = cpu_to_le32(call->req.len);
	sqe->reply_len = cpu_to_le32(call->reply.len);
	coffer_queue_point(q, &call->req, 2 * slot, &sqe->req_addr, &sqe->req_segs);
	coffer_queue_point(q, &call->reply, 2 * slot + 1, &sqe->reply_addr, &sqe->reply_segs);
	coffer_ring_push(q);
}

static int coffer_queue_map(struct coffer_queue *q, struct coffer_call *call)
{
	int rc = coffer_buf_map(q->cd, &call->req, DMA_TO_DEVICE);

	if (rc)
		return rc;
	rc = coffer_buf_map(q->cd, &call->reply, DMA_FROM_DEVICE);
	if (rc)
		coffer_buf_unmap(q->cd, &call->req, DMA_TO_DEVICE);
	return rc;
}

/* Callable under any lock and often: does nothing when the watch is on. */
void coffer_watch_arm(struct coffer_dev *cd)
{
	queue_delayed_work(cd->wq, &cd->watch_work, COFFER_WATCH_PERIOD);
}

static void coffer_queue_clock(struct coffer_call *call)
{
	u32 limit = call->row->timeout_ms;

	call->soft = jiffies + msecs_to_jiffies(min(call->timeout_ms ?: limit, limit));
	call->hard = jiffies + msecs_to_jiffies(limit) + COFFER_GRACE;
	call->timed_out = false;
}

static int coffer_queue_add_locked(struct coffer_queue *q, struct coffer_call *call)
{
	int slot, rc;

	if (!q->live || q->epoch != call->epoch)
		return -ESTALE;
	if (READ_ONCE(call->cancelled))
		return -ECANCELED;
	slot = coffer_slot_take(q, call);
	if (slot < 0)
		return slot;
	/* Mapped under the lock: coffer_queue_cancel() must see either nothing or all of it. */
	rc = coffer_queue_map(q, call);
	if (rc)
		return rc;

	reinit_completion(&call->done);
	call->slot = slot;
	q->slots[slot].call = call;
	q->busy++;
	if (call->file)
		call->file->held[q->id]++;
	refcount_inc(&call->refs);
	coffer_queue_clock(call);
	trace_coffer_submit(q->cd->id, q->id, call, q->slots[slot].gen);
	coffer_queue_write(q, call);
	coffer_watch_arm(q->cd);	/* here: once the lock is free, the card may go away */
	return 0;
}

/* Ask the card to end a command early. It still completes, and may have been carried out. */
void coffer_queue_abort_locked(struct coffer_queue *q, struct coffer_call *call)
{
	struct coffer_dev *cd = q->cd;

	lockdep_assert_held(&q->lock);
	if (call->slot < 0 || !q->live)
		return;
	spin_lock(&cd->abort_lock);
	writel(q->slots[call->slot].gen, cd->regs + COFFER_REG_ABORT_GEN);
	writel(q->id << 16 | call->slot, cd->regs + COFFER_REG_ABORT);
	spin_unlock(&cd->abort_lock);
}

void coffer_queue_abort(struct coffer_queue *q, struct coffer_call *call)
{
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	coffer_queue_abort_locked(q, call);
	spin_unlock_irqrestore(&q->lock, flags);
}

/*
 * Its waiter is killed and goes: ask the card to end it, and let nobody tell the waiter. In one
 * stretch, as the abort may bring the completion at once, and the waiter's reference is the
 * next to go.
 */
void coffer_queue_abandon(struct coffer_queue *q, struct coffer_call *call)
{
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	WRITE_ONCE(call->cancelled, true);
	coffer_queue_abort_locked(q, call);
	if (call->slot >= 0)
		call->released = true;
	spin_unlock_irqrestore(&q->lock, flags);
}

/* ---- Submission ------------------------------------------------------------------------- */

/**
 * coffer_queue_add - hand a command to the card, without telling it
 * @q: the queue pair
 * @call: not with the card; owner and epoch are set
 *
 * Who adds calls coffer_queue_ring() afterwards, once for as many as he likes, and before
 * he waits for anything: for a slot, too.
 *
 * Return: 0, and the card has it. Otherwise it has not: -ESTALE when the card is not live or the
 * owner is of another epoch, -ECANCELED when CANCEL was quicker, -EBUSY when there is no slot for
 * this file, -ENOMEM when the bus could not map the buffers.
 */
int coffer_queue_add(struct coffer_queue *q, struct coffer_call *call)
{
	unsigned long flags;
	int rc;

	spin_lock_irqsave(&q->lock, flags);
	rc = coffer_queue_add_locked(q, call);
	spin_unlock_irqrestore(&q->lock, flags);
	return rc;
}

/* With the doorbell, if one is needed, goes a look at what has come back in the meantime. */
static unsigned int coffer_queue_ring_locked(struct coffer_queue *q)
{
	if (!q->live)
		return 0;
	coffer_ring_tell(q);
	return q->shadow ? coffer_queue_reap_locked(q) : 0;
}

/* Tell the card of what was added, by whomever. */
void coffer_queue_ring(struct coffer_queue *q)
{
	unsigned int found;
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	found = coffer_queue_ring_locked(q);
	spin_unlock_irqrestore(&q->lock, flags);
	if (found)
		coffer_queue_wake(q);
}

/* coffer_queue_add() and coffer_queue_ring() in one. */
int coffer_queue_submit(struct coffer_queue *q, struct coffer_call *call)
{
	unsigned int found = 0;
	unsigned long flags;
	int rc;

	spin_lock_irqsave(&q->lock, flags);
	rc = coffer_queue_add_locked(q, call);
	if (!rc)
		found = coffer_queue_ring_locked(q);
	spin_unlock_irqrestore(&q->lock, flags);
	if (found)
		coffer_queue_wake(q);
	return rc;
}
