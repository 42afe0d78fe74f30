// SPDX-License-Identifier: BSD-3-Clause
/*
 * The offline program: it holds the full recording of a clone, the source code and the domain's
 * text, and no card. It derives every key that it can think of, and must open nothing and
 * confirm nothing. Teeth: with the fresh secret, leaked by a spy in this file, it opens all.
 */
#include "clone_pair.h"

#include <stdio.h>

/*
 * The spy stands in the seam between negotiation and key agreement. The real implementations
 * are compiled into this file under other names, the library's own are then not linked.
 */
#define clone_v4_ops	real_v4_ops
#include "clone_v4.c"
#undef clone_v4_ops
#define clone_rsa_ops	real_rsa_ops
#include "clone_rsa.c"
#undef clone_rsa_ops

static struct {
	uint8_t shared[CLONE_SHARED_MAX];
	size_t len;
} leak;

static uint32_t spy(const struct clone_ops *real, struct cmd *c, struct clone_context *x,
		    struct bytes share, uint8_t *shared, size_t *len)
{
	uint32_t st = real->agree(c, x, share, shared, len);

	leak.len = *len;
	memcpy(leak.shared, shared, *len);
	return st;
}

static uint32_t spy_v4(struct cmd *c, struct clone_context *x, struct bytes share,
		       uint8_t *shared, size_t *len)
{
	return spy(&real_v4_ops, c, x, share, shared, len);
}

static uint32_t spy_rsa(struct cmd *c, struct clone_context *x, struct bytes share,
		       uint8_t *shared, size_t *len)
{
	return spy(&real_rsa_ops, c, x, share, shared, len);
}

const struct clone_ops clone_v4_ops = { .share = v4_share, .agree = spy_v4 };
const struct clone_ops clone_rsa_ops = { .share = rsa_share, .agree = spy_rsa };

/* ---- The recording ----------------------------------------------------------------------- */

static const char known_secret[] = "this key must never be seen 0123";

struct recording {
	struct run *r;			/* m1 .. m5 */
	struct test_blob blob;
	struct clone_msg m1, m2, m3;
	const struct clone_suite *suite;
	struct clone_transcript t;
	uint8_t shared[CLONE_SHARED_MAX];	/* what the spy saw */
	size_t shared_len;
};

static void make_transcript(struct crypto *c, struct recording *rec)
{
	struct run *r = rec->r;
	struct bytes m1 = { r->m1.p, r->m1.len }, m2 = { r->m2.p, r->m2.len };
	struct bytes m3 = { r->m3.p, r->m3.len };
	struct clone_transcript *t = &rec->t;

	rec->suite = clone_suite(r->protocol, r->suite);
	assert_non_null(rec->suite);
	assert_u32(clone_msg_parse(m1, CLONE_M1, 0, &rec->m1), 0);
	assert_u32(clone_msg_parse(m2, CLONE_M2, 0, &rec->m2), 0);
	assert_u32(clone_msg_parse(m3, CLONE_M3, rec->suite->mac_len, &rec->m3), 0);
	t->card[0] = rec->m2.offer.card;
	t->partition[0] = rec->m2.offer.partition;
	t->card[1] = rec->m1.offer.card;
	t->partition[1] = rec->m1.offer.partition;
	clone_hash(c, rec->m2.device_cert, t->cert[0]);
	clone_hash(c, rec->m1.device_cert, t->cert[1]);
	if (r->invited)
		clone_hash(c, (struct bytes){ r->m0.p, r->m0.len }, t->m0);
	clone_open(c, t, m1, r->invited);
	clone_hash(c, m2, t->m2);
	clone_hash(c, rec->m3.core, t->m3_core);
	clone_hash(c, m3, t->m3);
}

/* To the protocol by what a Partition SO of the target may set. */
static void choose(struct test_card *t, uint32_t protocol)
{
	if (protocol == COFFER_CLONE_CPV1)
		tc_policy_set(t, false, 42, 1);
	if (protocol == COFFER_CLONE_CPV3)
		tc_suites_off(t);
}

