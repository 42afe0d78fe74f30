// SPDX-License-Identifier: BSD-3-Clause
/* Short object commands for tests. */
#include "object_bench.h"

#include <stdio.h>

#include "crypto.h"

static const uint8_t p256[] = { 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7 };

struct bench bench;
uint32_t session;

static struct attrs template;
static struct attrs rsa_public, rsa_private, ec_public, ec_private;
static uint8_t request[COFFER_CMD_MAX_PAYLOAD];
static struct wire_out out;

/* ---- A card ---------------------------------------------------------------------------- */

static int make_keys(void)
{
	struct crypto *c;

	if (crypto_open(&c))
		return -1;
	attrs_set_ulong(&rsa_public, A(MODULUS_BITS), 2048);
	attrs_set(&ec_public, A(EC_PARAMS), p256, sizeof(p256));
	assert_int_equal(crypto_generate_pair(c, COFFER_CKM_RSA_PKCS_KEY_PAIR_GEN, &rsa_public,
					      &rsa_private, NULL), 0);
	assert_int_equal(crypto_generate_pair(c, COFFER_CKM_EC_KEY_PAIR_GEN, &ec_public,
					      &ec_private, NULL), 0);
	attrs_remove(&rsa_public, A(MODULUS_BITS));
	crypto_close(c);
	return 0;
}

int objects_begin(void **state)
{
	(void)state;
	if (make_keys())
		return -1;
	bench_open(&bench, NULL);
	session = partition_ready(&bench);
	be(COFFER_ROLE_CO);
	return 0;
}

int objects_end(void **state)
{
	(void)state;
	attrs_free(&template);
	attrs_free(&rsa_public);
	attrs_free(&rsa_private);
	attrs_free(&ec_public);
	attrs_free(&ec_private);
	bench_close(&bench);
	return 0;
}

void be(enum coffer_role role)
{
	static const char *const pins[COFFER_ROLE_COUNT] = {
		[COFFER_ROLE_PO] = PO_PIN, [COFFER_ROLE_CO] = CO_PIN, [COFFER_ROLE_CU] = CU_PIN,
	};

	session_only(&bench, COFFER_CMD_LOGOUT, session);
	if (role != COFFER_ROLE_NONE)
		expect(login(&bench, session, role, pins[role]), COFFER_ST_OK);
}

void set_policy(uint32_t id, uint32_t value)
{
	be(COFFER_ROLE_PO);
	expect(policy_set(&bench, session, COFFER_POLICY_SET_DESTRUCTIVE, id, value),
	       COFFER_ST_OK);
	be(COFFER_ROLE_CO);
}

/* ---- Templates ------------------------------------------------------------------------- */

struct attrs *t_new(void)
{
	attrs_free(&template);
	return &template;
}

void t_ulong(uint32_t type, uint64_t v)
{
	assert_int_equal(attrs_set_ulong(&template, type, v), 0);
}

void t_bool(uint32_t type, bool v)
{
	assert_int_equal(attrs_set_bool(&template, type, v), 0);
}

void t_bytes(uint32_t type, const void *p, size_t len)
{
	assert_int_equal(attrs_set(&template, type, p, len), 0);
}

void t_text(uint32_t type, const char *text)
{
	t_bytes(type, text, strlen(text));
}

void t_drop(uint32_t type)
{
	attrs_remove(&template, type);
}

static void t_kind(uint32_t class, bool private)
{
	t_new();
	t_ulong(A(CLASS), class);
	t_bool(A(TOKEN), true);
	t_bool(A(PRIVATE), private);
}

void t_data(const char *label)
{
	t_kind(COFFER_CKO_DATA, false);
	t_text(A(LABEL), label);
	t_text(A(VALUE), "value");
}

void t_cert(void)
{
	t_kind(COFFER_CKO_CERTIFICATE, false);
	t_ulong(A(CERTIFICATE_TYPE), 0);
	t_text(A(SUBJECT), "subject");
	t_text(A(VALUE), "value");
}

void t_secret(uint32_t key_type, size_t len)
{
	uint8_t value[64];

	for (size_t i = 0; i < len; i++)
		value[i] = (uint8_t)(i + 1);
	t_kind(COFFER_CKO_SECRET_KEY, true);
	t_ulong(A(KEY_TYPE), key_type);
	t_bytes(A(VALUE), value, len);
}

static void t_pair(const struct attrs *from, bool private)
{
	t_new();
	assert_int_equal(attrs_copy(&template, from), 0);
	t_bool(A(TOKEN), true);
	t_bool(A(PRIVATE), private);
}

void t_rsa_public(void)
{
	t_pair(&rsa_public, false);
}

void t_rsa_private(void)
{
	t_pair(&rsa_private, true);
}

void t_ec_public(void)
{
	t_pair(&ec_public, false);
}

