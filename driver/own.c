// SPDX-License-Identifier: GPL-2.0-only
/* Commands of the driver's own: what other parts of the kernel ask the card through it. */
#include "coffer.h"

static int coffer_own_admit(struct coffer_dev *cd, struct coffer_own *own,
			    struct coffer_call *call)
{
	u32 refused = 0;
	int rc;

	if (!own->file) {	/* nobody's: for commands that need no session */
		call->epoch = READ_ONCE(cd->epoch);
		return 0;
	}
	rc = coffer_owner_get(own->file, call, true, &refused);
	if (rc || !refused)
		return rc;
	own->verdict = refused;
	return -EACCES;
}

static int coffer_own_answer(struct coffer_own *own, const struct coffer_call *call)
{
	own->verdict = call->verdict;
	own->reply_len = call->reply_len;
	own->epoch = call->epoch;
	if (call->verdict)
		return -EACCES;
	if (call->reply_len)
		coffer_buf_read(&call->reply, own->reply, call->reply_len);
	return 0;
}

/**
 * coffer_own_run - ask the card something, if it can answer at once
 * @cd: the card
 * @own: what; gets verdict, length of the reply and epoch
 *
 * Nothing is waited for but the answer, for at most own->timeout_ms and COFFER_GRACE: not for the
 * end of a reset, nor for a slot. Payloads fit into a page each.
 * Return: 0; -EACCES and own->verdict when the card said no; -EAGAIN while it is being reset;
 * -EBUSY; and as coffer_call_run().
 */
int coffer_own_run(struct coffer_dev *cd, struct coffer_own *own)
{
	struct coffer_call *call;
	int rc = coffer_wait_live(cd, true);

	if (rc)
		return rc;
	call = coffer_call_alloc(cd, own->file, coffer_table_find(own->opcode), own->req_len,
				 own->room);
	if (!call)
		return -ENOMEM;
	if (own->queue)
		call->queue = own->queue;
	if (own->req_len)
		coffer_buf_write(&call->req, own->req, own->req_len);
	call->timeout_ms = own->timeout_ms;
	rc = coffer_own_admit(cd, own, call);
	if (!rc)
		rc = coffer_call_run(call, true);
	if (!rc)
		rc = coffer_own_answer(own, call);
	coffer_call_put(call);
	return rc == -ESTALE || rc == -ECANCELED ? -EAGAIN : rc;
}

/**
 * coffer_own_identify - what the card says of itself
 * @cd: the card
 * @info: filled in
 *
 * Return: 0, -EIO when it is no such answer, and as coffer_own_run().
 */
int coffer_own_identify(struct coffer_dev *cd, struct coffer_card_info *info)
{
	struct coffer_own own = {
		.opcode = COFFER_CMD_IDENTIFY,
		.reply = info,
		.room = sizeof(*info),
		.timeout_ms = COFFER_OWN_MS,
	};
	int rc = coffer_own_run(cd, &own);

	if (rc)
		return rc == -EACCES ? -EIO : rc;
	return own.reply_len == sizeof(*info) && le64_to_cpu(info->serial) == cd->serial ?
		0 : -EIO;
}

/* A few bytes there and back through this queue: 0, or what is wrong with it. */
int coffer_own_echo(struct coffer_dev *cd, struct coffer_queue *q)
{
	static const char sent[] = "is anybody there?";
	char got[sizeof(sent)] = "";
	struct coffer_own own = {
		.opcode = COFFER_CMD_ECHO,
		.queue = q,
		.req = sent,
		.req_len = sizeof(sent),
		.reply = got,
		.room = sizeof(got),
		.timeout_ms = COFFER_OWN_MS,
	};
	int rc = coffer_own_run(cd, &own);

	if (rc)
		return rc;
	return own.reply_len == sizeof(sent) && !memcmp(sent, got, sizeof(sent)) ? 0 : -EIO;
}
