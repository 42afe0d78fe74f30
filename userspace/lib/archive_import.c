// SPDX-License-Identifier: BSD-3-Clause
/*
 * From an archive file to a partition. The card wants to have read all of the file, and found it
 * whole, before it stores anything of it; so the file is read twice (coffer_payload.h, "Archive
 * files"). What is in memory at a time is one part and one request.
 */
#include <endian.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive_file.h"

#define BATCH		512		/* objects in one request ... */
#define BATCH_BYTES	(COFFER_CMD_MAX_PAYLOAD - 64)	/* ... and its blobs */

struct import_run {
	struct clone_run clone;		/* its target and its objects */
	const char *path;
	struct archive_in *in;
	uint8_t end[256];		/* the file's last part */
	size_t end_len;
};

static void __attribute__((format(printf, 2, 3)))
why(struct import_run *run, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(run->clone.report->why, sizeof(run->clone.report->why), format, args);
	va_end(args);
}

/* ---- The head ----------------------------------------------------------------------------- */

static void who_may(struct import_run *run)
{
	struct coffer_card_details own;
	struct coffer_archive_info info;
	char list[160] = "";
	size_t n = 0;

	if (coffer_card_identify(run->clone.target->card, &own) ||
	    coffer_archive_file_info(run->path, &info))
		return;
	for (size_t i = 0; i < info.recipients && n < sizeof(list) - 24; i++)
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%llu", i ? ", " : "",
				      (unsigned long long)info.recipient[i]);
	why(run, "the archive is sealed to card%s %s, this is card %llu",
	    info.recipients == 1 ? "" : "s", list, (unsigned long long)own.serial);
}

static void open_words(struct import_run *run, coffer_rc rc)
{
	switch (rc) {
	case ST(ARCHIVE_RECIPIENT):
		who_may(run);
		break;
	case ST(SESSION_NEGOTIATION_NO_PSK):
		why(run, "the partition has not the domain that the archive was made with: see "
		    "partition domainlist, and partition domainadd (policy 44)");
		break;
	case ST(PROTOCOL_DISABLED):
		why(run, "archive files take firmware 7.7.0 or later, and policy 42 off on both "
		    "sides (partition changepolicy -policy 42 -value 0)");
		break;
	case ST(SESSION_NEGOTIATION_INVALID):
		why(run, "the head of the archive was changed: its signature is not genuine");
		break;
	case ST(CERTIFICATE_DATA_INVALID):
		why(run, "the archive was not written by a genuine card of this card's root");
		break;
	case ST(FUNCTION_NOT_SUPPORTED):
		why(run, "the card's firmware knows no archive files: update it");
		break;
	default:
		break;
	}
}

static coffer_rc head_open(struct import_run *run)
{
	struct coffer_session *s = run->clone.target;
	struct coffer_rep_clone rep;
	struct msg_out req;
	coffer_rc rc = archive_in_next(run->in);

	if (!rc && run->in->kind != PART_HEAD)
		rc = ST(CPV4_MSG_ERROR);
	if (rc == ST(CPV4_MSG_ERROR))
		why(run, "%s is no archive", run->path);
	if (rc)
		return rc;
	clone_stage(&run->clone, COFFER_STAGE_NEGOTIATE, 0);
	session_request(s, &req);
	msg_put_blob(&req, run->in->part, run->in->len);
	rc = session_exec_fixed(s, COFFER_CMD_ARCHIVE_OPEN, &req, &rep, sizeof(rep));
	if (rc) {
		open_words(run, rc);
		return rc;
	}
	run->clone.target_context = le32toh(rep.context);
	run->clone.target_open = true;
	run->clone.report->protocol = le32toh(rep.protocol);
	run->clone.report->suite = le32toh(rep.suite);
	run->clone.report->negotiations = 1;
	return 0;
}

/* ---- Requests of many blobs --------------------------------------------------------------- */