static struct recording *record(struct crypto *c, struct test_card *s, struct test_card *t,
				uint32_t object)
{
	struct recording *rec = calloc(1, sizeof(*rec));
	uint32_t got, handle;

	assert_non_null(rec);
	rec->r = run_new(s, t);
	assert_u32(run_clever(rec->r), COFFER_ST_OK);
	memcpy(rec->shared, leak.shared, leak.len);
	rec->shared_len = leak.len;
	assert_u32(run_extract(rec->r, &object, 1, &rec->blob, &got), COFFER_ST_OK);
	assert_u32(rec->blob.verdict, COFFER_ST_OK);
	if (rec->r->protocol != COFFER_CLONE_CPV1)
		assert_u32(run_finish(rec->r), COFFER_ST_OK);
	run_insert_one(rec->r, rec->blob.p, rec->blob.len, &handle);
	run_give_up(rec->r);
	make_transcript(c, rec);
	return rec;
}

static void record_free(struct recording *rec)
{
	blobs_free(&rec->blob, 1);
	free(rec->r);
	free(rec);
}

/* ---- The program ------------------------------------------------------------------------- */

/* Public constants: how a domain text becomes a key on cards with the test cost. */
static void domain_key(struct crypto *c, const char *text, uint8_t key[32])
{
	static const char salt[] = "coffer cloning domain 1";

	assert_u32(crypto_pbkdf2(c, (struct bytes){ (const uint8_t *)text, strlen(text) },
				 (struct bytes){ (const uint8_t *)salt, strlen(salt) },
				 1000, key, 32), 0);
}

static bool contains(const uint8_t *p, size_t len, const void *what, size_t what_len)
{
	return memmem(p, len, what, what_len) != NULL;
}

static bool try_open(struct crypto *c, const struct recording *rec, const uint8_t *key)
{
	const struct test_blob *b = &rec->blob;
	uint8_t nonce[CRYPTO_NONCE] = { CLONE_SOURCE, 0, 0, 0, 1 };
	uint8_t *flat = malloc(b->len);
	bool opened;

	assert_non_null(flat);
	opened = !crypto_open_sealed(c, (struct bytes){ key, rec->suite->key_len }, nonce,
				     (struct bytes){ b->p, CLONE_BLOB_HEADER },
				     (struct bytes){ b->p + CLONE_BLOB_HEADER,
						     b->len - CLONE_BLOB_HEADER }, flat);
	if (opened)
		assert_true(contains(flat, b->len - CLONE_BLOB_OVERHEAD, known_secret,
				     strlen(known_secret)));
	free(flat);
	return opened;
}

/* Does this common secret explain the recording? Then a domain guess could be tested, too. */
static bool explains(struct crypto *c, const struct recording *rec, struct bytes shared,
		     const uint8_t domain[32])
{
	uint8_t mac[CRYPTO_HASH_MAX];
	struct clone_keys keys;
	bool yes;

	assert_u32(clone_keys_derive(c, rec->suite, &rec->t, shared, domain, &keys), 0);
	yes = try_open(c, rec, keys.blob);
	clone_prove_target(c, rec->suite, &rec->t, &keys, mac);
	for (int i = 0; i < CLONE_DOMAINS; i++)
		yes |= !memcmp(mac, rec->m3.proofs.p + i * rec->suite->mac_len,
			       rec->suite->mac_len);
	clone_prove_source(c, rec->suite, &rec->t, &keys, mac);
	yes |= !memcmp(mac, rec->r->m4.p + CLONE_MSG_HEADER, rec->suite->mac_len);
	return yes;
}

static unsigned int try_windows(struct crypto *c, const struct recording *rec,
				const struct msg *m, size_t len, const uint8_t domain[32])
{
	unsigned int hits = 0;

	for (size_t at = 0; at + len <= m->len; at++)
		hits += explains(c, rec, (struct bytes){ m->p + at, len }, domain);
	return hits;
}

