// SPDX-License-Identifier: GPL-2.0-only
/*
 * EXEC by io_uring: nobody waits for these commands, their end is told as a completion.
 *
 * 1. Issue, in the submitter's context, which must not be kept waiting. What would have to wait
 *    (for a reset, for an owner, for a slot) says -EAGAIN, having changed nothing, and comes
 *    back in a worker of io_uring's own. That one may wait: it runs the command as EXEC does.
 * 2. The end, in an interrupt or in the time-out ladder, hands over to the submitter's task.
 * 3. There the reply is copied out. A task that is ending has no memory to copy it to any more.
 *
 * A command that the firmware had no room for, and the first one of a descriptor that is not to
 * be kept waiting, are (re)tried by a work item. Its queue is the module's, not the card's:
 * such a command may outlive the card, and learns it then.
 */
#include <linux/fs.h>
#include <linux/slab.h>

#include "coffer.h"
#include "compat.h"

#define COFFER_URING_AREA	80	/* bytes of command in a large entry */
#define COFFER_URING_KIND	(IO_URING_F_SQE128 | IO_URING_F_CQE32)

/* What a command needs beyond its call, whose waiter this is. */
struct coffer_uring {
	struct coffer_call	*call;
	struct io_uring_cmd	*cmd;
	struct coffer_exec	exec;
	bool			nonblock;	/* O_NONBLOCK */
	bool			restart;	/* for the work: the card has restarted */
	unsigned long		until;		/* of coffer_call_late() */
	atomic_t		keys;		/* issue and end; who drops the last goes on */
	struct delayed_work	work;
};

static struct workqueue_struct *coffer_uring_wq;

/* Where io_uring keeps our pointer from issue to completion. */
static struct coffer_uring **coffer_uring_of(struct io_uring_cmd *cmd)
{
	BUILD_BUG_ON(sizeof(struct coffer_uring *) > sizeof(cmd->pdu));
	return (struct coffer_uring **)cmd->pdu;
}

/* ---- The end -------------------------------------------------------------------------- */

/* The completion. Only after it has io_uring forgotten the command, and with it our pointer. */
static void coffer_uring_tell(struct coffer_uring *u, int rc, unsigned int flags)
{
	u64 result = rc ? 0 : COFFER_URING_RESULT(u->exec.verdict, u->exec.reply_len);

	io_uring_cmd_done32(u->cmd, rc == -ERESTARTSYS ? -EINTR : rc, result, flags);
	coffer_exec_forget(u->call);
	kfree(u);
}

/* In the submitter's task; in some kernel thread, without its memory, when that has ended. */
static void coffer_uring_reply(struct io_uring_cmd *cmd, unsigned int flags)
{
	struct coffer_uring *u = *coffer_uring_of(cmd);
	int rc = u->call->error;

	if (!rc)
		rc = current->mm ? coffer_exec_answer(u->call, &u->exec) : -ECANCELED;
	coffer_uring_tell(u, rc, flags);
}

COFFER_URING_WORK(coffer_uring_task_work, coffer_uring_reply)

static void coffer_uring_finish(struct coffer_uring *u, int error)
{
	u->call->error = error;
	io_uring_cmd_complete_in_task(u->cmd, coffer_uring_task_work);
}

/* ---- What cannot be done in an interrupt, nor in the submitter's context -------------- */

static void coffer_uring_later(struct coffer_uring *u, unsigned long delay)
{
	queue_delayed_work(coffer_uring_wq, &u->work, delay);
}

/* An attempt in a work item. 0: the card has it, and it may be over already. */
static int coffer_uring_attempt(struct coffer_uring *u, u32 *refused)
{
	struct coffer_call *call = u->call;
	int rc = coffer_wait_live(call->file->cd, true);

	if (!rc)
		rc = coffer_owner_get(call->file, call, true, refused);
	if (rc || *refused)
		return rc ?: -ECANCELED;
	atomic_set(&u->keys, 1);
	return coffer_queue_submit(call->queue, call);
}

static void coffer_uring_again(struct coffer_uring *u)
{
	u32 refused = 0;
	int rc = coffer_uring_attempt(u, &refused);

	switch (rc) {
	case 0:
		return;
	case -ECANCELED:
		coffer_call_refuse(u->call, refused ?: COFFER_ST_CANCEL);
		coffer_uring_finish(u, 0);
		return;
	case -EBUSY:
		if (u->nonblock)
			break;
		rc = -ETIMEDOUT;
		if (coffer_call_late(u->call, &u->until))
			break;
		coffer_uring_later(u, COFFER_BUSY_WAIT);
		return;
	case -ESTALE:
	case -EAGAIN:
		rc = -EAGAIN;
		if (u->nonblock)
			break;
		coffer_uring_later(u, COFFER_BUSY_WAIT);
		return;
	}
	coffer_uring_finish(u, rc);
}

static void coffer_uring_work(struct work_struct *work)
{
	struct coffer_uring *u = container_of(to_delayed_work(work), struct coffer_uring, work);

	if (!u->restart) {
		coffer_uring_again(u);
		return;
	}
	coffer_ctrl_reset(u->call->file->cd, COFFER_WHY_RESTART);
	coffer_uring_finish(u, 0);
}

/* Both keys are dropped: what next? In any context. */
static void coffer_uring_over(struct coffer_uring *u)
{
	int error = u->call->error;

	u->restart = !error && coffer_exec_restarts(u->call);
	if (u->restart)
		coffer_uring_later(u, 0);
	else if (error == -EBUSY && !u->nonblock)
		coffer_uring_later(u, COFFER_BUSY_WAIT);
	else
		coffer_uring_finish(u, error);
}

