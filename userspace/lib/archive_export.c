// SPDX-License-Identifier: BSD-3-Clause
/*
 * From a partition to an archive file: the card seals, this file carries (coffer_payload.h,
 * "Archive files").
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive_file.h"

#define BATCH 512		/* handles in one EXTRACT; the card stops when its reply is full */

/* ---- Certificates ------------------------------------------------------------------------- */

API coffer_rc coffer_card_certificate(struct coffer_card *card, enum coffer_certificate_use use,
				      struct coffer_certificate *out)
{
	const void *der = NULL;
	struct reply reply;
	struct msg_out req;
	struct msg_in in;
	size_t len = 0, der_len = 0;
	coffer_rc rc;

	memset(out, 0, sizeof(*out));
	if (use > COFFER_CERTIFICATE_ROOT)
		return -EINVAL;
	msg_out_init(&req);
	rc = card_exec_reply(card, COFFER_CMD_CERTIFICATES, 0, &req, &reply);
	if (rc)
		goto out;
	msg_in_init(&in, reply.data, reply.len);
	for (unsigned int i = COFFER_CERTIFICATE_WRAP; i <= COFFER_CERTIFICATE_ROOT; i++) {
		const void *next = msg_take_blob(&in, &len);

		if (i == use) {
			der = next;
			der_len = len;
		}
	}
	rc = msg_in_done(&in) && der_len && der_len <= sizeof(out->der) ? 0 : -EIO;
	if (!rc) {
		memcpy(out->der, der, der_len);
		out->len = der_len;
	}
out:
	reply_free(&reply);
	return rc;
}

/* ---- The run ------------------------------------------------------------------------------ */

struct export_run {
	struct clone_run clone;		/* its source and its objects */
	const struct coffer_archive_target *to;
	struct archive_out file;
	bool written;			/* the file is there, under its name */
};

static void why(struct export_run *run, char *line)
{
	if (line)
		snprintf(run->clone.report->why, sizeof(run->clone.report->why), "%s", line);
	free(line);
}

/* What the card's words leave out. */
static char *create_words(const struct export_run *run, coffer_rc rc)
{
	switch (rc) {
	case ST(CERTIFICATE_DATA_INVALID):
		return text_of("a recipient's certificate is no wrapping certificate of the "
			       "factory root that this card believes: take it from the recipient "
			       "with hsm certificate");
	case ST(DOMAIN_LABEL_INVALID):
		return text_of("the partition has no domain %s: see partition domainlist",
			       run->to->domain);
	case ST(ARGUMENTS_BAD):
		return text_of("one card is named twice among the recipients");
	case ST(PROTOCOL_DISABLED):
		return text_of("archive files take firmware 7.7.0 or later, and policy 42 off "
			       "(partition changepolicy -policy 42 -value 0)");
	case ST(FUNCTION_NOT_SUPPORTED):
		return text_of("the card's firmware knows no archive files: update it");
	default:
		return NULL;
	}
}

static coffer_rc head_take(struct export_run *run, const struct reply *reply)
{
	struct coffer_rep_clone head;
	const void *bytes, *fixed;
	struct msg_in in;
	size_t len;

	msg_in_init(&in, reply->data, reply->len);
	fixed = msg_take(&in, sizeof(head));
	bytes = msg_take_blob(&in, &len);
	if (!msg_in_done(&in))
		return -EIO;
	memcpy(&head, fixed, sizeof(head));
	run->clone.source_context = le32toh(head.context);
	run->clone.source_open = true;
	run->clone.report->protocol = le32toh(head.protocol);
	run->clone.report->suite = le32toh(head.suite);
	run->clone.report->negotiations = 1;
	return run->file.name ? archive_out_put(&run->file, bytes, len) : 0;
}

