// SPDX-License-Identifier: GPL-2.0-only
/*
 * Card events: from the card's ring into a ring of our own, to poll() and to netlink.
 *
 * Events are hints; what can be queried is the truth. Numbers are the card's own, so that a gap
 * shows a loss wherever it happened.
 */
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>

#include "coffer.h"
#include "trace.h"

/* ---- From the card -------------------------------------------------------------------- */

/* An epoch that differs from the one of an earlier load of the driver. */
void coffer_event_init(struct coffer_dev *cd)
{
	spin_lock_init(&cd->events.lock);
	init_waitqueue_head(&cd->event_wait);
	cd->events.epoch = (u16)ktime_get_boottime_seconds();
}

/* An empty ring for a card that is about to start. No event thread runs. */
void coffer_event_start(struct coffer_dev *cd)
{
	memset(cd->evq, 0, COFFER_RING_EVENTS * sizeof(*cd->evq));
	cd->evq_head = 0;
}

/* Copy the next entry out of the ring, each word once. False: there is none. */
static bool coffer_event_peek(struct coffer_dev *cd, struct coffer_event *ev)
{
	const __le64 *words = (const __le64 *)&cd->evq[cd->evq_head % COFFER_RING_EVENTS];
	bool odd = cd->evq_head / COFFER_RING_EVENTS & 1;
	u64 last = le64_to_cpu(READ_ONCE(words[3]));

	if ((last >> 48 & COFFER_CQE_PHASE) == odd)
		return false;
	/* The card stores the other words before the one with the phase: read them after. */
	dma_rmb();
	ev->seq = le64_to_cpu(READ_ONCE(words[0]));
	ev->time_ms = le64_to_cpu(READ_ONCE(words[1]));
	ev->arg = le64_to_cpu(READ_ONCE(words[2]));
	ev->partition = lower_32_bits(last);
	ev->type = last >> 32;
	return true;
}

/* Numbers that do not grow mean that the card was switched off in between: a new epoch. */
static void coffer_event_keep(struct coffer_dev *cd, struct coffer_event *ev)
{
	struct coffer_events_kept *kept = &cd->events;

	spin_lock(&kept->lock);
	if (ev->seq <= kept->last_seq)
		kept->epoch++;
	kept->last_seq = ev->seq;
	ev->epoch = kept->epoch;
	kept->kept[kept->head % COFFER_KEPT_EVENTS] = *ev;
	WRITE_ONCE(kept->head, kept->head + 1);
	spin_unlock(&kept->lock);
}

/* Keep and announce what is in the ring. Return: whether there was anything. */
static bool coffer_event_drain(struct coffer_dev *cd)
{
	struct coffer_event ev;
	unsigned int found;

	/* A hostile card could feed us for ever: at most one ring full at a time. */
	for (found = 0; found < COFFER_RING_EVENTS && coffer_event_peek(cd, &ev); found++) {
		cd->evq_head++;
		coffer_event_keep(cd, &ev);
		trace_coffer_event(cd->id, &ev);
		coffer_netlink_event(cd, &ev);
		coffer_uevent_event(cd, &ev);
	}
	if (found)
		wake_up_all(&cd->event_wait);
	return found;
}

/*
 * The card has been stopped, and no event thread runs: what it stored before must outlive the
 * ring. Nobody can ask for the events of a card that is being removed.
 */
void coffer_event_rescue(struct coffer_dev *cd)
{
	if (!coffer_is_gone(cd))
		coffer_event_drain(cd);
}

irqreturn_t coffer_event_irq(int irq, void *data)
{
	return IRQ_WAKE_THREAD;
}

/* With one vector only, it serves all queues and the events. */
irqreturn_t coffer_event_shared_irq(int irq, void *data)
{
	struct coffer_dev *cd = data;
	unsigned int i;

	for (i = 0; i < cd->queues; i++)
		coffer_queue_irq(irq, &cd->queue[i]);
	return IRQ_WAKE_THREAD;
}

