// SPDX-License-Identifier: BSD-3-Clause
/* RSA: signatures (PKCS#1 v1.5, PSS, raw) and encryption (v1.5, OAEP, raw). */
#include <string.h>

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "crypto_internal.h"

#define MODULUS_MAX	512		/* bytes */
#define PKCS1_OVERHEAD	11

static size_t modulus_len(const struct crypto_key *key)
{
	return (key->bits + 7) / 8;
}

/* ---- Parameters ------------------------------------------------------------------------ */

struct pss {
	enum crypto_hash hash;
	enum crypto_hash mgf;
	uint32_t salt;
};

/* {hash; mgf; salt length}; the hash must be the mechanism's when that has one. */
static uint32_t pss_parse(uint32_t mechanism, unsigned int bits, struct bytes params,
			  struct pss *pss)
{
	struct wire_in in;
	enum crypto_hash fixed;
	size_t room = (bits + 6) / 8;	/* encoded message, one bit shorter than the modulus */
	uint32_t hash, mgf;

	wire_in_init(&in, params.p, params.len);
	hash = wire_u32(&in);
	mgf = wire_u32(&in);
	pss->salt = wire_u32(&in);
	if (!wire_in_done(&in) || crypto_hash_of_mech(hash, &pss->hash) ||
	    crypto_hash_of_mech(mgf, &pss->mgf))
		return COFFER_ST_MECHANISM_PARAM_INVALID;
	if (hash_in_mech(mechanism, &fixed) && fixed != pss->hash)
		return COFFER_ST_MECHANISM_PARAM_INVALID;
	if (crypto_hash_len(pss->hash) + 2 > room ||
	    pss->salt > room - 2 - crypto_hash_len(pss->hash))
		return COFFER_ST_MECHANISM_PARAM_INVALID;
	return COFFER_ST_OK;
}

static bool is_pss(uint32_t mechanism)
{
	return mechanism == COFFER_CKM_RSA_PKCS_PSS ||
	       mechanism == COFFER_CKM_SHA256_RSA_PKCS_PSS ||
	       mechanism == COFFER_CKM_SHA384_RSA_PKCS_PSS ||
	       mechanism == COFFER_CKM_SHA512_RSA_PKCS_PSS;
}

/* ---- Signatures ------------------------------------------------------------------------ */

static uint32_t pss_ready(struct crypto *c, struct key_slot *slot, unsigned int bits)
{
	struct pss pss;
	uint32_t st = pss_parse(slot->mechanism, bits,
				(struct bytes){ slot->params, slot->params_len }, &pss);

	if (st)
		return st;
	if (EVP_PKEY_CTX_set_rsa_padding(slot->pkey, RSA_PKCS1_PSS_PADDING) != 1 ||
	    EVP_PKEY_CTX_set_signature_md(slot->pkey, c->md[pss.hash]) != 1 ||
	    EVP_PKEY_CTX_set_rsa_mgf1_md(slot->pkey, c->md[pss.mgf]) != 1 ||
	    EVP_PKEY_CTX_set_rsa_pss_saltlen(slot->pkey, (int)pss.salt) != 1)
		return COFFER_ST_DEVICE_ERROR;
	return COFFER_ST_OK;
}

static uint32_t sign_ready(struct crypto *c, struct crypto_key *key, struct key_slot *slot)
{
	enum crypto_hash hash;
	int padding = slot->mechanism == COFFER_CKM_RSA_X_509 ? RSA_NO_PADDING :
								RSA_PKCS1_PADDING;

	slot->pkey = EVP_PKEY_CTX_new_from_pkey(c->lib, key->pkey, NULL);
	if (!slot->pkey || (slot->op == OP_SIGN ? EVP_PKEY_sign_init(slot->pkey) :
						  EVP_PKEY_verify_init(slot->pkey)) != 1)
		return COFFER_ST_DEVICE_ERROR;
	if (is_pss(slot->mechanism))
		return pss_ready(c, slot, key->bits);
	if (EVP_PKEY_CTX_set_rsa_padding(slot->pkey, padding) != 1)
		return COFFER_ST_DEVICE_ERROR;
	if (hash_in_mech(slot->mechanism, &hash) &&
	    EVP_PKEY_CTX_set_signature_md(slot->pkey, c->md[hash]) != 1)
		return COFFER_ST_DEVICE_ERROR;
	return COFFER_ST_OK;
}

