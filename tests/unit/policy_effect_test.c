// SPDX-License-Identifier: BSD-3-Clause
/*
 * Every policy is toggled and its effect seen (behaviour.md section 3); those without an effect
 * are the ones that policy_rules.c lists as having nothing to enforce yet, and no others.
 */
#include "object_bench.h"

#include "card.h"
#include "nv.h"
#include "policy.h"

static uint32_t admin;		/* session of the HSM SO */
static uint8_t msg[32] = "message";

static int begin(void **state)
{
	if (objects_begin(state))
		return -1;
	admin = hsm_ready(&bench);
	session = partition_ready(&bench);
	be(COFFER_ROLE_CO);
	return 0;
}

static void set_hsm(uint32_t id, uint32_t value)
{
	expect(policy_set(&bench, admin, COFFER_POLICY_SET_DESTRUCTIVE, id, value), 0);
}

static uint32_t make(void (*fill)(void))
{
	uint32_t handle;

	fill();
	expect(o_create(&handle), 0);
	return handle;
}

static uint32_t sign(uint32_t handle, uint32_t mechanism)
{
	return o_use(COFFER_CMD_SIGN, handle, mechanism, NULL, 0, msg, sizeof(msg), NULL, 0);
}

static uint32_t encrypt(uint32_t handle)
{
	return o_use(COFFER_CMD_ENCRYPT, handle, COFFER_CKM_AES_ECB, NULL, 0, msg, sizeof(msg),
		     NULL, 0);
}

static void aes(void)
{
	t_secret(COFFER_CKK_AES, 16);
}

static bool offers(uint32_t mechanism)
{
	size_t at;

	expect(session_only(&bench, COFFER_CMD_MECHANISM_LIST, session), 0);
	for (at = 4; at < bench.len; at += sizeof(struct coffer_mechanism_row))
		if (word(&bench, at) == mechanism)
			return true;
	return false;
}

/* A word of PARTITION_INFO behind its row. */
static uint32_t info(size_t at)
{
	expect(session_only(&bench, COFFER_CMD_PARTITION_INFO, session), 0);
	return word(&bench, sizeof(struct coffer_partition_row) + at);
}

/* ---- Keys in the clear ------------------------------------------------------------------- */

static uint32_t create_readable(void (*fill)(void))
{
	fill();
	t_bool(A(SENSITIVE), false);
	t_bool(A(EXTRACTABLE), true);
	return o_create(NULL);
}

static void p1_private_key_wrapping(void)
{
	expect(create_readable(t_rsa_private), COFFER_ST_TEMPLATE_INCONSISTENT);
	set_policy(0, 0);
	set_policy(1, 1);
	expect(create_readable(t_rsa_private), 0);
	set_policy(1, 0);
	expect(create_readable(t_rsa_private), COFFER_ST_TEMPLATE_INCONSISTENT);
	set_policy(0, 1);
}

static void p5_secret_key_wrapping(void)
{
	expect(create_readable(aes), 0);
	set_policy(5, 0);
	expect(create_readable(aes), COFFER_ST_TEMPLATE_INCONSISTENT);
	set_policy(5, 1);
}

/* ---- Attributes -------------------------------------------------------------------------- */

static void signing_aes(void)
{
	aes();
	t_bool(A(ENCRYPT), true);
	t_bool(A(SIGN), true);
}

static void p10_multipurpose_keys(void)
{
	uint32_t handle = make(signing_aes);

	expect(o_copy(handle, NULL), COFFER_ST_ATTRIBUTE_READ_ONLY);
	t_new();
	expect(o_copy(handle, NULL), 0);
	set_policy(10, 0);
	signing_aes();
	expect(o_create(NULL), COFFER_ST_TEMPLATE_INCONSISTENT);
	t_drop(A(VALUE));
	t_ulong(A(VALUE_LEN), 16);
	expect(o_generate(COFFER_CKM_AES_KEY_GEN, NULL), COFFER_ST_TEMPLATE_INCONSISTENT);
	/* By set and by copy: usages of a public key can be switched on later. */
	handle = make(t_rsa_public);
	t_new();
	t_bool(A(WRAP), true);
	expect(o_set(handle), COFFER_ST_TEMPLATE_INCONSISTENT);
	expect(o_copy(handle, NULL), COFFER_ST_TEMPLATE_INCONSISTENT);
	set_policy(10, 1);
	handle = make(t_rsa_public);
	t_new();
	t_bool(A(WRAP), true);
	expect(o_set(handle), 0);
}