/* In a thread because netlink must not be called in an interrupt. */
irqreturn_t coffer_event_thread(int irq, void *data)
{
	struct coffer_dev *cd = data;
	u64 epoch = READ_ONCE(cd->epoch);	/* stays: a reset waits for this thread */
	u32 status = coffer_read(cd, COFFER_REG_STATUS);

	if (status != U32_MAX && coffer_event_drain(cd))
		writel(cd->evq_head, cd->regs + COFFER_REG_EVQ_HEAD);
	if (status == U32_MAX || status & (COFFER_STATUS_FATAL | COFFER_STATUS_FW_DOWN))
		coffer_reset_request(cd, epoch, COFFER_WHY_FATAL);
	return IRQ_HANDLED;
}

/* ---- To user space -------------------------------------------------------------------- */

/* A new file polls for what comes from now on; EVENTS with since 0 gives it the past. */
void coffer_event_open(struct coffer_file *file)
{
	struct coffer_events_kept *kept = &file->cd->events;

	spin_lock(&kept->lock);
	file->event_epoch = kept->epoch;
	file->event_seen = kept->head;
	spin_unlock(&kept->lock);
}

bool coffer_event_pending(struct coffer_file *file)
{
	return READ_ONCE(file->cd->events.head) != READ_ONCE(file->event_seen);
}

/*
 * Is it after `since`? That is a number of the epoch that this file last read from; epochs after
 * that one are news as a whole, epochs before it are not.
 */
static bool coffer_event_is_new(const struct coffer_file *file, const struct coffer_event *ev,
				u64 since)
{
	s16 age = (s16)(ev->epoch - file->event_epoch);

	return !since || age > 0 || (!age && ev->seq > since);
}

/* Find and copy the next event at or after *pos. False: none. */
static bool coffer_event_next(struct coffer_file *file, u64 since, u64 *pos,
			      struct coffer_event *ev)
{
	struct coffer_events_kept *kept = &file->cd->events;
	bool found = false;

	spin_lock(&kept->lock);
	if (*pos + COFFER_KEPT_EVENTS < kept->head)
		*pos = kept->head - COFFER_KEPT_EVENTS;
	while (!found && *pos < kept->head) {
		*ev = kept->kept[(*pos)++ % COFFER_KEPT_EVENTS];
		found = coffer_event_is_new(file, ev, since);
	}
	spin_unlock(&kept->lock);
	return found;
}

static u32 coffer_event_missed(const struct coffer_file *file, const struct coffer_event *ev,
			       u64 since)
{
	u64 before = ev->epoch == file->event_epoch ? since : 0;

	return min_t(u64, ev->seq - before - 1, U32_MAX);
}

/**
 * coffer_ioctl_events - EVENTS
 * @file: open file; remembers the epoch of what it read last
 * @arg: checked for size; gets count, missed and the new since
 *
 * Return: 0, -EINVAL for unknown flags, -EFAULT.
 */
int coffer_ioctl_events(struct coffer_file *file, struct coffer_events *arg)
{
	struct coffer_event __user *to = u64_to_user_ptr(arg->events);
	u32 count = 0, missed = 0;
	u64 pos = 0, since = arg->since;
	struct coffer_event ev;
	u16 epoch;
	int rc = 0;

	if (arg->flags)
		return -EINVAL;
	if (mutex_lock_killable(&file->event_mutex))
		return -EINTR;
	epoch = file->event_epoch;
	while (count < arg->count && coffer_event_next(file, since, &pos, &ev)) {
		if (!count)
			missed = coffer_event_missed(file, &ev, since);
		if (copy_to_user(&to[count], &ev, sizeof(ev))) {
			rc = -EFAULT;
			goto out;
		}
		count++;
		arg->since = ev.seq;
		epoch = ev.epoch;
	}
	file->event_epoch = epoch;
	WRITE_ONCE(file->event_seen, max(pos, READ_ONCE(file->event_seen)));
	arg->count = count;
	arg->missed = missed;
out:
	mutex_unlock(&file->event_mutex);
	return rc;
}
