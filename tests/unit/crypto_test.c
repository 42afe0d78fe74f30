// SPDX-License-Identifier: BSD-3-Clause
/* Mechanisms of crypto.h: every row used, every bad input refused with its code. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypto.h"
#include "hw/coffer_status.h"

#define B(p, n)		((struct bytes){ (const uint8_t *)(p), (n) })
#define NONE		((struct bytes){ NULL, 0 })
#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define ST(name)	((uint32_t)COFFER_ST_##name)
#define OUT_MAX		2048

static const uint8_t p256_oid[] = { 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7 };
static const uint8_t p384_oid[] = { 6, 5, 0x2b, 0x81, 4, 0, 0x22 };
static const uint8_t p521_oid[] = { 6, 5, 0x2b, 0x81, 4, 0, 0x23 };
static const uint8_t ed_oid[] = { 6, 3, 0x2b, 0x65, 0x70 };

struct pair {
	struct attrs public, private;
	struct crypto_key *pub, *priv;
};

enum { RSA, P256, P384, P521, ED, PAIRS };

static struct crypto *crypto;
static struct pair pairs[PAIRS];
static struct crypto_key *aes[3], *generic;

static void make_pair(struct pair *p, uint32_t mechanism, const uint8_t *params, size_t len)
{
	attrs_init(&p->public);
	attrs_init(&p->private);
	if (params)
		attrs_set(&p->public, COFFER_CKA_EC_PARAMS, params, len);
	else
		attrs_set_ulong(&p->public, COFFER_CKA_MODULUS_BITS, 2048);
	assert_int_equal(crypto_generate_pair(crypto, mechanism, &p->public, &p->private, NULL),
			 0);
	assert_int_equal(crypto_key_load(crypto, &p->public, &p->pub), 0);
	assert_int_equal(crypto_key_load(crypto, &p->private, &p->priv), 0);
}

static struct crypto_key *make_secret(uint32_t mechanism, uint64_t len)
{
	struct crypto_key *key = NULL;
	struct attrs set;

	attrs_init(&set);
	attrs_set_ulong(&set, COFFER_CKA_VALUE_LEN, len);
	assert_int_equal(crypto_generate_secret(crypto, mechanism, &set), 0);
	assert_int_equal(crypto_key_load(crypto, &set, &key), 0);
	assert_int_equal(crypto_key_bits(key), 8 * len);
	attrs_free(&set);
	return key;
}

static int begin(void **state)
{
	(void)state;
	if (crypto_open(&crypto))
		return -1;
	make_pair(&pairs[RSA], COFFER_CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0);
	make_pair(&pairs[P256], COFFER_CKM_EC_KEY_PAIR_GEN, p256_oid, sizeof(p256_oid));
	make_pair(&pairs[P384], COFFER_CKM_EC_KEY_PAIR_GEN, p384_oid, sizeof(p384_oid));
	make_pair(&pairs[P521], COFFER_CKM_EC_KEY_PAIR_GEN, p521_oid, sizeof(p521_oid));
	make_pair(&pairs[ED], COFFER_CKM_EC_EDWARDS_KEY_PAIR_GEN, ed_oid, sizeof(ed_oid));
	for (size_t i = 0; i < 3; i++)
		aes[i] = make_secret(COFFER_CKM_AES_KEY_GEN, 16 + 8 * i);
	generic = make_secret(COFFER_CKM_GENERIC_SECRET_KEY_GEN, 20);
	return 0;
}

static int end(void **state)
{
	(void)state;
	for (size_t i = 0; i < PAIRS; i++) {
		attrs_free(&pairs[i].public);
		attrs_free(&pairs[i].private);
		crypto_key_put(pairs[i].pub);
		crypto_key_put(pairs[i].priv);
	}
	for (size_t i = 0; i < 3; i++)
		crypto_key_put(aes[i]);
	crypto_key_put(generic);
	crypto_close(crypto);
	return 0;
}

static size_t pss_params(uint8_t *p, uint32_t hash, uint32_t mgf, uint32_t salt)
{
	struct wire_out out;

	wire_out_init(&out, p, 12);
	wire_put_u32(&out, hash);
	wire_put_u32(&out, mgf);
	wire_put_u32(&out, salt);
	return out.len;
}

/* ---- Signatures ------------------------------------------------------------------------ */