void t_ec_private(void)
{
	t_pair(&ec_private, true);
}

/* ---- Commands -------------------------------------------------------------------------- */

static void begin(uint32_t handle)
{
	wire_out_init(&out, request, sizeof(request));
	wire_put_u32(&out, session);
	wire_put_u32(&out, handle);
}

static void put_attrs(const struct attrs *set)
{
	wire_put_u32(&out, (uint32_t)attrs_size(set));
	attrs_write(set, &out);
}

static uint32_t send(uint16_t opcode)
{
	assert_true(wire_out_ok(&out));
	return ask(&bench, opcode, request, out.len);
}

static uint32_t send_new(uint16_t opcode, uint32_t *handle)
{
	uint32_t st = send(opcode);

	if (handle)
		*handle = st ? 0 : word(&bench, 0);
	return st;
}

uint32_t o_create(uint32_t *handle)
{
	begin(0);
	put_attrs(&template);
	return send_new(COFFER_CMD_OBJECT_CREATE, handle);
}

uint32_t o_copy(uint32_t from, uint32_t *handle)
{
	begin(from);
	put_attrs(&template);
	return send_new(COFFER_CMD_OBJECT_COPY, handle);
}

uint32_t o_set(uint32_t handle)
{
	begin(handle);
	put_attrs(&template);
	return send(COFFER_CMD_OBJECT_SET);
}

uint32_t o_destroy(uint32_t handle)
{
	begin(handle);
	return send(COFFER_CMD_OBJECT_DESTROY);
}

static void begin_mech(uint32_t handle, uint32_t mechanism, const void *params, size_t len)
{
	begin(handle);
	wire_put_u32(&out, mechanism);
	wire_put_blob(&out, params, len);
}

uint32_t o_generate(uint32_t mechanism, uint32_t *handle)
{
	begin_mech(0, mechanism, NULL, 0);
	put_attrs(&template);
	return send_new(COFFER_CMD_KEY_GENERATE, handle);
}

uint32_t o_pair(uint32_t mechanism, struct attrs *public, struct attrs *private,
		uint32_t *public_handle, uint32_t *private_handle)
{
	uint32_t st;

	begin_mech(0, mechanism, NULL, 0);
	put_attrs(public);
	put_attrs(private);
	st = send_new(COFFER_CMD_KEY_PAIR_GENERATE, public_handle);
	*private_handle = st ? 0 : word(&bench, 4);
	return st;
}

uint32_t o_get(uint32_t handle, uint32_t type, uint8_t *value, size_t room, uint32_t *len)
{
	uint32_t st;

	*len = COFFER_ATTR_UNAVAILABLE;
	begin(handle);
	wire_put_u32(&out, 1);
	wire_put_u32(&out, type);
	st = send(COFFER_CMD_OBJECT_GET);
	if (st)
		return st;
	assert_int_equal(word(&bench, 4), type);
	*len = word(&bench, 8);
	if (*len < COFFER_ATTR_SENSITIVE) {
		assert_true(*len <= room);
		assert_int_equal(bench.len, 12 + *len);
		memcpy(value, bench.reply + 12, *len);
	} else {
		assert_int_equal(bench.len, 12);
	}
	return st;
}

bool o_bool(uint32_t handle, uint32_t type)
{
	uint8_t v[8];
	uint32_t len;

	expect(o_get(handle, type, v, sizeof(v), &len), COFFER_ST_OK);
	assert_int_equal(len, 1);
	return v[0];
}

uint64_t o_ulong(uint32_t handle, uint32_t type)
{
	uint64_t v = 0;
	uint32_t len;

	expect(o_get(handle, type, (uint8_t *)&v, sizeof(v), &len), COFFER_ST_OK);
	assert_int_equal(len, 8);
	return v;
}

uint32_t o_find(uint32_t max, uint64_t *cursor, uint32_t *handles, uint32_t *count)
{
	uint32_t st;

	*count = 0;
	begin(max);
	wire_put_u64(&out, *cursor);
	put_attrs(&template);
	wire_put_u32(&out, 0);
	st = send(COFFER_CMD_OBJECT_FIND);
	if (st)
		return st;
	*cursor = dword(&bench, 0);
	*count = word(&bench, 8);
	for (uint32_t i = 0; i < *count; i++)
		handles[i] = word(&bench, 16 + 8 * i);
	return st;
}

uint32_t o_use(uint16_t opcode, uint32_t handle, uint32_t mechanism, const void *params,
	       size_t params_len, const void *data, size_t len, const void *sig, size_t sig_len)
{
	begin_mech(handle, mechanism, params, params_len);
	wire_put_blob(&out, data, len);
	if (opcode == COFFER_CMD_VERIFY)
		wire_put_blob(&out, sig, sig_len);
	return send(opcode);
}
