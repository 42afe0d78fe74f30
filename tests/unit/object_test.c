// SPDX-License-Identifier: BSD-3-Clause
/* The rules of objects, attribute by attribute, as a host meets them. */
#include "object_bench.h"

typedef void make_fn(void);

static void make_data(void)
{
	t_data("rules");
}

static void make_aes(void)
{
	t_secret(COFFER_CKK_AES, 32);
}

static void make_generic(void)
{
	t_secret(COFFER_CKK_GENERIC_SECRET, 20);
}

static make_fn *const kinds[] = { make_data, t_cert, make_aes, make_generic, t_rsa_public,
				  t_rsa_private, t_ec_public, t_ec_private };

static void make_ok(make_fn *make, uint32_t *handle)
{
	make();
	expect(o_create(handle), COFFER_ST_OK);
}

/* ---- Create ---------------------------------------------------------------------------- */

static void test_minimal(void **state)
{
	uint32_t handle;

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		make_ok(kinds[i], &handle);
		assert_in_range(handle, 1, COFFER_HANDLE_SESSION - 1);
		assert_true(o_bool(handle, A(MODIFIABLE)));
		assert_true(o_bool(handle, A(COPYABLE)));
		expect(o_destroy(handle), COFFER_ST_OK);
		expect(o_destroy(handle), COFFER_ST_OBJECT_HANDLE_INVALID);
	}
}

/* Each attribute that a kind cannot do without is missed. */
static void test_incomplete(void **state)
{
	static const uint32_t data[] = { A(CLASS) }, cert[] = { A(CLASS), A(CERTIFICATE_TYPE),
		A(SUBJECT), A(VALUE) }, secret[] = { A(CLASS), A(KEY_TYPE), A(VALUE) },
		rsa_pub[] = { A(KEY_TYPE), A(MODULUS), A(PUBLIC_EXPONENT) },
		rsa_priv[] = { A(MODULUS), A(PUBLIC_EXPONENT), A(PRIVATE_EXPONENT) },
		ec_pub[] = { A(EC_PARAMS), A(EC_POINT) }, ec_priv[] = { A(EC_PARAMS), A(VALUE) };
	static const struct {
		make_fn *make;
		const uint32_t *types;
		size_t count;
	} rows[] = {
		{ make_data, data, COUNT(data) }, { t_cert, cert, COUNT(cert) },
		{ make_aes, secret, COUNT(secret) }, { make_generic, secret, COUNT(secret) },
		{ t_rsa_public, rsa_pub, COUNT(rsa_pub) },
		{ t_rsa_private, rsa_priv, COUNT(rsa_priv) },
		{ t_ec_public, ec_pub, COUNT(ec_pub) }, { t_ec_private, ec_priv, COUNT(ec_priv) },
	};

	(void)state;
	for (size_t r = 0; r < COUNT(rows); r++) {
		for (size_t i = 0; i < rows[r].count; i++) {
			rows[r].make();
			t_drop(rows[r].types[i]);
			expect(o_create(NULL), COFFER_ST_TEMPLATE_INCOMPLETE);
		}
	}
}

static void test_card_only(void **state)
{
	static const uint32_t bools[] = { A(LOCAL), A(ALWAYS_SENSITIVE), A(NEVER_EXTRACTABLE) };
	static const uint32_t ulongs[] = { A(KEY_GEN_MECHANISM), A(SECURITY_LEVEL),
					   A(VALUE_LEN) };
	static const uint32_t bytes[] = { A(UNIQUE_ID), A(OUID), A(FINGERPRINT) };
	uint32_t handle;

	(void)state;
	make_ok(make_aes, &handle);
	for (size_t i = 0; i < COUNT(bools) + COUNT(ulongs) + COUNT(bytes); i++) {
		for (int how = 0; how < 4; how++) {
			if (how == 0)
				make_aes();
			else
				t_new();
			if (i < 3)
				t_bool(bools[i], true);
			else if (i < 6)
				t_ulong(ulongs[i - 3], 32);
			else
				t_bytes(bytes[i - 6], "123456789012345678901234", 24);
			if (how == 3 && (i < 3 || i == 3 || i == 4 || i > 5))
				expect(o_generate(COFFER_CKM_AES_KEY_GEN, NULL),
				       COFFER_ST_ATTRIBUTE_READ_ONLY);
			else if (how < 3)
				expect(how == 0 ? o_create(NULL) : how == 1 ? o_set(handle) :
				       o_copy(handle, NULL), COFFER_ST_ATTRIBUTE_READ_ONLY);
		}
	}
	t_new();
	t_bool(A(TRUSTED), true);
	expect(o_set(handle), COFFER_ST_ATTRIBUTE_READ_ONLY);
	make_aes();
	t_bool(A(TRUSTED), true);
	expect(o_create(NULL), COFFER_ST_ATTRIBUTE_READ_ONLY);
	expect(o_destroy(handle), COFFER_ST_OK);
}

