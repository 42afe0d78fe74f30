// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rings of a queue pair: memory, indices, doorbells, and the shadow that saves most of them.
 *
 * With a shadow both sides keep their indices in memory, and either says from which entry on it
 * wants to be told: the card rings (interrupts) when it has written the completion number
 * cq_event, we ring (doorbell) when we have written the entry number sq_event. Whoever stores an
 * event looks once more at what the other side has written, whoever writes looks at the event
 * afterwards, each with a full barrier in between: so one of them sees the other, and nothing
 * is lost. A card that lies about sq_event delays commands until the watch rings for them.
 *
 * How many completions is an interrupt worth? When few commands are under way (FEW), one: nobody
 * is to wait for somebody else. Else none, as long as the caller of a command that is
 * answered has yet to come by (LEAVING): he takes what is there, on his way out or with his next
 * command. When all callers are asleep: all that are out. The card does not wait for ever
 * (COALESCE), and if it was too much to ask for, we learn from what came.
 */
#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/module.h>

#include "coffer.h"

#define COFFER_FEW		4	/* commands; below, each completion interrupts */
#define COFFER_PATIENCE_MAX	8	/* good interrupts before the limit is tried again */

static bool shadow = true;
module_param(shadow, bool, 0444);
MODULE_PARM_DESC(shadow, "keep ring indices in memory where the card can (default Y)");

static unsigned int coalesce_us = 200;
module_param(coalesce_us, uint, 0444);
MODULE_PARM_DESC(coalesce_us,
		 "us from the last completion to its interrupt, 0 to 65535 (default 200)");

/**
 * coffer_ring_init - allocate the rings of a queue pair
 * @q: with cd, entries
 *
 * Return: 0 or -ENOMEM; coffer_ring_destroy() either way.
 */
int coffer_ring_init(struct coffer_queue *q)
{
	struct device *dev = &q->cd->pdev->dev;

	q->sq = dma_alloc_coherent(dev, q->entries * sizeof(*q->sq), &q->sq_dma, GFP_KERNEL);
	q->cq = dma_alloc_coherent(dev, q->entries * sizeof(*q->cq), &q->cq_dma, GFP_KERNEL);
	if (!q->sq || !q->cq)
		return -ENOMEM;
	if (!shadow || !(q->cd->cap2 & COFFER_CAP2_SHADOW))
		return 0;
	/* Coherent memory is aligned to pages at least. */
	q->shadow = dma_alloc_coherent(dev, sizeof(*q->shadow), &q->shadow_dma, GFP_KERNEL);
	return q->shadow ? 0 : -ENOMEM;
}

void coffer_ring_destroy(struct coffer_queue *q)
{
	struct device *dev = &q->cd->pdev->dev;

	if (q->shadow)
		dma_free_coherent(dev, sizeof(*q->shadow), q->shadow, q->shadow_dma);
	if (q->cq)
		dma_free_coherent(dev, q->entries * sizeof(*q->cq), q->cq, q->cq_dma);
	if (q->sq)
		dma_free_coherent(dev, q->entries * sizeof(*q->sq), q->sq, q->sq_dma);
	q->shadow = NULL;
	q->cq = NULL;
	q->sq = NULL;
}

/* Empty rings in their first pass, as the card will see them. It is down. */
void coffer_ring_rewind(struct coffer_queue *q)
{
	lockdep_assert_held(&q->lock);
	memset(q->sq, 0, q->entries * sizeof(*q->sq));
	memset(q->cq, 0, q->entries * sizeof(*q->cq));
	if (q->shadow)
		memset(q->shadow, 0, sizeof(*q->shadow));
	q->sq_tail = 0;
	q->sq_told = 0;
	q->cq_head = 0;
	q->phase = COFFER_CQE_PHASE;
	q->pace = (struct coffer_pace) { .limit = q->entries, .patience = 1, .asked = 1 };
}

/* Tell the card where the rings are. It is down, and has the registers of a fresh reset. */
void coffer_ring_program(struct coffer_queue *q)
{
	struct coffer_dev *cd = q->cd;
	u32 at = COFFER_REG_QUEUE(q->id);

	coffer_write64(cd, at + COFFER_Q_SQ_BASE, q->sq_dma);
	coffer_write64(cd, at + COFFER_Q_CQ_BASE, q->cq_dma);
	coffer_write(cd, at + COFFER_Q_SIZE, q->entries);
	coffer_write(cd, at + COFFER_Q_VECTOR, q->vector);
	coffer_write(cd, at + COFFER_Q_COALESCE, 0);
	if (q->shadow) {
		coffer_write64(cd, at + COFFER_Q_SHADOW, q->shadow_dma);
		coffer_write(cd, at + COFFER_Q_COALESCE, min(coalesce_us, 0xffffu) << 16);
	}
	coffer_write(cd, at + COFFER_Q_CTRL, 1);
}