struct sign_row {
	uint32_t mechanism;
	size_t data;			/* length that the mechanism takes */
	bool exact;			/* ... and no other */
	uint32_t pss;			/* hash of the parameter */
	size_t sig;
};

static const struct sign_row rsa_rows[] = {
	{ COFFER_CKM_RSA_PKCS, 51, false, 0, 256 },
	{ COFFER_CKM_RSA_X_509, 255, false, 0, 256 },
	{ COFFER_CKM_RSA_PKCS_PSS, 32, true, COFFER_CKM_SHA256, 256 },
	{ COFFER_CKM_RSA_PKCS_PSS, 64, true, COFFER_CKM_SHA512, 256 },
	{ COFFER_CKM_SHA256_RSA_PKCS, 1000, false, 0, 256 },
	{ COFFER_CKM_SHA384_RSA_PKCS, 1000, false, 0, 256 },
	{ COFFER_CKM_SHA512_RSA_PKCS, 0, false, 0, 256 },
	{ COFFER_CKM_SHA256_RSA_PKCS_PSS, 1000, false, COFFER_CKM_SHA256, 256 },
	{ COFFER_CKM_SHA384_RSA_PKCS_PSS, 1000, false, COFFER_CKM_SHA384, 256 },
	{ COFFER_CKM_SHA512_RSA_PKCS_PSS, 1000, false, COFFER_CKM_SHA512, 256 },
};

static const struct sign_row ec_rows[] = {
	{ COFFER_CKM_ECDSA, 32, false, 0, 0 },
	{ COFFER_CKM_ECDSA, 64, false, 0, 0 },
	{ COFFER_CKM_ECDSA_SHA256, 1000, false, 0, 0 },
	{ COFFER_CKM_ECDSA_SHA384, 1000, false, 0, 0 },
	{ COFFER_CKM_ECDSA_SHA512, 0, false, 0, 0 },
};

static const struct sign_row ed_row = { COFFER_CKM_EDDSA, 1000, false, 0, 64 };

static const struct sign_row mac_rows[] = {
	{ COFFER_CKM_SHA256_HMAC, 1000, false, 0, 32 },
	{ COFFER_CKM_SHA384_HMAC, 0, false, 0, 48 },
	{ COFFER_CKM_SHA512_HMAC, 1000, false, 0, 64 },
};

static const struct sign_row cmac_row = { COFFER_CKM_AES_CMAC, 77, false, 0, 16 };

static void refuse_changes(const struct sign_row *row, struct crypto_key *pub, struct bytes params,
			   uint8_t *data, uint8_t *sig, size_t len)
{
	uint32_t m = row->mechanism;

	for (size_t i = 0; i < len; i += 7) {
		sig[i] ^= 0x10;
		assert_int_equal(crypto_verify(crypto, pub, m, params, B(data, row->data),
					       B(sig, len)), ST(SIGNATURE_INVALID));
		sig[i] ^= 0x10;
	}
	if (row->data) {
		data[row->data / 4] ^= 1;
		assert_int_equal(crypto_verify(crypto, pub, m, params, B(data, row->data),
					       B(sig, len)), ST(SIGNATURE_INVALID));
		data[row->data / 4] ^= 1;
	}
	assert_int_equal(crypto_verify(crypto, pub, m, params, B(data, row->data),
				       B(sig, len - 1)), ST(SIGNATURE_LEN_RANGE));
	assert_int_equal(crypto_verify(crypto, pub, m, params, B(data, row->data), NONE),
			 ST(SIGNATURE_LEN_RANGE));
}

