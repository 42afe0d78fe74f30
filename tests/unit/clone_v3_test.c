// SPDX-License-Identifier: BSD-3-Clause
/*
 * CPv3: the source begins. Who begins is the relay's doing, so both cards refuse it wherever the
 * decision table says something else; and what m0 says has to be true to the end.
 */
#include "clone_two.h"

#define OFFER_AT	CLONE_MSG_HEADER
#define NONCE_AT	(OFFER_AT + 96)
#define CERT_AT		(OFFER_AT + CLONE_OFFER_LEN)

static int make_cards(void **state)
{
	make_pair(state);
	tc_suites_off(t);
	return 0;
}

static struct run *invited(void)
{
	struct run *r = run_new(s, t);

	r->invited = true;
	return r;
}

/* Many objects in one session, with an end to the list. */
/* row 24 */
static void many_objects(void **state)
{
	enum { N = 20 };
	uint32_t handles[N], verdicts[N], copies[N], got, sent, received, missing;
	struct test_blob blobs[N];
	struct run *r = invited();

	(void)state;
	for (int i = 0; i < N; i++)
		handles[i] = i % 2 ? tc_make_aes(s, "k") : tc_make_value(s, "v", true, "x", 1);
	assert_u32(run_negotiate(r), COFFER_ST_OK);
	assert_u32(r->protocol, COFFER_CLONE_CPV3);
	assert_u32(r->suite, 0);
	assert_u32(run_extract(r, handles, N, blobs, &got), COFFER_ST_OK);
	assert_u32(got, N);
	assert_u32(run_insert(r, blobs, N, verdicts, copies), COFFER_ST_OK);
	for (int i = 0; i < N; i++)
		assert_u32(verdicts[i], COFFER_ST_OK);
	assert_u32(run_finish(r), COFFER_ST_OK);
	assert_u32(run_close(r, true, &sent, &received, &missing), COFFER_ST_OK);
	assert_u32(sent, N);
	assert_u32(missing, 0);
	assert_u32(tc_count(t), N);
	blobs_free(blobs, N);
	free(r);
}

