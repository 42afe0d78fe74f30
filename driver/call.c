// SPDX-License-Identifier: GPL-2.0-only
/* Commands: made, and let go of. run.c runs them. */
#include <linux/slab.h>

#include "coffer.h"

/* The end of a command that somebody waits for. */
static void coffer_call_wake(struct coffer_call *call)
{
	complete(&call->done);
}

/**
 * coffer_call_alloc - make a command
 * @cd: the card
 * @file: its open file, or NULL for one of the driver's own
 * @row: what it is
 * @req_len: bytes of request
 * @reply_len: bytes of room for the reply
 *
 * Return: the command with one reference, or NULL.
 */
struct coffer_call *coffer_call_alloc(struct coffer_dev *cd, struct coffer_file *file,
				      const struct coffer_row *row, u32 req_len, u32 reply_len)
{
	struct coffer_call *call = kzalloc(sizeof(*call), GFP_KERNEL_ACCOUNT);

	if (!call)
		return NULL;
	refcount_set(&call->refs, 1);
	call->queue = &cd->queue[raw_smp_processor_id() % cd->queues];
	call->row = row;
	call->slot = -1;
	call->error = -EIO;
	call->end = coffer_call_wake;
	call->tgid = current->tgid;
	init_completion(&call->done);
	INIT_LIST_HEAD(&call->node);
	if (file) {
		coffer_file_get(file);
		call->file = file;
	}
	if (coffer_buf_alloc(&cd->pool, &call->req, req_len) ||
	    coffer_buf_alloc(&cd->pool, &call->reply, reply_len)) {
		coffer_call_put(call);
		return NULL;
	}
	return call;
}

static void coffer_call_free(struct coffer_call *call)
{
	struct coffer_pool *pool = &call->queue->cd->pool;
	struct coffer_file *file = call->file;

	coffer_buf_free(pool, &call->req);
	coffer_buf_free(pool, &call->reply);
	if (call->leaving)
		coffer_queue_left(call->queue);
	kfree(call);
	if (file)	/* last: it may hold the last reference to the card */
		coffer_file_put(file);
}

/* Drop a reference, in process context. */
void coffer_call_put(struct coffer_call *call)
{
	if (refcount_dec_and_test(&call->refs))
		coffer_call_free(call);
}

/* What coffer_call_put_irq() has left to do. */
void coffer_dead_work(struct work_struct *work)
{
	struct coffer_dev *cd = container_of(work, struct coffer_dev, dead_work);
	struct llist_node *list = llist_del_all(&cd->dead_calls);
	struct coffer_call *call, *next;

	llist_for_each_entry_safe(call, next, list, dead)
		coffer_call_free(call);
}
