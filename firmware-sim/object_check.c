// SPDX-License-Identifier: BSD-3-Clause
/* What binds an object as a whole: values, usages, key sizes, and who may change it. */
#include <string.h>

#include "object_internal.h"
#include "policy.h"

#define DATE_LEN	8

uint32_t attrs_class(const struct attrs *set)
{
	uint64_t v = attrs_ulong(set, COFFER_CKA_CLASS, COFFER_CKK_NONE);

	return v < COFFER_CKK_NONE ? (uint32_t)v : COFFER_CKK_NONE;
}

uint32_t attrs_key_type(const struct attrs *set)
{
	uint64_t v = attrs_ulong(set, COFFER_CKA_KEY_TYPE, COFFER_CKK_NONE);

	/* A number that we cannot hold is not "none", it is wrong. */
	return v <= COFFER_CKK_NONE ? (uint32_t)v : COFFER_CKK_NONE - 1;
}

bool class_is_key(uint32_t class)
{
	return class >= COFFER_CKO_PUBLIC_KEY && class <= COFFER_CKO_SECRET_KEY;
}

static bool on(const struct attrs *object, uint32_t type)
{
	return attrs_bool(object, type, false);
}

/* ---- Usages ---------------------------------------------------------------------------- */

static unsigned int purposes(const struct attrs *object)
{
	bool crypts = on(object, COFFER_CKA_ENCRYPT) || on(object, COFFER_CKA_DECRYPT);
	bool signs = on(object, COFFER_CKA_SIGN) || on(object, COFFER_CKA_SIGN_RECOVER) ||
		     on(object, COFFER_CKA_VERIFY) || on(object, COFFER_CKA_VERIFY_RECOVER);
	bool wraps = on(object, COFFER_CKA_WRAP) || on(object, COFFER_CKA_UNWRAP);

	return crypts + signs + wraps + on(object, COFFER_CKA_DERIVE);
}

/*
 * WRAP with DECRYPT, and UNWRAP with ENCRYPT, on one secret key hand out other keys in the clear
 * (quality.md A2.1): refused whatever policy 10 says. Policy 10 off allows one purpose per key.
 */
uint32_t check_usage(const struct cmd *c, const struct attrs *object)
{
	uint32_t class = attrs_class(object);

	if (!class_is_key(class))
		return COFFER_ST_OK;
	if (class == COFFER_CKO_SECRET_KEY &&
	    ((on(object, COFFER_CKA_WRAP) && on(object, COFFER_CKA_DECRYPT)) ||
	     (on(object, COFFER_CKA_UNWRAP) && on(object, COFFER_CKA_ENCRYPT))))
		return COFFER_ST_TEMPLATE_INCONSISTENT;
	return purposes(object) > 1 ? policy_forbids(c->part, POLICY_ACT_MANY_PURPOSES) :
				      (uint32_t)COFFER_ST_OK;
}

bool check_readable(const struct cmd *c, const struct attrs *object)
{
	uint32_t class = attrs_class(object);
	bool private = class == COFFER_CKO_PRIVATE_KEY;

	if (!private && class != COFFER_CKO_SECRET_KEY)
		return true;
	if (attrs_bool(object, COFFER_CKA_SENSITIVE, true) ||
	    !attrs_bool(object, COFFER_CKA_EXTRACTABLE, false))
		return true;
	return !policy_forbids(c->part, private ? POLICY_ACT_READ_PRIVATE :
						  POLICY_ACT_READ_SECRET);
}

uint32_t check_new_key(const struct cmd *c, const struct attrs *object)
{
	uint32_t class = attrs_class(object);

	if (class != COFFER_CKO_PRIVATE_KEY && class != COFFER_CKO_SECRET_KEY)
		return COFFER_ST_OK;
	return policy_forbids(c->part, POLICY_ACT_NEW_KEY);
}

/* ---- Values ---------------------------------------------------------------------------- */

/* Empty, or YYYYMMDD. */
static bool date_ok(const struct attr *a)
{
	if (!a || !a->len)
		return true;
	if (a->len != DATE_LEN)
		return false;
	for (uint32_t i = 0; i < a->len; i++)
		if (a->value[i] < '0' || a->value[i] > '9')
			return false;
	return true;
}

uint32_t attrs_date(const struct attrs *set, uint32_t type)
{
	const struct attr *a = attrs_get(set, type);
	uint32_t n = 0;

	if (!a || a->len != DATE_LEN)
		return 0;
	for (uint32_t i = 0; i < a->len; i++)
		n = 10 * n + (uint32_t)(a->value[i] - '0');
	return n;
}