/* Without m0 there is no CPv3: neither card lets the relay begin at the other end. */
static void not_without_m0(void **state)
{
	struct run *r = run_new(s, t);

	(void)state;
	assert_u32(run_start(r), COFFER_ST_OK);
	assert_u32(run_answer(r), COFFER_ST_PROTOCOL_DISABLED);
	run_give_up(r);
	/* An m1 without an invitation for a source that made one, and the other way round. */
	r->context_s = 0;
	assert_u32(run_start(r), COFFER_ST_OK);
	assert_u32(run_invite(r), COFFER_ST_OK);
	assert_u32(run_answer(r), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	run_give_up(r);
	assert_u32(run_invite(r), COFFER_ST_OK);
	assert_u32(run_start(r), COFFER_ST_OK);
	r->invited = false;
	assert_u32(run_answer(r), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	run_give_up(r);
	free(r);
}

/* With m0 there is nothing but CPv3. */
static void nothing_else_with_m0(void **state)
{
	struct run *r = invited();

	(void)state;
	for (uint32_t id = 1; id <= 3; id++)
		tc_suite_set(t, id, true);
	assert_u32(run_invite(r), COFFER_ST_OK);
	assert_u32(run_start(r), COFFER_ST_PROTOCOL_DISABLED);
	run_give_up(r);
	tc_policy_set(t, false, 42, 1);
	assert_u32(run_invite(r), COFFER_ST_OK);
	assert_u32(run_start(r), COFFER_ST_PROTOCOL_DISABLED);
	run_give_up(r);
	/* A source that may not have CPv3 does not even begin. */
	tc_policy_set(s, false, 42, 1);
	assert_u32(run_invite(r), COFFER_ST_PROTOCOL_DISABLED);
	r->invited = false;
	r->context_s = 0;
	assert_u32(run_negotiate(r), COFFER_ST_OK);
	assert_u32(r->protocol, COFFER_CLONE_CPV1);
	run_give_up(r);
	free(r);
}

static void put_u32(struct msg *m, size_t at, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		m->p[at + i] = (uint8_t)(v >> (8 * i));
}

/*
 * Both have CPv4; the relay takes the suites out of m0 and, for the source, out of m1: each card
 * is then ready for CPv3, until it hears what the other one really said.
 */
static void cannot_be_forced(void **state)
{
	struct run *r = invited();

	(void)state;
	for (uint32_t id = 1; id <= 3; id++)
		tc_suite_set(t, id, true);
	assert_u32(run_invite(r), COFFER_ST_OK);
	put_u32(&r->m0, OFFER_AT + 56, 0);
	assert_u32(run_start(r), COFFER_ST_OK);
	assert_u32(r->protocol, COFFER_CLONE_CPV3);
	assert_u32(run_answer(r), COFFER_ST_PROTOCOL_DISABLED);
	run_give_up(r);
	assert_u32(run_invite(r), COFFER_ST_OK);
	put_u32(&r->m0, OFFER_AT + 56, 0);
	assert_u32(run_start(r), COFFER_ST_OK);
	put_u32(&r->m1, OFFER_AT + 56, 0);
	assert_u32(run_answer(r), COFFER_ST_OK);
	assert_u32(r->protocol, COFFER_CLONE_CPV3);
	assert_u32(run_confirm(r), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	run_give_up(r);
	r->invited = false;
	r->context_s = 0;
	assert_u32(run_negotiate(r), COFFER_ST_OK);
	assert_u32(r->protocol, COFFER_CLONE_CPV4);
	run_give_up(r);
	free(r);
}

/* m0 of an earlier time, of another source, for another target. */
static void replays(void **state)
{
	struct test_card *x = tc_simple(NULL, "red");
	struct run *old = invited(), *r = invited(), *other = run_new(x, t);

	(void)state;
	other->invited = true;
	assert_u32(run_negotiate(old), COFFER_ST_OK);
	assert_u32(run_invite(other), COFFER_ST_OK);
	/* The target cannot know: the source's answer tells it. */
	assert_u32(run_invite(r), COFFER_ST_OK);
	r->m0 = old->m0;
	assert_u32(run_start(r), COFFER_ST_OK);
	assert_u32(run_answer(r), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	run_give_up(r);
	assert_u32(run_invite(r), COFFER_ST_OK);
	r->m0 = other->m0;
	assert_u32(run_start(r), COFFER_ST_OK);
	assert_u32(run_answer(r), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	run_give_up(r);
	/* The same nonce under another offer: the source's own m0 has another hash. */
	assert_u32(run_invite(r), COFFER_ST_OK);
	put_u32(&r->m0, OFFER_AT + 40, 0x070707);
	assert_u32(run_start(r), COFFER_ST_OK);
	assert_u32(run_answer(r), COFFER_ST_OK);
	assert_u32(run_confirm(r), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	run_give_up(r);
	/* The answer and the proof of the old run. */
	assert_u32(run_invite(r), COFFER_ST_OK);
	assert_u32(run_start(r), COFFER_ST_OK);
	r->m1 = old->m1;
	assert_u32(run_answer(r), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	r->m2 = old->m2;
	assert_u32(run_confirm(r), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	run_give_up(r);
	run_give_up(old);
	run_give_up(other);
	/* One invitation, one answer. */
	assert_u32(run_invite(r), COFFER_ST_OK);
	assert_u32(run_start(r), COFFER_ST_OK);
	assert_u32(run_answer(r), COFFER_ST_OK);
	assert_u32(run_answer(r), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	run_give_up(r);
	free(old);
	free(r);
	free(other);
	tc_free(x);
}

static void bad_m0(void **state)
{
	struct test_card *x = tc_simple(NULL, "red");
	struct run *r = invited(), *other = run_new(x, t);
	struct msg good;

	(void)state;
	assert_u32(run_invite(other), COFFER_ST_OK);
	assert_u32(run_invite(r), COFFER_ST_OK);
	good = r->m0;
	r->m0.len = 0;
	assert_u32(run_start(r), COFFER_ST_CPV4_MSG_ERROR);
	r->m0 = good;
	r->m0.p[5] = CLONE_M1;
	assert_u32(run_start(r), COFFER_ST_CPV4_MSG_ERROR);
	/* It answers nobody. */
	r->m0 = good;
	r->m0.p[NONCE_AT + CLONE_NONCE] = 1;
	assert_u32(run_start(r), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	/* Certificates of a third card; its serial number with them makes it that card's. */
	memcpy(r->m0.p + CERT_AT, other->m0.p + CERT_AT, other->m0.len - CERT_AT);
	r->m0.p[NONCE_AT + CLONE_NONCE] = 0;
	r->m0.len = other->m0.len;
	put_u32(&r->m0, 8, (uint32_t)r->m0.len);
	assert_u32(run_start(r), COFFER_ST_CERTIFICATE_DATA_INVALID);
	/* The sides are bound: the source's invitation is no target's offer. */
	r->m0 = good;
	r->m0.p[OFFER_AT + 2] = CLONE_TARGET;
	assert_u32(run_start(r), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	r->m0 = good;
	assert_u32(run_start(r), COFFER_ST_OK);
	assert_u32(run_answer(r), COFFER_ST_OK);
	run_give_up(r);
	run_give_up(other);
	free(r);
	free(other);
	tc_free(x);
}

/* What was offered in m0 must still be true when m1 is answered, and when keys are made. */
static void changed_meanwhile(void **state)
{
	struct run *r = invited();

	(void)state;
	assert_u32(run_invite(r), COFFER_ST_OK);
	assert_u32(run_start(r), COFFER_ST_OK);
	tc_suite_set(s, 1, false);
	assert_u32(run_answer(r), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	run_give_up(r);
	assert_u32(run_invite(r), COFFER_ST_OK);
	assert_u32(run_start(r), COFFER_ST_OK);
	assert_u32(run_answer(r), COFFER_ST_OK);
	tc_suite_set(t, 2, true);
	assert_u32(run_confirm(r), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	run_give_up(r);
	free(r);
}

/* As before 7.8.0 the primary domain alone counts; the code is that of 7.7.0 and later. */
static void wrong_domain(void **state)
{
	struct test_card *blue = tc_simple(NULL, "blue");
	struct run *r = run_new(s, blue);
	uint32_t object = tc_make_value(s, "x", true, "x", 1), got;
	struct test_blob blob;

	(void)state;
	tc_suites_off(blue);
	r->invited = true;
	assert_u32(run_negotiate(r), COFFER_ST_CERTIFICATE_DATA_INVALID);
	assert_u32(run_extract(r, &object, 1, &blob, &got), COFFER_ST_SESSION_ID_INVALID);
	assert_u32(tc_count(blue), 0);
	run_give_up(r);
	free(r);
	tc_free(blue);
}

/* Refused before a context is made or touched. */
static void bad_requests(void **state)
{
	struct call *c = call_new();
	struct run *r = invited();

	(void)state;
	call_begin(c, s->session);
	wire_put_u32(&c->req, 1);
	assert_u32(call_run(s, c, COFFER_CMD_CLONE_INVITE), COFFER_ST_ARGUMENTS_BAD);
	for (uint32_t room = 0; room < 20; room++) {
		call_begin(c, s->session);
		wire_put_u32(&c->req, 0);
		assert_u32(call_short(s, c, COFFER_CMD_CLONE_INVITE, room),
			   COFFER_ST_BUFFER_TOO_SMALL);
	}
	assert_u32(run_invite(r), COFFER_ST_OK);
	call_begin(c, t->session);
	wire_put_u32(&c->req, 0);
	wire_put_blob(&c->req, r->m0.p, r->m0.len);
	wire_put_u8(&c->req, 0);
	assert_u32(call_run(t, c, COFFER_CMD_CLONE_START), COFFER_ST_ARGUMENTS_BAD);
	/* An invitation is no session yet. */
	call_begin(c, s->session);
	wire_put_u32(&c->req, r->context_s);
	assert_u32(call_run(s, c, COFFER_CMD_CLONE_FINISH),
		   COFFER_ST_SESSION_NEGOTIATION_INVALID);
	free(c);
	free(r);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_cards, free_pair)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(many_objects),
		TEST(not_without_m0),
		TEST(nothing_else_with_m0),
		TEST(cannot_be_forced),
		TEST(replays),
		TEST(bad_m0),
		TEST(changed_meanwhile),
		TEST(wrong_domain),
		TEST(bad_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
