// SPDX-License-Identifier: GPL-2.0-only
/*
 * BATCH: many commands in one call.
 *
 * They go to the card in waves of what the descriptor's share of one queue has room for, and a
 * wave is waited for before the next begins, so that a batch may be larger than its share and
 * two batches of one descriptor cannot block each other. Only the payloads of one wave are in
 * memory at a time.
 */
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "coffer.h"

#define COFFER_WAVE		64	/* commands of a wave at most */
#define COFFER_ENTRY_MAX	256	/* bytes of an entry at most */

enum coffer_item_state {
	COFFER_ITEM_TODO,	/* the card has to get it still */
	COFFER_ITEM_OUT,	/* the card has it */
	COFFER_ITEM_OVER,	/* `error` says what became of it */
};

struct coffer_item {
	struct coffer_call	*call;	/* NULL: was not admitted */
	struct coffer_exec	exec;
	enum coffer_item_state	state;
	int			error;
	unsigned long		until;	/* of coffer_call_late() */
};

struct coffer_wave {
	struct coffer_file	*file;
	struct coffer_queue	*queue;		/* of all its commands: one doorbell does */
	bool			nonblock;
	bool			touched;	/* an entry was refused, or a command given out */
	unsigned int		count;
	struct coffer_item	item[COFFER_WAVE];
};

/* ---- A wave --------------------------------------------------------------------------- */

static void coffer_item_over(struct coffer_item *item, int error)
{
	item->state = COFFER_ITEM_OVER;
	item->error = error;
}

static struct coffer_item *coffer_wave_next(struct coffer_wave *w, struct coffer_item *from)
{
	struct coffer_item *item;

	for (item = from; item < w->item + w->count; item++)
		if (item->state == COFFER_ITEM_TODO)
			return item;
	return NULL;
}

/* What keeps one command from the card keeps all that are left of the wave. */
static void coffer_wave_end(struct coffer_wave *w, int error, u32 verdict)
{
	struct coffer_item *item;

	for (item = w->item; (item = coffer_wave_next(w, item)); item++) {
		if (!error)
			coffer_call_refuse(item->call, verdict);
		coffer_item_over(item, error);
	}
}

/* Hand one out. True: on with the next one, which goes to the same queue. */
static bool coffer_wave_submit(struct coffer_wave *w, struct coffer_item *item,
			       const struct coffer_call *first, int *rc)
{
	struct coffer_call *call = item->call;

	call->owner = first->owner;
	call->epoch = first->epoch;
	*rc = coffer_queue_add(call->queue, call);
	switch (*rc) {
	case 0:
		item->state = COFFER_ITEM_OUT;
		w->touched = true;
		return true;
	case -ECANCELED:
		coffer_call_refuse(call, COFFER_ST_CANCEL);
		coffer_item_over(item, 0);
		return true;
	case -EBUSY:
	case -ESTALE:
		return false;
	default:
		coffer_item_over(item, *rc);
		return true;
	}
}

/*
 * Hand out what fits. Only when nothing fits is a slot waited for: then this batch holds none
 * that others could be waiting for. -ESTALE: a reset came in between.
 */
static int coffer_wave_launch(struct coffer_wave *w)
{
	struct coffer_item *first = coffer_wave_next(w, w->item), *item;
	u32 refused = 0;
	int rc = coffer_wait_live(w->file->cd, w->nonblock);

	if (!rc)
		rc = coffer_owner_get(w->file, first->call, w->nonblock, &refused);
	if (rc)
		return rc;
	if (refused) {
		w->touched = true;
		coffer_wave_end(w, 0, refused);
		return 0;
	}
	for (item = first; item; item = coffer_wave_next(w, item + 1))
		if (!coffer_wave_submit(w, item, first->call, &rc))
			break;
	coffer_queue_ring(w->queue);
	if (item != first)
		return 0;
	if (rc != -EBUSY)
		return rc;
	rc = coffer_call_submit(first->call, w->nonblock);
	if (rc == -ECANCELED) {
		coffer_call_refuse(first->call, COFFER_ST_CANCEL);
		coffer_item_over(first, 0);
		return 0;
	}
	if (!rc) {
		first->state = COFFER_ITEM_OUT;
		w->touched = true;
	}
	return rc;
}

