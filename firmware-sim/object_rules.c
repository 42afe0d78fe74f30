// SPDX-License-Identifier: BSD-3-Clause
/*
 * Which attribute an object may have, who may say it, and when: PKCS#11 3.0 section 4 as one
 * table, with these decisions of ours where the standard leaves room:
 *  - Keys with a secret are private objects, sensitive and not extractable unless the template
 *    says otherwise (private is not negotiable).
 *  - A template that names no usage gets those that the key type is for; one that names any
 *    gets only what it names.
 *  - Usages of private and secret keys can be switched off later, never on: a key that was
 *    WRAP once must not become DECRYPT (quality.md A2.1), by set or by copy.
 *  - A key whose value could be read (not sensitive, extractable) is one that could be wrapped,
 *    so it needs the same policy; a FIPS partition has none.
 *  - CKA_TRUSTED cannot be set here at all: no command of an SO reaches objects.
 */
#include <string.h>

#include "object_internal.h"
#include "policy.h"

/* Classes */
#define C_DATA	0x01
#define C_CERT	0x02
#define C_PUB	0x04
#define C_PRIV	0x08
#define C_SEC	0x10
#define C_OWN	(C_PRIV | C_SEC)
#define C_KEY	(C_PUB | C_OWN)
#define C_ALL	(C_DATA | C_CERT | C_KEY)
/* Key types; data and certificates count as K_ANY */
#define K_RSA	0x01
#define K_EC	0x02
#define K_SYM	0x04
#define K_ANY	0x07
/* When a template may name it */
#define CREATE	0x0001
#define NEED	0x0002		/* ... and has to */
#define GEN	0x0004
#define GENNEED	0x0008
#define SET	0x0010
#define COPY	0x0020
#define ANY	(CREATE | GEN | SET | COPY)
/* One way */
#define ON	0x0040		/* true stays true */
#define OFF	0x0080		/* false stays false */
/* What it is when nobody names it */
#define TRUE	0x0100
#define FALSE	0x0200
#define EMPTY	0x0400
/* Made by the card, always there */
#define CARD	0x0800

struct rule {
	uint32_t type;
	uint8_t classes;
	uint8_t keys;
	uint16_t flags;
};

#define CKA(name)	(uint32_t)COFFER_CKA_##name

