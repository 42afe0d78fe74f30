// SPDX-License-Identifier: BSD-3-Clause
/* Generation of key pairs and secrets into sets of attributes. See crypto.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "crypto_internal.h"

#define RSA_MIN_BITS	1024
#define RSA_MAX_BITS	4096
#define RSA_BITS_STEP	256
#define GENERIC_MAX	4096
#define DER_HEAD_MAX	3
#define PAIR_TEST	"pairwise-consistency"

struct part {
	uint32_t attribute;
	const char *param;
	bool public;
};

static const struct part rsa_parts[] = {
	{ COFFER_CKA_MODULUS, OSSL_PKEY_PARAM_RSA_N, true },
	{ COFFER_CKA_PUBLIC_EXPONENT, OSSL_PKEY_PARAM_RSA_E, true },
	{ COFFER_CKA_PRIVATE_EXPONENT, OSSL_PKEY_PARAM_RSA_D, false },
	{ COFFER_CKA_PRIME_1, OSSL_PKEY_PARAM_RSA_FACTOR1, false },
	{ COFFER_CKA_PRIME_2, OSSL_PKEY_PARAM_RSA_FACTOR2, false },
	{ COFFER_CKA_EXPONENT_1, OSSL_PKEY_PARAM_RSA_EXPONENT1, false },
	{ COFFER_CKA_EXPONENT_2, OSSL_PKEY_PARAM_RSA_EXPONENT2, false },
	{ COFFER_CKA_COEFFICIENT, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, false },
};

/* OpenSSL asks this again and again while it looks for primes; 0 ends the search. */
static int go_on(EVP_PKEY_CTX *ctx)
{
	const atomic_int *cancelled = EVP_PKEY_CTX_get_app_data(ctx);

	return !cancelled || !*cancelled;
}

static bool is_cancelled(const atomic_int *cancelled)
{
	return cancelled && *cancelled;
}

/* Copy one number of @pkey, as a big-endian integer of @len bytes (0 = as short as it is). */
static uint32_t put_number(EVP_PKEY *pkey, const char *param, uint32_t attribute, size_t len,
			   struct attrs *set)
{
	uint8_t bytes[RSA_MAX_BITS / 8];
	BIGNUM *bn = NULL;
	uint32_t st = COFFER_ST_DEVICE_ERROR;
	int n;

	if (EVP_PKEY_get_bn_param(pkey, param, &bn) == 1) {
		n = len ? (int)len : BN_num_bytes(bn);
		if (n <= (int)sizeof(bytes) && BN_bn2binpad(bn, bytes, n) == n)
			st = attrs_set(set, attribute, bytes, (size_t)n);
	}
	BN_clear_free(bn);
	crypto_wipe(bytes, sizeof(bytes));
	return st;
}

/* ---- RSA ------------------------------------------------------------------------------- */

static uint32_t rsa_exponent(const struct attrs *public_set, BIGNUM **e)
{
	const struct attr *a = attrs_get(public_set, COFFER_CKA_PUBLIC_EXPONENT);
	static const uint8_t f4[] = { 1, 0, 1 };

	*e = a ? BN_bin2bn(a->value, a->len > 64 ? 0 : (int)a->len, NULL) :
		 BN_bin2bn(f4, sizeof(f4), NULL);
	if (!*e)
		return COFFER_ST_DEVICE_MEMORY;
	if (!BN_is_odd(*e) || BN_is_one(*e) || BN_num_bits(*e) > 64)
		return COFFER_ST_ATTRIBUTE_VALUE_INVALID;
	return COFFER_ST_OK;
}

static uint32_t rsa_make(struct crypto *c, const struct attrs *public_set, EVP_PKEY **pkey,
			 const atomic_int *cancelled)
{
	uint64_t bits = attrs_ulong(public_set, COFFER_CKA_MODULUS_BITS, 0);
	EVP_PKEY_CTX *ctx = NULL;
	BIGNUM *e = NULL;
	uint32_t st;

	if (!bits)
		return COFFER_ST_TEMPLATE_INCOMPLETE;
	if (bits < RSA_MIN_BITS || bits > RSA_MAX_BITS || bits % RSA_BITS_STEP)
		return COFFER_ST_KEY_SIZE_RANGE;
	st = rsa_exponent(public_set, &e);
	if (st)
		goto out;
	st = COFFER_ST_DEVICE_ERROR;
	ctx = EVP_PKEY_CTX_new_from_name(c->lib, "RSA", NULL);
	if (!ctx || EVP_PKEY_keygen_init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int)bits) != 1 ||
	    EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, e) != 1)
		goto out;
	EVP_PKEY_CTX_set_app_data(ctx, (void *)cancelled);
	EVP_PKEY_CTX_set_cb(ctx, go_on);
	if (EVP_PKEY_generate(ctx, pkey) == 1)
		st = COFFER_ST_OK;
	else if (is_cancelled(cancelled))
		st = COFFER_ST_CANCEL;
out:
	EVP_PKEY_CTX_free(ctx);
	BN_free(e);
	return st;
}

