// SPDX-License-Identifier: BSD-3-Clause
/*
 * Blobs and the list's end from the inside (quality.md A2.3, A3.3, A3.6): what a relay could do
 * that even knows which keys two sessions share, because their cards were copied.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "clone.h"

#define BODY	40
#define BLOB	(BODY + CLONE_BLOB_OVERHEAD)

static struct crypto *crypto;

static void context_init(struct clone_context *x, uint32_t suite)
{
	memset(x, 0, sizeof(*x));
	x->suite = clone_suite(COFFER_CLONE_CPV4, suite);
	assert_non_null(x->suite);
	memset(x->keys[0].blob, 0x11, sizeof(x->keys[0].blob));
	memset(x->keys[0].finish, 0x22, sizeof(x->keys[0].finish));
	memset(x->session, 0x33, sizeof(x->session));
}

/* A session as its two cards see it. */
struct pair {
	struct clone_context s;
	struct clone_context t;
};

static void pair_init(struct pair *p)
{
	context_init(&p->s, COFFER_SUITE_P256_SHA256_AES256GCM);
	context_init(&p->t, COFFER_SUITE_P256_SHA256_AES256GCM);
}

static void seal(struct clone_context *x, uint8_t text, uint8_t blob[BLOB])
{
	struct clone_blob head = { .class = 4, .level = 1 };
	uint8_t flat[BODY];

	memset(flat, text, sizeof(flat));
	memset(head.ouid, text, sizeof(head.ouid));
	assert_int_equal(clone_blob_seal(crypto, x, &head, (struct bytes){ flat, BODY }, blob),
			 0);
}

static uint32_t open_as(struct clone_context *x, const uint8_t *blob, size_t len)
{
	uint8_t flat[BLOB];
	struct clone_blob head;

	return clone_blob_open(crypto, x, (struct bytes){ blob, len }, &head, flat);
}

/* Equal keys, another session: the name of the session is under the seal. */
static void a_blob_is_of_its_session(void **state)
{
	uint8_t blob[BLOB];
	struct pair p;

	(void)state;
	pair_init(&p);
	seal(&p.s, 'a', blob);
	p.t.session[15] ^= 1;
	assert_int_equal(open_as(&p.t, blob, BLOB), (uint32_t)COFFER_ST_BAD_MAC);
	/* The relay writes the other session's name on it. */
	memcpy(blob + 16, p.t.session, CLONE_SESSION_ID);
	assert_int_equal(open_as(&p.t, blob, BLOB), (uint32_t)COFFER_ST_BAD_MAC);
	p.t.session[15] ^= 1;
	memcpy(blob + 16, p.t.session, CLONE_SESSION_ID);
	assert_int_equal(open_as(&p.t, blob, BLOB), 0);
}

static void a_blob_is_of_its_suite(void **state)
{
	uint8_t blob[BLOB];
	struct pair p;

	(void)state;
	pair_init(&p);
	seal(&p.s, 'a', blob);
	p.t.suite = clone_suite(COFFER_CLONE_CPV4, COFFER_SUITE_P384_SHA384_AES256GCM);
	assert_int_equal(open_as(&p.t, blob, BLOB), (uint32_t)COFFER_ST_BAD_MAC);
	p.t.suite = clone_suite(COFFER_CLONE_CPV1, 0);
	assert_int_equal(open_as(&p.t, blob, BLOB), (uint32_t)COFFER_ST_BAD_MAC);
}

/* OUID, class, level and number are no more the relay's to choose than the key is. */
static void not_one_bit_is_the_relays(void **state)
{
	uint8_t blob[BLOB];
	struct pair p;

	(void)state;
	pair_init(&p);
	seal(&p.s, 'a', blob);
	for (size_t bit = 0; bit < 8 * BLOB; bit++) {
		blob[bit / 8] ^= 1 << bit % 8;
		assert_int_equal(open_as(&p.t, blob, BLOB), (uint32_t)COFFER_ST_BAD_MAC);
		blob[bit / 8] ^= 1 << bit % 8;
	}
	for (size_t len = 0; len < BLOB; len++)
		assert_int_equal(open_as(&p.t, blob, len), (uint32_t)(len < CLONE_BLOB_OVERHEAD ?
				 COFFER_ST_MAC_MISSING : COFFER_ST_BAD_MAC));
	assert_int_equal(p.t.moved, 0);
	assert_int_equal(open_as(&p.t, blob, BLOB), 0);
}

