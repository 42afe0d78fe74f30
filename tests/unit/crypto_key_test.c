// SPDX-License-Identifier: BSD-3-Clause
/* Keys from attributes, generation, the card's own keys and certificates, key agreement. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "crypto_internal.h"
#include "hw/coffer_status.h"

#define B(p, n)		((struct bytes){ (const uint8_t *)(p), (n) })
#define NONE		((struct bytes){ NULL, 0 })
#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define ST(name)	((uint32_t)COFFER_ST_##name)
#define SERIAL		7654321

static const uint8_t p256_oid[] = { 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7 };
static const uint8_t p384_oid[] = { 6, 5, 0x2b, 0x81, 4, 0, 0x22 };
static const uint8_t p521_oid[] = { 6, 5, 0x2b, 0x81, 4, 0, 0x23 };
static const uint8_t ed_oid[] = { 6, 3, 0x2b, 0x65, 0x70 };

struct pair {
	struct attrs public, private;
	struct crypto_key *pub;
};

enum { RSA_2048, P256, P384, P521, ED, PAIRS };

static struct crypto *crypto;
static struct pair pairs[PAIRS];
static struct crypto_der device, wrap, device_cert, wrap_cert, root;

static void make_pair(struct pair *p, uint32_t mechanism, const uint8_t *params, size_t len)
{
	if (params)
		attrs_set(&p->public, COFFER_CKA_EC_PARAMS, params, len);
	else
		attrs_set_ulong(&p->public, COFFER_CKA_MODULUS_BITS, 2048);
	assert_int_equal(crypto_generate_pair(crypto, mechanism, &p->public, &p->private, NULL),
			 0);
	assert_int_equal(crypto_key_load(crypto, &p->public, &p->pub), 0);
}

static struct bytes text(const char *s)
{
	return B(s, strlen(s));
}

static struct bytes der(const struct crypto_der *d)
{
	return B(d->p, d->len);
}

static uint32_t certify(const struct crypto_der *key, const char *use, struct crypto_der *cert)
{
	return crypto_certify(crypto, text(crypto_test_root_key), text(crypto_test_root_cert),
			      key, use, SERIAL, cert);
}

static int begin(void **state)
{
	(void)state;
	if (crypto_open(&crypto))
		return -1;
	make_pair(&pairs[RSA_2048], COFFER_CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0);
	make_pair(&pairs[P256], COFFER_CKM_EC_KEY_PAIR_GEN, p256_oid, sizeof(p256_oid));
	make_pair(&pairs[P384], COFFER_CKM_EC_KEY_PAIR_GEN, p384_oid, sizeof(p384_oid));
	make_pair(&pairs[P521], COFFER_CKM_EC_KEY_PAIR_GEN, p521_oid, sizeof(p521_oid));
	make_pair(&pairs[ED], COFFER_CKM_EC_EDWARDS_KEY_PAIR_GEN, ed_oid, sizeof(ed_oid));
	if (crypto_device_key(crypto, CRYPTO_DEVICE_P256, &device) ||
	    crypto_device_key(crypto, CRYPTO_DEVICE_RSA3072, &wrap))
		return -1;
	return crypto_root_der(crypto, text(crypto_test_root_cert), &root) ||
	       certify(&device, CRYPTO_CERT_DEVICE, &device_cert) ||
	       certify(&wrap, CRYPTO_CERT_WRAP, &wrap_cert) ? -1 : 0;
}

static int end(void **state)
{
	(void)state;
	for (size_t i = 0; i < PAIRS; i++) {
		attrs_free(&pairs[i].public);
		attrs_free(&pairs[i].private);
		crypto_key_put(pairs[i].pub);
	}
	crypto_close(crypto);
	return 0;
}

static void signs(struct crypto_key *priv, struct crypto_key *pub)
{
	uint8_t sig[512];
	size_t len = sizeof(sig);

	assert_int_equal(crypto_sign(crypto, priv, COFFER_CKM_SHA256_RSA_PKCS, NONE,
				     text("message"), sig, &len), 0);
	assert_int_equal(crypto_verify(crypto, pub, COFFER_CKM_SHA256_RSA_PKCS, NONE,
				       text("message"), B(sig, len)), 0);
}

/* ---- Loading and generating ------------------------------------------------------------ */

