// SPDX-License-Identifier: BSD-3-Clause
/* Finding objects, session objects, and the use of keys, as a host meets them. */
#include "object_bench.h"

#include "card.h"

static uint8_t msg[32] = "message";

static uint32_t make(void (*fill)(void))
{
	uint32_t handle;

	fill();
	expect(o_create(&handle), COFFER_ST_OK);
	return handle;
}

static uint32_t sign(uint32_t handle, uint32_t mechanism)
{
	return o_use(COFFER_CMD_SIGN, handle, mechanism, NULL, 0, msg, sizeof(msg), NULL, 0);
}

/* ---- Secrets --------------------------------------------------------------------------- */

static uint32_t find_value(const void *value, size_t len)
{
	uint32_t handles[16], count;
	uint64_t cursor = 0;

	t_new();
	t_bytes(A(VALUE), value, len);
	expect(o_find(16, &cursor, handles, &count), COFFER_ST_OK);
	return count;
}

/* Hidden means: not read, and not found by its value either. */
static void test_hidden(void **state)
{
	uint8_t value[64], want[16];
	uint32_t handle, len;

	(void)state;
	for (size_t i = 0; i < sizeof(want); i++)
		want[i] = (uint8_t)(i + 1);
	for (int how = 0; how < 4; how++) {
		bool open = how == 3;

		t_secret(COFFER_CKK_AES, 16);
		t_bool(A(SENSITIVE), !(how & 1));
		t_bool(A(EXTRACTABLE), how & 2);
		expect(o_create(&handle), COFFER_ST_OK);
		expect(o_get(handle, A(VALUE), value, sizeof(value), &len), COFFER_ST_OK);
		assert_int_equal(len, open ? 16 : COFFER_ATTR_SENSITIVE);
		if (open)
			assert_memory_equal(value, want, 16);
		assert_int_equal(find_value(want, 16), open);
		expect(o_destroy(handle), COFFER_ST_OK);
	}
	handle = make(t_rsa_private);
	for (uint32_t type = A(PRIVATE_EXPONENT); type <= A(COEFFICIENT); type++) {
		expect(o_get(handle, type, value, sizeof(value), &len), COFFER_ST_OK);
		assert_int_equal(len, COFFER_ATTR_SENSITIVE);
	}
	expect(o_get(handle, A(EC_POINT), value, sizeof(value), &len), COFFER_ST_OK);
	assert_int_equal(len, COFFER_ATTR_UNAVAILABLE);
	expect(o_destroy(handle), COFFER_ST_OK);
}

/* Not by command: switching it on would erase the partition. */
static void force_policy(uint32_t id, uint32_t value)
{
	partition_find(bench.card, 1)->policy[id] = value;
}

static void be_readable(void)
{
	t_bool(A(SENSITIVE), false);
	t_bool(A(EXTRACTABLE), true);
}

/* What may not be wrapped may not be read either: policy 1, policy 5, FIPS mode. */
static void test_readable(void **state)
{
	uint32_t handle, copy;

	(void)state;
	t_rsa_private();
	be_readable();
	expect(o_create(&handle), COFFER_ST_TEMPLATE_INCONSISTENT);
	t_bool(A(EXTRACTABLE), false);
	expect(o_create(&handle), COFFER_ST_OK);
	expect(o_destroy(handle), COFFER_ST_OK);
	force_policy(1, 1);
	t_rsa_private();
	be_readable();
	expect(o_create(&handle), COFFER_ST_OK);
	force_policy(1, 0);
	t_new();
	expect(o_copy(handle, &copy), COFFER_ST_TEMPLATE_INCONSISTENT);
	t_bool(A(SENSITIVE), true);
	expect(o_copy(handle, &copy), COFFER_ST_OK);
	expect(o_destroy(copy), COFFER_ST_OK);
	expect(o_destroy(handle), COFFER_ST_OK);
	for (uint32_t id = 5; id <= 43; id += 38) {
		force_policy(id, 0);
		t_secret(COFFER_CKK_AES, 16);
		be_readable();
		expect(o_create(&handle), COFFER_ST_TEMPLATE_INCONSISTENT);
		t_new();
		t_ulong(A(VALUE_LEN), 16);
		be_readable();
		expect(o_generate(COFFER_CKM_AES_KEY_GEN, &handle),
		       COFFER_ST_TEMPLATE_INCONSISTENT);
		force_policy(id, 1);
	}
}

