// SPDX-License-Identifier: BSD-3-Clause
/*
 * Requests and messages of cloning that are none: too short, too long, with bits that mean
 * nothing, without a part, without room for the answer. A request that is no request is refused
 * before anything happens, so the context goes on; a message that is none ends its context.
 */
#include "clone_pair.h"

/* ---- Requests ---------------------------------------------------------------------------- */

enum { NO_CONTEXT, OF_SOURCE, OF_TARGET };

struct request {
	uint16_t opcode;
	int context;			/* a first word of this context */
	uint32_t words[3];
	uint32_t count;			/* of the words */
	uint32_t more;			/* zero bytes behind them */
};

#define REQUEST(name, context, count, more, ...) \
	{ COFFER_CMD_CLONE_##name, context, { __VA_ARGS__ }, count, more }

static uint32_t send_request(const struct run *r, const struct request *q)
{
	static const uint8_t zero[CLONE_MSG_MAX + 1];
	bool source = q->context == OF_SOURCE || q->opcode == COFFER_CMD_CLONE_INVITE ||
		      q->opcode == COFFER_CMD_CLONE_ANSWER;
	struct call *c = call_new();
	uint32_t st;

	call_begin(c, source ? r->session_s : r->session_t);
	if (q->context)
		wire_put_u32(&c->req, q->context == OF_SOURCE ? r->context_s : r->context_t);
	for (uint32_t i = 0; i < q->count; i++)
		wire_put_u32(&c->req, q->words[i]);
	wire_put(&c->req, zero, q->more);
	st = call_run(source ? r->s : r->t, c, q->opcode);
	free(c);
	return st;
}

static const struct request negotiating[] = {
	REQUEST(INVITE, NO_CONTEXT, 1, 0, 1),			/* a reserved bit */
	REQUEST(INVITE, NO_CONTEXT, 1, 1, 0),
	REQUEST(START, NO_CONTEXT, 1, 0, 1),
	REQUEST(START, NO_CONTEXT, 2, 0, 0, 5),			/* m0 is not there */
	REQUEST(START, NO_CONTEXT, 2, 1, 0, 0),
	REQUEST(START, NO_CONTEXT, 2, CLONE_MSG_MAX + 1, 0, CLONE_MSG_MAX + 1),
	REQUEST(ANSWER, NO_CONTEXT, 2, 0, 0, 5),
	REQUEST(ANSWER, NO_CONTEXT, 2, 1, 0, 0),
	REQUEST(CONFIRM, OF_TARGET, 1, 0, 5),
	REQUEST(CONFIRM, OF_TARGET, 1, 1, 0),
	REQUEST(VERIFY, OF_SOURCE, 1, 0, 5),
	REQUEST(VERIFY, OF_SOURCE, 1, 1, 0),
	REQUEST(ACCEPT, OF_TARGET, 1, 0, 5),
	REQUEST(ACCEPT, OF_TARGET, 1, 1, 0),
};

static const struct request moving[] = {
	REQUEST(EXTRACT, OF_SOURCE, 1, 0, 0),
	REQUEST(EXTRACT, OF_SOURCE, 1, 4, 0),
	REQUEST(EXTRACT, OF_SOURCE, 2, 0, 2, 1),		/* two handles, one is there */
	REQUEST(EXTRACT, OF_SOURCE, 2, 1, 1, 1),
	REQUEST(EXTRACT, OF_SOURCE, 2, 4, 1, 1),
	REQUEST(EXTRACT, OF_SOURCE, 2, 0, 0x40000001, 1),	/* times 4 in 32 bits: 4 */
	REQUEST(INSERT, OF_TARGET, 1, 0, 0),
	REQUEST(INSERT, OF_TARGET, 1, 4, 0),
	REQUEST(INSERT, OF_TARGET, 2, 0, 2, 0),
	REQUEST(INSERT, OF_TARGET, 2, 0, 0x20000001, 0),
	REQUEST(INSERT, OF_TARGET, 2, 8, 1, 9),			/* a blob that is longer */
	REQUEST(INSERT, OF_TARGET, 2, 8, 1, 7),
	REQUEST(FINISH, OF_SOURCE, 0, 1),
	REQUEST(CLOSE, OF_TARGET, 1, 0, 5),
	REQUEST(CLOSE, OF_TARGET, 1, 1, 0),
};

static void refuse_all(const struct run *r, const struct request *q, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t st = send_request(r, &q[i]);

		if (st != (uint32_t)COFFER_ST_ARGUMENTS_BAD)
			fail_msg("row %zu of %#x: %#x", i, q[i].opcode, st);
	}
}

