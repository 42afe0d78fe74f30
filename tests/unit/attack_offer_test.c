// SPDX-License-Identifier: BSD-3-Clause
/*
 * Downgrade (quality.md A3.4): the host stands between the cards and edits, empties, swaps or
 * replaces every field of every offer, and the head of every message. Nothing of it ends in a
 * session, and never in a weaker one.
 */
#include "clone_pair.h"

#include "card.h"
#include "nv.h"

#define OFFER	CLONE_MSG_HEADER

struct field {
	const char *name;
	size_t at;
	size_t len;
};

static const struct field fields[] = {
	{ "version", 0, 2 }, { "side", 2, 1 }, { "kind", 3, 1 }, { "flags", 4, 4 },
	{ "card", 8, 8 }, { "partition", 16, 8 }, { "profile", 24, 16 },
	{ "firmware", 40, 4 }, { "level", 44, 4 }, { "protocols of the firmware", 48, 4 },
	{ "protocols", 52, 4 }, { "suites", 56, 4 }, { "policies", 60, 4 }, { "root", 64, 32 },
	{ "nonce", 96, 32 }, { "nonce of the peer", 128, 32 },
};

#define FIELDS	(sizeof(fields) / sizeof(fields[0]))

enum edit { EMPTY, FULL, NEXT, PEERS, ONE_BIT, EDITS };

/* false: the message is as it was. */
static bool apply(struct msg *m, const struct msg *other, size_t i, enum edit edit)
{
	const struct field *f = &fields[i], *next = &fields[(i + 1) % FIELDS];
	uint8_t old[32], *p = m->p + OFFER + f->at, *q = m->p + OFFER + next->at;
	size_t len = f->len < next->len ? f->len : next->len;

	memcpy(old, p, f->len);
	switch (edit) {
	case EMPTY:
		memset(p, 0, f->len);
		break;
	case FULL:
		memset(p, 0xff, f->len);
		break;
	case NEXT:
		memcpy(p, q, len);
		memcpy(q, old, len);
		break;
	case PEERS:
		if (other->len)
			memcpy(p, other->p + OFFER + f->at, f->len);
		break;
	default:
		p[0] ^= 1;
		break;
	}
	return memcmp(old, p, f->len) != 0;
}

/* The five steps, with message @which edited on its way. */
static uint32_t negotiate_edited(struct run *r, int which, size_t i, enum edit edit, bool *edited)
{
	uint32_t (*const steps[])(struct run *) = {
		run_start, run_answer, run_confirm, run_verify, run_accept,
	};
	struct msg *const sent[] = { &r->m1, &r->m2, &r->m3 };
	struct msg *const others[] = { &r->m2, &r->m1, &r->m2 };
	uint32_t st = 0;

	*edited = false;
	r->m1.len = r->m2.len = r->m3.len = 0;
	for (int k = 0; !st && k < 5; k++) {
		st = steps[k](r);
		if (!st && k == which)
			*edited = apply(sent[k], others[k], i, edit);
	}
	return st;
}

static void every_field_of_every_offer(void **state)
{
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_simple(NULL, "red");
	unsigned int edits = 0;

	(void)state;
	for (int which = 0; which < 3; which++)
		for (size_t i = 0; i < FIELDS; i++)
			for (enum edit e = EMPTY; e < EDITS; e++) {
				struct run *r = run_new(s, t);
				bool edited;
				uint32_t st = negotiate_edited(r, which, i, e, &edited);

				if (edited && !st)
					fail_msg("m%d, %s, edit %d: not seen", which + 1,
						 fields[i].name, e);
				if (!edited)
					assert_u32(st, COFFER_ST_OK);
				edits += edited;
				run_give_up(r);
				free(r);
				/* What came to m3 was counted, and only time forgives that. */
				assert_int_equal(nv_part_reset(t->card->nv, t->part), 0);
				assert_int_equal(nv_part_reset(s->card->nv, s->part), 0);
			}
	assert_in_range(edits, 190, 240);
	tc_free(s);
	tc_free(t);
}

/* A source must not even answer what it does not understand. */
static void unknown_bits_are_refused(void **state)
{
	static const struct {
		size_t at;
		uint32_t known;
	} words[] = { { 4, CLONE_OF_ALL }, { 60, CLONE_POL_ALL } };
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_simple(NULL, "red");
	struct run *r = run_new(s, t);

	(void)state;
	for (size_t i = 0; i < 2; i++)
		for (int bit = 0; bit < 32; bit++) {
			if (words[i].known & 1u << bit)
				continue;
			assert_u32(run_start(r), COFFER_ST_OK);
			r->m1.p[OFFER + words[i].at + bit / 8] ^= 1 << bit % 8;
			assert_u32(run_answer(r), COFFER_ST_CPV4_MSG_ERROR);
			run_give_up(r);
		}
	free(r);
	tc_free(s);
	tc_free(t);
}

static void the_length_is_said_twice(void **state)
{
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_simple(NULL, "red");
	struct run *r = run_new(s, t);

	(void)state;
	for (int bit = 0; bit < 32; bit++) {
		assert_u32(run_start(r), COFFER_ST_OK);
		r->m1.p[8 + bit / 8] ^= 1 << bit % 8;
		assert_u32(run_answer(r), COFFER_ST_CPV4_MSG_ERROR);
		run_give_up(r);
	}
	assert_u32(run_start(r), COFFER_ST_OK);
	r->m1.p[r->m1.len++] = 0;
	assert_u32(run_answer(r), COFFER_ST_CPV4_MSG_ERROR);
	run_give_up(r);
	free(r);
	tc_free(s);
	tc_free(t);
}

/* Proofs for one domain look like those for three, and like none that was ever sent. */
static void proofs_do_not_tell_how_many(void **state)
{
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_simple(NULL, "red");
	struct run *r = run_new(s, t), *again = run_new(s, t);
	const size_t mac = 48, from_end = CRYPTO_DEVICE_SIG + CLONE_DOMAINS * mac;
	const uint8_t *a, *b;

	(void)state;
	assert_u32(run_negotiate(r), COFFER_ST_OK);
	assert_u32(run_negotiate(again), COFFER_ST_OK);
	assert_u32(r->suite, COFFER_SUITE_P384_SHA384_AES256GCM);
	a = r->m3.p + r->m3.len - from_end;
	b = again->m3.p + again->m3.len - from_end;
	for (int i = 0; i < CLONE_DOMAINS; i++)
		for (int k = 0; k < CLONE_DOMAINS; k++) {
			assert_memory_not_equal(a + i * mac, b + k * mac, 8);
			if (i != k)
				assert_memory_not_equal(a + i * mac, a + k * mac, 8);
		}
	run_give_up(r);
	run_give_up(again);
	free(r);
	free(again);
	tc_free(s);
	tc_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_of_every_offer),
		cmocka_unit_test(unknown_bits_are_refused),
		cmocka_unit_test(the_length_is_said_twice),
		cmocka_unit_test(proofs_do_not_tell_how_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