/* ---- Find ------------------------------------------------------------------------------ */

static uint32_t found(uint32_t *first)
{
	uint32_t handles[64], count;
	uint64_t cursor = 0;

	expect(o_find(64, &cursor, handles, &count), COFFER_ST_OK);
	assert_int_equal(cursor, 0);
	*first = count ? handles[0] : 0;
	return count;
}

static void test_find_by(void **state)
{
	uint32_t data, key, pub, first, len;
	uint8_t ouid[64], uid[64];

	(void)state;
	t_data("by label");
	expect(o_create(&data), COFFER_ST_OK);
	t_secret(COFFER_CKK_AES, 16);
	t_text(A(ID), "by id");
	expect(o_create(&key), COFFER_ST_OK);
	pub = make(t_ec_public);
	t_new();
	t_text(A(LABEL), "by label");
	assert_true(found(&first) == 1 && first == data);
	t_text(A(LABEL), "by labe");
	assert_int_equal(found(&first), 0);
	t_new();
	t_text(A(ID), "by id");
	assert_true(found(&first) == 1 && first == key);
	t_text(A(LABEL), "by id");
	assert_int_equal(found(&first), 0);
	t_new();
	t_ulong(A(CLASS), COFFER_CKO_PUBLIC_KEY);
	t_ulong(A(KEY_TYPE), COFFER_CKK_EC);
	assert_true(found(&first) == 1 && first == pub);
	t_bool(A(VERIFY), false);
	assert_int_equal(found(&first), 0);
	expect(o_get(key, A(OUID), ouid, 64, &len), COFFER_ST_OK);
	assert_int_equal(len, COFFER_OUID_LEN);
	expect(o_get(key, A(UNIQUE_ID), uid, 64, &len), COFFER_ST_OK);
	assert_int_equal(len, 2 * COFFER_OUID_LEN);
	t_new();
	t_bytes(A(OUID), ouid, COFFER_OUID_LEN);
	assert_true(found(&first) == 1 && first == key);
	t_bytes(A(UNIQUE_ID), uid, len);
	assert_true(found(&first) == 1 && first == key);
	uid[0] ^= 1;
	t_bytes(A(UNIQUE_ID), uid, len);
	assert_int_equal(found(&first), 0);
	t_new();
	t_bool(A(PRIVATE), true);
	assert_true(found(&first) == 1 && first == key);
	be(COFFER_ROLE_NONE);
	assert_int_equal(found(&first), 0);
	t_new();
	assert_int_equal(found(&first), 2);
	be(COFFER_ROLE_CO);
	/* A change of the label moves the object in the index. */
	t_new();
	t_text(A(LABEL), "moved");
	expect(o_set(data), COFFER_ST_OK);
	assert_true(found(&first) == 1 && first == data);
	t_text(A(LABEL), "by label");
	assert_int_equal(found(&first), 0);
	expect(o_destroy(data), COFFER_ST_OK);
	expect(o_destroy(key), COFFER_ST_OK);
	expect(o_destroy(pub), COFFER_ST_OK);
}

/* Pages join without gap or overlap, over token and session objects, when some go meanwhile. */
static void test_find_pages(void **state)
{
	uint32_t made[20], handles[64], count, seen = 0, last = 0;
	uint64_t cursor = 0;

	(void)state;
	for (int i = 0; i < 20; i++) {
		t_data("page");
		t_bool(A(TOKEN), i < 12);
		expect(o_create(&made[i]), COFFER_ST_OK);
	}
	do {
		t_new();
		t_text(A(LABEL), "page");
		expect(o_find(7, &cursor, handles, &count), COFFER_ST_OK);
		assert_true(count <= 7);
		for (uint32_t i = 0; i < count; i++) {
			assert_true(handles[i] > last);
			last = handles[i];
			seen++;
		}
		if (seen == 7)		/* one that comes next, one that was seen */
			assert_true(!o_destroy(made[7]) && !o_destroy(made[2]));
	} while (cursor);
	assert_int_equal(seen, 19);
	for (int i = 0; i < 20; i++)
		o_destroy(made[i]);
}