static void p11_changing_attributes(void)
{
	uint32_t handle;

	set_policy(11, 0);
	handle = make(aes);
	t_new();
	t_bool(A(ENCRYPT), false);
	expect(o_set(handle), COFFER_ST_OPERATION_NOT_ALLOWED);
	set_policy(11, 1);
	handle = make(aes);
	t_new();
	t_bool(A(ENCRYPT), false);
	expect(o_set(handle), 0);
}

static void p28_key_management(void)
{
	uint32_t handle = make(aes);

	set_policy(28, 0);
	expect(o_destroy(handle), COFFER_ST_OPERATION_NOT_ALLOWED);
	t_new();
	expect(o_copy(handle, NULL), COFFER_ST_OPERATION_NOT_ALLOWED);
	aes();
	expect(o_create(NULL), COFFER_ST_OPERATION_NOT_ALLOWED);
	t_new();
	t_ulong(A(VALUE_LEN), 16);
	expect(o_generate(COFFER_CKM_AES_KEY_GEN, NULL), COFFER_ST_OPERATION_NOT_ALLOWED);
	expect(encrypt(handle), 0);
	set_policy(28, 1);
}

static void dated(const char *from, const char *to)
{
	aes();
	t_text(A(START_DATE), from);
	t_text(A(END_DATE), to);
}

/* Dates hold on use; without the policy nobody can give a key any. */
static void p39_start_and_end_dates(void)
{
	uint32_t handle;

	dated("20200101", "20201231");
	expect(o_create(&handle), 0);
	expect(encrypt(handle), COFFER_ST_KEY_FUNCTION_NOT_PERMITTED);
	t_new();
	t_text(A(END_DATE), "");
	expect(o_set(handle), 0);
	expect(encrypt(handle), 0);
	t_new();
	t_text(A(START_DATE), "29990101");
	expect(o_set(handle), 0);
	expect(encrypt(handle), COFFER_ST_KEY_FUNCTION_NOT_PERMITTED);
	dated("20200101", "29991231");
	expect(o_create(&handle), 0);
	expect(encrypt(handle), 0);
	set_policy(39, 0);
	dated("20200101", "");
	expect(o_create(NULL), COFFER_ST_OPERATION_NOT_ALLOWED);
	dated("", "20991231");
	expect(o_create(NULL), COFFER_ST_OPERATION_NOT_ALLOWED);
	dated("", "");
	expect(o_create(&handle), 0);
	t_new();
	t_text(A(END_DATE), "20991231");
	expect(o_set(handle), COFFER_ST_OPERATION_NOT_ALLOWED);
	expect(o_copy(handle, NULL), COFFER_ST_OPERATION_NOT_ALLOWED);
	t_ulong(A(VALUE_LEN), 16);
	expect(o_generate(COFFER_CKM_AES_KEY_GEN, NULL), COFFER_ST_OPERATION_NOT_ALLOWED);
	set_policy(39, 1);
}

/* Until keys can have authorization data there is no key where they need it. */
static void p40_authorization_data(void)
{
	uint32_t handle;

	be(COFFER_ROLE_PO);
	expect(policy_set(&bench, session, COFFER_POLICY_SET_DESTRUCTIVE, 40, 1),
	       COFFER_ST_CONFIG_FAILS_DEPENDENCIES);
	be(COFFER_ROLE_CO);
	set_policy(41, 1);
	make(aes);
	set_policy(40, 1);
	aes();
	expect(o_create(NULL), COFFER_ST_OPERATION_NOT_ALLOWED);
	handle = make(t_rsa_public);
	expect(o_destroy(handle), 0);
	be(COFFER_ROLE_PO);
	expect(policy_set(&bench, session, COFFER_POLICY_SET_DESTRUCTIVE, 41, 0),
	       COFFER_ST_CONFIG_FAILS_DEPENDENCIES);
	be(COFFER_ROLE_CO);
	set_policy(40, 0);
	set_policy(41, 0);
	make(aes);
}

