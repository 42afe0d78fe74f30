// SPDX-License-Identifier: BSD-3-Clause
/* Use of keys: which mechanism goes with which key, MACs and digests. See crypto.h. */
#include <string.h>

#include <openssl/err.h>

#include "crypto_internal.h"

#define CMAC_LEN	16


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

/* Who carries out what a key of a type can do. */
static const struct key_ops {
	uint32_t key_type;
	to_bytes_fn *sign;
	uint32_t (*verify)(const struct key_use *use, struct bytes data, struct bytes sig);
	to_bytes_fn *encrypt;
	to_bytes_fn *decrypt;
} all_ops[] = {
	{ COFFER_CKK_RSA, rsa_sign, rsa_verify, rsa_encrypt, rsa_decrypt },
	{ COFFER_CKK_EC, ecdsa_sign, ecdsa_verify, NULL, NULL },
	{ COFFER_CKK_EC_EDWARDS, eddsa_sign, eddsa_verify, NULL, NULL },
	{ COFFER_CKK_GENERIC_SECRET, mac_make, mac_verify, NULL, NULL },
	{ COFFER_CKK_AES, mac_make, mac_verify, aes_crypt, aes_crypt },
};

/* NULL: no mechanism, or one that signs (crypts) nothing. */
static const struct key_ops *ops_of(const struct mech_row *row, bool signs)
{
	if (!row || !(signs ? row->signs : row->crypts))
		return NULL;
	for (size_t i = 0; i < sizeof(all_ops) / sizeof(all_ops[0]); i++)
		if (all_ops[i].key_type == row->key_type)
			return &all_ops[i];
	return NULL;
}

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
	const struct mech_row *row = crypto_mech(mechanism);
	const struct key_ops *ops = ops_of(row, true);

	return run(&use, row, ops ? ops->sign : NULL, data, sig, len);
}

uint32_t crypto_sign_confirmed(struct crypto *c, struct crypto_key *key, uint32_t mechanism,
			       struct bytes params, struct bytes data, uint8_t *sig, size_t *len)
{
	struct key_use use = { c, key, OP_VERIFY, mechanism, params };
	const struct mech_row *row = crypto_mech(mechanism);
	const struct key_ops *ops = ops_of(row, true);
	uint32_t st = crypto_sign(c, key, mechanism, params, data, sig, len);

	if (st || row->key_type != COFFER_CKK_RSA)
		return st;
	st = ops->verify(&use, data, (struct bytes){ sig, *len });
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
	const struct mech_row *row = crypto_mech(mechanism);
	const struct key_ops *ops = ops_of(row, false);

	return run(&use, row, ops ? ops->encrypt : NULL, data, out, len);
}

uint32_t crypto_decrypt(struct crypto *c, struct crypto_key *key, uint32_t mechanism,
			struct bytes params, struct bytes data, uint8_t *out, size_t *len)
{
	struct key_use use = { c, key, OP_DECRYPT, mechanism, params };
	const struct mech_row *row = crypto_mech(mechanism);
	const struct key_ops *ops = ops_of(row, false);

	return run(&use, row, ops ? ops->decrypt : NULL, data, out, len);
}

/* SIGNATURE_INVALID, SIGNATURE_LEN_RANGE, or what is wrong with the rest of the request. */
uint32_t crypto_verify(struct crypto *c, struct crypto_key *key, uint32_t mechanism,
		       struct bytes params, struct bytes data, struct bytes sig)
{
	struct key_use use = { c, key, OP_VERIFY, mechanism, params };
	const struct mech_row *row = crypto_mech(mechanism);
	const struct key_ops *ops = ops_of(row, true);
	uint32_t st;

	if (!ops)
		return COFFER_ST_MECHANISM_INVALID;
	st = use_check(&use, row);
	if (!st)
		st = ops->verify(&use, data, sig);
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
