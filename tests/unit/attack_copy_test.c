// SPDX-License-Identifier: BSD-3-Clause
/*
 * A card's folder is copied and both are switched on (quality.md A5): the copy has every key of
 * the original, so no initialisation vector, nonce or session key may be made from what is in
 * the folder alone. All that any card here seals goes past this file (--wrap, see meson.build).
 */
#include "clone_pair.h"

#include <pthread.h>
#include <stdio.h>

/* ---- What was sealed --------------------------------------------------------------------- */

enum { SEALS_MAX = 8192, SEAL_ID = 32 + CRYPTO_NONCE };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint8_t seals[SEALS_MAX][SEAL_ID];	/* key and nonce of each */
static unsigned int seal_count, seal_twice;
static uint8_t shared_seen[64][CLONE_SHARED_MAX];	/* of each negotiation, by both sides */
static uint8_t blob_keys[64][32];
static unsigned int derived;

/* Self-tests compute known answers, always the same: they do not count. */
static _Thread_local bool testing_itself;

uint32_t __real_crypto_open(struct crypto **c);
uint32_t __wrap_crypto_open(struct crypto **c);

uint32_t __wrap_crypto_open(struct crypto **c)
{
	uint32_t st;

	testing_itself = true;
	st = __real_crypto_open(c);
	testing_itself = false;
	return st;
}

uint32_t __real_crypto_seal(struct crypto *c, struct bytes key, const uint8_t *nonce,
			    struct bytes aad, struct bytes plain, uint8_t *out);
uint32_t __wrap_crypto_seal(struct crypto *c, struct bytes key, const uint8_t *nonce,
			    struct bytes aad, struct bytes plain, uint8_t *out);
uint32_t __real_clone_keys_derive(struct crypto *c, const struct clone_suite *suite,
				  const struct clone_transcript *t, struct bytes shared,
				  const uint8_t domain[32], struct clone_keys *keys);
uint32_t __wrap_clone_keys_derive(struct crypto *c, const struct clone_suite *suite,
				  const struct clone_transcript *t, struct bytes shared,
				  const uint8_t domain[32], struct clone_keys *keys);

uint32_t __wrap_crypto_seal(struct crypto *c, struct bytes key, const uint8_t *nonce,
			    struct bytes aad, struct bytes plain, uint8_t *out)
{
	uint8_t id[SEAL_ID] = { 0 };

	if (testing_itself)
		return __real_crypto_seal(c, key, nonce, aad, plain, out);
	memcpy(id, key.p, key.len);
	memcpy(id + 32, nonce, CRYPTO_NONCE);
	pthread_mutex_lock(&lock);
	for (unsigned int i = 0; i < seal_count; i++)
		seal_twice += !memcmp(seals[i], id, SEAL_ID);
	if (seal_count < SEALS_MAX)
		memcpy(seals[seal_count++], id, SEAL_ID);
	pthread_mutex_unlock(&lock);
	return __real_crypto_seal(c, key, nonce, aad, plain, out);
}

uint32_t __wrap_clone_keys_derive(struct crypto *c, const struct clone_suite *suite,
				  const struct clone_transcript *t, struct bytes shared,
				  const uint8_t domain[32], struct clone_keys *keys)
{
	uint32_t st = __real_clone_keys_derive(c, suite, t, shared, domain, keys);

	pthread_mutex_lock(&lock);
	assert_in_range(derived, 0, 63);
	memset(shared_seen[derived], 0, CLONE_SHARED_MAX);
	memcpy(shared_seen[derived], shared.p, shared.len);
	memcpy(blob_keys[derived++], keys->blob, 32);
	pthread_mutex_unlock(&lock);
	return st;
}

/* ---- The copy ---------------------------------------------------------------------------- */

static struct test_card *original, copy, *peer;

static void both_on(void)
{
	char line[1024];

	tc_off(original);
	copy = *original;
	strcpy(strrchr(copy.dir, '/'), "/copy.coffer");
	snprintf(line, sizeof(line), "rm -rf %s && cp -a %s %s", copy.dir, original->dir,
		 copy.dir);
	assert_int_equal(system(line), 0);
	tc_on(original);
	tc_on(&copy);
}

static int begin(void **state)
{
	(void)state;
	seal_count = seal_twice = derived = 0;
	original = tc_simple(NULL, "red");
	peer = tc_simple(NULL, "red");
	return 0;
}

static int end(void **state)
{
	(void)state;
	if (copy.card)
		tc_off(&copy);
	tc_free(original);
	tc_free(peer);
	return 0;
}

/* ---- Tests ------------------------------------------------------------------------------- */

static void use_it(struct test_card *card)
{
	uint32_t handle, objects[6];

	for (int i = 0; i < 3; i++) {
		objects[2 * i] = tc_make_value(card, "x", true, "x", 1);
		objects[2 * i + 1] = tc_make_aes(card, "k");
	}
	for (int i = 0; i < 6; i++)
		assert_u32(clone_one(card, peer, objects[i], &handle), COFFER_ST_OK);
}