static void test_foreign_attributes(void **state)
{
	(void)state;
	make_data();
	t_bool(A(SIGN), true);
	expect(o_create(NULL), COFFER_ST_ATTRIBUTE_TYPE_INVALID);
	t_cert();
	t_ulong(A(KEY_TYPE), COFFER_CKK_RSA);
	expect(o_create(NULL), COFFER_ST_ATTRIBUTE_TYPE_INVALID);
	t_rsa_public();
	t_bytes(A(PRIVATE_EXPONENT), "1", 1);
	expect(o_create(NULL), COFFER_ST_ATTRIBUTE_TYPE_INVALID);
	t_rsa_private();
	t_bytes(A(VALUE), "1", 1);
	expect(o_create(NULL), COFFER_ST_ATTRIBUTE_TYPE_INVALID);
	make_aes();
	t_bytes(A(SUBJECT), "1", 1);
	expect(o_create(NULL), COFFER_ST_ATTRIBUTE_TYPE_INVALID);
}

static void test_bad_values(void **state)
{
	(void)state;
	make_data();
	t_ulong(A(CLASS), 5);
	expect(o_create(NULL), COFFER_ST_ATTRIBUTE_VALUE_INVALID);
	t_ulong(A(CLASS), UINT64_MAX);
	expect(o_create(NULL), COFFER_ST_ATTRIBUTE_VALUE_INVALID);
	t_cert();
	t_ulong(A(CERTIFICATE_TYPE), 1);
	expect(o_create(NULL), COFFER_ST_ATTRIBUTE_VALUE_INVALID);
	make_aes();
	t_ulong(A(KEY_TYPE), COFFER_CKK_DES3);
	expect(o_create(NULL), COFFER_ST_ATTRIBUTE_VALUE_INVALID);
	make_aes();
	t_ulong(A(KEY_TYPE), COFFER_CKK_RSA);
	expect(o_create(NULL), COFFER_ST_TEMPLATE_INCONSISTENT);
	t_secret(COFFER_CKK_AES, 17);
	expect(o_create(NULL), COFFER_ST_KEY_SIZE_RANGE);
	make_aes();
	t_text(A(START_DATE), "2026013");
	expect(o_create(NULL), COFFER_ST_ATTRIBUTE_VALUE_INVALID);
	t_text(A(START_DATE), "2026o131");
	expect(o_create(NULL), COFFER_ST_ATTRIBUTE_VALUE_INVALID);
	make_aes();
	t_bytes(A(ALLOWED_MECHANISMS), "1234567", 7);
	expect(o_create(NULL), COFFER_ST_ATTRIBUTE_VALUE_INVALID);
	t_bytes(A(ALLOWED_MECHANISMS), NULL, 0);
	expect(o_create(NULL), COFFER_ST_ATTRIBUTE_VALUE_INVALID);
	make_aes();
	t_bool(A(PRIVATE), false);
	expect(o_create(NULL), COFFER_ST_TEMPLATE_INCONSISTENT);
	t_rsa_private();
	t_bool(A(PRIVATE), false);
	expect(o_create(NULL), COFFER_ST_TEMPLATE_INCONSISTENT);
	t_rsa_private();
	t_bool(A(ALWAYS_AUTHENTICATE), true);
	expect(o_create(NULL), COFFER_ST_TEMPLATE_INCONSISTENT);
	t_ec_public();
	t_bytes(A(EC_POINT), "\x04\x02\x04\x01", 4);
	expect(o_create(NULL), COFFER_ST_ATTRIBUTE_VALUE_INVALID);
}

/* ---- Origin ---------------------------------------------------------------------------- */