/* row 50 */
static void p41_partition_version(void)
{
	uint32_t old = make(aes), new;

	expect(info(0), COFFER_PART_KIND_V0);
	expect(info(4), 1);
	/* Up: nothing is erased, what was there keeps its level. */
	be(COFFER_ROLE_PO);
	expect(policy_set(&bench, session, 0, 41, 1), 0);
	be(COFFER_ROLE_CO);
	expect(info(0), COFFER_PART_KIND_V1);
	expect(info(4), 2);
	expect(o_ulong(old, A(SECURITY_LEVEL)), 1);
	new = make(aes);
	expect(o_ulong(new, A(SECURITY_LEVEL)), 2);
	be(COFFER_ROLE_PO);
	expect(policy_set(&bench, session, 0, 41, 0), COFFER_ST_CONFIG_ILLEGAL);
	expect(policy_set(&bench, session, COFFER_POLICY_SET_DESTRUCTIVE, 41, 0), 0);
	be(COFFER_ROLE_CO);
	expect(info(0), COFFER_PART_KIND_V0);
	expect(encrypt(new), COFFER_ST_KEY_HANDLE_INVALID);
	expect(encrypt(old), COFFER_ST_KEY_HANDLE_INVALID);
}

/* ---- Use of keys ------------------------------------------------------------------------- */

static void p17_signing_with_non_local_keys(void)
{
	set_policy(17, 0);
	expect(sign(make(t_rsa_private), COFFER_CKM_SHA256_RSA_PKCS),
	       COFFER_ST_KEY_FUNCTION_NOT_PERMITTED);
	set_policy(17, 1);
	expect(sign(make(t_rsa_private), COFFER_CKM_SHA256_RSA_PKCS), 0);
}

static void mechanism_goes(uint32_t policy, uint32_t mechanism)
{
	assert_true(offers(mechanism));
	set_policy(policy, 0);
	assert_false(offers(mechanism));
	expect(sign(make(t_rsa_private), mechanism), COFFER_ST_MECHANISM_INVALID);
	set_policy(policy, 1);
	expect(sign(make(t_rsa_private), mechanism), 0);
}

static void p18_raw_rsa(void)
{
	mechanism_goes(18, COFFER_CKM_RSA_X_509);
}

static void p33_rsa_pkcs(void)
{
	mechanism_goes(33, COFFER_CKM_RSA_PKCS);
}

/* That a wrong signature does not leave: crypto_key_test. */
static void p29_signing_without_confirmation(void)
{
	struct fw_partition *p = partition_find(bench.card, 1);
	uint8_t sig[256];

	expect(policy_forbids(p, POLICY_ACT_SIGN_UNCONFIRMED), 0);
	set_policy(29, 0);
	assert_true(policy_forbids(p, POLICY_ACT_SIGN_UNCONFIRMED));
	expect(sign(make(t_rsa_private), COFFER_CKM_SHA256_RSA_PKCS), 0);
	assert_int_equal(bench.len, sizeof(sig));
	memcpy(sig, bench.reply, sizeof(sig));
	expect(o_use(COFFER_CMD_VERIFY, make(t_rsa_public), COFFER_CKM_SHA256_RSA_PKCS, NULL, 0,
		     msg, sizeof(msg), sig, sizeof(sig)), 0);
	set_policy(29, 1);
}