/* The number that a raw operation works on: as long as the modulus and below it. */
static uint32_t raw_input(const struct crypto_key *key, struct bytes *data,
			  uint8_t block[MODULUS_MAX])
{
	size_t k = modulus_len(key);
	BIGNUM *n = NULL, *m;
	bool below;

	if (!data->len || data->len > k)
		return COFFER_ST_DATA_LEN_RANGE;
	memset(block, 0, k - data->len);
	memcpy(block + k - data->len, data->p, data->len);
	*data = (struct bytes){ block, k };
	m = BN_bin2bn(block, (int)k, NULL);
	below = m && EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
		BN_cmp(m, n) < 0;
	BN_free(n);
	BN_clear_free(m);
	return below ? COFFER_ST_OK : COFFER_ST_DATA_INVALID;
}

/* What is signed: data, its hash, or its number; checked for length. */
static uint32_t sign_input(const struct key_use *use, struct bytes *data,
			   uint8_t block[MODULUS_MAX])
{
	enum crypto_hash hash;
	struct pss pss;
	uint32_t st;

	if (use->mechanism == COFFER_CKM_RSA_X_509)
		return raw_input(use->key, data, block);
	if (use->mechanism == COFFER_CKM_RSA_PKCS)
		return data->len <= modulus_len(use->key) - PKCS1_OVERHEAD ?
		       COFFER_ST_OK : COFFER_ST_DATA_LEN_RANGE;
	if (use->mechanism == COFFER_CKM_RSA_PKCS_PSS) {
		st = pss_parse(use->mechanism, use->key->bits, use->params, &pss);
		if (st)
			return st;
		return data->len == crypto_hash_len(pss.hash) ? COFFER_ST_OK :
								COFFER_ST_DATA_LEN_RANGE;
	}
	if (!hash_in_mech(use->mechanism, &hash))
		return COFFER_ST_MECHANISM_INVALID;
	st = crypto_digest(use->c, hash, *data, block);
	*data = (struct bytes){ block, crypto_hash_len(hash) };
	return st;
}

uint32_t rsa_sign(const struct key_use *use, struct bytes data, uint8_t *sig, size_t *len)
{
	size_t k = modulus_len(use->key), n = k;
	uint8_t block[MODULUS_MAX];
	EVP_PKEY_CTX *ctx = NULL;
	uint32_t st;

	if (*len < k)
		return COFFER_ST_BUFFER_TOO_SMALL;
	st = sign_input(use, &data, block);
	if (!st)
		st = key_pkey_ctx(use, sign_ready, &ctx);
	if (!st && (EVP_PKEY_sign(ctx, sig, &n, data.len ? data.p : block, data.len) != 1 ||
		    n != k)) {
		crypto_wipe(sig, k);
		st = COFFER_ST_DEVICE_ERROR;
	}
	EVP_PKEY_CTX_free(ctx);
	crypto_wipe(block, sizeof(block));
	*len = k;
	return st;
}

/* OpenSSL's v1.5 check without a hash compares the recovered text; the raw one we do here. */
static bool raw_verify(EVP_PKEY_CTX *ctx, struct bytes data, struct bytes sig)
{
	uint8_t own[MODULUS_MAX];
	size_t n = sizeof(own);

	return EVP_PKEY_verify_recover_init(ctx) == 1 &&
	       EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) == 1 &&
	       EVP_PKEY_verify_recover(ctx, own, &n, sig.p, sig.len) == 1 && n == data.len &&
	       crypto_equal(own, data.p, n);
}

uint32_t rsa_verify(const struct key_use *use, struct bytes data, struct bytes sig)
{
	bool raw = use->mechanism == COFFER_CKM_RSA_X_509;
	uint8_t block[MODULUS_MAX];
	EVP_PKEY_CTX *ctx = NULL;
	bool good;
	uint32_t st;

	if (sig.len != modulus_len(use->key))
		return COFFER_ST_SIGNATURE_LEN_RANGE;
	st = sign_input(use, &data, block);
	if (st)
		return st;
	if (raw) {
		ctx = EVP_PKEY_CTX_new_from_pkey(use->c->lib, use->key->pkey, NULL);
		good = ctx && raw_verify(ctx, data, sig);
	} else {
		st = key_pkey_ctx(use, sign_ready, &ctx);
		good = !st && EVP_PKEY_verify(ctx, sig.p, sig.len, data.len ? data.p : block,
					      data.len) == 1;
	}
	EVP_PKEY_CTX_free(ctx);
	if (!st && !good)
		st = COFFER_ST_SIGNATURE_INVALID;
	return st;
}