static void coffer_uring_end(struct coffer_call *call)
{
	struct coffer_uring *u = call->waiter;

	if (atomic_dec_and_test(&u->keys))
		coffer_uring_over(u);
}

/* ---- Issue ---------------------------------------------------------------------------- */

/* In a worker, as EXEC. */
static int coffer_uring_run(struct coffer_uring *u, unsigned int flags)
{
	struct coffer_call *call = u->call;
	int rc;

	coffer_exec_list(call);
	rc = coffer_exec_run(call, u->nonblock);
	if (!rc) {
		if (coffer_exec_restarts(call))
			coffer_ctrl_reset(call->file->cd, COFFER_WHY_RESTART);
		rc = coffer_exec_answer(call, &u->exec);
	}
	coffer_uring_tell(u, rc, flags);
	return -EIOCBQUEUED;
}

/* From now on it can be cancelled: by CANCEL, and by io_uring, which forgets that at its end. */
static void coffer_uring_list(struct coffer_uring *u, unsigned int flags)
{
	coffer_exec_list(u->call);
	io_uring_cmd_mark_cancelable(u->cmd, flags);
}

/*
 * Once the card has the command its end may come at any moment. It waits for the second key: what
 * has not been listed cannot be taken off the lists.
 */
static int coffer_uring_start(struct coffer_uring *u, unsigned int flags)
{
	struct coffer_call *call = u->call;
	int rc = coffer_wait_live(call->file->cd, true);

	if (rc)
		return rc;
	call->end = coffer_uring_end;
	if (!coffer_owner_try(call->file, call)) {
		if (!u->nonblock)
			return -EAGAIN;
		coffer_uring_list(u, flags);
		coffer_uring_later(u, 0);
		return -EIOCBQUEUED;
	}
	atomic_set(&u->keys, 2);
	rc = coffer_queue_submit(call->queue, call);
	if (rc == -ESTALE || (rc == -EBUSY && !u->nonblock))
		return -EAGAIN;
	if (rc)
		return rc;
	coffer_uring_list(u, flags);
	if (atomic_dec_and_test(&u->keys))
		coffer_uring_over(u);
	return -EIOCBQUEUED;
}

/* The entry may lie in memory that is shared with user space: each word is read once. */
static int coffer_uring_read(const struct io_uring_cmd *cmd, struct coffer_exec *exec)
{
	const u64 *from = (const u64 *)coffer_uring_area(cmd);
	u64 area[COFFER_URING_AREA / sizeof(u64)];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(area); i++)
		area[i] = READ_ONCE(from[i]);
	return coffer_exec_read(exec, area, sizeof(area));
}

static int coffer_uring_issue(struct io_uring_cmd *cmd, unsigned int flags,
			      const struct coffer_exec *exec)
{
	struct file *filp = cmd->file;
	struct coffer_uring *u;
	int rc;

	u = kzalloc(sizeof(*u), GFP_KERNEL_ACCOUNT);
	if (!u)
		return -ENOMEM;
	rc = coffer_exec_prepare(filp->private_data, filp->f_mode, exec, &u->call);
	if (rc) {
		kfree(u);
		return rc;
	}
	u->cmd = cmd;
	u->exec = *exec;
	u->nonblock = filp->f_flags & O_NONBLOCK;
	INIT_DELAYED_WORK(&u->work, coffer_uring_work);
	u->call->waiter = u;
	u->call->joined = true;	/* when its task comes by is not known */
	*coffer_uring_of(cmd) = u;
	if (!(flags & IO_URING_F_NONBLOCK))
		return coffer_uring_run(u, flags);
	rc = coffer_uring_start(u, flags);
	if (rc != -EIOCBQUEUED) {
		coffer_exec_forget(u->call);
		kfree(u);
	}
	return rc;
}

/**
 * coffer_uring_cmd - a command by io_uring, or its cancelling
 * @cmd: of io_uring
 * @flags: IO_URING_F_*: what kind of ring, may it wait
 *
 * Return: -EIOCBQUEUED when the completion tells the rest, -EAGAIN when it has to wait and may
 * not, else an errno of contract 3.
 */
int coffer_uring_cmd(struct io_uring_cmd *cmd, unsigned int flags)
{
	struct coffer_file *file = cmd->file->private_data;
	struct coffer_exec exec;
	int rc;

	if (flags & IO_URING_F_CANCEL) {
		struct coffer_call *call = (*coffer_uring_of(cmd))->call;

		/* io_uring asks again and again until the command has ended; once is enough. */
		if (!READ_ONCE(call->cancelled))
			coffer_call_cancel(call);
		return 0;
	}
	if (coffer_is_gone(file->cd))
		return -ENODEV;
	if (cmd->cmd_op != COFFER_IOC_EXEC)
		return -ENOTTY;
	if ((flags & COFFER_URING_KIND) != COFFER_URING_KIND)
		return -EOPNOTSUPP;
	if (cmd->flags & IORING_URING_CMD_FIXED)
		return -EINVAL;
	rc = coffer_uring_read(cmd, &exec);
	return rc ?: coffer_uring_issue(cmd, flags, &exec);
}

int coffer_uring_init(void)
{
	coffer_uring_wq = alloc_workqueue("coffer_uring", WQ_UNBOUND, 0);
	return coffer_uring_wq ? 0 : -ENOMEM;
}

/* No file is open: what may be running still is the end of a work item that has told. */
void coffer_uring_exit(void)
{
	destroy_workqueue(coffer_uring_wq);
}