/* row 91 */
static void p43_non_fips_algorithms(void)
{
	uint32_t secret, key;

	t_secret(COFFER_CKK_GENERIC_SECRET, 13);
	expect(o_create(&secret), 0);
	expect(sign(secret, COFFER_CKM_SHA256_HMAC), 0);
	key = make(t_rsa_private);
	expect(sign(key, COFFER_CKM_RSA_X_509), 0);
	/* Into FIPS mode nothing is erased: old keys stay, but do no more than is approved. */
	be(COFFER_ROLE_PO);
	expect(policy_set(&bench, session, 0, 43, 0), 0);
	be(COFFER_ROLE_CO);
	expect(sign(secret, COFFER_CKM_SHA256_HMAC), COFFER_ST_KEY_SIZE_RANGE);
	expect(sign(key, COFFER_CKM_RSA_X_509), COFFER_ST_MECHANISM_INVALID);
	expect(sign(key, COFFER_CKM_SHA256_RSA_PKCS), 0);
	t_secret(COFFER_CKK_GENERIC_SECRET, 13);
	expect(o_create(NULL), COFFER_ST_KEY_SIZE_RANGE);
	set_policy(43, 1);
	expect(sign(key, COFFER_CKM_SHA256_RSA_PKCS), COFFER_ST_KEY_HANDLE_INVALID);
}

/* No connection here is a trusted channel: users have to wait outside, their SO need not. */
static void p37_force_trusted_channel(void)
{
	be(COFFER_ROLE_PO);
	expect(policy_set(&bench, session, 0, 37, 1), COFFER_ST_CONFIG_FAILS_DEPENDENCIES);
	set_hsm(39, 1);
	be(COFFER_ROLE_CO);
	{
		uint64_t other = owner_open(&bench), mine = bench.owner;
		uint32_t s = session_open(&bench, other, 1, true, NULL);

		bench.owner = other;
		expect(login(&bench, s, COFFER_ROLE_PO, PO_PIN), 0);
		expect(policy_set(&bench, s, 0, 37, 1), 0);
		bench.owner = mine;
		/* Who was in is out. */
		expect(session_only(&bench, COFFER_CMD_SESSION_INFO, session), 0);
		expect(word(&bench, 8), COFFER_ROLE_NONE);
		bench.owner = other;
		expect(session_only(&bench, COFFER_CMD_SESSION_INFO, s), 0);
		expect(word(&bench, 8), COFFER_ROLE_PO);
		bench.owner = mine;
		expect(owner_close(&bench, other), 0);
	}
	expect(login(&bench, session, COFFER_ROLE_CO, CO_PIN), COFFER_ST_OPERATION_NOT_ALLOWED);
	expect(login(&bench, session, COFFER_ROLE_CU, CU_PIN), COFFER_ST_OPERATION_NOT_ALLOWED);
	set_hsm(39, 0);
	/* The card has no such channel any more: the policy counts as off. */
	be(COFFER_ROLE_CO);
	set_policy(37, 0);
}

/* ---- The card's -------------------------------------------------------------------------- */

/* Read-only: a model without elliptic curves would be made so. */
static void h11_ecc(void)
{
	assert_true(offers(COFFER_CKM_ECDSA));
	bench.card->admin->policy[11] = 0;
	assert_false(offers(COFFER_CKM_ECDSA));
	assert_false(offers(COFFER_CKM_EDDSA));
	assert_true(offers(COFFER_CKM_RSA_PKCS));
	expect(sign(make(t_ec_private), COFFER_CKM_ECDSA_SHA256), COFFER_ST_MECHANISM_INVALID);
	bench.card->admin->policy[11] = 1;
	expect(sign(make(t_ec_private), COFFER_CKM_ECDSA_SHA256), 0);
}

static void h12_non_fips_algorithms(void)
{
	set_hsm(12, 0);
	expect(info(16), 1);
	assert_false(offers(COFFER_CKM_RSA_X_509));
	/* The partition's own is held at 0, and cannot be put on. */
	be(COFFER_ROLE_PO);
	expect(policy_set(&bench, session, COFFER_POLICY_SET_DESTRUCTIVE, 43, 1),
	       COFFER_ST_CONFIG_FAILS_DEPENDENCIES);
	set_hsm(12, 1);
	expect(info(16), 0);
	be(COFFER_ROLE_CO);
}

static void h33_number_of_partitions(void)
{
	expect(policy_set(&bench, admin, 0, 33, 0), COFFER_ST_CONFIG_CHANGE_ILLEGAL);
	set_hsm(33, 2);
	expect(partition_create(&bench, admin, 4096, "new"), 0);
	expect(partition_create(&bench, admin, 4096, "new"), COFFER_ST_LICENSE_CAPACITY_EXCEEDED);
	expect(policy_set(&bench, admin, 0, 33, 1), COFFER_ST_CONFIG_FAILS_DEPENDENCIES);
	set_hsm(33, 3);
	expect(partition_create(&bench, admin, 4096, "new"), 0);
	set_hsm(33, 100);
}

