// SPDX-License-Identifier: BSD-3-Clause
/*
 * Power-on self-tests: a known answer for each algorithm that the card builds on. A card whose
 * tests fail does not start (quality.md A5). Vectors: FIPS 180-4 "abc"; RFC 4231 case 2; RFC 5869
 * case 1; RFC 7914 section 11; the GCM proposal's case 16; SP 800-38A F.2.5; RFC 6979 A.2.5; RFC
 * 8032 test 1; RFC 5903 section 8.1. RSA and CTR_DRBG (SP 800-90A, AES-256 with derivation
 * function): computed with another implementation.
 */
#include <string.h>

#include <openssl/err.h>
#include <openssl/rsa.h>

#include "crypto_internal.h"

#define ANSWER_MAX	256
#define B(s)		((struct bytes){ (const uint8_t *)(s), sizeof(s) - 1 })

static const char gcm_key[] =
	"\xfe\xff\xe9\x92\x86\x65\x73\x1c\x6d\x6a\x8f\x94\x67\x30\x83\x08"
	"\xfe\xff\xe9\x92\x86\x65\x73\x1c\x6d\x6a\x8f\x94\x67\x30\x83\x08";
static const char gcm_nonce[] =
	"\xca\xfe\xba\xbe\xfa\xce\xdb\xad\xde\xca\xf8\x88";
static const char gcm_aad[] =
	"\xfe\xed\xfa\xce\xde\xad\xbe\xef\xfe\xed\xfa\xce\xde\xad\xbe\xef"
	"\xab\xad\xda\xd2";
static const char gcm_plain[] =
	"\xd9\x31\x32\x25\xf8\x84\x06\xe5\xa5\x59\x09\xc5\xaf\xf5\x26\x9a"
	"\x86\xa7\xa9\x53\x15\x34\xf7\xda\x2e\x4c\x30\x3d\x8a\x31\x8a\x72"
	"\x1c\x3c\x0c\x95\x95\x68\x09\x53\x2f\xcf\x0e\x24\x49\xa6\xb5\x25"
	"\xb1\x6a\xed\xf5\xaa\x0d\xe6\x57\xba\x63\x7b\x39";
static const char cbc_key[] =
	"\x60\x3d\xeb\x10\x15\xca\x71\xbe\x2b\x73\xae\xf0\x85\x7d\x77\x81"
	"\x1f\x35\x2c\x07\x3b\x61\x08\xd7\x2d\x98\x10\xa3\x09\x14\xdf\xf4";
static const char cbc_plain[] =
	"\x6b\xc1\xbe\xe2\x2e\x40\x9f\x96\xe9\x3d\x7e\x11\x73\x93\x17\x2a"
	"\xae\x2d\x8a\x57\x1e\x03\xac\x9c\x9e\xb7\x6f\xac\x45\xaf\x8e\x51";
static const char ec_point[] =
	"\x04\x60\xfe\xd4\xba\x25\x5a\x9d\x31\xc9\x61\xeb\x74\xc6\x35\x6d"
	"\x68\xc0\x49\xb8\x92\x3b\x61\xfa\x6c\xe6\x69\x62\x2e\x60\xf2\x9f"
	"\xb6\x79\x03\xfe\x10\x08\xb8\xbc\x99\xa4\x1a\xe9\xe9\x56\x28\xbc"
	"\x64\xf2\xf1\xb2\x0c\x2d\x7e\x9f\x51\x77\xa3\xc2\x94\xd4\x46\x22"
	"\x99";
static const char ed_point[] =
	"\xd7\x5a\x98\x01\x82\xb1\x0a\xb7\xd5\x4b\xfe\xd3\xc9\x64\x07\x3a"
	"\x0e\xe1\x72\xf3\xda\xa6\x23\x25\xaf\x02\x1a\x68\xf7\x07\x51\x1a";
static const char ecdh_private[] =
	"\xc8\x8f\x01\xf5\x10\xd9\xac\x3f\x70\xa2\x92\xda\xa2\x31\x6d\xe5"
	"\x44\xe9\xaa\xb8\xaf\xe8\x40\x49\xc6\x2a\x9c\x57\x86\x2d\x14\x33";