/* Wait for one that is out. The firmware may have had no room for it: then it is to do again. */
static int coffer_item_wait(struct coffer_item *item, bool nonblock)
{
	int rc = coffer_call_wait(item->call);

	if (rc != -EBUSY || nonblock)
		coffer_item_over(item, rc);
	else if (coffer_call_late(item->call, &item->until))
		coffer_item_over(item, -ETIMEDOUT);
	else
		item->state = COFFER_ITEM_TODO;
	return rc;
}

/* Wait for all that are out; a killed caller goes through them quickly. Any without room? */
static bool coffer_wave_wait(struct coffer_wave *w)
{
	bool busy = false;
	unsigned int i;

	for (i = 0; i < w->count; i++)
		if (w->item[i].state == COFFER_ITEM_OUT)
			busy |= coffer_item_wait(&w->item[i], w->nonblock) == -EBUSY;
	return busy;
}

/* Return: 0, or why commands of the wave are left undone; each of these has that error. */
static int coffer_wave_run(struct coffer_wave *w)
{
	struct coffer_item *item;
	bool busy;
	int rc;

	while ((item = coffer_wave_next(w, w->item))) {
		rc = coffer_wave_launch(w);
		busy = coffer_wave_wait(w);
		if (rc == -EBUSY && !w->nonblock)	/* for an owner */
			rc = coffer_call_late(item->call, &item->until) ? -ETIMEDOUT : -ESTALE;
		if (busy || rc == -ESTALE) {
			coffer_call_breathe(COFFER_BUSY_WAIT);
			rc = 0;
		}
		if (!rc && signal_pending_state(coffer_wait_mode(), current))
			rc = -ERESTARTSYS;
		if (rc && coffer_wave_next(w, w->item)) {
			coffer_wave_end(w, rc == -ERESTARTSYS ? -EINTR : rc, 0);
			return rc;
		}
	}
	return 0;
}

/* ---- From and to user memory ---------------------------------------------------------- */

static int coffer_item_make(struct coffer_wave *w, struct coffer_item *item, fmode_t f_mode,
			    const struct coffer_batch_entry *entry, size_t entry_size)
{
	int rc;

	if (entry->reserved)
		return -EINVAL;
	rc = coffer_exec_read(&item->exec, &entry->exec,
			      entry_size - offsetof(struct coffer_batch_entry, exec));
	if (!rc)
		rc = coffer_exec_prepare(w->file, f_mode, &item->exec, &item->call);
	if (rc)
		return rc;
	w->queue = w->queue ?: item->call->queue;
	item->call->queue = w->queue;
	item->call->joined = true;
	coffer_exec_list(item->call);
	return 0;
}

static void coffer_wave_make(struct coffer_wave *w, fmode_t f_mode, const void *entries,
			     size_t entry_size, unsigned int count)
{
	unsigned int i;
	int rc;

	memset(w->item, 0, sizeof(w->item));
	w->queue = NULL;
	w->count = min_t(unsigned int, count, COFFER_WAVE);
	w->touched = false;
	for (i = 0; i < w->count; i++) {
		rc = coffer_item_make(w, &w->item[i], f_mode, entries + i * entry_size, entry_size);
		if (rc) {
			coffer_item_over(&w->item[i], rc);
			w->touched = true;
		}
	}
}

static void coffer_wave_free(struct coffer_wave *w)
{
	unsigned int i;

	for (i = 0; i < w->count; i++)
		if (w->item[i].call)
			coffer_exec_forget(w->item[i].call);
}

