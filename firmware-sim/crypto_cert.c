// SPDX-License-Identifier: BSD-3-Clause
/* Device keys and their certificates under a factory root. See crypto.h. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "crypto_cert.h"

#define LIFE_DAYS	(30 * 365 + 7)
#define NAME_PREFIX	"coffer "
#define SERIAL_DIGITS	20		/* most that a u64 has */
#define WRAP_BITS	3072
#define SECURITY_BITS	112		/* least strength of a certificate's signature */

static uint32_t finish(bool good, uint32_t bad)
{
	ERR_clear_error();
	return good ? COFFER_ST_OK : bad;
}

/* ---- Encodings ------------------------------------------------------------------------- */

static bool der_of_key(EVP_PKEY *pkey, struct crypto_der *der)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(pkey);
	unsigned char *out = der->p;
	int len = info ? i2d_PKCS8_PRIV_KEY_INFO(info, NULL) : -1;
	bool good = len > 0 && len <= CRYPTO_DER_MAX &&
		    i2d_PKCS8_PRIV_KEY_INFO(info, &out) == len;

	der->len = good ? (size_t)len : 0;
	PKCS8_PRIV_KEY_INFO_free(info);		/* wipes */
	return good;
}

EVP_PKEY *crypto_pkey_of_der(struct crypto *c, const struct crypto_der *der)
{
	const unsigned char *at = der->p;
	PKCS8_PRIV_KEY_INFO *info;
	EVP_PKEY *pkey = NULL;

	if (der->len > CRYPTO_DER_MAX)
		return NULL;
	info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)der->len);
	if (info && at == der->p + der->len)
		pkey = EVP_PKCS82PKEY_ex(info, c->lib, NULL);
	PKCS8_PRIV_KEY_INFO_free(info);
	return pkey;
}

static bool der_of_cert(X509 *x, struct crypto_der *der)
{
	unsigned char *out = der->p;
	int len = i2d_X509(x, NULL);
	bool good = len > 0 && len <= CRYPTO_DER_MAX && i2d_X509(x, &out) == len;

	der->len = good ? (size_t)len : 0;
	return good;
}

/*
 * Exactly one certificate, in the one encoding that we would write ourselves: what is not
 * covered by its signature cannot be changed either.
 */
X509 *crypto_cert_of_der(struct crypto *c, struct bytes der)
{
	const unsigned char *at = der.p;
	struct crypto_der *again = NULL;
	X509 *x;

	if (!der.p || !der.len || der.len > CRYPTO_DER_MAX)
		return NULL;
	x = X509_new_ex(c->lib, NULL);
	if (!x || !d2i_X509(&x, &at, (long)der.len)) {
		X509_free(x);
		return NULL;
	}
	again = malloc(sizeof(*again));
	if (!again || at != der.p + der.len || !der_of_cert(x, again) ||
	    again->len != der.len || memcmp(again->p, der.p, der.len)) {
		X509_free(x);
		x = NULL;
	}
	free(again);
	return x;
}

X509 *crypto_cert_of_pem(struct crypto *c, struct bytes pem)
{
	BIO *bio = pem.len <= INT_MAX ? BIO_new_mem_buf(pem.p, (int)pem.len) : NULL;
	X509 *x = X509_new_ex(c->lib, NULL);

	if (!bio || !x || !PEM_read_bio_X509(bio, &x, NULL, NULL)) {
		X509_free(x);
		x = NULL;
	}
	BIO_free(bio);
	return x;
}

/* A pass phrase would have to be asked from a terminal: there is none in a factory. */
static int no_pass_phrase(char *buf, int size, int writing, void *opaque)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)opaque;
	return -1;
}

EVP_PKEY *crypto_key_of_pem(struct crypto *c, struct bytes pem)
{
	BIO *bio = pem.len <= INT_MAX ? BIO_new_mem_buf(pem.p, (int)pem.len) : NULL;
	EVP_PKEY *pkey = NULL;

	if (bio)
		pkey = PEM_read_bio_PrivateKey_ex(bio, NULL, no_pass_phrase, NULL, c->lib, NULL);
	BIO_free(bio);
	return pkey;
}

/* ---- Manufacture ----------------------------------------------------------------------- */

uint32_t crypto_device_key(struct crypto *c, enum crypto_device_key kind,
			   struct crypto_der *private_key)
{
	EVP_PKEY *pkey = NULL;
	bool good;

