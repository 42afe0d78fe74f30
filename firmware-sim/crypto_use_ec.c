// SPDX-License-Identifier: BSD-3-Clause
/* ECDSA with r || s of equal length, and Ed25519. */
#include <openssl/err.h>

#include "crypto_internal.h"

#define SIG_DER_MAX	144		/* P-521 */
#define ED_SIG		64

static size_t half_of(const struct crypto_key *key)
{
	return (key->bits + 7) / 8;
}

static uint32_t ecdsa_ready(struct crypto *c, struct crypto_key *key, struct key_slot *slot)
{
	slot->pkey = EVP_PKEY_CTX_new_from_pkey(c->lib, key->pkey, NULL);
	if (!slot->pkey || (slot->op == OP_SIGN ? EVP_PKEY_sign_init(slot->pkey) :
						  EVP_PKEY_verify_init(slot->pkey)) != 1)
		return COFFER_ST_DEVICE_ERROR;
	return COFFER_ST_OK;
}

/* What is signed: the hash of the data, or the data when the mechanism does not hash. */
static uint32_t ecdsa_input(const struct key_use *use, struct bytes *data,
			    uint8_t hash[CRYPTO_HASH_MAX])
{
	enum crypto_hash kind;
	uint32_t st;

	if (!hash_in_mech(use->mechanism, &kind))
		return data->len ? COFFER_ST_OK : COFFER_ST_DATA_LEN_RANGE;
	st = crypto_digest(use->c, kind, *data, hash);
	*data = (struct bytes){ hash, crypto_hash_len(kind) };
	return st;
}

/* One slot serves all ECDSA mechanisms of a direction: the hashing is done outside. */
static uint32_t ecdsa_ctx(const struct key_use *use, EVP_PKEY_CTX **ctx)
{
	struct key_use plain = { use->c, use->key, use->op, COFFER_CKM_ECDSA, { NULL, 0 } };

	return key_pkey_ctx(&plain, ecdsa_ready, ctx);
}

uint32_t ecdsa_sign(const struct key_use *use, struct bytes data, uint8_t *sig, size_t *len)
{
	uint8_t hash[CRYPTO_HASH_MAX], der[SIG_DER_MAX];
	size_t half = half_of(use->key), der_len = sizeof(der);
	EVP_PKEY_CTX *ctx;
	uint32_t st;

	if (*len < 2 * half)
		return COFFER_ST_BUFFER_TOO_SMALL;
	st = ecdsa_input(use, &data, hash);
	if (!st)
		st = ecdsa_ctx(use, &ctx);
	if (st)
		return st;
	if (EVP_PKEY_sign(ctx, der, &der_len, data.p, data.len) != 1 ||
	    !crypto_ecdsa_raw(der, der_len, sig, half))
		st = COFFER_ST_DEVICE_ERROR;
	EVP_PKEY_CTX_free(ctx);
	*len = 2 * half;
	return st;
}

uint32_t ecdsa_verify(const struct key_use *use, struct bytes data, struct bytes sig)
{
	uint8_t hash[CRYPTO_HASH_MAX], der[SIG_DER_MAX];
	size_t half = half_of(use->key), der_len;
	EVP_PKEY_CTX *ctx;
	uint32_t st;

	if (sig.len != 2 * half)
		return COFFER_ST_SIGNATURE_LEN_RANGE;
	der_len = crypto_ecdsa_der(sig.p, half, der, sizeof(der));
	st = ecdsa_input(use, &data, hash);
	if (!st)
		st = ecdsa_ctx(use, &ctx);
	if (st)
		return st;
	if (!der_len || EVP_PKEY_verify(ctx, der, der_len, data.p, data.len) != 1)
		st = COFFER_ST_SIGNATURE_INVALID;
	EVP_PKEY_CTX_free(ctx);
	return st;
}

uint32_t eddsa_sign(const struct key_use *use, struct bytes data, uint8_t *sig, size_t *len)
{
	size_t n = ED_SIG;
	EVP_MD_CTX *ctx;
	bool good;

	if (*len < ED_SIG)
		return COFFER_ST_BUFFER_TOO_SMALL;
	ctx = EVP_MD_CTX_new();
	good = ctx &&
	       EVP_DigestSignInit_ex(ctx, NULL, NULL, use->c->lib, NULL, use->key->pkey,
				     NULL) == 1 &&
	       EVP_DigestSign(ctx, sig, &n, data.len ? data.p : (const uint8_t *)"",
			      data.len) == 1 && n == ED_SIG;
	EVP_MD_CTX_free(ctx);
	*len = ED_SIG;
	return good ? COFFER_ST_OK : COFFER_ST_DEVICE_ERROR;
}

uint32_t eddsa_verify(const struct key_use *use, struct bytes data, struct bytes sig)
{
	EVP_MD_CTX *ctx;
	bool ready, good;

	if (sig.len != ED_SIG)
		return COFFER_ST_SIGNATURE_LEN_RANGE;
	ctx = EVP_MD_CTX_new();
	ready = ctx && EVP_DigestVerifyInit_ex(ctx, NULL, NULL, use->c->lib, NULL,
					       use->key->pkey, NULL) == 1;
	good = ready && EVP_DigestVerify(ctx, sig.p, sig.len,
					 data.len ? data.p : (const uint8_t *)"",
					 data.len) == 1;
	EVP_MD_CTX_free(ctx);
	if (!ready)
		return COFFER_ST_DEVICE_ERROR;
	return good ? COFFER_ST_OK : COFFER_ST_SIGNATURE_INVALID;
}