/* Everything in the recording, as the secret, at every offset; and nothing; and zeros. */
static unsigned int attack(struct crypto *c, const struct recording *rec, const char *text)
{
	static const uint8_t zero[CLONE_SHARED_MAX];
	const struct msg *all[] = { &rec->r->m1, &rec->r->m2, &rec->r->m3, &rec->r->m4,
				    &rec->r->m0 };
	unsigned int hits = 0;
	uint8_t domain[32];

	domain_key(c, text, domain);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		hits += try_windows(c, rec, all[i], rec->shared_len, domain);
	hits += explains(c, rec, (struct bytes){ zero, 0 }, domain);
	hits += explains(c, rec, (struct bytes){ zero, rec->shared_len }, domain);
	hits += try_open(c, rec, domain);
	hits += try_open(c, rec, rec->t.m3);
	return hits;
}

static void offline(uint32_t protocol)
{
	struct test_card *s = tc_simple(NULL, "r"), *t = tc_simple(NULL, "r");
	struct recording *rec;
	struct crypto *c;
	uint8_t domain[32];
	char guess[2] = "";

	choose(t, protocol);
	assert_u32(crypto_open(&c), COFFER_ST_OK);
	rec = record(c, s, t, tc_make_secret(s, "k", known_secret, strlen(known_secret)));
	assert_u32(rec->r->protocol, protocol);
	assert_u32(attack(c, rec, "r"), 0);
	/* A one-letter domain: all guesses look the same, the right one too. */
	for (char letter = 'a'; letter <= 'z'; letter++) {
		guess[0] = letter;
		domain_key(c, guess, domain);
		assert_false(explains(c, rec, (struct bytes){ rec->m3.share.p, rec->shared_len },
				      domain));
	}
	/* Teeth: the fresh secret and the right letter, together, open it; each alone does not. */
	for (char letter = 'a'; letter <= 'z'; letter++) {
		guess[0] = letter;
		domain_key(c, guess, domain);
		assert_u32(explains(c, rec, (struct bytes){ rec->shared, rec->shared_len },
				    domain), letter == 'r');
	}
	record_free(rec);
	crypto_close(c);
	tc_free(s);
	tc_free(t);
}

static void cpv4_offline_program(void **state)
{
	(void)state;
	offline(COFFER_CLONE_CPV4);
}

static void cpv3_offline_program(void **state)
{
	(void)state;
	offline(COFFER_CLONE_CPV3);
}

static void cpv1_offline_program(void **state)
{
	(void)state;
	offline(COFFER_CLONE_CPV1);
}

/* ---- Equal domains show nothing in common ------------------------------------------------ */

struct pile {
	uint8_t p[32768];
	size_t len;
};

static void heap(struct pile *to, struct bytes b)
{
	assert_true(to->len + b.len <= sizeof(to->p));
	memcpy(to->p + to->len, b.p, b.len);
	to->len += b.len;
}

/* All that is not a constant, a name, or a certificate: what a secret could shine through. */
static void fresh_parts(const struct recording *rec, struct pile *to)
{
	const struct run *r = rec->r;

	to->len = 0;
	heap(to, (struct bytes){ rec->m1.offer.nonce, CLONE_NONCE });
	heap(to, (struct bytes){ rec->m2.offer.nonce, CLONE_NONCE });
	heap(to, rec->m2.share);
	heap(to, rec->m2.sig);
	heap(to, rec->m3.share);
	heap(to, rec->m3.proofs);
	heap(to, rec->m3.sig);
	heap(to, (struct bytes){ r->m4.p + CLONE_MSG_HEADER, rec->suite->mac_len });
	heap(to, (struct bytes){ rec->blob.p + 16, CLONE_SESSION_ID });
	heap(to, (struct bytes){ rec->blob.p + CLONE_BLOB_HEADER,
				 rec->blob.len - CLONE_BLOB_HEADER });
	if (r->m5.len)
		heap(to, (struct bytes){ r->m5.p + CLONE_MSG_HEADER + 4,
					 r->m5.len - CLONE_MSG_HEADER - 4 });
}