	private_key->len = 0;
	if (kind == CRYPTO_DEVICE_P256)
		pkey = EVP_PKEY_Q_keygen(c->lib, NULL, "EC", "P-256");
	else if (kind == CRYPTO_DEVICE_RSA3072)
		pkey = EVP_PKEY_Q_keygen(c->lib, NULL, "RSA", (size_t)WRAP_BITS);
	good = pkey && der_of_key(pkey, private_key);
	if (!good)
		crypto_wipe(private_key, sizeof(*private_key));
	EVP_PKEY_free(pkey);
	return finish(good, COFFER_ST_DEVICE_ERROR);
}

static bool add_name(X509_NAME *name, const char *field, const char *text)
{
	return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
					  (const unsigned char *)text, -1, -1, 0) == 1;
}

static bool add_ext(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	bool good = ext && X509_add_ext(x, ext, -1) == 1;

	X509_EXTENSION_free(ext);
	return good;
}

static bool set_number(struct crypto *c, X509 *x)
{
	uint8_t number[16];
	BIGNUM *bn = NULL;
	bool good = crypto_random(c, number, sizeof(number)) == COFFER_ST_OK;

	number[0] = (number[0] & 0x7f) | 0x40;		/* positive, of one length */
	good = good && (bn = BN_bin2bn(number, sizeof(number), NULL)) &&
	       BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(x));
	BN_free(bn);
	return good;
}

static bool fill_cert(struct crypto *c, X509 *x, X509 *root, EVP_PKEY *subject,
		      const char *use, uint64_t serial)
{
	char cn[sizeof(NAME_PREFIX) + SERIAL_DIGITS];
	X509_NAME *name = X509_get_subject_name(x);
	bool wrap = !strcmp(use, CRYPTO_CERT_WRAP);

	snprintf(cn, sizeof(cn), NAME_PREFIX "%llu", (unsigned long long)serial);
	return X509_set_version(x, X509_VERSION_3) == 1 && set_number(c, x) &&
	       X509_set_issuer_name(x, X509_get_subject_name(root)) == 1 &&
	       add_name(name, "CN", cn) && add_name(name, "OU", use) &&
	       /* A day back, because clocks of factory and user differ. */
	       X509_gmtime_adj(X509_getm_notBefore(x), -24 * 3600L) &&
	       X509_time_adj_ex(X509_getm_notAfter(x), LIFE_DAYS, 0, NULL) &&
	       X509_set_pubkey(x, subject) == 1 &&
	       add_ext(x, NID_basic_constraints, "critical,CA:FALSE") &&
	       add_ext(x, NID_key_usage,
		       wrap ? "critical,keyEncipherment" : "critical,digitalSignature");
}

bool crypto_is_root(X509 *root)
{
	EVP_PKEY *key = X509_get0_pubkey(root);

	return key && X509_check_ca(root) == 1 && X509_self_signed(root, 1) == 1;
}

uint32_t crypto_certify(struct crypto *c, struct bytes root_key_pem, struct bytes root_cert_pem,
			const struct crypto_der *key, const char *use, uint64_t serial,
			struct crypto_der *cert)
{
	EVP_PKEY *root_key = crypto_key_of_pem(c, root_key_pem);
	X509 *root = crypto_cert_of_pem(c, root_cert_pem);
	EVP_PKEY *subject = crypto_pkey_of_der(c, key);
	X509 *x = X509_new_ex(c->lib, NULL);
	uint32_t st = COFFER_ST_CERTIFICATE_DATA_INVALID;
	bool good;

	cert->len = 0;
	if (!root_key || !root || !crypto_is_root(root) ||
	    X509_check_private_key(root, root_key) != 1)
		goto out;
	st = COFFER_ST_DEVICE_ERROR;
	good = subject && x && fill_cert(c, x, root, subject, use, serial);
	/* Ed25519 roots sign without a separate hash. */
	if (good && X509_sign(x, root_key, EVP_PKEY_is_a(root_key, "ED25519") ?
			      NULL : c->md[CRYPTO_SHA256]) > 0 && der_of_cert(x, cert))
		st = COFFER_ST_OK;
out:
	X509_free(x);
	EVP_PKEY_free(subject);
	X509_free(root);
	EVP_PKEY_free(root_key);
	ERR_clear_error();
	return st;
}