static void test_imported(void **state)
{
	uint32_t handle;

	(void)state;
	make_ok(t_rsa_private, &handle);
	assert_true(o_bool(handle, A(SENSITIVE)));
	assert_false(o_bool(handle, A(EXTRACTABLE)));
	assert_false(o_bool(handle, A(ALWAYS_SENSITIVE)));
	assert_false(o_bool(handle, A(NEVER_EXTRACTABLE)));
	assert_false(o_bool(handle, A(LOCAL)));
	assert_true(o_bool(handle, A(SIGN)));
	assert_true(o_ulong(handle, A(KEY_GEN_MECHANISM)) == UINT64_MAX);
	expect(o_destroy(handle), COFFER_ST_OK);
}

static void test_generated_pairs(void **state)
{
	static const uint8_t p384[] = { 6, 5, 0x2b, 0x81, 4, 0, 0x22 };
	static const uint8_t ed[] = { 0x13, 12, 'e', 'd', 'w', 'a', 'r', 'd', 's', '2', '5', '5',
				      '1', '9' };
	const uint32_t mechs[] = { COFFER_CKM_RSA_PKCS_KEY_PAIR_GEN, COFFER_CKM_EC_KEY_PAIR_GEN,
				   COFFER_CKM_EC_EDWARDS_KEY_PAIR_GEN };
	uint8_t id[2][64], info[2][600];
	uint32_t pub, priv, len[2];
	struct attrs a, b;

	(void)state;
	for (size_t i = 0; i < COUNT(mechs); i++) {
		attrs_init(&a);
		attrs_init(&b);
		if (i == 0)
			attrs_set_ulong(&a, A(MODULUS_BITS), 2048);
		else
			attrs_set(&a, A(EC_PARAMS), i == 1 ? p384 : ed,
				  i == 1 ? sizeof(p384) : sizeof(ed));
		attrs_set_bool(&b, A(TOKEN), true);
		/* The public key as a session object, the private one on the token. */
		expect(o_pair(mechs[i], &a, &b, &pub, &priv), COFFER_ST_OK);
		assert_true(pub >= COFFER_HANDLE_SESSION && priv < COFFER_HANDLE_SESSION);
		assert_true(o_bool(priv, A(SENSITIVE)) && !o_bool(priv, A(EXTRACTABLE)));
		assert_true(o_bool(priv, A(ALWAYS_SENSITIVE)) &&
			    o_bool(priv, A(NEVER_EXTRACTABLE)) && o_bool(priv, A(LOCAL)));
		assert_true(o_bool(pub, A(LOCAL)) && o_bool(pub, A(VERIFY)));
		assert_int_equal(o_ulong(priv, A(KEY_GEN_MECHANISM)), mechs[i]);
		expect(o_get(pub, A(ID), id[0], 64, &len[0]), COFFER_ST_OK);
		expect(o_get(priv, A(ID), id[1], 64, &len[1]), COFFER_ST_OK);
		assert_true(len[0] == 20 && len[1] == 20);
		assert_memory_equal(id[0], id[1], 20);
		expect(o_get(pub, A(PUBLIC_KEY_INFO), info[0], 600, &len[0]), COFFER_ST_OK);
		expect(o_get(priv, A(PUBLIC_KEY_INFO), info[1], 600, &len[1]), COFFER_ST_OK);
		assert_int_equal(len[0], len[1]);
		assert_memory_equal(info[0], info[1], len[0]);
		expect(o_destroy(pub), COFFER_ST_OK);
		expect(o_destroy(priv), COFFER_ST_OK);
		attrs_free(&a);
		attrs_free(&b);
	}
}

