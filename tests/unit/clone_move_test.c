// SPDX-License-Identifier: BSD-3-Clause
/*
 * Cloning as it should go: every class of object under CPv4 and CPv1, attributes and OUID kept,
 * keys that still work, batches, existing objects, and the refusals of policies and roles.
 */
#include "clone_pair.h"

#include <stdio.h>

/* ---- Use of keys, to see that a clone is the same key ------------------------------------ */

static uint32_t sign(struct test_card *card, uint32_t handle, uint32_t mechanism,
		     struct bytes data, uint8_t *sig, size_t *len)
{
	struct call *c = call_new();
	uint32_t st;

	call_begin(c, card->session);
	wire_put_u32(&c->req, handle);
	wire_put_u32(&c->req, mechanism);
	wire_put_blob(&c->req, NULL, 0);
	wire_put_blob(&c->req, data.p, data.len);
	st = call_run(card, c, COFFER_CMD_SIGN);
	*len = st ? 0 : c->rep_len;
	memcpy(sig, c->rep_buf, *len);
	free(c);
	return st;
}

static uint32_t verify(struct test_card *card, uint32_t handle, uint32_t mechanism,
		       struct bytes data, struct bytes sig)
{
	struct call *c = call_new();
	uint32_t st;

	call_begin(c, card->session);
	wire_put_u32(&c->req, handle);
	wire_put_u32(&c->req, mechanism);
	wire_put_blob(&c->req, NULL, 0);
	wire_put_blob(&c->req, data.p, data.len);
	wire_put_blob(&c->req, sig.p, sig.len);
	st = call_run(card, c, COFFER_CMD_VERIFY);
	free(c);
	return st;
}

static uint32_t ecb(struct test_card *card, uint16_t opcode, uint32_t handle, const uint8_t *in,
		    uint8_t *out)
{
	struct call *c = call_new();
	uint32_t st;

	call_begin(c, card->session);
	wire_put_u32(&c->req, handle);
	wire_put_u32(&c->req, COFFER_CKM_AES_ECB);
	wire_put_blob(&c->req, NULL, 0);
	wire_put_blob(&c->req, in, 16);
	st = call_run(card, c, opcode);
	if (!st) {
		assert_u32(c->rep_len, 16);
		memcpy(out, c->rep_buf, 16);
	}
	free(c);
	return st;
}

/* ---- A card full of one object of each kind ---------------------------------------------- */

enum { DATA, CERT, AES, SECRET, RSA_PUB, RSA_KEY, EC_PUB, EC_KEY, ED_PUB, ED_KEY, KINDS };

static void fill(struct test_card *card, uint32_t handles[KINDS])
{
	handles[DATA] = tc_make_value(card, "data", true, "some private data", 17);
	handles[CERT] = tc_make_cert(card, "cert");
	handles[AES] = tc_make_aes(card, "aes");
	handles[SECRET] = tc_make_secret(card, "secret", "0123456789abcdef0123456789abcdef", 32);
	tc_make_pair(card, COFFER_CKM_RSA_PKCS_KEY_PAIR_GEN, "rsa", &handles[RSA_PUB],
		     &handles[RSA_KEY]);
	tc_make_pair(card, COFFER_CKM_EC_KEY_PAIR_GEN, "ec", &handles[EC_PUB],
		     &handles[EC_KEY]);
	tc_make_pair(card, COFFER_CKM_EC_EDWARDS_KEY_PAIR_GEN, "ed", &handles[ED_PUB],
		     &handles[ED_KEY]);
}

static void same_attributes(struct test_card *s, uint32_t a, struct test_card *t, uint32_t b)
{
	struct attrs x, y;

	tc_read(s, a, &x);
	tc_read(t, b, &y);
	assert_non_null(attrs_get(&x, COFFER_CKA_OUID));
	for (size_t i = 0; i < x.count; i++) {
		const struct attr *other = attrs_get(&y, x.list[i].type);

		if (!other || other->len != x.list[i].len)
			fail_msg("attribute %#x differs", x.list[i].type);
		assert_memory_equal(other->value, x.list[i].value, other->len);
	}
	assert_u32(x.count, y.count);
	attrs_free(&x);
	attrs_free(&y);
}

