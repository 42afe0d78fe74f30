// SPDX-License-Identifier: BSD-3-Clause
/*
 * Self-tests that must be able to fail, published vectors, and a second opinion: what we sign,
 * the openssl program verifies; what it encrypts, we decrypt, and the other way round.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypto_internal.h"

#define B(p, n)		((struct bytes){ (const uint8_t *)(p), (n) })
#define NONE		((struct bytes){ NULL, 0 })
#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define ST(name)	((uint32_t)COFFER_ST_##name)

static struct crypto *crypto;
static char dir[] = "/tmp/crypto_kat.XXXXXX";

static int begin(void **state)
{
	(void)state;
	return !mkdtemp(dir) || crypto_open(&crypto) ? -1 : 0;
}

static int end(void **state)
{
	char command[64];

	(void)state;
	crypto_close(crypto);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command);
}

static struct bytes text(const char *s)
{
	return B(s, strlen(s));
}

static void assert_hex(const uint8_t *p, size_t len, const char *hex)
{
	char digits[3];

	assert_int_equal(strlen(hex), 2 * len);
	for (size_t i = 0; i < len; i++) {
		snprintf(digits, sizeof(digits), "%02x", p[i]);
		assert_memory_equal(digits, hex + 2 * i, 2);
	}
}

/* ---- Self-tests ------------------------------------------------------------------------ */

/* Each one, broken alone, keeps the card from starting. */
static void test_broken_self_tests(void **state)
{
	struct crypto *c = (struct crypto *)1;
	unsigned int count = 0;

	(void)state;
	for (; crypto_kat_name(count); count++) {
		assert_int_equal(crypto_open_broken(&c, crypto_kat_name(count)),
				 ST(SELF_TEST_FAILED));
		assert_null(c);
	}
	assert_true(count >= 15);
	assert_int_equal(crypto_open_broken(&c, "no such test"), 0);
	crypto_close(c);
}

/* ---- Vectors --------------------------------------------------------------------------- */