static void check_sign(const struct sign_row *row, struct crypto_key *priv,
		       struct crypto_key *pub, size_t sig_len)
{
	uint8_t data[1000], sig[OUT_MAX], raw[12];
	struct bytes params = NONE;
	size_t len;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + 1);
	if (row->pss)
		params = B(raw, pss_params(raw, row->pss, row->pss, 32));
	/* Three times: made new, found ready, found ready. */
	for (int i = 0; i < 3; i++) {
		len = sizeof(sig);
		assert_int_equal(crypto_sign(crypto, priv, row->mechanism, params,
					     B(data, row->data), sig, &len), 0);
		assert_int_equal(len, sig_len);
		assert_int_equal(crypto_verify(crypto, pub, row->mechanism, params,
					       B(data, row->data), B(sig, len)), 0);
	}
	refuse_changes(row, pub, params, data, sig, len);
	len = sig_len - 1;
	assert_int_equal(crypto_sign(crypto, priv, row->mechanism, params, B(data, row->data),
				     sig, &len), ST(BUFFER_TOO_SMALL));
	assert_int_equal(len, 0);
	len = sizeof(sig);
	if (row->exact)
		assert_int_equal(crypto_sign(crypto, priv, row->mechanism, params,
					     B(data, row->data + 1), sig, &len),
				 ST(DATA_LEN_RANGE));
	len = sizeof(sig);
	if (!row->pss)
		assert_int_equal(crypto_sign(crypto, priv, row->mechanism, B("x", 1),
					     B(data, row->data), sig, &len),
				 ST(MECHANISM_PARAM_INVALID));
}

static void test_rsa_sign(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rsa_rows); i++)
		check_sign(&rsa_rows[i], pairs[RSA].priv, pairs[RSA].pub, 256);
}

static void test_ecdsa(void **state)
{
	static const size_t half[] = { [P256] = 32, [P384] = 48, [P521] = 66 };

	(void)state;
	for (size_t k = P256; k <= P521; k++)
		for (size_t i = 0; i < COUNT(ec_rows); i++)
			check_sign(&ec_rows[i], pairs[k].priv, pairs[k].pub, 2 * half[k]);
}

static void test_eddsa(void **state)
{
	(void)state;
	check_sign(&ed_row, pairs[ED].priv, pairs[ED].pub, 64);
}

static void test_macs(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(mac_rows); i++)
		check_sign(&mac_rows[i], generic, generic, mac_rows[i].sig);
	for (size_t i = 0; i < 3; i++)
		check_sign(&cmac_row, aes[i], aes[i], 16);
}

