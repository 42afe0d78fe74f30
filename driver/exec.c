// SPDX-License-Identifier: GPL-2.0-only
/* EXEC and CANCEL; and what BATCH and io_uring have in common with EXEC. */
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "coffer.h"

/**
 * coffer_exec_read - take a struct of any size out of the kernel's copy of where it stands
 * @exec: gets it; what is missing is zero
 * @area: the copy, and bytes of it
 * @room: at least sizeof(*exec)
 *
 * Return: 0, -EINVAL when it is too short, -E2BIG when it is longer than @room or has a tail
 * that is not zero.
 */
int coffer_exec_read(struct coffer_exec *exec, const void *area, size_t room)
{
	u32 size = *(const u32 *)area;

	if (size < COFFER_EXEC_MIN)
		return -EINVAL;
	if (size > room)
		return -E2BIG;
	if (size > sizeof(*exec) && memchr_inv(area + sizeof(*exec), 0, size - sizeof(*exec)))
		return -E2BIG;
	memset(exec, 0, sizeof(*exec));
	memcpy(exec, area, min_t(size_t, size, sizeof(*exec)));
	exec->size = min_t(size_t, size, sizeof(*exec));
	return 0;
}

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

/**
 * coffer_exec_prepare - admit a command and read its request, once
 * @file: the open file, which is the owner
 * @f_mode: its mode
 * @exec: checked for size
 * @made: gets the command; end it with coffer_exec_forget()
 *
 * Return: 0 or an errno of contract 3, and there is no command.
 */
int coffer_exec_prepare(struct coffer_file *file, fmode_t f_mode, const struct coffer_exec *exec,
			struct coffer_call **made)
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
	if (rc) {
		coffer_call_put(call);
		return rc;
	}
	*made = call;
	return 0;
}

/* Let CANCEL find it. */
void coffer_exec_list(struct coffer_call *call)
{
	spin_lock(&call->file->calls_lock);
	list_add(&call->node, &call->file->calls);
	spin_unlock(&call->file->calls_lock);
}

/* The way back from coffer_exec_prepare(): CANCEL finds it no more, and its waiter leaves. */
void coffer_exec_forget(struct coffer_call *call)
{
	spin_lock(&call->file->calls_lock);
	list_del_init(&call->node);
	spin_unlock(&call->file->calls_lock);
	coffer_call_put(call);
}

/* One attempt: wait for the card, have an owner, run. *refused: no owner, see the verdict. */
static int coffer_exec_try(struct coffer_call *call, bool nonblock, u32 *refused)
{
	struct coffer_file *file = call->file;
	int rc = coffer_wait_live(file->cd, nonblock);

	if (!rc)
		rc = coffer_owner_get(file, call, nonblock, refused);
	if (!rc && !*refused)
		rc = coffer_call_run(call, nonblock);
	return rc;
}

/**
 * coffer_exec_run - carry out a command, whatever resets come before the card has it
 * @call: from coffer_exec_prepare()
 * @nonblock: O_NONBLOCK
 *
 * What a reset or a full firmware queue kept from reaching the card is tried again.
 * Return: 0, and there is a verdict; an errno of contract 3; or -ERESTARTSYS.
 */
int coffer_exec_run(struct coffer_call *call, bool nonblock)
{
	unsigned long until = 0;
	u32 refused = 0;
	int rc;

	for (;;) {
		rc = coffer_exec_try(call, nonblock, &refused);
		if (rc != -ESTALE && (rc != -EBUSY || nonblock))
			break;
		if (rc == -ESTALE)
			coffer_call_breathe(1);
		else if (!coffer_call_pause(call, &until))
			return -ETIMEDOUT;
		if (signal_pending_state(coffer_wait_mode(), current))
			return -ERESTARTSYS;
	}
	if (!rc && refused)
		coffer_call_refuse(call, refused);
	return rc;
}

/**
 * coffer_exec_restarts - has the card restarted behind the driver's back?
 * @call: has a verdict
 *
 * A card that has restarted on its own (new firmware) has ended all owners. A reset brings the
 * driver to the same: new owners, the new version, and a count that tells everybody else. Who
 * made it restart waits for that, with coffer_ctrl_reset(); who was killed before leaves it to
 * the next command, which asks for it here. In any context.
 *
 * Return: whether this command made it restart.
 */
bool coffer_exec_restarts(const struct coffer_call *call)
{
	if (call->verdict == (u32)COFFER_ST_OWNER_UNKNOWN)
		coffer_reset_request(call->queue->cd, call->epoch, COFFER_WHY_RESTART);
	return !call->verdict && call->row->flags & COFFER_CF_RESTARTS;
}

/**
 * coffer_exec_answer - hand out the reply of a command that has a verdict
 * @call: was carried out or refused by the card
 * @exec: gets verdict and reply length; in the caller's context
 *
 * Return: 0 or -EFAULT.
 */
int coffer_exec_answer(struct coffer_call *call, struct coffer_exec *exec)
{
	exec->verdict = call->verdict;
	exec->reply_len = call->reply_len;
	return coffer_buf_to_user(&call->reply, u64_to_user_ptr(exec->reply), call->reply_len);
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
	struct coffer_call *call;
	int rc;

	rc = coffer_exec_prepare(file, f_mode, exec, &call);
	if (rc)
		return rc;
	coffer_exec_list(call);
	rc = coffer_exec_run(call, f_flags & O_NONBLOCK);
	if (!rc) {
		if (coffer_exec_restarts(call))
			coffer_ctrl_reset(file->cd, COFFER_WHY_RESTART);
		rc = coffer_exec_answer(call, exec);
	}
	coffer_exec_forget(call);
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
		coffer_call_cancel(call);
	}
	spin_unlock(&file->calls_lock);
	return rc;
}

/* Every command of this file that a process has left behind. */
void coffer_exec_cancel_all(struct coffer_file *file, pid_t tgid)
{
	struct coffer_call *call;

	spin_lock(&file->calls_lock);
	list_for_each_entry(call, &file->calls, node)
		if (call->tgid == tgid)
			coffer_call_cancel(call);
	spin_unlock(&file->calls_lock);
}