/* Any one changed number of a private key is noticed before the key is used. */
static void test_rsa_load_checks(void **state)
{
	const uint32_t parts[] = { COFFER_CKA_MODULUS, COFFER_CKA_PUBLIC_EXPONENT,
				   COFFER_CKA_PRIVATE_EXPONENT, COFFER_CKA_PRIME_1,
				   COFFER_CKA_PRIME_2, COFFER_CKA_EXPONENT_1,
				   COFFER_CKA_EXPONENT_2, COFFER_CKA_COEFFICIENT };
	struct crypto_key *key;
	struct attrs set;

	(void)state;
	for (size_t i = 0; i < COUNT(parts); i++) {
		attrs_copy(&set, &pairs[RSA_2048].private);
		attrs_get(&set, parts[i])->value[1] ^= 4;
		assert_int_equal(crypto_key_load(crypto, &set, &key),
				 ST(ATTRIBUTE_VALUE_INVALID));
		assert_null(key);
		attrs_free(&set);
	}
	/* The five numbers of the Chinese remainder may be left out. */
	attrs_copy(&set, &pairs[RSA_2048].private);
	for (size_t i = COUNT(parts); i-- > 3;)
		attrs_remove(&set, parts[i]);
	assert_int_equal(crypto_key_load(crypto, &set, &key), 0);
	signs(key, pairs[RSA_2048].pub);
	crypto_key_put(key);
	attrs_get(&set, COFFER_CKA_PRIVATE_EXPONENT)->value[9] ^= 4;
	assert_int_equal(crypto_key_load(crypto, &set, &key), ST(ATTRIBUTE_VALUE_INVALID));
	attrs_remove(&set, COFFER_CKA_PRIVATE_EXPONENT);
	assert_int_equal(crypto_key_load(crypto, &set, &key), ST(TEMPLATE_INCOMPLETE));
	attrs_free(&set);
}

static void test_ec_load_checks(void **state)
{
	struct crypto_key *key;
	struct attrs set;

	(void)state;
	for (size_t k = P256; k <= P521; k++) {
		const struct attr *point = attrs_get(&pairs[k].public, COFFER_CKA_EC_POINT);

		for (uint32_t i = 0; i < point->len; i++) {
			attrs_copy(&set, &pairs[k].public);
			attrs_get(&set, COFFER_CKA_EC_POINT)->value[i] ^= 1;
			assert_int_equal(crypto_key_load(crypto, &set, &key),
					 ST(ATTRIBUTE_VALUE_INVALID));
			attrs_free(&set);
		}
		attrs_copy(&set, &pairs[k].private);
		memset(attrs_get(&set, COFFER_CKA_VALUE)->value, 0xff,
		       attrs_get(&set, COFFER_CKA_VALUE)->len);
		assert_int_equal(crypto_key_load(crypto, &set, &key),
				 ST(ATTRIBUTE_VALUE_INVALID));
		memset(attrs_get(&set, COFFER_CKA_VALUE)->value, 0,
		       attrs_get(&set, COFFER_CKA_VALUE)->len);
		assert_int_equal(crypto_key_load(crypto, &set, &key),
				 ST(ATTRIBUTE_VALUE_INVALID));
		attrs_remove(&set, COFFER_CKA_VALUE);
		assert_int_equal(crypto_key_load(crypto, &set, &key), ST(TEMPLATE_INCOMPLETE));
		attrs_set(&set, COFFER_CKA_EC_PARAMS, "\x06\x01\x2a", 3);
		assert_int_equal(crypto_key_load(crypto, &set, &key),
				 ST(ATTRIBUTE_VALUE_INVALID));
		attrs_free(&set);
	}
}

