// SPDX-License-Identifier: BSD-3-Clause
/*
 * A key shows that it is the same by what it does: what has no chance in it is done on both sides
 * and compared; an ECDSA signature of the copy is verified by the source's public key.
 */
#include <string.h>

#include "key_check.h"
#include "names.h"
#include "template.h"

#define CHALLENGE 32

struct check {
	struct coffer_session *a, *b;
	uint32_t original, copy;
	uint8_t challenge[CHALLENGE];
	uint8_t first[1024], second[1024];
	size_t first_len, second_len;
};

static const uint32_t wanted[] = {
	COFFER_CKA_CLASS, COFFER_CKA_KEY_TYPE, COFFER_CKA_SIGN, COFFER_CKA_ENCRYPT, COFFER_CKA_ID,
	COFFER_CKA_EC_PARAMS, COFFER_CKA_LABEL,
};
#define N_WANTED (sizeof(wanted) / sizeof(wanted[0]))

static enum key_verdict compare(const struct check *c, coffer_rc rc)
{
	if (rc)
		return rc == ST(MECHANISM_INVALID) || rc == ST(KEY_FUNCTION_NOT_PERMITTED) ||
		       rc == ST(OPERATION_NOT_ALLOWED) ? KEY_UNCHECKED : KEY_WRONG;
	return c->first_len == c->second_len && c->first_len &&
	       !memcmp(c->first, c->second, c->first_len) ? KEY_GOOD : KEY_WRONG;
}

static enum key_verdict sign_both(struct check *c, uint32_t mechanism, coffer_rc *rc)
{
	*rc = coffer_sign(c->a, c->original, mechanism, NULL, 0, c->challenge, CHALLENGE, c->first,
			  &c->first_len);
	if (!*rc)
		*rc = coffer_sign(c->b, c->copy, mechanism, NULL, 0, c->challenge, CHALLENGE,
				  c->second, &c->second_len);
	return compare(c, *rc);
}

static enum key_verdict encrypt_both(struct check *c, coffer_rc *rc)
{
	*rc = coffer_encrypt(c->a, c->original, COFFER_CKM_AES_ECB, NULL, 0, c->challenge,
			     CHALLENGE, c->first, &c->first_len);
	if (!*rc)
		*rc = coffer_encrypt(c->b, c->copy, COFFER_CKM_AES_ECB, NULL, 0, c->challenge,
				     CHALLENGE, c->second, &c->second_len);
	return compare(c, *rc);
}

/* ---- ECDSA ------------------------------------------------------------------------- */

static void take(struct template *t, const struct coffer_object *key, uint32_t type)
{
	const struct coffer_attr *a = coffer_object_attr(key, type);

	if (names_has_value(a) && a->len)
		t->attrs[t->count++] = *a;
}

/* Public keys at the source that look like the other half: one that verifies is. */
static coffer_rc verify_at_source(struct check *c, const struct coffer_object *key,
				  uint32_t mechanism)
{
	struct coffer_objects found = { 0 };
	struct template t = { .count = 0 };
	coffer_rc rc, verdict = ST(OBJECT_HANDLE_INVALID);

	template_ulong(&t, COFFER_CKA_CLASS, COFFER_CKO_PUBLIC_KEY);
	template_ulong(&t, COFFER_CKA_KEY_TYPE, COFFER_CKK_EC);
	take(&t, key, COFFER_CKA_ID);
	take(&t, key, COFFER_CKA_LABEL);
	take(&t, key, COFFER_CKA_EC_PARAMS);
	rc = coffer_find(c->a, t.attrs, t.count, NULL, 0, &found);
	for (size_t i = 0; !rc && verdict && i < found.count; i++)
		verdict = coffer_verify(c->a, found.list[i].handle, mechanism, NULL, 0,
					c->challenge, CHALLENGE, c->second, c->second_len);
	coffer_objects_free(&found);
	return rc ? rc : verdict;
}

static enum key_verdict ecdsa(struct check *c, const struct coffer_object *key, coffer_rc *rc)
{
	const uint32_t mechanism = COFFER_CKM_ECDSA_SHA256;

	*rc = coffer_sign(c->b, c->copy, mechanism, NULL, 0, c->challenge, CHALLENGE, c->second,
			  &c->second_len);
	if (!*rc)
		*rc = verify_at_source(c, key, mechanism);
	if (!*rc)
		return KEY_GOOD;
	return *rc == ST(OBJECT_HANDLE_INVALID) || *rc == ST(MECHANISM_INVALID) ? KEY_UNCHECKED :
										 KEY_WRONG;
}

/* ---- By kind ----------------------------------------------------------------------- */

static enum key_verdict by_kind(struct check *c, const struct coffer_object *key, coffer_rc *rc)
{
	bool signs = coffer_attr_bool(coffer_object_attr(key, COFFER_CKA_SIGN), false);
	bool encrypts = coffer_attr_bool(coffer_object_attr(key, COFFER_CKA_ENCRYPT), false);

	switch (coffer_attr_ulong(coffer_object_attr(key, COFFER_CKA_KEY_TYPE), ~0ull)) {
	case COFFER_CKK_RSA:
		return signs ? sign_both(c, COFFER_CKM_SHA256_RSA_PKCS, rc) : KEY_UNCHECKED;
	case COFFER_CKK_EC:
		return signs ? ecdsa(c, key, rc) : KEY_UNCHECKED;
	case COFFER_CKK_EC_EDWARDS:
		return signs ? sign_both(c, COFFER_CKM_EDDSA, rc) : KEY_UNCHECKED;
	case COFFER_CKK_AES:
		if (encrypts)
			return encrypt_both(c, rc);
		return signs ? sign_both(c, COFFER_CKM_AES_CMAC, rc) : KEY_UNCHECKED;
	case COFFER_CKK_GENERIC_SECRET:
		return signs ? sign_both(c, COFFER_CKM_SHA256_HMAC, rc) : KEY_UNCHECKED;
	default:
		return KEY_UNCHECKED;
	}
}

enum key_verdict key_check(struct coffer_session *a, uint32_t original, struct coffer_session *b,
			   uint32_t copy, coffer_rc *rc)
{
	struct check c = { .a = a, .b = b, .original = original, .copy = copy,
			   .first_len = sizeof(c.first), .second_len = sizeof(c.second) };
	struct coffer_objects key = { 0 };
	enum key_verdict verdict = KEY_WRONG;

	*rc = coffer_random(a, c.challenge, CHALLENGE);
	if (!*rc)
		*rc = coffer_object_get(a, original, wanted, N_WANTED, &key);
	if (!*rc && key.count)
		verdict = by_kind(&c, &key.list[0], rc);
	coffer_objects_free(&key);
	return verdict;
}
