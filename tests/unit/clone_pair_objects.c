// SPDX-License-Identifier: BSD-3-Clause
/* Objects on the cards of the cloning tests. */
#include "clone_pair.h"

static void set_common(struct attrs *a, uint64_t class, const char *label, bool is_private)
{
	attrs_init(a);
	attrs_set_ulong(a, COFFER_CKA_CLASS, class);
	attrs_set_bool(a, COFFER_CKA_TOKEN, true);
	attrs_set_bool(a, COFFER_CKA_PRIVATE, is_private);
	attrs_set(a, COFFER_CKA_LABEL, label, strlen(label));
}

static void put_attrs(struct call *c, struct attrs *a)
{
	size_t at = wire_reserve_u32(&c->req);
	size_t from = c->req.len;

	attrs_write(a, &c->req);
	wire_fill_u32(&c->req, at, (uint32_t)(c->req.len - from));
	attrs_free(a);
}

static uint32_t create(struct test_card *card, struct attrs *a)
{
	struct call *c = call_new();
	uint32_t handle;

	call_begin(c, card->session);
	wire_put_u32(&c->req, 0);
	put_attrs(c, a);
	assert_u32(call_run(card, c, COFFER_CMD_OBJECT_CREATE), COFFER_ST_OK);
	handle = wire_u32(&c->rep);
	free(c);
	return handle;
}

uint32_t tc_make_value(struct test_card *card, const char *label, bool is_private,
			   const void *value, size_t len)
{
	struct attrs a;

	set_common(&a, COFFER_CKO_DATA, label, is_private);
	attrs_set(&a, COFFER_CKA_VALUE, value, len);
	return create(card, &a);
}

uint32_t tc_make_secret(struct test_card *card, const char *label, const void *value,
			    size_t len)
{
	struct attrs a;

	set_common(&a, COFFER_CKO_SECRET_KEY, label, true);
	attrs_set_ulong(&a, COFFER_CKA_KEY_TYPE, COFFER_CKK_GENERIC_SECRET);
	attrs_set(&a, COFFER_CKA_VALUE, value, len);
	attrs_set_bool(&a, COFFER_CKA_SIGN, true);
	return create(card, &a);
}

uint32_t tc_make_cert(struct test_card *card, const char *label)
{
	struct attrs a;

	set_common(&a, COFFER_CKO_CERTIFICATE, label, false);
	attrs_set_ulong(&a, COFFER_CKA_CERTIFICATE_TYPE, 0);
	attrs_set(&a, COFFER_CKA_SUBJECT, "\x30\x00", 2);
	attrs_set(&a, COFFER_CKA_VALUE, "\x30\x03\x02\x01\x05", 5);
	return create(card, &a);
}

uint32_t tc_make_aes(struct test_card *card, const char *label)
{
	struct call *c = call_new();
	struct attrs a;
	uint32_t handle;

	set_common(&a, COFFER_CKO_SECRET_KEY, label, true);
	attrs_set_ulong(&a, COFFER_CKA_VALUE_LEN, 32);
	attrs_set_bool(&a, COFFER_CKA_ENCRYPT, true);
	attrs_set_bool(&a, COFFER_CKA_DECRYPT, true);
	call_begin(c, card->session);
	wire_put_u32(&c->req, 0);
	wire_put_u32(&c->req, COFFER_CKM_AES_KEY_GEN);
	wire_put_blob(&c->req, NULL, 0);
	put_attrs(c, &a);
	assert_u32(call_run(card, c, COFFER_CMD_KEY_GENERATE), COFFER_ST_OK);
	handle = wire_u32(&c->rep);
	free(c);
	return handle;
}

static void set_kind(struct attrs *pub, uint32_t mechanism, uint32_t bits)
{
	static const uint8_t p256[] = "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
	static const uint8_t ed25519[] = "\x06\x03\x2b\x65\x70";

	if (mechanism == COFFER_CKM_RSA_PKCS_KEY_PAIR_GEN) {
		attrs_set_ulong(pub, COFFER_CKA_MODULUS_BITS, bits);
		attrs_set(pub, COFFER_CKA_PUBLIC_EXPONENT, "\x01\x00\x01", 3);
	} else if (mechanism == COFFER_CKM_EC_KEY_PAIR_GEN) {
		attrs_set(pub, COFFER_CKA_EC_PARAMS, p256, sizeof(p256) - 1);
	} else {
		attrs_set(pub, COFFER_CKA_EC_PARAMS, ed25519, sizeof(ed25519) - 1);
	}
}

