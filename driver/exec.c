// SPDX-License-Identifier: GPL-2.0-only
/* EXEC and CANCEL. */
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "coffer.h"

/* Contract 3's checks that need neither the card nor memory; the first that fails counts. */
static int coffer_exec_admit(struct coffer_dev *cd, fmode_t f_mode,
			     const struct coffer_exec *exec, const struct coffer_row **row)
{
	const struct coffer_row *r;

	if (exec->flags)
		return -EINVAL;
	r = coffer_table_find(exec->opcode);
	if (!r)
		return -EOPNOTSUPP;
	if (r->flags & COFFER_CF_DRIVER)
		return -EPERM;
	if (r->flags & COFFER_CF_WRITE && !(f_mode & FMODE_WRITE))
		return -EPERM;
	if (exec->req_len < r->req_min || exec->req_len > r->req_max ||
	    exec->req_len > cd->max_payload || exec->reply_len > COFFER_MAX_PAYLOAD)
		return -EINVAL;
	if (!access_ok(u64_to_user_ptr(exec->req), exec->req_len) ||
	    !access_ok(u64_to_user_ptr(exec->reply), exec->reply_len))
		return -EFAULT;
	*row = r;
	return 0;
}

static void coffer_exec_register(struct coffer_file *file, struct coffer_call *call)
{
	spin_lock(&file->calls_lock);
	list_add(&call->node, &file->calls);
	spin_unlock(&file->calls_lock);
}

static void coffer_exec_unregister(struct coffer_file *file, struct coffer_call *call)
{
	spin_lock(&file->calls_lock);
	list_del_init(&call->node);
	spin_unlock(&file->calls_lock);
}

/* One attempt: wait for the card, have an owner, run. *refused: no owner, see the verdict. */
static int coffer_exec_try(struct coffer_file *file, struct coffer_call *call, bool nonblock,
			   u32 *refused)
{
	int rc = coffer_wait_live(file->cd, nonblock);

	if (!rc)
		rc = coffer_owner_get(file, call, nonblock, refused);
	if (!rc && !*refused)
		rc = coffer_call_run(call, nonblock);
	return rc;
}

/* Try again what a reset or a full firmware queue kept from reaching the card. */
static int coffer_exec_run(struct coffer_file *file, struct coffer_call *call, bool nonblock)
{
	unsigned long until = 0;
	u32 refused = 0;
	int rc;

	for (;;) {
		rc = coffer_exec_try(file, call, nonblock, &refused);
		if (rc != -ESTALE && (rc != -EBUSY || nonblock))
			break;
		if (fatal_signal_pending(current))
			return -EINTR;
		if (rc == -ESTALE)
			schedule_timeout_killable(1);
		else if (!coffer_call_pause(call, &until))
			return -ETIMEDOUT;
	}
	if (!rc && refused) {
		call->verdict = refused;
		call->reply_len = 0;
	}
	return rc;
}

/*
 * A card that has restarted on its own (new firmware) has ended all owners. A reset brings the
 * driver to the same: new owners, the new version, and a count that tells everybody else. Who
 * made it restart waits for that; who was killed before leaves it to the next command.
 */
static void coffer_exec_restarted(struct coffer_dev *cd, const struct coffer_call *call)
{
	if (call->verdict == (u32)COFFER_ST_OWNER_UNKNOWN)
		coffer_reset_request(cd, call->epoch, COFFER_WHY_RESTART);
	else if (!call->verdict && call->row->flags & COFFER_CF_RESTARTS)
		coffer_ctrl_reset(cd, COFFER_WHY_RESTART);
}

/**
 * coffer_ioctl_exec - EXEC
 * @file: the open file, which is the owner
 * @f_mode: its mode
 * @f_flags: its flags
 * @exec: checked for size; gets verdict and reply length
 *
 * Return: 0 or an errno of contract 3; then @exec is not to be copied out.
 */
int coffer_ioctl_exec(struct coffer_file *file, fmode_t f_mode, unsigned int f_flags,
		      struct coffer_exec *exec)
{
	struct coffer_dev *cd = file->cd;
	const struct coffer_row *row;
	struct coffer_call *call;
	u32 room;
	int rc;

	rc = coffer_exec_admit(cd, f_mode, exec, &row);
	if (rc)
		return rc;
	room = min3(exec->reply_len, row->reply_max, cd->max_payload);
	call = coffer_call_alloc(cd, file, row, exec->req_len, room);
	if (!call)
		return -ENOMEM;
	call->cookie = exec->cookie;
	call->timeout_ms = exec->timeout_ms;
	rc = coffer_buf_from_user(&call->req, u64_to_user_ptr(exec->req));
	if (rc)
		goto out;

	coffer_exec_register(file, call);
	rc = coffer_exec_run(file, call, f_flags & O_NONBLOCK);
	coffer_exec_unregister(file, call);
	if (rc)
		goto out;
	coffer_exec_restarted(cd, call);
	rc = coffer_buf_to_user(&call->reply, u64_to_user_ptr(exec->reply), call->reply_len);
	exec->verdict = call->verdict;
	exec->reply_len = call->reply_len;
out:
	coffer_call_put(call);
	return rc;
}

/* CANCEL: every waiting command of this file with that cookie. */
int coffer_ioctl_cancel(struct coffer_file *file, struct coffer_cancel *cancel)
{
	struct coffer_call *call;
	int rc = -ENOENT;

	if (cancel->flags || !cancel->cookie)
		return -EINVAL;
	spin_lock(&file->calls_lock);
	list_for_each_entry(call, &file->calls, node) {
		if (call->cookie != cancel->cookie)
			continue;
		rc = 0;
		/* Either the submission sees the flag, or the abort sees the slot. */
		WRITE_ONCE(call->cancelled, true);
		coffer_queue_abort(call->queue, call);
		wake_up_all(&call->queue->slot_wait);
	}
	spin_unlock(&file->calls_lock);
	return rc;
}