static const char ecdh_public[] =
	"\x04\xda\xd0\xb6\x53\x94\x22\x1c\xf9\xb0\x51\xe1\xfe\xca\x57\x87"
	"\xd0\x98\xdf\xe6\x37\xfc\x90\xb9\xef\x94\x5d\x0c\x37\x72\x58\x11"
	"\x80\x52\x71\xa0\x46\x1c\xdb\x82\x52\xd6\x1f\x1c\x45\x6f\xa3\xe5"
	"\x9a\xb1\xf4\x5b\x33\xac\xcf\x5f\x58\x38\x9e\x05\x77\xb8\x99\x0b"
	"\xb3";
static const char ecdh_peer[] =
	"\x04\xd1\x2d\xfb\x52\x89\xc8\xd4\xf8\x12\x08\xb7\x02\x70\x39\x8c"
	"\x34\x22\x96\x97\x0a\x0b\xcc\xb7\x4c\x73\x6f\xc7\x55\x44\x94\xbf"
	"\x63\x56\xfb\xf3\xca\x36\x6c\xc2\x3e\x81\x57\x85\x4c\x13\xc5\x8d"
	"\x6a\xac\x23\xf0\x46\xad\xa3\x0f\x83\x53\xe7\x4f\x33\x03\x98\x72"
	"\xab";
static const char rsa_modulus[] =
	"\x90\xa8\xb2\x5f\x40\xcc\x62\x08\x9c\x96\x19\xb9\x92\x42\x32\x13"
	"\xb3\xa1\xc7\x4a\xb6\xd5\x5c\x4c\xe8\xfd\x9c\xbd\xcf\xd2\x91\x85"
	"\xe3\x46\x10\x42\xf3\xa6\xef\x5a\x66\xc5\xf5\x59\xe5\x90\x4e\xc3"
	"\xaa\xab\xb6\x2b\x76\xd0\xe5\xaa\xeb\x74\x3f\x78\x7b\xcf\x9d\x3a"
	"\xc9\xb2\x87\x28\x08\x7b\x09\x9a\xf7\xc4\x47\xdc\x21\x1f\x0f\x48"
	"\x3c\x43\x85\x15\x0e\xf1\xef\x96\xc4\x1b\x25\x9e\xc3\x52\xcf\x05"
	"\x25\x5f\xbe\x65\xeb\xa2\x65\xcd\x7b\xc1\xa2\x56\x9e\x2f\x2b\x75"
	"\x8e\x71\xb6\x8b\x55\xfb\x98\x4e\x84\x66\x53\x76\x37\x4d\xc1\xf7"
	"\x03\x87\x82\x0c\xe9\xed\x5f\x73\x7e\x60\xa7\xa5\x44\x22\x30\x6a"
	"\xc8\x6e\x1b\xd9\xd6\x38\x80\x19\xbf\x2d\x7f\x17\x23\x88\xcc\x11"
	"\xf5\x06\x6a\xa0\x76\x42\x49\x31\x7d\x28\x14\x8c\x95\x99\x7f\xcc"
	"\x09\xb7\xd6\x69\x8c\x27\x7e\xbf\xbf\x27\x31\x2a\xe5\x8c\xe2\x56"
	"\x55\xe7\x61\xb7\x50\xb0\xdb\x51\x25\x06\x3a\x31\xdd\x1b\xf5\x8a"
	"\xe4\x46\x69\x69\xbb\xa5\x8d\x3e\x2c\xe6\xeb\xe3\xe3\xf6\x2a\x4c"
	"\x1f\x69\x04\x07\xc2\x79\xe3\x00\x7e\x9b\x8c\x2a\x52\x58\xbc\x7f"
	"\xe5\x7a\x18\xc9\x35\x57\x40\xac\xa0\xd7\x06\x45\x76\xee\x43\x63";

struct kat {
	const char *name;
	bool (*run)(struct crypto *c, const struct kat *kat, const uint8_t *answer);
	enum crypto_hash hash;
	size_t len;
	const char *answer;
};

static bool kat_digest(struct crypto *c, const struct kat *kat, const uint8_t *answer)
{
	uint8_t out[CRYPTO_HASH_MAX];

	return !crypto_digest(c, kat->hash, B("abc"), out) && !memcmp(out, answer, kat->len);
}

static bool kat_hmac(struct crypto *c, const struct kat *kat, const uint8_t *answer)
{
	const struct bytes in[] = { B("what do ya want "), B("for nothing?") };
	uint8_t out[CRYPTO_HASH_MAX];

	return !crypto_hmac(c, kat->hash, B("Jefe"), in, 2, out) &&
	       !memcmp(out, answer, kat->len);
}

