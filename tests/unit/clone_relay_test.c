// SPDX-License-Identifier: BSD-3-Clause
/*
 * A hostile relay: it replays, swaps, crosses, reorders, drops and rewrites. Whatever it does,
 * it gets no session that the two cards did not both mean, and no object that was not sent.
 */
#include "clone_pair.h"

#include <stdio.h>

static void get_blobs(struct run *r, const uint32_t *handles, uint32_t n,
		      struct test_blob *blobs)
{
	uint32_t got;

	assert_u32(run_extract(r, handles, n, blobs, &got), COFFER_ST_OK);
	assert_u32(got, n);
	for (uint32_t i = 0; i < n; i++)
		assert_u32(blobs[i].verdict, COFFER_ST_OK);
}

/* ---- Replay: every message at every later point ------------------------------------------ */

/* 0: START .. 4: ACCEPT */
static uint32_t step(struct run *r, int i)
{
	return run_step(r, i + 1);
}

/* Give message @which of the old run to the card that takes it, in the new run's context. */
static uint32_t replay(struct run *r, const struct run *old, int which)
{
	struct run *evil = run_new(r->s, r->t);
	uint32_t st;

	*evil = *r;
	evil->m0 = old->m0;
	evil->m1 = old->m1;
	evil->m2 = old->m2;
	evil->m3 = old->m3;
	evil->m4 = old->m4;
	evil->m5 = old->m5;
	switch (which) {
	case 1:
		st = run_answer(evil);
		break;
	case 2:
		st = run_confirm(evil);
		break;
	case 3:
		st = run_verify(evil);
		break;
	default:
		st = run_accept(evil);
		break;
	}
	free(evil);
	return st;
}

/* All the messages of an old run, at one point of new ones. */
static void replay_at(struct test_card *s, struct test_card *t, bool invited, int point)
{
	struct run *old = run_new(s, t);
	struct test_blob blob;
	uint32_t n, object = tc_make_value(s, "x", true, "x", 1);

	old->invited = invited;
	assert_u32(run_negotiate(old), COFFER_ST_OK);
	get_blobs(old, &object, 1, &blob);
	for (int which = invited ? 1 : 2; which <= 4; which++) {
		struct run *r = run_new(s, t);
		uint32_t st;

		r->invited = invited;
		for (int i = invited ? 0 : 1; i <= point; i++)
			assert_u32(run_step(r, i), COFFER_ST_OK);
		st = replay(r, old, which);
		assert_not_u32(st, COFFER_ST_OK);
		assert_not_u32(st, COFFER_ST_CLONE_THROTTLED);
		/* Own messages once more are no better than old ones. */
		if (point == 5)
			assert_not_u32(replay(r, r, which), COFFER_ST_OK);
		assert_not_u32(run_insert_one(r, blob.p, blob.len, NULL), COFFER_ST_OK);
		run_give_up(r);
		free(r);
		/* What ended after m3 was counted. */
		tc_jump(10);
		r = run_new(s, t);
		r->invited = invited;
		assert_u32(run_negotiate(r), COFFER_ST_OK);
		run_give_up(r);
		free(r);
	}
	/* The old session itself is untouched by all this. */
	assert_u32(run_insert_one(old, blob.p, blob.len, &n), COFFER_ST_OK);
	assert_not_u32(run_insert_one(old, blob.p, blob.len, &n), COFFER_ST_OK);
	blobs_free(&blob, 1);
	run_give_up(old);
	free(old);
	tc_forgive();
}

static void replays_in(uint32_t protocol)
{
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_simple(NULL, "red");
	bool invited = protocol == COFFER_CLONE_CPV3;

	if (invited)
		tc_suites_off(t);
	if (protocol == COFFER_CLONE_CPV1)
		tc_policy_set(t, false, 42, 1);
	for (int point = invited ? -1 : 0; point < RUN_STEPS; point++)
		replay_at(s, t, invited, point);
	assert_u32(tc_count(t), invited ? 7 : 6);
	tc_free(s);
	tc_free(t);
}

