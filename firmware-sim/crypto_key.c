// SPDX-License-Identifier: BSD-3-Clause
/* From an object's attributes to a key that is ready for use. See crypto.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "crypto_internal.h"

#define EC_POINT_MAX	133		/* uncompressed, P-521 */
#define ED_LEN		32
#define ED_BITS		255		/* as CK_MECHANISM_INFO counts it */
#define GENERIC_MAX	4096		/* bytes of a generic secret */

static const struct ec_curve curves[] = {
	{ "P-256", 256, 32, 10, { 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7 } },
	{ "P-384", 384, 48, 7, { 6, 5, 0x2b, 0x81, 4, 0, 0x22 } },
	{ "P-521", 521, 66, 7, { 6, 5, 0x2b, 0x81, 4, 0, 0x23 } },
};

const struct ec_curve *ec_curve_of_params(const struct attr *params)
{
	for (size_t i = 0; params && i < sizeof(curves) / sizeof(curves[0]); i++)
		if (params->len == curves[i].oid_len &&
		    !memcmp(params->value, curves[i].oid, params->len))
			return &curves[i];
	return NULL;
}

/* OID 1.3.101.112, or the name that PKCS#11 3.0 uses. */
bool edwards_params_ok(const struct attr *params)
{
	static const uint8_t oid[] = { 6, 3, 0x2b, 0x65, 0x70 };
	static const uint8_t name[] = { 0x13, 12, 'e', 'd', 'w', 'a', 'r', 'd', 's',
					'2', '5', '5', '1', '9' };

	return params && ((params->len == sizeof(oid) &&
			   !memcmp(params->value, oid, sizeof(oid))) ||
			  (params->len == sizeof(name) &&
			   !memcmp(params->value, name, sizeof(name))));
}

struct bytes der_octets(struct bytes der)
{
	struct bytes none = { NULL, 0 };
	size_t head = 2, len;

	if (der.len < 2 || der.p[0] != 4)
		return none;
	len = der.p[1];
	if (len == 0x81 && der.len >= 3 && der.p[2] >= 0x80) {
		len = der.p[2];
		head = 3;
	}
	if (len != der.len - head)
		return none;
	return (struct bytes){ der.p + head, len };
}

static struct bytes value_of(const struct attrs *object, uint32_t type)
{
	const struct attr *a = attrs_get(object, type);

	return a ? (struct bytes){ a->value, a->len } : (struct bytes){ NULL, 0 };
}

/* ---- Elliptic curves ------------------------------------------------------------------- */

/* The public point of the private value @d; checks 0 < d < order on the way. */
static bool point_of_private(const struct ec_curve *curve, struct crypto *c, const BIGNUM *d,
			     uint8_t *point, size_t len)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name_ex(c->lib, NULL,
							EC_curve_nist2nid(curve->group));
	EC_POINT *p = group ? EC_POINT_new(group) : NULL;
	bool good = p && !BN_is_zero(d) && BN_cmp(d, EC_GROUP_get0_order(group)) < 0 &&
		    EC_POINT_mul(group, p, d, NULL, NULL, NULL) == 1 &&
		    EC_POINT_point2oct(group, p, POINT_CONVERSION_UNCOMPRESSED, point, len,
				       NULL) == len;

	EC_POINT_free(p);
	EC_GROUP_free(group);
	return good;
}

static EVP_PKEY *ec_build(struct crypto *c, const struct ec_curve *curve, struct bytes point,
			  const BIGNUM *d)
{
	uint8_t native[72];
	OSSL_PARAM params[4] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
						 (char *)curve->group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)point.p,
						  point.len),
		OSSL_PARAM_construct_end(),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY *pkey = NULL;

	if (!d)
		return crypto_pkey_new(c, "EC", EVP_PKEY_PUBLIC_KEY, params);
	if (BN_bn2nativepad(d, native, (int)curve->field) == (int)curve->field) {
		params[2] = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, native,
						    curve->field);
		pkey = crypto_pkey_new(c, "EC", EVP_PKEY_KEYPAIR, params);
	}
	crypto_wipe(native, sizeof(native));
	return pkey;
}