static void test_generate_templates(void **state)
{
	uint32_t handle;

	(void)state;
	t_new();
	expect(o_generate(COFFER_CKM_AES_KEY_GEN, NULL), COFFER_ST_TEMPLATE_INCOMPLETE);
	t_ulong(A(VALUE_LEN), 32);
	t_ulong(A(CLASS), COFFER_CKO_PRIVATE_KEY);
	expect(o_generate(COFFER_CKM_AES_KEY_GEN, NULL), COFFER_ST_TEMPLATE_INCONSISTENT);
	t_ulong(A(CLASS), COFFER_CKO_SECRET_KEY);
	t_ulong(A(KEY_TYPE), COFFER_CKK_GENERIC_SECRET);
	expect(o_generate(COFFER_CKM_AES_KEY_GEN, NULL), COFFER_ST_TEMPLATE_INCONSISTENT);
	t_drop(A(KEY_TYPE));
	t_bytes(A(VALUE), "1234567890123456", 16);
	expect(o_generate(COFFER_CKM_AES_KEY_GEN, NULL), COFFER_ST_ATTRIBUTE_READ_ONLY);
	t_drop(A(VALUE));
	t_ulong(A(VALUE_LEN), 33);
	expect(o_generate(COFFER_CKM_AES_KEY_GEN, NULL), COFFER_ST_KEY_SIZE_RANGE);
	t_ulong(A(VALUE_LEN), UINT64_MAX);
	expect(o_generate(COFFER_CKM_AES_KEY_GEN, NULL), COFFER_ST_KEY_SIZE_RANGE);
	t_ulong(A(VALUE_LEN), 32);
	expect(o_generate(COFFER_CKM_EC_KEY_PAIR_GEN, NULL), COFFER_ST_MECHANISM_INVALID);
	expect(o_generate(COFFER_CKM_AES_CBC, NULL), COFFER_ST_MECHANISM_INVALID);
	expect(o_generate(COFFER_CKM_AES_KEY_GEN, &handle), COFFER_ST_OK);
	assert_true(handle >= COFFER_HANDLE_SESSION);
	assert_true(o_bool(handle, A(ENCRYPT)) && !o_bool(handle, A(SIGN)));
	expect(o_destroy(handle), COFFER_ST_OK);
}

/* ---- One way --------------------------------------------------------------------------- */

static const struct {
	uint32_t type;
	bool end;		/* the value that it cannot leave */
} one_way[] = {
	{ A(SENSITIVE), true }, { A(WRAP_WITH_TRUSTED), true }, { A(EXTRACTABLE), false },
	{ A(COPYABLE), false }, { A(DESTROYABLE), false }, { A(ENCRYPT), false },
	{ A(DECRYPT), false }, { A(SIGN), false }, { A(VERIFY), false }, { A(WRAP), false },
	{ A(UNWRAP), false }, { A(DERIVE), false },
};

/* Set and copy go there, and never back; a copy of a copy neither. */
static void test_one_way(void **state)
{
	uint32_t handle, copy, again;

	(void)state;
	for (size_t i = 0; i < COUNT(one_way); i++) {
		uint32_t type = one_way[i].type;
		bool end = one_way[i].end;

		make_aes();
		t_bool(type, !end);
		expect(o_create(&handle), COFFER_ST_OK);
		t_new();
		t_bool(type, end);
		if (type != A(COPYABLE) && type != A(DESTROYABLE)) {
			expect(o_copy(handle, &copy), COFFER_ST_OK);
			assert_int_equal(o_bool(copy, type), end);
			assert_int_equal(o_bool(handle, type), !end);
			t_bool(type, !end);
			expect(o_copy(copy, NULL), COFFER_ST_ATTRIBUTE_READ_ONLY);
			t_new();
			expect(o_copy(copy, &again), COFFER_ST_OK);
			assert_int_equal(o_bool(again, type), end);
			expect(o_destroy(again), COFFER_ST_OK);
			expect(o_destroy(copy), COFFER_ST_OK);
			t_bool(type, end);
		}
		expect(o_set(handle), COFFER_ST_OK);
		assert_int_equal(o_bool(handle, type), end);
		t_bool(type, !end);
		expect(o_set(handle), COFFER_ST_ATTRIBUTE_READ_ONLY);
		assert_int_equal(o_bool(handle, type), end);
		t_new();
		if (type == A(COPYABLE))
			expect(o_copy(handle, NULL), COFFER_ST_OBJECT_READ_ONLY);
		expect(o_destroy(handle), type == A(DESTROYABLE) ? COFFER_ST_OBJECT_READ_ONLY :
								   COFFER_ST_OK);
	}
}