static void test_secret_load_checks(void **state)
{
	struct crypto_key *key;
	struct attrs set;
	uint8_t value[4097] = { 1 };

	(void)state;
	attrs_init(&set);
	attrs_set_ulong(&set, COFFER_CKA_CLASS, COFFER_CKO_SECRET_KEY);
	attrs_set_ulong(&set, COFFER_CKA_KEY_TYPE, COFFER_CKK_AES);
	assert_int_equal(crypto_key_load(crypto, &set, &key), ST(TEMPLATE_INCOMPLETE));
	for (size_t len = 0; len < 40; len++) {
		attrs_set(&set, COFFER_CKA_VALUE, value, len);
		assert_int_equal(crypto_key_load(crypto, &set, &key),
				 len == 16 || len == 24 || len == 32 ? 0 : ST(KEY_SIZE_RANGE));
		crypto_key_put(key);
	}
	attrs_set_ulong(&set, COFFER_CKA_KEY_TYPE, COFFER_CKK_GENERIC_SECRET);
	attrs_set(&set, COFFER_CKA_VALUE, value, 4097);
	assert_int_equal(crypto_key_load(crypto, &set, &key), ST(KEY_SIZE_RANGE));
	attrs_set_ulong(&set, COFFER_CKA_KEY_TYPE, COFFER_CKK_DES3);
	assert_int_equal(crypto_key_load(crypto, &set, &key), ST(KEY_TYPE_INCONSISTENT));
	attrs_set_ulong(&set, COFFER_CKA_CLASS, COFFER_CKO_DATA);
	assert_int_equal(crypto_key_load(crypto, &set, &key), ST(KEY_TYPE_INCONSISTENT));
	attrs_free(&set);
}

static uint32_t try_rsa(uint64_t bits, const void *e, size_t e_len, const atomic_int *cancelled)
{
	struct attrs public, private;
	uint32_t st;

	attrs_init(&public);
	attrs_init(&private);
	if (bits)
		attrs_set_ulong(&public, COFFER_CKA_MODULUS_BITS, bits);
	if (e)
		attrs_set(&public, COFFER_CKA_PUBLIC_EXPONENT, e, e_len);
	st = crypto_generate_pair(crypto, COFFER_CKM_RSA_PKCS_KEY_PAIR_GEN, &public, &private,
				  cancelled);
	attrs_free(&public);
	attrs_free(&private);
	return st;
}

static void test_generate_refusals(void **state)
{
	struct attrs public, private;
	atomic_int cancelled = 1;

	(void)state;
	assert_int_equal(try_rsa(0, NULL, 0, NULL), ST(TEMPLATE_INCOMPLETE));
	assert_int_equal(try_rsa(768, NULL, 0, NULL), ST(KEY_SIZE_RANGE));
	assert_int_equal(try_rsa(2049, NULL, 0, NULL), ST(KEY_SIZE_RANGE));
	assert_int_equal(try_rsa(8192, NULL, 0, NULL), ST(KEY_SIZE_RANGE));
	assert_int_equal(try_rsa(2048, "\x02", 1, NULL), ST(ATTRIBUTE_VALUE_INVALID));
	assert_int_equal(try_rsa(2048, "\x01", 1, NULL), ST(ATTRIBUTE_VALUE_INVALID));
	assert_int_equal(try_rsa(2048, "", 0, NULL), ST(ATTRIBUTE_VALUE_INVALID));
	assert_int_equal(try_rsa(2048, "\x01\0\0\0\0\0\0\0\x01", 9, NULL),
			 ST(ATTRIBUTE_VALUE_INVALID));
	assert_int_equal(try_rsa(4096, NULL, 0, &cancelled), ST(CANCEL));
	attrs_init(&public);
	attrs_init(&private);
	assert_int_equal(crypto_generate_pair(crypto, COFFER_CKM_EC_KEY_PAIR_GEN, &public,
					      &private, NULL), ST(TEMPLATE_INCOMPLETE));
	attrs_set(&public, COFFER_CKA_EC_PARAMS, ed_oid, sizeof(ed_oid));
	assert_int_equal(crypto_generate_pair(crypto, COFFER_CKM_EC_KEY_PAIR_GEN, &public,
					      &private, NULL), ST(ATTRIBUTE_VALUE_INVALID));
	assert_int_equal(crypto_generate_pair(crypto, COFFER_CKM_AES_KEY_GEN, &public, &private,
					      NULL), ST(MECHANISM_INVALID));
	assert_int_equal(crypto_generate_secret(crypto, COFFER_CKM_AES_KEY_GEN, &public),
			 ST(TEMPLATE_INCOMPLETE));
	attrs_set_ulong(&public, COFFER_CKA_VALUE_LEN, 17);
	assert_int_equal(crypto_generate_secret(crypto, COFFER_CKM_AES_KEY_GEN, &public),
			 ST(KEY_SIZE_RANGE));
	assert_int_equal(crypto_generate_secret(crypto, COFFER_CKM_EC_KEY_PAIR_GEN, &public),
			 ST(MECHANISM_INVALID));
	attrs_free(&public);
	attrs_free(&private);
}