static uint32_t ec_load_private(struct crypto *c, const struct attrs *object,
				const struct ec_curve *curve, EVP_PKEY **pkey)
{
	struct bytes v = value_of(object, COFFER_CKA_VALUE);
	uint8_t point[EC_POINT_MAX];
	size_t len = 2 * curve->field + 1;
	BIGNUM *d;

	if (!v.p)
		return COFFER_ST_TEMPLATE_INCOMPLETE;
	if (!v.len || v.len > curve->field + 1)
		return COFFER_ST_ATTRIBUTE_VALUE_INVALID;
	d = BN_bin2bn(v.p, (int)v.len, NULL);
	if (d) {
		BN_set_flags(d, BN_FLG_CONSTTIME);
		if (point_of_private(curve, c, d, point, len))
			*pkey = ec_build(c, curve, (struct bytes){ point, len }, d);
	}
	BN_clear_free(d);
	return *pkey ? COFFER_ST_OK : COFFER_ST_ATTRIBUTE_VALUE_INVALID;
}

static uint32_t ec_load(struct crypto *c, const struct attrs *object, struct crypto_key *key)
{
	const struct attr *params = attrs_get(object, COFFER_CKA_EC_PARAMS);
	const struct ec_curve *curve = ec_curve_of_params(params);
	struct bytes point;

	if (!params)
		return COFFER_ST_TEMPLATE_INCOMPLETE;
	if (!curve)
		return COFFER_ST_ATTRIBUTE_VALUE_INVALID;
	key->bits = curve->bits;
	if (key->class == COFFER_CKO_PRIVATE_KEY)
		return ec_load_private(c, object, curve, &key->pkey);
	point = value_of(object, COFFER_CKA_EC_POINT);
	if (!point.p)
		return COFFER_ST_TEMPLATE_INCOMPLETE;
	point = der_octets(point);
	/* Uncompressed form only; loading it checks that it is on the curve. */
	if (point.len != 2 * curve->field + 1 || point.p[0] != POINT_CONVERSION_UNCOMPRESSED)
		return COFFER_ST_ATTRIBUTE_VALUE_INVALID;
	key->pkey = ec_build(c, curve, point, NULL);
	return key->pkey ? COFFER_ST_OK : COFFER_ST_ATTRIBUTE_VALUE_INVALID;
}

static uint32_t ed_load(struct crypto *c, const struct attrs *object, struct crypto_key *key)
{
	const struct attr *params = attrs_get(object, COFFER_CKA_EC_PARAMS);
	bool private = key->class == COFFER_CKO_PRIVATE_KEY;
	struct bytes v = value_of(object, private ? COFFER_CKA_VALUE : COFFER_CKA_EC_POINT);

	if (!params || !v.p)
		return COFFER_ST_TEMPLATE_INCOMPLETE;
	if (!private && v.len != ED_LEN)	/* PKCS#11 3.0 has it bare, others as DER */
		v = der_octets(v);
	if (!edwards_params_ok(params) || v.len != ED_LEN)
		return COFFER_ST_ATTRIBUTE_VALUE_INVALID;
	key->bits = ED_BITS;
	if (private)
		key->pkey = EVP_PKEY_new_raw_private_key_ex(c->lib, "ED25519", NULL, v.p, v.len);
	else
		key->pkey = EVP_PKEY_new_raw_public_key_ex(c->lib, "ED25519", NULL, v.p, v.len);
	return key->pkey ? COFFER_ST_OK : COFFER_ST_ATTRIBUTE_VALUE_INVALID;
}

/* ---- Secrets --------------------------------------------------------------------------- */

static uint32_t secret_load(const struct attrs *object, struct crypto_key *key)
{
	struct bytes v = value_of(object, COFFER_CKA_VALUE);

	if (!v.p)
		return COFFER_ST_TEMPLATE_INCOMPLETE;
	if (key->type == COFFER_CKK_AES && v.len != 16 && v.len != 24 && v.len != 32)
		return COFFER_ST_KEY_SIZE_RANGE;
	if (!v.len || v.len > GENERIC_MAX)
		return COFFER_ST_KEY_SIZE_RANGE;
	key->secret = malloc(v.len);
	if (!key->secret)
		return COFFER_ST_DEVICE_MEMORY;
	memcpy(key->secret, v.p, v.len);
	key->secret_len = v.len;
	key->bits = 8 * (unsigned int)v.len;
	return COFFER_ST_OK;
}

