// SPDX-License-Identifier: BSD-3-Clause
/* Use of keys: which mechanism goes with which key, MACs and digests. See crypto.h. */
#include <string.h>

#include <openssl/err.h>

#include "crypto_internal.h"
#include "crypto_more.h"

#define CMAC_LEN	16

struct mech_row {
	uint32_t mechanism;
	uint32_t key_type;
	bool hashes;
	enum crypto_hash hash;
	bool params;			/* has a parameter */
	uint32_t (*sign)(const struct key_use *use, struct bytes data, uint8_t *sig,
			 size_t *len);
	uint32_t (*verify)(const struct key_use *use, struct bytes data, struct bytes sig);
	uint32_t (*encrypt)(const struct key_use *use, struct bytes data, uint8_t *out,
			    size_t *len);
	uint32_t (*decrypt)(const struct key_use *use, struct bytes data, uint8_t *out,
			    size_t *len);
};

#define RSA_SIGNS	.sign = rsa_sign, .verify = rsa_verify
#define RSA_CRYPTS	.encrypt = rsa_encrypt, .decrypt = rsa_decrypt
#define EC_SIGNS	.sign = ecdsa_sign, .verify = ecdsa_verify
#define MACS		.sign = mac_make, .verify = mac_verify
#define AES_CRYPTS	.encrypt = aes_crypt, .decrypt = aes_crypt
#define HASH(h)		.hashes = true, .hash = CRYPTO_##h

static const struct mech_row mechs[] = {
	{ COFFER_CKM_RSA_PKCS, COFFER_CKK_RSA, RSA_SIGNS, RSA_CRYPTS },
	{ COFFER_CKM_RSA_X_509, COFFER_CKK_RSA, RSA_SIGNS, RSA_CRYPTS },
	{ COFFER_CKM_RSA_PKCS_OAEP, COFFER_CKK_RSA, .params = true, RSA_CRYPTS },
	{ COFFER_CKM_RSA_PKCS_PSS, COFFER_CKK_RSA, .params = true, RSA_SIGNS },
	{ COFFER_CKM_SHA256_RSA_PKCS, COFFER_CKK_RSA, HASH(SHA256), RSA_SIGNS },
	{ COFFER_CKM_SHA384_RSA_PKCS, COFFER_CKK_RSA, HASH(SHA384), RSA_SIGNS },
	{ COFFER_CKM_SHA512_RSA_PKCS, COFFER_CKK_RSA, HASH(SHA512), RSA_SIGNS },
	{ COFFER_CKM_SHA256_RSA_PKCS_PSS, COFFER_CKK_RSA, HASH(SHA256), .params = true,
	  RSA_SIGNS },
	{ COFFER_CKM_SHA384_RSA_PKCS_PSS, COFFER_CKK_RSA, HASH(SHA384), .params = true,
	  RSA_SIGNS },
	{ COFFER_CKM_SHA512_RSA_PKCS_PSS, COFFER_CKK_RSA, HASH(SHA512), .params = true,
	  RSA_SIGNS },
	{ COFFER_CKM_ECDSA, COFFER_CKK_EC, EC_SIGNS },
	{ COFFER_CKM_ECDSA_SHA256, COFFER_CKK_EC, HASH(SHA256), EC_SIGNS },
	{ COFFER_CKM_ECDSA_SHA384, COFFER_CKK_EC, HASH(SHA384), EC_SIGNS },
	{ COFFER_CKM_ECDSA_SHA512, COFFER_CKK_EC, HASH(SHA512), EC_SIGNS },
	{ COFFER_CKM_EDDSA, COFFER_CKK_EC_EDWARDS, .sign = eddsa_sign, .verify = eddsa_verify },
	{ COFFER_CKM_SHA256_HMAC, COFFER_CKK_GENERIC_SECRET, HASH(SHA256), MACS },
	{ COFFER_CKM_SHA384_HMAC, COFFER_CKK_GENERIC_SECRET, HASH(SHA384), MACS },
	{ COFFER_CKM_SHA512_HMAC, COFFER_CKK_GENERIC_SECRET, HASH(SHA512), MACS },
	{ COFFER_CKM_AES_CMAC, COFFER_CKK_AES, MACS },
	{ COFFER_CKM_AES_ECB, COFFER_CKK_AES, AES_CRYPTS },
	{ COFFER_CKM_AES_CBC, COFFER_CKK_AES, .params = true, AES_CRYPTS },
	{ COFFER_CKM_AES_CBC_PAD, COFFER_CKK_AES, .params = true, AES_CRYPTS },
	{ COFFER_CKM_AES_CTR, COFFER_CKK_AES, .params = true, AES_CRYPTS },
	{ COFFER_CKM_AES_GCM, COFFER_CKK_AES, .params = true, AES_CRYPTS },
	{ COFFER_CKM_SHA256, COFFER_CKK_NONE, HASH(SHA256) },
	{ COFFER_CKM_SHA384, COFFER_CKK_NONE, HASH(SHA384) },
	{ COFFER_CKM_SHA512, COFFER_CKK_NONE, HASH(SHA512) },
};

