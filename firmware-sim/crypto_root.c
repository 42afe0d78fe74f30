// SPDX-License-Identifier: BSD-3-Clause
/* The factory root's signatures over firmware images. See crypto.h. */
#include <string.h>

#include <openssl/err.h>

#include "crypto_cert.h"

#define DER_MAX		160	/* an ECDSA signature of P-521 */

static bool is_ec(const EVP_PKEY *key)
{
	return EVP_PKEY_is_a(key, "EC");
}

/* Bytes of a signature as it is kept: its length says nothing but which key made it. */
static size_t sig_len(const EVP_PKEY *key)
{
	if (is_ec(key))
		return 2 * (((size_t)EVP_PKEY_get_bits(key) + 7) / 8);
	return (size_t)EVP_PKEY_get_size(key);
}

/* Ed25519 hashes by itself. */
static const char *hash_of(const EVP_PKEY *key)
{
	return EVP_PKEY_is_a(key, "ED25519") ? NULL : "SHA2-256";
}

static bool sign(struct crypto *c, EVP_PKEY *key, struct bytes in, uint8_t *sig, size_t len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t der[DER_MAX];
	size_t n = is_ec(key) ? sizeof(der) : len;
	bool good = ctx &&
		    EVP_DigestSignInit_ex(ctx, NULL, hash_of(key), c->lib, NULL, key, NULL) == 1 &&
		    EVP_DigestSign(ctx, is_ec(key) ? der : sig, &n, in.p, in.len) == 1;

	if (good)
		good = is_ec(key) ? crypto_ecdsa_raw(der, n, sig, len / 2) : n == len;
	EVP_MD_CTX_free(ctx);
	return good;
}

uint32_t crypto_root_sign(struct crypto *c, struct bytes root_key_pem, struct bytes root_cert_pem,
			  struct bytes in, uint8_t *sig, size_t *len)
{
	EVP_PKEY *key = crypto_key_of_pem(c, root_key_pem);
	X509 *root = crypto_cert_of_pem(c, root_cert_pem);
	uint32_t st = COFFER_ST_CERTIFICATE_DATA_INVALID;
	size_t room = *len;

	*len = 0;
	if (!key || !root || !crypto_is_root(root) || X509_check_private_key(root, key) != 1)
		goto out;
	st = COFFER_ST_DEVICE_ERROR;
	if (sig_len(key) <= room && sign(c, key, in, sig, sig_len(key))) {
		*len = sig_len(key);
		st = COFFER_ST_OK;
	}
out:
	X509_free(root);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return st;
}

uint32_t crypto_root_sig_len(struct crypto *c, struct bytes root, size_t *len)
{
	X509 *x = crypto_cert_of_der(c, root);
	EVP_PKEY *key = x ? X509_get0_pubkey(x) : NULL;

	*len = key ? sig_len(key) : 0;
	X509_free(x);
	ERR_clear_error();
	return *len ? COFFER_ST_OK : COFFER_ST_CERTIFICATE_DATA_INVALID;
}

static bool verify(struct crypto *c, EVP_PKEY *key, struct bytes in, struct bytes sig)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t der[DER_MAX];
	bool good;

	if (is_ec(key)) {
		sig.len = crypto_ecdsa_der(sig.p, sig.len / 2, der, sizeof(der));
		sig.p = der;
	}
	good = ctx && sig.len &&
	       EVP_DigestVerifyInit_ex(ctx, NULL, hash_of(key), c->lib, NULL, key, NULL) == 1 &&
	       EVP_DigestVerify(ctx, sig.p, sig.len, in.p, in.len) == 1;
	EVP_MD_CTX_free(ctx);
	return good;
}

uint32_t crypto_root_verify(struct crypto *c, struct bytes root, struct bytes in,
			    struct bytes sig)
{
	X509 *x = crypto_cert_of_der(c, root);
	EVP_PKEY *key = x && crypto_is_root(x) ? X509_get0_pubkey(x) : NULL;
	uint32_t st = COFFER_ST_CERTIFICATE_DATA_INVALID;

	if (key && sig.len != sig_len(key))
		st = COFFER_ST_SIGNATURE_LEN_RANGE;
	else if (key)
		st = verify(c, key, in, sig) ? COFFER_ST_OK : COFFER_ST_SIGNATURE_INVALID;
	X509_free(x);
	ERR_clear_error();
	return st;
}