/* ---- Encryption ------------------------------------------------------------------------ */

/* {hash; mgf; label}. OpenSSL takes the label over. */
static uint32_t oaep_ready(const struct key_use *use, EVP_PKEY_CTX *ctx, size_t *most)
{
	enum crypto_hash hash, mgf;
	struct wire_in in;
	uint32_t hash_mech, mgf_mech;
	void *label;

	wire_in_init(&in, use->params.p, use->params.len);
	hash_mech = wire_u32(&in);
	mgf_mech = wire_u32(&in);
	if (in.bad || crypto_hash_of_mech(hash_mech, &hash) ||
	    crypto_hash_of_mech(mgf_mech, &mgf))
		return COFFER_ST_MECHANISM_PARAM_INVALID;
	if (modulus_len(use->key) < 2 * crypto_hash_len(hash) + 2)
		return COFFER_ST_KEY_SIZE_RANGE;
	*most = modulus_len(use->key) - 2 * crypto_hash_len(hash) - 2;
	if (EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) != 1 ||
	    EVP_PKEY_CTX_set_rsa_oaep_md(ctx, use->c->md[hash]) != 1 ||
	    EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, use->c->md[mgf]) != 1)
		return COFFER_ST_DEVICE_ERROR;
	if (!in.left)
		return COFFER_ST_OK;
	label = OPENSSL_memdup(in.at, in.left);
	if (!label)
		return COFFER_ST_DEVICE_MEMORY;
	if (EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, label, (int)in.left) != 1) {
		OPENSSL_free(label);
		return COFFER_ST_DEVICE_ERROR;
	}
	return COFFER_ST_OK;
}

/* Sets the padding; *most = longest plain text. */
static uint32_t crypt_ready(const struct key_use *use, EVP_PKEY_CTX *ctx, size_t *most)
{
	size_t k = modulus_len(use->key);
	int padding = RSA_NO_PADDING;

	if (use->mechanism == COFFER_CKM_RSA_PKCS_OAEP)
		return oaep_ready(use, ctx, most);
	*most = k;
	if (use->mechanism == COFFER_CKM_RSA_PKCS) {
		*most = k - PKCS1_OVERHEAD;
		padding = RSA_PKCS1_PADDING;
	}
	return EVP_PKEY_CTX_set_rsa_padding(ctx, padding) == 1 ? COFFER_ST_OK :
								 COFFER_ST_DEVICE_ERROR;
}

uint32_t rsa_encrypt(const struct key_use *use, struct bytes data, uint8_t *out, size_t *len)
{
	size_t k = modulus_len(use->key), n = k, most = 0;
	uint8_t block[MODULUS_MAX];
	EVP_PKEY_CTX *ctx;
	uint32_t st = COFFER_ST_DEVICE_ERROR;

	if (*len < k)
		return COFFER_ST_BUFFER_TOO_SMALL;
	ctx = EVP_PKEY_CTX_new_from_pkey(use->c->lib, use->key->pkey, NULL);
	if (ctx && EVP_PKEY_encrypt_init(ctx) == 1)
		st = crypt_ready(use, ctx, &most);
	if (!st && data.len > most)
		st = COFFER_ST_DATA_LEN_RANGE;
	if (!st && use->mechanism == COFFER_CKM_RSA_X_509)
		st = raw_input(use->key, &data, block);
	if (!st && EVP_PKEY_encrypt(ctx, out, &n, data.len ? data.p : block, data.len) != 1)
		st = COFFER_ST_DEVICE_ERROR;
	EVP_PKEY_CTX_free(ctx);
	crypto_wipe(block, sizeof(block));
	*len = n;
	return st;
}

/* ---- Decryption ------------------------------------------------------------------------ */

/* All ones or nothing, without a branch; numbers stay below 2^31. */
static uint32_t if_zero(uint32_t a)
{
	return 0u - ((~a & (a - 1)) >> 31);
}