static unsigned int common(const struct pile *a, const struct pile *b)
{
	unsigned int n = 0;

	for (size_t i = 0; i + 8 <= a->len; i++)
		n += contains(b->p, b->len, a->p + i, 8);
	return n;
}

static void no_common_bytes_in(uint32_t protocol)
{
	struct test_card *s[2] = { tc_simple(NULL, "red"), tc_simple(NULL, "red") };
	struct test_card *t[2] = { tc_simple(NULL, "red"), tc_simple(NULL, "red") };
	struct pile a, b, again;
	struct recording *ra, *rb, *rc;
	struct crypto *c;
	uint32_t ha, hb;

	assert_u32(crypto_open(&c), COFFER_ST_OK);
	for (int i = 0; i < 2; i++)
		choose(t[i], protocol);
	ha = tc_make_secret(s[0], "k", known_secret, strlen(known_secret));
	hb = tc_make_secret(s[1], "k", known_secret, strlen(known_secret));
	ra = record(c, s[0], t[0], ha);
	rb = record(c, s[1], t[1], hb);
	rc = record(c, s[0], t[0], ha);
	fresh_parts(ra, &a);
	fresh_parts(rb, &b);
	fresh_parts(rc, &again);
	assert_true(a.len > 700);
	assert_u32(common(&a, &b), 0);
	assert_u32(common(&a, &again), 0);
	assert_false(contains(a.p, a.len, known_secret, 8));
	/* The search finds what is there; the bytes before it differ for certain. */
	heap(&a, (struct bytes){ (const uint8_t *)"a12345678", 9 });
	heap(&b, (struct bytes){ (const uint8_t *)"b12345678", 9 });
	assert_u32(common(&a, &b), 1);
	record_free(ra);
	record_free(rb);
	record_free(rc);
	crypto_close(c);
	for (int i = 0; i < 2; i++) {
		tc_free(s[i]);
		tc_free(t[i]);
	}
}

static void no_common_bytes(void **state)
{
	(void)state;
	no_common_bytes_in(COFFER_CLONE_CPV4);
	no_common_bytes_in(COFFER_CLONE_CPV3);
	no_common_bytes_in(COFFER_CLONE_CPV1);
}

/* The same object twice in one session: another nonce, so another ciphertext altogether. */
static void same_object_twice(void **state)
{
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_simple(NULL, "red");
	uint32_t h = tc_make_secret(s, "k", known_secret, strlen(known_secret)), got;
	uint32_t handles[2] = { h, h }, verdicts[2], new_handles[2];
	struct run *r = run_new(s, t);
	struct test_blob blobs[2];

	(void)state;
	assert_u32(run_negotiate(r), COFFER_ST_OK);
	assert_u32(run_extract(r, handles, 2, blobs, &got), COFFER_ST_OK);
	assert_u32(got, 2);
	assert_u32(blobs[0].len, blobs[1].len);
	for (size_t at = CLONE_BLOB_HEADER; at + 8 <= blobs[0].len; at++)
		assert_false(contains(blobs[1].p + CLONE_BLOB_HEADER,
				      blobs[1].len - CLONE_BLOB_HEADER, blobs[0].p + at, 8));
	assert_u32(run_insert(r, blobs, 2, verdicts, new_handles), COFFER_ST_OK);
	assert_u32(verdicts[0], COFFER_ST_OK);
	assert_u32(verdicts[1], COFFER_ST_OBJECT_ALREADY_EXISTS);
	assert_u32(tc_count(t), 1);
	blobs_free(blobs, 2);
	run_give_up(r);
	free(r);
	tc_free(s);
	tc_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cpv4_offline_program),
		cmocka_unit_test(cpv3_offline_program),
		cmocka_unit_test(cpv1_offline_program),
		cmocka_unit_test(no_common_bytes),
		cmocka_unit_test(same_object_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