static const struct mech_row *row_of(uint32_t mechanism)
{
	for (size_t i = 0; i < sizeof(mechs) / sizeof(mechs[0]); i++)
		if (mechs[i].mechanism == mechanism)
			return &mechs[i];
	return NULL;
}

uint32_t crypto_mech_key_type(uint32_t mechanism)
{
	const struct mech_row *row = row_of(mechanism);

	return row ? row->key_type : COFFER_CKK_NONE;
}

bool hash_in_mech(uint32_t mechanism, enum crypto_hash *hash)
{
	const struct mech_row *row = row_of(mechanism);

	if (!row || !row->hashes)
		return false;
	*hash = row->hash;
	return true;
}

/* Does the key go with the mechanism, on this side of it, and is there a parameter or none? */
static uint32_t use_check(const struct key_use *use, const struct mech_row *row)
{
	bool own = use->op == OP_SIGN || use->op == OP_DECRYPT;
	uint32_t class = use->key->class;

	if (use->key->type != row->key_type)
		return COFFER_ST_KEY_TYPE_INCONSISTENT;
	if (class != COFFER_CKO_SECRET_KEY &&
	    class != (own ? COFFER_CKO_PRIVATE_KEY : COFFER_CKO_PUBLIC_KEY))
		return COFFER_ST_KEY_TYPE_INCONSISTENT;
	if (!row->params && use->params.len)
		return COFFER_ST_MECHANISM_PARAM_INVALID;
	return COFFER_ST_OK;
}

typedef uint32_t to_bytes_fn(const struct key_use *use, struct bytes data, uint8_t *out,
			     size_t *len);

static uint32_t run(const struct key_use *use, const struct mech_row *row, to_bytes_fn *fn,
		    struct bytes data, uint8_t *out, size_t *len)
{
	size_t room = *len;
	uint32_t st;

	*len = 0;
	if (!fn)
		return COFFER_ST_MECHANISM_INVALID;
	st = use_check(use, row);
	if (st)
		return st;
	*len = room;
	st = fn(use, data, out, len);
	if (st)
		*len = 0;
	ERR_clear_error();
	return st;
}

uint32_t crypto_sign(struct crypto *c, struct crypto_key *key, uint32_t mechanism,
		     struct bytes params, struct bytes data, uint8_t *sig, size_t *len)
{
	struct key_use use = { c, key, OP_SIGN, mechanism, params };
	const struct mech_row *row = row_of(mechanism);

	return run(&use, row, row ? row->sign : NULL, data, sig, len);
}

uint32_t crypto_sign_confirmed(struct crypto *c, struct crypto_key *key, uint32_t mechanism,
			       struct bytes params, struct bytes data, uint8_t *sig, size_t *len)
{
	struct key_use use = { c, key, OP_VERIFY, mechanism, params };
	const struct mech_row *row = row_of(mechanism);
	uint32_t st = crypto_sign(c, key, mechanism, params, data, sig, len);

	if (st || row->key_type != COFFER_CKK_RSA)
		return st;
	st = row->verify(&use, data, (struct bytes){ sig, *len });
	ERR_clear_error();
	if (!st)
		return COFFER_ST_OK;
	crypto_wipe(sig, *len);
	*len = 0;
	return COFFER_ST_DEVICE_ERROR;
}

uint32_t crypto_encrypt(struct crypto *c, struct crypto_key *key, uint32_t mechanism,
			struct bytes params, struct bytes data, uint8_t *out, size_t *len)
{
	struct key_use use = { c, key, OP_ENCRYPT, mechanism, params };
	const struct mech_row *row = row_of(mechanism);

	return run(&use, row, row ? row->encrypt : NULL, data, out, len);
}

uint32_t crypto_decrypt(struct crypto *c, struct crypto_key *key, uint32_t mechanism,
			struct bytes params, struct bytes data, uint8_t *out, size_t *len)
{
	struct key_use use = { c, key, OP_DECRYPT, mechanism, params };
	const struct mech_row *row = row_of(mechanism);

