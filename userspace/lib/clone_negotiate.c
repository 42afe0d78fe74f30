// SPDX-License-Identifier: BSD-3-Clause
/*
 * The relay between two cards, until they agree: messages 0 to 5 of "Cloning" in
 * coffer_payload.h. It can read none of them, and the cards decide.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "clone.h"

struct message {
	struct reply reply;		/* holds it */
	const void *bytes;
	size_t len;
	struct coffer_rep_clone head;
};

void clone_context_request(const struct coffer_session *s, uint32_t context,
			   struct msg_out *req)
{
	const struct coffer_req_clone head = {
		.session = htole32(s->id),
		.context = htole32(context),
	};

	msg_out_init(req);
	msg_put(req, &head, sizeof(head));
}

/* A step of the negotiation whose reply is {coffer_rep_clone; blob}. Frees what `m` held before. */
static coffer_rc message_step(struct coffer_session *s, uint16_t opcode, struct msg_out *req,
			      struct message *m)
{
	struct reply reply;
	struct msg_in in;
	const void *head;
	coffer_rc rc;

	rc = session_exec_reply(s, opcode, req, &reply);
	reply_free(&m->reply);
	m->reply = reply;
	if (rc)
		return rc;
	msg_in_init(&in, reply.data, reply.len);
	head = msg_take(&in, sizeof(m->head));
	if (head)
		memcpy(&m->head, head, sizeof(m->head));
	m->bytes = msg_take_blob(&in, &m->len);
	return msg_in_done(&in) ? 0 : -EIO;
}

static coffer_rc step_invite(struct clone_run *run, struct message *m)
{
	struct msg_out req;
	coffer_rc rc;

	session_request(run->source, &req);
	rc = message_step(run->source, COFFER_CMD_CLONE_INVITE, &req, m);
	run->source_open = !rc;
	run->source_context = le32toh(m->head.context);
	return rc;
}

static coffer_rc step_start(struct clone_run *run, struct message *m)
{
	struct msg_out req;
	coffer_rc rc;

	session_request(run->target, &req);
	if (run->invite)
		msg_put_blob(&req, m->bytes, m->len);
	rc = message_step(run->target, COFFER_CMD_CLONE_START, &req, m);
	run->target_open = !rc;
	run->target_context = le32toh(m->head.context);
	return rc;
}

static coffer_rc step_answer(struct clone_run *run, struct message *m)
{
	struct msg_out req;
	coffer_rc rc;

	clone_context_request(run->source, run->invite ? run->source_context : 0, &req);
	msg_put_blob(&req, m->bytes, m->len);
	rc = message_step(run->source, COFFER_CMD_CLONE_ANSWER, &req, m);
	run->source_open = !rc;
	run->source_context = le32toh(m->head.context);
	return rc;
}

static coffer_rc step_confirm(struct clone_run *run, struct message *m)
{
	struct msg_out req;
	coffer_rc rc;

	clone_context_request(run->target, run->target_context, &req);
	msg_put_blob(&req, m->bytes, m->len);
	rc = message_step(run->target, COFFER_CMD_CLONE_CONFIRM, &req, m);
	if (rc > 0)
		run->target_open = false;	/* an error ends the context */
	run->report->protocol = le32toh(m->head.protocol);
	run->report->suite = le32toh(m->head.suite);
	return rc;
}

static coffer_rc step_verify(struct clone_run *run, struct message *m)
{
	struct msg_out req;
	coffer_rc rc;

	clone_context_request(run->source, run->source_context, &req);
	msg_put_blob(&req, m->bytes, m->len);
	rc = message_step(run->source, COFFER_CMD_CLONE_VERIFY, &req, m);
	if (rc > 0)
		run->source_open = false;
	if (rc)
		return rc;
	/* Each card computed the decision table itself: they cannot differ. */
	if (run->report->protocol != le32toh(m->head.protocol) ||
	    run->report->suite != le32toh(m->head.suite))
		return -EIO;
	return 0;
}

static coffer_rc step_accept(struct clone_run *run, const struct message *m)
{
	struct msg_out req;
	uint8_t nothing[8];
	size_t len = sizeof(nothing);
	coffer_rc rc;

	clone_context_request(run->target, run->target_context, &req);
	msg_put_blob(&req, m->bytes, m->len);
	rc = session_exec(run->target, COFFER_CMD_CLONE_ACCEPT, &req, nothing, &len);
	if (rc > 0)
		run->target_open = false;
	return rc;
}

/* ---- Who begins ----------------------------------------------------------------------------- */

coffer_rc clone_look(struct coffer_session *s, struct coffer_rep_partition_info *rep)
{
	struct msg_out req;

	session_request(s, &req);
	return session_exec_fixed(s, COFFER_CMD_PARTITION_INFO, &req, rep, sizeof(*rep));
}

/*
 * CPv3 begins with the source, all else with the target. This is a guess of what the cards will
 * decide from what both partitions show; where it is wrong they refuse, and nothing is lost.
 */
static coffer_rc who_begins(struct clone_run *run)
{
	struct coffer_rep_partition_info s, t;
	uint32_t protocols;
	coffer_rc rc;

	if (run->looked)
		return 0;
	rc = clone_look(run->source, &s);
	if (!rc)
		rc = clone_look(run->target, &t);
	if (rc)
		return rc;
	protocols = le32toh(s.protocols) & le32toh(t.protocols);
	run->invite = (protocols & COFFER_CLONE_CPV3) &&
		      !((protocols & COFFER_CLONE_CPV4) && (s.suites & t.suites));
	run->alone = protocols == COFFER_CLONE_CPV1;
	run->looked = true;
	return 0;
}

coffer_rc clone_negotiate(struct clone_run *run)
{
	struct message m;
	coffer_rc rc;

	memset(&m, 0, sizeof(m));
	run->moved_in_context = false;
	rc = who_begins(run);
	if (!rc && run->invite)
		rc = step_invite(run, &m);
	if (!rc)
		rc = step_start(run, &m);
	if (!rc)
		rc = step_answer(run, &m);
	if (!rc)
		rc = step_confirm(run, &m);
	if (!rc)
		rc = step_verify(run, &m);
	if (!rc)
		rc = step_accept(run, &m);
	reply_free(&m.reply);
	if (rc)
		clone_abandon(run);
	else
		run->report->negotiations++;
	return rc;
}

bool clone_is_of_one(const struct clone_run *run, coffer_rc rc)
{
	const struct coffer_clone_options *o = run->options;

	/* A card that makes its callers wait is not to be asked for the next one. */
	return rc > 0 && rc != ST(CLONE_THROTTLED) && o->no_preflight && !o->dry_run &&
	       run->alone;
}

coffer_rc clone_context_close(struct coffer_session *s, uint32_t context, const void *m5,
			       size_t len, struct coffer_rep_clone_close *rep)
{
	struct msg_out req;

	clone_context_request(s, context, &req);
	msg_put_blob(&req, m5, len);
	return session_exec_fixed(s, COFFER_CMD_CLONE_CLOSE, &req, rep, sizeof(*rep));
}

/* Best effort: a context that cannot be ended ends with its session. */
void clone_abandon(struct clone_run *run)
{
	struct coffer_rep_clone_close rep;

	if (run->source_open)
		clone_context_close(run->source, run->source_context, NULL, 0, &rep);
	if (run->target_open)
		clone_context_close(run->target, run->target_context, NULL, 0, &rep);
	run->source_open = false;
	run->target_open = false;
}
