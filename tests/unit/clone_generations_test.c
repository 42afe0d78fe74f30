// SPDX-License-Identifier: BSD-3-Clause
/*
 * What moves between generations and what stays (behaviour.md 1.4 to 1.6, 9): old cards and CPv1,
 * cloud services and their limits, key types and sizes that the target does not have, FIPS mode.
 */
#include "clone_pair.h"

#define PKCS	COFFER_CKM_RSA_PKCS_KEY_PAIR_GEN
#define PRIME	((uint32_t)COFFER_CKM_RSA_FIPS_186_3_PRIME_KEY_PAIR_GEN)
#define AUX	((uint32_t)COFFER_CKM_RSA_FIPS_186_3_AUX_PRIME_KEY_PAIR_GEN)

static void expect_pair(struct test_card *s, struct test_card *t, uint32_t verdict,
			uint32_t protocol)
{
	struct run *r = run_new(s, t);
	uint32_t st = run_negotiate(r);

	if (st != verdict || (!st && r->protocol != protocol))
		fail_msg("%s to %s: %#x, protocol %u", s->profile, t->profile, st, r->protocol);
	run_give_up(r);
	free(r);
}

static void put_template(struct call *c, struct attrs *set)
{
	uint8_t buf[512];
	struct wire_out out;

	wire_out_init(&out, buf, sizeof(buf));
	attrs_write(set, &out);
	wire_put_blob(&c->req, buf, out.len);
	attrs_free(set);
}

static uint32_t make_rsa(struct test_card *card, uint32_t mechanism, uint32_t bits,
			 uint32_t *public_key, uint32_t *private_key)
{
	struct call *c = call_new();
	struct attrs pub, priv;
	uint32_t st;

	attrs_init(&pub);
	attrs_set_bool(&pub, COFFER_CKA_TOKEN, true);
	attrs_set_ulong(&pub, COFFER_CKA_MODULUS_BITS, bits);
	attrs_set(&pub, COFFER_CKA_PUBLIC_EXPONENT, "\x01\x00\x01", 3);
	attrs_init(&priv);
	attrs_set_bool(&priv, COFFER_CKA_TOKEN, true);
	call_begin(c, card->session);
	wire_put_u32(&c->req, 0);
	wire_put_u32(&c->req, mechanism);
	wire_put_blob(&c->req, NULL, 0);
	put_template(c, &pub);
	put_template(c, &priv);
	st = call_run(card, c, COFFER_CMD_KEY_PAIR_GENERATE);
	*public_key = st ? 0 : wire_u32(&c->rep);
	*private_key = st ? 0 : wire_u32(&c->rep);
	free(c);
	return st;
}

static uint32_t copy(struct test_card *card, uint32_t handle)
{
	struct call *c = call_new();
	struct attrs none;
	uint32_t st;

	attrs_init(&none);
	call_begin(c, card->session);
	wire_put_u32(&c->req, handle);
	put_template(c, &none);
	st = call_run(card, c, COFFER_CMD_OBJECT_COPY);
	free(c);
	return st;
}

static uint32_t one(struct test_card *s, struct test_card *t, uint32_t handle)
{
	uint32_t there;

	return clone_one(s, t, handle, &there);
}

/* rows 21, 89 */
static void old_cards_clone_by_cpv1(void **state)
{
	struct test_card *six = tc_simple("pcie-6.24", "red");
	struct test_card *seven = tc_simple("pcie-7.4", "red");
	struct test_card *alone = tc_simple("pcie-7.7.0", "red"), *new = tc_simple(NULL, "red");

	(void)state;
	expect_pair(six, seven, COFFER_ST_OK, COFFER_CLONE_CPV1);
	expect_pair(seven, six, COFFER_ST_OK, COFFER_CLONE_CPV1);
	expect_pair(six, new, COFFER_ST_OK, COFFER_CLONE_CPV1);
	expect_pair(seven, new, COFFER_ST_OK, COFFER_CLONE_CPV1);
	/* 7.7.0 takes what is older and gives nothing back. */
	expect_pair(seven, alone, COFFER_ST_OK, COFFER_CLONE_CPV1);
	expect_pair(alone, seven, COFFER_ST_CLONE_DIRECTION, 0);
	expect_pair(alone, six, COFFER_ST_CLONE_DIRECTION, 0);
	assert_u32(one(six, alone, tc_make_aes(six, "k")), COFFER_ST_OK);
	tc_free(six);
	tc_free(seven);
	tc_free(alone);
	tc_free(new);
}