/* ---- All ------------------------------------------------------------------------------- */

static uint32_t load_by_type(struct crypto *c, const struct attrs *object,
			     struct crypto_key *key)
{
	bool secret = key->class == COFFER_CKO_SECRET_KEY;

	if (!secret && key->class != COFFER_CKO_PRIVATE_KEY &&
	    key->class != COFFER_CKO_PUBLIC_KEY)
		return COFFER_ST_KEY_TYPE_INCONSISTENT;
	switch (key->type) {
	case COFFER_CKK_RSA:
		return secret ? COFFER_ST_KEY_TYPE_INCONSISTENT : rsa_load(c, object, key);
	case COFFER_CKK_EC:
		return secret ? COFFER_ST_KEY_TYPE_INCONSISTENT : ec_load(c, object, key);
	case COFFER_CKK_EC_EDWARDS:
		return secret ? COFFER_ST_KEY_TYPE_INCONSISTENT : ed_load(c, object, key);
	case COFFER_CKK_AES:
	case COFFER_CKK_GENERIC_SECRET:
		return secret ? secret_load(object, key) : COFFER_ST_KEY_TYPE_INCONSISTENT;
	default:
		return COFFER_ST_KEY_TYPE_INCONSISTENT;
	}
}

uint32_t crypto_key_load(struct crypto *c, const struct attrs *object, struct crypto_key **key)
{
	struct crypto_key *k = calloc(1, sizeof(*k));
	uint32_t st;

	*key = NULL;
	if (!k)
		return COFFER_ST_DEVICE_MEMORY;
	atomic_init(&k->refs, 1);
	pthread_mutex_init(&k->lock, NULL);
	k->class = (uint32_t)attrs_ulong(object, COFFER_CKA_CLASS, COFFER_CKK_NONE);
	k->type = (uint32_t)attrs_ulong(object, COFFER_CKA_KEY_TYPE, COFFER_CKK_NONE);
	st = load_by_type(c, object, k);
	ERR_clear_error();
	if (st)
		crypto_key_put(k);
	else
		*key = k;
	return st;
}

struct crypto_key *crypto_key_get(struct crypto_key *key)
{
	/* The caller holds a reference already, so nothing has to be ordered. */
	atomic_fetch_add_explicit(&key->refs, 1, memory_order_relaxed);
	return key;
}

static void slot_free(struct key_slot *slot)
{
	if (!slot)
		return;
	EVP_PKEY_CTX_free(slot->pkey);
	EVP_MAC_CTX_free(slot->mac);
	free(slot);
}