static void test_sign_refusals(void **state)
{
	struct crypto_key *rsa = pairs[RSA].priv;
	uint8_t data[300] = { 0 }, sig[OUT_MAX], raw[12];
	size_t len = sizeof(sig), n;

	(void)state;
	assert_int_equal(crypto_sign(crypto, pairs[RSA].pub, COFFER_CKM_RSA_PKCS, NONE,
				     B(data, 32), sig, &len), ST(KEY_TYPE_INCONSISTENT));
	assert_int_equal(len, 0);
	len = sizeof(sig);
	assert_int_equal(crypto_sign(crypto, pairs[P256].priv, COFFER_CKM_RSA_PKCS, NONE,
				     B(data, 32), sig, &len), ST(KEY_TYPE_INCONSISTENT));
	len = sizeof(sig);
	assert_int_equal(crypto_sign(crypto, aes[0], COFFER_CKM_SHA256_HMAC, NONE, B(data, 32),
				     sig, &len), ST(KEY_TYPE_INCONSISTENT));
	len = sizeof(sig);
	assert_int_equal(crypto_sign(crypto, rsa, 0x12345678, NONE, B(data, 32), sig, &len),
			 ST(MECHANISM_INVALID));
	len = sizeof(sig);
	assert_int_equal(crypto_sign(crypto, rsa, COFFER_CKM_RSA_PKCS_OAEP, NONE, B(data, 32),
				     sig, &len), ST(MECHANISM_INVALID));
	len = sizeof(sig);
	assert_int_equal(crypto_sign(crypto, rsa, COFFER_CKM_RSA_PKCS, NONE, B(data, 246), sig,
				     &len), ST(DATA_LEN_RANGE));
	len = sizeof(sig);
	assert_int_equal(crypto_sign(crypto, rsa, COFFER_CKM_RSA_X_509, NONE, B(data, 257), sig,
				     &len), ST(DATA_LEN_RANGE));
	memset(data, 0xff, sizeof(data));
	len = sizeof(sig);
	assert_int_equal(crypto_sign(crypto, rsa, COFFER_CKM_RSA_X_509, NONE, B(data, 256), sig,
				     &len), ST(DATA_INVALID));
	len = sizeof(sig);
	assert_int_equal(crypto_sign(crypto, pairs[P256].priv, COFFER_CKM_ECDSA, NONE, NONE, sig,
				     &len), ST(DATA_LEN_RANGE));
	n = pss_params(raw, COFFER_CKM_SHA384, COFFER_CKM_SHA384, 32);
	len = sizeof(sig);
	assert_int_equal(crypto_sign(crypto, rsa, COFFER_CKM_SHA256_RSA_PKCS_PSS, B(raw, n),
				     B(data, 32), sig, &len), ST(MECHANISM_PARAM_INVALID));
	n = pss_params(raw, COFFER_CKM_SHA256, COFFER_CKM_SHA256, 223);
	len = sizeof(sig);
	assert_int_equal(crypto_sign(crypto, rsa, COFFER_CKM_SHA256_RSA_PKCS_PSS, B(raw, n),
				     B(data, 32), sig, &len), ST(MECHANISM_PARAM_INVALID));
	n = pss_params(raw, COFFER_CKM_SHA256, COFFER_CKM_SHA256, 222);
	for (size_t cut = 0; cut < n; cut++) {
		len = sizeof(sig);
		assert_int_equal(crypto_sign(crypto, rsa, COFFER_CKM_SHA256_RSA_PKCS_PSS,
					     B(raw, cut), B(data, 32), sig, &len),
				 ST(MECHANISM_PARAM_INVALID));
	}
	len = sizeof(sig);
	assert_int_equal(crypto_sign(crypto, rsa, COFFER_CKM_SHA256_RSA_PKCS_PSS, B(raw, n),
				     B(data, 32), sig, &len), 0);
}

/* ---- Encryption ------------------------------------------------------------------------ */

static void test_rsa_crypt(void **state)
{
	struct crypto_key *pub = pairs[RSA].pub, *priv = pairs[RSA].priv;
	uint8_t data[256], out[OUT_MAX], back[OUT_MAX], oaep[13];
	const uint32_t mechs[] = { COFFER_CKM_RSA_PKCS, COFFER_CKM_RSA_PKCS_OAEP,
				   COFFER_CKM_RSA_X_509 };
	const size_t most[] = { 245, 190, 255 };
	struct wire_out w;

	(void)state;
	memset(data, 0x42, sizeof(data));
	wire_out_init(&w, oaep, sizeof(oaep));
	wire_put_u32(&w, COFFER_CKM_SHA256);
	wire_put_u32(&w, COFFER_CKM_SHA512);
	wire_put(&w, "label", 5);
	for (size_t i = 0; i < 3; i++) {
		struct bytes params = i == 1 ? B(oaep, 13) : NONE;
		size_t len = sizeof(out), n = sizeof(back);

		assert_int_equal(crypto_encrypt(crypto, pub, mechs[i], params, B(data, most[i]),
						out, &len), 0);
		assert_int_equal(len, 256);
		assert_int_equal(crypto_decrypt(crypto, priv, mechs[i], params, B(out, len),
						back, &n), 0);
		assert_memory_equal(back + (i == 2), data, most[i]);
		n = sizeof(back);
		assert_int_equal(crypto_decrypt(crypto, priv, mechs[i], params, B(out, len - 1),
						back, &n), ST(ENCRYPTED_DATA_LEN_RANGE));
		n = most[i] - 1;
		assert_int_equal(crypto_decrypt(crypto, priv, mechs[i], params, B(out, len),
						back, &n), ST(BUFFER_TOO_SMALL));
		len = 255;
		assert_int_equal(crypto_encrypt(crypto, pub, mechs[i], params, B(data, 32), out,
						&len), ST(BUFFER_TOO_SMALL));
		len = sizeof(out);
		if (i < 2)
			assert_int_equal(crypto_encrypt(crypto, pub, mechs[i], params,
							B(data, most[i] + 1), out, &len),
					 ST(DATA_LEN_RANGE));
	}
}