static void test_fixed_attributes(void **state)
{
	static const uint32_t fixed[] = { A(TOKEN), A(PRIVATE), A(ALLOWED_MECHANISMS) };
	uint32_t handle;

	(void)state;
	make_ok(make_aes, &handle);
	for (size_t i = 0; i < COUNT(fixed); i++) {
		t_new();
		t_bool(fixed[i], false);
		if (i == 2)
			t_bytes(fixed[i], "12345678", 8);
		expect(o_set(handle), COFFER_ST_ATTRIBUTE_READ_ONLY);
	}
	t_new();
	t_bytes(A(VALUE), "1234567890123456", 16);
	expect(o_set(handle), COFFER_ST_ATTRIBUTE_READ_ONLY);
	t_new();
	t_bool(A(MODIFIABLE), false);
	expect(o_set(handle), COFFER_ST_OK);
	t_new();
	t_text(A(LABEL), "new");
	expect(o_set(handle), COFFER_ST_OBJECT_READ_ONLY);
	expect(o_destroy(handle), COFFER_ST_OK);
}

/* ALWAYS_SENSITIVE and NEVER_EXTRACTABLE remember; a copy remembers what its source did. */
static void test_memory(void **state)
{
	uint32_t handle, copy;

	(void)state;
	t_new();
	t_ulong(A(VALUE_LEN), 16);
	t_bool(A(SENSITIVE), false);
	t_bool(A(EXTRACTABLE), true);
	expect(o_generate(COFFER_CKM_AES_KEY_GEN, &handle), COFFER_ST_OK);
	t_new();
	t_bool(A(SENSITIVE), true);
	t_bool(A(EXTRACTABLE), false);
	expect(o_set(handle), COFFER_ST_OK);
	t_new();
	expect(o_copy(handle, &copy), COFFER_ST_OK);
	assert_true(o_bool(copy, A(LOCAL)));
	assert_false(o_bool(handle, A(ALWAYS_SENSITIVE)) || o_bool(copy, A(ALWAYS_SENSITIVE)));
	assert_false(o_bool(handle, A(NEVER_EXTRACTABLE)) || o_bool(copy, A(NEVER_EXTRACTABLE)));
	expect(o_destroy(handle), COFFER_ST_OK);
	expect(o_destroy(copy), COFFER_ST_OK);
}

static void test_conflicts(void **state)
{
	static const uint32_t pairs[][2] = { { A(WRAP), A(DECRYPT) }, { A(UNWRAP), A(ENCRYPT) } };
	uint32_t handle;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		make_aes();
		t_bool(pairs[i][0], true);
		t_bool(pairs[i][1], true);
		expect(o_create(NULL), COFFER_ST_TEMPLATE_INCONSISTENT);
		t_new();
		t_ulong(A(VALUE_LEN), 16);
		t_bool(pairs[i][0], true);
		t_bool(pairs[i][1], true);
		expect(o_generate(COFFER_CKM_AES_KEY_GEN, NULL),
		       COFFER_ST_TEMPLATE_INCONSISTENT);
		/* One, then the other: by set, by copy, by switching the first off before. */
		make_aes();
		t_bool(pairs[i][0], true);
		expect(o_create(&handle), COFFER_ST_OK);
		t_new();
		t_bool(pairs[i][1], true);
		expect(o_set(handle), COFFER_ST_ATTRIBUTE_READ_ONLY);
		t_bool(pairs[i][0], false);
		expect(o_set(handle), COFFER_ST_ATTRIBUTE_READ_ONLY);
		expect(o_copy(handle, NULL), COFFER_ST_ATTRIBUTE_READ_ONLY);
		expect(o_destroy(handle), COFFER_ST_OK);
	}
}

/* ---- Roles ----------------------------------------------------------------------------- */