/* Signed on the one, verified on the other, both ways. */
static void same_pair(struct test_card *s, struct test_card *t, const uint32_t *a,
		      const uint32_t *b, uint32_t mechanism)
{
	struct bytes data = { (const uint8_t *)"to be signed", 12 };
	uint8_t sig[1024];
	size_t len;

	assert_u32(sign(t, b[1], mechanism, data, sig, &len), COFFER_ST_OK);
	assert_u32(verify(s, a[0], mechanism, data, (struct bytes){ sig, len }),
		   COFFER_ST_OK);
	assert_u32(sign(s, a[1], mechanism, data, sig, &len), COFFER_ST_OK);
	assert_u32(verify(t, b[0], mechanism, data, (struct bytes){ sig, len }),
		   COFFER_ST_OK);
	sig[len / 2] ^= 1;
	assert_not_u32(verify(t, b[0], mechanism, data, (struct bytes){ sig, len }),
		       COFFER_ST_OK);
}

static void same_keys(struct test_card *s, struct test_card *t, const uint32_t a[KINDS],
		      const uint32_t b[KINDS])
{
	uint8_t secret[16], opened[16], sig_a[64], sig_b[64];
	struct bytes data = { (const uint8_t *)"mac", 3 };
	size_t len_a, len_b;

	same_pair(s, t, a + RSA_PUB, b + RSA_PUB, COFFER_CKM_SHA256_RSA_PKCS);
	same_pair(s, t, a + EC_PUB, b + EC_PUB, COFFER_CKM_ECDSA_SHA256);
	same_pair(s, t, a + ED_PUB, b + ED_PUB, COFFER_CKM_EDDSA);
	assert_u32(ecb(s, COFFER_CMD_ENCRYPT, a[AES], (const uint8_t *)"sixteen bytes!!!",
		       secret), COFFER_ST_OK);
	assert_u32(ecb(t, COFFER_CMD_DECRYPT, b[AES], secret, opened), COFFER_ST_OK);
	assert_memory_equal(opened, "sixteen bytes!!!", 16);
	assert_u32(sign(s, a[SECRET], COFFER_CKM_SHA256_HMAC, data, sig_a, &len_a), 0);
	assert_u32(sign(t, b[SECRET], COFFER_CKM_SHA256_HMAC, data, sig_b, &len_b), 0);
	assert_u32(len_a, len_b);
	assert_memory_equal(sig_a, sig_b, len_a);
}

static void cpv4_all_classes(void **state)
{
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_simple(NULL, "red");
	uint32_t a[KINDS], b[KINDS], verdicts[KINDS], got, sent, received, missing;
	struct test_blob blobs[KINDS];
	struct run *r = run_new(s, t);

	(void)state;
	fill(s, a);
	assert_u32(run_negotiate(r), COFFER_ST_OK);
	assert_u32(r->protocol, COFFER_CLONE_CPV4);
	assert_u32(r->suite, COFFER_SUITE_P384_SHA384_AES256GCM);
	assert_u32(run_extract(r, a, KINDS, blobs, &got), COFFER_ST_OK);
	assert_u32(got, KINDS);
	assert_u32(run_insert(r, blobs, KINDS, verdicts, b), COFFER_ST_OK);
	for (int i = 0; i < KINDS; i++) {
		assert_u32(blobs[i].verdict, COFFER_ST_OK);
		assert_u32(verdicts[i], COFFER_ST_OK);
		same_attributes(s, a[i], t, b[i]);
	}
	assert_u32(tc_count(t), KINDS);
	same_keys(s, t, a, b);
	assert_u32(run_finish(r), COFFER_ST_OK);
	assert_u32(run_close(r, true, &sent, &received, &missing), COFFER_ST_OK);
	assert_u32(sent, KINDS);
	assert_u32(received, KINDS);
	assert_u32(missing, 0);
	blobs_free(blobs, KINDS);
	/* Durable, and still the same keys, after a power cycle. */
	tc_off(t);
	tc_on(t);
	assert_u32(tc_count(t), KINDS);
	same_keys(s, t, a, b);
	free(r);
	tc_free(s);
	tc_free(t);
}