static void make_pair(struct test_card *card, uint32_t mechanism, uint32_t bits,
		      const char *label, uint32_t *public_key, uint32_t *private_key)
{
	struct call *c = call_new();
	struct attrs pub, priv;

	set_common(&pub, COFFER_CKO_PUBLIC_KEY, label, false);
	set_kind(&pub, mechanism, bits);
	attrs_set_bool(&pub, COFFER_CKA_VERIFY, true);
	set_common(&priv, COFFER_CKO_PRIVATE_KEY, label, true);
	attrs_set_bool(&priv, COFFER_CKA_SIGN, true);
	call_begin(c, card->session);
	wire_put_u32(&c->req, 0);
	wire_put_u32(&c->req, mechanism);
	wire_put_blob(&c->req, NULL, 0);
	put_attrs(c, &pub);
	put_attrs(c, &priv);
	assert_u32(call_run(card, c, COFFER_CMD_KEY_PAIR_GENERATE), COFFER_ST_OK);
	*public_key = wire_u32(&c->rep);
	*private_key = wire_u32(&c->rep);
	free(c);
}

void tc_make_pair(struct test_card *card, uint32_t mechanism, const char *label,
		  uint32_t *public_key, uint32_t *private_key)
{
	make_pair(card, mechanism, 2048, label, public_key, private_key);
}

void tc_make_rsa(struct test_card *card, uint32_t bits, const char *label,
		 uint32_t *public_key, uint32_t *private_key)
{
	make_pair(card, COFFER_CKM_RSA_PKCS_KEY_PAIR_GEN, bits, label, public_key, private_key);
}

/* Every attribute that an object may have; what it lacks or hides is left out. */
static const uint32_t all_types[] = {
#define COFFER_X(name, type, kind) type,
	COFFER_ATTRIBUTES(COFFER_X)
#undef COFFER_X
};

void tc_read(struct test_card *card, uint32_t handle, struct attrs *set)
{
	struct call *c = call_new();
	uint32_t n = sizeof(all_types) / sizeof(all_types[0]);
	struct bytes list;
	struct wire_in in;

	attrs_init(set);
	call_begin(c, card->session);
	wire_put_u32(&c->req, handle);
	wire_put_u32(&c->req, n);
	for (uint32_t i = 0; i < n; i++)
		wire_put_u32(&c->req, all_types[i]);
	assert_u32(call_run(card, c, COFFER_CMD_OBJECT_GET), COFFER_ST_OK);
	list = wire_blob(&c->rep, COFFER_CMD_MAX_PAYLOAD);
	wire_in_init(&in, list.p, list.len);
	while (in.left && !in.bad) {
		uint32_t type = wire_u32(&in);
		uint32_t len = wire_u32(&in);
		struct bytes value;

		if (len == COFFER_ATTR_UNAVAILABLE || len == COFFER_ATTR_SENSITIVE)
			continue;
		value = wire_bytes(&in, len);
		attrs_set(set, type, value.p, value.len);
	}
	assert_false(in.bad);
	free(c);
}

uint32_t tc_list(struct test_card *card, uint32_t *handles, uint32_t max)
{
	struct call *c = call_new();
	uint64_t cursor = 0;
	uint32_t total = 0;

	do {
		uint32_t count;

		call_begin(c, card->session);
		wire_put_u32(&c->req, 4096);
		wire_put_u64(&c->req, cursor);
		wire_put_blob(&c->req, NULL, 0);
		wire_put_u32(&c->req, 0);
		assert_u32(call_run(card, c, COFFER_CMD_OBJECT_FIND), COFFER_ST_OK);
		cursor = wire_u64(&c->rep);
		count = wire_u32(&c->rep);
		wire_u32(&c->rep);
		for (uint32_t i = 0; i < count; i++) {
			uint32_t handle = wire_u32(&c->rep);

			wire_blob(&c->rep, COFFER_CMD_MAX_PAYLOAD);
			if (total < max)
				handles[total] = handle;
			total++;
		}
	} while (cursor);
	free(c);
	return total;
}

uint32_t tc_count(struct test_card *card)
{
	return tc_list(card, NULL, 0);
}