uint32_t crypto_root_der(struct crypto *c, struct bytes root_cert_pem, struct crypto_der *cert)
{
	X509 *root = crypto_cert_of_pem(c, root_cert_pem);
	bool good = root && crypto_is_root(root) && der_of_cert(root, cert);

	if (!good)
		cert->len = 0;
	X509_free(root);
	return finish(good, COFFER_ST_CERTIFICATE_DATA_INVALID);
}

/* ---- Checking -------------------------------------------------------------------------- */

/* The only value of a name's field, as text without a NUL inside. */
static bool get_name(X509 *x, int nid, char *text, size_t room)
{
	X509_NAME *name = X509_get_subject_name(x);
	int at = X509_NAME_get_index_by_NID(name, nid, -1);
	ASN1_STRING *value;
	int len;

	if (at < 0 || X509_NAME_get_index_by_NID(name, nid, at) >= 0)
		return false;
	value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
	len = ASN1_STRING_length(value);
	if (len <= 0 || (size_t)len >= room || memchr(ASN1_STRING_get0_data(value), 0, len))
		return false;
	memcpy(text, ASN1_STRING_get0_data(value), len);
	text[len] = 0;
	return true;
}

/* "coffer 1234567", with no other way to write the same number. */
static bool get_serial(X509 *x, uint64_t *serial)
{
	char cn[sizeof(NAME_PREFIX) + SERIAL_DIGITS + 1];
	char again[sizeof(cn)];

	if (!get_name(x, NID_commonName, cn, sizeof(cn)) ||
	    strncmp(cn, NAME_PREFIX, sizeof(NAME_PREFIX) - 1))
		return false;
	*serial = strtoull(cn + sizeof(NAME_PREFIX) - 1, NULL, 10);
	snprintf(again, sizeof(again), NAME_PREFIX "%llu", (unsigned long long)*serial);
	return !strcmp(cn, again);
}

/* The key is of the kind that this use has, so that no certificate stands in for another. */
static bool right_key(X509 *x, const char *use)
{
	EVP_PKEY *key = X509_get0_pubkey(x);
	uint32_t usage = X509_get_key_usage(x);
	char group[16];

	if (!key)
		return false;
	if (!strcmp(use, CRYPTO_CERT_WRAP))
		return EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) == WRAP_BITS &&
		       usage == KU_KEY_ENCIPHERMENT;
	return EVP_PKEY_is_a(key, "EC") && usage == KU_DIGITAL_SIGNATURE &&
	       EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1 &&
	       !strcmp(group, "prime256v1");
}

static bool issued_by(X509 *x, X509 *root)
{
	int strength = 0;

	return X509_check_ca(x) == 0 &&
	       !X509_NAME_cmp(X509_get_issuer_name(x), X509_get_subject_name(root)) &&
	       X509_get_signature_info(x, NULL, NULL, &strength, NULL) == 1 &&
	       strength >= SECURITY_BITS && X509_verify(x, X509_get0_pubkey(root)) == 1;
}

static bool in_force(X509 *x, uint64_t now_ms)
{
	time_t now = (time_t)(now_ms / 1000);

	return X509_cmp_time(X509_get0_notBefore(x), &now) < 0 &&
	       X509_cmp_time(X509_get0_notAfter(x), &now) > 0;
}

/* Also COFFER_ST_CERTIFICATE_EXPIRED, when only the dates are wrong. */
uint32_t crypto_cert_check(struct crypto *c, struct bytes root, struct bytes cert,
			   const char *use, uint64_t now_ms, uint64_t *serial)
{
	X509 *r = crypto_cert_of_der(c, root);
	X509 *x = crypto_cert_of_der(c, cert);
	char ou[16];
	uint64_t number = 0;
	uint32_t st = COFFER_ST_CERTIFICATE_DATA_INVALID;

	*serial = 0;
	if (r && x && crypto_is_root(r) && issued_by(x, r) &&
	    get_name(x, NID_organizationalUnitName, ou, sizeof(ou)) && !strcmp(ou, use) &&
	    right_key(x, use) && get_serial(x, &number))
		st = !now_ms || in_force(x, now_ms) ? COFFER_ST_OK :
						      COFFER_ST_CERTIFICATE_EXPIRED;
	if (!st)
		*serial = number;
	X509_free(x);
	X509_free(r);
	ERR_clear_error();
	return st;
}