/* rows 27, 89 */
static void cloud_falls_back_but_for_7_7_0(void **state)
{
	struct test_card *cloud = tc_simple("cloud-2.0", "red");
	struct test_card *new = tc_simple("pcie-7.8", "red");
	struct test_card *six = tc_simple("pcie-6.24", "red");
	struct test_card *seven = tc_simple("pcie-7.7.1", "red");
	struct test_card *alone = tc_simple("pcie-7.7.0", "red");
	uint32_t key, there;

	(void)state;
	expect_pair(cloud, new, COFFER_ST_OK, COFFER_CLONE_CPV4);
	expect_pair(new, cloud, COFFER_ST_OK, COFFER_CLONE_CPV4);
	expect_pair(seven, cloud, COFFER_ST_OK, COFFER_CLONE_CPV1);
	expect_pair(cloud, six, COFFER_ST_OK, COFFER_CLONE_CPV1);
	expect_pair(alone, cloud, COFFER_ST_PROTOCOL_DISABLED, 0);
	expect_pair(cloud, alone, COFFER_ST_PROTOCOL_DISABLED, 0);
	/* A service keeps V0 objects as what they are: they do not go down on its account. */
	key = tc_make_aes(new, "v0");
	assert_u32(clone_one(new, cloud, key, &there), COFFER_ST_OK);
	assert_u32(one(cloud, six, there), COFFER_ST_CLONE_DIRECTION);
	assert_u32(one(cloud, seven, there), COFFER_ST_OK);
	/* Its own switch for CPv1 forces nothing, it only allows. */
	tc_policy_set(cloud, false, 8, 0);
	expect_pair(cloud, six, COFFER_ST_PROTOCOL_DISABLED, 0);
	expect_pair(cloud, new, COFFER_ST_OK, COFFER_CLONE_CPV4);
	tc_free(cloud);
	tc_free(new);
	tc_free(six);
	tc_free(seven);
	tc_free(alone);
}

/* rows 25, 28 */
static void fips_service_has_no_cpv1(void **state)
{
	struct test_card *cloud = tc_simple("cloud-3.0-fips", "red");
	struct test_card *open = tc_simple("cloud-3.0", "red");
	struct test_card *six = tc_simple("pcie-6.24", "red");
	struct test_card *new = tc_simple("pcie-7.8", "red");

	(void)state;
	expect_pair(six, open, COFFER_ST_OK, COFFER_CLONE_CPV1);
	tc_policy_set(six, true, 12, 0);
	tc_policy_set(new, false, 43, 0);
	expect_pair(six, cloud, COFFER_ST_PROTOCOL_DISABLED, 0);
	expect_pair(cloud, six, COFFER_ST_PROTOCOL_DISABLED, 0);
	expect_pair(cloud, new, COFFER_ST_OK, COFFER_CLONE_CPV4);
	expect_pair(new, cloud, COFFER_ST_OK, COFFER_CLONE_CPV4);
	tc_policy_set(new, false, 42, 1);
	expect_pair(new, cloud, COFFER_ST_PROTOCOL_DISABLED, 0);
	assert_u32(tc_count(cloud), 0);
	tc_free(cloud);
	tc_free(open);
	tc_free(six);
	tc_free(new);
}

/* rows 90, 93 */
static void types_and_sizes_that_the_target_lacks(void **state)
{
	struct test_card *six = tc_simple("pcie-6.24", "red");
	struct test_card *seven = tc_simple("pcie-7.4", "red");
	uint32_t pub, priv, before;

	(void)state;
	assert_u32(make_rsa(six, PKCS, 1024, &pub, &priv), COFFER_ST_OK);
	assert_u32(one(six, seven, priv), COFFER_ST_KEY_SIZE_RANGE);
	assert_u32(one(six, seven, pub), COFFER_ST_KEY_SIZE_RANGE);
	assert_u32(make_rsa(seven, PKCS, 1024, &pub, &priv), COFFER_ST_KEY_SIZE_RANGE);
	assert_u32(tc_count(seven), 0);
	/* The others go on. */
	assert_u32(one(six, seven, tc_make_aes(six, "k")), COFFER_ST_OK);
	assert_u32(tc_count(seven), 1);
	before = tc_count(six);
	tc_make_pair(seven, COFFER_CKM_EC_EDWARDS_KEY_PAIR_GEN, "ed", &pub, &priv);
	assert_u32(one(seven, six, priv), COFFER_ST_OBJECT_TYPE_INVALID);
	assert_u32(one(seven, six, pub), COFFER_ST_OBJECT_TYPE_INVALID);
	assert_u32(tc_count(six), before);
	assert_u32(one(seven, six, tc_make_aes(seven, "k")), COFFER_ST_OK);
	tc_free(six);
	tc_free(seven);
}

