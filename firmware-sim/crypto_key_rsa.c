// SPDX-License-Identifier: BSD-3-Clause
/* RSA keys from attributes: every part that is given must fit the others. */
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>

#include "crypto_internal.h"

#define RSA_MIN_BITS	1024
#define RSA_MAX_BITS	4096
#define EXPONENT_MAX	64		/* bits: OpenSSL takes no more with long moduli */

enum rsa_part { N, E, D, P, Q, DP, DQ, QINV, PARTS };

struct rsa_parts {
	BIGNUM *bn[PARTS];
	BN_CTX *ctx;
};

static const struct {
	uint32_t attribute;
	const char *param;
} part_rows[PARTS] = {
	[N] = { COFFER_CKA_MODULUS, OSSL_PKEY_PARAM_RSA_N },
	[E] = { COFFER_CKA_PUBLIC_EXPONENT, OSSL_PKEY_PARAM_RSA_E },
	[D] = { COFFER_CKA_PRIVATE_EXPONENT, OSSL_PKEY_PARAM_RSA_D },
	[P] = { COFFER_CKA_PRIME_1, OSSL_PKEY_PARAM_RSA_FACTOR1 },
	[Q] = { COFFER_CKA_PRIME_2, OSSL_PKEY_PARAM_RSA_FACTOR2 },
	[DP] = { COFFER_CKA_EXPONENT_1, OSSL_PKEY_PARAM_RSA_EXPONENT1 },
	[DQ] = { COFFER_CKA_EXPONENT_2, OSSL_PKEY_PARAM_RSA_EXPONENT2 },
	[QINV] = { COFFER_CKA_COEFFICIENT, OSSL_PKEY_PARAM_RSA_COEFFICIENT1 },
};

static void parts_free(struct rsa_parts *parts)
{
	for (size_t i = 0; i < PARTS; i++)
		BN_clear_free(parts->bn[i]);
	BN_CTX_free(parts->ctx);
}

static uint32_t parts_read(struct crypto *c, const struct attrs *object, size_t count,
			   struct rsa_parts *parts)
{
	parts->ctx = BN_CTX_secure_new_ex(c->lib);
	if (!parts->ctx)
		return COFFER_ST_DEVICE_MEMORY;
	for (size_t i = 0; i < count; i++) {
		const struct attr *a = attrs_get(object, part_rows[i].attribute);

		if (!a)
			continue;
		if (!a->len || a->len > RSA_MAX_BITS / 8 + 1)
			return i == N ? COFFER_ST_KEY_SIZE_RANGE :
					COFFER_ST_ATTRIBUTE_VALUE_INVALID;
		parts->bn[i] = BN_bin2bn(a->value, (int)a->len, NULL);
		if (!parts->bn[i])
			return COFFER_ST_DEVICE_MEMORY;
		if (i > E)
			BN_set_flags(parts->bn[i], BN_FLG_CONSTTIME);
	}
	return COFFER_ST_OK;
}

static uint32_t public_check(const struct rsa_parts *parts, unsigned int *bits)
{
	const BIGNUM *n = parts->bn[N], *e = parts->bn[E];

	if (!n || !e)
		return COFFER_ST_TEMPLATE_INCOMPLETE;
	*bits = (unsigned int)BN_num_bits(n);
	if (*bits < RSA_MIN_BITS || *bits > RSA_MAX_BITS)
		return COFFER_ST_KEY_SIZE_RANGE;
	if (!BN_is_odd(n) || !BN_is_odd(e) || BN_is_one(e) || BN_num_bits(e) > EXPONENT_MAX)
		return COFFER_ST_ATTRIBUTE_VALUE_INVALID;
	return COFFER_ST_OK;
}

/* One half of the Chinese remainder: d mod (prime - 1), computed or compared with what is given. */
static bool half_check(struct rsa_parts *parts, enum rsa_part prime, enum rsa_part exponent)
{
	BIGNUM *less = BN_dup(parts->bn[prime]);
	BIGNUM *want = BN_new(), *one = BN_new();
	bool good = less && want && one && BN_sub_word(less, 1) == 1;

	if (good) {
		BN_set_flags(less, BN_FLG_CONSTTIME);
		good = BN_mod(want, parts->bn[D], less, parts->ctx) == 1 &&
		       BN_mod_mul(one, want, parts->bn[E], less, parts->ctx) == 1 &&
		       BN_is_one(one);
	}
	if (good && parts->bn[exponent]) {
		good = !BN_cmp(want, parts->bn[exponent]);
	} else if (good) {
		parts->bn[exponent] = want;
		want = NULL;
	}
	BN_clear_free(one);
	BN_clear_free(want);
	BN_clear_free(less);
	return good;
}

