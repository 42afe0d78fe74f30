// SPDX-License-Identifier: BSD-3-Clause
/* The relay of the cloning tests: it carries messages, and lets a test touch each of them. */
#include "clone_pair.h"

struct run *run_new(struct test_card *s, struct test_card *t)
{
	struct run *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	r->s = s;
	r->t = t;
	r->session_s = s->session;
	r->session_t = t->session;
	return r;
}

static void put_msg(struct call *c, const struct msg *m)
{
	wire_put_blob(&c->req, m->p, m->len);
}

static void take_msg(struct call *c, struct msg *m)
{
	struct bytes b = wire_blob(&c->rep, sizeof(m->p));

	assert_true(wire_in_done(&c->rep));
	memcpy(m->p, b.p, b.len);
	m->len = b.len;
}

static void take_head(struct call *c, struct run *r, uint32_t *context)
{
	*context = wire_u32(&c->rep);
	r->protocol = wire_u32(&c->rep);
	r->suite = wire_u32(&c->rep);
	assert_in_range(wire_u32(&c->rep), 1, 3600);
}

uint32_t run_invite(struct run *r)
{
	struct call *c = call_new();
	uint32_t st;

	r->invited = true;
	call_begin(c, r->session_s);
	wire_put_u32(&c->req, 0);
	st = call_run(r->s, c, COFFER_CMD_CLONE_INVITE);
	if (!st) {
		take_head(c, r, &r->context_s);
		take_msg(c, &r->m0);
	}
	free(c);
	return st;
}

uint32_t run_start(struct run *r)
{
	struct call *c = call_new();
	uint32_t st;

	call_begin(c, r->session_t);
	wire_put_u32(&c->req, 0);
	if (r->invited)
		put_msg(c, &r->m0);
	st = call_run(r->t, c, COFFER_CMD_CLONE_START);
	if (!st) {
		take_head(c, r, &r->context_t);
		take_msg(c, &r->m1);
	}
	free(c);
	return st;
}

uint32_t run_answer(struct run *r)
{
	struct call *c = call_new();
	uint32_t st;

	call_begin(c, r->session_s);
	wire_put_u32(&c->req, r->invited ? r->context_s : 0);
	put_msg(c, &r->m1);
	st = call_run(r->s, c, COFFER_CMD_CLONE_ANSWER);
	if (!st) {
		take_head(c, r, &r->context_s);
		take_msg(c, &r->m2);
	}
	free(c);
	return st;
}

/* Steps 3 and 4 have the same shape. */
static uint32_t turn(struct run *r, struct test_card *card, uint32_t session, uint32_t *context,
		     uint16_t opcode, const struct msg *in, struct msg *out)
{
	struct call *c = call_new();
	uint32_t st;

	call_begin(c, session);
	wire_put_u32(&c->req, *context);
	put_msg(c, in);
	st = call_run(card, c, opcode);
	if (!st && out) {
		take_head(c, r, context);
		take_msg(c, out);
	}
	free(c);
	return st;
}

uint32_t run_confirm(struct run *r)
{
	return turn(r, r->t, r->session_t, &r->context_t, COFFER_CMD_CLONE_CONFIRM, &r->m2,
		    &r->m3);
}

uint32_t run_verify(struct run *r)
{
	return turn(r, r->s, r->session_s, &r->context_s, COFFER_CMD_CLONE_VERIFY, &r->m3,
		    &r->m4);
}

uint32_t run_accept(struct run *r)
{
	return turn(r, r->t, r->session_t, &r->context_t, COFFER_CMD_CLONE_ACCEPT, &r->m4, NULL);
}

uint32_t run_step(struct run *r, int message)
{
	static uint32_t (*const steps[])(struct run *) = {
		run_invite, run_start, run_answer, run_confirm, run_verify, run_accept,
	};

	return steps[message](r);
}

struct msg *run_message(struct run *r, int message)
{
	struct msg *const all[] = { &r->m0, &r->m1, &r->m2, &r->m3, &r->m4 };

	return all[message];
}

uint32_t run_negotiate(struct run *r)
{
	uint32_t st = COFFER_ST_OK;

	for (int i = r->invited ? 0 : 1; !st && i < RUN_STEPS; i++)
		st = run_step(r, i);
	return st;
}

/* As a library would: it begins with the source where only CPv3 can be the result. */
uint32_t run_clever(struct run *r)
{
	uint32_t st = run_negotiate(r);

	if (st != (uint32_t)COFFER_ST_PROTOCOL_DISABLED || r->invited)
		return st;
	run_give_up(r);
	r->context_s = 0;
	r->context_t = 0;
	r->invited = true;
	return run_negotiate(r);
}

