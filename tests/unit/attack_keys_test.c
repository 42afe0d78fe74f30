// SPDX-License-Identifier: BSD-3-Clause
/*
 * Unknown key share (quality.md A3.5): whatever two cards could see differently goes into every
 * key of theirs, so two that disagree on anything share nothing. Pure: no card is needed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "clone.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static struct crypto *crypto;

/* One side's view of a negotiation. */
struct view {
	struct clone_transcript t;
	uint32_t protocol;
	uint32_t suite;
	uint8_t shared[48];
	uint8_t domain[32];
};

static const struct clone_suite *suite_of(const struct view *v)
{
	const struct clone_suite *suite = clone_suite(v->protocol, v->suite);

	assert_non_null(suite);
	return suite;
}

static void view_init(struct view *v)
{
	uint8_t *bytes = (uint8_t *)v;

	for (size_t i = 0; i < sizeof(*v); i++)
		bytes[i] = (uint8_t)(i * 7 + i / 256 + 1);
	v->protocol = COFFER_CLONE_CPV4;
	v->suite = COFFER_SUITE_P384_SHA384_AES256GCM;
}

static void keys_of(const struct view *v, struct clone_keys *keys)
{
	struct bytes shared = { v->shared, sizeof(v->shared) };

	assert_int_equal(clone_keys_derive(crypto, suite_of(v), &v->t, shared, v->domain, keys),
			 0);
}

/* Of two views that disagree on @what, no key is the same. */
static void share_nothing(const struct view *a, const struct view *b, const char *what)
{
	struct clone_keys ka, kb;

	keys_of(a, &ka);
	keys_of(b, &kb);
	if (!memcmp(ka.confirm_target, kb.confirm_target, 32) ||
	    !memcmp(ka.confirm_source, kb.confirm_source, 32) ||
	    !memcmp(ka.finish, kb.finish, 32) || !memcmp(ka.blob, kb.blob, 16))
		fail_msg("%s: is not in every key", what);
}

#define DIFFER(field) do {						\
	struct view a, b;						\
	view_init(&a);							\
	b = a;								\
	((uint8_t *)&b.field)[sizeof(b.field) - 1] ^= 1;		\
	share_nothing(&a, &b, #field);					\
} while (0)

static void both_identities_are_in_every_key(void **state)
{
	(void)state;
	DIFFER(t.card[0]);
	DIFFER(t.card[1]);
	DIFFER(t.partition[0]);
	DIFFER(t.partition[1]);
	DIFFER(t.cert[0]);
	DIFFER(t.cert[1]);
}

static void swap(void *a, void *b, size_t len)
{
	uint8_t old[CLONE_MHASH];

	memcpy(old, a, len);
	memcpy(a, b, len);
	memcpy(b, old, len);
}

/* Each believes to be the source: nothing fits. */
static void roles_are_in_every_key(void **state)
{
	struct view a, b;

	(void)state;
	view_init(&a);
	b = a;
	swap(&b.t.card[0], &b.t.card[1], sizeof(b.t.card[0]));
	swap(&b.t.partition[0], &b.t.partition[1], sizeof(b.t.partition[0]));
	swap(b.t.cert[0], b.t.cert[1], sizeof(b.t.cert[0]));
	share_nothing(&a, &b, "who is source");
}

static void every_message_is_in_every_key(void **state)
{
	(void)state;
	DIFFER(t.opening);
	DIFFER(t.m2);
	DIFFER(t.m3_core);
}

static void the_fresh_secret_is_in_every_key(void **state)
{
	(void)state;
	DIFFER(shared);
}

static void the_domain_is_in_every_key(void **state)
{
	(void)state;
	DIFFER(domain);
}