struct batch {
	struct msg_out blobs;
	uint32_t count;
	size_t first[BATCH];		/* numbers of the objects, from 0 */
};

static void batch_begin(struct batch *b)
{
	msg_out_init(&b->blobs);
	b->count = 0;
}

static bool batch_takes(const struct batch *b, size_t len, size_t most)
{
	return !b->count || (b->count < most && b->blobs.len + 4 + len <= BATCH_BYTES);
}

static void batch_add(struct batch *b, const struct archive_in *in, size_t number)
{
	msg_put_blob(&b->blobs, in->part, in->len);
	b->first[b->count++] = number;
}

/* Verdicts and handles, one pair each; `rows` points into the reply. Ends the batch. */
static coffer_rc batch_send(struct import_run *run, struct batch *b, uint16_t opcode,
			    struct reply *reply, const uint8_t **rows)
{
	struct coffer_session *s = run->clone.target;
	struct msg_out req;
	struct msg_in in;
	uint32_t count;
	coffer_rc rc = b->blobs.error;

	memset(reply, 0, sizeof(*reply));
	clone_context_request(s, run->clone.target_context, &req);
	msg_put_u32(&req, b->count);
	msg_put(&req, b->blobs.data, b->blobs.len);
	msg_out_free(&b->blobs);
	if (rc)
		msg_out_free(&req);
	else
		rc = session_exec_reply(s, opcode, &req, reply);
	if (rc)
		return rc;
	msg_in_init(&in, reply->data, reply->len);
	*rows = msg_take_rows(&in, 8, &count);
	return *rows && count == b->count ? 0 : -EIO;
}

static void row(const uint8_t *rows, uint32_t i, uint32_t *verdict, uint32_t *handle)
{
	uint32_t pair[2];

	memcpy(pair, rows + (size_t)i * sizeof(pair), sizeof(pair));
	*verdict = le32toh(pair[0]);
	*handle = le32toh(pair[1]);
}

/* ---- First reading: is it whole? ---------------------------------------------------------- */

/* One bad part makes the whole file bad. */
static coffer_rc blobs_read(struct import_run *run, struct batch *b)
{
	uint32_t verdict = 0, handle;
	const uint8_t *rows;
	struct reply reply;
	coffer_rc rc;

	if (!b->count)
		return 0;
	rc = batch_send(run, b, COFFER_CMD_ARCHIVE_READ, &reply, &rows);
	for (uint32_t i = 0; !rc && !verdict && i < b->count; i++) {
		row(rows, i, &verdict, &handle);
		if (verdict)
			why(run, "object %zu of the archive is not genuine: nothing was stored",
			    b->first[i] + 1);
	}
	reply_free(&reply);
	batch_begin(b);
	return rc ? rc : verdict;
}

static coffer_rc object_add(struct import_run *run, size_t *room)
{
	struct clone_run *c = &run->clone;
	size_t n = c->report->count, more = *room ? 2 * *room : 256;
	void *objects, *items;

	if (n == *room) {
		objects = realloc(c->objects, more * sizeof(*c->objects));
		if (objects)
			c->objects = objects;
		items = realloc(c->report->items, more * sizeof(*c->report->items));
		if (items)
			c->report->items = items;
		if (!objects || !items)
			return -ENOMEM;
		*room = more;
	}
	memset(&c->objects[n], 0, sizeof(c->objects[n]));
	memset(&c->report->items[n], 0, sizeof(c->report->items[n]));
	c->objects[n].item = &c->report->items[n];
	c->report->items[n].source_handle = (uint32_t)n + 1;
	archive_in_object(run->in, &c->objects[n]);
	c->report->count++;
	return 0;
}

/* The end, and nothing behind it. */
static coffer_rc end_keep(struct import_run *run)
{
	coffer_rc rc;

	if (run->in->kind != PART_END)
		return run->in->kind == PART_NONE ? ST(MAC_MISSING) : ST(CPV4_MSG_ERROR);
	if (run->in->len > sizeof(run->end))
		return ST(BAD_MAC);
	memcpy(run->end, run->in->part, run->in->len);
	run->end_len = run->in->len;
	rc = archive_in_next(run->in);
	return rc || run->in->kind == PART_NONE ? rc : ST(BAD_MAC);
}