/* Encrypt a block as it stands; what v1.5 decryption makes of it. */
static size_t open_block(const uint8_t block[256], uint8_t back[256])
{
	uint8_t out[OUT_MAX];
	size_t len = sizeof(out), n = 256;

	assert_int_equal(crypto_encrypt(crypto, pairs[RSA].pub, COFFER_CKM_RSA_X_509, NONE,
					B(block, 256), out, &len), 0);
	memset(back, 0xa5, 256);
	assert_int_equal(crypto_decrypt(crypto, pairs[RSA].priv, COFFER_CKM_RSA_PKCS, NONE,
					B(out, 256), back, &n), 0);
	assert_in_range(n, 0, 245);
	for (size_t i = n; i < 245; i++)
		assert_int_equal(back[i], 0);
	return n;
}

/*
 * Every way in which a v1.5 block can be wrong is answered OK, with what no caller can tell
 * from a plain text: the same for the same ciphertext, another one for another.
 */
static void test_rsa_padding(void **state)
{
	uint8_t block[256], back[256], again[256], seen[32][256];
	size_t seen_len[32], lengths = 0;

	(void)state;
	for (int kind = 0; kind < 32; kind++) {
		memset(block, 0x5a, sizeof(block));
		block[0] = 0;
		block[1] = kind % 4 == 0 ? 1 : 2;	/* wrong type */
		block[255] = (uint8_t)kind;
		if (kind % 4 != 2)
			block[200] = 0;			/* 2: no separator at all */
		else
			block[255] |= 0x80;
		if (kind % 4 == 1)
			block[9] = 0;			/* padding too short by one */
		if (kind % 4 == 3)
			block[0] = 1;			/* not zero at first */
		seen_len[kind] = open_block(block, seen[kind]);
		assert_int_equal(open_block(block, again), seen_len[kind]);
		assert_memory_equal(again, seen[kind], 245);
		/* Nothing of the block itself comes out. */
		assert_false(seen_len[kind] > 8 && memmem(seen[kind], seen_len[kind],
							  "ZZZZZZZZ", 8));
		for (int i = 0; i < kind; i++) {
			assert_false(seen_len[i] > 8 && seen_len[i] == seen_len[kind] &&
				     !memcmp(seen[i], seen[kind], seen_len[i]));
			lengths += seen_len[i] != seen_len[kind];
		}
	}
	assert_true(lengths > 400);			/* of 496 pairs */
	/* The right ones: text of every length, the padding's least and most included. */
	for (size_t n = 0; n <= 245; n += 35) {
		memset(block, 0x5a, sizeof(block));
		block[0] = 0;
		block[1] = 2;
		block[255 - n] = 0;
		for (size_t i = 256 - n; i < 256; i++)
			block[i] = (uint8_t)i;
		assert_int_equal(open_block(block, back), n);
		assert_memory_equal(back, block + 256 - n, n);
	}
}

static struct bytes gcm_params(uint8_t *p, size_t iv, uint32_t bits, const char *aad)
{
	struct wire_out w;