uint32_t run_finish(struct run *r)
{
	struct call *c = call_new();
	uint32_t st;

	call_begin(c, r->session_s);
	wire_put_u32(&c->req, r->context_s);
	st = call_run(r->s, c, COFFER_CMD_CLONE_FINISH);
	if (!st)
		take_msg(c, &r->m5);
	free(c);
	return st;
}

static uint32_t close_context(struct test_card *card, uint32_t session, uint32_t context,
			      const struct msg *m5, struct call *c)
{
	call_begin(c, session);
	wire_put_u32(&c->req, context);
	wire_put_blob(&c->req, m5 ? m5->p : NULL, m5 ? m5->len : 0);
	return call_run(card, c, COFFER_CMD_CLONE_CLOSE);
}

uint32_t run_close(struct run *r, bool with_m5, uint32_t *sent, uint32_t *received,
		   uint32_t *missing)
{
	struct call *c = call_new();
	uint32_t st = close_context(r->t, r->session_t, r->context_t, with_m5 ? &r->m5 : NULL, c);

	*sent = wire_u32(&c->rep);
	*received = wire_u32(&c->rep);
	*missing = wire_u32(&c->rep);
	free(c);
	return st;
}

void run_give_up(struct run *r)
{
	struct call *c = call_new();

	if (r->context_t)
		close_context(r->t, r->session_t, r->context_t, NULL, c);
	if (r->context_s)
		close_context(r->s, r->session_s, r->context_s, NULL, c);
	free(c);
}

/* ---- Objects ----------------------------------------------------------------------------- */

uint32_t run_extract(struct run *r, const uint32_t *handles, uint32_t count,
		     struct test_blob *blobs, uint32_t *got)
{
	struct call *c = call_new();
	uint32_t st;

	*got = 0;
	call_begin(c, r->session_s);
	wire_put_u32(&c->req, r->context_s);
	wire_put_u32(&c->req, count);
	for (uint32_t i = 0; i < count; i++)
		wire_put_u32(&c->req, handles[i]);
	st = call_run(r->s, c, COFFER_CMD_CLONE_EXTRACT);
	if (!st) {
		*got = wire_u32(&c->rep);
		assert_in_range(*got, 1, count);
	}
	for (uint32_t i = 0; i < *got; i++) {
		struct bytes b;

		blobs[i].verdict = wire_u32(&c->rep);
		b = wire_blob(&c->rep, COFFER_CMD_MAX_PAYLOAD);
		blobs[i].len = b.len;
		blobs[i].p = malloc(b.len + 1);
		assert_non_null(blobs[i].p);
		memcpy(blobs[i].p, b.p, b.len);
		assert_true(blobs[i].verdict ? !b.len : b.len > 0);
	}
	if (!st)
		assert_true(wire_in_done(&c->rep));
	free(c);
	return st;
}

uint32_t run_insert(struct run *r, const struct test_blob *blobs, uint32_t count,
		    uint32_t *verdicts, uint32_t *handles)
{
	struct call *c = call_new();
	uint32_t st;

	call_begin(c, r->session_t);
	wire_put_u32(&c->req, r->context_t);
	wire_put_u32(&c->req, count);
	for (uint32_t i = 0; i < count; i++)
		wire_put_blob(&c->req, blobs[i].p, blobs[i].len);
	st = call_run(r->t, c, COFFER_CMD_CLONE_INSERT);
	if (!st)
		assert_u32(wire_u32(&c->rep), count);
	for (uint32_t i = 0; !st && i < count; i++) {
		verdicts[i] = wire_u32(&c->rep);
		handles[i] = wire_u32(&c->rep);
		assert_true(verdicts[i] ? !handles[i] : handles[i]);
	}
	if (!st)
		assert_true(wire_in_done(&c->rep));
	free(c);
	return st;
}

uint32_t run_insert_one(struct run *r, const void *blob, size_t len, uint32_t *handle)
{
	struct test_blob b = { .len = len, .p = (uint8_t *)blob };
	uint32_t verdict = COFFER_ST_GENERAL_ERROR, new_handle = 0;
	uint32_t st = run_insert(r, &b, 1, &verdict, &new_handle);

	if (handle)
		*handle = st ? 0 : new_handle;
	return st ? st : verdict;
}

void blobs_free(struct test_blob *blobs, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		free(blobs[i].p);
		blobs[i].p = NULL;
	}
}

uint32_t clone_one(struct test_card *s, struct test_card *t, uint32_t handle,
		   uint32_t *new_handle)
{
	struct run *r = run_new(s, t);
	struct test_blob blob = { 0 };
	uint32_t got, st = run_negotiate(r);

	*new_handle = 0;
	if (!st)
		st = run_extract(r, &handle, 1, &blob, &got);
	if (!st)
		st = blob.verdict;
	if (!st)
		st = run_insert_one(r, blob.p, blob.len, new_handle);
	free(blob.p);
	run_give_up(r);
	free(r);
	return st;
}