static bool kat_hkdf(struct crypto *c, const struct kat *kat, const uint8_t *answer)
{
	uint8_t ikm[22], salt[13], info[10], out[ANSWER_MAX];

	memset(ikm, 0x0b, sizeof(ikm));
	for (size_t i = 0; i < sizeof(salt); i++)
		salt[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof(info); i++)
		info[i] = (uint8_t)(0xf0 + i);
	return !crypto_hkdf(c, CRYPTO_SHA256, (struct bytes){ salt, sizeof(salt) },
			    (struct bytes){ ikm, sizeof(ikm) },
			    (struct bytes){ info, sizeof(info) }, out, kat->len) &&
	       !memcmp(out, answer, kat->len);
}

static bool kat_pbkdf2(struct crypto *c, const struct kat *kat, const uint8_t *answer)
{
	uint8_t out[ANSWER_MAX];

	return !crypto_pbkdf2(c, B("passwd"), B("salt"), 1, out, kat->len) &&
	       !memcmp(out, answer, kat->len);
}

/* Both ways: the answer must come out of sealing, and must open again. */
static bool kat_gcm(struct crypto *c, const struct kat *kat, const uint8_t *answer)
{
	const uint8_t *nonce = (const uint8_t *)gcm_nonce;
	uint8_t out[ANSWER_MAX];

	return !crypto_seal(c, B(gcm_key), nonce, B(gcm_aad), B(gcm_plain), out) &&
	       !memcmp(out, answer, kat->len) &&
	       !crypto_open_sealed(c, B(gcm_key), nonce, B(gcm_aad),
				   (struct bytes){ answer, kat->len }, out) &&
	       !memcmp(out, gcm_plain, sizeof(gcm_plain) - 1);
}

static bool cbc(struct crypto *c, int encrypt, const uint8_t *in, size_t len, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t iv[16];
	int n = 0;
	bool good;

	for (size_t i = 0; i < sizeof(iv); i++)
		iv[i] = (uint8_t)i;
	good = ctx && EVP_CipherInit_ex2(ctx, crypto_aes(c, MODE_CBC, 32),
					 (const uint8_t *)cbc_key, iv, encrypt, NULL) == 1 &&
	       EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 &&
	       EVP_CipherUpdate(ctx, out, &n, in, (int)len) == 1 && n == (int)len;
	EVP_CIPHER_CTX_free(ctx);
	return good;
}

static bool kat_cbc(struct crypto *c, const struct kat *kat, const uint8_t *answer)
{
	uint8_t out[ANSWER_MAX];

	return cbc(c, 1, (const uint8_t *)cbc_plain, sizeof(cbc_plain) - 1, out) &&
	       !memcmp(out, answer, kat->len) && cbc(c, 0, answer, kat->len, out) &&
	       !memcmp(out, cbc_plain, sizeof(cbc_plain) - 1);
}

static EVP_PKEY *ec_key(struct crypto *c, struct bytes point, BIGNUM *private_value)
{
	static char group[] = "P-256";
	uint8_t native[32];
	OSSL_PARAM params[4] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)point.p,
						  point.len),
		OSSL_PARAM_construct_end(),
		OSSL_PARAM_construct_end(),
	};

	if (private_value) {
		BN_bn2nativepad(private_value, native, sizeof(native));
		params[2] = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, native,
						    sizeof(native));
	}
	return crypto_pkey_new(c, "EC", EVP_PKEY_KEYPAIR, params);
}

static bool kat_ecdsa(struct crypto *c, const struct kat *kat, const uint8_t *answer)
{
	EVP_PKEY *pkey = ec_key(c, B(ec_point), NULL);
	EVP_PKEY_CTX *ctx = pkey ? EVP_PKEY_CTX_new_from_pkey(c->lib, pkey, NULL) : NULL;
	uint8_t hash[CRYPTO_HASH_MAX], der[80];
	size_t len = crypto_ecdsa_der(answer, kat->len / 2, der, sizeof(der));
	bool good = ctx && len && !crypto_digest(c, CRYPTO_SHA256, B("sample"), hash) &&
		    EVP_PKEY_verify_init(ctx) == 1 &&
		    EVP_PKEY_verify(ctx, der, len, hash, 32) == 1;

	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return good;
}