static void test_find_refusals(void **state)
{
	uint32_t handles[8], count;
	uint64_t cursor = 0;

	(void)state;
	t_new();
	expect(o_find(0, &cursor, handles, &count), COFFER_ST_ARGUMENTS_BAD);
	expect(o_find(4097, &cursor, handles, &count), COFFER_ST_ARGUMENTS_BAD);
	cursor = 0x100000000;
	expect(o_find(1, &cursor, handles, &count), COFFER_ST_ARGUMENTS_BAD);
	cursor = 0xffffffff;
	expect(o_find(1, &cursor, handles, &count), COFFER_ST_OK);
	assert_true(!count && !cursor);
	t_bytes(A(OUID), "short", 5);
	expect(o_find(1, &cursor, handles, &count), COFFER_ST_OK);
	assert_int_equal(count, 0);
}

/* Every shorter and every longer request is refused and changes nothing. */
static void test_cut_requests(void **state)
{
	const uint16_t ops[] = { COFFER_CMD_OBJECT_CREATE, COFFER_CMD_KEY_GENERATE,
				 COFFER_CMD_KEY_PAIR_GENERATE, COFFER_CMD_OBJECT_FIND,
				 COFFER_CMD_OBJECT_GET, COFFER_CMD_OBJECT_SET,
				 COFFER_CMD_OBJECT_COPY, COFFER_CMD_OBJECT_DESTROY,
				 COFFER_CMD_SIGN, COFFER_CMD_VERIFY, COFFER_CMD_ENCRYPT,
				 COFFER_CMD_DECRYPT, COFFER_CMD_DIGEST, COFFER_CMD_RANDOM };
	uint8_t req[64];

	(void)state;
	memset(req, 0xff, sizeof(req));
	memcpy(req, &session, 4);
	for (size_t i = 0; i < COUNT(ops); i++)
		for (size_t len = 0; len <= sizeof(req); len++)
			assert_int_not_equal(ask(&bench, ops[i], req, len), 0);
	memset(req + 4, 0, sizeof(req) - 4);
	for (size_t i = 0; i < COUNT(ops); i++)
		expect(ask(&bench, ops[i], req, sizeof(req)), COFFER_ST_ARGUMENTS_BAD);
}

/* ---- Session objects ------------------------------------------------------------------- */

static uint32_t make_session_key(void)
{
	uint32_t handle;

	t_secret(COFFER_CKK_GENERIC_SECRET, 32);
	t_bool(A(TOKEN), false);
	expect(o_create(&handle), COFFER_ST_OK);
	assert_true(handle >= COFFER_HANDLE_SESSION);
	return handle;
}