static void cpv1_all_classes(void **state)
{
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_simple(NULL, "red");
	uint32_t a[KINDS], b[KINDS], got, handle;
	struct test_blob blobs[KINDS];

	(void)state;
	tc_policy_set(t, false, 42, 1);
	fill(s, a);
	for (int i = 0; i < KINDS; i++) {
		struct run *r = run_new(s, t);

		assert_u32(run_negotiate(r), COFFER_ST_OK);
		assert_u32(r->protocol, COFFER_CLONE_CPV1);
		assert_u32(r->suite, 0);
		/* One object in a run, however many are asked for. */
		assert_u32(run_extract(r, a + i, KINDS - i, blobs, &got), COFFER_ST_OK);
		assert_u32(got, 1);
		assert_u32(run_insert_one(r, blobs[0].p, blobs[0].len, &b[i]),
			   COFFER_ST_OK);
		/* And both contexts are gone. */
		assert_u32(run_insert_one(r, blobs[0].p, blobs[0].len, &handle),
			   COFFER_ST_SESSION_ID_INVALID);
		blobs_free(blobs, 1);
		assert_u32(run_extract(r, a, 1, blobs, &got), COFFER_ST_SESSION_ID_INVALID);
		assert_u32(run_finish(r), COFFER_ST_SESSION_ID_INVALID);
		same_attributes(s, a[i], t, b[i]);
		free(r);
	}
	assert_u32(tc_count(t), KINDS);
	same_keys(s, t, a, b);
	tc_free(s);
	tc_free(t);
}

/* More than a reply holds: EXTRACT stops in time, and a second clone changes nothing. */
static void batches_and_again(void **state)
{
	enum { N = 260 };
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_simple(NULL, "red");
	uint32_t handles[N], verdicts[N], new_handles[N];
	struct test_blob blobs[N];
	uint8_t value[400] = { 0 };

	(void)state;
	for (uint32_t i = 0; i < N; i++) {
		char label[16];

		snprintf(label, sizeof(label), "object %u", i);
		value[0] = (uint8_t)i;
		handles[i] = tc_make_value(s, label, i % 2, value, sizeof(value));
	}
	for (int round = 0; round < 2; round++) {
		struct run *r = run_new(s, t);
		uint32_t done = 0, calls = 0, got, sent, received, missing;

		assert_u32(run_negotiate(r), COFFER_ST_OK);
		while (done < N) {
			assert_u32(run_extract(r, handles + done, N - done, blobs, &got), 0);
			assert_u32(run_insert(r, blobs, got, verdicts, new_handles), 0);
			for (uint32_t i = 0; i < got; i++)
				assert_u32(verdicts[i], round ?
					   COFFER_ST_OBJECT_ALREADY_EXISTS : COFFER_ST_OK);
			blobs_free(blobs, got);
			done += got;
			calls++;
		}
		assert_in_range(calls, 2, N / 10);
		assert_u32(run_finish(r), COFFER_ST_OK);
		assert_u32(run_close(r, true, &sent, &received, &missing), COFFER_ST_OK);
		assert_u32(sent, N);
		assert_u32(received, N);
		assert_u32(missing, 0);
		assert_u32(tc_count(t), N);
		free(r);
	}
	tc_free(s);
	tc_free(t);
}

static void bad_handles(void **state)
{
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_simple(NULL, "red");
	uint32_t good = tc_make_value(s, "x", false, "x", 1), got;
	uint32_t handles[] = { 0, good, good + 1000, COFFER_HANDLE_SESSION + 1, 0xffffffff, good };
	struct test_blob blobs[6];
	struct run *r = run_new(s, t);

	(void)state;
	assert_u32(run_negotiate(r), COFFER_ST_OK);
	assert_u32(run_extract(r, handles, 6, blobs, &got), COFFER_ST_OK);
	assert_u32(got, 6);
	assert_u32(blobs[0].verdict, COFFER_ST_OBJECT_HANDLE_INVALID);
	assert_u32(blobs[1].verdict, COFFER_ST_OK);
	assert_u32(blobs[2].verdict, COFFER_ST_OBJECT_HANDLE_INVALID);
	assert_u32(blobs[3].verdict, COFFER_ST_OBJECT_TYPE_INVALID);
	assert_u32(blobs[4].verdict, COFFER_ST_OBJECT_TYPE_INVALID);
	assert_u32(blobs[5].verdict, COFFER_ST_OK);
	blobs_free(blobs, 6);
	run_give_up(r);
	free(r);
	tc_free(s);
	tc_free(t);
}