static const struct rule rules[] = {
	{ CKA(CLASS), C_ALL, K_ANY, CREATE | NEED | GEN },
	{ CKA(TOKEN), C_ALL, K_ANY, CREATE | GEN | COPY | FALSE },
	{ CKA(PRIVATE), C_DATA | C_CERT | C_PUB, K_ANY, CREATE | GEN | COPY | ON | FALSE },
	{ CKA(PRIVATE), C_OWN, K_ANY, CREATE | GEN | COPY | ON | TRUE },
	{ CKA(LABEL), C_ALL, K_ANY, ANY | EMPTY },
	{ CKA(UNIQUE_ID), C_ALL, K_ANY, CARD },
	{ CKA(APPLICATION), C_DATA, K_ANY, CREATE | SET | COPY | EMPTY },
	{ CKA(OBJECT_ID), C_DATA, K_ANY, CREATE | SET | COPY | EMPTY },
	{ CKA(VALUE), C_DATA, K_ANY, CREATE | SET | COPY | EMPTY },
	{ CKA(VALUE), C_CERT, K_ANY, CREATE | NEED },
	{ CKA(VALUE), C_PRIV, K_EC, CREATE | NEED },
	{ CKA(VALUE), C_SEC, K_SYM, CREATE | NEED },
	{ CKA(CERTIFICATE_TYPE), C_CERT, K_ANY, CREATE | NEED },
	{ CKA(CERTIFICATE_CATEGORY), C_CERT, K_ANY, CREATE },
	{ CKA(ISSUER), C_CERT, K_ANY, CREATE | SET | COPY | EMPTY },
	{ CKA(SERIAL_NUMBER), C_CERT, K_ANY, CREATE | SET | COPY | EMPTY },
	{ CKA(TRUSTED), C_CERT | C_PUB | C_SEC, K_ANY, ANY | FALSE },
	{ CKA(SUBJECT), C_CERT, K_ANY, CREATE | NEED },
	{ CKA(SUBJECT), C_PUB | C_PRIV, K_ANY, ANY | EMPTY },
	{ CKA(KEY_TYPE), C_KEY, K_ANY, CREATE | NEED | GEN },
	{ CKA(ID), C_CERT | C_KEY, K_ANY, ANY | EMPTY },
	{ CKA(START_DATE), C_CERT | C_KEY, K_ANY, ANY | EMPTY },
	{ CKA(END_DATE), C_CERT | C_KEY, K_ANY, ANY | EMPTY },
	{ CKA(SENSITIVE), C_OWN, K_ANY, ANY | ON | TRUE },
	{ CKA(EXTRACTABLE), C_OWN, K_ANY, ANY | OFF | FALSE },
	{ CKA(ENCRYPT), C_PUB, K_ANY, ANY | FALSE },
	{ CKA(ENCRYPT), C_SEC, K_ANY, ANY | OFF | FALSE },
	{ CKA(DECRYPT), C_OWN, K_ANY, ANY | OFF | FALSE },
	{ CKA(WRAP), C_PUB, K_ANY, ANY | FALSE },
	{ CKA(WRAP), C_SEC, K_ANY, ANY | OFF | FALSE },
	{ CKA(UNWRAP), C_OWN, K_ANY, ANY | OFF | FALSE },
	{ CKA(SIGN), C_OWN, K_ANY, ANY | OFF | FALSE },
	{ CKA(SIGN_RECOVER), C_PRIV, K_ANY, ANY | OFF | FALSE },
	{ CKA(VERIFY), C_PUB, K_ANY, ANY | FALSE },
	{ CKA(VERIFY), C_SEC, K_ANY, ANY | OFF | FALSE },
	{ CKA(VERIFY_RECOVER), C_PUB, K_ANY, ANY | FALSE },
	{ CKA(DERIVE), C_PUB, K_ANY, ANY | FALSE },
	{ CKA(DERIVE), C_OWN, K_ANY, ANY | OFF | FALSE },
	{ CKA(MODULUS), C_PUB | C_PRIV, K_RSA, CREATE | NEED },
	{ CKA(MODULUS_BITS), C_PUB, K_RSA, GEN | GENNEED | CARD },
	{ CKA(PUBLIC_EXPONENT), C_PUB, K_RSA, CREATE | NEED | GEN },
	{ CKA(PUBLIC_EXPONENT), C_PRIV, K_RSA, CREATE | NEED },
	{ CKA(PRIVATE_EXPONENT), C_PRIV, K_RSA, CREATE | NEED },
	{ CKA(PRIME_1), C_PRIV, K_RSA, CREATE },
	{ CKA(PRIME_2), C_PRIV, K_RSA, CREATE },
	{ CKA(EXPONENT_1), C_PRIV, K_RSA, CREATE },
	{ CKA(EXPONENT_2), C_PRIV, K_RSA, CREATE },
	{ CKA(COEFFICIENT), C_PRIV, K_RSA, CREATE },
	{ CKA(EC_PARAMS), C_PUB, K_EC, CREATE | NEED | GEN | GENNEED },
	{ CKA(EC_PARAMS), C_PRIV, K_EC, CREATE | NEED },
	{ CKA(EC_POINT), C_PUB, K_EC, CREATE | NEED },
	{ CKA(VALUE_LEN), C_SEC, K_SYM, GEN | GENNEED | CARD },
	{ CKA(LOCAL), C_KEY, K_ANY, CARD },
	{ CKA(KEY_GEN_MECHANISM), C_KEY, K_ANY, CARD },
	{ CKA(ALWAYS_SENSITIVE), C_OWN, K_ANY, CARD },
	{ CKA(NEVER_EXTRACTABLE), C_OWN, K_ANY, CARD },
	{ CKA(MODIFIABLE), C_ALL, K_ANY, ANY | OFF | TRUE },
	{ CKA(COPYABLE), C_ALL, K_ANY, ANY | OFF | TRUE },
	{ CKA(DESTROYABLE), C_ALL, K_ANY, ANY | OFF | TRUE },
	{ CKA(ALWAYS_AUTHENTICATE), C_PRIV, K_ANY, CREATE | GEN | FALSE },
	{ CKA(WRAP_WITH_TRUSTED), C_OWN, K_ANY, ANY | ON | FALSE },
	{ CKA(ALLOWED_MECHANISMS), C_KEY, K_ANY, CREATE | GEN },
	{ CKA(OUID), C_ALL, K_ANY, CARD },
	{ CKA(FINGERPRINT), C_ALL, K_ANY, CARD },
	{ CKA(SECURITY_LEVEL), C_ALL, K_ANY, CARD },
};

