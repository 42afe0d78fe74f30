// SPDX-License-Identifier: GPL-2.0-only
/*
 * A queue pair: submission ring, completion ring, slots.
 *
 * A slot is a tag index; the generation that goes with it changes with every use, so that a
 * completion of an earlier use cannot end a later one. There is one slot less than there are
 * ring entries: rings can never overflow, and the card need not report how far it has read.
 */
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/jiffies.h>
#include <linux/slab.h>

#include "coffer.h"
#include "trace.h"

#define COFFER_SLOT_RESERVED	0
#define COFFER_WATCH_PERIOD	(HZ / 4)

static unsigned int coffer_queue_slots(const struct coffer_queue *q)
{
	return q->entries - 1;
}

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
	q->sq = dma_alloc_coherent(dev, entries * sizeof(*q->sq), &q->sq_dma, GFP_KERNEL);
	q->cq = dma_alloc_coherent(dev, entries * sizeof(*q->cq), &q->cq_dma, GFP_KERNEL);
	q->lists = dma_alloc_coherent(dev, coffer_lists_size(q), &q->lists_dma, GFP_KERNEL);
	q->slots = kcalloc(coffer_queue_slots(q), sizeof(*q->slots), GFP_KERNEL);
	return q->sq && q->cq && q->lists && q->slots ? 0 : -ENOMEM;
}

void coffer_queue_destroy(struct coffer_queue *q)
{
	struct device *dev = &q->cd->pdev->dev;

	kfree(q->slots);
	if (q->lists)
		dma_free_coherent(dev, coffer_lists_size(q), q->lists, q->lists_dma);
	if (q->cq)
		dma_free_coherent(dev, q->entries * sizeof(*q->cq), q->cq, q->cq_dma);
	if (q->sq)
		dma_free_coherent(dev, q->entries * sizeof(*q->sq), q->sq, q->sq_dma);
	q->slots = NULL;
	q->lists = NULL;
	q->cq = NULL;
	q->sq = NULL;
}

/* ---- Start and stop ------------------------------------------------------------------- */

/* Empty rings in their first pass, as the card will see them. It is down, and so is the queue. */
void coffer_queue_rewind(struct coffer_queue *q)
{
	spin_lock_irq(&q->lock);
	memset(q->sq, 0, q->entries * sizeof(*q->sq));
	memset(q->cq, 0, q->entries * sizeof(*q->cq));
	q->sq_tail = 0;
	q->cq_head = 0;
	q->phase = COFFER_CQE_PHASE;
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

/* Free the slot of a command, unmap its buffers and tell its waiter. */
static void coffer_queue_finish(struct coffer_queue *q, struct coffer_call *call, int error,
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

	if (call->released) {	/* its waiter has its answer, and may be reading it */
		coffer_call_put_irq(call);
		return;
	}
	call->error = error;
	call->verdict = verdict;
	call->reply_len = reply_len;
	/*
	 * The slot's reference goes first, so that the waiter's is the last one and buffers are
	 * wiped in its context. The waiter cannot go away before end(): it waits for it, or, when
	 * killed, for queue->lock in coffer_queue_abort().
	 */
	if (refcount_dec_and_test(&call->refs)) {
		refcount_set(&call->refs, 1);
		coffer_call_put_irq(call);
		return;
	}
	call->end(call);
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
			coffer_queue_finish(q, call, call->timed_out ? -ETIMEDOUT : error, 0, 0);
	}
	spin_unlock_irq(&q->lock);
	wake_up_all(&q->slot_wait);
}

/* ---- Submission ----------------------------------------------------------------------- */

/* No open file may hold more than half of the slots that users can have. */
static bool coffer_queue_share_used(struct coffer_queue *q, struct coffer_file *file)
{
	return file && file->held[q->id] >= max(1u, (coffer_queue_slots(q) - 1) / 2);
}

/* Take a free slot: its number, or -EBUSY. */
static int coffer_slot_take(struct coffer_queue *q, struct coffer_call *call)
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

	q->sq_tail = (q->sq_tail + 1) & (q->entries - 1);
	/*
	 * writel() makes entry, list and payload visible to the card before the doorbell that
	 * tells it to fetch them.
	 */
	writel(q->sq_tail, q->cd->regs + COFFER_REG_SQ_TAIL(q->id));
	q->stats.commands++;
	q->stats.doorbells++;
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

static int coffer_queue_submit_locked(struct coffer_queue *q, struct coffer_call *call)
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

/**
 * coffer_queue_submit - hand a command to the card
 * @q: the queue pair
 * @call: not with the card; owner and epoch are set
 *
 * Return: 0, and the card has it. Otherwise it has not: -ESTALE when the card is not live or the
 * owner is of another epoch, -ECANCELED when CANCEL was quicker, -EBUSY when there is no slot for
 * this file, -ENOMEM when the bus could not map the buffers.
 */
