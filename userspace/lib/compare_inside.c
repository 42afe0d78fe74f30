// SPDX-License-Identifier: BSD-3-Clause
/*
 * Do two partitions hold the same objects, value and all? Their cards prove themselves and the
 * domain to each other, then each gives a digest per object under a key that only they have
 * (PROTOCOLS.md, "Digests"). A card that has no digests leaves it at the fingerprints.
 */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clone.h"

/* Of one request: the answers, 56 bytes each, fit into one reply. */
#define BATCH 128

/* One side's digests of a batch; the bytes are the reply's. */
struct digests {
	struct reply reply;
	coffer_rc verdict[BATCH];
	const void *bytes[BATCH];
	size_t len[BATCH];
	size_t count;
};

struct pair {
	struct clone_run *run;
	struct coffer_compare_report *report;
	bool swapped;			/* b is the source */
};

/* The card may answer for less than all, but for one at least. */
static coffer_rc digests_take(struct digests *d, size_t asked)
{
	struct msg_in in;
	uint32_t count;

	msg_in_init(&in, d->reply.data, d->reply.len);
	count = msg_take_u32(&in);
	if (in.bad || !count || count > asked)
		return -EIO;
	for (d->count = 0; d->count < count; d->count++) {
		d->verdict[d->count] = msg_take_u32(&in);
		d->bytes[d->count] = msg_take_blob(&in, &d->len[d->count]);
		if (!d->verdict[d->count] && d->len[d->count] < 32)
			return -EIO;
	}
	return msg_in_done(&in) ? 0 : -EIO;
}

static coffer_rc digests_ask(struct coffer_session *s, uint32_t context, const uint32_t *handles,
			     size_t count, struct digests *d)
{
	struct msg_out req;
	coffer_rc rc;

	clone_context_request(s, context, &req);
	msg_put_u32s(&req, handles, count);
	rc = session_exec_reply(s, COFFER_CMD_CLONE_DIGEST, &req, &d->reply);
	return rc ? rc : digests_take(d, count);
}

/* An object that one of the cards cannot give a digest of any more is not the same there. */
static bool same(const struct digests *a, const struct digests *b, size_t i)
{
	return !a->verdict[i] && !b->verdict[i] && a->len[i] == b->len[i] &&
	       !memcmp(a->bytes[i], b->bytes[i], a->len[i]);
}

static void settle(struct coffer_compare_report *r, struct coffer_compare_item *i, bool equal)
{
	r->same += equal;
	r->differ += !equal;
	i->result = equal ? COFFER_SAME : COFFER_DIFFERS;
}

/* @items: those that both have, of which the first *done got their result. */
static coffer_rc batch(struct pair *p, struct coffer_compare_item **items, size_t count,
		       size_t *done)
{
	struct clone_run *run = p->run;
	uint32_t of_a[BATCH], of_b[BATCH];
	struct digests *d = calloc(2, sizeof(*d));
	coffer_rc rc = d ? 0 : -ENOMEM;

	*done = 0;
	for (size_t i = 0; i < count; i++) {
		of_a[i] = items[i]->handle_a;
		of_b[i] = items[i]->handle_b;
	}
	if (!rc)
		rc = digests_ask(run->source, run->source_context, p->swapped ? of_b : of_a,
				 count, &d[0]);
	if (!rc)
		rc = digests_ask(run->target, run->target_context, p->swapped ? of_a : of_b,
				 count, &d[1]);
	for (; !rc && *done < d[0].count && *done < d[1].count; ++*done)
		settle(p->report, items[*done], same(&d[0], &d[1], *done));
	if (d) {
		reply_free(&d[0].reply);
		reply_free(&d[1].reply);
	}
	free(d);
	return rc;
}

/* Firmware without digests, or a role that gets none: what was found out before stands. */
static bool has_none(coffer_rc rc)
{
	return rc == ST(FUNCTION_NOT_SUPPORTED) || rc == ST(USER_NOT_AUTHORIZED);
}

static coffer_rc digests_compare(struct pair *p)
{
	struct coffer_compare_report *r = p->report;
	struct coffer_compare_item *items[BATCH];
	size_t at = 0, next = 0, count, done = 0, same_before = r->same, differ_before = r->differ;
	coffer_rc rc = 0;

	r->same = 0;
	r->differ = 0;
	while (!rc) {
		for (count = 0, next = at; next < r->count && count < BATCH; next++)
			if (r->items[next].handle_a && r->items[next].handle_b)
				items[count++] = &r->items[next];
		if (!count)
			break;
		rc = batch(p, items, count, &done);
		if (!rc)
			at = (size_t)(items[done - 1] - r->items) + 1;
	}
	if (!rc) {
		r->how = COFFER_BY_DIGEST;
	} else if (has_none(rc) && !at) {
		r->same = same_before;
		r->differ = differ_before;
		rc = 0;
	}
	return rc;
}

static coffer_rc inside(struct coffer_session *source, struct coffer_session *target, bool swapped,
			struct coffer_clone_report *run_report,
			struct coffer_compare_report *report)
{
	static const struct coffer_clone_options none;
	struct clone_run run = { .source = source, .target = target, .options = &none,
				 .report = run_report };
	struct pair p = { .run = &run, .report = report, .swapped = swapped };
	coffer_rc rc = clone_sessions_check(source, target);

	if (!rc)
		rc = clone_negotiate(&run);
	if (rc)
		return rc;
	rc = swapped ? coffer_compare(target, source, report) :
		       coffer_compare(source, target, report);
	if (!rc)
		rc = digests_compare(&p);
	clone_abandon(&run);
	return rc;
}

API coffer_rc coffer_compare_inside(struct coffer_session *a, struct coffer_session *b,
				    struct coffer_clone_report *run,
				    struct coffer_compare_report *report)
{
	coffer_rc rc;

	memset(run, 0, sizeof(*run));
	memset(report, 0, sizeof(*report));
	rc = inside(a, b, false, run, report);
	/* An older card takes nothing from a newer partition, but gives. */
	if (rc == ST(CLONE_DIRECTION))
		rc = inside(b, a, true, run, report);
	if (rc)
		coffer_compare_report_free(report);
	return rc;
}