static void replays(void **state)
{
	(void)state;
	replays_in(COFFER_CLONE_CPV4);
	replays_in(COFFER_CLONE_CPV3);
	replays_in(COFFER_CLONE_CPV1);
}

/* m1 of an older, weaker time of the same card. */
static void replay_old_offer(void **state)
{
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_simple(NULL, "red");
	struct run *old = run_new(s, t), *r = run_new(s, t);
	struct run *next = run_new(s, t);

	(void)state;
	tc_policy_set(t, false, 42, 1);
	assert_u32(run_start(old), COFFER_ST_OK);
	tc_policy_set(t, false, 42, 0);
	old->session_t = r->session_t = next->session_t = t->session;
	assert_u32(run_start(r), COFFER_ST_OK);
	r->m1 = old->m1;
	assert_u32(run_answer(r), COFFER_ST_OK);
	assert_u32(r->protocol, COFFER_CLONE_CPV1);
	assert_u32(run_confirm(r), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	/* And the context is void: the honest answer comes too late. */
	assert_u32(run_confirm(r), COFFER_ST_SESSION_ID_INVALID);
	assert_u32(run_negotiate(next), COFFER_ST_OK);
	assert_u32(next->protocol, COFFER_CLONE_CPV4);
	free(old);
	free(r);
	free(next);
	tc_free(s);
	tc_free(t);
}

/* ---- Downgrade --------------------------------------------------------------------------- */

#define OFFER_AT	CLONE_MSG_HEADER

static void put_u32(struct msg *m, size_t at, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		m->p[at + i] = (uint8_t)(v >> (8 * i));
}

struct rewrite {
	const char *what;
	size_t at;		/* in the offer */
	uint32_t value;
};

/* Each rewrite makes S choose something weaker; T must see that, and nobody may fall back. */
static void strip(void **state)
{
	static const struct rewrite rewrites[] = {
		{ "protocols allowed", 52, COFFER_CLONE_CPV1 },
		{ "protocols of the firmware", 48, COFFER_CLONE_CPV1 },
		{ "suites", 56, 1u << COFFER_SUITE_P256_SHA256_AES128GCM },
		{ "suites none", 56, 0 },
		{ "policy 42", 60, CLONE_POL_HSM7 | CLONE_POL_PRIVATE | CLONE_POL_SECRET |
		  CLONE_POL_FORCE_V1 },
		{ "policy 0 and 4", 60, CLONE_POL_HSM7 },
		{ "level", 44, 2 },
	};
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_simple(NULL, "red");
	struct run *r = run_new(s, t);

	(void)state;
	for (size_t i = 0; i < sizeof(rewrites) / sizeof(rewrites[0]); i++) {
		uint32_t st;

		for (int message = 1; message <= 2; message++) {
			assert_u32(run_start(r), COFFER_ST_OK);
			if (message == 1)
				put_u32(&r->m1, OFFER_AT + rewrites[i].at, rewrites[i].value);
			st = run_answer(r);
			if (!st && message == 2)
				put_u32(&r->m2, OFFER_AT + rewrites[i].at, rewrites[i].value);
			if (!st)
				st = run_confirm(r);
			if (!st)
				fail_msg("m%d, %s: not seen", message, rewrites[i].what);
			assert_not_u32(st, COFFER_ST_CLONE_THROTTLED);
			run_give_up(r);
		}
	}
	/* The choice itself, in m2. */
	assert_u32(run_start(r), COFFER_ST_OK);
	assert_u32(run_answer(r), COFFER_ST_OK);
	put_u32(&r->m2, OFFER_AT + CLONE_OFFER_LEN + 4, COFFER_SUITE_P256_SHA256_AES128GCM);
	assert_u32(run_confirm(r), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	run_give_up(r);
	free(r);
	tc_free(s);
	tc_free(t);
}

/* ---- Identities -------------------------------------------------------------------------- */

/* Put another message's certificates (and with them everything behind) in place. */
static void swap_certs(struct msg *m, const struct msg *other, size_t at)
{
	memcpy(m->p + at, other->p + at, other->len - at);
	m->len = other->len;
	put_u32(m, 8, (uint32_t)m->len);
}

static void swapped_certificates(void **state)
{
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_simple(NULL, "red");
	struct test_card *x = tc_simple(NULL, "red");
	struct run *r = run_new(s, t), *other = run_new(s, x);

	(void)state;
	/* The certificates of a third genuine card in m1: not those of the serial number. */
	assert_u32(run_start(r), COFFER_ST_OK);
	assert_u32(run_start(other), COFFER_ST_OK);
	swap_certs(&r->m1, &other->m1, OFFER_AT + CLONE_OFFER_LEN);
	assert_u32(run_answer(r), COFFER_ST_CERTIFICATE_DATA_INVALID);
	run_give_up(r);
	/* Only the wrapping certificate: it goes into m1 for CPv1, so it is looked at. */
	assert_u32(run_start(r), COFFER_ST_OK);
	{
		size_t at = OFFER_AT + CLONE_OFFER_LEN;
		size_t own = 4 + r->m1.p[at] + 256u * r->m1.p[at + 1];
		size_t its = 4 + other->m1.p[at] + 256u * other->m1.p[at + 1];

		memcpy(r->m1.p + at + own, other->m1.p + at + its, other->m1.len - at - its);
		r->m1.len = other->m1.len + own - its;
		put_u32(&r->m1, 8, (uint32_t)r->m1.len);
	}
	assert_u32(run_answer(r), COFFER_ST_CERTIFICATE_DATA_INVALID);
	run_give_up(r);
	/* With the serial number too: S answers X, and T hears that it is not meant. */
	assert_u32(run_start(r), COFFER_ST_OK);
	swap_certs(&r->m1, &other->m1, OFFER_AT + CLONE_OFFER_LEN);
	memcpy(r->m1.p + OFFER_AT + 8, other->m1.p + OFFER_AT + 8, 16);
	assert_u32(run_answer(r), COFFER_ST_OK);
	assert_u32(run_confirm(r), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	run_give_up(r);
	/* In m2, the certificate and serial numbers of X under S's signature. */
	assert_u32(run_start(r), COFFER_ST_OK);
	assert_u32(run_answer(r), COFFER_ST_OK);
	memcpy(r->m2.p + OFFER_AT + 8, other->m1.p + OFFER_AT + 8, 16);
	assert_u32(run_confirm(r), COFFER_ST_CERTIFICATE_DATA_INVALID);
	run_give_up(r);
	run_give_up(other);
	free(r);
	free(other);
	tc_free(s);
	tc_free(t);
	tc_free(x);
}

/* Two sessions at once between four parties: every message into the wrong one. */
static void cross_wire(void **state)
{
	struct test_card *s[2] = { tc_simple(NULL, "red"), tc_simple(NULL, "red") };
	struct test_card *t[2] = { tc_simple(NULL, "red"), tc_simple(NULL, "red") };
	static const int pairs[][4] = {
		{ 0, 0, 1, 1 },		/* nothing in common */
		{ 0, 0, 1, 0 },		/* the same target */
		{ 0, 0, 0, 1 },		/* the same source */
		{ 0, 0, 0, 0 },		/* the same cards, two sessions */
	};
	struct run *a, *b, *good;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		for (int which = 2; which <= 4; which++) {
			a = run_new(s[pairs[i][0]], t[pairs[i][1]]);
			b = run_new(s[pairs[i][2]], t[pairs[i][3]]);
			for (int k = 0; k < which; k++) {
				assert_u32(step(a, k), COFFER_ST_OK);
				assert_u32(step(b, k), COFFER_ST_OK);
			}
			assert_not_u32(replay(a, b, which), COFFER_ST_OK);
			assert_u32(replay(a, a, which), COFFER_ST_SESSION_ID_INVALID);
			/* The other session has felt nothing. */
			for (int k = which; k < 5; k++)
				assert_u32(step(b, k), COFFER_ST_OK);
			run_give_up(a);
			run_give_up(b);
			free(a);
			free(b);
			tc_forgive();
			for (int k = 0; k < 2; k++) {
				good = run_new(s[k], t[k]);
				assert_u32(run_negotiate(good), COFFER_ST_OK);
				run_give_up(good);
				free(good);
			}
		}
	}
	for (int k = 0; k < 2; k++) {
		tc_free(s[k]);
		tc_free(t[k]);
	}
}

/* A card talks to itself, and a message comes back to its sender. */
static void reflect(void **state)
{
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_simple(NULL, "red");
	struct run *r = run_new(s, t), *self = run_new(t, t);

	(void)state;
	assert_u32(run_start(r), COFFER_ST_OK);
	self->m1 = r->m1;
	assert_u32(run_answer(self), COFFER_ST_CLONE_SAME_PARTITION);
	r->m2 = r->m1;
	assert_u32(run_confirm(r), COFFER_ST_CPV4_MSG_ERROR);
	run_give_up(r);
	assert_u32(run_start(r), COFFER_ST_OK);
	assert_u32(run_answer(r), COFFER_ST_OK);
	r->m3 = r->m2;
	assert_u32(run_verify(r), COFFER_ST_CPV4_MSG_ERROR);
	run_give_up(r);
	free(r);
	free(self);
	tc_free(s);
	tc_free(t);
}

/* ECDSA has two signatures for one: s and n - s. The second must lead nowhere. */
static void negate_s(uint8_t *s)
{
	static const uint8_t n[32] = {
		0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9,
		0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
	};
	int borrow = 0;

	for (int i = 31; i >= 0; i--) {
		int d = n[i] - s[i] - borrow;

		borrow = d < 0;
		s[i] = (uint8_t)d;
	}
	assert_u32(borrow, 0);
}

static void other_signature(void **state)
{
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_simple(NULL, "red");
	struct run *r = run_new(s, t);

	(void)state;
	assert_u32(run_start(r), COFFER_ST_OK);
	assert_u32(run_answer(r), COFFER_ST_OK);
	negate_s(r->m2.p + r->m2.len - 32);
	assert_u32(run_confirm(r), COFFER_ST_OK);		/* it is a signature by S */
	assert_u32(run_verify(r), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	run_give_up(r);
	assert_u32(run_negotiate(r), COFFER_ST_OK);
	run_give_up(r);
	assert_u32(run_start(r), COFFER_ST_OK);
	assert_u32(run_answer(r), COFFER_ST_OK);
	assert_u32(run_confirm(r), COFFER_ST_OK);
	negate_s(r->m3.p + r->m3.len - 32);
	assert_u32(run_verify(r), COFFER_ST_OK);
	assert_u32(run_accept(r), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	run_give_up(r);
	free(r);
	tc_free(s);
	tc_free(t);
}

/* ---- The list of objects ----------------------------------------------------------------- */

static void order(void **state)
{
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_simple(NULL, "red");
	uint32_t handles[5], sent, received, missing;
	struct test_blob blobs[5];
	struct run *r = run_new(s, t);

	(void)state;
	for (int i = 0; i < 5; i++)
		handles[i] = tc_make_value(s, "x", true, "x", 1);
	assert_u32(run_negotiate(r), COFFER_ST_OK);
	get_blobs(r, handles, 5, blobs);
	assert_u32(run_insert_one(r, blobs[2].p, blobs[2].len, NULL), COFFER_ST_OK);
	/* earlier, again */
	assert_u32(run_insert_one(r, blobs[1].p, blobs[1].len, NULL),
		   COFFER_ST_SESSION_NEGOTIATION_INVALID);
	assert_u32(run_insert_one(r, blobs[2].p, blobs[2].len, NULL),
		   COFFER_ST_SESSION_NEGOTIATION_INVALID);
	assert_u32(run_insert_one(r, blobs[4].p, blobs[4].len, NULL), COFFER_ST_OK);
	assert_u32(tc_count(t), 2);
	assert_u32(run_finish(r), COFFER_ST_OK);
	assert_u32(run_close(r, true, &sent, &received, &missing), COFFER_ST_OK);
	assert_u32(sent, 5);
	assert_u32(received, 2);
	assert_u32(missing, 3);
	blobs_free(blobs, 5);
	free(r);
	tc_free(s);
	tc_free(t);
}

/* The end of the list cut off, and an m5 of another, shorter session. */
static void cut_list(void **state)
{
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_simple(NULL, "red");
	uint32_t handles[3], sent, received, missing;
	struct run *r = run_new(s, t), *other = run_new(s, t);
	struct test_blob blobs[3], more;

	(void)state;
	for (int i = 0; i < 3; i++)
		handles[i] = tc_make_value(s, "x", true, "x", 1);
	assert_u32(run_negotiate(r), COFFER_ST_OK);
	assert_u32(run_negotiate(other), COFFER_ST_OK);
	get_blobs(other, handles, 1, &more);
	assert_u32(run_finish(other), COFFER_ST_OK);
	get_blobs(r, handles, 3, blobs);
	assert_u32(run_insert_one(r, blobs[0].p, blobs[0].len, NULL), COFFER_ST_OK);
	r->m5 = other->m5;
	assert_u32(run_close(r, true, &sent, &received, &missing), COFFER_ST_BAD_MAC);
	assert_u32(run_finish(r), COFFER_ST_OK);
	/* Nothing more can be extracted behind the end. */
	assert_u32(run_extract(r, handles, 1, &blobs[0], &sent),
		   COFFER_ST_SESSION_ID_INVALID);
	assert_u32(run_close(r, true, &sent, &received, &missing), COFFER_ST_OK);
	assert_u32(sent, 3);
	assert_u32(missing, 2);
	blobs_free(blobs, 3);
	blobs_free(&more, 1);
	run_give_up(other);
	free(other);
	free(r);
	tc_free(s);
	tc_free(t);
}

/* Blobs of one session into another: other target, other source, other session. */
static void blob_of_third_card(void **state)
{
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_simple(NULL, "red");
	struct test_card *x = tc_simple(NULL, "red");
	uint32_t h = tc_make_value(s, "x", true, "x", 1);
	uint32_t hx = tc_make_value(x, "x", true, "x", 1);
	struct run *st = run_new(s, t), *sx = run_new(s, x), *xt = run_new(x, t);
	struct run *again = run_new(s, t);
	struct test_blob a, b, c, d;

	(void)state;
	assert_u32(run_negotiate(st), COFFER_ST_OK);
	assert_u32(run_negotiate(sx), COFFER_ST_OK);
	assert_u32(run_negotiate(xt), COFFER_ST_OK);
	assert_u32(run_negotiate(again), COFFER_ST_OK);
	get_blobs(st, &h, 1, &a);
	get_blobs(sx, &h, 1, &b);
	get_blobs(xt, &hx, 1, &c);
	get_blobs(again, &h, 1, &d);
	assert_u32(run_insert_one(st, b.p, b.len, NULL), COFFER_ST_BAD_MAC);
	assert_u32(run_insert_one(st, c.p, c.len, NULL), COFFER_ST_BAD_MAC);
	assert_u32(run_insert_one(st, d.p, d.len, NULL), COFFER_ST_BAD_MAC);
	/* Even with the right session's name on it. */
	memcpy(d.p + 16, a.p + 16, CLONE_SESSION_ID);
	assert_u32(run_insert_one(st, d.p, d.len, NULL), COFFER_ST_BAD_MAC);
	assert_u32(tc_count(t), 0);
	assert_u32(run_insert_one(st, a.p, a.len, NULL), COFFER_ST_OK);
	blobs_free(&a, 1);
	blobs_free(&b, 1);
	blobs_free(&c, 1);
	blobs_free(&d, 1);
	free(st);
	free(sx);
	free(xt);
	free(again);
	tc_free(s);
	tc_free(t);
	tc_free(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replays),
		cmocka_unit_test(replay_old_offer),
		cmocka_unit_test(strip),
		cmocka_unit_test(swapped_certificates),
		cmocka_unit_test(cross_wire),
		cmocka_unit_test(reflect),
		cmocka_unit_test(other_signature),
		cmocka_unit_test(order),
		cmocka_unit_test(cut_list),
		cmocka_unit_test(blob_of_third_card),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
