// SPDX-License-Identifier: BSD-3-Clause
/*
 * Genuine cards with lying firmware: each check that a signature or seal hides from the relay
 * tests is met here by a peer that signs and seals its lies properly. Also a fuzzer behind the
 * seal: authentic blobs whose content is broken in many ways.
 *
 * The liars stand between the library's files: these are compiled into this one under other
 * names, and the library's own are then not linked.
 */
#include "clone_two.h"

#include <stdio.h>

#define clone_decide		honest_decide
#include "clone_decide.c"
#undef clone_decide
#undef COUNT
#define clone_offer_write	honest_offer_write
#include "clone_offer.c"
#undef clone_offer_write
#define clone_prove_target	honest_prove_target
#include "clone_keys.c"
#undef clone_prove_target
#undef LABEL_LEN
#define clone_blob_seal		honest_blob_seal
#include "clone_blob.c"
#undef clone_blob_seal

/* ---- Lies -------------------------------------------------------------------------------- */

static struct {
	unsigned int decisions;		/* made in this run: the first is S's */
	uint32_t protocol;		/* what S chooses, 0: the truth */
	uint32_t suite;
	unsigned int offers;		/* written in this run: m1, m2, m3 */
	unsigned int lie_in;		/* which of them lies */
	void (*lie)(struct clone_offer *o);
	bool blind;			/* S takes any proof */
	uint8_t proof[CRYPTO_HASH_MAX];
	unsigned int proofs;
	void (*head)(struct clone_blob *b);
	uint32_t seed;			/* not 0: break what is sealed */
	int32_t length;			/* told more than there is */
} lies;

uint32_t clone_decide(const struct clone_offer *source, const struct clone_offer *target,
		      uint32_t *protocol, uint32_t *suite)
{
	uint32_t st = honest_decide(source, target, protocol, suite);

	if (!lies.decisions++ && lies.protocol) {
		*protocol = lies.protocol;
		*suite = lies.suite;
		return COFFER_ST_OK;
	}
	return st;
}

void clone_offer_write(const struct clone_offer *o, struct wire_out *out)
{
	struct clone_offer told = *o;

	if (++lies.offers == lies.lie_in)
		lies.lie(&told);
	honest_offer_write(&told, out);
}

uint32_t clone_prove_target(struct crypto *c, const struct clone_suite *suite,
			    const struct clone_transcript *t, const struct clone_keys *keys,
			    uint8_t *mac)
{
	uint32_t st = honest_prove_target(c, suite, t, keys, mac);

	if (lies.blind && lies.proofs++)
		memcpy(mac, lies.proof, suite->mac_len);
	else
		memcpy(lies.proof, mac, suite->mac_len);
	return st;
}

/* xorshift: the same broken objects in every run of the test */
static uint32_t next(uint32_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 17;
	*x ^= *x << 5;
	return *x;
}

static void break_flat(uint8_t *flat, size_t len, uint32_t *seed)
{
	unsigned int changes = 1 + next(seed) % 4;

	while (changes--) {
		size_t at = next(seed) % len;

		switch (next(seed) % 4) {
		case 0:
			flat[at] ^= (uint8_t)(1 << next(seed) % 8);
			break;
		case 1:
			flat[at] = (uint8_t)next(seed);
			break;
		case 2:
			flat[at] = 0xff;
			break;
		default:
			memset(flat + at, 0, len - at < 4 ? len - at : 4);
			break;
		}
	}
}

/* A genuine seal over a header that tells another length than what follows. */
static uint32_t seal_length(struct crypto *c, struct clone_context *x, struct clone_blob *head,
			    struct bytes flat, uint8_t *out)
{
	uint8_t nonce[CRYPTO_NONCE];

	head->sequence = ++x->sequence;
	head->flat_len = (uint32_t)((int32_t)flat.len + lies.length);
	write_header(x, head, out);
	write_nonce(head->sequence, nonce);
	return crypto_seal(c, blob_key(x), nonce, (struct bytes){ out, CLONE_BLOB_HEADER }, flat,
			   out + CLONE_BLOB_HEADER);
}

uint32_t clone_blob_seal(struct crypto *c, struct clone_context *x, struct clone_blob *head,
			 struct bytes flat, uint8_t *out)
{
	uint8_t broken[8192];

	if (lies.head)
		lies.head(head);
	if (lies.seed) {
		assert_true(flat.len <= sizeof(broken));
		memcpy(broken, flat.p, flat.len);
		break_flat(broken, flat.len, &lies.seed);
		flat.p = broken;
	}
	if (lies.length)
		return seal_length(c, x, head, flat, out);
	return honest_blob_seal(c, x, head, flat, out);
}

static int make_cards(void **state)
{
	memset(&lies, 0, sizeof(lies));
	make_pair(state);
	return 0;
}

