// SPDX-License-Identifier: BSD-3-Clause
/* What the card's own certified keys do: sign offers, unwrap what was sealed to the card. */
#include <string.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "crypto_cert.h"

#define HALF	(CRYPTO_DEVICE_SIG / 2)
#define SIG_DER_MAX	80

bool crypto_ecdsa_raw(const uint8_t *der, size_t der_len, uint8_t *raw, size_t half)
{
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)der_len);
	bool good = sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, (int)half) == (int)half &&
		    BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + half, (int)half) == (int)half;

	ECDSA_SIG_free(sig);
	return good;
}

size_t crypto_ecdsa_der(const uint8_t *raw, size_t half, uint8_t *der, size_t room)
{
	BIGNUM *r = BN_bin2bn(raw, (int)half, NULL);
	BIGNUM *s = BN_bin2bn(raw + half, (int)half, NULL);
	ECDSA_SIG *sig = ECDSA_SIG_new();
	int len = -1;

	if (sig && r && s && ECDSA_SIG_set0(sig, r, s) == 1) {
		r = NULL;		/* sig has them now */
		s = NULL;
		len = i2d_ECDSA_SIG(sig, NULL);
		if (len > 0 && (size_t)len <= room)
			len = i2d_ECDSA_SIG(sig, &der);
		else
			len = -1;
	}
	ECDSA_SIG_free(sig);
	BN_free(r);
	BN_free(s);
	return len > 0 ? (size_t)len : 0;
}

uint32_t crypto_device_sign(struct crypto *c, const struct crypto_der *key,
			    const struct bytes *in, size_t count, uint8_t sig[CRYPTO_DEVICE_SIG])
{
	uint8_t hash[CRYPTO_HASH_MAX], der[SIG_DER_MAX];
	size_t len = sizeof(der);
	EVP_PKEY *pkey = crypto_pkey_of_der(c, key);
	EVP_PKEY_CTX *ctx = pkey ? EVP_PKEY_CTX_new_from_pkey(c->lib, pkey, NULL) : NULL;
	bool good = ctx && EVP_PKEY_is_a(pkey, "EC") &&
		    !crypto_digest_v(c, CRYPTO_SHA256, in, count, hash) &&
		    EVP_PKEY_sign_init(ctx) == 1 &&
		    EVP_PKEY_sign(ctx, der, &len, hash, 32) == 1 &&
		    crypto_ecdsa_raw(der, len, sig, HALF);

	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	if (!good)
		crypto_wipe(sig, CRYPTO_DEVICE_SIG);
	ERR_clear_error();
	return good ? COFFER_ST_OK : COFFER_ST_DEVICE_ERROR;
}

uint32_t crypto_device_verify(struct crypto *c, struct bytes cert, const struct bytes *in,
			      size_t count, struct bytes sig)
{
	uint8_t hash[CRYPTO_HASH_MAX], der[SIG_DER_MAX];
	X509 *x = crypto_cert_of_der(c, cert);
	EVP_PKEY *pkey = x ? X509_get0_pubkey(x) : NULL;
	EVP_PKEY_CTX *ctx = NULL;
	uint32_t st = COFFER_ST_CERTIFICATE_DATA_INVALID;
	size_t len;

	if (!pkey || !EVP_PKEY_is_a(pkey, "EC"))
		goto out;
	st = COFFER_ST_SIGNATURE_LEN_RANGE;
	if (sig.len != CRYPTO_DEVICE_SIG)
		goto out;
	st = COFFER_ST_SIGNATURE_INVALID;
	len = crypto_ecdsa_der(sig.p, HALF, der, sizeof(der));
	ctx = EVP_PKEY_CTX_new_from_pkey(c->lib, pkey, NULL);
	if (len && ctx && !crypto_digest_v(c, CRYPTO_SHA256, in, count, hash) &&
	    EVP_PKEY_verify_init(ctx) == 1 && EVP_PKEY_verify(ctx, der, len, hash, 32) == 1)
		st = COFFER_ST_OK;
out:
	EVP_PKEY_CTX_free(ctx);
	X509_free(x);
	ERR_clear_error();
	return st;
}

static bool set_oaep(EVP_PKEY_CTX *ctx, struct bytes label)
{
	static char digest[] = "SHA2-256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, digest, 0),
		OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, digest, 0),
		OSSL_PARAM_construct_octet_string(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL,
						  (void *)label.p, label.len),
		OSSL_PARAM_construct_end(),
	};

	if (!label.len)
		params[2] = OSSL_PARAM_construct_end();
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_params(ctx, params) == 1;
}

uint32_t crypto_rsa_seal(struct crypto *c, struct bytes cert, struct bytes label,
			 struct bytes plain, uint8_t *out, size_t *len)
{
	X509 *x = crypto_cert_of_der(c, cert);
	EVP_PKEY *pkey = x ? X509_get0_pubkey(x) : NULL;
	EVP_PKEY_CTX *ctx = NULL;
	uint32_t st = COFFER_ST_CERTIFICATE_DATA_INVALID;
	size_t room = *len, n = room;

	*len = 0;
	if (!pkey || !EVP_PKEY_is_a(pkey, "RSA"))
		goto out;
	st = COFFER_ST_BUFFER_TOO_SMALL;
	if (room < (size_t)EVP_PKEY_get_size(pkey))
		goto out;
	st = COFFER_ST_WRAPPING_ERROR;
	ctx = EVP_PKEY_CTX_new_from_pkey(c->lib, pkey, NULL);
	if (ctx && EVP_PKEY_encrypt_init(ctx) == 1 && set_oaep(ctx, label) &&
	    EVP_PKEY_encrypt(ctx, out, &n, plain.p, plain.len) == 1) {
		*len = n;
		st = COFFER_ST_OK;
	}
out:
	EVP_PKEY_CTX_free(ctx);
	X509_free(x);
	ERR_clear_error();
	return st;
}

/* One code, UNWRAPPING_ERROR, for everything that is wrong with @sealed or @label. */
uint32_t crypto_rsa_open(struct crypto *c, const struct crypto_der *key, struct bytes label,
			 struct bytes sealed, uint8_t *out, size_t *len)
{
	uint8_t plain[CRYPTO_DER_MAX];
	EVP_PKEY *pkey = crypto_pkey_of_der(c, key);
	EVP_PKEY_CTX *ctx = pkey ? EVP_PKEY_CTX_new_from_pkey(c->lib, pkey, NULL) : NULL;
	uint32_t st = COFFER_ST_UNWRAPPING_ERROR;
	size_t room = *len, n = sizeof(plain);

	*len = 0;
	if (!ctx || !EVP_PKEY_is_a(pkey, "RSA") ||
	    sealed.len != (size_t)EVP_PKEY_get_size(pkey) ||
	    EVP_PKEY_decrypt_init(ctx) != 1 || !set_oaep(ctx, label) ||
	    EVP_PKEY_decrypt(ctx, plain, &n, sealed.p, sealed.len) != 1)
		goto out;
	st = COFFER_ST_BUFFER_TOO_SMALL;
	if (n > room)
		goto out;
	memcpy(out, plain, n);
	*len = n;
	st = COFFER_ST_OK;
out:
	crypto_wipe(plain, sizeof(plain));
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	ERR_clear_error();
	return st;
}