static coffer_rc create(struct export_run *run)
{
	struct reply reply;
	struct msg_out req;
	coffer_rc rc;

	session_request(run->clone.source, &req);
	msg_put_text(&req, run->to->domain);
	msg_put_u32(&req, (uint32_t)run->to->count);
	for (size_t i = 0; i < run->to->count; i++)
		msg_put_blob(&req, run->to->recipients[i].der, run->to->recipients[i].len);
	rc = session_exec_reply(run->clone.source, COFFER_CMD_ARCHIVE_CREATE, &req, &reply);
	if (rc)
		why(run, create_words(run, rc));
	else
		rc = head_take(run, &reply);
	reply_free(&reply);
	return rc;
}

/* ---- Objects ------------------------------------------------------------------------------ */

static coffer_rc blobs_take(struct export_run *run, const struct reply *reply, size_t *next,
			    size_t asked)
{
	struct msg_in in;
	uint32_t count, verdict;
	const void *blob;
	size_t len;
	coffer_rc rc = 0;

	msg_in_init(&in, reply->data, reply->len);
	count = msg_take_u32(&in);
	if (in.bad || !count || count > asked)
		return -EIO;
	for (uint32_t i = 0; !rc && i < count; i++, ++*next) {
		struct clone_object *object = &run->clone.objects[*next];

		verdict = msg_take_u32(&in);
		blob = msg_take_blob(&in, &len);
		if (in.bad || (!verdict && !len))
			return -EIO;
		if (!verdict)
			rc = archive_out_put(&run->file, blob, len);
		if (!rc)
			clone_settle(&run->clone, object, verdict ? COFFER_CLONE_REFUSED :
				     COFFER_CLONED, verdict, 0);
	}
	return rc ? rc : msg_in_done(&in) ? 0 : -EIO;
}

