// SPDX-License-Identifier: BSD-3-Clause
/* Generation of secret keys and key pairs. */
#include "object_internal.h"

#define ID_LEN	20		/* bytes of a made-up CKA_ID */

enum { PUBLIC, PRIVATE };

static bool is_186_3(uint32_t mechanism)
{
	return mechanism == (uint32_t)COFFER_CKM_RSA_FIPS_186_3_PRIME_KEY_PAIR_GEN ||
	       mechanism == (uint32_t)COFFER_CKM_RSA_FIPS_186_3_AUX_PRIME_KEY_PAIR_GEN;
}

static uint32_t key_type_of(uint32_t mechanism)
{
	static const uint32_t types[] = { COFFER_CKK_RSA, COFFER_CKK_EC, COFFER_CKK_EC_EDWARDS,
					  COFFER_CKK_AES, COFFER_CKK_GENERIC_SECRET };
	uint32_t m;

	if (is_186_3(mechanism))
		return COFFER_CKK_RSA;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (mechanism_of_type(types[i], &m) && m == mechanism)
			return types[i];
	return COFFER_CKK_NONE;
}

/* Handle 0, a mechanism for this command, and no parameter. */
static uint32_t parse_mechanism(struct cmd *c, uint32_t operation, uint32_t *mechanism)
{
	uint32_t handle = wire_u32(&c->in);
	struct bytes params;

	*mechanism = wire_u32(&c->in);
	params = wire_blob(&c->in, COFFER_CMD_MAX_PAYLOAD);
	if (c->in.bad || handle)
		return COFFER_ST_ARGUMENTS_BAD;
	if (key_type_of(*mechanism) == COFFER_CKK_NONE)
		return COFFER_ST_MECHANISM_INVALID;
	if (params.len)
		return COFFER_ST_MECHANISM_PARAM_INVALID;
	return mechanism_check(c, *mechanism, operation);
}

/* Sizes are refused before minutes are spent on them. */
static uint32_t check_size(const struct cmd *c, uint32_t mechanism, const struct attrs *set)
{
	uint64_t bits = attrs_ulong(set, COFFER_CKA_MODULUS_BITS, 0);
	uint64_t len = attrs_ulong(set, COFFER_CKA_VALUE_LEN, 0);

	if (bits > UINT16_MAX || len > UINT16_MAX)
		return COFFER_ST_KEY_SIZE_RANGE;
	if (len)
		bits = 8 * len;
	return bits ? mechanism_size(c, mechanism, key_type_of(mechanism), (unsigned int)bits) :
		      COFFER_ST_OK;
}

/* FIPS 186-4 B.3.1: public exponents of approved keys are above 2^16. */
static uint32_t check_exponent(const struct cmd *c, uint32_t mechanism, const struct attrs *set)
{
	const struct attr *e = attrs_get(set, COFFER_CKA_PUBLIC_EXPONENT);
	uint64_t v = 0;

	if (!e || !(is_186_3(mechanism) || partition_fips(c->part)))
		return COFFER_ST_OK;
	for (uint32_t i = 0; i < e->len && i < sizeof(v); i++)
		v = v << 8 | e->value[i];
	return v > UINT16_MAX ? COFFER_ST_OK : COFFER_ST_ATTRIBUTE_VALUE_INVALID;
}

static uint32_t prepare(struct cmd *c, uint32_t mechanism, uint32_t class, struct bytes template,
			struct object *o)
{
	struct attrs given;
	uint32_t st = attrs_parse(&given, template);

	o->level = partition_level(c->part);
	if (!st)
		st = rules_generate(c, &given, class, key_type_of(mechanism), &o->attrs);
	if (!st)
		st = check_write(c, &o->attrs);
	if (!st)
		st = check_size(c, mechanism, &o->attrs);
	if (!st)
		st = check_exponent(c, mechanism, &o->attrs);
	attrs_free(&given);
	return st;
}