static bool kat_ed25519(struct crypto *c, const struct kat *kat, const uint8_t *answer)
{
	EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key_ex(c->lib, "ED25519", NULL,
							(const uint8_t *)ed_point, 32);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = pkey && ctx &&
		    EVP_DigestVerifyInit_ex(ctx, NULL, NULL, c->lib, NULL, pkey, NULL) == 1 &&
		    EVP_DigestVerify(ctx, answer, kat->len, (const uint8_t *)"", 0) == 1;

	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return good;
}

static bool kat_rsa(struct crypto *c, const struct kat *kat, const uint8_t *answer)
{
	uint8_t hash[CRYPTO_HASH_MAX], native[ANSWER_MAX];
	size_t size = sizeof(rsa_modulus) - 1;
	unsigned int exponent = 65537;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, native, size),
		OSSL_PARAM_construct_uint(OSSL_PKEY_PARAM_RSA_E, &exponent),
		OSSL_PARAM_construct_end(),
	};
	BIGNUM *n = BN_bin2bn((const uint8_t *)rsa_modulus, (int)size, NULL);
	EVP_PKEY_CTX *ctx = NULL;
	EVP_PKEY *pkey = NULL;
	bool good;

	if (n && BN_bn2nativepad(n, native, (int)size) == (int)size)
		pkey = crypto_pkey_new(c, "RSA", EVP_PKEY_PUBLIC_KEY, params);
	if (pkey)
		ctx = EVP_PKEY_CTX_new_from_pkey(c->lib, pkey, NULL);
	good = ctx && !crypto_digest(c, CRYPTO_SHA256, B("sample"), hash) &&
	       EVP_PKEY_verify_init(ctx) == 1 &&
	       EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_signature_md(ctx, c->md[CRYPTO_SHA256]) == 1 &&
	       EVP_PKEY_verify(ctx, answer, kat->len, hash, 32) == 1;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	BN_free(n);
	return good;
}

static bool kat_ecdh(struct crypto *c, const struct kat *kat, const uint8_t *answer)
{
	BIGNUM *d = BN_bin2bn((const uint8_t *)ecdh_private, 32, NULL);
	EVP_PKEY *mine = d ? ec_key(c, B(ecdh_public), d) : NULL;
	EVP_PKEY *peer = ec_key(c, B(ecdh_peer), NULL);
	EVP_PKEY_CTX *ctx = mine ? EVP_PKEY_CTX_new_from_pkey(c->lib, mine, NULL) : NULL;
	uint8_t out[48];
	size_t len = sizeof(out);
	bool good = ctx && peer && EVP_PKEY_derive_init(ctx) == 1 &&
		    EVP_PKEY_derive_set_peer(ctx, peer) == 1 &&
		    EVP_PKEY_derive(ctx, out, &len) == 1 && len == kat->len &&
		    !memcmp(out, answer, len);

	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(peer);
	EVP_PKEY_free(mine);
	BN_clear_free(d);
	return good;
}

static EVP_RAND_CTX *rand_new(struct crypto *c, const char *name, EVP_RAND_CTX *parent)
{
	EVP_RAND *rand = EVP_RAND_fetch(c->lib, name, NULL);
	EVP_RAND_CTX *ctx = rand ? EVP_RAND_CTX_new(rand, parent) : NULL;

	EVP_RAND_free(rand);
	return ctx;
}

/* The second block of a generator that is fed with entropy 00 01 02 ... */
static bool drbg_fixed(struct crypto *c, uint8_t *out, size_t len)
{
	static char cipher[] = "AES-256-CTR";
	unsigned int strength = 256;
	uint8_t entropy[48];
	int df = 1;
	OSSL_PARAM feed[] = {
		OSSL_PARAM_construct_uint(OSSL_RAND_PARAM_STRENGTH, &strength),
		OSSL_PARAM_construct_octet_string(OSSL_RAND_PARAM_TEST_ENTROPY, entropy, 32),
		OSSL_PARAM_construct_octet_string(OSSL_RAND_PARAM_TEST_NONCE, entropy + 32, 16),
		OSSL_PARAM_construct_end(),
	};
	OSSL_PARAM how[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_DRBG_PARAM_CIPHER, cipher, 0),
		OSSL_PARAM_construct_int(OSSL_DRBG_PARAM_USE_DF, &df),
		OSSL_PARAM_construct_end(),
	};
	EVP_RAND_CTX *source = rand_new(c, "TEST-RAND", NULL);
	EVP_RAND_CTX *drbg = source ? rand_new(c, "CTR-DRBG", source) : NULL;
	bool good;

	for (size_t i = 0; i < sizeof(entropy); i++)
		entropy[i] = (uint8_t)i;
	good = drbg && EVP_RAND_instantiate(source, 256, 0, NULL, 0, feed) == 1 &&
	       EVP_RAND_instantiate(drbg, 256, 0, (const uint8_t *)"", 0, how) == 1 &&
	       EVP_RAND_generate(drbg, out, len, 256, 0, NULL, 0) == 1 &&
	       EVP_RAND_generate(drbg, out, len, 256, 0, NULL, 0) == 1;
	EVP_RAND_CTX_free(drbg);
	EVP_RAND_CTX_free(source);
	return good;
}