static void test_session_objects(void **state)
{
	uint32_t first = session, second, key = make_session_key(), copy, own, data;
	uint64_t mine = bench.owner;

	(void)state;
	expect(sign(key, COFFER_CKM_SHA256_HMAC), COFFER_ST_OK);
	second = session_open(&bench, mine, 1, true, NULL);
	session = second;
	expect(sign(key, COFFER_CKM_SHA256_HMAC), COFFER_ST_OK);
	t_new();
	t_text(A(LABEL), "renamed by another session");
	expect(o_set(key), COFFER_ST_OK);
	own = make_session_key();
	expect(sign(key, COFFER_CKM_SHA256_HMAC), COFFER_ST_OK);
	/* Another owner neither sees nor uses it, though the key is ready in the cache. */
	bench.owner = owner_open(&bench);
	session = session_open(&bench, bench.owner, 1, true, NULL);
	be(COFFER_ROLE_CO);
	expect(sign(key, COFFER_CKM_SHA256_HMAC), COFFER_ST_KEY_HANDLE_INVALID);
	expect(o_destroy(key), COFFER_ST_OBJECT_HANDLE_INVALID);
	expect(owner_close(&bench, bench.owner), COFFER_ST_OK);
	bench.owner = mine;
	/* It ends with the session that made it, not with the one that used it. */
	session = first;
	expect(session_only(&bench, COFFER_CMD_SESSION_CLOSE, second), COFFER_ST_OK);
	expect(sign(key, COFFER_CKM_SHA256_HMAC), COFFER_ST_OK);
	expect(sign(own, COFFER_CKM_SHA256_HMAC), COFFER_ST_KEY_HANDLE_INVALID);
	t_new();
	t_bool(A(TOKEN), true);
	expect(o_copy(key, &copy), COFFER_ST_OK);
	assert_true(copy < COFFER_HANDLE_SESSION);
	t_data("stays");
	t_bool(A(TOKEN), false);
	expect(o_create(&data), COFFER_ST_OK);
	/* The log-out ends private ones only. */
	be(COFFER_ROLE_NONE);
	be(COFFER_ROLE_CO);
	expect(sign(key, COFFER_CKM_SHA256_HMAC), COFFER_ST_KEY_HANDLE_INVALID);
	expect(sign(copy, COFFER_CKM_SHA256_HMAC), COFFER_ST_OK);
	expect(o_destroy(data), COFFER_ST_OK);
	expect(o_destroy(copy), COFFER_ST_OK);
}

static void test_destroy_from_other_session(void **state)
{
	uint32_t first = session, key = make_session_key();

	(void)state;
	session = session_open(&bench, bench.owner, 1, true, NULL);
	expect(o_destroy(key), COFFER_ST_OK);
	expect(o_destroy(key), COFFER_ST_OBJECT_HANDLE_INVALID);
	expect(session_only(&bench, COFFER_CMD_SESSION_CLOSE, session), COFFER_ST_OK);
	session = first;
	expect(sign(key, COFFER_CKM_SHA256_HMAC), COFFER_ST_KEY_HANDLE_INVALID);
}

static void test_session_object_limit(void **state)
{
	uint32_t main_session = session, made = 0, st;

	(void)state;
	session = session_open(&bench, bench.owner, 1, true, NULL);
	do {
		t_data("many");
		t_bool(A(TOKEN), false);
		st = o_create(NULL);
		made += !st;
	} while (!st);
	expect(st, COFFER_ST_MAX_OBJECT_COUNT_EXCEEDED);
	assert_in_range(made, 1000, 1024);
	expect(session_only(&bench, COFFER_CMD_SESSION_CLOSE, session), COFFER_ST_OK);
	session = main_session;
	expect(o_create(&st), COFFER_ST_OK);
	expect(o_destroy(st), COFFER_ST_OK);
}

/* ---- Use of keys ----------------------------------------------------------------------- */

/* Whatever was ready before, the object as it is now decides. */
static void test_cache(void **state)
{
	uint32_t key = make(t_rsa_private);

	(void)state;
	expect(sign(key, COFFER_CKM_SHA256_RSA_PKCS), COFFER_ST_OK);
	t_new();
	t_bool(A(SIGN), false);
	expect(o_set(key), COFFER_ST_OK);
	expect(sign(key, COFFER_CKM_SHA256_RSA_PKCS), COFFER_ST_KEY_FUNCTION_NOT_PERMITTED);
	expect(o_destroy(key), COFFER_ST_OK);
	expect(sign(key, COFFER_CKM_SHA256_RSA_PKCS), COFFER_ST_KEY_HANDLE_INVALID);
	key = make(t_ec_private);
	expect(sign(key, COFFER_CKM_ECDSA_SHA256), COFFER_ST_OK);
	be(COFFER_ROLE_CU);
	expect(sign(key, COFFER_CKM_ECDSA_SHA256), COFFER_ST_OK);
	be(COFFER_ROLE_NONE);
	expect(sign(key, COFFER_CKM_ECDSA_SHA256), COFFER_ST_USER_NOT_LOGGED_IN);
	be(COFFER_ROLE_CO);
	expect(o_destroy(key), COFFER_ST_OK);
}