static void clone_some(struct test_card *card, uint32_t count)
{
	struct run *r = run_new(card, peer);
	uint32_t objects[4], got;
	struct test_blob blobs[4];

	for (uint32_t i = 0; i < count; i++)
		objects[i] = tc_make_value(card, "y", true, "y", 1);
	assert_u32(run_negotiate(r), COFFER_ST_OK);
	assert_u32(run_extract(r, objects, count, blobs, &got), COFFER_ST_OK);
	assert_u32(got, count);
	blobs_free(blobs, got);
	run_give_up(r);
	free(r);
}

static void no_iv_twice(void **state)
{
	(void)state;
	both_on();
	use_it(original);
	use_it(&copy);
	clone_some(original, 4);
	clone_some(&copy, 4);
	tc_policy_set(peer, false, 42, 1);
	clone_some(original, 1);
	clone_some(&copy, 1);
	assert_in_range(seal_count, 50, SEALS_MAX - 1);
	assert_int_equal(seal_twice, 0);
}

#define NONCE_AT	(CLONE_MSG_HEADER + 96)		/* in an offer */

/* The copies are targets, then sources, of the same peer: nothing fresh is equal. */
static void two_cards_from_one_folder(void **state)
{
	struct run *a, *b;

	(void)state;
	both_on();
	for (int v1 = 0; v1 < 2; v1++) {
		tc_policy_set(peer, false, 42, (uint32_t)v1);
		a = run_new(peer, original);
		b = run_new(peer, &copy);
		assert_u32(run_start(a), COFFER_ST_OK);
		assert_u32(run_start(b), COFFER_ST_OK);
		assert_memory_not_equal(a->m1.p + NONCE_AT, b->m1.p + NONCE_AT, CLONE_NONCE);
		run_give_up(a);
		run_give_up(b);
		free(a);
		free(b);
		a = run_new(original, peer);
		b = run_new(&copy, peer);
		derived = 0;
		assert_u32(run_negotiate(a), COFFER_ST_OK);
		assert_u32(run_negotiate(b), COFFER_ST_OK);
		/* T and S of each derive the same, for one domain. */
		assert_int_equal(derived, 4);
		assert_memory_equal(shared_seen[0], shared_seen[1], CLONE_SHARED_MAX);
		assert_memory_not_equal(shared_seen[0], shared_seen[2], 32);
		if (v1)
			assert_memory_not_equal(shared_seen[0] + CLONE_RSA_SECRET,
						shared_seen[2] + CLONE_RSA_SECRET, 32);
		assert_memory_not_equal(blob_keys[0], blob_keys[2], 16);
		run_give_up(a);
		run_give_up(b);
		free(a);
		free(b);
	}
}

static void random_bytes(struct test_card *card, uint8_t *to, uint32_t len)
{
	struct call *c = call_new();
	struct bytes b;

	call_begin(c, card->session);
	wire_put_u32(&c->req, len);
	assert_u32(call_run(card, c, COFFER_CMD_RANDOM), COFFER_ST_OK);
	b = wire_bytes(&c->rep, len);
	memcpy(to, b.p, len);
	free(c);
}

static void copies_draw_other_numbers(void **state)
{
	uint8_t a[64], b[64];

	(void)state;
	both_on();
	random_bytes(original, a, sizeof(a));
	random_bytes(&copy, b, sizeof(b));
	assert_memory_not_equal(a, b, 8);
	assert_memory_not_equal(a + 32, b + 32, 8);
	assert_int_not_equal(original->owner, copy.owner);
	assert_int_not_equal(original->session, copy.session);
}

/* A blob for the original does not open in the copy, which has the same keys and identity. */
static void a_blob_is_not_the_copies(void **state)
{
	struct run *a, *b;
	uint32_t object, got;
	struct test_blob blob;

	(void)state;
	both_on();
	object = tc_make_value(peer, "x", true, "x", 1);
	a = run_new(peer, original);
	b = run_new(peer, &copy);
	assert_u32(run_negotiate(a), COFFER_ST_OK);
	assert_u32(run_negotiate(b), COFFER_ST_OK);
	assert_u32(run_extract(a, &object, 1, &blob, &got), COFFER_ST_OK);
	assert_u32(run_insert_one(b, blob.p, blob.len, NULL), COFFER_ST_BAD_MAC);
	assert_u32(run_insert_one(a, blob.p, blob.len, NULL), COFFER_ST_OK);
	blobs_free(&blob, 1);
	run_give_up(a);
	run_give_up(b);
	free(a);
	free(b);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_iv_twice),
		TEST(two_cards_from_one_folder),
		TEST(copies_draw_other_numbers),
		TEST(a_blob_is_not_the_copies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