#define RULES	(sizeof(rules) / sizeof(rules[0]))

static const uint32_t usages[] = {
	CKA(ENCRYPT), CKA(DECRYPT), CKA(WRAP), CKA(UNWRAP), CKA(SIGN), CKA(SIGN_RECOVER),
	CKA(VERIFY), CKA(VERIFY_RECOVER), CKA(DERIVE),
};

/* ---- The table ------------------------------------------------------------------------- */

static uint8_t class_bit(uint32_t class)
{
	return class <= COFFER_CKO_SECRET_KEY ? (uint8_t)(1u << class) : 0;
}

static uint8_t key_bit(uint32_t class, uint32_t key_type)
{
	if (!class_is_key(class))
		return K_ANY;
	switch (key_type) {
	case COFFER_CKK_RSA:
		return K_RSA;
	case COFFER_CKK_EC:
	case COFFER_CKK_EC_EDWARDS:
		return K_EC;
	case COFFER_CKK_AES:
	case COFFER_CKK_GENERIC_SECRET:
		return K_SYM;
	default:
		return 0;
	}
}

static bool rule_fits(const struct rule *r, const struct attrs *object)
{
	uint32_t class = attrs_class(object);

	return (r->classes & class_bit(class)) &&
	       (r->keys & key_bit(class, attrs_key_type(object)));
}

static const struct rule *rule_of(uint32_t type, const struct attrs *object)
{
	for (size_t i = 0; i < RULES; i++)
		if (rules[i].type == type && rule_fits(&rules[i], object))
			return &rules[i];
	return NULL;
}

/* The class is known, and the key type goes with it. */
static uint32_t check_kind(const struct attrs *object)
{
	uint32_t class = attrs_class(object), type = attrs_key_type(object);
	uint8_t bit = key_bit(class, type);

	if (!class_bit(class))
		return COFFER_ST_ATTRIBUTE_VALUE_INVALID;
	if (!class_is_key(class))
		return COFFER_ST_OK;
	if (type == COFFER_CKK_NONE)
		return COFFER_ST_TEMPLATE_INCOMPLETE;
	if (!bit)
		return COFFER_ST_ATTRIBUTE_VALUE_INVALID;
	if ((bit == K_SYM) != (class == COFFER_CKO_SECRET_KEY))
		return COFFER_ST_TEMPLATE_INCONSISTENT;
	return COFFER_ST_OK;
}

/* ---- Templates ------------------------------------------------------------------------- */

static uint32_t take(const struct attr *a, const struct rule *r, unsigned int when,
		     struct attrs *object)
{
	if (!r)
		return COFFER_ST_ATTRIBUTE_TYPE_INVALID;
	if (!(r->flags & when))
		return COFFER_ST_ATTRIBUTE_READ_ONLY;
	if (a->type == CKA(TRUSTED) && a->value[0])
		return COFFER_ST_ATTRIBUTE_READ_ONLY;
	return attrs_set(object, a->type, a->value, a->len);
}