static void test_sign_verify(void **state)
{
	uint32_t priv = make(t_ec_private), pub = make(t_ec_public), len;
	uint8_t sig[64];

	(void)state;
	expect(sign(priv, COFFER_CKM_ECDSA_SHA256), COFFER_ST_OK);
	len = bench.len;
	assert_int_equal(len, 64);
	memcpy(sig, bench.reply, len);
	expect(o_use(COFFER_CMD_VERIFY, pub, COFFER_CKM_ECDSA_SHA256, NULL, 0, msg, sizeof(msg),
		     sig, len), COFFER_ST_OK);
	assert_int_equal(bench.len, 0);
	sig[9] ^= 1;
	expect(o_use(COFFER_CMD_VERIFY, pub, COFFER_CKM_ECDSA_SHA256, NULL, 0, msg, sizeof(msg),
		     sig, len), COFFER_ST_SIGNATURE_INVALID);
	expect(sign(pub, COFFER_CKM_ECDSA_SHA256), COFFER_ST_KEY_FUNCTION_NOT_PERMITTED);
	expect(sign(priv, COFFER_CKM_SHA256_RSA_PKCS), COFFER_ST_KEY_TYPE_INCONSISTENT);
	expect(sign(priv, COFFER_CKM_AES_GCM), COFFER_ST_MECHANISM_INVALID);
	expect(sign(priv, 0x7777), COFFER_ST_MECHANISM_INVALID);
	expect(sign(0, COFFER_CKM_ECDSA), COFFER_ST_KEY_HANDLE_INVALID);
	expect(o_destroy(priv), COFFER_ST_OK);
	expect(o_destroy(pub), COFFER_ST_OK);
}

static void test_encrypt_decrypt(void **state)
{
	uint8_t params[20] = { 12, 0, 0, 0, 128, 0, 0, 0 }, text[48];
	uint32_t key;

	(void)state;
	t_secret(COFFER_CKK_AES, 32);
	expect(o_create(&key), COFFER_ST_OK);
	expect(o_use(COFFER_CMD_ENCRYPT, key, COFFER_CKM_AES_GCM, params, 20, msg, 32, NULL, 0),
	       COFFER_ST_OK);
	assert_int_equal(bench.len, 48);
	memcpy(text, bench.reply, 48);
	expect(o_use(COFFER_CMD_DECRYPT, key, COFFER_CKM_AES_GCM, params, 20, text, 48, NULL, 0),
	       COFFER_ST_OK);
	assert_int_equal(bench.len, 32);
	assert_memory_equal(bench.reply, msg, 32);
	text[0] ^= 1;
	expect(o_use(COFFER_CMD_DECRYPT, key, COFFER_CKM_AES_GCM, params, 20, text, 48, NULL, 0),
	       COFFER_ST_ENCRYPTED_DATA_INVALID);
	expect(o_destroy(key), COFFER_ST_OK);
}

static void test_allowed_mechanisms(void **state)
{
	const uint64_t only = COFFER_CKM_SHA384_HMAC;
	uint32_t key;

	(void)state;
	t_secret(COFFER_CKK_GENERIC_SECRET, 32);
	t_bytes(A(ALLOWED_MECHANISMS), &only, sizeof(only));
	expect(o_create(&key), COFFER_ST_OK);
	expect(sign(key, COFFER_CKM_SHA384_HMAC), COFFER_ST_OK);
	expect(sign(key, COFFER_CKM_SHA256_HMAC), COFFER_ST_MECHANISM_INVALID);
	expect(o_destroy(key), COFFER_ST_OK);
}