/* Before every step of a run that then succeeds. */
static void requests_that_are_none(void **state)
{
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_simple(NULL, "red");
	uint32_t handle = tc_make_aes(s, "k"), got, sent, received, missing;
	struct run *r = run_new(s, t);
	struct test_blob blob;

	(void)state;
	for (int i = 1; i < RUN_STEPS; i++) {
		assert_u32(run_step(r, i), COFFER_ST_OK);
		if (i >= 2)
			refuse_all(r, negotiating, sizeof(negotiating) / sizeof(negotiating[0]));
	}
	refuse_all(r, moving, sizeof(moving) / sizeof(moving[0]));
	assert_u32(run_extract(r, &handle, 1, &blob, &got), COFFER_ST_OK);
	assert_u32(run_insert_one(r, blob.p, blob.len, NULL), COFFER_ST_OK);
	blobs_free(&blob, 1);
	assert_u32(run_finish(r), COFFER_ST_OK);
	refuse_all(r, moving + 13, 2);
	assert_u32(run_close(r, true, &sent, &received, &missing), COFFER_ST_OK);
	assert_u32(sent, 1);
	assert_u32(received, 1);
	assert_u32(missing, 0);
	assert_u32(tc_count(t), 1);
	free(r);
	tc_free(s);
	tc_free(t);
}

/* An end of the list for a context that is not there, and for one that never gets one. */
static void end_of_no_list(void **state)
{
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_simple(NULL, "red");
	uint32_t sent, received, missing, context_t;
	struct run *r = run_new(s, t);

	(void)state;
	assert_u32(run_negotiate(r), COFFER_ST_OK);
	assert_u32(run_finish(r), COFFER_ST_OK);
	context_t = r->context_t;
	r->context_t ^= 1;
	assert_u32(run_close(r, true, &sent, &received, &missing), COFFER_ST_SESSION_ID_INVALID);
	assert_u32(run_close(r, false, &sent, &received, &missing), COFFER_ST_SESSION_ID_INVALID);
	r->context_t = context_t;
	assert_u32(run_close(r, true, &sent, &received, &missing), COFFER_ST_OK);
	assert_u32(sent | received | missing, 0);
	free(r);
	tc_free(s);
	tc_free(t);
}

/* CPv1 takes one object: two are no request, and one still comes. */
static void two_objects_under_cpv1(void **state)
{
	struct test_card *s = tc_simple("pcie-7.4", "red"), *t = tc_simple("pcie-7.4", "red");
	uint32_t handle = tc_make_aes(s, "k"), got, verdicts[2], handles[2];
	struct run *r = run_new(s, t);
	struct test_blob blobs[2];

	(void)state;
	assert_u32(run_negotiate(r), COFFER_ST_OK);
	assert_u32(r->protocol, COFFER_CLONE_CPV1);
	assert_u32(run_extract(r, &handle, 1, &blobs[0], &got), COFFER_ST_OK);
	blobs[1] = blobs[0];
	assert_u32(run_insert(r, blobs, 2, verdicts, handles), COFFER_ST_ARGUMENTS_BAD);
	assert_u32(tc_count(t), 0);
	assert_u32(run_insert_one(r, blobs[0].p, blobs[0].len, NULL), COFFER_ST_OK);
	assert_u32(tc_count(t), 1);
	blobs_free(blobs, 1);
	free(r);
	tc_free(s);
	tc_free(t);
}

/* ---- No room for the answer -------------------------------------------------------------- */

static uint32_t extract_into(const struct run *r, uint32_t handle, uint32_t room)
{
	struct call *c = call_new();
	uint32_t st;

	call_begin(c, r->session_s);
	wire_put_u32(&c->req, r->context_s);
	wire_put_u32(&c->req, 1);
	wire_put_u32(&c->req, handle);
	st = call_short(r->s, c, COFFER_CMD_CLONE_EXTRACT, room);
	free(c);
	return st;
}

static uint32_t insert_into(const struct run *r, const struct test_blob *blob, uint32_t room)
{
	struct call *c = call_new();
	uint32_t st;

	call_begin(c, r->session_t);
	wire_put_u32(&c->req, r->context_t);
	wire_put_u32(&c->req, 1);
	wire_put_blob(&c->req, blob->p, blob->len);
	st = call_short(r->t, c, COFFER_CMD_CLONE_INSERT, room);
	free(c);
	return st;
}