static void test_hashes(void **state)
{
	const struct bytes pieces[] = { text("a"), NONE, text("bc") };
	uint8_t out[CRYPTO_HASH_MAX], whole[CRYPTO_HASH_MAX];

	(void)state;
	assert_int_equal(crypto_digest(crypto, CRYPTO_SHA256, NONE, out), 0);
	assert_hex(out, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	for (int hash = CRYPTO_SHA256; hash <= CRYPTO_SHA512; hash++) {
		assert_int_equal(crypto_digest(crypto, hash, text("abc"), whole), 0);
		assert_int_equal(crypto_digest_v(crypto, hash, pieces, 3, out), 0);
		assert_memory_equal(out, whole, crypto_hash_len(hash));
	}
	assert_int_equal(crypto_digest(crypto, 9, text("abc"), out),
			 ST(MECHANISM_PARAM_INVALID));
	assert_int_equal(crypto_hash_len(9), 0);
}

/* RFC 4231 cases 1, 6 (key longer than a block); RFC 5869 case 3; RFC 7914 section 11. */
static void test_macs_and_kdfs(void **state)
{
	const struct bytes hi = text("Hi There");
	const struct bytes six = text("Test Using Larger Than Block-Size Key - Hash Key First");
	uint8_t key[131], out[64];

	(void)state;
	memset(key, 0x0b, 20);
	assert_int_equal(crypto_hmac(crypto, CRYPTO_SHA256, B(key, 20), &hi, 1, out), 0);
	assert_hex(out, 32, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	memset(key, 0xaa, sizeof(key));
	assert_int_equal(crypto_hmac(crypto, CRYPTO_SHA256, B(key, 131), &six, 1, out), 0);
	assert_hex(out, 32, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	memset(key, 0x0b, 22);
	assert_int_equal(crypto_hkdf(crypto, CRYPTO_SHA256, NONE, B(key, 22), NONE, out, 42), 0);
	assert_hex(out, 42, "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
		   "9d201395faa4b61a96c8");
	assert_int_equal(crypto_hmac(crypto, CRYPTO_SHA256, NONE, &hi, 1, out), 0);
	assert_int_equal(crypto_pbkdf2(crypto, text("Password"), text("NaCl"), 80000, out, 64),
			 0);
	assert_hex(out, 64, "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"
		   "a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d");
}

static void test_kdf_refusals(void **state)
{
	uint8_t out[64], zero[64] = { 0 };

	(void)state;
	memset(out, 0xa5, sizeof(out));
	assert_int_equal(crypto_hkdf(crypto, CRYPTO_SHA256, NONE, NONE, NONE, out, 64),
			 ST(ARGUMENTS_BAD));
	assert_memory_equal(out, zero, 64);
	assert_int_equal(crypto_hkdf(crypto, 9, NONE, text("k"), NONE, out, 64),
			 ST(ARGUMENTS_BAD));
	memset(out, 0xa5, sizeof(out));
	assert_int_equal(crypto_pbkdf2(crypto, text("p"), text("s"), 0, out, 64),
			 ST(ARGUMENTS_BAD));
	assert_memory_equal(out, zero, 64);
}

/* Both key lengths, in place, and each bit of text, tag, nonce, header and key. */
static void test_sealing(void **state)
{
	uint8_t key[32] = "0123456789abcdef0123456789abcde", nonce[12] = "nonce";
	uint8_t aad[20] = "header", plain[40] = "plain text", buf[56], zero[40] = { 0 };
	uint8_t *const parts[] = { buf, nonce, aad, key };

	(void)state;
	for (size_t k = 16; k <= 32; k += 16) {
		const size_t lens[] = { sizeof(buf), sizeof(nonce), sizeof(aad), k };

		memcpy(buf, plain, 40);
		assert_int_equal(crypto_seal(crypto, B(key, k), nonce, B(aad, 20), B(buf, 40),
					     buf), 0);
		for (size_t p = 0; p < COUNT(parts); p++) {
			for (size_t bit = 0; bit < 8 * lens[p]; bit++) {
				uint8_t out[40];

				memset(out, 0xa5, sizeof(out));
				parts[p][bit / 8] ^= 1 << bit % 8;
				assert_int_equal(crypto_open_sealed(crypto, B(key, k), nonce,
								    B(aad, 20), B(buf, 56), out),
						 ST(BAD_MAC));
				assert_memory_equal(out, zero, 40);
				parts[p][bit / 8] ^= 1 << bit % 8;
			}
		}
		assert_int_equal(crypto_open_sealed(crypto, B(key, k), nonce, B(aad, 20),
						    B(buf, 56), buf), 0);
		assert_memory_equal(buf, plain, 40);
	}
	for (size_t cut = 0; cut < 16; cut++)
		assert_int_equal(crypto_open_sealed(crypto, B(key, 32), nonce, NONE, B(buf, cut),
						    plain), ST(BAD_MAC));
	assert_int_equal(crypto_seal(crypto, B(key, 17), nonce, NONE, NONE, buf),
			 ST(ARGUMENTS_BAD));
	assert_int_equal(crypto_seal(crypto, B(key, 32), nonce, NONE, NONE, buf), 0);
	assert_int_equal(crypto_open_sealed(crypto, B(key, 32), nonce, NONE, B(buf, 16), plain),
			 0);
}

static void test_random(void **state)
{
	uint8_t a[1000] = { 0 }, b[1000] = { 0 };
	unsigned int ones = 0;

	(void)state;
	assert_int_equal(crypto_random(crypto, a, sizeof(a)), 0);
	assert_int_equal(crypto_random(crypto, b, sizeof(b)), 0);
	assert_memory_not_equal(a, b, sizeof(a));
	for (size_t i = 0; i < sizeof(a); i++)
		ones += (unsigned int)__builtin_popcount(a[i]);
	/* 4000 expected, 45 is one deviation: ten of them are never. */
	assert_in_range(ones, 3550, 4450);
	assert_int_equal(crypto_random(crypto, NULL, 0), 0);
	assert_true(crypto_equal(a, a, 1000) && !crypto_equal(a, b, 1000));
	assert_true(crypto_equal(NULL, NULL, 0));
}

/* ---- A second opinion ------------------------------------------------------------------ */

static void save(const char *name, const void *p, size_t len)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static size_t load(const char *name, void *p, size_t room)
{
	char path[128];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "rb");
	assert_non_null(f);
	len = fread(p, 1, room, f);
	fclose(f);
	return len;
}

/* The exit status of "openssl ARGUMENTS", run in the folder of the files. */
static int openssl(const char *arguments)
{
	char command[512];

	snprintf(command, sizeof(command), "cd %s && openssl %s >out 2>&1", dir, arguments);
	return system(command);
}

struct maker {
	uint32_t generate;
	const uint8_t *params;
	size_t params_len;
};

static struct crypto_key *make_key(const struct maker *m)
{
	struct attrs public, private;
	struct crypto_key *key;
	uint8_t *der;
	size_t len;

	attrs_init(&public);
	attrs_init(&private);
	if (m->params)
		attrs_set(&public, COFFER_CKA_EC_PARAMS, m->params, m->params_len);
	else
		attrs_set_ulong(&public, COFFER_CKA_MODULUS_BITS, 2048);
	assert_int_equal(crypto_generate_pair(crypto, m->generate, &public, &private, NULL), 0);
	assert_int_equal(crypto_key_load(crypto, &private, &key), 0);
	assert_int_equal(crypto_public_info(crypto, &private, &der, &len), 0);
	save("key", der, len);
	free(der);
	attrs_free(&public);
	attrs_free(&private);
	return key;
}

static const uint8_t p256[] = { 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7 };
static const uint8_t p384[] = { 6, 5, 0x2b, 0x81, 4, 0, 0x22 };
static const uint8_t p521[] = { 6, 5, 0x2b, 0x81, 4, 0, 0x23 };
static const uint8_t ed[] = { 6, 3, 0x2b, 0x65, 0x70 };
static const struct maker rsa_maker = { COFFER_CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0 };
static const struct maker ec_makers[] = {
	{ COFFER_CKM_EC_KEY_PAIR_GEN, p256, sizeof(p256) },
	{ COFFER_CKM_EC_KEY_PAIR_GEN, p384, sizeof(p384) },
	{ COFFER_CKM_EC_KEY_PAIR_GEN, p521, sizeof(p521) },
};
static const struct maker ed_maker = { COFFER_CKM_EC_EDWARDS_KEY_PAIR_GEN, ed, sizeof(ed) };

#define VERIFY	"dgst -keyform DER -verify key -signature sig "

static void test_rsa_against_program(void **state)
{
	static const struct {
		uint32_t mechanism;
		uint32_t pss[3];
		const char *arguments;
	} rows[] = {
		{ COFFER_CKM_SHA256_RSA_PKCS, { 0 }, VERIFY "-sha256 data" },
		{ COFFER_CKM_SHA384_RSA_PKCS, { 0 }, VERIFY "-sha384 data" },
		{ COFFER_CKM_SHA512_RSA_PKCS, { 0 }, VERIFY "-sha512 data" },
		{ COFFER_CKM_SHA256_RSA_PKCS_PSS, { COFFER_CKM_SHA256, COFFER_CKM_SHA256, 32 },
		  VERIFY "-sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 data" },
		{ COFFER_CKM_SHA512_RSA_PKCS_PSS, { COFFER_CKM_SHA512, COFFER_CKM_SHA256, 20 },
		  VERIFY "-sha512 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:20 "
		  "-sigopt rsa_mgf1_md:sha256 data" },
	};
	struct crypto_key *key = make_key(&rsa_maker);
	uint8_t sig[256];
	size_t len;

	(void)state;
	save("data", "some data", 9);
	for (size_t i = 0; i < COUNT(rows); i++) {
		len = sizeof(sig);
		assert_int_equal(crypto_sign(crypto, key, rows[i].mechanism,
					     B(rows[i].pss, rows[i].pss[0] ? 12 : 0),
					     text("some data"), sig, &len), 0);
		save("sig", sig, len);
		assert_int_equal(openssl(rows[i].arguments), 0);
		sig[7] ^= 1;
		save("sig", sig, len);
		assert_int_not_equal(openssl(rows[i].arguments), 0);
	}
	crypto_key_put(key);
}

static void test_rsa_decrypt_against_program(void **state)
{
	static const uint32_t oaep[] = { COFFER_CKM_SHA256, COFFER_CKM_SHA384 };
	struct crypto_key *key = make_key(&rsa_maker);
	uint8_t sealed[256], plain[256];
	size_t len = sizeof(plain);

	(void)state;
	save("data", "some data", 9);
	assert_int_equal(openssl("pkeyutl -encrypt -pubin -keyform DER -inkey key -in data "
				 "-out sealed"), 0);
	assert_int_equal(load("sealed", sealed, sizeof(sealed)), 256);
	assert_int_equal(crypto_decrypt(crypto, key, COFFER_CKM_RSA_PKCS, NONE, B(sealed, 256),
					plain, &len), 0);
	assert_int_equal(len, 9);
	assert_memory_equal(plain, "some data", 9);
	assert_int_equal(openssl("pkeyutl -encrypt -pubin -keyform DER -inkey key -in data "
				 "-out sealed -pkeyopt rsa_padding_mode:oaep "
				 "-pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha384"), 0);
	assert_int_equal(load("sealed", sealed, sizeof(sealed)), 256);
	len = sizeof(plain);
	assert_int_equal(crypto_decrypt(crypto, key, COFFER_CKM_RSA_PKCS_OAEP, B(oaep, 8),
					B(sealed, 256), plain, &len), 0);
	assert_int_equal(len, 9);
	assert_memory_equal(plain, "some data", 9);
	crypto_key_put(key);
}

static void test_ec_against_program(void **state)
{
	uint8_t raw[132], der[144];
	size_t len, der_len;

	(void)state;
	save("data", "some data", 9);
	for (size_t i = 0; i < COUNT(ec_makers); i++) {
		struct crypto_key *key = make_key(&ec_makers[i]);

		len = sizeof(raw);
		assert_int_equal(crypto_sign(crypto, key, COFFER_CKM_ECDSA_SHA384, NONE,
					     text("some data"), raw, &len), 0);
		der_len = crypto_ecdsa_der(raw, len / 2, der, sizeof(der));
		assert_true(der_len > 0);
		save("sig", der, der_len);
		assert_int_equal(openssl(VERIFY "-sha384 data"), 0);
		crypto_key_put(key);
	}
}

static void test_ed_against_program(void **state)
{
	struct crypto_key *key = make_key(&ed_maker);
	uint8_t sig[64];
	size_t len = sizeof(sig);

	(void)state;
	save("data", "some data", 9);
	assert_int_equal(crypto_sign(crypto, key, COFFER_CKM_EDDSA, NONE, text("some data"), sig,
				     &len), 0);
	save("sig", sig, len);
	assert_int_equal(openssl("pkeyutl -verify -rawin -pubin -keyform DER -inkey key "
				 "-in data -sigfile sig"), 0);
	crypto_key_put(key);
}

static struct crypto_key *make_secret(uint32_t type, const char *value)
{
	struct crypto_key *key;
	struct attrs set;

	attrs_init(&set);
	attrs_set_ulong(&set, COFFER_CKA_CLASS, COFFER_CKO_SECRET_KEY);
	attrs_set_ulong(&set, COFFER_CKA_KEY_TYPE, type);
	attrs_set(&set, COFFER_CKA_VALUE, value, strlen(value));
	assert_int_equal(crypto_key_load(crypto, &set, &key), 0);
	attrs_free(&set);
	return key;
}

#define KEY_TEXT	"0123456789abcdef"
#define KEY_HEX		"30313233343536373839616263646566"

static void test_aes_against_program(void **state)
{
	static const struct {
		uint32_t mechanism;
		bool iv;
		const char *arguments;
	} rows[] = {
		{ COFFER_CKM_AES_ECB, false, "enc -aes-128-ecb -nopad -K " KEY_HEX },
		{ COFFER_CKM_AES_CBC, true, "enc -aes-128-cbc -nopad -K " KEY_HEX " -iv " KEY_HEX },
		{ COFFER_CKM_AES_CBC_PAD, true, "enc -aes-128-cbc -K " KEY_HEX " -iv " KEY_HEX },
		{ COFFER_CKM_AES_CTR, true, "enc -aes-128-ctr -K " KEY_HEX " -iv " KEY_HEX },
	};
	struct crypto_key *key = make_secret(COFFER_CKK_AES, KEY_TEXT);
	static const char data[] = "forty-eight bytes of some text, as it is written";
	uint8_t ours[64], theirs[64];
	char command[256];
	size_t len;

	(void)state;
	save("data", data, 48);
	for (size_t i = 0; i < COUNT(rows); i++) {
		len = sizeof(ours);
		assert_int_equal(crypto_encrypt(crypto, key, rows[i].mechanism,
						B(KEY_TEXT, rows[i].iv ? 16 : 0), B(data, 48),
						ours, &len), 0);
		snprintf(command, sizeof(command), "%s -in data -out sealed", rows[i].arguments);
		assert_int_equal(openssl(command), 0);
		assert_int_equal(load("sealed", theirs, sizeof(theirs)), len);
		assert_memory_equal(ours, theirs, len);
	}
	crypto_key_put(key);
}

static void test_macs_against_program(void **state)
{
	struct crypto_key *aes = make_secret(COFFER_CKK_AES, KEY_TEXT);
	struct crypto_key *key = make_secret(COFFER_CKK_GENERIC_SECRET, KEY_TEXT);
	uint8_t ours[64], theirs[65];
	size_t len = sizeof(ours);

	(void)state;
	save("data", "some data", 9);
	assert_int_equal(crypto_sign(crypto, aes, COFFER_CKM_AES_CMAC, NONE, text("some data"),
				     ours, &len), 0);
	assert_int_equal(openssl("mac -cipher aes-128-cbc -macopt hexkey:" KEY_HEX
				 " -in data -binary -out mac CMAC"), 0);
	assert_int_equal(load("mac", theirs, sizeof(theirs)), len);
	assert_memory_equal(ours, theirs, len);
	len = sizeof(ours);
	assert_int_equal(crypto_sign(crypto, key, COFFER_CKM_SHA512_HMAC, NONE,
				     text("some data"), ours, &len), 0);
	assert_int_equal(openssl("mac -digest SHA512 -macopt hexkey:" KEY_HEX
				 " -in data -binary -out mac HMAC"), 0);
	assert_int_equal(load("mac", theirs, sizeof(theirs)), len);
	assert_memory_equal(ours, theirs, len);
	crypto_key_put(aes);
	crypto_key_put(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_broken_self_tests),
		cmocka_unit_test(test_hashes),
		cmocka_unit_test(test_macs_and_kdfs),
		cmocka_unit_test(test_kdf_refusals),
		cmocka_unit_test(test_sealing),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_rsa_against_program),
		cmocka_unit_test(test_rsa_decrypt_against_program),
		cmocka_unit_test(test_ec_against_program),
		cmocka_unit_test(test_ed_against_program),
		cmocka_unit_test(test_aes_against_program),
		cmocka_unit_test(test_macs_against_program),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