/* The private key says the same public key as the public one, in the form that others read. */
static void test_public_info(void **state)
{
	(void)state;
	for (size_t i = 0; i < PAIRS; i++) {
		uint8_t *a, *b;
		size_t a_len, b_len;

		assert_int_equal(crypto_public_info(crypto, &pairs[i].public, &a, &a_len), 0);
		assert_int_equal(crypto_public_info(crypto, &pairs[i].private, &b, &b_len), 0);
		assert_int_equal(a_len, b_len);
		assert_memory_equal(a, b, a_len);
		free(a);
		free(b);
	}
}

/* ---- The card's own keys --------------------------------------------------------------- */

static uint32_t check(const struct crypto_der *cert, const char *use, uint64_t now)
{
	uint64_t serial = 1;
	uint32_t st = crypto_cert_check(crypto, der(&root), der(cert), use, now, &serial);

	assert_true(serial == (st ? 0 : SERIAL));
	return st;
}

static void test_certificates(void **state)
{
	uint64_t now = 1000 * (uint64_t)time(NULL), year = 365 * 86400000ull;

	(void)state;
	assert_int_equal(check(&device_cert, CRYPTO_CERT_DEVICE, now), 0);
	assert_int_equal(check(&wrap_cert, CRYPTO_CERT_WRAP, 0), 0);
	/* One use is not the other, whatever key is in it. */
	assert_int_equal(check(&device_cert, CRYPTO_CERT_WRAP, 0), ST(CERTIFICATE_DATA_INVALID));
	assert_int_equal(check(&wrap_cert, CRYPTO_CERT_DEVICE, 0), ST(CERTIFICATE_DATA_INVALID));
	assert_int_equal(check(&root, CRYPTO_CERT_DEVICE, 0), ST(CERTIFICATE_DATA_INVALID));
	assert_int_equal(check(&device_cert, CRYPTO_CERT_DEVICE, now - year),
			 ST(CERTIFICATE_EXPIRED));
	assert_int_equal(check(&device_cert, CRYPTO_CERT_DEVICE, now + 31 * year),
			 ST(CERTIFICATE_EXPIRED));
	assert_int_equal(check(&device_cert, CRYPTO_CERT_DEVICE, now + 29 * year), 0);
}

static void test_certificate_flips(void **state)
{
	struct crypto_der cert = device_cert;
	uint64_t serial;

	(void)state;
	for (size_t bit = 0; bit < 8 * cert.len; bit++) {
		cert.p[bit / 8] ^= 1 << bit % 8;
		assert_int_equal(check(&cert, CRYPTO_CERT_DEVICE, 0),
				 ST(CERTIFICATE_DATA_INVALID));
		cert.p[bit / 8] ^= 1 << bit % 8;
	}
	for (size_t len = 0; len < cert.len; len++)
		assert_int_equal(crypto_cert_check(crypto, der(&root), B(cert.p, len),
						   CRYPTO_CERT_DEVICE, 0, &serial),
				 ST(CERTIFICATE_DATA_INVALID));
	cert.p[cert.len++] = 0;
	assert_int_equal(check(&cert, CRYPTO_CERT_DEVICE, 0), ST(CERTIFICATE_DATA_INVALID));
	/* The same certificate with the length of its outermost sequence in three bytes. */
	assert_int_equal(device_cert.p[1], 0x82);
	memmove(cert.p + 3, device_cert.p + 2, device_cert.len - 2);
	cert.p[1] = 0x83;
	cert.p[2] = 0;
	cert.len = device_cert.len + 1;
	assert_int_equal(check(&cert, CRYPTO_CERT_DEVICE, 0), ST(CERTIFICATE_DATA_INVALID));
}