	wire_out_init(&w, p, 200);
	wire_put_u32(&w, (uint32_t)iv);
	wire_put_u32(&w, bits);
	for (size_t i = 0; i < iv; i++)
		wire_put_u8(&w, (uint8_t)i);
	wire_put(&w, aad, strlen(aad));
	return B(p, w.len);
}

static void test_gcm(void **state)
{
	uint8_t data[100], out[OUT_MAX], back[OUT_MAX], p[200], q[200], clean[100] = { 0 };
	struct bytes params = gcm_params(p, 12, 128, "header");
	struct bytes other = gcm_params(q, 12, 128, "Header");
	size_t len, n;

	(void)state;
	memset(data, 7, sizeof(data));
	for (size_t k = 0; k < 3; k++) {
		len = sizeof(out);
		assert_int_equal(crypto_encrypt(crypto, aes[k], COFFER_CKM_AES_GCM, params,
						B(data, 100), out, &len), 0);
		assert_int_equal(len, 116);
		n = 100;
		assert_int_equal(crypto_decrypt(crypto, aes[k], COFFER_CKM_AES_GCM, params,
						B(out, len), back, &n), 0);
		assert_int_equal(n, 100);
		assert_memory_equal(back, data, 100);
	}
	for (size_t bit = 0; bit < 8 * 116; bit++) {
		out[bit / 8] ^= 1 << bit % 8;
		n = sizeof(back);
		memset(back, 0xa5, 100);
		assert_int_equal(crypto_decrypt(crypto, aes[2], COFFER_CKM_AES_GCM, params,
						B(out, 116), back, &n),
				 ST(ENCRYPTED_DATA_INVALID));
		assert_int_equal(n, 0);
		assert_memory_equal(back, clean, 100);
		out[bit / 8] ^= 1 << bit % 8;
	}
	n = sizeof(back);
	assert_int_equal(crypto_decrypt(crypto, aes[2], COFFER_CKM_AES_GCM, other, B(out, 116),
					back, &n), ST(ENCRYPTED_DATA_INVALID));
	n = sizeof(back);
	assert_int_equal(crypto_decrypt(crypto, aes[2], COFFER_CKM_AES_GCM, params, B(out, 15),
					back, &n), ST(ENCRYPTED_DATA_LEN_RANGE));
	len = 115;
	assert_int_equal(crypto_encrypt(crypto, aes[2], COFFER_CKM_AES_GCM, params,
					B(data, 100), out, &len), ST(BUFFER_TOO_SMALL));
	for (uint32_t bits = 0; bits <= 136; bits++) {
		len = sizeof(out);
		assert_int_equal(crypto_encrypt(crypto, aes[2], COFFER_CKM_AES_GCM,
						gcm_params(p, 12, bits, ""), B(data, 10), out,
						&len),
				 bits % 8 || bits < 96 || bits > 128 ?
				 ST(MECHANISM_PARAM_INVALID) : 0);
	}
	for (size_t cut = 0; cut < 20; cut++) {
		len = sizeof(out);
		params = gcm_params(p, 12, 128, "");
		assert_int_equal(crypto_encrypt(crypto, aes[2], COFFER_CKM_AES_GCM, B(p, cut),
						B(data, 10), out, &len),
				 ST(MECHANISM_PARAM_INVALID));
	}
}