static void test_roles(void **state)
{
	uint32_t data, key, mine, len;
	uint8_t value[64];

	(void)state;
	make_ok(make_data, &data);
	make_ok(make_aes, &key);
	be(COFFER_ROLE_CU);
	expect(o_get(key, A(LABEL), value, 64, &len), COFFER_ST_OK);
	expect(o_destroy(key), COFFER_ST_USER_NOT_AUTHORIZED);
	t_new();
	t_text(A(LABEL), "cu");
	expect(o_set(key), COFFER_ST_USER_NOT_AUTHORIZED);
	expect(o_copy(key, NULL), COFFER_ST_USER_NOT_AUTHORIZED);
	make_aes();
	expect(o_create(NULL), COFFER_ST_USER_NOT_AUTHORIZED);
	t_rsa_public();
	expect(o_create(NULL), COFFER_ST_USER_NOT_AUTHORIZED);
	t_bool(A(TOKEN), false);
	expect(o_create(&mine), COFFER_ST_OK);
	t_new();
	t_ulong(A(VALUE_LEN), 16);
	expect(o_generate(COFFER_CKM_AES_KEY_GEN, NULL), COFFER_ST_USER_NOT_AUTHORIZED);
	be(COFFER_ROLE_NONE);
	expect(o_get(key, A(LABEL), value, 64, &len), COFFER_ST_OBJECT_HANDLE_INVALID);
	expect(o_destroy(key), COFFER_ST_OBJECT_HANDLE_INVALID);
	expect(o_get(data, A(LABEL), value, 64, &len), COFFER_ST_OK);
	expect(o_destroy(data), COFFER_ST_USER_NOT_LOGGED_IN);
	make_data();
	expect(o_create(NULL), COFFER_ST_USER_NOT_LOGGED_IN);
	t_bool(A(TOKEN), false);
	expect(o_create(NULL), COFFER_ST_OK);
	make_aes();
	t_bool(A(TOKEN), false);
	expect(o_create(NULL), COFFER_ST_USER_NOT_LOGGED_IN);
	be(COFFER_ROLE_PO);
	expect(o_get(data, A(LABEL), value, 64, &len), COFFER_ST_OK);
	expect(o_get(key, A(LABEL), value, 64, &len), COFFER_ST_OBJECT_HANDLE_INVALID);
	expect(o_destroy(data), COFFER_ST_USER_NOT_AUTHORIZED);
	be(COFFER_ROLE_CO);
	expect(o_destroy(data), COFFER_ST_OK);
	expect(o_destroy(key), COFFER_ST_OK);
}

static void test_read_only_session(void **state)
{
	uint32_t rw = session, handle;

	(void)state;
	make_ok(make_data, &handle);
	session = session_open(&bench, bench.owner, 1, false, NULL);
	make_data();
	expect(o_create(NULL), COFFER_ST_SESSION_READ_ONLY);
	expect(o_set(handle), COFFER_ST_SESSION_READ_ONLY);
	expect(o_destroy(handle), COFFER_ST_SESSION_READ_ONLY);
	t_bool(A(TOKEN), false);
	expect(o_create(NULL), COFFER_ST_OK);
	expect(session_only(&bench, COFFER_CMD_SESSION_CLOSE, session), COFFER_ST_OK);
	session = rw;
	expect(o_destroy(handle), COFFER_ST_OK);
}

/* ---- Policies -------------------------------------------------------------------------- */

static void test_policies(void **state)
{
	uint32_t handle;

	(void)state;
	set_policy(10, 0);
	t_secret(COFFER_CKK_AES, 16);
	t_bool(A(ENCRYPT), true);
	t_bool(A(SIGN), true);
	expect(o_create(NULL), COFFER_ST_TEMPLATE_INCONSISTENT);
	make_ok(t_rsa_private, &handle);
	assert_false(o_bool(handle, A(DECRYPT)));
	set_policy(10, 1);
	set_policy(11, 0);
	make_ok(make_aes, &handle);
	t_new();
	t_bool(A(ENCRYPT), false);
	expect(o_set(handle), COFFER_ST_OPERATION_NOT_ALLOWED);
	t_new();
	t_text(A(LABEL), "renamed");
	expect(o_set(handle), COFFER_ST_OK);
	set_policy(11, 1);
	make_ok(make_aes, &handle);
	set_policy(28, 0);
	expect(o_destroy(handle), COFFER_ST_OPERATION_NOT_ALLOWED);
	make_aes();
	expect(o_create(NULL), COFFER_ST_OPERATION_NOT_ALLOWED);
	make_data();
	expect(o_create(NULL), COFFER_ST_OK);
	set_policy(28, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_minimal),
		cmocka_unit_test(test_incomplete),
		cmocka_unit_test(test_card_only),
		cmocka_unit_test(test_foreign_attributes),
		cmocka_unit_test(test_bad_values),
		cmocka_unit_test(test_imported),
		cmocka_unit_test(test_generated_pairs),
		cmocka_unit_test(test_generate_templates),
		cmocka_unit_test(test_one_way),
		cmocka_unit_test(test_fixed_attributes),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_conflicts),
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_read_only_session),
		cmocka_unit_test(test_policies),
	};

	return cmocka_run_group_tests(tests, objects_begin, objects_end);
}
