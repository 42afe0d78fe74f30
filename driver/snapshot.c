// SPDX-License-Identifier: GPL-2.0-only
/* What card and queues look like at this moment, for debugfs and for health dumps. */
#include "coffer.h"

struct coffer_reg {
	const char	*name;
	u32		at;
	bool		wide;	/* 64 bit */
};

/* Reading any of them changes nothing. */
static const struct coffer_reg coffer_regs[] = {
	{ "id",			COFFER_REG_ID },
	{ "version",		COFFER_REG_VERSION },
	{ "cap0",		COFFER_REG_CAP0 },
	{ "cap1",		COFFER_REG_CAP1 },
	{ "ctrl",		COFFER_REG_CTRL },
	{ "status",		COFFER_REG_STATUS },
	{ "generation",		COFFER_REG_GENERATION },
	{ "serial",		COFFER_REG_SERIAL,	true },
	{ "fw_version",		COFFER_REG_FW_VERSION },
	{ "evq_base",		COFFER_REG_EVQ_BASE,	true },
	{ "evq_size",		COFFER_REG_EVQ_SIZE },
	{ "evq_head",		COFFER_REG_EVQ_HEAD },
	{ "evq_dropped",	COFFER_REG_EVQ_DROPPED },
};

static const struct coffer_reg coffer_queue_regs[] = {
	{ "sq_base",		COFFER_Q_SQ_BASE,	true },
	{ "cq_base",		COFFER_Q_CQ_BASE,	true },
	{ "size",		COFFER_Q_SIZE },
	{ "vector",		COFFER_Q_VECTOR },
	{ "ctrl",		COFFER_Q_CTRL },
	{ "coalesce",		COFFER_Q_COALESCE },
	{ "count_cmd",		COFFER_Q_COUNT_CMD },
	{ "count_irq",		COFFER_Q_COUNT_IRQ },
};

static u64 coffer_snap_reg(struct coffer_dev *cd, const struct coffer_reg *reg, u32 base)
{
	return reg->wide ? coffer_read64(cd, base + reg->at) : coffer_read(cd, base + reg->at);
}

static int coffer_snap_queue_regs(struct coffer_dev *cd, coffer_snap_fn put, void *to)
{
	unsigned int i, q;
	char name[32];
	int rc = 0;

	for (q = 0; q < cd->queues; q++) {
		for (i = 0; i < ARRAY_SIZE(coffer_queue_regs) && !rc; i++) {
			snprintf(name, sizeof(name), "queue%u.%s", q, coffer_queue_regs[i].name);
			rc = put(to, name, coffer_snap_reg(cd, &coffer_queue_regs[i],
							   COFFER_REG_QUEUE(q)));
		}
	}
	return rc;
}

/**
 * coffer_snap_regs - read the card's registers
 * @cd: the card
 * @put: gets each, in ctrl_mutex; what it returns, if not 0, ends the walk
 * @to: for @put
 *
 * Return: 0, what @put said, -EINTR, -ENODEV when the card is gone or has been removed, -EBUSY
 * while a reset of the bus or a suspend has it: then its registers may not be touched.
 */
int coffer_snap_regs(struct coffer_dev *cd, coffer_snap_fn put, void *to)
{
	unsigned int i;
	int rc = 0;

	if (mutex_lock_killable(&cd->ctrl_mutex))
		return -EINTR;
	if (coffer_is_gone(cd))
		rc = -ENODEV;
	else if (cd->parked)	/* by the bus: nothing may be read */
		rc = -EBUSY;
	else if (coffer_read(cd, COFFER_REG_ID) == U32_MAX)
		rc = -ENODEV;
	for (i = 0; i < ARRAY_SIZE(coffer_regs) && !rc; i++)
		rc = put(to, coffer_regs[i].name, coffer_snap_reg(cd, &coffer_regs[i], 0));
	if (!rc)
		rc = coffer_snap_queue_regs(cd, put, to);
	mutex_unlock(&cd->ctrl_mutex);
	return rc;
}

/* The queue's own view of its rings, all of one moment. */
void coffer_snap_queue(struct coffer_queue *q, struct coffer_queue_snap *snap)
{
	spin_lock_irq(&q->lock);
	snap->live = q->live;
	snap->sq_tail = q->sq_tail;
	snap->cq_head = q->cq_head;
	snap->phase = q->phase;
	snap->busy = q->busy;
	snap->bad = q->bad;
	snap->stats = q->stats;
	spin_unlock_irq(&q->lock);
}

/**
 * coffer_snap_slot - what a slot holds
 * @q: the queue pair
 * @n: number of the slot
 * @snap: filled in when there is a command; neither payload nor owner is in it
 *
 * Return: whether there is a command. The lock is held for one slot at a time: somebody who looks
 * must not keep interrupts off for long.
 */
bool coffer_snap_slot(struct coffer_queue *q, unsigned int n, struct coffer_slot_snap *snap)
{
	const struct coffer_call *call;

	spin_lock_irq(&q->lock);
	call = q->slots[n].call;
	if (call) {
		snap->row = call->row;
		snap->gen = q->slots[n].gen;
		snap->req_len = call->req.len;
		snap->room = call->reply.len;
		snap->left_ms = jiffies_to_msecs(max_t(long, call->soft - jiffies, 0));
		snap->cancelled = call->cancelled;
		snap->timed_out = call->timed_out;
		snap->released = call->released;
	}
	spin_unlock_irq(&q->lock);
	return call;
}