uint32_t handle_KEY_GENERATE(struct cmd *c)
{
	struct object o = { 0 };
	struct bytes template;
	uint32_t mechanism;
	uint32_t st = parse_mechanism(c, MECH_GENERATE, &mechanism);

	template = wire_blob(&c->in, COFFER_CMD_MAX_PAYLOAD);
	if (!wire_in_done(&c->in))
		return COFFER_ST_ARGUMENTS_BAD;
	if (!st)
		st = prepare(c, mechanism, COFFER_CKO_SECRET_KEY, template, &o);
	if (!st)
		st = crypto_generate_secret(c->crypto, mechanism, &o.attrs);
	if (!st)
		st = rules_generated(c, mechanism, &o.attrs);
	if (!st)
		st = objects_place(c, &o, 1);
	object_free(&o);
	return st;
}

/* ---- Pairs ----------------------------------------------------------------------------- */

/* SHA-256 of the public value, so that both halves and a later certificate agree on it. */
static uint32_t make_id(struct cmd *c, const struct attrs *public, uint8_t id[CRYPTO_HASH_MAX])
{
	const struct attr *value = attrs_get(public, COFFER_CKA_MODULUS);

	if (!value)
		value = attrs_get(public, COFFER_CKA_EC_POINT);
	if (!value)
		return COFFER_ST_DEVICE_ERROR;
	return crypto_digest(c->crypto, CRYPTO_SHA256, (struct bytes){ value->value, value->len },
			     id);
}

/* One half's CKA_ID is the other's too; without any, one is made. */
static uint32_t share_id(struct cmd *c, struct object pair[2])
{
	const struct attr *id = attrs_get(&pair[PUBLIC].attrs, COFFER_CKA_ID);
	const struct attr *other = attrs_get(&pair[PRIVATE].attrs, COFFER_CKA_ID);
	uint8_t made[CRYPTO_HASH_MAX];
	uint32_t st;

	if (id && other)
		return COFFER_ST_OK;
	if (id)
		return attrs_set(&pair[PRIVATE].attrs, COFFER_CKA_ID, id->value, id->len);
	if (other)
		return attrs_set(&pair[PUBLIC].attrs, COFFER_CKA_ID, other->value, other->len);
	st = make_id(c, &pair[PUBLIC].attrs, made);
	for (int i = PUBLIC; !st && i <= PRIVATE; i++)
		st = attrs_set(&pair[i].attrs, COFFER_CKA_ID, made, ID_LEN);
	return st;
}

static uint32_t generate(struct cmd *c, uint32_t mechanism, struct object pair[2])
{
	uint32_t st = crypto_generate_pair(c->crypto, mechanism, &pair[PUBLIC].attrs,
					   &pair[PRIVATE].attrs, c->cancelled);

	if (!st)
		st = share_id(c, pair);
	for (int i = PUBLIC; !st && i <= PRIVATE; i++)
		st = rules_generated(c, mechanism, &pair[i].attrs);
	return st ? st : objects_place(c, pair, 2);
}

uint32_t handle_KEY_PAIR_GENERATE(struct cmd *c)
{
	struct object pair[2] = { 0 };
	struct bytes public, private;
	uint32_t mechanism;
	uint32_t st = parse_mechanism(c, MECH_PAIR, &mechanism);

	public = wire_blob(&c->in, COFFER_CMD_MAX_PAYLOAD);
	private = wire_blob(&c->in, COFFER_CMD_MAX_PAYLOAD);
	if (!wire_in_done(&c->in))
		return COFFER_ST_ARGUMENTS_BAD;
	if (!st)
		st = prepare(c, mechanism, COFFER_CKO_PUBLIC_KEY, public, &pair[PUBLIC]);
	if (!st)
		st = prepare(c, mechanism, COFFER_CKO_PRIVATE_KEY, private, &pair[PRIVATE]);
	if (!st)
		st = generate(c, mechanism, pair);
	object_free(&pair[PUBLIC]);
	object_free(&pair[PRIVATE]);
	return st;
}