static void h42_initialise_again(void)
{
	set_hsm(42, 0);
	be(COFFER_ROLE_PO);
	expect(init_ask(&bench, COFFER_CMD_PARTITION_INIT, session, "two", PO_PIN, "domain"),
	       COFFER_ST_OPERATION_NOT_ALLOWED);
	set_hsm(42, 1);
	expect(init_ask(&bench, COFFER_CMD_PARTITION_INIT, session, "two", PO_PIN, "domain"), 0);
	expect(login(&bench, session, COFFER_ROLE_PO, PO_PIN), 0);
	session = partition_ready(&bench);
	be(COFFER_ROLE_CO);
}

static void power_cycle(void)
{
	bench_off(&bench);
	expect(bench_on(&bench, NULL), 0);
	admin = session_open(&bench, bench.owner, 0, true, NULL);
	session = session_open(&bench, bench.owner, 1, true, NULL);
	expect(login(&bench, admin, COFFER_ROLE_SO, SO_PIN), 0);
}

/* 40 on, 46 on: the tamper input takes the keys out of use, and does not destroy them. */
static void h46_disable_decommission(void)
{
	uint32_t handle;

	set_hsm(46, 1);
	set_hsm(40, 1);
	handle = make(aes);
	fw_card_tamper(bench.card);
	expect(encrypt(handle), COFFER_ST_HSM_TAMPERED);
	power_cycle();
	expect(session_only(&bench, COFFER_CMD_TAMPER_CLEAR, admin), 0);
	be(COFFER_ROLE_CO);
	expect(encrypt(handle), 0);
	set_hsm(40, 0);
	set_hsm(46, 0);
}

static void h48_controlled_tamper_recovery(void)
{
	uint32_t handle;

	set_hsm(48, 0);
	handle = make(aes);
	fw_card_tamper(bench.card);
	expect(encrypt(handle), COFFER_ST_HSM_TAMPERED);
	power_cycle();
	be(COFFER_ROLE_CO);
	expect(encrypt(handle), 0);
	set_hsm(48, 1);
	fw_card_tamper(bench.card);
	power_cycle();
	expect(login(&bench, session, COFFER_ROLE_CO, CO_PIN), COFFER_ST_HSM_TAMPERED);
	expect(session_only(&bench, COFFER_CMD_TAMPER_CLEAR, admin), 0);
	be(COFFER_ROLE_CO);
}

/* ---- All of them ------------------------------------------------------------------------- */

#define HSM	true
#define PART	false

#define SHOWS(function, hsm, id)	{ hsm, id, function, #function }
#define ELSEWHERE(hsm, id, where)	{ hsm, id, NULL, where }