void crypto_key_put(struct crypto_key *key)
{
	/* Uses by other threads happen before their put, and that before the free. */
	if (!key || atomic_fetch_sub_explicit(&key->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < KEY_SLOTS; i++)
		slot_free(atomic_load_explicit(&key->slots[i], memory_order_relaxed));
	EVP_PKEY_free(key->pkey);
	crypto_wipe(key->secret, key->secret_len);
	free(key->secret);
	pthread_mutex_destroy(&key->lock);
	free(key);
}

unsigned int crypto_key_bits(const struct crypto_key *key)
{
	return key->bits;
}

uint32_t crypto_public_info(struct crypto *c, const struct attrs *object, uint8_t **der,
			    size_t *len)
{
	struct crypto_key *key;
	uint8_t *out;
	int n = -1;
	uint32_t st = crypto_key_load(c, object, &key);

	*der = NULL;
	*len = 0;
	if (st)
		return st;
	st = COFFER_ST_KEY_TYPE_INCONSISTENT;
	if (key->pkey)
		n = i2d_PUBKEY(key->pkey, NULL);
	out = n > 0 ? malloc((size_t)n) : NULL;
	if (out) {
		*der = out;
		*len = (size_t)i2d_PUBKEY(key->pkey, &out);
		st = COFFER_ST_OK;
	} else if (n > 0) {
		st = COFFER_ST_DEVICE_MEMORY;
	}
	crypto_key_put(key);
	ERR_clear_error();
	return st;
}

/* ---- Ready operations ------------------------------------------------------------------ */

static bool slot_fits(const struct key_slot *slot, const struct key_use *use)
{
	return slot->op == use->op && slot->mechanism == use->mechanism &&
	       slot->params_len == use->params.len &&
	       (!use->params.len || !memcmp(slot->params, use->params.p, use->params.len));
}

static struct key_slot *slot_find(const struct key_use *use)
{
	for (size_t i = 0; i < KEY_SLOTS; i++) {
		/* Pairs with the release in slot_keep: what is seen is complete. */
		struct key_slot *slot = atomic_load_explicit(&use->key->slots[i],
							     memory_order_acquire);

		if (!slot)
			return NULL;
		if (slot_fits(slot, use))
			return slot;
	}
	return NULL;
}

/* Give @slot to the key; false when the caller has to free it. Two threads may race: one wins. */
static bool slot_keep(const struct key_use *use, struct key_slot *slot)
{
	bool kept = false;

	pthread_mutex_lock(&use->key->lock);
	for (size_t i = 0; i < KEY_SLOTS; i++) {
		struct key_slot *there = atomic_load_explicit(&use->key->slots[i],
							      memory_order_relaxed);

		if (there && slot_fits(there, use))
			break;
		if (!there) {
			atomic_store_explicit(&use->key->slots[i], slot, memory_order_release);
			kept = true;
			break;
		}
	}
	pthread_mutex_unlock(&use->key->lock);
	return kept;
}

static uint32_t slot_make(const struct key_use *use, slot_make_fn *make, struct key_slot **slot)
{
	struct key_slot *s;
	uint32_t st;

	*slot = NULL;
	if (use->params.len > SLOT_PARAMS)
		return COFFER_ST_MECHANISM_PARAM_INVALID;
	s = calloc(1, sizeof(*s));
	if (!s)
		return COFFER_ST_DEVICE_MEMORY;
	s->op = use->op;
	s->mechanism = use->mechanism;
	s->params_len = use->params.len;
	if (use->params.len)
		memcpy(s->params, use->params.p, use->params.len);
	st = make(use->c, use->key, s);
	if (st) {
		slot_free(s);
		return st;
	}
	*slot = s;
	return COFFER_ST_OK;
}

/* The slot to copy from; *mine when the caller has to free it after that. */
static uint32_t slot_get(const struct key_use *use, slot_make_fn *make, struct key_slot **slot,
			 bool *mine)
{
	uint32_t st;

	*mine = false;
	*slot = slot_find(use);
	if (*slot)
		return COFFER_ST_OK;
	st = slot_make(use, make, slot);
	if (!st)
		*mine = !slot_keep(use, *slot);
	return st;
}

uint32_t key_pkey_ctx(const struct key_use *use, slot_make_fn *make, EVP_PKEY_CTX **ctx)
{
	struct key_slot *slot;
	bool mine;
	uint32_t st = slot_get(use, make, &slot, &mine);

	*ctx = NULL;
	if (st)
		return st;
	*ctx = EVP_PKEY_CTX_dup(slot->pkey);
	if (mine)
		slot_free(slot);
	return *ctx ? COFFER_ST_OK : COFFER_ST_DEVICE_MEMORY;
}

uint32_t key_mac_ctx(const struct key_use *use, slot_make_fn *make, EVP_MAC_CTX **ctx)
{
	struct key_slot *slot;
	bool mine;
	uint32_t st = slot_get(use, make, &slot, &mine);

	*ctx = NULL;
	if (st)
		return st;
	*ctx = EVP_MAC_CTX_dup(slot->mac);
	if (mine)
		slot_free(slot);
	return *ctx ? COFFER_ST_OK : COFFER_ST_DEVICE_MEMORY;
}