/* Rows 5, 6: policy 0 or 4 off on one side stops that class and no other. */
static void policy_of_class(bool on_target, uint32_t policy)
{
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_simple(NULL, "red");
	uint32_t aes, pub, priv, data, handle, got;
	struct test_blob blob;
	struct run *r;

	tc_policy_set(on_target ? t : s, false, policy, 0);
	aes = tc_make_aes(s, "aes");
	data = tc_make_value(s, "data", true, "x", 1);
	tc_make_pair(s, COFFER_CKM_EC_KEY_PAIR_GEN, "ec", &pub, &priv);
	/* Already the source refuses, also for the target's sake. */
	r = run_new(s, t);
	assert_u32(run_negotiate(r), COFFER_ST_OK);
	assert_u32(run_extract(r, policy ? &aes : &priv, 1, &blob, &got), COFFER_ST_OK);
	assert_u32(blob.verdict, COFFER_ST_OPERATION_NOT_ALLOWED);
	blobs_free(&blob, 1);
	run_give_up(r);
	free(r);
	assert_u32(clone_one(s, t, aes, &handle),
		   policy == 4 ? COFFER_ST_OPERATION_NOT_ALLOWED : COFFER_ST_OK);
	assert_u32(clone_one(s, t, priv, &handle),
		   policy == 0 ? COFFER_ST_OPERATION_NOT_ALLOWED : COFFER_ST_OK);
	assert_u32(clone_one(s, t, data, &handle), COFFER_ST_OK);
	assert_u32(clone_one(s, t, pub, &handle), COFFER_ST_OK);
	assert_u32(tc_count(t), 3);
	tc_free(s);
	tc_free(t);
}

/* rows 5, 6 */
static void class_policies(void **state)
{
	(void)state;
	policy_of_class(false, 0);
	policy_of_class(false, 4);
	policy_of_class(true, 0);
	policy_of_class(true, 4);
}

/* The Crypto User moves public objects, and nothing else, on either side. */
static void crypto_user(void **state)
{
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_simple(NULL, "red");
	uint32_t open = tc_make_value(s, "open", false, "x", 1);
	uint32_t secret = tc_make_value(s, "secret", true, "y", 1);
	uint32_t handles[] = { open, secret }, verdicts[2], new_handles[2], got;
	struct test_blob blobs[2];
	struct run *r;

	(void)state;
	s->owner = tc_open_owner(s);
	s->session = tc_open_session(s, s->owner, s->part);
	assert_u32(tc_login(s, s->session, COFFER_ROLE_CU, PIN_CU), COFFER_ST_OK);
	r = run_new(s, t);
	assert_u32(run_negotiate(r), COFFER_ST_OK);
	assert_u32(run_extract(r, handles, 2, blobs, &got), COFFER_ST_OK);
	assert_u32(blobs[0].verdict, COFFER_ST_OK);
	assert_not_u32(blobs[1].verdict, COFFER_ST_OK);
	assert_u32(run_insert(r, blobs, 1, verdicts, new_handles), COFFER_ST_OK);
	assert_u32(verdicts[0], COFFER_ST_OK);
	blobs_free(blobs, 2);
	run_give_up(r);
	free(r);

	/* The CO sends a private object to a CU. */
	s->owner = tc_open_owner(s);
	s->session = tc_open_session(s, s->owner, s->part);
	assert_u32(tc_login(s, s->session, COFFER_ROLE_CO, PIN_CO), COFFER_ST_OK);
	t->owner = tc_open_owner(t);
	t->session = tc_open_session(t, t->owner, t->part);
	assert_u32(tc_login(t, t->session, COFFER_ROLE_CU, PIN_CU), COFFER_ST_OK);
	assert_u32(clone_one(s, t, secret, &got), COFFER_ST_USER_NOT_AUTHORIZED);
	assert_u32(tc_count(t), 1);
	tc_free(s);
	tc_free(t);
}

/* Between two partitions of one card, but never from a partition to itself. */
static void one_card(void **state)
{
	struct test_card *s = tc_simple(NULL, "red");
	struct test_card t = *s;
	uint32_t h = tc_make_value(s, "x", true, "x", 1), handle;

	(void)state;
	tc_add_partition(&t, "red");
	assert_u32(clone_one(s, s, h, &handle), COFFER_ST_CLONE_SAME_PARTITION);
	assert_u32(clone_one(s, &t, h, &handle), COFFER_ST_OK);
	assert_u32(tc_count(&t), 1);
	tc_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cpv4_all_classes),
		cmocka_unit_test(cpv1_all_classes),
		cmocka_unit_test(batches_and_again),
		cmocka_unit_test(bad_handles),
		cmocka_unit_test(class_policies),
		cmocka_unit_test(crypto_user),
		cmocka_unit_test(one_card),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