static const struct effect {
	bool hsm;
	uint16_t id;
	void (*show)(void);		/* NULL: the test @where shows it */
	const char *where;
} effects[] = {
	ELSEWHERE(PART, 0, "clone_move_test: policy_of_class"),
	SHOWS(p1_private_key_wrapping, PART, 1),
	ELSEWHERE(PART, 4, "clone_move_test: policy_of_class"),
	SHOWS(p5_secret_key_wrapping, PART, 5),
	ELSEWHERE(PART, 8, "fw_core_template_test: cloud_allows_cpv1"),
	SHOWS(p10_multipurpose_keys, PART, 10),
	SHOWS(p11_changing_attributes, PART, 11),
	ELSEWHERE(PART, 15, "the tests of PED cards: failed challenges"),
	SHOWS(p17_signing_with_non_local_keys, PART, 17),
	SHOWS(p18_raw_rsa, PART, 18),
	ELSEWHERE(PART, 20, "fw_core_role_test"),
	ELSEWHERE(PART, 22, "the tests of PED cards: activation"),
	ELSEWHERE(PART, 23, "the tests of PED cards: activation"),
	ELSEWHERE(PART, 25, "fw_core_policy_test: dependencies"),
	ELSEWHERE(PART, 26, "fw_core_policy_test: dependencies"),
	SHOWS(p28_key_management, PART, 28),
	SHOWS(p29_signing_without_confirmation, PART, 29),
	SHOWS(p33_rsa_pkcs, PART, 33),
	SHOWS(p37_force_trusted_channel, PART, 37),
	SHOWS(p39_start_and_end_dates, PART, 39),
	SHOWS(p40_authorization_data, PART, 40),
	SHOWS(p41_partition_version, PART, 41),
	ELSEWHERE(PART, 42, "fw_core_policy_test: policies_show"),
	SHOWS(p43_non_fips_algorithms, PART, 43),
	ELSEWHERE(PART, 44, "fw_core_domain_test"),
	ELSEWHERE(HSM, 7, "fw_core_policy_test: hsm_policy_7_rules_partitions"),
	SHOWS(h11_ecc, HSM, 11),
	SHOWS(h12_non_fips_algorithms, HSM, 12),
	ELSEWHERE(HSM, 15, "fw_core_role_test"),
	ELSEWHERE(HSM, 21, "fw_core_role_test"),
	SHOWS(h33_number_of_partitions, HSM, 33),
	ELSEWHERE(HSM, 40, "fw_core_tamper_test"),
	SHOWS(h42_initialise_again, HSM, 42),
	SHOWS(h46_disable_decommission, HSM, 46),
	SHOWS(h48_controlled_tamper_recovery, HSM, 48),
	ELSEWHERE(HSM, 57, "fw_core_life_test"),
};

static bool has_effect(bool hsm, uint32_t id)
{
	for (size_t i = 0; i < COUNT(effects); i++)
		if (effects[i].hsm == hsm && effects[i].id == id)
			return true;
	return false;
}

static bool is_idle(bool hsm, uint32_t id)
{
	const struct policy_idle *i;

	for (i = policy_idle; i->why; i++)
		if (i->hsm == hsm && i->id == id)
			return true;
	return false;
}

static void all_of(const struct profile_policy *p, bool hsm)
{
	for (; p->name; p++) {
		if (p->flags & COFFER_POLICY_READ_ONLY)
			continue;
		if (has_effect(hsm, p->id) == is_idle(hsm, p->id))
			fail_msg("%s policy %u (%s) has %s", hsm ? "HSM" : "partition", p->id,
				 p->name, is_idle(hsm, p->id) ?
				 "an effect and is listed as idle" :
				 "neither an effect nor a reason to have none");
	}
}

static void every_policy_is_shown_or_idle(void **state)
{
	const struct profile *profile;

	(void)state;
	for (unsigned int i = 0; (profile = profile_at(i)) != NULL; i++) {
		all_of(profile->hsm_policies, HSM);
		all_of(profile->partition_policies, PART);
	}
}

/* A command that came since would have to ask the policy: its row must leave the table. */
static void idle_policies_have_no_command(void **state)
{
	static const char *const names[] = {
#define COFFER_X(name, op, rqmin, rqmax, rpmax, fl, ro, ms) #name,
		COFFER_COMMANDS(COFFER_X)
#undef COFFER_X
	};

	(void)state;
	for (const struct policy_idle *i = policy_idle; i->why; i++)
		for (size_t k = 0; i->word && k < COUNT(names); k++)
			if (strstr(names[k], i->word))
				fail_msg("%s exists: policy %u is to be enforced", names[k],
					 i->id);
}

static void show(void **state)
{
	((const struct effect *)*state)->show();
}

int main(void)
{
	struct CMUnitTest tests[COUNT(effects) + 2];
	size_t n = 0;

	tests[n++] = (struct CMUnitTest)cmocka_unit_test(every_policy_is_shown_or_idle);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(idle_policies_have_no_command);
	for (size_t i = 0; i < COUNT(effects); i++) {
		if (!effects[i].show)
			continue;
		tests[n] = (struct CMUnitTest)
			cmocka_unit_test_prestate(show, (void *)(uintptr_t)&effects[i]);
		tests[n++].name = effects[i].where;
	}
	return _cmocka_run_group_tests("policies", tests, n, begin, objects_end);
}
