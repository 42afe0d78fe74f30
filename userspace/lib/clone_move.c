// SPDX-License-Identifier: BSD-3-Clause
/*
 * The relay between two cards, after the negotiation: objects and the end, by the numbers of
 * "Cloning" in coffer_payload.h. It can read none of them, and lets none out that it did not get.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clone.h"

/* Handles in one EXTRACT; the source stops earlier when its reply is full. */
#define BATCH 512

static bool is_v1(const struct clone_run *run)
{
	return run->report->protocol == COFFER_CLONE_CPV1;
}

/* ---- 8 and 9: the end ----------------------------------------------------------------------- */

void clone_finish(struct clone_run *run)
{
	struct coffer_rep_clone_close rep = { 0 };
	struct msg_out req;
	struct reply reply;
	struct msg_in in;
	const void *m5;
	size_t len;
	coffer_rc rc;

	/* A run of CPv1 has no end of a list: it is one object. */
	if (is_v1(run) || !run->moved_in_context || !run->source_open || !run->target_open) {
		clone_abandon(run);
		return;
	}
	clone_context_request(run->source, run->source_context, &req);
	rc = session_exec_reply(run->source, COFFER_CMD_CLONE_FINISH, &req, &reply);
	run->source_open = rc < 0;
	if (!rc) {
		msg_in_init(&in, reply.data, reply.len);
		m5 = msg_take_blob(&in, &len);
		rc = msg_in_done(&in) ? 0 : -EIO;
	}
	if (!rc)
		rc = clone_context_close(run->target, run->target_context, m5, len, &rep);
	run->target_open = rc != 0;
	reply_free(&reply);
	if (!rc && (rep.missing || rep.sent != rep.received))
		rc = ST(FAILED_TO_CLONE_AN_OBJECT);
	if (rc && !run->fatal)
		run->fatal = rc;
	clone_abandon(run);
}

/* ---- 6 and 7: objects ----------------------------------------------------------------------- */

struct batch {
	struct clone_object *objects[BATCH];
	size_t count;
	struct reply extracted;		/* EXTRACT's reply: the blobs point into it */
	struct clone_object *sent[BATCH];
	size_t n_sent;
	bool expired;			/* negotiate again, the rest of the batch is still to do */
};

/* The contexts' time is over: no failure, just another negotiation. */
static bool is_expiry(coffer_rc rc)
{
	return rc == ST(SESSION_EXPIRED) || rc == ST(SESSION_ID_INVALID);
}

static bool stops(const struct clone_run *run)
{
	return run->options->on_error == COFFER_ON_ERROR_STOP;
}

/* From the first that has no result yet; *first only ever grows. */
static void batch_fill(struct clone_run *run, struct batch *b, size_t *first)
{
	size_t room = stops(run) || is_v1(run) ? 1 : BATCH;

	memset(b, 0, sizeof(*b));
	while (*first < run->report->count && run->objects[*first].settled)
		++*first;
	for (size_t i = *first; i < run->report->count && b->count < room; i++)
		if (!run->objects[i].settled)
			b->objects[b->count++] = &run->objects[i];
}

static coffer_rc extract(struct clone_run *run, struct batch *b)
{
	struct msg_out req;

	clone_context_request(run->source, run->source_context, &req);
	msg_put_u32(&req, (uint32_t)b->count);
	for (size_t i = 0; i < b->count; i++)
		msg_put_u32(&req, b->objects[i]->item->source_handle);
	run->moved_in_context = true;
	return session_exec_reply(run->source, COFFER_CMD_CLONE_EXTRACT, &req, &b->extracted);
}

/* From EXTRACT's reply to INSERT's request. Settles what the source refused. */
static coffer_rc blobs_take(struct clone_run *run, struct batch *b, struct msg_out *req)
{
	struct msg_out blobs;
	struct msg_in in;
	const void *blob;
	uint32_t count, verdict;
	size_t len;
	coffer_rc rc = 0;

	msg_out_init(&blobs);
	msg_in_init(&in, b->extracted.data, b->extracted.len);
	count = msg_take_u32(&in);
	if (in.bad || !count || count > b->count)
		rc = -EIO;
	for (uint32_t i = 0; !rc && i < count && !b->expired; i++) {
		verdict = msg_take_u32(&in);
		blob = msg_take_blob(&in, &len);
		if (in.bad || (!verdict && !len)) {
			rc = -EIO;
		} else if (is_expiry(verdict)) {
			b->expired = true;
		} else if (verdict) {
			clone_settle(run, b->objects[i], COFFER_CLONE_REFUSED, verdict, 0);
		} else {
			msg_put_blob(&blobs, blob, len);
			b->sent[b->n_sent++] = b->objects[i];
		}
	}
	if (!rc && !b->expired && !msg_in_done(&in))
		rc = -EIO;
	clone_context_request(run->target, run->target_context, req);
	msg_put_u32(req, (uint32_t)b->n_sent);
	msg_put(req, blobs.data, blobs.len);
	if (!rc)
		rc = blobs.error ? blobs.error : req->error;
	msg_out_free(&blobs);
	return rc;
}