static uint32_t take_all(const struct attrs *template, unsigned int when, struct attrs *object)
{
	uint32_t st = COFFER_ST_OK;

	for (size_t i = 0; !st && i < template->count; i++) {
		const struct attr *a = &template->list[i];

		if (a->type != CKA(CLASS) && a->type != CKA(KEY_TYPE))
			st = take(a, rule_of(a->type, object), when, object);
	}
	return st;
}

static uint32_t need_all(unsigned int flags, const struct attrs *object)
{
	for (size_t i = 0; i < RULES; i++)
		if ((rules[i].flags & flags) && rule_fits(&rules[i], object) &&
		    !attrs_get(object, rules[i].type))
			return COFFER_ST_TEMPLATE_INCOMPLETE;
	return COFFER_ST_OK;
}

/* What the key type is for; RSA encrypts too unless keys have to keep to one purpose. */
static uint32_t default_usages(const struct cmd *c, struct attrs *object)
{
	uint32_t type = attrs_key_type(object);
	bool crypts = type == COFFER_CKK_AES ||
		      (type == COFFER_CKK_RSA &&
		       !policy_forbids(c->part, POLICY_ACT_MANY_PURPOSES));
	bool signs = type != COFFER_CKK_AES;
	const uint32_t on[] = { signs ? CKA(SIGN) : 0, signs ? CKA(VERIFY) : 0,
				crypts ? CKA(ENCRYPT) : 0, crypts ? CKA(DECRYPT) : 0 };
	uint32_t st = COFFER_ST_OK;

	for (size_t i = 0; i < sizeof(usages) / sizeof(usages[0]); i++)
		if (attrs_get(object, usages[i]))
			return COFFER_ST_OK;
	for (size_t i = 0; !st && i < sizeof(on) / sizeof(on[0]); i++)
		if (on[i] && rule_of(on[i], object))
			st = attrs_set_bool(object, on[i], true);
	return st;
}

static uint32_t default_all(const struct cmd *c, struct attrs *object)
{
	uint32_t st = COFFER_ST_OK;

	if (class_is_key(attrs_class(object)))
		st = default_usages(c, object);
	for (size_t i = 0; !st && i < RULES; i++) {
		const struct rule *r = &rules[i];

		if (!rule_fits(r, object) || attrs_get(object, r->type))
			continue;
		if (r->flags & EMPTY)
			st = attrs_set(object, r->type, NULL, 0);
		else if (r->flags & (TRUE | FALSE))
			st = attrs_set_bool(object, r->type, r->flags & TRUE);
	}
	return st;
}

/* LOCAL, KEY_GEN_MECHANISM and the two memories of a key. */
static uint32_t origin(struct attrs *object, bool local, uint64_t mechanism)
{
	uint32_t class = attrs_class(object);
	bool sensitive = attrs_bool(object, CKA(SENSITIVE), false);
	bool extractable = attrs_bool(object, CKA(EXTRACTABLE), true);
	uint32_t st;

	if (!class_is_key(class))
		return COFFER_ST_OK;
	st = attrs_set_bool(object, CKA(LOCAL), local);
	if (!st)
		st = attrs_set_ulong(object, CKA(KEY_GEN_MECHANISM), mechanism);
	if (st || class == COFFER_CKO_PUBLIC_KEY)
		return st;
	st = attrs_set_bool(object, CKA(ALWAYS_SENSITIVE), local && sensitive);
	return st ? st : attrs_set_bool(object, CKA(NEVER_EXTRACTABLE), local && !extractable);
}

static uint32_t check_whole(struct cmd *c, const struct attrs *object)
{
	uint32_t st = check_values(object);

	if (!st)
		st = check_usage(c, object);
	return st ? st : check_key(c, object);
}