static uint32_t rsa_put(EVP_PKEY *pkey, struct attrs *public_set, struct attrs *private_set)
{
	uint32_t st = COFFER_ST_OK;

	for (size_t i = 0; !st && i < sizeof(rsa_parts) / sizeof(rsa_parts[0]); i++) {
		const struct part *p = &rsa_parts[i];

		if (p->public)
			st = put_number(pkey, p->param, p->attribute, 0, public_set);
		if (!st)
			st = put_number(pkey, p->param, p->attribute, 0, private_set);
	}
	return st;
}

/* ---- Elliptic curves ------------------------------------------------------------------- */

static uint32_t put_point(const uint8_t *point, size_t len, struct attrs *public_set)
{
	uint8_t der[DER_HEAD_MAX + 133];
	size_t head = 0;

	if (len > sizeof(der) - DER_HEAD_MAX)
		return COFFER_ST_DEVICE_ERROR;
	der[head++] = 4;
	if (len >= 0x80)
		der[head++] = 0x81;
	der[head++] = (uint8_t)len;
	memcpy(der + head, point, len);
	return attrs_set(public_set, COFFER_CKA_EC_POINT, der, head + len);
}

static uint32_t params_of(struct attrs *public_set, struct attrs *private_set,
			  const struct attr **params)
{
	*params = attrs_get(public_set, COFFER_CKA_EC_PARAMS);
	if (!*params)
		return COFFER_ST_TEMPLATE_INCOMPLETE;
	return attrs_set(private_set, COFFER_CKA_EC_PARAMS, (*params)->value, (*params)->len);
}

static uint32_t ec_generate(struct crypto *c, struct attrs *public_set,
			    struct attrs *private_set)
{
	const struct ec_curve *curve;
	const struct attr *params;
	uint8_t point[133];
	EVP_PKEY *pkey;
	size_t len = 0;
	uint32_t st = params_of(public_set, private_set, &params);

	if (st)
		return st;
	curve = ec_curve_of_params(params);
	if (!curve)
		return COFFER_ST_ATTRIBUTE_VALUE_INVALID;
	pkey = EVP_PKEY_Q_keygen(c->lib, NULL, "EC", curve->group);
	st = COFFER_ST_DEVICE_ERROR;
	if (pkey && EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, point,
						    sizeof(point), &len) == 1 &&
	    len == 2 * curve->field + 1)
		st = put_point(point, len, public_set);
	if (!st)
		st = put_number(pkey, OSSL_PKEY_PARAM_PRIV_KEY, COFFER_CKA_VALUE, curve->field,
				private_set);
	EVP_PKEY_free(pkey);
	return st;
}

static uint32_t ed_generate(struct crypto *c, struct attrs *public_set,
			    struct attrs *private_set)
{
	const struct attr *params;
	uint8_t point[32], seed[32];
	size_t point_len = sizeof(point), seed_len = sizeof(seed);
	EVP_PKEY *pkey;
	uint32_t st = params_of(public_set, private_set, &params);

	if (st)
		return st;
	if (!edwards_params_ok(params))
		return COFFER_ST_ATTRIBUTE_VALUE_INVALID;
	pkey = EVP_PKEY_Q_keygen(c->lib, NULL, "ED25519");
	st = COFFER_ST_DEVICE_ERROR;
	if (pkey && EVP_PKEY_get_raw_public_key(pkey, point, &point_len) == 1 &&
	    EVP_PKEY_get_raw_private_key(pkey, seed, &seed_len) == 1)
		st = put_point(point, point_len, public_set);
	if (!st)
		st = attrs_set(private_set, COFFER_CKA_VALUE, seed, seed_len);
	crypto_wipe(seed, sizeof(seed));
	EVP_PKEY_free(pkey);
	return st;
}

/* ---- All ------------------------------------------------------------------------------- */

/*
 * What was written into the sets is what a later load reads: test exactly that. @broken: as if
 * the signature had not been this key's.
 */
static uint32_t pair_test(struct crypto *c, uint32_t mechanism, const struct attrs *public_set,
			  const struct attrs *private_set, bool broken)
{
	static const uint8_t message[32] = "pair-wise consistency of a key";
	struct bytes none = { NULL, 0 }, data = { message, sizeof(message) };
	struct crypto_key *public = NULL, *private = NULL;
	uint8_t sig[RSA_MAX_BITS / 8];
	size_t len = sizeof(sig);
	uint32_t verdict = COFFER_ST_OK;
	uint32_t st = crypto_key_load(c, private_set, &private);

	if (!st)
		st = crypto_key_load(c, public_set, &public);
	if (!st)
		st = crypto_sign(c, private, mechanism, none, data, sig, &len);
	if (!st) {
		sig[len - 1] ^= broken;
		verdict = crypto_verify(c, public, mechanism, none, data,
					(struct bytes){ sig, len });
	}
	crypto_key_put(public);
	crypto_key_put(private);
	crypto_wipe(sig, sizeof(sig));
	/* Without memory nothing was tested: that must not put the card out of service. */
	if (verdict == COFFER_ST_DEVICE_MEMORY)
		return verdict;
	if (verdict)
		return COFFER_ST_SELF_TEST_FAILED;
	return st ? COFFER_ST_DEVICE_ERROR : COFFER_ST_OK;
}

