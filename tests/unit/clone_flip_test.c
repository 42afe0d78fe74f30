// SPDX-License-Identifier: BSD-3-Clause
/*
 * Every message and blob of all protocols, changed: refused by one side or the other, nothing
 * stored, and the next honest run works. Lengths too: cut ones, and longer ones.
 *
 * COFFER_FLIPS=all flips each bit of each message by itself, COFFER_FLIPS=bytes one bit of each
 * byte, another one from byte to byte. Such a run is a whole negotiation, so the default takes all
 * bytes of CPv4's fields, every eleventh of what follows (certificates, shares, signatures: one
 * value each), and of the others, whose fields are read by the same code, every eleventh too.
 */
#include "clone_pair.h"

#include <stdio.h>

struct pair {
	struct test_card *s;
	struct test_card *t;
	uint32_t object;
	uint32_t protocol;
	unsigned int tried;
	unsigned int accepted;
};

enum { SAMPLE, BYTES, BITS };

static int thoroughness(void)
{
	const char *s = getenv("COFFER_FLIPS");

	if (!s)
		return SAMPLE;
	assert_true(!strcmp(s, "all") || !strcmp(s, "bytes"));
	return !strcmp(s, "all") ? BITS : BYTES;
}

static void setup(struct pair *p, uint32_t protocol)
{
	memset(p, 0, sizeof(*p));
	p->s = tc_simple(NULL, "red");
	p->t = tc_simple(NULL, "red");
	/* A quarter of the time of the strongest. */
	tc_suite_set(p->t, COFFER_SUITE_P384_SHA384_AES256GCM, false);
	if (protocol == COFFER_CLONE_CPV1)
		tc_policy_set(p->t, false, 42, 1);
	if (protocol == COFFER_CLONE_CPV3)
		tc_suites_off(p->t);
	p->object = tc_make_value(p->s, "the object", true, "its value", 9);
	p->protocol = protocol;
}

static void teardown(struct pair *p)
{
	tc_free(p->s);
	tc_free(p->t);
}

static struct run *pair_run(const struct pair *p)
{
	struct run *r = run_new(p->s, p->t);

	r->invited = p->protocol == COFFER_CLONE_CPV3;
	return r;
}

static const char *name(const struct pair *p)
{
	return p->protocol == COFFER_CLONE_CPV1 ? "CPv1" :
	       p->protocol == COFFER_CLONE_CPV3 ? "CPv3" : "CPv4";
}

/* A good run: proves that the cards are well. */
static void good_run(struct pair *p)
{
	struct run *r = pair_run(p);

	assert_u32(run_negotiate(r), COFFER_ST_OK);
	assert_u32(r->protocol, p->protocol);
	run_give_up(r);
	free(r);
}

typedef void change_fn(struct msg *m, size_t n);

/*
 * A run in which message @which is changed on its way. True when both sides ended as if nothing
 * had been: the attack succeeded.
 */
static bool changed_run(struct pair *p, int which, change_fn *change, size_t n)
{
	struct run *r = pair_run(p);
	uint32_t st = COFFER_ST_OK;
	int i;

	for (i = r->invited ? 0 : 1; !st && i < RUN_STEPS; i++) {
		st = run_step(r, i);
		if (!st && i == which)
			change(run_message(r, which), n);
	}
	/* Refused because of the change, and for nothing else. */
	if (st)
		assert_true(i > which + 1);
	assert_not_u32(st, COFFER_ST_CLONE_THROTTLED);
	assert_not_u32(st, COFFER_ST_DEVICE_MEMORY);
	run_give_up(r);
	free(r);
	p->tried++;
	p->accepted += !st;
	/* Runs that ended after m3 count as failed proofs; time takes them back. */
	if (which >= 3 && p->tried % 2 == 0)
		tc_forgive();
	return !st;
}

static void flip(struct msg *m, size_t bit)
{
	m->p[bit / 8] ^= (uint8_t)(1 << bit % 8);
}

static void cut(struct msg *m, size_t len)
{
	m->len = len;
}

static void grow(struct msg *m, size_t by)
{
	memset(m->p + m->len, 0, by);
	m->len += by;
}

/* A cut or longer message whose header tells the new length. */
static void cut_honest(struct msg *m, size_t len)
{
	m->len = len;
	if (len >= CLONE_MSG_HEADER) {
		m->p[8] = (uint8_t)len;
		m->p[9] = (uint8_t)(len >> 8);
	}
}

static void grow_honest(struct msg *m, size_t by)
{
	grow(m, by);
	cut_honest(m, m->len);
}

static size_t message_len(struct pair *p, int which)
{
	struct run *r = pair_run(p);
	size_t len;

	assert_u32(run_negotiate(r), COFFER_ST_OK);
	len = run_message(r, which)->len;
	run_give_up(r);
	free(r);
	return len;
}

/* Header and offer, and protocol and suite of m2. */
#define FIELDS	(CLONE_MSG_HEADER + CLONE_OFFER_LEN + 8)