static void protocol_and_suite_are_in_every_key(void **state)
{
	/* The same hash, so that only the numbers in the key's name differ. */
	static const uint32_t pairs[][4] = {
		{ COFFER_CLONE_CPV4, COFFER_SUITE_P256_SHA256_AES256GCM, COFFER_CLONE_CPV4,
		  COFFER_SUITE_P256_SHA256_AES128GCM },
		{ COFFER_CLONE_CPV4, COFFER_SUITE_P256_SHA256_AES256GCM, COFFER_CLONE_CPV1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		struct view a, b;

		view_init(&a);
		b = a;
		a.protocol = pairs[i][0];
		a.suite = pairs[i][1];
		b.protocol = pairs[i][2];
		b.suite = pairs[i][3];
		share_nothing(&a, &b, i ? "protocol" : "suite");
	}
}

/* A protocol's number alone, which no pair of built suites shows. */
static void protocol_alone_is_in_every_key(void **state)
{
	struct clone_suite one, two;
	struct clone_keys ka, kb;
	struct bytes shared;
	struct view v;

	(void)state;
	view_init(&v);
	one = two = *suite_of(&v);
	two.protocol = COFFER_CLONE_CPV3;
	shared = (struct bytes){ v.shared, sizeof(v.shared) };
	assert_int_equal(clone_keys_derive(crypto, &one, &v.t, shared, v.domain, &ka), 0);
	assert_int_equal(clone_keys_derive(crypto, &two, &v.t, shared, v.domain, &kb), 0);
	assert_memory_not_equal(ka.blob, kb.blob, 16);
	assert_memory_not_equal(ka.confirm_target, kb.confirm_target, 32);
}

static void no_two_keys_are_equal(void **state)
{
	struct clone_keys k;
	struct view v;

	(void)state;
	view_init(&v);
	keys_of(&v, &k);
	assert_memory_not_equal(k.confirm_target, k.confirm_source, 32);
	assert_memory_not_equal(k.confirm_target, k.finish, 32);
	assert_memory_not_equal(k.confirm_source, k.finish, 32);
	assert_memory_not_equal(k.blob, k.finish, 32);
	assert_memory_not_equal(k.blob, k.confirm_source, 32);
	assert_memory_not_equal(k.blob, k.confirm_target, 32);
}

typedef uint32_t prove_fn(struct crypto *c, const struct clone_suite *suite,
			  const struct clone_transcript *t, const struct clone_keys *keys,
			  uint8_t *mac);

/* Under one key: the proof is another one when @message was. */
static void proof_has(prove_fn *prove, size_t message, bool wanted)
{
	uint8_t mac_a[CRYPTO_HASH_MAX], mac_b[CRYPTO_HASH_MAX];
	struct clone_keys keys;
	struct view a, b;

	view_init(&a);
	b = a;
	((uint8_t *)&b.t)[message] ^= 1;
	keys_of(&a, &keys);
	assert_int_equal(prove(crypto, suite_of(&a), &a.t, &keys, mac_a), 0);
	assert_int_equal(prove(crypto, suite_of(&b), &b.t, &keys, mac_b), 0);
	assert_int_equal(memcmp(mac_a, mac_b, suite_of(&a)->mac_len) != 0, wanted);
}

static void proofs_are_of_all_messages(void **state)
{
	const size_t core = offsetof(struct clone_transcript, m3_core);
	const size_t m1 = offsetof(struct clone_transcript, opening);
	const size_t m2 = offsetof(struct clone_transcript, m2);
	const size_t m3 = offsetof(struct clone_transcript, m3);

	(void)state;
	proof_has(clone_prove_target, m1, true);
	proof_has(clone_prove_target, m2, true);
	proof_has(clone_prove_target, core, true);
	proof_has(clone_prove_target, m3, false);	/* it is a part of m3 itself */
	proof_has(clone_prove_source, m1, true);
	proof_has(clone_prove_source, m2, true);
	proof_has(clone_prove_source, m3, true);
}

/* Under CPv3 the opening is m0 and m1, and it is never what m1 alone would be. */
static void an_opening_is_of_all_messages(void **state)
{
	struct bytes m1 = { (const uint8_t *)"m1", 2 }, other = { (const uint8_t *)"m2", 2 };
	struct view a, b;

	(void)state;
	view_init(&a);
	b = a;
	b.t.m0[47] ^= 1;
	assert_int_equal(clone_open(crypto, &a.t, m1, true), 0);
	assert_int_equal(clone_open(crypto, &b.t, m1, true), 0);
	assert_memory_not_equal(a.t.opening, b.t.opening, CLONE_MHASH);
	b = a;
	assert_int_equal(clone_open(crypto, &b.t, m1, false), 0);
	assert_memory_not_equal(a.t.opening, b.t.opening, CLONE_MHASH);
	assert_int_equal(clone_open(crypto, &b.t, other, true), 0);
	assert_memory_not_equal(a.t.opening, b.t.opening, CLONE_MHASH);
}

/* One side's proof is not the other's, sent back. */
static void proofs_differ(void **state)
{
	uint8_t target[CRYPTO_HASH_MAX], source[CRYPTO_HASH_MAX];
	struct clone_keys keys;
	struct view v;

	(void)state;
	view_init(&v);
	memcpy(v.t.m3, v.t.m3_core, sizeof(v.t.m3));
	keys_of(&v, &keys);
	memcpy(keys.confirm_source, keys.confirm_target, sizeof(keys.confirm_source));
	assert_int_equal(clone_prove_target(crypto, suite_of(&v), &v.t, &keys, target), 0);
	assert_int_equal(clone_prove_source(crypto, suite_of(&v), &v.t, &keys, source), 0);
	assert_memory_not_equal(target, source, suite_of(&v)->mac_len);
}

static void a_session_is_its_messages(void **state)
{
	uint8_t id[CLONE_SESSION_ID], other[CLONE_SESSION_ID];
	struct view a, b;

	(void)state;
	view_init(&a);
	assert_int_equal(clone_session_id(crypto, &a.t, id), 0);
	b = a;
	b.t.opening[47] ^= 1;
	assert_int_equal(clone_session_id(crypto, &b.t, other), 0);
	assert_memory_not_equal(id, other, sizeof(id));
	b = a;
	b.t.m2[47] ^= 1;
	assert_int_equal(clone_session_id(crypto, &b.t, other), 0);
	assert_memory_not_equal(id, other, sizeof(id));
	b = a;
	b.t.m3[47] ^= 1;
	assert_int_equal(clone_session_id(crypto, &b.t, other), 0);
	assert_memory_not_equal(id, other, sizeof(id));
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
		cmocka_unit_test(both_identities_are_in_every_key),
		cmocka_unit_test(roles_are_in_every_key),
		cmocka_unit_test(every_message_is_in_every_key),
		cmocka_unit_test(the_fresh_secret_is_in_every_key),
		cmocka_unit_test(the_domain_is_in_every_key),
		cmocka_unit_test(protocol_and_suite_are_in_every_key),
		cmocka_unit_test(protocol_alone_is_in_every_key),
		cmocka_unit_test(no_two_keys_are_equal),
		cmocka_unit_test(proofs_are_of_all_messages),
		cmocka_unit_test(an_opening_is_of_all_messages),
		cmocka_unit_test(proofs_differ),
		cmocka_unit_test(a_session_is_its_messages),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