/* The number is the nonce: it is never used twice, and there is an end of numbers. */
static void numbers_are_used_once(void **state)
{
	uint8_t one[BLOB], two[BLOB];
	struct clone_blob head = { 0 };
	struct pair p;

	(void)state;
	pair_init(&p);
	seal(&p.s, 'a', one);
	seal(&p.s, 'a', two);
	assert_memory_not_equal(one + CLONE_BLOB_HEADER, two + CLONE_BLOB_HEADER, 16);
	assert_int_equal(p.s.sequence, 2);
	p.s.sequence = UINT32_MAX;
	assert_int_equal(clone_blob_seal(crypto, &p.s, &head, (struct bytes){ one, 1 }, two),
			 (uint32_t)COFFER_ST_SESSION_EXPIRED);
}

/* Every old blob at every later point, and every order: only upwards. */
static void replay_and_reorder(void **state)
{
	uint8_t blobs[5][BLOB];
	struct pair p;

	(void)state;
	pair_init(&p);
	for (int i = 0; i < 5; i++)
		seal(&p.s, (uint8_t)('a' + i), blobs[i]);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(open_as(&p.t, blobs[i], BLOB), 0);
		for (int old = 0; old <= i; old++)
			assert_int_equal(open_as(&p.t, blobs[old], BLOB),
					 (uint32_t)COFFER_ST_SESSION_NEGOTIATION_INVALID);
		assert_int_equal(p.t.moved, i + 1);
	}
}

static uint32_t end_list(struct pair *p, uint32_t *sent)
{
	uint8_t buf[256];
	struct wire_out out;

	wire_out_init(&out, buf, sizeof(buf));
	assert_int_equal(clone_finish_write(crypto, &p->s, &out), 0);
	return clone_finish_check(crypto, &p->t, (struct bytes){ buf, out.len }, sent);
}

static void a_list_is_of_its_session(void **state)
{
	uint32_t sent;
	struct pair p;

	(void)state;
	pair_init(&p);
	assert_int_equal(end_list(&p, &sent), 0);
	p.t.session[0] ^= 1;
	assert_int_equal(end_list(&p, &sent), (uint32_t)COFFER_ST_BAD_MAC);
}

/* As many objects as were sent, but others: a copy of the source card made them. */
static void another_list_of_equal_length(void **state)
{
	uint8_t blob[BLOB];
	struct pair p, copy;
	uint32_t sent;

	(void)state;
	pair_init(&p);
	pair_init(&copy);
	seal(&p.s, 'a', blob);
	seal(&copy.s, 'b', blob);
	assert_int_equal(open_as(&p.t, blob, BLOB), 0);
	assert_int_equal(end_list(&p, &sent), (uint32_t)COFFER_ST_BAD_MAC);
	assert_int_equal(sent, 0);
	/* Its own list is right. */
	p.s = copy.s;
	assert_int_equal(end_list(&p, &sent), 0);
	assert_int_equal(sent, 1);
}

static void more_than_was_sent(void **state)
{
	uint8_t blob[BLOB];
	struct pair p, copy;
	uint32_t sent;

	(void)state;
	pair_init(&p);
	pair_init(&copy);
	for (int i = 0; i < 2; i++) {
		seal(&copy.s, 'a', blob);
		assert_int_equal(open_as(&p.t, blob, BLOB), 0);
	}
	seal(&p.s, 'a', blob);
	assert_int_equal(end_list(&p, &sent), (uint32_t)COFFER_ST_BAD_MAC);
}