/* A root that everybody can make, with the very same name, certifies nothing. */
static void test_other_root(void **state)
{
	static const char other_key[] =
		"-----BEGIN PRIVATE KEY-----\n"
		"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQglKw6MlfZuJR2ZMaf\n"
		"kEFO1FvqXYjXouKfmnoIKa1aQrmhRANCAATvP6zEW+WQvtrJXMuv8Xy1aqlvHb99\n"
		"Z8zP4/9vwIyT3VVUrjPpszJEqVAM9yyTyHe80x55YTUtoqoNNSh6wC8n\n"
		"-----END PRIVATE KEY-----\n";
	static const char other_cert[] =
		"-----BEGIN CERTIFICATE-----\n"
		"MIIBmzCCAUKgAwIBAgIBATAKBggqhkjOPQQDAjAzMTEwLwYDVQQDDChDb2ZmZXIg\n"
		"VEVTVCByb290IChwcml2YXRlIGtleSBpcyBwdWJsaWMpMCAXDTIwMDEwMTAwMDAw\n"
		"MFoYDzIxMTkxMjMxMDAwMDAwWjAzMTEwLwYDVQQDDChDb2ZmZXIgVEVTVCByb290\n"
		"IChwcml2YXRlIGtleSBpcyBwdWJsaWMpMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcD\n"
		"QgAE7z+sxFvlkL7ayVzLr/F8tWqpbx2/fWfMz+P/b8CMk91VVK4z6bMyRKlQDPcs\n"
		"k8h3vNMeeWE1LaKqDTUoesAvJ6NFMEMwEgYDVR0TAQH/BAgwBgEB/wIBADAOBgNV\n"
		"HQ8BAf8EBAMCAgQwHQYDVR0OBBYEFBR2ueK1HxmKi8zK/YwPMXHh5KnXMAoGCCqG\n"
		"SM49BAMCA0cAMEQCIDwdyiAOmjjQerbjDaLmRrIT2w5Us6eR7Wx85aLSc/eiAiAw\n"
		"l0wS9L7WIwHQ9L7ITtw6BsW5fX2sDOKq1rzzhMdEsA==\n"
		"-----END CERTIFICATE-----\n";
	struct crypto_der cert, trusted;
	uint64_t serial;

	(void)state;
	assert_int_equal(crypto_certify(crypto, text(other_key), text(other_cert), &device,
					CRYPTO_CERT_DEVICE, SERIAL, &cert), 0);
	assert_int_equal(check(&cert, CRYPTO_CERT_DEVICE, 0), ST(CERTIFICATE_DATA_INVALID));
	assert_int_equal(crypto_root_der(crypto, text(other_cert), &trusted), 0);
	assert_int_equal(crypto_cert_check(crypto, der(&trusted), der(&cert), CRYPTO_CERT_DEVICE,
					   0, &serial), 0);
	/* Key and certificate of two roots, a certificate as root, no PEM at all. */
	assert_int_equal(crypto_certify(crypto, text(other_key), text(crypto_test_root_cert),
					&device, CRYPTO_CERT_DEVICE, SERIAL, &cert),
			 ST(CERTIFICATE_DATA_INVALID));
	assert_int_equal(cert.len, 0);
	assert_int_equal(crypto_cert_check(crypto, der(&device_cert), der(&cert),
					   CRYPTO_CERT_DEVICE, 0, &serial),
			 ST(CERTIFICATE_DATA_INVALID));
	assert_int_equal(crypto_root_der(crypto, text("nonsense"), &trusted),
			 ST(CERTIFICATE_DATA_INVALID));
	assert_int_equal(crypto_root_der(crypto, NONE, &trusted), ST(CERTIFICATE_DATA_INVALID));
}