/* rows 91, 95 */
static void fips_takes_no_keys_of_the_old_making(void **state)
{
	struct test_card *six = tc_simple("pcie-6.24", "red");
	struct test_card *seven = tc_simple("pcie-7.4", "red");
	struct test_card *more = tc_simple("pcie-7.4", "red");
	uint32_t old_pub, old, pub, priv, seven_priv;
	struct attrs set;

	(void)state;
	tc_policy_set(six, true, 12, 0);
	tc_policy_set(seven, true, 12, 0);
	tc_policy_set(more, true, 12, 0);
	assert_u32(make_rsa(six, PKCS, 1024, &pub, &priv), COFFER_ST_KEY_SIZE_RANGE);
	assert_u32(make_rsa(six, PKCS, 2048, &old_pub, &old), COFFER_ST_OK);
	assert_u32(one(six, seven, old), COFFER_ST_MECHANISM_INVALID);
	assert_u32(one(six, seven, old_pub), COFFER_ST_MECHANISM_INVALID);
	tc_make_pair(six, COFFER_CKM_EC_KEY_PAIR_GEN, "ec", &pub, &priv);
	assert_u32(one(six, seven, priv), COFFER_ST_OK);
	assert_u32(one(six, seven, tc_make_value(six, "no key", true, "x", 1)), COFFER_ST_OK);
	/* In 7.x there is no other making. */
	assert_u32(make_rsa(seven, PKCS, 2048, &pub, &priv), COFFER_ST_MECHANISM_INVALID);
	assert_u32(make_rsa(seven, AUX, 1024, &pub, &priv), COFFER_ST_KEY_SIZE_RANGE);
	assert_u32(make_rsa(seven, PRIME, 2048, &pub, &seven_priv), COFFER_ST_OK);
	tc_read(seven, seven_priv, &set);
	assert_true(attrs_ulong(&set, COFFER_CKA_KEY_GEN_MECHANISM, 0) == PRIME);
	attrs_free(&set);
	assert_u32(one(seven, more, seven_priv), COFFER_ST_OK);
	assert_u32(one(seven, more, pub), COFFER_ST_OK);
	tc_free(six);
	tc_free(seven);
	tc_free(more);
}

/* row 85 */
static void service_keeps_so_many_objects(void **state)
{
	struct test_card *cloud = tc_simple("cloud-2.0", "red"), *s = tc_simple(NULL, "red");
	uint32_t pub, priv, key = tc_make_aes(s, "one more");

	(void)state;
	assert_u32(make_rsa(cloud, PRIME, 2048, &pub, &priv), COFFER_ST_OK);
	for (int i = 1; i < 50; i++)
		assert_u32(copy(cloud, priv), COFFER_ST_OK);
	assert_u32(copy(cloud, priv), COFFER_ST_DEVICE_ERROR);
	for (int i = 51; i < 100; i++)
		assert_u32(copy(cloud, pub), COFFER_ST_OK);
	assert_u32(tc_count(cloud), 100);
	assert_u32(copy(cloud, pub), COFFER_ST_DEVICE_ERROR);
	assert_u32(one(s, cloud, key), COFFER_ST_DEVICE_ERROR);
	assert_u32(tc_count(cloud), 100);
	tc_free(cloud);
	tc_free(s);
}

/* row 87 */
static void big_clone_fails_in_the_middle(void **state)
{
	struct test_card *cloud = tc_simple("cloud-2.0", "red"), *s = tc_simple(NULL, "red");
	uint32_t handles[70], verdicts[70], there[70], got = 0, good = 0;
	struct test_blob blobs[70] = { 0 };
	struct run *r = run_new(s, cloud);

	(void)state;
	for (int i = 0; i < 70; i++)
		handles[i] = tc_make_value(s, "d", false, "x", 1);
	assert_u32(run_negotiate(r), COFFER_ST_OK);
	assert_u32(run_extract(r, handles, 70, blobs, &got), COFFER_ST_OK);
	assert_u32(got, 70);
	assert_u32(run_insert(r, blobs, 70, verdicts, there), COFFER_ST_OK);
	for (int i = 0; i < 70; i++) {
		assert_u32(verdicts[i], i < 64 ? (uint32_t)COFFER_ST_OK :
						 (uint32_t)COFFER_ST_DEVICE_ERROR);
		good += !verdicts[i];
	}
	assert_u32(good, 64);
	assert_u32(tc_count(cloud), 64);
	blobs_free(blobs, 70);
	run_give_up(r);
	free(r);
	/* Away from it just the same. */
	r = run_new(cloud, s);
	for (int i = 0; i < 70; i++)
		handles[i] = there[0];
	assert_u32(run_negotiate(r), COFFER_ST_OK);
	assert_u32(run_extract(r, handles, 70, blobs, &got), COFFER_ST_OK);
	assert_u32(got, 70);
	for (int i = 0; i < 70; i++)
		assert_u32(blobs[i].verdict, i < 64 ? (uint32_t)COFFER_ST_OK :
						      (uint32_t)COFFER_ST_DEVICE_ERROR);
	blobs_free(blobs, 70);
	run_give_up(r);
	free(r);
	tc_free(cloud);
	tc_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(old_cards_clone_by_cpv1),
		cmocka_unit_test(cloud_falls_back_but_for_7_7_0),
		cmocka_unit_test(fips_service_has_no_cpv1),
		cmocka_unit_test(types_and_sizes_that_the_target_lacks),
		cmocka_unit_test(fips_takes_no_keys_of_the_old_making),
		cmocka_unit_test(service_keeps_so_many_objects),
		cmocka_unit_test(big_clone_fails_in_the_middle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
