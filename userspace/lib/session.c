// SPDX-License-Identifier: BSD-3-Clause
/* Sessions: what most commands begin with. */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib.h"

void session_request(const struct coffer_session *s, struct msg_out *req)
{
	const struct coffer_req_session head = { .session = htole32(s->id) };

	msg_out_init(req);
	msg_put(req, &head, sizeof(head));
}

coffer_rc session_direct(const struct coffer_session *s)
{
	return s->ops ? -EOPNOTSUPP : 0;
}

/*
 * A session that ended with its owner stays ended: a number that the card has given out again
 * since then is another session.
 */
static coffer_rc session_check(struct coffer_session *s)
{
	coffer_rc rc = session_direct(s);

	if (!rc)
		rc = context_check(s->card->ctx);
	if (rc)
		return rc;
	return card_epoch(s->card) == s->epoch ? 0 : ST(SESSION_HANDLE_INVALID);
}

coffer_rc session_exec(struct coffer_session *s, uint16_t opcode, struct msg_out *req,
		       void *reply, size_t *reply_len)
{
	const struct transport_call call = {
		.opcode = opcode,
		.timeout_ms = s->timeout_ms,
		.cookie = s->cookie ? s->cookie : (uintptr_t)s,
		.req = req->data,
		.req_len = req->len,
		.reply = reply,
	};
	size_t room = *reply_len;
	coffer_rc rc;

	*reply_len = 0;
	rc = session_check(s);
	if (!rc)
		rc = req->error;
	if (!rc) {
		*reply_len = room;
		rc = card_call(s->card, &call, reply_len);
	}
	msg_out_free(req);
	return rc == ST(OWNER_UNKNOWN) ? ST(SESSION_HANDLE_INVALID) : rc;
}

coffer_rc session_exec_fixed(struct coffer_session *s, uint16_t opcode, struct msg_out *req,
			     void *reply, size_t size)
{
	size_t len = size;
	coffer_rc rc = session_exec(s, opcode, req, reply, &len);

	return !rc && len != size ? -EIO : rc;
}

coffer_rc session_exec_reply(struct coffer_session *s, uint16_t opcode, struct msg_out *req,
			     struct reply *reply)
{
	coffer_rc rc;

	reply->len = 0;
	reply->data = malloc(COFFER_CMD_MAX_PAYLOAD);
	if (!reply->data) {
		msg_out_free(req);
		return -ENOMEM;
	}
	reply->len = COFFER_CMD_MAX_PAYLOAD;
	rc = session_exec(s, opcode, req, reply->data, &reply->len);
	return rc;
}

coffer_rc session_list(struct coffer_session *s, uint16_t opcode, size_t row_size,
		       void (*take)(void *item, const uint8_t *row), void **list,
		       size_t item_size, size_t *count)
{
	const uint8_t *rows = NULL;
	struct reply reply;
	struct msg_out req;
	struct msg_in in;
	uint32_t n = 0;
	coffer_rc rc;

	*list = NULL;
	*count = 0;
	session_request(s, &req);
	rc = session_exec_reply(s, opcode, &req, &reply);
	if (!rc) {
		msg_in_init(&in, reply.data, reply.len);
		rows = msg_take_rows(&in, row_size, &n);
		rc = rows ? 0 : -EIO;
	}
	if (!rc) {
		*list = calloc(n + 1, item_size);
		rc = *list ? 0 : -ENOMEM;
	}
	for (uint32_t i = 0; !rc && i < n; i++)
		take((char *)*list + i * item_size, rows + i * row_size);
	*count = rc ? 0 : n;
	reply_free(&reply);
	return rc;
}

static coffer_rc session_start(struct coffer_session *s, unsigned int ms)
{
	const struct coffer_req_session_open req = {
		.partition = htole32(s->partition),
		.flags = htole32(s->rw ? COFFER_SESSION_RW : 0),
	};
	struct coffer_rep_session_open rep;
	const struct transport_call call = {
		.opcode = COFFER_CMD_SESSION_OPEN,
		.timeout_ms = ms,
		.req = &req,
		.req_len = sizeof(req),
		.reply = &rep,
	};
	size_t len = sizeof(rep);
	coffer_rc rc;

	rc = card_call(s->card, &call, &len);
	if (rc)
		return rc;
	s->epoch = card_epoch(s->card);
	s->id = len == sizeof(rep) ? le32toh(rep.session) : 0;
	return s->id ? 0 : -EIO;
}

coffer_rc direct_cancel(struct coffer_session *s)
{
	return card_cancel(s->card, s->cookie ? s->cookie : (uintptr_t)s);
}

coffer_rc session_new(struct coffer_card *card, uint32_t partition, bool rw, unsigned int ms,
		      struct coffer_session **session)
{
	struct coffer_session *s;
	coffer_rc rc;

	*session = NULL;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->card = card;
	s->partition = partition;
	s->rw = rw;
	rc = session_start(s, ms);
	if (rc) {
		free(s);
		return rc;
	}
	*session = s;
	return 0;
}

API coffer_rc coffer_session_open(struct coffer_card *card, uint32_t partition, bool rw,
				  struct coffer_session **session)
{
	coffer_rc rc;

	*session = NULL;
	rc = context_check(card->ctx);
	if (rc)
		return rc;
	card_revive(card);
	rc = session_new(card, partition, rw, 0, session);
	if (rc == -EPIPE || rc == -ENODEV) {
		/* Only now it showed that the connection is gone; a session cannot be half open. */
		card_revive(card);
		rc = session_new(card, partition, rw, 0, session);
	}
	return rc;
}

void direct_close(struct coffer_session *s)
{
	struct msg_out req;

	/* In a forked child, or after a reset, there is nothing to close. */
	session_request(s, &req);
	session_exec_fixed(s, COFFER_CMD_SESSION_CLOSE, &req, NULL, 0);
	free(s);
}

API struct coffer_card *coffer_session_card(const struct coffer_session *session)
{
	return session->card;
}

API uint32_t coffer_session_partition(const struct coffer_session *session)
{
	return session->partition;
}