	return run(&use, row, row ? row->decrypt : NULL, data, out, len);
}

/* SIGNATURE_INVALID, SIGNATURE_LEN_RANGE, or what is wrong with the rest of the request. */
uint32_t crypto_verify(struct crypto *c, struct crypto_key *key, uint32_t mechanism,
		       struct bytes params, struct bytes data, struct bytes sig)
{
	struct key_use use = { c, key, OP_VERIFY, mechanism, params };
	const struct mech_row *row = row_of(mechanism);
	uint32_t st;

	if (!row || !row->verify)
		return COFFER_ST_MECHANISM_INVALID;
	st = use_check(&use, row);
	if (!st)
		st = row->verify(&use, data, sig);
	ERR_clear_error();
	return st;
}

uint32_t crypto_digest_mech(struct crypto *c, uint32_t mechanism, struct bytes data,
			    uint8_t *out, size_t *len)
{
	size_t room = *len;
	enum crypto_hash hash;
	uint32_t st;

	*len = 0;
	if (crypto_hash_of_mech(mechanism, &hash))
		return COFFER_ST_MECHANISM_INVALID;
	if (room < crypto_hash_len(hash))
		return COFFER_ST_BUFFER_TOO_SMALL;
	st = crypto_digest(c, hash, data, out);
	if (!st)
		*len = crypto_hash_len(hash);
	return st;
}

/* ---- MACs ------------------------------------------------------------------------------ */

static uint32_t mac_ready(struct crypto *c, struct crypto_key *key, struct key_slot *slot)
{
	static const char *const cipher[] = { "AES-128-CBC", "AES-192-CBC", "AES-256-CBC" };
	bool cmac = slot->mechanism == COFFER_CKM_AES_CMAC;
	enum crypto_hash hash = CRYPTO_SHA256;
	OSSL_PARAM params[2] = { OSSL_PARAM_construct_end(), OSSL_PARAM_construct_end() };

	if (cmac) {
		params[0] = OSSL_PARAM_construct_utf8_string(
			OSSL_MAC_PARAM_CIPHER, (char *)cipher[key->secret_len / 8 - 2], 0);
	} else {
		hash_in_mech(slot->mechanism, &hash);
		params[0] = OSSL_PARAM_construct_utf8_string(
			OSSL_MAC_PARAM_DIGEST, (char *)crypto_hash_name(hash), 0);
	}
	slot->mac = EVP_MAC_CTX_new(cmac ? c->cmac : c->hmac);
	if (!slot->mac || EVP_MAC_init(slot->mac, key->secret, key->secret_len, params) != 1)
		return COFFER_ST_DEVICE_ERROR;
	return COFFER_ST_OK;
}

static size_t mac_len(uint32_t mechanism)
{
	enum crypto_hash hash;

	return hash_in_mech(mechanism, &hash) ? crypto_hash_len(hash) : CMAC_LEN;
}

uint32_t mac_make(const struct key_use *use, struct bytes data, uint8_t *mac, size_t *len)
{
	/* Signing and verifying are the same computation: one slot serves both. */
	struct key_use same = { use->c, use->key, OP_SIGN, use->mechanism, use->params };
	size_t want = mac_len(use->mechanism), got = 0;
	EVP_MAC_CTX *ctx;
	uint32_t st;

	if (*len < want)
		return COFFER_ST_BUFFER_TOO_SMALL;
	st = key_mac_ctx(&same, mac_ready, &ctx);
	if (st)
		return st;
	if ((data.len && EVP_MAC_update(ctx, data.p, data.len) != 1) ||
	    EVP_MAC_final(ctx, mac, &got, want) != 1 || got != want)
		st = COFFER_ST_DEVICE_ERROR;
	EVP_MAC_CTX_free(ctx);
	*len = want;
	return st;
}

uint32_t mac_verify(const struct key_use *use, struct bytes data, struct bytes mac)
{
	uint8_t own[CRYPTO_HASH_MAX];
	size_t len = sizeof(own);
	uint32_t st;

	if (mac.len != mac_len(use->mechanism))
		return COFFER_ST_SIGNATURE_LEN_RANGE;
	st = mac_make(use, data, own, &len);
	if (!st && !crypto_equal(own, mac.p, len))
		st = COFFER_ST_SIGNATURE_INVALID;
	crypto_wipe(own, sizeof(own));
	return st;
}