uint32_t check_dates_given(const struct cmd *c, const struct attrs *template)
{
	const struct attr *from = attrs_get(template, COFFER_CKA_START_DATE);
	const struct attr *to = attrs_get(template, COFFER_CKA_END_DATE);

	/* Empty is what they are anyway. */
	return (from && from->len) || (to && to->len) ?
	       policy_forbids(c->part, POLICY_ACT_DATE_KEY) : (uint32_t)COFFER_ST_OK;
}

/* A list of 8-byte numbers; an empty one would say neither "all" nor "none". */
static bool mechanisms_ok(const struct attr *a)
{
	return !a || (a->len && a->len % 8 == 0 && a->len / 8 <= MECHANISMS_MAX);
}

static uint32_t check_data(const struct attrs *object)
{
	if (attrs_class(object) == COFFER_CKO_CERTIFICATE &&
	    attrs_ulong(object, COFFER_CKA_CERTIFICATE_TYPE, 0) != 0)
		return COFFER_ST_ATTRIBUTE_VALUE_INVALID;	/* only X.509 */
	return COFFER_ST_OK;
}

uint32_t check_values(const struct attrs *object)
{
	uint32_t class = attrs_class(object);
	bool own = class == COFFER_CKO_PRIVATE_KEY || class == COFFER_CKO_SECRET_KEY;

	if (attrs_size(object) > OBJECT_SIZE_MAX)
		return COFFER_ST_ATTRIBUTE_VALUE_INVALID;
	if (!date_ok(attrs_get(object, COFFER_CKA_START_DATE)) ||
	    !date_ok(attrs_get(object, COFFER_CKA_END_DATE)) ||
	    !mechanisms_ok(attrs_get(object, COFFER_CKA_ALLOWED_MECHANISMS)))
		return COFFER_ST_ATTRIBUTE_VALUE_INVALID;
	/* A secret that everybody sees is none; a login for each use does not exist here. */
	if (own && !on(object, COFFER_CKA_PRIVATE))
		return COFFER_ST_TEMPLATE_INCONSISTENT;
	if (on(object, COFFER_CKA_ALWAYS_AUTHENTICATE))
		return COFFER_ST_TEMPLATE_INCONSISTENT;
	return check_data(object);
}

uint32_t check_key(struct cmd *c, const struct attrs *object)
{
	uint32_t type = attrs_key_type(object), mechanism = mechanism_of_key(type), st;
	struct crypto_key *key;

	if (!class_is_key(attrs_class(object)))
		return COFFER_ST_OK;
	if (!profile_mechanism(card_profile(c->card), mechanism))
		return COFFER_ST_KEY_TYPE_INCONSISTENT;
	st = crypto_key_load(c->crypto, object, &key);
	if (st)
		return st;
	st = mechanism_size(c, mechanism, type, crypto_key_bits(key));
	crypto_key_put(key);
	return st;
}

/* ---- Roles ----------------------------------------------------------------------------- */

bool role_sees_private(const struct cmd *c)
{
	return c->role == COFFER_ROLE_CO || c->role == COFFER_ROLE_LCO ||
	       c->role == COFFER_ROLE_CU;
}

/*
 * CO and LCO: everything. CU: public session objects, and public data and certificates of the
 * token. Nobody logged in: public session objects without a secret.
 */
uint32_t check_write(const struct cmd *c, const struct attrs *object)
{
	bool token = on(object, COFFER_CKA_TOKEN), private = on(object, COFFER_CKA_PRIVATE);
	bool key = class_is_key(attrs_class(object));
	uint32_t st = key ? policy_forbids(c->part, POLICY_ACT_MANAGE_KEY) :
			    (uint32_t)COFFER_ST_OK;

	if (token && !c->session_rw)
		return COFFER_ST_SESSION_READ_ONLY;
	if (st)
		return st;
	switch (c->role) {
	case COFFER_ROLE_CO:
	case COFFER_ROLE_LCO:
		return COFFER_ST_OK;
	case COFFER_ROLE_CU:
		return private || (token && key) ? (uint32_t)COFFER_ST_USER_NOT_AUTHORIZED :
						   (uint32_t)COFFER_ST_OK;
	default:
		return private || token ? COFFER_ST_USER_NOT_LOGGED_IN : COFFER_ST_OK;
	}
}

void object_free(struct object *o)
{
	attrs_free(&o->attrs);
	o->handle = 0;
	o->level = 0;
}