static bool coefficient_check(struct rsa_parts *parts)
{
	BIGNUM *one;
	bool good;

	if (!parts->bn[QINV]) {
		parts->bn[QINV] = BN_mod_inverse(NULL, parts->bn[Q], parts->bn[P], parts->ctx);
		return parts->bn[QINV] != NULL;
	}
	one = BN_new();
	good = one && BN_cmp(parts->bn[QINV], parts->bn[P]) < 0 &&
	       BN_mod_mul(one, parts->bn[QINV], parts->bn[Q], parts->bn[P], parts->ctx) == 1 &&
	       BN_is_one(one);
	BN_clear_free(one);
	return good;
}

static bool primes_check(struct rsa_parts *parts)
{
	BIGNUM *n = BN_new();
	bool good = n && BN_num_bits(parts->bn[P]) > 1 && BN_num_bits(parts->bn[Q]) > 1 &&
		    BN_is_odd(parts->bn[P]) && BN_is_odd(parts->bn[Q]) &&
		    BN_mul(n, parts->bn[P], parts->bn[Q], parts->ctx) == 1 &&
		    !BN_cmp(n, parts->bn[N]);

	BN_clear_free(n);
	return good && half_check(parts, P, DP) && half_check(parts, Q, DQ) &&
	       coefficient_check(parts);
}

/* Without primes only a trial tells: 2^(e d) = 2 mod n. */
static bool trial_check(struct rsa_parts *parts)
{
	BIGNUM *two = BN_new(), *r = BN_new();
	bool good = two && r && BN_set_word(two, 2) == 1 &&
		    BN_mod_exp(r, two, parts->bn[E], parts->bn[N], parts->ctx) == 1 &&
		    BN_mod_exp_mont_consttime(r, r, parts->bn[D], parts->bn[N], parts->ctx,
					      NULL) == 1 &&
		    !BN_cmp(r, two);

	BN_clear_free(r);
	BN_free(two);
	return good;
}

static uint32_t private_check(struct rsa_parts *parts)
{
	BIGNUM **bn = parts->bn;
	bool primes = bn[P] && bn[Q];

	if (!bn[D])
		return COFFER_ST_TEMPLATE_INCOMPLETE;
	if (!primes && (bn[P] || bn[Q] || bn[DP] || bn[DQ] || bn[QINV]))
		return COFFER_ST_TEMPLATE_INCOMPLETE;
	if (BN_is_zero(bn[D]) || BN_cmp(bn[D], bn[N]) >= 0)
		return COFFER_ST_ATTRIBUTE_VALUE_INVALID;
	if (primes ? !primes_check(parts) : !trial_check(parts))
		return COFFER_ST_ATTRIBUTE_VALUE_INVALID;
	return COFFER_ST_OK;
}

static EVP_PKEY *build(struct crypto *c, const struct rsa_parts *parts)
{
	uint8_t native[PARTS * RSA_MAX_BITS / 8];
	OSSL_PARAM params[PARTS + 1];
	size_t count = 0, used = 0;
	EVP_PKEY *pkey = NULL;
	bool good = true;

	for (size_t i = 0; good && i < PARTS; i++) {
		int len = parts->bn[i] ? BN_num_bytes(parts->bn[i]) : 0;

		if (!len)
			continue;
		good = used + (size_t)len <= sizeof(native) &&
		       BN_bn2nativepad(parts->bn[i], native + used, len) == len;
		params[count++] = OSSL_PARAM_construct_BN(part_rows[i].param, native + used,
							  (size_t)len);
		used += (size_t)len;
	}
	params[count] = OSSL_PARAM_construct_end();
	if (good)
		pkey = crypto_pkey_new(c, "RSA", parts->bn[D] ? EVP_PKEY_KEYPAIR :
								EVP_PKEY_PUBLIC_KEY, params);
	crypto_wipe(native, sizeof(native));
	return pkey;
}

/* KEY_SIZE_RANGE outside 1024 to 4096 bits; profiles and policies ask for more. */
uint32_t rsa_load(struct crypto *c, const struct attrs *object, struct crypto_key *key)
{
	bool private = key->class == COFFER_CKO_PRIVATE_KEY;
	struct rsa_parts parts = { 0 };
	uint32_t st = parts_read(c, object, private ? PARTS : D, &parts);

	if (!st)
		st = public_check(&parts, &key->bits);
	if (!st && private)
		st = private_check(&parts);
	if (!st) {
		key->pkey = build(c, &parts);
		if (!key->pkey)
			st = COFFER_ST_ATTRIBUTE_VALUE_INVALID;
	}
	parts_free(&parts);
	return st;
}