/* A new key, or a copy. */
static uint32_t check_new(const struct cmd *c, const struct attrs *object)
{
	return check_readable(c, object) ? check_new_key(c, object) :
					   (uint32_t)COFFER_ST_TEMPLATE_INCONSISTENT;
}

/* Numbers that follow from the key: MODULUS_BITS of a public RSA key, VALUE_LEN of a secret. */
static uint32_t derived_sizes(struct attrs *object)
{
	const struct attr *value = attrs_get(object, CKA(VALUE));
	const struct attr *n = attrs_get(object, CKA(MODULUS));
	uint32_t class = attrs_class(object);
	uint64_t bits;
	uint32_t at = 0;

	if (class == COFFER_CKO_SECRET_KEY && value)
		return attrs_set_ulong(object, CKA(VALUE_LEN), value->len);
	if (class != COFFER_CKO_PUBLIC_KEY || !n)
		return COFFER_ST_OK;
	while (at < n->len && !n->value[at])
		at++;
	bits = 8 * (uint64_t)(n->len - at);
	for (uint8_t top = at < n->len ? n->value[at] : 0x80; !(top & 0x80); top <<= 1)
		bits--;
	return attrs_set_ulong(object, CKA(MODULUS_BITS), bits);
}

/* ---- Create ---------------------------------------------------------------------------- */

static uint32_t copy_kind(const struct attrs *template, struct attrs *object)
{
	const struct attr *class = attrs_get(template, CKA(CLASS));
	const struct attr *type = attrs_get(template, CKA(KEY_TYPE));
	uint32_t st;

	if (!class)
		return COFFER_ST_TEMPLATE_INCOMPLETE;
	st = attrs_set(object, CKA(CLASS), class->value, class->len);
	if (st || !type)
		return st;
	if (!class_is_key(attrs_class(template)))
		return COFFER_ST_ATTRIBUTE_TYPE_INVALID;
	return attrs_set(object, CKA(KEY_TYPE), type->value, type->len);
}

uint32_t rules_create(struct cmd *c, const struct attrs *template, struct attrs *object)
{
	uint32_t st = copy_kind(template, object);

	if (!st)
		st = check_kind(object);
	if (!st)
		st = check_dates_given(c, template);
	if (!st)
		st = take_all(template, CREATE, object);
	if (!st)
		st = need_all(NEED, object);
	if (!st)
		st = default_all(c, object);
	if (!st)
		st = origin(object, false, UNAVAILABLE);
	if (!st)
		st = derived_sizes(object);
	if (!st)
		st = check_new(c, object);
	return st ? st : check_whole(c, object);
}

/* ---- Generate -------------------------------------------------------------------------- */

uint32_t rules_generate(struct cmd *c, const struct attrs *template, uint32_t class,
			uint32_t key_type, struct attrs *object)
{
	uint32_t st;

	if (attrs_ulong(template, CKA(CLASS), class) != class ||
	    attrs_ulong(template, CKA(KEY_TYPE), key_type) != key_type)
		return COFFER_ST_TEMPLATE_INCONSISTENT;
	st = attrs_set_ulong(object, CKA(CLASS), class);
	if (!st)
		st = attrs_set_ulong(object, CKA(KEY_TYPE), key_type);
	if (!st)
		st = check_dates_given(c, template);
	if (!st)
		st = take_all(template, GEN, object);
	return st ? st : need_all(GENNEED, object);
}

uint32_t rules_generated(struct cmd *c, uint32_t mechanism, struct attrs *object)
{
	uint32_t st = default_all(c, object);

	if (!st)
		st = origin(object, true, mechanism);
	if (!st)
		st = check_new(c, object);
	return st ? st : check_whole(c, object);
}

/* ---- Set and copy ---------------------------------------------------------------------- */

