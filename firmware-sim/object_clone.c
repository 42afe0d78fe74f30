// SPDX-License-Identifier: BSD-3-Clause
/* Objects that leave for another card, and objects that arrive from one. */
#include <stdlib.h>
#include <string.h>

#include "clone.h"
#include "object_internal.h"
#include "policy.h"

#define FLAT_VERSION	1
#define FLAT_HEAD	8		/* version, level */

static uint32_t may_clone(const struct cmd *c, uint32_t class)
{
	if (class == COFFER_CKO_PRIVATE_KEY)
		return policy_forbids(c->part, POLICY_ACT_CLONE_PRIVATE);
	if (class == COFFER_CKO_SECRET_KEY)
		return policy_forbids(c->part, POLICY_ACT_CLONE_SECRET);
	return policy_forbids(c->part, POLICY_ACT_CLONE_ANY);
}

/* CU may move what it may see of public objects; private ones need CO or LCO. */
static uint32_t may_move(const struct cmd *c, const struct attrs *attrs)
{
	bool private = attrs_bool(attrs, COFFER_CKA_PRIVATE, true);

	if (c->role == COFFER_ROLE_CO || c->role == COFFER_ROLE_LCO)
		return COFFER_ST_OK;
	return c->role == COFFER_ROLE_CU && !private ? (uint32_t)COFFER_ST_OK :
						       (uint32_t)COFFER_ST_USER_NOT_AUTHORIZED;
}

uint32_t object_may_leave(struct cmd *c, const struct object *o)
{
	uint32_t class = attrs_class(&o->attrs);
	uint32_t st = may_move(c, &o->attrs);

	if (st)
		return st;
	if (class > COFFER_CKO_SECRET_KEY)
		return COFFER_ST_OBJECT_TYPE_INVALID;
	/* A session object has no place to be kept on the other side. */
	if (!attrs_bool(&o->attrs, COFFER_CKA_TOKEN, false))
		return COFFER_ST_OBJECT_TYPE_INVALID;
	return may_clone(c, class);
}

uint32_t object_flatten(struct cmd *c, const struct object *o, uint8_t **flat, size_t *len)
{
	size_t size = FLAT_HEAD + attrs_size(&o->attrs);
	struct wire_out out;

	(void)c;
	*len = 0;
	*flat = malloc(size);
	if (!*flat)
		return COFFER_ST_DEVICE_MEMORY;
	wire_out_init(&out, *flat, size);
	wire_put_u32(&out, FLAT_VERSION);
	wire_put_u32(&out, o->level);
	attrs_write(&o->attrs, &out);
	*len = out.len;
	return COFFER_ST_OK;
}

/* An encoding that we would not have written ourselves is not one of ours: DATA_INVALID. */
static uint32_t check_canonical(const struct object *o, struct bytes encoded)
{
	struct wire_out out;
	uint8_t *again;
	bool same;

	if (attrs_size(&o->attrs) != encoded.len)
		return COFFER_ST_DATA_INVALID;
	again = malloc(encoded.len + 1);
	if (!again)
		return COFFER_ST_DEVICE_MEMORY;
	wire_out_init(&out, again, encoded.len);
	attrs_write(&o->attrs, &out);
	same = crypto_equal(again, encoded.p, encoded.len);
	crypto_wipe(again, encoded.len);
	free(again);
	return same ? COFFER_ST_OK : COFFER_ST_DATA_INVALID;
}

static uint32_t unflatten(struct cmd *c, struct bytes flat, struct object *o)
{
	struct bytes encoded;
	struct wire_in in;
	uint32_t version, st;

	memset(o, 0, sizeof(*o));
	wire_in_init(&in, flat.p, flat.len);
	version = wire_u32(&in);
	o->level = wire_u32(&in);
	encoded = wire_bytes(&in, in.left);
	if (in.bad || version != FLAT_VERSION || encoded.len > OBJECT_SIZE_MAX)
		return COFFER_ST_DATA_LEN_RANGE;
	if (clone_level_fits(o->level, partition_level(c->part), partition_kind(c->part)))
		return COFFER_ST_CLONE_DIRECTION;
	st = attrs_parse(&o->attrs, encoded);
	if (st)
		return st == COFFER_ST_DEVICE_MEMORY ? st : (uint32_t)COFFER_ST_DATA_INVALID;
	return check_canonical(o, encoded);
}

/* What the source's card made must still fit: identity, level, fingerprint. */
static uint32_t check_card_made(const struct attrs *sent, const struct attrs *made)
{
	const uint32_t types[] = { COFFER_CKA_OUID, COFFER_CKA_UNIQUE_ID,
				   COFFER_CKA_SECURITY_LEVEL, COFFER_CKA_FINGERPRINT };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		const struct attr *a = attrs_get(sent, types[i]);
		const struct attr *b = attrs_get(made, types[i]);

		if (!a || !b || a->len != b->len || memcmp(a->value, b->value, a->len))
			return COFFER_ST_DATA_INVALID;
	}
	return COFFER_ST_OK;
}

/* Recomputed before the rules tighten anything. */
static uint32_t check_genuine(struct cmd *c, const struct object *o)
{
	struct object again = { .level = o->level };
	const struct attr *ouid = attrs_get(&o->attrs, COFFER_CKA_OUID);
	uint32_t st;

	if (!ouid || ouid->len != COFFER_OUID_LEN)
		return COFFER_ST_DATA_INVALID;
	st = attrs_copy(&again.attrs, &o->attrs);
	if (!st)
		st = object_finish(c, &again);
	if (!st)
		st = check_card_made(&o->attrs, &again.attrs);
	object_free(&again);
	return st;
}

/*
 * FIPS mode of firmware 7 has no RSA keys but those of FIPS 186-3 (behaviour.md section 9): one
 * that an older card made in the old way stays where it is. Of an imported key nobody knows.
 */
static uint32_t check_made(const struct cmd *c, const struct attrs *attrs)
{
	if (!(card_profile(c->card)->features & PROFILE_RSA_186_3) || !partition_fips(c->part) ||
	    !class_is_key(attrs_class(attrs)) || attrs_key_type(attrs) != COFFER_CKK_RSA)
		return COFFER_ST_OK;
	return attrs_ulong(attrs, COFFER_CKA_KEY_GEN_MECHANISM, UNAVAILABLE) ==
	       COFFER_CKM_RSA_PKCS_KEY_PAIR_GEN ? COFFER_ST_MECHANISM_INVALID : COFFER_ST_OK;
}

uint32_t object_arrive(struct cmd *c, struct bytes flat, struct object_row *row)
{
	struct object o;
	uint32_t st = unflatten(c, flat, &o);

	memset(row, 0, sizeof(*row));
	if (!st && attrs_class(&o.attrs) > COFFER_CKO_SECRET_KEY)
		st = COFFER_ST_OBJECT_TYPE_INVALID;
	if (!st)
		st = may_move(c, &o.attrs);
	if (!st)
		st = may_clone(c, attrs_class(&o.attrs));
	/* What this role could not create it cannot bring either; policy 28. */
	if (!st)
		st = check_write(c, &o.attrs);
	if (!st)
		st = check_genuine(c, &o);
	if (!st)
		st = check_made(c, &o.attrs);
	if (!st) {
		st = rules_arrive(c, &o.attrs);
		if (st == COFFER_ST_KEY_TYPE_INCONSISTENT)
			st = COFFER_ST_OBJECT_TYPE_INVALID;
	}
	if (!st)
		st = object_seal(c, &o, row);
	object_free(&o);
	return st;
}