static coffer_rc list_read(struct import_run *run, struct batch *b)
{
	size_t room = 0;
	coffer_rc rc;

	for (;;) {
		rc = archive_in_next(run->in);
		if (rc || run->in->kind != PART_BLOB)
			break;
		if (!batch_takes(b, run->in->len, BATCH))
			rc = blobs_read(run, b);
		if (!rc)
			rc = object_add(run, &room);
		if (rc)
			return rc;
		batch_add(b, run->in, run->clone.report->count - 1);
		if (clone_interrupted(&run->clone))
			return ST(CANCEL);
	}
	if (!rc)
		rc = end_keep(run);
	/* A part that is bad says more than an end that is missing behind it. */
	if (!rc || rc > 0) {
		coffer_rc read = blobs_read(run, b);

		rc = read ? read : rc;
	}
	return rc;
}

static coffer_rc list_check(struct import_run *run)
{
	struct coffer_rep_clone_close rep;
	struct msg_out req;

	clone_context_request(run->clone.target, run->clone.target_context, &req);
	msg_put_blob(&req, run->end, run->end_len);
	return session_exec_fixed(run->clone.target, COFFER_CMD_ARCHIVE_CHECK, &req, &rep,
				  sizeof(rep));
}

static coffer_rc verify(struct import_run *run, struct batch *b)
{
	coffer_rc rc = head_open(run);

	if (rc)
		return rc;
	clone_stage(&run->clone, COFFER_STAGE_VERIFY, 0);
	batch_begin(b);
	rc = list_read(run, b);
	msg_out_free(&b->blobs);
	if (!rc)
		rc = list_check(run);
	/* realloc may have moved them. */
	for (size_t i = 0; i < run->clone.report->count; i++)
		run->clone.objects[i].item = &run->clone.report->items[i];
	if (run->clone.report->why[0])
		return rc;
	if (rc == ST(MAC_MISSING))
		why(run, "the archive is cut short, or objects are missing in it: nothing was "
		    "stored");
	else if (rc == ST(BAD_MAC) || rc == ST(CPV4_MSG_ERROR))
		why(run, "the archive was changed: nothing was stored");
	return rc;
}

/* ---- Second reading: store ---------------------------------------------------------------- */

static coffer_rc blobs_insert(struct import_run *run, struct batch *b)
{
	uint32_t verdict, handle;
	const uint8_t *rows;
	struct reply reply;
	coffer_rc rc;

	if (!b->count)
		return 0;
	rc = batch_send(run, b, COFFER_CMD_CLONE_INSERT, &reply, &rows);
	for (uint32_t i = 0; i < b->count; i++) {
		struct clone_object *object = &run->clone.objects[b->first[i]];

		if (rc) {
			/* It may be there or not: a second run finds out. */
			clone_settle(&run->clone, object, COFFER_CLONE_REFUSED, rc, 0);
			continue;
		}
		row(rows, i, &verdict, &handle);
		clone_verdict(&run->clone, object, verdict, handle);
	}
	reply_free(&reply);
	batch_begin(b);
	return rc;
}

static bool goes_on(const struct clone_run *run)
{
	if (clone_interrupted(run))
		return false;
	return run->options->on_error != COFFER_ON_ERROR_STOP || !run->report->refused;
}