static uint32_t if_below(uint32_t a, uint32_t b)
{
	return 0u - ((a - b) >> 31);
}

static uint32_t choose(uint32_t mask, uint32_t yes, uint32_t no)
{
	return (mask & yes) | (~mask & no);
}

/* HMAC-SHA-256(secret, counter || label) ... */
static uint32_t stream(struct crypto *c, const uint8_t secret[32], const char *label,
		       uint8_t *out, size_t len)
{
	uint8_t mac[CRYPTO_HASH_MAX], counter = 0;
	const struct bytes in[] = { { &counter, 1 }, { (const uint8_t *)label, strlen(label) } };
	uint32_t st = COFFER_ST_OK;

	for (size_t at = 0; !st && at < len; at += 32, counter++) {
		st = crypto_hmac(c, CRYPTO_SHA256, (struct bytes){ secret, 32 }, in, 2, mac);
		if (!st)
			memcpy(out + at, mac, len - at < 32 ? len - at : 32);
	}
	crypto_wipe(mac, sizeof(mac));
	return st;
}

/* HMAC(SHA-256(private exponent), ciphertext): fixed for both, known to nobody outside. */
static uint32_t stand_in_secret(const struct key_use *use, struct bytes data,
				uint8_t secret[CRYPTO_HASH_MAX])
{
	size_t k = modulus_len(use->key);
	uint8_t d[MODULUS_MAX], key[CRYPTO_HASH_MAX];
	BIGNUM *bn = NULL;
	uint32_t st = COFFER_ST_DEVICE_ERROR;

	if (EVP_PKEY_get_bn_param(use->key->pkey, OSSL_PKEY_PARAM_RSA_D, &bn) == 1 &&
	    BN_bn2binpad(bn, d, (int)k) == (int)k)
		st = crypto_digest(use->c, CRYPTO_SHA256, (struct bytes){ d, k }, key);
	if (!st)
		st = crypto_hmac(use->c, CRYPTO_SHA256, (struct bytes){ key, 32 }, &data, 1,
				 secret);
	BN_clear_free(bn);
	crypto_wipe(d, sizeof(d));
	crypto_wipe(key, sizeof(key));
	return st;
}

#define LENGTHS	128		/* none of them fits: once in 2^128 ciphertexts at worst */

/* A plain text that stands in for one that is not there, of @n bytes at the block's end. */
static uint32_t stand_in(const struct key_use *use, struct bytes data, uint8_t *block,
			 uint32_t *n)
{
	uint8_t secret[CRYPTO_HASH_MAX], raw[2 * LENGTHS];
	uint32_t most = (uint32_t)modulus_len(use->key) - PKCS1_OVERHEAD, mask = 1;
	uint32_t st = stand_in_secret(use, data, secret);

	*n = 0;
	if (!st)
		st = stream(use->c, secret, "message", block, modulus_len(use->key));
	if (!st)
		st = stream(use->c, secret, "length", raw, sizeof(raw));
	while (mask < most)
		mask = 2 * mask + 1;
	for (size_t i = 0; !st && i < LENGTHS; i++) {
		uint32_t len = ((uint32_t)raw[2 * i] << 8 | raw[2 * i + 1]) & mask;

		*n = choose(if_below(len, most + 1), len, *n);
	}
	crypto_wipe(secret, sizeof(secret));
	crypto_wipe(raw, sizeof(raw));
	return st;
}

/*
 * 00 02, at least eight bytes that are not zero, 00, the plain text: its first index, or that of
 * the stand-in, whose block takes the place of the wrong one.
 */
static uint32_t v15_begin(uint8_t *block, const uint8_t *other, uint32_t k, uint32_t n)
{
	uint32_t good = if_zero(block[0]) & if_zero(block[1] ^ 2u), found = 0, at = 0;

	for (uint32_t i = 2; i < k; i++) {
		uint32_t zero = if_zero(block[i]);

		at = choose(zero & ~found, i, at);
		found |= zero;
	}
	good &= found & ~if_below(at, PKCS1_OVERHEAD - 1);
	for (uint32_t i = 0; i < k; i++)
		block[i] = (uint8_t)choose(good, block[i], other[i]);
	return choose(good, at + 1, k - n);
}

/* Move the text from @begin to the front of @out, zeros behind it, in steps that are always
 * the same.
 */