int coffer_queue_submit(struct coffer_queue *q, struct coffer_call *call)
{
	unsigned long flags;
	int rc;

	spin_lock_irqsave(&q->lock, flags);
	rc = coffer_queue_submit_locked(q, call);
	spin_unlock_irqrestore(&q->lock, flags);
	return rc;
}

static void coffer_queue_abort_locked(struct coffer_queue *q, struct coffer_call *call)
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

/* Ask the card to end a command early. It still completes, and may have been carried out. */
void coffer_queue_abort(struct coffer_queue *q, struct coffer_call *call)
{
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	coffer_queue_abort_locked(q, call);
	spin_unlock_irqrestore(&q->lock, flags);
}

/* ---- Completion ----------------------------------------------------------------------- */

struct coffer_done {
	u32	verdict;
	u32	reply_len;
	u32	tag;
	u16	status;
};

/* Copy the next completion out of the ring, each word once. False: there is none. */
static bool coffer_queue_peek(struct coffer_queue *q, struct coffer_done *done)
{
	const __le64 *words = (const __le64 *)&q->cq[q->cq_head];
	u64 first, last = le64_to_cpu(READ_ONCE(words[1]));

	if ((last >> 48 & COFFER_CQE_PHASE) != q->phase)
		return false;
	/* The card stores the first word before the one with the phase: read it after. */
	dma_rmb();
	first = le64_to_cpu(READ_ONCE(words[0]));
	done->verdict = lower_32_bits(first);
	done->reply_len = upper_32_bits(first);
	done->tag = lower_32_bits(last);
	done->status = last >> 32;
	return true;
}

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
	coffer_queue_finish(q, call, error, error ? 0 : done->verdict,
			    error ? 0 : done->reply_len);
}

static unsigned int coffer_queue_reap_locked(struct coffer_queue *q)
{
	struct coffer_done done;
	unsigned int found = 0;

	/* A hostile card could feed us for ever: at most one ring full at a time. */
	while (q->live && found < q->entries && coffer_queue_peek(q, &done)) {
		found++;
		q->cq_head = (q->cq_head + 1) & (q->entries - 1);
		if (!q->cq_head)
			q->phase ^= COFFER_CQE_PHASE;
		coffer_queue_complete(q, &done);
	}
	if (found)
		writel(q->cq_head, q->cd->regs + COFFER_REG_CQ_HEAD(q->id));
	return found;
}

static void coffer_queue_wake(struct coffer_queue *q)
{
	if (wq_has_sleeper(&q->slot_wait))
		wake_up_all(&q->slot_wait);
}

/* Look for completions whose interrupt got lost. Return: whether there were any. */
bool coffer_queue_reap(struct coffer_queue *q)
{
	unsigned int found;
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	found = coffer_queue_reap_locked(q);
	q->stats.lost += found;
	spin_unlock_irqrestore(&q->lock, flags);
	if (found)
		coffer_queue_wake(q);
	return found;
}

irqreturn_t coffer_queue_irq(int irq, void *data)
{
	struct coffer_queue *q = data;
	unsigned int found;
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	found = coffer_queue_reap_locked(q);
	if (found)
		q->stats.interrupts++;
	spin_unlock_irqrestore(&q->lock, flags);
	if (!found)
		return IRQ_NONE;
	coffer_queue_wake(q);
	return IRQ_HANDLED;
}

/* ---- Time-outs (the ladder is in timeout.c) ------------------------------------------- */

static void coffer_queue_overdue(struct coffer_queue *q, struct coffer_call *call, bool *reset)
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
	if (time_after_eq(jiffies, call->hard)) {
		trace_coffer_late(q->cd->id, q->id, call, gen, COFFER_LATE_RESET);
		*reset = true;
		return;
	}
	if (!call->released && time_after_eq(jiffies, call->soft + COFFER_GRACE)) {
		trace_coffer_late(q->cd->id, q->id, call, gen, COFFER_LATE_GIVE_UP);
		call->released = true;	/* the slot stays in quarantine */
		call->error = -ETIMEDOUT;
		call->end(call);
	}
}

/**
 * coffer_queue_expire - take the next step with every command whose time is up
 * @q: the queue pair
 * @reset: set when only a reset can help; else left alone
 *
 * Return: number of commands that are out.
 */
unsigned int coffer_queue_expire(struct coffer_queue *q, bool *reset)
{
	unsigned int i, busy;

	spin_lock_irq(&q->lock);
	for (i = 0; q->busy && i < coffer_queue_slots(q); i++) {
		struct coffer_call *call = q->slots[i].call;

		if (call && time_after_eq(jiffies, call->soft))
			coffer_queue_overdue(q, call, reset);
	}
	busy = q->busy;
	spin_unlock_irq(&q->lock);
	return busy;
}