static uint32_t set_kind(struct attrs *set, uint32_t class, uint32_t key_type)
{
	uint32_t st = attrs_set_ulong(set, COFFER_CKA_CLASS, class);

	return st ? st : attrs_set_ulong(set, COFFER_CKA_KEY_TYPE, key_type);
}

static uint32_t generate_rsa(struct crypto *c, struct attrs *public_set,
			     struct attrs *private_set, const atomic_int *cancelled)
{
	EVP_PKEY *pkey = NULL;
	uint32_t st = rsa_make(c, public_set, &pkey, cancelled);

	if (!st)
		st = rsa_put(pkey, public_set, private_set);
	EVP_PKEY_free(pkey);
	return st;
}

/* CKA_CLASS and CKA_KEY_TYPE are set here too: the mechanism decides both. */
uint32_t crypto_generate_pair(struct crypto *c, uint32_t mechanism, struct attrs *public_set,
			      struct attrs *private_set, const atomic_int *cancelled)
{
	uint32_t key_type, tester, st;

	switch (mechanism) {
	/* OpenSSL draws and tests primes as FIPS 186-3 wants them, whoever asks. */
	case COFFER_CKM_RSA_PKCS_KEY_PAIR_GEN:
	case (uint32_t)COFFER_CKM_RSA_FIPS_186_3_PRIME_KEY_PAIR_GEN:
	case (uint32_t)COFFER_CKM_RSA_FIPS_186_3_AUX_PRIME_KEY_PAIR_GEN:
		key_type = COFFER_CKK_RSA;
		tester = COFFER_CKM_RSA_PKCS;
		st = generate_rsa(c, public_set, private_set, cancelled);
		break;
	case COFFER_CKM_EC_KEY_PAIR_GEN:
		key_type = COFFER_CKK_EC;
		tester = COFFER_CKM_ECDSA;
		st = ec_generate(c, public_set, private_set);
		break;
	case COFFER_CKM_EC_EDWARDS_KEY_PAIR_GEN:
		key_type = COFFER_CKK_EC_EDWARDS;
		tester = COFFER_CKM_EDDSA;
		st = ed_generate(c, public_set, private_set);
		break;
	default:
		return COFFER_ST_MECHANISM_INVALID;
	}
	if (!st)
		st = set_kind(public_set, COFFER_CKO_PUBLIC_KEY, key_type);
	if (!st)
		st = set_kind(private_set, COFFER_CKO_PRIVATE_KEY, key_type);
	if (!st && is_cancelled(cancelled))
		st = COFFER_ST_CANCEL;
	if (!st)
		st = pair_test(c, tester, public_set, private_set, crypto_hook(c, PAIR_TEST));
	if (st == (uint32_t)COFFER_ST_SELF_TEST_FAILED)
		crypto_conditional_failed(c, PAIR_TEST);
	ERR_clear_error();
	return st;
}

bool crypto_pair_self_test(struct crypto *c, bool broken)
{
	static const uint8_t p256[] = { 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7 };
	struct attrs public, private;
	uint32_t st;

	attrs_init(&public);
	attrs_init(&private);
	st = attrs_set(&public, COFFER_CKA_EC_PARAMS, p256, sizeof(p256));
	if (!st)
		st = ec_generate(c, &public, &private);
	if (!st)
		st = set_kind(&public, COFFER_CKO_PUBLIC_KEY, COFFER_CKK_EC);
	if (!st)
		st = set_kind(&private, COFFER_CKO_PRIVATE_KEY, COFFER_CKK_EC);
	if (!st)
		st = pair_test(c, COFFER_CKM_ECDSA, &public, &private, broken);
	attrs_free(&public);
	attrs_free(&private);
	return !st;
}

uint32_t crypto_generate_secret(struct crypto *c, uint32_t mechanism, struct attrs *set)
{
	uint64_t len = attrs_ulong(set, COFFER_CKA_VALUE_LEN, 0);
	uint32_t key_type = mechanism == COFFER_CKM_AES_KEY_GEN ? COFFER_CKK_AES :
								  COFFER_CKK_GENERIC_SECRET;
	uint8_t value[GENERIC_MAX];
	uint32_t st;

	if (mechanism != COFFER_CKM_AES_KEY_GEN &&
	    mechanism != COFFER_CKM_GENERIC_SECRET_KEY_GEN)
		return COFFER_ST_MECHANISM_INVALID;
	if (!attrs_get(set, COFFER_CKA_VALUE_LEN))
		return COFFER_ST_TEMPLATE_INCOMPLETE;
	if (!len || len > GENERIC_MAX ||
	    (key_type == COFFER_CKK_AES && len != 16 && len != 24 && len != 32))
		return COFFER_ST_KEY_SIZE_RANGE;
	st = crypto_random(c, value, (size_t)len);
	if (!st)
		st = attrs_set(set, COFFER_CKA_VALUE, value, (size_t)len);
	if (!st)
		st = set_kind(set, COFFER_CKO_SECRET_KEY, key_type);
	crypto_wipe(value, sizeof(value));
	return st;
}