static void v15_move(uint8_t *block, uint32_t k, uint32_t begin, uint8_t *out)
{
	uint32_t most = k - PKCS1_OVERHEAD, by = begin - PKCS1_OVERHEAD;

	for (uint32_t step = 1; step < k; step <<= 1) {
		uint32_t mask = ~if_zero(by & step);

		for (uint32_t i = PKCS1_OVERHEAD; i + step < k; i++)
			block[i] = (uint8_t)choose(mask, block[i + step], block[i]);
	}
	for (uint32_t i = 0; i < most; i++)
		out[i] = block[PKCS1_OVERHEAD + i] & (uint8_t)if_below(i, k - begin);
}

/*
 * Implicit rejection. A "bad padding" that can be told from a good one, by code, time or
 * length, decrypts any ciphertext for whoever may ask a million times (Bleichenbacher 1998).
 * So a block with a wrong padding is answered OK too, with a plain text whose bytes and length
 * come from the key and the ciphertext: the same each time, and of no use. Who must know
 * whether it was genuine uses OAEP. (OpenSSL does so itself from 3.2 on; ours is older.)
 */
static uint32_t v15_unpad(const struct key_use *use, struct bytes data, uint8_t *block,
			  uint8_t *out, size_t *len)
{
	uint32_t k = (uint32_t)modulus_len(use->key), n, begin;
	uint8_t other[MODULUS_MAX];
	uint32_t st = stand_in(use, data, other, &n);

	if (!st) {
		begin = v15_begin(block, other, k, n);
		v15_move(block, k, begin, out);
		*len = k - begin;
	}
	crypto_wipe(other, sizeof(other));
	return st;
}

/* v1.5 is taken off here, not by OpenSSL. */
static uint32_t decrypt_ready(const struct key_use *use, EVP_PKEY_CTX *ctx, size_t *most)
{
	uint32_t st = crypt_ready(use, ctx, most);

	if (!st && use->mechanism == COFFER_CKM_RSA_PKCS &&
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) != 1)
		st = COFFER_ST_DEVICE_ERROR;
	return st;
}

static uint32_t take_plain(const struct key_use *use, struct bytes data, uint8_t *plain,
			   size_t n, size_t most, uint8_t *out, size_t *len)
{
	if (use->mechanism == COFFER_CKM_RSA_PKCS)
		return v15_unpad(use, data, plain, out, len);
	memcpy(out, plain, n);
	crypto_wipe(out + n, most - n);
	*len = n;
	return COFFER_ST_OK;
}

/*
 * One code for every ciphertext that does not decrypt, after the same work: whoever sends
 * chosen ciphertexts learns "no" and nothing else (quality.md A2.4). Room is asked for before,
 * so that the length of a plain text does not show through BUFFER_TOO_SMALL either. With v1.5
 * only a number above the modulus, which all can see, is refused at all.
 */
uint32_t rsa_decrypt(const struct key_use *use, struct bytes data, uint8_t *out, size_t *len)
{
	size_t k = modulus_len(use->key), n = MODULUS_MAX, most = 0;
	uint8_t plain[MODULUS_MAX] = { 0 };
	EVP_PKEY_CTX *ctx;
	uint32_t st = COFFER_ST_DEVICE_ERROR;
	bool v15 = use->mechanism == COFFER_CKM_RSA_PKCS;

	if (data.len != k)
		return COFFER_ST_ENCRYPTED_DATA_LEN_RANGE;
	ctx = EVP_PKEY_CTX_new_from_pkey(use->c->lib, use->key->pkey, NULL);
	if (ctx && EVP_PKEY_decrypt_init(ctx) == 1)
		st = decrypt_ready(use, ctx, &most);
	if (!st && *len < most)
		st = COFFER_ST_BUFFER_TOO_SMALL;
	if (st)
		goto out;
	*len = 0;
	if (EVP_PKEY_decrypt(ctx, plain, &n, data.p, data.len) == 1 && (v15 ? n == k : n <= most))
		st = take_plain(use, data, plain, n, most, out, len);
	else
		st = COFFER_ST_ENCRYPTED_DATA_INVALID;
	if (st)
		crypto_wipe(out, most);
out:
	EVP_PKEY_CTX_free(ctx);
	crypto_wipe(plain, sizeof(plain));
	return st;
}
