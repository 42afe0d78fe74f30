// SPDX-License-Identifier: BSD-3-Clause
/* Hash, MAC, key derivation and AEAD for the firmware's own use. See crypto.h. */
#include <string.h>

#include <openssl/err.h>

#include "crypto_internal.h"

static const size_t hash_lens[HASHES] = { 32, 48, 64 };

/* What OpenSSL says becomes a status; its error queue never grows or leaves. */
static uint32_t verdict(bool good, uint32_t bad)
{
	if (good)
		return COFFER_ST_OK;
	ERR_clear_error();
	return bad;
}

static const EVP_MD *md_of(const struct crypto *c, enum crypto_hash hash)
{
	return (unsigned int)hash < HASHES ? c->md[hash] : NULL;
}

size_t crypto_hash_len(enum crypto_hash hash)
{
	return (unsigned int)hash < HASHES ? hash_lens[hash] : 0;
}

uint32_t crypto_hash_of_mech(uint32_t mechanism, enum crypto_hash *hash)
{
	switch (mechanism) {
	case COFFER_CKM_SHA256:
		*hash = CRYPTO_SHA256;
		return COFFER_ST_OK;
	case COFFER_CKM_SHA384:
		*hash = CRYPTO_SHA384;
		return COFFER_ST_OK;
	case COFFER_CKM_SHA512:
		*hash = CRYPTO_SHA512;
		return COFFER_ST_OK;
	default:
		return COFFER_ST_MECHANISM_PARAM_INVALID;
	}
}

uint32_t crypto_digest(struct crypto *c, enum crypto_hash hash, struct bytes in, uint8_t *out)
{
	return crypto_digest_v(c, hash, &in, 1, out);
}

uint32_t crypto_digest_v(struct crypto *c, enum crypto_hash hash, const struct bytes *in,
			 size_t count, uint8_t *out)
{
	const EVP_MD *md = md_of(c, hash);
	EVP_MD_CTX *ctx;
	bool good;

	if (!md)
		return COFFER_ST_MECHANISM_PARAM_INVALID;
	ctx = EVP_MD_CTX_new();
	good = ctx && EVP_DigestInit_ex2(ctx, md, NULL) == 1;
	for (size_t i = 0; good && i < count; i++)
		good = EVP_DigestUpdate(ctx, in[i].p, in[i].len) == 1;
	good = good && EVP_DigestFinal_ex(ctx, out, NULL) == 1;
	if (!good)
		crypto_wipe(out, crypto_hash_len(hash));
	EVP_MD_CTX_free(ctx);
	return verdict(good, COFFER_ST_DEVICE_ERROR);
}

uint32_t crypto_hmac(struct crypto *c, enum crypto_hash hash, struct bytes key,
		     const struct bytes *in, size_t count, uint8_t *out)
{
	static const uint8_t none;
	char *name = (char *)crypto_hash_name(hash);
	size_t room = crypto_hash_len(hash), len = 0;
	OSSL_PARAM params[2];
	EVP_MAC_CTX *ctx;
	bool good;

	if (!name)
		return COFFER_ST_MECHANISM_PARAM_INVALID;
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0);
	params[1] = OSSL_PARAM_construct_end();
	ctx = EVP_MAC_CTX_new(c->hmac);
	/* An empty key is still a key: NULL would mean "keep the one before". */
	good = ctx && EVP_MAC_init(ctx, key.len ? key.p : &none, key.len, params) == 1;
	for (size_t i = 0; good && i < count; i++)
		good = EVP_MAC_update(ctx, in[i].p, in[i].len) == 1;
	good = good && EVP_MAC_final(ctx, out, &len, room) == 1 && len == room;
	if (!good)
		crypto_wipe(out, room);
	EVP_MAC_CTX_free(ctx);
	return verdict(good, COFFER_ST_DEVICE_ERROR);
}

static uint32_t derive(EVP_KDF *kdf, OSSL_PARAM *params, uint8_t *out, size_t len)
{
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	bool good = ctx && EVP_KDF_derive(ctx, out, len, params) == 1;

	EVP_KDF_CTX_free(ctx);
	if (!good)
		crypto_wipe(out, len);
	return verdict(good, COFFER_ST_DEVICE_ERROR);
}

static OSSL_PARAM octets(const char *name, struct bytes b)
{
	static uint8_t none;

	return OSSL_PARAM_construct_octet_string(name, b.len ? (void *)b.p : &none, b.len);
}

uint32_t crypto_hkdf(struct crypto *c, enum crypto_hash hash, struct bytes salt,
		     struct bytes ikm, struct bytes info, uint8_t *out, size_t len)
{
	char *name = (char *)crypto_hash_name(hash);
	OSSL_PARAM params[5], *p = params;