/* A one-way attribute does not go back. */
static uint32_t change_one(const struct attr *a, unsigned int when, struct attrs *object)
{
	const struct rule *r = rule_of(a->type, object);
	bool now;

	if (r && (r->flags & when) && (r->flags & (ON | OFF)) && a->len == 1) {
		now = attrs_bool(object, a->type, r->flags & ON);
		if (((r->flags & ON) && now && !a->value[0]) ||
		    ((r->flags & OFF) && !now && a->value[0]))
			return COFFER_ST_ATTRIBUTE_READ_ONLY;
	}
	return take(a, r, when, object);
}

static uint32_t change_all(const struct attrs *template, unsigned int when,
			   struct attrs *object)
{
	uint32_t st = COFFER_ST_OK;

	for (size_t i = 0; !st && i < template->count; i++)
		st = change_one(&template->list[i], when, object);
	return st;
}

/* Policy 11 off: of a key only its names and dates may change. */
static bool names_only(const struct attrs *template)
{
	for (size_t i = 0; i < template->count; i++)
		if (attr_kind(template->list[i].type) != ATTR_BYTES)
			return false;
	return true;
}

uint32_t rules_set(struct cmd *c, const struct attrs *template, struct attrs *object)
{
	uint32_t st;

	if (!attrs_bool(object, CKA(MODIFIABLE), false))
		return COFFER_ST_OBJECT_READ_ONLY;
	st = class_is_key(attrs_class(object)) && !names_only(template) ?
	     policy_forbids(c->part, POLICY_ACT_CHANGE_KEY) : (uint32_t)COFFER_ST_OK;
	if (!st)
		st = check_dates_given(c, template);
	if (!st)
		st = change_all(template, SET, object);
	if (!st)
		st = check_values(object);
	return st ? st : check_usage(c, object);
}

uint32_t rules_copy(struct cmd *c, const struct attrs *template, struct attrs *object)
{
	uint32_t st;

	if (!attrs_bool(object, CKA(COPYABLE), false))
		return COFFER_ST_OBJECT_READ_ONLY;
	attrs_remove(object, CKA(OUID));
	attrs_remove(object, CKA(UNIQUE_ID));
	attrs_remove(object, CKA(FINGERPRINT));
	st = check_dates_given(c, template);
	if (!st)
		st = change_all(template, COPY, object);
	if (!st)
		st = check_new(c, object);
	if (!st)
		st = check_values(object);
	return st ? st : check_usage(c, object);
}

/* ---- Arrive ---------------------------------------------------------------------------- */

static uint32_t known_all(const struct attrs *object)
{
	for (size_t i = 0; i < object->count; i++)
		if (!rule_of(object->list[i].type, object))
			return COFFER_ST_ATTRIBUTE_TYPE_INVALID;
	return COFFER_ST_OK;
}

/*
 * Nothing is filled in here: an absent attribute would get a value that its source never had.
 * TRUSTED was the word of another card's SO, so it does not travel. A key that may not be read
 * here becomes sensitive.
 */
uint32_t rules_arrive(struct cmd *c, struct attrs *object)
{
	uint32_t st = check_kind(object);

	if (!st)
		st = known_all(object);
	if (!st)
		st = need_all(NEED | TRUE | FALSE | EMPTY | CARD, object);
	if (st)
		return st;
	if (!attrs_bool(object, CKA(TOKEN), false))
		return COFFER_ST_TEMPLATE_INCONSISTENT;
	if ((attrs_bool(object, CKA(ALWAYS_SENSITIVE), false) &&
	     !attrs_bool(object, CKA(SENSITIVE), false)) ||
	    (attrs_bool(object, CKA(NEVER_EXTRACTABLE), false) &&
	     attrs_bool(object, CKA(EXTRACTABLE), true)))
		return COFFER_ST_TEMPLATE_INCONSISTENT;
	if (attrs_bool(object, CKA(TRUSTED), false))
		st = attrs_set_bool(object, CKA(TRUSTED), false);
	if (!st && !check_readable(c, object))
		st = attrs_set_bool(object, CKA(SENSITIVE), true);
	if (!st)
		st = check_new_key(c, object);
	return st ? st : check_whole(c, object);
}
