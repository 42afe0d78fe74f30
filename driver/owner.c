// SPDX-License-Identifier: GPL-2.0-only
/*
 * Owners: what the card knows an open file by.
 *
 * An owner is opened with the first EXEC of a file, and again after a reset, which ends all of
 * them. The card chooses the id, the driver alone writes it into entries, and user space can
 * neither see nor choose it. Sessions and logins belong to it and end with it.
 */
#include "coffer.h"

/* Open an owner in `epoch`. A verdict of the card's that is not OK is handed on. */
static int coffer_owner_open(struct coffer_file *file, u64 epoch, bool nonblock, u32 *verdict)
{
	struct coffer_dev *cd = file->cd;
	struct coffer_req_owner owner = { 0 };
	struct coffer_call *call;
	int rc;

	call = coffer_call_alloc(cd, file, coffer_table_find(COFFER_CMD_OWNER_OPEN),
				 sizeof(owner), sizeof(owner));
	if (!call)
		return -ENOMEM;
	coffer_buf_write(&call->req, &owner, sizeof(owner));
	call->epoch = epoch;
	rc = coffer_call_run(call, nonblock);
	if (rc == -ECANCELED)	/* by a reset; the command that needs an owner was not sent */
		rc = -ESTALE;
	if (rc)
		goto out;
	*verdict = call->verdict;
	if (*verdict)
		goto out;
	rc = -EIO;
	if (call->reply_len != sizeof(owner))
		goto out;
	coffer_buf_read(&call->reply, &owner, sizeof(owner));
	if (!owner.owner)
		goto out;
	file->owner = le64_to_cpu(owner.owner);
	file->owner_epoch = epoch;
	rc = 0;
out:
	coffer_call_put(call);
	return rc;
}

static int coffer_owner_lock(struct coffer_file *file)
{
	if (coffer_wait_mode() == TASK_INTERRUPTIBLE)
		return mutex_lock_interruptible(&file->owner_mutex);
	return mutex_lock_killable(&file->owner_mutex);
}

/**
 * coffer_owner_get - give a command the owner of its file
 * @file: open file
 * @call: command; gets owner and the epoch in which it is valid
 * @nonblock: do not wait for a slot
 * @verdict: set when the card refuses an owner; then there is none
 *
 * Return: 0, -ERESTARTSYS, or what coffer_call_run() says.
 */
int coffer_owner_get(struct coffer_file *file, struct coffer_call *call, bool nonblock,
		     u32 *verdict)
{
	u64 epoch = READ_ONCE(file->cd->epoch);
	int rc = 0;

	if (coffer_owner_lock(file))
		return -ERESTARTSYS;
	if (file->owner_epoch != epoch)
		rc = coffer_owner_open(file, epoch, nonblock, verdict);
	call->owner = file->owner;
	call->epoch = file->owner_epoch;
	mutex_unlock(&file->owner_mutex);
	return rc;
}

/* As coffer_owner_get(), if that takes no time: the file has an owner. */
bool coffer_owner_try(struct coffer_file *file, struct coffer_call *call)
{
	bool found;

	if (!mutex_trylock(&file->owner_mutex))
		return false;
	found = file->owner_epoch && file->owner_epoch == READ_ONCE(file->cd->epoch);
	call->owner = file->owner;
	call->epoch = file->owner_epoch;
	mutex_unlock(&file->owner_mutex);
	return found;
}

/* The last descriptor is closed: nobody else can get at the file's owner any more. */
void coffer_owner_release(struct coffer_file *file)
{
	struct coffer_dev *cd = file->cd;

	if (!file->owner_epoch)
		return;
	spin_lock(&cd->close_lock);
	if (!cd->no_close) {
		coffer_file_get(file);
		list_add_tail(&file->closing, &cd->closing);
		queue_work(cd->wq, &cd->close_work);
	}
	spin_unlock(&cd->close_lock);
}

static struct coffer_file *coffer_owner_next(struct coffer_dev *cd)
{
	struct coffer_file *file;

	spin_lock(&cd->close_lock);
	file = list_first_entry_or_null(&cd->closing, struct coffer_file, closing);
	if (file)
		list_del_init(&file->closing);
	spin_unlock(&cd->close_lock);
	return file;
}

/* A reset in between has ended the owner already: -ESTALE is as good as 0. */
static void coffer_owner_close(struct coffer_file *file)
{
	struct coffer_dev *cd = file->cd;
	struct coffer_req_owner owner = { .owner = cpu_to_le64(file->owner) };
	unsigned long until = 0;
	struct coffer_call *call;
	int rc;

	call = coffer_call_alloc(cd, NULL, coffer_table_find(COFFER_CMD_OWNER_CLOSE),
				 sizeof(owner), 0);
	if (!call) {
		dev_warn(&cd->dev, "no memory to close an owner: it stays open until a reset\n");
		return;
	}
	coffer_buf_write(&call->req, &owner, sizeof(owner));
	call->epoch = file->owner_epoch;
	call->reserved = true;
	do {	/* while the firmware's queue is full; a reset ends this too */
		rc = coffer_call_run(call, false);
	} while (rc == -EBUSY && coffer_call_pause(call, &until));
	if (rc && rc != -ESTALE && rc != -ECANCELED && rc != -ENODEV)
		dev_warn(&cd->dev, "could not close an owner: %d\n", rc);
	else if (!rc && call->verdict)
		dev_warn(&cd->dev, "the card did not close an owner: %08x\n", call->verdict);
	coffer_call_put(call);
}

void coffer_owner_close_work(struct work_struct *work)
{
	struct coffer_dev *cd = container_of(work, struct coffer_dev, close_work);
	struct coffer_file *file;

	while ((file = coffer_owner_next(cd))) {
		coffer_owner_close(file);
		coffer_file_put(file);
	}
}

/* Before the card's work queue goes: no more closes, and none left. The card is disabled. */
void coffer_owner_flush(struct coffer_dev *cd)
{
	spin_lock(&cd->close_lock);
	cd->no_close = true;
	spin_unlock(&cd->close_lock);
	flush_work(&cd->close_work);
}