static void flip_message(struct pair *p, int which)
{
	size_t len = message_len(p, which), at = 0;
	size_t step = thoroughness() == BITS ? 1 : 9;	/* 9: byte by byte, and bit after bit */
	size_t fields = p->protocol == COFFER_CLONE_CPV4 ? FIELDS : 0;

	/* What CPv3 has in common with CPv1 is flipped there. */
	if (p->protocol == COFFER_CLONE_CPV3 && which > 0)
		step *= 3;
	while (at < len * 8) {
		if (changed_run(p, which, flip, at))
			fail_msg("m%d: bit %zu of byte %zu makes no difference", which, at % 8,
				 at / 8);
		at += thoroughness() == SAMPLE && at / 8 >= fields ? 11 * step : step;
	}
}

static void size_message(struct pair *p, int which)
{
	size_t len = message_len(p, which);
	size_t step = len / (thoroughness() == SAMPLE ? 7 : 24) + 1;

	for (size_t n = 0; n < len; n += step) {
		assert_false(changed_run(p, which, cut, n));
		assert_false(changed_run(p, which, cut_honest, n));
	}
	assert_false(changed_run(p, which, cut_honest, len - 1));
	for (size_t by = 1; by < 80; by += 31) {
		assert_false(changed_run(p, which, grow, by));
		assert_false(changed_run(p, which, grow_honest, by));
	}
}

static void messages(uint32_t protocol)
{
	struct pair p;

	setup(&p, protocol);
	good_run(&p);
	for (int which = protocol == COFFER_CLONE_CPV3 ? 0 : 1; which <= 4; which++) {
		flip_message(&p, which);
		size_message(&p, which);
	}
	print_message("%s messages: %u changed, %u accepted\n", name(&p), p.tried, p.accepted);
	assert_u32(p.accepted, 0);
	assert_u32(tc_count(p.t), 0);
	good_run(&p);
	teardown(&p);
}

static void cpv4_messages(void **state)
{
	(void)state;
	messages(COFFER_CLONE_CPV4);
}

static void cpv3_messages(void **state)
{
	(void)state;
	messages(COFFER_CLONE_CPV3);
}

static void cpv1_messages(void **state)
{
	(void)state;
	messages(COFFER_CLONE_CPV1);
}

/* ---- Blobs ------------------------------------------------------------------------------- */

static const uint8_t masks[] = { 0x01, 0x80, 0x10, 0xff };

/* Many changed copies in one INSERT: each refused by itself. */
static void insert_changed(struct pair *p, struct run *r, const struct test_blob *blob,
			   uint8_t mask)
{
	enum { MAX = 64 };
	struct test_blob copies[MAX];
	uint32_t verdicts[MAX], handles[MAX];

	for (size_t at = 0; at < blob->len;) {
		uint32_t n = 0;

		for (; n < MAX && at < blob->len; n++, at++) {
			copies[n].len = blob->len;
			copies[n].p = malloc(blob->len);
			assert_non_null(copies[n].p);
			memcpy(copies[n].p, blob->p, blob->len);
			copies[n].p[at] ^= mask;
		}
		assert_u32(run_insert(r, copies, n, verdicts, handles), COFFER_ST_OK);
		for (uint32_t i = 0; i < n; i++) {
			assert_u32(verdicts[i], COFFER_ST_BAD_MAC);
			p->tried++;
		}
		blobs_free(copies, n);
	}
}

static void insert_resized(struct run *r, const struct test_blob *blob)
{
	uint8_t *copy = calloc(1, blob->len + 64);

	assert_non_null(copy);
	memcpy(copy, blob->p, blob->len);
	for (size_t len = 0; len < blob->len; len++)
		assert_u32(run_insert_one(r, copy, len, NULL), len < CLONE_BLOB_OVERHEAD ?
			   COFFER_ST_MAC_MISSING : COFFER_ST_BAD_MAC);
	for (size_t more = 1; more < 64; more++)
		assert_u32(run_insert_one(r, copy, blob->len + more, NULL),
			   COFFER_ST_BAD_MAC);
	free(copy);
}

/* Under the protocols that move many in a session. */
static void blobs_of(uint32_t protocol)
{
	struct test_blob blobs[2];
	uint32_t handles[2], got, handle;
	struct run *r;
	struct pair p;

	setup(&p, protocol);
	handles[0] = p.object;
	handles[1] = tc_make_aes(p.s, "a key");
	r = pair_run(&p);
	assert_u32(run_negotiate(r), COFFER_ST_OK);
	assert_u32(run_extract(r, handles, 2, blobs, &got), COFFER_ST_OK);
	for (size_t i = 0; i < sizeof(masks); i++) {
		insert_changed(&p, r, &blobs[0], masks[i]);
		insert_changed(&p, r, &blobs[1], masks[i]);
	}
	insert_resized(r, &blobs[0]);
	print_message("%s blobs: %u changed, none accepted\n", name(&p), p.tried);
	assert_u32(tc_count(p.t), 0);
	/* The others are unharmed: the true ones still come in, in their order. */
	assert_u32(run_insert_one(r, blobs[0].p, blobs[0].len, &handle), COFFER_ST_OK);
	insert_changed(&p, r, &blobs[1], 0x40);
	assert_u32(run_insert_one(r, blobs[1].p, blobs[1].len, &handle), COFFER_ST_OK);
	assert_u32(tc_count(p.t), 2);
	blobs_free(blobs, 2);
	run_give_up(r);
	free(r);
	teardown(&p);
}