static int coffer_item_write(struct coffer_item *item, struct coffer_batch_entry __user *to)
{
	if (item->call && !item->error) {
		if (coffer_exec_restarts(item->call))
			coffer_ctrl_reset(item->call->file->cd, COFFER_WHY_RESTART);
		item->error = coffer_exec_answer(item->call, &item->exec);
	}
	if (put_user(item->error, &to->error))
		return -EFAULT;
	if (!item->error && copy_to_user(&to->exec, &item->exec, item->exec.size))
		return -EFAULT;
	return 0;
}

static int coffer_wave_write(struct coffer_wave *w, void __user *to, size_t entry_size)
{
	unsigned int i;
	int rc = 0;

	for (i = 0; i < w->count; i++)
		if (coffer_item_write(&w->item[i], to + i * entry_size))
			rc = -EFAULT;
	return rc;
}

/* ---- The call ------------------------------------------------------------------------- */

static int coffer_batch_check(const struct coffer_batch *batch)
{
	if (batch->flags || batch->reserved || batch->count > COFFER_BATCH_MAX)
		return -EINVAL;
	if (batch->entry_size < sizeof(struct coffer_batch_entry) ||
	    batch->entry_size > COFFER_ENTRY_MAX || batch->entry_size % sizeof(u64))
		return -EINVAL;
	return 0;
}

/* The one read of the entries; and a write, so that results will not find their way barred. */
static void *coffer_batch_read(const struct coffer_batch *batch)
{
	void __user *user = u64_to_user_ptr(batch->entries);
	size_t size = array_size(batch->count, batch->entry_size);
	void *entries = vmemdup_user(user, size);

	if (!IS_ERR(entries) && copy_to_user(user, entries, size)) {
		kvfree(entries);
		return ERR_PTR(-EFAULT);
	}
	return entries;
}

/* Wave after wave, until one of them is cut short. */
static int coffer_batch_run(struct coffer_wave *w, fmode_t f_mode, struct coffer_batch *batch,
			    const void *entries)
{
	void __user *user = u64_to_user_ptr(batch->entries);
	unsigned int first = 0, count = batch->count;
	size_t entry_size = batch->entry_size;
	int rc = 0, error = 0;

	while (first < count && !rc && !error) {
		if (first && signal_pending_state(coffer_wait_mode(), current))
			break;
		coffer_wave_make(w, f_mode, entries + first * entry_size, entry_size,
				 count - first);
		rc = coffer_wave_run(w);
		if (!rc || w->touched) {
			error = coffer_wave_write(w, user + first * entry_size, entry_size);
			first += w->count;
		}
		coffer_wave_free(w);
	}
	batch->done = first;
	if (first)
		rc = 0;
	return error ?: rc;
}

/**
 * coffer_ioctl_batch - BATCH
 * @file: the open file, which is the owner
 * @f_mode: its mode
 * @f_flags: its flags
 * @batch: checked for size; gets the number of entries that hold results
 *
 * Return: 0 when at least one entry was dealt with, or there is none; else an errno of contract
 * 3, or -ERESTARTSYS.
 */
int coffer_ioctl_batch(struct coffer_file *file, fmode_t f_mode, unsigned int f_flags,
		       struct coffer_batch *batch)
{
	struct coffer_wave *w;
	void *entries;
	int rc;

	rc = coffer_batch_check(batch);
	batch->done = 0;
	if (rc || !batch->count)
		return rc;
	entries = coffer_batch_read(batch);
	if (IS_ERR(entries))
		return PTR_ERR(entries);
	w = kzalloc(sizeof(*w), GFP_KERNEL_ACCOUNT);
	if (w) {
		w->file = file;
		w->nonblock = f_flags & O_NONBLOCK;
		rc = coffer_batch_run(w, f_mode, batch, entries);
		kfree(w);
	}
	kvfree(entries);
	return w ? rc : -ENOMEM;
}