/* A genuine seal over a header that tells another length: whoever sealed it was no card. */
static void a_blob_is_as_long_as_it_says(void **state)
{
	static const uint32_t lies[] = { 0, BODY - 1, BODY + 1, BODY + CRYPTO_TAG, 60000,
					 UINT32_MAX };
	const uint8_t nonce[CRYPTO_NONCE] = { CLONE_SOURCE, 0, 0, 0, 1 };
	uint8_t blob[BLOB], flat[BODY] = { 0 };
	struct pair p;

	(void)state;
	pair_init(&p);
	seal(&p.s, 'a', blob);
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		for (int k = 0; k < 4; k++)
			blob[CLONE_BLOB_HEADER - 4 + k] = (uint8_t)(lies[i] >> (8 * k));
		assert_int_equal(crypto_seal(crypto, (struct bytes){ p.s.keys[0].blob, 32 }, nonce,
					     (struct bytes){ blob, CLONE_BLOB_HEADER },
					     (struct bytes){ flat, BODY },
					     blob + CLONE_BLOB_HEADER), 0);
		assert_int_equal(open_as(&p.t, blob, BLOB), (uint32_t)COFFER_ST_BAD_MAC);
	}
	assert_int_equal(p.t.moved, 0);
}

/* The target has one of two: what m5 says of the other is not the relay's to change. */
static void not_one_bit_of_the_end(void **state)
{
	uint8_t one[BLOB], two[BLOB], buf[256];
	struct wire_out out;
	uint32_t sent;
	struct pair p;

	(void)state;
	pair_init(&p);
	seal(&p.s, 'a', one);
	seal(&p.s, 'b', two);
	assert_int_equal(open_as(&p.t, one, BLOB), 0);
	wire_out_init(&out, buf, sizeof(buf));
	assert_int_equal(clone_finish_write(crypto, &p.s, &out), 0);
	for (size_t bit = 0; bit < 8 * out.len; bit++) {
		buf[bit / 8] ^= 1 << bit % 8;
		assert_int_equal(clone_finish_check(crypto, &p.t, (struct bytes){ buf, out.len },
						    &sent), (uint32_t)COFFER_ST_BAD_MAC);
		assert_int_equal(sent, 0);
		buf[bit / 8] ^= 1 << bit % 8;
	}
	assert_int_equal(clone_finish_check(crypto, &p.t, (struct bytes){ buf, out.len }, &sent),
			 0);
	assert_int_equal(sent, 2);
}

/* xorshift: the same noise in every run */
static uint64_t next(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

static void noise(uint8_t *p, size_t len, uint64_t *seed)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)(next(seed) >> 32);
}

/*
 * Key conjuring (A2.3): a million blobs of noise behind a header that is right, each with the
 * same answer, and no object. Nothing is counted as seen, and the true blob still opens.
 */
static void a_million_blobs_of_noise(void **state)
{
	enum { BLOBS = 1000000 };
	uint64_t seed = 0x9e3779b97f4a7c15ull;
	uint8_t blob[BLOB], good[BLOB];
	struct pair p;

	(void)state;
	pair_init(&p);
	seal(&p.s, 'a', good);
	memcpy(blob, good, sizeof(blob));
	for (int i = 0; i < BLOBS; i++) {
		noise(blob + CLONE_BLOB_HEADER, BODY + CRYPTO_TAG, &seed);
		if (open_as(&p.t, blob, BLOB) != (uint32_t)COFFER_ST_BAD_MAC)
			fail_msg("blob %d of noise was not a bad one", i);
	}
	assert_int_equal(p.t.moved, 0);
	assert_int_equal(p.t.sequence, 0);
	assert_int_equal(open_as(&p.t, good, BLOB), 0);
}

static int begin(void **state)
{
	(void)state;
	return crypto_open(&crypto) ? -1 : 0;
}

static int end(void **state)
{
	(void)state;
	crypto_close(crypto);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_blob_is_of_its_session),
		cmocka_unit_test(a_blob_is_of_its_suite),
		cmocka_unit_test(not_one_bit_is_the_relays),
		cmocka_unit_test(numbers_are_used_once),
		cmocka_unit_test(replay_and_reorder),
		cmocka_unit_test(a_blob_is_as_long_as_it_says),
		cmocka_unit_test(not_one_bit_of_the_end),
		cmocka_unit_test(a_list_is_of_its_session),
		cmocka_unit_test(another_list_of_equal_length),
		cmocka_unit_test(more_than_was_sent),
		cmocka_unit_test(a_million_blobs_of_noise),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