/* Start over, with the same lies. */
static void new_run(void)
{
	lies.decisions = 0;
	lies.offers = 0;
	lies.proofs = 0;
}

static void lying_choice(void **state)
{
	static const uint32_t choices[][2] = {
		{ COFFER_CLONE_CPV4, COFFER_SUITE_P256_SHA256_AES128GCM },
		{ COFFER_CLONE_CPV4, COFFER_SUITE_P256_SHA256_AES256GCM },
		{ COFFER_CLONE_CPV1, 0 },
	};
	struct run *r = run_new(s, t);

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		new_run();
		lies.protocol = choices[i][0];
		lies.suite = choices[i][1];
		assert_u32(run_start(r), COFFER_ST_OK);
		assert_u32(run_answer(r), COFFER_ST_OK);
		assert_u32(r->protocol, choices[i][0]);
		assert_u32(run_confirm(r), COFFER_ST_PROTOCOL_DISABLED);
		assert_u32(run_confirm(r), COFFER_ST_SESSION_ID_INVALID);
		run_give_up(r);
	}
	lies.protocol = 0;
	assert_u32(run_negotiate(r), COFFER_ST_OK);
	run_give_up(r);
	free(r);
}

static void other_nonce(struct clone_offer *o)
{
	o->peer_nonce[31] ^= 1;
}

static void other_policies(struct clone_offer *o)
{
	o->policies ^= CLONE_POL_PRIVATE;
}

static void other_card(struct clone_offer *o)
{
	o->card ^= 1;
}

static void other_side(struct clone_offer *o)
{
	o->side = o->side == CLONE_SOURCE ? CLONE_TARGET : CLONE_SOURCE;
}

static void higher_level(struct clone_offer *o)
{
	o->level = 2;
}

static void other_kdf(struct clone_offer *o)
{
	o->flags ^= CLONE_OF_TEST_KDF;
}

static void other_root(struct clone_offer *o)
{
	o->root[0] ^= 1;
}

static void unknown_flag(struct clone_offer *o)
{
	o->flags |= 1u << 31;
}

static void lying_offers(void **state)
{
	static const struct {
		unsigned int message;
		void (*lie)(struct clone_offer *o);
		uint32_t verdict;
	} rows[] = {
		{ 1, other_nonce, COFFER_ST_SESSION_NEGOTIATION_INVALID },
		{ 1, other_card, COFFER_ST_CERTIFICATE_DATA_INVALID },
		{ 1, other_side, COFFER_ST_SESSION_NEGOTIATION_INVALID },
		{ 1, other_root, COFFER_ST_SESSION_NEGOTIATION_NO_ROOTS },
		{ 1, unknown_flag, COFFER_ST_CPV4_MSG_ERROR },
		{ 2, other_nonce, COFFER_ST_SESSION_NEGOTIATION_INVALID },
		{ 2, other_card, COFFER_ST_CERTIFICATE_DATA_INVALID },
		{ 2, other_side, COFFER_ST_SESSION_NEGOTIATION_INVALID },
		{ 2, higher_level, COFFER_ST_DATA_LEN_RANGE },
		{ 2, other_kdf, COFFER_ST_CLONE_KDF_MISMATCH },
		{ 2, other_root, COFFER_ST_SESSION_NEGOTIATION_NO_ROOTS },
		{ 2, unknown_flag, COFFER_ST_CPV4_MSG_ERROR },
		{ 3, other_nonce, COFFER_ST_SESSION_NEGOTIATION_INVALID },
		{ 3, other_card, COFFER_ST_SESSION_NEGOTIATION_INVALID },
		{ 3, other_side, COFFER_ST_SESSION_NEGOTIATION_INVALID },
		{ 3, other_policies, COFFER_ST_SESSION_NEGOTIATION_INVALID },
		{ 3, higher_level, COFFER_ST_SESSION_NEGOTIATION_INVALID },
		{ 3, unknown_flag, COFFER_ST_CPV4_MSG_ERROR },
	};
	struct run *r = run_new(s, t);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t st;

		new_run();
		lies.lie_in = rows[i].message;
		lies.lie = rows[i].lie;
		st = run_negotiate(r);
		if (st != rows[i].verdict)
			fail_msg("row %zu: %#x instead of %#x", i, st, rows[i].verdict);
		run_give_up(r);
		lies.lie_in = 0;
		tc_forgive();
		assert_u32(run_negotiate(r), COFFER_ST_OK);
		run_give_up(r);
	}
	free(r);
}

