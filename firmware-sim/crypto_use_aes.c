// SPDX-License-Identifier: BSD-3-Clause
/* AES in ECB, CBC, CBC with padding, CTR and GCM. */
#include <limits.h>
#include <string.h>

#include <openssl/err.h>

#include "crypto_internal.h"

#define BLOCK		16
#define GCM_IV_MAX	128		/* bytes; 12 is what everybody should use */
#define GCM_TAG_MIN	96		/* bits */
#define GCM_TAG_MAX	128

struct gcm {
	struct bytes iv;
	struct bytes aad;
	size_t tag;			/* bytes */
};

/* {iv length; tag bits; iv; additional data} */
static uint32_t gcm_parse(struct bytes params, struct gcm *gcm)
{
	struct wire_in in;
	uint32_t iv_len, bits;

	wire_in_init(&in, params.p, params.len);
	iv_len = wire_u32(&in);
	bits = wire_u32(&in);
	gcm->iv = wire_bytes(&in, iv_len);
	gcm->aad = wire_bytes(&in, in.left);
	gcm->tag = bits / 8;
	if (!wire_in_done(&in) || !iv_len || iv_len > GCM_IV_MAX || bits % 8 ||
	    bits < GCM_TAG_MIN || bits > GCM_TAG_MAX)
		return COFFER_ST_MECHANISM_PARAM_INVALID;
	return COFFER_ST_OK;
}

static EVP_CIPHER_CTX *gcm_begin(const struct key_use *use, const struct gcm *gcm, int encrypt)
{
	const EVP_CIPHER *cipher = crypto_aes(use->c, MODE_GCM, use->key->secret_len);
	size_t iv_len = gcm->iv.len;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_size_t(OSSL_CIPHER_PARAM_AEAD_IVLEN, &iv_len),
		OSSL_PARAM_construct_end(),
	};
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0;

	/* The length of the IV has to be known before key and IV are given. */
	if (!ctx || EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, encrypt, params) != 1 ||
	    EVP_CipherInit_ex2(ctx, NULL, use->key->secret, gcm->iv.p, encrypt, NULL) != 1 ||
	    (gcm->aad.len &&
	     EVP_CipherUpdate(ctx, NULL, &n, gcm->aad.p, (int)gcm->aad.len) != 1)) {
		EVP_CIPHER_CTX_free(ctx);
		ctx = NULL;
	}
	return ctx;
}

static uint32_t gcm_encrypt(const struct key_use *use, struct bytes data, uint8_t *out,
			    size_t *len)
{
	EVP_CIPHER_CTX *ctx;
	struct gcm gcm;
	int n = 0, last = 0;
	bool good;
	uint32_t st = gcm_parse(use->params, &gcm);

	if (st)
		return st;
	if (*len < data.len + gcm.tag)
		return COFFER_ST_BUFFER_TOO_SMALL;
	ctx = gcm_begin(use, &gcm, 1);
	good = ctx && (!data.len || EVP_CipherUpdate(ctx, out, &n, data.p, (int)data.len) == 1) &&
	       EVP_CipherFinal_ex(ctx, out + n, &last) == 1 &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, (int)gcm.tag,
				   out + data.len) == 1;
	EVP_CIPHER_CTX_free(ctx);
	*len = data.len + gcm.tag;
	return good ? COFFER_ST_OK : COFFER_ST_DEVICE_ERROR;
}

static uint32_t gcm_decrypt(const struct key_use *use, struct bytes data, uint8_t *out,
			    size_t *len)
{
	uint8_t tag[BLOCK], none[BLOCK];
	EVP_CIPHER_CTX *ctx;
	struct gcm gcm;
	int n = 0, last = 0;
	size_t text;
	bool good;
	uint32_t st = gcm_parse(use->params, &gcm);

	if (st)
		return st;
	if (data.len < gcm.tag)
		return COFFER_ST_ENCRYPTED_DATA_LEN_RANGE;
	text = data.len - gcm.tag;
	if (*len < text)
		return COFFER_ST_BUFFER_TOO_SMALL;
	memcpy(tag, data.p + text, gcm.tag);
	ctx = gcm_begin(use, &gcm, 0);
	good = ctx && (!text || EVP_CipherUpdate(ctx, out, &n, data.p, (int)text) == 1) &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)gcm.tag, tag) == 1 &&
	       EVP_CipherFinal_ex(ctx, none, &last) == 1;
	EVP_CIPHER_CTX_free(ctx);
	if (!good)
		crypto_wipe(out, text);		/* unauthenticated text never leaves */
	*len = text;
	return good ? COFFER_ST_OK : COFFER_ST_ENCRYPTED_DATA_INVALID;
}