void clone_verdict(struct clone_run *run, struct clone_object *object, uint32_t verdict,
		   uint32_t handle)
{
	if (!verdict)
		clone_settle(run, object, COFFER_CLONED, 0, handle);
	else if (verdict == (uint32_t)COFFER_ST_OBJECT_ALREADY_EXISTS)
		clone_settle(run, object, COFFER_CLONE_EXISTS, 0, handle);
	else
		clone_settle(run, object, COFFER_CLONE_REFUSED, verdict, 0);
}

static coffer_rc insert(struct clone_run *run, struct batch *b, struct msg_out *req)
{
	struct reply reply;
	struct msg_in in;
	uint32_t pair[2], count;
	const uint8_t *rows;
	coffer_rc rc;

	rc = session_exec_reply(run->target, COFFER_CMD_CLONE_INSERT, req, &reply);
	if (rc)
		goto out;
	msg_in_init(&in, reply.data, reply.len);
	rows = msg_take_rows(&in, sizeof(pair), &count);
	rc = rows && count == b->n_sent ? 0 : -EIO;
	for (uint32_t i = 0; !rc && i < count; i++) {
		memcpy(pair, rows + i * sizeof(pair), sizeof(pair));
		clone_verdict(run, b->sent[i], le32toh(pair[0]), le32toh(pair[1]));
	}
out:
	reply_free(&reply);
	return rc;
}

/* An object that fills a reply alone cannot be moved; it stands in nobody else's way. */
static bool too_large(const struct batch *b, coffer_rc rc)
{
	return (rc == ST(BUFFER_TOO_SMALL) || rc == -EMSGSIZE) && b->n_sent <= 1 &&
	       !b->objects[0]->settled;
}

/* Under CPv1 EXTRACT ends the source's context and INSERT the target's, each with one object. */
static coffer_rc batch_relay(struct clone_run *run, struct batch *b)
{
	struct msg_out req;
	coffer_rc rc;

	msg_out_init(&req);
	rc = extract(run, b);
	if (!rc && is_v1(run))
		run->source_open = false;
	if (!rc)
		rc = blobs_take(run, b, &req);
	if (!rc && b->n_sent) {
		rc = insert(run, b, &req);
		if (rc >= 0 && is_v1(run))
			run->target_open = false;
	}
	msg_out_free(&req);
	reply_free(&b->extracted);
	return rc;
}

static coffer_rc batch_move(struct clone_run *run, struct batch *b)
{
	coffer_rc rc = batch_relay(run, b);

	if (too_large(b, rc)) {
		clone_settle(run, b->objects[0], COFFER_CLONE_REFUSED, ST(DATA_LEN_RANGE), 0);
		return 0;
	}
	if (!is_expiry(rc))
		return rc;
	b->expired = true;
	return 0;
}

/*
 * What was sent may have been stored, or not: it is refused with the transport's story, and a
 * second run finds out, because it skips what is there. The rest was not tried.
 */
static void batch_fail(struct clone_run *run, struct batch *b, coffer_rc rc)
{
	if (!b->n_sent)
		b->sent[b->n_sent++] = b->objects[0];
	for (size_t i = 0; i < b->n_sent; i++)
		if (!b->sent[i]->settled)
			clone_settle(run, b->sent[i], COFFER_CLONE_REFUSED, rc, 0);
	run->fatal = rc;
}

static coffer_rc context_renew(struct clone_run *run, const struct batch *b)
{
	if (!run->alone && !is_v1(run) && !b->expired)
		return 0;
	clone_abandon(run);
	return clone_negotiate(run);
}

/* The object that a failed negotiation was for. */
static void refuse_next(struct clone_run *run, coffer_rc rc)
{
	size_t i = 0;

	while (run->objects[i].settled)
		i++;
	clone_settle(run, &run->objects[i], COFFER_CLONE_REFUSED, rc, 0);
}

static size_t settled(const struct clone_run *run)
{
	const struct coffer_clone_report *r = run->report;

	return r->cloned + r->existing + r->refused;
}

/* In the objects' order: what was refused before the next one to be tried. */
static bool refused_so_far(const struct clone_run *run)
{
	for (size_t i = 0; i < run->report->count && run->objects[i].settled; i++)
		if (run->objects[i].item->result == COFFER_CLONE_REFUSED)
			return true;
	return false;
}

static bool go_on(const struct clone_run *run)
{
	if (run->fatal || clone_interrupted(run))
		return false;
	if (stops(run) && refused_so_far(run))
		return false;
	return settled(run) < run->report->count;
}

/* How often in a row a context may expire before anything moved in it. */
#define IDLE_MAX 2

void clone_move(struct clone_run *run)
{
	struct batch *b = malloc(sizeof(*b));
	size_t first = 0, idle = 0, before;
	bool begun = false;
	coffer_rc rc;

	run->fatal = b ? 0 : -ENOMEM;
	while (go_on(run)) {
		rc = begun ? context_renew(run, b) : run->refusal;
		begun = true;
		if (clone_is_of_one(run, rc)) {
			refuse_next(run, rc);
			continue;
		}
		if (rc) {
			run->fatal = rc;
			break;
		}
		before = settled(run);
		clone_stage(run, COFFER_STAGE_MOVE, before);
		batch_fill(run, b, &first);
		rc = batch_move(run, b);
		if (rc)
			batch_fail(run, b, rc);
		idle = settled(run) == before ? idle + 1 : 0;
		if (idle > IDLE_MAX)
			run->fatal = ST(SESSION_EXPIRED);
	}
	free(b);
}