	if (!name || !ikm.len || !len || len > 255 * crypto_hash_len(hash)) {
		crypto_wipe(out, len);
		return COFFER_ST_ARGUMENTS_BAD;
	}
	*p++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, name, 0);
	*p++ = octets(OSSL_KDF_PARAM_KEY, ikm);
	if (salt.len)
		*p++ = octets(OSSL_KDF_PARAM_SALT, salt);
	if (info.len)
		*p++ = octets(OSSL_KDF_PARAM_INFO, info);
	*p = OSSL_PARAM_construct_end();
	return derive(c->hkdf, params, out, len);
}

uint32_t crypto_pbkdf2(struct crypto *c, struct bytes secret, struct bytes salt,
		       uint32_t iterations, uint8_t *out, size_t len)
{
	unsigned int iter = iterations;
	int lax = 1;		/* short salts and few rounds are the caller's decision */
	OSSL_PARAM params[] = {
		octets(OSSL_KDF_PARAM_PASSWORD, secret),
		octets(OSSL_KDF_PARAM_SALT, salt),
		OSSL_PARAM_construct_uint(OSSL_KDF_PARAM_ITER, &iter),
		OSSL_PARAM_construct_int(OSSL_KDF_PARAM_PKCS5, &lax),
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
						 (char *)crypto_hash_name(CRYPTO_SHA256), 0),
		OSSL_PARAM_construct_end(),
	};

	if (!iterations || !len) {
		crypto_wipe(out, len);
		return COFFER_ST_ARGUMENTS_BAD;
	}
	return derive(c->pbkdf2, params, out, len);
}

uint32_t crypto_seal(struct crypto *c, struct bytes key, const uint8_t nonce[CRYPTO_NONCE],
		     struct bytes aad, struct bytes plain, uint8_t *out)
{
	const EVP_CIPHER *gcm = crypto_aes(c, MODE_GCM, key.len);
	EVP_CIPHER_CTX *ctx;
	int n = 0, last = 0;
	bool good;

	if (!gcm || plain.len > INT32_MAX || aad.len > INT32_MAX)
		return COFFER_ST_ARGUMENTS_BAD;
	ctx = EVP_CIPHER_CTX_new();
	good = ctx && EVP_EncryptInit_ex2(ctx, gcm, key.p, nonce, NULL) == 1 &&
	       (!aad.len || EVP_EncryptUpdate(ctx, NULL, &n, aad.p, (int)aad.len) == 1);
	n = 0;
	good = good &&
	       (!plain.len || EVP_EncryptUpdate(ctx, out, &n, plain.p, (int)plain.len) == 1) &&
	       EVP_EncryptFinal_ex(ctx, out + n, &last) == 1 &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, CRYPTO_TAG,
				   out + plain.len) == 1;
	EVP_CIPHER_CTX_free(ctx);
	if (!good)
		crypto_wipe(out, plain.len + CRYPTO_TAG);
	return verdict(good, COFFER_ST_DEVICE_ERROR);
}

uint32_t crypto_open_sealed(struct crypto *c, struct bytes key,
			    const uint8_t nonce[CRYPTO_NONCE], struct bytes aad,
			    struct bytes sealed, uint8_t *out)
{
	const EVP_CIPHER *gcm = crypto_aes(c, MODE_GCM, key.len);
	uint8_t tag[CRYPTO_TAG];
	EVP_CIPHER_CTX *ctx;
	int n = 0, last = 0;
	bool good;
	size_t len;

	if (!gcm || sealed.len > INT32_MAX || aad.len > INT32_MAX)
		return COFFER_ST_ARGUMENTS_BAD;
	if (sealed.len < CRYPTO_TAG)
		return COFFER_ST_BAD_MAC;
	len = sealed.len - CRYPTO_TAG;
	memcpy(tag, sealed.p + len, sizeof(tag));	/* out may be in */
	ctx = EVP_CIPHER_CTX_new();
	good = ctx && EVP_DecryptInit_ex2(ctx, gcm, key.p, nonce, NULL) == 1 &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, CRYPTO_TAG, tag) == 1 &&
	       (!aad.len || EVP_DecryptUpdate(ctx, NULL, &n, aad.p, (int)aad.len) == 1);
	n = 0;
	good = good && (!len || EVP_DecryptUpdate(ctx, out, &n, sealed.p, (int)len) == 1) &&
	       EVP_DecryptFinal_ex(ctx, tag, &last) == 1 && last == 0;
	EVP_CIPHER_CTX_free(ctx);
	if (!good)
		crypto_wipe(out, len);
	return verdict(good, COFFER_ST_BAD_MAC);
}