static void cpv4_blobs(void **state)
{
	(void)state;
	blobs_of(COFFER_CLONE_CPV4);
}

static void cpv3_blobs(void **state)
{
	(void)state;
	blobs_of(COFFER_CLONE_CPV3);
}

/* row 13 */
/* A bad one among good ones, in one command. */
static void bad_among_good(void **state)
{
	struct test_blob blobs[3];
	uint32_t handles[3], verdicts[3], got;
	struct run *r;
	struct pair p;

	(void)state;
	setup(&p, COFFER_CLONE_CPV4);
	handles[0] = p.object;
	handles[1] = tc_make_aes(p.s, "a key");
	handles[2] = tc_make_cert(p.s, "a certificate");
	r = run_new(p.s, p.t);
	assert_u32(run_negotiate(r), COFFER_ST_OK);
	assert_u32(run_extract(r, handles, 3, blobs, &got), COFFER_ST_OK);
	blobs[1].p[blobs[1].len - 20] ^= 4;
	assert_u32(run_insert(r, blobs, 3, verdicts, handles), COFFER_ST_OK);
	assert_u32(verdicts[0], COFFER_ST_OK);
	assert_u32(verdicts[1], COFFER_ST_BAD_MAC);
	assert_u32(verdicts[2], COFFER_ST_OK);
	assert_u32(tc_count(p.t), 2);
	blobs_free(blobs, 3);
	run_give_up(r);
	free(r);
	teardown(&p);
}

/* Under CPv1 a refused blob ends its run; another run brings the object. */
static void cpv1_blobs(void **state)
{
	struct test_blob blob;
	uint32_t got, handle;
	size_t at = 0, len;
	struct pair p;

	(void)state;
	setup(&p, COFFER_CLONE_CPV1);
	do {
		struct run *r = run_new(p.s, p.t);

		assert_u32(run_negotiate(r), COFFER_ST_OK);
		assert_u32(run_extract(r, &p.object, 1, &blob, &got), COFFER_ST_OK);
		len = blob.len;
		blob.p[at] ^= masks[at % sizeof(masks)];
		assert_u32(run_insert_one(r, blob.p, len, NULL), COFFER_ST_BAD_MAC);
		blob.p[at] ^= masks[at % sizeof(masks)];
		assert_u32(run_insert_one(r, blob.p, len, NULL),
			   COFFER_ST_SESSION_ID_INVALID);
		blobs_free(&blob, 1);
		free(r);
		p.tried++;
		at += thoroughness() == SAMPLE ? 11 : 1;
	} while (at < len);
	print_message("CPv1 blobs: %u changed, none accepted\n", p.tried);
	assert_u32(tc_count(p.t), 0);
	assert_u32(clone_one(p.s, p.t, p.object, &handle), COFFER_ST_OK);
	assert_u32(tc_count(p.t), 1);
	teardown(&p);
}

/* m5: a changed one is refused, and the true one still counts. */
static void finish_of(uint32_t protocol)
{
	uint32_t got, handle, sent, received, missing;
	struct test_blob blob;
	struct run *r;
	struct pair p;

	setup(&p, protocol);
	r = pair_run(&p);
	assert_u32(run_negotiate(r), COFFER_ST_OK);
	assert_u32(run_extract(r, &p.object, 1, &blob, &got), COFFER_ST_OK);
	assert_u32(run_insert_one(r, blob.p, blob.len, &handle), COFFER_ST_OK);
	assert_u32(run_finish(r), COFFER_ST_OK);
	for (size_t bit = 0; bit < r->m5.len * 8; bit++) {
		flip(&r->m5, bit);
		assert_u32(run_close(r, true, &sent, &received, &missing),
			   COFFER_ST_BAD_MAC);
		flip(&r->m5, bit);
	}
	assert_u32(run_close(r, true, &sent, &received, &missing), COFFER_ST_OK);
	assert_u32(sent, 1);
	assert_u32(missing, 0);
	blobs_free(&blob, 1);
	free(r);
	teardown(&p);
}

static void finish(void **state)
{
	(void)state;
	finish_of(COFFER_CLONE_CPV4);
	finish_of(COFFER_CLONE_CPV3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cpv4_messages),
		cmocka_unit_test(cpv3_messages),
		cmocka_unit_test(cpv1_messages),
		cmocka_unit_test(cpv4_blobs),
		cmocka_unit_test(cpv3_blobs),
		cmocka_unit_test(bad_among_good),
		cmocka_unit_test(cpv1_blobs),
		cmocka_unit_test(finish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