/* ---- How many completions is an interrupt worth? ---------------------------------------- */

/* Which completion is the card to tell of? */
static u32 coffer_pace_event(struct coffer_queue *q)
{
	unsigned int leaving = atomic_read(&q->leaving), want = 1;

	if (q->busy + leaving >= COFFER_FEW) {
		if (leaving)
			return COFFER_NO_EVENT;
		want = min(q->busy, q->pace.limit);
	}
	q->pace.asked = min(q->pace.asked, want);
	return (q->cq_head + want - 1) & (q->entries - 1);
}

/* An interrupt came after we had asked for so many completions, and these were there. */
static void coffer_pace_learn(struct coffer_queue *q, unsigned int asked, unsigned int found)
{
	struct coffer_pace *pace = &q->pace;

	if (asked == COFFER_NO_EVENT)
		return;
	if (found < asked) {	/* time was up: some of the commands take longer than others */
		pace->limit = max(found, asked / 2);
		pace->patience = min(pace->patience * 2, COFFER_PATIENCE_MAX);
		pace->good = 0;
	} else if (pace->limit < q->entries && ++pace->good >= pace->patience) {
		pace->limit *= 2;
		pace->patience = max(pace->patience / 2, 1u);
		pace->good = 0;
	}
}

static void coffer_ring_ask(struct coffer_queue *q)
{
	WRITE_ONCE(q->shadow->cq_event, cpu_to_le32(coffer_pace_event(q)));
}

/* Somebody who would have looked at the ring does not: ask the card to tell. */
void coffer_ring_await(struct coffer_queue *q)
{
	lockdep_assert_held(&q->lock);
	coffer_ring_ask(q);
	mb();	/* as in coffer_ring_taken() */
}

/* ---- Submission ring -------------------------------------------------------------------- */

/* The entry at the tail has been filled in: let the card have it. */
void coffer_ring_push(struct coffer_queue *q)
{
	lockdep_assert_held(&q->lock);
	q->sq_tail = (q->sq_tail + 1) & (q->entries - 1);
	q->stats.commands++;
	if (!q->shadow)
		return;
	/* Entry, list and payload are in memory before the tail that lets the card fetch them. */
	dma_wmb();
	WRITE_ONCE(q->shadow->sq_tail, cpu_to_le32(q->sq_tail));
}

/* Write the doorbell, whether the card wants it or not. */
void coffer_ring_bell(struct coffer_queue *q)
{
	lockdep_assert_held(&q->lock);
	/* writel() makes what the tail covers visible to the card before the doorbell. */
	writel(q->sq_tail, q->cd->regs + COFFER_REG_SQ_TAIL(q->id));
	q->stats.doorbells++;
}

/* Tell the card of all that was pushed, if it does not come by itself. */
void coffer_ring_tell(struct coffer_queue *q)
{
	unsigned int from = q->sq_told;
	u32 event;

	lockdep_assert_held(&q->lock);
	if (from == q->sq_tail)
		return;
	q->sq_told = q->sq_tail;
	if (q->shadow) {
		coffer_ring_ask(q);
		/*
		 * Our tail is stored, now its event is read; the card stores its event, then
		 * reads the tail. One of us sees the other's. The same for cq_event and the
		 * completions that coffer_queue_reap_locked() looks for after this.
		 */
		mb();
		event = le32_to_cpu(READ_ONCE(q->shadow->sq_event));
		if (!coffer_ring_passes(event, from, q->sq_tail, q->entries))
			return;
	}
	coffer_ring_bell(q);
}

/* ---- Completion ring -------------------------------------------------------------------- */

/* Copy the next completion out of the ring, each word once. False: there is none. */
bool coffer_ring_peek(struct coffer_queue *q, struct coffer_done *done)
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

/* The completion at the head has been copied. */
void coffer_ring_pop(struct coffer_queue *q)
{
	q->cq_head = (q->cq_head + 1) & (q->entries - 1);
	if (!q->cq_head)
		q->phase ^= COFFER_CQE_PHASE;
}

/* Tell the card how far we have come, and which completion we wait for next. */
void coffer_ring_taken(struct coffer_queue *q)
{
	lockdep_assert_held(&q->lock);
	if (!q->shadow) {
		writel(q->cq_head, q->cd->regs + COFFER_REG_CQ_HEAD(q->id));
		return;
	}
	WRITE_ONCE(q->shadow->cq_head, cpu_to_le32(q->cq_head));
	q->pace.asked = COFFER_NO_EVENT;
	coffer_ring_ask(q);
	/*
	 * Our event is stored, now the caller looks at the ring once more; the card writes
	 * completions, then reads the event. One of us sees the other's.
	 */
	mb();
}

/* An interrupt has brought @found completions. */
void coffer_ring_learn(struct coffer_queue *q, unsigned int asked, unsigned int found)
{
	if (q->shadow)
		coffer_pace_learn(q, asked, found);
}