static void test_device_signature(void **state)
{
	const struct bytes in[] = { text("one "), text("two") };
	const struct bytes same[] = { text("one"), text(" two") };
	uint8_t sig[CRYPTO_DEVICE_SIG];

	(void)state;
	assert_int_equal(crypto_device_sign(crypto, &device, in, 2, sig), 0);
	assert_int_equal(crypto_device_verify(crypto, der(&device_cert), in, 2, B(sig, 64)), 0);
	/* Pieces are joined: who needs borders puts lengths in. */
	assert_int_equal(crypto_device_verify(crypto, der(&device_cert), same, 2, B(sig, 64)), 0);
	assert_int_equal(crypto_device_verify(crypto, der(&device_cert), in, 1, B(sig, 64)),
			 ST(SIGNATURE_INVALID));
	assert_int_equal(crypto_device_verify(crypto, der(&device_cert), in, 2, B(sig, 63)),
			 ST(SIGNATURE_LEN_RANGE));
	assert_int_equal(crypto_device_verify(crypto, der(&wrap_cert), in, 2, B(sig, 64)),
			 ST(CERTIFICATE_DATA_INVALID));
	for (size_t bit = 0; bit < 512; bit++) {
		sig[bit / 8] ^= 1 << bit % 8;
		assert_int_equal(crypto_device_verify(crypto, der(&device_cert), in, 2,
						      B(sig, 64)), ST(SIGNATURE_INVALID));
		sig[bit / 8] ^= 1 << bit % 8;
	}
	assert_int_equal(crypto_device_sign(crypto, &wrap, in, 2, sig), ST(DEVICE_ERROR));
}

static void test_rsa_seal(void **state)
{
	uint8_t sealed[384], plain[64];
	size_t len = sizeof(sealed), n = sizeof(plain);

	(void)state;
	assert_int_equal(crypto_rsa_seal(crypto, der(&wrap_cert), text("label"), text("secret"),
					 sealed, &len), 0);
	assert_int_equal(len, 384);
	assert_int_equal(crypto_rsa_open(crypto, &wrap, text("label"), B(sealed, len), plain,
					 &n), 0);
	assert_int_equal(n, 6);
	assert_memory_equal(plain, "secret", 6);
	n = sizeof(plain);
	assert_int_equal(crypto_rsa_open(crypto, &wrap, text("other"), B(sealed, len), plain,
					 &n), ST(UNWRAPPING_ERROR));
	assert_int_equal(n, 0);
	n = 5;
	assert_int_equal(crypto_rsa_open(crypto, &wrap, text("label"), B(sealed, len), plain,
					 &n), ST(BUFFER_TOO_SMALL));
	for (size_t i = 0; i < len; i += 31) {
		sealed[i] ^= 1;
		n = sizeof(plain);
		assert_int_equal(crypto_rsa_open(crypto, &wrap, text("label"), B(sealed, len),
						 plain, &n), ST(UNWRAPPING_ERROR));
		sealed[i] ^= 1;
	}
	n = sizeof(plain);
	assert_int_equal(crypto_rsa_open(crypto, &device, text("label"), B(sealed, len), plain,
					 &n), ST(UNWRAPPING_ERROR));
	len = 383;
	assert_int_equal(crypto_rsa_seal(crypto, der(&wrap_cert), NONE, text("s"), sealed, &len),
			 ST(BUFFER_TOO_SMALL));
	len = sizeof(sealed);
	assert_int_equal(crypto_rsa_seal(crypto, der(&device_cert), NONE, text("s"), sealed,
					 &len), ST(CERTIFICATE_DATA_INVALID));
	assert_int_equal(len, 0);
}

/* ---- Key agreement --------------------------------------------------------------------- */