static enum crypto_mode mode_of(uint32_t mechanism)
{
	switch (mechanism) {
	case COFFER_CKM_AES_ECB:
		return MODE_ECB;
	case COFFER_CKM_AES_CTR:
		return MODE_CTR;
	default:
		return MODE_CBC;
	}
}

/* Lengths of a mode without a tag: what goes in, and the most that comes out. */
static uint32_t length_check(const struct key_use *use, size_t in, size_t *most)
{
	bool encrypt = use->op == OP_ENCRYPT;
	bool pad = use->mechanism == COFFER_CKM_AES_CBC_PAD;
	size_t iv = use->mechanism == COFFER_CKM_AES_ECB ? 0 : BLOCK;

	if (use->params.len != iv)
		return COFFER_ST_MECHANISM_PARAM_INVALID;
	*most = pad && encrypt ? in / BLOCK * BLOCK + BLOCK : in;
	if (use->mechanism == COFFER_CKM_AES_CTR || (pad && encrypt))
		return COFFER_ST_OK;
	if (in % BLOCK || (pad && !in))
		return encrypt ? COFFER_ST_DATA_LEN_RANGE : COFFER_ST_ENCRYPTED_DATA_LEN_RANGE;
	return COFFER_ST_OK;
}

static uint32_t block_crypt(const struct key_use *use, struct bytes data, uint8_t *out,
			    size_t *len)
{
	bool encrypt = use->op == OP_ENCRYPT, pad = use->mechanism == COFFER_CKM_AES_CBC_PAD;
	const EVP_CIPHER *cipher = crypto_aes(use->c, mode_of(use->mechanism),
					      use->key->secret_len);
	EVP_CIPHER_CTX *ctx;
	int n = 0, last = 0;
	size_t most = 0;
	bool good;
	uint32_t st = length_check(use, data.len, &most);

	if (st)
		return st;
	if (*len < most)
		return COFFER_ST_BUFFER_TOO_SMALL;
	ctx = EVP_CIPHER_CTX_new();
	good = ctx && EVP_CipherInit_ex2(ctx, cipher, use->key->secret, use->params.p, encrypt,
					 NULL) == 1 &&
	       EVP_CIPHER_CTX_set_padding(ctx, pad) == 1 &&
	       (!data.len || EVP_CipherUpdate(ctx, out, &n, data.p, (int)data.len) == 1) &&
	       EVP_CipherFinal_ex(ctx, out + n, &last) == 1;
	EVP_CIPHER_CTX_free(ctx);
	if (!good) {
		crypto_wipe(out, most);
		return encrypt ? COFFER_ST_DEVICE_ERROR : COFFER_ST_ENCRYPTED_DATA_INVALID;
	}
	*len = (size_t)n + (size_t)last;
	return COFFER_ST_OK;
}

uint32_t aes_crypt(const struct key_use *use, struct bytes data, uint8_t *out, size_t *len)
{
	if (data.len > INT_MAX - 2 * BLOCK || use->params.len > INT_MAX)
		return use->op == OP_ENCRYPT ? COFFER_ST_DATA_LEN_RANGE :
					       COFFER_ST_ENCRYPTED_DATA_LEN_RANGE;
	if (use->mechanism != COFFER_CKM_AES_GCM)
		return block_crypt(use, data, out, len);
	return use->op == OP_ENCRYPT ? gcm_encrypt(use, data, out, len) :
				       gcm_decrypt(use, data, out, len);
}
