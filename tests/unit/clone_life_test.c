// SPDX-License-Identifier: BSD-3-Clause
/*
 * The life of a context: its order, its hour, and everything that ends it. Failed domain proofs:
 * counted on both cards, durable, and waited for. Who may clone to whom.
 */
#include "clone_two.h"

static uint32_t object;

static int make_cards(void **state)
{
	make_pair(state);
	object = tc_make_value(s, "x", true, "x", 1);
	return 0;
}

static struct run *opened(void)
{
	struct run *r = run_new(s, t);

	assert_u32(run_negotiate(r), COFFER_ST_OK);
	return r;
}

static uint32_t extract(struct run *r, struct test_blob *blob)
{
	uint32_t got;

	return run_extract(r, &object, 1, blob, &got);
}

/* ---- Order ------------------------------------------------------------------------------- */

static void extract_before_proof(void **state)
{
	struct run *r = run_new(s, t);
	struct test_blob blob;

	(void)state;
	assert_u32(run_start(r), COFFER_ST_OK);
	assert_u32(run_answer(r), COFFER_ST_OK);
	assert_u32(extract(r, &blob), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	/* That was the end of it. */
	assert_u32(run_confirm(r), COFFER_ST_OK);
	assert_u32(run_verify(r), COFFER_ST_SESSION_ID_INVALID);
	run_give_up(r);
	free(r);
	free(opened());
}

static void out_of_order(void **state)
{
	struct run *r = run_new(s, t);
	struct test_blob blob;

	(void)state;
	/* INSERT before m4 */
	assert_u32(run_start(r), COFFER_ST_OK);
	assert_u32(run_answer(r), COFFER_ST_OK);
	assert_u32(run_confirm(r), COFFER_ST_OK);
	assert_u32(run_verify(r), COFFER_ST_OK);
	assert_u32(extract(r, &blob), COFFER_ST_OK);
	assert_u32(run_insert_one(r, blob.p, blob.len, NULL),
		   COFFER_ST_SESSION_NEGOTIATION_INVALID);
	assert_u32(run_accept(r), COFFER_ST_SESSION_ID_INVALID);
	blobs_free(&blob, 1);
	run_give_up(r);
	free(r);
	/* The wrong side's command */
	r = opened();
	r->session_s = r->session_t;
	r->s = t;
	r->context_s = r->context_t;
	assert_u32(extract(r, &blob), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	free(r);
	r = opened();
	r->t = s;
	r->session_t = r->session_s;
	r->context_t = r->context_s;
	assert_u32(run_insert_one(r, "x", 1, NULL), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	free(r);
}

static void unknown_contexts(void **state)
{
	struct run *r = opened();
	struct test_blob blob;
	uint32_t ids[] = { 0, 1, r->context_s ^ 1, r->context_t, 0xffffffff };

	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct run bad = *r;

		bad.context_s = ids[i];
		assert_u32(extract(&bad, &blob), COFFER_ST_SESSION_ID_INVALID);
	}
	run_give_up(r);
	free(r);
}

/* ---- Ends -------------------------------------------------------------------------------- */

static uint32_t plain(struct test_card *card, uint64_t owner, uint32_t session, uint16_t opcode)
{
	struct call *c = call_new();
	uint32_t st;

	call_begin(c, session);
	wire_put_u32(&c->req, 0);
	st = call_as(card, owner, c, opcode);
	free(c);
	return st;
}

/* Another session of the same owner, or another owner, cannot use a context. */
static void belongs_to_its_session(void **state)
{
	struct run *r = opened(), other;
	struct test_blob blob;

	(void)state;
	other = *r;
	other.session_s = tc_open_session(s, s->owner, s->part);
	assert_u32(extract(&other, &blob), COFFER_ST_SESSION_ID_INVALID);
	assert_u32(extract(r, &blob), COFFER_ST_OK);
	blobs_free(&blob, 1);
	run_give_up(r);
	free(r);
}

static void ends_with_session(void **state)
{
	struct run *r = opened();
	struct test_blob blob;

	(void)state;
	assert_u32(plain(s, s->owner, s->session, COFFER_CMD_SESSION_CLOSE), COFFER_ST_OK);
	assert_u32(extract(r, &blob), COFFER_ST_SESSION_HANDLE_INVALID);
	tc_off(s);
	tc_on(s);
	r->session_s = s->session;
	assert_u32(extract(r, &blob), COFFER_ST_SESSION_ID_INVALID);
	free(r);
}

static void ends_with_logout(void **state)
{
	struct run *r = opened();
	struct test_blob blob;

	(void)state;
	assert_u32(plain(s, s->owner, s->session, COFFER_CMD_LOGOUT), COFFER_ST_OK);
	assert_u32(extract(r, &blob), COFFER_ST_USER_NOT_LOGGED_IN);
	assert_u32(tc_login(s, s->session, COFFER_ROLE_CO, PIN_CO), COFFER_ST_OK);
	assert_u32(extract(r, &blob), COFFER_ST_SESSION_ID_INVALID);
	free(r);
}

static void ends_with_power(void **state)
{
	struct run *r = opened();
	struct test_blob blob;

	(void)state;
	assert_u32(extract(r, &blob), COFFER_ST_OK);
	tc_off(t);
	tc_on(t);
	r->session_t = t->session;
	assert_u32(run_insert_one(r, blob.p, blob.len, NULL), COFFER_ST_SESSION_ID_INVALID);
	blobs_free(&blob, 1);
	free(r);
}

/* A policy that erases objects, set by another owner, changes the epoch under the context. */
static void ends_with_epoch(void **state)
{
	struct test_card po = *t;
	struct run *r = opened();
	struct test_blob blob;

	(void)state;
	assert_u32(extract(r, &blob), COFFER_ST_OK);
	po.owner = tc_open_owner(&po);
	po.session = tc_open_session(&po, po.owner, po.part);
	assert_u32(tc_login(&po, po.session, COFFER_ROLE_PO, PIN_PO), COFFER_ST_OK);
	assert_u32(tc_init_partition(&po, "red"), COFFER_ST_OK);
	assert_not_u32(run_insert_one(r, blob.p, blob.len, NULL), COFFER_ST_OK);
	assert_u32(tc_count(&po), 0);
	blobs_free(&blob, 1);
	free(r);
}

/* What was offered must still be true when the keys are made. */
static void policy_changes_meanwhile(void **state)
{
	struct test_card po_t = *t, po_s = *s;
	struct run *r = run_new(s, t);

	(void)state;
	po_t.owner = tc_open_owner(&po_t);
	po_t.session = tc_open_session(&po_t, po_t.owner, po_t.part);
	po_s.owner = tc_open_owner(&po_s);
	po_s.session = tc_open_session(&po_s, po_s.owner, po_s.part);
	assert_u32(tc_login(&po_t, po_t.session, COFFER_ROLE_CO, PIN_CO), COFFER_ST_OK);
	assert_u32(tc_login(&po_s, po_s.session, COFFER_ROLE_CO, PIN_CO), COFFER_ST_OK);
	assert_u32(run_start(r), COFFER_ST_OK);
	assert_u32(run_answer(r), COFFER_ST_OK);
	tc_policy_set(&po_t, false, 43, 0);
	assert_u32(run_confirm(r), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	run_give_up(r);
	tc_policy_set(&po_s, false, 43, 0);
	assert_u32(run_start(r), COFFER_ST_OK);
	assert_u32(run_answer(r), COFFER_ST_OK);
	assert_u32(run_confirm(r), COFFER_ST_OK);
	tc_policy_set(&po_s, false, 0, 0);
	assert_u32(run_verify(r), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	run_give_up(r);
	assert_u32(run_negotiate(r), COFFER_ST_OK);
	run_give_up(r);
	free(r);
}

static void ends_after_an_hour(void **state)
{
	struct run *r = opened(), *early = run_new(s, t);
	struct test_blob blob;

	(void)state;
	assert_u32(run_start(early), COFFER_ST_OK);
	assert_u32(run_answer(early), COFFER_ST_OK);
	tc_jump(3590);
	assert_u32(extract(r, &blob), COFFER_ST_OK);
	tc_jump(20);
	assert_u32(run_insert_one(r, blob.p, blob.len, NULL), COFFER_ST_SESSION_EXPIRED);
	assert_u32(run_insert_one(r, blob.p, blob.len, NULL), COFFER_ST_SESSION_ID_INVALID);
	assert_u32(run_confirm(early), COFFER_ST_SESSION_NEGOTIATION_EXPIRED);
	assert_u32(run_finish(r), COFFER_ST_SESSION_EXPIRED);
	blobs_free(&blob, 1);
	run_give_up(r);
	run_give_up(early);
	free(r);
	free(early);
}

static void bounded(void **state)
{
	struct run *r[CLONE_CONTEXTS + 1];

	(void)state;
	for (int i = 0; i <= CLONE_CONTEXTS; i++) {
		r[i] = run_new(s, t);
		assert_u32(run_start(r[i]), i < CLONE_CONTEXTS ? COFFER_ST_OK :
			   COFFER_ST_DEVICE_MEMORY);
	}
	run_give_up(r[3]);
	assert_u32(run_negotiate(r[CLONE_CONTEXTS]), COFFER_ST_OK);
	for (int i = 0; i <= CLONE_CONTEXTS; i++) {
		run_give_up(r[i]);
		free(r[i]);
	}
	free(opened());
}

/* One owner cannot have the card's memory by opening sessions; another one still has its own. */
static void bounded_for_an_owner(void **state)
{
	enum { SESSIONS = CLONE_CONTEXTS_OWNER / CLONE_CONTEXTS };
	struct run *r[CLONE_CONTEXTS_OWNER + 1], *other;
	uint32_t session[SESSIONS + 1];
	uint64_t owner = t->owner;

	(void)state;
	for (int i = 0; i <= SESSIONS; i++)
		session[i] = tc_open_session(t, owner, t->part);
	for (int i = 0; i <= CLONE_CONTEXTS_OWNER; i++) {
		r[i] = run_new(s, t);
		r[i]->session_t = session[i / CLONE_CONTEXTS];
		assert_u32(run_start(r[i]), i < CLONE_CONTEXTS_OWNER ? COFFER_ST_OK :
			   COFFER_ST_DEVICE_MEMORY);
	}
	t->owner = tc_open_owner(t);
	other = run_new(s, t);
	other->session_t = tc_open_session(t, t->owner, t->part);
	assert_u32(tc_login(t, other->session_t, COFFER_ROLE_CO, PIN_CO), COFFER_ST_OK);
	assert_u32(run_start(other), COFFER_ST_OK);
	run_give_up(other);
	free(other);
	t->owner = owner;
	run_give_up(r[3]);
	assert_u32(run_start(r[CLONE_CONTEXTS_OWNER]), COFFER_ST_OK);
	for (int i = 0; i <= CLONE_CONTEXTS_OWNER; i++) {
		run_give_up(r[i]);
		free(r[i]);
	}
	free(opened());
}

/* ---- Failed proofs ----------------------------------------------------------------------- */

static void clone_state(struct test_card *card, uint32_t *failures, uint32_t *wait_ms)
{
	struct call *c = call_new();

	call_begin(c, card->session);
	wire_put_u32(&c->req, 0);
	assert_u32(call_run(card, c, COFFER_CMD_PARTITION_INFO), COFFER_ST_OK);
	assert_u32(c->rep_len, sizeof(struct coffer_rep_partition_info));
	wire_bytes(&c->rep, sizeof(struct coffer_rep_partition_info) - 8);
	*failures = wire_u32(&c->rep);
	*wait_ms = wire_u32(&c->rep);
	free(c);
}

static void wrong_domain_in(uint32_t protocol)
{
	struct test_card *blue = tc_simple(NULL, "blue");
	uint32_t failures, wait;
	struct test_blob blob;
	struct run *r;

	if (protocol == COFFER_CLONE_CPV1)
		tc_policy_set(blue, false, 42, 1);
	r = run_new(s, blue);
	assert_u32(run_negotiate(r), protocol == COFFER_CLONE_CPV1 ?
		   COFFER_ST_CERTIFICATE_DATA_INVALID : COFFER_ST_SESSION_NEGOTIATION_NO_PSK);
	assert_u32(r->protocol, protocol);
	assert_u32(extract(r, &blob), COFFER_ST_SESSION_ID_INVALID);
	clone_state(s, &failures, &wait);
	assert_u32(failures, 1);
	clone_state(blue, &failures, &wait);
	assert_u32(failures, 1);
	assert_u32(tc_count(blue), 0);
	free(r);
	tc_free(blue);
}

static void wrong_domain(void **state)
{
	(void)state;
	wrong_domain_in(COFFER_CLONE_CPV4);
	free(opened());
	tc_forgive();
	wrong_domain_in(COFFER_CLONE_CPV1);
	free(opened());
}

static void throttle(void **state)
{
	struct test_card *blue = tc_simple(NULL, "blue");
	struct run *r = run_new(s, blue);
	uint32_t failures, wait;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_u32(run_negotiate(r), COFFER_ST_SESSION_NEGOTIATION_NO_PSK);
	/* Both ends wait now, with everybody. */
	assert_u32(run_start(r), COFFER_ST_CLONE_THROTTLED);
	free(r);
	r = run_new(s, t);
	assert_u32(run_start(r), COFFER_ST_OK);
	assert_u32(run_answer(r), COFFER_ST_CLONE_THROTTLED);
	run_give_up(r);
	clone_state(s, &failures, &wait);
	assert_u32(failures, 3);
	assert_in_range(wait, 1, 1000);
	clone_state(blue, &failures, &wait);
	assert_u32(failures, 3);
	assert_in_range(wait, 1, 1000);
	/* Switching off and on gives no free try. */
	tc_off(s);
	tc_on(s);
	clone_state(s, &failures, &wait);
	assert_u32(failures, 3);
	/* After the wait one more try is free; a bad one doubles the next wait. */
	tc_jump(2);
	free(r);
	r = run_new(s, blue);
	assert_u32(run_negotiate(r), COFFER_ST_SESSION_NEGOTIATION_NO_PSK);
	clone_state(s, &failures, &wait);
	assert_u32(failures, 4);
	assert_in_range(wait, 1001, 2000);
	tc_jump(3);
	free(r);
	free(opened());
	tc_free(blue);
}

/*
 * A relay that runs good clones of the same partition in between is throttled all the same: what
 * is good takes back its own attempt. Good runs themselves are never kept waiting by old failures.
 */
static void good_runs_forgive_nothing(void **state)
{
	struct test_card *blue = tc_simple(NULL, "blue");
	struct run *r = run_new(s, blue);
	uint32_t failures, wait, guesses;

	(void)state;
	for (guesses = 0; guesses < 8; guesses++) {
		uint32_t st = run_start(r);

		/* The longest wait so far is that after 7 failures. */
		if (st == (uint32_t)COFFER_ST_CLONE_THROTTLED)
			break;
		assert_u32(run_answer(r), COFFER_ST_OK);
		assert_u32(run_confirm(r), COFFER_ST_OK);
		assert_u32(run_verify(r), COFFER_ST_SESSION_NEGOTIATION_NO_PSK);
		run_give_up(r);
		clone_state(s, &failures, &wait);
		assert_u32(failures, guesses + 1);
		if (failures < 3)
			for (int i = 0; i < 3; i++)
				free(opened());
		clone_state(s, &failures, &wait);
		assert_u32(failures, guesses + 1);
	}
	assert_u32(guesses, 3);
	/* One good run after the wait, and many more at once: the wait is that of the failure. */
	tc_jump(2);
	for (int i = 0; i < 5; i++) {
		struct run *good = opened();

		run_give_up(good);
		free(good);
	}
	clone_state(s, &failures, &wait);
	assert_u32(failures, 3);
	assert_u32(wait, 0);
	/* Time forgives, one each hour, and never below zero. */
	tc_jump(3600 - 2);
	clone_state(s, &failures, &wait);
	assert_u32(failures, 2);
	tc_jump(10 * 3600);
	clone_state(s, &failures, &wait);
	assert_u32(failures, 0);
	free(r);
	r = run_new(s, blue);
	assert_u32(run_negotiate(r), COFFER_ST_SESSION_NEGOTIATION_NO_PSK);
	clone_state(s, &failures, &wait);
	assert_u32(failures, 1);
	run_give_up(r);
	free(r);
	tc_free(blue);
}

/* A guess each time the wait is over, good runs between them: still fewer than 300 in a day. */
static void guesses_in_six_hours(void **state)
{
	struct test_card *blue = tc_simple(NULL, "blue");
	uint32_t failures, wait, guesses = 0;
	unsigned int passed = 0;

	(void)state;
	while (passed < 6 * 3600) {
		struct run *r = run_new(s, blue);

		assert_u32(run_negotiate(r), COFFER_ST_SESSION_NEGOTIATION_NO_PSK);
		guesses++;
		clone_state(s, &failures, &wait);
		tc_jump(wait / 1000 + 1);
		passed += wait / 1000 + 1;
		run_give_up(r);
		free(r);
		if (guesses % 16)
			continue;
		r = opened();
		run_give_up(r);
		free(r);
	}
	print_message("%u guesses in six hours\n", guesses);
	assert_in_range(guesses, 50, 90);
	tc_free(blue);
}

/* Who never answers m3 has learned as much as who refuses it: T counts that too. */
static void unanswered(void **state)
{
	struct run *r = run_new(s, t);
	uint32_t failures, wait;

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		assert_u32(run_start(r), COFFER_ST_OK);
		assert_u32(run_answer(r), COFFER_ST_OK);
		assert_u32(run_confirm(r), COFFER_ST_OK);
		clone_state(t, &failures, &wait);
		assert_u32(failures, i + 1);
		clone_state(s, &failures, &wait);
		assert_u32(failures, 0);
		if (i == 2)
			break;
		run_give_up(r);
	}
	/* The last one is answered after all: it was a good proof. */
	assert_u32(run_verify(r), COFFER_ST_OK);
	assert_u32(run_accept(r), COFFER_ST_OK);
	run_give_up(r);
	free(r);
}

/* A message that was changed on its way is no guess: it does not count on S. */
static void noise_is_no_guess(void **state)
{
	struct run *r = run_new(s, t);
	uint32_t failures, wait;

	(void)state;
	assert_u32(run_start(r), COFFER_ST_OK);
	assert_u32(run_answer(r), COFFER_ST_OK);
	assert_u32(run_confirm(r), COFFER_ST_OK);
	r->m3.p[r->m3.len - CRYPTO_DEVICE_SIG - 1] ^= 1;	/* in the last proof */
	assert_u32(run_verify(r), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	clone_state(s, &failures, &wait);
	assert_u32(failures, 0);
	run_give_up(r);
	free(r);
}

static void short_call(struct test_card *card, uint32_t session, uint32_t context,
		       const struct msg *m, uint16_t opcode)
{
	static const uint32_t rooms[] = { 0, 4, 15, 19 };
	struct call *c = call_new();

	for (int i = 0; i < 4; i++) {
		if (opcode == COFFER_CMD_CLONE_CLOSE && i == 3)
			break;
		call_begin(c, session);
		wire_put_u32(&c->req, context);
		if (m)
			wire_put_blob(&c->req, m->p, m->len);
		assert_u32(call_short(card, c, opcode, rooms[i]), COFFER_ST_BUFFER_TOO_SMALL);
	}
	free(c);
}

/* A reply that has no room costs nothing: not the context, not a count, not the list's end. */
static void short_replies(void **state)
{
	struct run *r = run_new(s, t);
	uint32_t sent, received, missing;

	(void)state;
	for (int i = 0; i < CLONE_CONTEXTS; i++)
		short_call(t, r->session_t, 0, NULL, COFFER_CMD_CLONE_START);
	assert_u32(run_start(r), COFFER_ST_OK);
	for (int i = 0; i < CLONE_CONTEXTS; i++)
		short_call(s, r->session_s, 0, &r->m1, COFFER_CMD_CLONE_ANSWER);
	assert_u32(run_answer(r), COFFER_ST_OK);
	short_call(t, r->session_t, r->context_t, &r->m2, COFFER_CMD_CLONE_CONFIRM);
	assert_u32(run_confirm(r), COFFER_ST_OK);
	short_call(s, r->session_s, r->context_s, &r->m3, COFFER_CMD_CLONE_VERIFY);
	assert_u32(run_verify(r), COFFER_ST_OK);
	assert_u32(run_accept(r), COFFER_ST_OK);
	short_call(s, r->session_s, r->context_s, NULL, COFFER_CMD_CLONE_FINISH);
	assert_u32(run_finish(r), COFFER_ST_OK);
	short_call(t, r->session_t, r->context_t, &r->m5, COFFER_CMD_CLONE_CLOSE);
	assert_u32(run_close(r, true, &sent, &received, &missing), COFFER_ST_OK);
	free(r);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_cards, free_pair)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(short_replies),
		TEST(extract_before_proof),
		TEST(out_of_order),
		TEST(unknown_contexts),
		TEST(belongs_to_its_session),
		TEST(ends_with_session),
		TEST(ends_with_logout),
		TEST(ends_with_power),
		TEST(ends_with_epoch),
		TEST(policy_changes_meanwhile),
		TEST(ends_after_an_hour),
		TEST(bounded),
		TEST(bounded_for_an_owner),
		TEST(wrong_domain),
		TEST(throttle),
		TEST(good_runs_forgive_nothing),
		TEST(guesses_in_six_hours),
		TEST(unanswered),
		TEST(noise_is_no_guess),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