/* From *next on, as many as the card gives; up to one that is settled already. */
static coffer_rc batch(struct export_run *run, size_t *next, size_t room)
{
	struct clone_run *clone = &run->clone;
	struct reply reply;
	struct msg_out req;
	size_t n = 0;
	coffer_rc rc;

	while (n < room && *next + n < clone->report->count && !clone->objects[*next + n].settled)
		n++;
	clone_context_request(clone->source, clone->source_context, &req);
	msg_put_u32(&req, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		msg_put_u32(&req, clone->objects[*next + i].item->source_handle);
	rc = session_exec_reply(clone->source, COFFER_CMD_CLONE_EXTRACT, &req, &reply);
	if (rc == ST(BUFFER_TOO_SMALL) || rc == -EMSGSIZE)
		clone_settle(clone, &clone->objects[(*next)++], COFFER_CLONE_REFUSED,
			     ST(DATA_LEN_RANGE), 0);
	else if (!rc)
		rc = blobs_take(run, &reply, next, n);
	reply_free(&reply);
	return rc == ST(BUFFER_TOO_SMALL) || rc == -EMSGSIZE ? 0 : rc;
}

static bool goes_on(const struct clone_run *run)
{
	if (clone_interrupted(run))
		return false;
	return run->options->on_error != COFFER_ON_ERROR_STOP || !run->report->refused;
}

static coffer_rc objects_write(struct export_run *run)
{
	struct clone_run *clone = &run->clone;
	size_t room = clone->options->on_error == COFFER_ON_ERROR_STOP ? 1 : BATCH;
	size_t next = 0;
	coffer_rc rc = 0;

	while (!rc && next < clone->report->count && goes_on(clone)) {
		clone_stage(clone, COFFER_STAGE_MOVE, next);
		if (clone->objects[next].settled)
			next++;
		else
			rc = batch(run, &next, room);
	}
	return rc;
}

static coffer_rc end_write(struct export_run *run)
{
	struct reply reply;
	struct msg_out req;
	struct msg_in in;
	const void *end;
	size_t len;
	coffer_rc rc;

	clone_context_request(run->clone.source, run->clone.source_context, &req);
	rc = session_exec_reply(run->clone.source, COFFER_CMD_CLONE_FINISH, &req, &reply);
	run->clone.source_open = rc != 0;
	if (!rc) {
		msg_in_init(&in, reply.data, reply.len);
		end = msg_take_blob(&in, &len);
		rc = msg_in_done(&in) ? archive_out_put(&run->file, end, len) : -EIO;
	}
	reply_free(&reply);
	return rc;
}

/* ---- All of it ---------------------------------------------------------------------------- */

static coffer_rc check(struct export_run *run)
{
	coffer_rc rc = session_direct(run->clone.source);

	if (!rc)
		rc = context_check(run->clone.source->card->ctx);
	if (!rc && (!run->to->path || !run->to->count || !run->to->recipients ||
		    run->to->count > COFFER_ARCHIVE_RECIPIENTS))
		rc = -EINVAL;
	/* Said again, and then for certain, when it gets its name. */
	if (!rc && !run->to->replace && !run->clone.options->dry_run &&
	    !faccessat(AT_FDCWD, run->to->path, F_OK, AT_SYMLINK_NOFOLLOW))
		rc = -EEXIST;
	if (!rc && !run->clone.options->no_preflight)
		why(run, clone_side_preflight(run->clone.source, "source", &rc));
	return rc;
}

/* Part of the keys must not pass for an archive, unless that was asked for. */
static bool keeps(const struct clone_run *run)
{
	const struct coffer_clone_report *r = run->report;

	if (r->not_tried || clone_unsettled(run))
		return false;
	return !r->refused || (run->options->on_error == COFFER_ON_ERROR_GO_ON && r->cloned);
}

static coffer_rc write_all(struct export_run *run)
{
	coffer_rc rc = archive_out_open(&run->file, run->to->path);

	if (!rc)
		rc = create(run);
	if (!rc)
		rc = objects_write(run);
	if (rc || !keeps(&run->clone)) {
		archive_out_drop(&run->file);
		return rc;
	}
	rc = end_write(run);
	if (rc) {
		archive_out_drop(&run->file);
		return rc;
	}
	rc = archive_out_done(&run->file, run->to->replace);
	run->written = !rc;
	return rc;
}

/* No object is in a file that is not there. */
static void take_back(struct coffer_clone_report *r)
{
	for (size_t i = 0; i < r->count; i++) {
		if (r->items[i].result != COFFER_CLONED)
			continue;
		r->items[i].result = COFFER_CLONE_NOT_TRIED;
		r->items[i].rc = ST(CLONE_NOT_ATTEMPTED);
		r->cloned--;
		r->not_tried++;
	}
}

static coffer_rc run_all(struct export_run *run)
{
	struct clone_run *clone = &run->clone;
	coffer_rc rc;

	clone_stage(clone, COFFER_STAGE_VERIFY, 0);
	rc = clone_plan(clone);
	if (!rc && clone->options->dry_run) {
		rc = create(run);
		if (!rc)
			rc = clone_forecast(clone);
	} else if (!rc) {
		rc = write_all(run);
	}
	if (clone->source_open)
		clone_context_close(clone->source, clone->source_context, NULL, 0,
				    &(struct coffer_rep_clone_close){ 0 });
	if (rc)
		return rc;
	clone->report->interrupted = clone_interrupted(clone) && clone_unsettled(clone);
	clone_settle_rest(clone);
	clone_stage(clone, COFFER_STAGE_DONE, clone->report->count);
	return clone_outcome(clone);
}

API coffer_rc coffer_archive_file_export(struct coffer_session *source,
					 const struct coffer_archive_target *to,
					 const struct coffer_clone_options *options,
					 struct coffer_clone_report *report)
{
	static const struct coffer_clone_options none;
	struct export_run run = {
		.clone = {
			.source = source,
			.target = source,	/* the file's rules are the source's own */
			.options = options ? options : &none,
			.report = report,
		},
		.to = to,
		.file = { .fd = -1 },
	};
	coffer_rc rc;

	memset(report, 0, sizeof(*report));
	rc = check(&run);
	if (!rc)
		rc = run_all(&run);
	if (rc && run.clone.objects)
		clone_settle_rest(&run.clone);
	if (!run.written)
		take_back(report);
	free(run.clone.objects);
	return rc;
}
