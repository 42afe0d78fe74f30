// SPDX-License-Identifier: BSD-3-Clause
/* The library context of the firmware and what is fetched from it once. See crypto.h. */
#include <stdio.h>
#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/rand.h>

#include "crypto_internal.h"
#include "crypto_more.h"

static const char *const hash_names[HASHES] = { "SHA2-256", "SHA2-384", "SHA2-512" };
static const char *const mode_names[MODE_COUNT] = { "ECB", "CBC", "CTR", "GCM" };
static const size_t aes_sizes[AES_SIZES] = { 16, 24, 32 };

const char *crypto_hash_name(enum crypto_hash hash)
{
	return (unsigned int)hash < HASHES ? hash_names[hash] : NULL;
}

const EVP_CIPHER *crypto_aes(const struct crypto *c, enum crypto_mode mode, size_t key_len)
{
	for (size_t i = 0; i < AES_SIZES; i++)
		if (aes_sizes[i] == key_len)
			return c->aes[mode][i];
	return NULL;
}

static bool fetch_ciphers(struct crypto *c)
{
	char name[16];

	for (size_t m = 0; m < MODE_COUNT; m++) {
		for (size_t i = 0; i < AES_SIZES; i++) {
			snprintf(name, sizeof(name), "AES-%zu-%s", 8 * aes_sizes[i],
				 mode_names[m]);
			c->aes[m][i] = EVP_CIPHER_fetch(c->lib, name, NULL);
			if (!c->aes[m][i])
				return false;
		}
	}
	return true;
}

bool crypto_fetch(struct crypto *c)
{
	/* The context reads no configuration file: nobody can slip a provider in. */
	c->lib = OSSL_LIB_CTX_new();
	if (!c->lib)
		return false;
	c->provider = OSSL_PROVIDER_load(c->lib, "default");
	if (!c->provider)
		return false;
	for (size_t i = 0; i < HASHES; i++) {
		c->md[i] = EVP_MD_fetch(c->lib, hash_names[i], NULL);
		if (!c->md[i])
			return false;
	}
	c->hmac = EVP_MAC_fetch(c->lib, "HMAC", NULL);
	c->cmac = EVP_MAC_fetch(c->lib, "CMAC", NULL);
	c->hkdf = EVP_KDF_fetch(c->lib, "HKDF", NULL);
	c->pbkdf2 = EVP_KDF_fetch(c->lib, "PBKDF2", NULL);
	return c->hmac && c->cmac && c->hkdf && c->pbkdf2 && fetch_ciphers(c);
}

void crypto_close(struct crypto *c)
{
	if (!c)
		return;
	/* First, because keys in it belong to this library context. */
	if (c->kept)
		c->unkeep(c->kept);
	pthread_mutex_destroy(&c->keep_lock);
	EVP_KDF_free(c->pbkdf2);
	EVP_KDF_free(c->hkdf);
	EVP_MAC_free(c->cmac);
	EVP_MAC_free(c->hmac);
	for (size_t m = 0; m < MODE_COUNT; m++)
		for (size_t i = 0; i < AES_SIZES; i++)
			EVP_CIPHER_free(c->aes[m][i]);
	for (size_t i = 0; i < HASHES; i++)
		EVP_MD_free(c->md[i]);
	if (c->provider)
		OSSL_PROVIDER_unload(c->provider);
	OSSL_LIB_CTX_free(c->lib);
	free(c);
}

bool crypto_equal(const void *a, const void *b, size_t len)
{
	return !len || CRYPTO_memcmp(a, b, len) == 0;
}

void crypto_wipe(void *p, size_t len)
{
	if (p && len)
		OPENSSL_cleanse(p, len);
}

#define STACK_DEPTH	(16 * 1024)	/* deeper than commands were seen to leave anything */

/* On the real stack even where a sanitizer would give it a place of its own. */
__attribute__((noinline, no_sanitize_address)) void crypto_wipe_stack(void)
{
	uint8_t depth[STACK_DEPTH];

	OPENSSL_cleanse(depth, sizeof(depth));
}

EVP_PKEY *crypto_pkey_new(struct crypto *c, const char *type, int selection,
			  OSSL_PARAM *params)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(c->lib, type, NULL);
	EVP_PKEY *pkey = NULL;

	if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &pkey, selection, params) != 1) {
		EVP_PKEY_free(pkey);
		pkey = NULL;
	}
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

void *crypto_keep(struct crypto *c, void *(*make)(void), void (*unmake)(void *kept))
{
	void *kept;

	pthread_mutex_lock(&c->keep_lock);
	if (!c->kept) {
		c->kept = make();
		c->unkeep = unmake;
	}
	kept = c->kept;
	pthread_mutex_unlock(&c->keep_lock);
	return kept;
}
