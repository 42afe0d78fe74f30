// SPDX-License-Identifier: BSD-3-Clause
/*
 * Attributes as a weapon (quality.md A2.1, A2.2): keys that would hand out others, wherever they
 * come from, and what nobody may say of a key.
 */
#include "object_bench.h"

#include "card.h"
#include "object_internal.h"

static const uint32_t conflicts[][2] = {
	{ A(WRAP), A(DECRYPT) },
	{ A(UNWRAP), A(ENCRYPT) },
};

static struct cmd inside(void)
{
	return (struct cmd){ .card = bench.card, .crypto = bench.card->crypto,
			     .owner = bench.owner, .part = partition_find(bench.card, 1),
			     .role = COFFER_ROLE_CO, .session_rw = true };
}

/* The template of a key to generate. */
static void t_generate(void)
{
	t_new();
	t_bool(A(TOKEN), true);
	t_ulong(A(VALUE_LEN), 32);
}

/* From another card, whose firmware does not know these rules: the flattened object. */
static uint32_t arrive_with(uint32_t handle, uint32_t one, uint32_t two)
{
	struct cmd c = inside();
	struct object_row row;
	struct object o;
	uint8_t *flat;
	size_t len;
	uint32_t st;

	expect(object_load(&c, handle, &o), COFFER_ST_OK);
	assert_int_equal(attrs_set_bool(&o.attrs, one, true), 0);
	assert_int_equal(attrs_set_bool(&o.attrs, two, true), 0);
	expect(object_finish(&c, &o), COFFER_ST_OK);
	expect(object_flatten(&c, &o, &flat, &len), COFFER_ST_OK);
	st = object_arrive(&c, (struct bytes){ flat, len }, &row);
	if (!st)
		object_row_free(&row);
	free(flat);
	object_free(&o);
	return st;
}

/* Create, generate, copy, set, clone: each end of each pair first. */
static void refused_wherever_a_key_comes_from(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * COUNT(conflicts); i++) {
		uint32_t one = conflicts[i / 2][i % 2], two = conflicts[i / 2][!(i % 2)];
		uint32_t handle;

		t_secret(COFFER_CKK_AES, 32);
		t_bool(one, true);
		t_bool(two, true);
		expect(o_create(NULL), COFFER_ST_TEMPLATE_INCONSISTENT);
		t_generate();
		t_bool(one, true);
		t_bool(two, true);
		expect(o_generate(COFFER_CKM_AES_KEY_GEN, NULL),
		       COFFER_ST_TEMPLATE_INCONSISTENT);
		t_generate();
		t_bool(one, true);
		expect(o_generate(COFFER_CKM_AES_KEY_GEN, &handle), COFFER_ST_OK);
		t_new();
		t_bool(two, true);
		expect(o_set(handle), COFFER_ST_ATTRIBUTE_READ_ONLY);
		expect(o_copy(handle, NULL), COFFER_ST_ATTRIBUTE_READ_ONLY);
		assert_false(o_bool(handle, two));
		expect(arrive_with(handle, one, two), COFFER_ST_TEMPLATE_INCONSISTENT);
		expect(o_destroy(handle), COFFER_ST_OK);
	}
}

/* With one purpose per key, a purpose cannot be added on the way either. */
static void one_purpose_wherever_a_key_comes_from(void **state)
{
	uint32_t handle;

	(void)state;
	t_generate();
	t_bool(A(ENCRYPT), true);
	expect(o_generate(COFFER_CKM_AES_KEY_GEN, &handle), COFFER_ST_OK);
	inside().part->policy[10] = 0;
	expect(arrive_with(handle, A(SIGN), A(ENCRYPT)), COFFER_ST_TEMPLATE_INCONSISTENT);
	expect(arrive_with(handle, A(ENCRYPT), A(ENCRYPT)), COFFER_ST_OK);
	inside().part->policy[10] = 1;
	expect(o_destroy(handle), COFFER_ST_OK);
}

static void secrets_are_hidden_unless_said(void **state)
{
	uint32_t handle, len;
	uint8_t value[64];

	(void)state;
	t_generate();
	expect(o_generate(COFFER_CKM_AES_KEY_GEN, &handle), COFFER_ST_OK);
	assert_true(o_bool(handle, A(SENSITIVE)));
	assert_true(o_bool(handle, A(ALWAYS_SENSITIVE)));
	assert_false(o_bool(handle, A(EXTRACTABLE)));
	assert_true(o_bool(handle, A(NEVER_EXTRACTABLE)));
	assert_true(o_bool(handle, A(PRIVATE)));
	expect(o_get(handle, A(VALUE), value, sizeof(value), &len), COFFER_ST_OK);
	assert_int_equal(len, COFFER_ATTR_SENSITIVE);
	expect(o_destroy(handle), COFFER_ST_OK);
}

/* TRUSTED is a word of the SO, and no command of an SO reaches an object. */
static void nobody_here_may_say_trusted(void **state)
{
	uint32_t handle;

	(void)state;
	t_secret(COFFER_CKK_AES, 32);
	t_bool(A(TRUSTED), true);
	expect(o_create(NULL), COFFER_ST_ATTRIBUTE_READ_ONLY);
	t_generate();
	t_bool(A(TRUSTED), true);
	expect(o_generate(COFFER_CKM_AES_KEY_GEN, NULL), COFFER_ST_ATTRIBUTE_READ_ONLY);
	t_cert();
	t_bool(A(TRUSTED), true);
	expect(o_create(NULL), COFFER_ST_ATTRIBUTE_READ_ONLY);
	t_secret(COFFER_CKK_AES, 32);
	expect(o_create(&handle), COFFER_ST_OK);
	t_new();
	t_bool(A(TRUSTED), true);
	expect(o_set(handle), COFFER_ST_ATTRIBUTE_READ_ONLY);
	expect(o_copy(handle, NULL), COFFER_ST_ATTRIBUTE_READ_ONLY);
	assert_false(o_bool(handle, A(TRUSTED)));
	expect(o_destroy(handle), COFFER_ST_OK);
}