/* The algorithm by its answer; the generator in use by two blocks that must not be equal. */
static bool kat_drbg(struct crypto *c, const struct kat *kat, const uint8_t *answer)
{
	uint8_t out[ANSWER_MAX], first[32], second[32];

	return drbg_fixed(c, out, kat->len) && !memcmp(out, answer, kat->len) &&
	       !crypto_random(c, first, sizeof(first)) &&
	       !crypto_random(c, second, sizeof(second)) &&
	       memcmp(first, second, sizeof(first));
}

static const struct kat kats[] = {
	{ "sha256", kat_digest, CRYPTO_SHA256, 32,
	  "\xba\x78\x16\xbf\x8f\x01\xcf\xea\x41\x41\x40\xde\x5d\xae\x22\x23"
	  "\xb0\x03\x61\xa3\x96\x17\x7a\x9c\xb4\x10\xff\x61\xf2\x00\x15\xad" },
	{ "sha384", kat_digest, CRYPTO_SHA384, 48,
	  "\xcb\x00\x75\x3f\x45\xa3\x5e\x8b\xb5\xa0\x3d\x69\x9a\xc6\x50\x07"
	  "\x27\x2c\x32\xab\x0e\xde\xd1\x63\x1a\x8b\x60\x5a\x43\xff\x5b\xed"
	  "\x80\x86\x07\x2b\xa1\xe7\xcc\x23\x58\xba\xec\xa1\x34\xc8\x25\xa7" },
	{ "sha512", kat_digest, CRYPTO_SHA512, 64,
	  "\xdd\xaf\x35\xa1\x93\x61\x7a\xba\xcc\x41\x73\x49\xae\x20\x41\x31"
	  "\x12\xe6\xfa\x4e\x89\xa9\x7e\xa2\x0a\x9e\xee\xe6\x4b\x55\xd3\x9a"
	  "\x21\x92\x99\x2a\x27\x4f\xc1\xa8\x36\xba\x3c\x23\xa3\xfe\xeb\xbd"
	  "\x45\x4d\x44\x23\x64\x3c\xe8\x0e\x2a\x9a\xc9\x4f\xa5\x4c\xa4\x9f" },
	{ "hmac-sha256", kat_hmac, CRYPTO_SHA256, 32,
	  "\x5b\xdc\xc1\x46\xbf\x60\x75\x4e\x6a\x04\x24\x26\x08\x95\x75\xc7"
	  "\x5a\x00\x3f\x08\x9d\x27\x39\x83\x9d\xec\x58\xb9\x64\xec\x38\x43" },
	{ "hmac-sha384", kat_hmac, CRYPTO_SHA384, 48,
	  "\xaf\x45\xd2\xe3\x76\x48\x40\x31\x61\x7f\x78\xd2\xb5\x8a\x6b\x1b"
	  "\x9c\x7e\xf4\x64\xf5\xa0\x1b\x47\xe4\x2e\xc3\x73\x63\x22\x44\x5e"
	  "\x8e\x22\x40\xca\x5e\x69\xe2\xc7\x8b\x32\x39\xec\xfa\xb2\x16\x49" },
	{ "hmac-sha512", kat_hmac, CRYPTO_SHA512, 64,
	  "\x16\x4b\x7a\x7b\xfc\xf8\x19\xe2\xe3\x95\xfb\xe7\x3b\x56\xe0\xa3"
	  "\x87\xbd\x64\x22\x2e\x83\x1f\xd6\x10\x27\x0c\xd7\xea\x25\x05\x54"
	  "\x97\x58\xbf\x75\xc0\x5a\x99\x4a\x6d\x03\x4f\x65\xf8\xf0\xe6\xfd"
	  "\xca\xea\xb1\xa3\x4d\x4a\x6b\x4b\x63\x6e\x07\x0a\x38\xbc\xe7\x37" },
	{ "hkdf", kat_hkdf, 0, 42,
	  "\x3c\xb2\x5f\x25\xfa\xac\xd5\x7a\x90\x43\x4f\x64\xd0\x36\x2f\x2a"
	  "\x2d\x2d\x0a\x90\xcf\x1a\x5a\x4c\x5d\xb0\x2d\x56\xec\xc4\xc5\xbf"
	  "\x34\x00\x72\x08\xd5\xb8\x87\x18\x58\x65" },
	{ "pbkdf2", kat_pbkdf2, 0, 64,
	  "\x55\xac\x04\x6e\x56\xe3\x08\x9f\xec\x16\x91\xc2\x25\x44\xb6\x05"
	  "\xf9\x41\x85\x21\x6d\xde\x04\x65\xe6\x8b\x9d\x57\xc2\x0d\xac\xbc"
	  "\x49\xca\x9c\xcc\xf1\x79\xb6\x45\x99\x16\x64\xb3\x9d\x77\xef\x31"
	  "\x7c\x71\xb8\x45\xb1\xe3\x0b\xd5\x09\x11\x20\x41\xd3\xa1\x97\x83" },
	{ "aes-gcm", kat_gcm, 0, 76,
	  "\x52\x2d\xc1\xf0\x99\x56\x7d\x07\xf4\x7f\x37\xa3\x2a\x84\x42\x7d"
	  "\x64\x3a\x8c\xdc\xbf\xe5\xc0\xc9\x75\x98\xa2\xbd\x25\x55\xd1\xaa"
	  "\x8c\xb0\x8e\x48\x59\x0d\xbb\x3d\xa7\xb0\x8b\x10\x56\x82\x88\x38"
	  "\xc5\xf6\x1e\x63\x93\xba\x7a\x0a\xbc\xc9\xf6\x62\x76\xfc\x6e\xce"
	  "\x0f\x4e\x17\x68\xcd\xdf\x88\x53\xbb\x2d\x55\x1b" },
	{ "aes-cbc", kat_cbc, 0, 32,
	  "\xf5\x8c\x4c\x04\xd6\xe5\xf1\xba\x77\x9e\xab\xfb\x5f\x7b\xfb\xd6"
	  "\x9c\xfc\x4e\x96\x7e\xdb\x80\x8d\x67\x9f\x77\x7b\xc6\x70\x2c\x7d" },
	{ "ecdsa-verify", kat_ecdsa, 0, 64,
	  "\xef\xd4\x8b\x2a\xac\xb6\xa8\xfd\x11\x40\xdd\x9c\xd4\x5e\x81\xd6"
	  "\x9d\x2c\x87\x7b\x56\xaa\xf9\x91\xc3\x4d\x0e\xa8\x4e\xaf\x37\x16"
	  "\xf7\xcb\x1c\x94\x2d\x65\x7c\x41\xd4\x36\xc7\xa1\xb6\xe2\x9f\x65"
	  "\xf3\xe9\x00\xdb\xb9\xaf\xf4\x06\x4d\xc4\xab\x2f\x84\x3a\xcd\xa8" },
	{ "ed25519-verify", kat_ed25519, 0, 64,
	  "\xe5\x56\x43\x00\xc3\x60\xac\x72\x90\x86\xe2\xcc\x80\x6e\x82\x8a"
	  "\x84\x87\x7f\x1e\xb8\xe5\xd9\x74\xd8\x73\xe0\x65\x22\x49\x01\x55"
	  "\x5f\xb8\x82\x15\x90\xa3\x3b\xac\xc6\x1e\x39\x70\x1c\xf9\xb4\x6b"
	  "\xd2\x5b\xf5\xf0\x59\x5b\xbe\x24\x65\x51\x41\x43\x8e\x7a\x10\x0b" },
	{ "rsa-verify", kat_rsa, 0, 256,
	  "\x8f\xfb\x09\x5d\x83\xc3\x74\x9c\x75\x24\xd9\x2d\xe2\x64\xba\x3a"
	  "\x2c\xfd\x2f\x65\x33\xb3\x7f\x02\x54\x23\x13\x7b\x26\x2c\x54\x0b"
	  "\x9f\xdf\x91\xfe\x09\xf7\x99\x2b\x0e\x93\x0d\xa4\x00\xfa\x3f\x6f"
	  "\xf0\xbe\xdb\x3d\xca\x17\x64\xc8\xec\x1f\xd1\xf9\x16\x56\x16\x5a"
	  "\x10\x37\x44\x62\x2b\x91\xe6\x78\xfe\x9d\xc8\xc4\x78\x6c\xb6\x2a"
	  "\x6c\xc6\xce\x48\x3d\xbb\xca\xbd\xe2\x63\xba\x38\xd9\xff\xd1\x5d"
	  "\x8b\xfc\xbe\x24\x45\x62\xb2\xe1\x45\x54\xcf\x7a\x7a\x71\xde\x38"
	  "\x4e\x5f\x97\x11\x7b\x29\x7b\x62\x43\x9e\xc9\x55\xa6\xcd\x99\x38"
	  "\x27\xca\xa6\x91\xda\xc2\x62\x53\x8a\xe1\x6a\xb1\x46\xf1\x0d\x35"
	  "\xa3\x38\x48\xbb\x50\x59\xc2\x7e\xf8\xa7\xb5\xcc\xf8\x5c\x10\x7c"
	  "\x2f\x3e\x1c\xec\x2e\xa5\xb2\x68\xae\x79\xfa\xff\xd8\xf0\x60\xac"
	  "\x92\xfa\x5a\x6d\x5b\x4c\xaa\x6d\x25\xbc\x3a\x6d\xfb\x45\x29\xd7"
	  "\xf5\x66\x09\xe2\x66\xe6\x69\x7e\xa6\xd8\x7b\x52\xd5\xce\x1a\x0e"
	  "\xb3\x1b\xa2\x23\xde\xf7\x98\xb2\x71\x20\xf7\x66\x0d\x73\x2b\x28"
	  "\x92\x82\x61\x24\xc4\xf8\x10\xe3\xa2\x5d\x50\xd2\xf4\xdc\x0f\xc8"
	  "\xf0\x60\xfe\x9b\xe4\x7b\xdb\x95\x5d\xb2\xdd\x01\xe7\x9f\x2d\x5c" },
	{ "ecdh", kat_ecdh, 0, 32,
	  "\xd6\x84\x0f\x6b\x42\xf6\xed\xaf\xd1\x31\x16\xe0\xe1\x25\x65\x20"
	  "\x2f\xef\x8e\x9e\xce\x7d\xce\x03\x81\x24\x64\xd0\x4b\x94\x42\xde" },
	{ "ctr-drbg", kat_drbg, 0, 64,
	  "\xc5\xb1\xae\x8d\xbc\x23\x05\x6b\x19\xcf\x88\xb1\x99\x7e\x84\x98"
	  "\xb4\xb3\x94\xc0\xdb\x97\x60\xa3\x70\x4b\x0c\x1d\x6a\x4c\x92\x6e"
	  "\x5b\xfe\x23\x4a\xfb\x31\xb4\x98\xa3\x08\x10\xbd\xb8\xd3\x54\x2b"
	  "\x55\x30\x84\x9f\x8b\x9b\x8b\xea\x8c\xad\x70\xe6\x33\xf3\x2a\x24" },
};

#define KATS	(sizeof(kats) / sizeof(kats[0]))

const char *crypto_kat_name(unsigned int index)
{
	return index < KATS ? kats[index].name : NULL;
}

bool crypto_kat_one(struct crypto *c, unsigned int index, const char *broken)
{
	const struct kat *kat = &kats[index];
	uint8_t answer[ANSWER_MAX];
	bool good;

	memcpy(answer, kat->answer, kat->len);
	if (broken && !strcmp(broken, kat->name))
		answer[kat->len - 1] ^= 1;
	good = kat->run(c, kat, answer);
	ERR_clear_error();
	return good;
}

uint32_t crypto_kat_run(struct crypto *c, const char *broken)
{
	bool good = true;

	for (size_t i = 0; i < KATS; i++)
		good = crypto_kat_one(c, (unsigned int)i, broken) && good;
	return good ? COFFER_ST_OK : COFFER_ST_SELF_TEST_FAILED;
}