static void test_ecdh(void **state)
{
	(void)state;
	for (int curve = CRYPTO_P256; curve <= CRYPTO_P384; curve++) {
		uint8_t a_point[CRYPTO_POINT_MAX], b_point[CRYPTO_POINT_MAX], zero[97] = { 4 };
		uint8_t a_shared[48], b_shared[48];
		size_t n = crypto_point_len(curve), len;
		struct crypto_ecdh *a, *b;

		assert_int_equal(crypto_ecdh_new(crypto, curve, &a, a_point), 0);
		assert_int_equal(crypto_ecdh_new(crypto, curve, &b, b_point), 0);
		assert_int_equal(crypto_ecdh_agree(crypto, a, B(b_point, n), a_shared, &len), 0);
		assert_int_equal(crypto_ecdh_agree(crypto, b, B(a_point, n), b_shared, &len), 0);
		assert_int_equal(len, (n - 1) / 2);
		assert_memory_equal(a_shared, b_shared, len);
		/* Not on the curve, the other form, infinity, another length. */
		for (size_t bit = 0; bit < 8 * n; bit++) {
			b_point[bit / 8] ^= 1 << bit % 8;
			assert_int_equal(crypto_ecdh_agree(crypto, a, B(b_point, n), a_shared,
							   &len), ST(DATA_INVALID));
			assert_int_equal(len, 0);
			b_point[bit / 8] ^= 1 << bit % 8;
		}
		assert_int_equal(crypto_ecdh_agree(crypto, a, B(zero, n), a_shared, &len),
				 ST(DATA_INVALID));
		for (size_t cut = 0; cut < n; cut++)
			assert_int_equal(crypto_ecdh_agree(crypto, a, B(b_point, cut), a_shared,
							   &len), ST(DATA_INVALID));
		crypto_ecdh_free(a);
		crypto_ecdh_free(b);
	}
	assert_int_equal(crypto_point_len(7), 0);
}

/* ---- Confirmed signatures -------------------------------------------------------------- */

/*
 * A signature that does not verify must not leave. Here the private key is another one by the
 * time of the check, as if a fault had hit the computation.
 */
static void test_confirmed_signature(void **state)
{
	uint8_t sig[512], zero[512] = { 0 };
	struct bytes data = text("message"), none = NONE;
	uint32_t mechanism = COFFER_CKM_SHA256_RSA_PKCS;
	struct crypto_key *good, *other;
	struct pair more = { 0 };
	size_t len = sizeof(sig);
	EVP_PKEY *kept;

	(void)state;
	make_pair(&more, COFFER_CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0);
	assert_int_equal(crypto_key_load(crypto, &pairs[RSA_2048].private, &good), 0);
	assert_int_equal(crypto_key_load(crypto, &more.private, &other), 0);
	assert_int_equal(crypto_sign_confirmed(crypto, good, mechanism, none, data, sig, &len),
			 0);
	assert_int_equal(len, 256);
	assert_int_equal(crypto_verify(crypto, pairs[RSA_2048].pub, mechanism, none, data,
				       B(sig, len)), 0);
	/* A fresh key whose context for signing is ready, and then stays that of the old key. */
	crypto_key_put(good);
	assert_int_equal(crypto_key_load(crypto, &pairs[RSA_2048].private, &good), 0);
	len = sizeof(sig);
	assert_int_equal(crypto_sign(crypto, good, mechanism, none, data, sig, &len), 0);
	kept = good->pkey;
	good->pkey = other->pkey;
	len = sizeof(sig);
	assert_int_equal(crypto_sign(crypto, good, mechanism, none, data, sig, &len), 0);
	len = sizeof(sig);
	assert_int_equal(crypto_sign_confirmed(crypto, good, mechanism, none, data, sig, &len),
			 ST(DEVICE_ERROR));
	assert_int_equal(len, 0);
	assert_memory_equal(sig, zero, 256);
	good->pkey = kept;
	crypto_key_put(good);
	crypto_key_put(other);
	crypto_key_put(more.pub);
	attrs_free(&more.public);
	attrs_free(&more.private);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rsa_load_checks),
		cmocka_unit_test(test_ec_load_checks),
		cmocka_unit_test(test_secret_load_checks),
		cmocka_unit_test(test_generate_refusals),
		cmocka_unit_test(test_public_info),
		cmocka_unit_test(test_certificates),
		cmocka_unit_test(test_certificate_flips),
		cmocka_unit_test(test_other_root),
		cmocka_unit_test(test_device_signature),
		cmocka_unit_test(test_rsa_seal),
		cmocka_unit_test(test_ecdh),
		cmocka_unit_test(test_confirmed_signature),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