static void test_aes_modes(void **state)
{
	const uint32_t mechs[] = { COFFER_CKM_AES_ECB, COFFER_CKM_AES_CBC,
				   COFFER_CKM_AES_CBC_PAD, COFFER_CKM_AES_CTR };
	uint8_t data[100], out[OUT_MAX], back[OUT_MAX], iv[17] = { 1, 2, 3 };

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)i;
	for (size_t m = 0; m < 4; m++) {
		struct bytes params = B(iv, m ? 16 : 0);

		for (size_t size = 0; size <= 100; size++) {
			size_t len = sizeof(out), n = sizeof(back);
			uint32_t st = crypto_encrypt(crypto, aes[size % 3], mechs[m], params,
						     B(data, size), out, &len);

			if (m < 2 && size % 16) {
				assert_int_equal(st, ST(DATA_LEN_RANGE));
				assert_int_equal(len, 0);
				continue;
			}
			assert_int_equal(st, 0);
			assert_int_equal(len, m == 2 ? size / 16 * 16 + 16 : size);
			assert_int_equal(crypto_decrypt(crypto, aes[size % 3], mechs[m], params,
							B(out, len), back, &n), 0);
			assert_int_equal(n, size);
			assert_memory_equal(back, data, size);
		}
		size_t len = sizeof(out);

		assert_int_equal(crypto_encrypt(crypto, aes[0], mechs[m], B(iv, m ? 17 : 1),
						B(data, 16), out, &len),
				 ST(MECHANISM_PARAM_INVALID));
		len = 15;
		assert_int_equal(crypto_encrypt(crypto, aes[0], mechs[m], params, B(data, 16),
						out, &len), ST(BUFFER_TOO_SMALL));
		len = sizeof(out);
		if (m < 3)
			assert_int_equal(crypto_decrypt(crypto, aes[0], mechs[m], params,
							B(data, 17), out, &len),
					 ST(ENCRYPTED_DATA_LEN_RANGE));
	}
}

static void test_digest(void **state)
{
	uint8_t out[64];
	size_t len = 31;

	(void)state;
	assert_int_equal(crypto_digest_mech(crypto, COFFER_CKM_SHA256, B("abc", 3), out, &len),
			 ST(BUFFER_TOO_SMALL));
	len = 64;
	assert_int_equal(crypto_digest_mech(crypto, COFFER_CKM_ECDSA_SHA256, B("abc", 3), out,
					    &len), ST(MECHANISM_INVALID));
	len = 64;
	assert_int_equal(crypto_digest_mech(crypto, COFFER_CKM_SHA384, B("abc", 3), out, &len),
			 0);
	assert_int_equal(len, 48);
	assert_int_equal(out[0], 0xcb);
}

/* ---- Threads ------------------------------------------------------------------------------ */

/* Many threads, one key, one mechanism that none of them has made ready before. */
static void *sign_many(void *opaque)
{
	const uint32_t mechanism = *(const uint32_t *)opaque;
	bool hmac = mechanism == COFFER_CKM_SHA384_HMAC, ec = mechanism == COFFER_CKM_ECDSA;
	struct pair *p = &pairs[ec ? P384 : RSA];
	uint8_t sig[OUT_MAX];

	for (int i = 0; i < 20; i++) {
		size_t len = sizeof(sig);

		if (crypto_sign(crypto, hmac ? generic : p->priv, mechanism, NONE,
				B("threads", 7), sig, &len) ||
		    crypto_verify(crypto, hmac ? generic : p->pub, mechanism, NONE,
				  B("threads", 7), B(sig, len)))
			return opaque;
	}
	return NULL;
}

static void test_threads(void **state)
{
	static uint32_t mechs[] = { COFFER_CKM_SHA384_RSA_PKCS, COFFER_CKM_ECDSA,
				    COFFER_CKM_SHA384_HMAC };
	pthread_t threads[6];
	void *failed;

	(void)state;
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, sign_many, &mechs[i % 3]), 0);
	for (size_t i = 0; i < 6; i++) {
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_rsa_sign),
		cmocka_unit_test(test_ecdsa),
		cmocka_unit_test(test_eddsa),
		cmocka_unit_test(test_macs),
		cmocka_unit_test(test_sign_refusals),
		cmocka_unit_test(test_rsa_crypt),
		cmocka_unit_test(test_rsa_padding),
		cmocka_unit_test(test_gcm),
		cmocka_unit_test(test_aes_modes),
		cmocka_unit_test(test_digest),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