static void what_is_forbidden_stays_so(void **state)
{
	static const uint32_t types[] = { A(COPYABLE), A(MODIFIABLE), A(DESTROYABLE) };
	uint32_t handle;

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		t_data("fixed");
		t_bool(types[i], false);
		expect(o_create(&handle), COFFER_ST_OK);
		t_new();
		t_bool(types[i], true);
		assert_int_not_equal(o_set(handle), 0);
		assert_false(o_bool(handle, types[i]));
		t_new();
		t_text(A(LABEL), "other");
		expect(o_copy(handle, NULL), types[i] == A(COPYABLE) ? COFFER_ST_OBJECT_READ_ONLY :
		       COFFER_ST_OK);
		expect(o_set(handle), types[i] == A(MODIFIABLE) ? COFFER_ST_OBJECT_READ_ONLY :
		       COFFER_ST_OK);
		expect(o_destroy(handle), types[i] == A(DESTROYABLE) ?
		       COFFER_ST_OBJECT_READ_ONLY : COFFER_ST_OK);
	}
}

/* A Partition SO who could set the CO's password could use the CO's keys. */
static void the_co_is_not_reset(void **state)
{
	(void)state;
	be(COFFER_ROLE_PO);
	expect(role_ask(&bench, COFFER_CMD_ROLE_RESET_PW, session, COFFER_ROLE_CO, "my password"),
	       COFFER_ST_OPERATION_NOT_ALLOWED);
	expect(role_ask(&bench, COFFER_CMD_ROLE_INIT, session, COFFER_ROLE_CO, "my password"),
	       COFFER_ST_OPERATION_NOT_ALLOWED);
	expect(role_ask(&bench, COFFER_CMD_ROLE_RESET_PW, session, COFFER_ROLE_CU, "my password"),
	       COFFER_ST_USER_NOT_AUTHORIZED);
	be(COFFER_ROLE_CO);
}

/* A partition that gets laxer keeps nothing of what it held when it was strict. */
static void what_gets_laxer_is_emptied(void **state)
{
	struct cmd c = inside();
	uint32_t handle, one_more;

	(void)state;
	set_policy(0, 0);
	t_secret(COFFER_CKK_AES, 32);
	expect(o_create(&handle), COFFER_ST_OK);
	t_secret(COFFER_CKK_AES, 32);
	t_bool(A(TOKEN), false);
	expect(o_create(&one_more), COFFER_ST_OK);
	set_policy(0, 1);
	t_new();
	expect(o_set(handle), COFFER_ST_OBJECT_HANDLE_INVALID);
	expect(o_set(one_more), COFFER_ST_OBJECT_HANDLE_INVALID);
	assert_int_equal(c.part->policy[0], 1);
}

static bool is_offered(uint32_t mechanism)
{
	expect(session_only(&bench, COFFER_CMD_MECHANISM_LIST, session), COFFER_ST_OK);
	for (size_t at = 4; at < bench.len; at += 16)
		if (word(&bench, at) == mechanism)
			return true;
	return false;
}

static void only_approved_mechanisms_in_fips_mode(void **state)
{
	const struct profile_mechanism *m = card_profile(bench.card)->mechanisms;
	unsigned int others = 0;

	(void)state;
	inside().part->policy[43] = 0;
	for (; m->flags; m++) {
		struct cmd c = inside();

		assert_int_equal(is_offered(m->mechanism), m->fips_min != 0);
		expect(mechanism_check(&c, m->mechanism, m->flags),
		       m->fips_min ? COFFER_ST_OK : COFFER_ST_MECHANISM_INVALID);
		others += !m->fips_min;
	}
	assert_in_range(others, 1, 20);
	inside().part->policy[43] = 1;
}

/* What is larger than a clone's payload could never leave this card again. */
static void objects_have_a_largest_size(void **state)
{
	static uint8_t large[OBJECT_SIZE_MAX];
	uint32_t handle;

	(void)state;
	t_data("large");
	t_bytes(A(VALUE), large, sizeof(large));
	expect(o_create(NULL), COFFER_ST_ATTRIBUTE_VALUE_INVALID);
	t_data("grows");
	expect(o_create(&handle), COFFER_ST_OK);
	t_new();
	t_bytes(A(VALUE), large, sizeof(large));
	expect(o_set(handle), COFFER_ST_ATTRIBUTE_VALUE_INVALID);
	expect(o_destroy(handle), COFFER_ST_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused_wherever_a_key_comes_from),
		cmocka_unit_test(one_purpose_wherever_a_key_comes_from),
		cmocka_unit_test(secrets_are_hidden_unless_said),
		cmocka_unit_test(nobody_here_may_say_trusted),
		cmocka_unit_test(what_is_forbidden_stays_so),
		cmocka_unit_test(the_co_is_not_reset),
		cmocka_unit_test(what_gets_laxer_is_emptied),
		cmocka_unit_test(only_approved_mechanisms_in_fips_mode),
		cmocka_unit_test(objects_have_a_largest_size),
	};

	return cmocka_run_group_tests(tests, objects_begin, objects_end);
}