static void test_digest_random(void **state)
{
	uint32_t req[2] = { session, 64 };
	uint8_t first[64];

	(void)state;
	expect(o_use(COFFER_CMD_DIGEST, 0, COFFER_CKM_SHA256, NULL, 0, "abc", 3, NULL, 0),
	       COFFER_ST_OK);
	assert_int_equal(bench.len, 32);
	assert_int_equal(bench.reply[0], 0xba);
	expect(o_use(COFFER_CMD_DIGEST, 1, COFFER_CKM_SHA256, NULL, 0, "abc", 3, NULL, 0),
	       COFFER_ST_ARGUMENTS_BAD);
	expect(o_use(COFFER_CMD_DIGEST, 0, COFFER_CKM_SHA256, "x", 1, "abc", 3, NULL, 0),
	       COFFER_ST_MECHANISM_PARAM_INVALID);
	expect(o_use(COFFER_CMD_DIGEST, 0, COFFER_CKM_ECDSA, NULL, 0, "abc", 3, NULL, 0),
	       COFFER_ST_MECHANISM_INVALID);
	expect(ask(&bench, COFFER_CMD_RANDOM, req, sizeof(req)), COFFER_ST_OK);
	assert_int_equal(bench.len, 64);
	memcpy(first, bench.reply, 64);
	expect(ask(&bench, COFFER_CMD_RANDOM, req, sizeof(req)), COFFER_ST_OK);
	assert_memory_not_equal(first, bench.reply, 64);
	req[1] = 65536;
	expect(ask(&bench, COFFER_CMD_RANDOM, req, sizeof(req)), COFFER_ST_OK);
	assert_int_equal(bench.len, 65536);
	req[1] = 65537;
	expect(ask(&bench, COFFER_CMD_RANDOM, req, sizeof(req)), COFFER_ST_ARGUMENTS_BAD);
	req[1] = 0;
	expect(ask(&bench, COFFER_CMD_RANDOM, req, sizeof(req)), COFFER_ST_ARGUMENTS_BAD);
}

/* Last: it erases the partition. Imported keys must be imported anew after each change. */
static void test_use_policies(void **state)
{
	struct attrs none, *template;
	uint32_t key;

	(void)state;
	set_policy(17, 0);
	key = make(t_rsa_private);
	expect(sign(key, COFFER_CKM_SHA256_RSA_PKCS), COFFER_ST_KEY_FUNCTION_NOT_PERMITTED);
	set_policy(17, 1);
	key = make(t_rsa_private);
	expect(sign(key, COFFER_CKM_SHA256_RSA_PKCS), COFFER_ST_OK);
	expect(sign(key, COFFER_CKM_RSA_X_509), COFFER_ST_OK);
	expect(sign(key, COFFER_CKM_RSA_PKCS), COFFER_ST_OK);
	set_policy(18, 0);
	key = make(t_rsa_private);
	expect(sign(key, COFFER_CKM_RSA_X_509), COFFER_ST_MECHANISM_INVALID);
	set_policy(33, 0);
	key = make(t_rsa_private);
	expect(sign(key, COFFER_CKM_RSA_PKCS), COFFER_ST_MECHANISM_INVALID);
	set_policy(43, 0);
	attrs_init(&none);
	template = t_new();
	t_ulong(A(MODULUS_BITS), 2048);
	t_bytes(A(PUBLIC_EXPONENT), "\x03", 1);
	expect(o_pair(COFFER_CKM_RSA_PKCS_KEY_PAIR_GEN, template, &none, &key, &key),
	       COFFER_ST_ATTRIBUTE_VALUE_INVALID);
	t_secret(COFFER_CKK_GENERIC_SECRET, 13);
	expect(o_create(&key), COFFER_ST_KEY_SIZE_RANGE);
	t_secret(COFFER_CKK_GENERIC_SECRET, 14);
	expect(o_create(&key), COFFER_ST_OK);
	expect(sign(key, COFFER_CKM_SHA256_HMAC), COFFER_ST_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hidden),
		cmocka_unit_test(test_readable),
		cmocka_unit_test(test_find_by),
		cmocka_unit_test(test_find_pages),
		cmocka_unit_test(test_find_refusals),
		cmocka_unit_test(test_cut_requests),
		cmocka_unit_test(test_session_objects),
		cmocka_unit_test(test_destroy_from_other_session),
		cmocka_unit_test(test_session_object_limit),
		cmocka_unit_test(test_cache),
		cmocka_unit_test(test_sign_verify),
		cmocka_unit_test(test_encrypt_decrypt),
		cmocka_unit_test(test_allowed_mechanisms),
		cmocka_unit_test(test_digest_random),
		cmocka_unit_test(test_use_policies),
	};

	return cmocka_run_group_tests(tests, objects_begin, objects_end);
}