/* No sequence number is lost, no object stored: the same request with room is answered. */
static void no_room(void **state)
{
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_simple(NULL, "red");
	uint32_t handle = tc_make_aes(s, "k"), got;
	struct run *r = run_new(s, t);
	struct test_blob blob;

	(void)state;
	assert_u32(run_negotiate(r), COFFER_ST_OK);
	for (uint32_t room = 0; room < 4 + 8 + CLONE_BLOB_OVERHEAD; room++)
		assert_u32(extract_into(r, handle, room), COFFER_ST_BUFFER_TOO_SMALL);
	/* What is not to be had needs room too, but less. */
	assert_u32(extract_into(r, handle + 1000, 11), COFFER_ST_BUFFER_TOO_SMALL);
	assert_u32(extract_into(r, handle + 1000, 12), COFFER_ST_OK);
	assert_u32(run_extract(r, &handle, 1, &blob, &got), COFFER_ST_OK);
	for (uint32_t room = 0; room < 12; room++)
		assert_u32(insert_into(r, &blob, room), COFFER_ST_BUFFER_TOO_SMALL);
	assert_u32(tc_count(t), 0);
	assert_u32(insert_into(r, &blob, 12), COFFER_ST_OK);
	assert_u32(tc_count(t), 1);
	blobs_free(&blob, 1);
	run_give_up(r);
	free(r);
	tc_free(s);
	tc_free(t);
}

/* ---- Messages ---------------------------------------------------------------------------- */

static struct test_card *from, *to;

static int make_pair(void **state)
{
	(void)state;
	from = tc_simple(NULL, "red");
	to = tc_simple(NULL, "red");
	tc_suites_off(to);		/* CPv3: it has the most messages */
	return 0;
}

static int free_pair(void **state)
{
	(void)state;
	tc_free(from);
	tc_free(to);
	return 0;
}

/* A run up to message @which, that message changed, and the next step's verdict. */
static uint32_t changed(int which, void (*change)(struct msg *m, size_t n), size_t n)
{
	struct run *r = run_new(from, to);
	uint32_t st;

	r->invited = true;
	tc_forgive();
	for (int i = 0; i <= which; i++)
		assert_u32(run_step(r, i), COFFER_ST_OK);
	change(run_message(r, which), n);
	st = run_step(r, which + 1);
	/* Steps that have a context lose it. */
	if (st && which > 0)
		assert_u32(run_step(r, which + 1), COFFER_ST_SESSION_ID_INVALID);
	run_give_up(r);
	free(r);
	return st;
}

static void change_byte(struct msg *m, size_t at)
{
	m->p[at]++;
}

static void keep_short(struct msg *m, size_t len)
{
	m->len = len;
}

/* Magic, version, kind, reserved bits, the length: each alone. */
static void headers_that_are_none(void **state)
{
	static const size_t fields[] = { 0, 3, 4, 5, 6, 7, 8, 11 };

	(void)state;
	for (int which = 0; which <= 4; which++) {
		for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
			assert_u32(changed(which, change_byte, fields[i]),
				   COFFER_ST_CPV4_MSG_ERROR);
		assert_u32(changed(which, keep_short, CLONE_MSG_HEADER - 1),
			   COFFER_ST_CPV4_MSG_ERROR);
	}
}

static void put_u32(struct msg *m, size_t at, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		m->p[at + (size_t)i] = (uint8_t)(v >> 8 * i);
}

static size_t get_u32(const struct msg *m, size_t at)
{
	return m->p[at] | (size_t)m->p[at + 1] << 8 | (size_t)m->p[at + 2] << 16 |
	       (size_t)m->p[at + 3] << 24;
}

/* Certificate @n of m0, m1 (from 0) and m2 (from 2), which names its protocol before. */
static void cut_certificate(struct msg *m, size_t n)
{
	size_t at = CLONE_MSG_HEADER + CLONE_OFFER_LEN + (n >= 2 ? 8 : 0), len;

	if (n % 2)
		at += 4 + get_u32(m, at);
	len = get_u32(m, at);
	assert_in_range(len, 100, CRYPTO_DER_MAX);
	memmove(m->p + at + 4, m->p + at + 4 + len, m->len - at - 4 - len);
	m->len -= len;
	put_u32(m, at, 0);
	put_u32(m, 8, (uint32_t)m->len);
}

static void without_a_certificate(void **state)
{
	(void)state;
	for (int which = 0; which <= 2; which++)
		for (size_t n = 0; n < 2; n++)
			assert_u32(changed(which, cut_certificate, which == 2 ? n + 2 : n),
				   COFFER_ST_CERTIFICATE_DATA_MISSING);
	/* Nor is nothing at all a message. */
	assert_u32(changed(2, keep_short, 0), COFFER_ST_CPV4_MSG_ERROR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_that_are_none),
		cmocka_unit_test(end_of_no_list),
		cmocka_unit_test(two_objects_under_cpv1),
		cmocka_unit_test(no_room),
		cmocka_unit_test_setup_teardown(headers_that_are_none, make_pair, free_pair),
		cmocka_unit_test_setup_teardown(without_a_certificate, make_pair, free_pair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