/* S does not know the domain and says that it does not mind: T does. */
static void blind_source(void **state)
{
	struct test_card *blue = tc_simple(NULL, "blue");
	struct run *r = run_new(s, blue);
	uint32_t object = tc_make_value(s, "x", true, "x", 1), got;
	struct test_blob blob;

	(void)state;
	lies.blind = true;
	assert_u32(run_start(r), COFFER_ST_OK);
	assert_u32(run_answer(r), COFFER_ST_OK);
	assert_u32(run_confirm(r), COFFER_ST_OK);
	assert_u32(run_verify(r), COFFER_ST_OK);
	assert_u32(run_extract(r, &object, 1, &blob, &got), COFFER_ST_OK);
	assert_u32(run_insert_one(r, blob.p, blob.len, NULL),
		   COFFER_ST_SESSION_NEGOTIATION_INVALID);
	run_give_up(r);
	/* Without the INSERT: m4 itself is refused, and that ends it. */
	new_run();
	assert_u32(run_start(r), COFFER_ST_OK);
	assert_u32(run_answer(r), COFFER_ST_OK);
	assert_u32(run_confirm(r), COFFER_ST_OK);
	assert_u32(run_verify(r), COFFER_ST_OK);
	assert_u32(run_accept(r), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	assert_u32(run_insert_one(r, blob.p, blob.len, NULL), COFFER_ST_SESSION_ID_INVALID);
	assert_u32(tc_count(blue), 0);
	blobs_free(&blob, 1);
	run_give_up(r);
	free(r);
	tc_free(blue);
}

/* ---- Lying blobs ------------------------------------------------------------------------- */

static void head_ouid(struct clone_blob *b)
{
	b->ouid[3] ^= 1;
}

static void head_class(struct clone_blob *b)
{
	b->class ^= 1;
}

static void head_level(struct clone_blob *b)
{
	b->level = 2;
}

static void lying_headers(void **state)
{
	static const struct {
		void (*head)(struct clone_blob *b);
		uint32_t verdict;
	} rows[] = {
		{ head_ouid, COFFER_ST_UNWRAPPING_ERROR },
		{ head_class, COFFER_ST_UNWRAPPING_ERROR },
		{ head_level, COFFER_ST_UNWRAPPING_ERROR },
		{ NULL, COFFER_ST_OK },
	};
	uint32_t object = tc_make_value(s, "x", true, "x", 1), got;
	struct run *r = run_new(s, t);
	struct test_blob blob;

	(void)state;
	assert_u32(run_negotiate(r), COFFER_ST_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		lies.head = rows[i].head;
		assert_u32(run_extract(r, &object, 1, &blob, &got), COFFER_ST_OK);
		assert_u32(run_insert_one(r, blob.p, blob.len, NULL), rows[i].verdict);
		blobs_free(&blob, 1);
	}
	assert_u32(tc_count(t), 1);
	run_give_up(r);
	free(r);
}

static void lying_lengths(void **state)
{
	static const int32_t lengths[] = { 1, -1, 1000, 60000, 0x7fff0000, -200 };
	uint32_t object = tc_make_value(s, "x", true, "x", 1), got;
	struct run *r = run_new(s, t);
	struct test_blob blob;

	(void)state;
	assert_u32(run_negotiate(r), COFFER_ST_OK);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		lies.length = lengths[i];
		assert_u32(run_extract(r, &object, 1, &blob, &got), COFFER_ST_OK);
		assert_u32(run_insert_one(r, blob.p, blob.len, NULL), COFFER_ST_BAD_MAC);
		blobs_free(&blob, 1);
	}
	assert_u32(tc_count(t), 0);
	run_give_up(r);
	free(r);
}

/*
 * Whatever is behind a genuine seal: a verdict, no crash (this runs under ASan), and what is
 * stored is an object like any other. A lying card may make any key, so some get in.
 */
static void broken_objects(void **state)
{
	enum { ROUNDS = 3000 };
	uint32_t pub, objects[3], got, handle, stored = 0;
	struct run *r = run_new(s, t);
	struct test_blob blob;
	struct attrs a;

	(void)state;
	objects[0] = tc_make_value(s, "data", true, "x", 1);
	objects[1] = tc_make_aes(s, "aes");
	tc_make_pair(s, COFFER_CKM_EC_KEY_PAIR_GEN, "ec", &pub, &objects[2]);
	assert_u32(run_negotiate(r), COFFER_ST_OK);
	lies.seed = 0x2545f491;
	for (int i = 0; i < ROUNDS; i++) {
		assert_u32(run_extract(r, &objects[i % 3], 1, &blob, &got), COFFER_ST_OK);
		if (!run_insert_one(r, blob.p, blob.len, &handle)) {
			tc_read(t, handle, &a);
			assert_memory_equal(attrs_get(&a, COFFER_CKA_OUID)->value, blob.p + 40,
					    COFFER_OUID_LEN);
			attrs_free(&a);
			stored++;
		}
		blobs_free(&blob, 1);
	}
	assert_u32(tc_count(t), stored);
	assert_in_range(stored, 0, 3);
	run_give_up(r);
	free(r);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_cards, free_pair)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lying_choice),
		TEST(lying_offers),
		TEST(blind_source),
		TEST(lying_headers),
		TEST(lying_lengths),
		TEST(broken_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