static coffer_rc objects_store(struct import_run *run, struct batch *b)
{
	struct clone_run *c = &run->clone;
	size_t most = c->options->on_error == COFFER_ON_ERROR_STOP ? 1 : BATCH;
	coffer_rc rc = archive_in_rewind(run->in);

	if (!rc)
		rc = archive_in_next(run->in);	/* the head */
	clone_stage(c, COFFER_STAGE_MOVE, 0);
	for (size_t i = 0; !rc && i < c->report->count && goes_on(c); i++) {
		rc = archive_in_next(run->in);
		if (!rc && run->in->kind != PART_BLOB)
			rc = ST(MAC_MISSING);	/* somebody changes it under us */
		if (rc || c->objects[i].settled)
			continue;
		if (!batch_takes(b, run->in->len, most)) {
			rc = blobs_insert(run, b);
			clone_stage(c, COFFER_STAGE_MOVE, i);
		}
		if (!rc && goes_on(c))
			batch_add(b, run->in, i);
	}
	if (!rc)
		rc = blobs_insert(run, b);
	return rc;
}

static coffer_rc store(struct import_run *run, struct batch *b)
{
	coffer_rc rc = clone_exists(&run->clone);

	if (rc || run->clone.options->dry_run)
		return rc;
	batch_begin(b);
	rc = objects_store(run, b);
	msg_out_free(&b->blobs);
	return rc;
}

/* ---- All of it ---------------------------------------------------------------------------- */

static coffer_rc check(struct import_run *run)
{
	struct clone_run *c = &run->clone;
	coffer_rc rc = session_direct(c->target);
	char *line;

	if (!rc)
		rc = context_check(c->target->card->ctx);
	if (!rc && !c->options->dry_run && !c->target->rw)
		rc = ST(SESSION_READ_ONLY);
	if (rc || c->options->no_preflight)
		return rc;
	line = clone_side_preflight(c->target, "target", &rc);
	if (line)
		why(run, "%s", line);
	free(line);
	return rc;
}

static void close_context(struct clone_run *c)
{
	struct coffer_rep_clone_close rep;

	if (c->target_open)
		clone_context_close(c->target, c->target_context, NULL, 0, &rep);
	c->target_open = false;
}

static coffer_rc run_all(struct import_run *run, struct batch *b, bool store_too)
{
	struct clone_run *c = &run->clone;
	coffer_rc rc = verify(run, b);

	if (!rc && store_too)
		rc = store(run, b);
	close_context(c);
	if (!store_too)
		return rc;
	c->fatal = rc;
	c->report->interrupted = clone_interrupted(c) && clone_unsettled(c);
	clone_settle_rest(c);
	if (rc && !c->report->cloned && !c->report->existing)
		return rc;
	clone_stage(c, COFFER_STAGE_DONE, c->report->count);
	return clone_outcome(c);
}

static coffer_rc import(struct coffer_session *target, const char *path,
			const struct coffer_clone_options *options,
			struct coffer_clone_report *report, bool store_too)
{
	struct import_run run = {
		.clone = {
			.source = target,
			.target = target,
			.options = options,
			.report = report,
		},
		.path = path,
	};
	struct batch *b = malloc(sizeof(*b));
	coffer_rc rc;

	memset(report, 0, sizeof(*report));
	rc = b ? check(&run) : -ENOMEM;
	if (!rc)
		run.in = archive_in_open(path, &rc);
	if (run.in)
		rc = run_all(&run, b, store_too);
	archive_in_close(run.in);
	free(run.clone.objects);
	free(b);
	return rc;
}

API coffer_rc coffer_archive_file_import(struct coffer_session *target, const char *path,
					 const struct coffer_clone_options *options,
					 struct coffer_clone_report *report)
{
	static const struct coffer_clone_options none;

	return import(target, path, options ? options : &none, report, true);
}

API coffer_rc coffer_archive_file_verify(struct coffer_session *session, const char *path,
					 size_t *objects, char **line)
{
	static const struct coffer_clone_options dry = { .dry_run = true };
	struct coffer_clone_report report;
	coffer_rc rc = import(session, path, &dry, &report, false);

	*objects = rc ? 0 : report.count;
	if (line)
		*line = report.why[0] ? strdup(report.why) : NULL;
	coffer_clone_report_free(&report);
	return rc;
}
